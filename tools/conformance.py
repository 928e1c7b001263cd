"""Hold the served sandbox against its contract: schemathesis, every check, thousands of requests.

    python tools/conformance.py [EXAMPLES]

Ends with 1 where anything fails, or fewer than 5,000 requests were made with 600 examples or more.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ENOUGH, OF = 5000, 600
KEY = "the-only-key"


def main() -> int:
    """Serve, ask, tell."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else OF
    with tempfile.TemporaryDirectory() as place:
        state = Path(place) / "state.sqlite3"
        serve = [sys.executable, "-m", "piooy_cli", "sandbox", "serve", "--port", "0", "--speed"]
        serve += ["1000", "--state", str(state), "--accept-key", KEY]
        with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            url = server.stderr.readline().split("PIOOY_BASE_URL=")[1].split()[0]
            ran = ask(url, examples, place)
            server.terminate()
    return told(ran, examples)


def ask(url: str, examples: int, place: str) -> subprocess.CompletedProcess[str]:
    """Every operation, valid and invalid, one by one and in sequences."""
    program = str(Path(sys.executable).with_name("schemathesis"))
    options = ["--checks", "all", "--max-examples", str(examples), "--seed", "1", "--no-color"]
    command = [
        program,
        "run",
        f"{url}/openapi.json",
        "-H",
        f"Authorization: Bearer {KEY}",
        *options,
    ]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)


def told(ran: subprocess.CompletedProcess[str], examples: int) -> int:
    """How many were made, and what failed."""
    match = re.search(r"(\d+) generated.*", ran.stdout)
    made = int(match[1]) if match else 0
    if ran.returncode or not match or (examples >= OF and made < ENOUGH):
        print(ran.stdout + ran.stderr)
        return 1
    print(f"conformance: {match[0]}, all checks, {ran.stdout.count('✅')} phases and parts")
    return 0


if __name__ == "__main__":
    sys.exit(main())

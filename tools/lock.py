"""Lock all dependencies in uv.lock, and write requirements/*.txt, with the hashes, for pip.

With --check, it says what is stale, without a network. Other arguments, such as --upgrade, are for
`uv lock`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).parent / "uv"
INDEX = "https://pypi.org/simple"
LOCKED = re.compile(
    r'url = "https://files\.pythonhosted\.org/packages/[^"]+", hash = "sha256:[0-9a-f]{64}"'
)


def main(arguments: list[str]) -> None:
    """Lock and export, or check both."""
    check = "--check" in arguments
    uv("lock", "--default-index", INDEX, *(["--offline"] if check else []), *arguments)
    of_pypi((ROOT / "uv.lock").read_text(encoding="utf-8"))
    for path in sorted((ROOT / "requirements").iterdir()):
        text = exported(path.stem)
        if check and path.read_text(encoding="utf-8") != text:
            sys.exit(f"stale: {path.relative_to(ROOT)} (`make lock` writes it)")
        path.write_text(text, encoding="utf-8")


def exported(extra: str) -> str:
    """Return the requirements of an extra and of building the project, without URLs."""
    chosen = ("--extra", extra, "--group", "build", "--no-emit-project", "--no-annotate")
    text = uv("export", "--quiet", "--frozen", "--offline", "--no-header", *chosen)
    return f"# From uv.lock, for every platform. `make lock` writes it.\n{text}"


def of_pypi(lock: str) -> None:
    """Fail if the lock names any other index than PyPI, or a file without a hash."""
    foreign = [name for name in re.findall(r'registry = "(.*?)"', lock) if name != INDEX]
    files = [line.strip() for line in lock.splitlines() if "url = " in line]
    foreign += [line for line in files if not LOCKED.search(line)]
    if foreign:
        sys.exit(f"uv.lock: not from PyPI, or without a hash: {foreign[:3]}")


def uv(*arguments: str) -> str:
    """Return the stdout of uv, which reads no other configuration than this project's."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    command = [str(UV), *arguments, "--no-config", "--python", sys.executable]
    ran = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        sys.exit(f"uv {arguments[0]}: {ran.stderr.strip()}")
    return ran.stdout


if __name__ == "__main__":
    main(sys.argv[1:])

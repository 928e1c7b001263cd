"""How many requests a second the served sandbox answers, and what 100,000 tasks cost it.

    python benchmarks/sandbox.py [TASKS] [SECONDS]

Needs wrk. The tasks are written into the state file first; then wrk polls at one of them with 16
connections, and orders are placed with 4. Memory is the server's peak as the kernel knows it.
"""

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from piooy_cli.sandbox.outcome import PlannedOutcome
from piooy_cli.sandbox.store import TaskRow, TaskStore

KEY = "benchmark-key-0000"
ORDER = '{"provider":"p","mediaType":"image","model":"m","scene":"text-to-image","prompt":"a fox"}'
POST = f"""
wrk.method = "POST"
wrk.body = '{ORDER}'
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer {KEY}"
"""


def main() -> None:
    """Fill, serve, ask."""
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as place:
        state = Path(place) / "state.sqlite3"
        one = filled(state, tasks)
        server, url, took = served(state)
        print(f"ready after {took:.2f} s with {tasks:,} tasks, {peak(server)} MB")
        try:
            print(
                "polls ", asked(f"{url}/api/v1/task/{one}", 16, seconds, None), peak(server), "MB"
            )
            script = Path(place) / "post.lua"
            script.write_text(POST)
            print("orders", asked(f"{url}/api/v1/generate", 4, seconds, script), peak(server), "MB")
        finally:
            server.terminate()
            server.wait()


def filled(state: Path, tasks: int) -> str:
    """The state file with so many tasks; the id of one that wrk's key owns."""
    import hashlib

    store = TaskStore(state)
    owner = hashlib.sha256(KEY.encode()).hexdigest()[:16]
    request = {
        "mediaType": "image",
        "model": "m",
        "provider": "p",
        "prompt": "a fox",
        "options": {},
    }
    store._connection.execute("begin")
    for _ in range(tasks):
        row = TaskRow(str(uuid.uuid4()), owner, time.time(), request, PlannedOutcome(1.0))
        store.add(row)
    store._connection.execute("commit")
    return row.id


def served(state: Path) -> tuple[subprocess.Popen[str], str, float]:
    """The server, its address, and how long it took to be ready."""
    command = [sys.executable, "-m", "piooy_cli", "sandbox", "serve", "--port", "0", "--state"]
    start = time.perf_counter()
    server = subprocess.Popen([*command, str(state)], stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    url = server.stderr.readline().split("PIOOY_BASE_URL=")[1].split()[0]
    return server, url, time.perf_counter() - start


def asked(url: str, connections: int, seconds: int, script: Path | None) -> str:
    """What wrk says of it."""
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["-H", f"Authorization: Bearer {KEY}"] if script is None else ["-s", str(script)]
    told = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    slow = re.search(r"99%\s+(\S+)", told)
    failed = re.search(r"Non-2xx.*?(\d+)", told)
    assert rate and slow and not failed, told
    return f"{float(rate[1]):,.0f} requests a second, 99 % within {slow[1]},"


def peak(server: subprocess.Popen[str]) -> int:
    """The most memory that it ever had, in MB."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) // 1024


if __name__ == "__main__":
    main()

"""CPU of the whole process at start-up, as multiples of a bare interpreter measured beside it.

    python benchmarks/startup.py [ROUNDS]

Uses the `piooy` beside this interpreter. For figures that mean something: a virtual environment
with nothing but piooy and its sandbox extra, and PYTHONDONTWRITEBYTECODE unset.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PIOOY = str(Path(sys.executable).with_name("piooy"))
KEY = "benchmark-key-0000"


def cpu_seconds(command: list[str], environ: dict[str, str]) -> float:
    """User and system time of one run."""
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    return used.ru_utime + used.ru_stime


def served(environ: dict[str, str]) -> tuple[subprocess.Popen[str], str]:
    """A sandbox on a port, and its address."""
    command = [PIOOY, "sandbox", "serve", "--port", "0", "--speed", "100"]
    server = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    return server, server.stderr.readline().split("PIOOY_BASE_URL=")[1].split()[0]


def main() -> None:
    """Measure all commands in turn, round after round, so that a drift of the machine hits all."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as place:
        environ = os.environ | {
            "PIOOY_CONFIG_DIR": place,
            "PIOOY_STATE_DIR": place,
            "PIOOY_API_KEY": KEY,
        }
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        server, url = served(environ)
        environ["PIOOY_BASE_URL"] = url
        try:
            order = [PIOOY, "generate", "image", "-m", "x", "--no-wait", "x"]
            task = subprocess.run(
                order, env=environ, capture_output=True, text=True, check=True
            ).stdout.strip()
            report(rounds, environ, task)
        finally:
            server.terminate()
            server.wait()


def report(rounds: int, environ: dict[str, str], task: str) -> None:
    """One line for each command: median CPU, and how many bare interpreters that is."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "piooy --version": [PIOOY, "--version"],
        "piooy --help": [PIOOY, "--help"],
        "piooy config get output": [PIOOY, "config", "get", "output"],
        "piooy models": [PIOOY, "models"],
        "piooy task ID": [PIOOY, "task", task],
        "piooy generate --no-wait": [PIOOY, "generate", "image", "-m", "x", "--no-wait", "x"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, command in commands.items():
            times[name].append(cpu_seconds(command, environ))
    bare = statistics.median(times["python -c pass"][1:])
    print(
        f"{platform.machine()}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, {rounds} rounds"
    )
    for name, measured in times.items():
        middle = statistics.median(measured[1:])
        print(f"{name:26} {middle * 1000:7.1f} ms CPU  {middle / bare:5.1f} x")


if __name__ == "__main__":
    main()

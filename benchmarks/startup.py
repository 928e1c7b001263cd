"""What each command costs beside its nearest neighbours, in multiples of `python -c pass`.

    python benchmarks/startup.py [ROUNDS] [PEERS]

Run it with the Python of an environment into which piooy was installed as a wheel, with the
sandbox extra; the same holds for the neighbours, each in an environment of its own below PEERS
(created if it does not exist). CPU and wall time, medians of ROUNDS; each runs every command once,
so that a drift of the machine hits all. Without PEERS only piooy is measured. Writes
docs/startup.svg where matplotlib is, and PEERS were given.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import neighbours

PIOOY = str(Path(sys.executable).with_name("piooy"))
KEY = "benchmark-key-0000"
BARE = "python -c pass"
LOOP = 100


class Measured(NamedTuple):
    """Seconds."""

    cpu: float
    wall: float


def once(command: list[str], environ: dict[str, str]) -> Measured:
    """User and system time of one run, and how long it took."""
    start = time.perf_counter()
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    return Measured(used.ru_utime + used.ru_stime, time.perf_counter() - start)


def served(environ: dict[str, str]) -> tuple[subprocess.Popen[str], str]:
    """A sandbox on a port, and its address."""
    command = [PIOOY, "sandbox", "serve", "--port", "0", "--speed", "100"]
    server = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    return server, server.stderr.readline().split("PIOOY_BASE_URL=")[1].split()[0]


def own(task: str) -> dict[str, list[str]]:
    """Our commands, by what they do."""
    return {
        "--version": [PIOOY, "--version"],
        "--help": [PIOOY, "--help"],
        "config get": [PIOOY, "config", "get", "base_url"],
        "history": [PIOOY, "history"],
        "task ID": [PIOOY, "task", task],
        "generate --no-wait": [PIOOY, "generate", "image", "-m", "x", "--no-wait", "x"],
        "TAB": [PIOOY, "__complete", "refs", "@"],
    }


def main() -> None:
    """Measure, and tell."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    peers = Path(sys.argv[2]).absolute() if len(sys.argv) > 2 else None
    programs = neighbours.installed(peers) if peers else {}
    with tempfile.TemporaryDirectory() as place:
        environ = environment(place)
        server, url = served(environ)
        shim = neighbours.shim(url, KEY)
        environ |= {"PIOOY_BASE_URL": url, "MUAPI_API_KEY": KEY,
                    "MUAPI_BASE_URL": f"http://127.0.0.1:{shim.server_port}/api/v1"}  # fmt: skip
        try:
            report(rounds, environ, programs, url)
        finally:
            shim.shutdown()
            server.terminate()
            server.wait()


def environment(place: str) -> dict[str, str]:
    """A home of its own, and bytecode where it is looked for."""
    environ = os.environ | {"HOME": place, "PIOOY_CONFIG_DIR": place, "PIOOY_STATE_DIR": place,
                            "PIOOY_API_KEY": KEY}  # fmt: skip
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return environ


def report(rounds: int, environ: dict[str, str], programs: dict[str, str], url: str) -> None:
    """A table; a plot; and the loop."""
    order = own("")["generate --no-wait"]
    task = subprocess.run(order, env=environ, capture_output=True, text=True, check=True)
    theirs = neighbours.commands(programs, task.stdout.strip(), url, KEY) if programs else {}
    rows = [(what, "piooy", command) for what, command in own(task.stdout.strip()).items()]
    rows += [(what, Path(one[0]).name, one) for what, many in theirs.items() for one in many]
    times = measured(rounds, environ, rows)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
          f" {rounds} rounds")  # fmt: skip
    table(times)
    if programs:
        plot(times)
        loop(environ, theirs["generate --no-wait"])


Times = dict[tuple[str, str], Measured]


def measured(rounds: int, environ: dict[str, str], rows: list[tuple[str, str, list[str]]]) -> Times:
    """The medians; the first round warms the caches and does not count."""
    all_rows = [(BARE, "python", [sys.executable, "-c", "pass"]), *rows]
    times: dict[tuple[str, str], list[Measured]] = {(what, who): [] for what, who, _ in all_rows}
    for _ in range(rounds + 1):
        for what, who, command in all_rows:
            times[what, who].append(once(command, environ))
    return {
        key: Measured(*(statistics.median(values) for values in zip(*some[1:], strict=True)))
        for key, some in times.items()
    }


def table(times: Times) -> None:
    """In Markdown."""
    bare = times[BARE, "python"]
    print(f"bare interpreter: {bare.cpu * 1e3:.1f} ms CPU, {bare.wall * 1e3:.1f} ms wall\n")
    print("| | | CPU, ms | CPU, times bare | wall, times bare |\n|---|---|---|---|---|")
    for (what, who), one in sorted(times.items(), key=lambda row: (row[0][0], row[1].cpu)):
        if what != BARE:
            print(f"| {what} | {who} | {one.cpu * 1e3:.0f} | {one.cpu / bare.cpu:.1f}"
                  f" | {one.wall / bare.wall:.1f} |")  # fmt: skip


def plot(times: Times) -> None:
    """docs/startup.svg."""
    try:
        import matplotlib
    except ImportError:
        return
    matplotlib.use("svg")
    from matplotlib import pyplot

    bare = times[BARE, "python"].cpu
    whats = ["--version", "--help", "task ID", "generate --no-wait"]
    figure, axes = pyplot.subplots(1, len(whats), figsize=(12, 3.2))
    for axis, what in zip(axes, whats, strict=True):
        rows = sorted((one.cpu / bare, who) for (kind, who), one in times.items() if kind == what)
        colors = ["#d9480f" if who == "piooy" else "#868e96" for _, who in rows]
        axis.barh([who for _, who in rows], [share for share, _ in rows], color=colors)
        axis.set_title(what)
        axis.invert_yaxis()
        axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("CPU time, in multiples of `python -c pass`")
    figure.tight_layout()
    figure.savefig(Path(__file__).parent.parent / "docs" / "startup.svg", metadata={"Date": None})


def loop(environ: dict[str, str], theirs: list[list[str]]) -> None:
    """A `while read` loop of 100 submissions, by each program in turn."""
    print()
    commands = [own("")["generate --no-wait"], *theirs]
    for command in commands:
        words = " ".join(f"'{word}'" for word in command[:-1])
        prompt = '"$p"' if Path(command[0]).name != "http" else '"prompt=$p"'
        script = f"seq {LOOP} | while read p; do {words} {prompt} </dev/null; done"
        one = once(["sh", "-ec", script], environ)
        print(f"{LOOP} submissions in a loop, {Path(command[0]).name}:"
              f" {one.wall:.1f} s, {one.cpu:.1f} s CPU")  # fmt: skip


if __name__ == "__main__":
    main()

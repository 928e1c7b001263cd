"""Saving files, beside curl, aria2c, wget and a plain httpx loop, all from one nginx on loopback.

    python benchmarks/downloads.py [ROUNDS]

nginx is started here and ended here; files are on tmpfs. Wall time and CPU as multiples of curl's
in the same round, medians; peak memory of the process. Wants nginx; the others as there are.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, create_server

BIG, SMALL, SMALLS = 512 << 20, 200_000, 400
MOST = 64  # assets of a task
PIOOY = [sys.executable, "-m", "piooy_cli"]
LOOP = """
import asyncio, sys, httpx
async def one(client, slots, url, n):
    async with slots, client.stream("GET", url) as answer:
        with open(f"{n}.bin", "wb") as file:
            async for chunk in answer.aiter_bytes():
                file.write(chunk)
async def main(urls):
    slots = asyncio.Semaphore(16)
    async with httpx.AsyncClient() as client:
        await asyncio.gather(*(one(client, slots, url, n) for n, url in enumerate(urls)))
asyncio.run(main(open(sys.argv[1]).read().split()))
"""
CONFIG = """
worker_processes 1; daemon off; pid {place}/nginx.pid; error_log /dev/null;
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; types {{ image/png png; }} default_type application/json;
  client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
  uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
  server {{ listen 127.0.0.1:{port}; root {place}/www; }}
}}
"""


@contextmanager
def nginx(place: Path) -> Iterator[str]:
    """Serves `place`/www; its address."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = place / "nginx.conf"
    config.write_text(CONFIG.format(place=place, port=port))
    server = subprocess.Popen(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def fill(www: Path, url: str) -> None:
    """Pictures that are no pictures but look like some, and the tasks that made them."""
    (www / "api/v1/task").mkdir(parents=True)
    with (www / "big.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for _ in range(BIG >> 20):
            file.write(os.urandom(1 << 20))
    names = [f"small-{n:03}.png" for n in range(SMALLS)]
    for name in names:
        (www / name).write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(SMALL) + END)
    tell(www, "big", [f"{url}/big.png"])
    for first in range(0, SMALLS, MOST):
        tell(www, f"small-{first}", [f"{url}/{name}" for name in names[first : first + MOST]])


END = b"\x00\x00\x00\x00IEND\xaeB`\x82"


def tell(www: Path, task_id: str, urls: list[str]) -> None:
    """The API's answer for a task."""
    data = {"id": task_id, "status": "SUCCESS", "mediaType": "image", "model": "m"}
    answer = {"code": 0, "message": "ok", "data": data | {"taskResult": {"results": urls}}}
    (www / "api/v1/task" / task_id).write_text(json.dumps(answer))


def measured(
    command: list[str], place: Path, environ: dict[str, str]
) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MB of one run in an empty directory."""
    work = place / "work"
    work.mkdir()
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=work, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command[:3]} ended {process.returncode}"
    shutil.rmtree(work)
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def commands(place: Path, url: str) -> dict[str, dict[str, list[str]]]:
    """What is compared, by job and name; the first of each is the measure."""
    urls = place / "urls"
    urls.write_text("".join(f"{url}/small-{n:03}.png\n" for n in range(SMALLS)))
    (place / "big").write_text(f"{url}/big.png\n")
    config = place / "curl.conf"
    config.write_text(
        "".join(f'url = "{url}/small-{n:03}.png"\nremote-name\n' for n in range(SMALLS))
    )
    script = place / "loop.py"
    script.write_text(LOOP)
    smalls = [f"small-{first}" for first in range(0, SMALLS, MOST)]
    save = [*PIOOY, "-q", "download", "-o", "{id}-{n}.{ext}"]
    jobs = {
        "one file of 512 MB": {
            "curl": ["curl", "-sO", f"{url}/big.png"],
            "wget": ["wget", "-q", f"{url}/big.png"],
            "aria2c": ["aria2c", "-q", "-x1", "--file-allocation=none", f"{url}/big.png"],
            "httpx loop": [sys.executable, str(script), str(place / "big")],
            "piooy": [*save, "big"],
        },
        "400 files of 200 kB": {
            "curl": ["curl", "-s", "-K", str(config)],
            "curl --parallel": [
                "curl",
                "-s",
                "--parallel",
                "--parallel-max",
                "16",
                "-K",
                str(config),
            ],
            "wget": ["wget", "-q", "-i", str(urls)],
            "aria2c -j16": ["aria2c", "-q", "-j16", "-i", str(urls)],
            "httpx loop": [sys.executable, str(script), str(urls)],
            "piooy -j16": [*save, "-j", "16", *smalls],
            "piooy": [*save, *smalls],
        },
    }
    return {
        job: {n: c for n, c in ways.items() if shutil.which(c[0])} for job, ways in jobs.items()
    }


def main() -> None:
    """Round after round, so that a drift of the machine hits all."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    fast = "/dev/shm" if Path("/dev/shm").is_dir() else None
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(dir=fast) as name:
        place = Path(name)
        place.chmod(0o755)
        with nginx(place) as url:
            fill(place / "www", url)
            base = environment(place, url)
            for job, ways in commands(place, url).items():
                compare(job, ways, place, base, rounds)


def environment(place: Path, url: str) -> dict[str, str]:
    """A piooy of its own, whose ledger forgets from run to run."""
    state = {"PIOOY_STATE_DIR": str(place / "work/.state"), "PIOOY_CONFIG_DIR": str(place / "none")}
    more = state | {"PIOOY_BASE_URL": url, "PIOOY_API_KEY": "benchmark-key"}
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | more


def compare(
    job: str, ways: dict[str, list[str]], place: Path, environ: dict[str, str], rounds: int
) -> None:
    """Print medians of each way, and how they stand to curl."""
    seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, command in ways.items():
            seen[name].append(measured(command, place, environ))
    print(f"\n{job}, {rounds} rounds\n{'':16} wall s  x curl   CPU s  x curl  peak MB")
    first = next(iter(ways))
    for name, runs in seen.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*runs, strict=True))
        slower, dearer = (
            statistics.median(
                mine[n] / curl[n] for mine, curl in zip(runs, seen[first], strict=True)
            )
            for n in (0, 1)
        )
        print(f"{name:16} {wall:6.2f} {slower:7.2f} {cpu:7.2f} {dearer:7.2f} {peak:8.0f}")


if __name__ == "__main__":
    main()

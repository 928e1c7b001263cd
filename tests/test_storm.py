"""Ten minutes of a server that fails one look in five, in every way: no task ends wrong for it."""

import json
import random
import socket
import struct
import threading
import time

import pytest
from conftest import QUICK
from servers import answer, read_request, task

from piooy_cli.ledger.sqlite.store import SqliteOrderStore
from piooy_cli.tasks.poll_schedule import Pace

# A hundred times as fast as life: ten minutes in six seconds.
FASTER = 100
MINUTES = 10 * 60 / FASTER
TASKS = 150
NUMBERS = QUICK._replace(
    get_read=0.3, get_whole=0.6, backoff_base=0.5 / FASTER, backoff_cap=20 / FASTER,
    limit_base=2 / FASTER, limit_cap=60 / FASTER, fresh_grace=60 / FASTER, answer_bytes=20_000,
)  # fmt: skip
PACE = Pace(early=2 / FASTER, floor=0.5 / FASTER, ceiling=20 / FASTER, stale=30 / FASTER)


def reset(connection, task_id):
    """The connection breaks."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    raise ConnectionError


def leave(connection, task_id):
    """It closes without a word."""
    raise ConnectionError


def hang(connection, task_id):
    """Silence, longer than anybody waits."""
    time.sleep(0.5)
    raise ConnectionError


def drip(connection, task_id):
    """An answer that never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n")
    for _ in range(8):
        connection.sendall(b" ")
        time.sleep(0.1)
    raise ConnectionError


def cut(connection, task_id):
    """Half an answer."""
    connection.sendall(answer(json.dumps(task(id=task_id)).encode())[:-40])
    raise ConnectionError


def says(body, status="200 OK", *headers):
    """This, whatever was asked."""

    def say(connection, task_id):
        connection.sendall(answer(body, status, *headers))

    return say


def tells(**data):
    """A task in a state that is no end."""

    def tell(connection, task_id):
        connection.sendall(answer(json.dumps(task(**{"id": task_id} | data)).encode()))

    return tell


FAULTS = [
    reset, leave, hang, drip, cut,
    *(says(b"", f"{status} Trouble") for status in (408, 409, 425, 500, 502, 503, 504, 599)),
    says(b"", "503 Trouble", "retry-after: soon"), says(b"", "429 Slow"),
    says(b"<html>sign in</html>"), says(b""), says(b'{"code": 0, "data": {"status": "SUC'),
    says(b"[" * 5000), says(b'{"code": NaN}'), says(b" " * 30_000), says(b"\x1f\x8b", "200 OK", "content-encoding: gzip"),
    says(b'{"code": -1, "message": "unknown status: WARMING_UP"}'), says(b'{"code": 0, "data": []}'),
    tells(id="another-task"), tells(status="WARMING_UP"), tells(status=None), tells(status=17), tells(status="processing"),
    tells(status="ERROR"),
]  # fmt: skip


class Storm:
    """Tasks with an end each, and a fault for one look in five."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._faults = iter(())
        self.start = time.monotonic()
        self.ends = {
            f"task-{n:03}": (
                self._random.uniform(0, MINUTES),
                "FAILED" if n % 5 == 0 else "SUCCESS",
            )
            for n in range(TASKS)
        }
        self.looks = self.failed = self.posts = 0

    def __call__(self, connection):
        """Answer one request after the other."""
        while True:
            request = read_request(connection)
            self.posts += request.startswith(b"POST")
            task_id = request.split(b" ")[1].rsplit(b"/", 1)[1].partition(b"?")[0].decode()
            if fault := self._fault():
                fault(connection, task_id)
            else:
                self._truth(connection, task_id)

    def _fault(self):
        """Every kind in turn, one look in five."""
        with self._lock:
            self.looks += 1
            if self._random.random() >= 0.2:
                return None
            self.failed += 1
            return FAULTS[self.failed % len(FAULTS)]

    def _truth(self, connection, task_id):
        end, word = self.ends[task_id]
        age = time.monotonic() - self.start
        if age < 0.02:
            return connection.sendall(answer(b"", "404 Not Yet"))
        status = word if age > end else "PROCESSING"
        result = {"results": ["https://e.com/a.png"]} if status == "SUCCESS" else None
        return tells(status=status, taskResult=result)(connection, task_id)


@pytest.mark.parametrize("seed", [1])
def test_every_task_ends_right(piooy, raw, home, seed):
    """No task is lost, reported twice, or ends with a wrong status."""
    storm = Storm(seed)
    raw(storm)

    ran = piooy("wait", stdin="\n".join(storm.ends), numbers=NUMBERS, pace=PACE)

    succeeded = {one for one, (_, word) in storm.ends.items() if word == "SUCCESS"}
    failed = set(storm.ends) - succeeded
    lost = succeeded - set(ran.lines)
    assert not lost, [line for line in ran.err.splitlines() if any(one in line for one in lost)][
        -6:
    ]
    assert sorted(ran.lines) == sorted(succeeded)
    told = [line for line in ran.err.splitlines() if "ended FAILED" in line]
    assert sorted(line.split()[3] for line in told) == sorted(failed)
    assert (ran.code, storm.posts) == (6, 0)
    assert storm.failed > len(FAULTS)
    rows = SqliteOrderStore(home.parent / "state", "x").read("select task_id, status from orders")
    assert {row["task_id"]: row["status"] for row in rows} == {
        one: word for one, (_, word) in storm.ends.items()
    }

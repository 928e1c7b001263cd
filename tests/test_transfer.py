"""Group C, by its numbers: what asset hosts do to a download, and that the file is whole all the same."""

import errno
import hashlib
import json
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib

import pytest
from conftest import QUICK
from servers import TASK, expect_look, read_request, task

from piooy_cli.ledger.sqlite.store import SqliteOrderStore

END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
PICTURE = b"\x89PNG\r\n\x1a\n" + hashlib.shake_256(b"fox").digest(300_000) + END
OTHER = b"\x89PNG\r\n\x1a\n" + hashlib.shake_256(b"wolf").digest(300_000) + END
ETAG = '"strong-1"'


def chunk(name, data):
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


REAL = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", bytes(13))
    + chunk(b"IDAT", bytes(99))
    + chunk(b"IEND", b"")
)
HALF = 150_000


class Host:
    """An asset host that answers each request with the next of its behaviours, the last for ever."""

    def __init__(self, *behaviours):
        self._behaviours = list(behaviours)
        self.requests = []

    def __call__(self, connection):
        """Answer one request."""
        request = read_request(connection).decode()
        self.requests.append(request)
        behave = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
        behave(connection, request)

    @property
    def ranges(self):
        """The first byte that each request asked for."""
        found = [re.search(r"(?i)range: bytes=(\d+)-", one) for one in self.requests]
        return [int(one[1]) if one else None for one in found]


def head(status, length, *lines):
    """The head of an answer; no length where it is None."""
    size = [] if length is None else [f"content-length: {length}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *size, *lines, "", ""]).encode()


def cut(body=PICTURE, at=HALF, etag=ETAG):
    """Announces all, sends some, and breaks."""

    def behave(connection, request):
        connection.sendall(
            head("200 OK", len(body), *([f"etag: {etag}"] if etag else [])) + body[:at]
        )
        time.sleep(0.1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def whole(body=PICTURE, etag=ETAG, status="200 OK", *lines):
    """All of it, whatever was asked."""

    def behave(connection, request):
        connection.sendall(head(status, len(body), f"etag: {etag}", *lines) + body)

    return behave


def rest(body=PICTURE, etag=ETAG, content_range=None, shift=0):
    """The range that was asked for, as a good host sends it; or one that is wrong in some way."""

    def behave(connection, request):
        found = re.search(r"(?i)range: bytes=(\d+)-", request)
        if not found or f"if-range: {ETAG}" not in request.lower():
            return whole(body, etag)(connection, request)
        first = int(found[1]) + shift
        told = content_range or f"bytes {first}-{len(body) - 1}/{len(body)}"
        lines = [] if told == "none" else [f"content-range: {told}"]
        part = body[first:]
        return connection.sendall(head("206 Partial", len(part), f"etag: {etag}", *lines) + part)

    return behave


def says(status, body=b"", *lines):
    """This status and body."""

    def behave(connection, request):
        connection.sendall(head(status, len(body), *lines) + body)

    return behave


@pytest.fixture
def served(raw, api):
    """A task with one asset on a host that behaves like this."""

    def start(*behaviours):
        host = Host(*behaviours)
        server = raw(host, is_api=False)
        api.clear()
        expect_look(api, task("SUCCESS", {"results": [server.url + "/a.png?sig=1"]}))
        return host

    return start


def saved(home):
    """The one file that is there, hidden ones included."""
    (path,) = [path for path in home.rglob("*") if path.is_file()]
    assert not path.name.startswith(".")
    return path.read_bytes()


def nothing_left(home):
    """Not even a hidden file."""
    return [path.name for path in home.rglob("*")] == []


def test_c01_the_rest_is_fetched_and_no_more(piooy, served, home):
    """Cut at a half: `Range` with `If-Range`, and the hash of the whole."""
    host = served(cut(), rest())

    ran = piooy("download", TASK)

    assert (ran.code, host.ranges) == (0, [None, HALF])
    assert "if-range: " + ETAG in host.requests[1].lower()
    assert saved(home) == PICTURE


@pytest.mark.parametrize("etag", [None, 'W/"weak-1"'])
def test_without_a_strong_etag_all_begins_anew(piooy, served, home, etag):
    """Nothing says that the rest would be of the same bytes."""
    host = served(cut(etag=etag), whole())

    assert piooy("download", TASK).code == 0
    assert (host.ranges, saved(home)) == ([None, None], PICTURE)


def test_c02_a_changed_etag_never_mixes(piooy, served, home):
    """The host answers 200 with another file: that one, whole."""
    host = served(cut(), whole(OTHER, '"strong-2"'))

    assert piooy("download", TASK).code == 0
    assert (host.ranges, saved(home)) == ([None, HALF], OTHER)


def test_c04_an_ignored_range_begins_anew(piooy, served, home):
    """200 to a range: what was there is thrown away first."""
    served(cut(), whole())

    assert piooy("download", TASK).code == 0
    assert saved(home) == PICTURE


@pytest.mark.parametrize(
    "wrong",
    [
        rest(shift=7), rest(shift=-7), rest(content_range="none"), rest(content_range="bytes 0-9/10"),
        rest(content_range=f"bytes {HALF}-{len(PICTURE) - 1}/{len(PICTURE) + 1}"),
        rest(content_range=f"bytes {HALF}-{len(PICTURE) - 1}/*"), rest(content_range="items 1-2/3"),
        rest(etag='"strong-2"'), rest(content_range=f"bytes {'9' * 30}-1/2"),
        says("206 Partial", b"--x\r\n\r\n", "content-type: multipart/byteranges; boundary=x"),
        whole(PICTURE, ETAG, "200 OK", f"content-range: bytes 0-{len(PICTURE) - 1}/{len(PICTURE)}"),
        says("416 No", b"<html>no</html>"), says("416 No", b"", f"content-range: bytes */{len(PICTURE)}"),
        says("416 No", b"", "content-range: bytes */5"), says("416 No", b"", "content-range: nonsense"),
    ],
)  # fmt: skip
def test_c05_c06_c08_a_wrong_answer_to_a_range_begins_anew_without_one(piooy, served, home, wrong):
    """It is not believed, its body never enters the file, and no range is asked for again."""
    host = served(cut(), wrong, whole())

    assert piooy("download", TASK).code == 0
    assert (host.ranges, saved(home)) == ([None, HALF, None], PICTURE)


@pytest.mark.parametrize("status", ["206 Partial", "416 No"])
def test_c05_an_answer_to_a_range_that_nobody_asked_for(piooy, served, home, status):
    """Exit 12, at once, and nothing is left."""
    host = served(says(status, PICTURE, "content-range: bytes 0-9/10"))

    ran = piooy("download", TASK)

    assert (ran.code, len(host.requests)) == (12, 1)
    assert nothing_left(home)


def remembered(home, piooy, content=PICTURE[:HALF]):
    """As a run that was killed leaves it: a part file, and what the ledger knows of it."""
    piooy("task", TASK)
    ledger = SqliteOrderStore(home.parent / "state", "x")
    draft = home / f".piooy-{TASK}-1.part"
    draft.write_bytes(content)
    url = ledger.read("select url from assets")[0]["url"].partition("?")[0]
    with ledger.change() as connection:
        connection.execute(
            "update assets set part = ?, address = ?, etag = ?, length = ?",
            (str(draft), hashlib.sha256(url.encode()).hexdigest(), ETAG, len(PICTURE)),
        )
    return draft


def test_the_next_run_goes_on_where_the_last_was_killed(piooy, served, home):
    """Its part file is taken up; only the rest is fetched."""
    host = served(rest())
    remembered(home, piooy)

    assert piooy("download", TASK).code == 0
    assert (host.ranges, saved(home)) == ([HALF], PICTURE)


def test_c09_a_draft_that_is_longer_than_the_file_begins_anew(piooy, served, home):
    """What is too long is not of this file."""
    host = served(rest())
    remembered(home, piooy, content=PICTURE + b"more")

    assert piooy("download", TASK).code == 0
    assert (host.ranges, saved(home)) == ([None], PICTURE)


def test_a_draft_that_was_whole_is_only_put_into_place(piooy, served, home):
    """Killed between the last byte and its name: nothing is fetched."""
    host = served(rest())
    remembered(home, piooy, content=PICTURE)

    assert piooy("download", TASK).code == 0
    assert (host.requests, saved(home)) == ([], PICTURE)


def test_a_draft_that_nobody_remembers_begins_anew(piooy, served, home):
    """Its bytes could be anything's."""
    host = served(whole())
    (home / f".piooy-{TASK}-1.part").write_bytes(OTHER[:HALF])

    assert piooy("download", TASK).code == 0
    assert (host.ranges, saved(home)) == ([None], PICTURE)


@pytest.mark.parametrize("make", ["link", "directory", "pipe"])
def test_a_draft_that_is_something_else_is_not_touched(piooy, served, home, make, tmp_path):
    """A name that someone took is left alone, and another one is used."""
    served(whole())
    draft, target = home / f".piooy-{TASK}-1.part", tmp_path / "mine"
    target.write_bytes(b"mine")
    if make == "directory":
        draft.mkdir()
    elif make == "pipe":
        os.mkfifo(draft)
    else:
        draft.symlink_to(target)

    assert piooy("download", TASK).code == 0
    assert target.read_bytes() == b"mine"
    assert draft.is_symlink() or draft.exists()


def test_a_large_draft_is_kept_for_the_next_run_and_a_small_one_is_not(piooy, served, home):
    """After the last try a large part stays, and the next run needs only the rest."""
    for kept in (100_000, 1_000_000):
        host = served(cut(), says("503 No"))
        assert piooy("download", TASK, numbers=QUICK._replace(asset_kept=kept)).code == 12
        assert nothing_left(home) is (kept > len(PICTURE))
        if kept < len(PICTURE):
            host = served(rest())
            assert piooy("download", TASK).code == 0
            assert (host.ranges, saved(home)) == ([HALF - 4096], PICTURE)  # of another port
            for path in home.iterdir():
                path.unlink()


@pytest.mark.parametrize("where", ["same", "elsewhere"])
def test_c19_an_address_that_expires_half_way_heals(piooy, raw, api, home, where):
    """The fresh address of the same asset continues in the same part file."""
    host = Host(cut(), says("403 Expired"), rest())
    server = raw(host, is_api=False)
    fresh = "/a.png?sig=2" if where == "same" else "/stored/b.png"
    expect_look(
        api,
        task("SUCCESS", {"results": [server.url + "/a.png?sig=1"]}),
        task("SUCCESS", {"results": [server.url + fresh]}),
    )

    assert piooy("download", TASK).code == 0
    overlap = 0 if where == "same" else 4096
    assert host.ranges == [None, HALF, HALF - overlap]
    assert saved(home) == PICTURE
    assert [request.query_string for request, _ in api.log] == [b"", b"refresh=assets"]


def test_a_fresh_address_of_other_bytes_begins_anew(piooy, raw, api, home):
    """The same ETag, by chance, and another file: the overlap tells."""
    host = Host(cut(), says("404 Gone"), rest(OTHER), whole(OTHER))
    server = raw(host, is_api=False)
    expect_look(
        api,
        task("SUCCESS", {"results": [server.url + "/a.png"]}),
        task("SUCCESS", {"results": [server.url + "/b.png"]}),
    )

    assert piooy("download", TASK).code == 0
    assert host.ranges == [None, HALF, HALF - 4096, None]
    assert saved(home) == OTHER


@pytest.mark.parametrize("length", ["-5", "5, 9", "0x10", "9" * 30, "300032, 300032"])
def test_c10_a_length_that_is_none(piooy, raw, api, home, length):
    """Refused or not believed: no file but a whole one."""
    answer = f"HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n".encode() + PICTURE
    server = raw(lambda c: (read_request(c), c.sendall(answer)), is_api=False)
    expect_look(api, task("SUCCESS", {"results": [server.url + "/x.png"]}))

    ran = piooy("download", TASK)

    assert ran.code in (0, 12)
    assert nothing_left(home) if ran.code else saved(home) == PICTURE


@pytest.mark.parametrize("cut_at", [HALF, len(PICTURE) - 1])
def test_c12_a_body_without_a_length_must_end_as_its_kind_does(piooy, served, home, cut_at):
    """HTTP calls it whole where it stops: six tries, exit 12."""
    host = served(
        lambda connection, request: connection.sendall(head("200 OK", None) + PICTURE[:cut_at])
    )

    ran = piooy("download", TASK)

    assert (ran.code, len(host.requests)) == (12, 6)
    assert "is a truncated PNG file" in ran.err
    assert nothing_left(home)


def test_a_body_without_a_length_that_ends_well_is_saved(piooy, served, home):
    """Its last chunk says so."""
    served(lambda connection, request: connection.sendall(head("200 OK", None) + REAL))

    assert piooy("download", TASK).code == 0
    assert saved(home) == REAL


def test_a_doubt_about_the_end_is_said(piooy, served, home):
    """Neither length nor kind tell: saved, and one line says so."""
    served(
        lambda connection, request: connection.sendall(head("200 OK", None) + b"\x01\x02\x03 data")
    )

    ran = piooy("download", TASK)

    assert (ran.code, saved(home)) == (0, b"\x01\x02\x03 data")
    assert "its end cannot be verified" in ran.err


def test_c13_an_endless_body_stops_at_the_cap(piooy, served, home):
    """Exit 12, at once, nothing left."""

    def endless(connection, request):
        connection.sendall(head("200 OK", None) + b"\x89PNG\r\n\x1a\n")
        while True:
            connection.sendall(b"x" * 65536)

    host = served(endless)

    ran = piooy("download", TASK, numbers=QUICK._replace(asset_bytes=1_000_000))

    assert (ran.code, len(host.requests)) == (12, 1)
    assert nothing_left(home)


def test_c14_a_drip_is_a_failure(piooy, served, home):
    """Under the rate for the time: tried again, and given up after five tries that brought nothing."""

    def drip(connection, request):
        connection.sendall(head("200 OK", len(PICTURE), f"etag: {ETAG}"))
        for byte in PICTURE:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    host = served(drip)

    ran = piooy("download", TASK, numbers=QUICK._replace(slow_rate=1024, slow_seconds=0.2))

    assert (ran.code, len(host.requests)) == (12, 5)
    assert "too slow" in ran.err
    assert nothing_left(home)


def test_a_host_that_breaks_every_time_ends_in_the_end(piooy, served, home):
    """Each try brings new bytes, and thirty are enough."""

    def some(connection, request):
        first = int((re.search(r"(?i)range: bytes=(\d+)-", request) or [0, 0])[1])
        status = "206 Partial" if first else "200 OK"
        lines = [f"content-range: bytes {first}-{len(PICTURE) - 1}/{len(PICTURE)}"] if first else []
        connection.sendall(
            head(status, len(PICTURE) - first, f"etag: {ETAG}", *lines)
            + PICTURE[first : first + 900]
        )
        time.sleep(0.01)

    host = served(some)

    assert piooy("download", TASK, numbers=QUICK._replace(backoff_base=0.001)).code == 12
    assert host.ranges[:3] == [None, 900, 1800]
    assert len(host.requests) == 30


def test_svg_on_request(piooy, served, home):
    """--allow-svg names it so; it is .bin otherwise."""
    served(whole(b"<svg xmlns='http://www.w3.org/2000/svg'/>"))

    assert piooy("download", TASK).lines[0].endswith(".bin")
    assert piooy("download", TASK, "--allow-svg", "-o", "drawings").lines[0].endswith(".svg")


def test_an_intact_file_is_not_fetched_again(piooy, served, home):
    """The same place: its path. Another place: a copy from this disk. Changed: fetched again."""
    host = served(whole())
    first = piooy("download", TASK).lines
    assert piooy("download", TASK).lines == first
    (copied,) = piooy("download", TASK, "-o", "other").lines
    assert len(host.requests) == 1
    assert (home / copied).read_bytes() == PICTURE
    for path in (home / first[0], home / copied):
        path.write_bytes(b"changed")

    (again,) = piooy("download", TASK).lines

    assert again != first[0]
    assert (home / again).read_bytes() == PICTURE
    assert len(host.requests) == 2


def test_json_tells_what_was_there_already(piooy, served, home):
    """The record is the same whether it was fetched or found."""
    served(whole())

    records = [piooy("download", TASK, "--json").json[0] for _ in range(2)]

    assert records[0]["assets"] == records[1]["assets"]
    assert records[0]["assets"][0]["sha256"] == hashlib.sha256(PICTURE).hexdigest()
    assert json.dumps(records[0])


def test_dry_run_prints_names_and_saves_nothing(piooy, served, home):
    """As far as they are known before the bytes are here."""
    host = served(whole())

    ran = piooy("download", TASK, "--dry-run", "-o", "out/{media}-{n}.{ext}")

    assert (ran.code, ran.lines) == (0, ["out/image-1.png"])
    assert (host.requests, nothing_left(home)) == ([], True)
    record = piooy("download", TASK, "--dry-run", "--json").json[0]
    assert record == {"id": TASK, "n": 1, "path": "image-0b9e7f6a-1.png"}


def test_what_is_known_is_not_asked_for(piooy, served, api, home):
    """After `wait` has seen the files, `download` goes straight to them."""
    served(whole())
    assert piooy("wait", TASK).code == 0
    looks = len(api.log)

    assert piooy("download", TASK).code == 0
    assert len(api.log) == looks
    assert saved(home) == PICTURE


def test_a_full_disk_half_way(piooy, served, home):
    """Exit 13; nothing is left in the way, and the task is still one that was never saved."""
    served(whole())
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        ran = piooy("download", TASK)
    finally:
        signal.signal(signal.SIGXFSZ, before)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    assert ran.code == 13
    assert nothing_left(home)
    assert piooy("history", "--unsaved").lines[0].startswith(TASK)
    assert piooy("download", "--unsaved").code == 0
    assert saved(home) == PICTURE


def test_a_page_in_the_place_of_an_expired_address_heals(piooy, raw, api, home):
    """200 and HTML is how some hosts say 403; nothing of it is kept."""
    host = Host(whole(b"<html>expired</html>"), whole())
    server = raw(host, is_api=False)
    expect_look(
        api,
        task("SUCCESS", {"results": [server.url + "/a.png?sig=1"]}),
        task("SUCCESS", {"results": [server.url + "/a.png?sig=2"]}),
    )

    assert piooy("download", TASK).code == 0
    assert (host.ranges, saved(home)) == ([None, None], PICTURE)


@pytest.mark.parametrize(
    "fresh", ["http://example.invalid/b.png", "file:///etc/passwd", "ftp://127.0.0.1/x"]
)
def test_a_fresh_address_is_held_to_the_same_rules(piooy, raw, api, home, fresh):
    """What would not be fetched in the first place is not fetched by healing either."""
    server = raw(Host(says("403 Expired")), is_api=False)
    expect_look(
        api,
        task("SUCCESS", {"results": [server.url + "/a.png"]}),
        task("SUCCESS", {"results": [fresh]}),
    )

    assert piooy("download", TASK).code == 12
    assert nothing_left(home)


def test_c29_a_name_that_is_taken_meanwhile(piooy, served, home):
    """Someone writes a file of that name while ours arrives: both stay."""
    name = home / "image-0b9e7f6a-1.png"

    def slow(connection, request):
        name.write_bytes(b"mine")
        whole()(connection, request)

    served(slow)

    assert piooy("download", TASK).lines == ["image-0b9e7f6a-1-2.png"]
    assert name.read_bytes() == b"mine"


@pytest.mark.parametrize("then", ["nothing", "a link elsewhere"])
def test_c30_a_directory_that_is_moved_meanwhile(piooy, served, home, then):
    """Exit 13, and nothing is written where no one asked for it."""
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()

    def slow(connection, request):
        (home / "out").rename(home / "moved")
        if then != "nothing":
            (home / "out").symlink_to(elsewhere)
        whole()(connection, request)

    served(slow)

    ran = piooy("download", TASK, "-o", "out")

    assert ran.code == 13
    assert list(elsewhere.iterdir()) == []
    assert not list((home / "moved").glob("*.png"))
    assert piooy("history", "--unsaved").lines


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.ENOTSUP])
def test_c34_a_file_system_without_links(piooy, served, home, monkeypatch, number):
    """A copy, as exclusive as a link: the name that is taken stays taken."""

    def no_links(source, target, **how):
        raise OSError(number, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    (home / "image-0b9e7f6a-1.png").write_bytes(b"mine")
    served(whole())

    assert piooy("download", TASK).lines == ["image-0b9e7f6a-1-2.png"]
    assert (home / "image-0b9e7f6a-1-2.png").read_bytes() == PICTURE
    assert len(list(home.iterdir())) == 2


def test_g12_bytes_behind_an_answer_are_not_the_next_one(piooy, raw, api, home):
    """Two answers in one: the connection is dropped, and each asset gets its own bytes."""
    pictures = [PICTURE, OTHER, PICTURE + b"!"]

    def serve(connection):
        while True:
            number = int(re.search(rb"/(\d)", read_request(connection))[1])
            body = pictures[number]
            smuggled = head("200 OK", 3) + b"abc" if number == 0 else b""
            connection.sendall(head("200 OK", len(body)) + body + smuggled)

    server = raw(serve, is_api=False)
    expect_look(api, task("SUCCESS", {"results": [f"{server.url}/{n}" for n in range(3)]}))

    assert piooy("download", TASK, "-j", "1", "-o", "{n}.{ext}").code == 0
    assert [(home / f"{n + 1}.png").read_bytes() for n in range(3)] == pictures


def test_what_is_known_of_a_part_is_forgotten_with_its_bytes(piooy, served, home):
    """The second run found another version and was killed: the third does not mix the two."""
    host = served(whole(OTHER[:HALF], ""), rest())
    remembered(home, piooy)
    ledger = SqliteOrderStore(home.parent / "state", "x")

    def killed(*arguments, **how):
        raise KeyboardInterrupt

    from piooy_cli.downloads import destination

    original, destination.publish = destination.publish, killed
    try:
        piooy("download", TASK)
    finally:
        destination.publish = original

    assert host.ranges == [HALF]
    assert ledger.resume_info(TASK, 1) is None


def test_two_that_make_and_publish_the_same_never_hurt_each_other(home):
    """Each ends with the file in its place, whoever was first."""
    script = (
        "import sys; from pathlib import Path; from piooy_cli.downloads.part_file import PartFile, remove_stale_part, stale_parts;"
        "from piooy_cli.downloads.publish import publish\n"
        "for n in range(300):\n"
        "  with PartFile(Path('.'), 'a-1') as draft:\n"
        "    [remove_stale_part(one) for one in stale_parts(Path('.'))]\n"
        "    draft.restart(); draft.write(b'x' * 1000)\n"
        "    publish(draft, Path(f'{n}.png'), 'rename')\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]

    assert [one.wait(60) for one in running] == [0, 0, 0]
    assert sorted(path.name for path in home.iterdir()) == sorted(f"{n}.png" for n in range(300))


def test_what_only_passed_through_is_not_remembered(piooy, served, home):
    """`-o -` after a saved file: that one is still what the history knows; a part file stays kept."""
    served(whole())
    piooy("download", TASK, "-o", "out")

    assert piooy("download", TASK, "-o", "-").bytes == PICTURE
    assert piooy("history", "check").code == 0
    assert len(list((home / "out").iterdir())) == 1


def test_a_task_that_only_passed_through_was_never_saved(piooy, served, home):
    """It is still `--unsaved`, and a part that a run left is still there."""
    served(rest())
    draft = remembered(home, piooy)

    assert piooy("download", TASK, "-o", "-").bytes == PICTURE
    assert draft.exists()
    assert piooy("history", "--unsaved").lines


def test_dry_run_and_stdout_do_not_go_together(piooy, served):
    """Exit 2, before anything is asked."""
    host = served(whole())

    assert piooy("download", TASK, "--dry-run", "-o", "-").code == 2
    assert host.requests == []


def test_a_name_that_only_begins_alike_is_another(piooy, served, home):
    """Another template is another file, copied from this disk; --on-exists is obeyed."""
    served(whole())
    assert piooy("download", TASK, "-o", "abc-{n}.{ext}").lines == ["abc-1.png"]
    assert piooy("download", TASK, "-o", "a{slug:.0}.{ext}").lines == ["a.png"]
    assert piooy("download", TASK, "-o", "a{slug:.0}.{ext}", "--on-exists", "skip").lines == []
    (home / "b.png").write_bytes(b"mine")
    assert piooy("download", TASK, "-o", "b{slug:.0}.{ext}").lines == ["b-2.png"]
    assert piooy("download", TASK, "-o", "b{slug:.0}.{ext}", "--on-exists", "overwrite").lines == [
        "b.png"
    ]
    assert (home / "b.png").read_bytes() == PICTURE

"""`piooy sandbox serve` beside hostile web pages and inputs: Host, origins, budgets, pictures."""

import base64
import http.client
import io
import json
import os
import re
import socket
import stat
import struct
import subprocess
import time
import urllib.parse
import zlib
from pathlib import Path

import pytest
from PIL import Image
from processes import PIOOY, wait_for

from piooy_cli.api import client
from piooy_cli.sandbox import bodies
from piooy_cli.sandbox.access import own_hosts

ORDER = {"provider": "p", "mediaType": "image", "model": "m", "scene": "text-to-image", "prompt": "x"}  # fmt: skip
KEY = "authorization: bearer k"
JSON = "content-type: application/json"
MIB = 1 << 20


class Answer:
    """A response: its status, its headers, its JSON."""

    def __init__(self, connection):
        response = http.client.HTTPResponse(connection)
        response.begin()
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self):
        """The body."""
        return json.loads(self.body)

    @property
    def cors(self):
        """The headers for browsers."""
        return {k.lower(): v for k, v in self.headers.items() if k.lower().startswith("access-")}


def port_of(url):
    """Where it listens."""
    return urllib.parse.urlsplit(url).port


def send(url, first, *lines, body=b""):
    """Send a request byte by byte as it is written here; `{port}` is the server's port."""
    lines = [*lines, f"content-length: {len(body)}"] if body else lines
    head = "\r\n".join([first, *lines, "", ""]).replace("{port}", str(port_of(url)))
    with socket.create_connection(("127.0.0.1", port_of(url)), timeout=20) as connection:
        connection.sendall(head.encode() + body)
        return Answer(connection)


def ask(url, path, *lines, method="GET", body=None):
    """Send a request to the server's own Host."""
    body = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return send(url, f"{method} {path} HTTP/1.1", "Host: localhost:{port}", *lines, body=body)


def order(url, *lines, body=ORDER):
    """Send an order."""
    return ask(url, "/api/v1/generate", KEY, JSON, *lines, method="POST", body=body)


def picture_of(url, options):
    """The file of an order, when it is made."""
    task_id = order(url, body=ORDER | {"options": options}).json["data"]["taskId"]
    for _ in range(200):
        data = ask(url, f"/api/v1/task/{task_id}", KEY).json["data"]
        if data["status"] == "SUCCESS":
            break
        time.sleep(0.02)
    return ask(url, urllib.parse.urlsplit(data["taskResult"]["results"][0]).path)


def inline(content, kind="png"):
    """A file in the request."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])  # fmt: skip
def test_its_own_host_is_answered(served, host):
    """In every spelling of this machine, with the port that is in use."""
    assert send(served, "GET /openapi.json HTTP/1.1", f"Host: {host}").status == 200


FOREIGN_HOSTS = [
    "evil.example:{port}", "evil.example", "127.0.0.1", "localhost:1", "127.0.0.2:{port}",
    "localhost.evil.example:{port}", "app.localhost:{port}", "localhost.:{port}", "",
    "x@localhost:{port}", "localhost:{port}/x", "localhost:{port}.evil.example", "[::1",
    "localhost:{port}, evil.example", "2130706433:{port}",
]  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_any_other_host_is_421(served, host):
    """A name that is made to point here (DNS rebinding) reads nothing, and the reason is told."""
    answer = send(served, "GET /messages HTTP/1.1", f"Host: {host}")

    assert answer.status == 421
    assert answer.json["code"] == -1 and "--allow-remote" in answer.json["message"]


@pytest.mark.parametrize(
    ("first", "lines"),
    [
        ("GET /messages HTTP/1.0", ()),
        ("GET /messages HTTP/1.1", ()),
        ("GET /messages HTTP/1.1", ("Host: localhost:{port}", "Host: evil.example")),
        ("GET /messages HTTP/1.1", ("Host: localhost:{port}", "Host: localhost:{port}")),
        ("GET http://evil.example/messages HTTP/1.1", ("Host: localhost:{port}",)),
        ("GET HTTP://evil.example:{port}/messages HTTP/1.1", ("Host: localhost:{port}",)),
        ("GET http://localhost:{port}@evil.example/messages HTTP/1.1", ("Host: localhost:{port}",)),
    ],
    ids=str,
)
def test_a_host_that_is_not_clear_is_refused(served, first, lines):
    """None, two, or another one in the target: 421, or the 400 of the HTTP parser."""
    answer = send(served, first, *lines)

    assert answer.status == 421 or (answer.status, answer.body) == (400, b"")


def test_a_rebound_name_orders_nothing(serve, home):
    """Neither directly nor behind the fault proxy, and it uses up no fault."""
    for faults in ("500@1", "drop-before@1"):
        url = serve("--log", "log", "--faults", f"generate/{faults}")
        head = ("POST /api/v1/generate HTTP/1.1", "Host: evil.example:{port}", KEY, JSON)
        assert send(url, *head, body=json.dumps(ORDER).encode()).status == 421
        wait_for(lambda: (home / "log").read_text().count("\n") == 2)
        seen = [json.loads(line) for line in (home / "log").read_text().splitlines()]
        assert [line.get("status", line["event"]) for line in seen] == ["start", 421]
        assert seen[1]["faults"] == []
        (home / "log").unlink()


def test_files_have_the_port_that_clients_use(serve):
    """Behind the fault proxy as well: URLs of files lead to the address that was asked."""
    url = serve("--faults", "task/hang@99")
    task_id = order(url).json["data"]["taskId"]
    time.sleep(0.1)
    data = ask(url, f"/api/v1/task/{task_id}", KEY).json["data"]

    assert data["taskResult"]["results"][0].startswith(f"http://localhost:{port_of(url)}/assets/")


def test_allow_remote_answers_any_host_that_is_one(serve):
    """A tunnel or another machine may have its own name for it; garbage still makes no URLs."""
    url = serve("--allow-remote")

    assert send(url, "GET /messages HTTP/1.1", "Host: box.example").status == 200
    assert send(url, "GET /messages HTTP/1.1", "Host: box.example/x").status == 421
    assert send(url, "GET /messages HTTP/1.0").status == 421


def test_the_bound_address_is_its_own_host():
    """With the port; without it where that is HTTP's own."""
    assert {"192.0.2.7:8787", "localhost:8787", "[::1]:8787"} < own_hosts("192.0.2.7", 8787)
    assert "192.0.2.7" not in own_hosts("192.0.2.7", 8787)
    assert {"[fe80::1]", "[fe80::1]:80", "localhost"} < own_hosts("FE80::1", 80)


WELCOME = ["http://localhost:3000", "https://localhost", "http://127.0.0.1", "https://127.9.9.9:1", "http://[::1]:5173"]  # fmt: skip
FOREIGN = [
    "https://evil.example", "null", "", "*", "http://localhost.evil.example", "http://app.localhost",
    "http://127.0.0.1.evil.example", "http://localhost:3000 https://evil.example", "http://127.1",
    "http://127.0.0.256", "file://", "http://localhost:3000/", "ftp://localhost", "http://evil@localhost",
]  # fmt: skip


@pytest.mark.parametrize("origin", WELCOME)
def test_pages_of_this_machine_may_use_the_api(served, origin):
    """Each is told that itself may read the response."""
    answer = ask(served, "/api/v1/generate", f"Origin: {origin}", method="OPTIONS")

    assert answer.status == 204
    assert answer.cors["access-control-allow-origin"] == origin
    assert "authorization" in answer.cors["access-control-allow-headers"]
    assert answer.headers["vary"] == "origin"


@pytest.mark.parametrize("origin", FOREIGN)
def test_foreign_pages_read_and_do_nothing(served, origin):
    """403 before anything happens, with and without a preflight, and no header for browsers."""
    for path, method, lines, body in [
        ("/api/v1/generate", "OPTIONS", (), b""),
        ("/api/v1/generate", "POST", (KEY, JSON), json.dumps(ORDER).encode()),
        ("/api/v1/generate", "POST", (KEY, "content-type: text/plain"), json.dumps(ORDER).encode()),
        ("/messages", "GET", (), b""),
        ("/openapi.json", "GET", (), b""),
    ]:
        answer = ask(served, path, f"Origin: {origin}", *lines, method=method, body=body)
        assert (answer.status, answer.cors) == (403, {}), path
        assert "--cors" in answer.json["message"]


def test_a_foreign_page_has_no_effect(serve, home):
    """No order is charged, and no message stored; two origins in one request are not one."""
    url, said = serve("--log", "log"), {"email": "a@b.example", "content": "x"}
    evil = ("Origin: http://localhost", "Origin: https://evil.example")
    order(url, *evil)
    ask(url, "/api/v1/contact", JSON, *evil, method="POST", body=said)

    assert ask(url, "/messages").json["data"] == []
    assert '"charge"' not in (home / "log").read_text()


def test_only_the_contract_is_for_pages(served):
    """Not what only the sandbox has, where anybody's messages are; errors can be read as well."""
    page = "Origin: http://localhost:3000"
    contract = [("/api/v1/generate", "POST"), ("/api/v1/task/x", "GET"), ("/api/v1/contact", "POST")]  # fmt: skip
    others = ["/messages", "/openapi.json", "/assets/x/y.png", "/", "/api/v1/task/x/y", "/nothing"]

    for path, method in contract:
        assert ask(served, path, page, method=method).cors, path
    for path in others:
        assert not ask(served, path, page).cors, path
    assert not ask(served, "/api/v1/task/x").cors


def test_cors_lets_other_pages_in(serve, piooy):
    """One origin, or all of them; still only where the contract is."""
    url = serve("--cors", "http://app.test:3000")
    assert order(url, "Origin: http://app.test:3000").cors["access-control-allow-origin"] == "http://app.test:3000"  # fmt: skip
    assert order(url, "Origin: http://app.test").status == 403

    url = serve("--cors", "*")
    assert order(url, "Origin: null").cors["access-control-allow-origin"] == "*"
    assert not ask(url, "/messages", "Origin: null").cors
    assert piooy("sandbox", "serve", "--cors", "app.test").code == 2


def test_a_recording_brings_no_headers_for_browsers(serve, home):
    """Those of the service that was recorded are not those of this machine."""
    recorded = {"method": "GET", "url": "https://x.example/api/v1/task/t", "status": 200, "body": "{}",
                "headers": {"access-control-allow-origin": "*", "content-type": "application/json"}}  # fmt: skip
    (home / "r.jsonl").write_text(json.dumps(recorded) + "\n")
    url = serve("--replay", "r.jsonl")
    answer = ask(url, "/api/v1/task/t")

    assert (answer.status, answer.body, answer.cors) == (200, b"{}", {})
    assert send(url, "GET /api/v1/task/t HTTP/1.1", "Host: evil.example").status == 421


def image_of(size, slash="/"):
    """An order with an inline image of so many bytes."""
    body = json.dumps(ORDER | {"options": {"image_input": [inline(b"\xff" * size)]}})
    return body.replace("/", slash).encode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (json.dumps(ORDER | {"prompt": "x " * (500 << 10)}).encode(), 200),
        (json.dumps(ORDER | {"prompt": "x " * (520 << 10)}).encode(), 413),
        (json.dumps(ORDER | {"prompt": "é" * (600 << 10)}, ensure_ascii=False).encode(), 413),
        (image_of(3 * MIB), 200),
        (image_of(2 * MIB, slash="\\/"), 200),
        (json.dumps(ORDER | {"options": {"x": [[]] * 100_000}}).encode(), 400),
        (json.dumps(ORDER | {"options": {"x": list(range(200_001))}}).encode(), 413),
        (json.dumps(ORDER | {"options": {"x": [1] * 200_001}}).encode(), 400),
        (json.dumps(ORDER | {"options": {"x": [1] * 190_000}}).encode(), 200),
        (json.dumps(ORDER)[:-1].encode() + b', "x": ' + b"[" * 62 + b"]" * 62 + b"}", 200),
        (json.dumps(ORDER)[:-1].encode() + b', "x": ' + b"[" * 64 + b"]" * 64 + b"}", 400),
        (b"[" * 190_000, 400),
        (json.dumps(ORDER)[:-1].encode() + b', "x": {"\\ud800": 1}}', 400),
        (json.dumps(ORDER)[:-1].encode() + b', "x": "\\ud800"}', 400),
    ],
    ids=lambda value: str(value)[:10],
)  # fmt: skip
def test_budgets_of_a_body(served, body, status):
    """A mebibyte without inline files, 200,000 values, 64 levels; errors are the contract's."""
    answer = order(served, body=body)

    assert answer.status == status
    assert set(answer.json) >= {"code", "message"}


def test_the_client_s_largest_order_is_accepted():
    """The sandbox shares no code with the client, but this limit."""
    assert bodies._MOST_BYTES == client._BIGGEST_ORDER


def test_a_body_that_is_announced_too_large_is_not_read(served):
    """413 without a byte of it."""
    head = ("POST /api/v1/generate HTTP/1.1", "Host: localhost:{port}", KEY, JSON)

    assert send(served, *head, f"content-length: {64 * MIB + 1}").status == 413
    assert send(served, *head, "content-length: 99999999999999999999").status in (400, 413)


class Measured:
    """A served sandbox whose memory is watched."""

    def __init__(self, process):
        assert process.stderr is not None
        self.url = process.stderr.readline().split("PIOOY_BASE_URL=")[1].split()[0]
        self._pid = process.pid

    @property
    def peak(self):
        """The most memory it has had, in MB."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1000


@pytest.fixture
def measured(home):
    """A sandbox of its own."""
    if not Path("/proc/self/status").exists():
        pytest.skip("nobody measures memory here")
    command = [*PIOOY, "sandbox", "serve", "--port", "0", "--speed", "3000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        yield Measured(process)
        process.terminate()


def endless(url, unit, start=b""):
    """Send chunks until the connection is closed; return how many bytes were sent."""
    lines = ["POST /api/v1/generate HTTP/1.1", f"Host: localhost:{port_of(url)}", KEY, JSON, "transfer-encoding: chunked"]  # fmt: skip
    piece, sent = unit * (MIB // len(unit)), 0
    with socket.create_connection(("127.0.0.1", port_of(url)), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        connection.sendall(b"%x\r\n%b\r\n" % (len(start), start) if start else b"")
        try:
            while sent < 200 * MIB:
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                sent += len(piece)
        except OSError:  # it has closed the connection
            return sent
    return sent


def test_a_flood_takes_neither_memory_nor_long(measured):
    """16 MiB of empty lists, and bodies without an end: refused while they arrive."""
    for unit in (b"[],", b'{"a":1},', b'"data:",', b'"data:,'):
        assert endless(measured.url, unit) < 16 * MIB, unit

    assert order(measured.url).status == 200
    assert measured.peak < 60


def test_no_inline_file_is_endless(measured):
    """Without an announced length: 64 MiB are kept, and no more."""
    assert 60 * MIB < endless(measured.url, b"A", b'{"x": "data:,') < 80 * MIB
    assert measured.peak < 150


def test_a_picture_bomb_takes_no_memory(measured):
    """13,000 by 13,000 pixels in a few kilobytes: the picture is made without it."""
    rows = zlib.compress(bytes(13_000 * (1 + 13_000 // 8)), 9)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 13_000, 13_000, 1, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")]  # fmt: skip
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    answer = picture_of(measured.url, {"image_input": [inline(png)]})

    assert answer.status == 200 and answer.body.startswith(b"\x89PNG")
    assert measured.peak < 150


def test_postscript_starts_no_program(serve, tmp_path, monkeypatch):
    """Pillow would hand it to Ghostscript."""
    program, started = tmp_path / "gs", tmp_path / "started"
    program.write_text(f"#!/bin/sh\ntouch {started}\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    answer = picture_of(serve(), {"image_input": [inline(script)]})

    assert answer.body.startswith(b"\x89PNG")
    assert not started.exists()


@pytest.mark.parametrize("address", ["a@" + "." * 40_000 + "@", "a@" + "a." * 20_000 + " ", "@" * 40_000])  # fmt: skip
def test_no_address_takes_long(served, address):
    """A hostile one is refused at once; other clients do not wait for it."""
    start = time.monotonic()
    answer = ask(served, "/api/v1/contact", JSON, method="POST", body={"email": address, "content": "x"})  # fmt: skip

    assert (answer.status, answer.json["message"]) == (400, "invalid email")
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(("address", "status"), [("a@b.example", 200), ("a@b..c", 200), ("a@.b.c", 200), ("a@.b", 400), ("a@b.", 400), ("a@b", 400), ("@b.c", 400), ("a@b@c.d", 400), ("a b@c.d", 400)])  # fmt: skip
def test_addresses(served, address, status):
    """A name, an @, and a dot inside what follows it."""
    body = {"email": address, "content": "x"}

    assert ask(served, "/api/v1/contact", JSON, method="POST", body=body).status == status


@pytest.mark.parametrize("options", [{"size": "9999x9999"}, {"aspect_ratio": "99:1", "resolution": "4K"}])  # fmt: skip
def test_no_picture_is_larger_than_4k(options):
    """Whatever is asked for."""
    from piooy_cli.sandbox.fixtures.sizes import frame_size, image_size

    assert max(*image_size(options), *frame_size(options)) <= 4096


def test_a_long_prompt_is_drawn_at_once():
    """As much of it as there is room for; the file has all of it."""
    from piooy_cli.sandbox.fixtures.work import Work
    from piooy_cli.sandbox.fixtures.works import make_files

    start = time.process_time()
    picture = make_files(Work("image", "m", "a " * 400_000), "image-1.png")

    assert time.process_time() - start < 2
    with Image.open(io.BytesIO(picture)) as opened:
        opened.load()
        assert len(opened.info["Description"]) > 700_000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_state_is_private(piooy, home):
    """Whatever the umask is: it holds prompts and messages."""
    before = os.umask(0)
    try:
        assert piooy("--sandbox", "task", "x").code == 14
    finally:
        os.umask(before)

    mode = (home.parent / "state" / "sandbox.sqlite3").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600

"""`piooy sandbox serve` on bad days: each fault as documented, limits, shapes, recordings."""

import gzip
import http.client
import json
import socket
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import pytest
from processes import PIOOY, wait_for

from piooy_cli.sandbox.faults import OF_AN_ANSWER, OF_AN_ORDER, Chance, parse_faults
from piooy_cli.sandbox.limits import RequestLimits, exceeded_limit
from piooy_cli.sandbox.limits import parse_limits as parsed_limits
from piooy_cli.sandbox.shapes import SHAPES

ROOT = Path(__file__).parent.parent
ORDER = {"provider": "p", "mediaType": "image", "model": "m", "scene": "text-to-image", "prompt": "a fox"}  # fmt: skip


def ask(url, path, body=None, key="k", timeout=3, **headers):
    """A raw client: status, headers, bytes; or the exception that it met."""
    host = urllib.parse.urlsplit(url).netloc
    connection = http.client.HTTPConnection(host, timeout=timeout)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"} | headers
    try:
        data = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, data, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, {}, getattr(error, "partial", b"")
    finally:
        connection.close()


def settled(url, key="k"):
    """An order, and its task when it has ended."""
    task_id = json.loads(ask(url, "/api/v1/generate", ORDER, key)[2])["data"]["taskId"]
    for _ in range(200):
        data = json.loads(ask(url, f"/api/v1/task/{task_id}", None, key)[2])["data"]
        if data["status"] in ("SUCCESS", "FAILED"):
            return data
        time.sleep(0.02)
    return data


def asset_of(url):
    """The path of the first file of a new task."""
    return urllib.parse.urlsplit(settled(url)["taskResult"]["results"][0]).path


ANSWERS = {
    "429": lambda got: got[0] == 429 and got[1]["retry-after"] == "1",
    "500": lambda got: got[0] == 500 and json.loads(got[2])["code"] == -1,
    "html": lambda got: got[0] == 200 and got[2].startswith(b"<!doctype html>"),
    "redirect": lambda got: got[0] == 302 and "redirected=1" in got[1]["location"],
    "drop-before": lambda got: got[0] in ("RemoteDisconnected", "ConnectionResetError"),
    "drop-after-accept": lambda got: got[0] in ("RemoteDisconnected", "ConnectionResetError"),
    "hang": lambda got: got[0] == "TimeoutError",
    "truncate": lambda got: got[0] == "IncompleteRead" and got[2],
    "drip:10ms": lambda got: got[0] == 200,
    "slow:300ms": lambda got: got[0] == 200,
    "gzip-bomb": lambda got: got[1]["content-encoding"] == "gzip" and len(got[2]) < 1 << 20,
}


@pytest.mark.parametrize("spec", ANSWERS)
def test_an_answer_goes_wrong_as_documented(serve, spec):
    """Seen by a raw client; the second request, which has no fault, is answered."""
    url = serve("--faults", f"generate/{spec}@1", "--log", "log")
    start = time.monotonic()
    got = ask(url, "/api/v1/generate", ORDER, timeout=2)
    took = time.monotonic() - start

    assert ANSWERS[spec](got), got[:2]
    assert ask(url, "/api/v1/generate", ORDER)[0] == 200
    if spec in ("slow:300ms", "drip:10ms"):
        assert took > 0.3
    taken = spec in ("drop-after-accept", "hang", "truncate", "drip:10ms", "slow:300ms")
    wait_for(lambda: Path("log").read_text().count('"event": "request"') == 2)
    assert Path("log").read_text().count('"event": "charge"') == 1 + taken


def test_a_gzip_bomb_is_one(serve):
    """A quarter of a GiB in a quarter of a MiB."""
    url = serve("--faults", "contact/gzip-bomb")
    _, _, body = ask(url, "/api/v1/contact", {"email": "a@b.example", "content": "x"})

    assert len(body) < 1 << 20 and sum(map(len, iter(gzip_chunks(body)))) == 256 << 20


def gzip_chunks(body):
    """What is in it, piece by piece."""
    import io

    with gzip.open(io.BytesIO(body)) as file:
        yield from iter(lambda: file.read(1 << 20), b"")


def test_faults_of_an_order(serve):
    """It fails; it never ends; it goes back; it has no files; its address is expired."""
    url = serve("--faults", "task-fails@1,no-assets@2,expired-url@3,stuck@4")
    failed, empty, expired, stuck = (settled(url) for _ in range(4))

    assert failed["status"] == "FAILED"
    assert failed["taskResult"]["error"]["code"] == "content_policy_violation"
    assert (empty["status"], empty["taskResult"]["results"]) == ("SUCCESS", [])
    path = urllib.parse.urlsplit(expired["taskResult"]["results"][0]).path
    assert ask(url, path)[0] == 403
    again = json.loads(ask(url, f"/api/v1/task/{expired['id']}?refresh=assets")[2])["data"]
    fresh = urllib.parse.urlsplit(again["taskResult"]["results"][0])
    assert ask(url, f"{fresh.path}?{fresh.query}")[0] == 200
    assert stuck["status"] in ("PENDING", "PROCESSING")


@pytest.mark.parametrize(
    ("fault", "sees"),
    [
        ("asset-truncate", lambda first, again: first[0] == "IncompleteRead"),
        ("asset-html", lambda first, again: first[2].startswith(b"<!doctype html>")),
        ("asset-no-range", lambda first, again: again[0] == 200),
        ("asset-etag-change", lambda first, again: first[1]["etag"] != again[1]["etag"]),
        ("asset/redirect", lambda first, again: first[0] == 302),
        ("asset/503", lambda first, again: first[0] == 503),
        ("asset/slow:1ms", lambda first, again: first[0] == 200 and again[0] == 206),
    ],
)
def test_faults_of_a_file(serve, fault, sees):
    """As a raw client sees them; without one, a range is answered with 206."""
    url = serve("--faults", fault)
    path = asset_of(url)
    first = ask(url, path)

    assert sees(first, ask(url, path, range="bytes=10-")), first[:2]


@pytest.mark.parametrize("spec", ["429:30%", "generate/500:50%,task-fails:40%", "drop-after-accept@2-3"])  # fmt: skip
def test_the_same_seed_gives_the_same_sequence(spec):
    """Twice the same, and another one for another seed where there is chance."""
    drawn = [
        [[f.name for f in chance.happens("generate")] + [f.name for f in chance.happens("generate", OF_AN_ORDER)] for _ in range(60)]
        for chance in (Chance(parse_faults(spec), "a"), Chance(parse_faults(spec), "a"), Chance(parse_faults(spec), "b"))
    ]  # fmt: skip

    assert drawn[0] == drawn[1]
    assert (drawn[0] != drawn[2]) is ("%" in spec)


def test_a_served_sequence_repeats_with_its_seed(serve):
    """Statuses, ids and files: the whole of it."""
    runs = []
    for state in ("one", "two"):
        url = serve("--seed", "x", "--faults", "generate/500:40%", "--state", state)
        answers = [ask(url, "/api/v1/generate", ORDER) for _ in range(12)]
        runs.append([(status, json.loads(body).get("data")) for status, _, body in answers])

    assert runs[0] == runs[1]
    assert {status for status, _ in runs[0]} == {200, 500}


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("429:5%", ["429"]), ("500, html", ["500", "html"]), ("# none\n", []), ("slow:200ms:5%@3+", ["slow"]),
        ("task/500@2\nasset-html # a comment", ["500", "asset-html"]),
    ],
)  # fmt: skip
def test_a_spec_can_be_read(spec, names):
    """Behind commas or on lines, with comments."""
    assert [fault.name for fault in parse_faults(spec)] == names


@pytest.mark.parametrize("spec", ["nonsense", "429:500%", "600", "slow:fast", "moon/500", "429@0", "html@3-", "429:5", "%", "task/stuck", "generate/asset-html", "429@5-3", "500:1.2.3%"])  # fmt: skip
def test_a_broken_spec_is_exit_2(piooy, home, spec):
    """One line that says what is wrong; also from a file."""
    (home / "spec").write_text(spec)
    for given in (spec, "spec"):
        ran = piooy("sandbox", "serve", "--faults", given)
        assert ran.code == 2 and "--faults" in ran.err and len(ran.err.splitlines()) <= 2


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--limits", "6/week"], 2, "6/min,200/day,3/concurrent"),
        (["--result-shape", "heap"], 2, "evolink-music"),
        (["--host", "0.0.0.0"], 2, "--allow-remote"),
        (["--replay", "nowhere"], 2, "cannot be read"),
        (["--state", "/dev/null/x"], 13, "cannot make the directory"),
        (["--log", "/dev/full/x"], 13, "--log"),
        (["--log", "/dev/full"], 13, "--log"),
    ],
    ids=str,
)
def test_what_cannot_be_is_told(piooy, arguments, code, told):
    """In one or two lines."""
    ran = piooy("sandbox", "serve", *arguments)

    assert ran.code == code and told in ran.err and len(ran.err.splitlines()) <= 2


def test_a_state_of_a_newer_version_is_left_alone(piooy, home):
    """Exit 13, and not a byte of it changed."""
    import sqlite3

    connection = sqlite3.connect(home / "state")
    connection.execute("pragma user_version = 99")
    connection.close()
    before = (home / "state").read_bytes()
    ran = piooy("sandbox", "serve", "--state", "state")

    assert ran.code == 13 and "newer" in ran.err
    assert (home / "state").read_bytes() == before


@pytest.mark.parametrize(
    ("spec", "accepted", "ends", "seconds"),
    [
        ("2/min", [90, 50], [], 10), ("2/min", [90, 39], [], None), ("1/day", [99], [], 86399), ("2/concurrent", [], [130, 120], 20),
        ("2/concurrent", [], [130], None), ("1/hour,9/min", [95], [], 3595), ("", [99] * 9, [200] * 9, None),
    ],
)  # fmt: skip
def test_limits(spec, accepted, ends, seconds):
    """What is over is reported, with the time after which it is not; at 100."""
    refused = exceeded_limit(parsed_limits(spec), 100, accepted, ends)

    assert (refused and refused.seconds) == seconds


def test_limits_are_each_user_s_own(serve):
    """The third order of a minute is 429 with Retry-After; another key is free; none is charged."""
    url = serve("--limits", "2/min,5/concurrent", "--log", "log")
    mine = [ask(url, "/api/v1/generate", ORDER, "mine") for _ in range(3)]

    assert [status for status, _, _ in mine] == [200, 200, 429]
    assert 55 <= int(mine[2][1]["retry-after"]) <= 60
    assert json.loads(mine[2][2])["error"] == "too_many_requests"
    assert ask(url, "/api/v1/generate", ORDER, "hers")[0] == 200
    wait_for(lambda: Path("log").read_text().count('"event": "request"') == 4)
    assert Path("log").read_text().count('"event": "charge"') == 3


def test_only_accepted_keys(serve):
    """Any other is 401, as on a bad day."""
    url = serve("--accept-key", "good", "--accept-key", "fine")

    assert [ask(url, "/api/v1/task/x", key=key)[0] for key in ("good", "fine", "bad")] == [404, 404, 401]  # fmt: skip


COUNTS = {"name-only": 0, "evolink-character": 1, "handle": 1, "replicate-one": 1, "url": 1, "kind-url": 1, "snake-url": 1, "text": 1, "openai-b64": 1, "data-uri": 1}  # fmt: skip


WRAPPED = [(name, how) for name in ("results", "kie", "songs", "list") for how in ("+string", "+twice")]  # fmt: skip


@pytest.mark.parametrize(("shape", "wrapped"), [*((name, "") for name in SHAPES), *WRAPPED])
def test_every_shape_is_downloaded_and_counted(serve, piooy, shape, wrapped):
    """By piooy, against the server: two results where the shape has room, and no trap fetched."""
    media = {"videos": "video", "songs": "music", "evolink-music": "music", "kie-music": "music"}.get(shape, "image")  # fmt: skip
    serve("--result-shape", shape + wrapped)
    options = ["-O", "n:=2"] if media == "image" else []
    ran = piooy("generate", media, "-m", "m", *options, "a fox", "-o", "out/")

    if shape in ("name-only", "fal-queue"):
        assert ran.code == 12 and "but has no files" in ran.err
        return
    wanted = COUNTS.get(shape, 2 if media == "image" else 1)
    assert (ran.code, len(ran.lines)) == (0, wanted), ran.err


def test_messages_are_kept(serve):
    """And can be listed on the sandbox's own address."""
    url = serve()
    ask(url, "/api/v1/contact", {"email": "a@b.example", "content": "hello"}, key=None)

    assert [one["content"] for one in json.loads(ask(url, "/messages")[2])["data"]] == ["hello"]


def test_recorded_and_replayed(serve, piooy, home, monkeypatch):
    """The same files again, without the server that made them; the key is nowhere in it."""
    serve("--faults", "asset-truncate@1")
    first = piooy("generate", "image", "-m", "m", "a fox", "-o", "one/", "--record", "rec")
    serve("--replay", "rec")
    monkeypatch.setenv("PIOOY_STATE_DIR", str(home / "another"))
    again = piooy("generate", "image", "-m", "m", "a fox", "-o", "two/")

    assert (first.code, again.code) == (0, 0), first.err + again.err
    one, two = Path(first.lines[0]), Path(again.lines[0])
    assert one.read_bytes() == two.read_bytes()
    recorded = Path("rec").read_text()
    assert "test-key" not in recorded and Path("rec").stat().st_mode & 0o777 == 0o600
    assert next(json.loads(line)["method"] for line in recorded.splitlines()) == "POST"


@pytest.mark.parametrize(
    "line",
    [
        "garbage",
        "{}",
        '{"method": 1}',
        '{"method":"GET","url":5,"status":200,"headers":{},"body":""}',
        '{"method":"GET","url":"http://[a","status":200,"headers":{},"body":""}',
        '{"method":"GET","url":"/a","status":200,"headers":[],"body":""}',
        '{"method":"GET","url":"/a","status":9999,"headers":{},"body":""}',
        '{"method":"GET","url":"/a","status":200,"headers":{},"body":{"base64":"A"}}',
    ],
)
def test_a_recording_that_is_none(piooy, home, line):
    """Exit 2, with the line's number."""
    (home / "rec").write_text(line + "\n")
    ran = piooy("sandbox", "serve", "--replay", "rec")

    assert ran.code == 2 and "line 1" in ran.err


def test_killed_it_knows_every_task_that_it_accepted(home, free_port):
    """With -9, in the middle of orders: each that was answered is there at the next start."""
    taken = []
    for _ in range(3):
        command = [*PIOOY, "sandbox", "serve", "--port", str(free_port), "--state", "state"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr.readline()
        url, until = f"http://127.0.0.1:{free_port}", time.monotonic() + 0.3
        while time.monotonic() < until:
            status, _, body = ask(url, "/api/v1/generate", ORDER)
            if status == 200:
                taken.append(json.loads(body)["data"]["taskId"])
        process.kill()
        process.communicate()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline()
    known = [ask(url, f"/api/v1/task/{task}")[0] for task in taken]
    process.terminate()
    process.communicate()

    assert len(taken) > 20 and set(known) == {200}


HOSTILE = {
    "deep": b'{"options": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "types": json.dumps(ORDER | {"model": {"a": 1}}).encode(),
    "list": b"[]",
    "nothing": b"",
    "nan": b'{"model": NaN}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_400(served, name):
    """Never 500, and no trace of a stack in the answer."""
    host = urllib.parse.urlsplit(served).netloc
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("POST", "/api/v1/generate", HOSTILE[name], {"authorization": "Bearer k", "content-type": "application/json"})  # fmt: skip
    answer = connection.getresponse()

    assert answer.status == 400 and b"Traceback" not in answer.read()
    connection.close()


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_an_unknown_content_type_is_400(served, kind):
    """Only JSON is an order."""
    status, _, body = ask(served, "/api/v1/generate", ORDER, **{"content-type": kind})

    assert status == 400 and json.loads(body)["code"] == -1


def test_a_hundred_megabytes_are_refused(served):
    """400 or a closed connection, and the server lives on."""
    host, port = urllib.parse.urlsplit(served).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = "POST /api/v1/generate HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n\r\n"
        connection.sendall(head.encode())
        try:
            for _ in range(100):
                connection.sendall(bytes(1 << 20))
            answer = connection.recv(4096)
        except OSError:
            answer = b""
    assert answer == b"" or b" 400 " in answer.splitlines()[0]
    assert ask(served, "/api/v1/task/x")[0] == 404


def test_every_fault_is_documented():
    """docs/sandbox.md has a line with an example for each."""
    text = (ROOT / "docs" / "sandbox.md").read_text()

    assert all(f"`{name}" in text for name in (*OF_AN_ANSWER, *OF_AN_ORDER, "429"))
    assert all(f"`{name}`" in text for name in SHAPES)


def test_curl_alone_can_do_the_whole_job(home, free_port):
    """The session of docs/sandbox.md, as it stands there."""
    text = (ROOT / "docs" / "sandbox.md").read_text()
    session = text.split("<!-- session -->\n```sh\n")[1].split("```")[0]
    command = [*PIOOY, "sandbox", "serve", "--port", str(free_port), "--speed", "100"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline()
    script = session.replace("8787", str(free_port))
    ran = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    process.terminate()
    process.communicate()

    assert ran.returncode == 0, ran.stderr
    assert Path("fox.png").read_bytes().startswith(b"\x89PNG")


def test_a_log_has_whole_lines(serve):
    """Each is JSON, while requests come at once."""
    url = serve("--log", "log")
    workers = [subprocess.Popen([sys.executable, "-c", f"import urllib.request\nfor n in range(30):\n try: urllib.request.urlopen('{url}/api/v1/task/x')\n except Exception: pass"]) for _ in range(3)]  # fmt: skip
    for worker in workers:
        worker.wait()
    wait_for(lambda: len(Path("log").read_text().splitlines()) == 91)
    start, *lines = map(json.loads, Path("log").read_text().splitlines())

    assert start["event"] == "start" and {line["status"] for line in lines} == {401}


def test_no_limits_by_itself():
    """A sandbox takes what it gets."""
    assert exceeded_limit(RequestLimits(), 0, [0.0] * 99, [9.0] * 99) is None


def test_an_answer_that_was_announced_is_cut_too(serve):
    """`Expect: 100-continue`, which curl sends by itself before a large order."""
    url = serve("--faults", "generate/drop-after-accept@1", "--log", "log")
    order = json.dumps(
        ORDER | {"options": {"image_input": ["data:image/png;base64," + "A" * 1_500_000]}}
    )
    Path("order").write_text(order)
    command = [
        "curl",
        "-sS",
        "-i",
        f"{url}/api/v1/generate",
        "-H",
        "Authorization: Bearer k",
        "-H",
        "Content-Type: application/json",
        "-H",
        "Expect: 100-continue",
        "--data-binary",
        "@order",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.returncode in (52, 56) and "taskId" not in ran.stdout and "x-piooy" not in ran.stdout
    wait_for(lambda: '"charge"' in Path("log").read_text())


@pytest.mark.parametrize("fault", ["hang", "drip:20ms", "slow:30s"])
def test_it_stops_at_once_and_quietly(home, fault):
    """SIGTERM in the middle of an answer: within two seconds, and nothing on stderr."""
    command = [*PIOOY, "sandbox", "serve", "--port", "0", "--faults", fault]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    url = process.stderr.readline().split("PIOOY_BASE_URL=")[1].split()[0]
    host, port = urllib.parse.urlsplit(url).netloc.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"GET /api/v1/task/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n\r\n"
        )
        time.sleep(0.3)
        start = time.monotonic()
        process.terminate()
        _, err = process.communicate(timeout=10)

    assert (process.returncode, err) == (0, "")
    assert time.monotonic() - start < 3


def test_clients_that_leave_leave_nothing(serve, home):
    """Forty that send an order and go: no connection of theirs stays behind the relay."""
    url = serve("--faults", "generate/hang@1+")
    host, port = urllib.parse.urlsplit(url).netloc.split(":")
    (pid,) = [path.name for path in Path("/proc").glob("[0-9]*") if port_of(path) == port] or [None]
    if pid is None:
        pytest.skip("no /proc here")
    before = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    for _ in range(40):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"POST /api/v1/generate HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"
            )
    time.sleep(0.5)  # they have all arrived by now
    wait_for(lambda: len(list(Path(f"/proc/{pid}/fd").iterdir())) <= before + 2)


def port_of(process):
    """The port that a sandbox of this test serves, by the log that it was given; None for others."""
    import os

    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        mine = (process / "cwd").resolve() == Path.cwd().resolve() and b"serve" in words
    except OSError:
        return None
    return (
        urllib.parse.urlsplit(os.environ["PIOOY_BASE_URL"]).netloc.split(":")[1] if mine else None
    )


def test_the_first_fault_in_the_list_is_the_one(serve):
    """Whatever kind the others are."""
    assert ask(serve("--faults", "500,drop-before"), "/api/v1/task/x")[0] == 500
    assert ask(serve("--faults", "html,truncate"), "/api/v1/task/x")[2].endswith(b"</h1>")


def test_a_silence_with_an_end_is_answered(serve):
    """`hang:300ms` is late, not lost."""
    start = time.monotonic()

    assert ask(serve("--faults", "hang:300ms"), "/api/v1/task/x")[0] == 404
    assert time.monotonic() - start > 0.3


def test_two_servers_of_one_state_and_seed_take_turns(serve):
    """No id is given twice, and no order is lost."""
    one, two = (serve("--seed", "a", "--state", "state") for _ in range(2))
    answers = [ask(url, "/api/v1/generate", ORDER) for url in (one, two, one, two)]

    assert [status for status, _, _ in answers] == [200] * 4
    assert len({json.loads(body)["data"]["taskId"] for _, _, body in answers}) == 4


def test_a_preflight_is_no_order(serve):
    """It is counted for no fault."""
    url = serve("--faults", "drop-after-accept@1")
    host = urllib.parse.urlsplit(url).netloc
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.request("OPTIONS", "/api/v1/generate")

    assert connection.getresponse().status == 204
    connection.close()
    assert ask(url, "/api/v1/generate", ORDER)[0] in ("RemoteDisconnected", "ConnectionResetError")


@pytest.mark.parametrize(
    ("asked", "status", "got"),
    [
        ("bytes=0-3", 206, 4),
        ("bytes=-5", 206, 5),
        ("bytes=5-2", 200, None),
        ("bytes=-", 200, None),
        ("bytes=99999999-", 416, 0),
        ("apples=1-2", 200, None),
    ],
)
def test_ranges(served, asked, status, got):
    """As RFC 9110 has them: what is no range is ignored."""
    path = asset_of(served)
    whole = ask(served, path)[2]
    found, _, body = ask(served, path, range=asked)

    assert found == status and len(body) == (len(whole) if got is None else got)


def test_what_is_no_address_is_an_envelope(served):
    """404 and 405 too."""
    assert [
        json.loads(ask(served, path)[2])["code"]
        for path in ("/nowhere", "/api/v1/generate", "/api/v1/generate/")
    ] == [-1, -1, -1]


def test_a_recording_keeps_its_form_whatever_the_key_is(serve, piooy, monkeypatch):
    """A short key is a word and stays; a long one is taken out of text, address and bytes."""
    serve()
    for key in ("status", 'long"key\\0123'):
        monkeypatch.setenv("PIOOY_API_KEY", key)
        ran = piooy(
            "generate", "image", "-m", "m", f"the key is {key}", "-o", "o/", "--record", "rec"
        )
        assert ran.code == 0, ran.err
    lines = [json.loads(line) for line in Path("rec").read_text().splitlines()]

    assert all({"method", "url", "status", "body"} <= {*line} for line in lines)
    assert 'long"key' not in Path("rec").read_text().replace('\\\\"', '"').replace('\\"', '"')

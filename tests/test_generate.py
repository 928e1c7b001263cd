"""`piooy generate`: what is sent, what is printed, and what a lost answer costs."""

import json
import re
import socket
import time

import pytest
from conftest import QUICK
from servers import (
    PNG,
    TASK,
    accepted,
    answer,
    expect_look,
    expect_order,
    orders,
    read_request,
    task,
)

from piooy_cli.concurrency.limits import Limits

GENERATE = ("generate", "image", "-m", "nano-banana-pro")


def test_saves_the_picture_and_prints_its_path(piooy, sandbox, home):
    """The whole road: the file is on disk, whole, and its path alone is on stdout."""
    ran = piooy(*GENERATE, "a red fox", "-o", "out")

    (path,) = ran.lines
    assert ran.code == 0
    assert path.startswith("out/a-red-fox-") and path.endswith("-1.png")
    assert (home / path).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("media", "model", "magic"),
    [
        ("video", "veo-3-1", b"ftyp"),
        ("music", "suno-v5", b"WAVE"),
        ("character", "sora-character", b"PNG"),
    ],
)
def test_saves_each_media_type(piooy, sandbox, home, media, model, magic):
    """Video, music and character arrive as what they are."""
    ran = piooy("generate", media, "-m", model, "dusk")

    assert ran.code == 0
    assert magic in (home / ran.lines[0]).read_bytes()[:16]


def test_no_wait_prints_the_id_alone(piooy, api):
    """A script gets the task id, and no look is spent."""
    expect_order(api)

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert (ran.code, ran.out) == (0, f"{TASK}\n")
    assert len(api.log) == 1


def test_no_download_prints_the_id_of_a_task_that_succeeded(piooy, sandbox, home):
    """The id comes once the task is done, and nothing is saved."""
    ran = piooy(*GENERATE, "--no-download", "x")

    assert ran.code == 0
    assert len(ran.lines) == 1
    assert list(home.iterdir()) == []


def test_sends_exactly_the_contract(piooy, api):
    """The body has the contract's fields and no other, with values of the type that was given."""
    expect_order(api)

    piooy(
        *GENERATE, "--no-wait", "-a", "16:9", "-r", "2K", "--duration", "5", "--seed", "7",
        "-O", "duration=5", "-O", "n:=2", "-O", 'model_params:={"web_search":true,"deep":[1,{"a":null}]}',
        "a fox",
    )  # fmt: skip

    assert orders(api) == [
        {
            "provider": "evolink",
            "mediaType": "image",
            "model": "nano-banana-pro",
            "scene": "text-to-image",
            "prompt": "a fox",
            "options": {
                "duration": 5,
                "n": 2,
                "model_params": {"web_search": True, "deep": [1, {"a": None}]},
                "aspect_ratio": "16:9",
                "resolution": "2K",
                "seed": 7,
            },
        }
    ]


def test_no_options_means_no_options_field(piooy):
    """What was not asked for is not sent."""
    ran = piooy(*GENERATE, "--dry-run", "a fox")

    assert set(json.loads(ran.out)) == {"provider", "mediaType", "model", "scene", "prompt"}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (["-O", "duration:=5"], {"duration": 5}),
        (["-O", "duration=5"], {"duration": "5"}),
        (["-O", "a=b=c"], {"a": "b=c"}),
        (["-O", "a="], {"a": ""}),
        (["-O", "x:=null"], {"x": None}),
        (["-O", "x:=[1,2.5,true]"], {"x": [1, 2.5, True]}),
        (["--duration", "2.5"], {"duration": 2.5}),
        (["-O", "seed=1", "--seed", "2"], {"seed": 2}),
    ],
    ids=str,
)
def test_options_keep_their_types(piooy, given, sent):
    """`KEY=VALUE` is text, `KEY:=JSON` is what it says, and named options win."""
    ran = piooy(*GENERATE, "--dry-run", *given, "x")

    assert json.loads(ran.out)["options"] == sent


@pytest.mark.parametrize(
    ("arguments", "scene", "options"),
    [
        (["image", "x"], "text-to-image", None),
        (["image", "-i", "https://e.com/a.png", "x"], "image-to-image", {"image_input": ["https://e.com/a.png"]}),
        (["video", "x"], "text-to-video", None),
        (["video", "-i", "https://e.com/a.png", "x"], "image-to-video", {"image_input": ["https://e.com/a.png"]}),
        (["video", "--video", "https://e.com/a.mp4", "x"], "video-to-video", {"video_input": ["https://e.com/a.mp4"]}),
        (["character", "--video", "https://e.com/a.mp4"], "character-creation", {"video_url": "https://e.com/a.mp4"}),
        (["music", "x"], "text-to-music", None),
        (["music", "--instrumental", "--title", "T", "x"], "text-to-music", {"title": "T", "instrumental": True}),
        (["image", "--scene", "image-to-image", "x"], "image-to-image", None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_scene_follows_from_media_and_references(piooy, arguments, scene, options):
    """No one has to name the scene."""
    ran = piooy("generate", *arguments, "-m", "m", "--dry-run")

    request = json.loads(ran.out)
    assert (request["scene"], request.get("options")) == (scene, options)


def test_prompt_may_begin_with_a_dash(piooy):
    """After `--` everything is a prompt."""
    ran = piooy(*GENERATE, "--dry-run", "--json", "--", "-5 degrees")

    assert json.loads(ran.out)["prompt"] == "-5 degrees"


def test_prompt_from_stdin_and_file_is_exact(piooy, home):
    """Bytes are sent as they are, less one trailing newline."""
    (home / "p.txt").write_bytes("  zwei\t Füchse\n\n".encode())

    from_file = piooy(*GENERATE, "--dry-run", "-f", "p.txt")
    from_stdin = piooy(*GENERATE, "--dry-run", stdin="  zwei\t Füchse\n\n")
    dash = piooy(*GENERATE, "--dry-run", "-", stdin="a\r\n")

    assert json.loads(from_file.out)["prompt"] == "  zwei\t Füchse\n"
    assert from_stdin.out == from_file.out
    assert json.loads(dash.out)["prompt"] == "a"


def test_a_prompt_as_argument_leaves_stdin_alone(piooy, api, monkeypatch):
    """`while read` loops are safe."""
    import sys

    expect_order(api)
    ran = piooy(*GENERATE, "--no-wait", "x", stdin="the next line of the loop\n")

    assert ran.code == 0
    assert sys.stdin.buffer.read() == b"the next line of the loop\n"


def test_options_file_lies_below_named_options(piooy, home):
    """File, then -O, then named options: later wins."""
    (home / "o.json").write_text('{"seed": 1, "style": "noir", "n": 3}')

    ran = piooy(
        *GENERATE, "--dry-run", "--options", "o.json", "-O", "style=pop", "--seed", "9", "x"
    )

    assert json.loads(ran.out)["options"] == {"seed": 9, "style": "pop", "n": 3}


def test_config_gives_model_provider_and_options(piooy):
    """A default model makes `-m` unnecessary; the catalogue's provider wins over the setting."""
    piooy("config", "set", "model.image", "my/Own.Model")
    piooy("config", "set", "provider", "pearktrue")
    piooy("config", "set", "options.image.resolution", "4K")

    own = json.loads(piooy("generate", "image", "--dry-run", "x").out)
    known = json.loads(piooy(*GENERATE, "--dry-run", "x").out)

    assert (own["model"], own["provider"], own["options"]) == (
        "my/Own.Model",
        "pearktrue",
        {"resolution": "4K"},
    )
    assert known["provider"] == "evolink"


def test_inline_sends_a_local_file(piooy, home):
    """`--inline` puts the file into the request, typed by its bytes."""
    (home / "a.jpeg").write_bytes(PNG)

    ran = piooy(*GENERATE, "--dry-run", "--inline", "-i", "a.jpeg", "x")

    assert json.loads(ran.out)["options"]["image_input"][0].startswith(
        "data:image/png;base64,iVBORw0K"
    )


def test_count_sends_so_many_orders(piooy, api):
    """`-n 3` is three tasks, each with its id."""
    expect_order(api)

    ran = piooy(*GENERATE, "--no-wait", "-n", "3", "x")

    assert (ran.code, len(ran.lines), len(orders(api))) == (0, 3, 3)


def test_more_than_ten_need_a_word(piooy, api):
    """Off a terminal eleven paid tasks are refused, unless `--yes` says that they are meant."""
    expect_order(api)

    refused = piooy(*GENERATE, "--no-wait", "-n", "11", "x")
    meant = piooy(*GENERATE, "--no-wait", "-n", "11", "--yes", "x")

    assert refused.code == 2 and "--yes" in refused.err
    assert (meant.code, len(orders(api))) == (0, 11)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["x"], 2, "no model for image"),
        (["-m", "m", ""], 2, "the prompt is empty"),
        (["-m", "m", "  \n"], 2, "the prompt is empty"),
        (["-m", "m", "-O", "novalue", "x"], 2, "novalue"),
        (["-m", "m", "-O", "a:={broken", "x"], 2, "--option a:="),
        (["-m", "m", "-O", "a:=NaN", "x"], 2, "NaN"),
        (["-m", "m", "--options", "missing.json", "x"], 14, "missing.json"),
        (["-m", "m", "-f", "missing.txt"], 14, "missing.txt"),
        (["-m", "m", "-f", "a.txt", "x"], 2, "--prompt-file"),
        (["-m", "m", "-i", "cat.png", "x"], 2, "no upload"),
        (["-m", "m", "--inline", "-i", "cat.png", "x"], 14, "cat.png"),
        (["-m", "m", "--timeout", "abc", "x"], 2, "--timeout"),
        (["-m", "m", "--timeout", "0", "x"], 2, "--timeout"),
        (["-m", "m", "--timeout", "-1", "x"], 2, "--timeout"),
        (["-m", "m", "--count", "0", "x"], 2, "--count"),
        (["-m", "m", "--count", "1e3", "x"], 2, "--count"),
        (["-m", "m", "--count", "٣", "x"], 2, "--count"),
        (["-m", "m", "--seed", "²", "x"], 2, "--seed"),
        (["-m", "m", "--duration", "nan", "x"], 2, "--duration"),
        (["-m", "m", "-o", "{nope}", "x"], 2, "{nope}"),
        (["-m", "m", "nul\0byte"], 2, "NUL"),
        (["-m", "m", "bad\udc80byte"], 2, "not UTF-8"),
        (["-m", "m", "--nonsense", "x"], 2, "--nonsense"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_input_sends_nothing(piooy, api, arguments, code, told):
    """One to three clear lines, the right code, and no request."""
    ran = piooy("generate", "image", *arguments)

    assert (ran.code, ran.out, api.log) == (code, "", [])
    assert told in ran.err
    assert 1 <= len(ran.err.splitlines()) <= 3


def test_broken_options_json_is_refused(piooy, api, home):
    """A file that is no JSON, and one that is no object."""
    (home / "a.json").write_text("{")
    (home / "b.json").write_text("[1]")

    assert piooy(*GENERATE, "--options", "a.json", "x").code == 2
    assert piooy(*GENERATE, "--options", "b.json", "x").code == 2
    assert api.log == []


def test_a_megabyte_of_prompt_is_refused(piooy, api):
    """No model reads it; nothing is sent."""
    ran = piooy(*GENERATE, stdin="x" * 1_000_000)

    assert (ran.code, api.log) == (2, [])
    assert "bytes" in ran.err


def test_invalid_utf8_on_stdin_names_the_byte(piooy, api):
    """The offset is reported, and nothing is sent."""
    ran = piooy(*GENERATE, stdin=b"abc\xff")

    assert (ran.code, api.log) == (2, [])
    assert "byte 3" in ran.err


def test_no_key_sends_nothing(piooy, api, monkeypatch):
    """Exit 4, and the ways to give one."""
    monkeypatch.delenv("PIOOY_API_KEY")

    ran = piooy(*GENERATE, "x")

    assert (ran.code, api.log) == (4, [])
    assert "PIOOY_API_KEY" in ran.err and "config set-key" in ran.err


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"code": 401, "message": "Unauthorized"}, 4),
        (200, {"code": -1, "message": "no auth, please sign in"}, 4),
        (402, {"error": {"message": "balance"}}, 7),
        (200, {"code": -1, "message": "insufficient credits"}, 7),
        (200, {"code": -1, "message": "concurrent task limit reached (3). Please wait"}, 7),
        (200, {"code": -1, "message": "invalid scene"}, 5),
        (400, {"code": -1, "message": "model not found: x"}, 5),
        (403, {"code": -1, "message": "forbidden"}, 5),
        (404, {}, 5),
        (413, {}, 5),
        (422, {"msg": "no"}, 5),
    ],
    ids=str,
)
def test_refused_for_good(piooy, api, status, body, code):
    """One POST, nothing charged, the service's reason in one line."""
    expect_order(api, body, status=status)

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert (ran.code, ran.out, len(api.log)) == (code, "", 1)
    assert "nothing was charged" in ran.err


@pytest.mark.parametrize("status", [300, 302, 408, 409, 425, 500, 502, 503, 504])
def test_doubtful_status_is_unknown_and_never_resent(piooy, api, status):
    """Exit 11 after exactly one POST."""
    expect_order(api, response_data=b"oops", status=status)

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert (ran.code, ran.out, len(api.log)) == (11, "", 1)
    assert "piooy will not resend it automatically" in ran.err


@pytest.mark.parametrize("status", [307, 308])
def test_a_moved_endpoint_is_not_followed(piooy, api, httpserver, status):
    """The body, and the key, go nowhere else."""
    headers = {"location": httpserver.url_for("/elsewhere")}
    expect_order(api, response_data=b"", status=status, headers=headers)

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert (ran.code, [request.path for request, _ in api.log]) == (5, ["/api/v1/generate"])


@pytest.mark.parametrize(
    "body",
    [
        b"<html>login</html>",
        b"",
        b'{"code":0,"data":{"taskId"',
        b"[]",
        b"null",
        b'{"code":0,"message":"ok"}',
        b'{"code":0,"data":{"taskId":null}}',
        b'{"code":0,"data":{"taskId":12.5}}',
        b'{"code":0,"data":{"taskId":["a"]}}',
        b'{"code":0,"data":{"taskId":"../x"}}',
        b'{"code":0,"data":[]}',
        b"[" * 100_000,
        b'{"code":0,"data":{"taskId":NaN}}',
        b'{"code":1e999}',
        b"\xff\xfe",
        b'{"code":0,"data":{"taskId":"' + b"a" * 10_000 + b'"}}',
    ],
    ids=lambda body: repr(body[:36]),
)
def test_an_answer_without_a_task_is_unknown(piooy, api, body):
    """Whatever was said, no task is named, so no one can know."""
    expect_order(api, response_data=body)

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert (ran.code, ran.out, len(api.log)) == (11, "", 1)
    assert len(ran.err.splitlines()) <= 4 and "Traceback" not in ran.err


def test_a_paid_handle_is_never_dropped(piooy, api):
    """An error that names a task all the same is adopted, with a warning."""
    expect_order(api, {"code": -1, "message": "odd", "data": {"taskId": TASK}})

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert (ran.code, ran.out) == (0, f"{TASK}\n")
    assert "odd" in ran.err


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"taskId": "a1"}, "a1"),
        ({"id": "b2"}, "b2"),
        ({"taskId": "task-unified-1", "id": TASK}, TASK),
        ({"taskId": TASK, "id": "row-7"}, TASK),
    ],
    ids=str,
)
def test_the_id_that_polls(piooy, api, data, wanted):
    """`taskId`, unless only `id` is a UUID: then `taskId` is the provider's."""
    expect_order(api, {"code": 0, "data": data})

    assert piooy(*GENERATE, "--no-wait", "x").out == f"{wanted}\n"


@pytest.mark.parametrize("headers", [{"Retry-After": "1"}, {}, {"Retry-After": "²"}], ids=str)
def test_429_is_sent_again(piooy, api, headers):
    """Nothing was accepted, so it is sent again, and charged once."""
    busy = api.expect_ordered_request("/api/v1/generate", method="POST")
    busy.respond_with_json({"error": "too_many_requests"}, status=429, headers=headers)
    api.expect_ordered_request("/api/v1/generate", method="POST").respond_with_json(accepted())

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert (ran.code, ran.out, len(api.log)) == (0, f"{TASK}\n", 2)


def test_429_for_ever_gives_up(piooy, api):
    """After eight tries: exit 7, nothing charged."""
    expect_order(api, {}, status=429)

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert (ran.code, len(api.log)) == (7, 8)


def test_a_longer_wish_than_the_time_left_gives_up_at_once(piooy, api):
    """The server asks for a minute, the user has ten seconds."""
    expect_order(api, {}, status=429, headers={"Retry-After": "60"})

    ran = piooy(*GENERATE, "--no-wait", "--timeout", "10s", "x")

    assert (ran.code, len(api.log)) == (7, 1)
    assert "60 s" in ran.err


def test_nobody_listening_is_network_and_costs_nothing(piooy, raw):
    """Connection refused four times, then exit 10 with `nothing was sent`."""
    raw(read_request).close()

    ran = piooy(*GENERATE, "x")

    assert ran.code == 10
    assert "nothing was sent" in ran.err


def test_an_unknown_host_is_network(piooy, api, monkeypatch):
    """Exit 10, nothing was sent."""
    monkeypatch.setenv("PIOOY_BASE_URL", "https://nope.invalid")

    assert piooy(*GENERATE, "x").code == 10


@pytest.mark.parametrize(
    "behave",
    [
        lambda c: read_request(c),
        lambda c: (read_request(c), c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")),
        lambda c: (read_request(c), c.sendall(b"HTTP/1.1 999 Odd\r\n\r\n")),
        lambda c: (read_request(c), c.sendall(b"nonsense\r\n\r\n")),
        lambda c: (read_request(c), c.sendall(answer(b"\x1f\x8b\x08", "200 OK", "content-encoding: gzip"))),
        lambda c: (read_request(c), [c.sendall(b"HTTP/1.1 100 Continue\r\n\r\n") for _ in range(100_000)]),
        lambda c: (read_request(c), c.recv(1)),
        lambda c: (read_request(c), c.sendall(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000)),
    ],
    ids=["FIN", "truncated", "999", "nonsense", "gzip", "100 for ever", "silence", "header flood"],
)  # fmt: skip
def test_a_lost_answer_is_unknown_and_sent_once(piooy, raw, behave):
    """Exit 11, one connection, no second POST."""
    server = raw(behave)

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert (ran.code, ran.out, server.connections) == (11, "", 1)
    assert "Traceback" not in ran.err


def test_an_endless_answer_is_cut(piooy, raw):
    """300 MB are not read, only a little more than 1 MiB."""
    sent = 0

    def flood(connection):
        nonlocal sent
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 300000000\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)
            sent += 65536

    raw(flood)

    assert piooy(*GENERATE, "--no-wait", "x").code == 11
    assert sent < 20_000_000


def test_an_early_refusal_counts(piooy, raw, home):
    """413 while the body is still on its way is an answer, not a doubt."""
    (home / "big.png").write_bytes(PNG + bytes(9_000_000))

    def refuse(connection):
        connection.recv(1000)
        connection.sendall(answer(b'{"code":-1,"message":"too large"}', "413 Too Large"))
        while connection.recv(1 << 20):
            pass

    raw(refuse)

    ran = piooy(*GENERATE, "--no-wait", "--inline", "-i", "big.png", "x")

    assert ran.code == 5
    assert "too large" in ran.err


def test_a_failed_task_is_exit_5_with_a_harmless_reason(piooy, api):
    """The service's message is shown in one line, without its escape codes."""
    expect_order(api)
    evil = {
        "error": {
            "code": "content_policy",
            "message": "no\n\x1b]0;pwned\x07[red]\u202e" + "x" * 1_000_000,
        }
    }
    expect_look(api, task("FAILED", evil))

    ran = piooy(*GENERATE, "x")

    assert (ran.code, ran.out) == (5, "")
    assert "content_policy" in ran.err and "[red]" in ran.err and "\\x1b" in ran.err
    assert "\x1b" not in ran.err and "\u202e" not in ran.err and len(ran.err) < 10_000


def test_success_without_files_is_its_own_outcome(piooy, api):
    """It is read again, once with refresh=1, and then told as exit 12."""
    expect_order(api)
    expect_look(api, task("SUCCESS", {"status": "completed"}))

    ran = piooy(*GENERATE, "x")

    assert (ran.code, ran.out) == (12, "")
    assert [request.query_string for request, _ in api.log][-1] == b"refresh=1"
    assert "but has no files" in ran.err


def test_files_that_come_late_are_found(piooy, api):
    """SUCCESS first without, then with its file."""
    expect_order(api)
    url = api.url_for("/f.png")
    expect_look(api, task("SUCCESS"), task("SUCCESS", {"results": [url]}))
    api.expect_request("/f.png").respond_with_data(PNG)

    assert piooy(*GENERATE, "x").code == 0


def test_an_error_is_read_again_before_it_is_believed(piooy, api):
    """ERROR may be passing."""
    expect_order(api)
    expect_look(
        api,
        task("ERROR"),
        task("PROCESSING"),
        task("SUCCESS", {"results": [api.url_for("/f.png")]}),
    )
    api.expect_request("/f.png").respond_with_data(PNG)

    assert piooy(*GENERATE, "x").code == 0


def test_a_new_task_may_be_unknown_for_a_moment(piooy, api):
    """404 right after the order has its grace."""
    from werkzeug.wrappers import Response

    expect_order(api)
    missing = Response('{"code":-1,"message":"task not found"}', 404)
    expect_look(api, missing, missing, task("SUCCESS", {"results": [api.url_for("/f.png")]}))
    api.expect_request("/f.png").respond_with_data(PNG)

    assert piooy(*GENERATE, "x").code == 0


def test_the_time_limit_names_the_task(piooy, api):
    """Exit 3: it runs on, and the command that continues is printed."""
    expect_order(api)
    expect_look(api, task("PROCESSING"))

    ran = piooy(*GENERATE, "--timeout", "0.3s", "x")

    assert (ran.code, ran.out) == (3, "")
    assert f"piooy wait {TASK}" in ran.err


def test_an_output_that_cannot_be_written_is_found_before_paying(piooy, api, home):
    """The directory is tried first; nothing is sent."""
    (home / "taken").write_text("a file")

    ran = piooy(*GENERATE, "-o", "taken/out", "x")

    assert (ran.code, api.log) == (13, [])
    assert "taken/out" in ran.err


def test_json_prints_a_record_for_each_file(piooy, sandbox, home):
    """The record of the interface, one a line, its asset with path, size and hash."""
    import hashlib

    ran = piooy(*GENERATE, "--json", "-O", "n:=2", "a fox")

    assert sorted(record["assets"][0]["n"] for record in ran.json) == [1, 2]
    record = ran.json[0]
    assert list(record) == [
        "id", "status", "media_type", "scene", "provider", "model", "prompt", "options", "tags",
        "created_at", "settled_at", "error", "assets",
    ]  # fmt: skip
    (asset,) = record["assets"]
    content = (home / asset["path"]).read_bytes()
    assert (asset["kind"], asset["role"], asset["bytes"]) == ("image", "result", len(content))
    assert asset["sha256"] == hashlib.sha256(content).hexdigest()
    assert (record["status"], record["prompt"], record["options"]) == ("SUCCESS", "a fox", {"n": 2})


def test_json_errors_end_stderr_as_an_object(piooy, api):
    """The last line of stderr is the error, with its stable name."""
    expect_order(api, {"code": -1, "message": "insufficient credits"})

    ran = piooy(*GENERATE, "--json", "x")

    assert (ran.code, ran.out) == (7, "")
    assert (ran.error["code"], ran.error["exit"], ran.error["task_id"]) == ("limit", 7, None)


def test_some_of_several_failed(piooy, api):
    """Two of three orders are refused: each is named, exit 6, and the third's id is printed."""
    for body in (accepted(), {"code": -1, "message": "no"}, {"code": -1, "message": "no"}):
        api.expect_oneshot_request("/api/v1/generate", method="POST").respond_with_json(body)

    ran = piooy(*GENERATE, "--no-wait", "-n", "3", "x")

    assert (ran.code, len(ran.lines)) == (6, 1)
    assert ran.err.count("rejected the request") == 2 and "2 of 3 failed" in ran.err


def test_a_refused_key_stops_the_rest(piooy, api):
    """H: no further order is sent, and the reason is reported, not sixty times."""
    expect_order(api, {"code": -1, "message": "Unauthorized"}, status=401)

    ran = piooy(*GENERATE, "--no-wait", "-n", "60", "--yes", "x")

    assert ran.code == 4
    assert len(api.log) <= 8 and len(ran.err.splitlines()) <= 30


def test_stdout_takes_the_file_itself(piooy, sandbox, home):
    """`-o -`, as in download."""
    ran = piooy(*GENERATE, "-o", "-", "x")

    assert ran.code == 0
    assert ran.bytes.startswith(b"\x89PNG") and list(home.iterdir()) == []


def test_the_next_command_speaks_to_the_same_service(piooy, api, monkeypatch):
    """The options that chose it are in the hint."""
    url = api.url_for("").rstrip("/")
    monkeypatch.delenv("PIOOY_BASE_URL")
    expect_order(api)
    expect_look(api, task("PENDING"))

    ran = piooy("generate", "video", "-m", "x", "--timeout", "0.2s", "--base-url", url, "x")

    assert ran.code == 3
    assert f"to continue: `piooy --base-url {url} wait {TASK} --download`" in ran.err


def test_a_short_key_spoils_no_result(piooy, served, monkeypatch, home):
    """Hiding `any` would break every path with `many` in it."""
    monkeypatch.setenv("PIOOY_BASE_URL", served)
    monkeypatch.setenv("PIOOY_API_KEY", "any")

    ran = piooy(*GENERATE, "any fox", "-o", "many")

    assert ran.lines[0].startswith("many/any-fox-") and (home / ran.lines[0]).exists()


@pytest.mark.parametrize("option", ["-m", "--provider", "--scene"])
def test_names_that_are_no_text_are_refused(piooy, api, option):
    """A bad byte in argv is exit 2, not a traceback."""
    assert piooy("generate", "image", "-m", "m", option, "a\udcff", "x").code == 2
    assert api.log == []


@pytest.mark.parametrize("output", ["~nosuchuser/x", "a\0b"])
def test_paths_that_cannot_be_are_refused(piooy, api, output):
    """Exit 2 before anything is sent."""
    assert (piooy(*GENERATE, "-o", output, "x").code, api.log) == (2, [])


def test_an_empty_model_or_options_file_is_no_default(piooy, api):
    """An unset variable in a script must not pay for something else."""
    piooy("config", "set", "model.image", "m")

    assert piooy("generate", "image", "-m", "", "x").code == 2
    assert piooy("generate", "image", "--options", "", "x").code in (2, 14)
    assert api.log == []


@pytest.mark.parametrize("location", ["mailto:x", "data:foo", "x:y", "http:foo"])
@pytest.mark.parametrize(("status", "code"), [(302, 11), (307, 5)])
def test_where_a_redirect_leads_changes_nothing(piooy, api, location, status, code):
    """An address that is none does not turn a sent order into one that was not."""
    expect_order(api, response_data=b"", status=status, headers={"location": location})

    ran = piooy(*GENERATE, "x")

    assert (ran.code, len(api.log)) == (code, 1)
    assert "nothing was sent" not in ran.err


@pytest.mark.parametrize("body", [{"code": True}, {"code": "-1", "message": "no"}, {"error": "x"}])
def test_a_code_that_is_no_number_is_no_refusal(piooy, api, body):
    """What cannot be read as a refusal is in doubt."""
    expect_order(api, body)

    assert piooy(*GENERATE, "x").code == 11


def test_five_lost_answers_in_a_row_stop_the_rest(piooy, api):
    """The money at risk in an outage is five and what is in flight."""
    expect_order(api, response_data=b"", status=500)

    ran = piooy(*GENERATE, "--no-wait", "-n", "40", "--yes", "x")

    assert ran.code == 11
    assert 5 <= len(api.log) <= 13


def test_no_proxy_sees_what_goes_to_this_machine(piooy, sandbox, raw, monkeypatch):
    """The key over plain http never leaves the machine, whatever HTTP_PROXY says."""
    proxy = raw(read_request, is_api=False)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("ALL_PROXY", proxy.url)

    assert piooy(*GENERATE, "x").code == 0
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("look", "code"),
    [(({}, 307), 5), (({}, 401), 4), (({"message": "slow"}, 429), 3), (({}, 500), 3), (({"code": -1, "message": "could not be reached"}, 200), 3)],
    ids=str,
)  # fmt: skip
def test_whatever_happens_after_an_order_names_its_task(piooy, api, look, code):
    """A paid id is in every message, and in the record of the error."""
    from werkzeug.wrappers import Response

    expect_order(api)
    body, status = look
    expect_look(api, Response(json.dumps(body), status, {"Retry-After": "300"}))

    ran = piooy("-q", "--json", *GENERATE, "--timeout", "1", "x")

    assert ran.code == code
    assert ran.error["task_id"] == TASK and TASK in ran.error["message"] + ran.error["hint"]


def test_success_is_not_taken_back(piooy, api):
    """A failing second look at a success without files does not make it anything else."""
    from werkzeug.wrappers import Response

    expect_order(api)
    expect_look(api, task("SUCCESS"), Response("", 404))

    ran = piooy(*GENERATE, "x")

    assert ran.code == 12


def test_a_disk_that_fails_while_saving_names_the_task(piooy, api, home, monkeypatch):
    """The file can be had again, without a charge, by its id."""
    import shutil

    expect_order(api)
    expect_look(api, task("SUCCESS", {"results": [api.url_for("/f.png")]}))
    api.expect_request("/f.png").respond_with_data(PNG)
    usage = shutil.disk_usage(home)
    spaces = iter([usage.free])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=next(spaces, 1000)))

    ran = piooy(*GENERATE, "x")

    assert ran.code == 13
    assert f"piooy download {TASK}" in ran.err


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE"])
def test_certificates_are_read_only_where_there_is_tls(piooy, sandbox, monkeypatch, variable):
    """A wrong path does not matter on this machine, and is reported for https, before anything is sent."""
    monkeypatch.setenv(variable, "/nonexistent")

    assert piooy(*GENERATE, "x").code == 0
    ran = piooy(*GENERATE, "x", "--base-url", "https://127.0.0.1:9")
    assert ran.code == 2 and variable in ran.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ALL_PROXY", "socks://x"), ("HTTPS_PROXY", "nonsense://user:pw@x"), ("NO_PROXY", "[::1]")],
)
def test_proxy_variables_that_cannot_be_are_named(piooy, monkeypatch, variable, value):
    """Exit 2, the variable's name, and no password."""
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("PIOOY_API_KEY", "k" * 12)

    ran = piooy(*GENERATE, "x", "--base-url", "https://127.0.0.1:9")

    assert "Traceback" not in ran.err and "pw" not in ran.err
    assert ran.code in (2, 10) and (ran.code == 10 or variable in ran.err)


def test_doubt_says_when_and_what_can_be_done(piooy, api):
    """Exit 11: the time window, how far it got, and the three ways out, in at most three lines."""
    expect_order(api, response_data=b"<html>busy</html>", status=502)

    ran = piooy("-q", *GENERATE, "x")

    assert ran.code == 11
    assert "HTTP 502: <html>busy" in ran.err and "sent between 20" in ran.err
    assert "piooy history resolve @row:1 --adopt TASK_ID|--not-charged|--charged" in ran.err
    assert len(ran.err.splitlines()) <= 3


def slow_reader(rate, stop_after=None):
    """A server that reads an order at so many bytes a second, and perhaps no further than there."""

    def behave(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 262_144)
        data, length = b"", None
        while length is None or len(data) < length:
            if stop_after is not None and len(data) > stop_after:
                time.sleep(30)
                return
            piece = connection.recv(max(rate // 50, 1))
            if not piece:
                return
            data += piece
            if length is None and b"\r\n\r\n" in data:
                head, _, _ = data.partition(b"\r\n\r\n")
                length = len(head) + 4 + int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            time.sleep(0.02)
        answer = json.dumps(accepted()).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)

    return behave


def test_a_large_order_that_moves_steadily_arrives(piooy, raw, home):
    """Only a pause of the limit's length ends it, not the time that all of it takes."""
    raw(slow_reader(2_000_000))
    (home / "big.png").write_bytes(PNG + bytes(7_000_000))

    ran = piooy(
        *GENERATE, "--no-wait", "--inline", "-i", "big.png", "x",
        numbers=QUICK._replace(post_write=2, post_read=40, post_whole=50),
    )  # fmt: skip

    assert (ran.code, ran.lines) == (0, [TASK])


def test_a_server_that_stops_reading_leaves_an_order_in_doubt(piooy, raw, home):
    """Exit 11 after the limit, without waiting for the server any longer."""
    raw(slow_reader(2_000_000, stop_after=500_000))
    (home / "big.png").write_bytes(PNG + bytes(7_000_000))
    begun = time.monotonic()

    ran = piooy(*GENERATE, "--no-wait", "--inline", "-i", "big.png", "x")

    assert ran.code == 11 and time.monotonic() - begun < 10


@pytest.mark.soak
def test_ten_mebibytes_at_60_kilobytes_a_second(piooy, raw, home):
    """The promised size arrives over a slow line, with the limits that users get."""
    raw(slow_reader(60_000))
    (home / "big.png").write_bytes(PNG + bytes(10 * 1024 * 1024 - len(PNG)))

    ran = piooy(*GENERATE, "--no-wait", "--inline", "-i", "big.png", "x", numbers=Limits())

    assert (ran.code, ran.lines) == (0, [TASK])

"""`piooy task`: show the present status of tasks."""

import json

import pytest
from servers import TASK, expect_look, read_request, task
from werkzeug.wrappers import Response


def test_prints_four_fields_for_scripts(piooy, api):
    """Id, status, media type and model, separated by tabs."""
    expect_look(api, task("processing"))

    ran = piooy("task", TASK)

    assert (ran.code, ran.out) == (0, f"{TASK}\tPROCESSING\timage\tm\n")


def test_json_is_the_record(piooy, api):
    """Assets, and null for what is unknown."""
    expect_look(api, task("SUCCESS", {"results": ["https://cdn.example.com/a.png"]}))

    (record,) = piooy("task", TASK, "--json").json

    assert record["assets"] == [
        {
            "n": 1,
            "url": "https://cdn.example.com/a.png",
            "kind": "image",
            "role": "result",
            "path": None,
            "bytes": None,
            "sha256": None,
            "arrived_sha256": None,
            "delivered": None,
        }
    ]
    assert (record["id"], record["status"], record["prompt"], record["error"]) == (
        TASK,
        "SUCCESS",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("option", "query"), [("live", b"refresh=1"), ("assets", b"refresh=assets")]
)
def test_refresh(piooy, api, option, query):
    """`live` asks the provider, `assets` has the files stored."""
    expect_look(api, task())

    piooy("task", "--refresh", option, TASK)

    assert api.log[0][0].query_string == query


def test_raw_is_what_the_api_says(piooy, api):
    """The API's own data, nothing added."""
    expect_look(api, task("SUCCESS", {"odd": [1]}, costCredits=3))

    assert (
        json.loads(piooy("task", "--raw", TASK).out)
        == task("SUCCESS", {"odd": [1]}, costCredits=3)["data"]
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("SUCCESS", 0),
        ("completed", 0),
        ("FAILED", 5),
        ("ERROR", 5),
        ("canceled", 5),
        ("PENDING", 8),
        ("odd", 8),
    ],
)
def test_exit_status_tells_the_state(piooy, api, status, code):
    """Scripts branch on the exit code alone."""
    expect_look(api, task(status))

    assert piooy("task", "--exit-status", TASK).code == code
    assert piooy("task", TASK).code == 0


@pytest.mark.parametrize(
    "answer",
    [
        Response('{"code":-1,"message":"task not found"}', 404),
        {"code": -1, "message": "task not found"},
        Response("<html>", 404),
    ],
    ids=["404", "envelope", "page"],
)
def test_an_unknown_task_is_not_found(piooy, api, answer):
    """Exit 14, at once."""
    expect_look(api, answer)

    ran = piooy("task", TASK)

    assert (ran.code, len(api.log)) == (14, 1)
    assert TASK in ran.err


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Response("", 401), "rejected the key"),
        ({"code": -1, "message": "no auth, please sign in"}, "rejected the key"),
        (Response("", 403), "another key"),
        ({"code": -1, "message": "no permission"}, "another key"),
    ],
)
def test_a_key_that_does_not_fit(piooy, api, answer, told):
    """Exit 4; the task is not lost."""
    expect_look(api, answer)

    ran = piooy("task", TASK)

    assert ran.code == 4
    assert told in ran.err


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
def test_passing_trouble_is_read_through(piooy, api, status):
    """Reading is free, so it is tried again."""
    expect_look(api, Response("", status), {"code": 0}, Response("<html>"), task())

    assert piooy("task", TASK).code == 0


@pytest.mark.parametrize(
    "behave",
    [
        lambda c: read_request(c),
        lambda c: (read_request(c), c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<html></h")),
        lambda c: (read_request(c), c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 300000000\r\n\r\n" + b" " * 2_000_000)),
        lambda c: (read_request(c), c.sendall(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b\x08")),
    ],
    ids=["nothing", "HTML", "300 MB", "gzip"],
)  # fmt: skip
def test_a_server_that_is_no_api_is_network(piooy, raw, behave):
    """Four tries, then exit 10."""
    server = raw(behave)

    ran = piooy("task", TASK)

    assert (ran.code, ran.out, server.connections) == (10, "", 4)


def test_an_answer_for_another_task_is_none(piooy, api):
    """It is read again, and never shown as this one."""
    other = task("SUCCESS", id="11111111-2222-4333-8444-555555555555")
    expect_look(api, other, task("PENDING"))

    assert piooy("task", TASK).out.startswith(f"{TASK}\tPENDING")


@pytest.mark.parametrize("ref", ["a/b", "a?b", "a#b", "..", "a b", "ä", "a" * 129, ""])
def test_what_is_no_id_never_reaches_an_address(piooy, api, ref):
    """Exit 2, no request."""
    ran = piooy("task", ref)

    assert (ran.code, api.log) == (2, [])


@pytest.mark.parametrize("status", [None, 7, "", [], {}])
def test_a_status_that_is_no_word_is_still_running(piooy, api, status):
    """Nothing crashes on it."""
    expect_look(api, task(status))

    assert piooy("task", TASK).out.split("\t")[1] == "PENDING"


@pytest.mark.parametrize(
    "result", [None, [], "x", 7, {"results": 3}, "{broken", '"{}"', {"a": {"b": [None]}}], ids=repr
)
def test_any_result_can_be_shown(piooy, api, result):
    """Wrong types everywhere, no traceback."""
    expect_look(api, task("SUCCESS", result, mediaType=[1], model={"a": 1}, provider=None))

    assert piooy("task", TASK, "--json").code == 0


def test_one_of_several_is_unknown(piooy, api):
    """The others are shown, the unknown one is named, exit 14."""
    expect_look(api, task())
    api.expect_request("/api/v1/task/unknown-1").respond_with_json({}, status=404)

    ran = piooy("task", TASK, "unknown-1")

    assert (ran.code, len(ran.lines)) == (14, 1)
    assert "unknown-1" in ran.err


def test_names_and_words_of_the_server_are_harmless(piooy, api):
    """Control characters come out as escapes."""
    expect_look(api, task("SUCCESS", model="evil\x1b[31m\u202e\tname"))

    assert piooy("task", TASK).out == f"{TASK}\tSUCCESS\timage\tevil\\x1b[31m\\u202e name\n"


def test_explain_says_what_each_url_was_taken_for(piooy, api):
    """The JSON path, the file or why not, for a report."""
    urls = {name: f"https://cdn.example.com/{name}.png" for name in ("a", "cover", "in", "x")}
    result = {
        "url": urls["a"],
        "thumbnailUrl": urls["cover"],
        "image_input": urls["in"],
        "zebra": urls["x"],
    }
    expect_look(api, task(result=result))

    records = {one["path"]: one for one in piooy("task", "--explain", "--json", TASK).json}

    assert records["taskResult.url"]["taken"] == "result 1, image"
    assert records["taskResult.thumbnailUrl"]["taken"] == "cover 2, image"
    assert records["taskResult.image_input"]["why"] == "the key image_input names an input"
    assert (
        records["taskResult.zebra"]["taken"] == "ignored"
        and "zebra" in records["taskResult.zebra"]["why"]
    )

"""Cases that people reported about other tools of this kind, each tried on piooy."""

import json

import pytest
from servers import PNG, TASK, expect_look, expect_order, task

GENERATE = ("generate", "image", "-m", "m")


def rows_of(piooy, home, name, content):
    """What a manifest would send, and the exit code with what was said."""
    data = content if isinstance(content, bytes) else content.encode()
    (home / name).write_bytes(data)
    ran = piooy("batch", name, "-m", "mm", "--media", "image", "--dry-run")
    rows = [json.loads(line) for line in ran.lines]
    return [(row["prompt"], row["model"]) for row in rows], ran


FOXES = [("a red fox", "m"), ("a blue fox", "m")]
PLAIN = [("a red fox", "mm"), ("a blue fox", "mm")]


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("tab.tsv", "prompt\tmodel\na red fox\tm\na blue fox\tm\n", FOXES),
        ("tab.txt", "prompt\tmodel\na red fox\tm\na blue fox\tm\n", FOXES),
        ("pasted", "prompt\tmodel\r\na red fox\tm\r\na blue fox\tm\r\n", FOXES),
        ("semi.csv", "prompt;model\na red fox;m\na blue fox;m\n", FOXES),
        ("quoted.csv", '"prompt";"model"\n"a red fox";"m"\n"a blue fox";"m"\n', FOXES),
        ("sep.csv", "sep=;\nprompt;model\na red fox;m\na blue fox;m\n", FOXES),
        ("cr.csv", "prompt,model\ra red fox,m\ra blue fox,m\r", FOXES),
        ("cr.txt", "a red fox\ra blue fox\r", PLAIN),
        ("mixed.txt", "a red fox\ra blue fox\n", PLAIN),
        ("one.txt", "prompt\na red fox\na blue fox\n", PLAIN),
        ("spaces.csv", "prompt , model\na red fox, m\n a blue fox ,m \n", FOXES),
        ("zwsp.txt", "a red fox\n\u200b\n\ufeff\n\u00a0\n \t\n\u2800\n\u3164\na blue fox\n", PLAIN),
        ("midbom.txt", "\ufeffa red fox\n\ufeffa blue fox\n", PLAIN),
        ("midbom.jsonl", '\ufeff{"prompt":"a red fox"}\n\ufeff{"prompt":"a blue fox"}\n', PLAIN),
        ("hash.txt", "# one\na red fox\n#ffcc00\na blue fox\n", PLAIN),
        ("brackets.txt", "[cinematic] a red fox\na blue fox\n", [("[cinematic] a red fox", "mm"), PLAIN[1]]),
        ("commas.txt", "a red fox, a den, snow\na blue fox; running\n", [("a red fox, a den, snow", "mm"), ("a blue fox; running", "mm")]),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)  # fmt: skip
def test_a_manifest_is_read_as_it_was_meant(piooy, home, name, content, rows):
    """Separators, line ends, marks and blanks: the right rows, and none that nobody meant."""
    found, ran = rows_of(piooy, home, name, content)

    assert (found, ran.code) == (rows, 0), ran.err


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("again.csv", "prompt,model\na,m\nprompt,model\nb,m\n", "line 3: repeats the header"),
        ("sheet.xlsx", b"PK\x03\x04rest", "is a spreadsheet"),
        ("sheet.csv", b"PK\x03\x04rest", "is a spreadsheet"),
        ("old.csv", b"\xd0\xcf\x11\xe0rest", "is a spreadsheet"),
        ("cp1252.csv", "prompt\ncaf\xe9\n".encode("cp1252"), "save the manifest as UTF-8"),
        ("pretty.jsonl", '{\n  "prompt": "x"\n}\n', "`jq -c .`"),
        ("wide.csv", "prompt;model,media\na;m,image\n", "unknown column"),
        ("ghost.csv", "prompt,model\n\u200b,m\n", "the prompt is empty"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(piooy, api, home, name, content, reason):
    """Exit 2 with the cure, and nothing is sent."""
    rows, ran = rows_of(piooy, home, name, content)

    assert (rows, ran.code, api.log) == ([], 2, [])
    assert reason in ran.err


@pytest.mark.parametrize("separator", [",", ", ", ";", "; ", " ", "\n"])
def test_several_addresses_in_a_cell_are_several(piooy, home, separator):
    """In a table and in JSON; the address itself never ends in the separator."""
    urls = ["https://e.com/a.png?x=1,2", "https://e.com/b;c.png"]
    (home / "a.csv").write_text(f'prompt,images\nx,"{separator.join(urls)}"\n')
    (home / "a.jsonl").write_text(
        json.dumps({"prompt": "x", "images": separator.join(urls)}) + "\n"
    )
    for name in ("a.csv", "a.jsonl"):
        ran = piooy("batch", name, "-m", "m", "--media", "image", "--dry-run")
        assert json.loads(ran.lines[0])["options"]["image_input"] == urls


def test_several_addresses_in_one_option_are_refused(piooy, api):
    """Exit 2: each has an option of its own."""
    ran = piooy(*GENERATE, "-i", "https://e.com/a.png,https://e.com/b.png", "x")

    assert (ran.code, api.log) == (2, []) and "several URLs" in ran.err


@pytest.mark.parametrize("prompt", ["\u200b", "\ufeff", "\u2800 \u3164", "\u00ad"])
def test_a_prompt_that_nobody_can_see_is_empty(piooy, api, prompt):
    """Exit 2, in `generate` too."""
    assert (piooy(*GENERATE, prompt).code, api.log) == (2, [])


def test_a_byte_order_mark_is_never_part_of_a_text(piooy, home):
    """Files, stdin and lyrics; a UTF-16 file is named as one."""
    (home / "p.txt").write_bytes(b"\xef\xbb\xbfa fox\r\n")
    (home / "w.txt").write_bytes("a fox".encode("utf-16"))

    assert piooy(*GENERATE, "--dry-run", "-f", "p.txt").json[0]["prompt"] == "a fox"
    assert piooy(*GENERATE, "--dry-run", stdin=b"\xef\xbb\xbfa fox\n").json[0]["prompt"] == "a fox"
    music = piooy("generate", "music", "-m", "s", "--lyrics-file", "p.txt", "--dry-run", "x")
    assert music.json[0]["options"]["lyrics"] == "a fox"
    assert "is UTF-16" in piooy(*GENERATE, "-f", "w.txt").err


def test_ids_from_powershell_begin_with_a_mark(piooy, api):
    """It is not part of the first id."""
    expect_look(api, task(result={"results": ["https://e.com/a"]}))

    assert piooy("wait", stdin=b"\xef\xbb\xbf" + TASK.encode() + b"\r\n").lines == [TASK]


def asset(api, body, media="image", name="/f", **how):
    """A task with one file of these bytes."""
    expect_look(api, task(result={"results": [api.url_for(name)]}, mediaType=media))
    api.expect_request(name).respond_with_data(body, **how)


AUDIO_ONLY = (
    b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
    b"\x00\x00\x00\x38moov\x00\x00\x00\x30trak\x00\x00\x00\x28mdia\x00\x00\x00\x20hdlr"
    + bytes(8) + b"soun" + bytes(12) + b"\x00\x00\x00\x0cmdat\x00\x00\x00\x00"
)  # fmt: skip
AVIF = b"\x00\x00\x00\x1cftyp%s\x00\x00\x00\x00mif1avifmiaf" + bytes(40)


@pytest.mark.parametrize(
    ("body", "media", "ending"),
    [
        (AVIF.replace(b"%s", b"mif1"), "image", "avif"),
        (AVIF.replace(b"%s", b"miaf"), "image", "avif"),
        (AUDIO_ONLY, "music", "m4a"),
        (AUDIO_ONLY.replace(b"soun", b"vide"), "video", "mp4"),
        (b"\xff\x0a" + bytes(40), "image", "jxl"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(40), "image", "jxl"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(40), "image", "jp2"),
        (b"FORM\x00\x00\x00\x20AIFF" + bytes(40), "music", "aiff"),
        ((b"G" + bytes(187)) * 4, "video", "ts"),
    ],
)
def test_the_ending_is_what_the_container_holds(piooy, api, body, media, ending):
    """Compatible brands, tracks and rarer formats."""
    asset(api, body, media)

    assert piooy("download", TASK, "-o", "f.{ext}").lines == [f"f.{ending}"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"error code: 1020", "text instead of media"),
        ("Zugriff verweigert: später".encode(), "text instead of media"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\nhttps://e.com/1.ts\n", "an HLS playlist"),
    ],
)
def test_text_is_no_media(piooy, api, home, body, reason):
    """Exit 12, and no file."""
    asset(api, body, "video", content_type="video/mp4")

    ran = piooy("download", TASK, "-o", "out")

    assert ran.code == 12 and reason in ran.err
    assert not [path for path in (home / "out").rglob("*") if path.is_file()]


def test_bytes_of_no_known_kind_are_saved_with_a_word(piooy, api):
    """Encrypted bytes as audio: the file is kept, and it is said."""
    asset(api, bytes(range(128, 256)) * 9, "music")

    ran = piooy("download", TASK, "-o", "f.{ext}")

    assert ran.lines == ["f.bin"] and "not of a known media type" in ran.err


def test_an_input_is_never_saved_as_the_result(piooy, api):
    """Only the echoed input has an address: exit 12."""
    expect_look(api, task(result={"data": {"original_url": api.url_for("/in.png")}}))
    api.expect_request("/in.png").respond_with_data(PNG)

    assert (ran := piooy("download", TASK)).code == 12 and ran.lines == []


def test_a_file_under_an_unknown_key_is_saved_with_a_notice(piooy, api):
    """The JSON path is said, so that a user can report it."""
    expect_look(api, task(result={"zebra": [api.url_for("/a.png")]}))
    api.expect_request("/a.png").respond_with_data(PNG)

    ran = piooy("download", TASK)

    assert ran.code == 0 and "taskResult.zebra[0]" in ran.err


def test_a_numeric_id_is_an_id(piooy, api):
    """The task is polled, instead of being in doubt."""
    expect_order(api, {"code": 0, "data": {"taskId": 12345}})

    assert piooy(*GENERATE, "--no-wait", "x").lines == ["12345"]


SENTENCE = "the prompt names a real person"
FAILURES = {
    "error object": {"taskInfo": {"error": {"code": "policy", "message": SENTENCE}}},
    "error text": {"taskResult": {"error": SENTENCE}},
    "errorMessage": {"taskResult": {"errorCode": 7, "errorMessage": SENTENCE}},
    "failMsg": {"taskResult": {"failCode": "422", "failMsg": SENTENCE}},
    "Kling": {"taskResult": {"task_status": "failed", "task_status_msg": SENTENCE}},
    "MiniMax": {"taskResult": {"base_resp": {"status_code": 1026, "status_msg": SENTENCE}}},
    "failure_reason": {"taskResult": {"failure_reason": SENTENCE}},
    "failureCode": {"taskResult": {"failureCode": "SAFETY.INPUT.TEXT", "failure": SENTENCE}},
    "ErrMsg": {"taskResult": {"Response": {"ErrCode": 4, "ErrMsg": SENTENCE}}},
    "detail text": {"taskResult": {"detail": SENTENCE}},
    "detail list": {
        "taskResult": {"detail": [{"loc": ["body"], "msg": SENTENCE, "type": "value_error"}]}
    },
    "failReason": {"taskResult": {"failReason": SENTENCE}},
    "err_code": {"taskResult": {"err_code": 9, "err_msg": SENTENCE}},
    "error_message": {"taskResult": {"error_message": SENTENCE}},
    "errors list": {"taskResult": {"errors": [{"code": "x", "message": SENTENCE}]}},
    "errors of text": {"taskResult": {"errors": [SENTENCE]}},
    "Gemini block": {"taskResult": {"promptFeedback": {"blockReason": SENTENCE}}},
    "Gemini finish": {
        "taskResult": {"candidates": [{"finishReason": "IMAGE_SAFETY", "finishMessage": SENTENCE}]}
    },
    "raw_message": {"taskResult": {"error": {"raw_message": SENTENCE}}},
    "RFC 9457": {"taskResult": {"type": "about:blank", "status": 422, "title": SENTENCE}},
    "RFC 9457 with detail": {
        "taskResult": {"type": "https://e.com/p", "title": "No", "status": 422, "detail": SENTENCE}
    },
    "nested": {"taskResult": {"output": {"data": {"error": {"message": SENTENCE}}}}},
    "text in text": {"taskResult": json.dumps(json.dumps({"error": {"message": SENTENCE}}))},
    "beside it": {"failReason": SENTENCE},
    "message beside it": {"taskResult": {"state": "fail", "message": SENTENCE}},
    "msg": {"taskResult": {"code": 500, "msg": SENTENCE}},
    "reason": {"taskResult": {"moderation": {"flagged": True, "reason": SENTENCE}}},
    "description in an error": {"taskResult": {"error": {"type": "x", "description": SENTENCE}}},
    "a plain text": {"taskResult": SENTENCE},
    "no known key": {"taskResult": {"zebra": {"why": SENTENCE}}},
}


@pytest.mark.parametrize("shape", FAILURES)
def test_the_sentence_of_a_failure_is_told(piooy, api, shape):
    """Wherever the service puts it."""
    expect_look(api, task("FAILED", **FAILURES[shape]) if "taskResult" not in FAILURES[shape]
                else task("FAILED", FAILURES[shape]["taskResult"]))  # fmt: skip

    ran = piooy("wait", TASK)

    assert ran.code == 5 and SENTENCE in ran.err and "gave no reason" not in ran.err


@pytest.mark.parametrize(
    "shape",
    [
        one
        for one in FAILURES
        if "taskResult" in FAILURES[one]
        and one not in ("text in text", "no known key", "a plain text")
    ],
)
@pytest.mark.parametrize("status", [400, 200])
def test_the_sentence_of_a_refusal_is_told(piooy, api, shape, status):
    """Of a status of 4xx in any shape, and of an envelope whose code is not 0."""
    body = FAILURES[shape]["taskResult"]
    body = {"code": -1, "data": body} if status == 200 else body
    api.expect_request("/api/v1/generate", method="POST").respond_with_json(body, status=status)

    ran = piooy(*GENERATE, "x")

    assert ran.code == 5 and SENTENCE in ran.err


def test_the_prompt_is_not_taken_for_the_reason(piooy, api):
    """Nor is a title, or another field that is echoed."""
    expect_look(api, task("FAILED", {"prompt": "a message", "title": "My song"}, prompt="x"))

    ran = piooy("wait", TASK)

    assert (
        ran.code == 5
        and "ended FAILED: a message" not in ran.err
        and "FAILED: My song" not in ran.err
    )


@pytest.mark.parametrize(
    "word",
    ["EXPIRED", "TIMEOUT", "TIMED_OUT", "CONTENT_MODERATED", "Content Moderated", "request-moderated", "REJECTED", "banned", "FAILURE"],
)  # fmt: skip
def test_words_for_an_end_are_failures(piooy, api, word):
    """Exit 5 with the reason, instead of waiting to the end of the time."""
    expect_look(api, task(word, {"error": SENTENCE}))

    ran = piooy("wait", TASK, "--timeout", "20s")

    assert ran.code == 5 and SENTENCE in ran.err


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
        (429, {"error": {"type": "insufficient_quota", "message": "no"}}),
        (403, {"detail": "User is locked. Reason: Exhausted balance. Top up."}),
        (200, {"code": 1102, "message": "Account balance not enough"}),
        (400, {"error": {"code": "billing_hard_limit_reached", "message": "Billing hard limit"}}),
        (402, {"message": "pay"}),
    ],
)  # fmt: skip
def test_no_credit_is_said_at_once(piooy, api, status, body):
    """Exit 7 after one order: trying again cannot help."""
    api.expect_request("/api/v1/generate", method="POST").respond_with_json(body, status=status)

    ran = piooy(*GENERATE, "x")

    assert (ran.code, len(api.log)) == (7, 1) and "out of credits" in ran.err


def test_an_envelope_with_code_200_is_an_answer(piooy, api):
    """As services write that use the status once more."""
    expect_look(api, task(result={"results": ["https://e.com/a"]}) | {"code": 200})

    assert piooy("wait", TASK).lines == [TASK]

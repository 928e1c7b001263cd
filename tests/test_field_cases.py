"""Cases that people reported about other tools of this kind, each tried on piooy."""

import json
import random
import re
import time

import pytest
from conftest import QUICK
from servers import PNG, TASK, expect_look, expect_order, task
from werkzeug.wrappers import Response

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


@pytest.mark.parametrize("word", ["aws-chunked", "identity, aws-chunked", "utf-8", "none"])
def test_a_content_encoding_that_is_none_is_ignored(piooy, api, word):
    """Object storage sends back what an upload said; the bytes are what they are."""
    asset(api, PNG, headers={"Content-Encoding": word})

    assert piooy("download", TASK).code == 0


@pytest.mark.parametrize("word", ["gzip", "br", "zstd", "aws-chunked,gzip"])
def test_a_compression_is_still_refused(piooy, api, word):
    """It was not asked for, and a megabyte of it may be a gigabyte."""
    asset(api, PNG, headers={"Content-Encoding": word})

    assert piooy("download", TASK).code == 12


def jpeg():
    """A small picture."""
    import io

    from PIL import Image

    written = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(written, "JPEG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("body", "code"), [(jpeg() + b"trailer" * 9, 0), (jpeg()[:-40], 12), (jpeg(), 0)]
)
def test_bytes_behind_the_end_of_a_jpeg_are_no_damage(piooy, raw, api, body, code):
    """Without a length: whole with a trailer, and cut off without an end."""

    def behave(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)

    expect_look(api, task(result={"results": [f"{raw(behave, is_api=False).url}/a.jpg"]}))

    assert piooy("download", TASK).code == code


@pytest.mark.parametrize("status", [404, 403, 202, 204])
def test_a_file_that_comes_a_little_later_is_awaited(piooy, api, status):
    """The address answers so twice after SUCCESS, then with the file."""
    expect_order(api)
    expect_look(api, task(result={"results": [api.url_for("/late.png")]}))
    for _ in range(2):
        api.expect_oneshot_request("/late.png").respond_with_data(b"", status=status)
    api.expect_request("/late.png").respond_with_data(PNG)

    ran = piooy(*GENERATE, "x", numbers=QUICK._replace(asset_late=60, backoff_base=0.05))

    assert (ran.code, len(ran.lines)) == (0, 1)


@pytest.mark.parametrize("status", [201, 203])
def test_other_statuses_with_a_body_are_the_file(piooy, api, status):
    """203: a proxy on the way has transformed something."""
    asset(api, PNG, status=status)

    assert piooy("download", TASK).code == 0


@pytest.mark.parametrize(
    ("prompt", "name"),
    [("กินข้าวกับน้ำปลา", "กินข้าวกับน้ำปลา"), ("हिन्दी में लिखो", "हिन्दी-में-लिखो"), ("İstanbul at dusk", "i̇stanbul-at-dusk")],
)  # fmt: skip
def test_marks_stay_in_names(piooy, api, prompt, name):
    """Vowel signs and tones belong to their letters."""
    expect_look(api, task(result={"results": [api.url_for("/a.png")]}, prompt=prompt))
    api.expect_request("/a.png").respond_with_data(PNG)

    assert piooy("download", TASK, "-o", "{slug}.{ext}").lines == [f"{name}.png"]


@pytest.mark.parametrize(
    ("output", "path"),
    [("fox.png", "fox.png"), ("shots/fox.png", "shots/fox.png"), ("fox.jpg", "fox.png"), ("{id8}", "0b9e7f6a.png"),
     ("{id8}.jpg", "0b9e7f6a.png"), ("{id8}.v2", "0b9e7f6a.v2"), ("fox.d", "fox.d/image-0b9e7f6a-1.png"), ("there.png", "there.png/image-0b9e7f6a-1.png")],
)  # fmt: skip
def test_an_output_that_looks_like_a_file_is_one(piooy, api, home, output, path):
    """Its ending is what the bytes are; a directory of that name stays one."""
    (home / "there.png").mkdir()
    asset(api, PNG)

    assert piooy("download", TASK, "-o", output).lines == [path]


def test_an_output_of_a_row_is_below_that_of_the_command(piooy, sandbox, home):
    """A file name, or a directory; a permitted absolute path is where it says."""
    rows = [
        {"prompt": "a", "output": "same.png"},
        {"prompt": "b", "output": "sub/c.png"},
        {"prompt": "c", "output": str(home / "abs") + "/"},
    ]
    (home / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    ran = piooy("batch", "r.jsonl", "-m", "m", "--media", "image", "-o", "out", "--allow-row-paths")

    assert sorted(line.removeprefix(f"{home}/").split("-")[0] for line in ran.lines) == [
        "abs/c",
        "out/same.png",
        "out/sub/c.png",
    ]


@pytest.mark.parametrize("content", [b"some text", b"\x00\x00\x00\x18ftypisom" + bytes(40)])
def test_only_pictures_are_sent_as_pictures(piooy, api, home, content):
    """`--inline -i` with a text or a video: exit 2."""
    (home / "a.png").write_bytes(content)

    assert (piooy(*GENERATE, "--inline", "-i", "a.png", "x").code, api.log) == (2, [])


def test_a_dead_proxy_is_named(piooy, monkeypatch):
    """Not as the server's refusal."""
    monkeypatch.setenv("PIOOY_API_KEY", "test-key-1")
    monkeypatch.setenv("PIOOY_BASE_URL", "https://api.example.com")
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://user:secret@127.0.0.1:9")

    ran = piooy(*GENERATE, "x")

    assert ran.code == 10 and "the proxy 127.0.0.1:9" in ran.err and "secret" not in ran.err


def test_a_state_directory_that_cannot_be_made_says_the_way_out(piooy, sandbox, home, monkeypatch):
    """Exit 13 with the variable to set, and nothing sent."""
    (home / "file").write_text("x")
    monkeypatch.setenv("PIOOY_STATE_DIR", str(home / "file" / "state"))

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert ran.code == 13 and "PIOOY_STATE_DIR" in ran.err


def test_sixty_tasks_survive_a_bad_service(piooy, api):
    """Four of ten polls fail, with 500, a page or 429; all settle in time, and pauses are kept."""
    chance, polls, closed = random.Random(5), {}, [0.0]
    begun = time.monotonic()

    def poll(request):
        now = time.monotonic() - begun
        name = request.path.rpartition("/")[2]
        polls[name] = polls.get(name, 0) + 1
        match chance.random():
            case share if share < 0.1:
                return Response("no", 500)
            case share if share < 0.2:
                return Response("<html>bad gateway</html>", 200)
            case share if share < 0.4:
                return Response("{}", 429, {"Retry-After": "1"})
        done = now > int(name[1:]) % 5
        return Response(
            json.dumps(
                task(
                    "SUCCESS" if done else "PENDING", {"results": ["https://e.com/a.png"]}, id=name
                )
            )
        )

    api.expect_request(re.compile("/api/v1/task/.*")).respond_with_handler(poll)

    ran = piooy(
        "wait",
        *(f"t{n}" for n in range(60)),
        "--timeout",
        "60s",
        numbers=QUICK._replace(poll_tries=50),
    )

    assert ran.code == 0, ran.err[-500:]
    assert len(ran.lines) == 60 and time.monotonic() - begun < 25, closed


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({"output": {"results": ["A", {"code": "Inappropriate", "message": "was blocked"}]}}, "1 of 2 results failed: was blocked"),
        ({"images": [{"url": "A"}, {"error": "no memory"}, {"error": "no memory"}]}, "2 of 3 results failed: no memory"),
        ({"data": [{"url": "A", "message": "fine"}, {"url": "B"}]}, ""),
        ({"images": [{"url": "A"}], "has_nsfw_concepts": [False]}, ""),
    ],
)  # fmt: skip
def test_results_that_failed_beside_others_are_counted(piooy, api, home, results, said):
    """What arrived is saved; that some of it did not is a warning with the reason."""
    text = json.dumps(results)
    for name in "AB":
        text = text.replace(f'"{name}"', f'"{api.url_for(f"/{name}.png")}"')
        api.expect_request(f"/{name}.png").respond_with_data(PNG)
    expect_order(api)
    expect_look(api, task(result=json.loads(text)))

    ran = piooy(*GENERATE, "x")

    assert ran.code == 0, ran.err
    assert said in ran.err and ("failed" in ran.err) == bool(said)


def test_a_file_in_a_bucket_is_named(piooy, api, home):
    """Only its owner's account can read it: exit 12 and the address."""
    expect_order(api)
    expect_look(api, task(result={"videos": [{"gcsUri": "gs://bucket/fox.mp4"}]}))

    ran = piooy(*GENERATE, "x")

    assert ran.code == 12 and "gs://bucket/fox.mp4 needs the service's own account" in ran.err


def test_a_long_dash_in_front_of_an_option_is_named(piooy, api, home):
    """Word processors make one dash of two."""
    ran = piooy(*GENERATE, "a", "—seed", "7", "p")

    assert ran.code == 2 and "—seed begins with a long dash; type --seed" in ran.err
    assert api.log == []


def test_a_key_log_that_cannot_be_written_is_named(piooy, api, home, monkeypatch):
    """It is read together with the certificates, but is none of them."""
    monkeypatch.setenv("SSLKEYLOGFILE", "/nonexistent/keys")
    monkeypatch.setenv("PIOOY_BASE_URL", "https://127.0.0.1:9")

    ran = piooy(*GENERATE, "x")

    assert ran.code == 2 and "the file in SSLKEYLOGFILE cannot be used" in ran.err

"""What `piooy batch` takes for a manifest and what it refuses, and what makes a row the same row.

All of it is checked before the first order: a manifest with one bad line sends nothing.
"""

import codecs
import contextlib
import itertools
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from conftest import KEY
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from processes import PIOOY, Terminal, shell, start
from servers import PNG, TASK, accepted, expect_order, task

from piooy_cli.batch import manifest_lines
from piooy_cli.batch.manifest_format import ManifestFormat, detect_format, manifest_rows
from piooy_cli.batch.manifest_lines import BadLine, RawRow, decoded_lines
from piooy_cli.batch.rows import content_key

MODEL = "nano-banana-pro"
RUN = ("-m", MODEL, "-r", "256", "-o", "out")
FOX = {"prompt": "a fox"}
HARE = {"prompt": "a hare"}
PICTURES = {"image_input": ["https://e.com/a.png", "https://e.com/b.png"]}
FAMILY = "👩‍👩‍👧 \u202eabc\u202c"  # joined emoji, and text from right to left


@pytest.fixture
def asks(piooy, home):
    """What a manifest would send, less what follows from the model; `-m` is given by default."""

    def run(content, *options, name="rows.jsonl", model=("-m", MODEL)):
        write(home / name, content)
        ran = piooy("batch", name, "--dry-run", *model, *options)
        assert ran.code == 0, ran.err
        return requests_of(ran.out)

    return run


@pytest.fixture
def refuses(piooy, home, api):
    """Run a manifest that is to be refused: quick, no request, no trace; its stderr."""

    def run(content, *options, name="rows.jsonl", code=2):
        write(home / name, content)
        begin = time.monotonic()
        ran = piooy("batch", name, *RUN, *options)
        assert time.monotonic() - begin < 3
        assert (ran.code, ran.out, api.log) == (code, "", []), ran.err
        assert "Traceback" not in ran.err and "internal error" not in ran.err
        assert left_behind(home) == []
        return ran.err

    return run


def write(path, content):
    """A manifest: bytes, text, or records for JSON Lines."""
    if isinstance(content, list):
        content = "".join(json.dumps(record) + "\n" for record in content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def requests_of(text):
    """What each line of --dry-run asks for; no line of it breaks inside a prompt."""
    return [told(json.loads(line)) for line in text.split("\n") if line]


def told(record):
    """What a row asks for itself."""
    plain = {"mediaType": "image", "model": MODEL, "scene": "text-to-image", "provider": "evolink"}
    return {key: value for key, value in record.items()
            if key != "row" and plain.get(key) != value}  # fmt: skip


def left_behind(home):
    """What is there of batches, beside locks; and files that no one asked for."""
    state = home.parent / "state" / "batches"
    kept = [path for path in state.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return [*kept, *(home / "out").rglob("*")]


def table(*rows):
    """CSV as it is usually saved."""
    return "\r\n".join(rows) + "\r\n"


@pytest.mark.parametrize(
    ("name", "content", "requests"),
    [
        ("a.jsonl", '{"prompt":"a fox"}\n{"prompt":"a hare"}\n', [FOX, HARE]),
        ("a.jsonl", '{"prompt":"a fox"}\n{"prompt":"a hare"}', [FOX, HARE]),
        ("a.jsonl", '\ufeff{"prompt":"a fox"}\r\n\r\n  \r\n{"prompt":"a hare"}\r\n', [FOX, HARE]),
        ("a.jsonl", '# foxes\n{"prompt":"a fox"}\n#{"prompt":"no"}\n{"prompt":"a hare"}\n', [FOX, HARE]),
        ("a.jsonl", '  {"prompt": "a fox"}  \n', [FOX]),
        ("a.csv", table("prompt", "a fox", "a hare"), [FOX, HARE]),
        ("a.csv", "\ufeffprompt\na fox\n\n\na hare", [FOX, HARE]),
        ("a.csv", table("", "prompt , id", ",", "a fox,1"), [FOX]),
        ("a.csv", table("id,prompt", '1,"a ""red"", fox"'), [{"prompt": 'a "red", fox'}]),
        ("a.csv", 'prompt\n"a\n\nfox"\n', [{"prompt": "a\n\nfox"}]),
        ("a.txt", "a fox\na hare\n", [FOX, HARE]),
        ("a.txt", "\ufeffa fox\r\n\r\n# none\r\n\t\r\na hare", [FOX, HARE]),
        ("a.txt", '{"prompt":"x"}\n', [{"prompt": '{"prompt":"x"}'}]),
        ("a.txt", "prompt,colour\n", [{"prompt": "prompt,colour"}]),
        ("a.txt", "a fox # not a comment\n", [{"prompt": "a fox # not a comment"}]),
    ],
)  # fmt: skip
def test_the_three_formats(asks, name, content, requests):
    """BOM, CRLF, blank lines, comments and a missing last newline are taken as they come."""
    assert asks(content, name=name) == requests


@pytest.mark.parametrize(
    ("name", "first", "form"),
    [
        ("rows.jsonl", "a fox", ManifestFormat.JSONL),
        ("rows.ndjson", "a fox", ManifestFormat.JSONL),
        ("ROWS.JSON", "a fox", ManifestFormat.JSONL),
        ("rows.csv", "{", ManifestFormat.CSV),
        ("rows.txt", "{", ManifestFormat.LINES),
        ("rows.csv.txt", "prompt,id", ManifestFormat.CSV),
        ("rows.txt", "prompt\tmodel", ManifestFormat.CSV),
        ("rows.tsv", "x", ManifestFormat.CSV),
        ("csv", "a fox", ManifestFormat.LINES),
        ("-", '{"prompt": "x"}', ManifestFormat.JSONL),
        ("-", "  [", ManifestFormat.JSONL),
        ("rows", "prompt,id", ManifestFormat.CSV),
        ("rows.dat", "id, prompt , option.size", ManifestFormat.CSV),
        ("-", "a prompt, an id", ManifestFormat.LINES),
        ("-", "prompt", ManifestFormat.CSV),
        ("-", "prompts", ManifestFormat.LINES),
        ("-", "prompt,colour", ManifestFormat.LINES),
        ("-", "model,id", ManifestFormat.LINES),
        ("-", "", ManifestFormat.LINES),
        ("./dir.csv/rows", "a fox", ManifestFormat.LINES),
    ],
)
def test_how_formats_are_told_apart(name, first, form):
    """By what the name ends with; a name that says nothing leaves it to the first line."""
    assert detect_format(name, first) is form


@pytest.mark.parametrize(
    "content",
    ['{"prompt":"a fox"}\n', '# foxes\n{"prompt":"a fox"}\n', '\n\n{"prompt":"a fox"}\n',
     "prompt,id\na fox,1\n", "\nprompt,id\na fox,1\n", "a fox\n", "# foxes\na fox\n"],
)  # fmt: skip
def test_the_first_line_that_says_something_decides(piooy, content):
    """A blank line or a comment above JSON does not make prompts of it, which would be paid for."""
    ran = piooy("batch", "-", "--dry-run", "-m", MODEL, stdin=content)

    assert requests_of(ran.out) == [FOX]


@pytest.mark.parametrize(
    ("form", "content", "prompt"),
    [
        ("lines", '{"prompt":"x"}', '{"prompt":"x"}'),
        ("csv", "prompt\nx", "x"),
        ("jsonl", '{"prompt":"x"}', "x"),
    ],
)
def test_format_wins_over_the_name(asks, form, content, prompt):
    """--format is the last word."""
    name = "a.txt" if form != "lines" else "a.jsonl"

    assert asks(content, "--format", form, name=name) == [{"prompt": prompt}]


@pytest.mark.parametrize(
    ("name", "content", "request_"),
    [
        ("a.csv", "prompt,option.size,option.n:\nx,2,2\n", {"options": {"size": "2", "n": 2}}),
        ("a.csv", 'prompt,option.p:\nx,"{""a"": [1, null]}"\n', {"options": {"p": {"a": [1, None]}}}),
        ("a.csv", "prompt,option.n:,option.a\nx,,\n", {}),
        ("a.csv", "prompt,images\nx,https://e.com/a.png  https://e.com/b.png\n",
         {"scene": "image-to-image", "options": PICTURES}),
        ("a.csv", 'prompt,images\nx,"https://e.com/a.png\nhttps://e.com/b.png"\n',
         {"scene": "image-to-image", "options": PICTURES}),
        ("a.csv", "prompt,model,media,provider,scene,id,output\nx,m,video,p,s,1,o/\n",
         {"model": "m", "mediaType": "video", "provider": "p", "scene": "s"}),
        ("a.jsonl", [{"prompt": "x", "images": "https://e.com/a.png"}],
         {"scene": "image-to-image", "options": {"image_input": ["https://e.com/a.png"]}}),
        ("a.jsonl", [{"prompt": "x", "images": PICTURES["image_input"]}],
         {"scene": "image-to-image", "options": PICTURES}),
        ("a.jsonl", [{"prompt": "x", "media": "video", "videos": ["https://e.com/a.mp4"]}],
         {"mediaType": "video", "scene": "video-to-video",
          "options": {"video_input": ["https://e.com/a.mp4"]}}),
        ("a.jsonl", [{"prompt": "x", "options": {"n": 2, "x": None, "f": 0.5}}],
         {"options": {"n": 2, "x": None, "f": 0.5}}),
        ("a.jsonl", [{field: None for field in manifest_lines.MANIFEST_FIELDS} | {"prompt": "x"}], {}),
    ],
)  # fmt: skip
def test_what_fields_become(asks, name, content, request_):
    """A null, or an empty cell, is no field; options keep the types that they have."""
    assert asks(content, name=name) == [{"prompt": "x"} | request_]


PROMPTS = (
    "  a fox", "a\tfox \t", FAMILY, "e\u0301 é", "\u2028a\u2029\x85", "-5", "\\n", "{slug}", "\x1b[0m",
)  # fmt: skip


@pytest.mark.parametrize("form", ManifestFormat)
def test_a_prompt_is_sent_exactly(asks, form):
    """Spaces, tabs, joined emoji and directions of writing are the prompt's own.

    Only the spaces around a cell of a table are not.
    """
    rows = [json.dumps({"prompt": prompt}) if form == "jsonl" else prompt for prompt in PROMPTS]

    requests = asks("\n".join(["prompt"] * (form == "csv") + rows), "--format", form)

    expected = [one.strip(" \t") if form == "csv" else one for one in PROMPTS]
    assert [request["prompt"] for request in requests] == expected


def test_ids_may_be_numbers(piooy, home):
    """7 and "7" are the same id."""
    write(home / "a.jsonl", [FOX | {"id": 7}, HARE | {"id": "8"}, HARE | {"id": -1}])

    ran = piooy("batch", "a.jsonl", "--dry-run", "-m", MODEL)

    assert [record["row"] for record in ran.json] == ["7", "8", "-1"]


@pytest.mark.parametrize(
    ("options", "row", "request_"),
    [
        (["-a", "16:9", "--seed", "7"], {}, {"options": {"aspect_ratio": "16:9", "seed": 7}}),
        (["-a", "16:9", "-O", "n:=2"], {"options": {"n": 3}}, {"options": {"aspect_ratio": "16:9", "n": 3}}),
        (["--seed", "7"], {"options": {"seed": None}}, {"options": {"seed": None}}),
        (["--media", "video"], {}, {"mediaType": "video", "scene": "text-to-video"}),
        (["--media", "video"], {"media": "image"}, {}),
        (["--provider", "p", "--scene", "s"], {}, {"provider": "p", "scene": "s"}),
        (["--provider", "p"], {"provider": "q"}, {"provider": "q"}),
        (["-i", "https://e.com/z.png"], {"images": PICTURES["image_input"]},
         {"scene": "image-to-image", "options": PICTURES}),
        (["-i", "https://e.com/z.png"], {},
         {"scene": "image-to-image", "options": {"image_input": ["https://e.com/z.png"]}}),
        (["--media", "image"], {"model": "mine"}, {"model": "mine", "provider": "evolink"}),
    ],
    ids=str,
)  # fmt: skip
def test_options_say_what_a_row_leaves_open(asks, options, row, request_):
    """What a row says wins, field by field, and option by option."""
    (request,) = asks([{"prompt": "x"} | row], *options)

    assert {"provider": "evolink"} | request == {"provider": "evolink", "prompt": "x"} | request_


@pytest.mark.parametrize(
    ("model", "media"), [("veo-3-1", "video"), ("suno-v5", "music"), (MODEL, "image")]
)
def test_media_follows_from_the_catalogue(piooy, home, model, media):
    """No one has to say what a known model makes."""
    write(home / "a.jsonl", [FOX | {"model": model}])

    (record,) = piooy("batch", "a.jsonl", "--dry-run").json

    assert (record["model"], record["mediaType"]) == (model, media)


def test_a_model_that_nobody_knows(refuses, asks):
    """What it makes is not guessed; said, it is taken."""
    assert "line 1: the media type of 'mine' is unknown" in refuses([FOX | {"model": "mine"}])
    assert asks([FOX], "-m", "mine", "--media", "image") == [FOX | {"model": "mine"}]


def test_the_settings_are_defaults_too(piooy, asks):
    """A default model makes `-m` unnecessary where the media type is said."""
    piooy("config", "set", "model.image", MODEL)
    piooy("config", "set", "options.image.resolution", "4K")

    assert asks([FOX], "--media", "image", model=()) == [FOX | {"options": {"resolution": "4K"}}]


def test_inline_sends_local_files(asks, home):
    """With --inline the file goes in the request."""
    (home / "a.png").write_bytes(PNG)

    (request,) = asks([FOX | {"images": ["a.png"]}], "--inline")

    assert request["options"]["image_input"][0].startswith("data:image/png;base64,")


GOOD = '{"prompt":"a"}\n'


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("nonsense", "is not valid JSON: Expecting value, column 1"),
        ('{"prompt":"x"} {}', "is not valid JSON: Extra data"),
        ('{"prompt":"x"', "is not valid JSON"),
        ('"x"', "is not a JSON object"),
        ("null", "is not a JSON object"),
        ('[{"prompt":"x"}]', "is not a JSON object; `jq -c '.[]'` turns a list into lines"),
        ('{"prompt":"x","colour":1}', "has an unknown field 'colour'; known: prompt, model,"),
        ('{"prompt":"x","\\ud800":1}', "has an unknown field '\\ud800'"),
        ('{"prompt":"x","Prompt":"y"}', "has an unknown field 'Prompt'"),
        ('{"prompt":5}', "prompt must be text"),
        ('{"prompt":["x"]}', "prompt must be text"),
        ('{"prompt":"x","model":1}', "model must be text"),
        ('{"prompt":"x","id":true}', "id must be text"),
        ('{"prompt":"x","id":1.5}', "id must be text"),
        ('{"prompt":"x","options":[1]}', "options must be an object"),
        ('{"prompt":"x","images":{"a":1}}', "images must be a list of URLs"),
        ('{"prompt":"x","videos":[1]}', "videos must be a list of URLs"),
        ('{"prompt":"\\ud800"}', "prompt contains a NUL character or half a character"),
        ('{"prompt":"a\\u0000b"}', "prompt contains a NUL character or half a character"),
        ('{"prompt":"a\0b"}', "is not valid JSON: Invalid control character"),
        ('{"prompt":"x","id":"\\udfff"}', "id contains a NUL character or half a character"),
        ('{"prompt":"x","images":["https://e.com/\\ud800"]}', "images contains a NUL character or half a character"),
        ('{"prompt":"x","options":{"a":"\\ud800"}}', "option 'a' contains a byte that is not UTF-8"),
        ('{"prompt":"x","options":{"\\ud800":1}}', "option '\\ud800' contains a byte"),
        ('{"prompt":"x","options":{"a":NaN}}', "is not valid JSON: NaN"),
        ('{"prompt":"x","options":{"a":-Infinity}}', "is not valid JSON: -Infinity"),
        ('{"prompt":"x","options":{"a":1e999}}', "option 'a' cannot be sent"),
        (f'{{"prompt":"x","options":{{"a":{"9" * 5000}}}}}', "is not valid JSON"),
        (f'{{"prompt":"x","id":{"9" * 5000}}}', "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON: too deeply nested"),
        ('{"a":' * 100_000, "is not valid JSON: too deeply nested"),
        (f'{{"prompt":"x","id":"{"i" * 201}"}}', "id is longer than 200 characters"),
        (f'{{"prompt":"x","id":{"9" * 201}}}', "id is longer than 200 characters"),
        ('{"prompt":""}', "the prompt is empty"),
        ('{"prompt":" \\n"}', "the prompt is empty"),
        ("{}", "the prompt is empty"),
        ('{"id":"r"}', "the prompt is empty"),
        (json.dumps({"prompt": "é" * 50_001}), "the prompt has 100,002 bytes"),
        ('{"prompt":"x","media":"smell"}', "'smell' is not a media type"),
        ('{"prompt":"x","model":"mine"}', "the media type of 'mine' is unknown"),
        (f'{{"prompt":"x","media":"image","model":"{"m" * 1001}"}}', "the model has 1,001 bytes"),
        ('{"prompt":"x","images":["cat.png"]}', "--image 'cat.png' is not a URL"),
        ('{"prompt":"x","images":["file:///etc/passwd"]}', "is not a URL"),
        ('{"prompt":"x","output":"{id}/sub/{n}"}', "has a field in the directory part"),
        ('{"prompt":"x","output":"{nope}"}', "unknown field {nope}"),
        ('{"prompt":"x","output":"{n.__class__}"}', "unknown field {n.__class__}"),
        ('{"prompt":"x","output":"{n"}', "--output"),
    ],
    ids=lambda value: value[:40],
)  # fmt: skip
def test_what_is_no_row(refuses, row, reason):
    """Its line and what is wrong with it are reported, and the rows around it are not sent either."""
    err = refuses(GOOD + "\n# a comment\n" + row + "\n" + GOOD)

    assert re.search(rf"rows\.jsonl, line 4: .*{re.escape(reason)}", err), err
    assert "rows.jsonl: 1 line is bad; nothing was sent" in err


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_deep_nesting_is_taken_or_refused(piooy, home, name):
    """What Python can just read, and not write, is a bad line like any other, and no bug."""
    nested = ["[" * depth + "]" * depth for depth in [100, 500, *range(900, 1000), 5000]]
    rows = [f'{{"prompt":"x","options":{{"a":{one}}}}}' for one in nested]
    if name == "a.csv":
        rows = ["prompt,option.a:", *(f"x,{one}" for one in nested)]
    write(home / name, "\n".join(rows))

    ran = piooy("batch", name, "--dry-run", "-m", MODEL)

    assert (ran.code, "lines are bad" in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"a\n\xff\xfea\nb\n", 2, "is not UTF-8 text: byte 0"),
        (b"a\n\nabc\xff\n", 3, "is not UTF-8 text: byte 3"),
        (b"a\nab\xc3", 2, "is not UTF-8 text: byte 2"),
        (b"a\n\xed\xa0\x80\n", 2, "is not UTF-8 text: byte 0"),
        (b"a\nb\0c\n", 2, "contains a NUL character"),
        (codecs.BOM_UTF16_LE + "a fox\nb\n".encode("utf-16-le"), 1, "is UTF-16; save the manifest as UTF-8"),
        (codecs.BOM_UTF16_BE + "a fox\nb\n".encode("utf-16-be"), 1, "is UTF-16; save the manifest as UTF-8"),
        ("a fox\nb\n".encode("utf-16-le"), 1, "NUL"),
        (b"x" * 100_001, 1, "the prompt has 100,001 bytes"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_text(refuses, content, line, reason):
    """The byte is reported, or how to save the file."""
    assert f"a.txt, line {line}: " in (err := refuses(content, name="a.txt"))
    assert reason in err


@pytest.mark.parametrize("form", ManifestFormat)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_said_once(refuses, form, encoding):
    """Whatever the format, one line says it, and its other lines are not complained of."""
    content = "\ufeffprompt,id\na,1\nb,2\n".encode(encoding)

    err = refuses(content, "--format", form)

    assert err.count(", line ") == 1 and "line 1: is UTF-16" in err


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ('prompt\na\n"b\nc\n', 3, "is not valid CSV: unexpected end of data"),
        ('prompt\n"a\n\nb"\n"c"d\n', 5, "is not valid CSV"),
        ('prompt\n"a\nb"\nc,d\n', 4, "has 2 fields where the header has 1"),
        ("prompt,id\na\n", 2, "has 1 fields where the header has 2"),
        ("prompt,id\n\na,1,2\n", 3, "has 3 fields where the header has 2"),
        ("prompt,id\na\0,1\n", 2, "prompt contains a NUL character"),
        ("prompt,option.a\nx,b\0\n", 2, "option.a contains a NUL character"),
        ("prompt\n" + "x" * (1 << 20) + "y\n", 2, "is not valid CSV: field larger than field limit"),
        ("prompt|model\na|b\n", 1, "has an unknown column 'prompt|model'"),
        ("prompt;colour\na;b\n", 1, "has an unknown column 'prompt;colour'"),
        ("prompt,id,prompt\na,1,b\n", 1, "has the column 'prompt' twice"),
        ("prompt,option.a,option.a\na,1,b\n", 1, "has the column 'option.a' twice"),
        ("prompt,option.a,option.a:\nx,1,2\n", 1, "twice"),
        ("prompt,colour\na,b\n", 1, "has an unknown column 'colour'; known: prompt, model,"),
        ("Prompt,id\na,b\n", 1, "has an unknown column 'Prompt'"),
        ("prompt,options\na,{}\n", 1, "has an unknown column 'options'"),
        ("prompt,option.\na,b\n", 1, "has an unknown column 'option.'"),
        ("prompt,option.:\na,1\n", 1, "has an unknown column 'option.:'"),
        ("prompt,,id\na,b,c\n", 1, "has an unknown column ''"),
        ("pro\0mpt\na\n", 1, "has an unknown column 'pro\\x00mpt'"),
        ("a fox\na hare\n", 1, "has an unknown column 'a fox'"),
        ("prompt,option.n:\na,x\n", 2, "option.n: is not valid JSON"),
        ("prompt,option.n:\na," + "9" * 5000 + "\n", 2, "option.n: is not valid JSON"),
        ("prompt,option.n:\na,NaN\n", 2, "option.n: is not valid JSON"),
        ("prompt,option.n:\na," + "[" * 100_000 + "\n", 2, "option.n: is not valid JSON"),
        ("prompt,images\na,cat.png\n", 2, "'cat.png' is not a URL"),
        ("prompt,id\n,1\n", 2, "the prompt is empty"),
        (b"prompt\na\nb\xff\nc\n", 3, "is not UTF-8 text: byte 1"),
        (b'prompt\na\n"b\n\xff"\nc\n', 4, "is not UTF-8 text: byte 0"),
        ("prompt\na\rb\n", 2, "is not valid CSV"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_what_is_no_table(refuses, content, line, reason):
    """The line where the row begins is reported, whatever line breaks its fields have."""
    err = refuses(content, name="a.csv")

    assert re.search(rf"a\.csv, line {line}: .*{re.escape(reason)}", err), err


def test_rows_after_line_breaks_have_their_own_numbers(refuses):
    """All bad rows of a table are reported."""
    err = refuses('prompt,id\r\n"a\r\nb",1\r\n\r\nc\r\n"d\ne"\r\nf,g,h\r\n', name="a.csv")

    assert re.findall(r"line ([0-9]+)", err) == ["5", "6", "8"]
    assert "a.csv: 3 lines are bad; nothing was sent" in err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", ""),
        ("a.jsonl", "# nothing\n\n"),
        ("a.txt", "\ufeff\r\n  \n# a\n"),
        ("a.txt", "\n"),
        ("a.csv", ""),
        ("a.csv", "prompt,id\n"),
        ("a.csv", "prompt,id\n,\n\n"),
    ],
)
def test_no_rows(refuses, piooy, name, content):
    """A mistake, unless --allow-empty says that it is none."""
    assert f"{name} has no rows" in refuses(content, name=name)
    assert piooy("batch", name, *RUN, "--allow-empty").code == 0


def test_allow_empty_allows_nothing_else(refuses):
    """A bad line stays one."""
    assert "1 line is bad" in refuses("nonsense", "--allow-empty")


def test_all_bad_lines_are_named(refuses):
    """The first twenty with their numbers, in their order, and how many there are."""
    rows = ["{" if n % 2 else f'{{"prompt":"p","id":{n % 3}}}' for n in range(60)]

    err = refuses("\n".join(rows))

    named = re.findall(r"rows\.jsonl, line ([0-9]+):", err)
    assert named == [str(n) for n in sorted(map(int, named))] and len(named) == 20
    assert named[:3] == ["2", "4", "6"]
    assert "57 lines are bad; the first 20 are above; nothing was sent" in err


def test_a_thousand_bad_lines(refuses):
    """Some screens of complaints help no one."""
    err = refuses("nonsense\n" * 1500)

    assert "1,500 lines are bad; the first 20 are above" in err
    assert len(err.splitlines()) <= 23


def test_bad_lines_for_programs(piooy, home, api):
    """With --json the last line says how it ended, and stdout has no result."""
    write(home / "a.jsonl", GOOD + "nonsense\n{}\n")

    ran = piooy("batch", "a.jsonl", *RUN, "--json")

    assert (ran.code, api.log) == (2, [])
    assert "2 lines are bad" in ran.error["message"]


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([FOX | {"id": "a"}, HARE | {"id": "b"}, FOX | {"id": "a"}], [("a", 3, 1)]),
        ([FOX | {"id": 7}, HARE | {"id": "7"}, HARE | {"id": "7"}], [("7", 2, 1), ("7", 3, 1)]),
    ],
)
def test_an_id_stands_once(refuses, rows, named):
    """Both lines are named."""
    err = refuses(rows)

    for key, line, first in named:
        assert f"line {line}: id '{key}' is already used in line {first}" in err
    assert err.count("is already used in line") == len(named)


@pytest.mark.parametrize("ids", [["sha:x"] * 2, ["SHA:x"] * 2, ["sha:x", "sha:x", "sha:x#2"]])
def test_an_id_is_none_of_the_names_that_rows_without_one_have(refuses, ids):
    """Twice is twice, whatever it looks like."""
    assert "nothing was sent" in refuses([FOX | {"id": one} for one in ids])


def test_what_is_no_file(piooy, home, api):
    """A missing one is 14, a directory 2."""
    missing, directory = piooy("batch", "none.jsonl", *RUN), piooy("batch", str(home), *RUN)

    assert (missing.code, directory.code, api.log) == (14, 2, [])
    assert "none.jsonl" in missing.err
    assert "is a directory" in directory.err


@pytest.mark.parametrize("source", ["/dev/zero", "./zero"])
def test_a_line_without_end(piooy, home, api, source):
    """/dev/zero, and a file that is one line: read no further than 16 MiB."""
    with open("zero", "wb") as file:  # noqa: PTH123
        file.truncate((16 << 20) + 1)
    begin = time.monotonic()

    ran = piooy("batch", source, *RUN)

    assert (ran.code, api.log) == (2, [])
    assert "line 1: is longer than 16 MiB" in ran.err
    assert "nothing after the last one was read" in ran.err
    assert time.monotonic() - begin < 3


def test_a_huge_line_takes_little_memory(home):
    """100 MB in one line: refused within 150 MB."""
    with open("a.jsonl", "wb") as file:  # noqa: PTH123
        file.write(b'{"prompt":"')
        file.truncate(100_000_000)
    # A process of its own: what a fork of this one held would count.
    measure = (
        "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]);"
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", measure, *PIOOY, "batch", "a.jsonl", "--dry-run", "-m", MODEL],
        capture_output=True, text=True, timeout=20, check=True,
    )  # fmt: skip

    code, kilobytes = map(int, ran.stdout.split())
    assert code == 2 and "is longer than 16 MiB" in ran.stderr
    assert kilobytes < 150_000


@contextlib.contextmanager
def writer(fifo, *pieces, every=0.0, hold=0.0):
    """Writes into a FIFO from a thread, as soon as someone reads, and holds it open."""
    done, opened = threading.Event(), threading.Event()

    def work():
        with contextlib.suppress(BrokenPipeError), open(fifo, "wb", buffering=0) as file:  # noqa: PTH123
            opened.set()
            for piece in pieces:
                file.write(piece)
                done.wait(every)
            done.wait(hold)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield opened
    finally:
        done.set()
        with contextlib.suppress(OSError):  # a writer that nobody came to read from
            os.close(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))
        thread.join(5)


def test_a_pipe_whose_writer_comes_late(home):
    """It is waited for, and its pieces are joined to lines."""
    os.mkfifo("pipe")
    process = start("batch", "pipe", "--dry-run", "-m", MODEL)
    time.sleep(0.3)
    with writer("pipe", b"a f", b"ox\na ha", b"re", every=0.03):
        out, err = process.communicate(timeout=10)

    assert process.returncode == 0, err
    assert requests_of(out) == [FOX, HARE]


@pytest.mark.parametrize(
    ("number", "codes"), [(signal.SIGTERM, (143, -15)), (signal.SIGINT, (130,))]
)
def test_a_stalled_pipe_can_be_left(api, home, number, codes):
    """A signal ends it within a second; nothing was sent, though a row had come."""
    os.mkfifo("pipe")
    with writer("pipe", b"a fox\n", hold=10) as opened:
        process = start("batch", "pipe", *RUN)
        assert opened.wait(10)
        time.sleep(0.1)
        begin = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)

    assert time.monotonic() - begin < 1
    assert process.returncode in codes, (process.returncode, err)
    assert (out, api.log, "Traceback" in err) == ("", [], False)


def test_a_deadline_holds_while_a_pipe_is_read(api, home):
    """Exit 3, though it stalls, drips on or has no writer; the user hears of it at a heartbeat."""
    os.mkfifo("alone")
    begin, errs = time.monotonic(), []
    with contextlib.ExitStack() as stack:
        for name, every in (("stalls", 10), ("drips", 0.2)):
            os.mkfifo(name)
            stack.enter_context(writer(name, *[b"a fox\n"] * 15, every=every))
        how = (*RUN, "--deadline", "1s", "--heartbeat", "1s")
        for process in [start("batch", name, *how) for name in ("stalls", "alone", "drips")]:
            errs.append(process.communicate(timeout=10)[1])
            assert (process.returncode, api.log) == (3, [])

    assert time.monotonic() - begin < 8
    assert "waiting for the manifest; nothing was sent" in errs[0]
    assert all("the deadline has passed" in err for err in errs)


def test_a_terminal_is_no_manifest():
    """No one types a manifest: a hint instead of a hang."""
    screen = Terminal("batch", "-", "-m", MODEL, "--dry-run")

    assert screen.end() == 2
    assert "no manifest" in screen.text and "pipe one in" in screen.text


def test_stdin_that_is_closed():
    """As a terminal: there is no manifest."""
    ran = shell(f"piooy batch - --dry-run -m {MODEL} <&-")

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "no manifest" in ran.stderr


def test_process_substitution_and_a_pipe():
    """The shell's own pipes are read as any other, and are the same batch as stdin."""
    ran = shell(
        f"piooy batch --dry-run -m {MODEL} <(printf 'a fox\\n'); printf 'a fox\\n' | piooy batch --dry-run -m {MODEL} -"
    )

    assert requests_of(ran.stdout) == [FOX, FOX]
    assert len(set(re.findall(r"batch (stdin-[0-9a-f]{10}):", ran.stderr))) == 1


def test_the_name_of_a_manifest_from_stdin(piooy):
    """What came through the pipe, or --name."""
    first, again, other = (
        piooy("batch", "-", "--dry-run", "-m", MODEL, stdin=text).err
        for text in ("a\n", "a\n", "b\n")
    )
    named = piooy("batch", "-", "--dry-run", "-m", MODEL, "--name", "mine", stdin="a\n").err

    names = [re.search(r"batch (\S+):", err)[1] for err in (first, again, other, named)]
    assert names[0] == names[1] != names[2]
    assert names[3] == "mine"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "-x", "a b", "ü", "x" * 101, "a\n"])
def test_what_cannot_be_a_name(refuses, name):
    """It becomes the name of a file."""
    assert "--name" in refuses([FOX], f"--name={name}")


def sent(home):
    """How many orders ever left."""
    path = home.parent / "state" / "ledger.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as ledger:
        return ledger.execute("select count(*) from orders where state <> 'PLANNED'").fetchone()[0]


@pytest.fixture
def batch(piooy, home, sandbox):
    """Run these rows; how it went, and how many orders ever left."""

    def run(rows, *options, name="rows.jsonl", stdin=b""):
        if name != "-":
            write(home / name, rows)
        ran = piooy("batch", name, *RUN, *options, stdin=stdin)
        assert "internal error" not in ran.err, ran.err
        return ran, sent(home)

    return run


ONE, TWO, THREE = ({"id": str(n), "prompt": f"picture {n}"} for n in (1, 2, 3))
A, B = {"prompt": "a"}, {"prompt": "b"}


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        ([A, A], [A, A, A], (2, 3)),
        ([A, B, ONE], [ONE, B, A], (3, 3)),
        ([A, B], "# new\n" + json.dumps(B) + '\r\n\n{"options": null, "prompt": "a"}', (2, 2)),
        ([ONE, TWO], [TWO, THREE, ONE], (2, 3)),
        ([A], [B], (1, 2)),
        ([A | {"options": {"x": 1, "y": 2}}], [A | {"options": {"y": 2, "x": 1}}], (1, 1)),
        ([A, ONE], [A | {"output": "there"}, ONE | {"output": "there", "model": MODEL}], (2, 2)),
    ],
)  # fmt: skip
def test_the_same_row_is_sent_once(batch, first, second, counts):
    """Duplicates are two; order, comments and places do not matter; new rows join."""
    codes, numbers = zip(*((ran.code, n) for ran, n in (batch(first), batch(second))), strict=True)

    assert (codes, numbers) == ((0, 0), counts)


@pytest.mark.parametrize(
    "changed",
    [
        TWO | {"prompt": "other"},
        TWO | {"options": {"x": 1}},
        TWO | {"images": ["https://e.com/a.png"]},
        TWO | {"model": "seedream-4", "media": "image"},
    ],
)
def test_a_row_that_was_sent_cannot_change(batch, piooy, changed):
    """Its line and its task are named, and nothing is sent, neither it nor new rows."""
    batch([ONE, TWO])

    ran, count = batch([THREE, ONE, changed])

    assert (ran.code, count) == (2, 2)
    tasks = {
        record["id"]
        for record in piooy("history", "--json").json
        if record["prompt"] == "picture 2"
    }
    (named,) = re.findall(r"line ([0-9]+) \(sent as ([0-9a-f-]{36})\)", ran.err)
    assert named[0] == "3" and {named[1]} == tasks
    assert "changed since it was sent" in ran.err and "nothing was sent" in ran.err


def test_a_row_that_was_not_sent_may_change(batch):
    """What --limit left is taken as it is now."""
    batch([ONE, TWO], "--limit", "1")

    ran, count = batch([ONE, TWO | {"prompt": "other"}])

    assert (ran.code, count) == (0, 2)


@pytest.mark.parametrize(
    ("status", "answer", "where"),
    [(500, "no", r"sent as @row:[0-9]+"), (200, json.dumps(accepted()), f"sent as {TASK}")],
    ids=["in doubt", "accepted"],
)
def test_a_row_that_may_be_paid_for_cannot_change(piooy, home, api, status, answer, where):
    """Its response was lost, or no one has looked at its task yet: both may be charged."""
    expect_order(api, response_data=answer, status=status)
    api.expect_request(f"/api/v1/task/{TASK}").respond_with_json(task("PROCESSING"))
    write(home / "rows.jsonl", [ONE])
    first = piooy("batch", "rows.jsonl", *RUN, "--timeout", "100ms")

    write(home / "rows.jsonl", [ONE | {"prompt": "other"}])
    ran = piooy("batch", "rows.jsonl", *RUN, "--timeout", "100ms")

    assert first.code in (3, 11)
    assert ran.code == 2 and re.search(rf"changed since it was sent: line 1 \({where}\)", ran.err)
    assert sum(request.method == "POST" for request, _ in api.log) == 1


def test_a_row_that_never_arrived_may_change(piooy, home, monkeypatch, free_port):
    """It was written down to be sent, and was not: nothing is paid for."""
    monkeypatch.setenv("PIOOY_BASE_URL", f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("PIOOY_API_KEY", KEY)
    write(home / "rows.jsonl", [ONE])
    first = piooy("batch", "rows.jsonl", *RUN)

    write(home / "rows.jsonl", [ONE | {"prompt": "other"}])
    ran = piooy("batch", "rows.jsonl", "--dry-run", *RUN)

    assert first.code != 0 and sent(home) == 0
    assert (ran.code, [record["prompt"] for record in ran.json]) == (0, ["other"])


@pytest.mark.parametrize("options", [["-m", "other", "--media", "image"], ["--seed", "7"]])
def test_flags_are_part_of_a_row(batch, options):
    """Changed, they change all rows that leave it open."""
    batch([ONE, A])

    ran, count = batch([ONE, A], *options)

    assert (ran.code, count) == (2, 2)
    assert "line 1" in ran.err and "line 2" in ran.err


def test_flags_that_decide_nothing(batch):
    """How it is run may change; what a row says itself is not changed by a flag."""
    batch([ONE | {"options": {"seed": 1}}])

    ran, count = batch([ONE | {"options": {"seed": 1}}], "--seed", "7", "-j", "9", "--shuffle")

    assert (ran.code, count) == (0, 1)


def test_a_name_is_a_batch_wherever_it_is_run(batch, home, monkeypatch):
    """The same --name in another directory, and from stdin, continues with it."""
    batch([ONE, A], "--name", "mine")
    monkeypatch.chdir(home.parent)

    elsewhere, count = batch([], "--name", "mine", name="-", stdin='{"prompt":"a"}\n')
    other, more = batch([], name="-", stdin='{"prompt":"a"}\n')

    assert (elsewhere.code, count) == (0, 2)
    assert (other.code, more) == (0, 3)


def test_the_same_file_by_another_name_is_the_same_batch(batch, piooy, home):
    """Where it is decides, not how it is spelled."""
    batch([ONE])
    (home / "link.jsonl").symlink_to(home / "rows.jsonl")

    for spelled in ("./rows.jsonl", str(home / "rows.jsonl"), "link.jsonl"):
        assert piooy("batch", spelled, "--dry-run", *RUN).lines == []


@pytest.mark.parametrize("options", [["--profile", "other"], ["--sandbox"]])
def test_another_account_is_another_batch(batch, piooy, options):
    """What was sent to the one was not sent to the other."""
    batch([ONE, A])
    piooy("--profile", "other", "config", "set", "output", "there")

    assert piooy("batch", "rows.jsonl", "--dry-run", *RUN).lines == []
    assert len(piooy(*options, "batch", "rows.jsonl", "--dry-run", *RUN).lines) == 2


def test_a_bad_line_leaves_the_batch_as_it_was(batch):
    """Fixed, the same command continues."""
    batch([ONE], "--limit", "1")
    ran, count = batch([ONE, TWO, {"prompt": 5}])

    assert (ran.code, count) == (2, 1)
    assert batch([ONE, TWO])[1] == 2


@pytest.mark.parametrize("name", ["draft.999999999999", "draft.4194305"])
def test_a_name_like_a_draft(batch, home, name):
    """No other run takes it for what a dead one left."""
    batch([ONE], "--name", name)
    batch([ONE], "--dry-run", name="other.jsonl")

    found = {path.name for path in (home.parent / "state" / "batches").rglob(f"{name}.*")}
    assert {f"{name}.sqlite3", f"{name}.lock"} <= found


def test_drafts_of_dead_runs_go(batch, home):
    """What was killed while it read leaves nothing for ever; a container's may live, for an hour."""
    batch([ONE])
    (place,) = (home.parent / "state" / "batches").iterdir()
    old, young = place / "draft.4194305.0123abcd", place / "draft.4194305.0123abce"
    old.write_bytes(b"")
    young.write_bytes(b"")
    os.utime(old, (1, 1))

    batch([ONE])

    assert (old.exists(), young.exists()) == (False, True)


def cut(data, places):
    """Bytes in pieces."""
    marks = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(marks) if a < b]


TEXT = st.lists(
    st.sampled_from(
        [b"\n", b"\r", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"\xa9", b"ab", b"", b"#"]
    )
    | st.binary(max_size=6),
    max_size=12,
).map(b"".join)


@settings(max_examples=100, deadline=None)
@given(TEXT, st.lists(st.integers(0, 60), max_size=8))
@example(b"abcdefghi\nb\n", [])
@example(b"abcdefghi\nb\n", [9])
@example(b"abcdefgh\r\r", [])
def test_lines_are_the_same_however_they_come(data, places):
    """A line is as long, and as whole, wherever a pipe cuts it; too long is too long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_lines, "LONGEST_LINE", 8)
        bytewise = list(decoded_lines([data[n : n + 1] for n in range(len(data))]))
        assert list(decoded_lines(cut(data, places))) == bytewise


@settings(max_examples=100, deadline=None)
@given(TEXT, st.lists(st.integers(0, 60), max_size=8))
def test_lines_are_those_of_the_file(data, places):
    """Against Python's own splitting, where all of it is text."""
    whole = data.decode("utf-8", "ignore").replace("\ufeff", "").encode()
    assume(not whole.startswith((b"PK\x03\x04", b"\xd0\xcf")))  # a spreadsheet
    first = re.search(rb"\r\n|\n|\r(?=.)", whole)
    end = b"\r" if first and first[0] == b"\r" else b"\n"
    expected = [line.removesuffix(b"\r").decode() for line in whole.split(end)]
    found = [text for _, text in decoded_lines(cut(whole, places))]

    assert found == (expected if not whole.endswith(end) and whole else expected[:-1])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
FIELD = st.sampled_from([*manifest_lines.MANIFEST_FIELDS, "option.a", "option.a:", "", "x"])
ROW = st.dictionaries(FIELD, JSON, max_size=4).map(lambda row: json.dumps(row).encode())
CELL = st.sampled_from([b'"', b",", b"\r", b"\n", b"\0", b"prompt", b"option.a:", b"[", b"a"])
ANYTHING = (
    TEXT | st.lists(ROW, max_size=3).map(b"\n".join) | st.lists(CELL, max_size=12).map(b"".join)
)


@settings(max_examples=200, deadline=None)
@given(ANYTHING, st.sampled_from([None, *ManifestFormat]))
@example(b"prompt,option.a:\nx," + b"[" * 100_000, ManifestFormat.CSV)
@example(b'{"prompt":' + b"[" * 100_000, ManifestFormat.JSONL)
def test_any_bytes_make_rows_or_bad_lines(data, form):
    """Nothing that a file may hold is a bug; numbers only grow."""
    found = list(manifest_rows([data], form, "-"))

    assert all(isinstance(one, RawRow | BadLine) for one in found)
    assert [one.line for one in found] == sorted(one.line for one in found)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(FIELD, JSON), st.randoms())
def test_the_order_of_keys_makes_no_other_row(fields, chance):
    """At any depth; an id and a place for its files are no part of what it says."""

    def mixed(value):
        if isinstance(value, list):
            return [mixed(one) for one in value]
        if not isinstance(value, dict):
            return value
        items = [(key, mixed(inner)) for key, inner in value.items()]
        return dict(chance.sample(items, len(items)))

    key = content_key(fields)
    assert content_key(mixed(fields)) == key
    assert content_key(fields | {"id": "other", "output": "there"}) == key
    assert content_key(fields | {"prompt": "another one entirely"}) != key

"""Answers and bytes that are made to take long or to need much memory: bounded, whatever they hold."""

import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from servers import TASK, expect_look, task

from piooy_cli.api.results.explain import explain_urls
from piooy_cli.api.results.finder import find_assets
from piooy_cli.api.results.reasons import find_failed_results, find_failure
from piooy_cli.api.results.urls import bucket_address
from piooy_cli.api.safe_json import parse, unwrapped
from piooy_cli.media import types

MIB = 1_000_000  # a little below the limit of an answer
API = "https://piooy.com"
LONGEST = 1.0  # seconds


def nested(depth):
    """JSON inside JSON, escaped again and again."""
    value = "https://e.com/a.png"
    while len(text := json.dumps([value])) < MIB and depth:
        value, depth = text, depth - 1
    return value


SHAPES = {
    "commas": ["x" + "," * 900_000 + "x"],
    "blanks": [" \t" * 450_000],
    "quotes": ['"' * 450_000],
    "brackets": "[" * 900_000,
    "braces": '{"a":' * 180_000,
    "comments": ["data:image/svg+xml," + "<!---->" * 140_000],
    "addresses in one text": [" ".join(["https://e.com/a.png"] * 45_000)],
    "addresses": [f"https://e.com/{n}.png" for n in range(30_000)],
    "addresses in many keys": {f"url{n}": f"https://e.com/{n}.png" for n in range(9_500)},
    "empty lists": [[] for _ in range(300_000)],
    "numbers": list(range(140_000)),
    "a long key": {"url" * 300_000: "https://e.com/a.png"},
    "JSON in JSON": nested(18),
    "backslashes": ["\\" * 400_000],
    "percent": ["https://e.com/" + "%41" * 300_000 + ".png"],
    "a host of dots": ["https://" + "." * 900_000 + "/a.png"],
    "base64": {"b64_json": "A" * 900_000},
    "marks": ["a" + "\u0301" * 300_000],
    "one character a text": list("h" * 200_000),
    "texts of JSON": [f'["https://e.com/{n}.png"]' for n in range(20_000)],
}  # fmt: skip


@pytest.mark.parametrize("result", SHAPES.values(), ids=SHAPES)
def test_a_result_of_a_mebibyte_is_judged_within_a_second(piooy, api, result):
    """The whole command, for a success and for a failure."""
    expect_look(api, task("SUCCESS", {"results": result}), task("FAILED", result))
    piooy("history")  # what is loaded once does not count

    for _ in range(2):
        begun = time.process_time()
        ran = piooy("task", TASK)
        assert time.process_time() - begun < LONGEST
        assert "internal error" not in ran.err and len(ran.err) < 20_000


BYTES = {
    "comments of SVG": b"<!---->" * 72,
    "a MiB of comments": b"<!---->" * 140_000,
    "declarations": b"<?xml ?>" * 120_000,
    "blanks": b" " * MIB,
    "boxes": (b"\0\0\0\x08free" * 120_000),
    "EBML": b"\x1a\x45\xdf\xa3" * 250_000,
    "RIFF": b"RIFF\xff\xff\xff\xffWAVE" + b"junk\0\0\0\0" * 120_000,
    "Ogg": b"OggS" * 250_000,
    "frames of MP3": b"\xff\xfb\x90\x00" * 250_000,
    "segments of JPEG": b"\xff\xd8" + b"\xff\xe0\0\x02" * 250_000,
    "chunks of PNG": b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * 80_000,
    "ADTS": b"\xff\xf1\x50\x80\x00\xff\xfc" * 140_000,
}


@pytest.mark.parametrize("body", BYTES.values(), ids=BYTES)
def test_a_file_of_a_mebibyte_is_judged_within_a_second(piooy, raw, api, body):
    """Whatever becomes of it; nothing is left half."""

    def behave(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    server = raw(behave, is_api=False)
    expect_look(api, task("SUCCESS", {"results": [server.url + "/a"]}))
    piooy("history")
    begun = time.process_time()

    ran = piooy("download", TASK)

    assert time.process_time() - begun < LONGEST
    assert ran.code in (0, 12) and "internal error" not in ran.err


SEEDS = [
    b'{"code":200,"message":"success","data":{"taskId":"t","status":"SUCCESS","mediaType":"image",'
    b'"taskResult":{"results":["https://e.com/a.png"]},"taskInfo":{"errorMessage":null}}}',
    b'{"data":{"status":"FAILED","taskInfo":"{\\"error\\":{\\"message\\":\\"too many requests\\"}}"}}',
    b'{"data":{"taskResult":"{\\"images\\":[{\\"url\\":\\"https:\\/\\/e.com\\/a.png\\"}]}"}}',
    b'{"data":{"taskResult":{"video":{"b64_json":"AAAAGGZ0eXBtcDQy"},"list":"a.png, https://e.com/b.png"}}}',
    b"<?xml version='1.0'?><!DOCTYPE svg><svg></svg>",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41",
]
PIECES = [
    b"[", b"]", b"{", b"}", b'"', b"\\", b"\\u0000", b"\\ud800", b",", b":", b"null", b"1e999", b"https://",
    b"data:image/png;base64,", b"<!--", b"-->", b"\0", b"\xff", b"\xc2\x9b", b"results", b"url", b"gs://b/o", b" " * 50,
    b"," * 50, b"[" * 50, b"%00", b"\r\n",
]  # fmt: skip


def mutated(rng):
    """A seed in which pieces were doubled, removed, exchanged and inserted."""
    body = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 6)):
        at, length = rng.randrange(len(body) + 1), rng.randint(0, 20)
        choice = rng.randrange(5)
        if choice == 0:
            body[at : at + length] = rng.choice(PIECES)
        elif choice == 1:
            body[at:at] = body[at : at + length] * rng.randint(1, 9)
        elif choice == 2:
            del body[at : at + length]
        elif choice == 3:
            body[at:at] = rng.choice(PIECES) * rng.choice((1, 1, 1, 60))
        else:
            body[at:at] = bytes(rng.randrange(256) for _ in range(4))
    return bytes(body)


linux = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory as Linux tells it"
)


def judge(body):
    """All that is done with an answer and with the first bytes of a file."""
    types.extension_of(body[: types.HEAD])
    types.is_page(body[: types.HEAD])
    try:
        value = parse(body)
    except ValueError:
        return
    data = unwrapped(value.get("data") if isinstance(value, dict) else value)
    if isinstance(data, dict):
        find_assets(data, API)
        find_failure(data.get("taskInfo"), data)
        find_failed_results(data)
        explain_urls(data, API, None, "fox")
        bucket_address(data)


def fuzz(count, seed=1):
    """Judge so many; return the longest time of one, and the memory at the end in MB."""
    rng, longest = random.Random(seed), 0.0
    for _ in range(count):
        body = mutated(rng)
        begun = time.process_time()
        judge(body)
        longest = max(longest, time.process_time() - begun)
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return longest, int(peak) / 1024


def fuzzed(count):
    """The same in a process of its own."""
    program = f"import test_hostile_answers as t; print(*t.fuzz({count}))"
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    ran = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)  # fmt: skip
    return tuple(map(float, ran.stdout.split()))


@linux
def test_fuzzed_answers_are_judged_quickly():
    """No exception but ValueError of bad JSON, no call of a second, no memory that grows."""
    longest, memory = fuzzed(3_000)

    assert longest < LONGEST and memory < 150


@linux
@pytest.mark.soak
def test_a_million_fuzzed_answers():
    """ANSWERS=N makes it N."""
    count = int(os.environ.get("ANSWERS", "1000000"))
    longest, memory = fuzzed(count)

    print(f"{count:,} answers: longest {longest * 1000:.0f} ms, {memory:.0f} MB")
    assert longest < LONGEST and memory < 150

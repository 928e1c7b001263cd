"""A service that sends the key back: it is removed before anything can print, store or send it."""

import base64
import html
import json
import random
import sqlite3
import string
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from servers import PNG, TASK, accepted, answer, expect_look, expect_order, read_request, task

from piooy_cli.domain.redaction import MASK, has_secret, redact, redact_bytes

CANARY = "canary/" + "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=32))
GENERATE = ("generate", "image", "-m", "m", "-o", "out", "--record", "recorded", "x")
HISTORY = [
    ("history", "--json"),
    ("history", "show", "@row:1", "--json"),
    ("history", "export"),
]


def _escapes(form):
    return "".join(form.format(ord(letter)) for letter in CANARY)


def forms():
    """The key as services and proxies write it."""
    encoded = [
        base64.b64encode(prefix.encode() + CANARY.encode() + b"tail").decode()
        for prefix in ("", "a", "ab", "Bearer ", "user:")
    ]
    return {
        "plain": CANARY,
        "upper": CANARY.upper(),
        "spaced": " ".join(CANARY),
        "wrapped": f"{CANARY[:15]}\n {CANARY[15:]}",
        "percent": _escapes("%{:02x}"),
        "quoted twice": quote(quote(CANARY, safe=""), safe=""),
        "html": _escapes("&#x{:x};"),
        "html decimal": _escapes("&#{};"),
        "unicode escapes": _escapes("\\u{:04x}"),
        "hex escapes": _escapes("\\x{:02x}"),
        "slashes": CANARY.replace("/", "\\/"),
        "hex": CANARY.encode().hex(),
        "cut": CANARY[:14],
        "middle": CANARY[9:25],
        "end": CANARY[-12:],
        **{f"base64 {n}": text for n, text in enumerate(encoded)},
        "base64 for URLs": base64.urlsafe_b64encode(b"?>" + CANARY.encode()).decode(),
    }


def traces(content):
    """What of the key is in these bytes, as a search without our own code finds it."""
    text = content.decode("utf-8", "replace")
    text = html.unescape(text).replace("\\/", "/")
    for number in range(0x21, 0x7F):
        for form in (f"\\u{number:04x}", f"\\x{number:02x}", f"%{number:02x}", f"%25{number:02x}"):
            text = text.replace(form, chr(number)).replace(form.upper(), chr(number))
    text = "".join(text.split()).lower()
    encoded = [
        base64.b64encode(b"x" * shift + CANARY.encode()).decode()[4:-4].lower()
        for shift in range(3)
    ]
    runs = [CANARY[at : at + 12].lower() for at in range(len(CANARY) - 11)]
    needles = [*runs, CANARY.encode().hex()[:24], *(one[:16] for one in encoded)]
    return [one for one in needles if one in text]


@pytest.fixture
def canary(api, monkeypatch):
    """The API, and the key that it sends back."""
    monkeypatch.setenv("PIOOY_API_KEY", CANARY)
    return api


def everything(home, ran):
    """What this run printed, and every file that it left."""
    files = [path for path in home.parent.rglob("*") if path.is_file()]
    return {"stdout": ran.bytes, "stderr": ran.err.encode()} | {
        str(path): path.read_bytes() for path in files
    }


def found_in(home, *runs):
    """Traces of the key in what these runs have left, by place."""
    return {
        place: left
        for ran in runs
        for place, content in everything(home, ran).items()
        if (left := traces(content))
    }


@pytest.mark.parametrize("form", forms())
def test_every_form_is_found_and_nothing_else_is_touched(form):
    """The text around it stays, the key goes; text and bytes alike."""
    text = f"é before {forms()[form]} after ü"

    clean = redact(text, [CANARY])

    assert MASK in clean and not traces(clean.encode())
    assert clean.startswith("é before ") and clean.endswith(" after ü")
    assert traces(redact_bytes(text.encode("latin-1"), [CANARY])) == []


@given(st.text(max_size=300))
def test_text_without_the_key_stays_as_it_is(text):
    """Whatever it is, byte by byte."""
    assert redact(text, [CANARY]) == text and not has_secret(text, [CANARY])
    assert redact_bytes(text.encode("utf-8", "replace"), [CANARY]) == text.encode(
        "utf-8", "replace"
    )


@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, 27), st.integers(12, 39))
@example("%", "", 0, 12)
@example("\\x", "", 0, 12)
def test_any_twelve_characters_of_the_key_are_found(before, after, start, length):
    """Wherever they are."""
    cut = CANARY[start : start + length]
    assert len(cut) < 12 or not traces(redact(before + cut + after, [CANARY]).encode())


SAID = " ".join(f"[{form}]" for form in forms().values())


@pytest.mark.parametrize(
    ("shape", "status"),
    [*(("json", status) for status in (200, 302, 400, 401, 402, 500)), ("text", 400), ("text", 500),
     ("header", 302), ("header", 400)],
)  # fmt: skip
def test_a_rejection_that_echoes_the_key(piooy, canary, home, monkeypatch, shape, status):
    """No trace in what is printed, stored or recorded, or shown by the history without the key."""
    body = json.dumps({"code": 400, "message": f"bad key {SAID} sent"})
    body = body if shape == "json" else "x" * 185 + f" {CANARY} {SAID}"
    flat = {
        "x-echo": CANARY,
        "retry-after": CANARY,
        "etag": f'"{CANARY}"',
        "location": f"/{CANARY}",
    }
    how = {"headers": flat if shape == "header" else {}}
    canary.expect_request("/api/v1/generate").respond_with_data(body, status=status, **how)

    ran = piooy(*GENERATE)
    as_json = piooy("--json", "--debug", *GENERATE)

    assert found_in(home, ran, as_json) == {}
    monkeypatch.delenv("PIOOY_API_KEY")
    assert found_in(home, *(piooy(*one) for one in HISTORY)) == {}


@pytest.mark.parametrize(
    "data",
    [
        {"status": "FAILED", "taskResult": {"error": {"code": CANARY, "message": SAID}}},
        {"status": CANARY},
        {"model": CANARY, "provider": CANARY, "scene": CANARY, "prompt": CANARY},
        {"status": "SUCCESS", "taskResult": {"text": SAID}},
    ],
    ids=["failure", "status", "echo", "no files"],
)
def test_a_task_that_echoes_the_key(piooy, canary, home, monkeypatch, data):
    """The same for what is polled, and for a batch's results, summary and metrics."""
    (home / "p.txt").write_text("a\n")
    canary.expect_request("/api/v1/generate").respond_with_json(accepted())
    expect_look(canary, task(**({"status": "FAILED"} | data)))

    ran = piooy(
        "batch", "p.txt", "-m", "m", "--media", "image", "-o", "out", "--summary", "s.json",
        "--metrics", "m.prom", "--record", "recorded", "--timeout", "1s",
    )  # fmt: skip
    looked = (
        piooy("task", TASK, "--json"),
        piooy("task", TASK, "--raw"),
        piooy("wait", TASK, "--timeout", "1s"),
    )
    explained = piooy("task", TASK, "--explain")

    assert found_in(home, ran, *looked, explained) == {}
    monkeypatch.delenv("PIOOY_API_KEY")
    assert found_in(home, *(piooy(*one) for one in HISTORY)) == {}


@pytest.mark.parametrize("form", ["plain", "percent", "base64 3", "cut", "hex"])
def test_a_url_with_the_key_is_not_requested(piooy, canary, raw, home, monkeypatch, form):
    """The asset's host learns nothing, by the first URL or by a redirect."""
    asked = []

    def host(connection):
        asked.append(read_request(connection))
        connection.sendall(answer(PNG))

    elsewhere = raw(host, is_api=False)
    monkeypatch.setenv("PIOOY_API_KEY", CANARY)
    secret = quote(forms()[form], safe="/%=")
    target = f"{elsewhere.url}/a.png?api_key={secret}"
    canary.expect_request("/hop.png").respond_with_data("", 302, headers={"location": target})
    expect_order(canary)
    expect_look(canary, task(result={"results": [target, canary.url_for("/hop.png")]}))

    ran = piooy(*GENERATE)

    assert (ran.code, asked) == (12, []), ran.err
    assert "API key" in ran.err and found_in(home, ran) == {}


def test_an_etag_with_the_key_is_not_sent_back(piooy, canary, raw, home, monkeypatch):
    """A transfer that breaks starts again instead of resuming with it."""
    asked = []
    whole = answer(PNG + bytes(100_000), "200 OK", f'ETag: "{CANARY}"', "Accept-Ranges: bytes")

    def host(connection):
        asked.append(read_request(connection))
        connection.sendall(whole if len(asked) > 1 else whole[:70_000])

    elsewhere = raw(host, is_api=False)
    monkeypatch.setenv("PIOOY_API_KEY", CANARY)
    expect_order(canary)
    expect_look(canary, task(result={"results": [f"{elsewhere.url}/a.png"]}))

    ran = piooy(*GENERATE)

    assert ran.code == 0 and len(asked) == 2
    assert b"range" not in asked[1].lower() and found_in(home, ran) == {}


def test_bytes_that_are_no_response_are_cleaned_too(piooy, raw, home, monkeypatch):
    """An HTTP library tells them in its error."""

    def babble(connection):
        read_request(connection)
        connection.sendall(f"HTTP/1.1 {CANARY} {CANARY}\r\n{CANARY}\r\n\r\n".encode())

    raw(babble)
    monkeypatch.setenv("PIOOY_API_KEY", CANARY)

    ran = piooy(*GENERATE)

    assert ran.code == 11 and found_in(home, ran, piooy("history", "--json")) == {}


def test_a_ledger_of_an_older_version_is_cleaned(piooy, canary, home, monkeypatch):
    """What was stored as it came goes at the first run with the key, its copies included."""
    expect_order(canary)
    expect_look(canary, task("FAILED"))
    piooy("generate", "image", "-m", "m", "x")
    ledger = home.parent / "state" / "ledger.sqlite3"
    with sqlite3.connect(ledger) as stored:
        stored.execute("drop table cleaned")
        stored.execute("update attempts set reason = ?", (f"bad key {CANARY}",))
        stored.execute("update orders set failure_message = ?", (SAID,))
        stored.execute(
            "insert into assets (order_id, n, url, kind, role) values (1, 1, ?, 'image', 'result')",
            (f"https://e.example/?k={CANARY}",),
        )
    stored.close()
    copy = Path(f"{ledger}.v2")
    copy.write_bytes(ledger.read_bytes())
    assert traces(ledger.read_bytes()) and traces(copy.read_bytes())

    piooy("wait", TASK)

    monkeypatch.delenv("PIOOY_API_KEY")
    assert found_in(home, *(piooy(*one) for one in HISTORY)) == {}
    assert "bad key ***" in piooy("history", "show", "@row:1", "--json").out

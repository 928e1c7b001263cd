"""What people, programs and pipes see."""

import base64
import io
import json
from unicodedata import category
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piooy_cli.domain.errors import PiooyError, exit_code_of
from piooy_cli.domain.escaping import escaped_json
from piooy_cli.domain.redaction import redact, redact_bytes
from piooy_cli.output.sanitize import sanitize
from piooy_cli.output.writers import wants_color

HOSTILE = [
    "\x1b[31m", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x1bP", "\x9b31m", "\x07", "\x08", "\x7f", "\x85", "\u2028", "\u2029",
    "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\U000e0041", "\ufe0f", "\ud800", "\xad",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_characters_come_out_as_escapes(text):
    """Nothing that moves a cursor, hides, or turns the reading direction."""
    clean = sanitize(f"a{text}b")

    assert clean.isprintable() and clean.startswith("a") and clean.endswith("b")


def test_every_control_and_format_character_is_escaped():
    """The table in the code is complete, by what this Python knows of Unicode."""
    hostile = [
        c for c in map(chr, range(0x110000)) if category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]
    breaks = set("\r\n\t\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029")

    for c in hostile:
        clean = sanitize(f"a{c}b")
        assert clean.isprintable() and c not in clean, ascii(c)
        assert clean.startswith("a\\") or c in breaks, ascii(c)
        assert escaped_json(f'"{c}"').isascii()


def test_what_is_joined_to_one_emoji_is_shown_as_escapes():
    """Families and variants: their parts, and what joins them."""
    assert sanitize("\U0001f469\u200d\U0001f467") == "\U0001f469\\u200d\U0001f467"
    assert sanitize("\u2764\ufe0f") == "\u2764\\ufe0f"


@pytest.mark.parametrize("mark", ["\u0301", "\u0489", "\u0301\u0489\u034f", "\U0001e8d0"])
@pytest.mark.parametrize("around", ["{}", "e{}", "赤{} x", "🦊{}", "\u0903{}"])
def test_of_many_marks_in_a_row_eight_are_kept(mark, around):
    """More than that would cover the lines around."""
    clean = sanitize(around.format(mark * 1000) + "end")
    marks = [c for c in clean if category(c)[0] == "M"]

    assert len(marks) == 8 and clean.endswith("end")


def test_texts_with_usual_marks_stay():
    """Vietnamese, Thai, Hindi, Hebrew and eight marks in a row, twice."""
    for text in (
        "Tiếng Việt".replace("ế", "e\u0302\u0301"),
        "ที่นี่",
        "हिन्दी क्षत्रिय",
        "בְּרֵאשִׁית",
        ("a" + "\u0301" * 8) * 2,
    ):
        assert sanitize(text) == text


@given(st.text())
def test_any_text_becomes_one_printable_line(text):
    """Whatever comes, it is one line without controls."""
    clean = sanitize(text)

    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in clean)
    clean.encode()


@pytest.mark.parametrize("text", ["a\nb", "a \r\n\t b"])
def test_breaks_become_spaces(text):
    """A message of many lines is one line."""
    assert sanitize(text) == "a b"


@pytest.mark.parametrize(
    "text", ["[/INST]", "[bold]x", "[link=http://x]y", ":skull:", "\\[x", "日本 😀 ü"]
)
def test_plain_text_stays(text):
    """What looks like markup is text, and so is every script."""
    assert sanitize(text) == text


class Terminal(io.StringIO):
    """Claims to be one."""

    def isatty(self):
        """Yes."""
        return True


@pytest.mark.parametrize(
    ("environ", "choice", "terminal", "pipe"),
    [
        ({}, "auto", True, False),
        ({"NO_COLOR": "1"}, "auto", False, False),
        ({"NO_COLOR": ""}, "auto", True, False),
        ({"PIOOY_NO_COLOR": "1"}, "auto", False, False),
        ({"FORCE_COLOR": "1"}, "auto", True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False, False),
        ({"CLICOLOR_FORCE": "1"}, "auto", True, True),
        ({"CLICOLOR_FORCE": "0"}, "auto", True, False),
        ({"CLICOLOR": "0"}, "auto", False, False),
        ({"TERM": "dumb"}, "auto", False, False),
        ({"TERM": "dumb"}, "always", True, True),
        ({"NO_COLOR": "1"}, "always", True, True),
        ({"FORCE_COLOR": "1"}, "never", False, False),
    ],
    ids=str,
)
def test_color(environ, choice, terminal, pipe):
    """Option, then NO_COLOR, then what forces it, then the terminal."""
    environ = {"TERM": "xterm"} | environ

    assert wants_color(Terminal(), environ, choice) is terminal
    assert wants_color(io.StringIO(), environ, choice) is pipe


def make(code):
    """An error with this exit code."""
    kinds = {kind.exit_code: kind for kind in PiooyError.__subclasses__()}
    return PiooyError("x") if code == 1 else kinds[code]("x")


@pytest.mark.parametrize(
    ("codes", "items", "wanted"),
    [
        ([], 3, 0), ([5], 1, 5), ([5], 3, 6), ([5, 5], 2, 5), ([5, 7], 2, 5), ([7, 10], 2, 7), ([12, 5], 3, 12), ([3, 12], 2, 3),
        ([4, 3], 3, 4), ([11, 4], 2, 11), ([13, 4], 2, 13), ([1, 11], 2, 1), ([14], 2, 14), ([10], 2, 6), ([130, 3], 2, 130),
    ],
)  # fmt: skip
def test_one_code_for_all(codes, items, wanted):
    """When several apply, the interface's order decides; one item never ends with 6."""
    assert exit_code_of(codes, len(codes), items) == wanted


@pytest.mark.parametrize("key", ["plain-key-0123", 'a"quoted\\key', "with/slash+plus"])
def test_a_key_is_hidden_in_every_form(key):
    """As it is, in an address, inside JSON, in base64; in text and in bytes of any kind."""
    forms = [
        key,
        quote(key, safe=""),
        json.dumps({"a": key}),
        base64.b64encode(key.encode()).decode(),
    ]
    for form in forms:
        assert "***" in redact(f"<{form}>", [key]) and key not in redact(f"<{form}>", [key])
        assert b"***" in redact_bytes(b"\xff\x00" + form.encode() + b"\xfe", [key])


@given(st.binary())
def test_bytes_without_a_key_stay_as_they_are(body):
    """Whatever they are."""
    assert redact_bytes(body, ["a-key-that-is-not-there"]) == body

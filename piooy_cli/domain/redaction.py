"""Removing secrets from text, also where they are encoded, cut or spaced. Pure."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

MASK = "***"
SHORTEST = 8
_RUN = 12  # this many characters of a secret in a row count as the secret
_DROPPED = bytes(code for code in range(256) if not 0x21 <= code <= 0x7E)
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
# Percent, backslash and HTML escapes, also of escapes.
_ESCAPE = re.compile(
    rb"%(?:25)*+([0-9A-Fa-f]{2})"
    rb"|\\++(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|[^ux\\])?+"
    rb"|&(?:amp;)*+(?:\#x([0-9A-Fa-f]{1,6})|\#([0-9]{1,7})|([A-Za-z]{2,8}));"
)
_ROUNDS = 3  # of escapes inside other escapes
_NOTHING = frozenset((b"\\", b"n", b"r", b"t", b"b", b"f", b"v"))  # blanks, escaped


class _Form(NamedTuple):
    """A secret as it may be written: `run` characters of it in a row count as the secret."""

    text: bytes
    run: int


class _View(NamedTuple):
    """Text without escapes and blanks, and where each of its characters starts and ends."""

    text: bytes
    starts: list[int]
    ends: list[int]


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every secret replaced, in whichever form it is there.

    Known forms are escapes for URLs, HTML, JSON and Python, base64, hexadecimal, other case, added
    blanks, and any 12 characters in a row. Secrets of fewer than 8 characters are left alone: no
    real key is that short, and hiding one would spoil text.
    """
    known = _long_enough(secrets)
    if not known:
        return text
    body = text.encode("utf-8", "surrogatepass")
    clean = _redacted(body, known)
    return text if clean is body else clean.decode("utf-8", "surrogatepass")


def redact_bytes(body: bytes, secrets: Iterable[str]) -> bytes:
    """Do the same with bytes of any kind: a key is ASCII."""
    return _redacted(body, _long_enough(secrets))


def has_secret(text: str, secrets: Iterable[str]) -> bool:
    """Whether a text contains a secret in any form that `redact` knows."""
    return redact(text, secrets) != text


def _long_enough(secrets: Iterable[str]) -> list[str]:
    return [one for one in secrets if len(one) >= SHORTEST]


def _redacted(body: bytes, secrets: list[str]) -> bytes:
    # Also as it is: an escape before a secret would swallow its beginning.
    texts = list(_rounds(body.translate(None, _DROPPED)))
    found = [one for one in secrets if any(_is_in(text, one) for text in texts)]
    return _masked(body, found) if found else body


def _is_in(text: bytes, secret: str) -> bool:
    plain, encoded = _forms(secret)
    return _found(text.lower(), plain) or _found(text.translate(_URL_SAFE), encoded)


def _found(text: bytes, forms: tuple[_Form, ...]) -> bool:
    return any(True for form in forms for _ in _runs(text, form))


def _masked(body: bytes, secrets: list[str]) -> bytes:
    parts, end = [], 0
    for start, stop in sorted(span for view in _views(body) for span in _spans(view, secrets)):
        if start >= end:
            parts += [body[end:start], MASK.encode()]
        end = max(end, stop)
    return b"".join([*parts, body[end:]])


def _spans(view: _View, secrets: list[str]) -> Iterator[tuple[int, int]]:
    """Yield where secrets are in a view, as places in the body."""
    lower, standard = view.text.lower(), view.text.translate(_URL_SAFE)
    for secret in secrets:
        plain, encoded = _forms(secret)
        for text, forms in ((lower, plain), (standard, encoded)):
            for first, last in (run for form in forms for run in _runs(text, form)):
                yield view.starts[first], view.ends[last - 1]


def _rounds(text: bytes) -> Iterator[bytes]:
    """Yield a text as it is, then with its escapes resolved, round by round."""
    yield text
    for _ in range(_ROUNDS):
        if not _has_escapes(text):
            return
        text = _ESCAPE.sub(_meant, text)
        yield text


def _without_escapes(text: bytes) -> bytes:
    *_, last = _rounds(text)
    return last


def _has_escapes(text: bytes) -> bool:
    return b"%" in text or b"\\" in text or b"&" in text


def _views(body: bytes) -> Iterator[_View]:
    """Yield what `_rounds` yields, with where each character came from."""
    starts = [n for n, code in enumerate(body) if 0x21 <= code <= 0x7E]
    view = _View(body.translate(None, _DROPPED), starts, [n + 1 for n in starts])
    yield view
    for _ in range(_ROUNDS):
        if not _has_escapes(view.text):
            return
        view = _unescaped(view)
        yield view


def _unescaped(view: _View) -> _View:
    text, starts, ends, end = bytearray(), list[int](), list[int](), 0
    for match in _ESCAPE.finditer(view.text):
        start, meant = match.start(), _meant(match)
        text += view.text[end:start] + meant
        starts += view.starts[end : start + len(meant)]
        ends += view.ends[end:start]
        end = match.end()
        ends += view.ends[end - 1 : end] if meant else []
    return _View(bytes(text) + view.text[end:], starts + view.starts[end:], ends + view.ends[end:])


def _meant(match: re.Match[bytes]) -> bytes:
    """Return the character that an escape means; nothing if it is not printable ASCII."""
    percent, long, short, html_hex, decimal, name = match.groups()
    if name:
        from html.entities import html5  # only where there is one

        meant = html5.get(f"{name.decode()};", "")
        return meant.encode() if len(meant) == 1 and "!" <= meant <= "~" else b""
    if decimal:
        code = int(decimal)
    elif number := percent or long or short or html_hex:
        code = int(number, 16)
    else:
        last = match[0][-1:]
        return b"" if last in _NOTHING else last
    return bytes([code]) if 0x21 <= code <= 0x7E else b""


def _runs(text: bytes, form: _Form) -> Iterator[tuple[int, int]]:
    """Yield start and end of every part of a secret that is long enough.

    Each contains one of some short blocks of the secret, for which bytes are searched fast.
    """
    whole, run = form
    block = run // 2
    covered = bytearray(0)
    for at in range(0, len(whole) - block + 1, run - block + 1):
        place = text.find(whole[at : at + block])
        while place >= 0:
            if not (covered and covered[place]):
                start, end = _extended(text, place, whole, at, block)
                if end - start >= run:
                    covered = covered or bytearray(len(text))
                    covered[start:end] = b"\1" * (end - start)
                    yield start, end
            place = text.find(whole[at : at + block], place + 1)


def _extended(text: bytes, place: int, whole: bytes, at: int, block: int) -> tuple[int, int]:
    """Return how far text and secret agree around the block at `place` and `at`."""
    back = 0
    while back < min(place, at) and text[place - back - 1] == whole[at - back - 1]:
        back += 1
    ahead, most = block, min(len(text) - place, len(whole) - at)
    while ahead < most and text[place + ahead] == whole[at + ahead]:
        ahead += 1
    return place - back, place + ahead


@lru_cache(16)
def _forms(secret: str) -> tuple[tuple[_Form, ...], tuple[_Form, ...]]:
    """Return the forms to look for in lower case, and those in which case counts: base64."""
    from base64 import b64encode  # only where there is a key to hide

    plain = secret.encode()
    run = min(max(_RUN, len(plain) // 32), len(plain))  # bounds the search for very long ones
    bare = _without_escapes(plain).lower()  # as a key with a backslash looks in the view
    lower = (_Form(bare, min(run, len(bare))), _Form(plain.hex().encode(), 2 * run))
    encoded = []
    for shift in range(3):  # bytes before it move the encoding
        text = b64encode(bytes(shift) + plain).rstrip(b"=")
        ends_inside = (shift + len(plain)) % 3 != 0
        text = text[(0, 2, 3)[shift] : len(text) - ends_inside]
        encoded.append(_Form(text, min(run * 4 // 3, len(text))))
    return lower, tuple(encoded)

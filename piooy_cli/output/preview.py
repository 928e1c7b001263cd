"""Drawing a picture in the terminal, with kitty's or iTerm2's protocol or in half blocks."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path

from piooy_cli.domain.models import Kind
from piooy_cli.media.pictures import open_picture, shrunk
from piooy_cli.media.types import HEAD, extension_in, extension_of, kind_of

_BIGGEST = 20 << 20
_PIECE = 4096
_PNG = b"\x89PNG"
_COLUMNS = 60
_ROWS = 120


def drawing(path: Path, environ: Mapping[str, str], columns: int) -> str:
    """Return what to write to the terminal for a file; empty if it cannot be shown."""
    if not _is_picture(extension_in(path.name)) or path.stat().st_size > _BIGGEST:
        return ""
    data = path.read_bytes()
    if not _is_picture(extension_of(data[:HEAD])):
        return ""
    inside_another = "TMUX" in environ or environ.get("TERM", "").startswith("screen")
    if not inside_another and _speaks_kitty(environ) and data.startswith(_PNG):
        return "".join(_kitty(data)) + "\n"
    if not inside_another and environ.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm"):
        text = base64.b64encode(data).decode()
        return f"\x1b]1337;File=inline=1;size={len(data)};height=20:{text}\x07\n"
    return "".join(_blocks(path, min(columns, _COLUMNS)))


def _is_picture(extension: str | None) -> bool:
    return extension is not None and kind_of(extension) is Kind.IMAGE


def _speaks_kitty(environ: Mapping[str, str]) -> bool:
    return environ.get("TERM") == "xterm-kitty" or environ.get("TERM_PROGRAM") == "ghostty"


def _kitty(data: bytes) -> Iterator[str]:
    text = base64.b64encode(data).decode()
    for start in range(0, len(text), _PIECE):
        more = int(start + _PIECE < len(text))
        keys = f"f=100,a=T,r=20,m={more}" if start == 0 else f"m={more}"
        yield f"\x1b_G{keys};{text[start : start + _PIECE]}\x1b\\"


def _blocks(path: Path, columns: int) -> Iterator[str]:
    """Yield lines with two pixels per cell, the upper one as foreground color. Needs Pillow."""
    try:
        with open_picture(path) as image:
            small = shrunk(image, 2 * _ROWS)
    except Exception:  # noqa: BLE001 - a decoder may raise anything, and the file is saved
        return
    rows = max(round(columns * small.height / small.width / 2), 1)
    if rows > _ROWS:
        columns, rows = max(columns * _ROWS // rows, 1), _ROWS
    pixels = small.convert("RGB").resize((columns, rows * 2)).tobytes()
    for y in range(0, rows * 2, 2):
        for x in range(columns):
            upper, lower = ((line * columns + x) * 3 for line in (y, y + 1))
            front = ";".join(map(str, pixels[upper : upper + 3]))
            back = ";".join(map(str, pixels[lower : lower + 3]))
            yield f"\x1b[38;2;{front};48;2;{back}m▀"
        yield "\x1b[0m\n"

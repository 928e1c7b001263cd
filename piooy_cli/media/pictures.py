"""Opening untrusted pictures: known formats only, bounded in pixels, no program started.

Needs Pillow, which is optional: opening one raises ImportError where it is missing.
"""

import errno
import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 25_000_000  # 100 MB when they are decoded
_STRIP = 1 << 20  # pixels
_ORIENTATION = 0x0112
# No others: some decoders of Pillow start programs. AVIF is last: not every Pillow has it.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


class PictureTooLarge(Exception):
    """The picture has more pixels than are decoded."""


@contextmanager
def open_picture(
    source: Path | bytes | BinaryIO, formats: tuple[str, ...] = _FORMATS
) -> "Iterator[Image]":
    """Open a picture; its pixels are not decoded yet. Raises whatever its decoder raises."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they would be printed among the command's own lines
        if isinstance(source, Path) and not source.is_file():
            raise FileNotFoundError(source)
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        with Image.open(file, formats=formats) as image:
            if math.prod(image.size) > _MOST_PIXELS:
                raise PictureTooLarge(image.size)
            yield image


def shrunk(image: "Image", side: int) -> "Image":
    """Return the picture in RGBA, its longer side at most `side`, turned as its camera says."""
    from PIL.Image import Resampling
    from PIL.ImageOps import exif_transpose

    turn = image.getexif().get(_ORIENTATION, 1)
    scale = min(side / max(image.size), 1)
    wide, high = (max(round(length * scale), 1) for length in image.size)
    drafted = image.draft(None, (2 * wide, 2 * high))  # a JPEG can be decoded at a smaller size
    *_, right, bottom = drafted[1] if drafted else (0, 0, *image.size)
    across, down = max(int(right) // (2 * wide), 1), max(int(bottom) // (2 * high), 1)
    region = (0, 0, right / across, bottom / down)
    small = _reduced(image, across, down).resize((wide, high), Resampling.BICUBIC, region)
    small.getexif()[_ORIENTATION] = turn
    return exif_transpose(small)


def _reduced(image: "Image", across: int, down: int) -> "Image":
    """Return every `across` by `down` pixels as one, in RGBA; in strips, which take no memory."""
    from PIL import Image

    wide, high = image.size
    small = Image.new("RGBA", (-(-wide // across), -(-high // down)))
    rows = max(_STRIP // (wide * down), 1) * down
    for top in range(0, high, rows):
        strip = image.crop((0, top, wide, min(top + rows, high))).convert("RGBA")
        small.paste(strip.reduce((across, down)), (0, top // down))
    return small


def verify_png(file: BinaryIO) -> None:
    """Raise OSError unless all chunks of an open file are there, with the right checksums."""
    file.seek(0)
    try:
        with open_picture(file, ("PNG",)) as image:
            image.verify()
    except (SyntaxError, ValueError) as error:
        raise OSError(errno.EIO, f"what was written is not whole: {error}") from error

"""Opening untrusted pictures: known formats only, bounded in pixels, no program started.

Needs Pillow, which is optional: opening one raises ImportError where it is missing.
"""

import errno
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 100_000_000
# No others: some decoders of Pillow start programs. AVIF is last: not every Pillow has it.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


class PictureTooLarge(Exception):
    """The picture has more pixels than are decoded."""


@contextmanager
def open_picture(path: Path, formats: tuple[str, ...] = _FORMATS) -> "Iterator[Image]":
    """Open a picture; its pixels are not decoded yet. Raises whatever its decoder raises."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they would be printed among the command's own lines
        if not path.is_file():
            raise FileNotFoundError(path)
        with Image.open(path, formats=formats) as image:
            if math.prod(image.size) > _MOST_PIXELS:
                raise PictureTooLarge(path)
            yield image


def verify_png(path: Path) -> None:
    """Raise OSError unless all chunks of the file are there, with the right checksums."""
    try:
        with open_picture(path, ("PNG",)) as image:
            image.verify()
    except (SyntaxError, ValueError) as error:
        raise OSError(errno.EIO, f"what was written is not whole: {error}") from error

"""Picture files: opening and shrinking those of the cells, verifying and writing the sheet."""

import errno
import math
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps

PAPER = (255, 255, 255)
_LARGEST_PICTURE = 100_000_000
# No others: some that Pillow knows start programs. AVIF is last, since not every Pillow has it.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A picture, not decoded yet. Raises whatever its decoder does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they would be printed, and help nobody
        if not path.is_file():
            raise FileNotFoundError(path)
        with Image.open(path, formats=_FORMATS) as image:
            if math.prod(image.size) > _LARGEST_PICTURE:
                raise Image.DecompressionBombError(path)
            yield image


def picture_size(path: Path) -> tuple[int, int] | None:
    """Its width and height; None where it cannot be opened."""
    try:
        with _opened(path) as image:
            return image.size
    except Exception:  # noqa: BLE001 - a decoder may raise anything, and drawing tells it
        return None


def thumbnail(path: Path, box: tuple[int, int]) -> Image.Image | str:
    """The picture on white, as large as the box allows; else why there is none."""
    try:
        with _opened(path) as image:
            return _shrunk(image, box)
    except Image.DecompressionBombError:
        return "too large"
    except Exception:  # noqa: BLE001 - a decoder may raise anything at a broken file
        return "cannot be read"


def _shrunk(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    if image.mode in ("1", "P", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")  # others shrink first, which takes less memory
    image.thumbnail((max(box), max(box)))
    turned = ImageOps.exif_transpose(image).convert("RGBA")
    turned.thumbnail(box)
    paper = Image.new("RGB", turned.size, PAPER)
    paper.paste(turned, mask=turned)
    return paper


def write_picture(image: Image.Image, path: Path) -> None:
    """Replace the file, whole: whoever looks at it never sees a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".piooy-{secrets.token_hex(4)}.sheet")
    try:
        with beside.open("xb") as file:
            image.save(file, "PNG")
        _verify(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _verify(path: Path) -> None:
    """Raise OSError unless all chunks of the file are there, with the right checksums."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            image.verify()
    except (SyntaxError, ValueError) as error:
        raise OSError(errno.EIO, f"what was written is not whole: {error}") from error

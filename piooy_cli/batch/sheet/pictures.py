"""Picture files: shrinking those of the cells, and writing the sheet."""

from pathlib import Path

from PIL import Image

from piooy_cli.files.writing import replacing
from piooy_cli.media.pictures import PictureTooLarge, open_picture, shrunk, verify_png

PAPER = (255, 255, 255)


def picture_size(path: Path) -> tuple[int, int] | None:
    """Return width and height; None where the picture cannot be opened."""
    try:
        with open_picture(path) as image:
            return image.size
    except Exception:  # noqa: BLE001 - a decoder may raise anything, and drawing reports it
        return None


def thumbnail(path: Path, box: tuple[int, int]) -> Image.Image | str:
    """Return the picture on white, as large as the box allows; else why there is none."""
    try:
        with open_picture(path) as image:
            return _on_paper(shrunk(image, max(box)), box)
    except (PictureTooLarge, Image.DecompressionBombError):
        return "too large"
    except Exception:  # noqa: BLE001 - a decoder may raise anything at a broken file
        return "cannot be read"


def _on_paper(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    image.thumbnail(box)
    paper = Image.new("RGB", image.size, PAPER)
    paper.paste(image, mask=image)
    return paper


def write_picture(image: Image.Image, path: Path) -> None:
    """Replace the file by the picture as PNG, verified before it gets its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        image.save(file, "PNG")
        verify_png(file)

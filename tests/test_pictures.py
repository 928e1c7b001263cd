"""Opening untrusted pictures: in one place, and in as little memory as they need."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from piooy_cli.media.pictures import open_picture, shrunk

ROOT = Path(__file__).parent.parent
RUFF = shutil.which("ruff", path=Path(sys.executable).parent)


@pytest.mark.skipif(RUFF is None, reason="ruff is not installed")
@pytest.mark.parametrize("code", ["from PIL import Image\n\nImage.open('x')", "from PIL.Image import open as look\n\nlook('x')", "import PIL.Image\n\nPIL.Image.open('x')"])  # fmt: skip
def test_pictures_are_opened_in_one_place(code):
    """`make check` refuses Pillow's own way, which starts programs, in every other module."""

    def found(module):
        command = [RUFF, "check", "--stdin-filename", module, "--output-format", "concise", "-"]
        ran = subprocess.run(command, input=code, cwd=ROOT, capture_output=True, text=True, check=False)  # fmt: skip
        return "TID251" in ran.stdout

    assert found("piooy_cli/sandbox/fixtures/picture.py")
    assert not found("piooy_cli/media/pictures.py")


def test_a_jpeg_is_decoded_at_the_size_that_is_needed(tmp_path):
    """An eighth of a large one takes a sixty-fourth of its memory."""
    Image.new("RGB", (4000, 3000), (200, 0, 0)).save(tmp_path / "x.jpg")

    with open_picture(tmp_path / "x.jpg") as image:
        small = shrunk(image, 200)
        assert image.size == (500, 375)
    assert small.size == (200, 150) and small.getpixel((99, 99))[0] > 190


@pytest.mark.parametrize("size", [(1, 300_000), (300_000, 1), (3000, 2000), (7, 7), (1025, 1024)])
@pytest.mark.parametrize("mode", ["RGBA", "P", "1", "LA"])
def test_every_shape_is_shrunk_whole(tmp_path, mode, size):
    """The last row and column as well, in strips of any number; nothing is enlarged."""
    Image.new("L", size, 255).convert(mode).save(tmp_path / "x.png")

    with open_picture((tmp_path / "x.png").read_bytes()) as image:
        small = shrunk(image, 64)
    assert max(small.size) == min(max(size), 64)
    assert small.getextrema() == ((255, 255),) * 4

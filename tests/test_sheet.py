"""The contact sheet: where pictures stand, what stands for those that are missing, and the file."""

import errno
import importlib
import io
import math
import os
import struct
import sys
import zlib
from pathlib import Path

import pytest
from PIL import EpsImagePlugin, Image, ImageChops, ImageDraw, PngImagePlugin, features

from piooy_cli.batch.sheet import captions, layout
from piooy_cli.batch.sheet.cell import SheetCell
from piooy_cli.batch.sheet.sheet import draw_sheet
from piooy_cli.domain.errors import StorageRefused

RED, GREEN, BLUE, GOLD = (200, 0, 0), (0, 160, 0), (0, 0, 200), (200, 160, 0)
COLORS = (RED, GREEN, BLUE, GOLD)
WHITE, EMPTY, LINE = (255, 255, 255), (238, 238, 238), (224, 224, 224)
WEBP = pytest.mark.skipif(not features.check("webp"), reason="this Pillow has no WebP")


@pytest.fixture
def picture(tmp_path):
    """Makes a picture of one colour."""

    def make(color, size=(400, 400), name="picture.png", mode="RGB", **options):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}-{name}"
        Image.new(mode, size, color).save(path, **options)
        return path

    return make


@pytest.fixture
def drawn(tmp_path):
    """Draws a sheet and opens it."""

    def make(axes, cells):
        draw_sheet(axes, cells, tmp_path / "sheet.png")
        with Image.open(tmp_path / "sheet.png") as image:
            assert image.format == "PNG" and image.mode == "RGB"
            return image.copy()

    return make


@pytest.fixture
def noted(drawn):
    """Draws a sheet of one cell."""
    return lambda picture=None, note="": drawn(("s",), [SheetCell(("1",), picture, note)])


def paired(labels, pictures):
    """Cells."""
    return [SheetCell(tuple(label), path) for label, path in zip(labels, pictures, strict=True)]


def where(image, color):
    """The box around all that has exactly this colour: left, top, right, bottom."""
    red, green, blue = ImageChops.difference(image, Image.new("RGB", image.size, color)).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    box = most.point([255] + [0] * 255).getbbox()
    assert box, f"no {color}"
    return box


def center(image, color):
    """The middle of that box."""
    left, top, right, bottom = where(image, color)
    return (left + right) // 2, (top + bottom) // 2


def size(image, color):
    """Its width and height."""
    left, top, right, bottom = where(image, color)
    return right - left, bottom - top


def is_written_in(image, box):
    """Whether there is something dark in it."""
    return image.crop(box).convert("L").getextrema()[0] < 150


def square(image):
    """Whether red, green, blue and gold stand as two rows of two, in this order."""
    red, green, blue, gold = places = [center(image, color) for color in COLORS]
    assert [image.getpixel(at) for at in places] == [*COLORS]
    return red[0] == blue[0] < green[0] == gold[0] and red[1] == green[1] < blue[1] == gold[1]


@pytest.mark.parametrize("labels", ["0 1 2 3", "1a 2b 3c 4d", "1a 2a 3a 4b", "1a 2a 3b 1a"])
def test_one_axis_and_what_leaves_gaps_is_no_table(drawn, picture, labels):
    """`--zip`, and cells with the same place: two rows of two, each over its values."""
    cells = paired(labels.split(), map(picture, COLORS))
    image = drawn(("seed", "style")[: len(cells[0].labels)], cells)

    assert square(image)
    for color in COLORS:
        left, _, right, bottom = where(image, color)
        assert is_written_in(image, (left, bottom + 2, right, bottom + 28))


@pytest.mark.parametrize(("rows", "colors"), [("a b", (RED, BLUE, GREEN, GOLD)), ("am an bm bn", (RED, BLUE, (9, 9, 90), (90, 9, 9), GREEN, GOLD, (9, 90, 90), (90, 90, 9)))])  # fmt: skip
def test_the_first_axis_is_columns_and_the_others_rows(drawn, picture, rows, colors):
    """Whatever the order of the cells; each column and each row has its header."""
    labels = [seed + row for seed in "12" for row in rows.split()]
    image = drawn(("seed", "style", "model")[: len(labels[0])], paired(labels, map(picture, colors)))  # fmt: skip

    across, down = zip(*(center(image, color) for color in colors), strict=True)
    half = len(colors) // 2
    assert len({*across}) == 2 and [*down[:half]] == [*down[half:]] == sorted({*down})
    assert square(image)
    left, top, right, bottom = where(image, RED)
    assert is_written_in(image, (left, 0, right, top - 20))
    assert is_written_in(image, (0, top, left - 20, bottom))
    assert not is_written_in(image, (left - 14, top, left - 2, bottom))


@pytest.mark.parametrize(("original", "shown"), [((1024, 512), (256, 128)), ((300, 1200), (64, 256)), ((40, 20), (40, 20)), ((5000, 3), (256, 1))])  # fmt: skip
def test_thumbnails_keep_their_shape(noted, picture, original, shown):
    """256 pixels on the long side at most, and nothing is enlarged."""
    assert size(noted(picture(RED, original)), RED) == shown


@pytest.mark.parametrize(("labels", "same"), [("1 2", 1), ("1a 2a", 1), ("1a 1b", 0)])
def test_pictures_of_different_shapes_share_a_grid(drawn, picture, labels, same):
    """Each in the middle of its cell; an axis with one value is an axis."""
    cells = paired(labels.split(), (picture(RED, (800, 400)), picture(BLUE, (400, 800))))
    image = drawn(("seed", "style")[: len(cells[0].labels)], cells)

    red, blue = center(image, RED), center(image, BLUE)
    assert size(image, RED) == (256, 128) and size(image, BLUE) == (128, 256)
    assert red[same] == blue[same] and red[1 - same] < blue[1 - same]


def test_what_is_no_picture_becomes_a_grey_box(drawn, picture, tmp_path, monkeypatch):
    """A file of any other kind, or cut off, or none; the others stay, and no program is started."""
    ran, paths = [], [tmp_path / f"broken{n}" for n in range(6)]
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args, **_: ran.append(args))
    for path, kind in zip(paths, ("PNG", "JPEG"), strict=False):
        Image.effect_noise((400, 400), 90).convert("RGB").save(path, kind)
        os.truncate(path, path.stat().st_size // 2)
    for path, content in zip(paths[2:], (b"", b"text", b"\0\0\0\x18ftypmp42" + b"\0" * 99), strict=False):  # fmt: skip
        path.write_bytes(content)
    os.mkfifo(paths[5])
    paths += [tmp_path / "gone", tmp_path, picture(RED, name="x.eps")]

    whole = SheetCell(("2",), picture(BLUE))
    told = drawn(("seed",), [SheetCell(("1",), None, "cannot be read"), whole])
    for path in paths:
        assert drawn(("seed",), [SheetCell(("1",), path), whole]) == told, path
    assert size(told, EMPTY) == size(told, BLUE) == (256, 256) and ran == []


def test_a_note_stands_where_no_picture_is(noted, tmp_path):
    """Its own words go before ours, in as many lines as it needs, and inside the box."""
    assert noted(tmp_path / "gone.png", "failed") == noted(None, "failed")
    assert where(noted(), EMPTY)

    image = noted(None, "refused by the filter of the model " * 40)
    left, top, right, bottom = where(image, EMPTY)
    assert is_written_in(image, (left, top + 8, right, top + 40))
    assert not is_written_in(image, (left, bottom, right, bottom + 8))
    assert not is_written_in(image, (0, top, left + 4, bottom))


@pytest.mark.parametrize(("claimed", "said"), [((5_001, 5_000), "too large"), ((60_000, 60_000), "too large"), ((5_600, 4_200), "cannot be read")])  # fmt: skip
def test_a_bomb_is_not_unpacked(noted, picture, claimed, said, recwarn):
    """Beyond 25 megapixels; else it would be found to be cut off. Pillow's warnings stay away."""
    path = picture(0, (1, 1), mode="1")
    png = path.read_bytes()
    head = b"IHDR" + struct.pack(">II", *claimed) + png[24:29]
    path.write_bytes(png[:12] + head + struct.pack(">I", zlib.crc32(head)) + png[33:])

    assert noted(path) == noted(None, said)
    assert not recwarn.list


@pytest.mark.parametrize(("name", "mode"), [("x.png", "RGBA"), ("x.png", "P"), ("x.png", "LA"), ("x.gif", "RGBA"), pytest.param("x.webp", "RGBA", marks=WEBP)])  # fmt: skip
def test_alpha_is_on_white(noted, tmp_path, name, mode):
    """In every format: red at the left, transparent at the right."""
    spotted = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    ImageDraw.Draw(spotted).rectangle((0, 0, 99, 99), (*RED, 255))
    spotted.convert(mode).save(tmp_path / name, **({"lossless": True} if name == "x.webp" else {}))
    image = noted(tmp_path / name)

    middle, y = image.width // 2, center(image, LINE)[1]
    assert image.getpixel((middle + 50, y)) == WHITE
    assert image.getpixel((middle - 50, y)) == (RED if mode != "LA" else (60, 60, 60))


@pytest.mark.parametrize(("mode", "name", "black"), [("L", "x.png", 0), ("1", "x.png", 0), ("CMYK", "x.jpg", (0, 0, 0, 255)), ("RGB", "x.bmp", 0), ("RGB", "x.tiff", 0), ("RGB", "moving.gif", 0), ("RGB", "moving.png", 0), pytest.param("RGB", "moving.webp", 0, marks=WEBP)])  # fmt: skip
def test_every_sort_of_picture(noted, picture, mode, name, black):
    """Grey, black and white, for print: no grey box. Of a moving one the first is shown."""
    others = {"save_all": True, "append_images": [Image.new("RGB", (300, 300), WHITE)]}
    image = noted(picture(black, (300, 300), name, mode, **(others if "moving" in name else {})))

    assert image.getpixel((image.width // 2, image.height // 2))[0] < 60


def test_a_camera_held_upright(noted, tmp_path):
    """What EXIF says about the way up is followed."""
    image, exif = Image.new("RGB", (200, 100), WHITE), Image.Exif()
    ImageDraw.Draw(image).rectangle((0, 0, 99, 99), RED)
    exif[0x0112] = 6
    image.save(tmp_path / "x.png", exif=exif)
    image = noted(tmp_path / "x.png")

    (_, top, _, bottom), frame = where(image, RED), where(image, LINE)
    assert size(image, RED)[0] == pytest.approx(bottom - top, abs=2)
    assert frame[3] - bottom > 40 and frame[1] < top


@pytest.mark.parametrize("text", ["a\nb", "a\tb\0", "\x1ba\r\nb", "a\u202eb", "a\u2028 b", "\ud800a\x85b", "a \x07\x08 b "])  # fmt: skip
def test_control_characters_are_spaces(drawn, text):
    """In labels, names and notes: the same as without them."""
    plain = drawn(("a b", "t"), [SheetCell(("a b", "a b"), None, "a b")])

    assert drawn((text, "t"), [SheetCell((text, text), None, text)]) == plain


@pytest.mark.parametrize("text", ["", " ", "é", "赤い狐", "🦊👩\u200d👩", "مرحبا", "Z̷̛̈́" * 99, "\ud800\udfff", "\uffff\U0010ffff", "n\u0303" * 400, "W" * 100_000])  # fmt: skip
def test_any_text_can_be_drawn(drawn, text):
    """Pillow's own font shows a box for what it lacks."""
    assert drawn((text, "t"), [SheetCell((text, text), None, text)]).width < 700
    assert drawn((text,), [SheetCell((text,), None, text)]).width < 700


@pytest.mark.parametrize("text", ["a red fox in the snow " * 9, "W" * 99, "x" + "W" * 99])
def test_a_long_label_stays_in_its_column(drawn, picture, text):
    """Two lines at most; the gap between columns is free."""
    labels = [(f"{text}{n}", text) for n in range(2)]
    image = drawn(("seed", "style"), paired(labels, map(picture, (RED, GREEN))))

    left, top, right, bottom = where(image, RED)
    assert is_written_in(image, (left, 70, right, top - 20))
    assert not is_written_in(image, (right + 1, 0, where(image, GREEN)[0] - 1, image.height))
    assert top < 32 + 16 + 2 * 20 + 40 and left < 300 and bottom - top == 256


@pytest.mark.parametrize(("text", "width", "lines"), [("one two three four", 8, ["one two", "three f…"]), ("one two", 8, ["one two"]), ("abcdefghij", 4, ["abcd", "efg…"]), ("abc", 0, ["a", "b…"])])  # fmt: skip
def test_what_was_left_out_is_told_by_an_ellipsis(text, width, lines):
    """At the end of the last line, which still fits."""
    assert captions._wrapped(text, width, 2, len) == lines


@pytest.mark.parametrize(("bound", "most", "rows", "side"), [("LONGEST_SIDE", 700, 1, 128), ("LONGEST_SIDE", 400, 2, 96), ("_MOST_PIXELS", 200_000, 1, 128)])  # fmt: skip
def test_thumbnails_shrink_where_there_is_no_room(drawn, picture, monkeypatch, bound, most, rows, side):  # fmt: skip
    """The sheet keeps to its bounds, as a table if it can; wrapped, rather than none."""
    monkeypatch.setattr(layout, bound, most)
    image = drawn(("n", "style"), paired(("1a", "2a", "3a", "4a"), map(picture, COLORS)))

    assert (max(image.size) if bound == "LONGEST_SIDE" else math.prod(image.size)) <= most
    assert len({center(image, color)[1] for color in COLORS}) == rows
    assert size(image, RED) == (side, side) and (rows == 1 or square(image))


@pytest.mark.parametrize(("axes", "columns"), [("a", 1000), ("ab", 500), ("ab", 1), ("abc", 8)])
def test_a_thousand_cells_always_fit(axes, columns):
    """In whatever shape."""
    places = [(f"{n % columns}", f"{n // columns}", "x")[: len(axes)] for n in range(1000)]
    width, height = layout.layout_of(axes, [*map(SheetCell, places)]).size
    assert max(width, height) <= 12_000 and width * height <= 48_000_000


@pytest.mark.parametrize(("count", "said"), [(0, "at least one cell"), (1001, "1,000 cells, not 1,001")])  # fmt: skip
def test_too_many_cells_or_none(tmp_path, count, said):
    """A sentence says so, and nothing is written."""
    with pytest.raises(ValueError, match=said):
        draw_sheet(
            ("s",), [SheetCell((str(n),)) for n in range(count)], tmp_path / "out" / "sheet.png"
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="nobody counts open files here")
def test_one_picture_is_open_at_a_time(drawn, picture, monkeypatch):
    """However many there are."""
    seen, look = [], PngImagePlugin.PngImageFile.getexif

    def counted(self):
        handles = [fd for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
        seen.append(sum(fd.readlink().name.endswith("picture.png") for fd in handles))
        return look(self)

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "getexif", counted)
    drawn(("s",), paired("123456789", [picture(RED) for _ in range(9)]))
    assert max(seen) == 1 and len(seen) >= 9


def full(png):
    """A disk with room for the beginning."""
    yield png[:4]
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("spoil", "reason"), [(full, "No space left"), (lambda png: [png[:-12]], ""), (lambda png: [png[:60]], ""), (lambda png: [png[:60], b"\xff", png[61:]], ""), (lambda png: [], "")])  # fmt: skip
def test_what_was_written_badly_leaves_the_older_sheet(tmp_path, monkeypatch, spoil, reason):
    """A full disk, a file that lost its end, or a byte: exit 13, and nothing half is there."""
    save, old = Image.Image.save, tmp_path / "out" / "sheet.png"
    old.parent.mkdir()
    old.write_bytes(b"old")

    def badly(self, file, *args):
        whole = io.BytesIO()
        save(self, whole, *args)
        file.writelines(spoil(whole.getvalue()))

    monkeypatch.setattr(Image.Image, "save", badly)
    with pytest.raises(StorageRefused, match=rf"sheet\.png: {reason}"):
        draw_sheet(("s",), [SheetCell(("1",))], old)
    assert old.read_bytes() == b"old" and list(old.parent.iterdir()) == [old]


def test_it_takes_its_place_whole(tmp_path, monkeypatch):
    """Directories are made, the mode is what the umask says, and the older one is there so long."""
    path, save, seen = tmp_path / "a" / "b" / "sheet.png", Image.Image.save, []

    def watched(self, file, *args):
        save(self, file, *args)
        seen.append(path.read_bytes() if path.exists() else b"")

    monkeypatch.setattr(Image.Image, "save", watched)
    before = os.umask(0o027)
    try:
        for note in ("old", "new"):
            draw_sheet(("s",), [SheetCell(("1",), None, note)], path)
    finally:
        os.umask(before)

    assert seen[0] == b"" and seen[1].startswith(b"\x89PNG") and seen[1] != path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o640 and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["", "file/sheet.png", "x" * 300 + ".png"])
def test_a_place_that_cannot_be(tmp_path, name):
    """A directory, something below a file, a name that is too long."""
    place = tmp_path / "place"
    place.mkdir()
    (place / "file").write_bytes(b"")

    with pytest.raises(StorageRefused):
        draw_sheet(("s",), [SheetCell(("1",))], place / name)
    assert list(place.rglob("*")) == [place / "file"]


def test_without_pillow_the_import_fails(monkeypatch):
    """The caller says what to install."""
    monkeypatch.delitem(sys.modules, "piooy_cli.batch.sheet.sheet")
    monkeypatch.setitem(sys.modules, "PIL", None)

    with pytest.raises(ImportError):
        importlib.import_module("piooy_cli.batch.sheet.sheet")

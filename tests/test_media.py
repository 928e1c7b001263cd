"""What a file is, told from its first bytes, and whether it ends where its kind must."""

import io
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piooy_cli.domain.models import Kind
from piooy_cli.media.integrity import is_whole
from piooy_cli.media.types import HEAD, extension_of, is_page, kind_of


@pytest.mark.parametrize(
    ("head", "extension", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "png", Kind.IMAGE),
        (b"\xff\xd8\xff\xe0", "jpg", Kind.IMAGE),
        (b"GIF89a", "gif", Kind.IMAGE),
        (b"RIFF\0\0\0\0WEBPVP8X", "webp", Kind.IMAGE),
        (b"\0\0\0\x20ftypavif", "avif", Kind.IMAGE),
        (b"\0\0\0\x20ftypisom", "mp4", Kind.VIDEO),
        (b"\0\0\0\x20ftypqt  ", "mov", Kind.VIDEO),
        (b"\0\0\0\x08moov\0\0\0\0", "mov", Kind.VIDEO),
        (b"\x1aE\xdf\xa3\x01\0\0webm", "webm", Kind.VIDEO),
        (b"\x1aE\xdf\xa3\x01\0\0matroska", "mkv", Kind.VIDEO),
        (b"RIFF\0\0\0\0AVI LIST", "avi", Kind.VIDEO),
        (b"ID3\x04", "mp3", Kind.AUDIO),
        (b"\xff\xfb\x90\0", "mp3", Kind.AUDIO),
        (b"\xff\xf1\x50\x80", "aac", Kind.AUDIO),
        (b"RIFF\0\0\0\0WAVEfmt ", "wav", Kind.AUDIO),
        (b"fLaC\0", "flac", Kind.AUDIO),
        (b"OggS\0", "ogg", Kind.AUDIO),
        (b"\0\0\0\x20ftypM4A ", "m4a", Kind.AUDIO),
    ],
)
def test_known_media(head, extension, kind):
    """The extension and kind that the bytes deserve."""
    assert (extension_of(head), kind_of(extension)) == (extension, kind)


@pytest.mark.parametrize(
    "head", [b"", b"\xff", b"\xff\xff\xff\xff", b"RIFF", b"hello", b"<svg", b"\xff\xd8"]
)
def test_no_media(head):
    """Nothing is guessed."""
    assert extension_of(head) is None


@pytest.mark.parametrize(
    ("head", "page"),
    [
        (b"<!doctype html>", True), (b"\xef\xbb\xbf <?xml ?>", True), (b'{"a":1}', True), (b'[{"a":1}]', True), (b"[]", True),
        (b"<svg xmlns=", False), (b"<?xml ?><svg>", False), (b"[Desktop Entry]", False), (b"<html><p><svg></svg>", True), ("<html>".encode("utf-16"), True), (b" " * 512, True), (b"\x89PNG", False), (b"", False),
    ],
)  # fmt: skip
def test_pages(head, page):
    """HTML, XML and JSON are an error in the place of media."""
    assert is_page(head) is page


FFMPEG = shutil.which("ffmpeg")
PICTURES = ("png", "jpg", "gif", "webp", "bmp")
FILMS = ("mp4", "mov", "webm", "mkv", "avi")
SOUNDS = ("mp3", "wav", "flac", "ogg", "m4a")


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A real file of each kind, made by a program that is not ours."""
    place = tmp_path_factory.mktemp("samples")
    picture = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=2"]
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2"]
    made = {}
    for extension in (*PICTURES, *FILMS, *SOUNDS):
        source = sound if extension in SOUNDS else picture
        source = [*source, "-frames:v", "1"] if extension in PICTURES else source
        path = place / f"sample.{extension}"
        ran = subprocess.run([FFMPEG, "-v", "error", *source, str(path)], check=False)
        if ran.returncode == 0:
            made[extension] = path.read_bytes()
    return made


@pytest.mark.skipif(not FFMPEG, reason="ffmpeg makes the samples")
@pytest.mark.parametrize("extension", [*PICTURES, *FILMS, *SOUNDS])
def test_a_file_that_is_cut_off_is_told_from_a_whole_one(samples, extension):
    """Whole ends as its kind must; cut anywhere it does not."""
    if extension not in samples:
        pytest.skip("this ffmpeg does not write it")
    content = samples[extension]
    assert extension_of(content[:HEAD]) == extension

    assert is_whole(extension, io.BytesIO(content), len(content)) is True
    step = max(len(content) // 97, 1)
    for cut in {*range(HEAD, len(content), step), len(content) - 1, len(content) - 5}:
        assert is_whole(extension, io.BytesIO(content[:cut]), cut) is False, cut


@pytest.mark.skipif(not FFMPEG, reason="ffmpeg makes the samples")
@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "wav"], ["-f", "webm", "-c:a", "libvorbis"], ["-f", "matroska", "-c:a", "flac"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_stream_that_names_no_size_is_not_judged(arguments):
    """What was written into a pipe leaves its size open: nothing is guessed."""
    made = subprocess.run(
        [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", *arguments, "-"],
        capture_output=True,
        check=True,
    ).stdout
    extension = {"wav": "wav", "webm": "webm", "matroska": "mkv"}[arguments[1]]

    assert is_whole(extension, io.BytesIO(made), len(made)) is None


@given(st.binary(max_size=4000), st.sampled_from([*PICTURES, *FILMS, *SOUNDS, "avif", "bin"]))
def test_no_bytes_are_too_strange_to_judge(content, extension):
    """True, False or None, and no crash."""
    heads = {
        "flac": b"fLaC\0",
        "ogg": b"OggS",
        "mp3": b"ID3\4",
        "webm": b"\x1aE\xdf\xa3",
        "png": b"\x89PNG\r\n\x1a\n",
    }
    content = heads.get(extension, b"") + content

    assert is_whole(extension, io.BytesIO(content), len(content)) in (True, False, None)


def test_kinds_that_do_not_say():
    """A kind without an end of its own is neither whole nor cut off."""
    assert is_whole("bin", io.BytesIO(b"x"), 1) is None
    assert is_whole("tiff", io.BytesIO(b"II*\0"), 4) is None

"""What a file is, told from its first bytes."""

import pytest

from piooy_cli.media import extension_of, is_page, kind_of
from piooy_cli.models import Kind


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

"""Recognizing a file's type by its first bytes, never by its name or a header. Pure."""

import re

from piooy_cli.domain.models import Kind

HEAD = 512  # bytes that `extension_of` wants to see

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x1aE\xdf\xa3", "webm"),
    (b"ID3", "mp3"),
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"\xff\x0a", "jxl"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "jxl"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"),
)
_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
_BRANDS = {
    b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"mif1": "heic",
    b"miaf": "heic", b"msf1": "heic", b"M4A ": "m4a", b"M4B ": "m4a", b"qt  ": "mov",
}  # fmt: skip
_SVG = re.compile(
    rb"(?:<\?xml[^>]*+>|<!--(?:(?!-->).)*+-->|<!DOCTYPE svg[^>]*+>|\s)*+<svg[\s>]", re.DOTALL
)
_IMAGES = frozenset({"png", "jpg", "gif", "bmp", "tiff", "webp", "avif", "heic", "jxl", "jp2"})
_AUDIO = frozenset({"mp3", "flac", "ogg", "wav", "m4a", "aac", "aiff"})
_VIDEO = frozenset({"mp4", "mov", "webm", "mkv", "avi", "ts"})
_PACKET = 188  # bytes of MPEG-TS
_PLAYLIST = b"#EXTM3U"

_USUAL = {Kind.IMAGE: "png", Kind.VIDEO: "mp4", Kind.AUDIO: "mp3"}


def extension_of(head: bytes) -> str | None:
    """Return the extension for these first bytes, without a dot; None if they are not media."""
    for magic, extension in _MAGIC:
        if head.startswith(magic):
            return "mkv" if extension == "webm" and b"matroska" in head[:64] else extension
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide") and len(head) >= 12:
        return _by_brands(head) if head[4:8] == b"ftyp" else "mov"
    if len(head) > _PACKET and head[0] == head[_PACKET] == 0x47:
        return "ts"
    return _mpeg_audio(head)


def _by_brands(head: bytes) -> str:
    """Return the extension of ISO media: by the major brand, unless it says only "an image"."""
    major, compatible = head[8:12], head[16 : int.from_bytes(head[:4], "big")]
    brands = {compatible[at : at + 4] for at in range(0, len(compatible), 4)}
    if major in (b"mif1", b"miaf", b"msf1") and brands & {b"avif", b"avis"}:
        return "avif"
    return _BRANDS.get(major, "mp4")


def kind_of(extension: str) -> Kind:
    """Return the kind of file that an extension stands for."""
    if extension in _IMAGES:
        return Kind.IMAGE
    return Kind.AUDIO if extension in _AUDIO else Kind.VIDEO


def extension_in(path: str) -> str | None:
    """Return the extension at the end of a URL's path, if it is one of media."""
    ending = path.rpartition(".")[2].lower()
    ending = "jpg" if ending == "jpeg" else ending
    return ending if ending in _IMAGES | _AUDIO | _VIDEO else None


def likely_extension(path: str, kind: Kind) -> str:
    """Guess the extension from a URL's path, or from the kind, while there are no bytes yet."""
    return extension_in(path) or _USUAL.get(kind, "bin")


def is_page(head: bytes) -> bool:
    """Whether these bytes are a web page, JSON or XML instead of media."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "replace").encode()
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head and not text:
        return True  # nothing but white space
    if text[:1] == b"[":
        return text[1:].lstrip()[:1] in (b"{", b"[", b'"', b"]")
    return text[:1] == b"{" or (text[:1] == b"<" and not _SVG.match(text))


def is_text(head: bytes) -> bool:
    """Whether these bytes are plain text: a message or a playlist instead of media."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a character is cut off at the end
            return False
        text = head[: error.start].decode("utf-8")
    return bool(text) and all(c.isprintable() or c in "\r\n\t" for c in text)


def is_playlist(head: bytes) -> bool:
    """Whether these bytes are an HLS playlist, which only names the parts of a video."""
    return head.lstrip(b"\xef\xbb\xbf").startswith(_PLAYLIST)


def is_svg(head: bytes) -> bool:
    """Whether these bytes are a vector drawing, which may carry scripts."""
    return _SVG.match(head.lstrip(b"\xef\xbb\xbf \t\r\n")) is not None


def _mpeg_audio(head: bytes) -> str | None:
    """Recognize a bare MPEG audio frame: eleven set bits and no reserved values."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "aac"
    reserved = head[1] & 0x06 == 0 or head[2] & 0xF0 == 0xF0 or head[2] & 0x0C == 0x0C
    return None if reserved else "mp3"

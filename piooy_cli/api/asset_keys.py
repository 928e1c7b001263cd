"""What the key of a `taskResult` says about the address beside it: skip, input, result or cover."""

import re
from functools import lru_cache

from piooy_cli.models import Kind

# What was put in, echoed: never an asset, wherever else it is repeated.
INPUTS = frozenset({"input", "param", "paramjson", "params", "options", "prompt"})
_INPUT_NAME = re.compile(r"^(input|reference|ref|mask|init|source|start|firstframe)|input$|start$")

# Neither input nor result: links for programs, logs, storage keys.
SKIPPED = frozenset(
    [
        "logs",
        "callbackurl",
        "webhook",
        "responseurl",
        "statusurl",
        "cancelurl",
        "geturl",
        "permalink",
        "usage",
        "error",
        "storagekey",
        "posterkey",
        "key",
        "user",
        "owner",
        "author",
        "model",
        "links",
        "lyrics",
    ]
)

_PRIMARY = frozenset(
    [
        "results",
        "resulturls",
        "output",
        "outputs",
        "images",
        "videos",
        "songs",
        "audios",
        "video",
        "image",
        "audio",
        "result",
        "resultdata",
        "sunodata",
        "data",
        "url",
        "uri",
        "src",
        "file",
        "files",
        "downloadurl",
        "imageurl",
        "videourl",
        "audiourl",
        "imageurls",
        "videourls",
        "audiourls",
        "urls",
        "assets",
        "resultassets",
    ]
)
_PRIMARY_NAME = re.compile(
    r"^(hd|sd|raw|final|generated)?(image|video|audio|song|music|sound|track|picture|photo|media"
    r"|file|result|output|download|asset|content|wav|mp3|mp4|gif|png)s?(url|uri|src)s?$"
)
_SECONDARY_NAME = re.compile(
    r"thumb|cover|poster|preview|profilepicture|avatar|^origin(al)?(url|uri)s?$|^stream|lastframe"
)
# EvoLink's names of inputs; elsewhere results bear them, but only inside a result's own room.
SNAKE_PLURALS = frozenset({"image_urls", "video_urls", "audio_urls"})
RESULT_ROOMS = frozenset(
    ["data", "output", "outputs", "result", "results", "resultdata", "response"]
)

_KIND_NAMES = (
    (
        re.compile(r"thumb|cover|poster|preview|picture|avatar|frame|image|photo|png|gif"),
        Kind.IMAGE,
    ),
    (re.compile(r"video|mp4"), Kind.VIDEO),
    (re.compile(r"audio|song|suno|music|sound|track|mp3|wav"), Kind.AUDIO),
)
BASE64_KEYS = frozenset(
    ["b64json", "b64", "base64", "imagebase64", "videobase64", "audiobase64", "base64data"]
)

_EXTENSIONS = {
    Kind.IMAGE: "png jpg jpeg webp gif avif heic bmp tif tiff svg",
    Kind.VIDEO: "mp4 mov webm mkv m4v avi",
    Kind.AUDIO: "mp3 wav flac ogg oga m4a aac opus",
}
KIND_OF_EXTENSION = {
    extension: kind for kind, names in _EXTENSIONS.items() for extension in names.split()
}


@lru_cache(1024)
def plain(key: str) -> str:
    """`key` without case and separators: `imageUrl`, `image_url` and `image-url` are one."""
    return re.sub(r"[_\-\s]", "", key).lower()


def is_input(key: str) -> bool:
    """Whether what stands under `key` was sent, not made."""
    name = plain(key)
    return name in INPUTS or _INPUT_NAME.search(name) is not None


def is_skipped(key: str, value: object) -> bool:
    """Whether nothing under `key` can be an asset. `urls` as an object is a list of API links."""
    name = plain(key)
    links = name == "urls" and isinstance(value, dict)
    return links or name in SKIPPED or name.startswith(("webhook", "callback"))


def is_primary(key: str, room: str) -> bool:
    """Whether an address under `key`, inside `room`, is the thing that was asked for."""
    if key in SNAKE_PLURALS:
        return plain(room) in RESULT_ROOMS
    name = plain(key)
    return name in _PRIMARY or _PRIMARY_NAME.match(name) is not None


def is_secondary(key: str) -> bool:
    """Whether an address under `key` is a picture of the thing, or a lesser copy."""
    return _SECONDARY_NAME.search(plain(key)) is not None


@lru_cache(1024)
def kind_of_key(key: str) -> Kind | None:
    """The kind that the key itself names. `thumbnail` in it wins over `video` in it."""
    name = plain(key)
    if name.startswith("stream"):
        name = name.removeprefix("stream")
    return next((kind for pattern, kind in _KIND_NAMES if pattern.search(name)), None)


def kind_of_type(text: object) -> Kind | None:
    """The kind that `image/png` or plain `image` names."""
    word = text.split("/")[0].lower() if isinstance(text, str) else ""
    return Kind(word) if word in ("image", "video", "audio") else None

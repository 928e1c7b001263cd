"""What a key of `taskResult` says about its URL: skip, input, result or cover."""

import re
from functools import lru_cache

from piooy_cli.api.safe_json import unwrapped
from piooy_cli.domain.models import Kind

# What was put in, echoed: never an asset, wherever else it is repeated.
_INPUTS = frozenset(["request", "req", "keyframes", "parentvideo"])
_INPUT_NAME = re.compile(
    r"^(input|prompt|mask|init(?!ial)|start(image|frame|video|url)|firstframe|reference"
    r"|ref(s?$|image|video|audio|url))"
    r"|(inputs?|params?|paramjson|parameters|options|arguments|prompt|start)$"
    r"|^(end|tail|control|original)(image|frame|video)|^image(tail|list)$"
)

# Neither input nor result: links for programs, logs, storage keys. What comes twice, as a source
# and as the thing itself, is no input either.
_SKIPPED = frozenset(
    "logs responseurl statusurl cancelurl geturl permalink usage error storagekey posterkey key"
    " user owner author model links lyrics".split()
)
_SKIPPED_STARTS = ("webhook", "callback", "source")

_PRIMARY = frozenset(
    "results resulturls output outputs images videos songs audios video image audio result"
    " resultdata sunodata data url uri src file files downloadurl urls assets resultassets".split()
)
_THING = "image|video|audio|song|music|sound|track|picture|photo|media|file"
_PRIMARY_NAME = re.compile(
    rf"^(hd|sd|raw|final|generated|result|output)?"
    rf"({_THING}|result|output|download|asset|content|wav|mp3|mp4|gif|png)s?(wav|mp3)?(url|uri|src)s?$"
    rf"|^(result|output|generated)({_THING})s?$|^(audio|video|image)file$"
)
_SECONDARY_NAME = re.compile(
    r"thumb|cover|poster|preview|profilepicture|avatar|^origin(al)?(url|uri)s?$|^stream|lastframe"
)
# EvoLink's names of inputs; elsewhere results bear them, but only inside a result's own room.
_SNAKE_PLURALS = frozenset(["image_urls", "video_urls", "audio_urls"])
_RESULT_ROOMS = frozenset(
    "data output outputs result results resultdata response taskresult".split()
)

_KIND_NAMES = (
    (re.compile(r"thumb|cover|poster|preview|picture|avatar|frame|image|photo|png|gif"), "image"),
    (re.compile(r"video|mp4"), "video"),
    (re.compile(r"audio|song|suno|music|sound|track|mp3|wav"), "audio"),
)
_BASE64 = frozenset(
    "b64json b64 base64 imagebase64 videobase64 audiobase64 base64data bytesbase64encoded"
    " imagebytes videobytes".split()
)
_EXTENSIONS = {
    "image": "png jpg jpeg webp gif avif heic bmp tif tiff svg",
    "video": "mp4 mov webm mkv m4v avi",
    "audio": "mp3 wav flac ogg oga m4a aac opus",
}
KIND_OF_EXTENSION = {
    extension: Kind(kind) for kind, names in _EXTENSIONS.items() for extension in names.split()
}


@lru_cache(1024)
def plain(key: str) -> str:
    """Normalize a key: `imageUrl`, `image_url` and `image-url` are the same."""
    return re.sub(r"[_\-\s]", "", key).lower()


@lru_cache(1024)
def is_input(key: str) -> bool:
    """Whether the value of `key` was sent by us, not generated."""
    name = plain(key)
    return name in _INPUTS or _INPUT_NAME.search(name) is not None


def is_skipped(key: str, value: object) -> bool:
    """Whether nothing below `key` is an asset. `urls` as an object is a list of API links."""
    name = plain(key)
    links = name == "urls" and isinstance(unwrapped(value), dict)
    return links or name in _SKIPPED or name.startswith(_SKIPPED_STARTS)


def is_primary(key: str, room: str) -> bool:
    """Whether a URL under `key`, inside `room`, is a result."""
    if key in _SNAKE_PLURALS:
        return plain(room) in _RESULT_ROOMS
    name = plain(key)
    return name in _PRIMARY or _PRIMARY_NAME.match(name) is not None


def is_secondary(key: str) -> bool:
    """Whether a URL under `key` is a cover or a reduced copy."""
    return _SECONDARY_NAME.search(plain(key)) is not None


def is_one_picture(key: str) -> bool:
    """Whether `key` names one picture, which is the cover if there is a video or song beside it."""
    name = plain(key)
    return kind_of_key(key) is Kind.IMAGE and name not in ("images", "imageurls")


def is_base64(key: str) -> bool:
    """Whether the text under `key` is the file itself, in base64."""
    return plain(key) in _BASE64


@lru_cache(1024)
def kind_of_key(key: str) -> Kind | None:
    """Return the kind that a key names; `thumbnail` in it takes precedence over `video`."""
    name = plain(key).removeprefix("stream")
    return next((Kind(kind) for pattern, kind in _KIND_NAMES if pattern.search(name)), None)


def kind_of_type(text: object) -> Kind | None:
    """Return the kind that `image/png` or plain `image` names."""
    word = text.split("/")[0].lower() if isinstance(text, str) else ""
    return Kind(word) if word in ("image", "video", "audio") else None

"""What a key of `taskResult` says about its URL: skip, input, result or cover."""

import re
from functools import lru_cache
from typing import NamedTuple

from piooy_cli.domain.models import Kind

# What was put in, echoed: never an asset, wherever else it is repeated.
_INPUTS = frozenset(["request", "req", "keyframes", "parentvideo"])
_INPUT_NAME = re.compile(
    r"^(input|prompt|mask|init(?!ial)|start(image|frame|video|url)|firstframe|reference"
    r"|ref(s?$|image|video|audio|url))"
    r"|(inputs?|params?|paramjson|parameters|options|arguments|prompt|start)$"
    r"|^(end|tail|control)(image|frame|video)|^image(tail|list)$|^original"
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
    " resultdata sunodata data url uri src file files downloadurl urls assets resultassets"
    " generated sample samples resurl temporaryimageurls futurelinks songpath presignedurl"
    " gifs".split()
)
_THING = "image|video|audio|song|music|sound|track|picture|photo|media|file"
_STEM = "vocals?|instrumentals?|drums?|bass|guitar|piano|backing_?vocals?|strings|synth"
_PRIMARY_NAME = re.compile(
    rf"^(hd|sd|raw|final|generated|result|output|motion)?"
    rf"({_THING}|result|output|download|asset|content|wav|mp3|mp4|gif|png)s?(wav|mp3)?(url|uri|src)s?$"
    rf"|^(result|output|generated)({_THING})s?$|^(audio|video|image)file$|^({_STEM})(url|uri|path)?$"
)
_SECONDARY_NAME = re.compile(
    r"thumb|cover|poster|preview|profilepicture|avatar|^origin(url|uri)s?$|^stream|lastframe"
    r"|watermark"
)
# EvoLink's names of inputs; elsewhere results bear them, but only inside a result's own room.
_SNAKE_PLURALS = frozenset(["image_urls", "video_urls", "audio_urls"])
_RESULT_ROOMS = frozenset(
    "data output outputs result results resultdata response taskresult".split()
)

_KIND_NAMES = (
    (re.compile(r"thumb|cover|poster|preview|picture|avatar|frame|image|photo|png|gif$"), "image"),
    (re.compile(r"video|mp4"), "video"),
    (re.compile(rf"audio|song|suno|music|sound|track|mp3|wav|^({_STEM})(url|uri|path)?$"), "audio"),
)
_BASE64 = frozenset(
    "b64json b64 base64 imagebase64 videobase64 audiobase64 base64data bytesbase64encoded"
    " imagebytes videobytes".split()
)
_END = 64  # characters of a very long key that count, at both ends
_SEPARATORS = re.compile(r"[_\-\s]")
_EXTENSIONS = {
    "image": "png jpg jpeg webp gif avif heic bmp tif tiff svg",
    "video": "mp4 mov webm mkv m4v avi",
    "audio": "mp3 wav flac ogg oga m4a aac opus",
}
KIND_OF_EXTENSION = {
    extension: Kind(kind) for kind, names in _EXTENSIONS.items() for extension in names.split()
}


class KeyMeaning(NamedTuple):
    """What one key says about the URLs and other values below it.

    `is_primary`: they are results; `is_plural`: a name of inputs, which results bear only inside a
    result (`is_result_room`); `is_secondary`: covers and reduced copies; `is_base64`: the text is
    the file itself; `kind`: which kind of file the key names.
    """

    name: str
    is_input: bool
    is_skipped: bool
    is_primary: bool
    is_plural: bool
    is_result_room: bool
    is_secondary: bool
    is_base64: bool
    kind: Kind | None


def meaning(key: str) -> KeyMeaning:
    """Return what a key means; `imageUrl`, `image_url` and `image-url` mean the same."""
    return _meaning(key if len(key) <= 2 * _END else key[:_END] + key[-_END:])


@lru_cache(1 << 15)  # more than the keys of any result that is searched
def _meaning(key: str) -> KeyMeaning:
    name = _SEPARATORS.sub("", key).lower()
    bare = name.removeprefix("stream")
    return KeyMeaning(
        name=name,
        is_input=name in _INPUTS or _INPUT_NAME.search(name) is not None,
        is_skipped=name in _SKIPPED or name.startswith(_SKIPPED_STARTS),
        is_primary=name in _PRIMARY or _PRIMARY_NAME.match(name) is not None,
        is_plural=key in _SNAKE_PLURALS,
        is_result_room=name in _RESULT_ROOMS,
        is_secondary=_SECONDARY_NAME.search(name) is not None,
        is_base64=name in _BASE64,
        kind=next((Kind(kind) for pattern, kind in _KIND_NAMES if pattern.search(bare)), None),
    )

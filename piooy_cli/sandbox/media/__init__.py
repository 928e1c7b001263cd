"""Real files made from a request: the same request gives the same bytes, another one other ones."""

import hashlib
import json
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

_FORMATS = {"jpg": "jpg", "jpeg": "jpg", "webp": "webp"}
_TYPES = {"jpg": "image/jpeg", "webp": "image/webp", "png": "image/png"}


class Work(NamedTuple):
    """What was asked for. `asked`: its options as JSON; `reference`: a picture to go by."""

    media: str
    model: str
    prompt: str
    asked: str = "{}"
    seed: str = ""
    reference: bytes | None = None

    @property
    def options(self) -> Mapping[str, Any]:
        """The options."""
        value: Mapping[str, Any] = json.loads(self.asked)
        return value

    def random(self, purpose: str = "") -> random.Random:
        """A source of chance that depends on the request alone."""
        asked = [self.seed] if self.seed else []
        text = json.dumps(
            [self.media, self.model, self.prompt, self.options, purpose, *asked], sort_keys=True
        )
        return random.Random(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())

    @property
    def caption(self) -> str:
        """What the picture says of itself."""
        drawable = self.prompt.replace("\0", " ").encode("utf-8", "replace").decode()
        return drawable.strip() or "(no prompt)"

    @property
    def has_cover(self) -> bool:
        """Whether its last file is a picture of the thing."""
        return self.media in ("video", "music")

    @property
    def name(self) -> str:
        """A name for a character."""
        chance = self.random("name")
        syllables = ("ka", "mi", "ro", "ta", "li", "no", "su", "ve", "an", "el")
        return "".join(chance.choice(syllables) for _ in range(3)).capitalize()


class File(NamedTuple):
    """One file of a task."""

    name: str
    media_type: str


def files_of(work: Work) -> list[File]:
    """The files that this work has, results first."""
    match work.media:
        case "video":
            return [File("video.mp4", "video/mp4"), File("poster.png", "image/png")]
        case "music":
            return [File("song.wav", "audio/wav"), File("cover.png", "image/png")]
        case "character":
            return [File("sheet.png", "image/png")]
    ending = _FORMATS.get(str(work.options.get("output_format", "")).lower(), "png")
    numbers = range(1, _how_many(work) + 1)
    return [File(f"image-{n}.{ending}", _TYPES[ending]) for n in numbers]


def make(work: Work, name: str) -> bytes:
    """The bytes of one file."""
    from piooy_cli.sandbox.media import character, music, picture, video

    match name:
        case "video.mp4":
            return video.make(work)
        case "song.wav":
            return music.make(work)
        case "sheet.png":
            return character.make(work)
    return picture.make(work, name)


def _how_many(work: Work) -> int:
    wanted = work.options.get("n", 1)
    return wanted if isinstance(wanted, int) and 1 <= wanted <= 15 else 1

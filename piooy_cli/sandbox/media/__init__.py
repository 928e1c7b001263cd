"""Real files made from a request: the same request gives the same bytes, another one other ones."""

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Work:
    """What was asked for."""

    media: str
    model: str
    prompt: str
    options: Mapping[str, Any]

    def random(self, purpose: str = "") -> random.Random:
        """A source of chance that depends on the request alone."""
        text = json.dumps(
            [self.media, self.model, self.prompt, self.options, purpose], sort_keys=True
        )
        return random.Random(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())

    @property
    def caption(self) -> str:
        """What the picture says of itself."""
        drawable = self.prompt.replace("\0", " ").encode("utf-8", "replace").decode()
        return drawable.strip() or "(no prompt)"

    def result(self, urls: Mapping[str, str]) -> dict[str, Any]:
        """The `taskResult` of this media type, in shapes that real providers use."""
        match self.media:
            case "video":
                video = {"videoUrl": urls["video.mp4"], "thumbnailUrl": urls["poster.png"]}
                return {"videos": [video], "status": "completed"}
            case "music":
                song = {
                    "audioUrl": urls["song.wav"],
                    "imageUrl": urls["cover.png"],
                    "title": self.caption[:80],
                }
                return {"songs": [song], "status": "SUCCESS"}
            case "character":
                return {"images": [{"imageUrl": urls["sheet.png"]}], "character_name": self.name}
        return {"results": list(urls.values()), "status": "completed"}

    @property
    def name(self) -> str:
        """A name for a character."""
        chance = self.random("name")
        syllables = ("ka", "mi", "ro", "ta", "li", "no", "su", "ve", "an", "el")
        return "".join(chance.choice(syllables) for _ in range(3)).capitalize()


@dataclass(frozen=True, slots=True)
class File:
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
    return [File(f"image-{n}.png", "image/png") for n in range(1, _how_many(work) + 1)]


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
    return wanted if isinstance(wanted, int) and 1 <= wanted <= 4 else 1

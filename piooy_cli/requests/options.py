"""Parts of an Order: scene, options and references. Reads only the files of `--inline`."""

import base64
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.domain.models import MediaType
from piooy_cli.domain.text import parse_json
from piooy_cli.files.reading import expanded

BIGGEST_INLINE = 10 << 20
_TYPES = {"jpg": "image/jpeg", "mov": "video/quicktime", "mp3": "audio/mpeg"}
_INPUT_WORDS = ("image", "video", "audio", "input", "prompt", "lyrics", "text", "url", "task")
_SEVERAL = re.compile(r"(?<=[^,;\s])[,;\s]++https?://", re.IGNORECASE)


def infer_scene(kind: MediaType, images: Sequence[str], videos: Sequence[str]) -> str:
    """Return the scene that the media type and its references imply."""
    if kind is MediaType.MUSIC:
        return "text-to-music"
    if kind is MediaType.CHARACTER:
        return "character-creation"
    if videos and kind is MediaType.VIDEO:
        return "video-to-video"
    return f"image-to-{kind}" if images else f"text-to-{kind}"


def parse_option(text: str) -> tuple[str, Any]:
    """Parse `KEY=VALUE` as text, `KEY:=JSON` as a JSON value. Raises UsageError."""
    key, sign, value = text.partition("=")
    if not sign or not key.rstrip(":"):
        raise UsageError(
            f"--option {text[:80]!r} has no value",
            "write KEY=VALUE, or KEY:=JSON for numbers, lists and objects",
        )
    if not key.endswith(":"):
        return key, value
    try:
        return key[:-1], parse_json(value)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"--option {key}{sign}…: not valid JSON: {error}",
            "strings need quotes: KEY:='\"text\"'",
        ) from None


def reference_options(
    kind: MediaType, images: Sequence[str], videos: Sequence[str]
) -> dict[str, Any]:
    """Return reference media under the names that the API uses."""
    options: dict[str, Any] = {}
    if images:
        options["image_input"] = list(images)
    if videos and kind is MediaType.CHARACTER:
        if len(videos) > 1:
            raise UsageError("--video: a character is made from one video")
        options["video_url"] = videos[0]
    elif videos:
        options["video_input"] = list(videos)
    return options


def is_url(text: str, option: str) -> bool:
    """Whether an input is a URL that the service can fetch. Raises UsageError for several."""
    if _SEVERAL.search(text):
        raise UsageError(
            f"{option} {text[:200]!r} contains several URLs", f"give {option} once for each of them"
        )
    return text[:8].lower().startswith(("http://", "https://", "data:"))


def inline_file(text: str, option: str, *, allowed: bool) -> str:
    """Return a local file as a `data:` URI. Raises UsageError if that is not `allowed`."""
    if not allowed:
        raise UsageError(
            f"{option} {text[:200]!r} is not a URL, and the API has no upload",
            "give an https URL, or --inline to send a file of up to 10 MiB in the request",
        )
    return _data_uri(expanded(text), option)


def has_input(options: Mapping[str, Any]) -> bool:
    """Whether the options replace a prompt: a reference, lyrics, another task."""
    return any(
        word in key.lower() for key, value in options.items() if value for word in _INPUT_WORDS
    )


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options. Raises UsageError if one cannot be sent as JSON."""
    for key, value in options.items():
        try:
            json.dumps({key: value}, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            raise UsageError(f"option {key!r} contains a byte that is not UTF-8") from None
        except (TypeError, ValueError) as error:
            raise UsageError(f"option {key!r} cannot be sent: {error}") from None
    return dict(options)


def _data_uri(path: Path, option: str) -> str:
    """Read a file, opened once, so that what is checked is what is sent."""
    try:
        handle = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise UsageError(f"{option} {path} is not a regular file")
            data = file.read(BIGGEST_INLINE + 1)
    except FileNotFoundError:
        raise NotFound(f"{option}: no such file: {path}") from None
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror}") from None
    if not 0 < len(data) <= BIGGEST_INLINE:
        raise UsageError(
            f"{option} {path} is empty or larger than 10 MiB",
            "upload it to a server and give its URL",
        )
    kind = "video" if option == "--video" else "image"
    if not (media_type := _type_of(data)).startswith(kind):
        raise UsageError(f"{option} {path} is not {'a video' if kind == 'video' else 'an image'}")
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def _type_of(data: bytes) -> str:
    from piooy_cli.media import types

    extension = types.extension_of(data[: types.HEAD])
    if extension is None:
        return "application/octet-stream"
    return _TYPES.get(extension, f"{types.kind_of(extension)}/{extension}")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not valid JSON")

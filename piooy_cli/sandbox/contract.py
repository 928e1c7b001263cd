"""Validation of requests by the API's description: why one is rejected, or None. Pure."""

import re
from typing import Any

MEDIA_TYPES = ("image", "video", "character", "music")
SCENES = (
    "text-to-image", "image-to-image", "text-to-video", "image-to-video", "video-to-video",
    "character-creation", "text-to-music",
)  # fmt: skip
LONGEST_MESSAGE = 5000
_BLANK = " \t\r\n"
# Possessive, and split at one dot only: no address takes long.
_ADDRESS = re.compile(r"[^@\s]++@[^@\s][^@\s.]*+\.[^@\s]++")


def generate_fault(body: Any) -> str | None:
    """Return why this is not a valid GenerateRequest."""
    if not isinstance(body, dict):
        return "invalid params"
    for name in ("provider", "mediaType", "model", "scene"):
        if not isinstance(body.get(name), str) or not body[name]:
            return f"{name} is required"
    if body["mediaType"] not in MEDIA_TYPES:
        return "invalid mediaType"
    if body["scene"] not in SCENES:
        return "invalid scene"
    return _input_fault(body)


def contact_fault(body: Any) -> str | None:
    """Return why this is not a valid ContactRequest."""
    if not isinstance(body, dict):
        return "invalid params"
    email, content = body.get("email"), body.get("content")
    if not isinstance(email, str) or not _ADDRESS.fullmatch(email):
        return "invalid email"
    if not isinstance(content, str) or not content.strip(_BLANK):
        return "content is required"
    return "content is too long" if len(content) > LONGEST_MESSAGE else None


def _input_fault(body: dict[str, Any]) -> str | None:
    prompt, options = body.get("prompt", ""), body.get("options", {})
    if not isinstance(prompt, str):
        return "invalid prompt"
    if not isinstance(options, dict):
        return "invalid options"
    return None if prompt.strip(_BLANK) or options else "prompt or options is required"

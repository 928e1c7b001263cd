"""The last frame of a video as a picture, taken by ffmpeg."""

import base64
import shutil
import tempfile
from pathlib import Path

from piooy_cli import programs
from piooy_cli.domain.errors import UsageError

_SECONDS = 60
_MOST = 10 << 20  # bytes, as of every file in a request


def last_frame(video: Path) -> str:
    """Return the last frame as a `data:` URI of a JPEG. Raises UsageError."""
    if not (program := shutil.which("ffmpeg")):
        raise UsageError("--last-frame needs ffmpeg", "install ffmpeg, and run the command again")
    with tempfile.TemporaryDirectory() as place:
        frame = Path(place) / "last.jpg"
        try:
            programs.run(*_command(program, video, frame), quiet=True, timeout=_SECONDS)
            data = frame.read_bytes()
        except OSError:
            data = b""
    if not 0 < len(data) <= _MOST:
        raise UsageError(f"{video}: ffmpeg finds no last frame in it", "is it a video?")
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


def _command(program: str, video: Path, frame: Path) -> list[str]:
    """Decode the last seconds, each frame over the one before; nothing is opened but this file."""
    return [
        program, "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-sseof", "-3",
        "-i", f"file:{video.absolute()}", "-update", "1", "-q:v", "1", str(frame),
    ]  # fmt: skip

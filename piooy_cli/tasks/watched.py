"""What ffmpeg sees and hears in a file: whether it is black, or silent, nearly throughout."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from piooy_cli import programs
from piooy_cli.domain.delivery import Check
from piooy_cli.domain.errors import UsageError
from piooy_cli.media.measured import Measured

_SECONDS = 60
# What ffmpeg calls the containers: no other one is opened, whatever is in the file.
_FORMATS = {
    "mp4": "mov", "mov": "mov", "m4a": "mov", "webm": "matroska", "mkv": "matroska",
    "mp3": "mp3", "wav": "wav", "flac": "flac", "ogg": "ogg",
}  # fmt: skip
_BLACK = re.compile(r"black_duration:([0-9]{1,9}\.?[0-9]{0,9})")
_SILENT = re.compile(r"silence_duration: ([0-9]{1,9}\.?[0-9]{0,9})")
_NEARLY_ALL = 0.95


def require_ffmpeg() -> None:
    """Raise UsageError where there is no ffmpeg."""
    if not shutil.which("ffmpeg"):
        raise UsageError("--deep needs ffmpeg", "install ffmpeg, and run the command again")


def watch(path: Path, extension: str, found: Measured, *, listen: bool) -> Iterator[Check]:
    """Yield whether a file can be seen, and heard where `listen`; nothing if ffmpeg fails."""
    program, length = shutil.which("ffmpeg"), found.duration
    listen = listen and found.has_audio
    if not program or not length or extension not in _FORMATS or not (found.has_video or listen):
        return
    looks = ["-map", "0:v:0", "-vf", "blackdetect=d=0.1"] if found.has_video else []
    listens = ["-map", "0:a:0", "-af", "silencedetect=n=-60dB:d=0.1"] if listen else []
    command = [
        program, "-nostdin", "-nostats", "-hide_banner", "-protocol_whitelist", "file",
        "-f", _FORMATS[extension], "-i", f"file:{path.absolute()}", *looks, *listens,
        "-f", "null", "-",
    ]  # fmt: skip
    said = programs.spoken(*command, timeout=_SECONDS)
    if said is None:
        return
    if found.has_video:
        yield _check("black", "visible frames", _BLACK, said, length)
    if listen:
        yield _check("silence", "audible sound", _SILENT, said, length)


def _check(what: str, wanted: str, pattern: re.Pattern[str], said: str, length: float) -> Check:
    share = sum(float(one) for one in pattern.findall(said)) / length
    word = "black" if what == "black" else "silent"
    if share >= _NEARLY_ALL:
        return Check(what, wanted, f"{word} nearly throughout", False)
    return Check(what, wanted, f"{word} for {share:.0%}", True)

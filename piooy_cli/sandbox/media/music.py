"""A short piece from the prompt, as WAV: scale, tempo, melody and bass are the request's own."""

import io
import math
import random
import struct
import wave
from array import array
from collections.abc import Iterator

from piooy_cli.sandbox.media import Work

RATE = 22_050  # samples a second, 16 bit, one channel
_SCALES = ((0, 2, 4, 7, 9), (0, 3, 5, 7, 10), (0, 2, 3, 7, 8), (0, 2, 5, 7, 9))
_BEATS = 16
_WAVE = [
    math.sin(2 * math.pi * i / 1024) + 0.35 * math.sin(4 * math.pi * i / 1024) for i in range(1024)
]


def make(work: Work) -> bytes:
    """The whole piece, about eight seconds."""
    chance = work.random("song")
    beat = 60 / chance.randint(96, 140)
    sound = array("f", bytes(4 * int(RATE * (_BEATS * beat + 1))))
    for start, length, pitch, volume in _score(chance, beat):
        _play(sound, start, length, pitch, volume)
    return _wav(sound, f"piooy sandbox: {work.caption[:200]}")


def _score(chance: random.Random, beat: float) -> Iterator[tuple[float, float, float, float]]:
    """Notes as start and length in seconds, pitch in hertz, and volume."""
    scale, root = chance.choice(_SCALES), chance.randint(-5, 6)
    step = chance.randint(0, 4)
    for number in range(_BEATS):
        if number % 4 == 0:
            low = scale[chance.randint(0, 2)]
            yield number * beat, beat * 3.5, _hertz(root + low - 24), 0.30
        for half in range(chance.choice((1, 1, 2))):
            step = min(max(step + chance.randint(-2, 2), 0), 9)
            tone = scale[step % 5] + 12 * (step // 5)
            yield (number + half / 2) * beat, beat * 0.9, _hertz(root + tone), 0.22


def _hertz(half_tones: int) -> float:
    """Half tones from the A above middle C."""
    return float(440 * 2 ** (half_tones / 12))


def _play(sound: "array[float]", start: float, length: float, pitch: float, volume: float) -> None:
    first, count = int(start * RATE), int(length * RATE)
    step, fade = pitch * 1024 / RATE, 4.0 / max(count, 1)
    for i in range(min(count, len(sound) - first)):
        attack = min(i / 300, 1.0)
        sound[first + i] += volume * attack * math.exp(-i * fade) * _WAVE[int(i * step) & 1023]


def _wav(sound: "array[float]", comment: str) -> bytes:
    samples = array("h", (int(max(-1.0, min(1.0, value)) * 32_000) for value in sound))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return _with_comment(out.getvalue(), comment)


def _with_comment(wav: bytes, comment: str) -> bytes:
    """Append a RIFF INFO chunk, so that players show where the piece is from."""
    text = comment.encode("utf-8", "replace") + b"\0"
    text += b"\0" * (len(text) % 2)
    info = b"INFO" + b"ICMT" + struct.pack("<I", len(text)) + text
    body = wav[8:] + b"LIST" + struct.pack("<I", len(info)) + info
    return b"RIFF" + struct.pack("<I", len(body)) + body

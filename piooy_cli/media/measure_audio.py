"""The duration of MP3, WAV, FLAC, Ogg and AIFF. Pure.

Sources: ISO 11172-3, RFC 9639 (FLAC), RFC 3533 and 7845 (Ogg, Opus), Apple's AIFF-C.
"""

import struct
from collections.abc import Callable, Iterator

from piooy_cli.media.measured import Measured, Source, seconds
from piooy_cli.media.mpeg_audio import MpegFrame, frame_of, id3_length

_SEARCHED = 1 << 16  # bytes in which the first frame, or the last page, has to be
_FOLLOWED = 100  # frames that have to be alike, where nothing says how many there are
_PROBES = (0.25, 0.5, 0.75)  # of the file, where there have to be such frames as well
_MOST_PAGES = 32
_NO_GRANULE = (1 << 64) - 1
_OPUS_RATE = 48_000


def measure_audio(source: Source, extension: str) -> Measured | None:
    """Return the duration of a sound file; for Ogg, also whether it has a video."""
    if extension == "ogg":
        return _ogg(source)
    duration = _DURATIONS[extension](source)
    return Measured(duration=duration, has_audio=True, tracks=1) if duration else None


def _mp3(source: Source) -> float | None:
    begin = id3_length(source.at(0, 10))
    if source.at(begin, 4) == b"fLaC":
        return _flac(source, begin)
    head = source.at(begin, _SEARCHED)
    at, first = _first_frame(head)
    if first is None:
        return None
    if frames := _counted_frames(head[at : at + 200], first):
        return frames * first.samples / first.hertz
    begin += at
    end = source.size - (128 if source.at(max(source.size - 128, 0), 3) == b"TAG" else 0)
    if not _is_constant(source, begin, end, first):
        return None
    return (end - begin) / (first.kilobits * 125)


def _first_frame(head: bytes) -> tuple[int, MpegFrame | None]:
    """Return the first frame that is followed by another, and where it is."""
    at = head.find(b"\xff")
    while at >= 0:
        if frame := _followed(head, at):
            return at, frame
        at = head.find(b"\xff", at + 1)
    return 0, None


def _followed(data: bytes, at: int) -> MpegFrame | None:
    frame = frame_of(data[at : at + 4])
    after = frame_of(data[at + frame.length : at + frame.length + 4]) if frame else None
    return frame if after and frame and after.hertz == frame.hertz else None


def _counted_frames(head: bytes, frame: MpegFrame) -> int:
    """Return the number of frames that the first one announces; 0 if it announces none."""
    at = 4 + ((17 if frame.is_mono else 32) if frame.version == 1 else 9 if frame.is_mono else 17)
    if head[at : at + 4] in (b"Xing", b"Info") and head[at + 7] & 1:
        return int.from_bytes(head[at + 8 : at + 12], "big")
    if head[36:40] == b"VBRI":
        return int.from_bytes(head[50:54], "big")
    return 0


def _is_constant(source: Source, begin: int, end: int, first: MpegFrame) -> bool:
    """Whether frames have the same bit rate, at the beginning and further on."""
    at = begin
    for _ in range(_FOLLOWED):
        if at + 4 > end:
            return at <= end
        frame = frame_of(source.at(at, 4))
        if frame is None or frame.kilobits != first.kilobits:
            return False
        at += frame.length
    return all(_has_alike(source, begin, end, first, share) for share in _PROBES)


def _has_alike(source: Source, begin: int, end: int, first: MpegFrame, share: float) -> bool:
    data = source.at(begin + int((end - begin) * share), 3 * first.length + 8)
    found = (_followed(data, at) for at in range(first.length + 2) if data[at : at + 1] == b"\xff")
    return any(frame and frame.kilobits == first.kilobits for frame in found)


def _chunks(source: Source, form: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield the chunks of RIFF or FORM: name, start of the content, length."""
    at = 12
    while at + 8 <= source.size:
        name, length = struct.unpack(form, source.exactly(at, 8))
        yield name, at + 8, length
        at += 8 + length + length % 2


def _wav(source: Source) -> float | None:
    speed = 0
    for name, at, length in _chunks(source, "<4sI"):
        if name == b"fmt ":
            (speed,) = struct.unpack("<I", source.exactly(at + 8, 4))
        elif name == b"data":
            # What was written into a pipe has no length, or one beyond the end.
            whole = source.size - at
            return seconds(length if 0 < length <= whole else whole, speed)
    return None


def _aiff(source: Source) -> float | None:
    for name, at, _ in _chunks(source, ">4sI"):
        if name == b"COMM":
            frames, exponent, mantissa = struct.unpack(">2xI2xHQ", source.exactly(at, 18))
            rate = mantissa * 2.0 ** ((exponent & 0x7FFF) - 16383 - 63)
            return frames / rate if frames and 1 <= rate < 1e7 else None
    return None


def _flac(source: Source, begin: int = 0) -> float | None:
    head = source.exactly(begin, 26)
    if head[:4] != b"fLaC" or head[4] & 0x7F:
        return None
    packed = int.from_bytes(head[18:26], "big")  # rate, channels, bits, samples
    return seconds(packed & (1 << 36) - 1, packed >> 44)


def _ogg(source: Source) -> Measured | None:
    """Return the duration by the last page of the sound; it is not looked for in the middle."""
    streams = list(_streams(source))
    sounds = [one for one in streams if one[1]]
    if not streams:
        return None
    duration = None
    if len(sounds) == 1:
        serial, rate, skipped = sounds[0]
        samples = _last_granule(source, serial)
        duration = seconds(max(samples - skipped, 0), rate) if samples else None
    has_video = any(not rate for _, rate, _ in streams)
    return Measured(None, None, duration, bool(sounds), has_video, len(streams))


def _streams(source: Source) -> Iterator[tuple[bytes, int, int]]:
    """Yield serial number, samples a second (0: no sound) and samples to skip of each stream."""
    at = 0
    for _ in range(_MOST_PAGES):
        head = source.at(at, 27 + 255)
        if head[:4] != b"OggS" or not head[5] & 2:  # all beginnings come first
            return
        table = head[27 : 27 + head[26]]
        packet = source.at(at + 27 + head[26], 64)
        if packet[:8] == b"OpusHead":
            yield head[14:18], _OPUS_RATE, struct.unpack("<H", packet[10:12])[0]
        elif packet[:7] == b"\x01vorbis":
            yield head[14:18], struct.unpack("<I", packet[12:16])[0], 0
        elif packet[:5] == b"\x7fFLAC":
            yield head[14:18], int.from_bytes(packet[27:30], "big") >> 4, 0
        elif packet[:7] == b"\x80theora":
            yield head[14:18], 0, 0
        at += 27 + head[26] + sum(table)


def _last_granule(source: Source, serial: bytes) -> int:
    tail = source.at(max(source.size - _SEARCHED, 0), _SEARCHED)
    at = tail.rfind(b"OggS")
    for _ in range(_MOST_PAGES):
        if at < 0:
            return 0
        (granule,) = struct.unpack_from("<Q", tail, at + 6)
        if tail[at + 14 : at + 18] == serial and granule != _NO_GRANULE:
            return int(granule)
        at = tail.rfind(b"OggS", 0, at)
    return 0


_DURATIONS: dict[str, Callable[[Source], float | None]] = {
    "mp3": _mp3, "wav": _wav, "flac": _flac, "aiff": _aiff,
}  # fmt: skip

"""What a file is by its headers: agreement with other programs, and patience with hostile files."""

import io
import json
import shutil
import struct
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from piooy_cli.media.measure import measure
from piooy_cli.sandbox.fixtures.work import Work
from piooy_cli.sandbox.fixtures.works import make_files

FFMPEG, FFPROBE = shutil.which("ffmpeg"), shutil.which("ffprobe")
needs_ffmpeg = pytest.mark.skipif(not FFMPEG or not FFPROBE, reason="ffmpeg makes the samples")
NAMES = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "bmp": "BMP", "webp": "WEBP", "avif": "AVIF"}
EXTENSIONS = (*NAMES, "heic", "mp4", "mov", "m4a", "3gp", "webm", "mkv", "mp3", "wav", "flac",
              "ogg", "aiff", "bin")  # fmt: skip


def measured(content, extension):
    """What the headers say."""
    return measure(io.BytesIO(content), extension)


def picture(form, size=(321, 123), **how):
    """A picture by Pillow."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 60)).save(out, form, **how)
    return out.getvalue()


def box(name, content):
    """A box of ISO media."""
    return struct.pack(">I4s", 8 + len(content), name) + content


@pytest.mark.parametrize("extension", NAMES)
def test_pictures_by_pillow(extension):
    """Every kind of picture has its pixels."""
    if extension == "avif" and not features.check("avif"):
        pytest.skip("this Pillow does not write AVIF")
    found = measured(picture(NAMES[extension]), extension)

    assert (found.width, found.height) == (321, 123)
    assert (found.duration, found.has_audio, found.has_video, found.tracks) == (
        None,
        False,
        False,
        0,
    )


@pytest.mark.parametrize("how", [{"lossless": True}, {"quality": 40}, {"exif": b"Exif\0\0x"}])
def test_webp_in_its_three_forms(how):
    """Lossy, lossless and extended."""
    assert measured(picture("WEBP", **how), "webp")[:2] == (321, 123)


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_jpeg_is_measured_as_it_is_shown(turn):
    """Orientations 5 to 8 lie on their side."""
    exif = Image.Exif()
    exif[0x0112] = turn
    content = picture("JPEG", exif=exif, progressive=turn % 2 == 0)

    assert measured(content, "jpg")[:2] == ((123, 321) if turn >= 5 else (321, 123))


def heic(turns):
    """A HEIC file without pixels: two items, the second is the primary one."""
    sizes = [box(b"ispe", struct.pack(">III", 0, *size)) for size in ((64, 64), (400, 300))]
    properties = box(b"ipco", b"".join(sizes) + box(b"irot", bytes([turns])))
    links = struct.pack(">IIHBBHBBB", 0, 2, 1, 1, 0x81, 2, 2, 0x82, 3)
    item = box(b"pitm", struct.pack(">IH", 0, 2))
    parts = box(b"iprp", properties + box(b"ipma", links))
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(4) + item + parts)


@pytest.mark.parametrize("turns", range(4))
def test_a_heic_is_measured_as_it_is_shown(turns):
    """The primary picture counts, and its quarter turns."""
    assert measured(heic(turns), "heic")[:2] == ((300, 400) if turns % 2 else (400, 300))


@pytest.mark.parametrize(
    ("media", "name", "options", "expected"),
    [
        ("image", "image-1.png", {"aspect_ratio": "16:9"}, (1024, 576, None, False, False, 0)),
        ("image", "image-1.jpg", {"size": "640x480"}, (640, 480, None, False, False, 0)),
        ("image", "image-1.webp", {"size": "640x480"}, (640, 480, None, False, False, 0)),
        ("video", "video.mp4", {"duration": 2}, (640, 360, 2.0, False, True, 1)),
    ],
)
def test_files_of_the_sandbox(media, name, options, expected):
    """Each is what its header says."""
    content = make_files(Work(media, "m", "a fox", json.dumps(options)), name)

    assert tuple(measured(content, name.rpartition(".")[2])) == expected


def test_music_of_the_sandbox():
    """A WAV has a track of sound, and no pixels."""
    found = measured(make_files(Work("music", "m", "rain"), "song.wav"), "wav")

    assert 7 < found.duration < 12 and found.has_audio and found[:2] == (None, None)


FILM = ["-f", "lavfi", "-i", "testsrc2=size=176x144:rate=10:duration=2"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:duration=3"]
PIECES = ["-movflags", "frag_keyframe+empty_moov"]
MADE = {
    "mp4": [*FILM, *SOUND, "-shortest"],
    "mp4, index first": [*FILM, "-movflags", "faststart"],
    "mp4, on its side": [*FILM],
    "mp4, DASH": [*FILM, "-movflags", "dash+global_sidx", "-f", "mp4"],
    "mov": [*FILM, *SOUND],
    "m4a": [*SOUND],
    "3gp": [*FILM, "-c:v", "h263"],
    "webm": [*FILM, *SOUND, "-shortest", "-deadline", "realtime"],
    "mkv": [*FILM, *SOUND],
    "mp3": [*SOUND],
    "mp3, constant, no count": [*SOUND, "-b:a", "64k", "-write_xing", "0"],
    "mp3, 22 kHz": [*SOUND, "-ar", "22050", "-ac", "2"],
    "wav": [*SOUND],
    "flac": [*SOUND],
    "ogg": [*SOUND, "-c:a", "libvorbis"],
    "ogg, Opus": [*SOUND, "-c:a", "libopus"],
    "ogg, FLAC": [*SOUND, "-c:a", "flac"],
    "aiff": [*SOUND],
}  # fmt: skip


def made(name, arguments, place, extension):
    """A file by ffmpeg, and what ffprobe says of it."""
    path = place / f"sample.{extension}"
    ran = subprocess.run([FFMPEG, "-v", "error", "-y", *arguments, path], check=False)
    if ran.returncode:
        pytest.skip(f"this ffmpeg does not write {name}")
    if "on its side" in name:
        turned = place / "turned.mp4"
        before, after = ["-display_rotation", "90"], ["-metadata:s:v:0", "rotate=90"]
        for turn in ([*before, "-i", path], ["-i", path, *after]):  # by the age of ffmpeg
            command = [FFMPEG, "-v", "quiet", "-y", *turn, "-c", "copy", turned]
            if not subprocess.run(command, check=False).returncode:
                break
        path = turned
    command = [FFPROBE, "-v", "error", "-of", "json", "-show_streams", "-show_format", path]
    return path, json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@needs_ffmpeg
@pytest.mark.parametrize("name", MADE)
def test_measures_agree_with_ffprobe(name, tmp_path):
    """Pixels, tracks, and the duration within the length of a frame."""
    extension = name.partition(",")[0]
    path, known = made(name, MADE[name], tmp_path, extension)
    with path.open("rb") as file:
        found = measure(file, extension)

    kinds = [stream["codec_type"] for stream in known["streams"]]
    film = next((one for one in known["streams"] if one["codec_type"] == "video"), {})
    sides = (film.get("width"), film.get("height"))
    assert found[:2] == (sides[::-1] if "on its side" in name else sides)
    assert (found.has_audio, found.has_video) == ("audio" in kinds, "video" in kinds)
    assert found.tracks == len(kinds)
    length = film.get("duration", known["format"]["duration"])  # of the film, if it has its own
    assert found.duration == pytest.approx(float(length), abs=0.12)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("mp4, no index", [*FILM, *PIECES]),
        ("mp3, variable", [*SOUND, "-q:a", "9", "-write_xing", "0"]),
    ],
)
def test_what_no_header_says_is_not_guessed(name, arguments, tmp_path):
    """Pieces without an index, and a variable bit rate without a count, have no known length."""
    extension = name.partition(",")[0]
    path, _ = made(name, arguments, tmp_path, extension)
    with path.open("rb") as file:
        found = measure(file, extension)

    assert found is None or found.duration is None


def test_an_empty_sound_track_is_none():
    """A track that was announced and has no samples cannot be heard."""

    def track(kind, ticks):
        clock = box(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, 10, ticks, 0))
        return box(b"trak", box(b"mdia", clock + box(b"hdlr", struct.pack(">II4s", 0, 0, kind))))

    clock = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 10, 40))
    content = box(b"moov", clock + track(b"vide", 40) + track(b"soun", 0))

    assert measured(content, "mp4") == (None, None, 4.0, False, True, 1)


def hostile():
    """Files that only want to be read for ever."""
    deep = b""
    for _ in range(3000):
        deep = box(b"moov", deep)
    head = b"\x1aE\xdf\xa3\x80\x18S\x80g"
    apps = (b"\xff\xe1\xff\xfeExif\0\0II*\0\x08\0\0\0\xff\xff".ljust(65536, b"\0")) * 64
    return {
        "boxes without end": ("mp4", struct.pack(">I4s", 8, b"free") * 300_000),
        "a box of 2**64": ("mp4", struct.pack(">I4sQ", 1, b"moov", 2**64 - 1) + bytes(100)),
        "a box within itself": ("mp4", deep),
        "many tracks": ("mp4", box(b"moov", box(b"trak", box(b"mdia", bytes(8))) * 50_000)),
        "many links": ("heic", heic(0)[:-3] + bytes(500_000)),
        "a large sidx": ("mp4", box(b"sidx", struct.pack(">IIIII2xH", 0, 1, 1, 0, 0, 65535) + bytes(800_000))),
        "elements without end": ("webm", head + b"\x01" + b"\xff" * 7 + b"\xec\x80" * 300_000),
        "an element of 2**56": ("webm", head + b"\x01" + b"\xff" * 6 + b"\xfe" + bytes(1000)),
        "markers without end": ("jpg", b"\xff\xd8" + b"\xff" * 2_000_000),
        "much EXIF": ("jpg", b"\xff\xd8" + apps),
        "heads without end": ("mp3", b"\xff\xfb\x90\x00" * 300_000),
        "chunks without end": ("wav", b"RIFF....WAVE" + b"junk\0\0\0\0" * 200_000),
        "pages without end": ("ogg", (b"OggS\0\2" + bytes(21)) * 100_000),
        "a strange rate": ("aiff", b"FORM....AIFFCOMM\0\0\0\x12" + b"\xff" * 100),
    }  # fmt: skip


@pytest.mark.parametrize("name", hostile())
def test_hostile_files_end_quickly(name):
    """Whatever a file says, a bounded number of bytes is read, and nothing is made up."""
    extension, content = hostile()[name]
    start = time.process_time()
    found = measured(content, extension)

    assert time.process_time() - start < 0.5
    assert found is None or found.duration is None


@given(st.binary(max_size=3000), st.sampled_from(EXTENSIONS))
def test_no_bytes_are_too_strange_to_measure(content, extension):
    """A measure or None, and no crash."""
    heads = {"flac": b"fLaC\0", "ogg": b"OggS\0\2", "mp3": b"ID3\4", "webm": b"\x1aE\xdf\xa3\x80\x18S\x80g\xff",
             "mp4": b"\0\0\0\0moov", "heic": b"\0\0\0\0meta", "wav": b"RIFF....WAVE", "jpg": b"\xff\xd8\xff",
             "aiff": b"FORM....AIFFCOMM"}  # fmt: skip

    found = measured(heads.get(extension, b"") + content, extension)
    assert found is None or not found.duration or found.duration > 0


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_files_that_are_cut_off_are_not_guessed_at(extension):
    """An empty file, and one of a few bytes."""
    for content in (b"", b"\0", b"\xff" * 7, b"\0" * 40):
        assert measured(content, extension) is None

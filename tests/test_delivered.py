"""Delivered as ordered: files are compared with the request, from their headers alone."""

import io
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from servers import TASK, expect_look, expect_order, task

from piooy_cli.domain.models import Asset, Kind, Role, Task
from piooy_cli.media.measure import measure
from piooy_cli.media.measured import Measured
from piooy_cli.sandbox.faults import OF_A_DELIVERY
from piooy_cli.sandbox.fixtures.wanted import excess
from piooy_cli.sandbox.fixtures.work import Work
from piooy_cli.sandbox.fixtures.works import file_names, make_files
from piooy_cli.tasks.delivered import compared
from piooy_cli.tasks.ordered import Ordered, ordered

FFMPEG = shutil.which("ffmpeg")
EXTENSION = {"image": "png", "video": "mp4", "music": "mp3"}
KINDS = {"image": Kind.IMAGE, "video": Kind.VIDEO, "music": Kind.AUDIO}


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, Ordered()),
        ({"resolution": "2K"}, Ordered(label="2K", thousands=2.0)),
        ({"quality": "0.5k"}, Ordered(label="0.5K", thousands=0.5)),
        ({"resolution": "1080P"}, Ordered(label="1080p", lines=1080)),
        ({"size": "1024x1536"}, Ordered(pixels=(1024, 1536))),
        ({"image_size": "1024*768"}, Ordered(pixels=(1024, 768))),
        ({"width": 1280, "height": "720"}, Ordered(pixels=(1280, 720))),
        ({"size": "16:9"}, Ordered(ratio=(16, 9))),
        ({"aspect_ratio": "9:16", "resolution": "720p"}, Ordered(label="720p", lines=720, ratio=(9, 16))),
        ({"duration": 8}, Ordered(seconds=8.0)),
        ({"duration": "7.5s"}, Ordered(seconds=7.5)),
        ({"generate_audio": True}, Ordered(sound=True)),
        ({"sound": "on"}, Ordered(sound=True)),
        ({"n": 4}, Ordered(results=4)),
        ({"num_images": "3"}, Ordered(results=3)),
    ],
)  # fmt: skip
def test_what_an_order_asks_for(options, asked):
    """Each option that is clearly meant, under the names that services give it."""
    assert ordered(options) == asked


@pytest.mark.parametrize(
    "options",
    [
        None, {"resolution": "high"}, {"quality": "medium"}, {"size": "large"}, {"size": 1024}, {"size": ["1K"]},
        {"resolution": "1080p", "quality": "720p"}, {"resolution": "2K", "size": "1080p"}, {"size": {"width": 1}},
        {"size": "1024x1024", "image_size": "512x512", "aspect_ratio": "16:9"}, {"size": "8x8"}, {"size": "10x9000"},
        {"width": 1024}, {"width": True, "height": True}, {"aspect_ratio": "auto", "size": "16:9"}, {"aspect_ratio": "99:1"},
        {"aspect_ratio": "16:9:2"}, {"duration": "auto"}, {"duration": -1}, {"duration": 0}, {"duration": True},
        {"duration": 5000}, {"duration": "1e3"}, {"duration": None}, {"generate_audio": False}, {"audio": "https://e.com/a.mp3"},
        {"audio": True, "sound": "off"}, {"generate_audio": 1}, {"n": 1}, {"n": 0}, {"n": True}, {"n": 2.5}, {"n": 4, "count": 2},
        {"max_images": 4}, {"n": 1000}, {"unknown": "1024x1024"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_clearly_meant_is_not_compared(options):
    """A false alarm is worse than a mismatch that nobody notices."""
    assert ordered(options) == Ordered()


def checks(media, options, found, scene="text-to-video", results=1):
    """The comparisons of a file that was measured like this."""
    kind = KINDS[media]
    assets = tuple(Asset(n + 1, "u", kind) for n in range(results))
    order = Task("t", "SUCCESS", media=media, scene=scene, options=options, assets=assets)
    made = compared(order, assets[0], found, EXTENSION[media])
    return {check.what: check.fits for check in made.checks}


def film(width=1280, height=720, duration=5.04, has_audio=True):
    """What is measured of a film."""
    return Measured(width, height, duration, has_audio, True, 1 + has_audio)


# What models really deliver, by their documentation.
REAL = [
    ("image", {"aspect_ratio": "16:9", "resolution": "1K"}, Measured(1376, 768)),
    ("image", {"aspect_ratio": "21:9", "resolution": "2K"}, Measured(3168, 1344)),
    ("image", {"aspect_ratio": "4:3"}, Measured(1280, 896)),
    ("image", {"aspect_ratio": "9:16"}, Measured(768, 1408)),
    ("image", {"aspect_ratio": "4:3"}, Measured(1152, 896)),
    ("image", {"resolution": "4K", "aspect_ratio": "16:9"}, Measured(3840, 2160)),
    ("image", {"resolution": "2K", "aspect_ratio": "4:3"}, Measured(2304, 1728)),
    ("image", {"size": "1024x1536"}, Measured(1024, 1536)),
    ("image", {"size": "1000x1000"}, Measured(1024, 1024)),
    ("image", {"size": "1920x1080"}, Measured(1920, 1072)),
    ("video", {"resolution": "720p", "aspect_ratio": "16:9"}, film(1280, 704)),
    ("video", {"resolution": "480p", "aspect_ratio": "16:9"}, film(832, 480)),
    ("video", {"resolution": "480p", "aspect_ratio": "21:9"}, film(960, 416)),
    ("video", {"resolution": "720p", "aspect_ratio": "21:9"}, film(1470, 630)),
    ("video", {"resolution": "1080p", "aspect_ratio": "21:9"}, film(2176, 928)),
    ("video", {"resolution": "1080p", "aspect_ratio": "21:9"}, film(1920, 822)),
    ("video", {"resolution": "720p", "aspect_ratio": "1:1"}, film(960, 960)),
    ("video", {"resolution": "768P"}, film(1366, 768)),
    ("video", {"resolution": "4k", "aspect_ratio": "1:1"}, film(2160, 2160)),
    ("video", {"duration": 6}, film(duration=5.88)),
    ("video", {"duration": 5}, film(duration=5.2)),
    ("video", {"duration": 10}, film(duration=9.1)),
    ("video", {"generate_audio": True}, film()),
    ("video", {"duration": 8}, film(duration=None)),
    ("music", {"duration": 30}, Measured(None, None, 95.0, True, False, 1)),
]


@pytest.mark.parametrize(("media", "options", "found"), REAL)
def test_what_models_really_deliver_is_as_ordered(media, options, found):
    """Sizes are rounded, formats are sold by the name of another, films end a frame early."""
    assert all(checks(media, options, found).values())


@pytest.mark.parametrize(
    ("media", "options", "found", "what"),
    [
        ("image", {"resolution": "2K"}, Measured(1024, 1024), "size"),
        ("image", {"size": "1024x1536"}, Measured(1536, 1024), "size"),
        ("image", {"size": "1024x1024"}, Measured(2048, 1024), "size"),
        ("image", {"aspect_ratio": "16:9"}, Measured(1024, 1024), "aspect_ratio"),
        ("image", {"aspect_ratio": "16:9"}, Measured(1152, 768), "aspect_ratio"),
        ("image", {"aspect_ratio": "9:16"}, Measured(1376, 768), "aspect_ratio"),
        ("video", {"resolution": "1080p"}, film(1280, 720), "size"),
        ("video", {"resolution": "4k"}, film(1920, 1080), "size"),
        ("video", {"duration": 8}, film(duration=5.0), "duration"),
        ("video", {"duration": 5}, film(duration=11.5), "duration"),
        ("video", {"sound": "on"}, film(has_audio=False), "audio"),
        ("music", {"duration": 60}, Measured(None, None, 30.0, True, False, 1), "duration"),
    ],
)  # fmt: skip
def test_what_was_not_ordered_is_found(media, options, found, what):
    """Smaller, another shape, shorter, far longer, mute."""
    assert [name for name, fits in checks(media, options, found).items() if not fits] == [what]


def test_fewer_results_than_ordered_are_found_once():
    """The number is compared for the task, and noted with its first result; more are welcome."""
    found = Measured(1024, 1024)

    assert checks("image", {"n": 4}, found, results=3) == {"count": False}
    assert checks("image", {"n": 2}, found, results=3) == {"count": True}
    second = Asset(2, "u", Kind.IMAGE)
    order = Task("t", media="image", options={"n": 4}, assets=(Asset(1, "u", Kind.IMAGE), second))
    assert compared(order, second, found, "png").checks == ()
    unsure = order._replace(assets=(second._replace(guessed_at="a key"),))
    assert compared(unsure, second, found, "png").checks == ()


@pytest.mark.parametrize(
    ("media", "extension", "scene", "found"),
    [
        ("character", "png", "character-creation", Measured(1536, 1024)),
        ("video", "png", "text-to-video", Measured(100, 100)),
        ("image", "mp4", "text-to-image", film(100, 100)),
        ("music", "png", "text-to-music", Measured(100, 100)),
        (None, "png", None, Measured(100, 100)),
    ],
)
def test_another_kind_of_file_is_not_compared(media, extension, scene, found):
    """A poster is not the film, and a sheet of a character has a size of its own."""
    options = {"resolution": "4K", "aspect_ratio": "21:9", "duration": 60, "sound": True, "n": 1}
    asset = Asset(1, "u", Kind.OTHER)
    order = Task("t", media=media, scene=scene, options=options, assets=(asset,))

    assert compared(order, asset, found, extension).checks == ()


def test_an_edited_video_may_be_long():
    """Its length is that of its source."""
    assert checks("video", {"duration": 5}, film(duration=15.0), scene="video-to-video") == {"duration": True}  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [{"size": "5000x5000"}, {"resolution": "8K"}, {"resolution": "4320p"}, {"n": 16}, {"duration": 601}],
)  # fmt: skip
def test_the_sandbox_refuses_what_it_cannot_make(piooy, sandbox, options):
    """It would have to deliver less than what was ordered."""
    assert excess({"mediaType": "image", "options": options})
    given = [f"{name}:={json.dumps(value)}" for name, value in options.items()]

    ran = piooy("generate", "image", "-m", "m", "-O", *given, "x")
    assert ran.code == 5 and "the sandbox makes at most" in ran.err


def random_request(chance):
    """A request with options that the sandbox honors, and some that say nothing."""
    media = chance.choice(["image", "image", "image", "video", "music"])
    options = {}
    for name, values in CHOICES[media].items():
        if chance.random() < 0.45:
            options[name] = chance.choice(values)
    return media, options


RATIOS = [
    "1:1",
    "16:9",
    "9:16",
    "4:3",
    "3:4",
    "21:9",
    "2:3",
    "1:8",
    "8:1",
    "5:4",
    "auto",
    "99:1",
    7,
]
STEEP = ("1:8", "8:1", "99:1")
CHOICES = {
    "image": {
        "aspect_ratio": RATIOS, "resolution": ["0.5K", "0.5k", "1K", "100p", "360p", "high", 2],
        "quality": ["low", "0.5K", "480p"], "size": ["200x300", "640*480", "65×400", "4:3", "0.5K", "12x12", "x"],
        "width": [100, "333"], "height": [90, 401], "n": [1, 2, 3, "2", True, 0], "num_images": [2], "count": ["2"],
        "output_format": ["png", "jpg", "webp"], "duration": [5],
    },
    "video": {
        "aspect_ratio": RATIOS, "resolution": ["100p", "144p", "240P", "auto"], "size": ["160x90", "177x101", "16:9"],
        "duration": [0.5, 1, "1s", "2", 1.26, "auto", -1, None], "generate_audio": [True, False, "true"],
        "audio": [True, "https://e.com/a"], "sound": ["on", "off"], "n": [1, 2],
    },
    "music": {"duration": [1, 2.5, "4s", "x", 20], "n": [1, 2], "resolution": ["4K"], "sound": [True]},
}  # fmt: skip


def results_of(work):
    """The names of the files that are results."""
    names = [file.name for file in file_names(work)]
    return names[:-1] if work.has_cover else names


def mismatches(media, options, faults=()):
    """The comparisons that do not fit, of all files that the sandbox makes for a request."""
    work = Work(media, "m", "a fox", json.dumps(options), faults=tuple(faults))
    results = results_of(work)
    assets = tuple(Asset(n, "u", KINDS[media]) for n, _ in enumerate(results, 1))
    order = Task("t", media=media, scene=f"text-to-{media}", options=options, assets=assets)
    found = set()
    for asset, name in zip(assets, results, strict=True):
        extension = name.rpartition(".")[2]
        measures = measure(io.BytesIO(make_files(work, name)), extension)
        assert measures, (media, options, name)
        found |= {check.what for check in compared(order, asset, measures, extension).mismatches}
    return found


def check_fixtures(count, faulty):
    """As many good files as that without an alarm; with faults, each that can be seen is."""
    files = number = 0
    while files < count:
        media, options = random_request(random.Random(f"delivered/{number}"))
        made = results_of(Work(media, "m", "a fox", json.dumps(options)))
        assert mismatches(media, options) == set(), (media, options)
        files, number = files + len(made), number + 1
        if number % faulty == 0:
            check_faults(media, options)


def check_faults(media, options):
    """Each fault is found where the order says what it should have been."""
    wanted = ordered(options)
    is_steep = options.get("aspect_ratio") in STEEP and not wanted.pixels
    sees = {
        # Half of a very wide film may have as many pixels as one of 16:9 with its lines.
        "asset-small": media != "music" and (wanted.pixels or wanted.label) and not is_steep,
        "asset-short": media != "image" and wanted.seconds and wanted.seconds > 1.2,
        "asset-mute": media == "video" and wanted.sound,
        "asset-fewer": bool(wanted.results),
    }
    for fault, seen in sees.items():
        assert not seen or mismatches(media, options, [fault]), (fault, media, options)


def test_good_files_raise_no_alarm_and_faults_do():
    """Random requests to the sandbox's own makers."""
    check_fixtures(int(os.environ.get("DELIVERED", "24")), faulty=4)


@pytest.mark.soak
def test_thousands_of_good_files_raise_no_alarm():
    """0 false alarms."""
    check_fixtures(int(os.environ.get("DELIVERED", "5000")), faulty=10)


IMAGE = ("generate", "image", "-m", "m")
VIDEO = ("generate", "video", "-m", "m", "--duration", "2", "-O", "resolution=100p")


def delivered(ran, n=0):
    """What the record of a file says; of the first one where there are several."""
    first = min(ran.json, key=lambda record: record["assets"][0]["n"])
    return first["assets"][n]["delivered"]


def test_good_files_are_silently_as_ordered(piooy, sandbox):
    """The record has what was measured and compared; nothing is said, and --strict is content."""
    ran = piooy(*IMAGE, "-r", "0.5K", "-a", "16:9", "--strict", "--json", "x")

    assert ran.code == 0 and "ordered" not in ran.err
    assert delivered(ran) == {
        "as_ordered": True, "width": 512, "height": 288, "duration": None, "audio": None,
        "checks": [
            {"what": "size", "ordered": "0.5K", "delivered": "512 x 288", "fits": True},
            {"what": "aspect_ratio", "ordered": "16:9", "delivered": "512 x 288", "fits": True},
        ],
    }  # fmt: skip
    assert piooy("history", "--short").lines == []


CASES = {
    "asset-small": ((*IMAGE, "-r", "0.5K"), "x-{id}-1.png is 256 x 256; 0.5K was ordered"),
    "asset-short": (VIDEO, "x-{id}-1.mp4 is 1.0 s long; 2 s were ordered"),
    "asset-mute": ((*VIDEO, "-O", "sound=on"), "x-{id}-1.mp4 has no audio track; it was ordered with sound"),
    "asset-fewer": ((*IMAGE, "-r", "0.5K", "-O", "n:=3"), "has 2 of 3 results"),
}  # fmt: skip


def test_each_fault_is_told_kept_and_with_strict_an_error(piooy, serve):
    """A warning, the record, the history; with --strict exit code 12, and the file stays."""
    serve("--faults", ",".join(f"{fault}@{n}" for n, fault in enumerate(CASES, 1)))
    assert tuple(CASES) == OF_A_DELIVERY
    for number, (command, said) in enumerate(CASES.values(), 1):
        ran = piooy(*command, "--json", "x")
        assert ran.code == 0
        record = ran.json[0]
        assert said.format(id=record["id"][:8]) in ran.err, ran.err
        assert delivered(ran)["as_ordered"] is False
        assert piooy("history", "--short").lines[0].split("\t")[0] == record["id"]
        assert len(piooy("history", "--short").lines) == number
        for again in (["download"], ["wait", "--download"]):
            strict = piooy(*again, record["id"], "--strict", "--json")
            assert (strict.code, strict.error["code"]) == (12, "download")
            assert "was not delivered as ordered" in strict.error["message"]
            assert delivered(strict)["as_ordered"] is False
            assert Path(strict.json[0]["assets"][0]["path"]).is_file()


def test_the_ledger_keeps_what_was_delivered(piooy, serve):
    """`history`, `history show` and `history export` have the same object."""
    serve("--faults", "asset-small@1")
    kept = delivered(piooy(*IMAGE, "-r", "0.5K", "--json", "x"))
    piooy(*IMAGE, "-r", "0.5K", "y")

    (short,) = piooy("history", "--short", "--json").json
    shown = json.loads(piooy("history", "show", short["id"]).out)
    exported = piooy("history", "export", "--json").json
    assert short["assets"][0]["delivered"] == shown["assets"][0]["delivered"] == kept
    assert [one["assets"][0]["delivered"]["as_ordered"] for one in exported] == [False, True]


def test_generate_ends_with_12_if_strict(piooy, serve, home):
    """The file is saved and printed all the same; to stdout nothing is written."""
    serve("--faults", "asset-small@1-2")
    ran = piooy(*IMAGE, "-r", "0.5K", "--strict", "x")

    assert (ran.code, len(ran.lines)) == (12, 1) and (home / ran.lines[0]).is_file()
    assert "was not delivered as ordered: 1 file is concerned" in ran.err
    piped = piooy(*IMAGE, "-r", "0.5K", "--strict", "-o", "-", "x")
    assert (piped.code, piped.bytes) == (12, b"")


def test_what_continues_is_as_strict(piooy, api):
    """The command that is shown after a time-out has the option as well."""
    expect_order(api)
    expect_look(api, task("PROCESSING"))
    ran = piooy(*IMAGE, "--timeout", "0.1s", "--strict", "x")

    assert ran.code == 3 and f"wait {TASK} --download --strict`" in ran.err


def test_a_strict_batch_ends_with_12_until_it_is_as_ordered(piooy, serve, home):
    """All rows are done and in the results; the exit code stays while the mismatch does."""
    serve("--faults", "asset-small@2")
    (home / "p.txt").write_text("one\ntwo\nthree\n")
    command = (
        "batch",
        "p.txt",
        "-m",
        "m",
        "--media",
        "image",
        "-r",
        "0.5K",
        "-j",
        "1",
        "-o",
        "out",
    )
    first = piooy(*command, "--strict")

    assert first.code == 12 and "of 3 rows 1 not as ordered" in first.err
    assert "is 256 x 256; 0.5K was ordered" in first.err and len(first.lines) == 3
    lines = [json.loads(line) for line in (home / "out" / "results.jsonl").read_text().splitlines()]
    made = [line["assets"][0]["delivered"]["as_ordered"] for line in lines]
    assert sorted(made) == [False, True, True] and {line["status"] for line in lines} == {"SUCCESS"}
    assert piooy(*command, "--strict").code == 12
    assert piooy(*command).code == 0
    assert len(piooy("history", "--short", "--batch", "p").lines) == 1


def test_a_strict_run_ends_with_12(piooy, serve, home):
    """A production is a batch."""
    serve("--faults", "asset-small@1")
    (home / "one.toml").write_text(
        '[node.hero]\nmedia = "image"\nmodel = "m"\nprompt = "x"\noptions = { resolution = "0.5K" }\n'
    )

    assert piooy("run", "one.toml", "--yes", "--strict").code == 12
    assert piooy("run", "one.toml", "--yes").code == 0


@pytest.mark.parametrize("option", ["--strict", "--deep"])
def test_options_about_files_need_files(piooy, sandbox, option):
    """Where none is saved, they are refused before anything is sent."""
    for command in (["wait", TASK], [*IMAGE, "--no-download", "x"], [*IMAGE, "--no-wait", "x"]):
        assert piooy(*command, option).code == 2


def test_a_cover_and_a_file_without_headers_are_not_compared(piooy, api):
    """Nothing is said about them; the record has null."""
    api.expect_request("/f.bin").respond_with_data(bytes(range(1, 200)) * 9)
    expect_look(api, task("SUCCESS", {"results": [api.url_for("/f.bin")]}))
    ran = piooy("download", TASK, "--strict", "--json")

    assert (ran.code, delivered(ran)) == (0, None)
    cover = Asset(1, "u", Kind.IMAGE, Role.COVER)
    assert cover.role is not Role.RESULT


def made_by_ffmpeg(picture, sound):
    """Two seconds of film."""
    command = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound,
               "-t", "2", "-c:v", "libx264", "-c:a", "aac", "-y", "made.mp4"]  # fmt: skip
    if subprocess.run(command, check=False).returncode:
        pytest.skip("this ffmpeg does not write MP4")
    return Path("made.mp4").read_bytes()


TEST, BLACK = "testsrc2=size=160x120:rate=10", "color=black:size=160x120:rate=10"
TONE, SILENCE = "sine=frequency=440", "anullsrc"


@pytest.mark.skipif(not FFMPEG, reason="ffmpeg is not installed")
@pytest.mark.parametrize(
    ("picture", "sound", "options", "said"),
    [
        (TEST, TONE, {"sound": "on"}, ""),
        (BLACK, TONE, {"sound": "on"}, "black nearly throughout"),
        (TEST, SILENCE, {"sound": "on"}, "silent nearly throughout"),
        (TEST, SILENCE, {}, ""),
    ],
)
def test_deep_finds_black_and_silent_films(piooy, api, home, picture, sound, options, said):
    """ffmpeg looks and listens, only with --deep; silence counts where sound was ordered."""
    content = made_by_ffmpeg(picture, sound)
    api.expect_request("/f.mp4").respond_with_data(content)
    expect_look(api, task("SUCCESS", {"results": [api.url_for("/f.mp4")]}, mediaType="video"))
    expect_order(api)
    given = [word for name, value in options.items() for word in ("-O", f"{name}={value}")]
    plain = piooy("generate", "video", "-m", "m", *given, "--strict", "x")
    deep = piooy("download", TASK, "--strict", "--deep", "-o", "deep", "--json")

    assert plain.code == 0
    assert deep.code == (12 if said else 0), deep.err
    seen = {check["what"]: check["fits"] for check in delivered(deep)["checks"]}
    assert seen["black"] is ("black" not in said) and ("silence" in seen) is bool(options)
    assert said in deep.err and ("nearly" in deep.err) == bool(said)


def test_deep_needs_ffmpeg(piooy, sandbox, monkeypatch):
    """Without it, nothing is sent."""
    monkeypatch.setenv("PATH", "")
    ran = piooy(*IMAGE, "--deep", "x")

    assert ran.code == 2 and "--deep needs ffmpeg" in ran.err
    assert piooy("history").lines == []

"""The sandbox: the contract on this machine, and files that are what they say."""

import io
import json
import math
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import wave
from importlib.resources import files
from pathlib import Path

import pytest
from PIL import Image

from piooy_cli.sandbox.fixtures.sizes import frame_size, image_size
from piooy_cli.sandbox.fixtures.work import Work
from piooy_cli.sandbox.fixtures.works import make_files
from piooy_cli.sandbox.outcome import PlannedOutcome, plan_outcome

CONTRACT = Path(__file__).parent.parent.parent / "shared" / "api" / "openapi.json"


def call(base, path, body=None, key="k", method=None):
    """A raw client: status, headers, JSON or bytes."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    headers |= {"content-type": "application/json"} if body is not None else {}
    data = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
    request = urllib.request.Request(base + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


ORDER = {
    "provider": "evolink",
    "mediaType": "image",
    "model": "m",
    "scene": "text-to-image",
    "prompt": "a fox",
}


def test_in_process_needs_neither_key_nor_network(piooy, home, monkeypatch):
    """`--sandbox`: the task survives from one command to the next."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    (task_id,) = piooy("--sandbox", "generate", "image", "-m", "x", "--no-wait", "a fox").lines

    waited = piooy("wait", task_id, "--sandbox")
    saved = piooy("--sandbox", "download", task_id)

    assert (waited.code, waited.lines) == (0, [task_id])
    assert (home / saved.lines[0]).read_bytes().startswith(b"\x89PNG")


def test_reset_forgets(piooy):
    """After `sandbox reset` no task is known."""
    (task_id,) = piooy("--sandbox", "generate", "image", "-m", "x", "--no-wait", "a fox").lines

    assert piooy("sandbox", "reset").code == 0
    assert piooy("--sandbox", "task", task_id).code == 14


@pytest.mark.parametrize(
    ("faults", "course"),
    [
        ((), {0: "PENDING", 5: "PROCESSING", 9.9: "PROCESSING", 10: "SUCCESS", 99: "SUCCESS"}),
        (("task-fails",), {0: "PENDING", 5: "PROCESSING", 10: "FAILED"}),
        (("stuck",), {0: "PENDING", 5: "PROCESSING", 10: "PROCESSING", 1e9: "PROCESSING"}),
        (("backwards",), {3: "PROCESSING", 6: "PROCESSING", 8: "PENDING", 10: "SUCCESS"}),
    ],
    ids=str,
)
def test_the_life_of_a_task(faults, course):
    """By its age alone; nothing has to run for it."""
    assert {age: PlannedOutcome(10, faults).status(age) for age in course} == course


def test_times_are_log_normal_around_the_usual_one():
    """Half of them sooner, and none at a negative time; the same seed gives the same."""
    times = sorted(plan_outcome("s", n, 40, ()).seconds for n in range(2000))

    assert 38 < times[1000] < 42 and times[0] > 5
    assert 0.3 < (math.log(times[1682]) - math.log(times[318])) / 2 < 0.4
    assert (
        plan_outcome("s", 7, 40, ()) == plan_outcome("s", 7, 40, ()) != plan_outcome("t", 7, 40, ())
    )


def test_a_raw_client_can_do_the_whole_job(served):
    """Order, poll, fetch: the envelope of the contract at each step."""
    status, _, body = call(served, "/api/v1/generate", ORDER)
    task_id = json.loads(body)["data"]["taskId"]
    for _ in range(100):
        _, _, body = call(served, f"/api/v1/task/{task_id}?refresh=1")
        data = json.loads(body)["data"]
        if data["status"] == "SUCCESS":
            break
    _, headers, picture = call("", data["taskResult"]["results"][0], key=None)

    assert status == 200
    assert set(data) == {"id", "status", "mediaType", "model", "provider", "taskResult"}
    assert headers["content-type"] == "image/png" and picture.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (ORDER, 200),
        ({**ORDER, "prompt": ""}, 400),
        ({**ORDER, "prompt": "", "options": {"image_input": ["x"]}}, 200),
        ({**ORDER, "mediaType": "hologram"}, 400),
        ({**ORDER, "scene": "text-to-smell"}, 400),
        ({**ORDER, "model": 3}, 400),
        ({**ORDER, "options": []}, 400),
        ({**ORDER, "prompt": ["x"]}, 400),
        ({k: v for k, v in ORDER.items() if k != "provider"}, 400),
        ([], 400),
        (b"{broken", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"provider": NaN}', 400),
        (b'{"provider": "\\ud800"}', 400),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_orders_are_checked(served, body, status):
    """What the contract refuses is 400 with the envelope, never 500."""
    got, _, answer = call(served, "/api/v1/generate", body)

    assert got == status
    assert set(json.loads(answer)) >= {"code", "message"}


def test_keys_are_users(served):
    """No key is 401, another's task 403, no task 404."""
    _, _, body = call(served, "/api/v1/generate", ORDER, key="mine")
    task_id = json.loads(body)["data"]["taskId"]

    assert call(served, "/api/v1/generate", ORDER, key=None)[0] == 401
    assert call(served, f"/api/v1/task/{task_id}", key=None)[0] == 401
    assert call(served, f"/api/v1/task/{task_id}", key="hers")[0] == 403
    assert call(served, "/api/v1/task/none", key="mine")[0] == 404


def test_preflight(served):
    """204; what a browser wants to know is in test_sandbox_safety.py."""
    assert call(served, "/api/v1/generate", method="OPTIONS", key=None)[0] == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [({"email": "a@b.example", "content": "x"}, 200), ({"email": "a@b.example", "content": "x" * 5001}, 400),
     ({"email": "nobody", "content": "x"}, 400), ({"content": "x"}, 400), ([], 400)],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_contact(served, body, status):
    """No key, and the contract's limits."""
    assert call(served, "/api/v1/contact", body, key=None)[0] == status


@pytest.mark.skipif(
    not CONTRACT.exists(), reason="the published description is not beside this checkout"
)
def test_enums_are_the_contract_s():
    """Media types and scenes as published."""
    from piooy_cli.sandbox import contract

    fields = json.loads(CONTRACT.read_text())["components"]["schemas"]["GenerateRequest"][
        "properties"
    ]
    assert set(contract.MEDIA_TYPES) == set(fields["mediaType"]["enum"])
    assert set(contract.SCENES) == set(fields["scene"]["enum"])


@pytest.mark.parametrize(
    ("options", "size"),
    [({}, (1024, 1024)), ({"aspect_ratio": "16:9"}, (1024, 576)), ({"aspect_ratio": "9:16", "resolution": "2K"}, (1152, 2048)),
     ({"resolution": "4K"}, (4096, 4096)), ({"size": "640x480"}, (640, 480)), ({"aspect_ratio": "auto"}, (1024, 1024)), ({"aspect_ratio": 7}, (1024, 1024))],
)  # fmt: skip
def test_picture_sizes(options, size):
    """Ratio and long edge as asked."""
    assert image_size(options) == size


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, (640, 360)),
        ({"resolution": "720p", "aspect_ratio": "9:16"}, (720, 1280)),
        ({"resolution": "1080P"}, (1920, 1080)),
    ],
)
def test_frame_sizes(options, size):
    """Ratio and short edge as asked."""
    assert frame_size(options) == size


@pytest.mark.parametrize(
    ("media", "name"),
    [
        ("image", "image-1.png"),
        ("video", "video.mp4"),
        ("music", "song.wav"),
        ("character", "sheet.png"),
    ],
)
def test_the_same_request_gives_the_same_bytes(media, name):
    """Deterministic, and different for another prompt."""
    one, same, other = (
        make_files(Work(media, "m", prompt), name) for prompt in ("a fox", "a fox", "a wolf")
    )

    assert one == same != other


def test_a_picture_is_what_was_asked_and_carries_its_prompt():
    """A viewer opens it; prompt and origin are in its text chunks."""
    picture = Image.open(
        io.BytesIO(
            make_files(
                Work("image", "m", "ein Füchslein", json.dumps({"aspect_ratio": "3:2"})),
                "image-1.png",
            )
        )
    )
    picture.load()

    assert picture.size == (1024, 682)
    assert (picture.info["Description"], picture.info["Software"]) == (
        "ein Füchslein",
        "piooy sandbox",
    )


@pytest.mark.parametrize("prompt", ["", "x" * 5000, "word " * 900, "日本語 😀", "\0\ud800"])
def test_any_prompt_can_be_drawn(prompt):
    """No prompt breaks the painter, nor the other makers."""
    for media, name in (
        ("image", "image-1.png"),
        ("video", "video.mp4"),
        ("music", "song.wav"),
        ("character", "sheet.png"),
    ):
        assert len(make_files(Work(media, "m", prompt), name)) > 1000


def test_a_song_plays():
    """Sixteen beats of sound, with its origin in the file."""
    content = make_files(Work("music", "m", "rain"), "song.wav")

    with wave.open(io.BytesIO(content)) as song:
        assert song.getframerate() == 22_050
        assert 6 < song.getnframes() / 22_050 < 12
        assert len(set(song.readframes(20_000))) > 100
    assert b"piooy sandbox: rain" in content


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
@pytest.mark.parametrize(
    ("options", "size", "seconds"),
    [
        ({}, "640,360", 3),
        ({"duration": 2, "aspect_ratio": "9:16", "resolution": "480p"}, "480,854", 2),
        ({"duration": "1", "aspect_ratio": "1:1"}, "360,360", 1),
        ({"duration": 1, "resolution": "4k"}, "3840,2160", 1),
        ({"duration": 20}, "640,360", 20),
    ],
)
def test_a_video_decodes_without_a_complaint(home, options, size, seconds):
    """Every frame of it, in an independent decoder: size, length and codec as asked."""
    (home / "v.mp4").write_bytes(
        make_files(Work("video", "m", "dusk", json.dumps(options)), "video.mp4")
    )
    probe = [
        "ffprobe",
        "-threads",
        "1",
        "-v",
        "error",
        "-count_frames",
        "-show_entries",
        "stream=codec_name,width,height,nb_read_frames",
        "-of",
        "csv=p=0",
        "v.mp4",
    ]
    decode = ["ffmpeg", "-v", "error", "-i", "v.mp4", "-f", "null", "-"]

    assert (
        subprocess.run(probe, capture_output=True, text=True, check=True).stdout.strip()
        == f"h264,{size},{seconds * 12}"
    )
    assert subprocess.run(decode, capture_output=True, text=True, check=True).stderr == ""


def test_a_taken_port_is_told(piooy):
    """Exit 2, with the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = piooy("sandbox", "serve", "--port", str(taken.getsockname()[1]))

    assert ran.code == 2
    assert "--port" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--host", "0.0.0.0"],
        ["--host", "example.com"],
        ["--speed", "0"],
        ["--speed", "-1"],
        ["--port", "99999"],
    ],
    ids=" ".join,
)
def test_serve_refuses(piooy, arguments):
    """Only loopback, only sensible numbers."""
    assert piooy("sandbox", "serve", *arguments).code == 2


def test_without_the_extra_it_says_what_to_install(home):
    """`--sandbox` in a lean installation."""
    code = "import sys\nsys.modules['starlette'] = None\nfrom piooy_cli.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    ran = subprocess.run(
        [sys.executable, "-c", code, "--sandbox", "task", "x"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    assert "pip install 'piooy[sandbox]'" in ran.stderr


def test_a_state_file_that_is_none(piooy, home):
    """Garbage is not overwritten: exit 13, and the command that starts afresh."""
    state = home.parent / "state"
    state.mkdir()
    (state / "sandbox.sqlite3").write_bytes(b"garbage" * 1000)

    ran = piooy("--sandbox", "task", "x")

    assert ran.code == 13
    assert "sandbox reset" in ran.err


@pytest.mark.parametrize(("wish", "kind"), [("jpg", "JPEG"), ("jpeg", "JPEG"), ("webp", "WEBP"), ("png", "PNG"), ("gif", "PNG")])  # fmt: skip
def test_a_picture_in_the_format_that_was_asked_for(piooy, wish, kind):
    """At the asked size, opened by an independent reader; what is unknown is PNG."""
    ran = piooy("--sandbox", "generate", "image", "-m", "m", "-a", "16:9", "-r", "2K", "-O", f"output_format={wish}", "a fox")  # fmt: skip

    assert ran.code == 0, ran.err
    with Image.open(ran.lines[0]) as picture:
        assert (picture.format, picture.size) == (kind, (2048, 1152))


def test_a_large_picture_is_made_in_time():
    """4K in far less than two seconds of CPU."""
    start = time.process_time()
    picture = make_files(
        Work("image", "m", "dunes", json.dumps({"resolution": "4K"})), "image-1.png"
    )

    assert time.process_time() - start < 2
    assert Image.open(io.BytesIO(picture)).size == (4096, 4096)


def test_a_reference_is_seen_in_the_picture(piooy, sandbox, home):
    """A file in the request, or one that this sandbox has made; another picture without it."""
    Image.new("RGB", (64, 64), (255, 0, 0)).save(home / "red.png")
    (made,) = piooy("generate", "image", "-m", "m", "--no-download", "a wolf").lines
    (url,) = (asset["url"] for asset in piooy("task", made, "--json").json[0]["assets"])
    colors = []
    for given in (
        ["--inline", "-i", "red.png"],
        ["-i", url],
        ["-O", 'image_input:=["https://elsewhere.example/x.png"]'],
    ):
        ran = piooy("generate", "image", "-m", "m", *given, "a fox")
        assert ran.code == 0, ran.err
        with Image.open(ran.lines[0]) as picture:
            colors.append(picture.convert("RGB").getpixel((60, 60)))

    assert colors[0][0] > 240 and colors[0][1] < 15
    assert len(set(colors)) == 3


def test_the_contract_has_the_structure_of_the_published_one():
    """The same paths, operations, fields, enums and required lists, in other words."""
    if not CONTRACT.exists():
        pytest.skip("the published description is not beside this checkout")
    ours = json.loads((files("piooy_cli") / "sandbox" / "openapi.json").read_text())
    theirs = json.loads(CONTRACT.read_text())

    assert {path: {*methods} for path, methods in ours["paths"].items()} == {
        path: {*methods} for path, methods in theirs["paths"].items()
    }
    for path, methods in theirs["paths"].items():
        for method, operation in methods.items():
            mine = ours["paths"][path][method]
            assert mine["operationId"] == operation["operationId"]
            assert {*operation["responses"]} <= {*mine["responses"]}
            assert mine.get("security") == operation.get("security")
    for name, schema in theirs["components"]["schemas"].items():
        assert shape(ours["components"]["schemas"][name]) == shape(schema), name


def shape(schema):
    """Types, fields, enums and required lists, without the words."""
    kept = {
        key: schema[key]
        for key in ("type", "enum", "required", "format", "maxLength")
        if key in schema
    }
    return kept | {
        "properties": {name: shape(one) for name, one in schema.get("properties", {}).items()}
    }

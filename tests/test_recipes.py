"""Recipes of saved files: in the file or beside it, private or not; inspect, verify, redo."""

import hashlib
import io
import json
import sqlite3
import struct
import subprocess
import zlib
from pathlib import Path

import media_samples as made
import pytest
from PIL import Image
from processes import PIOOY
from servers import TASK, expect_look, task

PICTURE = ("generate", "image", "-m", "nano-banana-pro")
VIDEO = ("generate", "video", "-m", "veo-3-1")
MUSIC = ("generate", "music", "-m", "suno-v5")


def signed_png():
    """A picture with a chunk for a signature of C2PA."""
    content = io.BytesIO()
    Image.new("RGB", (2, 2)).save(content, "PNG")
    head, body = content.getvalue()[:33], content.getvalue()[33:]
    chunk = b"caBX" + b"not a real one"
    return (
        head
        + struct.pack(">I", len(chunk) - 4)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + body
    )


@pytest.fixture(autouse=True)
def recipes(monkeypatch):
    """As it is for users: recipes go into files."""
    monkeypatch.delenv("PIOOY_METADATA")


def inspected(piooy, *files):
    """What `inspect` says of one file."""
    return piooy("inspect", *files, "--json").json[0]


@pytest.mark.parametrize("arguments", [PICTURE, (*PICTURE, "-O", "output_format=jpeg"), (*PICTURE, "-O", "output_format=webp"), VIDEO, MUSIC], ids=["png", "jpeg", "webp", "mp4", "wav"])  # fmt: skip
def test_a_file_knows_how_it_was_made(piooy, sandbox, home, arguments):
    """The prompt, the model, the exact request, the task; by another tool's fields as well."""
    record = piooy(*arguments, "--seed", "7", "--json", "a red fox, ünïcode 🦊").json[0]
    (asset,) = record["assets"]

    found = inspected(piooy, asset["path"])

    assert (found["prompt"], found["seed"], found["task"], found["id"]) == ("a red fox, ünïcode 🦊", 7, record["id"], record["id"])  # fmt: skip
    with sqlite3.connect(home.parent / "state" / "ledger.sqlite3") as ledger:
        ((body,),) = ledger.execute("select body from orders")
    assert found["request"].encode() == body
    assert found["recipe_in"] == "file" and found["tool"].startswith("piooy ")
    content = Path(asset["path"]).read_bytes()
    assert b"trainedAlgorithmicMedia" in content or arguments is VIDEO or arguments is MUSIC


def test_both_digests_are_known(piooy, sandbox, home):
    """Of what came and of what is saved: check, references and downloads work with both."""
    record = piooy(*PICTURE, "-o", "fox.png", "--json", "a fox").json[0]
    (asset,) = record["assets"]
    saved = (home / "fox.png").read_bytes()
    assert asset["sha256"] == hashlib.sha256(saved).hexdigest() != asset["arrived_sha256"]
    piooy("download", "@last", "-o", "raw/", "--metadata", "none")
    raw = next((home / "raw").iterdir())

    assert piooy("history", "check").code == 0
    assert piooy("where", asset["arrived_sha256"]).code == 0
    assert piooy("download", "@last", "-o", "again/").code == 0
    assert next((home / "again").iterdir()).read_bytes() == saved
    assert raw.read_bytes() == saved  # a copy of the file that is here already
    assert piooy(*VIDEO, "-i", "fox.png", "--no-wait", "it runs").code == 0


def test_the_bytes_that_came_can_be_had(piooy, sandbox, home):
    """`--metadata none`, as option, variable or setting."""
    piooy(*PICTURE, "-o", "fox.png", "--metadata", "none", "a fox")
    assert inspected(piooy, "fox.png")["recipe_in"] is None
    piooy("config", "set", "metadata", "none")
    piooy(*PICTURE, "-o", "hare.png", "a hare")

    assert inspected(piooy, "hare.png")["recipe_in"] is None
    assert piooy("config", "set", "metadata", "some").code == 2


def test_the_command_that_continues_says_where_the_recipe_goes(piooy, api):
    """As it was asked for."""
    expect_look(api, task("PENDING"))
    options = ("--download", "--metadata", "sidecar", "--private", "--timeout", "1ms")

    assert (
        f"piooy wait {TASK} --download --metadata sidecar --private"
        in piooy("wait", TASK, *options).err
    )


def test_a_recipe_beside_the_file(piooy, sandbox, home):
    """`--metadata sidecar`: the bytes are untouched, and `NAME.json` has the recipe."""
    record = piooy(*PICTURE, "-o", "fox.png", "--metadata", "sidecar", "--json", "a fox").json[0]

    assert record["assets"][0]["arrived_sha256"] is None
    found = inspected(piooy, "fox.png")
    assert (found["recipe_in"], found["prompt"]) == ("sidecar", "a fox")
    assert json.loads((home / "fox.png.json").read_text())["task_id"] == record["id"]


def test_another_file_of_that_name_stays(piooy, sandbox, home):
    """The picture is saved; a notice tells of the recipe that is not."""
    (home / "fox.png.json").write_text('{"mine": true}')

    ran = piooy(*PICTURE, "-o", "fox.png", "--metadata", "sidecar", "a fox")

    assert ran.code == 0 and (home / "fox.png.json").read_text() == '{"mine": true}'
    assert "fox.png.json" in ran.err


@pytest.mark.parametrize("mode", ["embed", "sidecar"])
def test_a_private_recipe_has_no_words(piooy, sandbox, home, mode):
    """Neither prompt nor options nor request; the task and the model are there."""
    piooy(
        *MUSIC,
        "-o",
        "m.wav",
        "--private",
        "--metadata",
        mode,
        "--lyrics",
        "my secret song",
        "a secret",
    )

    found = inspected(piooy, "m.wav")
    assert (found["prompt"], found["request"], found["options"]) == (None, None, {})
    assert found["task"] and found["model"] == "suno-v5"
    recipe = (home / "m.wav.json").read_bytes() if mode == "sidecar" else (home / "m.wav").read_bytes()  # fmt: skip
    assert b"secret song" not in recipe


def test_what_cannot_hold_a_recipe_is_untouched(piooy, raw, api, home):
    """Signed files, other formats, files that are not whole: saved as they came, recipe beside."""
    signed = signed_png()
    server = raw(lambda c: (c.recv(65536), c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(signed), signed))), is_api=False)  # fmt: skip
    expect_look(api, task("SUCCESS", {"results": [server.url + "/a.png"]}))

    ran = piooy("download", TASK, "-o", "a.png")

    assert ran.code == 0 and (home / "a.png").read_bytes() == signed
    assert (home / "a.png.json").is_file()


def test_bytes_to_a_pipe_are_those_that_came(piooy, sandbox, home):
    """`-o -` adds nothing."""
    ran = piooy(*PICTURE, "-o", "-", "a fox")
    (home / "x.png").write_bytes(ran.bytes)

    assert inspected(piooy, "x.png")["recipe_in"] is None


def test_pixels_are_the_same(piooy, sandbox, home):
    """As a decoder sees them."""
    piooy(*PICTURE, "-o", "fox.png", "a fox")
    arrived = piooy("download", "@last", "-o", "-").bytes
    (home / "raw.png").write_bytes(arrived)

    with Image.open(home / "fox.png") as one, Image.open(home / "raw.png") as other:
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("place", ["embed", "sidecar"])
def test_a_file_is_made_again_on_another_machine(piooy, sandbox, home, monkeypatch, place):
    """Its recipe has the request, byte for byte; the ledger need not know it."""
    piooy(*PICTURE, "-o", "fox.png", "--seed", "7", "--metadata", place, "a fox")
    request = inspected(piooy, "fox.png")["request"]
    monkeypatch.setenv("PIOOY_STATE_DIR", str(home / "other"))

    assert piooy("redo", "fox.png", "--yes", "--no-wait").code == 0
    with sqlite3.connect(home / "other" / "ledger.sqlite3") as ledger:
        ((body,),) = ledger.execute("select body from orders")
    assert body.decode() == request
    refused = piooy("redo", "fox.png")
    assert refused.code == 2 and "image, nano-banana-pro: a fox" in refused.err


@pytest.mark.parametrize("request_text", ["{}", "[1]", '{"mediaType": "image", "scene": 1, "provider": "p", "model": "m"}', '{"mediaType": "poem", "scene": "s", "provider": "p", "model": "m"}', "[" * 5000, '{"mediaType": "image", "scene": "s", "provider": "p", "model": "m", "options": 7}'])  # fmt: skip
def test_a_recipe_that_is_no_request_is_refused(piooy, api, home, request_text):
    """Exit 2; nothing is sent."""
    recipe = {"version": 1, "model": "m", "media": "image", "software": "x", "options": {}, "request": request_text}  # fmt: skip
    (home / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (home / "a.png.json").write_text(json.dumps(recipe))

    assert (piooy("redo", "a.png", "--yes").code, api.log) == (2, [])


def test_what_a_file_says_for_people_and_programs(piooy, sandbox, home):
    """A line for each fact; several files, one object each."""
    piooy(*PICTURE, "-o", "fox.png", "a fox")
    (home / "x.txt").write_text("hello")

    lines = dict(line.split("\t", 1) for line in piooy("inspect", "fox.png").lines)
    assert (lines["prompt"], lines["format"], lines["recipe_in"]) == ("a fox", "png", "file")
    both = piooy("inspect", "fox.png", "x.txt", "--json").json
    assert [one["prompt"] for one in both] == ["a fox", None]
    assert piooy("inspect", "nosuch").code == 14 and piooy("inspect", ".").code == 2


def test_files_are_verified_against_the_history(piooy, sandbox, home):
    """Unchanged, changed (exit 12), or unknown."""
    piooy(*PICTURE, "-o", "fox.png", "a fox")
    (home / "copy.png").write_bytes((home / "fox.png").read_bytes())
    (home / "changed.png").write_bytes((home / "fox.png").read_bytes() + b"x")
    (home / "other.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    for name, word, code in (("fox.png", "unchanged", 0), ("copy.png", "unchanged", 0), ("changed.png", "changed", 12), ("other.png", "unknown", 0)):  # fmt: skip
        ran = piooy("verify", name, "--json")
        assert ran.code == code and ran.json[0]["history"].startswith(word), name


def test_a_signature_is_not_verified_without_the_extra(piooy, home):
    """It is told that there is one."""
    (home / "a.png").write_bytes(signed_png())

    assert piooy("verify", "a.png", "--json").json[0]["signature"].startswith("C2PA")


@pytest.mark.parametrize("full", [200, 600])
def test_a_full_disk_never_costs_the_picture(sandbox, home, full):
    """Where there is no room for the copy with the recipe, the file is saved as it came."""
    environ_limit = f"ulimit -f {full}; exec " + " ".join(
        [*PIOOY, *VIDEO, "-o", "v.mp4", "'it runs'"]
    )
    ran = subprocess.run(["bash", "-c", environ_limit], capture_output=True, text=True, timeout=60, check=False)  # fmt: skip

    assert ran.returncode in (0, 13), ran.stderr
    assert not list(home.glob(".piooy*")) or ran.returncode == 13
    if ran.returncode == 0:
        assert (home / "v.mp4").stat().st_size > 100_000


@pytest.mark.parametrize("name", ["plain.png", "plain.jpg"])
def test_signatures_are_verified_with_the_extra(piooy, home, name):
    """One that holds, and one of a file that was changed: exit 12."""
    c2pa = pytest.importorskip("c2pa", reason="c2pa-python signs the files")
    content = made.signed(c2pa, name, made.pictures()[name])
    (home / name).write_bytes(content)
    changed = bytearray(content)
    changed[-40] ^= 1  # of the pixels
    (home / f"x-{name}").write_bytes(changed)

    holds = piooy("verify", name, "--json")
    broken = piooy("verify", f"x-{name}", "--json")

    assert holds.code == 0 and holds.json[0]["signature"].startswith("holds, signed by")
    assert (broken.code, broken.json[0]["is_wrong"]) == (12, True)

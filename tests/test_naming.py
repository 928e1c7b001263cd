"""Names of files: a small template language, and names that every system takes."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.models import Asset, Kind, Task
from piooy_cli.downloads.naming import Target, file_name, numbered, safe_name, slug, values_of

DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"}
DEVICES |= {f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789¹²³"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a red fox in the snow", "a-red-fox-in-the-snow"),
        ("Füchse, im Schnee!", "füchse-im-schnee"),
        ("赤い狐", "赤い狐"),
        ("x" * 90, "x" * 40),
        (
            "one two three four five six seven eight nine ten",
            "one-two-three-four-five-six-seven-eight",
        ),
        ("../../etc/passwd", "etc-passwd"),
        ("!!!", ""),
    ],
)
def test_slug(text, wanted):
    """Words of any script, lower case, joined by hyphens, cut between words."""
    assert slug(text) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("con.png", "_con.png"),
        ("COM1.tar.png", "_COM1.tar.png"),
        ("a<b>:\"/\\|?*.png", "a_b________.png"),
        ("-rf.png", "rf.png"),
        ("name. .png", "name.png"),
        ("nul\x00byte\x1f.png", "nul_byte_.png"),
        ("a\u202egnp.exe", "agnp.exe"),
        (".png", "png"),
        ("...", "file"),
        ("-.hidden.png", "hidden.png"),
        (". ~-.x.png", "x.png"),
        ("\u3000-\u00a0.x.png", "x.png"),
        ("con .tar.png", "_con .tar.png"),
        ("con." + " " * 300 + "x.png", "_con.png"),
        ("~.png", "file.png"),
        ("a." + "x" * 300, "a." + "x" * 198),
    ],
)  # fmt: skip
def test_names_that_some_system_refuses(name, wanted):
    """Reserved names, forbidden characters, trailing dots, leading dashes, hidden files."""
    assert safe_name(name) == wanted


@given(st.text(), st.sampled_from(["png", "mp4", "bin"]))
def test_any_text_makes_a_safe_name(text, extension):
    """One level, no control character, below 255 bytes with its suffixes, extension kept."""
    name = safe_name(f"{text}.{extension}")

    assert name and not set(name) & set('<>:"/\\|?*\0')
    assert not name.startswith((".", "-", "~", " ")) and not name.endswith((".", " "))
    assert len(name.encode()) <= 200
    assert name.endswith(f".{extension}") or not text.strip(" .") or "." not in name


HOSTILE_PARTS = [
    ".", "-", "~", " ", "\u00a0", "\u3000", "\u202e", "\u200b", "\t", "\n", "\0", "con", "NUL", "Com1", "lpt¹", "aux",
    "/", "\\", ":", "é", "e\u0301", "png", "x" * 90, "\ud800", "狐",
]  # fmt: skip


def check_safe(text):
    """Not empty, no dot, dash, tilde or blank in front, no device of Windows, and stable."""
    name = safe_name(text)

    assert name and not name[0].isspace() and name[0] not in ".-~", (text, name)
    assert name.split(".")[0].rstrip().lower() not in DEVICES, (text, name)
    assert len(name.encode()) <= 200 and not name.endswith((".", " ")), (text, name)
    assert safe_name(name) == name, (text, name)


@given(st.lists(st.sampled_from(HOSTILE_PARTS) | st.characters(), max_size=8).map("".join))
def test_no_name_is_hidden_an_option_or_reserved(text):
    """Whatever the text."""
    check_safe(text)


def test_ten_thousand_names_are_safe():
    """Of parts that are dangerous at the beginning, at the end or together."""
    chosen = Random(7)
    for _ in range(10_000):
        check_safe("".join(chosen.choices(HOSTILE_PARTS, k=chosen.randint(0, 8))))


def test_a_model_of_the_server_makes_no_hidden_file(piooy, api, home):
    """`-o {model}.{ext}` with what the server calls the model."""
    api.expect_request("/a.bin").respond_with_data(b"\x89PNG\r\n\x1a\n" + b"x" * 99)
    data = {
        "status": "SUCCESS",
        "model": "-.hidden",
        "taskResult": {"images": [api.url_for("/a.bin")]},
    }
    api.expect_request("/api/v1/task/t").respond_with_json({"code": 0, "data": data})

    ran = piooy("download", "t", "-o", "{model}.{ext}")

    assert ran.lines == ["hidden.png"], ran.err


@pytest.mark.parametrize("name", ["CON", "nul", "com1.jsonl", "LPT9"])
def test_a_batch_is_not_named_like_a_device(piooy, home, name):
    """Exit 2 before anything is read."""
    (home / "p.txt").write_text("a fox\n")

    ran = piooy("batch", "p.txt", "-m", "m", "--name", name, "--dry-run")

    assert ran.code == 2 and "Windows reserves" in ran.err


def test_every_field_has_a_value():
    """All fields of the interface, from a task with everything."""
    moment = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
    task = Task(
        "3f2a91bc-1",
        "SUCCESS",
        "image",
        "text-to-image",
        "evolink",
        "google/nano",
        "A fox",
        {"seed": 7},
        moment,
    )
    template = (
        "{slug} {id} {id8} {n} {model} {media} {scene} {provider} {date:%Y} {seed} {status}.{ext}"
    )

    name = file_name(template, values_of(task, Asset(2, "u", Kind.IMAGE), "png"))

    assert (
        name
        == "a-fox 3f2a91bc-1 3f2a91bc 2 google_nano image text-to-image evolink 2026 7 SUCCESS.png"
    )


def test_unknown_values_have_a_word():
    """A task that was never seen before still gets a name."""
    name = file_name(
        "{slug}-{seed}-{model}.{ext}", values_of(Task("t"), Asset(1, "u", Kind.VIDEO), "mp4")
    )

    assert name == "video-noseed-model.mp4"


@pytest.mark.parametrize(
    ("output", "directory", "template"),
    [
        ("", ".", "{slug}-{id8}-{n}.{ext}"),
        ("out", "out", "{slug}-{id8}-{n}.{ext}"),
        ("out/{n}.{ext}", "out", "{n}.{ext}"),
        ("/abs/{n}.{ext}", "/abs", "{n}.{ext}"),
        ("{n}", ".", "{n}"),
    ],
)
def test_output_is_directory_and_template(output, directory, template):
    """Braces make a template of the last part."""
    target = Target.of(output)

    assert (str(target.directory), target.template) == (directory, template)


@pytest.mark.parametrize(
    "output", ["{prompt}", "{id8}/{n}", "{n", "{date:%s}", "{slug:>30}", "{id.__class__}"]
)
def test_templates_that_cannot_be(output):
    """Refused with the fields that can."""
    with pytest.raises(UsageError):
        Target.of(output)


def test_numbered():
    """The next free name keeps its extension."""
    from pathlib import Path

    assert numbered(Path("out/fox.png"), 2) == Path("out/fox-2.png")

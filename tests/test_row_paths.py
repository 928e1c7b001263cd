"""Where the rows of a manifest may save files, and which local files they may send."""

import json
import os
import shutil
from pathlib import Path

import pytest
from servers import PNG, TASK, expect_look, expect_order, orders, task
from werkzeug.wrappers import Response

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.models import Asset, Kind, Task
from piooy_cli.downloads import row_output
from piooy_cli.downloads.naming import Target
from piooy_cli.downloads.options import SaveOptions

RUN = ("--model", "nano-banana-pro", "-o", "out")
FORGIVEN = "--allow-row-paths"
TEMPLATES = (
    "{slug}", "{id}", "{id8}", "{model}", "{scene}", "{provider}", "{seed}", "{status}", "x.{seed}",
    "{ext}.{seed}", "{slug}.{ext:.0}{seed}", "{seed}.{ext}",
)  # fmt: skip
PRIVATE_KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n"


@pytest.fixture
def runs(piooy, home, api):
    """Run a manifest of one row; the API makes a picture of it."""
    expect_order(api)
    expect_look(api, task(result={"results": [api.url_for("/a")]}, prompt="a fox"))
    api.expect_request("/a").respond_with_data(PNG)

    def run(*options, manifest="rows.jsonl", **row):
        (home / manifest).parent.mkdir(exist_ok=True)
        (home / manifest).write_text("\n" + json.dumps({"prompt": "a fox", "id": "r"} | row) + "\n")
        return piooy("batch", manifest, *RUN, *options)

    return run


@pytest.fixture
def refuses(runs, home, api):
    """Run a manifest that is refused: exit 2 with its line, nothing sent, nothing made."""

    def run(*options, manifest="rows.jsonl", **row):
        before = set(home.parent.rglob("*.png"))
        ran = runs(*options, manifest=manifest, **row)
        assert (ran.code, ran.out, api.log) == (2, "", []), ran.err
        assert f"{manifest}, line 2: " in ran.err and "nothing was sent" in ran.err
        assert set(home.parent.rglob("*.png")) == before
        return ran.err

    return run


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("/tmp/elsewhere/", "is an absolute path"),
        ("//tmp", "is an absolute path"),
        ("../{slug}.{ext}", "contains .."),
        ("a/../../b.png", "contains .."),
        ("a/..", "contains .."),
        ("~/.bashrc.d/", "begins with ~"),
        ("~root/x.png", "begins with ~"),
        (".//~/x.png", "begins with ~"),
    ],
)
def test_an_output_stays_below_that_of_the_command(refuses, output, reason):
    """A path that leads elsewhere is a bad line, and the message says which option permits it."""
    err = refuses(output=output)

    assert f"output {output!r} {reason}; {FORGIVEN} permits it" in err


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("-rf/", "has a part that begins with -"),
        ("a/-{slug}.png", "has a part that begins with -"),
        ("{slug}.desktop", "ends in '.desktop'"),
        ("a/{slug}.tar.HTML", "ends in '.HTML'"),
        ("{slug}.sh. ", "ends in '.sh'"),
        ("{ext}.sh", "ends in '.sh'"),
        ("{slug}.svg", "ends in '.svg'"),
    ],
)
@pytest.mark.parametrize("options", [(), (FORGIVEN,)])
def test_options_and_foreign_extensions_are_never_made(refuses, output, reason, options):
    """A part like an option, or an extension that is not of media, is a bad line in any case."""
    assert reason in refuses(*options, output=output)


@pytest.mark.parametrize("output", ["{abs}/x.png", "../there/x.png", "~/work/x.png"])
def test_other_places_can_be_permitted(runs, home, output):
    """With --allow-row-paths a row names an absolute path, `..` or the home directory."""
    (home / "there").mkdir()

    ran = runs(FORGIVEN, output=output.replace("{abs}", str(home / "there")))

    assert (ran.code, len(ran.lines)) == (0, 1), ran.err
    assert Path(ran.lines[0]).resolve() in (home / "there" / "x.png", home / "x.png")


def test_the_permission_holds_for_one_run(runs, piooy, api, home):
    """Rows that were permitted are checked again when the option is missing."""
    assert runs(FORGIVEN, "--limit", "1", output="../there/").code == 0
    sent = len(api.log)

    ran = runs(output="../there/")

    assert (ran.code, len(api.log)) == (2, sent)


@pytest.mark.parametrize(
    ("output", "path"),
    [
        ("own/{slug}.{ext}", "own/a-fox.png"),
        ("own/x.jpg", "own/x.png"),
        ("own.d/v1.2/", "own.d/v1.2/a-fox-0b9e7f6a-1.png"),
        ("./a//b/{n}", "a/b/1.png"),
        ("..x/{n}.PNG", "..x/1.PNG"),
        ("", "a-fox-0b9e7f6a-1.png"),
    ],
)
def test_what_stays_inside_is_taken(runs, output, path):
    """Directories, names and templates below the output of the command are as they always were."""
    assert runs(output=output).lines == [f"out/{path}"]


HOSTILE = [
    "../../x",
    "/etc/x",
    "~/x",
    "-rf",
    "..",
    ".ssh",
    "a\\..\\b",
    "x.desktop",
    "html",
    "x.SH ",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("row_paths", [False, True])
def test_no_value_of_a_field_escapes(value, row_paths, tmp_path):
    """Whatever a row or a response says, the name is one visible media file in its directory."""
    save = SaveOptions(Target.of(str(tmp_path)), row_paths=row_paths)
    asset = Asset(1, "https://e.com/x", Kind.IMAGE)
    fields = dict.fromkeys(("id", "status", "prompt", "model", "scene", "provider"), value)
    of = Task(**fields, options={"seed": value})

    for template in TEMPLATES:
        path = save.at(f"own/{template}").path(of, asset, "png")

        assert (path.parent, path.suffix) == (tmp_path / "own", ".png"), template
        assert path.name[0] not in ".-~" and not set(path.name) & {"/", "\\"}, template


def test_a_row_cannot_name_a_desktop_file_by_an_option(runs):
    """A field whose value looks like an extension does not become the extension."""
    ran = runs(output="evil.{seed}.{ext:.0}", options={"seed": "desktop"})

    assert ran.code == 0 and all(line.endswith(".png") for line in ran.lines), ran.err


@pytest.mark.parametrize("output", ["link/", "link/sub/x.png", "sub/../link/", "dangling/{n}"])
def test_a_link_out_of_the_output_is_refused(refuses, home, tmp_path, output):
    """A directory that is a symbolic link to another place is a bad line."""
    (home / "out").mkdir()
    (home / "out" / "link").symlink_to(tmp_path)
    (home / "out" / "dangling").symlink_to(tmp_path / "none")

    err = refuses(output=output)

    assert FORGIVEN in err and ("through a symbolic link" in err or "contains .." in err)


def test_links_that_stay_inside_are_followed(runs, home):
    """A symbolic link within the output, and an output that is itself a link, are no escape."""
    (home / "real" / "sub").mkdir(parents=True)
    (home / "out").symlink_to("real")
    (home / "real" / "link").symlink_to("sub")

    assert runs(output="link/x.png").lines == ["out/link/x.png"]
    assert (home / "real" / "sub" / "x.png").exists()


def test_a_link_that_appears_later_is_not_followed(piooy, home, api, tmp_path):
    """A directory that becomes a link out while the task runs gets no file; the row stays open."""
    victim = tmp_path / "victim"
    victim.mkdir()

    def look(_):
        if not (home / "out" / "sub").is_symlink():
            shutil.rmtree(home / "out" / "sub")
            (home / "out" / "sub").symlink_to(victim)
        return Response(json.dumps(task(result={"results": [api.url_for("/a")]})))

    expect_order(api)
    api.expect_request(f"/api/v1/task/{TASK}").respond_with_handler(look)
    api.expect_request("/a").respond_with_data(PNG)
    (home / "rows.jsonl").write_text('{"prompt": "x", "output": "sub/x.png"}\n')

    ran = piooy("batch", "rows.jsonl", *RUN)

    assert ran.code == 13 and "through a symbolic link" in ran.err
    assert list(victim.iterdir()) == []


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("C:\\x\\", "has a drive"),
        ("C:x.png", "has a drive"),
        ("sub/x.png:stream", "has a drive"),
        ("\\\\server\\share\\", "is an absolute path"),
        ("a\\..\\b", "contains .."),
        ("a/.. /b", "contains .."),
        ("a/.../b", "contains .."),
        ("a\\-b\\", "begins with -"),
        ("a/NUL.txt/", "Windows reserves"),
        ("com1/{slug}", "Windows reserves"),
        ("con.png", "Windows reserves"),
    ],
)
def test_paths_of_windows(output, reason):
    """There, drives, both slashes, trailing dots and names of devices count as well."""
    with pytest.raises(UsageError, match=reason):
        row_output.check_place(output, anywhere=False, windows=True)


def test_a_time_is_not_a_drive():
    """The colon in a field of a template is not part of a path."""
    row_output.check_place("sub/{date:%Y-%m-%d}.{ext}", anywhere=False, windows=True)


def test_inline_sends_only_files_of_the_manifest_s_directory(runs, home, api):
    """A picture beside the manifest, or below it, is sent; of stdin, below the working directory."""
    (home / "sub").mkdir()
    (home / "sub" / "a.png").write_bytes(PNG)

    assert runs("--inline", manifest="sub/rows.jsonl", images=["sub/a.png"]).code == 0
    assert orders(api)[0]["options"]["image_input"][0].startswith("data:image/png;base64,")


def test_inline_of_stdin_is_below_the_working_directory(piooy, home, tmp_path):
    """Rows from a pipe may name files of the working directory, and no others."""
    (home / "a.png").write_bytes(PNG)
    (tmp_path / "b.png").write_bytes(PNG)
    run = ("batch", "-", "--dry-run", "--inline", *RUN)

    inside = piooy(*run, stdin='{"prompt": "x", "images": ["a.png"]}\n')
    outside = piooy(*run, stdin='{"prompt": "x", "images": ["../b.png"]}\n')

    assert (inside.code, outside.code) == (0, 2)
    assert f"stdin, line 1: images: '../b.png' is not in {home.resolve()}" in outside.err


@pytest.mark.parametrize("name", ["{abs}", "../b.png", "~/b.png", "link.png", "dir/b.png"])
@pytest.mark.parametrize("field", ["images", "videos"])
def test_inline_sends_no_other_file(refuses, home, tmp_path, name, field):
    """A file elsewhere, also through a symbolic link, is a bad line that names the option."""
    (tmp_path / "b.png").write_bytes(PNG)
    (home / "link.png").symlink_to(tmp_path / "b.png")
    (home / "dir").symlink_to(tmp_path)

    err = refuses("--inline", **{field: [name.replace("{abs}", str(tmp_path / "b.png"))]})

    assert f"{field}: " in err and "the directory of the manifest" in err and FORGIVEN in err


def test_inline_from_a_subdirectory_stays_there(refuses, home):
    """The directory of the manifest counts, not the working directory."""
    (home / "b.png").write_bytes(PNG)

    refuses("--inline", manifest="sub/rows.jsonl", images=["b.png"])


def test_inline_from_elsewhere_can_be_permitted(runs, tmp_path, api):
    """With --allow-row-paths, a row's picture may be anywhere."""
    (tmp_path / "b.png").write_bytes(PNG)

    assert runs("--inline", FORGIVEN, images=["../b.png"]).code == 0
    assert orders(api)[0]["options"]["image_input"][0].startswith("data:image/png")


def test_pictures_of_the_command_line_may_be_anywhere(runs, tmp_path, api):
    """What the user names with -i is not restricted to the manifest's directory."""
    (tmp_path / "b.png").write_bytes(PNG)

    assert runs("--inline", "-i", str(tmp_path / "b.png")).code == 0
    assert orders(api)[0]["options"]["image_input"][0].startswith("data:image/png")


@pytest.mark.parametrize("options", [(), (FORGIVEN,)])
@pytest.mark.parametrize("field", ["images", "videos"])
def test_a_private_key_is_never_sent(refuses, home, options, field):
    """A file that is not a picture or a video is a bad line, wherever it is."""
    (home / "id_ed25519").write_bytes(PRIVATE_KEY)

    err = refuses("--inline", *options, **{field: ["id_ed25519"]})

    assert "is not a" in err and "b3BlbnNz" not in err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_is_not_waited_for(refuses, home):
    """A FIFO beside the manifest is a bad line at once."""
    os.mkfifo(home / "a.png")

    assert "is not a regular file" in refuses("--inline", images=["a.png"])

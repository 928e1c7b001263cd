"""`piooy presets` and --preset: requests with a name, of a project or of the user."""

import json
import os
import time

import pytest

MODEL = "nano-banana-pro"
HERO = """
[presets.hero]
media = "image"
model = "nano-banana-pro"
prompt = "{prompt}, 35 mm film"
description = "the look of the site"
output = "art"
options = { aspect_ratio = "16:9", seed = 7 }
"""
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")


@pytest.fixture
def project(home):
    """Write the project's piooy.toml."""

    def write(text):
        (home / "piooy.toml").write_text(text)
        return home / "piooy.toml"

    return write


@pytest.fixture
def config(home):
    """Write the user's config.toml."""

    def write(text):
        (home.parent / "config").mkdir(exist_ok=True)
        (home.parent / "config" / "config.toml").write_text(text)

    return write


@pytest.fixture
def asked(piooy):
    """The request that a command would send."""

    def run(*words):
        ran = piooy("generate", "image", "--dry-run", *words)
        assert ran.code == 0, ran.err
        (request,) = ran.json
        return request

    return run


def test_a_preset_fills_gaps(project, asked):
    """Its prompt takes the user's in; the command line wins, options one by one."""
    project(HERO)

    request = asked("--preset", "hero", "--seed", "8", "a fox")

    assert request["prompt"] == "a fox, 35 mm film"
    assert request["model"] == MODEL
    assert request["options"] == {"aspect_ratio": "16:9", "seed": 8}


def test_the_order_of_merging(project, config, asked):
    """Command line, preset, config, catalogue."""
    config(
        '[model]\nimage = "mine"\n[options.image]\na = "config"\nb = "config"\nc = "config"\n'
        '[models.mine]\nprovider = "p"\ndefaults = { a = "own", b = "own", c = "own", d = "own" }\n'
    )
    project('[presets.x.options]\na = "preset"\nb = "preset"\n')

    request = asked("--preset", "x", "-O", "a=line", "fox")

    assert request["options"] == {"a": "line", "b": "preset", "c": "config", "d": "own"}
    assert (request["model"], request["provider"]) == ("mine", "p")


@pytest.mark.parametrize(
    ("template", "typed", "sent"),
    [
        ("a hare", None, "a hare"),
        ("a hare", "a fox", "a fox"),
        ("{prompt}!", "a {prompt} fox", "a {prompt} fox!"),
        ("{a} {prompt}", "x", "{a} x"),
    ],
)
def test_prompts(project, asked, template, typed, sent):
    """The user's prompt is never rewritten, but put in place of {prompt}, once."""
    project(f'[presets.x]\nprompt = "{template}"\nmodel = "m"\n')

    assert asked("--preset", "x", *([typed] if typed else []))["prompt"] == sent


def test_a_gap_needs_a_prompt(project, piooy, api):
    """From stdin too; without one nothing is sent, even where a picture would be enough."""
    project('[presets.x]\nprompt = "{prompt}!"\nmodel = "m"\nimages = ["https://e.com/a.png"]\n')
    how = ("generate", "image", "--preset", "x")

    assert piooy(*how, "--dry-run", stdin="a fox\n").json[0]["prompt"] == "a fox!"
    refused = piooy(*how, stdin="\n")
    assert (refused.code, api.log) == (2, []) and "{prompt}" in refused.err


def test_pictures_of_a_preset_are_a_default(project, asked):
    """They are used only if the command line gives none."""
    project('[presets.x]\nmodel = "m"\nimages = ["https://e.com/a.png"]\n')

    assert asked("--preset", "x", "fox")["options"]["image_input"] == ["https://e.com/a.png"]
    other = asked("--preset", "x", "-i", "https://e.com/b.png", "fox")
    assert other["options"]["image_input"] == ["https://e.com/b.png"]


def test_another_media_type(project, piooy, api):
    """Exit 2, and nothing is sent."""
    project(HERO)

    ran = piooy("generate", "video", "--preset", "hero", "fox")

    assert (ran.code, api.log) == (2, [])
    assert "preset hero (piooy.toml) is for image, not for video" in ran.err


def test_the_nearest_project_and_then_the_config(project, config, home, piooy, monkeypatch):
    """piooy.toml is found upwards; its presets hide those of the same name in the config."""
    config('[presets.hero]\nmodel = "own"\n[presets.mine]\nmodel = "own"\n')
    file = project(HERO)
    (home / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(home / "a" / "b")

    records = piooy("presets", "--json").json
    assert [(one["name"], one["from"], one["model"]) for one in records] == [
        ("hero", "project", MODEL), ("mine", "config", "own"),
    ]  # fmt: skip
    assert records[0]["path"] == str(file)
    assert records[0]["description"] == "the look of the site"
    (home / "a" / "piooy.toml").write_text('[presets.near]\nmodel = "m"\n')
    assert [one["name"] for one in piooy("presets", "--json").json] == ["near", "hero", "mine"]


def test_the_search_ends_at_home(home, piooy, monkeypatch):
    """What is above it belongs to others."""
    (home / "piooy.toml").write_text(HERO)
    (home / "me" / "work").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home / "me"))
    monkeypatch.chdir(home / "me" / "work")

    assert piooy("presets").out == ""


def test_one_preset_as_json(project, piooy):
    """As it is written, and the request that it makes; or what is missing for one."""
    file = project(HERO + "[presets.part]\nprompt = 'x'\n")

    (hero,) = piooy("presets", "hero").json
    (part,) = piooy("presets", "part").json

    assert (hero["from"], hero["path"], hero["reason"]) == ("project", str(file), None)
    assert hero["preset"]["options"] == {"aspect_ratio": "16:9", "seed": 7}
    assert hero["request"]["provider"] == "evolink"
    assert hero["request"]["prompt"] == "{prompt}, 35 mm film"
    assert part["request"] is None and "media type" in part["reason"]


def test_an_unknown_name(project, piooy, api):
    """Exit 2, with what was meant and where to look."""
    project(HERO)

    for words in (("generate", "image", "--preset", "her", "x"), ("presets", "her")):
        ran = piooy(*words)
        assert (ran.code, api.log) == (2, [])
        assert "did you mean hero?" in ran.err and "`piooy presets`" in ran.err


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('key = "x"\n', 1, "key: piooy.toml may hold presets only"),
        ('[presets.a]\nmodel = "m"\n\n[profiles.x]\nbase_url = "http://evil"\n', 4, "profiles"),
        ('[presets.a]\n[presets.b]\nmodel = "m"\nbase_url = "x"\n', 4, "presets.b.base_url"),
        ("[presets]\na = { command = 'x' }\n", 2, "presets.a.command: piooy.toml may hold"),
        ("presets = 1\n", 1, "must be tables"),
        ("[presets]\na = 1\n", 2, "must be a table"),
        ("[presets.a]\nmodel = 1\n", 2, "must be text"),
        ("[presets.a]\nimages = 'x'\n", 2, "must be a list of text"),
        ("[presets.a]\nmedia = 'smell'\n", 2, "is not a media type"),
        ("[presets.a]\nprompt = '{prompt} {prompt}'\n", 2, "more than once"),
        ("[presets.a]\noptions = 1\n", 2, "must be a table"),
        ("[presets.a.options]\nx = nan\n", 1, "JSON cannot have"),
        ("[presets.a.options]\nx = 1979-05-27\n", 1, "JSON cannot have"),
        ('[presets."$(touch PWNED)"]\n', 1, "ASCII letters, digits"),
        ("[presets.-rf]\n", 1, "ASCII letters, digits"),
        ('[presets.""]\n', 1, "ASCII letters, digits"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_project_may_not_hold(project, piooy, api, text, line, told):
    """Exit 2 with file, line and key, for each command that reads it; nothing is sent."""
    file = project("# a comment\n" + text + (HERO if "presets = 1" not in text else ""))
    manifest = file.with_name("p.txt")
    manifest.write_text("fox\n")

    for words in (("presets",), ("generate", "image", "--preset", "hero", "x"),
                  ("batch", "p.txt", "--preset", "hero"), ("presets", "hero")):  # fmt: skip
        ran = piooy(*words)
        assert (ran.code, ran.out, api.log) == (2, "", [])
        assert told in ran.err and f"{file}, line {line + 1}: " in ran.err
    assert piooy("__complete", "presets").out == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"x = [", "piooy.toml: "),
        (b"\xff", "is not UTF-8 text"),
        (b"#" * (1 << 20) + b"\n", "is larger than 1 MiB"),
        (b"x = " + b"[" * 100_000, "is nested too deeply"),
        (b"x = 0" + b"9" * 5000, "piooy.toml: "),
        (b"x = { " + b"a." * 500_000 + b"a = 1 }", "dots"),
        (b"a." * 500_000 + b"a = 1", "dots"),
    ],
    ids=["syntax", "encoding", "size", "depth", "number", "inline keys", "keys"],
)
def test_a_hostile_project_file(home, piooy, content, told):
    """Exit 2 within a second."""
    (home / "piooy.toml").write_bytes(content)
    start = time.monotonic()

    ran = piooy("presets")

    assert ran.code == 2 and told in ran.err and len(ran.err) < 1000
    assert time.monotonic() - start < 5


def test_a_project_file_that_is_none(home, piooy):
    """A FIFO, a directory or a dangling link: refused, and nothing waits."""
    path = home / "piooy.toml"
    os.mkfifo(path)
    assert piooy("presets").code == 2
    path.unlink()
    path.mkdir()
    assert piooy("presets").code == 2
    path.rmdir()
    path.symlink_to("none")
    assert piooy("presets").code == 2


def test_a_project_of_another_user_is_read(project, piooy):
    """A checkout that others can write to is common; what is in it is not believed anyway."""
    project(HERO).chmod(0o666)

    assert piooy("presets").code == 0


def test_other_commands_do_not_read_it(project, piooy, asked):
    """Not even generate, without --preset."""
    project("nonsense")

    assert piooy("history").code == 0
    assert piooy("models").code == 0
    assert asked("-m", "m", "fox")["model"] == "m"


@pytest.mark.parametrize("output", ["/tmp/x", "../x", "a/../../x", "~/x", "-x", "a/-rf", "~"])
def test_a_project_saves_below_the_working_directory(project, piooy, api, output):
    """Exit 2, and nothing is sent; in the config file it is the user's own word."""
    project(f'[presets.x]\nmodel = "m"\noutput = "{output}"\n')

    for words in (("generate", "image", "x"), ("generate", "image", "x", "--vary", "seed=1")):
        ran = piooy(*words, "--preset", "x")
        assert (ran.code, api.log) == (2, []) and "output" in ran.err


def test_a_batch_saves_below_the_working_directory_too(project, piooy, home, api):
    """Also with --allow-row-paths, which is about rows."""
    project('[presets.x]\nmodel = "m"\nmedia = "image"\noutput = "../x"\n')
    (home / "p.txt").write_text("fox\n")

    ran = piooy("batch", "p.txt", "--preset", "x", "--allow-row-paths")

    assert (ran.code, api.log) == (2, []) and "contains .." in ran.err


def test_a_link_does_not_lead_out(project, piooy, home, api):
    """Exit 13, as for rows."""
    project('[presets.x]\nmodel = "m"\noutput = "out/x"\n')
    (home.parent / "away").mkdir()
    (home / "out").symlink_to(home.parent / "away")

    ran = piooy("generate", "image", "--preset", "x", "fox")

    assert (ran.code, api.log) == (13, [])


def test_where_a_preset_saves(project, config, piooy, sandbox, home):
    """In its output, unless the command line says where; the config file may name any place."""
    config(f'output = "other"\n[presets.mine]\nmodel = "m"\noutput = "{home.parent}/mine"\n')
    project(HERO)
    how = ("generate", "image", "-r", "256", "fox")

    assert piooy(*how, "--preset", "hero").out.startswith("art/")
    assert piooy(*how, "--preset", "hero", "-o", "here").out.startswith("here/")
    assert piooy(*how, "--preset", "mine").out.startswith(f"{home.parent}/mine/")


@pytest.fixture
def pictures(home):
    """A picture in the project, one outside, and a link from one to the other."""
    (home.parent / "secret.png").write_bytes(PNG)
    (home / "a.png").write_bytes(PNG)
    (home / "away.png").symlink_to(home.parent / "secret.png")
    (home / "sub").mkdir()
    (home / "sub" / "deep.png").symlink_to(home.parent / "secret.png")


@pytest.mark.parametrize(
    "image",
    ["../secret.png", "{up}/secret.png", "away.png", "~/secret.png", "deep.png", "../../none"],
)
def test_a_project_sends_its_own_files_only(
    project, piooy, home, api, pictures, monkeypatch, image
):
    """Neither by a path nor through a link, seen from piooy.toml or from the directory."""
    image = image.replace("{up}", str(home.parent))
    project(f'[presets.x]\nmodel = "m"\nimages = ["{image}"]\n')
    monkeypatch.chdir(home / "sub")

    ran = piooy("generate", "image", "--preset", "x", "--inline", "fox")

    assert (ran.code, api.log) == (2, [])
    assert "is not in" in ran.err


def test_files_are_found_from_the_project_file(project, asked, home, pictures, monkeypatch):
    """Whatever the working directory is."""
    project('[presets.x]\nmodel = "m"\nimages = ["a.png"]\n')
    monkeypatch.chdir(home / "sub")

    request = asked("--preset", "x", "--inline", "fox")

    assert request["options"]["image_input"][0].startswith("data:image/png;base64,")


def test_rows_win_over_the_command_line_and_that_over_the_preset(project, piooy, home):
    """The prompt of each row goes into that of the preset; a row without one has the preset's."""
    project(HERO)
    rows = [{"prompt": "a fox", "options": {"seed": 1}}, {"prompt": "a hare"}]
    (home / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    ran = piooy("batch", "rows.jsonl", "--preset", "hero", "--dry-run", "--seed", "2", "-O", "n=3")

    assert [(one["prompt"], one["options"]) for one in ran.json] == [
        ("a fox, 35 mm film", {"aspect_ratio": "16:9", "seed": 1, "n": "3"}),
        ("a hare, 35 mm film", {"aspect_ratio": "16:9", "seed": 2, "n": "3"}),
    ]


def test_a_row_without_a_prompt_for_the_gap(project, piooy, home, api):
    """It is bad; nothing is sent."""
    project(HERO)
    (home / "rows.jsonl").write_text('{"id": "a", "images": ["https://e.com/a.png"]}\n')

    ran = piooy("batch", "rows.jsonl", "--preset", "hero")

    assert (ran.code, api.log) == (2, []) and "line 1: the prompt is empty" in ran.err


def test_a_prompt_that_varies_goes_into_the_gap(project, piooy, home):
    """In a sweep and in a batch."""
    project(HERO)
    (home / "rows.jsonl").write_text('{"id": "a"}\n')
    vary = ("--preset", "hero", "--dry-run", "--vary", "prompt=fox,hare")

    for words in (("generate", "image"), ("batch", "rows.jsonl")):
        assert [one["prompt"] for one in piooy(*words, *vary).json] == [
            "fox, 35 mm film", "hare, 35 mm film",
        ]  # fmt: skip


@pytest.mark.parametrize("change", ["digital", "seed"])
def test_a_changed_preset_is_a_change(project, piooy, home, sandbox, change):
    """Rows that were sent with another text of the preset are refused, as after any change."""
    file = project(HERO)
    (home / "rows.jsonl").write_text('{"id": "a", "prompt": "fox"}\n')
    how = ("batch", "rows.jsonl", "--preset", "hero", "-r", "256")

    assert piooy(*how).code == 0
    assert piooy(*how).code == 0
    new = {"digital": ("35 mm film", "digital"), "seed": ("seed = 7", "seed = 8")}[change]
    file.write_text(HERO.replace(*new))
    refused = piooy(*how)

    assert refused.code == 2 and "changed" in refused.err
    assert len(piooy("history", "--json").json) == 1


def test_where_each_value_comes_from(project, config, piooy):
    """Command line, preset, config, catalogue, or inferred; one object for each field."""
    config(
        'provider = "mine"\n[options.image]\nn = 2\n[models.m]\nprovider = ""\ndefaults = {d = 1}\n'
    )
    project('[presets.x]\nmodel = "m"\nprompt = "{prompt}!"\nimages = ["https://e.com/a.png"]\noptions = {seed = 7}\n')  # fmt: skip
    how = ("generate", "image", "--preset", "x", "--dry-run", "--explain", "-a", "1:1", "fox")

    found = {one["field"]: (one["value"], one["source"]) for one in piooy(*how, "--json").json}

    preset = "preset x (piooy.toml)"
    assert found == {
        "mediaType": ("image", "command line"),
        "model": ("m", preset),
        "provider": ("mine", "config"),
        "scene": ("image-to-image", "inferred"),
        "prompt": ("fox!", f"command line, in {preset}"),
        "options.aspect_ratio": ("1:1", "command line"),
        "options.seed": (7, preset),
        "options.n": (2, "config"),
        "options.d": (1, "catalogue"),
        "options.image_input": (["https://e.com/a.png"], preset),
    }
    assert "provider\tmine\tconfig" in piooy(*how).lines


def test_explain_is_for_one_dry_run(piooy, api):
    """Exit 2 elsewhere, and nothing is sent."""
    for words in ((), ("--dry-run", "--vary", "seed=1,2")):
        ran = piooy("generate", "image", "-m", "m", "--explain", "fox", *words)
        assert (ran.code, api.log) == (2, []) and "--explain" in ran.err


def test_names_are_completed(project, config, piooy):
    """With the description, or else with where it comes from."""
    project(HERO)
    config('[presets.mine]\nmodel = "m"\n')

    assert piooy("__complete", "presets").lines == ["hero\tthe look of the site", "mine\tconfig"]


def test_presets_of_the_config_are_known(config, piooy):
    """No warning; what is wrong with one is told with its line, where presets are used."""
    config('[presets.x]\nmodel = "m"\n')
    assert piooy("models").err == ""
    config("[presets.x]\nhost = 1\n")
    ran = piooy("presets")
    assert ran.code == 2 and "config.toml, line 2: presets.x.host" in ran.err

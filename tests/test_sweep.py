"""`--vary`: axes of values, each combination a cell; as functions, and over the rows of a batch."""

import contextlib
import json
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from piooy_cli.batch.sweep import (
    Axis,
    axes_of,
    axis_of,
    cells_of,
    count_of,
    in_cell,
    labels_of,
    without_axes,
)
from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.requests.builder import RequestSpec

MODEL = "nano-banana-pro"


def exactly(values):
    """1, 1.0 and True are three values."""
    return [(type(value), value) for value in values]


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("seed:=1..4", "seed", [1, 2, 3, 4]),
        ("seed=1..4", "seed", [1, 2, 3, 4]),
        ("duration=5,7.5", "duration", [5, 7.5]),
        ("seed=7,random", "seed", [7, "random"]),
        ("seed=-1", "seed", [-1]),
        ("x:=5..5", "x", [5]),
        ("x:=-2..1", "x", [-2, -1, 0, 1]),
        ("x:=-3..-1", "x", [-3, -2, -1]),
        ("x:=0..100..50", "x", [0, 50, 100]),
        ("x:=0..9..4", "x", [0, 4, 8]),
        ("x:=1..2..9", "x", [1]),
        ("x=1..3", "x", ["1", "2", "3"]),
        ("x=1,2", "x", ["1", "2"]),
        ("x=1..b", "x", ["1..b"]),
        ("x=1...3", "x", ["1...3"]),
        ("x=noir", "x", ["noir"]),
        ("x=noir,pop art, anime ", "x", ["noir", "pop art", " anime "]),
        ("x=a=b,c==", "x", ["a=b", "c=="]),
        ('x:=1,2.5,"1",true,null', "x", [1, 2.5, "1", True, None]),
        ('x:={"a":[1,2]},[3]', "x", [{"a": [1, 2]}, [3]]),
        ("x:=[]", "x", [[]]),
        ('x:="a,b"', "x", ["a,b"]),
        ("aspect-ratio=1:1,16:9", "aspect_ratio", ["1:1", "16:9"]),
        (" x =a", "x", ["a"]),
        ("prompt=ein Fuchs,👩‍👩‍👧", "prompt", ["ein Fuchs", "👩‍👩‍👧"]),
    ],
)
def test_an_axis(text, name, values):
    """Ranges, lists of text, and with `:=` JSON; seed and duration are numbers where they can be."""
    axis = axis_of(text)

    assert axis.name == name
    assert exactly(axis.values) == exactly(values)


@pytest.mark.parametrize(
    ("text", "content", "values"),
    [
        ("prompt=@f", "a fox\na hare\n", ["a fox", "a hare"]),
        ("prompt=@f", "# foxes\r\n a fox, red \r\n\r\na hare", [" a fox, red ", "a hare"]),
        ("prompt=@f", "\ufeffa fox\n", ["a fox"]),
        ("prompt=@f", "\ufeff# none\na fox\n", ["a fox"]),
        ("x=@f", "1..3\n", ["1..3"]),
        ("seed=@f", "1\n2.5\nx\n", [1, 2.5, "x"]),
        ("x:=@f", '1\n"a"\n{"b": null}\n', [1, "a", {"b": None}]),
    ],
)
def test_values_in_a_file(home, text, content, values):
    """A line is a value, as it is; blank lines, comments and a BOM are none."""
    (home / "f").write_bytes(content.encode())

    assert exactly(axis_of(text).values) == exactly(values)


@pytest.mark.parametrize(
    "text",
    ["", "seed", "seed=", "=1", ":=1", "  =1", "x:=", "x:= ", "x=@empty", "x=@comments", "x:=@empty",
     "seed=8..1", "x:=1..8..0", "x:=1..1000001", "x:=-999999999999999..999999999999999",
     "x:=a", "x:=1,", "x:=[1", "x:=1]", "x:=" + "[" * 100_000, "x:=" + "9" * 5000, "x:=@comma",
     "x=@latin", "x=@."],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_what_is_no_axis(home, text):
    """It has no values, or they are not what the sign says; the message is short."""
    for name, content in {
        "empty": b"\n",
        "comments": b"# a\n",
        "comma": b"1,2\n",
        "latin": b"\xfc",
    }.items():
        (home / name).write_bytes(content)

    with pytest.raises(UsageError) as refused:
        axis_of(text)
    assert len(refused.value.message) < 300


def test_a_file_that_is_not_there(home):
    """Exit 14, as everywhere."""
    with pytest.raises(NotFound, match=r"no such file: none\.txt"):
        axis_of("prompt=@none.txt")


@pytest.mark.parametrize(
    "texts", [["seed=1", "seed:=2"], ["aspect-ratio=1:1", "x=1", "aspect_ratio=16:9"]]
)
def test_an_axis_stands_once(texts):
    """Whichever of its two would count, the other was meant too."""
    with pytest.raises(UsageError, match="twice"):
        axes_of(texts)


def test_cells():
    """Every combination, the last axis the quickest; zipped, the first of each, and so on."""
    axes = axes_of(["a=x,y", "b:=1..2"])

    assert list(cells_of(axes, zipped=False)) == [("x", 1), ("x", 2), ("y", 1), ("y", 2)]
    assert list(cells_of(axes, zipped=True)) == [("x", 1), ("y", 2)]


def test_zipped_axes_are_as_long_as_each_other():
    """Nothing is left out, or taken twice, in silence."""
    with pytest.raises(UsageError, match="--zip: a has 2, b has 3 values"):
        cells_of(axes_of(["a=x,y", "b:=1..3"]), zipped=True)


def test_labels():
    """Text as it is, the rest as JSON."""
    assert labels_of(("a b", 1, 2.5, True, None, [1])) == ("a b", "1", "2.5", "true", "null", "[1]")


WORD = st.text("abc", min_size=1, max_size=3)
VALUE = st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=4)
NAME = st.sampled_from(
    ["prompt", "model", "media", "provider", "scene", "image", "video", "seed", "style", "x"]
)
AXIS = st.builds(Axis, NAME, st.lists(VALUE, min_size=1, max_size=4).map(tuple), st.just(False))
AXES = st.lists(AXIS, min_size=1, max_size=4, unique_by=lambda axis: axis.name)
ASKED = st.builds(
    RequestSpec,
    *[st.none() | WORD] * 4,
    prompt=WORD,
    images=st.lists(WORD).map(tuple),
    videos=st.lists(WORD).map(tuple),
    options=st.dictionaries(st.sampled_from(["seed", "style", "x", "y"]), VALUE),
)


@settings(deadline=None)
@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 200), st.integers(1, 50))
def test_any_range(first, length, step):
    """Both ends belong to it."""
    last = min(first + length, 10**15 - 1)

    assert list(axis_of(f"x:={first}..{last}..{step}").values) == list(range(first, last + 1, step))


@settings(deadline=None)
@given(st.lists(VALUE | st.lists(VALUE, max_size=2), min_size=1, max_size=5))
def test_any_json(values):
    """What is written as JSON is what varies."""
    assert exactly(axis_of(f"x:={json.dumps(values)[1:-1]}").values) == exactly(values)


@settings(deadline=None)
@given(AXES)
def test_there_are_as_many_cells_as_are_counted(axes):
    """So that the user is asked about the number that is sent."""
    assert count_of(axes, zipped=False) == len(list(cells_of(axes, zipped=False)))
    even = [axis._replace(values=axis.values[:1] * 3) for axis in axes]
    assert count_of(even, zipped=True) == len(list(cells_of(even, zipped=True))) == 3


@settings(deadline=None)
@given(AXES, ASKED)
def test_a_cell_is_what_all_have_in_common_and_its_values(axes, asked):
    """Nothing of what an axis names comes from elsewhere, and nothing else is touched."""
    common = without_axes(asked, axes)
    untouched = ({"prompt", "model", "media", "provider", "scene", "images", "videos", "options"}
                 - {axis.name for axis in axes} - {f"{axis.name}s" for axis in axes})  # fmt: skip

    assert without_axes(common, axes) == common
    for values in cells_of(axes, zipped=False):
        plain = [str(value) for value in values]  # what is no text cannot be a prompt
        cell = in_cell(asked, axes, plain)
        assert cell == in_cell(common, axes, plain)
        assert without_axes(cell, axes) == common
        for name in untouched - {"options"}:
            assert getattr(cell, name) == getattr(asked, name)
        assert dict(asked.options).items() - dict(cell.options).items() <= {
            (axis.name, asked.options.get(axis.name)) for axis in axes
        }


@pytest.mark.parametrize(
    ("axis", "field", "value"),
    [
        ("prompt=a", "prompt", "a"),
        ("prompt=7", "prompt", "7"),
        ("prompt:=7", "prompt", "7"),
        ("image=https://e.com/a.png", "images", ("https://e.com/a.png",)),
        ("video=https://e.com/a.mp4", "videos", ("https://e.com/a.mp4",)),
        ("model=m", "model", "m"),
        ("seed=3", "options", {"old": 1, "seed": 3}),
        ("old:=null", "options", {"old": None}),
    ],
)
def test_what_an_axis_sets(axis, field, value):
    """A field of the request, or else an option."""
    asked = RequestSpec(prompt="x", images=("https://e.com/z.png",), options={"old": 1})
    axes = axes_of([axis])

    cell = in_cell(asked, axes, axes[0].values)

    assert cell == asked._replace(**{field: value})


@pytest.fixture
def cells(piooy, home):
    """What rows would send, varied: of each request, its own."""

    def run(rows, *options):
        (home / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        ran = piooy("batch", "rows.jsonl", "--dry-run", "-m", MODEL, *options)
        assert ran.code == 0, ran.err
        return ran.json

    return run


def test_each_row_is_varied(cells):
    """Each row has all cells, in its order; their names are the row's, and their place."""
    records = cells([{"id": "a", "prompt": "x"}, {"prompt": "y"}],
                    "--vary", "style=noir,pop", "--vary", "seed=1..2")  # fmt: skip

    assert [
        (one["prompt"], one["options"]["style"], one["options"]["seed"]) for one in records
    ] == [(prompt, style, seed) for prompt in "xy" for style in ("noir", "pop") for seed in (1, 2)]
    assert len({one["row"] for one in records}) == 8
    assert [one["row"].startswith("a {") for one in records] == [True] * 4 + [False] * 4


def test_zip_takes_them_together(cells):
    """The first of each, the second of each."""
    records = cells([{"prompt": "x"}], "--zip", "--vary", "style=noir,pop", "--vary", "seed=1..2")

    assert [one["options"] for one in records] == [
        {"style": "noir", "seed": 1}, {"style": "pop", "seed": 2},
    ]  # fmt: skip


def test_an_axis_wins_over_the_row(cells):
    """What varies is what the axis says; options of the command line lie below both."""
    records = cells(
        [{"prompt": "x", "model": "other", "media": "video", "options": {"seed": 9, "n": 1}}],
        "-O", "n:=2", "-O", "y=z", "--seed", "8", "--vary", "seed=1,2", "--vary", f"model={MODEL}",
        "--vary", "media=image",
    )  # fmt: skip

    assert [one["options"] for one in records] == [
        {"n": 1, "y": "z", "seed": 1}, {"n": 1, "y": "z", "seed": 2},
    ]  # fmt: skip
    assert {(one["model"], one["mediaType"]) for one in records} == {(MODEL, "image")}


def test_what_a_row_lacks_an_axis_may_bring(cells, home):
    """Its prompt, its reference, its model and with that its media type."""
    (home / "prompts.txt").write_text("a fox\na hare\n")

    prompts = cells([{"id": "r"}], "--vary", "prompt=@prompts.txt")
    models = cells([{"prompt": "x"}], "--vary", f"model={MODEL},veo-3-1")
    images = cells([{"prompt": "x"}], "--vary", "image=https://e.com/a.png,https://e.com/b.png")

    assert [one["prompt"] for one in prompts] == ["a fox", "a hare"]
    assert [one["mediaType"] for one in models] == ["image", "video"]
    assert [one["options"]["image_input"] for one in images] == [
        ["https://e.com/a.png"], ["https://e.com/b.png"],
    ]  # fmt: skip
    assert {one["scene"] for one in images} == {"image-to-image"}


@pytest.mark.parametrize("row", [{"id": "r", "prompt": "x"}, {"prompt": "x"}])
def test_text_and_number_are_two_cells(cells, row):
    """1 and "1" are different requests, and so are true and "true"."""
    first = cells([row], "--vary", 'x:=1,"1",true,"true"')
    again = cells([row], "--vary", 'x:="true",true,"1",1')

    assert exactly(one["options"]["x"] for one in first) == exactly([1, "1", True, "true"])
    assert len({one["row"] for one in first}) == 4
    assert {json.dumps(one) for one in first} == {json.dumps(one) for one in again}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--vary", "seed"], "has no values"),
        (["--vary", "seed=1", "--vary", "seed=2"], "--vary gives seed twice"),
        (["--vary", "a=1,2", "--vary", "b=1", "--zip"], "--zip: a has 2, b has 1 values"),
        (["--vary", "media=image,smell"], "line 1: 'smell' is not a media type"),
        (["--vary", "model=mine"], "line 1: the media type of 'mine' is unknown"),
        (["--vary", "prompt=a,"], "line 1: the prompt is empty"),
        (["--vary", "image=cat.png"], "line 1: --image 'cat.png' is not a URL"),
        (["--vary", "x:=NaN"], "x"),
        (["--vary", "x:=1e999"], "cannot be sent"),
        (["--vary", 'x:="\\ud800"'], "not UTF-8"),
        (["--vary", "x=a\udc80"], "not UTF-8"),
        (["--vary", "prompt:=null"], "prompt"),
        (["--vary", "model:=true", "--vary", "media=image"], "model"),
        (["--vary", 'prompt:=["a"]'], "prompt"),
        (["--vary", "seed=1..11"], "--yes"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_sweep_that_cannot_be(piooy, home, api, options, told):
    """Exit 2, whichever of its cells is bad, and nothing is sent."""
    (home / "rows.jsonl").write_text('{"prompt": "x"}\n')

    ran = piooy("batch", "rows.jsonl", "-m", MODEL, *options)

    assert (ran.code, ran.out, api.log) == (2, "", [])
    assert told in ran.err and "internal error" not in ran.err
    assert len(ran.err.splitlines()) <= 4


def test_values_from_stdin(piooy, home):
    """`@-`, where the manifest is a file; both cannot come from there."""
    (home / "rows.jsonl").write_text('{"id": "r"}\n')
    how = ("--dry-run", "-m", MODEL, "--vary", "prompt=@-")

    assert [one["prompt"] for one in piooy("batch", "rows.jsonl", *how, stdin="a\nb\n").json] == [
        "a",
        "b",
    ]
    assert piooy("batch", "-", *how, stdin="a\nb\n").code == 2


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        (["style=a,b"], ["style=a,b,c"], (2, 3)),
        (["style=a,b"], ["style=b,a"], (2, 2)),
        (["style=a,b"], ["style=b"], (2, 2)),
        (["style=a,b", "seed=1"], ["seed=1", "style=a,b"], (2, 2)),
    ],
    ids=str,
)
@pytest.mark.parametrize("row", [{"id": "r", "prompt": "x"}, {"prompt": "x"}], ids=["id", "none"])
def test_a_cell_is_sent_once(piooy, home, sandbox, row, first, second, counts):
    """A longer axis, another order of values or of axes: what was paid for is not bought again."""
    (home / "rows.jsonl").write_text(json.dumps(row) + "\n")
    codes, sent = [], []
    for axes in (first, second):
        options = [word for axis in axes for word in ("--vary", axis)]
        codes.append(piooy("batch", "rows.jsonl", "-m", MODEL, "-r", "256", *options).code)
        with contextlib.closing(
            sqlite3.connect(home.parent / "state" / "ledger.sqlite3")
        ) as ledger:
            sent.append(ledger.execute("select count(*) from orders").fetchone()[0])

    assert (codes, tuple(sent)) == ([0, 0], counts)


@pytest.fixture
def made(piooy, home):
    """The prompts that a request with pieces would send."""

    def run(prompt, *options):
        ran = piooy("generate", "image", "-m", MODEL, "--dry-run", "--pieces", prompt, *options)
        assert ran.code == 0, ran.err
        return [one["prompt"] for one in ran.json]

    return run


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [
        ("a {red|blue} fox", ["a red fox", "a blue fox"]),
        ("{a|b}{c|d}", ["ac", "ad", "bc", "bd"]),
        ("a fox{| in snow}", ["a fox", "a fox in snow"]),
        ("a {red|blue} {fox}", ["a red {fox}", "a blue {fox}"]),
        (r"\{a\|b\} {c\|d|e}", ["{a|b} c|d", "{a|b} e"]),
        (r"a|b \ {c|d}", [r"a|b \ c", r"a|b \ d"]),
        ("__color__ {fox|hare}", ["red fox", "red hare", "light blue fox", "light blue hare"]),
        (r"\__color__ {a|b}", ["__color__ a", "__color__ b"]),
    ],
)
def test_pieces(made, home, prompt, prompts):
    """Each combination is a prompt; `\\` before a sign makes it text, and braces without | are."""
    (home / "color.txt").write_bytes(b"\xef\xbb\xbf# colors\r\nred\r\n\r\nlight blue\r\n")

    assert made(prompt) == prompts


def test_pieces_combine_with_vary(made, piooy):
    """Each value with each piece, or with --zip by position."""
    assert made("{a|b}", "--vary", "seed=1,2") == ["a", "b", "a", "b"]
    assert made("{a|b}", "--vary", "seed=1,2", "--zip") == ["a", "b"]


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("{a|{b|c}}", "inside {…}"),
        ("{a|__color__}", "inside {…}"),
        ("{a|b", "a { without a }"),
        ("a|b}", "a } without a {"),
        ("a fox", "has no pieces"),
        ("__empty__", "has no lines"),
        ("__folder__", "folder.txt: Is a directory"),
        ("__latin__", "not UTF-8"),
        ("a\0b {c|d}", "NUL"),
        ("{a|b|c|d|e|f|g|h|i|j|k}", "--yes"),
        ("{0|1|2|3|4|5|6|7|8|9}" * 7, "10,000,000 cells"),
    ],
)
def test_pieces_that_cannot_be(piooy, home, api, prompt, told):
    """Exit 2, and nothing is sent."""
    for name, content in {"empty": b"# none\n", "latin": b"\xfc", "color": b"red\n"}.items():
        (home / f"{name}.txt").write_bytes(content)
    (home / "folder.txt").mkdir()

    ran = piooy("generate", "image", "-m", MODEL, "--pieces", prompt)

    assert (ran.code, ran.out, api.log) == (2, "", [])
    assert told in ran.err and "internal error" not in ran.err


def test_pieces_of_a_file_that_is_not_there(piooy, api):
    """Exit 14, as for any file."""
    ran = piooy("generate", "image", "-m", MODEL, "--pieces", "a __color__ fox")

    assert (ran.code, api.log) == (14, [])
    assert "no such file: color.txt" in ran.err


def test_pieces_beside_the_project_file(piooy, home, monkeypatch):
    """A list in the working directory comes first; a link out of the project is refused."""
    (home / "piooy.toml").write_text("")
    (home / "color.txt").write_text("red\n")
    (home.parent / "secret.txt").write_text("secret\n")
    (home / "away.txt").symlink_to(home.parent / "secret.txt")
    (home / "sub").mkdir()
    monkeypatch.chdir(home / "sub")
    how = ("generate", "image", "-m", MODEL, "--dry-run", "--pieces")

    assert [one["prompt"] for one in piooy(*how, "__color__").json] == ["red"]
    (home / "sub" / "color.txt").write_text("blue\n")
    assert [one["prompt"] for one in piooy(*how, "__color__").json] == ["blue"]
    refused = piooy(*how, "__away__")
    assert refused.code == 2 and "outside" in refused.err and "secret" not in refused.out


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("a {red|blue} fox", True), ("a __color__ fox", True), ("a __other__ fox", False),
        ('{"a": 1}', False), ("a | b", False),
    ],
)  # fmt: skip
def test_pieces_without_the_option(piooy, home, prompt, told):
    """The prompt is sent as it is; a line says what --pieces would do."""
    (home / "color.txt").write_text("red\n")

    ran = piooy("generate", "image", "-m", MODEL, "--dry-run", prompt)
    swept = piooy("generate", "image", "-m", MODEL, "--dry-run", prompt, "--vary", "seed=1")

    assert [one["prompt"] for one in (*ran.json, *swept.json)] == [prompt, prompt]
    assert len([line for line in ran.err.splitlines() if "--pieces" in line]) == told
    assert ("--pieces" in swept.err) is told


def test_a_longer_piece_pays_for_new_ones_only(piooy, home, sandbox):
    """Combinations that were sent are not sent again; the sheet names the chosen pieces."""
    how = ("generate", "image", "-m", MODEL, "-r", "256", "--pieces")
    first = piooy(*how, "{red|blue}")
    second = piooy(*how, "{blue|red|green}")

    assert (first.code, second.code) == (0, 0)
    assert "3 cells, 1 to send; 2 already sent" in second.err
    assert sorted(one["prompt"] for one in piooy("history", "--json").json) == [
        "blue", "green", "red",
    ]  # fmt: skip
    (store,) = (home.parent / "state").glob("batches/*/sweep-*.sqlite3")
    with contextlib.closing(sqlite3.connect(store)) as rows:
        cells = [json.loads(cell) for (cell,) in rows.execute("select cell from rows order by n")]
    assert cells == [["blue"], ["red"], ["green"]]


def test_pieces_refuse_what_a_sweep_refuses(piooy, api):
    """Options of single tasks, and two sources of the prompt."""
    for words in (("--count", "2"), ("--no-wait",), ("--vary", "prompt=a,b")):
        ran = piooy("generate", "image", "-m", MODEL, "--pieces", "{a|b}", *words)

        assert (ran.code, api.log) == (2, []) and "--pieces" in ran.err


def test_a_piece_is_no_option():
    """Whatever the name of its file: what all cells have in common keeps the option."""
    asked = RequestSpec(prompt="a \0 fox", options={"seed": 1, "style": "noir"})
    axes = [Axis("seed", ("red",), is_piece=True), Axis("style", ("pop",))]

    assert without_axes(asked, axes) == asked._replace(options={"seed": 1})
    cell = in_cell(asked, axes, ("red", "pop"))
    assert cell == asked._replace(prompt="a red fox", options={"seed": 1, "style": "pop"})

"""Tags: the user's own words for orders, on their way from the command line to the records."""

import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import Terminal
from servers import expect_look, expect_order, orders, task
from test_batch import Log, results, rows
from test_generate import GENERATE

from piooy_cli.batch.rows import content_key, order_from_text, order_to_text, spec_digest
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.models import MediaType, Order
from piooy_cli.domain.tags import changes_of, check_tags, filter_of, tags_of
from piooy_cli.requests.builder import RequestSpec

ACME = ("--tag", "client=acme")
HALF = {"client": "acme"}
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", fullmatch=True)
TAGS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"))


@pytest.fixture
def log(serve, home):
    """What a sandbox of this test's own saw."""
    serve("--log", "log", "--state", "sandbox")
    return Log(home / "log")


def tags_of_rows(piooy, *filters):
    """The tags of the orders in the history, oldest first."""
    return [record["tags"] for record in reversed(piooy("history", "--json", *filters).json)]


def test_tags_are_recorded_and_not_sent(piooy, api):
    """They are in every record of the task, and in no request."""
    expect_order(api)
    expect_look(api, task("SUCCESS", {"results": ["https://e.com/a.png"]}))

    sent = piooy("--json", *GENERATE, *ACME, "--tag", "job=a b=c", "--no-download", "a fox").json
    known = [
        *sent,
        *piooy("task", "@last", "--json").json,
        *piooy("history", "--json").json,
        *piooy("history", "show", "@last", "--json").json,
        *piooy("history", "export").json,
    ]

    assert [record["tags"] for record in known] == [{"client": "acme", "job": "a b=c"}] * 5
    assert piooy("history", "--fields", "tags").out == '{"client":"acme","job":"a b=c"}\n'
    (body,) = orders(api)
    assert "acme" not in json.dumps(body)
    assert "acme" not in piooy(*GENERATE, *ACME, "--dry-run", "a fox").out


def test_an_order_that_is_not_waited_for_has_its_tags(piooy, sandbox):
    """In the record that is printed as soon as it is accepted."""
    (record,) = piooy("--json", *GENERATE, *ACME, "--no-wait", "a fox").json

    assert record["tags"] == HALF


def test_without_tags_there_is_an_empty_object(piooy, sandbox):
    """Programs need not ask whether the key is there."""
    assert piooy("--json", *GENERATE, "--no-wait", "a fox").json[0]["tags"] == {}
    assert tags_of_rows(piooy) == [{}]


def test_tags_are_kept_without_prompts(piooy, sandbox, home):
    """`history_prompts = false` is about prompts; in a batch as well."""
    piooy("config", "set", "history_prompts", "false")
    piooy("-q", *GENERATE, *ACME, "--no-wait", "a fox")
    rows(home / "rows.jsonl", 1)
    piooy("-q", "batch", "rows.jsonl", *ACME)

    assert tags_of_rows(piooy) == [HALF, HALF]
    assert {record["prompt"] for record in piooy("history", "--json").json} == {None}


def test_a_task_on_a_terminal_has_its_tags(piooy, sandbox):
    """In the card of one task."""
    piooy("-q", *GENERATE, *ACME, "--tag", "job=7", "--no-wait", "a fox")

    screen = Terminal("task", "@last")

    assert screen.end() == 0
    assert "client=acme, job=7" in screen.text


WRONG = {
    "no value": ("client", "no value"),
    "empty": ("client=", "client: the value is empty"),
    "no name": ("=acme", "'' is not the name"),
    "space": ("cl ient=acme", "'cl ient' is not the name"),
    "digit": ("1st=acme", "'1st' is not the name"),
    "letter": ("ж=acme", "'ж' is not the name"),
    "long name": (f"{'n' * 65}=x", "is not the name"),
    "newline in a name": ("client\n=acme", "is not the name"),
    "long": (f"client={'x' * 201}", "has 201 characters; the limit is 200"),
    "lines": ("client=ac\nme", "cannot be seen, at 3"),
    "tab": ("client=ac\tme", "cannot be seen, at 3"),
    "escape": ("client=\x1b[1macme", "cannot be seen, at 1"),
    "zero width": ("client=ac\u200bme", "cannot be seen, at 3"),
    "from right to left": ("client=a\u202eb", "cannot be seen, at 2"),
    "no ink": ("client=a\u3164b", "cannot be seen, at 2"),
    "not UTF-8": ("client=a\udcffb", "cannot be seen, at 2"),
    "line separator": ("client=a\u2028b", "cannot be seen, at 2"),
    "space around": ("client= acme", "begins or ends with a space"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("command", ["generate", "sweep", "batch"])
def test_a_wrong_tag_is_named_and_nothing_is_sent(piooy, api, home, command, wrong):
    """Exit 2, before any request."""
    text, reason = WRONG[wrong]
    rows(home / "rows.jsonl", 1)
    line = {
        "generate": [*GENERATE, "a fox"],
        "sweep": [*GENERATE, "a fox", "--vary", "seed:=1,2"],
        "batch": ["batch", "rows.jsonl"],
    }[command]

    ran = piooy(*line, "--tag", text)

    assert (ran.code, ran.out, api.log) == (2, "", [])
    assert reason in ran.err and "Traceback" not in ran.err


def test_one_name_has_one_value(piooy, sandbox):
    """Given twice with the same value, it is one tag; with another, exit 2."""
    assert piooy(*GENERATE, *ACME, *ACME, "--no-wait", "a fox").code == 0
    ran = piooy(*GENERATE, *ACME, "--tag", "client=beta", "--no-wait", "a fox")

    assert (ran.code, ran.out) == (2, "") and "'client' is given twice" in ran.err
    assert tags_of_rows(piooy) == [HALF]


@pytest.mark.parametrize(("count", "code"), [(20, 0), (21, 2)])
def test_an_order_has_at_most_twenty_tags(piooy, sandbox, home, count, code):
    """On the command line, and from a row and the command line together."""
    given = [word for n in range(count) for word in ("--tag", f"n{n}=x")]
    rows(home / "rows.jsonl", 1, tags={"n0": "row", "n1": "row"})

    alone = piooy(*GENERATE, *given, "--no-wait", "a fox")
    merged = piooy("batch", "rows.jsonl", *given[2:], *(["--tag", "m=1"] if count > 20 else []))

    assert (alone.code, merged.code) == (code, code)
    if code:
        assert "at most 20 tags, not 21" in alone.err
    else:
        assert tags_of_rows(piooy)[1]["n0"] == "row" and len(tags_of_rows(piooy)[1]) == 20


def test_twenty_tags_of_a_row_and_one_more(piooy, api, home):
    """A row that has too many with those of the command line is a bad line."""
    rows(home / "rows.jsonl", 2, tags={f"n{n}": "x" for n in range(20)})

    ran = piooy("batch", "rows.jsonl", *ACME)

    assert (ran.code, api.log) == (2, [])
    assert "line 1: an order has at most 20 tags, not 21" in ran.err and "line 2" in ran.err


def test_what_looks_the_same_is_the_same(piooy, sandbox):
    """An accent may come as a part or not; spaces of any width are allowed inside."""
    piooy("-q", *GENERATE, "--tag", "client=Cafe\u0301\u3000One", "--no-wait", "a fox")

    assert len(piooy("history", "--tag", "client=Caf\u00e9\u3000One").lines) == 1
    assert len(piooy("task", "@tag:client=Cafe\u0301\u3000One").lines) == 1


def test_a_row_says_more_than_the_command_line(piooy, sandbox, home):
    """Tag by tag; the results and the history have them, the request does not."""
    lines = [{"tags": {"client": "beta"}}, {"tags": {"job": "7"}}, {"tags": None}]
    (home / "rows.jsonl").write_text(
        "".join(
            json.dumps({"prompt": f"p{n}", "id": str(n)} | line) + "\n"
            for n, line in enumerate(lines)
        )
    )
    run = ("batch", "rows.jsonl", "-m", "m", "--media", "image", *ACME)
    wanted = [{"client": "beta"}, {"client": "acme", "job": "7"}, {"client": "acme"}]
    assert "acme" not in piooy(*run, "--dry-run").out

    assert piooy(*run, "-j", "1").code == 0

    done = sorted(results(home), key=lambda record: record["row"])
    assert [record["tags"] for record in done] == wanted
    assert tags_of_rows(piooy, "--batch", "rows") == wanted


def test_tags_are_columns_of_a_table(piooy, sandbox, home):
    """`tag.NAME`; an empty cell is no tag."""
    table = "id,prompt,tag.client,tag.job.no\n1,a fox,Acme Inc,7\n2,a hare,,\n"
    (home / "rows.csv").write_text(table)

    assert piooy("batch", "rows.csv", "-m", "m", "--media", "image", "-j", "1").code == 0

    assert tags_of_rows(piooy) == [{"client": "Acme Inc", "job.no": "7"}, {}]


def test_a_header_with_tags_alone_beside_the_prompt(piooy, sandbox, home):
    """It is recognized as a table's, whatever the file is called."""
    (home / "rows.txt").write_text("prompt,tag.client\na fox,acme\n")

    assert piooy("batch", "rows.txt", "-m", "m", "--media", "image").code == 0

    assert tags_of_rows(piooy) == [HALF]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jsonl", '{"prompt":"x","tags":"client=acme"}', "tags must be an object of texts"),
        ("a.jsonl", '{"prompt":"x","tags":["client"]}', "tags must be an object of texts"),
        ("a.jsonl", '{"prompt":"x","tags":{"client":7}}', "tags must be an object of texts"),
        ("a.jsonl", '{"prompt":"x","tags":{"client":null}}', "tags must be an object of texts"),
        ("a.jsonl", '{"prompt":"x","tags":{"a":{"b":"c"}}}', "tags must be an object of texts"),
        ("a.jsonl", '{"prompt":"x","tags":{"a":"b","a":"c"}}', "occurs twice"),
        ("a.jsonl", '{"prompt":"x","tags":{"1":"b"}}', "'1' is not the name of a tag"),
        ("a.jsonl", '{"prompt":"x","tags":{"a":""}}', "tag a: the value is empty"),
        ("a.jsonl", '{"prompt":"x","tags":{"a":"b\\n"}}', "tag a: the value"),
        ("a.jsonl", '{"prompt":"x","tags":{"a":"\\ud800"}}', "cannot be seen"),
        ("a.jsonl", '{"prompt":"x","tags":{"\\ud800":"a"}}', "is not the name of a tag"),
        ("a.csv", "prompt,tag.1\nx,\n", "has the column 'tag.1': '1' is not the name"),
        ("a.csv", "prompt,tag.\nx,\n", "has the column 'tag.': '' is not the name"),
        ("a.csv", "prompt,tag.a,tag.a\nx,y,z\n", "has the column 'tag.a' twice"),
        ("a.csv", "prompt,tags\nx,y\n", "has an unknown column 'tags'"),
        ("a.csv", "prompt,tag.a\nx,y\0\n", "tag.a contains a NUL character"),
        ("a.csv", 'prompt,tag.a\nx,"y\nz"\n', "tag a: the value contains"),
    ],
)  # fmt: skip
def test_wrong_tags_of_a_row_are_a_bad_line(piooy, api, home, name, content, reason):
    """Named by their line; nothing is sent."""
    (home / name).write_text(content)

    ran = piooy("batch", name, "-m", "m", "--media", "image")

    assert (ran.code, api.log) == (2, []), ran.err
    assert reason in ran.err and "line " in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize("has_id", [True, False], ids=["id", "content"])
def test_a_changed_tag_is_no_changed_row(piooy, log, home, has_id):
    """Nothing is refused or paid again; the tags of what was sent stay as they were."""

    def write(client, note):
        name = {"id": "one"} if has_id else {}
        row = {"prompt": "x", "model": "m", "media": "image", "tags": {"client": client}} | name
        (home / "rows.jsonl").write_text(json.dumps(row) + "\n" * note)

    for note, client in enumerate(("acme", "beta"), 1):
        write(client, note)
        assert piooy("batch", "rows.jsonl", "--tag", f"note={note}").code == 0

    assert log.charges == 1
    assert tags_of_rows(piooy) == [{"client": "acme", "note": "1"}]


def test_a_sweep_with_other_tags_is_the_same_sweep(piooy, log):
    """Its name and its cells stay."""
    for client in ("acme", "beta"):
        line = ("--vary", "seed:=1,2", "--tag", f"client={client}", "-y")
        assert piooy("-q", *GENERATE, *line, "a fox").code == 0

    assert log.charges == 2
    assert tags_of_rows(piooy) == [HALF, HALF]


def test_rows_that_are_sent_later_have_the_newest_tags(piooy, log, home):
    """The rows are read again if the command line has other tags."""
    rows(home / "rows.jsonl", 2)
    piooy("batch", "rows.jsonl", "--limit", "1", "--tag", "client=acme")
    piooy("batch", "rows.jsonl", "--tag", "client=beta")

    assert log.charges == 2
    assert tags_of_rows(piooy) == [{"client": "acme"}, {"client": "beta"}]


PRODUCTION = """
name = "spring"
[defaults]
model = "m"
media = "image"
[defaults.tags]
client = "acme"
job = "1"
[node.fox]
prompt = "a fox"
[node.hare]
prompt = "a hare"
tags = {{ job = "{job}" }}
"""


def test_nodes_of_a_production_have_tags(piooy, log, home):
    """Their own over the file's over the command line's; a changed tag sends nothing again."""
    for job in ("2", "3"):
        (home / "spring.toml").write_text(PRODUCTION.format(job=job))
        assert piooy("run", "spring.toml", "-j", "1", "--tag", "job=0", "--tag", "run=x").code == 0

    assert log.charges == 2
    one = {"client": "acme", "run": "x"}
    assert tags_of_rows(piooy) == [one | {"job": "1"}, one | {"job": "2"}]


def test_nodes_that_are_sent_later_have_the_newest_tags(piooy, serve, home):
    """The stored rows of a production are replaced if its tags have changed."""
    serve("--faults", "generate/400@1")
    for job in ("2", "3"):
        (home / "spring.toml").write_text(PRODUCTION.format(job=job))
        piooy("run", "spring.toml", "-j", "1", "--max-failures", "1")

    assert [tags["job"] for tags in tags_of_rows(piooy, "--search", "hare")] == ["3"]


def test_the_tags_of_a_set_are_changed_at_once(piooy, log, home):
    """All tasks of a batch; the next run of it pays nothing."""
    rows(home / "rows.jsonl", 3)
    piooy("batch", "rows.jsonl")

    ran = piooy("history", "tag", "@batch:rows", "client=acme")

    assert ran.err == "client=acme: set on 3 orders\n"
    assert tags_of_rows(piooy) == [HALF] * 3
    assert piooy("batch", "rows.jsonl").code == 0 and log.charges == 3


def test_tags_are_offered_where_a_task_is_completed(piooy):
    """As the other sets are."""
    assert piooy("__complete", "refs", "@t").lines == ["@tag:\tall tasks with a tag"]


def test_order_of_an_older_row_store():
    """It has no tags; what is written now is read back as it is."""
    order = Order(MediaType.IMAGE, "s", "p", "m", "x", {"n": 1})

    assert "tags" not in order_to_text(order)
    assert order_from_text(order_to_text(order)) == order
    tagged = order._replace(tags=HALF)
    assert order_from_text(order_to_text(tagged)) == tagged


@given(TAGS, TAGS, TAGS)
def test_merging_tags(own, row, other):
    """The nearer request wins, name by name; in any grouping, and nothing is lost or added."""
    first, second, third = (RequestSpec(tags=tags) for tags in (own, row, other))

    merged = first.over(second).tags

    assert merged == {name: own.get(name, row.get(name)) for name in own.keys() | row.keys()}
    assert first.over(second).over(third).tags == first.over(second.over(third)).tags
    assert first.over(RequestSpec()).tags == RequestSpec().over(first).tags == own


@given(TAGS, TAGS)
def test_tags_do_not_identify_a_row(one, other):
    """Neither its digest nor the key that its content makes."""
    asked = RequestSpec(prompt="x")

    assert spec_digest(asked._replace(tags=one)) == spec_digest(asked._replace(tags=other))
    assert content_key({"prompt": "x", "tags": one}) == content_key({"prompt": "x", "tags": other})


@given(st.dictionaries(NAMES, st.text(min_size=1, max_size=210), max_size=22))
def test_what_is_accepted_is_accepted_everywhere(tags):
    """As words, as a row's tags and as a filter; and once accepted, it does not change."""
    try:
        found = tags_of([f"{name}={value}" for name, value in tags.items()])
    except UsageError:
        with pytest.raises(UsageError):
            check_tags(MappingProxyType(tags))
        return
    assert (
        found
        == check_tags(tags)
        == check_tags(found)
        == changes_of([f"{n}={v}" for n, v in tags.items()])
    )
    assert [filter_of(f"{name}={value}") for name, value in tags.items()] == [*found.items()]

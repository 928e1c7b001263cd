"""`piooy history`: the local ledger, listed, searched, settled, exported and checked; and references."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import TASK, expect_look, expect_order, task
from test_generate import GENERATE

from piooy_cli.ledger.statistics import histogram, quantile


@pytest.fixture
def past(piooy, sandbox):
    """Three orders: a fox that is saved, a wolf that succeeded, dusk that was only sent."""
    fox = piooy("-q", "--json", *GENERATE, "a red fox", "-o", "out").json[0]["id"]
    wolf = piooy("-q", *GENERATE, "--no-download", "a grey wolf").lines[0]
    dusk = piooy("-q", "generate", "video", "-m", "veo-3-1", "--no-wait", "dusk").lines[0]
    return fox, wolf, dusk


@pytest.fixture
def doubt(piooy, api):
    """One order whose answer was lost."""
    expect_order(api, response_data=b"", status=500)
    ran = piooy(*GENERATE, "a lost fox")
    assert "history resolve @row:1" in ran.err
    api.clear()
    return "@row:1"


def test_lists_newest_first_as_task_does(piooy, past):
    """Id, status, media type, model."""
    fox, wolf, dusk = past

    assert [line.split("\t")[0] for line in piooy("history").lines] == [dusk, wolf, fox]
    assert piooy("history", "-n", "1").lines == [f"{dusk}\tPENDING\tvideo\tveo-3-1"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--search", "fox"], [0]), (["--search", "gre"], [1]), (["--search", "red fox"], [0]), (["--search", 'fox "'], [0]), (["--search", "nope"], []),
        (["--status", "success"], [1, 0]), (["--status", "PENDING"], [2]), (["--model", "veo-3-1"], [2]), (["--media", "image"], [1, 0]),
        (["--since", "1h"], [2, 1, 0]), (["--unsaved"], [1]), (["--unknown"], []), (["--status", "FAILED"], []),
    ],
    ids=lambda value: " ".join(map(str, value)),
)  # fmt: skip
def test_filters(piooy, past, arguments, wanted):
    """Each alone; an empty list is exit 0."""
    ran = piooy("history", *arguments)

    assert ran.code == 0
    assert [line.split("\t")[0] for line in ran.lines] == [past[n] for n in wanted]


@pytest.fixture
def tagged(piooy, sandbox):
    """Three orders: of two clients, and of none."""
    tags = (["--tag", "client=acme", "--tag", "job=7"], ["--tag", "client=beta"], [])
    return [piooy("-q", *GENERATE, "--no-wait", *one, "a fox").lines[0] for one in tags]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--tag", "client=acme"], [0]), (["--tag", "client"], [1, 0]), (["--tag", "client=acm"], []), (["--tag", "Client"], []),
        (["--tag", "client", "--tag", "job"], [0]), (["--tag", "client=beta", "--tag", "job"], []), (["--tag", "client", "-n", "1"], [1]),
    ],
    ids=lambda value: " ".join(map(str, value)),
)  # fmt: skip
def test_filters_by_tag(piooy, tagged, arguments, wanted):
    """By name, or by name and value; all of them have to match."""
    ran = piooy("history", *arguments)

    assert ran.code == 0
    assert [line.split("\t")[0] for line in ran.lines] == [tagged[n] for n in wanted]


@pytest.mark.parametrize("text", ["", "=acme", "client=", "cl ient", "client=a\nb"])
@pytest.mark.parametrize("command", [["history"], ["history", "stats"]], ids=" ".join)
def test_a_filter_that_is_no_tag(piooy, tagged, command, text):
    """Exit 2: it would match nothing."""
    ran = piooy(*command, "--tag", text)

    assert ran.code == 2 and "tag" in ran.err


def test_references_by_tag(piooy, tagged):
    """Where a task is taken; a tag that nothing has is an empty set, a wrong one is told."""
    first, second, _ = tagged

    assert [line.split("\t")[0] for line in piooy("task", "@tag:client").lines] == [second, first]
    assert piooy("task", "@tag:client=acme").out.startswith(first)
    assert piooy("task", stdin="@tag:job=7\n").out.startswith(first)
    assert json.loads(piooy("history", "show", "@tag:job").out)["id"] == first
    assert piooy("--sandbox", "task", "@tag:client").lines == []
    assert piooy("task", "@tag:cl ient").code == piooy("task", "@tag:client=").code == 2


def test_search_without_an_index(piooy, past, monkeypatch):
    """A SQLite without FTS5 polls for the text itself."""
    from piooy_cli.ledger.sqlite import filters

    monkeypatch.setattr(filters, "has_search", lambda connection: False)

    assert len(piooy("history", "--search", "wolf").lines) == 1
    assert piooy("history", "--search", "%").lines == []


def test_references(piooy, past):
    """Everywhere a task is taken, arguments and stdin alike."""
    fox, wolf, dusk = past

    def ids(*refs, stdin=""):
        return [line.split("\t")[0] for line in piooy("task", *refs, stdin=stdin).lines]

    # First, since whoever asks for dusk may learn that it succeeded meanwhile.
    assert ids("@unsaved") == [wolf]
    assert ids("@pending") == [dusk]
    assert (
        ids("@last") == [dusk]
        and ids("@1") == [dusk]
        and ids("@2") == [wolf]
        and ids("@3") == [fox]
    )
    assert ids(fox[:6]) == [fox] and ids(fox[:20]) == [fox]
    assert ids(stdin=f"@2\n{fox[:8]}\n") == [wolf, fox]
    assert piooy("wait", "--pending").lines in ([dusk], [])
    assert piooy("wait", dusk).lines == [dusk]


def test_unsaved_is_saved_once(piooy, past):
    """`download --unsaved` leaves nothing to save."""
    assert len(piooy("download", "--unsaved").lines) == 1
    ran = piooy("download", "--unsaved")
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize(
    ("ref", "code"), [("@99", 14), ("@nope", 2), ("@row:99", 14), ("@batch", 2)]
)
def test_references_to_nothing(piooy, past, ref, code):
    """Told, with what is known."""
    assert piooy("task", ref).code == code


def test_a_beginning_of_two_is_ambiguous(piooy, api):
    """Exit 2, both shown."""
    for task_id in ("abcdef-1", "abcdef-2"):
        api.expect_request(f"/api/v1/task/{task_id}").respond_with_json(task(id=task_id))
        piooy("task", task_id)

    ran = piooy("task", "abcdef")

    assert ran.code == 2
    assert "abcdef-1" in ran.err and "abcdef-2" in ran.err


def test_other_accounts_are_not_shown(piooy, past):
    """A task of another profile or host would only be refused there."""
    piooy("config", "set", "provider", "x", "--profile", "work")

    assert piooy("history", "--profile", "work").lines == []
    assert piooy("--sandbox", "history").lines == []


def test_names_come_from_what_is_known(piooy, past, home):
    """A later download has the prompt for its name, which the API does not give back."""
    assert piooy("download", past[1]).lines == [f"a-grey-wolf-{past[1][:8]}-1.png"]


def test_show_is_all_that_is_known(piooy, past):
    """Record, attempts and decisions in one object."""
    shown = json.loads(piooy("history", "show", past[0]).out)

    assert (shown["id"], shown["state"], shown["prompt"]) == (past[0], "SUBMITTED", "a red fox")
    assert [one["phase"] for one in shown["attempts"]] == ["accepted"]
    assert shown["assets"][0]["path"].endswith("-1.png") and len(shown["assets"][0]["sha256"]) == 64


def test_doubt_is_shown_with_its_reference(piooy, doubt):
    """Its id is null, `ref` names the row."""
    (record,) = piooy("history", "--unknown", "--json").json

    assert (record["id"], record["ref"], record["status"]) == (None, "@row:1", "UNKNOWN")
    assert piooy("history", "--unknown").out.startswith("@row:1\tUNKNOWN\timage\t")


def test_doubt_is_adopted_after_a_look(piooy, doubt, api):
    """The task must exist; then it is this order's, and its prompt names its files."""
    expect_look(api, task("SUCCESS", {"results": ["https://e.com/a.png"]}))
    api.expect_request("/api/v1/task/nope-1").respond_with_json({}, status=404)

    wrong = piooy("history", "resolve", doubt, "--adopt", "nope-1")
    right = piooy("history", "resolve", doubt, "--adopt", TASK, "--why", "seen in my account")

    shown = json.loads(piooy("history", "show", TASK).out)
    assert (wrong.code, right.code) == (14, 0)
    assert (shown["state"], shown["status"], shown["prompt"]) == (
        "SUBMITTED",
        "SUCCESS",
        "a lost fox",
    )
    assert shown["decisions"][0]["why"] == "seen in my account" and shown["decisions"][0]["who"]


@pytest.mark.parametrize(
    ("option", "state"), [("--not-charged", "PLANNED"), ("--charged", "WRITTEN_OFF")]
)
def test_doubt_is_settled_by_a_word(piooy, doubt, api, option, state):
    """Who, when and why stay with it; no request is made, and it is settled once."""
    first = piooy("history", "resolve", doubt, option)
    second = piooy("history", "resolve", doubt, option)

    assert (first.code, second.code, api.log) == (0, 2, [])
    assert json.loads(piooy("history", "show", doubt).out)["state"] == state


def test_nothing_sends_doubt_again(piooy, doubt, api):
    """No later command makes a second POST."""
    for command in (
        ["history"],
        ["history", "check"],
        ["wait", "--pending"],
        ["download", "--unsaved"],
        ["history", "export"],
    ):
        piooy(*command)

    assert [request for request, _ in api.log if request.method == "POST"] == []


@pytest.mark.parametrize("options", [[], ["--charged", "--not-charged"], ["--adopt", "a/b"]])
def test_resolve_wants_one_clear_word(piooy, doubt, options):
    """Exit 2."""
    assert piooy("history", "resolve", doubt, *options).code == 2


def test_prune_keeps_what_runs_and_what_is_in_doubt(piooy, past):
    """Only what is over and saved goes; off a terminal it wants --yes; files stay."""
    refused = piooy("history", "prune", "--before", "1ms")
    pruned = piooy("history", "prune", "--before", "1ms", "--yes")

    assert (refused.code, pruned.code) == (2, 0)
    assert [line.split("\t")[0] for line in piooy("history").lines] == [past[2], past[1]]
    assert piooy("history", "--search", "fox").lines == []


def test_export_is_every_order(piooy, past):
    """JSON Lines, oldest first."""
    assert [record["id"] for record in piooy("history", "export").json] == list(past)


def test_check_tells_of_missing_and_changed_files(piooy, past, home):
    """Exit 12, and the command that fetches them again."""
    assert piooy("history", "check").code == 0
    (file,) = (home / "out").iterdir()
    file.write_bytes(b"changed")
    changed = piooy("history", "check")
    file.unlink()
    gone = piooy("history", "check")

    assert (changed.code, gone.code) == (12, 12)
    assert "has changed" in changed.out and "is missing" in gone.out
    assert "piooy history check --repair" in gone.err


def test_repair_fetches_what_is_missing_or_changed(piooy, past, home):
    """The gone one under its own name, the changed one beside it: nothing is overwritten."""
    _, wolf, _ = past
    (gone,) = (home / "out").iterdir()
    content = gone.read_bytes()
    (changed,) = (
        home / line for line in piooy("-q", "download", wolf, "-o", "{{my}}-{id8}.{ext}").lines
    )
    gone.unlink()
    changed.write_bytes(b"mine now")

    ran = piooy("-q", "history", "check", "--repair")

    assert ran.code == 0
    assert sorted(ran.lines) == sorted([str(gone), str(changed.with_name(f"{changed.stem}-2.png"))])
    assert gone.read_bytes() == content
    assert changed.read_bytes() == b"mine now"
    assert piooy("history", "check").code == 0
    assert piooy("history", "check", "--repair").err.endswith("no problems found\n")


def test_check_tells_of_a_broken_rule(piooy, past, home):
    """An order that was sent twice without a decision is found."""
    import sqlite3

    connection = sqlite3.connect(home.parent / "state" / "ledger.sqlite3")
    connection.execute("insert into attempts (order_id, started, phase) values (1, 0, 'accepted')")
    connection.commit()
    connection.close()

    ran = piooy("history", "check")

    assert ran.code == 1
    assert "sent more often" in ran.out


def test_doubt_is_adopted_though_its_task_was_looked_at(piooy, doubt, api):
    """The row that the look made becomes the order's."""
    expect_look(api, task("SUCCESS", {"results": ["https://e.com/a.png"]}))
    piooy("task", TASK)

    ran = piooy("history", "resolve", doubt, "--adopt", TASK)
    assert ran.code == 0, ran.err

    (record,) = piooy("history", "--json").json
    assert ran.code == 0
    assert (record["id"], record["prompt"], len(record["assets"])) == (TASK, "a lost fox", 1)


def test_the_task_of_another_order_is_not_adopted(piooy, doubt, api):
    """Exit 2, and the doubt stays."""
    expect_order(api)
    expect_look(api, task("PENDING"))
    piooy(*GENERATE, "--no-wait", "another")

    assert piooy("history", "resolve", doubt, "--adopt", TASK).code == 2
    assert len(piooy("history", "--unknown").lines) == 1


def test_doubt_of_another_account_is_not_settled_from_here(piooy, doubt):
    """Exit 2, naming whose it is."""
    ran = piooy("--sandbox", "history", "resolve", doubt, "--not-charged")

    assert ran.code == 2
    assert "belongs to default@" in ran.err


def test_beginnings_do_not_cross_accounts(piooy, past):
    """An id of another account is not meant."""
    ran = piooy("--sandbox", "task", past[0][:8])

    assert ran.code == 14


def test_a_record_of_doubt_in_a_pipe_is_no_task(piooy, doubt):
    """Its id is null: the row is named, and nothing is asked."""
    ran = piooy("task", stdin=piooy("history", "--unknown", "--json").out)

    assert ran.code == 14
    assert "@row:1" in ran.err


@pytest.mark.parametrize("text", ["   ", '"', "*", "AND", "-x", "a'b", "(", "NEAR(a b)"])
def test_any_text_can_be_searched(piooy, past, text):
    """No search is a syntax error."""
    assert piooy("history", "--search", text).code == 0


def test_deep_json_on_stdin_is_no_id(piooy, api):
    """Exit 2, no traceback."""
    ran = piooy("task", stdin='{"id":' + "[" * 200_000)

    assert ran.code == 2 and "bug" not in ran.err


def test_stats_tell_what_runs_were_like(piooy, past):
    """Runs that are over, by model, scene and size: how many, how they went, how long they took."""
    (line,) = piooy("history", "stats").lines
    (record,) = piooy("history", "stats", "--json").json

    fields = line.split("\t")
    assert fields[:5] == ["nano-banana-pro", "text-to-image", "", "2", "100 %"]
    assert record["model"] == "nano-banana-pro"
    assert (record["runs"], record["success_rate"]) == (2, 1.0)
    assert 0 < record["median_seconds"] <= record["p90_seconds"] < 10
    assert piooy("history", "stats", "-m", "veo-3-1").lines == []


def test_stats_of_a_tag(piooy, sandbox):
    """Only of the orders that have it."""
    for tags in (["--tag", "client=acme"], ["--tag", "client=beta", "--tag", "job=1"], []):
        piooy("-q", *GENERATE, "--no-download", *tags, "a fox")

    def runs(*tags):
        return [record["runs"] for record in piooy("history", "stats", "--json", *tags).json]

    assert runs() == [3] and runs("--tag", "client") == [2]
    assert runs("--tag", "client=beta", "--tag", "job") == [1] and runs("--tag", "x") == []


def test_tags_are_changed(piooy, past):
    """At once, and what has changed is on stderr."""
    _, wolf, dusk = past
    assert piooy("history", "tag", wolf[:8], "client=acme", "job=7").code == 0

    ran = piooy("history", "tag", "@tag:client=acme", "client=beta", "job=", "draft=")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == [
        "client=beta: set on 1 order",
        "job: removed from 1 order",
        "draft: removed from 0 of 1 order",
    ]
    assert json.loads(piooy("history", "show", wolf).out)["tags"] == {"client": "beta"}
    assert piooy("history", "tag", "@pending", "client=acme").code == 0
    assert piooy("task", "@tag:client=acme").out.startswith(dusk)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["@last"], 2), (["@last", "client"], 2), (["@last", "=x"], 2), (["@last", "a=1", "a="], 2), (["@last", "a=1", "a=2"], 2),
        (["@last", "a=1", "b= 2"], 2), (["@last", "1="], 2), (["@nope", "a=1"], 2), (["@batch:nope", "a=1"], 14), (["no-such-task", "a=1"], 14), (["@row:99", "a=1"], 14),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_tags_that_are_not_changed(piooy, past, arguments, code):
    """A mistake in any word changes nothing, and is named."""
    ran = piooy("history", "tag", *arguments)

    assert ran.code == code and ran.err
    assert [record["tags"] for record in piooy("history", "--json").json] == [{}, {}, {}]


def test_an_order_in_doubt_is_tagged(piooy, doubt):
    """By its row; from another account it is not."""
    assert piooy("history", "tag", doubt, "client=acme").code == 0
    assert piooy("--sandbox", "history", "tag", doubt, "client=beta").code == 2

    assert piooy("history", "--unknown", "--json").json[0]["tags"] == {"client": "acme"}


def test_stats_count_failures(piooy, api):
    """One of two failed: half succeeded."""
    for n, status in enumerate(("SUCCESS", "FAILED")):
        api.clear()
        expect_order(api, {"code": 0, "data": {"taskId": f"t-{n}"}})
        expect_look(
            api, task(status, {"results": ["https://e.com/a"]}, id=f"t-{n}"), task_id=f"t-{n}"
        )
        piooy("-q", *GENERATE, "x", "--no-download")

    assert [line.split("\t")[3:5] for line in piooy("history", "stats").lines] == [["2", "50 %"]]


@pytest.mark.parametrize(
    ("took", "wanted"),
    [
        ([], []), ([3.2], [(3, 4, 1)]), ([1.0, 1.5, 2.0], [(1, 2, 2), (2, 3, 1)]),
        ([12, 14, 58, 90], [(10, 20, 2), (20, 30, 0), (30, 40, 0), (40, 50, 0), (50, 60, 1), (60, 70, 0), (70, 80, 0), (80, 90, 0), (90, 100, 1)]),
    ],
)  # fmt: skip
def test_a_histogram_has_round_edges_and_every_run(took, wanted):
    """Steps of 1, 2, 5, 10 …; nothing falls beside them."""
    assert histogram(took) == wanted


@given(st.lists(st.floats(0.01, 1e5), min_size=1, max_size=200))
def test_every_run_is_in_the_histogram_and_in_its_quantiles(took):
    """Counts add up; half of all are within the median, nine of ten within the ninth decile."""
    ordered = sorted(took)

    assert sum(count for _, _, count in histogram(ordered)) == len(ordered)
    for share in (0.5, 0.9):
        value = quantile(ordered, share)
        assert sum(one <= value for one in ordered) >= share * len(ordered)
        assert sum(one < value for one in ordered) <= share * len(ordered)

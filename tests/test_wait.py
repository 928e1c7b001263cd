"""`piooy wait`: any number of tasks at once, each printed the moment it settles."""

import json

import pytest
from servers import PNG, TASK, expect_look, task
from werkzeug.wrappers import Response


def look(api, task_id, *answers):
    """The server answers looks at this id with these statuses, the last one for ever."""
    queue = list(answers)

    def handle(request):
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Response):
            return answer
        return Response(json.dumps(task(answer, {"results": ["https://e.com/a.png"]}, id=task_id)))

    api.expect_request(f"/api/v1/task/{task_id}").respond_with_handler(handle)


def test_prints_each_that_succeeds(piooy, api):
    """Three tasks, three ids, in the order in which they end."""
    look(api, "slow-1", *["PENDING"] * 6, "SUCCESS")
    look(api, "quick-1", "SUCCESS")
    look(api, "middle-1", "PROCESSING", "PROCESSING", "SUCCESS")

    ran = piooy("wait", "slow-1", "quick-1", "middle-1")

    assert (ran.code, ran.lines) == (0, ["quick-1", "middle-1", "slow-1"])


def test_ids_come_from_stdin(piooy, api):
    """Blank lines, CR, comments and repeats are no tasks; a record of --json is one."""
    look(api, "a1", "SUCCESS")
    look(api, "b2", "SUCCESS")

    ran = piooy(
        "wait", "-", stdin='\n# mine\r\na1\r\n{"id": "b2", "status": "PENDING"}\na1\tPENDING\n'
    )

    assert (ran.code, sorted(ran.lines)) == (0, ["a1", "b2"])


def test_empty_stdin_is_usage(piooy, api):
    """Exit 2 with a hint: the command before it probably failed."""
    ran = piooy("wait", stdin="")

    assert ran.code == 2
    assert "stdin was empty" in ran.err


def test_a_bad_line_fails_alone(piooy, api):
    """What is no id is named; the others are waited for."""
    look(api, "a1", "SUCCESS")

    ran = piooy("wait", stdin="../../etc\na1\n")

    assert (ran.code, ran.lines) == (2, ["a1"])
    assert "'../../etc'" in ran.err


def test_a_failed_one_of_two_is_partial(piooy, api):
    """Exit 6, its reason on stderr, the other's id on stdout."""
    look(api, "good-1", "SUCCESS")
    look(api, "bad-1", "FAILED")

    ran = piooy("wait", "good-1", "bad-1")

    assert (ran.code, ran.lines) == (6, ["good-1"])
    assert "bad-1 ended FAILED" in ran.err


def test_all_failed_is_failed(piooy, api):
    """Exit 5, as for a single one."""
    look(api, "bad-1", "FAILED")
    look(api, "bad-2", "canceled")

    assert piooy("wait", "bad-1", "bad-2").code == 5
    assert piooy("wait", "bad-1").code == 5


def test_an_unknown_and_a_foreign_one(piooy, api):
    """Exit 14 names the unknown, exit 4 the foreign one; the others go on."""
    look(api, "good-1", "SUCCESS")
    look(api, "gone-1", Response("", 404))
    look(api, "hers-1", Response("", 403))

    unknown = piooy("wait", "gone-1", "good-1")
    foreign = piooy("wait", "hers-1", "good-1", "gone-1")

    assert (unknown.code, unknown.lines) == (14, ["good-1"])
    assert "gone-1" in unknown.err
    assert (foreign.code, foreign.lines) == (4, ["good-1"])
    assert "hers-1" in foreign.err


def test_the_time_limit_names_what_runs_on(piooy, api):
    """Exit 3, and one command that goes on with all of it."""
    look(api, "good-1", "SUCCESS")
    look(api, "slow-1", "PENDING")
    look(api, "slow-2", "PROCESSING")

    ran = piooy("wait", "--timeout", "0.3", "good-1", "slow-1", "slow-2")

    assert (ran.code, ran.lines) == (3, ["good-1"])
    last = ran.err.splitlines()[-1]
    assert "piooy wait slow-" in last and "slow-1" in last and "slow-2" in last


def test_any_stops_at_the_first(piooy, api):
    """The first success ends the wait."""
    look(api, "slow-1", "PENDING")
    look(api, "quick-1", "PENDING", "SUCCESS")

    ran = piooy("wait", "--any", "--timeout", "20", "slow-1", "quick-1")

    assert (ran.code, ran.lines) == (0, ["quick-1"])


def test_trouble_on_the_way_changes_nothing(piooy, api):
    """B01, B02, B08: 5xx, pages, 429 and broken JSON are waited through."""
    look(
        api, "a1", Response("", 502), Response("<html>"), Response("{", 200), Response("", 429),
        Response("", 503, {"Retry-After": "1"}), "PROCESSING", "SUCCESS",
    )  # fmt: skip

    assert piooy("wait", "a1").lines == ["a1"]


def test_an_unknown_status_word_is_still_running(piooy, api):
    """B09: one warning, and the wait goes on."""
    look(api, "a1", "TEXT_SUCCESS", "FIRST_SUCCESS", "success")

    ran = piooy("wait", "a1")

    assert (ran.code, ran.lines) == (0, ["a1"])
    assert ran.err.count("taken as still running") == 1


def test_download_saves_as_well(piooy, api, home):
    """`wait --download` prints paths."""
    expect_look(api, task("PENDING"), task("SUCCESS", {"results": [api.url_for("/f.png")]}))
    api.expect_request("/f.png").respond_with_data(PNG)

    ran = piooy("wait", "--download", "-o", "out", TASK)

    assert ran.code == 0
    assert (home / ran.lines[0]).read_bytes() == PNG


def test_json_prints_records(piooy, api):
    """One record for each that succeeded; the error at the end of stderr."""
    look(api, "good-1", "SUCCESS")
    look(api, "bad-1", "FAILED")

    ran = piooy("wait", "--json", "good-1", "bad-1")

    assert [record["id"] for record in ran.json] == ["good-1"]
    assert (ran.error["code"], ran.error["exit"]) == ("partial", 6)


def test_quiet_says_nothing_of_success(piooy, api):
    """Cron sends no mail."""
    look(api, "a1", "PENDING", "SUCCESS")

    assert piooy("wait", "-q", "a1").err == ""


def test_progress_off_a_terminal_is_plain_lines(piooy, api):
    """ISO time first, one line for each change, no escape codes, no carriage returns."""
    look(api, "a1", "PENDING", "PENDING", "PROCESSING", "PROCESSING", "SUCCESS")

    lines = piooy("wait", "a1").err.splitlines()

    assert [line.split(" ", 1)[1].split(" after")[0] for line in lines] == [
        "a1 PENDING",
        "a1 PROCESSING",
        "a1 SUCCESS",
    ]
    assert all(line[10] == "T" and line[19] == "Z" for line in lines)
    assert not any("\x1b" in line or "\r" in line for line in lines)


@pytest.mark.parametrize("progress", [2.5, -1, "NaN", None, {}])
def test_odd_progress_values_are_ignored(piooy, api, progress):
    """B16: nothing crashes on them."""
    api.expect_request("/api/v1/task/a1").respond_with_json(
        task(
            "SUCCESS",
            {"results": ["https://e.com/a.png"], "progress": progress},
            id="a1",
            progress=progress,
        )
    )

    assert piooy("wait", "a1").code == 0


def test_a_task_straight_out_of_a_pipe_may_be_unknown_for_a_moment(piooy, api):
    """B06: `generate --no-wait | wait` is no race."""
    look(api, "a1", Response("", 404), Response("", 404), "SUCCESS")

    assert piooy("wait", stdin="a1\n").lines == ["a1"]


def test_a_wish_to_wait_longer_than_there_is_time_gets_one_last_look(piooy, api):
    """A Retry-After beyond the deadline does not end the wait before it."""
    look(api, "a1", Response("", 503, {"Retry-After": "300"}), "SUCCESS")

    assert piooy("wait", "a1", "--timeout", "1").lines == ["a1"]

"""`piooy wait`: any number of tasks at once, each printed the moment it settles."""

import json
import time

import pytest
from conftest import BRISK, QUICK
from servers import PNG, TASK, expect_look, expect_order, read_request, task
from werkzeug.wrappers import Response

from piooy_cli.ledger.sqlite.store import SqliteOrderStore


def look(api, task_id, *answers):
    """The server answers polls at this id with these statuses, the last one for ever."""
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
    """Exit 14 names the unknown, exit 4 the foreign one; the others continue."""
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
    """Exit 3, and one command that continues with all of it."""
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
    """5xx, pages, 429 and broken JSON are waited through."""
    look(
        api, "a1", Response("", 502), Response("<html>"), Response("{", 200), Response("", 429),
        Response("", 503, {"Retry-After": "1"}), "PROCESSING", "SUCCESS",
    )  # fmt: skip

    assert piooy("wait", "a1").lines == ["a1"]


def test_an_unknown_status_word_is_still_running(piooy, api):
    """One warning, and the wait continues."""
    look(api, "a1", "TEXT_SUCCESS", "FIRST_SUCCESS", "success")

    ran = piooy("wait", "a1")

    assert (ran.code, ran.lines) == (0, ["a1"])
    assert ran.err.count("treated as still running") == 1


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
    """Nothing crashes on them."""
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


def test_a_wish_to_wait_longer_than_there_is_time_gets_one_last_poll(piooy, api):
    """A Retry-After beyond the deadline does not end the wait before it."""
    look(api, "a1", Response("", 503, {"Retry-After": "300"}), "SUCCESS")

    assert piooy("wait", "a1", "--timeout", "1").lines == ["a1"]


def asked(api):
    """What each look asked to be refreshed."""
    return [request.args.get("refresh") for request, _ in api.log if request.method == "GET"]


def test_a_success_without_a_file_is_read_again_and_then_an_outcome_of_its_own(piooy, api):
    """Once more, once with the provider asked; its id is printed, and the exit code is 12."""
    expect_look(api, task("SUCCESS", {"results": []}))

    ran = piooy("wait", TASK)

    assert (ran.code, ran.lines) == (12, [TASK])
    assert "succeeded, but has no files" in ran.err
    assert asked(api) == [None, None, "1"]


def test_files_that_are_late_are_found(piooy, api):
    """The second reading has them: an ordinary success."""
    expect_look(api, task("SUCCESS"), task("SUCCESS", {"results": ["https://e.com/a.png"]}))

    assert (piooy("wait", TASK).code, asked(api)) == (0, [None, None])


def test_a_character_may_be_a_name_alone(piooy, api):
    """Success without a file is what some providers return for a character."""
    expect_look(api, task("SUCCESS", [{"id": "char_1", "name": "Joe"}], mediaType="character"))

    assert piooy("wait", TASK).code == 0


def test_error_is_read_again_before_it_is_believed(piooy, api):
    """It may pass; where it stays it is a failure."""
    look(api, "passing-1", "ERROR", "PROCESSING", "SUCCESS")
    look(api, "staying-1", "ERROR")

    assert piooy("wait", "passing-1").code == 0
    assert piooy("wait", "staying-1").code == 5
    assert [request.path[-9:] for request, _ in api.log].count("staying-1") == 3


def test_the_provider_is_asked_when_a_task_is_stuck(piooy, api, home):
    """`refresh=1` where nothing has moved for long, and not at every look."""
    (home.parent / "config").mkdir()
    (home.parent / "config/config.toml").write_text("[models.m]\nseconds = 0.2\n")
    look(api, "a1", *["PROCESSING"] * 12, "SUCCESS")

    assert piooy("wait", "a1", pace=BRISK._replace(stale=0.3)).code == 0
    assert asked(api)[:2] == [None, None]
    assert 0 < asked(api).count("1") < 7


def test_a_success_stays_one(piooy, api):
    """A status that goes backwards is not believed, now or in the next run."""
    look(api, "a1", "SUCCESS", "PROCESSING")
    assert piooy("wait", "a1").code == 0
    piooy("task", "a1")

    assert piooy("history").lines == ["a1\tSUCCESS\timage\tm"]


def test_how_long_a_run_took_is_learned(piooy, api, home):
    """From the service's yes to its end, and only where both were seen."""
    expect_order(api)
    expect_look(api, *[task("PROCESSING")] * 3, task("SUCCESS", {"results": ["https://e.com/a"]}))
    start = time.monotonic()
    assert piooy("generate", "image", "-m", "m", "-r", "2K", "x", "--no-download").code == 0
    took = time.monotonic() - start
    look(api, "hers-1", "PROCESSING", "SUCCESS")
    assert piooy("wait", "hers-1").code == 0

    rows = SqliteOrderStore(home.parent / "state", "x").read("select model, size, took from orders")

    assert [row["size"] for row in rows] == ["2k", ""]
    assert 0.1 < rows[0]["took"] < took
    assert rows[1]["took"] is None


def test_a_wait_that_came_late_learns_nothing(piooy, api, home):
    """Someone polls long after the end: no one knows when that was."""
    expect_order(api)
    assert piooy("generate", "image", "-m", "m", "x", "--no-wait").code == 0
    state = home.parent / "state"
    with SqliteOrderStore(state, "x").change() as connection:
        connection.execute("update orders set accepted = accepted - 600")
    look(api, TASK, "SUCCESS")

    assert piooy("wait", "@last").code == 0
    assert SqliteOrderStore(state, "x").read("select took from orders")[0]["took"] is None


def test_the_first_look_waits_for_a_task_that_was_just_sent(piooy, api):
    """No look is spent on what cannot be ready, and one that is old is looked at at once."""
    expect_order(api)
    look(api, TASK, "SUCCESS")
    look(api, "other-1", Response("", 404))
    start = time.monotonic()
    assert (
        piooy(
            "generate", "image", "-m", "m", "x", "--no-download", pace=BRISK._replace(early=1)
        ).code
        == 0
    )
    early = time.monotonic() - start
    start = time.monotonic()
    assert piooy("wait", "other-1", pace=BRISK._replace(early=1)).code == 14

    assert early >= 1
    assert time.monotonic() - start < 0.9
    assert asked(api) == [None, None]


def test_an_interval_is_kept(piooy, api):
    """--interval fixes the time between polls."""
    look(api, "a1", *["PENDING"] * 4, "SUCCESS")
    start = time.monotonic()

    assert piooy("wait", "--interval", "300ms", "a1").code == 0
    assert 1.2 <= time.monotonic() - start < 2.5


def test_looks_are_bounded_together(piooy, api):
    """Forty tasks share twenty polls a second."""
    for n in range(40):
        look(api, f"t{n}", "SUCCESS")
    start = time.monotonic()

    ran = piooy(
        "wait", *(f"t{n}" for n in range(40)), numbers=QUICK._replace(poll_rate=20, poll_burst=1)
    )

    assert (ran.code, len(ran.lines)) == (0, 40)
    assert time.monotonic() - start >= 39 / 20


def test_a_turn_that_does_not_come_in_time_is_a_timeout(piooy, api):
    """Too many for the time there is: those are named, and run on."""
    for n in range(30):
        look(api, f"t{n}", "SUCCESS")
    numbers = QUICK._replace(poll_rate=10, poll_burst=1)

    ran = piooy("wait", "--timeout", "1", *(f"t{n}" for n in range(30)), numbers=numbers)

    assert ran.code == 3
    assert 5 <= len(ran.lines) <= 12
    assert "task t29 has not ended" in ran.err


def test_a_hundred_that_run_on_are_a_line_each(piooy, api):
    """Every id on stderr, once, and at the end one command that fits on a line."""
    ids = [f"task-{n:03}" for n in range(120)]
    for one in ids:
        look(api, one, "PENDING")

    ran = piooy("wait", "-q", "--timeout", "0.5", *ids)

    *lines, summary, hint = ran.err.splitlines()
    assert ran.code == 3
    assert sorted(line.split()[3] for line in lines) == ids
    assert "120 of 120 failed" in summary
    assert "to continue: `piooy wait --pending`" in hint


@pytest.mark.parametrize("option", ["--timeout", "--interval", "--heartbeat"])
@pytest.mark.parametrize("value", ["0", "-1", "abc", "", "1e3", "٣"])
def test_durations_that_are_none(piooy, api, option, value):
    """Exit 2, and nothing is asked."""
    ran = piooy("wait", option, value, "a1")

    assert (ran.code, api.log) == (2, [])
    assert option in ran.err


def test_a_sign_of_life_as_often_as_asked(piooy, api):
    """--heartbeat off a terminal; `off` is none."""
    look(api, "a1", *["PENDING"] * 20, "SUCCESS")
    often = piooy("wait", "--heartbeat", "200ms", "a1").err
    look(api, "b1", *["PENDING"] * 8, "SUCCESS")
    never = piooy("wait", "--heartbeat", "off", "b1").err

    assert 2 <= often.count("still waiting for a1 (PENDING)") <= 20  # five a second
    assert "still waiting" not in never


def test_trouble_that_many_have_is_told_once_a_minute(piooy, api):
    """An outage is one line, not one for each task and try."""
    for n in range(20):
        look(api, f"t{n}", *[Response("", 502)] * 4, "SUCCESS")

    ran = piooy("wait", *(f"t{n}" for n in range(20)))

    assert (ran.code, len(ran.lines)) == (0, 20)
    assert ran.err.count("retrying") == 1


def test_an_error_seen_once_is_no_end(piooy, api):
    """`task` shows it, nothing remembers it; `download` reads it again before it gives up."""
    look(api, "a1", "PROCESSING", "ERROR", "ERROR", "SUCCESS")
    piooy("task", "a1")
    assert piooy("task", "a1").out.split("\t")[1] == "ERROR"
    assert piooy("history").lines == ["a1\tPROCESSING\timage\tm"]

    ran = piooy("download", "a1")

    assert "ended ERROR" not in ran.err
    assert piooy("history").lines == ["a1\tSUCCESS\timage\tm"]


def test_a_server_that_hangs_does_not_outlast_the_deadline(piooy, raw):
    """--timeout 1s ends soon after a second, though a look is on its way."""
    raw(lambda connection: (read_request(connection), connection.recv(1)))
    start = time.monotonic()

    ran = piooy(
        "wait",
        "--timeout",
        "1s",
        "a1",
        numbers=QUICK._replace(get_read=30, get_whole=60, last_poll=0.5),
    )

    assert ran.code == 3
    assert time.monotonic() - start < 3


def test_many_that_nobody_remembers_are_given_on_stdin_again(piooy, api):
    """--pending would not know them: the hint does not promise it."""
    ids = [f"task-{n:03}" for n in range(60)]
    for one in ids:
        look(api, one, Response("", 503))

    ran = piooy("wait", "-q", "--timeout", "0.5", *ids)

    assert ran.code == 3
    assert "to continue: `piooy wait -`, with the ids above on stdin" in ran.err


def test_no_wait_ends_before_its_time(piooy, api):
    """A pause that would be longer than what is left is cut, for a last look at the end."""
    look(api, "a1", Response("", 503))
    start = time.monotonic()

    ran = piooy(
        "wait", "--timeout", "1", "a1", numbers=QUICK._replace(backoff_base=30, backoff_cap=60)
    )

    assert ran.code == 3
    assert time.monotonic() - start >= 1


def test_a_closed_gate_stays_closed_for_all(piooy, api):
    """One asks in vain for the time it has; no one polls before the server's Retry-After is over."""
    look(api, "a1", Response("", 429, {"Retry-After": "100"}), "SUCCESS")
    start = time.monotonic()

    ran = piooy("wait", "--timeout", "1", "a1", "b1")

    assert (ran.code, ran.lines) == (3, [])
    assert 1 <= time.monotonic() - start < 4
    assert len(api.log) <= 2


def test_a_queue_for_looks_is_no_timeout(piooy, api):
    """`task` with more ids than a minute has turns: each gets one."""
    for n in range(30):
        look(api, f"t{n}", "SUCCESS")

    ran = piooy(
        "task",
        *(f"t{n}" for n in range(30)),
        numbers=QUICK._replace(poll_rate=15, poll_burst=1, get_whole=1),
    )

    assert (ran.code, len(ran.lines)) == (0, 30)


def test_an_end_that_the_order_itself_brought_teaches_nothing(piooy, api, home):
    """A synchronous provider: its task was over before anybody could look."""
    expect_order(api, {"code": 0, "data": {"taskId": TASK, "status": "SUCCESS"}})
    look(api, TASK, "SUCCESS")

    assert piooy("generate", "image", "-m", "m", "x", "--no-download").code == 0
    assert (
        SqliteOrderStore(home.parent / "state", "x").read("select took from orders")[0]["took"]
        is None
    )


@pytest.mark.parametrize("seconds", ["-5", "0", "inf", "nan", "true", '"soon"'])
def test_a_typical_time_that_is_none_is_ignored(piooy, api, home, seconds):
    """The user's own entry cannot break a wait."""
    (home.parent / "config").mkdir()
    (home.parent / "config/config.toml").write_text(f"[models.m]\nseconds = {seconds}\n")
    look(api, "a1", "PENDING", "SUCCESS")

    assert piooy("wait", "a1").code == 0


def test_a_doubtful_word_after_other_trouble_is_not_final(piooy, api):
    """It has to come again and again, five times in a row; five troubles of any kind are no end."""
    said = {"code": -1, "message": "unknown status: WARMING_UP"}
    trouble = [Response(status=503) for _ in range(4)]
    expect_look(api, *trouble, said, *trouble, said, task(result={"url": "http://127.0.0.1/a.png"}))
    ran = piooy("wait", TASK)

    assert (ran.code, ran.lines) == (0, [TASK])


def test_a_doubtful_word_that_comes_again_and_again_is_final(piooy, api):
    """No one waits half an hour for it."""
    expect_look(api, {"code": -1, "message": "unknown status: WARMING_UP"})

    assert piooy("wait", TASK).code == 3


def test_an_error_that_passes_again_and_again_is_none(piooy, api):
    """It is an end where it stays, not where it came three times."""
    passing = [task("ERROR"), task("PROCESSING")] * 4
    expect_look(api, *passing, task(result={"url": "http://127.0.0.1/a.png"}))
    ran = piooy("wait", TASK)

    assert (ran.code, ran.lines) == (0, [TASK])

"""The ledger: on disk before the first byte, and its own judge of what may happen to an order."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import TASK, accepted, answer, expect_look, expect_order, read_request, task
from test_generate import GENERATE

from piooy_cli.domain.errors import PiooyError, StorageRefused
from piooy_cli.domain.models import Asset, Kind, MediaType, Order, OrderState, Task
from piooy_cli.ledger.sqlite.store import SqliteOrderStore

STATES = ("PLANNED", "SENDING", "SUBMITTED", "REFUSED", "UNKNOWN", "WRITTEN_OFF")
DRAWN = {
    ("PLANNED", "SENDING"), ("SENDING", "PLANNED"), ("SENDING", "SUBMITTED"), ("SENDING", "REFUSED"),
    ("SENDING", "UNKNOWN"), ("UNKNOWN", "SUBMITTED"), ("UNKNOWN", "PLANNED"), ("UNKNOWN", "WRITTEN_OFF"),
}  # fmt: skip
ORDER = Order(MediaType.IMAGE, "text-to-image", "evolink", "m", "a fox", {"seed": 7})


@pytest.fixture
def state(home):
    """The state directory of these tests."""
    return home.parent / "state"


@pytest.fixture
def ledger(state):
    """A ledger of one account."""
    return SqliteOrderStore(state, "default@here")


def rows(state, columns="state, task_id"):
    """What is in the file, read by another process."""
    with sqlite3.connect(state / "ledger.sqlite3") as connection:
        found = connection.execute(f"select {columns} from orders order by id").fetchall()
    connection.close()
    return found


def put(connection, state):
    """An order in this state, forced there past every guard."""
    connection.execute("drop trigger if exists an_order_begins_planned")
    task_id = "t1" if state == "SUBMITTED" else None
    return connection.execute(
        "insert into orders (account, state, created, task_id) values ('a', ?, 0, ?)",
        (state, task_id),
    ).lastrowid


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
def test_the_database_refuses_what_is_not_drawn(ledger, old, new):
    """Every pair of states: only the arrows of the picture, whoever asks."""
    connection = ledger.connection
    number = put(connection, old)
    connection.execute(
        "insert into attempts (order_id, started, phase) values (?, 0, 'not sent')", (number,)
    )
    connection.execute(
        "insert into decisions (order_id, at, who, what, why) values (?, 0, 'me', '', '')",
        (number,),
    )
    if new == "SUBMITTED" and old != "SUBMITTED":
        connection.execute("update orders set task_id = 't2' where id = ?", (number,))
    try:
        connection.execute("update orders set state = ? where id = ?", (new, number))
        allowed = True
    except sqlite3.IntegrityError:
        allowed = False

    assert allowed == ((old, new) in DRAWN or old == new)


def test_doubt_ends_only_by_a_decision(ledger):
    """UNKNOWN never turns silently into anything else."""
    number = put(ledger.connection, "UNKNOWN")

    with pytest.raises(sqlite3.IntegrityError, match="a person has to decide"):
        ledger.connection.execute("update orders set state = 'PLANNED' where id = ?", (number,))


def test_not_sent_wants_its_proof(ledger):
    """SENDING goes back to PLANNED only with an attempt that says why."""
    number = put(ledger.connection, "SENDING")
    ledger.connection.execute(
        "insert into attempts (order_id, started, phase) values (?, 0, 'sending')", (number,)
    )

    with pytest.raises(sqlite3.IntegrityError, match="not sent"):
        ledger.connection.execute("update orders set state = 'PLANNED' where id = ?", (number,))


def test_the_row_is_on_disk_before_the_first_byte(piooy, raw, state):
    """While the request is still being read, another process sees the order as SENDING."""
    seen = []

    def look(connection):
        connection.recv(1)
        seen.append(rows(state, "state, prompt, model"))
        connection.recv(65536)
        connection.sendall(answer(b'{"code":0,"data":{"taskId":"t1"}}'))

    raw(look)

    assert piooy(*GENERATE, "--no-wait", "a fox").code == 0
    assert seen == [[("SENDING", "a fox", "nano-banana-pro")]]
    assert rows(state) == [("SUBMITTED", "t1")]


@pytest.mark.parametrize(
    ("body", "status", "wanted"),
    [(accepted(), 200, "SUBMITTED"), ({"code": -1, "message": "no"}, 200, "REFUSED"), ({}, 400, "REFUSED"), ({}, 500, "UNKNOWN"), ({"code": 0}, 200, "UNKNOWN")],
    ids=str,
)  # fmt: skip
def test_every_order_ends_as_exactly_one(piooy, api, state, body, status, wanted):
    """Submitted, refused or unknown; with the attempt, its phase and its HTTP status."""
    expect_order(api, body, status=status)

    piooy(*GENERATE, "--no-wait", "x")

    assert [found[0] for found in rows(state)] == [wanted]
    with sqlite3.connect(state / "ledger.sqlite3") as connection:
        (attempt,) = connection.execute("select phase, http_status from attempts").fetchall()
    connection.close()
    assert attempt == ({"SUBMITTED": "accepted"}.get(wanted, wanted.lower()), status)


def test_what_was_not_sent_stays_planned(piooy, raw, state):
    """Four attempts that prove it, and a row that may be sent another day."""
    raw(read_request).close()

    assert piooy(*GENERATE, "x").code == 10
    assert rows(state) == [("PLANNED", None)]


def test_a_429_is_proof_too(piooy, api, state):
    """Nothing was executed, so the same order is sent again, and is one row."""
    busy = api.expect_ordered_request("/api/v1/generate", method="POST")
    busy.respond_with_json({}, status=429)
    api.expect_ordered_request("/api/v1/generate", method="POST").respond_with_json(accepted())

    piooy(*GENERATE, "--no-wait", "x")

    assert rows(state) == [("SUBMITTED", TASK)]


def test_two_orders_with_the_same_task(piooy, api, state):
    """The one whose answer comes second is in doubt, loudly."""
    expect_order(api, accepted())

    ran = piooy(*GENERATE, "--no-wait", "-n", "2", "x")

    assert ran.code == 11
    assert sorted(found[0] for found in rows(state)) == ["SUBMITTED", "UNKNOWN"]
    assert "belongs to another order" in ran.err


def test_a_sender_that_died_leaves_doubt(piooy, raw, state):
    """A SENDING row whose process is gone is UNKNOWN at the next start, and never sent again."""
    arrived = threading.Event()
    server = raw(lambda c: (read_request(c), arrived.set(), c.recv(1)))
    process = subprocess.Popen(
        [sys.executable, "-m", "piooy_cli", *GENERATE, "x"], stderr=subprocess.DEVNULL
    )
    assert arrived.wait(10)
    process.kill()
    process.wait()
    assert rows(state) == [("SENDING", None)]

    listed = piooy("history")

    assert listed.out.split("\t")[:2] == ["@row:1", "UNKNOWN"]
    assert rows(state) == [("UNKNOWN", None)] and server.connections == 1


def test_a_sender_that_lives_is_left_alone(piooy, raw, state):
    """Another process may look while an order is on its way."""
    arrived, go = threading.Event(), threading.Event()
    raw(
        lambda c: (
            read_request(c),
            arrived.set(),
            go.wait(10),
            c.sendall(answer(b'{"code":0,"data":{"taskId":"t1"}}')),
        )
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "piooy_cli", "-q", *GENERATE, "--no-wait", "x"],
        stdout=subprocess.DEVNULL,
    )
    assert arrived.wait(10)
    piooy("history")
    assert rows(state) == [("SENDING", None)]
    go.set()

    assert process.wait(10) == 0
    assert rows(state) == [("SUBMITTED", "t1")]


def test_twenty_at_once(api, state):
    """No `database is locked`, twenty rows."""
    expect_order(api)
    command = [sys.executable, "-m", "piooy_cli", "-q", *GENERATE, "--no-wait", "x"]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(20)
    ]
    ended = [process.communicate(timeout=60) for process in processes]

    assert [err for _, err in ended] == [""] * 20
    assert len({out for out, _ in ended}) == len(rows(state)) == len(api.log) == 20


def test_who_comes_second_changes_no_table(state):
    """Of two that find no ledger one makes it; the other must not make its tables again under it."""
    from piooy_cli.ledger.sqlite import schema

    ledger = SqliteOrderStore(state, "a")
    before = ledger.read("pragma schema_version")[0][0]

    schema._migrate(ledger.connection, ledger.path)

    assert ledger.read("pragma schema_version")[0][0] == before


def test_files_are_for_this_user_alone(piooy, sandbox, state):
    """0600 in 0700, whatever the umask."""
    before = os.umask(0)
    try:
        piooy(*GENERATE, "--no-wait", "x")
    finally:
        os.umask(before)

    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / "ledger.sqlite3").stat().st_mode) == 0o600


def test_prompts_can_be_kept_out(piooy, sandbox, state):
    """`history_prompts = false`: no prompt, no options, no body; the digest stays."""
    piooy("config", "set", "history_prompts", "false")
    piooy(*GENERATE, "--no-wait", "a secret plan")

    assert b"secret" not in (state / "ledger.sqlite3").read_bytes()
    assert len(rows(state, "digest")[0][0]) == 64


def test_the_key_is_not_in_it(piooy, sandbox, state):
    """P6."""
    piooy(*GENERATE, "x")

    assert b"test-key" not in (state / "ledger.sqlite3").read_bytes()


def make(state, how):
    """A ledger that is none, or cannot be written."""
    state.mkdir(parents=True)
    file = state / "ledger.sqlite3"
    if how == "garbage":
        file.write_bytes(b"garbage" * 1000)
    elif how == "newer":
        newer = SqliteOrderStore(state, "a")
        newer.connection.execute("pragma user_version = 99")
    elif how == "another program's":
        with sqlite3.connect(file) as connection:
            connection.execute("create table x (y)")
        connection.close()
    return file


@pytest.mark.parametrize("how", ["garbage", "newer", "another program's"])
def test_a_file_that_is_no_ledger_of_ours(piooy, api, state, how):
    """Exit 13, nothing sent, the file as it was; a task can still be looked at."""
    file = make(state, how)
    before = file.read_bytes()
    expect_look(api, task())

    ran = piooy(*GENERATE, "x")
    looked = piooy("task", TASK)

    assert ran.code == 13 and "ledger" in ran.err
    assert looked.code == 0
    assert file.read_bytes() == before
    assert [request.method for request, _ in api.log] == ["GET"]


def test_an_empty_file_becomes_a_ledger(piooy, sandbox, state):
    """As SQLite sees it, an empty file is an empty database."""
    state.mkdir()
    (state / "ledger.sqlite3").touch()

    assert piooy(*GENERATE, "--no-wait", "x").code == 0


def test_a_state_directory_that_is_a_file(piooy, api, state):
    """Exit 13, nothing sent."""
    state.write_text("")

    ran = piooy(*GENERATE, "x")

    assert (ran.code, api.log) == (13, [])
    assert str(state) in ran.err


def test_a_locked_ledger_is_busy_and_nothing_is_sent(piooy, api, state, monkeypatch):
    """Exit 9 where another process holds it; the time is shortened here."""
    from piooy_cli.ledger.sqlite import schema

    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.2)
    SqliteOrderStore(state, "a").connection.close()
    holder = sqlite3.connect(state / "ledger.sqlite3", isolation_level=None)
    holder.execute("begin exclusive")

    ran = piooy(*GENERATE, "x")

    holder.close()
    assert (ran.code, api.log) == (9, [])


def test_a_ledger_deleted_while_running(ledger, state):
    """The next write fails, and is reported; nothing is sent that cannot be recorded."""
    (state / "ledger.sqlite3").unlink()

    with pytest.raises(StorageRefused):
        ledger.plan(ORDER, b"{}").mark_sending()


def test_a_full_disk_before_the_order(piooy, api, state, monkeypatch):
    """SQLITE_FULL on the intent: the POST is not sent, exit 13."""
    full = SqliteOrderStore(state, "default@here")
    pages = full.connection.execute("pragma page_count").fetchone()[0]
    full.connection.execute(f"pragma max_page_count = {pages}")

    with pytest.raises(StorageRefused):
        full.plan(ORDER, b"x" * 100_000).mark_sending()
    assert rows(state) == []


def test_an_id_that_cannot_be_recorded_is_told(state):
    """After a second try the id is in the message, with the command that records it."""
    full = SqliteOrderStore(state, "a")
    entry = full.plan(ORDER, b"{}")
    entry.mark_sending()
    full.connection.execute("pragma query_only = on")

    with pytest.raises(StorageRefused, match="t-paid") as raised:
        entry.accept("t-paid", 200)

    assert "--adopt t-paid" in raised.value.hint() and raised.value.stops_all
    full.connection.execute("pragma query_only = off")
    assert rows(state) == [("SENDING", None)]


def test_a_task_from_elsewhere_is_adopted(piooy, api, state):
    """Tasks that are not in it work as before, and are known from then on."""
    expect_look(api, task("PROCESSING"))

    piooy("task", TASK)

    assert rows(state, "state, task_id, status") == [("SUBMITTED", TASK, "PROCESSING")]


def test_an_end_is_not_taken_back(ledger):
    """Poll results never go backwards."""
    ledger.observe(Task("t1", "SUCCESS", assets=(Asset(1, "https://e.com/a", Kind.IMAGE),)))
    ledger.observe(Task("t1", "PROCESSING"))

    known = ledger.find("t1")
    assert (known.status, len(known.assets)) == ("SUCCESS", 1)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.lists(
        st.sampled_from(["mark_sending", "mark_unsent", "reject", "mark_unknown", "accept"]),
        max_size=8,
    ),
    n=st.integers(0, 10**9),
)
def test_whatever_order_the_words_come_in(ledger, words, n):
    """Any sequence: at most one outcome, and every rule of the ledger holds."""
    entry = ledger.plan(ORDER, b"{}")
    for word in words:
        arguments = {"mark_sending": (), "accept": (f"t{n}-{entry.number}", 200)}.get(
            word, ("why", None)
        )
        try:
            getattr(entry, word)(*arguments)
        except PiooyError:
            continue

    assert list(ledger.integrity_errors()) == []


def test_a_migration_is_all_or_nothing(state, monkeypatch):
    """Where it fails half way, the file is as empty as before, and the next start succeeds."""
    from piooy_cli.ledger.sqlite import migrations

    monkeypatch.setattr(migrations, "TABLES", migrations.TABLES + "create table orders (twice);")
    with pytest.raises(StorageRefused):
        SqliteOrderStore(state, "a")
    monkeypatch.undo()

    assert SqliteOrderStore(state, "a").read("select count(*) from orders")[0][0] == 0


@pytest.fixture
def older(state):
    """A ledger as the first version of piooy left it, with one order in it."""
    from piooy_cli.ledger.sqlite import migrations, schema

    state.mkdir(parents=True)
    connection = sqlite3.connect(state / "ledger.sqlite3", isolation_level=None)
    connection.executescript(migrations.TABLES + migrations.SEARCH)
    connection.execute(
        "insert into orders (account, state, created, model, task_id) values"
        " ('a', 'SUBMITTED', 100, 'm', 't1')"
    )
    connection.execute(
        "insert into attempts (order_id, started, ended, phase) values (1, 100, 105, 'accepted')"
    )
    connection.execute(f"pragma application_id = {schema.APPLICATION_ID}")
    connection.execute("pragma user_version = 1")
    connection.close()
    return state / "ledger.sqlite3"


def test_an_older_ledger_is_taken_over(older, state):
    """All that it knew, when its tasks were accepted, and a copy beside it for this user alone."""
    before = older.read_bytes()
    known = SqliteOrderStore(state, "a").find("t1")

    assert (known.model, known.accepted_at.timestamp(), known.took) == ("m", 105, None)
    copy = state / "ledger.sqlite3.v1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    kept = sqlite3.connect(copy)
    assert kept.execute("select task_id from orders").fetchall() == [("t1",)]
    assert kept.execute("pragma user_version").fetchone() == (1,)
    kept.close()
    assert before != older.read_bytes()


@pytest.mark.parametrize("version", [2, 3])
def test_ledgers_of_later_versions_are_taken_over(state, version):
    """What it knew of words is found again, an id by its beginning; orders of no batch stay so."""
    from piooy_cli.ledger.records import OrderFilters
    from piooy_cli.ledger.sqlite import migrations, schema

    state.mkdir(parents=True)
    connection = sqlite3.connect(state / "ledger.sqlite3", isolation_level=None)
    scripts = (migrations.TABLES, migrations.SECOND, migrations.THIRD)
    connection.executescript("".join(scripts[:version]))
    connection.execute(
        "insert into orders (account, state, created, model, prompt, task_id) values"
        " ('a', 'SUBMITTED', 100, 'm', 'a red fox', 't-abcdef')"
    )
    connection.execute(f"pragma application_id = {schema.APPLICATION_ID}")
    connection.execute(f"pragma user_version = {version}")
    connection.close()

    ledger = SqliteOrderStore(state, "a")

    assert ledger.read("pragma user_version")[0][0] == schema.VERSION
    assert ledger.saved_as("0" * 64) is None and ledger.inputs_of("@row:1") == []
    for words in ("fox", "re", "t-abc"):
        assert [one.task.id for one in ledger.list_orders(OrderFilters(search=words))] == [
            "t-abcdef"
        ]
    assert not list(ledger.list_orders(OrderFilters(search="hare")))
    assert not list(ledger.list_orders(OrderFilters(batch="b")))


def test_an_older_ledger_that_cannot_be_taken_over_stays_as_it_was(older, state, monkeypatch):
    """Half a migration is none."""
    from piooy_cli.ledger.sqlite import migrations

    monkeypatch.setattr(migrations, "SECOND", migrations.SECOND + "create table orders (twice);")
    with pytest.raises(StorageRefused):
        SqliteOrderStore(state, "a")

    kept = sqlite3.connect(older)
    assert kept.execute("pragma user_version").fetchone() == (1,)
    assert "accepted" not in [row[1] for row in kept.execute("pragma table_info(orders)")]
    kept.close()


def test_ctrl_c_while_a_ledger_is_made_stays_ctrl_c(state, monkeypatch):
    """Also in the moment after the commit: it is not taken for an error of the ledger."""
    from piooy_cli.ledger.sqlite import schema

    def interrupted(connection, script):
        connection.execute("commit")
        raise KeyboardInterrupt

    monkeypatch.setattr(schema, "_create_search_index", interrupted)
    with pytest.raises(KeyboardInterrupt):
        SqliteOrderStore(state, "a")


def test_many_take_an_older_ledger_over_at_once(older, state):
    """Six processes start at the same time: each lists what there is."""
    connection = sqlite3.connect(older)
    connection.executemany(
        "insert into orders (account, state, created, prompt, task_id) values ('a', 'SUBMITTED', 1, ?, ?)",
        [("x" * 500, f"task-{n}") for n in range(3000)],
    )
    connection.commit()
    connection.close()
    command = [sys.executable, "-m", "piooy_cli", "history"]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    ended = [one.communicate(timeout=30)[1] for one in running]

    assert [one.returncode for one in running] == [0] * 6, ended
    assert sorted(path.name for path in state.iterdir()) == ["ledger.sqlite3", "ledger.sqlite3.v1"]


def test_another_process_creates_the_ledger_while_it_is_opened(state, monkeypatch):
    """What tells a ledger from another file is read as of one moment."""
    other = threading.Thread(target=lambda: SqliteOrderStore(state, "default@test"))

    class Interleaved(sqlite3.Connection):
        def execute(self, statement, *values):
            if statement == "pragma user_version" and not other.ident:
                other.start()
                other.join(1)
            return super().execute(statement, *values)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=Interleaved, **k))

    SqliteOrderStore(state, "default@test")
    other.join(20)

    assert not list(SqliteOrderStore(state, "default@test").integrity_errors())


def test_a_commit_is_quick_enough(ledger):
    """Not timed to the millisecond: a hundred commits in well under the ten seconds of a lock."""
    entry, start = ledger.plan(ORDER, b"{}"), time.monotonic()
    for _ in range(50):
        entry.mark_sending()
        entry.mark_unsent("x", None)

    assert time.monotonic() - start < 5


def test_a_process_on_another_machine_counts_as_living():
    """No one here can ask it."""
    from piooy_cli.ledger.sqlite.process_id import is_alive, this_process

    assert is_alive("elsewhere:1:2") and is_alive(this_process())
    assert not is_alive(this_process().rsplit(":", 1)[0] + ":0")
    assert not is_alive("")


class Reluctant:
    """A ledger whose disk refuses once the order has left."""

    def __init__(self, monkeypatch):
        from piooy_cli.domain.errors import StorageRefused
        from piooy_cli.ledger.sqlite.order_record import SqliteOrderRecord

        def refuse(*arguments):
            raise StorageRefused("the disk is full")

        for word in ("mark_unknown", "reject", "mark_unsent"):
            monkeypatch.setattr(SqliteOrderRecord, word, refuse)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [(500, {}, 11), (400, {"message": "no"}, 5), (401, {}, 4), (429, {}, 13)],
)
def test_a_disk_that_refuses_after_the_order_changes_no_verdict(
    piooy, api, state, monkeypatch, status, body, code
):
    """What the service said holds; doubt is reported as doubt, and never as `nothing was sent`."""
    expect_order(api, body, status=status)
    Reluctant(monkeypatch)

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert (ran.code, len(api.log)) == (code, 1)
    assert "nothing was sent" not in ran.err
    assert code != 11 or "could not be recorded" in ran.err


def test_a_disk_that_refuses_stops_the_rest(piooy, api, state, monkeypatch):
    """The money at risk is what is in flight, not the whole run."""
    expect_order(api, response_data=b"", status=500)
    Reluctant(monkeypatch)

    ran = piooy(*GENERATE, "--no-wait", "-n", "40", "--yes", "x")

    assert ran.code == 11
    assert len(api.log) <= 8


@pytest.mark.parametrize("status", [200, 400, 429])
def test_lone_surrogates_of_a_service_are_no_bug(piooy, api, state, status):
    """Stored as question marks, and the verdict is what it is."""
    expect_order(api, response_data=b'{"code":-1,"message":"bad \\ud800"}', status=status)

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert ran.code == (7 if status == 429 else 5)
    assert rows(state)[0][0] == ("PLANNED" if status == 429 else "REFUSED")


def test_an_order_of_another_machine_can_be_settled(piooy, state, monkeypatch, home):
    """No one can ask that machine: it is listed as in doubt, and the user's decision counts."""
    from piooy_cli.ledger.records import OrderFilters

    ledger = SqliteOrderStore(state, "a")
    entry = ledger.plan(ORDER, b"{}")
    entry.mark_sending()
    ledger.connection.execute("update orders set owner = 'elsewhere:1:2'")

    assert [
        one.task.ref for one in SqliteOrderStore(state, "a").list_orders(OrderFilters(unknown=True))
    ] == ["@row:1"]
    ledger.settle(1, OrderState.WRITTEN_OFF, "me", "")
    assert rows(state) == [("WRITTEN_OFF", None)]


def test_a_disk_that_cannot_be_written_can_be_read(piooy, state, monkeypatch):
    """History is there when the user needs it most."""
    from piooy_cli.ledger.sqlite.order_record import SqliteOrderRecord

    ledger = SqliteOrderStore(state, "default@piooy.com")
    ledger.plan(ORDER, b"{}").mark_sending()
    ledger.connection.execute("update orders set owner = replace(owner, ':', ':9')")
    monkeypatch.setattr(
        SqliteOrderRecord,
        "mark_unknown",
        lambda *a: (_ for _ in ()).throw(StorageRefused("read-only")),
    )

    assert piooy("history").out.startswith("@row:1\tSENDING")

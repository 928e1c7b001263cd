"""`config set cap.day` and `limit.MODEL`: what the user allows, held by all processes together."""

import sqlite3
import time
from datetime import datetime

import pytest

from piooy_cli.config.allowances import rate_of
from piooy_cli.domain.errors import OverLimit, TooSoon, UsageError
from piooy_cli.domain.models import MediaType, Order, RowKey
from piooy_cli.ledger.sqlite.spending_limits import SpendingLimits, period_start
from piooy_cli.ledger.sqlite.store import SqliteOrderStore

ORDER = Order(MediaType.IMAGE, "text-to-image", "p", "m", "a fox")


@pytest.fixture
def ledger(home):
    """One of the user who allows two a day."""
    return SqliteOrderStore(
        home.parent / "state", "default@here", spending=SpendingLimits(most={"day": 2})
    )


def sent(ledger, task_id=None, row=None, order=ORDER):
    """An order that left; accepted, where it has a task."""
    entry = ledger.plan(order, b"{}", row)
    entry.mark_sending()
    if task_id:
        entry.accept(task_id, 200)
    return entry


@pytest.mark.parametrize(
    ("text", "count", "seconds"),
    [
        ("6/min", 6, 60),
        ("2/s", 2, 1),
        ("1/sec", 1, 1),
        ("100/hour", 100, 3600),
        ("5 / day", 5, 86400),
    ],
)
def test_a_rate(text, count, seconds):
    """A number, a stroke, a unit."""
    assert rate_of(text) == (count, seconds)


@pytest.mark.parametrize(
    "text", ["", "6", "0/min", "-1/s", "6/fortnight", "٣/min", "6/min/s", "1e3/s"]
)
def test_what_is_no_rate(text):
    """Nothing is guessed."""
    with pytest.raises(UsageError, match="not a rate limit"):
        rate_of(text)


def test_a_full_day(ledger):
    """The order beyond the cap is not sent, and not written down."""
    sent(ledger, "one")
    sent(ledger, "two")

    with pytest.raises(OverLimit, match=r"cap\.day is 2, and 2 were sent"):
        sent(ledger)
    assert ledger.read("select count(*) as n from orders")[0]["n"] == 2


def test_what_is_on_its_way_may_still_be_refused(ledger):
    """As long as it is, no one is sent away for good; refused, it leaves its place to another."""
    sent(ledger, "one")
    waiting = sent(ledger)

    with pytest.raises(TooSoon):
        sent(ledger)
    waiting.reject("no", 400)
    sent(ledger, "two")
    with pytest.raises(OverLimit):
        sent(ledger)


def test_what_is_in_doubt_counts(ledger):
    """It may have been charged."""
    sent(ledger, "one")
    sent(ledger).mark_unknown("no answer", None)

    with pytest.raises(OverLimit):
        sent(ledger)


def test_a_sender_that_died_is_not_waited_for(ledger):
    """Its order counts; no one waits for its answer."""
    sent(ledger, "one")
    sent(ledger)
    ledger.connection.execute("update orders set owner = 'gone:1:1' where state = 'SENDING'")
    ledger.connection.execute(
        "update orders set owner = replace(owner, 'gone', ?) where state = 'SENDING'",
        (__import__("socket").gethostname(),),
    )

    with pytest.raises(OverLimit):
        sent(ledger)


def test_another_account_has_its_own_day(home):
    """A sandbox's orders, or another key's, do not count."""
    caps = SpendingLimits(most={"day": 1})
    sent(SqliteOrderStore(home.parent / "state", "default@sandbox", spending=caps), "one")
    sent(SqliteOrderStore(home.parent / "state", "default@here", spending=caps), "two")


def test_a_rate_is_shared_and_passes(home):
    """The second process waits as long as the first order is recent; another model does not."""
    caps = SpendingLimits(rates={"m": "1/s"})
    first, second = (
        SqliteOrderStore(home.parent / "state", "default@here", spending=caps) for _ in "12"
    )
    start = time.time()
    sent(first, "one")

    with pytest.raises(TooSoon) as early:
        sent(second)
    assert 0 < early.value.seconds <= 1.01
    sent(second, "other", order=ORDER._replace(model="other"))
    time.sleep(start + 1.05 - time.time())
    sent(second, "two")


def test_a_batch_has_its_own_cap(home):
    """All runs of a batch together; others are free."""
    ledger = SqliteOrderStore(
        home.parent / "state", "default@here", spending=SpendingLimits(of_batch=1)
    )
    sent(ledger, "one", RowKey("b", "r1", b""))

    with pytest.raises(OverLimit, match="--max-tasks is 1"):
        sent(ledger, "two", RowKey("b", "r2", b""))
    sent(ledger, "three", RowKey("c", "r1", b""))
    sent(ledger, "four")


@pytest.mark.parametrize(
    ("period", "now", "begin"),
    [
        ("hour", (2026, 11, 24, 17, 45, 3), (2026, 11, 24, 17)),
        ("day", (2026, 11, 24, 17, 45, 3), (2026, 11, 24)),
        ("month", (2026, 11, 24, 17, 45, 3), (2026, 11, 1)),
    ],
)
def test_when_a_period_begins(period, now, begin):
    """On the clock of this machine."""
    assert datetime.fromtimestamp(period_start(period, datetime(*now))) == datetime(*begin)


def test_a_day_of_25_hours(monkeypatch):
    """The day that a clock is set back begins at its own midnight."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert datetime.fromtimestamp(period_start("day", datetime(2026, 10, 25, 12))).hour == 0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_generate_keeps_to_the_cap(piooy, sandbox):
    """Exit 7, and the server never sees the order."""
    assert piooy("config", "set", "cap.day", "1").code == 0
    assert piooy("generate", "image", "-m", "m", "--no-wait", "fox").code == 0

    ran = piooy("generate", "image", "-m", "m", "--no-wait", "hare")

    assert (ran.code, ran.out) == (7, "")
    assert "cap.day is 1" in ran.err


@pytest.mark.parametrize(
    ("key", "value"),
    [("cap.day", "-1"), ("cap.day", "many"), ("cap.week", "3"), ("limit.m", "often"), ("cap", "3")],
)
def test_what_cannot_be_set(piooy, key, value):
    """Exit 2, and nothing is written."""
    assert piooy("config", "set", key, "--", value).code == 2
    assert piooy("config", "get", key).code != 0


def test_a_limit_for_a_model_with_a_dot(piooy):
    """Names of models have dots."""
    assert piooy("config", "set", "limit.flux-1.1-pro", "6/min").code == 0
    assert piooy("config", "get", "limit.flux-1.1-pro").lines == ["6/min"]


def test_one_row_is_one_order(home):
    """The database itself refuses a second order for a row that was sent."""
    ledger = SqliteOrderStore(home.parent / "state", "default@here")
    row = RowKey("b", "r", b"asked")
    sent(ledger, "one", row)

    with pytest.raises(Exception, match="was sent"):
        sent(ledger, "two", row)
    with pytest.raises(sqlite3.IntegrityError):
        ledger.connection.execute(
            "insert into orders (account, state, created, batch, row, turn)"
            " values ('default@here', 'PLANNED', 0, 'b', 'r', 1)"
        )

"""Changes of the same moment share a commit; none is called kept before it is on disk."""

import asyncio
import sqlite3

import pytest

from piooy_cli.domain.errors import Busy, StorageRefused
from piooy_cli.domain.models import MediaType, Order
from piooy_cli.ledger.sqlite.store import SqliteOrderStore

ORDER = Order(MediaType.IMAGE, "text-to-image", "p", "m", "a fox")


@pytest.fixture
def ledger(home):
    """A ledger, and another process who polls at its file."""
    return SqliteOrderStore(home.parent / "state", "default@here")


def on_disk(ledger):
    """What another process would see."""
    with sqlite3.connect(ledger.path, timeout=0.1) as other:
        found = other.execute("select state from orders order by id").fetchall()
    other.close()
    return [state for (state,) in found]


def commits(ledger):
    """The statements that end a moment, as they come."""
    seen = []
    ledger.connection.set_trace_callback(lambda text: text == "commit" and seen.append(text))
    return seen


def test_orders_of_the_same_moment_share_a_commit(ledger):
    """Twenty that leave together sync the disk once, and none leaves before that."""
    seen = commits(ledger)

    async def leave():
        entry = ledger.plan(ORDER, b"{}")
        entry.mark_sending()
        await entry.flush()
        assert len(on_disk(ledger)) == 20

    async def all_of_them():
        await asyncio.gather(*(leave() for _ in range(20)))

    asyncio.run(all_of_them())
    assert len(seen) == 1


def test_one_that_is_refused_takes_no_other_with_it(ledger):
    """Busy for the second of two with the same row; the first is kept."""
    entry = ledger.plan(ORDER, b"{}")

    async def both():
        entry.mark_sending()
        with pytest.raises(Busy):
            entry.mark_sending()
        await entry.flush()

    asyncio.run(both())
    assert on_disk(ledger) == ["SENDING"]


def test_a_refusal_holds_no_lock(ledger):
    """Where the only change of a moment is refused, other processes can continue."""

    async def refused():
        with pytest.raises(RuntimeError), ledger.commits.deferred():
            raise RuntimeError
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        SqliteOrderStore(ledger.path.parent, "other").plan(ORDER, b"{}").mark_sending()

    asyncio.run(refused())
    assert on_disk(ledger) == ["SENDING"]


def test_a_commit_that_fails_is_told_to_all(ledger):
    """No one of that moment may send."""

    async def leave(entry):
        entry.mark_sending()
        await entry.flush()

    async def both():
        pages = ledger.connection.execute("pragma page_count").fetchone()[0]
        ledger.connection.execute(f"pragma max_page_count = {pages}")
        entries = [ledger.plan(ORDER, b"x" * 4000) for _ in range(9)]
        return await asyncio.gather(*map(leave, entries), return_exceptions=True)

    outcomes = asyncio.run(both())
    assert all(isinstance(outcome, StorageRefused) for outcome in outcomes)
    assert on_disk(ledger) == []


def test_an_id_survives_a_commit_that_fails(ledger):
    """An accepted task is written once more, by itself, before anybody hears of a failure."""

    class Refusing:
        """A connection that refuses the next commit, as a full disk does."""

        def __init__(self, connection):
            self.connection = connection
            self.refusals = 1

        def __getattr__(self, name):
            return getattr(self.connection, name)

        def execute(self, statement, *values):
            if statement == "commit" and self.refusals:
                self.refusals -= 1
                raise sqlite3.OperationalError("disk I/O error")
            return self.connection.execute(statement, *values)

    async def accepted():
        entry = ledger.plan(ORDER, b"{}")
        entry.mark_sending()
        await entry.flush()
        ledger.commits._connection = Refusing(ledger.connection)
        entry.accept("t-paid", 200)
        await entry.flush()

    asyncio.run(accepted())
    assert ledger.find("t-paid") and on_disk(ledger) == ["SUBMITTED"]


def test_what_is_under_way_is_kept_at_the_end(ledger):
    """What no one waits for is on disk when a run is over."""

    async def adopted():
        entry = ledger.plan(ORDER, b"{}")
        entry.mark_sending()
        ledger.commit_pending()

    asyncio.run(adopted())
    assert on_disk(ledger) == ["SENDING"]

"""What every order store promises, whatever it is kept in: the same tests for each of them."""

import asyncio
import time
from contextlib import suppress

import pytest

from piooy_cli.domain.delivery import Check, Delivery
from piooy_cli.domain.errors import Busy, NotFound, PiooyError, StorageRefused, UsageError
from piooy_cli.domain.errors import SubmissionUnknown as Unknown
from piooy_cli.domain.events import Warned
from piooy_cli.domain.inputs import OrderInput, ResultRef
from piooy_cli.domain.models import (
    Asset,
    Kind,
    MediaType,
    Order,
    OrderState,
    ResumeInfo,
    Role,
    RowKey,
    SavedFile,
    Task,
)
from piooy_cli.ledger.best_effort import BestEffortStore
from piooy_cli.ledger.records import OrderFilters
from piooy_cli.ledger.sqlite.spending_limits import SpendingLimits
from piooy_cli.ledger.sqlite.store import SqliteOrderStore

ORDER = Order(MediaType.IMAGE, "text-to-image", "p", "m", "a red fox")
ASSET = Asset(1, "https://example.com/a.png", Kind.IMAGE, Role.RESULT)
INFO = ResumeInfo("/tmp/.piooy-a.part", "digest", '"etag"', 1000)
# What becomes of an order, in the words of its record.
STEPS = {
    "mark_sending": (),
    "mark_unsent": ("why", None),
    "reject": ("why", 400),
    "mark_unknown": ("why", None),
    "accept": ("task-1", 200),
}
# The states that an order is in after these steps, and which steps are allowed from there.
PATHS = {
    OrderState.SENDING: ["mark_sending"],
    OrderState.PLANNED: ["mark_sending", "mark_unsent"],
    OrderState.REFUSED: ["mark_sending", "reject"],
    OrderState.UNKNOWN: ["mark_sending", "mark_unknown"],
    OrderState.SUBMITTED: ["mark_sending", "accept"],
}
ALLOWED = {
    OrderState.PLANNED: {"mark_sending"},
    OrderState.SENDING: {"mark_unsent", "reject", "mark_unknown", "accept"},
}
STORES = {"sqlite": SqliteOrderStore}


@pytest.fixture(params=STORES)
def opened(request, tmp_path):
    """Open a store of this kind, again and again on the same place."""

    def open_store(account="me@here", **how):
        return STORES[request.param](tmp_path / "state", account, **how)

    return open_store


@pytest.fixture
def store(opened):
    """An empty store."""
    return opened()


def taken(record, steps):
    """The record after these steps."""
    for step in steps:
        getattr(record, step)(*STEPS[step])
    return record


def submitted(store, task_id="task-1", row=None, order=ORDER):
    """An order that the service has taken."""
    record = store.plan(order, b"{}", row)
    record.mark_sending()
    record.accept(task_id, 200)
    return record


def state_of(store, record):
    """What is known of an order's charge."""
    return store.order_named(record.ref).state


@pytest.mark.parametrize("state", PATHS)
def test_each_outcome_is_a_state(store, state):
    """The words of a record lead to the state that is drawn for them."""
    record = taken(store.plan(ORDER, b"{}"), PATHS[state])

    assert state_of(store, record) == state


@pytest.mark.parametrize("state", PATHS)
@pytest.mark.parametrize("step", STEPS)
def test_no_other_step_is_allowed(opened, state, step):
    """A step that is not drawn raises and changes nothing; the same outcome again may be silent."""
    store = opened()
    record = taken(store.plan(ORDER, b"{}"), PATHS[state])
    arguments = ("task-2", 200) if step == "accept" else STEPS[step]

    if step in ALLOWED.get(state, ()):
        getattr(record, step)(*arguments)
        assert state_of(store, record) != state
        return
    repeated = step == PATHS[state][-1] and step != "mark_sending"
    with suppress(PiooyError) if repeated else pytest.raises(PiooyError):
        getattr(record, step)(*arguments)
    assert state_of(opened(), record) == state


def test_an_order_is_not_written_down_before_it_is_sent(store):
    """A plan alone is no order: nothing was asked of the service."""
    store.plan(ORDER, b"{}")

    assert list(store.list_orders(OrderFilters())) == []


def test_the_digest_is_of_the_exact_body(store):
    """SHA-256 of the bytes that were sent."""
    record = taken(store.plan(ORDER, b"{}"), ["mark_sending"])

    details = store.order_named(record.ref)
    assert details.digest == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_one_order_is_not_sent_twice(opened):
    """Two processes with the same plan of a row: the second is refused."""
    row = RowKey("b", "r", b"spec")
    first, second = opened().plan(ORDER, b"{}", row), opened().plan(ORDER, b"{}", row)
    first.mark_sending()

    with pytest.raises(PiooyError):
        second.mark_sending()


def test_a_planned_row_is_used_again(store):
    """A row whose order never left has one order, not two."""
    row = RowKey("b", "r", b"spec")
    taken(store.plan(ORDER, b"{}", row), PATHS[OrderState.PLANNED])
    submitted(store, row=row)

    assert len(list(store.list_orders(OrderFilters(batch="b")))) == 1


def test_a_task_belongs_to_one_order(store):
    """The same id for a second order is a doubt about the second, and said."""
    submitted(store)
    record = taken(store.plan(ORDER, b"{}"), ["mark_sending"])

    with pytest.raises(Unknown):
        record.accept("task-1", 200)
    assert state_of(store, record) == OrderState.UNKNOWN


def test_a_flush_returns_when_all_is_on_disk(opened):
    """Another process sees what was flushed."""

    async def send():
        store = opened()
        record = store.plan(ORDER, b"{}")
        record.mark_sending()
        await record.flush()
        return state_of(opened(), record)

    assert asyncio.run(send()) == OrderState.SENDING


@pytest.mark.parametrize("state", [OrderState.PLANNED, OrderState.WRITTEN_OFF])
def test_only_the_user_settles_an_unknown_order(store, state):
    """Who decided, what and why stay with the order."""
    record = taken(store.plan(ORDER, b"{}"), PATHS[OrderState.UNKNOWN])

    store.settle(record.number, state, "me", "because")

    details = store.order_named(record.ref)
    assert details.state == state
    assert [(one["who"], one["what"], one["why"]) for one in details.decisions] == [
        ("me", state, "because")
    ]


@pytest.mark.parametrize("state", [one for one in PATHS if one is not OrderState.UNKNOWN])
def test_nothing_else_is_settled(store, state):
    """An order in any other state is not the user's to decide."""
    record = taken(store.plan(ORDER, b"{}"), PATHS[state])

    with pytest.raises(UsageError):
        store.settle(record.number, OrderState.WRITTEN_OFF, "me", "")


def test_adopting_takes_over_what_was_polled(store):
    """A task that was seen before its order was known belongs to the order afterwards."""
    record = taken(store.plan(ORDER, b"{}"), PATHS[OrderState.UNKNOWN])
    store.observe(Task("lost", "SUCCESS", assets=(ASSET,)))

    store.settle(record.number, OrderState.SUBMITTED, "me", "", "lost")

    details = store.order_named("lost")
    assert (details.number, details.task.assets) == (record.number, (ASSET,))


def test_another_orders_task_is_not_adopted(store):
    """It has an order of its own."""
    submitted(store, "mine")
    record = taken(store.plan(ORDER, b"{}"), PATHS[OrderState.UNKNOWN])

    with pytest.raises(UsageError):
        store.settle(record.number, OrderState.SUBMITTED, "me", "", "mine")


def test_an_end_is_not_taken_back(store):
    """A later poll that says PROCESSING changes nothing."""
    store.observe(Task("t", "SUCCESS", assets=(ASSET,)))
    store.observe(Task("t", "PROCESSING"))

    known = store.find("t")
    assert (known.status, known.assets, known.settled_at is not None) == ("SUCCESS", (ASSET,), True)


def test_files_and_unfinished_files(store):
    """A saved file ends what was remembered of its parts."""
    task = Task("t", "SUCCESS", assets=(ASSET,))
    store.observe(task)
    store.save_resume_info("t", 1, INFO)
    assert (store.resume_info("t", 1), store.saved_file("t", 1)) == (INFO, None)

    store.record_file(SavedFile(task, ASSET, "/tmp/a.png", 10, "ab" * 32))

    assert store.resume_info("t", 1) is None
    assert store.saved_file("t", 1) == ("/tmp/a.png", "ab" * 32)
    (listed,) = store.list_orders(OrderFilters())
    assert [file.path for file in listed.files] == ["/tmp/a.png"]


def test_what_was_delivered_is_kept(store):
    """It comes back as it was, and an order with a mismatch is found; a later download decides."""
    short = Delivery(512, 288, 4.96, True, (Check("size", "1K", '"as_ordered":false', False),))
    good = short._replace(checks=(Check("size", '"as_ordered":false', "x", True),))
    row = RowKey("b", "r", b"s")
    record = store.plan(ORDER, b"{}", row)
    record.mark_sending()
    record.accept("t", 200)
    task = Task("t", "SUCCESS", assets=(ASSET,))
    store.observe(task)
    for delivery, found in ((short, 1), (good, 0), (None, 0), (short, 1)):
        store.record_file(SavedFile(task, ASSET, "/tmp/a.png", 10, "ab" * 32, delivery=delivery))

        (listed,) = store.list_orders(OrderFilters())
        assert listed.files[0].delivery == delivery
        assert len(list(store.list_orders(OrderFilters(short=True)))) == found
        assert store.short_rows("b") == ["r"] * found
    assert store.short_rows("other") == []


def test_an_unfinished_file_is_forgotten(store):
    """Its bytes are of no use."""
    store.observe(Task("t", "SUCCESS", assets=(ASSET,)))
    store.save_resume_info("t", 1, INFO)
    store.delete_resume_info("t", 1)

    assert store.resume_info("t", 1) is None


def test_lists_are_newest_first_and_filtered(store):
    """By status, model, state, age, words and number."""
    submitted(store, "task-a")
    submitted(store, "task-b", order=ORDER._replace(model="other", prompt="a blue hare"))
    taken(store.plan(ORDER, b"{}"), PATHS[OrderState.UNKNOWN])
    store.observe(Task("task-a", "FAILED"))

    def ids(**filters):
        return [one.task.id for one in store.list_orders(OrderFilters(**filters))]

    assert ids() == ["", "task-b", "task-a"]
    assert ids(status="failed") == ["task-a"] and ids(model="other") == ["task-b"]
    assert ids(unknown=True) == [""] and ids(limit=1) == [""]
    assert ids(search="hare") == ["task-b"] and ids(media="video") == []
    assert ids(since=60) == ["", "task-b", "task-a"] and ids(since=-60) == []


def test_references(store):
    """Newest, numbered, by state, by batch, by row and by the beginning of an id."""
    submitted(store, "task-aaa")
    record = submitted(store, "task-abb", RowKey("b", "r", b""))

    assert store.resolve_ref("@last") == store.resolve_ref("task-ab") == ["task-abb"]
    assert store.resolve_ref("@2") == ["task-aaa"]
    assert store.resolve_ref("@batch:b") == store.resolve_ref(record.ref) == ["task-abb"]
    assert store.resolve_ref("@pending") == ["task-abb", "task-aaa"]
    assert store.resolve_ref("unseen") == ["unseen"]
    with pytest.raises(UsageError, match="ambiguous"):
        store.resolve_ref("task-a")
    for ref in ("@3", "@row:99"):
        with pytest.raises(NotFound):
            store.resolve_ref(ref)


def test_tags_of_a_row_that_is_planned_again(store):
    """The order is sent with the tags that the row has then, and no others."""
    row = RowKey("b", "r", b"")
    first = ORDER._replace(tags={"client": "acme", "job": "1"})
    taken(store.plan(first, b"{}", row), PATHS[OrderState.PLANNED])

    submitted(store, "t", row, ORDER._replace(tags={"client": "beta"}))

    assert store.order_named("t").task.tags == {"client": "beta"}
    assert store.newest_order("b", "r").task.tags == {"client": "beta"}


def test_tags_of_an_order_that_is_on_its_way_stay(store):
    """Another process that plans the same row is refused, and has changed nothing."""
    row = RowKey("b", "r", b"")
    taken(store.plan(ORDER._replace(tags={"client": "acme"}), b"{}", row), ["mark_sending"])

    with pytest.raises(Busy):
        store.plan(ORDER, b"{}", row).mark_sending()

    assert store.newest_order("b", "r").task.tags == {"client": "acme"}


def test_adopting_takes_over_tags(store):
    """Those of the task that was polled win, since they were given later."""
    order = ORDER._replace(tags={"client": "acme", "job": "1"})
    record = taken(store.plan(order, b"{}"), PATHS[OrderState.UNKNOWN])
    store.observe(Task("lost", "SUCCESS"))
    store.change_tags("lost", {"client": "beta"})

    store.settle(record.number, OrderState.SUBMITTED, "me", "", "lost")

    assert store.order_named("lost").task.tags == {"client": "beta", "job": "1"}
    assert list(store.integrity_errors()) == []


@pytest.mark.parametrize("row", [None, RowKey("b", "r", b"")], ids=["order", "row"])
def test_pruning_takes_tags_away(store, row):
    """Of an order that is deleted, and of a batch's row of which only the record is kept."""
    submitted(store, "t", row, ORDER._replace(tags={"client": "acme"}))
    store.observe(Task("t", "FAILED"))

    assert (store.prune(time.time() + 1), store.prune(time.time() + 1)) == (1, 0)

    assert store.resolve_ref("@tag:client") == []
    assert list(store.integrity_errors()) == []


def test_changed_tags(store):
    """Set, replaced and removed; what has the tag already does not count."""
    submitted(store, "t-1", RowKey("b", "1", b""), ORDER._replace(tags={"a": "1", "b": "2"}))
    submitted(store, "t-2", RowKey("b", "2", b""))

    done = store.change_tags("@batch:b", {"a": "1", "b": "", "c": "3"})

    assert done == (2, {"a": 1, "b": 1, "c": 2})
    assert store.find("t-1").tags == store.find("t-2").tags == {"a": "1", "c": "3"}


def test_too_many_tags_change_nothing(store):
    """One order of a set would have 21: none of them is changed."""
    submitted(store, "t-1", RowKey("b", "1", b""))
    full = {f"n{n}": "x" for n in range(20)}
    submitted(store, "t-2", RowKey("b", "2", b""), ORDER._replace(tags=full))

    with pytest.raises(UsageError, match="would have 21 tags"):
        store.change_tags("@batch:b", {"client": "acme"})

    assert store.find("t-1").tags == {} and store.find("t-2").tags == full
    assert store.change_tags("t-2", {"client": "acme", "n0": ""}).orders == 1


def test_a_list_reads_its_tags_at_once(store):
    """One query for a page, however many orders have tags."""
    for n in range(5):
        submitted(store, f"t-{n}", order=ORDER._replace(tags={"n": str(n)}))
    queries = []
    store.connection.set_trace_callback(queries.append)

    tags = [one.task.tags for one in store.list_orders(OrderFilters())]

    assert tags == [{"n": str(n)} for n in reversed(range(5))]
    assert len([query for query in queries if "from tags" in query]) == 1


def test_accounts_do_not_see_each_other(opened):
    """Nor is an order of another account named by accident."""
    record = submitted(opened("me@here"))
    other = opened("you@here")

    assert list(other.list_orders(OrderFilters())) == list(other.all_orders()) == []
    with pytest.raises(UsageError, match="me@here"):
        other.order_named(record.ref)


def test_rows_of_a_batch(store):
    """The newest order of each row, those that have not ended, and those that were sent."""
    submitted(store, "t1", RowKey("b", "one", b"1"))
    submitted(store, "t2", RowKey("b", "one", b"2", 2))
    submitted(store, "t3", RowKey("b", "two", b"3"))
    taken(store.plan(ORDER, b"{}", RowKey("b", "three", b"4")), PATHS[OrderState.REFUSED])
    store.observe(Task("t3", "FAILED"))

    newest = store.newest_order("b", "one")
    assert (newest.attempt, newest.spec, newest.task.id) == (2, b"2", "t2")
    assert store.newest_order("b", "four") is None
    assert store.unsettled_rows("b") == ["one", "one"]
    assert list(store.sent_rows("b", but_failed=False)) == [
        ("one", b"2", "t2"),
        ("two", b"3", "t3"),
    ]
    assert list(store.sent_rows("b", but_failed=True)) == [("one", b"2", "t2")]


def test_more_rows_than_fit_a_page(store):
    """All of them, each once, by key."""
    keys = [f"row-{n:04}" for n in range(1200)]
    for key in reversed(keys):
        submitted(store, key, RowKey("b", key, b""))

    assert [one.key for one in store.sent_rows("b", but_failed=False)] == keys


@pytest.mark.parametrize("limits", [{"most": {"day": 1}}, {"of_batch": 1}])
def test_spending_limits_count_what_may_be_charged(opened, limits):
    """The second order is refused before it is sent; one that was not sent does not count."""
    store = opened(spending=SpendingLimits(**limits))
    taken(store.plan(ORDER, b"{}", RowKey("b", "0", b"")), PATHS[OrderState.PLANNED])
    submitted(store, row=RowKey("b", "1", b""))

    with pytest.raises(PiooyError) as refused:
        store.plan(ORDER, b"{}", RowKey("b", "2", b"")).mark_sending()
    assert refused.value.exit_code == 7


def test_durations_are_of_the_same_kind(store):
    """Model, scene, size and provider decide how long a run takes."""
    submitted(store, "t1")
    store.observe(store.find("t1")._replace(status="SUCCESS", took=7.0))
    like = Task("x", scene=ORDER.scene, provider="p", model="m")

    assert store.durations(like) == [7.0]
    assert store.durations(like._replace(model="other")) == []
    (statistics,) = store.run_statistics()
    assert (statistics.model, statistics.succeeded, statistics.took) == ("m", 1, (7.0,))


def test_forgetting_keeps_what_matters(store):
    """What runs, is unknown, or was never saved stays; of a row its texts go, not that it was sent."""
    submitted(store, "running")
    unknown = taken(store.plan(ORDER, b"{}"), PATHS[OrderState.UNKNOWN])
    submitted(store, "unsaved")
    store.observe(Task("unsaved", "SUCCESS", assets=(ASSET,)))
    for name, row in (("gone", None), ("row", RowKey("b", "r", b""))):
        submitted(store, name, row)
        store.observe(Task(name, "FAILED"))

    assert store.prune(time.time() + 60) == 2

    assert store.find("gone") is None
    assert store.find("running") and store.find("unsaved") and store.order_named(unknown.ref)
    assert store.newest_order("b", "r").task.prompt is None


def test_a_store_knows_that_it_is_sound(store, tmp_path):
    """No rule is broken; a saved file that is gone is named."""
    task = Task("t", "SUCCESS", assets=(ASSET,))
    store.observe(task)
    store.record_file(SavedFile(task, ASSET, str(tmp_path / "gone.png"), 1, "00"))

    assert list(store.integrity_errors()) == []
    assert [(one.task_id, one.n) for one in store.damaged_files()] == [("t", 1)]


@pytest.mark.parametrize("error", [StorageRefused("full"), Busy("held")])
def test_best_effort_reports_once_and_goes_on(store, monkeypatch, error):
    """Whatever cannot be read or remembered is reported once; what must not be lost raises."""

    def refuse(*arguments):
        raise error

    for name in ("find", "durations", "observe", "record_file", "saved_file", "resume_info"):
        monkeypatch.setattr(store, name, refuse)
    monkeypatch.setattr(store, "delete_resume_info", refuse)
    said = []
    best_effort = BestEffortStore(store, said.append)

    assert (best_effort.find("t"), best_effort.durations(Task("t"))) == (None, [])
    best_effort.observe(Task("t"))
    assert best_effort.saved_file("t", 1) is best_effort.resume_info("t", 1) is None
    assert [type(one) for one in said] == [Warned]
    with pytest.raises(type(error)):
        best_effort.delete_resume_info("t", 1)


def test_inputs_of_a_row_that_is_planned_again(store):
    """The newest are right, also if there are none; prefixes of both sides are found."""
    hero = OrderInput("image_input", 0, ResultRef("hero", "", 2))
    for inputs, expected in ([hero], [("hero", 2)]), ([], []):
        record = store.plan(ORDER, b"{}", RowKey("b", "one", b"1"), inputs)
        record.mark_sending()
        record.mark_unsent("why", None)
        assert [(one.parent, one.n) for one in store.inputs_of(record.ref)] == expected
        assert [one.child for one in store.made_from("hero")] == [record.ref] * len(expected)


def test_a_file_is_known_by_its_bytes(store):
    """The newest asset that was saved with them, of this account."""
    for task_id in ("first", "second"):
        task = Task(task_id, "SUCCESS", assets=(ASSET,))
        store.observe(task)
        store.record_file(SavedFile(task, ASSET, f"/tmp/{task_id}", 5, "a" * 64))
        time.sleep(0.01)

    assert store.saved_as("a" * 64) == ("second", 1)
    assert store.saved_as("b" * 64) is None


def test_best_effort_without_a_store_plans_nothing():
    """Nothing is sent that cannot be recorded; reading continues."""
    trouble = StorageRefused("no ledger")
    best_effort = BestEffortStore(None, lambda event: None, trouble)

    assert best_effort.find("t") is None and not best_effort.is_available
    best_effort.delete_resume_info("t", 1)
    for use in (lambda: best_effort.plan(ORDER, b"{}"), best_effort.require):
        with pytest.raises(StorageRefused, match="no ledger"):
            use()

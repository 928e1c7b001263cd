"""The history: details of orders, resolving those in doubt, repairing saved files."""

from collections.abc import Iterator, Mapping, Sequence
from getpass import getuser
from typing import TYPE_CHECKING, Any

from piooy_cli.app.context import Context
from piooy_cli.app.lineage import inputs_record
from piooy_cli.app.run_many import run_many
from piooy_cli.domain.errors import NotFound, PiooyError
from piooy_cli.domain.models import OrderState, Task

if TYPE_CHECKING:
    from piooy_cli.ledger.records import DamagedFile, OrderDetails
    from piooy_cli.ledger.statistics import RunStatistics
    from piooy_cli.ledger.store import OrderStore
_TIMES = {"started": "started_at", "ended": "ended_at", "at": "decided_at"}


def store_with(context: Context, ref: str) -> "OrderStore":
    """Return the ledger to find `ref` in. Raises NotFound if nothing was ever sent."""
    store = context.existing_store()
    if store is None:
        raise NotFound(f"{ref} is not in the history: it is empty")
    return store


def settle(store: "OrderStore", order: "OrderDetails", state: OrderState, why: str) -> None:
    """Record the user's decision about an order. Raises UsageError if it is not in doubt."""
    store.settle(order.number, state, _user(), why)


def change_tags(context: Context, ref: str, texts: Sequence[str]) -> Iterator[str]:
    """Change tags of the orders that `ref` names; yield what was changed. Raises UsageError."""
    from piooy_cli.domain.tags import changes_of

    changes = changes_of(texts)
    done = store_with(context, ref).change_tags(ref, changes)
    for name, value in changes.items():
        what = f"{name}={value}: set on" if value else f"{name}: removed from"
        changed = done.changed[name]
        others = f" of {done.orders:,}" if changed < done.orders else ""
        yield f"{what} {changed:,}{others} order{'' if done.orders == 1 else 's'}"


async def adopt(
    context: Context, store: "OrderStore", order: "OrderDetails", task_id: str, why: str
) -> Task:
    """Link an order in doubt to a task, after the API has confirmed that the task exists."""
    async with context.api() as api:
        task = await api.task(order.task._replace(id=task_id, assets=()))
    store.settle(order.number, OrderState.SUBMITTED, _user(), why, task_id)
    store.observe(task)
    return task


async def repair(context: Context, damaged: "Sequence[DamagedFile]") -> None:
    """Download files again, each under its own name if that is free, else beside it."""
    from piooy_cli.downloads.naming import Target
    from piooy_cli.downloads.options import MetadataMode, SaveOptions

    mode = MetadataMode(context.settings.metadata)
    async with context.pipeline() as pipeline:

        async def one(file: "DamagedFile") -> None:
            saver = pipeline.saver(
                SaveOptions(Target.exactly(file.path), covers=True, metadata=mode)
            )
            task = pipeline.known(file.task_id) or await pipeline.look(file.task_id, sure=True)
            await pipeline.fetch(task, saver, only=file.n)

        await run_many(context, one, damaged, at_once=4)


def statistics_by_model(context: Context) -> "dict[str, RunStatistics]":
    """Return the statistics of each model; empty if there is no usable ledger."""
    from piooy_cli.ledger.statistics import by_model

    try:
        store = context.existing_store()
        return by_model(store.run_statistics()) if store else {}
    except PiooyError:
        return {}


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown user"


def details_record(order: "OrderDetails") -> dict[str, Any]:
    """Return everything that is known about an order, for programs; keys are only ever added."""
    from piooy_cli.domain.records import shown_record

    return shown_record(order.task, order.files) | {
        "row": order.number,
        "state": str(order.state),
        "digest": order.digest,
        "attempts": [_with_times(one) for one in order.attempts],
        "decisions": [_with_times(one) for one in order.decisions],
        "inputs": inputs_record(order.inputs),
    }


def _with_times(record: Mapping[str, Any]) -> dict[str, Any]:
    """Add each time in ISO 8601 to the one in Unix seconds."""
    from datetime import UTC, datetime

    times = {
        name: datetime.fromtimestamp(record[of], UTC).isoformat(timespec="seconds")
        for of, name in _TIMES.items()
        if record.get(of) is not None
    }
    return dict(record) | times

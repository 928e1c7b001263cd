"""What changes the history: settling an order in doubt, and fetching files that are damaged."""

from collections.abc import Sequence
from dataclasses import replace
from getpass import getuser
from typing import TYPE_CHECKING

from piooy_cli.app.context import Context
from piooy_cli.app.run_many import run_many
from piooy_cli.domain.errors import NotFound, PiooyError
from piooy_cli.domain.models import OrderState, Task

if TYPE_CHECKING:
    from piooy_cli.ledger.records import DamagedFile, OrderDetails
    from piooy_cli.ledger.statistics import RunStatistics
    from piooy_cli.ledger.store import OrderStore


def store_with(context: Context, ref: str) -> "OrderStore":
    """The ledger in which to look for `ref`. Raises NotFound where nothing was ever sent."""
    store = context.existing_store()
    if store is None:
        raise NotFound(f"{ref} is not in the history, which is empty")
    return store


def settle(store: "OrderStore", order: "OrderDetails", state: OrderState, why: str) -> None:
    """Record the user's decision about an order in doubt. Raises UsageError where there is none."""
    store.settle(order.number, state, _user(), why)


async def adopt(
    context: Context, store: "OrderStore", order: "OrderDetails", task_id: str, why: str
) -> Task:
    """Link an order in doubt to its task, once the API has confirmed that there is one."""
    async with context.api() as api:
        task = await api.task(replace(order.task, id=task_id, assets=()))
    store.settle(order.number, OrderState.SUBMITTED, _user(), why, task_id)
    store.observe(task)
    return task


async def repair(context: Context, damaged: "Sequence[DamagedFile]") -> None:
    """Fetch files again, each under its own name where that is free, else beside it."""
    from piooy_cli.downloads.naming import Target
    from piooy_cli.downloads.options import SaveOptions

    async with context.pipeline() as pipeline:

        async def one(file: "DamagedFile") -> None:
            saver = pipeline.saver(SaveOptions(Target.exactly(file.path), covers=True))
            task = pipeline.known(file.task_id) or await pipeline.look(file.task_id, sure=True)
            await pipeline.fetch(task, saver, only=file.n)

        await run_many(context, one, damaged, at_once=4)


def statistics_by_model(context: Context) -> "dict[str, RunStatistics]":
    """What past runs say of each model that was used; nothing if there is no usable ledger."""
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

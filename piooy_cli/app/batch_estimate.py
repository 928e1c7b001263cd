"""Estimating how long the orders of a batch take."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from piooy_cli.app.context import Context

if TYPE_CHECKING:
    from piooy_cli.batch.prepare import Batch
    from piooy_cli.domain.models import Order
    from piooy_cli.ledger.store import OrderStore


_SAMPLE = 200  # rows that tell how long all of them take


def usual_duration(context: Context, store: "OrderStore") -> "Callable[[Order], float]":
    """Return a function that estimates an order's seconds from past runs and the catalogue."""
    from functools import lru_cache

    from piooy_cli.domain.models import Task
    from piooy_cli.tasks.poll_schedule import expectation_from

    @lru_cache(maxsize=1000)
    def usual(media: str, scene: str, provider: str, model: str, size: str) -> float:
        task = Task("", media=media, scene=scene, provider=provider, model=model, size=size)
        typical = context.catalogue.typical_seconds(model, media)
        return expectation_from(store.durations(task), typical).middle

    return lambda order: usual(order.media, order.scene, order.provider, order.model, order.size)


def seconds_per_row(context: Context, store: "OrderStore", batch: "Batch") -> float | None:
    """Estimate the seconds of a row from the next rows; None if there are none."""
    usual = usual_duration(context, store)
    seconds = [usual(row.order) for row in batch.row_store.open_rows(0, _SAMPLE)]
    return sum(seconds) / len(seconds) if seconds else None

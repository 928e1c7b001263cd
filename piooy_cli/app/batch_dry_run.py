"""`batch --dry-run`: the requests that would be sent, their number, and an estimated duration."""

from typing import TYPE_CHECKING

from piooy_cli.app.context import Context
from piooy_cli.domain.events import Noticed

if TYPE_CHECKING:
    from piooy_cli.app.batch_options import BatchOptions
    from piooy_cli.batch.prepare import Batch
    from piooy_cli.ledger.store import OrderStore


def dry_run_batch(
    context: Context, store: "OrderStore", batch: "Batch", options: "BatchOptions"
) -> None:
    """Print each request, and a summary to stderr."""
    from itertools import islice

    from piooy_cli.app.batch_estimate import usual_duration
    from piooy_cli.batch.row_state import next_attempt

    rows, sent = batch.row_store.count(), 0
    pending = (
        row
        for row in batch.row_store.every_open()
        if next_attempt(row, store.newest_order(batch.name, row.key), options.plan) is not None
    )
    seconds, usual = 0.0, usual_duration(context, store)
    for row in islice(pending, options.plan.limit):
        sent += 1
        seconds += usual(row.order)
        context.output.document({"row": row.key} | row.order.to_dict())
    length = f"about {seconds / options.plan.concurrency / 60:.0f} min with "
    length += f"{options.plan.concurrency} at once"
    others = f", {rows - sent:,} not" if rows > sent else ""
    count = f"{sent:,} of {rows:,} rows would be sent{others}"
    context.tell(Noticed(f"batch {batch.name}: {count}; {length}"))

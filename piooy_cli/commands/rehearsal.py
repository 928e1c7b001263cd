"""`--dry-run` of a batch: the requests that would be sent, how many, and how long it may take."""

from typing import TYPE_CHECKING

from piooy_cli.events import Noticed
from piooy_cli.session import Session

if TYPE_CHECKING:
    from piooy_cli.batch.opening import Batch
    from piooy_cli.commands.batching import Wanted
    from piooy_cli.ledger import Ledger


def rehearse(session: Session, ledger: "Ledger", batch: "Batch", wanted: "Wanted") -> None:
    """Print each request; count them for a person."""
    from itertools import islice

    from piooy_cli.api.wire import order_fields
    from piooy_cli.batch.turns import turn_of
    from piooy_cli.commands.batching import usual_seconds
    from piooy_cli.ledger.batches import newest

    rows, sent = batch.spool.count(), 0
    wanting = (
        row
        for row in batch.spool.every_open()
        if turn_of(row, newest(ledger, batch.name, row.key), wanted.plan) is not None
    )
    seconds, usual = 0.0, usual_seconds(session, ledger)
    for row in islice(wanting, wanted.plan.limit):
        sent += 1
        seconds += usual(row.order)
        session.output.document({"row": row.key} | order_fields(row.order))
    length = f"about {seconds / wanted.plan.concurrency / 60:.0f} min with "
    length += f"{wanted.plan.concurrency} at once"
    others = f", {rows - sent:,} not" if rows > sent else ""
    count = f"{sent:,} of {rows:,} rows would be sent{others}"
    session.tell(Noticed(f"batch {batch.name}: {count}; {length}"))

"""Statistics of past runs by model."""

from collections.abc import Sequence
from itertools import chain, groupby
from typing import TYPE_CHECKING

from piooy_cli.domain.models import FAILED, SUCCEEDED
from piooy_cli.ledger.sqlite.database import Database
from piooy_cli.ledger.sqlite.filters import tagged
from piooy_cli.ledger.statistics import RunStatistics

if TYPE_CHECKING:
    from piooy_cli.domain.tags import TagFilter

_OVER = ", ".join(f"'{status}'" for status in sorted(SUCCEEDED | FAILED))


def run_statistics(
    db: Database, model: str | None = None, tags: "Sequence[TagFilter]" = ()
) -> Sequence[RunStatistics]:
    """Return the statistics of every model, scene and size, or of one model, sorted by name.

    `tags`: only of the orders that have all of them.
    """
    conditions = [tagged(tag) for tag in tags]
    of_tags = "".join(f" and {condition}" for condition, _ in conditions)
    query = (
        "select model, scene, size, status, took from orders where account = ?"
        f" and model is not null and (? is null or model = ?) and status in ({_OVER})"
        f"{of_tags}"
        " order by model, scene, size"
    )
    rows = db.read(query, db.account, model, model, *chain(*(values for _, values in conditions)))
    found = []
    for kind, group in groupby(rows, key=lambda row: (row["model"], row["scene"], row["size"])):
        alike = list(group)
        succeeded = sum(row["status"] in SUCCEEDED for row in alike)
        took = sorted(row["took"] for row in alike if row["took"] is not None)
        found.append(RunStatistics(*kind, len(alike), succeeded, tuple(took)))
    return found

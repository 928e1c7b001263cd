"""Statistics of past runs by model."""

from collections.abc import Sequence
from itertools import groupby

from piooy_cli.domain.models import FAILED, SUCCEEDED
from piooy_cli.ledger.sqlite.database import Database
from piooy_cli.ledger.statistics import RunStatistics

_OVER = ", ".join(f"'{status}'" for status in sorted(SUCCEEDED | FAILED))


def run_statistics(db: Database, model: str | None = None) -> Sequence[RunStatistics]:
    """Return the statistics of every model, scene and size, or of one model, sorted by name."""
    query = (
        "select model, scene, size, status, took from orders where account = ?"
        f" and model is not null and (? is null or model = ?) and status in ({_OVER})"
        " order by model, scene, size"
    )
    rows = db.read(query, db.account, model, model)
    found = []
    for kind, group in groupby(rows, key=lambda row: (row["model"], row["scene"], row["size"])):
        alike = list(group)
        succeeded = sum(row["status"] in SUCCEEDED for row in alike)
        took = sorted(row["took"] for row in alike if row["took"] is not None)
        found.append(RunStatistics(*kind, len(alike), succeeded, tuple(took)))
    return found

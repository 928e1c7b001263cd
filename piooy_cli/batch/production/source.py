"""A production as the source of a batch's rows."""

from collections.abc import Iterator, Sequence

from piooy_cli.batch.manifest_lines import BadLine
from piooy_cli.batch.rows import BatchRow, digest_of


class ProductionRows:
    """Rows that are known before the batch begins."""

    is_known = True

    def __init__(self, label: str, name: str, rows: Sequence[BatchRow]) -> None:
        self.label = label
        self._name = name
        self._rows = rows

    def name(self) -> str:
        """Return the batch's name."""
        return self._name

    def digest(self) -> str:
        """Return the digest of all nodes, with their names, places and tags."""
        rows = [[row.key, row.name, row.output, dict(row.order.tags)] for row in self._rows]
        return digest_of(rows).hex()

    def rows(self) -> Iterator[BatchRow | BadLine]:
        """Yield the rows."""
        return iter(self._rows)

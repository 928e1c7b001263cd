"""What a production remembers between runs: what it sent under which name, and what was forced.

It explains the next plan. Only the ledger decides what is sent.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from piooy_cli.batch.production.nodes import NodeRow
from piooy_cli.batch.production.planning import KnownNode
from piooy_cli.domain.records import stored_json
from piooy_cli.files.reading import read_small
from piooy_cli.files.writing import write_private

_MOST = 64 << 20  # bytes


class ProductionMemory(NamedTuple):
    """`forced`: nodes of a run that was cut off, by name, and how often they were forced then."""

    nodes: Mapping[str, KnownNode] = {}
    forced: Mapping[str, int] = {}

    @classmethod
    def read(cls, path: Path) -> "ProductionMemory":
        """Read the memory; an unreadable one is empty. Raises UsageError if it is not ours."""
        try:
            value: Any = json.loads(read_small(path, _MOST))
            nodes = {name: KnownNode(one[0], one[1]) for name, one in value["nodes"].items()}
            return cls(nodes, {name: int(n) for name, n in value["forced"].items()})
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
            return cls()

    def write(self, path: Path) -> None:
        """Replace the memory. Raises StorageRefused."""
        nodes = {name: list(one) for name, one in self.nodes.items()}
        write_private(path, stored_json({"nodes": nodes, "forced": dict(self.forced)}))

    def after(self, nodes: Iterable[NodeRow], sent: frozenset[str]) -> "ProductionMemory":
        """Return the memory with the nodes that were sent by now."""
        new = {
            one.row.name: KnownNode(one.row.key, one.row.order.to_dict())
            for one in nodes
            if one.row.key in sent
        }
        return self._replace(nodes={**self.nodes, **new})

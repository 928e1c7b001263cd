"""Rows of a manifest, and rows of a sweep, as a batch takes them."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from piooy_cli.batch import sweep
from piooy_cli.batch.manifest import Manifest, name_of
from piooy_cli.batch.manifest_format import ManifestFormat, manifest_rows
from piooy_cli.batch.manifest_lines import BadLine
from piooy_cli.batch.row_builder import RowBuilder
from piooy_cli.batch.rows import BatchRow, spec_digest
from piooy_cli.batch.sweep import Axis
from piooy_cli.domain.records import compact
from piooy_cli.requests.builder import RequestSpec


class ManifestRows:
    """A file is known by its bytes before it is checked, a pipe only when it was read."""

    def __init__(
        self, manifest: Manifest, form: ManifestFormat | None, checker: RowBuilder, name: str | None
    ) -> None:
        self._manifest = manifest
        self._form = form
        self._checker = checker
        self._name = name
        self._digest: str | None = None
        self.label = manifest.label
        self.is_known = manifest.is_file

    def name(self) -> str:
        """As given, of the file's place, or of what came through a pipe."""
        return name_of(self._manifest, self._name, self._manifest.digest)

    def digest(self) -> str:
        """Of the bytes, and how they are to be read."""
        if self._digest is None and self._manifest.is_file:
            self._digest = self._manifest.read_through()
        return f"{self._digest or self._manifest.digest} {self._form}"

    def rows(self) -> Iterator[BatchRow | BadLine]:
        """Each line checked."""
        pieces = self._manifest.pieces()
        return self._checker.rows(manifest_rows(pieces, self._form, self._manifest.source))


class SweepRows:
    """A sweep is known by what all its cells have in common, and by the names of its axes.

    So a longer axis is the same sweep, and what was paid for is not bought again.
    """

    is_known = True
    label = "the sweep"

    def __init__(
        self,
        asked: RequestSpec,
        axes: Sequence[Axis],
        checker: RowBuilder,
        zipped: bool,
        name: str | None,
    ) -> None:
        self._asked = asked
        self._axes = axes
        self._checker = checker
        self._zipped = zipped
        self._name = name

    def name(self) -> str:
        """As given, or of what it varies."""
        common = spec_digest(sweep.without_axes(self._asked, self._axes))
        names = compact(sorted(axis.name for axis in self._axes)).encode()
        return self._name or f"sweep-{hashlib.sha256(common + names).hexdigest()[:8]}"

    def digest(self) -> str:
        """Of all cells."""
        cells: Any = [list(axis) for axis in self._axes]
        text = spec_digest(self._asked).hex() + compact([cells, self._zipped])
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

    def rows(self) -> Iterator[BatchRow | BadLine]:
        """A row for each cell."""
        return self._checker.cells(self._asked)

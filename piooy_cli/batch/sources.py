"""The sources of a batch's rows: a manifest or a sweep."""

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
from piooy_cli.domain.records import stored_json
from piooy_cli.requests.builder import RequestSpec


class ManifestRows:
    """A manifest as a source; the digest of a pipe is known only after it was read."""

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
        """Return the batch's name: as given, or from the file's path or the pipe's content."""
        return name_of(self._manifest, self._name, self._manifest.digest)

    def digest(self) -> str:
        """Return the digest of the bytes and the format."""
        if self._digest is None and self._manifest.is_file:
            self._digest = self._manifest.read_through()
        return f"{self._digest or self._manifest.digest} {self._form}"

    def rows(self) -> Iterator[BatchRow | BadLine]:
        """Yield the rows, each line checked."""
        pieces = self._manifest.pieces()
        return self._checker.rows(manifest_rows(pieces, self._form, self._manifest.source))


class SweepRows:
    """A sweep as a source, identified by what its cells share and the names of its axes.

    So a sweep with a longer axis is the same one, and no cell is paid for twice.
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
        """Return the batch's name: as given, or from the axes."""
        common = spec_digest(sweep.without_axes(self._asked, self._axes))
        names = stored_json(sorted(axis.name for axis in self._axes)).encode()
        return self._name or f"sweep-{hashlib.sha256(common + names).hexdigest()[:8]}"

    def digest(self) -> str:
        """Return the digest of all cells."""
        cells: Any = [list(axis) for axis in self._axes]
        text = spec_digest(self._asked).hex() + stored_json([cells, self._zipped])
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

    def rows(self) -> Iterator[BatchRow | BadLine]:
        """Yield a row for each cell."""
        return self._checker.cells(self._asked)

"""Building rows from a manifest or a sweep: each one is checked, none is sent."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from piooy_cli.batch import sweep
from piooy_cli.batch.manifest_lines import BadLine, RawRow
from piooy_cli.batch.row_paths import RowPaths
from piooy_cli.batch.rows import BatchRow, content_key, spec_digest, spec_of
from piooy_cli.batch.sweep import Axis
from piooy_cli.domain.errors import PiooyError, UsageError
from piooy_cli.requests.builder import RequestBuilder, RequestSpec
from piooy_cli.requests.presets import filled

_LONGEST_ID = 200
_MOST_CELLS = 1_000_000  # of a row: all are written down before a person is asked


class RowBuilder:
    """Completes rows with the defaults of the command line. `paths`: for a manifest's rows.

    The prompt of the defaults is a preset's, which may have a gap for that of each row.
    """

    def __init__(
        self,
        asking: RequestBuilder,
        defaults: RequestSpec,
        axes: Sequence[Axis] = (),
        *,
        zipped: bool = False,
        paths: RowPaths | None = None,
    ) -> None:
        self._asking = asking
        self._defaults = defaults._replace(prompt="")
        self._template = defaults.prompt
        self._axes = axes
        self._zipped = zipped
        self._paths = paths
        sweep.cells_of(axes, zipped=zipped)  # what is wrong with the axes is no row's fault
        if (cells := sweep.count_of(axes, zipped=zipped)) > _MOST_CELLS:
            raise UsageError(f"--vary makes {cells:,} cells; the limit is {_MOST_CELLS:,}")
        self._outputs: set[str] = set()
        self._count = 0

    def rows(self, raw: Iterable[RawRow | BadLine]) -> Iterator[BatchRow | BadLine]:
        """Yield a manifest's rows, each keyed by its id or by its content."""
        for line in raw:
            if isinstance(line, BadLine):
                yield line
                continue
            try:
                yield from self._checked(line)
            except PiooyError as error:
                yield BadLine(line.line, error.message)

    def cells(self, asked: RequestSpec) -> Iterator[BatchRow]:
        """Yield a sweep's rows, each keyed by its content. Raises UsageError for an invalid one."""
        for values in sweep.cells_of(self._axes, zipped=self._zipped):
            cell = self._settled(sweep.in_cell(asked, self._axes, values))
            key = f"sha:{spec_digest(cell).hex()}"
            yield self._row(0, key, cell, None, sweep.labels_of(values))

    def _checked(self, raw: RawRow) -> Iterator[BatchRow | BadLine]:
        fields = raw.fields
        key = fields.get("id") or content_key(fields)
        if fields.get("id", "").lower().startswith("sha:"):
            yield BadLine(raw.line, "id begins with sha:, which is reserved for rows without an id")
            return
        if len(key) > _LONGEST_ID:
            yield BadLine(raw.line, f"id is longer than {_LONGEST_ID} characters")
            return
        output = self._output(fields)
        if self._paths and self._asking.inline:
            self._paths.check_inputs(fields)
        asked = spec_of(fields).over(self._defaults)
        if not self._axes:
            yield self._row(raw.line, key, self._settled(asked), output)
            return
        for values in sweep.cells_of(self._axes, zipped=self._zipped):
            cell = self._settled(sweep.in_cell(asked, self._axes, values))
            place = sweep.place_of(self._axes, values)
            yield self._row(raw.line, f"{key} {place}", cell, output, sweep.labels_of(values))

    def _settled(self, asked: RequestSpec) -> RequestSpec:
        prompt = filled(self._template, asked.prompt)
        return self._asking.settled(asked._replace(prompt=prompt))

    def _row(
        self,
        line: int,
        key: str,
        asked: RequestSpec,
        output: str | None,
        cell: tuple[str, ...] = (),
    ) -> BatchRow:
        order = self._asking.order(asked)
        self._count += 1
        return BatchRow(self._count, line, key, spec_digest(asked), order, output, cell)

    def _output(self, fields: dict[str, Any]) -> str | None:
        output: str | None = fields.get("output")
        if self._paths and output is not None and output not in self._outputs:
            self._paths.check_output(output)
            if len(self._outputs) < 1000:
                self._outputs.add(output)
        return output

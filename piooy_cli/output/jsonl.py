"""Results for programs: JSON Lines, one object for each item, or the output of --jq."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, assert_never

from piooy_cli.domain.answers import CommandResult, Document, Line, Listing
from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.events import Event, Saved, Settled, Shown, Submitted
from piooy_cli.domain.models import Task
from piooy_cli.domain.records import compact, shown_record, task_record
from piooy_cli.output.sanitize import escaped_json, sanitize
from piooy_cli.output.streams import LineStream, is_terminal

# Valid in JSON, but some readers of lines break at them.
_LINE_BREAKS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


class JsonWriter:
    """Writes to stdout."""

    def __init__(
        self,
        lines: LineStream,
        fields: Sequence[str] = (),
        filter_: Callable[[Any], list[Any]] | None = None,
    ) -> None:
        self._lines = lines
        self._fields = fields
        self._filter = filter_

    def item(self, event: Event) -> None:
        """Write one result as soon as it exists. An error of --jq names the task."""
        match event:
            case Saved(file):
                self._write_of(file.task, task_record(file.task, [file]))
            case Shown(task, files):
                self._write_of(task, shown_record(task, files, self._fields))
            case Submitted(task) | Settled(task):
                self._write_of(task, task_record(task))

    def _write_of(self, task: Task, record: dict[str, Any]) -> None:
        try:
            self._write(record)
        except PiooyError as error:
            raise error.about(task.id or task.ref or "", "task") from None

    def answer(self, answer: CommandResult) -> None:
        """Write the result of a command."""
        match answer:
            case Listing(records=records):
                for record in records:
                    self._write(record)
            case Line(record=record):
                self._write(record)
            case Document(value):
                self._write(value)
            case _:
                assert_never(answer)

    def close(self) -> None:
        """Do nothing: results are written at once."""

    def _write(self, record: Any) -> None:
        for value in [record] if self._filter is None else self._filter(record):
            raw = self._filter is not None and isinstance(value, str)
            self._lines.write(self._shown(value if raw else compact(value), raw))

    def _shown(self, text: str, raw: bool) -> str:
        """Return text unchanged for programs, sanitized for a terminal."""
        if not is_terminal(sys.stdout):
            return text if raw else text.translate(_LINE_BREAKS)
        return sanitize(text) if raw else escaped_json(text)

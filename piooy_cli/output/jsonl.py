"""Results for programs: JSON Lines, one object for each item, or the output of --jq."""

from collections.abc import Callable, Sequence
from typing import Any, assert_never

from piooy_cli.domain.answers import CommandResult, Document, Line, Listing
from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.escaping import json_text
from piooy_cli.domain.events import Event, Saved, Settled, Shown, Submitted
from piooy_cli.domain.models import Task
from piooy_cli.domain.records import shown_record, task_record
from piooy_cli.output.streams import LineStream


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
            is_text = self._filter is not None and isinstance(value, str)
            self._lines.write(value if is_text else json_text(value))

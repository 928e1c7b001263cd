"""Results for pipes: one item per line, fields separated by tabs, as the next command reads."""

from collections.abc import Sequence
from typing import assert_never

from piooy_cli.domain.answers import CommandResult, Document, Line, Listing
from piooy_cli.domain.escaping import json_text
from piooy_cli.domain.events import Event, Saved, Settled, Shown, Submitted
from piooy_cli.domain.models import Task, TaskStatus
from piooy_cli.domain.records import cells as cells_of
from piooy_cli.domain.records import shown_record
from piooy_cli.output.sanitize import sanitize
from piooy_cli.output.streams import LineStream

_COLORS: dict[str, int] = {TaskStatus.SUCCESS: 32, TaskStatus.FAILED: 31, TaskStatus.ERROR: 31}
_OTHER_COLOR = 33


class PlainWriter:
    """Writes to stdout."""

    def __init__(
        self, lines: LineStream, fields: Sequence[str] = (), colored: bool = False
    ) -> None:
        self._lines = lines
        self._fields = fields
        self._colored = colored

    def item(self, event: Event) -> None:
        """Write one result as soon as it exists."""
        match event:
            case Saved(file):
                self._lines.write_value(file.path)
            case Submitted(task) | Settled(task):
                self._lines.write(task.id)
            case Shown(task, files):
                record = shown_record(task, files, self._fields)
                cells = map(sanitize, cells_of(record)) if self._fields else fields_of(task)
                self._lines.write_styled("\t".join(self._painted(cell, task) for cell in cells))

    def answer(self, answer: CommandResult) -> None:
        """Write the result of a command."""
        match answer:
            case Listing(rows=rows):
                for row in rows:
                    self._lines.write("\t".join(map(sanitize, row)))
            case Line(text=text):
                self._lines.write_value(text)
            case Document(value):
                self._lines.write(json_text(value))
            case _:
                assert_never(answer)

    def close(self) -> None:
        """Do nothing: results are written at once."""

    def _painted(self, cell: str, task: Task) -> str:
        """Color the status, if the user forces color into a pipe."""
        if not self._colored or cell != task.status:
            return cell
        return f"\x1b[{_COLORS.get(cell, _OTHER_COLOR)}m{cell}\x1b[0m"


def fields_of(task: Task) -> list[str]:
    """Return id, status, media type and model, as scripts read them."""
    return [
        sanitize(value or "")
        for value in (task.id or task.ref, task.status, task.media, task.model)
    ]

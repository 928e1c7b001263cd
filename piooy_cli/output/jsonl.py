"""Results for programs: JSON Lines, one object for each item, or what --jq makes of it."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, assert_never

from piooy_cli.answers import Answer, Document, Line, Listing, Page
from piooy_cli.events import Event, Saved, Settled, Shown, Submitted
from piooy_cli.output.records import compact, shown_record, task_record
from piooy_cli.output.sanitize import sanitize
from piooy_cli.output.streams import Lines
from piooy_cli.terminal import is_terminal


class JsonLines:
    """Writes to stdout."""

    def __init__(
        self,
        lines: Lines,
        fields: Sequence[str] = (),
        filter_: Callable[[Any], list[Any]] | None = None,
    ) -> None:
        self._lines = lines
        self._fields = fields
        self._filter = filter_

    def item(self, event: Event) -> None:
        """One result, as soon as it exists."""
        match event:
            case Saved(file):
                self._write(task_record(file.task, [file]))
            case Shown(task, files):
                self._write(shown_record(task, files, self._fields))
            case Submitted(task) | Settled(task):
                self._write(task_record(task))

    def answer(self, answer: Answer) -> None:
        """A whole answer."""
        match answer:
            case Listing(records=records):
                for record in records:
                    self._write(record)
            case Line(record=record):
                self._write(record)
            case Document(value):
                self._write(value)
            case Page(text):
                self._write({"text": text})
            case _:
                assert_never(answer)

    def close(self) -> None:
        """Nothing is held back here."""

    def _write(self, record: Any) -> None:
        for value in [record] if self._filter is None else self._filter(record):
            raw = self._filter is not None and isinstance(value, str)
            self._lines.write(_shown(value) if raw else compact(value))


def _shown(text: str) -> str:
    """Text as it is for a program; harmless for a terminal."""
    return sanitize(text) if is_terminal(sys.stdout) else text

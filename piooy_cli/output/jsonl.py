"""Results for programs: JSON Lines, one object for each item."""

from typing import assert_never

from piooy_cli.answers import Answer, Document, Line, Listing, Page
from piooy_cli.events import Event, Saved, Settled, Shown, Submitted
from piooy_cli.output.records import compact, task_record
from piooy_cli.output.streams import Lines


class JsonLines:
    """Writes to stdout."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def item(self, event: Event) -> None:
        """One result, as soon as it exists."""
        match event:
            case Saved(file):
                self._lines.write(compact(task_record(file.task, [file])))
            case Submitted(task) | Settled(task) | Shown(task):
                self._lines.write(compact(task_record(task)))

    def answer(self, answer: Answer) -> None:
        """A whole answer."""
        match answer:
            case Listing(records=records):
                for record in records:
                    self._lines.write(compact(record))
            case Line(record=record):
                self._lines.write(compact(record))
            case Document(value):
                self._lines.write(compact(value))
            case Page(text):
                self._lines.write(compact({"text": text}))
            case _:
                assert_never(answer)

    def close(self) -> None:
        """Nothing is held back here."""

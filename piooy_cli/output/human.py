"""Results for eyes, on a terminal: cards and tables. Text from outside is never markup."""

import json
from typing import Any, assert_never

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from piooy_cli.answers import Answer, Document, Line, Listing, Page
from piooy_cli.events import Event, Shown
from piooy_cli.models import Task
from piooy_cli.output.plain import Plain
from piooy_cli.output.sanitize import redact, sanitize
from piooy_cli.output.streams import Lines

_PROMPT_CELLS = 60
_STYLES = {"SUCCESS": "green", "FAILED": "red", "ERROR": "red"}


class Human:
    """Writes to a terminal. Paths and ids are plain lines here too: they get copied."""

    def __init__(self, lines: Lines, console: Console, secrets: list[str]) -> None:
        self._lines = lines
        self._console = console
        self._secrets = secrets
        self._shown: list[Task] = []

    def item(self, event: Event) -> None:
        """One result; tasks that are to be seen wait for each other, to make one table."""
        if isinstance(event, Shown):
            self._shown.append(event.task)
        else:
            Plain(self._lines).item(event)

    def answer(self, answer: Answer) -> None:
        """A whole answer."""
        match answer:
            case Listing(columns, rows, _):
                self._print(self._table(list(columns), [list(row) for row in rows]))
            case Document(value):
                self._lines.write(json.dumps(value, indent=2))
            case Line() | Page():
                Plain(self._lines).answer(answer)
            case _:
                assert_never(answer)

    def close(self) -> None:
        """Show the tasks that were collected."""
        tasks, self._shown = self._shown, []
        if len(tasks) == 1:
            self._card(tasks[0])
        elif tasks:
            rows = [_table_row(task) for task in tasks]
            self._print(self._table(["id", "status", "media", "model", "prompt"], rows))

    def _print(self, renderable: Any) -> None:
        self._console.print(renderable)

    def _text(self, value: str, style: str = "") -> Text:
        return Text(redact(sanitize(value), self._secrets), style=style)

    def _table(self, columns: list[str], rows: list[list[str]]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(self._text(cell, _STYLES.get(cell, "")) for cell in row))
        return table

    def _card(self, task: Task) -> None:
        """One row a fact, not wrapped: addresses get copied."""
        for name, value in _card_rows(task):
            row = Text.assemble((f"{name:<10}", "dim"), self._text(value, _STYLES.get(value, "")))
            self._console.print(row, soft_wrap=True)


def _table_row(task: Task) -> list[str]:
    prompt = (task.prompt or "")[:_PROMPT_CELLS]
    return [task.id or task.ref or "", task.status, task.media or "", task.model or "", prompt]


def console(stream: Any, color: bool) -> Console:
    """A rich console for one stream, with colour as it was decided."""
    system: Any = "auto" if color else None
    return Console(
        file=stream, color_system=system, no_color=not color, highlight=False, markup=False,
        emoji=False, force_terminal=True,
    )  # fmt: skip


def _card_rows(task: Task) -> list[tuple[str, str]]:
    failure = task.failure
    reason = ": ".join(part for part in (failure.code, failure.message) if part) if failure else ""
    rows = [
        ("task", task.id or task.ref or ""),
        ("status", task.status),
        ("media", task.media or ""),
        ("model", task.model or ""),
        ("provider", task.provider or ""),
        ("prompt", task.prompt or ""),
        ("reason", reason),
        *((f"{asset.kind} {asset.n}", asset.url[:2000]) for asset in task.assets),
    ]
    return [(name, value) for name, value in rows if value]

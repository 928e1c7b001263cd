"""Results on a terminal: tables and cards. Untrusted text is never markup."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, assert_never

from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.table import Table
from rich.text import Text

from piooy_cli.domain.answers import CommandResult, Document, Line, Listing
from piooy_cli.domain.escaping import escape_name, spaced_json
from piooy_cli.domain.events import Event, Saved, Shown
from piooy_cli.domain.models import Task, TaskStatus
from piooy_cli.domain.records import cells, shown_record
from piooy_cli.domain.redaction import redact
from piooy_cli.output.hyperlinks import hyperlink
from piooy_cli.output.plain import PlainWriter
from piooy_cli.output.sanitize import sanitize
from piooy_cli.output.streams import LineStream

_SHORT_ID = 8
_COLUMNS = ("id", "age", "status", "media", "model", "prompt")
_NARROW_COLUMNS = ("id", "status", "prompt")
_WIDE = 66
_BAR_CELLS = 20
_FEW, _VERY_WIDE = 3, 100  # columns of a table that leave room for bars, and of the screen
_STYLES = {
    TaskStatus.SUCCESS: "green", TaskStatus.FAILED: "red", TaskStatus.ERROR: "red",
    "ok": "green", "warning": "yellow", "error": "red",
}  # fmt: skip


class TableWriter:
    """Writes results to a terminal. Paths and ids are plain lines, so that they can be copied."""

    def __init__(
        self, lines: LineStream, console: Console, secrets: list[str], links: bool = False,
        fields: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._lines = lines
        self._console = console
        self._secrets = secrets
        self._links = links
        self._fields = fields
        self._shown: list[Shown] = []

    def item(self, event: Event) -> None:
        """Write one result; tasks that were asked for are collected for one table."""
        if isinstance(event, Shown):
            self._shown.append(event)
        elif isinstance(event, Saved) and self._links:
            path = event.file.path
            self._lines.write_styled(hyperlink(escape_name(path), path))
        else:
            PlainWriter(self._lines).item(event)

    def answer(self, answer: CommandResult) -> None:
        """Write the result of a command."""
        match answer:
            case Listing(columns, rows, _, bars):
                self._print(self._table(list(columns), [list(row) for row in rows], bars))
            case Document(value):
                self._lines.write(spaced_json(value, indent=2))
            case Line():
                PlainWriter(self._lines).answer(answer)
            case _:
                assert_never(answer)

    def close(self) -> None:
        """Show the tasks that were collected."""
        shown, self._shown = self._shown, []
        if shown and self._fields:
            rows = [cells(shown_record(one.task, one.files, self._fields)) for one in shown]
            self._print(self._table(self._fields, rows))
        elif len(shown) == 1:
            self._card(shown[0].task)
        elif shown:
            self._overview(shown)

    def _overview(self, shown: list[Shown]) -> None:
        """Write a table with a row for each task; its id links to its first file."""
        columns = _COLUMNS if self._console.width >= _WIDE else _NARROW_COLUMNS
        facts = [_facts(one.task) for one in shown]
        rows = [[one[name] for name in columns] for one in facts]
        with self._console.capture() as capture:
            self._print(self._table(columns, self._fitted(rows)))
        text = capture.get()
        for one in shown if self._links else ():
            if one.files:
                name = one.task.id[:_SHORT_ID]
                text = text.replace(f"\n{name}", "\n" + hyperlink(name, one.files[0].path), 1)
        self._lines.write_styled(text.rstrip("\n"))

    def _fitted(self, rows: list[list[str]]) -> list[list[str]]:
        """Shorten the last cell of each row to the space that the others leave."""
        widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)][:-1]
        room = max(self._console.width - sum(widths) - 3 * len(widths), 8)
        return [
            [
                *row[:-1],
                row[-1] if cell_len(row[-1]) <= room else f"{chop_cells(row[-1], room - 1)[0]}…",
            ]
            for row in rows
        ]

    def _print(self, renderable: Any) -> None:
        self._console.print(renderable)

    def _text(self, value: str, style: str = "") -> Text:
        return Text(redact(sanitize(value), self._secrets), style=style)

    def _table(
        self, columns: Sequence[str], rows: list[list[str]], bars: Sequence[float | None] = ()
    ) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        shown = [n for n, name in enumerate(columns) if not rows or any(row[n] for row in rows)]
        for n in shown:
            table.add_column(columns[n], overflow="fold", no_wrap=n == 0)
        if len(shown) > _FEW and self._console.width < _VERY_WIDE:
            bars = ()
        if bars:
            table.add_column("", no_wrap=True)
        for row, share in zip_longest(rows, bars):
            cells = [
                self._text(cell, _STYLES.get(cell, "")) for cell in map(row.__getitem__, shown)
            ]
            table.add_row(*cells, *([self._bar(share)] if bars else []))
        return table

    def _bar(self, share: float | None) -> Text:
        utf = "utf" in (self._console.encoding or "").lower()
        return Text(("█" if utf else "#") * round((share or 0) * _BAR_CELLS), style="cyan")

    def _card(self, task: Task) -> None:
        """Write one fact per row, not wrapped, so that URLs can be copied."""
        for name, value in _card_rows(task):
            row = Text.assemble((f"{name:<10}", "dim"), self._text(value, _STYLES.get(value, "")))
            self._console.print(row, soft_wrap=True)


def _facts(task: Task) -> dict[str, str]:
    """Return the cells of a task; a prefix of its id is enough as a reference."""
    return {
        "id": task.id[:_SHORT_ID] or task.ref or "",
        "age": _age(task.created_at),
        "status": task.status,
        "media": task.media or "",
        "model": task.model or "",
        "prompt": sanitize(task.prompt or ""),
    }


def _age(moment: datetime | None) -> str:
    """Return how long ago, in the largest unit that fits."""
    if moment is None:
        return ""
    seconds = max((datetime.now(UTC) - moment).total_seconds(), 0)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def console(stream: Any, color: bool, width: int | None = None) -> Console:
    """Return a rich console for a stream, with the given color and width."""
    system: Any = "auto" if color else None
    return Console(
        file=stream, color_system=system, no_color=not color, highlight=False, markup=False,
        emoji=False, force_terminal=True, width=width,
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
        ("tags", ", ".join(f"{name}={value}" for name, value in task.tags.items())),
        ("reason", reason),
        *((f"{asset.kind} {asset.n}", asset.url[:2000]) for asset in task.assets),
    ]
    return [(name, value) for name, value in rows if value]

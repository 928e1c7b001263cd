"""The progress of a batch: up to ten lines for a terminal, or one for a log. Pure."""

from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from piooy_cli.domain.events import BatchProgress
from piooy_cli.output.progress_view import Frame, clock, cut, fitted, rough_duration, spin

MOST = 10
_WIDE = 72  # columns from which numbers stand in columns
_WIDEST = 80  # of head and bar: beyond that an eye has to travel
_LABEL, _NUMBER, _LAST, _WORD = 9, 5, 9, 8
_NAME, _BAR = 28, 14
_CLOSED = "nothing more is sent"


class Figure(NamedTuple):
    """A number and its label."""

    number: str
    word: str
    style: str = ""


_Cells = list[Figure | None]


def batch_lines(counted: BatchProgress, frame: Frame, trouble: str = "") -> list[Text]:
    """Return at most ten lines that fit the window. `trouble`: what is being retried."""
    lines = [*_head(counted, frame), *_numbers(counted, frame)]
    if counted.closed:
        lines.append(_line(f"{_CLOSED}: {counted.closed}", "yellow", frame))
    room = min(MOST, frame.height - 2) - len(lines) - bool(trouble)
    lines += _reasons(counted, frame)[: max(room, 0)]
    if trouble:
        lines.append(_line(f"retrying: {trouble}", "dim", frame))
    return fitted(lines, frame)[:MOST]


def extrapolate(counted: BatchProgress, seconds: float) -> BatchProgress:
    """Return the counts some time later; time left becomes unknown once it has passed."""
    left = counted.left - seconds if counted.left is not None else None
    return counted._replace(elapsed=counted.elapsed + seconds, left=left)


def finished_rows(counted: BatchProgress) -> int:
    """Return the number of rows that have ended in this run."""
    return min(counted.done + counted.failed + counted.in_doubt, counted.rows)


def opening_line(counted: BatchProgress) -> str:
    """Return the line at the start of a run."""
    before = [(counted.done, "done before"), (counted.failed, "failed before")]
    words = ["1 row" if counted.rows == 1 else f"{counted.rows:,} rows", *_counts(before)]
    return f"batch {counted.name}: {', '.join(words)}"


def progress_line(counted: BatchProgress) -> str:
    """Return the progress as a single line."""
    bad = _counts([(counted.failed, "failed"), (counted.in_doubt, "in doubt")])
    ended = ", ".join([f"{counted.done:,} of {counted.rows:,} rows done", *bad])
    pace = [f"{cell.number} {cell.word}" for cell in (_rate(counted), _left(counted)) if cell]
    closed = f"{_CLOSED}: {counted.closed}" if counted.closed else ""
    parts = [ended, ", ".join(_counts(_stages(counted))), ", ".join(pace), closed]
    return "; ".join(part for part in parts if part)


def _head(counted: BatchProgress, frame: Frame) -> list[Text]:
    """Return the line with name, bar and percentage."""
    width = min(frame.width, _WIDEST) - 1
    share, count = _share(counted), _count(counted, frame)
    room = max(width - len(count) - 4, 4)
    if _is_wide(frame):
        name = cut(counted.name, min(_NAME, room - _BAR), frame)
        bar = _bar(share, room - cell_len(name) - 2, frame)
        return [Text.assemble(spin(frame), " ", (name, "bold"), "  ", bar, "  ", count)]
    name = set_cell_size(cut(counted.name, room, frame), room)
    head = Text.assemble(spin(frame), " ", (name, "bold"), "  ", count)
    return [head, Text("  ") + _bar(share, width - 2, frame)]


def _share(counted: BatchProgress) -> float:
    return min(counted.done / counted.rows, 1) if counted.rows else 0


def _count(counted: BatchProgress, frame: Frame) -> str:
    word = " rows" if _is_wide(frame) else ""
    percent = f"{int(100 * _share(counted))}%"
    return f"{counted.done:,} of {counted.rows:,}{word} {percent:>4}"


def _bar(share: float, width: int, frame: Frame) -> Text:
    width = max(width, 0)
    done, glyphs = int(share * width), frame.glyphs
    return Text.assemble((glyphs.bar * done, "cyan"), (glyphs.rest * (width - done), "dim"))


def _numbers(counted: BatchProgress, frame: Frame) -> list[Text]:
    """Return the groups of counts: in progress, sent, left, speed."""
    row = _in_columns if _is_wide(frame) else _in_words
    now, *others = _table(counted, frame)
    lines = [row(*now, _width(counted))] if any(now[1]) else [_idle(frame)]
    return lines + [row(label, cells, _width(counted)) for label, cells in others if any(cells)]


def _table(counted: BatchProgress, frame: Frame) -> list[tuple[str, _Cells]]:
    stages = [_cell(count, word) for count, word in _stages(counted)]
    orders = [_cell(counted.sent, "sent"), _cell(counted.in_doubt, "in doubt", "bold red")]
    rows = [_cell(counted.failed, "failed", "red"), _cell(_open(counted), "open")]
    pace = [_rate(counted), Figure(clock(counted.elapsed), "elapsed"), _left(counted)]
    table: list[tuple[str, _Cells]] = [("now", stages), ("orders", orders), ("rows", rows)]
    return table + ([("pace", pace)] if _is_wide(frame) else [("", pace[:2]), ("", pace[2:])])


def _in_columns(label: str, cells: _Cells, width: int) -> Text:
    """Return the counts as columns; a missing one leaves its place empty."""
    line = Text.assemble("  ", (label.ljust(_LABEL), "dim"))
    for cell, digits in zip(cells, (width, width, max(width, _LAST)), strict=False):
        number, word, style = cell or Figure("", "")
        end = (f" {word.ljust(_WORD)}  ", style or "dim")
        line.append_text(Text.assemble((number.rjust(digits), style), end))
    line.rstrip()
    return line


def _in_words(_label: str, cells: _Cells, _width: int) -> Text:
    """Return the counts after each other, if there is no room for columns."""
    shown = [
        Text.assemble((cell.number, cell.style), (f" {cell.word}", cell.style or "dim"))
        for cell in cells
        if cell
    ]
    return Text("  ") + Text(", ", style="dim").join(shown)


def _idle(frame: Frame) -> Text:
    """Return a placeholder line, so that the others keep their places."""
    label = "now".ljust(_LABEL) if _is_wide(frame) else ""
    return Text(f"  {label}nothing in progress", style="dim")


def _reasons(counted: BatchProgress, frame: Frame) -> list[Text]:
    """Return failures by reason, most frequent first."""
    labels, width = (("why", "", ""), _width(counted)) if _is_wide(frame) else (("",) * 3, 0)
    lines = []
    for label, (reason, count) in zip(labels, counted.reasons, strict=False):
        label = label.ljust(_LABEL) if width else ""
        head = f"{f'{count:,}'.rjust(width)} {frame.glyphs.times} "
        words = cut(reason, max(frame.width - 3 - len(label + head), 1), frame)
        lines.append(Text.assemble("  ", (label, "dim"), head, words))
    return lines


def _line(text: str, style: str, frame: Frame) -> Text:
    return Text("  " + cut(text, max(frame.width - 3, 1), frame), style=style)


def _is_wide(frame: Frame) -> bool:
    return frame.width >= _WIDE


def _width(counted: BatchProgress) -> int:
    """Return the width for the largest number: columns that move are hard to read."""
    return max(_NUMBER, len(f"{counted.rows:,}"), len(clock(counted.elapsed)))


def _open(counted: BatchProgress) -> int:
    return max(counted.rows - counted.done - counted.failed - counted.in_doubt, 0)


def _stages(counted: BatchProgress) -> list[tuple[int, str]]:
    names = "sending", "waiting", "saving"
    return [(getattr(counted, name), name) for name in names]


def _cell(count: int, word: str, style: str = "") -> Figure | None:
    return Figure(f"{count:,}", word, style) if count > 0 else None


def _counts(counts: list[tuple[int, str]]) -> list[str]:
    return [f"{count:,} {word}" for count, word in counts if count > 0]


def _rate(counted: BatchProgress) -> Figure | None:
    """Return a rate in the unit that gives a readable number."""
    for seconds, unit in ((1, "s"), (60, "min"), (3600, "h")):
        rate = (counted.rate or 0) * seconds
        if rate >= 0.5:
            return Figure(f"{rate:.1f}" if rate < 9.95 else f"{rate:,.0f}", f"rows/{unit}")
    return None


def _left(counted: BatchProgress) -> Figure | None:
    if counted.left is None or counted.left <= 0:
        return None
    number, _, unit = rough_duration(counted.left).partition(" ")
    return Figure(f"about {number}", f"{unit} left")

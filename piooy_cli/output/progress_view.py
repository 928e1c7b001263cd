"""The look of live progress: rows and totals as lines, for a width and a height. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from piooy_cli.domain.expectation import Expectation

_WIDE = 60  # columns from which everything fits on one line
_BAR = 16
_NAME = 28
_SLOW = 0.9


class Glyphs(NamedTuple):
    """The symbols that this terminal's encoding can show."""

    spinner: str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
    bar: str = "━"
    rest: str = "─"
    more: str = "…"
    times: str = "×"


ASCII = Glyphs("|/-\\", "=", "-", "~", "x")


@dataclass(slots=True)
class ProgressRow:
    """One task in progress. `started`: on the same clock as `now`; bytes once they arrive."""

    name: str
    state: str
    started: float
    expected: Expectation | None = None
    received: int | None = None
    total: int | None = None
    before: int = 0  # bytes that an earlier run had fetched

    def rate(self, now: float) -> float:
        """Bytes per second."""
        return ((self.received or 0) - self.before) / max(now - self.started, 0.1)


class ProgressTotals(NamedTuple):
    """How many tasks this run has started, and how they ended."""

    begun: int = 0
    done: int = 0
    failed: int = 0


class Frame(NamedTuple):
    """The size, time and symbols that lines are drawn with."""

    now: float
    width: int = 80
    height: int = 24
    glyphs: Glyphs = Glyphs()


def progress_lines(rows: list[ProgressRow], totals: ProgressTotals, frame: Frame) -> list[Text]:
    """Return one row in detail, or a line for each row that fits, and totals."""
    if not rows:
        return []
    if len(rows) == 1 and totals.begun < 2:
        return fitted(_alone(rows[0], frame), frame)
    room = max(frame.height - 4, 1)
    shown = rows if len(rows) <= room else rows[: room - 1]
    lines = [_one_of_many(row, frame) for row in shown]
    if hidden := len(rows) - len(shown):
        lines.append(Text(f"  and {hidden:,} more", style="dim"))
    return fitted([*lines, _totals(rows, totals, frame)], frame)


def share_of(row: ProgressRow, now: float) -> float | None:
    """Return the share that is done: of bytes, or of past runs by this age. None if unknown."""
    if row.received is not None:
        return min(row.received / row.total, 1) if row.total else None
    return row.expected.finished(now - row.started) if row.expected else None


def _alone(row: ProgressRow, frame: Frame) -> list[Text]:
    age, story = clock(frame.now - row.started), _story(row, frame.now)
    if frame.width < _WIDE:
        name = cut(row.name, max(frame.width - cell_len(row.state) - len(age) - 7, 8), frame)
        head = Text.assemble(spin(frame), " ", name, "  ", (row.state, "dim"), f"  {age}")
        return [head, *_bar(row, frame, frame.width - 2), *story]
    name = cut(row.name, 2 * _NAME, frame)
    head = Text.assemble(spin(frame), " ", name, "  ", (row.state, "dim"), "  ")
    bar = _bar(row, frame, _BAR)
    return [
        Text.assemble(head, *bar, "  " if bar else "", age),
        *(Text("  ") + one for one in story),
    ]


def _one_of_many(row: ProgressRow, frame: Frame) -> Text:
    end = _short_story(row, frame.now)
    wide = frame.width >= _WIDE
    bar = _bar(row, frame, _BAR) if wide else []
    fixed = 2 + 2 + 10 + 2 + len(end) + ((_BAR + 2) if bar else 0) + 1
    name = set_cell_size(cut(row.name, _NAME, frame), min(_NAME, max(frame.width - fixed, 8)))
    state = set_cell_size(row.state, 10)
    return Text.assemble(
        spin(frame), " ", name, "  ", (state, "dim"), "  ", *bar, "  " if bar else "", end
    )


def _totals(rows: list[ProgressRow], totals: ProgressTotals, frame: Frame) -> Text:
    words = [f"{totals.done:,} done"]
    words += [f"{totals.failed:,} failed"] if totals.failed else []
    words.append(f"{len(rows):,} in progress")
    left = [
        row.expected.left(frame.now - row.started)
        for row in rows
        if row.expected and row.expected.runs and row.received is None
    ]
    words += [f"about {rough_duration(max(left))} left"] if left else []
    arriving = [row for row in rows if row.received is not None]
    words += [_speed(arriving, frame.now)] if arriving else []
    return Text("  " + ", ".join(words), style="bold")


def _story(row: ProgressRow, now: float) -> list[Text]:
    """Return the estimate from past runs, as text."""
    if row.received is not None:
        return [Text(f"{_bytes(row)}, {_speed([row], now)}", style="dim")]
    if row.expected is None:
        return []
    age, known = now - row.started, row.expected
    if not known.runs:
        return [Text(f"no past runs here, typically {rough_duration(known.middle)}", style="dim")]
    usual = f"usually {_span(known.at(0.1), known.at(0.9))}"
    if (share := known.finished(age)) > _SLOW:
        return [Text(f"slower than {min(int(share * 100), 99)} % of runs, {usual}", style="yellow")]
    return [Text(f"about {rough_duration(known.left(age))} left, {usual}", style="dim")]


def _short_story(row: ProgressRow, now: float) -> str:
    if row.received is not None:
        return _bytes(row)
    if row.expected and row.expected.runs:
        return f"~{rough_duration(row.expected.left(now - row.started))}"
    return clock(now - row.started)


def _bytes(row: ProgressRow) -> str:
    done = (row.received or 0) / 1e6
    return f"{done:.1f} of {row.total / 1e6:.1f} MB" if row.total else f"{done:.1f} MB"


def _speed(rows: list[ProgressRow], now: float) -> str:
    """Return bytes, rate and time left of all downloads together."""
    rate = sum(row.rate(now) for row in rows)
    missing = [row.total - (row.received or 0) for row in rows if row.total]
    left = f", {rough_duration(sum(missing) / rate)} left" if missing and rate > 0 else ""
    return f"{rate / 1e6:.1f} MB/s{left}"


def _bar(row: ProgressRow, frame: Frame, width: int) -> list[Text]:
    share = share_of(row, frame.now)
    if share is None:
        return []
    done, glyphs = int(share * width), frame.glyphs
    return [Text.assemble((glyphs.bar * done, "cyan"), (glyphs.rest * (width - done), "dim"))]


def spin(frame: Frame) -> tuple[str, str]:
    """Return the spinner's present frame."""
    spinner = frame.glyphs.spinner
    return spinner[int(frame.now * 10) % len(spinner)], "cyan"


def fitted(lines: list[Text], frame: Frame) -> list[Text]:
    """Shorten lines to end before the last column, where a terminal would wrap them."""
    for line in lines:
        line.truncate(frame.width - 1, overflow="crop")
    return lines[: max(frame.height - 2, 1)]


def cut(text: str, cells: int, frame: Frame) -> str:
    """Shorten text to `width` cells, with an ellipsis."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, max(cells - 1, 0)).rstrip() + frame.glyphs.more


def clock(seconds: float) -> str:
    """Return seconds like 1:05."""
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def rough_duration(seconds: float) -> str:
    """Return a duration in a unit and precision that suit an estimate."""
    if seconds < 90:
        step = 5 if seconds > 20 else 1
        return f"{max(round(seconds / step) * step, 1)} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _span(low: float, high: float) -> str:
    first, last = rough_duration(low), rough_duration(high)
    number, _, unit = first.partition(" ")
    return f"{number} to {last}" if last.endswith(f" {unit}") else f"{first} to {last}"

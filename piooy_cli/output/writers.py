"""Choosing the writers: for people, for programs, for pipes."""

import shutil
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from piooy_cli.domain.answers import CommandResult
from piooy_cli.domain.events import Event
from piooy_cli.output.streams import LineStream, is_dumb, is_terminal, wants_color, wants_links


class ResultWriter(Protocol):
    """Writes results to stdout."""

    def item(self, event: Event) -> None:
        """Write one item as soon as it exists."""

    def answer(self, answer: CommandResult) -> None:
        """Write the result of a command."""

    def close(self) -> None:
        """Write what was held back."""


class ProgressWriter(Protocol):
    """Shows progress on stderr."""

    def event(self, event: Event) -> None:
        """Handle an event."""

    period: float

    def heartbeat(self) -> None:
        """Update the display, every `period` seconds."""

    def aside(self, pause: bool = True) -> None:
        """Clear the display while a result is written."""

    def close(self) -> None:
        """Restore the terminal."""


class OutputOptions(NamedTuple):
    """How to write output, from options and environment.

    `filter`: a jq expression for each record; `fields`: the only keys to print; `options`: global
    options that the next command needs as well.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    hyperlinks: str = "auto"
    heartbeat: float = 30
    notify: bool = False
    filter: Callable[[Any], list[Any]] | None = None
    fields: tuple[str, ...] = ()
    options: str = ""
    environ: Mapping[str, str] = MappingProxyType({})

    def colored(self, stream: Any) -> bool:
        """Whether to use color on this stream."""
        return wants_color(stream, self.environ, self.color)


def results(looks: OutputOptions, secrets: list[str]) -> ResultWriter:
    """Return the writer for stdout."""
    lines, colored = LineStream(sys.stdout, secrets), looks.colored(sys.stdout)
    if looks.json:
        from piooy_cli.output.jsonl import JsonWriter

        return JsonWriter(lines, looks.fields, looks.filter)
    if is_terminal(sys.stdout):
        from piooy_cli.output.tables import TableWriter, console

        links = wants_links(sys.stdout, looks.environ, looks.hyperlinks)
        # Rich takes a dumb terminal for 80 columns wide.
        width = shutil.get_terminal_size().columns if is_dumb(looks.environ) else None
        return TableWriter(lines, console(sys.stdout, colored, width), secrets, links, looks.fields)
    from piooy_cli.output.plain import PlainWriter

    return PlainWriter(lines, looks.fields, colored)


def progress(
    looks: OutputOptions, stderr: LineStream, secrets: list[str], titled: Callable[[], bool]
) -> ProgressWriter:
    """Return the writer for stderr."""
    if looks.quiet:
        from piooy_cli.output.quiet import Quiet

        return Quiet()
    if is_terminal(sys.stderr) and not is_dumb(looks.environ):
        from piooy_cli.output.live_progress import LiveProgress
        from piooy_cli.output.screen import Screen
        from piooy_cli.output.tables import console

        on_stderr = console(sys.stderr, looks.colored(sys.stderr))
        painter = Screen(on_stderr, looks.environ, titled=titled)
        return LiveProgress(on_stderr, painter, secrets, verbose=looks.verbose)
    from piooy_cli.output.log_progress import LogProgress

    return LogProgress(stderr, verbose=looks.verbose, heartbeat=looks.heartbeat)

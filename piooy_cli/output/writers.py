"""The one place that chooses who writes: for eyes, for programs, for pipes."""

import shutil
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from piooy_cli.answers import Answer
from piooy_cli.events import Event
from piooy_cli.output.streams import Lines
from piooy_cli.terminal import is_dumb, is_terminal, wants_color, wants_links


class Results(Protocol):
    """Writes answers to stdout."""

    def item(self, event: Event) -> None:
        """One item, as soon as it exists."""

    def answer(self, answer: Answer) -> None:
        """A whole answer."""

    def close(self) -> None:
        """Write what was held back."""


class Progress(Protocol):
    """Shows on stderr what happens on the way."""

    def event(self, event: Event) -> None:
        """Show it, or not."""

    period: float

    def heartbeat(self) -> None:
        """Called every `period` seconds."""

    def aside(self, pause: bool = True) -> None:
        """Make room for a result, and come back."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Looks(NamedTuple):
    """What flags and environment say of the output.

    `filter`: what jq makes of a record; `fields`: the only keys of it that are wanted; `options`:
    what the next command needs as well.
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
        """Whether this stream gets colour."""
        return wants_color(stream, self.environ, self.color)


def results(looks: Looks, secrets: list[str]) -> Results:
    """The writer to stdout."""
    lines, colored = Lines(sys.stdout, secrets), looks.colored(sys.stdout)
    if looks.json:
        from piooy_cli.output.jsonl import JsonLines

        return JsonLines(lines, looks.fields, looks.filter)
    if is_terminal(sys.stdout):
        from piooy_cli.output.human import Human, console

        links = wants_links(sys.stdout, looks.environ, looks.hyperlinks)
        # Rich takes a dumb terminal for 80 columns wide.
        width = shutil.get_terminal_size().columns if is_dumb(looks.environ) else None
        return Human(lines, console(sys.stdout, colored, width), secrets, links, looks.fields)
    from piooy_cli.output.plain import Plain

    return Plain(lines, looks.fields, colored)


def progress(
    looks: Looks, stderr: Lines, secrets: list[str], titled: Callable[[], bool]
) -> Progress:
    """The writer to stderr."""
    if looks.quiet:
        from piooy_cli.output.silence import Silence

        return Silence()
    if is_terminal(sys.stderr) and not is_dumb(looks.environ):
        from piooy_cli.output.human import console
        from piooy_cli.output.live import LiveProgress
        from piooy_cli.output.painter import Painter

        on_stderr = console(sys.stderr, looks.colored(sys.stderr))
        painter = Painter(on_stderr, looks.environ, titled=titled)
        return LiveProgress(on_stderr, painter, secrets, verbose=looks.verbose)
    from piooy_cli.output.lines import LineProgress

    return LineProgress(stderr, verbose=looks.verbose, heartbeat=looks.heartbeat)

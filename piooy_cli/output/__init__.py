"""What people, programs and pipes see: the writers, and the one place that chooses among them."""

import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from piooy_cli.answers import Answer, Document
from piooy_cli.errors import PiooyError
from piooy_cli.events import Event, Failed
from piooy_cli.output.records import compact, error_record
from piooy_cli.output.sanitize import sanitize
from piooy_cli.output.streams import Lines
from piooy_cli.terminal import is_dumb, is_terminal, wants_color


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
    """What flags and environment say. `options`: what the next command needs as well."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    heartbeat: float = 30
    options: str = ""
    environ: Mapping[str, str] = MappingProxyType({})


class Output:
    """One run's output: results to stdout, all else to stderr."""

    def __init__(self, looks: Looks, secrets: list[str]) -> None:
        self._looks = looks
        self._secrets = secrets
        self._stderr = Lines(sys.stderr, secrets)
        self._result_types: tuple[type, ...] = ()
        self._results = self._open_results()
        self._titled = False

    def results_are(self, types: tuple[type, ...], *, titled: bool = False) -> None:
        """Events of these types are what was asked for. `titled`: show progress in a title too."""
        self._result_types, self._titled = types, titled

    def event(self, event: Event) -> None:
        """Show an event; one of the kind that was asked for is a result."""
        if isinstance(event, self._result_types):
            self._show(self._progress.event, event)
            self._show(self._progress.aside)
            self._results.item(event)
            self._show(self._progress.aside, pause=False)
        else:
            self._show(self._progress.event, event)
        if isinstance(event, Failed):
            self._show(self._progress.aside)
            self._tell_once(event.error)
            self._show(self._progress.aside, pause=False)

    @property
    def period(self) -> float:
        """Seconds between heartbeats."""
        return self._progress.period

    def heartbeat(self) -> None:
        """A sign of life, where one is due."""
        self._show(self._progress.heartbeat)

    def suspend(self) -> None:
        """Leave the terminal to the shell."""
        self._show(self._progress.close)

    def answer(self, answer: Answer) -> None:
        """The answer of a command."""
        self._show(self._progress.aside)
        self._results.answer(answer)
        self._show(self._progress.aside, pause=False)

    def document(self, value: Any) -> None:
        """A JSON value that is the answer itself."""
        self.answer(Document(value))

    def page(self, text: str) -> None:
        """Text for a person that is the answer itself, whatever the writer: help, a version."""
        Lines(sys.stdout, self._secrets).write(text.rstrip("\n"))

    def file(self, path: str) -> None:
        """The bytes of a file, to stdout."""
        Lines(sys.stdout, self._secrets).copy(path)

    def ask(self, question: str) -> bool:
        """A person's yes; anything else is no."""
        self._show(self._progress.aside)
        sys.stderr.write(f"{sanitize(question)} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def preview(self, path: str) -> None:
        """Draw a picture for a person; nothing where nobody looks, or it cannot be shown."""
        if not is_terminal(sys.stderr) or is_dumb(self._looks.environ) or self._looks.quiet:
            return
        from piooy_cli.output.preview import drawing

        self._show(self._progress.aside)
        with suppress(OSError):
            columns = shutil.get_terminal_size().columns
            sys.stderr.write(drawing(Path(path), self._looks.environ, columns))
            sys.stderr.flush()
        self._show(self._progress.aside, pause=False)

    def note(self, text: str) -> None:
        """A line for a person."""
        if not self._looks.quiet:
            self._stderr.write_anyway(sanitize(text))

    def error(self, error: PiooyError, trace: str = "") -> None:
        """What happened and what to do next; with --json an object as the last line."""
        self._show(self._progress.close)
        for line in trace.splitlines():
            self._stderr.write_anyway(sanitize(line))
        if self._looks.json:
            record = error_record(error)
            record["error"]["hint"] = self._repeatable(error.hint) or None
            self._stderr.write_anyway(compact(record))
        else:
            self._tell_once(error)

    def close(self) -> None:
        """Write what was held back, and leave the terminal as it was."""
        self._show(self._progress.close)
        self._results.close()

    def _show(self, word: Callable[..., None], *arguments: Any, **more: Any) -> None:
        """Progress on a terminal that may be gone: the work goes on without it."""
        with suppress(OSError):
            word(*arguments, **more)

    def _tell_once(self, error: PiooyError) -> None:
        if not error.told:
            error.told = True
            self._explain(error)

    def _explain(self, error: PiooyError) -> None:
        bold, off = ("\x1b[31m", "\x1b[0m") if self._colored(sys.stderr) else ("", "")
        self._stderr.write_anyway(f"piooy: {bold}error:{off} {sanitize(error.message)}")
        if error.ids:
            self._stderr.write_anyway(f"piooy: {' '.join(error.ids)}")  # each is a checked id
        if error.hint:
            self._stderr.write_anyway(f"piooy: {sanitize(self._repeatable(error.hint))}")

    def _repeatable(self, hint: str) -> str:
        """The next command, with the options that made this run speak to where it did."""
        return hint.replace("`piooy ", f"`piooy {self._looks.options}") if hint else hint

    def _colored(self, stream: Any) -> bool:
        return wants_color(stream, self._looks.environ, self._looks.color)

    def _open_results(self) -> Results:
        lines = Lines(sys.stdout, self._secrets)
        if self._looks.json:
            from piooy_cli.output.jsonl import JsonLines

            return JsonLines(lines)
        if is_terminal(sys.stdout):
            from piooy_cli.output.human import Human, console

            return Human(lines, console(sys.stdout, self._colored(sys.stdout)), self._secrets)
        from piooy_cli.output.plain import Plain

        return Plain(lines)

    @cached_property
    def _progress(self) -> Progress:
        if self._looks.quiet:
            from piooy_cli.output.silence import Silence

            return Silence()
        if is_terminal(sys.stderr) and not is_dumb(self._looks.environ):
            from piooy_cli.output.human import console
            from piooy_cli.output.live import LiveProgress
            from piooy_cli.output.painter import Painter

            on_stderr = console(sys.stderr, self._colored(sys.stderr))
            environ, verbose = self._looks.environ, self._looks.verbose
            painter = Painter(on_stderr, environ, titled=lambda: self._titled)
            return LiveProgress(on_stderr, painter, self._secrets, verbose=verbose)
        from piooy_cli.output.lines import LineProgress

        return LineProgress(
            self._stderr, verbose=self._looks.verbose, heartbeat=self._looks.heartbeat
        )

"""The output of a run: results to stdout, everything else to stderr, by the chosen writers."""

import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from piooy_cli.domain.answers import CommandResult, Document
from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.escaping import json_text
from piooy_cli.domain.events import Event, Failed, Saved, Settled, Submitted
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.records import error_record
from piooy_cli.domain.redaction import redact
from piooy_cli.output import writers
from piooy_cli.output.sanitize import sanitize
from piooy_cli.output.streams import LineStream, is_dumb, is_terminal
from piooy_cli.output.writers import OutputOptions


class Output:
    """One run's output: results to stdout, everything else to stderr."""

    def __init__(self, looks: OutputOptions, secrets: list[str]) -> None:
        self._looks = looks
        self._secrets = secrets
        self._stderr = LineStream(sys.stderr, secrets)
        self._result_types: tuple[type, ...] = ()
        self._results = writers.results(looks, secrets)
        self._last: Saved | Settled | Submitted | None = None
        self._titled = False

    def results_are(self, types: tuple[type, ...], *, titled: bool = False) -> None:
        """Treat events of these types as results. `titled`: show progress in the title."""
        self._result_types, self._titled = types, titled

    def event(self, event: Event) -> None:
        """Show an event as a result or as progress."""
        if isinstance(event, (Saved, Settled, Submitted)):
            self._last = event
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
        """Show a heartbeat if one is due."""
        self._show(self._progress.heartbeat)

    def suspend(self) -> None:
        """Clear the display for the shell."""
        self._show(self._progress.close)

    def answer(self, answer: CommandResult) -> None:
        """Write the result of a command."""
        self._show(self._progress.aside)
        self._results.answer(answer)
        self._show(self._progress.aside, pause=False)

    def document(self, value: Any) -> None:
        """Write a JSON value as the result."""
        self.answer(Document(value))

    def page(self, text: str) -> None:
        """Write text for people as the result, such as help or the version."""
        LineStream(sys.stdout, self._secrets).write(text.rstrip("\n"))

    def file(self, path: str) -> None:
        """Write the bytes of a file to stdout."""
        LineStream(sys.stdout, self._secrets).copy(path)

    def ask(self, question: str) -> bool:
        """Ask the user; anything but yes means no."""
        self._show(self._progress.aside)
        sys.stderr.write(f"{sanitize(question)} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def preview(self, path: str) -> None:
        """Draw a picture on a terminal; do nothing if it cannot be shown."""
        if not is_terminal(sys.stderr) or is_dumb(self._looks.environ) or self._looks.quiet:
            return
        from piooy_cli.output.preview import drawing

        self._show(self._progress.aside)
        with suppress(Exception):  # whatever a picture or a terminal does, the file is saved
            columns = shutil.get_terminal_size().columns
            sys.stderr.write(drawing(Path(path), self._looks.environ, columns))
            sys.stderr.flush()
        self._show(self._progress.aside, pause=False)

    def hint(self, hint: Hint) -> None:
        """Name the next command on stderr, with the global options that it needs."""
        self.note(hint.render(self._looks.options))

    def note(self, text: str) -> None:
        """Write a line for people."""
        if not self._looks.quiet:
            if "_progress" in self.__dict__:
                self._show(self._progress.aside)
            self._stderr.write_anyway(sanitize(text))

    def error(self, error: PiooyError, trace: str = "") -> None:
        """Show an error and what to do next; with --json, an object as the last line."""
        self._show(self._progress.close)
        self._notify(error.message)
        for line in trace.splitlines():
            self._stderr.write_anyway(sanitize(line))
        if self._looks.json:
            record = error_record(error)
            record["error"]["hint"] = error.hint(self._looks.options) or None
            self._stderr.write_anyway(json_text(record))
        else:
            self._tell_once(error)

    def close(self) -> None:
        """Write what was held back, and restore the terminal."""
        self._show(self._progress.close)
        self._results.close()
        if self._last:
            self._notify(_done(self._last))

    def _show(self, word: Callable[..., object], *arguments: Any, **more: Any) -> None:
        """Ignore errors of progress: the terminal may be gone, and the work continues."""
        with suppress(OSError):
            word(*arguments, **more)

    def _tell_once(self, error: PiooyError) -> None:
        if not error.is_shown:
            error.is_shown = True
            self._explain(error)

    def _explain(self, error: PiooyError) -> None:
        bold, off = ("\x1b[31m", "\x1b[0m") if self._looks.colored(sys.stderr) else ("", "")
        self._stderr.write_anyway(sanitize(error.message), f"piooy: {bold}error:{off} ")
        if error.ids:
            self._stderr.write_anyway(f"piooy: {' '.join(error.ids)}")  # each is a checked id
        if hint := error.hint(self._looks.options):
            self._stderr.write_anyway(f"piooy: {sanitize(hint)}")

    def _notify(self, body: str) -> None:
        """Send a notification if it was asked for."""
        if not self._looks.notify or (is_terminal(sys.stderr) and is_dumb(self._looks.environ)):
            return
        from piooy_cli.output import notification

        if is_terminal(sys.stderr):
            text = notification.sequence("piooy", body, self._looks.environ)
            self._show(sys.stderr.write, redact(text, self._secrets))
            self._show(sys.stderr.flush)
        else:
            notification.on_desktop("piooy", redact(body, self._secrets))

    @cached_property
    def _progress(self) -> writers.ProgressWriter:
        return writers.progress(self._looks, self._stderr, self._secrets, lambda: self._titled)


def _done(event: Saved | Settled | Submitted) -> str:
    """Return the outcome as text for a notification."""
    if isinstance(event, Saved):
        return f"saved {event.file.path}"
    return f"done: {event.task.prompt or event.task.id}"

"""Progress on a terminal: a line for each task that is under way, always cleared at the end."""

from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Task as Row
from rich.text import Text

from piooy_cli.events import (
    Event,
    Failed,
    Looking,
    Noticed,
    Progressed,
    Retrying,
    Saved,
    Saving,
    Settled,
    Shown,
    Submitted,
    Submitting,
    Warned,
)
from piooy_cli.output.sanitize import redact, sanitize

_PROMPT_CELLS = 32


class _Arrived(ProgressColumn):
    """Bytes, once an asset is arriving."""

    def render(self, row: Row) -> Text:
        """`1.2 of 3.4 MB`; nothing while there are no bytes."""
        if not row.fields.get("arriving"):
            return Text("")
        done, total = row.completed / 1e6, row.total
        return Text(f"{done:.1f} of {total / 1e6:.1f} MB" if total else f"{done:.1f} MB")


class LiveProgress:
    """Writes to a stderr that is a terminal."""

    def __init__(self, console: Console, secrets: list[str], *, verbose: bool = False) -> None:
        spinner = "dots" if "utf" in (console.encoding or "").lower() else "line"
        self._progress = Progress(
            SpinnerColumn(spinner),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[state]}", style="dim", markup=False),
            BarColumn(bar_width=12),
            _Arrived(),
            TimeElapsedColumn(),
            console=console,
            auto_refresh=False,
        )
        self._live: Live | None = None
        self._secrets = secrets
        self._verbose = verbose
        self._rows: dict[str, TaskID] = {}
        self._names: dict[str, str] = {}

    def event(self, event: Event) -> None:
        """Redraw what the event changes."""
        match event:
            case Submitting(order):
                self._show("submitting", self._short(order.prompt or order.model), "sending")
            case Submitted(task):
                self._hide("submitting")
                self._names[task.id] = self._short(task.prompt or task.id)
                self._show(task.id, self._names[task.id], "submitted")
            case Looking(task_id):
                self._show(task_id, self._name(task_id), "looking")
            case Progressed(task):
                self._show(task.id, self._name(task.id), task.status.lower())
            case Settled(task) | Shown(task):
                self._hide(task.id)
            case Saving(task, asset, received, total):
                self._hide(task.id)
                self._saving(f"{task.id}/{asset.n}", self._name(task.id), received, total)
            case Saved(file):
                self._hide(f"{file.task.id}/{file.asset.n}")
            case Retrying(what, reason, pause):
                self._retrying(what, reason, pause)
            case Noticed(text):
                self._say(text)
            case Warned(text):
                self._say(f"warning: {text}")
            case Failed(error):
                self._hide(error.task_id or "")

    def heartbeat(self) -> None:
        """The spinner is the sign of life."""

    def aside(self, pause: bool = True) -> None:
        """Clear the display while results are written to the same terminal."""
        if pause:
            self.close()
        elif self._rows:
            self._open()

    def close(self) -> None:
        """Clear the display and bring the cursor back."""
        if self._live:
            self._live.stop()
            self._live = None

    def _open(self) -> None:
        """A new display each time: an old one would move up over lines that were printed since."""
        if self._live is None:
            self._live = Live(
                get_renderable=self._progress.get_renderable,
                console=self._progress.console,
                refresh_per_second=10,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def _show(self, name: str, description: str, state: str) -> None:
        if name not in self._rows:
            visible = len(self._rows) < max(self._progress.console.height - 2, 3)
            self._rows[name] = self._progress.add_task(
                description, total=None, state=state, arriving=False, visible=visible
            )
            self._open()
        else:
            self._progress.update(
                self._rows[name], description=description, state=self._clean(state)
            )

    def _saving(self, name: str, description: str, received: int, total: int | None) -> None:
        if name not in self._rows:
            self._show(name, description, "saving")
        self._progress.update(self._rows[name], completed=received, total=total, arriving=True)

    def _hide(self, name: str) -> None:
        if name in self._rows:
            self._progress.remove_task(self._rows.pop(name))
        if not self._rows:
            self.close()

    def _retrying(self, what: str, reason: str, pause: float) -> None:
        row = what if what in self._rows else "submitting"
        if row in self._rows and not self._verbose:
            state = f"{reason}; again in {pause:.0f} s"
            self._progress.update(self._rows[row], state=self._clean(state)[:60])
        else:
            self._say(f"{what}: {reason}; trying again in {pause:.1f} s")

    def _say(self, text: str) -> None:
        self._progress.console.print(Text(self._clean(text)), soft_wrap=True)

    def _name(self, task_id: str) -> str:
        return self._names.get(task_id, task_id)

    def _short(self, text: str) -> str:
        clean = self._clean(text[:400])
        return clean if len(clean) <= _PROMPT_CELLS else clean[: _PROMPT_CELLS - 1] + "…"

    def _clean(self, text: str) -> str:
        return redact(sanitize(text), self._secrets)

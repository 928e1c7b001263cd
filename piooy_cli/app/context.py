"""One run of piooy: what was asked, and the tools, each made when needed. The one lazy room."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from piooy_cli.concurrency.signals import StopSignal

if TYPE_CHECKING:
    from pathlib import Path

    from piooy_cli.api.client import ApiClient
    from piooy_cli.api.http import HttpClient
    from piooy_cli.api.recording import Recorder
    from piooy_cli.concurrency.deadline import Deadline
    from piooy_cli.concurrency.limits import Limits
    from piooy_cli.config.credentials import Key, KeyStore
    from piooy_cli.config.directories import Directories
    from piooy_cli.config.settings import Resolved, Settings
    from piooy_cli.domain.errors import PiooyError
    from piooy_cli.domain.events import Event
    from piooy_cli.downloads.saver import SaveOptions, Saver
    from piooy_cli.ledger.best_effort import BestEffortStore
    from piooy_cli.ledger.statistics import RunStatistics
    from piooy_cli.ledger.store import OrderStore
    from piooy_cli.output.output import Output
    from piooy_cli.requests.catalogue import Catalogue
    from piooy_cli.tasks.pipeline import Pipeline
    from piooy_cli.tasks.poll_schedule import Pace

T = TypeVar("T")


class Context:
    """Everything about one run. It makes things and runs them; it decides nothing."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        numbers: "Limits | None" = None,
        pace: "Pace | None" = None,
    ) -> None:
        self.environ = os.environ if environ is None else environ
        self.flags: dict[str, Any] = {}
        self.json = False
        self.quiet = False
        self.verbose = False
        self.debug = self.environ.get("PIOOY_DEBUG", "") not in ("", "0")
        self.color = "auto"
        self.no_input = False
        self.interval: float | None = None
        self.heartbeat = 30.0
        self.notify = False
        self.fields: tuple[str, ...] = ()
        self.filter: Callable[[Any], list[Any]] | None = None
        self.hyperlinks = "auto"
        self.record: Path | None = None
        self.secrets: list[str] = []
        self.stop = StopSignal()
        self._pipeline: Pipeline | None = None
        if numbers:
            self.numbers = numbers
        if pace:
            self.pace = pace

    @cached_property
    def numbers(self) -> "Limits":
        """The limits of this run."""
        from piooy_cli.concurrency.limits import Limits

        return Limits()

    def waits(self, interval: float | None, heartbeat: float, *, notify: bool = False) -> None:
        """How a person wants to be kept waiting: looks and signs of life, in seconds."""
        self.interval, self.heartbeat, self.notify = interval, heartbeat, notify

    @cached_property
    def pace(self) -> "Pace":
        """How often to look; in the sandbox a look costs nothing, and tasks take seconds."""
        from piooy_cli.tasks.poll_schedule import Pace

        return Pace(early=1, floor=0.25, ceiling=0.25) if self.settings.sandbox else Pace()

    @cached_property
    def places(self) -> "Directories":
        """Where config and state are."""
        from piooy_cli.config.directories import find_directories

        return find_directories(self.environ)

    @cached_property
    def resolved(self) -> "Resolved":
        """Settings with their origins."""
        from piooy_cli.config import settings

        resolved = settings.load_settings(self.flags, self.environ, self.places)
        for warning in resolved.warnings:
            self.output.note(f"piooy: warning: {warning}")
        return resolved

    @property
    def settings(self) -> "Settings":
        """This run's settings."""
        return self.resolved.settings

    @cached_property
    def catalogue(self) -> "Catalogue":
        """What is known of models."""
        from piooy_cli.requests import catalogue

        return catalogue.load_catalogue(self.settings.models)

    @cached_property
    def vault(self) -> "KeyStore":
        """Where stored keys of this profile and host are."""
        from piooy_cli.config.credentials import KeyStore

        return KeyStore.of(self.settings, self.places)

    @cached_property
    def ledger(self) -> "BestEffortStore":
        """What is known of orders and tasks. If it cannot be used, only reading goes on."""
        from piooy_cli.domain.errors import Busy, StorageRefused
        from piooy_cli.ledger.best_effort import BestEffortStore

        try:
            return BestEffortStore(self.open_store(), self.tell)
        except (StorageRefused, Busy) as trouble:
            return BestEffortStore(None, self.tell, trouble)

    def open_store(self) -> "OrderStore":
        """The ledger itself. Raises StorageRefused or Busy."""
        from piooy_cli.ledger.sqlite.spending_limits import SpendingLimits
        from piooy_cli.ledger.sqlite.store import SqliteOrderStore

        settings, account = self.settings, self.vault.account
        spending = SpendingLimits(settings.limit, settings.cap)
        keeps = settings.history_prompts
        return SqliteOrderStore(self.places.state, account, keeps_prompts=keeps, spending=spending)

    def existing_store(self) -> "OrderStore | None":
        """The ledger, if there is one: reading creates none. Raises StorageRefused or Busy."""
        from piooy_cli.ledger.sqlite.database import LEDGER_FILE

        try:
            exists = (self.places.state / LEDGER_FILE).exists()
        except OSError:  # of a directory that may not be read
            exists = True
        return self.open_store() if exists else None

    @cached_property
    def key(self) -> "Key":
        """The API key; from here on every line of output is searched for it."""
        from piooy_cli.config.credentials import find_key

        key = find_key(self.environ, self.vault)
        self.secrets.append(key.secret)
        return key

    @cached_property
    def output(self) -> "Output":
        """The writers that this run's streams and flags ask for."""
        from piooy_cli.output.output import Output
        from piooy_cli.output.writers import OutputOptions

        return Output(
            OutputOptions(
                json=self.json,
                quiet=self.quiet,
                verbose=self.verbose,
                color=self.color,
                hyperlinks=self.hyperlinks,
                heartbeat=self.heartbeat,
                notify=self.notify,
                filter=self.filter,
                fields=self.fields,
                options=self._repeated_options(),
                environ=self.environ,
            ),
            self.secrets,
        )

    def _repeated_options(self) -> str:
        """The options of this run that decide whom it speaks to, as typed."""
        given = {n: value for n, value in self.flags.items() if value and value is not True}
        words = [f"--{name.replace('_', '-')} {_quoted(given[name])} " for name in given]
        return "".join((["--sandbox "] if self.flags.get("sandbox") else []) + words)

    @property
    def interactive(self) -> bool:
        """Whether there is a person to ask."""
        from piooy_cli.output.terminal import is_terminal

        return not self.no_input and is_terminal(sys.stdin) and is_terminal(sys.stderr)

    def tell(self, event: "Event") -> None:
        """Show an event."""
        self.output.event(event)

    def close(self) -> None:
        """Write what the writers hold back, if anything was ever written."""
        if "output" in self.__dict__:
            self.output.close()

    def run(
        self,
        work: "Callable[..., Awaitable[T]]",
        *args: Any,
        results: tuple[type, ...] = (),
    ) -> T:
        """The only door into asyncio. Events of the types in `results` go to stdout.

        A signal ends the work cleanly and rises as Interrupted.
        """
        from piooy_cli.app.event_loop import run_event_loop

        self.output.results_are(results, titled=self.settings.title)
        return run_event_loop(
            lambda: work(self, *args),
            self.stop,
            (self.output.heartbeat, self.output.period),
            self.output.suspend,
            self._stopped,
        )

    @asynccontextmanager
    async def api(self, *, signed: bool = True) -> "AsyncIterator[ApiClient]":
        """The service; without the key where none is to be sent."""
        from piooy_cli.api.client import ApiClient

        http = self._http(signed)
        try:
            yield ApiClient(http, self.numbers, self.tell)
        finally:
            await http.close()

    @asynccontextmanager
    async def pipeline(
        self, timeout: float | None = None, until: "Deadline | None" = None
    ) -> "AsyncIterator[Pipeline]":
        """The road. `until`: when all waiting ends."""
        from piooy_cli.tasks.pipeline import Pipeline
        from piooy_cli.tasks.waiter import WaitOptions

        async with self.api() as api:
            grace = self.numbers.fresh_grace
            pace = self.pace._replace(fixed=self.interval) if self.interval else self.pace
            waiting = WaitOptions(pace, self._typical_seconds, timeout, grace, until)
            self._api = api
            self._pipeline = Pipeline(api, self.ledger, waiting, self.stop, self.tell, self.numbers)
            try:
                yield self._pipeline
            finally:
                self.ledger.commit_pending()

    def wish(
        self, output: str | None, on_exists: str, *, covers: bool = False,
        http_assets: bool = False, svg: bool = False,
    ) -> "SaveOptions":  # fmt: skip
        """How files are to be saved. Raises UsageError for a template that cannot be."""
        from piooy_cli.downloads.naming import Target
        from piooy_cli.downloads.saver import OnExists, SaveOptions

        target = Target.of(output if output is not None else self.settings.output)
        return SaveOptions(target, OnExists(on_exists), covers, http_assets, svg)

    def task_ids(self, refs: list[str] | None, command: str) -> "AsyncIterator[str | PiooyError]":
        """The tasks that a command was given, references resolved by the ledger."""
        from piooy_cli.requests.task_refs import task_ids

        return task_ids(refs, command, self._resolve)

    def _resolve(self, ref: str) -> list[str]:
        if self.ledger.is_available or ref.startswith("@"):
            return self.ledger.require().resolve_ref(ref)
        return [ref]

    def learned(self) -> "dict[str, RunStatistics]":
        """What past runs say of each model that was used; nothing if there is no ledger."""
        from piooy_cli.domain.errors import PiooyError
        from piooy_cli.ledger.statistics import by_model

        try:
            store = self.existing_store()
            return by_model(store.run_statistics()) if store else {}
        except PiooyError:
            return {}

    def saver(self, wish: "SaveOptions", jobs: int = 4) -> "Saver":
        """The tool that saves assets, on the pipeline that is open."""
        from piooy_cli.downloads.saver import Saver

        assert self._pipeline
        return Saver(self._api, wish, self.numbers, self.tell, self.ledger, jobs)

    def _typical_seconds(self, model: str | None, media: str | None) -> float:
        return self.catalogue.typical_seconds(model, media)

    def _http(self, signed: bool) -> "HttpClient":
        from piooy_cli.api.http import HttpClient

        if self.settings.sandbox:
            from piooy_cli.sandbox.launch import sandbox_app

            app = sandbox_app(self.places.state)
            return HttpClient(self.settings.base_url, "sandbox", self.numbers, app, self._recorder)
        key = self.key.secret if signed else None
        return HttpClient(self.settings.base_url, key, self.numbers, None, self._recorder)

    @property
    def _recorder(self) -> "Recorder | None":
        if self.record is None:
            return None
        from piooy_cli.api.recording import Recorder

        return Recorder(self.record, self.secrets)

    def _stopped(self) -> Exception:
        if self._pipeline:
            return self._pipeline.stopped()
        from piooy_cli.domain.errors import Interrupted

        return Interrupted("stopped", signal=self.stop.signal or 2)


def _quoted(value: str) -> str:
    from shlex import quote  # most runs name nothing, and a start should not pay for it

    return quote(value)

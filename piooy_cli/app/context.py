"""One run of piooy: its options, and its collaborators, each made when it is needed."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from piooy_cli.app.run_options import RunOptions
from piooy_cli.concurrency.signals import StopSignal

if TYPE_CHECKING:
    from piooy_cli.api.client import ApiClient
    from piooy_cli.concurrency.backoff import Deadline
    from piooy_cli.concurrency.limits import Limits
    from piooy_cli.config.credentials import Key, KeyStore
    from piooy_cli.config.file import Directories
    from piooy_cli.config.settings import Resolved, Settings
    from piooy_cli.domain.errors import PiooyError
    from piooy_cli.domain.events import Event
    from piooy_cli.downloads.options import SaveOptions
    from piooy_cli.ledger.best_effort import BestEffortStore
    from piooy_cli.ledger.store import OrderStore
    from piooy_cli.output.output import Output
    from piooy_cli.requests.catalogue import Catalogue
    from piooy_cli.tasks.pipeline import Pipeline
    from piooy_cli.tasks.poll_schedule import Pace

T = TypeVar("T")


class Context:
    """The options and collaborators of one run."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        limits: "Limits | None" = None,
        pace: "Pace | None" = None,
    ) -> None:
        self.environ = os.environ if environ is None else environ
        self.options = RunOptions(debug=self.environ.get("PIOOY_DEBUG", "") not in ("", "0"))
        self.secrets: list[str] = []
        self.stop = StopSignal()
        self._given_limits = limits
        self._given_pace = pace
        self._pipeline: Pipeline | None = None

    def configure(self, **options: Any) -> None:
        """Replace options, before the first collaborator that reads them is made."""
        self.options = self.options._replace(**options)

    @cached_property
    def limits(self) -> "Limits":
        """The limits of this run."""
        from piooy_cli.concurrency.limits import Limits

        return self._given_limits or Limits()

    @cached_property
    def pace(self) -> "Pace":
        """How often to poll; in the sandbox a poll costs nothing, and tasks take seconds."""
        from piooy_cli.tasks.poll_schedule import Pace

        if self._given_pace:
            return self._given_pace
        return Pace(early=1, floor=0.25, ceiling=0.25) if self.settings.sandbox else Pace()

    @cached_property
    def directories(self) -> "Directories":
        """The directories of config and state."""
        from piooy_cli.config.file import find_directories

        return find_directories(self.environ)

    @cached_property
    def resolved(self) -> "Resolved":
        """The settings, with where each comes from."""
        from piooy_cli.config.settings import load_settings

        resolved = load_settings(self.options.settings, self.environ, self.directories)
        for warning in resolved.warnings:
            self.output.note(f"piooy: warning: {warning}")
        return resolved

    @property
    def settings(self) -> "Settings":
        """The settings of this run."""
        return self.resolved.settings

    @cached_property
    def catalogue(self) -> "Catalogue":
        """The model catalogue."""
        from piooy_cli.requests.catalogue import load_catalogue

        return load_catalogue(self.settings.models)

    @cached_property
    def key_store(self) -> "KeyStore":
        """The store for keys of this profile and host."""
        from piooy_cli.config.credentials import KeyStore

        return KeyStore.of(self.settings, self.directories)

    @cached_property
    def key(self) -> "Key":
        """The API key; from now on it is removed from every line of output."""
        from piooy_cli.config.credentials import find_key

        key = find_key(self.environ, self.key_store)
        self.secrets.append(key.secret)
        return key

    @cached_property
    def ledger(self) -> "BestEffortStore":
        """The ledger; if it cannot be used, commands that send nothing still work."""
        from piooy_cli.domain.errors import Busy, StorageRefused
        from piooy_cli.ledger.best_effort import BestEffortStore

        try:
            return BestEffortStore(self.open_store(), self.tell)
        except (StorageRefused, Busy) as trouble:
            return BestEffortStore(None, self.tell, trouble)

    def open_store(self) -> "OrderStore":
        """The ledger, opened. Raises StorageRefused or Busy."""
        from piooy_cli.app.ledger import open_store

        return open_store(self.directories.state, self.key_store.account, self.settings)

    def existing_store(self) -> "OrderStore | None":
        """Return the ledger if it exists; none is created. Raises StorageRefused or Busy."""
        from piooy_cli.app.ledger import ledger_exists

        return self.open_store() if ledger_exists(self.directories.state) else None

    @cached_property
    def output(self) -> "Output":
        """The output of this run, by its streams and options."""
        from piooy_cli.output.output import Output

        return Output(self.options.for_output(self.environ), self.secrets)

    @property
    def interactive(self) -> bool:
        """Whether there is a user to ask."""
        from piooy_cli.output.streams import is_terminal

        return not self.options.no_input and is_terminal(sys.stdin) and is_terminal(sys.stderr)

    def tell(self, event: "Event") -> None:
        """Show an event."""
        self.output.event(event)

    def close(self) -> None:
        """Flush the output, if any was written."""
        if "output" in self.__dict__:
            self.output.close()

    def run(
        self, use_case: "Callable[..., Awaitable[T]]", *args: Any, results: tuple[type, ...] = ()
    ) -> T:
        """Run `use_case(self, *args)` in an event loop; events of the `results` types go to stdout.

        A signal ends the work cleanly and is raised as Interrupted.
        """
        from piooy_cli.app.event_loop import run_event_loop

        self.output.results_are(results, titled=self.settings.title)
        return run_event_loop(
            lambda: use_case(self, *args),
            self.stop,
            (self.output.heartbeat, self.output.period),
            self.output.suspend,
            self._stopped,
        )

    @asynccontextmanager
    async def api(
        self, *, signed: bool = True, limits: "Limits | None" = None
    ) -> "AsyncIterator[ApiClient]":
        """Return an API client; `signed`: with the key."""
        from piooy_cli.api.client import ApiClient
        from piooy_cli.app.service import open_http

        limits = limits or self.limits
        key = self.key.secret if signed and not self.settings.sandbox else None
        record = (path, self.secrets) if (path := self.options.record) else None
        http = open_http(self.settings, self.directories.state, key, limits, record)
        try:
            yield ApiClient(http, limits, self.tell)
        finally:
            await http.close()

    @asynccontextmanager
    async def pipeline(
        self,
        timeout: float | None = None,
        until: "Deadline | None" = None,
        limits: "Limits | None" = None,
        pace: "Pace | None" = None,
    ) -> "AsyncIterator[Pipeline]":
        """Open the pipeline. `timeout`: seconds for each task; `until`: when all waiting ends."""
        from piooy_cli.tasks.pipeline import Pipeline
        from piooy_cli.tasks.waiter import WaitPolicy

        limits, pace = limits or self.limits, pace or self.pace
        if interval := self.options.interval:
            pace = pace._replace(fixed=interval)
        async with self.api(limits=limits) as api:
            self.ledger.remove_secrets(self.secrets)
            typical = self.catalogue_seconds
            policy = WaitPolicy(pace, typical, timeout, limits.fresh_grace, until)
            self._pipeline = Pipeline(api, self.ledger, policy, self.stop, self.tell, limits)
            try:
                yield self._pipeline
            finally:
                self.ledger.commit_pending()

    def catalogue_seconds(self, model: str | None, media: str | None) -> float:
        """Return the catalogue's usual seconds of a run; it is read at the first call."""
        return self.catalogue.typical_seconds(model, media)

    def save_options(
        self, output: str | None, on_exists: str = "rename", **how: Any
    ) -> "SaveOptions":
        """Return how to save files. Raises UsageError for an invalid template."""
        from piooy_cli.downloads.naming import Target
        from piooy_cli.downloads.options import OnExists, SaveOptions
        from piooy_cli.files.reading import expanded

        target = Target.of(output if output is not None else self.settings.output)
        store = expanded(self.settings.store) if self.settings.store else None
        return SaveOptions(target, OnExists(on_exists), store=store, **how)

    def task_ids(self, refs: list[str] | None, command: str) -> "AsyncIterator[str | PiooyError]":
        """Yield the task ids that a command was given; the ledger resolves references."""
        from piooy_cli.requests.task_refs import task_ids

        return task_ids(refs, command, lambda ref: self.ledger.resolve_ref(ref))

    def _stopped(self) -> Exception:
        if self._pipeline:
            return self._pipeline.stopped()
        from piooy_cli.domain.errors import Interrupted

        return Interrupted("stopped", signal=self.stop.signal or 2)

"""Fetching the assets of a task: each is tried, and reported as it lands."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from piooy_cli.api.client import ApiClient
from piooy_cli.domain.errors import NotDownloaded, PiooyError, exit_code_of
from piooy_cli.domain.events import Failed, Fetched, Fetching, Noticed, Saved, Tell, Warned
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Asset, Kind, MediaType, Role, SavedFile, Task

if TYPE_CHECKING:
    from piooy_cli.downloads.saver import Saver

MOST_ASSETS = 64
_WATCHED = 2  # files at once, since ffmpeg uses every core by itself


class AssetFetcher:
    """Saves the assets of tasks."""

    def __init__(self, api: ApiClient, tell: Tell, keep: Callable[[SavedFile], None]) -> None:
        self._api = api
        self._tell = tell
        self._keep = keep
        self._watching = asyncio.Semaphore(_WATCHED)

    async def fetch(
        self, task: Task, saver: "Saver", *, only: int | None = None
    ) -> list[SavedFile]:
        """Save the assets of a task, or `only` its n-th; return them in their order.

        Each file is recorded and reported as it lands. Every asset is tried; then the error that
        takes precedence is raised.
        """
        wanted = assets_to_save(task, saver.options.covers or only is not None)
        wanted = [asset for asset in wanted if only in (None, asset.n)]
        self._tell(Fetching(task))
        for asset in wanted:
            if asset.guessed_at:
                self._tell(Noticed(
                    f"file {asset.n} of task {task.id} is under the unknown key {asset.guessed_at};"
                    " please report it"
                ))  # fmt: skip
        self._warn_of_failed_results(task)
        if task.media == MediaType.VIDEO and all(one.kind is Kind.IMAGE for one in wanted):
            self._tell(Warned(f"task {task.id} is a video task, but has only pictures"))
        saving = [asyncio.create_task(self._save(task, asset, saver)) for asset in wanted]
        try:
            outcomes = await asyncio.gather(*saving)
        finally:
            for one in saving:
                one.cancel()
            await asyncio.gather(*saving, return_exceptions=True)
            self._tell(Fetched(task))
        errors = [one for one in outcomes if isinstance(one, PiooyError)]
        if errors:
            self._raise_strongest(errors)
        files = [one for one in outcomes if isinstance(one, SavedFile)]
        if saver.options.strict:
            _refuse_short(task, files, kept=not saver.options.temporary)
        return files

    def _warn_of_failed_results(self, task: Task) -> None:
        from piooy_cli.api.results.reasons import find_failed_results  # its patterns cost 2 ms

        if found := find_failed_results(task.raw):
            failed, total, why = found
            reason = f": {why}" if why else ""
            self._tell(Warned(f"task {task.id}: {failed} of {total} results failed{reason}"))

    async def _save(
        self, task: Task, asset: Asset, saver: "Saver"
    ) -> SavedFile | PiooyError | None:
        """Save one asset; return its error, so that it does not stop the others."""
        try:
            file = await saver.save(task, asset, partial(self._fresh, task))
        except PiooyError as error:
            return error
        return await self._kept(file, saver) if file else None

    async def _kept(self, file: SavedFile, saver: "Saver") -> SavedFile:
        """Record a file with how it compares with its order, and report it."""
        from piooy_cli.tasks.delivered import delivery_of_file, watched

        file = file._replace(delivery=delivery_of_file(file))
        self._record(file, saver)  # nothing may come between a file's name and its record
        if saver.options.deep:
            async with self._watching:
                file = file._replace(delivery=await asyncio.to_thread(watched, file))
            self._record(file, saver)
        self._tell(Saved(file))
        self._tell_mismatches(file)
        return file

    def _record(self, file: SavedFile, saver: "Saver") -> None:
        if not saver.options.temporary:
            self._keep(file)

    def _tell_mismatches(self, file: SavedFile) -> None:
        from piooy_cli.tasks.delivered import sentence

        for check in file.delivery.mismatches if file.delivery else ():
            self._tell(Warned(sentence(check, PurePath(file.path).name, file.task.id)))

    async def _fresh(self, task: Task, asset: Asset) -> Asset:
        """Return the same asset with its present URL."""
        seen = await self._api.task(task, refresh="assets")
        return next((other for other in seen.assets if other.n == asset.n), asset)

    def _raise_strongest(self, errors: list[PiooyError]) -> None:
        code = exit_code_of([error.code for error in errors], 0, 0)
        strongest = next(error for error in errors if error.code == code)
        for error in errors:
            if error is not strongest:
                self._tell(Failed(error))
        raise strongest


def _refuse_short(task: Task, files: list[SavedFile], *, kept: bool) -> None:
    """Raise NotDownloaded if a file is not as ordered; each mismatch was told."""
    short = [file for file in files if file.delivery and file.delivery.mismatches]
    if short:
        where = "it is kept" if len(short) == 1 else "they are kept"
        count = "1 file is" if len(short) == 1 else f"{len(short)} files are"
        raise NotDownloaded(
            f"task {task.id} was not delivered as ordered: {count} concerned",
            [where] if kept else [],
            task_id=task.id,
        )


def assets_to_save(task: Task, covers: bool) -> list[Asset]:
    """Return the assets to save: results, and covers if asked for or if there is nothing else."""
    if len(task.assets) > MOST_ASSETS:
        message = f"task {task.id} has {len(task.assets):,} files; the limit is {MOST_ASSETS}"
        raise NotDownloaded(message, _raw_answer(task), task_id=task.id)
    results = [asset for asset in task.assets if asset.role is Role.RESULT]
    wanted = list(task.assets) if covers or not results else results
    if not wanted:
        raise no_files_error(task)
    return wanted


def no_files_error(task: Task) -> NotDownloaded:
    """Return the error for a task that succeeded without a file: the user has paid for one."""
    from piooy_cli.api.results.urls import bucket_address

    message = f"task {task.id} succeeded, but has no files"
    parts = [task.raw.get("taskResult"), task.raw.get("taskInfo")]
    if address := bucket_address(parts):
        message += f" that can be downloaded; {address} needs the service's own account"
    return NotDownloaded(message, _raw_answer(task), task_id=task.id)


def _raw_answer(task: Task) -> Hint:
    return Hint("task", ("--raw", task.id), "for everything the service reports: {}")

"""The steps between an asset's last byte and its name: verify, then publish."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from piooy_cli.domain.errors import NotDownloaded
from piooy_cli.domain.events import Noticed, Tell
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Asset, SavedFile, Task
from piooy_cli.downloads.destination import Destination
from piooy_cli.downloads.part_file import PartFile
from piooy_cli.media import types
from piooy_cli.media.integrity import has_video, is_whole

if TYPE_CHECKING:
    from piooy_cli.media.metadata.recipe import Recipe

_PLAYLIST = "the server sent an HLS playlist instead of the video"
_TEXT = "the server sent text instead of media"
PAGE = "the server sent a web page or JSON instead of media"


@dataclass(slots=True)
class Unfinished:
    """An asset with all its bytes in a part file; each step adds what it learns.

    `stack` closes what a step opens. `has_known_length`: the sender announced a length, and that
    many bytes are here. `arrived`: the digest of the bytes that came, if others are saved;
    `recipe`: what is to be written beside the file.
    """

    task: Task
    asset: Asset
    part: PartFile
    stack: ExitStack
    has_known_length: bool = True
    extension: str = ""
    arrived: str | None = None
    recipe: "Recipe | None" = None
    saved: SavedFile | None = None


class NotWhole(Exception):
    """The bytes are not all of the asset, or not the asset. `is_page`: an error page instead."""

    def __init__(self, reason: str, *, is_page: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_page = is_page


Step = Callable[[Unfinished], Awaitable[None]]


class Verify:
    """Recognize the media by its bytes; `extension` is set. Raises NotWhole."""

    def __init__(self, tell: Tell, *, svg: bool) -> None:
        self._tell = tell
        self._svg = svg

    async def __call__(self, file: Unfinished) -> None:
        """Check one file; a second check of the same bytes is not made."""
        if file.extension:
            return
        extension = self._extension_of(file.part)
        if extension == "mp4" and not await asyncio.to_thread(_has_video, file.part):
            extension = "m4a"
        if extension == "bin" and not types.is_svg(file.part.head):
            what = f"asset {file.asset.n} of task {file.task.id}"
            self._tell(Noticed(f"{what} is not of a known media type; it is saved as .bin"))
        if not file.has_known_length:
            await self._check_end(file, extension)
        file.extension = extension

    def _extension_of(self, part: PartFile) -> str:
        if part.size == 0:
            raise NotWhole("it is empty")
        if extension := types.extension_of(part.head):
            return extension
        if types.is_page(part.head):
            raise NotWhole(PAGE, is_page=True)
        if types.is_svg(part.head):
            return "svg" if self._svg else "bin"
        if types.is_playlist(part.head):
            raise NotWhole(_PLAYLIST, is_page=True)
        if types.is_text(part.head):
            raise NotWhole(_TEXT, is_page=True)
        return "bin"

    async def _check_end(self, file: Unfinished, extension: str) -> None:
        """Look for the end in the container: without a length, HTTP ends wherever it is cut."""
        with file.part.reading() as stream:
            whole = await asyncio.to_thread(is_whole, extension, stream, file.part.size)
        if whole is False:
            raise NotWhole(f"it is a truncated {extension.upper()} file")
        if whole is None:
            what = f"asset {file.asset.n} of task {file.task.id}"
            self._tell(Noticed(f"{what} came without a length; its end cannot be verified"))


def _has_video(part: PartFile) -> bool:
    with part.reading() as stream:
        return has_video(stream, part.size)


class Publish:
    """Give the file its name; `saved` is set unless the name is taken and was to be skipped."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination

    async def __call__(self, file: Unfinished) -> None:
        """Publish one file."""
        saved = await self._destination.commit(file.task, file.asset, file.part, file.extension)
        file.saved = saved and saved._replace(arrived=file.arrived)


def not_saved_error(task: Task, asset: Asset, reason: str) -> NotDownloaded:
    """Return the error for an asset that is paid for and not here yet."""
    return NotDownloaded(
        f"asset {asset.n} of task {task.id} could not be saved: {reason}",
        ["it is paid for", Hint("download", (task.id,), "to try again at no charge: {}")],
        task_id=task.id,
    )

"""How the user wants files saved: where, under which name, and what to do when it is taken."""

import os
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import takewhile
from pathlib import Path, PurePath
from urllib.parse import urlsplit

from piooy_cli.config.urls import PUBLIC_ONLY, AssetHosts
from piooy_cli.domain.errors import StorageRefused
from piooy_cli.domain.models import Asset, Task
from piooy_cli.downloads import naming, row_output
from piooy_cli.media import types


class OnExists(StrEnum):
    """What happens when the name is taken."""

    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"
    FAIL = "fail"


class MetadataMode(StrEnum):
    """Where the recipe of a file goes: into it, beside it, or nowhere."""

    EMBED = "embed"
    SIDECAR = "sidecar"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """How to save assets. `temporary`: into a directory that is removed at the end.

    `below`: no symbolic link may lead out of this directory. `row_paths`: rows may name any place.
    `metadata_given`: on the command line. `store`: where each file is linked to under its digest.
    `private`: recipes say nothing of prompts and options.
    `strict`: a file that is not as ordered is an error; `deep`: look also at what is in it.
    """

    target: naming.Target
    on_exists: OnExists = OnExists.RENAME
    covers: bool = False
    hosts: AssetHosts = PUBLIC_ONLY
    svg: bool = False
    temporary: bool = False
    below: Path | None = None
    row_paths: bool = False
    store: Path | None = None
    metadata: MetadataMode = MetadataMode.EMBED
    metadata_given: bool = False
    private: bool = False
    strict: bool = False
    deep: bool = False

    def path(self, task: Task, asset: Asset, extension: str) -> Path:
        """Return where an asset with this extension goes, whatever is there already."""
        return self.target.path(naming.values_of(task, asset, extension))

    def likely_path(self, task: Task, asset: Asset) -> Path:
        """Return where an asset would go; the extension is a guess until its bytes are here."""
        url_path = urlsplit(asset.url).path
        return self.path(task, asset, types.likely_extension(url_path, asset.kind))

    def at(self, output: str | None, allows: str = row_output.ALLOWS) -> "SaveOptions":
        """Return the same options for the place that a row names, below this one.

        With `row_paths`, it may be elsewhere. Raises UsageError, or StorageRefused; `allows` says
        in their messages what permits other places.
        """
        if output is None:
            return self
        row_output.check_place(output, anywhere=self.row_paths, allows=allows)
        is_elsewhere = PurePath(output).anchor or output.startswith("~")
        place = output if is_elsewhere else f"{self.target.directory}/{output}"
        target = replace(naming.Target.of(place), media_only=True)
        row_output.check_extension(output)
        below = None if self.row_paths else self.target.directory
        options = replace(self, target=target, below=below)
        options.check_place(allows)
        return options

    def check_place(self, allows: str = row_output.ALLOWS) -> None:
        """Raise StorageRefused if a symbolic link leads out of `below`."""
        if self.below is None or not self._has_link():
            return
        place = Path(os.path.realpath(self.target.directory))
        if not place.is_relative_to(os.path.realpath(self.below)):
            raise StorageRefused(
                f"{self.target.directory} is outside {self.below}, through a symbolic link;"
                f" {allows}"
            )

    def _has_link(self) -> bool:
        """Whether a directory below `below` is a symbolic link: much quicker than to resolve it."""
        place = self.target.directory
        steps = takewhile(lambda step: step != self.below, (place, *place.parents))
        return any(map(os.path.islink, steps))

    @property
    def wait_arguments(self) -> tuple[str, ...]:
        """The options with which `piooy wait` saves in the same way."""
        if self.temporary:
            return ()
        target = self.target.spelled
        return (
            "--download",
            *(("-o", target) if target else ()),
            *(() if self.on_exists is OnExists.RENAME else ("--on-exists", str(self.on_exists))),
            *(("--allow-http-assets",) if self.hosts.http else ()),
            *(("--allow-private-assets",) if self.hosts.private else ()),
            *(("--allow-svg",) if self.svg else ()),
            *(("--metadata", str(self.metadata)) if self.metadata_given else ()),
            *(("--private",) if self.private else ()),
            *(("--strict",) if self.strict else ()),
            *(("--deep",) if self.deep else ()),
        )

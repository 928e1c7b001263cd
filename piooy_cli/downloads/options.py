"""How the user wants files saved: where, under which name, and what to do when it is taken."""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from piooy_cli.config.urls import PUBLIC_ONLY, AssetHosts
from piooy_cli.domain.models import Asset, Task
from piooy_cli.downloads import naming
from piooy_cli.media import types


class OnExists(StrEnum):
    """What happens when the name is taken."""

    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """How to save assets. `temporary`: into a directory that is removed at the end."""

    target: naming.Target
    on_exists: OnExists = OnExists.RENAME
    covers: bool = False
    hosts: AssetHosts = PUBLIC_ONLY
    svg: bool = False
    temporary: bool = False

    def path(self, task: Task, asset: Asset, extension: str) -> Path:
        """Return where an asset with this extension goes, whatever is there already."""
        return self.target.path(naming.values_of(task, asset, extension))

    def likely_path(self, task: Task, asset: Asset) -> Path:
        """Return where an asset would go; the extension is a guess until its bytes are here."""
        url_path = urlsplit(asset.url).path
        return self.path(task, asset, types.likely_extension(url_path, asset.kind))

    def at(self, output: str | None) -> "SaveOptions":
        """Return the same options for another place, below this one unless it is absolute.

        Raises UsageError.
        """
        if output is None:
            return self
        if not output.startswith(("/", "~")) and self.target.directory != Path():
            output = f"{self.target.directory}/{output}"
        return replace(self, target=naming.Target.of(output))

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
        )

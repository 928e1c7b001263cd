"""The files that rows name: saved below `--output`, read below the manifest's directory."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from piooy_cli.domain.errors import UsageError
from piooy_cli.downloads.options import SaveOptions
from piooy_cli.downloads.row_output import ALLOWS
from piooy_cli.files.reading import expanded
from piooy_cli.requests.options import is_url


class RowPaths(NamedTuple):
    """Where rows may save files, and read them: below `inputs`, or anywhere with `row_paths`."""

    save: SaveOptions
    inputs: Path

    def check_output(self, output: str) -> None:
        """Raise UsageError or StorageRefused if files may not be saved there."""
        self.save.at(output)

    def check_inputs(self, fields: Mapping[str, Sequence[str]]) -> None:
        """Raise UsageError if a row names a local file elsewhere, also through a symbolic link."""
        if self.save.row_paths:
            return
        for name in ("images", "videos"):
            for text in fields.get(name, ()):
                if not is_url(text, name) and self._is_outside(text):
                    raise UsageError(
                        f"{name}: {text[:200]!r} is not in {self.inputs}, the directory of the"
                        f" manifest; {ALLOWS}"
                    )

    def _is_outside(self, text: str) -> bool:
        """Whether it is a file elsewhere; a text that is no file may be a task or a row."""
        path = Path(os.path.realpath(expanded(text)))
        return path.exists() and not path.is_relative_to(self.inputs)

"""The files of pieces: `__name__` in a prompt is a line of name.txt."""

import os
from contextlib import suppress
from pathlib import Path

from piooy_cli.batch.sweep import values_in
from piooy_cli.config.project import find_project
from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.files.reading import read_foreign

_BIGGEST = 16 << 20


class PieceFiles:
    """Finds name.txt in the working directory, or else beside the project's piooy.toml."""

    def __init__(self) -> None:
        project = find_project()
        self._project = project.parent if project else None

    def exists(self, name: str) -> bool:
        """Whether there is a file for a name."""
        return self._path(name) is not None

    def read(self, name: str) -> list[str]:
        """Return the lines that are values. Raises NotFound or UsageError."""
        path = self._path(name)
        if path is None:
            raise NotFound(
                f"no such file: {name}.txt", f"--pieces takes the lines for __{name}__ from it"
            )
        self._check_place(path)
        if not (lines := values_in(_text(path))):
            raise UsageError(f"{path} has no lines", f"__{name}__ in the prompt needs one at least")
        return lines

    def _path(self, name: str) -> Path | None:
        places = [Path(), *([self._project] if self._project else [])]
        with suppress(OSError):
            return next(
                (path for place in places if (path := place / f"{name}.txt").exists()), None
            )
        return None

    def _check_place(self, path: Path) -> None:
        """Refuse links out of a project, which may be a stranger's: lines are sent as prompts."""
        real = Path(os.path.realpath(path))
        if self._project and not real.is_relative_to(os.path.realpath(self._project)):
            raise UsageError(f"{path} is outside {self._project}, through a symbolic link")


def _text(path: Path) -> str:
    try:
        content = read_foreign(path, _BIGGEST + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if len(content) > _BIGGEST:
        raise UsageError(f"{path} is larger than {_BIGGEST >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: byte {error.start}") from None

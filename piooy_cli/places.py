"""Where things are kept on this machine, for this user alone."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from piooy_cli.errors import StorageRefused


class Places(NamedTuple):
    """Where things are kept on this machine."""

    config: Path
    state: Path

    @property
    def config_file(self) -> Path:
        """The person's settings, in TOML."""
        return self.config / "config.toml"


def places(environ: Mapping[str, str]) -> Places:
    """Where config and state are: the variables, or the platform's own places."""
    config, state = environ.get("PIOOY_CONFIG_DIR"), environ.get("PIOOY_STATE_DIR")
    if config and state:
        return Places(Path(config), Path(state))
    from platformdirs import PlatformDirs  # 20 ms that the variables save

    platform = PlatformDirs("piooy", appauthor=False)
    return Places(Path(config or platform.user_config_dir), Path(state or platform.user_state_dir))


def private_directory(path: Path) -> Path:
    """Make `path`, for this user alone. Raises StorageRefused."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageRefused(f"cannot make the directory {path}: {error.strerror}") from None
    return path


def write_private(path: Path, text: str) -> None:
    """Replace `path` by a file that only this user can read; whole, or not at all."""
    private_directory(path.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StorageRefused(f"cannot write {path}: {error.strerror}") from None

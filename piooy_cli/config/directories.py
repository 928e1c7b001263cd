"""Where things are kept on this machine, for this user alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Directories(NamedTuple):
    """Where things are kept on this machine."""

    config: Path
    state: Path

    @property
    def config_file(self) -> Path:
        """The user's settings, in TOML."""
        return self.config / "config.toml"


def find_directories(environ: Mapping[str, str]) -> Directories:
    """Return the directories that the variables name, or else the platform's own."""
    config, state = environ.get("PIOOY_CONFIG_DIR"), environ.get("PIOOY_STATE_DIR")
    if config and state:
        return Directories(Path(config), Path(state))
    from platformdirs import PlatformDirs  # 20 ms that the variables save

    platform = PlatformDirs("piooy", appauthor=False)
    return Directories(
        Path(config or platform.user_config_dir), Path(state or platform.user_state_dir)
    )

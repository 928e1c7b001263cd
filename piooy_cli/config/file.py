"""The directories of config and state, and reading the config file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.files.reading import expanded, read_small

_BIGGEST_CONFIG = 1 << 20


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
        return Directories(expanded(config), expanded(state))
    from platformdirs import PlatformDirs  # 20 ms that the variables save

    platform = PlatformDirs("piooy", appauthor=False)
    return Directories(
        expanded(config or platform.user_config_dir), expanded(state or platform.user_state_dir)
    )


def read_config(path: Path) -> dict[str, Any]:
    """Parse the config file; a missing one is empty. Raises UsageError."""
    text = _config_text(path)
    if not text:
        return {}
    import tomllib  # 2 ms that most scripts do not need

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        last = f"at the end, line {text.count(chr(10)) + 1}"
        what = str(error).replace("at end of document", last)
        raise UsageError(
            f"{path}: {what}", Hint("config edit", sentence="to open it: {}")
        ) from None


def _config_text(path: Path) -> str:
    try:
        content = read_small(path, _BIGGEST_CONFIG + 1)
        if len(content) > _BIGGEST_CONFIG:
            raise UsageError(f"{path} is larger than 1 MiB", "is it the right file?")
        return content.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError:
        raise UsageError(
            f"{path} is not UTF-8 text", Hint("config edit", sentence="to open it: {}")
        ) from None
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", "set PIOOY_CONFIG_DIR to a readable directory"
        ) from None

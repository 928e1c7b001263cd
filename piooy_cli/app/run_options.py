"""The global options of one run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from piooy_cli.output.writers import OutputOptions


class RunOptions(NamedTuple):
    """Global options, and options for how results and progress are shown.

    `filter`: a jq expression for each record; `fields`: the only keys to print; `interval` and
    `heartbeat` are in seconds.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    color: str = "auto"
    hyperlinks: str = "auto"
    no_input: bool = False
    interval: float | None = None
    heartbeat: float = 30.0
    notify: bool = False
    fields: tuple[str, ...] = ()
    filter: Callable[[Any], list[Any]] | None = None
    record: Path | None = None
    profile: str | None = None
    sandbox: bool | None = None
    base_url: str | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings that options override, by name; None if not given."""
        return {"profile": self.profile, "sandbox": self.sandbox, "base_url": self.base_url}

    def for_output(self, environ: Mapping[str, str]) -> "OutputOptions":
        """The options for how results and progress are shown."""
        from piooy_cli.output.writers import OutputOptions

        return OutputOptions(
            json=self.json,
            quiet=self.quiet,
            verbose=self.verbose,
            color=self.color,
            hyperlinks=self.hyperlinks,
            heartbeat=self.heartbeat,
            notify=self.notify,
            filter=self.filter,
            fields=self.fields,
            options=self.repeated,
            environ=environ,
        )

    @property
    def repeated(self) -> str:
        """The global options that the next command needs as well, quoted for a shell."""
        words = ["--sandbox "] if self.sandbox else []
        for name in ("profile", "base_url"):
            if value := getattr(self, name):
                words.append(f"--{name.replace('_', '-')} {_quoted(value)} ")
        return "".join(words)


def _quoted(value: str) -> str:
    from shlex import quote  # most runs name nothing, and a start should not pay for it

    return quote(value)

"""Options that mean the same everywhere, and how their words become values."""

import re
from enum import StrEnum
from typing import Annotated

import typer

from piooy_cli.errors import UsageError

# Typer hands defaults, which are numbers already, to the same functions.
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)?", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1, None: 1, "m": 60, "h": 3600, "d": 86400}
_WHOLE = re.compile(r"-?[0-9]{1,16}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,16})?", re.ASCII)


WAITING, SAVING = "Waiting", "Saving"  # what options stand under in help


class ColorChoice(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class ExistsChoice(StrEnum):
    """What happens when a file's name is taken."""

    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"
    FAIL = "fail"


def duration(text: str) -> float:
    """Seconds of `90`, `90s`, `10m` or `2h`; more than none."""
    match = _DURATION.fullmatch(str(text).strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0
    if not seconds:
        raise typer.BadParameter(f"{text!r} is no duration; accepted: 90, 90s, 10m, 2h")
    return seconds


def heartbeat(text: str) -> float:
    """Seconds between signs of life; for ever where they are `off`."""
    return float("inf") if str(text).strip() in ("off", "inf") else duration(text)


def whole(text: str) -> int:
    """An ASCII whole number."""
    if not _WHOLE.fullmatch(str(text)):
        raise typer.BadParameter(f"{text!r} is no whole number")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1 to 1,000,000."""
    number = whole(text)
    if not 1 <= number <= 1_000_000:
        raise typer.BadParameter(f"{text!r} is not between 1 and 1000000")
    return number


def number(text: str) -> int | float:
    """`5` as a whole number, `5.5` as a fraction."""
    if not _NUMBER.fullmatch(str(text)):
        raise typer.BadParameter(f"{text!r} is no number")
    return float(text) if "." in str(text) else int(text)


def known_fields(text: str | None) -> tuple[str, ...]:
    """The keys of the record that `id,prompt` names. Raises UsageError for one that is none."""
    from piooy_cli.output.records import FIELDS

    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if wrong := [name for name in names if name not in FIELDS]:
        raise UsageError(f"--fields: no field {wrong[0]!r}", f"known: {','.join(FIELDS)}")
    return names


Refs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[REF]...",
        help="Task ids, their beginnings, @last, @2, @pending, @failed, @unsaved; `-`: from stdin.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", parser=duration, metavar="DURATION", help="How long to wait: 90, 90s, 10m, 2h."
    ),
]
Interval = Annotated[
    float | None,
    typer.Option(
        "--interval", parser=duration, metavar="DURATION",
        rich_help_panel=WAITING, help="Look this often. Default: as past runs suggest.",
    ),
]  # fmt: skip
Heartbeat = Annotated[
    float,
    typer.Option(
        "--heartbeat", parser=heartbeat, metavar="DURATION|off", show_default="30s",
        rich_help_panel=WAITING, help="Off a terminal: a sign of life this often.",
    ),
]  # fmt: skip
Fields = Annotated[
    str | None,
    typer.Option("--fields", metavar="NAMES", help="Only these keys of the record: id,prompt."),
]
Notify = Annotated[
    bool, typer.Option("--notify", help="Notify when done.", rich_help_panel=WAITING)
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="A directory, or a name template. [env: PIOOY_OUTPUT]",
    ),
]
OnExists = Annotated[
    ExistsChoice,
    typer.Option("--on-exists", rich_help_panel=SAVING, help="When a file's name is taken."),
]
Covers = Annotated[
    bool,
    typer.Option("--covers", rich_help_panel=SAVING, help="Save thumbnails and covers as well."),
]
Svg = Annotated[
    bool,
    typer.Option(
        "--allow-svg",
        rich_help_panel=SAVING,
        help="Save vector drawings, which can run scripts, as .svg.",
    ),
]
HttpAssets = Annotated[
    bool,
    typer.Option(
        "--allow-http-assets",
        rich_help_panel=SAVING,
        help="Fetch files from http addresses, in the open.",
    ),
]

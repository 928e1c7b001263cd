"""Options that mean the same everywhere, and how their words become values."""

import re
from enum import StrEnum
from typing import Annotated

import typer

from piooy_cli.errors import UsageError

# Typer hands defaults, which are numbers already, to the same functions.
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)?", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1, None: 1, "m": 60, "h": 3600, "d": 86400}
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)
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


def duration_or_none(text: str) -> float:
    """A duration, or 0."""
    return 0.0 if str(text).strip() in ("0", "0s") else duration(text)


def moment(text: str) -> float:
    """Seconds until `06:00` comes next on the clock of this machine; or as `duration`."""
    if not (match := _CLOCK.fullmatch(str(text).strip())):
        return duration(text)
    from datetime import datetime, timedelta

    now = datetime.now()
    hour, minute, second = (int(part or 0) for part in match.groups())
    if hour > 23 or minute > 59 or second > 59:
        raise typer.BadParameter(f"{text!r} is no time; accepted: 06:00, 23:59:30, 2h")
    then = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
    if then <= now:
        then += timedelta(days=1)
    return then.astimezone().timestamp() - now.astimezone().timestamp()


BatchName = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The batch's name. Default: of the file's place."),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency", "-j", parser=positive, metavar="N",
        help="So many tasks at once; fewer while the service says 429.",
    ),
]  # fmt: skip
Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary", metavar="KEY=VALUES", rich_help_panel="Sweeps",
        help="Each value: seed:=1..8, style=noir,anime, prompt=@FILE; repeatable.",
    ),
]  # fmt: skip
Zip = Annotated[
    bool,
    typer.Option("--zip", rich_help_panel="Sweeps", help="First with first, and so on."),
]
Refs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[REF]...",
        help="Task ids, their beginnings, @last, @2, @pending, @failed, @unsaved, @batch:NAME;"
        " `-`: from stdin.",
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

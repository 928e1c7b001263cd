"""Options that several commands share, and parsers for their values."""

import re
from enum import StrEnum
from typing import Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import UsageError

# Typer hands defaults, which are numbers already, to the same functions.
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)?", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1, None: 1, "m": 60, "h": 3600, "d": 86400}
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,16}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,16})?", re.ASCII)


def parse_duration(text: str) -> float:
    """Parse `90`, `90s`, `10m` or `2h` into seconds, more than 0."""
    match = _DURATION.fullmatch(str(text).strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0
    if not seconds:
        raise typer.BadParameter(f"{text!r} is not a duration; use 90, 90s, 10m or 2h")
    return seconds


def parse_heartbeat(text: str) -> float:
    """Parse the seconds between progress lines; infinite for `off`."""
    return float("inf") if str(text).strip() in ("off", "inf") else parse_duration(text)


def whole_number(text: str) -> int:
    """Parse a whole number in ASCII digits."""
    if not _WHOLE.fullmatch(str(text)):
        raise typer.BadParameter(f"{text!r} is not a whole number")
    return int(text)


def positive_number(text: str) -> int:
    """Parse a whole number from 1 to 1,000,000."""
    number = whole_number(text)
    if not 1 <= number <= 1_000_000:
        raise typer.BadParameter(f"{text!r} is not between 1 and 1000000")
    return number


def parse_number(text: str) -> int | float:
    """Parse `5` as an integer and `5.5` as a float."""
    if not _NUMBER.fullmatch(str(text)):
        raise typer.BadParameter(f"{text!r} is not a number")
    return float(text) if "." in str(text) else int(text)


def known_fields(text: str | None) -> tuple[str, ...]:
    """Parse `id,prompt` into fields of the record. Raises UsageError for an unknown one."""
    from piooy_cli.domain.records import RECORD_FIELDS

    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if wrong := [name for name in names if name not in RECORD_FIELDS]:
        raise UsageError(
            f"--fields: unknown field {wrong[0]!r}", f"known: {','.join(RECORD_FIELDS)}"
        )
    return names


def parse_duration_or_zero(text: str) -> float:
    """Parse a duration, or 0."""
    return 0.0 if str(text).strip() in ("0", "0s") else parse_duration(text)


def parse_moment(text: str) -> float:
    """Parse a local time such as `06:00`, or a duration, into seconds from now."""
    if not (match := _CLOCK.fullmatch(str(text).strip())):
        return parse_duration(text)
    from datetime import datetime, timedelta

    now = datetime.now()
    hour, minute, second = (int(part or 0) for part in match.groups())
    if hour > 23 or minute > 59 or second > 59:
        raise typer.BadParameter(f"{text!r} is not a time; use 06:00, 23:59:30 or 2h")
    then = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
    if then <= now:
        then += timedelta(days=1)
    return then.astimezone().timestamp() - now.astimezone().timestamp()


WAITING = "Waiting"  # what options stand under in help


class ColorChoice(StrEnum):
    """When to use color."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


Under = Annotated[
    list[str] | None,
    typer.Option(
        "--under", metavar="DIR", help="Look below this directory for files that were moved;"
            " repeatable.",
    ),
]  # fmt: skip
BatchName = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="NAME", help="Name of the batch (default: from the file's path)."
    ),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency", "-j", parser=positive_number, metavar="N",
        help="Maximum tasks at once; reduced while the service responds with 429.",
    ),
]  # fmt: skip
Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary", metavar="KEY=VALUES", rich_help_panel="Sweeps",
        help="Create a task for each value: seed:=1..8, style=noir,anime, prompt=@FILE;"
            " repeatable.",
    ),
]  # fmt: skip
Zip = Annotated[
    bool,
    typer.Option(
        "--zip", rich_help_panel="Sweeps", help="Pair values by position instead of combining them."
    ),
]
Refs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[REF]...",
        help="Task ids or prefixes, @last, @2, @pending, @failed, @unsaved, @batch:NAME,"
        " @tag:KEY=VALUE;"
        " `-` reads stdin.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        parser=parse_duration,
        metavar="DURATION",
        help="Stop waiting after this long: 90, 90s, 10m, 2h.",
    ),
]
Interval = Annotated[
    float | None,
    typer.Option(
        "--interval", parser=parse_duration, metavar="DURATION",
        rich_help_panel=WAITING, help="Polling interval (default: adapted to past runs).",
    ),
]  # fmt: skip
Heartbeat = Annotated[
    float,
    typer.Option(
        "--heartbeat", parser=parse_heartbeat, metavar="DURATION|off", show_default="30s",
        rich_help_panel=WAITING, help="Progress line interval when stderr is not a terminal.",
    ),
]  # fmt: skip
Fields = Annotated[
    str | None,
    typer.Option("--fields", metavar="NAMES", help="Print only these fields, such as id,prompt."),
]
Notify = Annotated[
    bool,
    typer.Option(
        "--notify", help="Send a desktop notification when done.", rich_help_panel=WAITING
    ),
]


def waiting_context(ctx: typer.Context) -> Context:
    """Return the context of this run, with the command's options for waiting."""
    context: Context = ctx.obj
    names = ("interval", "heartbeat", "notify")
    context.configure(**{name: ctx.params[name] for name in names})
    return context

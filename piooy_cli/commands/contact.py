"""`piooy contact`: a message to the people behind the service; no key is sent."""

import re
from typing import Annotated

import typer

from piooy_cli.errors import UsageError
from piooy_cli.session import Session

LONGEST = 5000
_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+")


def contact(
    ctx: typer.Context,
    message: Annotated[str | None, typer.Argument(help="The message; `-`: from stdin.")] = None,
    email: Annotated[
        str, typer.Option("--email", metavar="ADDRESS", help="Where the answer goes.")
    ] = "",
    file: Annotated[
        str | None, typer.Option("--file", "-f", metavar="FILE", help="The message, from a file.")
    ] = None,
) -> None:
    """Send a message of at most 5000 characters to Piooy.

    \b
    Examples:
      piooy contact --email me@example.com "thank you"
      piooy contact --email me@example.com --file question.txt
    """
    from piooy_cli import intake

    session: Session = ctx.obj
    if not _ADDRESS.fullmatch(email) or len(email) > 254:
        raise UsageError(f"--email: {email[:80]!r} is no address", "as in --email me@example.com")
    if message is not None and file is not None:
        raise UsageError("a message and --file were given", "give one of them")
    source = file or ("-" if message in (None, "-") else None)
    text = intake.text_from(source, "message", 4 * LONGEST) if source else message or ""
    _check(intake.check_text(text, "message"))
    session.run(_contact, email, text)
    session.output.note("the message was sent")


def _check(text: str) -> None:
    if not text.strip():
        raise UsageError("the message is empty")
    if len(text) > LONGEST:
        raise UsageError(
            f"the message has {len(text):,} characters", f"at most {LONGEST:,} are accepted"
        )


async def _contact(session: Session, email: str, text: str) -> None:
    async with session.api(signed=False) as api:
        await api.contact(email, text)

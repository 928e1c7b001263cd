"""`piooy contact`: send a message to Piooy's support; no key is sent."""

import re
from typing import Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.text import check_text

LONGEST_MESSAGE = 5000
_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+")


def contact(
    ctx: typer.Context,
    message: Annotated[str | None, typer.Argument(help="The message; `-` reads stdin.")] = None,
    email: Annotated[
        str, typer.Option("--email", metavar="ADDRESS", help="Address for the reply.")
    ] = "",
    file: Annotated[
        str | None,
        typer.Option("--file", "-f", metavar="FILE", help="Read the message from a file."),
    ] = None,
    about: Annotated[
        str | None,
        typer.Option("--about", metavar="REF", help="Write about a task; the text is shown first."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")] = False,
) -> None:
    """Send a message of at most 5000 characters to Piooy.

    \b
    Examples:
      piooy contact --email me@example.com "thank you"
      piooy contact --email me@example.com --file question.txt
      piooy contact --email me@example.com --about @last --yes
    """
    from piooy_cli.app.contact import confirm_message, report_of, send_message
    from piooy_cli.app.history import store_with
    from piooy_cli.requests import text_input

    context: Context = ctx.obj
    if not _ADDRESS.fullmatch(email) or len(email) > 254:
        raise UsageError(
            f"--email: {email[:80]!r} is not an email address",
            "for example: --email me@example.com",
        )
    if message is not None and file is not None:
        raise UsageError("both a message and --file were given", "give only one of them")
    source = file or ("-" if message == "-" or (message is None and not about) else None)
    text = text_input.read_text(source, "message", 4 * LONGEST_MESSAGE) if source else message or ""
    if about:
        text = report_of(store_with(context, about).order_named(about), text)
    _check(check_text(text, "message"))
    if about:
        confirm_message(context, text, yes)
    context.run(send_message, email, text)
    context.output.note("the message was sent")


def _check(text: str) -> None:
    if not text.strip():
        raise UsageError("the message is empty")
    if len(text) > LONGEST_MESSAGE:
        raise UsageError(
            f"the message has {len(text):,} characters", f"the limit is {LONGEST_MESSAGE:,}"
        )

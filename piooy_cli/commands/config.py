"""`piooy config`: settings and the key, shown, changed and checked."""

import sys
from contextlib import suppress
from enum import StrEnum
from typing import Annotated

import typer

from piooy_cli.answers import Line, Listing
from piooy_cli.commands.app import App
from piooy_cli.commands.check import report
from piooy_cli.errors import NotFound, StorageRefused, UsageError
from piooy_cli.session import Session

config = App(help="Show and change settings; store and check the key.")
_Key = Annotated[str, typer.Argument(metavar="KEY", help="Such as output or model.image.")]


class Store(StrEnum):
    """Where a key is kept."""

    KEYRING = "keyring"
    FILE = "file"


@config.callback()
def config_help(ctx: typer.Context) -> None:
    """Without a command: what there is."""
    if ctx.invoked_subcommand is None:
        session: Session = ctx.obj
        session.output.page(ctx.get_help())


@config.command("list")
def list_(
    ctx: typer.Context,
    show_origin: Annotated[
        bool, typer.Option("--show-origin", help="Say where each is from.")
    ] = False,
) -> None:
    """List settings in force."""
    from piooy_cli.configuration import in_force

    session: Session = ctx.obj
    found = list(in_force(session.resolved))
    rows = [[one.name, one.shown, *([one.origin] if show_origin else [])] for one in found]
    records = [{"key": one.name, "value": one.value, "origin": one.origin} for one in found]
    session.output.answer(
        Listing(["key", "value", *(["origin"] if show_origin else [])], rows, records)
    )


@config.command("get")
def get(ctx: typer.Context, key: _Key) -> None:
    """Print one setting."""
    from piooy_cli.configuration import in_force

    session: Session = ctx.obj
    for one in in_force(session.resolved):
        if one.name == key:
            session.output.answer(
                Line(one.shown, {"key": one.name, "value": one.value, "origin": one.origin})
            )
            return
    raise NotFound(f"{key} is not set", "`piooy config list` shows what is")


@config.command("set")
def set_(
    ctx: typer.Context, key: _Key, value: Annotated[str, typer.Argument(metavar="VALUE")]
) -> None:
    """Change a setting in the config file; comments in it stay.

    \b
    Examples:
      piooy config set model.image nano-banana-pro
      piooy config set output ~/Pictures/piooy
    """
    from piooy_cli.configuration import change

    session: Session = ctx.obj
    change(session.places.config_file, key, value, _chosen_profile(session))


@config.command("unset")
def unset(ctx: typer.Context, key: _Key) -> None:
    """Remove a setting from the config file."""
    from piooy_cli.configuration import change

    session: Session = ctx.obj
    change(session.places.config_file, key, None, _chosen_profile(session))


@config.command("path")
def path(ctx: typer.Context) -> None:
    """Print where the config file is."""
    session: Session = ctx.obj
    file = str(session.places.config_file)
    session.output.answer(Line(file, {"path": file}))


@config.command("edit")
def edit(ctx: typer.Context) -> None:
    """Open the config file in $VISUAL or $EDITOR."""
    import shlex
    import subprocess

    from piooy_cli.places import write_private

    session: Session = ctx.obj
    file = session.places.config_file
    editor = session.environ.get("VISUAL") or session.environ.get("EDITOR") or "vi"
    if not file.exists():
        write_private(file, "")
    try:
        ended = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode
    except (OSError, ValueError) as error:
        raise UsageError(f"{editor}: {error}", "set EDITOR to your editor") from None
    if ended:
        raise UsageError(f"{editor} ended with {ended}")


@config.command("set-key")
def set_key(
    ctx: typer.Context,
    store: Annotated[Store, typer.Option("--store", help="Where it is kept.")] = Store.KEYRING,
) -> None:
    """Store the API key: typed unseen, or from stdin; never an argument.

    \b
    Examples:
      piooy config set-key
      pass show piooy | piooy config set-key --store file
    """
    from piooy_cli import credentials
    from piooy_cli.configuration import ensure_profile
    from piooy_cli.keyrings import KeyringTrouble

    session: Session = ctx.obj
    if profile := _chosen_profile(session):
        ensure_profile(session.places.config_file, profile)
    secret = credentials.checked(_asked_key(session), "the input")
    session.secrets.append(secret)
    if store is Store.FILE:
        credentials.store_in_file(session.vault, secret)
        session.output.note(f"stored in {session.vault.file} for {session.vault.account}")
        return
    try:
        session.vault.keyring.store(secret)
    except KeyringTrouble as trouble:
        hint = "`piooy config set-key --store file` keeps it in a file that only you can read"
        raise StorageRefused(f"the key was not stored: {trouble.reason}", hint) from None
    session.output.note(f"stored in the keyring for {session.vault.account}")


@config.command("delete-key")
def delete_key(ctx: typer.Context) -> None:
    """Forget the stored key, in keyring and file."""
    from piooy_cli import credentials
    from piooy_cli.keyrings import KeyringTrouble

    session: Session = ctx.obj
    in_keyring = False
    with suppress(KeyringTrouble):
        in_keyring = session.vault.keyring.delete()
    if not (credentials.delete_from_file(session.vault) or in_keyring):
        raise NotFound(f"no key is stored for {session.vault.account}")
    session.output.note(f"forgot the key of {session.vault.account}")


@config.command("check")
def check(ctx: typer.Context) -> None:
    """Check key, keyring, network, ledger and disk; each line ok, warning or error with its remedy.

    \b
    Examples:
      piooy config check
      piooy config check --jq 'select(.state != "ok")'
    """
    session: Session = ctx.obj
    found = list(report(session))
    rows = [[one.what, one.state, one.found, one.remedy] for one in found]
    names = ("what", "state", "found", "remedy")
    records = [dict(zip(names, (cell or None for cell in row), strict=True)) for row in rows]
    session.output.answer(Listing(names, rows, records))
    if troubles := [one for one in found if one.state == "error"]:
        raise troubles[0].trouble or UsageError(troubles[0].found, troubles[0].remedy)


def _chosen_profile(session: Session) -> str | None:
    """The profile that option or variable names; `default` is the file's upper part."""
    chosen = session.flags.get("profile") or session.environ.get("PIOOY_PROFILE") or "default"
    return None if chosen == "default" else str(chosen)


def _asked_key(session: Session) -> str:
    from piooy_cli.intake import text_from

    if not session.interactive:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError(
                "no key on stdin", "pipe it in: `pass show piooy | piooy config set-key`"
            )
        return text_from("-", "key", 8192)
    from getpass import getpass

    return getpass("API key: ", sys.stderr)

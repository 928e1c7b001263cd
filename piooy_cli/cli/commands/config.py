"""`piooy config`: show, change and check settings and the API key."""

import sys
from contextlib import suppress
from enum import StrEnum
from typing import Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli.help import CommandApp
from piooy_cli.domain.answers import Line, Listing
from piooy_cli.domain.errors import NotFound, StorageRefused, UsageError
from piooy_cli.domain.events import Warned
from piooy_cli.domain.hints import Hint

config = CommandApp(help="Show and change settings; store and check the API key.")
_Key = Annotated[
    str, typer.Argument(metavar="KEY", help="A setting, such as output or model.image.")
]


class KeyLocation(StrEnum):
    """Where a key is stored."""

    KEYRING = "keyring"
    FILE = "file"


@config.callback()
def config_help(ctx: typer.Context) -> None:
    """Print the help when no command is given."""
    if ctx.invoked_subcommand is None:
        context: Context = ctx.obj
        context.output.page(ctx.get_help())


@config.command("list")
def list_settings(
    ctx: typer.Context,
    show_origin: Annotated[
        bool, typer.Option("--show-origin", help="Show where each value comes from.")
    ] = False,
) -> None:
    """List the settings in effect."""
    from piooy_cli.config.edit import in_force

    context: Context = ctx.obj
    found = list(in_force(context.resolved))
    rows = [[one.name, one.shown, *([one.origin] if show_origin else [])] for one in found]
    records = [{"key": one.name, "value": one.value, "origin": one.origin} for one in found]
    context.output.answer(
        Listing(["key", "value", *(["origin"] if show_origin else [])], rows, records)
    )


@config.command("get")
def get(ctx: typer.Context, key: _Key) -> None:
    """Print one setting."""
    from piooy_cli.config.edit import in_force

    context: Context = ctx.obj
    for one in in_force(context.resolved):
        if one.name == key:
            context.output.answer(
                Line(one.shown, {"key": one.name, "value": one.value, "origin": one.origin})
            )
            return
    raise NotFound(
        f"{key} is not set", Hint("config list", sentence="for the settings in effect: {}")
    )


@config.command("set")
def set_(
    ctx: typer.Context, key: _Key, value: Annotated[str, typer.Argument(metavar="VALUE")]
) -> None:
    """Change a setting in the config file. Comments in the file are kept.

    \b
    Examples:
      piooy config set model.image nano-banana-pro
      piooy config set output ~/Pictures/piooy
    """
    from piooy_cli.config.edit import change_setting

    context: Context = ctx.obj
    change_setting(context.directories.config_file, key, value, _chosen_profile(context))


@config.command("unset")
def unset(ctx: typer.Context, key: _Key) -> None:
    """Remove a setting from the config file."""
    from piooy_cli.config.edit import change_setting

    context: Context = ctx.obj
    change_setting(context.directories.config_file, key, None, _chosen_profile(context))


@config.command("path")
def path(ctx: typer.Context) -> None:
    """Print the path of the config file."""
    context: Context = ctx.obj
    file = str(context.directories.config_file)
    context.output.answer(Line(file, {"path": file}))


@config.command("edit")
def edit(ctx: typer.Context) -> None:
    """Open the config file in $VISUAL or $EDITOR."""
    import shlex

    from piooy_cli import programs
    from piooy_cli.files.writing import write_private

    context: Context = ctx.obj
    file = context.directories.config_file
    editor = context.environ.get("VISUAL") or context.environ.get("EDITOR") or "vi"
    if not file.exists():
        write_private(file, "")
    try:
        ended = programs.run(*shlex.split(editor), str(file.absolute()))
    except (OSError, ValueError) as error:
        raise UsageError(f"{editor}: {error}", "set EDITOR to your editor") from None
    if ended:
        raise UsageError(f"{editor} exited with status {ended}")


@config.command("set-key")
def set_key(
    ctx: typer.Context,
    store: Annotated[
        KeyLocation, typer.Option("--store", help="Where to store the key.")
    ] = KeyLocation.KEYRING,
) -> None:
    """Store the API key, typed at a prompt or read from stdin.

    \b
    Examples:
      piooy config set-key
      pass show piooy | piooy config set-key --store file
    """
    from piooy_cli.config import credentials
    from piooy_cli.config.core_dumps import disable_core_dumps
    from piooy_cli.config.edit import ensure_profile
    from piooy_cli.config.keyring import KeyringTrouble

    context: Context = ctx.obj
    if profile := _chosen_profile(context):
        ensure_profile(context.directories.config_file, profile)
    disable_core_dumps()
    secret = credentials.check_key(_asked_key(context), "the input")
    context.secrets.append(secret)
    if store is KeyLocation.FILE:
        credentials.store_in_file(context.key_store, secret)
        context.output.note(f"stored in {context.key_store.file} for {context.key_store.account}")
        return
    try:
        context.key_store.keyring.store(secret)
    except KeyringTrouble as trouble:
        hint = Hint(
            "config set-key",
            ("--store", "file"),
            "to store it in a file that only you can read: {}",
        )
        raise StorageRefused(f"the key was not stored: {trouble.reason}", hint) from None
    context.output.note(f"stored in the keyring for {context.key_store.account}")
    with suppress(KeyringTrouble):
        if context.key_store.keyring.is_plain_text():
            context.tell(Warned("this keyring stores the key as plain text in a file"))


@config.command("delete-key")
def delete_key(ctx: typer.Context) -> None:
    """Delete the stored key from the keyring and the key file."""
    from piooy_cli.config import credentials
    from piooy_cli.config.keyring import KeyringTrouble

    context: Context = ctx.obj
    in_keyring = False
    with suppress(KeyringTrouble):
        in_keyring = context.key_store.keyring.delete()
    if not (credentials.delete_from_file(context.key_store) or in_keyring):
        raise NotFound(f"no key is stored for {context.key_store.account}")
    context.output.note(f"deleted the key of {context.key_store.account}")


@config.command("check")
def check_config(ctx: typer.Context) -> None:
    """Check key, keyring, network, ledger and disk, with a remedy for each problem.

    \b
    Examples:
      piooy config check
      piooy config check --jq 'select(.state != "ok")'
    """
    from piooy_cli.app.doctor import diagnose

    context: Context = ctx.obj
    found = list(diagnose(context))
    rows = [[one.what, one.state, one.found, one.remedy] for one in found]
    names = ("what", "state", "found", "remedy")
    records = [dict(zip(names, (cell or None for cell in row), strict=True)) for row in rows]
    context.output.answer(Listing(names, rows, records))
    if troubles := [one for one in found if one.state == "error"]:
        raise troubles[0].trouble or UsageError(troubles[0].found, troubles[0].remedy)


def _chosen_profile(context: Context) -> str | None:
    """Return the profile that the option or the variable names; None for the default one."""
    chosen = context.options.profile or context.environ.get("PIOOY_PROFILE") or "default"
    return None if chosen == "default" else str(chosen)


def _asked_key(context: Context) -> str:
    from piooy_cli.requests.text_input import read_text

    if not context.interactive:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError(
                "stdin contains no key",
                "pipe it in, as in `pass show piooy | piooy config set-key`",
            )
        return read_text("-", "key", 8192)
    from getpass import getpass

    return getpass("API key: ", sys.stderr)

"""`piooy sandbox`: serve a fake API on this machine, and reset its state."""

from pathlib import Path
from typing import Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli.help import CommandApp
from piooy_cli.cli.options import parse_number

_BAD_DAYS = "Simulation"

sandbox = CommandApp(help="Run a fake Piooy API on this machine: no key, no charge.")


@sandbox.callback()
def sandbox_help(ctx: typer.Context) -> None:
    """Print the help when no command is given."""
    if ctx.invoked_subcommand is None:
        context: Context = ctx.obj
        context.output.page(ctx.get_help())


@sandbox.command("serve")
def serve_sandbox(
    ctx: typer.Context,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 picks a free one.")
    ] = 8787,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", parser=parse_number, metavar="N", help="Finish tasks N times faster."
        ),
    ] = 1,
    seed: Annotated[
        str,
        typer.Option(
            "--seed", metavar="TEXT", help="Seed, for reproducible ids, times, faults and files."
        ),
    ] = "",
    state: Annotated[
        Path | None, typer.Option("--state", metavar="FILE", help="State file.")
    ] = None,
    faults: Annotated[
        str,
        typer.Option(
            "--faults",
            metavar="SPEC|FILE",
            help="Faults to inject, such as 429:5%,drop-after-accept@3.",
            rich_help_panel=_BAD_DAYS,
        ),
    ] = "",
    limits: Annotated[
        str,
        typer.Option(
            "--limits",
            metavar="SPEC",
            help="Rate limits per key, such as 6/min,200/day,3/concurrent.",
            rich_help_panel=_BAD_DAYS,
        ),
    ] = "",
    shape: Annotated[
        str,
        typer.Option(
            "--result-shape",
            metavar="NAME",
            help="Shape results as this provider does.",
            rich_help_panel=_BAD_DAYS,
        ),
    ] = "",
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--accept-key",
            metavar="KEY",
            help="Accept only this key (default: any); repeatable.",
            rich_help_panel=_BAD_DAYS,
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log", metavar="FILE", help="Log each request and charge as a line of JSON."
        ),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            "--replay", metavar="FILE", help="Replay the responses that --record has written."
        ),
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            "--cors",
            metavar="ORIGIN",
            help="Let web pages of this origin use the API ('*': all pages); repeatable.",
        ),
    ] = None,
    remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Allow listening on an address that others can reach, and any Host.",
        ),
    ] = False,
) -> None:
    """Serve the API until Ctrl-C or SIGTERM. Any key is accepted; each is a separate user.

    \b
    Examples:
      piooy sandbox serve --speed 10
      PIOOY_BASE_URL=http://127.0.0.1:8787 PIOOY_API_KEY=any piooy generate image -m m fox
    """
    from piooy_cli.sandbox.launch import STATE_FILE, sandbox_options
    from piooy_cli.sandbox.launch import serve as serving

    context: Context = ctx.obj
    options = {
        "speed": speed,
        "seed": seed,
        "keys": tuple(keys or ()),
        "log": log,
        "replay": replay,
    }
    wanted = sandbox_options(
        options, faults, limits, shape, cors or (), context.catalogue.typical_seconds
    )
    file = state or context.directories.state / STATE_FILE
    serving(file, host, port, wanted, context.output.note, remote=remote)


@sandbox.command("reset")
def reset_tasks(ctx: typer.Context) -> None:
    """Delete all tasks of the sandbox."""
    from piooy_cli.sandbox.launch import reset as forget

    context: Context = ctx.obj
    forget(context.directories.state)
    context.output.note("the sandbox is empty")

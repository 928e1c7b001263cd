"""`piooy sandbox`: the API on a port of this machine, and its state forgotten."""

from typing import Annotated

import typer

from piooy_cli.commands import options
from piooy_cli.commands.app import App
from piooy_cli.session import Session

sandbox = App(help="The Piooy API on your own machine: no key, no charge.")


@sandbox.callback()
def sandbox_help(ctx: typer.Context) -> None:
    """Without a command: what there is."""
    if ctx.invoked_subcommand is None:
        session: Session = ctx.obj
        session.output.page(ctx.get_help())


@sandbox.command("serve")
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option("--host", help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = 8787,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", parser=options.number, metavar="N", help="Tasks end so many times sooner."
        ),
    ] = 1,
) -> None:
    """Serve the API until Ctrl-C or SIGTERM.

    \b
    Examples:
      piooy sandbox serve --speed 10
      PIOOY_BASE_URL=http://127.0.0.1:8787 PIOOY_API_KEY=any piooy generate image -m m fox
    """
    from piooy_cli.sandbox import serve as serving

    session: Session = ctx.obj
    serving(session.places.state, host, port, speed, session.output.note)


@sandbox.command("reset")
def reset(ctx: typer.Context) -> None:
    """Forget every task of the sandbox."""
    from piooy_cli.sandbox import reset as forget

    session: Session = ctx.obj
    forget(session.places.state)
    session.output.note("the sandbox is empty")

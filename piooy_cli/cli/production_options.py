"""The options of `plan` and `run`."""

from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.domain.errors import UsageError

if TYPE_CHECKING:
    from piooy_cli.app.batch_options import BatchOptions
    from piooy_cli.app.production import ProductionOptions

File = Annotated[
    str, typer.Argument(metavar="FILE", help="The production, in TOML or JSON; see `init-plan`.")
]
Var = Annotated[
    list[str] | None,
    typer.Option("--var", metavar="NAME=VALUE", help="Set a variable of the file; repeatable."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NODE", help="Only this node and its parents; repeatable."),
]
Force = Annotated[
    list[str] | None,
    typer.Option(
        "--force", metavar="NODE", help="Send it again, and what is made from it; repeatable."
    ),
]


def production_options(ctx: typer.Context, batch: "BatchOptions") -> "ProductionOptions":
    """Return the options of the command. Raises UsageError."""
    from piooy_cli.app.production import ProductionOptions

    given = ctx.params
    return ProductionOptions(
        file=given["file"],
        batch=batch,
        variables=_variables(given["var"] or []),
        only=given["only"] or (),
        forced=given["force"] or (),
        preset=given["preset"],
        name=given["name"],
        output=given["output"],
        inline=given["inline"],
    )


def _variables(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageError(f"--var {text[:80]!r} has no value", "write NAME=VALUE")
        if found.setdefault(name, value) != value:
            raise UsageError(f"--var {name} is given twice")
    return found

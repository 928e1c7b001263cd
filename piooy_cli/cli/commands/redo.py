"""`piooy redo`: send an earlier request again, as a new order."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli import options, request_options, saving_options
from piooy_cli.domain.answers import Listing
from piooy_cli.domain.escaping import json_text
from piooy_cli.domain.events import Saved, Settled, Submitted

if TYPE_CHECKING:
    from piooy_cli.domain.models import Order


_NAMED = ("aspect_ratio", "resolution", "duration", "seed", "negative_prompt")


def redo(
    ctx: typer.Context,
    ref: Annotated[
        str,
        typer.Argument(metavar="REF", help="A task, @last, @row:N, or a file that piooy saved."),
    ],
    prompt: Annotated[
        str | None, typer.Option("--prompt", metavar="TEXT", help="Another prompt.")
    ] = None,
    model: request_options.Model = None,
    aspect_ratio: request_options.AspectRatio = None,
    resolution: request_options.Resolution = None,
    duration: request_options.Duration = None,
    option: request_options.Option = None,
    options_file: request_options.OptionsFile = None,
    seed: request_options.Seed = None,
    negative_prompt: request_options.NegativePrompt = None,
    provider: request_options.Provider = None,
    scene: request_options.Scene = None,
    tag: request_options.Tag = None,
    output: saving_options.OutputOption = None,
    on_exists: saving_options.OnExistsOption = saving_options.ExistsChoice.RENAME,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the task to finish.")
    ] = True,
    download: Annotated[
        bool, typer.Option("--download/--no-download", help="Download the files.")
    ] = True,
    timeout: options.Timeout = None,
    interval: options.Interval = None,
    heartbeat: options.Heartbeat = 30,
    notify: options.Notify = False,
    covers: saving_options.Covers = False,
    http_assets: saving_options.HttpAssets = False,
    private_assets: saving_options.PrivateAssets = False,
    svg: saving_options.Svg = False,
    metadata: saving_options.Metadata = None,
    private: saving_options.Private = False,
    strict: saving_options.Strict = False,
    deep: saving_options.Deep = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be changed, without sending it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")] = False,
) -> None:
    """Send the request of an earlier task again, charged again.

    \b
    Examples:
      piooy redo @last --yes
      piooy redo fox.png --seed 7 --yes
      piooy redo fox.png -m seedream-4-5 -O resolution:=null --dry-run

    Options change the request; KEY:=null removes an option.
    """
    from piooy_cli.app.confirm import ask_charges
    from piooy_cli.app.generate import GenerateOptions, generate_tasks
    from piooy_cli.app.redo import changed_request, earlier_request
    from piooy_cli.requests.cli_input import collect_options

    context = options.waiting_context(ctx)
    old = earlier_request(context, ref)
    new = changed_request(context, old, _changes(ctx, collect_options))
    if dry_run:
        return _show(context, old, new)
    if not yes:
        context.output.note(f"{new.media}, {new.model}: {new.prompt}")
    ask_charges(context, 1, yes)
    saves = wait and download
    how = GenerateOptions(
        wait=wait, save=saving_options.save_options(ctx) if saves else None, timeout=timeout
    )
    results = (Saved,) if saves else (Settled,) if wait else (Submitted,)
    return context.run(generate_tasks, new, how, results=results)


def _changes(ctx: typer.Context, collect_options: Any) -> dict[str, Any]:
    from piooy_cli.domain.tags import tags_of
    from piooy_cli.domain.text import check_text

    given = ctx.params
    named = {name: given[name] for name in _NAMED}
    chosen = {name: given[name] for name in ("prompt", "model", "provider", "scene")}
    for name, text in chosen.items():
        check_text(text or "", f"--{name}")
    tags = tags_of(given["tag"] or ())
    options = collect_options(given["options_file"], given["option"], named)
    return chosen | {"options": options} | ({"tags": tags} if tags else {})


def _show(context: Context, old: "Order", new: "Order") -> None:
    from piooy_cli.app.redo import differences

    found = list(differences(old, new))
    rows = [[one.field, json_text(one.before), json_text(one.after)] for one in found]
    context.output.answer(
        Listing(["field", "before", "after"], rows, [one._asdict() for one in found])
    )
    if not found:
        context.output.note("the same request would be sent again")

"""`piooy generate`: send a request, wait for its task and save the files."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli import options, request_options, saving_options
from piooy_cli.cli.options import positive_number
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.events import Noticed, Saved, Settled, Submitted
from piooy_cli.domain.models import MediaType, Order, SavedFile

if TYPE_CHECKING:
    from piooy_cli.downloads.options import SaveOptions

_AFTER = "After saving"


def generate(
    ctx: typer.Context,
    media: Annotated[MediaType, typer.Argument(help="What to create.")],
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT", help="What it should show or sound like; `-` reads stdin."
        ),
    ] = None,
    model: request_options.Model = None,
    preset: request_options.Preset = None,
    aspect_ratio: request_options.AspectRatio = None,
    resolution: request_options.Resolution = None,
    duration: request_options.Duration = None,
    image: request_options.Image = None,
    video: request_options.Video = None,
    last_frame: Annotated[
        list[str] | None,
        typer.Option(
            "--last-frame",
            metavar="REF",
            rich_help_panel=request_options.REQUEST,
            help="Last frame of a video, as reference image: a task or a file; needs ffmpeg.",
        ),
    ] = None,
    inline: request_options.Inline = False,
    output: saving_options.OutputOption = None,
    on_exists: saving_options.OnExistsOption = saving_options.ExistsChoice.RENAME,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the task to finish.")
    ] = True,
    download: Annotated[
        bool, typer.Option("--download/--no-download", help="Download the files.")
    ] = True,
    count: Annotated[
        int,
        typer.Option(
            "--count",
            "-n",
            parser=positive_number,
            metavar="N",
            help="Create N tasks from the same request.",
        ),
    ] = 1,
    tag: request_options.Tag = None,
    vary: options.Vary = None,
    zip_: options.Zip = False,
    pieces: Annotated[
        bool,
        typer.Option(
            "--pieces",
            rich_help_panel="Sweeps",
            help="Create a task for each piece of the prompt: {red|blue}, or __colors__ for the"
            " lines of colors.txt.",
        ),
    ] = False,
    name: options.BatchName = None,
    concurrency: options.Concurrency = 4,
    timeout: options.Timeout = None,
    interval: options.Interval = None,
    heartbeat: options.Heartbeat = 30,
    notify: options.Notify = False,
    prompt_file: Annotated[
        str | None,
        typer.Option(
            "--prompt-file",
            "-f",
            metavar="FILE",
            rich_help_panel=request_options.REQUEST,
            help="Read the prompt from a file.",
        ),
    ] = None,
    option: request_options.Option = None,
    options_file: request_options.OptionsFile = None,
    seed: request_options.Seed = None,
    negative_prompt: request_options.NegativePrompt = None,
    title: request_options.Title = None,
    style: request_options.Style = None,
    lyrics: request_options.Lyrics = None,
    lyrics_file: request_options.LyricsFile = None,
    instrumental: request_options.Instrumental = False,
    provider: request_options.Provider = None,
    scene: request_options.Scene = None,
    covers: saving_options.Covers = False,
    http_assets: saving_options.HttpAssets = False,
    private_assets: saving_options.PrivateAssets = False,
    svg: saving_options.Svg = False,
    metadata: saving_options.Metadata = None,
    private: saving_options.Private = False,
    strict: saving_options.Strict = False,
    deep: saving_options.Deep = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the request without sending it.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="With --dry-run: show where each value comes from."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")] = False,
    open_: Annotated[
        bool, typer.Option("--open", rich_help_panel=_AFTER, help="Open the file when it is saved.")
    ] = False,
    preview: Annotated[
        bool,
        typer.Option("--preview", rich_help_panel=_AFTER, help="Show the picture in the terminal."),
    ] = False,
) -> None:
    """Create an image, a video, music or a character from a prompt.

    \b
    Examples:
      piooy generate image -m nano-banana-pro "a red fox in the snow"
      piooy generate image -m seedream-4-5 -a 16:9 -r 2K -o art/ "dunes"
      piooy generate video -m veo-3-1 --duration 8 -i https://example.com/fox.png "it runs"
      piooy generate music -m suno-v5 --style noir --instrumental "rain"

    --vary creates a task for each value, pays for none twice, and makes a contact sheet. A value
    comes from the command line, or else from --preset, the config file, or the model's defaults.
    Each task is charged. If the response is lost, piooy exits with code 11 and never resends.
    """
    from piooy_cli.app.confirm import confirm_charges
    from piooy_cli.app.explain import explain_order
    from piooy_cli.app.generate import GenerateOptions, generate_tasks
    from piooy_cli.app.sweep_run import SweepOptions, notice_pieces, run_sweep
    from piooy_cli.app.to_stdout import is_allowed_stdout
    from piooy_cli.requests.builder import RequestBuilder
    from piooy_cli.requests.cli_input import read_prompt
    from piooy_cli.requests.input_refs import InputRefs
    from piooy_cli.requests.presets import filled, typed_prompt

    context = options.waiting_context(ctx)
    if not (wait and download):
        saving_options.refuse_without_files(ctx, "cannot be used where no file is saved")
    if explain and not dry_run:
        raise UsageError("--explain requires --dry-run")
    chosen = request_options.chosen_preset(ctx, media)
    given = request_options.request_spec(ctx, media)
    inputs = InputRefs(context.existing_store)
    builder = RequestBuilder(context.settings, context.catalogue, inputs, inline=inline)
    given = given._replace(images=(*given.images, *map(inputs.last_frame, last_frame or ())))
    spec = request_options.over_preset(given, chosen)
    read = partial(read_prompt, prompt, prompt_file, options_from_stdin=options_file == "-")
    if vary or zip_ or pieces:
        _refuse_with(
            "--vary" if vary or zip_ else "--pieces",
            count=count != 1, no_wait=not wait, no_download=not download, open=open_,
            preview=preview, explain=explain,
        )  # fmt: skip
        save = saving_options.save_options(ctx, preset=chosen)
        sweep = SweepOptions(
            vary or [], zip_, name, concurrency, save, timeout, dry_run, yes, pieces
        )
        return run_sweep(context, builder, spec, read, sweep)
    if name:
        raise UsageError("--name requires --vary", "only a sweep is a batch with a name")
    typed = typed_prompt(spec.prompt, read, has_input=builder.has_input(spec))
    spec = spec._replace(prompt=filled(spec.prompt, typed))
    notice_pieces(context, spec.prompt)
    order = builder.order(spec)
    if explain:
        return explain_order(context, order, given._replace(prompt=typed), chosen)
    if dry_run:
        return context.output.document(order.to_dict())
    confirm_charges(context, count, yes)
    to_stdout = wait and download and output is not None and is_allowed_stdout(output)
    # What is not needed is not loaded; an --output that is wrong is told all the same.
    saves = (wait and download) or output is not None or chosen is not None
    saving = saving_options.save_options(ctx, stdout=to_stdout, preset=chosen) if saves else None
    if to_stdout and saving:
        if count != 1:
            raise UsageError(
                "--output - accepts a single task", "for several tasks, give --output a directory"
            )
        return context.run(_to_stdout, order, timeout, saving)

    def on_saved(file: SavedFile) -> None:
        if preview:
            context.output.preview(file.path)
        if open_:
            _open(context, file.path)

    how = GenerateOptions(
        times=count,
        wait=wait,
        save=saving if wait and download else None,
        timeout=timeout,
        at_once=concurrency,
        on_saved=on_saved,
    )
    results = (Saved,) if how.save else (Settled,) if wait else (Submitted,)
    return context.run(generate_tasks, order, how, results=results)


def _open(context: Context, path: str) -> None:
    """Open a file; whatever happens, it is saved."""
    from piooy_cli.programs import open_file

    try:
        open_file(Path(path))
    except OSError:
        context.tell(Noticed(f"{path} could not be opened"))


async def _to_stdout(
    context: Context, order: Order, timeout: float | None, how: "SaveOptions"
) -> None:
    from piooy_cli.app.generate import generate_one
    from piooy_cli.app.to_stdout import to_stdout

    async def fetch(save: "SaveOptions") -> list[SavedFile]:
        return await generate_one(context, order, save, timeout)

    same = {"covers": how.covers, "hosts": how.hosts, "strict": how.strict, "deep": how.deep}
    await to_stdout(context, fetch, **same)


def _refuse_with(sweep: str, **given: bool) -> None:
    """Raise UsageError for an option that cannot be used with --vary or --pieces."""
    for option, is_given in given.items():
        if is_given:
            raise UsageError(f"--{option.replace('_', '-')} cannot be used with {sweep}")

"""From the options of `piooy generate` to an Order, whole and checked."""

from collections.abc import Mapping
from typing import Any

from piooy_cli import intake, ordering
from piooy_cli.errors import UsageError
from piooy_cli.models import Media, Order
from piooy_cli.session import Session


def order_of(
    session: Session, media: Media, prompt: str | None, prompt_file: str | None, *,
    model: str | None, provider: str | None, scene: str | None, images: list[str],
    videos: list[str], inline: bool, given: Mapping[str, Any], option: list[str],
    options_file: str | None,
) -> Order:  # fmt: skip
    """The order, whole and checked, before anything is sent."""
    settings = session.settings
    model = settings.model.get(media) if model is None else model
    if not model:
        hint = (
            f"give --model, or set one: `piooy config set model.{media} ID`; `piooy models` lists"
        )
        raise UsageError(f"no model for {media}", hint)
    for words, what in ((model, "model"), (provider or "", "provider"), (scene or "", "scene")):
        intake.check_text(words, what, 1000)
    images = [ordering.reference(one, "--image", inline=inline) for one in images]
    videos = [ordering.reference(one, "--video", inline=inline) for one in videos]
    known = session.catalogue.get(model)
    chosen = {**(known.defaults if known else {}), **settings.options.get(media, {})}
    if options_file is not None:
        chosen |= intake.json_object(options_file, "--options")
    chosen |= dict(ordering.option_of(text) for text in option)
    chosen |= ordering.references(media, images, videos)
    chosen |= {name: value for name, value in given.items() if value is not None}
    text = _prompt(prompt, prompt_file, options_from_stdin=options_file == "-", chosen=chosen)
    return Order(
        media=media,
        scene=scene or ordering.scene_of(media, images, videos),
        provider=provider or session.catalogue.provider(model, settings.provider),
        model=model,
        prompt=text,
        options=ordering.checked(chosen),
    )


def _prompt(
    prompt: str | None,
    prompt_file: str | None,
    *,
    options_from_stdin: bool,
    chosen: Mapping[str, Any],
) -> str:
    """The prompt: argument, file, or stdin where neither it nor an option says what to make."""
    if prompt is not None and prompt_file is not None:
        raise UsageError("a prompt and --prompt-file were given", "give one of them")
    supplied = ordering.has_input(chosen)
    source = prompt_file or ("-" if prompt == "-" or (prompt is None and not supplied) else None)
    if source == "-" and options_from_stdin:
        raise UsageError("prompt and --options cannot both come from stdin")
    text = intake.text_from(source, "prompt") if source else prompt or ""
    if not text.strip() and not supplied:
        raise UsageError(
            "the prompt is empty", 'as in `piooy generate image -m nano-banana-pro "a fox"`'
        )
    return intake.check_text(text, "prompt")


def lyrics_of(text: str | None, file: str | None) -> str | None:
    """The words of a song, from the command line or a file."""
    if text is not None and file is not None:
        raise UsageError("--lyrics and --lyrics-file were given", "give one of them")
    return intake.text_from(file, "lyrics") if file else text

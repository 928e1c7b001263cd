"""What a person asks for with options of the command line, before any default."""

from collections.abc import Mapping
from typing import Any

from piooy_cli import intake, ordering
from piooy_cli.errors import UsageError


def options_of(
    options_file: str | None, option: list[str] | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Later wins: the file of --options, --option, options that have a name of their own."""
    chosen = intake.json_object(options_file, "--options") if options_file is not None else {}
    chosen |= dict(ordering.option_of(text) for text in option or [])
    return chosen | {name: value for name, value in given.items() if value is not None}


def prompt_of(
    prompt: str | None, prompt_file: str | None, *, options_from_stdin: bool, supplied: bool
) -> str:
    """The prompt: argument, file, or stdin where neither it nor an option says what to make."""
    if prompt is not None and prompt_file is not None:
        raise UsageError("a prompt and --prompt-file were given", "give one of them")
    source = prompt_file or ("-" if prompt == "-" or (prompt is None and not supplied) else None)
    if source == "-" and options_from_stdin:
        raise UsageError("prompt and --options cannot both come from stdin")
    return intake.text_from(source, "prompt") if source else prompt or ""


def lyrics_of(text: str | None, file: str | None) -> str | None:
    """The words of a song, from the command line or a file."""
    if text is not None and file is not None:
        raise UsageError("--lyrics and --lyrics-file were given", "give one of them")
    return intake.text_from(file, "lyrics") if file else text

"""What a person asks for with options of the command line, before any default."""

from collections.abc import Mapping
from typing import Any

from piooy_cli.domain.errors import UsageError
from piooy_cli.requests import options, text_input


def collect_options(
    options_file: str | None, option: list[str] | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Later wins: the file of --options, --option, options that have a name of their own."""
    chosen = (
        text_input.read_json_object(options_file, "--options") if options_file is not None else {}
    )
    chosen |= dict(options.parse_option(text) for text in option or [])
    return chosen | {name: value for name, value in given.items() if value is not None}


def read_prompt(
    prompt: str | None, prompt_file: str | None, *, options_from_stdin: bool, supplied: bool
) -> str:
    """The prompt: argument, file, or stdin where neither it nor an option says what to make."""
    if prompt is not None and prompt_file is not None:
        raise UsageError("a prompt and --prompt-file were given", "give one of them")
    source = prompt_file or ("-" if prompt == "-" or (prompt is None and not supplied) else None)
    if source == "-" and options_from_stdin:
        raise UsageError("prompt and --options cannot both come from stdin")
    return text_input.read_text(source, "prompt") if source else prompt or ""


def read_lyrics(text: str | None, file: str | None) -> str | None:
    """The words of a song, from the command line or a file."""
    if text is not None and file is not None:
        raise UsageError("--lyrics and --lyrics-file were given", "give one of them")
    return text_input.read_text(file, "lyrics") if file else text

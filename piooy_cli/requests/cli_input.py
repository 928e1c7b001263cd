"""Reading options, prompt and lyrics from the command line, before defaults apply."""

from collections.abc import Mapping
from typing import Any

from piooy_cli.domain.errors import UsageError
from piooy_cli.requests import options, text_input


def collect_options(
    options_file: str | None, option: list[str] | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Merge --options, --option and named options; the later one wins."""
    chosen = (
        text_input.read_json_object(options_file, "--options") if options_file is not None else {}
    )
    chosen |= dict(options.parse_option(text) for text in option or [])
    return chosen | {name: value for name, value in given.items() if value is not None}


def read_prompt(
    prompt: str | None, prompt_file: str | None, *, options_from_stdin: bool, supplied: bool
) -> str:
    """Read the prompt: the argument, a file, or stdin if nothing else says what to make."""
    if prompt is not None and prompt_file is not None:
        raise UsageError("both a prompt and --prompt-file were given", "give only one of them")
    source = prompt_file or ("-" if prompt == "-" or (prompt is None and not supplied) else None)
    if source == "-" and options_from_stdin:
        raise UsageError("the prompt and --options cannot both be read from stdin")
    return text_input.read_text(source, "prompt") if source else prompt or ""


def read_lyrics(text: str | None, file: str | None) -> str | None:
    """Read the lyrics from the command line or a file."""
    if text is not None and file is not None:
        raise UsageError("both --lyrics and --lyrics-file were given", "give only one of them")
    return text_input.read_text(file, "lyrics") if file else text

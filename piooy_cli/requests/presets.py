"""Presets as requests: found by name, the files of a project's presets checked, prompts filled.

The order of merging: row, command line, preset, config, catalogue; options key by key.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from piooy_cli.config.project import GAP, Preset, load_presets
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.inputs import ResultRef
from piooy_cli.domain.text import is_blank
from piooy_cli.files.reading import expanded
from piooy_cli.requests.builder import RequestSpec
from piooy_cli.requests.options import is_url


def find_preset(name: str, config_file: Path) -> Preset:
    """Return the preset of this name. Raises UsageError if there is none."""
    return chosen_preset(name, load_presets(config_file))


def chosen_preset(name: str, presets: Mapping[str, Preset]) -> Preset:
    """Return the preset of this name. Raises UsageError that names similar ones."""
    if name in presets:
        return presets[name]
    from difflib import get_close_matches

    similar = get_close_matches(name, presets, n=3)
    meant = f"did you mean {' or '.join(similar)}?" if similar else ""
    listing = Hint("presets", sentence="to list them: {}")
    raise UsageError(f"there is no preset {name[:60]!r}", [meant, listing])


def preset_spec(preset: Preset) -> RequestSpec:
    """Return the request of a preset; its prompt may have a gap. Raises UsageError.

    The files of a project's preset are found, and have to be, below the directory of its file.
    """
    fields = preset.fields
    return RequestSpec(
        media=fields.get("media"),
        model=fields.get("model"),
        provider=fields.get("provider"),
        scene=fields.get("scene"),
        prompt=fields.get("prompt", ""),
        images=_inputs(preset, "images"),
        videos=_inputs(preset, "videos"),
        options=fields.get("options", {}),
    )


def check_media(preset: Preset, media: str | None) -> None:
    """Raise UsageError if a preset is for another media type."""
    if media and preset.fields.get("media", media) != media:
        own = preset.fields["media"]
        raise UsageError(f"{preset.label} is for {own}, not for {media}")


def filled(template: str, prompt: str) -> str:
    """Return the user's prompt in the gap of a preset's, or else the one of both that there is.

    Raises UsageError if there is nothing for the gap.
    """
    before, gap, after = template.partition(GAP)
    if not gap:
        return prompt or template
    if is_blank(prompt):
        raise UsageError(f"the prompt is empty, and the preset's prompt has {GAP}")
    return f"{before}{prompt}{after}"


def typed_prompt(template: str, read: Callable[..., str], *, has_input: bool) -> str:
    """Return the user's prompt. `read` may read stdin only if none is `supplied`."""
    return read(supplied=GAP not in template and (has_input or bool(template)))


def _inputs(preset: Preset, field: str) -> tuple[str, ...]:
    texts = preset.fields.get(field, ())
    return tuple(_local(text, preset, field) if preset.in_project else text for text in texts)


def _local(text: str, preset: Preset, field: str) -> str:
    """Return the path of a project's file, also through links below it; other texts as they are."""
    if text.startswith("@") or is_url(text, field) or ResultRef.of(text):
        return text
    place = preset.file.parent
    beside = place / expanded(text)
    path = beside if _exists(beside) else expanded(text)  # which would be found there later
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(place)):
        raise UsageError(
            f"{preset.label}: {field}: {text[:200]!r} is not in {place}",
            "give it with --image or --video if it is what you want",
        )
    return str(beside) if _exists(beside) else text


def _exists(path: Path) -> bool:
    with suppress(OSError):
        return path.exists()
    return False

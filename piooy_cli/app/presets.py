"""`piooy presets`: the presets that can be used here, and what one resolves to."""

from typing import TYPE_CHECKING, Any

from piooy_cli.app.context import Context
from piooy_cli.domain.answers import Listing
from piooy_cli.domain.errors import PiooyError

if TYPE_CHECKING:
    from piooy_cli.config.project import Preset

_COLUMNS = ("preset", "from", "media", "model", "description")


def list_presets(context: Context) -> None:
    """Print all presets, those of the project first."""
    from piooy_cli.config.project import load_presets

    found = list(load_presets(context.directories.config_file).values())
    rows = [[one.name, one.origin, *(one.text(field) for field in _COLUMNS[2:])] for one in found]
    context.output.answer(Listing(_COLUMNS, rows, [_record(one) for one in found]))


def show_preset(context: Context, name: str) -> None:
    """Print a preset as JSON, as it is written and as the request that it makes."""
    from piooy_cli.requests.presets import find_preset

    preset = find_preset(name, context.directories.config_file)
    request, reason = _resolved(context, preset)
    record = {"name": name, "from": preset.origin, "path": str(preset.file)}
    written = {"preset": dict(preset.fields), "request": request, "reason": reason}
    context.output.document(record | written)


def _record(preset: "Preset") -> dict[str, Any]:
    texts = {field: preset.text(field) or None for field in ("media", "model", "description")}
    return {
        "name": preset.name, "from": preset.origin, "path": str(preset.file),
        "media_type": texts["media"], "model": texts["model"], "description": texts["description"],
    }  # fmt: skip


def _resolved(context: Context, preset: "Preset") -> tuple[dict[str, Any] | None, str | None]:
    """Return the request; None, and why, if something is missing."""
    from piooy_cli.config.project import GAP
    from piooy_cli.requests.builder import RequestBuilder
    from piooy_cli.requests.input_refs import InputRefs
    from piooy_cli.requests.presets import preset_spec

    inputs = InputRefs(context.existing_store)
    builder = RequestBuilder(context.settings, context.catalogue, inputs)
    try:
        spec = preset_spec(preset)
        return builder.order(spec._replace(prompt=spec.prompt or GAP)).to_dict(), None
    except PiooyError as error:
        return None, error.message

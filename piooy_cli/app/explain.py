"""`--dry-run --explain`: each field of a request, and where its value comes from."""

import json
from typing import TYPE_CHECKING, Any

from piooy_cli.app.context import Context

if TYPE_CHECKING:
    from piooy_cli.config.project import Preset
    from piooy_cli.domain.models import Order
    from piooy_cli.requests.builder import RequestSpec

_COLUMNS = ("field", "value", "source")
_SHOWN = 200  # characters of a value in the table; a picture in the request has millions


def explain_order(
    context: Context, order: "Order", given: "RequestSpec", preset: "Preset | None"
) -> None:
    """Print a table, or an object for each field. `given`: what the command line says."""
    from piooy_cli.domain.answers import Listing
    from piooy_cli.requests.explain import Layer, origins
    from piooy_cli.requests.presets import preset_spec

    layers = [Layer("command line", given)]
    if preset:
        layers.append(Layer(preset.label, preset_spec(preset)))
    found = list(origins(order, layers, context.settings, context.catalogue))
    rows = [[one.field, _shown(one.value), one.source] for one in found]
    context.output.answer(Listing(_COLUMNS, rows, [one._asdict() for one in found]))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

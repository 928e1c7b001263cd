"""The model catalogue: bundled entries, overridden by the user's own. Unknown models are fine."""

import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from piooy_cli.domain.models import MediaType

FALLBACK_PROVIDER = "evolink"
_TYPICAL_SECONDS = {"image": 30.0, "video": 180.0, "music": 120.0, "character": 150.0}


class ModelInfo(NamedTuple):
    """A catalogue entry. `seconds`: a typical run; `options`: usual values by name."""

    id: str
    media: str
    scenes: tuple[str, ...] = ()
    provider: str = ""
    options: Mapping[str, tuple[Any, ...]] = MappingProxyType({})
    defaults: Mapping[str, Any] = MappingProxyType({})
    seconds: float | None = None


class Catalogue:
    """Models by id."""

    def __init__(self, models: Iterable[ModelInfo]) -> None:
        self._models = {model.id: model for model in models}

    def __iter__(self) -> Any:
        return iter(self._models.values())

    def get(self, model_id: str) -> ModelInfo | None:
        """Return the entry of a model, empty if it is unknown."""
        return self._models.get(model_id)

    def provider(self, model_id: str, setting: str) -> str:
        """Return the provider of a model: the catalogue's, else the setting's, else evolink."""
        known = self.get(model_id)
        return (known.provider if known else "") or setting or FALLBACK_PROVIDER

    def typical_seconds(self, model_id: str | None, media: str | None) -> float:
        """Return how many seconds a run of a model usually takes."""
        known = self.get(model_id) if model_id else None
        return (known.seconds if known else None) or _TYPICAL_SECONDS.get(media or "", 60.0)


def load_catalogue(own: Mapping[str, Mapping[str, Any]] | None = None) -> Catalogue:
    """Load the bundled catalogue, overridden by the user's `[models.ID]` tables."""
    text = Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, Any]] = tomllib.loads(text)
    for model_id, table in (own or {}).items():
        tables[model_id] = tables.get(model_id, {}) | dict(table)
    return Catalogue(_model(model_id, table) for model_id, table in tables.items())


def _model(model_id: str, table: Mapping[str, Any]) -> ModelInfo:
    """Parse an entry leniently: an invalid field counts as absent."""
    seconds = table.get("seconds")
    return ModelInfo(
        id=model_id,
        media=str(table.get("media", MediaType.IMAGE)),
        scenes=tuple(map(str, _list(table.get("scenes")))),
        provider=str(table.get("provider", "")),
        options={name: tuple(_list(values)) for name, values in _table(table, "options").items()},
        defaults=_table(table, "defaults"),
        seconds=float(seconds)
        if isinstance(seconds, int | float) and 0 < seconds < math.inf
        else None,
    )


def _table(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = table.get(name)
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]

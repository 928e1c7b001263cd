"""Where each field of a request comes from, for `--dry-run --explain`. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from piooy_cli.config.project import GAP
from piooy_cli.config.settings import Settings
from piooy_cli.domain.models import Order
from piooy_cli.requests.builder import RequestSpec
from piooy_cli.requests.catalogue import Catalogue

CATALOGUE, CONFIG, INFERRED = "catalogue", "config", "inferred"
_REFERENCES = {"image_input": "images", "video_input": "videos", "video_url": "videos"}


class Layer(NamedTuple):
    """A request before it is merged, and its name for people."""

    source: str
    spec: RequestSpec


class Origin(NamedTuple):
    """A field of the request that is sent, and where its value comes from."""

    field: str
    value: Any
    source: str


def origins(
    order: Order, layers: Sequence[Layer], settings: Settings, catalogue: Catalogue
) -> Iterator[Origin]:
    """Yield all fields of an order; the first of the `layers` wins."""
    known = catalogue.get(order.model)
    provider = CONFIG if settings.provider and not (known and known.provider) else CATALOGUE
    otherwise = {"media": CATALOGUE, "scene": INFERRED, "provider": provider, "model": CONFIG}
    for field, source in otherwise.items():
        name = "mediaType" if field == "media" else field
        yield Origin(name, str(getattr(order, field)), _first(layers, field) or source)
    yield Origin("prompt", order.prompt, _prompt(layers))
    own = settings.options.get(order.media, {})
    for key, value in order.options.items():
        yield Origin(f"options.{key}", value, _option(key, layers, own))


def _first(layers: Sequence[Layer], field: str) -> str:
    return next((layer.source for layer in layers if getattr(layer.spec, field)), "")


def _prompt(layers: Sequence[Layer]) -> str:
    """Return the source of the prompt: two, where one was put into the gap of the other."""
    given = [layer for layer in layers if layer.spec.prompt]
    around = given[1:] if len(given) > 1 and GAP in given[1].spec.prompt else []
    return ", in ".join(layer.source for layer in [*given[:1], *around])


def _option(key: str, layers: Sequence[Layer], own: Mapping[str, Any]) -> str:
    if key in _REFERENCES and (source := _first(layers, _REFERENCES[key])):
        return source
    given = (layer.source for layer in layers if key in layer.spec.options)
    return next(given, CONFIG if key in own else CATALOGUE)

"""`piooy models`: what is known of models; any other id is accepted all the same."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from piooy_cli.answers import Listing
from piooy_cli.errors import NotFound
from piooy_cli.models import Media
from piooy_cli.session import Session

if TYPE_CHECKING:
    from piooy_cli.catalogue import Model


def models(
    ctx: typer.Context,
    model_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One model.")] = None,
    media: Annotated[Media | None, typer.Option("--media", help="Of this media type only.")] = None,
) -> None:
    """List known models, or show one with its usual options.

    \b
    Examples:
      piooy models --media video
      piooy models nano-banana-pro
    """
    session: Session = ctx.obj
    known = [model for model in session.catalogue if media in (None, model.media)]
    if model_id is None:
        session.output.answer(_listing(known))
        return
    model = session.catalogue.get(model_id)
    if model is None:
        raise NotFound(
            f"no model {model_id} in the catalogue",
            "it can be used all the same: --model takes any id",
        )
    session.output.answer(_details(model))


def _listing(known: list["Model"]) -> Listing:
    columns = ["model", "media", "provider", "typical", "scenes"]
    rows = [[m.id, m.media, m.provider, _seconds(m), " ".join(m.scenes)] for m in known]
    return Listing(columns, rows, [_record(model) for model in known])


def _details(model: "Model") -> Listing:
    rows = [
        ["media", model.media],
        ["scenes", " ".join(model.scenes)],
        ["provider", model.provider],
    ]
    rows += [["typical", _seconds(model)]] if model.seconds else []
    rows += [[name, " ".join(map(str, values))] for name, values in model.options.items()]
    rows += [[f"default {name}", str(value)] for name, value in model.defaults.items()]
    return Listing([model.id, ""], rows, [_record(model)])


def _seconds(model: "Model") -> str:
    return f"{model.seconds:g} s" if model.seconds else ""


def _record(model: "Model") -> dict[str, Any]:
    return {
        "id": model.id,
        "media_type": model.media,
        "scenes": list(model.scenes),
        "provider": model.provider or None,
        "options": {name: list(values) for name, values in model.options.items()},
        "defaults": dict(model.defaults),
        "typical_seconds": model.seconds,
    }

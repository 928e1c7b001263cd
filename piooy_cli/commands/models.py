"""`piooy models`: what is known of models; any other id is accepted all the same."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from piooy_cli.answers import Listing
from piooy_cli.errors import NotFound
from piooy_cli.models import Media
from piooy_cli.session import Session

if TYPE_CHECKING:
    from piooy_cli.catalogue import Model
    from piooy_cli.ledger.statistics import Runs

    Learned = dict[str, Runs]

_EXPERIENCE = ("runs", "success", "median", "9 of 10 within")


def models(
    ctx: typer.Context,
    model_id: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="One model.")] = None,
    media: Annotated[Media | None, typer.Option("--media", help="Of this media type only.")] = None,
) -> None:
    """List known models, or show one with its usual options.

    \b
    Examples:
      piooy models --media video
      piooy models nano-banana-pro
    """
    session: Session = ctx.obj
    learned = session.learned()
    known = [model for model in session.catalogue if media in (None, model.media)]
    if model_id is None:
        session.output.answer(_listing(known, learned))
        return
    model = session.catalogue.get(model_id) or _unlisted(model_id, learned)
    session.output.answer(_details(model, learned.get(model_id)))


def _unlisted(model_id: str, learned: "Learned") -> "Model":
    """A model that this machine has used, though the catalogue does not know it."""
    from piooy_cli.catalogue import Model

    if model_id in learned:
        return Model(model_id, "")
    raise NotFound(
        f"no model {model_id} in the catalogue",
        "it can be used all the same: --model takes any id",
    )


def _listing(known: list["Model"], learned: "Learned") -> Listing:
    columns = ["model", "media", "provider", "typical", "scenes", "runs", "success"]
    rows = [
        [
            m.id, m.media, m.provider, _typical(m, learned.get(m.id)), " ".join(m.scenes),
            *_experience(learned.get(m.id)),
        ]
        for m in known
    ]  # fmt: skip
    return Listing(columns, rows, [_record(model, learned.get(model.id)) for model in known])


def _details(model: "Model", runs: "Runs | None") -> Listing:
    facts = [
        ["media", model.media],
        ["scenes", " ".join(model.scenes)],
        ["provider", model.provider],
        ["typical", _seconds(model.seconds)],
        *([name, " ".join(map(str, values))] for name, values in model.options.items()),
        *([f"default {name}", str(value)] for name, value in model.defaults.items()),
        *([list(fact) for fact in zip(_EXPERIENCE, experience(runs), strict=True)] if runs else []),
    ]  # fmt: skip
    rows = [fact for fact in facts if fact[1]]
    took, bars = _chart(runs)
    return Listing(
        [model.id, ""], rows + took, [_record(model, runs)],
        bars=[None] * len(rows) + bars if bars else (),
    )  # fmt: skip


def _chart(runs: "Runs | None") -> tuple[list[list[str]], list[float | None]]:
    """How many runs took how long, as rows and as bars."""
    from piooy_cli.ledger.statistics import histogram

    steps = histogram(runs.took) if runs else []
    most = max((count for _, _, count in steps), default=0)
    rows = [[f"took {low:g} to {high:g} s", str(count)] for low, high, count in steps]
    return rows, [count / most for _, _, count in steps]


def _typical(model: "Model", runs: "Runs | None") -> str:
    """What this machine has seen, else what the catalogue says."""
    return _seconds((runs and runs.median) or model.seconds)


def _experience(runs: "Runs | None") -> list[str]:
    return experience(runs)[:2] if runs else ["", ""]


def experience(runs: "Runs") -> list[str]:
    """How many, how many succeeded, the median, and within what nine of ten were done."""
    return [
        f"{runs.over:,}", f"{100 * runs.success:.0f} %", _seconds(runs.median), _seconds(runs.slow),
    ]  # fmt: skip


def _seconds(seconds: float | None) -> str:
    return f"{seconds:.3g} s" if seconds else ""


def _record(model: "Model", runs: "Runs | None") -> dict[str, Any]:
    return {
        "id": model.id,
        "media_type": model.media or None,
        "scenes": list(model.scenes),
        "provider": model.provider or None,
        "options": {name: list(values) for name, values in model.options.items()},
        "defaults": dict(model.defaults),
        "typical_seconds": model.seconds,
        "learned": runs_record(runs) if runs else None,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def runs_record(runs: "Runs") -> dict[str, Any]:
    """What past runs say, for programs; seconds."""
    return {
        "runs": runs.over,
        "success_rate": round(runs.success, 4),
        "median_seconds": _rounded(runs.median),
        "p90_seconds": _rounded(runs.slow),
    }

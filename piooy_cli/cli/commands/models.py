"""`piooy models`: list what is known about models; any other id is accepted as well."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from piooy_cli.app.context import Context
from piooy_cli.domain.answers import Listing
from piooy_cli.domain.errors import NotFound
from piooy_cli.domain.models import MediaType

if TYPE_CHECKING:
    from piooy_cli.ledger.statistics import RunStatistics
    from piooy_cli.requests.catalogue import ModelInfo

    Learned = dict[str, RunStatistics]

_EXPERIENCE = ("runs", "success", "median", "9 of 10 within")


def models(
    ctx: typer.Context,
    model_id: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Show only this model.")
    ] = None,
    media: Annotated[
        MediaType | None, typer.Option("--media", help="Only this media type.")
    ] = None,
) -> None:
    """List known models, or show one with its options.

    \b
    Examples:
      piooy models --media video
      piooy models nano-banana-pro
    """
    from piooy_cli.app.history import statistics_by_model

    context: Context = ctx.obj
    learned = statistics_by_model(context)
    known = [model for model in context.catalogue if media in (None, model.media)]
    if model_id is None:
        context.output.answer(_listing(known, learned))
        return
    model = context.catalogue.get(model_id) or _unlisted(model_id, learned)
    context.output.answer(_details(model, learned.get(model_id)))


def _unlisted(model_id: str, learned: "Learned") -> "ModelInfo":
    """Return a model that this machine has used, although it is not in the catalogue."""
    from piooy_cli.requests.catalogue import ModelInfo

    if model_id in learned:
        return ModelInfo(model_id, "")
    raise NotFound(
        f"model {model_id} is not in the catalogue",
        "you can still use it: --model accepts any id",
    )


def _listing(known: list["ModelInfo"], learned: "Learned") -> Listing:
    columns = ["model", "media", "provider", "typical", "scenes", "runs", "success"]
    rows = [
        [
            m.id, m.media, m.provider, _typical(m, learned.get(m.id)), " ".join(m.scenes),
            *_experience(learned.get(m.id)),
        ]
        for m in known
    ]  # fmt: skip
    return Listing(columns, rows, [_record(model, learned.get(model.id)) for model in known])


def _details(model: "ModelInfo", runs: "RunStatistics | None") -> Listing:
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


def _chart(runs: "RunStatistics | None") -> tuple[list[list[str]], list[float | None]]:
    """Return the distribution of run times, as rows and bars."""
    from piooy_cli.ledger.statistics import histogram

    steps = histogram(runs.took) if runs else []
    most = max((count for _, _, count in steps), default=0)
    rows = [[f"took {low:g} to {high:g} s", str(count)] for low, high, count in steps]
    return rows, [count / most for _, _, count in steps]


def _typical(model: "ModelInfo", runs: "RunStatistics | None") -> str:
    """Return how long runs took on this machine, else what the catalogue says."""
    return _seconds((runs and runs.median) or model.seconds)


def _experience(runs: "RunStatistics | None") -> list[str]:
    return experience(runs)[:2] if runs else ["", ""]


def experience(runs: "RunStatistics") -> list[str]:
    """Return the number of runs, the success rate, the median and the 90th percentile."""
    return [
        f"{runs.over:,}", f"{100 * runs.success:.0f} %", _seconds(runs.median), _seconds(runs.slow),
    ]  # fmt: skip


def _seconds(seconds: float | None) -> str:
    return f"{seconds:.3g} s" if seconds else ""


def _record(model: "ModelInfo", runs: "RunStatistics | None") -> dict[str, Any]:
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


def runs_record(runs: "RunStatistics") -> dict[str, Any]:
    """Return the statistics of past runs, for programs, in seconds."""
    return {
        "runs": runs.over,
        "success_rate": round(runs.success, 4),
        "median_seconds": _rounded(runs.median),
        "p90_seconds": _rounded(runs.slow),
    }

"""How a planned production is shown: records, a summary, and graphs for Graphviz and Mermaid."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from piooy_cli.requests.prices import estimate

if TYPE_CHECKING:
    from piooy_cli.app.production import PlannedProduction
    from piooy_cli.batch.production.planning import NodePlan

_COLORS = {"keep": "#d9ead3", "wait": "#d9e2f3", "send": "#fff2cc", "failed": "#f4cccc"}
_WORDS = {"keep": "kept", "wait": "in progress", "send": "to send", "blocked": "blocked",
          "failed": "failed"}  # fmt: skip


def plan_records(planned: "PlannedProduction") -> list[dict[str, Any]]:
    """Return a record for each node, and for each result that no node needs any more."""
    records = [_record(plan) for plan in planned.plans]
    for orphan in planned.orphans:
        fields = dict.fromkeys(("media_type", "model", "prompt"))
        records.append(
            {"node": orphan.name or None, **fields, "plan": "orphan", "why": "no node needs it",
             "result": orphan.ref, "parents": [], "key": orphan.key}
        )  # fmt: skip
    return records


def _record(plan: "NodePlan") -> dict[str, Any]:
    row = plan.node.row
    return {
        "node": row.name,
        "media_type": str(row.order.media),
        "model": row.order.model,
        "prompt": row.order.prompt,
        "plan": str(plan.action),
        "why": plan.why,
        "result": plan.task,
        "parents": list(plan.node.parents),
        "key": row.key,
    }


def plan_summary(planned: "PlannedProduction", prices: Mapping[str, str | float]) -> Iterator[str]:
    """Yield the counts, and the money as far as it is known."""
    counted = Counter(str(plan.action) for plan in planned.plans)
    parts = [f"{counted[action]:,} {word}" for action, word in _WORDS.items() if counted[action]]
    if planned.orphans:
        parts.append(f"{len(planned.orphans):,} no longer needed")
    yield f"{planned.name}: {len(planned.plans):,} nodes: {', '.join(parts)}"
    if money := estimate((plan.node.row.order for plan in planned.to_send), prices).shown:
        yield money


def graph_lines(planned: "PlannedProduction", language: str) -> Iterator[str]:
    """Yield the lines of the graph, in the language of Graphviz (`dot`) or Mermaid."""
    numbers = {plan.node.row.name: f"n{n}" for n, plan in enumerate(planned.plans, 1)}
    edges = [
        (numbers[parent], numbers[plan.node.row.name])
        for plan in planned.plans
        for parent in plan.node.parents
        if parent in numbers
    ]
    yield from (_dot if language == "dot" else _mermaid)(planned, numbers, edges)


def _dot(
    planned: "PlannedProduction", numbers: Mapping[str, str], edges: list[tuple[str, str]]
) -> Iterator[str]:
    yield "digraph production {"
    yield "  rankdir=LR; node [shape=box, style=filled];"
    for plan in planned.plans:
        row = plan.node.row
        color = _COLORS.get(plan.action, "#eeeeee")
        label = f"{row.name}\\n{row.order.media}: {plan.action}"
        yield f'  {numbers[row.name]} [label="{label}", fillcolor="{color}"];'
    yield from (f"  {parent} -> {child};" for parent, child in edges)
    yield "}"


def _mermaid(
    planned: "PlannedProduction", numbers: Mapping[str, str], edges: list[tuple[str, str]]
) -> Iterator[str]:
    yield "graph LR"
    for plan in planned.plans:
        row = plan.node.row
        label = f"{row.name}<br/>{row.order.media}: {plan.action}"
        yield f'  {numbers[row.name]}["{label}"]:::{plan.action}'
    yield from (f"  {parent} --> {child}" for parent, child in edges)
    yield from (f"  classDef {action} fill:{color}" for action, color in _COLORS.items())

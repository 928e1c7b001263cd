"""Planning a production: what is kept, what is sent and why, and what nothing needs any more."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from piooy_cli.batch.production.nodes import NodeRow
from piooy_cli.domain.inputs import OPTIONS
from piooy_cli.domain.models import OrderState
from piooy_cli.ledger.records import RowOrder, SentRow

_FIELDS = {
    "mediaType": "media type", "model": "model", "provider": "provider", "scene": "scene",
    "prompt": "prompt",
}  # fmt: skip


class Action(StrEnum):
    """What a run does with a node."""

    KEEP = "keep"  # it has its result
    WAIT = "wait"  # it was sent, and has not ended
    SEND = "send"
    BLOCKED = "blocked"  # it is not sent, since a parent has no result
    FAILED = "failed"  # it is not sent again unless forced


class KnownNode(NamedTuple):
    """What an earlier run sent under a name: its row's key, and the request."""

    key: str
    request: Mapping[str, Any]


class NodePlan(NamedTuple):
    """One node, what a run does with it, and why. `task`: of its result, as far as there is one."""

    node: NodeRow
    action: Action
    why: str
    task: str | None = None


class Orphan(NamedTuple):
    """A result that no node needs any more. `name`: of the node that it was made for, if known."""

    name: str
    key: str
    ref: str


def plan_nodes(
    nodes: Sequence[NodeRow],
    newest: Callable[[str], RowOrder | None],
    known: Mapping[str, KnownNode],
    forced: Iterable[str] = (),
) -> list[NodePlan]:
    """Return the plan of each node. `newest`: the newest order of a row, by its key."""
    keys = {one.row.key: one.row.name for one in nodes}
    plans: dict[str, NodePlan] = {}
    for one in _parents_first(nodes):
        plan = _plan(one, newest(one.row.key))
        if plan.action is Action.SEND:
            lacking = [n for n in one.parents if plans[n].action in (Action.FAILED, Action.BLOCKED)]
            why = "forced" if one.row.name in set(forced) else _why(one, known, keys)
            plan = plan._replace(why=why)
            if lacking:
                plan = plan._replace(action=Action.BLOCKED, why=f"{lacking[0]} has no result")
        plans[one.row.name] = plan
    return [plans[one.row.name] for one in nodes]


def orphans(
    nodes: Sequence[NodeRow], sent: Iterable[SentRow], known: Mapping[str, KnownNode]
) -> list[Orphan]:
    """Return the results that were paid for and that no node of the file needs."""
    needed = {one.row.key for one in nodes}
    names = {one.key: name for name, one in known.items()}
    return [
        Orphan(names.get(row.key, ""), row.key, row.ref) for row in sent if row.key not in needed
    ]


def _parents_first(nodes: Sequence[NodeRow]) -> list[NodeRow]:
    from graphlib import TopologicalSorter

    by_name = {one.row.name: one for one in nodes}
    graph = {one.row.name: [n for n in one.parents if n in by_name] for one in nodes}
    return [by_name[name] for name in TopologicalSorter(graph).static_order()]


def _plan(node: NodeRow, sent: RowOrder | None) -> NodePlan:
    if sent is None or sent.state == OrderState.PLANNED:
        return NodePlan(node, Action.SEND, "")
    task = sent.task
    ref = task.id or task.ref
    if sent.state in (OrderState.UNKNOWN, OrderState.SENDING):
        return NodePlan(node, Action.BLOCKED, "in doubt: resolve it first", ref)
    if sent.state == OrderState.REFUSED:
        return NodePlan(node, Action.FAILED, "rejected by the service", ref)
    if sent.state == OrderState.WRITTEN_OFF or task.failed:
        return NodePlan(node, Action.FAILED, f"ended {task.status}", ref)
    if task.succeeded:
        return NodePlan(node, Action.KEEP, "unchanged", ref)
    return NodePlan(node, Action.WAIT, "in progress", ref)


def _why(node: NodeRow, known: Mapping[str, KnownNode], keys: Mapping[str, str]) -> str:
    """Return what has changed since a node of this name was sent."""
    before = known.get(node.row.name)
    if before is None:
        return "never sent"
    old, new = before.request, node.row.order.to_dict()
    if "options" not in old and "prompt" not in old:
        return "changed"  # what it was is not kept
    for field, word in _FIELDS.items():
        if old.get(field) != new.get(field):
            return f"{word} changed"
    changed = _changed_options(old.get("options", {}), new.get("options", {}))
    if not changed:
        return "one more of the same" if before.key != node.row.key else "not sent yet"
    if changed[0] not in OPTIONS:
        return f"option {changed[0]} changed"
    return "a parent changed" if node.parents else "its inputs changed"


def _changed_options(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the options that differ, inputs last."""
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return sorted(names, key=lambda name: (name in OPTIONS, name))

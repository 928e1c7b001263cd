"""What was made from what: the tree of results around one order."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from piooy_cli.domain.answers import Line
from piooy_cli.domain.errors import NotFound
from piooy_cli.domain.models import Task

if TYPE_CHECKING:
    from piooy_cli.ledger.records import InputLink
    from piooy_cli.ledger.store import OrderStore

_LONGEST_PROMPT = 60


class _Branch(NamedTuple):
    ref: str
    lead: str = ""  # what is drawn before it
    below: str = ""  # what is drawn before its children
    depth: int = 0


def lineage(store: "OrderStore", ref: str) -> Iterator[Line]:
    """Yield a line for each order that `ref` was made from, and that was made from them."""
    order = store.order_named(ref)
    shown: set[str] = set()
    for root in _roots(store, order.task.id or order.ref):
        yield from _lines(store, _Branch(root), shown)


def _roots(store: "OrderStore", ref: str) -> list[str]:
    """Return the first ancestors of an order, or itself."""
    found, seen, stack = [], {ref}, [ref]
    while stack:
        ref = stack.pop()
        parents = dict.fromkeys(link.parent for link in store.inputs_of(ref))
        found += [] if parents else [ref]
        stack += [parent for parent in parents if parent not in seen]
        seen |= parents.keys()
    return found


def _lines(store: "OrderStore", branch: _Branch, shown: set[str]) -> Iterator[Line]:
    stack = [branch]
    while stack:
        branch = stack.pop()
        is_known = branch.ref in shown
        shown.add(branch.ref)
        yield _line(store, branch, again=is_known)
        children = list(dict.fromkeys(link.child for link in store.made_from(branch.ref)))
        if not is_known:
            stack += reversed(list(_branches(branch, children)))


def _branches(branch: _Branch, children: list[str]) -> Iterator[_Branch]:
    for child in children:
        last = child == children[-1]
        lead, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield _Branch(child, branch.below + lead, branch.below + below, branch.depth + 1)


def _line(store: "OrderStore", branch: _Branch, *, again: bool) -> Line:
    try:
        task = store.order_named(branch.ref).task
    except NotFound:
        task = Task(branch.ref, "")
    inputs = store.inputs_of(branch.ref)
    prompt = " ".join((task.prompt or "").split())
    words = [branch.ref, task.media or "", task.model or "", task.status, prompt[:_LONGEST_PROMPT]]
    text = branch.lead + "  ".join(word for word in words if word)
    return Line(text + ("  (above)" if again else ""), _record(branch, task, inputs))


def _record(branch: _Branch, task: Task, inputs: "list[InputLink]") -> dict[str, Any]:
    return {
        "id": task.id or None,
        "ref": task.ref,
        "depth": branch.depth,
        "status": task.status or None,
        "media_type": task.media,
        "model": task.model,
        "prompt": task.prompt,
        "inputs": inputs_record(inputs),
    }


def inputs_record(inputs: "Sequence[InputLink]") -> list[dict[str, Any]]:
    """Return the results that an order was made from, for programs."""
    return [{"option": one.option, "task": one.parent, "n": one.n} for one in inputs]

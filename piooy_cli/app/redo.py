"""Sending an earlier request again, as a new order: found, changed, compared."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.domain.inputs import ResultRef
from piooy_cli.domain.models import MediaType, Order
from piooy_cli.files.reading import expanded, sha256_of

if TYPE_CHECKING:
    from piooy_cli.ledger.records import InputLink, OrderDetails


class Difference(NamedTuple):
    """A field of a request that has another value now; None: it has none."""

    field: str
    before: Any
    after: Any


def earlier_order(context: Context, text: str) -> "OrderDetails":
    """Return the order of a task, of `@row:N`, or of a file that was saved. Raises NotFound."""
    store = context.existing_store()
    if store is None:
        raise NotFound(f"{text} is not in the history: it is empty")
    path = expanded(text)
    if text.startswith("@") or not path.is_file():
        return store.order_named(text)
    found = store.saved_as(sha256_of(path))
    if found is None:
        raise NotFound(f"{path} was not saved by piooy on this machine")
    return store.order_named(found[0])


def same_request(order: "OrderDetails") -> Order:
    """Return what was sent, with results for the addresses that have expired since.

    Raises UsageError if the history does not have all of it.
    """
    task = order.task
    if task.options is None or not task.model or task.media not in set(MediaType):
        raise UsageError(
            f"the request of {task.id or order.ref} is not in the history",
            "it was sent elsewhere, or history_prompts was off",
        )
    return Order(
        MediaType(task.media or ""), task.scene or "", task.provider or "", task.model,
        task.prompt or "", _with_results(task.options, order.inputs), task.tags,
    )  # fmt: skip


def changed_request(context: Context, order: Order, changes: Mapping[str, Any]) -> Order:
    """Return the request with other values for some of its fields; an option of None is removed."""
    fields = {name: value for name, value in changes.items() if name != "options" and value}
    options = {**order.options, **changes.get("options", {})}
    options = {name: value for name, value in options.items() if value is not None}
    new = order._replace(**fields, options=options)
    if new.model != order.model and "provider" not in fields:
        provider = context.catalogue.provider(new.model, context.settings.provider)
        return new._replace(provider=provider)
    return new


def differences(old: Order, new: Order) -> Iterator[Difference]:
    """Yield what a changed request has in another way, options one by one."""
    before, after = old.to_dict(), new.to_dict()
    options = before.pop("options", {}), after.pop("options", {})
    for first, second, named in ((before, after, "{}"), (*options, "options.{}")):
        for field in dict.fromkeys((*first, *second)):
            if first.get(field) != second.get(field):
                yield Difference(named.format(field), first.get(field), second.get(field))


def _with_results(options: Mapping[str, Any], inputs: "Sequence[InputLink]") -> dict[str, Any]:
    """Return the options with results again where they were replaced by their addresses.

    What was sent inside the request is there still.
    """
    changed = dict(options)
    for link in inputs:
        ref = str(ResultRef(task=link.parent, n=link.n))
        value = changed.get(link.option)
        if isinstance(value, list) and link.place < len(value):
            value = [*value]
            value[link.place] = _result_for(value[link.place], ref)
            changed[link.option] = value
        elif isinstance(value, str):
            changed[link.option] = _result_for(value, ref)
    return changed


def _result_for(sent: Any, ref: str) -> Any:
    return sent if isinstance(sent, str) and sent.startswith("data:") else ref

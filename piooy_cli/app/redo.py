"""Sending an earlier request again, as a new order: found, changed, compared."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.domain.escaping import json_text
from piooy_cli.domain.inputs import ResultRef
from piooy_cli.domain.models import MediaType, Order
from piooy_cli.domain.text import check_text, parse_json
from piooy_cli.files.reading import expanded, sha256_of
from piooy_cli.requests.options import check_options

if TYPE_CHECKING:
    from piooy_cli.ledger.records import InputLink, OrderDetails


class Difference(NamedTuple):
    """A field of a request that has another value now; None: it has none."""

    field: str
    before: Any
    after: Any


def earlier_request(context: Context, text: str) -> Order:
    """Return what was sent for a task, for `@row:N`, or for a file by its bytes or its recipe.

    Raises NotFound or UsageError.
    """
    store = context.existing_store()
    path = expanded(text)
    if not text.startswith("@") and path.is_file():
        found = store.saved_as(sha256_of(path)) if store else None
        if store is None or found is None:
            return _request_in(path)
        return same_request(store.order_named(found[0]))
    if store is None:
        raise NotFound(f"{text} is not in the history: it is empty")
    return same_request(store.order_named(text))


def _request_in(path: Path) -> Order:
    """Return the request in a file's recipe. Raises NotFound if there is none, or not all of it."""
    from piooy_cli.app.inspect import extension_of, recipe_of_file

    with path.open("rb") as file:
        recipe, _ = recipe_of_file(path, file, extension_of(path, file))
    if recipe is None or not recipe.request:
        raise NotFound(f"{path} was not saved on this machine, and has no recipe with its request")
    try:
        order = Order.from_dict(parse_json(recipe.request))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(f"{path}: its recipe is not valid") from None
    if ";sha256," in json_text(order.options):
        raise UsageError(f"{path}: its inputs were sent inside the request; they are not in it")
    return _checked(order, path)


def _checked(order: Order, path: Path) -> Order:
    """A recipe may be a stranger's: check it as what a user types is."""
    fields = (order.scene, order.provider, order.model, order.prompt)
    if not all(isinstance(text, str) for text in fields) or not isinstance(order.options, dict):
        raise UsageError(f"{path}: its recipe is not valid")
    for text, what in zip(fields, ("scene", "provider", "model", "prompt"), strict=True):
        check_text(text, what)
    return order._replace(options=check_options(order.options))


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

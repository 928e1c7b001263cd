"""Nodes as rows of a batch: each is known by what it sends, and by what its parents are."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from piooy_cli.batch.manifest_lines import BadLine
from piooy_cli.batch.production.document import Node, Production
from piooy_cli.batch.row_links import wrong_kind
from piooy_cli.batch.row_paths import RowPaths
from piooy_cli.batch.rows import BatchRow, digest_of, identity_of, spec_of
from piooy_cli.config.project import Preset
from piooy_cli.domain.errors import PiooyError, UsageError
from piooy_cli.domain.inputs import OPTIONS, ResultRef, inputs_of, numbered, with_addresses
from piooy_cli.domain.models import Order
from piooy_cli.requests.builder import RequestBuilder, RequestSpec
from piooy_cli.requests.presets import check_media, filled, preset_spec

_INPUT = re.compile(r"\{node:([^{}]++)\}")
_NTH = re.compile(r"#[0-9]++")
_KINDS = {"images": "image_input", "videos": "video_input"}


class NodeRow(NamedTuple):
    """A node as a row. `base` is the same however often the node was forced; `parents`: names."""

    row: BatchRow
    base: str
    parents: tuple[str, ...]


class NodeBuilder:
    """Makes a row of each node, parents first.

    `sent` are the keys of rows that were sent so far; `forced` nodes get a new key. `preset` finds
    a preset by its name, None by that of the command line.
    """

    def __init__(
        self, builder: RequestBuilder, defaults: RequestSpec, paths: RowPaths,
        sent: Collection[str], forced: Mapping[str, int | None],
        preset: Callable[[str | None], Preset | None] = lambda name: None,
    ) -> None:  # fmt: skip
        self._builder = builder
        self._defaults = defaults
        self._paths = paths
        self._sent = sent
        self._forced = forced
        self._preset = preset
        self._generations = _generations(sent)
        self._count: dict[str, int] = {}

    def rows(self, production: Production) -> tuple[list[NodeRow], list[BadLine]]:
        """Return a row for each node, in the order of the file, and what is wrong."""
        nodes = {node.name: node for node in production.nodes}
        made: dict[str, NodeRow] = {}
        bad = list(production.bad)
        for name in _in_order(nodes, production.names, bad):
            node = nodes[name]
            if not made.keys() >= set(_parents(node.fields)):
                continue  # what is wrong with a parent is told
            try:
                made[name] = self._row(node, made)
            except PiooyError as error:
                bad.append(BadLine(node.line, f"node {name}: {error.message}"))
        in_file = [made[name] for name in nodes if name in made]
        return [_numbered(one, n) for n, one in enumerate(in_file, 1)], sorted(bad)

    def _row(self, node: Node, made: Mapping[str, NodeRow]) -> NodeRow:
        fields = node.fields
        if output := fields.get("output"):
            self._paths.check_output(output)
        if self._builder.inline:
            self._paths.check_inputs(fields)
        asked = self._builder.settled(self._asked(node).over(self._defaults))
        order = self._builder.order(asked)
        parents = _parents(fields)
        _check_kinds(order, made)
        order = _with_keys(order, {name: made[name].row.key for name in parents})
        base = f"sha:{_content(asked, order).hex()}"
        nth = self._count[base] = self._count.get(base, 0) + 1
        base = f"{base}#{nth}" if nth > 1 else base
        row = BatchRow(0, node.line, self._key(node.name, base), b"", order, output, (), node.name)
        return NodeRow(row._replace(spec=digest_of(row.key)), base, tuple(parents))

    def _asked(self, node: Node) -> RequestSpec:
        """Return the node's request, its gaps filled from its preset."""
        own = spec_of(_with_rows(node.fields))
        preset = self._preset(node.preset)
        if preset is None:
            return own
        if node.preset:
            check_media(preset, own.media)
        elif own.media and preset.fields.get("media", own.media) != own.media:
            return own  # the command line's preset is for other nodes
        template = preset_spec(preset)
        return own._replace(prompt=filled(template.prompt, own.prompt)).over(template)

    def _key(self, name: str, base: str) -> str:
        """Return the key of the last time that the node was forced, or of the next one."""
        generation = self._generations.get(base, 1)
        if name in self._forced:
            generation = self._forced[name] or generation + 1
        return f"{base}!{generation}" if generation > 1 else base


def _generations(sent: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key in sent:
        base, _, generation = key.partition("!")
        found[base] = max(found.get(base, 1), int(generation or 1))
    return found


def _check_kinds(order: Order, made: Mapping[str, NodeRow]) -> None:
    """Raise UsageError if a parent makes another kind of file than is needed."""
    for one in inputs_of(order):
        if one.ref.row:
            media = made[one.ref.row].row.order.media
            if reason := wrong_kind(one.ref.row, media, one.option, one.ref.n):
                raise UsageError(reason)


def _in_order(nodes: Mapping[str, Node], known: Collection[str], bad: list[BadLine]) -> list[str]:
    """Return the names, parents first; nodes in a circle, or without a parent, are bad."""
    graph: dict[str, list[str]] = {}
    for node in nodes.values():
        names = _parents(node.fields)
        graph[node.name] = [name for name in names if name in nodes]
        for name in names:
            if name not in known:
                bad.append(BadLine(node.line, f"node {node.name}: there is no node {name[:60]!r}"))
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = error.args[1][::-1]
        reason = f"nodes need each other: {' needs '.join(circle)}"
        bad.append(BadLine(nodes[circle[0]].line, reason))
        return []


def _parents(fields: Mapping[str, Any]) -> list[str]:
    """Return the names of the nodes that a node is made from, each once."""
    texts = [text for field in _KINDS for text in fields.get(field, ())]
    found = [numbered(match[1])[0] for text in texts if (match := _INPUT.fullmatch(text))]
    return list(dict.fromkeys(found))


def _with_rows(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with nodes written as rows, which a batch understands."""
    changed = {
        field: [_INPUT.sub(r"{row:\1}", text) for text in fields[field]]
        for field in _KINDS
        if field in fields
    }
    return {**fields, **changed}


def _with_keys(order: Order, keys: Mapping[str, str]) -> Order:
    """Return the order with rows named by their keys instead of their nodes."""
    refs = [one.ref for one in inputs_of(order) if one.ref.row]
    changed = {str(ref): str(ref._replace(row=keys[ref.row])) for ref in refs}
    return with_addresses(order, changed) if changed else order


def _content(asked: RequestSpec, order: Order) -> bytes:
    """Return a digest of what a node sends. The catalogue's defaults change with versions."""
    inputs = [order.options.get(option) for option in OPTIONS]
    own = identity_of(asked) | {"images": [], "videos": []}
    return digest_of(own | {"inputs": [_identity(value) for value in inputs]})


def _identity(value: Any) -> Any:
    """Return what an input is: files in the request by their digest, others by their text.

    Of parents that send the same, it does not matter which one it is.
    """
    if isinstance(value, list):
        return [_identity(one) for one in value]
    if not isinstance(value, str):
        return value
    if value.startswith("data:"):
        return hashlib.sha256(value.encode()).hexdigest()
    if (ref := ResultRef.of(value)) and ref.row:
        return str(ref._replace(row=_NTH.sub("", ref.row)))
    return value


def _numbered(one: NodeRow, n: int) -> NodeRow:
    return one._replace(row=one.row._replace(n=n))

"""Productions: what `piooy plan` shows, and what `piooy run` does with it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.app.batch_options import BatchOptions
from piooy_cli.app.batch_run import batch_directory, run_batch
from piooy_cli.app.confirm import ask_charges, confirm_charges
from piooy_cli.app.context import Context
from piooy_cli.domain.errors import Interrupted, PiooyError, UsageError
from piooy_cli.domain.events import Failed, Noticed

if TYPE_CHECKING:
    from piooy_cli.batch.manifest_lines import BadLine
    from piooy_cli.batch.prepare import Batch
    from piooy_cli.batch.production.document import Production
    from piooy_cli.batch.production.memory import ProductionMemory
    from piooy_cli.batch.production.nodes import NodeRow
    from piooy_cli.batch.production.planning import NodePlan, Orphan
    from piooy_cli.batch.rows import BatchRow
    from piooy_cli.config.project import Preset
    from piooy_cli.downloads.options import SaveOptions
    from piooy_cli.ledger.store import OrderStore
    from piooy_cli.requests.builder import RequestSpec

_SHOWN = 20


class ProductionOptions(NamedTuple):
    """Which file, with which variables; `only` these nodes, and those that are `forced`.

    `output`: where files go; None: where the file says.
    """

    file: str
    batch: BatchOptions
    variables: Mapping[str, str] = {}
    only: Sequence[str] = ()
    forced: Sequence[str] = ()
    preset: str | None = None
    name: str | None = None
    output: str | None = None
    inline: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words after `piooy run` that do what is planned with these options."""
        pairs = [("--var", f"{name}={value}") for name, value in self.variables.items()]
        pairs += [("--only", node) for node in self.only] + [
            ("--force", node) for node in self.forced
        ]
        named = {"--preset": self.preset, "--name": self.name, "--output": self.output}
        pairs += [(option, value) for option, value in named.items() if value is not None]
        words = [word for pair in pairs for word in pair]
        return (self.file, *words, *(["--inline"] if self.inline else []))


class _Before(NamedTuple):
    """What there was before: the keys of rows that were sent, and what is remembered."""

    sent: set[str]
    memory: "ProductionMemory"
    save: "SaveOptions"


class PlannedProduction(NamedTuple):
    """A production and its plan. `path`: of its memory."""

    name: str
    label: str
    plans: "Sequence[NodePlan]"
    orphans: "Sequence[Orphan]"
    memory: "ProductionMemory"
    path: Path
    save: "SaveOptions"

    @property
    def to_send(self) -> "list[NodePlan]":
        """The nodes that a run sends."""
        from piooy_cli.batch.production.planning import Action

        return [plan for plan in self.plans if plan.action is Action.SEND]


def plan_production(
    context: Context, defaults: "RequestSpec", options: ProductionOptions
) -> PlannedProduction:
    """Return what a run would do. Nothing is sent or changed. Raises UsageError or NotFound."""
    from piooy_cli.batch.production.document import read_production
    from piooy_cli.batch.production.memory import ProductionMemory
    from piooy_cli.batch.production.planning import orphans, plan_nodes

    production = read_production(options.file, options.variables)
    name = _name(production, options.name)
    path = batch_directory(context) / f"{name}.nodes"
    memory = ProductionMemory.read(path)
    store = context.existing_store()
    sent = list(store.sent_rows(name, but_failed=True)) if store else []
    keys = {row.key for row in store.sent_rows(name, but_failed=False)} if store else set()
    save = options.batch.save
    save = save.at(production.output) if options.output is None else save
    nodes = _nodes(context, production, defaults, options, _Before(keys, memory, save))
    chosen = _chosen(nodes, options.only, production.label)
    _check_names(options.forced, nodes, production.label)
    plans = plan_nodes(
        chosen,
        lambda key: store.newest_order(name, key) if store else None,
        memory.nodes,
        options.forced,
    )
    left = orphans(nodes, sent, memory.nodes)
    return PlannedProduction(name, production.label, plans, left, memory, path, save)


def run_production(context: Context, defaults: "RequestSpec", options: ProductionOptions) -> None:
    """Send what the plan says, each node after its parents. Raises like `run_batch`."""
    from piooy_cli.batch.production.source import ProductionRows

    planned = plan_production(context, defaults, options)
    source = ProductionRows(planned.label, planned.name, [one.node.row for one in planned.plans])

    forced = _forced(planned, options)
    began: list[OrderStore] = []

    def confirm(store: "OrderStore", batch: "Batch") -> None:
        _confirm(context, planned, options)
        _remember(context, store, planned, forced)
        began.append(store)

    batch = options.batch._replace(save=planned.save, confirm=confirm)
    try:
        run_batch(context, source, defaults, (), batch)
        forced = {}
    except PiooyError as error:
        forced = forced if isinstance(error, Interrupted) else {}
        raise
    finally:
        for store in began:
            _remember(context, store, planned, forced)


def _name(production: "Production", given: str | None) -> str:
    from piooy_cli.batch.manifest import checked_name, name_of_path

    name = given if given is not None else production.name
    return name_of_path(production.path) if name is None else checked_name(name)


def _nodes(
    context: Context, production: "Production", defaults: "RequestSpec",
    options: ProductionOptions, before: _Before,
) -> "list[NodeRow]":  # fmt: skip
    """Return the nodes as rows. Raises UsageError after telling what is wrong, line by line."""
    from piooy_cli.batch.production.nodes import NodeBuilder
    from piooy_cli.batch.row_paths import RowPaths
    from piooy_cli.requests.builder import RequestBuilder
    from piooy_cli.requests.input_refs import InputRefs

    inputs = InputRefs(context.existing_store, in_manifest=True)
    builder = RequestBuilder(context.settings, context.catalogue, inputs, inline=options.inline)
    paths = RowPaths(before.save, production.path.resolve().parent)
    forced = {name: before.memory.forced.get(name) for name in options.forced}
    preset = cache(partial(_preset, context, options.preset))
    made = NodeBuilder(builder, defaults, paths, before.sent, forced, preset)
    nodes, bad = made.rows(production)
    if bad:
        _tell_bad(context, production.label, bad)
    return nodes


def _preset(context: Context, general: str | None, name: str | None) -> "Preset | None":
    """Return a node's preset, or that of the command line. Raises UsageError."""
    from piooy_cli.requests.presets import find_preset

    name = name or general
    return find_preset(name, context.directories.config_file) if name else None


def _tell_bad(context: Context, label: str, bad: "list[BadLine]") -> None:
    for line in bad[:_SHOWN]:
        context.tell(Failed(UsageError(f"{label}, line {line.line}: {line.reason}")))
    count = "1 node is" if len(bad) == 1 else f"{len(bad):,} nodes are"
    raise UsageError(
        f"{label}: {count} bad; nothing was sent",
        "correct the file, and run the same command again",
    )


def _chosen(nodes: "list[NodeRow]", only: Sequence[str], label: str) -> "list[NodeRow]":
    """Return the nodes that were asked for, and all that they are made from."""
    if not only:
        return nodes
    _check_names(only, nodes, label)
    by_name = {one.row.name: one for one in nodes}
    wanted: set[str] = set()
    stack = list(only)
    while stack:
        if (name := stack.pop()) not in wanted:
            wanted.add(name)
            stack += by_name[name].parents
    return [one for one in nodes if one.row.name in wanted]


def _check_names(names: Sequence[str], nodes: "list[NodeRow]", label: str) -> None:
    known = {one.row.name for one in nodes}
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"{label} has no node {unknown[0][:60]!r}")


def _forced(planned: PlannedProduction, options: ProductionOptions) -> dict[str, int]:
    """Return how often each forced node was forced, with this time."""
    keys = {one.node.row.name: one.node.row.key for one in planned.plans}
    return {name: int(keys[name].partition("!")[2] or 1) for name in options.forced if name in keys}


def _confirm(context: Context, planned: PlannedProduction, options: ProductionOptions) -> None:
    """Say what is sent, and ask: for more than ten nodes, and for each that is forced."""
    count, total = len(planned.to_send), len(planned.plans)
    context.tell(Noticed(f"{total:,} nodes, {count:,} to send"))
    if count and options.forced:
        ask_charges(context, count, options.batch.yes)
    else:
        confirm_charges(context, count, options.batch.yes)


def _remember(
    context: Context, store: "OrderStore", planned: PlannedProduction, forced: Mapping[str, int]
) -> None:
    """Write down what was sent so far under which name, and which nodes are being forced."""
    sent = frozenset(row.key for row in store.sent_rows(planned.name, but_failed=False))
    memory = planned.memory.after(_kept(context, planned), sent)
    memory._replace(forced=forced).write(planned.path)


def _kept(context: Context, planned: PlannedProduction) -> "Iterator[NodeRow]":
    """Yield the nodes, without what they send if prompts are not kept."""
    for plan in planned.plans:
        node = plan.node
        yield node if context.settings.history_prompts else _without_texts(node)


def _without_texts(node: "NodeRow") -> "NodeRow":
    row: BatchRow = node.row
    return node._replace(row=row._replace(order=row.order._replace(prompt="", options={})))

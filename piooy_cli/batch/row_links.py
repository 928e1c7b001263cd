"""Rows that are made from the results of other rows: checked before anything is sent."""

from collections.abc import Callable, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from piooy_cli.batch.manifest_lines import BadLine
from piooy_cli.batch.rows import BatchRow
from piooy_cli.domain.inputs import KIND_OF_MEDIA, OPTIONS, inputs_of
from piooy_cli.domain.models import MediaType


class RowLink(NamedTuple):
    """A row that needs the result of another one. `n`: which of its assets, if not the first."""

    line: int
    child: str
    parent: str
    option: str
    n: int | None


def links_of(row: BatchRow) -> Iterator[RowLink]:
    """Yield which rows a row is made from."""
    for one in inputs_of(row.order):
        if one.ref.row:
            yield RowLink(row.line, row.key, one.ref.row, one.option, one.ref.n)


def parents_of(row: BatchRow) -> list[str]:
    """Return the keys of the rows that a row is made from."""
    return [link.parent for link in links_of(row)]


def wrong_links(
    links: Iterable[RowLink], media_of: Callable[[str], MediaType | None]
) -> Iterator[BadLine]:
    """Yield the lines that name no row, or one of another kind, and those in a circle."""
    graph: dict[str, set[str]] = {}
    lines = {}
    for link in links:
        graph.setdefault(link.child, set()).add(link.parent)
        lines[link.child] = link.line
        if reason := _wrong(link, media_of(link.parent)):
            yield BadLine(link.line, reason)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
        yield BadLine(lines[circle[0]], f"rows need each other: {' needs '.join(circle[::-1])}")


def _wrong(link: RowLink, media: MediaType | None) -> str:
    if media is None:
        return f"there is no row {link.parent[:60]!r}"
    return wrong_kind(link.parent, media, link.option, link.n)


def wrong_kind(parent: str, media: MediaType, option: str, n: int | None) -> str:
    """Return what is wrong if a row makes another kind than an option needs; else nothing."""
    kind = OPTIONS[option]
    if n is None and KIND_OF_MEDIA.get(media, kind) != kind:
        return f"{parent[:60]!r} makes {media}; {kind.value} is needed"
    return ""

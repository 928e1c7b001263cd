"""What a manual page is made of."""

from typing import NamedTuple


class Item(NamedTuple):
    """A term and what it means; `value` is what stands for a value of it."""

    term: str
    text: str = ""
    value: str = ""


class Sub(NamedTuple):
    """A heading inside a section."""

    title: str


class Code(NamedTuple):
    """Lines as they are typed."""

    lines: tuple[str, ...]


Block = str | Item | Sub | Code


class Section(NamedTuple):
    """A part of a page under its heading."""

    title: str
    blocks: tuple[Block, ...]


class Page(NamedTuple):
    """One page: `piooy-config` in section 5, say."""

    name: str
    section: int
    summary: str
    sections: tuple[Section, ...]

    @property
    def file(self) -> str:
        """What it is called on disk."""
        return f"{self.name}.{self.section}"

"""What a manual page is made of."""

from typing import NamedTuple


class Definition(NamedTuple):
    """A term and what it means; `value` is what stands for a value of it."""

    term: str
    text: str = ""
    value: str = ""


class Subheading(NamedTuple):
    """A heading inside a section."""

    title: str


class CodeBlock(NamedTuple):
    """Lines as they are typed."""

    lines: tuple[str, ...]


PageBlock = str | Definition | Subheading | CodeBlock


class Section(NamedTuple):
    """A part of a page under its heading."""

    title: str
    blocks: tuple[PageBlock, ...]


class ManualPage(NamedTuple):
    """One page: `piooy-config` in section 5, say."""

    name: str
    section: int
    summary: str
    sections: tuple[Section, ...]

    @property
    def file(self) -> str:
        """What it is called on disk."""
        return f"{self.name}.{self.section}"

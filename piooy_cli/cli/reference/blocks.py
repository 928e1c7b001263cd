"""The parts of a manual page."""

from typing import NamedTuple


class Definition(NamedTuple):
    """A term and its meaning; `value` is the placeholder for its value."""

    term: str
    text: str = ""
    value: str = ""


class Subheading(NamedTuple):
    """A heading inside a section."""

    title: str


class CodeBlock(NamedTuple):
    """Lines to type as they are."""

    lines: tuple[str, ...]


PageBlock = str | Definition | Subheading | CodeBlock


class Section(NamedTuple):
    """A section of a page, with its heading."""

    title: str
    blocks: tuple[PageBlock, ...]


class ManualPage(NamedTuple):
    """One page, such as `piooy-config` in section 5."""

    name: str
    section: int
    summary: str
    sections: tuple[Section, ...]

    @property
    def file(self) -> str:
        """The page's file name."""
        return f"{self.name}.{self.section}"

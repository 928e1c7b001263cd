"""A manual page in man(7), as `man` and `mandoc` read it. Pure."""

import re
import textwrap
from typing import assert_never

from piooy_cli import __version__
from piooy_cli.cli.reference.blocks import (
    CodeBlock,
    Definition,
    ManualPage,
    PageBlock,
    Section,
    Subheading,
)

DATE = "2026-11-24"  # of the last change to the text, not of the build
_CODE = re.compile(r"`([^`]*)`")
_MANUALS = {1: "User Commands", 5: "File Formats", 7: "Miscellaneous"}


def troff(page: ManualPage) -> str:
    """Return the troff source of a page."""
    head = f'.TH {page.name.upper()} {page.section} {DATE} "piooy {__version__}"'
    parts = [
        f'{head} "{_MANUALS[page.section]}"',
        f".SH NAME\n{_escaped(page.name)} \\- {_text(page.summary)}",
        *map(_section, page.sections),
    ]
    return "\n".join(parts) + "\n"


def _section(section: Section) -> str:
    if section.title == "SYNOPSIS":
        lines = (_line(one.term) for one in section.blocks if isinstance(one, Definition))
        return "\n.br\n".join([f".SH SYNOPSIS\n{next(lines)}", *lines])
    blocks = [_block(block) for block in section.blocks]
    return "\n".join([f".SH {section.title}", *_parted(section.blocks, blocks)])


def _parted(blocks: tuple[PageBlock, ...], texts: list[str]) -> list[str]:
    """Yield a paragraph, with a break unless it is the first below its heading."""
    return [
        f".PP\n{text}" if n and isinstance(block, str) and not isinstance(blocks[n - 1], Subheading)
        else text
        for n, (block, text) in enumerate(zip(blocks, texts, strict=True))
    ]  # fmt: skip


def _block(block: PageBlock) -> str:
    match block:
        case str():
            return _text(block)
        case Definition(term, text, value):
            shown = f"\\fB{_escaped(term)}\\fR" + (f" \\fI{_escaped(value)}\\fR" if value else "")
            return f".TP\n{shown}\n{_text(text)}"
        case Subheading(title):
            return f'.SS "{_escaped(title)}"'
        case CodeBlock(lines):
            return "\n".join([".nf", *map(_line, lines), ".fi"])
        case _:
            assert_never(block)


def _text(text: str) -> str:
    """Escape running text, so that no line is taken for a request."""
    wrapped = textwrap.wrap(text, 70, break_on_hyphens=False)
    return _CODE.sub(r"\\fB\1\\fR", "\n".join(map(_line, wrapped)))


def _line(line: str) -> str:
    escaped = _escaped(line)
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped


def _escaped(text: str) -> str:
    for character, escape in (("\\", "\\e"), ("-", "\\-"), ("…", "..."), ("'", "\\(aq")):
        text = text.replace(character, escape)
    return text

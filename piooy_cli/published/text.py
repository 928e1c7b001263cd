"""A manual page as plain text, for pipes and for machines without `man`. Pure."""

from collections.abc import Iterator

from piooy_cli.published import layout
from piooy_cli.published.blocks import Block, Code, Item, Page, Sub

_INDENT = "    "


def text(page: Page, width: int) -> str:
    """The page, for a window of so many columns."""
    title = f"{page.name.upper()}({page.section})"
    name = layout.paragraph(f"{page.name} - {page.summary}", width, _INDENT)
    parts = [title, f"NAME\n{name}"]
    for section in page.sections:
        parts.append("\n".join([section.title, *_blocks(section.blocks, width)]))
    return "\n\n".join(parts) + "\n"


def _blocks(blocks: tuple[Block, ...], width: int) -> Iterator[str]:
    for n, block in enumerate(blocks):
        if n and isinstance(block, (str, Sub)):
            yield ""
        yield from _block(block, width)


def _block(block: Block, width: int) -> Iterator[str]:
    match block:
        case Item(term, words, value):
            yield layout.usage(f"{_INDENT}{term} {value}".rstrip(), width, _INDENT * 2)
            yield from [layout.paragraph(words, width, _INDENT * 2)] if words else []
        case Sub(title):
            yield f"  {title}"
        case Code(lines):
            yield from (layout.shell(_INDENT + line, width) for line in lines)
        case _:
            yield layout.paragraph(str(block), width, _INDENT)

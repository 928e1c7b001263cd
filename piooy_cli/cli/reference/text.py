"""A manual page as plain text, for pipes and for machines without `man`. Pure."""

from collections.abc import Iterator

from piooy_cli.cli.reference import layout
from piooy_cli.cli.reference.blocks import CodeBlock, Definition, ManualPage, PageBlock, Subheading

_INDENT = "    "


def text(page: ManualPage, width: int) -> str:
    """Return the page as text for a window of `width` columns."""
    title = f"{page.name.upper()}({page.section})"
    name = layout.paragraph(f"{page.name} - {page.summary}", width, _INDENT)
    parts = [title, f"NAME\n{name}"]
    for section in page.sections:
        parts.append("\n".join([section.title, *_blocks(section.blocks, width)]))
    return "\n\n".join(parts) + "\n"


def _blocks(blocks: tuple[PageBlock, ...], width: int) -> Iterator[str]:
    for n, block in enumerate(blocks):
        if n and isinstance(block, (str, Subheading)):
            yield ""
        yield from _block(block, width)


def _block(block: PageBlock, width: int) -> Iterator[str]:
    match block:
        case Definition(term, words, value):
            yield layout.usage(f"{_INDENT}{term} {value}".rstrip(), width, _INDENT * 2)
            yield from [layout.paragraph(words, width, _INDENT * 2)] if words else []
        case Subheading(title):
            yield f"  {title}"
        case CodeBlock(lines):
            yield from (layout.shell(_INDENT + line, width) for line in lines)
        case _:
            yield layout.paragraph(str(block), width, _INDENT)

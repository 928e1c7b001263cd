"""Laying out text for a width: paragraphs, definitions, shell lines. Pure."""

import re
import textwrap
from collections.abc import Iterator, Sequence

_NARROW = 60
_TERM = 26  # columns that a term may take before its text moves to the next line
# A word, or what stands in quotes: a line is broken between these only.
_PIECE = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+""")


def paragraph(text: str, width: int, indent: str = "") -> str:
    """Wrap a paragraph; a URL or a path is never broken."""
    return textwrap.fill(
        text, width, initial_indent=indent, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def definitions(rows: Sequence[tuple[str, str]], width: int, indent: str = "  ") -> str:
    """Lay out terms with their texts beside them, or below if the window is narrow."""
    longest = max((len(term) for term, _ in rows if len(term) <= _TERM), default=0)
    column = len(indent) + 4 if width < _NARROW else len(indent) + longest + 2
    return "\n".join(
        line for term, text in rows for line in _row(term, text, width, indent, column)
    )


def _row(term: str, text: str, width: int, indent: str, column: int) -> Iterator[str]:
    head = indent + term
    lines = textwrap.wrap(text, width - column, break_on_hyphens=False, break_long_words=False)
    beside = len(head) + 2 <= column and lines
    yield head.ljust(column) + lines.pop(0) if beside else usage(head, width, " " * (column + 2))
    yield from (" " * column + line for line in lines)


def usage(line: str, width: int, indent: str) -> str:
    """Wrap a usage line at spaces, and if needed after a `|`."""
    if len(line) <= width:
        return line
    lines = textwrap.wrap(
        line.replace("|", "| "), width, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return "\n".join(lines).replace("| ", "|")


def shell(line: str, width: int) -> str:
    """Wrap a shell line, with backslashes if it is longer than the window."""
    if len(line) <= width:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    lines = [indent]
    for piece in _PIECE.findall(line):
        longer = f"{lines[-1]} {piece}" if lines[-1].strip() else lines[-1] + piece
        if len(longer) > width - 2 and lines[-1].strip():
            lines.append(f"{indent}  {piece}")
        else:
            lines[-1] = longer
    return " \\\n".join(lines)

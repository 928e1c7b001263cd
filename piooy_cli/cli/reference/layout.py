"""Text laid out for a width: paragraphs, definitions, lines that a shell still reads. Pure."""

import re
import textwrap
from collections.abc import Iterator, Sequence

_NARROW = 60
_TERM = 26  # columns that a term may take before its text moves to the next line
# A word, or what stands in quotes: a line is broken between these only.
_PIECE = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+""")


def paragraph(text: str, width: int, indent: str = "") -> str:
    """One paragraph; an address or a path is never broken."""
    return textwrap.fill(
        text, width, initial_indent=indent, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def definitions(rows: Sequence[tuple[str, str]], width: int, indent: str = "  ") -> str:
    """Terms with their texts beside them, or below where the window is narrow."""
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
    """A usage line, folded at spaces and, where it must be, behind a `|`."""
    if len(line) <= width:
        return line
    lines = textwrap.wrap(
        line.replace("|", "| "), width, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return "\n".join(lines).replace("| ", "|")


def shell(line: str, width: int) -> str:
    """A line for a shell, continued with a backslash where it is longer than the window."""
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

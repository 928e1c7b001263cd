"""Pieces of a prompt (`--pieces`): `{a|b}` and `__name__`, each an axis of a sweep. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence

from piooy_cli.batch.sweep import GAP, Axis
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.text import check_text

_NAMED = re.compile(r"__([A-Za-z0-9](?:[A-Za-z0-9-]|_(?!_)){0,62})__", re.ASCII)
_CHOICE = re.compile(r"\{[^{}|]*+\|[^{}]*+\}")
_TOKEN = re.compile(r"\\[{|}_]|[{|}]|" + _NAMED.pattern, re.ASCII)
_LITERAL = "for a brace that is text: \\{"

ReadLines = Callable[[str], Sequence[str]]


def pieces_of(prompt: str, read: ReadLines) -> tuple[str, list[Axis]]:
    """Return the prompt with a gap for each piece, and the axes that fill the gaps in order.

    `read` returns the lines of a name's file. Raises UsageError.
    """
    check_text(prompt, "prompt")
    texts, axes = [""], list[Axis]()
    for part in _parts(prompt):
        if isinstance(part, str):
            texts[-1] += part
            continue
        name, values = part
        lines = values if values else read(name)
        axes.append(Axis(name or f"piece {len(axes) + 1}", tuple(lines), is_piece=True))
        texts.append("")
    return GAP.join(texts), axes


def looks_like_pieces(prompt: str, exists: Callable[[str], bool]) -> bool:
    """Whether --pieces would make several prompts of it. `exists`: whether a name has a file."""
    return bool(_CHOICE.search(prompt)) or any(map(exists, set(_NAMED.findall(prompt))))


_Part = str | tuple[str, list[str]]  # text, or a piece: the name of a file, or its alternatives


def _parts(prompt: str) -> Iterator[_Part]:
    group: list[str] | None = None  # the alternatives of the braces that are open
    for token, name in _tokens(prompt):
        if group is None:
            if token == "}" and not name:
                raise UsageError("--pieces: the prompt has a } without a {", _LITERAL)
            if token == "{":
                group = [""]
            else:
                yield (
                    (name, []) if name else token.removeprefix("\\") if _is_escape(token) else token
                )
        elif token == "{" or name:
            raise UsageError("--pieces: the prompt has a piece inside {…}", _LITERAL)
        elif token == "|":
            group.append("")
        elif token == "}":
            yield ("", group) if len(group) > 1 else f"{{{group[0]}}}"
            group = None
        else:
            group[-1] += token[1:] if _is_escape(token) else token
    if group is not None:
        raise UsageError("--pieces: the prompt has a { without a }", _LITERAL)


def _tokens(prompt: str) -> Iterator[tuple[str, str]]:
    """Yield texts, escapes and signs, each with the name of a file if it is one."""
    end = 0
    for match in _TOKEN.finditer(prompt):
        if match.start() > end:
            yield prompt[end : match.start()], ""
        yield match[0], match[1] or ""
        end = match.end()
    if end < len(prompt):
        yield prompt[end:], ""


def _is_escape(token: str) -> bool:
    return len(token) == 2 and token[0] == "\\" and token[1] in "{|}_"

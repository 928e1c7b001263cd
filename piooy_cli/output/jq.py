"""`--jq`: filtering each record through a jq expression."""

from collections.abc import Callable
from typing import Any

from piooy_cli.domain.errors import PiooyError, UsageError


def compiled(expression: str) -> Callable[[Any], list[Any]]:
    """Compile the expression into a function of a record. Raises UsageError."""
    try:
        import jq
    except ImportError:
        hint = "install it with `pip install 'piooy[jq]'`, or pipe --json into jq"
        raise UsageError("--jq requires the package jq, which is not installed", hint) from None
    try:
        program = jq.compile(expression)
    except ValueError as error:
        raise UsageError(f"--jq {expression!r}: {_first_line(error)}") from None

    def values(record: Any) -> list[Any]:
        try:
            return list(program.input_value(record).all())
        except ValueError as error:
            raise PiooyError(f"--jq {expression!r}: {_first_line(error)}") from None

    return values


def _first_line(error: ValueError) -> str:
    return str(error).partition("\n")[0].removeprefix("jq: error: ")

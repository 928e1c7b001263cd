"""Variables of a production: `{animal}` in texts is replaced by its value. Pure."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from piooy_cli.domain.errors import UsageError
from piooy_cli.downloads.naming import TEMPLATE_FIELDS

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+", re.ASCII)
_USE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*+)\}", re.ASCII)
_BRACES = {"{{": "{", "}}": "}"}
_INPUTS = ("images", "videos")


class Variables(NamedTuple):
    """Names and values of a file."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, table: Mapping[str, Any], given: Mapping[str, str], label: str) -> "Variables":
        """Return the file's variables, replaced by the `given` ones. Raises UsageError."""
        for name, value in table.items():
            if not _NAME.fullmatch(name) or name in TEMPLATE_FIELDS:
                raise UsageError(f"{label}: {name[:60]!r} cannot be the name of a variable")
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise UsageError(f"{label}: variable {name} must be text or a number")
        if unknown := sorted(given.keys() - table.keys()):
            known = f"known: {', '.join(table)}" if table else "the file has no [variables]"
            raise UsageError(f"{label} has no variable {unknown[0]!r}", known)
        return cls({name: str(value) for name, value in table.items()} | dict(given))

    def applied(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return a node's fields with the variables in its texts replaced. Raises UsageError."""
        return {
            name: value if name in _INPUTS else self._in(value, output=name == "output")
            for name, value in fields.items()
        }

    def _in(self, value: Any, *, output: bool = False) -> Any:
        if isinstance(value, str):
            return self._in_text(value, output)
        if isinstance(value, dict):
            return {name: self._in(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._in(inner) for inner in value]
        return value

    def _in_text(self, text: str, output: bool) -> str:
        def replaced(match: re.Match[str]) -> str:
            name = match[1]
            if name is None:
                return match[0] if output else _BRACES[match[0]]
            if name in self.values:
                return self.values[name]
            if output:
                return match[0]  # a field of the template
            raise UsageError(
                f"there is no variable {{{name}}}; {{{{{name}}}}} stands for the braces themselves"
            )

        return _USE.sub(replaced, text)

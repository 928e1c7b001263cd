"""The command tree as plain data, so that no script or page has to know Typer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `values` are the only ones accepted; `model` is completed from the catalogue."""

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    values: tuple[str, ...] = ()

    @property
    def takes_value(self) -> bool:
        """Whether a word follows it."""
        return bool(self.metavar)


@dataclass(frozen=True, slots=True)
class Command:
    """One command, its place in the tree, and what it takes."""

    path: tuple[str, ...]
    help: str
    options: tuple[Option, ...]
    arguments: tuple[tuple[str, str], ...]
    values: tuple[str, ...] = ()
    children: tuple["Command", ...] = ()

    @property
    def name(self) -> str:
        """The last word of its path."""
        return self.path[-1]

    @property
    def summary(self) -> str:
        """The first sentence of its help."""
        return self.help.strip().split("\n")[0]

    def walk(self) -> Iterator["Command"]:
        """This command and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def tree(command: Any, path: tuple[str, ...] = ("piooy",)) -> Command:
    """The tree below a Typer command."""
    children = getattr(command, "commands", {})
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    return Command(
        path=path,
        help=(command.help or "").replace("\b\n", ""),
        options=tuple(
            _option(p) for p in command.params if p.param_type_name == "option" and not p.hidden
        ),
        arguments=tuple((_shown(argument), argument.help or "") for argument in arguments),
        values=tuple(value for argument in arguments[:1] for value in _choices(argument)),
        children=tuple(
            tree(child, (*path, name)) for name, child in children.items() if not child.hidden
        ),
    )


def _option(param: Any) -> Option:
    names = tuple(
        sorted([*param.opts, *param.secondary_opts], key=lambda name: not name.startswith("--"))
    )
    values = _choices(param)
    metavar = "" if param.is_flag else (param.metavar or ("|".join(values) if values else "TEXT"))
    return Option(names, param.help or "", metavar, values)


def _shown(argument: Any) -> str:
    values = _choices(argument)
    return "|".join(values) if values else str(argument.metavar or argument.name.upper())


def _choices(param: Any) -> tuple[str, ...]:
    return tuple(
        str(getattr(choice, "value", choice)) for choice in getattr(param.type, "choices", ())
    )

"""The command tree as plain data, so that scripts, pages and help do not depend on Typer.

They are named tuples: three dataclasses would add a millisecond to each start of the help.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

# What completes a value that no list holds: kinds that the hidden `__complete` knows.
_KINDS = {
    "REF": "refs", "KEY": "keys", "COMMAND": "commands", "MODEL": "models",
    "PRESET": "presets",
}  # fmt: skip
_OPTION_KINDS = {"--model": "models", "--profile": "profiles", "--preset": "presets"}


class OptionInfo(NamedTuple):
    """One option. `off`: the names that negate it; `values`: the only ones that it accepts."""

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    values: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    group: str = ""
    default: str = ""
    completes: str = ""

    @property
    def takes_value(self) -> bool:
        """Whether the option takes a value."""
        return bool(self.metavar)

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names of the option and of its opposite."""
        return (*self.names, *self.off)

    @property
    def sentence(self) -> str:
        """The option's help, with its default."""
        return f"{self.help} [default: {self.default}]" if self.default else self.help


HELP_OPTION = OptionInfo(("-h", "--help"), "Print this help.")  # Typer's own, for every command


class ArgumentInfo(NamedTuple):
    """An argument, as shown in a usage line."""

    shown: str
    help: str
    values: tuple[str, ...] = ()
    completes: str = ""


class CommandInfo(NamedTuple):
    """One command: its place in the tree, its arguments and options, and its help in parts."""

    path: tuple[str, ...]
    paragraphs: tuple[str, ...]
    examples: tuple[str, ...]
    options: tuple[OptionInfo, ...]
    arguments: tuple[ArgumentInfo, ...]
    children: tuple["CommandInfo", ...] = ()

    @property
    def name(self) -> str:
        """The last word of the command's path."""
        return self.path[-1]

    @property
    def words(self) -> str:
        """The command's path below `piooy`, as typed."""
        return " ".join(self.path[1:])

    @property
    def summary(self) -> str:
        """The first sentence of the command's help."""
        return self.paragraphs[0] if self.paragraphs else ""

    @property
    def usage(self) -> str:
        """The arguments in a usage line."""
        tail = ["COMMAND ..."] if self.children else [one.shown for one in self.arguments]
        return " ".join(["[OPTIONS]", *tail])

    def walk(self) -> Iterator["CommandInfo"]:
        """Yield this command and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def groups(self) -> dict[str, list[OptionInfo]]:
        """Return the options by heading; the common ones, without a heading, come first."""
        found: dict[str, list[OptionInfo]] = {"": []}
        for option in self.options:
            found.setdefault(option.group, []).append(option)
        return found


def command_tree(command: Any, path: tuple[str, ...] = ("piooy",)) -> CommandInfo:
    """Return the tree below a Typer command."""
    children = getattr(command, "commands", {})
    paragraphs, examples = _parts(command.help or "")
    shown = [_option(param) for param in _params(command, "option") if not param.hidden]
    return CommandInfo(
        path=path,
        paragraphs=paragraphs,
        examples=examples,
        options=(*shown, *([HELP_OPTION] if len(path) == 1 else [])),
        arguments=tuple(_argument(param) for param in _params(command, "argument")),
        children=tuple(
            command_tree(child, (*path, name))
            for name, child in children.items()
            if not child.hidden
        ),
    )


def _params(command: Any, kind: str) -> Iterator[Any]:
    return (param for param in command.params if param.param_type_name == kind)


def _parts(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split help into paragraphs, each as one line, and the lines of examples."""
    prose, examples = [], []
    for part in text.strip().split("\n\n"):
        lines = [line for line in part.splitlines() if line.strip() not in ("", "\b")]
        if lines and lines[0].startswith("Example"):
            examples += [line.removeprefix("  ") for line in lines[1:]]
        elif lines:
            prose.append(" ".join(map(str.strip, lines)))
    return tuple(prose), tuple(examples)


def _option(param: Any) -> OptionInfo:
    names, off = (
        tuple(sorted(some, key=lambda name: name.startswith("--")))
        for some in (param.opts, param.secondary_opts)
    )
    values = _choices(param)
    metavar = "" if param.is_flag else (param.metavar or ("|".join(values) if values else "TEXT"))
    kind = next((_OPTION_KINDS[name] for name in names if name in _OPTION_KINDS), "")
    group = getattr(param, "rich_help_panel", None) or ""
    return OptionInfo(names, param.help or "", metavar, values, off, group, _default(param), kind)


def _default(param: Any) -> str:
    if isinstance(param.show_default, str):
        return param.show_default
    value = getattr(param.default, "value", param.default)
    shown = param.show_default and not param.is_flag and value not in (None, "", [])
    return str(value) if shown else ""


def _argument(param: Any) -> ArgumentInfo:
    values = _choices(param)
    shown = "|".join(values) if values else str(param.metavar or param.name.upper())
    kind = _KINDS.get(shown.strip("[]."), "")
    optional = not param.required and not shown.startswith("[")
    return ArgumentInfo(f"[{shown}]" if optional else shown, param.help or "", values, kind)


def _choices(param: Any) -> tuple[str, ...]:
    return tuple(
        str(getattr(choice, "value", choice)) for choice in getattr(param.type, "choices", ())
    )

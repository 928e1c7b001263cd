"""Completion for fish."""

from collections.abc import Iterator

from piooy_cli.published.completions import wanted
from piooy_cli.published.tree import Command, Option


def script(root: Command) -> str:
    """The script."""
    paths = " ".join(f"'{command.words}'" for command in root.walk() if command is not root)
    lines = "\n".join(line for command in root.walk() for line in _command(command, root))
    return f"""\
# fish completion for piooy. Belongs into ~/.config/fish/completions/piooy.fish
function __piooy_path
    set -l path
    for word in (commandline -opc)[2..]
        switch (string join -- ' ' $path $word)
            case {paths}
                set -a path $word
        end
    end
    set -l joined (string join -- ' ' $path)
    test "$joined" = "$argv[1]"
end
function __piooy_ask
    string match -q -- '-*' (commandline -ct); and return
    piooy __complete $argv[1] (commandline -ct) 2>/dev/null
end
complete -c piooy -f
{lines}
"""


def _command(command: Command, root: Command) -> Iterator[str]:
    here = f"complete -c piooy -n \"__piooy_path '{command.words}'\""
    for child in command.children:
        yield f"{here} -f -a {child.name} -d {_text(child.summary)}"
    for argument in command.arguments[:1]:
        if words := wanted.of_value(argument, root):
            yield f"{here} -f -a '{_values(words)}'"
    for option in wanted.options(command, root):
        yield f"{here} {_option(option, root)}"
    yield f"{here} -s h -l help -d 'Show this help.'"


def _option(option: Option, root: Command) -> str:
    parts = [f"-{'l' if name[:2] == '--' else 's'} {name.lstrip('-')}" for name in option.all_names]
    if words := wanted.of_value(option, root):
        parts.append(f"-x -a '{_values(words)}'")
    elif option.takes_value:
        parts.append("-r -F")
    return " ".join([*parts, f"-d {_text(option.help)}"])


def _values(words: tuple[str, ...]) -> str:
    kind = wanted.kind(words)
    return f"(__piooy_ask {kind})" if kind else " ".join(words)


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

"""Completion for fish."""

from collections.abc import Iterator

from piooy_cli.cli.reference.completions import candidates
from piooy_cli.cli.reference.tree import CommandInfo, OptionInfo


def script(root: CommandInfo) -> str:
    """Return the script."""
    paths = " ".join(f"'{command.words}'" for command in root.walk() if command is not root)
    valued = " ".join(candidates.valued(root))
    lines = "\n".join(line for command in root.walk() for line in _command(command, root))
    return f"""\
# fish completion for piooy. Belongs into ~/.config/fish/completions/piooy.fish
function __piooy_path
    # The command so far is $argv[1]; with $argv[2] no argument stands behind it yet.
    set -l path
    set -l given
    set -l skip no
    for word in (commandline -opc)[2..]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case {valued}
                set skip yes
                continue
            case '-*'
                continue
        end
        switch (string join -- ' ' $path $word)
            case {paths}
                set -a path $word
            case '*'
                set -a given $word
        end
    end
    set -l joined (string join -- ' ' $path)
    test "$joined" = "$argv[1]"; or return 1
    test -z "$argv[2]"; or test -z "$given"
end
function __piooy_ask
    string match -q -- '-*' (commandline -ct); and return
    piooy __complete $argv[1] (commandline -ct) 2>/dev/null
end
complete -c piooy -f
{lines}
"""


def _command(command: CommandInfo, root: CommandInfo) -> Iterator[str]:
    here = f"complete -c piooy -n \"__piooy_path '{command.words}'\""
    for child in command.children:
        yield f"{here} -f -a {child.name} -d {_text(child.summary)}"
    for argument in command.arguments[:1]:
        if words := candidates.of_value(argument, root):
            first = "" if argument.shown.endswith("...") else " first"
            yield f"{here[:-1]}{first}\" -f -a '{_values(words)}'"
    for option in candidates.options(command, root):
        yield f"{here} {_option(option.names, option, root)} -d {_text(option.help)}"
        if option.off:
            yield f"{here} {_option(option.off, option, root)} -d {_text(f'Not: {option.help}')}"


def _option(names: tuple[str, ...], option: OptionInfo, root: CommandInfo) -> str:
    parts = [f"-{'l' if name[:2] == '--' else 's'} {name.lstrip('-')}" for name in names]
    if words := candidates.of_value(option, root):
        parts.append(f"-x -a '{_values(words)}'")
    elif option.takes_value:
        parts.append("-r -F")
    return " ".join(parts)


def _values(words: tuple[str, ...]) -> str:
    kind = candidates.kind(words)
    return f"(__piooy_ask {kind})" if kind else " ".join(words)


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

"""Completion for zsh."""

from collections.abc import Iterator

from piooy_cli.cli.reference.completions import candidates
from piooy_cli.cli.reference.tree import ArgumentInfo, CommandInfo, OptionInfo


def script(root: CommandInfo) -> str:
    """Return the script, which is autoloaded from $fpath or sourced."""
    functions = "\n".join(_function(command, root) for command in root.walk())
    kinds = "\n".join(
        f'__piooy_{kind}() {{ __piooy_ask {kind} "$@" }}' for kind in candidates.KINDS
    )
    return f"""\
#compdef piooy
# zsh completion for piooy. Belongs into a directory on $fpath, as _piooy.
__piooy_ask() {{
    [[ $PREFIX == -* ]] && return 1
    local -a lines values told
    lines=(${{(f)"$(piooy __complete $1 "$PREFIX" 2>/dev/null)"}})
    values=(${{lines%%$'\\t'*}})
    told=(${{lines/$'\\t'/  }})
    shift
    compadd "$@" -l -d told -a values
}}
{kinds}

{functions}
if [[ $funcstack[1] == _piooy ]]; then
    _piooy "$@"
else
    compdef _piooy piooy
fi
"""


def _function(command: CommandInfo, root: CommandInfo) -> str:
    specs = [spec for option in candidates.options(command, root) for spec in _specs(option, root)]
    if command.children:
        specs += ["'1: :->command'", "'*:: :->arguments'"]
    else:
        specs += _arguments(command.arguments, root)
    body = " \\\n        ".join(specs)
    tail = _children(command) if command.children else ""
    name = "_".join(command.path)
    return (
        f"_{name}() {{\n    local line state\n    _arguments -C -s \\\n        {body}\n{tail}}}\n"
    )


def _arguments(arguments: tuple[ArgumentInfo, ...], root: CommandInfo) -> list[str]:
    """Return what completes arguments: the first one may be known, others may be files."""
    first = [_action(candidates.of_value(one, root)) for one in arguments[:1]]
    again = bool(arguments) and arguments[0].shown.endswith("...")
    return [f"'{'*' if again else '1'}: {action}'" for action in first] + (
        [] if again else ["'*: :_default'"]
    )


def _children(command: CommandInfo) -> str:
    described = "\n".join(
        f"                '{child.name}:{_quoted(child.summary)}'" for child in command.children
    )
    calls = "\n".join(
        f"                {child.name}) _{'_'.join(child.path)} ;;" for child in command.children
    )
    return f"""\
    case $state in
        command)
            local -a commands=(
{described}
            )
            _describe command commands ;;
        arguments)
            case $line[1] in
{calls}
            esac ;;
    esac
"""


def _specs(option: OptionInfo, root: CommandInfo) -> Iterator[str]:
    """Return the names of an option and of its opposite."""
    text = f"[{_quoted(option.help)}]"
    if option.takes_value:
        text += f": {_action(candidates.of_value(option, root))}"
    yield _spec(option.names, text, option.takes_value)
    if option.off:
        yield _spec(option.off, f"[Not: {_quoted(option.help)}]", False)


def _spec(names: tuple[str, ...], text: str, takes_value: bool) -> str:
    told = [f"{name}=" if takes_value and name[:2] == "--" else name for name in names]
    return f"'{told[0]}{text}'" if len(told) == 1 else f"{{{','.join(told)}}}'{text}'"


def _action(words: tuple[str, ...]) -> str:
    if kind := candidates.kind(words):
        return f":__piooy_{kind}"
    return f":({' '.join(words)})" if words else ":_default"


def _quoted(text: str) -> str:
    for character, escaped in (
        ("\\", "\\\\"), ("'", "'\\''"), ("[", "\\["), ("]", "\\]"), (":", "\\:"),
    ):  # fmt: skip
        text = text.replace(character, escaped)
    return text

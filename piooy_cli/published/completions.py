"""Static completion scripts: commands, options and fixed values without starting Python.

Only model ids ask the program, through the hidden `__complete`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from piooy_cli.published.tree import Command, Option, tree

_MODELS = "models"


def script(command: Any, shell: str) -> str:
    """The script for one shell, from a Typer command."""
    writers: dict[str, Callable[[Command], str]] = {
        "bash": _bash, "zsh": _zsh, "fish": _fish, "powershell": _powershell,
    }  # fmt: skip
    return writers[shell](tree(command))


def _wanted(option: Option) -> tuple[str, ...] | str | None:
    """What completes an option's value: fixed words, a kind that `__complete` knows, or files."""
    if option.values:
        return option.values
    if "--model" in option.names:
        return _MODELS
    return None


def _words(command: Command) -> tuple[str, ...]:
    return tuple(child.name for child in command.children) + command.values


def _options(command: Command, root: Command) -> Iterable[Option]:
    own = {name for option in command.options for name in option.names}
    shared = [option for option in root.options if not own & set(option.names)]
    return [*command.options, *(shared if command is not root else [])]


def _names(command: Command, root: Command) -> str:
    return " ".join(name for option in _options(command, root) for name in option.names)


def _bash(root: Command) -> str:
    cases = "\n".join(_bash_case(command, root) for command in root.walk())
    paths = " | ".join(f"'{' '.join(c.path[1:])}'" for c in root.walk() if c is not root)
    return f"""\
# bash completion for piooy. Belongs into
# ${{XDG_DATA_HOME:-~/.local/share}}/bash-completion/completions/piooy
_piooy() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} path="" word
    local words="" options="" values=""
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "${{path:+$path }}$word" in
            {paths}) path="${{path:+$path }}$word" ;;
        esac
    done
    case "$path" in
{cases}
    esac
    COMPREPLY=()
    if [[ -n $values ]]; then
        [[ $values == @* ]] && values=$(piooy __complete "${{values#@}}" "$cur" 2>/dev/null)
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    elif [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    fi
}}
complete -o bashdefault -o default -F _piooy piooy
"""


def _bash_case(command: Command, root: Command) -> str:
    lines = [f"        '{' '.join(command.path[1:])}')"]
    lines.append(f"            words='{' '.join(_words(command))}'")
    lines.append(f"            options='{_names(command, root)}'")
    values = [(option, _wanted(option)) for option in _options(command, root)]
    if known := [(option, wanted) for option, wanted in values if wanted]:
        lines.append('            case "$prev" in')
        for option, wanted in known:
            text = f"@{wanted}" if isinstance(wanted, str) else " ".join(wanted)
            lines.append(f"                {'|'.join(option.names)}) values='{text}' ;;")
        lines.append("            esac")
    others = [
        option for option in _options(command, root) if option.takes_value and not _wanted(option)
    ]
    if others:
        names = "|".join(name for option in others for name in option.names)
        lines.append(f'            case "$prev" in {names}) COMPREPLY=(); return ;; esac')
    return "\n".join([*lines, "            ;;"])


def _zsh(root: Command) -> str:
    functions = "\n".join(_zsh_function(command, root) for command in root.walk())
    return f"""\
#compdef piooy
# zsh completion for piooy. Belongs into a directory on $fpath, as _piooy.
_piooy_models() {{
    local -a ids
    ids=(${{(f)"$(piooy __complete models "$PREFIX" 2>/dev/null)"}})
    compadd -a ids
}}

{functions}
if [[ $funcstack[1] == _piooy ]]; then
    _piooy "$@"
else
    compdef _piooy piooy
fi
"""


def _zsh_function(command: Command, root: Command) -> str:
    name = "_" + "_".join(command.path)
    specs = [_zsh_spec(option) for option in _options(command, root)]
    if command.children:
        specs += ["'1: :->command'", "'*:: :->arguments'"]
    elif command.values:
        specs += [f"'1: :({' '.join(command.values)})'", "'*: :_default'"]
    else:
        specs += ["'*: :_default'"]
    body = " \\\n        ".join(specs)
    tail = _zsh_children(command) if command.children else ""
    return f"{name}() {{\n    local line state\n    _arguments -C -s \\\n        {body}\n{tail}}}\n"


def _zsh_children(command: Command) -> str:
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


def _zsh_spec(option: Option) -> str:
    text = f"[{_quoted(option.help)}]"
    wanted = _wanted(option)
    if isinstance(wanted, str):
        text += f": :_piooy_{wanted}"
    elif wanted:
        text += f": :({' '.join(wanted)})"
    elif option.takes_value:
        text += ": :_default"
    if len(option.names) == 1:
        return f"'{option.names[0]}{text}'"
    return f"{{{','.join(option.names)}}}'{text}'"


def _quoted(text: str) -> str:
    for character, escaped in (
        ("\\", "\\\\"),
        ("'", "'\\''"),
        ("[", "\\["),
        ("]", "\\]"),
        (":", "\\:"),
    ):
        text = text.replace(character, escaped)
    return text


def _fish(root: Command) -> str:
    lines = [
        "# fish completion for piooy. Belongs into ~/.config/fish/completions/piooy.fish",
        "function __piooy_path",
        "    set -l path",
        "    for word in (commandline -opc)[2..]",
        "        switch (string join -- ' ' $path $word)",
        "            case "
        + " ".join(f"'{' '.join(c.path[1:])}'" for c in root.walk() if c is not root),
        "                set -a path $word",
        "        end",
        "    end",
        "    set -l joined (string join -- ' ' $path)",
        '    test "$joined" = "$argv[1]"',
        "end",
        "complete -c piooy -f",
    ]
    for command in root.walk():
        lines += _fish_command(command, root)
    return "\n".join(lines) + "\n"


def _fish_command(command: Command, root: Command) -> list[str]:
    here = f"complete -c piooy -n \"__piooy_path '{' '.join(command.path[1:])}'\""
    lines = [
        f"{here} -f -a {child.name} -d {_fish_text(child.summary)}" for child in command.children
    ]
    lines += [f"{here} -f -a '{' '.join(command.values)}'"] if command.values else []
    return lines + [f"{here} {_fish_option(option)}" for option in _options(command, root)]


def _fish_option(option: Option) -> str:
    parts = [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    ]
    wanted = _wanted(option)
    if isinstance(wanted, str):
        parts.append(f"-x -a '(piooy __complete {wanted} (commandline -ct) 2>/dev/null)'")
    elif wanted:
        parts.append(f"-x -a '{' '.join(wanted)}'")
    elif option.takes_value:
        parts.append("-r -F")
    return " ".join([*parts, f"-d {_fish_text(option.help)}"])


def _fish_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(root: Command) -> str:
    rows = "\n".join(_powershell_row(command, root) for command in root.walk())
    return f"""\
# PowerShell completion for piooy. Add it to the file that $PROFILE names.
Register-ArgumentCompleter -Native -CommandName piooy -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @{{
{rows}
    }}
    $path = ''
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {{
        $longer = "$path $element".Trim()
        if ($words.ContainsKey($longer)) {{ $path = $longer }}
    }}
    $words[$path] | Where-Object {{ $_ -like "$wordToComplete*" }} | ForEach-Object {{
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }}
}}
"""


def _powershell_row(command: Command, root: Command) -> str:
    words = [*_words(command), *_names(command, root).split()]
    quoted = ", ".join(f"'{word}'" for word in words)
    return f"        '{' '.join(command.path[1:])}' = @({quoted})"

"""Completion for bash."""

from collections.abc import Iterator

from piooy_cli.published.completions import wanted
from piooy_cli.published.tree import Command


def script(root: Command) -> str:
    """The script."""
    cases = "\n".join(line for command in root.walk() for line in _case(command, root))
    paths = " | ".join(f"'{command.words}'" for command in root.walk() if command is not root)
    return f"""\
# bash completion for piooy. Belongs into
# ${{XDG_DATA_HOME:-~/.local/share}}/bash-completion/completions/piooy
_piooy() {{
    local cur=$2 prev path="" word words="" options="" values="" at=$COMP_CWORD
    # bash parts words at = and @ as well.
    [[ ${{COMP_WORDS[at]}} == = ]] && cur=""
    [[ ${{COMP_WORDS[at]}} != = && $at -gt 1 && ${{COMP_WORDS[at-1]}} == [=@] ]] && at=$((at - 1))
    prev=${{COMP_WORDS[at-1]}}
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
        words=$values
    elif [[ $cur == -* ]]; then
        words=$options
    fi
    if [[ $words == @* ]]; then
        words=$(piooy __complete "${{words#@}}" "$cur" 2>/dev/null | cut -f1)
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}
complete -o bashdefault -o default -F _piooy piooy
"""


def _case(command: Command, root: Command) -> Iterator[str]:
    yield f"        '{command.words}')"
    yield f"            words='{' '.join(wanted.of_words(command, root))}'"
    yield f"            options='{wanted.names(command, root)}'"
    yield '            case "$prev" in'
    files: list[str] = []
    for option in (one for one in wanted.options(command, root) if one.takes_value):
        if words := wanted.of_value(option, root):
            yield f"                {'|'.join(option.names)}) values='{' '.join(words)}' ;;"
        else:
            files += option.names
    if files:
        yield f"                {'|'.join(files)}) COMPREPLY=(); return ;;"
    yield "            esac"
    yield "            ;;"

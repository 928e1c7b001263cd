"""Completion for bash."""

from collections.abc import Iterator

from piooy_cli.cli.reference.completions import candidates
from piooy_cli.cli.reference.tree import CommandInfo


def script(root: CommandInfo) -> str:
    """Return the script."""
    cases = "\n".join(line for command in root.walk() for line in _case(command, root))
    valued = "|".join(candidates.valued(root))
    paths = " | ".join(f"'{command.words}'" for command in root.walk() if command is not root)
    return f"""\
# bash completion for piooy. Belongs into
# ${{XDG_DATA_HOME:-~/.local/share}}/bash-completion/completions/piooy
_piooy() {{
    local cur=$2 prev path="" word words="" options="" values="" at=$COMP_CWORD skip="" given=0
    # bash parts words at = and @ as well; before an = stands an option, or a KEY of KEY=VALUE.
    [[ ${{COMP_WORDS[at]}} == = ]] && cur="" && at=$((at + 1))
    if [[ ${{COMP_WORDS[at-1]}} == = ]]; then
        [[ ${{COMP_WORDS[at-2]}} == -* ]] || return
        at=$((at - 1))
    elif [[ ${{COMP_WORDS[at-1]}} == @ ]]; then
        at=$((at - 1))
    fi
    prev=${{COMP_WORDS[at-1]}}
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        if [[ $word == = ]]; then skip=1; continue; fi
        if [[ -n $skip ]]; then skip=""; continue; fi
        case "$word" in
            {valued}) skip=1; continue ;;
            -*|@) continue ;;
        esac
        case "${{path:+$path }}$word" in
            {paths}) path="${{path:+$path }}$word" ;;
            *) given=$((given + 1)) ;;
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
    if [[ $words == {candidates.ASKED}* ]]; then
        words=$(piooy __complete "${{words#{candidates.ASKED}}}" "$cur" 2>/dev/null)
    else
        words=${{words// /$'\\n'}}
    fi
    # compgen -W would run the commands that stand in its words.
    while IFS=$'\\t' read -r word _; do
        [[ -n $word && $word == "$cur"* ]] || continue
        printf -v word %q "$word"
        COMPREPLY+=("$word")
    done <<< "$words"
}}
complete -o bashdefault -o default -F _piooy piooy
"""


def _case(command: CommandInfo, root: CommandInfo) -> Iterator[str]:
    yield f"        '{command.words}')"
    once = not command.children and not any(a.shown.endswith("...") for a in command.arguments[:1])
    test = "[[ $given == 0 ]] && " if once else ""
    yield f"            {test}words='{' '.join(candidates.of_words(command, root))}'"
    yield f"            options='{candidates.option_names(command, root)}'"
    yield '            case "$prev" in'
    files: list[str] = []
    for option in (one for one in candidates.options(command, root) if one.takes_value):
        if words := candidates.of_value(option, root):
            yield f"                {'|'.join(option.names)}) values='{' '.join(words)}' ;;"
        else:
            files += option.names
    if files:
        yield f"                {'|'.join(files)}) COMPREPLY=(); return ;;"
    yield "            esac"
    yield "            ;;"

"""Completion for PowerShell."""

from collections.abc import Iterable, Iterator

from piooy_cli.cli.reference.completions import candidates
from piooy_cli.cli.reference.tree import CommandInfo


def script(root: CommandInfo) -> str:
    """Return the script."""
    words = "\n".join(_words(command, root) for command in root.walk())
    values = "\n".join(line for command in root.walk() for line in _values(command, root))
    valued = _list(candidates.valued(root))
    return f"""\
# PowerShell completion for piooy. Add it to the file that $PROFILE names.
Register-ArgumentCompleter -Native -CommandName piooy -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @{{
{words}
    }}
    $values = @{{
{values}
    }}
    $valued = @({valued})
    $typed = "$wordToComplete".Trim("'", '"')
    $path = ''
    $before = ''
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {{
        if ($element.Extent.EndOffset -ge $cursorPosition) {{ break }}
        $skipped = $valued -contains $before
        $before = "$element"
        if ($skipped) {{ continue }}
        $longer = "$path $element".Trim()
        if ($words.ContainsKey($longer)) {{ $path = $longer }}
    }}
    $key = "$path $before".Trim()
    $offered = if ($values.ContainsKey($key)) {{ $values[$key] }} else {{ $words[$path] }}
    $offered | ForEach-Object {{
        if ($_ -like '{candidates.ASKED}*') {{
            piooy __complete $_.Substring(1) $typed 2>$null |
                ForEach-Object {{ ($_ -split "`t")[0] }}
        }} else {{ $_ }}
    }} | Where-Object {{
        $_.StartsWith($typed, [System.StringComparison]::OrdinalIgnoreCase)
    }} | ForEach-Object {{
        # A bare @ would stand for a variable.
        $plain = $_ -match '^[A-Za-z0-9:._+/=-]+$'
        $word = if ($plain) {{ $_ }} else {{ "'" + $_.Replace("'", "''") + "'" }}
        [System.Management.Automation.CompletionResult]::new($word, $_, 'ParameterValue', $_)
    }}
}}
"""


def _words(command: CommandInfo, root: CommandInfo) -> str:
    words = [*candidates.of_words(command, root), *candidates.option_names(command, root).split()]
    return f"        '{command.words}' = @({_list(words)})"


def _values(command: CommandInfo, root: CommandInfo) -> Iterator[str]:
    for option in candidates.options(command, root):
        if words := candidates.of_value(option, root):
            for name in option.names:
                key = f"{command.words} {name}".strip()
                yield f"        '{key}' = @({_list(words)})"


def _list(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)

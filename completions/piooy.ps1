# PowerShell completion for piooy. Add it to the file that $PROFILE names.
Register-ArgumentCompleter -Native -CommandName piooy -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @{
        '' = @('generate', 'task', 'wait', 'download', 'models', 'contact', 'completion', 'history', 'config', 'sandbox', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'generate' = @('image', 'video', 'music', 'character', '--model', '-m', '--aspect-ratio', '-a', '--resolution', '-r', '--duration', '--image', '-i', '--video', '--inline', '--output', '-o', '--on-exists', '--wait', '--no-wait', '--download', '--no-download', '--count', '-n', '--timeout', '--interval', '--heartbeat', '--prompt-file', '-f', '--option', '-O', '--options', '--seed', '--negative-prompt', '--title', '--style', '--lyrics', '--lyrics-file', '--instrumental', '--provider', '--scene', '--covers', '--allow-http-assets', '--allow-svg', '--dry-run', '--yes', '-y', '--open', '--preview', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'task' = @('--refresh', '--exit-status', '--raw', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'wait' = @('--pending', '--timeout', '--interval', '--heartbeat', '--any', '--download', '--output', '-o', '--on-exists', '--allow-http-assets', '--allow-svg', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'download' = @('--output', '-o', '--on-exists', '--covers', '--unsaved', '--wait', '--timeout', '--interval', '--heartbeat', '--persist', '--jobs', '-j', '--allow-http-assets', '--allow-svg', '--dry-run', '--no-metadata', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'models' = @('--media', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'contact' = @('--email', '--file', '-f', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'completion' = @('bash', 'zsh', 'fish', 'powershell', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'history' = @('show', 'resolve', 'prune', 'export', 'stats', 'check', '--status', '--model', '-m', '--media', '--since', '--search', '--unsaved', '--unknown', '--limit', '-n', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'history show' = @('--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'history resolve' = @('--adopt', '--not-charged', '--charged', '--why', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'history prune' = @('--before', '--yes', '-y', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'history export' = @('--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'history stats' = @('--model', '-m', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'history check' = @('--repair', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'config' = @('list', 'get', 'set', 'unset', 'path', 'edit', 'set-key', 'delete-key', 'check', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'config list' = @('--show-origin', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'config get' = @('--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'config set' = @('--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'config unset' = @('--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'config path' = @('--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'config edit' = @('--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'config set-key' = @('--store', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'config delete-key' = @('--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'config check' = @('--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'sandbox' = @('serve', 'reset', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'sandbox serve' = @('--host', '--port', '--speed', '--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
        'sandbox reset' = @('--json', '--quiet', '-q', '--verbose', '-v', '--debug', '--color', '--no-input', '--profile', '--sandbox', '--base-url', '--version')
    }
    $path = ''
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        $longer = "$path $element".Trim()
        if ($words.ContainsKey($longer)) { $path = $longer }
    }
    $words[$path] | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}

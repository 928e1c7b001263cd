# bash completion for piooy. Belongs into
# ${XDG_DATA_HOME:-~/.local/share}/bash-completion/completions/piooy
_piooy() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path="" word
    local words="" options="" values=""
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "${path:+$path }$word" in
            'generate' | 'task' | 'wait' | 'download' | 'models' | 'contact' | 'completion' | 'history' | 'history show' | 'history resolve' | 'history prune' | 'history export' | 'history stats' | 'history check' | 'config' | 'config list' | 'config get' | 'config set' | 'config unset' | 'config path' | 'config edit' | 'config set-key' | 'config delete-key' | 'config check' | 'sandbox' | 'sandbox serve' | 'sandbox reset') path="${path:+$path }$word" ;;
        esac
    done
    case "$path" in
        '')
            words='generate task wait download models contact completion history config sandbox'
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'generate')
            words='image video music character'
            options='--model -m --aspect-ratio -a --resolution -r --duration --image -i --video --inline --output -o --on-exists --wait --no-wait --download --no-download --count -n --timeout --interval --heartbeat --prompt-file -f --option -O --options --seed --negative-prompt --title --style --lyrics --lyrics-file --instrumental --provider --scene --covers --allow-http-assets --allow-svg --dry-run --yes -y --open --preview --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --model|-m) values='@models' ;;
                --on-exists) values='skip rename overwrite fail' ;;
                --color) values='auto always never' ;;
            esac
            case "$prev" in --aspect-ratio|-a|--resolution|-r|--duration|--image|-i|--video|--output|-o|--count|-n|--timeout|--interval|--heartbeat|--prompt-file|-f|--option|-O|--options|--seed|--negative-prompt|--title|--style|--lyrics|--lyrics-file|--provider|--scene|--profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'task')
            words=''
            options='--refresh --exit-status --raw --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --refresh) values='live assets' ;;
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'wait')
            words=''
            options='--pending --timeout --interval --heartbeat --any --download --output -o --on-exists --allow-http-assets --allow-svg --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --on-exists) values='skip rename overwrite fail' ;;
                --color) values='auto always never' ;;
            esac
            case "$prev" in --timeout|--interval|--heartbeat|--output|-o|--profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'download')
            words=''
            options='--output -o --on-exists --covers --unsaved --wait --timeout --interval --heartbeat --persist --jobs -j --allow-http-assets --allow-svg --dry-run --no-metadata --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --on-exists) values='skip rename overwrite fail' ;;
                --color) values='auto always never' ;;
            esac
            case "$prev" in --output|-o|--timeout|--interval|--heartbeat|--jobs|-j|--profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'models')
            words=''
            options='--media --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --media) values='image video music character' ;;
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'contact')
            words=''
            options='--email --file -f --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --email|--file|-f|--profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'completion')
            words='bash zsh fish powershell'
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'history')
            words='show resolve prune export stats check'
            options='--status --model -m --media --since --search --unsaved --unknown --limit -n --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --model|-m) values='@models' ;;
                --media) values='image video music character' ;;
                --color) values='auto always never' ;;
            esac
            case "$prev" in --status|--since|--search|--limit|-n|--profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'history show')
            words=''
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'history resolve')
            words=''
            options='--adopt --not-charged --charged --why --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --adopt|--why|--profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'history prune')
            words=''
            options='--before --yes -y --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --before|--profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'history export')
            words=''
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'history stats')
            words=''
            options='--model -m --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --model|-m) values='@models' ;;
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'history check')
            words=''
            options='--repair --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'config')
            words='list get set unset path edit set-key delete-key check'
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'config list')
            words=''
            options='--show-origin --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'config get')
            words=''
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'config set')
            words=''
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'config unset')
            words=''
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'config path')
            words=''
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'config edit')
            words=''
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'config set-key')
            words=''
            options='--store --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --store) values='keyring file' ;;
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'config delete-key')
            words=''
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'config check')
            words=''
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'sandbox')
            words='serve reset'
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'sandbox serve')
            words=''
            options='--host --port --speed --json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --host|--port|--speed|--profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
        'sandbox reset')
            words=''
            options='--json --quiet -q --verbose -v --debug --color --no-input --profile --sandbox --base-url --version'
            case "$prev" in
                --color) values='auto always never' ;;
            esac
            case "$prev" in --profile|--base-url) COMPREPLY=(); return ;; esac
            ;;
    esac
    COMPREPLY=()
    if [[ -n $values ]]; then
        [[ $values == @* ]] && values=$(piooy __complete "${values#@}" "$cur" 2>/dev/null)
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    elif [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    fi
}
complete -o bashdefault -o default -F _piooy piooy

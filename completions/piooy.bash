# bash completion for piooy. Belongs into
# ${XDG_DATA_HOME:-~/.local/share}/bash-completion/completions/piooy
_piooy() {
    local cur=$2 prev path="" word words="" options="" values="" at=$COMP_CWORD skip="" given=0
    # bash parts words at = and @ as well; before an = stands an option, or a KEY of KEY=VALUE.
    [[ ${COMP_WORDS[at]} == = ]] && cur="" && at=$((at + 1))
    if [[ ${COMP_WORDS[at-1]} == = ]]; then
        [[ ${COMP_WORDS[at-2]} == -* ]] || return
        at=$((at - 1))
    elif [[ ${COMP_WORDS[at-1]} == @ ]]; then
        at=$((at - 1))
    fi
    prev=${COMP_WORDS[at-1]}
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word == = ]]; then skip=1; continue; fi
        if [[ -n $skip ]]; then skip=""; continue; fi
        case "$word" in
            --about|--accept-key|--adopt|--aspect-ratio|--base-url|--batch|--before|--color|--concurrency|--cors|--count|--deadline|--duration|--email|--faults|--fields|--file|--force|--format|--heartbeat|--host|--hyperlinks|--image|--interval|--jobs|--jq|--last-frame|--limit|--limits|--lock-wait|--log|--lyrics|--lyrics-file|--max-failures|--max-tasks|--media|--metadata|--metrics|--model|--name|--negative-prompt|--on-exists|--only|--option|--options|--output|--port|--preset|--profile|--prompt|--prompt-file|--provider|--record|--refresh|--replay|--resolution|--result-shape|--results|--scene|--search|--seed|--since|--speed|--state|--status|--store|--style|--summary|--tag|--timeout|--title|--under|--var|--vary|--video|--why|-O|-a|-f|-i|-j|-m|-n|-o|-r) skip=1; continue ;;
            -*|@) continue ;;
        esac
        case "${path:+$path }$word" in
            'generate' | 'redo' | 'batch' | 'plan' | 'run' | 'init-plan' | 'task' | 'wait' | 'download' | 'where' | 'inspect' | 'verify' | 'tree' | 'models' | 'presets' | 'contact' | 'completion' | 'man' | 'history' | 'history show' | 'history tag' | 'history resolve' | 'history prune' | 'history export' | 'history stats' | 'history check' | 'store' | 'store gc' | 'config' | 'config list' | 'config get' | 'config set' | 'config unset' | 'config path' | 'config edit' | 'config set-key' | 'config delete-key' | 'config check' | 'sandbox' | 'sandbox serve' | 'sandbox reset') path="${path:+$path }$word" ;;
            *) given=$((given + 1)) ;;
        esac
    done
    case "$path" in
        '')
            words='generate redo batch plan run init-plan task wait download where inspect verify tree models presets contact completion man history store config sandbox'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'generate')
            [[ $given == 0 ]] && words='image video music character'
            options='-m --model --preset -a --aspect-ratio -r --resolution --duration -i --image --video --last-frame --inline -o --output --on-exists --wait --no-wait --download --no-download -n --count --tag --vary --zip --pieces --name -j --concurrency --timeout --interval --heartbeat --notify -f --prompt-file -O --option --options --seed --negative-prompt --title --style --lyrics --lyrics-file --instrumental --provider --scene --covers --allow-http-assets --allow-private-assets --allow-svg --metadata --private --strict --deep --dry-run --explain -y --yes --open --preview --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                -m|--model) values='@models' ;;
                --preset) values='@presets' ;;
                --on-exists) values='skip rename overwrite fail' ;;
                --metadata) values='embed sidecar none' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                -a|--aspect-ratio|-r|--resolution|--duration|-i|--image|--video|--last-frame|-o|--output|-n|--count|--tag|--vary|--name|-j|--concurrency|--timeout|--interval|--heartbeat|-f|--prompt-file|-O|--option|--options|--seed|--negative-prompt|--title|--style|--lyrics|--lyrics-file|--provider|--scene|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'redo')
            [[ $given == 0 ]] && words='@refs'
            options='--prompt -m --model -a --aspect-ratio -r --resolution --duration -O --option --options --seed --negative-prompt --provider --scene --tag -o --output --on-exists --wait --no-wait --download --no-download --timeout --interval --heartbeat --notify --covers --allow-http-assets --allow-private-assets --allow-svg --metadata --private --strict --deep --dry-run -y --yes --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                -m|--model) values='@models' ;;
                --on-exists) values='skip rename overwrite fail' ;;
                --metadata) values='embed sidecar none' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --prompt|-a|--aspect-ratio|-r|--resolution|--duration|-O|--option|--options|--seed|--negative-prompt|--provider|--scene|--tag|-o|--output|--timeout|--interval|--heartbeat|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'batch')
            [[ $given == 0 ]] && words=''
            options='-m --model --preset --media -a --aspect-ratio -r --resolution --duration -i --image -o --output --name -j --concurrency -n --limit --only --dry-run -y --yes --tag --vary --zip --format --shuffle --max-tasks --max-failures --deadline --lock-wait --allow-empty --timeout --interval --heartbeat --notify --results --summary --metrics --on-exists --covers --allow-http-assets --allow-private-assets --allow-svg --metadata --private --strict --deep --allow-row-paths --video --inline -O --option --options --seed --negative-prompt --provider --scene --title --style --lyrics --lyrics-file --instrumental --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                -m|--model) values='@models' ;;
                --preset) values='@presets' ;;
                --media) values='image video music character' ;;
                --only) values='failed' ;;
                --format) values='jsonl csv lines' ;;
                --on-exists) values='skip rename overwrite fail' ;;
                --metadata) values='embed sidecar none' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                -a|--aspect-ratio|-r|--resolution|--duration|-i|--image|-o|--output|--name|-j|--concurrency|-n|--limit|--tag|--vary|--max-tasks|--max-failures|--deadline|--lock-wait|--timeout|--interval|--heartbeat|--results|--summary|--metrics|--video|-O|--option|--options|--seed|--negative-prompt|--provider|--scene|--title|--style|--lyrics|--lyrics-file|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'plan')
            [[ $given == 0 ]] && words=''
            options='--var --preset --only --force --name --dot --mermaid -o --output --inline --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --preset) values='@presets' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --var|--only|--force|--name|-o|--output|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'run')
            [[ $given == 0 ]] && words=''
            options='--var --preset --only --force --tag -o --output -j --concurrency --name --dry-run -y --yes --max-tasks --max-failures --deadline --lock-wait --timeout --interval --heartbeat --notify --results --summary --metrics --on-exists --covers --allow-http-assets --allow-private-assets --allow-svg --metadata --private --strict --deep --allow-row-paths --inline --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --preset) values='@presets' ;;
                --on-exists) values='skip rename overwrite fail' ;;
                --metadata) values='embed sidecar none' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --var|--only|--force|--tag|-o|--output|-j|--concurrency|--name|--max-tasks|--max-failures|--deadline|--lock-wait|--timeout|--interval|--heartbeat|--results|--summary|--metrics|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'init-plan')
            [[ $given == 0 ]] && words=''
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'task')
            words='@refs'
            options='--refresh --exit-status --raw --explain --fields --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --refresh) values='live assets' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --fields|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'wait')
            words='@refs'
            options='--pending --timeout --interval --heartbeat --notify --any --download -o --output --on-exists --allow-http-assets --allow-private-assets --allow-svg --metadata --private --strict --deep --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --on-exists) values='skip rename overwrite fail' ;;
                --metadata) values='embed sidecar none' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --timeout|--interval|--heartbeat|-o|--output|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'download')
            words='@refs'
            options='-o --output --on-exists --covers --unsaved --wait --timeout --interval --heartbeat --notify --persist -j --jobs --allow-http-assets --allow-private-assets --allow-svg --metadata --private --strict --deep --dry-run --no-metadata --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --on-exists) values='skip rename overwrite fail' ;;
                --metadata) values='embed sidecar none' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                -o|--output|--timeout|--interval|--heartbeat|-j|--jobs|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'where')
            [[ $given == 0 ]] && words='@refs'
            options='--under --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --under|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'inspect')
            words=''
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'verify')
            words=''
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'tree')
            [[ $given == 0 ]] && words='@refs'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'models')
            [[ $given == 0 ]] && words='@models'
            options='--media --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --media) values='image video music character' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'presets')
            [[ $given == 0 ]] && words='@presets'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'contact')
            [[ $given == 0 ]] && words=''
            options='--email -f --file --about -y --yes --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --email|-f|--file|--about|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'completion')
            [[ $given == 0 ]] && words='bash zsh fish powershell'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'man')
            [[ $given == 0 ]] && words='generate redo batch plan run init-plan task wait download where inspect verify tree models presets contact completion man history store config sandbox exit-codes environment config.5'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'history')
            words='show tag resolve prune export stats check'
            options='--status -m --model --media --since --search --unsaved --unknown --short --batch --tag -n --limit --fields --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                -m|--model) values='@models' ;;
                --media) values='image video music character' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --status|--since|--search|--batch|--tag|-n|--limit|--fields|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'history show')
            [[ $given == 0 ]] && words='@refs'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'history tag')
            [[ $given == 0 ]] && words='@refs'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'history resolve')
            [[ $given == 0 ]] && words='@refs'
            options='--adopt --not-charged --charged --why --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --adopt|--why|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'history prune')
            [[ $given == 0 ]] && words=''
            options='--before -y --yes --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --before|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'history export')
            [[ $given == 0 ]] && words=''
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'history stats')
            [[ $given == 0 ]] && words=''
            options='-m --model --tag --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                -m|--model) values='@models' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --tag|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'history check')
            [[ $given == 0 ]] && words=''
            options='--repair --under --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --under|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'store')
            words='gc'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'store gc')
            [[ $given == 0 ]] && words=''
            options='--dry-run --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'config')
            words='list get set unset path edit set-key delete-key check'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'config list')
            [[ $given == 0 ]] && words=''
            options='--show-origin --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'config get')
            [[ $given == 0 ]] && words='@keys'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'config set')
            [[ $given == 0 ]] && words='@keys'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'config unset')
            [[ $given == 0 ]] && words='@keys'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'config path')
            [[ $given == 0 ]] && words=''
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'config edit')
            [[ $given == 0 ]] && words=''
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'config set-key')
            [[ $given == 0 ]] && words=''
            options='--store --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --store) values='keyring file' ;;
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'config delete-key')
            [[ $given == 0 ]] && words=''
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'config check')
            [[ $given == 0 ]] && words=''
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'sandbox')
            words='serve reset'
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'sandbox serve')
            [[ $given == 0 ]] && words=''
            options='--host --port --speed --seed --state --faults --limits --result-shape --accept-key --log --replay --cors --allow-remote --json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --host|--port|--speed|--seed|--state|--faults|--limits|--result-shape|--accept-key|--log|--replay|--cors|--jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
        'sandbox reset')
            [[ $given == 0 ]] && words=''
            options='--json --jq -q --quiet -v --verbose --debug --color --hyperlinks --no-input --profile --sandbox --base-url --record --version -h --help'
            case "$prev" in
                --color) values='auto always never' ;;
                --hyperlinks) values='auto always never' ;;
                --profile) values='@profiles' ;;
                --jq|--base-url|--record) COMPREPLY=(); return ;;
            esac
            ;;
    esac
    COMPREPLY=()
    if [[ -n $values ]]; then
        words=$values
    elif [[ $cur == -* ]]; then
        words=$options
    fi
    if [[ $words == @* ]]; then
        words=$(piooy __complete "${words#@}" "$cur" 2>/dev/null)
    else
        words=${words// /$'\n'}
    fi
    # compgen -W would run the commands that stand in its words.
    while IFS=$'\t' read -r word _; do
        [[ -n $word && $word == "$cur"* ]] || continue
        printf -v word %q "$word"
        COMPREPLY+=("$word")
    done <<< "$words"
}
complete -o bashdefault -o default -F _piooy piooy

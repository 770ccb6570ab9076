# bash completion for role-helper. Written from src/cli/completions/bash.sh and the tree of commands; do not edit.
# Works with and without the package bash-completion.

_role_helper() {
    COMPREPLY=()
    local -a words=()
    local current='' kept='' quote=''
    _role_helper_read "$1"

    local command=${words[1]-}
    if ((${#words[@]} < 2)); then
        case $current in
            -*) _role_helper_offer <<<$'--help\n--version' ;;
            *) _role_helper_values commands '' ;;
        esac
        return
    fi

    local options='' operands='' kind=''
    _role_helper_command "$command"
    local -a kinds
    read -ra kinds <<<"$operands"
    # What stands before the cursor: options with their values, operands, the person's own command.
    local at operand=0 option=''
    for ((at = 2; at < ${#words[@]}; at++)); do
        if [[ $command == exec && (${words[at]} == -- || $operand -ge 1 && ${words[at]} != -*) ]]; then
            [[ ${words[at]} == -- ]] && ((at++))
            _role_helper_rest "$at"
            return
        fi
        case ${words[at]} in
            --*=* | --) ;;
            --*)
                kind=''
                _role_helper_option "$command" "${words[at]}"
                if [[ $kind ]]; then
                    option=${words[at]}
                    ((at++))
                    ((at < ${#words[@]})) && option=''
                fi
                ;;
            -?*) ;;
            *) ((operand++)) ;;
        esac
    done

    if [[ $option ]]; then
        kind=''
        _role_helper_option "$command" "$option"
        _role_helper_values "$kind" ''
        return
    fi
    case $current in
        --*=*)
            kind=''
            _role_helper_option "$command" "${current%%=*}"
            _role_helper_values "$kind" "${current%%=*}="
            ;;
        -*) _role_helper_offer <<<"${options// /$'\n'}" ;;
        *)
            if [[ $command == exec ]] && ((operand >= 1)); then
                _role_helper_rest "${#words[@]}"
                return
            fi
            [[ $operands == *... ]] && operand=0
            kind=${kinds[operand]-nothing}
            _role_helper_values "${kind%...}" ''
            ;;
    esac
}

# The line up to the cursor as the shell will read it: the finished words, the one being typed, how much of that one
# readline leaves alone (up to the last of COMP_WORDBREAKS, or to a quote that is open), and that quote.
_role_helper_read() {
    local LC_ALL=C # COMP_POINT counts bytes
    local line=${COMP_LINE:0:COMP_POINT} program=$1 character word='' started='' at
    for ((at = 0; at < ${#line}; at++)); do
        character=${line:at:1}
        if [[ $quote == "'" && $character != "'" ]]; then
            word+=$character
        elif [[ $quote == '"' && $character != '"' ]]; then
            [[ $character == \\ && ${line:at+1:1} == [\"\\\$\`] ]] && ((++at)) && character=${line:at:1}
            word+=$character
        elif [[ $quote ]]; then
            quote=''
        else
            case $character in
                [[:space:]])
                    [[ $started ]] && words+=("$word")
                    word='' started='' kept=''
                    continue
                    ;;
                \' | \") quote=$character kept=$word ;;
                \\)
                    ((++at))
                    word+=${line:at:1}
                    ;;
                *)
                    word+=$character
                    [[ $COMP_WORDBREAKS == *"$character"* ]] && kept=$word
                    ;;
            esac
        fi
        started=1
    done
    current=$word
    # What comes before on the line is another command's, or is set for this one.
    while ((${#words[@]})) && [[ ${words[0]} != "$program" ]]; do
        words=("${words[@]:1}")
    done
}

# Offers the candidates on stdin, a line each, quoted as what was typed is.
_role_helper_offer() {
    local name rest
    while IFS= read -r name; do
        [[ $name == "$current"* && $name == "$kept"* ]] || continue
        rest=${name:${#kept}}
        case $quote in
            "'") rest=${rest//\'/\'\\\'\'} ;;
            '"')
                rest=${rest//\\/\\\\}
                rest=${rest//\"/\\\"}
                rest=${rest//\$/\\\$}
                rest=${rest//\`/\\\`}
                ;;
            *) printf -v rest %q "$rest" ;;
        esac
        COMPREPLY+=("$rest")
    done
}

# Offers values of a kind; $2 stands before them in the word.
_role_helper_values() {
    local name
    case $1 in
        '' | nothing) ;;
        files)
            compopt -o default 2>/dev/null
            ;;
        commands) _role_helper_offer <<<$'add\nsetup\nexec\nshell\nexport\nconsole\nlogin\nlogout\nlist\nstatus\nexplain\nremove\nprompt\ninit\ncompletions\nman\ncredential-process\nhelp' ;;
        words:*)
            name=${1#words:}
            _role_helper_offer <<<"$2${name//,/$'\n'$2}"
            ;;
        *)
            local program=${words[0]/#\~\//$HOME/}
            type -P -- "$program" >/dev/null || program=role-helper
            _role_helper_offer < <(
                "$program" __complete "$1" "${current#"$2"}" 2>/dev/null | while IFS= read -r name; do
                    printf '%s\n' "$2$name"
                done
            )
            ;;
    esac
}

# The person's own command, which begins with word $1 of ours, completes as it does anywhere.
_role_helper_rest() {
    local from=$1 first=${words[$1]-}
    while ((from < COMP_CWORD)) && [[ ${COMP_WORDS[from]} != "$first" ]]; do
        ((from++))
    done
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$from"
        return
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$from"
        return
    fi
    if ((from >= COMP_CWORD)); then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -A command -- "$current")
        return
    fi
    local -a COMP_WORDS=("${COMP_WORDS[@]:from}")
    local COMP_CWORD=$((COMP_CWORD - from)) LINE=$COMP_LINE POINT=$COMP_POINT
    _role_helper_cut " ${COMP_WORDS[0]}"
    local COMP_LINE=$LINE COMP_POINT=$POINT
    local spec before=${COMP_WORDS[COMP_CWORD - 1]} here=${COMP_WORDS[COMP_CWORD]}
    if ! spec=$(complete -p -- "${COMP_WORDS[0]##*/}" 2>/dev/null); then
        compopt -o default 2>/dev/null
        return
    fi
    eval "set -- $spec" # bash prints it for that
    local name=${COMP_WORDS[0]##*/}
    while (($#)); do
        case $1 in
            -F)
                "$2" "$name" "$here" "$before"
                return
                ;;
            -C)
                export COMP_LINE COMP_POINT COMP_KEY COMP_TYPE
                mapfile -t COMPREPLY < <(eval "$2 \"\$name\" \"\$here\" \"\$before\"")
                return
                ;;
            -W)
                mapfile -t COMPREPLY < <(compgen -W "$2" -- "$here")
                return
                ;;
            -o) compopt -o "$2" 2>/dev/null ;;
        esac
        shift
    done
}

# Cuts LINE before the command that begins behind `$1`'s blank, and POINT with it.
_role_helper_cut() {
    local LC_ALL=C
    local cut=${LINE#*"$1"}
    cut=${1# }$cut
    POINT=$((POINT - (${#LINE} - ${#cut})))
    LINE=$cut
}

_role_helper_command() {
    case $1 in
        add)
            options='--stdin --csv --from-profile --mfa-serial --force --help'
            operands='nothing'
            ;;
        setup)
            options='--role-arn --source-profile --region --duration --mfa-session --mfa-serial --external-id --session-name --source-identity --force --help'
            operands='profiles'
            ;;
        exec)
            options='--duration --session-name --session-policy --tag --region --no-session-cache --mfa-code --help'
            operands='profiles'
            ;;
        shell)
            options='--duration --session-name --session-policy --tag --region --no-session-cache --mfa-code --help'
            operands='profiles'
            ;;
        export)
            options='--format --duration --session-name --session-policy --tag --region --no-session-cache --mfa-code --help'
            operands='profiles'
            ;;
        console)
            options='--region --duration --print --copy --json --mfa-code --help'
            operands='profiles services'
            ;;
        login)
            options='--session-name --force --mfa-code --help'
            operands='profiles...'
            ;;
        logout)
            options='--all --help'
            operands='sessions...'
            ;;
        list)
            options='--json --help'
            operands=''
            ;;
        status)
            options='--json --help'
            operands='profiles'
            ;;
        explain)
            options='--json --help'
            operands='profiles'
            ;;
        remove)
            options='--force --help'
            operands='sources'
            ;;
        prompt)
            options='--format --json --for --columns --right --help'
            operands=''
            ;;
        init)
            options='--right --no-prompt --help'
            operands='words:bash,zsh,fish,powershell'
            ;;
        completions)
            options='--help'
            operands='words:bash,zsh,fish,powershell'
            ;;
        man)
            options='--help'
            operands='commands'
            ;;
        credential-process)
            options='--mfa-code --help'
            operands='profiles'
            ;;
        help)
            options=''
            operands='commands'
            ;;
    esac
}

_role_helper_option() {
    case $1:$2 in
        add:--csv) kind='files' ;;
        add:--from-profile) kind='profiles' ;;
        add:--mfa-serial) kind='nothing' ;;
        setup:--role-arn) kind='nothing' ;;
        setup:--source-profile) kind='sources' ;;
        setup:--region) kind='regions' ;;
        setup:--duration) kind='nothing' ;;
        setup:--mfa-session) kind='nothing' ;;
        setup:--mfa-serial) kind='nothing' ;;
        setup:--external-id) kind='nothing' ;;
        setup:--session-name) kind='nothing' ;;
        setup:--source-identity) kind='nothing' ;;
        exec:--duration) kind='nothing' ;;
        exec:--session-name) kind='nothing' ;;
        exec:--session-policy) kind='files' ;;
        exec:--tag) kind='nothing' ;;
        exec:--region) kind='regions' ;;
        exec:--mfa-code) kind='nothing' ;;
        shell:--duration) kind='nothing' ;;
        shell:--session-name) kind='nothing' ;;
        shell:--session-policy) kind='files' ;;
        shell:--tag) kind='nothing' ;;
        shell:--region) kind='regions' ;;
        shell:--mfa-code) kind='nothing' ;;
        export:--format) kind='words:posix,fish,powershell,dotenv,json' ;;
        export:--duration) kind='nothing' ;;
        export:--session-name) kind='nothing' ;;
        export:--session-policy) kind='files' ;;
        export:--tag) kind='nothing' ;;
        export:--region) kind='regions' ;;
        export:--mfa-code) kind='nothing' ;;
        console:--region) kind='regions' ;;
        console:--duration) kind='nothing' ;;
        console:--mfa-code) kind='nothing' ;;
        login:--session-name) kind='nothing' ;;
        login:--mfa-code) kind='nothing' ;;
        prompt:--format) kind='nothing' ;;
        prompt:--for) kind='words:plain,bash,zsh,fish,powershell,tmux' ;;
        prompt:--columns) kind='nothing' ;;
        credential-process:--mfa-code) kind='nothing' ;;
    esac
}

complete -F _role_helper role-helper

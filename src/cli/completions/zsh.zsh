#compdef role-helper
# zsh completion for role-helper. Written from src/cli/completions/zsh.zsh and the tree of commands; do not edit.

_role_helper() {
    local helper=${~words[1]} context state line
    local -A opt_args
    (( $+commands[$helper] )) || [[ -x $helper ]] || helper=role-helper
    if (( CURRENT == 2 )); then
        if [[ $words[2] == -* ]]; then
            _arguments '--help[Print help]' '--version[Print version]'
        else
            _role_helper_commands
        fi
        return
    fi
    shift words
    (( CURRENT-- ))
    # Behind `exec … --` the command completes as it does anywhere.
    local separator=${words[(i)--]}
    if [[ $words[1] == exec ]] && (( separator < CURRENT )); then
        shift $separator words
        (( CURRENT -= separator ))
        _normal
        return
    fi
    # Behind the profile alone too; but an option that is being typed is ours.
    local at operands=0
    if [[ $words[1] == exec ]]; then
        for (( at = 2; at <= CURRENT; at++ )); do
            case $words[at] in
                (--region|--duration|--session-name|--session-policy|--tag|--mfa-code) (( at++ )) ;;
                (-*) ;;
                (*)
                    if (( operands++ )); then
                        shift $(( at - 1 )) words
                        (( CURRENT -= at - 1 ))
                        _normal
                        return
                    fi
                    ;;
            esac
        done
    fi
    case $words[1] in
@COMMANDS@
    esac
}

# Names of a kind, as they are: compadd quotes them. The kind is the last argument; _arguments puts its own before.
_role_helper_names() {
    local expl kind=$argv[-1]
    local -a names
    names=("${(@f)$($helper __complete $kind '' 2>/dev/null)}")
    names=("${(@)names:#}")
    _wanted $kind expl $kind compadd -a names
}

_role_helper_commands() {
    local -a commands
    commands=(
@ABOUTS@
    )
    _describe -t commands command commands
}

if [[ $funcstack[1] == _role-helper ]]; then
    _role_helper "$@"
else
    compdef _role_helper role-helper
fi

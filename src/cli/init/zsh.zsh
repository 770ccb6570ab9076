# role-helper in zsh: the active role in the prompt, and `assume`.
typeset -g __role_helper_bin=@BINARY@
typeset -g __role_helper_prompts=@PROMPTS@
typeset -g __role_helper_where=@WHERE@

# Whether a role may be active, found out without starting a program.
__role_helper_maybe() {
  emulate -L zsh
  [[ -x $__role_helper_bin ]] || return 1
  [[ -z ${ROLE_HELPER_PROFILE-} ]] || return 0
  local profile=${AWS_PROFILE:-${AWS_DEFAULT_PROFILE-}}
  case $profile in
    ('') return 1 ;;
    (.* | *[^@PLAIN@]*) return 0 ;;
    (*) [[ -e $__role_helper_prompts/$profile ]] ;;
  esac
}

# Puts the text before the prompt, whoever set that meanwhile; takes its own text of the last time away first.
__role_helper_precmd() {
  local code=$? substituted=0
  [[ -o promptsubst ]] && substituted=1
  emulate -L zsh
  typeset -g __role_helper_segment='' __role_helper_shown
  if __role_helper_maybe; then
    __role_helper_segment="$("$__role_helper_bin" prompt --for zsh --columns ${COLUMNS:-80} 2>/dev/null)"
    __role_helper_segment+=${__role_helper_segment:+ }
  fi
  local next=$__role_helper_segment
  # Where zsh expands the prompt, a name stands for the text, so nothing in it is read as a command.
  (( substituted )) && [[ -n $next ]] && next='${__role_helper_segment}'
  if [[ $__role_helper_where == right ]]; then
    typeset -g RPROMPT=$next${${RPROMPT-}#"${__role_helper_shown-}"}
  else
    typeset -g PROMPT=$next${${PROMPT-}#"${__role_helper_shown-}"}
  fi
  __role_helper_shown=$next
  return $code
}

if [[ $__role_helper_where != none ]]; then
  typeset -ga precmd_functions
  [[ " ${precmd_functions[*]} " == *' __role_helper_precmd '* ]] || precmd_functions+=(__role_helper_precmd)
fi

# What `assume` is about to change, as the commands that bring it back.
__role_helper_keep() {
  emulate -L zsh
  local name
  typeset -g __role_helper_kept=
  for name in @NAMES@; do
    if (( ${(P)+name} )); then
      __role_helper_kept+="export $name=${(qq)${(P)name}}"$'\n'
    else
      __role_helper_kept+="unset $name"$'\n'
    fi
  done
}

assume() {
  emulate -L zsh
  setopt no_xtrace
  local text
  if (( $# == 0 )); then
    @PICK@
  fi
  case $1 in
    (-)
      if [[ -z ${__role_helper_back-} ]]; then
        print -u2 'assume: there is nothing to go back to'
        return 1
      fi
      text=$__role_helper_back
      ;;
    (-h | --help)
      print 'usage: assume PROFILE [options of role-helper export] | assume -'
      return 0
      ;;
    (*) text="$("$__role_helper_bin" export --format posix "$@")" || return ;;
  esac
  __role_helper_keep
  typeset -g __role_helper_back=$__role_helper_kept
  __role_helper_kept=
  eval "$text"
}

# role-helper in bash: the active role in the prompt, and `assume`.
__role_helper_bin=@BINARY@
__role_helper_prompts=@PROMPTS@
__role_helper_where=@WHERE@

# Whether a role may be active, found out without starting a program.
__role_helper_maybe() {
  [[ -x $__role_helper_bin ]] || return 1
  [[ -z ${ROLE_HELPER_PROFILE-} ]] || return 0
  local profile=${AWS_PROFILE:-${AWS_DEFAULT_PROFILE-}}
  case $profile in
    '') return 1 ;;
    .* | *[!@PLAIN@]*) return 0 ;;
    *) [[ -e $__role_helper_prompts/$profile ]] ;;
  esac
}

# The name stands in PS1 for the text, so nothing in the text is read as a command.
__role_helper_hook() {
  local code=$?
  __role_helper_segment=
  if __role_helper_maybe; then
    if [[ $__role_helper_where == right ]]; then
      __role_helper_segment=$("$__role_helper_bin" prompt --for bash --columns "${COLUMNS:-80}" --right 2>/dev/null)
    else
      __role_helper_segment=$("$__role_helper_bin" prompt --for bash --columns "${COLUMNS:-80}" 2>/dev/null)
      __role_helper_segment+=${__role_helper_segment:+ }
    fi
  fi
  case ${PS1-} in
    *'${__role_helper_segment-}'*) ;;
    *) PS1='${__role_helper_segment-}'${PS1-} ;;
  esac
  return "$code"
}

if [[ $__role_helper_where != none ]]; then
  case ${PROMPT_COMMAND[*]-} in
    *__role_helper_hook*) ;;
    *)
      if [[ ${#PROMPT_COMMAND[@]} -gt 1 ]]; then
        PROMPT_COMMAND+=(__role_helper_hook)
      else
        PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__role_helper_hook
      fi
      ;;
  esac
fi

# What `assume` is about to change, as the commands that bring it back.
__role_helper_keep() {
  local name line
  __role_helper_kept=
  for name in @NAMES@; do
    if [[ -n ${!name+set} ]]; then
      printf -v line 'export %s=%q' "$name" "${!name}"
    else
      line="unset $name"
    fi
    __role_helper_kept+=$line$'\n'
  done
}

assume() {
  { local -; set +x; } 2>/dev/null
  local text
  if [[ $# -eq 0 ]]; then
    @PICK@
  fi
  case $1 in
    -)
      if [[ -z ${__role_helper_back-} ]]; then
        echo 'assume: there is nothing to go back to' >&2
        return 1
      fi
      text=$__role_helper_back
      ;;
    -h | --help)
      echo 'usage: assume PROFILE [options of role-helper export] | assume -'
      return 0
      ;;
    *) text=$("$__role_helper_bin" export --format posix "$@") || return ;;
  esac
  __role_helper_keep
  __role_helper_back=$__role_helper_kept
  __role_helper_kept=
  eval "$text"
}

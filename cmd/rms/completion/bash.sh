# Completion of rms for bash, made by: rms completion bash
#
#     source <(rms completion bash)

_rms_table() {
  flags= first= rest=
  case $1 in
#TABLE#
  esac
}

# The ids of live calls, asked of the server that the line names.
_rms_calls() {
  local i place
  place=()
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    case ${words[i]} in
      --socket | --url | --token | --ca | -c) place+=("${words[i]}" "${words[i + 1]}") ;;
      --socket=* | --url=* | --token=* | --ca=* | -c=*) place+=("${words[i]}") ;;
    esac
  done
  "${words[0]}" ctl calls --ids "${place[@]}" 2>/dev/null
}

# The ids of the newest recordings, of the folder or server that the line names.
_rms_recordings() {
  local i place
  place=()
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    case ${words[i]} in
      --root | --socket | --url | --token | --ca | -c) place+=("${words[i]}" "${words[i + 1]}") ;;
      --root=* | --socket=* | --url=* | --token=* | --ca=* | -c=*) place+=("${words[i]}") ;;
    esac
  done
  "${words[0]}" recordings list --ids "${place[@]}" 2>/dev/null
}

# _rms_values WHAT PREFIX: the values that begin with the current word.
_rms_values() {
  local list=$1 value=${cur#"$2"} found
  case $list in
    @file) list=$(compgen -f -- "$value") ;;
    @call) list=$(_rms_calls) ;;
    @recording) list=$(_rms_recordings) ;;
    *) list=${list//|/$'\n'} ;;
  esac
  while IFS= read -r found; do
    [[ -n $found && $found == "$value"* ]] && COMPREPLY+=("$2$found")
  done <<<"$list"
}

_rms() {
  local line=${COMP_LINE:0:COMP_POINT} words cur key= flags first rest word entry i places=0 wanted=
  COMPREPLY=()
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] || ${#words[@]} -eq 0 ]] && words+=("")
  cur=${words[${#words[@]} - 1]}
  _rms_table ""
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    word=${words[i]}
    case $word in
      -*)
        [[ -z $key ]] && { key=serve; _rms_table serve; }
        for entry in $flags; do
          [[ $entry == *=* && ${entry%%=*} == "$word" ]] && { ((i++)); ((i == ${#words[@]} - 1)) && wanted=${entry#*=}; break; }
        done
        ;;
      *)
        if [[ -z $key ]]; then
          key=$word; _rms_table "$key"
        elif [[ $key == ctl || $key == recordings ]]; then
          key="$key $word"; _rms_table "$key"
        else
          ((places++))
        fi
        ;;
    esac
  done
  [[ -z $key && $cur == -* ]] && _rms_table serve
  if ((i >= ${#words[@]})); then # the value of a flag
    _rms_values "$wanted" ""
  elif [[ $cur == -*=* ]]; then
    for entry in $flags; do
      [[ ${entry%%=*} == "${cur%%=*}" ]] && _rms_values "${entry#*=}" "${cur%%=*}="
    done
  elif [[ $cur == -* ]]; then
    for entry in $flags; do
      [[ $entry == "$cur"* ]] && COMPREPLY+=("${entry%%=*}")
    done
  else
    local list=$rest
    ((places == 0)) && list=$first
    for entry in $list; do
      case $entry in
        @*) _rms_values "$entry" "" ;;
        *=*)
          if [[ $cur == "${entry%%=*}="* ]]; then
            _rms_values "${entry#*=}" "${entry%%=*}="
          elif [[ $entry == "$cur"* ]]; then
            COMPREPLY+=("${entry%%=*}=")
            type compopt &>/dev/null && compopt -o nospace 2>/dev/null
          fi
          ;;
        *) [[ $entry == "$cur"* ]] && COMPREPLY+=("$entry") ;;
      esac
    done
  fi
  # What bash takes for words of their own must not be there twice.
  if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then
    local head=${cur%"${cur##*=}"}
    for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$head"}; done
  fi
}

complete -F _rms rms

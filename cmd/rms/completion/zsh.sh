#compdef rms
# Completion of rms for zsh, made by: rms completion zsh
#
#     rms completion zsh > "${fpath[1]}/_rms"

_rms_table() {
  flags= first= rest=
  case $1 in
#TABLE#
  esac
}

# The ids of live calls, asked of the server that the line names.
_rms_calls() {
  local i
  local -a place
  for ((i = 2; i < CURRENT; i++)); do
    case ${words[i]} in
      --socket|--url|--token|--ca|-c) place+=("${words[i]}" "${words[i+1]}") ;;
      --socket=*|--url=*|--token=*|--ca=*|-c=*) place+=("${words[i]}") ;;
    esac
  done
  "${(Q)words[1]}" ctl calls --ids "${place[@]}" 2>/dev/null
}

# The ids of the newest recordings, of the folder or server that the line names.
_rms_recordings() {
  local i
  local -a place
  for ((i = 2; i < CURRENT; i++)); do
    case ${words[i]} in
      --root|--socket|--url|--token|--ca|-c) place+=("${words[i]}" "${words[i+1]}") ;;
      --root=*|--socket=*|--url=*|--token=*|--ca=*|-c=*) place+=("${words[i]}") ;;
    esac
  done
  "${(Q)words[1]}" recordings list --ids "${place[@]}" 2>/dev/null
}

# _rms_values WHAT: the values of a flag, parameter or place.
_rms_values() {
  case $1 in
    @file) _files ;;
    @call) compadd -- ${(f)"$(_rms_calls)"} ;;
    @recording) compadd -- ${(f)"$(_rms_recordings)"} ;;
    ?*) compadd -- ${(s:|:)1} ;;
  esac
}

_rms() {
  local cur=${words[CURRENT]} key= flags first rest word entry list i places=0 wanted=
  _rms_table ""
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    case $word in
      -*)
        [[ -z $key ]] && { key=serve; _rms_table serve }
        for entry in ${=flags}; do
          if [[ $entry == *=* && ${entry%%=*} == "$word" ]]; then
            ((i++))
            ((i == CURRENT)) && wanted=${entry#*=}
            break
          fi
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
  if ((i > CURRENT)); then # the value of a flag
    _rms_values "$wanted"
  elif [[ $cur == -*=* ]]; then
    for entry in ${=flags}; do
      if [[ ${entry%%=*} == "${cur%%=*}" ]]; then
        compset -P '*='
        _rms_values "${entry#*=}"
      fi
    done
  elif [[ $cur == -* ]]; then
    compadd -- ${${=flags}%%=*}
  else
    list=$rest
    ((places == 0)) && list=$first
    for entry in ${=list}; do
      case $entry in
        @*) _rms_values "$entry" ;;
        *=*)
          if [[ $cur == "${entry%%=*}="* ]]; then
            compset -P '*='
            _rms_values "${entry#*=}"
            return
          fi
          compadd -S '' -- "${entry%%=*}="
          ;;
        *) compadd -- "$entry" ;;
      esac
    done
  fi
}

if [[ ${funcstack[1]-} == _rms ]]; then
  _rms "$@"
else
  compdef _rms rms
fi

# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completes the lowerfb command in bash, with or without bash-completion.

# Folders, and files that may be models or tensors.
_lowerfb_files ()
{
  compopt -o filenames 2> /dev/null
  mapfile -t COMPREPLY < <(compgen -f -X '!*.safetensors' -- "$1"; compgen -d -- "$1")
}

_lowerfb ()
{
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} options
  COMPREPLY=()

  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W 'lower show run compare bench cpu --help --version' -- "$word")
    return
  fi

  # --format=dot comes in three words.
  if [ "$word" = '=' ]; then
    word=
  elif [ "$previous" = '=' ]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $previous in
    --format) mapfile -t COMPREPLY < <(compgen -W 'text json dot' -- "$word"); return ;;
    --report) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$word"); return ;;
    --threads | -t) mapfile -t COMPREPLY < <(compgen -W "$(seq "$(getconf _NPROCESSORS_ONLN)")" -- "$word"); return ;;
    --output | -o) _lowerfb_files "$word"; return ;;
  esac

  case ${COMP_WORDS[1]} in
    lower) options='--output --keep-original-weights --strict-upstream --report --json --help' ;;
    show) options='--format --json --help' ;;
    run) options='--output --lower --help' ;;
    compare) options='--json --help' ;;
    bench) options='--threads --lower --profile --plan --json --help' ;;
    cpu) options='--json --help' ;;
    *) return ;;
  esac
  if [[ $word == -* || ${COMP_WORDS[1]} == cpu ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  else
    _lowerfb_files "$word"
  fi
}

complete -F _lowerfb lowerfb

# shellcheck shell=bash
# Completion of kimi and the kimi-* commands for bash. It needs nothing but bash.
#
# Source it from ~/.bashrc, or install it as "kimi" where bash-completion looks, with a link named after each
# command (kimi-login, ...). The programs list what can be completed: `kimi --list-cmds` the commands,
# `kimi-SUB --list-options` the options, and `kimi-models --list-keys` the models.

# No program lists the platforms; tests/completion.bats compares these with lib/account/platform_table.c.
_kimi_platforms='kimi-code moonshot-cn moonshot-ai'

# _kimi_find PROGRAM: sets REPLY to the file that would run if PROGRAM were typed.
_kimi_find() {
    # shellcheck disable=SC2088 # the tilde is what was typed
    case $1 in
    '~/'*) REPLY=$HOME/${1#'~/'} ;;
    */*) REPLY=$1 ;;
    *) REPLY=$(type -P -- "$1") ;;
    esac
    [[ -n $REPLY && -x $REPLY ]]
}

# _kimi_find_front PROGRAM: the same for `kimi`, unless that is another program of the same name, such as kimi-cli.
# Ours has its commands in the same directory. Another one must not be run just to complete a word.
_kimi_find_front() {
    _kimi_find "$1" || return
    [[ -x ${REPLY%/*}/kimi-token ]] && return
    REPLY=$(readlink -f -- "$REPLY" 2>/dev/null)
    [[ -x ${REPLY%/*}/kimi-token ]]
}

# _kimi_find_command FRONT SUB: the toolkit's own kimi-SUB. Never runs a user's command, which could do anything.
_kimi_find_command() {
    local directory
    directory=$("$1" --exec-path 2>/dev/null)
    REPLY=$directory/kimi-$2
    [[ -n $2 && $2 != */* && -f $REPLY && -x $REPLY ]]
}

# _kimi_add WORD...: the words that begin with $typed become replies, without $kept, the part before the last word
# break, because readline replaces only what follows it. $quote is the quote that the word began with: each kind
# needs its own quoting, or the shell would run what is in a name.
_kimi_add() {
    local word
    for word; do
        [[ $word == "$typed"* ]] || continue
        case $quote in
        \') word=${word//\'/"'\''"} ;;
        \")
            word=${word//\\/\\\\} word=${word//\"/\\\"} word=${word//\$/\\\$} word=${word//\`/\\\`}
            word=${word//!/"\"'!'\""} # history expansion works in double quotes, and a backslash would stay
            ;;
        *) printf -v word %q "$word" ;;
        esac
        # readline adds the closing quote unless the word already ends with it.
        [[ -z $quote || $word != *"$quote" ]] || word+=$quote
        COMPREPLY+=("${word:${#kept}}")
    done
}

# _kimi_add_values COMMAND ARGUMENT PREFIX: the possible values of an option's argument.
_kimi_add_values() {
    local -a values=()
    local line
    case $2 in
    *'|'*) IFS='|' read -r -a values <<<"$2" ;;
    ID) read -r -a values <<<"$_kimi_platforms" ;;
    FILE | PATH) compopt -o default 2>/dev/null ;; # readline completes file names itself
    MODEL)
        while IFS= read -r line; do
            values+=("$line")
        done < <("$1" --list-keys 2>/dev/null)
        ;;
    esac
    for line in "${values[@]}"; do
        _kimi_add "$3$line"
    done
}

# _kimi_add_options COMMAND PREVIOUS: the values of the option PREVIOUS, or the options.
_kimi_add_options() {
    local line name argument
    while IFS= read -r line; do # tab-separated: name, argument (may be empty), help
        [[ $line == --*$'\t'*$'\t'* ]] || continue
        name=${line%%$'\t'*}
        argument=${line#*$'\t'} argument=${argument%%$'\t'*}
        if [[ -n $argument && $2 == "$name" ]]; then
            COMPREPLY=()
            _kimi_add_values "$1" "$argument" ''
            return
        elif [[ -n $argument && $typed == "$name="* ]]; then
            _kimi_add_values "$1" "$argument" "$name="
        elif [[ $typed == -* ]]; then
            _kimi_add "$name"
        fi
    done < <("$1" --list-options 2>/dev/null)
}

_kimi_add_commands() {
    local name
    while IFS= read -r name; do
        _kimi_add "$name"
    done < <("$1" --list-cmds 2>/dev/null)
}

# _kimi_find_own COMMAND: sets REPLY to the index in $words of the command that kimi exec or kimi proxy will run.
# Fails if the cursor is still before it.
_kimi_find_own() {
    local line with_value=' ' last=$((${#words[@]} - 1))
    while IFS= read -r line; do
        [[ $line != --*$'\t'?*$'\t'* ]] || with_value+="${line%%$'\t'*} "
    done < <("$1" --list-options 2>/dev/null)
    for ((REPLY = 1; REPLY <= last; REPLY++)); do
        case ${words[REPLY]} in
        --) ((++REPLY <= last)) && return ;;
        -*) [[ $with_value != *" ${words[REPLY]} "* ]] || ((REPLY++)) ;;
        *) return 0 ;;
        esac
    done
    return 1
}

# _kimi_complete_own BEGIN: completes the words from that index of COMP_WORDS on as a command line of its own.
_kimi_complete_own() {
    if declare -F _comp_command_offset >/dev/null; then # bash-completion 2.12, and before
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
    else
        compopt -o default 2>/dev/null
    fi
}

# The words typed so far, rejoined where bash split them at "=" and ":". begins: the index of each in COMP_WORDS.
_kimi_join_words() {
    local i word open=
    words=() begins=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $word == [=:]* || ($open && -n $word) ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
            begins+=("$i")
        fi
        [[ $word == *[=:] && ${#words[@]} -gt 1 ]] && open=yes || open=
    done
}

_kimi() {
    local -a words begins
    local REPLY front command typed sub word char before quote='' kept=''
    COMPREPLY=()
    _kimi_join_words
    typed=${words[${#words[@]} - 1]}
    case $typed in
    [\"\']*) quote=${typed:0:1} typed=${typed:1} ;;
    *)
        for char in = :; do
            before=${typed%"${typed##*"$char"}"}
            [[ ${COMP_WORDBREAKS-} == *$char* && ${#before} -gt ${#kept} ]] && kept=$before
        done
        typed=${typed//\\/}
        ;;
    esac
    sub=${words[0]##*/}
    if [[ $sub == kimi ]]; then
        _kimi_find_front "${words[0]}" || return 0
        front=$REPLY
        if ((${#words[@]} == 2)); then
            _kimi_add_commands "$front"
            _kimi_add help
            [[ $typed != -* ]] || _kimi_add --help --version --exec-path --list-cmds
            return
        fi
        if [[ ${words[1]} == help ]]; then
            ((${#words[@]} > 3)) || _kimi_add_commands "$front"
            return
        fi
        if ! _kimi_find_command "$front" "${words[1]}"; then
            compopt -o default 2>/dev/null # a user's own command may take file names
            return 0
        fi
        words=("${words[@]:1}") begins=("${begins[@]:1}")
    else
        _kimi_find "${words[0]}" || return 0
    fi
    command=$REPLY
    if [[ ${command##*/} == kimi-@(exec|proxy) ]] && _kimi_find_own "$command"; then
        _kimi_complete_own "${begins[REPLY]}"
        return
    fi
    for word in "${words[@]:1:${#words[@]}-2}"; do
        [[ $word != -- ]] || return 0
    done
    word=${words[${#words[@]} - 2]}
    ((${#words[@]} > 2)) || word=
    _kimi_add_options "$command" "$word"
}

# Complete the commands under their own names, too, but not the user's kimi-* commands. They are found through one
# of them, since the first `kimi` on PATH may be kimi-cli.
_kimi_register() {
    local REPLY front directory name
    complete -F _kimi kimi
    _kimi_find kimi-token || return 0
    front=${REPLY%/*}/kimi directory=$("$front" --exec-path 2>/dev/null)
    while IFS= read -r name; do
        [[ -x $directory/kimi-$name ]] && complete -F _kimi "kimi-$name"
    done < <("$front" --list-cmds 2>/dev/null)
    return 0
}
_kimi_register
unset -f _kimi_register

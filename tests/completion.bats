#!/usr/bin/env bats
# Completion in real shells: bash, zsh and fish, each with the programs under test.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # scripts for other shells; each test runs in a
# subshell on purpose; helper.bash and run set variables

bats_require_minimum_version 1.5.0
load helper
load login_helper

FILES=$KIMI_TEST_ROOT/completions

setup() {
    kimi_setup
    export KIMI_TEST_OUT=$BATS_TEST_TMPDIR/out KIMI_TEST_FILES=$FILES INPUTRC=/dev/null
}

# A config with models that have three kinds of names, and a file that must not be offered as a model.
with_models() {
    write_config <<'END'
[providers.mine]
type = "kimi"
base_url = "https://127.0.0.1/v1"
api_key = ""

[models."kimi-code/kimi-for-coding"]
provider = "mine"
model = "kimi-for-coding"
max_context_size = 1

[models."kimi-code/k2:turbo"]
provider = "mine"
model = "k2:turbo"
max_context_size = 1

[models.own]
provider = "mine"
model = "own"
max_context_size = 1
END
    : >"$BATS_TEST_TMPDIR/own-file"
}

# own_command NAME: a user's kimi-NAME on PATH, which creates the file "ran" when it runs.
own_command() {
    mkdir -p bin
    printf '#!/bin/sh\n: >%q\n' "$BATS_TEST_TMPDIR/ran" >"bin/kimi-$1"
    chmod +x "bin/kimi-$1"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# without_toolkit: removes kimi and its commands from PATH.
without_toolkit() { PATH=${PATH#"$KIMI_TEST_BIN:"}; }

# other_kimi_first: puts another program called kimi first on PATH.
other_kimi_first() {
    own_command other
    mv bin/kimi-other bin/kimi
}

## bash

# bash_replies LINE: the sorted replies of the function at the end of LINE, which is split into words as readline does.
bash_replies() {
    bash --norc --noprofile -c '
        source "$KIMI_TEST_FILES/kimi.bash" || exit
        COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() COMP_WORDBREAKS=${BREAKS-$COMP_WORDBREAKS}
        spaced=$1 char=
        for char in = :; do
            [[ $COMP_WORDBREAKS != *$char* ]] || spaced=${spaced//$char/ $char }
        done
        read -ra COMP_WORDS <<<"$spaced"
        [[ $1 != *" " ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        function=$(complete -p "${COMP_WORDS[0]##*/}" | sed "s/.*-F \([^ ]*\) .*/\1/")
        "$function" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" ""
        [ "${#COMPREPLY[@]}" = 0 ] || printf "%s\n" "${COMPREPLY[@]}" | LC_ALL=C sort' bash "$1"
}

# bash_types KEYS...: in an interactive bash without bash-completion, prints the line after each KEYS and TAB.
bash_types() {
    local keys='' word
    for word; do
        keys+="$word\\t\\x18\\x01\\x15"
    done
    cat >rc <<'END'
PS1='go> '
bind 'set bell-style none'
bind -x '"\C-x\C-a": printf "%s\n" "$READLINE_LINE" >>"$KIMI_TEST_OUT"'
source "$KIMI_TEST_FILES/kimi.bash"
END
    on_terminal --type 'go> ' "$keys"'\x04' bash --noprofile --rcfile rc -i >shown
    cat "$KIMI_TEST_OUT"
}

## zsh

# zsh_types KEYS...: in an interactive zsh -f with compsys, prints for each KEYS and TAB the sorted matches, and then
# after "= " the line.
zsh_types() {
    local keys='' word
    for word; do
        keys+="$word\\t\\x18\\x01"
    done
    cat >rc <<'END'
fpath=($KIMI_TEST_FILES $fpath)
autoload -Uz compinit
compinit -u -d $KIMI_TEST_DUMP
LISTMAX=1000
unsetopt beep
bindkey '^I' complete-word
typeset -ga hits
compadd() {
  local -a found
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    builtin compadd -A found "$@"
    hits+=($found)
  fi
  builtin compadd "$@"
}
note() {
  (( $#hits )) && print -rl -- ${(ou)hits} >>$KIMI_TEST_OUT
  print -r -- "= $BUFFER" >>$KIMI_TEST_OUT
  hits=() BUFFER=
}
zle -N note
bindkey '^X^A' note
PS1='go> '
END
    KIMI_TEST_DUMP=$BATS_FILE_TMPDIR/zcompdump on_terminal --type 'zsh> ' 'source ./rc\n' --type 'go> ' "$keys"'\x04' \
        env PS1='zsh> ' zsh -f -i >shown
    cat "$KIMI_TEST_OUT"
}

## fish

# fish_replies LINE: the candidates at the end of LINE, without descriptions.
fish_replies() { fish --no-config -c 'source $KIMI_TEST_FILES/kimi.fish; complete -C $argv[1]' "$1" | cut -f 1; }

# options_of SUB: its sorted options.
options_of() { "kimi-$1" --list-options | cut -f 1 | LC_ALL=C sort; }

commands() { kimi --list-cmds; }

## Requirements

@test "the platforms are those of lib/account/platform_table.c, in every shell" {
    local ids
    ids=$(sed -n 's/^\t\t*\.id = "\(.*\)",/\1/p; s/^ *\.id = "\(.*\)",/\1/p' "$KIMI_TEST_ROOT/lib/account/platform_table.c" | tr '\n' ' ')
    [ -n "$ids" ]
    assert_contains "$(cat "$FILES/kimi.bash")" "_kimi_platforms='${ids% }'"
    assert_contains "$(cat "$FILES/_kimi")" "kimi_platforms=(${ids% })"
    assert_contains "$(cat "$FILES/kimi.fish")" "__kimi_platforms ${ids% }"$'\n'
}

@test "the options of the front that are completed are those it has" {
    local name
    for name in --help --version --exec-path --list-cmds; do
        run -0 kimi "$name"
    done
    assert_same $'--exec-path\n--help\n--list-cmds\n--version' "$(bash_replies 'kimi --')"
    assert_same $'--exec-path\n--help\n--list-cmds\n--version' "$(fish_replies 'kimi --' | LC_ALL=C sort)"
}

@test "bash: no words but commands and help after kimi" {
    assert_same "$({ commands && echo help; } | LC_ALL=C sort)" "$(bash_replies 'kimi ')"
    assert_same token "$(bash_replies 'kimi tok')"
}

@test "bash: the commands after kimi help" {
    assert_same "$(commands)" "$(bash_replies 'kimi help ')"
    assert_same "" "$(bash_replies 'kimi help token ')"
}

@test "bash: the options of every command, after kimi SUB and kimi-SUB alike" {
    local sub
    for sub in $(commands); do
        assert_same "$(options_of "$sub")" "$(bash_replies "kimi $sub --")" "of kimi $sub"
        assert_same "$(options_of "$sub")" "$(bash_replies "kimi-$sub --")" "of kimi-$sub"
    done
}

@test "bash: a command typed with its directory" {
    assert_same token "$(bash_replies "$KIMI_TEST_BIN/kimi tok")"
    assert_same --min-valid "$(bash_replies "$KIMI_TEST_BIN/kimi-token --min")"
}

@test "bash: choices and platforms as values, in a word of their own and behind =" {
    assert_same $'auto\nfile\nkeyring' "$(bash_replies 'kimi login --storage ')"
    assert_same keyring "$(bash_replies 'kimi login --storage=k')"
    assert_same $'auto\nfile\nkeyring' "$(bash_replies 'kimi login --storage=')"
    assert_same $'moonshot-ai\nmoonshot-cn' "$(bash_replies 'kimi-logout --platform m')"
}

@test "bash: a value that is free is not completed, nor anything behind --" {
    assert_same "" "$(bash_replies 'kimi token --min-valid ')"
    assert_same "" "$(bash_replies 'kimi token -- --')"
}

@test "bash: models, with slashes and colons in them" {
    with_models
    assert_same $'kimi-code/k2:turbo\nkimi-code/kimi-for-coding\nown' "$(bash_replies 'kimi models --use ')"
    assert_same kimi-code/kimi-for-coding "$(bash_replies 'kimi models --use=kimi-code/ki')"
    assert_same turbo "$(bash_replies 'kimi models --use kimi-code/k2:')"
    assert_same turbo "$(bash_replies 'kimi-models --use=kimi-code/k2:t')"
}

@test "bash: with = and : no word breaks the whole word is replied" {
    with_models
    BREAKS=$' \t\n' run -0 bash_replies 'kimi models --use=kimi-code/k2:'
    assert_same --use=kimi-code/k2:turbo "$output"
    BREAKS=$' \t\n=' run -0 bash_replies 'kimi models --use=kimi-code/k2:'
    assert_same kimi-code/k2:turbo "$output"
}

@test "bash: an interactive shell without bash-completion completes what is typed" {
    with_models
    run -0 bash_types 'kimi tok' 'kimi tok' 'kimi-token --min' 'kimi models --use=kimi-code/k2:' 'kimi models --use "kimi-code/k2:' \
        'kimi login --storage=k' 'kimi login --platform moonshot-a' 'kimi models --use ow'
    assert_same 'kimi token 
kimi token 
kimi-token --min-valid 
kimi models --use=kimi-code/k2:turbo 
kimi models --use "kimi-code/k2:turbo" 
kimi login --storage=keyring 
kimi login --platform moonshot-ai 
kimi models --use own ' "$output"
}

@test "bash: a user's own command gets file names and is not run; nor is another kimi" {
    own_command foo
    : >some-file
    run -0 bash_types 'kimi foo some-f'
    assert_same 'kimi foo some-file ' "$output"
    other_kimi_first
    assert_same "" "$(bash_replies 'kimi tok')"
    assert_same --min-valid "$(bash_replies 'kimi-token --min')"
    [ ! -e ran ]
}

@test "bash: no word on the terminal where kimi is missing" {
    without_toolkit
    assert_same "" "$(bash_replies 'kimi tok' 2>&1)"
    assert_same "" "$(bash_replies 'kimi login --storage ' 2>&1)"
}

@test "bash: no word on the terminal where the config is broken or not to be read" {
    echo 'x = [' | write_config
    assert_same "" "$(bash_replies 'kimi models --use ' 2>&1)"
    rm "$CONFIG"
    mkdir "$CONFIG"
    assert_same "" "$(bash_replies 'kimi models --use ' 2>&1)"
    HOME='' run -0 bash_replies 'kimi models --use '
    assert_same "" "$output"
}

@test "the models come from KIMI_SHARE_DIR, and no server is asked" {
    server_start
    with_models
    mv "$HOME/.kimi" "$BATS_TEST_TMPDIR/share"
    export KIMI_SHARE_DIR=$BATS_TEST_TMPDIR/share
    assert_same $'kimi-code/k2:turbo\nkimi-code/kimi-for-coding\nown' "$(bash_replies 'kimi models --use ')"
    assert_same 0 "$(server_count all)"
}

@test "bash: after kimi exec the command and its own words, with bash-completion and without" {
    : >some-file
    run -0 bash_types 'kimi exec kimi-tok' 'kimi exec --env X -- kimi-tok' 'kimi-exec cat some-f' 'kimi exec cat --en' 'kimi exec -- --en' \
        'kimi exec --env=a --file'
    assert_same 'kimi exec kimi-token
kimi exec --env X -- kimi-token
kimi-exec cat some-file 
kimi exec cat --en
kimi exec -- --en
kimi exec --env=a --file-env ' "${output//token /token}"
    run -0 bash --norc --noprofile -c '
        source "$KIMI_TEST_FILES/kimi.bash"
        _command_offset() { echo "${COMP_WORDS[@]:$1}"; }
        COMP_WORDS=(kimi exec --platform = moonshot-cn --env X -- kimi token --min) COMP_CWORD=10
        _kimi kimi
        COMP_WORDS=(kimi-exec --quiet make -k --) COMP_CWORD=4
        _kimi kimi-exec'
    assert_same 'kimi token --min
make -k --' "$output"
}

@test "zsh: after kimi exec the command and its own words" {
    : >some-file
    run -0 zsh_types 'kimi exec kimi-tok' 'kimi exec --env X -- kimi-tok' 'kimi-exec -- cat some-f' 'kimi exec cat some-f' \
        'kimi exec -- kimi-token --min' 'kimi exec --env=X kimi-token --min' 'kimi exec --env=a --file'
    assert_same '= kimi exec kimi-token 
= kimi exec --env X -- kimi-token 
= kimi-exec -- cat some-file 
= kimi exec cat some-file 
= kimi exec -- kimi-token --min-valid=
= kimi exec --env=X kimi-token --min-valid=
= kimi exec --env=a --file-env=' "$(grep '^= ' <<<"$output")"
}

@test "fish: after kimi exec the command and its own words" {
    local typed
    : >some-file
    for typed in 'kimi exec ' 'kimi-exec -- ' 'kimi exec --env X -- ' 'kimi exec --env=X '; do
        assert_contains "$(fish_replies "$typed")" kimi-token
        assert_same some-file "$(fish_replies "${typed}cat 'x y' some-f")"
        assert_same --min-valid "$(fish_replies "${typed}kimi-token --min")"
        assert_same "" "$(fish_replies "${typed}cat --env")"
    done
    assert_lacks "$(fish_replies 'kimi exec -- --')" --env
    assert_contains "$(fish_replies 'kimi exec --env=X --')" --file-env
}

@test "bash: options and values of kimi proxy, and after it the command and its own words" {
    : >some-file
    assert_same "$(options_of proxy | grep -vx -e --help -e --version)" "$(bash_replies 'kimi proxy --' | grep -vx -e --help -e --version)"
    assert_same $'anthropic\nclaude\nnone\nopenai' "$(bash_replies 'kimi proxy --env ')"
    assert_same anthropic "$(bash_replies 'kimi proxy --env=a')"
    run -0 bash_types 'kimi pro' 'kimi proxy --key-file some-f' 'kimi proxy --socket=some-f' 'kimi proxy kimi-tok' \
        'kimi proxy --env claude -- kimi-tok' 'kimi-proxy cat some-f' 'kimi proxy -- --lis'
    assert_same 'kimi proxy 
kimi proxy --key-file some-file 
kimi proxy --socket=some-file 
kimi proxy kimi-token
kimi proxy --env claude -- kimi-token
kimi-proxy cat some-file 
kimi proxy -- --lis' "${output//token /token}"
}

@test "zsh: options and values of kimi proxy, and after it the command and its own words" {
    : >some-file
    run -0 zsh_types 'kimi pro' 'kimi proxy --key-f' 'kimi proxy --key-file some-f' 'kimi proxy --env op' 'kimi proxy --env claude -- kimi-tok' \
        'kimi-proxy cat some-f' 'kimi proxy -- kimi-token --min'
    assert_same '= kimi proxy 
= kimi proxy --key-file=
= kimi proxy --key-file some-file 
= kimi proxy --env openai 
= kimi proxy --env claude -- kimi-token 
= kimi-proxy cat some-file 
= kimi proxy -- kimi-token --min-valid=' "$(grep '^= ' <<<"$output")"
}

@test "fish: options and values of kimi proxy, and after it the command and its own words" {
    : >some-file
    assert_same proxy "$(fish_replies 'kimi pro')"
    assert_same "$(options_of proxy)" "$(fish_replies 'kimi proxy --' | LC_ALL=C sort)"
    assert_same $'anthropic\nclaude\nnone\nopenai' "$(fish_replies 'kimi proxy --env ' | LC_ALL=C sort)"
    assert_same some-file "$(fish_replies 'kimi proxy --key-file some-f')"
    assert_same --socket=some-file "$(fish_replies 'kimi proxy --socket=some-f')"
    assert_contains "$(fish_replies 'kimi proxy --env claude -- ')" kimi-token
    assert_same some-file "$(fish_replies 'kimi-proxy cat some-f')"
    assert_lacks "$(fish_replies 'kimi proxy -- --')" --listen
}

@test "zsh: commands, options and values" {
    run -0 zsh_types 'kimi tok' 'kimi login --st' 'kimi login --storage ' 'kimi login --storage=k' 'kimi-logout --platform m' \
        'kimi help tok' 'kimi token --min-valid ' 'kimi --exec' "$KIMI_TEST_BIN/kimi tok"
    assert_same "token
= kimi token 
--storage
= kimi login --storage=
auto
file
keyring
= kimi login --storage 
keyring
= kimi login --storage=keyring 
moonshot-ai
moonshot-cn
= kimi-logout --platform moonshot-
token
= kimi help token 
= kimi token --min-valid 
--exec-path
= kimi --exec-path 
token
= $KIMI_TEST_BIN/kimi token " "$output"
}

@test "zsh: no words but commands and help after kimi" {
    run -0 zsh_types 'kimi '
    assert_same "$({ commands && echo help; } | LC_ALL=C sort)" "$(grep -v '^= ' <<<"$output")"
}

@test "zsh: the options of every command, after kimi SUB and kimi-SUB alike" {
    local sub lines=() expected=''
    for sub in $(commands); do
        lines+=("kimi $sub --" "kimi-$sub --")
        expected+=$(options_of "$sub")$'\n='$'\n'$(options_of "$sub")$'\n='$'\n'
    done
    run -0 zsh_types "${lines[@]}"
    assert_same "$expected" "$(awk '/^= /{ $0 = "=" } { print }' <<<"$output")"$'\n'
}

@test "zsh: models, with slashes and colons in them" {
    with_models
    run -0 zsh_types 'kimi models --use ' 'kimi models --use=kimi-code/k2:' 'kimi-models --use ow'
    assert_same 'kimi-code/k2:turbo
kimi-code/kimi-for-coding
own
= kimi models --use 
kimi-code/k2:turbo
= kimi models --use=kimi-code/k2:turbo 
own
= kimi-models --use own ' "$output"
}

@test "zsh: a user's own command gets file names and is not run; nor is another kimi" {
    own_command foo
    : >some-file
    run -0 zsh_types 'kimi foo some-f' 'kimi-foo some-f'
    assert_contains "$output" '= kimi foo some-file '
    assert_contains "$output" '= kimi-foo some-file '
    other_kimi_first
    rm out
    run -0 zsh_types 'kimi tok' 'kimi-token --min'
    assert_same $'= kimi tok\n--min-valid\n= kimi-token --min-valid=' "$output"
    [ ! -e ran ]
}

@test "zsh: no word on the terminal where kimi is missing or the config broken" {
    echo 'x = [' | write_config
    run -0 zsh_types 'kimi models --use '
    assert_same '= kimi models --use ' "$output"
    assert_lacks "$(cat shown)" config.toml
    without_toolkit
    rm out
    run -0 zsh_types 'kimi tok' 'kimi-token --min'
    assert_same $'= kimi tok\n= kimi-token --min' "$output"
    assert_lacks "$(cat shown)" 'not found'
}

@test "fish: commands and help after kimi, with what they are for" {
    assert_same "$({ commands && echo help; } | LC_ALL=C sort)" "$(fish_replies 'kimi ' | grep -v '^-' | LC_ALL=C sort)"
    run -0 fish --no-config -c "source \$KIMI_TEST_FILES/kimi.fish; complete -C 'kimi tok'"
    assert_same $'token\t'"$(kimi help | sed -n 's/^  token  *//p')" "$output"
}

@test "fish: the commands after kimi help" {
    assert_same "$(commands)" "$(fish_replies 'kimi help ')"
}

@test "fish: the options of every command, after kimi SUB and kimi-SUB alike" {
    local sub
    for sub in $(commands); do
        assert_same "$(options_of "$sub")" "$(fish_replies "kimi $sub --" | LC_ALL=C sort)" "of kimi $sub"
        assert_same "$(options_of "$sub")" "$(fish_replies "kimi-$sub --" | LC_ALL=C sort)" "of kimi-$sub"
    done
}

@test "fish: values, in a word of their own and after =; none for free text" {
    assert_same $'auto\nfile\nkeyring' "$(fish_replies 'kimi login --storage ')"
    assert_same --storage=keyring "$(fish_replies 'kimi login --storage=k')"
    assert_same $'moonshot-ai\nmoonshot-cn' "$(fish_replies 'kimi-logout --platform m')"
    assert_same "" "$(fish_replies 'kimi token --min-valid ')"
}

@test "fish: models, with slashes and colons in them" {
    with_models
    assert_same $'kimi-code/k2:turbo\nkimi-code/kimi-for-coding\nown' "$(fish_replies 'kimi models --use ')"
    assert_same kimi-code/k2:turbo "$(fish_replies 'kimi-models --use kimi-code/k2:')"
    assert_same --use=kimi-code/k2:turbo "$(fish_replies 'kimi models --use=kimi-code/k2:t')"
}

@test "fish: a user's own command gets file names and is not run; nor is another kimi" {
    own_command foo
    : >some-file
    assert_contains "$(fish_replies 'kimi foo some-f')" some-file
    other_kimi_first
    assert_same "" "$(fish_replies 'kimi tok')"
    assert_same --min-valid "$(fish_replies 'kimi-token --min')"
    [ ! -e ran ]
}

@test "fish: no word on the terminal where kimi is missing or the config broken" {
    echo 'x = [' | write_config
    assert_same "" "$(fish_replies 'kimi models --use ' 2>&1)"
    without_toolkit
    assert_same "" "$(fish_replies 'kimi tok' 2>&1)"
}

## Model ids from a server, on a command line

# Each of these runs something, creates a file or means something else if a shell reads it unquoted or wrongly quoted.
# They begin differently, so that one character and TAB select one.
# shellcheck disable=SC1003 # an id that ends with a backslash
EVIL_IDS=('a$(touch${IFS}ran)' 'b`touch${IFS}ran`' 'c";touch${IFS}ran;"' "d';touch\${IFS}ran;'" 'e;touch${IFS}ran;'
    'f&touch${IFS}ran&' 'g|touch${IFS}ran' 'h>ran' 'i(touch${IFS}ran)' 'j$HOME' 'k!!' 'l\' 'm*' 'n{1,2}' 'o?x' 'p\"x' 'q#r'
    'r="$(touch${IFS}ran)' 's:$(touch${IFS}ran)' 't[a]' 'u^v' 'v!x"' "w!x'" 'x\$(touch${IFS}ran)' 'y<ran')

# enters SHELL QUOTE ID...: in an interactive shell, types QUOTE and the beginning of each id, completes it with TAB, closes
# an open quote and presses Enter. $KIMI_TEST_OUT gets the completed lines.
enters() {
    local id typing=() n=0
    for id in "${@:3}"; do
        typing+=(--type "go $((++n))> " "kimi models --use $2kimi-code/${id:0:1}\\t\\x18\\x01\\r")
    done
    typing+=(--type "go $((n + 1))> " 'exit\r')
    case $1 in
    bash)
        cat >rc <<'END'
PS1='go \#> '
bind 'set bell-style none'
finish() {
    printf '%s\n' "$READLINE_LINE" >>"$KIMI_TEST_OUT"
    [[ $READLINE_LINE == *' ' ]] || READLINE_LINE+=${READLINE_LINE//[^\"\']/}
    READLINE_POINT=${#READLINE_LINE}
}
bind -x '"\C-x\C-a": finish'
source "$KIMI_TEST_FILES/kimi.bash"
END
        on_terminal "${typing[@]}" bash --noprofile --rcfile rc -i >shown
        ;;
    zsh)
        mkdir -p dot
        cat >dot/.zshrc <<'END'
fpath=($KIMI_TEST_FILES $fpath)
autoload -Uz compinit
compinit -u -d $KIMI_TEST_DUMP
unsetopt beep
setopt promptsubst
bindkey '^I' complete-word
finish() {
  print -r -- $BUFFER >>$KIMI_TEST_OUT
  [[ $BUFFER == *' ' ]] || BUFFER+=${BUFFER//[^\"\']/}
  CURSOR=$#BUFFER
}
zle -N finish
bindkey '^X^A' finish
n=0
precmd() { (( ++n )) }
PS1='go $n> '
END
        ZDOTDIR=$PWD/dot KIMI_TEST_DUMP=$BATS_FILE_TMPDIR/zcompdump on_terminal "${typing[@]}" zsh -d -i >shown
        ;;
    fish)
        cat >rc <<'END'
source $KIMI_TEST_FILES/kimi.fish
set -g n 1
function fish_prompt
    echo -n "go $n> "
end
function next --on-event fish_postexec
    set n (math $n + 1)
end
function finish
    set -l line "$(commandline)"
    echo -- $line >>$KIMI_TEST_OUT
    string match -q '* ' -- $line; or commandline -a -- (string replace -ra '[^"\']' '' -- $line)
end
bind \cx\ca finish
END
        on_terminal "${typing[@]}" fish --no-config -C 'source rc' -i >shown
        ;;
    esac
}

# models_of_server ID...: prints a server's model list.
models_of_server() {
    models_control "$(kimi_python -c 'import json, sys
print(json.dumps([{"id": id, "context_length": 1} for id in sys.argv[1:]]))' "$@")"
}

@test "bash, zsh, fish: no model id that a server sends is run by TAB and Enter" {
    local sh quote some=("${EVIL_IDS[@]:0:7}")
    server_start
    logged_in
    models_of_server "${EVIL_IDS[@]}" own
    kimi models --sync >/dev/null
    assert_contains "$(cat "$CONFIG")" 'touch${IFS}ran'
    for sh in bash zsh fish; do
        for quote in '' '"' "'"; do
            rm -f out
            enters "$sh" "$quote" "${some[@]}" own || fail "$sh, behind $quote"
            assert_same "${#some[@]}" "$(grep -c 'kimi-code/.$' out)" "lines with nothing completed, of $(cat out)"
            assert_contains "$(cat out)" kimi-code/own
            [ ! -e ran ] || fail "$sh ran one of: $(cat out)"
        done
    done
}

@test "completion offers only ids without characters that a shell interprets" {
    server_start
    logged_in
    models_of_server "${EVIL_IDS[@]}" good-one k2:turbo v1.5_x@y+z
    kimi models --sync >/dev/null
    assert_same 'kimi-code/good-one
kimi-code/k2:turbo
kimi-code/v1.5_x@y+z' "$(kimi-models --list-keys)"
}

# A toolkit that offers every id and records the arguments of its commands.
offers_everything() {
    mkdir toolkit
    printf '#!/bin/sh\n[ "$1" != --exec-path ] || exec echo %q\n[ "$1" != models ] || echo "$3" >>%q\n' \
        "$PWD/toolkit" "$PWD/given" >toolkit/kimi
    printf '#!/bin/sh\n[ "$1" != --list-keys ] || cat %q\n[ "$1" != --list-options ] || printf "%%s\\t%%s\\t%%s\\n" --use MODEL help\n' \
        "$PWD/ids" >toolkit/kimi-models
    : >toolkit/kimi-token
    chmod +x toolkit/*
    printf 'kimi-code/%s\n' "${EVIL_IDS[@]}" >ids
    PATH=$PWD/toolkit:$PATH
}

@test "bash, zsh, fish: what completion puts on the line is the id itself, in any quotes" {
    local sh quote
    offers_everything
    for sh in bash zsh fish; do
        for quote in '' '"' "'"; do
            rm -f out given
            enters "$sh" "$quote" "${EVIL_IDS[@]}" || fail "$sh, behind $quote: $(cat out)"
            diff ids given || fail "$sh, behind $quote: $(cat out)"
            [ ! -e ran ] || fail "$sh ran one of: $(cat out)"
        done
    done
}

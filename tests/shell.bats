#!/usr/bin/env bats
# kimi shell: commands that begin with a slash, from a pipe and on a terminal.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run sets variables
bats_require_minimum_version 1.5.0
load helper
load processes

setup() {
    kimi_setup
    KEPT=$HOME/.kimi/shell_history
}

# piped LINE...: kimi shell with these lines in a pipe, and $ARGUMENTS.
# shellcheck disable=SC2086 # several words
piped() { printf '%s\n' "$@" | kimi-shell ${ARGUMENTS:-}; }

# typed [AFTER KEYS]...: kimi shell on a terminal of its own, with $ARGUMENTS, where these keys are typed (see
# on_terminal.py). $PROGRAM names another program.
typed() {
    local keys=()
    while [ $# -gt 0 ]; do
        keys+=(--type "$1" "$2")
        shift 2
    done
    # shellcheck disable=SC2086
    kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" "${keys[@]}" "${PROGRAM:-kimi-shell}" ${ARGUMENTS:-}
}

## From a pipe

@test "each line runs the very command, with its words as arguments" {
    store_login
    login_config first second | write_config
    run -0 --separate-stderr piped /status "/status --line" /token "/token --header"
    assert_same "" "$stderr"
    assert_same "$(kimi-status; kimi-status --line; kimi-token; kimi-token --header)" "$output"
}

@test "empty lines and comments say nothing, and a last line without an end counts" {
    run -0 --separate-stderr piped "" "# a comment" "   " "	"
    assert_same "" "$output$stderr"
    printf '/status --line' >line
    run -0 --separate-stderr kimi-shell <line
    assert_same "kimi-code logged out" "$output"
    run -0 --separate-stderr kimi-shell </dev/null
    assert_same "" "$output$stderr"
}

@test "the exit status is that of the last command that failed" {
    run -4 --separate-stderr piped /token "/status --line"
    assert_same "kimi-code logged out" "$output"
    run -2 --separate-stderr piped /token "/status --nonsense" /help
    store_login
    run -0 piped /token
}

@test "/exit ends it" {
    run -0 --separate-stderr piped "/status --line" /exit "/status --line"
    assert_same "kimi-code logged out" "$output"
}

@test "a line that is not a command names the nearest, and the next line runs" {
    run -2 --separate-stderr piped /stauts "/status --line"
    assert_same "kimi-code logged out" "$output"
    assert_same "kimi shell: '/stauts' is not a command; did you mean /status?" "$stderr"
    run -2 --separate-stderr piped status
    assert_error "did you mean /status\?"
    run -2 --separate-stderr piped /nothinglikeit
    assert_error "'/help' lists the commands"
    run -2 --separate-stderr piped '/model "open'
    assert_error "a quote is not closed"
}

@test "for chat text and for /exec it says what to do" {
    run -2 --separate-stderr piped "hello there, help me with this"
    assert_error "this is not a chat; type /help, or run kimi-code to chat"
    run -2 --separate-stderr piped "Why?"
    assert_error "this is not a chat"
    run -2 --separate-stderr piped "/exec -- env"
    assert_error "'kimi exec' does not work here; leave with /exit, then run it"
    local columns
    for columns in 80 40; do
        run -0 kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" --columns "$columns" --type '> ' 'hello world\r' --type '> ' '/exit\r' kimi-shell
        assert_contains "${output//$'\n'/ }" "or run kimi-code to chat"
        run -0 kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" --columns "$columns" --type '> ' '/help\r' --type '> ' '/exit\r' kimi-shell
        assert_contains "$output" "  /exit             leave the shell"
        run grep -E "^  .{$((columns - 1))}" <<<"$output"
        assert_same "" "$output" "too long at $columns columns" || return
    done
}

@test "what looks like no command is not repeated: it may be a key" {
    run -2 --separate-stderr piped sk-kimi-secret "0123456789abcdef" "/AbC+d/secret"
    assert_same "" "$output"
    assert_lacks "$stderr" secret
    assert_lacks "$stderr" 0123456789abcdef
    assert_same 3 "$(wc -l <<<"$stderr" | tr -d ' ')"
}

@test "words are parted as a shell does" {
    login_config first second | write_config
    run -0 --separate-stderr piped "/model 'kimi-code/second'"
    run -0 piped '/model'
    assert_same kimi-code/second "$output"
    run -0 --separate-stderr piped '/status --line --account ""'
    assert_same "kimi-code logged out" "$output"
}

@test "/model shows the default model, /model ID sets it, with options too" {
    login_config first second | write_config
    run -0 --separate-stderr piped /model "/model second" /model "/model first --quiet" /model
    assert_same "kimi-code/first kimi-code/second kimi-code/first" "$(grep -x 'kimi-code/[a-z]*' <<<"$output" | xargs)"
    ARGUMENTS=--json run -0 piped /model
    assert_same '{"default_model":"kimi-code/first"}' "$output"
    rm "$CONFIG"
    run -1 --separate-stderr piped /model
    assert_error "no default model is set; '/login' or '/model ID' sets one"
    ARGUMENTS=--json run -0 piped /model
    assert_same '{"default_model":null}' "$output"
}

@test "a command reads from the same pipe: the line behind /login --api-key-stdin is the key" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-good"]}}'
    run -0 --separate-stderr piped "/login --platform moonshot-cn --api-key-stdin" sk-good \
        "/token --platform moonshot-cn"
    assert_contains "$output" sk-good
    assert_lacks "$stderr" sk-good
}

@test "/login, /models, /refresh and /logout do what the commands do" {
    server_start
    server_control '{"pending": 0}'
    run -0 --separate-stderr timeout 20 kimi-shell <<<"/login --no-browser
/models
/refresh
/logout
/status --line"
    assert_contains "$stderr" "logged in to Kimi Code"
    assert_contains "$output" kimi-k2-turbo
    assert_contains "$stderr" "no refresh needed"
    assert_contains "$stderr" "logged out of Kimi Code"
    assert_contains "$output" "kimi-code logged out"
    assert_same 1 "$(server_count device)"
}

@test "its options go to every command, and what is typed counts before them" {
    store_login --access at-plain
    cp "$LOGIN" "$FOLDER/kimi-code@work.json"
    store_login --access at-other
    ARGUMENTS="--account work" run -0 piped /token "/status --line" '/token --account ""'
    assert_same "at-plain kimi-code@work fresh 15 min at-other" "$(xargs <<<"$output")"
    ARGUMENTS="--platform moonshot-cn" run -0 piped "/status --line"
    assert_same "moonshot-cn logged out" "$output"
    ARGUMENTS=--json run -0 --separate-stderr piped /token
    assert_same at-other "$(json access_token <<<"$output")"
}

@test "/help lists the commands, /help COMMAND its options" {
    run -0 --separate-stderr piped /help
    local name
    for name in /login /logout "/model \[ID\]" /models /status /usage /token /refresh /help /exit; do
        grep -qE "^ +$name( |$)" <<<"$output" || fail "no $name in $output"
    done
    run -0 --separate-stderr piped "/help status"
    assert_same "$(kimi-status --help)" "$output"
    run -0 piped "/help /token"
    assert_same "$(kimi-token --help)" "$output"
}

@test "SIGTERM ends it with the command that runs, and nothing after that runs" {
    server_start
    server_control '{"approve": "no"}'
    start shell kimi-shell <<<"/login --no-browser
/status --line"
    wait_until server_has_polled
    kill -TERM "$pid"
    finish 130
    assert_same "" "$(out_of shell)"
    assert_contains "$(err_of shell)" "kimi shell: interrupted by SIGTERM"
}
server_has_polled() { [ "$(server_count poll)" -ge 1 ]; }

## On a terminal

@test "the prompt shows the default model, the account and that nobody is logged in" {
    login_config first second | write_config
    run -0 typed "kimi (logged out)> " '/exit\r'
    store_login
    run -0 typed "kimi kimi-code/first> " '/exit\r'
    cp "$LOGIN" "$FOLDER/kimi-code@work.json"
    ARGUMENTS="--account work" run -0 typed "kimi work kimi-code/first> " '/exit\r'
    KIMI_ACCOUNT=nobody run -0 typed "kimi (logged out)> " '/exit\r'
}

@test "the prompt is read again after /login, /model and /logout" {
    server_start
    server_control '{"pending": 0}'
    run -0 typed \
        "kimi (logged out)> " '/login --no-browser --platform kimi-code\r' \
        "kimi kimi-code/kimi-for-coding> " '/model kimi-k2-turbo\r' \
        "kimi kimi-code/kimi-k2-turbo> " '/logout\r' \
        "kimi (logged out)> " '\x04'
}

@test "Ctrl-D on an empty line ends it with 0, also after a failed command" {
    run -0 typed "> " '/token\r' "kimi login" '' "> " '\x04'
}

@test "a line can be edited: Ctrl-A, Ctrl-E, Ctrl-W, Ctrl-U, arrows, backspace" {
    run -0 typed "> " 'status --lime\x01/\x05\x7f\x7fne\r' "kimi-code logged out" '' \
        "> " 'rubbish\x15/status --lines\x08\r' "kimi-code logged out" '' \
        "> " '/statu --line\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[Ds\r' "kimi-code logged out" '' \
        "> " '/status nonsense\x17--line\r' "kimi-code logged out" '' "> " '\x04'
}

@test "Tab completes commands, options and the models of the config" {
    login_config first second | write_config
    store_login
    run -0 typed "> " '/sta\t--li\t\r' "kimi-code fresh" '' "> " '/model kimi-code/s\t\r' \
        "kimi-code/second> " '\x04'
}

@test "Tab lists what a word could become" {
    login_config first second | write_config
    run -0 typed "> " '/mode\t\t' "/model  /models" '\x15/model \t\t' "kimi-code/first  kimi-code/second" '\x15\x04'
    run -0 typed "> " '/lo\t\t' "/login  /logout" '\x15/help st\t\r' "usage: kimi status" '' "> " '\x04'
}

@test "Ctrl-C throws the line away, and ends a command that runs and not the shell" {
    server_start
    server_control '{"approve": "no"}'
    run -0 typed "> " '/status --nonsense\x03' "^C" '' "> " '/login --no-browser --platform kimi-code\r' \
        "shows this code" '\x03' "interrupted by Ctrl-C" '' "> " '/status --line\r' "kimi-code logged out" '' "> " '\x04'
    assert_lacks "$output" "unknown option"
}

@test "it works the same on a terminal that can do nothing, that is unknown, or that can move its cursor" {
    local term
    for term in dumb "" no-such-terminal xterm; do
        TERM=$term run -0 typed "> " '/status --line\r' "kimi-code logged out" '' "> " '\x04'
    done
}

@test "in the C locale, too, a model with non-ASCII letters in the prompt does no harm" {
    login_config first second | write_config
    sed -i 's|kimi-code/first|kimi-code/中文é|' "$CONFIG"
    store_login
    LC_ALL=C run -0 typed "kimi-code/中文é> " '/status --line\r' "kimi-code fresh" '' "> " '\x04'
}

@test "no control character of a model's name reaches the terminal, in the prompt or by Tab" {
    login_config first second | write_config
    sed -i 's|kimi-code/first|kimi-code/\\u001b[31mone\\u202e\\u0007|; s|kimi-code/second|kimi-code/\\u001b]0;two\\u0007|' "$CONFIG"
    store_login
    run -0 typed "one> " '/model \t\t\t\x15/status --line\r' "kimi-code fresh" '' "> " '\x04'
    assert_lacks "$output" $'\e[31m'
    assert_lacks "$output" $'\e]0;'
    assert_lacks "$output" $'\u202e'
}

@test "SIGTERM at the prompt ends it, and leaves the terminal unchanged" {
    printf '#!/bin/sh\necho $$ >number\nexec kimi-shell\n' >numbered
    chmod 755 numbered
    PROGRAM=./numbered start shell typed "> " '/status --line\r' "logged out" ''
    wait_for_file "$KEPT"
    wait_until is_asleep "$(cat number)" kimi-shell
    kill -TERM "$(cat number)"
    finish 130
}

@test "with --quiet there is no greeting" {
    run -0 typed "/help lists the commands" '' "> " '\x04'
    ARGUMENTS=--quiet run -0 typed "> " '\x04'
    assert_lacks "$output" "/help"
}

## History

@test "lines can be called back, in a later shell too, and the file is private" {
    run -0 typed "> " '/status --line\r' "logged out" '' "> " '\x04'
    assert_same "/status --line" "$(cat "$KEPT")"
    assert_same 600 "$(mode "$KEPT")"
    run -0 typed "> " '\x1b[A\r' "kimi-code logged out" '' "> " '\x04'
    run -0 typed "> " '\x12statu\r' "kimi-code logged out" '' "> " '\x04'
}

@test "no secret is remembered: no key, no token, nothing that is not a command" {
    run -0 typed "> " 'sk-kimi-0123\r' "> " '0123456789abcdef\r' "> " '/login --api-key=sk-0123\r' "> " \
        '/token "sk-0123"\r' "> " '/status eyJhbGciOi\r' "> " \
        '/status 0123456789012345678901234567890123456789012345678\r' "> " ' sk-blank\r' "> " \
        '/A0123/b0123\r' "> " '/status --line\r' "logged out" '' "> " '\x04'
    assert_same "/status --line" "$(cat "$KEPT")"
}

@test "what comes through a pipe is not remembered" {
    run -0 piped "/status --line"
    [ ! -e "$KEPT" ]
}

@test "the file is bounded: beyond 64 KiB the older half goes" {
    mkdir -p "$HOME/.kimi"
    kimi_python -c 'for i in range(9000): print("/status", i)' >"$KEPT"
    [ "$(stat -c %s "$KEPT")" -gt 65536 ]
    run -0 typed "> " '/status --line\r' "logged out" '' "> " '\x04'
    assert_between 16000 "$(stat -c %s "$KEPT")" 33000
    assert_same "/status 8999 /status --line" "$(tail -n 2 "$KEPT" | xargs)"
    assert_same 600 "$(mode "$KEPT")"
}

@test "a file full of garbage does no harm, and none of it reaches the terminal raw" {
    mkdir -p "$HOME/.kimi"
    printf '/status \e[31m\377\300\n\0\0\n/status \u202e\e[31m\e]0;x\a\n' >"$KEPT"
    chmod 600 "$KEPT"
    run -0 typed "> " '\x1b[A' "[31m]0;x" '\x1b[A\x1b[A\x15/status --line\r' "kimi-code logged out" '' "> " '\x04'
    assert_lacks "$output" $'\e[31m'
    assert_lacks "$output" $'\e]0;'
    assert_lacks "$output" $'\u202e'
}

@test "a file that cannot be written, or is a link, is not an error" {
    mkdir -p "$KEPT"
    run -0 typed "> " '/status --line\r' "logged out" '' "> " '\x04'
    rmdir "$KEPT"
    ln -s "$BATS_TEST_TMPDIR/elsewhere" "$KEPT"
    run -0 typed "> " '/status --line\r' "logged out" '' "> " '\x04'
    [ ! -e elsewhere ]
}

## Without libedit

@test "where libedit is missing everything else is built, and no kimi-shell" {
    printf '#!/bin/sh\ncase "$*" in *libedit*) exit 1 ;; esac\nexec pkg-config "$@"\n' >without
    chmod 755 without
    run -0 make -C "$KIMI_TEST_ROOT" -n B="$BATS_TEST_TMPDIR/build" PKG_CONFIG="$PWD/without" all
    assert_contains "$output" "bin/kimi-status"
    assert_lacks "$output" "bin/kimi-shell"
    assert_lacks "$output" -ledit
    assert_lacks "$output" lib/ui/line_editor.c
}

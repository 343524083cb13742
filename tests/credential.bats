#!/usr/bin/env bats
# Stores that speak Git's credential protocol: KIMI_CREDENTIAL_HELPER names the helper, also one of Git's. There is no D-Bus.
# shellcheck disable=SC2030,SC2031 # each test runs in a subshell on purpose

bats_require_minimum_version 1.5.0
load helper
load processes

KEY=oauth/kimi-code

setup() {
    kimi_setup
    unset KIMI_DISABLE_KEYRING
    export PATH=$BATS_TEST_TMPDIR/bin:$PATH XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    mkdir bin
    mkdir -m 700 run
}

teardown() {
    git credential-cache exit 2>/dev/null || true
    kimi_teardown
}

script() {
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$1"
    chmod 755 "$1"
}

# notebook NAME: a helper bin/NAME that keeps one password in the file `kept`. It records its arguments in `arguments`, one
# a line, its input in `told`, and what others can see of it and its shell in `seen`.
notebook() {
    # shellcheck disable=SC2016 # expanded by the script
    script "bin/$1" "cd '$BATS_TEST_TMPDIR'" \
        'printf "<%s>\n" "$@" >>arguments; echo . >>arguments' \
        'cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline 2>/dev/null | tr "\0" "\n" >>seen' \
        'for operation; do :; done' \
        'cat >said; cat said >>told' \
        'case $operation in' \
        'get) [ ! -e kept ] || { echo username=oauth/kimi-code; cat kept; } ;;' \
        'store) grep "^password=" said >kept ;;' \
        'erase) rm -f kept ;;' \
        'esac'
}

# keep: puts the login of store_login into the notebook.
keep() {
    store_login "$@"
    { printf password= && cat "$LOGIN" && echo; } >kept
    rm "$LOGIN"
}
kept() { sed -n 's/^password=//p' kept | json "$1"; }

at_once() {
    local before
    before=$(now_ms)
    run "-$1" --separate-stderr "${@:2}"
    assert_in_time "$before" "of ${*:2}"
}

# logged_in ARGUMENT...: kimi login with the notebook.
logged_in() {
    server_start
    server_control '{"pending": 0}'
    kimi-login --no-browser "$@" 2>login.err
}

# is_refused [PART]: login --storage keyring rejects this helper within 3 s, before it asks for a code.
is_refused() {
    server_start
    at_once 75 kimi-login --no-browser --storage keyring
    # A line before it may say that the helper returned an invalid login.
    assert_contains "$(tail -n 1 <<<"$stderr")" "${1:-KIMI_CREDENTIAL_HELPER}" || return
    assert_same 0 "$(server_count all)" "requests"
    [ ! -e "$LOGIN" ]
}

## Which helper is run

@test "a plain name means git credential-NAME" {
    notebook git-credential-notebook
    keep
    KIMI_CREDENTIAL_HELPER=notebook run -0 kimi-token
    assert_same at-stored "$output"
    assert_same '<get>
.' "$(cat arguments)"
}

@test "a plain name with arguments: they come before the operation" {
    notebook git-credential-notebook
    keep
    KIMI_CREDENTIAL_HELPER='notebook --file=/a/b  c' run -0 kimi-token
    assert_same '<--file=/a/b>
<c>
<get>
.' "$(cat arguments)"
}

@test "an absolute path is run as it is" {
    notebook mine
    keep
    KIMI_CREDENTIAL_HELPER=$PWD/bin/mine run -0 kimi-token
    assert_same at-stored "$output"
    assert_same '<get>
.' "$(cat arguments)"
}

@test "an absolute path with arguments, some in quotes" {
    notebook mine
    keep
    KIMI_CREDENTIAL_HELPER="$PWD/bin/mine 'a b' \"c'd\" e\\ f" run -0 kimi-token
    assert_same "<a b>
<c'd>
<e f>
<get>
." "$(cat arguments)"
}

@test "a path with a blank in it, in quotes" {
    mkdir "bin/my tools"
    notebook "my tools/mine"
    keep
    KIMI_CREDENTIAL_HELPER="$PWD/bin/my\\ tools/mine" run -0 kimi-token
    assert_same at-stored "$output"
}

@test "a snippet behind ! is run by the shell, the operation after it" {
    notebook mine
    keep
    # shellcheck disable=SC2016 # expanded by the snippet
    KIMI_CREDENTIAL_HELPER='!f() { mine from snippet "$1"; }; f' run -0 kimi-token
    assert_same at-stored "$output"
    assert_same '<from>
<snippet>
<get>
.' "$(cat arguments)"
}

@test "an empty KIMI_CREDENTIAL_HELPER is an unset one" {
    notebook git-credential-
    mkdir kit
    ln -s "$KIMI_TEST_BIN"/* kit
    KIMI_EXEC_PATH=$PWD/kit KIMI_CREDENTIAL_HELPER='' run -4 kimi-token
    [ ! -e arguments ]
}

@test "KIMI_DISABLE_KEYRING=1 runs no helper" {
    notebook mine
    keep
    KIMI_DISABLE_KEYRING=1 KIMI_CREDENTIAL_HELPER=$PWD/bin/mine run -4 kimi-token
    [ ! -e arguments ]
}

@test "a login in the file is printed without running a helper" {
    notebook mine
    store_login
    KIMI_CREDENTIAL_HELPER=$PWD/bin/mine run -0 kimi-token
    [ ! -e arguments ]
}

## What it receives

@test "get sends protocol, host and username, and a blank line" {
    notebook mine
    keep
    KIMI_CREDENTIAL_HELPER=$PWD/bin/mine run -0 kimi-token
    assert_same "$(printf 'protocol=https\nhost=auth.kimi.com\nusername=%s\n\n|' "$KEY")" "$(cat told && printf '|')"
}

@test "the host is sent with its port, and http as such" {
    notebook mine
    keep
    KIMI_CODE_OAUTH_HOST=http://127.0.0.1:4711/ KIMI_CREDENTIAL_HELPER=$PWD/bin/mine run -0 kimi-token
    assert_contains "$(cat told)" $'protocol=http\nhost=127.0.0.1:4711\nusername='
}

@test "store sends the whole login as the password, on one line" {
    notebook mine
    export KIMI_CREDENTIAL_HELPER=$PWD/bin/mine
    logged_in
    assert_contains "$(cat login.err)" "login saved in the keyring"
    assert_same "$(server_stat last_access_token)" "$(kept access_token)"
    assert_same 1 "$(wc -l <kept)"
    [ ! -e "$LOGIN" ]
    grep -q 'storage = "keyring"' "$CONFIG"
}

@test "no secret is ever an argument of a helper or of its shell, or in its environment" {
    notebook mine
    export KIMI_CREDENTIAL_HELPER="$PWD/bin/mine x"
    logged_in
    kimi-refresh --force --quiet
    kimi-token >/dev/null
    kimi-logout --quiet
    local one
    for one in get store erase; do assert_contains "$(cat arguments)" "<$one>" || return; done
    assert_contains "$(cat seen)" HOME=
    assert_contains "$(cat told)" at-
    assert_lacks "$(cat seen)" at-
    assert_lacks "$(cat seen)" rt-
    assert_lacks "$(cat seen)" '"access_token"'
}

@test "what a helper writes to standard error never looks like a key" {
    notebook mine
    keep
    KIMI_CREDENTIAL_HELPER='!echo noise >&2; mine' run -0 --separate-stderr kimi-token
    assert_same at-stored "$output"
    assert_same "" "$stderr"
}

@test "attributes of newer protocols in the reply are ignored" {
    notebook mine
    keep
    KIMI_CREDENTIAL_HELPER='!printf "capability[]=authtype\nephemeral=0\nnonsense\npassword_expiry_utc=1\n"; mine' run -0 kimi-token
    assert_same at-stored "$output"
}

## A helper of another program, from login to logout

# whole_life: login to logout with the helper of the environment.
whole_life() {
    logged_in --storage keyring
    [ ! -e "$LOGIN" ]
    run -0 kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
    run -0 kimi-refresh --force
    [ ! -e "$LOGIN" ]
    KIMI_NO_CACHE=1 run -0 kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
    assert_same 1 "$(server_count refresh)"
    run -0 kimi-refresh --storage file
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    run -4 bash -c 'mv "$1" aside && KIMI_NO_CACHE=1 kimi-token; status=$?; mv aside "$1"; exit $status' sh "$LOGIN"
    run -0 kimi-refresh --storage keyring
    [ ! -e "$LOGIN" ]
    run -0 kimi-logout
    run -4 kimi-token
}

@test "Git's own store is a store: login, token, refresh, moves and logout" {
    export KIMI_CREDENTIAL_HELPER=store
    whole_life
    assert_lacks "$(cat "$HOME/.git-credentials")" kimi
}

@test "Git's own store with --file= keeps the login in that file" {
    export KIMI_CREDENTIAL_HELPER="store --file='$PWD/a stick/kimi'"
    mkdir "a stick"
    logged_in --storage keyring
    assert_contains "$(cat "a stick/kimi")" oauth%2fkimi-code
    run -0 kimi-logout
    assert_lacks "$(cat "a stick/kimi")" kimi
}

@test "Git's own cache is a store: login, token, refresh, moves and logout" {
    export KIMI_CREDENTIAL_HELPER="cache --timeout=300"
    whole_life
}

@test "Git's own cache, once it has forgotten, has no login: 4" {
    export KIMI_CREDENTIAL_HELPER=cache KIMI_NO_CACHE=1
    logged_in --storage keyring
    run -0 kimi-token
    git credential-cache exit
    run -4 kimi-token
}

@test "the daemon that Git's cache leaves running delays nothing" {
    export KIMI_CREDENTIAL_HELPER=cache
    printf 'protocol=https\nhost=h\nusername=x\npassword=y\n\n' | git credential-cache store 3>&- 4>&-
    at_once 4 kimi-token
    server_start
    server_control '{"approve": "denied", "pending": 0}'
    run -1 kimi-login --no-browser --storage keyring
}

@test "success without a password is no login: 4" {
    KIMI_CREDENTIAL_HELPER='!true' run -4 kimi-token
    KIMI_CREDENTIAL_HELPER='!echo password= #' run -4 kimi-token
    KIMI_CREDENTIAL_HELPER='!echo username=x #' run -4 kimi-token
}

## Helpers that fail, each named after its failure

@test "a helper that ignores store, as the book allows, is refused" {
    export KIMI_CREDENTIAL_HELPER='!true'
    is_refused "did not store the login"
}

@test "a helper that ignores store: login by itself takes the file and says why" {
    export KIMI_CREDENTIAL_HELPER='!true'
    logged_in
    assert_contains "$(cat login.err)" "login saved in a private file (the keyring did not store the login)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "a login is not moved to a helper that ignores store: it stays in the file" {
    export KIMI_CREDENTIAL_HELPER='!true'
    store_login
    at_once 75 kimi-refresh --storage keyring
    assert_same at-stored "$(stored access_token)"
}

@test "a helper that gives back something else than it was given is refused" {
    export KIMI_CREDENTIAL_HELPER='!cat >/dev/null; echo password=other #'
    is_refused "did not store the login"
}

@test "a helper that cuts off what is long is found out" {
    notebook mine
    # shellcheck disable=SC2016
    export KIMI_CREDENTIAL_HELPER='!cut -c 1-60 | mine'
    store_login
    at_once 75 kimi-refresh --storage keyring
    assert_same at-stored "$(stored access_token)"
}

@test "a helper that prints junk is refused" {
    export KIMI_CREDENTIAL_HELPER='!head -c 100000 /dev/urandom #'
    is_refused "did not store the login"
}

@test "a helper without end is killed: refused within 3 s" {
    export KIMI_CREDENTIAL_HELPER='!yes password=x #'
    is_refused "did not answer in time"
}

@test "a helper that returns more than any login has is refused" {
    export KIMI_CREDENTIAL_HELPER='!{ printf password=; head -c 3000000 /dev/zero | tr "\0" x; echo; } #'
    is_refused "too large for a login"
}

@test "a helper that hangs is killed with its children: refused within 3 s" {
    # shellcheck disable=SC2016
    export KIMI_CREDENTIAL_HELPER='!echo $$ >pids; sleep 600 & echo $! >>pids; wait #'
    is_refused "did not answer in time"
    local one
    while read -r one; do
        wait_until has_ended "$one" || return
    done <pids
}

@test "a helper that hangs: token and logout with no login known of are over within 3 s" {
    export KIMI_CREDENTIAL_HELPER='!sleep 600 #'
    at_once 4 kimi-token
    at_once 4 kimi-refresh
    at_once 0 kimi-logout
}

@test "a helper that ends and leaves a child with its pipes is not waited for" {
    notebook mine
    keep
    KIMI_CREDENTIAL_HELPER='!mine get; sleep 30 & echo $! >left #' at_once 0 kimi-token
    assert_same at-stored "$output"
    kill "$(cat left)"
}

@test "a helper that crashes is refused" {
    # shellcheck disable=SC2016
    export KIMI_CREDENTIAL_HELPER='!kill -SEGV $$ #'
    is_refused
}

@test "a helper that exits 1 is unavailable" {
    export KIMI_CREDENTIAL_HELPER='!exit 1 #'
    is_refused
}

@test "a helper that is not there is refused" {
    export KIMI_CREDENTIAL_HELPER=nobody-has-this
    is_refused
    export KIMI_CREDENTIAL_HELPER=/nowhere/helper
    at_once 75 kimi-login --no-browser --storage keyring
}

@test "a helper that does not read its input does no harm" {
    notebook mine
    keep
    KIMI_CREDENTIAL_HELPER='!exec <&-; cat kept #' run -0 kimi-token
    assert_same at-stored "$output"
}

@test "a login that a helper loses after the exchange goes to the file, with a warning" {
    notebook mine
    server_start
    keep --expires-in-left 100
    # shellcheck disable=SC2016
    export KIMI_CREDENTIAL_HELPER='![ ! -e broken ] || exit 1; mine'
    server_control '{"faults": {"refresh": [{"hold": "it"}]}}'
    start refresh kimi-refresh
    server_wait_held it
    : >broken
    server_release it
    finish 0
    assert_contains "$(err_of refresh)" "login saved in a private file"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    run -0 kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
}

@test "a helper that fails before the exchange: 75, and no token is spent" {
    notebook mine
    server_start
    keep --expires-in-left 100
    # shellcheck disable=SC2016
    export KIMI_CREDENTIAL_HELPER='!f() { [ "$1" = get ] || exit 1; mine get; }; f'
    at_once 75 kimi-refresh
    assert_same 0 "$(server_count all)"
    assert_same at-stored "$(kept access_token)"
}

@test "a helper that ends its lines as Windows does is a store" {
    notebook mine
    # shellcheck disable=SC2016
    export KIMI_CREDENTIAL_HELPER='!f() { mine "$1" | sed "s/$/\r/"; }; f'
    logged_in --storage keyring
    assert_same "$(server_stat last_access_token)" "$(kept access_token)"
    run -0 kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
}

@test "a helper that ignores erase is found out at logout: 75" {
    notebook mine
    keep
    # shellcheck disable=SC2016
    export KIMI_CREDENTIAL_HELPER='!f() { [ "$1" = erase ] || mine "$1"; }; f'
    at_once 75 kimi-logout
    assert_contains "$stderr" "did not remove the login"
    assert_same at-stored "$(kept access_token)"
}

@test "a helper that stores and then fails may hold the login: logout removes it, or says that it cannot" {
    notebook mine
    store_login
    # shellcheck disable=SC2016
    export KIMI_CREDENTIAL_HELPER='!f() { mine "$1"; [ "$1" != store ]; }; f'
    at_once 75 kimi-refresh --storage keyring
    assert_same at-stored "$(stored access_token)"
    assert_same at-stored "$(kept access_token)"
    KIMI_CREDENTIAL_HELPER='!false #' at_once 75 kimi-logout
    assert_contains "$stderr" "may still hold the login"
    run -0 kimi-logout
    [ ! -e kept ]
}

@test "a keyring that is switched off, and a helper that fails: what to do is about that" {
    server_start --no-export
    store_login
    export KIMI_CODE_OAUTH_HOST
    KIMI_CODE_OAUTH_HOST=$(server_url)
    KIMI_DISABLE_KEYRING=1 run -75 --separate-stderr kimi refresh --storage keyring
    assert_contains "$stderr" "; unset KIMI_DISABLE_KEYRING, then try again"
    KIMI_DISABLE_KEYRING='' KIMI_CREDENTIAL_HELPER='!false' run -75 --separate-stderr kimi refresh --storage keyring
    assert_contains "$stderr" "; check the helper that KIMI_CREDENTIAL_HELPER names, then try again"
    assert_same at-stored "$(stored access_token)"
}

## Signals

# slow OPERATION...: a notebook that never answers these operations, but carries them out first.
slow() {
    local operation
    notebook slow
    for operation; do
        sed -i "s/^$operation) .*/& : >asked; exec sleep 60 ;;/; s/;; : >asked/; : >asked/" bin/slow
    done
    rm -f asked
    export KIMI_CREDENTIAL_HELPER="$BATS_TEST_TMPDIR/bin/slow"
}

# interrupt_in_helper COMMAND...: sends a signal while the helper is running.
interrupt_in_helper() {
    rm -f asked
    start interrupted "$@"
    wait_until test -e asked
    kill -TERM "$pid"
    finish 130
}

@test "a signal while the helper is asked ends every command with 130, and the login stays" {
    local command words
    server_start
    keep
    slow get
    echo '{"storage":"keyring"}' >"$FOLDER/kimi-code.state"
    for command in token refresh "refresh --force" models usage logout "status --check" "login --no-browser" "exec true" \
        "refresh --storage file"; do
        read -ra words <<<"$command"
        interrupt_in_helper "kimi-${words[0]}" "${words[@]:1}"
        assert_same "" "$(out_of interrupted)"
        assert_contains "$(err_of interrupted)" "interrupted by SIGTERM"
    done
    assert_same at-stored "$(kept access_token)"
    assert_same 0 "$(server_count all)"
    # Also if nothing said that the login is in the keyring.
    rm "$FOLDER/kimi-code.state"
    interrupt_in_helper kimi-logout
    interrupt_in_helper kimi-token
    assert_same at-stored "$(kept access_token)"
}

@test "a signal while the helper erases: logout says 130, and the next one removes what is left" {
    server_start
    keep
    echo '{"storage":"keyring"}' >"$FOLDER/kimi-code.state"
    slow erase
    sed -i 's/rm -f kept;/true;/' bin/slow
    interrupt_in_helper kimi-logout
    notebook slow
    run -0 kimi logout
    [ ! -e kept ]
}

@test "a signal while the helper erases, during refresh --storage file: 130, and logout removes the copy" {
    server_start
    keep
    echo '{"storage":"keyring"}' >"$FOLDER/kimi-code.state"
    slow erase
    sed -i 's/rm -f kept;/true;/' bin/slow
    interrupt_in_helper kimi-refresh --storage file
    assert_contains "$(err_of interrupted)" "interrupted by SIGTERM"
    assert_same at-stored "$(stored access_token)"
    notebook slow
    run -0 kimi logout
    [ ! -e kept ]
}

@test "a signal once the helper has stored, during refresh --storage keyring: the copy is known, and logout removes it" {
    server_start
    store_login
    slow store
    interrupt_in_helper kimi-refresh --storage keyring
    assert_same at-stored "$(kept access_token)"
    assert_same at-stored "$(stored access_token)"
    assert_contains "$(cat "$FOLDER/kimi-code.state")" '"storage":"keyring"'
    notebook slow
    run -0 kimi logout
    [ ! -e kept ]
    [ ! -e "$LOGIN" ]
}

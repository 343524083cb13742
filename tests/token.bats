#!/usr/bin/env bats
# kimi token: what a program that runs it to get its key can rely on.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

# keys_of: the sorted keys of the JSON object in $output.
keys_of() { kimi_python -c 'import json, sys; print(*sorted(json.loads(sys.argv[1])))' "$output"; }

# assert_printed TEXT COMMAND...: it succeeds, prints exactly this line, and nothing on standard error.
assert_printed() {
    local line=$1
    shift
    run -0 --separate-stderr "$@"
    assert_same "$line" "$output" "standard output" || return
    assert_same "" "$stderr" "standard error"
}

# assert_renewed: the last run printed the token that the server issued last; it is stored, and took COUNT requests.
assert_renewed() {
    assert_same "$(server_stat last_access_token)" "$output" || return
    assert_same "$output" "$(stored access_token)" || return
    assert_same "" "${stderr:-}" "standard error" || return
    assert_same "$1" "$(server_count refresh)" "requests"
}

## What is printed

@test "a fresh token is printed with one newline, and not a byte goes to standard error" {
    store_login
    kimi-token >out 2>err
    printf 'at-stored\n' | cmp - out
    cmp /dev/null err
}

@test "the front prints what kimi-token prints" {
    store_login
    assert_printed at-stored kimi token
    assert_printed "Authorization: Bearer at-stored" kimi token --header
    run -4 --separate-stderr env KIMI_SHARE_DIR="$HOME/empty" kimi token
    assert_error "kimi token: not logged in"
}

@test "--header prints the header line" {
    store_login
    kimi-token --header >out 2>err
    printf 'Authorization: Bearer at-stored\n' | cmp - out
    cmp /dev/null err
}

@test "--json has exactly its keys, true values and no refresh token" {
    store_login --expires-in-left 800
    run -0 --separate-stderr kimi-token --json
    assert_same "access_token expires_at expires_in platform token_type" "$(keys_of)"
    assert_same at-stored "$(json access_token <<<"$output")"
    assert_same Bearer "$(json token_type <<<"$output")"
    assert_same kimi-code "$(json platform <<<"$output")"
    assert_between 790 "$(json expires_in <<<"$output")" 800
    assert_between $((EPOCHSECONDS + 790)) "$(json expires_at <<<"$output")" $((EPOCHSECONDS + 800))
    assert_lacks "$output" rt-stored
}

@test "--json says satisfied: false if the token has less life left than requested, and only then" {
    store_login
    run -0 --separate-stderr kimi-token --json --no-refresh --min-valid 899999
    assert_same "access_token expires_at expires_in platform satisfied token_type" "$(keys_of)"
    assert_same false "$(json satisfied <<<"$output")"
    run -0 --separate-stderr kimi-token --json --no-refresh --min-valid 700
    assert_lacks "$output" satisfied
}

## How little it needs

@test "it works with HOME alone and standard input closed" {
    store_login
    assert_printed at-stored env -i "HOME=$HOME" bash -c "exec '$KIMI_TEST_BIN/kimi-token' <&-"
}

@test "with HOME alone and every descriptor but standard output closed it refreshes" {
    server_start
    store_login --expires-in-left 100
    run -0 env -i "HOME=$HOME" "KIMI_CODE_OAUTH_HOST=$KIMI_CODE_OAUTH_HOST" bash -c "exec '$KIMI_TEST_BIN/kimi-token' <&- 2>&-"
    assert_renewed 1
}

@test "KIMI_SHARE_DIR is where it looks, and an empty one is ignored" {
    store_login
    mv "$HOME/.kimi" "$HOME/elsewhere"
    assert_printed at-stored env KIMI_SHARE_DIR="$HOME/elsewhere" HOME=/nonexistent kimi-token
    mv "$HOME/elsewhere" "$HOME/.kimi"
    assert_printed at-stored env KIMI_SHARE_DIR= kimi-token
}

@test "without HOME it says so and fails permanently" {
    run -1 --separate-stderr env -u HOME kimi-token
    assert_error HOME
    run -1 --separate-stderr env HOME= kimi-token
    assert_error HOME
}

@test "a closed standard output is an error" {
    store_login
    run -1 --separate-stderr bash -c "exec kimi-token >&-"
    assert_error "cannot write to standard output"
    assert_lacks "$stderr" at-stored
}

@test "a full standard output is an error, with --json too" {
    store_login
    run -1 --separate-stderr bash -c "exec kimi-token >/dev/full"
    assert_error "cannot write to standard output"
    run -1 --separate-stderr bash -c "exec kimi-token --json >/dev/full"
    assert_error "cannot write to standard output"
}

@test "a fresh token needs no config, no lock, no server and no kimi-refresh" {
    server_start
    store_login
    mkfifo "$HOME/.kimi/config.toml"
    hold_lock other
    mkdir "$HOME/bin"
    cp "$KIMI_TEST_BIN/kimi-token" "$HOME/bin"
    KIMI_EXEC_PATH=$HOME/bin assert_printed at-stored timeout 5 kimi-token
    assert_same 1 "$(server_stat connections)" "connections, with that of this question"
    release_lock other
    finish 0
}

@test "a fresh token costs one file opened and one look for kimi-code's home, no lock, no socket and no process" {
    store_login
    traced -o trace kimi-token >out
    assert_same "$(cat out)" at-stored
    assert_same 2 "$(grep -c "\"$HOME" trace)" "paths below HOME: $(grep "$HOME" trace)"
    assert_contains "$(grep "\"$HOME" trace)" kimi-code.json
    assert_contains "$(grep "\"$HOME" trace)" "\"$HOME/.kimi-code\""
    run -1 grep -E '^[0-9]+ +(flock|socket|connect|clone|clone3|fork|vfork|inotify)|config\.toml' trace
}

## When it refreshes

@test "a due token is refreshed, and the new one is printed and stored" {
    server_start
    store_login --expires-in-left 295
    run -0 --separate-stderr kimi-token
    assert_renewed 1
}

@test "a token with a little more than 300 s is printed as it is" {
    server_start
    store_login --expires-in-left 305
    assert_printed at-stored kimi-token
    assert_same 0 "$(server_count all)"
}

@test "a valid token shortly is due at half its life" {
    server_start
    store_login --life 400 --expires-in-left 205
    assert_printed at-stored kimi-token
    store_login --life 400 --expires-in-left 195
    run -0 --separate-stderr kimi-token
    assert_renewed 1
}

@test "--min-valid moves the line" {
    server_start
    store_login --expires-in-left 500
    assert_printed at-stored kimi-token --min-valid 490
    assert_printed at-stored kimi-token --min-valid=0
    assert_same 0 "$(server_count all)"
    run -0 --separate-stderr kimi-token --min-valid 510
    assert_renewed 1
}

@test "--min-valid 0 prints even a token that ends at once" {
    server_start
    store_login --expires-in-left 5
    assert_printed at-stored kimi-token --min-valid 0
    assert_same 0 "$(server_count all)"
}

@test "--min-valid beyond the whole life costs one refresh a token, not one a call" {
    server_start
    store_login --expires-in-left 400
    local token
    run -0 --separate-stderr kimi-token --min-valid 5000
    assert_renewed 1
    token=$output
    for _ in 1 2 3; do
        assert_printed "$token" kimi-token --min-valid 5000
    done
    run -0 --separate-stderr kimi-token --min-valid 900 --json
    assert_same false "$(json satisfied <<<"$output")"
    assert_same 1 "$(server_count refresh)"
}

@test "a server that issues short tokens is not asked at every call" {
    server_start
    server_control '{"expires_in": 60}'
    store_login --expires-in-left -1
    run -0 --separate-stderr kimi-token
    assert_renewed 1
    assert_printed "$(stored access_token)" kimi-token
    assert_same 1 "$(server_count refresh)"
}

@test "--no-refresh prints a due token as it is" {
    server_start
    store_login --expires-in-left 10
    assert_printed at-stored kimi-token --no-refresh
    assert_same 0 "$(server_count all)"
}

@test "--no-refresh does not print an expired token" {
    server_start
    store_login --expires-in-left -1
    run -75 --separate-stderr kimi-token --no-refresh
    assert_error expired
    assert_same 0 "$(server_count all)"
}

@test "a login with a refresh token alone is refreshed" {
    server_start
    store_login --access ""
    run -0 --separate-stderr kimi-token
    assert_renewed 1
}

@test "a living token without a refresh token is printed; once it has ended a login is needed" {
    server_start
    store_login --refresh "" --expires-in-left 100
    assert_printed at-stored kimi-token
    store_login --refresh "" --expires-in-left -1
    run -4 --separate-stderr kimi-token
    assert_error "kimi login"
    assert_same 0 "$(server_count all)"
}

@test "kimi-refresh is found beside the program by HOME alone, and never on PATH" {
    server_start
    store_login --expires-in-left 100
    mkdir "$HOME/evil"
    printf '#!/bin/sh\n: >"%s/was-run"\n' "$HOME" >"$HOME/evil/kimi-refresh"
    chmod +x "$HOME/evil/kimi-refresh"
    run -0 --separate-stderr env PATH="$HOME/evil:$PATH" "$KIMI_TEST_BIN/kimi-token"
    assert_renewed 1
    [ ! -e "$HOME/was-run" ]
}

## When it cannot refresh

@test "a living token is printed, and nothing else, when the server is down" {
    server_start
    store_login --expires-in-left 100
    server_stop
    assert_printed at-stored kimi-token
}

@test "an expired token and a server that is down is a temporary failure" {
    server_start
    store_login --expires-in-left -1
    server_stop
    run -75 --separate-stderr kimi-token
    assert_error 127.0.0.1
}

@test "an expired token and a rejected login need a login, and are not asked twice" {
    server_start
    store_login --expires-in-left -1 --no-seed
    run -4 --separate-stderr kimi-token
    assert_error "kimi login"
    run -4 --separate-stderr kimi-token
    assert_error "kimi login"
    assert_same 1 "$(server_count refresh)"
}

@test "a living token is printed though its login was rejected" {
    server_start
    store_login --expires-in-left 100 --no-seed
    assert_printed at-stored kimi-token
    assert_printed at-stored kimi-token
    assert_same 1 "$(server_count refresh)"
}

@test "a missing kimi-refresh does no harm while the token is valid, and is reported once it has expired" {
    mkdir "$HOME/bin"
    cp "$KIMI_TEST_BIN/kimi-token" "$HOME/bin"
    export KIMI_EXEC_PATH=$HOME/bin
    store_login --expires-in-left 100
    assert_printed at-stored kimi-token
    store_login --expires-in-left -1
    run -1 --separate-stderr kimi-token
    assert_error kimi-refresh
}

@test "a caller that ignores the end of its children gets the new token at once" {
    server_start
    store_login --expires-in-left -1
    local ignoring='import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])'
    run -0 --separate-stderr timeout 10 "$KIMI_TEST_PYTHON" -E -S -c "$ignoring" kimi-token
    assert_renewed 1
}

@test "a refresher that crashes is an error once the token has ended" {
    mkdir "$HOME/bin"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nkill -9 $$\n' >"$HOME/bin/kimi-refresh"
    chmod +x "$HOME/bin/kimi-refresh"
    store_login --expires-in-left -1
    KIMI_EXEC_PATH=$HOME/bin run -1 --separate-stderr kimi-token
    assert_error kimi-refresh
}

@test "a stored login that was ended by another program needs a login" {
    mkdir -p "$FOLDER"
    echo '{"access_token": "", "refresh_token": "", "expires_at": 0, "scope": "", "token_type": "", "expires_in": 0}' >"$LOGIN"
    run -4 --separate-stderr kimi-token
    assert_error "kimi login"
}

@test "in a home that cannot be written a living token is printed and nothing is spent" {
    server_start
    store_login --expires-in-left 100
    chmod 500 "$FOLDER" "$HOME/.kimi" "$HOME"
    run -0 --separate-stderr unprivileged kimi-token
    chmod 700 "$FOLDER" "$HOME/.kimi" "$HOME"
    assert_same at-stored "$output"
    assert_same "" "$stderr"
    assert_same 0 "$(server_count all)"
}

@test "in a home that cannot be written an expired token is an error and nothing is spent" {
    server_start
    store_login --expires-in-left -1
    chmod 500 "$FOLDER" "$HOME/.kimi" "$HOME"
    run -1 --separate-stderr unprivileged kimi-token
    chmod 700 "$FOLDER" "$HOME/.kimi" "$HOME"
    assert_error "$FOLDER"
    assert_same 0 "$(server_count all)"
}

## A refresh that hangs, and callers that do not wait

@test "while the refresh hangs the old token is printed after 4 s, and the refresh ends well later" {
    server_start
    server_control '{"faults": {"refresh": [{"hold": "a"}]}}'
    store_login --expires-in-left 100
    local begin took
    begin=$(now_ms)
    # cat ends when the last writer has closed the pipe, which must be kimi-token and not kimi-refresh.
    run -0 bash -c "kimi-token 2>&1 | cat"
    assert_same at-stored "$output"
    took=$(($(now_ms) - begin))
    # Without the limit it would wait for kimi-refresh, which waits 15 s for its server.
    assert_between 3900 "$took" 14000 "milliseconds"
    assert_same rt-stored "$(stored refresh_token)"
    server_release a
    wait_until isnt_stored refresh_token rt-stored
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_same 1 "$(server_count refresh)"
}

@test "without a valid token it waits for the end of the refresh" {
    server_start
    server_control '{"faults": {"refresh": [{"delay": 4.5}]}}'
    store_login --expires-in-left -1
    run -0 --separate-stderr kimi-token
    assert_renewed 1
}

@test "killing the caller's whole process group in mid-exchange loses nothing" {
    server_start
    server_control '{"faults": {"refresh": [{"hold": "a"}]}}'
    store_login --expires-in-left -1
    start caller setsid bash -c 'kimi token; echo not reached'
    server_wait_held a
    kill -9 -- "-$pid"
    finish 137
    assert_same "" "$(out_of caller)"
    assert_same rt-stored "$(stored refresh_token)"
    server_release a
    wait_until isnt_stored refresh_token rt-stored
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_printed "$(stored access_token)" kimi token
    assert_same 1 "$(server_count refresh)"
    assert_same 0 "$(server_stat revoked)"
}

@test "a caller that closes the pipes and hangs up its session loses nothing either" {
    server_start
    server_control '{"faults": {"refresh": [{"hold": "a"}]}}'
    store_login --expires-in-left -1
    start caller setsid bash -c 'kimi token; echo not reached'
    server_wait_held a
    kill -HUP -- "-$pid"
    wait "$pid" || true
    server_release a
    wait_until isnt_stored refresh_token rt-stored
    assert_same 1 "$(server_count refresh)"
}

@test "an interrupted caller ends with 130 at once, and the refresh goes on" {
    server_start
    server_control '{"faults": {"refresh": [{"hold": "a"}]}}'
    store_login --expires-in-left -1
    start caller kimi-token
    server_wait_held a
    kill -TERM "$pid"
    finish 130
    assert_same "" "$(out_of caller)"
    server_release a
    wait_until isnt_stored refresh_token rt-stored
    assert_same 1 "$(server_count refresh)"
}

@test "callers at the same time make one request and print the same token" {
    server_start
    server_control '{"faults": {"refresh": [{"hold": "a"}]}}'
    store_login --expires-in-left -1
    local pids=() i
    for i in 1 2 3 4 5 6; do
        start "caller.$i" kimi-token
        pids+=("$pid")
    done
    server_wait_held a
    server_release a
    for pid in "${pids[@]}"; do
        finish 0 "$pid"
    done
    assert_same "$(stored access_token)" "$(cat "$BATS_TEST_TMPDIR"/caller.*.out | sort -u)"
    assert_same "" "$(cat "$BATS_TEST_TMPDIR"/caller.*.err)"
    assert_same 1 "$(server_count refresh)"
}

## If nothing is stored

@test "if nothing is stored a login is needed, and no directory is created" {
    run -4 --separate-stderr kimi-token
    assert_error "kimi login"
    [ ! -e "$HOME/.kimi" ]
}

@test "KIMI_API_KEY is the last resort where nothing is stored" {
    export KIMI_API_KEY=sk-from-ci
    assert_printed sk-from-ci kimi-token
    assert_printed "Authorization: Bearer sk-from-ci" kimi-token --header
    run -0 --separate-stderr kimi-token --json
    assert_same "access_token expires_at expires_in platform token_type" "$(keys_of)"
    assert_same null "$(json expires_at <<<"$output")"
    assert_same null "$(json expires_in <<<"$output")"
}

@test "KIMI_API_KEY is trimmed like a typed key; an invalid one is reported as such" {
    local value
    for value in $'sk-abc\n' $' \tsk-abc\r\n' $'\xef\xbb\xbfsk-abc' $'\e[200~sk-abc\e[201~'; do
        KIMI_API_KEY=$value assert_printed sk-abc kimi-token
        KIMI_API_KEY=$value run -0 kimi-status
        assert_contains "$output" "the API key in KIMI_API_KEY"
        assert_lacks "$output" "a stored login is used instead"
    done
    for value in 'sk-a bc' $'sk-a\nbc' $' \n' $'sk-\e[200~abc'; do
        KIMI_API_KEY=$value run -1 --separate-stderr kimi-token
        assert_contains "$stderr" "KIMI_API_KEY is not an API key"
        KIMI_API_KEY=$value run -0 kimi-status
        assert_contains "$output" "  it is not an API key"
    done
}

@test "a stored login goes before KIMI_API_KEY, even one that has expired" {
    export KIMI_API_KEY=sk-from-ci
    store_login
    assert_printed at-stored kimi-token
    store_login --expires-in-left -1
    run -75 --separate-stderr kimi-token --no-refresh
    assert_error expired
}

@test "an empty KIMI_API_KEY is ignored, and one with a newline is refused" {
    KIMI_API_KEY='' run -4 --separate-stderr kimi-token
    assert_error "kimi login"
    KIMI_API_KEY=$'sk\nX-Evil: 1' run -1 --separate-stderr kimi-token
    assert_error KIMI_API_KEY
}

## Options, terminals and programs

@test "wrong usage is 2, and the nearest option is named" {
    store_login
    run -2 --separate-stderr kimi-token --min-vaild 5
    assert_error --min-valid
    run -2 --separate-stderr kimi-token --min-valid
    assert_error --min-valid
    for value in abc -5 1e400 nan '' 5x; do
        run -2 --separate-stderr kimi-token "--min-valid=$value"
        assert_error --min-valid
    done
    run -2 --separate-stderr kimi-token extra
    assert_error extra
    run -2 --separate-stderr kimi-token --platform nonsense
    assert_error nonsense
}

@test "an error with --json is one event on standard output beside the line" {
    run -4 --separate-stderr kimi-token --json
    assert_same error "$(json type <<<"$output")"
    assert_same login_required "$(json data.code <<<"$output")"
    assert_contains "$stderr" "kimi token: not logged in"
}

@test "loose permissions are tightened without a message to a program" {
    store_login
    chmod 644 "$LOGIN"
    assert_printed at-stored kimi-token
    assert_same 600 "$(mode "$LOGIN")"
}

@test "a person at a terminal is reported loose permissions" {
    store_login
    chmod 644 "$LOGIN"
    run -0 script -qec kimi-token /dev/null </dev/null
    assert_contains "$output" at-stored
    assert_contains "$output" "it is now private"
}

@test "a person at a terminal is told why an old token was printed" {
    server_start
    store_login --expires-in-left 100 --no-seed
    run -0 script -qec kimi-token /dev/null </dev/null
    assert_contains "$output" at-stored
    assert_contains "$output" "could not be refreshed"
}

@test "it never prompts, on a terminal neither" {
    run -4 timeout 10 script -qec kimi-token /dev/null </dev/null
    assert_contains "$output" "kimi login"
}

@test "a byte order mark before the stored login is skipped" {
    store_login
    printf '\xef\xbb\xbf%s' "$(<"$LOGIN")" >"$LOGIN"
    run -0 --separate-stderr kimi-token
    assert_same at-stored "$output"
}

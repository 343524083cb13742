#!/usr/bin/env bats
# Keyrings that hang other tools, each named after its fault. In each case a command goes on without the keyring within
# 3 s, or says that it cannot, and no login is lost. In every test, the traps of keyring.bash check that nothing launches
# a bus or prompts.
# shellcheck disable=SC2030,SC2031 # each test runs in a subshell on purpose

bats_require_minimum_version 1.5.0
load helper
load processes
load keyring

AS=() # what runs the programs

## The faults

no_bus() {
    unset DBUS_SESSION_BUS_ADDRESS
    AS=(as_cron DISPLAY=:99)
}

bus_without_keyring() { bus_start; }

keyring_never_starts() {
    script never_starts "echo \$\$ >>'$BATS_TEST_TMPDIR/daemons'" 'exec sleep 600'
    service org.freedesktop.secrets "$BATS_TEST_TMPDIR/never_starts"
    bus_start
}

keyring_dies_at_start() {
    service org.freedesktop.secrets /bin/false
    bus_start
}

keyring_never_answers() {
    keyring_start
    kill -STOP "$keyring"
}

silent_bus() {
    # shellcheck disable=SC2016 # Python's
    start_daemon silent "$KIMI_TEST_PYTHON" -E -S -c '
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
accepted = []
while True:
    accepted.append(listener.accept())' "$XDG_RUNTIME_DIR/bus"
    wait_until test -S "$XDG_RUNTIME_DIR/bus"
}

bus_left_behind() {
    bus_start
    kill -KILL "$pid"
    wait "$pid" || true
    [ -S "$XDG_RUNTIME_DIR/bus" ] || fail "the socket is gone"
}

locked_keyring() {
    keyring_start
    keyring_lock
}

keyring_locked_since_boot() {
    keyring_start
    keyring_stop
    keyring_start --locked
}

keyring_never_set_up() { keyring_start --empty; }

## What must hold for each fault

# login uses the file, asks for confirmation within 3 s, and gives the reason in one line.
login_takes_the_file() {
    [ -e "$(server_dir)/url" ] || server_start
    server_control '{"pending": 0}'
    local before
    before=$(now_ms)
    start login "${AS[@]}" kimi-login --no-browser
    wait_until grep -q "open this page" login.err
    assert_in_time "$before" "until the URL" || return
    finish 0
    assert_contains "$(why_line login.err)" "login saved in a private file ($1" || return
    assert_same "$(server_stat last_access_token)" "$(stored access_token)" || return
    assert_same 'storage = "file"' "$(storages)"
}

login_refuses_the_keyring() {
    server_start
    at_once 75 "${AS[@]}" kimi-login --no-browser --storage keyring
    assert_error "$1"
    assert_same 0 "$(server_count all)" "requests"
    [ ! -e "$LOGIN" ] && [ ! -e "$CONFIG" ]
}

# The config says that a login is in the keyring: it cannot be used now, and is not changed. A new login is possible, except
# at a desktop where the keyring only has to be unlocked.
login_is_out_of_reach() {
    server_start
    mkdir -p "$HOME/.kimi"
    name_storage keyring
    local before
    before=$(hash_of "$CONFIG")
    at_once 75 "${AS[@]}" kimi-token
    assert_error "$1"
    at_once 75 "${AS[@]}" kimi-refresh
    assert_error "$1"
    at_once 75 "${AS[@]}" kimi-login --no-browser --storage keyring
    if [ "$1" = "the keyring is locked" ]; then
        at_once 75 "${AS[@]}" kimi-login --no-browser
        assert_error "$1"
        assert_contains "$stderr" "--force"
        unset DISPLAY
    fi
    assert_same 0 "$(server_count all)" "requests"
    assert_same "$before" "$(hash_of "$CONFIG")" "config"
    [ ! -e "$LOGIN" ]
    cp "$CONFIG" config.before
    at_once 75 "${AS[@]}" kimi-logout
    assert_contains "$stderr" "$1"
    cp config.before "$CONFIG"
    login_takes_the_file "$1" || return
    assert_contains "$(cat login.err)" "the stored login cannot be used: $1; starting a new one" || return
    # The old login is unchanged.
    rm "$LOGIN"
    cp config.before "$CONFIG"
}

# Nothing says that there is a login in the keyring.
no_login_is_known() {
    at_once 4 "${AS[@]}" kimi-token
    at_once 4 "${AS[@]}" kimi-refresh
    at_once 0 "${AS[@]}" kimi-logout
}

login_in_the_file_is_fine() {
    server_start
    store_login --expires-in-left 100
    name_storage file
    at_once 0 "${AS[@]}" kimi-refresh
    at_once 0 "${AS[@]}" kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
    at_once 0 "${AS[@]}" kimi-login --storage file
    at_once 0 "${AS[@]}" kimi-logout
    [ ! -e "$LOGIN" ]
}

login_stays_in_the_file() {
    store_login
    name_storage file
    at_once 75 "${AS[@]}" kimi-refresh --storage keyring
    assert_same at-stored "$(stored access_token)" || return
    at_once 75 "${AS[@]}" kimi-login --storage keyring
    assert_same at-stored "$(stored access_token)" || return
    assert_same 'storage = "file"' "$(storages)"
}

## No bus

@test "no bus: login takes the file within 3 s and says why" {
    no_bus
    login_takes_the_file "no keyring found"
}

@test "no bus: login --storage keyring is 75 before a code is requested" {
    no_bus
    login_refuses_the_keyring "no keyring found"
}

@test "no bus: a login in the keyring is out of reach, and not lost" {
    no_bus
    login_is_out_of_reach "no keyring found"
}

@test "no bus: with no login known of, token is 4 and logout 0" {
    no_bus
    no_login_is_known
}

@test "no bus: a login in the file is fine" {
    no_bus
    login_in_the_file_is_fine
}

@test "no bus: a login is not moved to the keyring, and stays in the file" {
    no_bus
    login_stays_in_the_file
}

@test "an address that asks for a launched bus, that disables it or that is junk: 75 each, and nothing is launched" {
    mkdir -p "$HOME/.kimi"
    name_storage keyring
    local address
    for address in autolaunch: autolaunch:scope=user disabled: junk 'unix:path=/nowhere' 'unixexec:path=/bin/false' \
        "tcp:host=127.0.0.1,port=1" 'unix:path=/nowhere;autolaunch:' ';'; do
        export DBUS_SESSION_BUS_ADDRESS=$address
        at_once 75 kimi-token
    done
}

@test "of several addresses the one that is a running bus is taken, and nothing is launched" {
    keyring_start
    keep_login
    DBUS_SESSION_BUS_ADDRESS="autolaunch:;unix:path=/nowhere;$DBUS_SESSION_BUS_ADDRESS;autolaunch:" run -0 kimi-token
    assert_same at-stored "$output"
}

@test "a socket that a dead bus left behind: login takes the file" {
    bus_left_behind
    login_takes_the_file "no keyring found"
}

## A bus with no secret service

@test "a bus without a keyring: login takes the file within 3 s and says why" {
    bus_without_keyring
    login_takes_the_file "no keyring found"
}

@test "a bus without a keyring: login --storage keyring is 75 before a code is requested" {
    bus_without_keyring
    login_refuses_the_keyring "no keyring found"
}

@test "a bus without a keyring: a login in the keyring is out of reach, and not lost" {
    bus_without_keyring
    login_is_out_of_reach "no keyring found"
}

@test "a bus without a keyring: a login in the file is fine" {
    bus_without_keyring
    login_in_the_file_is_fine
}

@test "a keyring that dies when it is started: login takes the file" {
    keyring_dies_at_start
    login_takes_the_file "no keyring found"
}

## A service that can be activated, but never starts

@test "a keyring that never starts: login takes the file within 3 s and says why" {
    keyring_never_starts
    login_takes_the_file "the keyring did not answer in time"
}

@test "a keyring that never starts: login --storage keyring is 75 within 3 s, before a code is requested" {
    keyring_never_starts
    login_refuses_the_keyring "the keyring did not answer in time"
}

@test "a keyring that never starts: a login in the keyring is out of reach, and not lost" {
    keyring_never_starts
    login_is_out_of_reach "the keyring did not answer in time"
}

@test "a keyring that never starts: with no login known of, token is 4 and logout 0" {
    keyring_never_starts
    no_login_is_known
}

@test "a keyring that never starts: a login in the file is fine" {
    keyring_never_starts
    login_in_the_file_is_fine
}

## A service that never answers

@test "a keyring that never answers: login takes the file within 3 s and says why" {
    keyring_never_answers
    login_takes_the_file "the keyring did not answer in time"
}

@test "a keyring that never answers: login --storage keyring is 75 within 3 s, before a code is requested" {
    keyring_never_answers
    login_refuses_the_keyring "the keyring did not answer in time"
}

@test "a keyring that never answers: a login in it is out of reach until it answers again" {
    keyring_start
    keep_login
    kill -STOP "$keyring"
    login_is_out_of_reach "the keyring did not answer in time"
    kill -CONT "$keyring"
    assert_in_keyring
    run -0 kimi-token
    assert_same at-stored "$output"
}

@test "a keyring that never answers: a login in the file is fine" {
    keyring_never_answers
    login_in_the_file_is_fine
}

@test "a keyring that never answers: a login is not moved there, and stays in the file" {
    keyring_never_answers
    login_stays_in_the_file
}

@test "a keyring that never answers: no helper is left running" {
    keyring_start
    watch_helper
    mkdir -p "$HOME/.kimi"
    name_storage keyring
    script on_get 'echo $PPID >>helpers' "kill -STOP $keyring"
    at_once 75 kimi-token
    local one
    while read -r one; do
        wait_until has_ended "$one" || return
    done <helpers
    assert_same 1 "$(wc -l <helpers)"
}

@test "a keyring that is read and then never answers: the present login cannot be stored, and no token is spent" {
    server_start
    keyring_start
    keep_login --expires-in-left 100
    watch_helper
    script on_store "kill -STOP $keyring"
    at_once 75 kimi-refresh
    assert_same 0 "$(server_count refresh)"
    kill -CONT "$keyring"
    rm on_store
    assert_in_keyring
    run -0 kimi-refresh
}

## A bus socket that accepts and stays silent

@test "a silent bus: login takes the file within 3 s and says why" {
    silent_bus
    login_takes_the_file "the keyring did not answer in time"
}

@test "a silent bus: login --storage keyring is 75 within 3 s, before a code is requested" {
    silent_bus
    login_refuses_the_keyring "the keyring did not answer in time"
}

@test "a silent bus: a login in the keyring is out of reach, and not lost" {
    silent_bus
    login_is_out_of_reach "the keyring did not answer in time"
}

@test "a silent bus: a login in the file is fine" {
    silent_bus
    login_in_the_file_is_fine
}

## A locked keyring

@test "a locked keyring: login takes the file within 3 s and says why" {
    locked_keyring
    login_takes_the_file "the keyring is locked"
}

@test "a keyring locked since boot: login takes the file" {
    keyring_locked_since_boot
    login_takes_the_file "the keyring is locked"
}

@test "a keyring that was never created: login uses the file" {
    keyring_never_set_up
    login_takes_the_file "no keyring found"
}

@test "a locked keyring: login --storage keyring is 75 before a code is requested" {
    locked_keyring
    login_refuses_the_keyring "the keyring is locked"
}

@test "a locked keyring: a login in it is out of reach, and there when it is unlocked" {
    keyring_start
    keep_login
    keyring_lock
    login_is_out_of_reach "the keyring is locked"
    keyring_unlock
    assert_in_keyring
    run -0 kimi-token
    assert_same at-stored "$output"
}

@test "a locked keyring: a login in it that nothing else tells of is out of reach, 75 and not 4" {
    keyring_start
    keep_login
    keyring_lock
    at_once 75 kimi-token
    assert_error "the keyring is locked"
    at_once 75 kimi-refresh
}

@test "a locked keyring: a login in the file is fine" {
    locked_keyring
    login_in_the_file_is_fine
}

@test "a locked keyring: a login is not moved there, and stays in the file" {
    locked_keyring
    login_stays_in_the_file
}

@test "a locked keyring: a login is not moved from it, and is still there" {
    keyring_start
    keep_login
    keyring_lock
    at_once 75 kimi-refresh --storage file
    [ ! -e "$LOGIN" ]
    keyring_unlock
    assert_in_keyring
}

@test "a keyring that is locked before the exchange: 75 and no request; unlocked, the refresh is done" {
    server_start
    keyring_start
    keep_login --expires-in-left 100
    watch_helper
    # It is read, read again under the lock, and then the trial finds the keyring locked.
    script on_store "dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
        org.freedesktop.Secret.Service.Lock array:objpath:$COLLECTION >/dev/null"
    at_once 75 kimi-refresh
    assert_error "the keyring is locked"
    assert_same 0 "$(server_count all)"
    rm on_store
    keyring_unlock
    assert_in_keyring
    run -0 kimi-refresh
    assert_in_keyring "$(server_stat last_access_token)"
}

@test "a locked keyring: token of a due login prints the old one from the cache while it lives" {
    server_start
    keyring_start
    keep_login
    kimi-token >/dev/null
    keyring_lock
    at_once 0 kimi-token
    assert_same at-stored "$output"
}

@test "login --force beside a login in a locked keyring: once unlocked, there is one copy after a refresh" {
    keyring_start
    keep_login
    keyring_lock
    server_start
    server_control '{"pending": 0}'
    run -0 kimi-login --no-browser --force
    keyring_unlock
    run -0 kimi-refresh --force
    assert_in_file "$(server_stat last_access_token)"
}

## Logout

@test "logout that cannot reach the keyring removes the file, says so, 75; the next one removes the rest" {
    keyring_start
    keep_login
    store_login
    name_storage keyring
    keyring_lock
    at_once 75 kimi-logout
    assert_contains "$stderr" "the login was removed from the file"
    assert_contains "$stderr" "the keyring may still hold the login: the keyring is locked"
    [ ! -e "$LOGIN" ]
    keyring_unlock
    assert_same 1 "$(keyring_items)"
    run -0 kimi-logout
    assert_same 0 "$(keyring_items)"
}

@test "logout with a keyring that never answers, of a login that is in it: 75, and then 0" {
    keyring_start
    server_start
    server_control '{"pending": 0}'
    kimi-login --no-browser --quiet --storage keyring 2>/dev/null
    kill -STOP "$keyring"
    at_once 75 kimi-logout
    kill -CONT "$keyring"
    assert_same 1 "$(keyring_items)"
    at_once 0 kimi-logout
    assert_same 0 "$(keyring_items)"
}

@test "logout with KIMI_DISABLE_KEYRING=1 of a login in the keyring says that it may still be there, 75" {
    keyring_start
    keep_login
    name_storage keyring
    KIMI_DISABLE_KEYRING=1 at_once 75 kimi-logout
    assert_contains "$stderr" "KIMI_DISABLE_KEYRING"
    assert_same 1 "$(keyring_items)"
}

@test "logout of a login that only a locked keyring holds does not say that anything is removed" {
    keyring_start
    keep_login
    name_storage keyring
    keyring_lock
    at_once 75 kimi-logout
    assert_contains "$stderr" "may still hold the login"
    assert_lacks "$stderr" removed
}

@test "logout of a login that is found in the keyring, and then cannot be removed: 75, though nothing else tells of it" {
    keyring_start
    keep_login
    watch_helper
    script on_erase "kill -STOP $keyring"
    at_once 75 kimi-logout
    assert_contains "$stderr" "may still hold the login"
    kill -CONT "$keyring"
    assert_same 1 "$(keyring_items)"
}

## A move that was not finished

@test "a login that moves to the file and whose copy cannot be removed: 75, the config says file, and again removes it" {
    keyring_start
    keep_login
    name_storage keyring
    watch_helper
    script on_erase "kill -STOP $keyring"
    at_once 75 kimi-refresh --storage file
    assert_contains "$stderr" "its copy in the keyring could not be removed"
    assert_same at-stored "$(stored access_token)"
    assert_same 'storage = "file"' "$(storages)"
    kill -CONT "$keyring"
    rm on_erase
    run -0 kimi-refresh --storage file
    assert_in_file
}

@test "a keyring that has not answered in time when a login was moved there may hold it: the next save removes it" {
    keyring_start
    store_login --expires-in-left 899
    name_storage file
    watch_helper
    # It stores the login, but then nobody can read it back.
    script on_get "kill -STOP $keyring"
    at_once 75 kimi-refresh --storage keyring
    assert_same 'storage = "file"' "$(storages)"
    at_once 75 kimi-logout
    assert_contains "$stderr" "the keyring may still hold the login"
    kill -CONT "$keyring"
    assert_same 1 "$(keyring_items)"
    rm on_get
    run -0 kimi-logout
    assert_same 0 "$(keyring_items)"
}

## The keyring disappears after the exchange

# vanish COMMAND...: starts a refresh, and runs COMMAND, which removes the keyring, while the server holds its response.
vanish() {
    server_start
    keyring_start
    keep_login --expires-in-left 100
    name_storage keyring
    server_control '{"faults": {"refresh": [{"hold": "it"}]}}'
    start refresh kimi-refresh
    server_wait_held it
    "$@"
    server_release it
    finish 0
    fresh=$(server_stat last_access_token)
    assert_same "$fresh" "$(stored access_token)" "the new token in the file" || return
    assert_contains "$(err_of refresh)" "login saved in a private file" || return
    assert_same 'storage = "file"' "$(storages)" || return
    at_once 0 kimi-token
    assert_same "$fresh" "$output"
}

@test "the keyring dies after the exchange: the new token is in the file, with a warning, and token works" {
    vanish keyring_stop
    run -0 kimi-refresh --force
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "the bus dies after the exchange: the new token is in the file, with a warning, and token works" {
    vanish bus_stop
}

@test "the keyring stops answering after the exchange: the new token is in the file, with a warning" {
    stop() { kill -STOP "$keyring"; }
    vanish stop
}

@test "the keyring is locked after the exchange: the new token is in the file, with a warning" {
    vanish keyring_lock
}

@test "a keyring that comes back with the spent login: it is not used, and the next refresh removes it" {
    vanish keyring_stop
    keyring_start
    assert_same at-stored "$(kept access_token)"
    run -0 kimi-token
    assert_same "$fresh" "$output"
    run -0 kimi-refresh --force
    assert_in_file "$(server_stat last_access_token)"
}

@test "a keyring that comes back with the spent login: logout removes both" {
    vanish keyring_stop
    keyring_start
    run -0 kimi-logout
    [ ! -e "$LOGIN" ]
    assert_same 0 "$(keyring_items)"
}

@test "a keyring that comes back: refresh --storage keyring moves the new login there" {
    vanish keyring_stop
    keyring_start
    run -0 kimi-refresh --storage keyring
    assert_in_keyring "$fresh"
}

@test "a token whose refresh lost the keyring still gets the new token, and not a word on standard error" {
    server_start
    keyring_start
    keep_login --expires-in-left 1
    name_storage keyring
    server_control '{"faults": {"refresh": [{"hold": "it"}]}}'
    start token kimi-token
    server_wait_held it
    keyring_stop
    server_release it
    finish 0
    assert_same "$(server_stat last_access_token)" "$(out_of token)"
    assert_same "" "$(err_of token)"
}

@test "the keyring dies while a person confirms the login: it is kept in the file, the config says so" {
    keyring_start
    server_start
    server_control '{"faults": {"poll": [{"hold": "it"}]}, "pending": 0}'
    start login kimi-login --no-browser --storage keyring
    server_wait_held it
    keyring_stop
    server_release it
    finish 0
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_same 'storage = "file"' "$(storages)"
    why_line login.err
}

## Our helper itself fails

@test "no helper is installed: it names the library, login takes the file and says so; --storage keyring is 75" {
    watch_helper
    rm kit/libexec/kimi/*
    server_start
    at_once 75 kimi-login --no-browser --storage keyring
    assert_error "this build has no keyring support; install libsecret-1-dev and build again, or log in with --storage file$"
    assert_same 0 "$(server_count all)"
    server_control '{"pending": 0}'
    start login kimi-login --no-browser
    finish 0
    assert_contains "$(why_line login.err)" "login saved in a private file (this build has no keyring support"
}

@test "libsecret is not installed, as a package allows: it is named, and login takes the file" {
    watch_helper
    printf '#!/bin/sh\nexit 127\n' >kit/libexec/kimi/kimi-credential-libsecret # the status of the dynamic linker
    server_start
    at_once 75 kimi-login --no-browser --storage keyring
    assert_error "the keyring helper needs libsecret, which is not installed; install libsecret, then try again"
    server_control '{"pending": 0}'
    start login kimi-login --no-browser
    finish 0
    assert_contains "$(why_line login.err)" "login saved in a private file (the keyring helper needs libsecret"
}

@test "our helper crashes: 75, it is said so, and the login is not lost" {
    keyring_start
    keep_login
    name_storage keyring
    watch_helper
    script on_get 'kill -SEGV $PPID; sleep 1'
    at_once 75 kimi-token
    assert_error "the keyring helper crashed"
    rm on_get
    run -0 kimi-token
}

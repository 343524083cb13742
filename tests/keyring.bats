#!/usr/bin/env bats
# The keyring: a real gnome-keyring, as login, refresh, token and logout use it. Failures are in keyring_trouble.bats.
# shellcheck disable=SC2030,SC2031 # each test runs in a subshell on purpose

bats_require_minimum_version 1.5.0
load helper
load processes
load keyring

# logged_in [OPTIONS]: logs in with kimi-login, on a server that confirms at once.
logged_in() {
    server_start
    server_control '{"pending": 0}'
    kimi-login --no-browser "$@" 2>login.err
}

# due_login: a login in the keyring that expires in 100 s, so that it is due.
due_login() {
    server_start
    keyring_start
    keep_login --expires-in-left 100
    name_storage keyring
}

## Login

@test "login stores the login in an open keyring, and only there" {
    keyring_start
    logged_in
    assert_in_keyring "$(server_stat last_access_token)"
    run -0 kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
}

@test "login says in one line that it took the keyring, and why" {
    keyring_start
    logged_in
    assert_contains "$(why_line login.err)" "login saved in the keyring"
}

@test "login writes to the config that the login is in the keyring, under which key" {
    keyring_start
    logged_in
    assert_same 'storage = "keyring"' "$(storages)"
    assert_same 3 "$(grep -c 'oauth = { storage = "keyring", key = "oauth/kimi-code" }' "$CONFIG")"
}

@test "login --storage auto is what login does by itself" {
    keyring_start
    logged_in --storage auto
    assert_in_keyring "$(server_stat last_access_token)"
}

@test "login --storage keyring stores it there, without a message" {
    keyring_start
    logged_in --storage keyring
    assert_in_keyring "$(server_stat last_access_token)"
    assert_same "" "$(grep "kept in" login.err || true)"
}

@test "login --storage file does not ask the keyring" {
    keyring_start
    watch_helper
    logged_in --storage file
    assert_in_file "$(server_stat last_access_token)"
    assert_same 'storage = "file"' "$(storages)"
    assert_same "" "$(asked)"
}

@test "login with KIMI_DISABLE_KEYRING=1 does not ask the keyring, takes the file and says so" {
    keyring_start
    watch_helper
    export KIMI_DISABLE_KEYRING=1
    logged_in
    assert_contains "$(why_line login.err)" "login saved in a private file (KIMI_DISABLE_KEYRING is set)"
    assert_same "" "$(asked)"
    assert_in_file "$(server_stat last_access_token)"
}

@test "KIMI_DISABLE_KEYRING=0 and an empty one leave the keyring on" {
    keyring_start
    keep_login
    KIMI_DISABLE_KEYRING=0 run -0 kimi-token
    assert_same at-stored "$output"
    KIMI_DISABLE_KEYRING='' run -0 kimi-token
}

@test "login --storage keyring with KIMI_DISABLE_KEYRING=1: 75 before a code is requested" {
    keyring_start
    server_start
    KIMI_DISABLE_KEYRING=1 run -75 --separate-stderr kimi-login --no-browser --storage keyring
    assert_error KIMI_DISABLE_KEYRING
    assert_same 0 "$(server_count all)"
}

@test "login takes the file where kimi.json shows that kimi-cli shares the home, and says so" {
    keyring_start
    mkdir -p "$HOME/.kimi"
    : >"$HOME/.kimi/kimi.json"
    logged_in
    assert_in_file "$(server_stat last_access_token)"
    assert_contains "$(why_line login.err)" "login saved in a private file (kimi-cli shares $HOME/.kimi)"
}

@test "login takes the file where sessions/ shows that kimi-cli shares the home" {
    keyring_start
    mkdir -p "$HOME/.kimi/sessions"
    logged_in
    assert_in_file "$(server_stat last_access_token)"
    assert_contains "$(why_line login.err)" "kimi-cli shares"
}

@test "login --storage keyring is obeyed in a home that kimi-cli shares" {
    keyring_start
    mkdir -p "$HOME/.kimi/sessions"
    logged_in --storage keyring
    assert_in_keyring "$(server_stat last_access_token)"
}

@test "a login that nobody confirms leaves nothing in the keyring" {
    keyring_start
    server_start
    server_control '{"approve": "denied", "pending": 0}'
    run -1 kimi-login --no-browser --storage keyring
    assert_same 0 "$(keyring_items)"
    [ ! -e "$LOGIN" ]
}

@test "login --force over a login in the keyring replaces it in place" {
    keyring_start
    keep_login
    logged_in --force
    assert_in_keyring "$(server_stat last_access_token)"
}

@test "login --force --storage file over a login in the keyring leaves no copy there" {
    keyring_start
    keep_login
    name_storage keyring
    logged_in --force --storage file
    assert_in_file "$(server_stat last_access_token)"
}

@test "login --force --storage keyring over a login in the file leaves no copy there" {
    keyring_start
    store_login
    logged_in --force --storage keyring
    assert_in_keyring "$(server_stat last_access_token)"
}

@test "login --force --storage keyring that nobody confirms leaves the old login in the file" {
    keyring_start
    server_start
    store_login
    server_control '{"approve": "denied", "pending": 0}'
    run -1 kimi-login --no-browser --force --storage keyring
    assert_in_file
}

@test "login works under dbus-run-session, as a server without a desktop would run it" {
    server_start
    server_control '{"pending": 0}'
    unset DBUS_SESSION_BUS_ADDRESS
    bus_config >bus.conf
    printf %s "$PASSWORD" >password
    script session "'$KEYRING_DAEMON' --unlock --components=secrets <password >/dev/null || exit 99" \
        "until dbus-send --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
            string:org.freedesktop.secrets | grep -q true; do sleep 0.05; done" \
        "kimi-login --no-browser --storage keyring || exit" "kimi-token" "kimi-refresh --quiet --force || exit" \
        "KIMI_NO_CACHE=1 kimi-token"
    run -0 --separate-stderr "$DBUS_RUN_SESSION" --dbus-daemon="$DBUS_DAEMON" --config-file=bus.conf -- ./session
    assert_same 2 "$(grep -c '^at-' <<<"$output")"
    assert_same "$(server_stat last_access_token)" "$(tail -n 1 <<<"$output")"
    [ ! -e "$LOGIN" ]
}

## Items of other programs

@test "secret-tool finds what login stored, by the attributes that kimi-cli uses" {
    keyring_start
    logged_in
    assert_same "$(server_stat last_access_token)" "$(kept access_token)"
    local item
    item=$(secret-tool search --all service kimi-code username "$KEY" 2>&1)
    assert_contains "$item" "schema = org.freedesktop.Secret.Generic"
    assert_same 1 "$(grep -c '^secret = ' <<<"$item")"
}

@test "what login stores in the keyring is the JSON object of the file, on one line" {
    keyring_start
    logged_in
    keyring_secret | kimi_python -c '
import json, sys
text = sys.stdin.read()
assert "\n" not in text, text
assert sorted(json.loads(text)) == ["access_token", "expires_at", "expires_in", "refresh_token", "scope", "token_type"], text'
}

@test "Python's keyring finds what login stored" {
    keyring_start
    logged_in
    assert_same "$(server_stat last_access_token)" \
        "$(python_keyring "print(keyring.get_password('kimi-code', '$KEY'))" | json access_token)"
}

@test "token and refresh find what Python's keyring stored, and Python finds what refresh wrote" {
    server_start
    keyring_start
    store_login --expires-in-left 100
    python_keyring "keyring.set_password('kimi-code', '$KEY', open('$LOGIN').read())"
    rm "$LOGIN"
    run -0 kimi-token --no-refresh --min-valid 0
    assert_same at-stored "$output"
    run -0 kimi-refresh
    assert_in_keyring "$(server_stat last_access_token)"
    assert_same "$(server_stat last_access_token)" \
        "$(python_keyring "print(keyring.get_password('kimi-code', '$KEY'))" | json access_token)"
}

@test "what kimi-login stored, Python's keyring can delete, and then there is not a login" {
    keyring_start
    logged_in
    python_keyring "keyring.delete_password('kimi-code', '$KEY')"
    run -4 kimi-token
}

@test "token finds what secret-tool stored" {
    keyring_start
    keep_login
    run -0 --separate-stderr kimi-token
    assert_same at-stored "$output"
    assert_same "" "$stderr"
}

@test "of two items of the key, one of Python's and one of secret-tool's, a refresh leaves one" {
    due_login
    # With another attribute it is a different item.
    keyring_secret | secret-tool store --label=second service kimi-code username "$KEY" application another
    assert_same 2 "$(keyring_items)"
    run -0 kimi-refresh
    assert_in_keyring "$(server_stat last_access_token)"
}

@test "items of other services, and of other keys, are ignored" {
    keyring_start
    printf other | secret-tool store --label=a service kimi-code username oauth/other
    printf other | secret-tool store --label=b service kimi-else username "$KEY"
    run -4 kimi-token
    store_login
    run -0 kimi-refresh --storage keyring
    run -0 kimi-logout
    assert_same other "$(keyring_secret oauth/other)"
    assert_same other "$(secret-tool lookup service kimi-else username "$KEY")"
}

@test "a damaged login in the keyring: 1 storage, and login replaces it" {
    keyring_start
    server_start
    printf '{"access_token": 5' | secret-tool store --label=a service kimi-code username "$KEY"
    run -1 --separate-stderr kimi-token --json
    assert_same storage "$(json data.code <<<"$output")"
    server_control '{"pending": 0}'
    run -0 kimi-login --no-browser
    assert_in_keyring "$(server_stat last_access_token)"
}

@test "a login of several lines in the keyring is read, as one in the file is" {
    keyring_start
    store_login
    kimi_python -c 'import json, sys; print(json.dumps(json.load(open(sys.argv[1])), indent=2))' "$LOGIN" |
        secret-tool store --label=a service kimi-code username "$KEY"
    rm "$LOGIN"
    run -0 kimi-token
    assert_same at-stored "$output"
}

## Reading: the file first, then the keyring

@test "a login in the file is found first, and the keyring is not asked" {
    keyring_start
    keep_login --access at-keyring
    store_login --access at-file
    watch_helper
    run -0 kimi-token
    assert_same at-file "$output"
    assert_same "" "$(asked)"
}

@test "with no file the keyring is asked once" {
    keyring_start
    keep_login
    watch_helper
    run -0 kimi-token
    assert_same "get " "$(asked)"
}

@test "without either there is no login: 4" {
    keyring_start
    run -4 --separate-stderr kimi-token
    assert_error "kimi login"
    run -4 --separate-stderr kimi-refresh
}

@test "token in keyring mode writes nothing to the home" {
    keyring_start
    keep_login
    find "$HOME/.kimi" >before
    run -0 kimi-token
    assert_same "$(cat before)" "$(find "$HOME/.kimi")"
}

## Refresh: saved where it was read

@test "refresh of a login in the keyring writes to the keyring and makes no file" {
    due_login
    run -0 kimi-refresh
    assert_in_keyring "$(server_stat last_access_token)"
    assert_same 1 "$(server_count refresh)"
    assert_same 'storage = "keyring"' "$(storages)"
}

@test "refresh of a login in the file writes to the file, and does not ask the keyring" {
    server_start
    keyring_start
    watch_helper
    store_login --expires-in-left 100
    run -0 kimi-refresh
    assert_in_file "$(server_stat last_access_token)"
    assert_same "" "$(asked)"
}

@test "refresh proves that the keyring can be written, by writing it, before the token is spent" {
    due_login
    watch_helper
    server_control '{"faults": {"refresh": [{"hold_before": "it"}]}}'
    start refresh kimi-refresh
    server_wait_held it
    # It is read, read again under the lock, then the present login is stored and read back.
    assert_same "get get store get " "$(asked)"
    assert_in_keyring
    server_release it
    finish 0
}

@test "token renews a due login in the keyring" {
    due_login
    run -0 --separate-stderr kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
    assert_in_keyring "$output"
    assert_same "" "$stderr"
}

@test "a hundred seconds before its end, ten kimi-tokens at once refresh a keyring login once" {
    due_login
    local pids=() i
    for i in {1..10}; do
        start "token$i" kimi-token
        pids+=("$pid")
    done
    for i in "${pids[@]}"; do finish 0 "$i"; done
    assert_same 1 "$(server_count refresh)"
    assert_in_keyring "$(server_stat last_access_token)"
}

@test "SIGTERM during the exchange of a keyring login: the new token is kept, then 130" {
    due_login
    server_control '{"faults": {"refresh": [{"hold": "it"}]}}'
    start refresh kimi-refresh
    server_wait_held it
    kill -TERM "$pid"
    server_release it
    finish 130
    assert_in_keyring "$(server_stat last_access_token)"
}

@test "a server that fails leaves the login in the keyring unchanged" {
    due_login
    server_control '{"faults": {"refresh": [{"status": 500, "forever": true}]}}'
    run -75 kimi-refresh
    assert_in_keyring
}

@test "a rejected login in the keyring is not sent again" {
    server_start
    keyring_start
    keep_login --expires-in-left 100 --no-seed
    run -4 kimi-refresh
    run -4 kimi-refresh
    assert_same 1 "$(server_count refresh)"
}

@test "a login in the keyring is sent to no host but the one that issued it" {
    keyring_start
    logged_in
    KIMI_TEST_SERVER=other server_start
    run -1 --separate-stderr kimi-refresh --force
    assert_error "issued by"
    assert_same 0 "$(KIMI_TEST_SERVER=other server_count all)"
}

## kimi-cli runs at the same time

@test "after kimi-cli moved the login to the file, token and refresh follow it there" {
    keyring_start
    logged_in
    KIMI_NO_CACHE=1 kimi-token >/dev/null
    kimi_cli_starts
    run -0 kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
    run -0 kimi-refresh --force
    assert_in_file "$(server_stat last_access_token)"
    assert_same 'storage = "file"' "$(storages)"
}

@test "kimi-cli moves the login to the file during the exchange: the new token is in the file alone" {
    due_login
    server_control '{"faults": {"refresh": [{"hold": "it"}]}}'
    start refresh kimi-refresh
    server_wait_held it
    kimi_cli_starts
    assert_in_file
    server_release it
    finish 0
    assert_in_file "$(server_stat last_access_token)"
}

@test "kimi-cli moves the login to the file between the reading and the exchange: the keyring gets no copy" {
    due_login
    watch_helper
    # Just before the present login is stored as a trial.
    declare -f kimi_cli_starts keyring_secret >functions
    printf '%s\n' '#!/usr/bin/env bash' ". '$BATS_TEST_TMPDIR/functions'" "rm '$BATS_TEST_TMPDIR/on_store'" \
        "LOGIN='$LOGIN' CONFIG='$CONFIG' KEY='$KEY'" kimi_cli_starts >on_store
    chmod 755 on_store
    run -0 kimi-refresh
    assert_in_file "$(server_stat last_access_token)"
}

@test "a copy that kimi-cli could not delete from the keyring goes with the next refresh" {
    keyring_start
    logged_in
    (umask 077 && keyring_secret >"$LOGIN")
    run -0 kimi-refresh --force
    assert_in_file "$(server_stat last_access_token)"
}

## Moving

@test "login --storage file moves a good login from the keyring, without a new code" {
    keyring_start
    logged_in
    run -0 --separate-stderr kimi-login --storage file
    assert_contains "$stderr" "login moved to a private file"
    assert_in_file "$(server_stat last_access_token)"
    assert_same 'storage = "file"' "$(storages)"
    assert_same 1 "$(server_count device)"
    assert_same 0 "$(server_count refresh)"
}

@test "login --storage keyring moves a good login from the file, without a new code" {
    keyring_start
    logged_in --storage file
    run -0 --separate-stderr kimi-login --storage keyring
    assert_contains "$stderr" "login moved to the keyring"
    assert_in_keyring "$(server_stat last_access_token)"
    assert_same 'storage = "keyring"' "$(storages)"
    assert_same 1 "$(server_count device)"
}

@test "refresh --storage keyring moves the login there, and refreshes nothing that is not due" {
    server_start
    keyring_start
    store_login
    name_storage file
    run -0 kimi-refresh --storage keyring
    assert_in_keyring
    assert_same 'storage = "keyring"' "$(storages)"
    assert_same 0 "$(server_count all)"
}

@test "refresh --storage file moves the login there" {
    server_start
    keyring_start
    keep_login
    name_storage keyring
    run -0 kimi-refresh --storage file
    assert_in_file
    assert_same 600 "$(mode "$LOGIN")"
    assert_same 'storage = "file"' "$(storages)"
}

@test "refresh --storage keyring of a due login refreshes and moves" {
    server_start
    keyring_start
    store_login --expires-in-left 100
    run -0 kimi-refresh --storage keyring
    assert_in_keyring "$(server_stat last_access_token)"
    assert_same 1 "$(server_count refresh)"
}

@test "moving to where the login is already changes nothing" {
    server_start
    keyring_start
    keep_login
    name_storage keyring
    run -0 --separate-stderr kimi-refresh --storage keyring
    assert_lacks "$stderr" moved
    run -0 --separate-stderr kimi-login --storage keyring
    assert_lacks "$stderr" moved
    assert_in_keyring
}

@test "while a login moves to the keyring, at least one copy exists" {
    keyring_start
    store_login
    watch_helper
    # When the keyring is asked to store, the file must still be there; when it is asked to erase, too.
    script on_store "cp '$LOGIN' seen"
    run -0 kimi-refresh --storage keyring
    assert_same at-stored "$(json access_token <seen)"
    script on_erase "cp '$LOGIN' seen.again"
    run -0 kimi-refresh --storage file
    assert_same at-stored "$(json access_token <seen.again)"
}

@test "after a move token prints the same token, and nobody has to log in" {
    keyring_start
    store_login
    run -0 kimi-refresh --storage keyring
    run -0 kimi-token
    assert_same at-stored "$output"
    run -0 kimi-refresh --storage file
    run -0 kimi-token
    assert_same at-stored "$output"
}

## Logout

@test "logout removes the login from the keyring, without a warning" {
    keyring_start
    logged_in
    run -0 --separate-stderr kimi-logout
    assert_error "logged out of Kimi Code"
    assert_same 0 "$(keyring_items)"
    run -4 kimi-token
    assert_lacks "$(cat "$CONFIG")" kimi-code
}

@test "logout of a keyring login says how long the access token stays valid" {
    keyring_start
    keep_login
    run -0 --separate-stderr kimi-logout
    assert_error "stays valid for another 1"
}

@test "logout removes both copies" {
    keyring_start
    keep_login
    store_login
    run -0 kimi-logout
    [ ! -e "$LOGIN" ]
    assert_same 0 "$(keyring_items)"
}

@test "logout removes a login that Python's keyring stored and our state knows nothing of" {
    keyring_start
    python_keyring "keyring.set_password('kimi-code', '$KEY', '{\"access_token\": \"a\", \"refresh_token\": \"b\", \"expires_at\": 1}')"
    run -0 kimi-logout
    assert_same 0 "$(keyring_items)"
}

@test "logout with an empty keyring has nothing to do" {
    keyring_start
    run -0 --separate-stderr kimi-logout
    assert_error "nothing to do"
}

## Cron

@test "from cron, with no D-Bus variables, the user's own bus is found: token and refresh work" {
    due_login
    mkdir -p "users/$(id -u)"
    ln -s "$XDG_RUNTIME_DIR/bus" "users/$(id -u)/bus"
    run -0 --separate-stderr as_cron kimi-refresh --quiet
    assert_same "" "$output$stderr"
    run -0 as_cron kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
    assert_in_keyring "$output"
}

@test "a bus in XDG_RUNTIME_DIR is found without its address" {
    keyring_start
    keep_login
    env -u DBUS_SESSION_BUS_ADDRESS kimi-token >token
    assert_same at-stored "$(cat token)"
}

@test "from cron, a bus socket of another user is not used" {
    due_login
    mkdir -p "users/$(id -u)"
    ln -s "$XDG_RUNTIME_DIR/bus" "users/$(id -u)/bus"
    chmod 777 "$XDG_RUNTIME_DIR/bus" # so that it is refused only because of its owner
    as_root chown 65533 "$XDG_RUNTIME_DIR/bus"
    run -75 as_cron kimi-token
    run -75 as_cron kimi-refresh
    as_root chown "$(id -u)" "$XDG_RUNTIME_DIR/bus"
    run -0 as_cron kimi-token --no-refresh --min-valid 0
    assert_same 0 "$(server_count refresh)"
}

@test "from cron, something that is not a socket is not used as the bus" {
    keyring_start
    keep_login
    name_storage keyring
    mkdir -p "users/$(id -u)"
    : >"users/$(id -u)/bus"
    run -75 as_cron kimi-token
}

## Secrets stay out of sight

@test "no secret is ever an argument of our helper or in its environment" {
    due_login
    watch_helper
    local one
    for one in get store erase; do
        script "on_$one" "cat /proc/\$PPID/cmdline /proc/\$PPID/environ | tr '\\0' '\\n' >>'$BATS_TEST_TMPDIR/seen'"
    done
    run -0 kimi-refresh
    run -0 kimi-token
    run -0 kimi-refresh --storage file
    run -0 kimi-refresh --storage keyring
    run -0 kimi-logout
    for one in get store erase; do assert_contains "$(asked)" "$one" || return; done
    assert_contains "$(cat seen)" "HOME="
    assert_lacks "$(cat seen)" at-
    assert_lacks "$(cat seen)" rt-
}

@test "the helper leaves no core dump and cannot be read by other processes of the user" {
    # It waits for its standard input, which we keep open.
    mkfifo input
    # shellcheck disable=SC2016 # expanded by that shell
    start helper bash -c 'ulimit -S -c hard && exec "$1" get <input' sh "$OWN_HELPER"
    local writer
    exec {writer}>input
    wait_until grep -qE '^Max core file size +0 ' "/proc/$pid/limits"
    wait_until is_asleep "$pid" kimi-credential
    assert_same root "$(stat -c %U "/proc/$pid/environ")"
    exec {writer}>&-
    finish 2
}

## The helper alone, with Git's protocol

helper() { printf '%s\n' "${@:2}" '' | "$OWN_HELPER" "$1"; }

@test "the helper's get gives username and password, 0" {
    keyring_start
    keep_login
    run -0 helper get protocol=https host=auth.kimi.com username="$KEY"
    assert_same "username=$KEY" "${lines[0]}"
    assert_same at-stored "$(json access_token <<<"${lines[1]#password=}")"
}

@test "the helper's statuses distinguish no login, locked and unavailable" {
    keyring_start
    keep_login
    run -1 helper get username=oauth/none
    assert_same "" "$output"
    keyring_lock
    run -3 helper get username="$KEY"
    run -3 helper store username="$KEY" password=new
    run -3 helper store username=oauth/new password=new
    run -3 helper erase username="$KEY"
    bus_stop
    run -4 helper get username="$KEY"
    run -4 helper store username="$KEY" password=new
    run -4 helper erase username="$KEY"
}

@test "the helper's store and erase: 0, and nothing on standard output" {
    keyring_start
    run -0 --separate-stderr helper store protocol=https host=h username=oauth/x 'password={"a": 1}'
    assert_same "" "$output$stderr"
    assert_same '{"a": 1}' "$(keyring_secret oauth/x)"
    run -0 --separate-stderr helper erase protocol=https host=h username=oauth/x
    assert_same "" "$output$stderr"
    run -1 helper erase protocol=https host=h username=oauth/x
}

@test "the helper ignores attributes it does not know, and operations to come" {
    keyring_start
    keep_login
    run -0 helper get 'capability[]=authtype' protocol=https host=h path=p username="$KEY" 'wwwauth[]=Basic' new=thing
    assert_contains "$output" "password="
    run -0 helper capability
    assert_same "" "$output"
}

@test "the helper refuses no operation, no username, an empty password and a line without end: 2" {
    run -2 "$OWN_HELPER"
    run -2 "$OWN_HELPER" get store
    run -2 helper get protocol=https
    run -2 helper store username="$KEY"
    run -2 helper store username="$KEY" password=
    run -2 bash -c 'printf "username=x" | "$1" get' sh "$OWN_HELPER"
}

@test "Git itself can use our helper" {
    keyring_start
    printf 'protocol=https\nhost=h\nusername=oauth/git\npassword=of git\n\n' |
        git -c credential.helper= -c credential.helper="$OWN_HELPER" credential approve
    assert_same "of git" "$(keyring_secret oauth/git)"
    run -0 --separate-stderr env GIT_TERMINAL_PROMPT=0 git -c credential.helper= -c credential.helper="$OWN_HELPER" \
        credential fill <<<$'protocol=https\nhost=h\nusername=oauth/git\n'
    assert_contains "$output" "password=of git"
}

@test "the helper is not a command: help does not list it, and it is not in the directory of the programs" {
    run -0 kimi --list-cmds
    assert_lacks "$output" credential
    [ ! -e "$KIMI_TEST_BIN/${OWN_HELPER##*/}" ]
}

@test "only the helper is linked with libsecret" {
    local program
    for program in "$KIMI_TEST_BIN"/*; do
        assert_lacks "$(ldd "$program" 2>&1)" libsecret || return
    done
    assert_contains "$(ldd "$OWN_HELPER")" libsecret
}

## The cache of the access token

@test "token of a keyring login leaves a cache, private, with the access token and no refresh token" {
    keyring_start
    keep_login
    run -0 kimi-token
    assert_same 700 "$(mode "$XDG_RUNTIME_DIR/kimi")"
    assert_same 600 "$(mode "$CACHE")"
    assert_contains "$(cat "$CACHE")" at-stored
    assert_lacks "$(cat "$CACHE")" rt-stored
}

@test "token with a cache does not ask the keyring" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    watch_helper
    run -0 kimi-token
    assert_same at-stored "$output"
    assert_same "" "$(asked)"
}

@test "token of a login in the file neither writes nor reads a cache" {
    keyring_start
    keep_login --access at-keyring
    kimi-token >/dev/null
    store_login --access at-file
    run -0 kimi-token
    assert_same at-file "$output"
    rm -r "$XDG_RUNTIME_DIR/kimi"
    run -0 kimi-token
    [ ! -e "$XDG_RUNTIME_DIR/kimi" ]
}

@test "KIMI_NO_CACHE=1 neither makes nor uses a cache" {
    keyring_start
    keep_login
    KIMI_NO_CACHE=1 kimi-token >/dev/null
    [ ! -e "$CACHE" ]
    kimi-token >/dev/null
    [ -e "$CACHE" ]
    keep_login --access at-new
    KIMI_NO_CACHE=1 run -0 kimi-token
    assert_same at-new "$output"
}

@test "logout empties the cache" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    run -0 kimi-logout
    [ ! -e "$CACHE" ]
    run -4 kimi-token
}

@test "logout empties the cache also where caching is off" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    KIMI_NO_CACHE=1 run -0 kimi-logout
    [ ! -e "$CACHE" ]
}

@test "KIMI_DISABLE_KEYRING=1 uses no cache of a keyring login" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    KIMI_DISABLE_KEYRING=1 run -4 kimi-token
}

@test "refresh drops the cache, and the next token is the new one" {
    due_login
    kimi-token --no-refresh --min-valid 0 >/dev/null
    [ -e "$CACHE" ]
    run -0 kimi-refresh
    [ ! -e "$CACHE" ]
    run -0 kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
}

@test "another login drops the cache" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    logged_in --force
    run -0 kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
}

@test "moving the login drops the cache" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    run -0 kimi-refresh --storage file
    [ ! -e "$CACHE" ]
}

@test "a login that another program put into the keyring is used, not the cached one" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    keep_login --access at-new
    run -0 kimi-token
    assert_same at-new "$output"
}

@test "a cache that is a minute old is not used" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    keep_login --access at-new
    touch -d '61 seconds ago' "$CACHE"
    run -0 kimi-token
    assert_same at-new "$output"
}

@test "a cache from the future is not used" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    keep_login --access at-new
    touch -d 'now + 1 hour' "$CACHE"
    run -0 kimi-token
    assert_same at-new "$output"
}

@test "a cached token that does not live long enough is not used" {
    server_start
    keyring_start
    keep_login --expires-in-left 400
    kimi-token >/dev/null
    run -0 kimi-token --min-valid 600
    assert_same "$(server_stat last_access_token)" "$output"
}

@test "a cache of another host is not used" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    keep_login --access at-new
    KIMI_CODE_OAUTH_HOST=https://other.example run -0 kimi-token
    assert_same at-new "$output"
}

@test "a cache that others could read or write is not used" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    keep_login --access at-new
    chmod 644 "$CACHE"
    run -0 kimi-token
    assert_same at-new "$output"
    assert_same 600 "$(mode "$CACHE")"
    keep_login --access at-newer
    chmod 755 "$XDG_RUNTIME_DIR/kimi"
    run -0 kimi-token
    assert_same at-newer "$output"
}

@test "a link in place of the cache is not followed" {
    keyring_start
    keep_login
    mkdir -m 700 "$XDG_RUNTIME_DIR/kimi"
    : >"$HOME/victim"
    ln -s "$HOME/victim" "$CACHE"
    run -0 kimi-token
    assert_same at-stored "$output"
    assert_same "" "$(cat "$HOME/victim")"
}

@test "garbage in the cache is not a token" {
    keyring_start
    keep_login
    kimi-token >/dev/null
    local bytes
    for bytes in '' $'\n' 'x' '{}' "$(head -n 1 "$CACHE")" "$(head -n 1 "$CACHE")"$'\n{"access_token": 5}'; do
        printf %s "$bytes" >"$CACHE"
        run -0 kimi-token
        assert_same at-stored "$output"
    done
}

@test "with no XDG_RUNTIME_DIR, or one that others may enter, there is no cache" {
    keyring_start
    keep_login
    env -u XDG_RUNTIME_DIR kimi-token >/dev/null
    [ ! -e "$CACHE" ]
    chmod 755 "$XDG_RUNTIME_DIR"
    run -0 kimi-token
    [ ! -e "$CACHE" ]
}

@test "a cache that cannot be written does no harm" {
    keyring_start
    keep_login
    : >"$XDG_RUNTIME_DIR/kimi"
    run -0 --separate-stderr kimi-token
    assert_same at-stored "$output"
    assert_same "" "$stderr"
}

## Killed in the middle

# killed_once_stored COMMAND...: sends SIGKILL once the login is in the keyring, before anything else is done.
killed_once_stored() {
    watch_helper
    # shellcheck disable=SC2016 # expanded by the script
    script on_get "secret-tool lookup service kimi-code username $KEY >/dev/null || exit 0" \
        'read -r _ _ _ parent _ <"/proc/$PPID/stat"' 'kill -KILL "$parent"'
    run -137 "$@"
    rm on_get
    assert_same 1 "$(keyring_items)"
}

@test "a move to the keyring that is killed leaves no copy there once --storage file is asked for" {
    keyring_start
    store_login
    killed_once_stored kimi-refresh --storage keyring
    assert_same at-stored "$(stored access_token)"
    run -0 kimi-refresh --storage file
    assert_in_file
}

@test "a move to the keyring that is killed leaves no copy there after a logout" {
    keyring_start
    store_login
    killed_once_stored kimi-refresh --storage keyring
    run -0 kimi-logout
    assert_same 0 "$(keyring_items)"
    [ ! -e "$LOGIN" ]
}

@test "a first login into the keyring that is killed is found by login --storage file" {
    keyring_start
    server_start
    server_control '{"pending": 0}'
    killed_once_stored kimi-login --no-browser --storage keyring
    [ ! -e "$LOGIN" ]
    run -0 kimi-login --no-browser --storage file
    assert_in_file "$(server_stat last_access_token)"
    assert_same 1 "$(server_count device)" "logins"
}

@test "a keyring that surely stored nothing is not remembered as one that may have" {
    keyring_start
    store_login
    keyring_lock
    run -75 kimi-refresh --storage keyring
    assert_same at-stored "$(stored access_token)"
    keyring_stop
    run -0 kimi-refresh --storage file
    run -0 kimi-logout
}

# shellcheck shell=bash
# shellcheck disable=SC2034,SC2119,SC2120 # for the test files
# A real gnome-keyring on a bus of its own, for the keyring tests; needs helper.bash and processes.bash.
#
# Each test has its own bus socket, keyring files and runtime directory in $BATS_TEST_TMPDIR. Two traps are always set:
# anything that launches a bus or asks for a prompt leaves a file, and teardown then fails the test.

KEY=oauth/kimi-code
PASSWORD=throw-away
OWN_HELPER=$KIMI_TEST_BIN/../libexec/kimi/kimi-credential-libsecret
# The real programs; PATH has traps of the same names.
DBUS_DAEMON=$(command -v dbus-daemon || true)
DBUS_RUN_SESSION=$(command -v dbus-run-session || true)
KEYRING_DAEMON=$(command -v gnome-keyring-daemon || true)

setup() { keyring_setup; }
teardown() { keyring_teardown; }

keyring_setup() {
    kimi_setup
    unset KIMI_DISABLE_KEYRING
    keyring_checked
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    # Always sets an address, so that no test finds the bus and the keyring of the caller.
    export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
    # Sets a display, because GDBus launches a bus only if there is one.
    export DISPLAY=:99
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    mkdir services traps
    : >daemons
    local name
    for name in dbus-launch dbus-daemon dbus-run-session gnome-keyring-daemon; do
        script "traps/$name" 'echo "$0 $*" >>'"'$BATS_TEST_TMPDIR/launched'; exit 1"
    done
    script traps/prompter 'echo asked >>'"'$BATS_TEST_TMPDIR/prompted'; exit 1"
    service org.gnome.keyring.SystemPrompter "$BATS_TEST_TMPDIR/traps/prompter"
    export PATH=$BATS_TEST_TMPDIR/traps:$PATH
    CACHE=$XDG_RUNTIME_DIR/kimi/kimi-code
}

# With a memory checker or on a busy machine, a keyring may take longer than the programs wait, so their clock is slowed
# down, too.
keyring_checked() {
    [ -n "${KIMI_TEST_CHECKER:-}" ] || return 0
    hook_all
    export KIMI_TEST_SLOWED=0.25
}

keyring_teardown() {
    local result=0 name
    if [ -z "${BATS_TEST_COMPLETED:-}" ] && [ -s "$BATS_TEST_TMPDIR/daemons" ]; then
        echo "--- items in the keyring:"
        timeout 2 secret-tool search --all service kimi-code 2>&1 | grep -v '^secret ='
    fi
    bus_stop
    for name in launched prompted; do
        if [ -e "$BATS_TEST_TMPDIR/$name" ]; then
            echo "--- $name:"
            cat "$BATS_TEST_TMPDIR/$name"
            result=1
        fi
    done
    kimi_teardown || result=1
    return "$result"
}

# script PATH LINE...: creates an executable shell script.
script() {
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$1"
    chmod 755 "$1"
}

## The bus and its daemons

# service NAME EXEC: lets the bus activate NAME by running EXEC.
service() { printf '[D-BUS Service]\nName=%s\nExec=%s\n' "$1" "$2" >"$BATS_TEST_TMPDIR/services/$1.service"; }

# start_daemon NAME COMMAND...: runs it in the background until teardown, with our standard input. Its output goes to
# NAME.log. Sets $pid.
start_daemon() {
    "${@:2}" <&0 >"$BATS_TEST_TMPDIR/$1.log" 2>&1 3>&- 4>&- &
    pid=$!
    echo "$pid" >>"$BATS_TEST_TMPDIR/daemons"
}

# stop_daemon PID: ends it, whatever it is doing, and waits for its end.
stop_daemon() {
    kill "$1" 2>/dev/null || true
    kill -CONT "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    ! kill -0 "$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null || true
}

bus_config() {
    cat <<XML
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=$XDG_RUNTIME_DIR/bus</listen>
  <servicedir>$BATS_TEST_TMPDIR/services</servicedir>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
XML
}

# bus_start: starts a bus that knows only what service() has added.
bus_start() {
    bus_config >"$BATS_TEST_TMPDIR/bus.conf"
    start_daemon bus "$DBUS_DAEMON" --config-file="$BATS_TEST_TMPDIR/bus.conf" --nofork --nopidfile
    wait_until test -S "$XDG_RUNTIME_DIR/bus"
}

# bus_stop: ends everything that start_daemon started, the last first.
bus_stop() {
    local one
    while read -r one; do
        stop_daemon "$one"
    done < <(tac "$BATS_TEST_TMPDIR/daemons")
    : >"$BATS_TEST_TMPDIR/daemons"
}

# ask_bus OBJECT METHOD [ARGUMENT...]: calls a method of org.freedesktop.DBus or of the keyring.
ask_bus() {
    local to=org.freedesktop.secrets
    [ "$1" != / ] || to=org.freedesktop.DBus
    dbus-send --session --print-reply=literal --reply-timeout=5000 --dest="$to" "$@"
}
keyring_is_up() { ask_bus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true; }
keyring_is_gone() { ! keyring_is_up; }

# keyring_start [--locked|--empty]: starts an open gnome-keyring, and its bus if needed; $keyring is its process id.
# Locked: as after a boot without a desktop login. Empty: no keyring was ever created.
keyring_start() {
    local how=(--unlock)
    [ $# = 0 ] || how=()
    [ -s "$BATS_TEST_TMPDIR/daemons" ] || bus_start
    printf %s "$PASSWORD" >"$BATS_TEST_TMPDIR/password"
    start_daemon keyring "$KEYRING_DAEMON" --foreground --components=secrets "${how[@]}" <"$BATS_TEST_TMPDIR/password"
    keyring=$pid
    wait_until keyring_is_up
}

# keyring_stop: ends the keyring, but not the bus.
keyring_stop() {
    stop_daemon "$keyring"
    wait_until keyring_is_gone
}

COLLECTION=/org/freedesktop/secrets/collection/login
keyring_is_locked() {
    ask_bus "$COLLECTION" org.freedesktop.DBus.Properties.Get string:org.freedesktop.Secret.Collection string:Locked |
        grep -q true
}
keyring_lock() {
    ask_bus /org/freedesktop/secrets org.freedesktop.Secret.Service.Lock "array:objpath:$COLLECTION" >/dev/null
    keyring_is_locked
}

# keyring_unlock: restarts it, because otherwise only a prompt could unlock it.
keyring_unlock() {
    keyring_stop
    keyring_start
}

## The keyring's contents, as other programs see them

# keyring_secret [KEY]: prints what secret-tool finds; fails if there is nothing.
keyring_secret() { secret-tool lookup service kimi-code username "${1:-$KEY}"; }

# kept FIELD: a field of the login in the keyring.
kept() { keyring_secret | json "$1"; }

# keyring_items: the number of our items.
keyring_items() { secret-tool search --all service kimi-code 2>/dev/null | grep -c '^\[/' || true; }

assert_in_keyring() {
    [ ! -e "$LOGIN" ] || fail "there is a copy in the file" || return
    assert_same 1 "$(keyring_items)" "items in the keyring" || return
    assert_same "${1:-at-stored}" "$(kept access_token)"
}
assert_in_file() {
    assert_same 0 "$(keyring_items)" "items in the keyring" || return
    assert_same "${1:-at-stored}" "$(stored access_token)"
}

# keep_login [OPTIONS OF store_login]: stores a login with secret-tool, only in the keyring.
keep_login() {
    store_login "$@"
    secret-tool store --label="a test's login" service kimi-code username "$KEY" <"$LOGIN"
    rm "$LOGIN"
}

# name_storage STORAGE: writes a config that names this storage, as kimi-cli and kimi-login do.
name_storage() {
    login_config | sed "s/storage = \"file\"/storage = \"$1\"/" >"$CONFIG"
    chmod 600 "$CONFIG"
}

# storages: the storages that the config names, each once.
storages() { grep -o 'storage = "[a-z]*"' "$CONFIG" | sort -u; }

# kimi_cli_starts: what load_tokens() of kimi-cli's oauth.py does at a start: it reads the file, else the keyring, whose login
# it moves to the file; then it writes the config again.
kimi_cli_starts() {
    if [ ! -e "$LOGIN" ]; then
        (umask 077 && keyring_secret >"$LOGIN")
        secret-tool clear service kimi-code username "$KEY"
    fi
    [ ! -e "$CONFIG" ] || sed -i 's/storage = "keyring"/storage = "file"/' "$CONFIG"
}

# python_with MODULE: prints a Python that has it.
python_with() {
    local python
    for python in /usr/bin/python3 "$KIMI_TEST_PYTHON"; do
        if "$python" -E -c "import $1" 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    fail "no Python here has the module $1"
}

# python_keyring LINE: runs it in a Python that has the module `keyring`.
python_keyring() {
    local python
    python=$(python_with keyring) || return
    PYTHON_KEYRING_BACKEND=keyring.backends.SecretService.Keyring "$python" -E -c "import keyring; $1"
}

## Between the programs and their own helper

# watch_helper: from now on, each call of our helper adds get, store or erase to the file `asked`, and first runs the
# script on_get, on_store or on_erase, if it exists.
watch_helper() {
    local kit=$BATS_TEST_TMPDIR/kit program
    mkdir -p "$kit/bin" "$kit/libexec/kimi"
    for program in "$KIMI_TEST_BIN"/*; do
        ln -s "$program" "$kit/bin"
    done
    : >asked
    # shellcheck disable=SC2016 # expanded by the script
    script "$kit/libexec/kimi/${OWN_HELPER##*/}" "cd '$BATS_TEST_TMPDIR'" 'echo "$1" >>asked' \
        '[ ! -e "on_$1" ] || "./on_$1"' "exec '$OWN_HELPER' \"\$@\""
    export KIMI_EXEC_PATH=$kit/bin PATH=$kit/bin:$PATH
}
asked() { tr '\n' ' ' <"$BATS_TEST_TMPDIR/asked"; }

## Time

# at_once STATUS COMMAND...: like run --separate-stderr, and it ends within the 3 s that a keyring may take.
at_once() {
    local before
    before=$(now_ms)
    run "-$1" --separate-stderr "${@:2}"
    assert_in_time "$before" "of ${*:2}"
}

# login_begins ARGUMENT...: starts kimi-login, which shows its URL within 3 s; finish waits for its end.
login_begins() {
    local before
    before=$(now_ms)
    start login kimi-login --no-browser "$@"
    wait_until grep -q "open this page" login.err
    assert_in_time "$before" "until the URL"
}

# Exactly one line says where the login is stored and why.
why_line() {
    assert_same 1 "$(grep -c "login saved in" "$1")" "lines on the store" || return
    grep "login saved in" "$1"
}

## The bus of cron

# as_cron [NAME=VALUE...] COMMAND...: runs it in the environment of cron, on a machine whose /run/user has the contents
# of ./users. Without permission to mount, links users/UID/bus into the real one while the command runs.
as_cron() {
    local real status=0 keep=() here=$BATS_TEST_TMPDIR/users
    real=/run/user/$(id -u)
    mkdir -p "$here"
    set -- env -i HOME="$HOME" PATH="$PATH" KIMI_EXEC_PATH="${KIMI_EXEC_PATH:-}" \
        KIMI_CODE_OAUTH_HOST="${KIMI_CODE_OAUTH_HOST:-}" KIMI_CODE_BASE_URL="${KIMI_CODE_BASE_URL:-}" "$@"
    [ "$(id -u)" = 0 ] || keep=(--map-current-user --keep-caps)
    if unshare "${keep[@]}" -m true 2>/dev/null; then
        # shellcheck disable=SC2016 # expanded by that shell
        unshare "${keep[@]}" -m sh -c 'mount --bind "$1" /run/user && shift && exec "$@"' sh "$here" "$@"
        return
    fi
    (
        flock 9
        if [ -e "$real/bus" ]; then
            fail "this machine has a bus of its own, and allows no mounts"
            exit 200
        fi
        mkdir -p "$real"
        [ ! -e "${here}${real#/run/user}/bus" ] || ln -s "$(readlink -f "${here}${real#/run/user}/bus")" "$real/bus"
        "$@" || status=$?
        rm -f "$real/bus"
        rmdir "$real" 2>/dev/null || true
        exit "$status"
    ) 9>"${TMPDIR:-/tmp}/kimi-tests-cron.$UID"
}

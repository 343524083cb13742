# shellcheck shell=bash
# Running programs in the background and with fewer permissions.

load "$KIMI_TEST_ROOT/tests/failing" # wherever the test is

# start NAME COMMAND...: runs it in the background, with our standard input. Its output goes to NAME.out and NAME.err. Sets
# $pid.
start() {
    local name=$1
    shift
    : >"$BATS_TEST_TMPDIR/$name.out" # at once, so that nobody reads the output of an earlier run
    "$@" <&0 >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- 4>&- &
    pid=$!
    started="${started:-} $pid"
}

# end_started: ends what a failed test has left running; called by kimi_teardown.
end_started() {
    local job
    for job in $(jobs -p); do
        case " ${started:-} " in *" $job "*) kill -KILL "$job" 2>/dev/null || true ;; esac
    done
}

# finish STATUS [PID]: waits for a started process (default: the last one), and fails if its exit status differs.
finish() {
    local ended=0
    wait "${2:-$pid}" || ended=$?
    if [ "$ended" != "$1" ]; then
        cat "$BATS_TEST_TMPDIR"/*.err | sort | uniq -c | sort -rn | head -n 20
        fail "ended with status $ended, not $1"
    fi
}

# out_of NAME, err_of NAME: the output of start NAME.
out_of() { show_file "$BATS_TEST_TMPDIR/$1.out"; }
err_of() { show_file "$BATS_TEST_TMPDIR/$1.err"; }
# show_file FILE: as cat(1), without a process.
show_file() {
    local text
    IFS= read -r -d '' text <"$1" || true
    printf %s "$text"
}

# is_asleep PID PROGRAM: the process runs that program and waits for something.
is_asleep() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return
    [[ $stat == *"($2) S"* ]]
}

# hold_lock NAME: holds the lock of the login until release_lock NAME.
hold_lock() {
    mkfifo "$BATS_TEST_TMPDIR/$1.lets_go"
    start "$1" flock "$LOCK" sh -c "echo held; read -r line <'$BATS_TEST_TMPDIR/$1.lets_go'"
    wait_until test -s "$BATS_TEST_TMPDIR/$1.out"
}
release_lock() { echo >"$BATS_TEST_TMPDIR/$1.lets_go"; }

# as_root COMMAND...: for what only root can set up, such as a file of another user.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@" || fail "this test needs root, or sudo without a password: $*"
    fi
}

# in_container COMMAND...: runs it as process 1 of a container with its own process list.
in_container() {
    local as_user=()
    [ "$(id -u)" = 0 ] || as_user=(--user --map-current-user)
    unshare "${as_user[@]}" --pid --fork --mount-proc "$@"
}

# assert_between LOW VALUE HIGH [WHAT]
assert_between() {
    if [ "$2" -lt "$1" ] || [ "$2" -gt "$3" ]; then
        fail "${4:-value}: $2 is not between $1 and $3"
    fi
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# assert_in_time BEFORE WHAT: since BEFORE (now_ms), a keyring took its 3 s once. Twice would be 6 s; the rest is for a busy
# machine.
assert_in_time() { assert_between 0 $(($(now_ms) - $1)) $((5900 * PATIENCE)) "milliseconds $2"; }

# is_stored FIELD VALUE, isnt_stored FIELD VALUE: for wait_until.
is_stored() { [ "$(stored "$1" 2>/dev/null)" = "$2" ]; }
isnt_stored() { [ "$(stored "$1" 2>/dev/null)" != "$2" ]; }

# new_login NAME [OPTIONS OF store_login]: replaces the login in one step, after the server knows it.
new_login() {
    HOME=$BATS_TEST_TMPDIR/elsewhere store_login "${@:2}"
    (umask 077 && mkdir -p "$FOLDER")
    mv "$BATS_TEST_TMPDIR/elsewhere/.kimi/credentials/kimi-code.json" "$FOLDER/$1.json"
}

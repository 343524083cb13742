# shellcheck shell=bash
# Running programs beside a test and with fewer rights: for the tests of the login itself.

load "$KIMI_TEST_ROOT/tests/failing" # wherever the test lies

# start NAME COMMAND...: runs it beside the test, with our standard input; its output goes to NAME.out and NAME.err, its
# number to $pid.
start() {
    local name=$1
    shift
    : >"$BATS_TEST_TMPDIR/$name.out" # not in a moment: whoever waits for it is not to see that of a run before
    "$@" <&0 >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- 4>&- &
    pid=$!
    started="${started:-} $pid"
}

# end_started: what a test that failed has left running does not outlive it; kimi_teardown calls it.
end_started() {
    local job
    for job in $(jobs -p); do
        case " ${started:-} " in *" $job "*) kill -KILL "$job" 2>/dev/null || true ;; esac
    done
}

# finish STATUS [PID]: waits for what start began (the last one) and fails if it ended otherwise.
finish() {
    local ended=0
    wait "${2:-$pid}" || ended=$?
    if [ "$ended" != "$1" ]; then
        cat "$BATS_TEST_TMPDIR"/*.err | sort | uniq -c | sort -rn | head -n 20
        fail "ended with status $ended, not $1"
    fi
}

# out_of NAME, err_of NAME: what start NAME gave.
out_of() { cat "$BATS_TEST_TMPDIR/$1.out"; }
err_of() { cat "$BATS_TEST_TMPDIR/$1.err"; }

# is_asleep PID PROGRAM: it has become that program and waits for something.
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

# in_container COMMAND...: as process 1 of a container, with a process list of its own.
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

# assert_in_time BEFORE WHAT: since that now_ms no more than the 3 s that a keyring may cost, and one that a busy machine may.
assert_in_time() { assert_between 0 $(($(now_ms) - $1)) $((4000 * PATIENCE)) "milliseconds $2"; }

# is_stored FIELD VALUE, isnt_stored FIELD VALUE: for wait_until.
is_stored() { [ "$(stored "$1" 2>/dev/null)" = "$2" ]; }
isnt_stored() { [ "$(stored "$1" 2>/dev/null)" != "$2" ]; }

# new_login NAME [OPTIONS OF store_login]: another login comes into place, whole, and known to the server before that.
new_login() {
    HOME=$BATS_TEST_TMPDIR/elsewhere store_login "${@:2}"
    (umask 077 && mkdir -p "$FOLDER")
    mv "$BATS_TEST_TMPDIR/elsewhere/.kimi/credentials/kimi-code.json" "$FOLDER/$1.json"
}

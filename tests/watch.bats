#!/usr/bin/env bats
# kimi refresh --watch: it keeps running, refreshes when a login is due or the machine has slept, and ends on request.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

# watching: starts a watcher that checks 20 times a second, and waits for its first check.
watching() {
    start watch kimi-refresh --watch --interval 0.05
    wait_until is_asleep "$pid" kimi-refresh
}

stop_watching() {
    kill -TERM "$pid"
    finish 0
}

lines_of() { wc -l <"$BATS_TEST_TMPDIR/$1" | tr -d ' '; }
said() { grep -q -- "$1" "$BATS_TEST_TMPDIR/watch.err"; }

# sleeping: a watcher whose wall clock jumps by what sleep_for says, as if the machine had slept.
sleeping() {
    cc -shared -fPIC -o clock.so -x c - <<'END'
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	long slept = 0;
	FILE *file = clock == CLOCK_REALTIME ? fopen("slept", "r") : NULL;
	if (file && fscanf(file, "%ld", &slept) != 1)
		slept = 0;
	if (file)
		fclose(file);
	int failed = (int)syscall(SYS_clock_gettime, clock, ret);
	ret->tv_sec += slept;
	return failed;
}
END
    sleep_for 0
    start watch env LD_PRELOAD="$PWD/clock.so" ASAN_OPTIONS=verify_asan_link_order=0 \
        kimi-refresh --watch --interval 0.05
    wait_until is_asleep "$pid" kimi-refresh
}
sleep_for() { echo "$1" >slept.new && mv slept.new slept; }

@test "a login that becomes due is refreshed, in one line" {
    server_start
    store_login
    watching
    new_login kimi-code --expires-in-left 100
    wait_until said .
    stop_watching
    assert_same "kimi refresh: refreshed; the token is valid for 15 min" "$(err_of watch)"
    assert_same "" "$(out_of watch)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_same 1 "$(server_count refresh)"
}

@test "on a terminal it says what it watches and how to end it: at 80 and 40 columns" {
    local columns on_terminal=("$KIMI_TEST_ROOT/tests/on_terminal.py")
    server_start
    store_login
    for columns in 80 40; do
        kimi_python "${on_terminal[@]}" --columns "$columns" --type 'ends it' '\x03' kimi-refresh --watch >shown
        assert_contains "$(tr '\n' ' ' <shown)" "kimi refresh: watching Kimi Code; checks every minute, Ctrl-C ends it"
        # The shell's prompt begins a line of its own.
        assert_same '^C\n' "$(tail -c 3 shown | od -An -c | tr -d ' ')"
    done
    cp "$HOME/.kimi/credentials/kimi-code.json" "$HOME/.kimi/credentials/kimi-code@work.json"
    run -0 kimi_python "${on_terminal[@]}" --columns 120 --term 'ends it' kimi-refresh --watch
    assert_contains "$output" "watching Kimi Code; Kimi Code, account work; checks"
    run -0 kimi_python "${on_terminal[@]}" --columns 120 --term 'ends it' kimi-refresh --watch --account work
    assert_contains "$output" "watching Kimi Code, account work; checks"
    rm -r "$HOME/.kimi"
    run -0 kimi_python "${on_terminal[@]}" --columns 120 --term 'ends it' kimi-refresh --watch
    assert_contains "$output" "watching for a login; checks"
}

@test "nothing is said and nothing is sent while nothing happens" {
    server_start
    store_login
    watching
    local before
    before=$(looks)
    wait_until later_than "$before"
    stop_watching
    assert_same "" "$(err_of watch)$(out_of watch)"
    assert_same 0 "$(server_count all)"
}

# looks: the number of its system calls, which counts its checks; later_than N: some twenty checks after that.
looks() { as_root awk '/^syscr/ { print $2 }' "/proc/$pid/io"; }
later_than() { [ "$(looks)" -gt $(($1 + 40)) ]; }

@test "with --json each event is an object, and without events it prints nothing" {
    server_start
    store_login --expires-in-left 100
    start watch kimi-refresh --watch --interval 0.05 --json
    wait_until test -s watch.out
    stop_watching
    assert_same 1 "$(lines_of watch.out)"
    assert_same success "$(out_of watch | json type)"
    assert_same true "$(out_of watch | json data.refreshed)"
    assert_same "" "$(err_of watch)"
}

@test "SIGTERM, SIGINT and SIGHUP end it with 0, without a word" {
    local signal
    server_start
    store_login
    for signal in TERM INT HUP; do
        # A shell starts its background jobs with SIGINT ignored.
        start watch env --default-signal=INT kimi-refresh --watch
        wait_until is_asleep "$pid" kimi-refresh
        kill -"$signal" "$pid"
        finish 0
        assert_same "" "$(err_of watch)"
    done
}

@test "SIGTERM in the middle of an exchange: the new login is saved, then it ends with 0" {
    server_start
    server_control '{"faults": {"refresh": [{"hold": "answer"}]}}'
    store_login --expires-in-left 100
    start watch kimi-refresh --watch
    server_wait_held answer
    kill -TERM "$pid"
    server_release answer
    finish 0
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_same 1 "$(server_count refresh)"
}

@test "a network that goes is said once, and the refresh is made up for when it comes back" {
    local port
    server_start
    port=$(server_url)
    port=${port##*:}
    server_stop
    store_login --expires-in-left 100
    start watch kimi-refresh --watch --interval 0.05
    wait_until said "cannot reach"
    # The last attempt of that round, three of the next one, and another: it has failed at least twice.
    wait_until attempts_were_made 5
    assert_same 1 "$(lines_of watch.err)"
    KIMI_TEST_PORT=$port again
    wait_until said "refreshed; the token is valid"
    stop_watching
    assert_same 2 "$(lines_of watch.err)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

# attempts_were_made COUNT: each attempt first saves the login unchanged, and they are a second apart.
attempts_were_made() {
    stat -c %y "$LOGIN" >>saved
    [ "$(sort -u saved | wc -l)" -ge "$1" ]
}

# again: starts the server again on the same port.
again() {
    local dir
    dir=$(server_dir)
    "$KIMI_TEST_PYTHON" -E -S "$KIMI_TEST_ROOT/tests/server/kimi_server.py" --dir "$dir" --parent $$ --port "$KIMI_TEST_PORT" \
        </dev/null >/dev/null 2>>"$dir/log" 3>&- 4>&- &
    echo $! >"$dir/pid"
}

@test "with --quiet a temporary problem is not mentioned" {
    server_start
    server_control '{"faults": {"refresh": [{"status": 503, "repeat": 3}]}}'
    store_login --expires-in-left 100
    start watch kimi-refresh --watch --interval 0.05 --quiet
    wait_until isnt_stored access_token at-stored
    stop_watching
    assert_same 4 "$(server_count refresh)"
    assert_same "" "$(err_of watch)$(out_of watch)"
}

@test "a machine that slept has its login refreshed at once, due or not" {
    server_start
    store_login
    sleeping
    assert_same 0 "$(server_count all)"
    sleep_for 5
    wait_until said refreshed
    stop_watching
    assert_contains "$(err_of watch)" "the computer slept for 5 s"
    assert_same 1 "$(server_count refresh)"
}

@test "after a sleep without a network the refresh is made up for as soon as there is one" {
    server_start
    server_control '{"faults": {"refresh": [{"status": 503, "repeat": 3}]}}'
    store_login
    sleeping
    sleep_for 5
    wait_until said refreshed
    stop_watching
    assert_same 4 "$(server_count refresh)"
}

@test "a login that the server rejected is said once and not sent again" {
    server_start
    store_login --expires-in-left 100 --no-seed
    start watch kimi-refresh --watch --interval 0.05
    wait_until said "run .kimi login."
    local before
    before=$(looks)
    wait_until later_than "$before"
    stop_watching
    assert_same 1 "$(lines_of watch.err)"
    assert_same 1 "$(server_count refresh)"
}

@test "a new login after a rejected one is noticed" {
    server_start
    store_login --expires-in-left 100 --no-seed
    start watch kimi-refresh --watch --interval 0.05
    wait_until said "run .kimi login."
    new_login kimi-code --refresh rt-new
    wait_until said "valid for"
    stop_watching
}

@test "it may be started before there is a login, says so, and refreshes the one that comes" {
    server_start
    start watch kimi-refresh --watch --interval 0.05
    wait_until said "not logged in"
    new_login kimi-code --expires-in-left 100
    wait_until said refreshed
    stop_watching
    assert_same 2 "$(lines_of watch.err)"
}

@test "an account that is added is watched too" {
    server_start
    store_login
    watching
    new_login kimi-code@work --expires-in-left 100
    wait_until said "work: refreshed"
    stop_watching
    assert_same 1 "$(lines_of watch.err)"
}

@test "two watchers send one request" {
    server_start
    store_login
    watching
    local first=$pid
    start other kimi-refresh --watch --interval 0.05
    wait_until is_asleep "$pid" kimi-refresh
    new_login kimi-code --expires-in-left 100
    # The second one may find nothing to do, and then prints nothing.
    wait_until grep -q refreshed watch.err other.err
    kill -TERM "$first" "$pid"
    finish 0 "$first"
    finish 0
    assert_same 1 "$(server_count refresh)"
}

@test "systemd gets READY and STOPPING, over a path and over an abstract name" {
    local name
    server_start
    store_login
    for name in "$BATS_TEST_TMPDIR/notify" "@kimi-test-$$"; do
        start manager timeout 20 "$KIMI_TEST_PYTHON" -E -S -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\0", 1))
print("bound", flush=True)
for _ in range(2):
    print(s.recv(100).decode(), flush=True)' "$name"
        local manager=$pid
        wait_until grep -q bound manager.out
        NOTIFY_SOCKET=$name start watch kimi-refresh --watch
        wait_until grep -q READY manager.out
        stop_watching
        finish 0 "$manager"
        assert_same $'bound\nREADY=1\nSTOPPING=1' "$(out_of manager)"
    done
}

@test "a manager that has gone disturbs nothing" {
    server_start
    store_login
    NOTIFY_SOCKET=$BATS_TEST_TMPDIR/nobody start watch kimi-refresh --watch
    wait_until is_asleep "$pid" kimi-refresh
    stop_watching
    assert_same "" "$(err_of watch)"
}

@test "many looks and as many refreshes leak neither memory nor descriptors" {
    server_start
    # A login that is due at every check is refreshed at every check.
    server_control '{"expires_in": 0.02}'
    store_login --expires-in-left 100
    # A sanitizer keeps freed memory, unless told not to.
    start watch env ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0 \
        kimi-refresh --watch --interval 0.01
    wait_until at_least 10
    local fds memory count
    fds=$(descriptors)
    memory=$(resident)
    for count in 20 30 40 50 60 70 80; do wait_until at_least "$count"; done # a slow machine makes progress, too
    # During a check there are a few more than between two.
    assert_between 0 "$(descriptors)" $((fds + 10)) descriptors
    assert_between 0 "$(resident)" $((memory + 256)) "kB of memory, $memory before"
    stop_watching
}

at_least() { [ "$(server_count refresh)" -ge "$1" ]; }
descriptors() { find "/proc/$pid/fd" -mindepth 1 | wc -l | tr -d ' '; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }

@test "an API key does not end: --watch of its platform is wrong usage" {
    run -2 --separate-stderr kimi-refresh --watch --platform moonshot-cn
    assert_error "an API key of .* does not expire, so there is nothing to watch"
}

@test "--watch cannot be used with --force, --models or --storage" {
    local option
    for option in --force --models --storage=file; do
        run -2 --separate-stderr kimi-refresh --watch "$option"
        assert_error "cannot be used with"
    done
}

@test "the unit of systemd runs it as a service that says when it is ready" {
    local unit=$KIMI_TEST_ROOT/share/systemd/kimi-watch.service
    assert_contains "$(cat "$unit")" "Type=notify"
    assert_contains "$(cat "$unit")" 'ExecStart="@bindir@/kimi-refresh" --watch'
    assert_contains "$(cat "$unit")" "Restart=on-failure"
}

@test "systemd finds no fault with any unit, and each service is hardened" {
    local unit name units=()
    for unit in "$KIMI_TEST_ROOT"/share/systemd/*; do
        name=${unit##*/}
        sed "s,@bindir@,$KIMI_TEST_BIN,g" "$unit" >"$name"
        units+=("./$name")
        [[ $name != *.service ]] || grep -q '^NoNewPrivileges=yes' "$name" || fail "$name is not hardened" || return
    done
    [ "${#units[@]}" -ge 3 ]
    command -v systemd-analyze >/dev/null || return 0
    XDG_RUNTIME_DIR=$PWD run -0 systemd-analyze --user --man=no verify "${units[@]}"
    assert_same "" "$output"
}

@test "as process 1 of a container it leaves no zombie" {
    store_login
    run -0 in_container "$KIMI_TEST_PYTHON" -ESc '
import atexit, os, signal, time
def only_we_are_left():
    end = time.monotonic() + 20
    while open("/proc/1/task/1/children").read().split() != [str(os.getpid())]:
        assert time.monotonic() < end
        time.sleep(0.01)
if os.fork():
    if os.fork() == 0:
        os._exit(0)
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    os.execvp("kimi-refresh", ["kimi-refresh", "--watch", "--quiet"])
atexit.register(os.kill, 1, signal.SIGTERM)
only_we_are_left() # of the ended processes
for _ in range(5):
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            time.sleep(0.2)
        os._exit(0)
    os.waitpid(child, 0)
only_we_are_left()
print("none is left", flush=True)'
    assert_same "none is left" "$output"
}

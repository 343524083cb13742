#!/usr/bin/env bats
# kimi exec: runs a command with a fresh token, as if it had been started directly.

# Each test runs in a subshell; run and start set variables; the quoted scripts are for the command's shell.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016

bats_require_minimum_version 1.5.0
load helper
load processes

setup() {
    kimi_setup
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir tmp
}
# with_runtime: a runtime directory, as a login session has one.
with_runtime() {
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    mkdir -m 700 "$XDG_RUNTIME_DIR"
}

## The token

@test "the command finds the token in KIMI_API_KEY" {
    store_login
    run -0 --separate-stderr kimi exec -- sh -c 'echo "$KIMI_API_KEY"'
    assert_same at-stored "$output"
    assert_same "" "$stderr"
}

@test "a kimi inside does not take the token for an API key, after a logout least of all" {
    store_login
    run -4 --separate-stderr kimi exec -- sh -c 'kimi logout --quiet; kimi token'
    assert_same "" "$output"
    store_login
    run -4 kimi exec -- sh -c 'kimi logout --quiet; kimi status --check'
    store_login
    run -0 kimi exec -- sh -c 'kimi logout --quiet; kimi status'
    assert_contains "$output" "it holds an access token of kimi exec, not an API key"
    store_login
    run -4 kimi exec -- sh -c 'kimi logout --quiet; kimi models'
    store_login
    run -4 kimi exec -- sh -c 'kimi logout --quiet; kimi exec -- true'
}

@test "a key that is set inside is a key, and so is one that kimi exec passed on" {
    store_login
    run -0 kimi exec -- sh -c 'kimi logout --quiet; KIMI_API_KEY=sk-mine kimi token'
    assert_same sk-mine "$output"
    KIMI_API_KEY=sk-ci run -0 kimi exec -- kimi exec -- kimi token
    assert_same sk-ci "$output"
    store_login
    export KIMI_API_KEY=sk-mine
    run -0 kimi exec --env OPENAI_API_KEY -- sh -c 'kimi logout --quiet; kimi token; env | grep -c ^KIMI_API_KEY'
    assert_same $'sk-mine\n1' "$output"
}

@test "the marker contains nothing of the token, and an inner kimi exec updates it" {
    store_login
    run -0 kimi exec -- printenv KIMI_API_KEY_IS_TOKEN
    [[ $output =~ ^[0-9a-f]{16}$ ]]
    run -4 kimi exec -- kimi exec --env OTHER -- sh -c 'kimi logout --quiet; kimi token'
    store_login
    run -4 kimi exec -- kimi exec -- sh -c 'kimi logout --quiet; kimi token'
}

@test "--env names another variable, and KIMI_API_KEY stays what it was" {
    store_login
    export KIMI_API_KEY=sk-mine
    run -0 kimi exec --env OPENAI_API_KEY -- sh -c 'echo "$OPENAI_API_KEY $KIMI_API_KEY"'
    assert_same "at-stored sk-mine" "$output"
}

@test "an empty --env puts the token into no variable" {
    store_login
    run -0 kimi exec --env= --file-env FILE -- sh -c 'env; echo "file: $(cat "$FILE")"'
    assert_same 1 "$(grep -c at-stored <<<"$output")"
    assert_contains "$output" "file: at-stored"
}

@test "a token that is due is refreshed first" {
    server_start
    store_login --expires-in-left 100
    run -0 kimi exec -- sh -c 'echo "$KIMI_API_KEY"'
    assert_same "$(server_stat last_access_token)" "$output"
}

@test "the token is in no argument list, and in no environment but the command's" {
    store_login
    mkfifo fifo
    start exec kimi exec -- sh -c 'echo ready; read -r line <fifo'
    wait_until test -s exec.out
    local process found=
    for process in "$pid" $(pgrep -P "$pid"); do
        assert_lacks "$(tr '\0' ' ' <"/proc/$process/cmdline")" at-stored
        if grep -q at-stored "/proc/$process/environ"; then found="$found$(cat "/proc/$process/comm") "; fi
    done
    echo >fifo
    finish 0
    assert_same "sh " "$found"
}

@test "--platform gives the command that platform's key" {
    mkdir -p "$HOME/.kimi"
    cat >"$HOME/.kimi/config.toml" <<'END'
[providers."managed:moonshot-cn"]
type = "kimi"
base_url = "https://api.moonshot.cn/v1"
api_key = "sk-cn"
END
    run -0 kimi exec --platform moonshot-cn -- sh -c 'echo "$KIMI_API_KEY"'
    assert_same sk-cn "$output"
}

@test "--account gives the command that account's token" {
    store_login --access at-work
    mv "$LOGIN" "$FOLDER/kimi-code@work.json"
    store_login
    run -0 kimi exec --account work -- sh -c 'echo "$KIMI_API_KEY"'
    assert_same at-work "$output"
}

@test "without a login the command is not run: 4" {
    run -4 --separate-stderr kimi exec -- touch ran
    assert_error "not logged in; run 'kimi login'"
    [ ! -e ran ]
}

@test "without a valid token and without a network it is not run: 75" {
    server_start
    store_login --expires-in-left -10
    server_stop
    run -75 --separate-stderr kimi exec -- touch ran
    assert_error "cannot reach"
    [ ! -e ran ]
}

@test "Ctrl-C while the token is fetched: 130, the command is not run, the new login is saved" {
    server_start
    server_control '{"faults": {"refresh": [{"hold": "answer"}]}}'
    store_login --expires-in-left -10
    start exec env --default-signal=INT kimi exec -- touch ran
    server_wait_held answer
    kill -INT "$pid"
    finish 130
    server_release answer
    wait_until isnt_stored access_token at-stored
    [ ! -e ran ]
}

## While the command runs

@test "the store is kept fresh while the command runs" {
    server_start
    store_login
    mkfifo fifo
    start exec kimi exec --interval 0.05 -- sh -c 'echo ready; read -r line <fifo'
    wait_until test -s exec.out
    new_login kimi-code --expires-in-left 100
    wait_until isnt_stored access_token at-stored
    echo >fifo
    finish 0
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_same 1 "$(server_count refresh)"
}

@test "a network that goes does not disturb the command" {
    server_start
    store_login
    mkfifo fifo
    start exec kimi exec --interval 0.05 --file-env FILE -- sh -c 'echo "$FILE"; read -r line <fifo; cat "$FILE"'
    wait_until test -s exec.out
    server_stop
    new_login kimi-code --expires-in-left 100 --access at-old
    wait_until holds at-old
    echo >fifo
    finish 0
    assert_same at-old "$(tail -n 1 exec.out)"
    assert_same "" "$(err_of exec)"
}

# holds TOKEN: the file that the command was given contains it.
holds() { [ "$(cat "$(head -n 1 exec.out)")" = "$1" ]; }

@test "the file is private, contains only the token, and is in the runtime directory" {
    store_login
    with_runtime
    run -0 kimi exec --file-env FILE -- sh -c 'stat -c "%a %n" "$FILE" "${FILE%/*}"; wc -c <"$FILE"; cat "$FILE"'
    [[ ${lines[0]} =~ ^"600 $XDG_RUNTIME_DIR/kimi/exec."[0-9]+$ ]]
    assert_same "700 $XDG_RUNTIME_DIR/kimi" "${lines[1]}"
    assert_same 9 "${lines[2]}"
    assert_same at-stored "${lines[3]}"
}

@test "without a runtime directory it is in a private directory of its own, and both are gone soon after" {
    store_login
    run -0 kimi exec --file-env FILE -- sh -c 'echo "$FILE"; stat -c "%a %a" "$FILE" "${FILE%/*}"'
    [[ ${lines[0]} =~ ^"$TMPDIR"/kimi-[A-Za-z0-9]{6}/exec.[0-9]+$ ]]
    assert_same "600 600" "${lines[1]}"
    assert_same "700 700" "${lines[2]}"
    wait_until is_empty tmp
}

@test "a runtime directory that is open to others is not used" {
    store_login
    with_runtime
    chmod 755 "$XDG_RUNTIME_DIR"
    run -0 kimi exec --file-env FILE -- sh -c 'echo "$FILE"'
    assert_contains "$output" "$TMPDIR/kimi-"
}

@test "the file always holds the current token, whole" {
    server_start
    store_login
    with_runtime
    mkfifo fifo
    start exec kimi exec --interval 0.02 --file-env FILE -- sh -c 'echo "$FILE"; read -r line <fifo'
    wait_until test -s exec.out
    local n file exec=$pid
    file=$(out_of exec)
    start reader sh -c 'echo ready; while { wc -c <"$0"; } 2>/dev/null; do :; done; :' "$file"
    for n in 1 2 3 4 5 6 7 8 9; do
        new_login kimi-code --access "at-store$n"
        wait_until holds "at-store$n"
    done
    echo >fifo
    finish 0 "$exec"
    finish 0
    # The sizes are that of a whole token, and 0 once the file is gone.
    assert_same 9 "$(sort -u reader.out | grep -v ready | tr -d ' \n')"
}

@test "the file holds the new token after a refresh" {
    server_start
    store_login
    mkfifo fifo
    start exec kimi exec --interval 0.05 --file-env FILE -- sh -c 'echo "$FILE"; read -r line <fifo; cat "$FILE"'
    wait_until test -s exec.out
    new_login kimi-code --expires-in-left 100
    wait_until isnt_stored access_token at-stored
    wait_until holds "$(server_stat last_access_token)"
    echo >fifo
    finish 0
}

@test "a file that could not be replaced is replaced at a later look" {
    store_login
    with_runtime
    mkfifo fifo
    mkdir libexec
    printf '#!/bin/sh\nexec "%s/kimi-token" "$@"\n' "$KIMI_TEST_BIN" >libexec/kimi-token
    chmod 755 libexec/kimi-token
    KIMI_EXEC_PATH=$PWD/libexec start exec kimi-exec --interval 0.05 --file-env FILE -- sh -c 'echo "$FILE"; read -r line <fifo'
    wait_until test -s exec.out
    mv run/kimi run/away
    new_login kimi-code --access at-new
    # Waits for a look that begins after the login is there, and for the next one: then the first has ended.
    printf '#!/bin/sh\necho look >>looks\nexec "%s/kimi-token" "$@"\n' "$KIMI_TEST_BIN" >libexec/new
    chmod 755 libexec/new
    mv libexec/new libexec/kimi-token
    wait_until has_looked_twice
    mv run/away run/kimi
    wait_until holds at-new
    echo >fifo
    finish 0
}

has_looked_twice() { [ "$(wc -l <looks)" -ge 2 ]; } 2>/dev/null

@test "a login that has ended leaves the file empty" {
    store_login
    mkfifo fifo
    start exec kimi exec --interval 0.05 --file-env FILE -- sh -c 'echo "$FILE"; read -r line <fifo'
    wait_until test -s exec.out
    kimi logout --quiet
    wait_until holds ""
    echo >fifo
    finish 0
}

@test "the file is gone soon after the command ends, however it ends" {
    local how
    store_login
    with_runtime
    for how in 'exit 0' 'exit 3' 'kill -TERM $$' 'kill -KILL $$' 'kill -SEGV $$'; do
        run kimi exec --file-env FILE -- sh -c "test -s \"\$FILE\" && touch there; $how"
        [ -e there ]
        rm there
        wait_until is_empty "$XDG_RUNTIME_DIR/kimi"
    done
}

@test "the file is gone soon after a command that cannot run" {
    store_login
    with_runtime
    run -127 kimi exec --file-env FILE -- no-such-command
    wait_until is_empty "$XDG_RUNTIME_DIR/kimi"
}

no_token_file() { [ -z "$(find run/kimi -name 'exec.*')" ]; }

@test "the secret that a killed kimi exec leaves in its file is removed by the next one, and by logout" {
    local command
    server_start
    store_login
    export XDG_RUNTIME_DIR=$PWD/run
    mkdir -m 700 run
    for command in "exec --file-env LEFT -- true" logout; do
        start exec kimi exec --file-env LEFT -- sleep 60
        wait_until test -s "run/kimi/exec.$pid"
        pkill -KILL -f "^$KIMI_TEST_BIN/kimi-exec --file-env LEFT -- sleep 60"
        kill -KILL "$pid"
        wait_until has_ended "$pid"
        wait "$pid" || true
        # shellcheck disable=SC2086 # split on purpose
        run -0 kimi $command
        wait_until no_token_file
    done
}

@test "the command replaces kimi exec, as the same process" {
    store_login
    start exec kimi exec -- sh -c 'echo $$'
    finish 0
    assert_same "$pid" "$(out_of exec)"
}

@test "the command has no child that it did not start" {
    store_login
    run -0 kimi exec -- "$KIMI_TEST_PYTHON" -ESc '
import os
try: print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError: print("none")'
    assert_same none "$output"
}

@test "as process 1 of a container it leaves no zombie of the processes that refresh" {
    store_login
    # As kimi-token does when it stops waiting for kimi-refresh.
    mkdir libexec
    printf '#!/bin/sh\n(setsid sleep 0.1 &)\nexec "%s/kimi-token" "$@"\n' "$KIMI_TEST_BIN" >libexec/kimi-token
    chmod 755 libexec/kimi-token
    export KIMI_EXEC_PATH=$PWD/libexec
    run -0 in_container "$KIMI_TEST_BIN/kimi-exec" --interval 0.05 -- "$KIMI_TEST_PYTHON" -ESc '
import os, time
def zombies():
    found = set()
    for name in os.listdir("/proc"):
        try: found.update([name] if name.isdigit() and open("/proc/%s/stat" % name).read().split(") ")[1][0] == "Z" else [])
        except FileNotFoundError: pass
    return found
# If it is seen twice, a while apart, nobody waits for it.
time.sleep(1)
first = zombies()
time.sleep(0.5)
print(sorted(first & zombies()))'
    assert_same "[]" "$output"
}

@test "a kernel without pidfd_open is named, and the command is not run: 1" {
    store_login
    run -1 --separate-stderr "$KIMI_TEST_PYTHON" -ESc '
import ctypes, os, struct
PIDFD_OPEN = 434
ENOSYS = 38
# A seccomp filter: load the system call number; pidfd_open fails with ENOSYS; all others are allowed.
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, PIDFD_OPEN), (0x06, 0, 0, 0x00050000 | ENOSYS), (0x06, 0, 0, 0x7fff0000)]
code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
array = ctypes.create_string_buffer(code, len(code))
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("rules", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(rules), ctypes.addressof(array)))) == 0
os.execvp("kimi-exec", ["kimi-exec", "--", "touch", "ran"])'
    assert_error "cannot watch the command \(pidfd_open\): Function not implemented; use Linux 5.3 or later"
    [ ! -e ran ]
}

@test "SIGKILL of kimi exec ends the command, and the file is gone in a moment" {
    store_login
    with_runtime
    start exec kimi exec --file-env FILE -- sh -c 'echo $$; exec sleep 20'
    wait_until test -s exec.out
    kill -KILL "$pid"
    finish 137
    wait_until test ! -e "/proc/$(out_of exec)"
    wait_until is_empty "$XDG_RUNTIME_DIR/kimi"
}
is_empty() { [ -z "$(ls "$1")" ]; }

## As if it had been started directly

@test "the exit status is the command's" {
    local code
    store_login
    for code in 0 1 2 75 126 255; do
        run -"$code" kimi exec -- sh -c "exit $code"
    done
}

@test "a command that dies of a signal: kimi exec dies of the same" {
    local signal
    store_login
    for signal in HUP INT QUIT KILL USR1 PIPE TERM SEGV; do
        run -0 kimi_python -c '
import signal, subprocess, sys
ended = subprocess.run(["kimi-exec", "--", "sh", "-c", "kill -%s $$" % sys.argv[1]])
print(signal.Signals(-ended.returncode).name)' "$signal"
        assert_same "SIG$signal" "$output"
    done
}

@test "a command that is not there: 127; one that cannot be run: 126" {
    store_login
    run -127 --separate-stderr kimi exec -- no-such-command
    assert_error "cannot run no-such-command: No such file or directory; check its name"
    : >plain
    run -126 --separate-stderr kimi exec -- ./plain
    assert_error "cannot run ./plain"
}

@test "arguments go through untouched, options and empty ones too, with and without --" {
    store_login
    run -0 kimi exec -- printf '<%s>' --json '' -h 'a b' --
    assert_same '<--json><><-h><a b><-->' "$output"
    run -0 kimi exec printf '<%s>' --json '' -h 'a b'
    assert_same '<--json><><-h><a b>' "$output"
}

@test "signals that are sent to kimi exec reach the command" {
    local signal
    store_login
    waiter
    for signal in HUP INT QUIT USR1 USR2 TERM ALRM WINCH CONT; do
        start exec env --default-signal=INT,QUIT kimi exec -- ./waiter "$signal"
        wait_until test -s exec.out
        kill -"$signal" "$pid"
        finish 7
        assert_same $'ready\n'"$signal" "$(out_of exec)"
    done
}

@test "a signal that the command sends to its whole group does not come back to it" {
    store_login
    run -0 setsid -w kimi exec -- "$KIMI_TEST_PYTHON" -ESc '
import os, signal, time
got = []
signal.signal(signal.SIGUSR1, lambda number, frame: got.append(number))
os.kill(0, signal.SIGUSR1)
time.sleep(0.2)
print(len(got))'
    assert_same 1 "$output"
}

@test "an alarm that was set before rings for the command too" {
    store_login
    run -142 kimi_python -c '
import os, signal
signal.setitimer(signal.ITIMER_REAL, 0.5)
os.execvp("kimi-exec", ["kimi-exec", "--", "sleep", "20"])'
}

@test "a terminal that is closed tells the command, where kimi exec leads the session" {
    store_login
    waiter
    run -0 kimi_python -c '
import os, pty, sys, time
child, terminal = pty.fork()
if child == 0:
    os.execlp("kimi-exec", "kimi-exec", "--", "sh", "-c", "exec ./waiter HUP >heard")
while not (os.path.exists("heard") and os.path.getsize("heard")):
    time.sleep(0.02)
os.close(terminal)
for _ in range(500):
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        sys.exit("ended with %d" % status if os.WEXITSTATUS(status) != 7 else 0)
    time.sleep(0.02)
os.kill(child, 9)
sys.exit("it goes on")'
    assert_same $'ready\nHUP' "$(cat heard)"
}

# waiter: a command that prints which signal it got, and exits with status 7.
waiter() {
    cat >waiter <<END
#!$KIMI_TEST_PYTHON -ES
import signal, sys
number = signal.Signals["SIG" + sys.argv[1]]
signal.pthread_sigmask(signal.SIG_BLOCK, [number])
print("ready", flush=True)
signal.sigwait([number])
print(sys.argv[1], flush=True)
sys.exit(7)
END
    chmod +x waiter
}

@test "a signal that was ignored stays ignored for the command, and one that was blocked stays blocked" {
    store_login
    run -0 kimi_python -c '
import signal, subprocess
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
masks = lambda *command: subprocess.run([*command, "grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"], capture_output=True, restore_signals=False, timeout=20).stdout
plain = masks()
assert plain == masks("kimi-exec", "--") and plain, (plain, masks("kimi-exec", "--"))'
}

@test "descriptors, those beyond the standard three too, and limits are those that were given to us" {
    store_login
    echo from nine >nine
    run -0 kimi exec -- sh -c 'cat <&9; echo to eight >&8; ulimit -c' 9<nine 8>eight
    assert_same $'from nine\n'"$(ulimit -c)" "$output"
    assert_same "to eight" "$(cat eight)"
    run -0 kimi exec -- sh -c 'ls /proc/self/fd | sort -n | tr "\n" " "' 9<nine
    local through=$output
    run -0 sh -c 'ls /proc/self/fd | sort -n | tr "\n" " "' 9<nine
    assert_same "$output" "$through"
}

@test "a standard descriptor that was closed is closed for the command" {
    store_login
    # run sets a standard input of its own.
    run -0 sh -c "exec kimi exec -- sh -c '[ ! -e /proc/self/fd/0 ] && echo closed' 0<&-"
    assert_same closed "$output"
}

@test "the command can be looked into by its user, unlike ourselves" {
    store_login
    run -0 kimi exec -- sh -c 'stat -c %u /proc/$$/environ; cat /proc/$$/environ | tr "\0" "\n" | grep -c at-stored'
    assert_same "$(id -u)"$'\n1' "$output"
}

@test "a pipe that the command closes is closed" {
    store_login
    mkfifo fifo pipe
    start reader sh -c 'cat pipe; echo end'
    start exec sh -c 'exec kimi exec -- sh -c "exec >&-; read -r line <fifo" >pipe'
    wait_until test -s reader.out
    echo >fifo
    finish 0
}

@test "standard input is the command's" {
    store_login
    run -0 kimi exec -- cat <<<"a line"
    assert_same "a line" "$output"
}

@test "output that is read line by line comes line by line, through a pipe that ends" {
    store_login
    run -0 bash -c 'set -o pipefail; kimi exec -- seq 3 | cat'
    assert_same $'1\n2\n3' "$output"
}

## The terminal

@test "on a terminal the command is in the foreground and can read from it" {
    store_login
    run -0 on_terminal --type ready 'word\r' kimi exec -- sh -c '[ -t 0 ] && echo ready; read -r line; echo "got $line"'
    assert_contains "$output" "got word"
}

@test "Ctrl-C reaches the command, once, and it decides" {
    store_login
    run -5 on_terminal --type ready '\x03' kimi exec -- bash -c 'n=0; trap "n=\$((n + 1)); echo got \$n" INT; echo ready; while [ $n = 0 ]; do read -rt 0.1; done; read -rt 0.2; exit 5'
    assert_contains "$output" "got 1"
    assert_lacks "$output" "got 2"
}

@test "Ctrl-C ends a command that does not care, and kimi exec with it" {
    store_login
    run -130 on_terminal --type ready '\x03' kimi exec -- sh -c 'echo ready; exec sleep 20'
}

@test "Ctrl-Z stops it, fg continues it, and the status is its own" {
    store_login
    export PS1='ask> '
    run -0 on_terminal --type 'ask> ' 'kimi exec -- sh -c "echo rea\\dy; read -r line; echo got \\$line; exit 3"\r' \
        --type ready '\x1a' --type Stopped '' --type 'ask> ' 'fg\r' --type 'read -r' 'word\r' \
        --type 'ask> ' 'echo status=$?; exit 0\r' bash --norc -i
    assert_contains "$output" "got word"
    assert_contains "$output" "status=3"
}

@test "bg lets it go on in the background" {
    store_login
    export PS1='ask> '
    # Not sh: dash hangs when Ctrl-Z interrupts its vfork(), also without us.
    run -0 on_terminal --type 'ask> ' 'kimi exec -- bash -c "echo rea\\dy; until [ -e go ]; do sleep 0.1; done; touch went"\r' \
        --type ready '\x1a' --type Stopped '' --type 'ask> ' 'bg; touch go; wait; ls went; exit 0\r' bash --norc -i
    [ -e went ]
}

@test "a command that stops itself stops kimi exec the same way, and SIGCONT to it alone continues both" {
    store_login
    start exec kimi exec -- sh -c 'echo ready; kill -STOP $$; exit 6'
    wait_until is_stopped "$pid"
    kill -CONT "$pid"
    finish 6
}
is_stopped() {
    local stat
    read -r stat <"/proc/$1/stat"
    case $stat in *") T "*) ;; *) return 1 ;; esac
}

@test "an interactive shell started by it has its own job control" {
    store_login
    export PS1='ask> '
    run -4 on_terminal --type 'ask> ' 'sh -c "echo rea\\dy; exec sleep 20"\r' --type ready '\x1a' --type Stopped '' --type 'ask> ' 'kill -KILL %1; disown -a; exit 4\r' \
        kimi exec -- bash --norc -i
}

## Usage

@test "no command, a name that cannot be a variable, and one name twice are wrong usage" {
    store_login
    run -2 --separate-stderr kimi exec
    assert_error "no command was given"
    run -2 --separate-stderr kimi exec --env 2X -- true
    assert_error "--env: '2X' is not a valid variable name"
    run -2 --separate-stderr kimi exec --file-env A=B -- true
    assert_error "--file-env: 'A=B' is not a valid variable name"
    run -2 --separate-stderr kimi exec --env X --file-env X -- true
    assert_error "both name X"
}

@test "an error is an event with --json" {
    run -4 --separate-stderr kimi exec --json -- true
    assert_same login_required "$(json data.code <<<"$output")"
}

@test "a --json of the command is not ours" {
    run -4 --separate-stderr kimi exec true --json
    assert_same "" "$output"
}

#!/usr/bin/env bats
# Where a token must not be: argument lists, environments, messages, metadata on disk, core dumps, and freed memory.
# The tokens are marked: those of store_login, and those that the server issues.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

TOKEN='(at|rt)-(marked|[0-9]+)-[0-9a-f]+'

marked_login() { store_login --access at-marked-0a --refresh rt-marked-0b "$@"; }

# memory_of PID: the tokens anywhere in its memory, one a line.
memory_of() {
    as_root "$KIMI_TEST_PYTHON" -E -S -c '
import re, sys
token, pid = re.compile(sys.argv[1].encode()), sys.argv[2]
found = set()
with open("/proc/%s/maps" % pid) as maps, open("/proc/%s/mem" % pid, "rb", 0) as memory:
    for line in maps:
        begin, end, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
        if rights[0] == "r" and "[v" not in line and int(end, 16) - int(begin, 16) < 1 << 30:
            memory.seek(int(begin, 16))
            found |= {(match.group(), line.split()[-1]) for match in token.finditer(memory.read(int(end, 16) - int(begin, 16)))}
print(*sorted(found), sep="\n")' "$TOKEN" "$1"
}

@test "tokens are wiped after use: none is in the memory of a watcher that has refreshed" {
    local over tls=()
    for over in http https; do
        export KIMI_TEST_SERVER=$over
        server_start "${tls[@]}"
        tls=(--tls good)
        marked_login --expires-in-left 100
        start watch kimi-refresh --watch --interval 0.05
        wait_until isnt_stored access_token at-marked-0a
        wait_until test -s "$STATE"
        wait_until is_asleep "$pid" kimi-refresh
        # A sanitizer keeps freed memory and copies of the stack.
        [ -n "${KIMI_TEST_CHECKER:-}" ] || assert_same "" "$(memory_of "$pid")" "tokens in memory after $over"
        kill "$pid"
        finish 0
        rm -r "$HOME/.kimi"
    done
}

# keeper_of_home: the background process of this test's kimi exec.
keeper_of_home() {
    as_root sh -c 'grep -lsxz "HOME=$1" /proc/[0-9]*/environ' sh "$HOME" | while IFS=/ read -r _ _ pid _; do
        [ "$(cat "/proc/$pid/comm")" != kimi-exec ] || echo "$pid"
    done
}
has_no_token() { [ -z "$(memory_of "$1")" ]; }

@test "the background process of kimi exec keeps no token in its memory, with a file and without" {
    local keeper option
    for option in --quiet --file-env=FILE; do
        marked_login
        start exec kimi exec "$option" --interval 0.2 -- sh -c 'printenv KIMI_API_KEY; exec sleep 60'
        wait_until test -s exec.out
        keeper=$(keeper_of_home)
        [[ $keeper =~ ^[0-9]+$ ]] || fail "not one keeper: $keeper"
        # A sanitizer keeps freed memory.
        [ -n "${KIMI_TEST_CHECKER:-}" ] || wait_until has_no_token "$keeper" || fail "$(memory_of "$keeper")"
        kill "$pid"
        finish 143
        wait_until has_ended "$keeper"
        rm exec.out
    done
}

@test "while it is needed a token is in memory: what looks for one finds it" {
    server_start
    server_control '{"faults": {"refresh": [{"hold": "a"}]}}'
    marked_login --expires-in-left 100
    start refresh kimi-refresh
    server_wait_held a
    assert_contains "$(memory_of "$pid")" rt-marked-0b
    server_release a
    finish 0
}

@test "a crash leaves no core, where every other program leaves one" {
    server_start
    server_control '{"faults": {"refresh": [{"hold": "a", "forever": true}], "models": [{"hold": "b", "forever": true}], "poll": [{"hold": "c", "forever": true}]}}'
    ulimit -c unlimited
    # crash FILE COMMAND...: ends it with SIGABRT once FILE has been created, and prints whether the kernel says that it dumped
    # core.
    crash() {
        rm -f "$1"
        kimi_python - "$@" <<'PY'
import os, signal, subprocess, sys, time
child = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.PIPE,
                         start_new_session=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
child.send_signal(signal.SIGABRT)
_, status = os.waitpid(child.pid, 0)
try:
    os.killpg(child.pid, signal.SIGKILL) # the refresh that kimi-token waited for
except ProcessLookupError:
    pass
print(os.WIFSIGNALED(status), os.WCOREDUMP(status))
PY
    }
    marked_login --expires-in-left 900
    assert_same "True False" "$(crash "$(server_dir)/held.b" kimi-models)"
    marked_login --expires-in-left -1
    assert_same "True False" "$(crash "$(server_dir)/held.a" kimi-refresh)"
    assert_same "True False" "$(crash "$(server_dir)/held.a" kimi-token)"
    assert_same "True False" "$(crash "$(server_dir)/held.c" kimi-login --force)"
    assert_same "" "$(find . -name 'core*')"
    # The same kernel, with a program that allows core dumps; a container may forbid them for all.
    echo "for comparison: $(crash here sh -c ': >here; exec sleep 30')"
}

@test "no token is in any argument list or environment while everything runs" {
    server_start
    server_control '{"pending": 0, "faults": {"token": [{"delay": 0.05, "forever": true}], "models": [{"delay": 0.05, "forever": true}]}}'
    marked_login --expires-in-left -1
    mkdir ran
    start scan as_root "$KIMI_TEST_PYTHON" -E -S -c '
import glob, os, re, sys
token = re.compile(sys.argv[1].encode())
rounds, programs = 0, set()
while not os.path.exists("enough"):
    for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            continue
        programs |= set(re.findall(rb"kimi-[a-z]+(?=\0)", text))
        for match in token.finditer(text):
            print(path, match.group(), text[:200], flush=True)
    rounds += 1
print(rounds, len(programs) >= 4, file=sys.stderr)' "$TOKEN"
    local scan=$pid
    kimi token >ran/token
    kimi refresh --force --json >ran/refresh
    kimi login --force --json >ran/login
    kimi models --sync >ran/models
    kimi status --online >ran/status
    kimi token --headers >ran/headers
    kimi logout >ran/logout
    : >enough
    finish 0 "$scan"
    assert_same "" "$(out_of scan)"
    assert_contains "$(err_of scan)" True
}

@test "no token is in a message, the history or the state, not even when the server repeats it" {
    server_start
    marked_login --expires-in-left 100
    local fault
    for fault in '{"error": "invalid_request", "description": "the token rt-marked-0b is odd"}' '{"error": "rt-marked-0b"}' \
        '{"status": 401, "json": {"error": "invalid_grant", "error_description": "rt-marked-0b"}}' '{"body": "rt-marked-0b"}' \
        '{"json": {"access_token": "rt-marked-0b", "refresh_token": 5}}' '{"body": "{\"rt-marked-0b", "content_type": "text/html"}' \
        '{"location": "https://elsewhere.example/?rt-marked-0b"}' '{"status": 403, "body": "rt-marked-0b"}'; do
        server_control "{\"faults\": {\"refresh\": [$fault]}}"
        kimi-refresh --force >>out 2>>err || true
        server_control "{\"faults\": {\"refresh\": [$fault]}}"
        kimi-refresh --force --json >>out 2>>err || true
    done
    store_login --access at-marked-0a --refresh rt-marked-0b
    for fault in '{"status": 400, "json": {"error": {"message": "at-marked-0a"}}}' '{"status": 403, "json": {"error": {"type": "at-marked-0a"}}}' \
        '{"status": 402, "json": {"error": {"message": "at-marked-0a"}}}' '{"body": "at-marked-0a"}'; do
        server_control "{\"faults\": {\"models\": [$fault]}}"
        kimi-models >>out 2>>err || true
    done
    [ "$(wc -l <err)" -ge 20 ]
    run ! grep -hoE "$TOKEN" out err
    server_control '{}'
    kimi-refresh --force >>out 2>>err
    kimi-status --history >>out 2>>err
    run ! grep -rhoE "$TOKEN" out err "$HOME/.kimi" --exclude=kimi-code.json
}

#!/usr/bin/env bats
# The history of logins, refreshes, rejections and logouts, and kimi status --history.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run sets variables
bats_require_minimum_version 1.5.0
load helper
load processes

setup() {
    kimi_setup
    HISTORY=$HOME/.kimi/history.jsonl
}

# events: "event platform account storage outcome program" of each line of the history.
events() {
    kimi-status --history --json | kimi_python -c '
import json, sys, time
for line in sys.stdin:
    event = json.loads(line)
    assert list(event) == ["time", "event", "platform", "account", "storage", "outcome", "program"], line
    assert 0 <= time.time() - event["time"] + 1 < 3600, line
    print(*(event[name] or "-" for name in list(event)[1:]))'
}

# fill COUNT: adds that many "refresh" lines by the program filler.
fill() {
    mkdir -p "$HOME/.kimi"
    kimi_python -c '
import sys, time
for i in range(int(sys.argv[1])):
    print("{\"time\":%d,\"event\":\"refresh\",\"platform\":\"kimi-code\",\"account\":null,\"storage\":\"file\",\"outcome\":\"ok\",\"program\":\"filler-%d\"}" % (time.time(), i))' "$1" >>"$HISTORY"
    chmod 600 "$HISTORY"
}

@test "login, refresh and logout each leave a line, in a private file" {
    server_start
    run -0 timeout 20 kimi-login --no-browser --storage file
    kimi-refresh --quiet --force
    kimi-logout --quiet
    assert_same "login kimi-code - file ok kimi-login
refresh kimi-code - file ok kimi-refresh
logout kimi-code - file ok kimi-logout" "$(events)"
    assert_same 600 "$(mode "$HISTORY")"
}

@test "what needs no refresh, finds no login or changes nothing leaves no line" {
    server_start
    run -0 kimi-logout
    run -4 kimi-refresh
    [ ! -e "$HOME/.kimi" ]
    store_login
    kimi-refresh --quiet
    kimi-token >/dev/null
    run -0 kimi-status
    run -0 kimi-login --no-browser
    assert_same "" "$(events | grep -v '^login')"
    assert_same 0 "$(events | wc -l | tr -d ' ')"
}

@test "a rejection is one, and what is not sent again is not noted again" {
    server_start
    store_login --expires-in-left 100 --no-seed
    run -4 kimi-refresh
    run -4 kimi-refresh
    assert_same "rejected kimi-code - file rejected kimi-refresh" "$(events)"
}

@test "a refresh that failed is recorded once with its error, regardless of the number of attempts" {
    server_start
    server_control '{"faults": {"refresh": [{"status": 503, "forever": true}]}}'
    store_login --expires-in-left 100
    run -75 kimi-refresh
    assert_same 3 "$(server_count refresh)"
    assert_same "refresh kimi-code - file server kimi-refresh" "$(events)"
}

@test "a refresh that fails again and again is noted once, until it succeeds or fails otherwise" {
    server_start
    server_control '{"faults": {"refresh": [{"status": 503, "headers": {"Retry-After": "99"}, "repeat": 3},
        {"error": "invalid_client", "repeat": 2}, {"ok": true}, {"error": "invalid_client", "forever": true}]}}'
    store_login --expires-in-left 100
    cp "$LOGIN" "$FOLDER/kimi-code@work.json"
    local status
    for status in 75 75 75; do run "-$status" kimi-refresh --force --account ""; done
    run -75 kimi-refresh --account "" # sends nothing, because the server asked to wait
    for status in 1 1 0; do run "-$status" kimi-refresh --force --account ""; done
    for status in 1 1; do run "-$status" kimi-refresh --account work; done
    for status in 1 1; do run "-$status" kimi-refresh --force --account ""; done
    assert_same "refresh kimi-code - file server kimi-refresh
refresh kimi-code - file protocol kimi-refresh
refresh kimi-code - file ok kimi-refresh
refresh kimi-code work file protocol kimi-refresh
refresh kimi-code - file protocol kimi-refresh" "$(events)"
}

@test "a refresh by kimi token is one of kimi-refresh, and a hundred at once leave one line" {
    server_start
    store_login --expires-in-left 100
    local i pids=()
    for i in $(seq 100); do
        kimi-token >/dev/null &
        pids+=($!)
    done
    wait "${pids[@]}"
    assert_same "refresh kimi-code - file ok kimi-refresh" "$(events)"
}

@test "an API key's login and logout are noted, a key that was there already is not" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-good"]}}'
    run -0 kimi-login --platform moonshot-cn --api-key-stdin <<<sk-good
    run -0 kimi-login --platform moonshot-cn --api-key-stdin <<<sk-good
    run -0 kimi-logout --platform moonshot-cn
    assert_same "login moonshot-cn - config ok kimi-login
logout moonshot-cn - config ok kimi-logout" "$(events)"
    assert_lacks "$(cat "$HISTORY")" sk-good
}

@test "accounts are named" {
    server_start
    store_login --expires-in-left 100
    mv "$LOGIN" "$FOLDER/kimi-code@work.json"
    kimi-refresh --quiet --account work
    assert_same "refresh kimi-code work file ok kimi-refresh" "$(events)"
}

@test "no secret is in it" {
    server_start
    store_login --expires-in-left 100
    kimi-refresh --quiet
    kimi-refresh --quiet --force
    local secret
    for secret in at-stored rt-stored "$(stored access_token)" "$(stored refresh_token)"; do
        assert_lacks "$(cat "$HISTORY")" "$secret"
    done
}

@test "a history that cannot be written is not an error" {
    server_start
    store_login --expires-in-left 100
    mkdir -p "$HISTORY/in the way"
    run -0 --separate-stderr kimi-refresh
    assert_lacks "$stderr" history
    run -1 --separate-stderr kimi-status --history
    assert_error history.jsonl
}

@test "a link in its place is not followed" {
    server_start
    store_login --expires-in-left 100
    ln -s "$BATS_TEST_TMPDIR/elsewhere" "$HISTORY"
    kimi-refresh --quiet
    [ ! -e elsewhere ]
}

@test "open permissions are tightened by the next line" {
    server_start
    store_login --expires-in-left 100
    fill 1
    chmod 644 "$HISTORY"
    kimi-refresh --quiet
    assert_same 600 "$(mode "$HISTORY")"
}

@test "it is bounded: at 256 KiB it is set aside whole, and no line is lost" {
    server_start
    fill 2000
    [ "$(stat -c %s "$HISTORY")" -gt $((256 * 1024)) ]
    store_login --expires-in-left 100
    kimi-refresh --quiet
    assert_same 1 "$(wc -l <"$HISTORY" | tr -d ' ')"
    assert_same 2000 "$(wc -l <"$HISTORY.1" | tr -d ' ')"
    assert_same "2001 refresh kimi-code - file ok kimi-refresh" "$(events | wc -l | tr -d ' ') $(events | tail -n 1)"
    fill 2000
    kimi-refresh --quiet --force
    assert_same "1 2001" "$(wc -l <"$HISTORY" | tr -d ' ') $(wc -l <"$HISTORY.1" | tr -d ' ')"
}

@test "many processes at once neither tear nor lose a line, over the bound too" {
    server_start
    fill 1800
    store_login
    local i pids=()
    for i in $(seq 200); do
        cp "$LOGIN" "$FOLDER/kimi-code@a$i.json"
        kimi-logout --quiet --account "a$i" &
        pids+=($!)
    done
    wait "${pids[@]}"
    assert_same 200 "$(cat "$HISTORY".1 "$HISTORY" | grep -c kimi-logout)"
    assert_same 2000 "$(events | wc -l | tr -d ' ')"
    assert_same 2000 "$(cat "$HISTORY".1 "$HISTORY" | grep -c .)"
    [ "$(stat -c %s "$HISTORY")" -lt $((128 * 1024)) ]
}

@test "a rotation by another process delays nothing" {
    server_start
    fill 2000
    store_login --expires-in-left 100
    mkfifo lets_go
    start other flock "$HISTORY.lock" sh -c "echo held; read -r line <lets_go"
    wait_until test -s other.out
    kimi-refresh --quiet
    echo >lets_go
    finish 0
    assert_same 2001 "$(wc -l <"$HISTORY" | tr -d ' ')"
}

@test "lines of other formats are ignored, and a torn line does not spoil another" {
    server_start
    fill 1
    printf 'rubbish\n[]\n\0\0\n{"time": 1}\n{"time":1,"event":"ref' >>"$HISTORY"
    store_login --expires-in-left 100
    kimi-refresh --quiet
    assert_same "refresh kimi-code - file ok filler-0
refresh kimi-code - file ok kimi-refresh" "$(events)"
}

@test "--history is parted by tabs in a pipe, and --platform and --account choose" {
    fill 1
    mkdir -p "$FOLDER"
    echo '{"time":1700000000,"event":"login","platform":"moonshot-cn","account":null,"storage":"config","outcome":"ok","program":"kimi-login"}' >>"$HISTORY"
    echo '{"time":1700000000,"event":"logout","platform":"kimi-code","account":"work","storage":"file","outcome":"ok","program":"kimi-logout"}' >>"$HISTORY"
    TZ=UTC run -0 --separate-stderr kimi-status --history --platform moonshot-cn
    assert_same $'2023-11-14 22:13:20 +0000\tlogin\tmoonshot-cn\t-\tconfig\tok\tkimi-login' "$output"
    run -0 kimi-status --history --account work
    assert_contains "$output" logout
    assert_same 1 "$(wc -l <<<"$output" | tr -d ' ')"
    run -0 kimi-status --history --account ""
    assert_same 2 "$(wc -l <<<"$output" | tr -d ' ')"
    run -2 kimi-status --history --platform nowhere
}

@test "--history is aligned on a terminal, with the account behind its platform and the time of here" {
    fill 0
    echo '{"time":1700000000,"event":"login","platform":"kimi-code","account":"work","storage":"file","outcome":"ok","program":"kimi-login"}' >>"$HISTORY"
    echo '{"time":1e300,"event":"rejected","platform":"kimi-code","account":null,"storage":null,"outcome":"rejected","program":"kimi-refresh"}' >>"$HISTORY"
    TZ=UTC run -0 kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" kimi-status --history
    assert_same "TIME                 EVENT     LOGIN           STORAGE  OUTCOME   PROGRAM
2023-11-14 22:13:20  login     kimi-code@work  file     ok        kimi-login
never                rejected  kimi-code       -        rejected  kimi-refresh" "$output"
}

@test "--history covers both homes in the order of time, and says which home it is" {
    mkdir -p "$HOME/.kimi" "$HOME/.kimi-code"
    line() { printf '{"time":%d,"event":"%s","platform":"kimi-code","account":null,"storage":"file","outcome":"ok","program":"p"}\n' "$@"; }
    { line 1700000000 login && line 1700000300 logout; } >"$HISTORY"
    { line 1700000100 login && line 1700000200 refresh && line 1700000400 logout; } >"$HOME/.kimi-code/history.jsonl"
    TZ=UTC run -0 --separate-stderr kimi-status --history
    assert_same "2023-11-14 22:13:20 login kimi-code (kimi-cli)
2023-11-14 22:15:00 login kimi-code (kimi-code)
2023-11-14 22:16:40 refresh kimi-code (kimi-code)
2023-11-14 22:18:20 logout kimi-code (kimi-cli)
2023-11-14 22:20:00 logout kimi-code (kimi-code)" "$(cut -f 1-3 <<<"$output" | tr '\t' ' ' | sed 's/ +0000//')"
    TZ=UTC run -0 on_terminal kimi-status --history
    assert_contains "$output" "2023-11-14 22:16:40  refresh  kimi-code (kimi-code)  file     ok       p"
    run -0 --separate-stderr kimi-status --history --json
    assert_same kimi-cli "$(head -n 1 <<<"$output" | json client)"
    run -0 --separate-stderr kimi-status --history --client kimi-cli --json
    assert_lacks "$output" client
    assert_same 2 "$(wc -l <<<"$output" | tr -d ' ')"
}

@test "without a history --history prints nothing" {
    run -0 --separate-stderr kimi-status --history
    assert_same "" "$output$stderr"
    run -0 --separate-stderr kimi-status --history --json
    assert_same "" "$output$stderr"
}

@test "control characters in it do not reach a terminal" {
    fill 0
    printf '{"time":1,"event":"login","platform":"a\\u001b[31m","account":null,"storage":null,"outcome":"ok","program":"p"}\n' >>"$HISTORY"
    run -0 kimi-status --history
    assert_lacks "$output" $'\e'
}

#!/usr/bin/env bats
# Many processes at once: a single request, and nobody is logged out.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

# storm COUNT COMMAND...: starts that many; sets $pids; their output is in storm.N.out and .err.
storm() {
    local count=$1 i
    shift
    pids=()
    for ((i = 0; i < count; i++)); do
        start "storm.$i" "$@"
        pids+=("$pid")
    done
}

# over STATUS: waits for all of them; each must exit with that status.
over() {
    for pid in "${pids[@]}"; do
        finish "$1" "$pid"
    done
}
all() { cat "$BATS_TEST_TMPDIR"/storm.*."$1"; }

@test "200 kimi token on an expired token: one request, no failure, one token" {
    server_start
    store_login --expires-in-left -1
    storm 200 kimi token
    over 0
    assert_same 200 "$(all out | wc -l | tr -d ' ')"
    assert_same "$(stored access_token)" "$(all out | sort -u)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_same "" "$(all err)"
    assert_same 1 "$(server_count refresh)"
    assert_same 0 "$(server_stat revoked)"
}

@test "50 kimi token on a token that is due but lives: one request, and every token printed is good" {
    server_start
    store_login --expires-in-left 200
    storm 50 kimi token
    over 0
    assert_same 50 "$(all out | wc -l | tr -d ' ')"
    # Under load one may wait its 4 s without success, and print the old token, which is still valid.
    assert_same "" "$(all out | grep -vxF -e at-stored -e "$(server_stat last_access_token)")"
    assert_same "" "$(all err)"
    assert_same 1 "$(server_count refresh)"
}

@test "100 kimi refresh --force that wait for the lock make one request" {
    server_start
    store_login
    hold_lock other
    local holder=$pid
    storm 100 kimi-refresh --force
    for pid in "${pids[@]}"; do
        wait_until is_asleep "$pid" kimi-refresh
    done
    release_lock other
    over 0
    finish 0 "$holder"
    assert_same 1 "$(server_count refresh)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_same 0 "$(server_stat revoked)"
}

@test "kimi refresh --force at any moment: every one ends well, and the login lives" {
    server_start
    store_login
    storm 30 kimi-refresh --force --quiet
    over 0
    assert_same "" "$(all err)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_same 0 "$(server_stat revoked)"
    kimi-refresh --force --quiet
}

@test "100 processes with a rejected login: one request, a login is needed for each" {
    server_start
    store_login --expires-in-left -1 --no-seed
    storm 100 kimi-refresh
    over 4
    assert_same 1 "$(server_count refresh)"
    assert_same 100 "$(all err | grep -c "kimi login")"
    assert_same rt-stored "$(stored refresh_token)"
}

@test "20 processes and a server that asks to wait: one request, and 75 with the time or the token that lives" {
    server_start
    server_control '{"faults": {"refresh": [{"status": 429, "headers": {"Retry-After": "600"}, "forever": true}]}}'
    store_login --expires-in-left -1
    storm 20 kimi-token
    over 75
    assert_same 1 "$(server_count refresh)"
    assert_same 19 "$(all err | grep -c "try again in [0-9]* s$")"
    store_login --expires-in-left 100
    storm 20 kimi-token
    over 0
    assert_same "at-stored" "$(all out | sort -u)"
    assert_same 2 "$(server_count refresh)"
}

@test "20 processes and a server that fails: the attempts of one, and 75 for the others" {
    server_start
    server_control '{"faults": {"refresh": [{"status": 503, "forever": true}]}}'
    store_login --expires-in-left -1
    storm 20 kimi-token
    over 75
    assert_same 3 "$(server_count refresh)"
}

@test "40 processes at once make one device id, which all of them send" {
    server_start
    server_control '{"faults": {"refresh": [{"status": 400, "forever": true}]}}'
    store_login --expires-in-left 100
    storm 40 kimi-refresh
    over 1
    assert_same 40 "$(server_count refresh)"
    local id
    id=$(server_requests refresh | kimi_python -c '
import json, sys
print(*{json.loads(line)["headers"]["x-msh-device-id"] for line in sys.stdin})')
    [[ $id =~ ^[0-9a-f]{32}$ ]] || fail "device ids sent: $id"
    assert_same "$id" "$(cat "$HOME/.kimi/device_id")"
    assert_same 600 "$(mode "$HOME/.kimi/device_id")"
    assert_same "" "$(find "$HOME/.kimi" -maxdepth 1 -name '.device_id*')"
}

# kimi_cli: a stand-in for kimi-cli. Until the file `enough` exists, it takes the lock now and then as kimi-cli does, and
# refreshes the login if it is due, and every third time even if it is not.
kimi_cli() {
    kimi_python - "$KIMI_TEST_ROOT/tests/server" "$KIMI_CODE_OAUTH_HOST" "$LOCK" "$LOGIN" <<'PY'
import fcntl, json, os, sys, time, urllib.parse, urllib.request
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import ask
_, _, host, lock_file, login_file = sys.argv
client = "17e5f671-d194-4dfb-9706-5516cb48c098"
refreshed = holds = 0
with open(lock_file, "a") as lock:
    while not os.path.exists("enough"):
        fcntl.flock(lock, fcntl.LOCK_EX)
        login = json.load(open(login_file))
        holds += 1
        if holds % 3 == 0 or login["expires_at"] - time.time() < login["expires_in"] / 2:
            form = {"client_id": client, "grant_type": "refresh_token", "refresh_token": login["refresh_token"]}
            request = urllib.request.Request(host + "/api/oauth/token", urllib.parse.urlencode(form).encode(), ask.HEADERS)
            login = json.load(urllib.request.urlopen(request))
            login["expires_at"] = time.time() + login["expires_in"]
            with open(login_file + ".tmp", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                json.dump(login, file)
            os.rename(login_file + ".tmp", login_file)
            refreshed += 1
        time.sleep(0.15)
        fcntl.flock(lock, fcntl.LOCK_UN)
        time.sleep(0.25)
print(refreshed)
PY
}

# KIMI_TEST_STORM is the number of processes (default 500; 100 with a memory checker).
@test "kimi token, refresh and login all at once, beside kimi-cli: each refresh token is sent once, and nobody is logged out" {
    server_start
    store_login --expires-in-left -1
    : >"$LOCK"
    start kimi-cli kimi_cli
    local cli=$pid i count=${KIMI_TEST_STORM:-$(many 500 100)} force
    pids=()
    for ((i = 0; i < count; i++)); do
        case $((i % 5)) in
        0 | 1) start "storm.$i" kimi-token ;;
        2) start "storm.$i" kimi-refresh --quiet ;;
        3)
            force=()
            [ $((i % 40)) != 3 ] || force=(--force)
            start "storm.$i" kimi-refresh --quiet "${force[@]}"
            ;;
        *) start "storm.$i" kimi-login --quiet ;;
        esac
        pids+=("$pid")
        # In waves, so that there is more than one rotation.
        [ $((i % 75)) != 74 ] || sleep 0.5
    done
    over 0
    : >enough
    finish 0 "$cli"
    assert_same "" "$(all err)"
    # Every printed token came from the server, no code was requested, and no refresh token was used twice.
    assert_same $((count * 2 / 5)) "$(all out | grep -c '^at-[0-9]*-[0-9a-f]*$')"
    assert_same 0 "$(server_count device)"
    assert_same 0 "$(server_stat revoked)"
    assert_same "$(server_count refresh)" "$(server_stat issued)"
    assert_same "$(server_count refresh)" "$(server_requests refresh | grep -o '"refresh_token": "[^"]*"' | sort -u | wc -l | tr -d ' ')"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    printf '%s processes, %s refreshes, %s of them by kimi-cli, in %s s\n' \
        "$count" "$(server_count refresh)" "$(out_of kimi-cli)" "$SECONDS" >&2
}

# code_login: a login in kimi-code's home; sets $slot and $record.
code_login() {
    export KIMI_CLIENT=kimi-code
    mkdir -p "$HOME/.kimi-code"
    server_control '{"pending": 0}'
    kimi-login --quiet
    record=$(echo "$HOME"/.kimi-code/credentials/kimi-code-env-*.json)
    slot=$(basename "$record" .json)
}

# expire: makes the login in kimi-code's home expire.
expire() { sed -i 's/"expires_at": [0-9]*/"expires_at": 1000/' "$record"; }

# imitation WHAT: starts kimi_code.py, and waits until it holds the lock; sets $imitation.
imitation() {
    start "imitation.$1" "$KIMI_TEST_PYTHON" -E -S "$KIMI_TEST_ROOT/tests/kimi_code.py" "$HOME/.kimi-code" "$slot" "$1"
    imitation=$pid
    wait_until grep -q held "imitation.$1.out"
}

# assert_one_rotation_each: every refresh token was accepted and used once, and the last login is stored.
assert_one_rotation_each() {
    assert_same 0 "$(server_stat revoked)"
    assert_same "$(server_count refresh)" "$(server_requests refresh | grep -o '"refresh_token": "[^"]*"' | sort -u | wc -l | tr -d ' ')"
    assert_same "$(($(server_count refresh) + 1))" "$(server_stat issued)" # one by the login
    assert_same "$(server_stat last_access_token)" "$(json access_token <"$record")"
}

is_stopped() { grep -qs '^State:.T' "/proc/$1/status"; }

# assert_lock_is_gone: the lock directory is gone, the sentinel is there, and nothing else.
assert_lock_is_gone() { assert_same "$slot" "$(ls -A "$HOME/.kimi-code/oauth")"; }

@test "100 processes beside kimi-code, which holds the lock, stamps it and comes back for it: it is never touched" {
    local count
    count=$(many 100 30)
    server_start
    code_login
    expire
    imitation loop
    storm "$count" kimi-token
    over 0
    : >enough
    finish 0 "$imitation"
    assert_lacks "$(out_of imitation.loop)" touched
    assert_same "" "$(all err)"
    assert_same "$count" "$(all out | wc -l | tr -d ' ')"
    # The login that it saved was used: none of the requests was ours.
    assert_same "$(tail -n 1 imitation.loop.out)" "$(server_count refresh)"
    assert_one_rotation_each
    assert_lock_is_gone
}

@test "40 processes and the lock of a kimi-code that crashed: one takes it over, and there is one request" {
    server_start
    code_login
    expire
    imitation crash
    finish 137 "$imitation"
    storm "$(many 40 15)" kimi-token
    over 0
    assert_same 1 "$(server_count refresh)"
    assert_same "$(server_stat last_access_token)" "$(all out | sort -u)"
    assert_same "" "$(all err)"
    assert_one_rotation_each
    assert_lock_is_gone
}

@test "40 processes and a kimi-code that was suspended with the lock: it comes back to find it ours" {
    server_start
    code_login
    expire
    imitation stop
    wait_until is_stopped "$imitation"
    server_control '{"faults": {"refresh": [{"hold": "late"}]}}'
    storm "$(many 40 15)" kimi-token
    server_wait_held late
    kill -CONT "$imitation"
    finish 1 "$imitation"
    assert_contains "$(out_of imitation.stop)" touched
    [ -d "$HOME/.kimi-code/oauth/$slot.lock" ]
    server_release late
    over 0
    assert_same 1 "$(server_count refresh)"
    assert_same "$(server_stat last_access_token)" "$(all out | sort -u)"
    assert_same "" "$(all err)"
    assert_one_rotation_each
    assert_lock_is_gone
}

#!/usr/bin/env bats
# Many processes at once: one request, and nobody is logged out.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell, which is meant; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

# storm COUNT COMMAND...: starts that many; their numbers are in $pids, their output in storm.N.out and .err.
storm() {
    local count=$1 i
    shift
    pids=()
    for ((i = 0; i < count; i++)); do
        start "storm.$i" "$@"
        pids+=("$pid")
    done
}

# over STATUS: waits for all of them; each must end with that.
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
    # Under load one may wait its 4 s in vain and print the old token, which lives.
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

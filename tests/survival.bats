#!/usr/bin/env bats
# The stored login survives SIGKILL at any moment, and a disk that fails at any call. survival.py does the work.
# KIMI_TEST_KILLS is the number of kills (default 120; 30 with a memory checker, which cannot report on killed programs),
# and KIMI_TEST_SEED decides when they happen.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

# survival SERVER-FAULTS ARGUMENTS: starts a server and runs survival.py.
survival() {
    local faults=$1
    shift
    server_start
    server_control "{\"pending\": 0, \"enforce_interval\": false, \"faults\": {$faults}}"
    KIMI_TEST_SERVER_DIR=$(server_dir) kimi_python "$KIMI_TEST_ROOT/tests/survival.py" "$@"
}

@test "SIGKILL at any moment of refresh and login: the login is the old or the new one, the lock is free, the next writer sweeps" {
    # A server that is slow at each step.
    survival '"token": [{"delay_before": 0.01, "delay": 0.01, "forever": true}], "device": [{"delay": 0.01, "forever": true}],
        "models": [{"delay": 0.005, "forever": true}]' kill "${KIMI_TEST_KILLS:-$(many 120 30)}" "${KIMI_TEST_SEED:-$RANDOM}" >&2
}

@test "a disk that fails at any call of a refresh: the login is the old or the new one, and a single failure loses none" {
    survival "" fail refresh >&2
}

@test "a disk that fails at any call of a login: the login is the old or the new one, and the config whole" {
    survival "" fail login >&2
}

@test "what a kill leaves of the making of a device id is swept by the next writer" {
    server_start
    store_login --expires-in-left 100
    run -137 hooked FAIL=link:1:0 kimi-refresh
    assert_same 1 "$(find "$HOME/.kimi" -name '.device_id.kimi-*' | wc -l | tr -d ' ')"
    kimi-refresh --quiet
    assert_same "" "$(find "$HOME/.kimi" -name '.*.kimi-*')"
    [ -s "$HOME/.kimi/device_id" ]
}

#!/usr/bin/env bats
# A wrong clock: fast, slow, or so far off that no certificate is valid. Uses KIMI_TEST_CLOCK of hook.c.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

DAY=86400

@test "a clock set forward: one refresh, and one more once the clock is right again" {
    server_start
    store_login
    hooked CLOCK=$DAY kimi-refresh --quiet
    hooked CLOCK=$DAY kimi-refresh --quiet
    assert_same 1 "$(server_count refresh)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    run -0 --separate-stderr kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
    kimi-token >/dev/null
    assert_same 2 "$(server_count refresh)"
}

@test "a clock set back: the token's age is unknown, so it is refreshed once" {
    server_start
    store_login
    hooked CLOCK=-$DAY kimi-refresh --quiet
    hooked CLOCK=-$DAY kimi-refresh --quiet
    assert_same 1 "$(server_count refresh)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "a clock set back while no refresh can be had: the token is printed, since it may live" {
    # kimi-token may be static, which hook.so cannot change: its login expires later instead.
    store_login --expires-in-left $DAY
    run -0 --separate-stderr kimi-token
    assert_same at-stored "$output"
}

@test "a clock set back: a token that has ended is refreshed once, and once more when the clock is right" {
    server_start
    store_login --expires-in-left -1
    run -0 --separate-stderr hooked CLOCK=-$DAY kimi-models
    assert_contains "$output" kimi-for-coding
    assert_same 1 "$(server_count refresh)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    # The clock is right again: for it the login expired long ago, and refreshing works.
    kimi-refresh --quiet
    assert_same 2 "$(server_count refresh)"
    assert_same 0 "$(server_stat revoked)"
}

@test "a login that was rejected while the clock was ahead is not locked out for the difference" {
    server_start
    server_control '{"faults": {"refresh": [{"error": "invalid_grant"}]}}'
    store_login --expires-in-left 100
    run -4 hooked CLOCK=$((30 * DAY)) kimi-refresh
    kimi-refresh --quiet
    assert_same 2 "$(server_count refresh)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "a login under a wrong clock is a login" {
    server_start
    server_control '{"pending": 0}'
    run -0 hooked SPEED=20 CLOCK=-$((365 * DAY)) kimi-login
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    kimi-refresh --quiet
    assert_same 1 "$(server_count refresh)"
    assert_same "$(server_stat last_access_token)" "$(kimi-token)"
}

@test "a clock for which no certificate is valid: a temporary failure that mentions the clock, and the login stays" {
    server_start --tls good
    store_login --expires-in-left 100
    local before years
    before=$(hash_of "$LOGIN")
    for years in -20 60; do
        run -75 --separate-stderr hooked SPEED=20 CLOCK=$((years * 365 * DAY)) kimi-refresh --force
        assert_error "check the system's clock"
        assert_same "$before" "$(hash_of "$LOGIN")"
    done
    assert_same 0 "$(server_count all)"
}

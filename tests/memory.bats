#!/usr/bin/env bats
# Out of memory: if an allocation fails, the program ends with one line and status 75.

bats_require_minimum_version 1.5.0
load helper
load login_helper
load processes

setup() {
    kimi_setup
    TWINS=${KIMI_TEST_BIN%/bin}/tests
    mkdir "$BATS_TEST_TMPDIR/runs"
}

# canned: a server that always gives the same valid responses.
canned() {
    server_start
    kimi_python - "$(server_dir)/control.json" <<'PY'
import json, sys
answers = {
    "device": {"user_code": "AB-CD", "device_code": "dc", "verification_uri": "http://127.0.0.1:1/", "expires_in": 600},
    "poll": {"access_token": "at-new", "refresh_token": "rt-new", "expires_in": 9000, "scope": "kimi-code"},
    "models": {"data": [{"id": "kimi-for-coding", "display_name": "Kimi", "context_length": 262144}, {"id": "k2"}]},
}
answers["refresh"] = answers["poll"]
faults = {name: [{"json": answer, "forever": True}] for name, answer in answers.items()}
json.dump({"faults": faults, "api_keys": {"code": ["at-new"]}}, open(sys.argv[1], "w"))
PY
}

# each_fails [NAME=VALUE...] PROGRAM [ARGUMENT...]: lets each allocation fail in turn; see failing_memory.c. Waits are short.
each_fails() {
    local settings=() program
    while [[ $1 == *=* ]]; do
        settings+=("$1")
        shift
    done
    program=$KIMI_TEST_BIN/$1
    [ ! -e "$TWINS/dynamic/$1" ] || program=$TWINS/dynamic/$1
    env KIMI_TEST_MEMORY=2000 KIMI_TEST_MEMORY_DIR="$BATS_TEST_TMPDIR/runs" KIMI_TEST_SPEED=20 "${settings[@]}" \
        LD_PRELOAD="$TWINS/failing_memory.so:$TWINS/hook.so" "$program" "${@:2}"
}

@test "each allocation of kimi-token and kimi-status fails" {
    local arguments others
    store_login --expires-in-left 8000 --life 9000
    write_config <<<'default_model = "kimi-code/k2"'
    for others in one all; do
        for arguments in token 'token --json' 'token --headers' status 'status --json' 'status --line' 'status --history'; do
            # shellcheck disable=SC2086 # split on purpose
            each_fails KIMI_TEST_MEMORY_THEN=$others kimi-$arguments
        done
    done
}

@test "of the first 2,000 allocations of kimi-models, kimi-refresh, kimi-login and kimi-usage every seventh fails, or each if asked" {
    local arguments step=7
    # These take minutes: KIMI_TEST_EVERY_ALLOCATION=1 make test TESTS=memory
    [ -z "${KIMI_TEST_EVERY_ALLOCATION:-}" ] || step=1
    canned
    logged_in
    for arguments in '' --json; do
        each_fails KIMI_TEST_MEMORY_STEP=$step ../libexec/kimi/kimi-usage-online $arguments
    done
    each_fails KIMI_TEST_MEMORY_STEP=$step kimi-usage --line --max-age 1000
    for arguments in models 'models --json' 'models --sync --quiet' 'refresh --force --json' \
        'login --force --json --quiet --storage file'; do
        # shellcheck disable=SC2086 # split on purpose
        each_fails KIMI_TEST_MEMORY_STEP=$step kimi-$arguments
    done
}

@test "of the allocations for requests to kimi proxy every seventh fails, or each if asked: it goes on, or ends with one line" {
    local step=7 n proxy key status asked
    [ -z "${KIMI_TEST_EVERY_ALLOCATION:-}" ] || step=1
    cd "$BATS_TEST_TMPDIR" || return
    server_start
    store_login
    for ((n = 1; n < 500; n += step)); do
        KIMI_TEST_MEMORY_AFTER=$n LD_PRELOAD=$TWINS/failing_memory.so start proxy kimi-proxy --json --grace 0.01
        wait_until test -s proxy.out
        proxy=$(head -n 1 proxy.out | json url) key=$(head -n 1 proxy.out | json key)
        kill -USR2 "$pid"
        for asked in /x/echo '/x/bytes?n=300000&chunked=1' /../refused; do
            status=0
            curl -q -s --noproxy '*' -m 20 -o /dev/null --path-as-is -H "x-api-key: $key" -T - "$proxy$asked" <<<text || status=$?
            [ "$status" != 28 ] || fail "allocation $n: $asked hangs"
        done
        kill "$pid" 2>/dev/null || true
        status=0 # not that of curl
        wait "$pid" || status=$?
        case $status in
        0) assert_same "" "$(err_of proxy)" ;;
        75) assert_same "kimi proxy: out of memory; free some memory and try again" "$(err_of proxy)" ;;
        *) fail "allocation $n: status $status" ;;
        esac
    done
}

#!/usr/bin/env bats
# No memory: a program for which an allocation fails ends by itself, with one line and status 75.

bats_require_minimum_version 1.5.0
load helper
load login_helper

setup() {
    kimi_setup
    TWINS=${KIMI_TEST_BIN%/bin}/tests
    mkdir "$BATS_TEST_TMPDIR/runs"
}

# canned: a server that gives the same good answers again and again.
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
json.dump({"faults": faults}, open(sys.argv[1], "w"))
PY
}

# each_fails [NAME=VALUE...] PROGRAM [ARGUMENT...]: failing_memory.c has what that means. Waits are short.
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

# bats test_tags=native
@test "each allocation of kimi-token and kimi-status fails" {
    local arguments others
    store_login --expires-in-left 8000 --life 9000
    write_config <<<'default_model = "kimi-code/k2"'
    for others in one all; do
        for arguments in token 'token --json' 'token --headers' status 'status --json' 'status --line' 'status --history'; do
            # shellcheck disable=SC2086 # words
            each_fails KIMI_TEST_MEMORY_THEN=$others kimi-$arguments
        done
    done
}

# bats test_tags=native
@test "of the first 2,000 allocations of kimi-models, kimi-refresh and kimi-login every seventh fails, or each if asked" {
    local arguments step=7
    # Each takes minutes: KIMI_TEST_EVERY_ALLOCATION=1 make test TESTS=memory
    [ -z "${KIMI_TEST_EVERY_ALLOCATION:-}" ] || step=1
    canned
    logged_in
    for arguments in models 'models --json' 'models --sync --quiet' 'refresh --force --json' \
        'login --force --json --quiet --storage file'; do
        # shellcheck disable=SC2086 # words
        each_fails KIMI_TEST_MEMORY_STEP=$step kimi-$arguments
    done
}

#!/usr/bin/env bats
# run.sh: which tests it runs, and that a test that did not pass never looks as if it had.

bats_require_minimum_version 1.5.0
load helper

# program NAME LINE...: a test program with that script.
program() {
    mkdir -p "$BATS_TEST_TMPDIR/build/tests/unit"
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$BATS_TEST_TMPDIR/build/tests/unit/test_$1"
    chmod +x "$BATS_TEST_TMPDIR/build/tests/unit/test_$1"
}

runner() { "$KIMI_TEST_ROOT/tests/run.sh" "$BATS_TEST_TMPDIR/build" "$@"; }

@test "what passes is counted: 0" {
    program good 'echo "ok 1 - one"' 'echo "ok 2 - two"'
    run -0 runner unit/test_good
    assert_same "2 passed, 0 failed" "${lines[-1]}"
}

@test "a test that fails or is skipped, a program that dies and one without a test are failures: 1" {
    program bad 'echo "not ok 1 - one"'
    program skips 'echo "ok 1 - one # skip no time"'
    program dies 'echo "ok 1 - one"' 'kill -9 $$'
    program empty :
    program kills 'echo "ok 1 - one"' 'kill -9 $PPID'
    for name in bad skips dies empty kills; do
        run -1 runner "unit/test_$name"
        assert_contains "${lines[-1]}" " 1 failed"
    done
}

@test "what never ends is ended, and a failure: 1" {
    program endless 'echo "ok 1 - one"' 'exec sleep 60'
    KIMI_TEST_LIMIT=1 run -1 runner unit/test_endless
    assert_contains "$output" "not ended after 1 s"
    assert_same "1 passed, 1 failed" "${lines[-1]}"
}

@test "what runs side by side is counted all together: 0" {
    program slow "until [ -e '$BATS_TEST_TMPDIR/went' ]; do sleep 0.02; done" 'echo "ok 1 - one"'
    program quick ": >'$BATS_TEST_TMPDIR/went'" 'echo "ok 1 - one"' 'echo "ok 2 - two"'
    JOBS=2 run -0 runner unit/test_slow unit/test_quick
    assert_same "3 passed, 0 failed" "${lines[-1]}"
}

@test "a name that selects no test is a failure, and is reported: 1" {
    program good 'echo "ok 1 - one"'
    run -1 runner unit/test_good unit/test_god
    assert_contains "$output" "no test is called unit/test_god"
    assert_same "1 passed, 1 failed" "${lines[-1]}"
}

#!/usr/bin/env bats
# The build: from which states it works, whose flags it obeys, what it says. Each test builds in a copy of the tree.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, which is meant
bats_require_minimum_version 1.5.0
load helper

setup() {
    kimi_setup
    own_environment
}

# Of a make that runs the tests nothing is to be felt here.
own_environment() { unset MAKEFLAGS MFLAGS MAKELEVEL B V CC CFLAGS CPPFLAGS LDFLAGS SANITIZE PREFIX DESTDIR STRIP TESTS JOBS; }

# copy_tree FOLDER: what a build needs of the source.
copy_tree() {
    mkdir -p "$1"
    (cd "$KIMI_TEST_ROOT" && cp -r Makefile LICENSE cmd lib share man completions tests "$1")
}

on_terminal() { kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" "$@"; }

@test "make demo on a terminal asks nothing, and knows no address but loopback" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    for program in "$KIMI_TEST_BIN"/kimi*; do
        # shellcheck disable=SC2016 # for that shell
        printf '#!/bin/sh\nenv | grep -E "^KIMI_.*_(URL|HOST)=" >>"%s"\nexec "%s" "$@"\n' "$BATS_TEST_TMPDIR/urls" "$program" \
            >"$BATS_TEST_TMPDIR/bin/${program##*/}"
    done
    chmod +x "$BATS_TEST_TMPDIR"/bin/*
    http_proxy=http://127.0.0.1:9 KIMI_CODE_BASE_URL=https://api.kimi.com \
        run -0 on_terminal "$KIMI_TEST_ROOT/tests/demo.sh" "$BATS_TEST_TMPDIR/bin"
    assert_contains "$output" "That was all of it"
    assert_lacks "$output" "Which one?"
    for name in CODE MOONSHOT_CN MOONSHOT_AI; do
        grep -q "^KIMI_${name}_BASE_URL=http://127.0.0.1:" "$BATS_TEST_TMPDIR/urls" || fail "$name is not on loopback"
    done
    run ! grep -vE '^KIMI_[A-Z_]*=http://127\.0\.0\.1:' "$BATS_TEST_TMPDIR/urls"
}

#!/usr/bin/env bats
# kimi runs another program called kimi, such as kimi-cli, for what is not its own.
bats_require_minimum_version 1.5.0
load helper

setup() {
    kimi_setup
    other=$BATS_TEST_TMPDIR/other
    mkdir -p "$other"
    cat >"$other/kimi" <<'EOF'
#!/bin/sh
echo "other: $# arguments"
for argument; do echo "<$argument>"; done
exit 7
EOF
    chmod +x "$other/kimi"
    usual=$PATH
}

# add_front KIND DIRECTORY: puts one more of our fronts on PATH.
add_front() {
    mkdir -p "$2"
    case $1 in
    copy) cp "$KIMI_TEST_BIN/kimi" "$2/kimi" ;;
    link) ln -s "$KIMI_TEST_BIN/kimi" "$2/kimi" ;;
    exec) printf '#!/bin/sh\nexec "%s/kimi" "$@"\n' "$KIMI_TEST_BIN" >"$2/kimi" ;;
    child) printf '#!/bin/sh\n"%s/kimi" "$@"\n' "$KIMI_TEST_BIN" >"$2/kimi" ;;
    esac
    chmod +x "$2/kimi"
}

@test "kimi with no arguments is the other kimi" {
    PATH=$usual:$other run -7 kimi
    assert_same "other: 0 arguments" "$output"
}

@test "a first word that is not a command goes to the other kimi with all arguments unchanged" {
    PATH=$usual:$other run -7 kimi frob '' 'a b' --json -- '*'
    assert_same $'other: 6 arguments\n<frob>\n<>\n<a b>\n<--json>\n<-->\n<*>' "$output"
}

@test "an option that is not the front's goes to the other kimi" {
    PATH=$usual:$other run -7 kimi -c 'say hello'
    assert_same $'other: 2 arguments\n<-c>\n<say hello>' "$output"
}

@test "a command and the front's own options stay ours" {
    PATH=$usual:$other run -4 --separate-stderr kimi token
    PATH=$usual:$other run -0 kimi --version
    assert_contains "$output" "kimi-toolkit"
    PATH=$usual:$other run -0 kimi help
    assert_contains "$output" "usage: kimi COMMAND"
}

@test "the other kimi is found behind copies, links and wrappers of ours" {
    local kind
    for kind in copy link exec; do add_front "$kind" "$BATS_TEST_TMPDIR/$kind"; done
    PATH=$BATS_TEST_TMPDIR/exec:$usual:$BATS_TEST_TMPDIR/copy:$BATS_TEST_TMPDIR/link:$other run -7 kimi frob
    assert_same $'other: 1 arguments\n<frob>' "$output"
}

@test "without another kimi there is no loop, with any copies and links on PATH" {
    local kind path=$usual
    for kind in copy link exec child; do
        add_front "$kind" "$BATS_TEST_TMPDIR/$kind"
        path=$BATS_TEST_TMPDIR/$kind:$path
    done
    PATH=$path run -2 timeout 20 kimi frob
    assert_contains "$output" "'frob' is not a command"
    PATH=$path run -0 timeout 20 kimi
    assert_contains "$output" "usage: kimi COMMAND"
}

@test "a kimi that the other kimi runs is handed over again" {
    cat >"$other/kimi" <<'EOF'
#!/bin/sh
[ "$1" = inner ] && { echo inner; exit 0; }
kimi inner
EOF
    PATH=$usual:$other run -0 kimi
    assert_same inner "$output"
}

@test "a file called kimi that cannot be run is passed over" {
    mkdir "$BATS_TEST_TMPDIR/plain"
    echo text >"$BATS_TEST_TMPDIR/plain/kimi"
    mkdir -p "$BATS_TEST_TMPDIR/folder/kimi"
    PATH=$usual:$BATS_TEST_TMPDIR/plain:$BATS_TEST_TMPDIR/folder:$other run -7 kimi frob
    assert_contains "$output" "<frob>"
}

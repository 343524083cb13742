# shellcheck shell=bash
# A system that fails: real mounts where they are allowed, strace, and tests/hook.c.

# in_mounts SETUP COMMAND...: runs a command where the shell line SETUP has mounted something; 200: not allowed here.
in_mounts() {
    local setup=$1 user=
    shift
    [ "$(id -u)" = 0 ] || user=-r
    unshare $user -m true 2>/dev/null || return 200
    unshare $user -m sh -c "{ $setup; } >/dev/null 2>&1 || exit 200; exec \"\$@\"" sh "$@"
}

# traced OPTIONS... COMMAND...: under strace, by root, who alone may look into programs that leave no core dumps.
traced() {
    local environment=()
    if [ "$(id -u)" != 0 ]; then
        mapfile -d '' environment < <(env -0)
        environment=(sudo -n env -i "${environment[@]}")
        set -- -u "$(id -un)" "$@"
    fi
    # A sanitizer's search for leaks is a tracer itself.
    "${environment[@]}" strace -E ASAN_OPTIONS=detect_leaks=0:exitcode=99 -f -qq "$@"
}

# failing RULE COMMAND...: its system calls fail by that rule of strace's inject=, e.g. fsync:error=EIO:when=1.
failing() {
    local rule=$1
    shift
    strace -qq -E ASAN_OPTIONS=detect_leaks=0:exitcode=99 -o "$BATS_TEST_TMPDIR/strace" -e "trace=${rule%%:*}" -e "inject=$rule" "$@"
}

# hook_all: all that is started from here on has tests/hook.c, and does what KIMI_TEST_NAME says.
hook_all() {
    export LD_PRELOAD=${KIMI_TEST_BIN%/*}/tests/hook.so
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
}

# hooked NAME=VALUE... COMMAND...: with tests/hook.c, which reads KIMI_TEST_NAME: a system that fails, a wrong clock,
# or time that flies. Only programs that are linked dynamically feel it.
hooked() {
    local set=(LD_PRELOAD="${KIMI_TEST_BIN%/*}/tests/hook.so" ASAN_OPTIONS=verify_asan_link_order=0:exitcode=99)
    while [[ ${1:-} == *=* ]]; do
        set+=("KIMI_TEST_$1")
        shift
    done
    env "${set[@]}" "$@"
}

# shellcheck shell=bash
# Failures of the system: real mounts if they are allowed, strace, and tests/hook.c.

# in_mounts SETUP COMMAND...: runs a command after the shell line SETUP has mounted something; 200: not allowed here.
in_mounts() {
    local setup=$1 user=
    shift
    [ "$(id -u)" = 0 ] || user=-r
    unshare $user -m true 2>/dev/null || return 200
    unshare $user -m sh -c "{ $setup; } >/dev/null 2>&1 || exit 200; exec \"\$@\"" sh "$@"
}

# traced OPTIONS... COMMAND...: runs it under strace, as root, because only root may trace programs that dump no core.
traced() {
    local environment=()
    if [ "$(id -u)" != 0 ]; then
        mapfile -d '' environment < <(env -0)
        environment=(sudo -n env -i "${environment[@]}")
        set -- -u "$(id -un)" "$@"
    fi
    # The leak check of a sanitizer uses ptrace itself.
    "${environment[@]}" strace -E ASAN_OPTIONS=detect_leaks=0:exitcode=99 -f -qq "$@"
}

# failing RULE COMMAND...: makes its system calls fail by a rule of strace's inject=, such as fsync:error=EIO:when=1.
failing() {
    local rule=$1
    shift
    strace -qq -E ASAN_OPTIONS=detect_leaks=0:exitcode=99 -o "$BATS_TEST_TMPDIR/strace" -e "trace=${rule%%:*}" -e "inject=$rule" "$@"
}

# hook_all: from now on, every program is started with tests/hook.c, which obeys KIMI_TEST_NAME.
hook_all() {
    export LD_PRELOAD=${KIMI_TEST_BIN%/*}/tests/hook.so
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
}

# hooked NAME=VALUE... COMMAND...: runs it with tests/hook.c, which reads KIMI_TEST_NAME: failing calls, a wrong clock or
# fast time. This works only for programs that are linked dynamically.
hooked() {
    local set=(LD_PRELOAD="${KIMI_TEST_BIN%/*}/tests/hook.so" ASAN_OPTIONS=verify_asan_link_order=0:exitcode=99)
    while [[ ${1:-} == *=* ]]; do
        set+=("KIMI_TEST_$1")
        shift
    done
    env "${set[@]}" "$@"
}

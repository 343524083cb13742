#!/usr/bin/env bats
# What others may do with the files: group, ACL and attributes of a replaced file, secrets in config.toml, and file systems
# without permissions.

# Each test runs in a subshell; run sets output and stderr; setup sets the paths.
# shellcheck disable=SC2030,SC2031,SC2154,SC2153

bats_require_minimum_version 1.5.0
load helper
load processes

GROUP=54321

# acl FILE [ENTRY...]: sets an ACL of TAG:ID:BITS entries (default:... for a directory's), or prints it.
acl() {
    kimi_python - "$@" <<'PY'
import os, struct, sys
path, entries = sys.argv[1], sys.argv[2:]
name = "system.posix_acl_access"
if entries and entries[0] == "default":
    name = "system.posix_acl_default"
    entries = entries[1:]
if entries:
    parts = [tuple(int(n) & 0xffffffff for n in entry.split(":")) for entry in entries]
    os.setxattr(path, name, struct.pack("<I", 2) + b"".join(struct.pack("<HHI", t, b, i) for t, i, b in parts))
try:
    value = os.getxattr(path, name)
    print(*("%d:%d:%d" % (t, i, b) for t, b, i in struct.iter_unpack("<HHI", value[4:])))
except OSError:
    print("none")
PY
}

# attribute FILE [VALUE]: sets or prints user.origin.
attribute() {
    kimi_python -c 'import os, sys
if len(sys.argv) > 2: os.setxattr(sys.argv[1], "user.origin", sys.argv[2].encode())
print(os.getxattr(sys.argv[1], "user.origin").decode())' "$@"
}

# shared_config: a config without a secret, which the group may read.
shared_config() {
    server_start
    store_login
    mkdir -p "$HOME/.kimi"
    printf 'theme = "dark"\n' >"$CONFIG"
    as_root chgrp $GROUP "$CONFIG"
    chmod 640 "$CONFIG"
}

# The ACL lets a user read (1 owner, 2 a user, 4 group, 16 mask, 32 others), although the file's group may not.
READER="1:-1:6 2:12345:4 4:-1:0 16:-1:4 32:-1:0"

# assert_written: the login was written to the config.
assert_written() { grep -q 'managed:kimi-code' "$CONFIG" || fail "the config was not written"; }

@test "a config that is replaced keeps its group and its extended attributes" {
    shared_config
    attribute "$CONFIG" chezmoi
    run -0 kimi login
    assert_written
    assert_same "$GROUP 640" "$(stat -c '%g %a' "$CONFIG")"
    assert_same chezmoi "$(attribute "$CONFIG")"
}

@test "if the group cannot be kept, no group may read the config" {
    shared_config
    # Only a member of the group, or root, can give the file to the group.
    if [ "$(id -u)" = 0 ]; then
        run -0 setpriv --bounding-set=-chown --inh-caps=-chown kimi login
    else
        run -0 kimi login
    fi
    assert_written
    assert_same 600 "$(mode "$CONFIG")"
}

@test "a config that is replaced keeps its ACL" {
    shared_config
    as_root chgrp "$(id -g)" "$CONFIG"
    # shellcheck disable=SC2086 # split on purpose
    acl "$CONFIG" $READER
    local before
    before=$(acl "$CONFIG")
    run -0 kimi login
    assert_written
    assert_same "640 $before" "$(mode "$CONFIG") $(acl "$CONFIG")"
}

@test "if the ACL cannot be kept, its mask does not become the group's permissions" {
    shared_config
    as_root chgrp "$(id -g)" "$CONFIG"
    # shellcheck disable=SC2086 # split on purpose
    acl "$CONFIG" $READER
    run -0 failing fsetxattr:error=EOPNOTSUPP kimi-login
    assert_written
    assert_same "600 none" "$(mode "$CONFIG") $(acl "$CONFIG")"
}

@test "a default ACL of the directory lets nobody read an existing config" {
    shared_config
    as_root chgrp "$(id -g)" "$CONFIG"
    acl "$HOME/.kimi" default 1:-1:7 2:12345:7 4:-1:5 16:-1:7 32:-1:5
    run -0 kimi login
    assert_written
    assert_same "640 none" "$(mode "$CONFIG") $(acl "$CONFIG")"
}

@test "a narrow umask does not make the runtime directory unusable, and an earlier one is repaired" {
    server_start
    store_login
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
    mkdir -m 700 runtime
    local mask
    for mask in 0277 0777; do
        rm -rf runtime/kimi
        # The directory is created with that umask.
        run -0 unprivileged sh -c "umask $mask; exec kimi exec --env '' --file-env FILE -- sh -c 'cat \"\$FILE\"'"
        assert_same at-stored "$output"
        assert_same 700 "$(mode runtime/kimi)" "with umask $mask"
        chmod 000 runtime/kimi
        # shellcheck disable=SC2016 # expanded by the shell
        run -0 unprivileged kimi exec --env '' --file-env FILE -- sh -c 'cat "$FILE"; echo "$FILE"'
        assert_contains "$output" "$XDG_RUNTIME_DIR/kimi/exec."
    done
}

## An API key in config.toml

# open_config: logged in to Kimi Code, with a key of a platform in a config that others can read.
open_config() {
    server_start
    server_control '{"pending": 0, "api_keys": {"cn": ["sk-cn"]}}'
    store_login
    kimi login --quiet --api-key-stdin --platform moonshot-cn <<<sk-cn
    kimi login --quiet
    chmod 644 "$CONFIG"
}

SAID="config.toml could be read by others; it is now private"

@test "a command that rewrites a config with an API key makes it private, and says so once" {
    open_config
    local command other='{"pending": 0, "api_keys": {"cn": ["sk-cn"]}, "models": [{"id": "new", "context_length": 1000}]}'
    # The second command of a pair has nothing left to change.
    for command in "login --force" "models --sync" "models --sync" "models --use kimi-code/new" "refresh --models"; do
        chmod 644 "$CONFIG"
        # shellcheck disable=SC2086 # split on purpose
        run -0 --separate-stderr kimi $command
        assert_same "1 600" "$(grep -c "$SAID" <<<"$stderr") $(mode "$CONFIG")" "kimi $command: $stderr"
        server_control "$other"
    done
    chmod 644 "$CONFIG"
    run -0 --separate-stderr kimi logout
    assert_same "1 600" "$(grep -c "$SAID" <<<"$stderr") $(mode "$CONFIG")" "$stderr"
    # A config without a key may be readable by others.
    chmod 644 "$CONFIG"
    run -0 --separate-stderr kimi logout --platform moonshot-cn
    assert_lacks "$stderr" "$SAID"
    assert_same 644 "$(mode "$CONFIG")"
}

@test "token says on a terminal, and to no program, that others can read the key" {
    open_config
    run -0 --separate-stderr kimi token --platform moonshot-cn
    assert_same "sk-cn" "$output$stderr"
    run -0 kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" --columns 200 kimi-token --platform moonshot-cn
    assert_contains "$output" "$CONFIG holds an API key and can be read by others; run 'chmod 600' on it"
    run -0 kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" kimi-token
    assert_lacks "$output" "can be read by others"
    chmod 600 "$CONFIG"
    run -0 kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" kimi-token --platform moonshot-cn
    assert_lacks "$output" "can be read by others"
}

## Hard links

@test "a config with another hard link is replaced, and a note says once that the other keeps the old content" {
    server_start
    store_login
    mkdir -p "$HOME/.kimi" dotfiles
    printf 'theme = "dark"\n' >"$CONFIG"
    ln "$CONFIG" dotfiles/config.toml
    run -0 --separate-stderr kimi login
    assert_contains "$stderr" "config.toml had other hard links: they still have the old content"
    assert_written
    assert_same 'theme = "dark"' "$(cat dotfiles/config.toml)"
    run -0 --separate-stderr kimi models --use kimi-k2
    assert_lacks "$stderr" "hard link"
}

## File systems without permissions

@test "a file system that refuses or ignores chmod accepts a login if its files are private anyway" {
    server_start
    server_control '{"pending": 0}'
    local fixed
    # As on exFAT with fmask=077: 0700.
    for fixed in 700 700! 600!; do
        run -0 --separate-stderr hooked FIXED_MODE="$fixed" kimi-login --force
        run -0 --separate-stderr hooked FIXED_MODE="$fixed" kimi-refresh --force
        run -0 --separate-stderr hooked FIXED_MODE="$fixed" kimi-models --sync
        assert_lacks "$stderr" "keep permissions"
        assert_same "${fixed%!} ${fixed%!}" "$(mode "$LOGIN") $(mode "$CONFIG")"
        rm -r "$HOME/.kimi"
    done
}

@test "if the file of a login cannot be private: refused, or reported once, and never said to be private" {
    server_start
    server_control '{"pending": 0, "api_keys": {"cn": ["sk-cn"]}}'
    run -1 --separate-stderr hooked FIXED_MODE=755! kimi-login
    assert_contains "$stderr" "cannot set the mode of $LOGIN"
    assert_contains "$stderr" "set KIMI_SHARE_DIR to a directory on a file system that keeps permissions"
    assert_same 0 "$(server_count device)"
    run -0 --separate-stderr hooked FIXED_MODE=755 kimi-login
    assert_same 1 "$(grep -c "others can read $LOGIN: its file system does not keep permissions" <<<"$stderr")"
    run -0 --separate-stderr hooked FIXED_MODE=755 kimi-refresh --force
    assert_lacks "$stderr" "now private"
    run -0 --separate-stderr hooked FIXED_MODE=755 kimi-login --api-key-stdin --platform moonshot-cn <<<sk-cn
    assert_lacks "$stderr" "now private"
    run -0 --separate-stderr hooked FIXED_MODE=755 kimi-login --api-key-stdin --platform moonshot-cn <<<sk-cn
    assert_same 1 "$(grep -c "holds an API key and others can read it: its file system does not keep permissions" <<<"$stderr")"
    assert_lacks "$stderr" "now private"
}

## Remedies for bad paths

@test "the advice names the variable of the home, and none if no variable chooses the path" {
    server_start
    server_control '{"pending": 0}'
    mkdir -m 500 "$HOME/.kimi" "$HOME/.kimi-code"
    run -1 --separate-stderr unprivileged kimi-login --client kimi-cli
    assert_contains "$stderr" "cannot create the directory $HOME/.kimi/credentials"
    assert_contains "$stderr" "or set KIMI_SHARE_DIR to another directory"
    run -1 --separate-stderr unprivileged kimi-login --client kimi-code
    assert_contains "$stderr" "cannot create the directory $HOME/.kimi-code/credentials"
    assert_contains "$stderr" "or set KIMI_CODE_HOME to another directory"
    chmod 700 "$HOME/.kimi" "$HOME/.kimi-code"
    run -1 --separate-stderr failing flock:error=ENOLCK kimi-login --client kimi-code
    assert_contains "$stderr" "set KIMI_CODE_HOME to a directory on a file system with locks"
    # The runtime directory is not a home: another home would not help.
    store_login
    export XDG_RUNTIME_DIR=$HOME/run
    mkdir -m 700 "$XDG_RUNTIME_DIR" "$XDG_RUNTIME_DIR/kimi"
    # shellcheck disable=SC2016 # expanded by the inner shell
    run -1 --separate-stderr unshare --user --map-root-user --mount sh -c 'mount --bind "$HOME/run" "$HOME/run" &&
        mount -o remount,bind,ro "$HOME/run" && exec kimi exec --client kimi-cli --file-env FILE -- true'
    assert_contains "$stderr" "the file system is read-only: make it writable"
    assert_lacks "$stderr" "KIMI_SHARE_DIR"
}

@test "too many open files: a failure that passes, with what to do" {
    store_login --expires-in-left 100
    run -75 --separate-stderr hooked FAIL=open:1+:24 kimi-refresh
    assert_contains "$stderr" "Too many open files; close some programs, or raise the limit of open files (ulimit -n), and try again"
    run -75 --separate-stderr hooked FAIL=open:1+:24 kimi-models --json
    assert_same busy "$(json data.code <<<"$output")"
}

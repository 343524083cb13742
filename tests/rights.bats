#!/usr/bin/env bats
# What others may do with the files: the group, ACL and attributes of a file that is replaced, secrets in config.toml,
# and file systems that keep no modes.

# Each test is a shell of its own; run sets output and stderr; the paths are the setup's.
# shellcheck disable=SC2030,SC2031,SC2154,SC2153

bats_require_minimum_version 1.5.0
load helper
load processes

setup() {
    kimi_setup
    kimi_paths
    CONFIG=$HOME/.kimi/config.toml
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    end_started
    kimi_teardown
}

GROUP=54321

# acl FILE [ENTRY...]: sets an ACL of TAG:ID:BITS entries (default:... for a folder's), or prints the one there is.
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

# shared_config: a config without a secret, that the group may read.
shared_config() {
    server_start
    store_login
    mkdir -p "$HOME/.kimi"
    printf 'theme = "dark"\n' >"$CONFIG"
    as_root chgrp $GROUP "$CONFIG"
    chmod 640 "$CONFIG"
}

# A user (1 owner, 2 a user, 4 group, 16 mask, 32 others) who may read by an ACL, though the file's group may not.
READER="1:-1:6 2:12345:4 4:-1:0 16:-1:4 32:-1:0"

# assert_written: the login has been written to the config.
assert_written() { grep -q 'managed:kimi-code' "$CONFIG" || fail "the config was not written"; }

@test "a config that is replaced keeps its group, and its extended attributes" {
    shared_config
    attribute "$CONFIG" chezmoi
    run -0 kimi login
    assert_written
    assert_same "$GROUP 640" "$(stat -c '%g %a' "$CONFIG")"
    assert_same chezmoi "$(attribute "$CONFIG")"
}

@test "where the group cannot be kept, no group may read the config" {
    shared_config
    # Who is neither in the group nor root cannot give the file to it.
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
    # shellcheck disable=SC2086 # entries
    acl "$CONFIG" $READER
    local before
    before=$(acl "$CONFIG")
    run -0 kimi login
    assert_written
    assert_same "640 $before" "$(mode "$CONFIG") $(acl "$CONFIG")"
}

# bats test_tags=native
@test "where the ACL cannot be kept, its mask does not become the group's rights" {
    shared_config
    as_root chgrp "$(id -g)" "$CONFIG"
    # shellcheck disable=SC2086 # entries
    acl "$CONFIG" $READER
    run -0 failing fsetxattr:error=EOPNOTSUPP kimi-login
    assert_written
    assert_same "600 none" "$(mode "$CONFIG") $(acl "$CONFIG")"
}

@test "an ACL that the folder gives to new files lets nobody read a config that was there before" {
    shared_config
    as_root chgrp "$(id -g)" "$CONFIG"
    acl "$HOME/.kimi" default 1:-1:7 2:12345:7 4:-1:5 16:-1:7 32:-1:5
    run -0 kimi login
    assert_written
    assert_same "640 none" "$(mode "$CONFIG") $(acl "$CONFIG")"
}

@test "a narrow umask does not make the runtime directory unusable, and one from before is repaired" {
    server_start
    store_login
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
    mkdir -m 700 runtime
    local mask
    for mask in 0277 0777; do
        rm -rf runtime/kimi
        # The directory comes about under that umask.
        run -0 restricted sh -c "umask $mask; exec kimi exec --env '' --file-env FILE -- sh -c 'cat \"\$FILE\"'"
        assert_same at-stored "$output"
        assert_same 700 "$(mode runtime/kimi)" "with umask $mask"
        chmod 000 runtime/kimi
        # shellcheck disable=SC2016 # for the shell
        run -0 restricted kimi exec --env '' --file-env FILE -- sh -c 'cat "$FILE"; echo "$FILE"'
        assert_contains "$output" "$XDG_RUNTIME_DIR/kimi/exec."
    done
}

#!/usr/bin/env bats
# The file store: files in place of a login that are not one, and the device headers.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

setup() {
    kimi_setup
    server_start
    mkdir -p "$FOLDER"
    chmod 700 "$FOLDER"
}

# assert_refused PART: kimi token and kimi refresh say so in one line, fail permanently and send nothing.
assert_refused() {
    local command
    for command in kimi-token "kimi-refresh --force"; do
        # shellcheck disable=SC2086 # split on purpose
        run -1 --separate-stderr timeout 10 $command || return
        assert_error "$1" || return
    done
    assert_same 0 "$(server_count all)" "requests"
}

# assert_damaged: the same for the login as stored, whose bytes are unchanged.
assert_damaged() {
    local before
    chmod 600 "$LOGIN"
    touch -d '1 minute ago' "$LOGIN" # a new file would be read again
    before=$(hash_of "$LOGIN")
    assert_refused "$LOGIN" || return
    assert_contains "$stderr" "kimi login" || return
    assert_same "$before" "$(hash_of "$LOGIN")" "the file"
}

@test "an empty file is not a login" {
    : >"$LOGIN"
    assert_damaged
}

@test "a truncated file is not a login" {
    store_login
    truncate -s 60 "$LOGIN"
    assert_damaged
    assert_lacks "$stderr" at-stored
}

@test "JSON that is not an object, or has other fields, is not a login" {
    local record
    for record in '[]' null '"text"' '{"access_token": 5}' '{"access_token": "", "expires_at": 5}' \
        '{"access_token": "at", "refresh_token": "rt", "expires_at": 1, "expires_in": -1}'; do
        echo "$record" >"$LOGIN"
        assert_damaged || fail "$record"
    done
}

@test "a token with a newline or a NUL in it is not a login, and nothing of it is printed" {
    printf '%s' '{"access_token": "at\nX-Evil: 1", "refresh_token": "rt", "expires_at": 99999999999, "expires_in": 900}' >"$LOGIN"
    assert_damaged
    printf '%s' '{"access_token": "at\u0000b", "refresh_token": "rt", "expires_at": 99999999999, "expires_in": 900}' >"$LOGIN"
    assert_damaged
    assert_lacks "$stderr" Evil
}

@test "a login that another program is rewriting in place is read again" {
    local half
    store_login
    for half in '' '{"access_token": "at-st'; do
        rewrite_in_place "$LOGIN" "$half"
        run -0 --separate-stderr kimi-token
        wait "$editor"
        assert_same at-stored "$output"
    done
}

@test "binary garbage is not a login" {
    head -c 100000 /dev/urandom >"$LOGIN"
    assert_damaged
    head -c 4096 /dev/zero >"$LOGIN"
    assert_damaged
}

@test "endlessly nested JSON is not a login" {
    head -c 500000 /dev/zero | tr '\0' '[' >"$LOGIN"
    assert_damaged
}

@test "a file of 100 MB is refused unread" {
    truncate -s 100M "$LOGIN"
    chmod 600 "$LOGIN"
    (
        limit_memory 200000
        assert_refused "too large"
    )
    assert_same 104857600 "$(stat -c %s "$LOGIN")"
}

@test "a FIFO in its place is refused without waiting" {
    mkfifo "$LOGIN"
    assert_refused "not a regular file"
    [ -p "$LOGIN" ]
}

@test "a directory in its place is refused" {
    mkdir "$LOGIN"
    assert_refused "not a regular file"
}

@test "a device in its place is refused" {
    as_root mknod -m 666 "$LOGIN" c 1 5
    assert_refused "not a regular file"
}

@test "a symbolic link in its place is refused, also a dangling one" {
    store_login
    mv "$LOGIN" "$HOME/real"
    ln -s "$HOME/real" "$LOGIN"
    assert_refused "symbolic link"
    rm "$HOME/real"
    assert_refused "symbolic link"
}

@test "a file that cannot be read is refused" {
    store_login
    chmod 0 "$LOGIN"
    run -1 --separate-stderr unprivileged kimi-token
    assert_error "$LOGIN"
    run -1 --separate-stderr unprivileged kimi-refresh
    assert_error "$LOGIN"
    assert_same 0 "$(server_count all)"
}

@test "a file of another user is refused" {
    store_login
    as_root chown 65533 "$LOGIN"
    assert_refused "another user"
    as_root chown "$(id -u)" "$LOGIN"
}

@test "a file where the directory should be is refused" {
    rmdir "$FOLDER"
    : >"$FOLDER"
    assert_refused "$FOLDER"
}

@test "numbers that other programs wrote as text, fractions and unknown fields are fine" {
    printf '{"access_token": "at", "refresh_token": "rt", "expires_at": "%s.5", "expires_in": "900", "new": [1]}' \
        $((EPOCHSECONDS + 800)) >"$LOGIN"
    run -0 kimi-token
    assert_same at "$output"
    run -0 kimi-refresh
    assert_same 0 "$(server_count all)"
}

@test "fields that we do not know survive a refresh that fails" {
    printf '{"access_token": "at", "refresh_token": "rt", "expires_at": 5, "expires_in": 900, "new": [1]}' >"$LOGIN"
    chmod 600 "$LOGIN"
    local before
    before=$(hash_of "$LOGIN")
    run -4 kimi-refresh
    assert_same "$before" "$(hash_of "$LOGIN")"
}

@test "a reader never sees half a login while it is replaced over and over" {
    store_login
    local seen i
    start writer bash -c 'for i in {1..15}; do kimi-refresh --force --quiet || exit; done'
    local writer=$pid
    for ((i = 0; i < 100; i++)); do
        seen=$(kimi-token --no-refresh) || fail "reader $i"
        case $seen in at-*) ;; *) fail "reader $i saw: $seen" ;; esac
    done
    finish 0 "$writer"
    assert_same 15 "$(server_count refresh)"
}

## Device headers

@test "the six device headers and our own User-Agent are sent, clean" {
    store_login --expires-in-left 100
    kimi-refresh --quiet
    server_last refresh | kimi_python -c '
import json, platform, sys
h = json.load(sys.stdin)["headers"]
u = platform.uname()
clean = lambda s: "".join(c for c in s if " " <= c <= "~").strip() or "unknown"
assert h["user-agent"].startswith("kimi-toolkit/"), h
assert h["x-msh-platform"] == "kimi_cli", h
assert h["x-msh-version"] and h["user-agent"] == "kimi-toolkit/" + h["x-msh-version"], h
assert h["x-msh-device-name"] == clean(u.node), h
assert h["x-msh-device-model"] == clean("%s %s %s" % (u.system, u.release, u.machine)), h
assert h["x-msh-os-version"] == clean(u.version), h
assert len(h["x-msh-device-id"]) == 32, h
assert "authorization" not in h and "cookie" not in h, h'
    assert_same 0 "$(server_stat refused)"
}

@test "a device id that is there is sent as it is, be it a UUID" {
    store_login --expires-in-left 100
    printf '6f9619ff-8b86-d011-b42d-00cf4fc964ff\n' >"$HOME/.kimi/device_id"
    kimi-refresh --quiet
    assert_same 6f9619ff-8b86-d011-b42d-00cf4fc964ff "$(server_last refresh | json headers.x-msh-device-id)"
    assert_same 6f9619ff-8b86-d011-b42d-00cf4fc964ff "$(cat "$HOME/.kimi/device_id")"
}

@test "an empty or dirty device id makes no bad header" {
    store_login --expires-in-left 100
    : >"$HOME/.kimi/device_id"
    kimi-refresh --quiet
    local id
    id=$(cat "$HOME/.kimi/device_id")
    assert_same 32 "${#id}"
    assert_same "$id" "$(server_last refresh | json headers.x-msh-device-id)"
    printf ' \033[1mid\177 \r\nX-Evil: 1\n' >"$HOME/.kimi/device_id"
    kimi-refresh --quiet --force
    assert_same "[1mid" "$(server_last refresh | json headers.x-msh-device-id)"
    assert_same 0 "$(server_stat refused)"
}

@test "in a home that takes no device id a request still carries one" {
    store_login --expires-in-left 100
    chmod 500 "$HOME/.kimi"
    run -0 unprivileged kimi-refresh --quiet
    chmod 700 "$HOME/.kimi"
    assert_same 1 "$(server_count refresh)"
    assert_same 0 "$(server_stat refused)"
}

@test "a login that was confirmed outlasts a lock that another process holds for long" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"hold_before": "poll"}]}}'
    start login hooked SPEED=20 kimi-login
    server_wait_held poll
    # With this clock 2 s are 40 s, and others wait for 30 s.
    flock "$LOCK" sleep 2 3>&- 4>&- &
    wait_until lock_is_held
    server_release poll
    finish 0
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "a login that waits for the lock for long says so, and can be given up: 130" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"hold_before": "poll"}]}}'
    start login hooked SPEED=5 kimi-login
    server_wait_held poll
    local waiter=$pid
    hold_lock other
    server_release poll
    wait_until grep -q "holds the lock" "$BATS_TEST_TMPDIR/login.err"
    # hooked is a shell function; the program is a child of that shell.
    kill -TERM "$(pgrep -P "$waiter")"
    finish 130 "$waiter"
    [ ! -e "$LOGIN" ]
    release_lock other
}
lock_is_held() { ! flock -n "$LOCK" true; }

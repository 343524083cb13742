#!/usr/bin/env bats
# Several homes and one keyring: each home has its own login, and no refresh token is used twice.
# shellcheck disable=SC2030,SC2031 # each test runs in a subshell on purpose

bats_require_minimum_version 1.5.0
load helper
load processes
load keyring

# in_home NAME COMMAND...: runs it with the home directory NAME; "default" is ~/.kimi.
in_home() {
    local home=$1
    shift
    if [ "$home" = default ]; then
        "$@"
    else
        KIMI_SHARE_DIR=$BATS_TEST_TMPDIR/$home "$@"
    fi
}

# with_keyring gnome|git: starts an open gnome-keyring, or uses git credential-store with a file of the test.
with_keyring() {
    if [ "$1" = gnome ]; then
        keyring_start
    else
        export KIMI_CREDENTIAL_HELPER="store --file=$BATS_TEST_TMPDIR/git-credentials"
    fi
    server_start
    server_control '{"pending": 0}'
}

# logged_in HOME: stores a login of its own in the keyring, and prints its access token.
logged_in() {
    in_home "$1" kimi-login --no-browser --storage keyring 2>>login.err || fail "login: $(cat login.err)" || return
    [ ! -e "$BATS_TEST_TMPDIR/$1/credentials/kimi-code.json" ] || fail "the login is in a file" || return
    server_stat last_access_token
}

# items: the usernames in the keyring.
items() {
    secret-tool search --all service kimi-code 2>&1 | sed -n 's/^attribute.username = //p' | sort
}

# shared_login HOME...: as an earlier version left it: a single login under the bare key, and each HOME says that its login
# is in the keyring. Only the metadata of the first one matches it.
shared_login() {
    local home dir expires
    keep_login --expires-in-left 100
    expires=$(kept expires_at)
    for home; do
        dir=$BATS_TEST_TMPDIR/$home
        [ "$home" != default ] || dir=$HOME/.kimi
        (umask 077 && mkdir -p "$dir/credentials")
        printf '{"expires_at": %s, "oauth_host": "%s", "storage": "keyring", "last_refresh": 1}\n' "$expires" \
            "$KIMI_CODE_OAUTH_HOST" >"$dir/credentials/kimi-code.state"
        expires=5
    done
}

# refresh_in_both A B ROUNDS: forces refreshes in both homes at once; each round gives both a new token.
refresh_in_both() {
    local n one other
    for ((n = 0; n < $3; n++)); do
        in_home "$1" start one kimi-refresh --force --quiet
        one=$pid
        in_home "$2" start other kimi-refresh --force --quiet
        other=$pid
        finish 0 "$one" || return
        finish 0 "$other" || return
    done
    assert_same 0 "$(server_stat revoked)" "logins that the server ended" || return
    assert_same $((2 * $3)) "$(server_count refresh)" "refreshes" || return
    one=$(in_home "$1" kimi-token) && other=$(in_home "$2" kimi-token) || return
    [ "$one" != "$other" ] || fail "both homes have the same login"
}

fresh_home() {
    with_keyring "$1"
    logged_in A >token
    run -0 in_home A kimi-token
    assert_same "$(cat token)" "$output"
    run -4 in_home B kimi-token
    run -4 in_home default kimi-token
    run -4 in_home B kimi-refresh --force
    run -0 --separate-stderr in_home B kimi-status --json --platform kimi-code
    assert_same logged_out "$(json logins.0.state <<<"$output")"
    assert_same 0 "$(server_count refresh)"
}
@test "a home without a login does not see that of another home (gnome-keyring)" { fresh_home gnome; }
@test "a home without a login does not see that of another home (git credential-store)" { fresh_home git; }

two_refreshes() {
    with_keyring "$1"
    logged_in A >a
    logged_in B >b
    refresh_in_both A B 20
}
@test "refresh --force in two homes at once, 20 times: no refresh token is spent twice (gnome-keyring)" { two_refreshes gnome; }
@test "refresh --force in two homes at once, 20 times: no refresh token is spent twice (git credential-store)" { two_refreshes git; }

default_and_other() {
    with_keyring "$1"
    logged_in default >a
    logged_in B >b
    refresh_in_both default B 5
}
@test "refresh --force in the default home and another at once (gnome-keyring)" { default_and_other gnome; }
@test "refresh --force in the default home and another at once (git credential-store)" { default_and_other git; }

logout_in_one() {
    with_keyring "$1"
    logged_in A >a
    logged_in B >b
    logged_in default >c
    run -0 in_home B kimi-logout
    run -4 in_home B kimi-token
    run -0 in_home A kimi-token
    assert_same "$(cat a)" "$output"
    run -0 in_home default kimi-token
    assert_same "$(cat c)" "$output"
    run -0 in_home default kimi-logout
    run -0 in_home A kimi-token
    assert_same "$(cat a)" "$output"
}
@test "logout in one home leaves the logins of the others (gnome-keyring)" { logout_in_one gnome; }
@test "logout in one home leaves the logins of the others (git credential-store)" { logout_in_one git; }

accounts_too() {
    with_keyring "$1"
    in_home A kimi-login --no-browser --storage keyring --account work 2>login.err
    run -0 in_home A kimi-token --account work
    run -4 in_home B kimi-token --account work
    run -4 kimi-token --account work
}
@test "the login of an account belongs to its home as well (gnome-keyring)" { accounts_too gnome; }
@test "the login of an account belongs to its home as well (git credential-store)" { accounts_too git; }

@test "the token that is cached for one home is not printed in another" {
    with_keyring gnome
    logged_in default >token
    run -0 kimi-token
    assert_same "$(cat token)" "$output"
    [ -e "$CACHE" ] || fail "nothing is cached"
    run -4 in_home B kimi-token
    run -0 kimi-token
    assert_same "$(cat token)" "$output"
}

@test "the default home's item is the one that kimi-cli knows, however the home is named" {
    with_keyring gnome
    logged_in default >token
    assert_same "$KEY" "$(items)"
    ln -s .kimi "$HOME/link"
    local name
    for name in .kimi .kimi/ link ./link/../.kimi; do
        run -0 env KIMI_SHARE_DIR="$HOME/$name" KIMI_NO_CACHE=1 kimi-token
        assert_same "$(cat token)" "$output"
    done
    KIMI_SHARE_DIR=$HOME/link run -0 kimi-refresh --force
    assert_same "$KEY" "$(items)"
}

@test "an item is found by every name of its home, and stays one item" {
    with_keyring gnome
    logged_in A >token
    [[ $(items) == "$KEY#"* ]] || fail "items: $(items)"
    ln -s A link
    run -0 in_home link kimi-refresh --force
    assert_same 1 "$(keyring_items)"
    run -0 env KIMI_NO_CACHE=1 KIMI_SHARE_DIR="$BATS_TEST_TMPDIR/A/" kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
}

@test "a home that is not there yet gets its item under its real path" {
    with_keyring gnome
    mkdir real
    ln -s real link
    logged_in link/new >token
    run -0 in_home real/new kimi-token
    assert_same "$(cat token)" "$output"
}

## Logins of earlier versions, which used one name for all homes

@test "an earlier version's login of another home is found, and a refresh moves it once" {
    with_keyring gnome
    shared_login B
    run -0 in_home B env KIMI_NO_CACHE=1 kimi-token --no-refresh --min-valid 0
    assert_same at-stored "$output"
    run -0 in_home B kimi-refresh --force
    [[ $(items) == "$KEY#"* ]] || fail "items: $(items)"
    assert_same 1 "$(keyring_items)"
    run -0 in_home B kimi-refresh --force
    assert_same 1 "$(keyring_items)"
    run -4 kimi-token
    run -0 in_home B kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
    assert_same 0 "$(server_stat revoked)"
}

@test "an earlier version's login of another home is found where only its config speaks of a keyring" {
    with_keyring gnome
    keep_login
    name_storage keyring
    mkdir -p B
    mv "$CONFIG" B/config.toml
    run -0 in_home B kimi-token
    assert_same at-stored "$output"
    run -0 in_home B kimi-refresh --force
    [[ $(items) == "$KEY#"* ]] || fail "items: $(items)"
}

@test "an earlier version's login that the default home uses is not taken from it" {
    with_keyring gnome
    shared_login default B
    run -4 in_home B kimi-token
    run -4 in_home B kimi-refresh --force
    run -0 in_home B kimi-logout
    assert_same at-stored "$(kept access_token)"
    run -0 kimi-refresh --force
    assert_same "$KEY" "$(items)"
}

@test "an earlier version's login that another home refreshed last is that home's" {
    with_keyring gnome
    shared_login B default
    run -0 in_home B kimi-refresh --force
    [[ $(items) == "$KEY#"* ]] || fail "items: $(items)"
    run -4 kimi-token
}

@test "an earlier version's login of another home: logout removes it" {
    with_keyring gnome
    shared_login B
    run -0 in_home B kimi-logout
    assert_same 0 "$(keyring_items)"
}

@test "an earlier version's login of another home moves to the file whole" {
    with_keyring gnome
    shared_login B
    run -0 in_home B kimi-refresh --storage file
    assert_same 0 "$(keyring_items)"
    [ -e B/credentials/kimi-code.json ]
    run -0 in_home B kimi-token
    assert_same "$(server_stat last_access_token)" "$output"
}

@test "login --force replaces another home's login of an earlier version" {
    with_keyring gnome
    shared_login B
    run -0 in_home B kimi-login --no-browser --force --storage keyring
    [[ $(items) == "$KEY#"* ]] || fail "items: $(items)"
    assert_same 1 "$(keyring_items)"
}

@test "an earlier version's login in a locked keyring: 75, and logout does not say that it is gone" {
    with_keyring gnome
    shared_login B
    keyring_lock
    run -75 in_home B kimi-token
    run -75 in_home B kimi-logout
    keyring_unlock
    run -0 in_home B kimi-logout
    assert_same 0 "$(keyring_items)"
}

@test "an earlier version's login that two other homes refresh at once is spent once" {
    with_keyring gnome
    shared_login B C
    in_home B start one kimi-refresh --force
    local one=$pid results=(0 0)
    in_home C start two kimi-refresh --force
    wait "$one" || results[0]=$?
    wait "$pid" || results[1]=$?
    # The second one no longer finds a login.
    assert_same "0 4" "$(printf '%s\n' "${results[@]}" | sort | paste -sd ' ')"
    assert_same 1 "$(server_count refresh)"
    assert_same 0 "$(server_stat revoked)"
}

## The lock

# user_lock: the lock of the default account's logins in the keyring.
user_lock() { echo "$HOME/.local/state/kimi/keyring-kimi-code.lock"; }

@test "a refresh of a keyring login waits for the lock that all homes share" {
    with_keyring gnome
    logged_in A >token
    LOCK=$(user_lock) hold_lock holder
    in_home A start waiter kimi-refresh --force
    wait_until is_asleep "$pid" kimi-refresh
    run -124 in_home A timeout 0.3 kimi-refresh --force
    assert_same 0 "$(server_count refresh)"
    release_lock holder
    finish 0
    assert_same 1 "$(server_count refresh)"
}

@test "a refresh of a login in a file does not wait for that lock" {
    with_keyring gnome
    (umask 077 && mkdir -p "$(dirname "$(user_lock)")")
    LOCK=$(user_lock) hold_lock holder
    store_login
    run -0 kimi-refresh --force
    release_lock holder
}

@test "the shared lock is a private file in XDG_STATE_HOME, if that is set" {
    with_keyring gnome
    export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
    logged_in A >token
    assert_same 600 "$(mode "$XDG_STATE_HOME/kimi/keyring-kimi-code.lock")"
    assert_same 700 "$(mode "$XDG_STATE_HOME/kimi")"
    [ ! -e "$(user_lock)" ]
}

@test "where the shared lock cannot be made, the lock of the home has to do" {
    with_keyring gnome
    export XDG_STATE_HOME=$BATS_TEST_TMPDIR/no-directory
    : >"$XDG_STATE_HOME"
    logged_in A >token
    run -0 in_home A kimi-refresh --force
    run -0 env -u HOME -u XDG_STATE_HOME KIMI_SHARE_DIR="$BATS_TEST_TMPDIR/A" kimi-refresh --force
    assert_same 1 "$(keyring_items)"
}

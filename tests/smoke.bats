#!/usr/bin/env bats
# Every command with every kind of login. `make valgrind` runs this, too: unlike the sanitizers, valgrind finds uses of
# uninitialized memory.

# shellcheck disable=SC2154 # set by run
bats_require_minimum_version 1.5.0
load helper
load processes
load keyring
load login_helper

# A server, and the config that a login leaves.
setup() {
    keyring_setup
    export KIMI_DISABLE_KEYRING=1
    server_start
    server_control '{"pending": 0, "api_keys": {"cn": ["sk-throw-away"]}}'
    logged_in
    cp "$CONFIG" "$BATS_TEST_TMPDIR/config.toml"
}

# have_login KIND: with a refresh token that was not used before; the server does not know a rejected one.
logins=0
have_login() {
    local options=(--refresh "rt-$((++logins))")
    rm -r "$HOME/.kimi"
    mkdir "$HOME/.kimi"
    cp "$BATS_TEST_TMPDIR/config.toml" "$CONFIG"
    case $1 in
    fresh) ;;
    due) options+=(--expires-in-left 100) ;;
    expired) options+=(--expires-in-left -100) ;;
    rejected) options+=(--expires-in-left -100 --no-seed) ;;
    damaged) options+=(--no-seed) ;;
    missing) return ;;
    esac
    store_login "${options[@]}"
    [ "$1" != damaged ] || truncate -s 20 "$HOME/.kimi/credentials/kimi-code.json"
}

# check STATUS COMMAND...: it exits with that status, and valgrind reports nothing. Failures are collected for all_good.
check() {
    local under=()
    [ "${KIMI_TEST_CHECKER:-}" != valgrind ] || under=("$KIMI_TEST_ROOT/tests/valgrind.sh")
    run --separate-stderr "${under[@]}" "$KIMI_TEST_BIN/$2" "${@:3}"
    if [[ $stderr == *"(pidfd_open): Function not implemented"* ]]; then
        echo "# not run: ${*:2}: before 3.22 valgrind does not have pidfd_open" >&3
        return
    fi
    [ "$status" = "$1" ] ||
        printf '%s: status %s, not %s\n%s\n%s\n' "${*:2}" "$status" "$1" "$output" "$stderr" >>"$BATS_TEST_TMPDIR/wrong"
}
all_good() { [ ! -e "$BATS_TEST_TMPDIR/wrong" ] || fail "$(cat "$BATS_TEST_TMPDIR/wrong")"; }

# commands_with KIND COLUMN: runs each command with such a login; the column has the exit status.
commands_with() {
    local row
    while read -ra row; do
        have_login "$1"
        check "${row[$2]}" "${row[@]:6}" </dev/null
    done <<'TABLE'
0 0 0 4 1 4 kimi-token --json
0 0 0 4 1 4 kimi-refresh
0 0 0 4 1 4 kimi-refresh --force --models --json
0 0 0 0 0 0 kimi-status
0 75 75 75 4 4 kimi-status --json --check
0 0 0 4 1 4 kimi-models --sync --json
0 0 0 4 1 4 kimi-usage --json
0 0 0 4 1 4 kimi-usage --all
0 0 0 0 0 0 kimi-login --no-browser
0 0 0 0 0 0 kimi-logout
0 0 0 4 1 4 kimi-exec --file-env FILE -- true
TABLE
    all_good
}

@test "fresh logins" { commands_with fresh 0; }
@test "logins that are due" { commands_with due 1; }
@test "expired logins" { commands_with expired 2; }
@test "rejected logins" { commands_with rejected 3; }
@test "damaged logins" { commands_with damaged 4; }
@test "no login" { commands_with missing 5; }

@test "what needs no login of Kimi Code, or more than one" {
    have_login fresh
    check 0 kimi --version
    check 0 kimi help
    check 0 kimi token --headers
    check 2 kimi nosuch
    check 2 kimi-token --nosuch
    check 0 kimi-login --platform moonshot-cn --api-key-stdin <<<sk-throw-away
    check 0 kimi-token --platform moonshot-cn
    check 4 kimi-token --account nobody
    check 0 kimi-models --use kimi-for-coding
    check 2 kimi-shell <<<$'/status --line\n/nosuch\n/model kimi-for-coding'
    check 0 kimi-status --history
    check 0 kimi-logout --all --json
    all_good
}

@test "the keyring" {
    keyring_start
    unset KIMI_DISABLE_KEYRING
    export KIMI_TEST_SLOWED=0.02 # otherwise the helper would time out
    have_login due
    check 0 kimi-refresh --storage keyring
    check 0 kimi-token
    check 0 kimi-status
    check 0 kimi-logout
    check 2 "../libexec/kimi/${OWN_HELPER##*/}" get <<<$'protocol=kimi\nhost=kimi-code\n'
    all_good
}

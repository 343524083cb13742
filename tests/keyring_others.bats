#!/usr/bin/env bats
# Keyrings other than gnome-keyring: secret_service.py does what KeePassXC, KWallet and others do differently.
# shellcheck disable=SC2030,SC2031 # each test runs in a subshell on purpose

bats_require_minimum_version 1.5.0
load helper
load processes
load keyring

# others_start ITEMS [OPTION...]: starts secret_service.py with these items.
others_start() {
    local python
    # Only full stack traces tell leaks of libsecret's prompts from our own, but they make the sanitizer slow.
    [[ " ${*:2} " != *" --ask "* ]] || export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}fast_unwind_on_malloc=0
    python=$(python_with jeepney) || return # which python3-keyring depends on
    echo "$1" >items
    bus_start
    start_daemon others "$python" -E "$KIMI_TEST_ROOT/tests/secret_service.py" items "${@:2}"
    wait_until keyring_is_up
}

# item TOKEN [MODIFIED]: one of our logins, as others_start takes it.
item() {
    kimi_python - "$@" <<'PY'
import json, sys, time
login = {"access_token": sys.argv[1], "refresh_token": "rt-" + sys.argv[1], "expires_at": time.time() + 900,
         "scope": "", "token_type": "Bearer", "expires_in": 900}
print(json.dumps({"service": "kimi-code", "username": "oauth/kimi-code", "secret": json.dumps(login),
                  "modified": int((sys.argv + [1])[2])}))
PY
}

# kept_by_others: the access token of each item, one a line; "-" for an empty item.
kept_by_others() {
    kimi_python -c '
import json
for item in json.load(open("items")):
    print(json.loads(item["secret"])["access_token"] if item["secret"] else "-")'
}

@test "a login is found with any content type" {
    others_start "[$(item at-typed)]" --type "text/plain; charset=utf8"
    run -0 kimi-token
    assert_same at-typed "$output"
}

@test "a keyring with another content type keeps a login" {
    others_start '[]' --type application/json
    store_login
    run -0 kimi-refresh --storage keyring
    assert_same at-stored "$(kept_by_others)"
    run -0 kimi-token
    assert_same at-stored "$output"
}

@test "the newest of several items counts, in any order, and moving the login removes all" {
    others_start "[$(item at-old 1000), $(item at-new 3000), $(item at-older 500)]"
    run -0 kimi-token
    assert_same at-new "$output"
    run -0 kimi-refresh --storage file
    assert_same at-new "$(stored access_token)"
    assert_same "" "$(kept_by_others)"
}

@test "of several items a refresh leaves one" {
    server_start
    others_start "[$(item at-old 1000), $(item at-new 3000)]"
    store_login --refresh rt-at-new
    rm "$LOGIN"
    run -0 kimi-refresh --force
    assert_same "$(server_stat last_access_token)" "$(kept_by_others)"
}

# prompts: what was done with prompts.
prompts() { tr '\n' ' ' <items.prompts; }

@test "a keyring that asks before it deletes is not waited for: the item is emptied, and holds no login" {
    others_start "[$(item at-asked)]" --ask delete
    at_once 0 kimi-logout
    assert_same - "$(kept_by_others)"
    assert_same "Prompt Dismiss " "$(prompts)"
    run -4 kimi-token
}

@test "a keyring that asks before it deletes, where there is no desktop: nobody is asked" {
    others_start "[$(item at-asked)]" --ask delete
    unset DISPLAY
    at_once 0 kimi-refresh --storage file
    assert_same at-asked "$(stored access_token)"
    assert_same - "$(kept_by_others)"
    at_once 0 kimi-refresh --storage keyring
    assert_same at-asked "$(kept_by_others)"
    [ ! -e items.prompts ] || fail "it was asked"
}

@test "a keyring that asks before it creates: 75 within 3 s, and login by itself takes the file" {
    others_start '[]' --ask create
    server_start
    at_once 75 kimi-login --no-browser --storage keyring
    assert_error "the keyring is locked"
    assert_same "Prompt Dismiss " "$(prompts)"
    unset DISPLAY
    server_control '{"pending": 0}'
    run -0 --separate-stderr kimi-login --no-browser
    assert_contains "$stderr" "login saved in a private file (the keyring is locked)"
    assert_same "Prompt Dismiss " "$(prompts)"
}

@test "a keyring whose prompts complete by themselves keeps and removes a login" {
    store_login
    others_start '[]' --ask create --alone
    run -0 kimi-refresh --storage keyring
    assert_same at-stored "$(kept_by_others)"
    bus_stop
    rm -f "$XDG_RUNTIME_DIR/bus"
    others_start "$(cat items)" --ask delete --alone
    run -0 kimi-logout
    assert_same "" "$(kept_by_others)"
}

@test "a slow keyring: login waits for all its replies together at most as long as for a missing one" {
    unset KIMI_TEST_SLOWED # the keyring's clock is not slowed down
    others_start '[]' --slow 1.2
    server_start
    server_control '{"pending": 0}'
    login_begins
    finish 0
    assert_contains "$(why_line login.err)" "login saved in a private file (the keyring did not answer in time)"
}

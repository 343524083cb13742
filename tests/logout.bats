#!/usr/bin/env bats
# kimi logout: removes the tokens and what login wrote, from any state.

# Each test runs in a subshell; run sets stderr; sh -c and the fakes take quoted scripts; setup sets CONFIG.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016,SC2153

bats_require_minimum_version 1.5.0
load helper
load login_helper
load failing

CREDENTIALS=.kimi/credentials/kimi-code

assert_forgotten() {
    [ ! -e "$HOME/$CREDENTIALS.json" ] || fail "the tokens are still there"
    [ ! -e "$HOME/$CREDENTIALS.state" ] || fail "the state is still there"
}

@test "logout removes the tokens, the state and the config's parts, and says so" {
    server_start
    server_control '{"pending": 0}'
    run -0 kimi login
    [ -e "$HOME/$CREDENTIALS.state" ]
    run -0 --separate-stderr kimi logout
    assert_same "" "$output"
    assert_contains "$stderr" "kimi logout: logged out of Kimi Code"
    assert_forgotten
    assert_lacks "$(cat "$CONFIG")" kimi-code
    assert_same "" "$(tr -d '\n' <"$CONFIG")"
    run -4 kimi token
}

@test "logout keeps the lock files, which others may hold" {
    server_start
    server_control '{"pending": 0}'
    run -0 kimi login
    local before
    before=$(stat -c %i "$HOME/$CREDENTIALS.lock" "$CONFIG.lock")
    run -0 kimi logout
    assert_same "$before" "$(stat -c %i "$HOME/$CREDENTIALS.lock" "$CONFIG.lock")"
}

@test "logout says until when the access token is valid" {
    server_start
    logged_in
    run -0 --separate-stderr kimi logout
    assert_error logout 'stays valid for another 1[45] min'
}

@test "logout of an expired login does not speak of a valid token" {
    store_login --expires-in-left -100
    run -0 --separate-stderr kimi logout
    assert_error logout '^kimi logout: logged out of Kimi Code$'
}

@test "logout asks no server" {
    server_start
    logged_in
    server_stop
    run -0 kimi logout
    assert_forgotten
}

@test "logout with --json is one success event" {
    server_start
    logged_in
    run -0 --separate-stderr kimi logout --json
    assert_same success "$(event_types <<<"$output")"
    assert_same kimi-code "$(event success data.platform)"
    assert_same "" "$stderr"
}

@test "logout with --quiet says nothing" {
    server_start
    logged_in
    run -0 kimi logout --quiet
    assert_same "" "$output"
    assert_forgotten
}

@test "logout with nothing stored says that there is nothing to do, and makes no file" {
    run -0 --separate-stderr kimi logout
    assert_error logout "nothing to do"
    assert_same "" "$(ls -A "$HOME")"
}

@test "logout twice: the second has nothing to do" {
    server_start
    logged_in
    run -0 kimi logout
    run -0 --separate-stderr kimi logout
    assert_error logout "nothing to do"
}

@test "logout without tokens still takes away the config's parts" {
    server_start
    logged_in
    rm "$HOME/$CREDENTIALS.json"
    run -0 kimi logout
    assert_lacks "$(cat "$CONFIG")" kimi-code
}

@test "logout without a config creates none" {
    store_login
    run -0 kimi logout
    assert_forgotten
    [ ! -e "$CONFIG" ]
}

@test "logout with a config that does not parse: the tokens go, the config stays, 1 with line and column" {
    store_login
    write_config <<<$'[a]\nb = = 1'
    local before
    before=$(hash_of "$CONFIG")
    run -1 --separate-stderr kimi logout --json
    assert_same config "$(event error data.code)"
    assert_contains "$stderr" "line 2, column 5"
    assert_forgotten
    assert_same "$before" "$(hash_of "$CONFIG")"
}

@test "logout with a config that may not be read: the tokens go, 1" {
    server_start
    logged_in
    chmod 000 "$CONFIG"
    run -1 --separate-stderr unprivileged kimi logout --json
    chmod 600 "$CONFIG"
    assert_same config "$(event error data.code)"
    assert_forgotten
}

@test "logout with damaged credentials removes them" {
    store_login
    local bytes
    for bytes in '' '{"access_token": "at' '[]' '{}' 'null' $'\xff\xfe\x01' '{"access_token": 5}'; do
        printf %s "$bytes" >"$HOME/$CREDENTIALS.json"
        run -0 kimi logout
        assert_forgotten
    done
}

@test "logout with a credentials file that may not be read removes it" {
    store_login
    chmod 000 "$HOME/$CREDENTIALS.json"
    run -0 unprivileged kimi logout
    assert_forgotten
}

@test "logout with kimi-code's tombstone removes it" {
    store_login
    printf '{"access_token": "", "refresh_token": "", "expires_at": 0, "scope": "", "token_type": "Bearer", "expires_in": 0}' \
        >"$HOME/$CREDENTIALS.json"
    run -0 kimi logout
    assert_forgotten
}

@test "logout refuses a link in place of the credentials: the tokens are in the file it points to" {
    store_login
    mv "$HOME/$CREDENTIALS.json" "$HOME/elsewhere"
    ln -s "$HOME/elsewhere" "$HOME/$CREDENTIALS.json"
    local all
    for all in "" --all; do
        # shellcheck disable=SC2086 # zero or one word
        run -1 --separate-stderr kimi logout $all
        assert_error logout "is a symbolic link, and the tokens are in $HOME/elsewhere; remove that file and the link by hand"
    done
    [ -L "$HOME/$CREDENTIALS.json" ]
    [ -e "$HOME/elsewhere" ]
    rm "$HOME/elsewhere" "$HOME/$CREDENTIALS.json"
    run -0 kimi logout
    assert_forgotten
}

@test "logout removes what a killed writer left behind" {
    store_login
    kimi_python - "$KIMI_TEST_ROOT" "$HOME/.kimi/credentials" <<'PY'
# newfile_open() names the leftovers; the pattern is read from its source, so that both always agree.
import re, sys
source = open(sys.argv[1] + "/lib/base/newfile.c").read()
mark = re.search(r'temporary_mark\[\] = "([^"]*)"', source).group(1)
open("%s/.kimi-code.json%s000000000001" % (sys.argv[2], mark), "w").write("secret")
PY
    run -0 kimi logout
    assert_same kimi-code.lock "$(ls -A "$HOME/.kimi/credentials")"
}

@test "logout from a directory that cannot be written: 1 storage, and the login is still there" {
    store_login
    chmod 500 "$HOME/.kimi/credentials"
    run -1 --separate-stderr unprivileged kimi logout --json
    chmod 700 "$HOME/.kimi/credentials"
    assert_same storage "$(event error data.code)"
    assert_error logout .
    assert_same at-stored "$(stored access_token)"
}

@test "logout leaves other logins and files alone" {
    server_start
    logged_in
    cp "$HOME/$CREDENTIALS.json" "$HOME/.kimi/credentials/other.json"
    : >"$HOME/.kimi/kimi.json"
    local id
    id=$(hash_of "$HOME/.kimi/device_id")
    run -0 kimi logout
    [ -e "$HOME/.kimi/credentials/other.json" ]
    [ -e "$HOME/.kimi/kimi.json" ]
    assert_same "$id" "$(hash_of "$HOME/.kimi/device_id")"
}

@test "logout waits for the lock that a refresh holds" {
    store_login
    flock "$HOME/$CREDENTIALS.lock" sh -c ': >"$1"; while [ ! -e "$2" ]; do sleep 0.02; done' sh \
        "$BATS_TEST_TMPDIR/locked" "$BATS_TEST_TMPDIR/unlock" 3>&- 4>&- &
    wait_for_file "$BATS_TEST_TMPDIR/locked"
    run -124 timeout 0.3 kimi-logout
    [ -e "$HOME/$CREDENTIALS.json" ]
    : >"$BATS_TEST_TMPDIR/unlock"
    run -0 kimi logout
    assert_forgotten
}

@test "logout without HOME: 1 config" {
    run -1 --separate-stderr env -u HOME kimi logout --json
    assert_same config "$(event error data.code)"
}

@test "keys are compared whole: one that holds a NUL is not taken for its beginning" {
    write_config <<'TOML'
[models.mine]
provider = "p"
model = "m"
max_context_size = 1

[models."mine\u0000z"]
provider = "managed:kimi-code"
model = "z"
max_context_size = 1

[providers.p]
type = "kimi"
base_url = "https://example.com"
api_key = ""
TOML
    cp "$CONFIG" "$BATS_TEST_TMPDIR/before"
    run -0 kimi logout
    diff <(sed '/mine.u0000z/,/^$/d' "$BATS_TEST_TMPDIR/before") "$CONFIG"
}

@test "a default model whose key holds a NUL goes with it" {
    write_config <<'TOML'
default_model = "k\u0000z"
default_thinking = true

[models."k\u0000z"]
provider = "managed:kimi-code"
model = "z"
max_context_size = 1
TOML
    run -0 kimi logout
    assert_same "" "$(cat "$CONFIG")"
}

## Leftovers of a killed command

# left_over DIRECTORY NAME: creates what a writer of that file leaves if it is killed before the rename.
left_over() {
    mkdir -p -- "$1"
    kimi_python - "$KIMI_TEST_ROOT" "$1" "$2" <<'PY'
import re, sys
source = open(sys.argv[1] + "/lib/base/newfile.c").read()
mark = re.search(r'temporary_mark\[\] = "([^"]*)"', source).group(1)
open("%s/.%s%s00000000000a" % (sys.argv[2], sys.argv[3], mark), "w").write("secret")
PY
}
left_overs() { find "$HOME" -name ".*.kimi-*"; }

@test "a first login that is killed at the rename leaves nothing that logout does not remove" {
    server_start
    server_control '{"pending": 0}'
    run -137 --separate-stderr hooked FAIL=rename:1:0 kimi-login --no-browser --storage file
    assert_contains "$(left_overs)" .kimi-code.json.kimi-
    run -0 --separate-stderr kimi-logout
    assert_error logout "not logged in to Kimi Code: removed what an interrupted command left behind"
    assert_same "" "$(left_overs)"
    run -0 --separate-stderr kimi-logout
    assert_error logout "nothing to do"
}

@test "logout sweeps the tokens, the state and the config of a killed first login" {
    left_over "$HOME/.kimi/credentials" kimi-code.json
    left_over "$HOME/.kimi/credentials" kimi-code.state
    left_over "$HOME/.kimi" config.toml
    run -0 --separate-stderr kimi-logout
    assert_error logout "left behind"
    assert_same "" "$(left_overs)"
}

@test "logout of another platform sweeps a config with its key" {
    left_over "$HOME/.kimi" config.toml
    run -0 --separate-stderr kimi-logout --platform moonshot-cn
    assert_error logout "left behind"
    assert_same "" "$(left_overs)"
}

@test "logout --all removes the leftovers of every account, also where the config is a link" {
    left_over "$HOME/.kimi/credentials" kimi-code@work.json
    left_over "$HOME/.kimi/credentials" kimi-code@other.state
    mkdir "$HOME/dotfiles"
    : >"$HOME/dotfiles/kimi.toml"
    ln -s ../dotfiles/kimi.toml "$CONFIG"
    left_over "$HOME/dotfiles" kimi.toml
    run -0 --separate-stderr kimi-logout --all
    assert_contains "$stderr" "Kimi Code, account work: removed what"
    assert_lacks "$stderr" "nothing to do"
    assert_same "" "$(left_overs)"
}

@test "logout removes a cached access token and its leftovers" {
    unset KIMI_DISABLE_KEYRING
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run KIMI_CREDENTIAL_HELPER='!true'
    mkdir -m 700 "$XDG_RUNTIME_DIR" "$XDG_RUNTIME_DIR/kimi"
    left_over "$XDG_RUNTIME_DIR/kimi" kimi-code
    left_over "$XDG_RUNTIME_DIR/kimi" kimi-code@work
    : >"$XDG_RUNTIME_DIR/kimi/kimi-code"
    run -0 --separate-stderr kimi-logout
    assert_error logout "left behind"
    assert_same 1 "$(find "$XDG_RUNTIME_DIR" -type f | wc -l | tr -d ' ')"
    run -0 kimi-logout --account work
    assert_same "" "$(find "$XDG_RUNTIME_DIR" -type f)"
}

## Logins of other platforms and homes

@test "logout with only another platform or account stored names them" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-good"]}}'
    kimi login --platform moonshot-cn --api-key-stdin <<<sk-good
    run -0 --separate-stderr kimi-logout
    assert_same "kimi logout: not logged in to Kimi Code: nothing to do
kimi logout: still logged in to Kimi Platform (platform.kimi.com); run 'kimi logout --platform moonshot-cn' to log out" "$stderr"
    run -0 --separate-stderr kimi-logout --json
    assert_same "success info" "$(event_types <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
    assert_same moonshot-cn "$(event info data.platform)"
    local columns
    for columns in 80 40; do
        run -0 on_terminal --columns "$columns" kimi-logout
        # The command is not broken, so that it can be copied.
        assert_contains "$output" "'kimi logout --platform moonshot-cn'"
        assert_contains "${output//$'\n'/ }" "run 'kimi logout --platform moonshot-cn' to log out"
    done
    store_login
    mv "$HOME/$CREDENTIALS.json" "$HOME/$CREDENTIALS@work.json"
    run -0 --separate-stderr kimi-logout
    assert_contains "$stderr" "'kimi logout --account work'"
    run -0 kimi-logout --account work
    run -0 --separate-stderr kimi-logout --account work
    assert_lacks "$stderr" "--account work'"
    assert_contains "$stderr" "--platform moonshot-cn"
    [ -s "$CONFIG" ]
    store_login
    run -0 kimi-logout --platform moonshot-cn
    run -0 --separate-stderr kimi-logout --platform moonshot-cn
    assert_contains "$stderr" "still logged in to Kimi Code; run 'kimi logout' to log out"
    [ -e "$HOME/$CREDENTIALS.json" ]
}

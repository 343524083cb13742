#!/usr/bin/env bats
# The homes of both chat clients: which one a command uses, and whether kimi-code's home stays as kimi-code expects it.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; bats sets $stderr

bats_require_minimum_version 1.5.0
load helper
load processes

# code_record: prints the path of the only login in kimi-code's home.
code_record() { echo "$HOME"/.kimi-code/credentials/kimi-code-env-*.json; }

# code_slot: prints its slot.
code_slot() { basename "$(code_record)" .json; }

# code_login: logs in to kimi-code's home on the loopback server.
code_login() {
    mkdir -p "$HOME/.kimi-code"
    server_control '{"pending": 0}'
    kimi login --client kimi-code 2>"$BATS_TEST_TMPDIR/login.err" || fail "login: $(cat "$BATS_TEST_TMPDIR/login.err")"
}

# set_expiry SECONDS: makes the stored login expire in that many seconds.
set_expiry() {
    kimi_python - "$(code_record)" "$1" <<'PY'
import json, re, sys, time
path = sys.argv[1]
text = open(path).read()
open(path, "w").write(re.sub(r'"expires_at": \d+', '"expires_at": %d' % (time.time() + int(sys.argv[2])), text))
PY
}

## Which home

@test "without a home it is kimi-cli's; where kimi-code's exists it is that" {
    run -0 kimi status --verbose
    assert_contains "$output" "$HOME/.kimi "
    mkdir "$HOME/.kimi-code"
    run -0 kimi status --verbose
    assert_contains "$output" "$HOME/.kimi-code "
}

@test "of two homes the one that has the login is used" {
    mkdir "$HOME/.kimi-code"
    store_login
    run -0 --separate-stderr kimi token
    assert_same at-stored "$output"
}

@test "the variable of one home chooses it, and --client and KIMI_CLIENT before that" {
    mkdir "$HOME/.kimi-code"
    store_login
    KIMI_CODE_HOME=$HOME/.kimi-code run -4 --separate-stderr kimi token
    KIMI_CODE_HOME=$HOME/.kimi-code run -0 --separate-stderr kimi token --client kimi-cli
    KIMI_CODE_HOME=$HOME/.kimi-code KIMI_CLIENT=kimi-cli run -0 --separate-stderr kimi token
    KIMI_SHARE_DIR=$HOME/.kimi KIMI_CLIENT=kimi-code run -4 --separate-stderr kimi token
}

@test "an unknown client is a usage error that names both" {
    run -2 --separate-stderr kimi token --client codex
    assert_contains "$stderr" "kimi-code"
    KIMI_CLIENT=codex run -2 --separate-stderr kimi token
    assert_contains "$stderr" "unknown client 'codex'"
}

@test "status, refresh and logout --all cover both homes" {
    server_start
    code_login
    store_login --expires-in-left -10
    set_expiry -10
    run -0 --separate-stderr kimi refresh
    assert_same 2 "$(server_count refresh)"
    run -0 --separate-stderr kimi status --json
    assert_same "kimi-code kimi-cli" "$(kimi_python -c 'import json,sys; print(*[l["client"] for l in json.loads(sys.argv[1])["logins"]])' "$output")"
    run -0 kimi logout --all
    run -4 --separate-stderr kimi token
    run ! compgen -G "$HOME/.kimi*/credentials/*.json"
}

@test "login, refresh and logout say of each login whose home it is in: in JSON, and in words where there are two" {
    server_start
    server_control '{"pending": 0}'
    run -0 --separate-stderr kimi login --client kimi-code --json
    assert_same "kimi-code $HOME/.kimi-code" "$(tail -n 1 <<<"$output" | json data.client) $(tail -n 1 <<<"$output" | json data.home)"
    run -0 --separate-stderr kimi refresh --force
    assert_contains "$stderr" "kimi refresh: refreshed; the token is valid for 15 min"
    store_login
    run -0 --separate-stderr kimi refresh --force
    assert_contains "$stderr" "kimi refresh: kimi-code: refreshed; the token is valid for 15 min"
    assert_contains "$stderr" "kimi refresh: kimi-cli: refreshed; the token is valid for 15 min"
    run -0 --separate-stderr kimi refresh --json
    assert_same "kimi-code $HOME/.kimi-code" "$(head -n 1 <<<"$output" | json data.client) $(head -n 1 <<<"$output" | json data.home)"
    assert_same "kimi-cli $HOME/.kimi" "$(tail -n 1 <<<"$output" | json data.client) $(tail -n 1 <<<"$output" | json data.home)"
    rm "$HOME/.kimi/credentials/kimi-code.json"
    store_login --expires-in-left -10 --no-seed
    run -4 --separate-stderr kimi refresh
    assert_contains "$stderr" "kimi refresh: kimi-cli: "
    run -0 --separate-stderr kimi logout --all --json
    assert_same "kimi-code $HOME/.kimi-code" "$(head -n 1 <<<"$output" | json data.client) $(head -n 1 <<<"$output" | json data.home)"
    run -4 --separate-stderr kimi refresh
    assert_same "kimi refresh: not logged in; run 'kimi login'" "$stderr"
}

@test "with two homes each command in a message works in the home that it is about" {
    server_start
    code_login
    server_control '{"pending": 0}'
    run -0 --separate-stderr kimi login --client kimi-cli
    assert_contains "$stderr" "Next: kimi models --client kimi-cli, or kimi token --client kimi-cli in a script"
    run -0 --separate-stderr kimi login --client kimi-cli
    assert_contains "$stderr" "to switch accounts: kimi login --force --client kimi-cli"
    server_control '{"faults": {"refresh": [{"error": "invalid_grant", "for": "'"$(stored refresh_token)"'", "forever": true}]}}'
    run -4 --separate-stderr kimi refresh --force --quiet
    assert_error refresh "kimi-cli: .*; run 'kimi login --client kimi-cli'"
    run -0 kimi status
    assert_contains "$output" "'kimi login --client kimi-cli'"
    KIMI_CLIENT=kimi-cli run -4 --separate-stderr kimi refresh --force
    assert_error refresh "; run 'kimi login'"
    rm -r "$HOME/.kimi-code"
    run -4 --separate-stderr kimi refresh --force --quiet
    assert_error refresh "; run 'kimi login'"
    # What is chosen without the option is in the other home.
    run -4 --separate-stderr kimi token --client kimi-code
    assert_error token "not logged in; run 'kimi login --client kimi-code'"
    run -4 --separate-stderr kimi usage --client kimi-code
    assert_error usage "run 'kimi login --client kimi-code'"
}

@test "a home without a login changes no command in a message" {
    server_start
    mkdir "$HOME/.kimi"
    code_login
    run -0 --separate-stderr kimi login
    assert_contains "$stderr" "to switch accounts: kimi login --force"
    assert_lacks "$stderr" "--client"
    rm -r "$HOME/.kimi-code" "$HOME/.kimi"
    mkdir "$HOME/.kimi-code"
    store_login
    run -0 --separate-stderr kimi login
    assert_lacks "$stderr" "--client"
}

@test "logout of one home names the login of the other, which commands use from now on" {
    server_start
    code_login
    store_login
    run -0 --separate-stderr kimi logout
    assert_contains "$stderr" "kimi logout: logged out of Kimi Code"
    assert_contains "$stderr" "kimi logout: still logged in to Kimi Code; run 'kimi logout --client kimi-cli' to log out"
    code_login
    run -0 --separate-stderr kimi logout --client kimi-code
    assert_lacks "$stderr" "still logged in"
    run -0 --separate-stderr kimi logout --account work
    assert_contains "$stderr" "still logged in to Kimi Code; run 'kimi logout --client kimi-cli' to log out"
    run -0 --separate-stderr kimi logout
    assert_lacks "$stderr" "still logged in"
}

@test "logout --all says of two homes which login has ended, and names each failure" {
    server_start
    code_login
    store_login
    run -0 --separate-stderr kimi logout --all
    assert_same $'kimi logout: kimi-code: logged out of Kimi Code\nkimi logout: kimi-cli: logged out of Kimi Code' "$(cut -d ';' -f 1 <<<"$stderr")"
    chmod 777 "$HOME/.kimi" "$HOME/.kimi-code"
    run -1 --separate-stderr kimi logout --all
    assert_contains "$stderr" "write to the directory $HOME/.kimi "
    assert_contains "$stderr" "write to the directory $HOME/.kimi-code "
}

## The login

@test "a login in kimi-code's home is written byte for byte as kimi-code writes it" {
    server_start
    code_login
    kimi_python - "$(code_record)" <<'PY'
import json, sys
text = open(sys.argv[1]).read()
record = json.loads(text)
assert list(record) == ["access_token", "refresh_token", "expires_at", "scope", "token_type", "expires_in"], text
assert isinstance(record["expires_at"], int) and isinstance(record["expires_in"], int), text
assert text == json.dumps(record, indent=2) + "\n", text
PY
    assert_same 600 "$(stat -c %a "$(code_record)")"
    assert_same 700 "$(stat -c %a "$HOME/.kimi-code/credentials")"
    run -0 --separate-stderr kimi token
    assert_same "$(kimi_python -c 'import json,sys; print(json.load(open(sys.argv[1]))["access_token"])' "$(code_record)")" "$output"
}

@test "a refresh in kimi-code's home removes the empty lock directory and leaves the sentinel" {
    server_start
    code_login
    set_expiry -10
    run -0 --separate-stderr kimi token
    assert_same 1 "$(server_count refresh)"
    [ ! -e "$HOME/.kimi-code/oauth/$(code_slot).lock" ]
    [ -f "$HOME/.kimi-code/oauth/$(code_slot)" ]
}

@test "a fresh lock of kimi-code is waited for and never touched; what it saved is used without a request" {
    server_start
    code_login
    set_expiry -10
    local lock mark
    lock=$HOME/.kimi-code/oauth/$(code_slot).lock
    mkdir -p "$lock"
    mark=$BATS_TEST_TMPDIR/mark
    # Like kimi-code: touches the lock, saves another login, removes the lock.
    kimi_python - "$lock" "$(code_record)" "$mark" 3>&- 4>&- <<'PY' &
import json, os, sys, time
lock, record, mark = sys.argv[1:]
ino = os.stat(lock).st_ino
for _ in range(6):
    os.utime(lock)
    stamp = os.stat(lock).st_mtime_ns
    time.sleep(0.5)
    now = os.stat(lock)
    assert (now.st_ino, now.st_mtime_ns) == (ino, stamp), "the lock was touched"
data = json.load(open(record))
data.update(access_token="at-of-kimi-code", refresh_token="rt-of-kimi-code", expires_at=int(time.time()) + 900)
open(record + ".tmp", "w").write(json.dumps(data, indent=2) + "\n")
os.rename(record + ".tmp", record)
os.rmdir(lock)
open(mark, "w").close()
PY
    local imitation=$!
    run -0 --separate-stderr kimi token
    assert_same at-of-kimi-code "$output"
    assert_same 0 "$(server_count refresh)"
    wait "$imitation"
    [ -e "$mark" ] || fail "the lock was touched"
}

# refreshing: starts a kimi-code that has sent its refresh token; the server answers after `server_release late`.
refreshing() {
    server_control '{"pending": 0, "faults": {"refresh": [{"hold": "late"}]}}'
    start imitation "$KIMI_TEST_PYTHON" -E -S "$KIMI_TEST_ROOT/tests/kimi_code.py" "$HOME/.kimi-code" "$(code_slot)" once
    imitation=$pid
    server_wait_held late
}

# waits_or_ended PID: the process waits for the lock that kimi-code holds, or has ended.
waits_or_ended() { ! flock -n "$HOME/.kimi-code/credentials/$slot.flock" true || ! kill -0 "$1" 2>/dev/null; }

has_new_token() { [ "$(server_count poll)" = 2 ]; }

@test "logout waits for a refresh of kimi-code, whose save would undo it" {
    local slot
    server_start
    code_login
    slot=$(code_slot)
    refreshing
    start logout kimi-logout
    wait_until waits_or_ended "$pid"
    server_release late
    finish 0
    finish 0 "$imitation"
    run ! compgen -G "$HOME/.kimi-code/credentials/*.json"
    assert_same "$slot" "$(ls "$HOME/.kimi-code/oauth")"
}

@test "a login waits for a refresh of kimi-code, whose save would bring the old account back" {
    local slot
    server_start
    code_login
    slot=$(code_slot)
    refreshing
    start login kimi-login --force --no-browser
    wait_until has_new_token
    wait_until waits_or_ended "$pid"
    server_release late
    finish 0
    finish 0 "$imitation"
    assert_same "$(server_stat last_access_token)" "$(json access_token <"$(code_record)")"
}

@test "logout removes the login even if something else is in place of the lock" {
    server_start
    code_login
    mkdir -p "$HOME/.kimi-code/oauth"
    : >"$HOME/.kimi-code/oauth/$(code_slot).lock"
    run -0 kimi logout
    run ! compgen -G "$HOME/.kimi-code/credentials/*.json"
}

@test "a stale lock is taken over" {
    server_start
    code_login
    set_expiry -10
    mkdir -p "$HOME/.kimi-code/oauth/$(code_slot).lock"
    touch -d '1 minute ago' "$HOME/.kimi-code/oauth/$(code_slot).lock"
    run -0 --separate-stderr kimi token
    assert_same 1 "$(server_count refresh)"
    [ ! -e "$HOME/.kimi-code/oauth/$(code_slot).lock" ]
}

@test "a file in place of the lock is named" {
    server_start
    code_login
    set_expiry -10
    mkdir -p "$HOME/.kimi-code/oauth"
    : >"$HOME/.kimi-code/oauth/$(code_slot).lock"
    run -1 --separate-stderr kimi refresh
    assert_contains "$stderr" "$HOME/.kimi-code/oauth/$(code_slot).lock"
    assert_same 0 "$(server_count refresh)"
}

@test "with KIMI_DISABLE_OAUTH_LOCK=1 there is no lock directory" {
    server_start
    code_login
    set_expiry -10
    mkdir -p "$HOME/.kimi-code/oauth/$(code_slot).lock"
    KIMI_DISABLE_OAUTH_LOCK=1 run -0 --separate-stderr kimi token
    assert_same 1 "$(server_count refresh)"
    [ -d "$HOME/.kimi-code/oauth/$(code_slot).lock" ]
}

@test "a tombstone is a login that kimi-code ended: 4, and a new login replaces it" {
    server_start
    code_login
    printf '{\n  "access_token": "",\n  "refresh_token": "",\n  "expires_at": 0,\n  "scope": "",\n  "token_type": "Bearer",\n  "expires_in": 0\n}\n' >"$(code_record)"
    run -4 --separate-stderr kimi token
    assert_contains "$stderr" "kimi-code ended this login; run 'kimi login'"
    run -0 --separate-stderr kimi status --json
    assert_contains "$output" '"state":"rejected"'
    code_login
    run -0 kimi token
}

@test "a rejected refresh leaves the record unchanged, and is remembered" {
    server_start
    code_login
    set_expiry -10
    local before
    before=$(cat "$(code_record)")
    server_control '{"faults": {"refresh": [{"status": 400, "json": {"error": "invalid_grant"}}]}}'
    run -4 --separate-stderr kimi refresh
    assert_same "$before" "$(cat "$(code_record)")"
    run -4 --separate-stderr kimi refresh
    assert_same 1 "$(server_count refresh)"
}

@test "a token whose expires_at is 0 is never refreshed" {
    server_start
    code_login
    sed -i 's/"expires_at": [0-9]*/"expires_at": 0/' "$(code_record)"
    run -0 --separate-stderr kimi token --json
    assert_contains "$output" '"expires_at":null'
    run -0 kimi refresh
    assert_same 0 "$(server_count refresh)"
    run -0 kimi status
}

@test "what kimi-code does not read as a login is damaged: said so" {
    server_start
    code_login
    local record
    record=$(code_record)
    printf '\xef\xbb\xbf%s' "$(cat "$record")" >"$record.new"
    chmod 600 "$record.new"
    mv "$record.new" "$record"
    run -1 --separate-stderr kimi token
    assert_contains "$stderr" "byte order mark"
}

@test "--storage keyring is refused in kimi-code's home, with the reason" {
    mkdir "$HOME/.kimi-code"
    run -2 --separate-stderr kimi login --client kimi-code --storage keyring
    assert_contains "$stderr" "kimi-code does not use a keyring"
}

@test "the headers are those of kimi-code's dialect, and a new device id is a UUID" {
    server_start
    code_login
    [[ $(cat "$HOME/.kimi-code/device_id") =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
    run -0 kimi token --client kimi-code --headers
    assert_contains "$output" "X-Msh-Platform: kimi_code_cli"
    assert_contains "$output" "X-Msh-Os-Version: $(uname -r)"
    [ "$(uname -m)" != x86_64 ] || assert_contains "$output" "X-Msh-Device-Model: $(uname -s) $(uname -r) x64"
}

## What kimi status reports

# problem CODE: message and remedy of that problem of the first login in `kimi status --json`; "" if there is none.
problem() {
    kimi-status --json | kimi_python -c '
import json, sys
found = [p for p in json.load(sys.stdin)["logins"][0]["problems"] if p["code"] == sys.argv[1]]
assert len(found) < 2, found
print(*("%s; %s" % (p["message"], p["remedy"]) for p in found))' "$1"
}

@test "status says that kimi-code is installed and has no login, and names the command for it" {
    store_login
    assert_same "" "$(problem client_login)"
    mkdir "$HOME/.kimi-code"
    assert_same "" "$(problem client_login)" # anyone could have created it
    : >"$HOME/.kimi-code/tui.toml"
    assert_contains "$(problem client_login)" "its home $HOME/.kimi-code has no login"
    assert_contains "$(problem client_login)" "run 'kimi login --client kimi-code'"
    run -0 kimi status --client kimi-cli
    assert_lacks "$output" "is installed"
    # Called as a program of its own.
    rm -r "$HOME/.kimi-code"
    mkdir -p "$HOME/lib/@moonshot-ai/kimi-code/dist" "$HOME/bin"
    printf '#!/usr/bin/env node\n' >"$HOME/lib/@moonshot-ai/kimi-code/dist/main.mjs"
    chmod 755 "$HOME/lib/@moonshot-ai/kimi-code/dist/main.mjs"
    ln -s ../lib/@moonshot-ai/kimi-code/dist/main.mjs "$HOME/bin/kimi"
    PATH=$HOME/bin:$PATH
    assert_contains "$(problem client_login)" "kimi-code is installed"
    assert_contains "$(problem path)" "'kimi' is the program of kimi-code here: $HOME/bin/kimi comes first on PATH"
    rm "$HOME/bin/kimi"
    printf '#!/usr/bin/python3\nfrom kimi_cli.cli import main\n' >"$HOME/bin/kimi"
    chmod 755 "$HOME/bin/kimi"
    assert_same "" "$(problem client_login)"
    assert_contains "$(problem path)" "'kimi' is the program of kimi-cli here"
}

@test "status names the home of each login where there are several, and its general problems once" {
    server_start
    store_login
    run -0 kimi status
    assert_lacks "$output" "--client"
    code_login
    : >"$HOME/.kimi-code/tui.toml"
    run -0 kimi status
    assert_contains "$output" "home           ~/.kimi-code (--client kimi-code)"
    assert_contains "$output" "home           ~/.kimi (--client kimi-cli)"
    assert_same "" "$(problem client_login)"
    mkdir "$HOME/bin"
    printf '#!/bin/sh\n' >"$HOME/bin/kimi"
    chmod 755 "$HOME/bin/kimi"
    PATH=$HOME/bin:$PATH
    assert_contains "$(problem path)" "another program"
}

@test "status reports what is left in place of the lock, with the remedy, and leaves it alone" {
    server_start
    code_login
    local lock
    lock=$HOME/.kimi-code/oauth/$(code_slot).lock
    assert_same "" "$(problem lock)"
    mkdir -p "${lock%/*}"
    : >"$lock"
    assert_same "$lock is not a directory, and keeps every client from refreshing this login; remove it" "$(problem lock)"
    rm "$lock"
    mkdir "$lock"
    assert_same "" "$(problem lock)"
    : >"$lock/file"
    assert_contains "$(problem lock)" "the lock $lock was left behind"
    rm "$lock/file"
    touch -d '1 hour' "$lock"
    assert_contains "$(problem lock)" "in the future"
    [ -d "$lock" ]
}

## The slot

@test "the slot follows the hosts of the config, and a change of it at once" {
    mkdir -p "$HOME/.kimi-code/credentials"
    record() { printf '{"access_token": "%s", "refresh_token": "r", "expires_at": %d, "expires_in": 900}' "$1" $((EPOCHSECONDS + 900)); }
    record at-cn >"$HOME/.kimi-code/credentials/kimi-code.json"
    record at-global >"$HOME/.kimi-code/credentials/kimi-code-env-0e4f99c69cc27850.json"
    chmod 600 "$HOME"/.kimi-code/credentials/*.json
    run -0 kimi token
    assert_same at-cn "$output"
    cat >"$HOME/.kimi-code/config.toml" <<'TOML'
[providers."managed:kimi-code"]
type = "kimi"
base_url = "https://api.kimi.ai/coding/v1"
[providers."managed:kimi-code".oauth]
storage = "file"
key = "oauth/kimi-code"
oauth_host = "https://auth.kimi.ai"
TOML
    touch -d '1 minute ago' "$HOME/.kimi-code/config.toml"
    run -0 kimi token
    assert_same at-global "$output"
    [ -e "$HOME/.kimi-code/credentials/hosts.index" ]
    run -0 kimi token
    assert_same at-global "$output"
    # kimi-code accepts both spellings.
    sed -i 's/base_url/baseUrl/; s/oauth_host/oauthHost/' "$HOME/.kimi-code/config.toml"
    run -0 kimi token
    assert_same at-global "$output"
    sed -i 's/kimi\.ai/kimi.com/' "$HOME/.kimi-code/config.toml"
    run -0 kimi token
    assert_same at-cn "$output"
    run -0 kimi status --json
    assert_contains "$output" '"region":"global"'
    assert_contains "$output" '"region":"mainland-cn"'
}

@test "a config may be in the index as soon as its next change has another time" {
    mkdir -p "$HOME/.kimi-code/credentials"
    local config=$HOME/.kimi-code/config.toml index=$HOME/.kimi-code/credentials/hosts.index start
    : >"$config"
    # Whole seconds may be of a file system that keeps only every second one.
    while
        start=$EPOCHSECONDS
        touch -d "@$start" "$config"
        rm -f "$index"
        run -4 kimi token
        [ "$EPOCHSECONDS" -gt $((start + 1)) ]
    do :; done
    [ ! -e "$index" ]
    # The clock was set back: the next change has another time.
    touch -d "@$((start + 100)).5" "$config"
    run -4 kimi token
    [ -e "$index" ]
}

@test "with two homes a fresh token costs the index and the login, and no config" {
    command -v strace >/dev/null || skip "no strace"
    store_login
    mkdir -p "$HOME/.kimi-code/credentials"
    printf '{"access_token": "at-code", "refresh_token": "r", "expires_at": %d, "expires_in": 900}' $((EPOCHSECONDS + 900)) >"$HOME/.kimi-code/credentials/kimi-code.json"
    chmod 600 "$HOME/.kimi-code/credentials/kimi-code.json"
    printf 'default_model = "x"\n' >"$HOME/.kimi-code/config.toml"
    touch -d '1 minute ago' "$HOME/.kimi-code/config.toml"
    run -0 kimi token
    assert_same at-code "$output"
    strace -E ASAN_OPTIONS=detect_leaks=0:exitcode=99 -e trace=open,openat -o "$BATS_TEST_TMPDIR/trace" kimi-token
    assert_same $'hosts.index\nkimi-code.json' "$(sed -n "s|.*\"$HOME/.*/\([^\"]*\)\".*|\1|p" "$BATS_TEST_TMPDIR/trace")"
}

@test "an index that is damaged or of another config is not believed" {
    mkdir -p "$HOME/.kimi-code/credentials"
    printf '{"access_token": "at-cn", "refresh_token": "r", "expires_at": %d, "expires_in": 900}' $((EPOCHSECONDS + 900)) >"$HOME/.kimi-code/credentials/kimi-code.json"
    chmod 600 "$HOME/.kimi-code/credentials/kimi-code.json"
    printf 'default_model = "x"\n' >"$HOME/.kimi-code/config.toml"
    touch -d '1 minute ago' "$HOME/.kimi-code/config.toml"
    local index=$HOME/.kimi-code/credentials/hosts.index content
    for content in '' 'x' $'1 2 3\nhttps://evil.example\nhttps://evil.example\n' "$(head -c 5000 /dev/zero | tr '\0' x)"; do
        printf '%s' "$content" >"$index"
        run -0 kimi token
        assert_same at-cn "$output"
    done
}

#!/usr/bin/env bats
# The regions of Kimi Code in kimi-code's home: which one a login uses, and that all commands follow it. The loopback server
# stands in for Kimi's hosts of both regions, behind a proxy that sends everything to it; no name is resolved.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables

bats_require_minimum_version 1.5.0
load helper
load login_helper
load processes

GLOBAL=kimi-code-env-0e4f99c69cc27850

setup() {
    kimi_setup
    cd "$BATS_TEST_TMPDIR" || return
    CODE=$HOME/.kimi-code
    CONFIG=$CODE/config.toml
    mkdir -m 700 "$CODE"
}
teardown() {
    end_started
    kimi_teardown
}

# kimi_start: starts the hosts of both regions, which confirm a login at once.
kimi_start() {
    server_start --tls kimi --no-export
    server_control '{"pending": 0}'
    start proxy "$KIMI_TEST_PYTHON" -E -S "$KIMI_TEST_ROOT/tests/server/proxy.py" http "$(server_url | sed 's/.*://')"
    wait_until test -s proxy.out
    HTTPS_PROXY=http://127.0.0.1:$(head -n 1 proxy.out)
    export HTTPS_PROXY KIMI_TEST_LOOKUP=-2
    hook_all
}

# hosts_asked: the hosts that got requests since the last call, each once.
hosts_asked() {
    server_requests all | tail -n +$(($(cat seen 2>/dev/null || echo 0) + 1)) | kimi_python -c '
import json, sys
print(*sorted({json.loads(line)["headers"]["host"] for line in sys.stdin}))'
    server_requests all | wc -l >seen
}

# record [SLOT [SECONDS]]: stores a login that expires in SECONDS (default 900).
record() {
    [ -d "$CODE/credentials" ] || mkdir -m 700 "$CODE/credentials"
    printf '{"access_token": "at-%s", "refresh_token": "rt-%s", "expires_at": %d, "expires_in": 900}' \
        "${1:-kimi-code}" "${1:-kimi-code}" $((EPOCHSECONDS + ${2:-900})) >"$CODE/credentials/${1:-kimi-code}.json"
    chmod 600 "$CODE/credentials/${1:-kimi-code}.json"
    [ ! -e "$(server_dir)/url" ] || printf '{"access_token": "at-%s", "refresh_token": "rt-%s", "expires_in": 900}\n' \
        "${1:-kimi-code}" "${1:-kimi-code}" >>"$(server_dir)/seed.jsonl"
}

# global_config: a config as a login to the global region leaves it.
global_config() {
    write_config <<TOML
[providers."managed:kimi-code"]
type = "kimi"
base_url = "https://api.kimi.ai/coding/v1"
api_key = ""

[providers."managed:kimi-code".oauth]
storage = "file"
key = "oauth/$GLOBAL"
oauth_host = "https://auth.kimi.ai"
TOML
    chmod 600 "$CONFIG"
}

# logins: what is stored, slot by slot.
logins() { (cd "$CODE/credentials" && LC_ALL=C && echo *.json); }

# assert_loads [KEY=VALUE...]: kimi-code can load the config; see kimi_code_loads.py.
assert_loads() { kimi_python "$KIMI_TEST_ROOT/tests/kimi_code_loads.py" "$CONFIG" "$@"; }

## Which region a login uses

@test "login --region global: its hosts, its slot, and a config with which kimi-code finds it" {
    kimi_start
    run -0 kimi login --region global
    assert_same "api.kimi.ai auth.kimi.ai" "$(hosts_asked)"
    assert_same "$GLOBAL.json" "$(logins)"
    assert_loads 'providers>managed:kimi-code={"type": "kimi", "base_url": "https://api.kimi.ai/coding/v1", "api_key": "",
        "oauth": {"storage": "file", "key": "oauth/'$GLOBAL'", "oauth_host": "https://auth.kimi.ai"}}' \
        'services>moonshot_search>base_url="https://api.kimi.ai/coding/v1/search"' 'default_model="kimi-code/kimi-for-coding"'
}

@test "a login without a region is in mainland China, and one with the other region moves the config there" {
    kimi_start
    run -0 kimi login
    assert_same "api.kimi.com auth.kimi.com" "$(hosts_asked)"
    assert_loads 'providers>managed:kimi-code>oauth={"storage": "file", "key": "oauth/kimi-code"}'
    run -0 kimi login --region global
    assert_same "api.kimi.ai auth.kimi.ai" "$(hosts_asked)"
    assert_loads 'providers>managed:kimi-code>oauth>oauth_host="https://auth.kimi.ai"'
    # Both are stored. Switching back is not a new login, and changes only the config.
    assert_same "$GLOBAL.json kimi-code.json" "$(logins)"
    run -0 kimi login --region mainland-cn
    assert_contains "$output" "already logged in"
    assert_same "api.kimi.com" "$(hosts_asked)"
    assert_loads 'providers>managed:kimi-code={"type": "kimi", "base_url": "https://api.kimi.com/coding/v1", "api_key": "",
        "oauth": {"storage": "file", "key": "oauth/kimi-code"}}'
}

@test "a second login goes where the config has the first, regardless of the marker file" {
    kimi_start
    global_config
    echo mainland-cn >"$CODE/region"
    run -0 kimi login
    assert_same "api.kimi.ai auth.kimi.ai" "$(hosts_asked)"
    assert_same "$GLOBAL.json" "$(logins)"
}

@test "the marker file decides where nothing else does; not if it says nonsense or is turned off" {
    kimi_start
    local marker
    for marker in $'global' $' global\r\n'; do
        printf '%s' "$marker" >"$CODE/region"
        run -0 kimi login
        assert_same "api.kimi.ai auth.kimi.ai" "$(hosts_asked)"
        kimi-logout --quiet
    done
    printf 'global' >"$CODE/region"
    KIMI_CODE_REGION_MARKER=off run -0 kimi login
    assert_same "api.kimi.com auth.kimi.com" "$(hosts_asked)"
    kimi-logout --quiet
    printf 'global x' >"$CODE/region"
    run -0 kimi login
    assert_same "api.kimi.com auth.kimi.com" "$(hosts_asked)"
    kimi-logout --quiet
    # An option has precedence.
    printf 'global' >"$CODE/region"
    run -0 kimi login --region mainland-cn
    assert_same "api.kimi.com auth.kimi.com" "$(hosts_asked)"
}

@test "hosts that the environment sets go before --region, and a line says so" {
    server_start
    server_control '{"pending": 0}'
    run -0 --separate-stderr kimi login --region global
    assert_contains "$stderr" "--region has no effect"
    assert_lacks "$(logins)" "$GLOBAL"
    assert_loads "providers>managed:kimi-code>oauth>oauth_host=\"$KIMI_CODE_OAUTH_HOST\""
}

@test "if the environment sets one host, the other is the default one: neither the marker file nor --region decides" {
    kimi_start
    local slot=kimi-code-env-d44abaad1d85681f
    echo global >"$CODE/region"
    KIMI_CODE_OAUTH_HOST=https://auth.kimi.ai run -0 kimi login
    assert_same "api.kimi.com auth.kimi.ai" "$(hosts_asked)"
    assert_same kimi-code-env-002df460b17c2d66.json "$(logins)"
    KIMI_CODE_OAUTH_HOST=https://auth.kimi.ai kimi-logout --quiet
    KIMI_CODE_BASE_URL=https://api.kimi.ai/coding/v1 run -0 kimi login
    assert_same "api.kimi.ai auth.kimi.com" "$(hosts_asked)"
    assert_same "$slot.json" "$(logins)"
    KIMI_CODE_BASE_URL=https://api.kimi.ai/coding/v1 kimi-logout --quiet
    rm "$CODE/region"
    KIMI_CODE_BASE_URL=https://api.kimi.ai/coding/v1 run -0 --separate-stderr kimi login --region global
    assert_contains "$stderr" "--region has no effect"
    assert_same "api.kimi.ai auth.kimi.com" "$(hosts_asked)"
    assert_same "$slot.json" "$(logins)"
}

@test "an API key of a region: its base URL, and a login beside it goes to the same region" {
    kimi_start
    server_control '{"pending": 0, "api_keys": {"code": ["sk-kimi-code"]}}'
    run -0 kimi login --region global --api-key-stdin <<<sk-kimi-code
    assert_same "api.kimi.ai" "$(hosts_asked)"
    assert_loads 'providers>managed:kimi-code={"type": "kimi", "base_url": "https://api.kimi.ai/coding/v1", "api_key": "sk-kimi-code"}'
    run -0 kimi models
    assert_same "api.kimi.ai" "$(hosts_asked)"
    run -0 kimi login --force --platform kimi-code
    assert_same "api.kimi.ai auth.kimi.ai" "$(hosts_asked)"
    assert_same "$GLOBAL.json" "$(logins)"
}

@test "an API key in the config is sent to the hosts that the config names, and to no other region" {
    kimi_start
    write_config <<'TOML'
[providers."managed:kimi-code"]
type = "kimi"
base_url = "https://api.kimi.com/coding/v1"
api_key = "sk-mainland"
TOML
    chmod 600 "$CONFIG"
    # A login of the other region, which the server rejects.
    record "$GLOBAL" -100
    server_control '{"faults": {"refresh": [{"status": 401, "json": {"error": "invalid_grant"}, "forever": true}]}}'
    run --separate-stderr kimi usage --all
    server_requests all | kimi_python -c '
import json, sys
for line in sys.stdin:
    headers = json.loads(line)["headers"]
    key, host = headers.get("authorization", ""), headers["host"]
    assert "sk-mainland" not in key or host == "api.kimi.com", (host, key)
    print(host, key)' >asked
    assert_contains "$(cat asked)" "api.kimi.com Bearer sk-mainland"
    assert_contains "$(cat asked)" "auth.kimi.ai"
}

@test "regions that cannot be are usage errors" {
    run -2 --separate-stderr kimi login --region europe
    assert_error 'mainland-cn[|]global'
    run -2 --separate-stderr kimi login --region global --platform moonshot-cn
    assert_error "has no regions"
    run -2 --separate-stderr kimi login --region global --client kimi-cli
    assert_error "add --client kimi-code"
    # In kimi-cli's home its only region is allowed. The network error shows that the login went on.
    KIMI_CODE_OAUTH_HOST=http://127.0.0.1:9 run -75 --separate-stderr kimi login --region mainland-cn --client kimi-cli
}

## The question

menu="Log in to:
  1  Kimi Code (kimi.com)
  2  Kimi Code (kimi.ai, outside mainland China)
  3  Kimi Platform (platform.kimi.com)
  4  Kimi Platform (platform.kimi.ai)
Which one? [1] "

@test "on a terminal, if nothing is stored and nothing decides, there is one question with four answers" {
    kimi_start
    run -0 on_terminal --type "[1] " '2\n' kimi login --no-browser
    assert_contains "$output" "$menu"
    assert_same "api.kimi.ai auth.kimi.ai" "$(hosts_asked)"
    assert_same "$GLOBAL.json" "$(logins)"
    # With a stored login it does not ask, and keeps the region.
    run -0 on_terminal kimi login --no-browser --force
    assert_lacks "$output" "Which one"
    assert_same "api.kimi.ai auth.kimi.ai" "$(hosts_asked)"
    kimi-logout --quiet
    run -0 on_terminal --type "[1] " '5\n' --type "type 1, 2, 3 or 4 [1] " '\n' kimi login --no-browser
    assert_same "api.kimi.com auth.kimi.com" "$(hosts_asked)"
    kimi-logout --quiet
    run -2 on_terminal --type "[1] " '4\n' --type "API key of Kimi Platform (platform.kimi.ai): " '\x04' kimi login
}

@test "what decides the region takes it out of the question, an option all of it" {
    kimi_start
    run -0 on_terminal kimi login --region global
    assert_lacks "$output" "Which one"
    kimi-logout --quiet
    echo global >"$CODE/region"
    run -0 on_terminal --type "2  Kimi Platform (platform.kimi.com)" '' --type "[1] " '1\n' kimi login
    hosts_asked >/dev/null
    kimi-logout --quiet
    run -0 on_terminal --type "1  Kimi Code" '' --type "[1] " '\n' kimi login --no-browser
    assert_same "api.kimi.ai auth.kimi.ai" "$(hosts_asked)"
}

@test "kimi.ai where no client has a home yet: the login is kept in that of kimi-code" {
    kimi_start
    rmdir "$CODE"
    run -0 on_terminal --type "2  Kimi Code (kimi.ai" '' --type "[1] " '2\n' kimi login --no-browser
    assert_contains "$output" "kimi-cli has no accounts of kimi.ai: this login is for kimi-code"
    assert_same "$GLOBAL.json" "$(logins)"
    [ ! -e "$HOME/.kimi" ]
    run -0 kimi token
    kimi-logout --quiet
    # A home that is named explicitly is used, and kimi-cli's has no regions.
    run -2 on_terminal --type "2  Kimi Platform (platform.kimi.com)" '' --type "[1] " '\x04' kimi login --client kimi-cli
}

## Commands after a login

@test "token and refresh ask the region's hosts" {
    kimi_start
    global_config
    record "$GLOBAL" -10
    run -0 --separate-stderr kimi token
    assert_same "$(KIMI_TEST_LOOKUP='' LD_PRELOAD='' server_stat last_access_token)" "$output"
    assert_same "auth.kimi.ai" "$(hosts_asked)"
    run -0 kimi refresh --force
    assert_same "auth.kimi.ai" "$(hosts_asked)"
    # A login of the other region is refreshed at that region.
    record kimi-code -10
    run -0 kimi refresh
    assert_same "auth.kimi.com" "$(hosts_asked)"
}

@test "models, also in the config, and usage ask the region's hosts" {
    kimi_start
    global_config
    record "$GLOBAL"
    run -0 kimi models
    assert_contains "$output" kimi-for-coding
    run -0 kimi models --sync
    run -0 kimi usage
    assert_same "api.kimi.ai" "$(hosts_asked)"
    assert_loads 'providers>managed:kimi-code>base_url="https://api.kimi.ai/coding/v1"' 'models>kimi-code/kimi-for-coding>model="kimi-for-coding"'
    record kimi-code
    run -0 kimi usage --all
    assert_same "api.kimi.ai api.kimi.com" "$(hosts_asked)"
}

@test "status names the region, asks its hosts with --online, and says which login no command uses" {
    kimi_start
    global_config
    record "$GLOBAL"
    run -0 kimi status --json --online
    assert_same "api.kimi.ai" "$(hosts_asked)"
    assert_same "global true 0" "$(json logins.0.region <<<"$output") $(json logins.0.online <<<"$output") $(json logins.0.problems <<<"$output" | grep -c other_region)"
    run -0 kimi status
    assert_contains "$output" "global (kimi.ai)"
    record kimi-code
    run -0 kimi status --json --online
    assert_same "api.kimi.ai" "$(hosts_asked)"
    assert_same mainland-cn "$(json logins.1.region <<<"$output")"
    assert_contains "$(json logins.1.problems <<<"$output")" "run 'kimi login --client kimi-code --region mainland-cn'"
    assert_lacks "$(json logins.0.problems <<<"$output")" other_region
    # The region of the config counts, even if only the other one has a login.
    rm "$CODE/credentials/$GLOBAL.json"
    run -4 kimi status --check
    run -0 kimi status
    assert_contains "$output" "no command uses this login"
}

## Logout

@test "logout removes the login of the config's region and leaves the other one stored" {
    kimi_start
    run -0 kimi login
    run -0 kimi login --region global
    run -0 kimi logout
    assert_same kimi-code.json "$(logins)"
    assert_loads providers=null models=null
    # Without a config it is mainland China.
    run -0 kimi token
    run -0 kimi logout
    run -4 kimi token
}

@test "logout of one region leaves the config of the other region's login as it is" {
    kimi_start
    local before
    run -0 kimi login
    run -0 kimi login --region global
    before=$(hash_of "$CONFIG")
    KIMI_CODE_OAUTH_HOST=https://auth.kimi.com KIMI_CODE_BASE_URL=https://api.kimi.com/coding/v1 run -0 kimi logout
    assert_same "$GLOBAL.json" "$(logins)"
    assert_same "$before" "$(hash_of "$CONFIG")"
    run -0 kimi token
    # If no login is stored for the config's hosts, the config belongs to no other login.
    rm "$CODE/credentials/$GLOBAL.json" "$CODE/credentials/$GLOBAL.state"
    record kimi-code
    KIMI_CODE_OAUTH_HOST=https://auth.kimi.com KIMI_CODE_BASE_URL=https://api.kimi.com/coding/v1 run -0 kimi logout
    assert_loads providers=null
    KIMI_CODE_OAUTH_HOST=https://auth.kimi.com KIMI_CODE_BASE_URL=https://api.kimi.com/coding/v1 run -0 kimi login
    rm "$CODE/credentials/kimi-code.json" "$CODE/credentials/kimi-code.state"
    run -0 kimi logout
    assert_loads providers=null
}

@test "logout --region ends the login of that region, and touches the config only if that is about it" {
    kimi_start
    local before
    run -0 kimi login
    run -0 kimi login --region global
    before=$(hash_of "$CONFIG")
    run -0 kimi logout --region mainland-cn
    assert_contains "$output" "logged out of Kimi Code (kimi.com)"
    assert_same "$GLOBAL.json" "$(logins)"
    assert_same "$before" "$(hash_of "$CONFIG")"
    run -0 kimi login --region mainland-cn
    run -0 kimi logout --region mainland-cn
    assert_same "$GLOBAL.json" "$(logins)"
    assert_loads providers=null models=null
    run -0 kimi logout --region global
    assert_contains "$output" "logged out of Kimi Code (kimi.ai)"
    assert_same "*.json" "$(logins)"
    # A key belongs to the region of the config, even if it has no login.
    record "$GLOBAL"
    write_config <<<$'[providers."managed:kimi-code"]\ntype = "kimi"\nbase_url = "https://api.kimi.com/coding/v1"\napi_key = "sk-mainland"'
    before=$(hash_of "$CONFIG")
    run -0 kimi logout --region global
    assert_same "*.json $before" "$(logins) $(hash_of "$CONFIG")"
    run -0 kimi logout --region mainland-cn
    assert_loads providers=null
}

@test "logout where the other region is logged in names the command for that; so does status" {
    kimi_start
    record "$GLOBAL"
    run -0 kimi logout
    assert_contains "$output" "not logged in to Kimi Code (kimi.com): nothing to do"
    assert_contains "$output" "still logged in to Kimi Code (kimi.ai); run 'kimi logout --region global' to log out"
    run -0 kimi status
    assert_contains "$output" "'kimi logout --region global'"
    # Beside a login of kimi-cli the command would look there.
    store_login
    run -0 kimi status
    assert_contains "$output" "'kimi logout --client kimi-code --region global'"
    run -0 kimi logout --client kimi-code --region global
    record "$GLOBAL"
    rm -r "$HOME/.kimi"
    run -0 kimi logout --region global
    assert_same "*.json" "$(logins)"
}

@test "logout --region with an account ends that account there" {
    kimi_start
    record kimi-code@work
    record "$GLOBAL@work"
    run -0 kimi logout --account work --region global
    assert_same "kimi-code@work.json" "$(logins)"
}

@test "regions that logout cannot mean are usage errors" {
    record
    record "$GLOBAL"
    run -2 --separate-stderr kimi logout --region europe
    assert_error 'mainland-cn[|]global'
    run -2 --separate-stderr kimi logout --region global --platform moonshot-cn
    assert_error "has no regions"
    run -2 --separate-stderr kimi logout --region global --client kimi-cli
    assert_error "add --client kimi-code"
    run -2 --separate-stderr kimi logout --region global --all
    assert_error "--all"
    # Otherwise the login of the overriding hosts would be removed instead.
    KIMI_CODE_OAUTH_HOST=https://auth.kimi.com run -2 --separate-stderr kimi logout --region global
    assert_error "the environment sets the host of Kimi"
    assert_same "$GLOBAL.json kimi-code.json" "$(logins)"
}

@test "logout --all takes the logins of all regions and hosts, and the config" {
    kimi_start
    run -0 kimi login
    run -0 kimi login --region global
    KIMI_CODE_OAUTH_HOST=https://auth.kimi.com KIMI_CODE_BASE_URL=https://api.kimi.com/coding/v1 run -0 kimi logout --all
    run ! compgen -G "$CODE/credentials/kimi-code*.json"
    assert_loads providers=null models=null
}

## Accounts

@test "an account in the other region is found there by every command" {
    kimi_start
    run -0 kimi login
    run -0 kimi login --account work --region global
    hosts_asked >/dev/null
    assert_loads 'providers>managed:kimi-code>oauth>key="oauth/kimi-code"'
    [ -e "$CODE/credentials/$GLOBAL@work.json" ]
    run -0 --separate-stderr kimi token --account work
    run -0 kimi refresh --account work --force
    run -0 kimi models --account work
    run -0 kimi login --account work
    assert_contains "$output" "already logged in"
    assert_same "api.kimi.ai auth.kimi.ai" "$(hosts_asked)"
    run -0 kimi status --account work --json
    assert_same global "$(json logins.0.region <<<"$output")"
    run -0 kimi logout --account work
    assert_same kimi-code.json "$(logins)"
}

@test "an account in a region without a default login there is listed, refreshed and logged out like any other" {
    kimi_start
    record "$GLOBAL@work" 60
    run -0 kimi status --json
    assert_same "work global" "$(json logins.0.account <<<"$output") $(json logins.0.region <<<"$output")"
    run -0 kimi refresh
    assert_same "auth.kimi.ai" "$(hosts_asked)"
    run -0 kimi logout --all
    assert_same "*.json" "$(logins)"
}

@test "an account in two regions: status asks about the one that commands use, and says that they do not use the other" {
    kimi_start
    record kimi-code@work
    record "$GLOBAL@work"
    run -0 kimi status --online --json
    assert_same "api.kimi.com" "$(hosts_asked)"
    assert_same "true 0" "$(json logins.0.online <<<"$output") $(json logins.0.problems <<<"$output" | grep -c other_region)"
    assert_same "global other_region" "$(json logins.1.region <<<"$output") $(json logins.1.problems.0.code <<<"$output")"
    assert_contains "$(json logins.1.problems.0.remedy <<<"$output")" "kimi logout --account work --region global"
    assert_lacks "$(json logins.1 <<<"$output")" '"online"'
}

@test "logout --all also ends logins of hosts that nothing names any more" {
    kimi_start
    record kimi-code-env-0123456789abcdef
    record kimi-code-env-0123456789abcdef@work
    echo x >"$CODE/credentials/kimi-code-env-0123456789abcdef-notes.json"
    run -0 --separate-stderr kimi logout --all
    assert_same "kimi-code-env-0123456789abcdef-notes.json" "$(logins)"
    assert_contains "$stderr" "logged out of Kimi Code, account work"
}

## One directory as the home of both clients

@test "one directory for both clients is one home: its login is listed, refreshed and logged out once" {
    kimi_start
    rmdir "$CODE"
    mkdir -m 700 "$HOME/.kimi"
    ln -s .kimi "$CODE"
    record kimi-code -5
    run -0 kimi refresh
    assert_same "kimi refresh: refreshed; the token is valid for 15 min" "$output"
    assert_same "1 0" "$(server_count refresh) $(server_stat revoked)"
    run -0 --separate-stderr kimi status --json
    assert_same 1 "$(grep -o '"client"' <<<"$output" | wc -l)"
    rm "$CODE"
    KIMI_CODE_HOME=$HOME/.kimi run -0 --separate-stderr kimi status --json
    assert_same 1 "$(grep -o '"client"' <<<"$output" | wc -l)"
}

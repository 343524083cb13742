#!/usr/bin/env bats
# kimi status: the state of each login, problems and their remedies; --check, --line and --online.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run sets variables
bats_require_minimum_version 1.5.0
load helper
load processes

CONFIG_OF_HOME=.kimi/config.toml
setup() {
    kimi_setup
    CONFIG=$HOME/$CONFIG_OF_HOME
}

# status [ARGUMENT...]: sets $output to kimi status --json.
status() {
    run -0 --separate-stderr kimi-status --json "$@"
    assert_same "" "$stderr"
}
# field PATH: a field of the first login of the last status.
field() { json "logins.0.$1" <<<"$output"; }
# count: the number of logins.
count() { kimi_python -c 'import json, sys; print(len(json.load(sys.stdin)["logins"]))' <<<"$output"; }
# problems: the codes of the first login's problems.
problems() { kimi_python -c 'import json, sys; print(*(p["code"] for p in json.load(sys.stdin)["logins"][0]["problems"]))' <<<"$output"; }
# remedies: each problem has a remedy.
assert_remedies() {
    kimi_python -c '
import json, sys
for login in json.load(sys.stdin)["logins"]:
    for problem in login["problems"]:
        assert problem["message"] and problem["remedy"], problem' <<<"$output" || fail "no remedy in $output"
}

# write_login_config [LINE...]: a config as a login leaves it, followed by these lines.
write_login_config() {
    { login_config && printf '%s\n' "" "$@"; } | write_config
}
# write_key ID: a config with only an API key of that platform.
write_key() {
    mkdir -p "${CONFIG%/*}"
    printf '[providers."managed:%s"]\ntype = "kimi"\nbase_url = "https://example.com/v1"\napi_key = "sk-%s"\n' "$1" "$1" >>"$CONFIG"
    chmod 600 "$CONFIG"
}
# store_account NAME: stores the login under that account.
store_account() { cp "$LOGIN" "$FOLDER/kimi-code@$1.json"; }

# note FIELD VALUE...: writes metadata of the stored login with these fields (VALUE as JSON).
note() {
    kimi_python -c '
import json, sys
state = {"expires_at": json.load(open(sys.argv[1]))["expires_at"], "oauth_host": "", "storage": "file", "last_refresh": 0}
state.update(zip(sys.argv[3::2], map(json.loads, sys.argv[4::2])))
json.dump(state, open(sys.argv[2], "w"))' "$LOGIN" "$STATE" "$@"
}
# reject: the refresh token of the stored login was rejected a minute ago.
reject() { note rejections 1 rejected_at $((EPOCHSECONDS - 60)) rejected_by "\"${KIMI_CODE_OAUTH_HOST:-https://auth.kimi.com}\""; }

## What is listed

@test "the JSON has exactly the fields of the design" {
    write_login_config
    store_login
    status
    assert_same logins "$(kimi_python -c 'import json, sys; print(*json.load(sys.stdin))' <<<"$output")"
    assert_same "platform account client home region state storage expires_at expires_in last_refresh default_model problems" \
        "$(kimi_python -c 'import json, sys; print(*json.load(sys.stdin)["logins"][0])' <<<"$output")"
    assert_same "kimi-code null fresh file null kimi-code/kimi-for-coding []" \
        "$(field platform) $(field account) $(field state) $(field storage) $(field last_refresh) $(field default_model) $(field problems)"
    assert_between $((EPOCHSECONDS + 890)) "$(field expires_at)" $((EPOCHSECONDS + 901))
    assert_between 890 "$(field expires_in)" 900
}

@test "without a login the list is empty, and a person is told how to get one" {
    status
    assert_same '{"logins":[]}' "$output"
    run -0 --separate-stderr kimi-status
    assert_contains "$output" "run 'kimi login'"
    [ ! -e "$HOME/.kimi" ]
}

@test "a requested platform is listed even if nobody is logged in there" {
    store_login
    status --platform moonshot-ai
    assert_same "moonshot-ai logged_out null null" "$(field platform) $(field state) $(field storage) $(field expires_at)"
    assert_same 1 "$(count)"
    rm "$LOGIN"
    status --platform kimi-code
    assert_same "kimi-code logged_out" "$(field platform) $(field state)"
    run -2 --separate-stderr kimi-status --platform nowhere
    assert_error "unknown platform"
}

@test "every platform and account with a login is listed, the default account first" {
    write_key moonshot-cn
    store_login
    store_account work
    store_account "me@example.com"
    status
    assert_same "kimi-code null
kimi-code me@example.com
kimi-code work
moonshot-cn null" "$(kimi_python -c '
import json, sys
for login in json.load(sys.stdin)["logins"]: print(login["platform"], login["account"] or "null")' <<<"$output")"
    status --account work
    assert_same "1 work fresh" "$(count) $(field account) $(field state)"
    status --account nobody
    assert_same "1 nobody logged_out" "$(count) $(field account) $(field state)"
}

@test "an API key is fresh, kept in the config, and does not end" {
    write_key moonshot-cn
    status
    assert_same "moonshot-cn fresh config null null" \
        "$(field platform) $(field state) $(field storage) $(field expires_at) $(field expires_in)"
    assert_lacks "$output" sk-
}

@test "no token is ever shown" {
    store_login
    run -0 --separate-stderr kimi-status
    assert_lacks "$output$stderr" at-stored
    assert_lacks "$output$stderr" rt-stored
    status
    assert_lacks "$output" -stored
}

## States

@test "fresh, due and expired go by what kimi refresh would do" {
    store_login --expires-in-left 460
    status
    assert_same fresh "$(field state)"
    store_login --expires-in-left 440
    status
    assert_same "due []" "$(field state) $(field problems)"
    store_login --expires-in-left -5
    status
    assert_same "expired 0 []" "$(field state) $(field expires_in) $(field problems)"
}

@test "a refresh token that the server rejected: state, problem and remedy, and the time that is left" {
    server_start
    store_login --expires-in-left 100 --no-seed
    run -4 kimi-refresh
    status
    assert_same "rejected rejected" "$(field state) $(problems)"
    assert_between 80 "$(field expires_in)" 100
    assert_contains "$(field problems.0.remedy)" "kimi login"
    assert_remedies
}

@test "a rejection by another host, or of another token, does not count" {
    store_login
    note rejections 1 rejected_at "$EPOCHSECONDS" rejected_by '"https://elsewhere.example"'
    status
    assert_same fresh "$(field state)"
    reject
    status
    assert_same rejected "$(field state)"
    store_login --expires-in-left 800
    status
    assert_same fresh "$(field state)"
}

@test "a tombstone is a rejected login" {
    mkdir -p "$FOLDER"
    echo '{"access_token": "", "refresh_token": "", "expires_at": 0, "scope": "", "token_type": "", "expires_in": 0}' >"$LOGIN"
    chmod 600 "$LOGIN"
    status
    assert_same "rejected null rejected" "$(field state) $(field expires_at) $(problems)"
}

@test "the last refresh and who did it are known after a refresh" {
    server_start
    store_login --expires-in-left 100
    kimi-refresh --quiet
    status
    assert_between $((EPOCHSECONDS - 5)) "$(field last_refresh)" "$EPOCHSECONDS"
    assert_same "fresh []" "$(field state) $(field problems)"
}

## Problems and remedies

@test "a login without a refresh token is reported" {
    store_login --refresh ""
    status
    assert_same "fresh no_refresh_token" "$(field state) $(problems)"
    assert_remedies
}

@test "a login of another host is reported" {
    store_login
    note oauth_host '"https://other.example"'
    status
    assert_same wrong_host "$(problems)"
    assert_remedies
}

@test "a damaged login is listed as logged out, with what is wrong" {
    mkdir -p "$FOLDER"
    echo '{"access_token":' >"$LOGIN"
    status
    assert_same "logged_out file storage" "$(field state) $(field storage) $(problems)"
    assert_remedies
}

@test "a login that others could read is made private and reported" {
    store_login
    chmod 644 "$LOGIN"
    status
    assert_same rights "$(problems)"
    assert_same 600 "$(mode "$LOGIN")"
    status
    assert_same "" "$(problems)"
}

@test "an API key in a config that others can read is reported, and the config is left alone" {
    write_key moonshot-cn
    chmod 644 "$CONFIG"
    status
    assert_same rights "$(problems)"
    assert_same 644 "$(mode "$CONFIG")"
    assert_remedies
    # Without a key there is nothing to read.
    store_login
    write_login_config
    chmod 644 "$CONFIG"
    status
    assert_same "" "$(problems)"
}

@test "a clock that was more than 60 s off the server's at the last refresh is reported" {
    server_start
    server_control '{"faults": {"refresh": [{"headers": {"Date": "Tue, 24 Nov 2020 10:00:00 GMT"}}]}}'
    store_login --expires-in-left 100
    kimi-refresh --quiet
    status
    assert_same clock "$(problems)"
    assert_contains "$(field problems.0.message)" "ahead of"
    assert_remedies
    server_control "{\"faults\": {\"refresh\": [{\"headers\": {\"Date\": \"$(date -u -d '30 seconds' '+%a, %d %b %Y %H:%M:%S GMT')\"}}]}}"
    kimi-refresh --quiet --force
    status
    assert_same "" "$(problems)"
}

@test "a config that does not parse is reported with its line, and the tokens are still shown" {
    store_login
    write_login_config 'broken = ['
    status
    assert_same "fresh config" "$(field state) $(problems)"
    assert_contains "$(field problems.0.message)" "line "
    assert_remedies
}

# refused LINE...: kimi-cli refuses a config with these lines, and status says so.
refused() {
    write_login_config "$@"
    status || return
    assert_same config_refused "$(problems)" "problems of: $*" || return
    assert_remedies
}

@test "a config that kimi-cli would refuse is reported: missing fields, unknown provider, capability, kind" {
    store_login
    refused '[models.x]' 'provider = "managed:kimi-code"' 'model = "x"'
    refused '[models.x]' 'provider = "gone"' 'model = "x"' 'max_context_size = 1'
    refused '[models.x]' 'provider = "managed:kimi-code"' 'model = "x"' 'max_context_size = "one"'
    refused '[models.x]' 'provider = "managed:kimi-code"' 'model = "x"' 'max_context_size = 1.5'
    refused '[models.x]' 'provider = "managed:kimi-code"' 'model = "x"' 'max_context_size = 1' 'capabilities = ["fly"]'
    refused '[providers.own]' 'type = "kimi"' 'base_url = "https://example.com"'
    refused '[providers.own]' 'type = "other"' 'base_url = "https://example.com"' 'api_key = ""'
    refused '[services.moonshot_search]' 'base_url = "https://example.com"'
    refused '[providers.own]' 'type = "kimi"' 'base_url = ""' 'api_key = ""' 'oauth = { storage = "attic", key = "k" }'
    refused '[providers.own]' 'type = "kimi"' 'base_url = ""' 'api_key = ""' 'custom_headers = { X = 1 }'
    refused '[services.moonshot_fetch]' 'base_url = ""' 'api_key = ""' 'custom_headers = "X: 1"'
    refused '[loop_control]' 'max_steps_per_turn = 0'
    refused '[loop_control]' 'reserved_context_size = 999'
    refused '[mcp.client]' 'tool_call_timeout_ms = "long"'
    refused '[[hooks]]' 'event = "Stop"'
    local first
    for first in 'default_model = "gone"' 'theme = "blue"' 'default_thinking = "perhaps"' 'default_yolo = 2' 'hooks = 1'; do
        write_login_config
        sed -i "s/^default_model.*/$first/" "$CONFIG"
        status
        assert_contains " $(problems)" " config_refused"
    done
}

@test "a byte order mark in the config is named, and the config is used all the same" {
    store_login
    write_login_config
    sed -i $'1s/^/\xef\xbb\xbf/' "$CONFIG"
    status
    assert_same "fresh config_refused" "$(field state) $(problems)"
    assert_contains "$(field problems.0.message)" "byte order mark"
    assert_same kimi-code/kimi-for-coding "$(field default_model)"
    assert_remedies
}

@test "nothing is said of a config that kimi-cli takes, what it takes for a number or a truth included" {
    store_login
    write_login_config '[mcp.client]' 'tool_call_timeout_ms = 1' '[unknown]' 'a = 1' '[[hooks]]' 'event = "Stop"' 'command = "true"' \
        '[models.x]' 'provider = "managed:kimi-code"' 'model = "x"' 'max_context_size = "1"' \
        '[models.y]' 'provider = "managed:kimi-code"' 'model = "y"' 'max_context_size = 1e5' \
        '[loop_control]' 'max_ralph_iterations = -1' 'max_steps_per_turn = 1'
    sed -i '1i theme = "light"\ndefault_thinking = "yes"\ndefault_yolo = 0' "$CONFIG"
    status
    assert_same "" "$(problems)"
}

@test "a login that was not refreshed for hours is reported, one that expired a while ago is not" {
    store_login --expires-in-left -7200
    status
    assert_same "expired not_refreshed" "$(field state) $(problems)"
    assert_contains "$(field problems.0.remedy)" "kimi refresh"
    store_login --expires-in-left -600
    status
    assert_same "" "$(problems)"
}

@test "another kimi that comes first on PATH is reported, ours is not" {
    store_login
    status
    assert_same "" "$(problems)"
    mkdir other
    printf '#!/bin/sh\n' >other/kimi
    chmod 755 other/kimi
    PATH=$PWD/other:$PATH status
    assert_same path "$(problems)"
    assert_contains "$(field problems.0.message)" "$PWD/other/kimi"
    assert_remedies
}

@test "a keyring that does not answer is reported, and costs no more than its deadline" {
    unset KIMI_DISABLE_KEYRING
    export KIMI_CREDENTIAL_HELPER='!sleep 60; true'
    store_login
    note storage '"keyring"'
    rm "$LOGIN"
    local before
    before=$(now_ms)
    status
    assert_between 1500 $(($(now_ms) - before)) $((1500 + 10000 * PATIENCE)) "milliseconds"
    assert_same "expired keyring keyring" "$(field state) $(field storage) $(problems)"
    assert_remedies
    run -75 --separate-stderr kimi-status --check
    assert_same "" "$output$stderr"
}

@test "a locked keyring is reported with its remedy, is asked once, and --check and --line know it" {
    unset KIMI_DISABLE_KEYRING
    mkdir helpers
    printf '#!/bin/sh\necho asked >>"%s/calls"\nexit 3\n' "$PWD" >helpers/kimi-credential-libsecret
    chmod 755 helpers/kimi-credential-libsecret
    export KIMI_CREDENTIAL_HELPER=$PWD/helpers/kimi-credential-libsecret
    store_login
    note storage '"keyring"'
    rm "$LOGIN"
    status
    assert_same "expired keyring keyring" "$(field state) $(field storage) $(problems)"
    assert_remedies
    rm calls
    run -0 --separate-stderr kimi-status
    assert_contains "$output" "access token   cannot be read now"
    assert_contains "$output" "stored in      the keyring"
    assert_same asked "$(cat calls)"
    run -75 --separate-stderr kimi-status --check
    assert_same "" "$output$stderr"
    run -0 kimi-status --line
    assert_same "kimi-code not readable" "$output"
}

## For a person

@test "a person sees the problems first, then how long, where and since when; and nothing that alarms" {
    server_start
    server_control '{"pending": 0}'
    kimi-login --quiet 2>/dev/null
    run -0 --separate-stderr kimi-status
    assert_same "" "$stderr"
    local time
    time=$(date -d "@$(head -n 1 "$HOME/.kimi/history.jsonl" | json time)" "+%b %e, %H:%M")
    assert_same "Kimi Code
  access token   valid for 15 min, renewed automatically
  stored in      ~/.kimi/credentials/kimi-code.json (private file)
  logged in      $time
  default model  kimi-for-coding

Settings
  OAuth host     $KIMI_CODE_OAUTH_HOST (KIMI_CODE_OAUTH_HOST)
  API            $KIMI_CODE_BASE_URL (KIMI_CODE_BASE_URL)" "${output%$'\n\n'Variables*}"
    write_login_config 'broken = ['
    run -0 kimi-status
    [[ $output == "  problem        config.toml, line "* ]]
    assert_contains "$output" "-> correct the file"
    # Exact times and all settings only with --verbose.
    assert_lacks "$output" "last refresh"
    assert_lacks "$output" "the tokens in the file"
    run -0 kimi-status --verbose
    [[ $output =~ last\ refresh\ +20.*expires\ +20 ]]
    assert_contains "$output" "the tokens in the file"
    assert_contains "$output" "home           $HOME/.kimi (the default)"
    assert_lacks "$output" $'\e'
}

@test "nothing but the default: no settings are shown" {
    store_login
    local name
    for name in "${!KIMI_TEST_@}" KIMI_DISABLE_KEYRING; do
        export -n "${name?}"
    done
    run -0 "$KIMI_TEST_BIN/kimi-status"
    assert_same "Kimi Code
  access token   valid for 15 min, renewed automatically
  stored in      ~/.kimi/credentials/kimi-code.json (private file)" "$output"
}

@test "at 80 and 40 columns no line is longer, but one without a space" {
    server_start
    store_login
    KIMI_DISABLE_KEYRING=1 kimi-login --quiet
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    kimi-usage >/dev/null
    export KIMI_NO_SUCH=1
    local columns
    for columns in 80 40; do
        run -0 on_terminal --columns "$columns" kimi-status --verbose
        assert_contains "$output" "renewed automatically" || assert_contains "$output" $'renewed\n'
        run grep -vE "^.{0,$columns}\$|^  .{14} [^ ]+\$" <<<"$output"
        assert_same "" "$output" "too long at $columns columns" || return
    done
}

@test "it names the variables that decide and those that are set in vain" {
    store_login
    store_account work
    export KIMI_OAUTH_HOST=https://a.example KIMI_CODE_OAUTH_HOST=https://b.example KIMI_API_KEY=sk-x KIMI_ACCOUNT=work
    export KIMI_UNHEARD=1 KIMI_NO_CACHE=
    run -0 --separate-stderr kimi-status
    assert_contains "$output" "kimi-code, account work (KIMI_ACCOUNT)"
    assert_contains "$output" "https://b.example (KIMI_CODE_OAUTH_HOST)"
    local vain=${output#*without effect}
    [[ $vain =~ KIMI_OAUTH_HOST\ +KIMI_CODE_OAUTH_HOST\ is\ used\ instead ]]
    assert_contains "$vain" "KIMI_API_KEY"
    assert_contains "$vain" "KIMI_UNHEARD"
    [[ $vain =~ KIMI_NO_CACHE\ +it\ is\ empty ]]
    assert_lacks "$vain" "KIMI_ACCOUNT "
    assert_lacks "$output" sk-x
    run -0 --separate-stderr kimi-status --account ""
    [[ ${output#*without effect} =~ KIMI_ACCOUNT\ +--account\ is\ used\ instead ]]
}

@test "a variable of a chat client is not called one without effect" {
    store_login
    export KIMI_MODEL_NAME=x KIMI_CODE_NO_AUTO_UPDATE=1 KIMI_DISABLE_TELEMETRY=1 KIMI_DISABLE_OAUTH_LOCK=1 KIMI_UNHEARD=1
    run -0 --separate-stderr kimi-status
    assert_contains "$output" "KIMI_UNHEARD"
    for name in KIMI_MODEL_NAME KIMI_CODE_NO_AUTO_UPDATE KIMI_DISABLE_TELEMETRY KIMI_DISABLE_OAUTH_LOCK; do
        assert_lacks "$output" "$name"
    done
}

@test "what comes from files reaches a terminal without control characters" {
    store_login
    write_login_config '[models."a\u001b[31m"]' 'provider = "b\u001b[31m"' 'model = "x"' 'max_context_size = 1'
    run -0 --separate-stderr kimi-status
    assert_contains "$output" "which does not exist"
    assert_lacks "$output" $'\e'
}

@test "a text that is cut within a character leaves the JSON whole" {
    store_login
    write_login_config
    local name
    name=$(printf 'é%.0s' {1..200})x
    sed -i "s|kimi-code/kimi-for-coding|é$name|" "$CONFIG"
    status
    assert_contains "$(field default_model)" ééé
    sed -i "s|kimi-code/kimi-for-coding|$name|" "$CONFIG"
    status
    assert_contains "$(field default_model)" ééé
}

@test "on a narrow terminal nothing is cut, and variables without effect line up" {
    server_start
    store_login --expires-in-left 100
    kimi-refresh --quiet
    export KIMI_VARIABLE_WITH_A_LONG_NAME=1 KIMI_X=1
    run -0 on_terminal --columns 40 kimi-status
    assert_contains "$output" "~${LOGIN#"$HOME"}"
    assert_contains "$output" $'  KIMI_VARIABLE_WITH_A_LONG_NAME no\n                                 command\n'
    assert_contains "$output" $'  KIMI_X                         no\n'
    run -0 on_terminal --columns 40 kimi-status --history
    assert_contains "$output" " refresh  kimi-code  file     ok       kimi-refresh"
}

@test "the state has a colour on a terminal, and none with NO_COLOR" {
    store_login
    TERM=xterm run -0 on_terminal kimi-status
    assert_contains "$output" $'\e[32mvalid for'
    TERM=xterm NO_COLOR=1 run -0 on_terminal kimi-status
    assert_lacks "$output" $'\e'
}

## --check

@test "--check is silent: 0 good, 75 a refresh is needed, 4 a login is needed" {
    run -4 --separate-stderr kimi-status --check
    assert_same "" "$output$stderr"
    store_login
    run -0 --separate-stderr kimi-status --check
    assert_same "" "$output$stderr"
    store_login --expires-in-left 299
    run -75 --separate-stderr kimi-status --check
    assert_same "" "$output$stderr"
    store_login --expires-in-left -1
    run -75 kimi-status --check
    store_login --expires-in-left -1 --refresh ""
    run -4 kimi-status --check
    echo damaged >"$LOGIN"
    run -4 kimi-status --check
}

@test "--check --min-valid asks for so many seconds, and its default is that of kimi token" {
    store_login --expires-in-left 500
    run -0 kimi-status --check --min-valid 490
    run -75 kimi-status --check --min-valid 510
    store_login --life 400 --expires-in-left 210
    run -0 kimi-status --check
    store_login --life 400 --expires-in-left 190
    run -75 kimi-status --check
    run -0 kimi-status --check --min-valid 0
}

@test "--check of a rejected login: good while the token is valid as long as asked, then a login is needed" {
    store_login --expires-in-left 500
    reject
    run -0 kimi-status --check
    run -4 kimi-status --check --min-valid 510
}

@test "--check finds the keys that kimi token would print" {
    write_key moonshot-cn
    run -4 kimi-status --check
    run -0 kimi-status --check --platform moonshot-cn
    run -4 kimi-status --check --platform moonshot-ai
    KIMI_API_KEY=sk-x run -0 kimi-status --check
    KIMI_API_KEY=sk-x run -4 kimi-status --check --account work
}

@test "--check judges the selected login alone, --all every one and the worst counts" {
    store_login
    store_account good
    store_login --expires-in-left 100
    run -75 kimi-status --check
    run -0 kimi-status --check --account good
    KIMI_ACCOUNT=good run -0 kimi-status --check
    run -75 kimi-status --check --all
    store_login --expires-in-left -1 --refresh ""
    run -4 kimi-status --check --all
    store_login
    run -0 kimi-status --check --all
    rm "$LOGIN" "$FOLDER/kimi-code@good.json"
    run -4 kimi-status --check --all
}

@test "--check and --line read no config, send nothing and take no lock if the file suffices" {
    server_start
    store_login
    write_login_config 'broken = ['
    hold_lock other
    run -0 --separate-stderr kimi-status --check
    run -0 --separate-stderr kimi-status --line
    release_lock other
    finish 0
    run -0 traced -e trace=openat,connect,socket,flock -o calls kimi-status --check
    grep -q kimi-code.json calls
    run ! grep -qE 'config|socket|flock|\.lock' calls
    assert_same 0 "$(server_count all)"
}

## --line

@test "--line is one line for a prompt in every state" {
    run -0 --separate-stderr kimi-status --line
    assert_same "kimi-code logged out" "$output"
    store_login --expires-in-left 890
    store_account work
    run -0 kimi-status --line
    assert_same "kimi-code fresh 15 min" "$output"
    run -0 kimi-status --line --account work
    assert_same "kimi-code@work fresh 15 min" "$output"
    reject
    run -0 kimi-status --line
    assert_same "kimi-code rejected 15 min" "$output"
    store_login --expires-in-left -1
    run -0 kimi-status --line
    assert_same "kimi-code expired" "$output"
    write_key moonshot-cn
    run -0 kimi-status --line --platform moonshot-cn
    assert_same "moonshot-cn API key" "$output"
}

## --online

@test "--online asks Kimi about each login, and nothing is asked without it" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-moonshot-cn"]}}'
    store_login
    write_key moonshot-cn
    status
    assert_same 0 "$(server_count all)"
    status --online
    assert_same "true true" "$(field online) $(json logins.1.online <<<"$output")"
    assert_same "1 1" "$(server_count models) $(server_count cn_models)"
    run -0 kimi-status --online
    assert_contains "$output" "accepted by Kimi, 2 models"
    server_control '{"models": [{"id": "m"}]}'
    run -0 kimi-status --online
    assert_contains "$output" $'accepted by Kimi, 1 model\n'
    server_control '{}'
}

@test "--online shows whose login it is, as the server masks it, and the window that is used most" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-moonshot-cn"]}}'
    store_login
    write_key moonshot-cn
    status --online
    assert_same '{"name": "Someone", "plan": "Vivace", "region": "REGION_CN"}' "$(field profile)"
    assert_same "month 0.4 null" "$(field most_used.name) $(field most_used.used_ratio) $(field balance)"
    assert_same "null null 49.58894" "$(json logins.1.profile <<<"$output") $(json logins.1.most_used <<<"$output") $(json logins.1.balance.available <<<"$output")"
    run -0 kimi-status --online
    assert_contains "$output" "logged in as   Someone, Vivace, REGION_CN"
    assert_contains "$output" "most used      month 40%"
    assert_contains "$output" "balance        49.59 CNY"
    # Any field may be missing, and a name may have any type.
    server_control '{"me": {"user_id": "u-1", "nickname": "", "phone": {"number": "138****0000"}}}'
    run -0 kimi-status --online
    assert_contains "$output" "logged in as   138****0000"
    server_control '{"me": {"user_id": "u-1", "nickname": "a\u001b[31m\nb"}}'
    run -0 kimi-status --online
    assert_contains "$output" "logged in as   a[31m b"
    # Neither means that the login is not accepted.
    server_control '{"faults": {"me": [{"status": 404, "forever": true}], "usages": [{"status": 503, "forever": true}]}}'
    status --online
    assert_same "true null null" "$(field online) $(field profile) $(field most_used)"
    # One is shown without the other.
    server_control '{"faults": {"usages": [{"status": 403, "json": {"error": {"type": "access_terminated_error"}}, "forever": true}]}}'
    status --online
    assert_same "true Someone null" "$(field online) $(field profile.name) $(field most_used)"
}

@test "on a terminal the quota is shown from the cache, and never asked for" {
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    server_start
    store_login
    run -0 on_terminal kimi-status
    assert_lacks "$output" "quota"
    run -0 kimi-usage
    run -0 on_terminal kimi-status
    assert_contains "$output" "quota          5h 27% 7d 26% month 40% month-code 25% ("
    run -0 kimi-status
    assert_lacks "$output" "quota"
    assert_same 1 "$(server_count usages)"
}

@test "--online tells why a login is not taken" {
    server_start
    store_login --no-seed --expires-in-left 800
    status --online
    assert_same false "$(field online)"
    assert_same "rejected" "$(field state)"
    assert_contains "$(problems)" rejected
    server_stop
    store_login --expires-in-left 800
    status --online
    assert_same "false network" "$(field online) $(problems)"
    assert_same fresh "$(field state)"
}

@test "options that cannot be used together are wrong usage" {
    run -2 --separate-stderr kimi-status --check --line
    assert_error "cannot be used together"
    run -2 kimi-status --history --online
    run -2 kimi-status --json --line
    run -2 kimi-status --min-valid 5
    run -2 kimi-status --all
    run -2 kimi-status --check --all --account x
}

## The notice about the end

@test "a login that cannot be refreshed is reported once, by the next command with a terminal" {
    store_login --refresh ""
    run -0 --separate-stderr kimi-token
    assert_same "" "$stderr"
    run -0 on_terminal --columns 200 kimi-token
    assert_contains "$output" "this login expires in 15 min and cannot be refreshed: it has no refresh token; run 'kimi login'"
    run -0 on_terminal kimi-token
    assert_lacks "$output" "cannot be refreshed"
    # Another login gets its own notice.
    store_login
    reject
    run -0 on_terminal --columns 200 kimi-token
    assert_contains "$output" "Kimi no longer accepts it"
    run -0 on_terminal --columns 200 kimi-token
    assert_lacks "$output" "cannot be refreshed"
    # exec is a command, too.
    store_login --refresh ""
    run -0 on_terminal kimi-exec true
    assert_contains "$output" "kimi exec: this login expires in 15 min"
    run -0 on_terminal kimi-exec true
    assert_same "" "$output"
}

@test "kimi refresh tells of it while the token is valid, by 4 and one line each time, and sends nothing" {
    server_start
    store_login --refresh ""
    run -4 --separate-stderr kimi-refresh --quiet
    assert_error "this login expires in 15 min and cannot be refreshed: it has no refresh token; run 'kimi login'"
    run -4 --separate-stderr kimi-refresh --account ""
    assert_error "cannot be refreshed"
    store_login
    reject
    run -4 --separate-stderr kimi-refresh --quiet
    assert_error "Kimi no longer accepts it"
    run -4 --separate-stderr kimi-refresh --json
    assert_same "error rejected" "$(json type <<<"$output") $(json data.code <<<"$output")"
    assert_same 0 "$(server_count all)"
}

@test "what to do about an account names it: in status, refresh, token, exec and the reminder" {
    server_start
    store_login --refresh ""
    store_account work
    rm "$LOGIN"
    assert_same "run 'kimi login --account work' before it expires" "$(kimi-status --json | json logins.0.problems.0.remedy)"
    run -4 --separate-stderr kimi-refresh --quiet
    assert_error "work: this login expires in 15 min and cannot be refreshed: it has no refresh token; run 'kimi login --account work'"
    KIMI_ACCOUNT=work run -0 on_terminal kimi-exec true
    assert_contains "$output" "; run 'kimi login --account work'"
    for command in "kimi-token --account nobody" "kimi-exec --account nobody true"; do
        # shellcheck disable=SC2086 # split on purpose
        run -4 --separate-stderr $command
        assert_error "not logged in; run 'kimi login --account nobody'"
    done
}

@test "kimi refresh of several logins does not pass over one without a refresh token" {
    server_start
    local left
    for left in 100 -1 800; do
        store_login --expires-in-left "$left" --refresh ""
        store_account work
        store_login
        run -4 --separate-stderr kimi-refresh --quiet
        assert_error "kimi login"
    done
}

@test "kimi refresh --watch tells of it once" {
    server_start
    store_login --refresh ""
    start watch kimi-refresh --watch --interval 0.05
    wait_until test -s watch.err
    # It goes on checking: a login that has just become due is refreshed.
    store_login --expires-in-left 100
    wait_until isnt_stored access_token at-stored
    kill -TERM "$pid"
    finish 0
    assert_same 1 "$(grep -c "cannot be refreshed" watch.err)"
}

@test "the reminder leaves what is known of the login as it is" {
    server_start
    store_login --expires-in-left 400 --no-seed
    run -4 kimi-refresh
    local before
    before=$(json rejected_at <"$STATE")
    run -0 on_terminal kimi-token --min-valid 10
    assert_same "$before true 1" "$(json rejected_at <"$STATE") $(json reminded <"$STATE") $(json rejections <"$STATE")"
    run -4 kimi-refresh
    assert_same 1 "$(server_count refresh)"
}

@test "kimi login takes a new login where the stored one will end, though its token still lives" {
    server_start
    store_login --refresh ""
    run -0 --separate-stderr timeout 20 kimi-login --no-browser
    assert_same 1 "$(server_count device)"
    status
    assert_same "fresh" "$(field state)"
}

@test "a wait after a server that failed is a problem with its time, and is over when it is" {
    server_start
    server_control '{"faults": {"refresh": [{"status": 503, "headers": {"Retry-After": "600"}, "forever": true}]}}'
    store_login --expires-in-left 100
    status
    assert_same "" "$(problems)"
    run -75 kimi-refresh
    status
    assert_same waiting "$(problems)"
    [[ $(field problems.0.message) =~ "is not asked again for "(59[0-9]|600|5[0-8][0-9])" s, until "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$ ]] || fail "$(field problems.0.message)"
    assert_contains "$(field problems.0.remedy)" "kimi refresh --force"
    sed -i 's/"waits_until":[^,}]*/"waits_until":'"$EPOCHSECONDS"'/' "$STATE"
    status
    assert_same "" "$(problems)"
}

## kimi refresh --quiet
# If a server asks to wait for longer than 30 s, the same run does not try again, so these tests are quick.

@test "kimi refresh --quiet says nothing of a failure that passes while the token is valid, by 75 alone" {
    server_start
    server_control '{"faults": {"refresh": [{"status": 503, "headers": {"Retry-After": "60"}, "forever": true}]}}'
    store_login --expires-in-left 100
    run -75 --separate-stderr kimi-refresh --quiet
    assert_same "" "$output$stderr"
    run -75 --separate-stderr kimi-refresh --force
    assert_error "status 503"
    # The event stays, for the programs that read it.
    run -75 --separate-stderr kimi-refresh --quiet --json
    assert_same "error server" "$(json type <<<"$output") $(json data.code <<<"$output")"
    assert_same "" "$stderr"
}

@test "kimi refresh --quiet has its one line as soon as a person is needed" {
    server_start
    store_login --expires-in-left 100 --no-seed
    run -4 --separate-stderr kimi-refresh --quiet
    assert_error "kimi login"
    run -4 --separate-stderr kimi-refresh --quiet
    assert_error "kimi login"
    server_control '{"faults": {"refresh": [{"status": 503, "headers": {"Retry-After": "60"}, "forever": true}]}}'
    store_login --expires-in-left -5
    run -75 --separate-stderr kimi-refresh --quiet
    assert_error "status 503"
}

@test "kimi refresh --quiet of several logins: the one that needs a person is the outcome" {
    server_start
    store_login --expires-in-left 100 --no-seed --refresh rt-dead
    store_account zombie
    store_login --expires-in-left 100
    server_control '{"faults": {"refresh": [{"status": 503, "for": "rt-stored", "headers": {"Retry-After": "60"}}]}}'
    run -4 --separate-stderr kimi-refresh --quiet
    assert_error "kimi login"
}

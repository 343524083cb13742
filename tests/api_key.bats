#!/usr/bin/env bats
# Which secret a request carries: tokens, configured keys and KIMI_API_KEY in order of precedence, and kimi token --headers.

bats_require_minimum_version 1.5.0
load helper
load failing
load login_helper

# provider ID [KEY [LINE...]]: adds a platform's provider to the config, with one model and each LINE in its table.
provider() {
    mkdir -p "${CONFIG%/*}"
    {
        printf '[providers."managed:%s"]\ntype = "kimi"\nbase_url = "https://example.com/v1"\napi_key = "%s"\n' "$1" "${2:-}"
        [ $# -le 2 ] || printf '%s\n' "${@:3}"
        printf '\n[models."%s/kimi-m"]\nprovider = "managed:%s"\nmodel = "kimi-m"\nmax_context_size = 1\n\n' "$1" "$1"
    } >>"$CONFIG"
}

# default_model KEY: sets it at the beginning of the config.
default_model() { sed -i "1i default_model = \"$1\"" "$CONFIG"; }

# gives SECRET ARGUMENT...: kimi token prints this secret and nothing else.
gives() {
    run -0 --separate-stderr kimi token "${@:2}"
    assert_same "$1" "$output" "kimi token ${*:2}" || return
    assert_same "" "$stderr"
}

# header_lines [ARGUMENT...]: sets $output to what kimi token --headers prints.
header_lines() {
    run -0 --separate-stderr kimi token --headers "$@"
    assert_same "" "$stderr"
}

## Precedence

@test "--platform kimi-code: the token, then the configured key, then KIMI_API_KEY, then 4" {
    provider kimi-code sk-config
    store_login
    KIMI_API_KEY=sk-env gives at-stored --platform kimi-code
    rm "$HOME/.kimi/credentials/kimi-code.json"
    KIMI_API_KEY=sk-env gives sk-config --platform kimi-code
    rm "$CONFIG"
    KIMI_API_KEY=sk-env gives sk-env --platform kimi-code
    run -4 --separate-stderr kimi token --platform kimi-code
    assert_error token 'kimi login'
}

@test "--platform of the Open Platform: the configured key, then KIMI_API_KEY, then 4; never another's" {
    local platform
    for platform in moonshot-cn moonshot-ai; do
        rm -f "$CONFIG"
        store_login
        provider kimi-code sk-kimi-code
        provider moonshot-other sk-other
        run -4 --separate-stderr kimi token --platform "$platform"
        assert_error token "kimi login"
        KIMI_API_KEY=sk-env gives sk-env --platform "$platform"
        provider "$platform" sk-config
        KIMI_API_KEY=sk-env gives sk-config --platform "$platform"
    done
}

@test "each platform has its own key" {
    provider moonshot-cn sk-cn
    provider moonshot-ai sk-ai
    gives sk-cn --platform moonshot-cn
    gives sk-ai --platform moonshot-ai
}

@test "without --platform: kimi-code when that is logged in, regardless of the default model" {
    provider moonshot-cn sk-cn
    default_model moonshot-cn/kimi-m
    store_login
    KIMI_API_KEY=sk-env gives at-stored
}

@test "without --platform, logged in by token: the config is not even opened" {
    store_login
    provider moonshot-cn sk-cn
    run -0 traced -e trace=open,openat -o "$BATS_TEST_TMPDIR/trace" kimi-token
    assert_same at-stored "$output"
    assert_contains "$(cat "$BATS_TEST_TMPDIR/trace")" kimi-code.json
    assert_lacks "$(cat "$BATS_TEST_TMPDIR/trace")" config.toml
}

@test "without --platform and without kimi-code: the platform of the default model" {
    provider moonshot-cn sk-cn
    provider moonshot-ai sk-ai
    default_model moonshot-ai/kimi-m
    KIMI_API_KEY=sk-env gives sk-ai
    sed -i 's|^default_model = .*|default_model = "moonshot-cn/kimi-m"|' "$CONFIG"
    KIMI_API_KEY=sk-env gives sk-cn
}

@test "without --platform: a default model of the user's own provider, or none, selects no platform" {
    provider moonshot-cn sk-cn
    printf '[providers.own]\ntype = "kimi"\nbase_url = "https://example.com"\napi_key = "sk-own"\n\n[models.own]\nprovider = "own"\nmodel = "m"\nmax_context_size = 1\n' >>"$CONFIG"
    default_model own
    run -4 kimi token
    KIMI_API_KEY=sk-env gives sk-env
    sed -i '/^default_model/d' "$CONFIG"
    run -4 kimi token
    KIMI_API_KEY=sk-env gives sk-env
    default_model moonshot-cn/gone
    run -4 kimi token
}

@test "without --platform: a default model's platform without a key is KIMI_API_KEY's turn, then 4" {
    provider moonshot-cn ""
    default_model moonshot-cn/kimi-m
    run -4 kimi token
    KIMI_API_KEY=sk-env gives sk-env
}

@test "without --platform: after a rejected login of kimi-code no other platform's key is printed" {
    server_start
    store_login --expires-in-left -10 --refresh rt-unknown --no-seed
    provider moonshot-cn sk-cn
    default_model moonshot-cn/kimi-m
    run -4 --separate-stderr kimi token
    assert_same "" "$output"
    assert_contains "$stderr" "kimi login"
}

@test "after a temporary failure of the refresh no key is used instead" {
    server_start
    store_login --expires-in-left -10
    provider kimi-code sk-config
    server_control '{"faults": {"refresh": [{"status": 500, "forever": true}]}}'
    KIMI_API_KEY=sk-env run -75 --separate-stderr kimi token
    assert_same "" "$output"
}

@test "a rejected login of kimi-code: its configured key is used, KIMI_API_KEY is not" {
    server_start
    store_login --expires-in-left -10 --refresh rt-unknown --no-seed
    KIMI_API_KEY=sk-env run -4 kimi token
    provider kimi-code sk-config
    KIMI_API_KEY=sk-env gives sk-config
}

@test "an api_key that is empty, of another type or not sendable is ignored" {
    local value
    for value in '""' '5' 'true' '["sk"]' '{ a = "sk" }' '"sk cn"' '"sk\ncn"' '"sk\u0000"' '"sk-é"'; do
        write_config <<<"[providers.\"managed:moonshot-cn\"]
type = \"kimi\"
api_key = $value"
        run -4 --separate-stderr kimi token --platform moonshot-cn
        assert_error token "kimi login"
    done
}

@test "a config that cannot be read: 1 where it is needed, and no matter where it is not" {
    write_config <<<'a = = b'
    run -1 --separate-stderr kimi token --platform moonshot-cn --json
    assert_same config "$(event error data.code)"
    assert_error token 'line 1'
    store_login
    gives at-stored
    gives at-stored --platform kimi-code
}

@test "a key in another form of TOML is the same key" {
    write_config <<<'providers = { "managed:moonshot-cn" = { type = "kimi", api_key = '"'sk-lit'"' } }'
    gives sk-lit --platform moonshot-cn
    write_config <<<'providers."managed:moonshot-cn".api_key = """sk-multi"""'
    gives sk-multi --platform moonshot-cn
    write_config <<<'providers."managed:moonshot-cn".api_key = "sk-\u0061"'
    gives sk-a --platform moonshot-cn
}

## How it is printed

@test "--json of a key: expires_at and expires_in are null, and nothing is beside them" {
    provider moonshot-cn sk-cn
    run -0 --separate-stderr kimi token --platform moonshot-cn --json
    assert_same '{"platform":"moonshot-cn","access_token":"sk-cn","token_type":"Bearer","expires_at":null,"expires_in":null}' "$output"
    default_model moonshot-cn/kimi-m
    run -0 kimi token --json
    assert_same moonshot-cn "$(json platform <<<"$output")"
}

@test "--header of a key; --min-valid and --no-refresh change nothing" {
    provider moonshot-cn sk-cn
    gives "Authorization: Bearer sk-cn" --platform moonshot-cn --header
    gives sk-cn --platform moonshot-cn --min-valid 1000000 --no-refresh
}

@test "--header, --headers and --json cannot be used together: 2" {
    local pair
    for pair in "--header --headers" "--headers --json" "--header --json"; do
        # shellcheck disable=SC2086 # two options
        run -2 --separate-stderr kimi token $pair
        [[ $stderr =~ "cannot be used together" ]]
    done
}

## --headers

@test "--headers: Authorization, then the six device headers, one a line" {
    store_login
    header_lines
    assert_same "Authorization X-Msh-Platform X-Msh-Version X-Msh-Device-Name X-Msh-Device-Model X-Msh-Os-Version X-Msh-Device-Id" \
        "$(cut -d : -f 1 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
    assert_same "Authorization: Bearer at-stored" "$(head -n 1 <<<"$output")"
    assert_contains "$output" "X-Msh-Platform: kimi_cli"
    if LC_ALL=C grep -vE '^[A-Za-z-]+: [!-~]([ -~]*[!-~])?$' <<<"$output"; then fail "a line is no header"; fi
}

@test "--headers are what the programs themselves send" {
    server_start
    provider moonshot-cn sk-cn 'custom_headers = { "X-Team" = "blue" }'
    server_control '{"api_keys": {"cn": ["sk-cn"]}}'
    header_lines --platform moonshot-cn
    kimi models >/dev/null
    server_last cn_models >"$BATS_TEST_TMPDIR/sent"
    kimi_python - "$BATS_TEST_TMPDIR/sent" "$output" <<'PY'
import json, sys
sent = json.load(open(sys.argv[1]))["headers"]
lines = [line.split(": ", 1) for line in sys.argv[2].split("\n")]
assert len(lines) == 8, lines
for name, value in lines:
    assert sent[name.lower()] == value, (name, value, sent)
PY
}

@test "--headers can be given to curl as a file" {
    command -v curl >/dev/null || skip "needs curl"
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"]}, "models_headers": true}'
    provider moonshot-cn sk-cn 'custom_headers = { "X-Team" = "blue: green", "X-Quote" = "\"q\" \\ @x" }'
    kimi token --headers --platform moonshot-cn >"$BATS_TEST_TMPDIR/headers"
    run -0 curl -sS --noproxy '*' -H "@$BATS_TEST_TMPDIR/headers" "$KIMI_MOONSHOT_CN_BASE_URL/models"
    assert_contains "$output" kimi-k2.5
    assert_same "Bearer sk-cn" "$(server_last cn_models | json headers.authorization)"
    assert_same "blue: green" "$(server_last cn_models | json headers.x-team)"
    assert_same '"q" \ @x' "$(server_last cn_models | json headers.x-quote)"
    assert_same kimi_cli "$(server_last cn_models | json headers.x-msh-platform)"
    # The same with a token, through a pipe. The server insists on clean device headers.
    store_login
    run -0 bash -c 'curl -sS --noproxy "*" -A kimi-toolkit/x -H @<(kimi token --headers) "$KIMI_CODE_BASE_URL/models"'
    assert_contains "$output" kimi-for-coding
}

@test "--headers: only the custom_headers of that provider" {
    provider moonshot-cn sk-cn 'custom_headers = { "X-Team" = "blue" }'
    provider moonshot-ai sk-ai $'[providers."managed:moonshot-ai".custom_headers]\nX-Team = "red"\nX-More = "1"'
    provider kimi-code ""
    store_login
    header_lines --platform moonshot-cn
    assert_contains "$output" "X-Team: blue"
    assert_lacks "$output" red
    header_lines --platform moonshot-ai
    assert_same $'X-Team: red\nX-More: 1' "$(tail -n 2 <<<"$output")"
    header_lines
    assert_lacks "$output" X-Team
}

@test "--headers: a custom header that would be more than a header is left out, the others stay" {
    write_config <<'TOML'
[providers."managed:moonshot-cn"]
type = "kimi"
api_key = "sk-cn"

[providers."managed:moonshot-cn".custom_headers]
X-Good = "one"
X-Newline = "a\nX-Evil: 1"
X-Return = "a\rX-Evil: 1"
X-Both = "a\r\n\r\nX-Evil: 1"
X-Nul = "a\u0000X-Evil: 1"
X-Escape = "\u001b[31mX-Evil"
X-Multi = """
X-Evil: 1
X-Evil: 2"""
"X-Name\nX-Evil" = "1"
"X-Evil: 1\r\nX" = "1"
"X Evil" = "1"
"X-Evil:" = "1"
"" = "X-Evil"
Authorization = "Bearer X-Evil"
authorization = "X-Evil"
AUTHORIZATION = "X-Evil"
X-Number = 5
X-Table = { a = "X-Evil" }
X-Last = "two"
TOML
    header_lines --platform moonshot-cn
    assert_lacks "$output" X-Evil
    assert_same 9 "$(wc -l <<<"$output" | tr -d ' ')" "$output"
    assert_same 1 "$(grep -ci '^authorization' <<<"$output")"
    assert_same $'X-Good: one\nX-Last: two' "$(tail -n 2 <<<"$output")"
}

@test "--headers: a custom header replaces the device header of that name, as in kimi-cli" {
    provider moonshot-cn sk-cn 'custom_headers = { "X-Msh-Device-Name" = "mine", "x-msh-version" = "9" }'
    header_lines --platform moonshot-cn
    assert_same 1 "$(grep -ci '^x-msh-device-name:' <<<"$output")" "$output"
    assert_same 1 "$(grep -ci '^x-msh-version:' <<<"$output")" "$output"
    assert_contains "$output" "X-Msh-Device-Name: mine"
    assert_same 7 "$(wc -l <<<"$output" | tr -d ' ')"
}

@test "--headers: a custom header that is far too long is left out, and there is a most" {
    {
        printf '[providers."managed:moonshot-cn"]\ntype = "kimi"\napi_key = "sk-cn"\n[providers."managed:moonshot-cn".custom_headers]\n'
        printf 'X-Long = "%0100000d"\n' 0
        local n
        for n in {1..2000}; do printf 'X-N%d = "v"\n' "$n"; done
    } | write_config
    header_lines --platform moonshot-cn
    assert_lacks "$output" X-Long
    assert_contains "$output" "X-N1: v"
    [ "$(wc -l <<<"$output")" -le 200 ]
}

@test "--headers need a config that can be read: 1, and not a byte of them without" {
    write_config <<<'a = = b'
    store_login
    run -1 --separate-stderr kimi token --headers
    assert_same "" "$output"
    assert_error token 'line 1'
}

@test "--headers with nothing stored: KIMI_API_KEY, else 4 and not a byte" {
    KIMI_API_KEY=sk-env header_lines
    assert_same "Authorization: Bearer sk-env" "$(head -n 1 <<<"$output")"
    run -4 --separate-stderr kimi token --headers
    assert_same "" "$output"
}

## Elsewhere

@test "kimi models takes KIMI_API_KEY where nothing is stored, for the platform that is named" {
    server_start
    server_control '{"api_keys": {"code": ["sk-env"], "ai": ["sk-env"]}}'
    KIMI_API_KEY=sk-env run -0 kimi models
    assert_contains "$output" kimi-for-coding
    KIMI_API_KEY=sk-env run -0 kimi models --platform moonshot-ai
    assert_same kimi-k2.5 "$(cut -f 2 <<<"$output")"
    assert_same 2 "$(server_count all)"
    [ ! -e "$CONFIG" ]
}

@test "kimi models does not ask with KIMI_API_KEY where a key is stored" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"]}}'
    provider moonshot-cn sk-cn
    KIMI_API_KEY=sk-env run -0 kimi models
    assert_same 1 "$(server_count all)"
    assert_same "Bearer sk-cn" "$(server_last cn_models | json headers.authorization)"
}

@test "kimi refresh where there are keys alone has nothing to do, and is content" {
    provider moonshot-cn sk-cn
    run -0 --separate-stderr kimi refresh
    assert_error refresh 'nothing to refresh'
    run -0 --separate-stderr kimi refresh --quiet
    assert_same "" "$output$stderr"
    run -0 kimi refresh --platform moonshot-cn
    run -4 kimi refresh --platform moonshot-ai
    run -4 kimi refresh --platform kimi-code
}

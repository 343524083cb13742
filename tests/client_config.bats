#!/usr/bin/env bats
# config.toml in kimi-code's home: what login, sync and choosing a model write there, what logout removes, what a migration
# from kimi-cli leaves, and what kimi status reports about a config that kimi-code refuses.

# Each test runs in a subshell; run sets stderr; setup sets CONFIG.
# shellcheck disable=SC2030,SC2031,SC2154,SC2153,SC2034

bats_require_minimum_version 1.5.0
load helper
load login_helper

setup() {
    kimi_setup
    export KIMI_CLIENT=kimi-code
    CONFIG=$HOME/.kimi-code/config.toml
}

# ready [JSON-MEMBERS]: starts a server that confirms device codes at once and accepts the keys sk-cn and sk-code.
ready() {
    server_start
    server_control '{"pending": 0, "api_keys": {"cn": ["sk-cn"], "code": ["sk-kimi-code"]}'"${1:+, $1}"'}'
}

# assert_loads [KEY=VALUE...]: kimi-code can load the config; see kimi_code_loads.py.
assert_loads() { kimi_python "$KIMI_TEST_ROOT/tests/kimi_code_loads.py" "$CONFIG" "$@"; }

key_login() { kimi login --quiet --platform moonshot-cn --api-key-stdin <<<sk-cn; }

# refused LINE TEXT: kimi status reports exactly one problem of the config on standard input, in that line.
refused() {
    write_config
    run kimi status --platform kimi-code --json
    kimi_python - "$output" "$1" "$2" <<'PY' || return
import json, sys
status = json.loads(sys.argv[1])
problems = [p for p in status["logins"][0]["problems"] if p["code"] == "config_refused"]
assert len(problems) == 1, problems
message = problems[0]["message"]
assert sys.argv[2] == "-" or ("line %s" % sys.argv[2]) in message, message
assert sys.argv[3] in message, message
assert problems[0]["remedy"], problems
PY
}

@test "login: the provider, the models, the switch of thinking and the services as kimi-code writes them" {
    local slot
    ready
    run -0 kimi login
    slot=$(basename "$HOME"/.kimi-code/credentials/*.json .json)
    [[ $slot == kimi-code-env-* ]]
    assert_same "default_model = \"kimi-code/kimi-for-coding\"

[providers.\"managed:kimi-code\"]
type = \"kimi\"
base_url = \"$KIMI_CODE_BASE_URL\"
api_key = \"\"

[providers.\"managed:kimi-code\".oauth]
storage = \"file\"
key = \"oauth/$slot\"
oauth_host = \"$KIMI_CODE_OAUTH_HOST\"

[models.\"kimi-code/kimi-for-coding\"]
provider = \"managed:kimi-code\"
model = \"kimi-for-coding\"
max_context_size = 262144
capabilities = [\"thinking\", \"image_in\", \"tool_use\"]
display_name = \"Kimi For Coding\"

[models.\"kimi-code/kimi-k2-turbo\"]
provider = \"managed:kimi-code\"
model = \"kimi-k2-turbo\"
max_context_size = 131072
capabilities = [\"tool_use\"]

[thinking]
enabled = true

[services.moonshot_search]
base_url = \"$KIMI_CODE_BASE_URL/search\"
api_key = \"\"

[services.moonshot_search.oauth]
storage = \"file\"
key = \"oauth/$slot\"
oauth_host = \"$KIMI_CODE_OAUTH_HOST\"

[services.moonshot_fetch]
base_url = \"$KIMI_CODE_BASE_URL/fetch\"
api_key = \"\"

[services.moonshot_fetch.oauth]
storage = \"file\"
key = \"oauth/$slot\"
oauth_host = \"$KIMI_CODE_OAUTH_HOST\"" "$(cat "$CONFIG")"
    assert_loads
    assert_same 600 "$(mode "$CONFIG")"
    # A second sync changes nothing.
    local before
    before=$(stat -c '%i %y' "$CONFIG")
    run -0 kimi login --force
    run -0 kimi models --sync
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")"
}

@test "every field of a model that the server may send is written, and taken away when it is gone" {
    ready '"models": [{"id": "a", "context_length": 1000, "supports_thinking_type": "only", "supports_tool_use": false,
        "think_efforts": {"support": true, "valid_efforts": ["low", "", 5, "high"], "default_effort": "high"},
        "protocol": "anthropic", "supports_dynamic_tools": true, "supports_video_in": "false", "display_name": "A"},
        {"id": "b", "context_length": 1000, "supports_thinking_type": "no", "supports_reasoning": true, "protocol": "response"},
        {"id": "kimi-k2.5-thinking", "context_length": 1000, "protocol": "kimi", "supports_dynamic_tools": 1}]'
    run -0 kimi login
    assert_loads 'models>kimi-code/a={"provider": "managed:kimi-code", "model": "a", "max_context_size": 1000,
        "capabilities": ["thinking", "always_thinking", "video_in", "dynamically_loaded_tools"], "display_name": "A",
        "support_efforts": ["low", "high"], "default_effort": "high", "protocol": "anthropic", "beta_api": true,
        "adaptive_thinking": true}' \
        'models>kimi-code/b={"provider": "managed:kimi-code", "model": "b", "max_context_size": 1000,
        "capabilities": ["tool_use"], "protocol": "openai_responses"}' \
        'models>kimi-code/kimi-k2.5-thinking={"provider": "managed:kimi-code", "model": "kimi-k2.5-thinking",
        "max_context_size": 1000, "capabilities": ["tool_use"]}' 'thinking>enabled=true'
    run -0 --separate-stderr kimi models --json
    assert_same '["thinking", "always_thinking", "video_in", "dynamically_loaded_tools"]' "$(json models.0.capabilities <<<"$output")"
    server_control '{"models": [{"id": "a", "context_length": 1000}]}'
    run -0 kimi models --sync
    assert_loads 'models={"kimi-code/a": {"provider": "managed:kimi-code", "model": "a", "max_context_size": 1000,
        "capabilities": ["tool_use"]}}'
}

@test "an id that comes twice: the last one counts" {
    ready '"models": [{"id": "a", "context_length": 1}, {"id": "b", "context_length": 2}, {"id": "a", "context_length": 3}]'
    run -0 kimi login
    assert_loads 'models>kimi-code/a>max_context_size=3' 'models>kimi-code/b>max_context_size=2'
}

@test "a model without a context length is left out with a warning, and the others are written" {
    local none
    for none in 0 -1 null '"x"' 1e300 1.5 '"0.5"'; do
        ready '"models": [{"id": "odd", "context_length": '"$none"'}, {"id": "good", "context_length": 1000}]'
        run -0 kimi login --force
        assert_contains "$output" "not written to config.toml, because Kimi gives no context length for them: kimi-code/odd"
        assert_loads 'models>kimi-code/odd=null' 'models>kimi-code/good>max_context_size=1000' 'default_model="kimi-code/good"'
        server_stop
        rm -r "$(server_dir)"
    done
}

@test "the user's own keys, aliases and overrides stay through logins and syncs, and so does the default" {
    ready
    write_config <<'TOML'
# mine
default_model = "fast" # quick

[providers."managed:kimi-code"]
type = "kimi"
api_key = ""
base_url = "https://api.kimi.com/coding/v1"
custom_headers = { X-Team = "a" }

[models.fast]
provider = "managed:kimi-code"
model = "kimi-k2-turbo"
max_context_size = 131072
reasoning_key = "mine"

[models."kimi-code/kimi-k2-turbo"]
provider = "managed:kimi-code"
model = "kimi-k2-turbo"
max_context_size = 5
off_effort = "own"
protocol = "anthropic"

[models."kimi-code/kimi-k2-turbo".overrides]
max_context_size = 1000

[models."kimi-code/old"]
provider = "managed:kimi-code"
model = "old"
max_context_size = 5

[thinking]
enabled = false
effort = "max"
keep = "all"
TOML
    run -0 kimi login
    run -0 kimi models --sync
    run -0 kimi login --force
    assert_loads 'default_model="fast"' 'models>fast>reasoning_key="mine"' 'models>kimi-code/old=null' \
        'thinking={"enabled": false, "effort": "max", "keep": "all"}' 'providers>managed:kimi-code>custom_headers>X-Team="a"' \
        'models>kimi-code/kimi-k2-turbo={"provider": "managed:kimi-code", "model": "kimi-k2-turbo", "max_context_size": 131072,
        "capabilities": ["tool_use"], "off_effort": "own", "overrides": {"max_context_size": 1000}}'
    run -0 kimi models --use kimi-for-coding --thinking on
    assert_loads 'default_model="kimi-code/kimi-for-coding"' 'thinking={"enabled": true, "effort": "max", "keep": "all"}'
    run -0 kimi login --force
    assert_loads 'default_model="kimi-code/kimi-for-coding"'
    run -0 kimi models --use kimi-for-coding --thinking off
    # If the default is gone, it becomes the first of the list. The thinking switch stays if the model leaves a choice.
    server_control '{"pending": 0, "models": [{"id": "new", "context_length": 1000, "supports_thinking_type": "both"}]}'
    run -0 kimi models --sync
    assert_loads 'default_model="kimi-code/new"' 'thinking>enabled=false' 'models>fast>reasoning_key="mine"'
    run -0 kimi logout
    assert_loads 'default_model=null' 'thinking={"enabled": false, "effort": "max", "keep": "all"}' 'providers=null' \
        'models={"fast": {"provider": "managed:kimi-code", "model": "kimi-k2-turbo", "max_context_size": 131072, "reasoning_key": "mine"}}' \
        services=null
    assert_contains "$(cat "$CONFIG")" "# mine"
}

@test "a login writes the thinking switch of a default model that has none, and keeps an existing one" {
    local model
    ready
    # A migration from kimi-cli leaves both in this form.
    for model in kimi-for-coding:true kimi-k2-turbo:false; do
        write_config <<TOML
default_model = "kimi-code/${model%:*}"

[providers."managed:kimi-code"]
type = "kimi"

[models."kimi-code/${model%:*}"]
provider = "managed:kimi-code"
model = "${model%:*}"
max_context_size = 5
TOML
        run -0 kimi login --force
        assert_loads "default_model=\"kimi-code/${model%:*}\"" "thinking>enabled=${model#*:}"
    done
    sed -i 's|^default_model.*|default_model = "kimi-code/kimi-for-coding"|' "$CONFIG"
    run -0 kimi login --force
    assert_loads 'thinking>enabled=false'
    # A sync brings a list, but chooses nothing.
    sed -i '/^\[thinking\]/,/^enabled/d' "$CONFIG"
    run -0 kimi models --sync
    assert_loads 'thinking=null'
}

@test "--use sets a missing thinking switch to what the model can do, as a login does" {
    local model
    ready
    run -0 kimi login
    for model in kimi-for-coding:true kimi-k2-turbo:false; do
        sed -i '/^\[thinking\]/,/^enabled/d' "$CONFIG"
        run -0 kimi models --use "${model%:*}"
        assert_loads "thinking>enabled=${model#*:}"
    done
}

@test "a default model that is the user's own table keeps its thinking switch: a second login changes nothing" {
    local first
    ready '"models": [{"id": "k3", "context_length": 1000, "supports_reasoning": true}]'
    write_config <<'TOML'
default_model = "kimi-code/gone"

[models."kimi-code/k3"]
capabilities = ["thinking"]
TOML
    run -0 kimi login --force
    first=$(cat "$CONFIG")
    assert_contains "$first" 'default_model = "kimi-code/k3"'
    assert_lacks "$first" "[thinking]"
    run -0 kimi login --force
    assert_same "$first" "$(cat "$CONFIG")"
}

@test "a default that is an alias survives logout with the alias, and the next login" {
    ready
    kimi-login --quiet
    sed -i 's|^\[thinking\]|[models.fast]\nprovider = "managed:kimi-code"\nmodel = "kimi-k2-turbo"\nmax_context_size = 131072\n\n&|; s|^default_model.*|default_model = "fast"|' "$CONFIG"
    run -0 kimi logout
    assert_loads 'default_model="fast"' 'models>fast>model="kimi-k2-turbo"' 'providers=null'
}

@test "logout gives back the bytes from before login" {
    local before
    ready '"cn_models": [{"id": "kimi-k2.5", "context_length": 1000, "supports_reasoning": true}]'
    for before in "" $'# only a comment\n' $'theme = "dark"\n\n[thinking]\neffort = "max"\n\n[tools] # end\na = 1.0\n' \
        $'[models.mine]\nprovider = "own"\nmodel = "m"\nmax_context_size = 1000\n\n[providers.own]\ntype = "openai"\napi_key = "x"\n'; do
        printf %s "$before" | write_config
        run -0 kimi login --force
        assert_loads 'default_model="kimi-code/kimi-for-coding"'
        run -0 key_login
        assert_loads 'default_model="moonshot-cn/kimi-k2.5"'
        run -0 kimi models --use kimi-for-coding
        run -0 kimi logout --platform moonshot-cn
        run -0 kimi logout
        assert_same "$before|" "$(cat "$CONFIG" && printf "|")"
    done
}

@test "an API key: moonshot-cn without managed:, no services, tool_use, no rule of names" {
    ready
    run -0 key_login
    assert_same "default_model = \"moonshot-cn/kimi-k2.5\"

[providers.moonshot-cn]
type = \"kimi\"
base_url = \"$KIMI_MOONSHOT_CN_BASE_URL\"
api_key = \"sk-cn\"

[models.\"moonshot-cn/kimi-k2.5\"]
provider = \"moonshot-cn\"
model = \"kimi-k2.5\"
max_context_size = 262144
capabilities = [\"tool_use\"]

[models.\"moonshot-cn/kimi-k2-thinking\"]
provider = \"moonshot-cn\"
model = \"kimi-k2-thinking\"
max_context_size = 262144
capabilities = [\"tool_use\"]

[thinking]
enabled = false" "$(cat "$CONFIG")"
    assert_loads
    assert_same 600 "$(mode "$CONFIG")"
    run -0 kimi token --platform moonshot-cn
    assert_same sk-cn "$output"
    run -0 kimi models --sync --platform moonshot-cn
    assert_contains "$output" kimi-k2.5
    run -0 kimi status
    assert_contains "$output" "default model  kimi-k2.5"
    run -0 kimi logout --platform moonshot-cn
    assert_same "" "$(tr -d '\n' <"$CONFIG")"
}

@test "an API key of the open platforms: protocol and dynamic tools are ignored" {
    ready '"cn_models": [{"id": "kimi-k3", "context_length": 1000, "protocol": "anthropic", "supports_dynamic_tools": true}]'
    run -0 key_login
    assert_loads 'models={"moonshot-cn/kimi-k3": {"provider": "moonshot-cn", "model": "kimi-k3", "max_context_size": 1000,
        "capabilities": ["tool_use"]}}'
}

@test "a key and tokens of Kimi Code cannot be used together: kimi-code refuses a provider with both" {
    ready
    run -0 kimi login
    run -0 kimi login --api-key-stdin <<<sk-kimi-code
    assert_loads 'providers>managed:kimi-code>api_key="sk-kimi-code"' 'providers>managed:kimi-code>oauth=null' \
        'services>moonshot_search>api_key="sk-kimi-code"' 'services>moonshot_search>oauth=null'
    run -0 kimi login --force --no-browser --platform kimi-code --storage file
    assert_loads 'providers>managed:kimi-code>api_key=""' 'providers>managed:kimi-code>oauth>storage="file"' 'services>moonshot_fetch>api_key=""'
}

@test "the shipped hosts: no oauth_host, and one that is left from another slot goes" {
    server_start
    write_config <<'TOML'
[providers."managed:kimi-code"]
type = "kimi"
base_url = "https://api.kimi.ai/coding/v1"
api_key = ""
oauth = { storage = "file", key = "oauth/kimi-code-env-0e4f99c69cc27850", oauth_host = "https://auth.kimi.ai" }
TOML
    mkdir -p "$HOME/.kimi-code/credentials"
    server_control '{"pending": 0}'
    run -0 kimi login
    assert_loads "providers>managed:kimi-code>oauth>oauth_host=\"$KIMI_CODE_OAUTH_HOST\"" "providers>managed:kimi-code>base_url=\"$KIMI_CODE_BASE_URL\""
    # The table keeps the form that the user gave it.
    assert_contains "$(cat "$CONFIG")" 'oauth = { storage = "file", key = "oauth/kimi-code-env-'
}

@test "a key in the config that its hosts do not make is put right, also when one is logged in" {
    local key
    ready
    kimi-login --quiet
    key=$(sed -n 's/^key = //p' "$CONFIG" | head -n 1)
    sed -i 's|^key = .*|key = "oauth/kimi-code"|; /^oauth_host/d' "$CONFIG"
    run -0 kimi login
    assert_contains "$output" "already logged in"
    assert_loads "providers>managed:kimi-code>oauth>key=$key" "providers>managed:kimi-code>oauth>oauth_host=\"$KIMI_CODE_OAUTH_HOST\""
}

@test "without a variable the login goes to the hosts of the config, and they stay there" {
    local oauth_host base_url
    ready
    oauth_host=$KIMI_CODE_OAUTH_HOST base_url=$KIMI_CODE_BASE_URL
    unset KIMI_CODE_OAUTH_HOST KIMI_CODE_BASE_URL
    write_config <<TOML
[providers."managed:kimi-code"]
type = "kimi"
base_url = "$base_url"
api_key = ""
oauth = { storage = "keyring", key = "oauth/kimi-code", oauth_host = "$oauth_host" } # migrated
TOML
    run -0 kimi login
    run -0 kimi token
    assert_same "$(server_stat last_access_token)" "$output"
    assert_loads "providers>managed:kimi-code>base_url=\"$base_url\"" "providers>managed:kimi-code>oauth={\"storage\": \"file\",
        \"key\": \"oauth/$(basename "$HOME"/.kimi-code/credentials/*.json .json)\", \"oauth_host\": \"$oauth_host\"}"
    assert_contains "$(cat "$CONFIG")" "# migrated"
}

@test "a 0644 file without a secret keeps its mode, one with a key is made private" {
    ready
    write_config </dev/null
    chmod 644 "$CONFIG"
    run -0 kimi login
    assert_same 644 "$(mode "$CONFIG")"
    run -0 key_login
    assert_same 600 "$(mode "$CONFIG")"
}

@test "a config.json is kimi-cli's: in kimi-code's home it is left alone" {
    ready
    mkdir -p "$HOME/.kimi-code"
    echo '{"theme": "dark"}' >"$HOME/.kimi-code/config.json"
    run -0 key_login
    assert_loads theme=null
    assert_same '{"theme": "dark"}' "$(cat "$HOME/.kimi-code/config.json")"
}

## What a migration from kimi-cli leaves

migrated() {
    write_config <<TOML
# from kimi-cli
default_model = "moonshot-cn/kimi-k2.5"
default_thinking = true

[providers."managed:kimi-code"]
type = "kimi"
base_url = "https://api.kimi.com/coding/v1"
api_key = ""
oauth = { storage = "file", key = "oauth/kimi-code" }

[providers."managed:moonshot-cn"]
type = "kimi"
base_url = "$KIMI_MOONSHOT_CN_BASE_URL"
api_key = "sk-cn"

[providers."managed:moonshot-cn".custom_headers]
X-Team = "a"

[models."kimi-code/kimi-for-coding"]
provider = "managed:kimi-code"
model = "kimi-for-coding"
max_context_size = 262144

[models."moonshot-cn/kimi-k2.5"]
provider = "managed:moonshot-cn"
model = "kimi-k2.5"
max_context_size = 5

[models."moonshot-cn/kimi-old"]
provider = "managed:moonshot-cn"
model = "kimi-old"
max_context_size = 5

[models.mine]
provider = "managed:moonshot-cn"
model = "kimi-k2.5"
max_context_size = 5
TOML
}

@test "migrated: the key under managed:moonshot-cn is found and used, with its headers" {
    ready
    migrated
    run -0 kimi token --platform moonshot-cn
    assert_same sk-cn "$output"
    run -0 kimi models --platform moonshot-cn
    assert_same a "$(server_last cn_models | json headers.x-team)"
    run -0 kimi status
    assert_contains "$output" "default model  kimi-k2.5"
    # A sync keeps the existing spelling.
    run -0 kimi models --sync --platform moonshot-cn
    assert_loads 'models>moonshot-cn/kimi-k2.5>provider="managed:moonshot-cn"' 'models>moonshot-cn/kimi-old=null' 'models>mine>max_context_size=5'
}

@test "migrated: default_thinking is what --use starts from, and becomes [thinking]" {
    ready
    migrated
    run -0 kimi models --use kimi-code/kimi-for-coding
    assert_loads 'default_thinking=null' 'thinking>enabled=false'
    migrated
    sed -i 's|^model = "kimi-for-coding"|&\ncapabilities = ["thinking"]|' "$CONFIG"
    run -0 kimi models --use kimi-code/kimi-for-coding
    assert_loads 'default_thinking=null' 'thinking>enabled=true'
}

@test "migrated: a login rewrites both spellings, and keeps what the user added" {
    ready
    migrated
    run -0 kimi login --force --platform moonshot-cn --api-key-stdin <<<sk-cn
    assert_loads 'default_thinking=null' 'thinking>enabled=true' 'providers>managed:moonshot-cn=null' \
        "providers>moonshot-cn={\"type\": \"kimi\", \"base_url\": \"$KIMI_MOONSHOT_CN_BASE_URL\", \"api_key\": \"sk-cn\", \"custom_headers\": {\"X-Team\": \"a\"}}" \
        'models>moonshot-cn/kimi-k2.5>provider="moonshot-cn"' 'models>moonshot-cn/kimi-old=null' 'models>mine>provider="moonshot-cn"' \
        'default_model="moonshot-cn/kimi-k2.5"' 'providers>managed:kimi-code>type="kimi"'
    assert_contains "$(cat "$CONFIG")" "# from kimi-cli"
}

@test "migrated: logout takes both spellings away" {
    ready
    migrated
    run -0 kimi logout --platform moonshot-cn
    assert_loads 'default_thinking=null' 'thinking=null' 'providers>managed:moonshot-cn=null' 'models>moonshot-cn/kimi-k2.5=null' 'default_model=null' \
        'models>mine>model="kimi-k2.5"'
}

@test "migrated: the provider without a login is named with its line and the remedy" {
    ready
    migrated
    run kimi status --json
    assert_same "no_login run 'kimi login --client kimi-code'" "$(json logins.0.problems.0.code <<<"$output") $(json logins.0.problems.0.remedy <<<"$output")"
    assert_contains "$(json logins.0.problems.0.message <<<"$output")" "config.toml, line 5: the provider managed:kimi-code is there, but this home has no login for it"
    run -0 kimi login
    run -0 kimi status --json
    assert_lacks "$output" no_login
    # A key is a login, too.
    printf '[providers."managed:kimi-code"]\ntype = "kimi"\nbase_url = "x"\napi_key = "sk-kimi-code"\n' | write_config
    rm -r "$HOME/.kimi-code/credentials"
    run kimi status --json
    assert_lacks "$output" no_login
}

## Configs that kimi-code refuses

@test "status names each thing that kimi-code refuses, with its line" {
    refused - "byte order mark (BOM), which kimi-code cannot read" <<<$'\xef\xbb\xbftheme = "dark"'
    refused 4 "beyond 2^53 - 1" <<<$'a = 9007199254740991\n\n[tools]\nb = [1, { c = 9007199254740992 }]'
    refused 1 "beyond 2^53 - 1" <<<'n = -9007199254740992'
    refused 2 "models.x.max_context_size is missing" <<<$'\n[models.x]\nprovider = "p"\nmodel = "x"'
    refused 4 "models.x.max_context_size must be a whole number, 1 or more" <<<$'[models.x]\nprovider = "p"\nmodel = "x"\nmax_context_size = 0'
    refused 4 "max_context_size must be" <<<$'[models.x]\nprovider = "p"\nmodel = "x"\nmax_context_size = 1.5'
    refused 4 "max_context_size must be" <<<$'[models.x]\nprovider = "p"\nmodel = "x"\nmax_context_size = "1000"'
    refused 5 "models.x.protocol must be one of anthropic, openai_responses" <<<$'[models.x]\nprovider = "p"\nmodel = "x"\nmax_context_size = 1\nprotocol = "kimi"'
    refused 5 "capabilities must be a list of strings" <<<$'[models.x]\nprovider = "p"\nmodel = "x"\nmax_context_size = 1\ncapabilities = [1]'
    refused 5 "beta_api must be true or false" <<<$'[models.x]\nprovider = "p"\nmodel = "x"\nmax_context_size = 1\nbeta_api = "true"'
    refused 2 "models.x is not a table" <<<$'[models]\nx = 1'
    refused 2 "providers.own.type must be one of kimi, anthropic" <<<$'[providers.own]\ntype = "openai_legacy"\nbase_url = ""\napi_key = ""'
    refused 2 "providers.own.type must be one of" <<<$'[providers.own]\ntype = "gemini"\nbase_url = ""\napi_key = ""'
    refused 1 "providers.own.type is missing" <<<$'[providers.own]\nbase_url = ""'
    refused 3 "providers.own.oauth.key must be a string that is not empty" <<<$'[providers.own]\ntype = "kimi"\noauth = { storage = "file", key = "" }'
    refused 5 "models.x.off_effort must be a string" <<<$'[models.x]\nprovider = "p"\nmodel = "x"\nmax_context_size = 1\noff_effort = 1'
    refused 5 "models.x.base_url must be a string" <<<$'[models.x]\nprovider = "p"\nmodel = "x"\nmax_context_size = 1\nbase_url = 1'
    refused 6 "models.x.overrides.max_context_size must be a whole number, 1 or more" <<<$'[models.x]\nprovider = "p"\nmodel = "x"\nmax_context_size = 1\n[models.x.overrides]\nmax_context_size = 0'
    refused 6 "models.x.overrides.capabilities must be a list of strings" <<<$'[models.x]\nprovider = "p"\nmodel = "x"\nmax_context_size = 1\n[models.x.overrides]\ncapabilities = [1]'
    refused 3 "providers.own.api_key_env must be a string" <<<$'[providers.own]\ntype = "kimi"\napi_key_env = 1'
    refused 2 "services.moonshot_search.base_url must be a string" <<<$'[services.moonshot_search]\nbase_url = 1'
    refused 2 "services.moonshot_fetch.oauth.storage must be one of file, keyring" <<<$'[services.moonshot_fetch]\noauth = { storage = "disk", key = "x" }'
    refused 2 "thinking.enabled must be true or false" <<<$'[thinking]\nenabled = "yes"'
    refused 3 "providers.own.env must be a table of strings" <<<$'[providers.own]\ntype = "kimi"\nenv = { A = 1 }'
    refused 3 "hooks.command must be a string that is not empty" <<<$'[[hooks]]\nevent = "Stop"\ncommand = ""'
    refused 4 "kimi-code does not know hooks.when" <<<$'[[hooks]]\nevent = "Stop"\ncommand = "true"\nwhen = "now"'
}

@test "a login says what kimi-code refuses in the config, since it is of no use there yet" {
    ready
    write_config <<<$'[providers."managed:kimi-code"]\ntype = "kimi"\nenv = { KIMI_API_KEY = "sk" }'
    run -0 --separate-stderr kimi login
    assert_contains "$stderr" "has both env.KIMI_API_KEY and oauth, so kimi-code refuses to use it; remove one of them"
    run -0 --separate-stderr kimi login --force --quiet
    assert_same "" "$(grep refuses <<<"$stderr")"
    # Of many problems it names three.
    write_config <<<$'[models.a]\n[models.b]\n[models.c]'
    run -0 --separate-stderr kimi login --force
    assert_same 3 "$(grep -c 'is missing; add it' <<<"$stderr")"
    assert_contains "$stderr" "'kimi status' shows what else is wrong with config.toml"
}

@test "status names a provider with two secrets, which kimi-code refuses to use" {
    local own=$'[providers.own]\ntype = "kimi"\n' oauth='oauth = { storage = "file", key = "oauth/x" }'
    refused 1 "providers.own has both api_key and oauth, so kimi-code refuses to use it" <<<"${own}api_key = \"sk\"
$oauth"
    refused 1 "has both api_key_env and oauth" <<<"${own}api_key_env = \"MY_KEY\"
$oauth"
    refused 1 "has both api_key and api_key_env" <<<"${own}apiKey = \"sk\"
api_key_env = \"MY_KEY\""
    refused 1 "has both env.KIMI_API_KEY and oauth" <<<"${own}env = { KIMI_API_KEY = \"sk\" }
$oauth"
    run ! refused 1 "" <<<"${own}api_key = \" \"
$oauth"
    assert_contains "$output" "AssertionError: []"
    run ! refused 1 "" <<<"${own}api_key = \"sk\"
env = { KIMI_API_KEY = \"sk\" }"
    assert_contains "$output" "AssertionError: []"
}

@test "a login takes the place of the environment variable that the config names for an API key" {
    ready
    write_config <<<$'[providers."managed:kimi-code"]\ntype = "kimi"\napi_key_env = "MY_KEY"'
    run -0 kimi login
    assert_lacks "$(cat "$CONFIG")" api_key_env
    run -0 --separate-stderr kimi status --json
    assert_lacks "$output" config_refused
}

@test "status says nothing of a config that kimi-code takes" {
    write_config <<'TOML'
default_model = "gone"
theme = "any"
unknown = 9007199254740991

[providers.own]
type = "google-genai"
apiKey = "x"

[models.x]
provider = "gone"
model = "x"
maxContextSize = 1000.0
capabilities = ["audio_in", "whatever"]
protocol = "openai_responses"
support_efforts = ["low"]

[models.x.overrides]
max_context_size = 5

[thinking]
enabled = true
effort = "max"

[mcp]
client = 5
TOML
    run kimi status --platform kimi-code --json
    assert_lacks "$output" config_refused
}

@test "the rules of kimi-cli apply only in its own home" {
    write_config <<<$'[providers.own]\ntype = "openai_legacy"\nbase_url = ""\napi_key = ""'
    mkdir -p "$HOME/.kimi"
    cp "$CONFIG" "$HOME/.kimi/config.toml"
    KIMI_CLIENT=kimi-cli run kimi status --platform kimi-code --json
    assert_lacks "$output" config_refused
    run kimi status --platform kimi-code --json
    assert_contains "$output" config_refused
}

#!/usr/bin/env bats
# kimi models --use: choosing the default model by what a person types; and what --sync and kimi refresh --models keep.

bats_require_minimum_version 1.5.0
load helper
load login_helper

# Models of two platforms, and one of the user's own.
models_config() {
    write_config <<'TOML'
# mine
default_model = "kimi-code/kimi-for-coding"
default_thinking = true

[providers."managed:kimi-code"]
type = "kimi"
base_url = "https://api.kimi.com/coding/v1"
api_key = ""
oauth = { storage = "file", key = "oauth/kimi-code" }

[models."kimi-code/kimi-for-coding"]
provider = "managed:kimi-code"
model = "kimi-for-coding"
max_context_size = 262144
capabilities = ["thinking", "image_in"]

[models."kimi-code/kimi-k2-turbo"]
provider = "managed:kimi-code"
model = "kimi-k2-turbo"
max_context_size = 131072

[providers."managed:moonshot-cn"]
type = "kimi"
base_url = "https://api.moonshot.cn/v1"
api_key = "sk-cn"

[models."moonshot-cn/kimi-k2"]
provider = "managed:moonshot-cn"
model = "kimi-k2"
max_context_size = 1
capabilities = ["thinking"]

[models."moonshot-cn/kimi-k2-turbo"]
provider = "managed:moonshot-cn"
model = "kimi-k2-turbo"
max_context_size = 1

[models."moonshot-cn/kimi-k2-thinking"]
provider = "managed:moonshot-cn"
model = "kimi-k2-thinking"
max_context_size = 1
capabilities = ["thinking", "always_thinking"]

[providers.own]
type = "openai_legacy"
base_url = "https://example.com"
api_key = "k"

[models.gpt] # my own
provider = "own"
model = "gpt-odd"
max_context_size = 1
TOML
}

# uses TYPED KEY THINKING [OPTION...]: TYPED selects KEY.
uses() {
    run -0 --separate-stderr kimi models --use "$1" "${@:4}"
    assert_loads "default_model=\"$2\"" "default_thinking=$3"
    assert_contains "$stderr" "$2"
    assert_same "" "$output"
}

# refuses TYPED PATTERN: exit status 2, one line that matches, and an unchanged config.
refuses() {
    local before
    before=$(hash_of "$CONFIG")
    run -2 --separate-stderr kimi models --use "$1"
    assert_error models "$2" || return
    assert_same "$before" "$(hash_of "$CONFIG")"
}

@test "--use takes the key, the id or a prefix that no other model shares" {
    models_config
    uses moonshot-cn/kimi-k2-turbo moonshot-cn/kimi-k2-turbo false
    uses kimi-k2-thinking moonshot-cn/kimi-k2-thinking true
    uses kimi-f kimi-code/kimi-for-coding true
    uses kimi-code/kimi-k kimi-code/kimi-k2-turbo false
    uses gpt gpt false
    uses gpt-o gpt false
    uses g gpt false
    uses kimi-k2-th moonshot-cn/kimi-k2-thinking true
}

@test "--use: what is typed whole goes before what it begins" {
    models_config
    uses moonshot-cn/kimi-k2 moonshot-cn/kimi-k2 false --thinking off
    uses kimi-k2 moonshot-cn/kimi-k2 true --thinking on
}

@test "--use asks no server and needs no login" {
    server_start
    models_config
    uses kimi-k2 moonshot-cn/kimi-k2 true
    assert_same 0 "$(server_count all)"
}

@test "--use of a name that several share lists those, and no others: 2" {
    models_config
    refuses kimi-k2-turbo 'kimi-code/kimi-k2-turbo, moonshot-cn/kimi-k2-turbo'
    assert_lacks "$stderr" kimi-for-coding
    refuses kimi-k2-t 'kimi-code/kimi-k2-turbo, moonshot-cn/kimi-k2-turbo, moonshot-cn/kimi-k2-thinking'
    refuses moonshot-cn/ 'moonshot-cn/kimi-k2, moonshot-cn/kimi-k2-turbo, moonshot-cn/kimi-k2-thinking'
}

@test "--use with --platform chooses among its models" {
    models_config
    uses kimi-k2-turbo moonshot-cn/kimi-k2-turbo false --platform moonshot-cn
    uses kimi-k2-turbo kimi-code/kimi-k2-turbo false --platform kimi-code
    run -2 --separate-stderr kimi models --use gpt --platform moonshot-cn
    assert_error models "gpt.*moonshot-cn/kimi-k2"
    assert_lacks "$stderr" kimi-for-coding
    run -2 --separate-stderr kimi models --use gpt --platform moonshot-cm
    assert_error models "did you mean moonshot-cn"
}

@test "--use of an unknown name lists all: 2" {
    models_config
    refuses nonsense "'nonsense'; use one of kimi-code/kimi-for-coding, .*moonshot-cn/kimi-k2-thinking, gpt$"
    refuses KIMI-K2 "kimi-code/kimi-for-coding"
    refuses kimi-k2-turbo2 "kimi-code/kimi-for-coding"
}

@test "--use with --json: the success names the model, an error has the code usage" {
    models_config
    run -0 --separate-stderr kimi models --use gpt --json
    assert_same gpt "$(event success data.default_model)"
    run -2 --separate-stderr kimi models --use nonsense --json
    assert_same usage "$(event error data.code)"
    assert_contains "$(event error message)" kimi-code/kimi-for-coding
}

@test "--use of a list that is too long to show says that there are more" {
    {
        printf '[providers.own]\ntype = "kimi"\nbase_url = "https://example.com"\napi_key = "k"\n'
        local n
        for n in {100..200}; do printf '[models."own/model-%d"]\nprovider = "own"\nmodel = "model-%d"\nmax_context_size = 1\n' "$n" "$n"; done
    } | write_config
    refuses model- '(, \.\.\.|and [0-9]+ (others|more))$'
    refuses nonsense '(, \.\.\.|and [0-9]+ (others|more))$'
}

@test "--use without models: 2, with what to do" {
    run -2 --separate-stderr kimi models --use x
    assert_error models "kimi login"
    write_config <<<'theme = "dark"'
    refuses x "kimi login"
    refuses "" .
}

@test "--use of a config that does not parse: 1 config" {
    write_config <<<'a = = b'
    run -1 --separate-stderr kimi models --use x --json
    assert_same config "$(event error data.code)"
    assert_error models 'line 1'
    assert_same 'a = = b' "$(cat "$CONFIG")"
}

@test "--use shows what was typed without its control characters" {
    models_config
    run -2 --separate-stderr kimi models --use $'x\e[31m\a'
    assert_lacks "$stderr" $'\e'
}

@test "--thinking: on and off for a model that can do both, always on, never on" {
    models_config
    uses moonshot-cn/kimi-k2 moonshot-cn/kimi-k2 false --thinking off
    uses moonshot-cn/kimi-k2 moonshot-cn/kimi-k2 true --thinking on
    uses kimi-k2-thinking moonshot-cn/kimi-k2-thinking true --thinking off
    uses moonshot-cn/kimi-k2-turbo moonshot-cn/kimi-k2-turbo false --thinking on
}

@test "--thinking: a model that leaves no choice is reported" {
    models_config
    uses moonshot-cn/kimi-k2 moonshot-cn/kimi-k2 true --thinking on
    assert_contains "$stderr"$'\n' "kimi models: the default model is now moonshot-cn/kimi-k2"$'\n'
    uses kimi-k2-thinking moonshot-cn/kimi-k2-thinking true --thinking off
    assert_contains "$stderr"$'\n' "kimi models: the default model is now moonshot-cn/kimi-k2-thinking; it always thinks, so thinking is on"
    uses moonshot-cn/kimi-k2-turbo moonshot-cn/kimi-k2-turbo false --thinking on
    assert_contains "$stderr"$'\n' "kimi models: the default model is now moonshot-cn/kimi-k2-turbo; it cannot think, so thinking is off"
    uses moonshot-cn/kimi-k2-turbo moonshot-cn/kimi-k2-turbo false
    assert_contains "$stderr"$'\n' "kimi models: the default model is now moonshot-cn/kimi-k2-turbo"$'\n'
}

@test "without --thinking it is unchanged, for a model that can do both" {
    models_config
    uses moonshot-cn/kimi-k2 moonshot-cn/kimi-k2 true
    uses moonshot-cn/kimi-k2 moonshot-cn/kimi-k2 false --thinking off
    uses kimi-for-coding kimi-code/kimi-for-coding false
    sed -i '/^default_thinking/d' "$CONFIG"
    uses moonshot-cn/kimi-k2 moonshot-cn/kimi-k2 false
    sed -i 's/^default_thinking = .*/default_thinking = "yes"/' "$CONFIG"
    uses kimi-for-coding kimi-code/kimi-for-coding false
}

@test "--thinking without --use, or with something else: 2" {
    run -2 --separate-stderr kimi models --thinking on
    assert_error models "--use"
    models_config
    run -2 --separate-stderr kimi models --use gpt --thinking maybe
    assert_error models "on.*off"
    assert_contains "$(cat "$CONFIG")" 'default_model = "kimi-code/kimi-for-coding"'
}

@test "--use changes two values and not another byte; the same choice again not even the file" {
    models_config
    sed 's|^default_model = .*|default_model = "gpt"|; s|^default_thinking = .*|default_thinking = false|' "$CONFIG" >"$BATS_TEST_TMPDIR/wanted"
    run -0 kimi models --use gpt
    cmp "$BATS_TEST_TMPDIR/wanted" "$CONFIG"
    local before
    before=$(stat -c '%i %y' "$CONFIG")
    run -0 kimi models --use gpt
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")"
}

@test "--sync --use brings the lists to the config and then chooses among them" {
    server_start
    logged_in
    server_control '{"models": [{"id": "kimi-brand-new", "supports_reasoning": true}]}'
    run -2 kimi models --use kimi-brand
    run -0 --separate-stderr kimi models --sync --use kimi-brand --thinking on
    assert_contains "$stderr" "were updated"
    assert_loads 'default_model="kimi-code/kimi-brand-new"' default_thinking=true
    assert_same "" "$output"
}

@test "--sync --use with a list that does not come: the choice is made, and the exit status is the list's" {
    server_start
    logged_in
    server_control '{"faults": {"models": [{"status": 503}]}}'
    run -75 --separate-stderr kimi models --sync --use kimi-k2-turbo
    assert_contains "$stderr" "503"
    assert_loads 'default_model="kimi-code/kimi-k2-turbo"'
    server_control '{"faults": {"models": [{"status": 503}]}}'
    run -75 --separate-stderr kimi models --sync --use nobody
    assert_contains "$stderr" "there is no model 'nobody'"
    assert_contains "$stderr" "503"
}

@test "--use with --account: 2, since only the default account is in config.toml" {
    models_config
    run -2 --separate-stderr kimi models --use gpt --account work
    assert_error models "leave out --account"
}

@test "what was chosen is the mark of the list, and survives a sync and a second login" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"]}}'
    models_config
    store_login
    uses moonshot-cn/kimi-k2-thinking moonshot-cn/kimi-k2-thinking true
    run -0 kimi models --sync
    assert_same kimi-k2-thinking "$(grep '^\*' <<<"$output" | cut -f 2)"
    printf 'sk-cn\n' >"$BATS_TEST_TMPDIR/key"
    run -0 kimi login --platform moonshot-cn --api-key-stdin <"$BATS_TEST_TMPDIR/key"
    assert_loads 'default_model="moonshot-cn/kimi-k2-thinking"' 'default_thinking=true'
}

## --sync of several platforms

@test "--sync writes every list that came, and passes over one that did not" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"]}, "models": [{"id": "kimi-new"}], "faults": {"cn_models": [{"status": 503}]}}'
    models_config
    store_login
    run -75 --separate-stderr kimi models --sync
    assert_contains "$stderr" 503
    assert_loads 'models>kimi-code/kimi-for-coding=null' 'models>kimi-code/kimi-new>model="kimi-new"' \
        'models>moonshot-cn/kimi-k2>model="kimi-k2"' 'default_model="kimi-code/kimi-new"' 'models>gpt>model="gpt-odd"'
}

@test "--sync keeps what the user added to a model's table, in every form, when the model changes" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"]}, "models": [{"id": "kimi-for-coding", "context_length": 77, "display_name": "New"}], "cn_models": [{"id": "kimi-k2", "context_length": 99}]}'
    models_config
    store_login
    # Next to ours, below ours, as a sub-table, and as an inline table.
    sed -i '/^model = "kimi-for-coding"/a temperature = 0.5 # cool' "$CONFIG"
    sed -i '/^\[models\."moonshot-cn\/kimi-k2-turbo"\]/i [models."moonshot-cn/kimi-k2".extra]\nnote = "mine"\n' "$CONFIG"
    run -0 kimi models --sync
    assert_contains "$(cat "$CONFIG")" 'temperature = 0.5 # cool'
    assert_loads 'models>kimi-code/kimi-for-coding>max_context_size=77' 'models>kimi-code/kimi-for-coding>display_name="New"' \
        'models>kimi-code/kimi-for-coding>capabilities=null' 'models>moonshot-cn/kimi-k2>max_context_size=99' \
        'models>moonshot-cn/kimi-k2>extra>note="mine"' 'models>moonshot-cn/kimi-k2-turbo=null'
    local before
    before=$(stat -c '%i %y' "$CONFIG")
    run -0 kimi models --sync
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")"
}

@test "kimi refresh --models from cron: both lists, then nothing changes any more" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"]}}'
    models_config
    store_login --expires-in-left 10
    # shellcheck disable=SC2016 # cron sets the variables
    run -0 --separate-stderr env -i HOME="$HOME" PATH=/usr/bin:/bin KIMI_DISABLE_KEYRING=1 KIMI_CODE_OAUTH_HOST="$KIMI_CODE_OAUTH_HOST" \
        KIMI_CODE_BASE_URL="$KIMI_CODE_BASE_URL" KIMI_MOONSHOT_CN_BASE_URL="$KIMI_MOONSHOT_CN_BASE_URL" \
        setsid -w "$KIMI_TEST_BIN/kimi-refresh" --quiet --models </dev/null
    assert_same "" "$output$stderr"
    assert_same 1 "$(server_count refresh)"
    assert_loads 'models>moonshot-cn/kimi-k2.5>model="kimi-k2.5"' 'models>moonshot-cn/kimi-k2=null' \
        'models>kimi-code/kimi-for-coding>display_name="Kimi For Coding"' 'models>gpt>provider="own"'
    local before
    before=$(stat -c '%i %y' "$CONFIG")
    run -0 kimi refresh --quiet --models
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")"
    assert_same 1 "$(server_count refresh)"
    assert_same "2 2" "$(server_count models) $(server_count cn_models)"
}

@test "kimi refresh --models with a key alone, and with one platform named" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"]}}'
    models_config
    run -0 kimi refresh --quiet --models
    assert_same "0 1" "$(server_count models) $(server_count cn_models)"
    assert_loads 'models>moonshot-cn/kimi-k2.5>model="kimi-k2.5"' 'models>kimi-code/kimi-k2-turbo>model="kimi-k2-turbo"'
    store_login
    run -0 kimi refresh --quiet --models --platform kimi-code
    assert_same "1 1" "$(server_count models) $(server_count cn_models)"
}

@test "kimi refresh --models whose list fails: its status, and the login is fresh all the same" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"]}, "faults": {"cn_models": [{"status": 500}]}}'
    models_config
    store_login --expires-in-left 10
    run -75 --separate-stderr kimi refresh --quiet --models
    assert_error refresh '500'
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_loads 'models>kimi-code/kimi-for-coding>display_name="Kimi For Coding"' 'models>moonshot-cn/kimi-k2>model="kimi-k2"'
}

## Odd capabilities and keys

# own_model CAPABILITIES: a single model with these.
own_model() {
    write_config <<TOML
[providers.p]
type = "kimi"
base_url = "https://x.example/v1"
api_key = "sk-dummy"

[models.own]
provider = "p"
model = "own"
max_context_size = 1000
capabilities = $1
TOML
}

# thinks CAPABILITIES ON-OR-OFF EXPECTED: the result of --use --thinking.
thinks() {
    own_model "$1"
    run -0 kimi models --use own --thinking "$2"
    assert_same "default_thinking = $3" "$(grep '^default_thinking' "$CONFIG")" "$1, $2"
}

@test "--use: a repeated or unknown capability hides none after it" {
    local list
    for list in '["image_in", "image_in", "thinking"]' '["tool_use", "thinking"]' '[1, "thinking"]' \
        '["thinking", "thinking"]'; do
        thinks "$list" on true
        thinks "$list" off false
    done
    thinks '["tool_use", "always_thinking"]' off true
    thinks '["image_in", "image_in"]' on false
}

@test "--use: a capability that only begins like one is ignored" {
    thinks '["thinking\u0000"]' on false
}

@test "--use: a model whose key contains a NUL, or that is not a table, cannot be chosen" {
    own_model '["thinking"]'
    printf '\n[models."own\\u0000z"]\nprovider = "p"\nmodel = "z"\nmax_context_size = 1\n\n[[models.own2]]\n' >>"$CONFIG"
    run -0 kimi models --use ow
    assert_same 'default_model = "own"' "$(grep '^default_model' "$CONFIG")"
    refuses nonsense "use one of own$"
    run -2 kimi models --use own2
}

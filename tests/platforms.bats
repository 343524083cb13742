#!/usr/bin/env bats
# The three platforms: login with a key or in a browser, all model lists at once, and logout.

bats_require_minimum_version 1.5.0
load helper
load login_helper

setup() {
    kimi_setup
    KEY_FILE=$BATS_TEST_TMPDIR/key
}

# Keys are in files, so that they are never in an argument list.
key_file() { printf '%s\n' "$1" >"$KEY_FILE"; }

# keys_control [MEMBER...]: the server accepts one key per platform; MEMBER, such as '"faults": {...}', is added.
keys_control() {
    local members='"pending": 0, "api_keys": {"code": ["sk-kimi-code"], "cn": ["sk-cn"], "ai": ["sk-ai"]}'
    local member
    for member; do members+=", $member"; done
    server_control "{$members}"
}

# with_key KEY [ARGUMENT...]: kimi login with that key on standard input.
with_key() {
    key_file "$1"
    kimi login --api-key-stdin "${@:2}" <"$KEY_FILE"
}

# asked: how many requests the model lists of Kimi Code, .cn and .ai have received.
asked() { echo "$(server_count models) $(server_count cn_models) $(server_count ai_models)"; }

# every_platform: logged in to all three. The config is that of `kimi login`, with fewer models.
every_platform() {
    server_start
    keys_control
    store_login
    write_config <<TOML
default_model = "moonshot-ai/kimi-k2.5"
default_thinking = true

[providers."managed:kimi-code"]
type = "kimi"
base_url = "$KIMI_CODE_BASE_URL"
api_key = "${1:-}"
oauth = { storage = "file", key = "oauth/kimi-code" }

[services.moonshot_search]
base_url = "$KIMI_CODE_BASE_URL/search"
api_key = ""
oauth = { storage = "file", key = "oauth/kimi-code" }

[models."kimi-code/kimi-for-coding"]
provider = "managed:kimi-code"
model = "kimi-for-coding"
max_context_size = 262144

[providers."managed:moonshot-cn"]
type = "kimi"
base_url = "$KIMI_MOONSHOT_CN_BASE_URL"
api_key = "sk-cn"

[providers."managed:moonshot-ai"]
type = "kimi"
base_url = "$KIMI_MOONSHOT_AI_BASE_URL"
api_key = "sk-ai"

[models."moonshot-ai/kimi-k2.5"]
provider = "managed:moonshot-ai"
model = "kimi-k2.5"
max_context_size = 262144
capabilities = ["thinking", "image_in", "video_in"]
TOML
    chmod 600 "$CONFIG"
}

## A key on standard input

@test "login with a key: checked with the list, kept in the config, models and default written" {
    server_start
    keys_control
    key_file sk-cn
    run -0 --separate-stderr kimi login --platform moonshot-cn --api-key-stdin <"$KEY_FILE"
    assert_same "" "$output"
    assert_error login 'logged in .*Kimi Platform \(platform\.kimi\.com\)'
    assert_same "Bearer sk-cn" "$(server_last cn_models | json headers.authorization)"
    assert_same "0 1 0" "$(asked)"
    assert_same 1 "$(server_count all)"
    assert_loads 'providers>managed:moonshot-cn={"type": "kimi", "base_url": "'"$KIMI_MOONSHOT_CN_BASE_URL"'", "api_key": "sk-cn"}' \
        'models>moonshot-cn/kimi-k2.5={"provider": "managed:moonshot-cn", "model": "kimi-k2.5", "max_context_size": 262144, "capabilities": ["thinking", "image_in", "video_in"]}' \
        'models>moonshot-cn/kimi-k2-thinking>capabilities=["thinking", "always_thinking"]' \
        'default_model="moonshot-cn/kimi-k2.5"' 'default_thinking=true' 'services=null' 'providers>managed:kimi-code=null'
    assert_same 600 "$(mode "$CONFIG")"
    assert_same 700 "$(mode "$HOME/.kimi")"
    [ ! -e "$HOME/.kimi/credentials/kimi-code.json" ]
}

@test "of the Open Platform only ids that start with kimi-k count, in the list, the config and --json" {
    server_start
    keys_control '"ai_models": [{"id": "moonshot-v1-8k"}, {"id": "Kimi-k9"}, {"id": "xkimi-k9"}, {"id": "kimi-latest"}, {"id": "kimi-k"}, {"id": "kimi-k2"}]'
    with_key sk-ai --platform moonshot-ai
    run -0 kimi models
    assert_same "kimi-k kimi-k2" "$(cut -f 2 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
    run -0 kimi models --json
    assert_same '["kimi-k", "kimi-k2"]' "$(kimi_python -c 'import json, sys; print(json.dumps([m["id"] for m in json.load(sys.stdin)["models"]]))' <<<"$output")"
    assert_same 2 "$(grep -c '^\[models\.' "$CONFIG")"
    assert_loads 'default_model="moonshot-ai/kimi-k"' 'default_thinking=false'
}

@test "a platform whose list has nothing that counts is logged in to all the same" {
    server_start
    keys_control '"ai_models": [{"id": "moonshot-v1-8k"}]'
    run -0 with_key sk-ai --platform moonshot-ai
    assert_loads 'providers>managed:moonshot-ai>api_key="sk-ai"' 'default_model=null'
    run -0 kimi models --json
    assert_same '[]' "$(json models <<<"$output")"
}

@test "the device headers go with a key too" {
    server_start
    keys_control
    with_key sk-cn --platform moonshot-cn
    local header
    for header in platform version device-name device-model os-version device-id; do
        [ -n "$(server_last cn_models | json "headers.x-msh-$header")" ]
    done
    assert_contains "$(server_last cn_models | json headers.user-agent)" kimi-toolkit/
}

@test "a key is taken without the blanks, the CR and the lines behind it; without a newline too" {
    server_start
    keys_control
    local form
    for form in '  sk-cn \t\r\n' 'sk-cn' 'sk-cn\nanother line\n'; do
        # shellcheck disable=SC2059 # the variables hold formats
        printf "$form" >"$KEY_FILE"
        run -0 kimi login --platform moonshot-cn --api-key-stdin <"$KEY_FILE"
        assert_loads 'providers>managed:moonshot-cn>api_key="sk-cn"'
    done
}

@test "an invalid key is refused before anything is sent: 2" {
    server_start
    keys_control
    local form
    for form in '' '\n' ' \n' 'sk cn\n' 'sk-\303\251\n' 'sk-\033[31m\n' 'sk\0-cn\n'; do
        # shellcheck disable=SC2059 # the variables hold formats
        printf "$form" >"$KEY_FILE"
        run -2 --separate-stderr kimi login --platform moonshot-cn --api-key-stdin <"$KEY_FILE"
        assert_error login .
    done
    head -c 100000 /dev/zero | tr '\0' k >"$KEY_FILE"
    run -2 --separate-stderr kimi login --platform moonshot-cn --api-key-stdin <"$KEY_FILE"
    assert_error login .
    assert_same 0 "$(server_count all)"
    [ ! -e "$CONFIG" ]
}

@test "a key that is refused: 4, it may belong to the other platform or to Kimi Code, and nothing is kept" {
    server_start
    keys_control
    key_file sk-ai
    run -4 --separate-stderr kimi login --platform moonshot-cn --api-key-stdin --json <"$KEY_FILE"
    assert_same rejected "$(event error data.code)"
    assert_error login 'platform\.kimi\.com.* does not accept .*may belong to .*(kimi-code|Kimi Code).*moonshot-ai'
    assert_lacks "$output$stderr" sk-ai
    [ ! -e "$CONFIG" ]
    key_file sk-cn
    run -4 --separate-stderr kimi login --platform moonshot-ai --api-key-stdin <"$KEY_FILE"
    assert_error login 'platform\.kimi\.ai.* does not accept .*may belong to .*(kimi-code|Kimi Code).*moonshot-cn'
    key_file sk-kimi-code
    run -4 --separate-stderr kimi login --platform moonshot-ai --api-key-stdin <"$KEY_FILE"
    assert_error login 'Kimi Code.*kimi-code'
    assert_same "0 1 2" "$(asked)"
    [ ! -e "$CONFIG" ]
}

@test "a key that is refused leaves the one that was there" {
    server_start
    keys_control
    with_key sk-cn --platform moonshot-cn
    local before
    before=$(hash_of "$CONFIG")
    key_file sk-old
    run -4 kimi login --platform moonshot-cn --api-key-stdin <"$KEY_FILE"
    assert_same "$before" "$(hash_of "$CONFIG")"
    run -0 kimi token --platform moonshot-cn
    assert_same sk-cn "$output"
}

@test "a list that fails while a key is tried is a temporary failure, and nothing is stored" {
    server_start
    keys_control '"faults": {"cn_models": [{"status": 503}, {"reset": "before"}, {"status": 402, "json": {"error": {"message": "no credit left", "type": "x"}}}]}'
    run -75 with_key sk-cn --platform moonshot-cn
    run -75 with_key sk-cn --platform moonshot-cn
    run -1 with_key sk-cn --platform moonshot-cn
    assert_contains "$output" "no credit left"
    [ ! -e "$CONFIG" ]
}

@test "a second key replaces the first, and the chosen default stays" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn", "sk-new"]}}'
    with_key sk-cn --platform moonshot-cn
    kimi models --use kimi-k2-thinking --quiet
    with_key sk-new --platform moonshot-cn
    assert_loads 'providers>managed:moonshot-cn>api_key="sk-new"' 'default_model="moonshot-cn/kimi-k2-thinking"'
    assert_lacks "$(cat "$CONFIG")" sk-cn
}

@test "without a terminal and without --api-key-stdin: 2, with what to do" {
    server_start
    run -2 --separate-stderr kimi login --platform moonshot-cn --json </dev/null
    assert_same usage "$(event error data.code)"
    assert_error login "--api-key-stdin"
    key_file sk-cn
    run -2 --separate-stderr kimi login --platform moonshot-ai <"$KEY_FILE"
    assert_error login "--api-key-stdin"
    assert_same 0 "$(server_count all)"
}

@test "--storage keyring with an API key: 2 before anything is read or sent; auto and file have no effect" {
    server_start
    key_file sk-cn
    run -2 --separate-stderr kimi login --platform moonshot-cn --api-key-stdin --storage keyring <"$KEY_FILE"
    assert_error login "--storage"
    run -2 --separate-stderr kimi login --platform moonshot-cn --storage keyring </dev/null
    assert_error login "--storage"
    assert_same 0 "$(server_count all)"
    local one
    for one in auto file; do
        server_control '{"api_keys": {"cn": ["sk-cn"]}}'
        run -0 kimi login --platform moonshot-cn --api-key-stdin --storage "$one" <"$KEY_FILE"
    done
}

@test "an unknown platform: 2, with the nearest or all of them" {
    local command
    for command in login logout token models refresh; do
        run -2 --separate-stderr kimi "$command" --platform moonshot-cm
        assert_error "$command" 'moonshot-cm.*moonshot-cn'
    done
    run -2 --separate-stderr kimi login --platform nonsense
    assert_error login 'kimi-code.*moonshot-cn.*moonshot-ai'
}

@test "--json: one success event that names the platform, and no key" {
    server_start
    keys_control
    run -0 --separate-stderr with_key sk-cn --platform moonshot-cn --json
    assert_same success "$(event_types <<<"$output")"
    assert_same moonshot-cn "$(event success data.platform)"
    assert_lacks "$output$stderr" sk-cn
}

@test "a key is in no argument list, no environment and no output" {
    server_start
    keys_control '"faults": {"cn_models": [{"hold_before": "list"}]}'
    key_file sk-cn
    kimi-login --platform moonshot-cn --api-key-stdin <"$KEY_FILE" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    local pid=$! file
    server_wait_held list
    assert_contains "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "--platform moonshot-cn"
    for file in /proc/[0-9]*/cmdline "/proc/$pid/environ"; do
        if tr '\0' '\n' <"$file" 2>/dev/null | grep -qF sk-cn; then fail "the key is in $file"; fi
    done
    server_release list
    wait "$pid"
    assert_lacks "$(cat "$BATS_TEST_TMPDIR/out")" sk-cn
}

@test "interrupted while the key is tried: 130, and nothing is kept" {
    server_start
    keys_control '"faults": {"cn_models": [{"hold_before": "list"}]}'
    key_file sk-cn
    # env, because bash makes its background processes ignore SIGINT.
    env --default-signal=INT kimi-login --platform moonshot-cn --api-key-stdin <"$KEY_FILE" >/dev/null 2>&1 3>&- &
    local pid=$!
    server_wait_held list
    kill -INT "$pid"
    wait "$pid" || status=$?
    assert_same 130 "$status"
    [ ! -e "$CONFIG" ]
}

## Finding the platform of a key

@test "without a platform, the one that accepts the key is found and named" {
    server_start
    keys_control
    run -0 --separate-stderr with_key sk-ai
    assert_error login 'platform\.kimi\.ai'
    assert_same "0 1 1" "$(asked)"
    assert_loads 'providers>managed:moonshot-ai>api_key="sk-ai"' 'providers>managed:moonshot-cn=null' 'providers>managed:kimi-code=null'
    run -0 --separate-stderr with_key sk-cn --json
    assert_same moonshot-cn "$(event success data.platform)"
    assert_same "0 2 1" "$(asked)"
    assert_loads 'providers>managed:moonshot-cn>api_key="sk-cn"' 'providers>managed:moonshot-ai>api_key="sk-ai"'
}

@test "a key that begins with sk-kimi- is tried at Kimi Code, and if accepted nowhere else" {
    server_start
    keys_control
    run -0 --separate-stderr with_key sk-kimi-code
    assert_error login 'Kimi Code'
    assert_same "1 0 0" "$(asked)"
}

@test "a key that begins with sk-kimi- is tried at Kimi Code first, then elsewhere" {
    server_start
    server_control '{"api_keys": {"ai": ["sk-kimi-odd"]}}'
    run -0 --separate-stderr with_key sk-kimi-odd
    assert_error login 'platform\.kimi\.ai'
    assert_same "1 1 1" "$(asked)"
    assert_same models "$(server_requests all | head -n 1 | json endpoint)"
}

@test "a key of Kimi Code without its prefix is found, after the others were tried" {
    server_start
    server_control '{"api_keys": {"code": ["sk-plain"]}}'
    run -0 with_key sk-plain
    assert_same "1 1 1" "$(asked)"
    assert_same models "$(server_last all | json endpoint)"
    assert_loads 'providers>managed:kimi-code>api_key="sk-plain"'
}

@test "a key that no platform accepts: 4, after each was tried once" {
    server_start
    keys_control
    run -4 --separate-stderr with_key sk-none --json
    assert_same rejected "$(event error data.code)"
    assert_error login .
    assert_same "1 1 1" "$(asked)"
    [ ! -e "$CONFIG" ]
}

@test "if a platform that might accept the key does not respond, that is a temporary failure, unless another accepts it" {
    server_start
    keys_control '"faults": {"cn_models": [{"status": 503, "forever": true}]}'
    run -75 --separate-stderr with_key sk-none
    assert_error login 503
    run -0 --separate-stderr with_key sk-ai
    assert_error login 'platform\.kimi\.ai'
}

@test "a key of Kimi Code is kept as api_key of managed:kimi-code and of its services, without oauth" {
    server_start
    keys_control
    run -0 with_key sk-kimi-code --platform kimi-code
    assert_same "1 0 0" "$(asked)"
    assert_same 0 "$(server_count device)"
    assert_loads 'providers>managed:kimi-code={"type": "kimi", "base_url": "'"$KIMI_CODE_BASE_URL"'", "api_key": "sk-kimi-code"}' \
        'services>moonshot_search={"base_url": "'"$KIMI_CODE_BASE_URL"'/search", "api_key": "sk-kimi-code"}' \
        'services>moonshot_fetch>api_key="sk-kimi-code"' 'default_model="kimi-code/kimi-for-coding"'
    assert_same 600 "$(mode "$CONFIG")"
    run -0 kimi token
    assert_same sk-kimi-code "$output"
    run -0 kimi models
    assert_contains "$output" kimi-for-coding
    assert_same "Bearer sk-kimi-code" "$(server_last models | json headers.authorization)"
    [ ! -e "$HOME/.kimi/credentials/kimi-code.json" ]
}

@test "a key of Kimi Code that is refused: 4, and it may belong to the Open Platform" {
    server_start
    keys_control
    run -4 --separate-stderr with_key sk-cn --platform kimi-code
    assert_error login 'Kimi Code does not accept .*moonshot-cn.*moonshot-ai'
}

@test "an OAuth login after a key has both, and the tokens come first" {
    server_start
    keys_control
    with_key sk-kimi-code --quiet
    kimi login --quiet
    assert_loads 'providers>managed:kimi-code>api_key="sk-kimi-code"' 'providers>managed:kimi-code>oauth>key="oauth/kimi-code"'
    run -0 kimi token
    assert_same "$(stored access_token)" "$output"
}

## The config is private afterwards

@test "a config that others could read is tightened, with a warning" {
    server_start
    keys_control
    write_config <<<'theme = "dark"'
    chmod 644 "$CONFIG"
    run -0 --separate-stderr with_key sk-cn --platform moonshot-cn
    assert_same 600 "$(mode "$CONFIG")"
    assert_contains "$stderr" "could be read by others"
    assert_same 'theme = "dark"' "$(grep theme "$CONFIG")"
}

@test "group permissions alone are tightened, too; private ones stay unchanged, without a message" {
    server_start
    keys_control
    write_config <<<'theme = "dark"'
    chmod 660 "$CONFIG"
    run -0 --separate-stderr with_key sk-cn --platform moonshot-cn
    assert_same 600 "$(mode "$CONFIG")"
    assert_contains "$stderr" "could be read by others"
    run -0 --separate-stderr with_key sk-ai --platform moonshot-ai
    assert_same 600 "$(mode "$CONFIG")"
    assert_lacks "$stderr" "could be read"
}

@test "it is tightened also when nothing else changes, and then stays the same file" {
    server_start
    keys_control
    with_key sk-cn --platform moonshot-cn
    chmod 640 "$CONFIG"
    local before
    before=$(stat -c '%i %y' "$CONFIG")
    run -0 --separate-stderr with_key sk-cn --platform moonshot-cn
    assert_contains "$stderr" "could be read by others"
    assert_same 600 "$(mode "$CONFIG")"
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")"
}

@test "a good key that is stored already: its config is tightened too" {
    server_start
    keys_control
    with_key sk-cn --platform moonshot-cn
    chmod 644 "$CONFIG"
    run -0 --separate-stderr kimi login --platform moonshot-cn </dev/null
    assert_contains "$stderr" "already logged in"
    assert_same 600 "$(mode "$CONFIG")"
    assert_contains "$stderr" "could be read by others"
}

@test "behind a link the real file is tightened" {
    server_start
    keys_control
    write_config <<<'theme = "dark"'
    mkdir "$HOME/dotfiles"
    mv "$CONFIG" "$HOME/dotfiles/kimi.toml"
    ln -s ../dotfiles/kimi.toml "$CONFIG"
    chmod 644 "$HOME/dotfiles/kimi.toml"
    run -0 with_key sk-cn --platform moonshot-cn
    [ -L "$CONFIG" ]
    assert_same 600 "$(mode "$HOME/dotfiles/kimi.toml")"
}

@test "no moment in which others could read the key: the new file is private before it has a name" {
    server_start
    keys_control
    write_config <<<'theme = "dark"'
    chmod 644 "$CONFIG"
    key_file sk-cn
    # Watches in a busy loop everything that appears next to the config, from its first moment on.
    kimi_python - "$HOME/.kimi" "$BATS_TEST_TMPDIR/stop" >"$BATS_TEST_TMPDIR/loose" 3>&- <<'PY' &
import os, sys, time
end = time.monotonic() + 20
while not os.path.exists(sys.argv[2]) and time.monotonic() < end:
    for entry in os.scandir(sys.argv[1]):
        try:
            if not entry.is_file():
                continue
            with open(entry.path) as file:
                mode = os.fstat(file.fileno()).st_mode
                if "sk-cn" in file.read() and mode & 0o77:
                    print(oct(mode), entry.name)
        except FileNotFoundError:
            pass
PY
    local pid=$!
    run -0 kimi login --platform moonshot-cn --api-key-stdin <"$KEY_FILE"
    : >"$BATS_TEST_TMPDIR/stop"
    wait "$pid"
    assert_same "" "$(cat "$BATS_TEST_TMPDIR/loose")"
}

@test "a config that cannot be written: 1 config, and the key is nowhere" {
    server_start
    keys_control
    write_config <<<'a = = b'
    run -1 --separate-stderr with_key sk-cn --platform moonshot-cn --json
    assert_same config "$(event error data.code)"
    assert_error login 'line 1'
    assert_same 'a = = b' "$(cat "$CONFIG")"
    assert_same "" "$(grep -rl sk-cn "$HOME" || true)"
}

## On a terminal

@test "the prompt does not show the key, and the terminal is unchanged" {
    server_start
    keys_control
    run -0 on_terminal --type "API key of Kimi Platform (platform.kimi.com): " 'sk-cn\n' kimi login --platform moonshot-cn
    assert_lacks "$output" sk-cn
    assert_contains "$output" "Logged in to Kimi Platform"
    assert_loads 'providers>managed:moonshot-cn>api_key="sk-cn"'
}

@test "the prompt: Ctrl-C is 130, a wrong key 4, none 2, and each leaves the terminal unchanged" {
    server_start
    keys_control
    run -130 on_terminal --type "API key of" '\x03' kimi login --platform moonshot-cn
    run -130 on_terminal --type "API key of" 'sk-c\x03' kimi login --platform moonshot-cn
    assert_lacks "$output" sk-c
    run -4 on_terminal --type "API key of" 'sk-wrong\n' kimi login --platform moonshot-cn
    assert_lacks "$output" sk-wrong
    assert_contains "$output" "may belong to"
    run -2 on_terminal --type "API key of" '\n' kimi login --platform moonshot-cn
    run -2 on_terminal --type "API key of" '\x04' kimi login --platform moonshot-cn
    assert_same "0 1 0" "$(asked)"
    [ ! -e "$CONFIG" ]
}

@test "a key that is typed as soon as the prompt is there is neither lost nor shown" {
    server_start
    keys_control
    for _ in 1 2 3; do
        run -0 on_terminal --type "API key of" 'sk-cn\n' kimi login --platform moonshot-cn --force
        assert_lacks "$output" sk-cn
    done
}

@test "SIGTERM at the prompt gives the terminal back: 130" {
    run -130 on_terminal --type "API key of" 'sk-c' --term '' kimi-login --platform moonshot-cn
    assert_contains "$output" SIGTERM
    assert_lacks "$output" sk-c
}

@test "with --json the prompt is on standard error alone" {
    server_start
    keys_control
    run -0 on_terminal --type "API key of" 'sk-cn\n' sh -c 'kimi login --platform moonshot-cn --json >"$HOME/out"'
    assert_same success "$(event_types <"$HOME/out")"
}

@test "without a platform a person is offered the three: Enter is Kimi Code" {
    server_start
    keys_control
    run -0 on_terminal --type "[1] " '\n' kimi login
    assert_contains "$output" "1  Kimi Code"
    assert_contains "$output" "2  Kimi Platform (platform.kimi.com)"
    assert_contains "$output" "3  Kimi Platform (platform.kimi.ai)"
    assert_same 1 "$(server_count device)"
    assert_loads 'default_model="kimi-code/kimi-for-coding"'
}

@test "the question for the platform fits a terminal of 80 and of 40 columns" {
    server_start
    local columns
    for columns in 80 40; do
        run -2 on_terminal --columns "$columns" --type "[1] " 'x\n' --type "type 1, 2 or 3 [1] " '\x04' kimi login
        assert_contains "$output" "Kimi Platform (platform.kimi.ai)" || return
        run grep -E "^[^:]{$((columns + 1))}" <<<"$output"
        assert_same "" "$output" "too long at $columns columns" || return
    done
}

@test "without a platform: a number chooses it, and its key is requested" {
    server_start
    keys_control
    run -0 on_terminal --type "[1] " '3\n' --type "API key of Kimi Platform (platform.kimi.ai): " 'sk-ai\n' kimi login
    assert_lacks "$output" sk-ai
    assert_loads 'providers>managed:moonshot-ai>api_key="sk-ai"'
    kimi-logout --quiet --platform moonshot-ai
    run -0 on_terminal --type "[1] " ' 2 \n' --type "(platform.kimi.com): " 'sk-cn\n' kimi login
    assert_loads 'providers>managed:moonshot-cn>api_key="sk-cn"'
    assert_same 0 "$(server_count device)"
}

@test "without a platform: a wrong answer is asked again, Ctrl-D is 2, Ctrl-C 130, and nothing is sent" {
    server_start
    local answer
    for answer in 0 4 -1 +1 x 1x 99999999999999999999999; do
        run -2 on_terminal --type "[1] " "$answer\n" --type "type 1, 2 or 3 [1] " '\x04' kimi login
        assert_contains "$output" $'type 1, 2 or 3 [1] \nkimi login: '
    done
    run -2 on_terminal --type "[1] " '\x04' kimi login
    assert_contains "$output" $'Which one? [1] \nkimi login: no answer was given; run the command again'
    run -130 on_terminal --type "[1] " '\x03' kimi login
    assert_same 0 "$(server_count all)"
    run -0 on_terminal --type "[1] " 'x\n' --type "type 1, 2 or 3 [1] " '5\n' --type "type 1, 2 or 3 [1] " '1\n' kimi login
    assert_same 1 "$(server_count device)"
}

@test "with any stored login there is no question" {
    server_start
    keys_control
    with_key sk-cn --platform moonshot-cn
    run -0 on_terminal kimi login
    assert_lacks "$output" "Which one"
    assert_same 1 "$(server_count device)"
    run -0 on_terminal kimi login --force
    assert_lacks "$output" "Which one"
}

@test "with an account, from an option or the environment, there is no question" {
    server_start
    keys_control
    run -0 on_terminal kimi login --account work
    assert_lacks "$output" "Which one"
    kimi-logout --quiet --account work
    KIMI_ACCOUNT=work run -0 on_terminal kimi login
    assert_lacks "$output" "Which one"
}

@test "without a platform and without a terminal it is kimi-code; so it is with --json, and when it is named" {
    server_start
    keys_control
    run -0 kimi login </dev/null
    assert_same 1 "$(server_count device)"
    run -0 on_terminal kimi login --force --json
    assert_same 2 "$(server_count device)"
    run -0 on_terminal kimi login --force --platform kimi-code
    assert_same 3 "$(server_count device)"
    assert_lacks "$output" "Which one"
}

@test "a good key that is stored is enough, without a question; --force asks for another" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn", "sk-new"]}}'
    with_key sk-cn --platform moonshot-cn
    run -0 on_terminal kimi login --platform moonshot-cn
    assert_contains "$output" "already logged in"
    run -0 on_terminal --type "API key of" 'sk-new\n' kimi login --platform moonshot-cn --force
    assert_loads 'providers>managed:moonshot-cn>api_key="sk-new"'
}

@test "a stored key that is no longer accepted is requested again" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"]}}'
    with_key sk-cn --platform moonshot-cn
    server_control '{"api_keys": {"cn": ["sk-new"]}}'
    run -0 on_terminal --type "API key of" 'sk-new\n' kimi login --platform moonshot-cn
    assert_loads 'providers>managed:moonshot-cn>api_key="sk-new"'
}

## Logout

@test "logout --platform takes away the key, the models and the default of that platform alone" {
    every_platform
    assert_loads 'default_model="moonshot-ai/kimi-k2.5"'
    run -0 --separate-stderr kimi logout --platform moonshot-ai
    assert_error logout 'logged out of Kimi Platform \(platform\.kimi\.ai\)$'
    assert_loads 'providers>managed:moonshot-ai=null' 'models>moonshot-ai/kimi-k2.5=null' 'default_model=null' \
        'providers>managed:moonshot-cn>api_key="sk-cn"' 'models>kimi-code/kimi-for-coding>model="kimi-for-coding"'
    assert_lacks "$(cat "$CONFIG")" sk-ai
    assert_same at-stored "$(stored access_token)"
    run -4 kimi token --platform moonshot-ai
    assert_same 0 "$(server_count all)"
}

@test "logout without a platform is kimi-code's, and leaves the keys of the others" {
    every_platform
    run -0 --separate-stderr kimi logout
    assert_error logout 'logged out of Kimi Code;'
    assert_loads 'providers>managed:kimi-code=null' 'services=null' 'providers>managed:moonshot-cn>api_key="sk-cn"' 'default_model="moonshot-ai/kimi-k2.5"'
}

@test "logout --all removes every login and names it, and says so if there is none" {
    every_platform
    run -0 --separate-stderr kimi logout --all --json
    assert_same "success success success" "$(event_types <<<"$output")"
    assert_same "kimi-code moonshot-cn moonshot-ai" "$(kimi_python -c 'import json, sys; print(*[json.loads(line)["data"]["platform"] for line in sys.stdin])' <<<"$output")"
    assert_same "" "$(tr -d '\n' <"$CONFIG")"
    [ ! -e "$HOME/.kimi/credentials/kimi-code.json" ]
    run -4 kimi models
    run -0 --separate-stderr kimi logout --all
    assert_error logout 'not logged in .*nothing to do'
    run -0 --separate-stderr kimi logout --all --json
    assert_same success "$(event_types <<<"$output")"
}

@test "logout --all and --platform cannot be used together: 2" {
    run -2 --separate-stderr kimi logout --all --platform moonshot-cn
    assert_error logout "cannot be used with"
}

@test "logout of a key of Kimi Code takes away its services" {
    server_start
    keys_control
    with_key sk-kimi-code
    run -0 --separate-stderr kimi logout
    assert_error logout 'logged out of Kimi Code$'
    assert_same "" "$(tr -d '\n' <"$CONFIG")"
}

@test "after login with a key and logout the config is back, byte for byte" {
    server_start
    keys_control
    local platform key
    printf '# mine\r\n[models] # none\r\n\r\n\ttheme = "dark"\r\n' >"$BATS_TEST_TMPDIR/before.1"
    printf 'theme = "dark"\n\n[providers.own]\ntype = "kimi"\nbase_url = "https://example.com"\napi_key = "k"   # key\n\n[models.m]\nprovider = "own"\nmodel = "m"\nmax_context_size = 1' >"$BATS_TEST_TMPDIR/before.2"
    printf 'default_yolo = true\nproviders = { }\n' >"$BATS_TEST_TMPDIR/before.3"
    : >"$BATS_TEST_TMPDIR/before.4"
    for before in "$BATS_TEST_TMPDIR"/before.*; do
        read -r platform key
        write_config <"$before"
        with_key "$key" --quiet --platform "$platform"
        grep -qF "$key" "$CONFIG"
        kimi models --use "$(grep -o "$platform/kimi[^\"]*" "$CONFIG" | tail -n 1)" --quiet
        kimi models --sync --quiet >/dev/null
        kimi logout --quiet --platform "$platform"
        cmp "$before" "$CONFIG"
    done <<<$'kimi-code sk-kimi-code\nmoonshot-cn sk-cn\nmoonshot-ai sk-ai\nmoonshot-cn sk-cn'
}

## All lists at once

@test "all platforms are asked at once: every request arrives before any response" {
    every_platform
    keys_control '"faults": {"models": [{"hold_before": "all"}], "cn_models": [{"hold_before": "all"}], "ai_models": [{"hold_before": "all"}]}'
    kimi models >"$BATS_TEST_TMPDIR/out" 3>&- &
    local pid=$!
    server_wait_held all 3
    assert_same "" "$(cat "$BATS_TEST_TMPDIR/out")"
    server_release all
    wait "$pid"
    assert_same "kimi-for-coding kimi-k2-turbo kimi-k2.5 kimi-k2-thinking kimi-k2.5" "$(cut -f 2 "$BATS_TEST_TMPDIR/out" | tr '\n' ' ' | sed 's/ $//')"
    assert_same 1 "$(grep -c '^\*' "$BATS_TEST_TMPDIR/out")"
}

@test "the time is that of the slowest, not the sum" {
    every_platform
    keys_control '"faults": {"models": [{"delay": 1}], "cn_models": [{"delay": 1}], "ai_models": [{"delay": 1}]}'
    local start=${EPOCHREALTIME/./}
    kimi models >/dev/null
    local took=$((${EPOCHREALTIME/./} - start))
    [ "$took" -ge 1000000 ]
    [ "$took" -lt 2900000 ] || fail "it took $took us"
}

@test "a token that is to be refreshed first does not hold up the other platforms" {
    every_platform
    store_login --expires-in-left -10
    keys_control '"faults": {"refresh": [{"hold_before": "refresh"}], "cn_models": [{"hold_before": "list"}]}'
    kimi models >"$BATS_TEST_TMPDIR/out" 3>&- &
    local pid=$!
    server_wait_held refresh
    local asked=no
    for _ in {1..60}; do
        if server_has_held list 1; then asked=yes && break; fi
        sleep 0.05
    done
    server_release refresh
    server_release list
    wait "$pid"
    [ "$asked" = yes ] || fail "moonshot-cn was asked after the refresh of kimi-code alone"
}

@test "only platforms with a login are asked; --platform asks one" {
    every_platform
    run -0 kimi models --platform moonshot-ai
    assert_same "0 0 1" "$(asked)"
    kimi logout --quiet --platform moonshot-ai
    run -0 kimi models
    assert_same "1 1 1" "$(asked)"
    assert_same 3 "$(server_count all)"
}

@test "each platform gets only its own secret" {
    every_platform
    run -0 kimi models
    assert_same "Bearer at-stored" "$(server_last models | json headers.authorization)"
    assert_same "Bearer sk-cn" "$(server_last cn_models | json headers.authorization)"
    assert_same "Bearer sk-ai" "$(server_last ai_models | json headers.authorization)"
    assert_same "/coding/v1/models /cn/v1/models /ai/v1/models" \
        "$(for each in models cn_models ai_models; do server_last $each | json path; done | tr '\n' ' ' | sed 's/ $//')"
}

@test "the failure of one is reported with its status, the others are shown, and the exit status is that of the failure" {
    every_platform
    keys_control '"faults": {"cn_models": [{"status": 503}]}'
    run -75 --separate-stderr kimi models
    assert_error models 'platform\.kimi\.com.*503'
    assert_same "kimi-for-coding kimi-k2-turbo kimi-k2.5" "$(cut -f 2 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
    keys_control '"faults": {"models": [{"status": 402}]}'
    run -1 --separate-stderr kimi models
    assert_error models 'Kimi Code.*402'
    assert_same "kimi-k2.5 kimi-k2-thinking kimi-k2.5" "$(cut -f 2 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
    keys_control '"faults": {"ai_models": [{"status": 401}]}'
    run -4 --separate-stderr kimi models
    assert_error models 'platform\.kimi\.ai.*401'
    assert_contains "$output" kimi-for-coding
}

@test "several that fail have a line each" {
    every_platform
    keys_control '"faults": {"cn_models": [{"status": 500}], "ai_models": [{"reset": "before"}]}'
    run -75 --separate-stderr kimi models
    assert_same 2 "$(wc -l <<<"$stderr" | tr -d ' ')"
    [[ $stderr =~ platform\.kimi\.com.*500 ]]
    [[ $stderr =~ platform\.kimi\.ai ]]
    assert_contains "$output" kimi-for-coding
}

@test "one whose token cannot be refreshed does not take the others along" {
    every_platform
    store_login --expires-in-left -10 --refresh rt-unknown --no-seed
    run -4 --separate-stderr kimi models
    [[ $stderr =~ "Kimi Code" ]]
    assert_same "kimi-k2.5 kimi-k2-thinking kimi-k2.5" "$(cut -f 2 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
}

@test "--json with a platform that fails is one object with models and errors" {
    every_platform
    keys_control '"faults": {"cn_models": [{"status": 503}]}'
    run -75 --separate-stderr kimi models --json
    assert_same 1 "$(wc -l <<<"$output" | tr -d ' ')" "lines of $output"
    kimi_python - "$output" <<'PY'
import json, sys
answer = json.loads(sys.argv[1].split("\n")[0])
assert list(answer) == ["models", "errors"], answer
assert [m["platform"] for m in answer["models"]] == ["kimi-code", "kimi-code", "moonshot-ai"], answer
for model in answer["models"]:
    assert list(model) == ["key", "platform", "id", "display_name", "context_length", "capabilities", "default"], model
    assert model["key"] == model["platform"] + "/" + model["id"], model
assert [m["display_name"] for m in answer["models"]] == ["Kimi For Coding", None, None], answer
assert [m["default"] for m in answer["models"]] == [False, False, True], answer
assert len(answer["errors"]) == 1 and list(answer["errors"][0]) == ["platform", "message"], answer
assert answer["errors"][0]["platform"] == "moonshot-cn" and "503" in answer["errors"][0]["message"], answer
PY
    assert_error models 'platform\.kimi\.com.*503'
}

@test "--json where all fail still has every error" {
    every_platform
    keys_control '"faults": {"models": [{"status": 503}], "cn_models": [{"status": 503}], "ai_models": [{"status": 500}]}'
    run -75 --separate-stderr kimi models --json
    assert_same '["kimi-code", "moonshot-cn", "moonshot-ai"]' "$(head -n 1 <<<"$output" | kimi_python -c 'import json, sys; print(json.dumps([e["platform"] for e in json.load(sys.stdin)["errors"]]))')"
    assert_same 3 "$(wc -l <<<"$stderr" | tr -d ' ')"
}

@test "401: a forced refresh, a retry, then the configured key; the other platforms are asked once" {
    every_platform sk-kimi-code
    keys_control '"faults": {"models": [{"status": 401, "repeat": 2}]}'
    run -0 --separate-stderr kimi models
    assert_same "" "$stderr"
    assert_same "models refresh models models" "$(server_requests all | grep -v '"[ca][ni]_models"' | kimi_python -c 'import json, sys; print(*[json.loads(line)["endpoint"] for line in sys.stdin])')"
    assert_same "3 1 1" "$(asked)"
    assert_same "Bearer at-stored|Bearer $(stored access_token)|Bearer sk-kimi-code" \
        "$(server_requests models | kimi_python -c 'import json, sys; print(*[json.loads(line)["headers"]["authorization"] for line in sys.stdin], sep="|")')"
    assert_same 1 "$(server_stat issued)"
}

@test "401 and a refresh that fails: the configured key is next" {
    every_platform sk-kimi-code
    keys_control '"faults": {"models": [{"status": 401}], "refresh": [{"error": "invalid_grant"}]}'
    run -0 kimi models
    assert_same 1 "$(server_count refresh)"
    assert_same 2 "$(server_count models)"
    assert_same "Bearer sk-kimi-code" "$(server_last models | json headers.authorization)"
}

@test "401 for a token, a renewed one and the key: 4, after those three" {
    every_platform sk-kimi-code
    keys_control '"faults": {"models": [{"status": 401, "forever": true}]}'
    run -4 --separate-stderr kimi models
    assert_error models 'Kimi Code.*401'
    assert_same 1 "$(server_count refresh)"
    assert_same 3 "$(server_count models)"
}

@test "401 for an API key: 4, asked once, nothing refreshed" {
    server_start
    keys_control
    with_key sk-cn --platform moonshot-cn
    server_control '{"api_keys": {}}'
    run -4 --separate-stderr kimi models
    assert_error models 401
    assert_same "0 2 0" "$(asked)"
    assert_same 0 "$(server_count refresh)"
}

@test "ended by the service is final, though a key is there" {
    every_platform sk-kimi-code
    keys_control '"faults": {"models": [{"status": 401, "json": {"error": {"message": "ended", "type": "access_terminated_error"}}}]}'
    run -1 --separate-stderr kimi models
    assert_error models 'ended'
    assert_same "1 1 1" "$(asked)"
    assert_same 0 "$(server_count refresh)"
}

## Base URLs

@test "base URLs come from the environment, each from its own, with or without a slash at the end" {
    every_platform
    KIMI_TEST_SERVER=other server_start --no-export
    KIMI_TEST_SERVER=other server_control '{"api_keys": {"ai": ["sk-ai"]}}'
    KIMI_MOONSHOT_AI_BASE_URL="$(KIMI_TEST_SERVER=other server_url)/ai/v1/" run -0 kimi models
    assert_same "1 1 0" "$(asked)"
    assert_same 1 "$(KIMI_TEST_SERVER=other server_count ai_models)"
    assert_same /ai/v1/models "$(KIMI_TEST_SERVER=other server_last ai_models | json path)"
}

@test "an empty variable is ignored: the platform's own address is in the config" {
    server_start
    keys_control
    with_key sk-cn --quiet --platform moonshot-cn
    local name
    for name in KIMI_MOONSHOT_CN_BASE_URL KIMI_MOONSHOT_AI_BASE_URL KIMI_CODE_BASE_URL; do
        export "$name="
    done
    # No traffic leaves this machine: the proxy does not exist.
    export HTTPS_PROXY=http://127.0.0.1:9
    run -75 --separate-stderr kimi models
    assert_contains "$stderr" "api.moonshot.cn"
    key_file sk-ai
    run -75 --separate-stderr kimi login --platform moonshot-ai --api-key-stdin <"$KEY_FILE"
    assert_contains "$stderr" "api.moonshot.ai"
    run -75 --separate-stderr kimi login --platform kimi-code --api-key-stdin <"$KEY_FILE"
    assert_contains "$stderr" "api.kimi.com"
}

@test "a key is not sent over plain http to another machine: 1 config" {
    key_file sk-cn
    KIMI_MOONSHOT_CN_BASE_URL=http://192.0.2.1/v1 run -1 --separate-stderr kimi login --platform moonshot-cn --api-key-stdin --json <"$KEY_FILE"
    assert_same config "$(event error data.code)"
    [ ! -e "$CONFIG" ]
}

@test "one platform with an invalid base URL does not affect the others" {
    every_platform
    KIMI_MOONSHOT_CN_BASE_URL=http://192.0.2.1/v1 run -1 --separate-stderr kimi models
    assert_error models 'platform\.kimi\.com'
    assert_same "1 0 1" "$(asked)"
    assert_contains "$output" kimi-for-coding
}

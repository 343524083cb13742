#!/usr/bin/env bats
# kimi models: the list on a terminal, in a pipe and as JSON, --sync, and every response of a server.

# Each test runs in a subshell; run sets stderr; sh -c and the fakes take quoted scripts; setup sets CONFIG.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016,SC2153

bats_require_minimum_version 1.5.0
load helper
load login_helper

# answers FAULT STATUS CODE: `kimi models` if the list request has this fault.
answers() {
    server_control '{"faults": {"models": ['"$1"']}}'
    run "-$2" --separate-stderr kimi models --json
    assert_same "$3" "$(event error data.code)" "code for $1"
    assert_error models .
}

two_models='[{"id": "kimi-a", "context_length": 1000}, {"id": "kimi-b", "context_length": 2000, "supports_reasoning": true}]'

@test "in a pipe: a line a model, parted by tabs, without a heading" {
    server_start
    logged_in
    run -0 --separate-stderr kimi models
    assert_same $'*\tkimi-for-coding\tKimi For Coding\t262144\tthinking,image_in\n\tkimi-k2-turbo\t\t131072\t' "$output"
    assert_same "" "$stderr"
}

@test "on a terminal: a heading, columns that line up, and how to change the default" {
    server_start
    logged_in
    run -0 on_terminal kimi models
    assert_same "   MODEL            NAME             CONTEXT  CAPABILITIES
*  kimi-for-coding  Kimi For Coding     256K  thinking,image_in
   kimi-k2-turbo                        128K

The default is kimi-for-coding. To change it: kimi models --use MODEL" "$output"
    sed -i '/^default_model = /d' "$CONFIG"
    run -0 on_terminal kimi models
    assert_contains "$output" "There is no default. To choose one: kimi models --use MODEL"
}

@test "on a narrow terminal the id is whole; name and capabilities are cut, then left out" {
    server_start
    store_login
    models_control '[{"id": "kimi-for-coding-with-a-long-id", "display_name": "A name of some length", "context_length": 1000000, "supports_reasoning": true, "supports_image_in": true, "supports_video_in": true}]'
    kimi-login --quiet
    run -0 on_terminal kimi models
    assert_same "   MODEL                           NAME               CONTEXT  CAPABILITIES
*  kimi-for-coding-with-a-long-id  A name of some l…       1M  thinking,image_i…" "${output%$'\n\n'*}"
    run -0 on_terminal --columns 60 kimi models
    assert_same "   MODEL                           NAME     CONTEXT  CAPABI…
*  kimi-for-coding-with-a-long-id  A name…       1M  thinki…" "${output%$'\n\n'*}"
    run -0 on_terminal --columns 42 kimi models
    assert_same "   MODEL                           CONTEXT
*  kimi-for-coding-with-a-long-id       1M" "${output%$'\n\n'*}"
    run -0 on_terminal --columns 40 kimi models
    assert_same "   MODEL  NAME       CONTEXT  CAPABILIT…
*  kimi-for-coding-with-a-long-id
          A name o…       1M  thinking,…" "${output%$'\n\n'*}"
    assert_same "The default is
kimi-for-coding-with-a-long-id. To
change it: kimi models --use MODEL" "${output##*$'\n\n'}"
    # Even an id that is wider than the terminal is not cut.
    run -0 on_terminal --columns 24 kimi models
    assert_contains "$output" "*  kimi-for-coding-with-a-long-id"
    # In a pipe nothing is cut or rounded.
    run -0 kimi models
    assert_contains "$output" $'A name of some length\t1000000\tthinking,image_in,video_in'
}

@test "an id that does not fit beside the context has a line of its own, and the other rows do not change" {
    server_start
    store_login
    local long
    long=$(printf 'long-%.0s' {1..20})id
    models_control '[{"id": "short", "display_name": "A name", "context_length": 8192}, {"id": "'"$long"'", "display_name": "Another", "context_length": 131072}, {"id": "bare-'"$long"'"}, {"id": "last", "context_length": 1000}]'
    kimi-login --quiet
    local columns
    for columns in 80 40; do
        run -0 on_terminal --columns "$columns" kimi models
        assert_same "   MODEL  NAME     CONTEXT  CAPABILITIES
*  short  A name        8K
   $long
          Another     128K
   bare-$long
                         -
   last                 1K" "$(sed '/^$/,$d' <<<"$output")" "$columns columns" || return
    done
}

@test "a list that is longer than the terminal goes to the pager, and nothing else does" {
    server_start
    store_login
    models_control "[$(printf '{"id": "m-%d", "context_length": 1000},' {1..40}){\"id\": \"last\", \"context_length\": 1}]"
    kimi-login --quiet
    export TERM=xterm
    PAGER="sed s/^/paged:/" run -0 on_terminal kimi models
    assert_contains "$output" "paged:*  m-1 "
    assert_contains "$output" "paged:The default is m-1."
    PAGER="sed s/^/paged:/" run -0 on_terminal --rows 80 kimi models
    assert_lacks "$output" paged
    assert_contains "$output" "The default is m-1."
    PAGER='' run -0 on_terminal kimi models
    assert_contains "$output" "The default is m-1."
    # Leaving the pager early is not an error. If it is missing, sh says so.
    PAGER="head -n 1" run -0 on_terminal kimi models
    assert_same "   MODEL  NAME  CONTEXT  CAPABILITIES" "$output"
    PAGER="sed s/^/paged:/" run -0 kimi models
    assert_lacks "$output" paged
    PAGER="sed s/^/paged:/" run -0 on_terminal kimi models --json
    assert_lacks "$output" paged
}

@test "on a terminal: wide and combining characters line up too" {
    server_start
    store_login
    models_control '[{"id": "a", "display_name": "月之暗面", "context_length": 1}, {"id": "b", "display_name": "e\u0301e\u0301", "context_length": 2}, {"id": "c", "display_name": "abcdefghijk", "context_length": 3}]'
    local locale
    for locale in C.UTF-8 C; do
        LC_ALL=$locale run -0 on_terminal kimi models
        kimi_python - <<PY
import unicodedata
lines = """$output""".strip("\n").split("\n")[:4]
def columns(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
places = [columns(line[:line.rindex(str(n))]) for n, line in enumerate(lines) if n]
assert len(places) == 3 and len(set(places)) == 1, (places, lines)
PY
    done
}

@test "--json has the design's exact shape" {
    server_start
    logged_in
    run -0 --separate-stderr kimi models --json
    assert_same '{"models":[{"key":"kimi-code/kimi-for-coding","platform":"kimi-code","id":"kimi-for-coding","display_name":"Kimi For Coding","context_length":262144,"capabilities":["thinking","image_in"],"default":true},{"key":"kimi-code/kimi-k2-turbo","platform":"kimi-code","id":"kimi-k2-turbo","display_name":null,"context_length":131072,"capabilities":[],"default":false}],"errors":[]}' "$output"
}

@test "the mark follows default_model in the config" {
    server_start
    logged_in
    sed -i 's|^default_model = .*|default_model = "kimi-code/kimi-k2-turbo"|' "$CONFIG"
    run -0 kimi models
    assert_contains "$output" $'*\tkimi-k2-turbo'
    assert_lacks "$output" $'*\tkimi-for-coding'
}

@test "without a config there is a list without a mark" {
    server_start
    store_login
    run -0 --separate-stderr kimi models
    assert_contains "$output" kimi-for-coding
    assert_lacks "$output" '*'
    assert_same "" "$stderr"
    [ ! -e "$CONFIG" ]
}

@test "a config that does not parse costs the mark, not the list" {
    server_start
    store_login
    write_config <<<'a = = b'
    run -0 --separate-stderr kimi models
    assert_contains "$output" kimi-for-coding
    assert_same "kimi models: config.toml, line 1, column 5: expected a value; correct the file by hand, then run the command again" "$stderr"
    # Which one is the default is not known, and none can be chosen.
    run -0 on_terminal kimi models
    assert_lacks "$output" "--use"
}

@test "capabilities come from the flags and from the id" {
    server_start
    store_login
    models_control '[{"id": "r", "supports_reasoning": true}, {"id": "i", "supports_image_in": true}, {"id": "v", "supports_video_in": true}, {"id": "x-Thinking-1"}, {"id": "Kimi-K2.5-x"}, {"id": "all-thinking", "supports_reasoning": true, "supports_image_in": true, "supports_video_in": true}]'
    run -0 kimi models
    assert_same "thinking image_in video_in thinking,always_thinking thinking,image_in,video_in thinking,always_thinking,image_in,video_in" \
        "$(cut -f 5 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
}

@test "without a login: 4, and nothing asked" {
    server_start
    run -4 --separate-stderr kimi models --json
    assert_same login_required "$(event error data.code)"
    assert_error models "kimi login"
    assert_same 0 "$(server_count all)"
}

## --sync

@test "--sync adds, updates and removes models, and keeps the default that is left" {
    server_start
    logged_in
    models_control '[{"id": "kimi-new", "context_length": 5}, {"id": "kimi-for-coding", "context_length": 1000}]'
    run -0 --separate-stderr kimi models --sync
    assert_contains "$stderr" "were updated"
    assert_loads 'models>kimi-code/kimi-k2-turbo=null' 'models>kimi-code/kimi-new>max_context_size=5' \
        'models>kimi-code/kimi-for-coding={"provider": "managed:kimi-code", "model": "kimi-for-coding", "max_context_size": 1000}' \
        'default_model="kimi-code/kimi-for-coding"'
}

@test "--sync moves a default that went to the first of the list" {
    server_start
    logged_in
    models_control "$two_models"
    run -0 kimi models --sync
    assert_loads 'default_model="kimi-code/kimi-a"' 'default_thinking=false' 'models>kimi-code/kimi-for-coding=null'
}

@test "--sync leaves a default of another provider alone" {
    write_config <<'TOML'
[providers.mine]
type = "openai_legacy"
base_url = "https://example.com"
api_key = "k"

[models.own]
provider = "mine"
model = "gpt"
max_context_size = 1
TOML
    server_start
    logged_in
    sed -i 's|^default_model = .*|default_model = "own"|' "$CONFIG"
    models_control "$two_models"
    run -0 kimi models --sync
    assert_loads 'default_model="own"' 'models>own>model="gpt"' 'models>kimi-code/kimi-b>capabilities=["thinking"]'
}

@test "--sync to an empty list leaves a config that loads" {
    server_start
    logged_in
    models_control '[]'
    run -0 kimi models --sync
    assert_same "" "$output" || assert_lacks "$output" $'\t'
    assert_loads 'default_model=null' 'providers>managed:kimi-code>type="kimi"'
}

@test "--sync that changes nothing leaves the file's inode and time alone" {
    server_start
    logged_in
    local before
    before=$(stat -c '%i %y' "$CONFIG")
    run -0 --separate-stderr kimi models --sync
    assert_contains "$stderr" "are up to date"
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")"
}

@test "--sync changes nothing after kimi-cli has rewritten the file" {
    server_start
    logged_in
    # Sub-tables instead of inline tables, and capabilities in another order, as tomlkit writes them.
    kimi_python - "$CONFIG" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
text = re.sub(r'(\[([^\n]*)\][^\[]*?)oauth = \{ storage = "file", key = "oauth/kimi-code" \}\n',
              r'\1\n[\2.oauth]\nstorage = "file"\nkey = "oauth/kimi-code"\n', text)
text = text.replace('["thinking", "image_in"]', '["image_in", "thinking"]')
assert text.count(".oauth]") == 3 and '["image_in"' in text, text
open(sys.argv[1], "w").write(text)
PY
    local before
    before=$(stat -c '%i %y' "$CONFIG")
    run -0 kimi models --sync
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")"
    run -0 kimi logout
    assert_same "" "$(tr -d '\n' <"$CONFIG")"
}

@test "--sync keeps a user's own keys in a model" {
    server_start
    logged_in
    sed -i '/^model = "kimi-for-coding"/a note = "mine" # my own' "$CONFIG"
    models_control '[{"id": "kimi-for-coding", "context_length": 77}]'
    run -0 kimi models --sync
    assert_contains "$(cat "$CONFIG")" 'note = "mine" # my own'
    assert_loads 'models>kimi-code/kimi-for-coding>max_context_size=77'
}

@test "--sync without a config says to log in, and creates none" {
    server_start
    store_login
    run -1 --separate-stderr kimi models --sync --json
    assert_same config "$(event error data.code)"
    assert_error models "kimi login"
    [ ! -e "$CONFIG" ]
}

@test "without --sync the config is not touched" {
    server_start
    logged_in
    local before
    before=$(stat -c '%i %y' "$CONFIG")
    models_control "$two_models"
    run -0 kimi models
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")"
}

## Responses of the server

@test "401: one forced refresh and one retry" {
    server_start
    store_login
    server_control '{"faults": {"models": [{"status": 401, "json": {"error": {"message": "no", "type": "x"}}}]}}'
    run -0 kimi models
    assert_same 1 "$(server_count refresh)"
    assert_same 2 "$(server_count models)"
    assert_same "Bearer $(stored access_token)" "$(server_last models | json headers.authorization)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "401 twice: 4 rejected, after one refresh and no more" {
    server_start
    store_login
    answers '{"status": 401, "repeat": 9}' 4 rejected
    assert_same 1 "$(server_count refresh)"
    assert_same 2 "$(server_count models)"
}

@test "models without a login makes no home" {
    run -4 --separate-stderr env HOME="$BATS_TEST_TMPDIR" kimi-models
    run ! compgen -G "$BATS_TEST_TMPDIR/.kimi*"
}

@test "an account that is not logged in: 4, and the hint names it" {
    run -4 --separate-stderr kimi models --account work
    assert_contains "$stderr" "; run 'kimi login --account work'"
}

@test "402 is the account: 1, without a refresh, in the server's words" {
    server_start
    store_login
    answers '{"status": 402, "json": {"error": {"message": "no credit left", "type": "x"}}}' 1 denied
    assert_contains "$stderr" "no credit left"
    assert_same 0 "$(server_count refresh)"
    assert_same 1 "$(server_count models)"
}

@test "a refusal is explained in the server's words, also in the forms of gateways" {
    server_start
    store_login
    local body
    for body in '{"message": "no credit", "code": "denied"}' '{"error": "no credit"}' '{"detail": "no credit"}' \
        '{"error": "denied", "error_description": "no credit"}'; do
        answers '{"status": 402, "json": '"$body"'}' 1 denied
        assert_contains "$stderr" ": no credit (status 402)"
    done
}

@test "access_terminated_error is final: 1, without a refresh, regardless of the status" {
    server_start
    store_login
    local status
    for status in 401 403; do
        answers '{"status": '$status', "json": {"error": {"message": "ended", "type": "access_terminated_error"}}}' 1 denied
    done
    assert_same 0 "$(server_count refresh)"
    assert_same 2 "$(server_count models)"
}

@test "what is not from Kimi is 75 network" {
    server_start
    store_login
    answers '{"body": "<!DOCTYPE html><p>hotel", "content_type": "text/html"}' 75 network
    answers '{"body": "  <html>hotel", "content_type": "application/json"}' 75 network
    answers '{"status": 403, "body": "<html>", "content_type": "text/html"}' 75 network
    answers '{"location": "https://example.com/"}' 75 network
    answers '{"reset": "mid-body"}' 75 network
    answers '{"truncate": 20}' 75 network
}

@test "a failing server is 75 server" {
    server_start
    store_login
    answers '{"status": 500}' 75 server
    answers '{"status": 503}' 75 server
    answers '{"status": 429}' 75 server
}

@test "a response that is not a list of models is 1 protocol" {
    server_start
    store_login
    local body
    for body in '' 'garbage' '{"data": [' '[]' '5' 'null' '{}' '{"data": null}' '{"data": {}}' '{"data": "x"}' '{"data": [] } x'; do
        answers '{"body": '"$(kimi_python -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$body")"', "content_type": "application/json"}' 1 protocol
    done
    answers '{"nul": true}' 1 protocol
    answers '{"json": {"data": [{"id": "a\u0000b"}]}}' 1 protocol
}

@test "an endless response is cut off" {
    server_start
    store_login
    answers '{"endless": true}' 1 protocol
}

@test "items that are not models are skipped" {
    server_start
    store_login
    models_control '[null, 5, "x", [], {}, {"id": null}, {"id": 5}, {"id": ""}, {"id": "good"}, {"name": "x"}]'
    run -0 kimi models
    assert_same good "$(cut -f 2 <<<"$output")"
}

@test "fields of the wrong type count as missing, a numeric string as the number, a true value as a capability" {
    server_start
    store_login
    models_control '[{"id": "a", "context_length": "4096", "supports_reasoning": "yes", "supports_image_in": 1, "display_name": 5}, {"id": "b", "context_length": -5}, {"id": "c", "context_length": null, "supports_video_in": null}, {"id": "d", "context_length": 1e300}, {"id": "e", "context_length": [1], "display_name": ["x"]}]'
    run -0 kimi models --json
    assert_same '["a/4096/2", "b/0/0", "c/0/0", "d/0/0", "e/0/0"]' "$(json '' <<<"$output" | kimi_python -c '
import json, sys
print(json.dumps(["%s/%d/%d" % (m["id"], m["context_length"], len(m["capabilities"])) for m in json.load(sys.stdin)["models"]]))')"
    assert_lacks "$output" '["x"]'
}

@test "a model that comes twice is listed and written once, as it comes last" {
    server_start
    models_control '[{"id": "a", "context_length": 1}, {"id": "a", "context_length": 2}, {"id": "b"}]'
    logged_in
    run -0 kimi models
    assert_same "a b" "$(cut -f 2 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
    assert_loads 'models>kimi-code/a>max_context_size=2'
}

@test "an id with control characters is left out, and a name is shown without them" {
    server_start
    models_control '[{"id": "a\u001b[31m"}, {"id": "b\nc"}, {"id": "ok", "display_name": "x\u001b]0;y\u0007\u202ez\tw\nv"}]'
    logged_in
    run -0 kimi models
    assert_same ok "$(cut -f 2 <<<"$output")"
    assert_lacks "$output" $'\e'
    assert_lacks "$output" $'\a'
    assert_same 1 "$(wc -l <<<"$output" | tr -d ' ')"
    assert_lacks "$(cat "$CONFIG")" $'\e'
    assert_loads 'default_model="kimi-code/ok"'
}

@test "ids that need quoting in TOML are written so that they come back" {
    server_start
    models_control '[{"id": "a.b"}, {"id": "q\"\\"}, {"id": "模型"}, {"id": "sp ace"}, {"id": "[x]"}, {"id": "#"}]'
    logged_in
    assert_loads 'models>kimi-code/a.b>model="a.b"' 'models>kimi-code/q"\>model="q\"\\"' 'models>kimi-code/模型>model="模型"' \
        'models>kimi-code/sp ace>model="sp ace"' 'models>kimi-code/[x]>model="[x]"' 'models>kimi-code/#>model="#"'
    run -0 --separate-stderr kimi models --sync
    assert_contains "$stderr" "are up to date"
    run -0 kimi logout
    assert_same "" "$(tr -d '\n' <"$CONFIG")"
}

@test "10,000 models are listed and written" {
    server_start
    store_login
    kimi_python - "$(server_dir)/control.json" "$MANY" <<'PY'
import json, sys
models = [{"id": "kimi-%06d" % n, "context_length": n + 1, "supports_reasoning": True} for n in range(int(sys.argv[2]))]
json.dump({"models": models}, open(sys.argv[1], "w"))
PY
    kimi login --quiet
    kimi models >"$BATS_TEST_TMPDIR/list"
    assert_same "$MANY" "$(wc -l <"$BATS_TEST_TMPDIR/list" | tr -d ' ')"
    assert_same "$MANY" "$(grep -c '^\[models\."kimi-code/kimi-' "$CONFIG")"
}

@test "a reader that closes the pipe early causes no error message" {
    server_start
    store_login
    run bash -c 'kimi models | true'
    assert_same "" "$output"
}

@test "a list that cannot be written in full is an error: 1" {
    server_start
    store_login
    run -1 --separate-stderr sh -c 'kimi models >/dev/full'
    assert_error models "standard output"
}

@test "the token travels in the Authorization header alone" {
    server_start
    store_login
    run -0 kimi models
    assert_same "Bearer at-stored" "$(server_last models | json headers.authorization)"
    assert_same /coding/v1/models "$(server_last models | json path)"
}

@test "an expired login is refreshed first" {
    server_start
    store_login --expires-in-left -10
    run -0 kimi models
    assert_same 1 "$(server_count refresh)"
    assert_same 1 "$(server_count models)"
}

@test "a login that lives is used though it cannot be refreshed just now" {
    server_start
    store_login --expires-in-left 100
    server_control '{"faults": {"refresh": [{"status": 400, "json": {}, "forever": true}]}}'
    run -0 kimi models
    assert_contains "$output" kimi-for-coding
}

@test "a base URL of plain http elsewhere is refused: 1 config" {
    server_start
    store_login
    KIMI_CODE_BASE_URL=http://192.0.2.1/v1 run -1 --separate-stderr kimi models --json
    assert_same config "$(event error data.code)"
}

@test "--sync: models of the platform with a NUL in their key go, and take no other along" {
    server_start
    logged_in
    printf '\n[models.mine]\nprovider = "managed:moonshot-cn"\nmodel = "m"\nmax_context_size = 1\n' >>"$CONFIG"
    cp "$CONFIG" "$BATS_TEST_TMPDIR/before"
    printf '\n[models."mine\\u0000z"]\nprovider = "managed:kimi-code"\nmodel = "z"\nmax_context_size = 1\n' >>"$CONFIG"
    printf '\n[models."kimi-code/kimi-k2-turbo\\u0000"]\nprovider = "managed:kimi-code"\nmodel = "z"\nmax_context_size = 1\n' >>"$CONFIG"
    run -0 kimi models --sync
    cmp "$BATS_TEST_TMPDIR/before" "$CONFIG"
}

@test "--sync refuses a provider that is not a table, as login does" {
    local provider
    server_start
    for provider in $'[[providers."managed:kimi-code"]]\ntype = "kimi"' $'[providers]\n"managed:kimi-code" = "kimi"'; do
        store_login
        write_config <<<"$provider"
        run -1 --separate-stderr kimi models --sync
        assert_error models 'managed:kimi-code is not a table; correct the file by hand'
        run -1 kimi login
        assert_same "$provider" "$(cat "$CONFIG")"
        # Login did not write it, so logout leaves it.
        run -0 kimi logout
        assert_same "$provider" "$(cat "$CONFIG")"
    done
}

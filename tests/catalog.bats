#!/usr/bin/env bats
# Model lists of absurd sizes and shapes: memory is bounded, time is linear, and the error is clear.

bats_require_minimum_version 1.5.0
load helper
load login_helper

# big_list PYTHON-EXPRESSION: sets the server's model list.
big_list() {
    kimi_python - "$(server_dir)/control.json" "$1" <<'PY'
import json, sys
json.dump({"pending": 0, "models": eval(sys.argv[2])}, open(sys.argv[1], "w"))
PY
}

# raw_list PYTHON-EXPRESSION [gzip]: sets the body of the model list as bytes, and how it is encoded.
raw_list() {
    kimi_python - "$(server_dir)/control.json" "$@" <<'PY'
import base64, gzip, json, sys
body, head = eval(sys.argv[2]), b""
if "gzip" in sys.argv:
    body, head = gzip.compress(body), b"Content-Encoding: gzip\r\n"
raw = b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (head, len(body), body)
fault = {"raw_b64": base64.b64encode(raw).decode(), "forever": True}
json.dump({"pending": 0, "faults": {"models": [fault]}}, open(sys.argv[1], "w"))
PY
}

# assert_small STATUS COMMAND...: it exits with that status, prints at most one line and never uses more than 64 MB.
assert_small() {
    local wanted=$1
    shift
    kimi_python - "$wanted" "$@" <<'PY'
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
said = process.stderr.read().decode()
_, status, usage = os.wait4(process.pid, 0)
status, size = os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024
print("%d, %d MB: %s: %s" % (status, size, sys.argv[2:], said[:300]))
small = os.environ.get("KIMI_TEST_CHECKER") or size < 64
sys.exit(not (small and status == int(sys.argv[1]) and said.count("\n") <= 1))
PY
}

# every_command_is_small STATUS: with that list, login still saves its tokens, and each command that fetches the list exits
# with STATUS.
every_command_is_small() {
    rm -rf "$HOME/.kimi"
    assert_small "$(($1 ? 75 : 0))" kimi-login --json --quiet
    [ -e "$HOME/.kimi/credentials/kimi-code.json" ]
    assert_contains "$(cat "$CONFIG")" managed:kimi-code
    assert_small "$1" kimi-models
    assert_small "$1" kimi-models --json
    assert_small "$1" kimi-models --sync
    assert_small "$1" kimi-refresh --models --quiet
    assert_small 0 kimi-status --online
    assert_small 0 kimi-token --headers
    assert_small 0 kimi-logout --quiet
}

# within MILLISECONDS COMMAND...: limits the processor time, so that a busy machine does not matter, and memory to 1 GiB.
within() (
    limit_memory $((1 << 20))
    kimi_python - "$@" <<'PY'
import os, resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
took = (usage.ru_utime + usage.ru_stime) * 1000
print("%d ms, %d MB: %s" % (took, usage.ru_maxrss / 1024, sys.argv[2:]), file=sys.stderr)
slowness = 20 if os.environ.get("KIMI_TEST_CHECKER") else 1
sys.exit(code or took > slowness * float(sys.argv[1]))
PY
)

@test "10,000 models are listed, written and chosen from, each in a few seconds" {
    server_start
    store_login
    big_list '[{"id": "m%d" % n, "context_length": n + 1} for n in range('"$MANY"')]'
    write_config <<<$'[providers."managed:kimi-code"]\ntype = "kimi"\nbase_url = "x"\napi_key = ""'
    within 3000 kimi-models >"$BATS_TEST_TMPDIR/list"
    assert_same "$MANY" "$(wc -l <"$BATS_TEST_TMPDIR/list" | tr -d ' ')"
    within 5000 kimi-models --sync --quiet >/dev/null
    assert_same "$MANY" "$(grep -c '^\[models\."kimi-code/m' "$CONFIG")"
    within 5000 kimi-models --use m1432 --quiet
    assert_same 'default_model = "kimi-code/m1432"' "$(grep '^default_model' "$CONFIG")"
}

@test "10,000 times the same id is one model, and its last form counts" {
    server_start
    store_login
    big_list '[{"id": "a", "context_length": n + 7} for n in range('"$MANY"')]'
    within 3000 kimi-models >"$BATS_TEST_TMPDIR/list"
    assert_same $'\ta\t\t'"$((MANY + 6))"$'\t' "$(cat "$BATS_TEST_TMPDIR/list")"
}

@test "one model more than 10,000: 1 protocol in one line; a login is kept, without models" {
    server_start
    big_list '[{"id": "m%d" % n} for n in range(10001)]'
    run -75 --separate-stderr kimi login
    assert_contains "$stderr" 'it lists more than 10000 models'
    assert_same 0 "$(grep -c '^\[models' "$CONFIG")"
    run -0 --separate-stderr kimi token
    run -1 --separate-stderr kimi models --sync --json
    assert_same protocol "$(event error data.code)"
    assert_error models 'it lists more than 10000 models'
}

@test "ids and names of more than 1 MiB in all: 1 protocol in one line" {
    server_start
    store_login
    big_list '[{"id": "%06d" % n, "display_name": "n" * 256} for n in range(4096)]'
    run -1 --separate-stderr kimi models --json
    assert_same protocol "$(event error data.code)"
    assert_error models 'more than 1048576 bytes'
    # A protocol takes as much memory in the config as a long name.
    big_list '[{"id": "%06d" % n, "protocol": "anthropic"} for n in range('"$MANY"')]'
    run -1 --separate-stderr kimi models
    assert_error models 'more than 1048576 bytes'
}

@test "an id or a name of more than 256 bytes is left out, one of 256 is not" {
    server_start
    store_login
    big_list '[{"id": "a" * 257}, {"id": "b" * 256, "display_name": "c" * 256}, {"id": "d", "display_name": "e" * 257}]'
    run -0 --separate-stderr kimi models
    assert_same "$(printf '\t%0256d\t%0256d\t0\t\n\td\t\t0\t' 0 0)" "$(tr bc 00 <<<"$output")"
}

@test "no command takes more than 64 MB, with the longest list that counts" {
    server_start
    big_list '[{"id": "x" * 45 + "%06d" % n, "display_name": "\"" * 52, "context_length": 1, "object": "model", "created": 1, "owned_by": "m", "supports_reasoning": True, "supports_image_in": True, "supports_video_in": True} for n in range('"$MANY"')]'
    every_command_is_small 0
}

@test "no command takes more than 64 MB when the longest list takes the place of another one" {
    local list client
    server_start
    for client in kimi-cli kimi-code; do
        export KIMI_CLIENT=$client
        for list in a b; do
            big_list '[{"id": "'$list'" * 66 + "%06d" % n, "display_name": "n" * 24, "context_length": 1, "supports_reasoning": True, "supports_image_in": True, "supports_video_in": True} for n in range('"$MANY"')]'
            [ $list = b ] || assert_small 0 kimi-login --json --quiet
            assert_small 0 kimi-models --sync --quiet
            assert_small 0 kimi-models --use "$(printf "$list%.0s" {1..66})000007" --quiet
        done
    done
}

@test "no command takes more than 64 MB, or is killed, with 51 MB of empty lists and one text in 50 kB of gzip" {
    server_start
    raw_list 'b"{\"data\":[" + b"[]," * 3800000 + b"\"" + b"x" * 40000000 + b"\"]}"' gzip
    every_command_is_small 1
}

@test "no command takes more than 64 MB with 8 MB of values or of one text" {
    server_start
    raw_list 'b"{\"data\":[" + b"[]," * 2700000 + b"1]}"'
    every_command_is_small 1
    raw_list 'b"{\"data\":[" + b"{}," * 109000 + b"1]}"'
    every_command_is_small 1
    raw_list 'b"{\"data\":[],\"x\":[" + b",".join(b"{\"%d\":{}}" % n for n in range(54000)) + b"]}"'
    every_command_is_small 0
    raw_list 'b"{\"data\":[\"" + b"x" * 8300000 + b"\"]}"'
    every_command_is_small 0
}

@test "2,000 ids of 256 bytes are listed and written, and come back" {
    server_start
    big_list '[{"id": "x" * 250 + "%06d" % n, "display_name": "n" * 256} for n in range('$((MANY / 5))')]'
    store_login
    within 5000 kimi-login --quiet
    within 3000 kimi-models >"$BATS_TEST_TMPDIR/list"
    assert_same "$((MANY / 5)) $((MANY / 5))" "$(grep -c '^\[models\.' "$CONFIG") $(wc -l <"$BATS_TEST_TMPDIR/list" | tr -d ' ')"
    assert_same 256 "$(head -n 1 "$BATS_TEST_TMPDIR/list" | cut -f 2 | tr -d '\n' | wc -c | tr -d ' ')"
    assert_same 1 "$(grep -c '^\*' "$BATS_TEST_TMPDIR/list")"
    # One line, even with very many candidates.
    local before
    run -2 --separate-stderr kimi models --use xxx
    assert_error models 'several models'
    [ "${#stderr}" -lt 1500 ]
    before=$(stat -c '%i %y' "$CONFIG")
    kimi models --sync --quiet >/dev/null
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")"
    kimi logout --quiet
    assert_same "" "$(tr -d '\n' <"$CONFIG")"
}

@test "an id beyond all reason is left out, the others are shown" {
    server_start
    store_login
    big_list '[{"id": "y" * 3000000}, {"id": "good", "display_name": "z" * 3000000}, {"id": "fine"}]'
    within 2000 kimi-models >"$BATS_TEST_TMPDIR/list"
    assert_same "good fine" "$(cut -f 2 "$BATS_TEST_TMPDIR/list" | tr '\n' ' ' | sed 's/ $//')"
}

@test "wrong types anywhere: valid models are shown, and --json has null where a field is absent" {
    server_start
    store_login
    big_list '[{"id": "ok%d" % n, "context_length": v, "display_name": v, "supports_reasoning": v, "supports_image_in": v, "supports_video_in": v} for n, v in enumerate([None, True, False, 0, -1, 1.5, "x", "", [], {}, [1], {"a": 1}])] + [None, 1, "x", [], [[]], {}, {"id": {}}, {"id": []}, {"id": True}, {"id": 1.5}]'
    run -0 --separate-stderr kimi models --json
    assert_same "" "$stderr"
    kimi_python - "$output" <<'PY'
import json, sys
models = json.loads(sys.argv[1])["models"]
assert [m["id"] for m in models] == ["ok%d" % n for n in range(12)], models
for m in models:
    assert type(m["context_length"]) is int and m["context_length"] >= 0, m
    assert m["display_name"] is None or m["display_name"] == "x", m
    assert set(m["capabilities"]) <= {"thinking", "image_in", "video_in"}, m
assert models[1]["capabilities"] == ["thinking", "image_in", "video_in"], models[1]
assert models[2]["capabilities"] == [], models[2]
PY
}

@test "an endlessly nested response is refused in one line: 1 protocol" {
    server_start
    store_login
    kimi_python - "$(server_dir)/control.json" <<'PY'
import json, sys
deep = "[" * 100000
json.dump({"faults": {"models": [{"body": '{"data": ' + deep, "content_type": "application/json"}]}}, open(sys.argv[1], "w"))
PY
    run -1 --separate-stderr kimi models --json
    assert_same protocol "$(event error data.code)"
    assert_error models .
}

@test "a response that is too large: 1 protocol, one clear line, and bounded memory" {
    server_start
    store_login
    server_control '{"faults": {"models": [{"pad": 70000000}]}}'
    run -1 --separate-stderr within 3000 kimi-models --json
    assert_same protocol "$(event error data.code)"
    stderr=$(grep -v ' MB: ' <<<"$stderr")
    assert_error models 'more than [0-9]+ bytes'
}

@test "a response that is too large from one platform does not affect the others" {
    server_start
    store_login
    write_config <<<$'[providers."managed:moonshot-cn"]\ntype = "kimi"\nbase_url = "x"\napi_key = "sk-cn"'
    server_control '{"api_keys": {"cn": ["sk-cn"]}, "faults": {"models": [{"endless": true}]}}'
    run -1 --separate-stderr kimi models
    assert_same "kimi-k2.5 kimi-k2-thinking" "$(cut -f 2 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
    output='' assert_error models 'Kimi Code.*more than'
}

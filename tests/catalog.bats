#!/usr/bin/env bats
# Model lists of absurd size and shape: bounded memory, linear time, a clear answer.

bats_require_minimum_version 1.5.0
load helper
load login_helper

# big_list PYTHON-EXPRESSION: the server's list from now on.
big_list() {
    kimi_python - "$(server_dir)/control.json" "$1" <<'PY'
import json, sys
json.dump({"pending": 0, "models": eval(sys.argv[2])}, open(sys.argv[1], "w"))
PY
}

# within MILLISECONDS COMMAND...: of processor time, so that a busy machine is no failure; and under 1 GiB of memory.
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

@test "100,000 models are listed, written and chosen from, each in a few seconds" {
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

@test "100,000 times the same id is one model, and its first form counts" {
    server_start
    store_login
    big_list '[{"id": "a", "context_length": n + 7} for n in range('"$MANY"')]'
    within 3000 kimi-models >"$BATS_TEST_TMPDIR/list"
    assert_same $'\ta\t\t7\t' "$(cat "$BATS_TEST_TMPDIR/list")"
}

@test "2,000 ids of 4 kB are listed and written, and come back" {
    server_start
    big_list '[{"id": "x" * 4090 + "%06d" % n, "display_name": "n" * 4096} for n in range('$((MANY / 50))')]'
    store_login
    within 5000 kimi-login --quiet
    within 3000 kimi-models >"$BATS_TEST_TMPDIR/list"
    assert_same "$((MANY / 50)) $((MANY / 50))" "$(grep -c '^\[models\.' "$CONFIG") $(wc -l <"$BATS_TEST_TMPDIR/list" | tr -d ' ')"
    assert_same 4096 "$(head -n 1 "$BATS_TEST_TMPDIR/list" | cut -f 2 | tr -d '\n' | wc -c | tr -d ' ')"
    assert_same 1 "$(grep -c '^\*' "$BATS_TEST_TMPDIR/list")"
    # One line, however long the candidates.
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

@test "wrong types in every place: what is a model is shown, and --json has null where a field is absent" {
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

@test "an answer that nests without end is refused in one line: 1 protocol" {
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

@test "an answer that is too large: 1 protocol, one clear line, and bounded memory" {
    server_start
    store_login
    server_control '{"faults": {"models": [{"pad": 70000000}]}}'
    run -1 --separate-stderr within 3000 kimi-models --json
    assert_same protocol "$(event error data.code)"
    stderr=$(grep -v ' MB: ' <<<"$stderr")
    assert_error models 'more than [0-9]+ bytes'
}

@test "an answer that is too large from one platform does not take the others along" {
    server_start
    store_login
    write_config <<<$'[providers."managed:moonshot-cn"]\ntype = "kimi"\nbase_url = "x"\napi_key = "sk-cn"'
    server_control '{"api_keys": {"cn": ["sk-cn"]}, "faults": {"models": [{"endless": true}]}}'
    run -1 --separate-stderr kimi models
    assert_error models 'Kimi Code.*more than'
    assert_same "kimi-k2.5 kimi-k2-thinking" "$(cut -f 2 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
}

#!/usr/bin/env bats
# kimi usage: all ways to show quota and balance, the cache, and every response of a server.

# Each test runs in a subshell; run sets stderr; sh -c and the fakes take quoted scripts.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016

bats_require_minimum_version 1.5.0
load helper
load login_helper

setup() {
    kimi_setup
    # shellcheck disable=SC2034 # for write_config
    CONFIG=$HOME/.kimi/config.toml
    export TZ=UTC XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    server_start
}

# usages JSON [MORE]: sets the quota of Kimi Code.
usages() { server_control "{\"usages\": $1${2:+, $2}}"; }

# used RATIO: sets how much of the five hours is used.
used() { usages '{"usages": {"limit_5h": {"used_ratio": '"$1"'}}}'; }

# with_key cn|ai KEY: stores that key, which the server knows.
with_key() {
    server_control '{"api_keys": {"'"$1"'": ["'"$2"'"]}}'
    kimi-login --quiet --platform "moonshot-$1" --api-key-stdin <<<"$2"
}

# Responses of real servers.
old='{"usage":{"limit":"100","used":"26","remaining":"74","resetTime":"2096-08-11T15:53:05.519605Z"},"limits":[{"window":{"duration":300,"timeUnit":"TIME_UNIT_MINUTE"},"detail":{"limit":"100","used":"27","remaining":"73","resetTime":"2096-08-08T14:53:05.519605Z"}}],"parallel":{"limit":"30"},"totalQuota":{},"subType":"TYPE_PURCHASE"}'
both='{"limits":[{"window":{"duration":300,"timeUnit":"TIME_UNIT_MINUTE"},"detail":{"limit":"100","remaining":"100","resetTime":"2026-09-15T12:49:10.897370Z"}}],"usages":{"limit_5h":{"used_ratio":0,"reset_time":"2026-09-15T12:49:10Z"},"limit_month_total":{"used_ratio":0.0338,"reset_time":"2026-10-15T07:49:10Z"},"limit_month_code":{"used_ratio":0,"reset_time":"2026-10-15T07:49:10Z"}}}'
new='{"usages":{"limit_5h":{"used_ratio":0.3,"reset_time":"2026-09-16T20:00:00Z"},"limit_7d":{"used_ratio":0.2,"reset_time":"2026-09-21T00:00:00Z"},"limit_month_total":{"used_ratio":0.4,"reset_time":"2026-10-01T00:00:00Z"},"limit_month_code":{"used_ratio":0.25,"reset_time":"2026-10-01T00:00:00Z"}}}'
contradicting='{"usage":{"limit":"100","used":"100","resetTime":"2026-09-24T02:09:07.465054Z"},"limits":[{"window":{"duration":300,"timeUnit":"TIME_UNIT_MINUTE"},"detail":{"limit":"100","remaining":"100","resetTime":"2026-09-21T01:09:07.465054Z"}}],"usages":{"limit_7d":{"used_ratio":0,"reset_time":"2026-09-24T02:09:07Z"}}}'

@test "in a pipe: one tab-separated line per window, without a heading, for every form of the response" {
    store_login
    usages "$old"
    run -0 --separate-stderr kimi usage
    assert_same $'kimi-code\t5h\t27\t27\t100\t3995275985\nkimi-code\t7d\t26\t26\t100\t3995538785' "$output"
    assert_same "" "$stderr"
    usages "$both"
    run -0 kimi usage
    assert_same $'kimi-code\t5h\t0\t0\t100\t1789476550\nkimi-code\tmonth\t3.38\t\t\t1792050550\nkimi-code\tmonth-code\t0\t\t\t1792050550' "$output"
    usages "$new"
    run -0 kimi usage
    assert_same $'kimi-code\t5h\t30\t\t\t1789588800\nkimi-code\t7d\t20\t\t\t1789948800\nkimi-code\tmonth\t40\t\t\t1790812800\nkimi-code\tmonth-code\t25\t\t\t1790812800' "$output"
    usages "$contradicting"
    run -0 kimi usage
    assert_same $'kimi-code\t5h\t0\t0\t100\t1789952947\nkimi-code\t7d\t100\t100\t100\t1790215747' "$output"
}

@test "all forms of the server's response: old, new and both" {
    store_login
    local shape
    for shape in old new both; do
        server_control '{"usages_shape": "'$shape'"}'
        run -0 kimi usage --line
        assert_contains "$output" "5h 27% 7d 26%"
    done
}

@test "--json has the design's exact shape, and sources what each part said" {
    store_login
    usages "$contradicting"
    run -0 --separate-stderr kimi usage --json
    kimi_python - "$output" <<'PY'
import json, sys, time
answer = json.loads(sys.argv[1])
(login,) = answer["usages"]
assert list(answer) == ["usages"]
assert list(login) == ["platform", "account", "client", "plan", "windows", "parallel_limit", "extra", "balance", "fetched_at", "error"], list(login)
assert abs(login.pop("fetched_at") - time.time()) < 60
assert [list(w) for w in login["windows"]] == 2 * [["name", "seconds", "used_ratio", "used", "limit", "resets_at", "resets_in", "sources"]]
assert login["windows"][1] == {"name": "7d", "seconds": 604800, "used_ratio": 1, "used": 100, "limit": 100,
    "resets_at": 1790215747, "resets_in": max(0, login["windows"][1]["resets_in"]), "sources": [
    {"part": "usage", "used_ratio": 1, "used": 100, "limit": 100, "resets_at": 1790215747},
    {"part": "usages", "used_ratio": 0, "used": None, "limit": None, "resets_at": 1790215747}]}, login["windows"][1]
del login["windows"]
assert login == {"platform": "kimi-code", "account": None, "client": "kimi-cli", "plan": None, "parallel_limit": None,
    "extra": None, "balance": None, "error": None}, login
PY
}

@test "--json: what the server did not send is null, and fractions are short" {
    store_login
    usages "$both"
    run -0 kimi usage --json
    assert_contains "$output" '{"name":"month","seconds":null,"used_ratio":0.0338,"used":null,"limit":null,"resets_at":1792050550,'
    usages '{"usage": {"limit": "0", "used": "0"}}'
    run -0 kimi usage --json
    assert_contains "$output" '{"name":"7d","seconds":604800,"used_ratio":null,"used":0,"limit":0,"resets_at":null,"resets_in":null,'
    usages "$old"
    run -0 kimi usage --json
    assert_contains "$output" '"plan":"TYPE_PURCHASE"'
    assert_contains "$output" '"parallel_limit":30'
    assert_contains "$output" '"used_ratio":0.27,'
}

@test "on a terminal: a bar, the numbers, the reset, and words from 50 and 85 percent on" {
    store_login
    server_control '{"usages": {"usages": {"limit_5h": {"used_ratio": 0.499, "reset_time": "2096-09-15T12:49:10Z"}, "limit_7d": {"used_ratio": 0.5}, "limit_month_total": {"used_ratio": 0.849}, "limit_month_code": {"used_ratio": 0.85}, "limit_1d": {"used_ratio": 1}}, "limits": [{"window": {"duration": 1, "timeUnit": "TIME_UNIT_HOUR"}, "detail": {"limit": 8, "used": 1}}], "parallel": {"limit": "30"}, "user": {"membership": {"level": "LEVEL_X"}}}}'
    run -0 on_terminal kimi usage
    assert_contains "$output" "Kimi Code"
    kimi_python - "$output" <<'PY'
import sys
lines = [line.rstrip("\r") for line in sys.argv[1].split("\n")]
assert lines[0] == "Kimi Code", lines
rows = {line.split()[0]: line for line in lines[1:]}
assert list(rows) == ["5h", "7d", "month", "month-code", "1h", "1d", "plan", "parallel"], rows
words = {name: [w for w in ("half used", " low", "used up") if w in row] for name, row in rows.items()}
assert words == {"5h": [], "7d": ["half used"], "month": ["half used"], "month-code": [" low"], "1d": ["used up"],
                 "1h": [], "plan": [], "parallel": []}, words
assert "████░░░░  50%  " in rows["5h"] and "  resets Sep 15 12:49 (" in rows["5h"], rows
assert "████████ 100%" in rows["1d"] and "1/8" in rows["1h"], rows
assert "LEVEL_X" in rows["plan"] and "30 requests at once" in rows["parallel"], rows
PY
    assert_lacks_escape
    TERM=xterm run -0 on_terminal kimi usage
    assert_contains "$output" $'\e[33m████░░░░  50%\e[0m'
    assert_contains "$output" $'\e[31m███████░  85%\e[0m'
    assert_contains "$output" $'  5h          ████░░░░  50%'
    TERM=xterm NO_COLOR=1 run -0 on_terminal kimi usage
    assert_lacks_escape
}

# assert_lacks_escape: the output of the last run has no control sequences.
assert_lacks_escape() { [[ $output != *$'\e'* ]] || fail "an escape sequence in: $output"; }

@test "in a pipe there is no colour and no bar" {
    store_login
    used 0.9
    TERM=xterm run -0 kimi usage
    assert_same $'kimi-code\t5h\t90\t\t\t' "$output"
}

# assert_fits COLUMNS ARGUMENT...: no line of kimi ARGUMENT... is wider than a terminal with that many columns, or ends in blanks.
assert_fits() {
    run -0 on_terminal --columns "$1" kimi "${@:2}"
    kimi_python - "$output" "$1" <<'PY'
import sys
lines = [line.rstrip("\r") for line in sys.argv[1].split("\n")]
wide = [line for line in lines if len(line) > int(sys.argv[2]) or line.endswith(" ")]
assert not wide, wide
PY
}

@test "on a terminal no row of a full response is wider than the terminal, of 80 and of 40 columns" {
    store_login
    local in_a_day in_a_month
    in_a_day=$(date -u -d "+1 day +10 minutes" +%FT%TZ) in_a_month=$(date -u -d "+30 days" +%FT%TZ)
    usages '{"usage": {"limit": "100", "used": "90", "resetTime": "'"$in_a_month"'"}, "limits": [{"window": {"duration": 300, "timeUnit": "TIME_UNIT_MINUTE"}, "detail": {"limit": "100", "used": "100", "resetTime": "'"$in_a_day"'"}}], "usages": {"limit_month_code": {"used_ratio": 0.9, "reset_time": "'"$in_a_month"'"}}}'
    assert_fits 80 usage
    assert_contains "$output" $'  5h          ████████ 100%  100/100  resets '
    assert_fits 40 usage
    assert_contains "$output" $'  5h          ████████ 100%  100/100\n    resets '
    usages '{"usage": {"limit": 1, "used": 0}, "boosterWallet": {"balance": {"type": "BOOSTER", "amount": "20000000000", "amountLeft": "10000000000"}, "monthlyChargeLimitEnabled": true, "monthlyChargeLimit": {"currency": "USD", "priceInCents": "20000"}, "monthlyUsed": {"currency": "USD", "priceInCents": "5000"}}}'
    assert_fits 80 usage
    assert_fits 40 usage
    with_key cn sk-cn
    assert_fits 40 usage --platform moonshot-cn
}

@test "quota that was bought is shown" {
    store_login
    usages '{"usage": {"limit": 1, "used": 0}, "boosterWallet": {"balance": {"type": "BOOSTER", "amount": "20000000000", "amountLeft": "10000000000"}, "monthlyChargeLimitEnabled": true, "monthlyChargeLimit": {"currency": "USD", "priceInCents": "20000"}, "monthlyUsed": {"currency": "USD", "priceInCents": "5000"}}}'
    run -0 kimi usage --json
    assert_contains "$output" '"extra":{"total":200,"left":100,"monthly_limit":200,"monthly_used":50,"currency":"USD"}'
    run -0 on_terminal kimi usage
    assert_contains "$output" "100.00 of 200.00 USD left; 50.00 of at most 200.00 used this month"
}

@test "the balance of the open platforms, with its currency" {
    with_key cn sk-cn
    run -0 --separate-stderr kimi usage --platform moonshot-cn
    assert_same $'moonshot-cn\tbalance-CNY\t\t\t49.58894\t' "$output"
    run -0 kimi usage --platform moonshot-cn --json
    assert_contains "$output" '"windows":[],"parallel_limit":null,"extra":null,"balance":{"available":49.58894,"voucher":46.58893,"cash":3.00001,"currency":"CNY"}'
    run -0 kimi usage --platform moonshot-cn --line
    assert_same "49.59 CNY" "$output"
    run -0 on_terminal kimi usage --platform moonshot-cn
    assert_contains "$output" "49.59 CNY (vouchers 46.59, cash 3.00)"
    with_key ai sk-ai
    run -0 kimi usage --platform moonshot-ai
    assert_same $'moonshot-ai\tbalance-USD\t\t\t5\t' "$output"
    assert_same "Bearer sk-ai" "$(server_last ai_balance | json headers.authorization)"
}

@test "where nothing is stored for Kimi Code the default model's platform is shown, unless another was named" {
    with_key cn sk-cn
    run -0 kimi usage --line
    assert_same "49.59 CNY" "$output"
    KIMI_API_KEY=sk-other run -0 kimi usage --line
    assert_same "49.59 CNY" "$output"
    run -4 --separate-stderr kimi usage --platform kimi-code
    assert_error usage "not logged in"
    assert_same 0 "$(server_count usages)"
}

@test "a balance with an error code is an error, regardless of the HTTP status" {
    with_key cn sk-cn
    server_control '{"faults": {"cn_balance": [{"json": {"code": 7, "data": {"available_balance": 5}}}]}}'
    run -1 --separate-stderr kimi usage --platform moonshot-cn
    assert_error usage "error code 7"
}

@test "with an API key of the Kimi Code plan, stored or in the environment" {
    server_control '{"api_keys": {"code": ["sk-kimi-1"]}}'
    KIMI_API_KEY=sk-kimi-1 run -0 kimi usage --line
    assert_contains "$output" "5h 27%"
    write_config <<'END'
[providers."managed:kimi-code"]
type = "kimi"
base_url = "https://api.kimi.com/coding/v1"
api_key = "sk-kimi-1"
END
    run -0 kimi usage --line
    assert_contains "$output" "5h 27%"
    assert_same "Bearer sk-kimi-1" "$(server_last usages | json headers.authorization)"
    # The error says which of them was refused.
    sed -i 's/sk-kimi-1/sk-old/' "$CONFIG"
    run -4 --separate-stderr kimi usage
    assert_error usage "refused the API key.*; run 'kimi login'"
    rm "$CONFIG"
    KIMI_API_KEY=sk-old run -4 --separate-stderr kimi usage
    assert_error usage "refused the API key in KIMI_API_KEY.*; correct it, or run 'kimi login'"
}

@test "the request says who we are, and has no device headers" {
    store_login
    run -0 kimi usage
    run -0 server_last usages
    assert_contains "$output" '"user-agent": "kimi-toolkit/'
    [[ $output != *x-msh* ]] || fail "device headers in $output"
    assert_same 0 "$(server_stat refused)"
}

@test "a refused token is refreshed once and the request sent once more" {
    store_login
    server_control '{"faults": {"usages": [{"status": 401}]}}'
    run -0 kimi usage --line
    assert_same "1 2" "$(server_count refresh) $(server_count usages)"
    server_control '{"faults": {"usages": [{"status": 401, "forever": true}]}}'
    run -4 --separate-stderr kimi usage
    assert_error usage "kimi login"
    assert_same "2 4" "$(server_count refresh) $(server_count usages)"
}

@test "an expired plan or a used-up quota is reported, refreshes nothing and logs nobody out" {
    store_login
    local before
    before=$(hash_of "$HOME/.kimi/credentials/kimi-code.json")
    server_control '{"faults": {"usages": [{"status": 403, "json": {"error": {"type": "access_terminated_error", "message": "gone"}}, "forever": true}]}}'
    run -1 --separate-stderr kimi usage
    assert_error usage "the quota is used up or the plan has ended: gone"
    run -1 --separate-stderr kimi usage --json
    assert_same denied "$(event error data.code)"
    run -1 --separate-stderr kimi usage --check 100
    assert_error usage "has ended"
    assert_same "$before" "$(hash_of "$HOME/.kimi/credentials/kimi-code.json")"
    assert_same 0 "$(server_count refresh)"
}

# answers FAULT STATUS CODE: `kimi usage` if the request has this fault.
answers() {
    server_control '{"faults": {"usages": ['"$1"']}}'
    run "-$2" --separate-stderr kimi usage --json
    assert_same "$3" "$(event error data.code)" "code for $1"
    assert_error usage .
}

@test "every invalid response has its code and status" {
    store_login
    answers '{"json": {}}' 1 protocol
    answers '{"json": []}' 1 protocol
    answers '{"json": {"usages": {}}}' 1 protocol
    answers '{"json": {"usages": {"limit_5h": {"used_ratio": "much"}}}}' 1 protocol
    answers '{"body": "soon"}' 1 protocol
    answers '{"truncate": 20}' 75 network
    answers '{"status": 404}' 1 protocol
    answers '{"status": 402}' 1 denied
    answers '{"status": 429}' 75 server
    answers '{"status": 503}' 75 server
    answers '{"body": "<html>", "content_type": "text/html"}' 75 network
    answers '{"reset": "before"}' 75 network
    answers '{"pad": 300000}' 1 protocol
}

@test "a row that makes no sense is left out, unknown fields are ignored" {
    store_login
    usages '{"future": [{}], "usage": {"limit": "x"}, "limits": [null, 5, {"window": {"duration": 300, "timeUnit": "TIME_UNIT_EON"}, "detail": {"limit": 1}}, {"window": {"duration": "60", "timeUnit": "TIME_UNIT_MINUTE", "x": 1}, "detail": {"limit": "10", "remaining": "4", "resetTime": "2026-09-15T12:49:10.123456789Z"}}], "usages": {"limit_7d": {"used_ratio": []}, "limit_word": 5}}'
    run -0 kimi usage
    assert_same $'kimi-code\t1h\t60\t6\t10\t1789476550' "$output"
}

@test "--check is silent: 0 below, 1 at or above" {
    store_login
    used 0.29
    run -0 --separate-stderr kimi usage --check 29.5
    assert_same "" "$output$stderr"
    run -1 --separate-stderr kimi usage --check 29
    assert_same "" "$output$stderr"
    run -1 kimi usage --check 0
    used 1
    run -1 kimi usage --check 100
}

@test "--check looks at every window" {
    store_login
    usages "$new"
    run -0 kimi usage --check 41
    run -1 kimi usage --check 40
}

@test "--check: a balance of 0 or less is 1, regardless of the percentage" {
    with_key cn sk-cn
    local amount expected
    for amount in 0.01:0 0:1 -3:1; do
        expected=${amount#*:}
        server_control '{"api_keys": {"cn": ["sk-cn"]}, "cn_balance": {"available_balance": '"${amount%:*}"'}}'
        run "-$expected" kimi usage --platform moonshot-cn --check 90
    done
}

@test "--check: 4 without a login, 75 if the server fails, both silent; a response without a share is an error" {
    run -4 --separate-stderr kimi usage --check 90
    assert_same "" "$output$stderr"
    store_login
    server_control '{"faults": {"usages": [{"status": 503}]}}'
    run -75 --separate-stderr kimi usage --check 90
    assert_same "" "$output$stderr"
    usages '{"usage": {"limit": 0, "used": 0}}'
    run -1 --separate-stderr kimi usage --check 90
    assert_error usage "did not say how much"
}

@test "--line rounds as kimi-code does, and marks what is not known" {
    store_login
    usages '{"usages": {"limit_5h": {"used_ratio": 0.275}, "limit_month_total": {"used_ratio": 0.0338}}, "usage": {"limit": 0, "used": 0}}'
    run -0 --separate-stderr kimi usage --line
    assert_same "5h 28% 7d ? month 3%" "$output"
}

@test "--line --max-age: a recent response comes from the cache, an old one from the server" {
    store_login
    used 0.1
    run -0 kimi usage --line --max-age 300
    assert_same "5h 10%" "$output"
    used 0.2
    run -0 --separate-stderr kimi usage --line --max-age 300
    assert_same "5h 10%" "$output"
    assert_same 1 "$(server_count usages)"
    run -0 kimi usage --line
    assert_same "5h 20%" "$output"
    age_cache 10000
    used 0.3
    run -0 kimi usage --line --max-age 100000
    assert_same "5h 20%" "$output"
    run -0 kimi usage --line --max-age 1000
    assert_same "5h 30%" "$output"
    used 0.4
    run -0 kimi usage --max-age 300
    assert_same $'kimi-code\t5h\t30\t\t\t' "$output"
    run -0 kimi usage --check 31 --max-age 300
    run -1 kimi usage --check 31
}

# age_cache SECONDS: makes every cached response that much older, and ends waits that much sooner.
age_cache() {
    kimi_python - "$1" "$XDG_RUNTIME_DIR"/kimi/usage-* <<'PY'
import json, sys
for path in sys.argv[2:]:
    cached = json.load(open(path))
    for name in ("fetched_at", "failed_at", "waits_since", "waits_until"):
        cached[name] = cached.get(name, 0) - float(sys.argv[1])
    json.dump(cached, open(path, "w"))
PY
}

@test "a young cached line costs no network, no config and no other program" {
    store_login
    used 0.1
    run -0 kimi usage --line
    server_stop
    command -v strace >/dev/null || skip "no strace"
    strace -E ASAN_OPTIONS=detect_leaks=0:exitcode=99 -f -o "$BATS_TEST_TMPDIR/trace" kimi-usage --line --max-age 300
    assert_same 0 "$(grep -cE 'socket\(|config\.toml|libcurl|clone|fork' "$BATS_TEST_TMPDIR/trace")" "$(cat "$BATS_TEST_TMPDIR/trace")"
    assert_same 1 "$(grep -c execve "$BATS_TEST_TMPDIR/trace")"
}

@test "the cache is private, has no secret, and KIMI_NO_CACHE turns it off" {
    store_login
    run -0 kimi usage
    assert_same "600 700" "$(mode "$XDG_RUNTIME_DIR"/kimi/usage-*) $(mode "$XDG_RUNTIME_DIR/kimi")"
    run ! grep -qE 'at-stored|rt-stored|u-1' "$XDG_RUNTIME_DIR"/kimi/usage-*
    KIMI_NO_CACHE=1 run -0 kimi usage --line --max-age 300
    assert_same 2 "$(server_count usages)"
    rm -r "$XDG_RUNTIME_DIR/kimi"
    KIMI_NO_CACHE=1 run -0 kimi usage
    [ ! -e "$XDG_RUNTIME_DIR/kimi" ]
    XDG_RUNTIME_DIR='' run -0 kimi usage --line --max-age 300
}

@test "without a runtime directory, as in cron and containers, the cache is in the state directory" {
    local state=$HOME/.local/state/kimi
    store_login
    used 0.1
    XDG_RUNTIME_DIR='' run -0 kimi usage --line
    assert_same "600 700" "$(mode "$state"/usage-*) $(mode "$state")"
    used 0.2
    XDG_RUNTIME_DIR='' run -0 kimi usage --line --max-age 300
    assert_same "5h 10% 1" "$output $(server_count usages)"
    # A wait that a server asked for is obeyed there, too.
    server_control '{"faults": {"usages": [{"status": 429, "headers": {"Retry-After": "600"}}]}}'
    XDG_RUNTIME_DIR='' run -75 kimi usage
    XDG_RUNTIME_DIR='' run -75 kimi usage
    assert_same 2 "$(server_count usages)"
    # Logout removes it everywhere.
    run -0 kimi logout
    run ! compgen -G "$state/usage-*"
    store_login
    # A cache that others could have written is not read or written.
    chmod 777 "$state"
    XDG_RUNTIME_DIR='' run -0 kimi usage --line
    run ! compgen -G "$state/usage-*"
    chmod 700 "$state"
    rmdir "$state"
    KIMI_NO_CACHE=1 XDG_RUNTIME_DIR='' run -0 kimi usage --line
    run -0 env -u HOME -u XDG_RUNTIME_DIR KIMI_SHARE_DIR="$HOME/.kimi" kimi usage --line
    [ ! -e "$state" ]
}

@test "each login, home and server has its own cached response" {
    store_login
    used 0.1
    run -0 kimi usage --line
    KIMI_CODE_BASE_URL=http://localhost:9 run kimi usage --line --max-age 300
    [ "$status" -ne 0 ]
    KIMI_SHARE_DIR=$HOME/other run -4 kimi usage --line --max-age 300
    # A relative home is another one in another directory.
    cd "$HOME" || return
    KIMI_SHARE_DIR=.kimi run -0 kimi usage --line --max-age 300
    mkdir -p other/.kimi && cd other || return
    KIMI_SHARE_DIR=.kimi run -4 kimi usage --line --max-age 300
    run -4 kimi usage --account work --line --max-age 300
}

@test "a cached response that is damaged or from the future is ignored" {
    store_login
    used 0.1
    run -0 kimi usage --line
    used 0.2
    age_cache -1000
    run -0 kimi usage --line --max-age 300
    assert_same "5h 20%" "$output"
    local damage
    for damage in '' '{' '[]' '{"login": 5}'; do
        printf '%s' "$damage" >"$(echo "$XDG_RUNTIME_DIR"/kimi/usage-*)"
        run -0 kimi usage --line --max-age 300
        assert_same "5h 20%" "$output"
    done
}

@test "after a logout or another login the cached response is gone" {
    store_login
    used 0.1
    run -0 kimi usage --line
    kimi logout --quiet
    run -4 kimi usage --line --max-age 300
    store_login
    used 0.2
    run -0 kimi usage --line --max-age 300
    assert_same "5h 20%" "$output"
}

@test "--line: a failing server with a cached response prints it with its age, and exit 75" {
    store_login
    used 0.1
    run -0 kimi usage --line
    age_cache 864000
    server_control '{"faults": {"usages": [{"status": 503, "forever": true}]}}'
    run -75 --separate-stderr kimi usage --line
    assert_same "5h 10% (10 days ago)" "$output"
    assert_same "" "$stderr"
    run -75 --separate-stderr kimi usage --line --max-age 300
    assert_same "5h 10% (10 days ago)" "$output"
    server_stop
    run -75 --separate-stderr kimi usage --line
    assert_same "5h 10% (10 days ago)" "$output"
    rm "$XDG_RUNTIME_DIR"/kimi/usage-*
    run -75 --separate-stderr kimi usage --line
    assert_same "" "$output"
    assert_error usage "cannot reach"
}

@test "Retry-After beside a refusal for good changes nothing: each call says why" {
    store_login
    server_control '{"faults": {"usages": [{"status": 403, "forever": true, "headers": {"Retry-After": "600"},
        "json": {"error": {"type": "access_terminated_error", "message": "over"}}}]}}'
    run -1 --separate-stderr kimi usage
    assert_error usage over
    run -1 --separate-stderr kimi usage
    assert_error usage over
    assert_same 2 "$(server_count usages)"
}

@test "Retry-After is obeyed across processes, in every way to ask" {
    store_login
    used 0.1
    run -0 kimi usage
    server_control '{"faults": {"usages": [{"status": 429, "headers": {"Retry-After": "10000"}}]}}'
    run -75 --separate-stderr kimi usage
    assert_error usage "status 429"
    assert_same 2 "$(server_count usages)"
    run -75 --separate-stderr kimi usage
    assert_error usage "asked to wait and is not asked again for (10000|9[0-9]{3}) s"
    run -75 kimi usage --json
    assert_same server "$(event error data.code)"
    run -75 kimi usage --check 90
    run -75 kimi usage --line
    assert_contains "$output" "5h 10% ("
    run -75 kimi usage --all
    assert_same 2 "$(server_count usages)"
    age_cache 10001
    used 0.2
    run -0 kimi usage --line
    assert_same "5h 20%" "$output"
    assert_same 3 "$(server_count usages)"
}

@test "with --max-age, a server that does not answer is not asked again for a minute: no prompt waits for it" {
    store_login
    used 0.1
    run -0 kimi usage
    age_cache 1000
    server_control '{"faults": {"usages": [{"status": 503, "forever": true}]}}'
    run -75 kimi usage --line --max-age 300
    assert_contains "$output" "5h 10% ("
    assert_same 2 "$(server_count usages)"
    run -75 --separate-stderr kimi usage --max-age 300
    assert_error usage "has just failed and is not asked again for ([1-5][0-9]|60) s"
    run -75 kimi usage --line --max-age 300
    assert_contains "$output" "5h 10% ("
    assert_same 2 "$(server_count usages)"
    # A shorter age ends that sooner, and who gives none asks.
    age_cache 5
    run -75 kimi usage --line --max-age 4
    assert_same 3 "$(server_count usages)"
    run -75 kimi usage --line
    assert_same 4 "$(server_count usages)"
    age_cache 61
    used 0.2
    run -0 kimi usage --line --max-age 300
    assert_same "5h 20% 5" "$output $(server_count usages)"
}

@test "--all: every login of every home and platform, one that fails is a row with its error" {
    server_control '{"api_keys": {"cn": ["sk-cn"]}}'
    kimi-login --quiet --platform moonshot-cn --api-key-stdin <<<sk-cn
    store_login
    store_login_of_account work at-work
    second_home
    server_control '{"api_keys": {"cn": ["sk-cn"]}, "faults": {"cn_balance": [{"status": 503, "forever": true}]}}'
    run -75 --separate-stderr kimi usage --all --json
    kimi_python - "$output" <<'PY'
import json, sys
rows = [(u["platform"], u["account"], u["client"], len(u["windows"]), u["error"] and u["error"]["code"]) for u in json.loads(sys.argv[1])["usages"]]
assert sorted(rows, key=str) == sorted([("kimi-code", None, "kimi-code", 4, None), ("kimi-code", None, "kimi-cli", 4, None),
    ("kimi-code", "work", "kimi-cli", 4, None), ("moonshot-cn", None, "kimi-cli", 0, "server")], key=str), rows
PY
    assert_error usage "kimi usage: moonshot-cn \\(kimi-cli\\): .*status 503"
    run -75 --separate-stderr kimi usage --all
    assert_contains "$output" $'kimi-code (kimi-code)\t5h\t27\t'
    assert_contains "$output" $'kimi-code@work (kimi-cli)\t5h\t27\t'
    assert_contains "$output" $'moonshot-cn (kimi-cli)\terror\t\t\t\t'
    assert_error usage "status 503"
    run -75 on_terminal kimi usage --all
    assert_contains "$output" "Kimi Code, account work (kimi-cli)"
    assert_contains "$output" "error"
    run -0 kimi usage --all --platform kimi-code --client kimi-cli
    assert_same 8 "${#lines[@]}"
    run -75 kimi usage --all --check 90
    run -1 kimi usage --all --check 20
}

@test "--all: an error names the login as its row does, so that those of two homes can be told apart" {
    second_home
    server_control '{"faults": {"usages": [{"status": 500, "forever": true}]}}'
    run -75 --separate-stderr kimi usage --all
    assert_same $'kimi-code (kimi-code)\nkimi-code (kimi-cli)' "$(cut -f 1 <<<"$output")"
    assert_same $'kimi usage: kimi-code (kimi-code)\nkimi usage: kimi-code (kimi-cli)' "$(cut -d : -f 1-2 <<<"$stderr")"
    server_control '{"faults": {"usages": [{"json": {}, "forever": true}]}}'
    run -1 --separate-stderr kimi usage --all --check 90
    assert_error usage "kimi usage: kimi-code \\(kimi-code\\): .*is invalid"
    rm -r "$HOME/.kimi-code"
    run -1 --separate-stderr kimi usage --all
    assert_error usage "kimi usage: the quota of .*is invalid"
}

# store_login_of_account NAME ACCESS: another login to Kimi Code in kimi-cli's home.
store_login_of_account() {
    store_login --access "$2" --refresh "rt-$1"
    mv "$HOME/.kimi/credentials/kimi-code.json" "$HOME/.kimi/credentials/kimi-code@$1.json"
    store_login
}

# slot: kimi-code's name for the login at this server.
slot() {
    kimi_python -c '
import hashlib, sys
hosts = "{\"oauthHost\":\"%s\",\"baseUrl\":\"%s\"}" % tuple(sys.argv[1:])
print("kimi-code-env-" + hashlib.sha256(hosts.encode()).hexdigest()[:16])' "$KIMI_CODE_OAUTH_HOST" "$KIMI_CODE_BASE_URL"
}

# second_home: kimi-code's home has a login, too.
second_home() {
    store_login --access at-code --refresh rt-code
    mkdir -p "$HOME/.kimi-code/credentials"
    chmod 700 "$HOME/.kimi-code" "$HOME/.kimi-code/credentials"
    mv "$HOME/.kimi/credentials/kimi-code.json" "$HOME/.kimi-code/credentials/$(slot).json"
    store_login
}

@test "--all: the servers are asked in parallel" {
    server_control '{"api_keys": {"cn": ["sk-cn"], "ai": ["sk-ai"]}}'
    kimi-login --quiet --platform moonshot-cn --api-key-stdin <<<sk-cn
    kimi-login --quiet --platform moonshot-ai --api-key-stdin <<<sk-ai
    store_login
    server_control '{"api_keys": {"cn": ["sk-cn"], "ai": ["sk-ai"]}, "faults": {"usages": [{"hold": "a"}], "cn_balance": [{"hold": "b"}], "ai_balance": [{"hold": "c"}]}}'
    kimi usage --all >"$BATS_TEST_TMPDIR/out" &
    server_wait_held a
    server_wait_held b
    server_wait_held c
    server_release a
    server_release b
    server_release c
    wait $!
    assert_same "kimi-code moonshot-cn moonshot-ai" "$(cut -f 1 "$BATS_TEST_TMPDIR/out" | uniq | xargs)"
}

@test "--all: a login that must be refreshed first keeps no other waiting" {
    server_control '{"pending": 0}'
    kimi-login --quiet --no-browser --account b 2>/dev/null
    store_login --expires-in-left -1
    server_control '{"faults": {"refresh": [{"hold": "r"}], "usages": [{"hold": "u"}]}}'
    kimi usage --all >"$BATS_TEST_TMPDIR/out" &
    server_wait_held r
    server_wait_held u
    server_release r
    server_release u
    wait $!
    assert_same "kimi-code kimi-code@b" "$(cut -f 1 "$BATS_TEST_TMPDIR/out" | uniq | xargs)"
}

# due_logins [SECONDS]: two logins with expired access tokens, or SECONDS left for the default account.
due_logins() {
    store_login --expires-in-left -1 --access at-work --refresh rt-work
    mv "$HOME/.kimi/credentials/kimi-code.json" "$HOME/.kimi/credentials/kimi-code@work.json"
    store_login --expires-in-left "${1:--1}"
}

# refreshed_at_once: kimi usage --all shows both, and sent both refresh tokens before either got a response.
refreshed_at_once() {
    server_control '{"faults": {"refresh": [{"hold": "a", "repeat": 2}]}}'
    kimi usage --all >"$BATS_TEST_TMPDIR/out" &
    server_wait_held a 2
    server_release a
    wait $!
    assert_same $'kimi-code\nkimi-code@work' "$(cut -f 1 "$BATS_TEST_TMPDIR/out" | uniq)"
}

@test "--all: the tokens that are due are refreshed at the same time" {
    due_logins
    refreshed_at_once
    assert_same "2 0" "$(server_count refresh) $(server_stat revoked)"
}

@test "--all: tokens that the server refuses are refreshed at the same time" {
    due_logins
    sed -i 's/"expires_at": [0-9]*/"expires_at": '$((EPOCHSECONDS + 900))'/' "$HOME"/.kimi/credentials/*.json
    refreshed_at_once
    assert_same "2 0 4" "$(server_count refresh) $(server_stat revoked) $(server_count usages)"
}

@test "--all: a refresh that fails is a row with its error, and is tried once" {
    due_logins 200
    server_control '{"faults": {"refresh": [{"status": 400, "forever": true}]}}'
    run -1 --separate-stderr kimi usage --all
    assert_contains "$stderr" "kimi-code@work: "
    # The other token is still valid.
    assert_lacks "$stderr" "kimi-code: "
    assert_contains "$output" $'kimi-code\t5h\t27\t'
    assert_same 2 "$(server_count refresh)"
}

@test "--all: a signal while tokens are refreshed ends the command, and they are saved" {
    due_logins
    server_control '{"faults": {"refresh": [{"hold": "a", "repeat": 2}]}}'
    kimi-usage --all >"$BATS_TEST_TMPDIR/out" 2>&1 &
    server_wait_held a 2
    kill -TERM $!
    local status=0
    wait $! || status=$?
    assert_same 130 "$status"
    server_release a
    wait_until grep -q '"access_token": *"at-[12]-' "$HOME/.kimi/credentials/kimi-code.json"
    wait_until grep -q '"access_token": *"at-[12]-' "$HOME/.kimi/credentials/kimi-code@work.json"
}

@test "--all without any login says so, and takes KIMI_API_KEY" {
    run -4 --separate-stderr kimi usage --all
    assert_error usage "not logged in"
    server_control '{"api_keys": {"code": ["sk-kimi-1"]}}'
    KIMI_API_KEY=sk-kimi-1 run -0 kimi usage --all
    assert_contains "$output" $'kimi-code\t5h\t27\t'
}

@test "options that do not go together are wrong usage, before anything else" {
    local options
    for options in "--check 5 --line" "--json --line" "--all --line" "--all --account x" "--check 101" "--check x" "--max-age -1" "--check"; do
        # shellcheck disable=SC2086 # split on purpose
        run -2 --separate-stderr env -u HOME kimi-usage $options
        assert_error usage .
    done
    assert_same 0 "$(server_count all)"
}

@test "text of the server reaches no terminal raw" {
    store_login
    usages '{"usage": {"limit": 1, "used": 0}, "user": {"membership": {"level": "L\u001b[31m\u202e\nX"}}}'
    run -0 on_terminal kimi usage
    assert_lacks_escape
    assert_contains "$output" "L[31m X"
    server_control '{"faults": {"usages": [{"status": 403, "json": {"error": {"message": "a\u001b[31mb"}}}]}}'
    run -1 on_terminal kimi usage
    assert_lacks_escape
}

@test "Ctrl-C ends it with 130" {
    store_login
    server_control '{"faults": {"usages": [{"hold": "a"}]}}'
    run -130 on_terminal --run go "until [ -e '$(server_dir)/held.a' ]; do sleep 0.02; done" --type '' '\x03' sh -c 'echo go; exec kimi-usage'
    server_release a
}

@test "/usage in kimi shell" {
    store_login
    run -0 --separate-stderr kimi shell <<<'/usage --line'
    assert_contains "$output" "5h 27%"
}

# recipe NAME: the lines of that display in kimi-usage(1).
recipe() {
    awk -v name=".Ss $1" '/^\.S[sh] /{ inside = $0 == name; next } inside && /^\.Ed/{ exit } inside && shown; inside && /^\.Bd/{ shown = 1 }' \
        "$KIMI_TEST_ROOT/man/kimi-usage.1"
}

@test "the recipe that waits for the reset waits as long as the window takes" {
    store_login
    cd "$BATS_TEST_TMPDIR"
    recipe "A script that waits for the reset" >script
    [ -s script ]
    mkdir bin
    # The fake sleep stands for the reset.
    cat >bin/sleep <<'END'
#!/bin/sh
echo "$1" >slept
printf '{"usages": {"usages": {"limit_5h": {"used_ratio": 0.1}}}}' >"$SERVER/control.json.new"
mv "$SERVER/control.json.new" "$SERVER/control.json"
END
    chmod +x bin/sleep
    usages '{"usages": {"limit_5h": {"used_ratio": 1, "reset_time": "2096-09-15T12:49:10Z"}, "limit_7d": {"used_ratio": 0.5, "reset_time": "2097-09-15T12:49:10Z"}}}'
    SERVER=$(server_dir) PATH=$PWD/bin:$PATH run -0 sh script
    assert_at_least 1e9 "$(cat slept)"
    server_control '{"faults": {"usages": [{"json": {}, "forever": true}]}}'
    PATH=$PWD/bin:$PATH run -1 sh script
}

@test "the recipe for cron warns at 90 percent and is silent otherwise" {
    store_login
    cd "$BATS_TEST_TMPDIR"
    recipe "A warning at 90 percent" | sed 's/^0 \* \* \* \* //' >line
    grep -q kimi-usage line
    used 0.9
    run -0 sh line
    assert_contains "$output" "90 percent"
    used 0.89
    run -0 --separate-stderr sh line
    assert_same "" "$output$stderr"
    server_control '{"faults": {"usages": [{"status": 503}]}}'
    run -0 --separate-stderr sh line
    assert_same "" "$output$stderr"
}

@test "an answer of more than 256 KiB: one line, and little memory" {
    store_login
    server_control '{"faults": {"usages": [{"endless": true, "forever": true}]}}'
    run -1 --separate-stderr kimi usage
    assert_same "" "$output"
    assert_error usage 'more than 262144 bytes'
    # A sanitizer has memory of its own.
    [ -n "${KIMI_TEST_CHECKER:-}" ] || (ulimit -v 65536 && kimi usage) 2>limited || true
    [ -n "${KIMI_TEST_CHECKER:-}" ] || assert_contains "$(cat limited)" 'more than 262144 bytes'
}

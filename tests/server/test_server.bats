#!/usr/bin/env bats
# Tests of the loopback server and the harness, on which the other tests depend.

bats_require_minimum_version 1.5.0
load ../helper

CLIENT=17e5f671-d194-4dfb-9706-5516cb48c098
DEVICE_GRANT=urn:ietf:params:oauth:grant-type:device_code

# ask [OPTIONS of ask.py] METHOD PATH [FIELD=VALUE...]
ask() {
    local options=()
    while [ "${1#-}" != "$1" ]; do
        options+=("$1" "$2")
        shift 2
    done
    local method=$1 path=$2
    shift 2
    kimi_python "$BATS_TEST_DIRNAME/ask.py" "${options[@]}" "$method" "$(server_url)$path" "$@"
}
# These set $output to the response with the status first, as "200 {...}".
refresh() { run -0 ask "${@:2}" POST /api/oauth/token client_id=$CLIENT grant_type=refresh_token refresh_token="$1"; }
device() { run -0 ask POST /api/oauth/device_authorization client_id=$CLIENT; }
poll() { run -0 ask POST /api/oauth/token client_id=$CLIENT grant_type=$DEVICE_GRANT device_code="$1"; }
models() { run -0 ask -H "Authorization: Bearer $1" GET "${2:-/coding/v1/models}"; }

field() { json "$1" <<<"${output#* }"; }
assert_status() { assert_same "$1" "${output%% *}" "status of: $output"; }

@test "the url file, the announcement and the exported addresses agree" {
    server_start
    assert_same "$(server_url)" "$KIMI_CODE_OAUTH_HOST"
    assert_same "$(server_url)/coding/v1" "$KIMI_CODE_BASE_URL"
    assert_same "$(server_url)/ai/v1" "$KIMI_MOONSHOT_AI_BASE_URL"
}

@test "a refresh rotates; the new pair works" {
    server_start
    store_login
    refresh rt-stored
    assert_status 200
    assert_same 900 "$(field expires_in)"
    local access first
    access=$(field access_token) first=$(field refresh_token)
    assert_contains "$first" rt-1-
    models "$access"
    assert_status 200
    models at-stored
    assert_status 200
    refresh "$first"
    assert_status 200
    assert_contains "$(field refresh_token)" rt-2-
    assert_same 2 "$(server_stat issued)"
    assert_same "$(field access_token)" "$(server_stat last_access_token)"
}

@test "a spent refresh token shown again revokes the whole login, and no other" {
    server_start
    store_login --access at-b --refresh rt-b
    store_login
    refresh rt-stored
    local access new
    access=$(field access_token) new=$(field refresh_token)
    refresh rt-stored
    assert_status 400
    assert_same invalid_grant "$(field error)"
    refresh "$new"
    assert_status 400
    models "$access"
    assert_status 401
    models at-stored
    assert_status 401
    assert_same 1 "$(server_stat revoked)"
    refresh rt-b
    assert_status 200
}

@test "a token the server does not know, or that has ended, is refused" {
    server_start
    refresh rt-unknown
    assert_same invalid_grant "$(field error)"
    store_login --expires-in-left -5
    models at-stored
    assert_status 401
    refresh rt-stored
    assert_status 200
}

@test "seeding again does not bring a spent token back; control can seed too" {
    server_start
    store_login
    refresh rt-stored
    store_login
    refresh rt-stored
    assert_status 400
    server_control '{"seed": [{"access_token": "at-c", "refresh_token": "rt-c"}], "reject_status": 401}'
    models at-c
    assert_status 200
    refresh rt-unknown
    assert_status 401
}

@test "expires_in, token_set and token_drop shape the token response" {
    server_start
    store_login
    server_control '{"expires_in": 1, "token_set": {"expires_in": "1"}, "token_drop": ["scope", "token_type"]}'
    refresh rt-stored
    assert_same '"1"' "$(printf '%s' "${output#* }" | kimi_python -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["expires_in"]))')"
    assert_lacks "$output" scope
    assert_lacks "$output" token_type
    local access
    access=$(field access_token)
    sleep 1.1
    models "$access"
    assert_status 401
}

@test "device flow: pending, then tokens, and the code is good once" {
    server_start
    device
    assert_status 200
    assert_same 1 "$(field interval)"
    assert_same "$(server_url)/device?user_code=$(field user_code)" "$(field verification_uri_complete)"
    local code
    code=$(field device_code)
    poll "$code"
    assert_status 400
    assert_same authorization_pending "$(field error)"
    sleep 1
    poll "$code"
    assert_status 200
    local access
    access=$(field access_token)
    models "$access"
    assert_status 200
    sleep 1
    poll "$code"
    assert_same invalid_grant "$(field error)"
}

@test "device flow: a poll that comes too early gets slow_down and has to wait longer" {
    server_start
    server_control '{"pending": 9, "interval": 5}'
    device
    local code
    code=$(field device_code)
    poll "$code"
    assert_same authorization_pending "$(field error)"
    poll "$code"
    assert_same slow_down "$(field error)"
    sleep 1
    poll "$code"
    assert_same slow_down "$(field error)"
    assert_same 2 "$(server_stat too_soon)"
    server_control '{"enforce_interval": false, "pending": 0}'
    poll "$code"
    assert_status 200
}

@test "device flow: denied, expired, a code past its end, an unknown code" {
    server_start
    local outcome code
    for outcome in denied:access_denied expired:expired_token; do
        server_control '{"pending": 0, "approve": "'"${outcome%:*}"'"}'
        device
        code=$(field device_code)
        poll "$code"
        assert_same "${outcome#*:}" "$(field error)"
        server_control '{"pending": 0, "enforce_interval": false}'
        poll "$code"
        assert_same "${outcome#*:}" "$(field error)"
    done
    server_control '{"pending": 0, "device_expires_in": 0}'
    device
    poll "$(field device_code)"
    assert_same expired_token "$(field error)"
    poll dc-unknown
    assert_same invalid_grant "$(field error)"
}

@test "device flow: expired_token once ends that code; slow_down once lengthens its interval" {
    server_start
    server_control '{"pending": 0, "enforce_interval": false, "faults": {"poll": [{"error": "expired_token"}]}}'
    device
    local code
    code=$(field device_code)
    poll "$code"
    assert_same expired_token "$(field error)"
    poll "$code"
    assert_same expired_token "$(field error)"
    device
    poll "$(field device_code)"
    assert_status 200
    # Four of them, so that a slow machine's second poll is still within the 21 s.
    server_control '{"pending": 0, "faults": {"poll": [{"error": "slow_down", "repeat": 4}]}}'
    device
    code=$(field device_code)
    for _ in 1 2 3 4; do
        poll "$code"
        assert_same slow_down "$(field error)"
    done
    sleep 1
    poll "$code"
    assert_same slow_down "$(field error)"
}

@test "device flow: fields absent or odd; the page approves" {
    server_start
    server_control '{"approve": "page", "pending": 0, "enforce_interval": false, "device_set": {"interval": "1"},
        "device_drop": ["expires_in", "verification_uri", "verification_uri_complete"]}'
    device
    assert_lacks "$output" verification_uri
    assert_lacks "$output" expires_in
    assert_contains "$output" '"interval": "1"'
    local code user_code
    code=$(field device_code) user_code=$(field user_code)
    poll "$code"
    assert_same authorization_pending "$(field error)"
    run -0 ask GET "/device?user_code=$user_code"
    assert_status 200
    poll "$code"
    assert_status 200
    run -0 ask GET "/device?user_code=NONE"
    assert_status 404
}

@test "headers: each device header is needed, once, trimmed and printable" {
    server_start
    store_login
    local name value
    for name in X-Msh-Platform X-Msh-Version X-Msh-Device-Name X-Msh-Device-Model X-Msh-Os-Version X-Msh-Device-Id; do
        refresh rt-stored -H "$name:"
        assert_status 400
        assert_contains "$(field error_description)" "$name"
    done
    for value in 'blank ' 'caf'$'\303\251' 'bell'$'\a' ' '; do
        refresh rt-stored -H "X-Msh-Os-Version: $value"
        assert_status 400
        assert_contains "$(field error_description)" X-Msh-Os-Version
    done
    refresh rt-stored -H 'X-Msh-Platform: kimi_code'
    assert_status 400
    refresh rt-stored -H 'User-Agent: curl/8'
    assert_contains "$(field error_description)" User-Agent
    assert_same 12 "$(server_stat refused)"
    refresh rt-stored
    assert_status 200
}

@test "headers: the model list wants them only on demand, and clean in any case" {
    server_start
    store_login
    local bare=(-H 'Authorization: Bearer at-stored' -H 'User-Agent: curl/8' -H X-Msh-Platform: -H X-Msh-Version: -H X-Msh-Device-Name:)
    bare+=(-H X-Msh-Device-Model: -H X-Msh-Os-Version: -H X-Msh-Device-Id:)
    run -0 ask "${bare[@]}" GET /coding/v1/models
    assert_status 200
    run -0 ask "${bare[@]}" -H 'X-Msh-Os-Version: odd ' GET /coding/v1/models
    assert_status 400
    server_control '{"models_headers": true}'
    run -0 ask "${bare[@]}" GET /coding/v1/models
    assert_status 400
    models at-stored
    assert_status 200
}

@test "form: client_id, fields and grant are checked" {
    server_start
    run -0 ask POST /api/oauth/device_authorization client_id=me
    assert_same invalid_client "$(field error)"
    run -0 ask POST /api/oauth/device_authorization client_id=$CLIENT scope=all
    assert_same invalid_request "$(field error)"
    run -0 ask POST /api/oauth/device_authorization client_id=$CLIENT client_id=$CLIENT
    assert_same invalid_request "$(field error)"
    run -0 ask -H 'Content-Type: application/json' POST /api/oauth/device_authorization client_id=$CLIENT
    assert_status 400
    run -0 ask POST /api/oauth/token client_id=$CLIENT grant_type=password
    assert_same unsupported_grant_type "$(field error)"
    run -0 ask GET /api/oauth/token
    assert_status 404
}

@test "models: each platform accepts its own keys" {
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"], "ai": ["sk-ai"], "code": ["sk-code"]}, "models": [{"id": "only"}]}'
    models sk-cn /cn/v1/models
    assert_same kimi-k2.5 "$(field data.0.id)"
    models sk-ai /cn/v1/models
    assert_status 401
    models sk-ai /ai/v1/models
    assert_status 200
    models sk-code
    assert_same only "$(field data.0.id)"
    run -0 ask GET /coding/v1/models
    assert_status 401
    assert_same 1 "$(server_count ai_models)"
}

# third_party KEY PATH: a request as one of our programs sends it.
third_party() { run -0 curl -q -sS --noproxy '*' -w '\n%{http_code}\n' -A kimi-toolkit/1 -H "Authorization: Bearer $1" "$(server_url)$2"; }

@test "usages, me and balances: for a login or a key, in the shape that was chosen" {
    server_start
    store_login
    server_control '{"api_keys": {"cn": ["sk-cn"], "code": ["sk-code"]}}'
    third_party at-stored /coding/v1/usages
    assert_same 200 "${lines[-1]}"
    assert_same "27 0.27" "$(json limits.0.detail.used <<<"${lines[0]}") $(json usages.limit_5h.used_ratio <<<"${lines[0]}")"
    third_party sk-code /coding/v1/me
    assert_same "200 Someone" "${lines[-1]} $(json nickname <<<"${lines[0]}")"
    third_party sk-cn /cn/v1/users/me/balance
    assert_same "200 0 49.58894" "${lines[-1]} $(json code <<<"${lines[0]}") $(json data.available_balance <<<"${lines[0]}")"
    third_party sk-cn /coding/v1/usages
    assert_same 401 "${lines[-1]}"
    third_party sk-cn /ai/v1/users/me/balance
    assert_same 401 "${lines[-1]}"
    server_control '{"usages_shape": "old"}'
    third_party at-stored /coding/v1/usages
    run ! json usages <<<"${lines[0]}"
    server_control '{"usages_shape": "new", "faults": {"usages": [{"status": 429, "headers": {"Retry-After": "5"}}]}}'
    third_party at-stored /coding/v1/usages
    assert_same 429 "${lines[-1]}"
    third_party at-stored /coding/v1/usages
    run ! json limits <<<"${lines[0]}"
    server_control '{"usages": {"odd": 1}}'
    third_party at-stored /coding/v1/usages
    assert_same '{"odd": 1}' "${lines[0]}"
    assert_same "6 1 1 1" "$(server_count usages) $(server_count me) $(server_count cn_balance) $(server_count ai_balance)"
}

@test "usages, me and balances: our own User-Agent is required, and no device header" {
    server_start
    store_login
    local path
    for path in /coding/v1/usages /coding/v1/me /cn/v1/users/me/balance; do
        run -0 curl -q -sS --noproxy '*' -o /dev/null -w '%{http_code}' -A curl/8 -H 'Authorization: Bearer at-stored' "$(server_url)$path"
        assert_same 400 "$output"
        run -0 curl -q -sS --noproxy '*' -o /dev/null -w '%{http_code}' -A kimi-toolkit/1 -H 'X-Msh-Platform: kimi_cli' "$(server_url)$path"
        assert_same 400 "$output"
    done
}

@test "faults: used up one a request, in order; repeat and forever; poll and refresh before token" {
    server_start
    store_login
    server_control '{"faults": {"refresh": [{"status": 500, "repeat": 2}, {"ok": true}],
        "token": [{"status": 429, "headers": {"Retry-After": "1"}}], "models": [{"status": 503, "forever": true}]}}'
    local wanted
    for wanted in 500 500 200 429 400; do
        refresh rt-stored
        assert_status $wanted
    done
    for wanted in 1 2 3; do
        models at-stored
        assert_status 503
    done
    server_control '{"faults": {"models": [{"ok": true}]}}'
    models at-stored
    assert_status 401
}

@test "faults: one that is for a client leaves the others and their turn alone" {
    server_start
    store_login --access at-a --refresh rt-a
    store_login --access at-b --refresh rt-b
    server_control '{"faults": {"refresh": [{"for": "rt-b", "status": 503}, {"for": "rt-a", "status": 502, "repeat": 2}],
        "models": [{"for": "at-b", "status": 500}]}}'
    local wanted
    for wanted in 'a 502' 'b 503' 'a 502' 'a 200' 'b 200'; do
        refresh "rt-${wanted% *}"
        assert_status "${wanted#* }"
    done
    models at-a
    assert_status 200
    models at-b
    assert_status 500
}

@test "faults: a replaced response spends nothing, unless process is true" {
    server_start
    store_login
    server_control '{"faults": {"refresh": [{"status": 502}, {"body": "<html>", "content_type": "text/html"}, {"json": [1]},
        {"error": "invalid_grant", "status": 401}, {"status": 302, "location": "http://127.0.0.1:1/"}, {"ok": true}]}}'
    local answer
    for answer in '502 a fault' '200 <html>' '200 [1]' '401 {"error": "invalid_grant"' '302 ' '200 {"access_token"'; do
        refresh rt-stored
        assert_contains "$output" "$answer"
    done
    store_login --access at-d --refresh rt-d
    server_control '{"faults": {"refresh": [{"status": 500, "process": true}]}}'
    refresh rt-d
    assert_status 500
    refresh rt-d
    assert_status 400
}

@test "faults: a damaged response has spent the token, unless process is false" {
    server_start
    store_login
    server_control '{"faults": {"refresh": [{"truncate": 5, "process": false}, {"truncate": 5}]}}'
    refresh rt-stored
    assert_same 'error IncompleteRead' "$output"
    assert_same 0 "$(server_stat issued)"
    refresh rt-stored
    assert_same 'error IncompleteRead' "$output"
    assert_same 1 "$(server_stat issued)"
    refresh rt-stored
    assert_status 400
    assert_same 1 "$(server_stat revoked)"
}

@test "faults: set, drop, nul, pad and raw bytes" {
    server_start
    store_login
    server_control '{"faults": {"device": [{"set": {"interval": "7"}, "drop": ["user_code"]}, {"pad": 100000}, {"nul": true},
        {"raw_b64": "SFRUUC8xLjEgNDE4IFRlYQ0KDQpwb3Q="}, {"raw_b64": "AAECAw=="}]}}'
    device
    assert_contains "$output" '"interval": "7"'
    assert_lacks "$output" '"user_code"'
    device
    assert_status 200
    [ "${#output}" -gt 100 ]
    ask POST /api/oauth/device_authorization client_id=$CLIENT >"$HOME/nul"
    assert_same 1 "$(tr -dc '\0' <"$HOME/nul" | wc -c)"
    device
    assert_same '418 pot' "$output"
    device
    assert_same 'error BadStatusLine' "$output"
}

@test "faults: resets before and mid-body, silence, and a connection that gets neither" {
    server_start
    store_login
    server_control '{"faults": {"models": [{"reset": "before"}, {"reset": "mid-body"}, {"silent": true}]}}'
    models at-stored
    assert_same 'error ConnectionResetError' "$output"
    models at-stored
    assert_same 'error ConnectionResetError' "$output"
    run -0 ask -t 0.3 GET /coding/v1/models
    assert_same 'error TimeoutError' "$output"
    assert_same 3 "$(server_count models)"
    server_control '{"faults": {"connect": [{"reset": "before"}, {"silent": true}]}}'
    models at-stored
    assert_same 'error ConnectionResetError' "$output"
    run -0 ask -t 0.3 GET /coding/v1/models
    assert_same 'error TimeoutError' "$output"
    assert_same 3 "$(server_count models)"
    models at-stored
    assert_status 200
}

@test "faults: trickle of body and head, endless body and head" {
    server_start
    server_control '{"faults": {"device": [{"trickle": 0.002}, {"trickle_head": 0.001}, {"trickle": true}, {"endless": true},
        {"endless": "head"}]}}'
    device
    assert_status 200
    device
    assert_status 200
    # A byte a second: much later the response is still not complete.
    ask POST /api/oauth/device_authorization client_id=$CLIENT >"$HOME/slow" 3>&- &
    local slow=$!
    wait_until has_asked 3
    sleep 1
    kill $slow
    assert_same '' "$(cat "$HOME/slow")"
    # Reads enough of each to show that it goes on.
    kimi_python - "$(server_url)" "$BATS_TEST_DIRNAME" <<'END'
import http.client, sys, urllib.request
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[2])
import ask
url, body = sys.argv[1] + "/api/oauth/device_authorization", b"client_id=17e5f671-d194-4dfb-9706-5516cb48c098"
answer = urllib.request.urlopen(urllib.request.Request(url, body, ask.HEADERS))
assert len(answer.read(20 << 20)) == 20 << 20
answer.close()
try:
    urllib.request.urlopen(urllib.request.Request(url, body, ask.HEADERS))
    sys.exit("the head ended")
except http.client.HTTPException:
    pass
END
}

has_asked() { [ "$(server_count device)" -ge "$1" ]; }

@test "hold keeps the response after the token is spent; hold_before keeps the request before" {
    server_start
    store_login
    server_control '{"faults": {"refresh": [{"hold": "after"}, {"hold_before": "before"}]}}'
    local after before
    (refresh rt-stored -t 60 && assert_status 200) &
    after=$!
    server_wait_held after
    assert_same 1 "$(server_stat issued)"
    assert_same 1 "$(server_count refresh)"
    store_login --access at-e --refresh rt-e
    (refresh rt-e -t 60 && assert_status 200) &
    before=$!
    server_wait_held before
    assert_same 1 "$(server_stat issued)"
    server_release before
    wait $before
    assert_same 2 "$(server_stat issued)"
    kill -0 $after
    server_release after
    wait $after
}

@test "delay postpones the response" {
    server_start
    store_login
    server_control '{"faults": {"models": [{"delay": 5}, {"delay_before": 5}, {"delay": 0.2}]}}'
    run -0 ask -t 0.3 -H 'Authorization: Bearer at-stored' GET /coding/v1/models
    assert_same 'error TimeoutError' "$output"
    run -0 ask -t 0.3 -H 'Authorization: Bearer at-stored' GET /coding/v1/models
    assert_same 'error TimeoutError' "$output"
    models at-stored
    assert_status 200
}

@test "control: a replacement starts its queue afresh, the same text too; its removal brings the defaults back" {
    server_start
    store_login
    server_control '{"faults": {"models": [{"status": 500}]}}'
    models at-stored
    assert_status 500
    models at-stored
    assert_status 200
    server_control '{"faults": {"models": [{"status": 500}]}}'
    models at-stored
    assert_status 500
    server_control '{"expires_in": 60}'
    refresh rt-stored
    assert_same 60 "$(field expires_in)"
    rm "$(server_dir)/control.json"
    refresh "$(field refresh_token)"
    assert_same 900 "$(field expires_in)"
}

@test "control: what the server does not understand is reported by each response and by teardown" {
    server_start
    store_login
    local wrong
    for wrong in '{"expire_in": 1}' '{"faults": {"refrsh": []}}' '{"faults": {"refresh": [{"stauts": 1}]}}' '{' '[]' \
        '{"faults": {"refresh": [{"reset": "later"}]}}' '{"approve": "maybe"}' '{"faults": {"connect": [{"status": 500}]}}'; do
        server_control "$wrong"
        refresh rt-stored
        assert_status 500
        assert_same test_control "$(field error)"
        run -1 kimi_teardown_dry
        rm "$(server_dir)/control_error"
    done
    server_control '{}'
    refresh rt-stored
    assert_status 200
}
# What teardown finds, without its kill.
kimi_teardown_dry() (
    # shellcheck disable=SC2317 # called by kimi_teardown
    kill() { :; }
    # shellcheck disable=SC2317
    has_ended() { :; }
    kimi_teardown
)

@test "the log: a line for each request, before its response, with headers and form" {
    server_start
    server_control '{"faults": {"device": [{"silent": true}]}}'
    run -0 ask -t 0.2 -H 'X-Msh-Device-Name: my box' POST /api/oauth/device_authorization client_id=$CLIENT
    wait_until has_asked 1
    assert_same 0 "$(server_count poll)"
    assert_same "my box" "$(server_last device | json headers.x-msh-device-name)"
    assert_same $CLIENT "$(server_last device | json form.client_id)"
    assert_same 1 "$(server_last device | json n)"
    assert_same POST "$(server_last device | json method)"
    assert_same 1 "$(server_stat device)"
    run -0 ask GET /nowhere
    assert_status 404
    assert_same 2 "$(server_count all)"
}

@test "not HTTP at all: 400, counted, and the server goes on" {
    server_start
    kimi_python - "$(server_url)" <<'END'
import socket, sys
for junk in (b"\0\1\2\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"a" * 70000):
    conn = socket.create_connection(("127.0.0.1", int(sys.argv[1].rpartition(":")[2])))
    conn.sendall(junk)
    assert conn.recv(100).startswith(b"HTTP/1.1 400 "), junk[:20]
END
    assert_same 4 "$(server_stat malformed)"
}

@test "connections are kept alive, and closed where the test says so" {
    server_start
    local reuse='
import http.client, sys
conn = http.client.HTTPConnection(sys.argv[1])
for _ in range(3):
    conn.request("GET", "/nowhere")
    conn.getresponse().read()'
    kimi_python -c "$reuse" "${KIMI_CODE_OAUTH_HOST#http://}"
    assert_same 2 "$(server_stat connections)"
    server_control '{"keep_alive": false}'
    kimi_python -c "$reuse" "${KIMI_CODE_OAUTH_HOST#http://}"
    assert_same 6 "$(server_stat connections)"
}

@test "500 connections at once: every one answered, one rotation" {
    server_start
    store_login
    kimi_python - "$(server_url)" "$BATS_TEST_DIRNAME" <<'END'
import sys, threading
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[2])
import ask
ready, got = threading.Barrier(500), []
form = {"client_id": "17e5f671-d194-4dfb-9706-5516cb48c098", "grant_type": "refresh_token", "refresh_token": "rt-stored"}
def one():
    ready.wait()
    got.append(ask.ask("POST", sys.argv[1] + "/api/oauth/token", form, timeout=60)[0])
threading.stack_size(256 * 1024)
threads = [threading.Thread(target=one) for _ in range(500)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert sorted(set(got)) == [200, 400] and got.count(200) == 1 and len(got) == 500, got
END
    assert_same 500 "$(server_count refresh)"
    assert_same 500 "$(sort -u "$(server_dir)/requests.jsonl" | wc -l)"
    assert_same 1 "$(server_stat issued)"
    assert_same 1 "$(server_stat revoked)"
}

@test "TLS: the good certificate is trusted, the others are not, and nothing is sent to those" {
    server_start --tls good
    store_login
    refresh rt-stored
    assert_status 200
    server_stop
    local kind
    for kind in expired other; do
        KIMI_TEST_SERVER=$kind server_start --tls $kind
        KIMI_TEST_SERVER=$kind device
        assert_same 'error SSLCertVerificationError' "$output"
        assert_same 0 "$(KIMI_TEST_SERVER=$kind server_count all)"
        KIMI_TEST_SERVER=$kind wait_until has_tls_failure
    done
}
has_tls_failure() { [ "$(server_stat tls_failures)" -ge 1 ]; }

@test "TLS: faults work there too" {
    server_start --tls good
    server_control '{"faults": {"device": [{"reset": "mid-body"}, {"truncate": 3}, {"reset": "before"}]}}'
    for _ in reset truncate reset; do
        device
        assert_contains "$output" 'error ' # which one depends on the version of Python's ssl
    done
    device
    assert_status 200
}

@test "a second server does not disturb the first; a stopped one refuses" {
    server_start
    local first=$KIMI_CODE_OAUTH_HOST
    KIMI_TEST_SERVER=second server_start --no-export
    assert_same "$first" "$KIMI_CODE_OAUTH_HOST"
    KIMI_TEST_SERVER=second device
    assert_status 200
    assert_same 0 "$(server_count device)"
    assert_same 1 "$(KIMI_TEST_SERVER=second server_count device)"
    server_stop
    device
    assert_same 'error ConnectionRefusedError' "$output"
}

@test "the server ends with the process it was started for" {
    sleep 60 &
    local parent=$! dir=$BATS_TEST_TMPDIR/orphan server
    mkdir "$dir"
    "$KIMI_TEST_PYTHON" "$BATS_TEST_DIRNAME/kimi_server.py" --dir "$dir" --parent $parent >"$dir/out" 3>&- 4>&- &
    server=$!
    wait_for_file "$dir/url"
    kill $parent
    if ! wait_until has_ended $server; then
        kill $server
        false
    fi
    assert_same "$(cat "$dir/url")" "$(cat "$dir/out")"
}

@test "harness: the stored login looks like kimi-cli's" {
    store_login --expires-in-left 100 --life 1200 --access at-x --refresh rt-x
    assert_same 600 "$(mode "$HOME/.kimi/credentials/kimi-code.json")"
    assert_same 700 "$(mode "$HOME/.kimi/credentials")"
    assert_same at-x "$(stored access_token)"
    assert_same rt-x "$(stored refresh_token)"
    assert_same 1200 "$(stored expires_in)"
    assert_same Bearer "$(stored token_type)"
    local left=$(($(stored expires_at | cut -d . -f 1) - $(date +%s)))
    [ "$left" -ge 98 ] && [ "$left" -le 100 ]
    assert_contains "$(stored expires_at)" .
    store_login --no-seed --expires-in-left -100
    [ "$(stored expires_at | cut -d . -f 1)" -lt "$(date +%s)" ]
}

@test "harness: the environment is bare" {
    assert_same "$BATS_TEST_TMPDIR/home" "$HOME"
    assert_same "$KIMI_TEST_BIN" "${PATH%%:*}"
    assert_same 'KIMI_DISABLE_KEYRING' "$(compgen -e | grep ^KIMI_ | grep -v ^KIMI_TEST_)"
    assert_same '' "$(compgen -e | grep -iE '^(XDG_|DBUS_|SSH_|SSL_CERT_)|_proxy$|^(DISPLAY|BROWSER|NO_COLOR)$')"
    assert_same 0022 "$(umask)"
}

@test "harness: asserts, json and waits fail when they should" {
    run ! assert_same a b
    assert_contains "$output" 'expected: a'
    run ! assert_contains abc x
    run ! assert_lacks abc b
    assert_contains abc b
    run ! json a.b <<<'{"a": {}}'
    assert_contains "$output" 'no a.b'
    assert_same '{"x": 1}' "$(json a.1 <<<'{"a": [0, {"x": 1}]}')"
    assert_same "$(hash_of /dev/null)" "$(hash_of /dev/null)"
    SECONDS=100
    sleep() { SECONDS=$((SECONDS + 7)); }
    run ! wait_until false
    assert_contains "$output" 'without: false'
}

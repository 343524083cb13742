#!/usr/bin/env bats
# kimi login: the device flow, what is shown and opened, what is saved, and all that can go wrong.

# Each test runs in a subshell; run sets stderr; sh -c and the fakes take quoted scripts; setup sets CONFIG.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016,SC2153

bats_require_minimum_version 1.5.0
load helper
load failing
load login_helper

# start_login [OPTIONS]: kimi-login in the background; sets $login_pid, and its output is in out and err in $BATS_TEST_TMPDIR.
# It is not started by a shell function: background jobs of a script ignore SIGINT, and login would inherit that.
start_login() {
    "$KIMI_TEST_PYTHON" -E -S -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$KIMI_TEST_BIN/kimi-login" "$@" \
        >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- 4>&- &
    login_pid=$!
}

# end_login STATUS: waits for it.
end_login() {
    local end=0
    wait "$login_pid" || end=$?
    assert_same "$1" "$end" "status; standard error: $(cat "$BATS_TEST_TMPDIR/err")"
}

# fake_browser [NAME]: a program that records its arguments, one a line, in $BATS_TEST_TMPDIR/opened. Sets $browser to its
# path.
fake_browser() {
    export DISPLAY=:99
    browser=$BATS_TEST_TMPDIR/${1:-browser}
    cat >"$browser" <<EOF
#!/bin/sh
PATH=/usr/bin:/bin
cd "$BATS_TEST_TMPDIR" || exit
printf '%s\n' "\${0##*/}" "\$@" >opened.new
mv opened.new opened
EOF
    chmod +x "$browser"
}
opened() { cat "$BATS_TEST_TMPDIR/opened"; }
# Call it after the login, which takes a second or more.
assert_nothing_opened() { [ ! -e "$BATS_TEST_TMPDIR/opened" ] || fail "a browser was opened: $(opened)"; }

polled() { [ "$(server_count poll)" -ge 1 ]; }
user_code() { grep -o 'code: .*' "$BATS_TEST_TMPDIR/err" | tail -n 1 | tr -d ' ' | cut -d : -f 2; }

## What a login leaves behind

@test "a login saves the tokens, the models and the config, and says so" {
    server_start
    server_control '{"pending": 0}'
    run -0 --separate-stderr kimi login
    assert_same "" "$output"
    assert_contains "$stderr" "kimi login: logged in to Kimi Code; 2 models, default kimi-for-coding. Next: kimi models, or kimi token in a script; the token renews itself"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_same 600 "$(mode "$HOME/.kimi/credentials/kimi-code.json")"
    assert_same 700 "$(mode "$HOME/.kimi/credentials")"
    assert_same 600 "$(mode "$HOME/.kimi/device_id")"
    assert_same "$(server_url)" "$(json oauth_host <"$HOME/.kimi/credentials/kimi-code.state")"
    assert_loads 'default_model="kimi-code/kimi-for-coding"' 'default_thinking=true'
    assert_lacks "$(cat "$CONFIG")" at-1
    run -0 kimi token
    assert_same "$(stored access_token)" "$output"
}

@test "a login says that it waits, with the page and the code, on standard error" {
    server_start
    server_control '{"pending": 0}'
    run -0 --separate-stderr kimi login
    assert_contains "$stderr" "$(server_url)/device?user_code="
    [[ $stderr =~ code:\ +[0-9A-F]{4}-[0-9A-F]{4} ]] || fail "no code in: $stderr"
}

@test "the page and the code are shown with --quiet too, and nothing else" {
    server_start
    server_control '{"pending": 0}'
    run -0 --separate-stderr kimi login --quiet
    assert_same 2 "$(wc -l <<<"$stderr" | tr -d ' ')" "lines of: $stderr"
    assert_contains "$stderr" "$(server_url)/device?user_code="
    assert_contains "$stderr" "code:"
}

@test "the token's life is counted from the response, be expires_in a number or a numeric string" {
    server_start
    server_control '{"pending": 0, "token_set": {"expires_in": "900"}, "token_drop": ["scope", "token_type"]}'
    run -0 kimi login
    local left
    left=$(kimi token --json | json expires_in)
    [ "$left" -gt 880 ] && [ "$left" -le 900 ]
    assert_same Bearer "$(stored token_type)"
}

@test "the page that a person opens is the one that approves the login" {
    server_start
    server_control '{"pending": 0, "approve": "page"}'
    start_login
    wait_until polled
    kimi_python -c 'import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1])' \
        "$(grep -o "http://[^ ]*" "$BATS_TEST_TMPDIR/err" | head -n 1)"
    end_login 0
}

## The six headers

@test "the six device headers are on every call, clean, and the same each time" {
    server_start
    server_control '{"pending": 1, "models_headers": true}'
    run -0 kimi login
    assert_same 0 "$(server_stat refused)"
    server_requests all | kimi_python -c '
import json, os, sys
u = os.uname()
want = {"x-msh-platform": "kimi_cli", "x-msh-version": sys.argv[1], "x-msh-device-id": open(sys.argv[2]).read().strip(),
        "x-msh-device-name": u.nodename, "x-msh-device-model": "%s %s %s" % (u.sysname, u.release, u.machine),
        "x-msh-os-version": u.version.strip(), "user-agent": "kimi-toolkit/" + sys.argv[1]}
requests = [json.loads(line) for line in sys.stdin]
assert [r["endpoint"] for r in requests] == ["device", "poll", "poll", "models"], requests
for request in requests:
    for name, value in want.items():
        assert request["headers"][name] == value, (request["endpoint"], name, request["headers"][name])
' "$(kimi --version | cut -d ' ' -f 2)" "$HOME/.kimi/device_id"
}

@test "a node name with odd bytes becomes a clean header" {
    server_start
    server_control '{"pending": 0}'
    run -0 hooked NODE=$' caf\xc3\xa9\x01 box ' kimi-login
    assert_same 0 "$(server_stat refused)"
    assert_same "caf box" "$(server_last poll | json headers.x-msh-device-name)"
}

@test "a device id that is there is used, and stays" {
    server_start
    server_control '{"pending": 0}'
    mkdir -p "$HOME/.kimi"
    printf '0d9b8a57-1f0e-4b5c-9a57-b1e6a1a1a1a1\n' >"$HOME/.kimi/device_id"
    run -0 kimi login
    assert_same 0d9b8a57-1f0e-4b5c-9a57-b1e6a1a1a1a1 "$(server_last device | json headers.x-msh-device-id)"
    assert_same 0d9b8a57-1f0e-4b5c-9a57-b1e6a1a1a1a1 "$(cat "$HOME/.kimi/device_id")"
}

## Polling

@test "polls come no sooner than the interval" {
    server_start
    server_control '{"pending": 1, "interval": 2}'
    run -0 kimi login
    assert_same 2 "$(server_count poll)"
    assert_at_least 1.9 "$(gaps poll)"
    assert_same 0 "$(server_stat too_soon)"
}

@test "slow_down makes the interval 5 s longer permanently" {
    server_start
    server_control '{"pending": 1, "faults": {"poll": [{"error": "slow_down"}]}}'
    run -0 kimi login
    assert_same 3 "$(server_count poll)"
    gaps poll | while read -r gap; do assert_at_least 5.9 "$gap" || exit; done
    assert_same 0 "$(server_stat too_soon)"
}

@test "an absent interval is 5 s" {
    server_start
    server_control '{"pending": 0, "device_drop": ["interval"], "enforce_interval": false}'
    run -0 kimi login
    assert_same 1 "$(server_count poll)"
    assert_at_least 4.9 "$(server_requests all | kimi_python -c '
import json, sys
times = {r["endpoint"]: r["time"] for r in map(json.loads, sys.stdin)}
print(times["poll"] - times["device"])')"
}

@test "interval and expires_in may be numeric strings" {
    server_start
    server_control '{"pending": 0, "interval": "2", "device_expires_in": "600"}'
    start_login
    end_login 0
    assert_at_least 1.9 "$(server_requests all | kimi_python -c '
import json, sys
times = {r["endpoint"]: r["time"] for r in map(json.loads, sys.stdin)}
print(times["poll"] - times["device"])')"
}

@test "an interval of 0 is still a second" {
    server_start
    server_control '{"pending": 1, "interval": 0}'
    run -0 kimi login
    assert_at_least 0.9 "$(gaps poll)"
    assert_same 0 "$(server_stat too_soon)"
}

@test "a missing expires_in does not stop the login" {
    server_start
    server_control '{"pending": 0, "device_drop": ["expires_in"]}'
    run -0 kimi login
}

@test "expired_token starts over with a new code and says so" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"error": "expired_token"}]}}'
    run -0 --separate-stderr kimi login
    assert_same 2 "$(server_count device)"
    assert_contains "$stderr" expired
    assert_same 2 "$(grep -c 'code: ' <<<"$stderr")"
    assert_same 2 "$(grep 'code: ' <<<"$stderr" | sort -u | wc -l | tr -d ' ')" "different codes"
}

@test "a code whose end has come is replaced without asking the server about it" {
    server_start
    # A code lives for at least 30 s, which is 1.5 s at this speed.
    server_control '{"approve": "no", "device_expires_in": 20, "enforce_interval": false}'
    hook_all
    KIMI_TEST_SPEED=20 start_login --timeout 300
    wait_until test_two_codes
    server_control '{"pending": 0}'
    end_login 0
    assert_contains "$(cat "$BATS_TEST_TMPDIR/err")" expired
}
test_two_codes() { [ "$(server_count device)" -ge 2 ]; }

@test "access_denied ends the login with 1 and saves nothing" {
    server_start
    server_control '{"pending": 0, "approve": "denied"}'
    run -1 --separate-stderr kimi login --json
    assert_same denied "$(event error data.code)"
    [ ! -e "$HOME/.kimi/credentials/kimi-code.json" ]
    [ ! -e "$CONFIG" ]
}

@test "a connection that breaks while polling does not end the login" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"reset": "before"}]}}'
    run -0 --separate-stderr kimi login
    assert_contains "$stderr" "trying again"
    assert_same 1 "$(server_count device)"
}

@test "a 5xx while polling is retried, with a longer wait each time" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"status": 503}, {"status": 500}]}}'
    run -0 kimi login
    assert_same 3 "$(server_count poll)"
    local first second
    first=$(gaps poll | sed -n 1p) second=$(gaps poll | sed -n 2p)
    assert_at_least 1.9 "$first"
    assert_at_least 2.9 "$second"
    assert_same 1 "$(server_count device)"
}

@test "after Retry-After a poll comes no sooner, in seconds or as a date, for an error or a pending login" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"status": 429, "headers": {"Retry-After": "4"}},
        {"status": 503, "headers": {"Date": "Sun, 06 Nov 1994 08:49:37 GMT", "Retry-After": "Sun, 06 Nov 1994 08:49:41 GMT"}},
        {"error": "authorization_pending", "headers": {"Retry-After": "3"}}]}}'
    run -0 kimi-login
    local gaps
    mapfile -t gaps < <(gaps poll)
    assert_at_least 3.9 "${gaps[0]}"
    assert_at_least 3.9 "${gaps[1]}"
    assert_at_least 2.9 "${gaps[2]}"
}

@test "a Retry-After beyond the code's end does not make a login last longer" {
    server_start
    server_control '{"device_expires_in": 40, "faults": {"poll": [{"status": 429, "headers": {"Retry-After": "99999999999999999999"}}]}}'
    run -75 --separate-stderr hooked SPEED=20 timeout 30 kimi-login
    assert_contains "$stderr" "status 429"
    assert_same 1 "$(server_count poll)"
}

@test "a proxy's page while polling is retried" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"body": "<html>log in to the hotel</html>", "content_type": "text/html"}]}}'
    run -0 kimi login
}

@test "a bare 403 while polling is a firewall's, and retried; one that says why is the end" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"status": 403}]}}'
    run -0 --separate-stderr kimi login
    assert_contains "$stderr" "trying again"
    server_control '{"faults": {"poll": [{"status": 403, "error": "unauthorized_client"}]}}'
    run -1 --separate-stderr kimi login --force
    assert_contains "$stderr" unauthorized_client
}

@test "5xx until the code's own end is 75, and the code is not replaced" {
    server_start
    server_control '{"device_expires_in": 3, "faults": {"poll": [{"status": 503, "forever": true}]}}'
    run -75 --separate-stderr hooked SPEED=20 kimi-login --json
    assert_same server "$(event error data.code)"
    assert_same 1 "$(server_count device)"
}

@test "no network until the code's own end is 75" {
    server_start
    server_control '{"device_expires_in": 3, "faults": {"poll": [{"reset": "before", "forever": true}]}}'
    run -75 --separate-stderr hooked SPEED=20 kimi-login --json
    assert_same network "$(event error data.code)"
}

@test "a token response without a token is an error that saves nothing" {
    server_start
    local drop
    for drop in access_token refresh_token expires_in; do
        server_control '{"pending": 0, "token_drop": ["'$drop'"]}'
        run -1 --separate-stderr kimi login --json
        assert_same protocol "$(event error data.code)"
        [ ! -e "$HOME/.kimi/credentials/kimi-code.json" ] || fail "saved without $drop"
    done
}

@test "complete responses of a login are accepted, regardless of their declared coding and length" {
    server_start
    server_control '{"pending": 0, "faults": {"device": [{"headers": {"Content-Length": "5000"}}],
        "poll": [{"headers": {"Content-Length": "5000", "Content-Encoding": "gzip"}}],
        "models": [{"headers": {"Content-Length": "5000", "Content-Encoding": "utf-8"}}]}}'
    run -0 --separate-stderr kimi-login
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_same "1 1 1" "$(server_count device) $(server_count poll) $(server_count models)"
    assert_contains "$(<"$CONFIG")" 'models."kimi-code/kimi-for-coding"'
}

@test "a poll answer that is not JSON ends the login" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"body": "{\"access_token\": \"at", "content_type": "application/json"}]}}'
    run -1 --separate-stderr kimi login --json
    assert_same protocol "$(event error data.code)"
}

@test "--timeout ends an unconfirmed login with 75" {
    server_start
    server_control '{"approve": "no"}'
    run -75 --separate-stderr kimi login --json --timeout=1
    assert_same timeout "$(event error data.code)"
    assert_contains "$stderr" "nobody confirmed the login in time"
}

@test "--timeout ends a login in which the server fails, too" {
    server_start
    server_control '{"faults": {"poll": [{"status": 503, "forever": true}]}}'
    run -75 --separate-stderr kimi login --timeout 3
}

@test "--timeout ends a login whose server is silent, at the first call and at a poll" {
    server_start
    server_control '{"faults": {"poll": [{"silent": true}]}}'
    run -75 --separate-stderr timeout 10 kimi login --json --timeout 1.5
    assert_same timeout "$(event error data.code)"
    server_control '{"faults": {"device": [{"silent": true}]}}'
    run -75 --separate-stderr timeout 10 kimi login --json --timeout 1
    assert_same network "$(event error data.code)"
}

@test "SIGINT ends the login with 130 at once" {
    server_start
    server_control '{"approve": "no", "interval": 3600}'
    start_login --json
    wait_until grep -q waiting "$BATS_TEST_TMPDIR/out"
    kill -INT "$login_pid"
    end_login 130
    output=$(cat "$BATS_TEST_TMPDIR/out")
    assert_same interrupted "$(event error data.code)"
    [ ! -e "$HOME/.kimi/credentials/kimi-code.json" ]
}

@test "SIGINT during a poll that hangs ends the login with 130 at once" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"hold_before": "poll"}]}}'
    start_login
    server_wait_held poll
    kill -INT "$login_pid"
    end_login 130
    server_release poll
}

@test "Ctrl-C on a terminal ends the login with 130 and leaves the terminal unchanged" {
    server_start
    server_control '{"approve": "no", "interval": 3600}'
    run -130 on_terminal --type "/device?user_code=" '\x03' kimi login --platform kimi-code
    assert_contains "$output" interrupted
}

@test "Ctrl-C at the question for the platform is 130, and leaves the terminal unchanged" {
    run -130 on_terminal --type "Which one" '\x03' kimi login
}

## What is shown and opened

@test "without verification_uri_complete the plain page is shown and opened" {
    server_start
    server_control '{"pending": 0, "device_drop": ["verification_uri_complete"]}'
    fake_browser
    export BROWSER=$browser
    start_login
    end_login 0
    assert_lacks "$(cat "$BATS_TEST_TMPDIR/err")" user_code=
    assert_contains "$(cat "$BATS_TEST_TMPDIR/err")" "$(server_url)/device"
    wait_for_file "$BATS_TEST_TMPDIR/opened"
    assert_same "$(printf 'browser\n%s/device' "$(server_url)")" "$(opened)"
}

@test "an empty verification_uri_complete counts as absent" {
    server_start
    server_control '{"pending": 0, "device_set": {"verification_uri_complete": ""}}'
    run -0 --separate-stderr kimi login --json
    assert_same "$(server_url)/device" "$(event verification_url data.verification_url)"
}

@test "without any page to open the response makes no sense: 1" {
    server_start
    server_control '{"pending": 0, "device_drop": ["verification_uri", "verification_uri_complete"]}'
    run -1 --separate-stderr kimi login
    assert_error login verification_uri
    assert_same 0 "$(server_count poll)"
}

@test "a page that must not be opened is neither shown nor opened" {
    server_start
    fake_browser
    export BROWSER=$browser
    local uri
    for uri in '"javascript:alert(66613)"' '"http://66613.example/"' '"file:///66613"' '"data:text/html,66613"' \
        '"https://user@66613.example/"' '"https://66613.example/\u001b[2J"' '"https://66613.example/\n/x"' \
        '"https://66613.example/ x"' '"https:///66613"' '"-66613"' '"//66613.example/"' '66613' 'null' \
        '"https://66613.example\\@kimi.com/"' '"https://66613.example/\u202e"'; do
        server_control '{"pending": 0, "device_set": {"verification_uri": '"$uri"', "verification_uri_complete": '"$uri"'}}'
        run -1 --separate-stderr kimi login --json
        assert_same protocol "$(event error data.code)" "code for $uri"
        assert_lacks "$output$stderr" 66613
    done
    assert_nothing_opened
}

@test "an evil verification_uri_complete beside a good page: the good page is shown and opened" {
    server_start
    server_control '{"pending": 0, "device_set": {"verification_uri_complete": "javascript:alert(66613)"}}'
    fake_browser
    export BROWSER=$browser
    run -0 --separate-stderr kimi login --json
    assert_same "$(server_url)/device" "$(event verification_url data.verification_url)"
    assert_lacks "$output$stderr" 66613
    wait_for_file "$BATS_TEST_TMPDIR/opened"
    assert_same "$(printf 'browser\n%s/device' "$(server_url)")" "$(opened)"
}

@test "a user code with control characters is not shown" {
    server_start
    server_control '{"pending": 0, "device_set": {"user_code": "\u001b]0;x\u0007AB"}}'
    run -1 --separate-stderr kimi login
    assert_lacks "$stderr" $'\e'
}

@test "the server's words reach the terminal without their control characters" {
    server_start
    server_control '{"faults": {"device": [{"error": "bad\u001b[31m", "description": "line one\nline two\u001b[2J\u202e"}]}}'
    run -1 --separate-stderr kimi login
    assert_error login "line one line two"
    assert_lacks "$stderr" $'\e'
    assert_lacks "$stderr" $'\u202e'
}

@test "the page and the code are shown before a browser is tried" {
    server_start
    server_control '{"pending": 0}'
    fake_browser
    export BROWSER=$browser
    # The fake browser cannot check this itself: it starts so slowly that both would be shown in either order.
    hooked STARTED="$BATS_TEST_TMPDIR/started" kimi-login 2>"$BATS_TEST_TMPDIR/err"
    local before
    before=$(head -c "$(sed -n 's,.*/browser ,,p' "$BATS_TEST_TMPDIR/started")" "$BATS_TEST_TMPDIR/err")
    assert_contains "$before" "open this page to log in"
    assert_contains "$before" "confirm this code"
}

@test "the browser gets the page with the code filled in, as its one argument" {
    server_start
    server_control '{"pending": 0}'
    fake_browser
    export BROWSER=$browser
    start_login
    end_login 0
    wait_for_file "$BATS_TEST_TMPDIR/opened"
    assert_same "$(printf 'browser\n%s/device?user_code=%s' "$(server_url)" "$(user_code)")" "$(opened)"
}

@test "BROWSER may have arguments and say where the page goes with %s" {
    server_start
    server_control '{"pending": 0, "device_drop": ["verification_uri_complete"]}'
    fake_browser
    export BROWSER="$browser --new-window --url=%s -x"
    run -0 kimi login
    wait_for_file "$BATS_TEST_TMPDIR/opened"
    assert_same "$(printf 'browser\n--new-window\n--url=%s/device\n-x' "$(server_url)")" "$(opened)"
}

@test "a server that calls every code expired: a page for the first one, five new codes, and an end" {
    server_start
    export DISPLAY=:99 BROWSER=$BATS_TEST_TMPDIR/browser
    printf '#!/bin/sh\necho "$1" >>"%s/pages"\n' "$BATS_TEST_TMPDIR" >"$BROWSER"
    chmod +x "$BROWSER"
    server_control '{"approve": "expired", "pending": 0}'
    run -75 --separate-stderr hooked SPEED=20 timeout 60 kimi-login --timeout 600
    assert_contains "$stderr" "kimi login: nobody confirmed the login: 6 codes have expired; run 'kimi login' again"
    assert_same 6 "$(server_count device)"
    assert_same 1 "$(wc -l <"$BATS_TEST_TMPDIR/pages" | tr -d ' ')"
}

@test "a verification URL of more than 2048 bytes is refused with a line; one of 2048 is shown" {
    server_start
    local long
    long="$(server_url)/$(printf 'x%.0s' {1..3000})"
    server_control "{\"pending\": 0, \"device_set\": {\"verification_uri\": \"${long:0:2049}\", \"verification_uri_complete\": \"$long\"}}"
    run -1 --separate-stderr kimi login
    assert_error login "no verification_uri that may be opened .*2048 bytes"
    server_control "{\"pending\": 0, \"device_set\": {\"verification_uri\": \"${long:0:2048}\", \"verification_uri_complete\": \"$long\"}}"
    run -0 --separate-stderr kimi login
    assert_contains "$stderr" "${long:0:2048}"
    assert_lacks "$stderr" "${long:0:2049}"
}

@test "of several programs in BROWSER the first that is there is used" {
    server_start
    server_control '{"pending": 0}'
    fake_browser
    export BROWSER="/nonexistent/browser %s:no-such-browser:$browser -a"
    run -0 kimi login
    wait_for_file "$BATS_TEST_TMPDIR/opened"
    assert_same -a "$(opened | sed -n 2p)"
}

@test "without BROWSER it is xdg-open, else wslview, else open" {
    local name
    server_start
    server_control '{"pending": 0}'
    PATH=$BATS_TEST_TMPDIR/bin:/usr/bin:/bin
    mkdir "$BATS_TEST_TMPDIR/bin"
    for name in open wslview xdg-open; do
        fake_browser "bin/$name"
        rm -f "$BATS_TEST_TMPDIR/opened"
        # PATH must have nothing but the fakes.
        PATH=$BATS_TEST_TMPDIR/bin run -0 "$KIMI_TEST_BIN/kimi-login" --force
        wait_for_file "$BATS_TEST_TMPDIR/opened"
        assert_same "$name" "$(opened | head -n 1)"
    done
}

@test "Wayland is a desktop too" {
    server_start
    server_control '{"pending": 0}'
    fake_browser
    unset DISPLAY
    export BROWSER=$browser WAYLAND_DISPLAY=wayland-0
    run -0 kimi login
    wait_for_file "$BATS_TEST_TMPDIR/opened"
}

@test "no shell sees the page" {
    server_start
    server_control '{"pending": 0, "device_set": {"verification_uri_complete": "https://example.com/$(touch$IFS-pwned);touch$IFS-pwned&%s"}}'
    fake_browser
    export BROWSER="$browser %s"
    cd "$BATS_TEST_TMPDIR"
    run -0 kimi login
    wait_for_file "$BATS_TEST_TMPDIR/opened"
    # shellcheck disable=SC2016 # the literal text
    assert_same 'https://example.com/$(touch$IFS-pwned);touch$IFS-pwned&%s' "$(opened | sed -n 2p)"
    assert_same "" "$(find "$BATS_TEST_TMPDIR" -name '*pwned*')"
}

@test "no shell sees BROWSER" {
    server_start
    server_control '{"pending": 0}'
    fake_browser
    # shellcheck disable=SC2016 # no shell may expand it
    export BROWSER="$browser \$(touch\${IFS}pwned);touch pwned&"
    cd "$BATS_TEST_TMPDIR"
    run -0 kimi login
    wait_for_file "$BATS_TEST_TMPDIR/opened"
    assert_same "" "$(find "$BATS_TEST_TMPDIR" -name 'pwned')"
}

@test "a browser that cannot be started does not fail the login" {
    server_start
    server_control '{"pending": 0}'
    export DISPLAY=:99 BROWSER=/nonexistent/browser
    run -0 --separate-stderr env PATH=/nonexistent "$KIMI_TEST_BIN/kimi-login"
    assert_contains "$stderr" "$(server_url)/device"
}

@test "a browser that talks and stays does not mix with the login nor hold it up" {
    server_start
    server_control '{"pending": 0}'
    export DISPLAY=:99 BROWSER=$BATS_TEST_TMPDIR/noisy
    printf '#!/bin/sh\necho noise; echo noise >&2; echo $$ >"%s"; exec sleep 60\n' "$BATS_TEST_TMPDIR/pid" >"$BROWSER"
    chmod +x "$BROWSER"
    run -0 --separate-stderr kimi login --json
    assert_lacks "$output$stderr" noise
    wait_until test -s "$BATS_TEST_TMPDIR/pid"
    kill "$(cat "$BATS_TEST_TMPDIR/pid")"
}

@test "without a desktop no browser is opened" {
    server_start
    server_control '{"pending": 0}'
    fake_browser
    unset DISPLAY
    export BROWSER=$browser
    run -0 kimi login
    assert_nothing_opened
}

@test "over SSH no browser is opened, though a display is forwarded" {
    server_start
    server_control '{"pending": 0}'
    fake_browser
    export BROWSER=$browser SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22"
    run -0 kimi login
    assert_contains "$output" "$(server_url)/device"
    assert_nothing_opened
}

@test "--no-browser opens none" {
    server_start
    server_control '{"pending": 0}'
    fake_browser
    export BROWSER=$browser
    run -0 kimi login --no-browser
    assert_nothing_opened
}

## --json

@test "--json gives info, verification_url, waiting and success, in this order and nothing else" {
    server_start
    server_control '{"pending": 1}'
    run -0 --separate-stderr kimi login --json
    assert_same "info verification_url waiting success" "$(event_types <<<"$output")"
}

@test "the event verification_url holds the page and the code" {
    server_start
    server_control '{"pending": 0}'
    run -0 --separate-stderr kimi login --json
    local code
    code=$(event verification_url data.user_code)
    assert_same "$(server_url)/device?user_code=$code" "$(event verification_url data.verification_url)"
    assert_same '["verification_url", "user_code"]' "$(event verification_url data | kimi_python -c 'import json, sys; print(json.dumps(list(json.load(sys.stdin))))')"
    assert_contains "$(event verification_url message)" "$(server_url)/device"
}

@test "events come when things happen, not at the end" {
    server_start
    server_control '{"approve": "no", "interval": 3600}'
    start_login --json
    wait_until grep -q '^{"type":"waiting"' "$BATS_TEST_TMPDIR/out"
    assert_same "info verification_url waiting" "$(event_types <"$BATS_TEST_TMPDIR/out")"
    kill -TERM "$login_pid"
    end_login 130
}

@test "a new code with --json gives a second verification_url" {
    server_start
    server_control '{"pending": 0, "faults": {"poll": [{"error": "expired_token"}]}}'
    run -0 --separate-stderr kimi login --json
    assert_same 2 "$(grep -c '^{"type":"verification_url"' <<<"$output")"
    assert_same success "$(event_types <<<"$output" | tr ' ' '\n' | tail -n 1)"
    assert_contains "$output" expired
}

@test "an error is an event on standard output and a line on standard error" {
    server_start
    server_control '{"faults": {"device": [{"status": 503}]}}'
    run -75 --separate-stderr kimi login --json
    assert_same error "$(event_types <<<"$output")"
    assert_same server "$(event error data.code)"
    assert_error login 503
    assert_same "kimi login: $(event error message)" "$stderr"
}

@test "no token is in any event" {
    server_start
    server_control '{"pending": 0}'
    run -0 kimi login --json
    assert_lacks "$output" "$(stored access_token)"
    assert_lacks "$output" "$(stored refresh_token)"
    assert_lacks "$output" "$(server_last poll | json form.device_code)"
}

## Responses to the first request

# device_fault FAULT STATUS CODE: the device request fails this way.
device_fault() {
    server_control '{"pending": 0, "faults": {"device": ['"$1"']}}'
    run "-$2" --separate-stderr kimi login --json
    assert_same "$3" "$(event error data.code)" "code for $1"
    assert_error login . || return
    assert_same 0 "$(server_count poll)"
    [ ! -e "$HOME/.kimi/credentials/kimi-code.json" ]
}

@test "a temporary failure of the device call is 75" {
    server_start
    device_fault '{"status": 500}' 75 server
    device_fault '{"status": 429}' 75 server
    device_fault '{"reset": "before"}' 75 network
    device_fault '{"truncate": 10}' 75 network
    device_fault '{"body": "<!doctype html><title>hotel</title>", "content_type": "text/html"}' 75 network
    device_fault '{"location": "https://example.com/"}' 75 network
    device_fault '{"status": 403, "body": "<html>blocked</html>", "content_type": "text/html"}' 75 network
}

@test "a response to the device call that makes no sense is 1" {
    server_start
    device_fault '{"body": ""}' 1 protocol
    device_fault '{"body": "{\"user_code\": "}' 1 protocol
    device_fault '{"json": []}' 1 protocol
    device_fault '{"json": "AB-CD"}' 1 protocol
    device_fault '{"nul": true}' 1 protocol
    device_fault '{"endless": true}' 1 protocol
    device_fault '{"drop": ["user_code"]}' 1 protocol
    device_fault '{"drop": ["device_code"]}' 1 protocol
    device_fault '{"set": {"user_code": 12345}}' 1 protocol
    device_fault '{"set": {"device_code": ""}}' 1 protocol
}

@test "an OAuth error of the device request is shown in the server's words" {
    server_start
    server_control '{"faults": {"device": [{"error": "invalid_client", "description": "who are you"}]}}'
    run -1 --separate-stderr kimi login
    assert_error login 'invalid_client: who are you'
}

@test "a server that is not there is 75 network" {
    server_start
    server_stop
    run -75 --separate-stderr kimi login --json
    assert_same network "$(event error data.code)"
}

@test "plain http to another host is refused before a byte is sent" {
    local host
    for host in http://192.0.2.1:9 http://example.com http://127.0.0.1.example.com http://localhost.example.com ftp://127.0.0.1 "http://127.0.0.1@192.0.2.1"; do
        KIMI_CODE_OAUTH_HOST=$host run -1 --separate-stderr kimi login --json
        assert_same config "$(event error data.code)" "code for $host"
    done
}

@test "a base URL that may not be asked is refused before a code is requested" {
    server_start
    KIMI_CODE_BASE_URL=http://192.0.2.1/coding/v1 run -1 --separate-stderr kimi login --json
    assert_same config "$(event error data.code)"
    assert_same 0 "$(server_count all)"
}

@test "KIMI_OAUTH_HOST is used if KIMI_CODE_OAUTH_HOST is unset or empty, with or without a slash at the end" {
    server_start
    server_control '{"pending": 0}'
    KIMI_OAUTH_HOST=$(server_url)/ KIMI_CODE_OAUTH_HOST='' run -0 kimi login
    assert_same /api/oauth/token "$(server_last poll | json path)"
}

## TLS

@test "over TLS a good certificate works" {
    server_start --tls good
    server_control '{"pending": 0}'
    run -0 kimi login
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "an expired certificate is 75 network" {
    server_start --tls expired
    run -75 --separate-stderr kimi login --json
    assert_same network "$(event error data.code)"
    assert_error login certificate
    assert_same 0 "$(server_count device)"
}

@test "a certificate for another host is 75 network" {
    server_start --tls other
    run -75 --separate-stderr kimi login --json
    assert_same network "$(event error data.code)"
    assert_same 0 "$(server_count device)"
}

@test "a certificate of an unknown CA is 75 network" {
    server_start --tls good
    unset SSL_CERT_FILE
    run -75 --separate-stderr kimi login --json
    assert_same network "$(event error data.code)"
    assert_same 0 "$(server_count device)"
}

## With a stored login

@test "while a good login is stored: says so, 0, and no new code" {
    server_start
    logged_in
    run -0 --separate-stderr kimi login
    assert_same "kimi login: already logged in to Kimi Code; to switch accounts: kimi login --force" "$stderr"
    assert_same 0 "$(server_count device)"
    assert_same at-stored "$(stored access_token)"
}

@test "while a good login is stored --json gives one success" {
    server_start
    logged_in
    run -0 --separate-stderr kimi login --json
    assert_same success "$(event_types <<<"$output")"
}

@test "a good login without a config gets its config, without a new code" {
    server_start
    store_login
    run -0 kimi login
    assert_same 0 "$(server_count device)"
    assert_loads 'default_model="kimi-code/kimi-for-coding"'
}

@test "a good login without a config gets none with a host that cannot be used" {
    local url
    server_start
    store_login
    for url in http://192.0.2.1/v1 $'http://127.0.0.1:1/\xff'; do
        KIMI_CODE_BASE_URL=$url run -1 --separate-stderr kimi login
        [[ $stderr =~ "only https is allowed"|"is not a URL" ]] || fail "$stderr"
        [ ! -e "$CONFIG" ]
    done
    assert_same at-stored "$(stored access_token)"
}

@test "--force starts over" {
    server_start
    server_control '{"pending": 0}'
    logged_in
    run -0 kimi login --force
    assert_same 1 "$(server_count device)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "--force that fails leaves the old login and its config" {
    server_start
    server_control '{"pending": 0, "approve": "denied"}'
    logged_in
    local login config
    login=$(stored '') config=$(hash_of "$CONFIG")
    run -1 kimi login --force
    assert_same "$login" "$(stored '')"
    assert_same "$config" "$(hash_of "$CONFIG")"
}

@test "an expired login that can be refreshed is refreshed, without a new code" {
    server_start
    store_login --expires-in-left -100
    run -0 kimi login
    assert_same 0 "$(server_count device)"
    assert_same 1 "$(server_count refresh)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "an expired login whose refresh is rejected is replaced" {
    server_start
    server_control '{"pending": 0}'
    store_login --expires-in-left -100 --no-seed
    run -0 kimi login
    assert_same 1 "$(server_count device)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "an expired login that cannot be refreshed just now is kept: 75, and no code" {
    server_start
    store_login --expires-in-left -100
    server_control '{"faults": {"refresh": [{"status": 503, "headers": {"Retry-After": "1"}, "forever": true}]}}'
    run -75 kimi login
    assert_same 0 "$(server_count device)"
    assert_same at-stored "$(stored access_token)"
}

@test "a damaged login is replaced, and reported" {
    server_start
    server_control '{"pending": 0}'
    store_login
    printf '{"access_token": "at' >"$HOME/.kimi/credentials/kimi-code.json"
    run -0 --separate-stderr kimi login
    assert_contains "$stderr" damaged
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "kimi-code's tombstone is not a login" {
    server_start
    server_control '{"pending": 0}'
    store_login
    printf '{"access_token": "", "refresh_token": "", "expires_at": 0, "scope": "", "token_type": "Bearer", "expires_in": 0}' \
        >"$HOME/.kimi/credentials/kimi-code.json"
    run -0 kimi login
    assert_same 1 "$(server_count device)"
}

@test "an expired login of another host is not sent to this one: 1 wrong_host" {
    server_start
    server_control '{"pending": 0}'
    run -0 kimi login
    kimi_python - "$HOME/.kimi/credentials" <<'PY'
import json, sys
for name in "json", "state":
    path = "%s/kimi-code.%s" % (sys.argv[1], name)
    record = json.load(open(path))
    record["expires_at"] = 1000000000
    if name == "state":
        record["oauth_host"] = "https://elsewhere.example"
    json.dump(record, open(path, "w"))
PY
    run -1 --separate-stderr kimi login --json
    assert_same wrong_host "$(event error data.code)"
    assert_same 0 "$(server_count refresh)"
}

## After the device flow

@test "a model list that fails keeps the login, writes the config without models and tells how to sync: 75" {
    server_start
    server_control '{"pending": 0, "faults": {"models": [{"status": 503}]}}'
    run -75 --separate-stderr kimi login --json
    assert_same "info verification_url waiting error" "$(event_types <<<"$output")"
    assert_same server "$(event error data.code)"
    stderr=${stderr##*$'\n'} # a note about the store comes first
    assert_error login "logged in, but the model list could not be fetched: .*kimi models --sync"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    assert_loads 'models=null' 'default_model=null' 'providers>managed:kimi-code>type="kimi"' \
        'services>moonshot_search>oauth>key="oauth/kimi-code"'
    run -0 kimi models --sync
    assert_loads 'default_model="kimi-code/kimi-for-coding"' 'default_thinking=true'
}

@test "a model list that is a proxy's page does not fail the login either: 75" {
    server_start
    server_control '{"pending": 0, "faults": {"models": [{"body": "<html>", "content_type": "text/html"}]}}'
    run -75 --separate-stderr kimi login --json
    assert_same network "$(event error data.code)"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

@test "a model list that makes no sense is 75 here: the login is good" {
    server_start
    server_control '{"pending": 0, "faults": {"models": [{"json": {"data": 5}}]}}'
    run -75 kimi login
    assert_loads 'models=null'
}

@test "a fresh login with a config that is broken meanwhile is kept" {
    server_start
    server_control '{"pending": 0, "faults": {"models": [{"hold_before": "models"}]}}'
    start_login
    server_wait_held models
    write_config <<<'a = = 1'
    server_release models
    end_login 1
    assert_contains "$(cat "$BATS_TEST_TMPDIR/err")" "logged in, but the config was not written"
    assert_contains "$(cat "$BATS_TEST_TMPDIR/err")" "line 1, column 5"
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    run -0 kimi token
}

@test "SIGINT while the models are fetched: 130, and the login is kept" {
    server_start
    server_control '{"pending": 0, "faults": {"models": [{"hold_before": "models"}]}}'
    start_login
    server_wait_held models
    kill -INT "$login_pid"
    end_login 130
    server_release models
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
}

## If it cannot be saved

# assert_refused_early CODE: the last login failed before the server got a request. A note may precede the error.
assert_refused_early() {
    assert_same "$1" "$(event error data.code)"
    stderr=${stderr##*$'\n'}
    assert_error login .
    assert_same 0 "$(server_count all)"
}

@test "a credentials directory that cannot be written is refused before a code is requested" {
    server_start
    mkdir -p "$HOME/.kimi/credentials"
    chmod 500 "$HOME/.kimi/credentials"
    run -1 --separate-stderr unprivileged kimi login --json
    assert_refused_early storage
}

@test "a read-only home is refused before a code is requested" {
    server_start
    chmod 500 "$HOME"
    run -1 --separate-stderr unprivileged kimi login --json
    chmod 700 "$HOME"
    assert_refused_early storage
    assert_same "" "$(ls -A "$HOME")"
}

@test "a symbolic link in place of the credentials is refused before a code is requested" {
    server_start
    mkdir -p "$HOME/.kimi/credentials"
    chmod 700 "$HOME/.kimi/credentials"
    ln -s /dev/null "$HOME/.kimi/credentials/kimi-code.json"
    run -1 --separate-stderr kimi login --json --force
    assert_refused_early storage
    [ -L "$HOME/.kimi/credentials/kimi-code.json" ]
}

@test "a directory in place of the credentials is refused before a code is requested" {
    server_start
    mkdir -p "$HOME/.kimi/credentials/kimi-code.json"
    chmod 700 "$HOME/.kimi/credentials"
    run -1 --separate-stderr kimi login --json --force
    assert_refused_early storage
}

@test "a full disk is refused before a code is requested" {
    mkdir -m 700 "$HOME/.kimi"
    server_start
    run --separate-stderr in_mounts "mount -t tmpfs -o size=64k,mode=700 none '$HOME/.kimi' &&
        { dd if=/dev/zero of='$HOME/.kimi/fill' bs=4k || true; }" kimi-login --json
    if [ "$status" = 200 ]; then # this container allows no mounts: strace makes the same call fail
        run --separate-stderr failing "fallocate:error=ENOSPC" kimi-login --json
    fi
    assert_same 1 "$status"
    assert_refused_early storage
    assert_contains "$stderr" "free some space"
}

@test "a file as the share directory is refused before a code is requested" {
    server_start
    : >"$HOME/.kimi"
    run -1 --separate-stderr kimi login --json
    assert_refused_early storage
}

@test "without HOME and KIMI_SHARE_DIR: 1 config, with what to set" {
    server_start
    run -1 --separate-stderr env -u HOME kimi login --json
    assert_refused_early config
    assert_contains "$stderr" KIMI_SHARE_DIR
    run -1 --separate-stderr env HOME= kimi login
    assert_error login "HOME is not set"
}

@test "KIMI_SHARE_DIR is where everything goes" {
    server_start
    server_control '{"pending": 0}'
    KIMI_SHARE_DIR=$BATS_TEST_TMPDIR/share/kimi run -0 env -u HOME "PATH=$PATH" kimi login
    [ -e "$BATS_TEST_TMPDIR/share/kimi/credentials/kimi-code.json" ]
    [ -e "$BATS_TEST_TMPDIR/share/kimi/config.toml" ]
    [ ! -e "$HOME/.kimi" ]
}

@test "a store that is locked by another process makes no difference to the person: it is waited for" {
    server_start
    server_control '{"pending": 0}'
    store_login
    flock "$HOME/.kimi/credentials/kimi-code.lock" sh -c ': >"$1"; while [ ! -e "$2" ]; do sleep 0.02; done' sh \
        "$BATS_TEST_TMPDIR/locked" "$BATS_TEST_TMPDIR/unlock" 3>&- 4>&- &
    wait_for_file "$BATS_TEST_TMPDIR/locked"
    start_login --force
    wait_until test -e "/proc/$login_pid/exe"
    assert_same 0 "$(server_count device)"
    : >"$BATS_TEST_TMPDIR/unlock"
    end_login 0
}

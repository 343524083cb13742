#!/usr/bin/env bats
# kimi refresh: one exchange, under the lock, and the stored login always survives.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

# The longest test comes first, so that the others run in parallel.
@test "a lock that is held too long is a temporary failure after 30 s, and nothing is sent" {
    server_start
    store_login --expires-in-left 100
    hold_lock other
    local begin
    begin=$(now_ms)
    run -75 --separate-stderr kimi-refresh
    assert_between 29000 $(($(now_ms) - begin)) $((30000 + 15000 * PATIENCE)) "milliseconds"
    assert_error lock
    assert_same 0 "$(server_count all)"
    release_lock other
    finish 0
}

@test "a silent server is given up after a while, with the lock released, and asked once more" {
    server_start
    server_control '{"faults": {"refresh": [{"silent": true}]}}'
    store_login --expires-in-left 100
    run -0 --separate-stderr timeout 25 kimi-refresh
    assert_refreshed 2
}

# assert_refreshed COUNT: the server's last token is stored, and the server got COUNT requests in all.
assert_refreshed() {
    assert_same "$(server_stat last_access_token)" "$(stored access_token)" || return
    assert_same "$1" "$(server_count refresh)" "requests"
}

# assert_untouched COUNT: the login is the same, byte for byte, as when `before` was taken; the server got COUNT requests.
assert_untouched() {
    assert_same "$before" "$(hash_of "$LOGIN")" "the stored login: $(cat "$LOGIN")" || return
    assert_same "$1" "$(server_count refresh)" "requests"
}

# answered FAULT [LEFT]: a server whose refresh responses all have this fault, and a login that is due.
answered() {
    server_start
    server_control "{\"faults\": {\"refresh\": [$1]}}"
    store_login --expires-in-left "${2:-100}"
    before=$(hash_of "$LOGIN")
}

# age_rejection SECONDS: makes the remembered rejection that old.
age_rejection() {
    kimi_python -c '
import json, sys, time
state = json.load(open(sys.argv[1]))
state["rejected_at"] = time.time() - float(sys.argv[2])
json.dump(state, open(sys.argv[1], "w"))' "$STATE" "$1"
}
state() { json "$1" <"$STATE"; }

# age_wait SECONDS: makes the remembered wait that old.
age_wait() {
    kimi_python -c '
import json, sys
state = json.load(open(sys.argv[1]))
for name in "waits_since", "waits_until":
    state[name] -= float(sys.argv[2])
json.dump(state, open(sys.argv[1], "w"))' "$STATE" "$1"
}

# wait_length: the length of the wait in seconds.
wait_length() { kimi_python -c 'import sys; print(round(float(sys.argv[1]) - float(sys.argv[2])))' "$(state waits_until)" "$(state waits_since)"; }

## When it is due

@test "a token of 900 s is due below 450 s, regardless of kimi token" {
    server_start
    store_login --expires-in-left 452
    run -0 --separate-stderr kimi-refresh
    assert_contains "$stderr" "no refresh needed"
    assert_same 0 "$(server_count all)"
    store_login --expires-in-left 449
    run -0 --separate-stderr kimi-refresh
    assert_refreshed 1
    assert_same "" "$output"
}

# not_due LIFE LEFT, due LIFE LEFT: for a token with these seconds of life and left.
not_due() {
    local count
    count=$(server_count refresh)
    store_login --life "$1" --expires-in-left "$2" --access "at-$1" --refresh "rt-$1-$2"
    kimi-refresh --quiet || return
    assert_same "$count" "$(server_count refresh)" "requests for $2 s left of $1"
}
due() {
    local count
    count=$(server_count refresh)
    store_login --life "$1" --expires-in-left "$2" --access "at-$1" --refresh "rt-$1-$2"
    kimi-refresh --quiet || return
    assert_same $((count + 1)) "$(server_count refresh)" "requests for $2 s left of $1"
}

@test "the due rule: 300 s or half the life, whichever is more; half the life up to 600 s" {
    server_start
    not_due 7200 3603
    due 7200 3599
    not_due 601 303
    due 601 299
    not_due 600 303
    due 600 299
    not_due 400 203
    due 400 199
    not_due 10 8
    due 10 3
    due 900 0
    due 900 -5
    # The life is unknown: 300 s.
    not_due 0 303
    due 0 299
}

@test "--force refreshes a fresh token" {
    server_start
    store_login
    run -0 --separate-stderr kimi-refresh --force
    assert_refreshed 1
    run -0 --separate-stderr kimi-refresh --force
    assert_refreshed 2
    assert_same 0 "$(server_stat revoked)"
}

@test "--min-valid refreshes what is good for less" {
    server_start
    store_login --expires-in-left 700
    kimi-refresh --quiet --min-valid 690
    assert_same 0 "$(server_count refresh)"
    kimi-refresh --quiet --min-valid 710
    assert_refreshed 1
    # The rule for cron never delays a refresh.
    store_login --expires-in-left 400 --refresh rt-b
    kimi-refresh --quiet --min-valid 10
    assert_refreshed 2
}

@test "not logged in: a login is needed, nothing is sent and no directory is created" {
    server_start
    run -4 --separate-stderr kimi-refresh
    assert_error "kimi login"
    run -4 --separate-stderr kimi-refresh --force
    assert_same 0 "$(server_count all)"
    [ ! -e "$HOME/.kimi" ]
}

@test "a login without a refresh token needs a login" {
    server_start
    store_login --refresh "" --expires-in-left -1
    run -4 --separate-stderr kimi-refresh
    assert_error "kimi login"
    assert_same 0 "$(server_count all)"
}

@test "a tombstone needs a login, and is neither damage nor sent" {
    server_start
    mkdir -p "$FOLDER"
    echo '{"access_token": "", "refresh_token": "", "expires_at": 0, "scope": "", "token_type": "", "expires_in": 0}' >"$LOGIN"
    chmod 600 "$LOGIN"
    run -4 --separate-stderr kimi-refresh --force
    assert_error "kimi login"
    assert_same 0 "$(server_count all)"
}

## What it says

@test "--quiet says nothing at all when all is well" {
    server_start
    store_login --expires-in-left 100
    run -0 --separate-stderr kimi-refresh --quiet
    assert_same "" "$output$stderr"
    assert_refreshed 1
    run -0 --separate-stderr kimi-refresh --quiet
    assert_same "" "$output$stderr"
}

@test "--json is one event a run, without a token in it" {
    server_start
    store_login --expires-in-left 100
    run -0 --separate-stderr kimi-refresh --json
    assert_same success "$(json type <<<"$output")"
    assert_same true "$(json data.refreshed <<<"$output")"
    assert_lacks "$output$stderr" "$(stored access_token)"
    assert_lacks "$output$stderr" "$(stored refresh_token)"
    run -0 --separate-stderr kimi-refresh --json
    assert_same false "$(json data.refreshed <<<"$output")"
}

@test "it works from cron: HOME alone, no standard input" {
    server_start
    store_login --expires-in-left 100
    run -0 env -i HOME="$HOME" KIMI_CODE_OAUTH_HOST="$KIMI_CODE_OAUTH_HOST" bash -c "exec '$KIMI_TEST_BIN/kimi-refresh' --quiet <&-"
    assert_same "" "$output"
    assert_refreshed 1
}

## What is sent and stored

@test "the exchange is that of the wire facts, and the response is stored completely" {
    server_start
    store_login --expires-in-left 100
    local sent=$EPOCHSECONDS
    kimi-refresh --quiet
    assert_same '{"client_id": "17e5f671-d194-4dfb-9706-5516cb48c098", "grant_type": "refresh_token", "refresh_token": "rt-stored"}' \
        "$(server_last refresh | json form)"
    assert_same "access_token expires_at expires_in refresh_token scope token_type" \
        "$(kimi_python -c 'import json, sys; print(*sorted(json.load(sys.stdin)))' <"$LOGIN")"
    assert_contains "$(stored refresh_token)" rt-1-
    assert_same 900 "$(stored expires_in)"
    assert_same kimi-code "$(stored scope)"
    assert_same Bearer "$(stored token_type)"
    local ends
    ends=$(stored expires_at)
    assert_between $((sent + 899)) "${ends%.*}" $((EPOCHSECONDS + 900))
}

@test "permissions are 0600 in 0700 regardless of the umask" {
    server_start
    local mask
    for mask in 000 077; do
        store_login --expires-in-left 100 --refresh "rt-$mask"
        chmod 755 "$FOLDER"
        rm -f "$LOCK" "$STATE" "$HOME/.kimi/device_id"
        (umask "$mask" && kimi-refresh --quiet)
        assert_same "600 600 600 600 700" \
            "$(mode "$LOGIN") $(mode "$LOCK") $(mode "$STATE") $(mode "$HOME/.kimi/device_id") $(mode "$FOLDER")" "umask $mask"
    done
    assert_refreshed 2
}

@test "nothing but the login, its lock and its metadata is left in the directory" {
    server_start
    store_login --expires-in-left 100
    kimi-refresh --quiet
    assert_same ".[!.]* kimi-code.json kimi-code.lock kimi-code.state" "$(cd "$FOLDER" && echo .[!.]* *)"
}

@test "leftovers of killed writers are removed, and nobody else's files" {
    server_start
    store_login --expires-in-left 100
    touch "$FOLDER/.kimi-code.json.kimi-0123456789ab" "$FOLDER/.kimi-code.state.kimi-abcdef012345"
    local others=(.kimi-code.json.kimi-0123456789aX .kimi-code.json.swp .other.json.kimi-0123456789ab kimi-code.json.tmp
        .kimi-code.json.kimi-0123456789abc)
    (cd "$FOLDER" && touch "${others[@]}")
    kimi-refresh --quiet
    [ ! -e "$FOLDER/.kimi-code.json.kimi-0123456789ab" ]
    [ ! -e "$FOLDER/.kimi-code.state.kimi-abcdef012345" ]
    local other
    for other in "${others[@]}"; do
        [ -e "$FOLDER/$other" ] || fail "$other is gone"
    done
}

@test "a refresher killed before it could save leaves the old login, and the next one sweeps up" {
    server_start
    server_control '{"faults": {"refresh": [{"hold_before": "a"}]}}'
    store_login --expires-in-left 100
    start killed kimi-refresh
    server_wait_held a
    kill -9 "$pid"
    finish 137
    assert_same rt-stored "$(stored refresh_token)"
    assert_same 1 "$(find "$FOLDER" -name '.kimi-code.json.kimi-*' | wc -l | tr -d ' ')" "room that was set aside"
    server_control '{}'
    kimi-refresh --quiet
    assert_same 0 "$(find "$FOLDER" -name '.*.kimi-*' | wc -l | tr -d ' ')"
}

@test "the lock file stays the same file" {
    server_start
    store_login --expires-in-left 100
    mkdir -p "$FOLDER"
    : >"$LOCK"
    local inode
    inode=$(stat -c %i "$LOCK")
    kimi-refresh --quiet
    kimi-refresh --quiet --force
    assert_same "$inode" "$(stat -c %i "$LOCK")"
}

@test "a file with loose permissions is used, tightened and reported" {
    server_start
    store_login --expires-in-left 500
    chmod 666 "$LOGIN"
    run -0 --separate-stderr kimi-refresh
    assert_contains "$stderr" "could be read by others"
    assert_same 600 "$(mode "$LOGIN")"
    run -0 --separate-stderr kimi-refresh
    assert_lacks "$stderr" "could be read by others"
}

## Responses without tokens

@test "an invalid response fails permanently, after one request, and the login stays byte for byte" {
    server_start
    local fault count=0
    while read -r fault; do
        store_login --expires-in-left 100 --refresh "rt-$count" # what the response was for is not sent again
        before=$(hash_of "$LOGIN")
        server_control "{\"faults\": {\"refresh\": [$fault]}}"
        run -1 --separate-stderr kimi-refresh
        count=$((count + 1))
        assert_error " is invalid: "
        assert_untouched "$count"
    done <<'FAULTS'
{"drop": ["access_token"], "process": false}
{"drop": ["refresh_token"], "process": false}
{"drop": ["expires_in"], "process": false}
{"set": {"access_token": ""}, "process": false}
{"set": {"access_token": 5}, "process": false}
{"set": {"access_token": "a\nb"}, "process": false}
{"set": {"access_token": "a\u0000b"}, "process": false}
{"set": {"refresh_token": ""}, "process": false}
{"set": {"expires_in": 0}, "process": false}
{"set": {"expires_in": -900}, "process": false}
{"set": {"expires_in": "soon"}, "process": false}
{"set": {"expires_in": "900x"}, "process": false}
{"nul": true, "process": false}
{"body": ""}
{"body": "not JSON"}
{"body": "{\"access_token\": \"a"}
{"json": []}
{"json": {}}
{"body": "{\"access_token\": \"\\ud800\"}"}
FAULTS
    assert_same 19 "$count"
    store_login --expires-in-left 100
    kimi-refresh --quiet
    assert_refreshed 20
}

@test "a complete token response is accepted, regardless of its declared coding and length: the old token is spent" {
    server_start
    local head body name count=0 tokens
    while IFS='|' read -r name head body; do
        tokens="{\"access_token\": \"at-$name\", \"refresh_token\": \"rt-$name\", \"expires_in\": 900}"
        server_control "{\"faults\": {\"refresh\": [$(raw_answer "$head" "${body//TOKENS/$tokens}")]}}"
        store_login --expires-in-left 100
        run -0 --separate-stderr kimi-refresh
        count=$((count + 1))
        assert_same "at-$name rt-$name" "$(stored access_token) $(stored refresh_token)" "$name"
        assert_same "$count" "$(server_count refresh)" "requests, with $name"
    done <<'ANSWERS'
bom||\xef\xbb\xbfTOKENS
utf-8|Content-Encoding: utf-8\r\n|TOKENS
aws-chunked|Content-Encoding: aws-chunked\r\n|TOKENS
gzip|Content-Encoding: gzip\r\n|TOKENS
br|Content-Encoding: br\r\n|TOKENS
deflate|Content-Encoding: deflate\r\n|TOKENS
two|Content-Encoding: gzip, br\r\n|\xef\xbb\xbfTOKENS
long|Content-Length: 5000\r\n|TOKENS
long-gzip|Content-Encoding: gzip\r\nContent-Length: 5000\r\n|TOKENS
chunk|Transfer-Encoding: chunked\r\n|100\r\nTOKENS
no-last|Transfer-Encoding: chunked\r\n|1\r\n \r\n100\r\nTOKENS\r\n
ANSWERS
    assert_same 11 "$count"
    server_control '{"faults": {"refresh": [{"status": 201, "json":
        {"access_token": "at-201", "refresh_token": "rt-201", "expires_in": 900}}]}}'
    kimi-refresh --quiet --force
    assert_same rt-201 "$(stored refresh_token)"
}

@test "a refresh token is not sent again after a byte of a good response came, unless by --force or after a new login" {
    server_start
    local fault count=0 name
    while read -r name fault; do
        store_login --expires-in-left 100 --refresh "rt-$name"
        before=$(hash_of "$LOGIN")
        server_control "{\"faults\": {\"refresh\": [$fault]}}"
        run --separate-stderr kimi-refresh
        count=$((count + 1))
        [ "$status" != 0 ] || fail "$name is taken"
        assert_error 127.0.0.1
        assert_contains "$stderr" "kimi login"
        assert_untouched "$count"
        run -4 --separate-stderr kimi-refresh
        assert_error "run 'kimi login'"
        assert_untouched "$count"
        # A valid token is used, and nothing is sent for it.
        run -0 --separate-stderr kimi-token
        assert_same at-stored "$output"
        assert_untouched "$count"
        run -0 kimi-refresh --force
        count=$((count + 1))
        assert_refreshed "$count"
        run -1 state answer_lost
    done <<FAULTS
head $(raw_answer 'Content-Ty' '')
none $(raw_answer 'Content-Length: 50\r\n' '')
half {"truncate": 30, "process": false}
reset {"reset": "mid-body", "process": false}
empty {"status": 204, "body": ""}
text {"body": "all is well"}
FAULTS
    assert_same 12 "$count"
}

@test "other members of a response with valid tokens do not lose them" {
    server_start
    store_login --expires-in-left 100
    local set count=0
    while read -r set; do
        server_control "{\"faults\": {\"refresh\": [{\"set\": $set}]}}"
        run -0 --separate-stderr kimi-refresh --force
        count=$((count + 1))
        assert_refreshed "$count"
    done <<'SETS'
{"user_id": 18446744073709551615, "more": {"a": [null, -99999999999999999999]}}
{"scope": ["kimi-code"]}
{"scope": null, "token_type": null}
{"token_type": 7}
{"error": ""}
{"error": null}
SETS
    assert_same 6 "$count"
}

@test "a response may be compressed, which a client without Accept-Encoding allows" {
    server_start
    store_login --expires-in-left 100
    local answer
    answer=$(kimi_python -c '
import base64, gzip
body = gzip.compress(b"{\"access_token\": \"at-gzip\", \"refresh_token\": \"rt-gzip\", \"expires_in\": 900}")
head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
print(base64.b64encode(head.encode() + body).decode())')
    server_control "{\"faults\": {\"refresh\": [{\"raw_b64\": \"$answer\"}]}}"
    run -0 --separate-stderr kimi-refresh
    assert_same at-gzip "$(stored access_token)"
}

@test "numbers may come as text, and a fraction is fine" {
    server_start
    server_control '{"token_set": {"expires_in": "600"}}'
    store_login --expires-in-left 100
    kimi-refresh --quiet
    assert_refreshed 1
    assert_same 600 "$(stored expires_in)"
    server_control '{"token_set": {"expires_in": 600.5}}'
    kimi-refresh --quiet --force
    assert_same 600.5 "$(stored expires_in)"
}

@test "a life of more than a hundred years is a hundred, and no reason to lose the login" {
    server_start
    local life count=0
    for life in 3153600001 1e300 '"99999999999999999999"'; do
        server_control "{\"faults\": {\"refresh\": [{\"set\": {\"expires_in\": $life}}]}}"
        store_login --expires-in-left 100 --refresh "rt-$count"
        run -0 --separate-stderr kimi-refresh
        count=$((count + 1))
        assert_refreshed "$count"
        assert_same 3153600000 "$(stored expires_in)"
        run -0 kimi-token
        run -0 kimi-status --json
        rm "$LOGIN"
    done
}

@test "scope and token_type may be absent" {
    server_start
    server_control '{"token_drop": ["scope", "token_type"]}'
    store_login --expires-in-left 100
    kimi-refresh --quiet
    assert_refreshed 1
    assert_same "" "$(stored scope)"
    assert_same Bearer "$(stored token_type)"
}

@test "a page of HTML with status 200 is not from Kimi: a temporary failure that says so, after one request" {
    answered '{"body": "<!DOCTYPE html><title>Welcome to the hotel</title>", "content_type": "text/html", "forever": true}'
    run -75 --separate-stderr kimi-refresh
    assert_error "web page"
    assert_untouched 1
}

@test "an endless body ends the exchange" {
    answered '{"endless": true, "forever": true}'
    run -1 --separate-stderr timeout 20 kimi-refresh
    assert_error "more than"
    assert_untouched 1
}

@test "a head without end is a failure, not a hang" {
    answered '{"endless": "head", "forever": true}'
    run -75 --separate-stderr timeout 20 kimi-refresh
    assert_error 127.0.0.1
    assert_untouched 1
}

@test "a redirect is not followed, and nothing reaches where it points" {
    KIMI_TEST_SERVER=other server_start --no-export
    answered "{\"location\": \"$(KIMI_TEST_SERVER=other server_url)/api/oauth/token\", \"status\": 307}"
    run -75 --separate-stderr kimi-refresh
    assert_error redirect
    assert_untouched 1
    assert_same 0 "$(KIMI_TEST_SERVER=other server_count all)"
}

@test "words of the server reach a terminal without control characters" {
    answered '{"error": "invalid_request", "description": "a\u001b[31m red\nkimi refresh: all is well"}'
    run -1 --separate-stderr kimi-refresh
    assert_error "red"
    assert_lacks "$stderr" $'\e'
}

## Temporary failures

@test "500, 502, 503, 504 and 429 are tried three times in all, after 1 s and 2 s" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    server_control '{"faults": {"refresh": [{"status": 500}, {"status": 502}, {"status": 503}, {"status": 504}, {"status": 429}]}}'
    run -75 --separate-stderr kimi-refresh
    assert_error "status 503"
    assert_untouched 3
    age_wait 10
    run -0 --separate-stderr kimi-refresh
    assert_refreshed 6
    # The pauses of both runs, in tenths of a second.
    assert_same "10 20 10 20" "$(server_requests refresh | kimi_python -c '
import json, sys
t = [json.loads(line)["time"] for line in sys.stdin]
print(*(int((t[i + 1] - t[i]) * 2) * 5 for i in (0, 1, 3, 4)))')"
}

@test "a connection that breaks is tried again" {
    answered '{"reset": "before"}, {"status": 503, "truncate": 10}'
    run -0 --separate-stderr kimi-refresh
    assert_refreshed 3
}

@test "a server that is down is a temporary failure that names it" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    server_stop
    run -75 --separate-stderr kimi-refresh --json
    assert_same network "$(json data.code <<<"$output")"
    assert_contains "$stderr" 127.0.0.1
    assert_same "$before" "$(hash_of "$LOGIN")"
}

@test "Retry-After is honoured" {
    answered '{"status": 429, "headers": {"Retry-After": "3"}}'
    run -0 --separate-stderr kimi-refresh
    assert_refreshed 2
    assert_same 3 "$(server_requests refresh | kimi_python -c '
import json, sys
first, second = (json.loads(line)["time"] for line in sys.stdin)
print(int(second - first))')"
}

@test "Retry-After may be a date, in all three forms of HTTP, and is taken by the server's clock" {
    server_start
    local date wait
    while read -r wait date; do
        store_login --expires-in-left 100
        rm -f "$STATE"
        server_control "{\"faults\": {\"refresh\": [{\"status\": 503, \"headers\": {
            \"Date\": \"Sun, 06 Nov 1994 08:49:37 GMT\", \"Retry-After\": \"$date\"}}]}}"
        run -75 --separate-stderr timeout 20 kimi-refresh
        assert_contains "$stderr" "try again in $wait s, as the server asked"
    done <<'DATES'
600 Sun, 06 Nov 1994 08:59:37 GMT
3600 Sunday, 06-Nov-94 09:49:37 GMT
60 Sun Nov  6 08:50:37 1994
DATES
}

@test "a Retry-After that is neither seconds nor a future date is ignored" {
    server_start
    local value count=0
    while read -r value; do
        store_login --expires-in-left 100 --refresh "rt-$count"
        server_control "{\"faults\": {\"refresh\": [{\"status\": 503, \"headers\": {\"Retry-After\": \"$value\"}}]}}"
        run -0 hooked SPEED=20 kimi-refresh --quiet
        count=$((count + 2))
        assert_refreshed "$count"
    done <<'VALUES'
0xffff
-600
1e3
600s
999 x
Sun, 06 Nov 1994 08:49:37 GMT
tomorrow
0
VALUES
    assert_same 16 "$count"
}

@test "a Retry-After that is too long is reported, not waited for" {
    answered '{"status": 503, "headers": {"Retry-After": "3600"}}'
    run -75 --separate-stderr timeout 20 kimi-refresh
    assert_error 3600
    assert_untouched 1
}

@test "a Retry-After of more than a day is a day" {
    answered '{"status": 503, "headers": {"Retry-After": "99999999999"}}'
    run -75 --separate-stderr timeout 20 kimi-refresh
    assert_contains "$stderr" "try again in 86400 s, as the server asked"
}

@test "a server that asked to wait is not asked again before, by any run; the time is printed" {
    answered '{"status": 429, "headers": {"Retry-After": "600"}, "repeat": 4}'
    run -75 --separate-stderr kimi-refresh
    assert_error "status 429"
    for _ in 1 2 3; do
        run -75 --separate-stderr kimi-refresh --json
        assert_same server "$(json data.code <<<"$output")"
        [[ $stderr =~ "not asked again for "([2-5][0-9][0-9]|600)" s; try again in "([2-5][0-9][0-9]|600)" s"$ ]] || fail "$stderr"
        run -0 --separate-stderr kimi-token
        assert_same at-stored "$output"
    done
    assert_untouched 1
    age_wait 300
    run -75 kimi-refresh
    assert_untouched 1
    # Once the time is over, or earlier if a person insists.
    age_wait 300
    run -75 kimi-refresh
    assert_untouched 2
    run -75 kimi-refresh --force
    assert_untouched 3
    # The wait was for another token. One longer than a day, or from a clock that was fast, is ignored.
    store_login --expires-in-left 101 --refresh rt-b
    before=$(hash_of "$LOGIN")
    run -75 kimi-refresh
    assert_untouched 4
    age_wait -1000000
    run -0 kimi-refresh
    assert_refreshed 5
    run -1 state waits_until
}

@test "without Retry-After a failing server is asked three times by the first run, and not by the next for 8 s, then 60" {
    answered '{"status": 503, "forever": true}' -5
    run -75 kimi-refresh
    assert_untouched 3
    for _ in 1 2; do
        run -75 --separate-stderr kimi-token
        assert_error "try again in"
    done
    assert_untouched 3
    # The pauses between its attempts were 2 and 4 s.
    assert_same 8 "$(wait_length)"
    age_wait 8
    run -75 --separate-stderr kimi-token
    assert_untouched 6
    assert_same 60 "$(wait_length)"
    # A refresh that succeeds resets it.
    server_control '{"faults": {"refresh": [{"status": 503}]}}'
    age_wait 60
    run -0 kimi-refresh
    assert_same 8 "$(server_count refresh)"
    run -1 state waits
}

@test "other statuses are an error at once" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    local code count=0
    for code in 400 402 404 405 418; do
        server_control "{\"faults\": {\"refresh\": [{\"status\": $code}]}}"
        run -1 --separate-stderr kimi-refresh
        count=$((count + 1))
        assert_error "status $code"
        assert_untouched "$count"
    done
    server_control '{"faults": {"refresh": [{"error": "invalid_client"}]}}'
    run -1 --separate-stderr kimi-refresh
    assert_error invalid_client
    assert_untouched 6
    [ ! -e "$STATE" ]
}

@test "while it backs off the lock is free, and a login renewed meanwhile is used without a request" {
    answered '{"status": 503, "headers": {"Retry-After": "2"}, "forever": true}'
    start refresher kimi-refresh --json
    local refresher=$pid
    wait_until grep -q '"refresh"' "$(server_dir)/requests.jsonl"
    hold_lock kimi-cli
    assert_same 1 "$(server_count refresh)"
    store_login --access at-other --refresh rt-other
    release_lock kimi-cli
    finish 0
    finish 0 "$refresher"
    assert_same success "$(out_of refresher | json type)"
    assert_same at-other "$(stored access_token)"
    assert_same 1 "$(server_count refresh)"
}

## A rejected login

@test "a rejected login needs a login, is kept, and is not sent again for 300 s" {
    server_start
    store_login --expires-in-left 100 --no-seed
    before=$(hash_of "$LOGIN")
    run -4 --separate-stderr kimi-refresh --json
    assert_same rejected "$(json data.code <<<"$output")"
    assert_contains "$stderr" "kimi login"
    assert_untouched 1
    for _ in 1 2 3; do
        run -4 --separate-stderr kimi-refresh
        assert_error "kimi login"
    done
    assert_untouched 1
    age_rejection 295
    run -4 --separate-stderr kimi-refresh
    assert_untouched 1
    age_rejection 301
    run -4 --separate-stderr kimi-refresh
    assert_untouched 2
}

@test "the time that a rejected login is not sent doubles to a day" {
    server_start
    store_login --expires-in-left -1 --no-seed
    run -4 kimi-refresh
    local wait count=1
    for wait in 300 600 1200 86400 86400; do
        [ "$wait" != 86400 ] || kimi_python -c '
import json, sys
state = json.load(open(sys.argv[1]))
state["rejections"] = max(state["rejections"], 12)
json.dump(state, open(sys.argv[1], "w"))' "$STATE"
        age_rejection $((wait - 5))
        run -4 kimi-refresh
        assert_same "$count" "$(server_count refresh)" "requests before $wait s are over"
        age_rejection $((wait + 5))
        run -4 kimi-refresh
        count=$((count + 1))
        assert_same "$count" "$(server_count refresh)" "requests once $wait s are over"
    done
}

@test "--force asks in spite of a rejection, and a success forgets it" {
    server_start
    server_control '{"faults": {"refresh": [{"error": "invalid_grant"}]}}'
    store_login --expires-in-left 100
    run -4 kimi-refresh
    run -4 kimi-refresh
    assert_same 1 "$(server_count refresh)"
    run -0 kimi-refresh --force
    assert_refreshed 2
    run -1 state rejections
}

@test "401, invalid_grant and a 403 with an OAuth error are rejections" {
    server_start
    local fault count=0
    while read -r fault; do
        server_control "{\"faults\": {\"refresh\": [$fault]}}"
        store_login --expires-in-left 100 --refresh "rt-$count"
        before=$(hash_of "$LOGIN")
        run -4 --separate-stderr kimi-refresh
        count=$((count + 1))
        assert_error "Kimi no longer accepts this login: .*; run 'kimi login'"
        assert_untouched "$count"
        run -4 --separate-stderr kimi-refresh
        assert_error "Kimi no longer accepts this login; run 'kimi login'"
        assert_untouched "$count"
    done <<'FAULTS'
{"status": 401}
{"status": 401, "json": {"error": "invalid_client"}}
{"error": "invalid_grant"}
{"error": "invalid_grant", "status": 200}
{"error": "access_denied", "status": 403}
FAULTS
    assert_same 5 "$count"
}

@test "a bare 403 comes from a firewall: a temporary failure after one request, not remembered" {
    answered '{"status": 403}'
    run -75 --separate-stderr kimi-refresh
    assert_error firewall
    assert_untouched 1
    [ ! -e "$STATE" ]
    run -0 kimi-refresh
    assert_refreshed 2
}

@test "a rejection of one token says nothing of the next" {
    server_start
    store_login --expires-in-left 100 --no-seed
    run -4 kimi-refresh
    store_login --expires-in-left 101 --access at-b --refresh rt-b
    run -0 kimi-refresh
    assert_refreshed 2
}

@test "metadata that is damaged, or another user's link, is ignored" {
    server_start
    store_login --expires-in-left 100
    printf '{"expires_at": ' >"$STATE"
    run -0 kimi-refresh
    assert_refreshed 1
    echo keep >"$HOME/target"
    ln -sf "$HOME/target" "$STATE"
    run -0 kimi-refresh --force
    assert_refreshed 2
    assert_same keep "$(cat "$HOME/target")"
}

@test "a rejection where kimi-cli was faster ends with its login, and is not remembered" {
    answered '{"error": "invalid_grant", "hold": "a"}'
    start refresher kimi-refresh --json
    server_wait_held a
    store_login --access at-other --refresh rt-other
    server_release a
    finish 0
    assert_same success "$(out_of refresher | json type)"
    assert_same at-other "$(stored access_token)"
    assert_same 1 "$(server_count refresh)"
    [ ! -e "$STATE" ]
}

## The host that issued the login

@test "a login goes to no other host than the one that issued it" {
    KIMI_TEST_SERVER=other server_start --no-export
    server_start
    store_login --expires-in-left 100
    kimi-refresh --quiet
    assert_same "$KIMI_CODE_OAUTH_HOST" "$(state oauth_host)"
    before=$(hash_of "$LOGIN")
    local other
    other=$(KIMI_TEST_SERVER=other server_url)
    KIMI_CODE_OAUTH_HOST=$other run -1 --separate-stderr kimi-refresh --force --json
    assert_same wrong_host "$(json data.code <<<"$output")"
    assert_contains "$stderr" "$other"
    KIMI_CODE_OAUTH_HOST='' KIMI_OAUTH_HOST=$other run -1 --separate-stderr kimi-refresh --force
    assert_error "$other"
    KIMI_CODE_OAUTH_HOST='' run -1 --separate-stderr kimi-refresh --force
    assert_error "https://auth.kimi.com"
    assert_same 0 "$(KIMI_TEST_SERVER=other server_count all)"
    assert_untouched 1
}

@test "the host stays known when another client has refreshed the login" {
    KIMI_TEST_SERVER=other server_start --no-export
    server_start
    store_login --expires-in-left 100
    kimi-refresh --quiet
    store_login --access at-client --refresh rt-client --expires-in-left 90
    before=$(hash_of "$LOGIN")
    local other
    other=$(KIMI_TEST_SERVER=other server_url)
    KIMI_CODE_OAUTH_HOST=$other run -1 --separate-stderr kimi-refresh --json
    assert_same wrong_host "$(json data.code <<<"$output")"
    KIMI_CODE_OAUTH_HOST=$other run -0 --separate-stderr kimi-status --json
    assert_same wrong_host "$(json logins.0.problems.0.code <<<"$output")"
    assert_untouched 1
    # It is a login of the first host, whichever client refreshed it last.
    run -0 kimi-refresh
    assert_same 2 "$(server_count refresh)"
    store_login --refresh rt-client-2 --no-seed --expires-in-left 80
    run -4 kimi-refresh
    KIMI_CODE_OAUTH_HOST=$other run -1 kimi-refresh --force
    assert_same 0 "$(KIMI_TEST_SERVER=other server_count all)"
}

@test "a login, or a logout by kimi, ends what was known of the host" {
    KIMI_TEST_SERVER=other server_start --no-export
    server_start
    store_login --expires-in-left 100
    kimi-refresh --quiet
    kimi-logout --quiet
    export KIMI_CODE_OAUTH_HOST
    KIMI_CODE_OAUTH_HOST=$(KIMI_TEST_SERVER=other server_url)
    KIMI_TEST_SERVER=other store_login --expires-in-left 90
    run -0 kimi-refresh
    assert_same "$KIMI_CODE_OAUTH_HOST" "$(state oauth_host)"
    KIMI_CODE_OAUTH_HOST=$(server_url)
    server_control '{"pending": 0}'
    run -0 kimi-login --no-browser --force
    assert_same "$(server_url)" "$(state oauth_host)"
}

@test "a slash at the end makes no other host" {
    server_start
    store_login --expires-in-left 100
    kimi-refresh --quiet
    KIMI_CODE_OAUTH_HOST=$KIMI_CODE_OAUTH_HOST/ run -0 kimi-refresh --force
    assert_refreshed 2
}

@test "a host is the same with its usual port, a dot at its end and in capitals" {
    local host
    for host in https://issuer.example:443 https://issuer.example. https://Issuer.EXAMPLE https://issuer.example.:443/; do
        store_login --expires-in-left 100
        printf '{"expires_at": %s, "oauth_host": "https://issuer.example"}' "$(stored expires_at)" >"$STATE"
        KIMI_CODE_OAUTH_HOST=$host run -75 --separate-stderr hooked SPEED=20 LOOKUP=-2 kimi-refresh
        assert_error "cannot reach" # and not that it is another
        assert_same "[]" "$(KIMI_CODE_OAUTH_HOST=$host kimi-status --json | json logins.0.problems)"
    done
    KIMI_CODE_OAUTH_HOST=https://issuer.example:444 run -1 kimi-refresh
}

@test "http to anywhere but loopback is refused before a byte is sent" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    KIMI_CODE_OAUTH_HOST=http://auth.kimi.com run -1 --separate-stderr kimi-refresh
    assert_error https
    assert_untouched 0
}

## The lock

@test "it waits for the lock, and uses the login that the holder has stored" {
    server_start
    store_login --expires-in-left 100
    hold_lock kimi-cli
    local holder=$pid
    start refresher kimi-refresh --json
    wait_until is_asleep "$pid" kimi-refresh
    assert_same 0 "$(server_count refresh)"
    store_login --access at-other --refresh rt-other
    release_lock kimi-cli
    finish 0
    finish 0 "$holder"
    assert_same success "$(out_of refresher | json type)"
    assert_same at-other "$(stored access_token)"
    assert_same 0 "$(server_count refresh)"
}

@test "--force that waited for another refresh accepts its result" {
    server_start
    store_login
    hold_lock kimi-cli
    local holder=$pid
    start refresher kimi-refresh --force
    wait_until is_asleep "$pid" kimi-refresh
    store_login --access at-other --refresh rt-other
    release_lock kimi-cli
    finish 0
    finish 0 "$holder"
    assert_same 0 "$(server_count refresh)"
}

@test "it waits for the lock, and refreshes what the holder left unchanged" {
    server_start
    store_login --expires-in-left 100
    hold_lock kimi-cli
    local holder=$pid
    start refresher kimi-refresh
    wait_until is_asleep "$pid" kimi-refresh
    release_lock kimi-cli
    finish 0
    finish 0 "$holder"
    assert_refreshed 1
}

@test "the lock is held during the exchange" {
    answered '{"hold": "a"}'
    start refresher kimi-refresh
    server_wait_held a
    run -1 flock -n "$LOCK" true
    server_release a
    finish 0
    run -0 flock -n "$LOCK" true
}

@test "interrupted while it waits for the lock it ends with 130, and nothing is sent" {
    server_start
    store_login --expires-in-left 100
    hold_lock other
    local holder=$pid
    start refresher kimi-refresh
    wait_until is_asleep "$pid" kimi-refresh
    kill -TERM "$pid"
    finish 130
    assert_same 0 "$(server_count all)"
    release_lock other
    finish 0 "$holder"
}

@test "a lock file that is a link or a directory is refused, and nothing is sent" {
    server_start
    store_login --expires-in-left 100
    ln -s "$HOME/elsewhere" "$LOCK"
    run -1 --separate-stderr kimi-refresh
    assert_error "$LOCK"
    rm "$LOCK"
    mkdir "$LOCK"
    run -1 --separate-stderr kimi-refresh
    assert_error "$LOCK"
    [ ! -e "$HOME/elsewhere" ]
    assert_same 0 "$(server_count all)"
}

## Signals

@test "SIGTERM in mid-exchange: the new token is saved, and the exit status is 130" {
    answered '{"hold": "a"}'
    local signal n=0
    for signal in TERM HUP; do
        rm -f "$(server_dir)/held.a" "$(server_dir)/release.a"
        server_control "{\"faults\": {\"refresh\": [{\"hold\": \"a\"}]}, \"models\": [\"$signal\"]}"
        start "refresher.$signal" kimi-refresh --force
        server_wait_held a
        kill -"$signal" "$pid"
        wait_until is_asleep "$pid" kimi-refresh
        server_release a
        finish 130
        n=$((n + 1))
        assert_refreshed "$n"
        assert_contains "$(err_of "refresher.$signal")" "SIG$signal"
    done
    assert_same 0 "$(server_stat revoked)"
}

@test "SIGTERM while it backs off ends it at once" {
    answered '{"status": 503, "headers": {"Retry-After": "25"}}'
    start refresher kimi-refresh
    wait_until grep -q '"refresh"' "$(server_dir)/requests.jsonl"
    kill -TERM "$pid"
    finish 130
    assert_untouched 1
}

## A store that cannot be written is noticed before a refresh token is spent

@test "a directory that cannot be written is refused before anything is sent" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    : >"$LOCK"
    chmod 500 "$FOLDER"
    run -1 --separate-stderr unprivileged kimi-refresh
    chmod 700 "$FOLDER"
    assert_error "$FOLDER"
    assert_untouched 0
}

@test "a read-only HOME is refused before anything is sent" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    chmod 500 "$HOME" "$HOME/.kimi" "$FOLDER"
    run -1 --separate-stderr unprivileged kimi-refresh
    chmod 700 "$HOME" "$HOME/.kimi" "$FOLDER"
    assert_error "$FOLDER"
    assert_untouched 0
}

@test "a bind-mounted login is refused before anything is sent" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    cp -p "$LOGIN" "$HOME/mounted"
    run --separate-stderr in_mounts "mount --bind '$HOME/mounted' '$LOGIN'" kimi-refresh
    if [ "$status" = 200 ]; then # this container allows no mounts: strace makes the same call fail
        run --separate-stderr failing "rename,renameat,renameat2:error=EBUSY" kimi-refresh
    fi
    assert_same 1 "$status"
    assert_error "mount point"
    assert_untouched 0
    assert_same "" "$(find "$FOLDER" -name '.*.kimi-*')"
}

@test "a full disk is refused before anything is sent" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    cp -p "$LOGIN" "$HOME/copy"
    run --separate-stderr in_mounts "mount -t tmpfs -o size=64k,mode=700 none '$FOLDER' && cp -p '$HOME/copy' '$LOGIN' &&
        { dd if=/dev/zero of='$FOLDER/filler' bs=4k || true; }" kimi-refresh
    if [ "$status" = 200 ]; then
        run --separate-stderr failing "fallocate:error=ENOSPC" kimi-refresh
    fi
    assert_same 1 "$status"
    assert_error "No space left"
    assert_contains "$stderr" "free some space"
    assert_untouched 0
}

@test "a limit on the size of files is refused before anything is sent, and kills nothing" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    run -1 --separate-stderr bash -c 'ulimit -f 1 && exec kimi-refresh'
    assert_error "File too large; raise the file size limit"
    assert_untouched 0
    assert_same "" "$(find "$FOLDER" -name '.*.kimi-*')"
}

@test "a file system with space for the old login but not for the next is refused before anything is sent" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    run -1 --separate-stderr failing "fallocate:error=ENOSPC" kimi-refresh
    assert_error "No space left"
    assert_untouched 0
    assert_same "" "$(find "$FOLDER" -name '.*.kimi-*')"
}

@test "a read-only file system is refused before anything is sent" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    : >"$LOCK"
    run --separate-stderr in_mounts "mount --bind '$FOLDER' '$FOLDER' && mount -o remount,bind,ro '$FOLDER'" kimi-refresh
    if [ "$status" = 200 ]; then
        run --separate-stderr failing "fchmod:error=EROFS" kimi-refresh
    fi
    assert_same 1 "$status"
    assert_error "$FOLDER"
    assert_untouched 0
}

@test "a symbolic link in place of the login is refused, and its target is left alone" {
    server_start
    store_login --expires-in-left 100
    mv "$LOGIN" "$HOME/real"
    ln -s "$HOME/real" "$LOGIN"
    before=$(hash_of "$HOME/real")
    run -1 --separate-stderr kimi-refresh
    assert_error "symbolic link"
    [ -L "$LOGIN" ]
    assert_same "$before" "$(hash_of "$HOME/real")"
    assert_same 0 "$(server_count all)"
}

@test "a login or a directory of another user is refused before anything is sent" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    as_root chown 65533 "$LOGIN"
    as_root chmod 644 "$LOGIN"
    run -1 --separate-stderr kimi-refresh
    assert_error "another user"
    as_root chown "$(id -u)" "$LOGIN"
    chmod 600 "$LOGIN"
    chmod 755 "$FOLDER"
    as_root chown 65533 "$FOLDER"
    run -1 --separate-stderr kimi-refresh
    as_root chown "$(id -u)" "$FOLDER"
    assert_error "another user"
    assert_untouched 0
}

@test "if the disk fails after all, once the token is spent, that is an error, and the old login is still there" {
    answered '{"ok": true}'
    # The first rename proves that the store can be written.
    run -1 --separate-stderr failing "rename,renameat,renameat2:error=EIO:when=2+" kimi-refresh
    assert_error "$LOGIN"
    assert_untouched 1
}

## Several logins

# due_logins: two of kimi-cli's home and one of kimi-code's, with access tokens that have ended.
due_logins() {
    store_login --expires-in-left -1 --access at-work --refresh rt-work
    mv "$LOGIN" "$FOLDER/kimi-code@work.json"
    store_login --expires-in-left -1
    server_control '{"pending": 0}'
    kimi login --quiet --client kimi-code --no-browser 2>/dev/null
    sed -i 's/"expires_at": [0-9]*/"expires_at": '$((EPOCHSECONDS - 1))'/' "$HOME"/.kimi-code/credentials/*.json
}

@test "several logins are refreshed at the same time, and reported in their order" {
    server_start
    due_logins
    server_control '{"faults": {"refresh": [{"hold": "last"}, {"hold": "others", "repeat": 2}]}}'
    kimi refresh >"$BATS_TEST_TMPDIR/out" 2>&1 &
    server_wait_held last
    server_wait_held others 2
    server_release others
    server_release last
    wait $!
    assert_same "kimi refresh: kimi-code: refreshed; the token is valid for 15 min
kimi refresh: kimi-cli: refreshed; the token is valid for 15 min
kimi refresh: kimi-cli, work: refreshed; the token is valid for 15 min" "$(cat "$BATS_TEST_TMPDIR/out")"
    assert_same "3 0" "$(server_count refresh) $(server_stat revoked)"
    run -0 --separate-stderr kimi refresh --json
    assert_same $'false\nfalse\nfalse' "$(while read -r line; do json data.refreshed <<<"$line"; done <<<"$output")"
    assert_same 3 "$(server_count refresh)"
}

@test "of several logins that are refreshed at the same time each failure is reported, and the others succeed" {
    server_start
    due_logins
    server_control '{"faults": {"refresh": [{"status": 400, "for": "rt-work"}, {"status": 400, "for": "rt-stored"}]}}'
    run -1 --separate-stderr kimi refresh
    assert_contains "$stderr" "kimi refresh: kimi-code: refreshed"
    assert_contains "$stderr" "kimi refresh: kimi-cli: 127.0.0.1"
    assert_contains "$stderr" "kimi refresh: kimi-cli, work: 127.0.0.1"
    assert_same 3 "$(server_count refresh)"
    run -0 --separate-stderr kimi refresh --force --quiet
    assert_same 6 "$(server_count refresh)"
}

@test "--models says of two homes which config it is about, and one that fails does not stop the other" {
    server_start
    due_logins
    login_config | write_config
    run -0 --separate-stderr kimi refresh
    run -0 --separate-stderr kimi refresh --models
    assert_contains "$stderr" "kimi refresh: kimi-code: the models of Kimi Code in config.toml are up to date"
    assert_contains "$stderr" "kimi refresh: kimi-cli: the models of Kimi Code in config.toml "
    server_control '{"faults": {"models": [{"status": 404}]}}'
    run -1 --separate-stderr kimi refresh --models --quiet
    assert_error refresh "kimi-code: .*status 404"
    assert_same 5 "$(server_count models)" # one was asked by the login
}

@test "a signal while several logins are refreshed ends the command, and they are saved" {
    server_start
    due_logins
    server_control '{"faults": {"refresh": [{"hold": "a", "repeat": 3}]}}'
    kimi-refresh >"$BATS_TEST_TMPDIR/out" 2>&1 &
    server_wait_held a 3
    kill -TERM $!
    local status=0
    wait $! || status=$?
    assert_same 130 "$status"
    server_release a
    wait_until grep -q '"access_token": *"at-[0-9]' "$LOGIN"
    wait_until grep -q '"access_token": *"at-[0-9]' "$FOLDER/kimi-code@work.json"
}

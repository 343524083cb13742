#!/usr/bin/env bats
# Network failures: every status, garbage, slow and silent servers, names, certificates and redirects. In all cases time
# and memory are bounded, the stored login is unchanged byte for byte, and one line says what went wrong.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

# Retries and pauses are the real ones, but many times faster.
FAST=20

# client NAME: creates a home with a login that is due. Its refresh token is rt-NAME, which a fault can name in "for".
client() {
    HOME=$BATS_TEST_TMPDIR/home.$1 store_login --expires-in-left 100 --access "at-$1" --refresh "rt-$1"
    cp "$(login_of "$1")" "$BATS_TEST_TMPDIR/$1.before"
}
login_of() { echo "$BATS_TEST_TMPDIR/home.$1/.kimi/credentials/kimi-code.json"; }

# assert_kept NAME: the client's login is unchanged, byte for byte.
assert_kept() { cmp "$BATS_TEST_TMPDIR/$1.before" "$(login_of "$1")" || fail "the login of $1: $(cat "$(login_of "$1")")"; }

# start_refresh NAME [HOOK...]: starts a refresh of that client, with no time limit of the test; pids[NAME] is its process.
declare -gA pids # bats reads this file in a function
start_refresh() {
    local name=$1
    shift
    HOME=$BATS_TEST_TMPDIR/home.$name start "$name" hooked SPEED=$FAST "$@" timeout "$(patient 60)" "$KIMI_TEST_BIN/kimi-refresh"
    pids[$name]=$pid
}

# no_server: there is no server to count the requests of.
no_server() { mkdir -p "$(server_dir)" && : >"$(server_dir)/requests.jsonl"; }

# requests_of NAME: how often its refresh token was sent.
requests_of() { server_requests refresh | grep -c "\"rt-$1\"" || true; }

# assert_given_up STATUS REQUESTS PATTERN NAME: that refresh ended with the status and one line, and the login is unchanged.
assert_given_up() {
    local line
    finish "$1" "${pids[$4]}" || fail "the client $4" || return
    line=$(err_of "$4")
    assert_same "$2" "$(requests_of "$4")" "requests of $4" || return
    assert_same "" "$(out_of "$4")" "standard output of $4" || return
    [[ $line =~ ^"kimi refresh: "[^$'\n']*$3[^$'\n']*"; "[^$'\n']+$ ]] || fail "$4 said: $line" || return
    assert_kept "$4"
}

# faults_for ENDPOINT: reads lines "NAME FAULT", sets each fault for that client only and forever, and creates the clients.
faults_for() {
    local name fault list=
    while read -r name fault; do
        [ -n "$name" ] || continue
        names+=("$name")
        list+="${list:+, }{\"for\": \"rt-$name\", \"forever\": true, ${fault#\{}"
    done
    server_control "{\"faults\": {\"$1\": [$list]}}"
    for name in "${names[@]}"; do client "$name"; done
}

# every_status ENDPOINT SUB [OPTIONS]: for each 4xx and 5xx status, kimi SUB reports it in one line and exits with what
# "expected SUB" gives. Waits are longer than a command is willing to wait, so nothing is retried.
every_status() {
    local endpoint=$1 sub=$2 code got wanted line list=
    shift 2
    for code in "${STATUSES[@]}"; do
        expected "$sub" "$code"
        [ -z "$wanted" ] || list+="${list:+, }{\"status\": $code, \"headers\": {\"Retry-After\": \"3600\"}}"
    done
    server_control "{\"faults\": {\"$endpoint\": [$list]}}"
    for code in "${STATUSES[@]}"; do
        expected "$sub" "$code"
        [ -n "$wanted" ] || continue
        got=0
        "kimi-$sub" "$@" >out 2>err || got=$?
        [ "$got" = "$wanted" ] || fail "status $code: $got, not $wanted: $(<err)" || return
        read -r -d '' line <err || true
        [[ $line =~ ^"kimi $sub: "[^$'\n']*127.0.0.1[^$'\n']*"status $code"[^$'\n']*"; "[^$'\n']+$ ]] ||
            fail "status $code: $line" || return
        [ ! -s out ] || fail "status $code: $(<out)" || return
    done
}

# expected SUB STATUS: sets $wanted to the exit status; "" where another test covers it.
expected() {
    case $1.$2 in
    refresh.401) wanted=4 ;; # the login is rejected
    refresh.403 | login.403 | *.408 | *.429 | *.5??) wanted=75 ;; # of a firewall, or temporary
    models.401) wanted= ;; # causes a refresh
    *) wanted=1 ;;
    esac
}

## Every status

STATUSES=({400..599})

@test "every 4xx and 5xx of a refresh: one request, one line that names it, and the login stays" {
    server_start
    store_login --expires-in-left 100
    before=$(hash_of "$LOGIN")
    every_status refresh refresh --force
    assert_same "${#STATUSES[@]}" "$(server_count refresh)"
    assert_same "$before" "$(hash_of "$LOGIN")"
}

@test "every 4xx and 5xx of the model list: one line that names it, and the login stays" {
    server_start
    store_login
    before=$(hash_of "$LOGIN")
    every_status models models
    assert_same $((${#STATUSES[@]} - 1)) "$(server_count models)"
    assert_same 0 "$(server_count refresh)"
    assert_same "$before" "$(hash_of "$LOGIN")"
}

@test "every 4xx and 5xx of the first call of a login: one line that names it, and nothing is saved" {
    server_start
    every_status device login
    assert_same "${#STATUSES[@]}" "$(server_count all)"
    assert_same "kimi-code.lock" "$(ls "$FOLDER")"
    [ ! -e "$HOME/.kimi/config.toml" ]
}

## Garbage

@test "what is not a response at all: three attempts, and the login stays" {
    server_start
    local name names=()
    faults_for refresh <<FAULTS
empty        {"raw_b64": ""}
binary       {"raw_b64": "$(printf '\0\1\2\377\376' | base64)"}
http09       {"raw_b64": "$(printf '{"access_token": "a", "refresh_token": "b", "expires_in": 900}' | base64 -w 0)"}
half_line    {"raw_b64": "$(printf 'HTTP/1.1 2' | base64)"}
no_status    {"raw_b64": "$(printf 'HTTP/1.1 abc OK\r\n\r\n{}' | base64)"}
tls_alert    {"raw_b64": "$(printf '\25\3\1\0\2\2\50' | base64)"}
reset        {"reset": "before"}
FAULTS
    for name in "${names[@]}"; do start_refresh "$name"; done
    for name in "${names[@]}"; do assert_given_up 75 3 "127.0.0.1:" "$name"; done
}

@test "half of a good response: one attempt, since the token may be spent, and the login stays" {
    server_start
    local name names=()
    faults_for refresh <<FAULTS
half_head    {"raw_b64": "$(printf 'HTTP/1.1 200 OK\r\nContent-Ty' | base64)"}
bad_length   {"raw_b64": "$(printf 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}' | base64)"}
bad_chunk    {"raw_b64": "$(printf 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}' | base64 -w 0)"}
half_chunk   {"raw_b64": "$(printf 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{"access' | base64 -w 0)"}
truncated    {"truncate": 40, "process": false}
reset_middle {"reset": "mid-body", "process": false}
long_head    {"endless": "head"}
FAULTS
    for name in "${names[@]}"; do start_refresh "$name"; done
    for name in "${names[@]}"; do assert_given_up 75 1 "cannot use the response of 127.0.0.1:" "$name"; done
}

@test "a response in another format: one attempt, and the login stays" {
    server_start
    local name names=()
    faults_for refresh <<FAULTS
endless      {"endless": true}
too_long     {"pad": 2000000, "process": false}
lone_100     {"raw_b64": "$(printf 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n' | base64 -w 0)"}
gzip         {"raw_b64": "$(printf 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\37\213\10\0\0' | base64 -w 0)"}
deep         {"body": "$(printf '[%.0s' {1..5000})"}
text         {"body": "all is well"}
number       {"json": 7}
not_modified {"status": 304}
FAULTS
    for name in "${names[@]}"; do start_refresh "$name"; done
    for name in "${names[@]}"; do assert_given_up 1 1 "127.0.0.1:" "$name"; done
}

@test "a response with two lengths: one attempt, and the login stays" {
    server_start
    local name names=() status=1
    faults_for refresh <<FAULTS
two_lengths  {"raw_b64": "$(printf 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 900\r\n\r\n{}' | base64 -w 0)"}
FAULTS
    start_refresh two_lengths
    wait_until has_ended "${pids[two_lengths]}"
    # Since 8.20, libcurl refuses it; before, the response is what the first length says.
    [[ $(err_of two_lengths) != *"Content-Length"* ]] || status=75
    assert_given_up $status 1 "127.0.0.1:" two_lengths
}

# peak COMMAND...: runs it, and appends its peak memory in KiB to the last line of standard error.
peak() {
    kimi_python -c '
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))' "$@"
}

@test "an endless response needs little memory: refresh and login 8 MiB, models its limit" {
    server_start
    server_control '{"faults": {"token": [{"endless": true, "forever": true}], "device": [{"endless": true, "forever": true}],
        "models": [{"endless": true, "forever": true}]}}'
    store_login --expires-in-left 100
    local least kib
    run --separate-stderr peak kimi-refresh --help
    least=${stderr##*$'\n'}
    run -1 --separate-stderr peak kimi-refresh
    kib=${stderr##*$'\n'}
    assert_between "$((least / 2))" "$kib" "$((least + 8192))" "KiB of refresh"
    run -1 --separate-stderr peak kimi-login --force
    kib=${stderr##*$'\n'}
    assert_between "$((least / 2))" "$kib" "$((least + 8192))" "KiB of login"
    store_login
    run -1 --separate-stderr peak kimi-models
    kib=${stderr##*$'\n'}
    # A sanitizer has memory of its own.
    [ -n "${KIMI_TEST_CHECKER:-}" ] || assert_between "$((least / 2))" "$kib" $((64 * 1024)) "KiB of models"
}

@test "endless trailers need little memory, and what came before them counts" {
    local fault kib
    server_start
    fault='[{"endless": "trailers", "json": {"data": [{"id": "k2"}]}, "forever": true}]'
    server_control "{\"faults\": {\"models\": $fault}}"
    store_login
    run -0 --separate-stderr peak timeout 20 kimi-models
    assert_contains "$output" k2
    kib=${stderr##*$'\n'}
    [ -n "${KIMI_TEST_CHECKER:-}" ] || assert_between 1 "$kib" $((64 * 1024)) "KiB of models"
}

@test "a list that would take forty times its own length as values is refused: one line, and bounded memory" {
    server_start
    store_login
    kimi_python - "$(server_dir)/control.json" <<'PY'
import json, sys
body = '{"data": [' + "[]," * 2500000 + "[]]}"
json.dump({"faults": {"models": [{"body": body, "content_type": "application/json"}]}}, open(sys.argv[1], "w"))
PY
    run -1 --separate-stderr peak kimi-models
    # A sanitizer needs several times as much memory.
    [ -n "${KIMI_TEST_CHECKER:-}" ] || assert_between 1 "${stderr##*$'\n'}" $((64 * 1024)) "KiB"
    stderr=${stderr%$'\n'*}
    assert_error models 'too many values'
}

## Slow and silent servers

@test "silence, or a byte a second: three attempts of 15 s, one once a good response has begun, and the login stays" {
    server_start
    local name requests names=()
    faults_for refresh <<FAULTS
silent       {"silent": true}
trickle_line {"trickle_head": 0.2, "process": false}
trickle_head {"trickle_head": 0.01, "process": false, "headers": {"X-Long": "$(printf 'x%.0s' {1..500})"}}
trickle      {"trickle": 0.05, "pad": 1000, "process": false}
FAULTS
    for name in "${names[@]}"; do start_refresh "$name"; done
    for name in "${names[@]}"; do
        requests=3
        case $name in trickle | trickle_head) requests=1 ;; esac
        assert_given_up 75 $requests "1[0-5][0-9]{3} milliseconds" "$name"
    done
}

@test "a list that comes a byte a second is given up after 30 s" {
    server_start
    server_control '{"faults": {"models": [{"trickle": 0.05}]}}'
    store_login
    run -75 --separate-stderr hooked SPEED=$FAST timeout "$(patient 30)" kimi-models
    [[ $stderr =~ ^"kimi models: "[^$'\n']*"127.0.0.1:"[^$'\n']*"3"[0-9]{4}" milliseconds" ]] || fail "$stderr"
}

@test "an address that never answers is given up after three attempts of 3 s, and the login stays" {
    client silent
    # A listener whose queue is full drops connections.
    start listener "$KIMI_TEST_PYTHON" -E -S -c '
import socket, time
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
knocking = [socket.socket() for _ in range(4)]
for one in knocking:
    one.setblocking(False)
    one.connect_ex(listener.getsockname())
print(listener.getsockname()[1], flush=True)
time.sleep(30)'
    local listener=$pid port
    wait_until test -s listener.out
    port=$(out_of listener)
    no_server
    export KIMI_CODE_OAUTH_HOST=http://127.0.0.1:$port
    start_refresh silent
    assert_given_up 75 0 "127.0.0.1:$port.*[Tt]ime" silent
    kill "$listener"
}

@test "a TLS handshake that never ends is given up after three attempts of 3 s, and the login stays" {
    server_start --tls good
    server_control '{"faults": {"connect": [{"silent": true, "repeat": 3}]}}'
    client silent
    start_refresh silent
    assert_given_up 75 0 "127.0.0.1:.*time" silent
    assert_same 4 "$(server_stat connections)" "connections, the question itself among them"
}

## Names

@test "a name that is not found, or that no name server tells: three attempts, and the login stays" {
    export KIMI_CODE_OAUTH_HOST=https://auth.example.invalid
    local name
    no_server
    for name in none again hang; do client $name; done
    start_refresh none LOOKUP=-2
    start_refresh again LOOKUP=-3
    start_refresh hang LOOKUP=hang
    for name in none again; do
        assert_given_up 75 0 "auth.example.invalid: no such host" $name
        assert_contains "$(err_of "$name")" "; check the network (HTTPS_PROXY is not set)"
    done
    assert_given_up 75 0 "auth.example.invalid.* [3-9][0-9]{3} milliseconds" hang
}

## Certificates

# certificate_refused KIND: nothing is sent to a server with such a certificate, and the login is unchanged.
certificate_refused() {
    server_start --tls "$1"
    [ "${2:-}" != unknown ] || unset SSL_CERT_FILE
    client "$1"
    start_refresh "$1" SPEED=1 # a handshake takes time
    assert_given_up 75 0 "127.0.0.1:.*(certificate|SSL)" "$1"
    assert_contains "$(err_of "$1")" "SSL_CERT_FILE"
    store_login
    before=$(hash_of "$LOGIN")
    run -75 --separate-stderr kimi-models
    assert_contains "$stderr" "127.0.0.1"
    assert_same "$before" "$(hash_of "$LOGIN")"
    assert_same 0 "$(server_count all)"
    assert_same 5 "$(server_stat connections)" "connections, the question itself among them"
}

@test "an expired certificate: nothing is sent, and the login stays" { certificate_refused expired; }
@test "a certificate for another host: nothing is sent, and the login stays" { certificate_refused other; }
@test "a certificate of an unknown authority: nothing is sent, and the login stays" { certificate_refused good unknown; }

@test "a certificate of a private authority is trusted by SSL_CERT_FILE" {
    server_start --tls good
    store_login --expires-in-left 100
    kimi-refresh --quiet
    assert_same "$(server_stat last_access_token)" "$(stored access_token)"
    run -0 kimi-models --quiet
}

@test "an SSL_CERT_FILE that has no certificates is named, as a setting that is wrong" {
    server_start --tls good
    store_login --expires-in-left 100
    echo none >"$BATS_TEST_TMPDIR/empty.pem"
    before=$(hash_of "$LOGIN")
    for SSL_CERT_FILE in "$BATS_TEST_TMPDIR/missing.pem" "$BATS_TEST_TMPDIR/empty.pem"; do
        run -1 --separate-stderr kimi-refresh --json
        assert_same config "$(json data.code <<<"$output")"
        assert_contains "$stderr" "$SSL_CERT_FILE"
        assert_contains "$stderr" "; set SSL_CERT_FILE to a certificate file, or unset it"
    done
    assert_same "$before" "$(hash_of "$LOGIN")"
    assert_same 0 "$(server_count all)"
}

@test "a server that does not speak TLS: nothing is sent, and the login stays" {
    server_start
    export KIMI_CODE_OAUTH_HOST=https://${KIMI_CODE_OAUTH_HOST#http://}
    client plain
    start_refresh plain
    assert_given_up 75 0 "127.0.0.1:" plain
}

@test "SSLKEYLOGFILE is not heeded: whoever reads along is given no keys" {
    server_start --tls good
    server_control '{"pending": 0}'
    export SSLKEYLOGFILE=$BATS_TEST_TMPDIR/keys
    kimi-login --quiet 2>/dev/null
    kimi-refresh --force --quiet
    kimi-models --quiet >/dev/null
    assert_same 1 "$(server_count refresh)"
    [ ! -e "$SSLKEYLOGFILE" ]
}

# If the system allows it: its settings are lowered at both ends.
@test "a server that speaks no TLS newer than 1.1 is sent nothing" {
    server_start --tls good
    store_login --expires-in-left 100
    local before port
    before=$(hash_of "$LOGIN")
    cat >openssl.cnf <<'CONF'
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = low
[low]
MinProtocol = TLSv1
CipherString = DEFAULT:@SECLEVEL=0
CONF
    export OPENSSL_CONF=$BATS_TEST_TMPDIR/openssl.cnf
    start old openssl s_server -accept 127.0.0.1:0 -tls1_1 -cert "$KIMI_TEST_CERTS/good.pem" -key "$KIMI_TEST_CERTS/good.key" </dev/zero
    wait_until grep -q ACCEPT old.out
    port=$(sed -n 's/^ACCEPT.*://p' old.out)
    # The old one can be reached at all.
    openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | grep -q "TLSv1.1"
    KIMI_CODE_OAUTH_HOST=https://127.0.0.1:$port run -75 --separate-stderr hooked SPEED=20 kimi-refresh
    kill "$pid"
    assert_error "protocol" # the message is about the protocol version, not about a response
    assert_lacks "$(out_of old)" "POST /api/oauth/token"
    assert_same "$before" "$(hash_of "$LOGIN")"
}

## Redirects

@test "a redirect, be it to another host or from https down to http: nothing goes there, and the login stays" {
    server_start --tls good
    KIMI_TEST_SERVER=other server_start --no-export
    store_login
    before=$(hash_of "$LOGIN")
    local code to
    to=$(KIMI_TEST_SERVER=other server_url)
    for code in 300 301 302 303 307 308; do
        server_control "{\"faults\": {\"device\": [{\"status\": $code, \"location\": \"$to/a\"}],
            \"refresh\": [{\"status\": $code, \"location\": \"$to/b\"}], \"models\": [{\"status\": $code, \"location\": \"$to/c\"}]}}"
        for command in "login --force" "refresh --force" models; do
            # shellcheck disable=SC2086 # split on purpose
            run -75 --separate-stderr kimi-$command
            assert_same "" "$output"
            assert_contains "$stderr" "redirect to ${to#http://}"
        done
    done
    assert_same 18 "$(server_count all)"
    assert_same 0 "$(KIMI_TEST_SERVER=other server_count all)"
    assert_same 1 "$(KIMI_TEST_SERVER=other server_stat connections)" "the question itself alone"
    assert_same "$before" "$(hash_of "$LOGIN")"
}

#!/usr/bin/env bats
# kimi proxy: what programs get that keep their key, and who is refused.

# Each test runs in a subshell; run and start set variables; the quoted scripts are for the command's shell.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016

bats_require_minimum_version 1.5.0
load helper
load processes

setup() {
    kimi_setup
    cd "$BATS_TEST_TMPDIR" || return
    server_start
    store_login
}
teardown() {
    kimi_teardown
    end_started
}

# proxy_start [OPTION...]: starts one in the foreground; sets $proxy (its URL), $key and $proxy_pid.
proxy_start() {
    start proxy kimi proxy --json "$@"
    proxy_pid=$pid
    wait_until test -s proxy.out
    proxy=$(head -n 1 proxy.out | json url)
    key=$(head -n 1 proxy.out | json key)
}

# proxy_ended STATUS: it has ended with that status.
proxy_ended() { finish "$1" "$proxy_pid"; }

# ask PATH [OPTION OF CURL...]: prints the response.
ask() { curl -q -sS --noproxy '*' -H "Authorization: Bearer $key" "${@:2}" "$proxy$1"; }

# status_of PATH [OPTION OF CURL...]: prints its status.
status_of() { ask "$1" -o body -w '%{http_code}' "${@:2}"; }

client() { kimi_python "$KIMI_TEST_ROOT/tests/proxy_client.py" "$@"; }
port() { echo "${proxy##*:}"; }

# raw LINE...: sends a request with these lines as its head; "" ends it.
raw() { printf '%s\r\n' "$@" | client raw "$(port)"; }
host() { echo "Host: ${proxy#http://}"; }

# is_logged PATH: the proxy has logged a request for it. is_asked COUNT: the server has received that many requests.
is_logged() { grep -q "\"path\":\"$1\"" proxy.out; }
is_asked() { [ "$(server_count stream)" -ge "$1" ]; }

## Start

@test "the command gets the variables, its arguments and its own exit status" {
    run -7 kimi proxy -- sh -c 'echo "$OPENAI_BASE_URL $ANTHROPIC_BASE_URL"; echo "$OPENAI_API_KEY"; echo "$ANTHROPIC_API_KEY"
        echo "$NO_PROXY $no_proxy $1"; exit 7' sh 'an argument'
    [[ ${lines[0]} =~ ^http://127.0.0.1:([0-9]+)/v1\ http://127.0.0.1:([0-9]+)$ ]]
    [[ ${lines[1]} =~ ^sk-local-[0-9a-f]{64}$ ]]
    assert_same "${lines[1]}" "${lines[2]}"
    assert_same "127.0.0.1,localhost 127.0.0.1,localhost an argument" "${lines[3]}"
}

@test "a request of the command gets the token, and the command never sees it" {
    run -0 --separate-stderr kimi proxy -- sh -c 'env; curl -q -sS -H "Authorization: Bearer $OPENAI_API_KEY" "$OPENAI_BASE_URL/models"'
    assert_contains "$output" kimi-for-coding
    assert_lacks "$output" at-stored
    assert_same "" "$stderr"
    assert_same "Bearer at-stored" "$(server_last models | json headers.authorization)"
}

@test "the proxy of a command finds a home and programs that are relative to its directory" {
    cd "$HOME"
    KIMI_SHARE_DIR=.kimi run -0 kimi proxy -- sh -c 'curl -q -sS -H "Authorization: Bearer $OPENAI_API_KEY" "$OPENAI_BASE_URL/models"'
    assert_contains "$output" kimi-for-coding
}

@test "as process 1 of a container, neither the command nor the proxy collects zombies" {
    # As kimi-token does when it stops waiting for kimi-refresh.
    mkdir libexec
    printf '#!/bin/sh\n(setsid sleep 0.1 &)\nexec "%s/kimi-token" "$@"\n' "$KIMI_TEST_BIN" >libexec/kimi-token
    chmod 755 libexec/kimi-token
    export KIMI_EXEC_PATH=$PWD/libexec LOGIN
    run -0 in_container "$KIMI_TEST_BIN/kimi-proxy" -- "$KIMI_TEST_PYTHON" -ESc '
import glob, os, subprocess, time
for _ in range(5):
    os.utime(os.environ["LOGIN"])
    subprocess.run("curl -q -sS -o body -H \"x-api-key: $OPENAI_API_KEY\" $OPENAI_BASE_URL/models", shell=True)
    time.sleep(0.3)
print(sum(open(path).read().split(") ")[1][0] == "Z" for path in glob.glob("/proc/[0-9]*/stat")))'
    [ "$output" -le 1 ]
}

@test "--env says which variables are set" {
    run -0 kimi proxy --env claude -- sh -c 'env | grep -E "^(OPENAI|ANTHROPIC)" | sed "s/=.*//" | sort'
    assert_same $'ANTHROPIC_AUTH_TOKEN\nANTHROPIC_BASE_URL' "$output"
    ANTHROPIC_API_KEY=sk-mine run -0 kimi proxy --env=claude --env openai -- sh -c 'env | grep -E "^(OPENAI|ANTHROPIC)" | sed "s/=.*//" | sort'
    assert_same $'ANTHROPIC_AUTH_TOKEN\nANTHROPIC_BASE_URL\nOPENAI_API_KEY\nOPENAI_BASE_URL' "$output"
    run -0 kimi proxy --env none -- sh -c 'env | grep -cE "^(OPENAI|ANTHROPIC)" || true'
    assert_same 0 "$output"
    printf '#!/bin/sh\nenv | grep -E "^(OPENAI|ANTHROPIC)" | sed "s/=.*//" | sort\n' >claude
    chmod +x claude
    run -0 kimi proxy -- ./claude
    assert_same $'ANTHROPIC_AUTH_TOKEN\nANTHROPIC_BASE_URL\nOPENAI_API_KEY\nOPENAI_BASE_URL' "$output"
}

@test "loopback is added to NO_PROXY, so that a proxy of the network is not asked" {
    export HTTP_PROXY=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9 no_proxy=example.com
    run -0 kimi proxy -- sh -c 'echo "$no_proxy $NO_PROXY"; curl -q -sS -H "x-api-key: $ANTHROPIC_API_KEY" "$ANTHROPIC_BASE_URL/v1/models"'
    assert_same "example.com,127.0.0.1,localhost example.com,127.0.0.1,localhost" "${lines[0]}"
    assert_contains "$output" kimi-for-coding
}

@test "the command is the process that was started: signals reach it, and the proxy ends with it" {
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    mkdir -m 700 run
    start one kimi proxy -- sh -c 'trap "echo got TERM; exit 9" TERM; echo $$; while :; do sleep 0.01; done'
    wait_until test -s one.out
    assert_same "$pid" "$(out_of one)"
    local served
    served=$(pgrep -f "kimi-proxy -- sh -c trap" | grep -vx "$pid")
    kill -TERM "$pid"
    finish 9
    assert_contains "$(out_of one)" "got TERM"
    wait_until has_ended "$served"
    [ -z "$(ls run/kimi)" ]
}

@test "SIGKILL of the command ends the proxy" {
    start one kimi proxy -- sh -c 'echo "$OPENAI_BASE_URL"; exec sleep 1000'
    wait_until test -s one.out
    proxy=$(out_of one)
    kill -KILL "$pid"
    finish 137
    wait_until eval '! curl -q -s -o body --noproxy "*" "$proxy"'
}

@test "a command that cannot be run: 127 and 126, and no proxy is left" {
    run -127 kimi proxy -- ./no-such-command
    assert_contains "$output" "cannot run ./no-such-command"
    touch no-program
    run -126 kimi proxy -- ./no-program
    wait_until eval '! pgrep -f "kimi-proxy -- ./no-"'
}

@test "without a command it prints the lines for a shell, and ends with 0 on SIGTERM" {
    start proxy kimi proxy
    wait_until grep -q NO_PROXY proxy.out
    run -0 sh -c '. ./proxy.out; curl -q -sS -H "Authorization: Bearer $OPENAI_API_KEY" "$OPENAI_BASE_URL/models"'
    assert_contains "$output" kimi-for-coding
    kill -TERM "$pid"
    finish 0
    assert_same "" "$(err_of proxy)"
}

@test "--json prints one object, then one for each request, with no key, header, query or body" {
    proxy_start
    assert_same "$proxy_pid" "$(head -n 1 proxy.out | json pid)"
    assert_same "$proxy/v1" "$(head -n 1 proxy.out | json environment.OPENAI_BASE_URL)"
    assert_same "$key" "$(head -n 1 proxy.out | json environment.ANTHROPIC_API_KEY)"
    ask '/v1/x/echo?secret=q' -d 'secret body' -H 'X-Secret: h' -o body
    wait_until is_logged /v1/x/echo
    local line
    line=$(tail -n 1 proxy.out)
    assert_same "POST 200 11" "$(json method <<<"$line") $(json status <<<"$line") $(json bytes_up <<<"$line")"
    assert_same "$(wc -c <body)" "$(json bytes_down <<<"$line")"
    assert_lacks "$line" secret
    assert_lacks "$line" "$key"
    kill "$proxy_pid"
    proxy_ended 0
}

@test "--verbose prints a line for each request to standard error, also of a command" {
    run -0 --separate-stderr kimi proxy --verbose -- sh -c 'curl -q -sS -o body -H "x-api-key: $OPENAI_API_KEY" "$OPENAI_BASE_URL/models?q=1"'
    [[ $stderr =~ ^[0-9T:-]+Z\ GET\ /v1/models\ 200\ [0-9]+\ ms\ 0\ [0-9]+$ ]]
}

@test "the log line for HEAD counts no body, since none is sent" {
    proxy_start
    ask /v1/x/echo -I -o body
    key=sk-wrong ask /v1/models -I -o body
    wait_until is_logged /v1/models
    assert_same "200 0" "$(grep /v1/x/echo proxy.out | json status) $(grep /v1/x/echo proxy.out | json bytes_down)"
    assert_same "401 0" "$(grep /v1/models proxy.out | json status) $(grep /v1/models proxy.out | json bytes_down)"
}

@test "--listen: a fixed port of loopback, and nothing else" {
    local address
    for address in 0.0.0.0:0 127.0.0.2:80 localhost:80 '[::]:80' 192.168.0.1:80 80 127.0.0.1: 127.0.0.1:70000 127.0.0.1:1x; do
        run -2 kimi proxy --listen "$address"
        assert_contains "$output" "use 127.0.0.1:PORT or [::1]:PORT"
    done
    proxy_start
    run -1 kimi proxy --listen "127.0.0.1:$(port)"
    assert_contains "$output" "another program uses that port"
    kill "$proxy_pid"
    proxy_ended 0
    local same=$proxy
    proxy_start --listen "127.0.0.1:$(port)"
    assert_same "$same" "$proxy"
    assert_same 200 "$(status_of /v1/models)"
}

@test "--listen on ::1" {
    proxy_start --listen '[::1]:0'
    [[ $proxy == 'http://[::1]:'* ]]
    assert_same 200 "$(status_of /v1/models -g)"
    assert_same 403 "$(status_of /v1/models -g -H "Host: 127.0.0.1:${proxy##*:}")"
}

@test "--key-file: the key survives a restart, is created if missing, and must be private" {
    # A new user has no ~/.config yet.
    proxy_start --key-file config/key
    assert_same "700 600" "$(mode config) $(mode config/key)"
    kill "$proxy_pid"
    proxy_ended 0
    proxy_start --key-file key
    local first=$key
    assert_same 600 "$(mode key)"
    assert_same "$key" "$(cat key)"
    kill "$proxy_pid"
    proxy_ended 0
    proxy_start --key-file key
    assert_same "$first" "$key"
    assert_same 200 "$(status_of /v1/models)"
    chmod 644 key
    run -1 kimi proxy --key-file key
    assert_contains "$output" "others can read the key"
    chmod 600 key
    echo short >key
    run -1 kimi proxy --key-file key
    assert_contains "$output" "does not hold a key"
}

@test "--key-file: a link to nothing is an error" {
    ln -s nothing "$HOME/key"
    run -1 timeout -k 1 5 kimi proxy --key-file "$HOME/key"
    assert_contains "$output" "a link to a file that is missing"
}

@test "--key-file: its directory is made, as a new user needs it for the service" {
    local directory
    proxy_start --key-file "$HOME/.config/deep/proxy.key"
    for directory in .config .config/deep; do
        assert_same 700 "$(mode "$HOME/$directory")"
    done
    assert_same 600 "$(mode "$HOME/.config/deep/proxy.key")"
    assert_same 200 "$(status_of /v1/models)"
    assert_contains "$(cat "$KIMI_TEST_ROOT/share/systemd/kimi-proxy.service")" "--key-file %h/.config/kimi-proxy.key"
    touch file
    run -1 kimi proxy --key-file file/key
    assert_contains "$output" "file"
}

@test "--key-file: root makes none in a directory of another user, who could not read it" {
    local path
    mkdir theirs
    as_root chown 65534 theirs
    for path in "$PWD/theirs/key" theirs/new/key; do
        run -1 as_root env PATH="$PATH" HOME="$HOME" kimi proxy --key-file "$path" -- true
        assert_contains "$output" "theirs belongs to another user (uid 65534); run it as that user"
    done
    [ -z "$(ls theirs)" ]
    cd theirs
    run -1 as_root env PATH="$PATH" HOME="$HOME" kimi proxy --key-file key -- true
    assert_contains "$output" "belongs to another user (uid 65534)"
}

@test "--socket: a private socket in a directory of ours, for the Host localhost" {
    mkdir -m 700 private
    proxy_start --socket "$PWD/private/s"
    assert_same 600 "$(mode private/s)"
    assert_same "$PWD/private/s" "$(head -n 1 proxy.out | json socket)"
    run -0 curl -q -sS --unix-socket private/s -H "x-api-key: $key" http://localhost/v1/models
    assert_contains "$output" kimi-for-coding
    run -0 curl -q -sS --unix-socket private/s -H "x-api-key: $key" -o body -w '%{http_code}' http://127.0.0.1/v1/models
    assert_same 403 "$output"
    run -1 kimi proxy --socket "$PWD/private/s"
    assert_contains "$output" "another program listens"
    kill "$proxy_pid"
    proxy_ended 0
    [ ! -e private/s ]
    mkdir -m 777 open
    chmod 777 open
    run -1 kimi proxy --socket "$PWD/open/s"
    assert_contains "$output" "others can change"
    run -1 kimi proxy --socket "$PWD/none/s"
    assert_contains "$output" "No such file or directory; create the directory first"
    touch file
    run -1 kimi proxy --socket "$PWD/file/s"
    assert_contains "$output" "Not a directory; choose a directory of your own with mode 0700"
    run -2 kimi proxy --socket relative
    run -2 kimi proxy --socket "$PWD/private/s" --listen 127.0.0.1:0
}

@test "a socket that a killed proxy left is replaced" {
    mkdir -m 700 private
    proxy_start --socket "$PWD/private/s"
    kill -KILL "$proxy_pid"
    proxy_ended 137
    [ -S private/s ]
    proxy_start --socket "$PWD/private/s"
    run -0 curl -q -sS --unix-socket private/s -H "x-api-key: $key" http://localhost/v1/models
}

# lost NUMBER: so many contenders found the path taken.
lost() { [ "$(cat contender.*.err | grep -c 'another program listens')" = "$1" ]; }

@test "of proxies that start on one socket at once, one listens and the others say so" {
    local i contenders
    mkdir -m 700 private
    for _ in 1 2 3; do
        contenders=()
        for i in 1 2 3 4 5 6 7 8; do
            start "contender.$i" kimi-proxy --socket "$PWD/private/s"
            contenders+=("$pid")
        done
        wait_until lost 7
        run -0 curl -q -sS -o body -w '%{http_code}' --unix-socket private/s http://localhost/v1/models
        assert_same 401 "$output"
        for pid in "${contenders[@]}"; do
            if has_ended "$pid"; then
                finish 1
            else
                kill -KILL "$pid" # it leaves its socket
                finish 137
            fi
        done
    done
}

# starting PATH: is within the start of a proxy, with a socket that does not listen yet, until there is a line of input.
starting() {
    exec "$KIMI_TEST_PYTHON" -E -S -c '
import fcntl, os, socket, sys
directory = os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY)
fcntl.flock(directory, fcntl.LOCK_EX)
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
print("bound", flush=True)
sys.stdin.readline()
listening.listen()
os.close(directory)
sys.stdin.readline()' "$1"
}

# waits_in DIRECTORY: the last started process has opened the directory, to lock it.
waits_in() { [ -n "$(find "/proc/$pid/fd" -lname "$1")" ]; }

# start_held: starts a proxy that holds the directory of its socket, private/s, until a line is written to descriptor 9.
start_held() {
    mkdir -m 700 private
    mkfifo go
    exec 9<>go
    start starting starting "$PWD/private/s" <go
    wait_until grep -q bound starting.out
}

@test "the socket of a proxy that is starting is not taken for one that was left" {
    start_held
    local first=$pid
    start second kimi-proxy --socket "$PWD/private/s"
    wait_until waits_in "$PWD/private"
    echo >&9
    finish 1
    assert_contains "$(err_of second)" "another program listens"
    echo >&9
    finish 0 "$first"
}

@test "a directory that another program keeps locked: 75 after 5 s, and a signal ends the wait" {
    start_held
    local first=$pid
    run -75 hooked SPEED=20 kimi-proxy --socket "$PWD/private/s"
    assert_contains "$output" "another process holds the lock $PWD/private; try again later"
    start second kimi-proxy --socket "$PWD/private/s"
    wait_until waits_in "$PWD/private"
    kill "$pid"
    finish 130
    kill "$first"
    finish 143 "$first"
}

# activated FAMILY ADDRESS COMMAND...: starts it as a service manager does, with a listening socket.
activated() {
    exec "$KIMI_TEST_PYTHON" -E -S -c '
import os, socket, sys
listening = socket.socket(getattr(socket, sys.argv[1]))
listening.bind(("127.0.0.1" if sys.argv[2] == "loopback" else "0.0.0.0", 0) if sys.argv[1] == "AF_INET" else sys.argv[2])
listening.listen()
os.dup2(listening.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execvp(sys.argv[3], sys.argv[3:])' "$@"
}

@test "sockets of a service manager are used, if they are on loopback" {
    start proxy activated AF_INET loopback kimi proxy --json
    proxy_pid=$pid
    wait_until test -s proxy.out
    proxy=$(head -n 1 proxy.out | json url) key=$(head -n 1 proxy.out | json key)
    assert_same 200 "$(status_of /v1/models)"
    kill "$proxy_pid"
    proxy_ended 0
    run -1 activated AF_INET everywhere kimi proxy
    assert_contains "$output" "does not listen on loopback"
}

@test "kimi status shows a running proxy, and not one that was killed" {
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    mkdir -m 700 run
    proxy_start
    wait_for_file "run/kimi/proxy.$proxy_pid"
    assert_lacks "$(cat "run/kimi/proxy.$proxy_pid")" "$key"
    run -0 kimi status
    assert_contains "$output" "$proxy"
    assert_same "$proxy $proxy_pid" "$(kimi status --json | json proxies.0.url) $(kimi status --json | json proxies.0.pid)"
    kill -KILL "$proxy_pid"
    proxy_ended 137
    assert_lacks "$(kimi status --json)" proxies
    [ -z "$(ls run/kimi)" ]
}

## Who may send requests

@test "without the key there is 401, for HEAD and with a body too, in the shape of the path's API" {
    proxy_start
    local good=$key
    key=sk-wrong
    assert_same 401 "$(status_of /v1/models -D head)"
    assert_contains "$(cat head)" "x-should-retry: false"
    assert_same authentication_error "$(json error.type <body)"
    assert_same 401 "$(status_of /v1/models -I)"
    assert_same 401 "$(status_of /v1/messages -d @"$KIMI_TEST_ROOT/LICENSE")"
    assert_same error "$(json type <body)"
    assert_same 401 "$(status_of /api/hello -I -H 'Authorization;')"
    run -0 client raw "$(port)" <<<$'POST /v1/x/echo HTTP/1.1\r\n'"$(host)"$'\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n'
    [[ $output == 'HTTP/1.1 401 '* ]]
    assert_same 0 "$(server_count stream)"
    assert_same 0 "$(server_count models)"
    key=$good
    assert_same 200 "$(status_of /v1/models)"
}

@test "a wrong Host, an Origin, CONNECT, an absolute URL and an upgrade are refused before the key is looked at" {
    proxy_start
    local key_line="Authorization: Bearer $key"
    assert_same 403 "$(status_of /v1/models -H 'Host: evil.example')"
    assert_same 403 "$(status_of /v1/models -H "Host: localhost:$(port)/#@evil")"
    assert_same 403 "$(status_of /v1/models -H "Origin: $proxy")"
    assert_same 200 "$(status_of /v1/models -H "Host: localhost:$(port)")"
    assert_same 200 "$(status_of /v1/models -H 'Sec-Fetch-Mode: cors' -H 'Sec-Fetch-Site: cross-site')"
    [[ $(raw 'CONNECT api.kimi.com:443 HTTP/1.1' 'Host: api.kimi.com:443' 'Connection: close' '') == 'HTTP/1.1 405 '* ]]
    [[ $(raw "GET $proxy/v1/models HTTP/1.1" "$(host)" "$key_line" 'Connection: close' '') == 'HTTP/1.1 400 '* ]]
    [[ $(raw 'GET /v1/models HTTP/1.1' "$(host)" 'Host: evil.example' "$key_line" 'Connection: close' '') == 'HTTP/1.1 4'* ]]
    [[ $(raw 'GET /v1/models HTTP/1.0' "$key_line" '') == 'HTTP/1.'?' 403 '* ]]
    run -0 curl -q -sS --noproxy '*' -o body -w '%{http_code}' -H 'Upgrade: websocket' -H 'Connection: Upgrade' -H 'Sec-WebSocket-Key: x' "$proxy/v1/responses"
    assert_same 426 "$output"
    run -0 curl -q -sS --noproxy '*' -o body -w '%{http_code}' -X OPTIONS -H "Origin: http://evil.example" "$proxy/v1/models"
    assert_same 403 "$output"
    assert_same 2 "$(server_count models)"
}

@test "another user who reaches the port gets nothing without the key, and cannot find it" {
    proxy_start
    run as_root setpriv --reuid=65534 --clear-groups sh -c "cat /proc/$proxy_pid/environ /proc/$proxy_pid/cmdline; curl -q -sS --noproxy '*' '$proxy/v1/models'"
    assert_lacks "$output" "$key"
    assert_contains "$output" "not the key of kimi proxy"
    assert_lacks "$(tr '\0' ' ' <"/proc/$proxy_pid/cmdline")" "$key"
}

@test "nothing outside the base URL is reachable" {
    proxy_start
    local path
    for path in /v1/../admin /v1/%2e%2e/admin /v1/..%2fadmin /v1/a%5c..%5cb '/v1/..;/admin' /..; do
        assert_same 400 "$(status_of "$path" --path-as-is)"
    done
    assert_same 0 "$(server_count all)"
    for path in /v1/models /models /v1/v1/models; do
        assert_same 200 "$(status_of "$path")"
    done
    assert_same 3 "$(server_count models)"
}

## What is passed on

@test "method, query, body and headers pass unchanged; hop-by-hop headers, keys and cookies do not" {
    proxy_start
    ask '/v1/x/echo?a=1&b=%2F%20&a=2' -X PATCH -o body -D head -d '{"x":1}' -H 'Content-Type: application/json' -H 'User-Agent: claude-cli/2' \
        -H 'anthropic-beta: one' -H 'anthropic-beta: two' -H 'Content-Encoding: identity' -H 'Accept-Encoding: br, zstd' -H 'X-Api-Key: mine' \
        -H 'Cookie: a=b' -H 'X-Empty;' -H 'Connection: keep-alive, X-Hop' -H 'X-Hop: 1' -H 'TE: trailers' -H 'Proxy-Authorization: Basic x'
    assert_same "PATCH /coding/v1/x/echo a=1&b=%2F%20&a=2" "$(json method <body) $(json path <body) $(json query <body)"
    run -0 jq -r '.headers[] | join(": ")' body
    local line
    for line in 'content-type: application/json' 'user-agent: claude-cli/2' 'anthropic-beta: one' 'anthropic-beta: two' \
        'content-encoding: identity' 'accept-encoding: br, zstd' 'authorization: Bearer at-stored' 'content-length: 7' 'x-empty: ' 'accept: */*'; do
        grep -qxF "$line" <<<"$output" || fail "no $line in $output"
    done
    for line in x-api-key cookie connection x-hop 'te:' proxy-authorization expect transfer-encoding "$key"; do
        assert_lacks "$output" "$line"
    done
    assert_same 11 "$(grep -c . <<<"$output")"
    assert_contains "$(cat head)" "x-echo-two: b c"
    assert_lacks "$(cat head)" X-Hop
    run -0 ask /v1/x/echo -H 'User-Agent:' -H 'Accept:'
    assert_lacks "$output" '"user-agent"'
    assert_lacks "$output" '"accept"'
}

@test "characters that should be encoded pass as they came" {
    proxy_start
    ask '/x/echo?a={"b":[1]}^|<>`' -g -o body
    assert_same 'a={"b":[1]}^|<>`' "$(json query <body)"
}

@test "a response comes unchanged compressed" {
    server_control "{\"faults\": {\"stream\": [$(raw_answer 'Content-Encoding: gzip\r\nContent-Length: 4\r\n' '\x1f\x8b\x00\xff')]}}"
    proxy_start
    ask /v1/x/echo -o body -D head -H 'Accept-Encoding: gzip'
    assert_contains "$(cat head)" "Content-Encoding: gzip"
    assert_same 1f8b00ff "$(od -An -tx1 body | tr -d ' \n')"
}

@test "statuses pass with their headers, and a response to HEAD with its length" {
    proxy_start
    assert_same 429 "$(status_of '/x/status?code=429' -D head)"
    assert_contains "$(cat head)" "Retry-After: 7"
    assert_same 500 "$(status_of '/x/status?code=500')"
    ask /x/echo -I >answer
    assert_contains "$(cat answer)" "Content-Length: 1234"
}

# ask_and_then PATH [OPTION OF CURL...]: its status, then the method of another request on the same connection.
ask_and_then() {
    local common=(-q -sS --noproxy '*' -H "Authorization: Bearer $key")
    curl "${common[@]}" "$proxy$1" -o body -w '%{http_code}\n' "${@:2}" --next "${common[@]}" "$proxy/x/echo" -o next
    json method <next
}

@test "after a response that has no body and no length, the next one is whole" {
    proxy_start
    local code
    for code in 200 204 304; do
        assert_same "$code"$'\nGET' "$(ask_and_then "/x/bare?code=$code" -I)"
        assert_contains "$(cat body)" "X-Empty:"
        assert_lacks "$(cat body)" Content-Length
    done
    for code in 204 304; do
        assert_same "$code"$'\nGET' "$(ask_and_then "/x/bare?code=$code")"
    done
}

@test "connections are kept on both sides" {
    proxy_start
    ask /x/echo -o a -o b -w '%{num_connects}\n' "$proxy/x/echo" >connects
    assert_same $'1\n0' "$(cat connects)"
    ask /x/echo -o c
    # One connection for the test's own requests.
    assert_same 2 "$(server_stat connections)"
}

@test "what a server sends on an idle connection is not the response to the next request" {
    proxy_start
    assert_same 200 "$(status_of '/x/late?hold=l')"
    server_release l
    wait_for_file "$(server_dir)/sent.l"
    assert_same 200 "$(status_of /x/echo -X DELETE)"
    assert_same 2 "$(server_count stream)"
}

@test "a request takes over nothing from the one before it" {
    proxy_start
    ask /x/echo -I -o body
    ask /x/echo -T - <"$KIMI_TEST_ROOT/LICENSE" -o body
    assert_same "PUT true $(wc -c <"$KIMI_TEST_ROOT/LICENSE")" "$(json method <body) $(json chunked <body) $(json length <body)"
    ask '/x/echo?one' -o body
    assert_same "GET false 0 one" "$(json method <body) $(json chunked <body) $(json length <body) $(json query <body)"
    assert_lacks "$(cat body)" transfer-encoding
    ask /x/echo -d 12345 -H 'X-Mine: 1' -o body
    assert_same "POST false 5" "$(json method <body) $(json chunked <body) $(json length <body)"
    ask /x/echo -X DELETE -o body
    assert_same "DELETE false 0" "$(json method <body) $(json chunked <body) $(json length <body)"
    assert_lacks "$(cat body)" x-mine
    assert_same 5 "$(server_count stream)"
}

@test "each event of a stream arrives before the next is sent" {
    proxy_start
    start reader ask '/v1/x/sse?n=3&hold=e' -N
    server_wait_held e
    local i
    for i in 1 2 3; do
        assert_same "$((i - 1))" "$(grep -c '^data:' reader.out || true)"
        server_release "e.$i"
        wait_until grep -q "\"n\": $i," reader.out
        assert_same "$i" "$(grep -c '^event: tick' reader.out)"
    done
    finish 0
}

@test "a pause in a stream is borne, and one before the response" {
    proxy_start
    start reader ask '/v1/x/silent?hold=s' -N
    server_wait_held s
    server_release s
    finish 0
    assert_same '{"spoke": true}' "$(out_of reader)"
}

@test "a stream of minutes with long pauses comes whole, and so does a response that takes minutes to begin" {
    # Each pause is 30 s for the proxy, and none of its time limits ends it, including those of libcurl and libmicrohttpd.
    KIMI_TEST_SPEED=25 LD_PRELOAD=${KIMI_TEST_BIN%/*}/tests/hook.so ASAN_OPTIONS=verify_asan_link_order=0:exitcode=99 \
        proxy_start
    start slow ask '/v1/x/silent?hold=s' -N
    local slow=$pid
    server_wait_held s
    start reader ask '/v1/x/sse?n=4&pause=1200' -N
    finish 0
    server_release s
    finish 0 "$slow"
    assert_same 4 "$(grep -c '^event: tick' reader.out)"
    assert_same '{"spoke": true}' "$(out_of slow)"
    wait_until is_logged /v1/x/silent
    local milliseconds
    milliseconds=$(grep /x/sse proxy.out | json milliseconds)
    [ "${milliseconds%.*}" -ge 120000 ] # the clock ran faster
}

@test "64 MB each way, by length and in chunks, in little memory" {
    proxy_start
    head -c 64000000 /dev/zero | tr '\0' 'k' >big
    local sum
    sum=$(sha256sum big | cut -d ' ' -f 1)
    ask /x/echo -T big -o body
    assert_same "$sum 64000000 false" "$(json sha256 <body) $(json length <body) $(json chunked <body)"
    ask /x/echo -T - <big -o body
    assert_same "$sum 64000000 true" "$(json sha256 <body) $(json length <body) $(json chunked <body)"
    ask '/x/bytes?n=64000000' -o one
    ask '/x/bytes?n=64000000&chunked=1' -o two
    cmp one two
    assert_same 64000000 "$(wc -c <one)"
    [ -n "${KIMI_TEST_CHECKER:-}" ] || [ "$(awk '/VmHWM/ {print $2}' "/proc/$proxy_pid/status")" -lt 20000 ]
}

@test "Expect: 100-continue is answered" {
    proxy_start
    head -c 2000000 /dev/zero >big
    ask /x/echo -H 'Expect: 100-continue' --expect100-timeout 1000 --data-binary @big -o body
    assert_same 2000000 "$(json length <body)"
}

@test "a slow server slows the client" {
    proxy_start
    head -c 30000000 /dev/zero >big
    start sender ask '/x/sink?hold=k' -T big -o body
    server_wait_held k
    wait_until is_asleep "$(pgrep -P "$pid" curl)" curl
    [ -n "${KIMI_TEST_CHECKER:-}" ] || [ "$(awk '/VmHWM/ {print $2}' "/proc/$proxy_pid/status")" -lt 20000 ]
    server_release k
    finish 0
    assert_same 30000000 "$(json length <body)"
}

@test "a slow client slows the server, and gets everything in the end" {
    proxy_start
    mkfifo go
    exec 9<>go
    start reader client stall "$proxy/x/bytes?n=60000000&hold=b" "$key" <go
    wait_for_file "$(server_dir)/stalled.b"
    [ "$(cat "$(server_dir)/stalled.b")" -lt 30000000 ]
    [ -n "${KIMI_TEST_CHECKER:-}" ] || [ "$(awk '/VmHWM/ {print $2}' "/proc/$proxy_pid/status")" -lt 20000 ]
    echo >&9
    finish 0
    [ "$(tail -n 1 reader.out)" -gt 60000000 ]
}

# is_small PID: it now uses less than 20 MB of memory.
is_small() { [ "$(awk '/VmRSS/ {print $2}' "/proc/$1/status")" -lt 20000 ]; }

@test "of the libraries only the code that it runs stays in memory" {
    proxy_start
    assert_same 200 "$(status_of /v1/models)"
    # Loading them takes about 10 MB.
    [ -n "${KIMI_TEST_CHECKER:-}" ] || [ "$(awk '/RssFile/ {print $2}' "/proc/$proxy_pid/status")" -lt 6000 ]
}

@test "256 streams at once, in little memory" {
    proxy_start
    : >"$(server_dir)/release.m.1"
    mkfifo go
    exec 9<>go
    start streams client streams "$proxy/x/sse?n=2&hold=m" "$key" 256 1 <go
    wait_until grep -q ready streams.out
    # The memory for a burst of new requests is returned to the system within a second.
    [ -n "${KIMI_TEST_CHECKER:-}" ] || wait_until is_small "$proxy_pid"
    assert_same 200 "$(status_of /v1/models)"
    echo >&9
    finish 0
}

@test "256 streams at once, each with a request of 48 kB, in little memory" {
    proxy_start
    : >"$(server_dir)/release.m.1"
    mkfifo go
    exec 9<>go
    start streams client streams "$proxy/x/sse?n=2&hold=m" "$key" 256 1 48000 <go
    wait_until grep -q ready streams.out
    # Of the requests nothing is kept once they were sent, except the buffers of libcurl and libmicrohttpd.
    [ -n "${KIMI_TEST_CHECKER:-}" ] || wait_until is_small "$proxy_pid"
    assert_same 200 "$(status_of /v1/models)"
    echo >&9
    finish 0
}

## Connections that end too early

@test "a client that leaves ends the request to the server: before the response" {
    proxy_start
    mkfifo go
    exec 9<>go
    start one client leave "$proxy/x/silent?hold=l" "$key" -1 <go
    server_wait_held l
    echo >&9
    wait_for_file "$(server_dir)/gone.l"
    wait_until is_logged /x/silent
    assert_same 499 "$(grep /x/silent proxy.out | json status)"
}

@test "a client that leaves ends the request to the server: within a stream" {
    proxy_start
    : >"$(server_dir)/release.l.1"
    mkfifo go
    exec 9<>go
    start streams client streams "$proxy/x/sse?n=3&hold=l" "$key" 1 1 <go
    wait_until grep -q ready streams.out
    echo >&9
    wait_for_file "$(server_dir)/gone.l"
}

@test "a client that leaves ends the request to the server: as soon as it has sent it" {
    proxy_start
    mkfifo go
    exec 9<>go
    start one client vanish "$proxy/x/silent?hold=l" "$key" <go
    wait_until grep -q ready one.out
    # The request and the end of the connection arrive together.
    kill -STOP "$proxy_pid"
    echo >&9
    finish 0
    kill -CONT "$proxy_pid"
    wait_until is_logged /x/silent
    assert_same 499 "$(grep /x/silent proxy.out | json status)"
}

@test "clients that leave at once within the body are forgotten, with the key or without" {
    proxy_start
    # The request and the end of the connection arrive together.
    kill -STOP "$proxy_pid"
    client desert "$proxy/x/nokey" wrong 20
    kill -CONT "$proxy_pid"
    wait_until eval 'assert_same 20 "$(grep -c x/nokey proxy.out)"'
    # While the connections to the server are made.
    client desert "$proxy/x/echo" "$key" 400
    wait_until eval 'assert_same 400 "$(grep -c x/echo proxy.out)"'
    assert_same 200 "$(status_of /v1/models)"
}

@test "strangers that hold as many connections as there are do not keep the user out" {
    proxy_start
    mkfifo go
    exec 9<>go
    start crowd client crowd "$proxy" wrong 1100 <go
    wait_until grep -q ready crowd.out
    assert_same 200 "$(status_of /v1/models -m 5)"
    echo >&9
    finish 0
}

@test "a client that leaves within the head or the body is forgotten" {
    proxy_start
    mkfifo go
    exec 9<>go
    start one client leave "$proxy/x/echo" "$key" 30 <go
    wait_until grep -q sent one.out
    echo >&9
    finish 0
    start two client leave "$proxy/x/echo" "$key" 2000 100000 <go
    wait_until is_asked 1
    echo >&9
    wait_until is_logged /x/echo
    assert_same 200 "$(status_of /v1/models)"
}

@test "a server that resets within the body ends the response, and the client sees that it is not whole" {
    proxy_start
    run -18 ask '/x/reset?n=1000' -o body
    assert_same 1000 "$(wc -c <body)"
    assert_same 200 "$(status_of /v1/models)"
}

@test "a server that closes without a response, or is not there: 502, and it works again once it is" {
    local old_url
    proxy_start
    assert_same 502 "$(status_of /x/close -d x)"
    assert_same api_error "$(json error.type <body)"
    assert_same 1 "$(server_count stream)"
    assert_same 200 "$(status_of /v1/models)"
    old_url=$(server_url)
    server_stop
    # The server has closed an idle connection: this must not keep the proxy busy.
    wait_until is_asleep "$proxy_pid" kimi-proxy
    assert_same 502 "$(status_of /v1/models)"
    assert_contains "$(json error.message <body)" "cannot reach ${old_url#http://}"
    server_start --port "${old_url##*:}"
    assert_same "$old_url" "$(server_url)"
    assert_same 200 "$(status_of /v1/models)"
}

@test "a request that changes something is not sent again if a kept connection ends before the response" {
    proxy_start
    local method
    for method in DELETE PATCH POST; do
        assert_same 200 "$(status_of /v1/x/echo)"
        assert_same 502 "$(status_of /x/close -X "$method")"
        assert_contains "$(json error.message <body)" "it closed the connection before its response"
    done
    assert_same 200 "$(status_of /v1/x/echo)"
    assert_same 502 "$(status_of /x/close -d x)"
    assert_contains "$(json error.message <body)" "it closed the connection before its response"
    assert_same 8 "$(server_count stream)"
}

@test "a head that cannot be passed on: 502 that says why" {
    proxy_start
    local n
    assert_same 200 "$(status_of '/x/large?n=12000')"
    for n in 17000 64000 400000; do
        assert_same 502 "$(status_of "/x/large?n=$n" -d x)"
        assert_contains "$(json error.message <body)" "its headers are too long"
    done
    server_control "{\"faults\": {\"stream\": [$(raw_answer "$(printf 'X-%d: 1\\r\\n' {1..300})Content-Length: 2\r\n" ok)]}}"
    assert_same 502 "$(status_of /x/echo -d x)"
    assert_contains "$(json error.message <body)" "too many"
    # Most of the memory for both heads is used.
    assert_same 502 "$(status_of '/x/large?n=12000' -H "X-Mine: $(printf '%06000d' 0)")"
    assert_same 502 "$(status_of '/x/raw?head=HTTP/1.1%20101%20Other')"
    assert_contains "$(json error.message <body)" "it switched to another protocol"
    assert_same 200 "$(status_of /v1/models)"
}

@test "a response that comes before the body was sent is passed on" {
    proxy_start
    head -c 3000000 /dev/zero >big
    assert_same 413 "$(status_of '/x/early?code=413' -T big)"
    assert_same "too early" "$(json error.message <body)"
}

@test "an ambiguous header of the server is sent once or not at all" {
    server_control "{\"faults\": {\"stream\": [$(raw_answer 'X-A: b\x0bc\r\nX-Good: d\r\nContent-Length: 2\r\n' 'ok')]}}"
    proxy_start
    ask /x/echo -o body -D head
    assert_same ok "$(cat body)"
    assert_contains "$(cat head)" "X-Good: d"
    assert_lacks "$(cat head)" X-A
}

@test "a response of the server whose length is not clear is a 502, and not a part of it" {
    local lengths faults=()
    for lengths in '3\r\nContent-Length: 5' '5\r\nContent-Length: 3' '3, 5' 0x5 5a; do
        faults+=("$(raw_answer "Content-Length: $lengths\r\n" hello)")
    done
    faults+=("$(raw_answer 'Content-Length: 5 \r\nX-A: b\r\ncontent-length:5\r\n' hello)")
    server_control "{\"faults\": {\"stream\": [$(IFS=,; echo "${faults[*]}")]}}"
    proxy_start
    for _ in 1 2 3 4 5; do
        assert_same 502 "$(status_of /x/echo -d x)"
        [[ $(json error.message <body) =~ "its length is not clear"|"Content-Length" ]] # the second by libcurl 8.20
    done
    assert_same 200 "$(status_of /x/echo -d x)"
    assert_same hello "$(cat body)"
}

@test "a response of the server that begins with a folded header is a 502, each time, and nothing more" {
    local good folded
    good=$(raw_answer 'X-A: b\r\nContent-Length: 2\r\n' ok)
    folded=$(raw_answer ' X-A: a\r\nContent-Length: 2\r\n' ok)
    server_control "{\"faults\": {\"stream\": [$good, $folded, $good, $folded, $good, $folded]}}"
    proxy_start
    for _ in 1 2 3; do
        assert_same 200 "$(status_of /x/echo)"
        assert_same 502 "$(status_of /x/echo)"
    done
    ask /x/status?code=200 -o body
    server_control "{\"faults\": {\"stream\": [$folded]}}"
    ask /x/echo -o body
    assert_contains "$(cat body)" "cannot use the response of 127.0.0.1"
    assert_same 200 "$(status_of /v1/models)"
}

@test "endless trailers of the server: the response ends, in little memory, and others are served" {
    server_control '{"faults": {"stream": [{"endless": "trailers", "json": {"ok": true}}]}}'
    proxy_start
    run ! ask /x/echo -m 5 -o body
    assert_contains "$(cat body)" '"ok"'
    assert_same 200 "$(status_of /v1/models -m 5)"
    [ -n "${KIMI_TEST_CHECKER:-}" ] || [ "$(awk '/VmHWM/ {print $2}' "/proc/$proxy_pid/status")" -lt 20000 ]
    kill "$proxy_pid"
    proxy_ended 0
}

@test "a chunk whose length does not end keeps nobody busy: without the key too, others are served, and SIGTERM ends it" {
    proxy_start
    local zeros busy
    printf -v zeros '%020000d' 0
    exec {busy}<>"/dev/tcp/127.0.0.1/$(port)"
    printf '%s\r\n' 'POST / HTTP/1.1' 'Transfer-Encoding: chunked' '' "$zeros" >&"$busy"
    wait_until is_asleep "$proxy_pid" kimi-proxy
    assert_same 200 "$(status_of /v1/models -m 5)"
    kill "$proxy_pid"
    proxy_ended 0
    exec {busy}<&-
}

@test "a request that could be read as two is refused" {
    proxy_start
    local key_line="Authorization: Bearer $key"
    # It is refused at once: only the end of the connection would end such a body.
    # libmicrohttpd 1.0.2 and newer say 501.
    [[ $(raw 'POST /x/echo HTTP/1.1' "$(host)" "$key_line" 'Transfer-Encoding: gzip, chunked' '' 'abc') == 'HTTP/1.1 '@(400|501)' '* ]]
    [[ $(raw 'POST /x/echo HTTP/1.1' "$(host)" "$key_line" 'Transfer-Encoding: identity' 'Content-Length: 3' '' 'abc') == 'HTTP/1.1 '@(400|501)' '* ]]
    [[ $(raw 'POST /x/echo HTTP/1.1' "$(host)" "$key_line" 'Content-Length: 3' 'Transfer-Encoding: chunked' 'Connection: close' '' '0' '') == 'HTTP/1.1 400 '* ]]
    [[ $(raw 'POST /x/echo HTTP/1.1' "$(host)" "$key_line" 'Content-Length: 0' 'Content-Length: 0' 'Connection: close' '') == 'HTTP/1.1 400 '* ]]
    assert_same 0 "$(server_count stream)"
}

@test "a malformed chunk is answered with 400, and logged so; the request to the server ends" {
    proxy_start
    run -0 raw 'POST /x/echo HTTP/1.1' "$(host)" "Authorization: Bearer $key" 'Transfer-Encoding: chunked' '' '3' 'abc' 'zz'
    [[ $output == 'HTTP/1.1 400 '* ]]
    wait_until is_logged /x/echo
    assert_same 400 "$(grep /x/echo proxy.out | json status)"
    assert_same 200 "$(status_of /v1/models)"
}

# Before 1.0, libmicrohttpd adds the second line to the name of the header; since then it joins them (RFC 9112 section 5.2).
@test "a header of several lines is refused, or is one line for the server" {
    proxy_start
    local second
    for second in ' c' $'\tc' '    c:d' ' Cookie'; do
        raw 'GET /v1/x/echo HTTP/1.1' "$(host)" "Authorization: Bearer $key" 'X-A: b' "$second" 'X-B: d' 'Connection: close' '' >answer
        if [[ $(cat answer) == 'HTTP/1.1 200 '* ]]; then
            assert_contains "$(tail -n 1 answer | sed -E 's/( |\\t)+/ /g')" "[\"x-a\", \"b ${second##*[[:blank:]]}"
            assert_contains "$(cat answer)" '["x-b", "d"]'
        else
            [[ $(cat answer) == 'HTTP/1.1 400 '* ]]
            assert_contains "$(json error.message <<<"$(tail -n 1 answer)")" "one line"
            assert_same 0 "$(server_count stream)"
        fi
    done
    raw 'GET /v1/x/echo HTTP/1.1' "$(host)" 'Authorization:' " Bearer $key" 'Connection: close' '' >answer
    [[ $(cat answer) == 'HTTP/1.1 '[24]'00 '* ]]
}

## Tokens

@test "a token that is due is refreshed once for all that ask" {
    store_login --expires-in-left -5
    proxy_start
    client storm "$proxy/x/echo" "$key" 50 >statuses
    assert_same 50 "$(grep -c 200 statuses)"
    assert_same 1 "$(server_count refresh)"
    assert_same 0 "$(server_requests stream | grep -c at-stored || true)"
}

@test "200 requests across a rotation: one refresh, and none fails" {
    proxy_start
    assert_same 200 "$(status_of /x/echo)"
    # The server has forgotten the token, but the store does not know that.
    store_login --access at-void --no-seed
    printf '{"access_token": "at-other", "refresh_token": "rt-stored", "expires_in": 900}\n' >>"$(server_dir)/seed.jsonl"
    client storm "$proxy/x/echo" "$key" 200 >statuses
    assert_same 200 "$(grep -c 200 statuses)"
    assert_same 1 "$(server_count refresh)"
}

@test "after a 401 the token is refreshed, and the request is sent once more with its body" {
    proxy_start
    store_login --access at-void --no-seed
    head -c 900000 /dev/urandom >big
    ask /x/echo --data-binary @big -o body
    assert_same "$(sha256sum big | cut -d ' ' -f 1)" "$(json sha256 <body)"
    assert_same 2 "$(server_count stream)"
    assert_same 1 "$(server_count refresh)"
    assert_same "Bearer $(server_stat last_access_token)" "$(server_last stream | json headers.authorization)"
}

@test "a body of more than 1 MiB is not sent twice: the 401 goes through" {
    proxy_start
    store_login --access at-void --no-seed
    head -c 1100000 /dev/zero >big
    assert_same 401 "$(status_of /x/echo --data-binary @big)"
    assert_same 1 "$(server_count stream)"
    assert_contains "$(cat body)" "Invalid Authentication"
}

@test "a body of more than 1 MiB is not sent twice, either, if the 401 comes before much of it" {
    proxy_start
    head -c 3000000 /dev/zero >big
    assert_same 401 "$(status_of '/x/early?code=401' -T big)"
    assert_same 1 "$(server_count stream)"
    assert_same 0 "$(server_count refresh)"
}

# grow FIRST SECOND: the status and the end of the answer to a chunked request that gets 401 after FIRST bytes, and goes
# on with SECOND once there is a new token.
grow() {
    mkfifo go
    exec 9<>go
    store_login --access at-void --no-seed
    start one client grow "$proxy/x/echo?early=1" "$key" "$1" "$2" <go
    wait_until is_asked 1
    assert_same 200 "$(status_of /x/echo)"
    echo >&9
    finish 0
    tail -n 1 one.out
}

@test "a chunked body that grows past 1 MiB after the 401 is not sent twice, not even in part" {
    proxy_start
    assert_same 401 "$(grow 500000 700000)"
    assert_same 1 "$(server_requests stream | grep -c chunked)"
}

@test "a chunked body of at most 1 MiB that the 401 did not wait for is sent once more, as a whole" {
    proxy_start
    assert_same 200 "$(grow 400000 600000)"
    assert_same 2 "$(server_requests stream | grep -c chunked)"
    wait_until eval 'grep -q "\"bytes_up\":1000000," proxy.out'
}

@test "another process has refreshed already: its token is used, and nothing is refreshed" {
    proxy_start
    assert_same 200 "$(status_of /x/echo)"
    store_login --access at-newer --refresh rt-newer
    assert_same 200 "$(status_of /x/echo)"
    assert_same "Bearer at-newer" "$(server_last stream | json headers.authorization)"
    assert_same 0 "$(server_count refresh)"
}

@test "a server that refuses every token is not asked for one after the other" {
    server_control '{"faults": {"stream": [{"status": 401, "json": {"error": {"message": "no"}}, "forever": true}]}}'
    proxy_start
    local i
    for i in 1 2 3; do
        assert_same 401 "$(status_of /x/echo -d x)"
        assert_same no "$(json error.message <body)"
    done
    assert_same 1 "$(server_count refresh)"
    assert_same 4 "$(server_count stream)"
}

@test "403, 429 and 5xx are the server's business: nothing is sent again" {
    proxy_start
    local code
    for code in 403 429 500 503; do
        assert_same "$code" "$(status_of "/x/status?code=$code" -d x)"
    done
    assert_same 4 "$(server_count stream)"
    assert_same 0 "$(server_count refresh)"
}

@test "without a login: 401 that says what to do, and a later login is used" {
    rm -r "$HOME/.kimi"
    proxy_start
    assert_same 401 "$(status_of /v1/messages -d x -D head)"
    assert_same error "$(json type <body)"
    assert_contains "$(json error.message <body)" "run 'kimi login'"
    assert_contains "$(cat head)" "x-should-retry: false"
    store_login
    assert_same 200 "$(status_of /x/echo)"
}

@test "a logout ends requests to come, but no stream that runs" {
    proxy_start
    start reader ask '/v1/x/sse?n=2&hold=o' -N
    server_wait_held o
    server_release o.1
    wait_until grep -q '"n": 1' reader.out
    kimi logout --quiet
    assert_same 401 "$(status_of /x/echo)"
    assert_contains "$(json error.message <body)" "run 'kimi login'"
    server_release o.2
    finish 0
    assert_contains "$(out_of reader)" '"n": 2'
}

@test "a token that ends in the middle of a stream, and a refresh, do not cut it" {
    proxy_start
    start reader ask '/v1/x/sse?n=2&hold=t' -N
    server_wait_held t
    server_release t.1
    wait_until grep -q '"n": 1' reader.out
    store_login --expires-in-left -5
    assert_same 200 "$(status_of /x/echo)"
    assert_same 1 "$(server_count refresh)"
    server_release t.2
    finish 0
    assert_contains "$(out_of reader)" '"n": 2'
}

@test "the key of an open platform stays out of the command's environment" {
    server_control '{"api_keys": {"cn": ["sk-cn"]}}'
    kimi login --platform moonshot-cn --api-key-stdin --quiet <<<sk-cn
    run -0 kimi proxy --platform moonshot-cn -- sh -c 'env; curl -q -sS -H "x-api-key: $OPENAI_API_KEY" "$OPENAI_BASE_URL/models"'
    assert_contains "$output" kimi-k2.5
    assert_lacks "$output" sk-cn
    assert_same "Bearer sk-cn" "$(server_last cn_models | json headers.authorization)"
}

@test "so does KIMI_API_KEY" {
    kimi logout --quiet
    server_control '{"api_keys": {"code": ["sk-kimi-env"]}}'
    KIMI_API_KEY=sk-kimi-env run -0 kimi proxy -- sh -c 'env; curl -q -sS -H "x-api-key: $OPENAI_API_KEY" "$OPENAI_BASE_URL/models"'
    assert_contains "$output" kimi-for-coding
    assert_lacks "$output" sk-kimi-env
    assert_same "Bearer sk-kimi-env" "$(server_last models | json headers.authorization)"
}

@test "a server that cannot be reached for a refresh is not a login that is missing" {
    proxy_start
    assert_same 200 "$(status_of /x/echo)"
    store_login --access at-old --expires-in-left -5
    server_stop
    assert_same 503 "$(status_of /v1/models)"
    assert_same api_error "$(json error.type <body)"
}

@test "an upstream with TLS" {
    proxy_start
    KIMI_TEST_SERVER=tls server_start --tls good
    kill "$proxy_pid"
    proxy_ended 0
    KIMI_TEST_SERVER=tls store_login
    proxy_start
    assert_same 200 "$(status_of /x/echo)"
    unset SSL_CERT_FILE
    kill "$proxy_pid"
    proxy_ended 0
    proxy_start
    assert_same 502 "$(status_of /x/echo)"
    assert_contains "$(json error.message <body)" certificate
}

## End

@test "SIGTERM: running requests may end, and no new one is accepted" {
    proxy_start --grace 60
    start reader ask '/v1/x/sse?n=1&hold=z' -N
    local reader=$pid
    server_wait_held z
    kill -TERM "$proxy_pid"
    wait_until eval '! curl -q -s -o /dev/null --noproxy "*" "$proxy/v1/models"'
    server_release z.1
    finish 0 "$reader"
    assert_contains "$(out_of reader)" '"n": 1'
    proxy_ended 0
}

@test "SIGTERM: a stream that does not end is cut, and the server sees it" {
    proxy_start --grace 0.1
    start reader ask '/v1/x/sse?n=1&hold=z' -N
    local reader=$pid
    server_wait_held z
    kill -TERM "$proxy_pid"
    proxy_ended 0
    finish 18 "$reader"
    wait_for_file "$(server_dir)/gone.z"
}

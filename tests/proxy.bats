#!/usr/bin/env bats
# Proxies: which requests use one, what it gets to see, and what the error says if it fails. The service is the loopback
# server under the name elsewhere.example, which only the proxy can resolve.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

# elsewhere: the server, as https://elsewhere.example:7443, a name that does not resolve.
elsewhere() {
    server_start --tls other
    export KIMI_CODE_OAUTH_HOST=https://elsewhere.example:7443 KIMI_CODE_BASE_URL=https://elsewhere.example:7443/coding/v1
    export KIMI_TEST_LOOKUP=-2
    hook_all
    store_login --expires-in-left 100
}

# proxy http|socks [STATUS], proxy https CERT KEY: starts one. $proxy is its host and port; proxy.out has its port, then its
# requests.
proxy() {
    start proxy "$KIMI_TEST_PYTHON" -E -S "$KIMI_TEST_ROOT/tests/server/proxy.py" "$1" "$(server_url | sed 's/.*://')" "${@:2}"
    echo "$pid" >"$BATS_TEST_TMPDIR/proxy.pid"
    wait_until test -s proxy.out
    proxy=127.0.0.1:$(head -n 1 proxy.out)
}
asked() { tail -n +2 proxy.out | sort | uniq -c | sed 's/^ *//'; }
teardown() {
    [ ! -e "$BATS_TEST_TMPDIR/proxy.pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/proxy.pid")" 2>/dev/null || true
    kimi_teardown
}

assert_refreshed() { assert_same "$(KIMI_TEST_LOOKUP='' LD_PRELOAD='' server_stat last_access_token)" "$(stored access_token)"; }

@test "HTTPS_PROXY: refresh, models and login go through it, and it sees the host alone" {
    elsewhere
    server_control '{"pending": 0}'
    proxy http
    export HTTPS_PROXY=http://$proxy
    kimi-refresh --quiet
    assert_refreshed
    run -0 kimi-models
    run -0 kimi-login --force --quiet
    assert_refreshed
    # One refresh and list, then code, poll and list.
    assert_same "5 elsewhere.example:7443 -" "$(asked)"
}

@test "the other variables: https_proxy goes before HTTPS_PROXY, and ALL_PROXY is for all" {
    elsewhere
    proxy http
    https_proxy=http://$proxy HTTPS_PROXY=http://127.0.0.1:9 kimi-refresh --force --quiet
    ALL_PROXY=http://$proxy kimi-refresh --force --quiet
    all_proxy=$proxy kimi-refresh --force --quiet
    assert_same "3 elsewhere.example:7443 -" "$(asked)"
    assert_refreshed
}

@test "socks:// is SOCKS5 with the name resolved there, as socks5h:// is" {
    elsewhere
    proxy socks
    ALL_PROXY=socks://$proxy kimi-refresh --force --quiet
    HTTPS_PROXY=socks5h://$proxy kimi-refresh --force --quiet
    assert_same "2 elsewhere.example:7443 -" "$(asked)"
    assert_refreshed
}

@test "a proxy with a password is given it, and shown without" {
    elsewhere
    proxy http 407
    export HTTPS_PROXY=http://user:geheim@$proxy
    run -1 --separate-stderr kimi-refresh
    assert_error "elsewhere.example:7443 through the proxy http://$proxy"
    assert_contains "$(asked)" "1 elsewhere.example:7443 basic "
    assert_contains "$stderr" "rejected the user name and password in HTTPS_PROXY"
    assert_lacks "$stderr" geheim
}

@test "a proxy that requires a password: the line names it and the variable, and nothing is tried again" {
    elsewhere
    before=$(hash_of "$LOGIN")
    proxy http 407
    local name
    for name in HTTPS_PROXY all_proxy; do
        run -1 --separate-stderr env "$name=http://$proxy" kimi-refresh
        assert_error "through the proxy http://$proxy: it requires a user name and a password"
        assert_contains "$stderr" "; set $name to http://USER:PASSWORD@HOST:PORT"
    done
    assert_same "2 elsewhere.example:7443 -" "$(asked)"
    run -1 --separate-stderr env HTTPS_PROXY="http://$proxy" kimi-login --force
    assert_contains "$stderr" "; set HTTPS_PROXY to"
    assert_same "$before" "$(hash_of "$LOGIN")"
}

@test "a proxy that speaks TLS is trusted by SSL_CERT_FILE or SSL_CERT_DIR" {
    elsewhere
    local certs=$KIMI_TEST_CERTS
    proxy https "$certs/good.pem" "$certs/good.key"
    export HTTPS_PROXY=https://$proxy
    kimi-refresh --force --quiet
    mkdir "$BATS_TEST_TMPDIR/folder"
    cp "$certs/ca.pem" "$BATS_TEST_TMPDIR/folder/$(openssl x509 -noout -hash -in "$certs/ca.pem").0"
    SSL_CERT_FILE='' SSL_CERT_DIR=$BATS_TEST_TMPDIR/folder kimi-refresh --force --quiet
    assert_same "2 elsewhere.example:7443 -" "$(asked)"
    assert_refreshed
    SSL_CERT_FILE='' run -75 --separate-stderr hooked SPEED=10 kimi-refresh --force
    assert_error "through the proxy https://$proxy:"
    assert_same "2 elsewhere.example:7443 -" "$(asked)"
}

@test "a proxy's URL that cannot be used: 1, and its password is not shown, however long it is" {
    local odd long
    long=$(printf '%0250d' 0)
    store_login --expires-in-left 100
    export KIMI_CODE_OAUTH_HOST=https://elsewhere.example
    for odd in bogus://me:s3cret@127.0.0.1:2 http://me:s3cret@127.0.0.1:99999 'http://me:s3#cret@127.0.0.1:1' \
        'http://me:s3cret@' "bogus://me:s3cret$long@127.0.0.1:2"; do
        HTTPS_PROXY=$odd run -1 --separate-stderr kimi-refresh --json
        assert_same config "$(json data.code <<<"$output")"
        assert_contains "$stderr" "elsewhere.example"
        assert_contains "$stderr" "; check HTTPS_PROXY"
        assert_lacks "$stderr$output" s3
    done
}

@test "NO_PROXY: a host that it names is asked directly, and a failure says so" {
    elsewhere
    proxy http
    export HTTPS_PROXY=http://$proxy NO_PROXY=10.0.0.0/8,.example
    run -75 --separate-stderr hooked SPEED=10 kimi-refresh
    assert_error "elsewhere.example:7443: .*; check the network \(the proxy that is set is not used for this host\)"
    assert_same "" "$(asked)"
    NO_PROXY=elsewhere.com kimi-refresh --quiet
    assert_refreshed
}

@test "loopback never goes through a proxy" {
    server_start
    store_login --expires-in-left 100
    proxy http
    export HTTPS_PROXY=http://$proxy https_proxy=http://$proxy http_proxy=http://$proxy ALL_PROXY=http://$proxy all_proxy=http://$proxy
    kimi-refresh --quiet
    kimi-models --quiet >list
    assert_same "" "$(asked)"
    assert_refreshed
}

@test "a proxy that is down, not found, or refuses: the line names the host, the proxy and what to do, and the login stays" {
    elsewhere
    before=$(hash_of "$LOGIN")
    HTTPS_PROXY=http://127.0.0.1:9 run -75 --separate-stderr hooked SPEED=10 kimi-refresh
    assert_error "cannot reach elsewhere.example:7443 through the proxy http://127.0.0.1:9:"
    assert_contains "$stderr" "; check the network and the proxy"
    HTTPS_PROXY=http://proxy.invalid:3128 run -75 --separate-stderr hooked SPEED=10 kimi-refresh
    assert_error "cannot reach elsewhere.example:7443 through the proxy http://proxy.invalid:3128:"
    assert_contains "$stderr" "; check HTTPS_PROXY"
    proxy http 403
    HTTPS_PROXY=http://$proxy run -75 --separate-stderr hooked SPEED=10 kimi-refresh
    assert_error "cannot reach elsewhere.example:7443 through the proxy http://$proxy:"
    HTTPS_PROXY=http://$(printf 'x%.0s' {1..2000}):geheim@$proxy run -1 --separate-stderr kimi-refresh
    assert_error "too long"
    assert_same "$before" "$(hash_of "$LOGIN")"
}

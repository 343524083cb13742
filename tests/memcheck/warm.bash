# shellcheck shell=bash
# What the fork servers are warmed up with (warm.h): a server and a keyring, and for each program a home and calls that
# between them go most of the ways that the tests go. For run.sh.

# shellcheck disable=SC1090 # those named below
load() { source "tests/$1.bash"; }
load helper
load processes
load keyring

# warm_begin BIN: everything lies in a folder of its own; the programs of BIN have logged in to two platforms.
warm_begin() {
    BATS_TEST_TMPDIR=$(mktemp -d)
    KIMI_TEST_BIN=$1 keyring_setup
    server_start --tls good
    server_control '{"pending": 0, "api_keys": {"cn": ["sk-warm"]}}'
    keyring_start
    export KIMI_DISABLE_KEYRING=1 # its helper is called by itself
    echo sk-warm >key
    printf 'protocol=kimi\nhost=kimi-code\nusername=%s\npassword={"access_token": "at-warm"}\n\n' "$KEY" >request
    kimi-login --no-browser --quiet
    kimi-login --platform moonshot-cn --api-key-stdin --quiet <key
}

# warm_done: all went well. warm_end: for the end, however it comes; if not all went well it shows what the server saw.
# shellcheck disable=SC2034 # for keyring_teardown
warm_done() { BATS_TEST_COMPLETED=1; }
warm_end() {
    keyring_teardown
    rm -rf "$BATS_TEST_TMPDIR"
}

# warm_home NAME: the home that is that program's alone, with a login of its own.
warm_home() {
    cp -r "$HOME" "$BATS_TEST_TMPDIR/$1"
    HOME=$BATS_TEST_TMPDIR/$1 store_login --refresh "rt-$1"
}

# warm_calls NAME: the calls of that program, as in warm.h.
warm_calls() {
    local key="<$BATS_TEST_TMPDIR/key" request="<$BATS_TEST_TMPDIR/request"
    case $1 in
    kimi) printf '%s\n' '0 --version' '2 --nosuch' '2 nosuch' ;;
    kimi-credential-libsecret) printf '%s\n' "1 get $request" "0 store $request" "0 get $request" "0 erase $request" ;;
    kimi-exec | kimi-shell) printf '%s\n' '0 --version' '2 --nosuch' ;;
    kimi-login)
        printf '%s\n' '2 --nosuch' '0 --json' '0 --force --no-browser' '0 --force --no-browser --json' \
            "0 --platform moonshot-cn --force --api-key-stdin $key"
        ;;
    kimi-logout) printf '%s\n' '2 --nosuch' '0' '0 --json' '0 --all' ;;
    kimi-models) printf '%s\n' '2 --nosuch' '0' '0 --json' '0 --sync' '0 --use kimi-for-coding' ;;
    kimi-refresh) printf '%s\n' '2 --nosuch' '0' '0 --force' '0 --force --models --json' ;;
    kimi-status) printf '%s\n' '2 --nosuch' '0' '0 --json' '0 --line' '0 --check' '0 --history' ;;
    kimi-token) printf '%s\n' '2 --nosuch' '0' '0 --json' '0 --headers' '4 --account nobody' '0 --platform moonshot-cn' ;;
    esac
}

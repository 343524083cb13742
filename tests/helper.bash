# shellcheck shell=bash
# The harness of the bats tests. A test file begins with
#
#     bats_require_minimum_version 1.5.0
# load helper            # load ../helper in a subdirectory
#
# and gets setup and teardown from here. A file that needs more defines its own, which call kimi_setup and kimi_teardown.
# Everything is in $BATS_TEST_TMPDIR, so tests can run in parallel (bats --jobs N).
#
# Set from outside: KIMI_TEST_BIN, the directory of the programs under test (default: build/bin of this clone), and
# KIMI_TEST_CHECKER, a memory checker, which needs memory and time itself: sanitizer for the whole suite, valgrind for the
# unit tests and tests/smoke.bats.
# KIMI_TEST_SERVER=NAME before a server_ function selects a server other than the default one.

# Looked up once, and inherited by the tests of a file, like what follows.
if ! [ "${KIMI_TEST_ROOT:-}/tests/helper.bash" -ef "${BASH_SOURCE[0]}" ]; then
    KIMI_TEST_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    export KIMI_TEST_ROOT
fi
export KIMI_TEST_BIN=${KIMI_TEST_BIN:-$KIMI_TEST_ROOT/build/bin}

# The interpreter itself: python3 on PATH may be a wrapper (pyenv) that is slow and needs the real HOME.
# -E -S ignores the user's settings and starts faster.
if [ -z "${KIMI_TEST_PYTHON:-}" ]; then
    KIMI_TEST_PYTHON=$(python3 -E -S -c 'import sys; print(sys.executable)')
    export KIMI_TEST_PYTHON
fi
kimi_python() { "$KIMI_TEST_PYTHON" -E -S "$@"; }

setup() { kimi_setup; }
teardown() { kimi_teardown; }

# In the test's directory: a temporary HOME, the paths of a login there, and an environment without the caller's
# variables. It uses few commands, since bats adds much to each and this runs before every test. Of D-Bus it unsets only
# DBUS_S*, since keyring.bash sets other variables of that name.
# shellcheck disable=SC2034 # used by the tests
kimi_setup() {
    local name
    # bats records a stack trace before each command, which takes half of a suite's time. The name of the test is enough.
    set +T
    unset "${!XDG_@}" "${!DBUS_S@}" "${!SSH_@}" "${!SSL_CERT_@}" "${!WSL_@}" "${!CURL_@}" DISPLAY WAYLAND_DISPLAY BROWSER \
        NO_COLOR COLORTERM SSLKEYLOGFILE MANPATH PAGER COLUMNS LINES {http,https,all,no,ftp}_proxy {HTTP,HTTPS,ALL,NO,FTP}_PROXY
    for name in "${!KIMI_@}"; do [[ $name == KIMI_TEST_* ]] || unset "$name"; done
    export HOME=$BATS_TEST_TMPDIR/home LC_ALL=C.UTF-8 TERM=dumb KIMI_DISABLE_KEYRING=1 PATH=$KIMI_TEST_BIN:$PATH
    FOLDER=$HOME/.kimi/credentials
    LOGIN=$FOLDER/kimi-code.json
    STATE=$FOLDER/kimi-code.state
    LOCK=$FOLDER/kimi-code.lock
    CONFIG=$HOME/.kimi/config.toml
    # The directory of the server too: a second mkdir(1) would take longer than many a test.
    mkdir "$HOME" "$BATS_TEST_TMPDIR/server"
    cd "$BATS_TEST_TMPDIR" || return
    umask 022
}

# Stops every server of the test. If the test failed, shows the requests and the output of the last run.
# An invalid control.json fails the test.
kimi_teardown() {
    local dir pid result=0
    if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
        printf -- '--- status %s, output:\n%s\n' "${status:-}" "${output:-}"
        [ -z "${stderr:-}" ] || printf -- '--- stderr:\n%s\n' "$stderr"
    fi
    for dir in "$BATS_TEST_TMPDIR"/server*/; do
        [ -e "$dir/pid" ] || continue
        read -r pid <"$dir/pid"
        kill "$pid" 2>/dev/null || true
        wait_until has_ended "$pid" || result=1 # otherwise it would write into what is being removed
        if [ -e "$dir/control_error" ]; then
            cat "$dir/control_error"
            result=1
        fi
        if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
            echo "--- $dir: log, last requests"
            cat "$dir/log"
            tail -n 20 "$dir/requests.jsonl"
        fi
    done
    ! declare -F end_started >/dev/null || end_started
    return "$result"
}

# has_ended PID: whether the process has ended, even if nobody has waited for it yet.
has_ended() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    [[ $stat == *") Z"* ]]
}

# The factor by which tests wait longer than usual.
PATIENCE=1
[ -z "${KIMI_TEST_CHECKER:-}" ] || PATIENCE=3

# patient SECONDS: multiplies by that factor; a fraction is kept as it is.
patient() { if [[ $1 == *.* ]]; then echo "$1"; else echo $(($1 * PATIENCE)); fi; }
# timeout [OPTION...] SECONDS COMMAND...: timeout(1), with patience.
timeout() {
    local options=()
    # Without --foreground, SIGCONT follows the signal. A leak check that starts between the two would never end, because
    # SIGCONT undoes the SIGSTOP that it waits for.
    [ "${KIMI_TEST_CHECKER:-}" != sanitizer ] || options=(--foreground)
    while [[ $1 == -* ]]; do
        options+=("$1")
        shift
    done
    command timeout "${options[@]}" "$(patient "$1")" "${@:2}"
}

# many USUAL FEWER: prints FEWER if memory is checked: there, a thousand equal rounds show nothing that a few do not.
many() { if [ -n "${KIMI_TEST_CHECKER:-}" ]; then echo "$2"; else echo "$1"; fi; }
# The maximum number of models in a list.
MANY=10000
# shellcheck disable=SC2034 # used by the tests
[ -z "${KIMI_TEST_CHECKER:-}" ] || MANY=2000

# limit_memory KIB: limits this shell and what it starts, unless a checker needs far more itself.
limit_memory() { [ -n "${KIMI_TEST_CHECKER:-}" ] || ulimit -v "$1"; }

## The loopback server

# server_dir: the directory of the server, with control.json, requests.jsonl, held.NAME and release.NAME.
server_dir() {
    local dir
    find_server
    echo "$dir"
}
# find_server: sets $dir to it, without the process that $(server_dir) takes.
find_server() { dir=$BATS_TEST_TMPDIR/server${KIMI_TEST_SERVER:+.$KIMI_TEST_SERVER}; }

# server_url: its URL.
server_url() {
    local dir url
    find_server
    read -r url <"$dir/url" && echo "$url"
}

# server_start [--tls good|expired|other|kimi] [--port N] [--no-export]
# Starts a server (on that port) and exports its URL to the programs (--no-export: does not). --tls makes them trust its CA:
# exports SSL_CERT_FILE, and KIMI_TEST_CA with the same path for tests that unset the first. Call it in the test's own
# shell, not under run.
server_start() {
    local dir url ready tls=() port=() export=yes
    find_server
    [ -d "$dir" ] || mkdir "$dir"
    while [ $# -gt 0 ]; do
        case $1 in
        --tls)
            trust_certs
            tls=(--tls "$KIMI_TEST_CERTS/$2.pem" "$KIMI_TEST_CERTS/$2.key")
            shift
            ;;
        --port)
            port=(--port "$2")
            shift
            ;;
        --no-export) export=no ;;
        *) fail "server_start: unknown option $1" || return ;;
        esac
        shift
    done
    # bats waits for every process that has its descriptors 3 and 4 open.
    exec {ready}< <(exec "$KIMI_TEST_PYTHON" -E -S -X pycache_prefix="${KIMI_TEST_BIN%/*}/tests/pycache" \
        "$KIMI_TEST_ROOT/tests/server/kimi_server.py" --dir "$dir" --parent $$ "${tls[@]}" "${port[@]}" </dev/null 2>"$dir/log" 3>&- 4>&-)
    echo $! >"$dir/pid"
    if ! read -r -t 20 url <&"$ready"; then
        cat "$dir/log"
        fail "server_start: the server did not come up" || return
    fi
    exec {ready}<&-
    [ "$export" = yes ] || return 0
    export KIMI_CODE_OAUTH_HOST=$url KIMI_CODE_BASE_URL=$url/coding/v1
    export KIMI_MOONSHOT_CN_BASE_URL=$url/cn/v1 KIMI_MOONSHOT_AI_BASE_URL=$url/ai/v1
}

# trust_certs: makes the programs trust the CA in $KIMI_TEST_CERTS, with the certificates ca, good, expired, other and kimi.
trust_certs() {
    export KIMI_TEST_CERTS=${KIMI_TEST_BIN%/*}/tests/certs
    export KIMI_TEST_CA=$KIMI_TEST_CERTS/ca.pem SSL_CERT_FILE=$KIMI_TEST_CERTS/ca.pem
}

# server_stop: after this, its port refuses connections.
server_stop() {
    local pid dir
    find_server
    read -r pid <"$dir/pid"
    kill "$pid"
    wait "$pid" || true
    rm "$dir/pid" # the process id may soon be reused
}

# server_control JSON: replaces the whole control.json; tests/server/kimi_control.py lists the keys.
server_control() {
    local dir
    find_server
    printf '%s\n' "$1" >"$dir/control.json.new"
    mv "$dir/control.json.new" "$dir/control.json"
}

# server_requests ENDPOINT: its requests so far, one JSON object a line; "all" for every endpoint.
# ENDPOINT: device poll refresh models cn_models ai_models usages me cn_balance ai_balance stream page other.
server_requests() {
    local dir
    find_server
    case $1 in
    all) cat "$dir/requests.jsonl" ;;
    *) grep "^{\"endpoint\": \"$1\"," "$dir/requests.jsonl" || true ;;
    esac
}

# server_count ENDPOINT: the number of requests.
server_count() {
    local endpoint=$1 dir
    find_server
    [ "$endpoint" != all ] || endpoint='[^"]*'
    grep -c "^{\"endpoint\": \"$endpoint\"," "$dir/requests.jsonl" || true
}

# server_last ENDPOINT: the last request, as JSON; "server_last refresh | json form.refresh_token".
server_last() { server_requests "$1" | tail -n 1; }

# raw_answer HEADERS BODY: a fault that sends this response and closes the connection. Both are written as in Python's
# bytes literals.
raw_answer() {
    kimi_python -c '
import ast, base64, sys
head, body = (ast.literal_eval("b\"\"\"%s\"\"\"" % text) for text in sys.argv[1:])
print("{\"raw_b64\": \"%s\"}" % base64.b64encode(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body).decode())' "$1" "$2"
}

# server_stat NAME: the server's counters: issued (token pairs), revoked (logins), refused (bad headers or form), too_soon
# (polls), connections, tls_failures, malformed; or last_access_token.
server_stat() { curl -q -s -k --noproxy '*' "$(server_url)/_stats" | json "$1"; }

# server_release NAME: releases the requests that {"hold": NAME} or {"hold_before": NAME} holds.
server_release() {
    local dir
    find_server
    : >"$dir/release.$1"
}

# server_wait_held NAME [COUNT]: waits until that many requests (default 1) are held.
server_wait_held() { wait_until server_has_held "$1" "${2:-1}"; }
server_has_held() {
    local dir held
    find_server
    [ -e "$dir/held.$1" ] && mapfile -t held <"$dir/held.$1" && [ "${#held[@]}" -ge "$2" ]
}

## Waiting

# wait_until COMMAND...: tries it every 20 ms, for 20 s at most (times PATIENCE).
wait_until() {
    local end=$((SECONDS + 20 * PATIENCE)) never
    # Nothing is ever written to this pipe. Reading it with a timeout waits without a process, unlike sleep(1).
    [ -p "$BATS_RUN_TMPDIR/never" ] || mkfifo "$BATS_RUN_TMPDIR/never" 2>/dev/null || true
    exec {never}<>"$BATS_RUN_TMPDIR/never"
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            exec {never}<&-
            fail "wait_until: $((20 * PATIENCE)) s have passed without: $*" || return
        fi
        read -r -t 0.02 -u "$never" || true
    done
    exec {never}<&-
}

wait_for_file() { wait_until test -e "$1"; }

## Stored logins

# store_login [--expires-in-left SECONDS] [--life SECONDS] [--access TOKEN] [--refresh TOKEN] [--no-seed]
# Stores a login as kimi-cli does, and registers it with the server if one runs (--no-seed: does not, so that the server
# rejects it). Left: seconds until it expires, negative for an expired one (default 900); life: its expires_in (default 900).
store_login() {
    local left=900 life=900 access=at-stored refresh=rt-stored seed=yes folder=$HOME/.kimi/credentials was_there=no dir expires
    find_server
    while [ $# -gt 0 ]; do
        case $1 in
        --expires-in-left) left=$2 && shift ;;
        --life) life=$2 && shift ;;
        --access) access=$2 && shift ;;
        --refresh) refresh=$2 && shift ;;
        --no-seed) seed=no ;;
        *) fail "store_login: unknown option $1" || return ;;
        esac
        shift
    done
    # Before it is stored, because another process may send it at once.
    if [ "$seed" = yes ] && [ -e "$dir/url" ]; then
        printf '{"access_token": "%s", "refresh_token": "%s", "expires_in": %s}\n' "$access" "$refresh" "$left" >>"$dir/seed.jsonl"
    fi
    expires=$EPOCHREALTIME
    expires=$((${expires%.*} + left)).${expires#*.}
    [ ! -e "$folder" ] || was_there=yes
    umask 077
    [ "$was_there" = yes ] || mkdir -p "$folder"
    printf '{"access_token": "%s", "refresh_token": "%s", "expires_at": %s, "scope": "kimi-code", "token_type": "Bearer", "expires_in": %s}' \
        "$access" "$refresh" "$expires" "$life" >"$folder/kimi-code.json"
    umask 022
    [ "$was_there" = no ] || chmod u=rwX,go= "$folder" "$folder/kimi-code.json"
}

# stored FIELD: a field of the stored login; fails if there is none.
stored() { json "$1" <"$HOME/.kimi/credentials/kimi-code.json"; }

# json PATH: a field of the JSON on standard input, such as data.user_code or logins.0.state. Prints a string without quotes,
# anything else as JSON. Without PATH: checks that it is JSON and prints it compactly.
json() { "${KIMI_TEST_BIN%/*}/tests/json" "${1:-}"; }

## Files

# mode PATH: its permissions in octal, such as 600.
mode() { stat -c %a "$1"; }

# hash_of PATH: shows whether a file has changed.
hash_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

# rewrite_in_place FILE HALF: in the background, does what a program does that truncates a file and writes it again: the
# file has only HALF until someone has read it (inotify), then its old content. Sets $editor, to wait for.
rewrite_in_place() {
    rm -f "$BATS_TEST_TMPDIR/edit"
    kimi_python - "$1" "$2" >"$BATS_TEST_TMPDIR/edit" 3>&- 4>&- <<'PY' &
import ctypes, os, select, sys, time
path, half = sys.argv[1:]
whole = open(path).read()
libc = ctypes.CDLL(None)
watch = libc.inotify_init()
libc.inotify_add_watch(watch, path.encode(), 0x10)  # IN_CLOSE_NOWRITE
end = time.monotonic() + 20
with open(path, "w") as file:
    file.write(half)
    file.flush()
    print("ready", flush=True)
    while not select.select([watch], [], [], 0.001)[0] and time.monotonic() < end:
        os.utime(path)
    file.seek(0)
    file.write(whole)
PY
    # shellcheck disable=SC2034 # used by the test
    editor=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/edit"
}

## Assertions

# fail MESSAGE: prints it and fails.
fail() {
    printf '%s\n' "$*"
    return 1
}

# assert_same EXPECTED ACTUAL [WHAT]
assert_same() {
    [ "$1" = "$2" ] || fail "$(printf '%s\n  expected: %q\n  actual:   %q' "${3:-not the same}" "$1" "$2")"
}

# assert_contains TEXT PART
assert_contains() {
    case $1 in
    *"$2"*) ;;
    *) fail "$(printf 'not found\n  wanted: %s\n  in:     %s' "$2" "$1")" ;;
    esac
}

# assert_lacks TEXT PART
assert_lacks() {
    case $1 in
    *"$2"*) fail "$(printf 'found\n  unwanted: %s\n  in:       %s' "$2" "$1")" ;;
    esac
}

# assert_error [COMMAND] PATTERN: standard error of the last run is the single line "kimi COMMAND: what; what to do" (of any
# command without COMMAND) and matches the regular expression, and standard output has only --json events.
assert_error() {
    local prefix='kimi[^:]*: '
    [ $# = 1 ] || prefix="kimi${1:+ $1}: "
    # shellcheck disable=SC2154 # set by run
    [[ $stderr =~ ^${prefix}[^$'\n']+$ ]] || fail "not one line of error of ours: $stderr" || return
    # shellcheck disable=SC2154
    # Some commands print their results and the error of one login.
    [ $# != 1 ] || assert_same "" "$(grep -v '^{"type":' <<<"$output")" "standard output" || return
    [[ $stderr =~ ${!#} ]] || fail "$(printf 'no match\n  wanted: %s\n  in:     %s' "${!#}" "$stderr")"
}

## Permissions and terminals

# unprivileged COMMAND...: runs it as a user to whom file modes apply; root may read and write everything.
unprivileged() {
    local rights=-dac_override,-dac_read_search,-fowner
    [ "$(id -u)" != 0 ] || set -- setpriv --bounding-set "$rights" --inh-caps "$rights" "$@"
    "$@"
}

# on_terminal [OPTIONS] COMMAND...: runs it with a pseudo-terminal as all three descriptors; see on_terminal.py.
on_terminal() { kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" "$@"; }

## The config

# write_config: writes standard input to config.toml.
write_config() {
    mkdir -p "${CONFIG%/*}"
    chmod 700 "${CONFIG%/*}"
    cat >"$CONFIG"
}

# login_config [MODEL...]: prints the config that a login writes for these models (default kimi-for-coding); the first is
# the default.
login_config() {
    local model
    [ $# -gt 0 ] || set -- kimi-for-coding
    cat <<TOML
default_model = "kimi-code/$1"

[providers."managed:kimi-code"]
type = "kimi"
base_url = "https://api.kimi.com/coding/v1"
api_key = ""
oauth = { storage = "file", key = "oauth/kimi-code" }
TOML
    for model; do
        printf '\n[models."kimi-code/%s"]\nprovider = "managed:kimi-code"\nmodel = "%s"\nmax_context_size = 262144\ncapabilities = ["thinking"]\n' \
            "$model" "$model"
    done
}

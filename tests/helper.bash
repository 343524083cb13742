# shellcheck shell=bash
# The harness of the bats tests. A test file begins with
#
#     bats_require_minimum_version 1.5.0
#     load helper            # load ../helper in a folder below
#
# and gets setup and teardown from here; one that needs more defines its own and calls kimi_setup and kimi_teardown.
# Everything lies in $BATS_TEST_TMPDIR, so tests can run side by side (bats --jobs N).
#
# Set from outside: KIMI_TEST_BIN, the folder of the programs under test (default: build/bin of this clone);
# KIMI_TEST_CHECKER, what checks their memory and needs some of its own: sanitizer for the whole suite, valgrind for the unit
# tests and tests/valgrind.
# KIMI_TEST_SERVER=NAME before a server_ function means another server than the usual one.

# Found once and inherited by the tests of a file, as is what follows.
if ! [ "${KIMI_TEST_ROOT:-}/tests/helper.bash" -ef "${BASH_SOURCE[0]}" ]; then
    KIMI_TEST_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    export KIMI_TEST_ROOT
fi
export KIMI_TEST_BIN=${KIMI_TEST_BIN:-$KIMI_TEST_ROOT/build/bin}

# The interpreter itself: python3 on PATH may be a wrapper (pyenv) that is slow and needs the real HOME.
# -E -S: nothing of the user's, and a quicker start.
if [ -z "${KIMI_TEST_PYTHON:-}" ]; then
    KIMI_TEST_PYTHON=$(python3 -E -S -c 'import sys; print(sys.executable)')
    export KIMI_TEST_PYTHON
fi
kimi_python() { "$KIMI_TEST_PYTHON" -E -S "$@"; }

setup() { kimi_setup; }
teardown() { kimi_teardown; }

# In a folder of the test: a throw-away HOME, the paths of a login there, and an environment in which nothing of the caller's can be felt. In few commands: bats has much to do
# at each, and this is done for each test. DBUS_S is all that D-Bus knows; keyring.bash has others of that name.
# shellcheck disable=SC2034 # the paths are for the tests
kimi_setup() {
    local name
    unset "${!XDG_@}" "${!DBUS_S@}" "${!SSH_@}" "${!SSL_CERT_@}" "${!WSL_@}" "${!CURL_@}" DISPLAY WAYLAND_DISPLAY BROWSER \
        NO_COLOR COLORTERM SSLKEYLOGFILE MANPATH PAGER COLUMNS LINES {http,https,all,no,ftp}_proxy {HTTP,HTTPS,ALL,NO,FTP}_PROXY
    for name in "${!KIMI_@}"; do [[ $name == KIMI_TEST_* ]] || unset "$name"; done
    export HOME=$BATS_TEST_TMPDIR/home LC_ALL=C.UTF-8 TERM=dumb KIMI_DISABLE_KEYRING=1 PATH=$KIMI_TEST_BIN:$PATH
    FOLDER=$HOME/.kimi/credentials
    LOGIN=$FOLDER/kimi-code.json
    STATE=$FOLDER/kimi-code.state
    LOCK=$FOLDER/kimi-code.lock
    CONFIG=$HOME/.kimi/config.toml
    mkdir -p "$HOME"
    cd "$BATS_TEST_TMPDIR" || return
    umask 022
    # Before each command bats writes down how it came there: half of a suite's time, and no need of in functions like ours.
    # shellcheck disable=SC2016 # for bash to expand then
    ! declare -F bats_debug_trap >/dev/null || trap '[[ $BASH_SOURCE == *.bash ]] || bats_debug_trap "$BASH_SOURCE"' DEBUG
}

# Stops every server of the test and, if the test failed, shows what they saw and what the last run gave.
# A wrong control.json fails the test.
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
        wait_until has_ended "$pid" || result=1 # lest it write into what is being removed
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

# has_ended PID: it may still wait for whoever inherited it to notice.
has_ended() { ! grep -qsv '^[0-9]* (.*) Z' "/proc/$1/stat"; }

# By how much more than usual a test waits.
PATIENCE=1
[ -z "${KIMI_TEST_CHECKER:-}" ] || PATIENCE=3

# patient SECONDS: as many as that comes to; a fraction is meant as it is.
patient() { if [[ $1 == *.* ]]; then echo "$1"; else echo $(($1 * PATIENCE)); fi; }
# timeout [OPTION...] SECONDS COMMAND...
timeout() {
    local options=()
    # Without it SIGCONT comes behind the signal, and a search for leaks that begins between the two never ends: SIGCONT
    # takes back the SIGSTOP it waits for.
    [ "${KIMI_TEST_CHECKER:-}" != sanitizer ] || options=(--foreground)
    while [[ $1 == -* ]]; do
        options+=("$1")
        shift
    done
    command timeout "${options[@]}" "$(patient "$1")" "${@:2}"
}

# many USUAL FEWER: the second where memory is checked: what goes one way a thousand times shows no more of it there.
many() { if [ -n "${KIMI_TEST_CHECKER:-}" ]; then echo "$2"; else echo "$1"; fi; }
# How many models a list may have.
MANY=10000
# shellcheck disable=SC2034 # for the tests
[ -z "${KIMI_TEST_CHECKER:-}" ] || MANY=2000

# limit_memory KIB: for this shell and what it runs, unless something checks that needs far more itself.
limit_memory() { [ -n "${KIMI_TEST_CHECKER:-}" ] || ulimit -v "$1"; }

## The loopback server

# server_dir: the folder of the server, which holds control.json, requests.jsonl, held.NAME, release.NAME.
server_dir() { echo "$BATS_TEST_TMPDIR/server${KIMI_TEST_SERVER:+.$KIMI_TEST_SERVER}"; }

# server_url: where it listens.
server_url() { cat "$(server_dir)/url"; }

# server_start [--tls good|expired|other|kimi] [--no-export]
# Starts a server and points the programs at it (--no-export: does not). --tls trusts its CA: exports SSL_CERT_FILE,
# and KIMI_TEST_CA with the same path for a test that unsets the first. Call it in the test's own shell, not under run.
server_start() {
    local dir url tls=() export=yes
    dir=$(server_dir)
    mkdir -p "$dir"
    while [ $# -gt 0 ]; do
        case $1 in
        --tls)
            make_certs
            tls=(--tls "$BATS_TEST_TMPDIR/certs/$2.pem" "$BATS_TEST_TMPDIR/certs/$2.key")
            shift
            ;;
        --no-export) export=no ;;
        *) fail "server_start: unknown option $1" || return ;;
        esac
        shift
    done
    mkfifo "$dir/ready"
    # Not kimi_python: in the background a function is a shell of its own, and $! would be that shell.
    # bats waits for everything that holds its descriptors 3 and 4.
    "$KIMI_TEST_PYTHON" -E -S "$KIMI_TEST_ROOT/tests/server/kimi_server.py" --dir "$dir" --parent $$ "${tls[@]}" \
        </dev/null >"$dir/ready" 2>"$dir/log" 3>&- 4>&- &
    echo $! >"$dir/pid"
    if ! read -r -t 20 url <"$dir/ready"; then
        cat "$dir/log"
        fail "server_start: the server did not come up" || return
    fi
    rm "$dir/ready"
    [ "$export" = yes ] || return 0
    export KIMI_CODE_OAUTH_HOST=$url KIMI_CODE_BASE_URL=$url/coding/v1
    export KIMI_MOONSHOT_CN_BASE_URL=$url/cn/v1 KIMI_MOONSHOT_AI_BASE_URL=$url/ai/v1
}

# make_certs: $BATS_TEST_TMPDIR/certs with ca, good, expired, other and kimi, and trust in that CA.
make_certs() {
    export KIMI_TEST_CA=$BATS_TEST_TMPDIR/certs/ca.pem
    export SSL_CERT_FILE=$KIMI_TEST_CA
    [ -e "$KIMI_TEST_CA" ] || "$KIMI_TEST_ROOT/tests/server/certs.sh" "$BATS_TEST_TMPDIR/certs"
}

# server_stop: its port refuses connections from now on.
server_stop() {
    local pid dir
    dir=$(server_dir)
    read -r pid <"$dir/pid"
    kill "$pid"
    wait "$pid" || true
    rm "$dir/pid" # the number may soon be another process's
}

# server_control JSON: replaces control.json whole; the words are in tests/server/kimi_control.py.
server_control() {
    local dir
    dir=$(server_dir)
    printf '%s\n' "$1" >"$dir/control.json.new"
    mv "$dir/control.json.new" "$dir/control.json"
}

# server_requests ENDPOINT: its requests so far, one JSON object a line; all for every endpoint.
# ENDPOINT: device poll refresh models cn_models ai_models usages me cn_balance ai_balance stream page other.
server_requests() {
    case $1 in
    all) cat "$(server_dir)/requests.jsonl" ;;
    *) grep "^{\"endpoint\": \"$1\"," "$(server_dir)/requests.jsonl" || true ;;
    esac
}

# server_count ENDPOINT: how many requests that is.
server_count() { server_requests "$1" | wc -l | tr -d ' '; }

# server_last ENDPOINT: the last of them, as JSON; "server_last refresh | json form.refresh_token".
server_last() { server_requests "$1" | tail -n 1; }

# raw_answer HEADERS BODY: the fault that gives that answer and closes the connection; both as Python's bytes literals
# have them.
raw_answer() {
    kimi_python -c '
import ast, base64, sys
head, body = (ast.literal_eval("b\"\"\"%s\"\"\"" % text) for text in sys.argv[1:])
print("{\"raw_b64\": \"%s\"}" % base64.b64encode(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body).decode())' "$1" "$2"
}

# server_stat NAME: what only the server knows: issued (token pairs), revoked (logins), refused (bad headers or
# form), too_soon (polls), connections, tls_failures, malformed; or last_access_token.
server_stat() { curl -q -s -k --noproxy '*' "$(server_url)/_stats" | json "$1"; }

# server_release NAME: lets the requests go that {"hold": NAME} or {"hold_before": NAME} keeps.
server_release() { : >"$(server_dir)/release.$1"; }

# server_wait_held NAME [COUNT]: returns when that many requests (default 1) are kept by that hold.
server_wait_held() { wait_until server_has_held "$1" "${2:-1}"; }
server_has_held() {
    local file
    file=$(server_dir)/held.$1
    [ -e "$file" ] && [ "$(wc -l <"$file")" -ge "$2" ]
}

## Waiting

# wait_until COMMAND...: tries it every 20 ms, for 20 s at most, or PATIENCE times that.
wait_until() {
    local end=$((SECONDS + 20 * PATIENCE))
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            fail "wait_until: $((20 * PATIENCE)) s have passed without: $*" || return
        fi
        sleep 0.02
    done
}

wait_for_file() { wait_until test -e "$1"; }

## Stored logins

# store_login [--expires-in-left SECONDS] [--life SECONDS] [--access TOKEN] [--refresh TOKEN] [--no-seed]
# Stores a login the way kimi-cli does, and makes it known to the server if one runs (--no-seed: does not, so that
# the server rejects it). Left: seconds until it ends, negative for an expired one (default 900); life: its expires_in
# (default 900).
store_login() {
    local left=900 life=900 access=at-stored refresh=rt-stored seed=yes dir=$HOME/.kimi/credentials server fraction expires
    server=$(server_dir)
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
    # Before it is stored: what looks for it may send it at once.
    if [ "$seed" = yes ] && [ -e "$server/url" ]; then
        printf '{"access_token": "%s", "refresh_token": "%s", "expires_in": %s}\n' "$access" "$refresh" "$left" >>"$server/seed.jsonl"
    fi
    fraction=${EPOCHREALTIME#*.}
    expires=$((${EPOCHREALTIME%.*} + left)).$fraction
    (
        umask 077
        mkdir -p "$dir"
        printf '{"access_token": "%s", "refresh_token": "%s", "expires_at": %s, "scope": "kimi-code", "token_type": "Bearer", "expires_in": %s}' \
            "$access" "$refresh" "$expires" "$life" >"$dir/kimi-code.json"
    )
    chmod 700 "$dir"
    chmod 600 "$dir/kimi-code.json"
}

# stored FIELD: of the stored login; fails if there is none.
stored() { json "$1" <"$HOME/.kimi/credentials/kimi-code.json"; }

# json PATH: a field of the JSON on standard input, e.g. data.user_code or logins.0.state; a string as it is, anything
# else as JSON. Without PATH: checks that it is JSON and prints it compactly.
json() {
    kimi_python -c '
import json, sys
value = json.load(sys.stdin)
for step in sys.argv[1].split(".") if sys.argv[1] else []:
    try:
        value = value[int(step) if isinstance(value, list) else step]
    except (LookupError, TypeError, ValueError):
        sys.exit("json: no %s in %s" % (sys.argv[1], json.dumps(value)))
print(value if isinstance(value, str) else json.dumps(value))' "${1:-}"
}

## Files

# mode PATH: its rights in octal, e.g. 600.
mode() { stat -c %a "$1"; }

# hash_of PATH: to see that a file is untouched.
hash_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

# rewrite_in_place FILE HALF: beside the test, as a program that truncates a file and writes it anew: HALF is all there is
# until someone has read it (inotify tells), then what was there before. Sets $editor, to wait for.
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
    # shellcheck disable=SC2034 # for the test
    editor=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/edit"
}

## What must hold

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

# assert_error [COMMAND] PATTERN: standard error of the last run is the one line "kimi COMMAND: what; what to do", and the regular
# expression is found in it; without COMMAND, that of any command, and standard output holds nothing but events of --json.
assert_error() {
    local prefix='kimi[^:]*: '
    [ $# = 1 ] || prefix="kimi${1:+ $1}: "
    # shellcheck disable=SC2154 # set by run
    [[ $stderr =~ ^${prefix}[^$'\n']+$ ]] || fail "not one line of error of ours: $stderr" || return
    # shellcheck disable=SC2154
    # Some commands print what they have beside the error of one login.
    [ $# != 1 ] || assert_same "" "$(grep -v '^{"type":' <<<"$output")" "standard output" || return
    [[ $stderr =~ ${!#} ]] || fail "$(printf 'no match\n  wanted: %s\n  in:     %s' "${!#}" "$stderr")"
}

## Rights and terminals

# unprivileged COMMAND...: as a user whom file modes stop; root would read and write everywhere.
unprivileged() {
    local rights=-dac_override,-dac_read_search,-fowner
    [ "$(id -u)" != 0 ] || set -- setpriv --bounding-set "$rights" --inh-caps "$rights" "$@"
    "$@"
}

# on_terminal [OPTIONS] COMMAND...: with a pseudo-terminal for all three descriptors; see on_terminal.py.
on_terminal() { kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" "$@"; }

## The config

# write_config: standard input becomes config.toml.
write_config() {
    mkdir -p "${CONFIG%/*}"
    chmod 700 "${CONFIG%/*}"
    cat >"$CONFIG"
}

# login_config [MODEL...]: prints the config that a login leaves, with these models (default kimi-for-coding), the first of
# them the default.
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

# shellcheck shell=bash
# Shared by the tests of login, logout, models and the config; needs helper.bash.

# event_types: prints the type of each event on standard input (--json); fails if a line is not an event as designed.
event_types() {
    kimi_python -c '
import json, sys
types = []
for line in sys.stdin:
    event = json.loads(line)
    assert list(event) in (["type", "message"], ["type", "message", "data"]), line
    assert event["message"] and isinstance(event["message"], str), line
    types.append(event["type"])
print(*types)'
}

# event TYPE FIELD: a field of the last event of that type in $output.
event() {
    # shellcheck disable=SC2154 # set by run
    printf '%s\n' "$output" | grep "^{\"type\":\"$1\"" | tail -n 1 | json "$2"
}

# gaps ENDPOINT: the seconds between its requests, one a line.
gaps() {
    server_requests "$1" | kimi_python -c '
import json, sys
times = [json.loads(line)["time"] for line in sys.stdin]
for before, after in zip(times, times[1:]):
    print("%.2f" % (after - before))'
}

# assert_at_least LEAST NUMBER
assert_at_least() { kimi_python -c 'import sys; sys.exit(float(sys.argv[2]) < float(sys.argv[1]))' "$1" "$2" || fail "$2 is less than $1"; }

# assert_loads [KEY=VALUE...]: kimi-cli can load the config; see kimi_cli_loads.py.
assert_loads() { kimi_python "$KIMI_TEST_ROOT/tests/kimi_cli_loads.py" "$CONFIG" "$@"; }

# logged_in: a stored login and its config, as after `kimi login`, but without the seconds of a device flow.
logged_in() {
    store_login
    kimi-login --quiet
}

# models_control JSON-LIST: sets the server's models.
models_control() { server_control '{"pending": 0, "models": '"$1"'}'; }

#!/usr/bin/env bats
# The units under a real systemd user manager, in namespaces and a control group of its own.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016 # each test runs in a subshell; run sets output; the script is for another shell

bats_require_minimum_version 1.5.0
load helper

# in_manager SCRIPT: runs it as a user whose manager has our units, after FUNCTIONS. 77: there can be no manager here, for
# lack of root or systemd.
FUNCTIONS='
wait_for() { for i in $(seq 100); do ! "$@" >/dev/null 2>&1 || return 0; sleep 0.1; done; echo "not in time: $*"; cat manager; return 1; }
value() { systemctl --user show "$1" -P "$2"; }
is() { [ "$(value "$1" "$2")" = "$3" ] || { echo "$1 $2: $(value "$1" "$2"), not $3"; return 1; }; }
wait_for systemctl --user is-system-running
'
in_manager() {
    local unit units=$HOME/.config/systemd/user
    mkdir -p "$units/kimi-watch.service.d"
    for unit in "$KIMI_TEST_ROOT"/share/systemd/*; do
        sed "s,@bindir@,$KIMI_TEST_BIN,g" "$unit" >"$units/${unit##*/}"
    done
    # Half a minute is too long for a test.
    printf '[Service]\nRestartSec=0\n' >"$units/kimi-watch.service.d/quick.conf"
    mkdir -m 700 "$BATS_TEST_TMPDIR/run"
    [ "$(id -u)" = 0 ] && [ -x /lib/systemd/systemd ] || return 77
    printf '%s\n' "$FUNCTIONS$1" >script
    local status=0
    # systemd expects a machine that it has booted, and a root of control groups.
    env -i HOME="$HOME" PATH=/usr/sbin:/usr/bin:/sbin:/bin XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/run" group="kimi-test-$$" \
        unshare --fork --pid --mount --mount-proc bash -c '
        mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/groups && mount -t cgroup2 none /run/groups &&
            mkdir "/run/groups/$group" && echo $$ >"/run/groups/$group/cgroup.procs" && umount /run/groups || exit 77
        exec unshare --cgroup --mount bash -c "
            umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup || exit 77
            /lib/systemd/systemd --user --log-target=console </dev/null >manager 2>&1 &
            bash -eu script; status=\$?
            kill %1; wait %1; exit \$status"' || status=$?
    # The control groups remain after their processes.
    unshare --mount bash -c 'mount -t cgroup2 none /mnt && find "/mnt/$0" -depth -type d -exec rmdir {} +' "kimi-test-$$" || status=$?
    return "$status"
}

@test "timer and services run under a user manager; the watch is ready, is restarted and stops cleanly" {
    cd "$BATS_TEST_TMPDIR"
    store_login --no-seed
    run in_manager '
systemctl --user start kimi-refresh.timer kimi-watch
is kimi-refresh.timer ActiveState active
is kimi-watch SubState running
systemctl --user start kimi-refresh.service
is kimi-refresh Result success
systemctl --user kill -s KILL kimi-watch
wait_for is kimi-watch NRestarts 1
wait_for is kimi-watch SubState running
systemctl --user stop kimi-watch
is kimi-watch Result success
is kimi-watch ExecMainStatus 0
echo all of it'
    all_of_it
}

# all_of_it: the script has run to its end, or there can be no manager.
all_of_it() {
    if [ "$status" = 77 ]; then
        echo '# not run: no systemd user manager can be had here' >&3
        return 0
    fi
    assert_same 0 "$status"
    assert_contains "$output" "all of it"
}

@test "the proxy is started by a request to its socket, responds, is restarted, and ends with its units" {
    [ -e "$KIMI_TEST_BIN/kimi-proxy" ] || skip "built without libmicrohttpd"
    cd "$BATS_TEST_TMPDIR"
    server_start
    store_login
    # Another program may use the port of the unit here.
    port=$(kimi_python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    grep -q 127.0.0.1:8795 "$KIMI_TEST_ROOT/share/systemd/kimi-proxy.socket"
    printf '%s\n' "url=$(server_url) port=$port" >addresses
    run in_manager '
. ./addresses
ask() { curl -q -sS --noproxy "*" -o body -w "%{http_code}" "$@" "http://127.0.0.1:$port/v1/models" || :; }
answers() { [ "$(ask "$@")" = 200 ]; }
systemctl --user set-environment KIMI_CODE_OAUTH_HOST="$url" KIMI_CODE_BASE_URL="$url/coding/v1"
sed -i "s/8795/$port/" ~/.config/systemd/user/kimi-proxy.socket
systemctl --user daemon-reload
systemctl --user start kimi-proxy.socket
is kimi-proxy.socket SubState listening
is kimi-proxy.service ActiveState inactive
code=$(ask)
[ "$code" = 401 ] || { echo "without the key: $code"; cat manager; exit 1; }
is kimi-proxy.service ActiveState active
[ "$(stat -c %a ~/.config/kimi-proxy.key)" = 600 ]
key=$(cat ~/.config/kimi-proxy.key)
answers -H "Authorization: Bearer $key"
grep kimi-for-coding body
systemctl --user kill -s KILL kimi-proxy
wait_for is kimi-proxy NRestarts 1
answers -H "x-api-key: $key"
systemctl --user stop kimi-proxy.socket kimi-proxy.service
is kimi-proxy.service Result success
is kimi-proxy.service ExecMainStatus 0
[ "$(ask 2>/dev/null)" = 000 ]
echo all of it'
    all_of_it
    [ "$status" = 77 ] || assert_same 2 "$(server_count models)"
}

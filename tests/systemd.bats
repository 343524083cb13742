#!/usr/bin/env bats
# The units under a real systemd user manager, in namespaces and a control group of its own.
# shellcheck disable=SC2154,SC2016 # run sets output; the script is for another shell

bats_require_minimum_version 1.5.0
load helper

# in_manager SCRIPT: runs it as a user of a manager that has our units. 77: none can be had here, without root or systemd.
in_manager() {
    local unit units=$HOME/.config/systemd/user
    mkdir -p "$units/kimi-watch.service.d"
    for unit in "$KIMI_TEST_ROOT"/share/systemd/*; do
        sed "s,@bindir@,$KIMI_TEST_BIN,g" "$unit" >"$units/${unit##*/}"
    done
    # Half a minute is long for a test.
    printf '[Service]\nRestartSec=0\n' >"$units/kimi-watch.service.d/quick.conf"
    mkdir -m 700 "$BATS_TEST_TMPDIR/run"
    [ "$(id -u)" = 0 ] && [ -x /lib/systemd/systemd ] || return 77
    printf '%s\n' "$1" >script
    local status=0
    # systemd wants to be on a machine that it has booted, and a root of control groups.
    env -i HOME="$HOME" PATH=/usr/sbin:/usr/bin:/sbin:/bin XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/run" group="kimi-test-$$" \
        unshare --fork --pid --mount --mount-proc bash -c '
        mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/groups && mount -t cgroup2 none /run/groups &&
            mkdir "/run/groups/$group" && echo $$ >"/run/groups/$group/cgroup.procs" && umount /run/groups || exit 77
        exec unshare --cgroup --mount bash -c "
            umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup || exit 77
            /lib/systemd/systemd --user --log-target=console </dev/null >manager 2>&1 &
            bash -eu script; status=\$?
            kill %1; wait %1; exit \$status"' || status=$?
    # The control groups outlive their processes.
    unshare --mount bash -c 'mount -t cgroup2 none /mnt && find "/mnt/$0" -depth -type d -exec rmdir {} +' "kimi-test-$$" || status=$?
    return "$status"
}

@test "timer and services run under a user manager; the watch is ready, is restarted and stops cleanly" {
    cd "$BATS_TEST_TMPDIR"
    store_login --no-seed
    run in_manager '
wait_for() { for i in $(seq 100); do ! "$@" >/dev/null 2>&1 || return 0; sleep 0.1; done; echo "not in time: $*"; cat manager; return 1; }
value() { systemctl --user show "$1" -P "$2"; }
is() { [ "$(value "$1" "$2")" = "$3" ]; }
wait_for systemctl --user is-system-running
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
    if [ "$status" = 77 ]; then
        echo '# not run: no systemd user manager can be had here' >&3
        return 0
    fi
    assert_same 0 "$status"
    assert_contains "$output" "all of it"
}

#!/usr/bin/env bats
# make install and make uninstall.
bats_require_minimum_version 1.5.0
load helper

setup() {
    kimi_setup
    cd "$KIMI_TEST_ROOT" || return
    root=$BATS_TEST_TMPDIR/root
    build=$(dirname "$KIMI_TEST_BIN")
}

# The script that make runs: make itself would build first, beside other tests.
installer() { PREFIX=$1 DESTDIR=$2 share/install.sh "$3" "$build"; }

@test "make install and make uninstall are that script" {
    run -0 make -n B="${build#"$KIMI_TEST_ROOT"/}" install PREFIX=/p DESTDIR=/d
    assert_contains "$output" "PREFIX=/p DESTDIR=/d share/install.sh install"
    run -0 make -n B="${build#"$KIMI_TEST_ROOT"/}" uninstall PREFIX=/p DESTDIR=/d
    assert_contains "$output" "PREFIX=/p DESTDIR=/d share/install.sh uninstall"
}

@test "programs, helper, man pages, completions and units lie where they are looked for" {
    local path
    run -0 installer /usr "$root" install
    for path in bin/kimi bin/kimi-token bin/kimi-refresh libexec/kimi/kimi-credential-libsecret \
        share/man/man1/kimi-token.1 share/man/man7/kimi.7 share/bash-completion/completions/kimi \
        share/bash-completion/completions/kimi-token share/zsh/site-functions/_kimi \
        share/fish/vendor_completions.d/kimi.fish lib/systemd/user/kimi-refresh.timer share/kimi/crontab; do
        [ -e "$root/usr/$path" ] || fail "$path is missing"
    done
    assert_same 755 "$(mode "$root/usr/bin/kimi-token")"
    assert_same 644 "$(mode "$root/usr/share/man/man1/kimi-token.1")"
}

@test "the unit and the cron line name the folder of PREFIX, not that of DESTDIR" {
    run -0 installer /opt/k "$root" install
    assert_contains "$(cat "$root/opt/k/lib/systemd/user/kimi-refresh.service")" "ExecStart=/opt/k/bin/kimi-refresh --quiet"
    assert_contains "$(cat "$root/opt/k/share/kimi/crontab")" "/opt/k/bin/kimi-refresh --quiet"
}

@test "uninstall leaves nothing of ours and everything of others" {
    mkdir -p "$root/usr/bin" "$root/usr/share/man/man1"
    echo theirs >"$root/usr/bin/theirs"
    (cd "$root" && find . | sort) >"$BATS_TEST_TMPDIR/before"
    run -0 installer /usr "$root" install
    run -0 installer /usr "$root" install
    run -0 installer /usr "$root" uninstall
    (cd "$root" && find . | sort) >"$BATS_TEST_TMPDIR/after"
    run -0 diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "a kimi that is not ours is never overwritten, nor removed" {
    mkdir -p "$root/usr/bin"
    echo '#!/bin/sh' >"$root/usr/bin/kimi"
    run -0 installer /usr "$root" install
    assert_contains "$output" "is another program and stays"
    assert_same '#!/bin/sh' "$(cat "$root/usr/bin/kimi")"
    [ -x "$root/usr/bin/kimi-token" ]
    run -0 installer /usr "$root" uninstall
    assert_same '#!/bin/sh' "$(cat "$root/usr/bin/kimi")"
}

@test "another kimi that comes first on PATH is said" {
    mkdir "$BATS_TEST_TMPDIR/first"
    printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/first/kimi"
    chmod +x "$BATS_TEST_TMPDIR/first/kimi"
    PATH=$BATS_TEST_TMPDIR/first:$PATH run -0 installer "$root/usr" "" install
    assert_contains "$output" "another kimi comes first on PATH: $BATS_TEST_TMPDIR/first/kimi"
}

@test "an installed tree works wherever it is moved to" {
    run -0 installer /usr "$root" install
    mv "$root/usr" "$root/elsewhere"
    store_login
    run -0 "$root/elsewhere/bin/kimi" token
    assert_same at-stored "$output"
    run -0 "$root/elsewhere/bin/kimi" --exec-path
    assert_same "$root/elsewhere/bin" "$output"
    server_start
    store_login --expires-in-left -1
    PATH=/usr/bin:/bin run -0 "$root/elsewhere/bin/kimi-token"
    assert_same "$(stored access_token)" "$output"
    assert_same 1 "$(server_count refresh)"
}

@test "the first 4 KiB of our kimi do not look like kimi-cli's" {
    head -c 4096 "$KIMI_TEST_BIN/kimi" >"$BATS_TEST_TMPDIR/head"
    run -1 grep -q kimi_cli "$BATS_TEST_TMPDIR/head"
}

@test "make dist makes an archive that has the Makefile" {
    git rev-parse HEAD >/dev/null
    run -0 make -s B="$BATS_TEST_TMPDIR/dist" dist
    run -0 tar -tzf "$BATS_TEST_TMPDIR"/dist/kimi-*.tar.gz
    assert_contains "$output" /Makefile
}

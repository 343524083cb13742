#!/usr/bin/env bats
# make install and make uninstall.
# shellcheck disable=SC2030,SC2031 # each test runs in a subshell on purpose
bats_require_minimum_version 1.5.0
load helper

setup() {
    kimi_setup
    cd "$KIMI_TEST_ROOT" || return
    root=$BATS_TEST_TMPDIR/root
    build=$(dirname "$KIMI_TEST_BIN")
}

# The script that make runs: make itself would build first, while other tests use the build.
installer() { PREFIX=$1 DESTDIR=$2 share/install.sh "$3" "$build"; }

@test "make install and make uninstall are that script" {
    run -0 make -n B="${build#"$KIMI_TEST_ROOT"/}" install PREFIX=/p DESTDIR=/d
    assert_contains "$output" "PREFIX=\"/p\" DESTDIR=\"/d\" share/install.sh install"
    run -0 make -n B="${build#"$KIMI_TEST_ROOT"/}" uninstall PREFIX=/p DESTDIR=/d
    assert_contains "$output" "PREFIX=\"/p\" DESTDIR=\"/d\" share/install.sh uninstall"
}

@test "programs, helper, man pages, documents, completions and units are where they are looked for" {
    local path
    run -0 installer /usr "$root" install
    for path in bin/kimi bin/kimi-token bin/kimi-refresh libexec/kimi/kimi-credential-libsecret libexec/kimi/kimi-usage-online \
        share/man/man1/kimi-token.1 share/man/man7/kimi.7 share/bash-completion/completions/kimi \
        share/bash-completion/completions/kimi-token share/zsh/site-functions/_kimi \
        share/fish/vendor_completions.d/kimi.fish share/systemd/user/kimi-refresh.timer share/kimi/crontab \
        share/doc/kimi/{LICENSE,README.md,recipes.md,packages.md,contributing.md,changelog.md}; do
        [ -e "$root/usr/$path" ] || fail "$path is missing"
    done
    # The links between the documents work there, too.
    while read -r path; do
        [ -e "$root/usr/share/doc/kimi/$path" ] || fail "a document links $path" || return
    done < <(grep -ohE '\]\([^)#]+' "$root"/usr/share/doc/kimi/*.md | cut -c 3- | grep -v '^https:' | sort -u)
    assert_same 755 "$(mode "$root/usr/bin/kimi-token")"
    assert_same 644 "$(mode "$root/usr/share/man/man1/kimi-token.1")"
}

@test "the unit and the crontab line name the directory of PREFIX, not that of DESTDIR" {
    run -0 installer /opt/k "$root" install
    assert_contains "$(cat "$root/opt/k/share/systemd/user/kimi-refresh.service")" 'ExecStart="/opt/k/bin/kimi-refresh" --quiet'
    assert_contains "$(cat "$root/opt/k/share/kimi/crontab")" '"/opt/k/bin/kimi-refresh" --quiet'
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

@test "uninstall needs neither the build nor the directory it was installed to, and says if there is nothing" {
    run -0 installer /opt/k "$root" install
    mv "$root/opt/k" "$root/opt/l"
    build=$BATS_TEST_TMPDIR/none
    run -0 installer /opt/k "$root" uninstall
    assert_contains "$output" "nothing is installed below $root/opt/k"
    run -0 installer /opt/l "$root" uninstall
    assert_same "" "$(find "$root/opt/l" -mindepth 1)"
}

@test "what is installed is readable by everyone with any umask" {
    (umask 077 && installer /usr "$root" install)
    assert_same "" "$(find "$root/usr" ! -type l ! -perm -go=r)"
    assert_same "" "$(find "$root/usr" -type d ! -perm 755)"
}

# what_is PATH: describes the file or link and its content.
what_is() { ls -l "$1" && { cat "$1" 2>/dev/null || :; }; }

# stays: installs and uninstalls, and checks that bin/kimi is unchanged.
stays() {
    local before
    before=$(what_is "$root/usr/bin/kimi")
    run -0 installer /usr "$root" install
    assert_contains "$output" "is another program and was kept"
    [ -x "$root/usr/bin/kimi-token" ]
    run -0 installer /usr "$root" uninstall
    assert_same "$before" "$(what_is "$root/usr/bin/kimi")"
}

@test "a kimi that is not ours is never overwritten, nor removed: a script, a link, a broken link" {
    mkdir -p "$root/usr/bin"
    printf '#!/bin/sh\nexec /opt/kimi-toolkit/bin/kimi "$@"\n' >"$root/usr/bin/kimi"
    stays
    mv "$root/usr/bin/kimi" "$root/usr/bin/theirs"
    ln -s theirs "$root/usr/bin/kimi"
    stays
    rm "$root/usr/bin/theirs"
    stays
}

@test "a kimi of ours is replaced" {
    mkdir -p "$root/usr/bin"
    cp "$KIMI_TEST_BIN/kimi" "$root/usr/bin/kimi"
    echo older >>"$root/usr/bin/kimi"
    STRIP='' run -0 installer /usr "$root" install
    cmp "$KIMI_TEST_BIN/kimi" "$root/usr/bin/kimi"
}

@test "a prefix that cannot be used says what to do" {
    : >"$BATS_TEST_TMPDIR/file"
    run -1 installer "$BATS_TEST_TMPDIR/file/k" "" install
    assert_contains "$output" 'install for yourself: make install PREFIX=$HOME/.local'
    run -1 installer not/absolute "" install
    assert_contains "$output" "PREFIX must begin with /"
}

@test "a prefix with blanks, quotes and commas is named by the unit and the cron line as they read it" {
    prefix="/opt/a 'b', & c"
    run -0 installer "$prefix" "$root" install
    assert_contains "$(cat "$root$prefix/share/systemd/user/kimi-refresh.service")" "ExecStart=\"$prefix/bin/kimi-refresh\" --quiet"
    assert_contains "$(cat "$root$prefix/share/systemd/user/kimi-watch.service")" "ExecStart=\"$prefix/bin/kimi-refresh\" --watch"
    line=$(sed -n 's/^[^#]* \* //p' "$root$prefix/share/kimi/crontab")
    run -0 sh -c "printf '%s\\n' $line"
    assert_same "$prefix/bin/kimi-refresh" "${lines[0]}"
}

@test "a prefix that a unit or a cron line would read as something else is refused" {
    local odd
    for odd in '"' "\\" '$x' '`x`' '%h' $'\n'; do
        run -1 installer "/opt/a${odd}b" "$root" install
        assert_contains "$output" "PREFIX may not contain"
        [ ! -e "$root" ] || fail "something was installed for $odd"
    done
}

@test "what is installed is stripped, unless STRIP is empty" {
    run -0 installer /usr "$root" install
    run -0 readelf -SW "$root/usr/bin/kimi-login" "$root/usr/libexec/kimi/kimi-credential-libsecret"
    assert_lacks "$output" .symtab
    assert_lacks "$output" .debug_
    STRIP='' run -0 installer /usr "$root" install
    cmp "$KIMI_TEST_BIN/kimi-login" "$root/usr/bin/kimi-login"
    STRIP=false run -1 installer /usr "$root" install
    assert_contains "$output" "cannot strip $root/usr/bin/kimi: "
    run -0 make -n B="${build#"$KIMI_TEST_ROOT"/}" install STRIP=
    assert_contains "$output" 'STRIP="" PREFIX='
}

@test "the installation prints what is where, and the line for PATH if it is needed" {
    run -0 installer /usr "$root" install
    assert_contains "$output" "installed the programs in $root/usr/bin"
    assert_contains "$output" "$root/usr/share"
    assert_lacks "$output" PATH # with DESTDIR, PATH does not matter
    run -0 installer "$root/a b" "" install
    assert_contains "$output" "$root/a b/bin is not on PATH"
    assert_same "$root/a b/bin/kimi-token" "$(bash -c "${lines[-1]}; command -v kimi-token")"
    PATH=$root/usr/bin:$PATH run -0 installer "$root/usr" "" install
    assert_lacks "$output" "not on PATH"
}

@test "another kimi that comes first on PATH is said" {
    mkdir "$BATS_TEST_TMPDIR/first"
    printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/first/kimi"
    chmod +x "$BATS_TEST_TMPDIR/first/kimi"
    PATH=$BATS_TEST_TMPDIR/first:$PATH run -0 installer "$root/usr" "" install
    assert_contains "$output" "another kimi comes first on PATH: $BATS_TEST_TMPDIR/first/kimi"
}

@test "under sudo, which sets its own PATH, a directory of the user's own is recognized" {
    mkdir -p "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/person/.local/bin"
    printf '#!/bin/sh\necho "$2:x:1:1::%s:/bin/sh"\n' "$BATS_TEST_TMPDIR/person" >"$BATS_TEST_TMPDIR/bin/getent"
    printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/person/.local/bin/kimi"
    chmod +x "$BATS_TEST_TMPDIR/bin/getent" "$BATS_TEST_TMPDIR/person/.local/bin/kimi"
    SUDO_USER=someone PATH=$BATS_TEST_TMPDIR/bin:$root/usr/bin:$PATH run -0 installer "$root/usr" "" install
    assert_contains "$output" "another kimi may come first on your PATH: $BATS_TEST_TMPDIR/person/.local/bin/kimi"
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

@test "make dist makes an archive from which make finds all it needs" {
    # A tree from such an archive has no commit to archive.
    if ! git rev-parse HEAD >/dev/null 2>&1; then
        echo "# not run: make dist needs a clone" >&3
        return
    fi
    run -0 make -s B="$BATS_TEST_TMPDIR/dist" dist
    mkdir "$BATS_TEST_TMPDIR/out"
    tar -xzf "$BATS_TEST_TMPDIR"/dist/kimi-*.tar.gz -C "$BATS_TEST_TMPDIR/out"
    # It checks that the archive has all that the build needs; building it would take too long.
    run -0 make -n -s -C "$BATS_TEST_TMPDIR"/out/kimi-* all install
}

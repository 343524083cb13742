#!/usr/bin/env bats
# The build: from which states it works, which flags it obeys and what it prints. Each test builds in a copy of the tree.
# shellcheck disable=SC2030,SC2031 # each test runs in a subshell on purpose
bats_require_minimum_version 1.5.0
load helper

setup() {
    kimi_setup
    own_environment
}

# Hides the make that runs the tests.
own_environment() { unset MAKEFLAGS MFLAGS MAKELEVEL B V CC CFLAGS CPPFLAGS LDFLAGS SANITIZE PREFIX DESTDIR STRIP TESTS JOBS WERROR; }

# small_tree DIRECTORY: a copy of the Makefile and what it reads, with small sources that each need the same libraries as
# the real file of that name. Changes to it.
small_tree() {
    local program
    mkdir -p "$1"/{cmd,lib/{base,ui,cli,keyring,proxy},tests/unit,build}
    cp -r "$KIMI_TEST_ROOT"/{.clang-tidy,Makefile,LICENSE,README.md,share,man,completions} "$1"
    cp "$KIMI_TEST_ROOT"/tests/*.{sh,c} "$1/tests"
    cp "$KIMI_TEST_ROOT/tests/Makefile" "$1/tests"
    cp -r "$KIMI_TEST_ROOT/tests/server" "$1/tests"
    cd "$1" || return
    c_file lib/base/buf.c '#include <string.h>' 'void buf_copy(char *to, const char *from)' '{' \
        '	memcpy(to, from, strlen(from) + 1);' '}'
    c_file lib/base/exec_path.c 'const char *exec_path(void)' '{' '	return KIMI_BINDIR;' '}'
    c_file lib/ui/qr.c '#ifdef HAVE_QRENCODE' '#include <qrencode.h>' 'int qr(void)' '{' \
        '	return QRcode_encodeString("a", 0, 0, 2, 1) == 0;' '}' '#else' 'int qr(void)' '{' '	return 3;' '}' '#endif'
    c_file lib/ui/line_editor.c '#include <histedit.h>' 'int line_open(const char *name)' '{' \
        '	return !el_init(name, stdin, stdout, stderr);' '}'
    c_file lib/cli/shell.c 'int unused_shell;'
    c_file lib/proxy/relay.c '#include <microhttpd.h>' 'int relay(void)' '{' '	return !MHD_get_version();' '}'
    c_file lib/proxy/exchange.c 'extern int unused_exchange;'
    c_file lib/keyring/keyring.c '#include <libsecret/secret.h>' 'int keyring(void)' '{' '	return secret_service_get_type() == 0;' '}'
    for program in "$KIMI_TEST_ROOT"/cmd/*.c; do
        c_file "cmd/${program##*/}" 'int main(void)' '{' '	return 0;' '}'
    done
    c_file cmd/kimi-token.c '#include <stdio.h>' 'int main(void)' '{' '	return puts(exec_path()) < 0;' '}'
    c_file cmd/kimi-login.c 'int main(void)' '{' '	return qr();' '}'
    c_file cmd/kimi-shell.c 'int main(int argc, char **argv)' '{' '	return argc > 1 && line_open(argv[0]);' '}'
    c_file cmd/kimi-proxy.c 'int main(void)' '{' '	return relay();' '}'
    c_file cmd/kimi-credential-libsecret.c 'int main(void)' '{' '	return keyring();' '}'
    c_file tests/unit/test_one.c 'int main(void)' '{' '	return puts("ok 1") < 0;' '}'
}

# c_file FILE LINE...: writes that source file, with every function of small_tree declared.
c_file() {
    {
        printf '%s\n' '#include <stdio.h>' 'void buf_copy(char *to, const char *from);' 'const char *exec_path(void);' \
            'int qr(void);' 'int line_open(const char *name);' 'int keyring(void);' 'int relay(void);' 'extern int unused_shell;' "${@:2}"
    } >"$1"
}

# fake NAME LINE...: puts a program of that name first on PATH.
fake() {
    mkdir -p "$BATS_TEST_TMPDIR/fake"
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$BATS_TEST_TMPDIR/fake/$1"
    chmod +x "$BATS_TEST_TMPDIR/fake/$1"
}

# without PATTERN COMMAND...: runs it with a pkg-config that does not find libraries matching the pattern.
without() {
    fake pkg-config "case \$* in $1) exit 1 ;; esac" "exec $(command -v pkg-config) \"\$@\""
    PATH=$BATS_TEST_TMPDIR/fake:$PATH "${@:2}"
}

# mk ARGUMENT...: builds quickly.
# shellcheck disable=SC2120 # run passes the arguments
mk() { make -j2 CFLAGS=-O0 "$@"; }

@test "optional libraries may come and go between two builds, and what is left out is said" {
    small_tree "$BATS_TEST_TMPDIR/tree"
    run -0 without '*libedit* | *libmicrohttpd* | *libqrencode* | *libsecret*' mk
    assert_contains "$output" "keyring: no (libsecret-1-dev), QR code: no (libqrencode-dev), kimi shell: no (libedit-dev), kimi proxy: no (libmicrohttpd-dev)"
    [ ! -e build/bin/kimi-shell ]
    [ ! -e build/bin/kimi-proxy ]
    [ ! -e build/libexec/kimi/kimi-credential-libsecret ]
    run -3 build/bin/kimi-login
    run -0 mk
    assert_lacks "$output" ": no ("
    build/bin/kimi-shell x
    build/bin/kimi-proxy
    build/libexec/kimi/kimi-credential-libsecret
    build/bin/kimi-login
    run -0 without '*libedit*' mk
    assert_contains "$output" "kimi shell: no (libedit-dev)"
    assert_lacks "$output" "keyring: no"
    [ ! -e build/bin/kimi-shell ] || fail "kimi-shell would be installed"
}

@test "what is missing, and what depends on what has changed, is built again, and nothing else" {
    small_tree "$BATS_TEST_TMPDIR/tree"
    run -0 mk
    run -0 mk
    assert_lacks "$output" " CC "
    assert_lacks "$output" " LINK "
    rm build/lib/base/buf.o build/cmd/kimi-login.o
    run -0 mk
    assert_contains "$output" "lib/base/buf.c"
    assert_contains "$output" "cmd/kimi-login.c"
    [ -e build/lib/base/buf.o ]
    run -0 mk PREFIX=/opt/k
    assert_same 1 "$(grep -c ' CC ' <<<"$output")"
    assert_contains "$(build/bin/kimi-token)" /opt/k/bin
    run -0 mk PREFIX=/opt/k CPPFLAGS=-DNDEBUG
    assert_same "$(find lib cmd -name '*.c' | wc -l)" "$(grep -c ' CC ' <<<"$output")"
    rm lib/base/buf.c
    run -0 mk PREFIX=/opt/k CPPFLAGS=-DNDEBUG build/libkimi.a
    run -0 ar t build/libkimi.a
    assert_lacks "$output" buf.o
}

@test "a distribution's flags are obeyed, and only the checks make an error of a warning" {
    small_tree "$BATS_TEST_TMPDIR/tree"
    local flags object=build/lib/base/buf.o
    for flags in '-O2 -Wp,-D_FORTIFY_SOURCE=3' '-O2 -Wp,-U_FORTIFY_SOURCE,-D_FORTIFY_SOURCE=3' -O0 '-O2 -fstack-protector-all'; do
        run -0 make CFLAGS="$flags" WERROR=-Werror "$object"
    done
    run -0 make CPPFLAGS=-D_FORTIFY_SOURCE=3 WERROR=-Werror "$object"
    echo 'int main(void) { int unused; return FROM_CPPFLAGS; }' >cmd/kimi-login.c
    run -0 mk V=1 CPPFLAGS=-DFROM_CPPFLAGS=7 LDFLAGS=-Wl,--build-id=0x0123456789abcdef build/bin/kimi-login
    assert_contains "$output" unused
    run -7 build/bin/kimi-login
    run -0 readelf -n build/bin/kimi-login
    assert_contains "$output" 0123456789
    rm build/cmd/kimi-login.o
    run -2 mk CPPFLAGS=-DFROM_CPPFLAGS=7 WERROR=-Werror build/cmd/kimi-login.o
    run -0 make -n check
    assert_contains "$output" " -Werror "
    run -0 make -n lint
    assert_contains "$output" " -Werror "
}

@test "no static programs are made where the linker's flags do not go with them" {
    small_tree "$BATS_TEST_TMPDIR/tree"
    run -0 make CFLAGS=-fsanitize=address LDFLAGS=-fsanitize=address build/bin/kimi-token
    build/bin/kimi-token
}

@test "a build in a directory with a space works, and is the same, byte for byte, as one elsewhere" {
    local one="$BATS_TEST_TMPDIR/first tree" two=$BATS_TEST_TMPDIR/second file unset=("${!BATS_@}")
    unset=("${unset[@]/#/--unset=}")
    small_tree "$one"
    printf '%s\n' '@test "one" { "$KIMI_TEST_BIN/kimi-token"; }' >tests/one.bats
    # An inner bats takes the outer one's variables as its own, and finds the outer one's internal programs first on PATH.
    PATH=${PATH//"$BATS_LIBEXEC:"/} run -0 env "${unset[@]}" make CFLAGS='-O1 -g' -j2 all test TESTS='unit/test_one one'
    assert_contains "$output" "2 passed, 0 failed"
    small_tree "$two"
    run -0 make CFLAGS='-O1 -g' -j2 all
    for file in bin/kimi-login bin/kimi-token bin/kimi-shell libkimi.a cmd/kimi-login.o; do
        cmp "$one/build/$file" "$two/build/$file"
    done
    run -1 grep -rlF --include='*.o' --include='kimi*' "$BATS_TEST_TMPDIR" "$one/build" "$two/build"
}

@test "make clean removes only the directory that B names" {
    small_tree "$BATS_TEST_TMPDIR/tree"
    mkdir -p x build
    run -0 make B=x clean
    [ ! -e x ]
    [ -e build ]
    run -0 make clean
    [ ! -e build ]
}

@test "make help lists the targets, and make -j8 demo does not complain" {
    local target
    cd "$KIMI_TEST_ROOT"
    run -0 make help
    for target in install uninstall deb dist deps demo check lint; do
        grep -q "^make $target " <<<"$output" || fail "make help lacks $target"
    done
    run -0 make -n -j8 B="$BATS_TEST_TMPDIR/build" demo
    assert_lacks "$output" jobserver
}

@test "a required library or tool that is missing is named before the compiler runs, with make deps" {
    small_tree "$BATS_TEST_TMPDIR/tree"
    run -2 without '*jansson*' mk
    assert_contains "$output" "missing: libjansson-dev; 'make deps' installs"
    assert_lacks "$output" "fatal error"
    run -2 mk PKG_CONFIG=no-such-pkg-config
    assert_contains "$output" "missing: pkg-config "
    run -2 mk CC=no-such-compiler
    assert_contains "$output" "missing: no-such-compiler"
    run -0 make -n deps
    assert_contains "$output" "tests/packages.sh build"
}

@test "packages are installed without a question under sudo, which drops variables, and counted before" {
    fake id 'echo 1000'
    fake sudo 'unset DEBIAN_FRONTEND' 'exec "$@"'
    fake apt-get "echo \"\$DEBIAN_FRONTEND \$*\" >>'$BATS_TEST_TMPDIR/calls'"
    run -0 without '*libedit* | *libqrencode*' "$KIMI_TEST_ROOT/tests/packages.sh" build
    assert_contains "$output" "packages to install: 2,"
    assert_contains "$output" "libqrencode-dev libedit-dev"
    assert_contains "$(cat "$BATS_TEST_TMPDIR/calls")" "noninteractive install "
}

@test "the demo does not install what only the checks need" {
    fake apt-get :
    fake id 'echo 0'
    ln -s "$(command -v wc)" "$(command -v env)" "$BATS_TEST_TMPDIR/fake"
    PATH=$BATS_TEST_TMPDIR/fake run -0 "$KIMI_TEST_ROOT/tests/packages.sh" demo
    assert_contains "$output" " python3"
    for name in bats openssl clang dpkg-dev; do assert_lacks "$output" " $name"; done
    PATH=$BATS_TEST_TMPDIR/fake run -0 "$KIMI_TEST_ROOT/tests/packages.sh" check
    for name in bats openssl python3; do assert_contains "$output" " $name"; done
    for name in clang cppcheck valgrind; do assert_lacks "$output" " $name"; done
}

@test "make deb makes a package that dpkg installs and removes; elsewhere it says that it cannot" {
    small_tree "$BATS_TEST_TMPDIR/tree"
    if [ ! -e /var/lib/dpkg/status ]; then
        run -2 mk deb
        assert_contains "$output" "make deb needs Debian"
        return
    fi
    # These packages are installed before the build: Debian 13's pkg-config does not depend on dpkg-dev.
    run -0 make -n deb
    assert_contains "$output" "tests/packages.sh deb"
    run -0 mk deb
    local root=$BATS_TEST_TMPDIR/root
    run -0 dpkg-deb -f build/kimi_*.deb Depends
    assert_contains "$output" libc6
    assert_contains "$output" libqrencode4
    assert_lacks "$output" libsecret
    assert_lacks "$output" libedit
    run -0 dpkg-deb -f build/kimi_*.deb Recommends
    assert_contains "$output" libsecret-1-0
    assert_contains "$output" libedit2
    ! command -v lintian >/dev/null || run -0 lintian --fail-on error,warning build/kimi_*.deb
    mkdir -p "$root"/var/lib/dpkg/{updates,info}
    : >"$root/var/lib/dpkg/status"
    local dpkg=(dpkg --root="$root" --force-not-root --force-depends --log=/dev/null)
    run -0 "${dpkg[@]}" -i build/kimi_*.deb
    assert_contains "$("$root/usr/bin/kimi-token")" /usr/bin
    assert_contains "$(cat "$root/usr/share/doc/kimi/copyright")" "MIT License"
    local path
    for path in lib/systemd/user/kimi-refresh.timer share/man/man1/kimi-token.1.gz share/doc/kimi/changelog.gz \
        share/zsh/vendor-completions/_kimi share/bash-completion/completions/kimi share/fish/vendor_completions.d/kimi.fish; do
        [ -e "$root/usr/$path" ] || fail "no /usr/$path" || return
    done
    run -0 "${dpkg[@]}" -r kimi
    [ ! -e "$root/usr" ]
}

@test "the templates for other systems have the version of the Makefile and its libraries, and their syntax is right" {
    local folder=$KIMI_TEST_ROOT/share/packaging version file
    version=$(sed -n 's/^VERSION = //p' "$KIMI_TEST_ROOT/Makefile")
    for file in kimi.spec:"Version: +$version" PKGBUILD:"pkgver=$version" kimi.rb:"kimi-$version.tar.gz" \
        default.nix:"version = \"$version\"" ../debian/changelog:"kimi \($version\)"; do
        grep -qE "${file#*:}" "$folder/${file%%:*}" || fail "${file%%:*} has another version than $version" || return
        [[ $file == ../* ]] || grep -q "\`${file%%:*}\`" "$folder/README.md" || fail "README.md lacks ${file%%:*}" || return
    done
    local library
    for file in kimi.spec PKGBUILD kimi.rb default.nix; do
        for library in curl zlib jansson libmd qrencode libedit libmicrohttpd libsecret; do
            grep -qE "(depend|inputs|requires).*$library" -i "$folder/$file" || fail "$file does not name $library" || return
        done
    done
    bash -n "$folder/PKGBUILD"
    ! command -v ruby >/dev/null || ruby -c "$folder/kimi.rb"
    ! command -v nix-instantiate >/dev/null || nix-instantiate --parse "$folder/default.nix" >/dev/null
    ! command -v rpmspec >/dev/null || rpmspec -P "$folder/kimi.spec" >/dev/null
}

@test "make demo on a terminal asks nothing, and knows no address but loopback" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    for program in "$KIMI_TEST_BIN"/kimi*; do
        # shellcheck disable=SC2016 # expanded by that shell
        printf '#!/bin/sh\nenv | grep -E "^KIMI_.*_(URL|HOST)=" >>"%s"\nexec "%s" "$@"\n' "$BATS_TEST_TMPDIR/urls" "$program" \
            >"$BATS_TEST_TMPDIR/bin/${program##*/}"
    done
    chmod +x "$BATS_TEST_TMPDIR"/bin/*
    http_proxy=http://127.0.0.1:9 KIMI_CODE_BASE_URL=https://api.kimi.com \
        run -0 on_terminal "$KIMI_TEST_ROOT/tests/demo.sh" "$BATS_TEST_TMPDIR/bin"
    assert_contains "$output" "That was all; it sent "
    assert_lacks "$output" "Which one?"
    for name in CODE MOONSHOT_CN MOONSHOT_AI; do
        grep -q "^KIMI_${name}_BASE_URL=http://127.0.0.1:" "$BATS_TEST_TMPDIR/urls" || fail "$name is not on loopback"
    done
    run ! grep -vE '^KIMI_[A-Z_]*=http://127\.0\.0\.1:' "$BATS_TEST_TMPDIR/urls"
}

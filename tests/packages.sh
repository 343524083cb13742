#!/bin/sh
# packages.sh build|demo|check|valgrind|fuzz|lint|deb: installs what is missing for that step, if anything is.
# packages.sh missing required: names what a build needs and lacks, and fails if there is anything.
# packages.sh left-out keyring|qr|shell|proxy...: names the packages for these parts.
# It knows apt, dnf, pacman, apk and zypper, and uses sudo only if it is not run by root.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }
has_library() { "${PKG_CONFIG:-pkg-config}" --exists "$1" 2>/dev/null; }
# CC may name another compiler, with options.
compiler=${CC:-cc}
compiler=${compiler%% *}
gcc=gcc
[ "$compiler" = cc ] || gcc=$compiler

has_python_keyring() { /usr/bin/python3 -E -c 'import keyring, secretstorage' 2>/dev/null; }

# On some systems the runtime of the sanitizers and libFuzzer is a separate package.
has_libfuzzer() {
	probe=$(mktemp)
	echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n ? 0 : 0; }' |
		clang -x c - -fsanitize=fuzzer,address,undefined -o "$probe" 2>/dev/null && found=yes || found=
	rm -f "$probe"
	[ "$found" ]
}

# What each step needs: a test for it, and its package in Debian, Fedora, Arch, Alpine and openSUSE. Where a release
# moved a program into a package of its own, dnf and zypper find that package by the program's path.
need() {
	eval "$1" && return
	shift "$column"
	missing="$missing $1"
}

find_manager() {
	column=0
	for manager in apt-get dnf pacman apk zypper; do
		column=$((column + 1))
		has "$manager" && return
	done
	manager=none column=1
}

needs_of_required() {
	need 'has "$compiler"' "$gcc" "$gcc" "$gcc" "$gcc" "$gcc"
	need '[ -e /usr/include/stdio.h ]' libc6-dev glibc-devel glibc musl-dev glibc-devel
	need 'has "${PKG_CONFIG:-pkg-config}"' pkg-config pkgconf-pkg-config pkgconf pkgconf pkg-config
	need 'has_library libcurl' libcurl4-openssl-dev libcurl-devel curl curl-dev libcurl-devel
	need 'has_library zlib' zlib1g-dev zlib-devel zlib zlib-dev zlib-devel
	need 'has_library jansson' libjansson-dev jansson-devel jansson 'jansson-dev jansson-static' libjansson-devel
	need 'has_library libmd' libmd-dev libmd-devel libmd 'libmd-dev libmd-static' libmd-devel
}

needs_of_keyring() {
	need "$1" libsecret-1-dev libsecret-devel libsecret libsecret-dev libsecret-devel
}

needs_of_qr() {
	need "$1" libqrencode-dev qrencode-devel qrencode libqrencode-dev qrencode-devel
}

needs_of_shell() {
	need "$1" libedit-dev libedit-devel libedit libedit-dev libedit-devel
}

needs_of_proxy() {
	need "$1" libmicrohttpd-dev libmicrohttpd-devel libmicrohttpd libmicrohttpd-dev libmicrohttpd-devel
}

needs_of_build() {
	needs_of_required
	needs_of_keyring 'has_library libsecret-1'
	needs_of_qr 'has_library libqrencode'
	needs_of_shell 'has_library libedit'
	needs_of_proxy 'has_library libmicrohttpd'
}

needs_of_server() {
	need 'has bash' bash bash bash bash bash
	need 'has python3' python3 python3 python python3 python3
}

needs_of_demo() {
	needs_of_build
	needs_of_server
}

needs_of_deb() {
	needs_of_build
	need 'has dpkg-shlibdeps' dpkg-dev dpkg-dev dpkg dpkg-dev dpkg
}

needs_of_check() {
	needs_of_build
	needs_of_server
	need 'has openssl' openssl openssl openssl openssl openssl
	need '[ ! -e /var/lib/dpkg/status ] || has dpkg-shlibdeps' dpkg-dev dpkg-dev dpkg dpkg-dev dpkg
	need 'has bats' bats bats bats bats bats
	need 'has flock && has setsid && has script' 'util-linux bsdutils' 'util-linux /usr/bin/script' util-linux 'util-linux util-linux-misc' util-linux
	need 'has ps' procps procps-ng procps-ng procps procps
	need 'has strace' strace strace strace strace strace
	need 'has jq' jq jq jq jq jq
	need 'has zsh' zsh zsh zsh zsh zsh
	need 'has fish' fish fish fish fish fish
	need 'has mandoc' mandoc mandoc mandoc mandoc mandoc
	need 'has curl' curl curl curl curl curl
	need 'has git' git git git git git
	need 'has dbus-daemon && has dbus-run-session && has dbus-send' dbus 'dbus-daemon dbus-tools' dbus dbus \
		'/usr/bin/dbus-daemon /usr/bin/dbus-run-session /usr/bin/dbus-send'
	need 'has gnome-keyring-daemon' gnome-keyring gnome-keyring gnome-keyring gnome-keyring gnome-keyring
	need 'has secret-tool' libsecret-tools libsecret libsecret libsecret libsecret-tools
	need 'has_python_keyring' python3-keyring python3-keyring 'python-keyring python-secretstorage' 'py3-keyring py3-secretstorage' python3-keyring
}

needs_of_valgrind() {
	needs_of_check
	need 'has valgrind' valgrind valgrind valgrind valgrind valgrind
}

needs_of_fuzz() {
	needs_of_build
	need 'has_libfuzzer' 'clang libclang-rt-dev' 'clang compiler-rt' 'clang compiler-rt' 'clang compiler-rt' clang
	need 'has bash' bash bash bash bash bash
}

needs_of_lint() {
	needs_of_build
	need 'has clang' clang clang clang clang clang
	need 'has clang-format' clang-format clang-tools-extra clang clang-extra-tools clang-tools
	need 'has clang-tidy' clang-tidy clang-tools-extra clang clang-extra-tools clang-tools
	need 'has cppcheck' cppcheck cppcheck cppcheck cppcheck cppcheck
	need 'has shellcheck' shellcheck ShellCheck shellcheck shellcheck ShellCheck
	need 'has mandoc' mandoc mandoc mandoc mandoc mandoc
}

find_manager
missing=
case $1 in
missing)
	needs_of_required
	[ -n "$missing" ] || exit 0
	echo "missing:$missing; 'make deps' installs what a build needs" >&2
	exit 1
	;;
left-out)
	shift
	line=
	for part; do
		missing=
		"needs_of_$part" false # as if it were missing
		[ "$part" != qr ] || part="QR code"
		[ "$part" != shell ] || part="kimi shell"
		[ "$part" != proxy ] || part="kimi proxy"
		line="$line, $part: no (${missing# })"
	done
	echo "${line#, }; 'make deps' installs what is missing"
	exit
	;;
esac
"needs_of_$1"
[ -n "$missing" ] || exit 0
fail() {
	echo "packages.sh: $1; install these by hand:$missing" >&2
	exit 1
}
[ "$manager" != none ] || fail "unknown package manager"
as_root=
if [ "$(id -u)" != 0 ]; then
	as_root=sudo
	has sudo || fail "there is no sudo, and only root can install packages"
fi
count=$(echo "$missing" | wc -w)
echo "packages to install: $count, and what they depend on; this can take minutes:$missing"
# shellcheck disable=SC2086 # a list of packages
# A new container has no package lists yet. sudo drops variables.
case $manager in
apt-get)
	$as_root apt-get update -qq
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
	;;
dnf) $as_root dnf install -y -q $missing ;;
pacman) $as_root pacman -Sy --needed --noconfirm --quiet $missing ;;
apk) $as_root apk add -q -U $missing ;;
zypper) $as_root zypper --non-interactive --quiet install --no-recommends $missing ;;
esac

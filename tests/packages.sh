#!/bin/sh
# packages.sh build|demo|check|valgrind|fuzz|lint: installs what is missing for that, and nothing if all is there.
# Knows apt, dnf, pacman, apk and zypper; uses sudo only if it is not run by root.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }
has_library() { has pkg-config && pkg-config --exists "$1"; }

has_python_keyring() { /usr/bin/python3 -E -c 'import keyring, secretstorage' 2>/dev/null; }

# The sanitizers' and libFuzzer's runtime is a package of its own in places.
has_libfuzzer() {
	probe=$(mktemp)
	echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n ? 0 : 0; }' |
		clang -x c - -fsanitize=fuzzer,address,undefined -o "$probe" 2>/dev/null && found=yes || found=
	rm -f "$probe"
	[ "$found" ]
}

# What each step needs: a test for it, and its package in Debian, Fedora, Arch, Alpine and openSUSE. Where a release
# moved a program into a package of its own, dnf and zypper find the package by the program's path.
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

needs_of_build() {
	need 'has cc' gcc gcc gcc gcc gcc
	need '[ -e /usr/include/stdio.h ]' libc6-dev glibc-devel glibc musl-dev glibc-devel
	need 'has pkg-config' pkg-config pkgconf-pkg-config pkgconf pkgconf pkg-config
	need 'has_library libcurl' libcurl4-openssl-dev libcurl-devel curl curl-dev libcurl-devel
	need 'has_library zlib' zlib1g-dev zlib-devel zlib zlib-dev zlib-devel
	need 'has_library jansson' libjansson-dev jansson-devel jansson 'jansson-dev jansson-static' libjansson-devel
	need 'has_library libmd' libmd-dev libmd-devel libmd 'libmd-dev libmd-static' libmd-devel
	need 'has_library libsecret-1' libsecret-1-dev libsecret-devel libsecret libsecret-dev libsecret-devel
	need 'has_library libqrencode' libqrencode-dev qrencode-devel qrencode libqrencode-dev qrencode-devel
	need 'has_library libedit' libedit-dev libedit-devel libedit libedit-dev libedit-devel
}

needs_of_demo() {
	needs_of_build
	need 'has bash' bash bash bash bash bash
	need 'has python3' python3 python3 python python3 python3
	need 'has openssl' openssl openssl openssl openssl openssl
}

needs_of_check() {
	needs_of_demo
	need 'has bats' bats bats bats bats bats
	need 'has parallel' parallel parallel parallel parallel gnu_parallel
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
"needs_of_$1"
[ -n "$missing" ] || exit 0
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
echo "installing:$missing"
# shellcheck disable=SC2086 # a list of packages
# A fresh container has no package lists yet.
case $manager in
apt-get)
	$as_root apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
	;;
dnf) $as_root dnf install -y -q $missing ;;
pacman) $as_root pacman -Sy --needed --noconfirm --quiet $missing ;;
apk) $as_root apk add -q -U $missing ;;
zypper) $as_root zypper --non-interactive --quiet install --no-recommends $missing ;;
none)
	echo "packages.sh: no package manager that is known here; install by hand:$missing" >&2
	exit 1
	;;
esac

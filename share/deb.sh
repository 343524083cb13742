#!/bin/sh
# deb.sh BUILD VERSION: `make deb`. Packs a build made with PREFIX=/usr as BUILD/kimi_VERSION_ARCHITECTURE.deb.
set -eu
umask 022
build=$1 version=$2
stage=$build/deb/root
if ! command -v dpkg-shlibdeps >/dev/null || [ ! -e /var/lib/dpkg/status ]; then
	echo "make deb needs Debian or a system based on it, and dpkg-dev" >&2
	exit 1
fi

rm -rf "$build/deb"
PREFIX=/usr DESTDIR=$stage share/install.sh install "$build" >/dev/null
share=$stage/usr/share
# dpkg keeps its own list of files.
rm "$share/kimi/installed"
# Debian's names and paths.
mv "$share/doc/kimi/LICENSE" "$share/doc/kimi/copyright"
gzip -9nc share/debian/changelog >"$share/doc/kimi/changelog.gz"
gzip -9n "$share"/man/man?/*
mv "$share/zsh/site-functions" "$share/zsh/vendor-completions"
mkdir -p "$stage/usr/lib/systemd" "$share/lintian/overrides"
mv "$share/systemd/user" "$stage/usr/lib/systemd/user"
rmdir "$share/systemd"
# The programs that are static in this build.
while read -r line; do
	program=${line##*\[} program=$stage/${program%]}
	if [ "${line#\#}" = "$line" ] && readelf -d "$program" | grep -q NEEDED; then continue; fi
	printf '%s\n' "$line"
done <share/debian/lintian-overrides >"$share/lintian/overrides/kimi"

# The linked libraries. kimi also works without the keyring and without a shell of its own.
mkdir "$build/deb/debian" "$stage/DEBIAN"
printf 'Source: kimi\n\nPackage: kimi\nArchitecture: any\n' >"$build/deb/debian/control"
libraries=$(
	cd "$build/deb"
	set --
	for program in root/usr/bin/* root/usr/libexec/kimi/*; do
		case $program in
		*-libsecret | */kimi-shell) set -- "$@" -dRecommends "$program" -dDepends ;;
		*) ! readelf -d "$program" | grep -q NEEDED || set -- "$@" "$program" ;;
		esac
	done
	dpkg-shlibdeps -O "$@"
)
libraries_for() { printf '%s\n' "$libraries" | sed -n "s/^shlibs:$1=/$1: /p"; }
{
	echo "Package: kimi"
	echo "Version: $version"
	echo "Architecture: $(dpkg --print-architecture)"
	echo "Maintainer: The kimi toolkit authors <kimi-toolkit@example.org>"
	echo "Section: utils"
	echo "Priority: optional"
	echo "Installed-Size: $(du -sk "$stage/usr" | cut -f 1)"
	libraries_for Depends
	printf '%s, ca-certificates\n' "$(libraries_for Recommends)" | sed 's/^, /Recommends: /'
	echo "Suggests: bash-completion"
	echo "Description: keep yourself and your scripts logged in to Kimi"
	echo " Small programs in the style of Git: kimi login logs you in once, and kimi"
	echo " token prints a valid access token, refreshing it if needed. There are also"
	echo " commands for models, quota, status, cron jobs, systemd and containers."
} >"$stage/DEBIAN/control"

# Makes two packages of the same commit identical byte for byte.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
fi
export SOURCE_DATE_EPOCH
package=$build/kimi_${version}_$(dpkg --print-architecture).deb
dpkg-deb --root-owner-group --build "$stage" "$package"
rm -rf "$build/deb"

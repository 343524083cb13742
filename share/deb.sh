#!/bin/sh
# deb.sh BUILD VERSION: what `make deb` does: BUILD/kimi_VERSION_ARCHITECTURE.deb of what was built with PREFIX=/usr.
set -eu
umask 022
build=$1 version=$2
stage=$build/deb/root
if ! command -v dpkg-shlibdeps >/dev/null || [ ! -e /var/lib/dpkg/status ]; then
	echo "deb.sh: a package is made on Debian or a relative of it, with dpkg-dev" >&2
	exit 1
fi

rm -rf "$build/deb"
PREFIX=/usr DESTDIR=$stage share/install.sh install "$build" >/dev/null
# dpkg keeps a list of its own, and looks for the license here.
rm "$stage/usr/share/kimi/installed"
mv "$stage/usr/share/doc/kimi/LICENSE" "$stage/usr/share/doc/kimi/copyright"

# The libraries that are linked, and the keyring's, which kimi does without.
mkdir "$build/deb/debian" "$stage/DEBIAN"
printf 'Source: kimi\n\nPackage: kimi\nArchitecture: any\n' >"$build/deb/debian/control"
libraries=$(
	cd "$build/deb"
	set --
	for program in root/usr/bin/* root/usr/libexec/kimi/*; do
		case $program in
		*-libsecret) set -- "$@" -dRecommends "$program" -dDepends ;;
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
	echo "Maintainer: The kimi toolkit authors"
	echo "Section: utils"
	echo "Priority: optional"
	echo "Installed-Size: $(du -sk "$stage/usr" | cut -f 1)"
	libraries_for Depends
	libraries_for Recommends
	echo "Description: keeps you and your scripts logged in to Kimi"
	echo " Small C programs in the manner of Git: kimi login logs in once, and kimi token"
	echo " prints a valid access token, refreshing it if needed."
} >"$stage/DEBIAN/control"

# Two packages of one commit are byte for byte the same.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
fi
export SOURCE_DATE_EPOCH
package=$build/kimi_${version}_$(dpkg --print-architecture).deb
dpkg-deb --root-owner-group --build "$stage" "$package"
rm -rf "$build/deb"

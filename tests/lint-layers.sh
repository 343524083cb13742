#!/bin/sh
# The floors of lib/: a folder names only itself and those below it; every header compiles alone.
set -eu
cd "$(dirname "$0")/.."
status=0
below=
for floor in base format http kimi cli; do
	below="$below$floor|"
	included=$(grep -ohE '^#include "[a-z_]+/' lib/$floor/*.[ch] | sed 's/#include "//; s,/,,' | sort -u)
	for line in $included; do
		case "|$below" in
		*"|$line|"*) ;;
		*)
			echo "lib/$floor includes lib/$line, which lies above it:"
			grep -n "^#include \"$line/" lib/$floor/*.[ch]
			status=1
			;;
		esac
	done
done
if grep -ln 'curl/curl.h' cmd/*.c lib/*/*.h; then
	echo "only lib/http may include curl"
	status=1
fi
secret=$(pkg-config --cflags libsecret-1)
if grep -l 'libsecret/secret.h' cmd/*.c lib/*/*.[ch] | grep -v '^lib/kimi/keyring_service\.h$'; then
	echo "only lib/kimi/keyring_service.h may include libsecret"
	status=1
fi
for header in lib/*/*.h; do
	# shellcheck disable=SC2086 # a list of options
	printf '#include "%s"\n' "${header#lib/}" |
		cc -std=c17 -D_GNU_SOURCE -Ilib $secret -Wall -Wextra -Werror -fsyntax-only -x c - || status=1
done
exit $status

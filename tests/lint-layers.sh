#!/bin/sh
# Checks the layers of lib/ against lib/LAYERS: no include upwards or across
# unless the table allows it, no include cycle, every header compiles alone, and
# libcurl, libmicrohttpd and libsecret are included where they belong. An argument names
# another source tree.
set -eu
cd "${1:-$(dirname "$0")/..}"
status=0

# One "FILE HEADER" a line for each include of one of our own headers.
includes() {
	grep -oE '^#include "[a-z_]+/[a-z_]+\.h"' lib/*/*.[ch] /dev/null | sed 's/:#include "/ /; s/"$//'
}

includes | awk '
	BEGIN {
		while ((getline line < "lib/LAYERS") > 0) {
			if (split(line, word) == 0 || word[1] ~ /^#/)
				continue
			layer[word[2]] = word[1]
			for (i = 3; i in word; i++)
				beside[word[2], word[i]] = 1
		}
	}
	{
		split($1, file, "/")
		from = file[2]
		to = $2
		sub("/.*", "", to)
		if (!(from in layer) || !(to in layer)) {
			print $1 " includes " $2 ": lib/LAYERS does not have both directories"
			failed = 1
		} else if (from != to && layer[to] >= layer[from] && !((from, to) in beside)) {
			print $1 " includes " $2 ": lib/" to " is not below lib/" from
			failed = 1
		}
	}
	END { exit failed }' || status=1

# A module is a header and its source. tsort names the members of a cycle on standard error.
cycles=$(includes | sed "s,^lib/,,; s/\.[ch] / /; s/\.h$//" | awk '$1 != $2' | tsort 2>&1 >/dev/null) || {
	echo "include cycle:"
	echo "$cycles"
	status=1
}

if grep -ln 'curl/curl.h' cmd/*.c lib/*/*.h; then
	echo "only lib/http may include curl"
	status=1
fi
if grep -l 'libsecret/secret.h' cmd/*.c lib/*/*.[ch] | grep -v '^lib/keyring/secret_service\.h$'; then
	echo "only lib/keyring/secret_service.h may include libsecret"
	status=1
fi
if grep -l 'microhttpd.h' cmd/*.c lib/*/*.[ch] | grep -v '^lib/proxy/[a-z]*\.c$'; then
	echo "only the sources of lib/proxy may include libmicrohttpd"
	status=1
fi
secret=$(pkg-config --cflags libsecret-1)
for header in lib/*/*.h; do
	# shellcheck disable=SC2086 # a list of options
	printf '#include "%s"\n' "${header#lib/}" |
		cc -std=c17 -D_GNU_SOURCE -Ilib $secret -Wall -Wextra -Werror -fsyntax-only -x c - || status=1
done
exit $status

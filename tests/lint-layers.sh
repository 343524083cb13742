#!/bin/sh
# Checks the layers of lib/ against lib/LAYERS: no include upwards or across
# unless the table allows it, no include cycle, every header compiles alone, and
# libcurl, libmicrohttpd and libsecret are included only where they belong. An
# argument names another source tree.
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
if grep -l 'microhttpd.h' cmd/*.c lib/*/*.[ch] | grep -v '^lib/proxy/[a-z_]*\.[ch]$'; then
	echo "only the sources of lib/proxy may include libmicrohttpd"
	status=1
fi
# A source that includes its own header first shows that the header compiles alone. The others are tried here.
for header in lib/*/*.h; do
	source=${header%.h}.c
	own="#include \"${header#lib/}\""
	if [ ! -e "$source" ]; then
		echo "$own" | cc -std=c17 -D_GNU_SOURCE -Ilib -Wall -Wextra -Werror -fsyntax-only -x c - || status=1
	elif [ "$(grep -m 1 '^#include' "$source")" != "$own" ]; then
		echo "$source does not include its own header first"
		status=1
	fi
done
exit $status

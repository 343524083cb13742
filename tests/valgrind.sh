#!/usr/bin/env bash
# valgrind.sh BUILD [NAME...]: tests/run.sh with every program of that build, and what it starts, under valgrind.
# An error, or a leak for sure, is exit status 99, which no test expects.
set -eu
cd "$(dirname "$0")/.."
build=$PWD/$1
shift
here=$build/valgrind
rm -rf "$here"
mkdir -p "$here/bin" "$here/tests/unit"
ln -s "$build/tests/hook.so" "$build/tests/toml-decode" "$here/tests/"
ln -s "$build/libexec" "$here/"
for program in "$build"/bin/* "$build"/tests/unit/*; do
	[ -x "$program" ] || continue
	printf '#!/bin/sh\nexec valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --trace-children=yes --trace-children-skip="*python*,/bin/*,/usr/bin/*" "%s" "$@"\n' \
		"$program" >"$here/${program#"$build"/}"
	chmod +x "$here/${program#"$build"/}"
done
KIMI_TEST_BIN=$here/bin tests/run.sh "${here#"$PWD"/}" "$@"

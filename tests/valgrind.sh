#!/bin/sh
# valgrind.sh [OPTION...] COMMAND...: runs it, and those of our programs that it starts, under valgrind. If one of them uses
# uninitialized or foreign memory, or leaks some, valgrind says so on standard error, and the status is 99.
logs=$(mktemp -d)
# Only reports about our code: valgrind also warns about system calls that it does not know.
valgrind -q --trace-children=yes --trace-children-skip='/bin/*,/usr/bin/*' --log-file="$logs/%p" --vgdb=no \
	--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=99 \
	--run-libc-freeres=no --suppressions="${0%/*}/suppressed/valgrind" "$@"
status=$?
# Background processes that it has left count, too.
while pgrep -f "$logs/%p" >/dev/null; do sleep 0.05; done
if grep -h '^==' "$logs"/* >&2; then
	status=99
fi
rm -rf "$logs"
exit "$status"

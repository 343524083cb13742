#!/usr/bin/env bash
# run.sh BUILD [NAME...]: tests/run.sh with every program of that build under valgrind; see call.h for how.
#
# An error or a leak that valgrind reports fails it, as a test that fails does.
set -eu
cd "$(dirname "$0")/../.."
build=$PWD/$1 here=$PWD/$1/valgrind
shift
rm -rf "$here"
mkdir -p "$here"/{bin,libexec/kimi,direct,servers,tests/unit}
mkdir -m 1777 "$here/logs"
install -m 666 /dev/null "$here/calls"
: >"$here/pids"
# toml-decode runs plain: its documents are those of test_toml_suite, and it starts 500 times.
ln -s "$build/tests/hook.so" "$build/tests/toml-decode" "$here/tests/"
# The search for leaks reads every stack whole, so those of threads are small (ulimit -s, below).
valgrind=("$(command -v valgrind)" -q "--log-file=$here/logs/%p" "--suppressions=$PWD/tests/suppressed/valgrind" --sanity-level=0
	--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=99
	--run-libc-freeres=no --vgdb=no --read-inline-info=no --main-stacksize=8388608)
preload=$build/tests/hook.so:$build/tests/forkserver.so

# under_valgrind PROGRAM SCRIPT: makes a script for that.
under_valgrind() {
	{
		printf '#!/bin/sh\nulimit -Ss 512\nexport LD_PRELOAD=%q\nexec' "$preload"
		printf ' %q' "${valgrind[@]}" "$1"
		# shellcheck disable=SC2016 # for the script to expand
		printf ' "$@"\n'
	} >"$2"
	chmod +x "$2"
}

for program in "$build"/bin/* "$build"/libexec/kimi/*; do
	under_valgrind "$program" "$here/direct/${program##*/}"
	cp "$build/tests/caller" "$here/${program#"$build"/}"
done
for program in "$build"/tests/unit/test_*[a-z]; do
	case $program in *.[od]) continue ;; esac
	under_valgrind "$program" "$here/${program#"$build"/}"
done

# fork_server NAME: beside what goes on here until stop_servers.
fork_server() {
	warm_home "$1"
	warm_calls "$1" >"$BATS_TEST_TMPDIR/$1.calls"
	# From that folder, since the path of a socket must be short; where no other of our programs is found.
	(cd "$here/servers" && HOME=$BATS_TEST_TMPDIR/$1 KIMI_TEST_WARM=$BATS_TEST_TMPDIR/$1.calls KIMI_TEST_FORKSERVER=$1 \
		KIMI_TEST_SLOWED=0.3 PATH=$(getconf PATH) exec "$here/direct/$1" >"$1.log" 2>&1) &
	echo $! >>"$here/pids"
}

# are_up: every fork server waits for calls; ends this shell if one has died.
are_up() {
	xargs kill -0 <"$here/pids" || {
		tail "$here"/servers/*.log
		exit 1
	}
	[ "$(find "$here/servers" -type s | wc -l)" = "$(wc -l <"$here/pids")" ]
}

stop_servers() { xargs -r kill <"$here/pids" 2>/dev/null || true; }

trap stop_servers EXIT
(
	# shellcheck source=tests/memcheck/warm.bash
	source tests/memcheck/warm.bash
	trap warm_end EXIT
	warm_begin "$build/bin"
	for server in "$here"/direct/*; do
		fork_server "${server##*/}"
	done
	wait_until are_up
	warm_done
)
KIMI_TEST_BIN=$here/bin tests/run.sh "${here#"$PWD"/}" "$@" && status=0 || status=$?
reports=$(awk '/^==|forkserver/' "$here"/logs/* "$here"/servers/*.log)
printf '%s\n' "$reports" | head -n 200
echo "valgrind: $(wc -l <"$here/calls") calls, $(awk '/^direct/' "$here/calls" | wc -l) of them started anew, $(awk '/^==[0-9]*== *$/' <<<"$reports" | wc -l) reports"
[ -z "$reports" ] && [ "$status" = 0 ]

#!/usr/bin/env bash
# run.sh BUILD [NAME...]: runs every test, or those whose file names hold one of NAME, and ends with the line
# "N passed, N failed". Everything that tests here speaks TAP; a program that dies counts as a failure of its own.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
shift
# A make that a test starts is none of this one's jobs: the job server is not passed on to it.
unset MAKEFLAGS MFLAGS MAKELEVEL
# Some tests wait for another process rather than work, and a file ends with the slowest of its tests.
cores=${JOBS:-$(nproc 2>/dev/null || echo 2)}
at_once=$cores
jobs=$((2 * cores + 1))
# Seconds for one file, of which the slowest takes a fifth: a test that never ends fails.
limit=${KIMI_TEST_LIMIT:-600}
# Valgrind takes the unit tests and a few files of its own; anything else that checks takes the whole suite.
under=()
[ "${KIMI_TEST_CHECKER:-}" != valgrind ] || under=(tests/valgrind.sh --trace-children=no)
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

declare -A picked # by which names

wanted() {
	local name found=1
	[ "${#names[@]}" -gt 0 ] || return 0
	for name in "${names[@]}"; do
		case $1 in *"$name"*) picked[$name]=1 found=0 ;; esac
	done
	return "$found"
}

# name_endless FILE: says which of its tests still run though its time is over, and ends them.
name_endless() {
	echo "not ended after $limit s"
	pgrep -af "bats-exec-test .*$PWD/$1" | sed 's/.*bats-exec-test/ /'
	pkill -f "bats-exec-.*$PWD/$1"
}

# tap TITLE COMMAND...: runs it, shows what failed, and leaves the counts in a file of its own.
tap() {
	local title=$1 log status ok bad start=$SECONDS
	shift
	log=$results/${title//\//.}
	timeout --foreground -k 10 "$limit" "$@" >>"$log" 2>&1
	status=$?
	[ "$status" != 124 ] || name_endless "$title" >>"$log"
	ok=$(grep -cE '^ok [0-9]' "$log")
	bad=$(grep -cE '^not ok [0-9]' "$log")
	{
		# A skipped test has not passed, and a run without a test or with a status of its own has failed.
		if grep -qE '^ok [0-9].*# (skip|SKIP)' "$log" || { [ "$bad" = 0 ] && [ "$status" != 0 ]; } || [ $((ok + bad)) = 0 ]; then
			bad=$((bad + 1))
			cat "$log"
		elif [ "$bad" -gt 0 ]; then
			awk '/^ok /{show=0} /^not ok /{show=1} show' "$log"
		fi
		printf '%-40s %4d passed, %d failed  (%d s)\n' "$title" "$ok" "$bad" $((SECONDS - start))
	} >"$log.shown"
	flock "$results" cat "$log.shown"
	echo "$ok $bad" >"$log.counts"
}

# begin TITLE COMMAND...: the same beside what runs already, as soon as there is room for it.
begin() {
	while [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; do
		wait -n
	done
	begun=$((begun + 1))
	tap "$@" &
}

begun=0
names=("$@")
for program in "$build"/tests/unit/test_*; do
	[ -x "$program" ] && [ -f "$program" ] && wanted "$program" && begin "${program#"$build"/}" "${under[@]}" "$program"
done
if [ "${#under[@]}" -gt 0 ]; then
	files=(tests/valgrind/*.bats)
else
	# What takes longest by itself comes first, lest all wait for it in the end.
	files=(tests/survival.bats)
	# The server has nothing of ours that could be checked.
	[ -n "${KIMI_TEST_CHECKER:-}" ] || files+=(tests/server/*.bats)
	for file in tests/*.bats; do
		[ "$file" = "${files[0]}" ] || files+=("$file")
	done
fi
for file in "${files[@]}"; do
	wanted "$file" && begin "$file" bats --jobs "$jobs" --tap "$file"
done
wait
# One that left no counts was killed.
read -r passed failed < <(cat /dev/null "$results"/*.counts 2>/dev/null |
	awk -v begun="$begun" '{ passed += $1; failed += $2 } END { print passed + 0, failed + begun - NR }')
# One that was renamed, or misspelt, must not look as if it had passed.
for name in "${names[@]}"; do
	if [ -z "${picked[$name]:-}" ]; then
		echo "no test is called $name"
		failed=$((failed + 1))
	fi
done
echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

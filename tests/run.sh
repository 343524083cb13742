#!/usr/bin/env bash
# run.sh BUILD [NAME...]: runs every test, or those whose file names contain NAME, and ends with the line
# "N passed, N failed". All tests write TAP; a program that crashes counts as a failure.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
shift
# A make that a test starts must not use this make's job server.
unset MAKEFLAGS MFLAGS MAKELEVEL
# Most tests wait for another process instead of working. Where two processes take more than 3 ms to start, more of them at
# once would make each too slow for the limits of the programs.
at_once=6
before=${EPOCHREALTIME/./}
for ((i = 0; i < 50; i++)); do "$(type -P true)"; done
[ $((${EPOCHREALTIME/./} - before)) -lt 150000 ] || at_once=4
at_once=$((at_once * ${JOBS:-$(nproc 2>/dev/null || echo 2)}))
# A file runs in parts of this many tests: running tests in parallel with bats itself costs more than most of them.
part=16
# The time limit of a test in seconds: one that never ends fails.
limit=${KIMI_TEST_LIMIT:-600}
# valgrind runs the unit tests and the smoke test; other checkers run the whole suite.
under=()
[ "${KIMI_TEST_CHECKER:-}" != valgrind ] || under=(tests/valgrind.sh --trace-children=no)
# What a shell starts in the background ignores Ctrl-C, and since coreutils 9 timeout leaves it so.
as_usual=()
! env --default-signal true 2>/dev/null || as_usual=(env --default-signal=INT --default-signal=QUIT)
# For helper.bash, which would otherwise search for it in every part.
KIMI_TEST_PYTHON=${KIMI_TEST_PYTHON:-$(python3 -E -S -c 'import sys; print(sys.executable)')}
export KIMI_TEST_PYTHON
# in_memory DIRECTORY: whether it is in memory, with room for the tests and programs that may be run.
in_memory() {
	[ "$(stat -f -c %T "$1" 2>/dev/null)" = tmpfs ] && [ -w "$1" ] &&
		[ "$(df -Pk "$1" | awk 'NR == 2 { print $4 }')" -gt 4000000 ] &&
		! findmnt -n -o OPTIONS -T "$1" | grep -qw noexec
}
# The tests write many small files, which takes a tenth of their time on a disk.
directory=${TMPDIR:-/tmp}
[ -n "${TMPDIR:-}" ] || ! in_memory /dev/shm || directory=/dev/shm
results=$(mktemp -d "$directory/kimi.XXXXXX")
export TMPDIR=$results # what a test leaves behind goes, too
trap 'rm -rf "$results"' EXIT

declare -A picked # and their titles

wanted() {
	local name found=1
	[ "${#names[@]}" -gt 0 ] || return 0
	for name in "${names[@]}"; do
		case $1 in *"$name"*) picked[$name]=1 found=0 ;; esac
	done
	return "$found"
}

# name_endless PART: prints which of its tests have exceeded the time limit, and ends their processes.
name_endless() {
	local left
	mapfile -t left < <(grep -lsz "^RUN_SH_PART=$1\$" /proc/[0-9]*/environ | cut -d / -f 3)
	echo "not ended after $limit s"
	ps -o args= -p "${left[*]}" | sed -n 's/.*bats-exec-test/ /p' | sort -u
	kill "${left[@]}"
}

# tap COUNT TITLE COMMAND...: runs it, shows the failures, and writes the counts to a file. COUNT is the number of tests
# expected (0: at least one).
tap() {
	local count=$1 title=$2 log status ok bad start=$SECONDS
	shift 2
	log=$results/$begun
	RUN_SH_PART=$$.$begun "${as_usual[@]}" timeout --foreground -k 10 "$limit" "$@" >>"$log" 2>&1
	status=$?
	[ "$status" != 124 ] || name_endless "$$.$begun" >>"$log" 2>/dev/null
	ok=$(grep -cE '^ok [0-9]' "$log")
	bad=$(grep -cE '^not ok [0-9]' "$log")
	{
		# A skipped test has not passed. A run without tests, or with an unexpected status, has failed.
		if grep -qE '^ok [0-9].*# (skip|SKIP)' "$log" || { [ "$bad" = 0 ] && [ "$status" != 0 ]; } ||
			[ $((ok + bad)) -lt 1 ] || { [ "$count" -gt 0 ] && [ $((ok + bad)) != "$count" ]; }; then
			bad=$((bad + 1))
			cat "$log"
		elif [ "$bad" -gt 0 ]; then
			awk '/^ok /{show=0} /^not ok /{show=1} show' "$log"
		fi
		# Tests that this machine cannot run are shown, so that they do not look as if they had passed.
		grep '^# not run: ' "$log"
		printf '%-40s %4d passed, %d failed  (%d s)\n' "$title" "$ok" "$bad" $((SECONDS - start))
	} >"$log.shown"
	flock "$results" cat "$log.shown"
	echo "$ok $bad" >"$log.counts"
}

# begin COUNT TITLE COMMAND...: does that in the background, as soon as a job is free.
begin() {
	while [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; do
		wait -n
	done
	begun=$((begun + 1))
	tap "$@" &
}

# begin_file FILE: starts its tests, in parts. A selected test that does not exist makes the count wrong.
begin_file() {
	local file=$1 title=$1 tests at count filter
	mapfile -t tests < <(sed -nE 's/^@test "(.*)" \{.*/\1/p' "$file" | sed 's/[][\\.*^$+?(){}|]/\\&/g')
	for ((at = 0; at == 0 || at < ${#tests[@]}; at += part)); do
		count=$((${#tests[@]} - at < part ? ${#tests[@]} - at : part))
		filter=$(printf '%s\n' "${tests[@]:at:count}" | paste -sd '|')
		[ "${#tests[@]}" -le "$part" ] || title="$file, from $((at + 1)) on"
		begin "$count" "$title" bats --tap --filter "^($filter)\$" "$file"
	done
}

begun=0
names=("$@")
for program in "$build"/tests/unit/test_*; do
	[ -x "$program" ] && [ -f "$program" ] && wanted "$program" &&
		begin 0 "${program#"$build"/}" "${under[@]}" "$program"
done
if [ "${#under[@]}" -gt 0 ]; then
	files=(tests/smoke.bats)
else
	# The tests that take longest start first, so that nothing waits for them at the end.
	files=()
	for name in survival watch keyring_trouble login faults refresh memory keyring_homes client_config regions storm build catalog; do
		files+=("tests/$name.bats")
	done
	# The server has no code of ours that could be checked.
	[ -n "${KIMI_TEST_CHECKER:-}" ] || files+=(tests/server/*.bats)
	for file in tests/*.bats; do
		case " ${files[*]} " in *" $file "*) ;; *) files+=("$file") ;; esac
	done
fi
for file in "${files[@]}"; do
	! wanted "$file" || begin_file "$file"
done
wait
# A part without counts was killed.
read -r passed failed < <(cat /dev/null "$results"/*.counts 2>/dev/null |
	awk -v begun="$begun" '{ passed += $1; failed += $2 } END { print passed + 0, failed + begun - NR }')
# A file that was renamed or misspelt must not look as if it had passed.
for name in "${names[@]}"; do
	if [ -z "${picked[$name]:-}" ]; then
		echo "no test is called $name"
		failed=$((failed + 1))
	fi
done
echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

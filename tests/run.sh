#!/usr/bin/env bash
# run.sh BUILD [NAME...]: runs every test, or those whose file names hold one of NAME, and ends with the line
# "N passed, N failed". Everything that tests here speaks TAP; a program that dies counts as a failure of its own.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
shift
# Most tests wait for another process rather than work.
jobs=$((2 * ${JOBS:-$(nproc 2>/dev/null || echo 2)}))
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

declare -A picked # by which names

wanted() {
	local name found=1
	[ "${#names[@]}" -gt 0 ] || return 0
	for name in "${names[@]}"; do
		case $1 in *"$name"*) picked[$name]=1 found=0 ;; esac
	done
	return "$found"
}

# tap TITLE COMMAND...: runs it, shows what failed, adds to the counts.
tap() {
	local title=$1 status ok bad start=$SECONDS
	shift
	"$@" >"$log" 2>&1
	status=$?
	ok=$(grep -cE '^ok [0-9]' "$log")
	bad=$(grep -cE '^not ok [0-9]' "$log")
	# A skipped test has not passed, and a run without a test or with a status of its own has failed.
	if grep -qE '^ok [0-9].*# (skip|SKIP)' "$log" || { [ "$bad" = 0 ] && [ "$status" != 0 ]; } || [ $((ok + bad)) = 0 ]; then
		bad=$((bad + 1))
		cat "$log"
	elif [ "$bad" -gt 0 ]; then
		awk '/^ok /{show=0} /^not ok /{show=1} show' "$log"
	fi
	printf '%-40s %4d passed, %d failed  (%d s)\n' "$title" "$ok" "$bad" $((SECONDS - start))
	passed=$((passed + ok))
	failed=$((failed + bad))
}

names=("$@")
for program in "$build"/tests/unit/test_*; do
	[ -x "$program" ] && [ -f "$program" ] && wanted "$program" && tap "${program#"$build"/}" "$program"
done
wanted toml-suite && tap toml-suite tests/toml-suite.sh "$build/tests/toml-decode" tests/toml-test/tests
for file in tests/server/*.bats tests/*.bats; do
	wanted "$file" && tap "$file" bats --jobs "$jobs" --tap "$file"
done
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

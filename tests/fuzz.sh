#!/usr/bin/env bash
# fuzz.sh BUILD SECONDS [NAME...]: runs every fuzzer of that build, or those whose names contain NAME, for that many seconds,
# and prints a line for each. A fuzzer starts from tests/fuzz/corpus/ and from what earlier runs found, in BUILD/corpus/.
# Inputs that cause a failure are saved in BUILD/found/.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1 seconds=$2
shift 2
names=("$@")
failed=0

wanted() {
	local name
	[ "${#names[@]}" -gt 0 ] || return 0
	for name in "${names[@]}"; do
		case $1 in *"$name"*) return 0 ;; esac
	done
	return 1
}

mkdir -p "$build/found"
for source in tests/fuzz/fuzz_*.c; do
	name=${source##*/fuzz_} name=${name%.c} log=$build/found/${source##*/}.log
	wanted "$name" || continue
	mkdir -p "$build/corpus/$name"
	if "$build/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=60 -print_final_stats=1 -verbosity=1 \
		-artifact_prefix="$build/found/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
		printf '%-12s %9d inputs in %d s, nothing found\n' "$name" \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$seconds"
	else
		failed=1
		grep -vE '^#[0-9]+.(NEW|REDUCE|pulse|RELOAD|INITED)' "$log" | tail -n 60
		printf '%-12s FOUND SOMETHING: see %s/found/\n' "$name" "$build"
	fi
done
exit "$failed"

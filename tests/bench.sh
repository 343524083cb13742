#!/usr/bin/env bash
# bench.sh BUILD: how fast it is, as ratios within one run, since machines are noisy.
set -eu
cd "$(dirname "$0")/.."
build=$PWD/$1
runs=${RUNS:-500}
unset "${!KIMI_@}"
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home KIMI_DISABLE_KEYRING=1
mkdir -p "$home/.kimi/credentials"
chmod 700 "$home/.kimi" "$home/.kimi/credentials"
(
	umask 077
	printf '{"access_token": "at-%0800d", "refresh_token": "rt-%0400d", "expires_at": %d.5, "scope": "kimi-code", "token_type": "Bearer", "expires_in": 900}' \
		1 1 $(($(date +%s) + 890)) >"$home/.kimi/credentials/kimi-code.json"
)
echo "A fresh token printed, against a static program that only copies the file to standard output ($runs runs each):"
"$build/bench/ratio" "$runs" "$build/bench/copy $home/.kimi/credentials/kimi-code.json" "$build/bin/kimi-token" "$build/bin/kimi token"

#!/usr/bin/env bash
# demo.sh BIN: shows the toolkit on the loopback server of tests/, in a temporary home directory. It asks nothing, and
# every base URL is that server, so that nothing can reach the real service.
set -eu
bin=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
root=$(mktemp -d)
unset "${!KIMI_@}" "${!XDG_@}" {http,https,all,no}_proxy {HTTP,HTTPS,ALL,NO}_PROXY
export HOME=$root/home PATH=$bin:$PATH KIMI_DISABLE_KEYRING=1
unset DISPLAY WAYLAND_DISPLAY BROWSER
mkdir -p "$HOME" "$root/server"
mkfifo "$root/ready"
python3 -E -S tests/server/kimi_server.py --dir "$root/server" --parent $$ </dev/null >"$root/ready" 2>"$root/server/log" &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$root"' EXIT
read -r -t 20 url <"$root/ready"
export KIMI_CODE_OAUTH_HOST=$url KIMI_CODE_BASE_URL=$url/coding/v1
export KIMI_MOONSHOT_CN_BASE_URL=$url/cn/v1 KIMI_MOONSHOT_AI_BASE_URL=$url/ai/v1

step() {
	local shown="$*"
	printf '\n$ %s\n' "${shown//$url/\$KIMI_CODE_OAUTH_HOST}"
	"$@" </dev/null
}

echo "A test server runs on loopback, and the home directory is $HOME: your files are not touched."
step kimi --version
step kimi login --platform kimi-code --no-browser
step kimi token
step kimi token --json
step kimi models
step kimi refresh
step kimi refresh --force
step kimi status
step kimi status --history
step kimi exec -- printenv KIMI_API_KEY
step cat "$HOME/.kimi/config.toml"
step kimi logout
printf '\n$ kimi token\n'
kimi token || echo "(exit status $?: a login is needed)"
echo
echo "That was all; it sent $(wc -l <"$root/server/requests.jsonl") requests to the loopback server. To log in to the real one: make login"

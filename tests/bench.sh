#!/usr/bin/env bash
# bench.sh BUILD: measures speed and memory, as ratios within one run, because machines are noisy. Prints a table, and
# writes each figure as a line of JSON to BUILD/bench/results.jsonl. RUNS (default 500) is how often the short commands
# run. All traffic is on loopback, in a temporary home directory.
set -eu
cd "$(dirname "$0")/.."
build=$PWD/$1
runs=${RUNS:-500}
results=$build/bench/results.jsonl
: >"$results"
unset "${!KIMI_@}" DBUS_SESSION_BUS_ADDRESS
# In memory, if possible: flushing a login to the disk is measured separately.
root=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) disk=$(mktemp -d)
stop=()
cleanup() {
	[ "${#stop[@]}" = 0 ] || kill "${stop[@]}" 2>/dev/null || true
	rm -rf "$root" "$disk"
}
trap cleanup EXIT
export HOME=$root/home KIMI_DISABLE_KEYRING=1 PATH=$build/bin:$PATH XDG_RUNTIME_DIR=$root/run
login=$HOME/.kimi/credentials/kimi-code.json
mkdir -p "$root/server" "$XDG_RUNTIME_DIR" "$HOME/.kimi/credentials"
chmod 700 "$XDG_RUNTIME_DIR" "$HOME/.kimi" "$HOME/.kimi/credentials"

has() { command -v "$1" >/dev/null 2>&1; }

# ratio GROUP RUNS COMMAND...; PROCESSES=N of each at once.
ratio() {
	local group=$1
	shift
	"$build/bench/ratio" -o "$results" -g "$group" -p "${PROCESSES:-1}" "$@"
}

# value GROUP COMMAND FIELD: prints a result of this run.
value() {
	sed -n "s/^{\"group\": \"$1\", \"command\": \"$2\".*\"$3\": \([0-9.]*\).*/\1/p" "$results"
}

# goal TEXT VALUE MOST: adds a row to the table.
goal() {
	awk -v text="$1" -v value="$2" -v most="$3" \
		'BEGIN { printf "  %-52s %6.2f  (at most %s)%s\n", text, value, most, (value > most) ? "  MISSED" : "" }'
}

# A login as large as real ones.
access=at-$(printf '%0800d' 1) refresh=rt-$(printf '%0400d' 1)
(
	umask 077
	printf '{"access_token": "%s", "refresh_token": "%s", "expires_at": %d.5, "scope": "kimi-code", "token_type": "Bearer", "expires_in": 90000}' \
		"$access" "$refresh" $(($(date +%s) + 89000)) >"$login"
)

# A server that grants every refresh, so that any number of them can be timed.
mkfifo "$root/ready"
python3 -E -S tests/server/kimi_server.py --dir "$root/server" --parent $$ </dev/null >"$root/ready" 2>"$root/server/log" &
stop+=($!)
read -r -t 20 url <"$root/ready"
export KIMI_CODE_OAUTH_HOST=$url KIMI_CODE_BASE_URL=$url/coding/v1
# control MODELS: makes the server list that many models.
control() {
	python3 -E -S - "$root/server" "$1" "$access" "$refresh" <<'PY'
import json, os, sys
directory, count, access, refresh = sys.argv[1:]
models = [{"id": "model-%d" % n, "context_length": 262144, "supports_reasoning": True} for n in range(int(count))]
token = {"access_token": access, "refresh_token": refresh, "expires_in": 90000, "scope": "kimi-code", "token_type": "Bearer"}
with open(directory + "/new", "w") as file:
    json.dump({"models": models, "api_keys": {"code": [access]}, "faults": {"refresh": [{"json": token, "forever": True}]}}, file)
os.rename(directory + "/new", directory + "/control.json")
PY
}
control 1

echo "A fresh token printed, against a static program that only copies the file ($runs runs each):"
others=()
has jq && others+=("jq -r .access_token $login")
if has gh; then
	mkdir -p "$HOME/.config/gh"
	printf 'github.com:\n    oauth_token: %s\n    user: x\n' "$access" >"$HOME/.config/gh/hosts.yml"
	others+=("gh auth token")
fi
ratio token "$runs" "$build/bench/copy $login" "$build/bin/kimi-token" "$build/bin/kimi token" "${others[@]}"

# The slot of the global region, which the config names. kimi-token reads it from an index instead of the config.
code=$root/code/.kimi-code
code_login=$code/credentials/kimi-code-env-0e4f99c69cc27850.json
mkdir -m 700 "$root/code" "$code" "$code/credentials"
(
	umask 077
	printf '{\n  "access_token": "%s",\n  "refresh_token": "%s",\n  "expires_at": %d,\n  "scope": "kimi-code",\n  "token_type": "Bearer",\n  "expires_in": 90000\n}\n' \
		"$access" "$refresh" $(($(date +%s) + 89000)) >"$code_login"
	printf '[providers."managed:kimi-code"]\ntype = "kimi"\nbase_url = "https://api.kimi.ai/coding/v1"\napi_key = ""\n\n[providers."managed:kimi-code".oauth]\nstorage = "file"\nkey = "oauth/kimi-code-env-0e4f99c69cc27850"\noauth_host = "https://auth.kimi.ai"\n' \
		>"$code/config.toml"
	for ((i = 0; i < 20; i++)); do
		printf '\n[models."kimi-code/model-%d"]\nprovider = "managed:kimi-code"\nmodel = "model-%d"\nmax_context_size = 262144\ncapabilities = ["thinking", "tool_use"]\n' $i $i
	done >>"$code/config.toml"
)
touch -d '1 minute ago' "$code/config.toml"
echo "The same in the home of kimi-code, where the hosts in the config decide which file it is:"
[ "$(HOME=$root/code KIMI_CODE_OAUTH_HOST='' KIMI_CODE_BASE_URL='' kimi-token)" = "$access" ]
HOME=$root/code KIMI_CODE_OAUTH_HOST='' KIMI_CODE_BASE_URL='' \
	ratio "token in kimi-code's home" "$runs" "$build/bench/copy $code_login" "$build/bin/kimi-token"

if has secret-tool && has dbus-daemon && has gnome-keyring-daemon; then
	echo "The same from an open keyring, against secret-tool:"
	export DBUS_SESSION_BUS_ADDRESS=unix:path=$root/bus
	dbus-daemon --session --nofork --address="$DBUS_SESSION_BUS_ADDRESS" 2>/dev/null &
	stop+=($!)
	until [ -S "$root/bus" ]; do sleep 0.02; done
	printf throw-away | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
	stop+=($!)
	# sudo could ask for a password if the keyring is locked.
	for ((i = 0; i < 20; i++)); do
		printf '%s' "$(cat "$login")" | timeout 2 secret-tool store --label=bench service kimi-code username oauth/kimi-code 2>/dev/null && break
		sleep 0.1
	done
	mv "$login" "$login.kept"
	if [ "$i" = 20 ]; then
		echo "  it does not open"
	else
		KIMI_DISABLE_KEYRING='' ratio keyring $((runs / 10)) "secret-tool lookup service kimi-code username oauth/kimi-code" \
			"$build/bin/kimi-token" "env KIMI_NO_CACHE=1 $build/bin/kimi-token"
	fi
	mv "$login.kept" "$login"
	unset DBUS_SESSION_BUS_ADDRESS
fi

echo "A refresh, against a bare curl that makes the same request and saves nothing ($((runs / 2)) runs each),
and, last, with the home on $(stat -f -c %T "$disk") and what it takes there to be safe:"
kimi-token --headers | tail -n +2 >"$root/headers"
printf 'client_id=17e5f671-d194-4dfb-9706-5516cb48c098&grant_type=refresh_token&refresh_token=%s' "$refresh" >"$root/form"
ratio refresh $((runs / 2)) "curl -sSf -A kimi-toolkit/bench -H @$root/headers -d @$root/form $url/api/oauth/token" \
	"$build/bin/kimi-refresh --force --quiet" "$build/bin/kimi refresh --force --quiet"

cp -a "$HOME/.kimi" "$disk/"
KIMI_SHARE_DIR=$disk/.kimi ratio "refresh on disk" $((runs / 10)) "$build/bin/kimi-refresh --force --quiet"

echo "A line for a prompt from a young cached answer, against kimi status --line ($runs runs each):"
kimi-usage --line >/dev/null
ratio line "$runs" "$build/bin/kimi-status --line" "$build/bin/kimi-usage --line --max-age 1000000"

echo "A model completed in bash, against bash alone and the two programs that it asks:"
cat >"$root/complete" <<'BASH'
source completions/kimi.bash
COMP_WORDS=(kimi models --use "") COMP_CWORD=3
_kimi kimi "" --use
BASH
ratio completion $((runs / 10)) "bash --norc $root/complete" "bash --norc -c :" \
	"$build/bin/kimi-models --list-options" "$build/bin/kimi-models --list-keys"

echo "A model list, by its length:"
for count in 1 10 100 1000 10000; do
	echo " $count:"
	control "$count"
	ratio "models $count" $((runs / 50 + 3)) "$build/bin/kimi-models" "$build/bin/kimi-models --json"
done

echo "Many processes at once, the time for all of them:"
for count in 1 10 100 500; do
	echo " $count:"
	PROCESSES=$count ratio "processes $count" $((runs / 100 + 3)) "$build/bench/copy $login" "$build/bin/kimi-token" \
		"$build/bin/kimi-refresh --quiet"
done

# start_nginx NAME CONF: starts nginx with CONF for http. Each server is a process of its own: in a single process,
# proxy and server would not have to wake each other, which a real proxy must.
start_nginx() {
	local folder=$root/nginx/$1
	mkdir -p "$folder"
	cat >"$folder/conf" <<CONF
$([ "$(id -u)" != 0 ] || echo "user root;") # nginx's user may not enter this directory
worker_processes 1;
daemon off;
pid $folder/pid;
error_log $folder/log;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/f;
  uwsgi_temp_path $folder/u;
  scgi_temp_path $folder/s;
  client_max_body_size 0;
  keepalive_requests 1000000;
  $2
}
CONF
	nginx -p "$folder" -c "$folder/conf" 2>/dev/null &
	stop+=($!)
}

# origin_conf ORIGIN: the config of the server.
# nginx_conf PORT ORIGIN: that of a proxy in front of it, which does what kimi proxy does.
origin_conf() {
	cat <<CONF
  server {
    listen 127.0.0.1:$1;
    sendfile on;
    location /coding/v1/small { return 200 "ok"; }
    location /coding/v1/big { alias $root/nginx/file; }
    location /coding/v1/sink { proxy_pass http://127.0.0.1:$1/coding/v1/small; }
  }
CONF
}
nginx_conf() {
	cat <<CONF
  upstream origin { server 127.0.0.1:$2; keepalive 64; }
  server {
    listen 127.0.0.1:$1;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer $access";
      proxy_buffering off; proxy_request_buffering off; proxy_cache off; gzip off; tcp_nodelay on;
    }
  }
CONF
}

# free_ports COUNT: prints unused ports.
free_ports() {
	python3 -E -S -c '
import socket, sys
taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(one.getsockname()[1] for one in taken))' "$1"
}

# proxied NAME KEY URL FIGURE...: measures each figure three times and keeps the best.
proxied() {
	local name=$1 key=$2 url=$3/coding/v1 figure value unit order
	for figure in "${@:4}"; do
		unit=us order=-n
		case $figure in download | upload) unit=MB/s order=-rn ;; esac
		value=$(for _ in 1 2 3; do
			case $figure in
			latency) "$build/bench/http" -n $((runs * 4)) "$url/small" "$key" ;;
			request) "$build/bench/libcurl" $((runs * 4)) "$url/small" "$key" ;;
			download) "$build/bench/http" -n 3 -b "$proxy_bytes" "$url/big" "$key" ;;
			upload) "$build/bench/http" -u -n 3 -b "$proxy_bytes" "$url/sink" "$key" ;;
			event) "$build/bench/http" -e -n 200 "$url/x/sse?n=200&pause=2" "$key" ;;
			esac
		done | sort $order | head -n 1)
		printf '  %-12s %-10s %10s %s\n' "$name" "$figure" "$value" "$unit"
		printf '{"group": "proxy", "command": "%s", "%s": %s}\n' "$name" "$figure" "$value" >>"$results"
	done
}

# start_proxy: starts kimi proxy; sets $proxy_url, $proxy_key and $proxy_pid. It logs as little as nginx.
start_proxy() {
	rm -f "$root/proxy.out"
	"$build/bin/kimi-proxy" --env anthropic >"$root/proxy.out" 2>/dev/null &
	proxy_pid=$!
	stop+=("$proxy_pid")
	until grep -qs NO_PROXY "$root/proxy.out"; do sleep 0.02; done
	proxy_url=$(sed -n "s/^export ANTHROPIC_BASE_URL='\(.*\)'/\1/p" "$root/proxy.out")
	proxy_key=$(sed -n "s/^export ANTHROPIC_API_KEY='\(.*\)'/\1/p" "$root/proxy.out")
}

# quotient A B: divides two figures, each named "COMMAND FIGURE".
quotient() {
	awk -v a="$(value proxy "${1% *}" "${1##* }")" -v b="$(value proxy "${2% *}" "${2##* }")" 'BEGIN { print a / b }'
}

if has nginx && [ -x "$build/bin/kimi-proxy" ]; then
	echo "A request through kimi proxy, against the same through nginx and without either:"
	proxy_bytes=200000000
	read -r nginx_port origin_port < <(free_ports 2)
	mkdir "$root/nginx"
	truncate -s "$proxy_bytes" "$root/nginx/file"
	start_nginx origin "$(origin_conf "$origin_port")"
	start_nginx proxy "$(nginx_conf "$nginx_port" "$origin_port")"
	KIMI_CODE_BASE_URL=http://127.0.0.1:$origin_port start_proxy
	until curl -q -s -o /dev/null "http://127.0.0.1:$origin_port/coding/v1/small"; do sleep 0.02; done
	proxied nothing "$access" "http://127.0.0.1:$origin_port" latency download upload
	proxied libcurl "$access" "http://127.0.0.1:$origin_port" request # which kimi proxy sends requests with
	proxied nginx "$access" "http://127.0.0.1:$nginx_port" latency download upload
	proxied 'kimi proxy' "$proxy_key" "$proxy_url" latency download upload
	printf '  peak memory of kimi proxy: %s kB\n' "$(awk '/VmHWM/ {print $2}' "/proc/$proxy_pid/status")"
fi

if [ -x "$build/bin/kimi-proxy" ]; then
	echo "The slowest of 200 events of a stream, from the server's write to the client:"
	KIMI_CODE_BASE_URL=$url start_proxy
	proxied nothing "$access" "$url" event
	proxied 'kimi proxy' "$proxy_key" "$proxy_url" event
fi

echo "Goals:"
goal "kimi-token, times the copy" "$(value token kimi-token ratio)" 1.2
goal "kimi-token in kimi-code's home, times the copy" "$(value "token in kimi-code's home" kimi-token ratio)" 1.2
goal "kimi token, times the copy" "$(value token 'kimi token' ratio)" 2
goal "kimi refresh, times the bare curl" "$(value refresh 'kimi refresh --force --quiet' ratio)" 1.15
goal "kimi-usage --line from the cache, times kimi-status --line" "$(value line 'kimi-usage [^"]*' ratio)" 3
goal "peak memory of kimi-token, times the copy's" \
	"$(awk -v a="$(value token kimi-token peak_kib)" -v b="$(value token 'copy [^"]*' peak_kib)" 'BEGIN { print a / b }')" 1.5
if [ -n "${proxy_pid:-}" ]; then
	goal "milliseconds from an event's write to the client" \
		"$(awk -v a="$(value proxy 'kimi proxy' event)" 'BEGIN { print a / 1000 }')" 5
fi
if has nginx && [ -n "${proxy_pid:-}" ]; then
	goal "latency of kimi proxy, times nginx's" "$(quotient 'kimi proxy latency' 'nginx latency')" 1.3
	goal "milliseconds that kimi proxy adds" \
		"$(awk -v a="$(value proxy 'kimi proxy' latency)" -v b="$(value proxy nothing latency)" 'BEGIN { print (a - b) / 1000 }')" 0.5
	goal "throughput of nginx, times kimi proxy's: an answer" "$(quotient 'nginx download' 'kimi proxy download')" 1.25
	goal "throughput of nginx, times kimi proxy's: a request" "$(quotient 'nginx upload' 'kimi proxy upload')" 1.25
fi
echo "All figures are in ${results#"$PWD"/}."

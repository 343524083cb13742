#!/usr/bin/env bats
# config.toml: what login, sync and logout change in it, and that every other byte stays.

# Each test runs in a subshell; run sets stderr; sh -c and the fakes take quoted scripts; setup sets CONFIG.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016,SC2153

bats_require_minimum_version 1.5.0
load helper
load login_helper

other_models='[{"id": "kimi-other", "display_name": "Other", "context_length": 8192, "supports_video_in": true}, {"id": "kimi-k2-turbo", "context_length": 9}]'

# restores: takes a config on standard input, and checks that it is the same, byte for byte, after login, a sync with
# another list, a second login and logout. In between it has the login, and kimi-cli can load it.
restores() {
    write_config
    cp "$CONFIG" "$BATS_TEST_TMPDIR/before"
    server_start
    logged_in
    assert_loads 'default_model="kimi-code/kimi-for-coding"' 'default_thinking=true' \
        'providers>managed:kimi-code>oauth={"storage": "file", "key": "oauth/kimi-code"}' \
        'models>kimi-code/kimi-k2-turbo>max_context_size=131072'
    models_control "$other_models"
    kimi models --sync --quiet >/dev/null
    assert_loads 'models>kimi-code/kimi-for-coding=null' 'models>kimi-code/kimi-other>capabilities=["video_in"]' \
        'default_model="kimi-code/kimi-other"' 'models>kimi-code/kimi-k2-turbo>max_context_size=9'
    kimi login --quiet
    kimi logout --quiet
    cmp "$BATS_TEST_TMPDIR/before" "$CONFIG" || fail "not restored:"$'\n'"$(diff "$BATS_TEST_TMPDIR/before" "$CONFIG")"
}

## Logout restores every byte

@test "restored: an empty file" {
    restores </dev/null
}

@test "restored: comments and blank lines alone" {
    restores <<<$'# my config\n\n\n  # indented\n#\n'
}

@test "restored: settings of kimi-cli with comments in every place" {
    restores <<'TOML'
# top
default_yolo = true # why not
theme   =   "light"

[loop_control] # loops
max_steps_per_turn = 100     # a lot

# about mcp
[mcp.client]
tool_call_timeout_ms = 60_000
# the end
TOML
}

@test "restored: CRLF line ends, and what login writes has them too" {
    restores <<<$'# dos\r\ntheme = "dark"\r\n\r\n[loop_control]\r\nmax_retries_per_step = 3\r'
    kimi login --quiet
    assert_same 0 "$(grep -vc $'\r$' "$CONFIG")" "lines without CR"
}

@test "restored: no newline at the end" {
    printf 'theme = "dark"\n[loop_control]\nmax_retries_per_step = 3' >"$BATS_TEST_TMPDIR/in"
    restores <"$BATS_TEST_TMPDIR/in"
}

@test "restored: a comment without a newline at the end" {
    printf '# only this' >"$BATS_TEST_TMPDIR/in"
    restores <"$BATS_TEST_TMPDIR/in"
}

@test "restored: a BOM" {
    printf '\xef\xbb\xbftheme = "dark"\n' >"$BATS_TEST_TMPDIR/in"
    restores <"$BATS_TEST_TMPDIR/in"
}

@test "restored: own providers and models under headers" {
    restores <<'TOML'
[providers.mine]
type = "openai_legacy"
base_url = "https://example.com/v1"
api_key = "sk-mine"
custom_headers = { "X-A" = "b" }

[models.gpt]
provider = "mine"
model = "gpt"
max_context_size = 128_000

[models."a.b"]  # quoted
provider = 'mine'
model = 'x'
max_context_size = 0x10
TOML
}

@test "restored: own providers and models as inline tables" {
    restores <<'TOML'
providers = { mine = { type = "kimi", base_url = "https://example.com", api_key = "k" } }   # mine
models = { gpt = { provider = "mine", model = "gpt", max_context_size = 1 } }
TOML
}

@test "restored: inline tables on the way" {
    restores <<'TOML'
services = {}
models = {}
providers = { }
TOML
}

@test "restored: dotted keys" {
    restores <<'TOML'
providers.mine.type = "kimi"
providers.mine.base_url = "https://example.com"
providers.mine.api_key = ""
models.gpt.provider = "mine"
models.gpt.model = "gpt"
models.gpt.max_context_size = 1
loop_control.max_retries_per_step = 3
TOML
}

@test "restored: [models] with keys and sub-tables apart" {
    restores <<'TOML'
[models]
one = { provider = "p", model = "1", max_context_size = 1 }

[providers]

[models.two]
provider = "p"
model = "2"
max_context_size = 2

[providers.p]
type = "kimi"
base_url = "https://example.com"
api_key = ""

[models.three]
provider = "p"
model = "3"
max_context_size = 3
TOML
}

@test "restored: arrays of tables between" {
    restores <<'TOML'
[[hooks]]
event = "x"
[providers.p]
type = "kimi"
base_url = "https://example.com"
api_key = ""
[[hooks]]
event = "y"
[hooks.env]
A = "b"
[models.m]
provider = "p"
model = "m"
max_context_size = 1

[[hooks]]
TOML
}

@test "restored: indentation and tabs" {
    restores <<<$'  theme = "dark"\n\n\t[providers]\n\t\t[providers.p]\n\t\ttype = "kimi"\n\t\tbase_url = "https://example.com"\n\t\tapi_key = ""\n  [services]\n  # nothing yet\n'
}

@test "restored: multi-line strings that look like tables" {
    restores <<'TOML'
theme = "dark"
note = """
[models."kimi-code/kimi-for-coding"]
default_model = "x"
"""
lines = [
  '''[providers]''', # a comment
  "default_thinking = true",
]
TOML
}

@test "restored: unknown keys, dates, floats and unicode" {
    restores <<'TOML'
when = 1979-05-27T07:32:00.999-07:00
inf = -inf
"ключ" = "значение 月"
'' = 1
[x.y.z]
n = nan
[x]
d = 07:32:00
TOML
}

@test "restored: many trailing blank lines" {
    restores <<<$'theme = "dark"\n\n\n\n\n'
}

@test "restored: an own [services] table" {
    restores <<'TOML'
[services]
# mine
[services.other]
base_url = "https://example.com"
TOML
}

@test "restored: directives and comments at the top, and they stay there" {
    restores <<'TOML'
#:schema ./schema.json
# my config

[loop_control]
max_retries_per_step = 2
TOML
    kimi login --quiet
    assert_same $'#:schema ./schema.json\n# my config\n\ndefault_model = "kimi-code/kimi-other"' "$(head -n 4 "$CONFIG")"
}

@test "restored: a block that another tool marks, with providers and models" {
    restores <<'TOML'
theme = "dark"

# BEGIN OTHER TOOL (managed; do not edit)
[providers.other]
type = "openai_legacy"
base_url = "http://127.0.0.1:1/v1"
api_key = "k"

[models.other]
provider = "other"
model = "x"
max_context_size = 1000
# END OTHER TOOL
TOML
}

# without_block: removes the marked block from the config, as the tool that owns it would.
without_block() { sed -i '/^# \(BEGIN\|>>>\)/,/^# \(END\|<<<\)/d' "$CONFIG"; }

@test "the login stays when another tool removes the block that it marks" {
    write_config <<'TOML'
# >>> tool >>>
theme = "dark"

[providers.other]
type = "kimi"
base_url = "http://127.0.0.1:1/v1"
api_key = "k"

[services.other]
base_url = "x"

[models.other]
provider = "other"
model = "x"
max_context_size = 1000
# <<< tool <<<
TOML
    server_start
    logged_in
    without_block
    assert_lacks "$(cat "$CONFIG")" other
    cp "$CONFIG" "$BATS_TEST_TMPDIR/before"
    run -0 kimi models --sync
    cmp "$BATS_TEST_TMPDIR/before" "$CONFIG"
    assert_loads 'default_model="kimi-code/kimi-for-coding"' default_thinking=true theme=null \
        'services>moonshot_fetch>api_key=""' 'models>kimi-code/kimi-k2-turbo>max_context_size=131072'
    run -0 kimi logout
    assert_same "" "$(cat "$CONFIG")"
}

@test "of a default that was the user's before login, nothing else is lost" {
    write_config <<'TOML'
# before
default_model = "gpt" # mine
default_thinking = false
theme = "dark"

[providers.p]
type = "kimi"
base_url = "https://example.com"
api_key = ""

[models.gpt]
provider = "p"
model = "gpt"
max_context_size = 1
TOML
    cp "$CONFIG" "$BATS_TEST_TMPDIR/before"
    server_start
    logged_in
    assert_contains "$(cat "$CONFIG")" 'default_model = "kimi-code/kimi-for-coding" # mine'
    kimi logout --quiet
    assert_same "$(grep -v '^default_' "$BATS_TEST_TMPDIR/before")" "$(cat "$CONFIG")"
}

@test "a default that the user chose after login survives logout" {
    write_config <<'TOML'
[providers.p]
type = "kimi"
base_url = "https://example.com"
api_key = ""

[models.gpt]
provider = "p"
model = "gpt"
max_context_size = 1
TOML
    server_start
    logged_in
    sed -i 's|^default_model = .*|default_model = "gpt"|' "$CONFIG"
    kimi logout --quiet
    assert_loads 'default_model="gpt"' 'models>gpt>model="gpt"' 'providers>managed:kimi-code=null'
}

@test "a default that the user chose survives a second login" {
    server_start
    server_control '{"pending": 0}'
    logged_in
    sed -i 's|^default_model = .*|default_model = "kimi-code/kimi-k2-turbo"|' "$CONFIG"
    run -0 kimi login --force
    assert_loads 'default_model="kimi-code/kimi-k2-turbo"'
}

@test "a login with an empty model list leaves the user's default" {
    write_config <<'TOML'
default_model = "b"

[providers.p]
type = "kimi"
base_url = "https://example.com"
api_key = ""

[models.a]
provider = "p"
model = "a"
max_context_size = 1

[models.b]
provider = "p"
model = "b"
max_context_size = 1
TOML
    server_start
    models_control '[]'
    logged_in
    assert_loads 'default_model="b"'
}

## The user's keys in our tables

@test "the user's own keys in owned tables survive a second login and a sync" {
    server_start
    server_control '{"pending": 0}'
    logged_in
    kimi_python - "$CONFIG" <<'PY'
import sys
text = open(sys.argv[1]).read()
text = text.replace('type = "kimi"\n', 'type = "kimi" # the type\nenv = { A = "b" }\n', 1)
text = text.replace('[models."kimi-code/kimi-k2-turbo"]\n', '''[providers."managed:kimi-code".custom_headers]
"X-Mine" = "1"

# my model
[models."kimi-code/kimi-k2-turbo"] # fast
note = "mine"
''')
text = text.replace('[services.moonshot_search]\n', '[services.moonshot_search]\ncustom_headers = { "X-S" = "2" }\n')
open(sys.argv[1], "w").write(text)
PY
    local before
    before=$(stat -c '%i %y' "$CONFIG")
    run -0 kimi models --sync
    run -0 kimi login --force
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")"
    models_control "$other_models"
    run -0 kimi models --sync
    run -0 kimi login --force
    assert_loads 'providers>managed:kimi-code>env={"A": "b"}' 'providers>managed:kimi-code>custom_headers={"X-Mine": "1"}' \
        'models>kimi-code/kimi-k2-turbo>note="mine"' 'services>moonshot_search>custom_headers={"X-S": "2"}'
    assert_contains "$(cat "$CONFIG")" 'type = "kimi" # the type'
    assert_contains "$(cat "$CONFIG")" '# my model'
    assert_contains "$(cat "$CONFIG")" '# fast'
}

@test "an api_key that the user put into the provider stays" {
    server_start
    server_control '{"pending": 0}'
    logged_in
    sed -i '0,/^api_key = ""/s//api_key = "sk-user"/' "$CONFIG"
    run -0 kimi login --force
    assert_loads 'providers>managed:kimi-code>api_key="sk-user"'
}

@test "a second login restores its own keys" {
    server_start
    server_control '{"pending": 0}'
    logged_in
    cp "$CONFIG" "$BATS_TEST_TMPDIR/before"
    sed -i 's|^max_context_size = 262144|max_context_size = 5|; s|/coding/v1/fetch|/elsewhere|; s|"Kimi For Coding"|"X"|' "$CONFIG"
    run -0 kimi login --force
    cmp "$BATS_TEST_TMPDIR/before" "$CONFIG"
}

@test "logout keeps a service that has a key of the user's own" {
    server_start
    logged_in
    kimi_python - "$CONFIG" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
text = re.sub(r'\[services\.moonshot_fetch\][^\[]*', '[services.moonshot_fetch]\nbase_url = "https://example.com"\napi_key = "mine"\n', text)
open(sys.argv[1], "w").write(text)
PY
    kimi logout --quiet
    assert_loads 'services={"moonshot_fetch": {"base_url": "https://example.com", "api_key": "mine"}}'
}

@test "a model of the user's under another provider with our prefix stays" {
    write_config <<'TOML'
[providers.p]
type = "kimi"
base_url = "https://example.com"
api_key = ""
[models."kimi-code/mine"]
provider = "p"
model = "m"
max_context_size = 1
TOML
    server_start
    logged_in
    run -0 kimi models --sync
    kimi logout --quiet
    assert_loads 'models>kimi-code/mine>provider="p"'
}

# own_table: the lines of the config from the user's comment to its end.
own_table() { sed -n '/^# my own endpoint/,/^max_context_size/p' "$CONFIG"; }

@test "a model of the user's under a key of the list stays, byte for byte, through login, sync and logout" {
    write_config <<'TOML'
default_model = "kimi-code/k3"

[providers.kimi]
type = "kimi"
base_url = "https://api.kimi.example/v1"
api_key = "sk-dummy"

# my own endpoint, do not touch
[models."kimi-code/k3"]
provider = "kimi"
model = "kimi-code/k3"
max_context_size = 128000
TOML
    local own line='kept your own models in config.toml: kimi-code/k3'
    own=$(own_table)
    server_start
    models_control '[{"id": "k3", "context_length": 5}, {"id": "k4"}]'
    store_login
    run -0 --separate-stderr kimi login
    assert_same 1 "$(grep -c "^kimi login: $line\$" <<<"$stderr")"
    assert_same "$own" "$(own_table)"
    assert_loads 'default_model="kimi-code/k4"' 'models>kimi-code/k4>provider="managed:kimi-code"'
    sed -i 's|^default_model = .*|default_model = "kimi-code/k3"|' "$CONFIG"
    models_control '[{"id": "k3", "context_length": 6}, {"id": "k5"}]'
    run -0 --separate-stderr kimi models --sync
    assert_contains "$stderr" "kimi models: $line"
    assert_same "$own" "$(own_table)"
    assert_loads 'default_model="kimi-code/k3"' 'models>kimi-code/k5>provider="managed:kimi-code"'
    run -0 kimi logout
    assert_same "$own" "$(own_table)"
    assert_loads 'default_model="kimi-code/k3"' 'models>kimi-code/k5=null'
}

@test "if all models of the list are the user's own, the default stays" {
    write_config <<'TOML'
default_model = "x"

[models.x]
provider = "p"
model = "x"
max_context_size = 1

[models."kimi-code/k3"] # no provider yet
max_context_size = 1

[providers.p]
type = "kimi"
base_url = "https://example.com"
api_key = ""
TOML
    cp "$CONFIG" "$BATS_TEST_TMPDIR/before"
    server_start
    models_control '[{"id": "k3"}]'
    logged_in
    assert_same 'default_model = "x"' "$(grep '^default' "$CONFIG")"
    run -0 kimi logout
    cmp "$BATS_TEST_TMPDIR/before" "$CONFIG"
}

@test "a login with an API key leaves the user's models alone too, and says so" {
    write_config <<<$'[models."moonshot-cn/kimi-k2"]\nprovider = "p"\nmodel = "m"\nmax_context_size = 1\n\n[providers.p]\ntype = "kimi"\nbase_url = ""\napi_key = ""'
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn"]}, "cn_models": [{"id": "kimi-k2"}, {"id": "kimi-k3"}]}'
    run -0 --separate-stderr kimi login --platform moonshot-cn --api-key-stdin <<<sk-cn
    assert_contains "$stderr" 'kept your own models in config.toml: moonshot-cn/kimi-k2'
    assert_loads 'models>moonshot-cn/kimi-k2>provider="p"' 'models>moonshot-cn/kimi-k3>provider="managed:moonshot-cn"'
}

## Configs that must not be written to

# refuses LOCATION: login with the config on standard input exits with status 1 and names the location; the config is
# unchanged and the login is kept.
refuses() {
    write_config
    local before
    before=$(stat -c '%i %y' "$CONFIG")$(hash_of "$CONFIG")
    server_start
    store_login
    run -1 --separate-stderr kimi login --json
    assert_same config "$(event error data.code)"
    assert_error login "$1"
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")$(hash_of "$CONFIG")"
    assert_same at-stored "$(stored access_token)"
    run -1 --separate-stderr kimi models --sync
    assert_contains "$stderr" "line"
    assert_same "$before" "$(stat -c '%i %y' "$CONFIG")$(hash_of "$CONFIG")"
}

@test "TOML that does not parse: 1 with line and column, nothing written, the login kept" {
    refuses "config.toml, line 3, column 5" <<<$'# a\n[x]\nb = = 1'
}

@test "a duplicate key is refused with its location" {
    refuses "config.toml, line 2, column 1" <<<$'a = 1\na = 2'
}

@test "a file that ends in the middle is refused" {
    refuses "config.toml, line 1" <<<'a = "unfinished'
}

@test "bytes that are not UTF-8 are refused with their location" {
    printf 'a = 1\nb = "x\xff"\n' >"$BATS_TEST_TMPDIR/in"
    refuses "config.toml, line 2, column 7" <"$BATS_TEST_TMPDIR/in"
}

@test "a NUL byte is refused with its location" {
    printf 'a = 1\n\0\n' >"$BATS_TEST_TMPDIR/in"
    refuses "config.toml, line 2, column 1" <"$BATS_TEST_TMPDIR/in"
}

@test "a config whose [models] is something else is refused" {
    local before
    write_config <<<'models = 5'
    before=$(hash_of "$CONFIG")
    server_start
    store_login
    run -1 --separate-stderr kimi login
    assert_error login "line 1"
    assert_same "$before" "$(hash_of "$CONFIG")"
}

@test "a config that does not parse is noticed before a code is requested" {
    write_config <<<'a = = 1'
    server_start
    run -1 --separate-stderr kimi login
    assert_error login "config.toml, line 1, column 5.*; correct the file"
    assert_same 0 "$(server_count all)"
    [ ! -e "$HOME/.kimi/credentials/kimi-code.json" ]
    # The config does not contain the login of another account.
    server_control '{"pending": 0}'
    run -0 kimi login --account work
}

@test "a directory that cannot be written: 1 config, the login kept, the file unchanged" {
    write_config <<<'theme = "dark"'
    server_start
    store_login
    kimi token >/dev/null
    chmod 500 "$HOME/.kimi"
    run -1 --separate-stderr unprivileged kimi login --json
    chmod 700 "$HOME/.kimi"
    assert_same config "$(event error data.code)"
    assert_same 'theme = "dark"' "$(cat "$CONFIG")"
    assert_same at-stored "$(stored access_token)"
}

@test "a FIFO in its place is refused without waiting" {
    mkdir -p "$HOME/.kimi"
    mkfifo "$CONFIG"
    server_start
    store_login
    run -1 --separate-stderr timeout 10 kimi login --json
    assert_same config "$(event error data.code)"
    [ -p "$CONFIG" ]
}

## How it is replaced

@test "a login whose config could not be written says what to do about it" {
    server_start
    store_login
    write_config <<<'a = '
    run -1 --separate-stderr kimi login
    assert_error login 'the config was not written: config.toml, line 1, column 5: .*; correct the file by hand'
}

@test "a new config has mode 600 with any umask" {
    server_start
    store_login
    umask 000
    run -0 kimi login
    assert_same 600 "$(mode "$CONFIG")"
    assert_same 600 "$(mode "$CONFIG.lock")"
}

@test "the mode of a config that is there is kept" {
    server_start
    store_login
    local mode
    for mode in 644 640 400; do
        rm -f "$CONFIG"
        write_config <<<'theme = "dark"'
        chmod "$mode" "$CONFIG"
        run -0 kimi login
        assert_same "$mode" "$(mode "$CONFIG")"
    done
}

@test "a link is followed to the real file and stays a link" {
    mkdir -p "$HOME/dotfiles/sub" "$HOME/.kimi"
    printf 'theme = "dark"\n' >"$HOME/dotfiles/kimi.toml"
    chmod 644 "$HOME/dotfiles/kimi.toml"
    ln -s ../../dotfiles/kimi.toml "$HOME/dotfiles/sub/second"
    ln -s ../dotfiles/kimi.toml "$CONFIG"
    server_start
    logged_in
    [ -L "$CONFIG" ]
    [ ! -L "$HOME/dotfiles/kimi.toml" ]
    assert_contains "$(cat "$HOME/dotfiles/kimi.toml")" managed:kimi-code
    assert_same 644 "$(mode "$HOME/dotfiles/kimi.toml")"
    kimi logout --quiet
    assert_same 'theme = "dark"' "$(cat "$HOME/dotfiles/kimi.toml")"
    assert_same $'kimi.toml\nsub' "$(ls -A "$HOME/dotfiles")"
}

@test "a link to nowhere is refused: 1 config, and nothing is made" {
    mkdir -p "$HOME/.kimi"
    ln -s ../nowhere.toml "$CONFIG"
    server_start
    store_login
    run -1 --separate-stderr kimi login --json
    assert_same config "$(event error data.code)"
    [ ! -e "$HOME/nowhere.toml" ]
    [ -L "$CONFIG" ]
}

@test "what a killed writer left beside it is swept, and no temporary file stays" {
    server_start
    logged_in
    assert_same $'config.toml\nconfig.toml.lock\ncredentials\ndevice_id' "$(ls -A "$HOME/.kimi")"
}

@test "the lock is held by another: 75 busy, nothing written" {
    write_config <<<'theme = "dark"'
    server_start
    store_login
    flock "$CONFIG.lock" sh -c ': >"$1"; while [ ! -e "$2" ]; do sleep 0.02; done' sh \
        "$BATS_TEST_TMPDIR/locked" "$BATS_TEST_TMPDIR/unlock" 3>&- 4>&- &
    wait_for_file "$BATS_TEST_TMPDIR/locked"
    run -75 --separate-stderr kimi login --json
    : >"$BATS_TEST_TMPDIR/unlock"
    assert_same busy "$(event error data.code)"
    assert_same 'theme = "dark"' "$(cat "$CONFIG")"
    run -0 kimi login
}

@test "a file that changes between reading and writing is read again" {
    server_start
    logged_in
    models_control "$other_models"
    # The temporary file shows that the old config was read. A config that was just changed is left alone for a moment.
    kimi_python - "$CONFIG" >"$BATS_TEST_TMPDIR/edit" 3>&- 4>&- <<'PY' &
import os, sys, time
path, folder = sys.argv[1], os.path.dirname(sys.argv[1])
end = time.monotonic() + 20
open(path, "a").write("# early\n")
print("ready", flush=True)
while time.monotonic() < end:
    os.utime(path)
    if any(name.startswith(".config.toml") for name in os.listdir(folder)):
        open(path, "a").write("# late\n")
        break
    time.sleep(0.0005)
PY
    local editor=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/edit"
    run -0 kimi models --sync
    wait "$editor"
    assert_contains "$(cat "$CONFIG")" "# early"
    assert_contains "$(cat "$CONFIG")" "# late"
    assert_loads 'models>kimi-code/kimi-other>max_context_size=8192'
}

@test "no line is lost that another program appends while twenty syncs run" {
    server_start
    logged_in
    kimi_python - "$CONFIG" "$BATS_TEST_TMPDIR/stop" >"$BATS_TEST_TMPDIR/count" 3>&- 4>&- <<'PY' &
import os, random, sys, time
count = 0
while not os.path.exists(sys.argv[2]):
    line = b"# line %d of mine\n" % count
    written = False
    while not written:
        # Without a lock, a file can be replaced while it is open: the writer has to notice.
        with open(sys.argv[1], "ab", 0) as file:
            file.write(line)
            written = os.stat(sys.argv[1]).st_ino == os.fstat(file.fileno()).st_ino
        written = written or line in open(sys.argv[1], "rb").read()
    count += 1
    time.sleep(random.choice((0.01, 0.05, 0.15, 0.3)))
print(count)
PY
    local n end written=0 writer=$!
    for n in $(seq 20); do
        models_control '[{"id": "kimi-a", "context_length": '"$n"'}]'
        end=0
        kimi models --sync --quiet >/dev/null || end=$?
        case $end in
        0) written=$((written + 1)) ;;
        75) ;; # otherwise it would overwrite another writer's change
        *) fail "status $end" ;;
        esac
    done
    : >"$BATS_TEST_TMPDIR/stop"
    wait "$writer"
    [ "$written" -gt 0 ] || fail "no sync got through"
    local count
    count=$(cat "$BATS_TEST_TMPDIR/count")
    diff <(seq -f '# line %.0f of mine' 0 $((count - 1))) <(grep 'of mine$' "$CONFIG") || fail "lines are lost"
    assert_loads
}

# A config that is being rewritten is empty, which is valid TOML, or does not parse.
half='[providers."managed:kimi'

@test "a config that another program is rewriting in place is read again" {
    local text
    store_login
    write_config <<<$'[providers."managed:kimi-code"]\ncustom_headers = { X-Team = "blue" }'
    for text in '' "$half"; do
        rewrite_in_place "$CONFIG" "$text"
        run -0 --separate-stderr kimi token --headers
        wait "$editor"
        assert_contains "$output" "X-Team: blue"
    done
}

@test "a config that is being rewritten is not edited, and not reported as incomplete" {
    local text
    server_start
    logged_in
    cp "$CONFIG" "$BATS_TEST_TMPDIR/whole"
    for text in '' "$half"; do
        server_control '{"faults": {"models": [{"hold": "list"}]}}'
        kimi models --sync --quiet >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&- &
        local sync=$!
        server_wait_held list
        rewrite_in_place "$CONFIG" "$text"
        server_release list
        wait "$sync" || fail "$(cat "$BATS_TEST_TMPDIR/out")"
        wait "$editor"
        cmp "$CONFIG" "$BATS_TEST_TMPDIR/whole"
        rm "$(server_dir)"/*.list
    done
}

@test "many syncs at once leave one good file" {
    server_start
    logged_in
    models_control "$other_models"
    local n jobs=()
    for n in 1 2 3 4 5 6 7 8; do
        kimi models --sync --quiet >/dev/null 3>&- 4>&- &
        jobs[n]=$!
    done
    for n in 1 2 3 4 5 6 7 8; do
        wait "${jobs[n]}"
    done
    assert_loads 'models>kimi-code/kimi-other>max_context_size=8192' 'default_model="kimi-code/kimi-other"'
    assert_same 1 "$(grep -c 'models."kimi-code/kimi-other"' "$CONFIG")"
    assert_same $'config.toml\nconfig.toml.lock' "$(find "$HOME/.kimi" -name '*config*' -printf '%f\n' | sort)"
}

## config.json, from before config.toml

legacy='{"default_model": "gpt", "default_thinking": null, "models": {"gpt": {"provider": "p", "model": "gpt-4", "max_context_size": 128000, "capabilities": null}}, "providers": {"p": {"type": "openai_legacy", "base_url": "https://example.com/v1", "api_key": "sk-\"1\"", "env": {"A": "b"}}}, "loop_control": {"max_steps_per_run": 100}, "services": {"moonshot_search": null}, "hooks": [{"event": "x"}]}'

@test "a config.json is migrated once and kept as config.json.bak" {
    mkdir -p "$HOME/.kimi"
    printf %s "$legacy" >"$HOME/.kimi/config.json"
    server_start
    logged_in
    assert_loads 'models>gpt={"provider": "p", "model": "gpt-4", "max_context_size": 128000}' 'providers>p>api_key="sk-\"1\""' \
        'providers>p>env={"A": "b"}' 'loop_control={"max_steps_per_run": 100}' 'hooks=[{"event": "x"}]' \
        'default_model="kimi-code/kimi-for-coding"'
    [ ! -e "$HOME/.kimi/config.json" ]
    assert_same "$legacy" "$(cat "$HOME/.kimi/config.json.bak")"
    assert_same 600 "$(mode "$CONFIG")"
}

@test "a byte order mark before a config.json is skipped" {
    mkdir -p "$HOME/.kimi"
    printf '\xef\xbb\xbf%s' "$legacy" >"$HOME/.kimi/config.json"
    server_start
    logged_in
    assert_loads 'models>gpt={"provider": "p", "model": "gpt-4", "max_context_size": 128000}'
}

@test "a config.json beside a config.toml is left alone" {
    write_config <<<'theme = "dark"'
    printf %s "$legacy" >"$HOME/.kimi/config.json"
    server_start
    logged_in
    assert_same "$legacy" "$(cat "$HOME/.kimi/config.json")"
    [ ! -e "$HOME/.kimi/config.json.bak" ]
    assert_loads 'models>gpt=null' 'theme="dark"'
}

@test "a config.json that cannot be migrated stays: 1 config, nothing written, the login kept" {
    mkdir -p "$HOME/.kimi"
    server_start
    store_login
    local text
    for text in '{"models": {' '[]' '5' '' '{"a": 1} x' $'{"a": "\xff"}'; do
        printf %s "$text" >"$HOME/.kimi/config.json"
        run -1 --separate-stderr kimi login --json
        assert_same config "$(event error data.code)" "code for $text"
        assert_contains "$stderr" config.json
        [ ! -e "$CONFIG" ]
        [ ! -e "$HOME/.kimi/config.json.bak" ]
        assert_same at-stored "$(stored access_token)"
    done
}

@test "logout with a config.json that holds a login takes it away there too" {
    mkdir -p "$HOME/.kimi"
    printf '{"default_model": "kimi-code/x", "models": {"kimi-code/x": {"provider": "managed:kimi-code", "model": "x", "max_context_size": 1}}, "providers": {"managed:kimi-code": {"type": "kimi", "base_url": "https://api.kimi.com/coding/v1", "api_key": ""}}, "theme": "light"}' >"$HOME/.kimi/config.json"
    store_login
    run -0 kimi logout
    assert_lacks "$(cat "$HOME/.kimi/config.toml" "$HOME/.kimi/config.json" 2>/dev/null)" kimi-code
}

## What is written

@test "a new config is what the wire facts say" {
    server_start
    logged_in
    assert_same "$(cat <<TOML
default_model = "kimi-code/kimi-for-coding"
default_thinking = true

[providers."managed:kimi-code"]
type = "kimi"
base_url = "$(server_url)/coding/v1"
api_key = ""
oauth = { storage = "file", key = "oauth/kimi-code" }

[models."kimi-code/kimi-for-coding"]
provider = "managed:kimi-code"
model = "kimi-for-coding"
max_context_size = 262144
capabilities = ["thinking", "image_in"]
display_name = "Kimi For Coding"

[models."kimi-code/kimi-k2-turbo"]
provider = "managed:kimi-code"
model = "kimi-k2-turbo"
max_context_size = 131072

[services.moonshot_search]
base_url = "$(server_url)/coding/v1/search"
api_key = ""
oauth = { storage = "file", key = "oauth/kimi-code" }

[services.moonshot_fetch]
base_url = "$(server_url)/coding/v1/fetch"
api_key = ""
oauth = { storage = "file", key = "oauth/kimi-code" }
TOML
)" "$(cat "$CONFIG")"
}

@test "thinking is off by default if the first model cannot" {
    server_start
    models_control '[{"id": "plain"}, {"id": "deep-thinking"}]'
    logged_in
    assert_loads 'default_thinking=false' 'models>kimi-code/deep-thinking>capabilities=["thinking", "always_thinking"]' \
        'models>kimi-code/plain>capabilities=null' 'models>kimi-code/plain>display_name=null'
}

@test "no token is ever in the config" {
    server_start
    server_control '{"pending": 0}'
    run -0 kimi login
    assert_lacks "$(cat "$CONFIG")" "$(stored access_token)"
    assert_lacks "$(cat "$CONFIG")" "$(stored refresh_token)"
}

@test "kimi token does not read the config if the credentials suffice" {
    store_login
    mkfifo "$CONFIG"
    run -0 timeout 5 kimi token
    assert_same at-stored "$output"
}

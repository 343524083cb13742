#!/usr/bin/env bats
# What reaches a terminal: no control bytes and no characters that reorder text, whatever the source.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

# Escape, bell, backspace, a window title, DEL, C1 as a character and as a byte, and characters that reorder or hide text.
EVIL=$'a\e[31mb\a\bc\e]0;title\a\x7fd\xc2\x9b2Je\x9bf\xe2\x80\xaeg\xe2\x80\xaah\xe2\x81\xa6i\xe2\x80\xa8j\xd8\x9ck\xe2\x80\x8fl'
EVIL+=$'\xe2\x80\x8bm\xe2\x80\x8dn\xe2\x81\xa0o\xef\xbb\xbfp\xf3\xa0\x81\x81q\xe1\xa0\x8er\xef\xbf\xb9s'
# The same for JSON and TOML, which cannot contain invalid bytes.
EVIL_JSON='a\u001b[31mb\u0007\bc\u001b]0;title\u0007\u007fd\u009b2Je\u202eg\u202ah\u2066i\u2028j\u061ck\u200fl'
EVIL_JSON+=$'\\u200bm\\u200dn\\u2060o\\ufeffp\xf3\xa0\x81\x81q\\u180er\\ufff9s'

# assert_tame FILE: its only control sequences are line ends and our colours.
assert_tame() {
    kimi_python - "$1" <<'PY'
import re, sys, unicodedata
text = open(sys.argv[1], "rb").read()
assert b"31m" in text.replace(b"\x1b[31m", b"OURS"), "nothing of it was shown: %r" % text
text = re.sub(rb"\x1b\[(0|1|2|22|3[0-9]|39|K|\?25[lh])*m?|\r", b"", text).decode("utf-8")
bad = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
assert not bad, "%r in %r" % (bad, text)
PY
}

@test "from a server: words of an error, names of models" {
    server_start
    server_control "{\"faults\": {\"refresh\": [{\"error\": \"x$EVIL_JSON\", \"description\": \"$EVIL_JSON\"}]},
        \"models\": [{\"id\": \"m\", \"display_name\": \"$EVIL_JSON\"}, {\"id\": \"n\", \"display_name\": \"plain\"}]}"
    store_login
    run -1 on_terminal --columns 200 kimi-refresh --force
    echo "$output" >shown
    on_terminal --columns 200 kimi-models >>shown
    assert_tame shown
}

@test "from a config: keys of models, a provider's name, what is wrong with it" {
    server_start
    store_login
    kimi-login --quiet
    printf '\n[models."%s"]\nprovider = "managed:kimi-code"\nmodel = "x"\nmax_context_size = 1\n' "$EVIL_JSON" >>"$HOME/.kimi/config.toml"
    run -2 on_terminal --columns 200 kimi-models --use nothing-like-it
    echo "$output" >shown
    printf '\n"%s" = = 5\n' "$EVIL" >>"$HOME/.kimi/config.toml"
    run on_terminal --columns 200 kimi-models --sync
    echo "$output" >>shown
    assert_tame shown
}

@test "from a file name, an argument, a variable" {
    server_start
    export KIMI_SHARE_DIR=$BATS_TEST_TMPDIR/$EVIL
    mkdir -p "$KIMI_SHARE_DIR/credentials/kimi-code.json"
    run on_terminal --columns 200 kimi-refresh --force
    echo "$output" >shown
    run on_terminal --columns 200 kimi-login --platform kimi-code --no-browser
    echo "$output" >>shown
    run on_terminal --columns 200 kimi-status
    echo "$output" >>shown
    run on_terminal --columns 200 kimi-token "--$EVIL"
    echo "$output" >>shown
    run on_terminal --columns 200 kimi "$EVIL"
    echo "$output" >>shown
    # shellcheck disable=SC2016 # expanded by sh
    DBUS_SESSION_BUS_ADDRESS=$EVIL run on_terminal --columns 200 sh -c 'printf "username=x\n\n" | "$0" get' \
        "$KIMI_TEST_BIN/../libexec/kimi/kimi-credential-libsecret"
    echo "$output" >>shown
    KIMI_CODE_OAUTH_HOST="https://$EVIL" run on_terminal --columns 200 kimi-refresh
    echo "$output" >>shown
    HTTPS_PROXY="http://$EVIL:9" KIMI_CODE_OAUTH_HOST=https://elsewhere.invalid KIMI_SHARE_DIR='' run hooked LOOKUP=-2 "$KIMI_TEST_PYTHON" -E -S \
        "$KIMI_TEST_ROOT/tests/on_terminal.py" --columns 200 kimi-login --platform kimi-code
    echo "$output" >>shown
    assert_tame shown
}

@test "what kimi shell, kimi models, kimi status and kimi token print of a config and of history" {
    server_start
    store_login
    kimi-login --quiet
    local config=$HOME/.kimi/config.toml
    printf '\n[models."%s"]\nprovider = "managed:kimi-code"\nmodel = "x"\nmax_context_size = 1\n' "$EVIL_JSON" >>"$config"
    sed -i "s|^default_model = .*|default_model = \"${EVIL_JSON//\\/\\\\}\"|" "$config"
    printf '{"time": 1, "event": "%s", "platform": "kimi-code", "outcome": "%s", "program": "p"}\n' "$EVIL_JSON" "$EVIL_JSON" \
        >>"$HOME/.kimi/history.jsonl"
    {
        on_terminal --columns 200 --type '> ' '/model\r/exit\r' kimi-shell
        printf '/model\n' | kimi-shell
        on_terminal --columns 200 kimi-models --list-keys
        on_terminal --columns 200 kimi-status
        on_terminal --columns 200 kimi-status --history
        on_terminal --columns 200 kimi-status --json
        on_terminal --columns 200 kimi-models --json
        on_terminal --columns 200 sh -c 'echo /model | kimi-shell --json'
    } >shown
    assert_same "$(printf '{"x": "%s"}' "$EVIL_JSON" | json x)" "$(echo /model | kimi-shell --json | json default_model)"
    assert_tame shown
}

@test "no custom header with a control or an invisible character is printed or sent" {
    local value
    server_start
    store_login
    kimi-login --quiet
    {
        printf '\n[providers."managed:kimi-code".custom_headers]\nX-Good = "gr\xc3\xbc\xc3\x9fe"\n'
        local n=0
        for value in '\u0007' '\u007f' '\u009b2J' '\u202e' '\u200b' '\ufeff' '\u2028'; do
            printf 'X-Bad-%d = "a%sb"\n' "$((n++))" "$value"
        done
    } >>"$HOME/.kimi/config.toml"
    run -0 kimi-token --headers
    assert_contains "$output" $'X-Good: gr\xc3\xbc\xc3\x9fe'
    assert_lacks "$output" X-Bad
    run -0 kimi-models
    assert_contains "$(server_last models)" '"x-good"'
    assert_lacks "$(server_last models)" '"x-bad'
}

@test "a message that is longer than a line is wrapped between words, and in a pipe it is one line" {
    local message="kimi token: unknown option '--no-such-option-as-this'; see 'kimi token --help'"
    run -2 on_terminal --columns 80 kimi-token --no-such-option-as-this
    assert_same "$message" "$output"
    # A command in quotes is not broken, so that it can be copied.
    run -2 on_terminal --columns 70 kimi-token --no-such-option-as-this
    assert_same "kimi token: unknown option '--no-such-option-as-this'; see
'kimi token --help'" "$output"
    run -2 on_terminal --columns 40 kimi-token --no-such-option-as-this
    assert_same "kimi token: unknown option
'--no-such-option-as-this'; see
'kimi token --help'" "$output"
    run -2 kimi-token --no-such-option-as-this
    assert_same "$message" "$output"
}

@test "the exec path and the names of commands" {
    local folder=$BATS_TEST_TMPDIR/$EVIL
    mkdir "$folder"
    cp -a "$KIMI_TEST_BIN"/kimi* "$folder"
    : >"$folder/kimi-$EVIL"
    chmod +x "$folder/kimi-$EVIL"
    export KIMI_EXEC_PATH=$folder
    on_terminal --columns 200 kimi --exec-path >shown
    on_terminal --columns 200 kimi --list-cmds >>shown
    on_terminal --columns 200 kimi help >>shown
    assert_tame shown
    assert_same "$folder" "$(kimi --exec-path)" "what a script gets"
}

#!/usr/bin/env bats
# What reaches a terminal: no byte that steers it and no character that turns text around, from wherever it comes.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell, which is meant; run and start set variables
bats_require_minimum_version 1.5.0
load helper
load processes

# Escape, bell, backspace, DEL, C1 as a character and as a byte, and what reorders or hides text.
EVIL=$'a\e[31mb\a\bc\x7fd\xc2\x9b2Je\x9bf\xe2\x80\xaeg\xe2\x80\xaah\xe2\x81\xa6i\xe2\x80\xa8j\xd8\x9ck\xe2\x80\x8fl'
# The same for JSON, which holds no stray bytes.
EVIL_JSON='a\u001b[31mb\u0007\bc\u007fd\u009b2Je\u202eg\u202ah\u2066i\u2028j\u061ck\u200fl'

# on_terminal COMMAND...: on one of its own; prints what was shown there.
on_terminal() { kimi_python "$KIMI_TEST_ROOT/tests/on_terminal.py" --columns 200 "$@"; }

# assert_tame FILE: of what steers there is only the end of a line, and the colours that are ours.
assert_tame() {
    kimi_python - "$1" <<'PY'
import re, sys
text = open(sys.argv[1], "rb").read()
assert b"31m" in text.replace(b"\x1b[31m", b"OURS"), "nothing of it was shown: %r" % text
text = re.sub(rb"\x1b\[(0|1|2|22|3[0-9]|39|K|\?25[lh])*m?|\r", b"", text).decode("utf-8")
bad = [c for c in text if (ord(c) < 0x20 and c != "\n") or 0x7f <= ord(c) <= 0x9f or c in
       "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]
assert not bad, "%r in %r" % (bad, text)
PY
}

@test "from a server: words of an error, names of models" {
    server_start
    server_control "{\"faults\": {\"refresh\": [{\"error\": \"x$EVIL_JSON\", \"description\": \"$EVIL_JSON\"}]},
        \"models\": [{\"id\": \"m\", \"display_name\": \"$EVIL_JSON\"}, {\"id\": \"n\", \"display_name\": \"plain\"}]}"
    store_login
    run -1 on_terminal kimi-refresh --force
    echo "$output" >shown
    on_terminal kimi-models >>shown
    assert_tame shown
}

@test "from a config: keys of models, a provider's name, what is wrong with it" {
    server_start
    store_login
    kimi-login --quiet
    printf '\n[models."%s"]\nprovider = "managed:kimi-code"\nmodel = "x"\nmax_context_size = 1\n' "$EVIL_JSON" >>"$HOME/.kimi/config.toml"
    run -2 on_terminal kimi-models --use nothing-like-it
    echo "$output" >shown
    printf '\n"%s" = = 5\n' "$EVIL" >>"$HOME/.kimi/config.toml"
    run on_terminal kimi-models --sync
    echo "$output" >>shown
    assert_tame shown
}

@test "from a file name, an argument, a variable" {
    server_start
    export KIMI_SHARE_DIR=$BATS_TEST_TMPDIR/$EVIL
    mkdir -p "$KIMI_SHARE_DIR/credentials/kimi-code.json"
    run on_terminal kimi-refresh --force
    echo "$output" >shown
    run on_terminal kimi-login --platform kimi-code --no-browser
    echo "$output" >>shown
    run on_terminal kimi-status
    echo "$output" >>shown
    run on_terminal kimi-token "--$EVIL"
    echo "$output" >>shown
    run on_terminal kimi "$EVIL"
    echo "$output" >>shown
    KIMI_CODE_OAUTH_HOST="https://$EVIL" run on_terminal kimi-refresh
    echo "$output" >>shown
    HTTPS_PROXY="http://$EVIL:9" KIMI_CODE_OAUTH_HOST=https://elsewhere.invalid KIMI_SHARE_DIR='' run hooked LOOKUP=-2 "$KIMI_TEST_PYTHON" -E -S \
        "$KIMI_TEST_ROOT/tests/on_terminal.py" --columns 200 kimi-login --platform kimi-code
    echo "$output" >>shown
    assert_tame shown
}

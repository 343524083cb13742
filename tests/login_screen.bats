#!/usr/bin/env bats
# What a person sees while a login waits for confirmation, on terminals of several kinds and sizes.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run sets output

bats_require_minimum_version 1.5.0
load helper
load login_helper

setup() {
    kimi_setup
    server_start
    server_control '{"approve": "no"}'
    export TERM=xterm NO_COLOR=1
}

# screen [--columns N] [--rows N] [-- OPTION...]: the complete screen of a login that is then interrupted.
screen() {
    local size=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do size+=("$1") && shift; done
    on_terminal "${size[@]}" --type "${AFTER:-left}" '\x03' kimi login --platform kimi-code "${@:2}"
}

finder='██ ▄▄▄▄▄ █'

@test "on 24 rows the page, the QR code, the code and the time left are in view together" {
    run -130 screen
    assert_contains "$output" "$finder"
    assert_contains "$output" $'█    Check that it shows this code:\n'
    [[ $output =~ █\ {6}[0-9A-F]{4}-[0-9A-F]{4}$'\n' ]]
    # From the page to the line that counts down; the error at the end is one more.
    [ "$(sed -n '/http:/,$p' <<<"$output" | wc -l)" -le 25 ]
}

@test "on a narrow terminal the code is below the QR code, and no line but the page's wraps" {
    run -130 screen --columns 40 --rows 40
    assert_contains "$output" "$finder"
    assert_contains "$output" $'\n  Check that it shows this code:\n'
    assert_same "" "$(tr '\r' '\n' <<<"$output" | grep -v -e http -e '^kimi login:' | grep -E '.{41}')"
}

@test "if the QR code would push the page out of view it is left out, except with --qr" {
    run -130 screen --rows 20
    assert_lacks "$output" "$finder"
    assert_contains "$output" $'\n  Check that it shows this code:\n'
    run -130 screen --rows 20 -- --qr
    assert_contains "$output" "$finder"
}

@test "a QR code that was asked for and does not fit is said, one that was not is left out" {
    run -130 screen --columns 30 --rows 40 -- --qr
    assert_contains "$output" $'\n  no QR code fits this\n  terminal\n'
    run -130 screen --columns 30 --rows 40
    assert_lacks "$output" "QR"
    # The line that is redrawn does not wrap either.
    assert_lacks "$output" "waiting for you"
}

@test "colour only on a terminal that has it, and not with NO_COLOR" {
    run -130 screen
    assert_lacks "$output" $'\e[1'
    assert_lacks "$output" $'\e[97'
    NO_COLOR='' run -130 screen
    assert_contains "$output" $'\e[1;7m'
    assert_contains "$output" $'\e[97;40m██'
    TERM=dumb NO_COLOR='' AFTER=$'this code:' run -130 screen
    assert_lacks "$output" $'\e'
    assert_lacks "$output" "left"
}

@test "if a browser opens the page there is no QR code; if none can be started, there is" {
    export DISPLAY=:7 BROWSER=true
    run -130 screen
    assert_lacks "$output" "$finder"
    assert_contains "$output" "the page opens in your browser"
    PATH=$KIMI_TEST_BIN BROWSER=/nonexistent/browser run -130 screen
    assert_contains "$output" "$finder"
    assert_lacks "$output" "the page opens in your browser"
}

@test "without a terminal there are two plain lines, and the QR code if it was asked for" {
    server_control '{"pending": 0}'
    run -0 --separate-stderr kimi login --quiet
    assert_same 2 "$(wc -l <<<"$stderr" | tr -d ' ')"
    run -0 --separate-stderr kimi login --quiet --force --qr
    assert_contains "$stderr" "$finder"
    assert_lacks "$stderr" $'\e'
}

# large_lines: the number of lines that have only large letters.
large_lines() { tr '\r' '\n' <<<"$output" | grep -cE '^ *[█▀▄]( *[█▀▄])+ *$'; }

@test "the code is also shown in large letters if they fit" {
    export DISPLAY=:7 BROWSER=true
    run -130 screen
    assert_same 3 "$(large_lines)"
    [[ $output =~ $'\n'\ {5}[0-9A-F]{4}-[0-9A-F]{4}$'\n' ]]
    run -130 screen --columns 40
    assert_same 3 "$(large_lines)"
    run -130 screen --columns 39
    assert_same 0 "$(large_lines)"
    # Better than a QR code that does not fit.
    PATH=$KIMI_TEST_BIN BROWSER=/nonexistent/browser run -130 screen --columns 40
    assert_lacks "$output" "$finder"
    assert_same 3 "$(large_lines)"
    run -130 screen --rows 11
    assert_same 0 "$(large_lines)"
    TERM=dumb AFTER='this code:' run -130 screen
    assert_same 0 "$(large_lines)"
}

@test "after a success the page and the codes are gone, and it says what to type next: at 80 and 40 columns" {
    server_control '{"pending": 0}'
    run -0 on_terminal --screen kimi login --platform kimi-code
    assert_same "  Logged in to Kimi Code.

  models      2 models, default kimi-for-coding
  stored in   ~/.kimi/credentials/kimi-code.json (private file;
              KIMI_DISABLE_KEYRING is set)
  next:       kimi models, or kimi token in a script; the token renews itself" "$output"
    run -0 on_terminal --columns 40 --rows 40 --screen kimi login --platform kimi-code --force --qr
    assert_same "  Logged in to Kimi Code.

  models      2 models, default
              kimi-for-coding
  stored in   ~/.kimi/credentials/kimi-c
ode.json
              (private file;
              KIMI_DISABLE_KEYRING is
              set)
  next:       kimi models, or kimi token
              in a script; the token
              renews itself" "$output"
    # The second code of a login, and a page that is opened by a browser.
    server_control '{"pending": 0, "approve": "yes", "faults": {"poll": [{"error": "expired_token"}]}}'
    DISPLAY=:7 BROWSER=true run -0 on_terminal --screen kimi login --platform kimi-code --force
    assert_contains "$output" "  Logged in to Kimi Code."
    assert_lacks "$output" "this code"
    assert_lacks "$output" "http"
    assert_lacks "$output" "opens in your browser"
    # If the cursor cannot be moved, it is left where it is.
    TERM=dumb run -0 on_terminal --screen kimi login --platform kimi-code --force
    assert_contains "$output" "Check that it shows this code:"
}

@test "after a failure the page and the code stay" {
    server_control '{"approve": "denied", "pending": 0}'
    run -1 on_terminal --screen kimi login --platform kimi-code
    assert_contains "$output" "Check that it shows this code:"
}

@test "a success with an API key, and one of an account, say what to type next" {
    server_control '{"pending": 0, "api_keys": {"cn": ["sk-cn"]}}'
    run -0 on_terminal --screen --type 'API key' 'sk-cn\r' kimi login --platform moonshot-cn
    assert_contains "$output" "stored in   ~/.kimi/config.toml"
    assert_contains "$output" $'next:       kimi models --platform moonshot-cn, or kimi token --platform\n              moonshot-cn in a script'
    run -0 on_terminal --screen kimi login --account work
    assert_contains "$output" "Logged in to Kimi Code, account work."
    assert_contains "$output" "next:       kimi token --account work in a script; the token renews itself"
    assert_lacks "$output" "models  "
}

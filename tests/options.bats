#!/usr/bin/env bats
# The options that every command has, and how wrong ones are refused.

# Each test runs in a subshell; run sets stderr; sh -c and the fakes take quoted scripts; setup sets CONFIG.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016,SC2153

bats_require_minimum_version 1.5.0
load helper
load login_helper

# The commands in the directory under test, without a user's own kimi-foo.
commands() {
    local path
    for path in "$KIMI_TEST_BIN"/kimi-*; do
        case $path in
        *-credential-*) ;;
        *) echo "${path##*/kimi-}" ;;
        esac
    done
}

@test "--help mentions every option of --list-options, for every command" {
    local sub help name
    for sub in $(commands); do
        help=$(kimi "$sub" --help)
        kimi "$sub" --list-options >"$BATS_TEST_TMPDIR/list"
        [ -s "$BATS_TEST_TMPDIR/list" ] || fail "kimi $sub lists nothing"
        while IFS=$'\t' read -r name _; do
            grep -Eq -- "(^| )$name( |\$)" <<<"$help" || fail "kimi $sub --help lacks $name"
        done <"$BATS_TEST_TMPDIR/list"
    done
}

@test "--list-options has three fields a line: option, argument, help" {
    local sub
    for sub in $(commands); do
        kimi "$sub" --list-options | awk -F '\t' 'NF != 3 || $1 !~ /^--[a-z][a-z-]*$/ || $3 == "" { print; bad = 1 } END { exit bad }' ||
            fail "of kimi $sub"
    done
}

@test "every command has help, version, json and quiet; --list-options is hidden" {
    local sub name
    for sub in $(commands); do
        run -0 kimi "$sub" --list-options
        for name in --help --version --json --quiet; do
            assert_contains "$output" "$name"$'\t'
        done
        assert_lacks "$output" --list-options
        run -0 kimi "$sub" --help
        assert_lacks "$output" --list-options
    done
}

@test "--help and -h print the same to standard output: 0, without HOME" {
    local sub
    for sub in $(commands); do
        run -0 --separate-stderr env -u HOME "PATH=$PATH" kimi "$sub" --help
        assert_contains "$output" "usage: kimi $sub"
        assert_same "" "$stderr"
        local help=$output
        run -0 kimi "$sub" -h
        assert_same "$help" "$output"
    done
}

@test "the lines of --help fit a terminal of 80 columns" {
    local sub
    for sub in "" $(commands); do
        # shellcheck disable=SC2086 # empty for the front
        kimi $sub --help | awk 'length > 80 { print; bad = 1 } END { exit bad }' || fail "of kimi $sub" || return
    done
}

@test "on a terminal of 80 and of 40 columns no line of the help is longer, but an example" {
    local columns words
    for columns in 80 40; do
        while read -r words; do
            # shellcheck disable=SC2086 # split on purpose
            run -0 on_terminal --columns "$columns" kimi $words
            assert_contains "$output" "usage: kimi" || return
            run grep -vE "^.{0,$columns}\$|^  [$] " <<<"$output"
            assert_same "" "$output" "too long at $columns columns: kimi $words" || return
        done < <(printf '%s\n' "" help --help -h && commands | sed 's/$/ --help/')
    done
    # Nothing is cut, and the last line can still be copied.
    run -0 on_terminal --columns 40 kimi login -h
    assert_contains "$output" $'  --storage auto|keyring|file\n      where to store the login'
    assert_contains "$output" "Manual: kimi help login"
}

@test "--help has examples, which name the command, and ends with where the manual is" {
    local sub examples
    for sub in $(commands); do
        run -0 kimi "$sub" -h
        examples=$(sed -n '/^EXAMPLES$/,/^$/p' <<<"$output")
        [[ $examples == *$'\n  $ '*"kimi $sub"* ]] || fail "kimi $sub: $examples" || return
        assert_same "Manual: kimi help $sub" "$(tail -n 1 <<<"$output")" || return
    done
}

# Each pair of options that exclude each other, each value that is checked, and extra operands.
@test "wrong usage is found before anything else: 2, without HOME" {
    local line
    while read -r line; do
        # shellcheck disable=SC2086 # split on purpose
        run -2 --separate-stderr env -u HOME "PATH=$PATH" kimi $line </dev/null
        [ "$(wc -l <<<"$stderr")" -eq 1 ] || fail "kimi $line: $stderr" || return
        assert_lacks "$stderr" HOME || return
    done <<'END'
login --client nobody
login --platform nowhere
login --platform moonshot-cn --account work
login --platform moonshot-cn --region global
login --api-key-stdin --account work
login --api-key-stdin --storage keyring
login --platform moonshot-cn --storage keyring
login --client kimi-cli --region global
login --client kimi-code --storage keyring
login --region nowhere
login --storage nowhere
login --timeout 0
login --timeout x
login --account a/b
login extra
login --qr=1
login --timeout
logout --all --account work
logout --all --platform moonshot-cn
logout --all --account a/b
logout --platform nowhere
logout --platform moonshot-cn --account work
logout --account a/b
logout --client nobody
logout extra
token --header --headers
token --headers --json
token --header --json
token --min-valid -1
token --min-valid x
token --platform nowhere
token --platform moonshot-cn --account work
token --account a/b
token --client nobody
token extra
models --thinking on
models --thinking maybe --use x
models --use x --account work
models --sync --account work
models --use x --account a/b
models --account a/b
models --platform nowhere
models --platform nowhere --use x
models --platform moonshot-cn --account work
models --client nobody
models --use=
models extra
usage --check 101
usage --check x
usage --check 5 --line
usage --all --line
usage --all --account work
usage --platform nowhere
usage --all --platform nowhere
usage --platform moonshot-cn --account work
usage --account a/b
usage --client nobody
usage --max-age -1
usage --line --max-age 5 --platform nowhere
usage extra
refresh --watch --force
refresh --watch --models
refresh --watch --storage file
refresh --watch --platform moonshot-cn
refresh --platform nowhere
refresh --platform moonshot-cn --account work
refresh --client kimi-code --storage keyring
refresh --storage auto
refresh --min-valid x
refresh --account a/b
refresh --client nobody
refresh extra
status --check --line
status --check --history
status --check --online
status --line --history
status --history --online
status --min-valid 5
status --all
status --check --all --account work
status --platform nowhere
status --check --platform nowhere
status --line --platform nowhere
status --history --platform nowhere
status --platform moonshot-cn --account work
status --account a/b
status --history --account a/b
status --client nobody
status --check --min-valid x
status extra
exec
exec --env 1x -- true
exec --file-env 1x -- true
exec --env A --file-env A -- true
exec --platform nowhere -- true
exec --platform moonshot-cn --account work -- true
exec --account a/b -- true
exec --client nobody -- true
exec --interval x -- true
proxy --listen 127.0.0.1:0 --socket /tmp/x
proxy --listen 0.0.0.0:80
proxy --listen 127.0.0.1:99999
proxy --listen x
proxy --socket relative
proxy --env none --env openai
proxy --env odd
proxy --platform nowhere
proxy --platform moonshot-cn --account work
proxy --account a/b
proxy --client nobody
proxy --grace x
proxy --listen=
proxy --key-file=
shell --platform nowhere
shell --platform moonshot-cn --account work
shell --account a/b
shell --client nobody
shell extra
nothing-like-this
END
    # The environment may name the client, platform or account.
    KIMI_CLIENT=kimi-code run -2 env -u HOME "PATH=$PATH" kimi login --storage keyring
    KIMI_SHARE_DIR=/nowhere run -2 env -u HOME "PATH=$PATH" kimi login --region global
    KIMI_ACCOUNT=work run -2 env -u HOME "PATH=$PATH" kimi models --sync
    KIMI_ACCOUNT=a/b run -2 env -u HOME "PATH=$PATH" kimi shell
}

@test "an unknown option is one line that names the nearest: 2, for every command" {
    local sub
    for sub in $(commands); do
        run -2 --separate-stderr env -u HOME "PATH=$PATH" kimi "$sub" --jsno
        assert_error "$sub" "'--jsno'; did you mean --json\\?"
        assert_same "" "$output"
    done
}

@test "an unknown option near to nothing: see the command's --help" {
    run -2 --separate-stderr kimi login --xyzzyplugh
    assert_error login "'--xyzzyplugh'; see 'kimi login --help'"
}

@test "an unknown option with a value is distinguished from a known one with a bad value" {
    run -2 --separate-stderr kimi login --timeot=5
    assert_error login "did you mean --timeout"
    run -2 --separate-stderr kimi login --timeout=odd
    assert_error login "takes a number"
}

@test "an unknown letter: 2" {
    run -2 --separate-stderr kimi login -x
    assert_error login "'-x'"
    run -2 --separate-stderr kimi login -hx
    assert_error login "'-x'"
}

@test "an option with control characters is shown clean, on one line" {
    run -2 --separate-stderr kimi login $'--x\e[2J\ny'
    assert_error login .
    assert_lacks "$stderr" $'\e'
}

@test "a very long option does no harm" {
    local long
    printf -v long '%*s' 100000 ''
    run -2 --separate-stderr kimi login "--${long// /x}"
    assert_error login .
    [ "${#stderr}" -lt 400 ]
}

@test "a wrong option with --json is an error event with the code usage, too" {
    run -2 --separate-stderr kimi login --nope --json
    assert_same error "$(event_types <<<"$output")"
    assert_same usage "$(event error data.code)"
    assert_error login nope
}

@test "--NAME VALUE and --NAME=VALUE are the same" {
    store_login
    run -0 kimi token --platform=kimi-code
    assert_same at-stored "$output"
    run -0 kimi token --platform kimi-code
    assert_same at-stored "$output"
    run -0 kimi token --min-valid 10 --min-valid=20
    assert_same at-stored "$output"
}

@test "an option may follow an operand, and may be repeated" {
    store_login
    run -0 kimi token --header --header
    assert_same "Authorization: Bearer at-stored" "$output"
}

@test "-- ends options" {
    store_login
    run -0 kimi token --
    assert_same at-stored "$output"
    run -2 --separate-stderr kimi token -- --header
    assert_error token "'--header'"
}

@test "a missing value: 2" {
    run -2 --separate-stderr kimi login --timeout
    assert_error login "--timeout needs a value"
    run -2 --separate-stderr kimi login --force --platform
    assert_error login "--platform needs a value"
}

@test "an empty value: 2" {
    run -2 --separate-stderr kimi login --platform=
    assert_error login --platform
    run -2 --separate-stderr kimi login --timeout ''
    assert_error login --timeout
}

@test "a value for a flag: 2" {
    run -2 --separate-stderr kimi login --force=yes
    assert_error login "--force takes no value"
}

@test "an extra operand: 2, for every command" {
    local sub
    for sub in login logout models refresh token; do
        run -2 --separate-stderr kimi "$sub" extra
        assert_error "$sub" "'extra'"
    done
}

@test "an invalid number, or one out of range: 2" {
    local value
    for value in x 0 -1 1e3 nan inf 0x10 5s ' 5' '5 ' 86401 99999999999999999999999999 . 1.2.3; do
        run -2 --separate-stderr kimi login "--timeout=$value"
        assert_error login "--timeout takes a number from 1 to 86400"
    done
}

@test "an unknown platform: 2, and the line lists them" {
    local sub
    for sub in login logout models refresh token; do
        run -2 --separate-stderr kimi "$sub" --platform nope
        assert_error "$sub" kimi-code
        assert_contains "$stderr" moonshot-cn
        assert_contains "$stderr" moonshot-ai
    done
}

@test "wrong usage asks no server and makes no file" {
    server_start
    run -2 kimi login --nope
    run -2 kimi models extra
    run -2 kimi logout --platform
    assert_same 0 "$(server_count all)"
    assert_same "" "$(ls -A "$HOME")"
}

@test "the commands run with their standard descriptors closed" {
    store_login
    kimi-token --version >&- && fail "a lost line is an error"
    kimi-token --version <&- 2>&- >/dev/null
    kimi-logout <&- >&- 2>&-
    [ ! -e "$HOME/.kimi/credentials/kimi-code.json" ]
}

@test "help that cannot be written in full is an error: 1" {
    run -1 --separate-stderr sh -c 'kimi login --help >/dev/full'
    assert_error login "standard output"
}

@test "an event that cannot be written is an error that says why; a closed pipe is not" {
    store_login
    run -1 --separate-stderr sh -c 'kimi refresh --json >/dev/full'
    assert_error refresh "standard output: No space left"
    kimi_python -c '
import os, subprocess, sys
ends = os.pipe()
os.close(ends[0])
run = subprocess.run(["kimi-refresh", "--json"], stdout=ends[1], stderr=subprocess.PIPE)
sys.exit(0 if (run.returncode, run.stderr) == (1, b"") else str(run))'
}

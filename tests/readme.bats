#!/usr/bin/env bats
# README.md holds what it promises: its commands run, its make targets and options exist.

bats_require_minimum_version 1.5.0
load helper

README=$KIMI_TEST_ROOT/README.md

# readme_commands: what stands behind "$ " in the blocks marked sh, as a bash script in which each command is told by
# the number of its line before it runs. A line that ends in \, or with a quote still open, goes on in the next one.
readme_commands() {
    kimi_python - "$README" <<'END'
import shlex, sys

def is_open(command):
    try:
        shlex.split(command)
    except ValueError:
        return True
    return command.endswith("\\")

inside, command = False, ""
for number, line in enumerate(open(sys.argv[1], encoding="utf-8"), 1):
    line = line.rstrip("\n")
    if line.startswith("```"):
        assert not command, "line %d: the block ends inside a command" % number
        inside = line == "```sh"
    elif command:
        command += "\n" + line
    elif inside and line.startswith("$ "):
        print("at=%d" % number)
        command = line[2:]
    if command and not is_open(command):
        print(command)
        command = ""
END
}

@test "each command in a block marked sh runs" {
    server_start
    server_control '{"pending": 0}'
    readme_commands >"$BATS_TEST_TMPDIR/script"
    run grep -c '^at=' "$BATS_TEST_TMPDIR/script"
    [ "$output" -ge 25 ] || fail "only $output commands were found"
    # In one shell, in their order, as a reader would: the login is theirs, and $api too. Bash does not tell the status
    # of a failed command in a pipeline's beginning, nor is a reader told.
    printf 'set -eu\ntrap '\''[ $? = 0 ] || echo "README.md:$at failed"'\'' EXIT\n' >"$BATS_TEST_TMPDIR/run"
    cat "$BATS_TEST_TMPDIR/script" >>"$BATS_TEST_TMPDIR/run"
    cd "$HOME"
    export -f timeout patient
    export PATIENCE
    run bash -o pipefail "$BATS_TEST_TMPDIR/run"
    [ "$status" -eq 0 ]
    assert_contains "$output" "the default model is kimi-code/kimi-k2-turbo now"
    assert_contains "$output" $'\nkimi-code/kimi-for-coding\n'
    assert_contains "$output" $'\nended\n'
    assert_contains "$output" "kimi-code@work fresh"
    assert_contains "$output" "sk-of-ci"
    assert_contains "$output" "kimi token: not logged in; run 'kimi login'"
}

@test "nothing is named as a token's argument: curl gets it from a pipe" {
    run ! grep -nE -- '-H "?Authorization: Bearer \$' "$README"
    # shellcheck disable=SC2016 # the text itself
    run ! grep -nE -- '-H "\$\(kimi' "$README"
}

@test "each make target exists" {
    local target
    # In blocks and in the text, behind "make" and before options or variables.
    while read -r target; do
        grep -qE "^$target:" "$KIMI_TEST_ROOT"/{,tests/}Makefile || fail "README.md names 'make $target'" || return
    done < <(grep -oE '(^\$ |sudo |`)make [a-z][a-z-]*' "$README" | awk '{ print $NF }' | sort -u)
    # And each that people are meant to use is in it.
    for target in demo check login install uninstall deb dist deps help test lint sanitize fuzz bench; do
        grep -qE "(^\\$ |sudo |\`)make $target" "$README" || fail "README.md does not name 'make $target'" || return
    done
}

@test "each option named exists in a command" {
    local option known
    known=$(for program in "$KIMI_TEST_BIN"/kimi-*; do "$program" --list-options; done | cut -f 1 | sort -u)
    # Those of other programs, and of the front.
    known=$(printf '%s\n' "$known" --user --now --preserve-status --exec-path)
    while read -r option; do
        grep -qxF -- "$option" <<<"$known" || fail "README.md names $option, which no command has" || return
    done < <(grep -oE -- '(^|[ `(])--[a-z][a-z-]+' "$README" | grep -oE -- '--[a-z-]+' | sort -u)
}

@test "each command, file and folder named is there" {
    local name
    while read -r name; do
        [ -x "$KIMI_TEST_BIN/kimi-$name" ] || fail "README.md names 'kimi $name'" || return
    done < <(grep -oE '(^|[`$( ])kimi (login|logout|token|models|refresh|status|usage|exec|shell)\b' "$README" | awk '{ print $NF }' | sort -u)
    while read -r name; do
        [ -e "$KIMI_TEST_ROOT/$name" ] || fail "README.md names $name" || return
    done < <(grep -oE '`(cmd|lib|tests|man|completions|share)/[a-z_./]*`' "$README" | tr -d '`' | grep -v '^share/kimi/' | sort -u)
    for name in kimi-refresh.timer kimi-watch.service; do
        [ -e "$KIMI_TEST_ROOT/share/systemd/$name" ] || fail "no $name" || return
    done
}

@test "the exit statuses and the packages are those of the manual and of packages.sh" {
    local name
    for name in 0 1 2 4 75 130; do
        grep -qE "^\| $name \|" "$README" || fail "no status $name" || return
    done
    # Every package that the build needs, in every column.
    sed -n '/^needs_of_required/,/^needs_of_build/p' "$KIMI_TEST_ROOT/tests/packages.sh" |
        sed -n "s/^[[:space:]]*need \('[^']*'\|\"\\\$1\"\) //p" | tr -d "'" | tr ' ' '\n' | grep -v '^"' | sort -u >"$BATS_TEST_TMPDIR/packages"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/packages")" -ge 25 ] || fail "packages.sh was not understood"
    while read -r name; do
        grep -qE "[ |]$name( |$)" "$README" || fail "README.md lacks the package $name" || return
    done <"$BATS_TEST_TMPDIR/packages"
}

#!/usr/bin/env bats
# README.md and the documents in share/doc: commands run, and the make targets and options that they name exist.

bats_require_minimum_version 1.5.0
load helper

README=$KIMI_TEST_ROOT/README.md
DOCUMENTS=("$README" "$KIMI_TEST_ROOT"/share/doc/*.md)

# commands_of FILE: the commands after "$ " in its sh blocks, as a bash script that reports the line number of each before it
# runs. A line that ends in \ or inside a quote continues on the next one. The loopback server stands in for Kimi's.
commands_of() {
    kimi_python - "$1" <<'END' | sed "s,https://api.kimi.com/coding/v1,$KIMI_CODE_BASE_URL,g"
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

# run_document FILE: runs them in one shell, in order, as a reader would. Like a reader, it does not notice if a command at
# the beginning of a pipeline fails. Sets $commands to their number.
run_document() {
    local script=$BATS_TEST_TMPDIR/run
    {
        # shellcheck disable=SC2016 # expanded by that script
        printf 'set -eu\ntrap '\''[ $? = 0 ] || echo "%s:$at failed"'\'' EXIT\n' "${1##*/}"
        commands_of "$1"
    } >"$script"
    commands=$(grep -c '^at=' "$script" || true)
    assert_lacks "$(cat "$script")" api.kimi.com || return
    cd "$HOME" || return
    export -f timeout patient
    export PATIENCE
    run bash -o pipefail "$script"
    [ "$status" -eq 0 ]
}

@test "each command of the README runs" {
    server_start
    server_control '{"pending": 0}'
    run_document "$README"
    [ "$commands" -ge 15 ] || fail "only $commands commands were found"
    assert_contains "$output" '"data":'
    assert_contains "$output" $'\nkimi-code/kimi-for-coding\n'
    assert_contains "$output" $'\nended\n'
    assert_contains "$output" "kimi-code@work fresh"
    assert_contains "$output" "sk-of-ci"
    assert_contains "$output" "kimi token: not logged in; run 'kimi login'"
}

@test "each command of the documents runs, for a user who is logged in" {
    local document all=0
    server_start
    server_control '{"pending": 0}'
    for document in "${DOCUMENTS[@]:1}"; do
        rm -rf "$HOME"
        mkdir "$HOME"
        kimi-login --quiet 2>/dev/null
        run_document "$document" || return
        all=$((all + commands))
    done
    [ "$all" -ge 15 ] || fail "only $all commands were found"
}

@test "the README is short, and begins with what a newcomer needs" {
    local number last=0 text
    [ "$(wc -l <"$README")" -lt 200 ] || fail "$(wc -l <"$README") lines"
    # In that order, on the first screen.
    for text in '# kimi' '](share/doc/session.svg)' 'make install' '$ kimi login' '$ curl ' '* **One' '* **Fast' 'share/doc/recipes.md'; do
        number=$(grep -nF -m 1 -- "$text" "$README" | cut -d : -f 1)
        [ "${number:-0}" -gt "$last" ] || fail "'$text' is in line ${number:-none}, after line $last" || return
        last=$number
    done
    [ "$last" -le 40 ] || fail "the first screen ends in line $last"
    grep -q '^## Limits' "$README"
}

@test "each link leads to a file, and the README links each document" {
    local document target
    for document in "${DOCUMENTS[@]}"; do
        while read -r target; do
            [ -e "${document%/*}/$target" ] || fail "${document##*/} links $target" || return
        done < <(grep -oE '\]\([^)#]+' "$document" | cut -c 3- | grep -v '^https:' | sort -u)
    done
    for document in "${DOCUMENTS[@]:1}"; do
        grep -qF "(share/doc/${document##*/})" "$README" || fail "README.md does not link ${document##*/}" || return
    done
}

# words_of FILE: the text of an SVG, without what differs from run to run; fails if it is not well-formed.
words_of() {
    kimi_python - "$1" <<'END'
import re, sys, xml.etree.ElementTree
root = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
for text in root.iter("{http://www.w3.org/2000/svg}text"):
    print(*re.findall(r"\b[a-z]{4,}\b", text.text))
END
}

@test "the picture is of a session with the programs as they are" {
    local name
    words_of "$KIMI_TEST_ROOT/share/doc/session.svg" >"$BATS_TEST_TMPDIR/kept"
    for name in login status usage; do
        grep -qx "kimi $name" "$BATS_TEST_TMPDIR/kept" || fail "it does not show kimi $name" || return
    done
    kimi_python "$KIMI_TEST_ROOT/tests/picture.py" "$KIMI_TEST_BIN" "$BATS_TEST_TMPDIR/new.svg"
    words_of "$BATS_TEST_TMPDIR/new.svg" >"$BATS_TEST_TMPDIR/new"
    diff "$BATS_TEST_TMPDIR/kept" "$BATS_TEST_TMPDIR/new" || fail "run make picture"
}

@test "nothing is named as a token's argument: curl gets it from a pipe" {
    run ! grep -nE -- '-H "?Authorization: Bearer \$' "${DOCUMENTS[@]}"
    # shellcheck disable=SC2016 # literal text
    run ! grep -nE -- '-H "\$\(kimi' "${DOCUMENTS[@]}"
}

@test "each make target exists" {
    local target
    # In code blocks and in the text, after "make" and before options or variables.
    while read -r target; do
        grep -qE "^$target:" "$KIMI_TEST_ROOT"/{,tests/}Makefile || fail "the documents name 'make $target'" || return
    done < <(grep -ohE '(^\$ |sudo |`)make [a-z][a-z-]*' "${DOCUMENTS[@]}" | awk '{ print $NF }' | sort -u)
    # Each target that people should use is mentioned.
    for target in demo check login install uninstall deb dist deps help test lint sanitize fuzz bench; do
        grep -qE "(^\\$ |sudo |\`)make $target" "${DOCUMENTS[@]}" || fail "no document names 'make $target'" || return
    done
}

@test "each option named exists in a command" {
    local option known
    known=$(for program in "$KIMI_TEST_BIN"/kimi-*; do "$program" --list-options; done | cut -f 1 | sort -u)
    # Options of other programs, and of the front.
    known=$(printf '%s\n' "$known" --user --now --preserve-status --exec-path --auth-type --model --provider)
    while read -r option; do
        grep -qxF -- "$option" <<<"$known" || fail "a document names $option, which no command has" || return
    done < <(grep -ohE -- '(^|[ `(])--[a-z][a-z-]+' "${DOCUMENTS[@]}" | grep -oE -- '--[a-z-]+' | sort -u)
}

@test "each command, file and directory that is named exists" {
    local name
    while read -r name; do
        [ -x "$KIMI_TEST_BIN/kimi-$name" ] || fail "a document names 'kimi $name'" || return
    done < <(grep -ohE '(^|[`$( ])kimi (login|logout|token|models|refresh|status|usage|exec|shell)\b' "${DOCUMENTS[@]}" | awk '{ print $NF }' | sort -u)
    while read -r name; do
        [ -e "$KIMI_TEST_ROOT/$name" ] || fail "a document names $name" || return
    done < <(grep -ohE '`(cmd|lib|tests|man|completions|share)/[a-z_./]*`' "${DOCUMENTS[@]}" | tr -d '`' | grep -v '^share/kimi/' | sort -u)
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
        grep -qE "[ |]$name( |$)" "$KIMI_TEST_ROOT/share/doc/packages.md" || fail "packages.md lacks the package $name" || return
    done <"$BATS_TEST_TMPDIR/packages"
}

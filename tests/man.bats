#!/usr/bin/env bats
# The man pages: options, exit statuses and variables are correct, and the examples run.
# shellcheck disable=SC2030,SC2031,SC2154 # each test runs in a subshell on purpose; run sets output and stderr

bats_require_minimum_version 1.5.0
load helper
load login_helper

MAN=$KIMI_TEST_ROOT/man

# The commands in the directory under test, and their pages; a user's own kimi-* commands have none.
commands() {
    local path
    for path in "$KIMI_TEST_BIN"/kimi-*; do
        echo "${path##*/kimi-}"
    done
}

# section NAME PAGE: prints the source lines of that section.
section() { awk -v name="$1" '/^\.Sh /{ inside = $0 == ".Sh " name; next } inside' "$MAN/$2"; }

# options_of_page PAGE: "--name<TAB>ARGUMENT" for each ".It Fl -name Ar ARGUMENT" (also after ".It Fl h , "), sorted.
options_of_page() { sed -n 's/^\.It \(Fl [a-zA-Z] , \)\{0,1\}Fl -\([a-z-]*\)\( Ar \(.*\)\)\{0,1\}$/--\2\t\4/p' "$MAN/$1" | LC_ALL=C sort; }

# examples PAGE: the commands of the ".Dl $ COMMAND" lines under EXAMPLES, as a reader would copy them.
examples() { section EXAMPLES "$1" | sed -n 's/^\.Dl \$ //p' | sed 's/\\e/\\/g; s/\\(dq/"/g; s/\\&//g'; }

# run_examples PAGE: runs them in one bash, until the first one fails. The loopback server stands in for the real API, and a
# directory for the memory stick.
run_examples() {
    examples "$1" | sed "s,https://api.kimi.com/coding/v1,$KIMI_CODE_BASE_URL,g; s,/media/key,$BATS_TEST_TMPDIR,g" >script
    [ -s script ] || fail "no examples in $1"
    bash -euxo pipefail script </dev/null
}

# ready: starts a server, and stores a login and a key of an open platform.
ready() {
    cd "$BATS_TEST_TMPDIR" || return
    server_start
    server_control '{"pending": 0, "api_keys": {"cn": ["sk-cn"]}}'
    echo sk-cn >key.txt
    store_login
    kimi login --quiet
    kimi login --quiet --platform moonshot-cn --api-key-stdin <key.txt
}

@test "every page is free of mandoc's warnings" {
    run -0 mandoc -Tlint -Wwarning "$MAN"/*.[1-8]
    assert_same "" "$output"
}

@test "every page has EXAMPLES, and its security considerations before SEE ALSO; the README links those of kimi(7)" {
    local page
    for page in "$MAN"/*.[1-8]; do
        [ -n "$(section EXAMPLES "${page##*/}")" ] || fail "no examples in ${page##*/}" || return
    done
    for page in kimi.7 kimi-proxy.1; do
        run -0 sed -n 's/^\.Sh //p' "$MAN/$page"
        [[ $output == *$'EXAMPLES\nSECURITY\\ CONSIDERATIONS\nSEE ALSO'* ]] || fail "$page" || return
    done
    grep -qF '(man/kimi.7)' "$KIMI_TEST_ROOT/README.md"
}

@test "the tests that kimi(7) names for its security considerations exist" {
    local line file count=0
    while read -r line; do
        file=${line%%: *} count=$((count + 1))
        grep -qF "@test \"${line#*: }\" {" "$KIMI_TEST_ROOT/tests/$file.bats" || fail "no such test: $line" || return
    done < <(sed -n 's/^\.\\" test: //p' "$MAN/kimi.7")
    ((count > 10))
}

@test "no message, help text, page or document has a word that we avoid" {
    local avoided='\b(that is due|what counts|lies in|as it stands|at hand|for good|anew|whatever|lest|in its place|told of|makes no sense|exclude each other|plain login)\b'
    cd "$KIMI_TEST_ROOT"
    run grep -nE "$avoided" man/* README.md share/doc/*.md share/packaging/README.md
    assert_same "" "$output" || return
    run grep -nE "\"[^\"]*${avoided}[^\"]*\"" cmd/*.c lib/*/*.[ch]
    assert_same "" "$output"
}

@test "every page names the license; that of the TOML tests stays" {
    local page
    for page in "$MAN"/*.[1-8]; do
        assert_contains "$(section AUTHORS "${page##*/}")" "MIT license"
    done
    assert_contains "$(cat "$KIMI_TEST_ROOT/LICENSE")" "the kimi toolkit authors"
    assert_contains "$(cat "$KIMI_TEST_ROOT/tests/toml-test/LICENSE")" "TOML authors"
}

@test "every program and helper has a page, and every page a program" {
    local name page
    for name in kimi $(commands | sed 's/^/kimi-/') kimi-credential-libsecret; do
        [ -e "$MAN/$name.1" ] || fail "there is no $name.1"
    done
    for page in "$MAN"/*.1; do
        name=${page##*/} name=${name%.1}
        [ -e "$KIMI_TEST_ROOT/cmd/$name.c" ] || fail "there is no program for $page"
    done
}

@test "the options of every command and of its page are the same, with the same arguments" {
    local sub
    for sub in $(commands); do
        assert_same "$("kimi-$sub" --list-options | cut -f 1,2 | LC_ALL=C sort)" "$(options_of_page "kimi-$sub.1")" "of kimi-$sub"
    done
}

@test "the synopsis of every page names every option" {
    local sub synopsis name
    for sub in $(commands); do
        synopsis=$(section SYNOPSIS "kimi-$sub.1" | tr '\n' ' ')
        for name in $("kimi-$sub" --list-options | cut -f 1); do
            [[ "$synopsis " == *"Fl ${name#-} "* ]] || fail "kimi-$sub.1: no $name in the synopsis"
        done
    done
}

@test "the options of the front are in its page" {
    local name
    for name in --help --version --exec-path --list-cmds; do
        run -0 kimi "$name"
        options_of_page kimi.1 | cut -f 1 | grep -qx -- "$name" || fail "kimi.1 lacks $name"
    done
    assert_same 4 "$(options_of_page kimi.1 | wc -l | tr -d ' ')" "options in kimi.1"
}

@test "kimi(1) and kimi(7) name every command" {
    local sub
    for sub in $(commands); do
        grep -qx "\.It Xr kimi-$sub 1" "$MAN/kimi.1" || fail "kimi.1 lacks kimi-$sub"
        section "SEE ALSO" kimi.1 | grep -q "^\.Xr kimi-$sub 1" || fail "kimi.1, SEE ALSO, lacks kimi-$sub"
        section "SEE ALSO" kimi.7 | grep -q "^\.Xr kimi-$sub 1" || fail "kimi.7, SEE ALSO, lacks kimi-$sub"
        section DESCRIPTION kimi.7 | grep -q "^\.Xr kimi-$sub 1" || fail "kimi.7 lacks kimi-$sub"
    done
}

@test "the name line of a command is short, and is what kimi help shows" {
    local sub about
    for sub in $(commands); do
        about=$(sed -n 's/^\.Nd //p' "$MAN/kimi-$sub.1")
        [ "${#about}" -le 60 ] || fail "too long: $about"
        kimi help | grep -qE "^  $sub +$about\$" || fail "kimi help does not say: $sub: $about"
    done
}

@test "the exit statuses in kimi(7) are those of lib/base/err.c" {
    local codes
    codes=$(sed -n 's/^ *\t*\[ERR_[A-Z_]*\] = {"\([a-z_]*\)", \([0-9]*\)},/\1 \2/p' "$KIMI_TEST_ROOT/lib/base/err.c" | grep -v '^none ')
    [ "$(wc -l <<<"$codes")" -ge 10 ]
    assert_same "$codes" "$(sed -n 's/^\.It Cm \([a-z_]*\) Ta \([0-9]*\) Ta .*/\1 \2/p' "$MAN/kimi.7")"
    # Each exit status that a page mentions exists.
    local known page
    known=$({ echo 0 && cut -d ' ' -f 2 <<<"$codes"; } | sort -un)
    assert_same "$known" "$(section 'EXIT STATUS' kimi.7 | sed -n 's/^\.It \([0-9]*\)$/\1/p')"
    for page in $(commands); do
        section 'EXIT STATUS' "kimi-$page.1" | sed -n 's/^\.It \([0-9]*\)$/\1/p' | while read -r status; do
            grep -qx "$status" <<<"$known" || fail "kimi-$page.1: no status $status"
        done
    done
}

@test "the statuses of the helper in its page are those of its source" {
    local statuses
    statuses=$(sed -n '/^enum { DONE/p; /\[KEYRING_.*\] = /p' "$KIMI_TEST_ROOT/cmd/kimi-credential-libsecret.c" |
        grep -o '= [0-9]' | cut -d ' ' -f 2 | sort -nu)
    assert_same "$statuses" "$(section 'EXIT STATUS' kimi-credential-libsecret.1 | sed -n 's/^\.It \([0-9]*\)$/\1/p')"
}

@test "kimi(7) has every KIMI_ variable that the programs read, and no other" {
    local read told
    read=$(grep -rhoE '"KIMI_[A-Z_]+"' "$KIMI_TEST_ROOT/cmd" "$KIMI_TEST_ROOT/lib" | tr -d '"' | sort -u)
    told=$(section ENVIRONMENT kimi.7 | sed -n '/^\.It /s/[^A-Z]Ev / /gp' | grep -oE 'KIMI_[A-Z_]+' | sort -u)
    assert_same "$read" "$told"
}

@test "kimi(7) has every platform" {
    local id
    cd "$BATS_TEST_TMPDIR"
    sed -n 's/^[ \t]*\.id = "\(.*\)",/\1/p' "$KIMI_TEST_ROOT/lib/account/platform_table.c" >ids
    [ -s ids ]
    while read -r id; do
        grep -qx "\.It Cm $id" "$MAN/kimi.7" || fail "kimi.7 lacks $id"
    done <ids
}

@test "every page that a page of ours names as ours is there" {
    local name number
    grep -hE '^\.(It )?Xr kimi' "$MAN"/*.[17] | grep -oE 'kimi[a-z-]* [0-9]' | sort -u | while read -r name number; do
        [ -e "$MAN/$name.$number" ] || fail "there is no $name.$number"
    done
}

@test "the examples of kimi(1) run" {
    cd "$BATS_TEST_TMPDIR"
    run -0 run_examples kimi.1
    assert_same hello "${lines[-1]}"
}

@test "the examples of kimi(7) run" {
    ready
    run -0 run_examples kimi.7
    assert_contains "$output" '"refreshed":true'
}

@test "the examples of kimi-login(1) run" {
    ready
    kimi logout --all --quiet
    run -0 run_examples kimi-login.1
    assert_contains "$output" $'\nat-'
    assert_contains "$(cat "$CONFIG")" sk-cn
}

@test "the examples of kimi-logout(1) run" {
    ready
    run -0 run_examples kimi-logout.1
    assert_same "" "$(cat "$CONFIG")"
}

@test "the examples of kimi-token(1) run" {
    ready
    run -0 run_examples kimi-token.1
    assert_same sk-cn "${lines[-1]}"
    assert_same 2 "$(grep -c '"id": "kimi-for-coding"' <<<"$output")" "lists that curl got"
}

@test "the examples of kimi-models(1) run" {
    ready
    run -0 run_examples kimi-models.1
    assert_contains "$output" $'\nkimi-for-coding\n'
    assert_loads 'default_model="kimi-code/kimi-for-coding"' default_thinking=true
}

@test "the examples of kimi-refresh(1) run" {
    ready
    run -0 run_examples kimi-refresh.1
    assert_same 1 "$(server_count refresh)"
}

@test "the examples of kimi-status(1) run" {
    ready
    kimi refresh --force --quiet
    run -0 run_examples kimi-status.1
    assert_contains "$output" $'\nkimi-code\nmoonshot-cn\n'
    assert_contains "$output" $'\tok\tkimi-refresh'
}

@test "the examples of kimi-usage(1) run" {
    ready
    run -0 run_examples kimi-usage.1
    assert_contains "$output" $'\nkimi-code\tmonth\t40\t'
    assert_contains "$output" $'\n5h 20'
    assert_same "go on" "${lines[-1]}"
}

@test "the examples of kimi-exec(1) run" {
    ready
    section EXAMPLES kimi-exec.1 | sed -n '/^\.Bd/,/^\.Ed/{/^\./!p;}' | sed "s,https://api.kimi.com/coding/v1,$KIMI_CODE_BASE_URL,g" >worker
    run -0 run_examples kimi-exec.1
    assert_contains "$output" '"id": "kimi-for-coding"'
    assert_contains "$output" $'\nat-'
    assert_contains "$output" $'\nsk-cn'
}

@test "the examples of kimi-shell(1) run" {
    ready
    run -0 run_examples kimi-shell.1
    assert_contains "$output" "kimi-k2.5"
    assert_same kimi-code/kimi-k2-turbo "${lines[-1]}"
}

@test "the examples of kimi-credential-libsecret(1) run" {
    ready
    kimi logout --quiet
    unset KIMI_DISABLE_KEYRING
    # There is no bus and so no keyring: the helper's example ends with status 4.
    export DBUS_SESSION_BUS_ADDRESS=unix:path=$BATS_TEST_TMPDIR/none
    # shellcheck disable=SC2016 # literal text
    run -0 run_examples kimi-credential-libsecret.1
    assert_contains "$output" $'\nat-'
    assert_contains "$(cat kimi)" oauth%2fkimi-code
    assert_same 4 "${lines[-1]}"
    [ ! -e "$HOME/.kimi/credentials/kimi-code.json" ]
}

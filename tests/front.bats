#!/usr/bin/env bats
# kimi, the front: which program a word starts, and what the front prints itself.

# Each test runs in a subshell; run sets stderr; sh -c and the fakes take quoted scripts; setup sets CONFIG.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016,SC2153

bats_require_minimum_version 1.5.0
load helper
load login_helper

# own_command NAME [DIRECTORY]: a kimi-NAME that prints its name and arguments, one a line, and exits with status 37.
own_command() {
    local folder=${2:-$BATS_TEST_TMPDIR/bin}
    mkdir -p "$folder"
    printf '#!/bin/sh\nprintf "%%s\\n" "${0##*/}" "$@"\nexit 37\n' >"$folder/kimi-$1"
    chmod +x "$folder/kimi-$1"
    case :$PATH: in
    *":$folder:"*) ;;
    *) PATH=$PATH:$folder ;;
    esac
}

@test "kimi alone prints the help" {
    run -0 --separate-stderr kimi
    assert_contains "$output" "usage: kimi COMMAND"
    assert_same "" "$stderr"
}

@test "kimi help, --help and -h are the same" {
    run -0 kimi help
    local help=$output
    run -0 kimi --help
    assert_same "$help" "$output"
    run -0 kimi -h
    assert_same "$help" "$output"
}

@test "the help has each command with a line about it" {
    run -0 kimi help
    local name
    for name in login logout models refresh token; do
        grep -Eq "^  $name +[a-z].+" <<<"$output" || fail "no line for $name in: $output"
    done
}

@test "the help has groups, in an order for newcomers" {
    run -0 kimi help
    local titles
    titles=$(grep -E '^[A-Z ]+$' <<<"$output" | paste -sd , -)
    assert_same "START HERE,FOR SCRIPTS,MORE" "$titles"
    assert_same login "$(sed -n '/^START HERE/{n;p}' <<<"$output" | awk '{ print $1 }')"
    assert_same token "$(sed -n '/^FOR SCRIPTS/{n;p}' <<<"$output" | awk '{ print $1 }')"
    # Each command is listed once, and the user's own are among them.
    own_command foo
    run -0 kimi help
    assert_same "$( (kimi --list-cmds; echo help) | sort)" "$(sed -nE 's/^  ([a-z.]+) .*/\1/p' <<<"$output" | sort)"
    [[ $output == *MORE*foo* ]]
}

@test "a command that was left out of the build says so and names the library, also beside another kimi" {
    mkdir "$BATS_TEST_TMPDIR/less" "$BATS_TEST_TMPDIR/other"
    cp "$KIMI_TEST_BIN/kimi" "$KIMI_TEST_BIN/kimi-login" "$BATS_TEST_TMPDIR/less"
    printf '#!/bin/sh\necho other\n' >"$BATS_TEST_TMPDIR/other/kimi"
    chmod +x "$BATS_TEST_TMPDIR/other/kimi"
    PATH=$BATS_TEST_TMPDIR/other:/usr/bin:/bin run -1 --separate-stderr "$BATS_TEST_TMPDIR/less/kimi" shell
    assert_same "kimi: this build has no 'kimi shell'; it needs libedit; install libedit-dev and build again" "$stderr"
    PATH=/usr/bin:/bin run -1 --separate-stderr "$BATS_TEST_TMPDIR/less/kimi" help shell
    assert_contains "$stderr" "it needs libedit"
    PATH=/usr/bin:/bin run -1 --separate-stderr "$BATS_TEST_TMPDIR/less/kimi" proxy
    assert_same "kimi: this build has no 'kimi proxy'; it needs libmicrohttpd; install libmicrohttpd-dev and build again" "$stderr"
}

@test "kimi usage without its helper names the helper and the library" {
    mkdir "$BATS_TEST_TMPDIR/less"
    cp "$KIMI_TEST_BIN/kimi" "$KIMI_TEST_BIN/kimi-usage" "$BATS_TEST_TMPDIR/less"
    run -1 --separate-stderr "$BATS_TEST_TMPDIR/less/kimi" usage
    assert_same "kimi usage: kimi-usage-online, the part of 'kimi usage' that needs libcurl, is not installed; install libcurl and the toolkit again" "$stderr"
}

@test "-v, -V and version are --version" {
    run -0 kimi --version
    local version=$output word
    for word in -v -V version; do
        run -0 kimi "$word"
        assert_same "$version" "$output"
    done
}

@test "--version names the version, the same for the front and every command" {
    run -0 kimi --version
    [[ $output =~ ^kimi\ [0-9]+\.[0-9]+\.[0-9]+( |$) ]]
    local version name
    version=$(cut -d ' ' -f 2 <<<"$output")
    for name in login logout models refresh token; do
        run -0 --separate-stderr kimi "$name" --version
        assert_same "kimi $name $version" "$output"
        run -0 "kimi-$name" --version
        assert_same "kimi $name $version" "$output"
    done
}

@test "--exec-path prints the directory of the commands" {
    run -0 kimi --exec-path
    assert_same "$(cd "$KIMI_TEST_BIN" && pwd -P)" "$output"
    [ -x "$output/kimi-token" ]
}

@test "--exec-path follows a link to the front" {
    ln -s "$KIMI_TEST_BIN/kimi" "$BATS_TEST_TMPDIR/kimi"
    run -0 "$BATS_TEST_TMPDIR/kimi" --exec-path
    assert_same "$(cd "$KIMI_TEST_BIN" && pwd -P)" "$output"
}

@test "KIMI_EXEC_PATH is the exec path; empty it is as good as unset" {
    KIMI_EXEC_PATH=$BATS_TEST_TMPDIR/x run -0 kimi --exec-path
    assert_same "$BATS_TEST_TMPDIR/x" "$output"
    KIMI_EXEC_PATH='' run -0 kimi --exec-path
    assert_same "$(cd "$KIMI_TEST_BIN" && pwd -P)" "$output"
}

@test "--list-cmds has one name a line, sorted, each once" {
    run -0 --separate-stderr kimi --list-cmds
    assert_same "$output" "$(LC_ALL=C sort -u <<<"$output")"
    local name
    for name in login logout models refresh token; do
        grep -qx "$name" <<<"$output" || fail "no $name in: $output"
    done
}

@test "--list-cmds finds commands and does not know them by heart" {
    own_command foo
    mkdir -p "$BATS_TEST_TMPDIR/exec"
    own_command only "$BATS_TEST_TMPDIR/exec"
    : >"$BATS_TEST_TMPDIR/bin/kimi-notexecutable"
    mkdir "$BATS_TEST_TMPDIR/bin/kimi-folder"
    PATH=$BATS_TEST_TMPDIR/bin KIMI_EXEC_PATH=$BATS_TEST_TMPDIR/exec run -0 "$KIMI_TEST_BIN/kimi" --list-cmds
    assert_same $'foo\nonly' "$output"
}

@test "a kimi-* file whose name a terminal or a shell would act on is in no list" {
    local name
    for name in $'a\e[31mb' $'c\nd' $'\xc2\x9b2J' $'\xe2\x80\xaeg' $'\xff' 'e;touch ran' '$(touch ran)' '-f' 'fine.1'; do
        own_command "$name"
    done
    run -0 kimi --list-cmds
    assert_same $'exec\nfine.1\nlogin\nlogout\nmodels\nproxy\nrefresh\nshell\nstatus\ntoken\nusage' "$output"
    run -0 kimi help
    assert_contains "$output" $'\n  fine.1 '
    assert_same "" "$(tr -d '[:print:]\n' <<<"$output")"
    assert_lacks "$output" touch
}

@test "helpers appear in no list" {
    run -0 kimi --list-cmds
    assert_lacks "$output" credential
    run -0 kimi help
    assert_lacks "$output" credential
}

@test "a kimi-foo on PATH is a command: its arguments untouched, its status kept" {
    own_command foo
    run -37 kimi foo --json -- 'a b' '' $'c\nd' --version
    assert_same $'kimi-foo\n--json\n--\na b\n\nc\nd\n--version' "$output"
}

@test "a command on PATH gets standard input" {
    own_command cat
    printf '#!/bin/sh\nexec cat\n' >"$BATS_TEST_TMPDIR/bin/kimi-cat"
    run -0 kimi cat <<<"through"
    assert_same through "$output"
}

@test "the toolkit's own command comes before one on PATH" {
    own_command token "$BATS_TEST_TMPDIR/evil"
    PATH=$BATS_TEST_TMPDIR/evil:$PATH run -0 kimi token --version
    assert_contains "$output" "kimi token "
}

@test "a command in KIMI_EXEC_PATH comes before the toolkit's" {
    own_command token "$BATS_TEST_TMPDIR/exec"
    KIMI_EXEC_PATH=$BATS_TEST_TMPDIR/exec run -37 kimi token
    assert_same kimi-token "$output"
}

@test "a file that is not for running is passed over for one that is" {
    own_command foo "$BATS_TEST_TMPDIR/second"
    mkdir "$BATS_TEST_TMPDIR/first"
    : >"$BATS_TEST_TMPDIR/first/kimi-foo"
    PATH=$BATS_TEST_TMPDIR/first:$PATH run -37 kimi foo
}

@test "a command whose interpreter is missing, or that is not a program, is an error that says so: 1" {
    own_command foo
    printf '#!/nonexistent/sh\n' >"$BATS_TEST_TMPDIR/bin/kimi-foo"
    run -1 --separate-stderr kimi foo
    assert_error "" "kimi-foo: No such file or directory; the first line of a script must name an installed interpreter"
    echo 'echo no first line' >"$BATS_TEST_TMPDIR/bin/kimi-foo"
    run -1 --separate-stderr kimi foo
    assert_error "" "kimi-foo: Exec format error; the first line of a script must name an installed interpreter"
}

@test "commands are not searched in the current directory" {
    own_command foo "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here"
    PATH=:/usr/bin: run -2 "$KIMI_TEST_BIN/kimi" foo
}

@test "a word with a slash is not a command" {
    own_command foo
    run -2 kimi ../foo
    run -2 kimi /foo
    run -2 kimi ''
}

@test "an unknown command names the nearest: 2" {
    run -2 --separate-stderr kimi lgoin
    assert_error "" "did you mean 'kimi login'"
    assert_same "" "$output"
    run -2 --separate-stderr kimi tokn
    assert_error "" "'kimi token'"
}

@test "an unknown command near to nothing says where to look" {
    run -2 --separate-stderr kimi xyzzyplugh
    assert_error "" "kimi help"
}

@test "a user's own command can be the nearest" {
    own_command frobnicate
    run -2 --separate-stderr kimi frobnicat
    assert_error "" "'kimi frobnicate'"
}

@test "an unknown command is shown without its control characters, on one line" {
    run -2 --separate-stderr kimi $'x\e[31m\ny'
    assert_error "" .
    assert_lacks "$stderr" $'\e'
}

@test "an unknown option of the front names the nearest, if one is near: 2" {
    run -2 --separate-stderr kimi --nonsense
    assert_error "" "unknown option '--nonsense'; see 'kimi help'"
    run -2 --separate-stderr kimi --verison
    assert_error "" "did you mean 'kimi --version'?"
}

# fake_man: a man that only prints its arguments.
fake_man() {
    mkdir "$BATS_TEST_TMPDIR/man"
    printf '#!/bin/sh\nprintf "man %%s\\n" "$*"\n' >"$BATS_TEST_TMPDIR/man/man"
    chmod +x "$BATS_TEST_TMPDIR/man/man"
    PATH=$BATS_TEST_TMPDIR/man:$PATH
}

@test "kimi help SUB shows the man page installed with the programs" {
    fake_man
    run -0 kimi help token
    assert_same "man $(kimi --exec-path)/../share/man/man1/kimi-token.1" "$output"
    cmp "${output#man }" "$KIMI_TEST_ROOT/man/kimi-token.1"
    run -0 kimi help kimi
    assert_contains "$output" man1/kimi.1
}

@test "kimi help SUB lets man find the page if there is none with the programs" {
    own_command foo
    fake_man
    run -0 kimi help foo
    assert_same "man kimi-foo" "$output"
}

@test "kimi help SUB without man shows --help" {
    PATH='' run -0 "$KIMI_TEST_BIN/kimi" token --help
    local help=$output
    run -0 env PATH=/nonexistent "$KIMI_TEST_BIN/kimi" help token
    assert_same "$help" "$output"
    PATH='' run -0 "$KIMI_TEST_BIN/kimi" help
    help=$output
    run -0 --separate-stderr env PATH=/nonexistent "$KIMI_TEST_BIN/kimi" help kimi
    assert_same "$help" "$output"
    assert_same "" "$stderr"
}

@test "kimi help kimi and kimi help help show the page of the front itself" {
    fake_man
    run -0 kimi help kimi
    assert_contains "$output" man1/kimi.1
    run -0 kimi help help
    assert_contains "$output" man1/kimi.1
}

@test "an empty word is not a command, and has no nearest: 2" {
    run -2 --separate-stderr kimi ''
    assert_error "" "see 'kimi help'"
}

@test "kimi help of an unknown command names the nearest: 2" {
    run -2 --separate-stderr env PATH=/nonexistent "$KIMI_TEST_BIN/kimi" help lgoin
    assert_error "" "'kimi login'"
    run -2 --separate-stderr kimi help lgoin
    assert_error "" "'kimi login'"
}

@test "the front works without HOME, and makes no file" {
    run -0 env -u HOME "PATH=$PATH" kimi --list-cmds
    run -0 env -u HOME "PATH=$PATH" kimi help
    assert_same "" "$(ls -A "$HOME")"
}

@test "a list that cannot be written in full is an error: 1" {
    run -1 --separate-stderr sh -c 'kimi --list-cmds >/dev/full'
    assert_error "" "standard output"
}

@test "the front passes the command's exit status and signals on, since it becomes it" {
    run -4 kimi token
    own_command pid
    printf '#!/bin/sh\necho $$\n' >"$BATS_TEST_TMPDIR/bin/kimi-pid"
    run -0 sh -c 'echo $$; exec kimi pid'
    assert_same "${lines[0]}" "${lines[1]}"
}

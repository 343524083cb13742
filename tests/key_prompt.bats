#!/usr/bin/env bats
# The hidden prompt for an API key, in real shells: stopped, continued, put into the background and ended.
# shellcheck disable=SC2016,SC2154 # scripts for other shells; run sets variables
bats_require_minimum_version 1.5.0
load helper
load login_helper

setup() {
    kimi_setup
    server_start
    server_control '{"api_keys": {"cn": ["sk-cn-whole"]}}'
    # Learns the process id before the prompt appears.
    printf '#!/bin/sh\necho $$ >%q\nexec kimi-login --platform moonshot-cn\n' "$PWD/pid" >ask
    chmod +x ask
}

# in_shell SHELL STEP...: runs the steps (--type, --run) in an interactive shell with the prompt "go> ", then leaves it.
in_shell() {
    local shell=$1
    case $shell in
    bash) shell=(bash --noprofile --norc -i) ;;
    zsh) shell=(zsh -f -i) ;;
    sh) shell=(sh -i) ;;
    esac
    run on_terminal "${@:2}" --type 'go> ' 'exit\r' env PS1='go> ' "${shell[@]}"
}

# once_stopped: for --run: waits until the process of the prompt is stopped.
once_stopped='until grep -q "^State:.T" "/proc/$(cat pid)/status"; do sleep 0.05; done'

# assert_asked_again COUNT: it prompted COUNT times, never showed the key, and accepted the whole key.
assert_asked_again() {
    assert_lacks "$output" sk-
    assert_same "$1" "$(grep -o 'API key of' <<<"$output" | wc -l)" "times asked, in: $output"
    assert_contains "$(cat "$CONFIG")" 'api_key = "sk-cn-whole"'
}

@test "Ctrl-Z and fg: the key is asked for again and is not shown, in bash, zsh and sh" {
    local shell
    for shell in bash zsh sh; do
        rm -rf "$HOME/.kimi"
        in_shell "$shell" --type 'go> ' './ask\r' --type 'API key of' 'sk-ha\x1a' --type 'go> ' 'fg\r' --type 'API key of' 'sk-cn-whole\r'
        assert_asked_again 2
    done
}

@test "each stop signal gives the terminal back: what is typed in the shell shows" {
    local signal
    for signal in TSTP TTIN TTOU; do
        rm -rf "$HOME/.kimi"
        # This shell does not restore the terminal modes.
        in_shell sh --type 'go> ' './ask\r' --type 'API key of' 'sk-ha' --run '' "kill -$signal \$(cat pid)" --type 'go> ' 'echo vis""ible\r' \
            --type 'go> ' 'fg\r' --type 'API key of' 'sk-cn-whole\r'
        assert_contains "$output" 'echo vis""ible'
        assert_contains "$output" $'\nvisible\n'
        assert_asked_again 2
    done
}

@test "SIGSTOP, which no program sees, and fg" {
    in_shell bash --type 'go> ' './ask\r' --run 'API key of' 'kill -STOP $(cat pid)' --type 'go> ' 'fg\r' \
        --type 'API key of' 'sk-cn-whole\r'
    assert_asked_again 2
}

@test "begun in the background it waits for fg; bg does not let it touch the terminal" {
    local shell
    for shell in bash sh; do
        rm -rf "$HOME/.kimi" pid
        in_shell "$shell" --type 'go> ' './ask &\r' --run 'go> ' "until [ -s pid ]; do sleep 0.05; done; $once_stopped" --type '' 'fg\r' \
            --type 'API key of' '\x1a' --type 'go> ' 'bg\r' --run 'go> ' "$once_stopped" --type '' 'echo vis""ible\r' \
            --type 'visible' 'fg\r' --type 'API key of' 'sk-cn-whole\r'
        assert_contains "$output" 'echo vis""ible'
        assert_asked_again 2
    done
}

@test "Ctrl-\\ ends it and leaves the terminal unchanged" {
    run -131 on_terminal --type 'API key of' 'sk-ha\x1c' kimi-login --platform moonshot-cn
    [ ! -e "$CONFIG" ]
}

@test "signals that were ignored stay ignored" {
    run -0 on_terminal --type 'API key of' '\x1a\x1csk-cn-whole\n' sh -c 'trap "" TSTP QUIT; exec kimi-login --platform moonshot-cn'
    assert_asked_again 1
}

@test "a bracketed paste, a BOM and blanks around the key are not part of it" {
    local typed
    for typed in '\x1b[200~sk-cn-whole\x1b[201~\r' '\xef\xbb\xbfsk-cn-whole\r' ' \xef\xbb\xbf\x1b[200~ sk-cn-whole \x1b[201~ \r'; do
        rm -rf "$HOME/.kimi"
        run -0 on_terminal --type 'API key of' "$typed" kimi-login --platform moonshot-cn
        assert_asked_again 1
    done
    for typed in '\e[200~sk-cn-whole\e[201~\n' '\xef\xbb\xbfsk-cn-whole\r\n' '\xef\xbb\xbf\e[200~sk-cn-whole\e[201~'; do
        rm -rf "$HOME/.kimi"
        printf '%b' "$typed" >key
        run -0 kimi-login --platform moonshot-cn --api-key-stdin <key
        assert_contains "$(cat "$CONFIG")" 'api_key = "sk-cn-whole"'
    done
    printf 'sk-\e[200~cn\n' >key
    run -2 kimi-login --platform moonshot-cn --api-key-stdin <key
    run -0 on_terminal --type '[1] ' '\x1b[200~2\x1b[201~\r' --type 'API key of' 'sk-cn-whole\r' kimi-login
}

@test "Ctrl-Z and fg: the question for the platform is asked again, and Ctrl-\\ ends it, in bash and zsh" {
    local shell
    printf '#!/bin/sh\nexec kimi-login\n' >ask
    for shell in bash zsh; do
        in_shell "$shell" --type 'go> ' './ask\r' --type 'Which one' '3\x1a' --type 'go> ' 'fg\r' --type 'Which one' '\x1c' --type 'go> ' 'echo visi"ble"\r' --type visible ''
        assert_same 2 "$(grep -o 'Which one' <<<"$output" | wc -l)" "times asked, in: $output"
        [ ! -e "$CONFIG" ]
    done
}

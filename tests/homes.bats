#!/usr/bin/env bats
# Who owns the home: what is written, read and changed in the home of another user, in one that others can write to, and
# behind links.

# Each test runs in a subshell; run sets output and stderr; setup sets the paths.
# shellcheck disable=SC2030,SC2031,SC2154,SC2153

bats_require_minimum_version 1.5.0
load helper
load processes

OTHER=65533

teardown() {
    as_root chown -R "$(id -u)" "$HOME"
    end_started
    kimi_teardown
}

# assert_all_of OWNER: that user owns everything in the home, and nothing was added.
assert_all_of() {
    assert_same "$1" "$(find "$HOME/.kimi" -printf '%U\n' | sort -u)"
    assert_same "$before" "$(cd "$HOME/.kimi" && find . -printf '%p %m\n' | sort)"
}

# anothers_home: creates a complete login, and gives all of it to another user.
anothers_home() {
    server_start
    server_control '{"pending": 0}'
    store_login
    kimi-login --quiet
    kimi-models >/dev/null
    before=$(cd "$HOME/.kimi" && find . -printf '%p %m\n' | sort)
    sent=$(server_count all)
    as_root chown -R $OTHER "$HOME/.kimi"
}

@test "what writes to another user's home is refused with one line before anything is sent, and nothing is left there" {
    local command
    anothers_home
    for command in login "login --force" logout "logout --all" "models --sync" "models --use kimi-k2" \
        "refresh --force" "refresh --models" "refresh --storage file"; do
        # shellcheck disable=SC2086 # split on purpose
        run -1 --separate-stderr kimi $command
        assert_error "belongs to another user \(uid $OTHER\)"
        if [ "$(id -u)" = 0 ]; then assert_contains "$stderr" "sudo -u '#$OTHER' kimi"; fi
    done
    run -1 --separate-stderr kimi login --platform moonshot-cn --api-key-stdin <<<sk-cn-good
    assert_error "belongs to another user \(uid $OTHER\)"
    assert_all_of $OTHER
    assert_same "$sent" "$(server_count all)"
}

@test "root reads what is in another user's home, changes nothing in it, and sends that user's device id" {
    [ "$(id -u)" = 0 ] || return 0
    anothers_home
    run -0 kimi token
    assert_same at-stored "$output"
    run -0 kimi models
    assert_contains "$output" kimi-for-coding
    assert_same "$(cat "$HOME/.kimi/device_id")" "$(server_last models | json headers.x-msh-device-id)"
    run -0 kimi status
    assert_contains "$output" "belongs to another user (uid $OTHER)"
    assert_contains "$output" "valid for"
    assert_same home "$(kimi status --json | json logins.0.problems.0.code)"
    run -0 kimi token --headers
    run -0 env -u XDG_RUNTIME_DIR kimi usage
    [ ! -e "$HOME/.local" ]
    assert_all_of $OTHER
    chmod 644 "$LOGIN"
    run -0 kimi token
    assert_same 644 "$(mode "$LOGIN")" "what is the user's own to change"
}

@test "root leaves no index of hosts in another user's home of kimi-code" {
    [ "$(id -u)" = 0 ] || return 0
    server_start
    server_control '{"pending": 0}'
    run -0 kimi login --client kimi-code
    chown -R $OTHER "$HOME/.kimi-code"
    touch -d '1 minute ago' "$HOME/.kimi-code/config.toml"
    run -0 kimi token
    assert_same $OTHER "$(find "$HOME/.kimi-code" -printf '%U\n' | sort -u)"
}

@test "root makes no home for another user" {
    [ "$(id -u)" = 0 ] || return 0
    server_start
    chown $OTHER "$HOME"
    local command
    for command in "login --force" "models" "status" "refresh" "logout" "token"; do
        # shellcheck disable=SC2086 # split on purpose
        run --separate-stderr kimi $command
    done
    run -1 --separate-stderr kimi login
    assert_error "sudo -u '#$OTHER' kimi"
    KIMI_API_KEY=sk-code-good run kimi models
    KIMI_SHARE_DIR=$HOME/new/home run -1 --separate-stderr kimi login
    assert_error "$HOME belongs to another user"
    assert_same "" "$(ls -A "$HOME")"
}

@test "a home that all can write to is not written to, and status names it" {
    local command
    server_start
    server_control '{"pending": 0}'
    store_login --expires-in-left 100
    chmod 777 "$HOME/.kimi"
    for command in refresh "login --force" logout "models --sync"; do
        # shellcheck disable=SC2086 # split on purpose
        run -1 --separate-stderr kimi $command
        assert_error "all users can write to the directory $HOME/.kimi \(mode 777\)"
    done
    assert_same 0 "$(server_count all)"
    run -0 kimi status
    assert_contains "$output" "all users can write to the directory $HOME/.kimi (mode 777)"
    assert_contains "$output" "run 'chmod o-w' on it"
    assert_contains "$output" "~${LOGIN#"$HOME"}"
    run -0 kimi token
    assert_same at-stored "$output"
    # It has only what everyone can read: nobody is logged in, but the owner is still named.
    rm "$LOGIN"
    run -0 kimi status
    assert_contains "$output" "all users can write to the directory $HOME/.kimi (mode 777)"
    # A umask of 002 is usual where every user has a group of their own.
    chmod 775 "$HOME/.kimi"
    run -0 kimi login
}

@test "a link in place of the credentials directory is neither followed nor changed" {
    local command
    server_start
    mkdir -p "$HOME/.kimi" elsewhere
    chmod 755 elsewhere
    ln -s "$PWD/elsewhere" "$FOLDER"
    for command in login "login --force"; do
        # shellcheck disable=SC2086 # split on purpose
        run -1 --separate-stderr kimi $command
        assert_error "$FOLDER is a symbolic link"
    done
    store_login --expires-in-left 100
    chmod 755 elsewhere
    run -1 --separate-stderr kimi refresh
    assert_error "$FOLDER is a symbolic link"
    run -1 --separate-stderr kimi logout
    assert_error "$FOLDER is a symbolic link"
    assert_same "755 kimi-code.json" "$(mode elsewhere) $(ls -A elsewhere)"
    assert_same 0 "$(server_count all)"
}

@test "the home itself may be a link to the user's own directory" {
    server_start
    server_control '{"pending": 0}'
    mkdir -m 755 elsewhere
    ln -s "$PWD/elsewhere" "$HOME/.kimi"
    run -0 kimi login
    run -0 kimi token
    assert_same "$(server_stat last_access_token)" "$output"
    assert_same 755 "$(mode elsewhere)" "a folder that only its user writes to"
}

# config_of_another: gives config.toml to another user, as a Nix store, a ConfigMap or COPY in a Dockerfile do.
config_of_another() {
    CONFIG=$HOME/.kimi/config.toml
    chmod 644 "$CONFIG"
    as_root chown $OTHER "$CONFIG"
    before=$(hash_of "$CONFIG")
}

@test "a config.toml of another owner is read, and refused only where something would change" {
    server_start
    server_control '{"pending": 0}'
    store_login
    kimi-login --quiet
    printf '[providers."managed:moonshot-cn"]\ntype = "kimi"\nbase_url = "x"\napi_key = "sk-cn-good"\n' >>"$HOME/.kimi/config.toml"
    config_of_another
    run -0 --separate-stderr kimi token --headers
    assert_contains "$output" "Bearer at-stored"
    run -0 kimi token --platform moonshot-cn
    assert_same sk-cn-good "$output"
    run -0 kimi exec --platform moonshot-cn -- true
    run -0 --separate-stderr kimi models --platform kimi-code
    assert_contains "$output" kimi-for-coding
    assert_same "" "$stderr"
    # There would be nothing to change.
    run -0 kimi models --sync --platform kimi-code
    run -0 kimi login
    run -0 kimi login --force
    server_control '{"pending": 0, "models": [{"id": "new", "context_length": 1000}]}'
    run -1 --separate-stderr kimi models --sync --platform kimi-code
    assert_error "belongs to another user \(uid $OTHER\) and is not changed; this config is read-only here; the login works without it"
    run -1 --separate-stderr kimi login --force
    assert_contains "$stderr" "logged in, but the config was not written"
    assert_contains "$stderr" "this config is read-only here; the login works without it"
    assert_same "$(server_stat last_access_token)" "$(kimi token)"
    assert_same "$before" "$(hash_of "$CONFIG")"
}

@test "a device id that is a link or another user's is not read, and replaced by our own" {
    server_start
    store_login
    local own
    echo "a secret" >secret
    ln -s "$PWD/secret" "$HOME/.kimi/device_id"
    run -0 kimi refresh --force
    own=$(server_last refresh | json headers.x-msh-device-id)
    [[ $own =~ ^[0-9a-f]{32}$ ]] || fail "sent $own"
    assert_same "$own" "$(cat "$HOME/.kimi/device_id")"
    assert_same "a secret" "$(cat secret)"
    echo another-users >"$HOME/.kimi/device_id"
    as_root chown $OTHER "$HOME/.kimi/device_id"
    run -0 kimi refresh --force
    own=$(server_last refresh | json headers.x-msh-device-id)
    [[ $own =~ ^[0-9a-f]{32}$ ]] || fail "sent $own"
    assert_same "$own" "$(cat "$HOME/.kimi/device_id")"
}

@test "a number that is not a time is null in status --json" {
    store_login
    printf '{"expires_at": %s, "storage": "file", "last_refresh": 1e308}' "$(stored expires_at)" >"$STATE"
    chmod 600 "$STATE"
    run -0 kimi status --json
    assert_same null "$(json logins.0.last_refresh <<<"$output")"
    run -0 kimi status
    assert_contains "$output" "valid for"
}

@test "logout where config.toml cannot be looked at fails" {
    server_start
    store_login
    kimi-login --quiet
    # Matches only that file: strace does not know the path of a call that it makes fail.
    run -1 --separate-stderr failing "newfstatat:error=EIO:when=1+" -P "$HOME/.kimi/config.toml" kimi-logout
    assert_contains "$stderr" "Input/output error"
    assert_contains "$(cat "$HOME/.kimi/config.toml")" managed:kimi-code
}

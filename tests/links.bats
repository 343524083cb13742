#!/usr/bin/env bats
# What each program is linked with: nothing pays for what it does not use.

# Each test runs in a subshell; run sets stderr; sh -c and the fakes take quoted scripts; setup sets CONFIG.
# shellcheck disable=SC2030,SC2031,SC2154,SC2016,SC2153

bats_require_minimum_version 1.5.0
load helper

# needed PROGRAM: the shared libraries that it names; none for a static one.
needed() { readelf -d "$KIMI_TEST_BIN/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

# assert_needs_no LIBRARY PROGRAM...: none of them is linked with it.
assert_needs_no() {
    local library=$1 program
    for program in "${@:2}"; do
        assert_lacks "$program: $(needed "$program")" "$library"
    done
}

@test "kimi, kimi-token, kimi-status and kimi-usage link neither libcurl nor libsecret nor anything they bring" {
    local library
    for library in libcurl libsecret libglib libgio libssl libcrypto libdbus; do
        assert_needs_no "$library" kimi kimi-token kimi-status kimi-usage
    done
}

@test "only the programs that speak HTTP link libcurl" {
    local path name
    for path in "$KIMI_TEST_BIN"/kimi*; do
        name=${path##*/}
        case $name in
        kimi-login | kimi-models | kimi-proxy | kimi-refresh) ;;
        *) assert_needs_no libcurl "$name" ;;
        esac
    done
}

@test "nothing but the keyring's helper links libsecret" {
    local path name
    for path in "$KIMI_TEST_BIN"/kimi*; do
        name=${path##*/}
        [ "$name" = kimi-credential-libsecret ] || assert_needs_no libsecret "$name"
    done
}

@test "nothing but kimi-shell links libedit" {
    local path name
    for path in "$KIMI_TEST_BIN"/kimi*; do
        name=${path##*/}
        [ "$name" = kimi-shell ] || assert_needs_no libedit "$name"
    done
    assert_contains "$(needed kimi-shell)" libedit
}

@test "nothing but kimi-proxy links libmicrohttpd" {
    local path name
    for path in "$KIMI_TEST_BIN"/kimi*; do
        name=${path##*/}
        [ "$name" = kimi-proxy ] || assert_needs_no libmicrohttpd "$name"
    done
    assert_contains "$(needed kimi-proxy)" libmicrohttpd
}

@test "the programs are position independent or static, and have no executable stack" {
    local path
    for path in "$KIMI_TEST_BIN"/kimi*; do
        run -0 readelf -lW "$path"
        assert_contains "$(grep GNU_STACK <<<"$output")" "RW "
        assert_contains "$output" GNU_RELRO
    done
}

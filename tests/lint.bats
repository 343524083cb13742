#!/usr/bin/env bats
# The layer check of `make lint`, on a small source tree.

bats_require_minimum_version 1.5.0

setup() {
    root=$BATS_TEST_DIRNAME/..
    tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$tree/lib" "$tree/cmd"
    cp -r "$root/lib/base" "$root/lib/http" "$root/lib/format" "$root/lib/LAYERS" "$tree/lib/"
    echo 'int main(void) { return 0; }' >"$tree/cmd/kimi.c"
}

lint() {
    run "$1" "$root/tests/lint-layers.sh" "$tree"
}

@test "the layers of the tree are as lib/LAYERS has them" {
    run -0 "$root/tests/lint-layers.sh"
}

@test "an include of a higher layer fails, and is named" {
    lint -0
    sed -i '1i #include "http/url.h"' "$tree/lib/base/text.c"
    lint -1
    [[ $output == *"lib/base/text.c includes http/url.h: lib/http is not below lib/base"* ]]
}

@test "an include of another directory of the same layer fails unless the table allows it" {
    sed -i '$a #include "format/json.h"' "$tree/lib/http/url.c"
    lint -1
    [[ $output == *"lib/http/url.c includes format/json.h"* ]]
    sed -i 's/^2  http$/2  http format/' "$tree/lib/LAYERS"
    lint -0
}

@test "a directory that the table does not have fails" {
    mkdir "$tree/lib/extra"
    echo '#include "base/text.h"' >"$tree/lib/extra/extra.c"
    lint -1
    [[ $output == *"lib/LAYERS does not have both directories"* ]]
}

@test "two modules that include each other fail" {
    sed -i '1i #include "base/file.h"' "$tree/lib/base/buf.c"
    lint -1
    [[ $output == *"include cycle:"*"base/"* ]]
}

@test "libcurl and libsecret outside their module fail" {
    sed -i '1i #include <curl/curl.h>' "$tree/lib/base/text.h"
    lint -1
    [[ $output == *"only lib/http may include curl"* ]]
}

@test "a header that needs an earlier include fails, with and without a source of its own" {
    lint -0
    sed -i '/^#include "base\/text.h"$/d; $a #include "base/text.h"' "$tree/lib/base/text.c"
    lint -1
    [[ $output == *"lib/base/text.c does not include its own header first"* ]]
    cp "$root/lib/base/text.c" "$tree/lib/base/"
    echo 'size_t alone(void);' >"$tree/lib/base/alone.h"
    lint -1
    [[ $output == *"unknown type name"*"size_t"* ]]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the tool says about itself, and wrong use of it. No board.

load helper

setup()
{
    common_setup
}

VERBS="info flash run verify monitor go reset keygen pack image update slots confirm rollback provision erase read write protect unprotect lock otp ports page board config commands raw"

@test "version is the project's" {
    ararext --version
    expect_status 0
    expect_exactly "ararext $ARAREXT_VERSION"
}

@test "version beside other options, and as JSON" {
    for words in -V "--quiet --version" "info --version" "--version info"; do
        ararext $words
        expect_status 0
        expect_exactly "ararext $ARAREXT_VERSION"
    done
    json_of --version
    [ "$status" -eq 0 ]
    json "d['ok'] and d['version'] == '$ARAREXT_VERSION'"
}

@test "help as a word" {
    ararext --help
    all=$output
    ararext help
    expect_status 0
    expect_exactly "$all"
    ararext help flash
    expect_status 0
    expect "Usage: ararext flash FILE"
    ararext help frobnicate
    expect_status 2
    expect "there is no command 'frobnicate'"
}

@test "help names every command" {
    ararext --help
    expect_status 0
    for verb in $VERBS; do
        expect "  $verb "
    done
}

@test "each command has help of its own, before and behind its name" {
    for verb in $VERBS; do
        ararext "$verb" --help
        expect_status 0
        expect "Usage: ararext $verb"
        ararext --help "$verb"
        expect_status 0
        expect "Usage: ararext $verb"
    done
}

@test "help fits 80 columns" {
    for verb in "" $VERBS; do
        ararext $verb --help
        [ "$(awk 'length > 80' <<<"$output")" = "" ]
    done
}

@test "help as JSON" {
    for words in "--help" "help" "flash --help" "--help flash"; do
        json_of $words
        [ "$status" -eq 0 ]
        json "d['ok'] and d['help'].startswith('Usage: ararext ')"
    done
    json "d['command'] == 'flash' and 'FILE' in d['help']"
}

@test "each help has an example that the command itself takes" {
    for verb in $VERBS; do
        ararext "$verb" --help
        example=$(sed -n 's/^For example: //p' <<<"$output")
        [[ "$example" == "ararext $verb"* ]]
        # With a port that is not there it ends with that, or with the file: never with wrong use.
        eval "set -- $example"
        shift
        ARAREXT_PORT=$PWD/none ararext "$@"
        [ "$status" -ne 2 ] || { echo "$example: $output"; return 1; }
    done
}

@test "did you mean" {
    ararext flsh x
    expect_status 2
    expect "there is no command 'flsh'; did you mean 'flash'?"
    ararext flash x --no-verfy
    expect_status 2
    expect "option '--no-verfy' is not known here; did you mean '--no-verify'?"
    ararext frobnicate
    expect_not "did you mean"
}

@test "a number with a 0 in front is ambiguous" {
    for words in "read 08008000 4K" "flash f --address 08008000" "go 08008000"; do
        ararext $words
        expect_status 2
        expect "'08008000': a 0 in front"
        expect "0x08008000"
    done
}

@test "closed standard descriptors get nothing that is opened later" {
    # The first that is opened would be this file.
    printf 'abc' >f
    status=0
    "$ARAREXT" pack f -o out.pkg 0<&- 1>&- 2>&- || status=$?
    [ "$status" -ne 0 ]
    [ ! -s out.pkg ]
    [ "$(cat f)" = abc ]
    status=0
    "$ARAREXT" --version >&- 2>err.txt || status=$?
    [ "$status" -ne 0 ]
    grep -q "cannot write to stdout" err.txt
    "$ARAREXT" --version 2>&-
    "$ARAREXT" --version <&-
}

@test "control characters in names are written out" {
    name=$'bad\e[31m\nname\xff'
    ararext verify "$name"
    expect_not $'\e'
    expect 'bad\x1B[31m\nname\xFF'
    cp "$ARAREXT_APPS/hello.bin" "$name"
    ARAREXT_PORT=$PWD/none ararext verify "$name"
    expect_not $'\e'
    expect 'bad\x1B[31m\nname\xFF: '
}

@test "no command, an unknown one, an unknown option, a missing value" {
    ararext
    expect_status 2
    expect "no command given"
    ararext frobnicate
    expect_status 2
    expect "there is no command 'frobnicate'"
    for verb in $VERBS; do
        ararext "$verb" --frobnicate
        expect_status 2
        expect "option '--frobnicate' is not known here; see 'ararext $verb --help'"
    done
    ararext info --port
    expect_status 2
    expect "option '--port' needs a value"
    ararext info -z
    expect_status 2
    # Short forms are those of --yes and --output, where the command has them.
    for words in "info -y" "flash f -y" "flash -o g f" "read 0 1 -y" "erase --all -o f" "keygen k -y"; do
        # shellcheck disable=SC2086
        ararext $words
        expect_status 2
        expect "is not known here"
    done
}

@test "missing and superfluous arguments" {
    for words in flash verify "read 0x08008000" write raw keygen pack image update; do
        ararext $words
        expect_status 2
        expect "an argument is missing"
    done
    for words in "info x" "ports x" "flash a b" "verify a b" "go 1 2" "reset x" "erase x" "otp a b" \
        "commands x" "monitor x" "keygen a b" "pack a b" "image a b" "update a b" "slots x" "confirm x" \
        "rollback x" "provision x" "read 1 2 3" "protect x" "unprotect x" "lock x"; do
        ararext $words
        expect_status 2
        expect "too many arguments"
    done
}

@test "numbers, hex and sectors that are none" {
    for words in "read x 1" "read 0x 1" "read -1 1" "read 4294967296 1" "read 5G 1" "read 1 0" \
        "read 0x08000000 17M" "go 0xZZ" "--baud 0 info" "--baud x info" "write 0x20004000 --hex 0" \
        "write 0x20004000 --hex xx" "write 0x20004000" "write 0x20004000 f --hex 00" "erase" \
        "erase --sector x" "erase --sector 5-2" "erase --sector 16" "erase --sector 2,," \
        "erase --sector 2 --all" "protect" "protect --sectors 99" "raw NOTHING" "raw 123" \
        "raw GET_VER 0" "monitor --for 0" "monitor --for x" "otp write" "flash f --format exe" \
        "update f --timeout 0" "provision" "provision --key a --key b --key c --key d --key e" \
        "flash f --verify maybe" "flash f --address x" "raw GET_VER --timeout 0"; do
        ararext $words
        expect_status 2
    done
}

@test "wrong use is told in JSON too" {
    json_of read zz 1
    [ "$status" -eq 2 ]
    json 'd["ok"] is False and d["exit_status"] == 2 and d["command"] == "read"'
    json 'd["error"]["name"] == "argument" and "zz" in d["error"]["message"]'
    json_of frobnicate
    [ "$status" -eq 2 ]
}

@test "wrong use before --json is told in JSON too" {
    for words in "--bogus --json info" "info --port x --bogus --json" "--baud x --json info"; do
        status=0
        "$ARAREXT" $words >out.json 2>err.txt </dev/null || status=$?
        [ "$status" -eq 2 ]
        json 'd["ok"] is False and d["error"]["name"] == "argument"'
    done
    ararext raw GET_VER --bogus -- --json
    expect_status 2
    expect_not "{"
}

@test "JSON is UTF-8 whatever a file is called" {
    for name in 'a\xff' '\xc3\xa4' 'b\xc3' '\xed\xa0\x80' '\xc0\xaf' '\xf0\x9f\x98\x80' '\xf5\x80\x80\x80'; do
        printf -v file '%b' "$name"
        json_of flash "$file.elf"
        [ "$status" -eq 8 ]
        python3 - "$file" <<'END'
import json, os, sys
name = os.fsencode(sys.argv[1]).decode("utf-8", "replace").rstrip("\ufffd")
message = json.loads(open("out.json", "rb").read().decode("utf-8"))["error"]["message"]
assert message.startswith(name) and "No such file" in message, message
END
    done
}

@test "page: saved whole, or said that this build has none" {
    ararext page -o page.html
    if [ "$status" -eq 0 ]; then
        expect "Wrote the page to page.html"
        grep -q '<title>Ararext</title>' page.html
        [ "$(tail -n 1 page.html)" = "</html>" ]
    else
        expect_status 7
        expect "built without the page"
        [ ! -e page.html ]
    fi
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Packages on a board: staged, installed, tried, confirmed, rejected, gone back from; and a board that
# is provisioned. Everything through the release binary in the twin.

load helper

setup()
{
    common_setup
    "$ARAREXT" --quiet keygen key.pem --public key.pub >/dev/null </dev/null
    start_board --button
    twin button 0 # it stays until it is told to start something
}

teardown()
{
    stop_board
}

# package NAME VERSION [OPTION...]: an application as NAME.pkg, signed with key.pem.
package()
{
    local app=$1 version=$2
    shift 2
    "$ARAREXT" --quiet pack "$ARAREXT_APPS/$app.elf" --version "$version" --key key.pem -o "$app.pkg" "$@"
}

# held_reset: as with the button held, back into the bootloader.
held_reset()
{
    twin button 1
    twin reset
    local end
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        "$ARAREXT" --json info 2>/dev/null >held.json </dev/null && break
        sleep 0.1
    done
    twin button 0
    grep -q '"ok":.*true' held.json
}

@test "an empty board: nothing to confirm, nothing to go back to" {
    json_of slots
    [ "$status" -eq 0 ]
    json 'd["trust"] == "open" and d["target"] == "none" and [s["state"] for s in d["slots"]] == ["empty"] * 2'
    ararext confirm
    expect_status 6
    expect "the application area holds no package"
    ararext rollback
    expect_status 6
    expect "nothing to go back to"
}

@test "an application that confirms itself: one command, one verdict" {
    package ota-demo-auto 1.0.0+1
    json_of update ota-demo-auto.pkg
    [ "$status" -eq 0 ]
    json 'd["confirmed"] and d["installed"] and d["answered"] and not d["application_was_running"]'
    json_of slots # by the application
    json 'd["slots"][0]["state"] == "confirmed" and d["slots"][0]["version"] == "1.0.0+1"'
    json 'd["installed"] == "A" and d["target"] == "A"'
    # The same again: nothing is sent.
    ararext update ota-demo-auto.pkg
    expect_status 0
    expect "The application made room for the bootloader"
    expect "Already there, nothing to send: the board holds version 1.0.0+1, confirmed; started"
}

@test "not confirmed: said, confirmed by hand, gone back from" {
    package ota-demo-auto 1.0.0
    package ota-demo-2 2.0.0
    ararext update ota-demo-auto.pkg
    expect_status 0
    ararext update ota-demo-2.pkg --timeout 3
    expect_not '\n'
    expect_status 14
    expect "not confirmed in time: 1 of 3 boots on trial made"
    ararext confirm
    expect_status 0
    expect "Confirmed: version 2.0.0 in slot B"
    ararext rollback
    expect_status 0
    expect "Version 1.0.0 in slot A is installed at the next start"
    ararext reset
    expect_status 0
    json_until 'd["installed"] == "A" and d["slots"][1]["state"] == "rejected"' slots
    json 'd["slots"][1]["cause"] == "rollback asked for"'
    ararext rollback # the other one is rejected
    [ "$status" -ne 0 ]
}

@test "confirmed by the tool: --confirm, Enter; an application without a line is not waited for" {
    package ota-demo-2 2.0.0
    json_of update ota-demo-2.pkg --confirm
    [ "$status" -eq 0 ]
    json 'd["confirmed"] and d["started"] and d["answered"]'
    package ota-demo-2 1.9.0
    at_terminal --when "Enter confirms it" --send '\n' -- "$ARAREXT" update ota-demo-2.pkg
    expect_status 0
    expect "this is a downgrade: the board runs version 2.0.0"
    expect "version 1.9.0 runs and is confirmed"
    package hello 3.0.0 --trials 15
    local before=$SECONDS
    ararext update hello.pkg
    expect_status 14
    expect "s left"
    expect "nobody on the line told"
    [ $((SECONDS - before)) -lt 60 ] # not its 15 boots on trial
    # With --confirm it may come back into the bootloader by hand, and is confirmed then.
    held_reset
    "$ARAREXT" update hello.pkg --confirm >out.txt 2>&1 </dev/null &
    local tool=$! stays
    wait_for "Waiting until it answers" out.txt
    stays=$(grep -c "stays:" twin.log)
    twin button 1
    twin reset
    until [ "$(grep -c "stays:" twin.log)" -gt "$stays" ]; do sleep 0.05; done
    twin button 0
    status=0
    wait "$tool" || status=$?
    output=$(cat out.txt)
    expect_status 0
    expect "Already there"
    expect "It was started: confirming it"
    held_reset
    json_of slots
    json 'd["installed"] == "A" and d["slots"][0]["state"] == "confirmed"'
}

@test "the button held: nothing is called started" {
    package hello 1.0.0 --no-confirm
    twin button 1
    ararext update hello.pkg
    expect_status 0
    expect "stays in the bootloader"
    expect_not "was started"
    expect_not "; started"
    json_of update hello.pkg # already there, and not started either
    [ "$status" -eq 0 ]
    json 'd["nothing_to_do"] and not d["started"] and d["in_bootloader"]'
}

@test "never confirmed, never fed: the watchdog ends its trials, and the board goes back" {
    package ota-demo-auto 1.0.0
    package hello 2.0.0 --watchdog 1 --trials 2
    ararext update ota-demo-auto.pkg
    expect_status 0
    json_of update hello.pkg --timeout 120
    [ "$status" -eq 13 ]
    json 'd["error"]["name"] == "rejected" and "not confirmed in its boots on trial" in d["error"]["message"]'
    json_of slots # answered by the older application, which runs again
    json 'd["installed"] == "A" and d["slots"][1]["cause"] == "not confirmed in its boots on trial"'
    json 'd["slots"][1]["attempts"] == 2 and d["last_start"].startswith("rolled back")'
}

@test "an application that tells nothing: needs no confirmation, or nobody says" {
    package hello 1.0.0 --no-confirm
    json_of update hello.pkg
    [ "$status" -eq 0 ]
    json 'd["started"] and not d["confirmed"]'
    held_reset
    json_of slots
    json 'd["slots"][0]["state"] == "confirmed" and d["slots"][0]["installed"]'
    package hello 1.0.1 --trials 15
    ararext update hello.pkg --timeout 2
    expect_status 14
    expect "nobody on the line told"
    expect "hold the button"
}

@test "a running application makes room for every command, and is followed by the new one" {
    "$ARAREXT" --quiet flash "$ARAREXT_APPS/ota-demo-1.elf"
    ararext reset
    expect_status 0
    ararext info
    expect_status 0
    expect "made room for the bootloader"
    expect "application       $(stat -c %s "$ARAREXT_APPS/ota-demo-1.bin") bytes"
    expect "is started again"
    json_of verify "$ARAREXT_APPS/ota-demo-1.elf"
    [ "$status" -eq 0 ]
    json 'd["application_was_running"]'
    ararext flash "$ARAREXT_APPS/ota-demo-auto.elf"
    expect_status 0
    expect "made room"
    expect "Started the application"
    ararext flash "$ARAREXT_APPS/hello.elf" --stay
    expect_status 0
    expect "made room"
    expect_not "Started"
    json_of info
    [ "$status" -eq 0 ]
    json 'not d["application_was_running"] and d["application_plausible"] and d["application_bytes"] > 500'
}

@test "what is beyond the part is not read" {
    ararext read 0x080FFFF0 1K -o out.bin
    expect_status 6
    [ ! -e out.bin ]
}

@test "install and stay; the button held" {
    package ota-demo-auto 1.0.0
    ararext update ota-demo-auto.pkg --no-start
    expect_status 0
    expect "installed and not started"
    ararext verify "$ARAREXT_APPS/ota-demo-auto.elf"
    expect_status 0
    twin button 1
    package ota-demo-auto 1.0.1
    ararext update ota-demo-auto.pkg
    expect_status 14
    expect "installed, but the board came back into the bootloader (button)"
    expect "let go of the button, and run 'ararext reset'"
    twin button 0
    ararext reset
    expect_status 0
    json_until 'd["slots"][1]["version"] == "1.0.1" and d["slots"][1]["installed"]' slots
}

@test "what is not for this board is refused before anything is sent" {
    package ota-demo-auto 1.0.0 --board lamp
    ararext update ota-demo-auto.pkg
    expect_status 9
    expect "for another board: class"
    expect "nothing was sent"
    package ota-demo-auto 1.0.0
    printf '\x55' | dd of=ota-demo-auto.pkg bs=1 seek=5000 conv=notrunc status=none
    ararext update ota-demo-auto.pkg
    expect_status 8
    json_of slots
    json '[s["state"] for s in d["slots"]] == ["empty"] * 2'
}

@test "direct flashing and packages: each says what becomes of the other" {
    package ota-demo-auto 1.0.0
    ararext update ota-demo-auto.pkg --no-start
    expect_status 0
    ararext flash "$ARAREXT_APPS/hello.elf" --dry-run
    expect_status 0
    expect "would be retired"
    ararext flash "$ARAREXT_APPS/hello.elf"
    expect_status 0
    expect "are retired by this"
    json_of slots
    json 'd["target"] == "none" and d["installed"] == "none"'
    ararext update ota-demo-auto.pkg --no-start
    expect_status 0
    expect "is in no package: the board cannot go back to it once"
    expect_not "not touched"
    expect_not "ERASES"
}

@test "a large plain application may reach into the slots: asked for" {
    big_image big.bin $((700 * 1024)) 1
    "$ARAREXT" --quiet flash big.bin
    package ota-demo-auto 1.0.0
    ararext update ota-demo-auto.pkg
    expect_status 11
    expect "ERASES it there"
    ararext verify big.bin
    expect_status 0
    at_terminal --when "Type 'update'" --send 'yes\n' -- "$ARAREXT" update ota-demo-auto.pkg
    expect_status 11
    ararext verify big.bin
    expect_status 0
    # Whoever thinks for long finds the board where it was: the rate goes up after the answer.
    twin speed real
    at_terminal --when "Type 'update'" --after 6 --send 'update\n' -- "$ARAREXT" update ota-demo-auto.pkg
    expect_status 0
    expect_not "silent"
    twin speed max
    held_reset
    "$ARAREXT" --quiet flash big.bin
    ararext update ota-demo-auto.pkg --yes
    expect_status 0
}

@test "interrupted while it is sent: what runs stays" {
    package ota-demo-auto 1.0.0
    ararext update ota-demo-auto.pkg
    expect_status 0
    twin speed real
    package lua-demo 2.0.0
    "$ARAREXT" --verbose --baud 115200 update lua-demo.pkg >out.txt 2>&1 </dev/null 3>&- &
    local tool=$!
    wait_for "> C5 01" out.txt
    kill -TERM "$tool"
    status=0
    wait "$tool" || status=$?
    output=$(grep -v '^ *[0-9.]* [<>]' out.txt)
    expect_status 143
    expect "what runs there was not touched"
    twin speed max
    ararext reset
    expect_status 0
    json_until 'd["installed"] == "A" and d["slots"][0]["state"] == "confirmed" and d["target"] == "A"' slots
}

@test "provision: shows the bytes, asks, burns them; then keys count" {
    "$ARAREXT" --quiet keygen spare.pem --public spare.pub >/dev/null </dev/null
    "$ARAREXT" --quiet keygen other.pem >/dev/null </dev/null
    hash=$(openssl pkey -pubin -in key.pub -outform DER | sha256sum | cut -d' ' -f1)
    ararext provision --key key.pub --key spare.pub --dry-run
    expect_status 0
    expect "block 0  0x1FFF7800  $hash"
    expect "Nothing was written"
    ararext provision --key key.pub --key spare.pub
    expect_status 11
    expect "FOR GOOD"
    at_terminal --when "Type 'provision'" --send 'yes\n' -- "$ARAREXT" provision --key key.pub
    expect_status 11
    ararext provision --key key.pub --key key.pem
    expect_status 2
    json_of slots
    json 'd["trust"] == "open"'
    at_terminal --when "Type 'provision'" --send 'provision\n' --when "Type 'protect'" --send 'no\n' \
        -- "$ARAREXT" provision --key key.pub --key spare.pub
    expect_status 0
    expect "Provisioned: the board runs only packages signed with one of these keys"
    json_of info
    json "d['trust'] == 'provisioned' and d['keys'][0]['fingerprint'] == '$hash' and d['rdp_level'] == 0"
    json 'd["nwrp"] & 3 == 0 and len(d["keys"]) == 2'
    # Again: no.
    ararext provision --key key.pub --key spare.pub --yes
    expect_status 9
    expect "exactly that already"
    ararext provision --key other.pem --yes
    expect_status 9
    # What it refuses now.
    ararext flash "$ARAREXT_APPS/hello.elf"
    expect_status 6
    expect "only signed packages change or show what it runs"
    expect "ararext update"
    for words in "read 0x08008000 16" "erase --sector 3" "write 0x20004000 --hex 00" "protect --sectors 3" \
        "verify $ARAREXT_APPS/hello.elf"; do
        ararext $words
        expect_status 6
        expect "reason 40"
    done
    "$ARAREXT" --quiet pack "$ARAREXT_APPS/ota-demo-auto.elf" --version 1.0.0 --unsigned -o p.pkg
    ararext update p.pkg
    expect_status 12
    expect "is not signed"
    "$ARAREXT" --quiet pack "$ARAREXT_APPS/ota-demo-auto.elf" --version 1.0.0 --key other.pem -o p.pkg
    ararext update p.pkg
    expect_status 12
    expect "does not know the package's key"
    # And what it takes: the counter goes up with the confirmation, and not down again.
    package ota-demo-auto 1.0.0 --security-counter 3
    ararext update ota-demo-auto.pkg
    expect_status 0
    expect "runs and is confirmed"
    json_of slots
    json 'd["security_counter"] == 3'
    package ota-demo-auto 1.0.1 --security-counter 2
    ararext update ota-demo-auto.pkg
    expect_status 9
    expect "security counter is 2, the board's 3"
    # The spare key revokes the first one.
    "$ARAREXT" --quiet pack "$ARAREXT_APPS/ota-demo-auto.elf" --version 1.0.2 --security-counter 3 \
        --key spare.pem --revoke-key 0 -o p.pkg
    ararext update p.pkg
    expect_status 0
    json_of slots
    json '[k["revoked"] for k in d["keys"]] == [True, False]'
    package ota-demo-auto 1.0.3 --security-counter 3
    ararext update ota-demo-auto.pkg
    expect_status 12
    expect "(key 0) is revoked"
}

@test "provision with read protection and an identity of its own" {
    ararext provision --key key.pub --board acme.example/lamp --read-protection --yes
    expect_status 0
    expect "read-protected at level 1"
    json_of info
    json 'd["trust"] == "provisioned" and d["rdp_level"] == 1'
    package ota-demo-auto 1.0.0 --board f407
    ararext update ota-demo-auto.pkg
    expect_status 9
    package ota-demo-auto 1.0.0 --board acme.example/lamp
    ararext update ota-demo-auto.pkg
    expect_status 0
}

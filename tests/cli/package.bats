#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Keys and packages, without a board. OpenSSL's own tool and a reader in Python that shares nothing
# with ours are the second opinion.

load helper

setup()
{
    common_setup
    "$ARAREXT" --quiet keygen key.pem --public key.pub >/dev/null </dev/null
    APP=$ARAREXT_APPS/hello.elf
}

# check PACKAGE CONTENT [KEY]: judged by Python, and the signature by OpenSSL with the key in it.
check()
{
    if [ $# -lt 3 ]; then
        python3 "$HERE/package_check.py" "$1" "$2" >check.json
        return
    fi
    python3 "$HERE/package_check.py" "$1" "$2" digest.bin signature.der spki.der >check.json
    openssl pkey -pubin -inform DER -in spki.der -out in-package.pem
    openssl pkey -pubin -in "$3" -pubout -outform DER | cmp - spki.der
    openssl pkeyutl -verify -pubin -inkey in-package.pem -in digest.bin -sigfile signature.der
}

@test "keygen: only its owner reads it, OpenSSL does too, nothing is overwritten" {
    [ "$(stat -c %a key.pem)" = 600 ]
    openssl pkey -in key.pem -noout -text | grep -q 'NIST CURVE: P-256'
    openssl pkey -in key.pem -pubout | cmp - key.pub
    before=$(sha256sum key.pem)
    ararext keygen key.pem
    expect_status 8
    expect "is not overwritten"
    [ "$(sha256sum key.pem)" = "$before" ]
    ararext keygen other.pem --public key.pub
    expect_status 8
    [ ! -e other.pem ]
    ararext keygen no/such/folder.pem
    expect_status 8
    ln -s nowhere dangling.pem
    ararext keygen dangling.pem
    expect_status 8
    expect "is not overwritten"
    [ ! -e nowhere ]
}

@test "keygen: a key is there whole, or not at all" {
    # Killed while it writes: the first byte of a file is one too many.
    run bash -c 'ulimit -f 0; "$ARAREXT" keygen killed.pem </dev/null'
    [ "$status" -gt 128 ]
    [ ! -e killed.pem ]
    [ -n "$(compgen -G 'killed.pem.*')" ]
    ararext keygen killed.pem
    expect_status 0
    openssl pkey -in killed.pem -noout
}

@test "keygen tells the fingerprint that boards know: SHA-256 of the SubjectPublicKeyInfo" {
    json_of keygen third.pem
    [ "$status" -eq 0 ]
    json 'd["passphrase"] is False'
    want=$(openssl pkey -in third.pem -pubout -outform DER | sha256sum | cut -d' ' -f1)
    json "d['fingerprint'] == '$want'"
}

@test "keygen with a passphrase from a file" {
    echo 'correct horse' >pass
    ararext keygen locked.pem --passphrase-file pass
    expect_status 0
    grep -q 'BEGIN ENCRYPTED PRIVATE KEY' locked.pem
    openssl pkey -in locked.pem -passin file:pass -noout
    ararext pack "$APP" --key locked.pem --version 1.0.0 -o p.ara
    expect_status 11
    expect "--passphrase-file"
    openssl asn1parse -in locked.pem >asn1.txt # PBKDF2 with 600,000 rounds
    grep -q 'INTEGER  *:0927C0$' asn1.txt
    grep -q ':hmacWithSHA256$' asn1.txt
    echo wrong >bad
    ararext pack "$APP" --key locked.pem --passphrase-file bad --version 1.0.0 -o p.ara
    expect_status 8
    expect "the passphrase is wrong"
    : >empty
    ararext pack "$APP" --key locked.pem --passphrase-file empty --version 1.0.0 -o p.ara
    expect_status 8
    [ ! -e p.ara ]
    ararext pack "$APP" --key locked.pem --passphrase-file pass --version 1.0.0 -o p.ara
    expect_status 0
}

@test "passphrases at a terminal: typed twice, not shown" {
    at_terminal --when "Passphrase for the new key" --send 'secret\n' --when "same again" --send 'secret\n' \
        -- "$ARAREXT" keygen typed.pem
    expect_status 0
    expect_not "secret"
    openssl pkey -in typed.pem -passin pass:secret -noout
    at_terminal --when "Passphrase for the new key" --send 'one\n' --when "same again" --send 'two\n' \
        -- "$ARAREXT" keygen other.pem
    expect_status 11
    expect "differ"
    [ ! -e other.pem ]
    at_terminal --when "Passphrase of typed.pem" --send 'secret\n' \
        -- "$ARAREXT" pack "$APP" --key typed.pem --version 1.0.0 -o p.ara
    expect_status 0
    at_terminal --when "Passphrase of typed.pem" --send 'no\n' \
        -- "$ARAREXT" pack "$APP" --key typed.pem --version 1.0.0 -o p.ara
    expect_status 8
    at_terminal --when "Passphrase for the new key" --send '\x03' -- "$ARAREXT" keygen other.pem
    expect_status 130
    [ ! -e other.pem ]
}

@test "keys that OpenSSL makes, in each of its forms" {
    openssl ecparam -name prime256v1 -genkey -out sec1.pem # with its parameters before it
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out pkcs8.pem
    openssl ec -in pkcs8.pem -pubout -conv_form compressed -out compressed.pub 2>/dev/null
    openssl ec -in pkcs8.pem -aes128 -passout pass:abc -out legacy.pem 2>/dev/null
    echo abc >pass
    for key in sec1.pem pkcs8.pem legacy.pem; do
        ararext pack "$APP" --key "$key" --passphrase-file pass --version 1.0.0 -o "$key.ara"
        expect_status 0
    done
    ararext image pkcs8.pem.ara --key compressed.pub
    expect_status 0
    openssl ecparam -name secp384r1 -genkey -noout -out p384.pem
    openssl genpkey -algorithm ED25519 -out ed.pem
    for key in p384.pem ed.pem; do
        ararext pack "$APP" --key "$key" --version 1.0.0 -o p.ara
        expect_status 8
        expect "not a key on the curve P-256"
    done
    ararext pack "$APP" --key key.pub --version 1.0.0 -o p.ara
    expect_status 8
    expect "a public key cannot sign"
    ararext pack "$APP" --key "$APP" --version 1.0.0 -o p.ara
    expect_status 8
    [ ! -e p.ara ]
}

@test "pack: from each format the same package, but for the signature" {
    for format in elf hex srec bin; do
        ararext pack "$ARAREXT_APPS/hello.$format" --version 1.2.3+4 --unsigned -o "$format.ara"
        expect_status 0
        cmp elf.ara "$format.ara"
        check "$format.ara" "$ARAREXT_APPS/hello.bin"
    done
}

@test "pack: what OpenSSL and a second reader think of it" {
    big_image big.bin 60000 1
    ararext pack big.bin --key key.pem --version 1.2.3+4 --security-counter 7 --board f407 --trials 5 \
        --crash-limit 0 --watchdog 9 --revoke-key 1 --revoke-key 3 -o p.ara
    expect_status 0
    check p.ara big.bin key.pub
    python3 - <<'END2'
import json, uuid
d = json.load(open("check.json"))
assert d["version"] == [1, 2, 3, 4], d
p = d["protected"]
vendor = uuid.uuid5(uuid.NAMESPACE_DNS, "ararext")
assert p["50"] == "07000000" and p["a1"] == "05000900" and p["a2"] == "0a", p
assert p["74"] == vendor.hex and p["75"] == uuid.uuid5(vendor, "f407").hex, p
END2
    ararext pack big.bin --key key.pem --version 1.2.3 --no-compress -o plain.ara
    expect_status 0
    check plain.ara big.bin key.pub
    ararext pack "$APP" --key key.pem --version 0.0.1 --no-confirm --board acme.example/lamp -o p.ara
    expect_status 0
    check p.ara "$ARAREXT_APPS/hello.bin" key.pub
    grep -q '"a1": "00081e00"' check.json
    json_of image p.ara --board acme.example/lamp
    [ "$status" -eq 0 ]
    json 'd["fits_board"] and d["trials"] == 0'
}

@test "pack: the signature made elsewhere" {
    ararext pack "$APP" --version 1.2.3 --digest-only -o draft.ara
    expect_status 0
    expect "$(od -An -tx1 draft.ara.digest | tr -d ' \n')"
    check draft.ara "$ARAREXT_APPS/hello.bin"
    openssl pkeyutl -sign -inkey key.pem -in draft.ara.digest -out der.sig
    ararext pack draft.ara --signature der.sig --public-key key.pub -o p.ara
    expect_status 0
    check p.ara "$ARAREXT_APPS/hello.bin" key.pub
    python3 - <<'END2'
d = open("der.sig", "rb").read()
n = d[3]
r, s = d[4:4 + n], d[4 + n + 2:]
open("raw.sig", "wb").write(b"".join(int.from_bytes(x, "big").to_bytes(32, "big") for x in (r, s)))
END2
    ararext pack draft.ara --signature raw.sig --public-key key.pub -o raw.ara
    expect_status 0
    cmp p.ara raw.ara
    # The start signature, by its own digest; the two are not each other's.
    expect_not_there() { ! grep -q 'start signature   good' <<<"$output"; }
    ararext image p.ara --key key.pub
    expect_not_there
    openssl pkeyutl -sign -inkey key.pem -in draft.ara.start-digest -out start.sig
    ararext pack draft.ara --signature der.sig --start-signature start.sig --public-key key.pub -o start.ara
    expect_status 0
    ararext image start.ara --key key.pub
    expect_status 0
    expect "start signature   good"
    ararext pack draft.ara --signature der.sig --start-signature der.sig --public-key key.pub -o no.ara
    expect_status 12
    expect "the start signature is not this key's"
    # Not for this, not by this key, not a signature.
    "$ARAREXT" --quiet keygen other.pem --public other.pub </dev/null
    ararext pack draft.ara --signature der.sig --public-key other.pub -o no.ara
    expect_status 12
    ararext pack "$APP" --version 1.2.4 --digest-only -o draft2.ara
    ararext pack draft2.ara --signature der.sig --public-key key.pub -o no.ara
    expect_status 12
    expect "not this key's over the package's digest"
    ararext pack draft.ara --signature "$APP" --public-key key.pub -o no.ara
    expect_status 8
    ararext pack draft.ara --signature key.pub --public-key key.pub -o no.ara
    expect_status 12
    ararext pack "$APP" --signature der.sig --public-key key.pub -o no.ara
    expect_status 8
    expect "no package"
    [ ! -e no.ara ]
}

@test "pack: wrong use" {
    for words in "" "--version 1.2.3" "--version 1.2.3 -o f" "--key key.pem -o f" \
        "--version 1.2 --key key.pem -o f" "--version 1.2.3 --key key.pem --unsigned -o f" \
        "--version 1.2.3 --key key.pem --trials 16 -o f" "--version 1.2.3 --key key.pem --trials 300 -o f" \
        "--version 1.2.3 --key key.pem --crash-limit 1 -o f" "--version 1.2.3 --key key.pem --watchdog 0 -o f" \
        "--version 1.2.3 --key key.pem --watchdog 31 -o f" "--version 1.2.3 --key key.pem --revoke-key 4 -o f" \
        "--version 1.2.3 --key key.pem --security-counter 2561 -o f" \
        "--version 1.2.3 --key key.pem --board x/ -o f" "--signature s -o f" \
        "--signature s --public-key key.pub --version 1.2.3 -o f"; do
        ararext pack "$APP" $words
        expect_status 2
        [ ! -e f ]
    done
}

@test "pack: applications that no board could run" {
    head -c 4096 /dev/urandom >noise.bin
    printf '\0\0\0\0' | dd of=noise.bin conv=notrunc status=none
    ararext pack noise.bin --key key.pem --version 1.0.0 -o p.ara
    expect_status 9
    expect "vector table"
    big_image big.bin $((480 * 1024 + 1)) 1
    ararext pack big.bin --key key.pem --version 1.0.0 -o p.ara
    expect_status 9
    expect "too large by 1 byte:"
    big_image big.bin $((300 * 1024)) 1 # noise: no compressing helps
    ararext pack big.bin --key key.pem --version 1.0.0 -o p.ara
    expect_status 9
    expect "more than any board takes"
    [ ! -e p.ara ]
    ararext pack missing.elf --key key.pem --version 1.0.0 -o p.ara
    expect_status 8
}

@test "pack: what was in the file stays when nothing is made" {
    echo old >p.ara
    ararext pack "$APP" --key "$APP" --version 1.0.0 -o p.ara
    expect_status 8
    [ "$(cat p.ara)" = old ]
    ararext pack "$APP" --key key.pem --version 1.0.0 -o p.ara
    expect_status 0
    check p.ara "$ARAREXT_APPS/hello.bin" key.pub
}

@test "image: tells everything, and judges" {
    ararext pack "$APP" --key key.pem --version 1.2.3 --board f407 -o p.ara
    ararext image p.ara
    expect_status 0
    expect "version           1.2.3"
    expect "good by the key in the package"
    ararext image p.ara --key key.pub --board f407
    expect_status 0
    expect "good by the key given"
    ararext image p.ara --board f429
    expect_status 9
    expect "for another board than f429"
    "$ARAREXT" --quiet keygen other.pem </dev/null
    ararext image p.ara --key other.pem
    expect_status 12
    expect "names another key"
    json_of image p.ara --key key.pem
    json 'd["signature_check"] == "good" and d["digest_check"] == "good" and d["fits_512k"]'
    json '[t["type"] for t in d["tlvs"] if not t["protected"]] == [0x10, 0x02, 0x22, 0xA3]'
    ararext pack "$APP" --unsigned --version 1.2.3 -o u.ara
    ararext image u.ara
    expect_status 0
    expect "signature         absent"
    ararext image u.ara --key key.pub
    expect_status 12
}

@test "image: damage is told with its place" {
    ararext pack "$APP" --key key.pem --version 1.2.3 -o p.ara
    head -c 100 p.ara >cut.ara
    ararext image cut.ara
    expect_status 8
    expect "offset 12: payload of"
    cp p.ara long.ara
    printf x >>long.ara
    ararext image long.ara
    expect_status 8
    expect "1 bytes behind the package's end"
    cp p.ara flipped.ara
    printf '\xff' | dd of=flipped.ara bs=1 seek=200 conv=notrunc status=none
    cmp -s p.ara flipped.ara && printf '\x00' | dd of=flipped.ara bs=1 seek=200 conv=notrunc status=none
    ararext image flipped.ara
    expect_status 8
    expect "its digest is wrong"
    expect "digest            "
    json_of image flipped.ara
    json 'd["digest_check"] == "bad" and d["error"]["name"] == "format"'
    # A wrong file never reaches a board: no port is opened.
    ARAREXT_PORT=/nonexistent ararext update flipped.ara
    expect_status 8
    expect "nothing was sent"
}

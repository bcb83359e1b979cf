/* SPDX-License-Identifier: MIT */
/*
 * The forgery campaign: a signed plain and a signed compressed package on a provisioned board, and
 * everything a forger without the key can make of them. The reader or the judge must refuse each;
 * no read may leave the package. What a change leaves the same signed package (TLVs in another
 * order, the twin of the signature) may be taken, but must then be that package in every field.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package.h"
#include "package_builder.h"
#include "package_model.h"
#include "verdict.h"

enum { SLOT = PACKAGE_MODEL_SLOT, CONTENT = 3072, HEADER = 32, NUMBER = 32, PAYLOAD_STEP = 61 };

static const uint8_t order[NUMBER] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};

struct bench {
    struct package_model *m;
    struct trust trust;
    struct evp_pkey_st *key;       /* the board knows it */
    struct evp_pkey_st *other_key; /* and not this one */
    uint8_t content[CONTENT];
    struct package_bytes whole; /* the genuine package */
    struct package good;        /* how it is read */
    unsigned tried, accepted, harmless;
};

static struct bench bench;

static uint8_t *slot(void)
{
    return bench.m->flash + (SLOT - 0x08000000);
}

static void start(enum package_packing packing)
{
    struct package_recipe r = {.content = bench.content,
                               .content_len = CONTENT,
                               .packing = packing,
                               .counter = 3,
                               .policy = (const uint8_t[]){3, 8, 30, 0},
                               .identity = package_model_identity,
                               .revoke = 2,
                               .content_digest = true,
                               .key = bench.key};
    uint32_t detail;

    free(bench.whole.data);
    bench.whole.data = package_build(&r, &bench.whole.len);
    package_model_load(bench.m, bench.whole.data, bench.whole.len);
    assert_int_equal(package_read(&bench.m->hw, SLOT, bench.m->room, CONTENT, &bench.good, &detail),
                     REASON_NONE);
}

static void restore(void)
{
    memcpy(slot(), bench.whole.data, bench.whole.len);
    bench.m->room = (uint32_t)bench.whole.len;
}

/* Whether the board takes what the slot holds. Asserts that a refusal is one in both verdicts, or
 * at least in the one that comes with the reason. */
static bool is_taken(struct package *p)
{
    struct package_check check = {{VERDICT_GOOD, VERDICT_GOOD}, REASON_NONE, 0};
    uint32_t detail;

    if (package_read(&bench.m->hw, SLOT, bench.m->room, CONTENT, p, &detail) != REASON_NONE) {
        return false;
    }
    assert_true(p->size <= bench.m->room);
    package_verify(&bench.m->hw, &bench.trust, p, &check);
    if (check.reason == REASON_NONE) {
        assert_int_equal(check.verdict[0], VERDICT_GOOD);
        assert_int_equal(check.verdict[1], VERDICT_GOOD);
        return true;
    }
    assert_int_not_equal(check.verdict[0], VERDICT_GOOD);
    assert_int_not_equal(check.verdict[1], VERDICT_GOOD);
    return false;
}

/* Must be refused. */
static void forged(const char *what, size_t at)
{
    struct package p;

    bench.tried++;
    if (is_taken(&p)) {
        bench.accepted++;
        print_error("taken: %s, at %zu\n", what, at);
    }
}

/* May be refused; if it is taken, it is the genuine package. */
static void rearranged(void)
{
    struct package p;

    bench.tried++;
    if (!is_taken(&p)) {
        return;
    }
    bench.harmless++;
    assert_memory_equal(slot(), bench.whole.data, p.signed_size);
    assert_int_equal(p.signed_size, bench.good.signed_size);
    assert_int_equal(p.content_size, bench.good.content_size);
    assert_int_equal(p.flags, bench.good.flags);
    assert_int_equal(p.counter, bench.good.counter);
    assert_int_equal(p.revoke, bench.good.revoke);
    assert_int_equal(p.content_digest_at, bench.good.content_digest_at);
    assert_memory_equal(p.digest, bench.good.digest, 32);
}

/* The forger puts the right digest into the package, into the first TLV of its area; what is
 * missing is the signature over it. */
static void mend_digest(uint32_t signed_size)
{
    package_sha256(slot(), signed_size, slot() + signed_size + 8);
}

/* ---- bytes ---- */

static void change_byte(size_t at, bool mend)
{
    const uint8_t old = bench.whole.data[at];
    const uint8_t values[] = {old ^ 1u, old ^ 0x80u, 0, 0xFF};

    for (size_t i = 0; i < sizeof values; i++) {
        if (values[i] == old) {
            continue;
        }
        slot()[at] = values[i];
        if (mend) {
            mend_digest(bench.good.signed_size);
        }
        forged(mend ? "byte, digest mended" : "byte", at);
    }
    restore();
}

static void all_bytes(void)
{
    size_t area = HEADER + bench.good.payload_size;

    for (size_t at = 0; at < bench.whole.len; at++) {
        bool payload = at >= HEADER && at < area;
        if (payload && (at - HEADER) % PAYLOAD_STEP != 0) {
            continue;
        }
        change_byte(at, false);
        if (at < bench.good.signed_size && (!payload || at % 5 == 0)) {
            change_byte(at, true);
        }
    }
}

/* Every bit of the signature, since a number off by a little is what a weak check would take. */
static void all_signature_bits(void)
{
    for (unsigned bit = 0; bit < bench.good.signature_len * 8u; bit++) {
        size_t at = bench.good.signature_at + bit / 8u;
        slot()[at] ^= (uint8_t)(1u << bit % 8u);
        forged("signature bit", at);
        restore();
    }
}

static void truncations(void)
{
    for (size_t len = 0; len < bench.whole.len; len++) {
        bench.m->room = (uint32_t)len;
        forged("truncation", len);
    }
    restore();
}

/* ---- length fields ---- */

static void put(size_t at, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        slot()[at + i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t get16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static void limits(size_t at, unsigned bytes)
{
    uint32_t old = bytes == 2
                       ? get16(bench.whole.data + at)
                       : get16(bench.whole.data + at) | get16(bench.whole.data + at + 2) << 16;
    uint32_t room = (uint32_t)bench.whole.len;
    const uint32_t values[] = {0,      1,          3,          4,          5,    7,
                               8,      old - 1,    old + 1,    old + 4,    room, room - 32,
                               0x7FFF, 0x8000,     0xFFFC,     0xFFFF,     1024, 1025,
                               512,    0x7FFFFFFF, 0x80000000, 0xFFFFFFE0, 513,  0xFFFFFFFF};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        put(at, values[i], bytes);
        if (memcmp(slot(), bench.whole.data, bench.whole.len) != 0) {
            forged("length", at);
            mend_digest(bench.good.signed_size);
            forged("length, digest mended", at);
        }
        restore();
    }
}

static void all_limits(void)
{
    size_t area = HEADER + bench.good.payload_size;

    limits(8, 2);
    limits(10, 2);
    limits(12, 4);
    for (unsigned i = 0; i < 2; i++) {
        size_t end = area + get16(bench.whole.data + area + 2);
        limits(area + 2, 2);
        for (size_t at = area + 4; at < end; at += 4 + get16(bench.whole.data + at + 2)) {
            limits(at + 2, 2);
        }
        area = end;
    }
}

/* ---- TLVs as a whole ---- */

struct tlv {
    size_t at, len; /* head included */
};

struct area {
    struct tlv tlvs[12];
    unsigned count;
};

static struct area area_of(size_t at)
{
    struct area a = {0};
    size_t end = at + get16(bench.whole.data + at + 2);

    for (at += 4; at < end; at += a.tlvs[a.count++].len) {
        assert_true(a.count < sizeof a.tlvs / sizeof a.tlvs[0]);
        a.tlvs[a.count] = (struct tlv){at, 4 + get16(bench.whole.data + at + 2)};
    }
    return a;
}

/* The package again, with its areas made of these TLVs; lengths are mended, and the digest if the
 * forger thinks of it. */
static void write_areas(const struct area *a, const struct area *b, bool mend)
{
    struct package_bytes out = {0};
    size_t signed_size;

    package_put(&out, bench.whole.data, HEADER + bench.good.payload_size);
    package_put_le(&out, 0x6908, 2);
    package_put_le(&out, 0, 2);
    for (unsigned i = 0; i < a->count; i++) {
        package_put(&out, bench.whole.data + a->tlvs[i].at, a->tlvs[i].len);
    }
    signed_size = out.len;
    package_put_le(&out, 0x6907, 2);
    package_put_le(&out, 0, 2);
    for (unsigned i = 0; i < b->count; i++) {
        package_put(&out, bench.whole.data + b->tlvs[i].at, b->tlvs[i].len);
    }
    memcpy(slot(), out.data, out.len);
    bench.m->room = (uint32_t)out.len;
    put(10, (uint32_t)(signed_size - HEADER - bench.good.payload_size), 2);
    put(HEADER + bench.good.payload_size + 2,
        (uint32_t)(signed_size - HEADER - bench.good.payload_size), 2);
    put(signed_size + 2, (uint32_t)(out.len - signed_size), 2);
    if (mend && b->count != 0) {
        mend_digest((uint32_t)signed_size);
    }
    free(out.data);
}

static struct area without(const struct area *a, unsigned index)
{
    struct area out = *a;

    out.count--;
    memmove(out.tlvs + index, out.tlvs + index + 1, (out.count - index) * sizeof out.tlvs[0]);
    return out;
}

static struct area doubled(const struct area *a, unsigned index)
{
    struct area out = *a;

    out.tlvs[out.count++] = a->tlvs[index];
    return out;
}

static struct area swapped(const struct area *a, unsigned i, unsigned k)
{
    struct area out = *a;

    out.tlvs[i] = a->tlvs[k];
    out.tlvs[k] = a->tlvs[i];
    return out;
}

static void rearrange_protected(const struct area *a, const struct area *b)
{
    for (unsigned mend = 0; mend < 2; mend++) {
        for (unsigned i = 0; i < a->count; i++) {
            struct area changed = without(a, i);
            write_areas(&changed, b, mend != 0);
            forged("protected TLV dropped", i);
            changed = doubled(a, i);
            write_areas(&changed, b, mend != 0);
            forged("protected TLV doubled", i);
            for (unsigned k = 0; k < i; k++) {
                changed = swapped(a, i, k);
                write_areas(&changed, b, mend != 0);
                forged("protected TLVs swapped", i);
            }
            /* And into the other area: from there nothing may be believed. */
            changed = *b;
            changed.tlvs[changed.count++] = a->tlvs[i];
            write_areas(a, &changed, false);
            forged("protected TLV in the other area", i);
        }
    }
    restore();
}

static void rearrange_other(const struct area *a, const struct area *b)
{
    for (unsigned i = 0; i < b->count; i++) {
        struct area changed = without(b, i);
        write_areas(a, &changed, false);
        forged("TLV dropped", i);
        changed = doubled(b, i);
        write_areas(a, &changed, false);
        forged("TLV doubled", i);
        changed = *a;
        changed.tlvs[changed.count++] = b->tlvs[i];
        write_areas(&changed, b, true);
        forged("TLV in the protected area", i);
        for (unsigned k = 0; k < i; k++) {
            changed = swapped(b, i, k);
            write_areas(a, &changed, false);
            rearranged();
        }
    }
    restore();
}

static void rearrange(void)
{
    struct area a = area_of(HEADER + bench.good.payload_size);
    struct area b = area_of(bench.good.signed_size);
    unsigned harmless = bench.harmless;

    assert_int_equal(b.count, 3);
    write_areas(&a, &b, false);
    assert_memory_equal(slot(), bench.whole.data, bench.whole.len); /* the tool itself is right */
    rearrange_protected(&a, &b);
    rearrange_other(&a, &b);
    assert_int_equal(bench.harmless, harmless + 3); /* the three swaps of digest, key, signature */
}

/* ---- signatures ---- */

/* An INTEGER of a big-endian number, as short as DER wants it. */
static size_t put_number(uint8_t *der, const uint8_t number[NUMBER])
{
    size_t skip = 0;
    size_t pad;

    while (skip < NUMBER - 1 && number[skip] == 0) {
        skip++;
    }
    pad = (number[skip] & 0x80) != 0 ? 1 : 0;
    der[0] = 2;
    der[1] = (uint8_t)(NUMBER - skip + pad);
    der[2] = 0;
    memcpy(der + 2 + pad, number + skip, NUMBER - skip);
    return 2 + pad + NUMBER - skip;
}

/* Puts the genuine package with another signature, the last of its TLVs, into the slot. */
static void write_signature(const uint8_t *der, size_t len)
{
    size_t at = bench.good.signature_at;

    restore();
    memcpy(slot() + at, der, len);
    put(at - 2, (uint32_t)len, 2);
    put(bench.good.signed_size + 2, (uint32_t)(at + len - bench.good.signed_size), 2);
    bench.m->room = (uint32_t)(at + len);
}

static void write_numbers(const uint8_t r[NUMBER], const uint8_t s[NUMBER])
{
    uint8_t der[2 + 2 * (NUMBER + 3)];
    size_t len = 2;

    len += put_number(der + len, r);
    len += put_number(der + len, s);
    der[0] = 0x30;
    der[1] = (uint8_t)(len - 2);
    write_signature(der, len);
}

static void take_number(const uint8_t **der, uint8_t number[NUMBER])
{
    size_t len = (*der)[1];
    const uint8_t *value = *der + 2;

    *der += 2 + len;
    if (len > NUMBER) {
        value++;
        len--;
    }
    memset(number, 0, NUMBER);
    memcpy(number + NUMBER - len, value, len);
}

/* out = a - b */
static void subtract(uint8_t out[NUMBER], const uint8_t a[NUMBER], const uint8_t b[NUMBER])
{
    int borrow = 0;

    for (unsigned i = NUMBER; i-- != 0;) {
        int difference = a[i] - b[i] - borrow;
        borrow = difference < 0 ? 1 : 0;
        out[i] = (uint8_t)difference;
    }
}

static void odd_numbers(void)
{
    const uint8_t *der = bench.whole.data + bench.good.signature_at + 2;
    uint8_t numbers[9][NUMBER] = {{0}};
    unsigned harmless = bench.harmless;

    take_number(&der, numbers[0]);           /* r */
    take_number(&der, numbers[1]);           /* s */
    subtract(numbers[2], order, numbers[0]); /* n - r */
    subtract(numbers[3], order, numbers[1]); /* n - s: the twin */
    numbers[5][NUMBER - 1] = 1;              /* [4] is 0 */
    memcpy(numbers[6], order, NUMBER);       /* n */
    subtract(numbers[7], order, numbers[5]); /* n - 1 */
    memset(numbers[8], 0xFF, NUMBER);
    write_numbers(numbers[0], numbers[1]);
    assert_memory_equal(slot(), bench.whole.data, bench.whole.len); /* the tool itself is right */
    for (unsigned r = 0; r < 9; r++) {
        for (unsigned s = 0; s < 9; s++) {
            if (r == 0 && s == 1) {
                continue;
            }
            write_numbers(numbers[r], numbers[s]);
            if (r == 0 && s == 3) {
                rearranged();
            } else {
                forged("numbers", r * 10 + s);
            }
        }
    }
    assert_int_equal(bench.harmless, harmless + 1);
    restore();
}

static void odd_der(void)
{
    static const char *const odd[] = {
        "\x30\x06\x02\x01\x00\x02\x01\x00", "\x30\x06\x02\x01\x01\x02\x01\x01",
        "\x30\x06\x02\x02\x00\x02\x00\x00", "\x30\x80\x02\x01\x01\x02\x01\x01",
        "\x31\x06\x02\x01\x01\x02\x01\x01", "\x30\x06\x02\xFF\x01\x02\x01\x01",
        "\x30\x06\x02\x00\x02\x00\x02\x00", "\x30\xFF\x02\x7F\x01\x02\x7F\x01"};
    uint8_t der[72];

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        write_signature((const uint8_t *)odd[i], 8);
        forged("DER", i);
    }
    for (size_t len = 8; len < bench.good.signature_len; len++) {
        write_signature(bench.whole.data + bench.good.signature_at, len);
        forged("signature cut", len);
    }
    memcpy(der, bench.whole.data + bench.good.signature_at, bench.good.signature_len);
    for (size_t len = bench.good.signature_len + 1u; len <= sizeof der; len++) {
        memset(der + bench.good.signature_len, 0, len - bench.good.signature_len);
        write_signature(der, len);
        forged("signature longer", len);
    }
    restore();
}

/* ---- other keys ---- */

static void other_keys(void)
{
    uint8_t spki[91];
    uint8_t hash[32];
    uint8_t der[72];
    size_t len;
    struct package_recipe r = {.content = bench.content,
                               .content_len = CONTENT,
                               .packing =
                                   bench.good.flags == 0 ? PACKAGE_PLAIN : PACKAGE_LZMA2_THUMB,
                               .counter = 3};

    for (unsigned form = 0; form < 3; form++) {
        size_t size;
        uint8_t *bytes;
        r.key = form < 2 ? bench.other_key : NULL;
        r.key_form = (enum package_key_form)(form & 1u);
        bytes = package_build(&r, &size);
        package_model_load(bench.m, bytes, size);
        forged("whole package by another key, or none", form);
        free(bytes);
    }
    restore();
    package_key_spki(bench.other_key, spki);
    memcpy(slot() + bench.good.key_at, spki, sizeof spki);
    forged("other key, genuine signature", 0);
    len = package_sign(bench.other_key, bench.good.digest, der);
    write_signature(der, len);
    forged("genuine key, other signature", 0);
    memcpy(slot() + bench.good.key_at, spki, sizeof spki);
    forged("other key, other signature", 0);
    package_key_hash(bench.key, hash);
    put(bench.good.key_at - 4, 0x01, 2); /* the known key's hash in place of a key */
    memcpy(slot() + bench.good.key_at, hash, sizeof hash);
    forged("a hash as long as a key", 0);
    restore();
}

static void campaign(enum package_packing packing)
{
    struct package p;

    start(packing);
    assert_true(is_taken(&p)); /* the genuine one */
    all_bytes();
    all_signature_bits();
    truncations();
    all_limits();
    rearrange();
    odd_numbers();
    odd_der();
    other_keys();
    assert_true(is_taken(&p)); /* still: the bench is what it was */
}

static void test_forgeries(void **state)
{
    uint8_t hashes[64];

    (void)state;
    bench.m = package_model_create(11);
    bench.key = package_key(1);
    bench.other_key = package_key(3);
    package_content(bench.content, CONTENT, 9);
    package_key_hash(bench.key, hashes);
    memset(hashes + 32, 0x77, 32);
    package_model_provision(bench.m, hashes, 2, NULL);
    package_model_set_counter(bench.m, 3);
    package_model_trust(bench.m, &bench.trust);
    campaign(PACKAGE_PLAIN);
    campaign(PACKAGE_LZMA2_THUMB);
    print_message("forgeries_harmless %u count\n", bench.harmless);
    print_message("forgeries_tried %u count\n", bench.tried);
    print_message("forgeries_accepted %u count\n", bench.accepted);
    assert_true(bench.tried > 10000);
    assert_int_equal(bench.accepted, 0);
    package_key_free(bench.key);
    package_key_free(bench.other_key);
    free(bench.whole.data);
    free(bench.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forgeries)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

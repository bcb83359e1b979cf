/* SPDX-License-Identifier: MIT */
/* Reading packages: every rule of FORMAT.md's tables, the reasons and their details. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package_bench.h"

static void test_plain_fields(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    struct package p;
    uint32_t detail;
    uint8_t digest[32];

    memcpy(r.version, "\x01\x02\x03\x00\x04\x00\x00\x00", 8);
    r.policy = (const uint8_t[]){15, 255, 1, 0};
    r.identity = package_model_identity;
    r.revoke = 0x0C;
    r.content_digest = true;
    bench_load(b, &r);
    assert_int_equal(bench_read(b, &p, &detail), REASON_NONE);
    assert_int_equal(p.addr, SLOT);
    assert_int_equal(p.size, b->m->room);
    assert_int_equal(p.payload_size, CONTENT);
    assert_int_equal(p.content_size, CONTENT);
    assert_int_equal(p.flags, 0);
    assert_int_equal(p.counter, 7);
    assert_int_equal(p.trials, 15);
    assert_int_equal(p.crashes, 255);
    assert_int_equal(p.watchdog_s, 1);
    assert_int_equal(p.revoke, 0x0C);
    assert_memory_equal(p.version, r.version, 8);
    assert_memory_equal(bench_slot(b) + p.vendor_at, package_model_identity, 16);
    assert_memory_equal(bench_slot(b) + p.class_at, package_model_identity + 16, 16);
    package_sha256(bench_content, sizeof bench_content, digest);
    assert_memory_equal(bench_slot(b) + p.content_digest_at, digest, 32);
    package_sha256(bench_slot(b), p.signed_size, digest);
    assert_memory_equal(p.digest, digest, 32);
    assert_int_equal(bench_slot(b)[p.signature_at], 0x30);
    assert_int_equal(p.key_hash_at, 0);
    assert_int_not_equal(p.key_at, 0);
    assert_int_equal(p.size, p.signature_at + p.signature_len);
}

static void test_defaults(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    struct package p;
    uint32_t detail;

    r.no_counter = true; /* and with it no protected area at all */
    r.key = NULL;
    bench_load(b, &r);
    assert_int_equal(bench_read(b, &p, &detail), REASON_NONE);
    assert_int_equal(p.signed_size, 32 + CONTENT);
    assert_int_equal(p.counter, 0);
    assert_int_equal(p.trials, 3);
    assert_int_equal(p.crashes, 8);
    assert_int_equal(p.watchdog_s, 30);
    assert_int_equal(p.revoke, 0);
    assert_int_equal(p.key_at | p.key_hash_at | p.signature_at | p.vendor_at | p.class_at |
                         p.content_digest_at,
                     0);
}

static void test_compressed_fields(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    struct package p;
    uint32_t detail;

    for (unsigned thumb = 0; thumb < 2; thumb++) {
        r.packing = thumb != 0 ? PACKAGE_LZMA2_THUMB : PACKAGE_LZMA2;
        bench_load(b, &r);
        assert_int_equal(bench_read(b, &p, &detail), REASON_NONE);
        assert_int_equal(p.flags, thumb != 0 ? 0xC00 : 0x400);
        assert_int_equal(p.content_size, CONTENT);
        assert_true(p.payload_size < CONTENT);
        assert_int_not_equal(p.content_digest_at, 0);
    }
}

static void test_begins(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    bench_load(b, &r);
    assert_true(package_begins(&b->m->hw, SLOT));
    bench_slot(b)[3] ^= 1;
    assert_false(package_begins(&b->m->hw, SLOT));
}

/* ---- header ---- */

static void test_header_fixed_fields(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    static const uint8_t fixed[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 28, 29, 30, 31};

    bench_load(b, &r);
    for (size_t i = 0; i < sizeof fixed; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bench_slot(b)[fixed[i]] ^= (uint8_t)(1u << bit);
            bench_expect_read(b, REASON_PACKAGE_FORMAT, fixed[i]);
            bench_slot(b)[fixed[i]] ^= (uint8_t)(1u << bit);
        }
    }
    bench_expect_read(b, REASON_NONE, 0);
}

static void test_header_flags(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    bench_load(b, &r);
    for (unsigned bit = 0; bit < 32; bit++) {
        bench_slot(b)[16 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        bench_slot(b)[32] = 8; /* bit 10: LZMA2, a good dictionary, but no size and no digest */
        bench_expect_read(b, REASON_PACKAGE_FORMAT, bit / 8 == 1 ? 16 : 16 + bit / 8);
        bench_slot(b)[16 + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    r.packing = PACKAGE_LZMA2_THUMB;
    bench_load(b, &r);
    bench_slot(b)[16] = 1;
    bench_expect_read(b, REASON_PACKAGE_FORMAT, 16);
    memset(bench_slot(b) + 16, 0, 4); /* plain with a bench_content size */
    bench_expect_read(b, REASON_PACKAGE_FORMAT, 16);
}

static void test_header_sizes(void **state)
{
    static const uint32_t payloads[] = {0xFFFFFFFF, 0xFFFFFFE0, 0xFFFFFFDF, 0x80000000, 0x00100000};
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    uint32_t room;

    bench_load(b, &r);
    room = b->m->room;
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        bench_put32(bench_slot(b) + 12, payloads[i]);
        bench_expect_read(b, REASON_PACKAGE_SIZE, room);
    }
    for (uint32_t payload = 0; payload < 8; payload++) {
        bench_put32(bench_slot(b) + 12, payload);
        bench_expect_read(b, REASON_PACKAGE_FORMAT, 12);
    }
    bench_put32(bench_slot(b) + 12, room - 32); /* nothing left for the protected area */
    bench_expect_read(b, REASON_PACKAGE_SIZE, room);
    bench_put32(bench_slot(b) + 12, room - 32 - 12); /* nothing left for the other one */
    bench_expect_read(b, REASON_PACKAGE_FORMAT, room - 12);
    bench_put32(bench_slot(b) + 12, CONTENT);
    for (unsigned size = 1; size < 4; size++) {
        bench_slot(b)[10] = (uint8_t)size;
        bench_expect_read(b, REASON_PACKAGE_FORMAT, 10);
    }
    bench_slot(b)[10] = 1;
    bench_slot(b)[11] = 4; /* 1025 */
    bench_expect_read(b, REASON_PACKAGE_FORMAT, 10);
    bench_slot(b)[10] = 11;
    bench_slot(b)[11] = 0;
    bench_expect_read(b, REASON_PACKAGE_FORMAT, 32 + CONTENT);
}

static void test_content_too_large(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    struct package p;
    uint32_t detail;

    for (unsigned packing = 0; packing < 2; packing++) {
        r.packing = packing == 0 ? PACKAGE_PLAIN : PACKAGE_LZMA2;
        bench_load(b, &r);
        assert_int_equal(package_read(&b->m->hw, SLOT, b->m->room, CONTENT, &p, &detail),
                         REASON_NONE);
        assert_int_equal(package_read(&b->m->hw, SLOT, b->m->room, CONTENT - 1, &p, &detail),
                         REASON_PACKAGE_SIZE);
        assert_int_equal(detail, CONTENT - 1);
    }
}

/* The model fails the test at any read beyond the room. */
static void test_every_truncation(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    for (unsigned packing = 0; packing < 2; packing++) {
        uint32_t len;
        r.packing = packing == 0 ? PACKAGE_PLAIN : PACKAGE_LZMA2_THUMB;
        bench_load(b, &r);
        len = b->m->room;
        for (b->m->room = 0; b->m->room < len; b->m->room++) {
            struct package p;
            uint32_t detail;
            enum reason reason = bench_read(b, &p, &detail);
            assert_true(reason == REASON_PACKAGE_SIZE || reason == REASON_PACKAGE_FORMAT);
        }
        bench_expect_read(b, REASON_NONE, 0);
        b->m->room = len + 100; /* more room than it needs */
        bench_expect_read(b, REASON_NONE, 0);
    }
}

/* ---- TLVs ---- */

static void test_protected_types(void **state)
{
    static const uint8_t zeros[256];
    struct board *b = *state;

    for (unsigned type = 0; type < 0x200; type++) {
        bool skipped = type == 0x71 || type == 0x72 || (type >= 0xA4);
        if (type == 0x74 || type == 0x75 || type == 0xA0 || type == 0xA1 || type == 0xA2) {
            continue; /* known, with lengths of their own */
        }
        bench_load_with_tlv(b, (uint16_t)type, zeros, 4);
        if (type == 0x70) { /* known, but not in a plain package */
            bench_expect_read(b, REASON_PACKAGE_FORMAT, 16);
        } else {
            bench_expect_read(b, skipped ? REASON_NONE : REASON_PACKAGE_FORMAT, SECOND);
        }
    }
    bench_load_with_tlv(b, 0x01, zeros, 32); /* of the other area, with their proper lengths */
    bench_expect_read(b, REASON_PACKAGE_FORMAT, SECOND);
    bench_load_with_tlv(b, 0x10, zeros, 32);
    bench_expect_read(b, REASON_PACKAGE_FORMAT, SECOND);
    bench_load_with_tlv(b, 0x72, zeros, 72);
    bench_expect_read(b, REASON_NONE, 0);
    bench_load_with_tlv(b, 0xFFA0, zeros, 0);
    bench_expect_read(b, REASON_NONE, 0);
}

static void test_protected_lengths(void **state)
{
    static const struct {
        uint16_t type, len;
    } tlvs[] = {{0x74, 16}, {0x75, 16}, {0xA0, 32}, {0xA1, 4}, {0xA2, 1}};
    struct board *b = *state;
    uint8_t value[40] = {3, 8, 30};

    for (size_t i = 0; i < sizeof tlvs / sizeof tlvs[0]; i++) {
        for (unsigned len = 0; len < sizeof value; len++) {
            value[0] = 3;
            bench_load_with_tlv(b, tlvs[i].type, value, (uint16_t)len);
            bench_expect_read(b, len == tlvs[i].len ? REASON_NONE : REASON_PACKAGE_FORMAT, SECOND);
        }
    }
}

static void test_counter_values(void **state)
{
    static const uint32_t values[] = {0, 2560, 2561, 0x00010000, 0xFFFFFFFF};
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        r.counter = values[i];
        bench_load(b, &r);
        bench_expect_read(b, values[i] <= 2560 ? REASON_NONE : REASON_PACKAGE_FORMAT, AREA + 8);
    }
}

static void test_policy_values(void **state)
{
    static const struct {
        uint8_t value[4];
        bool good;
    } policies[] = {
        {{0, 0, 1, 0}, true},    {{15, 2, 30, 0}, true},    {{15, 255, 30, 0}, true},
        {{16, 2, 30, 0}, false}, {{255, 2, 30, 0}, false},  {{3, 1, 30, 0}, false},
        {{3, 8, 0, 0}, false},   {{3, 8, 31, 0}, false},    {{3, 8, 255, 0}, false},
        {{3, 8, 30, 1}, false},  {{3, 8, 30, 0x80}, false},
    };
    struct board *b = *state;

    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        bench_load_with_tlv(b, 0xA1, policies[i].value, 4);
        bench_expect_read(b, policies[i].good ? REASON_NONE : REASON_PACKAGE_FORMAT, SECOND + 4);
    }
}

static void test_revoke_values(void **state)
{
    struct board *b = *state;

    for (unsigned mask = 0; mask < 256; mask++) {
        const uint8_t value = (uint8_t)mask;
        bench_load_with_tlv(b, 0xA2, &value, 1);
        bench_expect_read(b, mask < 16 ? REASON_NONE : REASON_PACKAGE_FORMAT, SECOND + 4);
    }
}

static void test_duplicates(void **state)
{
    struct board *b = *state;
    static const uint8_t seven[4] = {7};

    bench_load_with_tlv(b, 0x50, seven, 4);
    bench_expect_read(b, REASON_PACKAGE_FORMAT, SECOND);
}

/* Any order of the protected ones is as good as any other. */
static void test_protected_order(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    struct package_bytes tlvs = {0};

    package_put_tlv(&tlvs, 0xA2, "\x02", 1);
    package_put_tlv(&tlvs, 0x75, package_model_identity + 16, 16);
    package_put_tlv(&tlvs, 0x74, package_model_identity, 16);
    package_put_tlv(&tlvs, 0x50, "\x09\x00\x00\x00", 4);
    bench_load_tlvs(b, &r, &tlvs);
    free(tlvs.data);
    bench_expect(b, REASON_NONE, 0);
}

static void test_area_ends(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    struct package_bytes tlvs = {0};

    for (unsigned extra = 1; extra < 4; extra++) { /* less than a TLV's head is left */
        tlvs.len = 0;
        package_put_protected(&tlvs, &r);
        package_put(&tlvs, "\0\0\0", extra);
        bench_load_tlvs(b, &r, &tlvs);
        bench_expect_read(b, REASON_PACKAGE_FORMAT, SECOND);
    }
    free(tlvs.data);
    bench_load(b, &r);
    bench_slot(b)[AREA + 6] = 5; /* the counter's length goes one beyond the area */
    bench_expect_read(b, REASON_PACKAGE_FORMAT, AREA + 4);
    bench_slot(b)[AREA + 6] = 0xFF;
    bench_slot(b)[AREA + 7] = 0xFF;
    bench_expect_read(b, REASON_PACKAGE_FORMAT, AREA + 4);
}

static void test_area_heads(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    uint32_t room;

    bench_load(b, &r);
    room = b->m->room;
    for (unsigned at = 0; at < 4; at++) {
        bench_slot(b)[AREA + at] ^= 0x10;
        bench_expect_read(b, REASON_PACKAGE_FORMAT, AREA);
        bench_slot(b)[AREA + at] ^= 0x10;
    }
    for (unsigned at = 0; at < 2; at++) {
        bench_slot(b)[SECOND + at] ^= 0x10;
        bench_expect_read(b, REASON_PACKAGE_FORMAT, SECOND);
        bench_slot(b)[SECOND + at] ^= 0x10;
    }
    for (unsigned size = 0; size < 4; size++) {
        bench_slot(b)[SECOND + 2] = (uint8_t)size;
        bench_expect_read(b, REASON_PACKAGE_FORMAT, SECOND);
    }
    bench_slot(b)[SECOND + 2] = 4; /* an empty area */
    bench_expect_read(b, REASON_PACKAGE_FORMAT, SECOND);
    bench_slot(b)[SECOND + 2] = 0;
    bench_slot(b)[SECOND + 3] = 2; /* 512: allowed, but not there */
    bench_expect_read(b, REASON_PACKAGE_SIZE, room);
    bench_slot(b)[SECOND + 2] = 1;
    bench_expect_read(b, REASON_PACKAGE_FORMAT, SECOND);
}

/* The other area, made by hand: which of digest, key, key's hash, signature, unknown ones. */
static void with_other_area(struct board *b, const char *what)
{
    struct package_recipe r = bench_recipe(b);
    struct package_bytes out = {0};
    struct package_bytes tlvs = {0};
    uint8_t value[256] = {0};

    r.key = NULL;
    package_put_protected(&tlvs, &r);
    package_assemble(&out, &r, &tlvs);
    out.len = SECOND;
    tlvs.len = 0;
    for (; *what != 0; what++) {
        static const struct {
            char name;
            uint16_t type, len;
        } kinds[] = {{'D', 0x10, 32}, {'K', 0x02, 91},  {'H', 0x01, 32}, {'S', 0x22, 70},
                     {'d', 0x10, 31}, {'k', 0x02, 90},  {'h', 0x01, 33}, {'s', 0x22, 73},
                     {'x', 0x22, 7},  {'U', 0x99, 9},   {'V', 0xA4, 0},  {'C', 0x50, 4},
                     {'P', 0xA1, 4},  {'L', 0x99, 255}, {'I', 0x75, 16}};
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            if (kinds[i].name == *what) {
                package_put_tlv(&tlvs, kinds[i].type, value, kinds[i].len);
            }
        }
    }
    package_put_le(&out, 0x6907, 2);
    package_put_le(&out, (uint32_t)tlvs.len + 4, 2);
    package_put(&out, tlvs.data, tlvs.len);
    package_model_load(b->m, out.data, out.len);
    free(out.data);
    free(tlvs.data);
}

static void test_other_area(void **state)
{
    static const char *const good[] = {"D",  "DKS", "DHS", "SKD",   "HSD",
                                       "UD", "DVU", "DL",  "UDKSU", "UUD"};
    static const char *const bad[] = {"",    "U",  "K",    "DK",    "DH",  "DS",  "DKHS", "KS",
                                      "HS",  "DD", "DKKS", "DKSS",  "d",   "DkS", "DhS",  "DKs",
                                      "DKx", "DC", "DP",   "DKHSS", "DLL", "DI"};
    struct board *b = *state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        with_other_area(b, good[i]);
        bench_expect_read(b, REASON_NONE, 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct package p;
        uint32_t detail;
        with_other_area(b, bad[i]);
        if (bench_read(b, &p, &detail) != REASON_PACKAGE_FORMAT) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

static void test_compressed_needs(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    struct package_bytes tlvs = {0};
    uint8_t digest[32] = {0};

    r.packing = PACKAGE_LZMA2;
    package_put_tlv(&tlvs, 0x70, "\x00\x10\x00\x00", 4);
    bench_load_tlvs(b, &r, &tlvs);
    bench_expect_read(b, REASON_PACKAGE_FORMAT, 16);
    tlvs.len = 0;
    package_put_tlv(&tlvs, 0xA0, digest, 32);
    bench_load_tlvs(b, &r, &tlvs);
    bench_expect_read(b, REASON_PACKAGE_FORMAT, 16);
    bench_slot(b)[32] = 9; /* the dictionary comes first */
    bench_expect_read(b, REASON_PACKAGE_DICTIONARY, 9);
    package_put_tlv(&tlvs, 0x70, "\x07\x00\x00\x00", 4);
    bench_load_tlvs(b, &r, &tlvs);
    free(tlvs.data);
    {
        struct package p;
        uint32_t detail;
        assert_int_equal(bench_read(b, &p, &detail), REASON_PACKAGE_FORMAT);
        assert_int_equal(bench_slot(b)[detail], 7);
    }
}

static void test_dictionary(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    r.packing = PACKAGE_LZMA2_THUMB;
    bench_load(b, &r);
    for (unsigned byte = 0; byte < 256; byte++) {
        bench_slot(b)[32] = (uint8_t)byte;
        bench_expect_read(b, byte <= 8 ? REASON_NONE : REASON_PACKAGE_DICTIONARY, byte);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_plain_fields),        BENCH_TEST(test_defaults),
        BENCH_TEST(test_compressed_fields),   BENCH_TEST(test_begins),
        BENCH_TEST(test_header_fixed_fields), BENCH_TEST(test_header_flags),
        BENCH_TEST(test_header_sizes),        BENCH_TEST(test_content_too_large),
        BENCH_TEST(test_every_truncation),    BENCH_TEST(test_protected_types),
        BENCH_TEST(test_protected_lengths),   BENCH_TEST(test_counter_values),
        BENCH_TEST(test_policy_values),       BENCH_TEST(test_revoke_values),
        BENCH_TEST(test_duplicates),          BENCH_TEST(test_protected_order),
        BENCH_TEST(test_area_ends),           BENCH_TEST(test_area_heads),
        BENCH_TEST(test_other_area),          BENCH_TEST(test_compressed_needs),
        BENCH_TEST(test_dictionary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * No damaged package gets through, wherever it is cut or changed, and each rule of FORMAT.md has
 * its sentence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "pack_bench.h"
#include "package_builder.h"

/* ---- damage ---- */

/* Signed by our packer, with every TLV there is. */
static uint8_t *full_package(size_t *len, bool plain)
{
    uint8_t identity[ARAREXT_IDENTITY_SIZE];
    assert_int_equal(ararext_identity("f407", identity), ARAREXT_OK);
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0},
                                           .counter = 1,
                                           .identity = identity,
                                           .plain = plain,
                                           .has_policy = true,
                                           .trials = 1,
                                           .watchdog_s = 1,
                                           .revoke = 1};
    struct ararext_key *key = new_key();
    size_t unsigned_len = 0;
    uint8_t *data = pack(&o, &unsigned_len), *good = sign(data, unsigned_len, key, len);
    ararext_key_free(key);
    free(data);
    return good;
}

/* In memory of its own, so that the sanitizers see a step too far. Without a key in it nothing can
 * be said about a signature: that is not called good. */
static int judge_copy(const uint8_t *data, size_t len)
{
    struct ararext_package_findings f = {0};
    uint8_t *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, data, len);
    int rc = judge(copy, len, NULL, &f);
    free(copy);
    return rc == ARAREXT_OK && f.signature != ARAREXT_GOOD ? ARAREXT_ERR_SIGNATURE : rc;
}

static void test_cut_at_each_offset(void **state)
{
    size_t len = 0;
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        uint8_t *good = full_package(&len, plain);
        assert_int_equal(judge_copy(good, len), ARAREXT_OK);
        for (size_t cut = 0; cut < len; cut++) {
            assert_int_equal(judge_copy(good, cut), ARAREXT_ERR_FORMAT);
        }
        uint8_t *padded = calloc(1, len + 1);
        memcpy(padded, good, len);
        assert_int_equal(judge_copy(padded, len + 1), ARAREXT_ERR_FORMAT);
        free(padded);
        free(good);
    }
}

/* Each bit of header and TLVs, and some of the payload. The type of the start signature may become
 * one that nobody knows: then the package is one without, and as good. */
static void test_any_bit_changed(void **state)
{
    size_t len = 0;
    static struct ararext_package p;
    uint8_t *good = full_package(&len, false);
    (void)state;
    assert_int_equal(ararext_package_parse(&p, good, len, NULL), ARAREXT_OK);
    size_t payload_end = 32 + p.payload_size;
    for (size_t at = 0; at < len; at += at >= 40 && at + 97 < payload_end ? 97 : 1) {
        for (unsigned bit = 0; bit < 8; bit++) {
            good[at] = (uint8_t)(good[at] ^ 1u << bit);
            int rc = judge_copy(good, len);
            good[at] = (uint8_t)(good[at] ^ 1u << bit);
            if (rc == ARAREXT_OK && (at == p.start_at - 4u || at == p.start_at - 3u)) {
                continue;
            }
            if (rc != ARAREXT_ERR_FORMAT && rc != ARAREXT_ERR_SIGNATURE) {
                fail_msg("byte %zu bit %u of %zu: %d", at, bit, len, rc);
            }
        }
    }
    free(good);
}

/* Malformed, but with a digest that fits: each breaks one rule of FORMAT.md. */
static int judge_tlvs(void (*put)(struct package_bytes *b), enum package_packing packing,
                      struct ararext_message *why)
{
    static struct ararext_package p;
    struct package_recipe recipe = {
        .content = content, .content_len = sizeof content, .packing = packing, .no_counter = true};
    struct package_bytes tlvs = {0}, out = {0};
    package_put_protected(&tlvs, &recipe);
    put(&tlvs);
    package_assemble(&out, &recipe, &tlvs);
    int rc = ararext_package_parse(&p, out.data, out.len, why);
    free(tlvs.data);
    free(out.data);
    return rc;
}

static const uint8_t ZEROS[91];

static void put_nothing(struct package_bytes *b)
{
    (void)b;
}
static void put_restriction(struct package_bytes *b)
{
    package_put_tlv(b, 0x60, ZEROS, 4);
}
static void put_vendor_own(struct package_bytes *b)
{
    package_put_tlv(b, 0xA7, ZEROS, 4);
}
static void put_twice(struct package_bytes *b)
{
    package_put_tlv(b, 0x50, ZEROS, 4);
    package_put_tlv(b, 0x50, ZEROS, 4);
}
static void put_short(struct package_bytes *b)
{
    package_put_tlv(b, 0x50, ZEROS, 3);
}
static void put_key(struct package_bytes *b)
{
    package_put_tlv(b, 0x02, ZEROS, 91);
}
static void put_policy(struct package_bytes *b)
{
    package_put_tlv(b, 0xA1, ZEROS, 4); /* a watchdog of 0 s */
}
static void put_revoke(struct package_bytes *b)
{
    static const uint8_t mask = 0x10;
    package_put_tlv(b, 0xA2, &mask, 1);
}
static void put_counter(struct package_bytes *b)
{
    static const uint8_t counter[4] = {0x01, 0x0A, 0, 0};
    package_put_tlv(b, 0x50, counter, 4);
}
static void put_imgtool(struct package_bytes *b)
{
    package_put_tlv(b, 0x71, ZEROS, 32);
    package_put_tlv(b, 0x72, ZEROS, 70);
}
static void put_content_size(struct package_bytes *b)
{
    static const uint8_t size[4] = {0x70, 0x17, 0, 0};
    package_put_tlv(b, 0x70, size, 4);
}

static void test_rules_of_tlvs(void **state)
{
    static const struct {
        void (*put)(struct package_bytes *b);
        const char *text; /* NULL = good */
    } rows[] = {
        {put_nothing, NULL},
        {put_vendor_own, NULL},
        {put_imgtool, NULL},
        {put_restriction, "TLV 0x60 is not known"},
        {put_twice, "is there twice"},
        {put_short, "cannot have 3 bytes"},
        {put_key, "is in the wrong area"},
        {put_policy, "out of its range"},
        {put_revoke, "boards have four"},
        {put_counter, "is above 2560"},
        {put_content_size, "not compressed, but with a content size"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_message why = {""};
        int rc = judge_tlvs(rows[i].put, PACKAGE_PLAIN, &why);
        assert_int_equal(rc, rows[i].text == NULL ? ARAREXT_OK : ARAREXT_ERR_FORMAT);
        if (rows[i].text != NULL && strstr(why.text, rows[i].text) == NULL) {
            fail_msg("'%s' is not in '%s'", rows[i].text, why.text);
        }
    }
}

static void put_if(struct package_bytes *b, bool wanted, uint16_t type, uint16_t len)
{
    if (wanted) {
        package_put_tlv(b, type, ZEROS, len);
    }
}

/* The other area: a signature and exactly one form of its key belong together, and what imgtool
 * writes with compression has no place there. */
static void test_rules_of_other_area(void **state)
{
    enum { KEY = 1, HASH = 2, SIGNATURE = 4, IMGTOOL = 8, OWN = 16, START = 32 };
    static const struct {
        unsigned tlvs;
        const char *text; /* NULL = good */
    } rows[] = {
        {0, NULL},
        {OWN, NULL}, /* a type that nobody knows, twice */
        {KEY | SIGNATURE, NULL},
        {HASH | SIGNATURE, NULL},
        {SIGNATURE, "a signature without its key"},
        {KEY, "a key, or the hash of one, without a signature"},
        {HASH, "a key, or the hash of one, without a signature"},
        {KEY | HASH, "a key and the hash of a key"},
        {KEY | HASH | SIGNATURE, "a key and the hash of a key"},
        {KEY | SIGNATURE | START, NULL},
        {HASH | SIGNATURE | START, "a start signature (TLV 0xA3) without the key"},
        {IMGTOOL, "TLV 0x71 (DECOMP_SHA) is in the wrong area"},
    };
    static struct ararext_package p;
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0}, .plain = true};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct package_bytes b = {0};
        struct ararext_message why = {""};
        size_t len = 0;
        uint8_t *data = pack(&o, &len);
        package_put(&b, data, len);
        size_t area = len - (4 + 4 + 32);
        unsigned t = rows[i].tlvs;
        put_if(&b, (t & KEY) != 0, 0x02, 91);
        put_if(&b, (t & HASH) != 0, 0x01, 32);
        put_if(&b, (t & SIGNATURE) != 0, 0x22, 70);
        put_if(&b, (t & IMGTOOL) != 0, 0x71, 32);
        put_if(&b, (t & START) != 0, 0xA3, 70);
        put_if(&b, (t & OWN) != 0, 0x150, 3);
        put_if(&b, (t & OWN) != 0, 0x150, 3);
        b.data[area + 2] = (uint8_t)(b.len - area);
        b.data[area + 3] = (uint8_t)((b.len - area) >> 8);
        int rc = ararext_package_parse(&p, b.data, b.len, &why);
        if (rows[i].text != NULL && strstr(why.text, rows[i].text) == NULL) {
            fail_msg("'%s' is not in '%s'", rows[i].text, why.text);
        }
        assert_int_equal(rc, rows[i].text == NULL ? ARAREXT_OK : ARAREXT_ERR_FORMAT);
        free(data);
        free(b.data);
    }
}

/* A header that breaks one rule, under a digest that fits. */
static void test_rules_of_header(void **state)
{
    static const struct {
        size_t offset;
        uint8_t value;
        const char *text;
    } rows[] = {
        {0, 0x3C, "no package"},
        {4, 1, "offset 4: load address"},
        {8, 0x40, "offset 8: header size"},
        {16, 1, "offset 16: flags"},
        {17, 0x08, "offset 16: flags"},
        {17, 0x14, "offset 16: flags"},
        {28, 1, "offset 28: the last word"},
        {15, 1, "offset 12: payload of"},
        {32, 9, "unpacking wants a dictionary of 96 KiB"},
        {32, 40, "no head of an LZMA2 payload"},
        {33, 225, "no head of an LZMA2 payload"},
    };
    static struct ararext_package p;
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0}};
    size_t len = 0;
    uint8_t *data = pack(&o, &len);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_message why = {""};
        uint8_t before = data[rows[i].offset];
        data[rows[i].offset] = rows[i].value;
        assert_int_equal(ararext_package_parse(&p, data, len, &why), ARAREXT_ERR_FORMAT);
        if (strstr(why.text, rows[i].text) == NULL) {
            fail_msg("'%s' is not in '%s'", rows[i].text, why.text);
        }
        data[rows[i].offset] = before;
    }
    assert_int_equal(ararext_package_parse(&p, data, len, NULL), ARAREXT_OK);
    free(data);
}

/* The stream is whole and its digest right, but something follows its end marker. */
static void test_payload_goes_on(void **state)
{
    static struct ararext_package p;
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0}};
    struct ararext_package_findings f;
    size_t len = 0;
    uint8_t *data = pack(&o, &len), *longer = malloc(len + 1);
    (void)state;
    size_t end = 32 + load_le32(data + 12);
    memcpy(longer, data, end);
    longer[end] = 0;
    memcpy(longer + end + 1, data + end, len - end);
    store_le32(longer + 12, (uint32_t)(end + 1 - 32));
    assert_int_equal(ararext_package_parse(&p, longer, len + 1, NULL), ARAREXT_OK);
    package_sha256(longer, p.signed_size, longer + p.digest_at);
    assert_int_equal(judge(longer, len + 1, NULL, &f), ARAREXT_ERR_FORMAT);
    assert_int_equal(f.digest, ARAREXT_GOOD);
    assert_int_equal(f.content, ARAREXT_BAD);
    free(data);
    free(longer);
}

/* The payload is whole and its digest right, but what comes out is not what the package says. */
static void test_content_that_lies(void **state)
{
    static struct ararext_package p;
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0}};
    struct ararext_package_findings f;
    size_t len = 0;
    uint8_t *data = pack(&o, &len);
    (void)state;
    assert_int_equal(ararext_package_parse(&p, data, len, NULL), ARAREXT_OK);
    uint32_t size_at = 0;
    for (uint32_t i = 0; i < p.tlv_count; i++) {
        size_at = p.tlvs[i].type == 0x70 ? p.tlvs[i].offset : size_at;
    }
    for (int delta = -1; delta <= 1; delta += 2) {
        store_le32(data + size_at, (uint32_t)((int)sizeof content + delta));
        package_sha256(data, p.signed_size, data + p.digest_at);
        assert_int_equal(judge(data, len, NULL, &f), ARAREXT_ERR_FORMAT);
        assert_int_equal(f.digest, ARAREXT_GOOD);
        assert_int_equal(f.content, ARAREXT_BAD);
    }
    store_le32(data + size_at, 0xFFFFFFFF);
    package_sha256(data, p.signed_size, data + p.digest_at);
    assert_int_equal(judge(data, len, NULL, &f), ARAREXT_ERR_FORMAT);
    store_le32(data + size_at, sizeof content);
    data[p.content_digest_at] ^= 1;
    package_sha256(data, p.signed_size, data + p.digest_at);
    assert_int_equal(judge(data, len, NULL, &f), ARAREXT_ERR_FORMAT);
    assert_int_equal(f.digest, ARAREXT_GOOD);
    assert_int_equal(f.content, ARAREXT_BAD);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_cut_at_each_offset, setup),
        cmocka_unit_test_setup(test_any_bit_changed, setup),
        cmocka_unit_test_setup(test_rules_of_tlvs, setup),
        cmocka_unit_test_setup(test_rules_of_other_area, setup),
        cmocka_unit_test_setup(test_rules_of_header, setup),
        cmocka_unit_test_setup(test_payload_goes_on, setup),
        cmocka_unit_test_setup(test_content_that_lies, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Unpacking: liblzma packs, ours unpacks, in pieces of any size. What is cut off, altered or too
 * long is refused, and costs no byte outside of the unpacker's memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lzma.h>

#include "bytes.h"
#include "format.h"
#include "seeded.h"
#include "unpack.h"

#define CONTENT_MAX 300000u
#define PAYLOAD_MAX (CONTENT_MAX + CONTENT_MAX / 8 + 1024u)
#define GUARD       64u

struct packed {
    uint8_t *content;
    uint8_t *payload; /* each in memory of exactly its size, for the sanitizer */
    size_t content_len;
    size_t payload_len;
    bool thumb;
};

struct packing {
    uint32_t dictionary;
    uint8_t dictionary_byte;
    uint8_t lc, lp, pb;
    bool thumb;
};

struct receiver {
    uint8_t *data;
    size_t size;
    size_t len;
    const uint8_t *lent; /* the last piece, which stays as it was until the next */
    size_t lent_len;
    bool ragged; /* a piece that is no multiple of 4 came: it must have been the last */
    size_t fail_at;
    enum reason failure;
};

/* The unpacker's memory, between guards. */
static struct {
    uint8_t before[GUARD];
    struct unpack_memory memory;
    uint8_t between[GUARD];
    uint8_t dictionary[UNPACK_DICTIONARY];
    uint8_t after[GUARD];
} arena;

static enum reason receive(void *ctx, const uint8_t *data, size_t len)
{
    struct receiver *r = ctx;
    assert_false(r->ragged);
    assert_in_range(len, 1, UNPACK_STAGE);
    assert_int_equal((uintptr_t)data % 8, 0);
    assert_true(len <= r->size - r->len);
    if (r->lent_len != 0) {
        assert_memory_equal(r->lent, r->data + r->len - r->lent_len, r->lent_len);
    }
    r->lent = data;
    r->lent_len = len;
    r->ragged = len % 4 != 0;
    memcpy(r->data + r->len, data, len);
    r->len += len;
    return r->failure != REASON_NONE && r->len > r->fail_at ? r->failure : REASON_NONE;
}

/* Machine code by its looks: calls among other halfwords, also back to back and with only one half.
 */
static void fill_code(uint8_t *content, size_t len)
{
    size_t at = 0;
    while (at + 4 <= len) {
        uint32_t kind = seeded_below(8);
        uint16_t first = (uint16_t)(seeded_below(64) * 257);
        if (kind < 3) {
            first = (uint16_t)(0xF000u | seeded_below(0x800));
        }
        content[at] = (uint8_t)first;
        content[at + 1] = (uint8_t)(first >> 8);
        at += 2;
        if (kind < 2) {
            content[at] = (uint8_t)seeded_below(16);
            content[at + 1] = (uint8_t)(0xF8u | seeded_below(8));
            at += 2;
        }
    }
    seeded_fill(content + at, len - at);
}

static void fill_repeating(uint8_t *content, size_t len)
{
    seeded_fill(content, len < 100 ? len : 100);
    for (size_t at = 100; at < len;) {
        size_t distance = 1 + seeded_below(at < 60000 ? (uint32_t)at : 60000u);
        size_t run = 1 + seeded_below(400);
        for (; run > 0 && at < len; run--, at++) {
            content[at] = content[at - distance];
        }
        if (at < len) {
            content[at++] = (uint8_t)seeded_next();
        }
    }
}

static uint8_t *exactly(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    return copy;
}

static void pack(struct packed *p, const struct packing *how)
{
    lzma_options_lzma options;
    assert_false(lzma_lzma_preset(&options, 6));
    options.dict_size = how->dictionary;
    options.lc = how->lc;
    options.lp = how->lp;
    options.pb = how->pb;
    const lzma_filter filters[] = {
        {how->thumb ? LZMA_FILTER_ARMTHUMB : LZMA_FILTER_LZMA2, how->thumb ? NULL : &options},
        {how->thumb ? LZMA_FILTER_LZMA2 : LZMA_VLI_UNKNOWN, &options},
        {LZMA_VLI_UNKNOWN, NULL},
    };
    uint8_t *out = malloc(PAYLOAD_MAX);
    assert_non_null(out);
    out[0] = how->dictionary_byte;
    out[1] = (uint8_t)((how->pb * 5 + how->lp) * 9 + how->lc);
    size_t len = PAYLOAD_LZMA2_HEAD;
    assert_int_equal(
        lzma_raw_buffer_encode(filters, NULL, p->content, p->content_len, out, &len, PAYLOAD_MAX),
        LZMA_OK);
    p->payload = exactly(out, len);
    p->payload_len = len;
    p->thumb = how->thumb;
    free(out);
}

static const struct packing usual = {65536, 8, 3, 1, 2, true};

enum kind { KIND_RANDOM, KIND_REPEATING, KIND_CODE, KIND_COUNT };

static void make(struct packed *p, enum kind kind, size_t len, const struct packing *how)
{
    p->content = malloc(len > 0 ? len : 1);
    assert_non_null(p->content);
    p->content_len = len;
    switch (kind) {
    case KIND_RANDOM:
        seeded_fill(p->content, len);
        break;
    case KIND_REPEATING:
        fill_repeating(p->content, len);
        break;
    case KIND_CODE:
    case KIND_COUNT:
        fill_code(p->content, len);
        break;
    }
    pack(p, how);
}

static void drop(struct packed *p)
{
    free(p->content);
    free(p->payload);
}

/* Unpacks payload, said to hold size bytes, in pieces of up to piece_max. */
static enum reason run(struct receiver *r, const struct packed *p, size_t size, uint32_t piece_max)
{
    memset(arena.before, 0x5A, GUARD);
    memset(arena.between, 0x5A, GUARD);
    memset(arena.after, 0x5A, GUARD);
    memset(&arena.memory, 0xEE, sizeof arena.memory);
    memset(arena.dictionary, 0xEE, sizeof arena.dictionary);
    struct unpack u = {.sink = receive, .ctx = r};
    r->data = malloc(size > 0 ? size : 1);
    assert_non_null(r->data);
    r->size = size;
    unpack_init(&u, &arena.memory, arena.dictionary, (uint32_t)size, p->thumb);
    enum reason reason = REASON_NONE;
    for (size_t at = 0; at < p->payload_len && reason == REASON_NONE;) {
        size_t piece = 1 + seeded_below(piece_max);
        piece = piece < p->payload_len - at ? piece : p->payload_len - at;
        uint8_t *lent = exactly(p->payload + at, piece);
        reason = unpack_add(&u, lent, piece);
        free(lent);
        at += piece;
    }
    enum reason end = unpack_end(&u);
    if (r->lent_len != 0) {
        assert_memory_equal(r->lent, r->data + r->len - r->lent_len, r->lent_len);
    }
    if (reason != REASON_NONE) {
        assert_int_equal(end, reason);
        assert_int_equal(unpack_add(&u, p->payload, 1), reason); /* dead */
    }
    for (size_t i = 0; i < GUARD; i++) {
        assert_int_equal(arena.before[i], 0x5A);
        assert_int_equal(arena.between[i], 0x5A);
        assert_int_equal(arena.after[i], 0x5A);
    }
    return end;
}

static void expect_content(const struct packed *p, uint32_t piece_max)
{
    struct receiver r = {0};
    assert_int_equal(run(&r, p, p->content_len, piece_max), REASON_NONE);
    assert_int_equal(r.len, p->content_len);
    assert_memory_equal(r.data, p->content, p->content_len);
    free(r.data);
}

static void expect_refusal(const struct packed *p, size_t size, enum reason reason)
{
    struct receiver r = {0};
    assert_int_equal(run(&r, p, size, 700), reason);
    free(r.data);
}

static void test_content_of_any_kind(void **state)
{
    (void)state;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        for (unsigned i = 0; i < 16; i++) {
            struct packing how = usual;
            how.thumb = i % 2 != 0;
            size_t len = i < 14 ? 1 + seeded_below(40000) : CONTENT_MAX - seeded_below(100);
            struct packed p;
            make(&p, (enum kind)kind, len, &how);
            if (len < 5000) {
                expect_content(&p, 1);
            }
            expect_content(&p, 3);
            expect_content(&p, 256);
            expect_content(&p, 100000);
            drop(&p);
        }
    }
}

/* The filter keeps back what may be half a call: lengths of all residues, down to nothing. */
static void test_short_content(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 40; len++) {
        for (unsigned i = 0; i < 8; i++) {
            struct packing how = usual;
            how.thumb = i != 0;
            struct packed p;
            make(&p, KIND_CODE, len, &how);
            expect_content(&p, 1);
            expect_content(&p, 50);
            drop(&p);
        }
    }
}

/* Calls at every place of the stage's edges. */
static void test_calls_at_every_offset(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 12; shift++) {
        struct packed p = {.content_len = 4 * UNPACK_STAGE + shift};
        p.content = calloc(1, p.content_len);
        assert_non_null(p.content);
        for (size_t at = shift; at + 4 <= p.content_len; at += 6) {
            store_le32(p.content + at, 0xF812F345u);
        }
        pack(&p, &usual);
        expect_content(&p, 64);
        drop(&p);
    }
}

static void test_all_properties(void **state)
{
    (void)state;
    for (uint8_t lc = 0; lc <= 4; lc++) {
        for (uint8_t lp = 0; lc + lp <= 4; lp++) {
            for (uint8_t pb = 0; pb <= 4; pb++) {
                struct packing how = usual;
                how.lc = lc;
                how.lp = lp;
                how.pb = pb;
                struct packed p;
                make(&p, KIND_CODE, 5000, &how);
                expect_content(&p, 300);
                drop(&p);
            }
        }
    }
}

static void test_dictionaries(void **state)
{
    (void)state;
    for (uint8_t value = 0; value <= PAYLOAD_DICTIONARY_BYTE_MAX; value++) {
        struct packing how = usual;
        how.dictionary_byte = value;
        how.dictionary = (2u | (value & 1u)) << (value / 2 + 11);
        struct packed p;
        make(&p, KIND_REPEATING, 150000, &how);
        expect_content(&p, 2000);
        drop(&p);
    }
    struct packed p;
    make(&p, KIND_REPEATING, 70000, &usual);
    p.payload[0] = 0; /* says 4 KiB: what refers further back is refused */
    expect_refusal(&p, p.content_len, REASON_PACKAGE_CONTENT);
    for (unsigned value = PAYLOAD_DICTIONARY_BYTE_MAX + 1; value < 256; value++) {
        p.payload[0] = (uint8_t)value;
        expect_refusal(&p, p.content_len, REASON_PACKAGE_DICTIONARY);
    }
    p.payload[0] = 8;
    for (unsigned value = 225; value < 256; value++) {
        p.payload[1] = (uint8_t)value;
        expect_refusal(&p, p.content_len, REASON_PACKAGE_CONTENT);
    }
    drop(&p);
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct packed p;
        make(&p, (enum kind)kind, 1400, &usual);
        size_t whole = p.payload_len;
        for (p.payload_len = 0; p.payload_len < whole; p.payload_len++) {
            expect_refusal(&p, p.content_len, REASON_PACKAGE_CONTENT);
        }
        drop(&p);
    }
}

static void test_other_sizes_are_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct packed p;
        make(&p, (enum kind)kind, 30000, &usual);
        for (size_t by = 1; by < 600; by += by < 10 ? 1 : 50) {
            expect_refusal(&p, p.content_len - by, REASON_PACKAGE_CONTENT);
            expect_refusal(&p, p.content_len + by, REASON_PACKAGE_CONTENT);
        }
        expect_refusal(&p, 0, REASON_PACKAGE_CONTENT);
        uint8_t *longer = malloc(p.payload_len + 1);
        assert_non_null(longer);
        memcpy(longer, p.payload, p.payload_len);
        longer[p.payload_len++] = 0;
        free(p.payload);
        p.payload = longer;
        expect_refusal(&p, p.content_len, REASON_PACKAGE_CONTENT);
        drop(&p);
    }
}

static void test_alterations_do_no_harm(void **state)
{
    (void)state;
    unsigned refused = 0;
    unsigned altered = 0;
    for (unsigned i = 0; i < 3000; i++) {
        struct packed p;
        make(&p, (enum kind)(i % KIND_COUNT), 1 + seeded_below(3000), &usual);
        for (uint32_t n = 1 + seeded_below(3); n > 0; n--) {
            uint32_t at = seeded_below((uint32_t)p.payload_len);
            p.payload[at] ^= (uint8_t)(1 + seeded_below(255));
        }
        struct receiver r = {0};
        if (run(&r, &p, p.content_len, 400) != REASON_NONE) {
            refused++;
        } else {
            assert_int_equal(r.len, p.content_len);
            altered += memcmp(r.data, p.content, r.len) != 0;
        }
        free(r.data);
        drop(&p);
    }
    assert_true(refused > 100); /* the others are what the hash of the content is for */
    assert_true(altered > 100);
}

static void test_noise_does_no_harm(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        struct packed p = {
            .content_len = 5000, .payload_len = 2 + seeded_below(3000), .thumb = true};
        p.payload = malloc(p.payload_len);
        assert_non_null(p.payload);
        seeded_fill(p.payload, p.payload_len);
        p.payload[0] = (uint8_t)seeded_below(9);
        p.payload[1] = 93;
        if (p.payload_len > 7) {
            p.payload[2] = (uint8_t)(0xE0u | p.payload[2]);
            p.payload[7] = (uint8_t)seeded_below(225);
        }
        struct receiver r = {0};
        (void)run(&r, &p, p.content_len, 500);
        free(r.data);
        drop(&p);
    }
}

static void test_sink_ends_the_work(void **state)
{
    (void)state;
    struct packed p;
    make(&p, KIND_CODE, 20000, &usual);
    static const size_t places[] = {0, 5000, 19999};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct receiver r = {.fail_at = places[i], .failure = REASON_FLASH_ERROR};
        assert_int_equal(run(&r, &p, p.content_len, 900), REASON_FLASH_ERROR);
        assert_in_range(r.len, places[i] + 1, places[i] + UNPACK_STAGE);
        free(r.data);
    }
    drop(&p);
}

/* A package made by imgtool for a dictionary of 128 KiB. */
static void test_large_dictionary_of_imgtool(void **state)
{
    (void)state;
    FILE *file = fopen(ARAREXT_VECTORS "/compressed-60k-dict128k.bin", "rb");
    if (file == NULL) {
        print_message("no vectors of imgtool here: skipped\n");
        skip();
        return;
    }
    uint8_t *data = malloc(200000);
    assert_non_null(data);
    size_t len = fread(data, 1, 200000, file);
    fclose(file);
    assert_true(len > PACKAGE_HEADER_SIZE);
    assert_int_equal(load_le32(data), PACKAGE_MAGIC);
    assert_true((load_le32(data + PACKAGE_HEADER_FLAGS) & PACKAGE_FLAG_LZMA2) != 0);
    struct packed p = {.payload_len = load_le32(data + PACKAGE_HEADER_PAYLOAD), .thumb = true};
    assert_true(p.payload_len < len - PACKAGE_HEADER_SIZE);
    p.payload = exactly(data + PACKAGE_HEADER_SIZE, p.payload_len);
    expect_refusal(&p, 61440, REASON_PACKAGE_DICTIONARY);
    free(data);
    drop(&p);
}

int main(int argc, char **argv)
{
    seeded_start(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_of_any_kind),
        cmocka_unit_test(test_short_content),
        cmocka_unit_test(test_calls_at_every_offset),
        cmocka_unit_test(test_all_properties),
        cmocka_unit_test(test_dictionaries),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_other_sizes_are_refused),
        cmocka_unit_test(test_alterations_do_no_harm),
        cmocka_unit_test(test_noise_does_no_harm),
        cmocka_unit_test(test_sink_ends_the_work),
        cmocka_unit_test(test_large_dictionary_of_imgtool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The chunks of LZMA2: every order of their kinds, their sizes at the limits, and streams cut or
 * altered anywhere. Chunks of literals are made by chunk_maker.c, because liblzma's packer gives no
 * wrong orders; its unpacker is the second opinion on every stream.
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

#include "chunk_maker.h"
#include "seeded.h"
#include "unpack.h"

#define CONTENT    (3u << 20) /* what the package says where the stream is to be refused */
#define DICTIONARY 65536u

/* What comes out of the two unpackers. */
static struct bytes theirs;
static struct bytes ours;
static size_t said; /* to ours, as the content's size */
static struct unpack_memory memory;
static uint8_t window[UNPACK_DICTIONARY];

static bool unpack_theirs(void)
{
    lzma_options_lzma options;
    assert_false(lzma_lzma_preset(&options, 6));
    options.dict_size = DICTIONARY;
    const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    lzma_stream s = LZMA_STREAM_INIT;
    assert_int_equal(lzma_raw_decoder(&s, filters), LZMA_OK);
    s.next_in = stream.data;
    s.avail_in = stream.len;
    s.next_out = theirs.data;
    s.avail_out = ROOM;
    lzma_ret ret = LZMA_OK;
    while (ret == LZMA_OK) {
        ret = lzma_code(&s, LZMA_FINISH);
    }
    theirs.len = ROOM - s.avail_out;
    bool good = ret == LZMA_STREAM_END && s.avail_in == 0;
    lzma_end(&s);
    return good;
}

static enum reason receive(void *ctx, const uint8_t *data, size_t len)
{
    put(ctx, data, len);
    assert_true(ours.len <= said);
    return REASON_NONE;
}

/* In pieces: one of first bytes, then of up to piece bytes, each in memory of its size. */
static bool unpack_ours(size_t size, size_t first, size_t piece)
{
    static const uint8_t head[] = {8, 93};
    struct unpack u = {.sink = receive, .ctx = &ours};
    ours.len = 0;
    said = size;
    memset(&memory, 0xEE, sizeof memory);
    memset(window, 0xEE, sizeof window);
    unpack_init(&u, &memory, window, (uint32_t)size, false);
    (void)unpack_add(&u, head, sizeof head);
    size_t next = first;
    for (size_t at = 0; at < stream.len; next = piece) {
        size_t n = next < stream.len - at ? next : stream.len - at;
        uint8_t *lent = malloc(n > 0 ? n : 1);
        assert_non_null(lent);
        memcpy(lent, stream.data + at, n);
        enum reason reason = unpack_add(&u, lent, n);
        assert_true(reason == REASON_NONE || reason == REASON_PACKAGE_CONTENT);
        free(lent);
        at += n;
    }
    return unpack_end(&u) == REASON_NONE;
}

/* True if both take the stream; then they give the same. If not, both refuse it, and agree on what
 * they gave before. */
static bool both_take(size_t first, size_t piece)
{
    bool good = unpack_theirs();
    if (good) {
        assert_true(theirs.len == 0 || !unpack_ours(theirs.len - 1, first, piece));
        assert_true(unpack_ours(theirs.len, first, piece));
        assert_int_equal(ours.len, theirs.len);
    } else {
        assert_false(unpack_ours(CONTENT, first, piece));
        /* And not only because of that size: up to 3 bytes are kept back before the end. */
        for (size_t size = ours.len, i = 0; i < 4; i++) {
            assert_false(unpack_ours(size + i, first, piece));
        }
    }
    assert_memory_equal(ours.data, theirs.data, ours.len < theirs.len ? ours.len : theirs.len);
    return good;
}

static void expect_content(void)
{
    assert_true(both_take(1 + seeded_below(40), 1 + seeded_below(300)));
    assert_int_equal(ours.len, content.len);
    assert_memory_equal(ours.data, content.data, content.len);
}

static const uint32_t kinds[] = {0x01, 0x02, 0x80, 0xA0, 0xC0, 0xE0};
enum { KINDS = 6, LONGEST = 4 };

/* The rules, once more: the first must empty the dictionary; after that properties must be set;
 * after that anything goes. */
static bool order_is_right(const uint32_t *order, size_t count)
{
    bool dictionary = false;
    bool properties = false;
    for (size_t i = 0; i < count; i++) {
        if (order[i] == 0x01 || order[i] == 0xE0) {
            dictionary = true;
            properties = false;
        }
        properties = properties || order[i] >= 0xC0;
        if (!dictionary || (order[i] >= 0x80 && !properties)) {
            return false;
        }
    }
    return true;
}

static void test_every_order_of_chunks(void **state)
{
    (void)state;
    unsigned right = 0;
    unsigned wrong = 0;
    for (size_t count = 1, orders = KINDS; count <= LONGEST; count++, orders *= KINDS) {
        for (size_t number = 0; number < orders; number++) {
            uint32_t order[LONGEST];
            start();
            for (size_t i = 0, rest = number; i < count; i++, rest /= KINDS) {
                order[i] = kinds[rest % KINDS];
                put_random_chunk(order[i], 1 + seeded_below(60));
            }
            put_byte(&stream, 0);
            if (order_is_right(order, count)) {
                expect_content();
                right++;
            } else {
                assert_false(both_take(7, 100));
                wrong++;
            }
        }
    }
    assert_int_equal(right, 2 + 10 + 54 + 298);
    assert_int_equal(wrong, 6 + 36 + 216 + 1296 - right);
}

static void put_all_kinds(void)
{
    static const uint32_t order[] = {0x01, 0x02, 0xC0, 0x80, 0x02, 0x80, 0xA0,
                                     0xE0, 0x80, 0x02, 0xA0, 0x01, 0xE0};
    start();
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        put_random_chunk(order[i], 1 + seeded_below(50));
    }
    put_byte(&stream, 0);
}

static void test_split_and_cut_at_every_byte(void **state)
{
    (void)state;
    put_all_kinds();
    for (size_t first = 0; first <= stream.len; first++) {
        assert_true(both_take(first, ROOM));
        assert_true(both_take(first, 1));
        assert_memory_equal(ours.data, content.data, content.len);
    }
    for (size_t whole = stream.len; stream.len-- > 0;) {
        assert_true(stream.len < whole);
        assert_false(both_take(1 + seeded_below(100), 1 + seeded_below(100)));
    }
}

static void test_every_first_byte(void **state)
{
    (void)state;
    for (uint32_t value = 0; value < 256; value++) {
        start();
        put_random_chunk(value < 0x80 ? 0x01 : 0xE0, 40);
        put_byte(&stream, 0);
        stream.data[0] = (uint8_t)value;
        assert_int_equal(both_take(1, 100), value == 0x01 || value == 0xE0);
        stream.len = 1; /* with nothing in it, the end may be the first */
        assert_int_equal(both_take(1, 1), value == 0);
    }
    stream.data[0] = 0;
    stream.len = 2; /* and it is the end */
    assert_false(both_take(1, 1));
    assert_false(both_take(2, 1));
}

/* And in the middle, behind chunks that did all resets. */
static void test_every_later_byte(void **state)
{
    (void)state;
    for (uint32_t value = 0; value < 256; value++) {
        start();
        put_random_chunk(0xE0, 30);
        size_t at = stream.len;
        put_random_chunk(value < 0x80 ? 0x02 : 0x80, 40);
        put_byte(&stream, 0);
        stream.data[at] = (uint8_t)value;
        assert_int_equal(both_take(1, 100), value == 0x01 || value == 0x02 || value == 0x80);
    }
}

static void add_be16(size_t at, uint32_t by)
{
    uint32_t value = ((uint32_t)stream.data[at] << 8 | stream.data[at + 1]) + by;
    stream.data[at] = (uint8_t)(value >> 8);
    stream.data[at + 1] = (uint8_t)value;
}

static void test_wrong_sizes_of_chunks(void **state)
{
    (void)state;
    static const uint32_t amounts[] = {1, 2, 3, 5, 16, 20, 21, 30};
    for (size_t i = 0; i < 2 * sizeof amounts / sizeof amounts[0]; i++) {
        uint32_t by = i % 2 != 0 ? amounts[i / 2] : 0u - amounts[i / 2];
        for (size_t field = 1; field <= 3; field += 2) { /* unpacked, packed */
            start();
            put_random_chunk(0xE0, 50);
            size_t second = stream.len;
            put_random_chunk(0xA0, 300);
            put_random_chunk(0x80, 70);
            put_byte(&stream, 0);
            add_be16(field, by);
            assert_false(both_take(1 + seeded_below(30), 1 + seeded_below(200)));
            add_be16(field, 0u - by);
            add_be16(second + field, by);
            assert_false(both_take(1 + seeded_below(30), 1 + seeded_below(200)));
            add_be16(second + field, 0u - by);
            expect_content();
        }
    }
    for (uint32_t size = 1; size <= 5; size++) { /* less than the range decoder takes */
        start();
        put_random_chunk(0xE0, 3);
        stream.data[4] = (uint8_t)(size - 1);
        assert_false(both_take(2, 50));
    }
}

static void test_properties_and_range_head(void **state)
{
    (void)state;
    for (uint32_t value = 0; value < 256; value++) {
        start();
        put_random_chunk(0xE0, 20);
        put_byte(&stream, 0);
        stream.data[5] = (uint8_t)value;
        bool good = value < 225 && value % 9 + value / 9 % 5 <= 4;
        assert_true(good || !both_take(1, 100));
        start();
        put_random_chunk(0xE0, 20);
        put_byte(&stream, 0);
        stream.data[6] = (uint8_t)value;
        assert_int_equal(both_take(1, 100), value == 0);
    }
    for (uint32_t pb = 4; pb <= 5; pb++) { /* packed as if there were 5 bits of position */
        start();
        put_chunk_of_properties(0, 0, (uint8_t)pb, 100);
        put_byte(&stream, 0);
        assert_int_equal(both_take(1, 100), pb == 4);
    }
}

static void test_chunk_with_most_input(void **state)
{
    (void)state;
    start();
    put_random_chunk(0xE0, 10);
    put_full_chunk(0xA0);
    put_byte(&stream, 0);
    expect_content();
    for (size_t first = 65500; first < 65560; first++) {
        assert_true(both_take(first, ROOM));
    }
}

static void test_smallest_and_largest_chunks(void **state)
{
    (void)state;
    start();
    put_random_chunk(0x01, 65536);
    put_random_chunk(0x02, 1);
    put_random_chunk(0xC0, 1);
    put_random_chunk(0x80, 1);
    put_random_chunk(0x02, 65536);
    put_random_chunk(0x80, 60000);
    put_byte(&stream, 0);
    expect_content();
}

/* As many zeros as a chunk's size can say, in two chunks, and one more. */
static void test_largest_unpacked_size(void **state)
{
    (void)state;
    static uint8_t zeros[1u << 21];
    start();
    put_chunk(0xE0, zeros, sizeof zeros);
    put_chunk(0x80, zeros, 65537);
    put_byte(&stream, 0);
    assert_int_equal(stream.data[0], 0xFF);
    expect_content();
}

static void pack_theirs(const uint8_t *data, size_t len, size_t flush, const uint8_t *preset,
                        size_t preset_len)
{
    lzma_options_lzma options;
    assert_false(lzma_lzma_preset(&options, 6));
    options.dict_size = 4 * DICTIONARY;
    options.preset_dict = preset;
    options.preset_dict_size = (uint32_t)preset_len;
    const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    lzma_stream s = LZMA_STREAM_INIT;
    assert_int_equal(lzma_raw_encoder(&s, filters), LZMA_OK);
    s.next_out = stream.data + stream.len;
    s.avail_out = ROOM - stream.len;
    for (size_t at = 0; at <= len;) {
        size_t n = flush < len - at ? flush : len - at;
        s.next_in = data + at;
        s.avail_in = n;
        at += n;
        lzma_ret ret = lzma_code(&s, at == len ? LZMA_FINISH : LZMA_SYNC_FLUSH);
        assert_int_equal(ret, LZMA_STREAM_END);
        at += at == len;
    }
    stream.len = ROOM - s.avail_out;
    lzma_end(&s);
}

/* A match may reach into the chunks before, but not behind where the dictionary was emptied. */
static void test_matches_end_where_the_dictionary_begins(void **state)
{
    (void)state;
    uint8_t preset[500];
    uint8_t other[10];
    seeded_fill(preset, sizeof preset);
    seeded_fill(other, sizeof other);
    for (unsigned between = 0; between < 3; between++) {
        start();
        put_chunk(0x01, preset, sizeof preset);
        if (between != 0) {
            put_chunk(between, other, sizeof other);
        }
        size_t at = stream.len;
        pack_theirs(preset, sizeof preset, sizeof preset, preset, sizeof preset);
        assert_int_equal(stream.data[at], 0xC0);
        assert_int_equal(both_take(20, 100), between != 1);
        stream.data[at] = 0xE0;
        assert_false(both_take(20, 100));
    }
    memset(other, preset[sizeof preset - 1], sizeof other); /* the first symbol repeats a byte */
    start();
    put_chunk(0x01, preset, sizeof preset);
    size_t at = stream.len;
    pack_theirs(other, sizeof other, sizeof other, preset, sizeof preset);
    assert_true(both_take(20, 100));
    stream.data[at] = 0xE0;
    assert_false(both_take(20, 100));
}

/* Also when the dictionary went round: matches reach 65,536 bytes back, but not behind its start.
 */
static void test_matches_reach_as_far_as_the_dictionary(void **state)
{
    (void)state;
    static uint8_t before[70000];
    seeded_fill(before, sizeof before);
    for (unsigned i = 0; i < 30; i++) {
        bool emptied = i % 3 == 2;
        size_t after = sizeof before - DICTIONARY;
        size_t back = DICTIONARY;
        if (emptied) { /* first as far as goes and one more, then anywhere */
            back = i < 8 ? after + i / 3 : 100 + seeded_below(60000);
        } else if (i % 3 == 1) {
            back = DICTIONARY + 1 + (i == 1 ? 0 : seeded_below(4000));
        }
        start();
        put_chunk(0x01, before, DICTIONARY);
        put_chunk(emptied ? 0x01 : 0x02, before + DICTIONARY, after);
        pack_theirs(before + sizeof before - back, 100, 100, before, sizeof before);
        bool reached = emptied && back <= after;
        assert_int_equal(both_take(100, 5000), i % 3 == 0 || reached);
    }
}

static void fill_mixed(uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t n = 1 + seeded_below(400);
        n = n < len - at ? n : len - at;
        seeded_fill(data + at, n);
        if (at > 0 && seeded_below(3) != 0) {
            size_t distance = 1 + seeded_below((uint32_t)at);
            for (size_t i = 0; i < n; i++) {
                data[at + i] = data[at + i - distance];
            }
        }
        at += n;
    }
}

/* What liblzma packs, with chunks of any length, whole and altered. */
static void test_altered_streams_as_liblzma(void **state)
{
    (void)state;
    static uint8_t data[8000];
    unsigned taken = 0;
    unsigned refused = 0;
    for (unsigned i = 0; i < 3000; i++) {
        start();
        size_t len = 1 + seeded_below(i % 8 == 0 ? sizeof data : 900);
        fill_mixed(data, len);
        if (i % 3 == 0) {
            put_all_kinds();
        } else {
            pack_theirs(data, len, 1 + seeded_below((uint32_t)len), NULL, 0);
            put(&content, data, len);
        }
        expect_content();
        for (uint32_t n = 1 + seeded_below(2); n > 0; n--) {
            size_t near = seeded_below(3) != 0 ? stream.len : 12;
            size_t at = seeded_below((uint32_t)(near < stream.len ? near : stream.len));
            stream.data[at] = (uint8_t)(stream.data[at] ^ 1u << seeded_below(8));
        }
        if (both_take(1 + seeded_below(60), 1 + seeded_below(500))) {
            taken++;
        } else {
            refused++;
        }
    }
    assert_true(taken > 100);
    assert_true(refused > 1000);
}

static void test_noise_as_liblzma(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        stream.len = 20 + seeded_below(2000);
        seeded_fill(stream.data, stream.len);
        stream.data[0] = (uint8_t)(i % 2 != 0 ? 0xE0 : 0x01);
        if (i % 2 != 0) {
            stream.data[5] = (uint8_t)seeded_below(225);
            stream.data[6] = 0;
        }
        (void)both_take(1 + seeded_below(60), 1 + seeded_below(500));
    }
}

static int make_room(void **state)
{
    (void)state;
    struct bytes *const all[] = {&stream, &content, &theirs, &ours, &packed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        all[i]->data = malloc(ROOM);
        assert_non_null(all[i]->data);
    }
    return 0;
}

static int drop_room(void **state)
{
    (void)state;
    struct bytes *const all[] = {&stream, &content, &theirs, &ours, &packed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        free(all[i]->data);
    }
    return 0;
}

int main(int argc, char **argv)
{
    seeded_start(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_order_of_chunks),
        cmocka_unit_test(test_split_and_cut_at_every_byte),
        cmocka_unit_test(test_every_first_byte),
        cmocka_unit_test(test_every_later_byte),
        cmocka_unit_test(test_wrong_sizes_of_chunks),
        cmocka_unit_test(test_properties_and_range_head),
        cmocka_unit_test(test_chunk_with_most_input),
        cmocka_unit_test(test_smallest_and_largest_chunks),
        cmocka_unit_test(test_largest_unpacked_size),
        cmocka_unit_test(test_matches_end_where_the_dictionary_begins),
        cmocka_unit_test(test_matches_reach_as_far_as_the_dictionary),
        cmocka_unit_test(test_altered_streams_as_liblzma),
        cmocka_unit_test(test_noise_as_liblzma),
    };
    return cmocka_run_group_tests(tests, make_room, drop_room);
}

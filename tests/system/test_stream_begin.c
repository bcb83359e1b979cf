/* SPDX-License-Identifier: MIT */
/*
 * What STREAM_BEGIN and DIGESTS refuse, and that a refusal changes nothing; what a provisioned
 * board refuses; that packages retire before content is streamed. PROTOCOL.md, "6C STREAM_BEGIN"
 * and "6D DIGESTS".
 */
#include "system.h"

#include "package_builder.h"
#include "stream_case.h"

enum { GET_SLOTS = 0x64, PROVISION = 0x6A, REASON_PROVISIONED = 0x40, REASON_SIZE = 0x42 };

struct row {
    uint8_t flags, sector;
    uint32_t size, content;
    unsigned reason;
    uint32_t detail;
};

static void refuse_all(struct stream_line *l, const struct row *rows, size_t count)
{
    struct snapshot *before = snapshot_take(l->b);
    uint8_t p[14];
    for (size_t i = 0; i < count; i++) {
        stream_line_begin_payload(p, &(struct stream_job){.flags = rows[i].flags,
                                                          .sector = rows[i].sector,
                                                          .size = rows[i].size,
                                                          .id = 7,
                                                          .content = rows[i].content});
        case_refused(l, STREAM_BEGIN, p, sizeof p, rows[i].reason, rows[i].detail);
    }
    stream_line_run(l, MS(300)); /* no erase goes on in silence */
    assert_true(case_answers(l));
    snapshot_assert_same(l->b, before);
}

static void fill_flash(struct board *b)
{
    static uint8_t noise[0xF8000];
    uint64_t seed = 77;
    random_fill(&seed, noise, sizeof noise);
    memset(noise, 0xFF, 4); /* no application */
    board_poke(b, APP_BASE, noise, b->flash_kib * 1024u - 0x8000);
}

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static void test_begin_refused(void **state)
{
    static const struct row rows[] = {
        {STREAM_PLAIN, 0, 100, 0, WIRE_BOOTLOADER, 0},
        {STREAM_PLAIN, 1, 100, 0, WIRE_BOOTLOADER, 1},
        {STREAM_PACKED, 1, 100, 200, WIRE_BOOTLOADER, 1},
        {STREAM_PLAIN, 12, 100, 0, WIRE_NO_SECTOR, 12},
        {STREAM_PLAIN, 0xFF, 100, 0, WIRE_NO_SECTOR, 0xFF},
        {STREAM_PLAIN, 11, 0x20001, 0, WIRE_ADDRESS, 0x08100000},
        {STREAM_PLAIN, 2, 0xF8001, 0, WIRE_ADDRESS, 0x08100000},
        {STREAM_PLAIN, 2, 0xFFFFFFFF, 0, WIRE_ADDRESS, 0x08100000},
        {STREAM_PLAIN, 2, 0xF7FF8000, 0, WIRE_ADDRESS, 0x08100000}, /* wraps to 0 */
        {STREAM_PACKED, 2, 100, 0xF8001, WIRE_ADDRESS, 0x08100000},
        {STREAM_PACKED, 2, 100, 0xFFFFFFFF, WIRE_ADDRESS, 0x08100000},
        {STREAM_PLAIN, 2, 0, 0, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PLAIN, 2, 100, 100, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PACKED, 2, 100, 0, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PACKED, 2, 0, 100, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PLAIN | STREAM_THUMB, 2, 100, 0, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PACKAGE | STREAM_THUMB, 0, 5000, 0, WIRE_ARGUMENT, ANY_DETAIL},
        {3, 2, 100, 0, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PLAIN | STREAM_HOLD, 2, 3, 0, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PACKED | STREAM_HOLD, 2, 100, 3, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PACKAGE | STREAM_HOLD, 0, 5000, 0, WIRE_ARGUMENT, ANY_DETAIL},
        {16, 2, 100, 0, WIRE_ARGUMENT, ANY_DETAIL},
        {0x80, 2, 100, 0, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PACKAGE, 2, 5000, 0, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PACKAGE, 0, 5000, 9000, WIRE_ARGUMENT, ANY_DETAIL},
        {STREAM_PACKAGE, 0, 0x100000, 0, REASON_SIZE, ANY_DETAIL},
    };
    uint8_t payload[15] = {0};
    struct stream_line *l = case_open(BOARD_BAUD, 0);
    (void)state;
    fill_flash(l->b);
    payload[1] = 2;
    payload[2] = 100;
    struct snapshot *before = snapshot_take(l->b);
    case_refused(l, STREAM_BEGIN, payload, 13, WIRE_PAYLOAD, 13);
    case_refused(l, STREAM_BEGIN, payload, 15, WIRE_PAYLOAD, 15);
    snapshot_assert_same(l->b, before);
    refuse_all(l, rows, COUNT(rows));
    case_close(l);
}

static void test_begin_refused_small_part(void **state)
{
    static const struct row rows[] = {
        {STREAM_PLAIN, 8, 100, 0, WIRE_NO_SECTOR, 8},
        {STREAM_PLAIN, 7, 0x20001, 0, WIRE_ADDRESS, 0x08080000},
        {STREAM_PLAIN, 2, 0x78001, 0, WIRE_ADDRESS, 0x08080000},
    };
    struct board *b = board_open(&(struct board_options){.flash_kib = 512});
    struct stream_line *l = stream_line_open(b, 0);
    (void)state;
    fill_flash(b);
    refuse_all(l, rows, COUNT(rows));
    stream_line_change_rate(l, 921600);
    struct stream_job job = case_plain(0x20000);
    job.sector = 7;
    case_make_content(1);
    case_whole(l, &job);
    case_close(l);
}

/* Sector 4 is write-protected: what would reach it, and no more than that. */
static void test_begin_write_protected(void **state)
{
    static const struct row rows[] = {
        {STREAM_PLAIN, 4, 1, 0, WIRE_PROTECTED, 4},
        {STREAM_PLAIN, 2, 0x8001, 0, WIRE_PROTECTED, 4},
        {STREAM_PACKED, 3, 100, 0x14001, WIRE_PROTECTED, 4},
        {STREAM_PLAIN, 2, 0xF8000, 0, WIRE_PROTECTED, 4},
        {STREAM_PACKAGE, 0, 5000, 0, WIRE_PROTECTED, 4},
    };
    struct board *b = board_open(
        &(struct board_options){.option_bytes = true, .rdp = 0xAA, .nwrp = 0xFFF & ~(1u << 4)});
    struct stream_line *l = stream_line_open(b, 0);
    struct stream_job job = case_plain(0x8000);
    (void)state;
    fill_flash(b);
    refuse_all(l, rows, COUNT(rows));
    case_make_content(2);
    stream_line_change_rate(l, 921600);
    case_whole(l, &job); /* to the last byte before it */
    case_close(l);
}

/* ---- DIGESTS ---- */

static void test_digests(void **state)
{
    static uint8_t flash[0x100000];
    static const uint32_t first[13] = {0x00000, 0x04000, 0x08000, 0x0C000, 0x10000,
                                       0x20000, 0x40000, 0x60000, 0x80000, 0xA0000,
                                       0xC0000, 0xE0000, 0x100000};
    static const struct {
        uint8_t payload[2];
        unsigned reason;
    } bad[] = {{{2, 0}, WIRE_ARGUMENT},   {{0, 13}, WIRE_NO_SECTOR},  {{11, 2}, WIRE_NO_SECTOR},
               {{12, 1}, WIRE_NO_SECTOR}, {{255, 1}, WIRE_NO_SECTOR}, {{255, 255}, WIRE_NO_SECTOR},
               {{1, 255}, WIRE_NO_SECTOR}};
    struct stream_line *l = case_open(BOARD_BAUD, 0);
    uint8_t sums[255] = {0};
    (void)state;
    fill_flash(l->b);
    for (size_t i = 0; i < COUNT(bad); i++) {
        case_refused(l, DIGESTS, bad[i].payload, 2, bad[i].reason, ANY_DETAIL);
    }
    case_refused(l, DIGESTS, bad[0].payload, 1, WIRE_PAYLOAD, 1);
    board_peek(l->b, FLASH_BASE, flash, sizeof flash);
    uint64_t start = twin_now_ns(l->b->twin);
    case_ok(l, DIGESTS, (const uint8_t[]){0, 12}, 2, sums);
    assert_true(twin_now_ns(l->b->twin) - start <= MS(500) + 60 * (uint64_t)CHAR_NS);
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(wire_get32(sums + (size_t)4 * i),
                         case_digest(flash + first[i], first[i + 1] - first[i]));
    }
    case_ok(l, DIGESTS, (const uint8_t[]){11, 1}, 2, sums);
    assert_int_equal(wire_get32(sums), case_digest(flash + first[11], 0x20000));
    case_close(l);
}

/* ---- boards with packages and keys ---- */

static uint32_t make_package(uint8_t *out, size_t room, uint32_t key_number)
{
    static uint8_t content[20000];
    struct package_recipe recipe = {.content = content,
                                    .content_len = sizeof content,
                                    .packing = PACKAGE_LZMA2_THUMB,
                                    .key = key_number != 0 ? package_key(key_number) : NULL};
    size_t len = 0;
    package_content(content, sizeof content, 5);
    uint8_t *package = package_build(&recipe, &len);
    assert_true(len <= room);
    memcpy(out, package, len);
    free(package);
    if (recipe.key != NULL) {
        package_key_free(recipe.key);
    }
    return (uint32_t)len;
}

static uint8_t package[40000];

static struct stream_job package_job(uint32_t len)
{
    return (struct stream_job){.flags = STREAM_PACKAGE, .id = 5, .data = package, .size = len};
}

static void stage(struct stream_line *l, const struct stream_job *job, unsigned slot)
{
    uint8_t data[255];
    assert_true(stream_line_begin(l, job));
    assert_int_equal(l->slot, slot);
    stream_line_transfer(l, 30);
    assert_int_equal(l->state, STATE_COMPLETE);
    assert_int_equal(l->written, job->size);
    stream_line_close(l);
    case_ok(l, 0x67, NULL, 0, data);
}

static unsigned slot_state(struct stream_line *l, unsigned slot)
{
    uint8_t slots[255] = {0};
    case_ok(l, GET_SLOTS, NULL, 0, slots);
    return slots[52 + 40 * slot];
}

/* A stream for flash that is refused leaves a package what it was; one that begins retires it, even
 * if not a byte follows. */
static void test_begin_retires(void **state)
{
    struct stream_line *l = case_open(921600, 0);
    struct stream_job job = case_plain(100);
    (void)state;
    struct stream_job pack = package_job(make_package(package, sizeof package, 0));
    stage(l, &pack, 0);
    assert_int_equal(slot_state(l, 0), 2);
    job.sector = 1;
    assert_false(stream_line_begin(l, &job));
    assert_int_equal(slot_state(l, 0), 2);
    job.sector = SECTOR_2;
    assert_true(stream_line_begin(l, &job));
    stream_line_close(l);
    assert_int_equal(slot_state(l, 0), 0);
    case_close(l);
}

static void test_begin_provisioned(void **state)
{
    static const struct row rows[] = {
        {STREAM_PLAIN, 2, 100, 0, REASON_PROVISIONED, ANY_DETAIL},
        {STREAM_PLAIN, 11, 0x20000, 0, REASON_PROVISIONED, ANY_DETAIL},
        {STREAM_PACKED, 2, 100, 200, REASON_PROVISIONED, ANY_DETAIL},
        {STREAM_PACKED | STREAM_THUMB, 2, 100, 200, REASON_PROVISIONED, ANY_DETAIL},
    };
    uint8_t payload[6 + 32] = {0x50, 0x52, 0x4F, 0x56, 1, 0};
    uint8_t data[255];
    struct evp_pkey_st *key = package_key(1);
    struct stream_line *l = case_open(921600, 0);
    (void)state;
    fill_flash(l->b);
    package_key_hash(key, payload + 6);
    package_key_free(key);
    case_ok(l, PROVISION, payload, sizeof payload, data);
    refuse_all(l, rows, COUNT(rows));
    case_refused(l, DIGESTS, (const uint8_t[]){2, 1}, 2, REASON_PROVISIONED, ANY_DETAIL);
    struct stream_job pack = package_job(make_package(package, sizeof package, 1));
    stage(l, &pack, 0);
    assert_int_equal(slot_state(l, 0), 2);
    case_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_begin_refused),         ONCE(test_begin_refused_small_part),
        ONCE(test_begin_write_protected), ONCE(test_digests),
        ONCE(test_begin_retires),         ONCE(test_begin_provisioned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

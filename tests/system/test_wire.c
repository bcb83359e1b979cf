/* SPDX-License-Identifier: MIT */
/*
 * Every command, byte for byte, in both dialects, as PROTOCOL.md has it, and its examples.
 */
#include "system.h"

#include "ararext_version.h"

/* What GET_VER and the others answer is in "Commands"; the frames are those of "Examples". */
static void test_wire_examples_native(void **state)
{
    static const uint8_t version[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5C};
    static const uint8_t erase[] = {0x03, 0x56, 0x02, 0x01, 0x4E, 0xA5, 0x0B, 0xA2};
    static const uint8_t read[] = {0x06, 0x59, 0x00, 0x80, 0x00, 0x08,
                                   0x10, 0xFE, 0x02, 0x38, 0x42};
    static const uint8_t version_answer[] = {0xA5, 0x51, 0x01, 0x10};
    static const uint8_t erase_answer[] = {0xA5, 0x56, 0x00};
    uint8_t read_answer[3 + 16] = {0xA5, 0x59, 0x10};
    struct board *b = open_variant(state);
    memset(read_answer + 3, 0xFF, 16);
    board_send(b, version, sizeof version);
    (void)board_expect(b, version_answer, sizeof version_answer, MS(20));
    board_send(b, erase, sizeof erase);
    (void)board_expect(b, erase_answer, sizeof erase_answer, MS(1000));
    board_send(b, read, sizeof read);
    (void)board_expect(b, read_answer, sizeof read_answer, MS(20));
    board_close(b);
}

static void test_wire_examples_course(void **state)
{
    static const uint8_t version[] = {0x05, 0x51, 0xE7, 0xE9, 0xAB, 0x7C};
    static const uint8_t version_answer[] = {0xA5, 0x01, 0x10};
    static const uint8_t cid[] = {0x05, 0x53, 0x89, 0xD2, 0x29, 0x75};
    static const uint8_t cid_answer[] = {0xA5, 0x02, 0x13, 0x04};
    static const uint8_t read[] = {0x0A, 0x59, 0x00, 0x02, 0x02, 0x08,
                                   0x10, 0x94, 0x0F, 0x7C, 0x9B};
    uint8_t read_answer[2 + 16] = {0xA5, 0x10};
    struct board *b = open_variant(state);
    memset(read_answer + 2, 0xFF, 16);
    board_send(b, version, sizeof version);
    (void)board_expect(b, version_answer, sizeof version_answer, MS(20));
    board_send(b, cid, sizeof cid);
    (void)board_expect(b, cid_answer, sizeof cid_answer, MS(20));
    board_send(b, read, sizeof read);
    (void)board_expect(b, read_answer, sizeof read_answer, MS(20));
    board_close(b);
}

/* Bit 7 of Command, frame by frame: both kinds of answer, and `7F` alone for what is not known. */
static void test_wire_examples_checked(void **state)
{
    static const uint8_t version[] = {0x01, 0xD1, 0x8A, 0x8A, 0x53, 0x35};
    static const uint8_t version_answer[] = {0xA5, 0xD1, 0x01, 0x10, 0x62, 0x42, 0xF3, 0x96};
    static const uint8_t erase[] = {0x03, 0xD6, 0x00, 0x01, 0xBC, 0xB4, 0x39, 0xF2};
    static const uint8_t erase_answer[] = {0x7F, 0xD6, 0x00, 0x2C, 0x3F, 0xE6, 0x23};
    static const uint8_t plain[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5C};
    static const uint8_t plain_answer[] = {0xA5, 0x51, 0x01, 0x10};
    uint8_t unknown[6] = {0x01, 0xFF};
    static const uint8_t unknown_answer[] = {0x7F};
    struct board *b = open_variant(state);
    board_send(b, version, sizeof version);
    (void)board_expect(b, version_answer, sizeof version_answer, MS(20));
    board_send(b, erase, sizeof erase);
    (void)board_expect(b, erase_answer, sizeof erase_answer, MS(20));
    wire_put32(unknown + 2, wire_crc(unknown, 2));
    board_send(b, unknown, sizeof unknown);
    (void)board_expect(b, unknown_answer, sizeof unknown_answer, MS(20));
    board_send(b, plain, sizeof plain);
    (void)board_expect(b, plain_answer, sizeof plain_answer, MS(20));
    board_close(b);
}

static void test_wire_version(void **state)
{
    static const uint8_t version = 0x10;
    struct board *b = open_variant(state);
    board_ok(b, GET_VER, NULL, 0, &version, 1);
    board_close(b);
}

/* Exactly the commands of PROTOCOL.md, each once. */
static void test_wire_help(void **state)
{
    uint8_t codes[255];
    unsigned seen[256] = {0};
    struct board *b = open_variant(state);
    size_t n = board_query_any(b, GET_HELP, NULL, 0, codes);
    for (size_t i = 0; i < n; i++) {
        seen[codes[i]]++;
    }
    bool native = b->dialect == WIRE_NATIVE; /* hosts of the course have room for theirs alone */
    assert_int_equal(n, native ? 27 : 12);
    for (unsigned c = 0; c < 256; c++) {
        unsigned want = (c >= 0x51 && c <= 0x5C) || (native && c >= 0x60 && c <= 0x6E) ? 1 : 0;
        assert_int_equal(seen[c], want);
    }
    board_close(b);
}

static void test_wire_cid(void **state)
{
    static const uint8_t cid[2] = {0x13, 0x04};
    struct board *b = open_variant(state);
    board_ok(b, GET_CID, NULL, 0, cid, sizeof cid);
    board_close(b);
}

static void test_wire_rdp_status(void **state)
{
    static const struct {
        uint8_t rdp;
    } rows[] = {{0xAA}, {0x55}, {0x00}, {0xFF}, {0xCC}};
    const struct variant *v = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board_options o = {.dialect = v->dialect,
                                  .flash_kib = v->flash_kib,
                                  .option_bytes = true,
                                  .rdp = rows[i].rdp,
                                  .nwrp = 0xFFF};
        struct board *b = board_open(&o);
        board_ok(b, GET_RDP_STATUS, NULL, 0, &rows[i].rdp, 1);
        board_close(b);
    }
}

static void test_wire_sector_status(void **state)
{
    static const uint16_t rows[] = {0xFFF, 0xFFC, 0x000, 0x7FE, 0xA5A};
    const struct variant *v = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board_options o = {
            .dialect = v->dialect, .option_bytes = true, .rdp = 0xAA, .nwrp = rows[i]};
        uint8_t want[2];
        struct board *b = board_open(&o);
        wire_put16(want, rows[i]);
        board_ok(b, READ_SECTOR_P_STATUS, NULL, 0, want, 2);
        board_close(b);
    }
}

static void test_wire_read(void **state)
{
    static const unsigned sizes[] = {1, 2, 3, 4, 5, 16, 100, 254, 255};
    uint8_t data[512];
    uint64_t seed = 7;
    struct board *b = open_variant(state);
    random_fill(&seed, data, sizeof data);
    board_poke(b, APP_BASE, data, sizeof data);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t payload[5];
        (void)addr_n(payload, APP_BASE + (uint32_t)i, sizes[i]);
        board_ok(b, MEM_READ, payload, 5, data + i, sizes[i]);
    }
    board_close(b);
}

/* OTP is programmed by code on the chip, word by word, as RM0090 section 3.7 has it. */
static void program_otp(struct board *b, const uint8_t otp[528])
{
    static const struct probe_op unlock[] = {
        {PROBE_WRITE, 0x40023C04, 0x45670123}, /* FLASH_KEYR */
        {PROBE_WRITE, 0x40023C04, 0xCDEF89AB},
        {PROBE_WRITE, 0x40023C10, 0x00000201}, /* FLASH_CR: PSIZE x32, PG */
    };
    struct probe_op ops[3 + 2 * 132];
    uint8_t image[PROBE_MAX];
    uint8_t payload[4];
    memcpy(ops, unlock, sizeof unlock);
    for (size_t i = 0; i < 132; i++) {
        uint32_t addr = OTP_BASE + 4 * (uint32_t)i;
        ops[3 + 2 * i] = (struct probe_op){PROBE_WRITE, addr, wire_get32(otp + 4 * i)};
        ops[4 + 2 * i] = (struct probe_op){PROBE_READ, addr, 0}; /* stalls until it is done */
    }
    size_t len = probe_make(image, FREE_SRAM_BASE, ops, sizeof ops / sizeof ops[0]);
    board_write(b, FREE_SRAM_BASE, image, len);
    probe_clear(b);
    wire_put32(payload, FREE_SRAM_BASE);
    board_ok(b, GO_TO_ADDR, payload, 4, NULL, 0);
    (void)board_run(b, MS(20));
    assert_true(probe_done(b));
    board_reset(b);
    board_assert_flash(b, OTP_BASE, otp, 512);
    board_assert_flash(b, OTP_BASE + 512, otp + 512, 16);
}

static void test_wire_otp(void **state)
{
    uint8_t otp[528];
    uint64_t seed = 8;
    struct board *b = open_variant(state);
    random_fill(&seed, otp, 512);
    memset(otp + 512, 0xFF, 16);
    otp[512 + 3] = 0;
    program_otp(b, otp);
    board_ok(b, OTP_READ, NULL, 0, otp, 255);
    static const struct {
        uint16_t offset;
        uint8_t n;
    } rows[] = {{0, 1}, {0, 255}, {255, 255}, {500, 28}, {512, 16}, {527, 1}, {511, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t payload[3];
        wire_put16(payload, rows[i].offset);
        payload[2] = rows[i].n;
        board_ok(b, OTP_READ, payload, 3, otp + rows[i].offset, rows[i].n);
    }
    board_close(b);
}

static void test_wire_otp_refused(void **state)
{
    static const struct {
        uint16_t offset;
        uint8_t n;
    } rows[] = {{528, 1}, {527, 2}, {512, 17}, {0xFFFF, 1}, {0xFFFF, 255}, {300, 229}};
    struct board *b = open_variant(state);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t payload[3];
        wire_put16(payload, rows[i].offset);
        payload[2] = rows[i].n;
        board_refused(b, OTP_READ, payload, 3, WIRE_ADDRESS, OTP_BASE + rows[i].offset);
    }
    board_close(b);
}

static void test_wire_mem_crc(void **state)
{
    static const uint32_t lengths[] = {1, 3, 4, 17, 1000, 4096};
    uint8_t data[4096];
    uint64_t seed = 9;
    struct board *b = open_variant(state);
    random_fill(&seed, data, sizeof data);
    board_poke(b, APP_BASE, data, sizeof data);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t payload[8];
        uint8_t want[4];
        wire_put32(want, wire_crc(data, lengths[i]));
        board_ok(b, MEM_CRC, addr_len(payload, APP_BASE, lengths[i]), 8, want, 4);
    }
    board_close(b);
}

/* The largest range there is must still be answered in time. */
static void test_wire_mem_crc_of_all_flash(void **state)
{
    uint8_t payload[8];
    uint8_t want[4];
    struct board *b = open_variant(state);
    uint32_t len = b->flash_kib * 1024;
    uint8_t *flash = malloc(len);
    assert_non_null(flash);
    board_peek(b, FLASH_BASE, flash, len);
    wire_put32(want, wire_crc(flash, len));
    free(flash);
    board_ok(b, MEM_CRC, addr_len(payload, FLASH_BASE, len), 8, want, 4);
    board_close(b);
}

static void test_wire_erase_and_write(void **state)
{
    uint8_t data[249];
    uint8_t blank[16384];
    uint8_t payload[255];
    uint64_t seed = 10;
    struct board *b = open_variant(state);
    size_t most = b->dialect == WIRE_COURSE ? 245 : 249;
    memset(blank, 0xFF, sizeof blank);
    random_fill(&seed, data, sizeof data);
    board_poke(b, APP_BASE, data, sizeof data);
    board_erase(b, 2, 1);
    board_assert_flash(b, APP_BASE, blank, sizeof blank);
    assert_int_equal(twin_sector_erases(b->twin, 2), 1);
    board_ok(b, MEM_WRITE, payload, wire_write_payload(payload, APP_BASE, data, most), NULL, 0);
    board_assert_flash(b, APP_BASE, data, most);
    board_assert_flash(b, APP_BASE + (uint32_t)most, blank, sizeof blank - most);
    board_close(b);
}

/* Whole aligned words are programmed as words: one flash operation each. */
static void test_wire_words_are_programmed_as_words(void **state)
{
    uint8_t data[64];
    uint64_t seed = 11;
    struct twin_counters before;
    struct twin_counters after;
    struct board *b = open_variant(state);
    random_fill(&seed, data, sizeof data);
    twin_get_counters(b->twin, &before);
    board_write(b, APP_BASE, data, sizeof data);
    twin_get_counters(b->twin, &after);
    assert_int_equal(after.flash_operations - before.flash_operations, sizeof data / 4);
    board_close(b);
}

static void test_wire_write_sram(void **state)
{
    uint8_t data[240];
    uint64_t seed = 12;
    struct board *b = open_variant(state);
    random_fill(&seed, data, sizeof data);
    board_write(b, FREE_SRAM_BASE + 1, data, sizeof data);
    board_assert_flash(b, FREE_SRAM_BASE + 1, data, sizeof data);
    board_write(b, CCM_BASE, data, 7);
    board_assert_flash(b, CCM_BASE, data, 7);
    board_close(b);
}

static void check_info_memory(const uint8_t *info, size_t len, const struct board *b)
{
    static const uint8_t big[] = {4, 16, 0, 1, 64, 0, 7, 128, 0};
    static const uint8_t small[] = {4, 16, 0, 1, 64, 0, 3, 128, 0};
    assert_int_equal(len, 59 + 9);
    assert_int_equal(info[58], 3);
    assert_memory_equal(info + 59, b->flash_kib == 512 ? small : big, 9);
    assert_int_equal(wire_get32(info + 32), APP_BASE);
    assert_int_equal(wire_get32(info + 36), FLASH_BASE + b->flash_kib * 1024);
    assert_int_equal(wire_get32(info + 40), FREE_SRAM_BASE);
    assert_int_equal(wire_get32(info + 44), FREE_SRAM_END);
}

static void test_wire_info(void **state)
{
    uint8_t info[255];
    uint8_t uid[12];
    unsigned version[3];
    struct board *b = open_variant(state);
    size_t len = board_query_any(b, GET_INFO, NULL, 0, info);
    assert_int_equal(
        sscanf(ARAREXT_VERSION_STRING, "%u.%u.%u", &version[0], &version[1], &version[2]), 3);
    assert_int_equal(info[0], 1);
    assert_int_equal(info[1], 0x10);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(info[2 + i], version[i]);
    }
    assert_int_equal(info[5], b->dialect);
    assert_int_equal(wire_get16(info + 6), 0x413);
    assert_int_equal(wire_get16(info + 10), b->flash_kib);
    board_peek(b, UID_BASE, uid, sizeof uid);
    assert_memory_equal(info + 12, uid, sizeof uid);
    assert_int_equal(wire_get32(info + 24), 255);
    assert_int_equal(wire_get16(info + 28), 255);
    assert_true(wire_get16(info + 30) >= 2 * WIRE_FRAME_MAX);
    assert_int_equal(wire_get32(info + 48), 84000000);
    assert_int_equal(info[52], 0x0E); /* RM0090 6.3.21: power-on leaves BOR, PIN and POR set */
    assert_int_equal(info[53], 3);
    assert_int_equal(info[54], 1);
    assert_int_equal(info[55], 0xAA);
    assert_int_equal(wire_get16(info + 56), 0xFFF);
    check_info_memory(info, len, b);
    board_close(b);
}

static void test_wire_last_error_is_clear_at_first(void **state)
{
    static const uint8_t none[8];
    struct board *b = open_variant(state);
    board_ok(b, GET_LAST_ERROR, NULL, 0, none, 8);
    board_close(b);
}

/* A success does not clear it. */
static void test_wire_last_error_stays(void **state)
{
    uint8_t before[8];
    uint8_t after[8];
    uint8_t payload[5];
    struct board *b = open_variant(state);
    board_refused(b, MEM_READ, addr_n(payload, 0x40000000, 4), 5, WIRE_ADDRESS, 0x40000000);
    board_query(b, GET_LAST_ERROR, NULL, 0, before, 8);
    board_query(b, GET_VER, NULL, 0, after, 1);
    board_query(b, GET_LAST_ERROR, NULL, 0, after, 8);
    assert_memory_equal(before, after, 8);
    board_close(b);
}

static void test_wire_reset_to_loader(void **state)
{
    static const uint8_t stay = 1;
    uint8_t info[255];
    uint8_t image[1024];
    const struct variant *v = *state;
    image_make(image, sizeof image, APP_BASE, 1);
    struct board_options o = {
        .dialect = v->dialect, .app = image, .app_len = sizeof image, .button = true};
    struct board *b = board_open(&o);
    board_press_button(b, false);
    unsigned resets = b->resets;
    board_ok(b, RESET, &stay, 1, NULL, 0);
    (void)board_run(b, MS(100));
    assert_int_equal(b->resets, resets + 1);
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    assert_int_equal(info[53], 4);
    assert_true((info[52] & 0x10) != 0); /* SFTRSTF, bit 28 of RCC_CSR */
    board_close(b);
}

static void test_wire_reset_to_application(void **state)
{
    static const uint8_t boot = 0;
    static const struct probe_op nothing[1] = {{PROBE_END, 0, 0}};
    uint8_t image[PROBE_MAX];
    const struct variant *v = *state;
    size_t len = probe_make(image, APP_BASE, nothing, 1);
    struct board_options o = {.dialect = v->dialect, .app = image, .app_len = len, .button = true};
    struct board *b = board_open(&o);
    board_press_button(b, false);
    probe_clear(b);
    board_ok(b, RESET, &boot, 1, NULL, 0);
    (void)board_run(b, MS(10));
    assert_true(probe_done(b));
    board_close(b);
}

static void test_wire_reset_argument(void **state)
{
    static const uint8_t wrong[] = {3, 0x80, 0xFF};
    struct board *b = open_variant(state);
    unsigned resets = b->resets;
    for (size_t i = 0; i < sizeof wrong; i++) {
        board_refused(b, RESET, &wrong[i], 1, WIRE_ARGUMENT, wrong[i]);
    }
    assert_int_equal(b->resets, resets);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_wire_examples_native),
        ONCE(test_wire_examples_course),
        ONCE(test_wire_examples_checked),
        BOTH(test_wire_version),
        BOTH(test_wire_help),
        BOTH(test_wire_cid),
        BOTH(test_wire_rdp_status),
        BOTH(test_wire_sector_status),
        BOTH(test_wire_read),
        BOTH(test_wire_otp),
        BOTH(test_wire_otp_refused),
        BOTH(test_wire_mem_crc),
        ALL(test_wire_mem_crc_of_all_flash),
        BOTH(test_wire_erase_and_write),
        BOTH(test_wire_words_are_programmed_as_words),
        BOTH(test_wire_write_sram),
        ALL(test_wire_info),
        BOTH(test_wire_last_error_is_clear_at_first),
        BOTH(test_wire_last_error_stays),
        BOTH(test_wire_reset_to_loader),
        BOTH(test_wire_reset_to_application),
        BOTH(test_wire_reset_argument),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

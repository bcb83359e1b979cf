/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of the commands: each in both dialects, each refusal with its reason, and that a
 * refusal changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board_block.h"
#include "bytes.h"
#include "crc.h"
#include "memory_map.h"
#include "model.h"

#define LEVEL_1_OPTCR 0x0FFF55EDu
#define LEVEL_2_OPTCR 0x0FFFCCEDu /* in the model only */

/* One command, sent in both dialects, and for a checked answer, to a fresh board of 512 KiB. */
struct refusal {
    uint8_t command; /* without COMMAND_CHECKED */
    uint8_t payload[10];
    uint8_t len;
    enum reason reason;
    uint32_t detail;
    uint32_t course; /* the answer in the course dialect: 7F, or the status behind A5 01 */
    uint32_t optcr;  /* 0: as from the factory */
};

/* The whole answer to the refused command; returns its size. checked: 0 or COMMAND_CHECKED. */
static size_t refusal_answer(const struct refusal *row, enum protocol_dialect dialect,
                             uint8_t checked, uint8_t out[7])
{
    out[0] = 0x7F;
    if (dialect == DIALECT_COURSE && row->course != 0x7F) {
        out[0] = 0xA5;
        out[1] = 1;
        out[2] = (uint8_t)row->course;
        return 3;
    }
    if (checked == 0 || row->reason == REASON_UNKNOWN_COMMAND) {
        return 1;
    }
    out[1] = row->command | checked;
    out[2] = 0;
    store_le32(out + 3, crc_update(CRC_START, out, 3));
    return 7;
}

static void check_refusal(const struct refusal *row, enum protocol_dialect dialect, uint8_t checked)
{
    struct model *m = model_create(512);
    bool unknown = row->reason == REASON_UNKNOWN_COMMAND;
    uint8_t answer[7];
    size_t len = refusal_answer(row, dialect, checked, answer);

    if (dialect == DIALECT_COURSE) {
        m->receiver.dialect = dialect; /* decided: a strange command alone does not */
    }

    print_message("command %02x payload %02x %02x %02x..., dialect %d, checked %02x\n",
                  row->command, row->payload[0], row->payload[1], row->payload[2], (int)dialect,
                  checked);
    if (row->optcr != 0) {
        m->optcr = row->optcr;
    }
    model_expect(m, dialect, row->command | checked, row->payload, row->len, answer, len);
    model_expect_failure(m, row->reason, row->command | (unknown ? checked : 0), row->detail);
    assert_int_equal(m->loader.failure.count, 1);
    assert_int_equal(m->loader.after, AFTER_NOTHING);
    assert_int_equal(model_changes(m), 0);
    free(m);
}

static void test_commands_refuse(void **state)
{
    static const struct refusal rows[] = {
        /* lengths: one byte too many or too few for each */
        {0x51, {0}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0x52, {0}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0x53, {0}, 2, REASON_PAYLOAD_LENGTH, 2, 0x7F, 0},
        {0x54, {0}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0x55, {0}, 3, REASON_PAYLOAD_LENGTH, 3, 0x7F, 0},
        {0x55, {0}, 5, REASON_PAYLOAD_LENGTH, 5, 0x7F, 0},
        {0x56, {2}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0x56, {2, 1, 0}, 3, REASON_PAYLOAD_LENGTH, 3, 0x7F, 0},
        {0x57, {0, 0x80, 0, 8}, 4, REASON_PAYLOAD_LENGTH, 4, 0x7F, 0},
        {0x57, {0, 0x80, 0, 8, 3, 1, 2}, 7, REASON_PAYLOAD_LENGTH, 7, 0x7F, 0},
        {0x57, {0, 0x80, 0, 8, 1, 1, 2}, 7, REASON_PAYLOAD_LENGTH, 7, 0x7F, 0},
        {0x58, {4}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0x58, {4, 1, 0, 0}, 4, REASON_PAYLOAD_LENGTH, 4, 0x7F, 0},
        {0x59, {0, 0x80, 0, 8}, 4, REASON_PAYLOAD_LENGTH, 4, 0x7F, 0},
        {0x5A, {0}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0x5B, {0}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0x5C, {1, 1}, 2, REASON_PAYLOAD_LENGTH, 2, 0x7F, 0},
        {0x60, {0}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0x61, {0}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0x62, {0}, 0, REASON_PAYLOAD_LENGTH, 0, 0x7F, 0},
        {0x63, {0}, 7, REASON_PAYLOAD_LENGTH, 7, 0x7F, 0},
        /* codes around the table */
        {0x00, {0}, 0, REASON_UNKNOWN_COMMAND, 0, 0x7F, 0},
        {0x50, {0}, 0, REASON_UNKNOWN_COMMAND, 0, 0x7F, 0},
        {0x5D, {0}, 0, REASON_UNKNOWN_COMMAND, 0, 0x7F, 0},
        {0x6F, {0}, 0, REASON_UNKNOWN_COMMAND, 0, 0x7F, 0},
        {0x6B, {0}, 3, REASON_PAYLOAD_LENGTH, 3, 0x7F, 0},
        {0x6C, {0}, 13, REASON_PAYLOAD_LENGTH, 13, 0x7F, 0},
        {0x6D, {0}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0x6E, {0}, 1, REASON_PAYLOAD_LENGTH, 1, 0x7F, 0},
        {0xFF, {0}, 0, REASON_UNKNOWN_COMMAND, 0, 0x7F, 0},
        /* GO_TO_ADDR */
        {0x55, {0x00, 0x00, 0x00, 0x08}, 4, REASON_BOOTLOADER, 0x08000000, 1, 0},
        {0x55, {0xC0, 0xFF, 0x01, 0x20}, 4, REASON_BOOTLOADER, 0x2001FFC0, 1, 0},
        {0x55, {0x00, 0x00, 0x00, 0x20}, 4, REASON_BOOTLOADER, 0x20000000, 1, 0},
        {0x55, {0x00, 0x00, 0x08, 0x08}, 4, REASON_ADDRESS, 0x08080000, 1, 0},
        {0x55, {0x00, 0x00, 0x00, 0x10}, 4, REASON_ADDRESS, 0x10000000, 1, 0},
        {0x55, {0x00, 0x80, 0x00, 0x08}, 4, REASON_NO_CODE, 0x08008000, 1, 0},
        {0x55, {0x05, 0x80, 0x00, 0x08}, 4, REASON_NO_CODE, 0x08008005, 1, 0},
        /* FLASH_ERASE */
        {0x56, {0, 1}, 2, REASON_BOOTLOADER, 0, 1, 0},
        {0x56, {1, 3}, 2, REASON_BOOTLOADER, 1, 1, 0},
        {0x56, {2, 0}, 2, REASON_ARGUMENT, 0, 1, 0},
        {0x56, {8, 1}, 2, REASON_NO_SECTOR, 8, 4, 0},
        {0x56, {200, 100}, 2, REASON_NO_SECTOR, 200, 4, 0},
        {0x56, {2, 3}, 2, REASON_WRITE_PROTECTED, 4, 1, 0x0FEFAAED},
        {0x56, {0xFF, 0}, 2, REASON_WRITE_PROTECTED, 7, 1, 0x0F7FAAED},
        /* MEM_WRITE */
        {0x57, {0, 0x80, 0, 8, 0}, 5, REASON_ARGUMENT, 0, 1, 0},
        {0x57, {0xFF, 0x7F, 0, 8, 2, 0, 0}, 7, REASON_BOOTLOADER, 0x08007FFF, 1, 0},
        {0x57, {0xFF, 0xFF, 7, 8, 2, 0, 0}, 7, REASON_ADDRESS, 0x0807FFFF, 1, 0},
        {0x57, {0xFF, 0x3F, 0, 0x20, 1, 0}, 6, REASON_BOOTLOADER, 0x20003FFF, 1, 0},
        {0x57, {0xFF, 0x8F, 1, 0x20, 2, 0, 0}, 7, REASON_BOOTLOADER, 0x20018FFF, 1, 0},
        {0x57, {0x00, 0x78, 0xFF, 0x1F, 1, 0}, 6, REASON_ADDRESS, 0x1FFF7800, 1, 0},
        {0x57, {0x00, 0x3C, 0x02, 0x40, 1, 0}, 6, REASON_ADDRESS, 0x40023C00, 1, 0},
        {0x57, {0xFF, 0xBF, 0, 8, 2, 0, 0}, 7, REASON_WRITE_PROTECTED, 3, 1, 0x0FF7AAED},
        /* EN_RW_PROTECT */
        {0x58, {0, 1}, 2, REASON_ARGUMENT, 0, 1, 0},
        {0x58, {4, 0}, 2, REASON_ARGUMENT, 0, 1, 0},
        {0x58, {4, 4}, 2, REASON_ARGUMENT, 4, 1, 0},
        {0x58, {1, 1}, 2, REASON_BOOTLOADER, 0, 1, 0},
        {0x58, {6, 1}, 2, REASON_BOOTLOADER, 1, 1, 0},
        {0x58, {0, 1, 1}, 3, REASON_NO_SECTOR, 8, 4, 0},
        {0x58, {4, 0x80, 1}, 3, REASON_NO_SECTOR, 15, 4, 0},
        {0x58, {4, 1, 0x52, 0x44, 0x50, 0x31}, 6, REASON_PAYLOAD_LENGTH, 6, 1, 0},
        {0x58, {4, 2}, 2, REASON_KEY, 0, 1, 0},
        {0x58, {4, 0, 2}, 3, REASON_KEY, 0, 1, 0},
        {0x58, {4, 2, 0x52, 0x44, 0x50, 0x32}, 6, REASON_KEY, 0, 1, 0},
        {0x58, {4, 0, 2, 0, 0, 0, 0}, 7, REASON_KEY, 0, 1, 0},
        {0x58, {4, 1}, 2, REASON_OPTIONS_LOCKED, 0xCC, 1, LEVEL_2_OPTCR},
        {0x58, {3, 3}, 2, REASON_KEY, 0, 1, 0},
        {0x58, {3, 3, 0x52, 0x44, 0x50, 0x31}, 6, REASON_KEY, 0, 1, 0},
        {0x58, {3, 2, 0x4C, 0x4F, 0x43, 0x4B}, 6, REASON_KEY, 0, 1, 0},
        {0x58, {1, 3, 0x4C, 0x4F, 0x43, 0x4B}, 6, REASON_ARGUMENT, 1, 1, 0},
        {0x58, {7, 0, 3, 0x4C, 0x4F, 0x43, 0x4B}, 7, REASON_ARGUMENT, 7, 1, 0},
        {0x58, {3, 3, 0x4C, 0x4F, 0x43, 0x4B}, 6, REASON_OPTIONS_LOCKED, 0xCC, 1, LEVEL_2_OPTCR},
        /* MEM_READ, MEM_CRC */
        {0x59, {0, 0x80, 0, 8, 0}, 5, REASON_ARGUMENT, 0, 0x7F, 0},
        {0x59, {0, 0, 0, 0, 4}, 5, REASON_ADDRESS, 0, 0x7F, 0},
        {0x59, {0xFF, 0xFF, 7, 8, 2}, 5, REASON_ADDRESS, 0x0807FFFF, 0x7F, 0},
        {0x59, {0, 0x44, 0, 0x40, 4}, 5, REASON_ADDRESS, 0x40004400, 0x7F, 0},
        {0x59, {0xFF, 0xFF, 0xFF, 0xFF, 255}, 5, REASON_ADDRESS, 0xFFFFFFFF, 0x7F, 0},
        {0x63, {0, 0x80, 0, 8, 0, 0, 0, 0}, 8, REASON_ARGUMENT, 0, 0x7F, 0},
        {0x63, {0, 0x80, 0, 8, 1, 0x80, 7, 0}, 8, REASON_ADDRESS, 0x08008000, 0x7F, 0},
        {0x63, {0, 0x80, 0, 8, 0xFF, 0xFF, 0xFF, 0xFF}, 8, REASON_ADDRESS, 0x08008000, 0x7F, 0},
        /* OTP_READ */
        {0x5B, {0, 0, 0}, 3, REASON_ARGUMENT, 0, 0x7F, 0},
        {0x5B, {0x10, 0x02, 1}, 3, REASON_ADDRESS, 0x1FFF7A10, 0x7F, 0},
        {0x5B, {0x00, 0x02, 17}, 3, REASON_ADDRESS, 0x1FFF7A00, 0x7F, 0},
        {0x5B, {0xFF, 0xFF, 255}, 3, REASON_ADDRESS, 0x200077FF, 0x7F, 0},
        /* DIS_R_W_PROTECT */
        {0x5C, {0}, 1, REASON_ARGUMENT, 0, 1, 0},
        {0x5C, {2}, 1, REASON_ARGUMENT, 2, 1, 0},
        {0x5C, {0}, 0, REASON_WOULD_ERASE_CHIP, 0x55, 1, LEVEL_1_OPTCR},
        {0x5C, {0}, 0, REASON_OPTIONS_LOCKED, 0xCC, 1, LEVEL_2_OPTCR},
        {0x5C, {1}, 1, REASON_OPTIONS_LOCKED, 0xCC, 1, LEVEL_2_OPTCR},
        /* RESET */
        {0x62, {3}, 1, REASON_ARGUMENT, 3, 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_refusal(&rows[i], DIALECT_NATIVE, 0);
        check_refusal(&rows[i], DIALECT_NATIVE, COMMAND_CHECKED);
        check_refusal(&rows[i], DIALECT_COURSE, 0);
    }
}

/* The block that holds, as it lies there. */
static void test_commands_board(void **state)
{
    struct model *m = model_create(1024);
    uint8_t *block = model_memory(m, BOARD_BLOCK_ADDR, BOARD_BLOCK_SIZE);
    uint8_t answer[3 + 1 + BOARD_BLOCK_SIZE] = {0xA5, 0x6E, 57, 0};
    static const uint8_t original[BOARD_BLOCK_SIZE] = BOARD_BLOCK_ORIGINAL;

    (void)state;
    memcpy(answer + 4, original, sizeof original);
    model_expect(m, DIALECT_NATIVE, 0x6E, NULL, 0, answer, sizeof answer); /* the built-in one */
    memcpy(block, original, sizeof original);
    block[BOARD_LED] = answer[4 + BOARD_LED] = 0x3C; /* PD12 */
    m->loader.info.board = block;
    m->loader.info.board_is_block = true;
    answer[3] = 1;
    model_expect(m, DIALECT_NATIVE, 0x6E, NULL, 0, answer, sizeof answer);
    free(m);
}

static void test_commands_info(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0x51, NULL, 0, BYTES(0xA5, 0x51, 1, 0x10));
    model_expect(m, DIALECT_NATIVE, 0x52, NULL, 0,
                 BYTES(0xA5, 0x52, 27, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A,
                       0x5B, 0x5C, 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A,
                       0x6B, 0x6C, 0x6D, 0x6E));
    model_expect(m, DIALECT_NATIVE, 0x53, NULL, 0, BYTES(0xA5, 0x53, 2, 0x13, 0x04));
    model_expect(m, DIALECT_NATIVE, 0x54, NULL, 0, BYTES(0xA5, 0x54, 1, 0xAA));
    m->optcr = 0x0FF355EDu;
    model_expect(m, DIALECT_NATIVE, 0x54, NULL, 0, BYTES(0xA5, 0x54, 1, 0x55));
    model_expect(m, DIALECT_NATIVE, 0x5A, NULL, 0, BYTES(0xA5, 0x5A, 2, 0xF3, 0x0F));
    free(m);

    m = model_create(1024);
    model_expect(m, DIALECT_COURSE, 0x52, NULL, 0,
                 BYTES(0xA5, 12, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x5B,
                       0x5C)); /* its hosts have room for no more */
    model_expect(m, DIALECT_COURSE, 0x53, NULL, 0, BYTES(0xA5, 2, 0x13, 0x04));
    model_expect(m, DIALECT_COURSE, 0x5A, NULL, 0, BYTES(0xA5, 2, 0xFF, 0x0F));
    free(m);
}

/* Answers with a CRC, asked for frame by frame; the first and the last are in PROTOCOL.md. */
static void test_commands_checked(void **state)
{
    struct model *m = model_create(1024);
    uint8_t read[262] = {0xA5, 0xD9, 255};

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0xD1, NULL, 0,
                 BYTES(0xA5, 0xD1, 1, 0x10, 0x62, 0x42, 0xF3, 0x96));
    model_expect(m, DIALECT_NATIVE, 0x51, NULL, 0, BYTES(0xA5, 0x51, 1, 0x10));
    model_expect(m, DIALECT_NATIVE, 0xD6, BYTES(2, 1),
                 BYTES(0xA5, 0xD6, 0, 0x23, 0xDF, 0x1D, 0xF6));
    assert_int_equal(m->erases, 1);
    memset(read + 3, 0xFF, 255);
    store_le32(read + 258, crc_update(CRC_START, read, 258));
    model_expect(m, DIALECT_NATIVE, 0xD9, BYTES(0, 0x80, 0, 8, 255), read, sizeof read);
    model_expect(m, DIALECT_NATIVE, 0xD6, BYTES(0, 1),
                 BYTES(0x7F, 0xD6, 0, 0x2C, 0x3F, 0xE6, 0x23));
    /* What a command does after its answer does not depend on it. */
    m->sent_len = 0;
    uint8_t frame[16];
    model_feed(m, frame, model_frame(frame, DIALECT_NATIVE, 0xEB, BYTES(0x00, 0x10, 0x0E, 0)), 87);
    assert_int_equal(m->sent_len, 7);
    assert_int_equal(m->loader.after, AFTER_BAUD);
    free(m);

    m = model_create(1024);
    m->receiver.dialect = DIALECT_COURSE;
    model_expect(m, DIALECT_COURSE, 0xD1, NULL, 0, BYTES(0x7F));
    model_expect_failure(m, REASON_UNKNOWN_COMMAND, 0xD1, 0);
    free(m);
}

static void test_commands_get_info(void **state)
{
    struct model *m = model_create(512);

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0x61, NULL, 0,
                 BYTES(0xA5, 0x61, 68, 1, 0x10, 1, 2, 3, 1, 0x13, 0x04, 0x07, 0x10, 0x00, 0x02,
                       0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xAB, 255,
                       0, 0, 0, 0xFF, 0, 0x00, 0x10, 0x00, 0x80, 0x00, 0x08, 0x00, 0x00, 0x08, 0x08,
                       0x00, 0x40, 0x00, 0x20, 0x00, 0x90, 0x01, 0x20, 0x00, 0xBD, 0x01, 0x05, 0x14,
                       1, 1, 0xAA, 0xFF, 0x0F, 3, 4, 16, 0, 1, 64, 0, 3, 128, 0));
    free(m);
}

static void test_commands_last_error(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0x60, NULL, 0, BYTES(0xA5, 0x60, 8, 0, 0, 0, 0, 0, 0, 0, 0));
    model_expect(m, DIALECT_NATIVE, 0x59, BYTES(0, 0, 0, 0x40, 4), BYTES(0x7F));
    model_expect(m, DIALECT_NATIVE, 0x51, NULL, 0, BYTES(0xA5, 0x51, 1, 0x10));
    model_expect(m, DIALECT_NATIVE, 0x60, NULL, 0,
                 BYTES(0xA5, 0x60, 8, 0x20, 0x59, 1, 0, 0, 0, 0, 0x40));
    m->loader.failure.count = 65534;
    for (unsigned i = 0; i < 3; i++) {
        model_expect(m, DIALECT_NATIVE, 0x6F, NULL, 0, BYTES(0x7F));
    }
    model_expect(m, DIALECT_NATIVE, 0x60, NULL, 0,
                 BYTES(0xA5, 0x60, 8, 0x10, 0x6F, 0xFF, 0xFF, 0, 0, 0, 0));
    free(m);
}

static void test_commands_erase(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    memset(m->flash, 0, sizeof m->flash);
    model_expect(m, DIALECT_NATIVE, 0x56, BYTES(3, 2), BYTES(0xA5, 0x56, 0));
    assert_int_equal(m->erases, 2);
    assert_int_equal(m->flash[0xBFFF], 0);
    assert_int_equal(m->flash[0xC000], 0xFF);
    assert_int_equal(m->flash[0x1FFFF], 0xFF);
    assert_int_equal(m->flash[0x20000], 0);
    model_expect(m, DIALECT_NATIVE, 0x56, BYTES(0xFF, 0x77), BYTES(0xA5, 0x56, 0));
    assert_int_equal(m->erases, 2 + 10);
    assert_int_equal(m->flash[0x7FFF], 0);
    assert_int_equal(m->flash[0xFFFFF], 0xFF);
    free(m);

    m = model_create(512);
    model_expect(m, DIALECT_NATIVE, 0x56, BYTES(7, 2), BYTES(0x7F));
    model_expect_failure(m, REASON_NO_SECTOR, 0x56, 8);
    model_expect(m, DIALECT_NATIVE, 0x56, BYTES(2, 255), BYTES(0x7F));
    model_expect_failure(m, REASON_NO_SECTOR, 0x56, 8);
    assert_int_equal(m->erases, 0);
    free(m);

    /* Hosts of the course say 8 wherever they begin; beyond the part there is nothing all the same.
     */
    m = model_create(512);
    model_expect(m, DIALECT_COURSE, 0x56, BYTES(3, 8), BYTES(0xA5, 1, 0));
    assert_int_equal(m->erases, 5);
    model_expect(m, DIALECT_COURSE, 0x56, BYTES(7, 255), BYTES(0xA5, 1, 0));
    assert_int_equal(m->erases, 6);
    model_expect(m, DIALECT_COURSE, 0x56, BYTES(8, 1), BYTES(0xA5, 1, 4));
    model_expect(m, DIALECT_COURSE, 0x56, BYTES(0, 8), BYTES(0xA5, 1, 1));
    assert_int_equal(m->erases, 6);
    free(m);

    m = model_create(512);
    model_expect(m, DIALECT_COURSE, 0x56, BYTES(0xFF, 0), BYTES(0xA5, 1, 0));
    assert_int_equal(m->erases, 6);
    free(m);
}

/* What the flash driver reports is passed on, and ends the command. */
static void test_commands_flash_faults(void **state)
{
    static const struct {
        enum reason reason;
        uint8_t status;
    } rows[] = {{REASON_FLASH_ERROR, 1}, {REASON_FLASH_TIMEOUT, 3}, {REASON_VERIFY, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct model *m = model_create(512);

        m->fail = rows[i].reason;
        m->fail_detail = 0x12345678;
        model_expect(m, DIALECT_COURSE, 0x56, BYTES(2, 3), BYTES(0xA5, 1, rows[i].status));
        assert_int_equal(m->failed, 1);
        assert_int_equal(m->erases, 1); /* the other two are not tried */
        model_expect_failure(m, rows[i].reason, 0x56, 0x12345678);
        m->fail = rows[i].reason;
        model_expect(m, DIALECT_COURSE, 0x57, BYTES(0, 0x80, 0, 8, 1, 0),
                     BYTES(0xA5, 1, rows[i].status));
        assert_int_equal(m->failed, 2);
        m->fail = rows[i].reason;
        model_expect(m, DIALECT_COURSE, 0x58, BYTES(4, 1), BYTES(0xA5, 1, rows[i].status));
        assert_int_equal(m->failed, 3);
        free(m);
    }
}

static void test_commands_write_flash(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0x57, BYTES(1, 0x80, 0, 8, 3, 1, 2, 3), BYTES(0xA5, 0x57, 0));
    assert_memory_equal(m->flash + 0x8000, "\xFF\x01\x02\x03\xFF", 5);
    /* The same frame again does no harm; a byte that differs is refused with its address. */
    model_expect(m, DIALECT_NATIVE, 0x57, BYTES(1, 0x80, 0, 8, 3, 1, 2, 3), BYTES(0xA5, 0x57, 0));
    assert_int_equal(m->programs, 2);
    model_expect(m, DIALECT_NATIVE, 0x57, BYTES(0, 0x80, 0, 8, 4, 9, 1, 0, 3), BYTES(0x7F));
    model_expect_failure(m, REASON_NOT_ERASED, 0x57, 0x08008002);
    assert_int_equal(m->programs, 2);
    assert_memory_equal(m->flash + 0x8000, "\xFF\x01\x02\x03\xFF", 5);
    /* Over a sector boundary, protected on neither side. */
    model_expect(m, DIALECT_NATIVE, 0x57, BYTES(0xFE, 0xFF, 0, 8, 4, 1, 2, 3, 4),
                 BYTES(0xA5, 0x57, 0));
    assert_memory_equal(m->flash + 0xFFFE, "\x01\x02\x03\x04", 4);
    free(m);
}

static void test_commands_write_ram(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_expect(m, DIALECT_COURSE, 0x57, BYTES(0, 0x40, 0, 0x20, 2, 1, 2), BYTES(0xA5, 1, 0));
    model_expect(m, DIALECT_COURSE, 0x57, BYTES(0, 0x40, 0, 0x20, 2, 3, 4), BYTES(0xA5, 1, 0));
    model_expect(m, DIALECT_COURSE, 0x57, BYTES(0xFF, 0xFF, 0, 0x10, 1, 9), BYTES(0xA5, 1, 0));
    assert_memory_equal(m->sram + 0x4000, "\x03\x04", 2);
    assert_int_equal(m->ccm[0xFFFF], 9);
    model_expect(m, DIALECT_COURSE, 0x57, BYTES(0xFF, 0x4F, 2, 0x40, 1, 8), BYTES(0xA5, 1, 0));
    assert_int_equal(m->backup[0xFFF], 8);
    model_expect(m, DIALECT_COURSE, 0x59, BYTES(0xFF, 0x4F, 2, 0x40, 1), BYTES(0xA5, 1, 8));
    model_expect(m, DIALECT_COURSE, 0x57, BYTES(0xFF, 0x4F, 2, 0x40, 2, 8, 8), BYTES(0xA5, 1, 1));
    assert_int_equal(m->programs, 0);
    free(m);
}

static void test_commands_read(void **state)
{
    struct model *m = model_create(1024);
    uint8_t expect[258] = {0xA5, 0x59, 255};

    (void)state;
    for (unsigned i = 0; i < 255; i++) {
        expect[3 + i] = m->flash[0x7F80 + i] = (uint8_t)(i ^ 0x5A);
    }
    model_expect(m, DIALECT_NATIVE, 0x59, BYTES(0x80, 0x7F, 0, 8, 255), expect, sizeof expect);
    m->sram[0] = 0x42;
    model_expect(m, DIALECT_NATIVE, 0x59, BYTES(0, 0, 0, 0x20, 1), BYTES(0xA5, 0x59, 1, 0x42));
    model_expect(m, DIALECT_NATIVE, 0x59, BYTES(0x10, 0x7A, 0xFF, 0x1F, 2),
                 BYTES(0xA5, 0x59, 2, 0xA0, 0xA1));
    free(m);
}

static void test_commands_mem_crc(void **state)
{
    struct model *m = model_create(1024);
    uint8_t expect[7] = {0xA5, 0x63, 4};

    (void)state;
    m->flash[0x12345] = 0x77;
    store_le32(expect + 3, crc_update(CRC_START, m->flash, sizeof m->flash));
    model_expect(m, DIALECT_NATIVE, 0x63, BYTES(0, 0, 0, 8, 0, 0, 0x10, 0), expect, sizeof expect);
    m->flash[0x8000] = 0x01;
    m->flash[0x8001] = 0x51;
    model_expect(m, DIALECT_NATIVE, 0x63, BYTES(0, 0x80, 0, 8, 2, 0, 0, 0),
                 BYTES(0xA5, 0x63, 4, 0x64, 0x6A, 0x5F, 0x5C));
    free(m);
}

static void test_commands_otp(void **state)
{
    struct model *m = model_create(1024);
    uint8_t expect[258] = {0xA5, 0x5B, 255};
    uint8_t *otp = m->system + (MAP_OTP_BASE - MAP_SYSTEM_BASE);

    (void)state;
    for (unsigned i = 0; i < 528; i++) {
        otp[i] = (uint8_t)(i * 3);
    }
    memcpy(expect + 3, otp, 255);
    model_expect(m, DIALECT_NATIVE, 0x5B, NULL, 0, expect, sizeof expect);
    model_expect(m, DIALECT_NATIVE, 0x5B, BYTES(0x0E, 0x02, 2),
                 BYTES(0xA5, 0x5B, 2, otp[526], otp[527]));
    free(m);

    m = model_create(1024);
    m->system[MAP_OTP_LOCK_BASE - MAP_SYSTEM_BASE] = 0;
    model_expect(m, DIALECT_COURSE, 0x5B, BYTES(0xFF, 0x01, 2), BYTES(0xA5, 2, 0xFF, 0x00));
    free(m);
}

static void test_commands_go_half_image(void **state)
{
    struct model *m = model_create(1024);
    uint8_t *app = model_memory(m, 0x08010000, 0x200);

    (void)state;
    store_le32(app, 0x20020000);
    store_le32(app + 4, 0x08010101);
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(0, 0, 1, 8), BYTES(0x7F));
    model_expect_failure(m, REASON_NO_CODE, 0x55, 0x08010100);
    store_le16(app + 0x100, 0xE7FE);
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(0, 0, 1, 8), BYTES(0xA5, 0x55, 0));
    assert_int_equal(m->loader.after, AFTER_GO_IMAGE);
    assert_int_equal(m->loader.target, 0x08010000);
    free(m);
}

static void test_commands_go(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    store_le32(m->flash + 0x8000, 0x20020000);
    store_le32(m->flash + 0x8004, 0x08008101);
    store_le16(m->flash + 0x8100, 0xE7FE);
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(0, 0x80, 0, 8), BYTES(0xA5, 0x55, 0));
    assert_int_equal(m->loader.after, AFTER_GO_IMAGE);
    assert_int_equal(m->loader.target, 0x08008000);
    model_expect(m, DIALECT_NATIVE, 0x51, NULL, 0, BYTES(0xA5, 0x51, 1, 0x10));
    assert_int_equal(m->loader.after, AFTER_NOTHING);
    /* Not aligned, not plausible: code. */
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(5, 0x80, 0, 8), BYTES(0xA5, 0x55, 0));
    assert_int_equal(m->loader.after, AFTER_GO_CODE);
    assert_int_equal(m->loader.target, 0x08008004);
    /* A plausible table where none can be: VTOR wants a multiple of 512. */
    store_le32(m->flash + 0x8300, 0x20020000);
    store_le32(m->flash + 0x8304, 0x08008101);
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(0, 0x83, 0, 8), BYTES(0xA5, 0x55, 0));
    assert_int_equal(m->loader.after, AFTER_GO_CODE);
    /* The reset handler of the application, even or odd, means that image, in both dialects. */
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(0x01, 0x81, 0, 8), BYTES(0xA5, 0x55, 0));
    assert_int_equal(m->loader.after, AFTER_GO_IMAGE);
    assert_int_equal(m->loader.target, 0x08008000);
    m->receiver.dialect = DIALECT_COURSE;
    model_expect(m, DIALECT_COURSE, 0x55, BYTES(0x00, 0x81, 0, 8), BYTES(0xA5, 1, 0));
    assert_int_equal(m->loader.after, AFTER_GO_IMAGE);
    assert_int_equal(m->loader.target, 0x08008000);
    model_expect(m, DIALECT_COURSE, 0x55, BYTES(0x02, 0x81, 0, 8), BYTES(0xA5, 1, 1));
    m->receiver.dialect = DIALECT_NATIVE;
    store_le32(m->flash + 0x8004, 0x08008100);
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(0, 0x80, 0, 8), BYTES(0xA5, 0x55, 0));
    assert_int_equal(m->loader.after, AFTER_GO_CODE);
    free(m);

    m = model_create(1024);
    model_expect(m, DIALECT_COURSE, 0x55, BYTES(0, 0x40, 0, 0x20), BYTES(0xA5, 1, 0));
    assert_int_equal(m->loader.after, AFTER_GO_CODE);
    free(m);
}

static void test_commands_reset(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0x62, BYTES(0), BYTES(0xA5, 0x62, 0));
    assert_int_equal(m->loader.after, AFTER_RESET);
    model_expect(m, DIALECT_NATIVE, 0x62, BYTES(1), BYTES(0xA5, 0x62, 0));
    assert_int_equal(m->loader.after, AFTER_RESET_STAY);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_refuse),      cmocka_unit_test(test_commands_board),
        cmocka_unit_test(test_commands_info),        cmocka_unit_test(test_commands_checked),
        cmocka_unit_test(test_commands_get_info),    cmocka_unit_test(test_commands_last_error),
        cmocka_unit_test(test_commands_erase),       cmocka_unit_test(test_commands_flash_faults),
        cmocka_unit_test(test_commands_write_flash), cmocka_unit_test(test_commands_write_ram),
        cmocka_unit_test(test_commands_read),        cmocka_unit_test(test_commands_mem_crc),
        cmocka_unit_test(test_commands_otp),         cmocka_unit_test(test_commands_go_half_image),
        cmocka_unit_test(test_commands_go),          cmocka_unit_test(test_commands_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The MPU in bootloader mode, seen from inside: the test replaces the bootloader's code in SRAM by
 * a slide of no-operations before code of its own, as a stray write would, and looks at what the
 * core then lets it do. A refused access must show up as a fault in the log and reset the chip.
 */
#include "system.h"

enum { ELF_SEGMENT_LOAD = 1, ELF_SEGMENT_EXECUTE = 1, MARK = 0x2000A000 };
static const uint32_t mark = 0x12345678;

struct range {
    uint32_t addr, len;
};

/* The release binary's executable segment in SRAM that lies in flash as it is, from its ELF program
 * headers. */
static struct range ram_code(void)
{
    struct range found = {0, 0};
    uint8_t header[52];
    uint8_t ph[32];
    FILE *f = fopen(board_firmware_path(), "rb");
    if (f == NULL) {
        fail_msg("no firmware");
        return found;
    }
    assert_int_equal(fread(header, 1, sizeof header, f), sizeof header);
    uint32_t at = wire_get32(header + 28);
    uint32_t count = wire_get16(header + 44);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(fseek(f, (long)(at + i * 32), SEEK_SET), 0);
        assert_int_equal(fread(ph, 1, sizeof ph, f), sizeof ph);
        uint32_t vaddr = wire_get32(ph + 8);
        if (wire_get32(ph) == ELF_SEGMENT_LOAD && vaddr >> 24 == 0x20 && wire_get32(ph + 16) != 0 &&
            (wire_get32(ph + 24) & ELF_SEGMENT_EXECUTE) != 0) {
            found = (struct range){vaddr, wire_get32(ph + 16)};
        }
    }
    (void)fclose(f);
    assert_true(found.len > 64);
    return found;
}

/* Puts code at the end of the bootloader's SRAM code and no-operations before it, and lets it run.
 */
static void take_over(struct board *b, const uint16_t *code, size_t count)
{
    struct range r = ram_code();
    static const uint8_t zeros[4];
    uint8_t bytes[0x4000];
    assert_true(r.len <= sizeof bytes && 2 * count < r.len);
    size_t total = r.len - r.len % 4;
    for (size_t i = 0; i < total / 2; i++) {
        bool slide = i < total / 2 - count;
        wire_put16(bytes + 2 * i, slide ? 0xBF00 : code[i - (total / 2 - count)]);
    }
    board_poke(b, MARK, zeros, sizeof zeros);
    board_poke(b, r.addr, bytes, total);
    /* a write to flash: what programs it runs from SRAM, whatever else may */
    static const uint8_t word[4] = {1, 2, 3, 4};
    uint8_t payload[255];
    board_request(b, MEM_WRITE, payload, wire_write_payload(payload, APP_BASE, word, 4));
    (void)board_run(b, MS(500));
}

/* Literals are at the end of the slide: offset 8 from the aligned address of the first instruction.
 */
static void put_word(uint16_t *code, uint32_t word)
{
    code[0] = (uint16_t)word;
    code[1] = (uint16_t)(word >> 16);
}

/* Stores mark at MARK: proves that the take-over works at all. */
static void test_mpu_free_sram_is_writable(void **state)
{
    uint16_t code[8] = {0x4801, /* ldr r0, [pc, #4] */
                        0x4902, /* ldr r1, [pc, #8] */
                        0x6001, /* str r1, [r0] */
                        0xE7FE};
    struct board *b = open_variant(state);
    put_word(code + 4, MARK);
    put_word(code + 6, mark);
    unsigned resets = b->resets;
    take_over(b, code, 8);
    assert_int_equal(board_peek32(b, MARK), mark);
    assert_int_equal(b->resets, resets);
    board_close(b);
}

/* A fault: reported by the twin, told in the log, and the chip comes back. */
static void assert_fault(struct board *b, unsigned resets)
{
    board_assert_reported(b, TWIN_REPORT_CORE);
    assert_true(b->resets > resets);
    assert_true(board_log_has(b, "FAULT"));
    assert_int_equal(board_last_error(b).reason, WIRE_NONE);
    assert_int_not_equal(board_peek32(b, MARK), mark);
    board_close(b);
}

static struct board *open_for_fault(void **state)
{
    struct board *b = open_variant(state);
    board_allow_report(b, TWIN_REPORT_CORE);
    return b;
}

/* Jumps to code that would store the mark; it must not run. */
static void check_not_executable(void **state, uint32_t addr)
{
    uint16_t store[8] = {0x4801, 0x4902, 0x6001, 0xE7FE};
    uint16_t code[4] = {0x4800, /* ldr r0, [pc, #0] */
                        0x4700, /* bx r0 */
                        0, 0};
    uint8_t bytes[16];
    struct board *b = open_for_fault(state);
    put_word(store + 4, MARK);
    put_word(store + 6, mark);
    for (size_t i = 0; i < 8; i++) {
        wire_put16(bytes + 2 * i, store[i]);
    }
    board_poke(b, addr, bytes, sizeof bytes);
    put_word(code + 2, addr | 1);
    unsigned resets = b->resets;
    take_over(b, code, 4);
    assert_fault(b, resets);
}

static void test_mpu_free_sram_is_not_executable(void **state)
{
    check_not_executable(state, FREE_SRAM_BASE + 0x1000);
}

static void test_mpu_stack_area_is_not_executable(void **state)
{
    check_not_executable(state, 0x20000100);
}

static void test_mpu_application_is_not_executable(void **state)
{
    check_not_executable(state, APP_BASE + 0x400);
}

/* Stores mark there; it must fault. */
static void check_not_writable(void **state, uint32_t addr)
{
    uint16_t code[8] = {0x4801, 0x4902, 0x6001, 0xE7FE};
    struct board *b = open_for_fault(state);
    put_word(code + 4, addr);
    put_word(code + 6, mark);
    unsigned resets = b->resets;
    take_over(b, code, 8);
    assert_int_not_equal(board_peek32(b, addr), mark);
    assert_fault(b, resets);
}

/* The lowest words of SRAM are the guard below the stack. */
static void test_mpu_stack_guard(void **state)
{
    check_not_writable(state, 0x20000000);
}

static void test_mpu_unpacked_code(void **state)
{
    check_not_writable(state, SERVING_BASE);
}

static void test_mpu_unpacked_code_end(void **state)
{
    check_not_writable(state, SERVING_BASE + 0x37FC);
}

/* Of the 16 KiB of the code's region the last eighth is data. */
static void test_mpu_behind_unpacked_code(void **state)
{
    check_not_executable(state, SERVING_BASE + 0x3800);
}

/* The log of another board has it, too; and where there is none, the chip comes back all the same.
 */
static void check_fault_with_log(uint8_t log, uint8_t log_tx)
{
    static const uint16_t udf[2] = {0xDE00, 0xE7FE};
    struct board_wires w = board_original;
    w.log = log;
    w.log_tx = log_tx;
    struct board *b = board_open(&(struct board_options){.wires = &w});
    board_allow_report(b, TWIN_REPORT_CORE);
    unsigned resets = b->resets;
    take_over(b, udf, 2);
    board_assert_reported(b, TWIN_REPORT_CORE);
    assert_true(b->resets > resets);
    assert_int_equal(board_log_has(b, "FAULT"), log != 0);
    assert_int_equal(board_last_error(b).reason, WIRE_NONE);
    board_close(b);
}

static void test_mpu_fault_on_other_logs(void **state)
{
    (void)state;
    check_fault_with_log(6, PIN('C', 6));
    check_fault_with_log(5, PIN('C', 12));
    check_fault_with_log(0, NO_PIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_mpu_free_sram_is_writable),
        ONCE(test_mpu_free_sram_is_not_executable),
        ONCE(test_mpu_stack_area_is_not_executable),
        ONCE(test_mpu_application_is_not_executable),
        ONCE(test_mpu_stack_guard),
        ONCE(test_mpu_unpacked_code),
        ONCE(test_mpu_unpacked_code_end),
        ONCE(test_mpu_behind_unpacked_code),
        ONCE(test_mpu_fault_on_other_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

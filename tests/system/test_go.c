/* SPDX-License-Identifier: MIT */
/*
 * GO_TO_ADDR: as an image and as Thumb code, from flash and from SRAM; how the code finds the chip;
 * and code that faults.
 */
#include "reset_state.h"
#include "system.h"

enum { FLAGS_POWER_ON = 0x0E };

static const struct probe_op nothing[1] = {{PROBE_END, 0, 0}};

static void go(struct board *b, uint32_t addr)
{
    uint8_t payload[4];
    wire_put32(payload, addr);
    probe_clear(b);
    board_ok(b, GO_TO_ADDR, payload, sizeof payload, NULL, 0);
    (void)board_run(b, MS(50));
}

/* Writes an image with MEM_WRITE and starts it. */
static void check_image_by(struct board *b, uint32_t base, uint32_t stack, uint32_t to)
{
    uint8_t image[PROBE_MAX];
    struct probe_op ops[200];
    struct probe_core core;
    size_t len = probe_make(image, base, ops, reset_state_script(ops, 200));
    uint8_t payload[255];
    image_set_vectors(image, stack, (base + IMAGE_ENTRY) | 1);
    board_write(b, base, image, len);
    board_ok(b, MEM_WRITE, payload, wire_write_payload(payload, 0x40024000, image, 4), NULL, 0);
    unsigned resets = b->resets;
    go(b, to);
    assert_true(probe_done(b));
    assert_int_equal(b->resets, resets);
    probe_core(b, &core);
    assert_int_equal(core.msp, stack);
    assert_in_range(core.pc, base + IMAGE_ENTRY, base + IMAGE_ENTRY + 64);
    reset_state_check(b, base, FLAGS_POWER_ON);
    board_close(b);
}

static void check_image(struct board *b, uint32_t base, uint32_t stack)
{
    check_image_by(b, base, stack, base);
}

/* The course goes to the reset handler; its Thumb bit may be there or not. */
static void test_go_reset_handler(void **state)
{
    check_image_by(open_variant(state), APP_BASE, SRAM_END, APP_BASE + IMAGE_ENTRY);
}

static void test_go_reset_handler_thumb(void **state)
{
    check_image_by(open_variant(state), APP_BASE, CCM_BASE + 0x1000, (APP_BASE + IMAGE_ENTRY) | 1);
}

static void test_go_image_in_flash(void **state)
{
    check_image(open_variant(state), APP_BASE, SRAM_END);
}

static void test_go_image_elsewhere_in_flash(void **state)
{
    check_image(open_variant(state), 0x08040200, CCM_BASE + 0x1000);
}

static void test_go_image_in_sram(void **state)
{
    check_image(open_variant(state), FREE_SRAM_BASE, FREE_SRAM_END);
}

static void test_go_image_in_sram_higher(void **state)
{
    check_image(open_variant(state), 0x20012200, SRAM_END);
}

/* The probe's code without its vectors. */
static void check_code(struct board *b, uint32_t addr, uint32_t go_to)
{
    uint8_t image[PROBE_MAX];
    struct probe_op ops[200];
    struct probe_core core;
    size_t len = probe_make(image, addr, ops, reset_state_script(ops, 200)) - IMAGE_ENTRY;
    board_write(b, addr, image + IMAGE_ENTRY, len);
    go(b, go_to);
    assert_true(probe_done(b));
    probe_core(b, &core);
    assert_int_equal(core.msp, SRAM_END);
    assert_in_range(core.pc, addr, addr + 64);
    reset_state_check(b, 0, FLAGS_POWER_ON);
    board_close(b);
}

static void test_go_code_in_sram(void **state)
{
    check_code(open_variant(state), 0x20005004, 0x20005004);
}

static void test_go_code_bit_0_is_ignored(void **state)
{
    check_code(open_variant(state), 0x20005004, 0x20005005);
}

static void test_go_code_at_a_multiple_of_512(void **state)
{
    check_code(open_variant(state), 0x20006000, 0x20006000);
}

static void test_go_code_in_flash(void **state)
{
    check_code(open_variant(state), 0x08020004, 0x08020004);
}

/* What is no vector table is code: an image at an address that VTOR cannot hold is not started. */
static void test_go_image_not_aligned_is_code(void **state)
{
    static const uint8_t branch_to_self[2] = {0xFE, 0xE7};
    uint8_t image[PROBE_MAX];
    struct board *b = open_variant(state);
    size_t len = probe_make(image, 0x20005100, nothing, 0);
    memcpy(image, branch_to_self, 2); /* what the stack pointer's low half is as code */
    board_write(b, 0x20005100, image, len);
    go(b, 0x20005100);
    assert_false(probe_done(b));
    board_close(b);
}

/* Vectors that lead to erased flash are no image to start, and nothing else either. */
static void test_go_image_without_code(void **state)
{
    uint8_t vectors[8];
    uint8_t payload[4];
    struct board *b = open_variant(state);
    image_set_vectors(vectors, SRAM_END, 0x08010001);
    board_write(b, APP_BASE, vectors, sizeof vectors);
    wire_put32(payload, APP_BASE);
    board_refused(b, GO_TO_ADDR, payload, 4, WIRE_NO_CODE, 0x08010000); /* where it would run */
    board_close(b);
}

/* The answer has left before the jump, and the line is quiet afterwards. */
static void test_go_answers_first(void **state)
{
    uint8_t image[PROBE_MAX];
    struct board *b = open_variant(state);
    size_t len = probe_make(image, APP_BASE, nothing, 0);
    board_write(b, APP_BASE, image, len);
    go(b, APP_BASE);
    assert_true(probe_done(b));
    board_request(b, GET_VER, NULL, 0);
    board_expect_silence(b, MS(50)); /* the bootloader is gone */
    board_reset(b);                  /* and so is the button: the image boots */
    board_request(b, GET_VER, NULL, 0);
    board_expect_silence(b, MS(50));
    board_close(b);
}

/* Code that faults before it has vectors of its own: the chip is reset and answers again. */
static void test_go_code_that_faults(void **state)
{
    static const uint8_t udf[2] = {0x00, 0xDE};
    struct board *b = open_variant(state);
    board_allow_report(b, TWIN_REPORT_CORE);
    board_write(b, 0x20005000, udf, sizeof udf);
    unsigned resets = b->resets;
    uint8_t payload[4];
    wire_put32(payload, 0x20005000);
    board_ok(b, GO_TO_ADDR, payload, sizeof payload, NULL, 0);
    (void)board_run(b, MS(500));
    board_assert_reported(b, TWIN_REPORT_CORE);
    assert_true(b->resets > resets);
    static const uint8_t version = 0x10;
    board_ok(b, GET_VER, NULL, 0, &version, 1);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_go_image_in_flash),
        BOTH(test_go_reset_handler),
        ONCE(test_go_reset_handler_thumb),
        ONCE(test_go_image_elsewhere_in_flash),
        BOTH(test_go_image_in_sram),
        ONCE(test_go_image_in_sram_higher),
        BOTH(test_go_code_in_sram),
        ONCE(test_go_code_bit_0_is_ignored),
        ONCE(test_go_code_at_a_multiple_of_512),
        ONCE(test_go_code_in_flash),
        ONCE(test_go_image_not_aligned_is_code),
        BOTH(test_go_image_without_code),
        BOTH(test_go_answers_first),
        BOTH(test_go_code_that_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The option-byte driver over registers in memory: whatever the chip holds and whatever it is asked
 * for, read protection level 2 is never written, and nothing but nWRP and RDP changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stm32f407.h"

static struct flash_regs registers;
#undef FLASH
#define FLASH (&registers)
static struct option_bytes cells;
#undef OPTION_BYTES
#define OPTION_BYTES ((const struct option_bytes *)&cells)

/* The driver itself, on the registers above. */
#include "flash_options.c" /* NOLINT(bugprone-suspicious-include) */

#define OPTCR_USER 0x000000ECu /* user option bits of the factory setting */

static unsigned programmed; /* how often the driver started an operation */
static uint32_t programmed_optcr;
static uint32_t result_sr;
static uint32_t flipped; /* bits that do not take */

uint32_t flash_ram_options(uint32_t optcr, uint32_t limit_us)
{
    assert_in_range(limit_us, 1, 2000000);
    assert_int_equal(registers.OPTKEYR, FLASH_OPTKEY2);
    programmed++;
    programmed_optcr = optcr;
    registers.OPTCR = optcr; /* gives back what was written, whatever the cells took */
    cells.rdp_user = (uint16_t)(optcr ^ flipped);
    cells.nwrp = (uint16_t)((optcr ^ flipped) >> 16);
    return result_sr;
}

static unsigned flushed;

void flash_flush_caches(void)
{
    flushed++;
}

static void chip_holds(uint8_t rdp, uint16_t nwrp)
{
    registers = (struct flash_regs){.OPTCR = OPTCR_USER | (uint32_t)rdp << 8 |
                                             (uint32_t)nwrp << 16 | FLASH_OPTCR_LOCK};
    programmed = 0;
    flushed = 0;
    result_sr = 0;
    flipped = 0;
}

/* Also what no enumerator stands for: a corrupted argument must not do it either. */
static void test_options_never_level_2(void **state)
{
    static const unsigned asked[] = {MEMORY_RDP_KEEP, MEMORY_RDP_LEVEL_1, 2, 0xCC, 0xFFFFFFFF};
    uint32_t detail;

    (void)state;
    for (unsigned rdp = 0; rdp <= 0xFF; rdp++) {
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
            enum reason reason;

            chip_holds((uint8_t)rdp, 0x0FFF);
            reason = memory_hw_set_options(NULL, 0xFFFF, (enum memory_rdp)asked[i], &detail);
            if (reason == REASON_OPTIONS_LOCKED) {
                assert_int_equal(rdp, RDP_LEVEL_2);
                assert_int_not_equal(asked[i], MEMORY_RDP_LEVEL_1);
                assert_int_equal(programmed, 0);
            } else {
                assert_int_equal(reason, REASON_NONE);
                assert_int_equal(programmed, 1);
                assert_int_not_equal(programmed_optcr >> 8 & 0xFF, RDP_LEVEL_2);
                assert_int_equal(programmed_optcr >> 8 & 0xFF,
                                 asked[i] == MEMORY_RDP_LEVEL_1 ? 0x55 : rdp);
            }
        }
    }
}

static void test_options_change_only_what_they_should(void **state)
{
    uint32_t detail;

    (void)state;
    chip_holds(0xAA, 0x0FFF);
    assert_int_equal(memory_hw_set_options(NULL, 0x0F3, MEMORY_RDP_KEEP, &detail), REASON_NONE);
    assert_int_equal(programmed_optcr, 0x00F3AAEC);
    assert_int_equal(registers.OPTCR & FLASH_OPTCR_LOCK, FLASH_OPTCR_LOCK);
    chip_holds(0xAA, 0x0FFF);
    assert_int_equal(memory_hw_set_options(NULL, 0xFFF, MEMORY_RDP_LEVEL_1, &detail), REASON_NONE);
    assert_int_equal(programmed_optcr, 0x0FFF55EC);
}

/* No host could bring that back: core does not ask for it, and the driver does not do it. */
static void test_options_keep_bootloader_protected(void **state)
{
    static const uint16_t held[] = {0x0FFE, 0x0FFD, 0x0FFC, 0x0004, 0};
    uint32_t detail;

    (void)state;
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
        chip_holds(0xAA, held[i]);
        assert_int_equal(memory_hw_set_options(NULL, 0xFFFF, MEMORY_RDP_KEEP, &detail),
                         REASON_BOOTLOADER);
        assert_int_equal(programmed, 0);
        assert_int_equal(
            memory_hw_set_options(NULL, 0xFFC | (held[i] & 3), MEMORY_RDP_KEEP, &detail),
            REASON_NONE);
        assert_int_equal(programmed_optcr >> 16 & 0xFFF, 0xFFC | (held[i] & 3));
    }
}

static void test_options_report_failures(void **state)
{
    uint32_t detail;

    (void)state;
    chip_holds(0xAA, 0x0FFF);
    result_sr = FLASH_SR_BSY;
    assert_int_equal(memory_hw_set_options(NULL, 0, MEMORY_RDP_KEEP, &detail),
                     REASON_FLASH_TIMEOUT);
    assert_int_equal(detail, FLASH_SR_BSY);
    chip_holds(0xAA, 0x0FFF);
    result_sr = 0x10;
    assert_int_equal(memory_hw_set_options(NULL, 0, MEMORY_RDP_KEEP, &detail), REASON_FLASH_ERROR);
    assert_int_equal(detail, 0x10);
    chip_holds(0xAA, 0x0FFF);
    flipped = 1u << 20;
    assert_int_equal(memory_hw_set_options(NULL, 0, MEMORY_RDP_KEEP, &detail),
                     REASON_OPTIONS_VERIFY);
    assert_int_equal(detail, 0x0000AAEC);
    chip_holds(0xAA, 0x0FFF);
    flipped = 1u << 9;
    assert_int_equal(memory_hw_set_options(NULL, 0x0FFF, MEMORY_RDP_LEVEL_1, &detail),
                     REASON_OPTIONS_VERIFY);
    assert_int_equal(flushed, 1);
}

/* A change that failed must not be carried along by the next one. */
static void test_options_failure_leaves_register(void **state)
{
    uint32_t detail;

    (void)state;
    chip_holds(0xAA, 0x0FFF);
    result_sr = 0x10;
    assert_int_equal(memory_hw_set_options(NULL, 0x0F3, MEMORY_RDP_LEVEL_1, &detail),
                     REASON_FLASH_ERROR);
    assert_int_equal(registers.OPTCR, OPTCR_USER | 0xAAu << 8 | 0xFFFu << 16 | FLASH_OPTCR_LOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_never_level_2),
        cmocka_unit_test(test_options_change_only_what_they_should),
        cmocka_unit_test(test_options_keep_bootloader_protected),
        cmocka_unit_test(test_options_report_failures),
        cmocka_unit_test(test_options_failure_leaves_register),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

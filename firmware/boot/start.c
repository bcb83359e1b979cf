/* SPDX-License-Identifier: MIT */
/*
 * The boot path. It is measured: without packages no PLL, no UART, no waiting but the few
 * microseconds that the button's pull-down needs. What is decided, and why, is in
 * core/update/boot.h and core/update/update.h.
 *
 * What leads to a jump is found twice, by different means, and both verdicts go to
 * chip_start_image, which wants both to be good. Behind each such call something stops.
 */
#include "start.h"

#include "board_block.h"
#include "boot.h"
#include "bytes.h"
#include "chip.h"
#include "clock.h"
#include "crc_unit.h"
#include "flash_hw.h"
#include "memory_map.h"
#include "mpu.h"
#include "packages.h"
#include "pin.h"
#include "stm32f407.h"
#include "verdict.h"

#define PULL_SETTLE_LOOPS  13u /* some 11 us on HSI: 40 kOhm and 100 pF make 4 us */
#define PULL_CHECKED_LOOPS 3u  /* what is left of it when the block has been checked meanwhile */

static void start_pull_button(const uint8_t *board)
{
    pin_start(board[BOARD_BUTTON],
              PIN_INPUT(board[BOARD_BUTTON_FLAGS] >> BOARD_FLAGS_PULL_SHIFT & BOARD_FLAGS_PULL));
}

/* The pull makes an open pin an application's choice. It settles while the block is checked;
 * another pin that a damaged one may have named is an input, no more. The pins are left to
 * chip_reset. The block's entry window besides. */
static bool start_read_button(uint16_t *window_ms)
{
    const uint8_t *board = (const uint8_t *)BOARD_BLOCK_ADDR;
    uint32_t loops = PULL_CHECKED_LOOPS;

    start_pull_button(board);
    crc_unit_start();
    board = board_block_choose(board);
    if (board != (const uint8_t *)BOARD_BLOCK_ADDR) {
        start_pull_button(board);
        loops = PULL_SETTLE_LOOPS;
    }
    for (volatile uint32_t i = 0; i < loops; i++) {
    }
    *window_ms = load_le16(board + BOARD_WINDOW_MS);
    return board[BOARD_BUTTON] <= BOARD_PIN_LAST &&
           pin_read(board[BOARD_BUTTON]) != ((board[BOARD_BUTTON_FLAGS] & BOARD_FLAG_LOW) != 0);
}

/* Takes the request: it is good for one reset. */
static void start_take_request(uint32_t words[BOOT_REQUEST_WORDS])
{
    volatile uint32_t *request = (volatile uint32_t *)MAP_BOOT_REQUEST_BASE;

    for (unsigned i = 0; i < BOOT_REQUEST_WORDS; i++) {
        words[i] = request[i];
        request[i] = 0;
    }
}

void start_decide(struct start_facts *facts, bool listened)
{
    struct boot_facts boot;
    uint16_t window_ms;
    volatile uint32_t plain[2] = {VERDICT_BAD, VERDICT_BAD};

    *facts = (struct start_facts){
        .update = {.verdict = {VERDICT_BAD, VERDICT_BAD}, .slot = SLOT_NONE},
    };
    facts->reset_flags = RCC->CSR; /* not cleared yet: a plain application may want them */
    facts->flash_kib = (uint16_t)flash_hw_kib(packages_from_flash.flash);
    boot.button = start_read_button(&window_ms);
    start_take_request(boot.request);
    boot_read_app(packages_from_flash.flash, &boot);
    facts->install_only = boot_wants_install(&boot);
    facts->stay = boot_decide(&boot);
    if (facts->stay != STAY_NOT && facts->stay != STAY_NOTHING_TO_BOOT) {
        return;
    }
    if (window_ms != 0 && !listened && !boot_is_asked(&boot)) {
        facts->window_ms = window_ms; /* who left a request knows already what is to happen */
        facts->stay = STAY_HOST_REQUEST;
        return;
    }
    update_ask_plain(&packages_from_flash, plain);
    if (!verdict_is_good(plain[0]) || !verdict_is_good(plain[1]) ||
        facts->stay == STAY_NOTHING_TO_BOOT) {
        facts->stay = STAY_NOT; /* also where all that is left may be a package without records */
        return;
    }
    if (facts->install_only) {
        facts->stay = STAY_HOST_REQUEST;
    } else {
        flash_hw_set_note(packages_from_flash.flash,
                          BOOT_NOTE_MAGIC << 24 | BOOT_PLAIN << BOOT_NOTE_CAUSE_SHIFT);
        chip_start_image(MAP_APP_BASE, plain[0], plain[1]);
        chip_restart();
    }
}

void start_run_fast(void)
{
    clock_start_boot();
}

void start_packages(struct start_facts *facts)
{
    struct update_result *result = &facts->update;
    const struct update_facts asked = {
        .reset = (uint8_t)(facts->reset_flags >> RCC_CSR_FLAGS_SHIFT),
        .install_only = facts->install_only,
    };

    if ((facts->reset_flags & RCC_CSR_NOT_FRESH) != 0 && facts->window_ms == 0) {
        RCC->CSR |= RCC_CSR_RMVF; /* they stay set, and the next reset would look like this one */
    }
    mpu_start(false);
    if (facts->stay != STAY_NOT) {
        return;
    }
    update_boot(&packages_from_ram, &asked, result);
    facts->asked = true;
    facts->stay = result->stay;
    if (verdict_is_good(result->verdict[0]) && verdict_is_good(result->verdict[1])) {
        if (result->watchdog_s != 0) {
            chip_start_watchdog(result->watchdog_s);
        }
        chip_start_image(MAP_APP_BASE, result->verdict[0], result->verdict[1]);
        chip_restart();
    }
}

void start_leave_request(uint32_t request)
{
    uint32_t words[BOOT_REQUEST_WORDS];

    boot_make_request(words, request);
    for (unsigned i = 0; i < BOOT_REQUEST_WORDS; i++) {
        ((volatile uint32_t *)MAP_BOOT_REQUEST_BASE)[i] = words[i];
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * The vector table and the first code after a reset. Until start_decide has said that no plain
 * application starts, nothing in SRAM is written but the stack: such an application keeps what it
 * left there.
 *
 * Only the 16 vectors of the core are here: no interrupt is ever taken. The flash's,
 * enabled while words are programmed, only ends a WFI.
 */
#include <stddef.h>
#include <stdnoreturn.h>
#include <string.h>

#include "chip.h"
#include "cortex_m4.h"
#include "link.h"
#include "main.h"
#include "serving.h"
#include "start.h"

typedef void vector_fn(void);

extern uint32_t link_ramcode_start[], link_ramcode_end[], link_bss_start[], link_bss_end[];
extern const uint32_t link_ramcode_load[];

noreturn void startup_reset(void);

static void startup_init_memory(void)
{
    memcpy(link_ramcode_start, link_ramcode_load,
           (uintptr_t)link_ramcode_end - (uintptr_t)link_ramcode_start);
    for (volatile uint32_t *to = link_bss_start; to != link_bss_end; to += 4) {
        to[0] = 0;
        to[1] = 0;
        to[2] = 0;
        to[3] = 0;
    }
    core_dsb();
    core_isb();
}

/* Twice, if there is an entry window and nobody comes: then the chip is put back to what it is
 * after a reset, but for SRAM, and all is decided anew. */
noreturn void startup_reset(void)
{
    struct start_facts facts;
    bool listened = false;

    core_interrupts_off();
    for (;;) {
        start_decide(&facts, listened); /* comes back when no plain application is to be started,
                                           or not yet */
        start_run_fast();
        startup_init_memory();
        start_packages(&facts); /* comes back when the bootloader stays, or listens */
        serving_unpack();
        if (serving_is_whole()) { /* asked apart: where it was left out, SRAM holds what
                                     applications put there */
            core_dsb();
            core_isb();
            chip_reset();
            main_serve(&facts);
        }
        if (facts.window_ms == 0) {
            core_reset(); /* in line: nothing behind it runs */
        }
        chip_reset();
        SCB->VTOR = 0;
        listened = true;
    }
}

struct vectors {
    uint32_t stack;
    vector_fn *handlers[15];
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    LINK_STACK_TOP,
    {startup_reset, chip_restart, chip_restart, chip_restart, chip_restart, chip_restart, NULL,
     NULL, NULL, NULL, chip_restart, chip_restart, NULL, chip_restart, chip_restart},
};

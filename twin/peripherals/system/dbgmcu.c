/* SPDX-License-Identifier: MIT */
/*
 * Debug support: the identity of the chip, and the registers that a debugger would use, as storage.
 * There is no debugger in the twin, so nothing ever freezes.
 *
 * RM0090 38.6.1 (DBGMCU_IDCODE) and 38.16 (DBGMCU). Only a power-on reset clears these registers.
 */
#include "internal.h"
#include "reg.h"

#include <stdlib.h>

#define DBGMCU_BASE   0xE0042000u
#define DBGMCU_IDCODE 0x10076413u /* STM32F407, revision 2 */

static const uint32_t writable[4] = {0, 0x000000E7, 0x06E01DFF, 0x00070003};

static uint32_t on_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    (void)t;
    const uint32_t *regs = self;
    return offset < 16 ? reg_extract(regs[offset / 4], offset, width) : 0;
}

static void on_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    (void)t;
    uint32_t *regs = self;
    if (offset < 16) {
        uint32_t word = reg_merge(regs[offset / 4], offset, width, value);
        uint32_t mask = writable[offset / 4];
        regs[offset / 4] = (regs[offset / 4] & ~mask) | (word & mask);
    }
}

static void on_reset(struct twin *t, void *self, enum twin_reset kind)
{
    (void)t;
    uint32_t *regs = self;
    if (kind == TWIN_RESET_POWER) {
        regs[0] = DBGMCU_IDCODE;
        regs[1] = 0;
        regs[2] = 0;
        regs[3] = 0;
    }
}

static void on_destroy(struct twin *t, void *self)
{
    (void)t;
    free(self);
}

int twin_dbgmcu_create(struct twin *t)
{
    uint32_t *regs = calloc(4, sizeof *regs);
    if (regs == NULL) {
        return TWIN_ERR_MEMORY;
    }
    const struct twin_periph p = {.name = "DBGMCU",
                                  .base = DBGMCU_BASE,
                                  .size = 0x400,
                                  .self = regs,
                                  .read = on_read,
                                  .write = on_write,
                                  .reset = on_reset,
                                  .destroy = on_destroy};
    twin_periph_add(t, &p);
    return TWIN_OK;
}

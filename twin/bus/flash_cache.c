/* SPDX-License-Identifier: MIT */
/*
 * The instruction and data caches of the flash interface, as far as they can hold what flash no
 * longer does. The twin always reads the array; it never serves stale data, it reports that the
 * chip may.
 *
 * RM0090 3.5.2 (ACR: a cache is reset only while it is disabled) and 3.6.5 (programming updates the
 * data cache; after an erase the caches have to be flushed). Which of the 64 + 8 lines are really
 * held is not tracked: a line counts as possibly held when its cache has been on since its last
 * reset.
 */
#include "flash.h"

#include <string.h>

enum { ACR_ICEN = 1u << 9, ACR_DCEN = 1u << 10, ACR_ICRST = 1u << 11, ACR_DCRST = 1u << 12 };

static void forget_lines(struct flash_cache *c)
{
    c->live = false;
    if (c->stale_lines != 0) {
        memset(c->stale, 0, sizeof c->stale);
        c->stale_lines = 0;
    }
}

/* Returns the reset bit as the register keeps it. */
static uint32_t control_one(struct twin *t, struct flash_cache *c, bool enable, uint32_t reset)
{
    if (reset != 0 && c->enabled) {
        twin_report(t, TWIN_REPORT_FLASH, 0x40023C00,
                    "%s cache reset asked for while the cache is enabled: it has no effect "
                    "(RM0090 3.9.1)",
                    reset == ACR_ICRST ? "instruction" : "data");
        reset = 0;
    }
    if (reset != 0) {
        forget_lines(c);
    }
    c->enabled = enable;
    c->live = c->live || enable;
    return reset;
}

uint32_t flash_cache_control(struct twin *t, uint32_t acr)
{
    struct twin_flash *f = t->flash;
    uint32_t kept = acr & ~(uint32_t)(ACR_ICRST | ACR_DCRST);
    kept |= control_one(t, &f->icache, (acr & ACR_ICEN) != 0, acr & ACR_ICRST);
    kept |= control_one(t, &f->dcache, (acr & ACR_DCEN) != 0, acr & ACR_DCRST);
    return kept;
}

void flash_cache_reset(struct twin *t)
{
    forget_lines(&t->flash->icache);
    forget_lines(&t->flash->dcache);
    t->flash->icache.enabled = false;
    t->flash->dcache.enabled = false;
}

static void mark(struct flash_cache *c, uint32_t offset, uint32_t len)
{
    if (!c->live) {
        return;
    }
    uint32_t last = (offset + len - 1) / FLASH_LINE_BYTES;
    for (uint32_t line = offset / FLASH_LINE_BYTES; line <= last; line++) {
        uint8_t bit = (uint8_t)(1u << (line % 8));
        if ((c->stale[line / 8] & bit) == 0) {
            c->stale[line / 8] |= bit;
            c->stale_lines++;
        }
    }
}

void flash_cache_changed(struct twin *t, uint32_t offset, uint32_t len, bool erased)
{
    mark(&t->flash->icache, offset, len);
    if (erased) {
        mark(&t->flash->dcache, offset, len);
    }
}

static bool holds_stale(const struct flash_cache *c)
{
    return c->enabled && c->stale_lines != 0;
}

bool twin_flash_reads_matter(const struct twin *t)
{
    const struct twin_flash *f = t->flash;
    return (f->main.unstable_bytes | f->system.unstable_bytes | f->option.unstable_bytes) != 0 ||
           holds_stale(&f->icache) || holds_stale(&f->dcache);
}

static bool any_stale(const struct flash_cache *c, uint32_t offset, uint32_t len)
{
    uint32_t last = (offset + len - 1) / FLASH_LINE_BYTES;
    for (uint32_t line = offset / FLASH_LINE_BYTES; line <= last; line++) {
        if ((c->stale[line / 8] & (1u << (line % 8))) != 0) {
            return true;
        }
    }
    return false;
}

static void check_stale(struct twin *t, struct flash_cache *c, uint32_t offset, uint32_t len,
                        const char *what)
{
    if (!holds_stale(c) || !any_stale(c, offset, len)) {
        return;
    }
    /* One report for one omitted flush: the rest of the lines has the same cause. */
    memset(c->stale, 0, sizeof c->stale);
    c->stale_lines = 0;
    twin_report(t, TWIN_REPORT_FLASH, FLASH_MAIN_BASE + offset,
                "%s from flash that changed while the cache was on, without a cache reset since: "
                "the chip may deliver the old content",
                what);
}

static void refresh(struct twin *t, struct flash_cells *c, uint32_t base, uint32_t addr,
                    uint32_t len)
{
    if (addr - base < c->size) {
        flash_cells_refresh(t, c, addr - base, len);
    }
}

void twin_flash_before_read(struct twin *t, uint32_t addr, uint32_t len, bool fetch)
{
    struct twin_flash *f = t->flash;
    if (addr < f->main.size) {
        addr += FLASH_MAIN_BASE;
    }
    refresh(t, &f->main, FLASH_MAIN_BASE, addr, len);
    refresh(t, &f->system, FLASH_SYSTEM_BASE, addr, len);
    refresh(t, &f->option, FLASH_OPTION_BASE, addr, len);
    uint32_t offset = addr - FLASH_MAIN_BASE;
    if (offset < f->main.size && len > 0 && len <= f->main.size - offset) {
        if (fetch) {
            check_stale(t, &f->icache, offset, len, "instruction fetch");
        } else {
            check_stale(t, &f->dcache, offset, len, "read");
        }
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Unicorn: opened, mapped, its registers. The map is built so that the engine can do by itself only
 * what needs no look from the twin:
 *   - memories are mapped read and execute; every store goes to hooks (cpu_hooks.c). That is also
 * the fast way: Unicorn 2.0.1 spends five times as long in a store that it does itself;
 *   - a page that the MPU lets nobody read is not mapped; one that it lets read in part is mapped
 * as device memory, so that each access asks;
 *   - all else is device memory, where nothing is too: a store that fails does not stop the core.
 */
#include "cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENGINE_PAGE 1024U /* what Unicorn uses for this core */

enum page_class { PAGE_UNMAPPED, PAGE_MEMORY, PAGE_ASK };

struct mapping {
    uint32_t base;
    const struct memory *memory;
    struct mmio_region *asked; /* of its pages */
};

enum { MAPPINGS = MEMORY_KINDS + 1 };

/* The memories, and flash once more at 0. */
static struct mapping mapping(const struct twin *t, unsigned i)
{
    const struct memory *m = &t->bus->memory[i == MEMORY_KINDS ? MEMORY_FLASH : i];
    uint32_t pages_before = 0;
    for (unsigned k = 0; k < i; k++) {
        pages_before += t->bus->memory[k].size / ENGINE_PAGE;
    }
    return (struct mapping){.base = i == MEMORY_KINDS ? 0 : m->base,
                            .memory = m,
                            .asked = t->cpu->asked + pages_before};
}

static const int reg_ids[16] = {
    UC_ARM_REG_R0,  UC_ARM_REG_R1,  UC_ARM_REG_R2, UC_ARM_REG_R3,   UC_ARM_REG_R4,  UC_ARM_REG_R5,
    UC_ARM_REG_R6,  UC_ARM_REG_R7,  UC_ARM_REG_R8, UC_ARM_REG_R9,   UC_ARM_REG_R10, UC_ARM_REG_R11,
    UC_ARM_REG_R12, UC_ARM_REG_R13, UC_ARM_REG_LR, UC_ARM_REG_XPSR,
};

uint32_t engine_reg(const struct twin_cpu *c, int reg)
{
    uint32_t value = 0;
    (void)uc_reg_read(c->uc, reg, &value);
    return value;
}

void engine_set_reg(struct twin_cpu *c, int reg, uint32_t value)
{
    (void)uc_reg_write(c->uc, reg, &value);
}

void engine_read_regs(const struct twin_cpu *c, uint32_t regs[16])
{
    for (unsigned i = 0; i < 16; i++) {
        regs[i] = engine_reg(c, reg_ids[i]);
    }
}

void engine_write_regs(struct twin_cpu *c, const uint32_t regs[16])
{
    for (unsigned i = 0; i < 15; i++) {
        engine_set_reg(c, reg_ids[i], regs[i]);
    }
    engine_set_reg(c, UC_ARM_REG_XPSR, (regs[15] & ~XPSR_IT) | XPSR_T);
}

void engine_read_fp(const struct twin_cpu *c, uint64_t fp[16])
{
    for (int i = 0; i < 16; i++) {
        (void)uc_reg_read(c->uc, UC_ARM_REG_D0 + i, &fp[i]);
    }
}

void engine_write_fp(struct twin_cpu *c, const uint64_t fp[16])
{
    for (int i = 0; i < 16; i++) {
        (void)uc_reg_write(c->uc, UC_ARM_REG_D0 + i, &fp[i]);
    }
}

/* ---- the map ---- */

static void classify(const struct twin_cpu *c, uint32_t base, uint32_t len, uint8_t *out)
{
    if (base == CCM_BASE && c->ccm_off) {
        memset(out, PAGE_ASK, len / ENGINE_PAGE);
    } else if (!mpu_is_on(c) || c->mpu_bypassed || mpu_uniform(c, base, len)) {
        bool readable = mpu_allows(c, base, MPU_READ, !c->unprivileged);
        memset(out, readable ? PAGE_MEMORY : PAGE_UNMAPPED, len / ENGINE_PAGE);
    } else if (len == ENGINE_PAGE) {
        *out = PAGE_ASK;
    } else {
        uint32_t half = len / 2 / ENGINE_PAGE * ENGINE_PAGE;
        classify(c, base, half, out);
        classify(c, base + half, len - half, out + half / ENGINE_PAGE);
    }
}

static void map_run(struct twin *t, const struct mapping *m, uint32_t offset, uint32_t len,
                    uint8_t class)
{
    uc_engine *uc = t->cpu->uc;
    uint64_t at = m->base + (uint64_t)offset;
    if (class == PAGE_MEMORY) {
        (void)uc_mem_map_ptr(uc, at, len, UC_PROT_ALL, m->memory->bytes + offset);
        /* In two steps: only uc_mem_protect makes the engine itself leave out the store. */
        (void)uc_mem_protect(uc, at, len, UC_PROT_READ | UC_PROT_EXEC);
    } else if (class == PAGE_ASK) {
        struct mmio_region *region = &m->asked[offset / ENGINE_PAGE];
        *region = (struct mmio_region){.cpu = t->cpu, .base = (uint32_t)at};
        (void)uc_mmio_map(uc, at, len, mmio_read, region, mmio_write, region);
    }
}

typedef void (*run_fn)(struct twin *t, const struct mapping *m, uint32_t offset, uint32_t len,
                       uint8_t class);

/* Page by page: the engine does nothing at all when the first page of a range is not mapped, and
 * what lies side by side here need not do so there. */
static void drop_translations(struct twin_cpu *c, uint32_t addr, uint32_t len)
{
    while (len != 0) {
        uint32_t part = ENGINE_PAGE - addr % ENGINE_PAGE;
        part = part < len ? part : len;
        (void)uc_ctl_remove_cache(c->uc, (uint64_t)addr, (uint64_t)addr + part);
        addr += part;
        len -= part;
    }
}

/* The engine keeps translations of what is unmapped and finds them again when a later mapping gets
 * the same place inside it, whatever was stored in between. */
static void unmap_run(struct twin *t, const struct mapping *m, uint32_t offset, uint32_t len,
                      uint8_t class)
{
    if (class == PAGE_MEMORY) {
        drop_translations(t->cpu, m->base + offset, len);
    }
    if (class != PAGE_UNMAPPED) {
        (void)uc_mem_unmap(t->cpu->uc, m->base + (uint64_t)offset, len);
    }
}

static void for_runs(struct twin *t, const struct mapping *m, const uint8_t *classes, run_fn fn)
{
    uint32_t pages = m->memory->size / ENGINE_PAGE;
    for (uint32_t first = 0, last; first < pages; first = last) {
        for (last = first + 1; last < pages && classes[last] == classes[first]; last++) {
        }
        fn(t, m, first * ENGINE_PAGE, (last - first) * ENGINE_PAGE, classes[first]);
    }
}

void engine_remap(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    uint8_t classes[1024];
    core_forget_lines(c);
    mpu_forget(c);
    for (unsigned i = 0; i < MAPPINGS; i++) {
        struct mapping m = mapping(t, i);
        uint32_t pages = m.memory->size / ENGINE_PAGE;
        classify(c, m.base, m.memory->size, classes);
        if (memcmp(classes, c->page_class[i], pages) == 0) {
            continue;
        }
        for_runs(t, &m, c->page_class[i], unmap_run);
        memcpy(c->page_class[i], classes, pages);
        for_runs(t, &m, c->page_class[i], map_run);
    }
}

void engine_drop_code(struct twin *t, uint32_t addr, uint32_t len)
{
    struct twin_cpu *c = t->cpu;
    bool flash = core_in_flash(c, addr);
    if (!flash && addr - SRAM_BASE >= SRAM_SIZE) {
        return;
    }
    /* An instruction may begin in the half-word before. */
    uint32_t end = addr + len;
    bool first = addr == 0 || addr == FLASH_BASE || addr == SRAM_BASE;
    addr = (first ? addr : addr - 2) & ~1U;
    drop_translations(c, addr, end - addr);
    if (flash) {
        drop_translations(c, addr < FLASH_BASE ? addr + FLASH_BASE : addr - FLASH_BASE, end - addr);
    }
    for (uint32_t at = addr; at < end; at += 2) {
        c->info[((at >> 1) & 0x7FFFFU) | ((at >> 10) & 0x80000U)] = 0;
    }
    core_forget_lines(c);
}

/* ---- open and close ---- */

static int failed(struct twin *t, const char *what, uc_err err)
{
    (void)snprintf(t->error, sizeof t->error, "CPU emulator: %s: %s", what, uc_strerror(err));
    return TWIN_ERR_ENGINE;
}

static int map_devices(struct twin *t)
{
    uint32_t flash = t->bus->memory[MEMORY_FLASH].size;
    const struct {
        uint32_t base, size;
    } devices[] = {
        {flash, FLASH_BASE - flash}, /* behind each memory nothing, up to the next */
        {FLASH_BASE + flash, CCM_BASE - FLASH_BASE - flash},
        {CCM_BASE + CCM_SIZE, SYSTEM_BASE - CCM_BASE - CCM_SIZE},
        {OTP_PAGE + PAGE_4K, OPTION_PAGE - OTP_PAGE - PAGE_4K},
        {OPTION_PAGE + PAGE_4K, SRAM_BASE - OPTION_PAGE - PAGE_4K},
        {SRAM_BASE + SRAM_SIZE, SRAM_BB_BASE - SRAM_BASE - SRAM_SIZE},
        {SRAM_BB_BASE, BB_ALIAS_SIZE},
        {SRAM_BB_BASE + BB_ALIAS_SIZE, PERIPH_BASE - SRAM_BB_BASE - BB_ALIAS_SIZE},
        {PERIPH_BASE, 0x20000000U},
        {0x60000000U, PPB_BASE - 0x60000000U}, /* FSMC: no memory on this board */
        {PPB_BASE, PPB_END - PPB_BASE + 1},
    };
    _Static_assert(sizeof devices / sizeof devices[0] <=
                       sizeof t->cpu->devices / sizeof t->cpu->devices[0],
                   "room for all of them");
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        struct mmio_region *region = &t->cpu->devices[i];
        *region = (struct mmio_region){.cpu = t->cpu, .base = devices[i].base};
        uc_err err = uc_mmio_map(t->cpu->uc, devices[i].base, devices[i].size, mmio_read, region,
                                 mmio_write, region);
        if (err != UC_ERR_OK) {
            return failed(t, "mapping devices", err);
        }
    }
    return TWIN_OK;
}

int engine_open(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    uc_err err = uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &c->uc);
    if (err != UC_ERR_OK) {
        return failed(t, "opening", err);
    }
    err = uc_ctl_set_cpu_model(c->uc, UC_CPU_ARM_CORTEX_M4);
    if (err != UC_ERR_OK) {
        return failed(t, "choosing the Cortex-M4", err);
    }
    c->info = calloc(INFO_ENTRIES, sizeof *c->info);
    struct mapping end = mapping(t, MEMORY_KINDS);
    size_t pages = (size_t)(end.asked - c->asked) + end.memory->size / ENGINE_PAGE;
    c->asked = calloc(pages, sizeof *c->asked);
    if (c->info == NULL || c->asked == NULL) {
        return TWIN_ERR_MEMORY;
    }
    for (unsigned i = 0; i < MAPPINGS; i++) {
        struct mapping m = mapping(t, i);
        c->page_class[i] = calloc(m.memory->size / ENGINE_PAGE, 1);
        if (c->page_class[i] == NULL) {
            return TWIN_ERR_MEMORY;
        }
    }
    int result = map_devices(t);
    if (result != TWIN_OK) {
        return result;
    }
    engine_remap(t);
    return hooks_install(t);
}

void engine_close(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    if (c->uc != NULL) {
        (void)uc_close(c->uc);
    }
    for (unsigned i = 0; i < MAPPINGS; i++) {
        free(c->page_class[i]);
    }
    free(c->asked);
    free(c->info);
}

/* SPDX-License-Identifier: MIT */
/*
 * Stores of the core to memory, which all come here, and accesses that the engine refuses: where
 * the MPU lets nobody read, where nothing is, fetches from what is no code. It never lets the
 * engine store anything itself.
 *
 * Source: PM0214 sections 2.2.4 (write buffer), 2.4 (faults), 4.4.2 (ACTLR.DISDEFWBUF); RM0090
 * section 2.3 (memory map).
 */
#include "cpu.h"

#include <string.h>

void core_store_failed(struct twin_cpu *c, uint32_t addr)
{
    if (addr >= PPB_BASE || (c->actlr & ACTLR_DISDEFWBUF) != 0) {
        core_raise(c, EXC_BUSFAULT, CFSR_PRECISERR | CFSR_BFARVALID, addr);
    } else {
        c->imprecise = true; /* the write buffer had let the core go on */
        core_interrupt_run(c->twin);
    }
}

static void store_sram(struct twin_cpu *c, uint32_t offset, unsigned size, uint64_t value)
{
    memcpy(c->twin->bus->memory[MEMORY_SRAM].bytes + offset, &value, size);
    if (c->code_page[offset >> 10] != 0) {
        engine_drop_code(c->twin, SRAM_BASE + offset, size);
    }
}

static void store_flash(struct twin_cpu *c, uint32_t addr, unsigned size, uint64_t value)
{
    struct twin *t = c->twin;
    t->bus->write_failed = false;
    for (unsigned done = 0; done < size; done += 4, value >>= 32) {
        twin_flash_store(t, addr + done, size < 4 ? size : 4, (uint32_t)value);
    }
    if (t->bus->write_failed) {
        twin_report(t, TWIN_REPORT_FLASH, addr, "store to read-only memory");
        core_store_failed(c, addr);
    }
    core_update_traps(t);
}

bool store_hook(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                void *user)
{
    (void)uc;
    (void)type;
    struct twin_cpu *c = user;
    struct twin *t = c->twin;
    uint32_t addr = (uint32_t)address;
    bool unaligned = (addr & ((uint32_t)size - 1)) != 0;
    if (c->fault.pending || unaligned) {
        return true; /* of an unaligned store the engine makes single bytes after this */
    }
    if (mpu_is_on(c) && !mpu_allows_code(c, addr, MPU_WRITE)) {
        core_raise(c, EXC_MEMMANAGE, CFSR_DACCVIOL | CFSR_MMARVALID, addr);
        return true;
    }
    if (addr - SRAM_BASE < SRAM_SIZE) {
        store_sram(c, addr - SRAM_BASE, (unsigned)size, (uint64_t)value);
    } else if (addr - CCM_BASE < CCM_SIZE) {
        memcpy(t->bus->memory[MEMORY_CCM].bytes + (addr - CCM_BASE), &value, (size_t)size);
    } else {
        store_flash(c, addr < FLASH_BASE ? addr + FLASH_BASE : addr, (unsigned)size,
                    (uint64_t)value);
    }
    return true;
}

bool unmapped_hook(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                   void *user)
{
    (void)uc;
    (void)size;
    (void)value;
    struct twin_cpu *c = user;
    uint32_t addr = (uint32_t)address;
    bool write = type == UC_MEM_WRITE_UNMAPPED;
    if (c->fault.pending) {
        return false;
    }
    if (!mpu_allows(c, addr, write ? MPU_WRITE : MPU_READ, !c->unprivileged)) {
        core_raise(c, EXC_MEMMANAGE, CFSR_DACCVIOL | CFSR_MMARVALID, addr);
        return false;
    }
    twin_report(c->twin, TWIN_REPORT_UNMAPPED, addr, "%s of 0x%08X: nothing answers there",
                write ? "write" : "read", (unsigned)addr);
    core_raise(c, EXC_BUSFAULT, CFSR_PRECISERR | CFSR_BFARVALID, addr);
    return false;
}

bool bad_fetch_hook(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                    void *user)
{
    (void)uc;
    (void)type;
    (void)size;
    (void)value;
    struct twin_cpu *c = user;
    uint32_t addr = (uint32_t)address;
    if (c->fault.pending) {
        return false;
    }
    bool allowed = mpu_allows(c, addr, MPU_FETCH, !c->unprivileged) &&
                   mpu_allows(c, addr, MPU_READ, !c->unprivileged);
    if (allowed && (core_in_flash(c, addr) || addr - SRAM_BASE < SRAM_SIZE)) {
        return true; /* a page where only some may be read: on_code looks again */
    }
    c->pc = addr & ~1U; /* the branch itself was executed */
    if (!allowed) {
        core_raise(c, EXC_MEMMANAGE, CFSR_IACCVIOL, addr);
    } else {
        twin_report(c->twin, TWIN_REPORT_UNMAPPED, addr,
                    "instruction fetch: nothing answers there");
        core_raise(c, EXC_BUSFAULT, CFSR_IBUSERR, addr);
    }
    return false;
}

/* SPDX-License-Identifier: MIT */
/*
 * Loads and stores of the core to everything that is not plain memory: peripherals, its own
 * registers, bit-band aliases, and pages that the MPU lets it read in part. Device memory: an
 * unaligned access faults, and nothing is done twice.
 *
 * Source: PM0214 sections 2.2.3 (device memory), 2.2.5 (bit-banding), 4.1 (private peripheral bus).
 */
#include "cpu.h"

#define FLASH_REGS 0x40023C00U

/* Cycles that an access takes beyond those of the instruction: the bridge to an APB runs at its
 * clock, and takes two of them. An approximation: RM0090 gives no figures. */
static void charge_bus(struct twin_cpu *c, uint32_t addr)
{
    uint32_t pclk = addr < 0x40010000U   ? twin_pclk1_hz(c->twin)
                    : addr < 0x40020000U ? twin_pclk2_hz(c->twin)
                                         : 0;
    if (pclk != 0 && addr >= PERIPH_BASE) {
        c->sched->cycles += 2ULL * (c->sched->hclk_hz / pclk);
    }
}

/* Of the instruction under way: what was found before it ran holds, its registers are still those.
 */
static bool access_under_way(const struct twin_cpu *c, struct cpu_access *out)
{
    if (c->looked_instruction == c->instructions && c->looked_pc == c->pc) {
        *out = c->looked;
        return true;
    }
    return decode_access(c, c->pc, out);
}

/* The engine makes two or more accesses of an unaligned one: of a load whole words, of a store
 * single bytes. The core faults at the first, with nothing done. */
static bool is_unaligned(struct twin_cpu *c, uint32_t addr, unsigned size, bool write)
{
    bool again = c->device_instruction == c->instructions && c->device_pc == c->pc;
    c->device_instruction = c->instructions;
    c->device_pc = c->pc;
    bool device = addr - PERIPH_BASE < 0x20000000U || addr >= 0xA0000000U;
    if (again || !device || size == (write ? 4 : 1)) {
        return false;
    }
    struct cpu_access a;
    return access_under_way(c, &a) && (a.address & (a.width - 1)) != 0;
}

/* Whether the access may be made at all; raises the fault if not. */
static bool may_access(struct twin_cpu *c, uint32_t addr, unsigned size, bool write)
{
    if (c->fault.pending) {
        return false;
    }
    if (mpu_is_on(c) && !mpu_allows_code(c, addr, write ? MPU_WRITE : MPU_READ)) {
        core_raise(c, EXC_MEMMANAGE, CFSR_DACCVIOL | CFSR_MMARVALID, addr);
        return false;
    }
    bool stir = addr == 0xE000EF00U && (c->ccr & CCR_USERSETMPEND) != 0;
    if (addr >= PPB_BASE && c->unprivileged && !stir) {
        core_raise(c, EXC_BUSFAULT, CFSR_PRECISERR | CFSR_BFARVALID, addr);
        return false;
    }
    if (is_unaligned(c, addr, size, write)) {
        struct cpu_access a;
        (void)access_under_way(c, &a);
        core_raise(c, EXC_USAGEFAULT, CFSR_UNALIGNED, a.address);
        return false;
    }
    return true;
}

static void report_nothing(struct twin_cpu *c, uint32_t addr, const char *what)
{
    twin_report(c->twin, TWIN_REPORT_UNMAPPED, addr, "%s of 0x%08X: nothing answers there", what,
                (unsigned)addr);
}

static uint32_t read_one(struct twin_cpu *c, uint32_t addr, unsigned size)
{
    struct twin *t = c->twin;
    uint32_t value = 0;
    if (!may_access(c, addr, size, false)) {
        return 0;
    }
    uint32_t target;
    bool ok = addr < SRAM_BB_BASE ? twin_bus_read(t, TWIN_MASTER_CPU, addr, size, &value)
              : bitband_is_alias(addr, &target) ? bitband_read(t, addr, size, &value)
                                                : bus_periph_read(t, addr, size, &value);
    if (!ok) {
        report_nothing(c, addr, "read");
        core_raise(c, EXC_BUSFAULT, CFSR_PRECISERR | CFSR_BFARVALID, addr);
    }
    charge_bus(c, addr);
    return value;
}

uint64_t mmio_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    (void)uc;
    struct mmio_region *region = user;
    uint32_t addr = region->base + (uint32_t)offset;
    if (size <= 4) {
        return read_one(region->cpu, addr, size);
    }
    uint64_t low = read_one(region->cpu, addr, 4);
    return low | (uint64_t)read_one(region->cpu, addr + 4, 4) << 32;
}

/* Stores to pages that are readable in part, and to where no memory is. */
static bool write_memory(struct twin_cpu *c, uint32_t addr, unsigned size, uint32_t value)
{
    bool ok = twin_bus_write(c->twin, TWIN_MASTER_CPU, addr, size, value);
    core_update_traps(c->twin);
    return ok;
}

static void write_one(struct twin_cpu *c, uint32_t addr, unsigned size, uint32_t value)
{
    struct twin *t = c->twin;
    if (!may_access(c, addr, size, true)) {
        return;
    }
    charge_bus(c, addr);
    uint32_t target = addr;
    t->bus->write_failed = false;
    bool ok = addr < SRAM_BB_BASE               ? write_memory(c, addr, size, value)
              : bitband_is_alias(addr, &target) ? bitband_write(t, addr, size, value)
                                                : bus_periph_write(t, addr, size, value);
    if (!ok) {
        if (!t->bus->write_failed) {
            report_nothing(c, addr, "write");
        }
        core_store_failed(c, addr);
    }
    if ((target & ~0x3FFU) == FLASH_REGS) {
        core_update_traps(t); /* an operation may have begun */
        if (target < FLASH_REGS + 4) {
            core_forget_lines(c); /* ACR: wait states and caches may be others */
        } else if (c->flash_watch) {
            c->line = ~0U; /* the next instruction is looked at, in the same line too */
        }
    }
}

void mmio_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    (void)uc;
    struct mmio_region *region = user;
    uint32_t addr = region->base + (uint32_t)offset;
    write_one(region->cpu, addr, size < 4 ? size : 4, (uint32_t)value);
    if (size > 4) {
        write_one(region->cpu, addr + 4, 4, (uint32_t)(value >> 32));
    }
}

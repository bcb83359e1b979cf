/* SPDX-License-Identifier: MIT */
/*
 * The bus matrix: which master reaches what, and which peripheral answers at an address. The core's
 * own loads and stores to memory do not come through here (Unicorn does them); its accesses to
 * peripherals, and everything that DMA moves, do.
 *
 * Source: RM0090 section 2.1 (system architecture), 2.3 (memory map), 7.3 (clock enables).
 */
#include "bus.h"

#include <stdlib.h>
#include <string.h>

uint32_t load_le(const uint8_t *p, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)p[i] << (8 * i);
    }
    return value;
}

void store_le(uint8_t *p, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        p[i] = (uint8_t)(value >> (8 * i));
    }
}

struct memory *bus_memory(struct twin *t, uint32_t addr, size_t len)
{
    for (unsigned i = 0; i < MEMORY_KINDS; i++) {
        struct memory *m = &t->bus->memory[i];
        uint32_t offset = addr - m->base;
        if (offset < m->size && len <= m->size - offset) {
            return m;
        }
    }
    return NULL;
}

struct twin_periph *bus_periph(struct twin *t, uint32_t addr)
{
    struct twin_periph *last = t->bus->last;
    if (last != NULL && addr - last->base < last->size) {
        return last;
    }
    size_t low = 0, high = t->bus->periph_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        struct twin_periph *p = &t->bus->periph[mid];
        if (addr < p->base) {
            high = mid;
        } else if (addr - p->base >= p->size) {
            low = mid + 1;
        } else {
            t->bus->last = p;
            return p;
        }
    }
    return NULL;
}

void twin_periph_add(struct twin *t, const struct twin_periph *p)
{
    struct twin_bus *bus = t->bus;
    if (bus->periph_count == bus->periph_room) {
        size_t room = bus->periph_room == 0 ? 64 : 2 * bus->periph_room;
        struct twin_periph *grown = realloc(bus->periph, room * sizeof *grown);
        if (grown == NULL) {
            abort(); /* a few kilobytes at start-up: nothing sensible can be done without them */
        }
        bus->periph = grown;
        bus->periph_room = room;
    }
    size_t at = bus->periph_count;
    while (at > 0 && bus->periph[at - 1].base > p->base) {
        bus->periph[at] = bus->periph[at - 1];
        at--;
    }
    bus->periph[at] = *p;
    bus->periph_count++;
    bus->last = NULL;
}

/* A peripheral without clock does not answer: reads give 0, writes are lost. */
static bool clocked(struct twin *t, const struct twin_periph *p, uint32_t addr, const char *what)
{
    if (p->enr == 0 || p->own_gates) {
        return true;
    }
    if (!twin_rcc_clock_on(t, p->enr, p->enr_bit)) {
        twin_report(t, TWIN_REPORT_CLOCK_OFF, addr, "%s of %s while its clock is off", what,
                    p->name);
        return false;
    }
    if (twin_rcc_in_reset(t, p->enr, p->enr_bit)) {
        twin_report(t, TWIN_REPORT_CLOCK_OFF, addr, "%s of %s while RCC holds it in reset", what,
                    p->name);
        return false;
    }
    if (twin_rcc_too_early(t, p->enr, p->enr_bit)) {
        twin_report(t, TWIN_REPORT_CLOCK_OFF, addr,
                    "%s of %s less than two of its clocks after its clock was turned on (ES0182)",
                    what, p->name);
    }
    return true;
}

/* AHB1ENR.CCMDATARAMEN is set by a reset, and cleared by whoever writes all of the register. */
static bool ccm_without_clock(struct twin *t, uint32_t addr, const char *what)
{
    if (twin_rcc_clock_on(t, 0x30, 20)) {
        return false;
    }
    twin_report(t, TWIN_REPORT_CLOCK_OFF, addr, "%s of the CCM while its clock is off", what);
    return true;
}

bool bus_periph_read(struct twin *t, uint32_t addr, unsigned width, uint32_t *value)
{
    struct twin_periph *p = bus_periph(t, addr);
    *value = 0;
    if (p == NULL) {
        return false;
    }
    if (clocked(t, p, addr, "read")) {
        *value = p->read(t, p->self, addr - p->base, width);
    }
    return true;
}

bool bus_periph_write(struct twin *t, uint32_t addr, unsigned width, uint32_t value)
{
    struct twin_periph *p = bus_periph(t, addr);
    if (p == NULL) {
        return false;
    }
    t->bus->write_failed = false;
    if (clocked(t, p, addr, "write")) {
        p->write(t, p->self, addr - p->base, width, value);
    }
    return !t->bus->write_failed;
}

void twin_bus_error(struct twin *t, uint32_t addr)
{
    (void)addr;
    t->bus->write_failed = true;
}

enum twin_master twin_bus_writer(const struct twin *t)
{
    return t->bus->master;
}

/* CCM hangs on the core's data bus alone, and the private peripheral bus belongs to the core. */
static bool reachable(struct twin *t, enum twin_master m, uint32_t addr)
{
    if (m == TWIN_MASTER_CPU) {
        return true;
    }
    if (addr - CCM_BASE < CCM_SIZE) {
        twin_report(t, TWIN_REPORT_DMA, addr, "DMA%d cannot reach the CCM",
                    m == TWIN_MASTER_DMA1 ? 1 : 2);
        return false;
    }
    return addr < PPB_BASE;
}

/* Flash answers at 0 too (BOOT0 = 0; the remap of SYSCFG_MEMRMP is not modelled). */
static uint32_t unalias(uint32_t addr)
{
    return addr < FLASH_BASE ? addr + FLASH_BASE : addr;
}

bool twin_bus_read(struct twin *t, enum twin_master m, uint32_t addr, unsigned width,
                   uint32_t *value)
{
    *value = 0;
    addr = unalias(addr);
    if (!reachable(t, m, addr)) {
        return false;
    }
    const struct memory *memory = bus_memory(t, addr, width);
    if (memory != NULL) {
        if (memory->base == CCM_BASE && ccm_without_clock(t, addr, "read")) {
            return true;
        }
        if (twin_flash_reads_matter(t)) {
            twin_flash_before_read(t, addr, width, false);
        }
        *value = load_le(memory->bytes + (addr - memory->base), width);
        return true;
    }
    return bus_periph_read(t, addr, width, value);
}

bool twin_bus_write(struct twin *t, enum twin_master m, uint32_t addr, unsigned width,
                    uint32_t value)
{
    addr = unalias(addr);
    if (!reachable(t, m, addr)) {
        return false;
    }
    const struct memory *memory = bus_memory(t, addr, width);
    if (memory == NULL) {
        t->bus->master = m;
        bool ok = bus_periph_write(t, addr, width, value);
        t->bus->master = TWIN_MASTER_CPU; /* its own accesses do not all come through here */
        return ok;
    }
    const struct memory *all = t->bus->memory;
    if (memory == &all[MEMORY_CCM] && ccm_without_clock(t, addr, "write")) {
        return true;
    }
    if (memory == &all[MEMORY_SRAM] || memory == &all[MEMORY_CCM]) {
        store_le(memory->bytes + (addr - memory->base), width, value);
        twin_cpu_memory_written(t, addr, width);
        return true;
    }
    if (memory == &all[MEMORY_SYSTEM]) {
        return false;
    }
    twin_flash_store(t, addr, width, value);
    return true;
}

void twin_bus_clock_changed(struct twin *t)
{
    for (size_t i = 0; i < t->bus->periph_count; i++) {
        struct twin_periph *p = &t->bus->periph[i];
        if (p->clock_changed != NULL) {
            p->clock_changed(t, p->self);
        }
    }
}

void twin_bus_reset(struct twin *t, enum twin_reset kind)
{
    for (size_t i = 0; i < t->bus->periph_count; i++) {
        struct twin_periph *p = &t->bus->periph[i];
        p->reset(t, p->self, kind);
    }
}

void twin_bus_reset_gate(struct twin *t, unsigned enr, unsigned bit)
{
    for (size_t i = 0; i < t->bus->periph_count; i++) {
        struct twin_periph *p = &t->bus->periph[i];
        if (p->enr == enr && p->enr_bit == bit) {
            p->reset(t, p->self, TWIN_RESET_PERIPHERAL);
        }
    }
}

int twin_bus_create(struct twin *t)
{
    t->bus = calloc(1, sizeof *t->bus);
    return t->bus == NULL ? TWIN_ERR_MEMORY : TWIN_OK;
}

void twin_bus_destroy(struct twin *t)
{
    if (t->bus == NULL) {
        return;
    }
    for (size_t i = 0; i < t->bus->periph_count; i++) {
        struct twin_periph *p = &t->bus->periph[i];
        if (p->destroy != NULL) {
            p->destroy(t, p->self);
        }
    }
    free(t->bus->periph);
    free(t->bus);
    t->bus = NULL;
}

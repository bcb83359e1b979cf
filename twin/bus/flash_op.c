/* SPDX-License-Identifier: MIT */
/*
 * Flash operations in time: a program unit, a sector or mass erase, the option bytes. One at a
 * time; the array changes when the operation ends, and a cut that was asked for takes the power
 * away before, in the middle of or after the nth one.
 *
 * Geometry: RM0090 3.3. Times: DS8626 table "Flash memory programming", typical. The data sheet has
 * one mass-erase figure, for 1 MiB; a 512 KiB part is given half of it. It has none for option
 * bytes: they take what an erase of a 16 KiB sector takes, the smallest erase there is.
 */
#include "flash.h"

#include <assert.h>

#define PS_PER_US UINT64_C(1000000)
#define PS_PER_MS UINT64_C(1000000000)

enum { PROGRAM_US = 16 };

/* By PSIZE: x8, x16, x32. */
static const uint16_t erase_16k_ms[3] = {400, 300, 250};
static const uint16_t erase_64k_ms[3] = {1200, 700, 550};
static const uint16_t erase_128k_ms[3] = {2000, 1300, 1000};
static const uint16_t erase_1m_ms[3] = {16000, 11000, 8000};

unsigned flash_sectors(const struct twin *t)
{
    return t->flash->main.size == FLASH_MAIN_MAX ? 12 : 8;
}

uint32_t flash_sector_size(unsigned sector)
{
    if (sector < 4) {
        return 0x4000;
    }
    return sector == 4 ? 0x10000 : 0x20000;
}

uint32_t flash_sector_offset(unsigned sector)
{
    if (sector < 5) {
        return sector * 0x4000u;
    }
    return (sector - 4) * 0x20000u;
}

unsigned flash_sector_of(uint32_t offset)
{
    if (offset < 0x10000) {
        return offset / 0x4000;
    }
    return offset < 0x20000 ? 4 : 4 + offset / 0x20000;
}

uint32_t twin_sector_erases(const struct twin *t, unsigned sector)
{
    return sector < FLASH_SECTORS_MAX ? t->flash->erases[sector] : 0;
}

static uint64_t erase_ms(const struct twin *t, enum flash_op_kind kind, unsigned sector)
{
    unsigned psize = (t->flash->cr >> 8) & 3;
    assert(psize < 3);
    uint64_t mass = (uint64_t)erase_1m_ms[psize] * t->flash->main.size / FLASH_MAIN_MAX;
    switch (kind) {
    case FLASH_OP_ERASE_MASS:
        return mass;
    case FLASH_OP_RDP_REGRESSION:
        return mass + erase_16k_ms[psize];
    case FLASH_OP_OPTIONS:
        return erase_16k_ms[psize];
    case FLASH_OP_ERASE_SECTOR:
        if (sector == 4) {
            return erase_64k_ms[psize];
        }
        return sector < 4 ? erase_16k_ms[psize] : erase_128k_ms[psize];
    case FLASH_OP_NONE:
    case FLASH_OP_PROGRAM:
        break;
    }
    return 0;
}

/* ---- what an operation does to the array ---- */
static void program(struct twin *t, const struct flash_op *op, enum flash_outcome how)
{
    if (how == FLASH_TORN) {
        flash_cells_program_torn(t, op->cells, op->offset, op->width, op->value);
    } else if (how == FLASH_WORN) {
        flash_cells_program_worn(t, op->cells, op->offset, op->width, op->value);
    } else {
        flash_cells_program(op->cells, op->offset, op->width, op->value);
    }
    if (op->cells == &t->flash->main) {
        flash_cache_changed(t, op->offset, op->width, false);
        twin_flash_memory_changed(t, FLASH_MAIN_BASE + op->offset, op->width);
    }
}

static void erase(struct twin *t, uint32_t offset, uint32_t len, enum flash_outcome how)
{
    struct flash_cells *c = &t->flash->main;
    if (how == FLASH_TORN) {
        flash_cells_erase_torn(t, c, offset, len);
    } else if (how == FLASH_WORN) {
        flash_cells_erase_worn(t, c, offset, len);
    } else {
        flash_cells_erase(c, offset, len);
    }
    flash_cache_changed(t, offset, len, true);
    twin_flash_memory_changed(t, FLASH_MAIN_BASE + offset, len);
}

static void apply(struct twin *t, const struct flash_op *op, enum flash_outcome how)
{
    twin_state_changed(t);
    switch (op->kind) {
    case FLASH_OP_PROGRAM:
        program(t, op, how);
        break;
    case FLASH_OP_ERASE_SECTOR:
        erase(t, flash_sector_offset(op->sector), flash_sector_size(op->sector), how);
        break;
    case FLASH_OP_ERASE_MASS:
        erase(t, 0, t->flash->main.size, how);
        break;
    case FLASH_OP_RDP_REGRESSION:
        erase(t, 0, t->flash->main.size, how);
        /* The option bytes come last: torn before them, the chip is still at level 1. */
        if (how != FLASH_TORN) {
            op->finish(t, op, how);
        }
        break;
    case FLASH_OP_OPTIONS:
        op->finish(t, op, how);
        break;
    case FLASH_OP_NONE:
        break;
    }
}

static void count_erases(struct twin *t, const struct flash_op *op)
{
    bool all = op->kind == FLASH_OP_ERASE_MASS || op->kind == FLASH_OP_RDP_REGRESSION;
    for (unsigned s = 0; s < flash_sectors(t); s++) {
        if (all || (op->kind == FLASH_OP_ERASE_SECTOR && op->sector == s)) {
            t->flash->erases[s]++;
        }
    }
}

/* ---- time ---- */
static void fail_power(struct twin *t)
{
    t->flash->cut_happened = true;
    t->flash->power_failed = true;
    twin_power_cut(t);
}

static void finish(struct twin *t)
{
    struct twin_flash *f = t->flash;
    struct flash_op op = f->op;
    bool cut = op.cut_ps != 0;
    f->op.kind = FLASH_OP_NONE;
    f->cr &= ~(uint32_t)CR_STRT;
    f->optcr &= ~(uint32_t)OPTCR_OPTSTRT;
    apply(t, &op, op.worn ? FLASH_WORN : FLASH_DONE);
    if (cut) {
        fail_power(t);
    } else {
        f->on_end(t);
    }
}

void flash_op_tear(struct twin *t)
{
    struct twin_flash *f = t->flash;
    struct flash_op op = f->op;
    twin_event_cancel(t, &f->event);
    f->op.kind = FLASH_OP_NONE;
    f->cr &= ~(uint32_t)CR_STRT;
    f->optcr &= ~(uint32_t)OPTCR_OPTSTRT;
    if (op.kind != FLASH_OP_NONE) {
        apply(t, &op, FLASH_TORN);
    }
}

static uint64_t next_step_ps(const struct flash_op *op)
{
    return op->cut_ps != 0 && op->cut_ps < op->end_ps ? op->cut_ps : op->end_ps;
}

void flash_op_poll(struct twin *t)
{
    struct twin_flash *f = t->flash;
    if (f->op.kind == FLASH_OP_NONE || twin_now_ps(t) < next_step_ps(&f->op)) {
        return;
    }
    twin_event_cancel(t, &f->event);
    if (next_step_ps(&f->op) < f->op.end_ps) {
        flash_op_tear(t);
        fail_power(t);
    } else {
        finish(t);
    }
}

static void on_time(struct twin *t, void *ctx)
{
    (void)ctx;
    flash_op_poll(t);
}

/* Whether the counter, counting operations, is used up by this one. */
static bool is_this_one(uint64_t *counter)
{
    if (*counter == 0) {
        return false;
    }
    (*counter)--;
    return *counter == 0;
}

void flash_op_start(struct twin *t, const struct flash_op *op)
{
    struct twin_flash *f = t->flash;
    assert(f->op.kind == FLASH_OP_NONE);
    bool cut = is_this_one(&f->cut_in);
    if (cut && f->cut_when == TWIN_CUT_BEFORE) {
        fail_power(t);
        return;
    }
    uint64_t now = twin_now_ps(t);
    uint64_t time_ps = PROGRAM_US * PS_PER_US;
    if (op->kind != FLASH_OP_PROGRAM) {
        time_ps = erase_ms(t, op->kind, op->sector) * PS_PER_MS;
    }
    f->op = *op;
    f->op.end_ps = now + time_ps;
    f->op.cut_ps = 0;
    if (cut) {
        f->op.cut_ps = f->cut_when == TWIN_CUT_MIDDLE ? now + time_ps / 2 : f->op.end_ps;
    }
    f->op.worn = is_this_one(&f->wear_in);
    f->operations++;
    count_erases(t, op);
    f->event.fn = on_time;
    twin_event_at(t, &f->event, next_step_ps(&f->op));
    twin_cpu_flash_began(t);
}

uint64_t twin_flash_busy_until_ps(const struct twin *t)
{
    return t->flash->op.kind == FLASH_OP_NONE ? 0 : t->flash->op.end_ps;
}

void twin_flash_power_lost(struct twin *t)
{
    flash_op_tear(t);
}

uint64_t twin_flash_operation_count(const struct twin *t)
{
    return t->flash->operations;
}

/* ---- what tests ask for ---- */
void twin_cut_at_flash_operation(struct twin *t, uint64_t n, enum twin_cut when)
{
    t->flash->cut_in = n;
    t->flash->cut_when = when;
    t->flash->cut_happened = false;
}

bool twin_cut_happened(const struct twin *t)
{
    return t->flash->cut_happened;
}

void twin_wear_at_flash_operation(struct twin *t, uint64_t n)
{
    t->flash->wear_in = n;
}

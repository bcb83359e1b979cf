/* SPDX-License-Identifier: MIT */
/*
 * The flash interface: its registers, its locks, and which accesses become operations. It never
 * changes a bit of flash itself (flash_op.c does, when the operation ends) and never forgives: a
 * request that the chip refuses is refused with the chip's error bits, one whose outcome the manual
 * leaves open is not performed and is reported.
 *
 * RM0090 3.5 (latency), 3.6 (erase and program), 3.9 (registers); DS8626 for times (flash_op.c).
 */
#include "flash.h"
#include "reg.h"

#include <stdlib.h>
#include <string.h>

enum {
    REG_ACR = 0x00,
    REG_KEYR = 0x04,
    REG_OPTKEYR = 0x08,
    REG_SR = 0x0C,
    REG_CR = 0x10,
    REG_OPTCR = 0x14,
    FLASH_REGS = 0x40023C00,
    FLASH_IRQ = 4
};

#define ACR_BITS   0x00001F07u
#define CR_BITS    0x0300037Fu /* without STRT and LOCK */
#define OPTCR_BITS 0x0FFFFFECu

/* ---- status and interrupt ---- */
static void update_irq(struct twin *t)
{
    const struct twin_flash *f = t->flash;
    bool end = (f->sr & SR_EOP) != 0 && (f->cr & CR_EOPIE) != 0;
    bool error = (f->sr & SR_OPERR) != 0 && (f->cr & CR_ERRIE) != 0;
    twin_irq_set(t, FLASH_IRQ, end || error);
}

static void set_status(struct twin *t, uint32_t bits)
{
    struct twin_flash *f = t->flash;
    f->sr |= bits;
    /* OPERR stands for a request that parallelism, alignment or write protection stopped, and shows
     * only with ERRIE (RM0090 3.9.4). */
    if ((bits & (SR_WRPERR | SR_PGAERR | SR_PGPERR)) != 0 && (f->cr & CR_ERRIE) != 0) {
        f->sr |= SR_OPERR;
    }
    update_irq(t);
}

static bool busy(const struct twin *t)
{
    return t->flash->op.kind != FLASH_OP_NONE;
}

/* The bus holds the access back until BSY falls (RM0090 3.6.1, note), and the core with it. DMA
 * does not come here: its streams wait by themselves. */
static bool held_back(struct twin *t, uint32_t addr, unsigned width, uint32_t value)
{
    struct twin_flash *f = t->flash;
    flash_op_poll(t);
    if (!busy(t) && f->held_count == 0) {
        return false;
    }
    if (f->held_count == FLASH_HELD_MAX) {
        twin_report(t, TWIN_REPORT_FLASH, addr,
                    "more stores than the twin holds back: one is lost");
        return true;
    }
    f->held[f->held_count++] = (struct flash_held){addr, width, value};
    twin_cpu_stall_until_ps(t, f->op.end_ps);
    return true;
}

/* ---- programming ---- */
static struct flash_cells *find_cells(struct twin *t, uint32_t addr, uint32_t *offset)
{
    struct twin_flash *f = t->flash;
    if (addr < f->main.size) {
        addr += FLASH_MAIN_BASE; /* the alias at 0 */
    }
    if (addr - FLASH_MAIN_BASE < f->main.size) {
        *offset = addr - FLASH_MAIN_BASE;
        return &f->main;
    }
    if (addr - FLASH_SYSTEM_BASE < f->system.size) {
        *offset = addr - FLASH_SYSTEM_BASE;
        return &f->system;
    }
    if (addr - FLASH_OPTION_BASE < f->option.size) {
        *offset = addr - FLASH_OPTION_BASE;
        return &f->option;
    }
    return NULL;
}

static bool is_protected(const struct twin *t, const struct flash_cells *c, uint32_t offset,
                         unsigned width)
{
    if (c == &t->flash->option) {
        return true; /* option bytes change through OPTCR only */
    }
    if (c == &t->flash->system) {
        return !flash_otp_writable(t, FLASH_SYSTEM_BASE + offset, width);
    }
    return (t->flash->nwrp >> flash_sector_of(offset) & 1) == 0;
}

/* Each check stands on its own: a word stored with CR as after reset shows PGSERR and PGPERR. */
static uint32_t program_errors(const struct twin *t, const struct flash_cells *c, uint32_t offset,
                               unsigned width)
{
    uint32_t cr = t->flash->cr;
    uint32_t errors = 0;
    if ((cr & CR_PG) == 0 || (cr & (CR_SER | CR_MER)) != 0) {
        errors |= SR_PGSERR;
    }
    if (offset % FLASH_LINE_BYTES + width > FLASH_LINE_BYTES) {
        errors |= SR_PGAERR;
    } else if (width != 1u << (cr >> 8 & 3) || offset % width != 0) {
        /* The core splits an unaligned store into narrower ones. */
        errors |= SR_PGPERR;
    }
    if (is_protected(t, c, offset, width)) {
        errors |= SR_WRPERR;
    }
    return errors;
}

static void report_doubtful(struct twin *t, const struct flash_cells *c, uint32_t addr,
                            const struct flash_op *op)
{
    uint32_t mask = reg_mask(op->width);
    uint32_t old = flash_cells_load(c, op->offset, op->width);
    if ((op->value & ~old & mask) != 0) {
        twin_report(t, TWIN_REPORT_FLASH, addr,
                    "programmed %0*X over %0*X without an erase: the result is %0*X",
                    2 * (int)op->width, op->value & mask, 2 * (int)op->width, old,
                    2 * (int)op->width, op->value & old);
    }
    if (c == &t->flash->system && FLASH_SYSTEM_BASE + op->offset >= FLASH_OTP_LOCKS) {
        for (unsigned i = 0; i < op->width; i++) {
            uint8_t lock = (uint8_t)((op->value & old) >> (8 * i));
            if (lock != 0x00 && lock != 0xFF) {
                twin_report(t, TWIN_REPORT_FLASH, addr + i,
                            "OTP lock byte becomes %02X; only 00 and FF are defined", lock);
            }
        }
    }
}

static void report_stale_errors(struct twin *t)
{
    if ((t->flash->sr & SR_ERRORS) != 0) {
        twin_report(t, TWIN_REPORT_FLASH, FLASH_REGS + REG_SR,
                    "operation started with error bits of an earlier one still set (SR %08X)",
                    t->flash->sr);
    }
}

static void store(struct twin *t, uint32_t addr, unsigned width, uint32_t value)
{
    struct flash_op op = {.kind = FLASH_OP_PROGRAM, .width = width, .value = value};
    op.cells = find_cells(t, addr, &op.offset);
    uint32_t errors = program_errors(t, op.cells, op.offset, width);
    if (errors != 0) {
        set_status(t, errors);
        return;
    }
    report_stale_errors(t);
    report_doubtful(t, op.cells, addr, &op);
    flash_op_start(t, &op);
}

void twin_flash_store(struct twin *t, uint32_t addr, unsigned width, uint32_t value)
{
    uint32_t offset = 0;
    const struct flash_cells *c = find_cells(t, addr, &offset);
    if (c == NULL || width > c->size - offset) {
        twin_bus_error(t, addr);
    } else if (!t->flash->power_failed && !held_back(t, addr, width, value)) {
        store(t, addr, width, value);
    }
}

/* ---- erasing ---- */
static const char *erase_refusal(const struct twin *t)
{
    uint32_t cr = t->flash->cr;
    bool ser = (cr & CR_SER) != 0;
    bool mer = (cr & CR_MER) != 0;
    if (ser == mer) {
        return ser ? "STRT with SER and MER: neither is performed" : "STRT without SER or MER";
    }
    if ((cr >> 8 & 3) == 3) {
        return "x64 parallelism without an external programming voltage on the board";
    }
    if (ser && (cr >> 3 & 15) >= flash_sectors(t)) {
        return "erase of a sector that the part does not have";
    }
    return NULL;
}

static void start_erase(struct twin *t)
{
    struct twin_flash *f = t->flash;
    const char *refusal = erase_refusal(t);
    f->cr &= ~(uint32_t)CR_STRT;
    if (refusal != NULL) {
        twin_report(t, TWIN_REPORT_FLASH, FLASH_REGS + REG_CR, "%s; nothing happens", refusal);
        return;
    }
    bool mass = (f->cr & CR_MER) != 0;
    unsigned sector = f->cr >> 3 & 15;
    uint32_t all = (1u << flash_sectors(t)) - 1;
    uint32_t wanted = mass ? all : 1u << sector;
    if ((~(uint32_t)f->nwrp & wanted) != 0) {
        set_status(t, SR_WRPERR);
        return;
    }
    report_stale_errors(t);
    struct flash_op op = {.kind = mass ? FLASH_OP_ERASE_MASS : FLASH_OP_ERASE_SECTOR,
                          .sector = sector};
    f->cr |= CR_STRT;
    flash_op_start(t, &op);
}

/* ---- registers ---- */
/* Returns true when the second key in order was written. */
static bool lock_key(struct twin *t, struct flash_lock *l, uint32_t addr, uint32_t value)
{
    bool got_first = l->got_first;
    l->got_first = false;
    if (!got_first && value == l->key1) {
        l->got_first = true;
        return false;
    }
    if (got_first && value == l->key2) {
        return !l->dead;
    }
    l->dead = true;
    twin_report(t, TWIN_REPORT_FLASH, addr,
                "wrong flash key %08X: bus error, and locked until the next reset", value);
    twin_bus_error(t, addr);
    return false;
}

static void write_key(struct twin *t, uint32_t value)
{
    struct twin_flash *f = t->flash;
    if (lock_key(t, &f->key, FLASH_REGS + REG_KEYR, value)) {
        f->cr &= ~CR_LOCK;
    } else if (f->key.dead) {
        f->cr |= CR_LOCK;
    }
}

static void write_optkey(struct twin *t, uint32_t value)
{
    struct twin_flash *f = t->flash;
    if (lock_key(t, &f->optkey, FLASH_REGS + REG_OPTKEYR, value)) {
        f->optcr &= ~(uint32_t)OPTCR_OPTLOCK;
    } else if (f->optkey.dead) {
        f->optcr |= OPTCR_OPTLOCK;
    }
}

/* Writing what is there already is no loss. */
static void report_locked(struct twin *t, uint32_t reg, uint32_t now, uint32_t asked)
{
    if (now != asked) {
        twin_report(t, TWIN_REPORT_FLASH, FLASH_REGS + reg,
                    "FLASH_%s written while it is locked: ignored (it is %08X, asked for was %08X)",
                    reg == REG_CR ? "CR" : "OPTCR", now, asked);
    }
}

static void write_cr(struct twin *t, uint32_t value)
{
    struct twin_flash *f = t->flash;
    if ((f->cr & CR_LOCK) != 0) {
        report_locked(t, REG_CR, f->cr, value & (CR_BITS | CR_LOCK | CR_STRT));
        return;
    }
    f->cr = value & (CR_BITS | CR_LOCK | CR_STRT);
    update_irq(t);
    if ((f->cr & CR_STRT) != 0) {
        start_erase(t);
    }
}

static void write_optcr(struct twin *t, uint32_t value)
{
    struct twin_flash *f = t->flash;
    if ((f->optcr & OPTCR_OPTLOCK) != 0) {
        report_locked(t, REG_OPTCR, f->optcr, value & (OPTCR_BITS | OPTCR_OPTLOCK | OPTCR_OPTSTRT));
        return;
    }
    f->optcr = value & (OPTCR_BITS | OPTCR_OPTLOCK | OPTCR_OPTSTRT);
    if ((f->optcr & OPTCR_OPTSTRT) != 0) {
        flash_option_start(t);
    }
}

static uint32_t read_register(struct twin *t, uint32_t offset)
{
    struct twin_flash *f = t->flash;
    flash_op_poll(t);
    switch (offset) {
    case REG_ACR:
        return f->acr;
    case REG_SR:
        return f->sr | (busy(t) ? (uint32_t)SR_BSY : 0);
    case REG_CR:
        return f->cr;
    case REG_OPTCR:
        return f->optcr;
    default:
        return 0; /* KEYR and OPTKEYR are write-only */
    }
}

static uint32_t on_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    (void)self;
    return reg_extract(read_register(t, offset & ~3u), offset, width);
}

static void write_register(struct twin *t, uint32_t offset, unsigned width, uint32_t value)
{
    struct twin_flash *f = t->flash;
    uint32_t reg = offset & ~3u;
    uint32_t bits = reg_merge(0, offset, width, value);
    uint32_t merged = reg_merge(read_register(t, reg), offset, width, value);
    uint32_t key = width == 4 ? value : 0; /* a narrow access never brings the key */
    switch (reg) {
    case REG_ACR:
        f->acr = flash_cache_control(t, merged & ACR_BITS);
        twin_flash_check_wait_states(t);
        break;
    case REG_KEYR:
        write_key(t, key);
        break;
    case REG_OPTKEYR:
        write_optkey(t, key);
        break;
    case REG_SR:
        f->sr &= ~(bits & (SR_ERRORS | SR_EOP));
        update_irq(t);
        break;
    case REG_CR:
        write_cr(t, merged);
        break;
    case REG_OPTCR:
        write_optcr(t, merged);
        break;
    default:
        break;
    }
}

static void on_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    const struct twin_flash *f = self;
    uint32_t reg = offset & ~3u;
    bool can_wait = reg == REG_CR || reg == REG_OPTCR;
    if (f->power_failed || (can_wait && held_back(t, FLASH_REGS + offset, width, value))) {
        return;
    }
    write_register(t, offset, width, value);
}

/* BSY fell: what waited goes on. */
static void release_held(struct twin *t)
{
    struct twin_flash *f = t->flash;
    unsigned done = 0;
    while (done < f->held_count && !busy(t) && !f->power_failed) {
        struct flash_held h = f->held[done++];
        if (h.addr - FLASH_REGS < 0x400) {
            write_register(t, h.addr - FLASH_REGS, h.width, h.value);
        } else {
            store(t, h.addr, h.width, h.value);
        }
    }
    f->held_count -= done;
    memmove(f->held, f->held + done, f->held_count * sizeof f->held[0]);
    if (f->held_count != 0 && busy(t)) {
        twin_cpu_stall_until_ps(t, f->op.end_ps);
    }
}

static void on_end(struct twin *t)
{
    set_status(t, (t->flash->cr & CR_EOPIE) != 0 ? SR_EOP : 0);
    release_held(t);
}

/* ---- wait states ---- */
void twin_flash_check_wait_states(struct twin *t)
{
    /* RM0090 table "Number of wait states", 2.7 to 3.6 V: one for each 30 MHz begun above the
     * first. */
    uint32_t hclk = twin_hclk_hz(t);
    unsigned needed = hclk == 0 ? 0 : (hclk - 1) / 30000000;
    unsigned set = twin_flash_wait_states(t);
    bool is_short = set < needed;
    if (is_short) {
        twin_report(t, TWIN_REPORT_WAIT_STATES, FLASH_REGS + REG_ACR,
                    "%u wait states at an HCLK of %u Hz, which needs %u", set, hclk, needed);
    }
}

unsigned twin_flash_wait_states(const struct twin *t)
{
    return t->flash->acr & 7;
}

bool twin_flash_prefetch_on(const struct twin *t)
{
    return (t->flash->acr & 1u << 8) != 0;
}

bool twin_flash_icache_on(const struct twin *t)
{
    return t->flash->icache.enabled;
}

/* ---- life ---- */
static void reset_registers(struct twin *t)
{
    struct twin_flash *f = t->flash;
    f->acr = 0;
    f->sr = 0;
    f->cr = CR_LOCK;
    f->optcr = OPTCR_OPTLOCK;
    f->key = (struct flash_lock){.key1 = 0x45670123, .key2 = 0xCDEF89AB};
    f->optkey = (struct flash_lock){.key1 = 0x08192A3B, .key2 = 0x4C5D6E7F};
    flash_cache_reset(t);
    flash_option_reload(t);
}

static void on_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_flash *f = self;
    if (kind == TWIN_RESET_SYSTEM && busy(t)) {
        twin_report(t, TWIN_REPORT_FLASH, 0,
                    "reset during a flash operation: what it touched is undefined");
    }
    flash_op_tear(t);
    f->held_count = 0;
    if (kind == TWIN_RESET_POWER) {
        f->power_failed = false;
        flash_cells_refresh(t, &f->main, 0, f->main.size);
        flash_cells_refresh(t, &f->system, 0, f->system.size);
    }
    reset_registers(t);
    update_irq(t);
}

static void on_destroy(struct twin *t, void *self)
{
    struct twin_flash *f = self;
    flash_cells_destroy(&f->main);
    flash_cells_destroy(&f->system);
    flash_cells_destroy(&f->option);
    free(f);
    t->flash = NULL;
}

int twin_flash_create(struct twin *t)
{
    struct twin_flash *f = calloc(1, sizeof *f);
    t->flash = f;
    if (f == NULL) {
        return TWIN_ERR_MEMORY;
    }
    const struct twin_periph p = {.name = "FLASH",
                                  .base = FLASH_REGS,
                                  .size = 0x400,
                                  .self = f,
                                  .read = on_read,
                                  .write = on_write,
                                  .reset = on_reset,
                                  .destroy = on_destroy};
    twin_periph_add(t, &p); /* first: it owns what is made below, also when that fails */
    if (flash_cells_create(&f->main, t->config.flash_kib * 1024) != TWIN_OK ||
        flash_option_create(t) != TWIN_OK) {
        return TWIN_ERR_MEMORY;
    }
    f->on_end = on_end;
    reset_registers(t);
    return TWIN_OK;
}

uint8_t *twin_flash_bytes(struct twin *t)
{
    return t->flash->main.bytes;
}

void twin_flash_load(struct twin *t, uint32_t offset, const void *data, size_t len)
{
    twin_state_changed(t);
    flash_cells_write(&t->flash->main, offset, data, (uint32_t)len);
    twin_flash_memory_changed(t, FLASH_MAIN_BASE + offset, (uint32_t)len);
}

/* SPDX-License-Identifier: MIT */
/*
 * What lies beside the main array: option bytes with write and read protection, OTP with its lock
 * bytes, unique ID and flash size. Mass erase never touches OTP; nothing leads back from RDP
 * level 2.
 *
 * RM0090 3.6.1-3.6.4 (option bytes, RDP, write protection), 3.7 (OTP), 3.9.6 (FLASH_OPTCR), 39
 * (unique ID, flash size). The manual calls the upper halfword of each option word reserved; it
 * holds the complement, as the chip's own reload after a reset needs to tell torn option bytes from
 * whole ones. A halfword that does not match its complement is loaded as an erased one: RDP level
 * 1, no write protection.
 */
#include "flash.h"

#include <string.h>

enum {
    OPTION_RDP_USER = 0, /* offsets of the two halfwords */
    OPTION_NWRP = 8,
    OPTION_BYTES = 16,
    USER_BITS = 0xEC, /* nRST_STDBY, nRST_STOP, WDG_SW, BOR_LEV as in OPTCR */
    USER_UNUSED = 0x03,
    USER_WDG_SW = 0x20,
    USER_NRST_STOP = 0x40,
    USER_NRST_STDBY = 0x80,
    NWRP_BITS = 0x0FFF,
    NWRP_UNUSED = 0xF000,
    RDP_LEVEL_0 = 0xAA,
    RDP_LEVEL_2 = 0xCC,
};

unsigned flash_rdp_level(uint8_t rdp)
{
    if (rdp == RDP_LEVEL_2) {
        return 2;
    }
    return rdp == RDP_LEVEL_0 ? 0 : 1;
}

/* ---- the stored words ---- */
static uint16_t load_option(const struct flash_cells *c, uint32_t offset)
{
    uint32_t word = flash_cells_load(c, offset, 4);
    uint16_t value = (uint16_t)word;
    return value == (uint16_t) ~(word >> 16) ? value : 0xFFFF;
}

static uint32_t with_complement(uint32_t half)
{
    return half | ((~half & 0xFFFF) << 16);
}

static void store_options(struct twin *t, uint8_t rdp, uint8_t user, uint16_t nwrp,
                          enum flash_outcome how)
{
    struct flash_cells *c = &t->flash->option;
    uint32_t first = with_complement((uint32_t)rdp << 8 | (user & USER_BITS) | USER_UNUSED);
    uint32_t second = with_complement((nwrp & NWRP_BITS) | (uint32_t)NWRP_UNUSED);
    flash_cells_erase(c, 0, OPTION_BYTES);
    if (how == FLASH_TORN) {
        flash_cells_program_torn(t, c, OPTION_RDP_USER, 4, first);
        flash_cells_program_torn(t, c, OPTION_NWRP, 4, second);
    } else if (how == FLASH_WORN) {
        flash_cells_program_worn(t, c, OPTION_RDP_USER, 4, first);
        flash_cells_program_worn(t, c, OPTION_NWRP, 4, second);
    } else {
        flash_cells_program(c, OPTION_RDP_USER, 4, first);
        flash_cells_program(c, OPTION_NWRP, 4, second);
    }
}

/* Protection as the cells have it. */
static void load_protection(struct twin *t)
{
    struct twin_flash *f = t->flash;
    f->rdp = (uint8_t)(load_option(&f->option, OPTION_RDP_USER) >> 8);
    f->nwrp = load_option(&f->option, OPTION_NWRP) & NWRP_BITS;
}

void flash_option_reload(struct twin *t)
{
    struct twin_flash *f = t->flash;
    flash_cells_refresh(t, &f->option, 0, OPTION_BYTES);
    load_protection(t);
    f->user = (uint8_t)(load_option(&f->option, OPTION_RDP_USER) & USER_BITS);
    f->optcr &= OPTCR_OPTLOCK;
    f->optcr |= (uint32_t)f->rdp << 8 | f->user | (uint32_t)f->nwrp << 16;
}

bool twin_flash_iwdg_in_hardware(const struct twin *t)
{
    return (t->flash->user & USER_WDG_SW) == 0;
}

bool twin_flash_low_power_is_reset(const struct twin *t, bool standby)
{
    return (t->flash->user & (standby ? USER_NRST_STDBY : USER_NRST_STOP)) == 0;
}

/* ---- an operation on them ---- */
static void finish(struct twin *t, const struct flash_op *op, enum flash_outcome how)
{
    struct twin_flash *f = t->flash;
    uint8_t rdp = (uint8_t)(op->value >> 8);
    uint8_t user = (uint8_t)op->value;
    uint16_t nwrp = (uint16_t)(op->value >> 16);
    if (op->kind == FLASH_OP_RDP_REGRESSION) {
        /* RM0090 3.6.3: the other option bytes stay as they were before the mass erase. */
        user = (uint8_t)load_option(&f->option, OPTION_RDP_USER);
        nwrp = load_option(&f->option, OPTION_NWRP);
        memset(twin_backup_sram(t), 0xFF, TWIN_BACKUP_SRAM_BYTES);
    }
    store_options(t, rdp, user, nwrp, how);
    if (how == FLASH_TORN) {
        return;
    }
    /* RDP and nWRP hold from here on; what USER says is taken at the next reset. OPTCR is a
     * register: it keeps what was written, whatever the cells took, until a reset loads it. */
    load_protection(t);
    if (flash_rdp_level(f->rdp) == 2) {
        twin_report(t, TWIN_REPORT_FLASH, 0x40023C14,
                    "read protection level 2 set: debug is off and the option bytes are frozen "
                    "for ever");
    }
}

void flash_option_start(struct twin *t)
{
    struct twin_flash *f = t->flash;
    uint8_t rdp = (uint8_t)(f->optcr >> 8);
    const char *refused = NULL;
    if (flash_rdp_level(f->rdp) == 2) {
        refused = "option bytes cannot be changed any more: read protection level 2";
    } else if ((f->cr >> 8 & 3) == 3) {
        refused = "x64 parallelism without an external programming voltage on the board";
    }
    if (refused != NULL) {
        f->optcr &= ~(uint32_t)OPTCR_OPTSTRT;
        twin_report(t, TWIN_REPORT_FLASH, 0x40023C14, "%s", refused);
        return;
    }
    bool down = flash_rdp_level(f->rdp) == 1 && flash_rdp_level(rdp) == 0;
    struct flash_op op = {.kind = down ? FLASH_OP_RDP_REGRESSION : FLASH_OP_OPTIONS,
                          .value = f->optcr,
                          .finish = finish};
    flash_op_start(t, &op);
}

int twin_set_option_bytes(struct twin *t, uint8_t rdp, uint8_t user, uint16_t nwrp)
{
    struct flash_cells *c = &t->flash->option;
    unsigned now = flash_rdp_level((uint8_t)(load_option(c, OPTION_RDP_USER) >> 8));
    if (now == 2 || (nwrp & ~NWRP_BITS) != 0 || t->flash->op.kind != FLASH_OP_NONE) {
        return TWIN_ERR_ARGUMENT;
    }
    if (now == 1 && flash_rdp_level(rdp) == 0) {
        flash_cells_erase(&t->flash->main, 0, t->flash->main.size);
        twin_flash_memory_changed(t, FLASH_MAIN_BASE, t->flash->main.size);
        memset(twin_backup_sram(t), 0xFF, TWIN_BACKUP_SRAM_BYTES);
    }
    store_options(t, rdp, user, nwrp, FLASH_DONE);
    twin_state_changed(t);
    return TWIN_OK;
}

/* ---- OTP and identification ---- */
bool flash_otp_writable(const struct twin *t, uint32_t addr, unsigned width)
{
    if (addr < FLASH_OTP_BASE || addr + width > FLASH_OTP_END) {
        return false;
    }
    if (addr >= FLASH_OTP_LOCKS) {
        return true; /* a lock byte only loses bits */
    }
    uint32_t lock = FLASH_OTP_LOCKS - FLASH_SYSTEM_BASE + (addr - FLASH_OTP_BASE) / 32;
    return t->flash->system.bytes[lock] != 0x00;
}

bool twin_flash_otp_load(struct twin *t, uint32_t addr, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!flash_otp_writable(t, addr + (uint32_t)i, 1)) {
            return false;
        }
    }
    twin_state_changed(t);
    for (size_t i = 0; i < len; i++) {
        flash_cells_program(&t->flash->system, addr + (uint32_t)i - FLASH_SYSTEM_BASE, 1, data[i]);
    }
    return true;
}

static void put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

/* RM0090 39.1: place on the wafer, wafer number, lot number in ASCII. */
static void make_unique_id(struct twin *t, uint8_t id[12])
{
    put_le32(id, twin_random(t) & 0x003F003F);
    put_le32(id + 4, 1 + twin_random(t) % 25);
    for (unsigned i = 5; i < 12; i++) {
        id[i] = (uint8_t)('0' + twin_random(t) % 10);
    }
}

int flash_option_create(struct twin *t)
{
    struct twin_flash *f = t->flash;
    if (flash_cells_create(&f->system, FLASH_PAGE_BYTES) != TWIN_OK ||
        flash_cells_create(&f->option, FLASH_PAGE_BYTES) != TWIN_OK) {
        return TWIN_ERR_MEMORY;
    }
    store_options(t, RDP_LEVEL_0, USER_BITS, NWRP_BITS, FLASH_DONE);
    make_unique_id(t, f->system.bytes + (FLASH_UID_BASE - FLASH_SYSTEM_BASE));
    uint8_t *size = f->system.bytes + (FLASH_SIZE_ADDR - FLASH_SYSTEM_BASE);
    size[0] = (uint8_t)t->config.flash_kib;
    size[1] = (uint8_t)(t->config.flash_kib >> 8);
    return TWIN_OK;
}

uint8_t *twin_flash_otp_page(struct twin *t)
{
    return t->flash->system.bytes;
}

uint8_t *twin_flash_option_page(struct twin *t)
{
    return t->flash->option.bytes;
}

/* SPDX-License-Identifier: MIT */
/*
 * The flash part of the twin, seen from inside: what flash.c (registers), flash_cells.c (bits),
 * flash_op.c (operations in time), flash_option.c (option bytes, OTP, identification) and state.c
 * share. Nothing else includes it; the rest of the twin sees flash through internal.h.
 */
#ifndef ARAREXT_TWIN_FLASH_H
#define ARAREXT_TWIN_FLASH_H

#include "internal.h"

enum {
    FLASH_SECTORS_MAX = 12,
    FLASH_LINE_BYTES = 16,   /* a 128-bit row: program alignment and cache lines (RM0090 3.4) */
    FLASH_PAGE_BYTES = 4096, /* the two pages of system memory that are modelled */
};

#define FLASH_MAIN_BASE   0x08000000u
#define FLASH_MAIN_MAX    0x00100000u
#define FLASH_SYSTEM_BASE 0x1FFF7000u
#define FLASH_OTP_BASE    0x1FFF7800u
#define FLASH_OTP_LOCKS   0x1FFF7A00u
#define FLASH_OTP_END     0x1FFF7A10u
#define FLASH_UID_BASE    0x1FFF7A10u
#define FLASH_SIZE_ADDR   0x1FFF7A22u
#define FLASH_OPTION_BASE 0x1FFFC000u

/* Memory cells: what is read, and a mask of the bits that read differently each time because the
 * operation that last touched them lost its power. */
struct flash_cells {
    uint8_t *bytes;
    uint8_t *unstable;
    uint32_t size;
    uint32_t unstable_bytes; /* how many bytes of the mask are not 0 */
};

struct flash_op;
/* How an operation ends: as asked for, without power, or on worn cells. */
enum flash_outcome { FLASH_DONE, FLASH_TORN, FLASH_WORN };

enum flash_op_kind {
    FLASH_OP_NONE,
    FLASH_OP_PROGRAM,
    FLASH_OP_ERASE_SECTOR,
    FLASH_OP_ERASE_MASS,
    FLASH_OP_OPTIONS,        /* option bytes: erased, then programmed from OPTCR */
    FLASH_OP_RDP_REGRESSION, /* the same, level 1 to 0: mass erase first */
};

struct flash_op {
    enum flash_op_kind kind;
    struct flash_cells *cells; /* PROGRAM */
    uint32_t offset;           /* PROGRAM */
    unsigned width;            /* PROGRAM */
    uint32_t value;            /* PROGRAM: the unit; OPTIONS: OPTCR as it was at OPTSTRT */
    unsigned sector;           /* ERASE_SECTOR */
    uint64_t end_ps;           /* BSY falls */
    uint64_t cut_ps;           /* power fails; 0 = it does not */
    bool worn;
    /* OPTIONS, RDP_REGRESSION: what it does to the option bytes, at its end. */
    void (*finish)(struct twin *t, const struct flash_op *op, enum flash_outcome how);
};

/* An unlock register: two keys in order; a wrong one closes it until reset (RM0090 3.6.1). */
struct flash_lock {
    uint32_t key1, key2;
    bool got_first;
    bool dead;
};

/* A store that the bus holds back because BSY is set. The core stands still behind it; one
 * instruction (VSTM) makes up to 32 of them, an IT block up to four instructions' worth. */
struct flash_held {
    uint32_t addr;
    unsigned width;
    uint32_t value;
};

enum { FLASH_HELD_MAX = 128 };

/* Lines of a cache that may hold what flash no longer does. */
struct flash_cache {
    bool enabled;
    bool live; /* has been enabled since it was last reset: may hold lines */
    uint32_t stale_lines;
    uint8_t stale[FLASH_MAIN_MAX / FLASH_LINE_BYTES / 8];
};

struct twin_flash {
    struct flash_cells main, system, option;
    uint32_t acr, sr, cr, optcr;
    struct flash_lock key, optkey;
    uint8_t rdp, user; /* option bytes in force */
    uint16_t nwrp;
    struct flash_op op;
    struct twin_event event;
    void (*on_end)(struct twin *t);         /* BSY fell, and the power is on */
    struct flash_held held[FLASH_HELD_MAX]; /* in order */
    unsigned held_count;
    struct flash_cache icache, dcache;
    uint64_t operations;
    uint32_t erases[FLASH_SECTORS_MAX];
    uint64_t cut_in, wear_in; /* operations until then, 1 = the next; 0 = none */
    enum twin_cut cut_when;
    bool cut_happened;
    bool power_failed; /* a cut has been asked for and nothing happens any more */
};

/* ---- FLASH_SR and FLASH_CR bits ---- */
enum {
    SR_EOP = 1u << 0,
    SR_OPERR = 1u << 1,
    SR_WRPERR = 1u << 4,
    SR_PGAERR = 1u << 5,
    SR_PGPERR = 1u << 6,
    SR_PGSERR = 1u << 7,
    SR_ERRORS = SR_OPERR | SR_WRPERR | SR_PGAERR | SR_PGPERR | SR_PGSERR,
    SR_BSY = 1u << 16,
    CR_PG = 1u << 0,
    CR_SER = 1u << 1,
    CR_MER = 1u << 2,
    CR_STRT = 1u << 16,
    CR_EOPIE = 1u << 24,
    CR_ERRIE = 1u << 25,
    OPTCR_OPTLOCK = 1u << 0,
    OPTCR_OPTSTRT = 1u << 1,
};
#define CR_LOCK 0x80000000u

/* ---- flash_cells.c ---- */
int flash_cells_create(struct flash_cells *c, uint32_t size); /* erased; TWIN_ERR_MEMORY */
void flash_cells_destroy(struct flash_cells *c);
uint32_t flash_cells_load(const struct flash_cells *c, uint32_t offset, unsigned width);
void flash_cells_set_unstable(struct flash_cells *c, uint32_t offset, uint8_t mask);
/* New random values for the unstable bits of the range. */
void flash_cells_refresh(struct twin *t, struct flash_cells *c, uint32_t offset, uint32_t len);
void flash_cells_write(struct flash_cells *c, uint32_t offset, const uint8_t *data, uint32_t len);
void flash_cells_program(struct flash_cells *c, uint32_t offset, unsigned width, uint32_t value);
void flash_cells_program_torn(struct twin *t, struct flash_cells *c, uint32_t offset,
                              unsigned width, uint32_t value);
void flash_cells_program_worn(struct twin *t, struct flash_cells *c, uint32_t offset,
                              unsigned width, uint32_t value);
void flash_cells_erase(struct flash_cells *c, uint32_t offset, uint32_t len);
void flash_cells_erase_torn(struct twin *t, struct flash_cells *c, uint32_t offset, uint32_t len);
void flash_cells_erase_worn(struct twin *t, struct flash_cells *c, uint32_t offset, uint32_t len);

/* ---- flash_op.c ---- */
unsigned flash_sectors(const struct twin *t);
uint32_t flash_sector_offset(unsigned sector);
uint32_t flash_sector_size(unsigned sector);
unsigned flash_sector_of(uint32_t offset);
void flash_op_start(struct twin *t, const struct flash_op *op); /* times are filled in */
/* Does what is due by now: for register reads between two events. */
void flash_op_poll(struct twin *t);
void flash_op_tear(struct twin *t); /* power or reset takes the operation under way away */

/* ---- flash_option.c ---- */
int flash_option_create(struct twin *t); /* pages with factory content */
void flash_option_reload(
    struct twin *t);                     /* option bytes to OPTCR and into force, as a reset does */
void flash_option_start(struct twin *t); /* OPTSTRT was written */
bool flash_otp_writable(const struct twin *t, uint32_t addr, unsigned width);
unsigned flash_rdp_level(uint8_t rdp);

/* ---- caches (flash_cache.c) ---- */
/* A write to ACR; returns what the register keeps of it. */
uint32_t flash_cache_control(struct twin *t, uint32_t acr);
/* Main flash [offset, offset + len) changed. Programming also updates the data cache, erasing does
 * not (RM0090 3.6.5). */
void flash_cache_changed(struct twin *t, uint32_t offset, uint32_t len, bool erased);
void flash_cache_reset(struct twin *t);

#endif

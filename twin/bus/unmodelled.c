/* SPDX-License-Identifier: MIT */
/*
 * What the chip has and the twin has not: each register is told of once, reads as its reset value
 * where the manual gives one other than 0, and forgets what is written. Addresses where the chip
 * has nothing are not here: they end in a bus error.
 *
 * Source: RM0090 table 1 (register boundary addresses) and the register maps of the sections named.
 */
#include "internal.h"

#include <stdlib.h>

struct range {
    const char *name;
    uint32_t base, size;
    uint8_t enr, enr_bit;
};

/* Clock gates: RM0090 7.3.10 to 7.3.14. */
static const struct range ranges[] = {
    {"I2S2ext", 0x40003400, 0x400, 0x40, 14},  {"I2S3ext", 0x40004000, 0x400, 0x40, 15},
    {"CAN1", 0x40006400, 0x400, 0x40, 25},     {"CAN2", 0x40006800, 0x400, 0x40, 26},
    {"SDIO", 0x40012C00, 0x400, 0x44, 11},     {"ETH", 0x40028000, 0x1400, 0x30, 25},
    {"OTG_HS", 0x40040000, 0x40000, 0x30, 29}, {"OTG_FS", 0x50000000, 0x40000, 0x34, 7},
    {"DCMI", 0x50050000, 0x400, 0x34, 0},      {"FSMC", 0xA0000000, 0x1000, 0x38, 0},
    {"ITM", 0xE0000000, 0x1000, 0, 0},         {"FPB", 0xE0002000, 0x1000, 0, 0},
    {"TPIU", 0xE0040000, 0x1000, 0, 0},        {"ETM", 0xE0041000, 0x1000, 0, 0},
    {"ROM table", 0xE00FF000, 0x1000, 0, 0},
};

enum { RANGES = sizeof ranges / sizeof ranges[0] };

/* Reset values that are not 0, from the register maps. */
static const struct {
    uint32_t address, value;
} reset_values[] = {
    {0x40003408, 0x0002}, {0x40004008, 0x0002}, /* I2Sext_SR */
};

/* A register that has been told. */
struct told {
    uint32_t address, pc;
    const char *name;
    uint64_t reads;             /* of the row that goes on: none a tenth of a second apart */
    uint64_t first_ps, last_ps; /* of them */
    uint64_t again_ps;          /* how long a row is told of again */
};

/* Few, so a list will do; freed with the board. */
struct twin_told {
    struct told *list;
    size_t count, room;
};

#define PS_PER_S UINT64_C(1000000000000)

/* The entry of a register, new if need be; NULL without memory. */
static struct told *entry_of(struct twin *t, uint32_t address, const char *name, bool *is_new)
{
    struct twin_told *told = t->told;
    *is_new = false;
    for (size_t i = 0; i < told->count; i++) {
        if (told->list[i].address == address) {
            return &told->list[i];
        }
    }
    if (told->count == told->room) {
        size_t room = told->room == 0 ? 32 : 2 * told->room;
        struct told *grown = realloc(told->list, room * sizeof *grown);
        if (grown == NULL) {
            return NULL; /* not told: nothing worse */
        }
        told->list = grown;
        told->room = room;
    }
    *is_new = true;
    told->list[told->count] = (struct told){.address = address, .name = name, .again_ps = PS_PER_S};
    return &told->list[told->count++];
}

static struct told *tell(struct twin *t, uint32_t address, const char *what)
{
    bool is_new = false;
    struct told *e = entry_of(t, address, what, &is_new);
    if (is_new) {
        twin_report(t, TWIN_REPORT_UNMODELLED, address, "%s register at 0x%08X is not modelled",
                    what, (unsigned)address);
    }
    return e;
}

void twin_report_unmodelled(struct twin *t, uint32_t address, const char *what)
{
    (void)tell(t, address, what);
}

/* A program that reads the same register for more than a second waits for something that never
 * comes: it is told after 1, 10, 100 ... seconds. */
void twin_unmodelled_read(struct twin *t, uint32_t address, const char *what)
{
    struct told *e = tell(t, address, what);
    uint64_t now_ps = twin_now_ps(t);
    if (e == NULL) {
        return;
    }
    if (e->reads == 0 || now_ps - e->last_ps > PS_PER_S / 10) {
        e->reads = 0;
        e->first_ps = now_ps;
        e->again_ps = PS_PER_S;
    }
    e->reads++;
    e->last_ps = now_ps;
    e->pc = twin_cpu_pc(t);
    if (now_ps - e->first_ps > e->again_ps) {
        e->again_ps *= 10;
        twin_report(
            t, TWIN_REPORT_UNMODELLED, address,
            "%s register at 0x%08X has been read %llu times in %llu s: the program waits for "
            "what the twin does not have",
            what, (unsigned)address, (unsigned long long)e->reads,
            (unsigned long long)((now_ps - e->first_ps) / PS_PER_S));
    }
}

bool twin_get_polled(const struct twin *t, unsigned n, struct twin_polled *out)
{
    for (size_t i = 0; i < t->told->count; i++) {
        const struct told *e = &t->told->list[i];
        if (e->reads != 0 && e->last_ps - e->first_ps > PS_PER_S && n-- == 0) {
            *out = (struct twin_polled){.name = e->name,
                                        .address = e->address,
                                        .pc = e->pc,
                                        .reads = e->reads,
                                        .ns = (e->last_ps - e->first_ps) / 1000};
            return true;
        }
    }
    return false;
}

static uint32_t read_unmodelled(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    const struct range *r = self;
    uint32_t address = r->base + (offset & ~3U);
    twin_unmodelled_read(t, address, r->name);
    for (size_t i = 0; i < sizeof reset_values / sizeof reset_values[0]; i++) {
        if (reset_values[i].address == address) {
            uint32_t value = reset_values[i].value >> (8 * (offset & 3));
            return width == 4 ? value : value & ((1U << (8 * width)) - 1);
        }
    }
    return 0;
}

static void write_unmodelled(struct twin *t, void *self, uint32_t offset, unsigned width,
                             uint32_t value)
{
    (void)width;
    (void)value;
    const struct range *r = self;
    twin_report_unmodelled(t, r->base + (offset & ~3U), r->name);
}

static void reset_unmodelled(struct twin *t, void *self, enum twin_reset kind)
{
    (void)t;
    (void)self;
    (void)kind;
}

int twin_unmodelled_create(struct twin *t)
{
    t->told = calloc(1, sizeof *t->told);
    if (t->told == NULL) {
        return TWIN_ERR_MEMORY;
    }
    for (size_t i = 0; i < RANGES; i++) {
        const struct twin_periph p = {
            .name = ranges[i].name,
            .base = ranges[i].base,
            .size = ranges[i].size,
            .enr = ranges[i].enr,
            .enr_bit = ranges[i].enr_bit,
            .self = (void *)(uintptr_t)&ranges[i],
            .read = read_unmodelled,
            .write = write_unmodelled,
            .reset = reset_unmodelled,
        };
        twin_periph_add(t, &p);
    }
    return TWIN_OK;
}

void twin_unmodelled_destroy(struct twin *t)
{
    if (t->told != NULL) {
        free(t->told->list);
        free(t->told);
        t->told = NULL;
    }
}

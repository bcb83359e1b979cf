/* SPDX-License-Identifier: MIT */
/*
 * The memory map as bus masters see it, for the core's files.
 *
 * Source: RM0090 section 2.3 (memory map), DS8626 section 5; PM0214 section 2.2.5 (bit-banding).
 */
#ifndef TWIN_BUS_H
#define TWIN_BUS_H

#include "internal.h"

#define FLASH_BASE 0x08000000U
#define CCM_BASE   0x10000000U
#define CCM_SIZE   0x00010000U
#define SYSTEM_BASE                                                                                \
    0x1FFF0000U /* the maker's ROM up to 0x1FFF7000; the last 2 KiB in the OTP page */
#define SYSTEM_SIZE   0x00007800U
#define OTP_PAGE      0x1FFF7000U
#define OPTION_PAGE   0x1FFFC000U
#define PAGE_4K       0x00001000U
#define SRAM_BASE     0x20000000U
#define SRAM_SIZE     0x00020000U
#define SRAM_BB_BASE  0x22000000U /* bit-band alias of 0x20000000-0x200FFFFF */
#define PERIPH_BASE   0x40000000U
#define PERIPH_BB     0x42000000U /* bit-band alias of 0x40000000-0x400FFFFF */
#define BB_ALIAS_SIZE 0x02000000U
#define PPB_BASE      0xE0000000U /* private peripheral bus: the core's own registers */
#define PPB_END       0xE00FFFFFU

enum memory_kind {
    MEMORY_FLASH,
    MEMORY_SYSTEM,
    MEMORY_OTP,
    MEMORY_OPTION,
    MEMORY_CCM,
    MEMORY_SRAM,
    MEMORY_KINDS
};

struct memory {
    uint32_t base, size;
    uint8_t *bytes;
};

struct twin_bus {
    struct memory memory[MEMORY_KINDS];
    struct twin_periph *periph; /* sorted by base */
    size_t periph_count, periph_room;
    struct twin_periph *last; /* found last: polling finds it again */
    bool write_failed;        /* twin_bus_error was called in the write under way */
    enum twin_master master;  /* whose write it is */
};

/* The memory that holds all of [addr, addr+len), NULL if none does. */
struct memory *bus_memory(struct twin *t, uint32_t addr, size_t len);
/* The peripheral at addr, NULL if none is. */
struct twin_periph *bus_periph(struct twin *t, uint32_t addr);
/* Accesses to peripherals of any master, bit-band aliases not included. */
bool bus_periph_read(struct twin *t, uint32_t addr, unsigned width, uint32_t *value);
bool bus_periph_write(struct twin *t, uint32_t addr, unsigned width, uint32_t value);

uint32_t load_le(const uint8_t *p, unsigned width);
void store_le(uint8_t *p, unsigned width, uint32_t value);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the bootloader offers to a running application: a table of functions at a fixed address
 * (FORMAT.md, "Services"). The functions run from the bootloader's flash on the caller's stack (at
 * most SERVICES_STACK bytes), keep no state but what the caller hands in, and touch only the flash
 * controller, OTP, the backup register, and the independent watchdog, which they reload. While
 * flash is busy, every fetch from flash waits: up to 2 s for an erase, 100 us for a word,
 * interrupts included, and nobody reloads a watchdog. One that is shorter resets the chip in the
 * middle; the independent one needs 3 s by its nominal clock, which may be half as fast again. One
 * caller at a time, privileged, flash and system memory not barred by an MPU region. They return 0
 * or an enum reason.
 */
#ifndef ARAREXT_SERVICES_H
#define ARAREXT_SERVICES_H

#include <stdint.h>

#define SERVICES_ADDR    0x08000040u /* behind the bootloader's vectors */
#define SERVICES_MAGIC   0x53585241u /* "ARXS" */
#define SERVICES_VERSION 1u          /* later versions append */
#define SERVICES_STACK   3072u

/* State of staging; the caller's, zeroed before the first begin. */
struct services_stage {
    uint32_t size, next;
    uint8_t slot;
};

struct services {
    uint32_t magic;
    uint16_t version;
    uint16_t size; /* of this table, bytes */
    /* GET_SLOTS' data (protocol.h, SLOTS_*). size is that of out; SLOTS_SIZE at least. */
    int (*report)(uint8_t *out, uint32_t size);
    int (*stage_begin)(struct services_stage *s, uint32_t size);
    int (*stage_write)(struct services_stage *s, uint32_t offset, const void *data, uint32_t len);
    /* Judges digest, signature, counter, identity; the content is unpacked at the next boot. */
    int (*stage_finish)(struct services_stage *s);
    int (*confirm)(void);
    int (*rollback)(void);
    /* The frames' CRC (PROTOCOL.md), from crc on. */
    uint32_t (*crc)(uint32_t crc, const uint8_t *data, uint32_t len);
    const char *bootloader_version; /* "0.2.0" */
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * CRC calculation unit, RM0090 section 4: polynomial 0x04C11DB7 over 32-bit words, start
 * 0xFFFFFFFF, no reflection, no final XOR; each word takes four AHB cycles, during which the bus is
 * held.
 *
 * Never calculates over anything but whole words, as the silicon does: a byte store is reported,
 * and counts as the word that the core puts on the bus for it.
 */
#include "internal.h"
#include "reg.h"

#include <stdlib.h>

enum { CRC_DR = 0x00, CRC_IDR = 0x04, CRC_CR = 0x08 };
enum { CRC_BASE = 0x40023000, CRC_SIZE = 0x400, CRC_CYCLES = 4 };

struct crc {
    uint32_t dr;
    uint8_t idr;
};

static uint32_t crc_word(uint32_t crc, uint32_t word)
{
    crc ^= word;
    for (unsigned bit = 0; bit < 32; bit++) {
        crc = (crc & 0x80000000u) != 0 ? (crc << 1) ^ 0x04C11DB7u : crc << 1;
    }
    return crc;
}

static uint32_t crc_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    const struct crc *crc = self;
    (void)t;
    switch (offset & ~3u) {
    case CRC_DR:
        return reg_extract(crc->dr, offset, width);
    case CRC_IDR:
        return reg_extract(crc->idr, offset, width);
    default:
        return 0; /* CR reads as 0: RESET is write-only */
    }
}

/* The unit holds the bus until it is done with a word, so that the next access always fits. A word
 * that DMA brings holds up DMA: an item takes more cycles than that anyway. */
static void crc_feed(struct twin *t, struct crc *crc, unsigned width, uint32_t value)
{
    if (width != 4) {
        twin_report(t, TWIN_REPORT_OTHER, CRC_BASE,
                    "CRC_DR written with %u bits; the unit takes whole words only", 8 * width);
    }
    crc->dr = crc_word(crc->dr, reg_repeat(width, value));
    if (twin_bus_writer(t) == TWIN_MASTER_CPU) {
        uint64_t cycles_ps = UINT64_C(1000000000000) * CRC_CYCLES / twin_hclk_hz(t);
        twin_cpu_stall_until_ps(t, twin_now_ps(t) + cycles_ps);
    }
}

static void crc_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct crc *crc = self;
    switch (offset & ~3u) {
    case CRC_DR:
        crc_feed(t, crc, width, value);
        break;
    case CRC_IDR:
        crc->idr = (uint8_t)reg_merge(crc->idr, offset, width, value);
        break;
    case CRC_CR:
        if ((reg_merge(0, offset, width, value) & 1) != 0) {
            crc->dr = UINT32_MAX;
        }
        break;
    default:
        break;
    }
}

static void crc_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct crc *crc = self;
    (void)t;
    (void)kind;
    crc->dr = UINT32_MAX;
    crc->idr = 0;
}

static void crc_destroy(struct twin *t, void *self)
{
    (void)t;
    free(self);
}

int twin_crc_create(struct twin *t)
{
    struct crc *crc = calloc(1, sizeof *crc);
    if (crc == NULL) {
        return TWIN_ERR_MEMORY;
    }
    crc_reset(t, crc, TWIN_RESET_POWER);
    twin_periph_add(t, &(struct twin_periph){
                           .name = "CRC",
                           .base = CRC_BASE,
                           .size = CRC_SIZE,
                           .enr = 0x30,
                           .enr_bit = 12,
                           .self = crc,
                           .read = crc_read,
                           .write = crc_write,
                           .reset = crc_reset,
                           .destroy = crc_destroy,
                       });
    return TWIN_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * The flash and OTP (RM0090 rev 19 section 3). It reads the error bits after each operation and
 * compares what it has done. It must never be handed an address of the bootloader's own sectors:
 * core checks that, and so does this driver. OTP is reached by flash_mark and flash_mark_otp only.
 *
 * What happens while the flash is busy is another matter: in bootloader mode that code runs from
 * SRAM (flash_ram.h); for services, where SRAM is the application's, from flash itself
 * (flash_service.h). ctx chooses: a struct flash_ops.
 */
#ifndef ARAREXT_FLASH_H
#define ARAREXT_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader.h"
#include "protocol.h"
#include "stm32f407.h"

struct flash_write {
    uint32_t addr; /* a multiple of unit, as is len */
    const uint8_t *data;
    uint32_t len;
    uint8_t unit; /* 1 or 4 */
    bool always;  /* also where flash reads so already */
};

/* Both return FLASH_SR as it was at the end: error bits, and BSY if the operation took longer than
 * its limit. Flash is not busy then. */
struct flash_ops {
    /* Runs the erase that cr describes (FLASH_CR without STRT). */
    uint32_t (*erase)(uint32_t cr, uint32_t limit_us);
    /* Programs unit by unit; stops at the first error. limit_us is for one unit. */
    uint32_t (*program)(const struct flash_write *w, uint32_t limit_us);
};
extern const struct flash_ops flash_from_ram;

/* Both caches may hold what flash held before. To be called after each change. */
void flash_flush_caches(void);

/* The functions of struct loader_hw and struct flash_hw; ctx is a const struct flash_ops. FLASH_CR
 * is afterwards as it was before, locked or not; from RAM it is always locked, but unlocked between
 * flash_begin and flash_program. */
void flash_read(void *ctx, uint32_t addr, void *data, size_t len);
enum reason flash_erase_sector(void *ctx, unsigned sector, uint32_t *detail);
enum reason flash_program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                          uint32_t *detail);
void flash_begin(void *ctx, uint32_t addr, const uint8_t *data,
                 size_t len); /* from RAM, else nothing */
enum reason flash_mark(void *ctx, uint32_t addr, uint32_t word, uint32_t *detail);
enum reason flash_mark_otp(void *ctx, uint32_t addr, uint8_t byte, uint32_t *detail);

/* Of struct loader_hw; ctx is not used. */
uint32_t flash_read_options(void *ctx); /* FLASH_OPTCR */
enum reason flash_program_options(void *ctx, uint16_t nwrp, enum loader_rdp rdp, uint32_t *detail);

/* What such a result of FLASH_SR means: FLASH_ERROR, FLASH_TIMEOUT or NONE; *detail = sr. */
enum reason flash_reason(uint32_t sr, uint32_t *detail);

#endif

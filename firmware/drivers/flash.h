/*
 * The flash (RM0090 rev 19 section 3). It erases and programs from code in SRAM, reads the error
 * bits after each operation and compares what it has done. It must never be handed an address of
 * the bootloader's own sectors: core checks that, and so does this driver.
 */
#ifndef ARAREXT_FLASH_H
#define ARAREXT_FLASH_H

#include <stddef.h>
#include <stdint.h>

#include "loader.h"
#include "protocol.h"

/* Both caches may hold what flash held before. To be called after each change. */
void flash_flush_caches(void);

/* The functions of struct loader_hw; ctx is not used. */
enum protocol_reason flash_erase_sector(void *ctx, unsigned sector, uint32_t *detail);
enum protocol_reason flash_program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                                   uint32_t *detail);
uint32_t flash_read_options(void *ctx); /* FLASH_OPTCR */
enum protocol_reason flash_program_options(void *ctx, uint16_t nwrp, enum loader_rdp rdp,
                                           uint32_t *detail);

#endif

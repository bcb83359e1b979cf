/* SPDX-License-Identifier: MIT */
/*
 * Where the sectors of an STM32F407's flash lie, from its size alone (RM0090 section 3.3, table 5).
 * Plain arithmetic: no access to the chip, no state. Used by the bootloader and by the host
 * library.
 */
#ifndef ARAREXT_GEOMETRY_H
#define ARAREXT_GEOMETRY_H

#include <stdint.h>

#define GEOMETRY_GROUPS 3u /* runs of sectors of one size */

/* The part that a flash size half-word (MAP_FLASH_KIB_ADDR) stands for: 1024 or 512. Anything that
 * is not 1024 counts as the smaller part, so that nothing behind its end is ever touched. */
uint32_t geometry_flash_kib(uint16_t raw);

/* In all of these flash_kib is 512 or 1024. */
uint32_t geometry_flash_end(uint32_t flash_kib);    /* first address behind the flash */
unsigned geometry_sector_count(uint32_t flash_kib); /* 8 or 12 */

/* First address of a sector; for the sector count itself, the end of the flash. */
uint32_t geometry_sector_addr(unsigned sector);
/* Size of a sector in bytes. */
uint32_t geometry_sector_size(unsigned sector);
/* The sector that holds addr, which must lie in flash. */
unsigned geometry_sector_at(uint32_t addr);

/* Group 0 to GEOMETRY_GROUPS - 1, from sector 0 on: how many sectors, and the size of one in KiB.
 */
void geometry_group(uint32_t flash_kib, unsigned group, uint8_t *count, uint16_t *kib);

#endif

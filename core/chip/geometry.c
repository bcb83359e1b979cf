/* SPDX-License-Identifier: MIT */
/* Sector arithmetic: four sectors of 16 KiB, one of 64 KiB, the rest of 128 KiB. */
#include "geometry.h"
#include "memory_map.h"

#define KIB          1024u
#define SMALL_COUNT  4u
#define SMALL_SIZE   (16u * KIB)
#define MIDDLE_SIZE  (64u * KIB)
#define LARGE_SIZE   (128u * KIB)
#define LARGE_FIRST  5u /* first sector of 128 KiB; it begins at one LARGE_SIZE */
#define PART_KIB_MAX (MAP_FLASH_SIZE_MAX / KIB)

uint32_t geometry_flash_kib(uint16_t raw)
{
    return raw == PART_KIB_MAX ? PART_KIB_MAX : PART_KIB_MAX / 2u;
}

uint32_t geometry_flash_end(uint32_t flash_kib)
{
    return MAP_FLASH_BASE + flash_kib * KIB;
}

unsigned geometry_sector_count(uint32_t flash_kib)
{
    return LARGE_FIRST - 1u + (unsigned)(flash_kib * KIB / LARGE_SIZE);
}

uint32_t geometry_sector_addr(unsigned sector)
{
    if (sector <= SMALL_COUNT) {
        return MAP_FLASH_BASE + sector * SMALL_SIZE;
    }
    return MAP_FLASH_BASE + (sector - LARGE_FIRST + 1u) * LARGE_SIZE;
}

uint32_t geometry_sector_size(unsigned sector)
{
    return geometry_sector_addr(sector + 1u) - geometry_sector_addr(sector);
}

unsigned geometry_sector_at(uint32_t addr)
{
    uint32_t offset = addr - MAP_FLASH_BASE;

    if (offset < SMALL_COUNT * SMALL_SIZE) {
        return (unsigned)(offset / SMALL_SIZE);
    }
    return LARGE_FIRST - 1u + (unsigned)(offset / LARGE_SIZE);
}

void geometry_group(uint32_t flash_kib, unsigned group, uint8_t *count, uint16_t *kib)
{
    static const struct {
        uint8_t first;
        uint8_t kib;
    } groups[GEOMETRY_GROUPS] = {{0, 16}, {SMALL_COUNT, 64}, {LARGE_FIRST, 128}};
    unsigned end =
        group + 1u < GEOMETRY_GROUPS ? groups[group + 1u].first : geometry_sector_count(flash_kib);

    *count = (uint8_t)(end - groups[group].first);
    *kib = groups[group].kib;
}

/* SPDX-License-Identifier: MIT */
/*
 * The sectors of a part: those known beforehand, and which of them holds an address.
 */
#include "geometry.h"
#include "session.h"

void sectors_set_default(struct ararext_info *info, uint16_t flash_kib)
{
    unsigned count = geometry_sector_count(flash_kib);
    info->sector_count = count;
    for (unsigned i = 0; i < count; i++) {
        info->sectors[i].addr = geometry_sector_addr(i);
        info->sectors[i].size = geometry_sector_size(i);
    }
}

int ararext_find_sector(const struct ararext_info *info, uint32_t addr)
{
    for (size_t i = 0; i < info->sector_count; i++) {
        if (addr >= info->sectors[i].addr && addr - info->sectors[i].addr < info->sectors[i].size) {
            return (int)i;
        }
    }
    return -1;
}

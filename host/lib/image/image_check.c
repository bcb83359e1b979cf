/* SPDX-License-Identifier: MIT */
/*
 * Whether an image belongs onto a board, decided before the board is touched: inside the
 * application area, off the bootloader, and with a vector table that the bootloader would start.
 */
#include "bytes.h"
#include "image.h" /* core: the rule that the bootloader itself applies */
#include "image_file.h"
#include "memory_map.h"

static int refuse_segment(const struct ararext_segment *seg, const struct ararext_info *info,
                          struct ararext_message *why)
{
    uint32_t last = seg->addr + (seg->len - 1);
    if (seg->addr < MAP_BOOT_BASE + MAP_BOOT_SIZE && last >= MAP_BOOT_BASE) {
        message_set(why,
                    "0x%08X-0x%08X touches the bootloader's sectors (0x%08X-0x%08X): link the "
                    "application for 0x%08X",
                    (unsigned)seg->addr, (unsigned)last, (unsigned)MAP_BOOT_BASE,
                    (unsigned)(MAP_BOOT_BASE + MAP_BOOT_SIZE - 1), (unsigned)info->app_base);
    } else if (seg->addr >= MAP_SRAM_BASE && seg->addr < MAP_SRAM_BASE + MAP_SRAM_SIZE) {
        message_set(why, "0x%08X-0x%08X is SRAM: only flash keeps an application",
                    (unsigned)seg->addr, (unsigned)last);
    } else {
        message_set(why,
                    "0x%08X-0x%08X is not inside the application area 0x%08X-0x%08X of this part",
                    (unsigned)seg->addr, (unsigned)last, (unsigned)info->app_base,
                    (unsigned)(info->app_end - 1));
    }
    return ARAREXT_ERR_IMAGE;
}

static bool image_has(const struct ararext_image *image, uint32_t addr, uint32_t len)
{
    for (size_t i = 0; i < image->count; i++) {
        const struct piece *p = &image->pieces[i];
        if (addr >= p->addr && addr - p->addr < p->len && p->len - (addr - p->addr) >= len) {
            return true;
        }
    }
    return false;
}

static int check_vectors(const struct ararext_image *image, const struct ararext_info *info,
                         struct ararext_message *why)
{
    uint8_t words[8];
    if (!image_has(image, info->app_base, sizeof words)) {
        message_set(why,
                    "the image has nothing at 0x%08X, where the bootloader looks for the "
                    "application's vector table",
                    (unsigned)info->app_base);
        return ARAREXT_ERR_IMAGE;
    }
    ararext_image_get(image, info->app_base, words, sizeof words);
    uint32_t stack = load_le32(words), reset = load_le32(words + 4);
    uint32_t flash_end = MAP_FLASH_BASE + info->flash_kib * 1024u;
    bool in_flash = reset >= MAP_FLASH_BASE && reset < flash_end;
    if (!image_vectors_plausible(stack, reset, flash_end)) {
        message_set(why,
                    "the image does not start with a vector table: stack pointer 0x%08X, reset "
                    "handler 0x%08X cannot be an application's",
                    (unsigned)stack, (unsigned)reset);
        return ARAREXT_ERR_IMAGE;
    }
    if (in_flash && !image_has(image, reset & ~1u, 2)) {
        message_set(why, "the reset handler 0x%08X is not in the image", (unsigned)reset);
        return ARAREXT_ERR_IMAGE;
    }
    return ARAREXT_OK;
}

int ararext_image_check(const struct ararext_image *image, const struct ararext_info *info,
                        bool any_content, struct ararext_message *why)
{
    message_set(why, "%s", "");
    for (size_t i = 0; i < image->count; i++) {
        struct ararext_segment seg = ararext_image_segment(image, i);
        if (seg.addr < info->app_base || seg.addr >= info->app_end ||
            seg.len > info->app_end - seg.addr) {
            return refuse_segment(&seg, info, why);
        }
    }
    return any_content ? ARAREXT_OK : check_vectors(image, info, why);
}

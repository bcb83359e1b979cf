/* SPDX-License-Identifier: MIT */
/*
 * Whether an image belongs onto a board, decided before the board is touched: inside the
 * application area, off the bootloader, and with a vector table that an application has.
 */
#include <stdlib.h>

#include "bytes.h"
#include "image.h" /* core: the rule that the bootloader itself applies */
#include "image_file.h"
#include "memory_map.h"
#include "vectors.h"

/* Memories that keep no application, and how they are called. */
static const struct {
    uint32_t base, size;
    const char *text;
} PLACES[] = {
    {MAP_SRAM_BASE, MAP_SRAM_SIZE,
     "SRAM: only flash keeps an application (.data is kept in flash "
     "with AT > FLASH in the linker script)"},
    {MAP_CCM_BASE, MAP_CCM_SIZE,
     "CCM: only flash keeps an application (.data is kept in flash "
     "with AT > FLASH in the linker script)"},
    {MAP_OTP_BASE, MAP_OTP_SIZE + MAP_OTP_LOCK_SIZE, "OTP, which the bootloader never writes"},
    {MAP_OPTION_BASE, MAP_OPTION_SIZE,
     "the option bytes, which a file never sets: see 'ararext "
     "protect'"},
    {0, MAP_FLASH_SIZE_MAX,
     "below flash: addresses from 0 are no place on this chip, link the "
     "application for 0x08008000"},
};

/* Whether an application begins at its place behind a bootloader. */
static bool is_merged(const struct ararext_image *image, const struct ararext_info *info)
{
    uint8_t words[8];
    ararext_image_get(image, info->app_base, words, sizeof words);
    return image_has(image, info->app_base, sizeof words) &&
           image_vectors_plausible(load_le32(words), load_le32(words + 4), info->app_end);
}

static int refuse_bootloader(const struct ararext_image *image, const struct ararext_segment *seg,
                             const struct ararext_info *info, struct ararext_message *why)
{
    uint32_t last = seg->addr + (seg->len - 1);
    if (is_merged(image, info)) {
        message_set(why,
                    "0x%08X-0x%08X: there is a bootloader in this file, beside the application at "
                    "0x%08X: with --skip-bootloader that alone is taken",
                    (unsigned)seg->addr, (unsigned)last, (unsigned)info->app_base);
    } else {
        message_set(why,
                    "0x%08X-0x%08X touches the bootloader's sectors (0x%08X-0x%08X): link the "
                    "application for 0x%08X",
                    (unsigned)seg->addr, (unsigned)last, (unsigned)MAP_BOOT_BASE,
                    (unsigned)(MAP_BOOT_BASE + MAP_BOOT_SIZE - 1), (unsigned)info->app_base);
    }
    return ARAREXT_ERR_IMAGE;
}

static int refuse_segment(const struct ararext_image *image, const struct ararext_segment *seg,
                          const struct ararext_info *info, struct ararext_message *why)
{
    uint32_t last = seg->addr + (seg->len - 1);
    if (seg->addr < MAP_BOOT_BASE + MAP_BOOT_SIZE && last >= MAP_BOOT_BASE) {
        return refuse_bootloader(image, seg, info, why);
    }
    if (seg->addr >= info->app_base && seg->addr < info->app_end) {
        message_set(
            why, "too large by %u byte%s: 0x%08X-0x%08X, and the application area ends at 0x%08X",
            (unsigned)(last - (info->app_end - 1)), last - (info->app_end - 1) == 1 ? "" : "s",
            (unsigned)seg->addr, (unsigned)last, (unsigned)(info->app_end - 1));
        return ARAREXT_ERR_IMAGE;
    }
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        if (seg->addr - PLACES[i].base < PLACES[i].size) {
            message_set(why, "0x%08X-0x%08X is %s", (unsigned)seg->addr, (unsigned)last,
                        PLACES[i].text);
            return ARAREXT_ERR_IMAGE;
        }
    }
    message_set(why, "0x%08X-0x%08X is not inside the application area 0x%08X-0x%08X of this part",
                (unsigned)seg->addr, (unsigned)last, (unsigned)info->app_base,
                (unsigned)(info->app_end - 1));
    return ARAREXT_ERR_IMAGE;
}

static int check_vectors(const struct ararext_image *image, const struct ararext_info *info,
                         struct ararext_message *why)
{
    struct ararext_segment last = image->segments[image->segment_count - 1];
    size_t len = last.addr - info->app_base + last.len;
    if (!image_has(image, info->app_base, 1)) {
        message_set(why,
                    "the image has nothing at 0x%08X, where the bootloader looks for the "
                    "application's vector table",
                    (unsigned)info->app_base);
        return ARAREXT_ERR_IMAGE;
    }
    uint8_t *content = malloc(len);
    if (content == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    ararext_image_get(image, info->app_base, content, len);
    int rc = vectors_check(content, len, why);
    free(content);
    return rc;
}

int ararext_image_check(const struct ararext_image *image, const struct ararext_info *info,
                        bool any_content, struct ararext_message *why)
{
    message_set(why, "%s", "");
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct ararext_segment *seg = &image->segments[i];
        if (seg->addr < info->app_base || seg->addr >= info->app_end ||
            seg->len > info->app_end - seg->addr) {
            return refuse_segment(image, seg, info, why);
        }
    }
    return any_content ? ARAREXT_OK : check_vectors(image, info, why);
}

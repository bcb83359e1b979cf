/* SPDX-License-Identifier: MIT */
/*
 * Compares flash with what it should hold, by MEM_CRC. Reads only.
 */
#include "flash_compare.h"

int flash_range_holds(struct ararext_session *s, const struct range *r, bool *holds)
{
    *holds = true;
    for (uint32_t at = 0; *holds && at < r->len; at += CRC_STEP) {
        uint32_t len = r->len - at < CRC_STEP ? r->len - at : CRC_STEP;
        uint32_t crc = 0;
        int rc = ararext_get_crc(s, r->addr + at, len, &crc);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        *holds = crc == ararext_crc(0xFFFFFFFFu, r->data + at, len);
    }
    return ARAREXT_OK;
}

int flash_sector_holds(struct ararext_session *s, const struct ararext_image *image,
                       const struct ararext_sector *sector, bool *holds)
{
    *holds = true;
    for (size_t i = 0; *holds && i < ararext_image_segment_count(image); i++) {
        struct range r = image_clip(image, i, sector->addr, sector->addr + sector->size);
        int rc = flash_range_holds(s, &r, holds);
        if (rc != ARAREXT_OK) {
            return rc;
        }
    }
    return ARAREXT_OK;
}

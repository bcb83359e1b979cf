/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: what flash holds, asked by MEM_CRC. Not installed.
 */
#ifndef ARAREXT_FLASH_COMPARE_H
#define ARAREXT_FLASH_COMPARE_H

#include "image_part.h"
#include "session.h"

enum { CRC_STEP = 64 * 1024 }; /* bytes of one MEM_CRC, for progress */

/* Whether flash holds the range's bytes. */
ARAREXT_CHECKED int flash_range_holds(struct ararext_session *s, const struct range *r,
                                      bool *holds);
/* Whether a sector holds what the image has there. */
ARAREXT_CHECKED int flash_sector_holds(struct ararext_session *s, const struct ararext_image *image,
                                       const struct ararext_sector *sector, bool *holds);

#endif

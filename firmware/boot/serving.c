/* SPDX-License-Identifier: MIT */
/* The serving half, unpacked. What it is unpacked from is made by link/link_packed.py. */
#include "serving.h"

#include "bytes.h"
#include "crc.h"
#include "crc_unit.h"
#include "link.h"
#include "memory_map.h"
#include "unpack.h"

#define SERVING_PROBS (3968u + 1536u * 2u) /* lc + lp is 1 (link/link_packed.py) */

struct serving_packed {
    uint32_t crc;
    uint32_t words;    /* of code */
    uint8_t payload[]; /* as in a package */
};

extern const struct serving_packed link_packed_start;
extern const uint8_t link_packed_end[];

_Static_assert(LINK_SERVING_WORK == MAP_FREE_SRAM_BASE + MAP_FREE_SRAM_SIZE,
               "free SRAM ends there");
_Static_assert(offsetof(struct unpack_memory, probs) + SERVING_PROBS <=
                   LINK_SERVING_BASE - LINK_SERVING_WORK,
               "the unpacker's memory, as far as it is used");

/* Its place is the dictionary, too: nothing goes round in it, and there the content stays. */
static enum reason serving_leave(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return REASON_NONE;
}

void serving_unpack(void)
{
    const struct serving_packed *packed = &link_packed_start;
    uint8_t *place = (uint8_t *)LINK_SERVING_BASE;
    size_t len = WORD_SIZE * packed->words;
    struct unpack u = {.sink = serving_leave};

    unpack_init(&u, (struct unpack_memory *)LINK_SERVING_WORK, place, len, false);
    (void)unpack_add(&u, packed->payload, (size_t)(link_packed_end - packed->payload));
    unpack_thumb(place, len);
}

bool serving_is_whole(void)
{
    crc_unit_start();
    return crc_words((const uint8_t *)LINK_SERVING_BASE, link_packed_start.words) ==
           link_packed_start.crc;
}

/* SPDX-License-Identifier: MIT */
/*
 * The compressed payload of a package, with liblzma: raw LZMA2 behind two bytes of head (FORMAT.md,
 * "The compressed payload"). Packing tries the settings that suit machine code and keeps the
 * smallest result; the same input always gives the same bytes.
 */
#include "package_internal.h"

#include <stdlib.h>
#include <string.h>

#include <lzma.h>

enum {
    SPARE = 1024,     /* of what LZMA2 adds where nothing can be compressed */
    SPARE_SHIFT = 10, /* and that part of the input */
};

/* lc, lp, pb: Thumb code is of halfwords, constant tables of words. liblzma allows lc + lp <= 4. */
static const struct {
    uint8_t lc, lp, pb;
} SETTINGS[] = {
    {3, 0, 2}, {3, 0, 1}, {3, 1, 1}, {2, 1, 1}, {1, 1, 1}, {0, 1, 1}, {2, 2, 2},
    {1, 2, 2}, {0, 2, 2}, {3, 1, 2}, {2, 1, 2}, {4, 0, 0}, {3, 0, 0}, {2, 0, 0},
};
enum { SETTING_COUNT = sizeof SETTINGS / sizeof SETTINGS[0] };

uint32_t payload_dictionary(uint8_t byte)
{
    /* As in .xz: 2 or 3 times a power of two, up to 4 GiB - 1, which nobody wants here. */
    return byte < 40 ? (uint32_t)(2u | (byte & 1u)) << (byte / 2u + 11u) : 0;
}

/* The smallest power of two that holds it all, within what a board has. */
static uint8_t dictionary_byte(size_t len)
{
    uint8_t byte = 0;
    while (byte < PAYLOAD_DICTIONARY_BYTE_MAX && payload_dictionary(byte) < len) {
        byte = (uint8_t)(byte + 2);
    }
    return byte;
}

static void set_chain(lzma_filter chain[3], lzma_options_lzma *options, bool thumb)
{
    size_t n = 0;
    if (thumb) {
        chain[n++] = (lzma_filter){.id = LZMA_FILTER_ARMTHUMB, .options = NULL};
    }
    chain[n++] = (lzma_filter){.id = LZMA_FILTER_LZMA2, .options = options};
    chain[n] = (lzma_filter){.id = LZMA_VLI_UNKNOWN, .options = NULL};
}

struct packed {
    uint8_t *data; /* owned */
    size_t len;    /* before: the room */
};

/* One way to compress. */
static bool compress(const uint8_t *content, size_t len, size_t setting, bool thumb,
                     struct packed *out)
{
    lzma_options_lzma options;
    lzma_filter chain[3];
    uint8_t *to = malloc(out->len);
    size_t used = PAYLOAD_LZMA2_HEAD;
    uint8_t byte = dictionary_byte(len);
    bool good = to != NULL && !lzma_lzma_preset(&options, 9 | LZMA_PRESET_EXTREME);
    if (good) {
        options.dict_size = payload_dictionary(byte);
        options.lc = SETTINGS[setting].lc;
        options.lp = SETTINGS[setting].lp;
        options.pb = SETTINGS[setting].pb;
        set_chain(chain, &options, thumb);
        to[0] = byte;
        to[1] = (uint8_t)((options.pb * 5 + options.lp) * 9 + options.lc);
        good = lzma_raw_buffer_encode(chain, NULL, content, len, to, &used, out->len) == LZMA_OK;
    }
    if (!good) {
        free(to);
        return false;
    }
    out->data = to;
    out->len = used;
    return true;
}

static int compress_best(const uint8_t *content, size_t len, size_t settings, struct packed *best,
                         enum ararext_packing *packing)
{
    *best = (struct packed){0};
    for (size_t i = 0; i < 2 * settings; i++) {
        bool thumb = i % 2 == 0;
        struct packed one = {.len = len + (len >> SPARE_SHIFT) + SPARE};
        if (!compress(content, len, i / 2, thumb, &one)) {
            free(best->data);
            *best = (struct packed){0};
            return ARAREXT_ERR_MEMORY;
        }
        if (best->data != NULL && one.len >= best->len) {
            free(one.data);
            continue;
        }
        free(best->data);
        *best = one;
        *packing = thumb ? ARAREXT_LZMA2_THUMB : ARAREXT_LZMA2;
    }
    return ARAREXT_OK;
}

int payload_compress(const uint8_t *content, size_t len, uint8_t **out, size_t *out_len,
                     enum ararext_packing *packing)
{
    struct packed best;
    int rc = compress_best(content, len, SETTING_COUNT, &best, packing);
    *out = best.data;
    *out_len = best.len;
    return rc;
}

int payload_compress_quickly(const uint8_t *content, size_t len, uint8_t **out, size_t *out_len,
                             enum ararext_packing *packing)
{
    struct packed best;
    int rc = compress_best(content, len, 1, &best, packing);
    *out = best.data;
    *out_len = best.len;
    return rc;
}

int payload_unpack(const uint8_t *payload, size_t payload_len, enum ararext_packing packing,
                   uint8_t *content, size_t len)
{
    lzma_options_lzma options = {0};
    lzma_filter chain[3];
    size_t from = PAYLOAD_LZMA2_HEAD, to = 0;
    if (packing == ARAREXT_PLAIN) {
        if (payload_len != len) {
            return ARAREXT_ERR_FORMAT;
        }
        memcpy(content, payload, len);
        return ARAREXT_OK;
    }
    /* No match reaches further back than the content's beginning: that much is always enough. */
    uint32_t asked = payload_dictionary(payload[0]);
    options.dict_size = asked > ARAREXT_CONTENT_MAX ? ARAREXT_CONTENT_MAX : asked;
    set_chain(chain, &options, packing == ARAREXT_LZMA2_THUMB);
    lzma_ret rc =
        lzma_raw_buffer_decode(chain, NULL, payload, &from, payload_len, content, &to, len);
    if (rc == LZMA_MEM_ERROR) {
        return ARAREXT_ERR_MEMORY;
    }
    return rc == LZMA_OK && from == payload_len && to == len ? ARAREXT_OK : ARAREXT_ERR_FORMAT;
}

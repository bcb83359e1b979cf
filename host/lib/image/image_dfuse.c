/* SPDX-License-Identifier: MIT */
/*
 * DfuSe (ST, UM0391, "DfuSe file format specification"): targets made of elements with addresses,
 * and the suffix of USB's DFU class with a CRC over all of it. Only target 0 is flash.
 */
#include "image_file.h"

#include <string.h>

#include "bytes.h"

enum {
    PREFIX_SIZE = 11,
    TARGET_SIZE = 274,
    ELEMENT_SIZE = 8,
    SUFFIX_SIZE = 16,
    TARGET_ALTERNATE = 6,
    TARGET_ELEMENTS = 270,
};

static int bad(const struct source *src, const char *what)
{
    message_set(src->why, "%s: %s", src->name, what);
    return ARAREXT_ERR_FORMAT;
}

/* The CRC-32 of zlib, without its last complement. */
static uint32_t suffix_crc(const uint8_t *data, size_t len)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return crc;
}

/* The elements of the target at *at, which goes behind it; flash alone is taken. */
static int take_target(struct ararext_image *image, const struct source *src, size_t end,
                       size_t *at)
{
    static const char cut_off[] = "a part of this DfuSe file is missing (cut off?)";
    const uint8_t *target = src->data + *at;
    if (end - *at < TARGET_SIZE || memcmp(target, "Target", 6) != 0) {
        return bad(src, cut_off);
    }
    uint32_t count = load_le32(target + TARGET_ELEMENTS);
    *at += TARGET_SIZE;
    for (uint32_t i = 0; i < count; i++) {
        if (end - *at < ELEMENT_SIZE) {
            return bad(src, cut_off);
        }
        uint32_t addr = load_le32(src->data + *at), len = load_le32(src->data + *at + 4);
        *at += ELEMENT_SIZE;
        if (len > end - *at) {
            return bad(src, cut_off);
        }
        int rc = target[TARGET_ALTERNATE] == 0 ? image_add(image, addr, src->data + *at, len, 0)
                                               : ARAREXT_OK;
        if (rc != ARAREXT_OK) {
            return rc == ARAREXT_ERR_FORMAT
                       ? bad(src, "an element runs over the end of the address space")
                       : rc;
        }
        *at += len;
    }
    return ARAREXT_OK;
}

int image_parse_dfuse(struct ararext_image *image, const struct source *src)
{
    if (src->len < PREFIX_SIZE + SUFFIX_SIZE) {
        return bad(src, "a part of this DfuSe file is missing (cut off?)");
    }
    size_t end = src->len - SUFFIX_SIZE, at = PREFIX_SIZE;
    if (memcmp(src->data + end + 8, "UFD", 3) != 0) {
        return bad(src, "the suffix of this DfuSe file is missing (cut off?)");
    }
    if (suffix_crc(src->data, src->len - 4) != load_le32(src->data + src->len - 4)) {
        return bad(src, "the CRC of this DfuSe file is wrong: it is damaged");
    }
    int rc = ARAREXT_OK;
    for (unsigned i = 0; rc == ARAREXT_OK && i < src->data[PREFIX_SIZE - 1]; i++) {
        rc = take_target(image, src, end, &at);
    }
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Intel HEX (Intel, "Hexadecimal Object File Format Specification", revision A, 1988): records
 * ":LLAAAATT data CC" of types 00 to 05. A file without its end record counts as cut off.
 */
#include "image_file.h"

enum {
    HEX_DATA = 0,
    HEX_END = 1,
    HEX_SEGMENT = 2, /* base = value * 16, offsets are 16 bits */
    HEX_START_SEGMENT = 3,
    HEX_LINEAR = 4, /* base = value * 65536 */
    HEX_START_LINEAR = 5,
    HEX_BYTES_MAX = 4 + 255 + 1,
};

/* Length of the data of the types that have a fixed one. */
static const int FIXED_LEN[] = {[HEX_END] = 0,
                                [HEX_SEGMENT] = 2,
                                [HEX_START_SEGMENT] = 4,
                                [HEX_LINEAR] = 2,
                                [HEX_START_LINEAR] = 4};

struct hex_state {
    uint32_t base;
    bool segmented;
};

/* Decodes the current line into bytes (LL AA AA TT data) and checks all that can be checked alone.
 */
static int read_record(const struct lines *l, uint8_t bytes[HEX_BYTES_MAX])
{
    if (l->text[0] != ':') {
        return lines_error(l, "a record has to start with ':'");
    }
    int n = lines_hex(l, 1, bytes, HEX_BYTES_MAX);
    if (n < 5) {
        return lines_error(l, n < 0 ? "not a record of hex digits" : "record is too short");
    }
    if (n != bytes[0] + 5) {
        return lines_error(l, "record has %d bytes of data, its length says %d", n - 5, bytes[0]);
    }
    unsigned sum = 0;
    for (int i = 0; i < n - 1; i++) {
        sum += bytes[i];
    }
    unsigned want = (0x100u - (sum & 0xFFu)) & 0xFFu;
    if (want != bytes[n - 1]) {
        return lines_error(l, "checksum is %02X, should be %02X", bytes[n - 1], want);
    }
    if (bytes[3] > HEX_START_LINEAR) {
        return lines_error(l, "record type %02X does not exist", bytes[3]);
    }
    if (bytes[3] != HEX_DATA && bytes[0] != FIXED_LEN[bytes[3]]) {
        return lines_error(l, "record of type %02X has %d bytes of data, should have %d", bytes[3],
                           bytes[0], FIXED_LEN[bytes[3]]);
    }
    return ARAREXT_OK;
}

static int take_data(struct ararext_image *image, const struct lines *l,
                     const struct hex_state *state, const uint8_t *bytes)
{
    uint32_t offset = (uint32_t)bytes[1] << 8 | bytes[2];
    if (state->segmented && offset + bytes[0] > 0x10000u) {
        return lines_error(l, "data runs over the end of its 64 KiB segment");
    }
    int rc = image_add(image, state->base + offset, bytes + 4, bytes[0], l->number);
    if (rc == ARAREXT_ERR_FORMAT) {
        return lines_error(l, "data runs over the end of the address space");
    }
    return rc;
}

static int take_record(struct ararext_image *image, struct lines *l, void *ctx)
{
    struct hex_state *state = ctx;
    uint8_t bytes[HEX_BYTES_MAX] = {0};
    int rc = read_record(l, bytes);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    uint32_t value = (uint32_t)bytes[4] << 8 | bytes[5];
    switch (bytes[3]) {
    case HEX_DATA:
        return take_data(image, l, state, bytes);
    case HEX_END:
        l->ended = true;
        break;
    case HEX_SEGMENT:
    case HEX_LINEAR:
        state->segmented = bytes[3] == HEX_SEGMENT;
        state->base = state->segmented ? value << 4 : value << 16;
        break;
    default: /* start addresses: the vector table says where to start */
        break;
    }
    return ARAREXT_OK;
}

int image_parse_hex(struct ararext_image *image, const struct source *src)
{
    struct hex_state state = {0};
    return lines_records(image, src, take_record, &state);
}

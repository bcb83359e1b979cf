/* SPDX-License-Identifier: MIT */
/*
 * Motorola S-records: S0 header, S1/S2/S3 data with 16, 24 or 32 bits of address, S5/S6 number of
 * data records, S7/S8/S9 end. A file with neither an end record nor the right number of data
 * records at its end counts as cut off.
 */
#include "image_file.h"

enum { SREC_BYTES_MAX = 256 };

struct srec_state {
    uint32_t data_records;
};

/* Bytes of address of S0 to S9; 0 = the type does not exist. */
static const int ADDR_LEN[10] = {2, 2, 3, 4, 0, 2, 3, 4, 3, 2};

/* Decodes the current line into bytes (count, address, data, checksum); returns the type in *type.
 */
static int read_record(const struct lines *l, uint8_t bytes[SREC_BYTES_MAX], int *type)
{
    if (l->len < 2 || (l->text[0] != 'S' && l->text[0] != 's') || l->text[1] < '0' ||
        l->text[1] > '9') {
        return lines_error(l, "a record has to start with 'S' and a digit");
    }
    *type = l->text[1] - '0';
    if (ADDR_LEN[*type] == 0) {
        return lines_error(l, "record type S%d does not exist", *type);
    }
    int n = lines_hex(l, 2, bytes, SREC_BYTES_MAX);
    if (n < 1) {
        return lines_error(l, n < 0 ? "not a record of hex digits" : "record is too short");
    }
    if (n != bytes[0] + 1 || bytes[0] < ADDR_LEN[*type] + 1) {
        return lines_error(l, "record has %d bytes, its count says %d", n - 1, bytes[0]);
    }
    unsigned sum = 0;
    for (int i = 0; i < n - 1; i++) {
        sum += bytes[i];
    }
    unsigned want = ~sum & 0xFFu;
    if (want != bytes[n - 1]) {
        return lines_error(l, "checksum is %02X, should be %02X", bytes[n - 1], want);
    }
    return ARAREXT_OK;
}

static int take_record(struct ararext_image *image, struct lines *l, void *ctx)
{
    struct srec_state *state = ctx;
    uint8_t bytes[SREC_BYTES_MAX] = {0};
    int type = 0;
    int rc = read_record(l, bytes, &type);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    uint32_t addr = 0;
    for (int i = 1; i <= ADDR_LEN[type]; i++) {
        addr = addr << 8 | bytes[i];
    }
    if (type >= 1 && type <= 3) {
        size_t len = (size_t)(bytes[0] - ADDR_LEN[type] - 1);
        state->data_records++;
        l->whole = false;
        rc = image_add(image, addr, bytes + 1 + ADDR_LEN[type], len, l->number);
        return rc == ARAREXT_ERR_FORMAT
                   ? lines_error(l, "data runs over the end of the address space")
                   : rc;
    }
    uint32_t mask = type == 5 ? 0xFFFFu : 0xFFFFFFu;
    if ((type == 5 || type == 6) && addr != (state->data_records & mask)) {
        return lines_error(l, "the file says it has %u data records, %u came", (unsigned)addr,
                           (unsigned)state->data_records);
    }
    l->whole = type == 5 || type == 6;
    l->ended = type >= 7;
    return ARAREXT_OK;
}

int image_parse_srec(struct ararext_image *image, const struct source *src)
{
    struct srec_state state = {0};
    return lines_records(image, src, take_record, &state);
}

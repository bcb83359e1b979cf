/* SPDX-License-Identifier: MIT */
/*
 * Frames of both dialects, written from PROTOCOL.md alone for the tests. It must never use core/.
 */
#include "wire.h"

#include <string.h>

uint32_t wire_crc(const uint8_t *data, size_t n)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < n; i++) {
        crc ^= data[i]; /* a byte in a word: it meets the low end of the register, not the top */
        for (int bit = 0; bit < 32; bit++) {
            crc = (crc & 0x80000000u) != 0 ? (crc << 1) ^ 0x04C11DB7u : crc << 1;
        }
    }
    return crc;
}

void wire_put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

void wire_put32(uint8_t *p, uint32_t value)
{
    wire_put16(p, value);
    wire_put16(p + 2, value >> 16);
}

uint32_t wire_get16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

uint32_t wire_get32(const uint8_t *p)
{
    return wire_get16(p) | wire_get16(p + 2) << 16;
}

size_t wire_request(uint8_t out[WIRE_FRAME_MAX], enum wire_dialect dialect, unsigned command,
                    const uint8_t *payload, size_t n)
{
    size_t counted = 1 + n + (dialect == WIRE_COURSE ? 4u : 0u);
    out[0] = (uint8_t)counted;
    out[1] = (uint8_t)command;
    if (n > 0) {
        memcpy(out + 2, payload, n);
    }
    wire_put32(out + 2 + n, wire_crc(out, 2 + n));
    return 2 + n + 4;
}

size_t wire_success(uint8_t out[WIRE_ANSWER_MAX], enum wire_dialect dialect, unsigned command,
                    const uint8_t *data, size_t n)
{
    size_t at = 0;
    out[at++] = 0xA5;
    if (dialect == WIRE_NATIVE) {
        out[at++] = (uint8_t)command;
    }
    out[at++] = (uint8_t)n;
    if (n > 0) {
        memcpy(out + at, data, n);
    }
    return at + n;
}

int wire_answers_status(unsigned command)
{
    return command == GO_TO_ADDR || command == FLASH_ERASE || command == MEM_WRITE ||
           command == EN_RW_PROTECT || command == DIS_R_W_PROTECT || command == RESET;
}

size_t wire_write_payload(uint8_t out[255], uint32_t addr, const void *data, size_t n)
{
    wire_put32(out, addr);
    out[4] = (uint8_t)n;
    if (n > 0) {
        memcpy(out + 5, data, n);
    }
    return 5 + n;
}

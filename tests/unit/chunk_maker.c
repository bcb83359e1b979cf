/* SPDX-License-Identifier: MIT */
/* Chunks of LZMA2 with literals only, by an encoder of LZMA that follows every reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chunk_maker.h"
#include "seeded.h"

#define LITERAL 0x300u

struct bytes stream;
struct bytes content;
struct bytes packed;

void put(struct bytes *to, const void *data, size_t len)
{
    assert_true(len <= ROOM - to->len);
    memcpy(to->data + to->len, data, len);
    to->len += len;
}

void put_byte(struct bytes *to, uint32_t value)
{
    uint8_t byte = (uint8_t)value;
    put(to, &byte, 1);
}

/* LZMA's encoder, for literals only. */
static struct {
    uint64_t low;
    uint64_t pending;
    uint32_t range;
    uint32_t pos; /* in the dictionary */
    uint8_t cache;
    uint8_t before;
    uint8_t lc, lp, pb;
    uint16_t is_match[32];
    uint16_t literals[LITERAL << 4];
} encoder;

static void shift_low(void)
{
    if (encoder.low < 0xFF000000u || encoder.low > UINT32_MAX) {
        for (; encoder.pending > 0; encoder.pending--) {
            put_byte(&packed, encoder.cache + (uint32_t)(encoder.low >> 32));
            encoder.cache = 0xFF;
        }
        encoder.cache = (uint8_t)(encoder.low >> 24);
    }
    encoder.pending++;
    encoder.low = (encoder.low & 0xFFFFFFu) << 8;
}

static void encode_bit(uint16_t *prob, uint32_t bit)
{
    uint32_t bound = (encoder.range >> 11) * *prob;
    if (bit == 0) {
        encoder.range = bound;
        *prob = (uint16_t)(*prob + ((2048 - *prob) >> 5));
    } else {
        encoder.low += bound;
        encoder.range -= bound;
        *prob = (uint16_t)(*prob - (*prob >> 5));
    }
    for (; encoder.range < 1u << 24; encoder.range <<= 8) {
        shift_low();
    }
}

static void encode_literal(uint8_t value)
{
    uint32_t context = (encoder.pos & ((1u << encoder.lp) - 1)) << encoder.lc;
    context += (uint32_t)encoder.before >> (8 - encoder.lc);
    uint16_t *probs = encoder.literals + context * LITERAL;
    encode_bit(&encoder.is_match[encoder.pos & ((1u << encoder.pb) - 1)], 0);
    for (uint32_t node = 1, bit = 8; bit-- > 0;) {
        uint32_t one = (uint32_t)value >> bit & 1u;
        encode_bit(probs + node, one);
        node = node << 1 | one;
    }
    encoder.pos++;
    encoder.before = value;
}

static void encoder_reset_state(void)
{
    for (size_t i = 0; i < sizeof encoder.is_match / sizeof encoder.is_match[0]; i++) {
        encoder.is_match[i] = 1024;
    }
    for (size_t i = 0; i < sizeof encoder.literals / sizeof encoder.literals[0]; i++) {
        encoder.literals[i] = 1024;
    }
}

static void encoder_start(void)
{
    encoder.low = 0;
    encoder.pending = 1;
    encoder.range = UINT32_MAX;
    encoder.cache = 0;
    packed.len = 0;
}

void start(void)
{
    stream.len = 0;
    content.len = 0;
    encoder_reset_state();
    encoder.lc = 3;
    encoder.lp = 0;
    encoder.pb = 2;
}

static void put_sizes(uint32_t control, size_t unpacked)
{
    put_byte(&stream, control | (control >= 0x80 ? (uint32_t)(unpacked - 1) >> 16 : 0));
    put_byte(&stream, (uint32_t)(unpacked - 1) >> 8);
    put_byte(&stream, (uint32_t)(unpacked - 1));
}

static void put_any(uint32_t control, const uint8_t *data, size_t len)
{
    if (control == 1 || control >= 0xE0) {
        encoder.pos = 0;
        encoder.before = 0;
    }
    put_sizes(control, len);
    put(&content, data, len);
    if (control < 0x80) {
        put(&stream, data, len);
        encoder.pos += (uint32_t)len;
        encoder.before = data[len - 1];
        return;
    }
    if (control >= 0xA0) {
        encoder_reset_state();
    }
    encoder_start();
    for (size_t i = 0; i < len; i++) {
        encode_literal(data[i]);
    }
    for (unsigned i = 0; i < 5; i++) {
        shift_low();
    }
    assert_in_range(packed.len, 5, 65536);
    put_byte(&stream, (uint32_t)(packed.len - 1) >> 8);
    put_byte(&stream, (uint32_t)(packed.len - 1));
    if (control >= 0xC0) {
        put_byte(&stream, (encoder.pb * 5u + encoder.lp) * 9u + encoder.lc);
    }
    put(&stream, packed.data, packed.len);
}

void put_chunk(uint32_t control, const uint8_t *data, size_t len)
{
    if (control >= 0xC0) {
        encoder.lc = (uint8_t)seeded_below(3);
        encoder.lp = (uint8_t)seeded_below(3);
        encoder.pb = (uint8_t)seeded_below(5);
    }
    put_any(control, data, len);
}

void put_chunk_of_properties(uint8_t lc, uint8_t lp, uint8_t pb, size_t len)
{
    static uint8_t data[65536];
    seeded_fill(data, len);
    encoder.lc = lc;
    encoder.lp = lp;
    encoder.pb = pb;
    put_any(0xE0, data, len);
}

void put_random_chunk(uint32_t control, size_t len)
{
    static uint8_t data[65536];
    seeded_fill(data, len);
    put_chunk(control, data, len);
}

void put_full_chunk(uint32_t control)
{
    static uint8_t data[65536];
    uint32_t pos = encoder.pos;
    uint8_t before = encoder.before;
    size_t len = 0;
    size_t total = 0;
    while (total != 65536) {
        seeded_fill(data, sizeof data);
        encoder_reset_state();
        encoder_start();
        for (len = total = 0; total < 65536; total = packed.len + encoder.pending + 4) {
            encode_literal(data[len++]);
        }
        encoder.pos = pos;
        encoder.before = before;
    }
    put_chunk(control, data, len);
    assert_int_equal(packed.len, 65536);
}

/* SPDX-License-Identifier: MIT */
#include "rom_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void rom_feed(struct model *m, const uint8_t *bytes, size_t len)
{
    m->sent_len = 0;
    model_feed(m, bytes, len, 87);
}

void rom_expect(struct model *m, const uint8_t *expect, size_t len)
{
    assert_int_equal(m->sent_len, len);
    assert_memory_equal(m->sent, expect, len);
    m->sent_len = 0;
}

void rom_exchange(struct model *m, const uint8_t *bytes, size_t len, const uint8_t *expect,
                  size_t expect_len)
{
    rom_feed(m, bytes, len);
    rom_expect(m, expect, expect_len);
}

void rom_hello(struct model *m)
{
    rom_feed(m, BYTES(0x7F));
    model_wait_ms(m, 19);
    assert_int_equal(m->sent_len, 0);
    model_wait_ms(m, 2);
    rom_expect(m, BYTES(ROM_ACK));
}

/* A board that was greeted and knows the dialect. */
struct model *rom_model(uint16_t flash_kib)
{
    struct model *m = model_create(flash_kib);

    rom_hello(m);
    rom_exchange(m, BYTES(0x02, 0xFD), BYTES(ROM_ACK, 0x01, 0x04, 0x13, ROM_ACK));
    return m;
}

/* Bytes and the XOR of them behind. */
void rom_checked(struct model *m, const uint8_t *bytes, size_t len, const uint8_t *expect,
                 size_t expect_len)
{
    uint8_t block[300];
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        block[i] = bytes[i];
        sum ^= bytes[i];
    }
    block[len] = sum;
    rom_exchange(m, block, len + 1, expect, expect_len);
}

void rom_command(struct model *m, uint8_t code)
{
    rom_exchange(m, BYTES(code, (uint8_t)~code), BYTES(ROM_ACK));
}

void rom_address(struct model *m, uint32_t addr)
{
    rom_checked(
        m, BYTES((uint8_t)(addr >> 24), (uint8_t)(addr >> 16), (uint8_t)(addr >> 8), (uint8_t)addr),
        BYTES(ROM_ACK));
}

void rom_expect_alive(struct model *m)
{
    rom_exchange(m, BYTES(0x01, 0xFE), BYTES(ROM_ACK, 0x31, 0x00, 0x00, ROM_ACK));
}

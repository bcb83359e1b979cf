/* SPDX-License-Identifier: MIT */
/*
 * The load for measuring how fast the twin executes: arithmetic, table look-ups, branches, calls
 * and memory accesses in a mix as firmware has it, in flash, for ever. It uses no peripheral and
 * waits for nothing.
 */
#include <stdint.h>

int main(void);

/* Vector table: RM0090 section 12.2. The linker puts it first. */
extern uint32_t stack_top;
__attribute__((section(".vectors"), used)) static const void *const vectors[2] = {
    &stack_top,
    (const void *)main,
};

enum { TABLE = 256, BUFFER = 1024 };
static uint32_t table[TABLE];
static uint8_t buffer[BUFFER];
volatile uint32_t compute_result;

static void make_table(void)
{
    for (uint32_t i = 0; i < TABLE; i++) {
        uint32_t crc = i << 24;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x80000000u) != 0 ? crc << 1 ^ 0x04C11DB7u : crc << 1;
        }
        table[i] = crc;
    }
}

__attribute__((noinline)) static uint32_t checksum(uint32_t crc)
{
    for (uint32_t i = 0; i < BUFFER; i++) {
        crc = crc << 8 ^ table[(crc >> 24) ^ buffer[i]];
    }
    return crc;
}

__attribute__((noinline)) static void sort(uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        uint8_t x = buffer[i];
        uint32_t k = i;
        while (k > 0 && buffer[k - 1] > x) {
            buffer[k] = buffer[k - 1];
            k--;
        }
        buffer[k] = x;
    }
}

int main(void)
{
    uint32_t x = 1;
    make_table();
    for (;;) {
        for (uint32_t i = 0; i < BUFFER; i++) {
            x = x * 1664525u + 1013904223u;
            buffer[i] = (uint8_t)(x >> 24);
        }
        sort(64);
        compute_result = checksum(x);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Which format, told without measuring: a receiver of 8N1 takes the parity bit for the stop bit. A
 * byte with an odd number of ones, such as the hello, has parity 1 and is the same in both formats;
 * one with an even number is received as well, but with a framing error if there is parity. So the
 * first block in which such a byte is decides.
 *
 * Until then what is sent has two stop bits: to a host with parity the first is the parity bit, and
 * right for all acknowledgements.
 */
#include "rom_line.h"

#include "serial.h"

#define ODD_NIBBLES 0x6996u /* bit n: n has an odd number of ones */

static struct {
    enum serial_format format;
    bool error; /* since the hello */
} rom_line;

static void rom_line_set(enum serial_format format)
{
    rom_line.format = format;
    rom_line.error = false;
    serial_set_format(format);
}

void rom_line_greet(void)
{
    static const uint8_t ack = ROM_ACK;

    rom_line_set(SERIAL_8N2);
    serial_send(&ack, sizeof ack);
}

bool rom_line_takes_error(void)
{
    rom_line.error = rom_line.format == SERIAL_8N2;
    return rom_line.error;
}

static bool rom_line_is_odd(unsigned byte)
{
    return (ODD_NIBBLES >> ((byte ^ byte >> 4) & 0xFu) & 1u) != 0;
}

void rom_line_judge(enum protocol_dialect dialect, uint8_t first)
{
    if (rom_line.format == SERIAL_8N2 && (dialect != DIALECT_ROM || !rom_line_is_odd(first))) {
        rom_line_set(rom_line.error && dialect == DIALECT_ROM ? SERIAL_8E1 : SERIAL_8N1);
    }
}

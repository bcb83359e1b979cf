/* SPDX-License-Identifier: MIT */
/*
 * The same requests in ST's ROM protocol: what a provisioned board refuses in the other dialects it
 * refuses here, with one fault anywhere. Faults begin when the dialect is chosen; all blocks of the
 * command are sent, whatever was answered, and then flash is asked for once more.
 */
#include <string.h>

#include "skip_engine.h"

enum { LISTENS_MS = 100, HELLO_MS = 25, BLOCK_MS = 6, LIMIT_MS = 60, BLOCK_MAX = 16 };

/* ---- boards ---- */

static void good_package(struct board *b)
{
    board_load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = 9});
    b->forged = 0;
}

static void unsigned_application(struct board *b)
{
    board_make_package(b, &(struct forgery){.counter = 9});
    board_load(b, APP, b->content, sizeof b->content);
}

static void put(struct board *b, const uint8_t *bytes, size_t len, unsigned ms)
{
    twin_line_send(b->twin, 2, bytes, len);
    for (unsigned i = 0; i < ms && !b->started && twin_is_powered(b->twin); i++) {
        (void)twin_run_ns(b->twin, MS(1));
    }
    board_take_answers(b);
}

static void rom_now(struct board *b)
{
    static const uint8_t hello = 0x7F;
    static const uint8_t get_id[] = {0x02, 0xFD};
    twin_pin_drive(b->twin, 'A', 0, true);
    board_switch_on(b);
    (void)twin_run_ns(b->twin, MS(LISTENS_MS));
    put(b, &hello, 1, HELLO_MS);
    put(b, get_id, sizeof get_id, BLOCK_MS);
    b->answers_len = 0;
}

/* ---- requests ---- */

static void command(struct board *b, uint8_t code)
{
    const uint8_t block[] = {code, (uint8_t)~code};
    put(b, block, sizeof block, BLOCK_MS);
}

static void checked(struct board *b, const uint8_t *bytes, size_t len, unsigned ms)
{
    uint8_t block[BLOCK_MAX + 1] = {0};
    memcpy(block, bytes, len);
    for (size_t i = 0; i < len; i++) {
        block[len] ^= bytes[i];
    }
    put(b, block, len + 1, ms);
}

static void word(struct board *b, uint32_t value, unsigned ms)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                             (uint8_t)value};
    checked(b, bytes, sizeof bytes, ms);
}

static void read_sixteen(struct board *b)
{
    static const uint8_t count[] = {0x0F, 0xF0};
    command(b, 0x11);
    word(b, APP + 0x40, BLOCK_MS);
    put(b, count, sizeof count, BLOCK_MS);
}

static void end(struct board *b)
{
    b->command_at = 0;
    b->command_end = b->answers_len;
    if (!b->started) {
        read_sixteen(b);
    }
}

static void rom_read(struct board *b)
{
    read_sixteen(b);
    end(b);
}

static void rom_write(struct board *b)
{
    static const uint8_t bytes[] = {3, 0x12, 0x34, 0x56, 0x78};
    command(b, 0x31);
    word(b, APP + 0x4000, BLOCK_MS);
    checked(b, bytes, sizeof bytes, LIMIT_MS);
    end(b);
}

static void rom_erase(struct board *b)
{
    static const uint8_t sector[] = {0, 0, 0, 2};
    command(b, 0x44);
    checked(b, sector, sizeof sector, LIMIT_MS);
    end(b);
}

static void rom_protect(struct board *b)
{
    static const uint8_t sectors[] = {1, 2, 3};
    command(b, 0x63);
    checked(b, sectors, sizeof sectors, LIMIT_MS);
    end(b);
}

static void rom_protect_read(struct board *b)
{
    command(b, 0x82);
    put(b, NULL, 0, LIMIT_MS);
    end(b);
}

static void rom_go(struct board *b)
{
    command(b, 0x21);
    word(b, APP, LIMIT_MS);
    end(b);
}

static void rom_go_inside(struct board *b)
{
    command(b, 0x21);
    word(b, APP + 0x201, LIMIT_MS);
    end(b);
}

/* ---- judging ---- */

static const char *judge(struct board *b)
{
    if (b->started) {
        return "started what is not signed";
    }
    if (board_has_leaked(b)) {
        return "showed flash";
    }
    return board_has_changed(b) ? "changed flash, OTP or option bytes" : NULL;
}

#define ROM(name, prepare)                                                                         \
    {                                                                                              \
#name, prepare, rom_now, name, judge, true, false, 211, NULL                               \
    }

const struct scenario rom_scenarios[] = {
    ROM(rom_read, good_package),
    ROM(rom_write, good_package),
    ROM(rom_erase, good_package),
    ROM(rom_protect, good_package),
    ROM(rom_protect_read, good_package),
    ROM(rom_go, unsigned_application),
    ROM(rom_go_inside, unsigned_application),
};
const unsigned rom_scenario_count = sizeof rom_scenarios / sizeof rom_scenarios[0];

/* SPDX-License-Identifier: MIT */
/*
 * The loader with a group of its commands, PROVE_GROUP: each with payloads of every length, in
 * memory of exactly that length, in both dialects, asked for a checked answer and not; then all
 * once more with whatever they left behind.
 */
#include "board_block.h"
#include "loader.h"
#include "prove_chip.h"

/* From SHORT on, lengths are data's alone: one length stands for all. */
enum { PAYLOAD_MAX = 254, ANSWER_MAX = 262, SHORT = 15 };

#define INFO                                                                                       \
    {                                                                                              \
        0x51, 0x52, 0x53, 0x54, 0x5A, 0x60, 0x61, 0x64, 0x6E, 0x50                                 \
    }
#define MEMORY                                                                                     \
    {                                                                                              \
        0x55, 0x56, 0x57, 0x59, 0x5B, 0x62, 0x63                                                   \
    }
#define PROTECT                                                                                    \
    {                                                                                              \
        0x58, 0x5C                                                                                 \
    }
#define STAGING                                                                                    \
    {                                                                                              \
        0x65, 0x66, 0x67                                                                           \
    }
#define TRUST                                                                                      \
    {                                                                                              \
        0x68, 0x69, 0x6A                                                                           \
    }
#define STREAMING                                                                                  \
    {                                                                                              \
        0x6B, 0x6C, 0x6D                                                                           \
    }

#define ROM                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }

static struct loader loader;
static struct stream stream;
static struct unpack_memory memory;
static uint8_t dictionary[UNPACK_DICTIONARY];
static uint8_t identity[2 * UUID_SIZE];
static uint8_t board[BOARD_BLOCK_SIZE];
static uint8_t payload[PAYLOAD_MAX];

static void request(uint8_t code, unsigned len, enum protocol_dialect dialect)
{
    /* Its last byte is that of the array: to read behind it is an alarm. */
    const struct frame_request q = {payload + (PAYLOAD_MAX - len), (uint8_t)len, code};
    struct loader_answer a;

    any_bytes(payload, sizeof payload);
    if (loader_accept(&loader, dialect, &q, &a)) {
        touch(a.bytes, a.len);
        a = loader_execute(&loader, &q);
    }
    /*@ assert answer_fits: a.len <= ANSWER_MAX; */
    touch(a.bytes, a.len);
}

static void in_every_way(uint8_t code, unsigned len)
{
    request(code, len, DIALECT_NATIVE);
    request(code | COMMAND_CHECKED, len, DIALECT_NATIVE);
    request(code, len, DIALECT_COURSE);
}

/* Blocks of ST's protocol, in any order, with anything behind the first. The receiver hands over
 * whole ones, which have at most FRAME_SIZE_MAX bytes. */
static void rom_blocks(void)
{
    static uint8_t block[FRAME_SIZE_MAX];
    struct loader_answer a;

    while (any_bool()) {
        const struct frame_request q = {block, any_byte(), any_byte()};
        any_bytes(block, sizeof block);
        if (any_bool()) {
            a = loader_reject(&loader, REASON_CRC, 0);
        } else if (loader_accept(&loader, DIALECT_ROM, &q, &a)) {
            touch(a.bytes, a.len);
            a = loader_execute(&loader, &q);
        }
        /*@ assert answer_fits: a.len <= ANSWER_MAX; */
        touch(a.bytes, a.len);
    }
}

static void one_group(void)
{
    static const uint8_t codes[] = PROVE_GROUP;

    for (unsigned i = 0; i < sizeof codes; i++) {
        for (unsigned len = 0; len < SHORT; len++) {
            in_every_way(codes[i], len);
        }
        in_every_way(codes[i], SHORT + any_below(PAYLOAD_MAX - SHORT + 1u));
    }
}

int main(void)
{
    struct flash_hw flash = {any_bool() ? 512u : 1024u};
    const struct update_board update = {&flash, &memory, dictionary, identity};
    const struct stream_hw hw = {&flash, &memory, dictionary, loader_stage, &loader};
    struct loader_stream streaming = {
        .stream = &stream, .usart_hz = 42000000, .window = 80000, .packed_window = 70000};

    any_bytes(identity, sizeof identity);
    loader.update = &update;
    loader.streaming = &streaming;
    loader.info.flash_kib = (uint16_t)flash.kib;
    any_bytes(board, sizeof board);
    loader.info.board = board;
    loader.info.board_is_block = any_bool();
    loader.info.idcode = any_word();
    stream_init(&stream, &hw);
    loader_init(&loader);
    if (PROVE_ROM) {
        rom_blocks();
        return 0;
    }
    one_group();
    one_group();
    loader_note_stream(&loader);
    (void)loader_reject(&loader, REASON_CRC, any_word());
    return 0;
}

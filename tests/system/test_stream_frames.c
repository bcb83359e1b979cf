/* SPDX-License-Identifier: MIT */
/*
 * Frames of streaming by hand, over the release binary: the example of PROTOCOL.md, what is told
 * and when, what is dropped, what fails. PROTOCOL.md, "Frames to the board" and "Status".
 */
#include "system.h"

#include "stream_case.h"

enum { FLAG_GAP = 1, FLAG_ANSWER = 2, FLAG_BLOCKS = 4, KIND_ASK_FOR_BLOCKS = 4, BLOCK = 32 };

static uint8_t frame[STREAM_FRAME];

/* Begun, the first sector erased, what was told of that heard. */
static struct stream_line *open_stream(uint32_t baud, uint32_t size)
{
    struct stream_line *l = case_open(baud, 0);
    struct stream_job job = case_plain(size);
    case_make_content(size);
    assert_true(stream_line_begin(l, &job));
    stream_line_poll(l);
    return l;
}

static void send_piece(struct stream_line *l, uint32_t offset, uint32_t len)
{
    size_t size = stream_line_frame(l, frame, offset, len);
    stream_line_send(l, frame, size);
}

static void test_frames_example(void **state)
{
    static const uint8_t poll[] = {0xC5, 0x02, 0x00, 0x00, 0x01, 0x00,
                                   0x00, 0x00, 0xF2, 0x5D, 0x32, 0x39};
    static const uint8_t data[] = {0xC5, 0x01, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x3E, 0xEA,
                                   0x17, 0x29, 0x61, 0x62, 0x63, 0x64, 0xD1, 0x98, 0xAB, 0x97};
    struct stream_line *l = open_stream(BOARD_BAUD, 4);
    (void)state;
    stream_line_send(l, poll, sizeof poll);
    assert_true(stream_line_hear(l, MS(20)));
    assert_int_equal(l->state, STATE_OPEN);
    assert_int_equal(l->flags, FLAG_ANSWER);
    assert_int_equal(l->number, 1);
    stream_line_send(l, data, sizeof data);
    assert_true(stream_line_hear(l, MS(50)));
    assert_int_equal(l->state, STATE_COMPLETE);
    assert_int_equal(l->number, case_digest(data + 12, 4));
    board_assert_flash(l->b, APP_BASE, data + 12, 4);
    stream_line_send(l, poll, sizeof poll);
    assert_true(stream_line_hear(l, MS(20)));
    assert_int_equal(l->flags, FLAG_ANSWER);
    assert_int_equal(l->number, case_digest(data + 12, 4)); /* complete: not the poll's number */
    stream_line_close(l);
    case_close(l);
}

/* "A stream byte for byte" of PROTOCOL.md. */
static void test_frames_byte_for_byte(void **state)
{
    static const uint8_t set_baud[] = {0x05, 0x6B, 0x00, 0x10, 0x0E, 0x00, 0x37, 0x07, 0xF2, 0x58};
    static const uint8_t set_answer[] = {0xA5, 0x6B, 0x00};
    static const uint8_t begin[] = {0x0F, 0x6C, 0x00, 0x02, 0x0A, 0x00, 0x00, 0x00, 0x44, 0x33,
                                    0x22, 0x11, 0x00, 0x00, 0x00, 0x00, 0x1D, 0x87, 0x16, 0xC3};
    static const uint8_t begun[] = {0xA5, 0x6C, 0x0C, 0x00, 0x7C, 0x01, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0x08, 0xFF, 0x01};
    static const uint8_t poll[] = {0xC5, 0x02, 0x00, 0x00, 0x07, 0x00,
                                   0x00, 0x00, 0x40, 0x10, 0xB4, 0x23};
    static const uint8_t open[] = {0x5C, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                   0x00, 0x00, 0x07, 0x00, 0x00, 0x00, 0xC4, 0xA6, 0x23, 0xC3};
    static const uint8_t data[] = {0xC5, 0x01, 0x0A, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0xFC,
                                   0x1C, 0xFD, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
                                   0x69, 0x6A, 0x00, 0x00, 0x8F, 0x65, 0x01, 0xB8};
    static const uint8_t complete[] = {0x5C, 0x02, 0x00, 0x00, 0x0A, 0x00, 0x00, 0x00, 0x0A, 0x00,
                                       0x00, 0x00, 0x4B, 0xF5, 0x3E, 0x6B, 0x5C, 0x30, 0x44, 0x02};
    static const uint8_t close[] = {0xC5, 0x03, 0x00, 0x00, 0x08, 0x00,
                                    0x00, 0x00, 0x85, 0xA0, 0xD3, 0x00};
    static const uint8_t closed[] = {0x5C, 0x04, 0x00, 0x02, 0x0A, 0x00, 0x00, 0x00, 0x0A, 0x00,
                                     0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x59, 0x71, 0xF4, 0x1A};
    const struct board_options o = {.button = true};
    struct board *b = board_open(&o);
    (void)state;
    board_send(b, set_baud, sizeof set_baud);
    (void)board_expect(b, set_answer, sizeof set_answer, MS(20));
    (void)board_run(b, MS(1)); /* two bits, and some */
    twin_line_set(b->twin, 2, &(struct twin_line){.baud = 921600});
    board_send(b, begin, sizeof begin);
    (void)board_expect(b, begun, sizeof begun, MS(100));
    board_send(b, poll, sizeof poll);
    (void)board_expect(b, open, sizeof open, MS(1000));
    board_send(b, data, sizeof data);
    (void)board_expect(b, complete, sizeof complete, MS(50));
    board_send(b, close, sizeof close);
    (void)board_expect(b, closed, sizeof closed, MS(20));
    board_assert_flash(b, APP_BASE, "abcdefghij\xFF\xFF", 12);
    static const uint8_t version = 0x10;
    board_ok(b, GET_VER, NULL, 0, &version, 1);
    board_close(b);
}

/* n that is no multiple of 4, but for the last piece, or beyond the size: failed, 11. */
static void test_frames_lengths(void **state)
{
    static const uint32_t lens[] = {1, 2, 3, 99, 101, 104};
    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct stream_line *l = open_stream(BOARD_BAUD, 100);
        uint8_t e[255] = {0};
        send_piece(l, 0, lens[i]);
        assert_true(stream_line_hear(l, MS(50)));
        assert_int_equal(l->state, STATE_FAILED);
        assert_int_equal(l->reason, WIRE_PAYLOAD);
        assert_int_equal(l->number, lens[i]);
        assert_int_equal(l->written, 0);
        stream_line_close(l);
        case_ok(l, GET_LAST_ERROR, NULL, 0, e);
        assert_int_equal(e[0], WIRE_PAYLOAD);
        assert_int_equal(e[1], STREAM_BEGIN);
        case_close(l);
    }
}

/* Older: silence. Newer: a gap, told with the frame's round; again after 20 ms, not before. */
static void test_frames_old_and_new(void **state)
{
    struct stream_line *l = open_stream(BOARD_BAUD, 4000);
    (void)state;
    send_piece(l, 0, 400);
    stream_line_run(l, MS(100));
    stream_line_poll(l);
    assert_int_equal(l->next, 400);
    send_piece(l, 0, 400);
    send_piece(l, 396, 4);
    assert_false(stream_line_hear(l, MS(200)));

    l->round = 5;
    send_piece(l, 404, 4);
    assert_true(stream_line_hear(l, MS(10)));
    assert_int_equal(l->flags, 5u << 4 | FLAG_GAP);
    assert_int_equal(l->next, 400);
    l->round = 5;
    send_piece(l, 404, 4);
    assert_false(stream_line_hear(l, MS(15)));
    stream_line_run(l, MS(10));
    send_piece(l, 404, 4);
    assert_true(stream_line_hear(l, MS(10)));
    assert_int_equal(l->flags, 5u << 4 | FLAG_GAP);
    l->round = 6; /* another round: told at once */
    send_piece(l, 404, 4);
    assert_true(stream_line_hear(l, MS(10)));
    assert_int_equal(l->flags, 6u << 4 | FLAG_GAP);
    l->round = 7;
    send_piece(l, 400, 4);
    stream_line_run(l, MS(20));
    stream_line_poll(l);
    assert_int_equal(l->next, 404);
    stream_line_close(l);
    case_close(l);
}

/* A good head and a bad end shows a gap. A bad head costs this frame and not what follows. */
static void test_frames_damaged(void **state)
{
    struct stream_line *l = open_stream(BOARD_BAUD, 4000);
    (void)state;
    size_t size = stream_line_frame(l, frame, 0, 40);
    frame[20] ^= 1;
    stream_line_send(l, frame, size);
    assert_true(stream_line_hear(l, MS(20)));
    assert_int_equal(l->flags, FLAG_GAP);
    assert_int_equal(l->next, 0);
    l->round = 0;
    size = stream_line_frame(l, frame, 0, 40);
    frame[3] ^= 0x40; /* as if it were very long */
    stream_line_send(l, frame, size);
    send_piece(l, 0, 40);
    stream_line_run(l, MS(20));
    stream_line_poll(l);
    assert_int_equal(l->next, 40);
    stream_line_close(l);
    case_close(l);
}

/* The beginning of a frame, and nothing for 100 ms: what comes then is looked at for itself. */
static void test_frames_incomplete(void **state)
{
    struct stream_line *l = open_stream(BOARD_BAUD, 4000);
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        (void)stream_line_frame(l, frame, 0, 2000);
        stream_line_send(l, frame, 500);
        stream_line_run(l, MS(i == 0 ? 60 : 160));
        send_piece(l, 0, 40);
        stream_line_run(l, MS(15)); /* in the first case it is taken for more of that frame */
        stream_line_control(l, KIND_POLL, 77);
        assert_int_equal(stream_line_hear(l, MS(20)), i == 1);
        if (i == 0) {
            stream_line_run(l, MS(200));
            while (stream_line_hear(l, MS(1))) {
            }
            assert_int_equal(l->next, 40); /* given up, and found in it */
        }
    }
    assert_int_equal(l->number, 77);
    stream_line_close(l);
    case_close(l);
}

/* Progress is told every 5 ms at most. */
static void test_frames_progress(void **state)
{
    struct stream_line *l = open_stream(921600, 0x4000);
    uint64_t last = 0;
    unsigned told = 0;
    (void)state;
    for (uint32_t at = 0; at < 0x4000; at += 64) {
        send_piece(l, at, 64);
        stream_line_run(l, US(900));
        while (stream_line_hear(l, 0)) {
            assert_int_equal(l->flags, 0);
            assert_true(told == 0 || l->heard_ns - last >= MS(4)); /* heard in steps */
            last = l->heard_ns;
            told++;
        }
    }
    assert_true(told >= 20);
    assert_true(stream_line_hear(l, MS(10)));
    assert_int_equal(l->next, 0x4000);
    case_close(l);
}

/* ... and before an erase. The next sector is erased while the line is quiet: 250 ms, in which what
 * comes is kept and told afterwards. */
static void test_frames_erase_ahead(void **state)
{
    struct stream_line *l = open_stream(921600, 0x4000 + 64);
    (void)state;
    send_piece(l, 0, 64);
    assert_true(stream_line_hear(l, MS(10)));
    assert_int_equal(l->next, 64);
    assert_false(stream_line_hear(l, MS(200)));
    send_piece(l, 64, 64);
    assert_true(stream_line_hear(l, MS(100)));
    assert_int_equal(l->next, 128);
    case_close(l);
}

/* In stream mode commands are not understood; behind close they are. */
static void test_frames_no_commands(void **state)
{
    struct stream_line *l = open_stream(BOARD_BAUD, 4000);
    uint8_t request[WIRE_FRAME_MAX];
    (void)state;
    stream_line_send(l, request, wire_request(request, WIRE_NATIVE, GET_VER, NULL, 0));
    case_expect_silence(l, MS(1200));
    stream_line_close(l);
    assert_true(case_answers(l));
    case_close(l);
}

/* A block by hand: its number, 32 bytes, the CRC of a frame of kind 4. */
static void send_block(struct stream_line *l, uint32_t number)
{
    uint8_t head[8 + BLOCK] = {0xC5, KIND_ASK_FOR_BLOCKS, BLOCK, 0};
    uint8_t block[2 + BLOCK + 4];
    wire_put32(head + 4, number * BLOCK);
    memcpy(head + 8, l->data + (size_t)number * BLOCK, BLOCK);
    block[0] = (uint8_t)(0xD0 | number >> 8);
    block[1] = (uint8_t)number;
    memcpy(block + 2, head + 8, BLOCK);
    wire_put32(block + 2 + BLOCK, stream_line_crc(0xFFFFFFFFu, head, sizeof head / 4));
    stream_line_send(l, block, sizeof block);
}

/* Those behind a gap are kept and told of, and in flash as soon as the gap is filled. */
static void test_frames_blocks(void **state)
{
    struct stream_line *l = open_stream(BOARD_BAUD, 8 * BLOCK);
    static const uint32_t first[] = {1, 2, 7, 4}, rest[] = {3, 6, 5};
    (void)state;
    send_block(l, 0); /* nobody asked for them */
    stream_line_poll(l);
    assert_int_equal(l->next, 0);
    stream_line_control(l, KIND_ASK_FOR_BLOCKS, 99);
    assert_true(stream_line_hear(l, MS(20)));
    assert_int_equal(l->flags, FLAG_ANSWER | FLAG_BLOCKS);
    assert_int_equal(l->number, 99);
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        send_block(l, first[i]);
    }
    stream_line_run(l, MS(50));
    while (stream_line_hear(l, MS(20))) {
    }
    assert_int_equal(l->flags, FLAG_BLOCKS);
    assert_int_equal(l->next, 0);
    assert_int_equal(l->written, 1u << 1 | 1u << 2 | 1u << 4 | 1u << 7);
    send_block(l, 0);
    stream_line_run(l, MS(50));
    while (stream_line_hear(l, MS(20))) {
    }
    assert_int_equal(l->next, 3 * BLOCK);
    assert_int_equal(l->written, 1u << 1 | 1u << 4);
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        send_block(l, rest[i]);
    }
    stream_line_run(l, MS(50));
    while (stream_line_hear(l, MS(20))) {
    }
    assert_int_equal(l->state, STATE_COMPLETE);
    assert_int_equal(l->written, 8 * BLOCK);
    stream_line_close(l);
    board_assert_flash(l->b, APP_BASE, l->data, 8 * BLOCK);
    case_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_frames_example),     ONCE(test_frames_byte_for_byte),
        ONCE(test_frames_lengths),     ONCE(test_frames_old_and_new),
        ONCE(test_frames_damaged),     ONCE(test_frames_incomplete),
        ONCE(test_frames_progress),    ONCE(test_frames_erase_ahead),
        ONCE(test_frames_no_commands), ONCE(test_frames_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

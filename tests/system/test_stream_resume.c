/* SPDX-License-Identifier: MIT */
/*
 * Streams that break off: the silence that ends them, where they go on, what makes them begin anew,
 * and power that goes in the middle. PROTOCOL.md, "6C STREAM_BEGIN" and "Frames to the board".
 */
#include "system.h"

#include "stream_case.h"

enum { SIZE = 24 * KIB, BROKEN_AT = 10 * KIB, STAGE_BEGIN = 0x65, CONFIRM = 0x68 };

/* Begins, transfers some, and closes in the middle. */
static void break_off(struct stream_line *l, const struct stream_job *job)
{
    assert_true(stream_line_begin(l, job));
    assert_int_equal(l->resume, 0);
    l->stop_at = BROKEN_AT;
    stream_line_transfer(l, 20);
    stream_line_poll(l);
    assert_int_equal(l->state, STATE_OPEN);
    assert_int_equal(l->next, BROKEN_AT);
    stream_line_close(l);
}

/* Nothing good for 10 s: closed without a word, the board is at 115200 and takes commands. The
 * stream goes on where it stopped, at another rate; no sector is erased twice. */
static void test_resume_after_silence(void **state)
{
    struct stream_line *l = case_open(460800, 1);
    struct stream_job job = case_plain(SIZE);
    (void)state;
    case_make_content(1);
    assert_true(stream_line_begin(l, &job));
    l->stop_at = BROKEN_AT;
    stream_line_transfer(l, 20);
    stream_line_poll(l);
    case_expect_silence(l, MS(9700));
    stream_line_poll(l); /* still open; its 10 s begin again */
    assert_int_equal(l->state, STATE_OPEN);
    case_expect_silence(l, MS(10300));
    stream_line_set_rate(l, BOARD_BAUD);
    assert_true(case_answers(l));
    stream_line_change_rate(l, 921600);
    assert_true(case_answers(l));
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, BROKEN_AT);
    stream_line_transfer(l, 20);
    case_expect_complete(l, &job);
    assert_int_equal(twin_sector_erases(l->b->twin, 2), 1);
    assert_int_equal(twin_sector_erases(l->b->twin, 3), 1);
    stream_line_close(l);
    case_close(l);
}

/* Bytes that are no frame do not keep a stream open. */
static void test_resume_noise_is_silence(void **state)
{
    static const uint8_t noise[12] = {0xC5, 2, 0, 0, 1, 0, 0, 0, 0xBA, 0xAD, 0xBA, 0xAD};
    struct stream_line *l = case_open(BOARD_BAUD, 0);
    struct stream_job job = case_plain(SIZE);
    (void)state;
    case_make_content(2);
    assert_true(stream_line_begin(l, &job));
    l->stop_at = BROKEN_AT;
    stream_line_transfer(l, 20);
    stream_line_poll(l);
    for (unsigned i = 0; i < 99; i++) {
        stream_line_send(l, noise, sizeof noise);
        case_expect_silence(l, MS(100));
    }
    stream_line_run(l, MS(500));
    assert_true(case_answers(l));
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, BROKEN_AT);
    stream_line_transfer(l, 20);
    case_expect_complete(l, &job);
    stream_line_close(l);
    case_close(l);
}

static void test_resume_packed(void **state)
{
    struct stream_line *l = case_open(460800, 0);
    struct stream_job job = case_pack(60 * KIB, true, 4);
    (void)state;
    break_off(l, &job);
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, BROKEN_AT);
    stream_line_transfer(l, 20);
    case_expect_complete(l, &job);
    stream_line_close(l);
    case_close(l);
}

/* ---- what is the same stream ---- */

/* The same id with something else in the 14 bytes is another stream. */
static void test_resume_only_the_same(void **state)
{
    const struct stream_job others[] = {
        {.sector = 3, .size = SIZE, .id = 0x1234},
        {.sector = 2, .size = SIZE - 4, .id = 0x1234},
        {.sector = 2, .size = SIZE + 4, .id = 0x1234},
        {.sector = 2, .size = SIZE, .id = 0x1235},
        {.sector = 2, .size = SIZE, .id = 0},
        {.sector = 2, .size = SIZE, .id = 0x1234, .flags = STREAM_PACKED, .content = SIZE},
    };
    struct stream_line *l = case_open(460800, 0);
    struct stream_job job = case_plain(SIZE);
    (void)state;
    case_make_content(3);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct stream_job other = others[i];
        other.data = case_content;
        break_off(l, &job);
        assert_true(stream_line_begin(l, &other));
        assert_int_equal(l->resume, 0);
        stream_line_close(l);
    }
    job.id = 0; /* never to be resumed */
    break_off(l, &job);
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, 0);
    stream_line_transfer(l, 20);
    case_expect_complete(l, &job);
    stream_line_close(l);
    case_close(l);
}

/* ---- what comes in between ---- */

struct between {
    unsigned command;
    uint8_t payload[14];
    uint8_t len;
    bool refused;
};

static void interleave(struct stream_line *l, const struct between *row, bool goes_on)
{
    struct stream_job job = case_plain(SIZE);
    uint8_t data[255];
    break_off(l, &job);
    assert_true(stream_line_ask(l, row->command, row->payload, row->len, data) != row->refused);
    assert_true(stream_line_begin(l, &job));
    if (l->resume != (goes_on ? (uint32_t)BROKEN_AT : 0)) {
        fail_msg("after command %02X it goes on at %u", row->command, (unsigned)l->resume);
    }
    stream_line_transfer(l, 20);
    case_expect_complete(l, &job);
    stream_line_close(l);
}

/* Whatever changes no memory leaves a stream what it is, refused streams too. */
static void test_resume_in_spite_of(void **state)
{
    static const struct between rows[] = {
        {.command = GET_VER},
        {.command = GET_INFO},
        {.command = GET_LAST_ERROR},
        {.command = READ_SECTOR_P_STATUS},
        {.command = MEM_READ, .payload = {0, 0x80, 0, 8, 16}, .len = 5},
        {.command = MEM_CRC, .payload = {0, 0x80, 0, 8, 0, 1, 0, 0}, .len = 8},
        {.command = DIGESTS, .payload = {2, 2}, .len = 2},
        {.command = SET_BAUD, .payload = {0, 8, 7}, .len = 4}, /* 460800: as it is */
        {.command = 0x7E, .refused = true},
        {.command = STREAM_BEGIN, .payload = {0, 1, 100, 0, 0, 0, 7}, .len = 14, .refused = true},
        {.command = STREAM_BEGIN, .payload = {3, 2, 100, 0, 0, 0, 7}, .len = 14, .refused = true},
    };
    struct stream_line *l = case_open(460800, 0);
    (void)state;
    case_make_content(5);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        interleave(l, &rows[i], true);
    }
    case_close(l);
}

static void test_resume_no_more(void **state)
{
    static const struct between rows[] = {
        {.command = MEM_WRITE, .payload = {0, 0x40, 0, 0x20, 1, 0x55}, .len = 6},
        {.command = FLASH_ERASE, .payload = {11, 1}, .len = 2},
        {.command = STAGE_BEGIN, .payload = {0, 0x20}, .len = 4},
    };
    struct stream_line *l = case_open(460800, 0);
    struct stream_job job = case_plain(SIZE);
    (void)state;
    case_make_content(6);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        interleave(l, &rows[i], false);
    }
    assert_true(stream_line_begin(l, &job)); /* it was complete and closed */
    assert_int_equal(l->resume, 0);
    l->stop_at = BROKEN_AT;
    stream_line_transfer(l, 20);
    board_allow_report(l->b, TWIN_REPORT_FLASH); /* the next sector may be half erased */
    board_reset(l->b);
    l->in_count = 0;
    stream_line_set_rate(l, BOARD_BAUD);
    assert_true(case_answers(l));
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, 0);
    stream_line_close(l);
    case_close(l);
}

/* ---- power ---- */

static bool cut_at(uint64_t nth, enum twin_cut when, bool packed)
{
    static uint8_t boot[2][0x8000];
    static uint8_t image[0x8000];
    struct stream_job job = packed ? case_pack(40 * KIB, true, 8) : case_plain(40 * KIB);
    uint8_t info[255] = {0};
    if (!packed) {
        case_make_content(8);
    }
    struct stream_line *l = case_open(921600, 0);
    struct board *b = l->b;
    if (nth > 1) { /* the application from before is gone with the first erase */
        image_make(image, sizeof image, APP_BASE, nth);
        board_poke(b, APP_BASE, image, sizeof image);
    }
    board_peek(b, FLASH_BASE, boot[0], sizeof boot[0]);
    assert_true(stream_line_begin(l, &job));
    twin_cut_at_flash_operation(b->twin, nth, when);
    stream_line_transfer(l, 20);
    bool happened = twin_cut_happened(b->twin);
    assert_true(happened != twin_is_powered(b->twin));
    twin_cut_at_flash_operation(b->twin, 0, when);
    free(l);
    b->rx_len = 0;
    board_press_button(b,
                       packed); /* a content with vectors might start when only its end is lost */
    board_power_cycle(b);
    board_press_button(b, false);
    (void)board_run(b, MS(100)); /* what was on the line is a bad frame, which is answered */
    b->rx_len = 0;
    l = case_over(b);
    case_ok(l, GET_INFO, NULL, 0, info);
    assert_int_equal(info[53], packed ? 1 : 3);
    board_peek(b, FLASH_BASE, boot[1], sizeof boot[1]);
    assert_memory_equal(boot[0], boot[1], sizeof boot[0]);
    stream_line_change_rate(l, 921600);
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, 0);
    stream_line_transfer(l, 20);
    case_expect_complete(l, &job);
    stream_line_close(l);
    case_close(l);
    return happened;
}

/* Before, in the middle of and after an erase or a word, wherever: the board comes up in the
 * bootloader, whole, and the same stream then succeeds. */
static void test_power_cut(void **state)
{
    static const enum twin_cut whens[] = {TWIN_CUT_BEFORE, TWIN_CUT_MIDDLE, TWIN_CUT_AFTER};
    uint64_t seed = board_seed(12);
    (void)state;
    for (unsigned i = 0; i < 24; i++) {
        /* 3 erases and 10 Ki words */
        uint64_t nth = i < 6 ? 1 + i / 3 : 1 + random_below(&seed, 10 * KIB);
        assert_true(cut_at(nth, whens[i % 3], i % 4 == 3));
    }
    assert_false(cut_at(20 * KIB, TWIN_CUT_BEFORE, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_resume_after_silence),
        ONCE(test_resume_noise_is_silence),
        ONCE(test_resume_packed),
        ONCE(test_resume_only_the_same),
        ONCE(test_resume_in_spite_of),
        ONCE(test_resume_no_more),
        ONCE(test_power_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

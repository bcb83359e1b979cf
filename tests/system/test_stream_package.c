/* SPDX-License-Identifier: MIT */
/*
 * Packages over a stream into the free slot, over the release binary: installed and started, signed
 * ones on a provisioned board, broken off and resumed, over a bad line, damaged, too large.
 * PROTOCOL.md, "6C STREAM_BEGIN"; packages come from the tests' own builder.
 */
#include "system.h"

#include "package_builder.h"
#include "stream_case.h"

enum {
    GET_SLOTS = 0x64,
    STAGE_FINISH = 0x67,
    PROVISION = 0x6A,
    NOT_SEALED = 1,
    STAGED = 2,
    WRONG_DIGEST = 0x43,
    UNSIGNED = 0x44,
    SLOT_A = 0x08080000,
    MARKER = 0x20015000,
};

static const uint8_t no_trial[4] = {0, 8, 30, 0};
static uint8_t package[200 * KIB];

/* An application that leaves a mark, with noise behind it. Signed if key is not 0. */
static struct stream_job make_package(uint32_t marker, size_t content_len, uint32_t key)
{
    static uint8_t content[160 * KIB];
    const struct probe_op ops[] = {{PROBE_WRITE, MARKER, marker}};
    uint8_t image[PROBE_MAX];
    uint64_t seed = marker;
    size_t len = probe_make(image, APP_BASE, ops, 1);
    assert_true(len <= content_len && content_len <= sizeof content);
    random_fill(&seed, content, content_len);
    memcpy(content, image, len);
    struct package_recipe recipe = {.content = content,
                                    .content_len = content_len,
                                    .packing = PACKAGE_LZMA2_THUMB,
                                    .policy = no_trial,
                                    .key = key != 0 ? package_key(key) : NULL};
    uint8_t *made = package_build(&recipe, &len);
    assert_true(len <= sizeof package);
    memcpy(package, made, len);
    free(made);
    if (recipe.key != NULL) {
        package_key_free(recipe.key);
    }
    return (struct stream_job){
        .flags = STREAM_PACKAGE, .id = marker, .data = package, .size = (uint32_t)len};
}

static struct stream_line *open_board(void)
{
    struct stream_line *l = case_open(921600, 1);
    board_allow_report(l->b, TWIN_REPORT_WATCHDOG); /* the application does not feed it */
    return l;
}

static unsigned slot_state(struct stream_line *l, unsigned slot)
{
    uint8_t slots[255] = {0};
    case_ok(l, GET_SLOTS, NULL, 0, slots);
    return slots[52 + 40 * slot];
}

static void expect_staged(struct stream_line *l, const struct stream_job *job, unsigned slot)
{
    assert_int_equal(l->state, STATE_COMPLETE);
    assert_int_equal(l->written, job->size);
    assert_int_equal(l->next, job->size);
    board_assert_flash(l->b, SLOT_A + slot * 0x40000, package, job->size);
    stream_line_close(l);
    assert_int_equal(slot_state(l, slot), NOT_SEALED);
}

/* Resets, and waits for the mark of the application. */
static uint32_t start(struct stream_line *l)
{
    static const uint8_t none[4] = {0xEE, 0xEE, 0xEE, 0xEE};
    uint8_t data[255];
    board_poke(l->b, MARKER, none, sizeof none);
    case_ok(l, RESET, (const uint8_t[]){0}, 1, data);
    for (unsigned i = 0; i < 100 && board_peek32(l->b, MARKER) == 0xEEEEEEEE; i++) {
        (void)board_run(l->b, MS(100));
    }
    return board_peek32(l->b, MARKER);
}

static void test_package_starts(void **state)
{
    struct stream_line *l = open_board();
    uint8_t data[255];
    (void)state;
    struct stream_job job = make_package(0x11111111, 150 * KIB, 0);
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->slot, 0);
    assert_int_equal(l->resume, 0);
    stream_line_transfer(l, 30);
    expect_staged(l, &job, 0);
    case_ok(l, STAGE_FINISH, NULL, 0, data);
    assert_int_equal(slot_state(l, 0), STAGED);
    case_ok(l, STAGE_FINISH, NULL, 0, data);     /* again: succeeds again */
    job = make_package(0x22222222, 20 * KIB, 0); /* the other slot, and this one runs */
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->slot, 1);
    stream_line_transfer(l, 30);
    expect_staged(l, &job, 1);
    case_ok(l, STAGE_FINISH, NULL, 0, data);
    assert_int_equal(start(l), 0x22222222);
    case_close(l);
}

static void provision(struct stream_line *l)
{
    uint8_t payload[6 + 32] = {0x50, 0x52, 0x4F, 0x56, 1, 0};
    uint8_t data[255];
    struct evp_pkey_st *key = package_key(1);
    package_key_hash(key, payload + 6);
    package_key_free(key);
    case_ok(l, PROVISION, payload, sizeof payload, data);
}

static void test_package_provisioned(void **state)
{
    struct stream_line *l = open_board();
    uint8_t data[255];
    (void)state;
    provision(l);
    struct stream_job job = make_package(0x33333333, 30 * KIB, 0);
    assert_true(stream_line_begin(l, &job));
    stream_line_transfer(l, 30);
    expect_staged(l, &job, 0);
    case_refused(l, STAGE_FINISH, NULL, 0, UNSIGNED, ANY_DETAIL);
    job = make_package(0x44444444, 30 * KIB, 1);
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->slot, 0);
    stream_line_transfer(l, 30);
    expect_staged(l, &job, 0);
    case_ok(l, STAGE_FINISH, NULL, 0, data);
    assert_int_equal(start(l), 0x44444444);
    case_close(l);
}

/* Broken off by ten seconds of silence; goes on in the slot where it was, which is named no more.
 */
static void test_package_resumed(void **state)
{
    struct stream_line *l = open_board();
    uint8_t data[255];
    (void)state;
    struct stream_job job = make_package(0x55555555, 60 * KIB, 0);
    assert_true(stream_line_begin(l, &job));
    l->stop_at = 20 * KIB;
    stream_line_transfer(l, 30);
    stream_line_poll(l);
    case_expect_silence(l, MS(10300));
    stream_line_set_rate(l, BOARD_BAUD);
    assert_true(case_answers(l));
    assert_int_not_equal(slot_state(l, 0), STAGED);
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, 20 * KIB);
    assert_int_equal(l->slot, NO_SLOT);
    stream_line_transfer(l, 30);
    expect_staged(l, &job, 0);
    case_ok(l, STAGE_FINISH, NULL, 0, data);
    assert_int_equal(slot_state(l, 0), STAGED);
    case_close(l);
}

static void test_package_over_a_bad_line(void **state)
{
    struct stream_line *l = open_board();
    uint8_t data[255];
    (void)state;
    struct stream_job job = make_package(0x66666666, 60 * KIB, 0);
    assert_true(stream_line_begin(l, &job));
    l->least = 32;
    l->harm.ppm[HARM_LOSE] = 200;
    l->harm.ppm[HARM_DROP] = 30000;
    stream_line_transfer(l, 60);
    assert_true(l->harm.done[HARM_LOSE] > 0 && l->harm.done[HARM_DROP] > 0 && l->gone_back > 0);
    memset(l->harm.ppm, 0, sizeof l->harm.ppm);
    expect_staged(l, &job, 0);
    case_ok(l, STAGE_FINISH, NULL, 0, data);
    case_close(l);
}

/* Not all of it, or not as it was made: never sealed, never started. */
static void test_package_not_whole(void **state)
{
    struct stream_line *l = open_board();
    uint8_t data[255];
    (void)state;
    struct stream_job job = make_package(0x77777777, 30 * KIB, 0);
    assert_true(stream_line_begin(l, &job));
    l->stop_at = 20 * KIB;
    stream_line_transfer(l, 30);
    stream_line_close(l);
    assert_false(stream_line_ask(l, STAGE_FINISH, NULL, 0, data));
    assert_int_not_equal(slot_state(l, 0), STAGED);
    package[25 * KIB] ^= 1;
    job.id++;
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, 0);
    stream_line_transfer(l, 30);
    expect_staged(l, &job, 0);
    case_refused(l, STAGE_FINISH, NULL, 0, WRONG_DIGEST, ANY_DETAIL);
    assert_int_equal(slot_state(l, 0), NOT_SEALED);
    assert_int_equal(start(l), 0xEEEEEEEE);
    case_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_package_starts),    ONCE(test_package_provisioned),
        ONCE(test_package_resumed),   ONCE(test_package_over_a_bad_line),
        ONCE(test_package_not_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Records that no cut leaves: flipped, forged, lost, full. Whatever they hold, a package that
 * verifies is started, and a new one is taken and runs (DESIGN.md, "The promises"). Each rule of
 * FORMAT.md's column "cannot become right" has its test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "memory_map.h"
#include "update_bench.h"
#include "verdict.h"

#define BLANK 0xFFFFFFFFu

static const struct bench_package one = {.seed = 1, .len = 2517, .packing = PACKAGE_LZMA2};
static const struct bench_package two = {.seed = 2, .len = 2777};
static const struct bench_package three = {.seed = 3, .len = 2390};
static const struct bench_package plain = {.seed = 4, .len = 2640};

/* A: one, confirmed; B: two, on trial. */
static struct bench *bench_two(void)
{
    struct bench *b = bench_runs(512, &one);

    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    bench_boots(b, true, 1, BOOT_TRIAL);
    return b;
}

static bool bench_started(struct bench *b)
{
    const struct update_facts facts = {.reset = BENCH_POWER_ON};

    update_boot(&b->update, &facts, &b->result);
    return b->result.verdict[0] == VERDICT_GOOD && b->result.verdict[1] == VERDICT_GOOD;
}

/* Both promises on copies of this board; two starts, since the first one may write. */
static void bench_lives(const struct bench *b)
{
    struct bench *copy = bench_copy(b);

    assert_true(bench_started(copy));
    assert_true(bench_started(copy));
    bench_takes(copy, &three);
    bench_free(copy);
    copy = bench_copy(b);
    bench_takes(copy, &three);
    bench_free(copy);
}

/* A flag's first word is right, and its second can never be. */
static void test_dead_half_flags(void **state)
{
    static const uint32_t flags[] = {TRAILER_SEALED, TRAILER_CHECKED, TRAILER_CONFIRMED,
                                     TRAILER_REJECTED, TRAILER_ADVANCED};
    static const uint32_t seconds[] = {0, FLAG_SECOND & ~4u, 0x5A5A5A5A};
    struct bench *ready = bench_two();

    (void)state;
    for (unsigned i = 0; i < 5 * 3 * 2; i++) {
        struct bench *b = bench_copy(ready);
        unsigned slot = i / 15;
        uint32_t second = seconds[i / 5 % 3];

        bench_set_record(b, slot, flags[i % 5], FLAG_FIRST);
        bench_set_record(b, slot, flags[i % 5] + 4, second);
        bench_lives(b);
        assert_true(bench_started(b));
        assert_int_equal(bench_record(b, slot, flags[i % 5] + 4), second); /* left alone */
        bench_free(b);
    }
    bench_free(ready);
}

/* One word of a flag is enough to be set, also when it is written now. */
static void test_dead_flag_takes_one_word(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = bench_two();

        bench_set_record(b, 1, TRAILER_CONFIRMED + 4 * i, 0);
        assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
        bench_boots(b, true, 1, BOOT_NORMAL);
        bench_free(b);
    }
}

static void test_dead_confirmed_lost(void **state)
{
    struct bench *b = bench_two();

    (void)state;
    bench_set_record(b, 1, TRAILER_CONFIRMED, 0);
    bench_set_record(b, 1, TRAILER_CONFIRMED + 4, 0);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_VERIFY);
    bench_boots(b, true, 1, BOOT_TRIAL); /* the trial goes on */
    bench_lives(b);
    bench_free(b);
}

static void test_dead_sequences(void **state)
{
    static const uint32_t values[] = {0,          1,          0x7FFFFFFF, 0x80000000,
                                      0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFF};

    (void)state;
    assert_true(slot_is_later(1, 0xFFFFFFFE));
    assert_false(slot_is_later(0xFFFFFFFE, 1));
    assert_true(slot_is_later(7, 0));
    assert_false(slot_is_later(0, 7));
    assert_true(slot_is_later(0x90000000, 0));
    assert_false(slot_is_later(0, 0x90000000));
    assert_false(slot_is_later(7, 7));
    for (unsigned i = 0; i < 7; i++) {
        uint32_t next = slot_next_sequence(values[i]);

        assert_int_not_equal(next, 0);
        assert_int_not_equal(next, BLANK);
        assert_true(values[i] == BLANK || slot_is_later(next, values[i]));
    }
    for (unsigned i = 0; i < 7 * 7 * 2; i++) {
        struct bench *b = bench_two();

        bench_set_record(b, 0, TRAILER_SEQUENCE, values[i % 7]);
        bench_set_record(b, 0, TRAILER_SEQUENCE + 4, ~values[i % 7]);
        bench_set_record(b, 1, TRAILER_SEQUENCE, values[i / 7 % 7]);
        bench_set_record(b, 1, TRAILER_SEQUENCE + 4, i < 49 ? ~values[i / 7 % 7] : 0x12345678);
        bench_lives(b);
        bench_free(b);
    }
}

/* No attempt can be counted: the other one takes over, or its crashes are counted instead. */
static void test_dead_attempts(void **state)
{
    struct bench *b = bench_two();

    (void)state;
    memset(bench_trailer(b, 1, TRAILER_ATTEMPTS, 64), 0x77, 64);
    bench_lives(b);
    bench_boots(b, true, 0, BOOT_ROLLBACK);
    assert_int_equal(bench_record(b, 1, TRAILER_CAUSE), CAUSE_TRIAL);
    bench_free(b);
    b = bench_create(512);
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    memset(bench_trailer(b, 0, TRAILER_ATTEMPTS, 64), 0x77, 64);
    for (unsigned i = 0; i < 20; i++) {
        bench_boots(b, true, 0, BOOT_TRIAL);
        assert_int_equal(b->result.watchdog_s, 30);
        assert_int_equal(b->result.reason, REASON_VERIFY);
    }
    bench_lives(b);
    bench_boots_by(b, BENCH_WATCHDOG, 0, BOOT_TRIAL);
    bench_boots_by(b, BENCH_WATCHDOG, 0, BOOT_TRIAL);
    bench_stays_by(b, BENCH_WATCHDOG, STAY_CRASH_LOOP); /* as many as it has trials */
    bench_boots_by(b, BENCH_WATCHDOG, 0, BOOT_TRIAL);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, true, 0, BOOT_NORMAL);
    bench_free(b);
}

/* A word that flipped counts for nothing, and is passed by. */
static void test_dead_attempt_flipped(void **state)
{
    struct bench *b = bench_create(512);

    (void)state;
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    bench_set_record(b, 0, TRAILER_ATTEMPTS, BLANK ^ 8u);
    for (unsigned i = 1; i <= 3; i++) {
        bench_boots(b, true, 0, BOOT_TRIAL);
        assert_int_equal(bench_record(b, 0, TRAILER_ATTEMPTS + 4 * i), ATTEMPT_MADE);
    }
    bench_stays(b, true, STAY_REJECTED);
    bench_free(b);
}

/* Any single bit of the log, in boards that are installed and not. */
static void test_dead_log_flipped(void **state)
{
    struct bench *ready = bench_two();

    (void)state;
    for (unsigned i = 0; i < 2 * TRAILER_LOG_COUNT; i++) {
        struct bench *b = bench_copy(ready);
        uint8_t report[SLOTS_SIZE];

        bench_trailer(b, i % 2, TRAILER_LOG + i / 2 * 4 + i % 3, 1)[0] ^= (uint8_t)(1u << i % 8);
        assert_true(bench_started(b));
        assert_true(b->result.installs <= 1);
        update_report(&b->update, report);
        assert_int_equal(report[SLOTS_INSTALLED], 1); /* claimed, if it was not, and not again */
        assert_true(bench_started(b));
        assert_int_equal(b->result.installs, 0);
        if (i % 37 == 0) {
            bench_lives(b);
        }
        bench_free(b);
    }
    bench_free(ready);
}

static void test_dead_log_noise(void **state)
{
    struct bench *b = bench_two();
    struct package_check check;

    (void)state;
    for (unsigned slot = 0; slot < 2; slot++) {
        memset(bench_trailer(b, slot, TRAILER_LOG, 1920), 0xA7, 1920);
    }
    flash_model_at(b->m, MAP_APP_BASE + 20, 1)[0] ^= 1;
    bench_boots(b, true, 1, BOOT_TRIAL);
    assert_int_equal(b->result.installs, 1);
    bench_boots(b, true, 1, BOOT_TRIAL); /* no claim, but it is the same */
    assert_int_equal(b->result.installs, 0);
    update_verify_area(&b->update, &check);
    assert_int_equal(check.reason, REASON_NONE);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, true, 1, BOOT_NORMAL);
    flash_model_at(b->m, MAP_APP_BASE + 20, 1)[0] ^= 1;
    bench_boots(b, true, 1, BOOT_HEALED);
    bench_lives(b);
    bench_free(b);
}

static void boot(void *arg)
{
    (void)bench_started(arg);
}

/* The supply fails at the same operation more often than a log has words, and then holds. */
static void cut_again_and_again(const struct bench *ready, unsigned at)
{
    enum { CUTS = 490 };
    struct bench *b = bench_copy(ready);

    for (unsigned i = 0; i < CUTS; i++) {
        b->m->cut_at = b->m->operations + at;
        b->m->cut = i % 3 == 0 ? CUT_AFTER : CUT_TORN;
        (void)flash_model_run(b->m, boot, b);
        flash_model_power_on(b->m);
    }
    assert_in_range(b->m->cuts, 1, CUTS); /* what is recorded is not done again, so not cut */
    bench_lives(b);
    bench_free(b);
}

static void test_dead_cut_again_and_again(void **state)
{
    struct bench *ready = bench_runs(512, &one);
    struct bench *b;
    unsigned operations;

    (void)state;
    assert_int_equal(bench_stage(ready, &two), REASON_NONE);
    ready->m->operations = 0;
    ready->m->cuts = 0;
    b = bench_copy(ready);
    bench_boots(b, true, 1, BOOT_TRIAL);
    operations = b->m->operations;
    bench_free(b);
    for (unsigned at = 1; at <= operations; at++) {
        if (at <= 8 || at + 8 > operations || at % 97 == 0) {
            cut_again_and_again(ready, at);
        }
    }
    assert_true(operations > 600); /* a word each, and the records around them */
    bench_free(ready);
}

/* ---- records that are lost ---- */

static void test_dead_trailers_lost(void **state)
{
    struct evp_pkey_st *key = package_key(1);
    struct bench_package p = one, q = two, r = three;
    struct bench *b = bench_create(512);

    (void)state;
    bench_provision(b, key);
    p.key = q.key = r.key = key;
    p.counter = 1;
    q.counter = 2;
    r.counter = 2;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    bench_boots(b, true, 0, BOOT_TRIAL);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    assert_int_equal(bench_stage(b, &q), REASON_NONE);
    for (unsigned slot = 0; slot < 2; slot++) {
        memset(bench_trailer(b, slot, 0, TRAILER_SIZE), 0x5B, TRAILER_SIZE);
    }
    for (unsigned i = 0; i < 20; i++) {
        assert_true(bench_started(b));
        assert_int_equal(b->result.slot, 0);
        assert_int_equal(b->result.watchdog_s, 0);
        bench_area_holds(b, &p);
    }
    /* It is kept while another is staged, and stays the way back. */
    assert_int_equal(bench_stage(b, &r), REASON_NONE);
    assert_int_equal(b->stage.slot, 1);
    bench_boots(b, true, 1, BOOT_TRIAL);
    bench_area_holds(b, &r);
    flash_model_at(b->m, slot_addr(512, 1) + 40, 1)[0] ^= 1;
    assert_true(bench_started(b));
    bench_area_holds(b, &p);
    package_key_free(key);
    bench_free(b);
}

/* Nothing of a package without records moves OTP, and its trailer gets no flag. */
static void test_dead_lost_moves_nothing(void **state)
{
    struct evp_pkey_st *key = package_key(1);
    struct bench_package p = one;
    struct bench *b = bench_create(512);
    unsigned otp;

    (void)state;
    bench_provision(b, key);
    p.key = key;
    p.counter = 9;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    memset(bench_trailer(b, 0, 0, TRAILER_LOG), 0x5B, TRAILER_LOG);
    otp = b->m->otp;
    bench_boots(b, true, 0, BOOT_HEALED);
    bench_boots(b, true, 0, BOOT_NORMAL);
    assert_int_equal(b->result.installs, 0); /* the claim is there */
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NO_TRIAL);
    assert_int_equal(b->m->otp, otp);
    for (uint32_t at = 0; at < TRAILER_LOG; at += 4) {
        assert_int_equal(bench_record(b, 0, at), 0x5B5B5B5B);
    }
    bench_set_record(b, 0, TRAILER_REJECTED, FLAG_FIRST); /* that is a reason not to */
    bench_stays(b, true, STAY_UNTRUSTED);
    package_key_free(key);
    bench_free(b);
}

/* Open: what was taken back stays so, and a plain application comes first. */
static void test_dead_lost_on_open_boards(void **state)
{
    struct bench *b = bench_create(512);

    (void)state;
    assert_int_equal(bench_stage(b, &one), REASON_NONE);
    memset(bench_trailer(b, 0, 0, TRAILER_SIZE), 0xFF, TRAILER_SIZE);
    bench_stays(b, true, STAY_NOTHING_TO_BOOT); /* never sealed: nothing is lost */
    bench_set_record(b, 0, TRAILER_SEALED, FLAG_FIRST ^ 0x8001);
    bench_put_plain(b, &plain);
    bench_boots(b, true, SLOT_NONE, BOOT_PLAIN);
    memset(flash_model_at(b->m, MAP_APP_BASE, 1000), 0xFF, 1000);
    bench_boots(b, true, 0, BOOT_HEALED);
    bench_free(b);
    b = bench_create(512);
    assert_int_equal(bench_stage(b, &one), REASON_NONE);
    assert_int_equal(update_retire(&b->update, &b->detail), REASON_NONE);
    bench_stays(b, true, STAY_NOTHING_TO_BOOT);
    bench_free(b);
}

/* ---- plain applications, and what looks like a record ---- */

static void test_dead_plain_over_trailer(void **state)
{
    struct bench *b = bench_create(1024);

    (void)state;
    bench_put_plain(b, &plain);
    bench_set_record(b, 0, TRAILER_SEALED, FLAG_FIRST);
    bench_set_record(b, 0, TRAILER_SEALED + 4, 0);
    bench_boots(b, true, SLOT_NONE, BOOT_PLAIN);
    memset(bench_trailer(b, 0, TRAILER_LOG, 1920), 0, 1920); /* zeros are common in applications */
    bench_boots(b, true, SLOT_NONE, BOOT_PLAIN);
    assert_int_equal(update_retire(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, true, SLOT_NONE, BOOT_PLAIN);
    bench_takes(b, &one);
    bench_free(b);
}

/* A package that was never installed does not bar the application that is still there. */
static void test_dead_plain_beside_damaged(void **state)
{
    struct bench *b = bench_create(512);
    struct package_check check;

    (void)state;
    bench_put_plain(b, &plain);
    assert_int_equal(bench_stage(b, &one), REASON_NONE);
    flash_model_at(b->m, slot_addr(512, 0) + 50, 1)[0] ^= 1;
    bench_boots(b, true, SLOT_NONE, BOOT_PLAIN);
    flash_model_at(b->m, slot_addr(512, 0) + 50, 1)[0] ^= 1;
    bench_boots(b, true, 0, BOOT_TRIAL);
    flash_model_at(b->m, slot_addr(512, 0) + 50, 1)[0] ^= 1;
    bench_stays(b, true, STAY_REJECTED); /* the area is a package's, by its log and sequence */
    update_verify_area(&b->update, &check);
    assert_int_not_equal(check.verdict[0], VERDICT_GOOD);
    bench_trailer(b, 0, TRAILER_SEQUENCE, 1)[0] ^= 1;
    bench_stays(b, true, STAY_REJECTED); /* also when the sequence is lost */
    bench_trailer(b, 0, TRAILER_SEQUENCE, 1)[0] ^= 1;
    flash_model_at(b->m, slot_addr(512, 0), 1)[0] ^= 1;
    bench_stays(b, true, STAY_REJECTED); /* or the package is not to be read */
    bench_free(b);
}

/* ---- write protection ---- */

/* Sectors of the slots take nothing. Where another package runs, its claim stands, and so does it.
 */
static void test_dead_protected_slots(void **state)
{
    struct bench *b = bench_runs(512, &one);

    (void)state;
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    b->m->protected_mask = 0xC0;
    for (unsigned i = 0; i < 3; i++) {
        bench_boots(b, true, 0, BOOT_NORMAL);
        bench_area_holds(b, &one);
        assert_int_equal(b->result.reason, REASON_FLASH_ERROR);
    }
    b->m->protected_mask = 0;
    bench_boots(b, true, 1, BOOT_TRIAL);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_lives(b);
    bench_free(b);
}

/* The only one is installed all the same, and heals. */
static void test_dead_protected_slot_of_one(void **state)
{
    struct bench *b = bench_create(512);

    (void)state;
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    b->m->protected_mask = 0xC0;
    for (unsigned i = 0; i < 10; i++) {
        bench_boots(b, true, 0, BOOT_TRIAL);
        bench_area_holds(b, &two);
        assert_int_equal(b->result.reason, REASON_FLASH_ERROR);
        assert_int_equal(b->result.watchdog_s, 30);
    }
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NO_TRIAL);
    b->m->protected_mask = 0;
    bench_boots(b, true, 0, BOOT_TRIAL);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    b->m->protected_mask = 0xC0;
    flash_model_at(b->m, MAP_APP_BASE + 20, 1)[0] ^= 1;
    bench_boots(b, true, 0, BOOT_HEALED);
    bench_area_holds(b, &two);
    b->m->protected_mask = 0;
    bench_lives(b);
    bench_free(b);
}

/* ---- the slot to keep ---- */

static void test_dead_keeps_what_verifies(void **state)
{
    struct bench *b = bench_two();

    (void)state;
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, true, 1, BOOT_NORMAL);
    flash_model_at(b->m, slot_addr(512, 1) + 50, 1)[0] ^= 1; /* the later one, since the start */
    assert_int_equal(update_stage_begin(&b->update, &b->stage, 1000, &b->detail), REASON_NONE);
    assert_int_equal(b->stage.slot, 1);
    bench_boots(b, true, 0, BOOT_HEALED);
    bench_area_holds(b, &one);
    bench_free(b);
}

/* ---- confirming, and the same package again ---- */

static void test_dead_confirm_wants_a_start(void **state)
{
    struct bench *b = bench_create(512);
    const struct update_facts install = {.reset = BENCH_SOFTWARE, .install_only = true};

    (void)state;
    assert_int_equal(bench_stage(b, &one), REASON_NONE);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NO_TRIAL);
    update_boot(&b->update, &install, &b->result);
    assert_int_equal(b->result.stay, STAY_HOST_REQUEST);
    bench_area_holds(b, &one);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NO_TRIAL);
    bench_boots(b, true, 0, BOOT_TRIAL);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_free(b);
}

static void test_dead_find_package(void **state)
{
    struct bench *b = bench_two();
    uint8_t report[SLOTS_SIZE];
    const uint8_t *digest = report + SLOTS_ENTRIES + SLOT_DIGEST;

    (void)state;
    update_report(&b->update, report);
    assert_int_equal(update_find_package(&b->update, digest), 0);
    assert_int_equal(update_find_package(&b->update, digest + SLOT_ENTRY_SIZE), 1);
    assert_int_equal(update_find_package(&b->update, report), SLOT_NONE);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    assert_int_equal(update_rollback(&b->update, &b->detail), REASON_NONE);
    assert_int_equal(update_find_package(&b->update, digest + SLOT_ENTRY_SIZE), SLOT_NONE);
    bench_set_record(b, 0, TRAILER_CONFIRMED, 0); /* on its way out */
    assert_int_equal(update_find_package(&b->update, digest), SLOT_NONE);
    bench_set_record(b, 0, TRAILER_CONFIRMED, FLAG_FIRST);
    assert_int_equal(update_find_package(&b->update, digest), 0);
    flash_model_at(b->m, slot_addr(512, 0) + 50, 1)[0] ^= 1;
    assert_int_equal(update_find_package(&b->update, digest), SLOT_NONE);
    bench_free(b);
}

/* ---- crashes ---- */

static void test_dead_crashes(void **state)
{
    static const uint8_t policy[4] = {0, 3, 30, 0};
    struct bench_package p = one;
    struct bench *b = bench_create(512);

    (void)state;
    p.policy = policy;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    bench_boots_by(b, BENCH_SOFTWARE, 0, BOOT_INSTALLED);
    for (unsigned i = 0; i < 20; i++) {
        bench_boots_by(b, 0x04, 0, BOOT_NORMAL); /* the pin */
        assert_int_equal(b->m->note, 0xA7000104u);
        bench_boots_by(b, 0x84, 0, BOOT_NORMAL); /* low power */
        bench_boots_by(b, 0x0E, 0, BOOT_NORMAL);
        bench_boots_by(b, BENCH_SOFTWARE, 0, BOOT_NORMAL); /* one crash in between */
        update_stays(&b->update);
        bench_boots_by(b, BENCH_SOFTWARE, 0, BOOT_NORMAL); /* the bootloader's own */
        assert_int_equal(b->m->note, 0xA7000114u);
    }
    bench_boots_by(b, BENCH_SOFTWARE, 0, BOOT_NORMAL);
    bench_boots_by(b, 0x44, 0, BOOT_NORMAL); /* the window watchdog */
    assert_int_equal(b->m->note, 0xA7020144u);
    bench_stays_by(b, BENCH_WATCHDOG, STAY_CRASH_LOOP);
    update_stays(&b->update);
    bench_boots_by(b, BENCH_WATCHDOG, 0, BOOT_NORMAL); /* in the bootloader: not its own */
    assert_int_equal(b->m->note, 0xA7010124u);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_boots_by(b, BENCH_WATCHDOG, 0, BOOT_NORMAL);
    assert_int_equal(b->m->note, 0xA7010124u);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dead_half_flags),
        cmocka_unit_test(test_dead_flag_takes_one_word),
        cmocka_unit_test(test_dead_confirmed_lost),
        cmocka_unit_test(test_dead_sequences),
        cmocka_unit_test(test_dead_attempts),
        cmocka_unit_test(test_dead_attempt_flipped),
        cmocka_unit_test(test_dead_log_flipped),
        cmocka_unit_test(test_dead_log_noise),
        cmocka_unit_test(test_dead_cut_again_and_again),
        cmocka_unit_test(test_dead_trailers_lost),
        cmocka_unit_test(test_dead_lost_moves_nothing),
        cmocka_unit_test(test_dead_lost_on_open_boards),
        cmocka_unit_test(test_dead_plain_over_trailer),
        cmocka_unit_test(test_dead_plain_beside_damaged),
        cmocka_unit_test(test_dead_protected_slots),
        cmocka_unit_test(test_dead_protected_slot_of_one),
        cmocka_unit_test(test_dead_keeps_what_verifies),
        cmocka_unit_test(test_dead_confirm_wants_a_start),
        cmocka_unit_test(test_dead_find_package),
        cmocka_unit_test(test_dead_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The update engine as a whole: each flow from staging to the verdict, on both parts, open and
 * provisioned. Cuts of the supply are the campaign's (tests/powercut).
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

static const uint8_t no_trial[4] = {0, 8, 30, 0};
static const uint8_t two_crashes[4] = {3, 2, 17, 0};
static const struct bench_package one = {.seed = 1, .packing = PACKAGE_LZMA2};
static const struct bench_package two = {.seed = 2, .packing = PACKAGE_LZMA2_THUMB};
static const struct bench_package three = {.seed = 3};

static struct bench *bench_settled(uint32_t kib)
{
    return bench_runs(kib, &one);
}

static void test_update_install(void **state)
{
    static const uint16_t parts[] = {512, 1024};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = bench_create(parts[i]);

        assert_false(update_has_work(&b->update));
        assert_int_equal(bench_stage(b, &one), REASON_NONE);
        assert_true(update_has_work(&b->update));
        bench_boots(b, true, 0, BOOT_TRIAL);
        assert_int_equal(b->result.installs, 1);
        assert_int_equal(b->result.watchdog_s, 30);
        bench_area_holds(b, &one);
        assert_int_equal(bench_record(b, 0, TRAILER_ATTEMPTS), ATTEMPT_MADE);
        assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
        assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
        b->m->operations = 0; /* U10 */
        bench_boots(b, true, 0, BOOT_NORMAL);
        assert_int_equal(b->m->operations, 0);
        assert_int_equal(b->result.watchdog_s, 0);

        assert_int_equal(bench_stage(b, &two), REASON_NONE);
        bench_area_holds(b, &one); /* the running one is not disturbed */
        bench_boots(b, false, 1, BOOT_TRIAL);
        bench_area_holds(b, &two);
        assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
        assert_int_equal(bench_stage(b, &three), REASON_NONE);
        bench_boots(b, false, 0, BOOT_TRIAL);
        bench_area_holds(b, &three);
        assert_in_range(b->m->begun, 1, b->m->words - 1); /* some ahead, some not */
        bench_free(b);
    }
}

static void test_update_trial_ends(void **state)
{
    struct bench *b = bench_settled(512);

    (void)state;
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    for (unsigned i = 0; i < 3; i++) {
        bench_boots(b, false, 1, BOOT_TRIAL);
        assert_int_equal(b->result.installs, i == 0);
    }
    bench_boots(b, false, 0, BOOT_ROLLBACK);
    bench_area_holds(b, &one);
    assert_int_equal(bench_record(b, 1, TRAILER_CAUSE), CAUSE_TRIAL);
    bench_boots(b, false, 0, BOOT_NORMAL);
    bench_free(b);
}

/* Rejected without another: stays, and its content is no plain application, staged over or not. */
static void test_update_trial_without_fallback(void **state)
{
    struct bench *b = bench_create(512);

    (void)state;
    assert_int_equal(bench_stage(b, &one), REASON_NONE);
    for (unsigned i = 0; i < 3; i++) {
        bench_boots(b, false, 0, BOOT_TRIAL);
    }
    bench_stays(b, false, STAY_REJECTED);
    bench_stays(b, true, STAY_REJECTED);
    assert_int_equal(update_stage_begin(&b->update, &b->stage, 1000, &b->detail), REASON_NONE);
    assert_int_equal(b->stage.slot, 0);
    bench_stays(b, true, STAY_NOTHING_TO_BOOT);
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    bench_boots(b, true, 0, BOOT_TRIAL);
    bench_area_holds(b, &two);
    bench_free(b);
}

static void test_update_plain(void **state)
{
    struct bench *b = bench_create(1024);

    (void)state;
    bench_stays(b, true, STAY_NOTHING_TO_BOOT);
    bench_put_plain(b, &one);
    bench_boots(b, true, SLOT_NONE, BOOT_PLAIN);
    /* Staging that broke off leaves it; so does taking back what was staged and not installed. */
    assert_int_equal(update_stage_begin(&b->update, &b->stage, 1000, &b->detail), REASON_NONE);
    bench_boots(b, true, SLOT_NONE, BOOT_PLAIN);
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    assert_int_equal(update_retire(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, true, SLOT_NONE, BOOT_PLAIN);
    bench_area_holds(b, &one);
    bench_free(b);
}

static void test_update_retire(void **state)
{
    struct bench *b = bench_settled(512);

    (void)state;
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    assert_int_equal(update_retire(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, true, SLOT_NONE, BOOT_PLAIN); /* what was verified there */
    bench_area_holds(b, &one);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NO_TRIAL);
    bench_free(b);
    /* A rejected one's content does not become a plain application. */
    b = bench_create(512);
    assert_int_equal(bench_stage(b, &one), REASON_NONE);
    for (unsigned i = 0; i < 3; i++) {
        bench_boots(b, false, 0, BOOT_TRIAL);
    }
    bench_stays(b, false, STAY_REJECTED);
    assert_int_equal(update_retire(&b->update, &b->detail), REASON_NONE);
    bench_stays(b, true, STAY_NOTHING_TO_BOOT);
    bench_free(b);
}

static void test_update_rollback(void **state)
{
    struct bench *b = bench_create(512);

    (void)state;
    /* Nobody goes back to what was never confirmed. */
    assert_int_equal(bench_stage(b, &one), REASON_NONE);
    bench_boots(b, true, 0, BOOT_TRIAL);
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    assert_int_equal(update_rollback(&b->update, &b->detail), REASON_NO_FALLBACK);
    bench_free(b);
    b = bench_settled(512);
    assert_int_equal(update_rollback(&b->update, &b->detail), REASON_NO_FALLBACK);
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    bench_boots(b, false, 1, BOOT_TRIAL);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    assert_int_equal(update_rollback(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, false, 0, BOOT_ROLLBACK);
    bench_area_holds(b, &one);
    assert_int_equal(bench_record(b, 1, TRAILER_CAUSE), CAUSE_ASKED);
    assert_int_equal(update_rollback(&b->update, &b->detail), REASON_NO_FALLBACK);
    /* U6: with the other gone, what was confirmed once runs again. */
    flash_model_at(b->m, slot_addr(512, 0) + 100, 1)[0] ^= 1;
    bench_boots(b, false, 1, BOOT_HEALED);
    bench_area_holds(b, &two);
    bench_free(b);
}

static void test_update_heal(void **state)
{
    struct bench *b = bench_settled(512);

    (void)state;
    flash_model_at(b->m, MAP_APP_BASE + 5000, 1)[0] ^= 4;
    bench_boots(b, true, 0, BOOT_HEALED);
    bench_area_holds(b, &one);
    bench_free(b);
}

static void test_update_damaged(void **state)
{
    struct bench *b = bench_settled(512);

    (void)state;
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    flash_model_at(b->m, slot_addr(512, 1) + 100, 1)[0] ^= 1;
    bench_boots(b, true, 0, BOOT_NORMAL);
    assert_int_equal(bench_record(b, 1, TRAILER_CAUSE), CAUSE_DAMAGED);
    bench_area_holds(b, &one);
    /* U9: the only one that is left is not rejected for it. */
    flash_model_at(b->m, slot_addr(512, 0) + 100, 1)[0] ^= 1;
    b->m->operations = 0;
    bench_stays(b, true, STAY_REJECTED);
    assert_int_equal(b->m->operations, 0);
    flash_model_at(b->m, slot_addr(512, 0) + 100, 1)[0] ^= 1;
    bench_boots(b, true, 0, BOOT_NORMAL);
    bench_free(b);
}

static void test_update_area_fails(void **state)
{
    struct bench *b = bench_settled(512);

    (void)state;
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    b->m->stuck_at = MAP_APP_BASE + 0x4000;
    bench_stays(b, true, STAY_FLASH_FAILED);
    assert_true(b->m->stuck >= 2);
    assert_int_equal(bench_record(b, 1, TRAILER_CAUSE), CAUSE_INSTALL);
    assert_int_equal(b->result.reason, REASON_VERIFY);
    assert_int_equal(b->result.detail, MAP_APP_BASE + 0x4000);
    b->m->stuck_at = 0;
    bench_boots(b, true, 0, BOOT_ROLLBACK);
    bench_area_holds(b, &one);
    bench_free(b);
}

static void test_update_policy(void **state)
{
    struct bench_package p = one;
    struct bench *b = bench_create(512);

    (void)state;
    p.policy = no_trial;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    bench_boots(b, true, 0, BOOT_INSTALLED);
    assert_int_equal(b->result.watchdog_s, 0);
    assert_int_equal(bench_record(b, 0, TRAILER_CONFIRMED), FLAG_FIRST);
    bench_boots(b, true, 0, BOOT_NORMAL);
    p = two;
    p.policy = two_crashes;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    bench_boots(b, true, 1, BOOT_TRIAL);
    assert_int_equal(b->result.watchdog_s, 17);
    bench_free(b);
}

static void test_update_crash_loop(void **state)
{
    struct bench_package p = one;
    struct bench *b = bench_create(512);

    (void)state;
    p.policy = two_crashes;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    bench_boots(b, true, 0, BOOT_TRIAL);
    bench_boots(b, false, 0, BOOT_TRIAL);
    bench_boots(b, false, 0, BOOT_TRIAL); /* no crash loop on trial */
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, false, 0, BOOT_NORMAL);
    bench_stays(b, false, STAY_CRASH_LOOP);
    bench_boots(b, false, 0, BOOT_NORMAL);
    bench_boots(b, true, 0, BOOT_NORMAL); /* power-on */
    bench_boots(b, false, 0, BOOT_NORMAL);
    update_stays(&b->update); /* the next reset is the bootloader's own */
    bench_boots(b, false, 0, BOOT_NORMAL);
    assert_int_equal(b->m->note, 0xA7000114u);
    bench_free(b);
}

static void test_update_install_only(void **state)
{
    struct bench *b = bench_create(512);
    const struct update_facts facts = {.install_only = true};

    (void)state;
    assert_int_equal(bench_stage(b, &one), REASON_NONE);
    update_boot(&b->update, &facts, &b->result);
    assert_int_equal(b->result.stay, STAY_HOST_REQUEST);
    assert_int_not_equal(b->result.verdict[0], VERDICT_GOOD);
    assert_int_not_equal(b->result.verdict[1], VERDICT_GOOD);
    assert_int_equal(b->result.watchdog_s, 0);
    assert_int_equal(bench_record(b, 0, TRAILER_ATTEMPTS), 0xFFFFFFFFu);
    bench_area_holds(b, &one);
    bench_boots(b, true, 0, BOOT_TRIAL);
    assert_int_equal(b->result.installs, 0);
    bench_free(b);
}

static void test_update_services(void **state)
{
    struct bench *b = bench_settled(512);

    (void)state;
    b->update.memory = NULL;
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    assert_int_equal(bench_record(b, 1, TRAILER_CHECKED), 0xFFFFFFFFu);
    b->update.memory = &b->memory;
    bench_boots(b, false, 1, BOOT_TRIAL);
    assert_int_equal(bench_record(b, 1, TRAILER_CHECKED), FLAG_FIRST);
    b->update.memory = NULL;
    assert_int_equal(bench_stage(b, &three), REASON_UNCONFIRMED);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    assert_int_equal(bench_stage(b, &three), REASON_NONE);
    assert_int_equal(bench_record(b, 0, TRAILER_CHECKED), FLAG_FIRST); /* plain */
    bench_free(b);
}

static void test_update_stage_order(void **state)
{
    static const uint8_t bytes[16] = {0x3D, 0xB8, 0xF3, 0x96};
    struct bench *b = bench_create(512);
    uint32_t d;

    (void)state;
    assert_int_equal(update_stage_write(&b->update, &b->stage, 0, bytes, 4, &d),
                     REASON_STAGE_ORDER);
    assert_int_equal(d, 0xFFFFFFFFu);
    assert_int_equal(update_stage_finish(&b->update, &b->stage, &d), REASON_STAGE_ORDER);
    assert_int_equal(update_stage_begin(&b->update, &b->stage, 31, &d), REASON_PACKAGE_SIZE);
    assert_int_equal(update_stage_begin(&b->update, &b->stage, 0x1F801, &d), REASON_PACKAGE_SIZE);
    assert_int_equal(d, 0x1F800);
    assert_int_equal(flash_model_erases(b->m), 0);
    assert_int_equal(update_stage_begin(&b->update, &b->stage, 38, &d), REASON_NONE);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 4, bytes, 4, &d),
                     REASON_STAGE_ORDER);
    assert_int_equal(d, 0);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 0, bytes, 6, &d), REASON_ARGUMENT);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 0, bytes, 16, &d), REASON_NONE);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 0, bytes, 16, &d), REASON_NONE);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 0, bytes, 12, &d),
                     REASON_STAGE_ORDER);
    assert_int_equal(d, 16);
    assert_int_equal(update_stage_finish(&b->update, &b->stage, &d), REASON_STAGE_ORDER);
    assert_int_equal(d, 16);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 32, bytes, 8, &d),
                     REASON_PACKAGE_SIZE);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 16, bytes, 16, &d), REASON_NONE);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 32, bytes, 6, &d), REASON_NONE);
    assert_int_equal(update_stage_finish(&b->update, &b->stage, &d), REASON_PACKAGE_FORMAT);
    assert_int_equal(bench_record(b, 0, TRAILER_SEALED), 0xFFFFFFFFu);
    bench_free(b);
}

static void test_update_verify_area(void **state)
{
    struct bench *b = bench_create(512);
    struct package_check check;

    (void)state;
    update_verify_area(&b->update, &check);
    assert_int_equal(check.verdict[0], VERDICT_GOOD);
    assert_int_equal(check.verdict[1], VERDICT_GOOD);
    assert_int_equal(bench_stage(b, &one), REASON_NONE);
    update_verify_area(&b->update, &check);
    assert_int_equal(check.reason, REASON_NOT_VERIFIED);
    assert_int_not_equal(check.verdict[0], VERDICT_GOOD);
    assert_int_not_equal(check.verdict[1], VERDICT_GOOD);
    bench_boots(b, true, 0, BOOT_TRIAL);
    update_verify_area(&b->update, &check);
    assert_int_equal(check.reason, REASON_NONE);
    flash_model_at(b->m, MAP_APP_BASE + 9, 1)[0] ^= 1;
    update_verify_area(&b->update, &check);
    assert_int_equal(check.reason, REASON_NOT_VERIFIED);
    bench_free(b);
}

static void retire(void *arg)
{
    struct bench *b = arg;

    (void)update_retire(&b->update, &b->detail);
}

/* Retiring that is cut bars no application that was there: as a package, or as a plain one. */
static void test_update_retire_cut(void **state)
{
    (void)state;
    for (unsigned operation = 1; operation <= 8; operation++) {
        struct bench *b = bench_settled(512);
        const struct update_facts facts = {.reset = 0x0E};

        assert_int_equal(bench_stage(b, &two), REASON_NONE);
        bench_boots(b, false, 1, BOOT_TRIAL);
        assert_int_equal(update_rollback(&b->update, &b->detail), REASON_NONE);
        bench_boots(b, false, 0, BOOT_ROLLBACK);
        b->m->cut_at = b->m->operations + operation;
        b->m->cut = CUT_AFTER;
        assert_false(flash_model_run(b->m, retire, b));
        flash_model_power_on(b->m);
        update_boot(&b->update, &facts, &b->result);
        assert_int_equal(b->result.stay, STAY_NOT);
        bench_area_holds(b, &one);
        bench_free(b);
    }
}

static void boot(void *arg)
{
    struct bench *b = arg;
    const struct update_facts facts = {.reset = 0x0E};

    update_boot(&b->update, &facts, &b->result);
}

/* What a board like that is after a boot that was cut in the middle of this operation. */
static struct bench *bench_torn_boot(const struct bench *ready, unsigned operation, unsigned seed)
{
    struct bench *b = bench_create(512);

    flash_model_copy(b->m, ready->m);
    b->m->random = seed;
    b->m->cut_at = operation;
    b->m->cut = CUT_TORN;
    assert_false(flash_model_run(b->m, boot, b));
    flash_model_power_on(b->m);
    return b;
}

/* A claim that was torn and is believed is so for CONFIRM, too. */
static void test_update_claim_torn(void **state)
{
    struct bench *ready = bench_settled(512);
    unsigned claim, believed = 0, torn = 0;
    struct bench *b = bench_create(512);

    (void)state;
    assert_int_equal(bench_stage(ready, &two), REASON_NONE);
    flash_model_copy(b->m, ready->m);
    bench_boots(b, true, 1, BOOT_TRIAL);
    claim = b->m->operations - 2; /* the claim, the claim once more, the attempt */
    bench_free(b);
    for (unsigned i = 0; i < 100; i++) {
        const uint8_t *soft;

        b = bench_torn_boot(ready, claim, i);
        soft =
            b->m->flash_unstable + (0x0807F884 - MAP_FLASH_BASE); /* the second word of its log */
        torn += (soft[0] | soft[1] | soft[2] | soft[3]) != 0;
        bench_boots(b, true, 1, BOOT_TRIAL);
        believed += b->result.installs == 0;
        for (unsigned k = 0; k < 8; k++) {
            assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
        }
        bench_free(b);
    }
    bench_free(ready);
    assert_true(torn > 20);
    assert_in_range(believed, 2, 98);
}

/* The claim behind an area that healed was torn. The package is confirmed, so a start writes
 * nothing (U10) and does not mend it; CONFIRM has nothing to do, however the claim reads. */
static void test_update_claim_torn_confirmed(void **state)
{
    struct bench *ready = bench_settled(512);
    struct bench *b = bench_create(512);
    unsigned claim, torn = 0, missing = 0;

    (void)state;
    flash_model_at(ready->m, MAP_APP_BASE + 100, 1)[0] ^= 1;
    flash_model_copy(b->m, ready->m);
    bench_boots(b, true, 0, BOOT_HEALED);
    claim = b->m->operations;
    bench_free(b);
    for (unsigned i = 0; i < 50; i++) {
        b = bench_torn_boot(ready, claim, i);
        torn += memcmp(b->m->flash_unstable + (0x0805F888 - MAP_FLASH_BASE), "\0\0\0\0", 4) != 0;
        for (unsigned k = 0; k < 8; k++) {
            uint8_t report[SLOTS_SIZE];

            update_report(&b->update, report);
            missing += report[SLOTS_INSTALLED] == SLOT_NONE;
            assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
        }
        bench_free(b);
    }
    bench_free(ready);
    assert_true(torn > 10);
    assert_true(missing > 20);
}

/* Taken back before it was confirmed: it cannot be confirmed any more, and nobody is told so. */
static void test_update_confirm_after_rollback(void **state)
{
    struct bench *b = bench_settled(512);

    (void)state;
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    bench_boots(b, true, 1, BOOT_TRIAL);
    assert_int_equal(update_rollback(&b->update, &b->detail), REASON_NONE);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NO_TRIAL);
    bench_boots(b, true, 0, BOOT_ROLLBACK);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_free(b);
}

/* Retiring was cut when the first word of its confirmation was gone: it runs as the last one, and
 * confirming it again is no failure. */
static void test_update_confirm_fading(void **state)
{
    struct bench *b = bench_settled(512);

    (void)state;
    memset(flash_model_at(b->m, 0x0805F818, 4), 0, 4);
    bench_boots(b, true, 0, BOOT_NORMAL);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_free(b);
}

static void bench_damage_area(struct bench *b)
{
    flash_model_at(b->m, MAP_APP_BASE + 9, 1)[0] ^= 1;
}

/* A log takes 479 claims. When it is full, the package is compared and installed without them. */
static void test_update_log(void **state)
{
    struct bench_package p = {.seed = 9, .len = 1024};
    struct bench *b = bench_create(512);
    uint8_t report[SLOTS_SIZE];

    (void)state;
    p.policy = no_trial;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    bench_boots(b, true, 0, BOOT_INSTALLED);
    for (unsigned installs = 2; installs < 1000; installs++) {
        bench_damage_area(b);
        bench_boots(b, true, 0, BOOT_HEALED);
        update_report(&b->update, report);
        assert_int_equal(report[SLOTS_INSTALLED], installs < TRAILER_LOG_COUNT ? 0 : SLOT_NONE);
    }
    b->m->operations = 0; /* U10 */
    bench_boots(b, true, 0, BOOT_NORMAL);
    assert_int_equal(b->m->operations, 0);
    bench_area_holds(b, &p);
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    bench_boots(b, true, 1, BOOT_TRIAL);
    bench_area_holds(b, &two);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update_install),
        cmocka_unit_test(test_update_trial_ends),
        cmocka_unit_test(test_update_trial_without_fallback),
        cmocka_unit_test(test_update_plain),
        cmocka_unit_test(test_update_retire),
        cmocka_unit_test(test_update_rollback),
        cmocka_unit_test(test_update_heal),
        cmocka_unit_test(test_update_damaged),
        cmocka_unit_test(test_update_area_fails),
        cmocka_unit_test(test_update_policy),
        cmocka_unit_test(test_update_crash_loop),
        cmocka_unit_test(test_update_install_only),
        cmocka_unit_test(test_update_services),
        cmocka_unit_test(test_update_stage_order),
        cmocka_unit_test(test_update_verify_area),
        cmocka_unit_test(test_update_retire_cut),
        cmocka_unit_test(test_update_claim_torn),
        cmocka_unit_test(test_update_claim_torn_confirmed),
        cmocka_unit_test(test_update_confirm_after_rollback),
        cmocka_unit_test(test_update_confirm_fading),
        cmocka_unit_test(test_update_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

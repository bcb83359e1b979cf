/* SPDX-License-Identifier: MIT */
/*
 * The update engine and what a board trusts: what may run on a provisioned board, how counter and
 * revocations get into OTP, and what a rejected package may still do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "update_bench.h"

static const uint8_t no_trial[4] = {0, 8, 30, 0};
static const struct bench_package one = {.seed = 1, .packing = PACKAGE_LZMA2};
static const struct bench_package two = {.seed = 2, .packing = PACKAGE_LZMA2_THUMB};
static const struct bench_package three = {.seed = 3};

static void test_update_provisioned(void **state)
{
    struct evp_pkey_st *key = package_key(1), *stranger = package_key(2);
    struct bench_package p = one, q = two;
    struct bench *b = bench_create(512);
    uint8_t report[SLOTS_SIZE];

    (void)state;
    bench_put_plain(b, &three);
    bench_provision(b, key);
    bench_stays(b, true, STAY_UNTRUSTED);
    assert_int_equal(bench_stage(b, &p), REASON_PACKAGE_UNSIGNED);
    p.key = stranger;
    assert_int_equal(bench_stage(b, &p), REASON_PACKAGE_KEY);
    bench_stays(b, true, STAY_UNTRUSTED);
    p.key = key;
    p.counter = 3;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    bench_boots(b, true, 0, BOOT_TRIAL);
    update_report(&b->update, report);
    assert_int_equal(load_le16(report + SLOTS_COUNTER), 0); /* not before it is confirmed */
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    update_report(&b->update, report);
    assert_int_equal(load_le16(report + SLOTS_COUNTER), 3);
    q.key = key;
    q.counter = 2;
    assert_int_equal(bench_stage(b, &q), REASON_PACKAGE_COUNTER);
    assert_int_equal(b->detail, 3);
    q.counter = 5;
    q.policy = no_trial;
    assert_int_equal(bench_stage(b, &q), REASON_NONE);
    bench_boots(b, true, 1, BOOT_INSTALLED);
    update_report(&b->update, report);
    assert_int_equal(load_le16(report + SLOTS_COUNTER), 5);
    assert_int_equal(update_rollback(&b->update, &b->detail), REASON_NO_FALLBACK);
    assert_int_equal(update_retire(&b->update, &b->detail), REASON_PROVISIONED);
    b->m->operations = 0; /* U10 */
    bench_boots(b, true, 1, BOOT_NORMAL);
    assert_int_equal(b->m->operations, 0);
    package_key_free(key);
    package_key_free(stranger);
    bench_free(b);
}

/* A provisioned board on which `one` is confirmed, and another is on trial that has a counter and
 * revokes a key. */
static struct bench *bench_second_on_trial(struct evp_pkey_st *key)
{
    struct bench_package p = one, q = two;
    struct bench *b = bench_create(512);

    bench_provision(b, key);
    p.key = key;
    p.counter = 1;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    bench_boots(b, true, 0, BOOT_TRIAL);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    q.key = key;
    q.counter = 5;
    q.revoke = 4;
    assert_int_equal(bench_stage(b, &q), REASON_NONE);
    bench_boots(b, true, 1, BOOT_TRIAL);
    return b;
}

static void confirm(void *arg)
{
    struct bench *b = arg;

    (void)update_confirm(&b->update, &b->detail);
}

static void assert_trust(struct bench *b, unsigned counter, unsigned revoked)
{
    uint8_t report[SLOTS_SIZE];

    update_report(&b->update, report);
    assert_int_equal(load_le16(report + SLOTS_COUNTER), counter);
    assert_int_equal(report[SLOTS_REVOKED], revoked);
}

/* A confirmation that was cut anywhere: asked again, or at the next boot, OTP has all of it and no
 * bit that reads either way. From then on neither writes any of it. */
static void test_update_confirm_cut(void **state)
{
    enum { OPERATIONS = 9, SEEDS = 6 }; /* flag, 4 bits, key, flag */
    static const uint8_t zeros[FLASH_MODEL_OTP];
    struct evp_pkey_st *key = package_key(1);
    struct bench *ready = bench_second_on_trial(key);
    unsigned unsteady = 0;

    (void)state;
    for (unsigned i = 0; i < OPERATIONS * SEEDS * 2; i++) {
        struct bench *b = bench_create(512);

        flash_model_copy(b->m, ready->m);
        b->m->random = 1000 + i;
        b->m->cut_at = b->m->operations + 1 + i % OPERATIONS;
        b->m->cut = CUT_TORN;
        assert_false(flash_model_run(b->m, confirm, b));
        flash_model_power_on(b->m);
        unsteady += memcmp(b->m->otp_unstable, zeros, sizeof zeros) != 0;
        if (i < OPERATIONS * SEEDS || bench_record(b, 1, TRAILER_CONFIRMED) != FLAG_FIRST) {
            assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
        } else {
            bench_boots(b, true, 1, BOOT_NORMAL);
        }
        assert_trust(b, 5, 4);
        assert_memory_equal(b->m->otp_unstable, zeros, sizeof zeros);
        b->m->otp = 0; /* no more of that; a flag whose second word was torn may yet be settled */
        bench_boots(b, true, 1, BOOT_NORMAL);
        assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
        assert_int_equal(b->m->otp, 0);
        bench_free(b);
    }
    assert_true(unsteady > 20);
    bench_free(ready);
    package_key_free(key);
}

/* Confirmed, then rejected: it runs when the other one no longer verifies, and shuts nobody out. */
static void test_update_last_resort(void **state)
{
    struct evp_pkey_st *key = package_key(1);
    struct bench *b = bench_second_on_trial(key);

    (void)state;
    b->m->cut_at = b->m->operations + 3; /* between the confirmation and OTP */
    b->m->cut = CUT_BEFORE;
    assert_false(flash_model_run(b->m, confirm, b));
    flash_model_power_on(b->m);
    assert_int_equal(bench_record(b, 1, TRAILER_CONFIRMED + 4), FLAG_SECOND);
    assert_int_equal(update_rollback(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, true, 0, BOOT_ROLLBACK);
    flash_model_at(b->m, slot_addr(512, 0) + 100, 1)[0] ^= 1;
    bench_boots(b, true, 1, BOOT_HEALED);
    bench_area_holds(b, &two);
    assert_trust(b, 1, 0);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, true, 1, BOOT_NORMAL);
    assert_trust(b, 1, 0);
    bench_free(b);
    package_key_free(key);
}

/* Rejected by its trial, it never starts again: not as the last resort, not when it is confirmed
 * late, and not when a confirmation that was cut in its trial comes to light. */
static void test_update_rejected_by_trial(void **state)
{
    unsigned torn = 0;

    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        struct bench *b = bench_runs(512, &one);

        assert_int_equal(bench_stage(b, &two), REASON_NONE);
        bench_boots(b, false, 1, BOOT_TRIAL);
        b->m->random = 1000 + i;
        b->m->cut_at = b->m->operations + 1;
        b->m->cut = CUT_TORN;
        assert_false(flash_model_run(b->m, confirm, b));
        flash_model_power_on(b->m);
        /* It reads as not there until the trial is over, and as there from then on. */
        flash_model_at(b->m, 0x0807F818, 4)[0] |= 1;
        b->m->flash_unstable[0x7F818] = 0;
        torn += memcmp(b->m->flash_unstable + 0x7F818, "\0\0\0\0", 4) != 0;
        bench_boots(b, false, 1, BOOT_TRIAL);
        bench_boots(b, false, 1, BOOT_TRIAL);
        bench_boots(b, false, 0, BOOT_ROLLBACK);
        assert_memory_equal(b->m->flash_unstable + 0x7F818, "\0\0\0\0", 4);
        assert_int_equal(bench_record(b, 1, TRAILER_CONFIRMED), 0);
        flash_model_at(b->m, slot_addr(512, 0) + 100, 1)[0] ^= 1;
        bench_stays(b, true, STAY_REJECTED);
        (void)update_confirm(&b->update, &b->detail); /* of the other one */
        bench_stays(b, true, STAY_REJECTED);
        assert_int_equal(bench_record(b, 1, TRAILER_CONFIRMED), 0);
        bench_free(b);
    }
    assert_true(torn > 20);
}

/* A package with a start signature whose payload lost a bit: what is installed starts, and nothing
 * else. One without is as lost as before; and so is one whose area changed as well. */
static void test_update_start_signature(void **state)
{
    struct evp_pkey_st *key = package_key(1);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bool start = i % 2u != 0, packed = i / 2u != 0;
        struct bench_package p = {.seed = 4,
                                  .packing = packed ? PACKAGE_LZMA2 : PACKAGE_PLAIN,
                                  .policy = no_trial,
                                  .key = key,
                                  .start = start};
        struct bench *b = bench_create(512);

        bench_provision(b, key);
        assert_int_equal(bench_stage(b, &p), REASON_NONE);
        bench_boots(b, true, 0, BOOT_INSTALLED);
        bench_boots(b, true, 0, BOOT_NORMAL);
        *flash_model_at(b->m, 0x08040000 + 32 + 999, 1) ^= 4;
        if (start) {
            b->m->operations = 0;
            bench_boots(b, true, 0, BOOT_NORMAL);
            assert_int_equal(b->m->operations, 0);
        } else {
            bench_stays(b, true, STAY_UNTRUSTED);
        }
        *flash_model_at(b->m, 0x08008000 + 999, 1) ^= 4;
        bench_stays(b, true, STAY_UNTRUSTED);
        *flash_model_at(b->m, 0x08040000 + 32 + 999, 1) ^= 4;
        bench_boots(b, true, 0, BOOT_HEALED);
        bench_free(b);
    }
    package_key_free(key);
}

/* One whose start signature is wrong is not staged on a provisioned board. */
static void test_update_start_signature_wrong(void **state)
{
    static uint8_t content[2048];
    struct evp_pkey_st *key = package_key(1);
    struct package_recipe r = {.content = content,
                               .content_len = sizeof content,
                               .content_digest = true,
                               .key = key,
                               .start = true};
    size_t len;

    (void)state;
    package_content(content, sizeof content, 3);
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = bench_create(512);
        uint8_t *bytes = package_build(&r, &len);

        bench_provision(b, key);
        bytes[len - 1u] ^= i == 0 ? 0 : 1; /* the last TLV's last byte */
        assert_int_equal(bench_stage_bytes(b, bytes, len),
                         i == 0 ? REASON_NONE : REASON_PACKAGE_SIGNATURE);
        free(bytes);
        bench_free(b);
    }
    package_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update_provisioned),
        cmocka_unit_test(test_update_confirm_cut),
        cmocka_unit_test(test_update_last_resort),
        cmocka_unit_test(test_update_rejected_by_trial),
        cmocka_unit_test(test_update_start_signature),
        cmocka_unit_test(test_update_start_signature_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

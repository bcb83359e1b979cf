/* SPDX-License-Identifier: MIT */
/*
 * The update engine where little goes on: contents that are not what they say, boards that are
 * provisioned halfway, staging out of order, and what GET_SLOTS says of slots without a package.
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

#define CONTENT 5001u

static const struct bench_package one = {.seed = 1, .packing = PACKAGE_LZMA2};
static const struct bench_package two = {.seed = 2};
static const struct bench_package plain = {.seed = 4, .len = 2640};

/* A compressed package with this content, whose TLVs are those of another one. */
static struct package_bytes package_of(uint8_t *content, const uint8_t *told)
{
    struct package_recipe recipe = {
        .content = told, .content_len = CONTENT, .packing = PACKAGE_LZMA2};
    struct package_bytes tlvs = {0}, package = {0};

    package_put_protected(&tlvs, &recipe);
    recipe.content = content;
    package_assemble(&package, &recipe, &tlvs);
    free(tlvs.data);
    return package;
}

/* What stands in for a good content: other bytes behind the vectors, or no vectors. */
enum wrong { RIGHT, WRONG_DIGEST, WRONG_VECTORS, WRONGS };

static struct package_bytes wrong_package(enum wrong wrong)
{
    uint8_t content[CONTENT], told[CONTENT];

    package_content(content, sizeof content, 7);
    if (wrong == WRONG_VECTORS) {
        memset(content, 0, 4); /* no stack there */
    }
    memcpy(told, content, sizeof told);
    if (wrong == WRONG_DIGEST) {
        content[CONTENT - 1] ^= 1;
    }
    return package_of(content, told);
}

/* Digest and vector table of a content each refuse it, when it is staged by a host ... */
static void test_update_wrong_content(void **state)
{
    (void)state;
    for (enum wrong wrong = RIGHT; wrong < WRONGS; wrong++) {
        struct package_bytes p = wrong_package(wrong);
        struct bench *b = bench_runs(512, &one);

        assert_int_equal(bench_stage_bytes(b, p.data, p.len),
                         wrong == RIGHT ? REASON_NONE : REASON_PACKAGE_CONTENT);
        if (wrong == RIGHT) {
            bench_boots(b, true, 1, BOOT_TRIAL);
        } else {
            assert_int_equal(bench_record(b, 1, TRAILER_SEALED), 0xFFFFFFFFu);
            bench_boots(b, true, 0, BOOT_NORMAL);
        }
        bench_free(b);
        free(p.data);
    }
}

/* ... and at the start, when an application has staged it. The area is not touched for it. */
static void test_update_wrong_content_by_services(void **state)
{
    (void)state;
    for (enum wrong wrong = RIGHT; wrong < WRONGS; wrong++) {
        struct package_bytes p = wrong_package(wrong);
        struct bench *b = bench_runs(512, &one);

        b->update.memory = NULL;
        assert_int_equal(bench_stage_bytes(b, p.data, p.len), REASON_NONE);
        b->update.memory = &b->memory;
        if (wrong == RIGHT) {
            bench_boots(b, true, 1, BOOT_TRIAL);
        } else {
            bench_boots(b, true, 0, BOOT_NORMAL);
            assert_int_equal(b->result.installs, 0);
            assert_int_equal(b->result.reason, REASON_PACKAGE_CONTENT);
            assert_int_equal(bench_record(b, 1, TRAILER_CAUSE), CAUSE_CONTENT);
            bench_boots(b, true, 0, BOOT_NORMAL);
            assert_int_equal(b->result.reason, REASON_NONE);
        }
        bench_free(b);
        free(p.data);
    }
}

/* One whose records are lost besides is left out, and its trailer alone. */
static void test_update_wrong_content_lost(void **state)
{
    struct package_bytes p = wrong_package(WRONG_DIGEST);
    struct bench *b = bench_create(512);

    (void)state;
    b->update.memory = NULL;
    assert_int_equal(bench_stage_bytes(b, p.data, p.len), REASON_NONE);
    b->update.memory = &b->memory;
    memset(bench_trailer(b, 0, 0, TRAILER_LOG), 0x5B, TRAILER_LOG);
    b->m->operations = 0;
    bench_stays(b, true, STAY_NOTHING_TO_BOOT);
    assert_int_equal(b->result.reason, REASON_PACKAGE_CONTENT);
    assert_int_equal(b->m->operations, 0);
    bench_free(b);
    free(p.data);
}

/* Provisioning has begun and not ended: what would run on the board before and after does not. */
static void test_update_incomplete(void **state)
{
    struct evp_pkey_st *key = package_key(1);
    struct bench_package p = one;
    struct bench *b = bench_create(512);
    uint8_t *locks;

    (void)state;
    p.key = key;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    bench_boots(b, true, 0, BOOT_TRIAL);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_provision(b, key);
    bench_boots(b, true, 0, BOOT_NORMAL);
    locks = flash_model_at(b->m, MAP_OTP_LOCK_BASE, 5);
    for (unsigned i = 0; i < 5; i++) {
        locks[i] = 0xFF;
        bench_stays(b, true, STAY_UNTRUSTED);
        assert_int_equal(b->result.reason, REASON_NONE); /* it was not even asked */
        locks[i] = 0;
    }
    locks[4] = 0xFF;
    bench_provision(b, key); /* the way on */
    bench_boots(b, true, 0, BOOT_NORMAL);
    package_key_free(key);
    bench_free(b);
}

/* Nothing verifies: a provisioned board says so, an open one says that all are rejected. */
static void test_update_refused(void **state)
{
    struct evp_pkey_st *key = package_key(1);
    struct bench_package p = one;
    struct bench *b = bench_create(512);

    (void)state;
    bench_put_plain(b, &plain);
    p.key = key;
    assert_int_equal(bench_stage(b, &p), REASON_NONE);
    bench_boots(b, true, 0, BOOT_TRIAL);
    flash_model_at(b->m, slot_addr(512, 0) + 60, 1)[0] ^= 1;
    bench_stays(b, true, STAY_REJECTED);
    assert_int_equal(b->result.reason, REASON_PACKAGE_HASH);
    bench_provision(b, key);
    bench_stays(b, true, STAY_UNTRUSTED);
    assert_int_equal(b->result.reason, REASON_PACKAGE_HASH);
    package_key_free(key);
    bench_free(b);
}

static void test_update_install_plain(void **state)
{
    const struct update_facts install = {.reset = BENCH_SOFTWARE, .install_only = true};
    struct bench *b = bench_create(512);

    (void)state;
    update_boot(&b->update, &install, &b->result);
    assert_int_equal(b->result.stay, STAY_HOST_REQUEST);
    bench_put_plain(b, &plain);
    update_boot(&b->update, &install, &b->result);
    assert_int_equal(b->result.stay, STAY_HOST_REQUEST);
    assert_int_not_equal(b->result.verdict[0], VERDICT_GOOD);
    assert_int_not_equal(b->result.verdict[1], VERDICT_GOOD);
    bench_boots(b, true, SLOT_NONE, BOOT_PLAIN);
    bench_free(b);
}

static void test_update_stage_ends(void **state)
{
    struct package_bytes p = wrong_package(RIGHT);
    struct bench *b = bench_create(512);
    uint8_t other[8] = {0};
    uint32_t d;

    (void)state;
    /* Bytes behind the package. */
    package_put_le(&p, 0, 4);
    assert_int_equal(bench_stage_bytes(b, p.data, p.len), REASON_PACKAGE_FORMAT);
    assert_int_equal(b->detail, p.len - 4);
    assert_int_equal(bench_stage_bytes(b, p.data, p.len - 4), REASON_NONE);
    /* The answer was lost. */
    b->m->operations = 0;
    assert_int_equal(update_stage_finish(&b->update, &b->stage, &d), REASON_NONE);
    assert_int_equal(b->m->operations, 0);
    bench_boots(b, true, 0, BOOT_TRIAL);
    /* A piece again, but not the same. */
    assert_int_equal(update_stage_begin(&b->update, &b->stage, 1000, &d), REASON_NONE);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 0, p.data, 8, &d), REASON_NONE);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 0, p.data, 8, &d), REASON_NONE);
    assert_int_equal(update_stage_write(&b->update, &b->stage, 0, other, 8, &d),
                     REASON_STAGE_ORDER);
    assert_int_equal(d, 8);
    free(p.data);
    bench_free(b);
}

/* ---- GET_SLOTS ---- */

static const uint8_t *entry(const uint8_t *report, unsigned slot)
{
    return report + SLOTS_ENTRIES + slot * SLOT_ENTRY_SIZE;
}

static void test_update_report_empty(void **state)
{
    static const uint8_t zeros[SLOT_ENTRY_SIZE];
    struct bench *b = bench_create(512);
    uint8_t report[SLOTS_SIZE];

    (void)state;
    memset(report, 0xA5, sizeof report);
    update_report(&b->update, report);
    assert_memory_equal(entry(report, 0), zeros, sizeof zeros);
    assert_memory_equal(entry(report, 1), zeros, sizeof zeros);
    assert_int_equal(report[SLOTS_TARGET], SLOT_NONE);
    assert_int_equal(report[SLOTS_INSTALLED], SLOT_NONE);
    assert_int_equal(report[SLOTS_CAUSE], 0xFF);
    /* Staged, then taken back: a package begins there, but the slot says nothing of it. */
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    assert_int_equal(update_retire(&b->update, &b->detail), REASON_NONE);
    memset(report, 0xA5, sizeof report);
    update_report(&b->update, report);
    assert_memory_equal(entry(report, 0), zeros, sizeof zeros);
    assert_int_equal(report[SLOTS_TARGET], SLOT_NONE);
    bench_free(b);
}

/* Whatever state a slot that cannot be read is in, that is all that is said of it. */
static void test_update_report_unreadable(void **state)
{
    static const uint8_t zeros[SLOT_ENTRY_SIZE];
    struct bench *b = bench_runs(512, &one);
    uint8_t report[SLOTS_SIZE];

    (void)state;
    flash_model_at(b->m, slot_addr(512, 0) + PACKAGE_HEADER_SIZE_AT, 1)[0] ^= 1;
    memset(report, 0xA5, sizeof report);
    update_report(&b->update, report);
    assert_int_equal(entry(report, 0)[SLOT_STATE], SLOT_CONFIRMED);
    assert_memory_equal(entry(report, 0) + 1, zeros, sizeof zeros - 1);
    assert_int_equal(report[SLOTS_INSTALLED], SLOT_NONE);
    bench_free(b);
}

static void test_update_report_states(void **state)
{
    struct bench *b = bench_runs(512, &one);
    uint8_t report[SLOTS_SIZE];

    (void)state;
    assert_int_equal(bench_stage(b, &two), REASON_NONE);
    update_report(&b->update, report);
    assert_int_equal(entry(report, 0)[SLOT_STATE], SLOT_CONFIRMED);
    assert_int_equal(entry(report, 0)[SLOT_FLAGS], SLOT_FLAG_INSTALLED | SLOT_FLAG_CHECKED);
    assert_int_equal(entry(report, 1)[SLOT_STATE], SLOT_STAGED);
    assert_int_equal(entry(report, 1)[SLOT_FLAGS], SLOT_FLAG_CHECKED);
    assert_int_equal(entry(report, 1)[SLOT_ATTEMPTS], 0);
    bench_boots(b, true, 1, BOOT_TRIAL);
    bench_boots(b, true, 1, BOOT_TRIAL);
    update_report(&b->update, report);
    assert_int_equal(entry(report, 0)[SLOT_FLAGS], SLOT_FLAG_CHECKED);
    assert_int_equal(entry(report, 1)[SLOT_ATTEMPTS], 2);
    assert_int_equal(entry(report, 1)[SLOT_CAUSE], CAUSE_NONE);
    assert_int_equal(update_rollback(&b->update, &b->detail), REASON_NONE);
    update_report(&b->update, report);
    assert_int_equal(entry(report, 1)[SLOT_STATE], SLOT_REJECTED);
    assert_int_equal(entry(report, 1)[SLOT_CAUSE], CAUSE_ASKED);
    bench_set_record(b, 1, TRAILER_CAUSE, 6); /* not one of the causes */
    update_report(&b->update, report);
    assert_int_equal(entry(report, 1)[SLOT_CAUSE], CAUSE_NONE);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update_wrong_content),
        cmocka_unit_test(test_update_wrong_content_by_services),
        cmocka_unit_test(test_update_wrong_content_lost),
        cmocka_unit_test(test_update_incomplete),
        cmocka_unit_test(test_update_refused),
        cmocka_unit_test(test_update_install_plain),
        cmocka_unit_test(test_update_stage_ends),
        cmocka_unit_test(test_update_report_empty),
        cmocka_unit_test(test_update_report_unreadable),
        cmocka_unit_test(test_update_report_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

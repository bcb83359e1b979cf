/* SPDX-License-Identifier: MIT */
/* OTP: what counts as open, provisioning and its repetition, the counter, revocation (FORMAT.md).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package_model.h"
#include "trust.h"
#include "verdict.h"

enum { LOCKS = 512, IDENTITY = 4 * 32, REVOKED = 5 * 32, COUNTER = 6 * 32 };

static uint8_t hashes[4 * 32];
static const uint8_t own_identity[32] = "another vendor, and its class..";

static struct package_model *start(void)
{
    for (size_t i = 0; i < sizeof hashes; i++) {
        hashes[i] = (uint8_t)(i * 37 + 11);
    }
    return package_model_create(1);
}

static struct trust trust_of(struct package_model *m)
{
    struct trust t;

    package_model_trust(m, &t);
    return t;
}

static void assert_enforced(const struct trust *t)
{
    assert_int_not_equal(t->open[0], VERDICT_GOOD);
    assert_int_not_equal(t->open[1], VERDICT_GOOD);
    assert_int_not_equal(t->state, TRUST_OPEN);
}

static void test_blank_board_is_open(void **state)
{
    struct package_model *m = start();
    struct trust t = trust_of(m);

    (void)state;
    assert_int_equal(t.open[0], VERDICT_GOOD);
    assert_int_equal(t.open[1], VERDICT_GOOD);
    assert_int_equal(t.state, TRUST_OPEN);
    assert_int_equal(t.keys, 0);
    assert_int_equal(t.revoked, 0);
    assert_int_equal(t.counter, 0);
    assert_memory_equal(t.identity, package_model_identity, 32);
    free(m);
}

/* Any bit of the key blocks and their locks ends it, for each of the two verdicts. */
static void test_any_bit_ends_open(void **state)
{
    struct package_model *m = start();

    (void)state;
    for (unsigned bit = 0; bit < (128 + 4) * 8; bit++) {
        unsigned at = bit / 8 < 128 ? bit / 8 : LOCKS + bit / 8 - 128;
        struct trust t;
        m->otp[at] &= (uint8_t) ~(1u << bit % 8);
        t = trust_of(m);
        assert_enforced(&t);
        assert_int_equal(t.state, TRUST_INCOMPLETE);
        m->otp[at] = 0xFF;
    }
    free(m);
}

/* The other blocks and locks say nothing about open. */
static void test_other_bits_leave_it_open(void **state)
{
    struct package_model *m = start();
    struct trust t;

    (void)state;
    memset(m->otp + IDENTITY, 0x55, LOCKS - IDENTITY);
    memset(m->otp + LOCKS + 4, 0, 12);
    t = trust_of(m);
    assert_int_equal(t.state, TRUST_OPEN);
    assert_int_equal(t.open[0], VERDICT_GOOD);
    assert_int_equal(t.open[1], VERDICT_GOOD);
    free(m);
}

static void test_provisioned_board(void **state)
{
    struct package_model *m = start();
    struct trust t;

    (void)state;
    package_model_provision(m, hashes, 3, own_identity);
    memset(m->otp + REVOKED + 4 + 1, 0, 2); /* half of word 1 */
    package_model_set_counter(m, 1027);
    t = trust_of(m);
    assert_enforced(&t);
    assert_int_equal(t.state, TRUST_ENFORCED);
    assert_int_equal(t.keys, 7);
    assert_int_equal(t.revoked, 2);
    assert_int_equal(t.counter, 1027);
    assert_memory_equal(t.identity, own_identity, 32);
    free(m);
}

static void test_one_lock_missing_is_incomplete(void **state)
{
    struct package_model *m = start();

    (void)state;
    package_model_provision(m, hashes, 4, NULL);
    for (unsigned i = 0; i < 5; i++) {
        struct trust t;
        m->otp[LOCKS + i] = 0xFE; /* half a lock is none */
        t = trust_of(m);
        assert_enforced(&t);
        assert_int_equal(t.state, TRUST_INCOMPLETE);
        assert_int_equal(t.keys, i < 4 ? 15 & ~(1 << i) : 15);
        m->otp[LOCKS + i] = 0;
    }
    free(m);
}

static void test_find_and_check_key(void **state)
{
    struct package_model *m = start();
    struct trust t;
    uint32_t revoked;
    uint8_t other[32];

    (void)state;
    package_model_provision(m, hashes, 3, NULL);
    memset(m->otp + REVOKED + 4, 0, 4);
    t = trust_of(m);
    assert_int_equal(trust_find_key(&m->hw, &t, hashes, &revoked), 0);
    assert_int_equal(revoked, 0xFFFFFFFF);
    assert_int_equal(trust_find_key(&m->hw, &t, hashes + 32, &revoked), -1);
    assert_int_equal(revoked, 1);
    assert_int_equal(trust_find_key(&m->hw, &t, hashes + 64, &revoked), 2);
    assert_int_equal(trust_find_key(&m->hw, &t, hashes + 96, &revoked), -1);
    assert_int_equal(revoked, 0xFFFFFFFF);
    memset(other, 0xFF, sizeof other); /* what block 3 reads */
    assert_int_equal(trust_find_key(&m->hw, &t, other, &revoked), -1);
    for (unsigned i = 0; i < 32; i++) {
        memcpy(other, hashes, sizeof other);
        other[i] ^= 0x10;
        assert_int_equal(trust_find_key(&m->hw, &t, other, &revoked), -1);
        assert_int_equal(trust_check_key(&m->hw, 0, other), VERDICT_BAD);
    }
    assert_int_equal(trust_check_key(&m->hw, 0, hashes), VERDICT_GOOD);
    assert_int_equal(trust_check_key(&m->hw, 1, hashes + 32), VERDICT_BAD);
    assert_int_equal(trust_check_key(&m->hw, 2, hashes + 64), VERDICT_GOOD);
    assert_int_equal(trust_check_key(&m->hw, 2, hashes), VERDICT_BAD);
    assert_int_equal(trust_check_key(&m->hw, 4, hashes), VERDICT_BAD);
    free(m);
}

static void test_key_without_lock_does_not_count(void **state)
{
    struct package_model *m = start();
    struct trust t;
    uint32_t revoked;

    (void)state;
    package_model_provision(m, hashes, 2, NULL);
    m->otp[LOCKS + 1] = 0xFF;
    t = trust_of(m);
    assert_int_equal(trust_find_key(&m->hw, &t, hashes + 32, &revoked), -1);
    assert_int_equal(trust_find_key(&m->hw, &t, hashes, &revoked), 0);
    free(m);
}

/* The second means agrees with the comparison, for every pair that matters. */
/* One bit that flipped revokes no key and gives none back, and moves the counter at most by the one
 * bit that is the next, or the last, or looks like it. */
static void test_flipped_bits(void **state)
{
    struct package_model *m = start();

    (void)state;
    package_model_provision(m, hashes, 2, NULL);
    memset(m->otp + REVOKED, 0, 4);
    package_model_set_counter(m, 21);
    for (unsigned i = 0; i < 2 * 32 + OTP_COUNTER_MAX; i++) {
        uint8_t *byte = m->otp + REVOKED + i / 8;
        unsigned bit = i - 2 * 32;
        struct trust t;

        if (i >= 2 * 32) {
            byte = m->otp + OTP_BLOCK_COUNTER * 32 + bit / 8;
        }
        *byte ^= (uint8_t)(1u << i % 8);
        t = trust_of(m);
        assert_int_equal(t.revoked, 1);
        if (i < 2 * 32 || bit < 19 || bit > 21) {
            assert_int_equal(t.counter, 21);
            assert_int_equal(trust_check_counter(&m->hw, bit),
                             bit < 21 || bit > OTP_COUNTER_MAX ? VERDICT_BAD : VERDICT_GOOD);
        }
        assert_in_range(t.counter, 19, 22);
        *byte ^= (uint8_t)(1u << i % 8);
    }
    free(m);
}

/* Both means say the same, whatever the bits are. */
static void test_counter_of_noise(void **state)
{
    struct package_model *m = start();

    (void)state;
    package_model_provision(m, hashes, 1, NULL);
    for (unsigned round = 0; round < 64; round++) {
        uint32_t random = round * 2654435761u + 1u;
        uint32_t counter;

        for (unsigned i = 0; i < OTP_COUNTER_MAX / 8; i++) {
            random = random * 1664525u + 1013904223u;
            m->otp[OTP_BLOCK_COUNTER * 32 + i] = (uint8_t)(random >> 24);
        }
        counter = trust_of(m).counter;
        assert_int_equal(trust_check_counter(&m->hw, counter), VERDICT_GOOD);
        if (counter != 0) {
            assert_int_equal(trust_check_counter(&m->hw, counter - 1), VERDICT_BAD);
        }
    }
    free(m);
}

/* A bit that is 0 already is in nobody's way. */
static void test_advance_over_flipped(void **state)
{
    struct package_model *m = start();
    struct trust t;
    uint32_t detail;

    (void)state;
    package_model_provision(m, hashes, 1, NULL);
    m->otp[OTP_BLOCK_COUNTER * 32] = 0x3F; /* bits 6 and 7 */
    t = trust_of(m);
    assert_int_equal(t.counter, 0);
    assert_int_equal(trust_advance(&m->hw, &t, 5, 0, &detail), REASON_NONE);
    assert_int_equal(m->otp[OTP_BLOCK_COUNTER * 32], 0x20);
    free(m);
}

static void test_check_counter(void **state)
{
    static const unsigned values[] = {0, 1, 7, 8, 31, 32, 33, 255, 256, 1000, 2559, 2560};
    struct package_model *m = start();

    (void)state;
    for (size_t b = 0; b < sizeof values / sizeof values[0]; b++) {
        package_model_set_counter(m, values[b]);
        assert_int_equal(trust_of(m).counter, values[b]);
        for (size_t p = 0; p < sizeof values / sizeof values[0]; p++) {
            assert_int_equal(trust_check_counter(&m->hw, values[p]),
                             values[p] >= values[b] ? VERDICT_GOOD : VERDICT_BAD);
        }
        assert_int_equal(trust_check_counter(&m->hw, 2561), VERDICT_BAD);
        assert_int_equal(trust_check_counter(&m->hw, 0xFFFFFFFF), VERDICT_BAD);
    }
    free(m);
}

static void test_check_identity(void **state)
{
    struct package_model *m = start();
    struct trust t = trust_of(m);

    (void)state;
    for (unsigned half = 0; half < 2; half++) {
        const uint8_t *uuid = package_model_identity + 16 * half;
        assert_int_equal(trust_check_identity(&m->hw, &t, half, uuid), VERDICT_GOOD);
        assert_int_equal(trust_check_identity(&m->hw, &t, 1 - half, uuid), VERDICT_BAD);
        assert_int_equal(trust_check_identity(&m->hw, &t, half, own_identity), VERDICT_BAD);
    }
    memcpy(m->otp + IDENTITY, own_identity, 32);
    /* Also when trust_read had wrongly kept that of the build. */
    assert_int_equal(trust_check_identity(&m->hw, &t, 0, package_model_identity), VERDICT_BAD);
    assert_int_equal(trust_check_identity(&m->hw, &t, 0, own_identity), VERDICT_GOOD);
    free(m);
}

static void test_advance(void **state)
{
    static const unsigned steps[] = {0, 1, 2, 5, 8, 9, 40, 40, 41, 600, 2560};
    struct package_model *m = start();
    struct trust t;
    uint32_t detail;

    (void)state;
    package_model_provision(m, hashes, 4, NULL);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        t = trust_of(m);
        assert_int_equal(trust_advance(&m->hw, &t, steps[i], 0, &detail), REASON_NONE);
        t = trust_of(m);
        assert_int_equal(t.counter, steps[i]);
        assert_int_equal(t.revoked, 0);
        assert_int_equal(trust_check_counter(&m->hw, steps[i]), VERDICT_GOOD);
    }
    m->operations = 0;
    assert_int_equal(trust_advance(&m->hw, &t, 3, 0, &detail), REASON_NONE);
    assert_int_equal(m->operations, 0); /* never down */
    assert_int_equal(trust_advance(&m->hw, &t, 2561, 0, &detail), REASON_ARGUMENT);
    assert_int_equal(m->operations, 0);
    free(m);
}

static void test_advance_revokes(void **state)
{
    struct package_model *m = start();
    struct trust t;
    uint32_t detail;

    (void)state;
    package_model_provision(m, hashes, 4, NULL);
    t = trust_of(m);
    assert_int_equal(trust_advance(&m->hw, &t, 0, 0x0A, &detail), REASON_NONE);
    t = trust_of(m);
    assert_int_equal(t.revoked, 0x0A);
    assert_int_equal(m->operations, 2);
    assert_int_equal(trust_advance(&m->hw, &t, 0, 0x0A, &detail), REASON_NONE);
    assert_int_equal(m->operations, 4); /* once more: the first time may have been cut */
    free(m);
}

static void test_advance_leaves_open_board(void **state)
{
    struct package_model *m = start();
    struct trust t = trust_of(m);
    uint32_t detail;

    (void)state;
    assert_int_equal(trust_advance(&m->hw, &t, 100, 0x0F, &detail), REASON_NONE);
    assert_int_equal(m->operations, 0);
    free(m);
}

static void test_advance_stuck_bits(void **state)
{
    struct package_model *m = start();
    struct trust t;
    uint32_t detail = 0;

    (void)state;
    package_model_provision(m, hashes, 4, NULL);
    t = trust_of(m);
    m->stuck = 0x1FFF7800 + COUNTER + 1;
    assert_int_equal(trust_advance(&m->hw, &t, 20, 0, &detail), REASON_OTP);
    assert_int_equal(detail, m->stuck);
    m->stuck = 0x1FFF7800 + REVOKED + 8;
    assert_int_equal(trust_advance(&m->hw, &t, 0, 4, &detail), REASON_OTP);
    assert_int_equal(detail, m->stuck);
    free(m);
}

/* Every bit of OTP reads the same each time. */
static void assert_firm(const struct package_model *m)
{
    static const uint8_t zeros[sizeof m->soft];

    assert_memory_equal(m->soft, zeros, sizeof zeros);
}

/* Cut at every operation; the bit that is torn reads either way. Repeated, it is sound for good. */
static void test_advance_power_cut(void **state)
{
    unsigned cuts = 0;
    unsigned soft = 0;

    (void)state;
    for (unsigned cut = 1; cut < 64; cut++) {
        for (uint64_t seed = 1; seed <= 8; seed++) {
            struct package_model *m = start();
            struct trust t;
            uint32_t detail;
            m->random = seed;
            package_model_provision(m, hashes, 4, NULL);
            package_model_set_counter(m, 13);
            t = trust_of(m);
            m->cut_at = cut;
            if (trust_advance(&m->hw, &t, 37, 0x05, &detail) != REASON_NONE) {
                assert_true(m->dead);
                cuts++;
            }
            package_model_revive(m);
            for (unsigned i = 0; i < sizeof m->soft; i++) {
                soft += m->soft[i] != 0 ? 1u : 0;
            }
            t = trust_of(m);
            assert_in_range(t.counter, 13, 37);
            assert_int_equal(trust_advance(&m->hw, &t, 37, 0x05, &detail), REASON_NONE);
            assert_firm(m);
            t = trust_of(m);
            assert_int_equal(t.counter, 37);
            assert_int_equal(t.revoked, 0x05);
            free(m);
        }
    }
    assert_true(cuts > 100);
    assert_true(soft > 20);
}

static void assert_provisioned(struct package_model *m, unsigned count, const uint8_t *identity)
{
    static const uint8_t zeros[5];
    uint8_t blank[128];

    memset(blank, 0xFF, sizeof blank);
    assert_memory_equal(m->otp, hashes, (size_t)count * 32);
    if (count < 4) {
        assert_memory_equal(m->otp + (size_t)count * 32, blank, (size_t)(4 - count) * 32);
    }
    assert_memory_equal(m->otp + IDENTITY, identity != NULL ? identity : blank, 32);
    assert_memory_equal(m->otp + LOCKS, zeros, 5);
    for (unsigned i = REVOKED; i < sizeof m->otp; i++) {
        assert_true(i >= LOCKS && i < LOCKS + 5 ? m->otp[i] == 0 : m->otp[i] == 0xFF);
    }
    assert_int_equal(trust_of(m).state, TRUST_ENFORCED);
}

static void test_provision(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 4; count++) {
        for (unsigned own = 0; own < 2; own++) {
            struct package_model *m = start();
            const uint8_t *identity = own != 0 ? own_identity : NULL;
            uint32_t detail;
            assert_int_equal(trust_provision(&m->hw, hashes, count, identity, &detail),
                             REASON_NONE);
            assert_provisioned(m, count, identity);
            assert_int_equal(trust_of(m).keys, (1 << count) - 1);
            assert_int_equal(trust_provision(&m->hw, hashes, count, identity, &detail),
                             REASON_PROVISIONED);
            m->operations = 0; /* other values: nothing is touched */
            assert_int_equal(trust_provision(&m->hw, hashes + 32, 1, identity, &detail),
                             REASON_PROVISIONED);
            assert_int_equal(m->operations, 0);
            free(m);
        }
    }
}

static void test_provision_arguments(void **state)
{
    struct package_model *m = start();
    uint8_t twice[96];
    uint32_t detail;

    (void)state;
    assert_int_equal(trust_provision(&m->hw, hashes, 0, NULL, &detail), REASON_ARGUMENT);
    assert_int_equal(detail, 0);
    assert_int_equal(trust_provision(&m->hw, hashes, 5, NULL, &detail), REASON_ARGUMENT);
    assert_int_equal(detail, 5);
    memcpy(twice, hashes, sizeof twice);
    memcpy(twice + 64, twice, 32);
    assert_int_equal(trust_provision(&m->hw, twice, 3, NULL, &detail), REASON_ARGUMENT);
    assert_int_equal(detail, 2);
    memset(twice + 32, 0xFF, 32);
    assert_int_equal(trust_provision(&m->hw, twice, 2, NULL, &detail), REASON_ARGUMENT);
    assert_int_equal(detail, 1);
    assert_int_equal(m->operations, 0);
    free(m);
}

/* One bit that cannot go back to 1, anywhere in the five blocks: nothing is written. */
static void test_provision_misfit(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 160; at++) {
        struct package_model *m = start();
        uint8_t image[160];
        uint32_t detail;
        unsigned bit = 0;
        memset(image, 0xFF, sizeof image);
        memcpy(image, hashes, 64);
        memcpy(image + IDENTITY, own_identity, 32);
        while (bit < 8 && (image[at] & 1u << bit) == 0) {
            bit++;
        }
        if (bit < 8) {
            m->otp[at] &= (uint8_t) ~(1u << bit);
            assert_int_equal(trust_provision(&m->hw, hashes, 2, own_identity, &detail), REASON_OTP);
            assert_int_equal(detail, 0x1FFF7800 + at / 4 * 4);
            assert_int_equal(m->operations, 0);
        }
        free(m);
    }
}

static void test_provision_locked_otherwise(void **state)
{
    (void)state;
    for (unsigned block = 0; block < 5; block++) {
        struct package_model *m = start();
        uint32_t detail;
        m->otp[LOCKS + block] = 0; /* somebody locked it blank */
        assert_int_equal(trust_provision(&m->hw, hashes, 4, own_identity, &detail), REASON_OTP);
        assert_int_equal(m->operations, 0);
        free(m);
    }
}

static void test_provision_stuck_bits(void **state)
{
    static const uint32_t addrs[] = {0x1FFF7800 + 4, 0x1FFF7800 + 35, 0x1FFF7A00 + 2};

    (void)state;
    for (size_t i = 0; i < sizeof addrs / sizeof addrs[0]; i++) {
        struct package_model *m = start();
        uint32_t detail;
        m->stuck = addrs[i];
        assert_int_equal(trust_provision(&m->hw, hashes, 4, NULL, &detail), REASON_OTP);
        assert_int_equal(detail, addrs[i] & ~(addrs[i] < 0x1FFF7A00 ? 3u : 0u));
        if (addrs[i] < 0x1FFF7A00) {
            assert_int_equal(m->otp[LOCKS], 0xFF); /* not locked unless all is right */
        }
        free(m);
    }
}

static void test_provision_power_cut(void **state)
{
    unsigned cuts = 0;
    unsigned complete = 0;

    (void)state;
    for (unsigned cut = 1; cut <= 50; cut++) {
        for (uint64_t seed = 1; seed <= 8; seed++) {
            struct package_model *m = start();
            enum reason reason;
            struct trust t;
            uint32_t detail;
            m->random = seed;
            m->cut_at = cut;
            reason = trust_provision(&m->hw, hashes, 4, own_identity, &detail);
            assert_int_equal(reason == REASON_NONE, !m->dead);
            cuts += m->dead ? 1u : 0;
            package_model_revive(m);
            t = trust_of(m);
            if (cut > 2 && reason != REASON_NONE) { /* by then a whole word is there */
                assert_enforced(&t);
            }
            reason = trust_provision(&m->hw, hashes, 4, own_identity, &detail);
            assert_true(reason == REASON_NONE || reason == REASON_PROVISIONED);
            complete += reason == REASON_PROVISIONED ? 1u : 0;
            assert_provisioned(m, 4, own_identity);
            assert_firm(m);
            free(m);
        }
    }
    assert_true(cuts > 300);
    assert_true(complete > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blank_board_is_open),
        cmocka_unit_test(test_any_bit_ends_open),
        cmocka_unit_test(test_other_bits_leave_it_open),
        cmocka_unit_test(test_provisioned_board),
        cmocka_unit_test(test_one_lock_missing_is_incomplete),
        cmocka_unit_test(test_find_and_check_key),
        cmocka_unit_test(test_key_without_lock_does_not_count),
        cmocka_unit_test(test_check_counter),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_counter_of_noise),
        cmocka_unit_test(test_advance_over_flipped),
        cmocka_unit_test(test_check_identity),
        cmocka_unit_test(test_advance),
        cmocka_unit_test(test_advance_revokes),
        cmocka_unit_test(test_advance_leaves_open_board),
        cmocka_unit_test(test_advance_stuck_bits),
        cmocka_unit_test(test_advance_power_cut),
        cmocka_unit_test(test_provision),
        cmocka_unit_test(test_provision_arguments),
        cmocka_unit_test(test_provision_misfit),
        cmocka_unit_test(test_provision_locked_otherwise),
        cmocka_unit_test(test_provision_stuck_bits),
        cmocka_unit_test(test_provision_power_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

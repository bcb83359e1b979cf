/* SPDX-License-Identifier: MIT */
/*
 * The board's assembly against the C beside it, in the twin: every function of p256.h and
 * sha256_blocks with random numbers and with those at the edges, to the last bit; and the whole
 * verification, with Wycheproof's vectors as they are and with a bit flipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ecdsa.h"
#include "job.h"
#include "p256.h"
#include "seeded.h"
#include "sha256.h"
#include "twin.h"
#include "vectors.h"
#include "verdict.h"

enum { ROUNDS = 20, RUN_NS = 1000000, RUNS_MAX = 600000 };

static struct twin *twin;
static struct job job, back;

static void note_report(void *ctx, const struct twin_report *report)
{
    (void)ctx;
    fail_msg("twin: %s, pc %08x", report->text, (unsigned)report->pc);
}

static int start_board(void **state)
{
    const struct twin_config config = {.flash_kib = 1024, .seed = 1, .on_report = note_report};

    (void)state;
    assert_int_equal(twin_create(&twin, &config), TWIN_OK);
    assert_int_equal(twin_load_file(twin, CRYPTO_ELF, 0x08000000), TWIN_OK);
    twin_power_on(twin);
    return 0;
}

static int end_board(void **state)
{
    (void)state;
    twin_destroy(twin);
    return 0;
}

/* job to the board; what it made of it to back. */
static void run_job(uint32_t op, uint32_t count)
{
    job.flag = JOB_DO;
    job.op = op;
    job.count = count;
    assert_int_equal(twin_load(twin, JOB_ADDR, &job, sizeof job), TWIN_OK);
    for (unsigned i = 0; i < RUNS_MAX; i++) {
        uint32_t flag;

        (void)twin_run_ns(twin, RUN_NS);
        assert_int_equal(twin_peek(twin, JOB_ADDR, &flag, sizeof flag), TWIN_OK);
        if (flag == JOB_DONE) {
            assert_int_equal(twin_peek(twin, JOB_ADDR, &back, sizeof back), TWIN_OK);
            return;
        }
    }
    fail_msg("the board does not end job %u", (unsigned)op);
}

/* ---- numbers ---- */

static const uint32_t prime[P256_WORDS] = {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0,
                                           0,          0,          1,          0xFFFFFFFF};

/* Random; or words of all ones and zeros; or close to p or to the ends. */
static void make_number(uint32_t z[P256_WORDS])
{
    uint32_t small[P256_WORDS] = {seeded_below(3)};

    seeded_fill((uint8_t *)z, P256_WORDS * sizeof *z);
    switch (seeded_below(5)) {
    case 0:
        for (unsigned i = 0; i < P256_WORDS; i++) {
            z[i] = seeded_below(3) == 0 ? z[i] : 0u - seeded_below(2);
        }
        break;
    case 1:
        (void)p256_add(z, prime, small);
        break;
    case 2:
        (void)p256_subtract(z, prime, small);
        break;
    case 3:
        memset(z, 0, P256_WORDS * sizeof *z);
        (void)p256_subtract(z, z, small);
        break;
    default:
        break;
    }
}

static void test_numbers(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (uint32_t op = JOB_ADD; op < JOB_OPS; op++) {
            for (unsigned i = 0; i < JOB_COUNT; i++) {
                struct job_numbers *n = &job.numbers[i];

                memset(n, 0, sizeof *n);
                make_number(n->x);
                make_number(n->y);
                make_number(n->z);
                n->x[0] |= op == JOB_HALVE ? 1u : 0; /* the modulus */
            }
            run_job(op, JOB_COUNT);
            for (unsigned i = 0; i < JOB_COUNT; i++) {
                job_compute(op, &job.numbers[i]);
            }
            assert_memory_equal(back.numbers, job.numbers, sizeof job.numbers);
        }
    }
}

/* ---- hashes ---- */

static void test_blocks(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= JOB_BLOCKS; count += 1 + count / 4) {
        for (unsigned shift = 0; shift < 4; shift++) { /* data at any address */
            uint32_t expected[SHA256_WORDS];

            seeded_fill((uint8_t *)&job.sha256, sizeof job.sha256);
            memcpy(expected, job.sha256.state, sizeof expected);
            job.sha256.offset = shift;
            (void)sha256_blocks(expected, job.sha256.data + shift, count);
            run_job(JOB_SHA256, count);
            assert_memory_equal(back.sha256.state, expected, sizeof expected);
        }
    }
    print_message("sha256_blocks: %.2f cycles a byte\n",
                  (double)back.cycles / ((double)back.count * JOB_BLOCK));
}

/* ---- signatures ---- */

static void flip_somewhere(struct job_verify *v)
{
    switch (seeded_below(3)) {
    case 0:
        v->point[seeded_below(sizeof v->point)] ^= (uint8_t)(1u << seeded_below(8));
        break;
    case 1:
        v->digest[seeded_below(sizeof v->digest)] ^= (uint8_t)(1u << seeded_below(8));
        break;
    default:
        v->der[seeded_below(v->len == 0 ? 1 : v->len)] ^= (uint8_t)(1u << seeded_below(8));
    }
}

static void verify_all(const struct vector *v, unsigned count, bool flip)
{
    uint64_t cycles = 0;

    for (unsigned at = 0, n; at < count; at += n) {
        n = count - at < JOB_COUNT ? count - at : JOB_COUNT;
        for (unsigned i = 0; i < n; i++) {
            struct job_verify *j = &job.verify[i];

            memcpy(j->point, v[at + i].point, sizeof j->point);
            memcpy(j->digest, v[at + i].digest, sizeof j->digest);
            memcpy(j->der, v[at + i].der, sizeof j->der);
            j->len = v[at + i].len;
            if (flip) {
                flip_somewhere(j);
            }
        }
        run_job(JOB_VERIFY, n);
        cycles += back.cycles;
        for (unsigned i = 0; i < n; i++) {
            const struct job_verify *j = &job.verify[i];
            uint32_t here = ecdsa_verify(j->point, j->digest, j->der, j->len);

            if (back.verify[i].verdict != here ||
                (!flip && (here == VERDICT_GOOD) != v[at + i].good)) {
                fail_msg("vector %u%s: %08x on the board, %08x here", v[at + i].number,
                         flip ? ", a bit flipped" : "", (unsigned)back.verify[i].verdict,
                         (unsigned)here);
            }
        }
    }
    print_message("%u verifications, mean %.0f cycles\n", count, (double)cycles / count);
}

static void test_signatures(void **state)
{
    static struct vector good[VECTORS_MAX];
    unsigned count, good_count = 0;
    const struct vector *v = vectors_read(&count);

    (void)state;
    verify_all(v, count, false);
    for (unsigned i = 0; i < count; i++) {
        if (v[i].good) {
            good[good_count++] = v[i];
        }
    }
    verify_all(good, good_count, true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_signatures),
    };

    seeded_start(argc, argv);
    return cmocka_run_group_tests(tests, start_board, end_board);
}

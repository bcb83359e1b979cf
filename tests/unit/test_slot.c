/* SPDX-License-Identifier: MIT */
/*
 * The records of the slots, whole and torn: every operation of every record is cut in many ways,
 * and what may be read afterwards is what FORMAT.md says. Prints its seed and takes one (argument
 * 1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flash_model.h"
#include "slot.h"

#define TEARS 400u

static uint64_t seed = 20261124;

/* A record's change that may be cut, on a board as `prepare` leaves it. */
struct change {
    const char *name;
    void (*prepare)(struct flash_model *m);
    enum reason (*make)(const struct flash_hw *flash, uint32_t *detail);
    bool (*is_made)(const struct slot_records *r);
};

static void test_slot_places(void **state)
{
    (void)state;
    assert_int_equal(slot_addr(512, 0), 0x08040000);
    assert_int_equal(slot_addr(512, 1), 0x08060000);
    assert_int_equal(slot_addr(1024, 0), 0x08080000);
    assert_int_equal(slot_addr(1024, 1), 0x080C0000);
    assert_int_equal(slot_package_max(512), 126 * 1024);
    assert_int_equal(slot_package_max(1024), 254 * 1024);
    assert_int_equal(slot_content_max(512), 224 * 1024);
    assert_int_equal(slot_content_max(1024), 480 * 1024);
    assert_int_equal(slot_first_sector(512, 0), 6);
    assert_int_equal(slot_first_sector(512, 1), 7);
    assert_int_equal(slot_sector_count(512), 1);
    assert_int_equal(slot_first_sector(1024, 0), 8);
    assert_int_equal(slot_first_sector(1024, 1), 10);
    assert_int_equal(slot_sector_count(1024), 2);
}

static void prepare_nothing(struct flash_model *m)
{
    (void)m;
}

static void must(enum reason reason)
{
    assert_int_equal(reason, REASON_NONE);
}

static void prepare_sealed(struct flash_model *m)
{
    uint32_t detail;

    must(slot_seal(&m->hw, 1, 5, &detail));
}

static void prepare_confirmed(struct flash_model *m)
{
    uint32_t detail;

    prepare_sealed(m);
    must(slot_set_flag(&m->hw, 1, TRAILER_CONFIRMED, &detail));
}

static void prepare_disclaimed(struct flash_model *m)
{
    uint32_t detail;

    prepare_sealed(m);
    must(slot_disclaim(&m->hw, &detail));
}

static void prepare_claimed(struct flash_model *m)
{
    uint32_t detail;

    prepare_disclaimed(m);
    must(slot_claim(&m->hw, 1, &detail));
}

static enum reason make_seal(const struct flash_hw *flash, uint32_t *detail)
{
    return slot_seal(flash, 1, 5, detail);
}

static enum reason make_confirmed(const struct flash_hw *flash, uint32_t *detail)
{
    return slot_set_flag(flash, 1, TRAILER_CONFIRMED, detail);
}

static enum reason make_rejected(const struct flash_hw *flash, uint32_t *detail)
{
    return slot_reject(flash, 1, CAUSE_ASKED, detail);
}

static enum reason make_retired(const struct flash_hw *flash, uint32_t *detail)
{
    return slot_retire(flash, 1, detail);
}

static enum reason make_attempt(const struct flash_hw *flash, uint32_t *detail)
{
    return slot_count_attempt(flash, 1, detail);
}

static enum reason make_claim(const struct flash_hw *flash, uint32_t *detail)
{
    return slot_claim(flash, 1, detail);
}

static bool is_sealed(const struct slot_records *r)
{
    return r->sealed && r->sequence == 5;
}

static bool is_confirmed(const struct slot_records *r)
{
    return r->confirmed;
}

static bool is_rejected(const struct slot_records *r)
{
    return r->rejected;
}

static bool is_gone(const struct slot_records *r)
{
    return !r->sealed && !r->confirmed;
}

static bool is_counted(const struct slot_records *r)
{
    return r->attempts >= 1; /* two, where a torn one was read as blank and then came to light */
}

static bool is_claimed(const struct slot_records *r)
{
    return r->installed;
}

static bool is_unclaimed(const struct slot_records *r)
{
    return !r->installed;
}

static const struct change changes[] = {
    {"seal", prepare_nothing, make_seal, is_sealed},
    {"confirm", prepare_sealed, make_confirmed, is_confirmed},
    {"reject", prepare_confirmed, make_rejected, is_rejected},
    {"retire", prepare_confirmed, make_retired, is_gone},
    {"attempt", prepare_sealed, make_attempt, is_counted},
    {"claim", prepare_disclaimed, make_claim, is_claimed},
    {"disclaim", prepare_claimed, slot_disclaim, is_unclaimed},
};

static struct slot_records read_one(struct flash_model *m)
{
    struct slot_records r;

    slot_read(&m->hw, 1, &r);
    return r;
}

static void test_slot_whole(void **state)
{
    uint32_t detail;

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct flash_model *m = flash_model_create(512, seed);
        struct slot_records r;

        print_message("%s\n", changes[i].name);
        changes[i].prepare(m);
        r = read_one(m);
        assert_false(changes[i].is_made(&r));
        assert_int_equal(r.torn, 0);
        must(changes[i].make(&m->hw, &detail));
        r = read_one(m);
        assert_true(changes[i].is_made(&r));
        assert_int_equal(r.torn, 0);
        assert_true(r.used);
        free(m);
    }
}

/* Cuts one operation of a change. Whatever is read then: what reads as set and was settled stays
 * set, in every later reading; the same change made again after power-on ends well and stays. */
static unsigned tear(const struct change *c, unsigned operation, uint64_t random)
{
    struct flash_model *m = flash_model_create(512, random);
    struct slot_records r;
    uint32_t detail;
    unsigned cuts;
    bool set;

    c->prepare(m);
    m->cut_at = m->operations + operation;
    m->cut = CUT_TORN;
    (void)c->make(&m->hw, &detail);
    cuts = m->cuts;
    flash_model_power_on(m);
    r = read_one(m);
    slot_settle(&m->hw, 1, r.torn);
    set = c->is_made(&r);
    if (set && r.torn != 0) {
        for (unsigned i = 0; i < 8; i++) {
            r = read_one(m);
            assert_true(c->is_made(&r));
            assert_int_equal(r.torn, 0);
        }
    }
    if (!set) {
        must(c->make(&m->hw, &detail));
        for (unsigned i = 0; i < 8; i++) {
            r = read_one(m);
            assert_true(c->is_made(&r));
        }
    }
    free(m);
    return cuts;
}

static void test_slot_torn(void **state)
{
    struct flash_model *generator = flash_model_create(512, seed);

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        unsigned operation = 1;
        unsigned cuts;

        do {
            cuts = 0;
            for (unsigned k = 0; k < TEARS; k++) {
                cuts += tear(&changes[i], operation, flash_model_random(generator));
            }
            assert_true(cuts == TEARS || cuts == 0); /* the fault happened */
            operation++;
        } while (cuts != 0);
        print_message("%s: %u operations\n", changes[i].name, operation - 2);
        assert_true(operation > 2);
    }
    free(generator);
}

/* A claim that was torn and reads as blank never comes to light after a disclaim. */
static void test_slot_torn_claim_ends(void **state)
{
    struct flash_model *generator = flash_model_create(512, seed);
    unsigned blank = 0;

    (void)state;
    for (unsigned k = 0; k < TEARS; k++) {
        struct flash_model *m = flash_model_create(512, flash_model_random(generator));
        struct slot_records r;
        uint32_t detail;

        prepare_disclaimed(m);
        m->cut_at = m->operations + 2; /* the first step does not make a claim */
        m->cut = CUT_TORN;
        (void)slot_claim(&m->hw, 1, &detail);
        assert_int_equal(m->cuts, 1);
        flash_model_power_on(m);
        r = read_one(m);
        blank += !r.installed;
        must(slot_disclaim(&m->hw, &detail));
        for (unsigned i = 0; i < 16; i++) {
            r = read_one(m);
            assert_false(r.installed);
        }
        must(slot_claim(&m->hw, 1, &detail));
        r = read_one(m);
        assert_true(r.installed);
        free(m);
    }
    assert_in_range(blank, 1, TEARS - 1); /* both readings were met */
    free(generator);
}

/* Nothing is written where a slot was never used, nor into an application that lies there. */
static void test_slot_unused(void **state)
{
    struct flash_model *m = flash_model_create(512, seed);
    uint32_t detail;

    (void)state;
    must(slot_retire(&m->hw, 0, &detail));
    must(slot_disclaim(&m->hw, &detail));
    memset(flash_model_at(m, 0x0805F800, 0x800), 0x5A, 0x800);
    memset(flash_model_at(m, 0x0805F800, 4), 0, 4); /* a word and its complement, but no sequence */
    memset(flash_model_at(m, 0x0805F804, 4), 0xFF, 4);
    assert_false(slot_used(&m->hw, 0));
    must(slot_retire(&m->hw, 0, &detail));
    must(slot_disclaim(&m->hw, &detail));
    assert_int_equal(m->operations, 0);
    free(m);
}

static void test_slot_faults(void **state)
{
    struct flash_model *m = flash_model_create(512, seed);
    struct slot_records r;
    uint32_t detail = 0;

    (void)state;
    m->stuck_at = 0x0807F80C;               /* the second word of `sealed` */
    must(slot_seal(&m->hw, 1, 1, &detail)); /* one of its words is enough */
    assert_int_equal(m->stuck, 1);
    r = read_one(m);
    assert_true(r.sealed);
    assert_int_equal(r.torn, 1);
    m->stuck_at = 0;
    m->fail_at = m->operations + 1;
    slot_settle(&m->hw, 1, r.torn);
    assert_int_equal(m->fails, 1);
    slot_settle(&m->hw, 1, r.torn);
    r = read_one(m);
    assert_int_equal(r.torn, 0);
    free(m);
}

static void test_slot_attempts(void **state)
{
    struct flash_model *m = flash_model_create(1024, seed);
    uint32_t detail;

    (void)state;
    prepare_sealed(m);
    for (unsigned i = 1; i <= TRAILER_ATTEMPT_COUNT; i++) {
        must(slot_count_attempt(&m->hw, 1, &detail));
        assert_int_equal(read_one(m).attempts, i);
    }
    assert_true(read_one(m).uncountable);
    assert_int_equal(slot_count_attempt(&m->hw, 1, &detail), REASON_VERIFY);
    assert_int_equal(read_one(m).attempts, TRAILER_ATTEMPT_COUNT);
    assert_false(read_one(m).touched);
    free(m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slot_places),   cmocka_unit_test(test_slot_whole),
        cmocka_unit_test(test_slot_torn),     cmocka_unit_test(test_slot_torn_claim_ends),
        cmocka_unit_test(test_slot_unused),   cmocka_unit_test(test_slot_faults),
        cmocka_unit_test(test_slot_attempts),
    };

    if (argc > 1) {
        seed = strtoull(argv[1], NULL, 0);
    }
    print_message("seed %llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

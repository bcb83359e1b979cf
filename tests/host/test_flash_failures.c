/* SPDX-License-Identifier: MIT */
/*
 * The flash operation when something is in the way: protection, worn-out cells, a bad line, wrong
 * arguments. What the result says about flash afterwards is true.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "flash_bench.h"
#include "memory_map.h"
#include "protocol.h"

static void test_flash_refused_by_protection(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 60000, 1);
    b->model->flash[MAP_BOOT_SIZE + 40000] = 0x12; /* sector 4 has to be erased */
    assert_int_equal(ararext_protect(b->session, 1u << 4), ARAREXT_OK);
    /* The info is older than the protection: it is the board that finds it. */
    assert_int_equal(flash_with(b, NULL), ARAREXT_ERR_REFUSED);
    assert_int_equal(ararext_last_failure(b->session)->reason, 0x23);
    assert_int_equal(ararext_last_failure(b->session)->detail, 4);
    assert_false(looks_bootable(b->model));
    assert_int_equal(ararext_unprotect(b->session, false), ARAREXT_OK);
    flash_ok(b);
    teardown(b);
}

/* Protection that is known stops the flash operation before anything is erased, whether the sector
 * would be programmed, erased because it differs, or erased because another one changes. */
static void test_flash_known_protection(void **state)
{
    (void)state;
    for (unsigned sector = 2; sector <= 4; sector++) {
        struct ararext_message m;
        struct bench *b = setup(512, false);
        make_image(b, 60000, 1);
        if (sector != 3) {
            flash_ok(b);
            b->model->flash[MAP_BOOT_SIZE + 40000] ^= 0xFF; /* in sector 4; 2 goes with it */
        }
        assert_int_equal(ararext_protect(b->session, (uint16_t)(1u << sector)), ARAREXT_OK);
        read_info(b);
        unsigned changes = model_changes(b->model);
        assert_int_equal(flash_with(b, NULL), ARAREXT_ERR_PROTECTED);
        assert_int_equal(model_changes(b->model), changes);
        assert_int_equal(b->plan.count, 3);
        assert_int_equal(ararext_last_failure(b->session)->detail, sector);
        ararext_describe_failure(b->session, &m);
        assert_non_null(strstr(m.text, " is write-protected"));
        assert_string_equal(ararext_failure_advice(b->session), "run 'ararext unprotect' first");
        assert_int_equal(ararext_unprotect(b->session, false), ARAREXT_OK);
        read_info(b);
        flash_ok(b);
        teardown(b);
    }
}

/* A protected sector that is kept is no obstacle. */
static void test_flash_protected_and_kept(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 60000, 1);
    flash_ok(b);
    b->model->flash[MAP_BOOT_SIZE + 40000] ^= 0xFF;
    assert_int_equal(ararext_protect(b->session, 1u << 3 | 1u << 5), ARAREXT_OK);
    read_info(b);
    flash_ok(b);
    assert_int_equal(b->plan.sectors[1].action, ARAREXT_KEEP);
    teardown(b);
}

/* A refusal before anything was changed is no touch. */
static void test_flash_refused_untouched(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 30000, 1);
    flash_ok(b);
    make_image(b, 30000, 2);
    assert_int_equal(ararext_protect(b->session, 1u << 2), ARAREXT_OK);
    unsigned changes = model_changes(b->model);
    assert_int_equal(flash_with(b, NULL), ARAREXT_ERR_REFUSED); /* the info is older */
    assert_int_equal(ararext_last_failure(b->session)->reason, REASON_WRITE_PROTECTED);
    assert_int_equal(model_changes(b->model), changes);
    assert_false(b->result.touched || b->result.unknown);
    teardown(b);
}

/* The answer to one request gets lost, every time it is sent, carried out or not. */
struct loss {
    uint8_t command; /* MEM_WRITE: of the image's first word */
    bool carried_out;
    unsigned lost;
};

static void lose(struct model_link *link, const uint8_t *frame, size_t len)
{
    struct loss *l = link->ctx;
    (void)len;
    bool first = frame[1] == ARAREXT_FLASH_ERASE ||
                 (frame[1] == ARAREXT_MEM_WRITE && load_le32(frame + 2) == MAP_APP_BASE);
    if (frame[1] == l->command && first) {
        link->lose_answer = true;
        link->lose_request = !l->carried_out;
        l->lost++;
    }
}

/* What the image's first word is when its erase or its write was not answered, nobody knows. */
static void test_flash_first_word_unknown(void **state)
{
    static const uint8_t commands[] = {ARAREXT_FLASH_ERASE, ARAREXT_MEM_WRITE};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct loss loss = {.command = commands[i / 2], .carried_out = i % 2 == 1};
        struct bench *b = setup(512, false);
        make_image(b, 30000, 1);
        flash_ok(b);
        make_image(b, 30000, 2);
        b->link.before = lose;
        b->link.ctx = &loss;
        assert_int_equal(flash_with(b, NULL), ARAREXT_ERR_TIMEOUT);
        assert_int_equal(loss.lost, 3);
        assert_true(b->result.touched && b->result.unknown && !b->result.bootable);
        assert_int_equal(looks_bootable(b->model),
                         loss.carried_out == (loss.command == ARAREXT_MEM_WRITE));
        b->link.before = NULL;
        flash_ok(b);
        assert_false(b->result.unknown);
        teardown(b);
    }
}

/* An image of one word is written by its first word alone: that is a touch, too. */
static void test_flash_one_word(void **state)
{
    const struct ararext_segment file = {.len = 4, .data = (const uint8_t *)"abcd"};
    (void)state;
    struct bench *b = setup(512, false);
    assert_int_equal(ararext_image_parse(&b->image, &file, "f.bin", NULL, NULL), ARAREXT_OK);
    assert_int_equal(flash_with(b, NULL), ARAREXT_OK);
    assert_true(b->result.touched);
    assert_int_equal(b->result.bytes_written, 4);
    teardown(b);
}

static void test_flash_worn_out(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 60000, 1);
    b->model->fail = REASON_VERIFY;
    b->model->fail_detail = 0x0800C123;
    assert_int_equal(flash_with(b, NULL), ARAREXT_ERR_REFUSED);
    assert_int_equal(b->model->failed, 1);
    assert_int_equal(ararext_last_failure(b->session)->reason, 0x25);
    assert_true(b->result.touched);
    flash_ok(b);
    teardown(b);
}

static void test_flash_over_a_bad_line(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct ararext_counters counters;
        struct bench *b = setup(512, seed % 2 == 0);
        b->link.seed = seed;
        make_image(b, 20000, seed);
        b->link.damage_every = 15;
        flash_ok(b);
        print_message("seed %u: %u frames damaged, %u answers lost\n", (unsigned)seed,
                      b->link.damaged, b->link.lost);
        assert_true(b->link.damaged > 0 && b->link.lost > 0);
        ararext_get_counters(b->session, &counters);
        assert_true(counters.resends > 0);
        teardown(b);
    }
}

static void test_flash_arguments(void **state)
{
    const struct ararext_segment file = {.len = 4, .data = (const uint8_t *)"abcd"};
    struct ararext_load load = {.format = ARAREXT_FORMAT_BIN, .bin_addr = 0x08080000};
    (void)state;
    struct bench *b = setup(512, false);
    assert_int_equal(ararext_image_parse(&b->image, &file, "f", &load, NULL), ARAREXT_OK);
    assert_int_equal(flash_with(b, NULL), ARAREXT_ERR_ARGUMENT); /* behind the part */
    b->plan = (struct ararext_plan){0};
    assert_int_equal(ararext_flash_run(b->session, b->image, &b->plan, NULL, &b->result),
                     ARAREXT_ERR_ARGUMENT);
    assert_int_equal(model_changes(b->model), 0);
    teardown(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flash_refused_by_protection),
        cmocka_unit_test(test_flash_known_protection),
        cmocka_unit_test(test_flash_protected_and_kept),
        cmocka_unit_test(test_flash_refused_untouched),
        cmocka_unit_test(test_flash_first_word_unknown),
        cmocka_unit_test(test_flash_one_word),
        cmocka_unit_test(test_flash_worn_out),
        cmocka_unit_test(test_flash_over_a_bad_line),
        cmocka_unit_test(test_flash_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

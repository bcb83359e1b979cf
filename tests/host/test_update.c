/* SPDX-License-Identifier: MIT */
/*
 * Slots and the update operation against a board that does what a test tells it to: every end that
 * an update can have, that each wait has one, and that nothing is believed which the slots do not
 * say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "fake_board.h"
#include "package_builder.h"

enum { CONTENT = 2000 };

struct bench {
    struct fake_board fake;
    uint8_t *data;
    size_t len;
    struct ararext_package package;
    struct ararext_package_findings findings;
    struct ararext_board board;
    struct ararext_update_options options;
    struct ararext_update_result result;
    unsigned steps[ARAREXT_STEP_DONE + 1];
};

static void count_step(void *ctx, enum ararext_update_step step, uint32_t done, uint32_t total)
{
    struct bench *b = ctx;
    assert_true(done <= total);
    b->steps[step]++;
}

static void prepare(struct bench *b, struct package_recipe *recipe)
{
    static uint8_t content[CONTENT];
    package_content(content, sizeof content, 3);
    recipe->content = content;
    recipe->content_len = sizeof content;
    b->data = package_build(recipe, &b->len);
    assert_int_equal(ararext_package_parse(&b->package, b->data, b->len, NULL), ARAREXT_OK);
    assert_int_equal(ararext_package_check(&b->package, NULL, &b->findings, NULL), ARAREXT_OK);
    b->options = (struct ararext_update_options){.progress = count_step, .ctx = b};
}

static struct bench *new_bench(void)
{
    struct bench *b = calloc(1, sizeof *b);
    struct package_recipe recipe = {.no_counter = true, .version = {1, 2, 3, 0}};
    prepare(b, &recipe);
    fake_open(&b->fake);
    return b;
}

static void free_bench(struct bench *b)
{
    fake_close(&b->fake);
    free(b->data);
    free(b);
}

static int update(struct bench *b)
{
    struct ararext_message why = {""};
    assert_int_equal(ararext_board_read(b->fake.session, &b->board), ARAREXT_OK);
    assert_int_equal(ararext_package_fits(&b->package, &b->findings, &b->board, &why), ARAREXT_OK);
    return ararext_update(b->fake.session, &b->package, &b->board, &b->options, &b->result);
}

/* ---- the ways it ends ---- */

static void test_update_confirmed(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.after_start = FAKE_TALKING;
    b->fake.verdict_ms = 20000;
    b->fake.verdict_state = 3;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_true(b->result.staged && b->result.installed && b->result.started);
    assert_true(b->result.confirmed && b->result.answered);
    assert_int_equal(b->result.step, ARAREXT_STEP_DONE);
    assert_int_equal(b->fake.staged_len, b->len);
    assert_memory_equal(b->fake.staged, b->data, b->len);
    assert_int_equal(b->fake.requests[0x66], (b->len + 247) / 248);
    assert_int_equal(b->fake.resets[2], 1);
    assert_int_equal(b->fake.resets[0], 1);
    assert_true(b->steps[ARAREXT_STEP_WAIT] > 5);
    free_bench(b);
}

/* A package that needs no confirmation, and an application that says nothing. */
static struct bench *open_unconfirmed(void)
{
    struct bench *b = calloc(1, sizeof *b);
    static const uint8_t policy[4] = {0, 8, 30, 0};
    struct package_recipe recipe = {.policy = policy, .version = {1, 0, 0, 0}};
    prepare(b, &recipe);
    fake_open(&b->fake);
    b->fake.after_start = FAKE_SILENT;
    return b;
}

static void test_update_without_confirmation(void **state)
{
    struct bench *b = open_unconfirmed();
    (void)state;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_true(b->result.started);
    assert_false(b->result.confirmed);
    assert_int_equal(b->steps[ARAREXT_STEP_WAIT], 0);
    free_bench(b);
}

/* Asked again and again, not after a time that is always enough: the board is away for 6000 ms to
 * install, and what starts then says nothing. */
static void test_update_asks_soon(void **state)
{
    struct bench *b = open_unconfirmed();
    (void)state;
    uint64_t start = b->fake.now_ms;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_in_range(b->fake.now_ms - start, 6000 + 400, 6000 + 1000);
    free_bench(b);
}

static void test_update_no_start(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->options.no_start = true;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_true(b->result.installed);
    assert_int_equal(b->fake.resets[0], 0);
    free_bench(b);
}

static void test_update_rejected_on_trial(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.after_start = FAKE_TALKING; /* the older one, by then */
    b->fake.verdict_ms = 50000;
    b->fake.verdict_state = 4;
    assert_int_equal(update(b), ARAREXT_ERR_REJECTED);
    assert_int_equal(b->result.reject_cause, 1);
    assert_false(b->result.confirmed);
    free_bench(b);
}

static void test_update_rejected_at_install(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.install_state = 4;
    assert_int_equal(update(b), ARAREXT_ERR_REJECTED);
    assert_int_equal(b->result.reject_cause, 5);
    assert_false(b->result.installed);
    assert_int_equal(b->fake.resets[0], 0); /* never started */
    free_bench(b);
}

static void test_update_not_installed(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.not_installed = true;
    assert_int_equal(update(b), ARAREXT_ERR_VERIFY);
    assert_int_equal(b->fake.resets[0], 0);
    free_bench(b);
}

static void test_update_mute(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.after_start = FAKE_SILENT;
    assert_int_equal(update(b), ARAREXT_ERR_UNCONFIRMED);
    assert_true(b->result.started);
    assert_false(b->result.answered || b->result.in_bootloader);
    assert_in_range(b->fake.now_ms - b->fake.started_ms, 3000, 8000);
    free_bench(b);
}

/* What nobody asked for is not confirmed; see the others for what happens without it. */
static bool yes(void *ctx)
{
    struct bench *b = ctx;
    return b->fake.now_ms >= b->fake.started_ms + 9000;
}

static void test_update_confirmed_by_the_tool(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.after_start = FAKE_TALKING;
    b->options.confirm = yes;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_true(b->result.confirmed && b->result.started);
    assert_int_equal(b->fake.requests[0x68], 1);
    assert_in_range(b->fake.now_ms - b->fake.started_ms, 9000, 13000);
    free_bench(b);
}

/* It came back with the button held and never started: there is nothing that could be confirmed. */
static void test_update_not_confirmed_unstarted(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.after_start = FAKE_BOOTLOADER;
    b->options.confirm = yes;
    assert_int_equal(update(b), ARAREXT_ERR_UNCONFIRMED);
    assert_false(b->result.confirmed || b->result.started);
    assert_true(b->result.in_bootloader);
    assert_int_equal(b->fake.requests[0x68], 0);
    free_bench(b);
}

/* Of each RESET: the answer is lost, or the request. What is lost costs time, and nothing false is
 * said. */
static void test_update_reset_lost(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 2; which++) {
        for (unsigned count = 1; count <= 2; count++) {
            struct bench *b = new_bench();
            b->fake.after_start = FAKE_TALKING;
            b->fake.verdict_ms = 20000;
            b->fake.verdict_state = 3;
            b->fake.lose_resets = which == 0 ? count : 0;
            b->fake.deaf_resets = which == 1 ? count : 0;
            assert_int_equal(update(b), ARAREXT_OK);
            assert_int_equal(b->fake.lost_resets, count);
            assert_true(b->result.installed && b->result.started && b->result.confirmed);
            assert_int_equal(b->fake.resets[0], 1);
            assert_true(b->fake.resets[2] >= 1);
            free_bench(b);
        }
    }
}

/* A package that needs no confirmation, and the button is held: it was not started. */
static void test_update_not_started(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    static const uint8_t policy[4] = {0, 8, 30, 0};
    struct package_recipe recipe = {.policy = policy, .version = {1, 0, 0, 0}};
    (void)state;
    prepare(b, &recipe);
    fake_open(&b->fake);
    b->fake.after_start = FAKE_BOOTLOADER;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_true(b->result.installed && b->result.in_bootloader);
    assert_false(b->result.started);
    assert_int_equal(b->result.stay_reason, 1);
    free_bench(b);
}

/* Slot A has the same package, from before: what counts is the slot that staging names. */
static void test_update_equal_packages(void **state)
{
    static const uint8_t before[] = {2, 3, 4};
    (void)state;
    for (size_t i = 0; i < sizeof before; i++) {
        struct bench *b = new_bench();
        uint8_t *slot = fake_slot(&b->fake, 0);
        slot[0] = before[i];
        store_le32(slot + 16, (uint32_t)b->len);
        memcpy(slot + 28, b->data + b->package.digest_at, 8);
        b->fake.stage_slot = 1;
        b->fake.after_start = FAKE_TALKING;
        b->fake.verdict_ms = 5000;
        b->fake.verdict_state = 3;
        assert_int_equal(update(b), ARAREXT_OK);
        assert_int_equal(b->result.slot, 1);
        assert_true(b->result.staged && b->result.installed && b->result.confirmed);
        free_bench(b);
    }
}

static void test_update_nobody_tells(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.after_start = FAKE_SILENT;
    b->options.timeout_ms = 60000;
    assert_int_equal(update(b), ARAREXT_ERR_UNCONFIRMED);
    assert_false(b->result.answered);
    assert_in_range(b->fake.now_ms - b->fake.started_ms, 60000, 64000);
    free_bench(b);
}

/* Without --timeout: its three boots of 30 s, and 10 s each. */
static void test_update_default_time(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.after_start = FAKE_TALKING;
    assert_int_equal(update(b), ARAREXT_ERR_UNCONFIRMED);
    assert_true(b->result.answered);
    assert_in_range(b->fake.now_ms - b->fake.started_ms, 120000, 124000);
    free_bench(b);
}

static void test_update_button_held(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.after_start = FAKE_BOOTLOADER;
    assert_int_equal(update(b), ARAREXT_ERR_UNCONFIRMED);
    assert_true(b->result.in_bootloader);
    assert_int_equal(b->result.stay_reason, 1);
    assert_in_range(b->fake.now_ms - b->fake.started_ms, 1, 3000);
    free_bench(b);
}

static void test_update_refused(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.finish_reason = 0x46;
    assert_int_equal(update(b), ARAREXT_ERR_REFUSED);
    assert_int_equal(ararext_last_failure(b->fake.session)->reason, 0x46);
    assert_false(b->result.staged);
    assert_int_equal(b->fake.requests[0x62], 0);
    free_bench(b);
}

static void test_update_finish_answer_lost(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.lose_finish = true;
    b->options.no_start = true;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_true(b->fake.requests[0x67] > 1);
    free_bench(b);
}

static void test_update_never_back(void **state)
{
    struct bench *b = new_bench();
    uint64_t before;
    (void)state;
    b->fake.never_back = true;
    before = b->fake.now_ms;
    assert_int_equal(update(b), ARAREXT_ERR_TIMEOUT);
    assert_true(b->result.staged);
    assert_false(b->result.installed);
    assert_in_range(b->fake.now_ms - before, 45000, 55000);
    free_bench(b);
}

static void test_update_interrupted(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.after_start = FAKE_SILENT;
    b->options.timeout_ms = 60000;
    b->fake.stop_ms = b->fake.now_ms + 30000;
    assert_int_equal(update(b), ARAREXT_ERR_INTERRUPTED);
    assert_true(b->result.started);
    assert_in_range(b->fake.now_ms, b->fake.stop_ms, b->fake.stop_ms + 3000);
    free_bench(b);
}

static void test_update_nothing_to_do(void **state)
{
    struct bench *b = new_bench();
    uint8_t *slot = fake_slot(&b->fake, 1);
    (void)state;
    slot[0] = 3;
    slot[1] = 1;
    store_le32(slot + 16, (uint32_t)b->len);
    memcpy(slot + 28, b->data + b->package.digest_at, 8);
    b->fake.slots[6] = b->fake.slots[7] = 1;
    b->fake.after_start = FAKE_SILENT;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_true(b->result.nothing_to_do && b->result.started && b->result.confirmed);
    assert_int_equal(b->fake.requests[0x65], 0);
    slot[0] = 2; /* on trial: sent again, it would take the place of the one to go back to */
    b->fake.stage_slot = 1;
    b->fake.who = FAKE_BOOTLOADER;
    b->fake.after_start = FAKE_TALKING;
    b->fake.verdict_state = 3;
    b->fake.verdict_ms = 5000;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_true(b->result.nothing_to_do && b->result.started && b->result.confirmed);
    assert_int_equal(b->fake.requests[0x65], 0);
    b->fake.verdict_ms = 0;
    b->options.no_start = b->options.force = true; /* asked for all the same */
    b->fake.who = FAKE_BOOTLOADER;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_false(b->result.nothing_to_do);
    assert_int_equal(b->fake.requests[0x65], 1);
    b->options.force = false;
    b->fake.stage_slot = 0;
    slot[0] = 3;
    slot[28] ^= 1; /* another package of the same size */
    fake_slot(&b->fake, 0)[0] = 0;
    b->fake.slots[6] = b->fake.slots[7] = 1;
    b->fake.requests[0x65] = 0;
    b->options.no_start = true;
    b->fake.who = FAKE_BOOTLOADER;
    assert_int_equal(update(b), ARAREXT_OK);
    assert_false(b->result.nothing_to_do);
    assert_int_equal(b->fake.requests[0x65], 1);
    free_bench(b);
}

/* ---- before it ---- */

static void test_board_without_packages(void **state)
{
    struct bench *b = new_bench();
    (void)state;
    b->fake.info[24] = 0x07;
    assert_int_equal(ararext_board_read(b->fake.session, &b->board), ARAREXT_ERR_UNSUPPORTED);
    free_bench(b);
}

static void test_board_with_a_plain_application(void **state)
{
    static const uint8_t vectors[8] = {0x00, 0x00, 0x02, 0x20, 0x01, 0x82, 0x00, 0x08};
    struct bench *b = new_bench();
    (void)state;
    assert_int_equal(ararext_board_read(b->fake.session, &b->board), ARAREXT_OK);
    assert_false(b->board.plain_application || b->board.slots_in_use);
    memcpy(b->fake.flash_word, vectors, sizeof vectors); /* everywhere: it reaches far */
    assert_int_equal(ararext_board_read(b->fake.session, &b->board), ARAREXT_OK);
    assert_true(b->board.plain_application && b->board.slots_in_use);
    store_le32(b->fake.flash_word, 0x96F3B83D); /* packages that were retired */
    assert_int_equal(ararext_board_read(b->fake.session, &b->board), ARAREXT_OK);
    assert_false(b->board.plain_application || b->board.slots_in_use);
    free_bench(b);
}

/* ---- does it fit? ---- */

/* A signed package, and a board that is provisioned with its key. */
static struct bench *signed_bench(enum package_key_form form)
{
    struct bench *b = calloc(1, sizeof *b);
    static uint8_t identity[32];
    struct evp_pkey_st *key = package_key(1);
    struct package_recipe recipe = {.key = key, .key_form = form, .counter = 5, .revoke = 4};
    memset(identity, 0x11, 16);
    memset(identity + 16, 0x22, 16);
    recipe.identity = identity;
    prepare(b, &recipe);
    fake_open(&b->fake);
    b->fake.slots[1] = 1;
    b->fake.slots[2] = 3;
    store_le16(b->fake.slots + 4, 5);
    memset(b->fake.otp, 0xA5, 32);
    package_key_hash(key, b->fake.otp + 32);
    package_key_free(key);
    return b;
}

static int fits(struct bench *b, const char *text)
{
    struct ararext_message why = {""};
    assert_int_equal(ararext_board_read(b->fake.session, &b->board), ARAREXT_OK);
    int rc = ararext_package_fits(&b->package, &b->findings, &b->board, &why);
    if (strstr(why.text, text) == NULL) {
        fail_msg("'%s' is not in '%s'", text, why.text);
    }
    return rc;
}

static void test_fits_provisioned(void **state)
{
    struct bench *b = signed_bench(PACKAGE_KEY_WHOLE);
    uint8_t *s = b->fake.slots;
    (void)state;
    assert_int_equal(fits(b, ""), ARAREXT_OK);
    s[4] = 6;
    assert_int_equal(fits(b, "counter is 5, the board's 6"), ARAREXT_ERR_MISFIT);
    s[4] = 5;
    s[3] = 2;
    assert_int_equal(fits(b, "(key 1) is revoked"), ARAREXT_ERR_SIGNATURE);
    s[3] = 1;
    assert_int_equal(fits(b, ""), ARAREXT_OK);
    s[2] = 1; /* key 1 is not there, whatever its block holds */
    assert_int_equal(fits(b, "does not know"), ARAREXT_ERR_SIGNATURE);
    s[2] = 3;
    b->fake.otp[33] ^= 1;
    assert_int_equal(fits(b, "does not know"), ARAREXT_ERR_SIGNATURE);
    b->fake.otp[33] ^= 1;
    memcpy(b->fake.otp + 64, b->fake.otp + 32, 32); /* as key 2, which it revokes */
    b->fake.otp[33] ^= 1;
    s[2] = 7;
    assert_int_equal(fits(b, "revokes the key that signed it (key 2)"), ARAREXT_ERR_SIGNATURE);
    b->fake.otp[33] ^= 1;
    s[2] = 3;
    s[1] = 2;
    assert_int_equal(fits(b, "was cut off"), ARAREXT_ERR_MISFIT);
    free_bench(b);
}

static void test_fits_size_and_identity(void **state)
{
    struct bench *b = signed_bench(PACKAGE_KEY_WHOLE);
    uint8_t *s = b->fake.slots;
    (void)state;
    s[1] = 0;
    assert_int_equal(fits(b, ""), ARAREXT_OK);
    s[20] ^= 1;
    assert_int_equal(fits(b, "vendor 11111111-"), ARAREXT_ERR_MISFIT);
    s[20] ^= 1;
    s[51] ^= 1;
    assert_int_equal(fits(b, "class 22222222-"), ARAREXT_ERR_MISFIT);
    s[51] ^= 1;
    store_le32(s + 12, (uint32_t)b->len - 1);
    assert_int_equal(fits(b, "slots take"), ARAREXT_ERR_MISFIT);
    store_le32(s + 12, (uint32_t)b->len);
    store_le32(s + 16, CONTENT - 1);
    assert_int_equal(fits(b, "application area"), ARAREXT_ERR_MISFIT);
    store_le32(s + 16, CONTENT);
    assert_int_equal(fits(b, ""), ARAREXT_OK);
    free_bench(b);
}

static void test_fits_key_by_hash_or_none(void **state)
{
    struct bench *b = signed_bench(PACKAGE_KEY_HASH);
    (void)state;
    assert_int_equal(fits(b, "needs the whole key"), ARAREXT_ERR_SIGNATURE);
    b->fake.slots[1] = 0;
    assert_int_equal(fits(b, ""), ARAREXT_OK);
    free_bench(b);
    b = new_bench();
    b->fake.slots[1] = 1;
    assert_int_equal(fits(b, "is not signed"), ARAREXT_ERR_SIGNATURE);
    free_bench(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update_confirmed),
        cmocka_unit_test(test_update_without_confirmation),
        cmocka_unit_test(test_update_asks_soon),
        cmocka_unit_test(test_update_no_start),
        cmocka_unit_test(test_update_rejected_on_trial),
        cmocka_unit_test(test_update_rejected_at_install),
        cmocka_unit_test(test_update_not_installed),
        cmocka_unit_test(test_update_mute),
        cmocka_unit_test(test_update_confirmed_by_the_tool),
        cmocka_unit_test(test_update_not_confirmed_unstarted),
        cmocka_unit_test(test_update_reset_lost),
        cmocka_unit_test(test_update_not_started),
        cmocka_unit_test(test_update_equal_packages),
        cmocka_unit_test(test_update_nobody_tells),
        cmocka_unit_test(test_update_default_time),
        cmocka_unit_test(test_update_button_held),
        cmocka_unit_test(test_update_refused),
        cmocka_unit_test(test_update_finish_answer_lost),
        cmocka_unit_test(test_update_never_back),
        cmocka_unit_test(test_update_interrupted),
        cmocka_unit_test(test_update_nothing_to_do),
        cmocka_unit_test(test_board_without_packages),
        cmocka_unit_test(test_board_with_a_plain_application),
        cmocka_unit_test(test_fits_provisioned),
        cmocka_unit_test(test_fits_size_and_identity),
        cmocka_unit_test(test_fits_key_by_hash_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * One bit of one answer of the board is flipped on its way, each answer and each place in turn,
 * with loaders that put a CRC behind their answers and those that do not: whatever comes of it, the
 * host says nothing good that is not so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_board.h"
#include "flash_bench.h"
#include "memory_map.h"
#include "package_builder.h"

enum { CONTENT = 2000, FEATURE_AT = 27, FEATURE_CHECKED_BIT = 0x20 };

/* A package for an update, made once. */
struct parcel {
    uint8_t *data;
    struct ararext_package package;
    struct ararext_package_findings findings;
};

static void make_parcel(struct parcel *p)
{
    static uint8_t content[CONTENT];
    struct package_recipe recipe = {.no_counter = true, .version = {1, 2, 3, 0}};
    size_t len = 0;
    package_content(content, sizeof content, 3);
    recipe.content = content;
    recipe.content_len = sizeof content;
    p->data = package_build(&recipe, &len);
    assert_int_equal(ararext_package_parse(&p->package, p->data, len, NULL), ARAREXT_OK);
    assert_int_equal(ararext_package_check(&p->package, NULL, &p->findings, NULL), ARAREXT_OK);
}

static struct fake_board *new_board(bool checked)
{
    struct fake_board *b = calloc(1, sizeof *b);
    assert_non_null(b);
    fake_open(b);
    b->checked = checked;
    b->info[24] |= checked ? 0x20 : 0;
    return b;
}

/* ---- an update that is never confirmed ---- */

/* False when there is no such answer any more. */
static bool update_with_flip(const struct parcel *p, bool checked, unsigned at, unsigned bit)
{
    struct fake_board *b = new_board(checked);
    const struct ararext_update_options options = {.timeout_ms = 3000};
    struct ararext_board board;
    struct ararext_update_result result = {0};
    uint8_t version = 0;
    b->after_start = FAKE_TALKING;
    b->flip_at = at;
    b->flip_bit = bit;
    int rc = ararext_hello(b->session, &version);
    if (rc == ARAREXT_OK) {
        rc = ararext_board_read(b->session, &board);
    }
    if (rc == ARAREXT_OK) {
        rc = ararext_update(b->session, &p->package, &board, &options, &result);
        assert_int_equal(board.info.flash_kib, 512);
    }
    assert_int_not_equal(rc, ARAREXT_OK);
    assert_int_not_equal(rc, ARAREXT_ERR_REJECTED);
    assert_false(result.confirmed);
    if (result.installed) {
        assert_int_equal(b->slots[7], 0);
    }
    bool flipped = b->flipped;
    fake_close(b);
    free(b);
    return flipped;
}

/* Every bit of the first bytes and of the slots' states, and one in some bytes of what else there
 * is. */
static unsigned next_bit(unsigned bit)
{
    unsigned byte = (bit + 1) / 8;
    bool all = byte < 11 || byte == 3 + 52 || byte == 3 + 92;
    return all ? bit + 1 : (bit / 20 + 1) * 20; /* meets 440 and 760, where these begin */
}

static void flip_updates(bool checked)
{
    struct parcel p;
    make_parcel(&p);
    unsigned at = 1;
    for (bool more = true; more; at++) {
        for (unsigned bit = 0; more && bit < 8 * 140; bit = next_bit(bit)) {
            more = update_with_flip(&p, checked, at, bit);
        }
    }
    assert_true(at > 15);
    free(p.data);
}

static void test_flips_update(void **state)
{
    (void)state;
    flip_updates(true);
}

static void test_flips_update_unchecked(void **state)
{
    (void)state;
    flip_updates(false);
}

/* ---- questions, over the core's own command engine ---- */

struct flip {
    unsigned at, bit, answers;
    bool old; /* a loader that knows no checked answers */
    bool done;
};

static void flip_answer(struct model_link *link, uint8_t *bytes, size_t len)
{
    struct flip *f = link->ctx;
    if (f->old && len > FEATURE_AT && bytes[1] == ARAREXT_GET_INFO) {
        bytes[FEATURE_AT] &= (uint8_t)~FEATURE_CHECKED_BIT;
    }
    if (++f->answers == f->at) {
        bytes[f->bit / 8 % len] ^= (uint8_t)(1u << f->bit % 8);
        f->done = true;
    }
}

/* Asks for everything; what comes as good has to be so. */
static void ask_all(struct bench *b)
{
    struct ararext_info info;
    uint8_t data[700], otp[ARAREXT_OTP_SIZE], rdp = 0, version = 0;
    uint16_t nwrp = 0;
    if (ararext_hello(b->session, &version) == ARAREXT_OK) {
        assert_int_equal(version, 0x10);
    }
    if (ararext_get_info(b->session, &info) == ARAREXT_OK) {
        b->info.features = info.features;
        assert_memory_equal(&info, &b->info, sizeof info);
    }
    if (ararext_read_range(b->session, NULL, MAP_APP_BASE + 5, data, sizeof data) == ARAREXT_OK) {
        assert_memory_equal(data, b->model->flash + MAP_BOOT_SIZE + 5, sizeof data);
    }
    if (ararext_get_rdp(b->session, &rdp) == ARAREXT_OK) {
        assert_int_equal(rdp, b->info.rdp);
    }
    if (ararext_get_protection(b->session, &nwrp) == ARAREXT_OK) {
        assert_int_equal(nwrp, b->info.nwrp);
    }
    if (ararext_read_otp_all(b->session, otp) == ARAREXT_OK) {
        assert_int_equal(otp[17], 0xFF);
    }
    struct ararext_flash_result result;
    (void)!ararext_flash_verify(b->session, b->image, NULL, &result);
    b->model->flash[MAP_BOOT_SIZE + 1000] ^= 4;
    assert_int_not_equal(ararext_flash_verify(b->session, b->image, NULL, &result), ARAREXT_OK);
    b->model->flash[MAP_BOOT_SIZE + 1000] ^= 4;
}

static void flip_questions(bool old)
{
    struct flip f = {.at = 1, .old = old};
    do {
        for (unsigned bit = 0; bit < 8 * 80; bit += bit < 32 ? 1 : 29) {
            struct bench *b = setup(512, false);
            make_image(b, 4000, 1);
            memcpy(b->model->flash + MAP_BOOT_SIZE, b->bytes, b->len);
            f = (struct flip){.at = f.at, .bit = bit, .old = old};
            b->link.on_answer = flip_answer;
            b->link.refuse_checked = old;
            b->link.ctx = &f;
            ask_all(b);
            assert_true(b->link.checked > 0);
            teardown(b);
        }
        f.at++;
    } while (f.done);
    assert_true(f.at > 10);
}

static void test_flips_questions(void **state)
{
    (void)state;
    flip_questions(false);
}

static void test_flips_questions_unchecked(void **state)
{
    (void)state;
    flip_questions(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flips_update),
        cmocka_unit_test(test_flips_update_unchecked),
        cmocka_unit_test(test_flips_questions),
        cmocka_unit_test(test_flips_questions_unchecked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

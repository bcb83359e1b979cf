/* SPDX-License-Identifier: MIT */
/*
 * The flash operation against the bootloader's own command engine over a model chip: what is erased
 * and what is not, in which order, what is left when it breaks off after any frame, and that a bad
 * line costs time and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "flash_bench.h"
#include "memory_map.h"

/* ---- what it does and what it leaves alone ---- */

static void test_flash_blank(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 100000, 1);
    flash_ok(b);
    assert_int_equal(b->model->erases, 0);
    assert_int_equal(b->plan.sectors[0].action, ARAREXT_PROGRAM);
    assert_int_equal(b->plan.count, 4); /* sectors 2 to 5 */
    assert_int_equal(b->result.bytes_written, b->plan.write_bytes);
    assert_in_range(b->plan.write_bytes, 99000, 100000);
    teardown(b);
}

static void test_flash_over_another(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 100000, 1);
    flash_ok(b);
    make_image(b, 60000, 2);
    flash_ok(b);
    assert_int_equal(b->model->erases, 3); /* sectors 2, 3 and 4, each once; 5 is left alone */
    assert_int_equal(b->result.sectors_erased, 3);
    assert_int_equal(b->plan.erase_bytes, (16 + 16 + 64) * 1024);
    teardown(b);
}

static void test_flash_same_again(void **state)
{
    (void)state;
    struct bench *b = setup(1024, false);
    make_image(b, 50000, 1);
    flash_ok(b);
    unsigned changes = model_changes(b->model), written = b->link.requests[ARAREXT_MEM_WRITE];
    flash_ok(b);
    assert_int_equal(model_changes(b->model), changes);
    assert_int_equal(b->link.requests[ARAREXT_MEM_WRITE], written);
    assert_false(b->result.touched);
    teardown(b);
}

/* One byte in the last sector differs: that one is written anew, and the first, which makes the
 * image bootable, too. The one between stays. */
static void test_flash_one_sector_differs(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 60000, 1);
    flash_ok(b);
    b->model->flash[MAP_BOOT_SIZE + 40000] ^= 0xFF;
    flash_ok(b);
    assert_int_equal(b->plan.sectors[0].action, ARAREXT_ERASE);
    assert_int_equal(b->plan.sectors[1].action, ARAREXT_KEEP);
    assert_int_equal(b->plan.sectors[2].action, ARAREXT_ERASE);
    assert_int_equal(b->model->erases, 2);
    teardown(b);
}

static void test_flash_erase_always(void **state)
{
    const struct ararext_flash_options options = {.erase_always = true};
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 60000, 1);
    flash_ok(b);
    assert_int_equal(flash_with(b, &options), ARAREXT_OK);
    assert_int_equal(b->model->erases, 3);
    assert_memory_equal(b->model->flash + MAP_BOOT_SIZE, b->bytes, b->len);
    teardown(b);
}

static void test_flash_with_the_twelve(void **state)
{
    (void)state;
    struct bench *b = setup(512, true);
    assert_false(b->info.extended);
    assert_int_equal(b->info.flash_kib, 512);
    assert_int_equal(b->info.sector_count, 8);
    make_image(b, 30000, 1);
    flash_ok(b);
    assert_int_equal(b->model->erases, 2);
    assert_int_equal(b->result.bytes_verified, 30000);
    for (unsigned command = 0x60; command < 256; command++) {
        assert_int_equal(b->link.requests[command], 0);
    }
    /* Once: what reads as it should needs no second look, though answers have no check of their
     * own. */
    unsigned reads = b->link.requests[ARAREXT_MEM_READ];
    assert_in_range(reads, 30000 / 255, 30000 / 255 + 10);
    teardown(b);
}

/* Erased runs are not sent, wherever they are, and frames are whole words. */
static void check_frame(struct model_link *link, const uint8_t *frame, size_t len)
{
    (void)link;
    if (frame[1] == ARAREXT_MEM_WRITE) {
        assert_int_equal(load_le32(frame + 2) % 4, 0);
        assert_int_equal(frame[6] % 4, 0);
        assert_in_range(frame[6], 4, 248);
        assert_int_equal(len, 7u + frame[6] + 4u);
        assert_true(load_le32(frame + 7) != 0xFFFFFFFF);
        assert_true(load_le32(frame + len - 8) != 0xFFFFFFFF);
    }
}

static void test_flash_skips_erased_runs(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 40003, 1); /* ends inside a word */
    memset(b->bytes + 0x200, 0xFF, 20000);
    memset(b->bytes + 30000, 0xFF, 12); /* too short to be worth a frame */
    memset(b->bytes + 35001, 0xFF, 100);
    const struct ararext_segment file = {.len = b->len, .data = b->bytes};
    ararext_image_free(b->image);
    assert_int_equal(ararext_image_parse(&b->image, &file, "f.bin", NULL, NULL), ARAREXT_OK);
    b->link.before = check_frame;
    flash_ok(b);
    assert_int_equal(b->result.bytes_written, b->plan.write_bytes);
    assert_in_range(b->plan.write_bytes, 40003 - 20000 - 100 - 16, 40003 - 20000 - 100 + 16);
    assert_true(b->link.requests[ARAREXT_MEM_WRITE] <= (40003 - 20100) / 248 + 6);
    teardown(b);
}

static void test_flash_segments_with_gaps(void **state)
{
    static const char hex[] = ":020000040800F2\n"
                              ":088000000000022009810008C4\n"
                              ":0780080001020304050607"
                              "55\n" /* to 0800800F */
                              ":0180110055"
                              "19\n" /* alone in its word */
                              ":020000040806EC\n"
                              ":03FFFD00AABBCC"
                              "D0\n" /* end of the part */
                              ":00000001FF\n";
    const struct ararext_segment file = {.len = sizeof hex - 1, .data = (const uint8_t *)hex};
    struct ararext_message why;
    (void)state;
    struct bench *b = setup(512, false);
    if (ararext_image_parse(&b->image, &file, "f", NULL, &why) != ARAREXT_OK) {
        fail_msg("%s", why.text);
    }
    b->model->flash[0x9000] = 0x00; /* other bytes of the sectors stay when nothing has to go */
    b->link.before = check_frame;
    assert_int_equal(flash_with(b, NULL), ARAREXT_OK);
    assert_int_equal(b->model->erases, 0);
    assert_int_equal(b->model->flash[0x9000], 0x00);
    assert_int_equal(b->model->flash[0x800F], 0xFF);
    assert_int_equal(b->model->flash[0x8011], 0x55);
    assert_memory_equal(b->model->flash + 0x6FFFD, "\xAA\xBB\xCC", 3);
    teardown(b);
}

/* ---- breaking off ---- */

/* At any frame: flash holds the old application, the new one, or nothing that looks like one. */
static void check_never_half(struct model_link *link, const uint8_t *frame, size_t len)
{
    struct bench *b = link->ctx;
    const uint8_t *flash = b->model->flash + MAP_BOOT_SIZE;
    check_frame(link, frame, len);
    if (looks_bootable(b->model) && b->model->erases + b->model->programs > 0 &&
        b->link.requests[ARAREXT_FLASH_ERASE] > 0) {
        assert_memory_equal(flash, b->bytes, b->len);
    }
}

static void test_flash_interrupted_anywhere(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    unsigned stopped = 0, finished = 0;
    for (unsigned n = 1; finished == 0; n++) {
        uint8_t before[70000];
        make_image(b, 35000, n); /* another image each time */
        memcpy(before, b->model->flash + MAP_BOOT_SIZE, sizeof before);
        b->stop_after = n;
        int rc = flash_with(b, NULL);
        b->stop_after = 0;
        if (rc == ARAREXT_OK) {
            finished++;
            assert_memory_equal(b->model->flash + MAP_BOOT_SIZE, b->bytes, b->len);
            break;
        }
        assert_int_equal(rc, ARAREXT_ERR_INTERRUPTED);
        stopped++;
        if (b->result.bootable) { /* stopped before the last word was compared */
            assert_memory_equal(b->model->flash + MAP_BOOT_SIZE, b->bytes, b->len);
        } else if (b->result.touched) {
            assert_false(looks_bootable(b->model));
        } else {
            assert_memory_equal(before, b->model->flash + MAP_BOOT_SIZE, sizeof before);
        }
        uint8_t version;
        assert_int_equal(ararext_hello(b->session, &version), ARAREXT_OK);
        if (n % 16 == 0) {
            flash_ok(b); /* whole again, so that the next one has something to break */
        }
    }
    assert_true(stopped > 35000 / 248);
    teardown(b);
}

static void test_flash_never_half(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 90000, 1);
    flash_ok(b);
    make_image(b, 80000, 2);
    b->link.before = check_never_half;
    b->link.ctx = b;
    flash_ok(b);
    assert_int_equal(b->model->erases, 3);
    teardown(b);
}

/* ---- verification ---- */

/* A cell loses its charge after the last write but one. */
static void break_cell(struct model_link *link, const uint8_t *frame, size_t len)
{
    struct bench *b = link->ctx;
    (void)len;
    if (frame[1] == ARAREXT_MEM_CRC && b->result.phase == ARAREXT_PHASE_VERIFY) {
        b->model->flash[MAP_BOOT_SIZE + 20001] = (uint8_t)~b->bytes[20001];
    }
    if (frame[1] == ARAREXT_MEM_READ && b->result.phase == ARAREXT_PHASE_VERIFY) {
        b->model->flash[MAP_BOOT_SIZE + 20001] = (uint8_t)~b->bytes[20001];
    }
}

static void check_verify_failure(enum ararext_verify how)
{
    const struct ararext_flash_options options = {.verify = how};
    struct bench *b = setup(512, false);
    make_image(b, 30000, 1);
    b->link.before = break_cell;
    b->link.ctx = b;
    assert_int_equal(flash_with(b, &options), ARAREXT_ERR_VERIFY);
    assert_int_equal(b->result.bad_addr, MAP_APP_BASE + 20001);
    assert_int_equal(b->result.bad_want, b->bytes[20001]);
    assert_int_equal(b->result.bad_got, (uint8_t)~b->bytes[20001]);
    assert_false(b->result.bootable);
    assert_false(looks_bootable(b->model)); /* what failed does not start */
    teardown(b);
}

static void test_flash_verify_failure_by_crc(void **state)
{
    (void)state;
    check_verify_failure(ARAREXT_VERIFY_AUTO);
}

static void test_flash_verify_failure_by_reading(void **state)
{
    (void)state;
    check_verify_failure(ARAREXT_VERIFY_READ);
}

static void test_flash_no_verify(void **state)
{
    const struct ararext_flash_options options = {.verify = ARAREXT_VERIFY_NONE};
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 30000, 1);
    b->link.before = break_cell;
    b->link.ctx = b;
    assert_int_equal(flash_with(b, &options), ARAREXT_OK);
    assert_int_equal(b->result.bytes_verified, 0);
    assert_int_equal(b->link.requests[ARAREXT_MEM_READ], 0);
    assert_memory_equal(b->model->flash + MAP_BOOT_SIZE, b->bytes, b->len);
    teardown(b);
}

static void test_verify_alone(void **state)
{
    (void)state;
    struct bench *b = setup(512, false);
    make_image(b, 30000, 1);
    flash_ok(b);
    struct ararext_flash_result r;
    assert_int_equal(ararext_flash_verify(b->session, b->image, NULL, &r), ARAREXT_OK);
    assert_int_equal(r.bytes_verified, 30000);
    static const uint32_t places[] = {0, 3, 4, 29999};
    for (size_t i = 0; i < 4; i++) {
        b->model->flash[MAP_BOOT_SIZE + places[i]] ^= 1;
        assert_int_equal(ararext_flash_verify(b->session, b->image, NULL, &r), ARAREXT_ERR_VERIFY);
        assert_int_equal(r.bad_addr, MAP_APP_BASE + places[i]);
        b->model->flash[MAP_BOOT_SIZE + places[i]] ^= 1;
    }
    teardown(b);
}

/* ---- progress ---- */

struct seen {
    int phase;
    uint32_t done, total;
    unsigned complete;
};

static void watch(void *ctx, enum ararext_phase phase, uint32_t done, uint32_t total)
{
    struct seen *s = ctx;
    if ((int)phase != s->phase) {
        assert_true((int)phase > s->phase || phase == ARAREXT_PHASE_VERIFY);
        s->done = 0;
    }
    assert_in_range(done, s->done, total);
    s->complete += done == total && (s->done != total || total == 0 || s->phase != (int)phase);
    s->phase = (int)phase;
    s->done = done;
    s->total = total;
}

static void test_flash_progress(void **state)
{
    (void)state;
    for (int how = ARAREXT_VERIFY_AUTO; how <= ARAREXT_VERIFY_READ; how++) {
        struct seen seen = {.phase = -1};
        const struct ararext_flash_options options = {
            .verify = (enum ararext_verify)how, .progress = watch, .ctx = &seen};
        struct bench *b = setup(512, false);
        make_image(b, 40001, 1);
        b->model->flash[MAP_BOOT_SIZE + 1] = 0;
        assert_int_equal(flash_with(b, &options), ARAREXT_OK);
        assert_int_equal(seen.complete, 4); /* compare, erase, write, verify: each to its end */
        teardown(b);
    }
}

static void test_ranges(void **state)
{
    uint8_t data[1000], got[1000];
    (void)state;
    struct bench *b = setup(512, false);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    for (uint32_t offset = 0; offset < 4; offset++) {
        uint32_t addr = MAP_FREE_SRAM_BASE + 0x100 + offset;
        assert_int_equal(ararext_write_range(b->session, NULL, addr, data, sizeof data - offset),
                         ARAREXT_OK);
        assert_int_equal(ararext_read_range(b->session, NULL, addr, got, sizeof got - offset),
                         ARAREXT_OK);
        assert_memory_equal(got, data, sizeof data - offset);
    }
    assert_int_equal(ararext_read_range(b->session, NULL, 0x40000000, got, 300),
                     ARAREXT_ERR_REFUSED);
    teardown(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flash_blank),
        cmocka_unit_test(test_flash_over_another),
        cmocka_unit_test(test_flash_same_again),
        cmocka_unit_test(test_flash_one_sector_differs),
        cmocka_unit_test(test_flash_erase_always),
        cmocka_unit_test(test_flash_with_the_twelve),
        cmocka_unit_test(test_flash_skips_erased_runs),
        cmocka_unit_test(test_flash_segments_with_gaps),
        cmocka_unit_test(test_flash_interrupted_anywhere),
        cmocka_unit_test(test_flash_never_half),
        cmocka_unit_test(test_flash_verify_failure_by_crc),
        cmocka_unit_test(test_flash_verify_failure_by_reading),
        cmocka_unit_test(test_flash_no_verify),
        cmocka_unit_test(test_verify_alone),
        cmocka_unit_test(test_flash_progress),
        cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

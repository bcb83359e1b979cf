/* SPDX-License-Identifier: MIT */
/*
 * libararext against the release binary in the twin, in virtual time: first contact, the flash
 * operation with and without extensions, interruptions, and a board that speaks the other dialect.
 */
#include "system.h"

#include "ararext.h"
#include "twin_transport.h"

enum { IMAGE_SIZE = 25000 };

struct setup {
    struct board *board;
    struct ararext_session *session;
    struct ararext_info info;
    struct ararext_image *image;
    uint8_t bytes[IMAGE_SIZE];
    unsigned frames_left; /* until the session is stopped; 0 = it is not */
};

static bool stop_after(void *ctx)
{
    struct setup *s = ctx;
    if (s->frames_left > 0) {
        s->frames_left--;
        return s->frames_left == 0;
    }
    return false;
}

static void make_image(struct setup *s, uint64_t seed)
{
    struct ararext_message why;
    const struct ararext_segment file = {APP_BASE, IMAGE_SIZE, s->bytes};
    const struct ararext_load load = {.format = ARAREXT_FORMAT_BIN, .bin_addr = APP_BASE};
    static const struct probe_op nothing[1] = {{PROBE_END, 0, 0}};
    uint8_t probe[PROBE_MAX];
    image_make(s->bytes, IMAGE_SIZE, APP_BASE, seed);
    size_t probe_len = probe_make(probe, APP_BASE, nothing, 0);
    memcpy(s->bytes, probe, probe_len);
    if (ararext_image_parse(&s->image, &file, "test.bin", &load, &why) != ARAREXT_OK) {
        fail_msg("%s", why.text);
    }
}

static void fail_session(const struct setup *s, const char *what, int error)
{
    struct ararext_message why;
    if (error != ARAREXT_OK) {
        ararext_describe_failure(s->session, &why);
        fail_msg("%s: %d, %s", what, error, why.text);
    }
}

static struct setup *open_session(void **state, bool no_extensions)
{
    struct ararext_transport transport;
    struct ararext_options options;
    struct setup *s = calloc(1, sizeof *s);
    assert_non_null(s);
    const struct variant *v = *state;
    struct board_options o = {.button = true, .flash_kib = v->flash_kib};
    s->board = board_open(&o);
    twin_transport_make(&transport, s->board->twin, 2);
    ararext_default_options(&options);
    options.no_extensions = no_extensions;
    options.stop = stop_after;
    options.ctx = s;
    assert_int_equal(ararext_open(&s->session, &transport, &options), ARAREXT_OK);
    make_image(s, 1);
    return s;
}

static void close_session(struct setup *s)
{
    ararext_image_free(s->image);
    ararext_close(s->session);
    board_close(s->board);
    free(s);
}

static void hello(struct setup *s)
{
    uint8_t version;
    fail_session(s, "hello", ararext_hello(s->session, &version));
    assert_int_equal(version, 0x10);
    fail_session(s, "info", ararext_get_info(s->session, &s->info));
}

static int flash_how(struct setup *s, bool no_stream, struct ararext_plan *plan,
                     struct ararext_flash_result *result)
{
    const struct ararext_flash_options how = {.verify = ARAREXT_VERIFY_AUTO,
                                              .no_stream = no_stream};
    *result = (struct ararext_flash_result){0};
    *plan = (struct ararext_plan){0};
    int error = ararext_flash_plan(s->session, &s->info, s->image, &how, plan);
    return error == ARAREXT_OK ? ararext_flash_run(s->session, s->image, plan, &how, result)
                               : error;
}

static int flash(struct setup *s, struct ararext_plan *plan, struct ararext_flash_result *result)
{
    return flash_how(s, false, plan, result);
}

static void test_library_info(void **state)
{
    for (int no_extensions = 0; no_extensions < 2; no_extensions++) {
        struct setup *s = open_session(state, no_extensions != 0);
        hello(s);
        assert_int_equal(s->info.extended, no_extensions == 0);
        assert_int_equal(s->info.device_id, 0x413);
        assert_int_equal(s->info.flash_kib, s->board->flash_kib);
        assert_int_equal(s->info.sector_count, board_sector_count(s->board));
        assert_int_equal(s->info.rdp, 0xAA);
        assert_int_equal(s->info.nwrp, 0xFFF);
        close_session(s);
    }
}

static void check_flash(void **state, bool no_extensions)
{
    struct ararext_plan plan;
    struct ararext_flash_result result;
    struct setup *s = open_session(state, no_extensions);
    hello(s);
    fail_session(s, "flash", flash(s, &plan, &result));
    board_assert_flash(s->board, APP_BASE, s->bytes, IMAGE_SIZE);
    assert_int_equal(result.phase, ARAREXT_PHASE_DONE);
    for (unsigned sector = 0; sector < board_sector_count(s->board); sector++) {
        assert_true(twin_sector_erases(s->board->twin, sector) <= 1); /* each once */
        assert_false(twin_sector_erases(s->board->twin, sector) != 0 && (sector < 2 || sector > 3));
    }
    board_press_button(s->board, false);
    probe_clear(s->board);
    fail_session(s, "go", ararext_go(s->session, APP_BASE));
    (void)board_run(s->board, MS(10));
    assert_true(probe_done(s->board));
    close_session(s);
}

static void test_library_flash(void **state)
{
    check_flash(state, false);
}

static void test_library_flash_with_the_twelve(void **state)
{
    check_flash(state, true);
}

/* What is there already is neither erased nor written. A stream erases what it writes, blank or
 * not; MEM_WRITE goes where flash was blank. */
static void check_flash_again(void **state, bool no_stream)
{
    struct ararext_plan plan;
    struct ararext_flash_result result;
    struct setup *s = open_session(state, false);
    hello(s);
    for (unsigned i = 0; i < 2; i++) {
        unsigned erases = 0;
        fail_session(s, "flash", flash_how(s, no_stream, &plan, &result));
        for (unsigned sector = 0; sector < 12 && sector < board_sector_count(s->board); sector++) {
            erases += twin_sector_erases(s->board->twin, sector);
        }
        assert_int_equal(erases, no_stream ? 0 : 2); /* the same after the second time */
        assert_int_equal(result.sectors_erased, i == 0 && !no_stream ? 2 : 0);
    }
    assert_int_equal(plan.write_bytes, 0);
    assert_int_equal(result.bytes_written, 0);
    close_session(s);
}

static void test_library_flash_again(void **state)
{
    check_flash_again(state, false);
    check_flash_again(state, true);
}

/* One byte of the application differs: verify names it, and flash puts one sector right. */
static void check_verify(void **state, bool no_stream)
{
    static const uint8_t wrong = 0;
    unsigned before[5] = {0};
    struct ararext_plan plan;
    struct ararext_flash_result result;
    struct setup *s = open_session(state, false);
    hello(s);
    fail_session(s, "flash", flash_how(s, no_stream, &plan, &result));
    uint32_t at = 17000; /* sector 3 */
    while (s->bytes[at] == wrong) {
        at++;
    }
    board_poke(s->board, APP_BASE + at, &wrong, 1);
    assert_int_equal(ararext_flash_verify(s->session, s->image, NULL, &result), ARAREXT_ERR_VERIFY);
    assert_int_equal(result.bad_addr, APP_BASE + at);
    assert_int_equal(result.bad_want, s->bytes[at]);
    assert_int_equal(result.bad_got, wrong);
    for (unsigned sector = 2; sector < 5; sector++) {
        before[sector] = twin_sector_erases(s->board->twin, sector);
        assert_int_equal(before[sector], sector < 4 && !no_stream ? 1 : 0);
    }
    fail_session(s, "flash", flash_how(s, no_stream, &plan, &result));
    board_assert_flash(s->board, APP_BASE, s->bytes, IMAGE_SIZE);
    /* sector 2 as well: its first word keeps a half-written image from booting */
    for (unsigned sector = 2; sector < 5; sector++) {
        assert_int_equal(twin_sector_erases(s->board->twin, sector) - before[sector],
                         sector < 4 ? 1 : 0);
    }
    close_session(s);
}

static void test_library_verify(void **state)
{
    check_verify(state, false);
    check_verify(state, true);
}

/* Stopped between any two frames: the board answers, and nothing half-written looks bootable. */
static void test_library_interrupted(void **state)
{
    static const unsigned stops[] = {2, 5, 60, 103};
    struct setup *s = open_session(state, false);
    hello(s);
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        struct ararext_plan plan;
        struct ararext_flash_result result;
        ararext_image_free(s->image);
        make_image(s, 10 + i);
        s->frames_left = stops[i];
        assert_int_equal(flash(s, &plan, &result), ARAREXT_ERR_INTERRUPTED);
        s->frames_left = 0;
        hello(s);
        board_press_button(s->board, false);
        probe_clear(s->board);
        board_reset(s->board);
        assert_false(probe_done(s->board));
        board_press_button(s->board, true);
        board_reset(s->board);
        hello(s);
    }
    struct ararext_plan plan;
    struct ararext_flash_result result;
    fail_session(s, "flash", flash(s, &plan, &result));
    board_assert_flash(s->board, APP_BASE, s->bytes, IMAGE_SIZE);
    close_session(s);
}

/* Power goes while the image is written: the next attempt starts over and succeeds. */
static void test_library_power_cut(void **state)
{
    static const uint64_t cuts[] = {1, 2, 3000, 6200};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct ararext_plan plan;
        struct ararext_flash_result result;
        struct setup *s = open_session(state, false);
        uint8_t old[256];
        uint64_t seed = 50 + i;
        random_fill(&seed, old, sizeof old);
        board_poke(s->board, APP_BASE + 0x5000, old, sizeof old);
        hello(s);
        twin_cut_at_flash_operation(s->board->twin, cuts[i], TWIN_CUT_MIDDLE);
        int error = flash(s, &plan, &result);
        assert_true(twin_cut_happened(s->board->twin));
        assert_int_equal(error, ARAREXT_ERR_TIMEOUT);
        board_press_button(s->board, false);
        board_power_cycle(s->board); /* without the button: nothing bootable is there */
        hello(s);
        assert_int_equal(s->info.stay_reason, 3);
        fail_session(s, "flash", flash(s, &plan, &result));
        board_assert_flash(s->board, APP_BASE, s->bytes, IMAGE_SIZE);
        close_session(s);
    }
}

static void test_library_course_board(void **state)
{
    uint8_t version;
    struct setup *s = open_session(state, false);
    s->board->dialect = WIRE_COURSE;
    board_query(s->board, GET_VER, NULL, 0, &version, 1);
    assert_int_equal(ararext_hello(s->session, &version), ARAREXT_ERR_DIALECT);
    board_reset(s->board);
    hello(s);
    close_session(s);
}

/* Noise before the first frame, and a board whose answer is lost on the way. */
static void test_library_after_noise(void **state)
{
    static const uint8_t noise[] = {0x81, 0x00, 0x7E, 0xFF};
    struct setup *s = open_session(state, false);
    board_send(s->board, noise, sizeof noise);
    hello(s);
    close_session(s);
}

static void test_library_refused(void **state)
{
    static const uint8_t data[4] = {1, 2, 3, 4};
    struct setup *s = open_session(state, false);
    hello(s);
    assert_int_equal(ararext_write(s->session, FLASH_BASE, data, 4), ARAREXT_ERR_REFUSED);
    const struct ararext_failure *f = ararext_last_failure(s->session);
    assert_true(f->has_reason);
    assert_int_equal(f->reason, WIRE_BOOTLOADER);
    assert_int_equal(f->reason_command, MEM_WRITE);
    assert_int_equal(f->detail, FLASH_BASE);
    close_session(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIZES(test_library_info),
        SIZES(test_library_flash),
        ONCE(test_library_flash_with_the_twelve),
        ONCE(test_library_flash_again),
        ONCE(test_library_verify),
        ONCE(test_library_interrupted),
        ONCE(test_library_power_cut),
        ONCE(test_library_course_board),
        ONCE(test_library_after_noise),
        ONCE(test_library_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

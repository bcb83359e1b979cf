/* SPDX-License-Identifier: MIT */
/*
 * Packages over the release binary: provisioning and staging over the line, install, trial and its
 * watchdog, rollback, confirmation by an application, healing, and what a provisioned board
 * refuses. FORMAT.md and PROTOCOL.md are the references; packages come from the tests' own builder.
 */
#include "reset_state.h"
#include "system.h"

#include "package_builder.h"

/* Retyped from PROTOCOL.md. */
enum {
    SLOTS = 0x64,
    BEGIN = 0x65,
    WRITE_PIECE = 0x66,
    FINISH = 0x67,
    PROVISION_KEYS = 0x6A,
    PIECE = 248,
    INSTALL_AND_STAY = 2,
    BOOT = 0,
    STAGED = 2,
    CONFIRMED = 3,
    REJECTED = 4,
    NO_SLOT = 0xFF,
};
enum {
    REASON_PROVISIONED = 0x40,
    REASON_UNSIGNED = 0x44,
    REASON_UNKNOWN_KEY = 0x45,
    REASON_SIGNATURE = 0x46,
    REASON_NOT_VERIFIED = 0x4E,
};
enum { STAY_HOST = 4, STAY_ALL_REJECTED = 5, STAY_NOT_TRUSTED = 6 };
enum { CAUSE_NORMAL = 1, CAUSE_ON_TRIAL = 2, CAUSE_ROLLED_BACK = 3, CAUSE_HEALED = 4 };
enum { FLAGS_POWER_ON = 0x0E, SLOT_A = 0x08080000, MARKER = 0x20015000, CONFIRM_RESULT = MARKER };

static const uint8_t no_trial[4] = {0, 8, 30, 0};
static const uint8_t two_trials[4] = {2, 8, 1, 0};
static const uint8_t one_trial[4] = {1, 8, 1, 0};

/* ---- commands that may take longer than what board_ok allows ---- */

/* Sends and waits; true with *len bytes of Data if it was answered A5, false for 7F. */
static bool ask(struct board *b, unsigned command, const uint8_t *payload, size_t n,
                uint8_t data[255])
{
    board_request(b, command, payload, n);
    assert_true(board_wait(b, 1, MS(15000)));
    if (b->rx[0] == 0x7F) {
        (void)board_run(b, MS(3));
        assert_int_equal(b->rx_len, 1);
        b->rx_len = 0;
        return false;
    }
    assert_true(board_wait(b, 3, MS(10)));
    assert_int_equal(b->rx[0], 0xA5);
    assert_int_equal(b->rx[1], command);
    assert_true(board_wait(b, 3u + b->rx[2], MS(100)));
    memcpy(data, b->rx + 3, b->rx[2]);
    b->rx_len = 0;
    return true;
}

static void ask_ok(struct board *b, unsigned command, const uint8_t *payload, size_t n)
{
    uint8_t data[255] = {0};
    if (!ask(b, command, payload, n, data)) {
        struct board_error e = board_last_error(b);
        fail_msg("command %02X failed: reason %02X, detail %08" PRIx32, command, e.reason,
                 e.detail);
    }
}

static void ask_refused(struct board *b, unsigned command, const uint8_t *payload, size_t n,
                        unsigned reason)
{
    uint8_t data[255] = {0};
    assert_false(ask(b, command, payload, n, data));
    assert_int_equal(board_last_error(b).reason, reason);
}

static void read_slots(struct board *b, uint8_t slots[255])
{
    assert_true(ask(b, SLOTS, NULL, 0, slots));
}

static unsigned slot_field(const uint8_t *slots, unsigned slot, unsigned offset)
{
    return slots[52 + 40 * slot + offset];
}

/* ---- boards, applications, packages ---- */

static struct board *open_board(void)
{
    struct board_options o = {.button = true};
    struct board *b = board_open(&o);
    board_allow_report(b, TWIN_REPORT_WATCHDOG);
    return b;
}

static void provision(struct board *b, uint32_t key_number)
{
    uint8_t payload[6 + 32] = {0x50, 0x52, 0x4F, 0x56, 1, 0};
    struct evp_pkey_st *key = package_key(key_number);
    package_key_hash(key, payload + 6);
    package_key_free(key);
    ask_ok(b, PROVISION_KEYS, payload, sizeof payload);
}

static void stage_bytes(struct board *b, const uint8_t *package, size_t len)
{
    uint8_t payload[255];
    wire_put32(payload, (uint32_t)len);
    ask_ok(b, BEGIN, payload, 4);
    for (size_t at = 0; at < len; at += PIECE) {
        size_t n = len - at < PIECE ? len - at : PIECE;
        ask_ok(b, WRITE_PIECE, payload, wire_write_payload(payload, (uint32_t)at, package + at, n));
    }
}

struct wanted {
    const uint8_t *content, *policy;
    size_t len;
    uint32_t key; /* 0 = unsigned */
};

static uint8_t *build(const struct wanted *w, size_t *len)
{
    struct package_recipe recipe = {.content = w->content,
                                    .content_len = w->len,
                                    .packing = PACKAGE_LZMA2_THUMB,
                                    .policy = w->policy,
                                    .key = w->key != 0 ? package_key(w->key) : NULL};
    uint8_t *package = package_build(&recipe, len);
    if (recipe.key != NULL) {
        package_key_free(recipe.key);
    }
    return package;
}

static void stage(struct board *b, const struct wanted *w)
{
    size_t len;
    uint8_t *package = build(w, &len);
    stage_bytes(b, package, len);
    ask_ok(b, FINISH, NULL, 0);
    free(package);
}

/* An application that says which one it is, and then neither feeds the watchdog nor confirms. */
static size_t make_marker(uint8_t image[PROBE_MAX], uint32_t marker)
{
    const struct probe_op ops[] = {{PROBE_WRITE, MARKER, marker}};
    return probe_make(image, APP_BASE, ops, 1);
}

/* One that calls confirm of the table at 0x08000040 and keeps what it returned. */
static void make_confirmer(uint8_t image[1024])
{
    static const uint8_t code[] = {
        0x02, 0x48,             /* ldr r0, [pc, #8]: the table */
        0x80, 0x69,             /* ldr r0, [r0, #24]: confirm */
        0x80, 0x47,             /* blx r0 */
        0x02, 0x49,             /* ldr r1, [pc, #8] */
        0x08, 0x60,             /* str r0, [r1] */
        0xFE, 0xE7,             /* b . */
        0x40, 0x00, 0x00, 0x08, /* SERVICES_ADDR */
        0x00, 0x50, 0x01, 0x20, /* CONFIRM_RESULT */
    };
    image_make(image, 1024, APP_BASE, 7);
    memcpy(image + IMAGE_ENTRY, code, sizeof code);
}

static void clear_marker(struct board *b)
{
    const uint8_t none[4] = {0xEE, 0xEE, 0xEE, 0xEE};
    board_poke(b, MARKER, none, sizeof none);
}

/* RESET, answered before it happens. */
static void reset_by_host(struct board *b, uint8_t how)
{
    clear_marker(b);
    board_ok(b, RESET, &how, 1, NULL, 0);
}

/* Into bootloader mode by button and pin, without deciding anything about packages. */
static void stop_by_button(struct board *b)
{
    board_press_button(b, true);
    board_reset(b);
    board_press_button(b, false);
}

/* Runs until the application says who it is. */
static uint32_t wait_marker(struct board *b)
{
    for (unsigned i = 0; i < 100 && board_peek32(b, MARKER) == 0xEEEEEEEE; i++) {
        (void)board_run(b, MS(100));
    }
    return board_peek32(b, MARKER);
}

static unsigned stay_reason(struct board *b)
{
    uint8_t info[255] = {0};
    assert_true(ask(b, GET_INFO, NULL, 0, info));
    return info[53];
}

static void start_once(struct board *b, const struct wanted *w)
{
    stage(b, w);
    board_press_button(b, false);
    reset_by_host(b, BOOT);
}

/* ---- tests ---- */

/* RESET 02 installs, starts nothing, counts nothing. Then two boots on trial, each ended by the
 * watchdog, and the package is rejected; there is no other. */
static void test_package_trial(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    uint8_t slots[255] = {0};
    size_t len = make_marker(image, 1);
    const struct wanted w = {.content = image, .len = len, .policy = two_trials};
    struct board *b = open_board();
    stage(b, &w);
    board_press_button(b, false);
    reset_by_host(b, INSTALL_AND_STAY);
    (void)board_run(b, MS(3000));
    assert_int_equal(stay_reason(b), STAY_HOST);
    board_assert_flash(b, APP_BASE, image, len);
    assert_int_equal(board_peek32(b, MARKER), 0xEEEEEEEE);
    read_slots(b, slots);
    assert_int_equal(slots[7], 0);
    assert_int_equal(slot_field(slots, 0, 0), STAGED);
    assert_int_equal(slot_field(slots, 0, 2), 0);

    for (unsigned boot = 1; boot <= 2; boot++) {
        unsigned bites = b->reports[TWIN_REPORT_WATCHDOG];
        if (boot == 1) {
            reset_by_host(b, BOOT);
        }
        assert_int_equal(wait_marker(b), 1);
        clear_marker(b);
        (void)board_run(b, MS(600));
        assert_int_equal(b->reports[TWIN_REPORT_WATCHDOG], bites); /* one second, not less */
        (void)board_run(b, MS(450));
        assert_int_equal(b->reports[TWIN_REPORT_WATCHDOG], bites + 1);
    }
    (void)board_run(b, MS(1000));
    assert_int_equal(stay_reason(b), STAY_ALL_REJECTED);
    assert_int_equal(board_peek32(b, MARKER), 0xEEEEEEEE);
    read_slots(b, slots);
    assert_int_equal(slot_field(slots, 0, 0), REJECTED);
    assert_int_equal(slot_field(slots, 0, 2), 2);
    assert_int_equal(slot_field(slots, 0, 4), 1);
    board_close(b);
}

/* A provisioned board, a signed package; then one on trial that fails, and the first is back. */
/* GO to a package on trial is a start like any other, also while the button is held: counted, and
 * with its watchdog. */
static void test_package_go(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    uint8_t slots[255] = {0};
    uint8_t addr[4];
    size_t len = make_marker(image, 1);
    const struct wanted w = {.content = image, .len = len, .policy = two_trials};
    struct board *b = open_board();
    stage(b, &w);
    reset_by_host(b, INSTALL_AND_STAY);
    (void)board_run(b, MS(3000));
    for (unsigned boot = 1; boot <= 2; boot++) {
        unsigned bites = b->reports[TWIN_REPORT_WATCHDOG];
        wire_put32(addr, boot == 1 ? APP_BASE : APP_BASE + IMAGE_ENTRY);
        clear_marker(b);
        board_ok(b, GO_TO_ADDR, addr, 4, NULL, 0);
        assert_int_equal(wait_marker(b), 1);
        (void)board_run(b, MS(1100));
        assert_int_equal(b->reports[TWIN_REPORT_WATCHDOG], bites + 1);
        (void)board_run(b, MS(500)); /* the button holds the board in the bootloader again */
        read_slots(b, slots);
        assert_int_equal(slot_field(slots, 0, 2), boot);
        assert_int_equal(slots[10], CAUSE_ON_TRIAL);
    }
    /* The third is one too many, and there is nothing else: it stays, and says why. */
    clear_marker(b);
    board_ok(b, GO_TO_ADDR, addr, 4, NULL, 0);
    (void)board_run(b, MS(1000));
    assert_int_equal(stay_reason(b), STAY_ALL_REJECTED);
    assert_int_equal(board_peek32(b, MARKER), 0xEEEEEEEE);
    board_close(b);
}

/* The same on a provisioned board: nothing else may be gone to, and a board with a protected sector
 * gets out of it. */
static void test_package_go_provisioned(void **state)
{
    (void)state;
    static const uint8_t protect[3] = {0x00, 0x08, 1}; /* sector 11 */
    static const uint8_t level_1[6] = {0, 2, 0x52, 0x44, 0x50, 0x31};
    uint8_t image[PROBE_MAX];
    uint8_t payload[6 + 32] = {0x50, 0x52, 0x4F, 0x56, 1, 0};
    uint8_t addr[4];
    size_t len = make_marker(image, 1);
    const struct wanted w = {.content = image, .len = len, .policy = one_trial, .key = 1};
    struct board *b = open_board();
    ask_ok(b, EN_RW_PROTECT, protect, sizeof protect);
    ask_refused(b, PROVISION_KEYS, payload, sizeof payload, 0x23);
    ask_ok(b, DIS_R_W_PROTECT, NULL, 0);
    provision(b, 1);
    ask_refused(b, EN_RW_PROTECT, level_1, sizeof level_1, 0x40);
    ask_refused(b, EN_RW_PROTECT, protect, sizeof protect, 0x40);
    ask_ok(b, DIS_R_W_PROTECT, NULL, 0);
    assert_int_equal(board_peek32(b, 0x1FFFC008) & 0xFFF, 0xFFC); /* sectors 0 and 1 stay */
    wire_put32(addr, APP_BASE);
    ask_refused(b, GO_TO_ADDR, addr, 4, REASON_NOT_VERIFIED);
    stage(b, &w);
    reset_by_host(b, INSTALL_AND_STAY);
    (void)board_run(b, MS(3000));
    wire_put32(addr, APP_BASE + IMAGE_ENTRY + 2);
    ask_refused(b, GO_TO_ADDR, addr, 4, 0x40);
    wire_put32(addr, 0x20005000);
    ask_refused(b, GO_TO_ADDR, addr, 4, 0x40);
    clear_marker(b);
    wire_put32(addr, (APP_BASE + IMAGE_ENTRY) | 1);
    ask_ok(b, GO_TO_ADDR, addr, 4);
    assert_int_equal(wait_marker(b), 1);
    board_close(b);
}

static void test_package_rollback(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    uint8_t slots[255] = {0};
    size_t len = make_marker(image, 1);
    struct wanted w = {.content = image, .len = len, .policy = no_trial, .key = 1};
    struct board *b = open_board();
    provision(b, 1);
    start_once(b, &w);
    assert_int_equal(wait_marker(b), 1);
    stop_by_button(b);
    w.len = make_marker(image, 2);
    w.policy = one_trial;
    start_once(b, &w);
    assert_int_equal(wait_marker(b), 2);
    clear_marker(b);
    assert_int_equal(wait_marker(b), 1);
    board_assert_reported(b, TWIN_REPORT_WATCHDOG);
    stop_by_button(b);
    read_slots(b, slots);
    assert_int_equal(slots[1], 1);
    assert_int_equal(slots[7], 0);
    assert_int_equal(slots[10], CAUSE_ROLLED_BACK);
    assert_int_equal(slot_field(slots, 0, 0), CONFIRMED);
    assert_int_equal(slot_field(slots, 1, 0), REJECTED);
    board_close(b);
}

/* As a reset leaves the chip, after proving a signed package too, and after an entry window. */
static void test_package_state_at_entry(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    struct probe_op ops[200];
    size_t len = probe_make(image, APP_BASE, ops, reset_state_script(ops, 200));
    const struct wanted w = {.content = image, .len = len, .policy = no_trial, .key = 1};
    struct board *b = open_board();
    provision(b, 1);
    start_once(b, &w);
    (void)board_run(b, MS(4000));
    assert_true(probe_done(b));
    board_power_cycle(b);
    (void)board_run(b, MS(400));
    assert_true(probe_done(b));
    reset_state_check(b, APP_BASE, FLAGS_POWER_ON);
    board_set_window(b, 300);
    board_power_cycle(b);
    probe_clear(b);
    (void)board_run(b, MS(200));
    assert_false(probe_done(b));
    (void)board_run(b, MS(500));
    assert_true(probe_done(b));
    reset_state_check(b, APP_BASE, FLAGS_POWER_ON);
    board_close(b);
}

static void test_package_confirmed_by_application(void **state)
{
    (void)state;
    uint8_t image[1024];
    uint8_t slots[255] = {0};
    make_confirmer(image);
    const struct wanted w = {.content = image, .len = sizeof image, .policy = one_trial, .key = 1};
    struct board *b = open_board();
    provision(b, 1);
    start_once(b, &w);
    assert_int_equal(wait_marker(b), 0);
    clear_marker(b);
    assert_int_equal(wait_marker(b), 0); /* the watchdog goes on; but it is no trial any more */
    board_assert_reported(b, TWIN_REPORT_WATCHDOG);
    (void)board_run(b, MS(3000));
    stop_by_button(b);
    read_slots(b, slots);
    assert_int_equal(slot_field(slots, 0, 0), CONFIRMED);
    assert_int_equal(slot_field(slots, 0, 2), 1);
    assert_int_equal(slots[10], CAUSE_NORMAL);
    board_close(b);
}

/* A bit that flipped in the area: written again. One in the package of a provisioned board: not
 * started. */
static void test_package_damage(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    uint8_t slots[255] = {0};
    uint8_t byte;
    size_t len = make_marker(image, 1);
    const struct wanted w = {.content = image, .len = len, .policy = no_trial, .key = 1};
    struct board *b = open_board();
    provision(b, 1);
    start_once(b, &w);
    assert_int_equal(wait_marker(b), 1);
    board_peek(b, APP_BASE + 0x100, &byte, 1);
    byte ^= 0x10;
    board_poke(b, APP_BASE + 0x100, &byte, 1);
    clear_marker(b);
    board_reset(b);
    assert_int_equal(wait_marker(b), 1);
    board_assert_flash(b, APP_BASE, image, len);
    stop_by_button(b);
    read_slots(b, slots);
    assert_int_equal(slots[10], CAUSE_HEALED);

    board_peek(b, SLOT_A + 0x100, &byte, 1);
    byte ^= 0x10;
    board_poke(b, SLOT_A + 0x100, &byte, 1);
    clear_marker(b);
    board_reset(b);
    (void)board_run(b, MS(1000));
    assert_int_equal(stay_reason(b), STAY_NOT_TRUSTED);
    assert_int_equal(board_peek32(b, MARKER), 0xEEEEEEEE);
    board_close(b);
}

/* Heals a damaged area, with the nth operation of that worn (0: none); returns how many it took. */
static uint64_t heal(struct board *b, uint64_t nth)
{
    uint8_t byte;
    board_peek(b, APP_BASE + 0x200, &byte, 1);
    byte ^= 0x10;
    board_poke(b, APP_BASE + 0x200, &byte, 1);
    uint64_t before = board_flash_operations(b);
    if (nth != 0) {
        twin_wear_at_flash_operation(b->twin, nth);
    }
    board_power_cycle(b); /* not yet at the application, as an erase takes longer */
    clear_marker(b);
    assert_int_equal(wait_marker(b), 1);
    return board_flash_operations(b) - before;
}

/* A word that flash takes badly while the next content is unpacked: it is programmed once more. One
 * that is found when it is read back: the install begins again. Nothing half-good is started. */
static void test_package_worn(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    uint64_t seed = 77;
    uint64_t again = 0, once_more = 0;
    for (size_t i = make_marker(image, 1); i < sizeof image; i++) {
        image[i] = (uint8_t)random_below(&seed, 8); /* so that it is worth packing */
    }
    const struct wanted w = {.content = image, .len = sizeof image, .policy = no_trial, .key = 1};
    struct board *b = open_board();
    provision(b, 1);
    start_once(b, &w);
    assert_int_equal(wait_marker(b), 1);
    uint64_t whole = heal(b, 0);
    assert_true(whole > sizeof image / 4);
    for (uint64_t nth = 20; nth < whole - 20; nth += 97) {
        uint64_t taken = heal(b, nth);
        once_more += taken == whole + 1;
        again += taken > whole + 1;
        assert_true(taken > whole); /* the fault was there */
        board_assert_flash(b, APP_BASE, image, sizeof image);
    }
    assert_true(once_more > 0 && again > 0);
    board_close(b);
}

static void refuse_package(struct board *b, const uint8_t *package, size_t len, unsigned reason)
{
    stage_bytes(b, package, len);
    ask_refused(b, FINISH, NULL, 0, reason);
}

static void test_package_refusals(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    uint8_t payload[255];
    size_t package_len = 0;
    size_t len = make_marker(image, 1);
    struct wanted w = {.content = image, .len = len, .policy = no_trial};
    struct board *b = open_board();
    /* What lies there from before is nothing that a provisioned board starts. */
    board_poke(b, APP_BASE, image, len);
    provision(b, 1);
    ask_refused(b, FLASH_ERASE, (const uint8_t[]){2, 1}, 2, REASON_PROVISIONED);
    ask_refused(b, MEM_READ, addr_n(payload, APP_BASE, 16), 5, REASON_PROVISIONED);
    ask_refused(b, MEM_WRITE, payload, wire_write_payload(payload, FREE_SRAM_BASE, image, 8),
                REASON_PROVISIONED);
    wire_put32(payload, APP_BASE);
    ask_refused(b, GO_TO_ADDR, payload, 4, REASON_NOT_VERIFIED);
    wire_put32(payload, FREE_SRAM_BASE);
    ask_refused(b, GO_TO_ADDR, payload, 4, REASON_PROVISIONED);
    uint8_t *package = build(&w, &package_len);
    refuse_package(b, package, package_len, REASON_UNSIGNED);
    free(package);
    w.key = 2;
    package = build(&w, &package_len);
    refuse_package(b, package, package_len, REASON_UNKNOWN_KEY);
    free(package);
    w.key = 1;
    package = build(&w, &package_len);
    package[package_len - 1] ^= 1; /* in s of the signature */
    refuse_package(b, package, package_len, REASON_SIGNATURE);
    free(package);
    board_press_button(b, false);
    clear_marker(b);
    board_reset(b);
    (void)board_run(b, MS(1000));
    assert_int_equal(stay_reason(b), STAY_NOT_TRUSTED);
    assert_int_equal(board_peek32(b, MARKER), 0xEEEEEEEE);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_package_trial),
        ONCE(test_package_go),
        ONCE(test_package_go_provisioned),
        ONCE(test_package_rollback),
        ONCE(test_package_refusals),
        ONCE(test_package_state_at_entry),
        ONCE(test_package_damage),
        ONCE(test_package_worn),
        ONCE(test_package_confirmed_by_application),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

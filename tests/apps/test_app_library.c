/* SPDX-License-Identifier: MIT */
/*
 * libararext-app over services that the test makes: what reaches the bootloader, in which pieces,
 * what comes back, and the answers of the responder. The library's own search for the table is the
 * only part that is left out; the system tests have it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ararext_app.h"
#include "bytes.h"
#include "crc.h"

enum { PACKAGE_MAX = 4096 };

/* ---- the bootloader, as far as the table shows it ---- */

static struct {
    int find_error, begin_error, write_error, finish_error, confirm_error, rollback_error;
    unsigned begins, writes, finishes, confirms, rollbacks, reports;
    uint32_t announced;
    uint32_t received;
    uint8_t package[PACKAGE_MAX];
    uint8_t slots[SLOTS_SIZE];
} loader;

static int fake_report(uint8_t *out, uint32_t size)
{
    assert_true(size >= SLOTS_SIZE);
    memcpy(out, loader.slots, SLOTS_SIZE);
    loader.reports++;
    return 0;
}

static int fake_begin(struct services_stage *s, uint32_t size)
{
    assert_int_equal(s->size, 0); /* zeroed before */
    s->size = size;
    s->next = 0;
    s->slot = 1;
    loader.begins++;
    loader.announced = size;
    loader.received = 0;
    return loader.begin_error;
}

/* Insists on the rules of the real one. */
static int fake_write(struct services_stage *s, uint32_t offset, const void *data, uint32_t len)
{
    loader.writes++;
    if (loader.write_error != 0) {
        return loader.write_error;
    }
    assert_true(len > 0);
    assert_int_equal(offset, loader.received);
    assert_true(offset + len <= loader.announced);
    assert_true(len % 4 == 0 || offset + len == loader.announced);
    memcpy(loader.package + offset, data, len);
    loader.received += len;
    s->next = loader.received;
    return 0;
}

static int fake_finish(struct services_stage *s)
{
    assert_int_equal(s->next, loader.announced);
    loader.finishes++;
    return loader.finish_error;
}

static int fake_confirm(void)
{
    loader.confirms++;
    return loader.confirm_error;
}

static int fake_rollback(void)
{
    loader.rollbacks++;
    return loader.rollback_error;
}

static const struct services table = {
    .magic = SERVICES_MAGIC,
    .version = SERVICES_VERSION,
    .size = sizeof(struct services),
    .report = fake_report,
    .stage_begin = fake_begin,
    .stage_write = fake_write,
    .stage_finish = fake_finish,
    .confirm = fake_confirm,
    .rollback = fake_rollback,
};

int ararext_app_find_services(const struct services **out)
{
    *out = loader.find_error == 0 ? &table : NULL;
    return loader.find_error;
}

static int reset_loader(void **state)
{
    (void)state;
    memset(&loader, 0, sizeof loader);
    loader.slots[SLOTS_LAYOUT] = SLOTS_LAYOUT_1;
    loader.slots[SLOTS_COUNT] = 2;
    loader.slots[SLOTS_INSTALLED] = 0xFF;
    loader.slots[SLOTS_TARGET] = 0xFF;
    return 0;
}

/* ---- staging ---- */

static void stage_in_pieces(const uint8_t *package, uint32_t size, uint64_t *seed, uint32_t most)
{
    struct ararext_app_stage stage;
    uint32_t at = 0;

    memset(&stage, 0xA5, sizeof stage); /* as a stack leaves it */
    assert_int_equal(ararext_app_stage_begin(&stage, size), 0);
    assert_int_equal(stage.slot, 1);
    while (at < size) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        uint32_t n = (uint32_t)(*seed >> 33) % (most + 1);
        n = n < size - at ? n : size - at;
        assert_int_equal(ararext_app_stage_write(&stage, package + at, n), 0);
        at += n;
        assert_int_equal(stage.next, at);
    }
    assert_int_equal(loader.received, size);
    assert_memory_equal(loader.package, package, size);
    assert_int_equal(ararext_app_stage_finish(&stage), 0);
    assert_int_equal(ararext_app_stage_finish(&stage), REASON_STAGE_ORDER);
    assert_int_equal(loader.finishes, 1);
}

static void test_stage_any_pieces(void **state)
{
    static uint8_t package[PACKAGE_MAX];
    const char *text = getenv("ARAREXT_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : 1;

    printf("seed %llu (ARAREXT_SEED)\n", (unsigned long long)seed);
    for (uint32_t i = 0; i < sizeof package; i++) {
        package[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (unsigned round = 0; round < 400; round++) {
        (void)reset_loader(state);
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        stage_in_pieces(package, 1 + (uint32_t)(seed >> 33) % PACKAGE_MAX, &seed, 1 + round % 600);
    }
}

static void test_stage_bytes_wait_for_a_word(void **state)
{
    struct ararext_app_stage stage;

    (void)state;
    assert_int_equal(ararext_app_stage_begin(&stage, 6), 0);
    assert_int_equal(ararext_app_stage_write(&stage, "abc", 3), 0);
    assert_int_equal(loader.writes, 0);
    assert_int_equal(ararext_app_stage_write(&stage, "d", 1), 0);
    assert_int_equal(loader.received, 4);
    assert_int_equal(ararext_app_stage_write(&stage, "e", 1), 0);
    assert_int_equal(loader.received, 4);
    assert_int_equal(ararext_app_stage_finish(&stage), REASON_STAGE_ORDER); /* goes on */
    assert_int_equal(ararext_app_stage_write(&stage, "fg", 2), ARAREXT_APP_ARGUMENT);
    assert_int_equal(ararext_app_stage_write(&stage, "f", 1), 0);
    assert_int_equal(loader.received, 6);
    assert_memory_equal(loader.package, "abcdef", 6);
    assert_int_equal(ararext_app_stage_finish(&stage), 0);
}

static void test_stage_errors_end_it(void **state)
{
    struct ararext_app_stage stage;

    (void)state;
    loader.begin_error = REASON_UNCONFIRMED;
    assert_int_equal(ararext_app_stage_begin(&stage, 100), REASON_UNCONFIRMED);
    assert_int_equal(ararext_app_stage_write(&stage, "abcd", 4), REASON_STAGE_ORDER);
    assert_int_equal(ararext_app_stage_finish(&stage), REASON_STAGE_ORDER);
    loader.begin_error = 0;
    assert_int_equal(ararext_app_stage_begin(&stage, 100), 0);
    loader.write_error = REASON_FLASH_ERROR;
    assert_int_equal(ararext_app_stage_write(&stage, "abcdef", 6), REASON_FLASH_ERROR);
    loader.write_error = 0;
    assert_int_equal(ararext_app_stage_write(&stage, "abcd", 4), REASON_STAGE_ORDER);
    assert_int_equal(loader.received, 0);
    assert_int_equal(ararext_app_stage_begin(&stage, 4), 0);
    assert_int_equal(ararext_app_stage_write(&stage, "abcd", 4), 0);
    loader.finish_error = REASON_PACKAGE_SIGNATURE;
    assert_int_equal(ararext_app_stage_finish(&stage), REASON_PACKAGE_SIGNATURE);
    assert_int_equal(ararext_app_stage_begin(NULL, 4), ARAREXT_APP_ARGUMENT);
    assert_int_equal(ararext_app_stage_write(&stage, NULL, 4), ARAREXT_APP_ARGUMENT);
}

static void test_no_services(void **state)
{
    struct ararext_app_stage stage;
    struct ararext_app_report report;

    (void)state;
    loader.find_error = ARAREXT_APP_NO_SERVICES;
    assert_int_equal(ararext_app_stage_begin(&stage, 4), ARAREXT_APP_NO_SERVICES);
    assert_int_equal(ararext_app_confirm(), ARAREXT_APP_NO_SERVICES);
    assert_int_equal(ararext_app_rollback(), ARAREXT_APP_NO_SERVICES);
    assert_int_equal(ararext_app_read_report(&report), ARAREXT_APP_NO_SERVICES);
    assert_string_equal(ararext_app_error_text(ARAREXT_APP_NO_SERVICES),
                        "the bootloader offers no services: it is too old");
    assert_string_equal(ararext_app_error_text(0x1234), "unknown error");
}

/* ---- the report ---- */

static void test_report_of_a_trial(void **state)
{
    static const uint8_t version[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct ararext_app_report report;
    uint8_t *entry = loader.slots + SLOTS_ENTRIES + SLOT_ENTRY_SIZE;

    (void)state;
    loader.slots[SLOTS_CAUSE] = BOOT_TRIAL;
    loader.slots[SLOTS_CRASHES] = 3;
    loader.slots[SLOTS_TRUST] = TRUST_ENFORCED;
    loader.slots[SLOTS_TARGET] = 1;
    loader.slots[SLOTS_INSTALLED] = 1;
    store_le16(loader.slots + SLOTS_COUNTER, 7);
    entry[SLOT_STATE] = SLOT_STAGED;
    entry[SLOT_ATTEMPTS] = 2;
    entry[SLOT_TRIALS] = 3;
    store_le16(entry + SLOT_COUNTER, 8);
    memcpy(entry + SLOT_VERSION, version, sizeof version);
    assert_int_equal(ararext_app_read_report(&report), 0);
    assert_int_equal(report.cause, BOOT_TRIAL);
    assert_int_equal(report.crashes, 3);
    assert_int_equal(report.trust, TRUST_ENFORCED);
    assert_int_equal(report.target, 1);
    assert_int_equal(report.slot, 1);
    assert_int_equal(report.state, SLOT_STAGED);
    assert_int_equal(report.attempts, 2);
    assert_int_equal(report.trials, 3);
    assert_int_equal(report.board_counter, 7);
    assert_int_equal(report.counter, 8);
    assert_int_equal(report.version.major, 1);
    assert_int_equal(report.version.minor, 2);
    assert_int_equal(report.version.revision, 0x0403);
    assert_int_equal(report.version.build, 0x08070605);
    assert_true(ararext_app_is_on_trial(&report));
    entry[SLOT_STATE] = SLOT_CONFIRMED;
    assert_int_equal(ararext_app_read_report(&report), 0);
    assert_false(ararext_app_is_on_trial(&report));
}

static void test_report_of_no_package(void **state)
{
    struct ararext_app_report report;

    (void)state;
    memset(loader.slots + SLOTS_ENTRIES, 0xEE, 2 * SLOT_ENTRY_SIZE);
    loader.slots[SLOTS_CAUSE] = BOOT_PLAIN;
    assert_int_equal(ararext_app_read_report(&report), 0);
    assert_int_equal(report.slot, ARAREXT_APP_NO_SLOT);
    assert_int_equal(report.state, 0);
    assert_int_equal(report.trials, 0);
    assert_false(ararext_app_is_on_trial(&report));
    loader.slots[SLOTS_INSTALLED] = 2; /* there is no such slot */
    assert_int_equal(ararext_app_read_report(&report), 0);
    assert_int_equal(report.slot, ARAREXT_APP_NO_SLOT);
    assert_int_equal(ararext_app_read_report(NULL), ARAREXT_APP_ARGUMENT);
    loader.slots[SLOTS_LAYOUT] = 2;
    assert_int_equal(ararext_app_read_report(&report), ARAREXT_APP_OLD_SERVICES);
}

/* ---- the responder ---- */

static struct ararext_app_responder responder;

/* Feeds a frame at now_ms; what it answers then goes into out. */
static size_t exchange(const uint8_t *frame, size_t len, uint32_t now_ms, uint8_t out[256])
{
    size_t total = 0, n;

    for (size_t i = 0; i < len; i++) {
        ararext_app_responder_take(&responder, frame[i], now_ms);
    }
    while ((n = ararext_app_responder_give(&responder, out + total, 7, now_ms)) > 0) {
        total += n;
    }
    return total;
}

static size_t make_frame(uint8_t out[16], uint8_t command, const uint8_t *payload, uint8_t n)
{
    out[0] = (uint8_t)(1 + n);
    out[1] = command;
    for (uint8_t i = 0; i < n; i++) {
        out[2 + i] = payload[i];
    }
    store_le32(out + 2 + n, crc_update(CRC_START, out, 2u + n));
    return 6u + n;
}

static void expect_answer(uint8_t command, const void *answer, size_t len)
{
    uint8_t frame[16], out[256];
    size_t n = exchange(frame, make_frame(frame, command, NULL, 0), 100, out);

    assert_int_equal(n, len);
    assert_memory_equal(out, answer, len);
}

static void test_responder_commands(void **state)
{
    uint8_t expected[3 + SLOTS_SIZE] = {0xA5, 0x64, SLOTS_SIZE};

    (void)state;
    ararext_app_responder_init(&responder);
    for (unsigned i = 0; i < SLOTS_SIZE; i++) {
        expected[3 + i] = loader.slots[i] = (uint8_t)(i + 1);
    }
    expect_answer(COMMAND_GET_VER, "\xA5\x51\x01\x10", 4);
    expect_answer(COMMAND_GET_SLOTS, expected, sizeof expected);
    assert_int_equal(loader.reports, 1);
    expect_answer(COMMAND_CONFIRM, "\xA5\x68\x00", 3);
    assert_int_equal(loader.confirms, 1);
    expect_answer(COMMAND_ROLLBACK, "\xA5\x69\x00", 3);
    assert_int_equal(loader.rollbacks, 1);
    loader.confirm_error = REASON_NO_TRIAL;
    expect_answer(COMMAND_CONFIRM, "\x7F", 1);
    expect_answer(COMMAND_RESET, "\x7F", 1); /* no payload */
    for (unsigned command = 0; command < 256; command++) {
        if (command != COMMAND_GET_VER && command != COMMAND_GET_SLOTS &&
            command != COMMAND_CONFIRM && command != COMMAND_ROLLBACK) {
            expect_answer((uint8_t)command, "\x7F", 1);
        }
    }
    assert_int_equal(ararext_app_responder_wish(&responder), ARAREXT_APP_STAY);
    loader.find_error = ARAREXT_APP_NO_SERVICES;
    expect_answer(COMMAND_GET_VER, "\xA5\x51\x01\x10", 4);
    expect_answer(COMMAND_GET_SLOTS, "\x7F", 1);
}

static void test_responder_wishes(void **state)
{
    static const uint8_t boot = 0, load = 1, install = 2;
    uint8_t frame[16], out[256];
    size_t len;

    (void)state;
    ararext_app_responder_init(&responder);
    len = make_frame(frame, COMMAND_RESET, &install, 1);
    assert_int_equal(exchange(frame, len, 5, out), 1);
    assert_int_equal(out[0], 0x7F);
    assert_int_equal(ararext_app_responder_wish(&responder), ARAREXT_APP_STAY);
    len = make_frame(frame, COMMAND_RESET, &boot, 1);
    for (size_t i = 0; i < len; i++) {
        ararext_app_responder_take(&responder, frame[i], 5);
    }
    assert_int_equal(ararext_app_responder_give(&responder, out, 2, 5), 2);
    assert_int_equal(ararext_app_responder_wish(&responder), ARAREXT_APP_STAY); /* not all given */
    assert_int_equal(ararext_app_responder_give(&responder, out, 2, 5), 1);
    assert_int_equal(ararext_app_responder_wish(&responder), ARAREXT_APP_WANT_RESET);
    ararext_app_responder_init(&responder);
    len = make_frame(frame, COMMAND_RESET, &load, 1);
    assert_int_equal(exchange(frame, len, 5, out), 3);
    assert_int_equal(ararext_app_responder_wish(&responder), ARAREXT_APP_WANT_BOOTLOADER);
}

/* Times around the wrap of the counter. */
static void test_responder_silence(void **state)
{
    const uint32_t t = 0xFFFFFF00u;
    uint8_t frame[16], out[256];
    size_t len = make_frame(frame, COMMAND_GET_VER, NULL, 0);

    (void)state;
    ararext_app_responder_init(&responder);
    assert_int_equal(exchange(frame, 3, t, out), 0);
    assert_int_equal(exchange(frame, 0, t + 999, out), 0);
    assert_int_equal(exchange(frame + 3, len - 3, t + 999, out), 4); /* in time */
    assert_int_equal(exchange(frame, 3, t, out), 0);
    assert_int_equal(exchange(frame, 0, t + 1000, out), 1);
    assert_int_equal(out[0], 0x7F);
    frame[3] ^= 1; /* damaged; 20 ms of quiet, counted from the last byte */
    assert_int_equal(exchange(frame, len, t, out), 0);
    assert_int_equal(exchange(frame, 1, t + 19, out), 0);
    assert_int_equal(exchange(frame, 0, t + 38, out), 0);
    assert_int_equal(exchange(frame, 0, t + 39, out), 1);
    frame[3] ^= 1;
    assert_int_equal(exchange(frame, len, t + 50, out), 4);
    ararext_app_responder_fail(&responder, t);
    for (uint32_t ms = 10; ms < 2000; ms += 10) { /* never quiet */
        assert_int_equal(exchange(frame, 1, t + ms, out), 0);
    }
    assert_int_equal(exchange(frame, 1, t + 2000, out), 1);
    assert_int_equal(exchange(frame, len, t + 2010, out), 4);
}

/* The longest frame, to which the answer is 7F, and Length 0. */
static void test_responder_lengths(void **state)
{
    uint8_t frame[260], out[256];

    (void)state;
    ararext_app_responder_init(&responder);
    memset(frame, 0x51, sizeof frame);
    frame[0] = 255;
    store_le32(frame + 256, crc_update(CRC_START, frame, 256));
    assert_int_equal(exchange(frame, 259, 1, out), 0);
    assert_int_equal(exchange(frame + 259, 1, 1, out), 1);
    assert_int_equal(out[0], 0x7F);
    frame[0] = 0;
    assert_int_equal(exchange(frame, 1, 1, out), 0);
    assert_int_equal(exchange(frame, 0, 21, out), 1);
    assert_int_equal(loader.confirms + loader.rollbacks + loader.reports, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_stage_any_pieces, reset_loader),
        cmocka_unit_test_setup(test_stage_bytes_wait_for_a_word, reset_loader),
        cmocka_unit_test_setup(test_stage_errors_end_it, reset_loader),
        cmocka_unit_test_setup(test_no_services, reset_loader),
        cmocka_unit_test_setup(test_report_of_a_trial, reset_loader),
        cmocka_unit_test_setup(test_report_of_no_package, reset_loader),
        cmocka_unit_test_setup(test_responder_commands, reset_loader),
        cmocka_unit_test_setup(test_responder_wishes, reset_loader),
        cmocka_unit_test_setup(test_responder_silence, reset_loader),
        cmocka_unit_test_setup(test_responder_lengths, reset_loader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

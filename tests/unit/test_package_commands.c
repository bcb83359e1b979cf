/* SPDX-License-Identifier: MIT */
/*
 * The commands of packages over the wire, and what a provisioned board refuses: each with its
 * reason, and that nothing was changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "memory_map.h"
#include "model.h"
#include "package_builder.h"
#include "verdict.h"

#define CONTENT  9001u
#define SLOT_A   0x08040000u
#define PIECE    244u
#define HELD_KEY 1u

static struct evp_pkey_st *held; /* the key of provisioned boards */

static uint8_t *build(struct evp_pkey_st *key, uint32_t seed, size_t *len)
{
    static uint8_t content[CONTENT];
    struct package_recipe recipe = {
        .content = content, .content_len = CONTENT, .packing = PACKAGE_LZMA2, .key = key};

    package_content(content, CONTENT, seed);
    return package_build(&recipe, len);
}

static void provision(struct model *m)
{
    uint8_t payload[6 + 32] = {0x50, 0x52, 0x4F, 0x56, 1, 0};

    package_key_hash(held, payload + 6);
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, sizeof payload, BYTES(0xA5, 0x6A, 0));
}

/* Stages a package; the answer to STAGE_FINISH is left in m->sent. */
static void stage(struct model *m, uint8_t slot, struct evp_pkey_st *key, uint32_t seed)
{
    size_t len;
    uint8_t *package = build(key, seed, &len);
    uint8_t size[4];
    uint8_t frame[FRAME_SIZE_MAX];

    store_le32(size, (uint32_t)len);
    model_expect(m, DIALECT_NATIVE, 0x65, size, 4, BYTES(0xA5, 0x65, 1, slot));
    for (size_t at = 0; at < len; at += PIECE) {
        size_t n = len - at < PIECE ? len - at : PIECE;
        uint8_t payload[5 + PIECE];

        store_le32(payload, (uint32_t)at);
        payload[4] = (uint8_t)n;
        memcpy(payload + 5, package + at, n);
        model_expect(m, DIALECT_NATIVE, 0x66, payload, 5 + n, BYTES(0xA5, 0x66, 0));
    }
    m->sent_len = 0;
    model_feed(m, frame, model_frame(frame, DIALECT_NATIVE, 0x67, NULL, 0), 87);
    free(package);
}

static void expect_bytes(const uint8_t *found, const uint8_t *bytes, size_t len)
{
    assert_memory_equal(found, bytes, len);
}

static void expect_sent(const struct model *m, const uint8_t *bytes, size_t len)
{
    assert_int_equal(m->sent_len, len);
    assert_memory_equal(m->sent, bytes, len);
}

static void boot(struct model *m, uint8_t slot)
{
    const struct update_facts facts = {.reset = 0x0E};
    struct update_result result;

    update_boot(&m->update, &facts, &result);
    assert_int_equal(result.verdict[0], VERDICT_GOOD);
    assert_int_equal(result.verdict[1], VERDICT_GOOD);
    assert_int_equal(result.slot, slot);
}

static void test_package_stage(void **state)
{
    struct model *m = model_create(512);

    (void)state;
    stage(m, 0, NULL, 1);
    expect_sent(m, BYTES(0xA5, 0x67, 0));
    /* The answer may be lost. */
    model_expect(m, DIALECT_NATIVE, 0x67, NULL, 0, BYTES(0xA5, 0x67, 0));
    boot(m, 0);
    model_expect(m, DIALECT_NATIVE, 0x69, NULL, 0, BYTES(0x7F));
    model_expect_failure(m, REASON_NO_FALLBACK, 0x69, 0);
    model_expect(m, DIALECT_NATIVE, 0x68, NULL, 0, BYTES(0xA5, 0x68, 0));
    stage(m, 1, NULL, 2);
    expect_sent(m, BYTES(0xA5, 0x67, 0));
    boot(m, 1);
    model_expect(m, DIALECT_NATIVE, 0x69, NULL, 0, BYTES(0xA5, 0x69, 0));
    boot(m, 0);
    free(m);
}

static void test_package_stage_refused(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0x68, NULL, 0, BYTES(0x7F));
    model_expect_failure(m, REASON_NO_TRIAL, 0x68, 0);
    model_expect(m, DIALECT_NATIVE, 0x67, NULL, 0, BYTES(0x7F));
    model_expect_failure(m, REASON_STAGE_ORDER, 0x67, 0xFFFFFFFFu);
    model_expect(m, DIALECT_NATIVE, 0x66, BYTES(0, 0, 0, 0, 4, 1, 2, 3, 4), BYTES(0x7F));
    model_expect_failure(m, REASON_STAGE_ORDER, 0x66, 0xFFFFFFFFu);
    model_expect(m, DIALECT_NATIVE, 0x65, BYTES(1, 0xF8, 3, 0), BYTES(0x7F));
    model_expect_failure(m, REASON_PACKAGE_SIZE, 0x65, 0x3F800);
    m->optcr &= ~(1u << (16 + 9)); /* a sector of slot A */
    model_expect(m, DIALECT_NATIVE, 0x65, BYTES(0, 4, 0, 0), BYTES(0x7F));
    model_expect_failure(m, REASON_WRITE_PROTECTED, 0x65, 9);
    assert_int_equal(model_changes(m), 0);
    m->optcr = MODEL_OPTCR_RESET;
    model_expect(m, DIALECT_NATIVE, 0x65, BYTES(0, 4, 0, 0), BYTES(0xA5, 0x65, 1, 0));
    assert_int_equal(m->erases, 2);
    model_expect(m, DIALECT_NATIVE, 0x66, BYTES(4, 0, 0, 0, 4, 1, 2, 3, 4), BYTES(0x7F));
    model_expect_failure(m, REASON_STAGE_ORDER, 0x66, 0);
    model_expect(m, DIALECT_NATIVE, 0x66, BYTES(0, 0, 0, 0, 0), BYTES(0x7F));
    model_expect_failure(m, REASON_ARGUMENT, 0x66, 0);
    free(m);
    /* The course dialect: status behind the early acknowledge. */
    m = model_create(512);
    model_expect(m, DIALECT_COURSE, 0x67, NULL, 0, BYTES(0xA5, 1, 1));
    model_expect(m, DIALECT_COURSE, 0x65, BYTES(0, 0, 4, 0), BYTES(0x7F));
    model_expect(m, DIALECT_COURSE, 0x65, BYTES(0, 4, 0, 0), BYTES(0xA5, 1, 0));
    free(m);
}

/* A package that is there already: told by its digest, and the other slot stays as it is. */
static void test_package_already_there(void **state)
{
    struct model *m = model_create(512);
    uint8_t slots[SLOTS_SIZE];
    uint8_t payload[12] = {0, 4};

    (void)state;
    for (uint8_t slot = 0; slot < 2; slot++) {
        stage(m, slot, NULL, 1u + slot);
        boot(m, slot);
        model_expect(m, DIALECT_NATIVE, 0x68, NULL, 0, BYTES(0xA5, 0x68, 0));
    }
    update_report(&m->update, slots);
    m->erases = 0;
    for (uint8_t slot = 0; slot < 2; slot++) {
        memcpy(payload + 4, slots + 52 + 40 * slot + 28, 8);
        model_expect(m, DIALECT_NATIVE, 0x65, payload, 12, BYTES(0x7F));
        model_expect_failure(m, REASON_ALREADY_THERE, 0x65, slot);
    }
    assert_int_equal(m->erases, 0);
    boot(m, 1);
    payload[11] ^= 1; /* another one */
    model_expect(m, DIALECT_NATIVE, 0x65, payload, 12, BYTES(0xA5, 0x65, 1, 0));
    assert_int_equal(m->erases, 1);
    free(m);
}

static void test_package_slots(void **state)
{
    struct model *m = model_create(512);
    uint8_t frame[FRAME_SIZE_MAX];
    const uint8_t *d = m->sent + 3;
    size_t len;

    (void)state;
    free(build(NULL, 1, &len));
    stage(m, 0, NULL, 1);
    m->sent_len = 0;
    model_feed(m, frame, model_frame(frame, DIALECT_NATIVE, 0x64, NULL, 0), 87);
    assert_int_equal(m->sent_len, 3 + 132);
    expect_bytes(m->sent, BYTES(0xA5, 0x64, 132));
    expect_bytes(d, BYTES(1, 0, 0, 0, 0, 0, 0, 0xFF, 2, 40, 0xFF, 0));
    assert_int_equal(load_le32(d + 12), 0x1F800);
    assert_int_equal(load_le32(d + 16), 0x38000);
    assert_memory_equal(d + 20, m->update.identity, 32);
    expect_bytes(d + 52, BYTES(2, 2, 0, 3, 0, 0, 0, 0));
    assert_int_equal(load_le32(d + 52 + 16), len);
    assert_int_equal(load_le32(d + 52 + 20), CONTENT);
    assert_int_equal(load_le32(d + 52 + 24), 1);
    assert_int_equal(load_le32(d + 52 + 36), 0x400);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(d[92 + i], 0);
    }
    boot(m, 0);
    model_feed(m, frame, model_frame(frame, DIALECT_NATIVE, 0x68, NULL, 0), 87);
    m->sent_len = 0;
    model_feed(m, frame, model_frame(frame, DIALECT_NATIVE, 0x64, NULL, 0), 87);
    expect_bytes(d + 6, BYTES(0, 0, 2, 40, 2, 0));
    expect_bytes(d + 52, BYTES(3, 3, 1, 3, 0, 0, 0, 0));
    free(m);
}

/* Direct flashing on an open board: first the packages are retired, once. */
static void test_package_direct(void **state)
{
    struct model *m = model_create(512);
    unsigned marks;

    (void)state;
    stage(m, 0, NULL, 1);
    boot(m, 0);
    /* A slot that cannot be retired because of its protection: that is said, and the sector. */
    m->optcr &= ~(1u << (16 + 6));
    m->fail = REASON_FLASH_ERROR;
    model_expect(m, DIALECT_NATIVE, 0x56, BYTES(5, 1), BYTES(0x7F));
    assert_int_equal(m->failed, 1);
    model_expect_failure(m, REASON_WRITE_PROTECTED, 0x56, 6);
    m->optcr = MODEL_OPTCR_RESET;
    marks = m->marks;
    model_expect(m, DIALECT_NATIVE, 0x56, BYTES(5, 1), BYTES(0xA5, 0x56, 0));
    assert_true(m->marks > marks);
    assert_int_equal(load_le32(model_memory(m, SLOT_A + 0x1F808, 4)), 0);
    marks = m->marks;
    model_expect(m, DIALECT_NATIVE, 0x57, BYTES(0, 0, 2, 8, 4, 1, 2, 3, 4), BYTES(0xA5, 0x57, 0));
    model_expect(m, DIALECT_NATIVE, 0x57, BYTES(0, 0x40, 0, 0x20, 1, 1), BYTES(0xA5, 0x57, 0));
    assert_int_equal(m->marks, marks);
    stage(m, 0, NULL, 2);
    model_expect(m, DIALECT_NATIVE, 0x57, BYTES(4, 0, 2, 8, 4, 1, 2, 3, 4), BYTES(0xA5, 0x57, 0));
    assert_int_equal(load_le32(model_memory(m, SLOT_A + 0x1F808, 4)), 0);
    free(m);
}

static void test_package_provision(void **state)
{
    struct model *m = model_create(512);
    uint8_t payload[6 + 64] = {0x50, 0x52, 0x4F, 0x56, 1, 0};
    const uint32_t boot_nwrp = 3u << 16;

    (void)state;
    package_key_hash(held, payload + 6);
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, 37, BYTES(0x7F));
    model_expect_failure(m, REASON_PAYLOAD_LENGTH, 0x6A, 37);
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, 70, BYTES(0x7F));
    model_expect_failure(m, REASON_PAYLOAD_LENGTH, 0x6A, 70);
    payload[5] = 4;
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, 38, BYTES(0x7F));
    model_expect_failure(m, REASON_ARGUMENT, 0x6A, 4);
    payload[5] = 0;
    payload[0] = 0;
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, 38, BYTES(0x7F));
    model_expect_failure(m, REASON_KEY, 0x6A, 0);
    payload[0] = 0x50;
    payload[4] = 0;
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, 6, BYTES(0x7F));
    model_expect_failure(m, REASON_ARGUMENT, 0x6A, 0);
    assert_int_equal(model_changes(m), 0);
    payload[4] = 1;
    payload[5] = 1; /* with an identity */
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, 70, BYTES(0xA5, 0x6A, 0));
    assert_int_equal(m->optcr & boot_nwrp, 0);
    assert_int_equal(m->optcr & 0xFF00u, 0xAA00u);
    /* Where the power went before the option bytes: they are made up for. */
    m->optcr = MODEL_OPTCR_RESET;
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, 70, BYTES(0x7F));
    assert_int_equal(m->loader.failure.reason, REASON_PROVISIONED);
    assert_int_equal(m->optcr & boot_nwrp, 0);
    free(m);
}

static void test_package_provisioned_refuses(void **state)
{
    static const struct {
        uint8_t command, len;
        uint8_t payload[14];
        enum reason reason;
    } rows[] = {
        {0x59, 5, {0x00, 0x80, 0x00, 0x08, 4}, REASON_PROVISIONED},
        {0x59, 5, {0x00, 0x00, 0x00, 0x08, 4}, REASON_PROVISIONED},
        {0x59, 5, {0x00, 0x40, 0x00, 0x20, 4}, REASON_PROVISIONED},
        {0x59, 5, {0x00, 0x00, 0x00, 0x10, 4}, REASON_PROVISIONED},
        {0x59, 5, {0x00, 0x00, 0x00, 0x40, 4}, REASON_PROVISIONED},
        {0x59, 5, {0x00, 0x40, 0x02, 0x40, 4}, REASON_PROVISIONED},
        {0x59, 5, {0x0F, 0xC0, 0xFF, 0x1F, 2}, REASON_ADDRESS},
        {0x63, 8, {0x00, 0x80, 0x00, 0x08, 4, 0, 0, 0}, REASON_PROVISIONED},
        {0x63, 8, {0x00, 0x00, 0x00, 0x20, 4, 0, 0, 0}, REASON_PROVISIONED},
        {0x57, 9, {0x00, 0x80, 0x00, 0x08, 4, 1, 2, 3, 4}, REASON_PROVISIONED},
        {0x57, 9, {0x00, 0x40, 0x00, 0x20, 4, 1, 2, 3, 4}, REASON_PROVISIONED},
        {0x56, 2, {2, 1}, REASON_PROVISIONED},
        {0x56, 2, {0xFF, 0}, REASON_PROVISIONED},
        {0x58, 2, {4, 1}, REASON_PROVISIONED},
        {0x58, 6, {4, 2, 0x52, 0x44, 0x50, 0x31}, REASON_PROVISIONED},
        {0x58, 3, {0, 0xFF, 1}, REASON_PROVISIONED}, /* before the range is looked at */
        {0x58, 6, {0, 2, 0x52, 0x44, 0x50, 0x31}, REASON_PROVISIONED},
        {0x56, 2, {0, 1}, REASON_PROVISIONED},
        {0x57, 9, {0x00, 0x00, 0x00, 0x00, 4, 1, 2, 3, 4}, REASON_PROVISIONED},
        {0x6D, 2, {0xFF, 1}, REASON_PROVISIONED},
        {0x6C, 14, {0, 2, 4}, REASON_PROVISIONED},
        {0x6C, 14, {0, 0xFF, 4}, REASON_PROVISIONED},
        {0x55, 4, {0x00, 0x00, 0x00, 0x40}, REASON_PROVISIONED},
        {0x55, 4, {0x00, 0x40, 0x00, 0x20}, REASON_PROVISIONED},
        {0x55, 4, {0x01, 0x80, 0x00, 0x08}, REASON_PROVISIONED},
        {0x55, 4, {0x00, 0x80, 0x00, 0x08}, REASON_NOT_VERIFIED},
    };
    struct model *m = model_create(512);
    uint8_t content[2048];
    unsigned changes;

    (void)state;
    package_content(content, sizeof content, 7);
    memcpy(model_memory(m, MAP_APP_BASE, sizeof content), content, sizeof content);
    /* Open: it would run. */
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(0, 0x80, 0, 8), BYTES(0xA5, 0x55, 0));
    assert_int_equal(m->loader.after, AFTER_GO_IMAGE);
    assert_int_equal(m->loader.go[0], VERDICT_GOOD);
    assert_int_equal(m->loader.go[1], VERDICT_GOOD);
    provision(m);
    changes = model_changes(m);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("command %02x, row %u\n", rows[i].command, (unsigned)i);
        model_expect(m, DIALECT_NATIVE, rows[i].command, rows[i].payload, rows[i].len, BYTES(0x7F));
        assert_int_equal(m->loader.failure.reason, rows[i].reason);
        assert_int_equal(m->loader.after, AFTER_NOTHING);
        assert_int_not_equal(m->loader.go[0], VERDICT_GOOD);
        assert_int_not_equal(m->loader.go[1], VERDICT_GOOD);
    }
    assert_int_equal(model_changes(m), changes);
    /* What it still tells and does. */
    model_expect(m, DIALECT_NATIVE, 0x59, BYTES(0x10, 0x7A, 0xFF, 0x1F, 1),
                 BYTES(0xA5, 0x59, 1, 0xA0));
    model_expect(m, DIALECT_NATIVE, 0x5B, BYTES(0, 2, 1), BYTES(0xA5, 0x5B, 1, 0));
    free(m);
}

/* Read protection of a board that is provisioned: only if that was said then, for good. */
static void test_package_provision_read_protection(void **state)
{
    static const uint8_t level_1[] = {0, 2, 0x52, 0x44, 0x50, 0x31};
    struct model *m = model_create(512);
    uint8_t payload[6 + 32] = {0x50, 0x52, 0x4F, 0x56, 1, 2};

    (void)state;
    package_key_hash(held, payload + 6);
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, sizeof payload, BYTES(0xA5, 0x6A, 0));
    assert_memory_equal(model_memory(m, 0x1FFF78B0, 4), "RTPA", 4);
    model_expect(m, DIALECT_NATIVE, 0x58, BYTES(4, 2, 0x52, 0x44, 0x50, 0x31), BYTES(0x7F));
    model_expect_failure(m, REASON_PROVISIONED, 0x58, 0);
    model_expect(m, DIALECT_NATIVE, 0x58, level_1, sizeof level_1, BYTES(0xA5, 0x58, 0));
    assert_int_equal(m->optcr & 0xFF00u, 0x5500u);
    free(m);

    /* Said once, it cannot be left out by who comes next. */
    m = model_create(512);
    memcpy(model_memory(m, 0x1FFF78B0, 4), "RTPA", 4);
    payload[5] = 0;
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, sizeof payload, BYTES(0x7F));
    model_expect_failure(m, REASON_OTP, 0x6A, 0x1FFF78B0);
    assert_int_equal(model_changes(m), 0);
    /* Any other word is no permission. */
    *model_memory(m, 0x1FFF78B0, 1) = 0x12;
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, sizeof payload, BYTES(0xA5, 0x6A, 0));
    model_expect(m, DIALECT_NATIVE, 0x58, level_1, sizeof level_1, BYTES(0x7F));
    model_expect_failure(m, REASON_PROVISIONED, 0x58, 0);
    free(m);
}

/* A board is not provisioned into a state that has no way to an update; and one that got there
 * earlier has a way out. */
static void test_package_provision_protected(void **state)
{
    struct model *m = model_create(1024);
    uint8_t payload[6 + 32] = {0x50, 0x52, 0x4F, 0x56, 1, 0};

    (void)state;
    package_key_hash(held, payload + 6);
    model_expect(m, DIALECT_NATIVE, 0x58, BYTES(0, 8, 1), BYTES(0xA5, 0x58, 0)); /* sector 11 */
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, sizeof payload, BYTES(0x7F));
    model_expect_failure(m, REASON_WRITE_PROTECTED, 0x6A, 11);
    assert_int_equal(m->marks, 0);
    assert_int_equal(m->option_writes, 1);
    memset(model_memory(m, 0x1FFF78A8, 4), 0, 4); /* key 2 counts as revoked before it is there */
    model_expect(m, DIALECT_NATIVE, 0x5C, NULL, 0, BYTES(0xA5, 0x5C, 0));
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, sizeof payload, BYTES(0x7F));
    model_expect_failure(m, REASON_OTP, 0x6A, 0x1FFF78A8);
    assert_int_equal(m->marks, 0);
    memset(model_memory(m, 0x1FFF78A8, 4), 0xFF, 4);
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, sizeof payload, BYTES(0xA5, 0x6A, 0));
    /* As boards may stand there from before. */
    m->optcr &= ~(1u << (16 + 11));
    model_expect(m, DIALECT_NATIVE, 0x65, BYTES(0, 4, 0, 0), BYTES(0x7F));
    model_expect_failure(m, REASON_WRITE_PROTECTED, 0x65, 11);
    model_expect(m, DIALECT_NATIVE, 0x6A, payload, sizeof payload, BYTES(0x7F));
    model_expect_failure(m, REASON_PROVISIONED, 0x6A, 1);
    model_expect(m, DIALECT_NATIVE, 0x5C, BYTES(1), BYTES(0xA5, 0x5C, 0));
    assert_int_equal(m->optcr & 0x0FFF0000u, 0x0FFC0000u); /* not the bootloader's own */
    model_expect(m, DIALECT_NATIVE, 0x65, BYTES(0, 4, 0, 0), BYTES(0xA5, 0x65, 1, 0));
    free(m);
}

static void test_package_provisioned_runs(void **state)
{
    struct model *m = model_create(512);
    uint8_t handler[4];

    (void)state;
    provision(m);
    stage(m, 0, NULL, 1);
    expect_sent(m, BYTES(0x7F));
    model_expect_failure(m, REASON_PACKAGE_UNSIGNED, 0x67, 0);
    stage(m, 0, held, 1);
    expect_sent(m, BYTES(0xA5, 0x67, 0));
    boot(m, 0);
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(0, 0x80, 0, 8), BYTES(0xA5, 0x55, 0));
    assert_int_equal(m->loader.after, AFTER_START); /* the door of every start */
    assert_int_not_equal(m->loader.go[0], VERDICT_GOOD);
    /* The reset handler means the same, as the course teaches it. */
    memcpy(handler, model_memory(m, MAP_APP_BASE + 4, 4), 4);
    model_expect(m, DIALECT_NATIVE, 0x55, handler, 4, BYTES(0xA5, 0x55, 0));
    assert_int_equal(m->loader.after, AFTER_START);
    *model_memory(m, MAP_APP_BASE + 777, 1) ^= 1;
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(0, 0x80, 0, 8), BYTES(0x7F));
    model_expect_failure(m, REASON_NOT_VERIFIED, 0x55, 0);
    free(m);
}

/* Half provisioned is not open. */
static void test_package_incomplete(void **state)
{
    struct model *m = model_create(512);

    (void)state;
    *model_memory(m, MAP_OTP_LOCK_BASE + 3, 1) = 0x7F;
    loader_init(&m->loader);
    model_expect(m, DIALECT_NATIVE, 0x56, BYTES(2, 1), BYTES(0x7F));
    assert_int_equal(m->loader.failure.reason, REASON_PROVISIONED);
    model_expect(m, DIALECT_NATIVE, 0x55, BYTES(0, 0x40, 0, 0x20), BYTES(0x7F));
    assert_int_equal(m->loader.failure.reason, REASON_PROVISIONED);
    free(m);
}

static void test_package_reset_install(void **state)
{
    struct model *m = model_create(512);

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0x62, BYTES(2), BYTES(0xA5, 0x62, 0));
    assert_int_equal(m->loader.after, AFTER_RESET_INSTALL);
    free(m);
}

static int open_key(void **state)
{
    (void)state;
    held = package_key(HELD_KEY);
    return 0;
}

static int close_key(void **state)
{
    (void)state;
    package_key_free(held);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_package_stage),
        cmocka_unit_test(test_package_stage_refused),
        cmocka_unit_test(test_package_already_there),
        cmocka_unit_test(test_package_slots),
        cmocka_unit_test(test_package_direct),
        cmocka_unit_test(test_package_provision),
        cmocka_unit_test(test_package_provision_read_protection),
        cmocka_unit_test(test_package_provision_protected),
        cmocka_unit_test(test_package_provisioned_refuses),
        cmocka_unit_test(test_package_provisioned_runs),
        cmocka_unit_test(test_package_incomplete),
        cmocka_unit_test(test_package_reset_install),
    };

    return cmocka_run_group_tests(tests, open_key, close_key);
}

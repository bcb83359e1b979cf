/* SPDX-License-Identifier: MIT */
/*
 * Commands to a provisioned board that it must refuse. No fault may make it show what lies in
 * flash, start what is not signed, or change flash, OTP or option bytes. Faults begin when the
 * request is sent, and end with the answer and one more request that asks for flash.
 */
#include <assert.h>
#include <string.h>

#include "skip_engine.h"

enum {
    ACK = 0xA5,
    LISTENS_MS = 100,
    LIMIT_MS = 60,
    SIGNED_MS = 700,
    ERASE_MS = 8000,
    PIECE = 128,
    READ = 16, /* bytes asked for */
    STATUS_ONLY = 3,
    OPTIONS_MS = 600,
    PROTECTED = 0x00C,
    RDP_LEVEL_0 = 0xAA,
    RDP_LEVEL_1 = 0x55,
};

/* ---- boards ---- */

/* A good application with its package, confirmed. */
static void good_package(struct board *b)
{
    board_load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = 9});
    b->forged = 0;
}

/* The same, sectors 2 and 3 protected besides the bootloader's. */
static void protected_sectors(struct board *b)
{
    good_package(b);
    board_set_options(b, RDP_LEVEL_0, NWRP_REST & ~PROTECTED);
}

static void protected_level_1(struct board *b)
{
    good_package(b);
    board_set_options(b, RDP_LEVEL_1, NWRP_REST & ~PROTECTED);
}

/* No package, and an application that nobody signed. */
static void unsigned_application(struct board *b)
{
    board_make_package(b, &(struct forgery){.counter = 9});
    board_load(b, APP, b->content, sizeof b->content);
}

static void listen_now(struct board *b)
{
    twin_pin_drive(b->twin, 'A', 0, true);
    board_switch_on(b);
    (void)twin_run_ns(b->twin, MS(LISTENS_MS));
    board_take_answers(b);
}

/* ---- requests ---- */

static void ask(struct board *b, const uint8_t *request, size_t len, unsigned limit_ms)
{
    static const uint8_t read_again[] = {6, 0x59, 0x40, 0x80, 0x00, 0x08, READ};
    size_t asked_at = b->answers_len;
    (void)board_request(b, request, len, limit_ms);
    if (!b->started) {
        /* What a fault has left behind must not show flash either. */
        (void)board_request(b, read_again, sizeof read_again, LIMIT_MS);
    }
    b->command_end = b->answers_len;
    board_take_answers(b);
    b->command_at = asked_at;
}

#define REQUEST(name, limit, ...)                                                                  \
    static void name(struct board *b)                                                              \
    {                                                                                              \
        static const uint8_t request[] = {__VA_ARGS__};                                            \
        ask(b, request, sizeof request, limit);                                                    \
    }

REQUEST(mem_read, LIMIT_MS, 6, 0x59, 0x20, 0x80, 0x00, 0x08, READ)
REQUEST(mem_crc, LIMIT_MS, 9, 0x63, 0x00, 0x80, 0x00, 0x08, 0x00, 0x04, 0x00, 0x00)
REQUEST(digests, LIMIT_MS, 3, 0x6D, 2, 1)
REQUEST(mem_write, LIMIT_MS, 10, 0x57, 0x00, 0xC0, 0x00, 0x08, 4, 0x12, 0x34, 0x56, 0x78)
REQUEST(flash_erase, LIMIT_MS, 3, 0x56, 2, 1)
REQUEST(go, LIMIT_MS, 5, 0x55, 0x00, 0x80, 0x00, 0x08)
REQUEST(go_inside, LIMIT_MS, 5, 0x55, 0x01, 0x82, 0x00, 0x08)
REQUEST(protect, LIMIT_MS, 4, 0x58, 0x0C, 0x00, 1)
REQUEST(protect_read, OPTIONS_MS, 7, 0x58, 0, 2, 0x52, 0x44, 0x50, 0x31)
REQUEST(protect_boot, OPTIONS_MS, 7, 0x58, 3, 3, 0x4C, 0x4F, 0x43, 0x4B)
REQUEST(unprotect, OPTIONS_MS, 1, 0x5C)
REQUEST(protect_rest, OPTIONS_MS, 4, 0x58, 0xF0, 0x0F, 1)
REQUEST(stream_plain, LIMIT_MS, 15, 0x6C, 0, 2, 0x00, 0x10, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0)
REQUEST(stage_finish, LIMIT_MS, 1, 0x67)
REQUEST(stage_finish_signed, SIGNED_MS, 1, 0x67)

/* ---- staging of a forged package ---- */

static void must(struct board *b, const uint8_t *request, size_t len, unsigned limit_ms)
{
    size_t came = board_request(b, request, len, limit_ms);
    assert(came != 0 && b->answers[b->command_at] == ACK);
    (void)came;
    b->answers_len = 0;
}

static void stage_package(struct board *b)
{
    uint8_t request[7 + PIECE] = {5, 0x65};
    listen_now(b);
    put_le32(request + 2, (uint32_t)b->package_len);
    must(b, request, 6, ERASE_MS);
    for (uint32_t at = 0; at < b->package_len; at += PIECE) {
        size_t n = b->package_len - at < PIECE ? b->package_len - at : PIECE;
        request[0] = (uint8_t)(6 + n);
        request[1] = 0x66;
        put_le32(request + 2, at);
        request[6] = (uint8_t)n;
        memcpy(request + 7, b->package + at, n);
        must(b, request, 7 + n, LIMIT_MS);
    }
}

static void forged_unsigned(struct board *b)
{
    good_package(b);
    board_make_package(b, &(struct forgery){.counter = 9});
}

static void forged_unknown(struct board *b)
{
    good_package(b);
    board_make_package(b, &(struct forgery){.key = OTHER_KEY, .counter = 9});
}

static void forged_altered(struct board *b)
{
    good_package(b);
    board_make_package(b, &(struct forgery){.key = OWN_KEY, .counter = 9, .spoil = spoil_content});
}

static void forged_low(struct board *b)
{
    good_package(b);
    board_make_package(b, &(struct forgery){.key = OWN_KEY, .counter = BOARD_COUNTER - 1});
}

/* ---- from the power on ---- */

static void nothing(struct board *b)
{
    twin_pin_drive(b->twin, 'A', 0, true);
}

static void start_and_read(struct board *b)
{
    listen_now(b);
    mem_read(b);
}

static void start_and_go(struct board *b)
{
    listen_now(b);
    go(b);
}

/* ---- judging ---- */

/* Data in the answer, though the command must be refused. What is all of one value says nothing. */
static bool answers_data(const struct board *b)
{
    const uint8_t *answer = b->answers + b->command_at;
    if (b->command_end - b->command_at <= STATUS_ONLY || answer[0] != ACK || answer[2] == 0) {
        return false;
    }
    for (unsigned i = 1; i < answer[2] && b->command_at + 3 + i < b->command_end; i++) {
        if (answer[3 + i] != answer[3]) {
            return true;
        }
    }
    return false;
}

static const char *judge_answers(struct board *b)
{
    if (b->started) {
        return "started what is not signed";
    }
    if (board_has_leaked(b)) {
        return "showed flash";
    }
    if (answers_data(b)) {
        return "answered";
    }
    return NULL;
}

static const char *judge(struct board *b)
{
    const char *broken = judge_answers(b);
    if (broken == NULL && board_has_changed(b)) {
        broken = "changed flash, OTP or option bytes";
    }
    return broken;
}

/* A provisioned board, too, has its bootloader protected when it is told to, */
static const char *judge_locking(struct board *b)
{
    const char *broken = judge_answers(b);
    return broken != NULL ? broken : board_judge_options(b, NWRP_BOOT, 0);
}

/* and the protection of all other sectors taken off. */
static const char *judge_unprotecting(struct board *b)
{
    const char *broken = judge_answers(b);
    return broken != NULL ? broken : board_judge_options(b, 0, NWRP_REST);
}

#define COMMAND(name, prepare, stride)                                                             \
    {                                                                                              \
#name, prepare, listen_now, name, judge, true, false, stride, NULL                         \
    }
/* Allowed, within bounds; the judge is shown that it sees another request's change. */
#define BOUNDED(name, prepare, act, judge)                                                         \
    {                                                                                              \
        name, prepare, listen_now, act, judge, true, false, 101, protect_rest                      \
    }
#define STAGE(name, prepare, act, telling, slow, stride)                                           \
    {                                                                                              \
        name, prepare, stage_package, act, judge, telling, slow, stride, NULL                      \
    }

const struct scenario command_scenarios[] = {
    COMMAND(mem_read, good_package, 101),
    COMMAND(mem_crc, good_package, 101),
    COMMAND(digests, good_package, 101),
    COMMAND(mem_write, good_package, 101),
    COMMAND(flash_erase, good_package, 101),
    COMMAND(go, unsigned_application, 101),
    COMMAND(go_inside, unsigned_application, 101),
    COMMAND(protect, good_package, 101),
    COMMAND(protect_read, good_package, 101),
    BOUNDED("protect_boot", good_package, protect_boot, judge_locking),
    BOUNDED("unprotect", protected_sectors, unprotect, judge_unprotecting),
    BOUNDED("unprotect_level_1", protected_level_1, unprotect, judge_unprotecting),
    COMMAND(stream_plain, good_package, 101),
    STAGE("stage_unsigned", forged_unsigned, stage_finish, true, false, 151),
    STAGE("stage_unknown_key", forged_unknown, stage_finish, false, false, 151),
    STAGE("stage_low_counter", forged_low, stage_finish_signed, false, true, 1501),
    STAGE("stage_altered", forged_altered, stage_finish_signed, false, true, 1501),
    {"start_and_read", good_package, nothing, start_and_read, judge, true, false, 401, NULL},
    {"start_and_go", unsigned_application, nothing, start_and_go, judge, true, false, 401, NULL},
};
const unsigned command_scenario_count = sizeof command_scenarios / sizeof command_scenarios[0];

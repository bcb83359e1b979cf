/* SPDX-License-Identifier: MIT */
/*
 * Starts of a provisioned board whose flash holds something that must not start. Faults begin with
 * the power.
 */
#include <stdlib.h>
#include <string.h>

#include "package_builder.h"
#include "skip_engine.h"

enum { FAST_MS = 60, STAYING_MS = 60, SIGNED_MS = 500, INSTALLING_MS = 900 };

static void plain_application(struct board *b)
{
    b->forged = board_make_content(b->content, 0);
    board_load(b, APP, b->content, sizeof b->content);
}

static void unsigned_package(struct board *b)
{
    board_load_forgery(b, &(struct forgery){.counter = 9});
}

static void unknown_key(struct board *b)
{
    board_load_forgery(b, &(struct forgery){.key = OTHER_KEY, .counter = 9});
}

static void revoked_key(struct board *b)
{
    board_load_forgery(b, &(struct forgery){.key = REVOKED_KEY, .counter = 9});
}

static void altered(struct board *b)
{
    board_load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = 9, .spoil = spoil_digest});
}

static void altered_with_digest(struct board *b)
{
    board_load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = 9, .spoil = spoil_content});
}

static void low_counter(struct board *b)
{
    board_load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = BOARD_COUNTER - 1});
}

static void other_board(struct board *b)
{
    static const uint8_t identity[32] = {1, 2, 3};
    board_load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = 9, .identity = identity});
}

/* With start signatures. Payload and area were altered alike; the fields were, too; the key is
 * nobody's; and an area that was altered beside a good package. */
static void load_like_payload(struct board *b, const struct forgery *f)
{
    board_load_forgery(b, f);
    memcpy(b->content, b->package + 32, sizeof b->content);
    board_load(b, APP, b->content, sizeof b->content);
}

static void start_altered_alike(struct board *b)
{
    load_like_payload(
        b, &(struct forgery){.key = OWN_KEY, .counter = 9, .start = true, .spoil = spoil_content});
}

static void start_altered_fields(struct board *b)
{
    load_like_payload(
        b, &(struct forgery){.key = OWN_KEY, .counter = 9, .start = true, .spoil = spoil_fields});
}

static void start_unknown_key(struct board *b)
{
    board_load_forgery(b, &(struct forgery){.key = OTHER_KEY, .counter = 9, .start = true});
}

static void start_low_counter(struct board *b)
{
    board_load_forgery(
        b, &(struct forgery){.key = OWN_KEY, .counter = BOARD_COUNTER - 1, .start = true});
}

static void start_area_altered(struct board *b)
{
    board_load_forgery(
        b, &(struct forgery){.key = OWN_KEY, .counter = 9, .compressed = true, .start = true});
    b->forged = board_make_content(b->content, 1);
    board_load(b, APP, b->content, sizeof b->content);
}

/* The package is good, and the area claims to hold it, but holds something else. */
static void area_with(struct board *b, bool compressed)
{
    board_load_forgery(b,
                       &(struct forgery){.key = OWN_KEY, .counter = 9, .compressed = compressed});
    b->forged = board_make_content(b->content, 1);
    board_load(b, APP, b->content, sizeof b->content);
}

static void area_altered(struct board *b)
{
    area_with(b, false);
}

static void area_altered_compressed(struct board *b)
{
    area_with(b, true);
}

/* A good package whose trial is over is judged first, in the newer slot, and leaves its traces on
 * the stack; then comes one with the good one's TLVs and another content. */
static void after_a_good_one(struct board *b)
{
    uint8_t content[CONTENT_SIZE];
    size_t len;
    uint8_t *package;
    struct evp_pkey_st *key = package_key(OWN_KEY);
    const struct package_recipe recipe = {
        .content = content, .content_len = sizeof content, .counter = 9, .key = key};
    (void)board_make_content(content, 1);
    package = package_build(&recipe, &len);
    board_load_tried(b, package, len);
    b->forged = board_make_content(content, 0);
    memcpy(package + 32, content, sizeof content);
    board_load_package(b, package, len);
    board_load(b, APP, content, sizeof content);
    free(package);
    package_key_free(key);
}

static void start_for(struct board *b, unsigned limit_ms)
{
    board_switch_on(b);
    (void)twin_run_ns(b->twin, MS(limit_ms));
}

static void start_fast(struct board *b)
{
    start_for(b, FAST_MS);
}

static void start_signed(struct board *b)
{
    start_for(b, SIGNED_MS);
}

static void start_installing(struct board *b)
{
    start_for(b, INSTALLING_MS);
}

/* Something else kept the board in the bootloader, and where the serving half is to be unpacked
 * SRAM holds what an attacker had an application put there: wherever it is entered, it runs into a
 * jump to the forged one. */
static void start_over_stale_code(struct board *b)
{
    enum { SIZE = SRAM_END - SERVING_START - 64, NOP = 0xBF };
    static uint8_t slide[SIZE];
    for (unsigned i = 0; i < SIZE; i += 2) {
        slide[i + 1] = NOP;
    }
    put_le32(slide + SIZE - 8, 0xF000F8DFu); /* ldr pc, [pc] */
    put_le32(slide + SIZE - 4, b->forged | 1u);
    twin_pin_drive(b->twin, 'A', 0, true);
    board_switch_on(b);
    board_load(b, SERVING_START, slide, sizeof slide);
    (void)twin_run_ns(b->twin, MS(STAYING_MS));
}

static const char *judge_start(struct board *b)
{
    return b->started ? "started" : NULL;
}

#define FAST(name, stride, telling)                                                                \
    {                                                                                              \
#name, name, NULL, start_fast, judge_start, telling, false, stride, NULL                   \
    }
#define SLOW(name, act, stride)                                                                    \
    {                                                                                              \
#name, name, NULL, act, judge_start, false, true, stride, NULL                             \
    }

const struct scenario start_scenarios[] = {
    FAST(plain_application, 71, true),
    {"stale_code", plain_application, NULL, start_over_stale_code, judge_start, true, true, 97,
     start_fast},
    FAST(unsigned_package, 191, true),
    FAST(altered, 191, false),
    FAST(unknown_key, 191, false),
    FAST(revoked_key, 191, false),
    SLOW(altered_with_digest, start_signed, 4999),
    SLOW(low_counter, start_signed, 4999),
    SLOW(other_board, start_signed, 4999),
    SLOW(after_a_good_one, start_signed, 4999),
    SLOW(area_altered, start_installing, 7001),
    SLOW(area_altered_compressed, start_installing, 7001),
    SLOW(start_altered_alike, start_signed, 4999),
    SLOW(start_altered_fields, start_signed, 4999),
    SLOW(start_unknown_key, start_signed, 4999),
    SLOW(start_low_counter, start_signed, 4999),
    SLOW(start_area_altered, start_installing, 7001),
};
const unsigned start_scenario_count = sizeof start_scenarios / sizeof start_scenarios[0];

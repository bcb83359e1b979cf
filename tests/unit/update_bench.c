/* SPDX-License-Identifier: MIT */
#include "update_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "memory_map.h"
#include "verdict.h"

#define CONTENT 20517u /* not a multiple of 4 */
#define PIECE   244u

static const uint8_t bench_identity[32] = {1, 2, 3, [16] = 4, 5, 6};

struct bench *bench_create(uint32_t flash_kib)
{
    struct bench *b = test_calloc(1, sizeof *b);

    b->m = flash_model_create(flash_kib, 1);
    b->update = (struct update_board){&b->m->hw, &b->memory, b->dictionary, bench_identity};
    return b;
}

void bench_free(struct bench *b)
{
    assert_int_equal(b->m->blind, 0); /* U4 */
    assert_int_equal(b->m->over, 0);
    free(b->m);
    test_free(b);
}

static uint8_t *bench_content(const struct bench_package *p, size_t *len)
{
    uint8_t *content;

    *len = p->len != 0 ? p->len : CONTENT;
    content = malloc(*len);
    assert_non_null(content);
    package_content(content, *len, p->seed);
    return content;
}

enum reason bench_stage_bytes(struct bench *b, const uint8_t *bytes, size_t len)
{
    enum reason reason = update_stage_begin(&b->update, &b->stage, (uint32_t)len, &b->detail);

    for (size_t at = 0; at < len && reason == REASON_NONE; at += PIECE) {
        size_t n = len - at < PIECE ? len - at : PIECE;

        reason = update_stage_write(&b->update, &b->stage, (uint32_t)at, bytes + at, (uint32_t)n,
                                    &b->detail);
    }
    return reason == REASON_NONE ? update_stage_finish(&b->update, &b->stage, &b->detail) : reason;
}

enum reason bench_stage(struct bench *b, const struct bench_package *p)
{
    size_t len;
    uint8_t *content = bench_content(p, &len);
    struct package_recipe recipe = {.content = content,
                                    .content_len = len,
                                    .packing = p->packing,
                                    .policy = p->policy,
                                    .counter = p->counter,
                                    .revoke = p->revoke,
                                    .key = p->key,
                                    .content_digest = p->start,
                                    .start = p->start};
    uint8_t *package = package_build(&recipe, &len);
    enum reason reason = bench_stage_bytes(b, package, len);

    free(package);
    free(content);
    return reason;
}

static bool bench_boot(struct bench *b, uint8_t reset)
{
    const struct update_facts facts = {.reset = reset};

    update_boot(&b->update, &facts, &b->result);
    return b->result.verdict[0] == VERDICT_GOOD && b->result.verdict[1] == VERDICT_GOOD;
}

void bench_boots(struct bench *b, bool fresh, uint8_t slot, enum boot_cause cause)
{
    bench_boots_by(b, fresh ? BENCH_POWER_ON : BENCH_SOFTWARE, slot, cause);
}

void bench_boots_by(struct bench *b, uint8_t reset, uint8_t slot, enum boot_cause cause)
{
    bool good = bench_boot(b, reset);

    if (!good) {
        print_message("stays: %d, reason %02x, detail %08x\n", (int)b->result.stay,
                      (unsigned)b->result.reason, (unsigned)b->result.detail);
    }
    assert_true(good);
    assert_int_equal(b->result.stay, STAY_NOT);
    assert_int_equal(b->result.slot, slot);
    assert_int_equal(b->result.cause, cause);
}

struct bench *bench_runs(uint32_t flash_kib, const struct bench_package *p)
{
    struct bench *b = bench_create(flash_kib);

    assert_int_equal(bench_stage(b, p), REASON_NONE);
    bench_boots(b, true, 0, BOOT_TRIAL);
    assert_int_equal(update_confirm(&b->update, &b->detail), REASON_NONE);
    bench_boots(b, false, 0, BOOT_NORMAL);
    return b;
}

void bench_stays(struct bench *b, bool fresh, enum stay_reason stay)
{
    bench_stays_by(b, fresh ? BENCH_POWER_ON : BENCH_SOFTWARE, stay);
}

void bench_stays_by(struct bench *b, uint8_t reset, enum stay_reason stay)
{
    assert_false(bench_boot(b, reset));
    assert_int_equal(b->result.verdict[0], VERDICT_BAD);
    assert_int_equal(b->result.verdict[1], VERDICT_BAD);
    assert_int_equal(b->result.stay, stay);
}

void bench_area_holds(struct bench *b, const struct bench_package *p)
{
    size_t len;
    uint8_t *content = bench_content(p, &len);

    assert_memory_equal(flash_model_at(b->m, MAP_APP_BASE, len), content, len);
    free(content);
}

void bench_put_plain(struct bench *b, const struct bench_package *p)
{
    size_t len;
    uint8_t *content = bench_content(p, &len);

    memcpy(flash_model_at(b->m, MAP_APP_BASE, len), content, len);
    free(content);
}

struct bench *bench_copy(const struct bench *b)
{
    struct bench *copy = bench_create(flash_hw_kib(&b->m->hw));

    flash_model_copy(copy->m, b->m);
    copy->stage = b->stage;
    return copy;
}

void bench_takes(struct bench *b, const struct bench_package *p)
{
    enum reason reason = bench_stage(b, p);

    if (reason != REASON_NONE) {
        print_message("refused with %02x, detail %08x\n", (unsigned)reason, (unsigned)b->detail);
    }
    assert_int_equal(reason, REASON_NONE);
    bench_boots(b, true, b->stage.slot, BOOT_TRIAL);
    bench_area_holds(b, p);
}

uint8_t *bench_trailer(struct bench *b, unsigned slot, uint32_t offset, size_t len)
{
    uint32_t kib = flash_hw_kib(&b->m->hw);

    return flash_model_at(b->m, slot_addr(kib, slot) + slot_package_max(kib) + offset, len);
}

void bench_set_record(struct bench *b, unsigned slot, uint32_t offset, uint32_t word)
{
    store_le32(bench_trailer(b, slot, offset, 4), word);
}

uint32_t bench_record(struct bench *b, unsigned slot, uint32_t offset)
{
    return load_le32(bench_trailer(b, slot, offset, 4));
}

void bench_provision(struct bench *b, struct evp_pkey_st *key)
{
    uint8_t hash[32];

    package_key_hash(key, hash);
    assert_int_equal(trust_provision(&b->m->hw, hash, 1, NULL, &b->detail), REASON_NONE);
}

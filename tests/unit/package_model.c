/* SPDX-License-Identifier: MIT */
/* See package_model.h. */
#include "package_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OTP_BASE = 0x1FFF7800, FLASH_BASE = 0x08000000, AREA = 0x08008000, AREA_SIZE = 480 * 1024 };
enum { LOCKS_AT = 512, BLOCK = 32, COUNTER_AT = 6 * 32 };

const uint8_t package_model_identity[32] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                            23, 24, 25, 26, 27, 28, 29, 30, 31, 32};

uint32_t package_model_random(struct package_model *m)
{
    m->random = m->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(m->random >> 33);
}

static bool is_inside(uint32_t addr, size_t len, uint32_t base, uint32_t size)
{
    return addr - base <= size && len <= size - (addr - base);
}

static void model_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    struct package_model *m = ctx;
    uint8_t *out = data;

    if (is_inside(addr, len, OTP_BASE, sizeof m->otp)) {
        for (size_t i = 0; i < len; i++) {
            size_t at = addr - OTP_BASE + i;
            out[i] = (uint8_t)(m->otp[at] ^ (m->soft[at] & package_model_random(m)));
        }
        return;
    }
    if (!is_inside(addr, len, PACKAGE_MODEL_SLOT, m->room) &&
        !is_inside(addr, len, AREA, AREA_SIZE)) {
        fail_msg("read of %zu bytes at %08X, outside of a room of %u", len, (unsigned)addr,
                 (unsigned)m->room);
    }
    memcpy(out, m->flash + (addr - FLASH_BASE), len);
    m->silence += len;
    if (m->silence > m->longest_silence) {
        m->longest_silence = m->silence;
    }
}

static void model_alive(void *ctx)
{
    struct package_model *m = ctx;

    m->alive++;
    m->silence = 0;
}

/* Programs one byte of OTP; true if the power fails in it. */
static bool program_byte(struct package_model *m, size_t at, uint8_t byte, bool cut)
{
    uint8_t todo = (uint8_t)~byte;

    if (OTP_BASE + at == m->stuck) {
        return cut;
    }
    if (cut) {
        uint8_t done = (uint8_t)(todo & package_model_random(m));
        m->soft[at] |= (uint8_t)(m->otp[at] & todo & ~done & package_model_random(m));
        m->otp[at] = (uint8_t)(m->otp[at] & ~done);
    } else {
        m->otp[at] = (uint8_t)(m->otp[at] & byte);
        m->soft[at] = (uint8_t)(m->soft[at] & byte);
    }
    return cut;
}

static enum reason program(struct package_model *m, uint32_t addr, const uint8_t *data, size_t len)
{
    size_t at = addr - OTP_BASE;
    bool cut;

    assert_true(is_inside(addr, len, OTP_BASE, sizeof m->otp));
    assert_true(at % len == 0);
    if (m->dead) {
        return REASON_FLASH_ERROR;
    }
    if (at < LOCKS_AT && m->otp[LOCKS_AT + at / BLOCK] == 0) {
        fail_msg("a locked block is written at %08X", (unsigned)addr);
    }
    m->operations++;
    cut = m->operations == m->cut_at;
    for (size_t i = 0; i < len; i++) {
        m->dead |= program_byte(m, at + i, data[i], cut);
    }
    return m->dead ? REASON_FLASH_ERROR : REASON_NONE;
}

static enum reason model_mark(void *ctx, uint32_t addr, uint32_t word, uint32_t *detail)
{
    const uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
                              (uint8_t)(word >> 24)};

    *detail = 0;
    return program(ctx, addr, bytes, sizeof bytes);
}

static enum reason model_mark_otp(void *ctx, uint32_t addr, uint8_t byte, uint32_t *detail)
{
    struct package_model *m = ctx;
    enum reason reason = program(m, addr, &byte, 1);

    *detail = addr;
    if (reason == REASON_NONE && m->otp[addr - OTP_BASE] != byte) {
        return REASON_VERIFY;
    }
    return reason;
}

static enum reason model_erase(void *ctx, unsigned sector, uint32_t *detail)
{
    (void)ctx;
    (void)detail;
    fail_msg("sector %u is erased by what must not change flash", sector);
    return REASON_FLASH_ERROR;
}

static enum reason model_program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                                 uint32_t *detail)
{
    (void)ctx;
    (void)data;
    (void)len;
    (void)detail;
    fail_msg("flash at %08X is programmed by what must not change it", (unsigned)addr);
    return REASON_FLASH_ERROR;
}

static void model_begin(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    fail_msg("flash at %08X is begun by what must not change it", (unsigned)addr);
}

struct package_model *package_model_create(uint64_t seed)
{
    struct package_model *m = calloc(1, sizeof *m);

    assert_non_null(m);
    memset(m->flash, 0xFF, sizeof m->flash);
    memset(m->otp, 0xFF, sizeof m->otp);
    m->random = seed;
    m->hw = (struct flash_hw){.ctx = m,
                              .read = model_read,
                              .erase = model_erase,
                              .program = model_program,
                              .put = model_mark,
                              .put_otp = model_mark_otp,
                              .begin = model_begin,
                              .alive = model_alive,
                              .flash_kib = 1024};
    return m;
}

void package_model_load(struct package_model *m, const uint8_t *package, size_t len)
{
    uint8_t *slot = m->flash + (PACKAGE_MODEL_SLOT - FLASH_BASE);

    assert_true(len <= 254 * 1024);
    memset(slot, 0xFF, 256 * 1024);
    memcpy(slot, package, len);
    m->room = (uint32_t)len;
}

void package_model_provision(struct package_model *m, const uint8_t *hashes, unsigned count,
                             const uint8_t *identity)
{
    memcpy(m->otp, hashes, (size_t)count * BLOCK);
    if (identity != NULL) {
        memcpy(m->otp + 4 * BLOCK, identity, BLOCK);
    }
    memset(m->otp + LOCKS_AT, 0, 5);
}

void package_model_set_counter(struct package_model *m, unsigned counter)
{
    memset(m->otp + COUNTER_AT, 0xFF, LOCKS_AT - COUNTER_AT);
    for (unsigned i = 0; i < counter; i++) {
        m->otp[COUNTER_AT + i / 8] &= (uint8_t) ~(1u << i % 8);
    }
}

void package_model_revive(struct package_model *m)
{
    m->dead = false;
    m->cut_at = 0;
}

void package_model_trust(struct package_model *m, struct trust *out)
{
    memset(out, 0xA5, sizeof *out);
    trust_read(&m->hw, package_model_identity, out);
}

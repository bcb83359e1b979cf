/* SPDX-License-Identifier: MIT */
/* The flash that loses power; see flash_model.h. Addresses and sizes are retyped from RM0090. */
#include "flash_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLASH_BASE 0x08000000u
#define OTP_BASE   0x1FFF7800u
#define OTP_LOCKS  512u
#define OTP_LOOSE  FLASH_MODEL_SECTORS
#define WORD       4u

static void flash_model_require(bool ok, const char *what, uint32_t addr)
{
    if (!ok) {
        (void)fprintf(stderr, "flash model: %s at %08x\n", what, (unsigned)addr);
        abort();
    }
}

uint64_t flash_model_random(struct flash_model *m)
{
    uint64_t z = (m->random += 0x9E3779B97F4A7C15u); /* splitmix64 */

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint32_t flash_model_sector_addr(unsigned sector)
{
    static const uint16_t kib[] = {0, 16, 32, 48, 64, 128, 256, 384, 512, 640, 768, 896, 1024};

    return FLASH_BASE + kib[sector] * 1024u;
}

static unsigned flash_model_sector_at(uint32_t addr)
{
    unsigned sector = 0;

    while (flash_model_sector_addr(sector + 1) <= addr) {
        sector++;
    }
    return sector;
}

/* One memory: its cells, which of them are unstable, and the offset of addr in it. */
struct flash_model_place {
    uint8_t *cells, *unstable;
    bool in_otp;
};

static struct flash_model_place flash_model_place(struct flash_model *m, uint32_t addr, size_t len)
{
    uint32_t offset = addr - FLASH_BASE;

    if (offset < m->hw.flash_kib * 1024u) {
        flash_model_require(len <= m->hw.flash_kib * 1024u - offset, "range leaves flash", addr);
        return (struct flash_model_place){m->flash + offset, m->flash_unstable + offset, false};
    }
    offset = addr - OTP_BASE;
    flash_model_require(offset < FLASH_MODEL_OTP && len <= FLASH_MODEL_OTP - offset,
                        "range outside of flash and OTP", addr);
    return (struct flash_model_place){m->otp_bytes + offset, m->otp_unstable + offset, true};
}

uint8_t *flash_model_at(struct flash_model *m, uint32_t addr, size_t len)
{
    return flash_model_place(m, addr, len).cells;
}

static bool flash_model_loose(const struct flash_model *m, uint32_t addr, size_t len)
{
    if (addr >= OTP_BASE) {
        return m->loose[OTP_LOOSE];
    }
    for (unsigned i = flash_model_sector_at(addr); i < FLASH_MODEL_SECTORS; i++) {
        if (flash_model_sector_addr(i) < addr + len && m->loose[i]) {
            return true;
        }
    }
    return false;
}

static void flash_model_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    struct flash_model *m = ctx;
    struct flash_model_place place = flash_model_place(m, addr, len);
    uint8_t *out = data;
    uint64_t mode;

    if (m->off) {
        memset(out, 0xFF, len);
        return;
    }
    memcpy(out, place.cells, len);
    if (len == 0 || !flash_model_loose(m, addr, len)) {
        return;
    }
    mode = flash_model_random(m) & 3u; /* all of them low, all high, or each as it comes */
    for (size_t i = 0; i < len; i++) {
        if (place.unstable[i] != 0) {
            uint8_t high = mode == 0 ? 0 : mode == 1 ? 0xFF : (uint8_t)flash_model_random(m);

            out[i] = (uint8_t)((out[i] & ~place.unstable[i]) | (high & place.unstable[i]));
        }
    }
}

/* How a torn operation leaves bits that should change: of each, whether it is done, and whether it
 * is unstable. The ends of the range, where one bit alone is off, come often. */
struct flash_model_tear {
    unsigned style;
    uint32_t only; /* the byte with the one bit, for the styles that have one */
    uint8_t bit;
};

static struct flash_model_tear flash_model_tear(struct flash_model *m, uint32_t len)
{
    uint64_t r = flash_model_random(m);

    return (struct flash_model_tear){(unsigned)(r & 7u), (uint32_t)((r >> 8) % len),
                                     (uint8_t)(1u << (r >> 60 & 7u))};
}

static void flash_model_tear_byte(struct flash_model *m, const struct flash_model_tear *t,
                                  uint32_t i, uint8_t *done, uint8_t *unstable)
{
    uint64_t r = flash_model_random(m);
    uint8_t one = i == t->only ? t->bit : 0;

    *done = (uint8_t)r;
    *unstable = (uint8_t)(r >> 8 & r >> 16);
    switch (t->style) {
    case 0: /* all of it wavers */
        *unstable = 0xFF;
        break;
    case 1: /* done but for one bit, which wavers */
        *done = 0xFF;
        *unstable = one;
        break;
    case 2: /* not begun but for one bit, which wavers */
        *done = 0;
        *unstable = one;
        break;
    case 3: /* few are done */
        *done = (uint8_t)(r & r >> 24 & r >> 32);
        break;
    case 4: /* most are done */
        *done = (uint8_t)(r | r >> 24 | r >> 32);
        *unstable = (uint8_t)(r >> 8 & r >> 16 & r >> 40);
        break;
    case 5: /* stable, but half */
        *unstable = 0;
        break;
    default: /* thirds, more or less */
        break;
    }
}

/* Bits that are 0 in `to` become 0; torn: some of them do. */
static void flash_model_clear_bits(struct flash_model *m, uint32_t addr, const uint8_t *to,
                                   uint32_t len, bool torn)
{
    struct flash_model_place place = flash_model_place(m, addr, len);
    struct flash_model_tear tear = flash_model_tear(m, len);

    for (uint32_t i = 0; i < len; i++) {
        uint8_t clear = (uint8_t)~to[i];
        uint8_t done = 0xFF;
        uint8_t unstable = 0;

        if (torn) {
            /* What is 0 for certain is no affair of the operation. */
            clear &= place.cells[i] | place.unstable[i];
            flash_model_tear_byte(m, &tear, i, &done, &unstable);
        }
        unstable &= clear;
        place.unstable[i] = (uint8_t)((place.unstable[i] & ~(clear & done)) | unstable);
        place.cells[i] &= (uint8_t) ~(clear & done);
        if (unstable != 0) {
            m->loose[place.in_otp ? OTP_LOOSE : flash_model_sector_at(addr)] = true;
        }
    }
}

static void flash_model_raise_bits(struct flash_model *m, unsigned sector, bool torn)
{
    uint32_t addr = flash_model_sector_addr(sector);
    uint32_t len = flash_model_sector_addr(sector + 1) - addr;
    struct flash_model_place place = flash_model_place(m, addr, len);
    struct flash_model_tear tear = flash_model_tear(m, len);
    bool prepared = m->prepares && (flash_model_random(m) & 1u) != 0;

    if (!torn) {
        memset(place.cells, 0xFF, len);
        memset(place.unstable, 0, len);
        m->loose[sector] = false;
        return;
    }
    if (prepared) {
        memset(place.cells, 0, len);
        memset(place.unstable, 0, len);
    }
    m->loose[sector] = true;
    for (uint32_t i = 0; i < len; i++) {
        uint8_t zero = (uint8_t)(~place.cells[i] | place.unstable[i]);
        uint8_t done, unstable;

        if (zero == 0) {
            continue;
        }
        flash_model_tear_byte(m, &tear, i, &done, &unstable);
        place.unstable[i] = (uint8_t)((place.unstable[i] & ~(zero & done)) | (unstable & zero));
        place.cells[i] |= (uint8_t)(zero & done);
    }
}

static void flash_model_lose(struct flash_model *m)
{
    m->off = true;
    m->cuts++;
    if (m->on_cut != NULL) {
        longjmp(*m->on_cut, 1);
    }
}

/* Counts an operation. Returns whether it may happen; *torn whether only in part. */
static bool flash_model_begin(struct flash_model *m, bool *torn)
{
    bool cut;

    *torn = false;
    if (m->off) {
        return false;
    }
    m->operations++;
    cut = m->operations == m->cut_at;
    if (cut && m->cut == CUT_BEFORE) {
        flash_model_lose(m);
        return false;
    }
    if (m->operations == m->fail_at) {
        m->fails++;
        return false;
    }
    *torn = cut && m->cut == CUT_TORN;
    return true;
}

static bool flash_model_end(struct flash_model *m)
{
    if (m->operations == m->cut_at) {
        flash_model_lose(m);
        return false;
    }
    return true;
}

static enum reason flash_model_error(uint32_t *detail)
{
    *detail = 0x10; /* WRPERR */
    return REASON_FLASH_ERROR;
}

bool flash_model_begins(struct flash_model *m, bool *torn)
{
    return flash_model_begin(m, torn);
}

void flash_model_ended(struct flash_model *m)
{
    (void)flash_model_end(m);
}

/* ---- what was begun ---- */

static uint32_t flash_model_sum(const uint8_t *data, size_t len)
{
    uint32_t sum = 0x811C9DC5u; /* FNV-1a */

    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ data[i]) * 0x01000193u;
    }
    return sum;
}

/* Whether the next operation is one that fails: that is left to program, as often as it is asked.
 */
static bool flash_model_next_fails(const struct flash_model *m, uint32_t addr)
{
    return m->operations + 1 == m->fail_at || m->stuck_at == addr ||
           (m->protected_mask >> flash_model_sector_at(addr) & 1u) != 0;
}

/* Nothing but the program that was announced may come now. */
static void flash_model_settled(const struct flash_model *m, const char *what)
{
    flash_model_require(m->off || m->begun_len == 0, what, m->begun_addr);
}

static enum reason flash_model_erase(void *ctx, unsigned sector, uint32_t *detail)
{
    struct flash_model *m = ctx;
    bool torn;

    flash_model_settled(m, "erase");
    flash_model_require(sector >= 2 &&
                            flash_model_sector_addr(sector) < FLASH_BASE + m->hw.flash_kib * 1024u,
                        "erase of a sector that is not ours", sector);
    if (!flash_model_begin(m, &torn) || (m->protected_mask >> sector & 1u) != 0) {
        return flash_model_error(detail);
    }
    m->erases[sector]++;
    flash_model_raise_bits(m, sector, torn);
    if (!flash_model_end(m)) {
        return flash_model_error(detail);
    }
    m->sessions |= 1u << sector;
    return REASON_NONE;
}

/* One word or byte of flash or OTP. */
static enum reason flash_model_put(struct flash_model *m, uint32_t addr, const uint8_t *data,
                                   uint32_t len, uint32_t *detail)
{
    bool in_otp = flash_model_place(m, addr, len).in_otp;
    unsigned sector = in_otp ? 0 : flash_model_sector_at(addr);
    bool torn;

    flash_model_require(in_otp || sector >= 2, "programming of the bootloader", addr);
    if (!flash_model_begin(m, &torn)) {
        return flash_model_error(detail);
    }
    if (in_otp && addr < OTP_BASE + OTP_LOCKS) {
        uint8_t lock;

        flash_model_read(m, OTP_BASE + OTP_LOCKS + (addr - OTP_BASE) / 32u, &lock, 1);
        m->locked += lock == 0;
        if (lock == 0) {
            return flash_model_error(detail);
        }
    }
    if (!in_otp && (m->protected_mask >> sector & 1u) != 0) {
        return flash_model_error(detail);
    }
    if (!in_otp && m->stuck_at != 0 && addr == m->stuck_at) {
        m->stuck++;
    } else {
        flash_model_clear_bits(m, addr, data, len, torn);
    }
    return flash_model_end(m) ? REASON_NONE : flash_model_error(detail);
}

/* program is asked for what was begun, and the data has stayed as it was. How much of it is done.
 */
static size_t flash_model_keep_word(struct flash_model *m, uint32_t addr, const uint8_t *data,
                                    size_t len)
{
    size_t done = 0;

    if (m->begun_len != 0 && !m->off) {
        flash_model_require(addr == m->begun_addr && len == m->begun_len &&
                                flash_model_sum(data, len) == m->begun_sum,
                            "programmed is not what was begun", addr);
        done = m->begun_done;
    }
    m->begun_len = 0;
    return done;
}

/* A word, or a byte behind the last one. */
static enum reason flash_model_unit(struct flash_model *m, uint32_t addr, const uint8_t *data,
                                    uint32_t unit, uint32_t *detail)
{
    const uint8_t *old = flash_model_at(m, addr, unit);

    m->words++;
    m->blind += (m->sessions >> flash_model_sector_at(addr) & 1u) == 0;
    for (unsigned k = 0; k < unit; k++) {
        if ((data[k] & ~old[k]) != 0) {
            m->over++;
            break;
        }
    }
    return flash_model_put(m, addr, data, unit, detail);
}

/* Programs some of the words at once, none of them, or all. */
static void flash_model_begin_ahead(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    struct flash_model *m = ctx;
    uint32_t words = len < WORD ? 0 : (uint32_t)(flash_model_random(m) % (len / WORD + 1));
    uint32_t detail;

    flash_model_settled(m, "begun again");
    flash_model_require(len == 0 || (addr % WORD == 0 && flash_model_at(m, addr, len) != NULL),
                        "odd begin", addr);
    m->begun_addr = addr;
    m->begun_len = (uint32_t)len;
    m->begun_sum = flash_model_sum(data, len);
    m->begun_done = 0;
    while (m->begun_done != words * WORD &&
           !flash_model_next_fails(m, m->begun_addr + m->begun_done)) {
        const uint8_t *at = data + m->begun_done;

        addr = m->begun_addr + m->begun_done;
        m->begun_done += WORD;
        m->begun++;
        if (flash_model_unit(m, addr, at, WORD, &detail) != REASON_NONE) {
            break; /* lost: the supply */
        }
    }
}

/* Words, and what is over by bytes. */
static enum reason flash_model_program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                                       uint32_t *detail)
{
    struct flash_model *m = ctx;
    enum reason reason = REASON_NONE;
    uint8_t now[WORD];
    size_t done;
    uint32_t unit;

    flash_model_require(addr % WORD == 0 && addr < OTP_BASE, "odd programming", addr);
    done = flash_model_keep_word(m, addr, data, len);
    for (size_t i = done; i < len && reason == REASON_NONE; i += unit) {
        unit = len - i < WORD ? 1 : WORD;
        reason = flash_model_unit(m, addr + (uint32_t)i, data + i, unit, detail);
    }
    for (size_t i = 0; i < len && reason == REASON_NONE; i += unit) {
        unit = len - i < WORD ? 1 : WORD;
        flash_model_read(m, addr + (uint32_t)i, now, unit);
        if (memcmp(now, data + i, unit) != 0) {
            *detail = addr + (uint32_t)i;
            reason = REASON_VERIFY;
        }
    }
    return reason;
}

static enum reason flash_model_mark(void *ctx, uint32_t addr, uint32_t word, uint32_t *detail)
{
    struct flash_model *m = ctx;
    const uint8_t bytes[WORD] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
                                 (uint8_t)(word >> 24)};

    flash_model_settled(m, "mark");
    flash_model_require(addr % WORD == 0, "odd mark", addr);
    if (addr >= OTP_BASE) {
        m->otp++;
    } else {
        m->marks++;
    }
    return flash_model_put(m, addr, bytes, WORD, detail);
}

static enum reason flash_model_mark_otp(void *ctx, uint32_t addr, uint8_t byte, uint32_t *detail)
{
    struct flash_model *m = ctx;
    enum reason reason;
    uint8_t now;

    flash_model_settled(m, "mark of OTP");
    flash_model_require(addr >= OTP_BASE, "not OTP", addr);
    m->otp++;
    reason = flash_model_put(m, addr, &byte, 1, detail);
    if (reason == REASON_NONE) {
        flash_model_read(m, addr, &now, 1);
        if (now != byte) {
            *detail = addr;
            reason = REASON_VERIFY;
        }
    }
    return reason;
}

static void flash_model_alive(void *ctx)
{
    ((struct flash_model *)ctx)->alive++;
}

static void flash_model_wire(struct flash_model *m, uint32_t flash_kib)
{
    m->hw = (struct flash_hw){.ctx = m,
                              .read = flash_model_read,
                              .erase = flash_model_erase,
                              .program = flash_model_program,
                              .put = flash_model_mark,
                              .put_otp = flash_model_mark_otp,
                              .begin = flash_model_begin_ahead,
                              .alive = flash_model_alive,
                              .note = flash_model_note_read,
                              .set_note = flash_model_note_write,
                              .flash_kib = flash_kib};
}

struct flash_model *flash_model_create(uint32_t flash_kib, uint64_t seed)
{
    struct flash_model *m = calloc(1, sizeof *m);

    flash_model_require(m != NULL, "no memory", 0);
    flash_model_wire(m, flash_kib);
    m->random = seed;
    memset(m->flash, 0xFF, sizeof m->flash);
    memset(m->otp_bytes, 0xFF, sizeof m->otp_bytes);
    return m;
}

void flash_model_copy(struct flash_model *to, const struct flash_model *from)
{
    memcpy(to, from, sizeof *to);
    to->hw.ctx = to;
    to->on_cut = NULL;
}

bool flash_model_run(struct flash_model *m, void (*fn)(void *arg), void *arg)
{
    jmp_buf here;

    m->on_cut = &here;
    if (setjmp(here) == 0) {
        fn(arg);
    }
    m->on_cut = NULL;
    return !m->off;
}

void flash_model_power_on(struct flash_model *m)
{
    m->off = false;
    m->cut_at = 0;
    m->fail_at = 0;
    m->sessions = 0;
    m->begun_len = 0;
    m->note = 0;
}

uint32_t flash_model_note_read(void *ctx)
{
    return ((struct flash_model *)ctx)->note;
}

void flash_model_note_write(void *ctx, uint32_t note)
{
    ((struct flash_model *)ctx)->note = note;
}

unsigned flash_model_erases(const struct flash_model *m)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < FLASH_MODEL_SECTORS; i++) {
        sum += m->erases[i];
    }
    return sum;
}

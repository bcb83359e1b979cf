/* SPDX-License-Identifier: MIT */
/*
 * Carries out a plan of plan.c: erase, write, verify, in an order that never leaves something in
 * flash that looks like a whole application and is not.
 *
 * F1 The sector with the image's first word is erased before any other sector is changed.
 * F2 The image's first word (the stack pointer of its vector table) is written after everything
 * else has been written and, unless the caller wants no verification, verified. F3 Each sector is
 * erased at most once.
 */
#include <string.h>

#include "flash_compare.h"
#include "image_part.h"
#include "memory_map.h"
#include "protocol.h"
#include "reserved.h"
#include "stream_host.h"

struct job {
    struct ararext_session *s;
    const struct ararext_image *image;
    const struct ararext_plan *plan; /* NULL when only verifying */
    const struct ararext_flash_options *options;
    struct ararext_flash_result *result;
    uint32_t done, total; /* of the phase */
    bool whole;           /* a stream has written the image's first word, too */
};

enum { READ_TRIES = 3 };

static const struct ararext_flash_options DEFAULTS;

static uint64_t now(const struct job *j)
{
    return j->s->transport.now_ms(j->s->transport.ctx);
}

static void advance(struct job *j, uint32_t bytes)
{
    j->done += bytes;
    if (j->options->progress != NULL) {
        j->options->progress(j->options->ctx, j->result->phase, j->done, j->total);
    }
}

static void begin(struct job *j, enum ararext_phase phase, uint32_t total)
{
    j->result->phase = phase;
    j->done = 0;
    j->total = total;
    advance(j, 0);
}

/* ---- what the board may have done ---- */

/* A refusal comes before anything is changed, unless it says that the flash controller failed. */
static bool refused_unchanged(const struct ararext_failure *f)
{
    bool tried = f->reason == REASON_VERIFY || f->reason == REASON_FLASH_ERROR ||
                 f->reason == REASON_FLASH_TIMEOUT;
    /* Of several attempts an earlier one, whose answer got lost, may have been carried out. */
    return f->attempts == 1 && f->has_reason && !tried;
}

/* Notes what a request that changes flash has done; decisive: to the image's first word. */
static int note_change(struct job *j, uint64_t frames_before, bool decisive, int rc)
{
    bool sent = j->s->counters.frames != frames_before;
    bool clean = rc == ARAREXT_ERR_REFUSED && refused_unchanged(&j->s->failure);
    if (sent && !clean) {
        j->result->touched = true;
        j->result->unknown = decisive && rc != ARAREXT_OK;
    }
    return rc;
}

static int change_erase(struct job *j, uint8_t sector, bool decisive)
{
    uint64_t before = j->s->counters.frames;
    return note_change(j, before, decisive, ararext_erase(j->s, sector, 1));
}

static int change_write(struct job *j, const struct chunk *chunk, bool decisive)
{
    uint64_t before = j->s->counters.frames;
    int rc =
        note_change(j, before, decisive, ararext_write(j->s, chunk->addr, chunk->data, chunk->len));
    if (rc == ARAREXT_OK) {
        j->result->bytes_written += (uint32_t)chunk->len;
    }
    return rc;
}

/* ---- erase ---- */

static int erase_sector(struct job *j, size_t i)
{
    uint8_t sector = j->plan->sectors[i].sector;
    if (j->plan->sectors[i].action != ARAREXT_ERASE) {
        return ARAREXT_OK;
    }
    int rc = change_erase(j, sector, i == 0);
    if (rc == ARAREXT_OK) {
        j->result->sectors_erased++;
        advance(j, j->s->info.sectors[sector].size);
    }
    return rc;
}

/* The plan's first sector has the image's first word: F1 is the order of the list. */
static int erase_all(struct job *j)
{
    uint64_t start = now(j);
    begin(j, ARAREXT_PHASE_ERASE, j->plan->erase_bytes);
    int rc = ARAREXT_OK;
    for (size_t i = 0; rc == ARAREXT_OK && i < j->plan->count; i++) {
        rc = erase_sector(j, i);
    }
    j->result->erase_ms = now(j) - start;
    return rc;
}

/* ---- write ---- */

static int write_between(struct job *j, uint32_t from, uint32_t limit)
{
    struct chunk chunk;
    for (uint32_t at = from; chunk_next(j->image, at, limit, &chunk);
         at = chunk.addr + (uint32_t)chunk.len) {
        int rc = change_write(j, &chunk, false);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        advance(j, (uint32_t)chunk.len);
    }
    return ARAREXT_OK;
}

/* The first sector of the plan comes last, without the image's first word. */
static int write_all_but_first_word(struct job *j)
{
    uint64_t start = now(j);
    struct chunk first;
    uint32_t word = image_first_word(j->image);
    bool later = chunk_next(j->image, word, word + FIRST_WORD_SIZE, &first);
    begin(j, ARAREXT_PHASE_WRITE, j->plan->write_bytes - (later ? FIRST_WORD_SIZE : 0));
    int rc = ARAREXT_OK;
    for (size_t i = 1; rc == ARAREXT_OK && i <= j->plan->count; i++) {
        size_t index = i % j->plan->count;
        const struct ararext_sector *sector = &j->s->info.sectors[j->plan->sectors[index].sector];
        uint32_t from = index == 0 ? word + FIRST_WORD_SIZE : sector->addr;
        if (j->plan->sectors[index].action != ARAREXT_KEEP) {
            rc = write_between(j, from, sector->addr + sector->size);
        }
    }
    j->result->write_ms = now(j) - start;
    return rc;
}

/* ---- verify ---- */

static int differs(struct job *j, uint32_t addr, uint8_t want, uint8_t got)
{
    j->result->bad_addr = addr;
    j->result->bad_want = want;
    j->result->bad_got = got;
    j->s->failure = (struct ararext_failure){.code = ARAREXT_ERR_VERIFY};
    return ARAREXT_ERR_VERIFY;
}

static int verify_by_reading(struct job *j, const struct range *r)
{
    uint8_t got[ARAREXT_READ_MAX];
    for (uint32_t at = 0; at < r->len;) {
        uint32_t len = r->len - at < sizeof got ? r->len - at : (uint32_t)sizeof got;
        int rc = ararext_read(j->s, r->addr + at, got, len);
        if (rc == ARAREXT_OK && memcmp(got, r->data + at, len) != 0) {
            rc = session_read_twice(j->s, r->addr + at, got, len); /* the line, or flash? */
        }
        if (rc != ARAREXT_OK) {
            return rc;
        }
        for (uint32_t i = 0; i < len; i++) {
            if (got[i] != r->data[at + i]) {
                return differs(j, r->addr + at + i, r->data[at + i], got[i]);
            }
        }
        at += len;
        j->result->bytes_verified += len;
        advance(j, len);
    }
    return ARAREXT_OK;
}

static int verify_by_crc(struct job *j, const struct range *r)
{
    for (uint32_t at = 0; at < r->len; at += CRC_STEP) {
        uint32_t len = r->len - at < CRC_STEP ? r->len - at : CRC_STEP;
        uint32_t crc = 0;
        int rc = ararext_get_crc(j->s, r->addr + at, len, &crc);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        if (crc != ararext_crc(0xFFFFFFFFu, r->data + at, len)) {
            struct range part = {.addr = r->addr + at, .len = len, .data = r->data + at};
            rc = verify_by_reading(j, &part); /* where? */
            return rc != ARAREXT_OK ? rc : differs(j, part.addr, part.data[0], part.data[0]);
        }
        j->result->bytes_verified += len;
        advance(j, len);
    }
    return ARAREXT_OK;
}

/* All of the image in [from, limit). */
static int verify_between(struct job *j, uint32_t from, uint32_t limit)
{
    bool by_crc =
        j->options->verify != ARAREXT_VERIFY_READ && session_has(j->s, ARAREXT_FEATURE_MEM_CRC);
    int rc = ARAREXT_OK;
    for (size_t i = 0; rc == ARAREXT_OK && i < ararext_image_segment_count(j->image); i++) {
        struct range r = image_clip(j->image, i, from, limit);
        if (r.len > 0) {
            rc = by_crc ? verify_by_crc(j, &r) : verify_by_reading(j, &r);
        }
    }
    return rc;
}

/* ---- by streams ---- */

static struct stream_flash streams(const struct job *j)
{
    return (struct stream_flash){j->s, j->image, j->plan, j->options, j->result};
}

/* What was kept has shown its digest in the plan already. */
static bool streams_verify(const struct job *j)
{
    return j->plan->stream && j->result->touched && j->options->verify == ARAREXT_VERIFY_AUTO;
}

/* A digest differs: where? */
static int find_difference(struct job *j)
{
    int rc = verify_between(j, image_first_word(j->image) + FIRST_WORD_SIZE, UINT32_MAX);
    struct range first = image_clip(j->image, 0, 0, UINT32_MAX);
    return rc != ARAREXT_OK ? rc : differs(j, first.addr, first.data[0], first.data[0]);
}

static int write_streams(struct job *j)
{
    const struct stream_flash f = streams(j);
    uint64_t start = now(j);
    begin(j, ARAREXT_PHASE_WRITE, j->plan->write_bytes);
    int rc = stream_flash_write(&f, &j->whole);
    j->result->write_ms = now(j) - start;
    return rc == ARAREXT_ERR_VERIFY ? find_difference(j) : rc;
}

static int verify_all_but_first_word(struct job *j)
{
    uint32_t word = image_first_word(j->image) + FIRST_WORD_SIZE;
    if (j->options->verify == ARAREXT_VERIFY_NONE || streams_verify(j)) {
        return ARAREXT_OK;
    }
    uint64_t start = now(j);
    begin(j, ARAREXT_PHASE_VERIFY, ararext_image_size(j->image));
    int rc = verify_between(j, word, UINT32_MAX);
    j->result->verify_ms = now(j) - start;
    return rc;
}

/* F2: now everything else is in place. */
static int write_first_word(struct job *j)
{
    uint32_t first = image_first_word(j->image);
    struct chunk chunk;
    if (!chunk_next(j->image, first, first + FIRST_WORD_SIZE, &chunk)) {
        return ARAREXT_OK; /* it is to stay erased */
    }
    uint32_t before = j->result->bytes_written;
    int rc = change_write(j, &chunk, true);
    if (j->plan->stream) { /* counted as the FF that stood in for it */
        j->result->bytes_written = before;
    }
    return rc;
}

static int verify_first_word(struct job *j)
{
    uint32_t first = image_first_word(j->image);
    bool seen = streams_verify(j); /* the board has read back what MEM_WRITE wrote */
    return j->options->verify == ARAREXT_VERIFY_NONE || seen
               ? ARAREXT_OK
               : verify_between(j, first, first + FIRST_WORD_SIZE);
}

static int change(struct job *j)
{
    if (j->plan->stream) {
        return write_streams(j);
    }
    int rc = erase_all(j);
    return rc == ARAREXT_OK ? write_all_but_first_word(j) : rc;
}

int ararext_flash_run(struct ararext_session *s, const struct ararext_image *image,
                      const struct ararext_plan *plan, const struct ararext_flash_options *options,
                      struct ararext_flash_result *result)
{
    struct job j = {
        .s = s,
        .image = image,
        .plan = plan,
        .options = options != NULL ? options : &DEFAULTS,
        .result = result,
    };
    *result = (struct ararext_flash_result){0};
    if (!s->has_info || plan->count == 0 || !NOTHING_RESERVED_IF_ANY(options)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    bool changes = plan->sectors[0].action != ARAREXT_KEEP;
    result->bootable = !changes;
    int rc = changes ? change(&j) : ARAREXT_OK;
    if (rc == ARAREXT_OK) {
        rc = verify_all_but_first_word(&j);
    }
    if (rc == ARAREXT_OK && changes) {
        rc = j.whole ? ARAREXT_OK : write_first_word(&j);
        result->bootable = rc == ARAREXT_OK;
    }
    if (rc == ARAREXT_OK) {
        rc = verify_first_word(&j);
    }
    if (rc == ARAREXT_OK) {
        result->phase = ARAREXT_PHASE_DONE;
    }
    return rc;
}

int ararext_flash_verify(struct ararext_session *s, const struct ararext_image *image,
                         const struct ararext_flash_options *options,
                         struct ararext_flash_result *result)
{
    struct job j = {
        .s = s,
        .image = image,
        .options = options != NULL ? options : &DEFAULTS,
        .result = result,
    };
    *result = (struct ararext_flash_result){0};
    if (!NOTHING_RESERVED_IF_ANY(options)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    uint64_t start = now(&j);
    begin(&j, ARAREXT_PHASE_VERIFY, ararext_image_size(image));
    int rc = verify_between(&j, 0, UINT32_MAX);
    result->verify_ms = now(&j) - start;
    if (rc == ARAREXT_OK) {
        result->phase = ARAREXT_PHASE_DONE;
    }
    return rc;
}

/* ---- ranges of any length ---- */

static void tell(const struct ararext_flash_options *o, enum ararext_phase phase, size_t done,
                 size_t total)
{
    if (o != NULL && o->progress != NULL) {
        o->progress(o->ctx, phase, (uint32_t)done, (uint32_t)total);
    }
}

/* Whether the bytes there stay as they are, so that they can be asked for again. */
static bool is_at_rest(const struct ararext_session *s, uint32_t addr)
{
    return !s->has_info || addr < MAP_SRAM_BASE || addr >= s->info.sram_base;
}

static int read_once(struct ararext_session *s, const struct ararext_flash_options *options,
                     uint32_t addr, uint8_t *data, size_t len)
{
    bool by_crc = session_has(s, ARAREXT_FEATURE_MEM_CRC);
    for (size_t at = 0; at < len;) {
        size_t n = len - at < ARAREXT_READ_MAX ? len - at : ARAREXT_READ_MAX;
        uint32_t from = addr + (uint32_t)at;
        tell(options, ARAREXT_PHASE_VERIFY, at, len);
        int rc = by_crc || !is_at_rest(s, from) ? ararext_read(s, from, data + at, n)
                                                : session_read_twice(s, from, data + at, n);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        at += n;
    }
    tell(options, ARAREXT_PHASE_VERIFY, len, len);
    return ARAREXT_OK;
}

int ararext_read_range(struct ararext_session *s, const struct ararext_flash_options *options,
                       uint32_t addr, uint8_t *data, size_t len)
{
    uint8_t last = 0;
    if (!NOTHING_RESERVED_IF_ANY(options)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    if (len > ARAREXT_READ_MAX) { /* what is beyond the part is refused before the first byte */
        int rc = addr + (uint64_t)len - 1 <= UINT32_MAX
                     ? ararext_read(s, addr + (uint32_t)len - 1, &last, 1)
                     : ARAREXT_ERR_ARGUMENT;
        if (rc != ARAREXT_OK) {
            return rc;
        }
    }
    /* Where answers have no check of their own, a CRC over all of it is one. */
    bool compare = !s->checked && session_has(s, ARAREXT_FEATURE_MEM_CRC) && is_at_rest(s, addr);
    for (unsigned i = 0; i < READ_TRIES; i++) {
        struct range all = {.addr = addr, .len = (uint32_t)len, .data = data};
        bool holds = true;
        int rc = read_once(s, options, addr, data, len);
        if (rc == ARAREXT_OK && compare) {
            rc = flash_range_holds(s, &all, &holds);
        }
        if (rc != ARAREXT_OK || holds) {
            return rc;
        }
    }
    s->failure = (struct ararext_failure){.code = ARAREXT_ERR_GARBLED};
    return ARAREXT_ERR_GARBLED;
}

int ararext_write_range(struct ararext_session *s, const struct ararext_flash_options *options,
                        uint32_t addr, const uint8_t *data, size_t len)
{
    if (!NOTHING_RESERVED_IF_ANY(options)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    for (size_t at = 0; at < len;) {
        /* Whole words from the second frame on: the board programs them as such. */
        size_t room = CHUNK_MAX - ((addr + at) & 3u);
        size_t n = len - at < room ? len - at : room;
        tell(options, ARAREXT_PHASE_WRITE, at, len);
        int rc = ararext_write(s, addr + (uint32_t)at, data + at, n);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        at += n;
    }
    tell(options, ARAREXT_PHASE_WRITE, len, len);
    return ARAREXT_OK;
}

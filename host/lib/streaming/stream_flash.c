/* SPDX-License-Identifier: MIT */
/*
 * The flash operation by streams: which sectors change is found out by digests, what changes goes
 * in runs of neighbouring sectors, plain or compressed, and is verified by digests of what flash
 * holds. The rules F1 to F3 of flash.c hold here, too: the first run begins with the sector of the
 * image's first word. That word is held back by the board until all else is there and right; where
 * there are more runs, it is FF in the stream and written by flash.c in the end.
 */
#include "stream_host.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "crc.h"
#include "flash_compare.h"
#include "image_part.h"
#include "package_internal.h"
#include "command_stream.h"

enum {
    /* DS8626, typical times at 2.7 to 3.6 V. */
    ERASE_16K_MS = 250,
    ERASE_64K_MS = 550,
    ERASE_128K_MS = 1000,
    WORD_US = 16,
    /* Unpacking, on the board: a guess on the safe side. It does not go on while flash is busy. */
    UNPACK_NS = 1500, /* a byte of content */
};

int session_digests(struct ararext_session *s, uint8_t first, uint8_t count, uint32_t *digests)
{
    uint8_t payload[DIGESTS_SIZE] = {first, count}, data[4 * DIGESTS_MAX];
    if (count > DIGESTS_MAX) {
        return ARAREXT_ERR_ARGUMENT;
    }
    struct call call = {.command = COMMAND_DIGESTS,
                        .payload = payload,
                        .payload_len = sizeof payload,
                        .data = data,
                        .data_min = 4u * count,
                        .data_max = 4u * count,
                        .extension = true};
    int rc = session_call(s, &call);
    for (unsigned i = 0; rc == ARAREXT_OK && i < count; i++) {
        digests[i] = load_le32(data + 4u * i);
    }
    return rc;
}

/* ---- the plan ---- */

/* The sector as it should be, FF where the image has nothing. */
static int wanted_digest(const struct ararext_image *image, const struct ararext_sector *sector,
                         uint32_t *digest)
{
    uint8_t *bytes = malloc(sector->size);
    if (bytes == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    ararext_image_get(image, sector->addr, bytes, sector->size);
    *digest = stream_crc(CRC_START, bytes, sector->size / 4u);
    free(bytes);
    return ARAREXT_OK;
}

/* A sector that the image fills in part may hold something else in its rest: that stays, if the
 * image's part is there. Not asked where every other sector differs: a new image. */
static int look_closer(struct ararext_session *s, const struct ararext_image *image,
                       struct ararext_plan *plan)
{
    bool any_kept = plan->count == 1;
    int rc = ARAREXT_OK;
    for (size_t i = 0; i < plan->count; i++) {
        any_kept = any_kept || plan->sectors[i].action == ARAREXT_KEEP;
    }
    for (size_t i = 0; any_kept && rc == ARAREXT_OK && i < plan->count; i++) {
        const struct ararext_sector *sector = &s->info.sectors[plan->sectors[i].sector];
        bool holds = false;
        if (plan->sectors[i].action == ARAREXT_KEEP ||
            plan->sectors[i].image_bytes == sector->size) {
            continue;
        }
        rc = flash_sector_holds(s, image, sector, &holds);
        if (rc == ARAREXT_OK && holds) {
            plan->sectors[i].action = ARAREXT_KEEP;
        }
    }
    return rc;
}

int stream_compare(struct ararext_session *s, const struct ararext_image *image,
                   struct ararext_plan *plan)
{
    uint32_t digests[DIGESTS_MAX] = {0};
    unsigned first = plan->sectors[0].sector;
    unsigned count = plan->sectors[plan->count - 1].sector - first + 1u;
    if (count > DIGESTS_MAX) {
        return ARAREXT_ERR_ARGUMENT; /* no part that we know has so many */
    }
    int rc = session_digests(s, (uint8_t)first, (uint8_t)count, digests);
    for (size_t i = 0; rc == ARAREXT_OK && i < plan->count; i++) {
        unsigned sector = plan->sectors[i].sector;
        uint32_t wanted = 0;
        rc = wanted_digest(image, &s->info.sectors[sector], &wanted);
        plan->sectors[i].action =
            rc == ARAREXT_OK && wanted == digests[sector - first] ? ARAREXT_KEEP : ARAREXT_ERASE;
    }
    return rc == ARAREXT_OK ? look_closer(s, image, plan) : rc;
}

/* ---- runs: neighbouring sectors that change ---- */

struct run {
    size_t first, count; /* sectors of the plan */
    uint32_t addr, len;  /* content, to the image's last byte in it, whole words */
};

/* The first run from plan sector i on; count 0 if there is none. */
static struct run next_run(const struct ararext_info *info, const struct ararext_image *image,
                           const struct ararext_plan *plan, size_t i)
{
    struct run r = {0};
    while (i < plan->count && plan->sectors[i].action == ARAREXT_KEEP) {
        i++;
    }
    r.first = i;
    for (; i < plan->count && plan->sectors[i].action != ARAREXT_KEEP &&
           (r.count == 0 || plan->sectors[i].sector == plan->sectors[i - 1].sector + 1);
         i++) {
        r.count++;
    }
    if (r.count > 0) {
        const struct ararext_sector *last = &info->sectors[plan->sectors[i - 1].sector];
        r.addr = info->sectors[plan->sectors[r.first].sector].addr;
        for (size_t k = 0; k < ararext_image_segment_count(image); k++) {
            struct range part = image_clip(image, k, r.addr, last->addr + last->size);
            r.len = part.len > 0 ? (part.addr + part.len - r.addr + 3u) & ~3u : r.len;
        }
    }
    return r;
}

uint32_t stream_count_bytes(const struct ararext_info *info, const struct ararext_image *image,
                            const struct ararext_plan *plan)
{
    uint32_t sum = 0;
    for (struct run r = next_run(info, image, plan, 0); r.count > 0;
         r = next_run(info, image, plan, r.first + r.count)) {
        sum += r.len;
    }
    return sum;
}

/* Whether the board can write the image's first word when all else is there and right: one run, and
 * it begins with that word. Reading everything back comes before it, too (flash.c, F2). */
static bool holds_back(const struct stream_flash *f, const struct run *r)
{
    return r->addr == image_first_word(f->image) && f->options->verify != ARAREXT_VERIFY_READ &&
           next_run(&f->s->info, f->image, f->plan, r->first + r->count).count == 0;
}

/* What the run puts into flash. Freed by the caller; NULL when there is no memory. */
static uint8_t *make_content(const struct stream_flash *f, const struct run *r)
{
    assert(r->len > 0); /* a sector of the plan has something of the image */
    uint8_t *content = malloc(r->len);
    if (content != NULL) {
        ararext_image_get(f->image, r->addr, content, r->len);
    }
    return content;
}

/* Digests; the image's first word is left out, here, or by the board until these fit. */
static void describe_content(const struct stream_flash *f, const struct run *r, uint8_t *content,
                             struct stream_job *job)
{
    uint32_t word = image_first_word(f->image) - r->addr;
    bool held = holds_back(f, r);
    uint8_t first[FIRST_WORD_SIZE] = {0};
    if (word < r->len) {
        memcpy(first, content + word, FIRST_WORD_SIZE);
        memset(content + word, 0xFF, FIRST_WORD_SIZE);
    }
    job->wanted = stream_crc(CRC_START, content, r->len / 4u);
    if (held) {
        memcpy(content, first, FIRST_WORD_SIZE);
        job->flags |= STREAM_FLAG_HOLD;
    }
    job->crc = ararext_crc(CRC_START, content, r->len);
}

/* ---- plain or packed ---- */

static uint64_t line_us(const struct ararext_session *s, uint64_t bytes)
{
    return bytes * 10000000u / s->baud;
}

static uint64_t flash_us(const struct ararext_info *info, const struct ararext_plan *plan,
                         const struct run *r)
{
    uint64_t us = (uint64_t)r->len / 4u * WORD_US;
    for (size_t i = 0; i < r->count; i++) {
        uint32_t size = info->sectors[plan->sectors[r->first + i].sector].size;
        us += 1000u * (uint64_t)(size <= 0x4000    ? ERASE_16K_MS
                                 : size <= 0x10000 ? ERASE_64K_MS
                                                   : ERASE_128K_MS);
    }
    return us;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Packs the content if that makes the transfer shorter; *packed stays NULL if not. Freed by the
 * caller. */
static int pack(const struct stream_flash *f, const struct run *r, const uint8_t *content,
                uint8_t **packed, struct stream_job *job)
{
    uint64_t flash = flash_us(&f->s->info, f->plan, r);
    uint64_t plain = larger(line_us(f->s, r->len), flash);
    uint64_t unpack = (uint64_t)r->len * UNPACK_NS / 1000u;
    enum ararext_packing packing = ARAREXT_PLAIN;
    size_t len = 0;
    *packed = NULL;
    if (f->options->no_compress || r->len > ARAREXT_CONTENT_MAX || plain < flash + unpack) {
        return ARAREXT_OK;
    }
    int rc = payload_compress_quickly(content, r->len, packed, &len, &packing);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (larger(line_us(f->s, len), flash + unpack) >= plain) {
        free(*packed);
        *packed = NULL;
        return ARAREXT_OK;
    }
    job->data = *packed;
    job->size = (uint32_t)len;
    job->content = r->len;
    job->flags |=
        packing == ARAREXT_LZMA2_THUMB ? STREAM_PACKED | STREAM_FLAG_THUMB : STREAM_PACKED;
    return ARAREXT_OK;
}

/* ---- verifying ---- */

/* Compares the run with the digest that the board sent when it was complete, or asks for it. */
static int verify_run(const struct stream_flash *f, const struct run *r,
                      const struct stream_job *job)
{
    bool holds = job->has_digest && job->digest == job->wanted;
    /* The answer to MEM_CRC has no check of its own: what differs is asked for once more. */
    for (unsigned i = 0; !holds && i < 2; i++) {
        uint32_t crc = 0;
        int rc = ararext_get_crc(f->s, r->addr, r->len, &crc);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        holds = crc == job->crc;
    }
    f->result->bytes_verified += holds ? r->len : 0;
    return holds ? ARAREXT_OK : ARAREXT_ERR_VERIFY;
}

/* ---- writing ---- */

struct tally {
    const struct stream_flash *f;
    uint32_t before; /* bytes of earlier runs */
};

static void show(void *ctx, uint32_t written)
{
    const struct tally *t = ctx;
    const struct ararext_flash_options *o = t->f->options;
    t->f->result->bytes_written = t->before + written;
    if (o->progress != NULL) {
        o->progress(o->ctx, ARAREXT_PHASE_WRITE, t->before + written, t->f->plan->write_bytes);
    }
}

/* Sectors that may have been erased when so many bytes of the run had been written: the first one
 * goes as soon as the stream is open, any other once there is content in the one before. */
static uint32_t count_erased(const struct stream_flash *f, const struct run *r, uint32_t written)
{
    uint32_t count = 1;
    for (size_t i = 1; i < r->count; i++) {
        uint32_t before = f->s->info.sectors[f->plan->sectors[r->first + i - 1].sector].addr;
        count += before - r->addr < written;
    }
    return count;
}

/* The last word on a stream got lost when it may have been complete: is the image bootable? */
static bool may_be_whole(const struct stream_job *job, int rc)
{
    return (job->flags & STREAM_FLAG_HOLD) != 0 && job->all_sent && rc != ARAREXT_OK &&
           rc != ARAREXT_ERR_REFUSED && rc != ARAREXT_ERR_INTERRUPTED;
}

static int send_run(const struct stream_flash *f, const struct run *r, bool *whole)
{
    struct tally tally = {f, f->result->bytes_written};
    uint64_t frames_before = f->s->counters.frames;
    uint8_t *content = make_content(f, r), *packed = NULL;
    struct stream_job job = {.data = content,
                             .size = r->len,
                             .addr = r->addr,
                             .len = r->len,
                             .flags = STREAM_PLAIN,
                             .sector = f->plan->sectors[r->first].sector,
                             .progress = show,
                             .ctx = &tally};
    if (content == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    describe_content(f, r, content, &job);
    int rc = pack(f, r, content, &packed, &job);
    if (rc == ARAREXT_OK) {
        rc = stream_send(f->s, &job);
        bool sent = f->s->counters.frames != frames_before;
        bool refused = rc == ARAREXT_ERR_REFUSED && !job.begun;
        f->result->touched = f->result->touched || (sent && !refused);
        f->result->unknown =
            f->result->unknown ||
            (rc != ARAREXT_OK && sent && !refused && !job.begun && r->first == 0) ||
            may_be_whole(&job, rc);
        *whole = rc == ARAREXT_OK && (job.flags & STREAM_FLAG_HOLD) != 0;
        f->result->packed = f->result->packed || packed != NULL;
        f->result->stream_bytes += rc == ARAREXT_OK ? job.size : 0;
        f->result->resent_bytes += job.resent;
    }
    if (rc == ARAREXT_OK) {
        show(&tally, r->len);
        rc = f->options->verify == ARAREXT_VERIFY_AUTO ? verify_run(f, r, &job) : rc;
    }
    f->result->sectors_erased +=
        job.begun ? count_erased(f, r, f->result->bytes_written - tally.before) : 0;
    free(packed);
    free(content);
    return rc;
}

int stream_flash_write(const struct stream_flash *f, bool *whole)
{
    const struct ararext_info *info = &f->s->info;
    int rc = ARAREXT_OK;
    for (struct run r = next_run(info, f->image, f->plan, 0); rc == ARAREXT_OK && r.count > 0;
         r = next_run(info, f->image, f->plan, r.first + r.count)) {
        rc = send_run(f, &r, whole);
    }
    return rc;
}

/* SPDX-License-Identifier: MIT */
/* The line between a session and the model chip. */
#include "model_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { US_PER_BYTE = 87 }; /* 115200 baud */

uint32_t model_link_random(struct model_link *link, uint32_t below)
{
    link->seed = link->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(link->seed >> 33) % below;
}

/* A bit flips, or a byte goes missing. Returns the new length. */
static size_t damage(struct model_link *link, uint8_t *bytes, size_t len)
{
    size_t at = model_link_random(link, (uint32_t)len);
    link->damaged++;
    if (model_link_random(link, 2) == 0) {
        bytes[at] ^= (uint8_t)(1u << model_link_random(link, 8));
        return len;
    }
    memmove(bytes + at, bytes + at + 1, len - at - 1);
    return len - 1;
}

static int link_write(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    struct model_link *link = ctx;
    uint8_t frame[ARAREXT_FRAME_MAX];
    (void)timeout_ms;
    assert_in_range(len, 6, sizeof frame);
    memcpy(frame, data, len);
    link->lose_answer = false;
    link->lose_request = false;
    if (link->before != NULL) {
        uint8_t seen[ARAREXT_FRAME_MAX];
        memcpy(seen, frame, len);
        seen[1] &= 0x7F; /* whatever the host wants behind the answer */
        link->before(link, seen, len);
    }
    link->requests[frame[1] & 0x7F]++;
    link->checked += frame[1] >> 7;
    link->model->sent_len = 0;
    link->taken = 0;
    link->answer_lost = link->lose_answer;
    if (link->damage_every != 0 && model_link_random(link, link->damage_every) == 0) {
        if (model_link_random(link, 3) == 0) {
            link->answer_lost = true;
            link->lost++;
        } else {
            len = damage(link, frame, len);
        }
    }
    if (link->refuse_checked && (frame[1] & 0x80) != 0) {
        link->model->sent[0] = 0x7F;
        link->model->sent_len = 1;
    } else if (!link->lose_request) {
        model_feed(link->model, frame, len, US_PER_BYTE);
    }
    if (link->on_answer != NULL && link->model->sent_len > 0) {
        link->on_answer(link, link->model->sent, link->model->sent_len);
    }
    return ARAREXT_OK;
}

static int link_read(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    struct model_link *link = ctx;
    struct model *m = link->model;
    *got = 0;
    for (unsigned i = 0; i <= timeout_ms; i++) {
        if (link->answer_lost) {
            m->sent_len = 0;
        }
        size_t there = m->sent_len - link->taken;
        if (there > 0) {
            *got = there < size ? there : size;
            memcpy(data, m->sent + link->taken, *got);
            link->taken += *got;
            return ARAREXT_OK;
        }
        if (i < timeout_ms) {
            model_wait_ms(m, 1);
        }
    }
    return ARAREXT_OK;
}

static int link_flush(void *ctx)
{
    struct model_link *link = ctx;
    link->model->sent_len = 0;
    link->taken = 0;
    return ARAREXT_OK;
}

static int link_set_baud(void *ctx, uint32_t baud)
{
    (void)ctx;
    return baud == 115200 ? ARAREXT_OK : ARAREXT_ERR_ARGUMENT;
}

static int link_drain(void *ctx)
{
    (void)ctx;
    return ARAREXT_OK;
}

static uint64_t link_now(void *ctx)
{
    return ((struct model_link *)ctx)->model->now_us / 1000;
}

static void link_sleep(void *ctx, unsigned ms)
{
    model_wait_ms(((struct model_link *)ctx)->model, ms);
}

static void link_close(void *ctx)
{
    (void)ctx;
}

void model_link_make(struct model_link *link, struct model *model)
{
    *link = (struct model_link){.model = model, .seed = 1};
    link->transport = (struct ararext_transport){
        .ctx = link,
        .write = link_write,
        .read = link_read,
        .set_baud = link_set_baud,
        .flush_input = link_flush,
        .drain = link_drain,
        .now_ms = link_now,
        .sleep_ms = link_sleep,
        .close = link_close,
    };
}

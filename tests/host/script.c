/* SPDX-License-Identifier: MIT */
/* The script's transport. */
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "crc.h"

size_t unhex(const char *hex, uint8_t *out, size_t size)
{
    size_t n = 0;
    for (const char *p = hex; *p != '\0';) {
        if (*p == ' ') {
            p++;
            continue;
        }
        char pair[3] = {p[0], p[1], '\0'};
        assert_true(n < size);
        out[n++] = (uint8_t)strtoul(pair, NULL, 16);
        p += 2;
    }
    return n;
}

const char *request(uint8_t command, const char *payload)
{
    static char texts[16][3 * 260 + 1];
    static unsigned turn;
    uint8_t frame[260];
    size_t n = unhex(payload, frame + 2, 254);
    frame[0] = (uint8_t)(1 + n);
    frame[1] = command;
    store_le32(frame + 2 + n, crc_update(CRC_START, frame, 2 + n));
    char *text = texts[turn++ % 16];
    for (size_t i = 0; i < n + 6; i++) {
        sprintf(text + 3 * i, "%02X ", frame[i]);
    }
    return text;
}

void script_push(struct script *s, const char *hex, unsigned delay_ms, unsigned gap_ms)
{
    uint8_t bytes[512];
    size_t n = unhex(hex, bytes, sizeof bytes);
    for (size_t i = 0; i < n; i++) {
        assert_true(s->in_to < sizeof s->incoming);
        s->incoming[s->in_to] = bytes[i];
        s->due_ms[s->in_to++] = s->now_ms + delay_ms + i * gap_ms;
    }
}

static int script_write(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    struct script *s = ctx;
    uint8_t want[512];
    assert_true(timeout_ms > 0);
    if (s->fail_write) {
        return ARAREXT_ERR_IO;
    }
    assert_true(s->next < 64);
    s->sent_at_ms[s->next] = s->now_ms;
    if (s->next >= s->count) {
        s->wrong++;
        return ARAREXT_OK;
    }
    const struct exchange *e = &s->steps[s->next++];
    if (e->sent != NULL) {
        size_t n = unhex(e->sent, want, sizeof want);
        if (n != len || memcmp(want, data, len) != 0) {
            print_message("request %zu: got %02X %02X ... (%zu bytes), expected %s\n", s->next,
                          data[0], data[1], len, e->sent);
            s->wrong++;
        }
    }
    if (e->broken) {
        s->fail_write = true;
        return ARAREXT_ERR_IO;
    }
    script_push(s, e->answer, e->delay_ms, e->gap_ms);
    return ARAREXT_OK;
}

static int script_read(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    struct script *s = ctx;
    uint64_t until = s->now_ms + timeout_ms;
    *got = 0;
    assert_true(size > 0);
    if (s->in_from < s->in_to && s->due_ms[s->in_from] <= until) {
        s->now_ms = s->due_ms[s->in_from] > s->now_ms ? s->due_ms[s->in_from] : s->now_ms;
        while (*got < size && s->in_from < s->in_to && s->due_ms[s->in_from] <= s->now_ms) {
            data[(*got)++] = s->incoming[s->in_from++];
        }
        return ARAREXT_OK;
    }
    s->now_ms = until;
    return ARAREXT_OK;
}

static int script_flush(void *ctx)
{
    struct script *s = ctx;
    s->flushes++;
    while (s->in_from < s->in_to && s->due_ms[s->in_from] <= s->now_ms) {
        s->in_from++;
    }
    return ARAREXT_OK;
}

static int script_set_baud(void *ctx, uint32_t baud)
{
    (void)ctx;
    (void)baud;
    return ARAREXT_OK;
}

static int script_drain(void *ctx)
{
    (void)ctx;
    return ARAREXT_OK;
}

static uint64_t script_now(void *ctx)
{
    return ((struct script *)ctx)->now_ms;
}

static void script_sleep(void *ctx, unsigned ms)
{
    ((struct script *)ctx)->now_ms += ms;
}

static void script_close_port(void *ctx)
{
    ((struct script *)ctx)->closes++;
}

void script_open(struct script *s, const struct exchange *steps, size_t count,
                 const struct ararext_options *options)
{
    *s = (struct script){.steps = steps, .count = count, .now_ms = 1000};
    s->transport = (struct ararext_transport){
        .ctx = s,
        .write = script_write,
        .read = script_read,
        .set_baud = script_set_baud,
        .flush_input = script_flush,
        .drain = script_drain,
        .now_ms = script_now,
        .sleep_ms = script_sleep,
        .close = script_close_port,
    };
    assert_int_equal(ararext_open(&s->session, &s->transport, options), ARAREXT_OK);
}

void script_close(struct script *s)
{
    ararext_close(s->session);
    assert_int_equal(s->closes, 1);
    assert_int_equal(s->wrong, 0);
    assert_int_equal(s->next, s->count);
}

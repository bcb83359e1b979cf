/* SPDX-License-Identifier: MIT */
/*
 * Stream mode. The DMA fills the ring, the engine takes frames out of it and programs; this moves
 * the statuses out. The loop polls while bytes come and sleeps between milliseconds when none do.
 */
#include "stream_mode.h"

#include "baud.h"
#include "led.h"
#include "link.h"
#include "log.h"
#include "memory_map.h"
#include "serial.h"
#include "stm32f407.h"
#include "stream.h"
#include "timer.h"
#include "turn.h"

/* Polls and closes are not counted by a host: 20 s of them. */
#define WINDOW(ring) (LINK_RING_END - (ring)-1024u)

_Static_assert(LINK_UNPACK_BASE == MAP_FREE_SRAM_BASE, "unpacker");
_Static_assert(LINK_RING_BASE == MAP_FREE_SRAM_BASE, "ring");
_Static_assert(LINK_PACKED_RING_BASE >= LINK_UNPACK_BASE + LINK_UNPACK_SIZE, "unpacker and ring");
_Static_assert(LINK_RING_END <= LINK_SERVING_BASE, "ring and code");

static struct {
    struct stream stream;
    struct stream_hw hw;
    struct loader_stream service;
    struct baud baud;
    bool wide;
    uint8_t status[STREAM_STATUS_SIZE]; /* the last one, on its way out */
} stream_mode;

void stream_mode_start(struct loader *l, const struct serial_rate *rate)
{
    stream_mode.hw.flash = l->update->flash;
    stream_mode.hw.memory = l->update->memory;
    stream_mode.hw.dictionary = l->update->dictionary;
    stream_mode.hw.stage = loader_stage;
    stream_mode.hw.stage_ctx = l;
    stream_mode.service.stream = &stream_mode.stream;
    stream_mode.service.usart_hz = rate->usart_hz;
    stream_mode.service.window = WINDOW(LINK_RING_BASE);
    stream_mode.service.packed_window = WINDOW(LINK_PACKED_RING_BASE);
    stream_init(&stream_mode.stream, &stream_mode.hw);
    baud_init(&stream_mode.baud, rate->base);
    l->streaming = &stream_mode.service;
}

void stream_mode_use_ring(bool wide)
{
    if (wide != stream_mode.wide) {
        bool packed = (stream_mode.stream.spec.flags & STREAM_KIND_BITS) == STREAM_PACKED;
        uint32_t ring = packed ? LINK_PACKED_RING_BASE : LINK_RING_BASE;

        serial_use_ring(wide ? (uint8_t *)ring : NULL);
        stream_mode.wide = wide;
    }
}

/* ---- rate ---- */

static void stream_mode_set_rate(void)
{
    serial_set_divider(baud_divider(stream_mode.service.usart_hz, stream_mode.baud.rate));
}

void stream_mode_good_frame(void)
{
    baud_good(&stream_mode.baud, timer_us());
}

void stream_mode_watch_rate(struct frame_receiver *receiver, uint32_t now_us)
{
    if (receiver->state == FRAME_DRAINING) {
        baud_bad(&stream_mode.baud, now_us);
    }
    if (baud_poll(&stream_mode.baud, now_us)) {
        stream_mode_set_rate();
        frame_forget(receiver);
    }
}

/* ---- stream mode ---- */

/* When the last status has left the memory that it is sent from. */
static void stream_mode_tell(void)
{
    if (serial_unsent() == 0 &&
        stream_status(&stream_mode.stream, timer_us(), stream_mode.status)) {
        serial_send(stream_mode.status, sizeof stream_mode.status);
    }
}

/* One line for each stream, and the LED's share of it. */
static void stream_mode_log(struct loader *l)
{
    const struct stream *s = &stream_mode.stream;

    log_text(s->timed_out ? "stream lost" : "stream");
    log_hex(s->next, 8);
    log_hex(s->written, 8);
    if (s->reason != REASON_NONE) {
        loader_note_stream(l);
        led_error();
        log_text(" failed");
        log_hex((uint32_t)s->reason, 2);
        log_hex(s->detail, 8);
    }
    log_line("");
}

static void stream_mode_end(struct loader *l)
{
    uint32_t sr;

    serial_wait_unsent();
    stream_mode_tell();           /* that it is closed */
    (void)serial_take_error(&sr); /* a frame was broken by it, not a request */
    stream_mode_good_frame();
    if (stream_mode.stream.timed_out) {
        baud_init(&stream_mode.baud, stream_mode.baud.base);
        stream_mode_set_rate();
    }
    stream_mode_log(l);
}

static void stream_mode_serve(struct loader *l)
{
    struct stream *s = &stream_mode.stream;
    uint32_t active_us = timer_us();
    size_t before = 0;

    while (s->state != STREAM_CLOSED) {
        struct stream_input in;
        uint32_t now_us = timer_us();

        if (serial_peek(in.bytes, in.len)) {
            stream_lost(s, now_us);
        }
        size_t taken = stream_take(s, &in, now_us);
        serial_skip(taken);
        stream_mode_tell();
        bool active = taken != 0 || in.len[0] != before;
        if (active) {
            led_busy();
            active_us = timer_us();
        }
        before = in.len[0];
        turn_end(s->waiting && !active && turn_is_quiet(now_us, active_us));
    }
    stream_mode_end(l);
}

bool stream_mode_do_after(struct loader *l)
{
    if (l->after == AFTER_BAUD) {
        serial_flush();
        baud_change(&stream_mode.baud, stream_mode.service.rate, timer_us());
        stream_mode_set_rate();
    } else if (l->after == AFTER_STREAM) {
        stream_mode_serve(l);
    }
    return l->after == AFTER_BAUD || l->after == AFTER_STREAM;
}

/* SPDX-License-Identifier: MIT */
/*
 * libararext's transport over the twin. The session's waits run the board; nothing else does. What
 * a wire does is done here, on both sides of the twin's line: bytes wait in a queue for as long as
 * the latency is.
 */
#include "twin_transport.h"

#include <stdlib.h>

enum { NS_PER_MS = 1000000, STEP_NS = 100000, QUEUE = 1 << 18, PIECE = 256 };

/* Bytes on the wire, in order. */
struct queue {
    struct {
        uint64_t at_ns;
        uint8_t byte;
    } bytes[QUEUE];
    size_t in, out;
};

struct far_end {
    struct twin *twin;
    unsigned usart;
    struct twin_wire *wire; /* NULL = none */
    uint32_t baud;
    uint64_t free_ns; /* when our last byte has left: bytes leave one after the other */
    struct queue to_board, from_board;
};

static uint32_t random_below(struct twin_wire *w, uint32_t limit)
{
    uint64_t z = (w->random += 0x9E3779B97F4A7C15u); /* splitmix64 */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ z >> 31) % limit);
}

/* Puts a byte on the wire, unless that loses it. */
static void put(struct far_end *f, struct queue *q, uint64_t at_ns, uint8_t byte)
{
    struct twin_wire *w = f->wire;
    if (w->lose_ppm != 0 && random_below(w, 1000000) < w->lose_ppm) {
        w->lost++;
        return;
    }
    if (w->alter_ppm != 0 && random_below(w, 1000000) < w->alter_ppm) {
        byte = (uint8_t)(byte ^ (1u + random_below(w, 255)));
        w->altered++;
    }
    if (q->in - q->out == QUEUE) {
        abort();
    }
    q->bytes[q->in % QUEUE].at_ns = at_ns + w->latency_ns;
    q->bytes[q->in++ % QUEUE].byte = byte;
}

static bool arrived(const struct far_end *f, const struct queue *q)
{
    return q->in != q->out && q->bytes[q->out % QUEUE].at_ns <= twin_now_ns(f->twin);
}

/* Hands over to the twin what has come to its end of the wire. A byte is handed over when it begins
 * there, so that the twin's own line adds the time of one character and no more. */
static void deliver(struct far_end *f)
{
    while (arrived(f, &f->to_board)) {
        struct queue *q = &f->to_board;
        twin_line_send(f->twin, f->usart, &q->bytes[q->out++ % QUEUE].byte, 1);
    }
}

static void collect(struct far_end *f)
{
    uint8_t data[PIECE];
    size_t got;
    do {
        got = twin_line_receive(f->twin, f->usart, data, sizeof data);
        for (size_t i = 0; i < got; i++) {
            put(f, &f->from_board, twin_now_ns(f->twin), data[i]);
        }
    } while (got > 0);
}

/* Lets the board run, and the wire with it. */
static void run(struct far_end *f, uint64_t ns)
{
    uint64_t end = twin_now_ns(f->twin) + ns;
    while (f->wire != NULL && twin_now_ns(f->twin) < end) {
        uint64_t rest = end - twin_now_ns(f->twin);
        deliver(f);
        (void)twin_run_ns(f->twin, rest < STEP_NS ? rest : STEP_NS);
        collect(f);
        if (!twin_is_powered(f->twin)) {
            break;
        }
    }
    if (twin_now_ns(f->twin) < end) {
        (void)twin_run_ns(f->twin, end - twin_now_ns(f->twin));
    }
}

static int far_write(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    struct far_end *f = ctx;
    uint64_t now = twin_now_ns(f->twin);
    (void)timeout_ms; /* the twin queues without limit */
    if (f->wire == NULL) {
        twin_line_send(f->twin, f->usart, data, len);
        return ARAREXT_OK;
    }
    for (size_t i = 0; i < len; i++) {
        uint64_t start = f->free_ns > now ? f->free_ns : now;
        put(f, &f->to_board, start, data[i]);
        f->free_ns = start + 10000000000u / f->baud;
    }
    return ARAREXT_OK;
}

static size_t take(struct far_end *f, uint8_t *data, size_t size)
{
    size_t got = 0;
    if (f->wire == NULL) {
        return twin_line_receive(f->twin, f->usart, data, size);
    }
    while (got < size && arrived(f, &f->from_board)) {
        data[got++] = f->from_board.bytes[f->from_board.out++ % QUEUE].byte;
    }
    return got;
}

static int far_read(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    struct far_end *f = ctx;
    uint64_t end = twin_now_ns(f->twin) + (uint64_t)timeout_ms * NS_PER_MS;
    *got = take(f, data, size);
    twin_line_stop_on_receive(f->twin, f->usart, f->wire == NULL);
    while (*got == 0 && twin_now_ns(f->twin) < end) {
        uint64_t rest = end - twin_now_ns(f->twin);
        if (f->wire == NULL) {
            (void)twin_run_ns(f->twin, rest);
        } else {
            run(f, rest < STEP_NS ? rest : STEP_NS);
        }
        *got = take(f, data, size);
    }
    twin_line_stop_on_receive(f->twin, f->usart, false);
    return ARAREXT_OK;
}

static int far_set_baud(void *ctx, uint32_t baud)
{
    struct far_end *f = ctx;
    const struct twin_line line = {.baud = baud};
    twin_line_set(f->twin, f->usart, &line);
    f->baud = baud;
    return ARAREXT_OK;
}

static int far_flush_input(void *ctx)
{
    struct far_end *f = ctx;
    uint8_t ignored[64];
    while (take(f, ignored, sizeof ignored) > 0) {
    }
    return ARAREXT_OK;
}

static int far_drain(void *ctx)
{
    struct far_end *f = ctx;
    while (f->to_board.in != f->to_board.out || twin_line_unsent(f->twin, f->usart) > 0) {
        run(f, STEP_NS);
    }
    return ARAREXT_OK;
}

static uint64_t far_now_ms(void *ctx)
{
    struct far_end *f = ctx;
    return twin_now_ns(f->twin) / NS_PER_MS;
}

static void far_sleep_ms(void *ctx, unsigned ms)
{
    run(ctx, (uint64_t)ms * NS_PER_MS);
}

void twin_transport_over(struct ararext_transport *out, struct twin *t, unsigned usart,
                         struct twin_wire *wire)
{
    struct far_end *f = calloc(1, sizeof *f);
    if (f == NULL) {
        abort();
    }
    f->twin = t;
    f->usart = usart;
    f->wire = wire;
    f->baud = 115200;
    *out = (struct ararext_transport){.ctx = f,
                                      .write = far_write,
                                      .read = far_read,
                                      .set_baud = far_set_baud,
                                      .flush_input = far_flush_input,
                                      .drain = far_drain,
                                      .now_ms = far_now_ms,
                                      .sleep_ms = far_sleep_ms,
                                      .close = free};
}

void twin_transport_make(struct ararext_transport *out, struct twin *t, unsigned usart)
{
    twin_transport_over(out, t, usart, NULL);
}

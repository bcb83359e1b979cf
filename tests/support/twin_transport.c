/*
 * libararext's transport over the twin. The session's waits run the board; nothing else does.
 */
#include "twin_transport.h"

#include <stdlib.h>

struct far_end {
    struct twin *twin;
    unsigned usart;
};

enum { NS_PER_MS = 1000000, DRAIN_STEP_NS = 20000 };

static int far_write(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    struct far_end *f = ctx;
    (void)timeout_ms; /* the twin queues without limit */
    twin_line_send(f->twin, f->usart, data, len);
    return ARAREXT_OK;
}

static int far_read(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    struct far_end *f = ctx;
    uint64_t end = twin_now_ns(f->twin) + (uint64_t)timeout_ms * NS_PER_MS;
    *got = twin_line_receive(f->twin, f->usart, data, size);
    twin_line_stop_on_receive(f->twin, f->usart, true);
    while (*got == 0 && twin_now_ns(f->twin) < end) {
        (void)twin_run_ns(f->twin, end - twin_now_ns(f->twin));
        *got = twin_line_receive(f->twin, f->usart, data, size);
    }
    twin_line_stop_on_receive(f->twin, f->usart, false);
    return ARAREXT_OK;
}

static int far_set_baud(void *ctx, uint32_t baud)
{
    struct far_end *f = ctx;
    const struct twin_line line = {.baud = baud};
    twin_line_set(f->twin, f->usart, &line);
    return ARAREXT_OK;
}

static int far_flush_input(void *ctx)
{
    struct far_end *f = ctx;
    uint8_t ignored[64];
    size_t got;
    do {
        got = twin_line_receive(f->twin, f->usart, ignored, sizeof ignored);
    } while (got > 0);
    return ARAREXT_OK;
}

static int far_drain(void *ctx)
{
    struct far_end *f = ctx;
    while (twin_line_unsent(f->twin, f->usart) > 0) {
        (void)twin_run_ns(f->twin, DRAIN_STEP_NS);
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
    struct far_end *f = ctx;
    (void)twin_run_ns(f->twin, (uint64_t)ms * NS_PER_MS);
}

void twin_transport_make(struct ararext_transport *out, struct twin *t, unsigned usart)
{
    struct far_end *f = malloc(sizeof *f);
    if (f == NULL) {
        abort();
    }
    *f = (struct far_end){t, usart};
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

/* SPDX-License-Identifier: MIT */
/* The line that does harm. */
#include "stream_harm.h"

#include <stdbool.h>
#include <string.h>

#include "image.h"

/* Which of the kinds from first to last befalls this byte or frame; HARM_KINDS for none. */
static enum harm_kind befalls(struct stream_harm *h, enum harm_kind first, enum harm_kind last)
{
    uint32_t r = random_below(&h->seed, 1000000);
    for (unsigned kind = first; kind <= (unsigned)last; kind++) {
        if (r < h->ppm[kind]) {
            h->done[kind]++;
            return (enum harm_kind)kind;
        }
        r -= h->ppm[kind];
    }
    return HARM_KINDS;
}

static void send_bytes(struct stream_harm *h, struct twin *t, unsigned usart, const uint8_t *bytes,
                       size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t out[2] = {bytes[i], bytes[i]};
        switch (befalls(h, HARM_LOSE, HARM_BREAK)) {
        case HARM_LOSE:
            break;
        case HARM_ALTER:
            out[0] ^= (uint8_t)(1u + random_below(&h->seed, 255));
            twin_line_send(t, usart, out, 1);
            break;
        case HARM_DOUBLE:
            twin_line_send(t, usart, out, 2);
            break;
        case HARM_SWAP: /* at the end of a frame there is no next one: lost */
            if (i + 1 < len) {
                out[0] = bytes[++i];
                twin_line_send(t, usart, out, 2);
            }
            break;
        case HARM_BREAK:
            out[0] ^= (uint8_t)(1u + random_below(&h->seed, 255));
            twin_line_send_framing_error(t, usart, out[0]);
            break;
        case HARM_DROP:
        case HARM_TWICE:
        case HARM_LATE:
        case HARM_KINDS:
        default:
            twin_line_send(t, usart, out, 1);
            break;
        }
    }
}

void stream_harm_send(struct stream_harm *h, struct twin *t, unsigned usart, const uint8_t *bytes,
                      size_t len)
{
    enum harm_kind kind = befalls(h, HARM_DROP, HARM_LATE);
    size_t held = h->held_len;
    if (kind == HARM_DROP) {
        return;
    }
    if (kind == HARM_LATE && held == 0 && len <= sizeof h->held) {
        memcpy(h->held, bytes, len);
        h->held_len = len;
        return;
    }
    send_bytes(h, t, usart, bytes, len);
    if (kind == HARM_TWICE) {
        send_bytes(h, t, usart, bytes, len);
    }
    h->held_len = 0;
    send_bytes(h, t, usart, h->held, held);
}

/* SPDX-License-Identifier: MIT */
/* When the line changes its rate. Every way away from that of the start has a way back that needs
 * no host. */
#include "baud.h"

#define SAMPLES   16u
#define TOLERANCE 50u /* one part in 50: 2 % */

uint32_t baud_divider(uint32_t clock_hz, uint32_t rate)
{
    return (clock_hz + rate / 2u) / rate;
}

bool baud_possible(uint32_t clock_hz, uint32_t rate)
{
    if (rate < BAUD_MIN || rate > clock_hz / SAMPLES) {
        return false;
    }
    uint32_t made = baud_divider(clock_hz, rate) * rate; /* the clock that would fit exactly */
    uint32_t off = made > clock_hz ? made - clock_hz : clock_hz - made;
    return off <= made / TOLERANCE;
}

void baud_init(struct baud *b, uint32_t base)
{
    *b = (struct baud){.rate = base, .base = base};
}

void baud_change(struct baud *b, uint32_t rate, uint32_t now_us)
{
    b->rate = rate;
    b->state = rate == b->base ? BAUD_AT_BASE : BAUD_TRIED;
    b->good_us = now_us;
    b->bad = false;
}

void baud_good(struct baud *b, uint32_t now_us)
{
    if (b->state == BAUD_TRIED) {
        b->state = BAUD_KEPT;
    }
    b->good_us = now_us;
    b->bad = false;
}

void baud_bad(struct baud *b, uint32_t now_us)
{
    if (!b->bad) {
        b->bad = true;
        b->bad_us = now_us;
    }
}

bool baud_poll(struct baud *b, uint32_t now_us)
{
    uint32_t quiet = now_us - b->good_us;
    bool tried_out = b->state == BAUD_TRIED && quiet >= BAUD_TRY_US;
    bool lost = b->state == BAUD_KEPT &&
                (quiet >= BAUD_QUIET_US || (b->bad && now_us - b->bad_us >= BAUD_BAD_US));

    if (tried_out || lost) {
        baud_init(b, b->base);
    }
    return tried_out || lost;
}

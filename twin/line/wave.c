/* SPDX-License-Identifier: MIT */
/*
 * Waves and the receiver that samples them; see wave.h. It never looks ahead of the time that it is
 * run to, and it decides about each sample once.
 */
#include "wave.h"

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 signed_wide;

uint64_t bit_time_halves_ps(struct bit_time bit, unsigned halves)
{
    return bit.num * halves / (2 * bit.den);
}

uint64_t bit_time_rebase(uint64_t start_ps, uint64_t now_ps, struct bit_time old,
                         struct bit_time new)
{
    int64_t passed = (int64_t)(now_ps - start_ps);
    signed_wide scaled = (signed_wide)passed * new.num / new.den *old.den / old.num;
    return now_ps - (uint64_t)(int64_t)scaled;
}

void wave_set_character(struct wave *w, uint32_t data, unsigned data_bits)
{
    uint32_t mask = (UINT32_C(1) << data_bits) - 1;
    w->bits = (data & mask) << 1 | ~(mask << 1 | 1);
    w->count = data_bits + 1;
    w->noisy = false;
}

void wave_set_idle(struct wave *w)
{
    w->bits = UINT32_MAX;
    w->count = 0;
    w->noisy = false;
}

static uint64_t edge_ps(const struct wave *w, unsigned index)
{
    return w->start_ps + bit_time_halves_ps(w->bit, 2 * index);
}

/* Index of the bit at a time; count stands for all behind, -1 for before. */
static int index_at(const struct wave *w, uint64_t at_ps)
{
    if (w->count == 0 || (int64_t)(at_ps - w->start_ps) < 0) {
        return -1;
    }
    wide n = (wide)(at_ps - w->start_ps) * w->bit.den / w->bit.num;
    int index = n >= w->count ? (int)w->count : (int)n;
    /* Edges are rounded down to a picosecond: what counts is what edge_ps says. */
    if (index < (int)w->count && at_ps >= edge_ps(w, (unsigned)index + 1)) {
        index++;
    }
    return index;
}

static bool level_at(const struct wave *w, uint64_t at_ps)
{
    int index = index_at(w, at_ps);
    return index < 0 || index >= (int)w->count || (w->bits >> index & 1) != 0;
}

void wave_cut(struct wave *w, uint64_t at_ps)
{
    int index = index_at(w, at_ps);
    unsigned keep = index < 0 ? 0 : (unsigned)index;
    w->bits |= ~((UINT32_C(1) << keep) - 1);
}

/* First change from high to low at or after from_ps. */
static uint64_t next_fall(const struct wave *w, uint64_t from_ps)
{
    bool before = true;
    for (unsigned i = 0; i < w->count; i++) {
        bool now = (w->bits >> i & 1) != 0;
        if (before && !now && (int64_t)(edge_ps(w, i) - from_ps) >= 0) {
            return edge_ps(w, i);
        }
        before = now;
    }
    return WAVE_NEVER;
}

uint64_t sampler_high_since(const struct sampler *s)
{
    const struct wave *w = &s->wave;
    for (unsigned i = w->count; i > 0; i--) {
        if ((w->bits >> (i - 1) & 1) == 0) {
            uint64_t at = edge_ps(w, i);
            return (int64_t)at < 0 ? 0 : at;
        }
    }
    return 0;
}

/* Ticks of the oversampling clock at which a bit is looked at: three for the check of a start bit,
 * then the three of the vote. */
static const uint8_t ticks16[6] = {3, 5, 7, 8, 9, 10};
static const uint8_t ticks8[6] = {2, 3, 4, 4, 5, 6};
enum { FIRST_VOTE = 3, MIDDLE = 4, SAMPLES = 6 };

static uint64_t tick_ps(const struct sampler *s, unsigned ticks)
{
    return s->start_ps + s->bit.num * ticks / (s->oversampling * s->bit.den);
}

static uint64_t sample_ps(const struct sampler *s, unsigned bit, unsigned sample)
{
    const uint8_t *ticks = s->oversampling == 8 ? ticks8 : ticks16;
    return tick_ps(s, bit * s->oversampling + ticks[sample]);
}

void sampler_start(struct sampler *s, uint64_t now_ps)
{
    s->on = true;
    s->receiving = false;
    s->searched_ps = now_ps;
}

/* The falling edge is seen at the next tick of the receiver's clock. */
static uint64_t detected_ps(const struct sampler *s, uint64_t fall_ps)
{
    uint64_t tick = s->bit.num / (s->oversampling * s->bit.den);
    uint64_t late = tick == 0 ? 0 : fall_ps % tick;
    return late == 0 ? fall_ps : fall_ps + tick - late;
}

static void begin_bit(struct sampler *s, unsigned bit)
{
    s->at_bit = bit;
    s->at_sample = bit == 0 ? 0 : FIRST_VOTE;
    s->ones = s->vote_ones = 0;
}

static void begin_character(struct sampler *s, uint64_t fall_ps)
{
    s->receiving = true;
    s->start_ps = detected_ps(s, fall_ps);
    s->shift = 0;
    s->noise = false;
    begin_bit(s, 0);
}

static void take_sample(struct sampler *s, uint64_t at_ps)
{
    bool level = level_at(&s->wave, at_ps);
    if (s->wave.noisy && s->at_bit == 1 && s->at_sample == FIRST_VOTE) {
        level = !level;
    }
    if (s->at_sample < FIRST_VOTE) {
        s->ones += level;
    } else if (!s->one_sample) {
        s->vote_ones += level;
    } else if (s->at_sample == MIDDLE) {
        s->vote_ones = level ? 3 : 0;
    }
    s->at_sample++;
}

/* All samples of a bit are in. Returns true when it was the stop bit. */
static bool end_bit(struct sampler *s, uint64_t at_ps, struct sampled *out)
{
    bool value = s->vote_ones >= 2;
    bool split = s->vote_ones == 1 || s->vote_ones == 2;
    if (s->at_bit == 0) {
        if (value || s->ones >= 2) {
            s->receiving = false; /* not a start bit: back to idle, no flag */
            s->searched_ps = at_ps;
            return false;
        }
        s->noise = !s->one_sample && (split || s->ones == 1);
        begin_bit(s, 1);
        return false;
    }
    s->noise = s->noise || split;
    if (s->at_bit <= s->data_bits) {
        s->shift |= (uint32_t)value << (s->at_bit - 1);
        begin_bit(s, s->at_bit + 1);
        return false;
    }
    *out = (struct sampled){
        .at_ps = at_ps, .data = s->shift, .framing_error = !value, .noise = s->noise};
    s->receiving = false;
    s->searched_ps = at_ps;
    return true;
}

bool sampler_run(struct sampler *s, uint64_t upto_ps, struct sampled *out)
{
    while (s->on) {
        if (!s->receiving) {
            uint64_t fall = next_fall(&s->wave, s->searched_ps);
            if (fall >= upto_ps) {
                if (s->searched_ps < upto_ps) {
                    s->searched_ps = upto_ps;
                }
                return false;
            }
            begin_character(s, fall);
        }
        uint64_t at = sample_ps(s, s->at_bit, s->at_sample);
        if ((int64_t)(at - upto_ps) > 0) {
            return false;
        }
        take_sample(s, at);
        if (s->at_sample == SAMPLES && end_bit(s, at, out)) {
            return true;
        }
    }
    return false;
}

uint64_t sampler_due(const struct sampler *s)
{
    if (!s->on) {
        return WAVE_NEVER;
    }
    struct sampler ahead = *s;
    if (!s->receiving) {
        uint64_t fall = next_fall(&s->wave, s->searched_ps);
        if (fall == WAVE_NEVER) {
            return WAVE_NEVER;
        }
        begin_character(&ahead, fall);
    }
    return sample_ps(&ahead, s->data_bits + 1, SAMPLES - 1);
}

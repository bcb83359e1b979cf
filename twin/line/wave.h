/* SPDX-License-Identifier: MIT */
/*
 * Characters on a serial wire, and a receiver that samples them. Shared by the USARTs of the chip
 * and the far ends of their cables; nobody else includes it. No I/O, no time of its own.
 *
 * A transmitter puts one frame after the other on the wire, each as a wave: bits of equal length,
 * the line idle (high) before and after. A receiver of another rate samples that wave at its own
 * times, so what a wrong baud rate makes of it needs no rules. RM0090 30.3.3: start bit detection,
 * the three samples of each bit, noise and framing errors.
 */
#ifndef TWIN_WAVE_H
#define TWIN_WAVE_H

#include <stdbool.h>
#include <stdint.h>

#define WAVE_NEVER UINT64_MAX

/* A bit lasts num/den picoseconds; num = 0: no clock. num is at most 65535 * 10^12. */
struct bit_time {
    uint64_t num, den;
};
/* Length of that many half bits, in picoseconds. */
uint64_t bit_time_halves_ps(struct bit_time bit, unsigned halves);
/* The same place in a frame after the rate has changed: start of the frame seen from now. */
uint64_t bit_time_rebase(uint64_t start_ps, uint64_t now_ps, struct bit_time old,
                         struct bit_time new);

struct wave {
    uint64_t start_ps; /* of the first bit; wraps below 0 after a change of rate */
    struct bit_time bit;
    uint32_t bits;  /* first bit in bit 0; 1 above the frame */
    unsigned count; /* bits that may be 0 */
    bool noisy;     /* one sample of the first data bit is disturbed */
};
/* Start bit, count - 1 bits of data and parity, then stop bits of ones. */
void wave_set_character(struct wave *w, uint32_t data, unsigned data_bits);
void wave_set_idle(struct wave *w);
/* From at_ps on the line is high: the transmitter was switched off. */
void wave_cut(struct wave *w, uint64_t at_ps);

struct sampler {
    struct wave wave; /* what is heard */
    struct bit_time bit;
    unsigned data_bits;    /* with parity, without start and stop */
    unsigned oversampling; /* 16 or 8 */
    bool one_sample;       /* ONEBIT: no vote of three, no noise flag */
    bool on;
    bool receiving;
    uint64_t searched_ps; /* no start bit before this */
    uint64_t start_ps;    /* detected start of the character */
    unsigned at_bit, at_sample;
    unsigned ones, vote_ones; /* of the start check and of the vote */
    uint32_t shift;
    bool noise;
};

struct sampled {
    uint64_t at_ps;     /* last sample of the stop bit */
    uint32_t data;      /* first bit in bit 0, parity included */
    bool framing_error; /* the stop bit was low */
    bool noise;
};

void sampler_start(struct sampler *s, uint64_t now_ps); /* on, nothing of the past counts */
/* Goes on to upto_ps. True when a character was completed; call again until false. */
bool sampler_run(struct sampler *s, uint64_t upto_ps, struct sampled *out);
/* When sampler_run can next complete a character, as far as the wave tells; WAVE_NEVER if unknown.
 */
uint64_t sampler_due(const struct sampler *s);
/* Time since which, or at which, the line is high for good as far as the wave tells. */
uint64_t sampler_high_since(const struct sampler *s);

#endif

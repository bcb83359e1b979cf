/* SPDX-License-Identifier: MIT */
/*
 * The counter of a timer: prescaler, auto-reload, repetition, update events, and matches with the
 * compare values; RM0090 17.3, 18.3, 19.3, 20.3.
 *
 * It is computed from virtual time when somebody looks. An event is planned for what somebody would
 * notice without looking: an interrupt, a DMA request, a pin, a trigger. What only sets a flag is
 * found when the flag is read.
 *
 * A match is the step that brings the counter to the compare value: writing either so that they are
 * equal is none (the manual does not say), and a program that relies on it waits for a whole round.
 */
#include "tim.h"

#define PS_PER_S UINT64_C(1000000000000)

__extension__ typedef unsigned __int128 wide;

static bool centre_aligned(const struct tim *m)
{
    return tim_has_direction(m) && (m->reg[TIM_CR1 / 4] & CR1_CMS) != 0;
}

bool tim_running(const struct tim *m)
{
    return (m->reg[TIM_CR1 / 4] & CR1_CEN) != 0 && m->arr_active != 0 && m->clock_hz != 0 &&
           !m->stepped;
}

bool tim_counts_down(const struct tim *m)
{
    return tim_has_direction(m) && (m->reg[TIM_CR1 / 4] & CR1_DIR) != 0;
}

/* ---- time and steps ---- */

/* Counter steps since the base. */
static uint64_t steps_at(const struct tim *m, uint64_t now_ps)
{
    if (now_ps <= m->origin_ps) {
        return 0;
    }
    uint64_t ticks = (uint64_t)((wide)(now_ps - m->origin_ps) * m->clock_hz / PS_PER_S);
    return ticks <= m->base_tick ? 0 : (ticks - m->base_tick) / ((uint64_t)m->psc_active + 1);
}

static uint64_t tick_of_step(const struct tim *m, uint64_t n)
{
    return m->base_tick + n * ((uint64_t)m->psc_active + 1);
}

static uint64_t time_of_step(const struct tim *m, uint64_t n)
{
    wide ticks = (wide)m->base_tick + (wide)n * ((uint64_t)m->psc_active + 1);
    wide ps = m->origin_ps + (ticks * PS_PER_S + m->clock_hz - 1) / m->clock_hz;
    return ps > UINT64_MAX / 2 ? UINT64_MAX / 2 : (uint64_t)ps; /* beyond the end of time */
}

/* Steps from the base to the end of the segment. Above the reload value the counter runs up to the
 * end of its width first. */
static uint64_t segment_steps(const struct tim *m)
{
    uint64_t cnt = m->base_cnt, top = m->arr_active;
    if (tim_counts_down(m)) {
        return centre_aligned(m) ? (cnt == 0 ? 1 : cnt) : cnt + 1;
    }
    if (cnt > top) {
        top += (uint64_t)m->unit->max + 1;
    }
    uint64_t left = top - cnt;
    return centre_aligned(m) ? (left == 0 ? 1 : left) : left + 1;
}

static uint32_t value_after(const struct tim *m, uint64_t n)
{
    uint64_t value = tim_counts_down(m) ? m->base_cnt - n : m->base_cnt + n;
    return (uint32_t)value & m->unit->max;
}

/* tim_catch_up was called: the segment goes on at least up to now. */
uint32_t tim_counter(const struct tim *m, uint64_t now_ps)
{
    return tim_running(m) ? value_after(m, steps_at(m, now_ps)) : m->base_cnt;
}

/* The step within the segment, its end not included, that brings the counter to value; 0: none. */
static uint64_t match_step(const struct tim *m, uint32_t value)
{
    uint32_t distance =
        (tim_counts_down(m) ? m->base_cnt - value : value - m->base_cnt) & m->unit->max;
    return distance < segment_steps(m) ? distance : 0;
}

void tim_rebase(struct tim *m, uint64_t now_ps)
{
    if (m->stepped) {
        return; /* base_tick is its prescaler */
    }
    if (!tim_running(m)) {
        tim_restart(m, now_ps);
        return;
    }
    uint64_t n = steps_at(m, now_ps);
    m->base_cnt = value_after(m, n);
    m->base_tick = tick_of_step(m, n);
    m->done = 0;
}

void tim_restart(struct tim *m, uint64_t now_ps)
{
    m->origin_ps = now_ps;
    m->base_tick = 0;
    m->done = 0;
}

/* ---- what happens ---- */

static void request(struct twin *t, struct tim *m, unsigned flag)
{
    if (m->burst_index == 0) {
        m->burst_flag = (uint8_t)flag;
    }
    for (unsigned i = 0; i < TIM_REQUESTS && m->unit->request[i].controller != 0; i++) {
        const struct tim_request *r = &m->unit->request[i];
        if (r->flag == flag) {
            twin_dma_pulse(t, r->controller, r->stream, r->channel);
        }
    }
}

/* DCR.DBA: the first of the registers; RM0090 18.3.22 counts them from CR1. */
uint32_t tim_burst_register(const struct tim *m)
{
    uint32_t reg = ((m->reg[TIM_DCR / 4] & 0x1F) + m->burst_index) * 4;
    return reg == TIM_DMAR ? TIM_END : reg;
}

/* DCR.DBL: the event asks for that many items more, one after the other. */
void tim_burst_step(struct twin *t, struct tim *m)
{
    if (m->burst_index++ >= (m->reg[TIM_DCR / 4] >> 8 & 0x1F)) {
        m->burst_index = 0;
    } else {
        request(t, m, m->burst_flag);
    }
}

static bool wants_request(const struct tim *m, unsigned flag)
{
    return (m->reg[TIM_DIER / 4] >> (8 + flag) & 1) != 0;
}

/* With CCDS the requests of the channels come with the update. */
static bool requests_wait(const struct tim *m)
{
    return (m->reg[TIM_CR2 / 4] & CR2_CCDS) != 0;
}

void tim_set_flag(struct twin *t, struct tim *m, unsigned bit)
{
    m->sr |= 1u << bit;
    bool channel = bit >= 1 && bit <= TIM_CHANNELS;
    if (wants_request(m, bit) && !(channel && requests_wait(m))) {
        request(t, m, bit);
    }
}

static void load_shadows(struct tim *m)
{
    m->psc_active = m->reg[TIM_PSC / 4];
    m->arr_active = m->reg[TIM_ARR / 4];
    for (unsigned i = 0; i < tim_channels(m); i++) {
        if (tim_is_output(m, i)) {
            m->ccr_active[i] = m->reg[TIM_CCR1 / 4 + i];
        }
    }
    m->repetition = m->reg[TIM_RCR / 4];
}

/* UEV: what is preloaded takes effect. */
static void update(struct twin *t, struct tim *m, bool flag)
{
    if ((m->reg[TIM_CR1 / 4] & CR1_UDIS) != 0) {
        return;
    }
    load_shadows(m);
    if ((m->reg[TIM_BDTR / 4] & BDTR_AOE) != 0) {
        m->reg[TIM_BDTR / 4] |= BDTR_MOE;
    }
    if (flag) {
        tim_set_flag(t, m, 0);
    }
    for (unsigned i = 1; i <= tim_channels(m) && requests_wait(m); i++) {
        if (wants_request(m, i)) {
            request(t, m, i);
        }
    }
    tim_trigger_output(t, m, MMS_UPDATE);
}

static void match(struct twin *t, struct tim *m, unsigned channel)
{
    unsigned cms = centre_aligned(m) ? m->reg[TIM_CR1 / 4] >> 5 & 3 : 3;
    bool counts = tim_counts_down(m) ? (cms & 1) != 0 : (cms & 2) != 0;
    if (!tim_is_output(m, channel)) {
        return;
    }
    tim_match(t, m, channel);
    if (counts) {
        tim_set_flag(t, m, 1 + channel);
        tim_trigger_compare(t, m, channel);
    }
}

/* Matches of the steps after `done` up to n, in their order as far as anybody can tell. */
static void serve_matches(struct twin *t, struct tim *m, uint64_t n)
{
    for (unsigned i = 0; i < tim_channels(m); i++) {
        uint64_t at = match_step(m, m->ccr_active[i]);
        if (at > m->done && at <= n) {
            match(t, m, i);
        }
    }
    m->done = n;
    tim_follow_pwm(t, m, value_after(m, n), tim_counts_down(m));
}

/* The counter has come to where it begins again: matches there, and of what it never reaches. */
static void serve_boundary(struct twin *t, struct tim *m)
{
    for (unsigned i = 0; i < tim_channels(m); i++) {
        if (m->ccr_active[i] == m->base_cnt || m->ccr_active[i] > m->arr_active) {
            match(t, m, i);
        }
    }
    tim_follow_pwm(t, m, m->base_cnt, tim_counts_down(m));
}

/* Overflow or underflow, n steps from the base. */
static void end_segment(struct twin *t, struct tim *m, uint64_t n)
{
    bool down = tim_counts_down(m);
    m->base_tick = tick_of_step(m, n);
    m->done = 0;
    if (m->repetition == 0) {
        update(t, m, true);
        if ((m->reg[TIM_CR1 / 4] & CR1_OPM) != 0) {
            m->reg[TIM_CR1 / 4] &= ~(uint32_t)CR1_CEN;
        }
    } else {
        m->repetition--;
    }
    if (centre_aligned(m)) {
        m->base_cnt = down ? 0 : m->arr_active;
        m->reg[TIM_CR1 / 4] ^= CR1_DIR;
    } else {
        m->base_cnt = down ? m->arr_active : 0;
    }
    serve_boundary(t, m);
}

/* Rounds that nobody has looked at for long: all flags are set by the first ones, and the same
 * happens in each. */
static void skip_rounds(struct tim *m, uint64_t n)
{
    uint64_t first = segment_steps(m);
    uint64_t overflows = centre_aligned(m) ? 2 : 1;
    uint64_t round = centre_aligned(m) ? UINT64_C(2) * m->arr_active : (uint64_t)m->arr_active + 1;
    if (first > round || n < 4 * round) {
        return;
    }
    uint64_t rounds = n / round - 2;
    uint64_t every = (uint64_t)m->reg[TIM_RCR / 4] + 1;
    uint64_t since = (every - 1 - m->repetition % every + rounds * overflows) % every;
    m->repetition = (uint32_t)(every - 1 - since);
    m->base_tick = tick_of_step(m, rounds * round);
    m->done = 0;
}

void tim_catch_up(struct twin *t, struct tim *m)
{
    enum { ROUNDS_SERVED = 600 }; /* twice what the repetition counter counts, and more */
    uint64_t now_ps = twin_now_ps(t);
    for (unsigned served = 0; tim_running(m); served++) {
        uint64_t n = steps_at(m, now_ps);
        uint64_t end = segment_steps(m);
        if (n < end) {
            serve_matches(t, m, n);
            break;
        }
        serve_matches(t, m, end - 1);
        end_segment(t, m, end);
        if (served >= ROUNDS_SERVED && tim_running(m)) {
            skip_rounds(m, steps_at(m, now_ps));
        }
    }
    tim_drive_pins(t, m);
    tim_update_irq(t, m);
}

void tim_step(struct twin *t, struct tim *m)
{
    bool on = (m->reg[TIM_CR1 / 4] & CR1_CEN) != 0 && m->arr_active != 0 && m->clock_hz != 0;
    if (!on || m->base_tick++ < m->psc_active) {
        return;
    }
    m->base_tick = 0;
    if (segment_steps(m) == 1) {
        end_segment(t, m, 1);
        m->base_tick = 0;
        return;
    }
    m->base_cnt = value_after(m, 1);
    for (unsigned i = 0; i < tim_channels(m); i++) {
        if (m->ccr_active[i] == m->base_cnt) {
            match(t, m, i);
        }
    }
    tim_follow_pwm(t, m, m->base_cnt, tim_counts_down(m));
}

void tim_update_by_software(struct twin *t, struct tim *m)
{
    tim_restart(m, twin_now_ps(t));
    if (centre_aligned(m)) {
        m->reg[TIM_CR1 / 4] &= ~(uint32_t)CR1_DIR;
    }
    update(t, m, (m->reg[TIM_CR1 / 4] & CR1_URS) == 0);
    tim_trigger_output(t, m, MMS_RESET);
    m->base_cnt = tim_counts_down(m) ? m->arr_active : 0;
    serve_boundary(t, m);
}

/* ---- when to look again ---- */

static bool end_is_noticed(const struct twin *t, const struct tim *m)
{
    uint32_t dier = m->reg[TIM_DIER / 4];
    return (dier & (SR_UIF | DIER_UDE)) != 0 || (requests_wait(m) && (dier & 0x1E00) != 0) ||
           tim_trigger_wanted(t, m, 0) || (m->reg[TIM_BDTR / 4] & BDTR_AOE) != 0;
}

static bool channel_is_noticed(const struct twin *t, const struct tim *m, unsigned channel)
{
    uint32_t dier = m->reg[TIM_DIER / 4];
    return (dier >> (1 + channel) & 1) != 0 || (dier >> (9 + channel) & 1) != 0 ||
           tim_reference_is_seen(t, m, channel) || tim_trigger_wanted(t, m, 1 + channel);
}

void tim_plan(struct twin *t, struct tim *m)
{
    uint64_t end = tim_running(m) ? segment_steps(m) : 0;
    uint64_t first = UINT64_MAX;
    bool any = false;
    for (unsigned i = 0; i < tim_channels(m) && end != 0; i++) {
        if (channel_is_noticed(t, m, i)) {
            uint64_t at = match_step(m, m->ccr_active[i]);
            any = true;
            first = at > m->done && at < first ? at : first;
        }
    }
    if (end != 0 && (any || end_is_noticed(t, m)) && first > end) {
        first = end;
    }
    if (first == UINT64_MAX) {
        twin_event_cancel(t, &m->next);
    } else {
        twin_event_at(t, &m->next, time_of_step(m, first));
    }
}

static void on_next(struct twin *t, void *ctx)
{
    struct tim *m = ctx;
    tim_catch_up(t, m);
    tim_plan(t, m);
}

void tim_create_events(struct tim *m)
{
    m->next.fn = on_next;
    m->next.ctx = m;
}

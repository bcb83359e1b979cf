/* SPDX-License-Identifier: MIT */
/*
 * Inside the timers: tim.c (registers), tim_count.c (counter, updates, matches), tim_output.c
 * (references, pins), tim_capture.c (pins as inputs), tim_units.c (which timer has what). Nobody
 * else includes it.
 */
#ifndef TWIN_TIM_H
#define TWIN_TIM_H

#include "internal.h"

enum { TIM_COUNT = 14, TIM_CHANNELS = 4, TIM_REGS = 21, TIM_PINS = 3, TIM_REQUESTS = 10 };
enum {
    TIM_CR1 = 0x00,
    TIM_CR2 = 0x04,
    TIM_SMCR = 0x08,
    TIM_DIER = 0x0C,
    TIM_SR = 0x10,
    TIM_EGR = 0x14,
    TIM_CCMR1 = 0x18,
    TIM_CCMR2 = 0x1C,
    TIM_CCER = 0x20,
    TIM_CNT = 0x24,
    TIM_PSC = 0x28,
    TIM_ARR = 0x2C,
    TIM_RCR = 0x30,
    TIM_CCR1 = 0x34,
    TIM_CCR4 = 0x40,
    TIM_BDTR = 0x44,
    TIM_DCR = 0x48,
    TIM_DMAR = 0x4C,
    TIM_OR = 0x50,
    TIM_END = 0x54,
};
enum {
    CR1_CEN = 1 << 0,
    CR1_UDIS = 1 << 1,
    CR1_URS = 1 << 2,
    CR1_OPM = 1 << 3,
    CR1_DIR = 1 << 4,
    CR1_CMS = 3 << 5,
    CR1_ARPE = 1 << 7,
    CR2_CCPC = 1 << 0,
    CR2_CCDS = 1 << 3,
    SR_UIF = 1 << 0, /* CC1IF to CC4IF are bits 1 to 4 */
    SR_COMIF = 1 << 5,
    SR_TIF = 1 << 6,
    SR_BIF = 1 << 7,
    DIER_UDE = 1 << 8, /* requests: 8 above the flag */
    BDTR_LOCK = 3 << 8,
    BDTR_OSSI = 1 << 10,
    BDTR_OSSR = 1 << 11,
    BDTR_BKE = 1 << 12,
    BDTR_AOE = 1 << 14,
    BDTR_MOE = 1 << 15,
};

/* CR2.MMS: what the trigger output is; from 4 on the reference of a channel. */
enum tim_mms { MMS_RESET, MMS_ENABLE, MMS_UPDATE, MMS_COMPARE, MMS_REFERENCE };

/* What a timer has. */
enum tim_kind { TIM_BASIC, TIM_ONE, TIM_TWO, TIM_GENERAL, TIM_ADVANCED };

struct tim_pin {
    char port; /* 0: none */
    uint8_t pin;
};

/* A DMA request: of the event with that bit in SR. */
struct tim_request {
    uint8_t flag, controller, stream, channel; /* controller 0: the end */
};

struct tim_unit {
    const char *name;
    uint8_t number;
    enum tim_kind kind;
    uint8_t enr, enr_bit, af;
    uint8_t irq; /* of all events, or of the break when the kind is advanced: the three after it are
                    update, trigger and commutation, and compare */
    uint8_t irq_source;                            /* of those that share the interrupt */
    uint32_t base, max;                            /* widest counter value */
    struct tim_pin pin[TIM_CHANNELS][2][TIM_PINS]; /* of OCx and of OCxN */
    struct tim_request request[TIM_REQUESTS];
};

/* OCx and OCxN at their pins. */
struct tim_drive {
    bool on, level; /* as last told */
    uint8_t held;   /* which of the pins it has, a bit each */
};

struct tim {
    const struct tim_unit *unit;
    uint32_t reg[TIM_REGS]; /* as written; those below are not among them */
    uint32_t sr;
    uint32_t psc_active, arr_active; /* preloaded: from the next update on */
    uint32_t ccr_active[TIM_CHANNELS];
    uint32_t clock_hz;
    /* The counter was base_cnt, its prescaler 0, base_tick ticks of the clock after origin_ps; it
     * goes one way from there to the end of its segment, an overflow or underflow. */
    uint64_t origin_ps, base_tick;
    uint32_t base_cnt;
    uint64_t done;       /* steps of the segment whose matches have been served */
    uint32_t repetition; /* overflows still to come before an update */
    bool stepped;        /* its clock is another timer: time does not move it */
    struct twin_trigger slave;
    bool triggered; /* its trigger is being served: two that reset each other end there */
    uint8_t edges[TIM_CHANNELS];     /* of those that ICxPSC counts */
    uint8_t burst_index, burst_flag; /* transfers of the burst so far; which event asked for it */
    bool reference[TIM_CHANNELS];
    struct tim_drive drive[TIM_CHANNELS][2];
    uint32_t told; /* a bit for each register that has been reported */
    struct twin_event next;
};

struct twin_tims {
    struct tim tim[TIM_COUNT];
    struct twin_trigger *watchers;
};

/* tim_units.c: TIM1 to TIM14 */
extern const struct tim_unit tim_units[TIM_COUNT];
unsigned tim_channels(const struct tim *m);
bool tim_has_direction(const struct tim *m); /* counts down, and centre-aligned */
bool tim_is_output(const struct tim *m, unsigned channel);

/* tim_count.c */
bool tim_running(const struct tim *m);
bool tim_counts_down(const struct tim *m);
uint32_t tim_counter(const struct tim *m, uint64_t now_ps);
/* Serves what is due by now: before any register is read or written. */
void tim_catch_up(struct twin *t, struct tim *m);
/* Makes now the base, so that registers may change; the prescaler's fraction is kept. */
void tim_rebase(struct tim *m, uint64_t now_ps);
/* The prescaler and the step under way begin again. */
void tim_restart(struct tim *m, uint64_t now_ps);
/* When the next thing happens that somebody would notice. */
void tim_plan(struct twin *t, struct tim *m);
void tim_update_by_software(struct twin *t, struct tim *m);
/* A flag of SR with what it asks for by DMA. */
void tim_set_flag(struct twin *t, struct tim *m, unsigned bit);
void tim_create_events(struct tim *m);
/* One tick of a clock from outside. */
void tim_step(struct twin *t, struct tim *m);

/* tim_output.c */
void tim_update_irq(struct twin *t, const struct tim *m);
/* Channel x matched; the references of PWM follow the counter; modes that need no counter. */
void tim_match(struct twin *t, struct tim *m, unsigned channel);
void tim_follow_pwm(struct twin *t, struct tim *m, uint32_t cnt, bool down);
void tim_force(struct twin *t, struct tim *m);
void tim_drive_pins(struct twin *t, struct tim *m);
bool tim_reference_is_seen(const struct twin *t, const struct tim *m, unsigned channel);
/* Pins that are another's go first, then come those that are ours. */
void tim_leave_pins(struct twin *t, struct tim *m);
void tim_take_pins(struct twin *t, struct tim *m);
/* Tells who watches: compare 1 to 4, or TRGO when MMS names that event. */
void tim_trigger_compare(struct twin *t, const struct tim *m, unsigned channel);
void tim_trigger_output(struct twin *t, const struct tim *m, enum tim_mms event);
bool tim_trigger_wanted(const struct twin *t, const struct tim *m, unsigned kind);

/* A DMA burst: which register DMAR stands for now; and one access to it is done. */
uint32_t tim_burst_register(const struct tim *m);
void tim_burst_step(struct twin *t, struct tim *m);

/* tim_capture.c */
void tim_capture(struct twin *t, struct tim *m, unsigned channel);
void tim_capture_was_read(struct twin *t, struct tim *m, unsigned channel);

/* tim_slave.c */
void tim_slave_edge(struct twin *t, struct tim *m); /* its trigger input is a pin, and had one */
bool tim_slave_is_modelled(const struct tim *m);    /* what SMCR asks for */
void tim_slave_changed(struct twin *t, struct tim *m);
void tim_slave_create(struct twin *t, struct tim *m);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * System control space, 0xE000E000: dispatches to NVIC, SysTick and MPU, and is the system control
 * block and the FPU's control registers itself.
 *
 * Source: PM0214 sections 4.3 to 4.6; ARMv7-M B3.2; DDI 0439 table 4-1 (identification).
 */
#include "cpu.h"

#define AIRCR_KEY         0x05FA0000U
#define AIRCR_VECTRESET   (1U << 0)
#define AIRCR_CLRACTIVE   (1U << 1)
#define AIRCR_SYSRESETREQ (1U << 2)
#define CCR_WRITABLE      0x31BU
#define SHCSR_WRITABLE    0x7FD8BU
#define ACTLR_WRITABLE    0x307U

/* Offsets from 0xE000E000. */
enum {
    REG_ICTR = 0x004,
    REG_ACTLR = 0x008,
    SYSTICK_FIRST = 0x010,
    SYSTICK_LAST = 0x01F,
    NVIC_FIRST = 0x100,
    NVIC_LAST = 0x4EF,
    REG_CPUID = 0xD00,
    REG_ICSR = 0xD04,
    REG_VTOR = 0xD08,
    REG_AIRCR = 0xD0C,
    REG_SCR = 0xD10,
    REG_CCR = 0xD14,
    REG_SHPR1 = 0xD18,
    REG_SHPR3 = 0xD20,
    REG_SHCSR = 0xD24,
    REG_CFSR = 0xD28,
    REG_HFSR = 0xD2C,
    REG_DFSR = 0xD30,
    REG_MMFAR = 0xD34,
    REG_BFAR = 0xD38,
    REG_AFSR = 0xD3C,
    ID_FIRST = 0xD40,
    ID_LAST = 0xD7F,
    REG_CPACR = 0xD88,
    MPU_FIRST = 0xD90,
    MPU_LAST = 0xDB8,
    REG_DHCSR = 0xDF0,
    REG_DEMCR = 0xDFC,
    REG_STIR = 0xF00,
    REG_FPCCR = 0xF34,
    REG_FPCAR = 0xF38,
    REG_FPDSCR = 0xF3C,
    REG_MVFR0 = 0xF40,
    REG_MVFR1 = 0xF44,
};

/* SHCSR: which bit shows what of which exception. */
static const struct {
    uint8_t bit, exception;
    enum { SHCSR_ACTIVE, SHCSR_PENDED, SHCSR_ENABLED } what;
} shcsr_bits[] = {
    {0, EXC_MEMMANAGE, SHCSR_ACTIVE},  {1, EXC_BUSFAULT, SHCSR_ACTIVE},
    {3, EXC_USAGEFAULT, SHCSR_ACTIVE}, {7, EXC_SVC, SHCSR_ACTIVE},
    {8, EXC_DEBUG, SHCSR_ACTIVE},      {10, EXC_PENDSV, SHCSR_ACTIVE},
    {11, EXC_SYSTICK, SHCSR_ACTIVE},   {12, EXC_USAGEFAULT, SHCSR_PENDED},
    {13, EXC_MEMMANAGE, SHCSR_PENDED}, {14, EXC_BUSFAULT, SHCSR_PENDED},
    {15, EXC_SVC, SHCSR_PENDED},       {16, EXC_MEMMANAGE, SHCSR_ENABLED},
    {17, EXC_BUSFAULT, SHCSR_ENABLED}, {18, EXC_USAGEFAULT, SHCSR_ENABLED},
};

enum { SHCSR_BITS = sizeof shcsr_bits / sizeof shcsr_bits[0] };

static uint32_t *shcsr_words(struct twin_cpu *c, unsigned i)
{
    return shcsr_bits[i].what == SHCSR_ACTIVE   ? c->active
           : shcsr_bits[i].what == SHCSR_PENDED ? c->pending
                                                : c->enabled;
}

static uint32_t read_shcsr(struct twin_cpu *c)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < SHCSR_BITS; i++) {
        value |= (uint32_t)nvic_bit(shcsr_words(c, i), shcsr_bits[i].exception)
                 << shcsr_bits[i].bit;
    }
    return value;
}

static void write_shcsr(struct twin *t, uint32_t value)
{
    struct twin_cpu *c = t->cpu;
    for (unsigned i = 0; i < SHCSR_BITS; i++) {
        unsigned n = shcsr_bits[i].exception;
        bool on = (value >> shcsr_bits[i].bit & 1) != 0;
        if (shcsr_bits[i].what == SHCSR_ACTIVE) {
            if (on) {
                nvic_activate(c, n);
            } else {
                nvic_deactivate(c, n);
            }
        } else {
            nvic_assign(shcsr_words(c, i), n, on);
        }
    }
    sched_attend(t, SCHED_ATTEND_CORE);
}

static uint32_t read_icsr(struct twin_cpu *c)
{
    uint32_t value = core_ipsr(c);
    unsigned n = nvic_most_urgent(c);
    value |= (uint32_t)n << 12;
    value |= c->active_count == 1 ? 1U << 11 : 0; /* RETTOBASE; reads 0 out of reset */
    for (unsigned i = EXC_IRQ0; i < EXC_COUNT; i++) {
        value |= nvic_bit(c->pending, i) ? 1U << 22 : 0;
    }
    value |= nvic_bit(c->pending, EXC_SYSTICK) ? 1U << 26 : 0;
    value |= nvic_bit(c->pending, EXC_PENDSV) ? 1U << 28 : 0;
    value |= nvic_bit(c->pending, EXC_NMI) ? 1U << 31 : 0;
    return value;
}

static void write_icsr(struct twin *t, uint32_t value)
{
    static const struct {
        unsigned set, clear, exception;
    } bits[] = {{31, 0, EXC_NMI}, {28, 27, EXC_PENDSV}, {26, 25, EXC_SYSTICK}};
    for (unsigned i = 0; i < 3; i++) {
        if ((value >> bits[i].set & 1) != 0) {
            nvic_pend(t, bits[i].exception);
        } else if (bits[i].clear != 0 && (value >> bits[i].clear & 1) != 0) {
            nvic_unpend(t, bits[i].exception);
        }
    }
}

static void write_aircr(struct twin *t, uint32_t value)
{
    struct twin_cpu *c = t->cpu;
    if ((value & 0xFFFF0000U) != AIRCR_KEY) {
        twin_report(t, TWIN_REPORT_CORE, 0xE000ED0C, "write to AIRCR without VECTKEY is lost");
        return;
    }
    c->prigroup = value >> 8 & 7;
    if ((value & AIRCR_SYSRESETREQ) != 0) {
        twin_request_reset(t, 28, "software");
    }
    if ((value & (AIRCR_VECTRESET | AIRCR_CLRACTIVE)) != 0) {
        twin_report(t, TWIN_REPORT_UNMODELLED, 0xE000ED0C,
                    "AIRCR: VECTRESET and VECTCLRACTIVE are for debuggers and do nothing here");
    }
    sched_attend(t, SCHED_ATTEND_CORE);
}

/* Identification registers 0xE000ED40-0xE000ED7C, DDI 0439 table 4-1. */
static uint32_t read_id(uint32_t offset)
{
    static const uint32_t ids[16] = {0x00000030, 0x00000200, 0x00100000, 0x00000000, 0x00100030,
                                     0x00000000, 0x01000000, 0x00000000, 0x01141110, 0x02112000,
                                     0x21232231, 0x01111131, 0x01310132};
    return ids[(offset - ID_FIRST) / 4];
}

static uint32_t read_fpu(const struct twin_cpu *c, uint32_t offset)
{
    switch (offset) {
    case REG_FPCCR:
        return c->fpccr;
    case REG_FPCAR:
        return c->fpcar;
    case REG_FPDSCR:
        return c->fpdscr;
    case REG_MVFR0:
        return 0x10110021;
    case REG_MVFR1:
        return 0x11000011;
    default:
        return 0;
    }
}

static uint32_t read_scb(struct twin *t, uint32_t offset)
{
    struct twin_cpu *c = t->cpu;
    switch (offset) {
    case REG_ICTR:
        return (TWIN_IRQ_COUNT - 1) / 32;
    case REG_CPUID:
        return 0x410FC241;
    case REG_ICSR:
        return read_icsr(c);
    case REG_VTOR:
        return c->vtor;
    case REG_AIRCR:
        return 0xFA050000U | c->prigroup << 8;
    case REG_SCR:
        return c->scr;
    case REG_CCR:
        return c->ccr;
    case REG_SHCSR:
        return read_shcsr(c);
    case REG_CFSR:
        return c->cfsr;
    case REG_HFSR:
        return c->hfsr;
    case REG_MMFAR:
        return c->mmfar;
    case REG_BFAR:
        return c->bfar;
    case REG_CPACR:
        return c->cpacr;
    case REG_DEMCR:
        return c->demcr;
    case REG_ACTLR:
        return c->actlr;
    case REG_DFSR:
        return c->dfsr;
    case REG_AFSR:
    case REG_DHCSR:
    case REG_STIR:
        return 0;
    default:
        twin_report_unmodelled(t, 0xE000E000U + offset, "SCS");
        return 0;
    }
}

static uint32_t read_word(struct twin *t, uint32_t offset)
{
    if (offset >= SYSTICK_FIRST && offset <= SYSTICK_LAST) {
        return systick_read(t, offset - SYSTICK_FIRST);
    }
    if (offset >= NVIC_FIRST && offset <= NVIC_LAST) {
        return nvic_read(t, offset - NVIC_FIRST);
    }
    if (offset >= MPU_FIRST && offset <= MPU_LAST) {
        return mpu_read(t, offset - MPU_FIRST);
    }
    if (offset >= REG_SHPR1 && offset < REG_SHPR3 + 4) {
        return load_le(&t->cpu->priority[4 + (offset - REG_SHPR1)], 4);
    }
    if (offset >= ID_FIRST && offset <= ID_LAST) {
        return read_id(offset);
    }
    if (offset >= REG_FPCCR && offset <= REG_MVFR1) {
        return read_fpu(t->cpu, offset);
    }
    return read_scb(t, offset);
}

static uint32_t scs_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    (void)self;
    uint32_t value = read_word(t, offset & ~3U) >> (8 * (offset & 3));
    return width == 4 ? value : value & ((1U << (8 * width)) - 1);
}

static void write_priorities(struct twin *t, uint32_t offset, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        unsigned n = 4 + (offset - REG_SHPR1) + i;
        bool exists = (n >= EXC_MEMMANAGE && n <= EXC_USAGEFAULT) || n == EXC_SVC ||
                      n == EXC_DEBUG || n == EXC_PENDSV || n == EXC_SYSTICK;
        t->cpu->priority[n] = (uint8_t)(exists ? value >> (8 * i) & 0xF0 : 0);
    }
    sched_attend(t, SCHED_ATTEND_CORE);
}

/* VTOR: 98 vectors make 128-word alignment, 512 bytes. */
static void write_vtor(struct twin *t, uint32_t value)
{
    if ((value & 0x1FF) != 0) {
        twin_report(t, TWIN_REPORT_CORE, value,
                    "VTOR must be a multiple of 512 for 98 vectors; the low bits are taken as 0");
    }
    t->cpu->vtor = value & 0x3FFFFE00U;
}

static void write_fpu(struct twin *t, uint32_t offset, uint32_t value)
{
    const uint32_t writable = FPCCR_ASPEN | FPCCR_LSPEN | FPCCR_LSPACT;
    struct twin_cpu *c = t->cpu;
    if (offset == REG_FPCCR) {
        c->fpccr = (c->fpccr & ~writable) | (value & writable);
    } else if (offset == REG_FPCAR) {
        c->fpcar = value & ~7U;
    } else {
        c->fpdscr = value & 0x07C00000U;
        if (c->fpdscr != 0) {
            twin_report(t, TWIN_REPORT_UNMODELLED, 0xE000EF3C,
                        "FPDSCR other than 0: a new FP context starts with FPSCR = 0 all the same");
        }
    }
}

/* Of its bits only DISDEFWBUF can be seen in results; the others change timing, but for DISFPCA. */
static void write_actlr(struct twin *t, uint32_t value)
{
    t->cpu->actlr = value & ACTLR_WRITABLE;
    if ((value & ACTLR_WRITABLE & ~ACTLR_DISDEFWBUF) != 0) {
        twin_report(t, TWIN_REPORT_UNMODELLED, 0xE000E008,
                    "ACTLR: only DISDEFWBUF has an effect here");
    }
}

static void write_scb(struct twin *t, uint32_t offset, uint32_t value)
{
    struct twin_cpu *c = t->cpu;
    switch (offset) {
    case REG_ICSR:
        write_icsr(t, value);
        break;
    case REG_VTOR:
        write_vtor(t, value);
        break;
    case REG_AIRCR:
        write_aircr(t, value);
        break;
    case REG_SCR:
        c->scr = value & (SCR_SLEEPONEXIT | SCR_SLEEPDEEP | SCR_SEVONPEND);
        break;
    case REG_CCR:
        c->ccr = value & CCR_WRITABLE;
        break;
    case REG_SHCSR:
        write_shcsr(t, value & SHCSR_WRITABLE);
        break;
    case REG_CFSR:
        c->cfsr &= ~value;
        break;
    case REG_HFSR:
        c->hfsr &= ~value;
        break;
    case REG_MMFAR:
        c->mmfar = value;
        break;
    case REG_BFAR:
        c->bfar = value;
        break;
    case REG_CPACR:
        c->cpacr = value & 0x00F00000U;
        break;
    case REG_DEMCR:
        dwt_set_demcr(t, value & 0x010F07F1U);
        break;
    case REG_STIR:
        if (EXC_IRQ0 + (value & 0x1FF) < EXC_COUNT) {
            nvic_pend(t, EXC_IRQ0 + (value & 0x1FF));
        }
        break;
    case REG_FPCCR:
    case REG_FPCAR:
    case REG_FPDSCR:
        write_fpu(t, offset, value);
        break;
    case REG_ACTLR:
        write_actlr(t, value);
        break;
    case REG_DFSR:
        c->dfsr &= ~value;
        break;
    default:
        twin_report_unmodelled(t, 0xE000E000U + offset, "SCS");
        break;
    }
    core_update_traps(t);
}

static void scs_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    (void)self;
    if (offset >= NVIC_FIRST && offset <= NVIC_LAST) {
        nvic_write(t, offset - NVIC_FIRST, width, value);
        return;
    }
    if (offset >= REG_SHPR1 && offset < REG_SHPR3 + 4) {
        write_priorities(t, offset, width, value);
        return;
    }
    if (width != 4) {
        /* The status bytes of CFSR may be written singly; all else is words. */
        bool cfsr = (offset & ~3U) == REG_CFSR;
        if (!cfsr) {
            twin_report(t, TWIN_REPORT_CORE, 0xE000E000U + offset,
                        "this register of the core must be written as a word");
        }
        value = cfsr ? value << (8 * (offset & 3)) : value;
        offset &= ~3U;
    }
    if (offset >= SYSTICK_FIRST && offset <= SYSTICK_LAST) {
        systick_write(t, offset - SYSTICK_FIRST, value);
    } else if (offset >= MPU_FIRST && offset <= MPU_LAST) {
        mpu_write(t, offset - MPU_FIRST, value);
    } else {
        write_scb(t, offset, value);
    }
}

/* Registers are reset by core_reset, with the core. */
static void scs_reset(struct twin *t, void *self, enum twin_reset kind)
{
    (void)self;
    (void)kind;
    scs_reset_registers(t);
}

void scs_reset_registers(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    nvic_reset(c);
    systick_reset(t);
    mpu_reset(c);
    c->vtor = 0;
    c->ccr = CCR_STKALIGN;
    c->scr = 0;
    c->cfsr = 0;
    c->hfsr = 0;
    c->mmfar = 0;
    c->bfar = 0;
    c->dfsr = 0;
    c->actlr = 0;
    c->cpacr = 0;
    c->fpccr = FPCCR_ASPEN | FPCCR_LSPEN;
    c->fpcar = 0;
    c->fpdscr = 0;
}

static void scs_clock_changed(struct twin *t, void *self)
{
    (void)self;
    systick_clock_changed(t);
    core_follow_ccm_clock(t);
}

int twin_scs_create(struct twin *t)
{
    const struct twin_periph scs = {.name = "SCS",
                                    .base = 0xE000E000U,
                                    .size = 0x1000,
                                    .self = t->cpu,
                                    .read = scs_read,
                                    .write = scs_write,
                                    .reset = scs_reset,
                                    .clock_changed = scs_clock_changed};
    twin_periph_add(t, &scs);
    dwt_create(t);
    return TWIN_OK;
}

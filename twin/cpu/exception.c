/* SPDX-License-Identifier: MIT */
/*
 * Exception entry and return, faults and their escalation, lock-up. What Unicorn does not have of
 * ARMv7-M is here. Invariants:
 *   E1  IPSR is the number of an active exception, or 0 in Thread mode.
 *   E2  A frame is written with the privilege and the stack of what was interrupted.
 *   E3  Nothing here runs while the engine executes: only between instructions.
 *
 * Source: ARMv7-M architecture reference manual (DDI 0403) B1.5.6 to B1.5.14; PM0214 section 2.3.
 */
#include "cpu.h"

#include <string.h>

enum {
    FRAME_BASIC = 0x20,
    FRAME_EXTENDED = 0x68,
    CYCLES_ENTRY = 12,
    CYCLES_TAIL = 6,
    CYCLES_EXIT = 10,
    CYCLES_FP_FRAME = 17,
};

unsigned core_ipsr(const struct twin_cpu *c)
{
    return engine_reg(c, UC_ARM_REG_XPSR) & XPSR_EXCEPTION;
}

void exception_lock_up(struct twin *t, const char *why)
{
    t->cpu->locked_up = true;
    twin_report(t, TWIN_REPORT_CORE, t->cpu->pc, "lock-up: %s", why);
    core_interrupt_run(t);
}

void twin_cpu_stands_still(struct twin *t, const char *why)
{
    t->cpu->locked_up = true;
    twin_report(t, TWIN_REPORT_CORE, 0, "the core stands still: %s", why);
    core_interrupt_run(t);
}

/* ---- memory as the exception hardware sees it ---- */

enum frame_error { FRAME_OK, FRAME_MPU, FRAME_BUS };

static enum frame_error frame_access(struct twin *t, uint32_t addr, uint32_t *value, bool write,
                                     bool privileged)
{
    struct twin_cpu *c = t->cpu;
    if (!mpu_allows(c, addr, write ? MPU_WRITE : MPU_READ, privileged)) {
        return FRAME_MPU;
    }
    bool ok = write ? twin_bus_write(t, TWIN_MASTER_CPU, addr, 4, *value)
                    : twin_bus_read(t, TWIN_MASTER_CPU, addr, 4, value);
    return ok ? FRAME_OK : FRAME_BUS;
}

static enum frame_error frame_words(struct twin *t, uint32_t addr, uint32_t *words, unsigned n,
                                    bool write)
{
    bool privileged = !t->cpu->unprivileged;
    for (unsigned i = 0; i < n; i++) {
        enum frame_error e = frame_access(t, addr + 4 * i, &words[i], write, privileged);
        if (e != FRAME_OK) {
            return e;
        }
    }
    return FRAME_OK;
}

/* ---- faults ---- */

/* Makes exception pending if it can be taken now, or HardFault instead; locks up if not even that.
 */
static void escalate(struct twin *t, unsigned exception)
{
    struct twin_cpu *c = t->cpu;
    int running = nvic_execution_priority(c);
    int own = nvic_group_priority(c, nvic_priority(c, exception));
    if (nvic_bit(c->enabled, exception) && own < running) {
        nvic_pend(t, exception);
        return;
    }
    if (exception != EXC_HARDFAULT) {
        c->hfsr |= HFSR_FORCED;
    }
    if (running <= -1) {
        exception_lock_up(t, "a fault where HardFault cannot be taken");
        return;
    }
    nvic_pend(t, EXC_HARDFAULT);
}

void exception_synchronous(struct twin *t, unsigned exception)
{
    escalate(t, exception);
}

static const char *fault_name(uint32_t status)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {CFSR_IACCVIOL, "MemManage: execution not allowed"},
        {CFSR_DACCVIOL, "MemManage: access not allowed"},
        {CFSR_MUNSTKERR, "MemManage while unstacking"},
        {CFSR_MSTKERR, "MemManage while stacking"},
        {CFSR_MLSPERR, "MemManage in lazy FP stacking"},
        {CFSR_IBUSERR, "BusFault: instruction fetch"},
        {CFSR_PRECISERR, "BusFault: nothing answers"},
        {CFSR_IMPRECISERR, "BusFault: imprecise"},
        {CFSR_UNSTKERR, "BusFault while unstacking"},
        {CFSR_STKERR, "BusFault while stacking"},
        {CFSR_LSPERR, "BusFault in lazy FP stacking"},
        {CFSR_UNDEFINSTR, "UsageFault: undefined instruction"},
        {CFSR_INVSTATE, "UsageFault: Thumb bit is clear"},
        {CFSR_INVPC, "UsageFault: bad EXC_RETURN"},
        {CFSR_NOCP, "UsageFault: no coprocessor (FPU off in CPACR?)"},
        {CFSR_UNALIGNED, "UsageFault: unaligned access"},
        {CFSR_DIVBYZERO, "UsageFault: division by zero"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((status & names[i].bit) != 0) {
            return names[i].name;
        }
    }
    return "HardFault";
}

bool exception_fault(struct twin *t, unsigned exception, uint32_t status, uint32_t address)
{
    struct twin_cpu *c = t->cpu;
    if (exception == EXC_BUSFAULT && (c->ccr & CCR_BFHFNMIGN) != 0 &&
        nvic_execution_priority(c) <= -1 && (status & (CFSR_PRECISERR | CFSR_IMPRECISERR)) != 0) {
        c->cfsr |= status; /* only the handler is left out */
        c->bfar = (status & CFSR_BFARVALID) != 0 ? address : c->bfar;
        return false;
    }
    c->cfsr |= status;
    if ((status & CFSR_MMARVALID) != 0) {
        c->mmfar = address;
    }
    if ((status & CFSR_BFARVALID) != 0) {
        c->bfar = address;
    }
    twin_report(t, TWIN_REPORT_CORE, address, "%s", fault_name(status));
    if ((status & CFSR_IMPRECISERR) != 0 && nvic_bit(c->enabled, exception)) {
        nvic_pend(t, exception); /* asynchronous: waits for its turn (PM0214 4.4.11) */
    } else {
        escalate(t, exception);
    }
    return true;
}

static void stacking_failed(struct twin *t, enum frame_error e, uint32_t mpu_bit, uint32_t bus_bit)
{
    if (e == FRAME_MPU) {
        (void)exception_fault(t, EXC_MEMMANAGE, mpu_bit, 0);
    } else if (e == FRAME_BUS) {
        (void)exception_fault(t, EXC_BUSFAULT, bus_bit, 0);
    }
}

/* ---- floating-point registers ---- */

static void fp_read(const struct twin_cpu *c, uint32_t words[17])
{
    for (size_t i = 0; i < 16; i += 2) {
        uint64_t d = 0;
        (void)uc_reg_read(c->uc, UC_ARM_REG_D0 + (int)(i / 2), &d);
        words[i] = (uint32_t)d;
        words[i + 1] = (uint32_t)(d >> 32);
    }
    words[16] = engine_reg(c, UC_ARM_REG_FPSCR);
}

static void fp_write(struct twin_cpu *c, const uint32_t words[17])
{
    for (size_t i = 0; i < 16; i += 2) {
        uint64_t d = (uint64_t)words[i + 1] << 32 | words[i];
        (void)uc_reg_write(c->uc, UC_ARM_REG_D0 + (int)(i / 2), &d);
    }
    engine_set_reg(c, UC_ARM_REG_FPSCR, words[16]);
}

bool exception_lazy_save(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    uint32_t words[17];
    fp_read(c, words);
    bool was = c->unprivileged;
    c->unprivileged = (c->fpccr & FPCCR_USER) != 0;
    enum frame_error e = frame_words(t, c->fpcar & ~7U, words, 17, true);
    c->unprivileged = was;
    c->fpccr &= ~FPCCR_LSPACT;
    core_update_traps(t);
    stacking_failed(t, e, CFSR_MLSPERR, CFSR_LSPERR);
    engine_set_reg(c, UC_ARM_REG_FPSCR, c->fpdscr);
    return e == FRAME_OK;
}

/* What FPCCR remembers of the moment a frame was reserved: DDI 0403 B1.5.7, UpdateFPCCR. */
static void lazy_reserve(struct twin_cpu *c, uint32_t frame)
{
    int running = nvic_execution_priority(c);
    uint32_t f = c->fpccr & (FPCCR_ASPEN | FPCCR_LSPEN);
    f |= FPCCR_LSPACT;
    f |= c->unprivileged ? FPCCR_USER : 0;
    f |= core_ipsr(c) == 0 ? FPCCR_THREAD : 0;
    f |= running > -1 ? FPCCR_HFRDY : 0;
    static const struct {
        unsigned exception;
        uint32_t bit;
    } ready[] = {{EXC_BUSFAULT, FPCCR_BFRDY}, {EXC_MEMMANAGE, FPCCR_MMRDY}};
    for (unsigned i = 0; i < 2; i++) {
        unsigned n = ready[i].exception;
        if (nvic_bit(c->enabled, n) && nvic_group_priority(c, nvic_priority(c, n)) < running) {
            f |= ready[i].bit;
        }
    }
    c->fpccr = f;
    c->fpcar = frame + FRAME_BASIC;
}

/* ---- entry ---- */

/* Pushes the frame; returns EXC_RETURN. */
static uint32_t push_frame(struct twin *t, uint32_t pc)
{
    struct twin_cpu *c = t->cpu;
    uint32_t regs[16];
    engine_read_regs(c, regs);
    uint32_t control = engine_reg(c, UC_ARM_REG_CONTROL);
    bool fp = (control & CONTROL_FPCA) != 0 && (c->fpccr & FPCCR_ASPEN) != 0;
    bool handler = (regs[15] & XPSR_EXCEPTION) != 0;
    uint32_t size = fp ? FRAME_EXTENDED : FRAME_BASIC;
    bool align = (c->ccr & CCR_STKALIGN) != 0 || fp;
    uint32_t padding = align ? regs[13] & 4 : 0;
    uint32_t frame = (regs[13] - padding) - size;
    uint32_t xpsr = (regs[15] & ~(XPSR_IT | XPSR_T | 0x200U)) | decode_it_state(c, pc);
    xpsr |= (c->thumb ? XPSR_T : 0) | (padding != 0 ? 0x200U : 0);
    uint32_t words[8] = {regs[0], regs[1], regs[2], regs[3], regs[12], regs[14], pc, xpsr};
    engine_set_reg(c, UC_ARM_REG_SP, frame);
    enum frame_error e = frame_words(t, frame, words, 8, true);
    if (e == FRAME_OK && fp && (c->fpccr & FPCCR_LSPEN) == 0) {
        uint32_t fp_words[17];
        fp_read(c, fp_words);
        e = frame_words(t, frame + FRAME_BASIC, fp_words, 17, true);
        t->sched->cycles += CYCLES_FP_FRAME;
    } else if (fp) {
        lazy_reserve(c, frame);
    }
    stacking_failed(t, e, CFSR_MSTKERR, CFSR_STKERR);
    uint32_t exc_return = 0xFFFFFFE1U | (fp ? 0 : EXC_RETURN_BASIC);
    if (!handler) {
        exc_return |= (control & CONTROL_SPSEL) != 0 ? 0xCU : 0x8U;
    }
    return exc_return;
}

/* Vectors are read over the default memory map whatever the MPU says (ARMv7-M B3.5.1). */
static bool vector_read(struct twin *t, unsigned exception, uint32_t *vector)
{
    return twin_bus_read(t, TWIN_MASTER_CPU, t->cpu->vtor + 4 * exception, 4, vector);
}

/* Starts the handler of exception; the frame is on the stack. */
static void enter_handler(struct twin *t, unsigned exception, uint32_t exc_return)
{
    struct twin_cpu *c = t->cpu;
    uint32_t vector = 0;
    if (!vector_read(t, exception, &vector)) {
        c->hfsr |= HFSR_VECTTBL;
        if (exception == EXC_HARDFAULT || nvic_active_priority(c, false) <= -1) {
            exception_lock_up(t, "no vector for HardFault");
            return;
        }
        twin_report(t, TWIN_REPORT_CORE, c->vtor + 4 * exception, "vector %u cannot be read",
                    exception);
        nvic_assign(c->pending, exception, false);
        exception = EXC_HARDFAULT;
        (void)vector_read(t, exception, &vector);
    }
    nvic_activate(c, exception);
    uint32_t xpsr = engine_reg(c, UC_ARM_REG_XPSR) & ~(XPSR_IT | XPSR_EXCEPTION);
    engine_set_reg(c, UC_ARM_REG_XPSR, xpsr | XPSR_T | exception);
    uint32_t control = engine_reg(c, UC_ARM_REG_CONTROL);
    engine_set_reg(c, UC_ARM_REG_CONTROL, control & CONTROL_NPRIV); /* MSP, no FP context */
    engine_set_reg(c, UC_ARM_REG_LR, exc_return);
    c->thumb = (vector & 1) != 0;
    c->pc = vector & ~1U;
    c->it_len = 0;
    c->exclusive = false;
    c->event_register = true;
    sched_attend(t, SCHED_ATTEND_CORE);
    core_follow_mode(t);
    core_update_traps(t);
}

/* The vector is the first thing that an entry reads; from flash that is busy it comes when BSY has
 * fallen, and what is most urgent by then is entered (a late arrival). */
static void begin_entry(struct twin *t, uint32_t exc_return)
{
    struct twin_cpu *c = t->cpu;
    uint64_t until = twin_flash_busy_until_ps(t);
    c->entering = core_in_flash(c, c->vtor) && until > twin_now_ps(t);
    if (c->entering) {
        c->entry_return = exc_return;
        twin_cpu_stall_until_ps(t, until);
    } else {
        enter_handler(t, nvic_most_urgent(c), exc_return);
    }
}

void exception_go_on_entering(struct twin *t)
{
    begin_entry(t, t->cpu->entry_return);
}

bool exception_take_pending(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    unsigned n = nvic_most_urgent(c);
    if (n == 0 || c->locked_up || c->entering) {
        return false;
    }
    if (nvic_group_priority(c, nvic_priority(c, n)) >= nvic_execution_priority(c)) {
        return false;
    }
    t->sched->cycles += CYCLES_ENTRY;
    uint32_t exc_return = push_frame(t, c->pc);
    if (c->locked_up) {
        return true;
    }
    /* Stacking may have raised something more urgent, which then comes first; the other stays
     * pending. */
    begin_entry(t, exc_return);
    return true;
}

/* ---- return ---- */

static bool return_is_valid(const struct twin_cpu *c, uint32_t exc_return, unsigned exception)
{
    uint32_t kind = exc_return & 0xF;
    if ((exc_return & 0xFFFFFFE0U) != 0xFFFFFFE0U || !nvic_bit(c->active, exception)) {
        return false;
    }
    switch (kind) {
    case 0x1:
        return c->active_count > 1;
    case 0x9:
    case 0xD:
        return c->active_count == 1 || (c->ccr & CCR_NONBASETHRDENA) != 0;
    default:
        return false;
    }
}

/* Raises a fault in place of a return and takes the next exception on the frame that is there. */
static void tail_chain(struct twin *t, uint32_t exc_return)
{
    struct twin_cpu *c = t->cpu;
    unsigned n = nvic_most_urgent(c);
    if (c->locked_up || n == 0) {
        return;
    }
    t->sched->cycles += CYCLES_TAIL;
    begin_entry(t, exc_return);
}

static bool more_urgent_pending(const struct twin_cpu *c)
{
    unsigned n = nvic_most_urgent(c);
    return n != 0 && nvic_group_priority(c, nvic_priority(c, n)) < nvic_execution_priority(c);
}

static enum frame_error pop_fp(struct twin *t, uint32_t frame)
{
    struct twin_cpu *c = t->cpu;
    if ((c->fpccr & FPCCR_LSPACT) != 0) {
        c->fpccr &= ~FPCCR_LSPACT; /* the registers were never touched */
        return FRAME_OK;
    }
    uint32_t words[17];
    enum frame_error e = frame_words(t, frame + FRAME_BASIC, words, 17, false);
    if (e == FRAME_OK) {
        fp_write(c, words);
        t->sched->cycles += CYCLES_FP_FRAME;
    }
    return e;
}

/* Registers, mode and stack from a good frame. SPSEL and the mode change in this order because the
 * engine lets only privileged code write CONTROL. */
static void resume(struct twin *t, uint32_t exc_return, uint32_t frame, const uint32_t words[8])
{
    struct twin_cpu *c = t->cpu;
    bool fp = (exc_return & EXC_RETURN_BASIC) == 0;
    bool thread = (exc_return & 8) != 0;
    uint32_t sp = frame + (fp ? FRAME_EXTENDED : FRAME_BASIC);
    sp += (words[7] & 0x200U) != 0 && ((c->ccr & CCR_STKALIGN) != 0 || fp) ? 4 : 0;
    uint32_t control = engine_reg(c, UC_ARM_REG_CONTROL) & CONTROL_NPRIV;
    control |= (exc_return & 4) != 0 ? CONTROL_SPSEL : 0;
    control |= fp ? CONTROL_FPCA | CONTROL_SFPA : 0;
    if (thread) {
        engine_set_reg(c, UC_ARM_REG_CONTROL, control);
    } else {
        engine_set_reg(c, UC_ARM_REG_CONTROL, control & ~CONTROL_SPSEL);
    }
    engine_set_reg(c, UC_ARM_REG_XPSR, (words[7] & ~0x200U) | XPSR_T);
    engine_set_reg(c, UC_ARM_REG_SP, sp);
    engine_set_reg(c, UC_ARM_REG_R0, words[0]);
    engine_set_reg(c, UC_ARM_REG_R1, words[1]);
    engine_set_reg(c, UC_ARM_REG_R2, words[2]);
    engine_set_reg(c, UC_ARM_REG_R3, words[3]);
    engine_set_reg(c, UC_ARM_REG_R12, words[4]);
    engine_set_reg(c, UC_ARM_REG_LR, words[5]);
    c->thumb = (words[7] & XPSR_T) != 0;
    c->pc = words[6] & ~1U;
    c->it_len = 0;
    if ((words[7] & XPSR_IT) != 0) {
        /* Inside an IT block: the low bits of ITSTATE say how many instructions are left. */
        uint32_t it = (words[7] >> 25 & 3) | (words[7] >> 8 & 0xFC);
        unsigned left = (it & 1) != 0 ? 4 : (it & 2) != 0 ? 3 : (it & 4) != 0 ? 2 : 1;
        c->it_base = (uint8_t)it;
        c->it_start = c->pc;
        c->it_len = decode_length(c, c->pc, left);
    }
    core_follow_mode(t);
    core_update_traps(t);
}

/* The frame is read with the privilege of what it returns to. */
static enum frame_error read_frame(struct twin *t, uint32_t exc_return, uint32_t frame,
                                   uint32_t words[8])
{
    struct twin_cpu *c = t->cpu;
    bool was = c->unprivileged;
    c->unprivileged =
        (exc_return & 8) != 0 && (engine_reg(c, UC_ARM_REG_CONTROL) & CONTROL_NPRIV) != 0;
    enum frame_error e = frame_words(t, frame, words, 8, false);
    if (e == FRAME_OK && (exc_return & EXC_RETURN_BASIC) == 0) {
        e = pop_fp(t, frame);
    }
    c->unprivileged = was;
    return e;
}

void exception_return(struct twin *t, uint32_t exc_return)
{
    struct twin_cpu *c = t->cpu;
    unsigned exception = core_ipsr(c);
    bool valid = return_is_valid(c, exc_return, exception);
    if (nvic_active_priority(c, false) != -2) {
        engine_set_reg(c, UC_ARM_REG_FAULTMASK, 0);
    }
    nvic_deactivate(c, exception);
    c->event_register = true;
    c->exclusive = false;
    sched_attend(t, SCHED_ATTEND_CORE);
    if (!valid) {
        (void)exception_fault(t, EXC_USAGEFAULT, CFSR_INVPC, exc_return);
        tail_chain(t, exc_return | 0xF0000000U);
        return;
    }
    if (more_urgent_pending(c)) {
        tail_chain(t, exc_return);
        return;
    }
    uint32_t frame = engine_reg(c, (exc_return & 4) != 0 ? UC_ARM_REG_PSP : UC_ARM_REG_MSP);
    uint32_t words[8];
    t->sched->cycles += CYCLES_EXIT;
    enum frame_error e = read_frame(t, exc_return, frame, words);
    if (e != FRAME_OK) {
        stacking_failed(t, e, CFSR_MUNSTKERR, CFSR_UNSTKERR);
        tail_chain(t, exc_return);
        return;
    }
    bool to_thread = (exc_return & 8) != 0;
    if (to_thread != ((words[7] & XPSR_EXCEPTION) == 0)) {
        (void)exception_fault(t, EXC_USAGEFAULT, CFSR_INVPC, exc_return);
        tail_chain(t, exc_return);
        return;
    }
    resume(t, exc_return, frame, words);
    if (to_thread && c->active_count == 0 && (c->scr & SCR_SLEEPONEXIT) != 0) {
        c->sleeping = true;
        c->sleep_is_wfe = false;
    }
}

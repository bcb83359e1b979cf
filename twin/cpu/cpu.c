/* SPDX-License-Identifier: MIT */
/*
 * The core's loop: what is pending is taken, the engine runs up to the next event, and what made it
 * stop is dealt with. Memories live here.
 *
 * Source: ARMv7-M B1.5.5 (reset), B1.5.17 to B1.5.19 (sleep); PM0214 section 2.5.
 */
#include "cpu.h"

#include <stdlib.h>
#include <string.h>

enum { RCC_AHB1ENR = 0x30, CCMDATARAMEN = 20, PWR_CR_PDDS = 1 << 1 };

#define NO_END 0xFFFFFFFEU /* an address that is never executed */

uint32_t twin_cpu_pc(const struct twin *t)
{
    return t->cpu == NULL ? 0 : t->cpu->pc;
}

void twin_flash_memory_changed(struct twin *t, uint32_t addr, uint32_t len)
{
    if (t->cpu != NULL && len != 0) {
        engine_drop_code(t, addr, len);
    }
}

void twin_cpu_memory_written(struct twin *t, uint32_t addr, uint32_t len)
{
    uint32_t offset = addr - SRAM_BASE;
    if (offset < SRAM_SIZE && len != 0 &&
        (t->cpu->code_page[offset >> 10] != 0 ||
         t->cpu->code_page[(offset + len - 1) >> 10] != 0)) {
        engine_drop_code(t, addr, len);
    }
}

void twin_cpu_flash_began(struct twin *t)
{
    core_update_traps(t);
}

void twin_cpu_stall_until_ps(struct twin *t, uint64_t at_ps)
{
    uint64_t *until = &t->cpu->stall_until_ps;
    *until = at_ps > *until ? at_ps : *until;
    core_interrupt_run(t);
}

static uint16_t *known_at(const struct twin *t, uint32_t addr)
{
    return &t->cpu->info[((addr >> 1) & 0x7FFFFU) | ((addr >> 10) & 0x80000U)];
}

void twin_on_execute(struct twin *t, uint32_t addr, void (*fn)(void *ctx, uint32_t addr), void *ctx)
{
    struct twin_cpu *c = t->cpu;
    c->watch_fn = fn;
    c->watch_ctx = ctx;
    c->watch_addr = addr & ~1U;
    *known_at(t, addr) = 0;
}

bool twin_fault_instruction(struct twin *t, uint32_t addr, uint64_t nth, enum twin_fault fault)
{
    struct twin_cpu *c = t->cpu;
    if (fault != TWIN_FAULT_SKIP && decode_results(c, addr & ~1U) == 0) {
        return false;
    }
    c->skip_addr = addr & ~1U;
    c->skip_in = nth;
    c->skip_fault = fault;
    c->skipped = false;
    *known_at(t, addr) = 0;
    return true;
}

void twin_skip_instruction(struct twin *t, uint32_t addr, uint64_t nth)
{
    (void)twin_fault_instruction(t, addr, nth, TWIN_FAULT_SKIP);
}

bool twin_skip_happened(const struct twin *t)
{
    return t->cpu->skipped;
}

bool twin_has_executed(const struct twin *t, uint32_t addr)
{
    return (*known_at(t, addr) & INFO_DECODED) != 0;
}

void twin_forget_executed(struct twin *t)
{
    memset(t->cpu->info, 0, INFO_ENTRIES * sizeof t->cpu->info[0]);
}

void core_interrupt_run(struct twin *t)
{
    sched_attend(t, SCHED_ATTEND_RUN);
}

void core_follow_mode(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    bool handler = core_ipsr(c) != 0;
    bool unprivileged = !handler && (engine_reg(c, UC_ARM_REG_CONTROL) & CONTROL_NPRIV) != 0;
    bool bypassed = mpu_is_bypassed(c);
    if (unprivileged == c->unprivileged && bypassed == c->mpu_bypassed) {
        return;
    }
    c->unprivileged = unprivileged;
    c->mpu_bypassed = bypassed;
    if (mpu_is_on(c)) {
        engine_remap(t);
    }
}

void core_follow_ccm_clock(struct twin *t)
{
    bool off = !twin_rcc_clock_on(t, RCC_AHB1ENR, CCMDATARAMEN);
    if (off != t->cpu->ccm_off) {
        t->cpu->ccm_off = off;
        engine_remap(t);
    }
}

/* ---- reset ---- */

static void fill_random(struct twin *t, enum memory_kind kind)
{
    const struct memory *m = &t->bus->memory[kind];
    for (uint32_t i = 0; i < m->size; i += 4) {
        store_le(m->bytes + i, 4, twin_random(t));
    }
    twin_cpu_memory_written(t, m->base, m->size);
}

/* Unknown after power-on; a reset leaves them alone. */
static void randomize_registers(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    uint32_t regs[16];
    uint64_t fp[16];
    engine_read_regs(c, regs);
    for (unsigned i = 0; i < 13; i++) {
        regs[i] = twin_random(t);
    }
    for (unsigned i = 0; i < 16; i++) {
        uint64_t high = twin_random(t);
        fp[i] = high << 32 | twin_random(t);
    }
    engine_write_regs(c, regs);
    engine_write_fp(c, fp);
    engine_set_reg(c, UC_ARM_REG_PSP, twin_random(t) & ~3U);
}

void core_reset(struct twin *t, enum twin_reset kind)
{
    struct twin_cpu *c = t->cpu;
    if (kind == TWIN_RESET_POWER) {
        fill_random(t, MEMORY_SRAM);
        fill_random(t, MEMORY_CCM);
    }
    scs_reset_registers(t);
    c->locked_up = false;
    c->sleeping = false;
    c->stopped = false;
    c->event_register = false;
    c->exclusive = false;
    c->imprecise = false;
    c->entering = false;
    c->stall_until_ps = 0;
    c->it_len = 0;
    c->fault.pending = false;
    /* Handler mode first: there the engine lets every register be written. */
    engine_set_reg(c, UC_ARM_REG_XPSR, XPSR_T | EXC_RESET);
    engine_set_reg(c, UC_ARM_REG_CONTROL, 0);
    engine_set_reg(c, UC_ARM_REG_PRIMASK, 0);
    engine_set_reg(c, UC_ARM_REG_FAULTMASK, 0);
    engine_set_reg(c, UC_ARM_REG_BASEPRI, 0);
    engine_set_reg(c, UC_ARM_REG_FPSCR, 0);
    if (kind == TWIN_RESET_POWER) {
        randomize_registers(t);
    }
    engine_set_reg(c, UC_ARM_REG_XPSR, XPSR_T);
    c->unprivileged = false;
    c->mpu_bypassed = false;
    engine_remap(t);
    core_update_traps(t);
    uint32_t sp = 0, entry = 0;
    (void)twin_bus_read(t, TWIN_MASTER_CPU, FLASH_BASE, 4, &sp);
    (void)twin_bus_read(t, TWIN_MASTER_CPU, FLASH_BASE + 4, 4, &entry);
    engine_set_reg(c, UC_ARM_REG_SP, sp & ~3U);
    engine_set_reg(c, UC_ARM_REG_LR, 0xFFFFFFFFU);
    c->thumb = (entry & 1) != 0;
    c->pc = entry & ~1U;
    c->next = c->pc;
    sched_attend(t, SCHED_ATTEND_CORE);
}

/* ---- instructions that the twin does itself ---- */

static void skip(struct twin_cpu *c, uint32_t bytes, unsigned cycles)
{
    c->pc += bytes;
    c->next = c->pc;
    c->instructions++;
    c->sched->cycles += cycles;
}

static void set_low_register(struct twin_cpu *c, unsigned n, uint32_t value)
{
    engine_set_reg(c, n < 13 ? UC_ARM_REG_R0 + (int)n : UC_ARM_REG_LR, value);
}

/* What the instruction at pc leaves, though it is not executed. */
static void inject(struct twin_cpu *c, uint32_t pc)
{
    uint32_t results = c->skip_fault == TWIN_FAULT_SKIP ? 0 : decode_results(c, pc);
    for (unsigned n = 0; results != 0; n++, results >>= 1) {
        if ((results & 1) != 0) {
            set_low_register(c, n, c->skip_fault == TWIN_FAULT_ZEROS ? 0 : 0xFFFFFFFFU);
        }
    }
}

static bool standby_chosen(const struct twin *t)
{
    return (twin_pwr_cr(t) & PWR_CR_PDDS) != 0;
}

static void sleep_now(struct twin *t, bool wfe)
{
    struct twin_cpu *c = t->cpu;
    if (wfe && c->event_register) {
        c->event_register = false;
        return;
    }
    c->sleeping = true;
    c->sleep_is_wfe = wfe;
}

static void do_special(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    uint16_t hw[2];
    decode_fetch(c, c->pc, hw);
    if ((hw[0] & 0xFF0F) == 0xBF00) {
        skip(c, 2, 1);
        sleep_now(t, (hw[0] & 0xF0) == 0x20);
    } else if (hw[0] == 0xF3AF) {
        skip(c, 4, 1);
        sleep_now(t, (hw[1] & 0xFF) == 2);
    } else if (hw[0] == 0xF3EF) {
        /* The engine shows a bit of ARMv8-M in CONTROL. */
        set_low_register(c, hw[1] >> 8 & 0xF, engine_reg(c, UC_ARM_REG_CONTROL) & 7);
        skip(c, 4, 2);
    } else if ((hw[0] & 0xFFE0) == 0xE840) {
        set_low_register(c, hw[1] >> 8 & 0xF, 1); /* STREX that fails */
        skip(c, 4, 2);
    } else {
        set_low_register(c, hw[1] & 0xF, 1); /* STREXB, STREXH */
        skip(c, 4, 2);
    }
}

/* ---- sleep ---- */

static bool wakes(const struct twin_cpu *c)
{
    return !twin_pwr_in_standby(c->twin) &&
           (nvic_wakes(c) || (c->sleep_is_wfe && c->event_register));
}

/* The clocks go off when flash is done (RM0090 5.3.5, 5.3.6); an EXTI line that is pending keeps
 * them on. */
static void stop_clocks(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    bool standby = standby_chosen(t);
    if (c->stopped || (c->scr & SCR_SLEEPDEEP) == 0 ||
        twin_flash_busy_until_ps(t) > twin_now_ps(t)) {
        return;
    }
    if (!standby && twin_exti_asks(t)) {
        c->sleeping = false; /* the entry is ignored: the program goes on */
        return;
    }
    if (twin_flash_low_power_is_reset(t, standby)) {
        twin_request_reset(t, 31, standby ? "Standby, by nRST_STDBY" : "Stop, by nRST_STOP");
        return;
    }
    c->stopped = true;
    systick_freeze(t, true);
    twin_stop_enter(t);
    if (standby) {
        twin_pwr_standby_enter(t);
    }
}

static void start_clocks(struct twin *t)
{
    t->cpu->stopped = false;
    uint64_t wake_ps = twin_stop_leave(t);
    systick_freeze(t, false);
    twin_cpu_stall_until_ps(t, twin_now_ps(t) + wake_ps);
}

/* Returns whether the core sleeps on; time has then gone to the next event. */
static bool sleep_on(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    if (!wakes(c)) {
        stop_clocks(t);
    }
    if (!c->sleeping || twin_reset_is_asked_for(t)) {
        return c->sleeping;
    }
    if (wakes(c)) {
        c->sleeping = false;
        if (c->stopped) {
            start_clocks(t);
        }
        if (c->sleep_is_wfe) {
            c->event_register = false;
        }
        return false;
    }
    uint64_t before = t->sched->cycles;
    sched_advance_to(t, sched_next_ps(t));
    c->sleep_cycles += t->sched->cycles - before;
    return true;
}

/* ---- the loop ---- */

/* Before the engine starts. Returns false when it shall not, now. */
static bool prepare(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    uint64_t now = twin_now_ps(t);
    if (c->stall_until_ps > now) {
        uint64_t next = sched_next_ps(t);
        sched_advance_to(t, next < c->stall_until_ps ? next : c->stall_until_ps);
        return false;
    }
    if (c->imprecise) {
        c->imprecise = false;
        (void)exception_fault(t, EXC_BUSFAULT, CFSR_IMPRECISERR, 0);
    }
    if (c->sleeping && sleep_on(t)) {
        return false;
    }
    if (c->stall_until_ps > now) {
        return false; /* a wake-up from Stop takes its time */
    }
    core_follow_mode(t);
    if (c->entering) {
        exception_go_on_entering(t);
    }
    while (exception_take_pending(t)) {
    }
    sched_attended(t, SCHED_ATTEND_CORE);
    if (c->locked_up || c->entering || t->sched->cycles >= t->sched->deadline) {
        return false;
    }
    if (!c->thumb) {
        c->next = c->pc;
        (void)exception_fault(t, EXC_USAGEFAULT, CFSR_INVSTATE, 0);
        return false;
    }
    if (c->pc >= PPB_BASE) {
        /* A vector from erased flash leads here; the engine takes some of these addresses for its
         * own. */
        (void)exception_fault(t, EXC_MEMMANAGE, CFSR_IACCVIOL, c->pc);
        return false;
    }
    if (c->flash_watch) {
        core_update_traps(t);
    }
    return true;
}

static void undefined(struct twin *t, uint32_t pc)
{
    struct twin_cpu *c = t->cpu;
    c->pc = pc;
    c->thumb = (engine_reg(c, UC_ARM_REG_XPSR) & XPSR_T) != 0;
    (void)exception_fault(t, EXC_USAGEFAULT, c->thumb ? CFSR_UNDEFINSTR : CFSR_INVSTATE, 0);
}

static void take_fault(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    bool taken = exception_fault(t, c->fault.exception, c->fault.status, c->fault.address);
    if (!taken) {
        skip(c, decode_length(c, c->pc, 1), 1);
    }
}

/* As before the instruction that faulted or was held; the rest of its IT block was not executed. */
static void put_back(struct twin_cpu *c)
{
    c->fault.pending = false;
    c->pc = c->fault.pc;
    engine_write_regs(c, c->fault.regs);
    if (c->fault.in_it_block) {
        engine_write_fp(c, c->fault.fp);
        engine_set_reg(c, UC_ARM_REG_FPSCR, c->fault.fpscr);
    }
    c->stop = c->fault.exception != 0 ? CPU_STOP_FAULT : c->fault.why;
}

static void breakpoint(struct twin *t, uint32_t pc)
{
    struct twin_cpu *c = t->cpu;
    c->pc = pc;
    c->dfsr |= DFSR_BKPT;
    c->hfsr |= HFSR_DEBUGEVT; /* no debugger: ARMv7-M C1.5.1 */
    twin_report(t, TWIN_REPORT_CORE, pc, "BKPT without a debugger");
    exception_synchronous(t, EXC_HARDFAULT);
}

/* A branch to 0xFFFFFFFx: a return in Handler mode, else a fetch from where nothing may execute. */
static void leave_handler(struct twin *t, uint32_t value)
{
    struct twin_cpu *c = t->cpu;
    if (core_ipsr(c) != 0) {
        exception_return(t, value | 1);
        c->next = c->pc;
        return;
    }
    c->pc = value & ~1U;
    (void)exception_fault(t, EXC_MEMMANAGE, CFSR_IACCVIOL, value);
}

/* The engine knows two faults of its own: a fetch from where the default memory map has XN, and an
 * alignment that an instruction needs whatever CCR says. */
static bool engine_fault(struct twin *t, uint32_t pc)
{
    enum { QEMU_PREFETCH_ABORT = 3, QEMU_DATA_ABORT = 4 };
    struct twin_cpu *c = t->cpu;
    if (c->stop != CPU_STOP_OTHER) {
        return false;
    }
    c->pc = pc;
    if (c->engine_exception == QEMU_PREFETCH_ABORT) {
        (void)exception_fault(t, EXC_MEMMANAGE, CFSR_IACCVIOL, pc);
        return true;
    }
    if (c->engine_exception == QEMU_DATA_ABORT) {
        (void)exception_fault(t, EXC_USAGEFAULT, CFSR_UNALIGNED, 0);
        return true;
    }
    return false;
}

static void engine_refused(struct twin *t, int err)
{
    twin_report(t, TWIN_REPORT_OTHER, t->cpu->pc, "defect of the twin: CPU emulator says: %s (%u)",
                uc_strerror((uc_err)err), (unsigned)t->cpu->engine_exception);
    exception_lock_up(t, "the CPU emulator cannot go on");
}

static void after_engine(struct twin *t, uc_err err)
{
    struct twin_cpu *c = t->cpu;
    uint32_t pc = engine_reg(c, UC_ARM_REG_PC);
    if (c->fault.pending) {
        put_back(c);
        pc = c->pc;
        if (c->stop == CPU_STOP_FAULT) {
            take_fault(t);
            return;
        }
    }
    switch (c->stop) {
    case CPU_STOP_BOUNDARY:
        c->pc = pc;
        break;
    case CPU_STOP_SPECIAL:
        c->pc = pc;
        do_special(t);
        break;
    case CPU_STOP_SKIP:
        c->pc = pc;
        inject(c, pc);
        skip(c, decode_length(c, pc, 1), 1);
        break;
    case CPU_STOP_SVC:
        c->pc = pc;
        exception_synchronous(t, EXC_SVC);
        break;
    case CPU_STOP_RETURN:
        leave_handler(t, pc);
        break;
    case CPU_STOP_BKPT:
        breakpoint(t, pc);
        break;
    case CPU_STOP_NONE:
        if (err == UC_ERR_INSN_INVALID) {
            undefined(t, pc);
        } else {
            engine_refused(t, (int)err);
        }
        break;
    case CPU_STOP_FAULT:
    case CPU_STOP_OTHER:
    default:
        if (!engine_fault(t, pc)) {
            engine_refused(t, (int)err);
        }
        break;
    }
}

void core_run(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    if (!prepare(t)) {
        return;
    }
    c->stop = CPU_STOP_NONE;
    uint32_t it = decode_it_state(c, c->pc);
    if (it != 0) { /* held in the middle of a block */
        uint32_t xpsr = engine_reg(c, UC_ARM_REG_XPSR) & ~XPSR_IT;
        engine_set_reg(c, UC_ARM_REG_XPSR, xpsr | it);
    }
    uc_err err = uc_emu_start(c->uc, (uint64_t)c->pc | 1, NO_END, 0, 0);
    after_engine(t, err);
}

/* ---- create and destroy ---- */

int twin_cpu_create(struct twin *t)
{
    t->cpu = calloc(1, sizeof *t->cpu);
    if (t->cpu == NULL) {
        return TWIN_ERR_MEMORY;
    }
    t->cpu->twin = t;
    t->cpu->sched = t->sched;
    t->cpu->system_rom = aligned_alloc(PAGE_4K, SYSTEM_SIZE & ~(PAGE_4K - 1));
    const struct memory memories[MEMORY_KINDS] = {
        [MEMORY_FLASH] = {FLASH_BASE, t->config.flash_kib * 1024, twin_flash_bytes(t)},
        [MEMORY_SYSTEM] = {SYSTEM_BASE, SYSTEM_SIZE & ~(PAGE_4K - 1), t->cpu->system_rom},
        [MEMORY_OTP] = {OTP_PAGE, PAGE_4K, twin_flash_otp_page(t)},
        [MEMORY_OPTION] = {OPTION_PAGE, PAGE_4K, twin_flash_option_page(t)},
        [MEMORY_CCM] = {CCM_BASE, CCM_SIZE, aligned_alloc(PAGE_4K, CCM_SIZE)},
        [MEMORY_SRAM] = {SRAM_BASE, SRAM_SIZE, aligned_alloc(PAGE_4K, SRAM_SIZE)},
    };
    memcpy(t->bus->memory, memories, sizeof memories);
    for (unsigned i = 0; i < MEMORY_KINDS; i++) {
        if (memories[i].bytes == NULL) {
            return TWIN_ERR_MEMORY;
        }
    }
    memset(memories[MEMORY_SYSTEM].bytes, 0xFF, memories[MEMORY_SYSTEM].size);
    return engine_open(t);
}

void twin_cpu_destroy(struct twin *t)
{
    if (t->cpu == NULL) {
        return;
    }
    engine_close(t);
    free(t->bus->memory[MEMORY_SRAM].bytes);
    free(t->bus->memory[MEMORY_CCM].bytes);
    free(t->cpu->system_rom);
    free(t->cpu);
    t->cpu = NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * What the twin does before each instruction: time, fetches, and the checks that Unicorn does not
 * make. The code hook makes PC exact everywhere; it is the only hook of its kind,
 * because Unicorn calls a single one directly from translated code.
 *
 * What was found out about Unicorn 2.0.1 and is relied on (pinned by
 * tests/twin/core/test_engine.c):
 *   - uc_emu_stop in the code hook stops before that instruction, with exact PC and registers,
 * except inside an IT block, where the block's instructions are still executed;
 *   - instructions of an IT block whose condition fails do not reach the hook;
 *   - registers read in a memory hook are those before the instruction;
 *   - a store that faults does not end its translated block at once: the next code hook does.
 */
#include "cpu.h"

#include <stdio.h>
#include <string.h>

enum { REFILL = 2 }; /* cycles to fill the pipeline after a branch: 1 to 3 */

bool core_in_flash(const struct twin_cpu *c, uint32_t addr)
{
    uint32_t size = c->twin->bus->memory[MEMORY_FLASH].size;
    return addr < size || addr - FLASH_BASE < size;
}

void core_forget_lines(struct twin_cpu *c)
{
    /* No line has number ~0: the highest address gives 0x0FFFFFFF. */
    memset(c->tag, 0xFF, sizeof c->tag);
    c->line = ~0U;
}

void core_update_traps(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    bool watch = twin_flash_busy_until_ps(t) > twin_now_ps(t) || twin_flash_reads_matter(t);
    if (watch != c->flash_watch) {
        c->flash_watch = watch;
        core_forget_lines(c);
    }
    uint32_t mask = INFO_TRAPS;
    if ((c->cpacr >> 20 & 0xF) != 0xF || (c->fpccr & FPCCR_LSPACT) != 0) {
        mask |= INFO_FP;
    }
    if (watch || (c->ccr & CCR_UNALIGN_TRP) != 0) {
        mask |= INFO_MEMORY;
    }
    if ((c->ccr & CCR_DIV_0_TRP) != 0) {
        mask |= INFO_DIVIDE;
    }
    c->trap_mask = mask;
}

static void stop(struct twin_cpu *c, enum cpu_stop why)
{
    c->stop = why;
    (void)uc_emu_stop(c->uc);
}

static bool in_it_block(const struct twin_cpu *c, uint32_t pc)
{
    return pc - c->it_start < c->it_len;
}

/* The engine executes the rest of an IT block whatever it is told. Nothing of that may last: stores
 * and devices look at fault.pending, and the registers are put back. */
static void keep_registers(struct twin_cpu *c)
{
    c->fault.pc = c->pc;
    engine_read_regs(c, c->fault.regs);
    c->fault.in_it_block = in_it_block(c, c->pc);
    if (c->fault.in_it_block) {
        engine_read_fp(c, c->fault.fp);
        c->fault.fpscr = engine_reg(c, UC_ARM_REG_FPSCR);
    }
    sched_attend(c->twin, SCHED_ATTEND_RUN); /* each hook of the rest takes the slow way */
    stop(c, CPU_STOP_FAULT);
}

void core_raise(struct twin_cpu *c, unsigned exception, uint32_t status, uint32_t address)
{
    if (c->fault.pending) {
        return;
    }
    c->fault.pending = true;
    c->fault.exception = exception;
    c->fault.status = status;
    c->fault.address = address;
    keep_registers(c);
}

/* Stops before the instruction at pc, in an IT block too. */
static void hold(struct twin_cpu *c, uint32_t pc, enum cpu_stop why)
{
    c->pc = pc;
    c->looked_pc = ~0U; /* an exception may come first, whose handler begins at pc */
    if (in_it_block(c, pc)) {
        c->fault.pending = true;
        c->fault.exception = 0;
        c->fault.why = why;
        keep_registers(c);
    } else {
        stop(c, why);
    }
}

/* ---- before an instruction ---- */

/* After MSR: what the engine keeps in another way than this core. */
static void correct_masks(struct twin_cpu *c)
{
    uint32_t basepri = engine_reg(c, UC_ARM_REG_BASEPRI);
    if ((basepri & 0x0F) != 0) {
        engine_set_reg(c, UC_ARM_REG_BASEPRI, basepri & 0xF0); /* four bits exist */
    }
    uint32_t control = engine_reg(c, UC_ARM_REG_CONTROL);
    if ((control & (CONTROL_FPCA | CONTROL_SFPA)) == CONTROL_FPCA) {
        engine_set_reg(c, UC_ARM_REG_CONTROL, control | CONTROL_SFPA);
    }
}

/* Something is due. Returns whether the instruction at pc must not run now. */
static bool boundary(struct twin_cpu *c, uint32_t pc)
{
    struct twin *t = c->twin;
    if (c->stop != CPU_STOP_NONE) {
        return true; /* the rest of an IT block after a fault */
    }
    if (in_it_block(c, pc)) {
        return false; /* the engine cannot stop here; a few cycles later it can */
    }
    if ((c->sched->attention & SCHED_ATTEND_CORE) != 0) {
        correct_masks(c);
        core_follow_mode(t);
        unsigned n = nvic_most_urgent(c);
        if (n == 0 || nvic_group_priority(c, nvic_priority(c, n)) >= nvic_execution_priority(c)) {
            sched_attended(t, SCHED_ATTEND_CORE);
            if (c->sched->cycles < c->sched->deadline) {
                return false;
            }
        }
    }
    stop(c, CPU_STOP_BOUNDARY);
    return true;
}

/* Cycles to get the line at pc from flash: the ART's cache has no copy. With prefetch, a line that
 * follows the last one was under way while that one executed. RM0090 3.5. */
static uint32_t flash_wait(const struct twin_cpu *c, uint32_t line)
{
    struct twin *t = c->twin;
    unsigned wait = twin_flash_wait_states(t);
    if (line != c->line + 1 || !twin_flash_prefetch_on(t)) {
        return wait;
    }
    uint64_t passed = c->sched->cycles - c->line_cycles;
    return passed >= wait ? 0 : wait - (uint32_t)passed;
}

/* Flash is busy or has unstable bits. Returns false when the core has to wait. */
static bool watched_fetch(struct twin_cpu *c, uint32_t pc)
{
    struct twin *t = c->twin;
    uint64_t until = twin_flash_busy_until_ps(t);
    if (until > twin_now_ps(t)) {
        c->stall_until_ps = until;
        hold(c, pc, CPU_STOP_BOUNDARY);
        return false;
    }
    if (twin_flash_reads_matter(t)) {
        twin_flash_before_read(t, (pc < FLASH_BASE ? pc + FLASH_BASE : pc) & ~15U, 16, true);
    }
    return true;
}

/* The instruction at pc is in another line than the last one: may it be fetched, and at what cost?
 */
static bool fetch_line(struct twin_cpu *c, uint32_t pc)
{
    uint32_t line = pc >> 4;
    if (!mpu_allows_code(c, pc, MPU_FETCH) || !mpu_allows_code(c, pc, MPU_READ)) {
        c->pc = pc;
        core_raise(c, EXC_MEMMANAGE, CFSR_IACCVIOL, pc);
        return false;
    }
    if (core_in_flash(c, pc)) {
        if (c->flash_watch && !watched_fetch(c, pc)) {
            return false;
        }
        c->sched->cycles += flash_wait(c, line);
        bool free = twin_flash_icache_on(c->twin) || twin_flash_wait_states(c->twin) == 0;
        if (free && !c->flash_watch) {
            c->tag[line % FETCH_LINES] = line;
        }
        return true;
    }
    if (pc - SRAM_BASE >= SRAM_SIZE) {
        c->pc = pc;
        if (pc - SYSTEM_BASE < SYSTEM_SIZE) {
            twin_report(c->twin, TWIN_REPORT_UNMODELLED, pc,
                        "the maker's ROM is not modelled: nothing to execute there");
            core_raise(c, EXC_USAGEFAULT, CFSR_UNDEFINSTR, pc);
        } else {
            core_raise(c, EXC_BUSFAULT, CFSR_IBUSERR, pc); /* CCM among others */
        }
        return false;
    }
    c->code_page[(pc - SRAM_BASE) >> 10] = 1;
    c->tag[line % FETCH_LINES] = line;
    return true;
}

static uint16_t *info_of(const struct twin_cpu *c, uint32_t pc)
{
    return &c->info[((pc >> 1) & 0x7FFFFU) | ((pc >> 10) & 0x80000U)];
}

/* Loads and stores whose address has to be looked at first. */
static bool check_access(struct twin_cpu *c, uint32_t pc, uint16_t info)
{
    struct cpu_access *a = &c->looked;
    c->looked_pc = ~0U; /* not yet what is decoded now */
    bool align = (info & INFO_ALIGN) != 0 || (c->ccr & CCR_UNALIGN_TRP) != 0;
    if ((!align && !c->flash_watch) || !decode_access(c, pc, a)) {
        return true;
    }
    c->looked_instruction = c->instructions + 1; /* its number once it runs */
    c->looked_pc = pc;
    if (align && (a->address & (a->width - 1)) != 0) {
        core_raise(c, EXC_USAGEFAULT, CFSR_UNALIGNED, a->address);
        return false;
    }
    if (!c->flash_watch || !a->load) {
        return true;
    }
    uint32_t page = a->address & ~(PAGE_4K - 1);
    if (!core_in_flash(c, a->address) && page != OTP_PAGE && page != OPTION_PAGE) {
        return true;
    }
    struct twin *t = c->twin;
    uint64_t until = twin_flash_busy_until_ps(t);
    if (until > twin_now_ps(t)) {
        c->stall_until_ps = until;
        hold(c, pc, CPU_STOP_BOUNDARY);
        return false;
    }
    if (twin_flash_reads_matter(t)) {
        uint32_t at = a->address < FLASH_BASE ? a->address + FLASH_BASE : a->address;
        twin_flash_before_read(t, at, a->width * a->count, false);
    }
    return true;
}

static bool check_divisor(struct twin_cpu *c, uint32_t pc)
{
    static const int ids[16] = {UC_ARM_REG_R0,  UC_ARM_REG_R1, UC_ARM_REG_R2,  UC_ARM_REG_R3,
                                UC_ARM_REG_R4,  UC_ARM_REG_R5, UC_ARM_REG_R6,  UC_ARM_REG_R7,
                                UC_ARM_REG_R8,  UC_ARM_REG_R9, UC_ARM_REG_R10, UC_ARM_REG_R11,
                                UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR,  UC_ARM_REG_PC};
    uint16_t hw[2];
    decode_fetch(c, pc, hw);
    if (engine_reg(c, ids[hw[1] & 0xF]) != 0) {
        return true;
    }
    core_raise(c, EXC_USAGEFAULT, CFSR_DIVBYZERO, 0);
    return false;
}

/* Coprocessor instructions: there is only the FPU, when CPACR lets it. */
static bool check_fpu(struct twin_cpu *c, uint16_t info)
{
    uint32_t rights = c->cpacr >> 20 & 3;
    if ((info & INFO_SPECIAL) != 0 || rights == 0 || (rights == 1 && c->unprivileged)) {
        core_raise(c, EXC_USAGEFAULT, CFSR_NOCP, 0);
        return false;
    }
    /* What lazy stacking left is saved now. A fault of that is taken after this instruction. */
    return (c->fpccr & FPCCR_LSPACT) == 0 || exception_lazy_save(c->twin);
}

static void call_watch(struct twin_cpu *c, uint32_t pc)
{
    void (*fn)(void *ctx, uint32_t addr) = c->watch_fn;
    c->watch_fn = NULL;
    *info_of(c, pc) = 0;
    fn(c->watch_ctx, pc);
}

/* WFI, WFE, SEV, CPS, MSR, MRS of CONTROL, exclusives. Returns whether the engine executes it. */
static bool special(struct twin_cpu *c, uint32_t pc)
{
    uint16_t hw[2];
    decode_fetch(c, pc, hw);
    bool hint = (hw[0] & 0xFF0F) == 0xBF00 || hw[0] == 0xF3AF;
    if (hint) {
        unsigned number = hw[0] == 0xF3AF ? hw[1] & 0xFFU : (hw[0] >> 4) & 0xFU;
        c->event_register = c->event_register || number == 4;
        if (number != 4) {
            hold(c, pc, CPU_STOP_SPECIAL);
        }
        return number == 4;
    }
    if (hw[0] == 0xF3EF) {
        hold(c, pc, CPU_STOP_SPECIAL);
        return false;
    }
    bool exclusive = (hw[0] & 0xFFE0) == 0xE840 || (hw[0] & 0xFFE0) == 0xE8C0;
    if (exclusive && (hw[0] & 0x10) != 0) {
        c->exclusive = true;
    } else if (exclusive && !c->exclusive) {
        hold(c, pc, CPU_STOP_SPECIAL); /* the monitor was lost to an exception: it fails */
        return false;
    } else if (exclusive || hw[0] == 0xF3BF) {
        c->exclusive = false;
    } else {
        sched_attend(c->twin, SCHED_ATTEND_CORE); /* CPS, MSR: looked at before the next one */
    }
    return true;
}

/* The length of the block is kept in place of the cycles of IT, which are always 1. */
static void enter_it_block(struct twin_cpu *c, uint32_t pc, uint16_t *info)
{
    uint16_t hw[2];
    decode_fetch(c, pc, hw);
    c->it_base = (uint8_t)hw[0];
    c->it_start = pc + 2;
    c->it_len = *info & INFO_CYCLES;
    *info = (uint16_t)((*info & ~INFO_CYCLES) | 1U);
}

/* An injected fault: is it this execution's turn? Until then the instruction is not taken as known,
 * so that each execution of it comes here. */
static bool skip_now(struct twin_cpu *c, uint32_t pc)
{
    if (c->skip_in == 0 || pc != c->skip_addr) {
        return false;
    }
    *info_of(c, pc) = 0;
    if (--c->skip_in != 0) {
        return false;
    }
    c->skipped = true;
    hold(c, pc, CPU_STOP_SKIP);
    return true;
}

/* Returns whether the instruction runs. Apart, so that what is looked at more often needs none of
 * its registers. */
__attribute__((noinline)) static bool slow_instruction(struct twin_cpu *c, uint32_t pc,
                                                       uint16_t *info)
{
    if ((*info & INFO_DECODED) == 0) {
        uint16_t hw[2];
        decode_fetch(c, pc, hw);
        *info = decode_info(hw[0], hw[1]);
        if ((*info & INFO_IT) != 0) {
            unsigned n = (hw[0] & 1) != 0 ? 4 : (hw[0] & 2) != 0 ? 3 : (hw[0] & 4) != 0 ? 2 : 1;
            *info = (uint16_t)((*info & ~INFO_CYCLES) | decode_length(c, pc + 2, n));
        }
        bool watched = c->watch_fn != NULL && c->watch_addr == pc;
        *info_of(c, pc) = watched ? 0 : *info; /* a watched one is never taken as known */
        if (watched) {
            call_watch(c, pc);
        }
        if (skip_now(c, pc)) {
            return false;
        }
    }
    uint32_t traps = (*info ^ INFO_DECODED) & c->trap_mask;
    if (traps == 0) {
        return true;
    }
    c->pc = pc; /* for what is raised below */
    if ((traps & INFO_IT) != 0) {
        enter_it_block(c, pc, info);
        if (traps == INFO_IT) {
            return true;
        }
    }
    if ((*info & INFO_FP) != 0 && !check_fpu(c, *info)) {
        return false;
    }
    if ((traps & (INFO_ALIGN | INFO_MEMORY)) != 0 && !check_access(c, pc, *info)) {
        return false;
    }
    if ((traps & INFO_DIVIDE) != 0 && !check_divisor(c, pc)) {
        return false;
    }
    return (traps & INFO_SPECIAL) == 0 || special(c, pc);
}

/* The instruction does not follow the last one: a branch, or skipped instructions of an IT block,
 * which take a cycle each. */
static uint32_t jump_cost(struct twin_cpu *c, uint32_t pc)
{
    if (pc > c->next && pc - c->it_start <= c->it_len && c->next - c->it_start < c->it_len) {
        return (pc - c->next + 2) / 4;
    }
    if (pc < c->next) {
        c->it_len = 0; /* no loop is inside an IT block: in_it_block cannot last */
    }
    return REFILL;
}

static inline void execute(struct twin_cpu *c, uint32_t pc, uint32_t size, uint16_t info)
{
    c->pc = pc;
    c->next = pc + size;
    c->instructions++;
    c->sched->cycles += info & INFO_CYCLES;
}

/* Everything that may come before an instruction. */
static bool look(struct twin_cpu *c, uint32_t pc, uint16_t *info)
{
    struct twin_sched *s = c->sched;
    if (s->cycles >= s->deadline && boundary(c, pc)) {
        return false;
    }
    uint32_t line = pc >> 4;
    if (line != c->line && c->tag[line % FETCH_LINES] != line && !fetch_line(c, pc)) {
        return false;
    }
    uint32_t traps = (*info ^ INFO_DECODED) & c->trap_mask;
    if (traps == INFO_MEMORY) { /* a load while flash is busy: nothing else is to be looked at */
        c->pc = pc;
        return check_access(c, pc, *info);
    }
    return traps == 0 || slow_instruction(c, pc, info);
}

/* Apart, so that on_code needs no stack frame. A branch to a line that is known comes here and
 * needs no look either. */
__attribute__((noinline)) static void not_in_line(struct twin_cpu *c, uint32_t pc, uint32_t size,
                                                  uint16_t info)
{
    struct twin_sched *s = c->sched;
    uint32_t line = pc >> 4;
    bool known = s->cycles < s->deadline && c->tag[line % FETCH_LINES] == line &&
                 ((info ^ INFO_DECODED) & c->trap_mask) == 0;
    if (!known && !look(c, pc, &info)) {
        return;
    }
    if (line != c->line) {
        c->line = line;
        c->line_cycles = s->cycles;
    }
    if (pc != c->next) {
        s->cycles += jump_cost(c, pc);
    }
    execute(c, pc, size, info);
}

static void on_code(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    (void)uc;
    struct twin_cpu *c = user;
    uint32_t pc = (uint32_t)address;
    uint16_t info = *info_of(c, pc);
    if (c->sched->cycles >= c->sched->deadline || pc >> 4 != c->line || pc != c->next ||
        ((info ^ INFO_DECODED) & c->trap_mask) != 0) {
        not_in_line(c, pc, size, info);
    } else {
        execute(c, pc, size, info);
    }
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *user)
{
    (void)uc;
    enum { QEMU_SVC = 2, QEMU_BKPT = 7, QEMU_EXCEPTION_EXIT = 8 };
    struct twin_cpu *c = user;
    c->engine_exception = number;
    enum cpu_stop why = number == QEMU_SVC              ? CPU_STOP_SVC
                        : number == QEMU_BKPT           ? CPU_STOP_BKPT
                        : number == QEMU_EXCEPTION_EXIT ? CPU_STOP_RETURN
                                                        : CPU_STOP_OTHER;
    if (!c->fault.pending) {
        stop(c, why);
    } else {
        (void)uc_emu_stop(c->uc);
    }
}

/* uc_hook_add takes every kind of function as void *; ISO C has no cast for that. */
union callback {
    uc_cb_hookcode_t code;
    uc_cb_eventmem_t memory;
    uc_cb_hookintr_t interrupt;
    void *pointer;
};

int hooks_install(struct twin *t)
{
    const struct {
        int type;
        union callback callback;
    } hooks[] = {
        {UC_HOOK_CODE, {.code = on_code}},
        {UC_HOOK_MEM_WRITE_PROT, {.memory = store_hook}},
        {UC_HOOK_MEM_READ_UNMAPPED | UC_HOOK_MEM_WRITE_UNMAPPED, {.memory = unmapped_hook}},
        {UC_HOOK_MEM_FETCH_UNMAPPED | UC_HOOK_MEM_FETCH_PROT, {.memory = bad_fetch_hook}},
        {UC_HOOK_INTR, {.interrupt = on_interrupt}},
    };
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
        uc_hook handle;
        uc_err err = uc_hook_add(t->cpu->uc, &handle, hooks[i].type, hooks[i].callback.pointer,
                                 t->cpu, (uint64_t)1, (uint64_t)0);
        if (err != UC_ERR_OK) {
            (void)snprintf(t->error, sizeof t->error, "CPU emulator: hooks: %s", uc_strerror(err));
            return TWIN_ERR_ENGINE;
        }
    }
    return TWIN_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * Inside the core: what cpu*.c, exception.c, nvic.c, scs.c, systick.c, mpu.c and dwt.c share.
 * Nobody else includes it.
 *
 * Source: PM0214 (Cortex-M4 programming manual), ARMv7-M architecture reference manual (DDI 0403).
 */
#ifndef TWIN_CPU_H
#define TWIN_CPU_H

#include "bus.h"
#include "sched.h"

#include <unicorn/unicorn.h>

/* ---- exception numbers ---- */
enum {
    EXC_RESET = 1,
    EXC_NMI = 2,
    EXC_HARDFAULT = 3,
    EXC_MEMMANAGE = 4,
    EXC_BUSFAULT = 5,
    EXC_USAGEFAULT = 6,
    EXC_SVC = 11,
    EXC_DEBUG = 12,
    EXC_PENDSV = 14,
    EXC_SYSTICK = 15,
    EXC_IRQ0 = 16,
    EXC_COUNT = EXC_IRQ0 + TWIN_IRQ_COUNT,
    EXC_WORDS = (EXC_COUNT + 31) / 32,
};

/* ---- CFSR, HFSR bits ---- */
#define CFSR_IACCVIOL    (1U << 0)
#define CFSR_DACCVIOL    (1U << 1)
#define CFSR_MUNSTKERR   (1U << 3)
#define CFSR_MSTKERR     (1U << 4)
#define CFSR_MLSPERR     (1U << 5)
#define CFSR_MMARVALID   (1U << 7)
#define CFSR_IBUSERR     (1U << 8)
#define CFSR_PRECISERR   (1U << 9)
#define CFSR_IMPRECISERR (1U << 10)
#define CFSR_UNSTKERR    (1U << 11)
#define CFSR_STKERR      (1U << 12)
#define CFSR_LSPERR      (1U << 13)
#define CFSR_BFARVALID   (1U << 15)
#define CFSR_UNDEFINSTR  (1U << 16)
#define CFSR_INVSTATE    (1U << 17)
#define CFSR_INVPC       (1U << 18)
#define CFSR_NOCP        (1U << 19)
#define CFSR_UNALIGNED   (1U << 24)
#define CFSR_DIVBYZERO   (1U << 25)
#define HFSR_VECTTBL     (1U << 1)
#define HFSR_FORCED      (1U << 30)
#define HFSR_DEBUGEVT    (1U << 31)

/* ---- CCR, SCR bits ---- */
#define CCR_NONBASETHRDENA (1U << 0)
#define CCR_USERSETMPEND   (1U << 1)
#define CCR_UNALIGN_TRP    (1U << 3)
#define CCR_DIV_0_TRP      (1U << 4)
#define CCR_BFHFNMIGN      (1U << 8)
#define CCR_STKALIGN       (1U << 9)
#define ACTLR_DISDEFWBUF   (1U << 1)
#define DFSR_BKPT          (1U << 1)
#define SCR_SLEEPONEXIT    (1U << 1)
#define SCR_SLEEPDEEP      (1U << 2)
#define SCR_SEVONPEND      (1U << 4)

/* ---- FPCCR bits ---- */
#define FPCCR_LSPACT (1U << 0)
#define FPCCR_USER   (1U << 1)
#define FPCCR_THREAD (1U << 3)
#define FPCCR_HFRDY  (1U << 4)
#define FPCCR_MMRDY  (1U << 5)
#define FPCCR_BFRDY  (1U << 6)
#define FPCCR_MONRDY (1U << 8)
#define FPCCR_LSPEN  (1U << 30)
#define FPCCR_ASPEN  (1U << 31)

#define XPSR_T           (1U << 24)
#define XPSR_EXCEPTION   0x1FFU
#define XPSR_IT          0x0600FC00U
#define CONTROL_NPRIV    (1U << 0)
#define CONTROL_SPSEL    (1U << 1)
#define CONTROL_FPCA     (1U << 2)
#define CONTROL_SFPA     (1U << 3) /* ARMv8-M; the engine keeps it beside FPCA, else FPSCR is lost */
#define EXC_RETURN_BASIC (1U << 4) /* no floating-point frame */

/* ---- one word for each half-word of code: cycles, and what must be looked at before it runs ----
 */
#define INFO_CYCLES  0x003FU
#define INFO_DECODED 0x0040U /* inverted in the test: 0 is a half-word not looked at yet */
#define INFO_LITERAL 0x0080U /* PC-relative load */
#define INFO_SPECIAL 0x0200U
#define INFO_IT      0x0400U
#define INFO_FP      0x0800U
#define INFO_ALIGN   0x1000U /* needs an aligned address: LDM, LDRD, LDREX, VLDR ... */
#define INFO_MEMORY  0x2000U /* any load, and stores too */
#define INFO_DIVIDE  0x4000U
#define INFO_TRAPS   (INFO_DECODED | INFO_SPECIAL | INFO_IT | INFO_ALIGN)
#define INFO_ENTRIES 0x100000U /* flash and its alias, then SRAM: 512 Ki half-words each */
#define FETCH_LINES  64U       /* of 16 bytes: what the ART's instruction cache has */

enum cpu_stop {
    CPU_STOP_NONE,
    CPU_STOP_BOUNDARY, /* an event or an interrupt is due before the instruction at pc */
    CPU_STOP_SPECIAL,  /* the instruction at pc is done by the twin */
    CPU_STOP_FAULT,    /* see struct cpu_fault */
    CPU_STOP_SVC,
    CPU_STOP_RETURN, /* branch to EXC_RETURN, the value in pc */
    CPU_STOP_BKPT,
    CPU_STOP_SKIP, /* the instruction at pc is to do nothing */
    CPU_STOP_OTHER /* the engine raised something else: number in engine_exception */
};

struct cpu_fault {
    bool pending;
    unsigned exception; /* 0: no fault, but a stop in an IT block, for what is in why */
    enum cpu_stop why;
    uint32_t status;  /* CFSR bits */
    uint32_t address; /* for MMFAR or BFAR, when status has a VALID bit */
    uint32_t pc;
    uint32_t regs[16]; /* r0-r12, sp, lr, xpsr before the instruction */
    bool in_it_block;  /* the engine executes the rest of the block: fp and fpscr are kept too */
    uint64_t fp[16];
    uint32_t fpscr;
};

/* What a callback of the engine for device memory gets. */
struct mmio_region {
    struct twin_cpu *cpu;
    uint32_t base;
};

/* What a load or store accesses. */
struct cpu_access {
    uint32_t address;
    unsigned width; /* of one unit */
    unsigned count; /* units */
    bool load;
};

struct mpu_region {
    uint32_t rbar, rasr;
};

struct twin_cpu {
    /* what every instruction needs */
    struct twin *twin;
    struct twin_sched *sched;
    uint16_t *info; /* INFO_ENTRIES */
    uint32_t trap_mask;
    uint32_t
        line;    /* 16-byte line of the last instruction; 0 (never valid) after anything changed */
    uint32_t pc; /* instruction under way; while stopped, the next one */
    uint32_t next; /* the instruction that follows in memory */
    uint64_t instructions;
    uint32_t tag[FETCH_LINES]; /* lines that may be fetched without looking, by line number */

    uc_engine *uc;
    enum cpu_stop stop;
    uint32_t engine_exception;
    struct cpu_fault fault;
    int engine_error;          /* of uc_emu_start */
    bool thumb;                /* EPSR.T of the next instruction */
    uint32_t it_start, it_len; /* bytes of the IT block under way */
    uint8_t it_base;           /* ITSTATE at it_start */
    bool exclusive;            /* local monitor: an LDREX is open */
    bool imprecise;            /* a buffered store ended in a bus error */
    bool entering;             /* the frame is on the stack; the vector is in flash that is busy */
    uint32_t entry_return;     /* its EXC_RETURN */
    bool ccm_off;              /* AHB1ENR.CCMDATARAMEN is 0 */
    uint64_t stall_until_ps;
    bool flash_watch;  /* flash is busy, or its reads matter: fetches and loads are looked at */
    bool mpu_bypassed; /* MPU on, but not at the priority that runs */
    bool sleeping, sleep_is_wfe;
    bool stopped; /* in Stop mode: its own clock is off too */
    bool event_register;
    bool locked_up;
    bool unprivileged;     /* of the code that runs; follows CONTROL.nPRIV and the mode */
    uint64_t sleep_cycles; /* CYCCNT stands still meanwhile */
    uint64_t line_cycles;  /* cycles when the line was entered: prefetch model */
    uint32_t watch_addr;
    uint32_t skip_addr;
    uint64_t skip_in; /* executions of skip_addr until one is skipped; 0 = none is */
    bool skipped;
    enum twin_fault skip_fault;
    void (*watch_fn)(void *ctx, uint32_t addr);
    void *watch_ctx;
    uint8_t *system_rom;
    uint8_t code_page[(SRAM_SIZE) >> 10]; /* SRAM pages of 1 KiB that hold fetched code */

    /* NVIC and system handlers */
    uint32_t pending[EXC_WORDS], active[EXC_WORDS], enabled[EXC_WORDS], level[EXC_WORDS];
    uint8_t sources[TWIN_IRQ_COUNT]; /* which of those that share an interrupt have it high */
    uint8_t priority[EXC_COUNT];
    unsigned active_count;

    /* system control block */
    uint32_t vtor, ccr, scr, cfsr, hfsr, mmfar, bfar, afsr, prigroup;
    uint32_t cpacr, fpccr, fpcar, fpdscr, actlr, dfsr;
    uint32_t demcr;

    /* SysTick */
    uint32_t systick_ctrl, systick_load;
    uint64_t systick_zero;  /* value of cycles when the counter is (or was) 0; running only */
    uint32_t systick_value; /* while stopped */
    struct twin_event systick_event;

    /* MPU */
    uint32_t mpu_ctrl, mpu_rnr;
    uint32_t mpu_allowed[3][64]; /* blocks of 32 bytes, plus 1, that an access was allowed to */
    struct mpu_region mpu[8];
    uint64_t device_instruction; /* the last one that accessed a device, and its PC */
    uint32_t device_pc;
    struct cpu_access looked; /* what the instruction of that number and PC accesses, if that was */
    uint64_t looked_instruction; /* decoded before it ran */
    uint32_t looked_pc;
    struct mmio_region *asked; /* one for each page of each memory, in the order of the maps */
    struct mmio_region devices[16];
    uint8_t *page_class[8]; /* cpu_engine.c: how each page of each memory is mapped */

    /* DWT */
    uint32_t dwt_ctrl;
    uint64_t cyccnt_base; /* CYCCNT = running cycles - base */
    uint32_t cyccnt_stopped;
    uint32_t dwt_other[16];
};

/* ---- cpu.c ---- */
/* Executes until sched->deadline, or until something needs the run loop's attention. */
void core_run(struct twin *t);
/* Core reset: vectors, NVIC, SysTick, MPU; registers per PM0214. */
void core_reset(struct twin *t, enum twin_reset kind);
/* Makes core_run come back before the next instruction. */
void core_interrupt_run(struct twin *t);
/* Privilege and the MPU's validity follow mode, CONTROL and FAULTMASK. */
void core_follow_mode(struct twin *t);
/* The CCM answers only while RCC gives it a clock. */
void core_follow_ccm_clock(struct twin *t);

/* ---- cpu_engine.c: Unicorn and its map ---- */
int engine_open(struct twin *t);
void engine_close(struct twin *t);
/* Rebuilds the engine's map after the MPU or the privilege changed. */
void engine_remap(struct twin *t);
/* Forgets translations and decoded instructions of [addr, addr+len). */
void engine_drop_code(struct twin *t, uint32_t addr, uint32_t len);
uint32_t engine_reg(const struct twin_cpu *c, int reg);
void engine_set_reg(struct twin_cpu *c, int reg, uint32_t value);
/* r0-r12, sp, lr, xpsr */
void engine_read_regs(const struct twin_cpu *c, uint32_t regs[16]);
void engine_write_regs(struct twin_cpu *c, const uint32_t regs[16]);
void engine_read_fp(const struct twin_cpu *c, uint64_t fp[16]); /* D0-D15 */
void engine_write_fp(struct twin_cpu *c, const uint64_t fp[16]);

/* ---- cpu_hooks.c: what happens before instructions and at accesses ---- */
int hooks_install(struct twin *t);
/* The instruction under way faults: it has no effect, and core_run takes the exception. */
void core_raise(struct twin_cpu *c, unsigned exception, uint32_t status, uint32_t address);
/* Forget which lines may be fetched: after a change of MPU, privilege, clocks, flash. */
void core_forget_lines(struct twin_cpu *c);
/* What must be looked at before instructions, from the state of CCR, CPACR, FPCCR and flash. */
void core_update_traps(struct twin *t);
bool core_in_flash(const struct twin_cpu *c, uint32_t addr); /* the alias at 0 included */

/* ---- cpu_store.c: callbacks of the engine; user is the core ---- */
bool store_hook(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                void *user);
bool unmapped_hook(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                   void *user);
bool bad_fetch_hook(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                    void *user);
/* A store of the core that ended in a bus error: imprecise where the write buffer took it. */
void core_store_failed(struct twin_cpu *c, uint32_t addr);

/* ---- cpu_mmio.c: callbacks of the engine; user is a struct mmio_region ---- */
uint64_t mmio_read(uc_engine *uc, uint64_t offset, unsigned size, void *user);
void mmio_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user);

/* ---- cpu_decode.c ---- */
/* Cycles and flags of the instruction hw1 hw2. */
uint16_t decode_info(uint16_t hw1, uint16_t hw2);
/* What the instruction at pc, one that reaches memory, is about to access. False for a PUSH, whose
 * address is always aligned, and for what no register and offset give. */
bool decode_access(const struct twin_cpu *c, uint32_t pc, struct cpu_access *out);
/* The half-words at pc, without side effects; 0 where there is no memory. */
void decode_fetch(const struct twin_cpu *c, uint32_t pc, uint16_t hw[2]);
static inline bool decode_is_wide(uint16_t hw1)
{
    return hw1 >= 0xE800;
}
/* ITSTATE for the instruction at pc of the IT block under way, in XPSR positions. */
uint32_t decode_it_state(const struct twin_cpu *c, uint32_t pc);
/* Bytes of the n instructions at pc. */
uint32_t decode_length(const struct twin_cpu *c, uint32_t pc, unsigned n);
/* cpu_result.c: bit n for each of R0 to R12 and LR (14) that the instruction leaves a result in. */
uint32_t decode_results(const struct twin_cpu *c, uint32_t pc);

/* ---- exception.c ---- */
/* A fault of the instruction at c->fault.pc, SVC and the like: makes it pending or escalates it. */
void exception_synchronous(struct twin *t, unsigned exception);
/* False when CCR.BFHFNMIGN has it ignored. */
bool exception_fault(struct twin *t, unsigned exception, uint32_t status, uint32_t address);
/* Enters the most urgent pending exception if it may pre-empt. Returns whether one was. */
bool exception_take_pending(struct twin *t);
/* The entry that waits for its vector goes on, or waits on. */
void exception_go_on_entering(struct twin *t);
void exception_return(struct twin *t, uint32_t exc_return);
/* Saves the floating-point registers that lazy stacking left; false when that faulted. */
bool exception_lazy_save(struct twin *t);
void exception_lock_up(struct twin *t, const char *why);
unsigned core_ipsr(const struct twin_cpu *c);

/* ---- nvic.c ---- */
void nvic_reset(struct twin_cpu *c);
bool nvic_bit(const uint32_t *words, unsigned n);
void nvic_assign(uint32_t *words, unsigned n, bool value);
void nvic_pend(struct twin *t, unsigned exception);
void nvic_unpend(struct twin *t, unsigned exception);
void nvic_activate(struct twin_cpu *c, unsigned exception);
void nvic_deactivate(struct twin_cpu *c, unsigned exception);
int nvic_priority(const struct twin_cpu *c, unsigned exception); /* -3 to 255, with subpriority */
int nvic_group_priority(const struct twin_cpu *c, int priority);
/* Of what executes, masks included. 256 in Thread mode without masks. */
int nvic_execution_priority(const struct twin_cpu *c);
int nvic_active_priority(const struct twin_cpu *c, bool with_masks);
/* The most urgent pending and enabled exception, 0 if none. */
unsigned nvic_most_urgent(const struct twin_cpu *c);
/* Whether it would pre-empt; primask as if clear for waking from WFI. */
bool nvic_wakes(const struct twin_cpu *c);
uint32_t nvic_read(struct twin *t, uint32_t offset);
void nvic_write(struct twin *t, uint32_t offset, unsigned width, uint32_t value);

/* ---- systick.c, mpu.c, dwt.c, bitband.c ---- */
void systick_reset(struct twin *t);
uint32_t systick_read(struct twin *t, uint32_t offset);
void systick_write(struct twin *t, uint32_t offset, uint32_t value);
void systick_clock_changed(struct twin *t);
void systick_freeze(struct twin *t, bool frozen); /* Stop mode: HCLK is off */

enum mpu_access { MPU_READ, MPU_WRITE, MPU_FETCH };
void mpu_reset(struct twin_cpu *c);
/* Whether the access is allowed, by the MPU and the default memory map. */
bool mpu_allows(const struct twin_cpu *c, uint32_t addr, enum mpu_access access, bool privileged);
/* The same for the code that runs, remembering what was allowed. */
bool mpu_allows_code(struct twin_cpu *c, uint32_t addr, enum mpu_access access);
/* To be called when regions, privilege or priority changed: forgets what was allowed. */
void mpu_forget(struct twin_cpu *c);
/* Whether all of [addr, addr+len) gives the same answer as addr does. */
bool mpu_uniform(const struct twin_cpu *c, uint32_t addr, uint32_t len);
bool mpu_is_on(const struct twin_cpu *c);
bool mpu_is_bypassed(const struct twin_cpu *c);
uint32_t mpu_read(struct twin *t, uint32_t offset);
void mpu_write(struct twin *t, uint32_t offset, uint32_t value);

void dwt_create(struct twin *t);
void dwt_set_demcr(struct twin *t, uint32_t value);

void scs_reset_registers(struct twin *t); /* all of the system control space */

/* Accesses to the bit-band alias at addr; false for a bus error. */
bool bitband_read(struct twin *t, uint32_t addr, unsigned width, uint32_t *value);
bool bitband_write(struct twin *t, uint32_t addr, unsigned width, uint32_t value);
bool bitband_is_alias(uint32_t addr, uint32_t *target);

#endif

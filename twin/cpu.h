/*
 * Inside the core: what cpu*.c, exception.c, nvic.c, scs.c, mpu.c share. Nobody else includes it.
 */
#ifndef TWIN_CPU_H
#define TWIN_CPU_H

#include "bus.h"
#include "sched.h"

struct twin_cpu {
    bool locked_up;
    bool sleeping; /* in WFI or WFE */
    uint64_t instructions;
    uint32_t pc; /* best known */
    uint8_t *system_rom;
};

/* Executes until sched->deadline, or until something needs the run loop's attention. */
void cpu_run(struct twin *t);
/* Core reset: vectors, NVIC, SysTick, MPU; registers per PM0214. */
void cpu_reset(struct twin *t, enum twin_reset kind);
/* Makes cpu_run come back at the next block. */
void cpu_interrupt_run(struct twin *t);

#endif

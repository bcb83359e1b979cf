/* SPDX-License-Identifier: MIT */
/*
 * What the programs of the suite share: text over USART2, a vector table in SRAM, a trace of what
 * happened in which order. The programs run on the twin and on QEMU's netduinoplus2 machine and
 * must print the same, so nothing they print may depend on time, and they use no peripheral but
 * USART2 and the core's own: QEMU has no RCC and no GPIO there.
 */
#ifndef SUITE_H
#define SUITE_H

#include <stdint.h>

#define REG(address)    (*(volatile uint32_t *)(uintptr_t)(address))
#define REG8(address)   (*(volatile uint8_t *)(uintptr_t)(address))
#define ACTLR           REG(0xE000E008)
#define ICSR            REG(0xE000ED04)
#define VTOR            REG(0xE000ED08)
#define AIRCR           REG(0xE000ED0C)
#define SCR             REG(0xE000ED10)
#define CCR             REG(0xE000ED14)
#define SHCSR           REG(0xE000ED24)
#define CFSR            REG(0xE000ED28)
#define HFSR            REG(0xE000ED2C)
#define MMFAR           REG(0xE000ED34)
#define BFAR            REG(0xE000ED38)
#define CPACR           REG(0xE000ED88)
#define FPCCR           REG(0xE000EF34)
#define FPCAR           REG(0xE000EF38)
#define NVIC_ISER(i)    REG(0xE000E100 + 4 * (i))
#define NVIC_ICER(i)    REG(0xE000E180 + 4 * (i))
#define NVIC_ISPR(i)    REG(0xE000E200 + 4 * (i))
#define NVIC_ICPR(i)    REG(0xE000E280 + 4 * (i))
#define NVIC_IABR(i)    REG(0xE000E300 + 4 * (i))
#define NVIC_IPR(irq)   REG8(0xE000E400 + (irq))
#define SHPR(exception) REG8(0xE000ED18 + (exception)-4)
#define STIR            REG(0xE000EF00)
#define SYST_CSR        REG(0xE000E010)
#define SYST_RVR        REG(0xE000E014)
#define SYST_CVR        REG(0xE000E018)

enum {
    NMI = 2,
    HARDFAULT = 3,
    MEMMANAGE = 4,
    BUSFAULT = 5,
    USAGEFAULT = 6,
    SVCALL = 11,
    PENDSV = 14,
    SYSTICK = 15,
    IRQ0 = 16,
};

int main(void);

void print(const char *text);
void print_hex(uint32_t value);
/* "name 0000002A\n" */
void print_value(const char *name, uint32_t value);

/* Until the last character has left the pin. */
void wait_sent(void);

void set_handler(unsigned exception, void (*fn)(void));

/* A character of the trace; print_trace prints and empties it. */
void mark(char c);
void print_trace(const char *name);

/* What an exception handler made by FAULT_HANDLER sees. */
struct frame {
    uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

/* Defines name(): calls fn(frame, exc_return) with the frame that was stacked. */
#define FRAME_HANDLER(name, fn)                                                                    \
    __attribute__((naked)) static void name(void)                                                  \
    {                                                                                              \
        __asm volatile("tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n mov r1, lr\n"        \
                       "push {r1, lr}\n bl " #fn "\n pop {r1, pc}\n");                             \
    }

#define BARRIER() __asm volatile("dsb\n isb" ::: "memory")

static inline uint32_t read_ipsr(void)
{
    uint32_t value;
    __asm volatile("mrs %0, ipsr" : "=r"(value));
    return value;
}

static inline uint32_t read_control(void)
{
    uint32_t value;
    __asm volatile("mrs %0, control" : "=r"(value));
    return value;
}

static inline void write_control(uint32_t value)
{
    __asm volatile("msr control, %0\n isb" ::"r"(value) : "memory");
}

static inline void write_basepri(uint32_t value)
{
    __asm volatile("msr basepri, %0\n isb" ::"r"(value) : "memory");
}

#endif

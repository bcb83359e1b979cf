/* SPDX-License-Identifier: MIT */
/*
 * The registers of the Cortex-M4 core that the firmware uses (PM0214 sections 4.2 to 4.5: MPU,
 * NVIC, SCB, SysTick). Addresses and bits only: no function here does anything but one access.
 */
#ifndef ARAREXT_REGS_CORTEX_M4_H
#define ARAREXT_REGS_CORTEX_M4_H

#include <stddef.h>
#include <stdint.h>

/* Always in line: code in SRAM uses them too, and must not call code in flash. */
#define CORE_INLINE static inline __attribute__((always_inline))

struct systick_regs {
    volatile uint32_t CTRL, LOAD, VAL, CALIB;
};
#define SYSTICK          ((struct systick_regs *)0xE000E010u)
#define SYSTICK_ENABLE   (1u << 0)
#define SYSTICK_TICKINT  (1u << 1)
#define SYSTICK_CLK_CORE (1u << 2)

struct nvic_regs {
    volatile uint32_t ISER[8];
    uint32_t reserved_20[24];
    volatile uint32_t ICER[8];
    uint32_t reserved_a0[24];
    volatile uint32_t ISPR[8];
    uint32_t reserved_120[24];
    volatile uint32_t ICPR[8];
};
#define NVIC       ((struct nvic_regs *)0xE000E100u)
#define NVIC_WORDS 3u /* 82 interrupts */
_Static_assert(offsetof(struct nvic_regs, ICPR) == 0x180, "NVIC_ICPR");

struct scb_regs {
    volatile uint32_t CPUID, ICSR, VTOR, AIRCR, SCR, CCR, SHPR[3], SHCSR, CFSR, HFSR, DFSR, MMFAR,
        BFAR;
};
#define SCB                   ((struct scb_regs *)0xE000ED00u)
#define SCB_ICSR_PENDSTCLR    (1u << 25)
#define SCB_ICSR_PENDSVCLR    (1u << 27)
#define SCB_AIRCR_SYSRESETREQ (1u << 2)
#define SCB_AIRCR_VECTKEY     (0x05FAu << 16)
_Static_assert(offsetof(struct scb_regs, BFAR) == 0x38, "SCB_BFAR");

struct mpu_regs {
    volatile uint32_t TYPE, CTRL, RNR, RBAR, RASR;
};
#define MPU                ((struct mpu_regs *)0xE000ED90u)
#define MPU_CTRL_ENABLE    (1u << 0)
#define MPU_REGIONS        8u
#define MPU_RBAR_VALID     (1u << 4)
#define MPU_RASR_ENABLE    (1u << 0)
#define MPU_RASR_SIZE(log) (((log)-1u) << 1) /* the region has 2 to the power of log bytes */
#define MPU_RASR_WITHOUT(eighths)                                                                  \
    ((eighths) << 8) /* these of the region's subregions are not of it */
#define MPU_RASR_B  (1u << 16)
#define MPU_RASR_C  (1u << 17)
#define MPU_RASR_S  (1u << 18)
#define MPU_RASR_RW (3u << 24)
#define MPU_RASR_RO (6u << 24)
#define MPU_RASR_XN (1u << 28)

#define DBGMCU_IDCODE (*(volatile uint32_t *)0xE0042000u) /* RM0090 section 38.6.1 */

CORE_INLINE void core_dsb(void)
{
    __asm__ volatile("dsb" ::: "memory");
}

CORE_INLINE void core_isb(void)
{
    __asm__ volatile("isb" ::: "memory");
}

CORE_INLINE void core_wfi(void)
{
    __asm__ volatile("dsb\n\twfi" ::: "memory");
}

/* System reset (PM0214 section 4.4.5). */
CORE_INLINE _Noreturn void core_reset(void)
{
    core_dsb();
    SCB->AIRCR = SCB_AIRCR_VECTKEY | SCB_AIRCR_SYSRESETREQ;
    core_dsb();
    for (;;) {
    }
}

CORE_INLINE void core_interrupts_off(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
}

#endif

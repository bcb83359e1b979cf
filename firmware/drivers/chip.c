/* SPDX-License-Identifier: MIT */
/*
 * Undoing everything: what the bootloader has switched on is reset through RCC, clocks and core
 * registers get their reset values (RM0090 rev 19 section 7.3, PM0214 sections 4.2 to 4.5). Works
 * in bootloader mode and on the boot path alike.
 */
#include "chip.h"

#include "cortex_m4.h"
#include "memory_map.h"
#include "stm32f407.h"
#include "timer.h"
#include "verdict.h"

/* All that drivers/ uses; a driver that takes another peripheral adds it here. */
#define USED_AHB1 (RCC_AHB1_GPIO_ALL | RCC_AHB1_CRC | RCC_AHB1_DMA)
#define USED_APB1 (RCC_APB1_TIM5 | RCC_APB1_USARTS | RCC_APB1_PWR)
#define USED_APB2 RCC_APB2_USARTS

#define READY_LOOPS_MAX 10000u /* HSI starts within 4 us; the core is at most at 168 MHz */

#define WATCHDOG_LIMIT_US   10000u /* five periods of LSI, which is at 17 kHz or more */
#define WATCHDOG_PER_SECOND (IWDG_LSI_HZ / 256u)

/* What leads to a jump lies in front of all other code, behind tables: no code runs into it from
 * above, should a return or a call be skipped there (link/bootloader.ld.in). */
#define GUARDED __attribute__((section(".guarded"), noinline, noclone))

static void chip_wait(volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
    for (uint32_t i = 0; i < READY_LOOPS_MAX && (*reg & mask) != value; i++) {
    }
}

/* Back to HSI, then no wait states, then the caches off and empty. */
static void chip_reset_clocks(void)
{
    RCC->CR = (RCC->CR | RCC_CR_HSION) & ~RCC_CR_CSSON; /* HSE goes off on purpose */
    chip_wait(&RCC->CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY);
    RCC->CFGR &= ~RCC_CFGR_SW; /* the buses' dividers go after the faster clock */
    chip_wait(&RCC->CFGR, RCC_CFGR_SWS, 0);
    RCC->CFGR = 0;
    RCC->CR = RCC_CR_RESET;
    chip_wait(&RCC->CR, RCC_CR_PLLRDY | RCC_CR_HSERDY, 0);
    RCC->CR = RCC_CR_RESET; /* HSEBYP, which HSE kept */
    RCC->PLLCFGR = RCC_PLLCFGR_RESET;
    FLASH->ACR &= FLASH_ACR_LATENCY;
    FLASH->ACR = FLASH_ACR_ICRST | FLASH_ACR_DCRST;
    FLASH->ACR = 0;
    /* The drivers have locked it; error bits of the last operation would be taken for the next's.
     */
    FLASH->SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
}

static void chip_reset_peripherals(void)
{
    RCC->AHB1RSTR = USED_AHB1;
    RCC->APB1RSTR = USED_APB1;
    RCC->APB2RSTR = USED_APB2;
    RCC->AHB1RSTR = 0;
    RCC->APB1RSTR = 0;
    RCC->APB2RSTR = 0;
    RCC->AHB1ENR = RCC_AHB1_CCM;
    RCC->APB1ENR = 0;
    RCC->APB2ENR = 0;
}

static void chip_reset_core(void)
{
    SYSTICK->CTRL = 0;
    SYSTICK->LOAD = 0;
    SYSTICK->VAL = 0;
    MPU->CTRL = 0;
    for (unsigned i = 0; i < MPU_REGIONS; i++) {
        MPU->RBAR = MPU_RBAR_VALID | i;
        MPU->RASR = 0; /* or an application that uses fewer regions inherits ours */
    }
    MPU->RNR = 0;
    for (unsigned i = 0; i < NVIC_WORDS; i++) {
        NVIC->ICER[i] = 0xFFFFFFFFu;
        NVIC->ICPR[i] = 0xFFFFFFFFu;
    }
    SCB->ICSR = SCB_ICSR_PENDSTCLR | SCB_ICSR_PENDSVCLR;
}

void chip_reset(void)
{
    chip_reset_peripherals();
    chip_reset_clocks();
    chip_reset_core();
}

/* PR and RLR go over to the LSI's clock, which runs only once the watchdog has been started: until
 * then it counts 512 ms. */
void chip_start_watchdog(uint32_t seconds)
{
    uint32_t start = timer_us();

    IWDG->KR = IWDG_KEY_START;
    IWDG->KR = IWDG_KEY_UNLOCK;
    IWDG->PR = IWDG_PR_256;
    IWDG->RLR = seconds * WATCHDOG_PER_SECOND;
    while ((IWDG->SR & IWDG_SR_BUSY) != 0 && timer_us() - start < WATCHDOG_LIMIT_US) {
    }
    IWDG->KR = IWDG_KEY_RELOAD;
}

__attribute__((noinline, noclone)) void chip_restart(void)
{
    core_reset();
}

/* Both verdicts are asked here again, each with a trap of its own: one skipped instruction, here or
 * on the way, does not reach the jump with a bad one. */
GUARDED void chip_enter(const struct chip_entry *e, uint32_t verdict, uint32_t second_verdict)
{
    volatile uint32_t first = verdict;
    volatile uint32_t second = second_verdict;

    if (!verdict_is_good(first)) {
        chip_restart();
    }
    core_interrupts_off();
    chip_reset();
    SCB->VTOR = e->vtor;
    if (!verdict_is_good(second)) {
        chip_restart();
    }
    core_dsb();
    /* CONTROL is 0 since reset, LR is all ones as after a reset, and nothing is pending. */
    __asm__ volatile("msr msp, %0\n\t"
                     "mov lr, #-1\n\t"
                     "cpsie i\n\t"
                     "isb\n\t"
                     "bx %1"
                     :
                     : "r"(e->stack), "r"(e->code | 1u)
                     : "lr", "memory");
    __builtin_unreachable();
}

void chip_start_image(uint32_t addr, uint32_t verdict, uint32_t second_verdict)
{
    const volatile uint32_t *vectors = (const volatile uint32_t *)addr;
    const struct chip_entry e = {addr, vectors[0], vectors[1]};

    chip_enter(&e, verdict, second_verdict);
}

void chip_enter_code(uint32_t addr, uint32_t verdict, uint32_t second_verdict)
{
    const struct chip_entry e = {0, MAP_SRAM_BASE + MAP_SRAM_SIZE, addr};

    chip_enter(&e, verdict, second_verdict);
}

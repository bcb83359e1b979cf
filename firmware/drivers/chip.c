/*
 * Undoing everything: what the bootloader has switched on is reset through RCC, clocks and core
 * registers get their reset values (RM0090 rev 19 section 7.3, PM0214 sections 4.2 to 4.5). Works
 * in bootloader mode and on the boot path alike.
 */
#include "chip.h"

#include "cortex_m4.h"
#include "memory_map.h"
#include "stm32f407.h"

/* All that drivers/ uses; a driver that takes another peripheral adds it here. */
#define USED_AHB1 (RCC_AHB1_GPIOA | RCC_AHB1_GPIOB | RCC_AHB1_CRC | RCC_AHB1_DMA1)
#define USED_APB1 (RCC_APB1_TIM5 | RCC_APB1_USART2 | RCC_APB1_USART3)

#define READY_LOOPS_MAX 10000u /* HSI starts within 4 us; the core is at most at 168 MHz */

static void chip_wait(volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
    for (uint32_t i = 0; i < READY_LOOPS_MAX && (*reg & mask) != value; i++) {
    }
}

/* Back to HSI, then no wait states, then the caches off and empty. */
static void chip_reset_clocks(void)
{
    RCC->CR |= RCC_CR_HSION;
    chip_wait(&RCC->CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY);
    RCC->CFGR = 0;
    chip_wait(&RCC->CFGR, RCC_CFGR_SWS, 0);
    RCC->CR = RCC_CR_RESET;
    chip_wait(&RCC->CR, RCC_CR_PLLRDY, 0);
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
    RCC->AHB1RSTR = 0;
    RCC->APB1RSTR = 0;
    RCC->AHB1ENR = RCC_AHB1_CCM;
    RCC->APB1ENR = 0;
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

static noreturn void chip_jump(uint32_t vtor, uint32_t stack, uint32_t entry)
{
    core_interrupts_off();
    chip_reset_peripherals();
    chip_reset_clocks();
    chip_reset_core();
    SCB->VTOR = vtor;
    core_dsb();
    /* CONTROL is 0 since reset, LR is all ones as after a reset, and nothing is pending. */
    __asm__ volatile("msr msp, %0\n\t"
                     "mov lr, #-1\n\t"
                     "cpsie i\n\t"
                     "isb\n\t"
                     "bx %1"
                     :
                     : "r"(stack), "r"(entry | 1u)
                     : "memory");
    __builtin_unreachable();
}

noreturn void chip_start_image(uint32_t addr)
{
    const volatile uint32_t *vectors = (const volatile uint32_t *)addr;

    chip_jump(addr, vectors[0], vectors[1]);
}

noreturn void chip_enter_code(uint32_t addr)
{
    chip_jump(0, MAP_SRAM_BASE + MAP_SRAM_SIZE, addr);
}

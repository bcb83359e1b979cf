/* SPDX-License-Identifier: MIT */
/*
 * The chip as an application finds it. The probe reads the registers below, those behind a clock
 * gate after it has opened the gate itself.
 */
#include "reset_state.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { VTOR_ADDR = 0x20000000 }; /* placeholders in the column "value" */

struct expected {
    const char *name;
    uint32_t addr, value, mask;
};

#define REG(name, addr, value)                                                                     \
    {                                                                                              \
        name, addr, value, 0xFFFFFFFFu                                                             \
    }
#define PART(name, addr, value, mask)                                                              \
    {                                                                                              \
        name, addr, value, mask                                                                    \
    }

static const struct expected ungated[] = {
    PART("RCC_CR", 0x40023800, 0x00000083, 0xFFFF00FF), /* HSICAL differs from chip to chip */
    REG("RCC_PLLCFGR", 0x40023804, 0x24003010),
    REG("RCC_CFGR", 0x40023808, 0),
    REG("RCC_CIR", 0x4002380C, 0),
    REG("RCC_AHB1RSTR", 0x40023810, 0),
    REG("RCC_AHB2RSTR", 0x40023814, 0),
    REG("RCC_APB1RSTR", 0x40023820, 0),
    REG("RCC_APB2RSTR", 0x40023824, 0),
    REG("RCC_AHB1ENR", 0x40023830, 0x00100000),
    REG("RCC_AHB2ENR", 0x40023834, 0),
    REG("RCC_APB1ENR", 0x40023840, 0),
    REG("RCC_APB2ENR", 0x40023844, 0),
    REG("RCC_BDCR", 0x40023870, 0),
    PART("RCC_CSR", 0x40023874, 0, 0x00FFFFFF),
    REG("FLASH_ACR", 0x40023C00, 0),
    REG("FLASH_SR", 0x40023C0C, 0),
    REG("FLASH_CR", 0x40023C10, 0x80000000),
    PART("FLASH_OPTCR", 0x40023C14, 1, 3),
    REG("STK_CTRL", 0xE000E010, 0),
    REG("STK_LOAD", 0xE000E014, 0),
    REG("NVIC_ISER0", 0xE000E100, 0),
    REG("NVIC_ISER1", 0xE000E104, 0),
    REG("NVIC_ISER2", 0xE000E108, 0),
    REG("NVIC_ISPR0", 0xE000E200, 0),
    REG("NVIC_ISPR1", 0xE000E204, 0),
    REG("NVIC_ISPR2", 0xE000E208, 0),
    REG("NVIC_IABR0", 0xE000E300, 0),
    REG("NVIC_IABR1", 0xE000E304, 0),
    REG("NVIC_IPR3", 0xE000E40C, 0),
    REG("NVIC_IPR4", 0xE000E410, 0),
    REG("NVIC_IPR9", 0xE000E424, 0),
    PART("SCB_ICSR", 0xE000ED04, 0, 0xFFFFF7FF), /* RETTOBASE means nothing in thread mode */
    REG("SCB_VTOR", 0xE000ED08, VTOR_ADDR),
    REG("SCB_AIRCR", 0xE000ED0C, 0xFA050000),
    REG("SCB_SCR", 0xE000ED10, 0),
    REG("SCB_CCR", 0xE000ED14, 0x200),
    REG("SCB_SHPR1", 0xE000ED18, 0),
    REG("SCB_SHPR2", 0xE000ED1C, 0),
    REG("SCB_SHPR3", 0xE000ED20, 0),
    REG("SCB_SHCSR", 0xE000ED24, 0),
    REG("SCB_CFSR", 0xE000ED28, 0),
    REG("SCB_HFSR", 0xE000ED2C, 0),
    REG("SCB_CPACR", 0xE000ED88, 0),
    REG("MPU_CTRL", 0xE000ED94, 0),
    REG("FPU_FPCCR", 0xE000EF34, 0xC0000000),
};

static const struct expected gated[] = {
    REG("GPIOA_MODER", 0x40020000, 0xA8000000),
    REG("GPIOA_OTYPER", 0x40020004, 0),
    REG("GPIOA_OSPEEDR", 0x40020008, 0),
    REG("GPIOA_PUPDR", 0x4002000C, 0x64000000),
    REG("GPIOA_ODR", 0x40020014, 0),
    REG("GPIOA_LCKR", 0x4002001C, 0),
    REG("GPIOA_AFRL", 0x40020020, 0),
    REG("GPIOA_AFRH", 0x40020024, 0),
    REG("GPIOB_MODER", 0x40020400, 0x00000280),
    REG("GPIOB_OSPEEDR", 0x40020408, 0x000000C0),
    REG("GPIOB_PUPDR", 0x4002040C, 0x00000100),
    REG("GPIOB_ODR", 0x40020414, 0),
    REG("GPIOB_AFRL", 0x40020420, 0),
    REG("GPIOB_AFRH", 0x40020424, 0),
    REG("GPIOC_MODER", 0x40020800, 0),
    REG("GPIOD_MODER", 0x40020C00, 0),
    REG("GPIOD_PUPDR", 0x40020C0C, 0),
    REG("GPIOE_MODER", 0x40021000, 0),
    REG("GPIOE_OSPEEDR", 0x40021008, 0),
    REG("GPIOG_MODER", 0x40021800, 0),
    REG("GPIOG_PUPDR", 0x4002180C, 0),
    REG("GPIOG_AFRH", 0x40021824, 0),
    REG("GPIOH_MODER", 0x40021C00, 0),
    REG("GPIOI_MODER", 0x40022000, 0),
    REG("CRC_DR", 0x40023000, 0xFFFFFFFF),
    REG("DMA1_LISR", 0x40026000, 0),
    REG("DMA1_HISR", 0x40026004, 0),
    REG("DMA1_S1CR", 0x40026028, 0),
    REG("DMA1_S3CR", 0x40026058, 0),
    REG("DMA1_S5CR", 0x40026088, 0),
    REG("DMA1_S5NDTR", 0x4002608C, 0),
    REG("DMA1_S5PAR", 0x40026090, 0),
    REG("DMA1_S5M0AR", 0x40026094, 0),
    REG("DMA1_S5FCR", 0x4002609C, 0x21),
    REG("DMA1_S6CR", 0x400260A0, 0),
    REG("DMA2_LISR", 0x40026400, 0),
    REG("DMA2_HISR", 0x40026404, 0),
    REG("DMA2_S1CR", 0x40026428, 0),
    REG("DMA2_S1PAR", 0x40026430, 0),
    REG("DMA2_S6CR", 0x400264A0, 0),
    REG("DMA2_S7CR", 0x400264B8, 0),
    REG("USART1_SR", 0x40011000, 0x000000C0),
    REG("USART1_CR1", 0x4001100C, 0),
    REG("USART1_CR3", 0x40011014, 0),
    REG("USART6_SR", 0x40011400, 0x000000C0),
    REG("USART6_BRR", 0x40011408, 0),
    REG("USART6_CR1", 0x4001140C, 0),
    REG("USART6_CR3", 0x40011414, 0),
    REG("USART2_SR", 0x40004400, 0x000000C0),
    REG("USART2_BRR", 0x40004408, 0),
    REG("USART2_CR1", 0x4000440C, 0),
    REG("USART2_CR2", 0x40004410, 0),
    REG("USART2_CR3", 0x40004414, 0),
    REG("USART3_SR", 0x40004800, 0x000000C0),
    REG("USART3_BRR", 0x40004808, 0),
    REG("USART3_CR1", 0x4000480C, 0),
    REG("USART3_CR3", 0x40004814, 0),
    REG("TIM2_CR1", 0x40000000, 0),
    REG("TIM2_DIER", 0x4000000C, 0),
    PART("PWR_CR", 0x40007000, 0x00004000, 0x0000FFFF),
    REG("SYSCFG_MEMRMP", 0x40013800, 0),
    REG("EXTI_IMR", 0x40013C00, 0),
    REG("EXTI_PR", 0x40013C14, 0),
};

static const struct probe_op open_gates[] = {
    {PROBE_WRITE, 0x40023830, 0x007011FF}, /* GPIOA to I, CRC, CCM, DMA1, DMA2 */
    {PROBE_WRITE, 0x40023840, 0x10060001}, /* TIM2, USART2, USART3, PWR */
    {PROBE_WRITE, 0x40023844, 0x00004030}, /* SYSCFG, USART1, USART6 */
    {PROBE_READ, 0x40023844, 0},           /* ES0182: wait before the first access */
    {PROBE_READ, 0x40023840, 0},
};

enum {
    UNGATED = sizeof ungated / sizeof ungated[0],
    GATED = sizeof gated / sizeof gated[0],
    GATES = sizeof open_gates / sizeof open_gates[0],
    GATE_READS = 2,
    MPU_REGIONS = 8,
};

static size_t add_reads(struct probe_op *ops, const struct expected *regs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ops[i] = (struct probe_op){PROBE_READ, regs[i].addr, 0};
    }
    return count;
}

size_t reset_state_script(struct probe_op *ops, size_t most)
{
    size_t n = 0;
    assert_true(UNGATED + GATES + GATED + 2 * MPU_REGIONS <= most);
    n += add_reads(ops, ungated, UNGATED);
    memcpy(ops + n, open_gates, sizeof open_gates);
    n += GATES;
    n += add_reads(ops + n, gated, GATED);
    for (uint32_t region = 0; region < MPU_REGIONS; region++) {
        ops[n++] = (struct probe_op){PROBE_WRITE, 0xE000ED98, region}; /* MPU_RNR */
        ops[n++] = (struct probe_op){PROBE_READ, 0xE000EDA0, 0};       /* MPU_RASR */
    }
    return n;
}

static void check_registers(struct board *b, unsigned first, const struct expected *regs,
                            size_t count, uint32_t vtor)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t got = probe_value(b, first + i);
        uint32_t want = regs[i].value == VTOR_ADDR ? vtor : regs[i].value;
        if ((got & regs[i].mask) != want) {
            fail_msg("%s is %08" PRIx32 " at the application's start, after a reset %08" PRIx32,
                     regs[i].name, got & regs[i].mask, want);
        }
    }
}

void reset_state_check(struct board *b, uint32_t vtor, uint32_t reset_flags)
{
    struct probe_core core;
    check_registers(b, 0, ungated, UNGATED, vtor);
    check_registers(b, UNGATED + GATE_READS, gated, GATED, vtor);
    for (unsigned i = 0; i < MPU_REGIONS; i++) {
        assert_int_equal(probe_value(b, UNGATED + GATE_READS + GATED + i) & 1, 0);
    }
    for (unsigned i = 0; i < UNGATED; i++) {
        if (strcmp(ungated[i].name, "RCC_CSR") == 0) {
            assert_int_equal(probe_value(b, i) >> 24, reset_flags);
        }
    }
    probe_core(b, &core);
    assert_int_equal(core.control, 0);
    assert_int_equal(core.primask, 0);
    assert_int_equal(core.basepri, 0);
    assert_int_equal(core.faultmask, 0);
    assert_int_equal(core.ipsr, 0);
}

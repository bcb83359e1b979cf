/* SPDX-License-Identifier: MIT */
/*
 * The registers of the STM32F407 that the firmware uses, retyped from RM0090: RCC (section 7.3),
 * FLASH (3.9), GPIO (8.4), USART (30.6), DMA (10.5), CRC (4.4), TIM5 (18.4), IWDG (21.4), PWR
 * (5.4), RTC's backup registers (26.6). Addresses and bits only; each offset that follows a gap is
 * asserted.
 */
#ifndef ARAREXT_REGS_STM32F407_H
#define ARAREXT_REGS_STM32F407_H

#include <stddef.h>
#include <stdint.h>

/* ---- reset and clock control ---- */
struct rcc_regs {
    volatile uint32_t CR, PLLCFGR, CFGR, CIR, AHB1RSTR, AHB2RSTR, AHB3RSTR;
    uint32_t reserved_1c;
    volatile uint32_t APB1RSTR, APB2RSTR;
    uint32_t reserved_28[2];
    volatile uint32_t AHB1ENR, AHB2ENR, AHB3ENR;
    uint32_t reserved_3c;
    volatile uint32_t APB1ENR, APB2ENR;
    uint32_t reserved_48[2];
    volatile uint32_t AHB1LPENR, AHB2LPENR, AHB3LPENR;
    uint32_t reserved_5c;
    volatile uint32_t APB1LPENR, APB2LPENR;
    uint32_t reserved_68[2];
    volatile uint32_t BDCR, CSR;
};
#define RCC ((struct rcc_regs *)0x40023800u)
_Static_assert(offsetof(struct rcc_regs, APB1RSTR) == 0x20, "RCC_APB1RSTR");
_Static_assert(offsetof(struct rcc_regs, AHB1ENR) == 0x30, "RCC_AHB1ENR");
_Static_assert(offsetof(struct rcc_regs, APB1ENR) == 0x40, "RCC_APB1ENR");
_Static_assert(offsetof(struct rcc_regs, CSR) == 0x74, "RCC_CSR");

#define RCC_CR_HSION        (1u << 0)
#define RCC_CR_HSIRDY       (1u << 1)
#define RCC_CR_RESET        0x00000081u /* HSION, HSITRIM 16; the read-only bits left out */
#define RCC_CR_HSEON        (1u << 16)
#define RCC_CR_HSERDY       (1u << 17)
#define RCC_CR_HSEBYP       (1u << 18) /* writable while HSE is off */
#define RCC_CR_CSSON        (1u << 19)
#define RCC_CR_PLLON        (1u << 24)
#define RCC_CR_PLLRDY       (1u << 25)
#define RCC_PLLCFGR_M(m)    (m)
#define RCC_PLLCFGR_N(n)    ((n) << 6)
#define RCC_PLLCFGR_P(p)    (((p) / 2u - 1u) << 16)
#define RCC_PLLCFGR_SRC_HSE (1u << 22)
#define RCC_PLLCFGR_Q(q)    ((q) << 24)
#define RCC_PLLCFGR_RESET   0x24003010u
#define RCC_CFGR_SW         (3u << 0)
#define RCC_CFGR_SW_PLL     (2u << 0)
#define RCC_CFGR_SWS        (3u << 2)
#define RCC_CFGR_SWS_PLL    (2u << 2)
#define RCC_CFGR_PPRE1_DIV2 (4u << 10)
#define RCC_CFGR_PPRE1_DIV4 (5u << 10)
#define RCC_CFGR_PPRE2_DIV2 (4u << 13)
#define RCC_AHB1_GPIOA      (1u << 0)
#define RCC_AHB1_GPIO_ALL   0x1FFu /* ports A to I */
#define RCC_AHB1_CRC        (1u << 12)
#define RCC_AHB1_BKPSRAM    (1u << 18)
#define RCC_AHB1_CCM        (1u << 20) /* on after reset */
#define RCC_AHB1_DMA        (3u << 21) /* both */
#define RCC_APB1_TIM5       (1u << 3)
#define RCC_APB1_USARTS     (15u << 17) /* 2 to 5 */
#define RCC_APB1_PWR        (1u << 28)
#define RCC_APB2_USARTS     (3u << 4) /* 1 and 6 */
#define RCC_CSR_FLAGS_SHIFT 24u
#define RCC_CSR_RMVF        0x01000000u
#define RCC_CSR_NOT_FRESH   0xF0000000u /* LPWRRSTF, WWDGRSTF, IWDGRSTF, SFTRSTF */

/* ---- flash interface ---- */
struct flash_regs {
    volatile uint32_t ACR, KEYR, OPTKEYR, SR, CR, OPTCR;
};
#define FLASH              ((struct flash_regs *)0x40023C00u)
#define FLASH_ACR_LATENCY  7u
#define FLASH_ACR_PRFTEN   (1u << 8)
#define FLASH_ACR_ICEN     (1u << 9)
#define FLASH_ACR_DCEN     (1u << 10)
#define FLASH_ACR_ICRST    (1u << 11)
#define FLASH_ACR_DCRST    (1u << 12)
#define FLASH_KEY1         0x45670123u
#define FLASH_KEY2         0xCDEF89ABu
#define FLASH_OPTKEY1      0x08192A3Bu
#define FLASH_OPTKEY2      0x4C5D6E7Fu
#define FLASH_SR_ERRORS    0xF2u /* OPERR, WRPERR, PGAERR, PGPERR, PGSERR */
#define FLASH_SR_EOP       (1u << 0)
#define FLASH_SR_BSY       (1u << 16)
#define FLASH_CR_PG        (1u << 0)
#define FLASH_CR_SER       (1u << 1)
#define FLASH_CR_SNB_SHIFT 3u
#define FLASH_CR_PSIZE(n)  ((n) << 8) /* 0 byte, 1 half-word, 2 word */
#define FLASH_CR_STRT      (1u << 16)
#define FLASH_CR_EOPIE     (1u << 24)
#define FLASH_CR_LOCK      (1u << 31)
#define FLASH_OPTCR_LOCK   (1u << 0)
#define FLASH_OPTCR_STRT   (1u << 1)
#define FLASH_OPTCR_RDP    (0xFFu << 8)
#define FLASH_OPTCR_NWRP   (0xFFFu << 16)

/* The option bytes as flash holds them (RM0090 section 3.7.1, table 14). */
struct option_bytes {
    volatile uint16_t rdp_user; /* RDP in bits 15:8 */
    volatile uint16_t reserved[3];
    volatile uint16_t nwrp; /* bits 11:0 */
};
#define OPTION_BYTES ((const struct option_bytes *)0x1FFFC000u)
_Static_assert(offsetof(struct option_bytes, nwrp) == 8, "second option word");

/* ---- pins ---- */
struct gpio_regs {
    volatile uint32_t MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2];
};
#define GPIO_PORT(n)         ((struct gpio_regs *)(0x40020000u + (n)*0x400u)) /* 0 for A */
#define GPIO_MODE_INPUT      0u
#define GPIO_MODE_OUTPUT     1u
#define GPIO_MODE_ALTERNATE  2u
#define GPIO_SPEED_MEDIUM    1u
#define GPIO_PULL_NONE       0u
#define GPIO_PULL_UP         1u
#define GPIO_PULL_DOWN       2u
#define GPIO_PAIR(pin, bits) ((uint32_t)(bits) << ((pin)*2u))          /* MODER, OSPEEDR, PUPDR */
#define GPIO_AF(pin, number) ((uint32_t)(number) << ((pin) % 8u * 4u)) /* AFR[pin / 8] */

/* ---- serial ports ---- */
struct usart_regs {
    volatile uint32_t SR, DR, BRR, CR1, CR2, CR3, GTPR;
};
#define PERIPHERALS_BASE 0x40000000u
#define USART_SR_TC      (1u << 6)
#define USART_SR_TXE     (1u << 7)
#define USART_CR1_RE     (1u << 2)
#define USART_CR1_TE     (1u << 3)
#define USART_CR1_PEIE   (1u << 8)
#define USART_CR1_PCE    (1u << 10) /* even, with PS left at 0 */
#define USART_CR1_M      (1u << 12)
#define USART_CR1_UE     (1u << 13)
#define USART_CR2_STOP_2 (2u << 12)
#define USART_CR3_EIE    (1u << 0)
#define USART_CR3_DMAR   (1u << 6)
#define USART_CR3_DMAT   (1u << 7)

/* ---- DMA ---- */
struct dma_stream_regs {
    volatile uint32_t CR, NDTR, PAR, M0AR, M1AR, FCR;
};
struct dma_regs {
    volatile uint32_t LISR, HISR, LIFCR, HIFCR;
    struct dma_stream_regs S[8];
};
#define DMA1                ((struct dma_regs *)0x40026000u)
#define DMA2                ((struct dma_regs *)0x40026400u)
#define DMA_FLAGS           0x3Du /* of a stream, in LISR and the like, from its shift on */
#define DMA_TCIF            0x20u
#define DMA_CR_EN           (1u << 0)
#define DMA_CR_DIR_FROM_MEM (1u << 6)
#define DMA_CR_CIRC         (1u << 8)
#define DMA_CR_MINC         (1u << 10)
#define DMA_CR_SIZES        (15u << 11) /* PSIZE, MSIZE: 0 is bytes */
#define DMA_CR_PL_HIGH      (2u << 16)
#define DMA_CR_DBM          (1u << 18)
#define DMA_CR_CHSEL(n)     ((uint32_t)(n) << 25)
_Static_assert(offsetof(struct dma_regs, S[5]) == 0x88, "DMA_S5CR");

/* ---- CRC unit, timer, watchdog ---- */
struct crc_regs {
    volatile uint32_t DR, IDR, CR;
};
#define CRC_UNIT     ((struct crc_regs *)0x40023000u)
#define CRC_CR_RESET 1u

struct timer_regs {
    volatile uint32_t CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCMR2, CCER, CNT, PSC, ARR;
};
#define TIM5        ((struct timer_regs *)0x40000C00u)
#define TIM_CR1_CEN (1u << 0)
#define TIM_EGR_UG  (1u << 0)

struct iwdg_regs {
    volatile uint32_t KR, PR, RLR, SR;
};
#define IWDG            ((struct iwdg_regs *)0x40003000u)
#define IWDG_KEY_RELOAD 0xAAAAu
#define IWDG_KEY_UNLOCK 0x5555u
#define IWDG_KEY_START  0xCCCCu
#define IWDG_PR_256     6u
#define IWDG_LSI_HZ     32000u /* nominal; 17 to 47 kHz (DS8626 table 38) */
#define IWDG_SR_BUSY    3u     /* PVU, RVU */

/* ---- power control, backup domain ---- */
/* One bit of a peripheral's register as a word (PM0214 section 2.2.5). */
#define BIT_BAND(addr, bit)                                                                        \
    (*(volatile uint32_t *)(0x42000000u + ((addr)-0x40000000u) * 32u + (bit)*4u))
#define RCC_APB1ENR_PWREN_BIT BIT_BAND(0x40023840u, 28u)
#define PWR_CR_DBP_BIT        BIT_BAND(0x40007000u, 8u)
#define RTC_BKP19R            (*(volatile uint32_t *)0x4000289Cu)

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Bit-band aliases of SRAM and of a peripheral (USART3, which nobody uses). PM0214 section 2.2.5.
 */
#include "suite.h"

#define USART3_CR1 0x4000480CU

static uint32_t word;

static volatile uint32_t *alias(uint32_t address, unsigned bit)
{
    uint32_t base = address & 0xF0000000U;
    return (volatile uint32_t *)(uintptr_t)(base + 0x02000000U + (address - base) * 32 + bit * 4);
}

int main(void)
{
    uint32_t address = (uint32_t)(uintptr_t)&word;
    volatile uint32_t *w = &word;
    *w = 0;
    *alias(address, 0) = 1;
    *alias(address, 31) = 0xFFFFFFFF;
    *alias(address, 13) = 3;
    print_value("set", *w);
    *alias(address, 13) = 2;
    print_value("only bit 0 of what is written counts", *w);
    print_value("read 0", *alias(address, 0));
    print_value("read 1", *alias(address, 1));
    print_value("read 31", *alias(address, 31));
    *w = 0xA5C3F00F;
    uint32_t back = 0;
    for (unsigned i = 0; i < 32; i++) {
        back |= *alias(address, i) << i;
    }
    print_value("all bits", back);
    *(volatile uint8_t *)alias(address, 30) = 1;
    *(volatile uint16_t *)alias(address, 2) = 0;
    print_value("byte and half-word accesses", *w);
    REG(0x40023840) = 3U << 17; /* USART2 and 3 */
    (void)REG(0x40023840);
    REG(USART3_CR1) = 0;
    *alias(USART3_CR1, 3) = 1;
    *alias(USART3_CR1, 2) = 1;
    print_value("peripheral", REG(USART3_CR1));
    *alias(USART3_CR1, 2) = 0;
    print_value("peripheral", REG(USART3_CR1));
    print_value("peripheral bit 3", *alias(USART3_CR1, 3));
    return 0;
}

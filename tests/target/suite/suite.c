/* SPDX-License-Identifier: MIT */
/*
 * Start-up, text output and trace of the suite. RM0090 sections 30.6 (USART), 12.2 (vectors).
 */
#include "suite.h"

#define RCC_AHB1ENR  REG(0x40023830)
#define RCC_APB1ENR  REG(0x40023840)
#define GPIOA_MODER  REG(0x40020000)
#define GPIOA_AFRL   REG(0x40020020)
#define USART2_SR    REG(0x40004400)
#define USART2_DR    REG(0x40004404)
#define USART2_BRR   REG(0x40004408)
#define USART2_CR1   REG(0x4000440C)
#define USART_SR_TXE (1U << 7)
#define USART_SR_TC  (1U << 6)

enum { VECTORS = 98, TRACE = 256 };

extern uint32_t stack_top, bss_start, bss_end, data_start, data_end, data_load;

static void (*vectors_ram[VECTORS])(void) __attribute__((aligned(512)));
static char trace[TRACE];
static volatile unsigned trace_len;

/* The compiler may call them, too. */
void *memset(void *to, int value, unsigned len);
void *memset(void *to, int value, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        ((volatile uint8_t *)to)[i] = (uint8_t)value;
    }
    return to;
}

void *memcpy(void *to, const void *from, unsigned len);
void *memcpy(void *to, const void *from, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
    return to;
}

static void end(void)
{
    print("[end]\n");
    for (;;) {
        __asm volatile("wfi");
    }
}

static void unexpected(void)
{
    print_value("unexpected exception", read_ipsr());
    print_value("cfsr", CFSR);
    print_value("hfsr", HFSR);
    end();
}

void suite_start(void);
void suite_start(void)
{
    /* Borders made by the linker: as numbers, they are no pointers into one object. */
    uint32_t bss = (uint32_t)(uintptr_t)&bss_end - (uint32_t)(uintptr_t)&bss_start;
    uint32_t data = (uint32_t)(uintptr_t)&data_end - (uint32_t)(uintptr_t)&data_start;
    memset(&bss_start, 0, bss);
    memcpy(&data_start, &data_load, data);
    for (unsigned i = 1; i < VECTORS; i++) {
        vectors_ram[i] = unexpected;
    }
    VTOR = (uint32_t)(uintptr_t)vectors_ram;
    RCC_AHB1ENR = 1;
    (void)RCC_AHB1ENR;
    RCC_APB1ENR = 1U << 17;
    (void)RCC_APB1ENR;
    GPIOA_MODER = 0xA8000020; /* PA2 alternate; PA13 to PA15 stay with the debugger */
    GPIOA_AFRL = 7U << 8;
    USART2_BRR = 139; /* 115200 at 16 MHz */
    USART2_CR1 = 1U << 13 | 1U << 3;
    (void)main();
    end();
}

__attribute__((section(".vectors"), used)) static const void *const vectors[2] = {
    &stack_top,
    (const void *)suite_start,
};

static void put(char c)
{
    for (unsigned patience = 100000; (USART2_SR & USART_SR_TXE) == 0 && patience > 0; patience--) {
    }
    USART2_DR = (uint8_t)c;
}

void print(const char *text)
{
    for (; *text != '\0'; text++) {
        put(*text);
    }
}

void print_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        put("0123456789ABCDEF"[value >> shift & 15]);
    }
}

void print_value(const char *name, uint32_t value)
{
    print(name);
    print(" ");
    print_hex(value);
    print("\n");
}

void wait_sent(void)
{
    for (unsigned patience = 100000; (USART2_SR & USART_SR_TC) == 0 && patience > 0; patience--) {
    }
}

void set_handler(unsigned exception, void (*fn)(void))
{
    vectors_ram[exception] = fn;
    BARRIER();
}

void mark(char c)
{
    if (trace_len < TRACE - 1) {
        trace[trace_len++] = c;
    }
}

void print_trace(const char *name)
{
    trace[trace_len] = '\0';
    print(name);
    print(" ");
    print(trace);
    print("\n");
    trace_len = 0;
}

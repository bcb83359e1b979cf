/* SPDX-License-Identifier: MIT */
/*
 * Flash that is busy: code in flash stands still, code in SRAM runs on until it reads flash. For
 * the twin alone. RM0090 section 3.6.
 */
#include "suite.h"

#define FLASH_KEYR REG(0x40023C04)
#define FLASH_SR   REG(0x40023C0C)
#define FLASH_CR   REG(0x40023C10)
#define DEMCR      REG(0xE000EDFC)
#define DWT_CTRL   REG(0xE0001000)
#define DWT_CYCCNT REG(0xE0001004)

#define STRT (1U << 16)
#define BSY  (1U << 16)
#define SER  (1U << 1)
#define X32  (2U << 8)

static const uint32_t in_flash = 0xC0FFEE;

struct result {
    uint32_t polls, cycles, value;
};

static void start_erase(unsigned sector)
{
    FLASH_CR = X32 | SER | sector << 3;
    FLASH_CR |= STRT;
}

/* In flash: by the time SR can be read, BSY has gone. */
static struct result from_flash(unsigned sector)
{
    struct result r = {0};
    uint32_t before = DWT_CYCCNT;
    start_erase(sector);
    while ((FLASH_SR & BSY) != 0) {
        r.polls++;
    }
    r.cycles = DWT_CYCCNT - before;
    return r;
}

__attribute__((section(".ramcode"), noinline, long_call)) static struct result
from_sram(unsigned sector)
{
    struct result r = {0};
    uint32_t before = DWT_CYCCNT;
    FLASH_CR = X32 | SER | sector << 3;
    FLASH_CR |= STRT;
    while ((FLASH_SR & BSY) != 0) {
        r.polls++;
    }
    r.cycles = DWT_CYCCNT - before;
    return r;
}

/* In SRAM, but it reads a word of flash while the erase goes on. */
__attribute__((section(".ramcode"), noinline, long_call)) static struct result
reading_flash(unsigned sector, const volatile uint32_t *word)
{
    struct result r = {0};
    uint32_t before = DWT_CYCCNT;
    FLASH_CR = X32 | SER | sector << 3;
    FLASH_CR |= STRT;
    r.value = *word;
    while ((FLASH_SR & BSY) != 0) {
        r.polls++;
    }
    r.cycles = DWT_CYCCNT - before;
    return r;
}

static volatile unsigned ticks;

static void on_systick(void)
{
    ticks++;
}

static volatile uint32_t status_in_tick;

__attribute__((section(".ramcode"), used)) static void tick_in_sram(void)
{
    status_in_tick = FLASH_SR;
    ticks++;
}

/* Starts an erase, and an exception that follows this one without a return in between. */
__attribute__((section(".ramcode"), used)) static void erase_in_sram(void)
{
    FLASH_CR = X32 | SER | 2 << 3;
    FLASH_CR |= STRT;
    ICSR = 1U << 26;
}

/* For what runs while flash is busy: the vectors are read from there. */
__attribute__((aligned(512), used)) static void (*const vectors_flash[16])(void) = {
    [PENDSV] = erase_in_sram,
    [SYSTICK] = tick_in_sram,
};

__attribute__((section(".ramcode"), noinline, long_call)) static uint32_t pend_erase(void)
{
    uint32_t before = DWT_CYCCNT;
    ICSR = 1U << 28;
    BARRIER();
    return DWT_CYCCNT - before;
}

/* Programs a word and reads it back in an IT block, at once. */
__attribute__((section(".ramcode"), noinline, long_call)) static struct result
program_and_read(volatile uint32_t *at)
{
    struct result r = {0};
    FLASH_CR = X32 | 1;
    uint32_t before = DWT_CYCCNT;
    *at = 0x12345678;
    __asm volatile("cmp r0, r0\n itte eq\n addeq %1, #1\n ldreq %0, [%2]\n addne %1, #1\n"
                   : "=&r"(r.value), "+r"(r.polls)
                   : "r"(at)
                   : "cc", "memory");
    r.cycles = DWT_CYCCNT - before;
    FLASH_CR = 0;
    return r;
}

static void vectors_in_flash(void)
{
    uint32_t vtor = VTOR;
    ticks = 0;
    VTOR = (uint32_t)(uintptr_t)vectors_flash;
    SYST_RVR = 160000;
    SYST_CVR = 0;
    SYST_CSR = 7;
    struct result r = from_sram(2);
    SYST_CSR = 0;
    print_value("ticks with vectors in flash", ticks);
    print_value("  status in the tick", status_in_tick);
    print_value("  polls", r.polls);
    ticks = 0;
    status_in_tick = BSY;
    print_value("tail-chain cycles", pend_erase());
    print_value("  status in the tick", status_in_tick);
    print_value("  ticks", ticks);
    VTOR = vtor;
}

static void show(const char *name, struct result r)
{
    print(name);
    print("\n");
    print_value(name[0] == 'f'   ? "flash polls"
                : name[0] == 's' ? "sram polls"
                                 : "read polls",
                r.polls);
    print_value(name[0] == 'f'   ? "flash cycles"
                : name[0] == 's' ? "sram cycles"
                                 : "read cycles",
                r.cycles);
    print_value(name[0] == 'f'   ? "flash value"
                : name[0] == 's' ? "sram value"
                                 : "read value",
                r.value);
}

int main(void)
{
    DEMCR = 1U << 24;
    DWT_CTRL |= 1;
    FLASH_KEYR = 0x45670123;
    FLASH_KEYR = 0xCDEF89AB;
    show("from flash", from_flash(2));
    show("sram", from_sram(2));
    show("reading flash from sram", reading_flash(2, &in_flash));
    /* Ticks that fall into a stall are one pending interrupt, not many. */
    set_handler(SYSTICK, on_systick);
    SYST_RVR = 160000;
    SYST_CVR = 0;
    SYST_CSR = 7;
    (void)from_flash(2);
    SYST_CSR = 0;
    print_value("ticks", ticks);
    vectors_in_flash();
    struct result r = program_and_read((volatile uint32_t *)0x08008000);
    print_value("read in it block", r.value);
    print_value("  cycles", r.cycles);
    print_value("  others of the block", r.polls);
    print_value("sr", FLASH_SR);
    return 0;
}

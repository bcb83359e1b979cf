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
    print_value("sr", FLASH_SR);
    return 0;
}

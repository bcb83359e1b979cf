/* SPDX-License-Identifier: MIT */
/*
 * The cycle counter over code of known length: for the twin alone. The figures are those of the
 * twin's document; each is a difference of two measurements, so that what surrounds them does not
 * count.
 */
#include "suite.h"

#define DEMCR      REG(0xE000EDFC)
#define DWT_CTRL   REG(0xE0001000)
#define DWT_CYCCNT REG(0xE0001004)
#define FLASH_ACR  REG(0x40023C00)

#define MEASURE(name, code)                                                                        \
    __attribute__((naked, noinline, aligned(16))) static uint32_t name(uint32_t n)                 \
    {                                                                                              \
        __asm volatile("push {r4-r7, lr}\n ldr r7, =0xE0001004\n ldr r6, =0x20018000\n"            \
                       "movs r5, #1\n b 8f\n .align 4\n"                                           \
                       "8: ldr r4, [r7]\n" code "\n ldr r1, [r7]\n subs r0, r1, r4\n"              \
                       "pop {r4-r7, pc}\n .pool\n");                                               \
    }

#pragma GCC diagnostic ignored "-Wunused-parameter"
MEASURE(nops_none, "")
MEASURE(nops_100, ".rept 100\n nop\n .endr")
MEASURE(loads_100, ".rept 100\n ldr r2, [r6]\n .endr")
MEASURE(stores_100, ".rept 100\n str r2, [r6]\n .endr")
MEASURE(multiple_10, ".rept 10\n ldm r6, {r0-r3}\n .endr")
MEASURE(divides_10, ".rept 10\n udiv r2, r6, r5\n .endr")
MEASURE(multiplies_10, ".rept 10\n muls r2, r5\n .endr")
MEASURE(loop, "1: subs r0, #1\n bne 1b")
MEASURE(calls_10, ".rept 10\n bl 9f\n .endr\n b 2f\n 9: bx lr\n 2:")
MEASURE(skipped_10, "cmp r5, #1\n .rept 10\n it ne\n addne r2, #1\n .endr")

MEASURE(flash_register, "ldr r3, =0x40023C0C\n movs r2, #0\n .rept 40\n str r2, [r3]\n .endr")

static void measure_all(void)
{
    uint32_t none = nops_none(0);
    print_value("nop", nops_100(0) - none);
    print_value("ldr", loads_100(0) - none);
    print_value("str", stores_100(0) - none);
    print_value("ldm 4", multiple_10(0) - none);
    print_value("udiv", divides_10(0) - none);
    print_value("mul", multiplies_10(0) - none);
    print_value("loop", loop(2000) - loop(1000));
    print_value("bl and bx", calls_10(0) - none);
    print_value("it, skipped", skipped_10(0) - none);
}

static volatile uint32_t stamp;

static void on_irq(void)
{
    stamp = DWT_CYCCNT;
}

static volatile uint32_t ticked[3], tick_count;

static void on_systick(void)
{
    if (tick_count < 3) {
        ticked[tick_count++] = DWT_CYCCNT;
    }
}

/* From interrupt to interrupt: the reload value and one more. */
static void measure_systick(uint32_t control, const char *name)
{
    tick_count = 0;
    SYST_RVR = 1000;
    SYST_CVR = 0;
    SYST_CSR = control;
    for (unsigned patience = 100000; tick_count < 3 && patience > 0; patience--) {
    }
    SYST_CSR = 0;
    print_value(name, ticked[2] - ticked[1]);
}

int main(void)
{
    DWT_CYCCNT = 5;
    print_value("without trcena", DWT_CYCCNT);
    DEMCR = 1U << 24;
    DWT_CTRL |= 1;
    DWT_CYCCNT = 0;
    measure_all();
    uint32_t without = flash_register(0);
    FLASH_ACR = 5;
    print_value("5 wait states, nothing else: nop", nops_100(0) - nops_none(0));
    print_value("5 wait states: loop", loop(2000) - loop(1000));
    FLASH_ACR = 0x105;
    print_value("with prefetch: nop", nops_100(0) - nops_none(0));
    FLASH_ACR = 0x705;
    (void)nops_100(0);
    print_value("with cache: loop", loop(2000) - loop(1000));
    (void)flash_register(0);
    print_value("with cache: flash register, more", flash_register(0) - without);
    FLASH_ACR = 0;
    set_handler(IRQ0 + 6, on_irq);
    NVIC_ISER(0) = 1U << 6;
    uint32_t before = DWT_CYCCNT;
    NVIC_ISPR(0) = 1U << 6;
    BARRIER();
    print_value("interrupt entry", stamp - before);
    set_handler(SYSTICK, on_systick);
    measure_systick(7, "systick period");
    measure_systick(3, "systick period, an eighth");
    SYST_RVR = 1600000;
    SYST_CVR = 0;
    SYST_CSR = 7;
    before = DWT_CYCCNT;
    __asm volatile("wfi");
    print_value("slept 100 ms: counted", DWT_CYCCNT - before);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Instructions that the twin treats in a way of its own: IT blocks with interrupts pending,
 * exclusive accesses, table branches, WFE and SEV, CONTROL, code that is changed, unaligned single
 * accesses.
 */
#include "suite.h"

static volatile unsigned irqs;
static uint32_t lock;

static void on_irq(void)
{
    irqs++;
}

static void on_irq_exclusive(void)
{
    uint32_t value;
    __asm volatile("ldrex %0, [%1]\n clrex" : "=r"(value) : "r"(&lock) : "memory");
    irqs++;
}

/* An interrupt becomes pending right before an IT block; all of the block must still happen. */
static uint32_t it_block(uint32_t x)
{
    uint32_t result;
    __asm volatile("movs %0, #0\n"
                   "str %2, [%3]\n"
                   "cmp %1, #5\n"
                   "itete hi\n"
                   "addhi %0, #1\n"
                   "addls %0, #2\n"
                   "addhi %0, #4\n"
                   "addls %0, #8\n"
                   "add %0, #16\n"
                   : "=&r"(result)
                   : "r"(x), "r"(1U << 6), "r"(0xE000E200)
                   : "cc", "memory");
    return result;
}

static uint32_t exclusive(uint32_t disturb)
{
    uint32_t value, failed;
    lock = 5;
    __asm volatile("ldrex %0, [%2]\n"
                   "str %3, [%4]\n dsb\n isb\n"
                   "add %0, #1\n"
                   "strex %1, %0, [%2]\n"
                   : "=&r"(value), "=&r"(failed)
                   : "r"(&lock), "r"(disturb), "r"(0xE000E200)
                   : "memory");
    return failed << 8 | lock;
}

static uint32_t exclusive_bytes(void)
{
    uint32_t value, failed, late;
    lock = 0x11223344;
    __asm volatile("ldrexb %0, [%3]\n adds %0, #1\n strexb %1, %0, [%3]\n strexh %2, %0, [%3]\n"
                   : "=&r"(value), "=&r"(failed), "=&r"(late)
                   : "r"(&lock)
                   : "memory", "cc");
    return late << 28 | failed << 24 | (lock & 0xFFFFFF);
}

/* The FPU is off: the handler turns it on and returns into the IT block, to the same instruction.
 */
static volatile uint32_t fpu_faults;

static void on_usage(void)
{
    fpu_faults++;
    REG(0xE000ED28) = 0xFFFFFFFF;
    CPACR = 0xF << 20;
    BARRIER();
}

static uint32_t fault_in_it_block(uint32_t x)
{
    uint32_t result;
    CPACR = 0;
    BARRIER();
    __asm volatile("movs %0, #0\n cmp %1, #5\n"
                   "itete hi\n"
                   "addhi %0, #1\n"
                   "vmovls.f32 s0, #1.0\n"
                   "vmovhi.f32 s0, #2.0\n"
                   "addls %0, #2\n"
                   "vmov %1, s0\n add %0, %1, %0\n"
                   : "=&r"(result), "+r"(x)::"cc", "memory", "s0");
    return result;
}

static uint32_t table(uint32_t n)
{
    uint32_t result;
    __asm volatile("tbb [pc, %1]\n"
                   "1: .byte (2f - 1b) / 2, (3f - 1b) / 2, (4f - 1b) / 2, 0\n"
                   "2: movs %0, #20\n b 5f\n"
                   "3: movs %0, #30\n b 5f\n"
                   "4: movs %0, #40\n"
                   "5:\n"
                   : "=r"(result)
                   : "r"(n)
                   : "cc");
    return result;
}

static uint32_t changed_code(void)
{
    static uint16_t code[2] __attribute__((aligned(4))) = {0x2001, 0x4770};
    uint32_t (*fn)(void) = (uint32_t(*)(void))((uintptr_t)code | 1);
    uint32_t sum = 0;
    for (unsigned i = 0; i < 5; i++) {
        *(volatile uint16_t *)code = (uint16_t)(0x2000 + i);
        BARRIER();
        sum = sum * 10 + fn();
    }
    return sum;
}

static uint32_t unaligned(void)
{
    static uint8_t bytes[16];
    for (uint8_t i = 0; i < 16; i++) {
        ((volatile uint8_t *)bytes)[i] = i;
    }
    uint32_t word, half;
    __asm volatile("ldr %0, [%2, #3]\n ldrh %1, [%2, #7]\n str %0, [%2, #9]\n"
                   : "=&r"(word), "=&r"(half)
                   : "r"(bytes)
                   : "memory");
    return word ^ half << 16 ^ ((volatile uint8_t *)bytes)[12] << 8;
}

static uint32_t across_pages(void)
{
    volatile uint8_t *p = (volatile uint8_t *)0x20005400;
    uint32_t back;
    __asm volatile("str %1, [%2, #-2]\n ldr %0, [%2, #-2]\n"
                   : "=&r"(back)
                   : "r"(0x12345678), "r"(p)
                   : "memory");
    return back ^ p[0] ^ p[1] << 8;
}

static void events(void)
{
    __asm volatile("sev\n wfe\n" ::: "memory");
    print("sev, wfe: goes on\n");
    SCR |= 1U << 4;
    NVIC_ICER(0) = 1U << 6;
    NVIC_ISPR(0) = 1U << 6;
    __asm volatile("wfe" ::: "memory");
    print("sevonpend, wfe: goes on\n");
    NVIC_ICPR(0) = 1U << 6;
    SCR &= ~(1U << 4);
    NVIC_ISER(0) = 1U << 6;
}

int main(void)
{
    set_handler(IRQ0 + 6, on_irq);
    NVIC_ISER(0) = 1U << 6;
    print_value("it block, hi", it_block(9));
    print_value("it block, ls", it_block(3));
    print_value("interrupts", irqs);
    set_handler(USAGEFAULT, on_usage);
    SHCSR |= 1U << 18;
    print_value("fault in it block, hi", fault_in_it_block(9));
    print_value("fault in it block, ls", fault_in_it_block(3));
    print_value("faults", fpu_faults);
    write_control(0);
    print_value("exclusive, alone", exclusive(0));
    print_value("exclusive, interrupted", exclusive(1U << 6));
    set_handler(IRQ0 + 6, on_irq_exclusive);
    print_value("exclusive, cleared", exclusive(1U << 6));
    print_value("exclusive, bytes", exclusive_bytes());
    print_value("table", table(0) << 16 | table(1) << 8 | table(2));
    print_value("changed code", changed_code());
    print_value("unaligned", unaligned());
    print_value("across pages", across_pages());
    events();
    print_value("control", read_control());
    CPACR = 0xF << 20;
    BARRIER();
    __asm volatile("vmov.f32 s0, #1.0" ::: "s0");
    print_value("control with fp", read_control());
    print_value("interrupts", irqs);
    return 0;
}

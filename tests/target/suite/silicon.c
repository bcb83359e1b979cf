/* SPDX-License-Identifier: MIT */
/*
 * What the chip does and QEMU's machine does not: for the twin alone. RM0090 section 2.3, PM0214,
 * and ARMv7-M C1.5 for BKPT.
 */
#include "suite.h"

#define RCC_AHB1ENR REG(0x40023830)
#define GPIOA_ODR   0x40020014U

static volatile uint32_t count, cfsr, hfsr, bfar, fault_pc, irq_count;

__attribute__((used)) static void note(struct frame *f, uint32_t exc_return)
{
    (void)exc_return;
    count++;
    cfsr = CFSR;
    hfsr = HFSR;
    bfar = BFAR;
    fault_pc = f->pc;
    CFSR = 0xFFFFFFFF;
    HFSR = 0xFFFFFFFF;
    if ((cfsr & 0x400) != 0) {
        return; /* imprecise: the instruction is over */
    }
    if ((cfsr & 0x101) != 0 || (cfsr & 0x10000) != 0) {
        f->pc = f->lr & ~1U; /* a fetch: back to the caller */
    } else {
        f->pc += (*(const volatile uint16_t *)(uintptr_t)f->pc & 0xF800) >= 0xE800 ? 4 : 2;
    }
}

FRAME_HANDLER(on_fault, note)

static void show(const char *name)
{
    print_value(name, count << 28 | (cfsr & 0x0FFFFFFF));
    count = 0;
    cfsr = 0;
}

__attribute__((noinline)) static uint32_t load(uint32_t address)
{
    return REG(address);
}

__attribute__((noinline)) static void call(uint32_t address)
{
    void (*fn)(void) = (void (*)(void))(uintptr_t)address;
    fn();
}

static void on_irq(void)
{
    irq_count++;
}

static volatile uint32_t nmi_done;

static void on_nmi(void)
{
    (void)load(0x60000000);
    nmi_done++;
}

/* The stack pointer where there is no memory: the frame cannot be written. */
__attribute__((naked)) static void bad_stack(void)
{
    __asm volatile("push {r4, lr}\n mov r4, sp\n ldr r0, =0x30000000\n msr psp, r0\n"
                   "movs r0, #2\n msr control, r0\n isb\n"
                   "ldr r0, =0xE000E200\n movs r1, #64\n str r1, [r0]\n dsb\n isb\n"
                   "movs r0, #0\n msr control, r0\n isb\n mov sp, r4\n pop {r4, pc}\n .pool\n");
}

/* The frame that could not be written cannot be returned to: this handler mends the stack. */
__attribute__((used, noinline)) static void stack_fault_body(void)
{
    count++;
    cfsr = CFSR;
    CFSR = 0xFFFFFFFF;
}

static uint32_t good_frame[8];

__attribute__((used)) static uint32_t *mended(void)
{
    extern const uint8_t after_bad_stack[];
    stack_fault_body();
    good_frame[6] = (uint32_t)(uintptr_t)after_bad_stack & ~1U;
    good_frame[7] = 0x01000000;
    return good_frame;
}

__attribute__((naked)) static void on_stack_fault(void)
{
    __asm volatile("push {r3, lr}\n bl mended\n msr psp, r0\n pop {r3, pc}\n");
}

__attribute__((naked, used)) static void lands_here(void)
{
    __asm volatile(".global after_bad_stack\n after_bad_stack:\n"
                   "movs r0, #0\n msr control, r0\n isb\n mov sp, r4\n pop {r4, pc}\n");
}

static void test_memory(void)
{
    (void)load(0x08100000);
    show("behind the flash");
    print_value("  address", bfar);
    (void)load(0x20020000);
    show("behind the sram");
    (void)load(0x10010000);
    show("behind the ccm");
    (void)load(0x40007C00);
    show("no peripheral there");
    print_value("alias", load(0x00000004) == load(0x08000004));
    REG(0x10000000) = 0x11111111; /* AHB1ENR is 1: no clock for it */
    print_value("ccm without clock", load(0x10000000));
    RCC_AHB1ENR |= 1U << 20;
    (void)RCC_AHB1ENR;
    print_value("ccm kept its content", load(0x10000000) != 0x11111111);
    REG(0x10000000) = 0x47704770;
    print_value("ccm holds data", load(0x10000000));
    call(0x10000001);
    show("no fetch from ccm");
    call(0x1FFF0001);
    show("no rom to execute");
    call(0x08100001);
    show("fetch behind the flash");
    call(0x40020001);
    show("fetch from a device");
    (void)*(volatile uint16_t *)(uintptr_t)0x40004401;
    show("unaligned device access");
    (void)*(volatile uint32_t *)(uintptr_t)0x40004402;
    show("unaligned device word");
    REG(GPIOA_ODR) = 0;
    *(volatile uint32_t *)(uintptr_t)(GPIOA_ODR + 1) = 0xFFFFFFFF;
    show("unaligned device store");
    print_value("  stored", REG(GPIOA_ODR));
}

/* Stores pass through the write buffer: the fault comes after them, and BFAR does not know. */
static void test_stores(void)
{
    static const struct {
        const char *name;
        uint32_t address;
    } nowhere[] = {
        {"store behind the flash", 0x08100000}, {"store behind the alias", 0x00100000},
        {"store behind the ccm", 0x10010000},   {"store behind the sram", 0x20020000},
        {"store to the rom", 0x1FFF0000},       {"store to no peripheral", 0x40007C00},
        {"store to the fsmc", 0x60000000},      {"store to an alias", 0x22800000},
    };
    for (unsigned i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        REG(nowhere[i].address) = 1;
        BARRIER();
        show(nowhere[i].name);
    }
    uint32_t at = 0x60000000;
    __asm volatile("str %1, [%0], #4\n dsb" : "+r"(at) : "r"(1) : "memory");
    show("store with write-back");
    print_value("  address after it", at);
    ACTLR = 2; /* DISDEFWBUF */
    REG(0x60000010) = 1;
    show("store without write buffer");
    print_value("  address", bfar);
    REG(0x1FFF0004) = 1;
    show("store to the rom without it");
    print_value("actlr", ACTLR);
    ACTLR = 0;
    REG(0xE0042008 + 0x800) = 1;
    show("store to the private bus");
    SHPR(BUSFAULT) = 0x80;
    write_basepri(0x40);
    REG(0x60000000) = 1;
    BARRIER();
    print_value("imprecise fault that waits", count);
    write_basepri(0);
    show("  later");
    print_value("  hfsr", hfsr);
    SHPR(BUSFAULT) = 0;
}

int main(void)
{
    set_handler(HARDFAULT, on_fault);
    set_handler(MEMMANAGE, on_fault);
    set_handler(BUSFAULT, on_fault);
    set_handler(USAGEFAULT, on_fault);
    set_handler(IRQ0 + 6, on_irq);
    SHCSR |= 7U << 16;
    NVIC_ISER(0) = 1U << 6;
    NVIC_IPR(6) = 0xFF;
    print_value("priority bits", NVIC_IPR(6));
    write_basepri(0xFF);
    uint32_t basepri;
    __asm volatile("mrs %0, basepri" : "=r"(basepri));
    print_value("basepri bits", basepri);
    write_basepri(0);
    test_memory();
    test_stores();
    CCR |= 1U << 8; /* BFHFNMIGN: data faults of NMI and HardFault are ignored */
    set_handler(NMI, on_nmi);
    ICSR = 1U << 31;
    BARRIER();
    print_value("faults ignored in nmi", nmi_done << 4 | count);
    print_value("  cfsr", CFSR);
    print_value("  bfar", BFAR);
    CFSR = 0xFFFFFFFF;
    CCR &= ~(1U << 8);
    __asm volatile("bkpt #1");
    print_value("bkpt hfsr", hfsr);
    print_value("bkpt dfsr", REG(0xE000ED30));
    REG(0xE000ED30) = 2;
    print_value("  cleared", REG(0xE000ED30));
    show("bkpt");
    set_handler(BUSFAULT, on_stack_fault);
    NVIC_IPR(6) = 0x80;
    SHPR(BUSFAULT) = 0x40;
    bad_stack();
    show("stacking into nowhere");
    print_value("interrupts", irq_count);
    print_value("cpuid", REG(0xE000ED00));
    print_value("id_isar1", REG(0xE000ED64));
    print_value("id_isar2", REG(0xE000ED68));
    print_value("id_isar3", REG(0xE000ED6C));
    SCR = 2; /* SLEEPONEXIT */
    return 0;
}

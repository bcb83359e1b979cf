/* SPDX-License-Identifier: MIT */
/*
 * Faults: each with its status bits, the stacked PC, the address register, and what it escalates
 * to. PM0214 section 2.4, ARMv7-M B1.5.14.
 */
#include "suite.h"

static volatile uint32_t seen_pc;
__attribute__((used)) static volatile uint32_t resume;
static volatile unsigned count;
static const char *handler_name;

/* Prints what there is, clears it, and goes on at resume. */
__attribute__((used)) static void report(struct frame *f, uint32_t exc_return)
{
    uint32_t cfsr = CFSR;
    print("  ");
    print(handler_name);
    print_value(" ipsr", read_ipsr());
    print_value("  cfsr", cfsr);
    print_value("  hfsr", HFSR);
    if ((cfsr & 0x80) != 0) {
        print_value("  mmfar", MMFAR);
    }
    if ((cfsr & 0x8000) != 0) {
        print_value("  bfar", BFAR);
    }
    print_value("  exc_return", exc_return);
    print_value("  r0", f->r0);
    print_value("  xpsr it and t", f->xpsr & 0x0700FC00);
    seen_pc = f->pc;
    CFSR = cfsr;
    HFSR = 0xFFFFFFFF;
    f->xpsr = (f->xpsr & ~0x0600FC00U) | 0x01000000U;
    f->pc = resume;
    count++;
}

FRAME_HANDLER(on_fault, report)

__attribute__((used)) static volatile uint32_t expected_pc;

static void check(const char *name, unsigned before)
{
    print(name);
    print(count == before + 1 ? ": one fault, " : ": NO or too many faults, ");
    print(seen_pc == expected_pc ? "at its instruction\n" : "elsewhere\n");
}

/* A function that executes the instruction at 1:, where the fault is expected, and goes on at 2:.
 */
#define DEFINE_CASE(fn, setup, instruction)                                                        \
    __attribute__((naked, noinline)) static void fn(void)                                          \
    {                                                                                              \
        __asm volatile("push {r4-r7, lr}\n"                                                        \
                       "ldr r4, =resume\n adr r5, 2f\n orr r5, #1\n str r5, [r4]\n"                \
                       "ldr r4, =expected_pc\n adr r5, 1f\n str r5, [r4]\n" setup "\n"             \
                       " b 1f\n .align 2\n1: " instruction "\n nop\n nop\n .align 2\n"             \
                       "2: pop {r4-r7, pc}\n .align 2\n .pool\n");                                 \
    }

DEFINE_CASE(undefined, "movs r0, #1", "udf #3")
DEFINE_CASE(undefined_wide, "movs r0, #2", ".inst.w 0xf7f0a000")
DEFINE_CASE(read_nowhere, "ldr r0, =0x60000010", "ldr r0, [r0]")
DEFINE_CASE(read_nowhere_byte, "ldr r0, =0x60000013", "ldrb r0, [r0]")
DEFINE_CASE(write_nowhere, "ldr r0, =0x60000020", "str r1, [r0]")
DEFINE_CASE(write_back, "ldr r0, =0x60000040", "str r1, [r0], #4")
DEFINE_CASE(load_pair, "ldr r0, =0x60000050", "ldrd r0, r1, [r0]")
DEFINE_CASE(execute_device,
            "ldr r0, =0x40004401\n ldr r4, =expected_pc\n subs r5, r0, #1\n str r5, [r4]", "bx r0")
DEFINE_CASE(arm_state, "ldr r0, =suite_start\n bic r0, #3\n ldr r4, =expected_pc\n str r0, [r4]",
            "bx r0")
DEFINE_CASE(unaligned_pair, "ldr r0, =0x20000102", "ldrd r2, r3, [r0]")
DEFINE_CASE(unaligned_many, "ldr r0, =0x20000101", "ldm r0, {r2, r3}")
DEFINE_CASE(unaligned_store_many, "ldr r0, =0x20000101", "stm r0, {r2, r3}")
DEFINE_CASE(unaligned_exclusive, "ldr r0, =0x20000102", "ldrex r2, [r0]")
DEFINE_CASE(unaligned_word, "ldr r0, =0x20000102", "ldr r2, [r0]")
DEFINE_CASE(unaligned_half, "ldr r0, =0x20000101", "ldrh r2, [r0]")
DEFINE_CASE(divide, "movs r0, #0\n movs r1, #5", "udiv r2, r1, r0")
DEFINE_CASE(divide_signed, "movs r0, #0\n movs r1, #5", "sdiv r2, r1, r0")
DEFINE_CASE(no_coprocessor, "movs r0, #7", "mrc p5, 0, r1, c0, c0, 0")
DEFINE_CASE(fpu_off, "movs r0, #8", "vmov.f32 s0, #1.0")
DEFINE_CASE(in_it_block,
            "ldr r0, =0x60000060\n cmp r0, r0\n ldr r4, =expected_pc\n adr r5, 3f\n str r5, [r4]",
            "itte eq\n addeq r1, #1\n3: ldreq r2, [r0]\n addne r1, #1")

static void run(const char *name, void (*fn)(void))
{
    unsigned before = count;
    print(name);
    print("\n");
    fn();
    check("  ->", before);
}

static void unaligned(void)
{
    run("ldrd unaligned", unaligned_pair);
    run("ldm unaligned", unaligned_many);
    run("stm unaligned", unaligned_store_many);
    run("ldrex unaligned", unaligned_exclusive);
    unsigned before = count;
    unaligned_word();
    unaligned_half();
    print_value("single loads may be unaligned, faults", count - before);
    CCR |= 8;
    BARRIER();
    run("ldr unaligned, trapped", unaligned_word);
    run("ldrh unaligned, trapped", unaligned_half);
    CCR &= ~8U;
}

static void division(void)
{
    unsigned before = count;
    divide();
    print_value("division by zero gives 0, faults", count - before);
    CCR |= 0x10;
    BARRIER();
    run("udiv by zero, trapped", divide);
    run("sdiv by zero, trapped", divide_signed);
    CCR &= ~0x10U;
}

static void everything(void)
{
    run("udf", undefined);
    run("udf.w", undefined_wide);
    run("read nowhere", read_nowhere);
    run("read byte nowhere", read_nowhere_byte);
    run("write nowhere", write_nowhere);
    run("write back nowhere", write_back);
    run("ldrd nowhere", load_pair);
    run("execute a device", execute_device);
    run("bx to arm state", arm_state);
    run("coprocessor 5", no_coprocessor);
    run("fpu off", fpu_off);
    run("in an it block", in_it_block);
}

int main(void)
{
    set_handler(HARDFAULT, on_fault);
    set_handler(MEMMANAGE, on_fault);
    set_handler(BUSFAULT, on_fault);
    set_handler(USAGEFAULT, on_fault);
    ACTLR = 2; /* DISDEFWBUF: no write buffer, as QEMU has none, and stores fault precisely */
    handler_name = "escalated";
    everything();
    SHCSR |= 7U << 16;
    BARRIER();
    handler_name = "own handler";
    everything();
    unaligned();
    division();
    SHPR(USAGEFAULT) = 0x80;
    write_basepri(0x40);
    handler_name = "masked";
    run("udf under basepri", undefined);
    write_basepri(0);
    __asm volatile("cpsid i" ::: "memory");
    run("udf under primask", undefined);
    __asm volatile("cpsie i" ::: "memory");
    print_value("shcsr", SHCSR);
    return 0;
}

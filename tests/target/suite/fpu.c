/* SPDX-License-Identifier: MIT */
/*
 * Floating point over exceptions: what is stacked, lazily or not, what a handler sees, FPCA, and
 * the FPU switched off. PM0214 sections 2.3.7 and 4.6.
 */
#include "suite.h"

enum { LOW = 6, HIGH = 7 };

static volatile uint32_t exc_return_seen, lspact_before, lspact_after, control_seen, sp_seen;
static volatile uint32_t lspact_high, fpccr_after;
static volatile int use_fp, nest;

static inline uint32_t read_s(void)
{
    uint32_t value;
    __asm volatile("vmov %0, s0" : "=r"(value));
    return value;
}

static inline uint32_t fpscr(void)
{
    uint32_t value;
    __asm volatile("vmrs %0, fpscr" : "=r"(value));
    return value;
}

__attribute__((used)) static void handler(uint32_t exc_return, uint32_t sp)
{
    exc_return_seen = exc_return;
    sp_seen = sp;
    control_seen = read_control();
    lspact_before = FPCCR & 1;
    if (use_fp) {
        /* the first one in an IT block: what is left to save is saved there too */
        __asm volatile(
            "cmp r0, r0\n it eq\n vmoveq.f32 s0, #3.0\n vmov.f32 s1, #4.0\n vmul.f32 s2, s0, s1\n"
            "vmov.f32 s15, #5.0\n vmov.f32 s16, s16\n" ::
                : "cc", "s0", "s1", "s2", "s15");
    }
    lspact_after = FPCCR & 1;
    if (nest) {
        NVIC_ISPR(0) = 1U << HIGH;
        BARRIER();
    }
}

__attribute__((naked)) static void on_low(void)
{
    __asm volatile("mov r0, lr\n mov r1, sp\n push {r3, lr}\n bl handler\n pop {r3, pc}\n");
}

__attribute__((used)) static void high_body(void)
{
    lspact_high = FPCCR & 1;
    __asm volatile("vmov.f32 s0, #7.0\n vmov.f32 s3, #7.0" ::: "s0", "s3");
}

__attribute__((naked)) static void on_high(void)
{
    __asm volatile("push {r3, lr}\n bl high_body\n pop {r3, pc}\n");
}

/* Loads s0 to s31 with numbers, takes the interrupt, and counts how many registers changed. */
__attribute__((noinline)) static uint32_t disturbed(void)
{
    static uint32_t before[32], after[32];
    for (uint32_t i = 0; i < 32; i++) {
        before[i] = 0x40000000U + (i << 8);
    }
    __asm volatile("vldmia %0, {s0-s31}\n"
                   "str %2, [%1]\n dsb\n isb\n"
                   "ldr r0, [%4]\n str r0, [%5]\n"
                   "vstmia %3, {s0-s31}\n" ::"r"(before),
                   "r"(0xE000E200), "r"(1U << LOW), "r"(after), "r"(&FPCCR), "r"(&fpccr_after)
                   : "memory", "r0", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9",
                     "s10", "s11", "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19", "s20",
                     "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31");
    uint32_t changed = 0;
    for (uint32_t i = 0; i < 32; i++) {
        changed += before[i] != after[i];
    }
    return changed;
}

static void show(const char *name, uint32_t changed)
{
    print(name);
    print("\n");
    print_value("  registers disturbed", changed);
    print_value("  exc_return", exc_return_seen);
    print_value("  control in the handler", control_seen);
    print_value("  lspact before", lspact_before);
    print_value("  lspact after", lspact_after);
    print_value("  lspact after the return", fpccr_after & 1);
    print_value("  lspact now", FPCCR & 1);
    print_value("  control now", read_control());
}

static uint32_t top;

__attribute__((noinline)) static uint32_t frame_size(void)
{
    __asm volatile("mov %0, sp" : "=r"(top));
    NVIC_ISPR(0) = 1U << LOW;
    BARRIER();
    return top - sp_seen;
}

static void without_fp(void)
{
    NVIC_ISPR(0) = 1U << LOW;
    BARRIER();
    print_value("before any fp: exc_return", exc_return_seen);
    print_value("control", read_control());
    print_value("frame", frame_size());
}

int main(void)
{
    set_handler(IRQ0 + LOW, on_low);
    set_handler(IRQ0 + HIGH, on_high);
    NVIC_IPR(LOW) = 0x80;
    NVIC_IPR(HIGH) = 0x40;
    NVIC_ISER(0) = 1U << LOW | 1U << HIGH;
    CPACR = 0xF << 20;
    BARRIER();
    print_value("cpacr", CPACR);
    print_value("fpccr", FPCCR);
    without_fp();
    __asm volatile("vmov.f32 s0, #1.0" ::: "s0");
    print_value("after vmov: control", read_control());
    print_value("frame", frame_size());
    use_fp = 0;
    show("lazy, handler without fp", disturbed());
    use_fp = 1;
    show("lazy, handler with fp", disturbed());
    nest = 1;
    show("lazy, nested, both with fp", disturbed());
    print_value("  lspact in the nested one", lspact_high);
    use_fp = 0;
    show("lazy, nested, only the inner with fp", disturbed());
    print_value("  lspact in the nested one", lspact_high);
    nest = 0;
    use_fp = 1;
    FPCCR &= ~(1U << 30);
    BARRIER();
    show("not lazy, handler with fp", disturbed());
    FPCCR |= 1U << 30;
    __asm volatile("vmsr fpscr, %0" ::"r"(0x80000000U));
    (void)frame_size();
    print_value("fpscr kept", fpscr());
    __asm volatile("vmsr fpscr, %0" ::"r"(0U));
    write_control(0);
    print_value("fpca cleared: frame", frame_size());
    __asm volatile("vmov.f32 s0, #2.0\n vmov.f32 s1, #0.5\n vdiv.f32 s0, s0, s1" ::: "s0", "s1");
    print_value("2 / 0.5", read_s());
    __asm volatile("vmov.f32 s0, #9.0\n vsqrt.f32 s0, s0\n vcvt.s32.f32 s0, s0" ::: "s0");
    print_value("root of 9", read_s());
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The MPU: permissions, execute never, overlapping regions, sub-regions, a small guard, the
 * background region, unprivileged code, HardFault. PM0214 section 4.2, ARMv7-M B3.5.
 */
#include "suite.h"

#define MPU_TYPE REG(0xE000ED90)
#define MPU_CTRL REG(0xE000ED94)
#define MPU_RNR  REG(0xE000ED98)
#define MPU_RBAR REG(0xE000ED9C)
#define MPU_RASR REG(0xE000EDA0)

enum { NO_ACCESS = 0, PRIV_RW = 1, PRIV_RW_USER_RO = 2, RW = 3, PRIV_RO = 5, RO = 6 };

static uint8_t arena[4096] __attribute__((aligned(4096)));
static volatile uint32_t faults, last_cfsr, last_mmfar, last_pc_ok;

__attribute__((used)) static void memfault(struct frame *f, uint32_t exc_return)
{
    (void)exc_return;
    faults++;
    last_cfsr = CFSR;
    last_mmfar = MMFAR;
    CFSR = 0xFFFFFFFF;
    HFSR = 0xFFFFFFFF;
    if ((last_cfsr & 1) != 0) {
        f->pc = f->lr & ~1U; /* execution: back to the caller */
    } else {
        f->pc += 2;
    }
}

FRAME_HANDLER(on_memfault, memfault)

static void region(unsigned n, uint32_t base, unsigned log2_size, unsigned ap, unsigned xn,
                   unsigned disabled)
{
    MPU_RNR = n;
    MPU_RBAR = base;
    MPU_RASR = xn << 28 | ap << 24 | disabled << 8 | (log2_size - 1) << 1 | 1;
    BARRIER();
}

static void region_off(unsigned n)
{
    MPU_RNR = n;
    MPU_RASR = 0;
    BARRIER();
}

/* The handler goes on two bytes behind the instruction that faulted: these are narrow ones. */
static uint32_t load(uint32_t address)
{
    register uint32_t value __asm("r0") = 77;
    register uint32_t from __asm("r1") = address;
    __asm volatile("ldrb r0, [r1]" : "+r"(value) : "r"(from) : "memory");
    return value;
}

static void store(uint32_t address, uint32_t value)
{
    register uint32_t what __asm("r1") = value;
    register uint32_t to __asm("r0") = address;
    __asm volatile("strb r1, [r0]" ::"r"(to), "r"(what) : "memory");
}

static void try_both(const char *name, uint32_t offset)
{
    uint32_t address = (uint32_t)(uintptr_t)arena + offset;
    faults = 0;
    (void)load(address);
    print(name);
    print(faults != 0 ? " r-" : " rR");
    if (faults != 0) {
        print((last_cfsr & 0xFF) == 0x82 && last_mmfar == address ? "(82)" : "(?)");
    }
    faults = 0;
    store(address, 1);
    print(faults != 0 ? " w-" : " wW");
    if (faults != 0) {
        print((last_cfsr & 0xFF) == 0x82 && last_mmfar == address ? "(82)" : "(?)");
    }
    print("\n");
}

__attribute__((naked)) static void on_svc(void)
{
    __asm volatile("mrs r0, control\n bic r0, #1\n msr control, r0\n isb\n bx lr\n");
}

static void privileged(void)
{
    __asm volatile("svc 0" ::: "r0", "memory");
}

static void test_permissions(void)
{
    static const uint8_t aps[] = {NO_ACCESS, PRIV_RW, PRIV_RW_USER_RO, RW, PRIV_RO, RO};
    for (unsigned i = 0; i < sizeof aps; i++) {
        region(3, (uint32_t)(uintptr_t)arena, 12, aps[i], 1, 0);
        print_value("ap", aps[i]);
        try_both("  privileged", 100);
        write_control(1);
        try_both("  unprivileged", 100);
        privileged();
    }
}

static void test_guard(void)
{
    uint32_t base = (uint32_t)(uintptr_t)arena;
    region(3, base, 12, RW, 1, 0);
    region(4, base + 0x440, 5, NO_ACCESS, 1, 0);
    try_both("below the guard", 0x43F);
    try_both("guard, first", 0x440);
    try_both("guard, last", 0x45F);
    try_both("above the guard", 0x460);
    region(5, base + 0x440, 5, RO, 1, 0);
    try_both("higher region wins", 0x440);
    region_off(5);
    region_off(4);
    try_both("guard off", 0x440);
    region(3, base, 12, RW, 1, 0x81); /* sub-regions 0 and 7 are off: 512 bytes each */
    try_both("sub-region 0", 0x1FF);
    try_both("sub-region 1", 0x200);
    try_both("sub-region 6", 0xDFF);
    try_both("sub-region 7", 0xE00);
}

static void test_execute(void)
{
    static const uint16_t code[] = {0x202A, 0x4770}; /* movs r0, #42; bx lr */
    uint32_t base = (uint32_t)(uintptr_t)arena;
    region(3, base, 12, RW, 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        ((volatile uint16_t *)(void *)arena)[i] = code[i];
    }
    BARRIER();
    uint32_t (*fn)(void) = (uint32_t(*)(void))(uintptr_t)(base | 1);
    faults = 0;
    print_value("executed", fn());
    region(3, base, 12, RW, 1, 0);
    (void)fn();
    print_value("execute never: faults", faults);
    print_value("  cfsr", last_cfsr);
    region(3, base, 12, RO, 0, 0);
    faults = 0;
    print_value("read-only and executable", fn());
    print_value("  faults", faults);
}

/* At the priority of HardFault the MPU is off, unless HFNMIENA is set. */
static volatile uint32_t hard_runs, hard_read;

static void on_hard(void)
{
    hard_runs++;
    if (hard_runs == 1) {
        hard_read = load((uint32_t)(uintptr_t)arena);
    }
}

static void test_hardfault(void)
{
    region(3, (uint32_t)(uintptr_t)arena, 12, NO_ACCESS, 1, 0);
    faults = 0;
    set_handler(2, on_hard);
    REG(0xE000ED04) = 1U << 31;
    BARRIER();
    print_value("nmi ran", hard_runs);
    print_value("  read what is forbidden to others", hard_read != 77);
    print_value("  faults", faults);
}

int main(void)
{
    set_handler(MEMMANAGE, on_memfault);
    set_handler(HARDFAULT, on_memfault);
    set_handler(SVCALL, on_svc);
    SHCSR |= 1U << 16;
    print_value("type", MPU_TYPE);
    region(0, 0x08000000, 20, RO, 0, 0);
    region(1, 0x20000000, 17, RW, 1, 0);
    region(2, 0x40000000, 29, RW, 1, 0);
    MPU_CTRL = 1;
    BARRIER();
    print_value("ctrl", MPU_CTRL);
    MPU_RNR = 1;
    print_value("rbar", MPU_RBAR);
    print_value("rasr", MPU_RASR);
    MPU_RBAR = 0x20000000 | 0x10 | 6;
    print_value("rnr through rbar", MPU_RNR);
    test_permissions();
    test_guard();
    test_execute();
    test_hardfault();
    faults = 0;
    (void)load(0x10000000);
    print_value("no region: faults", faults);
    MPU_CTRL = 5;
    BARRIER();
    region_off(1);
    faults = 0;
    (void)load(0x20001000);
    print_value("background region: faults", faults);
    MPU_CTRL = 0;
    BARRIER();
    faults = 0;
    try_both("mpu off", 0x440);
    return 0;
}

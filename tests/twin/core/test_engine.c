/* SPDX-License-Identifier: MIT */
/*
 * What the core relies on in Unicorn and what no document promises: pinned here, so that another
 * version that behaves in another way fails a test and not a firmware. Uses Unicorn alone, no
 * board.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum { CODE = 0x08000000, RAM = 0x20000000, SIZE = 0x1000, DEVICE = 0x40000000, SEEN = 32 };

struct lab {
    uc_engine *uc;
    uint8_t *ram;
    uint32_t seen[SEEN]; /* addresses at which the code hook was called */
    unsigned seen_count;
    uint32_t stop_at;
    uint32_t store_address, store_pc, store_r0, store_size;
    uint64_t store_value;
    bool stop_in_device;
};

static uint32_t reg(struct lab *l, int id)
{
    uint32_t value = 0;
    assert_int_equal(uc_reg_read(l->uc, id, &value), UC_ERR_OK);
    return value;
}

static void set_reg(struct lab *l, int id, uint32_t value)
{
    assert_int_equal(uc_reg_write(l->uc, id, &value), UC_ERR_OK);
}

static void on_code(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    (void)size;
    struct lab *l = user;
    if (l->seen_count < SEEN) {
        l->seen[l->seen_count++] = (uint32_t)address;
    }
    if (address == l->stop_at) {
        (void)uc_emu_stop(uc);
    }
}

static bool on_store(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                     void *user)
{
    (void)uc;
    (void)type;
    struct lab *l = user;
    l->store_address = (uint32_t)address;
    l->store_size = (uint32_t)size;
    l->store_value = (uint64_t)value;
    l->store_pc = reg(l, UC_ARM_REG_PC);
    l->store_r0 = reg(l, UC_ARM_REG_R0);
    return true;
}

static bool on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                        void *user)
{
    (void)uc;
    (void)type;
    (void)address;
    (void)size;
    (void)value;
    (void)user;
    return false;
}

static uint64_t device_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    (void)offset;
    (void)size;
    struct lab *l = user;
    if (l->stop_in_device) {
        (void)uc_emu_stop(uc);
    }
    return 0x55;
}

static void device_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    (void)uc;
    (void)offset;
    (void)size;
    (void)value;
    (void)user;
}

union callback {
    uc_cb_hookcode_t code;
    uc_cb_eventmem_t memory;
    void *pointer;
};

static void lab_open(struct lab *l, const uint16_t *code, size_t bytes)
{
    uc_hook hook;
    union callback c = {.code = on_code}, s = {.memory = on_store}, u = {.memory = on_unmapped};
    memset(l, 0, sizeof *l);
    assert_int_equal(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &l->uc), UC_ERR_OK);
    assert_int_equal(uc_ctl_set_cpu_model(l->uc, UC_CPU_ARM_CORTEX_M4), UC_ERR_OK);
    l->ram = aligned_alloc(4096, SIZE);
    assert_non_null(l->ram);
    memset(l->ram, 0, SIZE);
    assert_int_equal(uc_mem_map(l->uc, CODE, SIZE, UC_PROT_READ | UC_PROT_EXEC), UC_ERR_OK);
    assert_int_equal(uc_mem_write(l->uc, CODE, code, bytes), UC_ERR_OK);
    assert_int_equal(uc_mem_map_ptr(l->uc, RAM, SIZE, UC_PROT_ALL, l->ram), UC_ERR_OK);
    assert_int_equal(uc_mem_protect(l->uc, RAM, SIZE, UC_PROT_READ | UC_PROT_EXEC), UC_ERR_OK);
    assert_int_equal(uc_mmio_map(l->uc, DEVICE, SIZE, device_read, l, device_write, l), UC_ERR_OK);
    assert_int_equal(
        uc_hook_add(l->uc, &hook, UC_HOOK_CODE, c.pointer, l, (uint64_t)1, (uint64_t)0), UC_ERR_OK);
    assert_int_equal(
        uc_hook_add(l->uc, &hook, UC_HOOK_MEM_WRITE_PROT, s.pointer, l, (uint64_t)1, (uint64_t)0),
        UC_ERR_OK);
    assert_int_equal(
        uc_hook_add(l->uc, &hook, UC_HOOK_MEM_UNMAPPED, u.pointer, l, (uint64_t)1, (uint64_t)0),
        UC_ERR_OK);
}

static void lab_close(struct lab *l)
{
    (void)uc_close(l->uc);
    free(l->ram);
}

static uc_err run(struct lab *l, uint32_t pc)
{
    return uc_emu_start(l->uc, pc | 1, 0xFFFFFFFE, 0, 0);
}

static void test_page_size(void **state)
{
    (void)state;
    static const uint16_t code[] = {0xBF00};
    struct lab l;
    lab_open(&l, code, sizeof code);
    size_t page = 0;
    assert_int_equal(uc_query(l.uc, UC_QUERY_PAGE_SIZE, &page), UC_ERR_OK);
    assert_int_equal(page, 1024);
    lab_close(&l);
}

/* uc_emu_stop in the code hook: that instruction is not executed, PC is exact, and it is executed
 * once when the run goes on. */
static void test_stop_before_instruction(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0x3001, /* adds r0, #1 */
        0x3001, /* adds r0, #1 */
        0x3001, /* adds r0, #1 */
        0xBF00, /* nop */
    };
    struct lab l;
    lab_open(&l, code, sizeof code);
    l.stop_at = CODE + 4;
    assert_int_equal(run(&l, CODE), UC_ERR_OK);
    assert_int_equal(reg(&l, UC_ARM_REG_PC), CODE + 4);
    assert_int_equal(reg(&l, UC_ARM_REG_R0), 2);
    l.stop_at = CODE + 6;
    assert_int_equal(run(&l, CODE + 4), UC_ERR_OK);
    assert_int_equal(reg(&l, UC_ARM_REG_R0), 3);
    lab_close(&l);
}

/* Inside an IT block a stop takes effect behind the block; instructions whose condition fails do
 * not reach the hook. */
static void test_stop_inside_it_block(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0x2800, /* cmp r0, #0 */
        0xBF06, /* itte eq */
        0x3101, /* addeq r1, #1 */
        0x3101, /* addeq r1, #1 */
        0x3110, /* addne r1, #16 */
        0x3201, /* adds r2, #1 */
    };
    struct lab l;
    lab_open(&l, code, sizeof code);
    l.stop_at = CODE + 6;
    assert_int_equal(run(&l, CODE), UC_ERR_OK);
    assert_int_equal(reg(&l, UC_ARM_REG_R1), 2);
    assert_int_equal(reg(&l, UC_ARM_REG_R2), 0);
    assert_int_equal(reg(&l, UC_ARM_REG_PC), CODE + 10);
    for (unsigned i = 0; i < l.seen_count; i++) {
        assert_int_not_equal(l.seen[i], CODE + 8);
    }
    lab_close(&l);
}

/* A store to memory mapped read and execute goes to the hook, with exact PC and the registers
 * before the instruction; true suppresses it. */
static void test_store_hook(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0x3001,         /* adds r0, #1 */
        0xF841, 0x0B04, /* str r0, [r1], #4 */
        0x3001,         /* adds r0, #1 */
        0xBF00,
    };
    struct lab l;
    lab_open(&l, code, sizeof code);
    set_reg(&l, UC_ARM_REG_R1, RAM + 8);
    l.stop_at = CODE + 8;
    assert_int_equal(run(&l, CODE), UC_ERR_OK);
    assert_int_equal(l.store_address, RAM + 8);
    assert_int_equal(l.store_size, 4);
    assert_int_equal(l.store_value, 1);
    assert_int_equal(l.store_pc, CODE + 2);
    assert_int_equal(l.store_r0, 1);
    assert_int_equal(l.ram[8], 0);
    lab_close(&l);
}

/* A load that nothing answers: the register keeps its value, PC is exact. */
static void test_load_fault(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0x3101, /* adds r1, #1 */
        0x6810, /* ldr r0, [r2] */
        0x3101, /* adds r1, #1 */
    };
    struct lab l;
    lab_open(&l, code, sizeof code);
    set_reg(&l, UC_ARM_REG_R0, 77);
    set_reg(&l, UC_ARM_REG_R2, 0x60000000);
    assert_int_equal(run(&l, CODE), UC_ERR_READ_UNMAPPED);
    assert_int_equal(reg(&l, UC_ARM_REG_PC), CODE + 2);
    assert_int_equal(reg(&l, UC_ARM_REG_R0), 77);
    assert_int_equal(reg(&l, UC_ARM_REG_R1), 1);
    lab_close(&l);
}

/* A stop in a device's read callback breaks the instruction off: the register is not written, and
 * the next run makes the access again. Good for a fault, and the reason why nothing else may stop
 * there. */
static void test_stop_in_device(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0x6810, /* ldr r0, [r2] */
        0x3101, /* adds r1, #1 */
        0x3101, /* adds r1, #1 */
    };
    struct lab l;
    lab_open(&l, code, sizeof code);
    set_reg(&l, UC_ARM_REG_R2, DEVICE);
    l.stop_in_device = true;
    assert_int_equal(run(&l, CODE), UC_ERR_OK);
    assert_int_equal(reg(&l, UC_ARM_REG_R0), 0);
    assert_int_equal(reg(&l, UC_ARM_REG_R1), 0);
    assert_int_equal(reg(&l, UC_ARM_REG_PC), CODE);
    lab_close(&l);
}

/* Changed memory is executed as it was until its translation is dropped; and nothing is dropped
 * when the range begins where nothing is mapped. */
static void test_remove_cache(void **state)
{
    (void)state;
    static const uint16_t code[] = {0xBF00};
    struct lab l;
    lab_open(&l, code, sizeof code);
    memcpy(l.ram, (const uint16_t[]){0x2001, 0xBF00}, 4); /* movs r0, #1 */
    l.stop_at = RAM + 2;
    assert_int_equal(run(&l, RAM), UC_ERR_OK);
    l.ram[0] = 2;
    assert_int_equal(run(&l, RAM), UC_ERR_OK);
    assert_int_equal(reg(&l, UC_ARM_REG_R0), 1);
    (void)uc_ctl_remove_cache(l.uc, (uint64_t)RAM - 2, (uint64_t)RAM + 2);
    assert_int_equal(run(&l, RAM), UC_ERR_OK);
    assert_int_equal(reg(&l, UC_ARM_REG_R0), 1);
    assert_int_equal(uc_ctl_remove_cache(l.uc, (uint64_t)RAM, (uint64_t)RAM + 2), UC_ERR_OK);
    assert_int_equal(run(&l, RAM), UC_ERR_OK);
    assert_int_equal(reg(&l, UC_ARM_REG_R0), 2);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_size),
        cmocka_unit_test(test_stop_before_instruction),
        cmocka_unit_test(test_stop_inside_it_block),
        cmocka_unit_test(test_store_hook),
        cmocka_unit_test(test_load_fault),
        cmocka_unit_test(test_stop_in_device),
        cmocka_unit_test(test_remove_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The core by itself: what the chip does beyond what QEMU can be asked, memories over resets,
 * lock-up, determinism, and a board in a process that forks.
 */
#include "core_bench.h"
#include "internal.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_silicon(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1);
    bench_run_suite(&b, "silicon", 1000);
    /* one fault each: 1 in the top digit, CFSR below */
    static const struct {
        const char *name;
        uint32_t value;
    } expected[] = {
        {"priority bits", 0xF0},
        {"basepri bits", 0xF0},
        {"behind the flash", 0x10008200},
        {"  address", 0x08100000},
        {"behind the sram", 0x10008200},
        {"behind the ccm", 0x10008200},
        {"no peripheral there", 0x10008200},
        {"alias", 1},
        {"ccm holds data", 0x47704770},
        {"no fetch from ccm", 0x10000100},
        {"no rom to execute", 0x10010000},
        {"fetch behind the flash", 0x10000100},
        {"fetch from a device", 0x10000001},
        {"unaligned device access", 0x11000000},
        {"unaligned device word", 0x11000000},
        {"unaligned device store", 0x11000000},
        {"  stored", 0},
        {"ccm without clock", 0},
        {"ccm kept its content", 1},
        {"store behind the flash", 0x10000400},
        {"store behind the alias", 0x10000400},
        {"store behind the ccm", 0x10000400},
        {"store behind the sram", 0x10000400},
        {"store to the rom", 0x10000400},
        {"store to no peripheral", 0x10000400},
        {"store to the fsmc", 0x10000400},
        {"store to an alias", 0x10000400},
        {"store with write-back", 0x10000400},
        {"  address after it", 0x60000004},
        {"store without write buffer", 0x10008200},
        {"store to the rom without it", 0x10008200},
        {"actlr", 2},
        {"store to the private bus", 0x10008200},
        {"imprecise fault that waits", 0},
        {"  later", 0x10000400},
        {"  hfsr", 0},
        {"faults ignored in nmi", 0x10},
        {"  cfsr", 0x8200},
        {"  bfar", 0x60000000},
        {"bkpt hfsr", 0x80000000},
        {"bkpt dfsr", 2},
        {"  cleared", 0},
        {"stacking into nowhere", 0x10001000},
        {"interrupts", 1},
        {"cpuid", 0x410FC241},
        {"id_isar1", 0x02112000},
        {"id_isar2", 0x21232231},
        {"id_isar3", 0x01111131},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        uint32_t value = bench_value(&b, expected[i].name);
        if (value != expected[i].value) {
            fail_msg("%s: 0x%08X, not 0x%08X", expected[i].name, (unsigned)value,
                     (unsigned)expected[i].value);
        }
    }
    /* each read, store and fetch above where nothing is, and the one in NMI */
    assert_int_equal(bench_count_reports(&b, TWIN_REPORT_UNMAPPED), 17);
    assert_int_equal(bench_count_reports(&b, TWIN_REPORT_CLOCK_OFF), 2); /* CCM */
    assert_int_equal(bench_count_reports(&b, TWIN_REPORT_FLASH), 2);     /* ROM */
    bench_close(&b);
}

/* A fault's report names the instruction. ldr r1, [r0] at 0x08000206. */
static void test_report_has_pc(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0xF04F, 0x40C0, /* mov.w r0, #0x60000000 */
        0xBF00,         /* nop */
        0x6801,         /* ldr r1, [r0] */
        0xE7FE,         /* b . */
        0xE7FE,         /* handler: b . */
    };
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 6, 10);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, 100000);
    assert_true(b.reports >= 1);
    assert_int_equal(b.report[0].kind, TWIN_REPORT_UNMAPPED);
    assert_int_equal(b.report[0].pc, 0x08000206);
    assert_int_equal(b.report[0].address, 0x60000000);
    bench_close(&b);
}

static void read_sram(struct bench *b, uint8_t bytes[256])
{
    assert_int_equal(twin_peek(b->twin, 0x20012340, bytes, 256), TWIN_OK);
}

static void test_sram(void **state)
{
    (void)state;
    static const uint16_t code[] = {0xE7FE};
    uint8_t first[256], after_reset[256], after_power[256], other[256];
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 1, 0);
    twin_power_on(b.twin);
    read_sram(&b, first);
    (void)twin_run_ns(b.twin, 1000);
    twin_reset_pin(b.twin);
    (void)twin_run_ns(b.twin, 1000);
    read_sram(&b, after_reset);
    assert_memory_equal(first, after_reset, sizeof first);
    twin_power_off(b.twin);
    twin_power_on(b.twin);
    read_sram(&b, after_power);
    assert_memory_not_equal(first, after_power, sizeof first);
    assert_int_equal(b.resets, 3);
    bench_close(&b);
    bench_open(&b, 2);
    twin_power_on(b.twin);
    read_sram(&b, other);
    assert_memory_not_equal(first, other, sizeof first);
    bench_close(&b);
}

/* Registers are unknown at power-on, and the same for the same seed. Stores r0 to r12 and PSP. */
static void test_registers_at_power_on(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0xF10D, 0x0E00, /* add.w lr, sp, #0 (0x20010000) */
        0xE8AE, 0x1FFF, /* stmia.w lr!, {r0-r12} */
        0xF3EF, 0x8009, /* mrs r0, psp */
        0xF84E, 0x0B04, /* str.w r0, [lr], #4 */
        0xE7FE,         /* b . */
    };
    uint8_t first[56], again[56], other[56];
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 9, 0);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, 10000);
    assert_int_equal(b.reports, 0);
    assert_int_equal(twin_peek(b.twin, 0x20010000, first, sizeof first), TWIN_OK);
    for (unsigned i = 0; i < sizeof first; i += 4) {
        assert_int_not_equal(bench_word(&b, 0x20010000 + i), 0);
    }
    twin_power_off(b.twin);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, 10000);
    assert_int_equal(twin_peek(b.twin, 0x20010000, again, sizeof again), TWIN_OK);
    assert_memory_not_equal(first, again, sizeof first);
    bench_close(&b);
    bench_open(&b, 1); /* the same seed */
    bench_program(&b, code, 9, 0);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, 10000);
    assert_int_equal(twin_peek(b.twin, 0x20010000, other, sizeof other), TWIN_OK);
    assert_memory_equal(first, other, sizeof first);
    bench_close(&b);
}

static void *create_wrongly(void *arg)
{
    struct twin_config config = {.flash_kib = 128};
    struct twin *t = NULL;
    char *text = arg;
    if (twin_create(&t, &config) == TWIN_ERR_ARGUMENT) {
        (void)snprintf(text, 64, "%s", twin_error_text(NULL));
    }
    return NULL;
}

/* Each thread has the text of its own failure. */
static void test_errors_of_threads(void **state)
{
    (void)state;
    struct twin_config config = {.flash_kib = 256};
    struct twin *t = NULL;
    char text[64] = "";
    pthread_t thread;
    assert_int_equal(twin_create(&t, &config), TWIN_ERR_ARGUMENT);
    assert_int_equal(pthread_create(&thread, NULL, create_wrongly, text), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_non_null(strstr(text, "128"));
    assert_non_null(strstr(twin_error_text(NULL), "256"));
}

/* udf in the handler of HardFault. */
static void test_lock_up(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0xBF00, /* nop */
        0xDE00, /* udf */
        0xDE01, /* handler: udf */
    };
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 3, 4);
    twin_power_on(b.twin);
    assert_int_equal(twin_run_ns(b.twin, 1000000), TWIN_STOP_LOCKUP);
    assert_in_range(twin_now_ns(b.twin), 100, 10000);
    uint64_t then = twin_now_ns(b.twin);
    assert_int_equal(twin_run_ns(b.twin, 1000000), TWIN_STOP_LOCKUP);
    assert_in_range(twin_now_ns(b.twin), then + 1000000, then + 1000100); /* time goes on */
    struct twin_counters c;
    twin_get_counters(b.twin, &c);
    twin_reset_pin(b.twin);
    assert_int_equal(twin_run_ns(b.twin, 1000000), TWIN_STOP_LOCKUP);
    bench_close(&b);
}

/* Erased flash: both vectors are FFFFFFFF, and so is that of HardFault. */
static void test_blank_chip(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1);
    twin_power_on(b.twin);
    assert_int_equal(twin_run_ns(b.twin, 1000000), TWIN_STOP_LOCKUP);
    assert_true(bench_count_reports(&b, TWIN_REPORT_CORE) >= 2);
    bench_close(&b);
}

/* An interrupt whose vector is erased flash. */
static void test_blank_vector(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0x4B01, /* ldr r3, =0xE000ED04 */
        0x4A02, /* ldr r2, =1 << 28 */
        0x601A, /* str r2, [r3]: PendSV */
        0xE7FE, /* b . */
        0xED04, 0xE000, 0x0000, 0x1000,
    };
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 8, 6);
    assert_int_equal(twin_load(b.twin, 0x08000000 + 4 * 14, "\xFF\xFF\xFF\xFF", 4), TWIN_OK);
    twin_power_on(b.twin);
    assert_int_equal(twin_run_ns(b.twin, 100000), TWIN_STOP_TIME); /* stays in HardFault */
    uint32_t hfsr = 0, cfsr = 0;
    assert_true(twin_bus_read(b.twin, TWIN_MASTER_CPU, 0xE000ED2C, 4, &hfsr));
    assert_true(twin_bus_read(b.twin, TWIN_MASTER_CPU, 0xE000ED28, 4, &cfsr));
    assert_int_equal(hfsr, 0x40000000);
    assert_int_equal(cfsr, 1);
    bench_close(&b);
}

/* Code that a programmer or a DMA controller changes is executed as it is then. */
static void test_changed_by_others(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0x4B01, /* ldr r3, =0x20001001 */
        0x4798, /* blx r3 */
        0xE7FC, /* b back */
        0xBF00, 0x1001, 0x2000,
    };
    static const uint8_t one[] = {0x01, 0x20, 0x01, 0x4C,
                                  0x20, 0x60, 0x70, 0x47,  /* movs r0, #1 ... */
                                  0x00, 0x20, 0x00, 0x20}; /* ldr r4, =0x20002000; str r0; bx lr */
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 6, 0);
    twin_power_on(b.twin);
    assert_int_equal(twin_load(b.twin, 0x20001000, one, sizeof one), TWIN_OK);
    (void)twin_run_ns(b.twin, 100000);
    assert_int_equal(bench_word(&b, 0x20002000), 1);
    assert_int_equal(twin_load(b.twin, 0x20001000, (const uint8_t[]){2}, 1), TWIN_OK);
    (void)twin_run_ns(b.twin, 100000);
    assert_int_equal(bench_word(&b, 0x20002000), 2);
    assert_true(twin_bus_write(b.twin, TWIN_MASTER_DMA2, 0x20001000, 1, 3));
    (void)twin_run_ns(b.twin, 100000);
    assert_int_equal(bench_word(&b, 0x20002000), 3);
    bench_close(&b);
}

static void test_flash_changed_by_programmer(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0x2001,         /* movs r0, #1 */
        0xF04F, 0x5300, /* mov.w r3, #0x20000000 */
        0x6018,         /* str r0, [r3] */
        0xE7FA,         /* b start */
    };
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 5, 0);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, 100000);
    assert_int_equal(bench_word(&b, 0x20000000), 1);
    assert_int_equal(twin_load(b.twin, 0x08000200, (const uint8_t[]){9, 0x20}, 2), TWIN_OK);
    (void)twin_run_ns(b.twin, 100000);
    assert_int_equal(bench_word(&b, 0x20000000), 9);
    bench_close(&b);
}

/* A register that is not modelled: told once, however often it is touched. */
static void test_unmodelled(void **state)
{
    (void)state;
    struct bench b;
    uint32_t value = 0;
    bench_open(&b, 1);
    twin_power_on(b.twin);
    assert_true(twin_bus_read(b.twin, TWIN_MASTER_CPU, 0x40003408, 4, &value));
    assert_int_equal(bench_count_reports(&b, TWIN_REPORT_CLOCK_OFF), 1);
    assert_int_equal(value, 0);
    assert_true(twin_bus_write(b.twin, TWIN_MASTER_CPU, 0x40023840, 4, 1U << 14)); /* SPI2 on */
    assert_true(twin_bus_read(b.twin, TWIN_MASTER_CPU, 0x40023840, 4, &value));
    for (unsigned i = 0; i < 5; i++) {
        assert_true(twin_bus_read(b.twin, TWIN_MASTER_CPU, 0x40003408, 4, &value));
        assert_int_equal(value, 2); /* I2S2ext_SR: TXE */
        assert_true(twin_bus_write(b.twin, TWIN_MASTER_CPU, 0x4000341C, 4, 0x0040));
    }
    assert_int_equal(bench_count_reports(&b, TWIN_REPORT_UNMODELLED), 2);
    assert_false(twin_bus_read(b.twin, TWIN_MASTER_CPU, 0x40007C00, 4, &value));
    bench_close(&b);
}

static void test_dma_reach(void **state)
{
    (void)state;
    struct bench b;
    uint32_t value = 0;
    bench_open(&b, 1);
    twin_power_on(b.twin);
    assert_false(twin_bus_read(b.twin, TWIN_MASTER_DMA1, 0x10000000, 4, &value));
    assert_false(twin_bus_write(b.twin, TWIN_MASTER_DMA2, 0x10000000, 4, 1));
    assert_int_equal(bench_count_reports(&b, TWIN_REPORT_DMA), 2);
    assert_false(twin_bus_read(b.twin, TWIN_MASTER_DMA1, 0xE000ED00, 4, &value));
    assert_true(twin_bus_write(b.twin, TWIN_MASTER_DMA2, 0x20000000, 4, 0x12345678));
    assert_int_equal(bench_word(&b, 0x20000000), 0x12345678);
    bench_close(&b);
}

static void test_load_refuses(void **state)
{
    (void)state;
    struct bench b;
    uint8_t byte = 0;
    bench_open(&b, 1);
    assert_int_equal(twin_load(b.twin, 0x08100000, &byte, 1), TWIN_ERR_ARGUMENT);
    assert_int_equal(twin_load(b.twin, 0x40000000, &byte, 1), TWIN_ERR_ARGUMENT);
    assert_int_equal(twin_load(b.twin, 0x1FFF0000, &byte, 1), TWIN_ERR_ARGUMENT);
    assert_int_equal(twin_peek(b.twin, 0x0800FFFF + 0xF0000, &byte, 2), TWIN_ERR_ARGUMENT);
    assert_int_equal(twin_load_file(b.twin, "/nonexistent/x.elf", 0x08000000), TWIN_ERR_FILE);
    assert_non_null(strstr(twin_error_text(b.twin), "/nonexistent/x.elf"));
    assert_int_equal(twin_load_file(b.twin, "/dev/null", 0x08000000), TWIN_ERR_FORMAT);
    bench_close(&b);
    struct twin_config config = {.flash_kib = 256};
    struct twin *t = NULL;
    assert_int_equal(twin_create(&t, &config), TWIN_ERR_ARGUMENT);
    assert_non_null(strstr(twin_error_text(NULL), "256"));
}

struct outcome {
    char text[BENCH_TEXT];
    struct twin_counters counters;
    uint64_t now;
};

static void finish(struct bench *b, struct outcome *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < 200 && strstr(b->text, "[end]") == NULL; i++) {
        (void)twin_run_ns(b->twin, 1234567);
        b->text_len += twin_line_receive(b->twin, 2, (uint8_t *)b->text + b->text_len,
                                         sizeof b->text - 1 - b->text_len);
    }
    assert_non_null(strstr(b->text, "[end]"));
    memcpy(out->text, b->text, sizeof out->text);
    twin_get_counters(b->twin, &out->counters);
    out->now = twin_now_ns(b->twin);
}

static void test_same_again(void **state)
{
    (void)state;
    static struct outcome first, second;
    struct bench b;
    bench_open(&b, 42);
    bench_run_suite(&b, "context", 1000);
    finish(&b, &first);
    bench_close(&b);
    bench_open(&b, 42);
    bench_run_suite(&b, "context", 1000);
    finish(&b, &second);
    bench_close(&b);
    assert_memory_equal(&first, &second, sizeof first);
}

/* Child and parent go on from the same point, each for itself, and come to the same end. */
static void test_fork(void **state)
{
    (void)state;
    static struct outcome mine, theirs;
    static struct bench b;
    int ends[2];
    bench_open(&b, 7);
    bench_run_suite(&b, "context", 1000);
    /* From the middle: the program is started anew and stopped after a few characters. */
    twin_reset_pin(b.twin);
    memset(b.text, 0, sizeof b.text);
    b.text_len = 0;
    (void)twin_run_ns(b.twin, 500000);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        finish(&b, &mine);
        ssize_t n = write(ends[1], &mine, sizeof mine);
        _exit(n == (ssize_t)sizeof mine ? 0 : 1);
    }
    (void)close(ends[1]);
    finish(&b, &mine);
    size_t got = 0;
    while (got < sizeof theirs) {
        ssize_t n = read(ends[0], (uint8_t *)&theirs + got, sizeof theirs - got);
        if (n <= 0) {
            break;
        }
        got += (size_t)n;
    }
    (void)close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(got, sizeof theirs);
    assert_memory_equal(&mine, &theirs, sizeof mine);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silicon),
        cmocka_unit_test(test_report_has_pc),
        cmocka_unit_test(test_sram),
        cmocka_unit_test(test_registers_at_power_on),
        cmocka_unit_test(test_errors_of_threads),
        cmocka_unit_test(test_lock_up),
        cmocka_unit_test(test_blank_chip),
        cmocka_unit_test(test_blank_vector),
        cmocka_unit_test(test_changed_by_others),
        cmocka_unit_test(test_flash_changed_by_programmer),
        cmocka_unit_test(test_unmodelled),
        cmocka_unit_test(test_dma_reach),
        cmocka_unit_test(test_load_refuses),
        cmocka_unit_test(test_same_again),
        cmocka_unit_test(test_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

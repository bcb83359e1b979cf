/* SPDX-License-Identifier: MIT */
/*
 * The twin's registers against the facts folder (registers.csv, fields.csv): every register of
 * every peripheral that is modelled has its reset value when read over the bus with its clock on,
 * and where a register is plain storage, the bits that can be written are the fields it has.
 * Without the folder it says so and skips.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77, REGISTERS_MAX = 700 };

struct row {
    char peripheral[16], name[32];
    uint32_t addr, reset;
    char access[16];
    uint32_t fields; /* mask of all fields */
};

static struct row rows[REGISTERS_MAX];
static size_t row_count;

/* Where the table, taken from the vendor's SVD file, is not what the manual or the board says. */
static const struct {
    const char *peripheral, *name;
    uint32_t value;
    const char *why;
} exceptions[] = {
    {"SCB", "AIRCR", 0xFA050000, "PM0214 4.4.5: VECTKEYSTAT reads FA05"},
    {"SCB", "CCR", 0x00000200, "PM0214 4.4.7: STKALIGN is 1"},
    {"FPU", "FPCCR", 0xC0000000, "PM0214 4.6.2: ASPEN and LSPEN are 1"},
    {"STK", "CALIB", 0x4000493E, "RM0090 12.1.3: calibration value 18750"},
    {"TIM", "ARR", 0xFFFFFFFF,
     "with the table's 0 a counter that is only switched on would stand still"},
    {"SPI", "I2SPR", 0x00000002, "RM0090 28.5.9: 0000 0010 there is binary"},
    {"GPIOA", "IDR", 0x0000A000, "JTMS and JTDI are pulled up, JTCK down (RM0090 8.3.1)"},
    {"GPIOB", "IDR", 0x00000010, "NJTRST is pulled up"},
};

/* TIM2 and TIM5 have 32 bits, the other timers 16. */
static uint32_t width_mask(const struct row *r)
{
    bool timer = strncmp(r->peripheral, "TIM", 3) == 0;
    bool wide = strcmp(r->peripheral, "TIM2") == 0 || strcmp(r->peripheral, "TIM5") == 0;
    return timer && !wide ? 0xFFFF : UINT32_MAX;
}

static uint32_t expected_reset(const struct row *r)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (strncmp(r->peripheral, exceptions[i].peripheral, strlen(exceptions[i].peripheral)) ==
                0 &&
            strcmp(r->name, exceptions[i].name) == 0) {
            return exceptions[i].value & width_mask(r);
        }
    }
    return r->reset;
}

/* ---- the tables ---- */
static FILE *open_table(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/stm32f407/%s", FACTS_DIR, name);
    return fopen(path, "r");
}

static void read_registers(FILE *file)
{
    char line[256];
    while (fgets(line, sizeof line, file) != NULL && row_count < REGISTERS_MAX) {
        struct row *r = &rows[row_count];
        if (sscanf(line, "%15[^,],%31[^,],%x,%*[^,],%15[^,],%x", r->peripheral, r->name, &r->addr,
                   r->access, &r->reset) == 5) {
            row_count++;
        }
    }
}

/* The table has the fields of one peripheral of a kind. */
static bool same_kind(const char *peripheral, const char *described)
{
    static const char *const kinds[][2] = {{"GPIO", "GPIOA"}, {"DMA", "DMA1"}, {"USART", "USART2"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strncmp(peripheral, kinds[i][0], strlen(kinds[i][0])) == 0) {
            return strcmp(described, kinds[i][1]) == 0;
        }
    }
    return strcmp(peripheral, described) == 0;
}

static void read_fields(FILE *file)
{
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        char peripheral[16], name[32];
        unsigned offset = 0, width = 0;
        if (sscanf(line, "%15[^,],%31[^,],%*[^,],%u,%u", peripheral, name, &offset, &width) != 4) {
            continue;
        }
        for (size_t i = 0; i < row_count; i++) {
            if (same_kind(rows[i].peripheral, peripheral) && strcmp(rows[i].name, name) == 0) {
                rows[i].fields |= (width >= 32 ? UINT32_MAX : (1u << width) - 1) << offset;
            }
        }
    }
}

static int load_tables(void)
{
    FILE *registers = open_table("registers.csv");
    FILE *fields = open_table("fields.csv");
    if (registers == NULL || fields == NULL) {
        if (registers != NULL) {
            (void)fclose(registers);
        }
        if (fields != NULL) {
            (void)fclose(fields);
        }
        return -1;
    }
    read_registers(registers);
    read_fields(fields);
    (void)fclose(registers);
    (void)fclose(fields);
    return 0;
}

/* ---- reset values ---- */
static void clocks_on(struct fixture *x)
{
    static const uint32_t enr[] = {0x40023830, 0x40023834, 0x40023838, 0x40023840, 0x40023844};
    for (size_t i = 0; i < sizeof enr / sizeof enr[0]; i++) {
        wr(x, enr[i], 0xFFFFFFFF);
        (void)rd(x, enr[i]);
    }
}

static unsigned check_reset_value(struct fixture *x, const struct row *r)
{
    uint32_t value = 0;
    if (!twin_bus_read(x->t, TWIN_MASTER_CPU, r->addr, 4, &value)) {
        print_error("%s_%s at %08X does not answer\n", r->peripheral, r->name, r->addr);
        return 1;
    }
    if (value != expected_reset(r)) {
        print_error("%s_%s at %08X reads %08X, should be %08X\n", r->peripheral, r->name, r->addr,
                    value, expected_reset(r));
        return 1;
    }
    return 0;
}

static bool in_rcc(const struct row *r)
{
    return strcmp(r->peripheral, "RCC") == 0;
}

static void test_reset_values(void **state)
{
    struct fixture *x = *state;
    unsigned wrong = 0;
    unsigned checked = 0;
    for (int rcc = 1; rcc >= 0; rcc--) { /* RCC first: the clocks change its registers */
        for (size_t i = 0; i < row_count; i++) {
            const struct row *r = &rows[i];
            bool readable = strcmp(r->access, "write-only") != 0;
            if (readable && in_rcc(r) == (rcc == 1)) {
                wrong += check_reset_value(x, r);
                checked++;
            }
        }
        clocks_on(x);
    }
    print_message("%u registers checked\n", checked);
    assert_in_range(checked, 350, REGISTERS_MAX);
    assert_int_equal(wrong, 0);
    assert_int_equal(x->reports[TWIN_REPORT_UNMODELLED], 0);
    assert_int_equal(x->reports[TWIN_REPORT_CLOCK_OFF], 0);
}

/* What the chip has and neither the table nor the twin must say so when it is used. */
static void test_unmodelled_are_reported(void **state)
{
    struct fixture *x = *state;
    static const uint32_t registers[] = {
        0x40006400, 0x40006808, 0x40012C34, 0x40003400, 0x40028000, 0x40040000,
        0x50000000, 0x50050000, 0xA0000000, 0xE0000000, 0xE0002000, 0xE0040000,
    };
    clocks_on(x);
    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        uint32_t value = 0;
        assert_true(twin_bus_read(x->t, TWIN_MASTER_CPU, registers[i], 4, &value));
        assert_int_equal(x->reports[TWIN_REPORT_UNMODELLED], i + 1);
    }
}

/* ---- fields ---- */
/* Plain storage: what is written is what is read. Name prefixes of peripheral and register. */
static const struct {
    const char *peripheral, *name;
} plain[] = {
    {"GPIO", "MODER"},   {"GPIO", "OTYPER"},  {"GPIO", "OSPEEDR"},    {"GPIO", "PUPDR"},
    {"GPIO", "ODR"},     {"GPIO", "AFR"},     {"RCC", "AHB1ENR"},     {"RCC", "AHB2ENR"},
    {"RCC", "AHB3ENR"},  {"RCC", "APB1ENR"},  {"RCC", "APB2ENR"},     {"RCC", "AHB1RSTR"},
    {"RCC", "AHB2RSTR"}, {"RCC", "APB1RSTR"}, {"RCC", "APB2RSTR"},    {"EXTI", "IMR"},
    {"EXTI", "EMR"},     {"EXTI", "RTSR"},    {"EXTI", "FTSR"},       {"SYSCFG", "EXTICR"},
    {"DMA", "S0NDTR"},   {"DMA", "S5PAR"},    {"DMA", "S5M"},         {"DMA", "S7NDTR"},
    {"USART", "BRR"},    {"USART", "CR2"},    {"USART", "GTPR"},      {"TIM2", "PSC"},
    {"TIM2", "ARR"},     {"WWDG", "CFR"},     {"CRC", "IDR"},         {"SYSCFG", "PMC"},
    {"TIM2", "CR2"},     {"TIM2", "SMCR"},    {"TIM2", "CCER"},       {"TIM2", "CCR"},
    {"TIM2", "DCR"},     {"TIM2", "OR"},      {"TIM2", "DIER"},       {"NVIC", "IPR"},
    {"SCB", "SHPR"},     {"SCB", "VTOR"},     {"SCB", "SCR"},         {"SCB", "CCR"},
    {"SCB", "MMFAR"},    {"SCB", "BFAR"},     {"FPU_CPACR", "CPACR"}, {"FPU", "FPCAR"},
    {"MPU", "MPU_CTRL"}, {"MPU", "MPU_RASR"}, {"STK", "CTRL"},        {"STK", "LOAD"},
};

/* Bits that the chip has and the table lacks, or the other way round. */
static const struct {
    const char *peripheral, *name;
    uint32_t mask;
} other_bits[] = {
    {"RCC", "AHB1ENR", 0x7E7411FF}, /* CCMDATARAMEN, bit 20, is missing */
    {"SCB", "SHPR3", 0xF0F000F0},   /* PRI_12, debug monitor: ARMv7-M B3.2.12 */
    {"STK", "CTRL", 0x00000007},    /* COUNTFLAG is read-only */
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_plain(const struct row *r)
{
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (starts_with(r->peripheral, plain[i].peripheral) &&
            starts_with(r->name, plain[i].name)) {
            return r->fields != 0; /* not every register has its fields in the table */
        }
    }
    return false;
}

static uint32_t expected_mask(const struct row *r)
{
    for (size_t i = 0; i < sizeof other_bits / sizeof other_bits[0]; i++) {
        if (strcmp(r->peripheral, other_bits[i].peripheral) == 0 &&
            strcmp(r->name, other_bits[i].name) == 0) {
            return other_bits[i].mask;
        }
    }
    bool priorities = starts_with(r->name, "IPR") || starts_with(r->name, "SHPR");
    return priorities ? r->fields & 0xF0F0F0F0 : r->fields; /* of eight bits the chip has four */
}

static unsigned check_fields(const struct row *r)
{
    struct fixture x;
    fixture_start(&x, NULL);
    clocks_on(&x);
    wr(&x, r->addr, 0xFFFFFFFF);
    uint32_t ones = rd(&x, r->addr);
    wr(&x, r->addr, 0);
    uint32_t zeros = rd(&x, r->addr);
    fixture_stop(&x);
    uint32_t mask = expected_mask(r);
    bool set_only = strcmp(r->name, "CFR") == 0; /* WWDG_CFR.EWI */
    if (ones == mask && (zeros == 0 || set_only)) {
        return 0;
    }
    print_error("%s_%s at %08X: ones read back as %08X, zeros as %08X; fields are %08X\n",
                r->peripheral, r->name, r->addr, ones, zeros, mask);
    return 1;
}

static void test_fields_of_plain_registers(void **state)
{
    (void)state;
    unsigned wrong = 0;
    unsigned checked = 0;
    for (size_t i = 0; i < row_count; i++) {
        if (is_plain(&rows[i])) {
            wrong += check_fields(&rows[i]);
            checked++;
        }
    }
    print_message("%u registers checked\n", checked);
    assert_in_range(checked, 150, REGISTERS_MAX);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    if (load_tables() != 0) {
        print_message("skipped: no facts folder at %s\n", FACTS_DIR);
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reset_values, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_unmodelled_are_reported, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(test_fields_of_plain_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

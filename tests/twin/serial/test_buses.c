/* SPDX-License-Identifier: MIT */
/*
 * SPI and I2C with nothing attached: flags, times, errors, interrupts and DMA. RM0090 27, 28.
 */
#include "bench.h"

#define SPI1   0x40013000u
#define SPI2   0x40003800u
#define CR1    0x00u
#define CR2    0x04u
#define SPI_SR 0x08u
#define SPI_DR 0x0Cu
#define I2C1   0x40005400u
#define I2C_DR 0x10u
#define SR1    0x14u
#define SR2    0x18u
#define CCR    0x1Cu
#define MASTER 0x0344u /* SSM, SSI, SPE, MSTR; PCLK / 2 */
#define PE     1u
#define START  0x100u
#define STOP   0x200u

static bool irq_pending(struct bench *b, unsigned irq)
{
    return (rd(b, NVIC_ISPR + 4 * (irq / 32)) >> (irq % 32) & 1) != 0;
}

static int setup(void **state)
{
    (void)bench_setup(state);
    struct bench *b = *state;
    wr(b, RCC_APB1ENR, 0x00FEC03F);
    wr(b, RCC_APB2ENR, 0x00005030);
    (void)rd(b, RCC_APB2ENR);
    run_ns(b, 1000);
    return 0;
}

/* ---- SPI ---- */

static void test_a_frame_takes_its_time(void **state)
{
    struct bench *b = *state;
    route(b, 'A', 6, 5);
    twin_pin_drive(b->t, 'A', 6, true);  /* MISO */
    wr(b, SPI1 + CR1, MASTER | 3u << 3); /* / 16: 1 MHz */
    assert_int_equal(rd(b, SPI1 + SPI_SR), 2);
    wr(b, SPI1 + CR2, 1u << 6);
    wr(b, SPI1 + SPI_DR, 0x55);
    assert_int_equal(rd(b, SPI1 + SPI_SR), 0x82); /* TXE, BSY: it is in the shift register */
    wr(b, SPI1 + SPI_DR, 0x56);
    assert_int_equal(rd(b, SPI1 + SPI_SR), 0x80);
    run_ns(b, 7900);
    assert_int_equal(rd(b, SPI1 + SPI_SR), 0x80);
    run_ns(b, 200);
    assert_int_equal(rd(b, SPI1 + SPI_SR), 0x83);
    assert_true(irq_pending(b, 35));
    assert_int_equal(rd(b, SPI1 + SPI_DR), 0xFF);
    twin_pin_drive(b->t, 'A', 6, false);
    run_ns(b, 8000);
    assert_int_equal(rd(b, SPI1 + SPI_SR), 3);
    assert_int_equal(rd(b, SPI1 + SPI_DR), 0);
    expect_no_reports(b);
}

static void test_spi_overrun(void **state)
{
    struct bench *b = *state;
    wr(b, SPI2 + CR1, MASTER | 1u << 11); /* 16 bits */
    for (unsigned i = 0; i < 2; i++) {
        wr(b, SPI2 + SPI_DR, i);
        run_ns(b, 3000);
    }
    assert_int_equal(rd(b, SPI2 + SPI_SR), 0x43);
    (void)rd(b, SPI2 + SPI_SR);
    assert_int_equal(rd(b, SPI2 + SPI_SR), 0x43); /* SR alone does not clear it */
    (void)rd(b, SPI2 + SPI_DR);
    assert_int_equal(rd(b, SPI2 + SPI_SR), 0x42);
    assert_int_equal(rd(b, SPI2 + SPI_SR), 2);
    expect_no_reports(b);
}

static void test_mode_fault(void **state)
{
    struct bench *b = *state;
    wr(b, SPI1 + CR1, 0x0244); /* SSM with SSI = 0 */
    assert_int_equal(rd(b, SPI1 + CR1), 0x0200);
    assert_int_equal(rd(b, SPI1 + SPI_SR), 0x22);
    expect_reports(b, TWIN_REPORT_OTHER, 1);
    wr(b, SPI1 + CR1, 0x0344);
    assert_int_equal(rd(b, SPI1 + SPI_SR), 2);
    assert_int_equal(rd(b, SPI1 + CR1), 0x0344);
    expect_reports(b, TWIN_REPORT_OTHER, 1);
}

static void test_a_slave_waits(void **state)
{
    struct bench *b = *state;
    wr(b, SPI1 + CR1, 0x0240);
    wr(b, SPI1 + SPI_DR, 1);
    run_ns(b, 10000000);
    assert_int_equal(rd(b, SPI1 + SPI_SR), 0);
    expect_no_reports(b);
}

static void test_spi_dma_both_ways(void **state)
{
    struct bench *b = *state;
    const uint32_t rx = 0x40026410u, tx = 0x40026410u + 3 * 0x18;
    wr(b, 0x20000300, 0xFFFFFFFF);
    wr(b, rx + 0x08, SPI1 + SPI_DR);
    wr(b, rx + 0x0C, 0x20000300);
    wr(b, rx + 0x04, 4);
    wr(b, rx, 3u << 25 | 1u << 10 | 1);
    wr(b, tx + 0x08, SPI1 + SPI_DR);
    wr(b, tx + 0x0C, 0x20000200);
    wr(b, tx + 0x04, 4);
    wr(b, tx, 3u << 25 | 1u << 10 | 1u << 6 | 1);
    wr(b, SPI1 + CR2, 3);
    wr(b, SPI1 + CR1, MASTER);
    run_ns(b, 100000);
    assert_int_equal(rd(b, rx + 0x04), 0);
    assert_int_equal(rd(b, tx + 0x04), 0);
    assert_int_equal(rd(b, 0x20000300), 0);
    assert_int_equal(rd(b, SPI1 + SPI_SR), 2);
    expect_no_reports(b);
}

static void test_receive_only_runs_on(void **state)
{
    struct bench *b = *state;
    wr(b, SPI1 + CR1, MASTER | 1u << 10);
    run_ns(b, 1100);
    assert_int_equal(rd(b, SPI1 + SPI_SR) & 0x41, 1);
    run_ns(b, 1100);
    assert_int_equal(rd(b, SPI1 + SPI_SR) & 0x41, 0x41);
    wr(b, SPI1 + CR1, 0x0304 | 1u << 10);
    (void)rd(b, SPI1 + SPI_DR);
    (void)rd(b, SPI1 + SPI_SR);
    run_ns(b, 10000);
    assert_int_equal(rd(b, SPI1 + SPI_SR), 2);
}

/* ---- I2C ---- */

static void i2c_on(struct bench *b)
{
    wr(b, GPIO('B') + OTYPER, 1u << 6 | 1u << 7);
    route(b, 'B', 6, 4);
    route(b, 'B', 7, 4);
    wr(b, I2C1 + CR2, 16 | 3u << 8);
    wr(b, I2C1 + CCR, 80); /* 100 kHz of 16 MHz */
    wr(b, I2C1 + CR1, PE);
    assert_int_equal(rd(b, I2C1 + SR2), 0);
}

static void test_nobody_acknowledges(void **state)
{
    struct bench *b = *state;
    i2c_on(b);
    wr(b, I2C1 + CR1, PE | START);
    assert_int_equal(rd(b, I2C1 + SR1), 0);
    run_ns(b, 11000);
    assert_int_equal(rd(b, I2C1 + SR1), 1);
    assert_int_equal(rd(b, I2C1 + SR2), 3);
    assert_int_equal(rd(b, I2C1 + CR1), PE);
    assert_true(irq_pending(b, 31));
    wr(b, I2C1 + I2C_DR, 0xA0);
    assert_int_equal(rd(b, I2C1 + SR1), 0);
    run_ns(b, 89000);
    assert_int_equal(rd(b, I2C1 + SR1), 0);
    run_ns(b, 2000);
    assert_int_equal(rd(b, I2C1 + SR1), 0x400); /* AF, and never ADDR */
    assert_true(irq_pending(b, 32));
    assert_int_equal(rd(b, I2C1 + SR2), 3);
    wr(b, I2C1 + SR1, 0);
    assert_int_equal(rd(b, I2C1 + SR1), 0);
    wr(b, I2C1 + CR1, PE | STOP);
    run_ns(b, 11000);
    assert_int_equal(rd(b, I2C1 + SR2), 0);
    assert_int_equal(rd(b, I2C1 + CR1), PE);
    expect_no_reports(b);
}

static void test_repeated_start(void **state)
{
    struct bench *b = *state;
    i2c_on(b);
    wr(b, I2C1 + CR1, PE | START);
    run_ns(b, 11000);
    (void)rd(b, I2C1 + SR1);
    wr(b, I2C1 + I2C_DR, 0xA0);
    run_ns(b, 91000);
    wr(b, I2C1 + SR1, 0);
    wr(b, I2C1 + CR1, PE | START);
    run_ns(b, 11000);
    assert_int_equal(rd(b, I2C1 + SR1), 1);
    wr(b, I2C1 + I2C_DR, 0xA1);
    run_ns(b, 91000);
    assert_int_equal(rd(b, I2C1 + SR1), 0x400);
    expect_no_reports(b);
}

/* SDA held low, as a slave in the middle of a byte does it. */
static void test_a_held_line_is_a_busy_bus(void **state)
{
    struct bench *b = *state;
    i2c_on(b);
    twin_pin_drive(b->t, 'B', 7, false);
    assert_int_equal(rd(b, I2C1 + SR2), 2);
    wr(b, I2C1 + CR1, PE | START);
    run_ns(b, 5000000);
    assert_int_equal(rd(b, I2C1 + SR1), 0);
    assert_int_equal(rd(b, I2C1 + CR1), PE | START);
    expect_reports(b, TWIN_REPORT_OTHER, 1);
    twin_pin_release(b->t, 'B', 7);
    run_ns(b, 21000);
    assert_int_equal(rd(b, I2C1 + SR1), 1);
}

static void test_no_pins_are_a_busy_bus(void **state)
{
    struct bench *b = *state;
    wr(b, I2C1 + CCR, 80);
    wr(b, I2C1 + CR1, PE);
    assert_int_equal(rd(b, I2C1 + SR2), 2);
    wr(b, I2C1 + CR1, PE | START);
    run_ns(b, 1000000);
    assert_int_equal(rd(b, I2C1 + SR1), 0);
    expect_reports(b, TWIN_REPORT_OTHER, 1);
}

static void test_i2c_software_reset(void **state)
{
    struct bench *b = *state;
    i2c_on(b);
    wr(b, I2C1 + CR1, PE | START);
    run_ns(b, 11000);
    wr(b, I2C1 + CR1, 0x8000);
    wr(b, I2C1 + CCR, 5);
    assert_int_equal(rd(b, I2C1 + SR1), 0);
    assert_int_equal(rd(b, I2C1 + CCR), 0);
    wr(b, I2C1 + CR1, 0);
    wr(b, I2C1 + CCR, 5);
    assert_int_equal(rd(b, I2C1 + CCR), 5);
}

static void test_what_is_not_modelled_is_told(void **state)
{
    struct bench *b = *state;
    wr(b, SPI1 + CR1, 1u << 13);
    wr(b, SPI1 + CR2, 1u << 4);
    wr(b, SPI2 + 0x1C, 1u << 11);
    wr(b, I2C1 + CR1, 2);
    expect_reports(b, TWIN_REPORT_UNMODELLED, 4);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_frame_takes_its_time),
        T(test_spi_overrun),
        T(test_mode_fault),
        T(test_a_slave_waits),
        T(test_spi_dma_both_ways),
        T(test_receive_only_runs_on),
        T(test_nobody_acknowledges),
        T(test_repeated_start),
        T(test_a_held_line_is_a_busy_bus),
        T(test_no_pins_are_a_busy_bus),
        T(test_i2c_software_reset),
        T(test_what_is_not_modelled_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * A board for tests of peripherals: the core sleeps, the test is the bus master. Registers are
 * retyped from RM0090 here too, so that the twin's own numbers are not what it is tested with.
 */
#ifndef BENCH_H
#define BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "internal.h"

enum { HCLK = 16000000 }; /* HSI, nothing divided: what a reset leaves */

#define RCC_AHB1ENR 0x40023830u
#define RCC_APB1ENR 0x40023840u
#define RCC_APB2ENR 0x40023844u
#define RCC_CFGR    0x40023808u
#define NVIC_ISPR   0xE000E200u

#define GPIO(port) (0x40020000u + 0x400u * (unsigned)((port) - 'A'))
#define MODER      0x00u
#define OTYPER     0x04u
#define OSPEEDR    0x08u
#define PUPDR      0x0Cu
#define IDR        0x10u
#define ODR        0x14u
#define BSRR       0x18u
#define LCKR       0x1Cu
#define AFRL       0x20u
#define AFRH       0x24u

struct bench {
    struct twin *t;
    unsigned reports[TWIN_REPORT_OTHER + 1];
    char first_report[256], last_report[256];
    unsigned pin_changes;
    char pin_port;
    unsigned pin;
    bool pin_level;
};

/* cmocka's setup and teardown: a powered board with a sleeping core, every peripheral's clock on.
 */
int bench_setup(void **state);
int bench_teardown(void **state);

void wr(struct bench *b, uint32_t addr, uint32_t value);
void wr16(struct bench *b, uint32_t addr, uint32_t value);
void wr8(struct bench *b, uint32_t addr, uint32_t value);
uint32_t rd(struct bench *b, uint32_t addr);
uint32_t rd16(struct bench *b, uint32_t addr);

uint64_t now_ps(const struct bench *b);
/* Runs to an absolute time, or to the core cycle (62.5 ns) that begins next: aim off an edge. */
void run_to_ps(struct bench *b, uint64_t at_ps);
void run_ns(struct bench *b, uint64_t ns);

/* Pin to alternate function. */
void route(struct bench *b, char port, unsigned pin, unsigned af);
/* Every report that a test did not expect fails it: call at its end with those it did. */
void expect_reports(const struct bench *b, enum twin_report_kind kind, unsigned count);
void expect_no_reports(const struct bench *b);

#endif

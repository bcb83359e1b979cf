/* SPDX-License-Identifier: MIT */
/*
 * A board for tests that drive the twin's registers as a bus master would, without a program: the
 * core sleeps. It counts what the twin reports, by kind.
 */
#ifndef TESTS_TWIN_FIXTURE_H
#define TESTS_TWIN_FIXTURE_H

#include "internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { REPORT_KINDS = TWIN_REPORT_OTHER + 1 };

struct fixture {
    struct twin *t;
    unsigned reports[REPORT_KINDS];
    char text[240]; /* of the last report */
    unsigned resets;
    char reset_cause[64];
};

#define FLASH_ACR     0x40023C00u
#define FLASH_KEYR    0x40023C04u
#define FLASH_OPTKEYR 0x40023C08u
#define FLASH_SR      0x40023C0Cu
#define FLASH_CR      0x40023C10u
#define FLASH_OPTCR   0x40023C14u

#define SR_EOP    0x00000001u
#define SR_OPERR  0x00000002u
#define SR_WRPERR 0x00000010u
#define SR_PGAERR 0x00000020u
#define SR_PGPERR 0x00000040u
#define SR_PGSERR 0x00000080u
#define SR_BSY    0x00010000u

#define CR_PG    0x00000001u
#define CR_SER   0x00000002u
#define CR_MER   0x00000004u
#define CR_X32   0x00000200u
#define CR_STRT  0x00010000u
#define CR_EOPIE 0x01000000u
#define CR_ERRIE 0x02000000u
#define CR_LOCK  0x80000000u

#define OPT_LOCK 0x00000001u
#define OPT_STRT 0x00000002u

#define FLASH_BASE 0x08000000u

/* Powered, with a program in sector 0 that sleeps for ever. config NULL: 1 MiB, everything else
 * default. */
void fixture_start(struct fixture *x, const struct twin_config *config);
void fixture_stop(struct fixture *x);
/* The same, for cmocka: *state is the fixture. */
int fixture_setup(void **state);
int fixture_setup_512(void **state);
int fixture_teardown(void **state);

uint32_t rd(struct fixture *x, uint32_t addr);
uint32_t rd_width(struct fixture *x, uint32_t addr, unsigned width);
void wr(struct fixture *x, uint32_t addr, uint32_t value);
bool wr_width(struct fixture *x, uint32_t addr, unsigned width,
              uint32_t value);               /* false: bus error */
void run_us(struct fixture *x, uint64_t us); /* or until power fails */
unsigned total_reports(const struct fixture *x);

void flash_unlock(struct fixture *x);
void option_unlock(struct fixture *x);
/* Runs until BSY is 0; fails the test after 60 s. Returns the time it took. */
uint64_t wait_idle_us(struct fixture *x);
/* Sets CR, stores, waits. Returns SR. */
uint32_t program(struct fixture *x, uint32_t addr, unsigned width, uint32_t value);
uint32_t erase_sector(struct fixture *x, unsigned sector); /* x32; returns SR */
/* Writes the fields of OPTCR and OPTSTRT, waits. */
void set_options(struct fixture *x, uint32_t optcr);
bool is_blank(struct fixture *x, uint32_t addr, uint32_t len);
void fill(struct fixture *x, uint32_t addr, uint32_t len, uint8_t byte); /* as a programmer */

#endif

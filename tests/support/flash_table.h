/* SPDX-License-Identifier: MIT */
/* The functions of core/chip/flash_hw.h as a struct of pointers: tests have several models of
 * flash. */
#ifndef TESTS_FLASH_TABLE_H
#define TESTS_FLASH_TABLE_H

#include "flash_hw.h"

/* ctx goes to each function. One that a test has no use for may be NULL. */
struct flash_hw {
    void *ctx;
    void (*read)(void *ctx, uint32_t addr, void *data, size_t len);
    enum reason (*erase)(void *ctx, unsigned sector, uint32_t *detail);
    enum reason (*program)(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                           uint32_t *detail);
    void (*begin)(void *ctx, uint32_t addr, const uint8_t *data, size_t len);
    enum reason (*put)(void *ctx, uint32_t addr, uint32_t word, uint32_t *detail);
    enum reason (*put_otp)(void *ctx, uint32_t addr, uint8_t byte, uint32_t *detail);
    void (*alive)(void *ctx);
    uint32_t (*note)(void *ctx);
    void (*set_note)(void *ctx, uint32_t note);
    uint32_t flash_kib;
};

#endif

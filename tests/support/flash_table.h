/* SPDX-License-Identifier: MIT */
/* The functions of core/chip/flash_hw.h and memory_hw.h as a struct of pointers: tests have several
 * models of the chip. */
#ifndef TESTS_FLASH_TABLE_H
#define TESTS_FLASH_TABLE_H

#include "flash_hw.h"
#include "memory_hw.h"

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
    void (*memory_read)(void *ctx, uint32_t addr, uint8_t *data, size_t len);
    void (*memory_write)(void *ctx, uint32_t addr, const uint8_t *data, size_t len);
    uint32_t (*memory_crc)(void *ctx, uint32_t addr, size_t len);
    uint32_t (*memory_crc_words)(void *ctx, uint32_t addr, size_t words);
    uint32_t (*options)(void *ctx);
    enum reason (*set_options)(void *ctx, uint16_t nwrp, enum memory_rdp rdp, uint32_t *detail);
};

#endif

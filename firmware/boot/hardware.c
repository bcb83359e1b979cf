/* SPDX-License-Identifier: MIT */
/* Core's struct of functions, bound to the drivers. Addresses have been checked by core. */
#include "hardware.h"

#include "backup.h"
#include "crc_unit.h"
#include "flash.h"
#include "serial.h"
#include "stm32f407.h"

#define CRC_PART 4096u /* bytes at a time; takes 5 ms on HSI */

/* By bytes: the backup SRAM is device memory to the MPU, where words must be aligned. */
static void hardware_copy(volatile uint8_t *to, const volatile uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i];
    }
}

static void hardware_read(void *ctx, uint32_t addr, uint8_t *data, size_t len)
{
    (void)ctx;
    hardware_copy(data, (const volatile uint8_t *)addr, len);
}

static void hardware_write(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    const struct backup_access before = backup_open();

    (void)ctx;
    hardware_copy((volatile uint8_t *)addr, data, len);
    (void)((const volatile uint8_t *)addr)[len - 1u]; /* it has arrived */
    backup_close(before);
}

static uint32_t hardware_memory_crc(void *ctx, uint32_t addr, size_t len)
{
    uint32_t crc = crc_unit_start_over();

    (void)ctx;
    while (len != 0) { /* a MiB takes longer than a lap of the ring */
        size_t part = len < CRC_PART ? len : CRC_PART;

        crc = crc_unit_add((const uint8_t *)addr, part);
        addr += part;
        len -= part;
        serial_watch_ring();
        IWDG->KR = IWDG_KEY_RELOAD;
    }
    return crc;
}

const struct loader_hw hardware = {
    .memory_read = hardware_read,
    .memory_write = hardware_write,
    .memory_crc = hardware_memory_crc,
    .options_read = flash_read_options,
    .options_program = flash_program_options,
};

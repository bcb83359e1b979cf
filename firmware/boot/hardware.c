/* SPDX-License-Identifier: MIT */
/* Core's struct of functions, bound to the drivers. Addresses have been checked by core. */
#include "hardware.h"

#include "crc_unit.h"
#include "flash.h"
#include "serial.h"
#include "stm32f407.h"

#define CRC_PART 4096u /* bytes at a time; takes 5 ms on HSI */

static void hardware_read(void *ctx, uint32_t addr, uint8_t *data, size_t len)
{
    (void)ctx;
    flash_hw_read(&flash_from_ram, addr, data, len); /* it reads any memory */
}

static void hardware_write(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++) {
        ((volatile uint8_t *)addr)[i] = data[i];
    }
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

/* Core's struct of functions, bound to the drivers. Addresses have been checked by core. */
#include "hardware.h"

#include "crc_unit.h"
#include "flash.h"

static void hardware_read(void *ctx, uint32_t addr, uint8_t *data, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++) {
        data[i] = ((const volatile uint8_t *)addr)[i];
    }
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
    (void)ctx;
    return crc_unit_compute((const uint8_t *)addr, len);
}

uint32_t hardware_frame_crc(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    return crc_unit_compute(data, len);
}

const struct loader_hw hardware = {
    .ctx = NULL,
    .memory_read = hardware_read,
    .memory_write = hardware_write,
    .memory_crc = hardware_memory_crc,
    .flash_erase = flash_erase_sector,
    .flash_program = flash_program,
    .options_read = flash_read_options,
    .options_program = flash_program_options,
};

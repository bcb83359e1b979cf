/* SPDX-License-Identifier: MIT */
/* The chip's memories for core: memory_hw.h over the drivers. Addresses have been checked by core.
 */
#include "memory_hw.h"

#include "backup.h"
#include "crc.h"
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

void memory_hw_read(const struct flash_hw *flash, uint32_t addr, uint8_t *data, size_t len)
{
    (void)flash;
    hardware_copy(data, (const volatile uint8_t *)addr, len);
}

void memory_hw_write(const struct flash_hw *flash, uint32_t addr, const uint8_t *data, size_t len)
{
    const struct backup_access before = backup_open();

    (void)flash;
    hardware_copy((volatile uint8_t *)addr, data, len);
    (void)((const volatile uint8_t *)addr)[len - 1u]; /* it has arrived */
    backup_close(before);
}

uint32_t memory_hw_crc(const struct flash_hw *flash, uint32_t addr, size_t len)
{
    uint32_t crc = crc_unit_start_over();

    (void)flash;
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

/* A sector: 20 ms on HSI, and the ring takes 355 to go round. */
uint32_t memory_hw_crc_words(const struct flash_hw *flash, uint32_t addr, size_t words)
{
    (void)flash;
    serial_watch_ring();
    return crc_words((const uint8_t *)addr, words);
}

/* SPDX-License-Identifier: MIT */
/*
 * The chip as core sees it (flash_hw.h, memory_hw.h, crc.h): flash, OTP and memory read as
 * anything, each time anew, and every operation may end in any way. What is required are the
 * promises that no content and no request may break: only sectors behind the bootloader are erased
 * or programmed, and of RAM only what is not the bootloader's own is written.
 */
#include "crc.h"
#include "flash_hw.h"
#include "memory_hw.h"
#include "memory_map.h"
#include "options.h"
#include "prove_chip.h"

volatile int any;

void touch(const void *data, size_t len)
{
    (void)data;
    (void)len;
}

enum reason any_end(uint32_t *detail)
{
    if (any_bool()) {
        return REASON_NONE;
    }
    *detail = any_word();
    if (any_bool()) {
        return REASON_FLASH_ERROR;
    }
    return any_bool() ? REASON_FLASH_TIMEOUT : REASON_VERIFY;
}

uint32_t flash_hw_kib(const struct flash_hw *flash)
{
    return flash->kib;
}

/*@ requires writable: len == 0 || \valid((uint8_t *)data + (0 .. len - 1)); */
void flash_hw_read(const struct flash_hw *flash, uint32_t addr, void *data, size_t len)
{
    (void)flash;
    (void)addr;
    any_bytes(data, len);
}

/*@ requires writable: len == 0 || \valid(data + (0 .. len - 1)); */
const uint8_t *flash_hw_view(const struct flash_hw *flash, uint32_t addr, uint8_t *data, size_t len)
{
    (void)flash;
    (void)addr;
    any_bytes(data, len);
    return data;
}

/*@ requires behind_bootloader: 2 <= sector;
    requires in_flash: sector < 12; */
enum reason flash_hw_erase(const struct flash_hw *flash, unsigned sector, uint32_t *detail)
{
    (void)flash;
    return any_end(detail);
}

/*@ requires behind_bootloader: len == 0 || 0x08008000 <= addr;
    requires in_flash: len == 0 || addr + len <= 0x08100000;
    requires readable: len == 0 || \valid_read(data + (0 .. len - 1));
    requires written: len == 0 || \initialized(data + (0 .. len - 1)); */
enum reason flash_hw_program(const struct flash_hw *flash, uint32_t addr, const uint8_t *data,
                             size_t len, uint32_t *detail)
{
    (void)flash;
    (void)data;
    return any_end(detail);
}

/*@ requires behind_bootloader: len == 0 || 0x08008000 <= addr;
    requires in_flash: len == 0 || addr + len <= 0x08100000;
    requires readable: len == 0 || \valid_read(data + (0 .. len - 1));
    requires written: len == 0 || \initialized(data + (0 .. len - 1)); */
void flash_hw_begin(const struct flash_hw *flash, uint32_t addr, const uint8_t *data, size_t len)
{
    (void)flash;
    (void)data;
}

/*@ requires behind_bootloader: 0x08008000 <= addr;
    requires in_flash_or_otp: addr < 0x08100000 || 0x1FFF7800 <= addr < 0x1FFF7A10; */
enum reason flash_hw_put(const struct flash_hw *flash, uint32_t addr, uint32_t word,
                         uint32_t *detail)
{
    (void)flash;
    (void)word;
    return any_end(detail);
}

/*@ requires in_otp: 0x1FFF7800 <= addr < 0x1FFF7A10; */
enum reason flash_hw_put_otp(const struct flash_hw *flash, uint32_t addr, uint8_t byte,
                             uint32_t *detail)
{
    (void)flash;
    (void)byte;
    return any_end(detail);
}

void flash_hw_alive(const struct flash_hw *flash)
{
    (void)flash;
}

uint32_t flash_hw_note(const struct flash_hw *flash)
{
    (void)flash;
    return any_word();
}

void flash_hw_set_note(const struct flash_hw *flash, uint32_t note)
{
    (void)flash;
    (void)note;
}

/* ---- memories and option bytes ---- */

/*@ requires writable: len == 0 || \valid(data + (0 .. len - 1)); */
void memory_hw_read(const struct flash_hw *flash, uint32_t addr, uint8_t *data, size_t len)
{
    (void)flash;
    (void)addr;
    any_bytes(data, len);
}

/*@ requires free_ram: 0x20004000 <= addr < 0x2001FFC0 || 0x10000000 <= addr < 0x10010000 ||
                       0x40024000 <= addr < 0x40025000;
    requires readable: len == 0 || \valid_read(data + (0 .. len - 1));
    requires written: len == 0 || \initialized(data + (0 .. len - 1)); */
void memory_hw_write(const struct flash_hw *flash, uint32_t addr, const uint8_t *data, size_t len)
{
    (void)flash;
    (void)data;
}

uint32_t memory_hw_crc(const struct flash_hw *flash, uint32_t addr, size_t len)
{
    (void)flash;
    (void)addr;
    (void)len;
    return any_word();
}

/*@ requires aligned: addr % 4 == 0; */
uint32_t memory_hw_crc_words(const struct flash_hw *flash, uint32_t addr, size_t words)
{
    (void)flash;
    (void)words;
    return any_word();
}

uint32_t memory_hw_options(const struct flash_hw *flash)
{
    (void)flash;
    return any_word();
}

/*@ requires nwrp_alone: nwrp <= 0xFFF;
    requires never_level_2: rdp == MEMORY_RDP_KEEP || rdp == MEMORY_RDP_LEVEL_1; */
enum reason memory_hw_set_options(const struct flash_hw *flash, uint16_t nwrp, enum memory_rdp rdp,
                                  uint32_t *detail)
{
    (void)flash;
    return any_end(detail);
}

/*@ requires readable: len == 0 || \valid_read(data + (0 .. len - 1));
    requires written: len == 0 || \initialized(data + (0 .. len - 1)); */
uint32_t crc_frame(const uint8_t *data, size_t len)
{
    (void)data;
    return any_word();
}

/*@ requires readable: words == 0 || \valid_read(data + (0 .. 4 * words - 1));
    requires written: words == 0 || \initialized(data + (0 .. 4 * words - 1)); */
uint32_t crc_words(const uint8_t *data, size_t words)
{
    (void)data;
    return any_word();
}

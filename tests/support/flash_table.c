/* SPDX-License-Identifier: MIT */
#include "flash_table.h"

uint32_t flash_hw_kib(const struct flash_hw *flash)
{
    return flash->flash_kib;
}

void flash_hw_read(const struct flash_hw *flash, uint32_t addr, void *data, size_t len)
{
    flash->read(flash->ctx, addr, data, len);
}

enum reason flash_hw_erase(const struct flash_hw *flash, unsigned sector, uint32_t *detail)
{
    return flash->erase(flash->ctx, sector, detail);
}

enum reason flash_hw_program(const struct flash_hw *flash, uint32_t addr, const uint8_t *data,
                             size_t len, uint32_t *detail)
{
    return flash->program(flash->ctx, addr, data, len, detail);
}

void flash_hw_begin(const struct flash_hw *flash, uint32_t addr, const uint8_t *data, size_t len)
{
    flash->begin(flash->ctx, addr, data, len);
}

enum reason flash_hw_put(const struct flash_hw *flash, uint32_t addr, uint32_t word,
                         uint32_t *detail)
{
    return flash->put(flash->ctx, addr, word, detail);
}

enum reason flash_hw_put_otp(const struct flash_hw *flash, uint32_t addr, uint8_t byte,
                             uint32_t *detail)
{
    return flash->put_otp(flash->ctx, addr, byte, detail);
}

const uint8_t *flash_hw_view(const struct flash_hw *flash, uint32_t addr, uint8_t *data, size_t len)
{
    flash->read(flash->ctx, addr, data, len);
    return data;
}

void flash_hw_alive(const struct flash_hw *flash)
{
    flash->alive(flash->ctx);
}

uint32_t flash_hw_note(const struct flash_hw *flash)
{
    return flash->note(flash->ctx);
}

void flash_hw_set_note(const struct flash_hw *flash, uint32_t note)
{
    flash->set_note(flash->ctx, note);
}

void memory_hw_read(const struct flash_hw *flash, uint32_t addr, uint8_t *data, size_t len)
{
    flash->memory_read(flash->ctx, addr, data, len);
}

void memory_hw_write(const struct flash_hw *flash, uint32_t addr, const uint8_t *data, size_t len)
{
    flash->memory_write(flash->ctx, addr, data, len);
}

uint32_t memory_hw_crc(const struct flash_hw *flash, uint32_t addr, size_t len)
{
    return flash->memory_crc(flash->ctx, addr, len);
}

uint32_t memory_hw_crc_words(const struct flash_hw *flash, uint32_t addr, size_t words)
{
    return flash->memory_crc_words(flash->ctx, addr, words);
}

uint32_t memory_hw_options(const struct flash_hw *flash)
{
    return flash->options(flash->ctx);
}

enum reason memory_hw_set_options(const struct flash_hw *flash, uint16_t nwrp, enum memory_rdp rdp,
                                  uint32_t *detail)
{
    return flash->set_options(flash->ctx, nwrp, rdp, detail);
}

/* SPDX-License-Identifier: MIT */
/* What all of core does over the functions of flash_hw.h. */
#include "flash_hw.h"

#include "bytes.h"

uint32_t flash_hw_word(const struct flash_hw *flash, uint32_t addr)
{
    uint8_t word[WORD_SIZE] = {0};

    flash_hw_read(flash, addr, word, sizeof word);
    return load_le32(word);
}

enum reason flash_hw_mark(const struct flash_hw *flash, uint32_t addr, uint32_t word,
                          uint32_t *detail)
{
    enum reason reason = flash_hw_put(flash, addr, word, detail);

    if (reason == REASON_NONE && flash_hw_word(flash, addr) != word) {
        *detail = addr;
        reason = REASON_VERIFY;
    }
    return reason;
}

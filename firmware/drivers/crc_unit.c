/* SPDX-License-Identifier: MIT */
/* The CRC unit: a byte is written as a word, or words as they are. The unit makes the bus wait, so
 * there is nothing to poll. */
#include "crc_unit.h"

#include "crc.h"
#include "stm32f407.h"

void crc_unit_start(void)
{
    RCC->AHB1ENR |= RCC_AHB1_CRC;
    (void)RCC->AHB1ENR; /* ES0182 */
}

uint32_t crc_unit_start_over(void)
{
    CRC_UNIT->CR = CRC_CR_RESET;
    return CRC_UNIT->DR;
}

uint32_t crc_unit_add_words(const uint8_t *data, size_t words)
{
    const uint32_t *word = (const uint32_t *)(const void *)data;

    do {
        CRC_UNIT->DR = *word++;
    } while (--words != 0);
    return CRC_UNIT->DR;
}

uint32_t crc_unit_add(const uint8_t *data, size_t len)
{
    const uint8_t *end = data + len;

    do {
        CRC_UNIT->DR = *data++;
    } while (data != end);
    return CRC_UNIT->DR;
}

uint32_t crc_frame(const uint8_t *data, size_t len)
{
    (void)crc_unit_start_over();
    return crc_unit_add(data, len);
}

uint32_t crc_words(const uint8_t *data, size_t words)
{
    (void)crc_unit_start_over();
    return crc_unit_add_words(data, words);
}

/* The CRC unit: a byte is written as a word, or words as they are. The unit makes the bus wait, so
 * there is nothing to poll. */
#include "crc_unit.h"

#include "bytes.h"
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

    for (; words != 0; words--) {
        CRC_UNIT->DR = *word++;
    }
    return CRC_UNIT->DR;
}

uint32_t crc_unit_add(const uint8_t *data, size_t len)
{
    size_t i = 0;

    for (; len - i >= 4u; i += 4u) { /* all of flash must be done in half a second */
        uint32_t word = load_le32(data + i);

        CRC_UNIT->DR = word & 0xFFu;
        CRC_UNIT->DR = word >> 8 & 0xFFu;
        CRC_UNIT->DR = word >> 16 & 0xFFu;
        CRC_UNIT->DR = word >> 24;
    }
    for (; i < len; i++) {
        CRC_UNIT->DR = data[i];
    }
    return CRC_UNIT->DR;
}

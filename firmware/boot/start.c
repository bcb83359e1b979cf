/*
 * The boot path. It is measured: no PLL, no UART, no waiting but the few microseconds that the
 * button's pull-down needs. What is decided, and why, is in core/boot.h.
 */
#include "start.h"

#include "board.h"
#include "boot.h"
#include "chip.h"
#include "geometry.h"
#include "image.h"
#include "memory_map.h"
#include "stm32f407.h"

#define PULL_SETTLE_LOOPS 40u /* about 10 us on HSI: 40 kOhm and 100 pF make 4 us */

/* The pull-down makes an open pin an application's choice. GPIOA is left to chip_jump or to the
 * drivers. */
static bool start_read_button(void)
{
    RCC->AHB1ENR |= RCC_AHB1_GPIOA;
    (void)RCC->AHB1ENR; /* ES0182 */
    GPIOA->PUPDR |= GPIO_PAIR(BOARD_BUTTON_PIN, GPIO_PULL_DOWN);
    for (volatile uint32_t i = 0; i < PULL_SETTLE_LOOPS; i++) {
    }
    return (GPIOA->IDR & (1u << BOARD_BUTTON_PIN)) != 0;
}

void start_decide(struct start_facts *facts)
{
    volatile uint32_t *request = (volatile uint32_t *)MAP_BOOT_REQUEST_BASE;
    const volatile uint32_t *app = (const volatile uint32_t *)MAP_APP_BASE;
    struct boot_facts boot;

    facts->reset_flags = RCC->CSR; /* read, not cleared: the application may want them */
    facts->flash_kib = (uint16_t)geometry_flash_kib(*(const volatile uint16_t *)MAP_FLASH_KIB_ADDR);
    boot.button = start_read_button();
    for (unsigned i = 0; i < BOOT_REQUEST_WORDS; i++) {
        boot.request[i] = request[i];
        request[i] = 0; /* good for one reset */
    }
    boot.app_stack = app[0];
    boot.app_reset = app[1];
    boot.flash_end = geometry_flash_end(facts->flash_kib);
    boot.app_code = boot_reset_in_flash(boot.app_reset, boot.flash_end)
                        ? *(const volatile uint16_t *)(boot.app_reset & ~1u)
                        : IMAGE_ERASED_CODE;
    facts->stay = boot_decide(&boot);
    if (facts->stay == STAY_NOT) {
        chip_start_image(MAP_APP_BASE);
    }
}

void start_request_stay(void)
{
    uint32_t words[BOOT_REQUEST_WORDS];

    boot_make_request(words, BOOT_REQUEST_LOADER_RPC);
    for (unsigned i = 0; i < BOOT_REQUEST_WORDS; i++) {
        ((volatile uint32_t *)MAP_BOOT_REQUEST_BASE)[i] = words[i];
    }
}

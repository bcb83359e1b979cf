/* SPDX-License-Identifier: MIT */
/* The boot decision; its invariants are in boot.h. */
#include "boot.h"

#include "bytes.h"
#include "geometry.h"
#include "image.h"
#include "memory_map.h"

/* I4. The complement guards against a magic that happens to be left over. */
static bool boot_request_valid(const uint32_t words[BOOT_REQUEST_WORDS])
{
    return words[0] == BOOT_REQUEST_MAGIC && words[1] == ~words[2];
}

static enum stay_reason boot_request_reason(const uint32_t words[BOOT_REQUEST_WORDS])
{
    if (!boot_request_valid(words)) {
        return STAY_NOT;
    }
    if (words[1] == BOOT_REQUEST_LOADER) {
        return STAY_APP_REQUEST;
    }
    return words[1] == BOOT_REQUEST_LOADER_RPC ? STAY_HOST_REQUEST : STAY_NOT;
}

static bool boot_reset_in_flash(uint32_t app_reset, uint32_t flash_end)
{
    /* Not in SRAM, which holds anything after power-on. */
    return app_reset - MAP_APP_BASE < flash_end - MAP_APP_BASE;
}

void boot_read_app(const struct flash_hw *flash, struct boot_facts *facts)
{
    uint8_t words[2 * WORD_SIZE];
    uint8_t code[2];

    facts->flash_end = geometry_flash_end(flash_hw_kib(flash));
    flash_hw_read(flash, MAP_APP_BASE, words, sizeof words);
    facts->app_stack = load_le32(words);
    facts->app_reset = load_le32(words + WORD_SIZE);
    facts->app_code = IMAGE_ERASED_CODE;
    if (boot_reset_in_flash(facts->app_reset, facts->flash_end)) {
        flash_hw_read(flash, facts->app_reset & ~1u, code, sizeof code);
        facts->app_code = load_le16(code);
    }
}

/* I2 */
bool boot_app_plausible(const struct boot_facts *facts)
{
    return image_vectors_plausible(facts->app_stack, facts->app_reset, facts->flash_end) &&
           boot_reset_in_flash(facts->app_reset, facts->flash_end) &&
           facts->app_code != IMAGE_ERASED_CODE;
}

static bool boot_asks(const struct boot_facts *facts, uint32_t request)
{
    return boot_request_valid(facts->request) && facts->request[1] == request;
}

enum stay_reason boot_decide(const struct boot_facts *facts)
{
    enum stay_reason reason = boot_request_reason(facts->request);

    if (facts->button && !boot_wants_install(facts) && !boot_asks(facts, BOOT_REQUEST_START)) {
        return STAY_BUTTON; /* I1; an install that was asked for stays as well, when it is done */
    }
    if (reason != STAY_NOT) {
        return reason; /* I1 */
    }
    return boot_app_plausible(facts) ? STAY_NOT : STAY_NOTHING_TO_BOOT;
}

bool boot_wants_install(const struct boot_facts *facts)
{
    return boot_asks(facts, BOOT_REQUEST_INSTALL);
}

bool boot_is_asked(const struct boot_facts *facts)
{
    return boot_request_valid(facts->request);
}

void boot_make_request(uint32_t words[BOOT_REQUEST_WORDS], uint32_t request)
{
    words[0] = BOOT_REQUEST_MAGIC;
    words[1] = request;
    words[2] = ~request;
}

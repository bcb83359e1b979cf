/* The boot decision; its invariants are in boot.h. */
#include "boot.h"

#include "image.h"

static enum stay_reason boot_request_reason(const uint32_t words[BOOT_REQUEST_WORDS])
{
    /* I4. The complement guards against a magic that happens to be left over. */
    if (words[0] != BOOT_REQUEST_MAGIC || words[1] != ~words[2]) {
        return STAY_NOT;
    }
    if (words[1] == BOOT_REQUEST_LOADER) {
        return STAY_APP_REQUEST;
    }
    return words[1] == BOOT_REQUEST_LOADER_RPC ? STAY_HOST_REQUEST : STAY_NOT;
}

enum stay_reason boot_decide(const struct boot_facts *facts)
{
    enum stay_reason reason = boot_request_reason(facts->request);

    if (facts->button) {
        return STAY_BUTTON; /* I1 */
    }
    if (reason != STAY_NOT) {
        return reason; /* I1 */
    }
    return image_vectors_plausible(facts->app_stack, facts->app_reset, facts->flash_end)
               ? STAY_NOT
               : STAY_NOTHING_TO_BOOT; /* I2 */
}

void boot_make_request(uint32_t words[BOOT_REQUEST_WORDS], uint32_t request)
{
    words[0] = BOOT_REQUEST_MAGIC;
    words[1] = request;
    words[2] = ~request;
}

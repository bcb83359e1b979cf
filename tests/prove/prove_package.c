/* SPDX-License-Identifier: MIT */
/* Reading and judging a package: any bytes in a slot, or in a file of any size. */
#include "package.h"
#include "prove_chip.h"
#include "slot.h"
#include "verdict.h"

int main(void)
{
    struct flash_hw flash = {any_bool() ? 512u : 1024u};
    uint32_t max = any_bool() ? slot_package_max(flash.kib) : any_word();
    uint32_t detail = 0;
    uint8_t identity[2 * UUID_SIZE];
    struct package p;
    struct trust trust;
    struct package_check check = {{VERDICT_BAD, VERDICT_BAD}, REASON_NONE, 0};

    any_bytes(identity, sizeof identity);
    if (package_read(&flash, slot_addr(flash.kib, 0), max, slot_content_max(flash.kib), &p,
                     &detail) != REASON_NONE) {
        return 0;
    }
    /*@ assert lies_in_its_room: p.size <= max; */
    trust_read(&flash, identity, &trust);
    package_verify(&flash, &trust, &p, &check);
    package_verify_start(&flash, &trust, &p, &check);
    package_match_area(&flash, &p, &check);
    package_match_start(&flash, &p, &check);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Starting, confirming, rolling back, retiring, staging: any content of both slots, their records,
 * OTP and the backup register, with memory to unpack and without. PROVE_PART says which.
 */
#include "boot.h"
#include "prove_chip.h"
#include "update.h"
#include "update_state.h"

enum { PIECE = 255 };

static struct unpack_memory memory;
static uint8_t dictionary[UNPACK_DICTIONARY];
static uint8_t identity[2 * UUID_SIZE];

static void stage(const struct update_board *u)
{
    struct update_stage s = {0};
    uint32_t detail = 0;
    uint8_t piece[PIECE];

    if (update_stage_begin(u, &s, any_word(), &detail) != REASON_NONE) {
        return;
    }
    while (any_bool()) {
        any_bytes(piece, PIECE);
        (void)update_stage_write(u, &s, any_word(), piece, any_below(PIECE + 1u), &detail);
    }
    (void)update_stage_finish(u, &s, &detail);
}

static void start(const struct update_board *u)
{
    struct update_facts facts = {any_byte(), any_bool()};
    struct update_result out;

    update_boot(u, &facts, &out);
    /*@ assert slot_is_one: out.slot <= 1 || out.slot == 255; */
}

static void start_plain(const struct update_board *u)
{
    volatile uint32_t verdict[2] = {0, 0};
    struct boot_facts facts = {.button = any_bool()};

    any_bytes(facts.request, sizeof facts.request);
    boot_read_app(u->flash, &facts);
    (void)boot_decide(&facts);
    (void)boot_wants_install(&facts);
    (void)update_has_work(u);
    update_ask_plain(u, verdict);
    update_stays(u);
}

static void look(const struct update_board *u)
{
    uint8_t report[SLOTS_SIZE];
    uint8_t digest[SLOT_DIGEST_SIZE];
    struct package_check check;

    any_bytes(digest, sizeof digest);
    update_report(u, report);
    (void)update_find_package(u, digest);
    update_verify_area(u, &check);
}

int main(void)
{
    struct flash_hw flash = {any_bool() ? 512u : 1024u};
    struct update_board u = {&flash, any_bool() ? &memory : NULL, dictionary, identity};
    uint32_t detail = 0;

    any_bytes(identity, sizeof identity);
    switch (PROVE_PART) {
    case 0:
        start(&u);
        break;
    case 1:
        start_plain(&u);
        look(&u);
        break;
    case 2:
        (void)update_confirm(&u, &detail);
        (void)update_rollback(&u, &detail);
        (void)update_retire(&u, &detail);
        break;
    default:
        stage(&u);
        break;
    }
    return 0;
}

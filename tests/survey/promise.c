/* SPDX-License-Identifier: MIT */
/* The three properties; see promise.h. */
#include "promise.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_map.h"
#include "package_builder.h"

/* Retyped from FORMAT.md. */
enum {
    AT_SEQUENCE = 0x00,
    AT_SEALED = 0x08,
    AT_CONFIRMED = 0x18,
    AT_REJECTED = 0x20,
    AT_ATTEMPTS = 0x40,
    ATTEMPT_WORDS = 16,
    OTP_LOCKS_AT = 512,
    LOCKED = 5,
    KEYS = 2,
    LARGEST_COUNTER = 2560,
};
#define FIRST_WORD  0x4B3CA596u
#define SECOND_WORD 0xA5964B3Cu
#define ALL_ONES    0xFFFFFFFFu

static void make_rescue(struct promise *p, unsigned i, struct evp_pkey_st *key)
{
    static const uint8_t trial[4] = {SCENERY_TRIALS, 0, 30, 0};
    const struct side *third = &p->scenery.sides[WHO_THIRD];
    struct side *side = &p->rescues[i];
    struct package_recipe recipe = {.policy = trial, .version = {4}, .packing = PACKAGE_LZMA2};
    size_t len = 0;

    *side = *third;
    side->counter = i < KEYS ? third->counter : LARGEST_COUNTER;
    recipe.content = third->content;
    recipe.content_len = third->content_len;
    recipe.counter = side->counter;
    recipe.key = p->scenery.plan->enforced ? key : NULL;
    side->package = package_build(&recipe, &len);
    side->package_len = (uint32_t)len;
}

void promise_open(struct promise *p, const struct scenery_plan *plan)
{
    struct promise_package *known = p->known;
    struct evp_pkey_st *keys[KEYS] = {package_key(1), package_key(2)};

    memset(p, 0, sizeof *p);
    scenery_open(&p->scenery, plan);
    loader_rig_open(&p->rig, plan->flash_kib);
    for (unsigned who = WHO_FIRST; who < WHO_COUNT; who++) {
        *known++ = (struct promise_package){&p->scenery.sides[who], who == WHO_FIRST ? 0 : 1,
                                            SCENERY_TRIALS};
    }
    *known++ = (struct promise_package){&p->scenery.unasked, 1, 0};
    for (unsigned i = 0; i < PROMISE_RESCUES; i++) {
        make_rescue(p, i, keys[i % KEYS]);
        *known++ = (struct promise_package){&p->rescues[i], i % KEYS, SCENERY_TRIALS};
    }
    package_key_free(keys[0]);
    package_key_free(keys[1]);
}

void promise_close(struct promise *p)
{
    for (unsigned i = 0; i < PROMISE_RESCUES; i++) {
        free(p->rescues[i].package);
    }
    loader_rig_close(&p->rig);
    scenery_close(&p->scenery);
}

/* ---- facts ---- */

/* A word, and which of its bits may read either way. */
struct cells {
    uint32_t word, unstable;
};

static uint32_t load(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static struct cells otp_word(const struct promise *p, uint32_t offset)
{
    const struct flash_model *m = p->rig.rig.model;

    return (struct cells){load(m->otp_bytes + offset), load(m->otp_unstable + offset)};
}

static struct cells record_at(const struct promise *p, unsigned slot, uint32_t offset)
{
    const struct flash_model *m = p->rig.rig.model;
    uint32_t kib = p->rig.rig.hw.flash_kib;
    uint32_t at = slot_addr(kib, slot) + slot_package_max(kib) + offset - MAP_FLASH_BASE;

    return (struct cells){load(m->flash + at), load(m->flash_unstable + at)};
}

static bool is_surely(struct cells c, uint32_t word)
{
    return c.unstable == 0 && c.word == word;
}

static bool is_maybe(struct cells c, uint32_t word)
{
    return ((c.word ^ word) & ~c.unstable) == 0;
}

/* "It is set if either word reads exactly so." */
static bool flag_surely(const struct promise *p, unsigned slot, uint32_t offset)
{
    return is_surely(record_at(p, slot, offset), FIRST_WORD) ||
           is_surely(record_at(p, slot, offset + 4), SECOND_WORD);
}

static bool flag_maybe(const struct promise *p, unsigned slot, uint32_t offset)
{
    return is_maybe(record_at(p, slot, offset), FIRST_WORD) ||
           is_maybe(record_at(p, slot, offset + 4), SECOND_WORD);
}

/* As many as there may be. */
static unsigned attempts(const struct promise *p, unsigned slot)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < ATTEMPT_WORDS; i++) {
        count += is_maybe(record_at(p, slot, AT_ATTEMPTS + 4 * i), ATTEMPT_MADE);
    }
    return count;
}

bool promise_is_provisioned(const struct promise *p)
{
    const struct flash_model *m = p->rig.rig.model;

    for (unsigned i = 0; i < LOCKED; i++) {
        if (m->otp_bytes[OTP_LOCKS_AT + i] != 0 || m->otp_unstable[OTP_LOCKS_AT + i] != 0) {
            return false;
        }
    }
    return true;
}

bool promise_is_open(const struct promise *p)
{
    bool blank = is_surely(otp_word(p, OTP_LOCKS_AT), ALL_ONES);

    for (unsigned i = 0; i < 4 * OTP_BLOCK_SIZE; i += 4) {
        blank = blank && is_surely(otp_word(p, i), ALL_ONES);
    }
    return blank;
}

/* "Revoked if 16 or more of the 32 bits are 0." */
static bool key_is_clean(const struct promise *p, unsigned key, bool surely)
{
    struct cells c = otp_word(p, OTP_BLOCK_REVOKED * OTP_BLOCK_SIZE + 4 * key);

    return __builtin_popcount(surely ? c.word & ~c.unstable : c.word | c.unstable) > 16;
}

/* "The whole judgement", but for the bytes: it is good however OTP reads. */
static bool surely_valid(const struct promise *p, const struct promise_package *known)
{
    return promise_is_open(p) || (promise_is_provisioned(p) && key_is_clean(p, known->key, true) &&
                                  known->side->counter >= rig_counter(&p->rig.rig, true));
}

/* There is a reading for which it is good. */
static bool maybe_valid(const struct promise *p, const struct promise_package *known)
{
    return !promise_is_provisioned(p) || (key_is_clean(p, known->key, false) &&
                                          known->side->counter >= rig_counter(&p->rig.rig, false));
}

/* The package that lies whole in a slot. */
static const struct promise_package *package_in(const struct promise *p, unsigned slot)
{
    for (unsigned i = 0; i < PROMISE_KNOWN; i++) {
        const struct side *side = p->known[i].side;
        if (rig_holds(&p->rig.rig, slot_addr(p->rig.rig.hw.flash_kib, slot), side->package,
                      side->package_len)) {
            return &p->known[i];
        }
    }
    return NULL;
}

/* "A slot can be booted if it is confirmed, or sealed and not rejected", and its trial not over. */
static bool is_bootable(const struct promise *p, unsigned slot)
{
    const struct promise_package *known = package_in(p, slot);
    bool sealed = flag_surely(p, slot, AT_SEALED) && !flag_maybe(p, slot, AT_REJECTED);

    if (known == NULL || !surely_valid(p, known)) {
        return false;
    }
    return flag_surely(p, slot, AT_CONFIRMED) ||
           (sealed && (known->trials == 0 || attempts(p, slot) < known->trials));
}

static bool holds(const struct promise *p, const struct side *side)
{
    return rig_holds(&p->rig.rig, MAP_APP_BASE, side->content, side->content_len);
}

bool promise_must_start(const struct promise *p)
{
    bool sealed = false;

    if (p->rig.rig.model->protected_mask >> MAP_BOOT_SECTORS != 0) {
        return false; /* an install may be in its way; whoever protected sectors may say so */
    }
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        if (is_bootable(p, slot)) {
            return true;
        }
        sealed = sealed || flag_maybe(p, slot, AT_SEALED) || flag_maybe(p, slot, AT_CONFIRMED);
    }
    return !sealed && promise_is_open(p) && holds(p, &p->scenery.sides[WHO_PLAIN]);
}

/* ---- what a start has done ---- */

static bool breaks(struct promise *p, const char *what, unsigned value)
{
    (void)snprintf(p->broken, sizeof p->broken, "%s (%x)", what, value);
    return false;
}

/* What an open board starts is its owner's affair: it looks at no signature. */
bool promise_may_run(struct promise *p, uint8_t slot)
{
    const struct promise_package *known;

    if (!promise_is_provisioned(p)) {
        return true;
    }
    if (slot == SLOT_NONE) {
        return breaks(p, "P3: started without a package", 0);
    }
    known = package_in(p, slot);
    if (known == NULL || !maybe_valid(p, known)) {
        return breaks(p, "P3: started a package that does not verify, slot", slot);
    }
    return holds(p, known->side) ? true : breaks(p, "P3: the area is not the package's", 0);
}

bool promise_starts(struct promise *p, const struct loader_rig_reset *how, uint64_t seed)
{
    for (unsigned i = 0; i < 2; i++) {
        struct loader_rig_start start;
        bool must = promise_must_start(p) && !how->button && how->request == 0;

        rig_power_on(&p->rig.rig, seed + i);
        loader_rig_reset(&p->rig, how, &start);
        if (start.started && !promise_may_run(p, start.slot)) {
            return false;
        }
        if (must && !start.started) {
            return breaks(p,
                          i == 0 ? "P1: nothing was started, stays because of"
                                 : "P1: nothing was started the second time, stays because of",
                          start.stay);
        }
    }
    return true;
}

/* ---- P2 ---- */

/* What a host would do first: provisioning that was begun is ended. */
static void end_provisioning(struct promise *p)
{
    uint8_t payload[6 + KEYS * DIGEST_SIZE] = {0x50, 0x52, 0x4F, 0x56, KEYS, 0};

    if (!promise_is_open(p) && !promise_is_provisioned(p)) {
        memcpy(payload + 6, p->scenery.hashes, KEYS * DIGEST_SIZE);
        (void)loader_rig_command(&p->rig, COMMAND_PROVISION, payload, sizeof payload);
    }
}

/* And when it was refused: the board shows which sectors are protected. False: none was. */
static bool take_protection_off(struct promise *p)
{
    static const uint8_t writes = UNPROTECT_WRITE;

    return p->rig.rig.model->protected_mask >> MAP_BOOT_SECTORS != 0 &&
           loader_rig_command(&p->rig, COMMAND_DIS_R_W_PROTECT, &writes, 1) == REASON_NONE;
}

static enum reason stage(struct promise *p, const struct side *side)
{
    enum reason reason = loader_rig_stage(&p->rig, side->package, side->package_len);

    if (reason != REASON_NONE && take_protection_off(p)) {
        reason = loader_rig_stage(&p->rig, side->package, side->package_len);
    }
    return reason;
}

/* The start after it, and the next one. */
static bool runs_now(struct promise *p, const struct side *side, bool packaged, uint64_t seed)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct loader_rig_reset plain_reset = {false, false, 0};
        struct loader_rig_start start;
        const struct promise_package *known;

        rig_power_on(&p->rig.rig, seed + i);
        loader_rig_reset(&p->rig, &plain_reset, &start);
        if (!start.started) {
            return breaks(p, "P2: taken, and not started: stays because of", start.stay);
        }
        known = start.slot == SLOT_NONE ? NULL : package_in(p, start.slot);
        if ((known != NULL) != packaged || (packaged && known->side != side) || !holds(p, side)) {
            return breaks(p, "P2: taken, and another was started, slot", start.slot);
        }
    }
    return true;
}

bool promise_takes_package_now(struct promise *p, uint64_t seed)
{
    enum reason reason = REASON_NONE;
    bool valid = false;

    if (loader_rig_command(&p->rig, COMMAND_GET_INFO, NULL, 0) != REASON_NONE) {
        return breaks(p, "P2: no answer to GET_INFO", 0);
    }
    end_provisioning(p);
    /* One that is valid for certain first; where no key is clean, any that the board takes. */
    for (unsigned i = 0; i < 2 * PROMISE_RESCUES; i++) {
        const struct promise_package *known =
            &p->known[PROMISE_KNOWN - PROMISE_RESCUES + i % PROMISE_RESCUES];
        if (i >= PROMISE_RESCUES ? valid : !surely_valid(p, known)) {
            continue;
        }
        valid = valid || i < PROMISE_RESCUES;
        reason = stage(p, known->side);
        if (reason == REASON_NONE) {
            return runs_now(p, known->side, true, seed + 1);
        }
        if (valid) {
            break;
        }
    }
    return breaks(p,
                  valid ? "P2: a valid package is refused with reason"
                        : "P2: no package can be valid any more, reason",
                  (unsigned)reason);
}

bool promise_takes_application_now(struct promise *p, uint64_t seed)
{
    const struct side *plain = &p->scenery.sides[WHO_PLAIN];
    enum reason reason = loader_rig_flash(&p->rig, plain->content, plain->content_len);
    if (reason != REASON_NONE && take_protection_off(p)) {
        reason = loader_rig_flash(&p->rig, plain->content, plain->content_len);
    }
    if (reason != REASON_NONE) {
        return breaks(p, "P2: direct flashing is refused with reason", (unsigned)reason);
    }
    return runs_now(p, plain, false, seed + 1);
}

static void listen(struct promise *p, uint64_t seed)
{
    rig_power_on(&p->rig.rig, seed);
    loader_rig_listen(&p->rig);
}

bool promise_takes_package(struct promise *p, uint64_t seed)
{
    listen(p, seed);
    return promise_takes_package_now(p, seed);
}

bool promise_takes_application(struct promise *p, uint64_t seed)
{
    listen(p, seed);
    return promise_takes_application_now(p, seed);
}

/* SPDX-License-Identifier: MIT */
/*
 * The flows of the campaign: how a board gets there, what is cut, who may run afterwards. Seeds are
 * fixed: everything outside the cut is the same each time.
 */
#include "powercut_flow.h"

#include <string.h>

#include "memory_map.h"
#include "verdict.h"

enum { CALM = 77, LIVES_STARTS = 3 };

static bool ends_in(const struct rig *rig, const struct side *side, unsigned slot)
{
    return side->package != NULL &&
           rig_holds(rig, slot_addr(rig->hw.flash_kib, slot), side->package, side->package_len);
}

/* On a board that enforces, what starts has at least the counter that stands firmly in OTP, and not
 * the key that is firmly revoked. */
static bool is_downgrade(const struct rig *rig, const struct scenery *s, const struct side *side)
{
    const struct flash_model *m = rig->model;
    const unsigned revoked = OTP_BLOCK_REVOKED * OTP_BLOCK_SIZE;
    uint8_t firm = 0;
    if (m->otp_bytes[512] != 0) {
        return false; /* not provisioned, or not yet */
    }
    for (unsigned i = 0; i < 4; i++) {
        firm |= (uint8_t)(~m->otp_bytes[revoked + i] & ~m->otp_unstable[revoked + i]);
    }
    return rig_counter(rig, false) > side->counter || (firm != 0 && side == &s->sides[WHO_FIRST]);
}

enum who flow_start(struct rig *rig, const struct scenery *s, bool bare,
                    struct update_result *result)
{
    rig_boot(rig, result);
    if (result->verdict[0] != VERDICT_GOOD || result->verdict[1] != VERDICT_GOOD) {
        return WHO_NOBODY;
    }
    for (unsigned who = WHO_PLAIN; who < WHO_COUNT; who++) {
        const struct side *side = &s->sides[who];
        bool packaged = result->slot < SLOT_COUNT &&
                        (ends_in(rig, side, result->slot) ||
                         (who == WHO_SECOND && ends_in(rig, &s->unasked, result->slot)));
        if (rig_holds(rig, MAP_APP_BASE, side->content, side->content_len)) {
            bool known = packaged || (result->slot == SLOT_NONE && (bare || who == WHO_PLAIN));
            return known && !is_downgrade(rig, s, side) ? (enum who)who : WHO_WRONG;
        }
    }
    return WHO_WRONG;
}

static bool starts(struct rig *rig, const struct scenery *s, enum who who)
{
    struct update_result result;
    rig_power_on(rig, CALM);
    return flow_start(rig, s, false, &result) == who;
}

static bool stages(struct rig *rig, const struct side *side)
{
    rig_power_on(rig, CALM);
    return rig_stage(rig, side) == REASON_NONE;
}

/* ---- how a board gets there ---- */

static bool prepare_first_open(struct rig *rig, const struct scenery *s)
{
    rig_blank(rig);
    return stages(rig, &s->sides[WHO_FIRST]) && starts(rig, s, WHO_FIRST) &&
           rig_confirm(rig) == REASON_NONE && starts(rig, s, WHO_FIRST);
}

/* The first package runs, confirmed. The other slot was never used. */
static bool prepare_first(struct rig *rig, const struct scenery *s)
{
    rig_blank(rig);
    if (s->plan->enforced && scenery_provision(rig, s) != REASON_NONE) {
        return false;
    }
    return stages(rig, &s->sides[WHO_FIRST]) && starts(rig, s, WHO_FIRST) &&
           rig_confirm(rig) == REASON_NONE && starts(rig, s, WHO_FIRST);
}

static bool prepare_staged(struct rig *rig, const struct scenery *s)
{
    return prepare_first(rig, s) && stages(rig, &s->sides[WHO_SECOND]);
}

static bool prepare_trial(struct rig *rig, const struct scenery *s)
{
    return prepare_staged(rig, s) && starts(rig, s, WHO_SECOND);
}

static bool prepare_confirmed(struct rig *rig, const struct scenery *s)
{
    return prepare_trial(rig, s) && rig_confirm(rig) == REASON_NONE && starts(rig, s, WHO_SECOND);
}

static bool prepare_trial_over(struct rig *rig, const struct scenery *s)
{
    bool good = prepare_trial(rig, s);
    for (unsigned i = 1; good && i < SCENERY_TRIALS; i++) {
        good = starts(rig, s, WHO_SECOND);
    }
    return good;
}

static bool prepare_rejected(struct rig *rig, const struct scenery *s)
{
    return prepare_trial_over(rig, s) && starts(rig, s, WHO_FIRST);
}

/* Bits have turned, in a word that was whole when it was claimed. */
static bool prepare_damaged(struct rig *rig, const struct scenery *s)
{
    enum { AT = 40 };
    uint8_t word[4];
    bool good = prepare_confirmed(rig, s);
    for (unsigned i = 0; i < sizeof word; i++) {
        word[i] = s->sides[WHO_SECOND].content[AT + i] ^ 0x11;
    }
    rig_poke(rig, MAP_APP_BASE + AT, word, sizeof word);
    return good;
}

/* Flashed directly, before there was any package. */
static bool prepare_plain(struct rig *rig, const struct scenery *s)
{
    rig_blank(rig);
    if (s->plan->enforced && scenery_provision(rig, s) != REASON_NONE) {
        return false;
    }
    rig_poke(rig, MAP_APP_BASE, s->sides[WHO_PLAIN].content, s->sides[WHO_PLAIN].content_len);
    return starts(rig, s, s->plan->enforced ? WHO_NOBODY : WHO_PLAIN);
}

static bool prepare_plain_staged(struct rig *rig, const struct scenery *s)
{
    return prepare_plain(rig, s) && stages(rig, &s->unasked);
}

/* ---- what is cut ---- */

static enum reason run_boot(struct rig *rig, const void *arg)
{
    struct update_result result;
    (void)arg;
    rig_boot(rig, &result);
    return result.stay == STAY_NOT ? REASON_NONE : REASON_NO_CODE;
}

static enum reason run_confirm(struct rig *rig, const void *arg)
{
    (void)arg;
    return rig_confirm(rig);
}

static enum reason run_rollback(struct rig *rig, const void *arg)
{
    enum reason reason = rig_rollback(rig);
    return reason == REASON_NONE ? run_boot(rig, arg) : reason;
}

static enum reason run_stage(struct rig *rig, const void *arg)
{
    const struct scenery *s = arg;
    return rig_stage(rig, &s->sides[WHO_SECOND]);
}

/* For boards with nothing to go back to. */
static enum reason run_stage_unasked(struct rig *rig, const void *arg)
{
    const struct scenery *s = arg;
    return rig_stage(rig, &s->unasked);
}

static enum reason run_stage_third(struct rig *rig, const void *arg)
{
    const struct scenery *s = arg;
    return rig_stage(rig, &s->sides[WHO_THIRD]);
}

static enum reason run_retire(struct rig *rig, const void *arg)
{
    (void)arg;
    return rig_retire(rig);
}

static enum reason run_provision(struct rig *rig, const void *arg)
{
    return scenery_provision(rig, arg);
}

/* ---- the same once more ---- */

static bool again_rollback(struct rig *rig, const struct scenery *s, enum who *running)
{
    if (*running != WHO_SECOND) {
        return true;
    }
    *running = WHO_FIRST;
    return rig_rollback(rig) == REASON_NONE && starts(rig, s, WHO_FIRST);
}

static bool again_retire(struct rig *rig, const struct scenery *s, enum who *running)
{
    struct update_result result;
    if (rig_retire(rig) != REASON_NONE) {
        return false;
    }
    rig_poke(rig, MAP_APP_BASE, s->sides[WHO_PLAIN].content, s->sides[WHO_PLAIN].content_len);
    *running = WHO_PLAIN;
    for (uint64_t seed = 1; seed <= LIVES_STARTS; seed++) {
        rig_power_on(rig, seed);
        if (flow_start(rig, s, false, &result) != WHO_PLAIN) {
            return false;
        }
    }
    return true;
}

static bool otp_is_firm(const struct rig *rig)
{
    for (unsigned i = 0; i < FLASH_MODEL_OTP; i++) {
        if (rig->model->otp_unstable[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool again_provision(struct rig *rig, const struct scenery *s, enum who *running)
{
    enum reason reason = scenery_provision(rig, s);
    *running = WHO_FIRST;
    return (reason == REASON_NONE || reason == REASON_PROVISIONED) && otp_is_firm(rig) &&
           starts(rig, s, WHO_FIRST);
}

bool flow_board_lives(struct rig *rig, const struct scenery *s, const struct flow *flow,
                      enum who running)
{
    struct update_result result;
    /* What may yet come to light would run, as it should: a staging takes it away first. */
    if ((running != WHO_SECOND || flow->late) &&
        !(stages(rig, &s->sides[WHO_SECOND]) && starts(rig, s, WHO_SECOND))) {
        return false;
    }
    if (rig_confirm(rig) != REASON_NONE) {
        return false;
    }
    for (uint64_t seed = 1; seed <= LIVES_STARTS; seed++) {
        rig_power_on(rig, seed);
        if (flow_start(rig, s, false, &result) != WHO_SECOND) {
            return false;
        }
    }
    return !s->plan->enforced ||
           (rig_counter(rig, false) == s->sides[WHO_SECOND].counter && otp_is_firm(rig));
}

#define OLD    ALLOW(WHO_FIRST)
#define FRESH  ALLOW(WHO_SECOND)
#define PLAIN  ALLOW(WHO_PLAIN)
#define THIRD  ALLOW(WHO_THIRD)
#define NONE   ALLOW(WHO_NOBODY)
#define EITHER (OLD | FRESH)

const struct flow flows[] = {
    {.name = "install",
     .prepare = prepare_staged,
     .run = run_boot,
     .fresh = WHO_SECOND,
     .done = WHO_SECOND,
     .first = FRESH,
     .later = EITHER},
    {.name = "install_over_plain",
     .prepare = prepare_plain_staged,
     .run = run_boot,
     .fresh = WHO_SECOND,
     .done = WHO_SECOND,
     .first = FRESH,
     .later = FRESH},
    {.name = "trial",
     .prepare = prepare_trial,
     .run = run_boot,
     .fresh = WHO_SECOND,
     .done = WHO_SECOND,
     .first = FRESH,
     .later = EITHER},
    {.name = "confirm",
     .prepare = prepare_trial,
     .run = run_confirm,
     .fresh = WHO_SECOND,
     .done = WHO_SECOND,
     .first = FRESH,
     .later = EITHER},
    {.name = "reject",
     .prepare = prepare_trial_over,
     .run = run_boot,
     .fresh = WHO_SECOND,
     .done = WHO_FIRST,
     .first = OLD,
     .later = OLD},
    {.name = "rollback",
     .prepare = prepare_confirmed,
     .run = run_rollback,
     .fresh = WHO_SECOND,
     .done = WHO_FIRST,
     .first = EITHER,
     .later = EITHER,
     .on = ON_OPEN,
     .again = again_rollback},
    {.name = "self_heal",
     .prepare = prepare_damaged,
     .run = run_boot,
     .fresh = WHO_SECOND,
     .done = WHO_SECOND,
     .first = FRESH,
     .later = FRESH},
    {.name = "stage",
     .prepare = prepare_first,
     .run = run_stage,
     .fresh = WHO_SECOND,
     .done = WHO_SECOND,
     .first = EITHER,
     .later = EITHER,
     .late = true},
    {.name = "stage_over_plain",
     .prepare = prepare_plain,
     .run = run_stage_unasked,
     .fresh = WHO_SECOND,
     .done = WHO_SECOND,
     .first = PLAIN | FRESH,
     .later = PLAIN | FRESH,
     .late = true,
     .on = ON_OPEN},
    {.name = "stage_over_rejected",
     .prepare = prepare_rejected,
     .run = run_stage,
     .fresh = WHO_SECOND,
     .done = WHO_SECOND,
     .first = EITHER,
     .later = EITHER,
     .late = true},
    {.name = "stage_over_confirmed",
     .prepare = prepare_confirmed,
     .run = run_stage_third,
     .fresh = WHO_THIRD,
     .done = WHO_THIRD,
     .first = FRESH | THIRD,
     .later = FRESH | THIRD,
     .late = true},
    {.name = "stage_on_trial",
     .prepare = prepare_trial,
     .run = run_stage_third,
     .fresh = WHO_THIRD,
     .done = WHO_THIRD,
     .first = EITHER | THIRD,
     .later = EITHER | THIRD,
     .late = true},
    {.name = "retire",
     .prepare = prepare_confirmed,
     .run = run_retire,
     .fresh = WHO_NOBODY,
     .done = WHO_SECOND,
     .first = FRESH,
     .later = FRESH,
     .bare = true,
     .on = ON_OPEN,
     .again = again_retire},
    {.name = "provision",
     .prepare = prepare_first_open,
     .run = run_provision,
     .fresh = WHO_NOBODY,
     .done = WHO_FIRST,
     .first = OLD | NONE,
     .later = OLD | NONE,
     .late = true,
     .on = ON_SIGNED,
     .again = again_provision},
};
const unsigned flow_count = sizeof flows / sizeof flows[0];

bool flow_fits(const struct flow *flow, const struct scenery_plan *plan)
{
    return flow->on == ON_ANY || (flow->on == ON_SIGNED) == plan->enforced;
}

const struct flow *flow_find(const char *name)
{
    for (unsigned i = 0; i < flow_count; i++) {
        if (strcmp(flows[i].name, name) == 0) {
            return &flows[i];
        }
    }
    return NULL;
}

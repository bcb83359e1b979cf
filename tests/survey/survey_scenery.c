/* SPDX-License-Identifier: MIT */
/* The survey's boards. Most are prepared as the power-cut campaign does. */
#include "survey_scenery.h"

#include <string.h>

#include "memory_map.h"

enum { SEED = 77, LOG_WORDS = 480, LOG_LEFT = 3 };

/* Packages of several KiB, so that the first 4 KiB are theirs; counters that rise, and ones that
 * stay, so that both packages may be started. */
#define LENGTHS .first_len = 4100, .second_len = 9001, .third_len = 390
static const struct scenery_plan open_plan = {
    .name = "open", .flash_kib = 512, .second_packed = true, LENGTHS};
static const struct scenery_plan rising_plan = {.name = "rising",
                                                .flash_kib = 512,
                                                .enforced = true,
                                                .revokes = true,
                                                .second_packed = true,
                                                LENGTHS};
static const struct scenery_plan level_plan = {.name = "level",
                                               .flash_kib = 1024,
                                               .enforced = true,
                                               .level = true,
                                               .first_packed = true,
                                               LENGTHS};

static bool by_flow(struct rig *rig, const struct scenery *s, const char *flow)
{
    return flow_find(flow)->prepare(rig, s);
}

static bool starts_something(struct rig *rig)
{
    struct update_result result;

    rig_power_on(rig, SEED);
    rig_boot(rig, &result);
    return result.stay == STAY_NOT;
}

/* Nothing was ever there. */
static bool prepare_blank(struct rig *rig, const struct scenery *s)
{
    rig_blank(rig);
    return !s->plan->enforced || scenery_provision(rig, s) == REASON_NONE;
}

static bool prepare_plain(struct rig *rig, const struct scenery *s)
{
    return by_flow(rig, s, "stage_over_plain");
}

static bool prepare_single(struct rig *rig, const struct scenery *s)
{
    return by_flow(rig, s, "stage");
}

/* Signed packages on a board that is open still. */
static bool prepare_before(struct rig *rig, const struct scenery *s)
{
    return by_flow(rig, s, "provision");
}

static bool prepare_staged(struct rig *rig, const struct scenery *s)
{
    return by_flow(rig, s, "install");
}

/* The only package there is, staged and never started. */
static bool prepare_first_staged(struct rig *rig, const struct scenery *s)
{
    return prepare_blank(rig, s) && rig_stage(rig, &s->sides[WHO_FIRST]) == REASON_NONE;
}

static bool prepare_first_trial(struct rig *rig, const struct scenery *s)
{
    return prepare_first_staged(rig, s) && starts_something(rig);
}

static bool prepare_trial(struct rig *rig, const struct scenery *s)
{
    return by_flow(rig, s, "trial");
}

static bool prepare_trial_over(struct rig *rig, const struct scenery *s)
{
    return by_flow(rig, s, "reject");
}

static bool prepare_both(struct rig *rig, const struct scenery *s)
{
    return by_flow(rig, s, "retire");
}

static bool prepare_rejected(struct rig *rig, const struct scenery *s)
{
    return by_flow(rig, s, "stage_over_rejected");
}

static bool prepare_retired(struct rig *rig, const struct scenery *s)
{
    const struct side *plain = &s->sides[WHO_PLAIN];
    static uint8_t erased[16 * 1024];
    bool good = prepare_both(rig, s) && rig_retire(rig) == REASON_NONE;

    memset(erased, 0xFF, sizeof erased);
    rig_poke(rig, MAP_APP_BASE, erased, sizeof erased);
    rig_poke(rig, MAP_APP_BASE, plain->content, plain->content_len);
    return good && starts_something(rig);
}

/* Both logs have room for one more install, as after hundreds of them. */
static bool prepare_worn(struct rig *rig, const struct scenery *s)
{
    uint32_t kib = rig->hw.flash_kib;
    bool good = prepare_both(rig, s);

    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        uint32_t log = slot_addr(kib, slot) + slot_package_max(kib) + TRAILER_LOG;
        static const uint8_t zeros[4] = {0};
        static const uint8_t claim[4] = {0x4B, 0x3C, 0xA5, 0x96};
        for (unsigned i = 0; i < LOG_WORDS - LOG_LEFT; i++) {
            rig_poke(rig, log + i * 4, i % 2 == 0 ? claim : zeros, 4);
        }
    }
    return good && starts_something(rig);
}

const struct survey_scenery survey_sceneries[] = {
    {"open_blank", &open_plan, prepare_blank},
    {"open_plain", &open_plan, prepare_plain},
    {"open_single", &open_plan, prepare_single},
    {"open_first_staged", &open_plan, prepare_first_staged},
    {"open_first_trial", &open_plan, prepare_first_trial},
    {"open_staged", &open_plan, prepare_staged},
    {"open_trial", &open_plan, prepare_trial},
    {"open_trial_over", &open_plan, prepare_trial_over},
    {"open_both", &open_plan, prepare_both},
    {"open_rejected", &open_plan, prepare_rejected},
    {"open_retired", &open_plan, prepare_retired},
    {"open_worn", &open_plan, prepare_worn},
    {"before_level", &level_plan, prepare_before},
    {"before_rising", &rising_plan, prepare_before},
    {"signed_blank", &level_plan, prepare_blank},
    {"signed_single", &rising_plan, prepare_single},
    {"signed_first_staged", &level_plan, prepare_first_staged},
    {"signed_first_trial", &rising_plan, prepare_first_trial},
    {"signed_staged", &level_plan, prepare_staged},
    {"signed_trial", &level_plan, prepare_trial},
    {"signed_trial_over", &rising_plan, prepare_trial_over},
    {"signed_both", &level_plan, prepare_both},
    {"signed_risen", &rising_plan, prepare_both},
    {"signed_rejected", &level_plan, prepare_rejected},
    {"signed_worn", &level_plan, prepare_worn},
};
const unsigned survey_scenery_count = sizeof survey_sceneries / sizeof survey_sceneries[0];

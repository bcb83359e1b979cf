/* SPDX-License-Identifier: MIT */
/* The boards that the survey damages: how each came to be what it is. */
#ifndef SURVEY_SCENERY_H
#define SURVEY_SCENERY_H

#include "promise.h"

struct survey_scenery {
    const char *name;
    const struct scenery_plan *plan;
    bool (*prepare)(struct rig *rig, const struct scenery *s); /* false: did not get there */
};

extern const struct survey_scenery survey_sceneries[];
extern const unsigned survey_scenery_count;

#endif

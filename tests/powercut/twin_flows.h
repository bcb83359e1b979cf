/* SPDX-License-Identifier: MIT */
/* The boards and flows of the campaign in the twin, as data. */
#ifndef TWIN_FLOWS_H
#define TWIN_FLOWS_H

#include "powercut_twin.h"

enum { PLAN_OPEN = 0, PLAN_SIGNED = 4, TWIN_PLANS = 5 };
extern const struct scenery_plan twin_plans[TWIN_PLANS];

struct twin_flow {
    const char *flow;
    enum script script;
    unsigned thinner; /* words are cut so many times less often than the effort says */
    /* Of option bytes and OTP: their plan alone, whatever the effort says of words; what is done
     * first when the board is used again, and the flow that it is prepared as. */
    bool beside;
    unsigned plan;
    enum script again;
    const char *like;
    uint16_t protects; /* sectors that are write-protected before: bit i, sector i */
};
extern const struct twin_flow twin_flows[];
extern const unsigned twin_flow_count;

/* The flow of that name; those beside are others with a name of their own. */
struct flow twin_flow_of(const struct twin_flow *t);

#endif

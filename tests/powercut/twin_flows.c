/* SPDX-License-Identifier: MIT */
/* The tables of the campaign in the twin; see twin_flows.h. */
#include "twin_flows.h"

#include <assert.h>

/* About 24 KiB, every operation; 200 KiB and more; a board that checks signatures. */
const struct scenery_plan twin_plans[TWIN_PLANS] = {
    {.name = "24k-1024",
     .flash_kib = 1024,
     .second_packed = true,
     .app = ARAREXT_APPS "/ota-demo-1.bin"},
    {.name = "24k-512",
     .flash_kib = 512,
     .first_packed = true,
     .app = ARAREXT_APPS "/ota-demo-1.bin"},
    {.name = "200k-1024",
     .flash_kib = 1024,
     .second_packed = true,
     .first_len = 204801,
     .second_len = 204802,
     .app = ARAREXT_APPS "/lua-demo.bin"},
    {.name = "200k-512",
     .flash_kib = 512,
     .first_packed = true,
     .second_packed = true,
     .first_len = 204801,
     .second_len = 204802,
     .app = ARAREXT_APPS "/lua-demo.bin"},
    {.name = "signed-1024",
     .flash_kib = 1024,
     .enforced = true,
     .revokes = true,
     .second_packed = true,
     .first_len = 4097,
     .second_len = 5003,
     .third_len = 2001},
};

/* The five that install share their way: all words that the effort names are cut in the first of
 * them, and every sixteenth of those in the others. */
const struct twin_flow twin_flows[] = {
    {.flow = "install", .script = SCRIPT_NONE, .thinner = 1},
    {.flow = "install_over_plain", .script = SCRIPT_NONE, .thinner = 16},
    {.flow = "trial", .script = SCRIPT_NONE, .thinner = 1},
    {.flow = "confirm", .script = SCRIPT_CONFIRM, .thinner = 1},
    {.flow = "reject", .script = SCRIPT_NONE, .thinner = 16},
    {.flow = "rollback", .script = SCRIPT_ROLLBACK, .thinner = 16},
    {.flow = "self_heal", .script = SCRIPT_NONE, .thinner = 16},
    {.flow = "stage", .script = SCRIPT_STAGE, .thinner = 1},
    {.flow = "protect",
     .script = SCRIPT_PROTECT,
     .beside = true,
     .plan = PLAN_OPEN,
     .again = SCRIPT_UNPROTECT,
     .like = "stage"},
    {.flow = "unprotect",
     .script = SCRIPT_UNPROTECT,
     .protects = 0x00C,
     .beside = true,
     .plan = PLAN_OPEN,
     .again = SCRIPT_UNPROTECT,
     .like = "stage"},
    {.flow = "read_protect",
     .script = SCRIPT_READ_PROTECT,
     .beside = true,
     .plan = PLAN_OPEN,
     .again = SCRIPT_UNPROTECT,
     .like = "stage"},
    {.flow = "provision",
     .script = SCRIPT_PROVISION,
     .beside = true,
     .plan = PLAN_SIGNED,
     .again = SCRIPT_PROVISION,
     .like = "provision"},
    {.flow = "advance",
     .script = SCRIPT_CONFIRM,
     .beside = true,
     .plan = PLAN_SIGNED,
     .again = SCRIPT_CONFIRM,
     .like = "confirm"},
};
const unsigned twin_flow_count = sizeof twin_flows / sizeof twin_flows[0];

/* On an open board beside which nothing happens the old application stays. */
struct flow twin_flow_of(const struct twin_flow *t)
{
    const struct flow *like = flow_find(t->like != NULL ? t->like : t->flow);
    struct flow flow;
    assert(like != NULL);
    flow = *like;
    flow.name = t->flow;
    if (t->beside && t->plan == PLAN_OPEN) {
        flow.first = ALLOW(WHO_FIRST);
        flow.later = ALLOW(WHO_FIRST);
    }
    return flow;
}

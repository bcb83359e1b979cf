/* SPDX-License-Identifier: MIT */
/*
 * A transport whose far end is the core's command engine over the model chip of the unit tests,
 * with a line between that can damage or lose bytes, and a hook before each request.
 */
#ifndef TESTS_HOST_MODEL_LINK_H
#define TESTS_HOST_MODEL_LINK_H

#include "ararext.h"
#include "model.h"

struct model_link {
    struct model *model;
    struct ararext_transport transport;
    uint64_t seed;
    unsigned damage_every; /* one frame in so many, either way, is damaged; 0 = none */
    unsigned damaged, lost;
    unsigned checked;       /* requests that asked for a CRC behind the answer */
    unsigned requests[256]; /* by command */
    size_t taken;           /* bytes of model->sent that were read */
    bool answer_lost;       /* the answer to the current request does not arrive */
    bool lose_answer;       /* set by before: the next answer does not arrive, */
    bool lose_request;      /* nor the request */
    void (*before)(struct model_link *link, const uint8_t *frame, size_t len); /* may be NULL */
    /* Sees each answer when it is whole, and may alter it; may be NULL. */
    void (*on_answer)(struct model_link *link, uint8_t *bytes, size_t len);
    bool refuse_checked; /* as a loader that does not know them */
    void *ctx;
};

/* The model stays the caller's and outlives the session. */
void model_link_make(struct model_link *link, struct model *model);
uint32_t model_link_random(struct model_link *link, uint32_t below);

#endif

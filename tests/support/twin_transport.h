/* SPDX-License-Identifier: MIT */
/*
 * A transport for libararext whose far end is the board twin in this process, in virtual time: a
 * session over it takes as long as over a wire, and hardly any of it on the wall clock. The wire
 * may add latency, lose and alter bytes.
 */
#ifndef TESTS_TWIN_TRANSPORT_H
#define TESTS_TWIN_TRANSPORT_H

#include "ararext.h"
#include "twin.h"

/* Owned by the caller, who outlives the session. The counts tell what was done. */
struct twin_wire {
    uint64_t latency_ns;          /* added each way; kept in steps of STEP_NS in twin_transport.c */
    uint32_t lose_ppm, alter_ppm; /* of bytes, both ways */
    uint64_t random;              /* state of the generator: a seed to begin with */
    unsigned lost, altered;
};

/* Fills in out for a USART of t. t belongs to the caller and outlives the session. */
void twin_transport_make(struct ararext_transport *out, struct twin *t, unsigned usart);
/* The same over a wire; NULL: one that does nothing. */
void twin_transport_over(struct ararext_transport *out, struct twin *t, unsigned usart,
                         struct twin_wire *wire);

#endif

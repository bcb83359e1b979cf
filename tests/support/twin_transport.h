/*
 * A transport for libararext whose far end is the board twin in this process, in virtual time: a
 * session over it takes as long as over a wire, and hardly any of it on the wall clock.
 */
#ifndef TESTS_TWIN_TRANSPORT_H
#define TESTS_TWIN_TRANSPORT_H

#include "ararext.h"
#include "twin.h"

/* Fills in out for a USART of t. t belongs to the caller and outlives the session. */
void twin_transport_make(struct ararext_transport *out, struct twin *t, unsigned usart);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * ECDSA over P-256 with SHA-256, verification only (FIPS 186-4). The signature comes as
 * DER (RFC 3279 section 2.2.3, X.690): exactly SEQUENCE of two positive INTEGERs in their shortest
 * form, nothing behind it.
 */
#ifndef ARAREXT_ECDSA_H
#define ARAREXT_ECDSA_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

/* VERDICT_GOOD if the DER signature der of len bytes is one of point (X, Y, big-endian) over
 * digest. VERDICT_BAD for a bad signature and for malformed DER, r or s of zero or not below the
 * order, a point that is not on the curve. One run alone can be turned round by one instruction
 * that is skipped: what decides asks twice, from the bytes on. Takes some 1.3 million cycles of a
 * Cortex-M4 and 1720 bytes of stack. */
uint32_t ecdsa_verify(const uint8_t point[64], const uint8_t digest[DIGEST_SIZE],
                      const uint8_t *der, size_t len);

#endif

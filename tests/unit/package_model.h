/* SPDX-License-Identifier: MIT */
/*
 * Flash and OTP for tests of packages and trust. It fails the test when the core reads where it
 * must not, and keeps OTP as cells: bits only go to 0, locked blocks take nothing, and an operation
 * that loses power leaves bits that read differently each time until they are programmed again.
 */
#ifndef TESTS_UNIT_PACKAGE_MODEL_H
#define TESTS_UNIT_PACKAGE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash_table.h"
#include "trust.h"

#define PACKAGE_MODEL_SLOT 0x08080000u /* slot A of a 1 MiB part */

struct package_model {
    struct flash_hw hw;
    uint8_t flash[1024 * 1024];
    uint8_t otp[528];       /* lock bytes behind the blocks */
    uint8_t soft[528];      /* bits of OTP that read either way */
    uint32_t room;          /* bytes from PACKAGE_MODEL_SLOT that may be read */
    uint64_t random;        /* state of the generator */
    unsigned cut_at;        /* the operation, from 1 on, that loses power; 0 = none does */
    unsigned operations;    /* so far */
    bool dead;              /* since the cut; package_model_revive ends it */
    uint32_t stuck;         /* address of an OTP byte that does not take bits; 0 = none */
    unsigned alive;         /* calls */
    size_t longest_silence; /* bytes of flash read between two of them */
    size_t silence;
};

/* Erased and open. Freed by the caller with free(). */
struct package_model *package_model_create(uint64_t seed);
/* A package at PACKAGE_MODEL_SLOT; room is its size. */
void package_model_load(struct package_model *m, const uint8_t *package, size_t len);
/* Keys as OTP holds them after provisioning: hash i in block i. identity may be NULL. */
void package_model_provision(struct package_model *m, const uint8_t *hashes, unsigned count,
                             const uint8_t *identity);
void package_model_set_counter(struct package_model *m, unsigned counter);
void package_model_revive(struct package_model *m);
uint32_t package_model_random(struct package_model *m);
/* The identity of the build, for trust_read: vendor `ararext`, class `f407` stand-ins. */
extern const uint8_t package_model_identity[32];
void package_model_trust(struct package_model *m, struct trust *out);

#endif

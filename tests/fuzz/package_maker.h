/* SPDX-License-Identifier: MIT */
/*
 * Packages that are almost right: made from a description which knows the structure (header, TLVs,
 * payload), so that one thing can be wrong while digests and signatures fit again.
 */
#ifndef TESTS_FUZZ_PACKAGE_MAKER_H
#define TESTS_FUZZ_PACKAGE_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "package_builder.h"

enum { MAKER_CONTENT = 12288, MAKER_KEYS = 4, MAKER_TLVS = 48, MAKER_VALUE = 320 };

struct maker_tlv {
    uint16_t type, len;
    bool is_protected;
    uint8_t value[MAKER_VALUE];
};

struct maker {
    uint64_t random;
    struct evp_pkey_st *keys[MAKER_KEYS];
    struct package_bytes payloads[3]; /* by packing, of content */
    uint8_t content[MAKER_CONTENT];

    /* The package that is being made. */
    uint8_t header[32];
    struct package_bytes payload;
    struct maker_tlv tlvs[MAKER_TLVS];
    size_t count;
    uint32_t signer; /* number of the key; MAKER_KEYS = none signs */
    bool sized;      /* the header tells the sizes that are there */
    bool refit;      /* digest and signature are made last, over what is there then */
};

void maker_start(struct maker *m, uint64_t seed);
void maker_end(struct maker *m);
uint32_t maker_below(struct maker *m, uint32_t limit);

/* A good package, and then up to four things that are wrong with it, or odd. */
void maker_describe(struct maker *m);
/* The digest of the content: the first TLV of its type, NULL = none. */
struct maker_tlv *maker_find(struct maker *m, uint16_t type);
/* Bytes of what is described, some of them damaged. */
void maker_build(struct maker *m, struct package_bytes *out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the tests of packages share: a content, our packer and our judge.
 */
#ifndef TESTS_HOST_PACK_BENCH_H
#define TESTS_HOST_PACK_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "ararext_package.h"

enum { CONTENT = 6000 };
extern uint8_t content[CONTENT];

/* Makes the content afresh; for cmocka. */
int setup(void **state);
struct ararext_segment segment(const void *data, size_t len);
struct ararext_key *new_key(void);
/* An unsigned package of the content. Freed by the caller. */
uint8_t *pack(const struct ararext_pack_options *o, size_t *len);
/* The same, signed. Freed by the caller. */
uint8_t *sign(const uint8_t *data, size_t len, const struct ararext_key *key, size_t *signed_len);
/* Parse and check in one: the first error. */
int judge(const uint8_t *data, size_t len, const struct ararext_key *key,
          struct ararext_package_findings *f);

#endif

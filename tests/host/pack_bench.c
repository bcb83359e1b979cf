/* SPDX-License-Identifier: MIT */
/* See pack_bench.h. */
#include "pack_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package_builder.h"

uint8_t content[CONTENT];

struct ararext_segment segment(const void *data, size_t len)
{
    return (struct ararext_segment){.data = data, .len = (uint32_t)len};
}

int setup(void **state)
{
    (void)state;
    package_content(content, sizeof content, 7);
    return 0;
}

uint8_t *pack(const struct ararext_pack_options *o, size_t *len)
{
    uint8_t *data = NULL;
    struct ararext_message why = {""};
    const struct ararext_segment in = segment(content, sizeof content);
    if (ararext_pack(&in, o, &data, len, &why) != ARAREXT_OK) {
        fail_msg("pack: %s", why.text);
    }
    return data;
}

struct ararext_key *new_key(void)
{
    struct ararext_key *key = NULL;
    assert_int_equal(ararext_key_generate(&key), ARAREXT_OK);
    return key;
}

int judge(const uint8_t *data, size_t len, const struct ararext_key *key,
          struct ararext_package_findings *f)
{
    static struct ararext_package p;
    int rc = ararext_package_parse(&p, data, len, NULL);
    return rc == ARAREXT_OK ? ararext_package_check(&p, key, f, NULL) : rc;
}

uint8_t *sign(const uint8_t *data, size_t len, const struct ararext_key *key, size_t *signed_len)
{
    const struct ararext_segment in = segment(data, len);
    struct ararext_segment out = {0};
    assert_int_equal(ararext_pack_sign(&in, key, NULL, NULL, &out, NULL), ARAREXT_OK);
    uint8_t *copy = malloc(out.len);
    memcpy(copy, out.data, out.len);
    *signed_len = out.len;
    free((void *)(uintptr_t)out.data);
    return copy;
}

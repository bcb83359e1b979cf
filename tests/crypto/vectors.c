/* SPDX-License-Identifier: MIT */
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct vector vectors[VECTORS_MAX];

static unsigned parse_hex(const char *text, uint8_t *out, unsigned max)
{
    unsigned len = (unsigned)strlen(text) / 2u;

    if (strcmp(text, "-") == 0) {
        return 0;
    }
    assert_in_range(len, 1, max);
    for (unsigned i = 0; i < len; i++) {
        unsigned value;
        assert_int_equal(sscanf(text + 2u * i, "%2x", &value), 1);
        out[i] = (uint8_t)value;
    }
    return len;
}

const struct vector *vectors_read(unsigned *count)
{
    static char line[1024], verdict[8], digest[80], der[2 * VECTORS_DER_MAX + 1];
    uint8_t point[64] = {0};
    FILE *file = fopen(CRYPTO_VECTORS, "r");

    assert_non_null(file);
    *count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        struct vector *v = &vectors[*count];

        if (line[0] == '#') {
            continue;
        }
        if (sscanf(line, "key %600s", der) == 1) {
            assert_int_equal(parse_hex(der, point, sizeof point), sizeof point);
            continue;
        }
        assert_in_range(*count, 0, VECTORS_MAX - 1u);
        assert_int_equal(sscanf(line, "%u %7s %79s %600s", &v->number, verdict, digest, der), 4);
        v->good = strcmp(verdict, "good") == 0;
        memcpy(v->point, point, sizeof point);
        assert_int_equal(parse_hex(digest, v->digest, sizeof v->digest), sizeof v->digest);
        v->len = parse_hex(der, v->der, sizeof v->der);
        ++*count;
    }
    (void)fclose(file);
    return vectors;
}

/* SPDX-License-Identifier: MIT */
/* Wycheproof's vectors against the verification as a PC runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecdsa.h"
#include "vectors.h"
#include "verdict.h"

static void test_wycheproof(void **state)
{
    unsigned count, good = 0;
    const struct vector *v = vectors_read(&count);

    (void)state;
    for (unsigned i = 0; i < count; i++, v++) {
        uint8_t *der = malloc(v->len > 0 ? v->len : 1); /* exact, for the sanitizer */

        assert_non_null(der);
        memcpy(der, v->der, v->len);
        uint32_t returned = ecdsa_verify(v->point, v->digest, der, v->len);
        free(der);
        if ((returned == VERDICT_GOOD) != v->good) {
            fail_msg("vector %u: %s", v->number, v->good ? "refused" : "accepted");
        }
        good += v->good ? 1u : 0;
    }
    assert_int_equal(count, 387);
    assert_in_range(good, 100, count - 100u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wycheproof)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

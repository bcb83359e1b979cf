/* SPDX-License-Identifier: MIT */
/* The commands that change option bytes: what they protect, and what they leave alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model.h"

#define LEVEL_1_OPTCR 0x0FFF55EDu

static void test_commands_protect(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0x58, BYTES(0x0C, 1), BYTES(0xA5, 0x58, 0));
    assert_int_equal(m->optcr, 0x0FF3AAED);
    model_expect(m, DIALECT_NATIVE, 0x58, BYTES(0x00, 0x08, 1), BYTES(0xA5, 0x58, 0));
    assert_int_equal(m->optcr, 0x07F3AAED); /* the others stay protected */
    model_expect(m, DIALECT_NATIVE, 0x58, BYTES(0x0C, 1), BYTES(0xA5, 0x58, 0));
    assert_int_equal(m->option_writes, 2); /* nothing to change, nothing worn */
    model_expect(m, DIALECT_NATIVE, 0x5C, NULL, 0, BYTES(0xA5, 0x5C, 0));
    assert_int_equal(m->optcr, 0x0FFFAAED);
    free(m);
}

/* The bootloader's own sectors, on an open board and in both forms; nothing takes that off. */
static void test_commands_protect_bootloader(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0x58, BYTES(3, 3, 0x4C, 0x4F, 0x43, 0x4B),
                 BYTES(0xA5, 0x58, 0));
    assert_int_equal(m->optcr, 0x0FFCAAED);
    model_expect(m, DIALECT_NATIVE, 0x58, BYTES(3, 0, 3, 0x4C, 0x4F, 0x43, 0x4B),
                 BYTES(0xA5, 0x58, 0));
    assert_int_equal(m->option_writes, 1);
    model_expect(m, DIALECT_NATIVE, 0x5C, NULL, 0, BYTES(0xA5, 0x5C, 0));
    model_expect(m, DIALECT_NATIVE, 0x5C, BYTES(1), BYTES(0xA5, 0x5C, 0));
    assert_int_equal(m->optcr, 0x0FFCAAED);
    free(m);
}

/* Sectors 0 and 1 protected with a programmer stay so: no host could protect them again. */
static void test_commands_unprotect_spares_bootloader(void **state)
{
    struct model *m = model_create(512);

    (void)state;
    m->optcr = 0x0FF0AAED;
    model_expect(m, DIALECT_NATIVE, 0x5C, NULL, 0, BYTES(0xA5, 0x5C, 0));
    assert_int_equal(m->optcr, 0x0FFCAAED);
    free(m);
}

/* An image whose first frame arrived and no more: plausible vectors, erased code. */
static void test_commands_read_protect(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_expect(m, DIALECT_COURSE, 0x58, BYTES(0, 2, 0x52, 0x44, 0x50, 0x31), BYTES(0xA5, 1, 0));
    assert_int_equal(m->optcr, LEVEL_1_OPTCR);
    /* At level 1: write protection can still be set and removed, level 1 stays as it is. */
    model_expect(m, DIALECT_COURSE, 0x58, BYTES(4, 0, 2, 0x52, 0x44, 0x50, 0x31),
                 BYTES(0xA5, 1, 0));
    assert_int_equal(m->optcr, 0x0FFB55ED);
    model_expect(m, DIALECT_COURSE, 0x5C, NULL, 0, BYTES(0xA5, 1, 1));
    assert_int_equal(m->optcr, 0x0FFB55ED);
    model_expect(m, DIALECT_COURSE, 0x5C, BYTES(1), BYTES(0xA5, 1, 0));
    assert_int_equal(m->optcr, LEVEL_1_OPTCR);
    /* Any byte but AA and CC is level 1, and is left as it is. */
    m->optcr = 0x0FFF3CED;
    model_expect(m, DIALECT_COURSE, 0x58, BYTES(4, 2, 0x52, 0x44, 0x50, 0x31), BYTES(0xA5, 1, 0));
    assert_int_equal(m->optcr, 0x0FFB3CED);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_protect),
        cmocka_unit_test(test_commands_protect_bootloader),
        cmocka_unit_test(test_commands_unprotect_spares_bootloader),
        cmocka_unit_test(test_commands_read_protect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

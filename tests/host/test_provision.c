/* SPDX-License-Identifier: MIT */
/*
 * Provisioning: what would be burnt, when that is refused beforehand, and that only what reads back
 * counts as burnt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_board.h"

static struct ararext_provisioning two_keys(void)
{
    struct ararext_provisioning p = {.count = 2, .has_identity = true};
    memset(p.hashes[0], 0xA0, 32);
    memset(p.hashes[1], 0xA1, 32);
    memset(p.identity, 0xC3, 32);
    return p;
}

static void test_provision_good(void **state)
{
    struct fake_board b;
    const struct ararext_provisioning p = two_keys();
    uint8_t blocks[160];
    (void)state;
    fake_open(&b);
    assert_int_equal(ararext_provision_check(&p, b.otp, NULL), ARAREXT_OK);
    assert_int_equal(ararext_provision(b.session, &p), ARAREXT_OK);
    assert_int_equal(b.provision_len, 6 + 64 + 32);
    static const uint8_t head[6] = {0x50, 0x52, 0x4F, 0x56, 2, 1}; /* "PROV" */
    assert_memory_equal(b.provision, head, sizeof head);
    ararext_provision_image(&p, blocks);
    assert_memory_equal(b.otp, blocks, sizeof blocks);
    for (size_t i = 64; i < 128; i++) {
        assert_int_equal(blocks[i], 0xFF); /* keys 2 and 3: none */
    }
    assert_int_equal(ararext_provision_check(&p, b.otp, NULL), ARAREXT_ERR_PROVISION);
    fake_close(&b);
}

static void test_provision_is_read_back(void **state)
{
    struct fake_board b;
    const struct ararext_provisioning p = two_keys();
    (void)state;
    fake_open(&b);
    b.lose_provision = true;
    assert_int_equal(ararext_provision(b.session, &p), ARAREXT_OK);
    assert_int_equal(b.requests[0x6A], 1); /* never a second time */
    fake_close(&b);
    fake_open(&b);
    b.burns_wrong = true;
    assert_int_equal(ararext_provision(b.session, &p), ARAREXT_ERR_VERIFY);
    fake_close(&b);
    fake_open(&b);
    b.provision_reason = 0x4F;
    assert_int_equal(ararext_provision(b.session, &p), ARAREXT_ERR_REFUSED);
    b.provision_reason = 0x40; /* provisioned, with other keys */
    assert_int_equal(ararext_provision(b.session, &p), ARAREXT_ERR_REFUSED);
    assert_false(ararext_provision_done(&p, b.otp));
    ararext_provision_image(&p, b.otp);
    memset(b.otp + 512, 0, 5); /* ... and with these */
    assert_true(ararext_provision_done(&p, b.otp));
    assert_int_equal(ararext_provision(b.session, &p), ARAREXT_OK);
    fake_close(&b);
}

static void test_provision_check(void **state)
{
    struct ararext_provisioning p = two_keys();
    uint8_t otp[ARAREXT_OTP_SIZE];
    struct ararext_message why;
    static const struct {
        size_t offset;
        uint8_t value;
        int rc;
    } rows[] = {
        {0, 0xA0, ARAREXT_OK},              /* half of it is there: a power cut */
        {0, 0xE0, ARAREXT_OK},              /* a bit of it */
        {0, 0x20, ARAREXT_ERR_PROVISION},   /* a bit too many */
        {64, 0xFE, ARAREXT_ERR_PROVISION},  /* something where no key goes */
        {128, 0x00, ARAREXT_ERR_PROVISION}, /* another identity */
        {512, 0x00, ARAREXT_ERR_PROVISION}, /* locked blank */
        {514, 0x00, ARAREXT_OK},            /* locked, and blank is what it should be */
        {516, 0x00, ARAREXT_ERR_PROVISION}, /* locked without the identity */
        {160, 0xFE, ARAREXT_ERR_PROVISION}, /* key 0 revoked */
        {164, 0xFE, ARAREXT_ERR_PROVISION}, /* key 1 revoked */
        {168, 0xFE, ARAREXT_OK},            /* key 2, which there is not */
        {192, 0xFE, ARAREXT_OK},            /* a counter that begins at 1 */
        {517, 0x00, ARAREXT_ERR_PROVISION}, /* revocations locked */
        {527, 0x00, ARAREXT_ERR_PROVISION}, /* counter locked */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(otp, 0xFF, sizeof otp);
        otp[rows[i].offset] = rows[i].value;
        assert_int_equal(ararext_provision_check(&p, otp, &why), rows[i].rc);
    }
    memset(otp, 0xFF, sizeof otp);
    memcpy(p.hashes[1], p.hashes[0], 32);
    assert_int_equal(ararext_provision_check(&p, otp, &why), ARAREXT_ERR_ARGUMENT);
    memset(p.hashes[1], 0xFF, 32);
    assert_int_equal(ararext_provision_check(&p, otp, &why), ARAREXT_ERR_ARGUMENT);
    p.count = 0;
    assert_int_equal(ararext_provision_check(&p, otp, &why), ARAREXT_ERR_ARGUMENT);
    p.count = 5;
    assert_int_equal(ararext_provision_check(&p, otp, &why), ARAREXT_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_provision_good),
        cmocka_unit_test(test_provision_is_read_back),
        cmocka_unit_test(test_provision_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

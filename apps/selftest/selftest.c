/* SPDX-License-Identifier: MIT */
/*
 * Mbed TLS's own self-tests and TLS connections with itself, on the board: an application of the
 * size that connected ones have, with the console of the demonstration (apps/ota-demo/README.md).
 * It must never be taken for a pattern where secrets are concerned: see mbedtls_hardware_poll.
 */
#include <stdlib.h>
#include <string.h>

#include <mbedtls/aes.h>
#include <mbedtls/aria.h>
#include <mbedtls/base64.h>
#include <mbedtls/bignum.h>
#include <mbedtls/camellia.h>
#include <mbedtls/ccm.h>
#include <mbedtls/chacha20.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/cmac.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/des.h>
#include <mbedtls/dhm.h>
#include <mbedtls/ecjpake.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/gcm.h>
#include <mbedtls/hmac_drbg.h>
#include <mbedtls/md5.h>
#include <mbedtls/nist_kw.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/poly1305.h>
#include <mbedtls/ripemd160.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha3.h>
#include <mbedtls/sha512.h>
#include <mbedtls/version.h>
#include "ota.h"
#include <psa/crypto.h>
#include "support.h"
#include "tls_check.h"

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *out_len);

/*
 * NOT RANDOM: the same numbers after every start. The chip's generator belongs here; the tests have
 * nothing to hide and want to be the same each time.
 */
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *out_len)
{
    static uint32_t state = 1;

    (void)data;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        output[i] = (uint8_t)(state >> 24);
    }
    *out_len = len;
    return 0;
}

/* FIPS 202's example. The library's own test hashes a million bytes four times: longer here than a
 * trial's watchdog may last. */
static int test_sha3(int verbose)
{
    static const uint8_t expected[32] = {0x3A, 0x98, 0x5D, 0xA7, 0x4F, 0xE2, 0x25, 0xB2,
                                         0x04, 0x5C, 0x17, 0x2D, 0x6B, 0xD3, 0x90, 0xBD,
                                         0x85, 0x5F, 0x08, 0x6E, 0x3E, 0x9D, 0x52, 0x5B,
                                         0x46, 0xBF, 0xE2, 0x45, 0x11, 0x43, 0x15, 0x32};
    uint8_t digest[sizeof expected];
    int error = mbedtls_sha3(MBEDTLS_SHA3_256, (const uint8_t *)"abc", 3, digest, sizeof digest);

    (void)verbose;
    return error == 0 ? memcmp(digest, expected, sizeof digest) : error;
}

/* A signature by the PSA interface: made, checked, and not accepted once a bit differs. */
static int test_psa(int verbose)
{
    static const uint8_t message[] = "signed by the board";
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    const psa_algorithm_t algorithm = PSA_ALG_DETERMINISTIC_ECDSA(PSA_ALG_SHA_256);
    uint8_t signature[PSA_ECDSA_SIGNATURE_SIZE(256)];
    mbedtls_svc_key_id_t key = MBEDTLS_SVC_KEY_ID_INIT;
    size_t len;
    psa_status_t status = psa_crypto_init();

    (void)verbose;
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_MESSAGE | PSA_KEY_USAGE_VERIFY_MESSAGE);
    psa_set_key_algorithm(&attributes, algorithm);
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(&attributes, 256);
    if (status == PSA_SUCCESS) {
        status = psa_generate_key(&attributes, &key);
    }
    if (status == PSA_SUCCESS) {
        status = psa_sign_message(key, algorithm, message, sizeof message, signature,
                                  sizeof signature, &len);
    }
    if (status == PSA_SUCCESS) {
        status = psa_verify_message(key, algorithm, message, sizeof message, signature, len);
    }
    if (status == PSA_SUCCESS) {
        signature[0] ^= 1;
        status = psa_verify_message(key, algorithm, message, sizeof message, signature, len);
        status = status == PSA_ERROR_INVALID_SIGNATURE ? PSA_SUCCESS : PSA_ERROR_GENERIC_ERROR;
    }
    (void)psa_destroy_key(key);
    return status;
}

static int test_tls(enum tls_check_version version, const char *name)
{
    const char *suite = "";
    int error = tls_check_run(version, &suite);

    if (error == 0) {
        ota_print("%s %s", name, suite);
    }
    return error;
}

static int test_tls12(int verbose)
{
    (void)verbose;
    return test_tls(TLS_CHECK_1_2, "tls12");
}

static int test_tls13(int verbose)
{
    (void)verbose;
    return test_tls(TLS_CHECK_1_3, "tls13");
}

struct test {
    const char *name;
    int (*run)(int verbose);
};

static const struct test tests[] = {
    {"md5", mbedtls_md5_self_test},
    {"ripemd160", mbedtls_ripemd160_self_test},
    {"sha1", mbedtls_sha1_self_test},
    {"sha224", mbedtls_sha224_self_test},
    {"sha256", mbedtls_sha256_self_test},
    {"sha384", mbedtls_sha384_self_test},
    {"sha512", mbedtls_sha512_self_test},
    {"sha3", test_sha3},
    {"base64", mbedtls_base64_self_test},
    {"des", mbedtls_des_self_test},
    {"aes", mbedtls_aes_self_test},
    {"aria", mbedtls_aria_self_test},
    {"camellia", mbedtls_camellia_self_test},
    {"ccm", mbedtls_ccm_self_test},
    {"gcm", mbedtls_gcm_self_test},
    {"cmac", mbedtls_cmac_self_test},
    {"nist_kw", mbedtls_nist_kw_self_test},
    {"chacha20", mbedtls_chacha20_self_test},
    {"poly1305", mbedtls_poly1305_self_test},
    {"chachapoly", mbedtls_chachapoly_self_test},
    {"pkcs5", mbedtls_pkcs5_self_test},
    {"entropy", mbedtls_entropy_self_test},
    {"ctr_drbg", mbedtls_ctr_drbg_self_test},
    {"hmac_drbg", mbedtls_hmac_drbg_self_test},
    {"mpi", mbedtls_mpi_self_test},
    {"rsa", mbedtls_rsa_self_test},
    {"dhm", mbedtls_dhm_self_test},
    {"ecp", mbedtls_ecp_self_test},
    {"ecjpake", mbedtls_ecjpake_self_test},
    {"psa", test_psa},
    {"tls12", test_tls12},
    {"tls13", test_tls13},
};

static int run_test(const struct test *test)
{
    char why[96] = "";
    uint32_t since = support_ms();
    int error = test->run(0);

    ota_feed();
    if (error == 0) {
        ota_print("selftest %s passed, %lu ms", test->name, (unsigned long)(support_ms() - since));
        return 0;
    }
    mbedtls_strerror(error, why, sizeof why);
    ota_print("selftest %s FAILED: %d %s", test->name, error, why);
    return OTA_FAILED;
}

static int selftest_all(void)
{
    int error = 0;

    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (run_test(&tests[i]) != 0) {
            error = OTA_FAILED;
        }
    }
    return error;
}

static int run_one(char *arguments)
{
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (strcmp(tests[i].name, arguments) == 0) {
            return run_test(&tests[i]);
        }
    }
    return OTA_USAGE;
}

static int run_library(char *arguments)
{
    char text[32];

    (void)arguments;
    mbedtls_version_get_string_full(text);
    ota_print("library %s", text);
    return 0;
}

static const struct ota_command selftest_commands[] = {
    {"test", "test NAME: one of the tests that selftest runs", run_one},
    {"library", "name and version of the library under test", run_library},
};

static int prepare(void)
{
    return psa_crypto_init() == PSA_SUCCESS ? 0 : OTA_FAILED;
}

static const struct ota_app selftest = {
    .name = "selftest",
    .version = SELFTEST_VERSION,
    .commands = selftest_commands,
    .command_count = sizeof selftest_commands / sizeof selftest_commands[0],
    .prepare = prepare,
    .selftest = selftest_all,
    .fast = true,
};

int main(void)
{
    ota_run(&selftest);
}

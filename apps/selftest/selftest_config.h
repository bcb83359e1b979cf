/* SPDX-License-Identifier: MIT */
/*
 * Mbed TLS as its authors configure it, without what needs files, sockets or a calendar. Tables lie
 * in flash, and records are as small as such a chip wants them.
 */
#ifndef APPS_SELFTEST_CONFIG_H
#define APPS_SELFTEST_CONFIG_H

#include <mbedtls/mbedtls_config.h>

#undef MBEDTLS_NET_C
#undef MBEDTLS_FS_IO
#undef MBEDTLS_TIMING_C
#undef MBEDTLS_HAVE_TIME
#undef MBEDTLS_HAVE_TIME_DATE
#undef MBEDTLS_PSA_ITS_FILE_C
#undef MBEDTLS_PSA_CRYPTO_STORAGE_C
#undef MBEDTLS_AESNI_C
#undef MBEDTLS_AESCE_C
#undef MBEDTLS_PADLOCK_C

#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_ENTROPY_HARDWARE_ALT
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_SSL_IN_CONTENT_LEN  4096
#define MBEDTLS_SSL_OUT_CONTENT_LEN 4096

#endif

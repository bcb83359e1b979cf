/* SPDX-License-Identifier: MIT */
/*
 * A TLS connection inside the board: a client and a server with a certificate made on the spot,
 * over two buffers in place of a network. It exercises certificates, key exchange and records.
 */
#ifndef APPS_TLS_CHECK_H
#define APPS_TLS_CHECK_H

enum tls_check_version { TLS_CHECK_1_2, TLS_CHECK_1_3 };

/* Handshake, one line each way, close. Calls ota_feed now and then. 0, or the negative error of
 * Mbed TLS; TLS_CHECK_STUCK if neither side could go on, TLS_CHECK_DIFFERS if the line arrived
 * changed. suite, unless NULL, gets the name of the cipher suite; static. */
enum { TLS_CHECK_STUCK = -1, TLS_CHECK_DIFFERS = -2 };
int tls_check_run(enum tls_check_version version, const char **suite);

#endif

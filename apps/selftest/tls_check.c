/* SPDX-License-Identifier: MIT */
/* Client and server take turns until both are done; neither ever waits. */
#include "tls_check.h"

#include <stdint.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include "ota.h"

#define PIPE_SIZE  4608u
#define ROUNDS_MAX 200
#define CERT_SIZE  640u
#define HOST_NAME  "board.test"

/* What one side has sent and the other has not yet taken. */
struct pipe {
    size_t len;
    uint8_t bytes[PIPE_SIZE];
};

struct side {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    struct pipe *out, *in;
};

struct check {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_pk_context key;
    mbedtls_x509_crt certificate;
    struct side client, server;
};

static struct pipe to_server, to_client;
static struct check check;
static uint8_t certificate[CERT_SIZE];

static int pipe_send(void *ctx, const unsigned char *data, size_t len)
{
    struct pipe *pipe = ((struct side *)ctx)->out;
    size_t n = sizeof pipe->bytes - pipe->len < len ? sizeof pipe->bytes - pipe->len : len;

    if (n == 0) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    memcpy(pipe->bytes + pipe->len, data, n);
    pipe->len += n;
    return (int)n;
}

static int pipe_receive(void *ctx, unsigned char *data, size_t len)
{
    struct pipe *pipe = ((struct side *)ctx)->in;
    size_t n = pipe->len < len ? pipe->len : len;

    if (n == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    memcpy(data, pipe->bytes, n);
    pipe->len -= n;
    memmove(pipe->bytes, pipe->bytes + n, pipe->len);
    return (int)n;
}

/* A key, and a certificate for it that it signs itself. */
static int make_certificate(void)
{
    mbedtls_x509write_cert writer;
    uint8_t serial = 1;
    int len;
    int error = mbedtls_pk_setup(&check.key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));

    mbedtls_x509write_crt_init(&writer);
    mbedtls_x509write_crt_set_subject_key(&writer, &check.key);
    mbedtls_x509write_crt_set_issuer_key(&writer, &check.key);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    error = error != 0 ? error
                       : mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(check.key),
                                             mbedtls_ctr_drbg_random, &check.random);
    error = error != 0 ? error : mbedtls_x509write_crt_set_subject_name(&writer, "CN=" HOST_NAME);
    error = error != 0 ? error : mbedtls_x509write_crt_set_issuer_name(&writer, "CN=" HOST_NAME);
    error = error != 0 ? error : mbedtls_x509write_crt_set_serial_raw(&writer, &serial, 1);
    error = error != 0
                ? error
                : mbedtls_x509write_crt_set_validity(&writer, "20260101000000", "20360101000000");
    error = error != 0 ? error : mbedtls_x509write_crt_set_basic_constraints(&writer, 1, 0);
    if (error == 0) {
        len = mbedtls_x509write_crt_der(&writer, certificate, sizeof certificate,
                                        mbedtls_ctr_drbg_random, &check.random);
        error = len < 0 ? len
                        : mbedtls_x509_crt_parse_der(&check.certificate,
                                                     certificate + sizeof certificate - len,
                                                     (size_t)len);
    }
    mbedtls_x509write_crt_free(&writer);
    return error;
}

static int start_side(struct side *side, int endpoint, enum tls_check_version version)
{
    mbedtls_ssl_protocol_version wanted =
        version == TLS_CHECK_1_3 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2;
    int error = mbedtls_ssl_config_defaults(&side->config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                            MBEDTLS_SSL_PRESET_DEFAULT);

    mbedtls_ssl_conf_rng(&side->config, mbedtls_ctr_drbg_random, &check.random);
    mbedtls_ssl_conf_min_tls_version(&side->config, wanted);
    mbedtls_ssl_conf_max_tls_version(&side->config, wanted);
    if (endpoint == MBEDTLS_SSL_IS_CLIENT) {
        mbedtls_ssl_conf_authmode(&side->config, MBEDTLS_SSL_VERIFY_REQUIRED);
        mbedtls_ssl_conf_ca_chain(&side->config, &check.certificate, NULL);
    } else if (error == 0) {
        error = mbedtls_ssl_conf_own_cert(&side->config, &check.certificate, &check.key);
    }
    error = error != 0 ? error : mbedtls_ssl_setup(&side->ssl, &side->config);
    if (error == 0 && endpoint == MBEDTLS_SSL_IS_CLIENT) {
        error = mbedtls_ssl_set_hostname(&side->ssl, HOST_NAME);
    }
    mbedtls_ssl_set_bio(&side->ssl, side, pipe_send, pipe_receive, NULL);
    return error;
}

static bool is_waiting(int error)
{
    return error == MBEDTLS_ERR_SSL_WANT_READ || error == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static int shake_hands(void)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        int client = mbedtls_ssl_handshake(&check.client.ssl);
        int server = mbedtls_ssl_handshake(&check.server.ssl);

        ota_feed();
        if (client == 0 && server == 0) {
            return 0;
        }
        if (client != 0 && !is_waiting(client)) {
            return client;
        }
        if (server != 0 && !is_waiting(server)) {
            return server;
        }
    }
    return TLS_CHECK_STUCK;
}

/* One line from one side to the other. */
static int send_line(struct side *from, struct side *to, const char *line)
{
    uint8_t received[64] = {0};
    size_t len = strlen(line);
    int n = mbedtls_ssl_write(&from->ssl, (const unsigned char *)line, len);

    if (n != (int)len) {
        return n < 0 ? n : TLS_CHECK_STUCK;
    }
    for (int tries = 0; tries < ROUNDS_MAX; tries++) {
        n = mbedtls_ssl_read(&to->ssl, received, sizeof received);
        if (n != MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET && !is_waiting(n)) {
            break;
        }
    }
    if (n < 0) {
        return n;
    }
    return n == (int)len && memcmp(received, line, len) == 0 ? 0 : TLS_CHECK_DIFFERS;
}

static void open_all(void)
{
    memset(&check, 0, sizeof check);
    to_server.len = to_client.len = 0;
    check.client.out = check.server.in = &to_server;
    check.server.out = check.client.in = &to_client;
    mbedtls_entropy_init(&check.entropy);
    mbedtls_ctr_drbg_init(&check.random);
    mbedtls_pk_init(&check.key);
    mbedtls_x509_crt_init(&check.certificate);
    mbedtls_ssl_init(&check.client.ssl);
    mbedtls_ssl_init(&check.server.ssl);
    mbedtls_ssl_config_init(&check.client.config);
    mbedtls_ssl_config_init(&check.server.config);
}

static void close_all(void)
{
    mbedtls_ssl_free(&check.client.ssl);
    mbedtls_ssl_free(&check.server.ssl);
    mbedtls_ssl_config_free(&check.client.config);
    mbedtls_ssl_config_free(&check.server.config);
    mbedtls_x509_crt_free(&check.certificate);
    mbedtls_pk_free(&check.key);
    mbedtls_ctr_drbg_free(&check.random);
    mbedtls_entropy_free(&check.entropy);
}

int tls_check_run(enum tls_check_version version, const char **suite)
{
    int error;

    open_all();
    error = mbedtls_ctr_drbg_seed(&check.random, mbedtls_entropy_func, &check.entropy, NULL, 0);
    error = error != 0 ? error : make_certificate();
    ota_feed();
    error = error != 0 ? error : start_side(&check.client, MBEDTLS_SSL_IS_CLIENT, version);
    error = error != 0 ? error : start_side(&check.server, MBEDTLS_SSL_IS_SERVER, version);
    error = error != 0 ? error : shake_hands();
    error = error != 0 ? error : send_line(&check.client, &check.server, "from the client");
    error = error != 0 ? error : send_line(&check.server, &check.client, "from the server");
    if (error == 0) {
        *suite = mbedtls_ssl_get_ciphersuite(&check.server.ssl);
        error = mbedtls_ssl_close_notify(&check.client.ssl);
    }
    close_all();
    return error;
}

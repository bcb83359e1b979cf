/* SPDX-License-Identifier: MIT */
/*
 * Keys in a build without OpenSSL (ARAREXT_OPENSSL=OFF): public ones are read and written, and
 * signatures checked with what the bootloader itself checks them with. There are no private keys:
 * they belong where a tested library and a person keep them.
 */
#include "package_internal.h"

#include <stdlib.h>
#include <string.h>

#include "ecdsa.h"
#include "sha256.h"
#include "verdict.h"

/* SubjectPublicKeyInfo of an uncompressed point on P-256, before the point (RFC 5480). */
static const uint8_t SPKI_HEAD[TLV_KEY_POINT] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
    0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const char PEM_BEGIN[] = "-----BEGIN PUBLIC KEY-----";
static const char PEM_END[] = "-----END PUBLIC KEY-----";
static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
enum { COORDINATE = 32, LINE = 64 };

void digest_sha256(const uint8_t *data, size_t len, uint8_t digest[DIGEST_SIZE])
{
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, data, len);
    sha256_end(&s, digest);
}

/* ---- keys ---- */

int ararext_key_generate(struct ararext_key **out)
{
    *out = NULL;
    return ARAREXT_ERR_UNSUPPORTED;
}

int ararext_key_from_spki(struct ararext_key **out, const uint8_t spki[ARAREXT_KEY_SIZE])
{
    if (memcmp(spki, SPKI_HEAD, sizeof SPKI_HEAD) != 0) {
        return ARAREXT_ERR_FORMAT;
    }
    struct ararext_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    memcpy(key->spki, spki, sizeof key->spki);
    *out = key;
    return ARAREXT_OK;
}

void ararext_key_free(struct ararext_key *key)
{
    free(key);
}

bool ararext_key_is_private(const struct ararext_key *key)
{
    (void)key;
    return false;
}

void ararext_key_spki(const struct ararext_key *key, uint8_t spki[ARAREXT_KEY_SIZE])
{
    memcpy(spki, key->spki, ARAREXT_KEY_SIZE);
}

void ararext_key_fingerprint(const struct ararext_key *key, uint8_t hash[ARAREXT_DIGEST_SIZE])
{
    digest_sha256(key->spki, sizeof key->spki, hash);
}

/* ---- PEM (RFC 7468) ---- */

/* Where text is in the file from at on; its length if it is not there. */
static size_t find_text(const struct ararext_segment *pem, size_t at, const char *text)
{
    size_t len = strlen(text);
    for (; at + len <= pem->len; at++) {
        if (memcmp(pem->data + at, text, len) == 0) {
            return at;
        }
    }
    return pem->len;
}

/* What base64 says in [from, end), white space left out. Number of bytes, at most size; 0 for
 * anything else. */
static size_t decode(const struct ararext_segment *pem, size_t from, size_t end, uint8_t *out,
                     size_t size)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t len = 0;
    for (size_t i = from; i < end && pem->data[i] != '='; i++) {
        const char *digit = strchr(DIGITS, pem->data[i]);
        if (pem->data[i] != '\0' && strchr(" \t\r\n", pem->data[i]) != NULL) {
            continue;
        }
        if (digit == NULL || *digit == '\0' || len == size) {
            return 0;
        }
        bits = bits << 6 | (uint32_t)(digit - DIGITS);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[len++] = (uint8_t)(bits >> count);
        }
    }
    return len;
}

int ararext_key_parse(struct ararext_key **out, const struct ararext_segment *pem, const char *name,
                      const struct ararext_passphrase *passphrase, struct ararext_message *why)
{
    uint8_t spki[TLV_KEY_SIZE + 1]; /* one more: what is longer shows */
    (void)passphrase;
    if (find_text(pem, 0, "PRIVATE KEY-----") < pem->len) {
        message_set(why, "%s: this build was made without OpenSSL and reads no private keys", name);
        return ARAREXT_ERR_UNSUPPORTED;
    }
    size_t begin = find_text(pem, 0, PEM_BEGIN);
    if (begin == pem->len) {
        message_set(why, "%s: no PEM file with a private or public key", name);
        return ARAREXT_ERR_FORMAT;
    }
    size_t end = find_text(pem, begin, PEM_END);
    size_t len =
        end < pem->len ? decode(pem, begin + sizeof PEM_BEGIN - 1, end, spki, sizeof spki) : 0;
    int rc = len == TLV_KEY_SIZE ? ararext_key_from_spki(out, spki) : ARAREXT_ERR_FORMAT;
    if (rc == ARAREXT_ERR_FORMAT) {
        message_set(why,
                    "%s: not a key on the curve P-256 (prime256v1), the only one that boards "
                    "know, with its whole point",
                    name);
    }
    return rc;
}

int ararext_key_private_pem(const struct ararext_key *key, const char *passphrase, uint8_t **out,
                            size_t *len)
{
    (void)key;
    (void)passphrase;
    (void)out;
    (void)len;
    return ARAREXT_ERR_ARGUMENT; /* none is private */
}

/* Base64 in lines; the key's 91 bytes leave one over, hence the end. */
static size_t encode(const uint8_t *data, size_t len, char *out)
{
    size_t at = 0, digits = 0;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)data[i] << 16 | (i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0) |
                        (i + 2 < len ? data[i + 2] : 0);
        for (unsigned d = 0; d < 4; d++, digits++) {
            out[at++] = (char)(i + d > len ? '=' : DIGITS[bits >> (18 - 6 * d) & 63]);
            if (digits % LINE == LINE - 1) {
                out[at++] = '\n';
            }
        }
    }
    return at;
}

int ararext_key_public_pem(const struct ararext_key *key, uint8_t **out, size_t *len)
{
    enum { ROOM = 256 };
    char *text = malloc(ROOM);
    if (text == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    size_t at = sizeof PEM_BEGIN;
    memcpy(text, PEM_BEGIN, at);
    text[at - 1] = '\n';
    at += encode(key->spki, sizeof key->spki, text + at);
    text[at++] = '\n';
    memcpy(text + at, PEM_END, sizeof PEM_END);
    at += sizeof PEM_END;
    text[at - 1] = '\n';
    *out = (uint8_t *)text;
    *len = at;
    return ARAREXT_OK;
}

/* ---- signatures ---- */

bool key_verify(const struct ararext_key *key, const uint8_t digest[DIGEST_SIZE],
                const uint8_t *signature, size_t len)
{
    return ecdsa_verify(key->spki + TLV_KEY_POINT, digest, signature, len) == VERDICT_GOOD;
}

bool key_sign(const struct ararext_key *key, const uint8_t digest[DIGEST_SIZE],
              uint8_t signature[TLV_SIGNATURE_MAX], size_t *len)
{
    (void)key;
    (void)digest;
    (void)signature;
    (void)len;
    return false;
}

/* A positive INTEGER of 32 bytes in its shortest form; its length. */
static size_t put_integer(const uint8_t number[COORDINATE], uint8_t *der)
{
    size_t from = 0;
    while (from < COORDINATE - 1 && number[from] == 0) {
        from++;
    }
    size_t zero = number[from] >= 0x80 ? 1 : 0, len = COORDINATE - from + zero;
    der[0] = 0x02;
    der[1] = (uint8_t)len;
    der[2] = 0;
    memcpy(der + 2 + zero, number + from, COORDINATE - from);
    return 2 + len;
}

bool signature_from_raw(const uint8_t raw[2 * COORDINATE], uint8_t der[TLV_SIGNATURE_MAX],
                        size_t *len)
{
    size_t n = put_integer(raw, der + 2);
    n += put_integer(raw + COORDINATE, der + 2 + n);
    der[0] = 0x30;
    der[1] = (uint8_t)n;
    *len = 2 + n;
    return true;
}

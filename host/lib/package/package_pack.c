/* SPDX-License-Identifier: MIT */
/*
 * Makes packages. What comes out is read back with the same reader that judges anybody else's, and
 * unpacked and compared with what went in, before it is handed out: a package that our own reader
 * would refuse is never made.
 */
#include "package_internal.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "memory_map.h"
#include "reserved.h"
#include "vectors.h"

/* ---- the content ---- */

int ararext_pack_content(const struct ararext_image *image, uint8_t **content, size_t *len,
                         struct ararext_message *why)
{
    /* The largest board there is. */
    static const struct ararext_info board = {.app_base = MAP_APP_BASE,
                                              .app_end = MAP_APP_BASE + ARAREXT_CONTENT_MAX};
    int rc = ararext_image_check(image, &board, false, why);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    struct ararext_segment last =
        ararext_image_segment(image, ararext_image_segment_count(image) - 1);
    size_t size = last.addr - MAP_APP_BASE + last.len;
    uint8_t *out = malloc(size);
    if (out == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    ararext_image_get(image, MAP_APP_BASE, out, size);
    *content = out;
    *len = size;
    return ARAREXT_OK;
}

/* ---- putting it together ---- */

/* A buffer that is large enough for what is put into it. */
struct writer {
    uint8_t *data;
    size_t len;
};

static void put(struct writer *w, const void *data, size_t len)
{
    memcpy(w->data + w->len, data, len);
    w->len += len;
}

static void put_le16(struct writer *w, uint32_t value)
{
    store_le16(w->data + w->len, (uint16_t)value);
    w->len += 2;
}

static void put_le32(struct writer *w, uint32_t value)
{
    store_le32(w->data + w->len, value);
    w->len += 4;
}

static void put_tlv(struct writer *w, uint16_t type, const void *value, size_t len)
{
    put_le16(w, type);
    put_le16(w, (uint32_t)len);
    put(w, value, len);
}

static void put_tlv_le32(struct writer *w, uint16_t type, uint32_t value)
{
    put_le16(w, type);
    put_le16(w, 4);
    put_le32(w, value);
}

enum { PROTECTED_ROOM = 256, OTHER_ROOM = TLV_UNPROTECTED_MAX };

/* What a package is made of. */
struct parts {
    const struct ararext_segment *content;
    const uint8_t *payload;
    size_t payload_len;
    enum ararext_packing packing;
};

static void put_protected(struct writer *w, const struct parts *parts,
                          const struct ararext_pack_options *o)
{
    uint8_t digest[DIGEST_SIZE];
    if (o->counter != 0) {
        put_tlv_le32(w, TLV_COUNTER, o->counter);
    }
    if (parts->packing != ARAREXT_PLAIN) {
        put_tlv_le32(w, TLV_CONTENT_SIZE, parts->content->len);
    }
    digest_sha256(parts->content->data, parts->content->len, digest);
    put_tlv(w, TLV_CONTENT_SHA256, digest, sizeof digest);
    if (o->identity != NULL) {
        put_tlv(w, TLV_VENDOR, o->identity, UUID_SIZE);
        put_tlv(w, TLV_CLASS, o->identity + UUID_SIZE, UUID_SIZE);
    }
    if (o->has_policy) {
        const uint8_t policy[POLICY_SIZE] = {o->trials, o->crashes, o->watchdog_s, 0};
        put_tlv(w, TLV_POLICY, policy, sizeof policy);
    }
    if (o->revoke != 0) {
        put_tlv(w, TLV_REVOKE, &o->revoke, 1);
    }
}

static void put_header(struct writer *w, const struct parts *parts,
                       const struct ararext_version *version, size_t protected_size)
{
    static const uint32_t flags[] = {
        [ARAREXT_PLAIN] = 0,
        [ARAREXT_LZMA2] = PACKAGE_FLAG_LZMA2,
        [ARAREXT_LZMA2_THUMB] = PACKAGE_FLAG_LZMA2 | PACKAGE_FLAG_ARM_THUMB,
    };
    const uint8_t major_minor[2] = {version->major, version->minor};
    put_le32(w, PACKAGE_MAGIC);
    put_le32(w, 0);
    put_le16(w, PACKAGE_HEADER_SIZE);
    put_le16(w, (uint32_t)protected_size);
    put_le32(w, (uint32_t)parts->payload_len);
    put_le32(w, flags[parts->packing]);
    put(w, major_minor, sizeof major_minor);
    put_le16(w, version->revision);
    put_le32(w, version->build);
    put_le32(w, 0);
}

/* Header, payload, protected area, and the digest over them. MEMORY. */
static int assemble(const struct parts *parts, const struct ararext_pack_options *o, uint8_t **out,
                    size_t *len)
{
    uint8_t tlvs[PROTECTED_ROOM] = {0}, digest[DIGEST_SIZE];
    struct writer area = {.data = tlvs};
    put_protected(&area, parts, o);
    size_t protected_size = area.len == 0 ? 0 : TLV_AREA_HEAD + area.len;
    struct writer w = {.data = malloc(PACKAGE_HEADER_SIZE + parts->payload_len + PROTECTED_ROOM +
                                      TLV_AREA_HEAD + OTHER_ROOM)};
    if (w.data == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    put_header(&w, parts, &o->version, protected_size);
    put(&w, parts->payload, parts->payload_len);
    if (protected_size != 0) {
        put_le16(&w, TLV_PROTECTED_MAGIC);
        put_le16(&w, (uint32_t)protected_size);
        put(&w, tlvs, area.len);
    }
    digest_sha256(w.data, w.len, digest);
    put_le16(&w, TLV_AREA_MAGIC);
    put_le16(&w, TLV_AREA_HEAD + TLV_HEAD + DIGEST_SIZE);
    put_tlv(&w, TLV_SHA256, digest, sizeof digest);
    *out = w.data;
    *len = w.len;
    return ARAREXT_OK;
}

/* ---- reading it back ---- */

static int read_back(const uint8_t *data, size_t len, const struct ararext_segment *content,
                     struct ararext_message *why)
{
    struct ararext_message what = {""};
    struct ararext_package p;
    uint8_t *unpacked = NULL;
    size_t unpacked_len = 0;
    int rc = ararext_package_parse(&p, data, len, &what);
    if (rc == ARAREXT_OK) {
        rc = ararext_package_unpack(&p, &unpacked, &unpacked_len, &what);
    }
    if (rc == ARAREXT_OK &&
        (unpacked_len != content->len || memcmp(unpacked, content->data, unpacked_len) != 0)) {
        message_set(&what, "it unpacks to something else");
        rc = ARAREXT_ERR_FORMAT;
    }
    free(unpacked);
    if (rc == ARAREXT_ERR_FORMAT) {
        message_set(why, "the package that was made is not good, and was thrown away: %s",
                    what.text);
    }
    return rc;
}

static int check_options(const struct ararext_segment *content,
                         const struct ararext_pack_options *o, struct ararext_message *why)
{
    if (!NOTHING_RESERVED(o, why)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    if (o->counter > ARAREXT_COUNTER_MAX) {
        message_set(why, "security counter %u: boards count to %u", (unsigned)o->counter,
                    ARAREXT_COUNTER_MAX);
        return ARAREXT_ERR_ARGUMENT;
    }
    if (o->has_policy &&
        (o->trials > 15 || o->crashes == 1 || o->watchdog_s < 1 || o->watchdog_s > 30)) {
        message_set(why, "policy: boots on trial 0 to 15, crash limit 0 or 2 to 255, watchdog 1 to "
                         "30 seconds");
        return ARAREXT_ERR_ARGUMENT;
    }
    if (o->revoke >= 1u << OTP_KEY_COUNT || content->len == 0) {
        message_set(why, "keys to revoke are 0 to 3, and a content is not empty");
        return ARAREXT_ERR_ARGUMENT;
    }
    if (content->len > ARAREXT_CONTENT_MAX) {
        message_set(why, "a content of %u bytes: %u more than any board takes",
                    (unsigned)content->len, (unsigned)content->len - ARAREXT_CONTENT_MAX);
        return ARAREXT_ERR_IMAGE;
    }
    return vectors_check(content->data, content->len, why);
}

/* Compressed, unless that does not pay. *payload is the caller's to free, NULL for plain. */
static int choose_payload(struct parts *parts, bool plain, uint8_t **payload)
{
    size_t len = 0;
    enum { COST = 2 * TLV_HEAD + 4 + DIGEST_SIZE };
    enum ararext_packing packing = ARAREXT_PLAIN;
    *payload = NULL;
    parts->payload = parts->content->data;
    parts->payload_len = parts->content->len;
    parts->packing = ARAREXT_PLAIN;
    if (plain) {
        return ARAREXT_OK;
    }
    int rc = payload_compress(parts->content->data, parts->content->len, payload, &len, &packing);
    if (rc == ARAREXT_OK && len + COST < parts->payload_len) {
        parts->payload = *payload;
        parts->payload_len = len;
        parts->packing = packing;
    }
    return rc;
}

int ararext_pack(const struct ararext_segment *content, const struct ararext_pack_options *options,
                 uint8_t **out, size_t *len, struct ararext_message *why)
{
    struct parts parts = {.content = content};
    uint8_t *payload = NULL, *data = NULL;
    int rc = check_options(content, options, why);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = choose_payload(&parts, options->plain, &payload);
    if (rc == ARAREXT_OK) {
        rc = assemble(&parts, options, &data, len);
    }
    free(payload);
    if (rc == ARAREXT_OK) {
        rc = read_back(data, *len, content, why);
    }
    if (rc == ARAREXT_OK && *len > ARAREXT_PACKAGE_MAX) {
        message_set(why, "the package has %zu bytes, %zu more than any board takes", *len,
                    *len - ARAREXT_PACKAGE_MAX);
        rc = ARAREXT_ERR_IMAGE;
    }
    if (rc != ARAREXT_OK) {
        free(data);
        return rc;
    }
    *out = data;
    return ARAREXT_OK;
}

/* ---- signing ---- */

/* The signature as DER: made now, or the one from outside in either form. */
static int get_signature(const struct ararext_key *key, const uint8_t *digest,
                         const struct ararext_segment *outside, struct writer *der)
{
    if (outside == NULL) {
        if (!ararext_key_is_private(key)) {
            return ARAREXT_ERR_ARGUMENT;
        }
        return key_sign(key, digest, der->data, &der->len) ? ARAREXT_OK : ARAREXT_ERR_MEMORY;
    }
    if (outside->len <= TLV_SIGNATURE_MAX && key_verify(key, digest, outside->data, outside->len)) {
        put(der, outside->data, outside->len);
        return ARAREXT_OK;
    }
    bool good = outside->len == 64 && signature_from_raw(outside->data, der->data, &der->len) &&
                key_verify(key, digest, der->data, der->len);
    return good ? ARAREXT_OK : ARAREXT_ERR_SIGNATURE;
}

/* start is empty where there is no start signature. */
static int put_signed(const struct ararext_package *p, const struct ararext_key *key,
                      const struct writer *signature, const struct writer *start, struct writer *w)
{
    uint32_t size = (uint32_t)(TLV_AREA_HEAD + 3 * TLV_HEAD + DIGEST_SIZE + TLV_KEY_SIZE +
                               signature->len + (start->len != 0 ? TLV_HEAD + start->len : 0));
    w->data = malloc(p->signed_size + OTHER_ROOM);
    if (w->data == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    put(w, p->data, p->signed_size);
    put_le16(w, TLV_AREA_MAGIC);
    put_le16(w, size);
    put_tlv(w, TLV_SHA256, p->data + p->digest_at, DIGEST_SIZE);
    put_tlv(w, TLV_KEY, key->spki, TLV_KEY_SIZE);
    put_tlv(w, TLV_ECDSA_P256, signature->data, signature->len);
    if (start->len != 0) {
        put_tlv(w, TLV_START, start->data, start->len);
    }
    return ARAREXT_OK;
}

/* By the same reader as everybody's. */
static int check_signed(const struct writer *w, const struct ararext_key *key,
                        struct ararext_message *why)
{
    struct ararext_package p;
    struct ararext_package_findings f;
    int rc = ararext_package_parse(&p, w->data, w->len, why);
    return rc == ARAREXT_OK ? ararext_package_check(&p, key, &f, why) : rc;
}

/* One signature of a digest into der; the sentence names it. */
static int take_signature(const struct ararext_key *key, const uint8_t *digest,
                          const struct ararext_segment *outside, const char *name,
                          struct writer *der, struct ararext_message *why)
{
    int rc = get_signature(key, digest, outside, der);
    if (rc == ARAREXT_ERR_SIGNATURE) {
        message_set(why,
                    "the %ssignature is not this key's over the package's %sdigest (%zu bytes; "
                    "DER, or r and s of 32 bytes each)",
                    name, name, (size_t)outside->len);
    }
    return rc;
}

/* The start signature, if there is to be one. */
static int take_start(const struct ararext_package *p, const struct ararext_key *key,
                      const struct ararext_segment *signature, const struct ararext_segment *start,
                      struct writer *der, struct ararext_message *why)
{
    uint8_t digest[DIGEST_SIZE];
    if (p->content_digest_at == 0 && start != NULL) {
        message_set(why, "the package has no SHA-256 of its content (TLV 0xA0): it cannot have a "
                         "start signature");
        return ARAREXT_ERR_ARGUMENT;
    }
    if (p->content_digest_at == 0 || (signature != NULL && start == NULL)) {
        return ARAREXT_OK;
    }
    ararext_package_start_digest(p, digest);
    return take_signature(key, digest, signature != NULL ? start : NULL, "start ", der, why);
}

int ararext_pack_sign(const struct ararext_segment *package, const struct ararext_key *key,
                      const struct ararext_segment *signature, const struct ararext_segment *start,
                      struct ararext_segment *out, struct ararext_message *why)
{
    struct ararext_package p;
    struct ararext_package_findings f;
    uint8_t bytes[2][TLV_SIGNATURE_MAX];
    struct writer der = {.data = bytes[0]}, start_der = {.data = bytes[1]}, w = {0};
    int rc = ararext_package_parse(&p, package->data, package->len, why);
    if (rc == ARAREXT_OK) {
        /* Whatever signature it has now is going to be replaced. */
        rc = ararext_package_check(&p, NULL, &f, why);
        rc = rc == ARAREXT_ERR_SIGNATURE ? ARAREXT_OK : rc;
    }
    if (rc == ARAREXT_OK) {
        rc = take_signature(key, p.data + p.digest_at, signature, "", &der, why);
    }
    if (rc == ARAREXT_OK) {
        rc = take_start(&p, key, signature, start, &start_der, why);
    }
    if (rc == ARAREXT_OK) {
        rc = put_signed(&p, key, &der, &start_der, &w);
    }
    if (rc == ARAREXT_OK) {
        rc = check_signed(&w, key, why);
    }
    if (rc != ARAREXT_OK) {
        free(w.data);
        return rc;
    }
    *out = (struct ararext_segment){.len = (uint32_t)w.len, .data = w.data};
    return ARAREXT_OK;
}

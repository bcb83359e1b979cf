/* SPDX-License-Identifier: MIT */
/*
 * Whether a package is what it says: digest, signature, content. It decides nothing by halves: all
 * findings are made, then the first that is bad becomes the error.
 */
#include "package_internal.h"

#include <stdlib.h>
#include <string.h>

#include "memory_map.h"
#include "vectors.h"

_Static_assert(ARAREXT_KEY_SIZE == TLV_KEY_SIZE, "key");
_Static_assert(ARAREXT_DIGEST_SIZE == DIGEST_SIZE, "digest");
_Static_assert(ARAREXT_SIGNATURE_MAX == TLV_SIGNATURE_MAX, "signature");
_Static_assert(ARAREXT_COUNTER_MAX == OTP_COUNTER_MAX, "counter");
_Static_assert(ARAREXT_CONTENT_SMALL == MAP_APP_SIZE, "application area");

int ararext_package_unpack(const struct ararext_package *package, uint8_t **content, size_t *len,
                           struct ararext_message *why)
{
    uint8_t digest[DIGEST_SIZE];
    if (package->content_size > ARAREXT_CONTENT_MAX) {
        message_set(why, "a content of %u bytes: %u more than any board takes",
                    (unsigned)package->content_size,
                    (unsigned)package->content_size - ARAREXT_CONTENT_MAX);
        return ARAREXT_ERR_FORMAT;
    }
    uint8_t *out = malloc(package->content_size);
    if (out == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    int rc = payload_unpack(package->data + PACKAGE_HEADER_SIZE, package->payload_size,
                            package->packing, out, package->content_size);
    if (rc == ARAREXT_ERR_FORMAT) {
        message_set(why, "the payload does not unpack to %u bytes",
                    (unsigned)package->content_size);
    }
    if (rc == ARAREXT_OK && package->content_digest_at != 0) {
        digest_sha256(out, package->content_size, digest);
        if (memcmp(digest, package->data + package->content_digest_at, sizeof digest) != 0) {
            message_set(why, "the payload unpacks, but to something else: its SHA-256 is not the "
                             "one in the package");
            rc = ARAREXT_ERR_FORMAT;
        }
    }
    if (rc != ARAREXT_OK) {
        free(out);
        return rc;
    }
    *content = out;
    *len = package->content_size;
    return ARAREXT_OK;
}

/* ---- findings ---- */

static void look_at_digest(const struct ararext_package *p, struct ararext_package_findings *f)
{
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(p->data, p->signed_size, digest);
    f->digest =
        memcmp(digest, p->data + p->digest_at, sizeof digest) == 0 ? ARAREXT_GOOD : ARAREXT_BAD;
}

static void look_at_key(const struct ararext_package *p, const struct ararext_key *key,
                        struct ararext_package_findings *f)
{
    uint8_t given[DIGEST_SIZE];
    f->has_fingerprint = p->key_at != 0 || p->key_hash_at != 0;
    if (p->key_at != 0) {
        digest_sha256(p->data + p->key_at, TLV_KEY_SIZE, f->fingerprint);
    } else if (p->key_hash_at != 0) {
        memcpy(f->fingerprint, p->data + p->key_hash_at, DIGEST_SIZE);
    }
    if (key != NULL && f->has_fingerprint) {
        ararext_key_fingerprint(key, given);
        f->other_key = memcmp(given, f->fingerprint, sizeof given) != 0;
    }
}

void ararext_package_start_digest(const struct ararext_package *package,
                                  uint8_t digest[ARAREXT_DIGEST_SIZE])
{
    uint32_t fields = PACKAGE_HEADER_SIZE + package->payload_size;
    uint8_t bytes[PACKAGE_HEADER_SIZE + TLV_PROTECTED_MAX];
    size_t len = package->signed_size - fields;
    memcpy(bytes, package->data, PACKAGE_HEADER_SIZE);
    memcpy(bytes + PACKAGE_HEADER_SIZE, package->data + fields, len);
    digest_sha256(bytes, PACKAGE_HEADER_SIZE + len, digest);
}

/* The signature of len bytes at an offset, 0 = there is none, over a digest; by the key given, or
 * the one in the package. */
static enum ararext_finding look_at_one(const struct ararext_package *p,
                                        const struct ararext_key *key, bool other_key, uint32_t at,
                                        size_t len, const uint8_t *digest)
{
    struct ararext_key *own = NULL;
    if (at == 0) {
        return ARAREXT_ABSENT;
    }
    if (key == NULL && p->key_at == 0) {
        return ARAREXT_UNCHECKED;
    }
    if (key == NULL && ararext_key_from_spki(&own, p->data + p->key_at) != ARAREXT_OK) {
        return ARAREXT_BAD;
    }
    bool good = key_verify(key != NULL ? key : own, digest, p->data + at, len);
    ararext_key_free(own);
    return good && !other_key ? ARAREXT_GOOD : ARAREXT_BAD;
}

static void look_at_signatures(const struct ararext_package *p, const struct ararext_key *key,
                               struct ararext_package_findings *f)
{
    uint8_t start[DIGEST_SIZE];
    ararext_package_start_digest(p, start);
    f->signature = look_at_one(p, key, f->other_key, p->signature_at, p->signature_len,
                               p->data + p->digest_at);
    f->start = look_at_one(p, key, f->other_key, p->start_at, p->start_len, start);
}

static int look_at_content(const struct ararext_package *p, struct ararext_package_findings *f,
                           struct ararext_message *content_why, struct ararext_message *vectors_why)
{
    uint8_t *content = NULL;
    size_t len = 0;
    int rc = ararext_package_unpack(p, &content, &len, content_why);
    if (rc == ARAREXT_ERR_MEMORY) {
        return rc;
    }
    f->content = rc == ARAREXT_OK ? ARAREXT_GOOD : ARAREXT_BAD;
    f->vectors = ARAREXT_UNCHECKED;
    if (rc == ARAREXT_OK) {
        rc = vectors_check(content, len, vectors_why);
        f->vectors = rc == ARAREXT_OK ? ARAREXT_GOOD : ARAREXT_BAD;
    }
    free(content);
    return ARAREXT_OK;
}

static int judge_signature(const struct ararext_package *p, const struct ararext_key *key,
                           const struct ararext_package_findings *f, struct ararext_message *why)
{
    if (f->signature == ARAREXT_BAD && f->other_key) {
        message_set(why, "the package names another key than the one given");
    } else if (f->signature == ARAREXT_BAD) {
        message_set(why, "the signature is wrong%s",
                    key == NULL ? " by the key in the package" : "");
    } else if (f->start == ARAREXT_BAD) {
        message_set(why, "the start signature (TLV 0xA3) is wrong%s",
                    key == NULL ? " by the key in the package" : "");
    } else if (f->signature == ARAREXT_ABSENT && (key != NULL || p->key_at != 0)) {
        message_set(why, "the package is not signed");
    } else {
        return ARAREXT_OK;
    }
    return ARAREXT_ERR_SIGNATURE;
}

int ararext_package_check(const struct ararext_package *package, const struct ararext_key *key,
                          struct ararext_package_findings *findings, struct ararext_message *why)
{
    struct ararext_message content_why = {""}, vectors_why = {""};
    *findings = (struct ararext_package_findings){0};
    look_at_digest(package, findings);
    look_at_key(package, key, findings);
    look_at_signatures(package, key, findings);
    int rc = look_at_content(package, findings, &content_why, &vectors_why);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (findings->digest != ARAREXT_GOOD) {
        message_set(why, "the package is damaged or altered: its digest is wrong");
        return ARAREXT_ERR_FORMAT;
    }
    if (findings->content != ARAREXT_GOOD) {
        message_set(why, "%s", content_why.text);
        return ARAREXT_ERR_FORMAT;
    }
    rc = judge_signature(package, key, findings, why);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (findings->vectors != ARAREXT_GOOD) {
        message_set(why, "%s", vectors_why.text);
        return ARAREXT_ERR_IMAGE;
    }
    if (package->size > ARAREXT_PACKAGE_MAX) {
        message_set(why, "the package has %u bytes, %u more than any board takes",
                    (unsigned)package->size, (unsigned)package->size - ARAREXT_PACKAGE_MAX);
        return ARAREXT_ERR_IMAGE;
    }
    return ARAREXT_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * A package taken apart: header and TLV areas, by the rules of FORMAT.md and nothing more lenient,
 * since what passes here is sent to boards. Every length is checked before it is used. Whether
 * digest, signature and content are right is package_check.c's work.
 */
#include "package_internal.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "file_kind.h"

enum { PAYLOAD_MIN = 8, PROPERTIES_END = 9 * 5 * 5 };

enum area { AREA_PROTECTED, AREA_OTHER };

/* The TLVs of FORMAT.md. */
static const struct {
    uint16_t type, min, max;
    enum area area;
    const char *name;
    size_t field; /* where struct ararext_package keeps the offset; 0 = nowhere */
} TLVS[] = {
    {TLV_KEY_HASH, DIGEST_SIZE, DIGEST_SIZE, AREA_OTHER, "KEY_HASH",
     offsetof(struct ararext_package, key_hash_at)},
    {TLV_KEY, TLV_KEY_SIZE, TLV_KEY_SIZE, AREA_OTHER, "KEY",
     offsetof(struct ararext_package, key_at)},
    {TLV_SHA256, DIGEST_SIZE, DIGEST_SIZE, AREA_OTHER, "SHA256",
     offsetof(struct ararext_package, digest_at)},
    {TLV_ECDSA_P256, 8, TLV_SIGNATURE_MAX, AREA_OTHER, "ECDSA_P256",
     offsetof(struct ararext_package, signature_at)},
    {TLV_START, 8, TLV_SIGNATURE_MAX, AREA_OTHER, "START_SIGNATURE",
     offsetof(struct ararext_package, start_at)},
    {TLV_COUNTER, 4, 4, AREA_PROTECTED, "COUNTER", 0},
    {TLV_CONTENT_SIZE, 4, 4, AREA_PROTECTED, "CONTENT_SIZE", 0},
    {TLV_VENDOR, UUID_SIZE, UUID_SIZE, AREA_PROTECTED, "VENDOR",
     offsetof(struct ararext_package, vendor_at)},
    {TLV_CLASS, UUID_SIZE, UUID_SIZE, AREA_PROTECTED, "CLASS",
     offsetof(struct ararext_package, class_at)},
    {TLV_CONTENT_SHA256, DIGEST_SIZE, DIGEST_SIZE, AREA_PROTECTED, "CONTENT_SHA256",
     offsetof(struct ararext_package, content_digest_at)},
    {TLV_POLICY, POLICY_SIZE, POLICY_SIZE, AREA_PROTECTED, "POLICY", 0},
    {TLV_REVOKE, 1, 1, AREA_PROTECTED, "REVOKE", 0},
    /* What imgtool writes with compression. */
    {0x71, 0, 255, AREA_PROTECTED, "DECOMP_SHA", 0},
    {0x72, 0, 255, AREA_PROTECTED, "DECOMP_SIGNATURE", 0},
};
enum { TLV_KINDS = sizeof TLVS / sizeof TLVS[0], TLV_SKIPPED_FROM = 0xA0 };

static int kind_of(uint16_t type)
{
    for (int i = 0; i < TLV_KINDS; i++) {
        if (TLVS[i].type == type) {
            return i;
        }
    }
    return -1;
}

const char *ararext_tlv_name(uint16_t type)
{
    int kind = kind_of(type);
    return kind >= 0 ? TLVS[kind].name : NULL;
}

/* FORMAT, with the sentence "offset N: ...". */
__attribute__((format(printf, 3, 4))) static int malformed(struct ararext_message *why,
                                                           uint32_t offset, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    message_set(why, "offset %u: %s", (unsigned)offset, text);
    return ARAREXT_ERR_FORMAT;
}

/* ---- header ---- */

static int read_flags(struct ararext_package *p, uint32_t flags, struct ararext_message *why)
{
    switch (flags) {
    case 0:
        p->packing = ARAREXT_PLAIN;
        return ARAREXT_OK;
    case PACKAGE_FLAG_LZMA2:
        p->packing = ARAREXT_LZMA2;
        return ARAREXT_OK;
    case PACKAGE_FLAG_LZMA2 | PACKAGE_FLAG_ARM_THUMB:
        p->packing = ARAREXT_LZMA2_THUMB;
        return ARAREXT_OK;
    default:
        return malformed(why, PACKAGE_HEADER_FLAGS,
                         "flags 0x%08X ask for something that boards do not do", (unsigned)flags);
    }
}

/* A file of another kind: what it is, and what makes a package of it. */
static int refuse_kind(const struct ararext_package *p, struct ararext_message *why)
{
    static const char pack[] = "make one of it with 'ararext pack' first";
    static const char *const advice[KIND_COUNT] = {
        [KIND_ELF] = pack, [KIND_HEX] = pack,   [KIND_SREC] = pack,
        [KIND_UF2] = pack, [KIND_DFUSE] = pack, [KIND_ARCHIVE] = "unpack it first",
    };
    enum file_kind kind = file_kind_of(p->data, p->size);
    message_set(why, "this is %s, no package: %s", file_kind_name(p->data, p->size),
                advice[kind] != NULL ? advice[kind] : "'ararext pack' makes one of an application");
    return ARAREXT_ERR_FORMAT;
}

static int read_header(struct ararext_package *p, uint32_t *protected_size,
                       struct ararext_message *why)
{
    const uint8_t *d = p->data;
    if (p->size < 4 || load_le32(d) != PACKAGE_MAGIC) {
        return refuse_kind(p, why);
    }
    if (p->size < PACKAGE_HEADER_SIZE) {
        return malformed(why, 0, "%u bytes are too few for a header: cut off", (unsigned)p->size);
    }
    if (load_le32(d + PACKAGE_HEADER_LOAD) != 0) {
        return malformed(why, PACKAGE_HEADER_LOAD, "load address 0x%08X instead of 0",
                         (unsigned)load_le32(d + PACKAGE_HEADER_LOAD));
    }
    if (load_le16(d + PACKAGE_HEADER_SIZE_AT) != PACKAGE_HEADER_SIZE) {
        return malformed(why, PACKAGE_HEADER_SIZE_AT, "header size %u instead of 32",
                         load_le16(d + PACKAGE_HEADER_SIZE_AT));
    }
    *protected_size = load_le16(d + PACKAGE_HEADER_PROTECTED);
    p->payload_size = load_le32(d + PACKAGE_HEADER_PAYLOAD);
    p->version = (struct ararext_version){
        .major = d[PACKAGE_HEADER_MAJOR],
        .minor = d[PACKAGE_HEADER_MAJOR + 1],
        .revision = load_le16(d + PACKAGE_HEADER_MAJOR + 2),
        .build = load_le32(d + PACKAGE_HEADER_MAJOR + 4),
    };
    if (load_le32(d + PACKAGE_HEADER_MAJOR + PACKAGE_HEADER_VERSION) != 0) {
        return malformed(why, PACKAGE_HEADER_MAJOR + PACKAGE_HEADER_VERSION,
                         "the last word of the header is not 0");
    }
    if (p->payload_size < PAYLOAD_MIN || p->payload_size > p->size - PACKAGE_HEADER_SIZE) {
        return malformed(why, PACKAGE_HEADER_PAYLOAD,
                         "payload of %u bytes in a package of %u: cut off, or no package",
                         (unsigned)p->payload_size, (unsigned)p->size);
    }
    return read_flags(p, load_le32(d + PACKAGE_HEADER_FLAGS), why);
}

/* ---- TLVs ---- */

static int read_policy(struct ararext_package *p, uint32_t at, struct ararext_message *why)
{
    const uint8_t *v = p->data + at;
    p->has_policy = true;
    p->trials = v[POLICY_TRIALS];
    p->crashes = v[POLICY_CRASHES];
    p->watchdog_s = v[POLICY_WATCHDOG];
    if (p->trials > 15 || p->crashes == 1 || p->watchdog_s < 1 || p->watchdog_s > 30 ||
        v[POLICY_RESERVED] != 0) {
        return malformed(why, at, "a policy of %02X %02X %02X %02X is out of its range", v[0], v[1],
                         v[2], v[3]);
    }
    return ARAREXT_OK;
}

static int read_value(struct ararext_package *p, const struct ararext_tlv *t,
                      struct ararext_message *why)
{
    const uint8_t *v = p->data + t->offset;
    switch (t->type) {
    case TLV_COUNTER:
        p->counter = load_le32(v);
        return p->counter <= OTP_COUNTER_MAX
                   ? ARAREXT_OK
                   : malformed(why, t->offset, "security counter %u is above %u",
                               (unsigned)p->counter, OTP_COUNTER_MAX);
    case TLV_CONTENT_SIZE:
        p->content_size = load_le32(v);
        return p->content_size >= PAYLOAD_MIN
                   ? ARAREXT_OK
                   : malformed(why, t->offset, "a content of %u bytes cannot be",
                               (unsigned)p->content_size);
    case TLV_ECDSA_P256:
        p->signature_len = t->len;
        return ARAREXT_OK;
    case TLV_START:
        p->start_len = t->len;
        return ARAREXT_OK;
    case TLV_POLICY:
        return read_policy(p, t->offset, why);
    case TLV_REVOKE:
        p->revoke = v[0];
        return v[0] < 1u << OTP_KEY_COUNT
                   ? ARAREXT_OK
                   : malformed(why, t->offset, "keys to revoke %02X: boards have four", v[0]);
    default:
        return ARAREXT_OK;
    }
}

static int check_kind(const struct ararext_package *p, const struct ararext_tlv *t, int kind,
                      struct ararext_message *why)
{
    uint32_t at = t->offset - TLV_HEAD;
    if (kind < 0) {
        return !t->is_protected || t->type >= TLV_SKIPPED_FROM
                   ? ARAREXT_OK
                   : malformed(why, at, "TLV 0x%02X is not known, and might be a restriction",
                               t->type);
    }
    if ((TLVS[kind].area == AREA_PROTECTED) != t->is_protected) {
        return malformed(why, at, "TLV 0x%02X (%s) is in the wrong area", t->type, TLVS[kind].name);
    }
    if (t->len < TLVS[kind].min || t->len > TLVS[kind].max) {
        return malformed(why, at + 2, "TLV 0x%02X (%s) cannot have %u bytes", t->type,
                         TLVS[kind].name, t->len);
    }
    for (uint32_t i = 0; i < p->tlv_count; i++) {
        if (p->tlvs[i].type == t->type) {
            return malformed(why, at, "TLV 0x%02X (%s) is there twice", t->type, TLVS[kind].name);
        }
    }
    return ARAREXT_OK;
}

static int read_tlv(struct ararext_package *p, const struct ararext_tlv *t,
                    struct ararext_message *why)
{
    int kind = kind_of(t->type);
    int rc = check_kind(p, t, kind, why);
    if (rc == ARAREXT_OK && p->tlv_count == ARAREXT_TLVS_MAX) {
        rc = malformed(why, t->offset, "too many TLVs");
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    p->tlvs[p->tlv_count++] = *t;
    if (kind >= 0 && TLVS[kind].field != 0) {
        memcpy((uint8_t *)p + TLVS[kind].field, &t->offset, sizeof t->offset);
    }
    return read_value(p, t, why);
}

/* An area of size bytes at *at, which lies inside the package; *at goes behind it. */
static int read_area(struct ararext_package *p, uint32_t *at, uint32_t size, bool is_protected,
                     struct ararext_message *why)
{
    uint32_t end = *at + size;
    *at += TLV_AREA_HEAD;
    while (*at < end) {
        if (end - *at < TLV_HEAD) {
            return malformed(why, *at, "half a TLV");
        }
        const struct ararext_tlv t = {.type = load_le16(p->data + *at),
                                      .len = load_le16(p->data + *at + 2),
                                      .offset = *at + TLV_HEAD,
                                      .is_protected = is_protected};
        if (t.len > end - t.offset) {
            return malformed(why, *at + 2, "TLV 0x%02X of %u bytes leaves its area", t.type, t.len);
        }
        int rc = read_tlv(p, &t, why);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        *at = t.offset + t.len;
    }
    return ARAREXT_OK;
}

/* The head of an area, and whether all of it is there. */
static int check_area(const struct ararext_package *p, uint32_t at, uint32_t magic, uint32_t max,
                      struct ararext_message *why)
{
    if (p->size - at < TLV_AREA_HEAD) {
        return malformed(why, at, "cut off: a TLV area should begin here");
    }
    if (load_le16(p->data + at) != magic) {
        return malformed(why, at, "0x%04X instead of a TLV area's 0x%04X", load_le16(p->data + at),
                         (unsigned)magic);
    }
    uint32_t size = load_le16(p->data + at + 2);
    if (size < TLV_AREA_HEAD || size > max) {
        return malformed(why, at + 2, "a TLV area of %u bytes (%u to %u may be)", (unsigned)size,
                         TLV_AREA_HEAD, (unsigned)max);
    }
    if (size > p->size - at) {
        return malformed(why, at + 2, "cut off in a TLV area of %u bytes", (unsigned)size);
    }
    return ARAREXT_OK;
}

static int read_areas(struct ararext_package *p, uint32_t protected_size,
                      struct ararext_message *why)
{
    uint32_t at = PACKAGE_HEADER_SIZE + p->payload_size;
    int rc = ARAREXT_OK;
    if (protected_size != 0) {
        rc = check_area(p, at, TLV_PROTECTED_MAGIC, TLV_PROTECTED_MAX, why);
        if (rc == ARAREXT_OK && load_le16(p->data + at + 2) != protected_size) {
            rc = malformed(why, at + 2, "a protected area of %u bytes, but the header says %u",
                           load_le16(p->data + at + 2), (unsigned)protected_size);
        }
        if (rc == ARAREXT_OK) {
            rc = read_area(p, &at, protected_size, true, why);
        }
    }
    p->signed_size = at;
    if (rc == ARAREXT_OK) {
        rc = check_area(p, at, TLV_AREA_MAGIC, TLV_UNPROTECTED_MAX, why);
    }
    if (rc == ARAREXT_OK) {
        rc = read_area(p, &at, load_le16(p->data + at + 2), false, why);
    }
    if (rc == ARAREXT_OK && at != p->size) {
        rc = malformed(why, at, "%u bytes behind the package's end (imgtool's --pad is not taken)",
                       (unsigned)(p->size - at));
    }
    return rc;
}

/* ---- what has to be there, and what must not ---- */

static int check_compressed(struct ararext_package *p, struct ararext_message *why)
{
    const uint8_t *head = p->data + PACKAGE_HEADER_SIZE;
    p->dictionary = payload_dictionary(head[0]);
    if (p->dictionary == 0 || head[1] >= PROPERTIES_END) {
        return malformed(why, PACKAGE_HEADER_SIZE, "%02X %02X is no head of an LZMA2 payload",
                         head[0], head[1]);
    }
    if (p->dictionary > PAYLOAD_DICTIONARY_MAX) {
        return malformed(why, PACKAGE_HEADER_SIZE,
                         "unpacking wants a dictionary of %u KiB, boards have %u KiB",
                         (unsigned)(p->dictionary / 1024), PAYLOAD_DICTIONARY_MAX / 1024);
    }
    if (p->content_size == 0 || p->content_digest_at == 0) {
        return malformed(why, p->signed_size, "compressed, but without the content's %s",
                         p->content_size == 0 ? "size (TLV 0x70)" : "SHA-256 (TLV 0xA0)");
    }
    return ARAREXT_OK;
}

static int check_whole(struct ararext_package *p, struct ararext_message *why)
{
    if (p->digest_at == 0) {
        return malformed(why, p->signed_size, "the package has no digest (TLV 0x10)");
    }
    if (p->key_at != 0 && p->key_hash_at != 0) {
        return malformed(why, p->signed_size, "a key and the hash of a key: one of them may be");
    }
    if (p->start_at != 0 && (p->key_at == 0 || p->content_digest_at == 0)) {
        return malformed(why, p->signed_size, "a start signature (TLV 0xA3) without %s",
                         p->key_at == 0 ? "the key (TLV 0x02)"
                                        : "the content's SHA-256 (TLV 0xA0)");
    }
    if ((p->signature_at != 0) != (p->key_at != 0 || p->key_hash_at != 0)) {
        return malformed(why, p->signed_size,
                         p->signature_at != 0 ? "a signature without its key or the hash of that"
                                              : "a key, or the hash of one, without a signature");
    }
    if (p->packing != ARAREXT_PLAIN) {
        return check_compressed(p, why);
    }
    if (p->content_size != 0) {
        return malformed(why, p->signed_size, "not compressed, but with a content size (TLV 0x70)");
    }
    p->content_size = p->payload_size;
    return ARAREXT_OK;
}

int ararext_package_parse(struct ararext_package *out, const uint8_t *data, size_t len,
                          struct ararext_message *why)
{
    uint32_t protected_size = 0;
    *out = (struct ararext_package){.data = data,
                                    .size = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX,
                                    .trials = POLICY_TRIALS_DEFAULT,
                                    .crashes = POLICY_CRASHES_DEFAULT,
                                    .watchdog_s = POLICY_WATCHDOG_DEFAULT};
    int rc = read_header(out, &protected_size, why);
    if (rc == ARAREXT_OK) {
        rc = read_areas(out, protected_size, why);
    }
    return rc == ARAREXT_OK ? check_whole(out, why) : rc;
}

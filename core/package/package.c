/* SPDX-License-Identifier: MIT */
/*
 * Reading packages: FORMAT.md, "The package". Nothing that header and TLVs say is used before it is
 * checked against the room there is. Judging is in package_verify.c.
 */
#include "package_parts.h"

#include "bytes.h"
#include "compare.h"

#define PROTECTED 1u
#define UNKNOWN   0xA0u /* from this type on a reader may skip what it does not know */
/* Bit for each byte of the header that can be but one: magic, load address, header size, the flags
 * except for their second byte, and the last four. */
#define HEADER_FIXED 0xF00D03FFu

static const struct {
    uint8_t type, min, max, area;
} package_tlvs[KNOWN_COUNT] = {
    [HAS_KEY_HASH] = {TLV_KEY_HASH, DIGEST_SIZE, DIGEST_SIZE, 0},
    [HAS_KEY] = {TLV_KEY, TLV_KEY_SIZE, TLV_KEY_SIZE, 0},
    [HAS_SHA256] = {TLV_SHA256, DIGEST_SIZE, DIGEST_SIZE, 0},
    [HAS_SIGNATURE] = {TLV_ECDSA_P256, 8, TLV_SIGNATURE_MAX, 0},
    [HAS_START] = {TLV_START, 8, TLV_SIGNATURE_MAX, 0},
    [HAS_COUNTER] = {TLV_COUNTER, 4, 4, PROTECTED},
    [HAS_CONTENT_SIZE] = {TLV_CONTENT_SIZE, 4, 4, PROTECTED},
    [HAS_VENDOR] = {TLV_VENDOR, UUID_SIZE, UUID_SIZE, PROTECTED},
    [HAS_CLASS] = {TLV_CLASS, UUID_SIZE, UUID_SIZE, PROTECTED},
    [HAS_CONTENT_SHA256] = {TLV_CONTENT_SHA256, DIGEST_SIZE, DIGEST_SIZE, PROTECTED},
    [HAS_POLICY] = {TLV_POLICY, POLICY_SIZE, POLICY_SIZE, PROTECTED},
    [HAS_REVOKE] = {TLV_REVOKE, 1, 1, PROTECTED},
    [HAS_IMGTOOL_DIGEST] = {0x71, 0, 0xFF, PROTECTED},
    [HAS_IMGTOOL_SIGNATURE] = {0x72, 0, 0xFF, PROTECTED},
};

/* A package while it is read. All offsets are from its first byte. */
struct package_reader {
    const struct flash_hw *flash;
    uint32_t addr;
    uint32_t present;
    uint32_t at[KNOWN_COUNT]; /* of the values */
    uint32_t bad_at;          /* what a complaint is about */
    uint8_t signature_len, start_len;
};

bool package_begins(const struct flash_hw *flash, uint32_t addr)
{
    uint8_t magic[4];

    flash_hw_read(flash, addr, magic, sizeof magic);
    return load_le32(magic) == PACKAGE_MAGIC;
}

/* ---- structure ---- */

static uint32_t package_load(const struct package_reader *r, uint32_t at, size_t len)
{
    uint8_t value[4] = {0};

    flash_hw_read(r->flash, r->addr + at, value, len);
    return load_le32(value);
}

static bool package_has(const struct package_reader *r, enum package_known what)
{
    return (r->present >> what & 1u) != 0;
}

/* Takes down the TLV of this type; true if that may be here, once, with this length. */
static bool package_take_tlv(struct package_reader *r, uint32_t head, uint32_t at, unsigned area)
{
    uint32_t type = head & 0xFFFFu;
    uint32_t len = head >> 16;

    for (unsigned i = 0; i < KNOWN_COUNT; i++) {
        if (type != package_tlvs[i].type) {
            continue;
        }
        if (area != package_tlvs[i].area || len < package_tlvs[i].min ||
            len > package_tlvs[i].max || (r->present >> i & 1u) != 0) {
            return false;
        }
        r->present |= 1u << i;
        r->at[i] = at;
        if (i == HAS_SIGNATURE) {
            r->signature_len = (uint8_t)len;
        } else if (i == HAS_START) {
            r->start_len = (uint8_t)len;
        }
        return true;
    }
    return area != PROTECTED || type >= UNKNOWN;
}

__attribute__((noinline)) bool package_arrived(uint32_t at, uint32_t end)
{
    return at == end;
}

/* The TLVs from at to end, which lies inside the package's room: exactly filled. */
static bool package_walk(struct package_reader *r, uint32_t at, uint32_t end, unsigned area)
{
    while (at != end) {
        uint32_t head;
        r->bad_at = at;
        if (end - at < TLV_HEAD) {
            return false;
        }
        head = package_load(r, at, TLV_HEAD);
        at += TLV_HEAD;
        if (end - at < head >> 16 || !package_take_tlv(r, head, at, area)) {
            return false;
        }
        at += head >> 16;
    }
    /* Asked again: a walk that a skipped comparison ended early has missed what restricts. */
    return package_arrived(at, end);
}

/* Header: bytes that are not free, then the sizes. These are checked one by one, smaller first: no
 * sum of them can wrap. */
static enum reason package_read_header(struct package_reader *r, uint32_t max, struct package *out)
{
    static const uint8_t fixed[] = {
        PACKAGE_MAGIC & 0xFFu, PACKAGE_MAGIC >> 8 & 0xFFu, PACKAGE_MAGIC >> 16 & 0xFFu,
        PACKAGE_MAGIC >> 24, [PACKAGE_HEADER_SIZE_AT] = PACKAGE_HEADER_SIZE};
    uint8_t head[PACKAGE_HEADER_SIZE];
    uint32_t size;

    if (max < sizeof head) {
        return REASON_PACKAGE_FORMAT;
    }
    flash_hw_read(r->flash, r->addr, head, sizeof head);
    for (unsigned i = 0; i < sizeof head; i++) {
        r->bad_at = i;
        if ((HEADER_FIXED >> i & 1u) != 0 && head[i] != (i < sizeof fixed ? fixed[i] : 0)) {
            return REASON_PACKAGE_FORMAT;
        }
    }
    __builtin_memcpy(out->version, head + PACKAGE_HEADER_MAJOR, PACKAGE_HEADER_VERSION);
    out->flags = load_le32(head + PACKAGE_HEADER_FLAGS);
    r->bad_at = PACKAGE_HEADER_FLAGS;
    if (out->flags != 0 &&
        (out->flags | PACKAGE_FLAG_ARM_THUMB) != (PACKAGE_FLAG_LZMA2 | PACKAGE_FLAG_ARM_THUMB)) {
        return REASON_PACKAGE_FORMAT;
    }
    out->payload_size = load_le32(head + PACKAGE_HEADER_PAYLOAD);
    r->bad_at = PACKAGE_HEADER_PAYLOAD;
    if (out->payload_size < VECTORS) {
        return REASON_PACKAGE_FORMAT;
    }
    size = load_le16(head + PACKAGE_HEADER_PROTECTED);
    r->bad_at = PACKAGE_HEADER_PROTECTED;
    if (size > TLV_PROTECTED_MAX || size - 1u < TLV_AREA_HEAD - 1u) {
        return REASON_PACKAGE_FORMAT;
    }
    size += PACKAGE_HEADER_SIZE;
    r->bad_at = max;
    if (size > max || out->payload_size > max - size) {
        return REASON_PACKAGE_SIZE;
    }
    out->signed_size = size + out->payload_size;
    return REASON_NONE;
}

/* Both areas. On return every TLV is inside. */
static enum reason package_read_areas(struct package_reader *r, uint32_t max, struct package *out)
{
    uint32_t at = PACKAGE_HEADER_SIZE + out->payload_size;
    uint32_t size = out->signed_size - at;

    r->bad_at = at;
    if (size != 0 && (package_load(r, at, TLV_AREA_HEAD) != (TLV_PROTECTED_MAGIC | size << 16) ||
                      !package_walk(r, at + TLV_AREA_HEAD, out->signed_size, PROTECTED))) {
        return REASON_PACKAGE_FORMAT;
    }
    at = out->signed_size;
    r->bad_at = at;
    if (max - at < TLV_AREA_HEAD) {
        return REASON_PACKAGE_FORMAT;
    }
    size = package_load(r, at, TLV_AREA_HEAD) ^ TLV_AREA_MAGIC;
    if ((size & 0xFFFFu) != 0 || size >> 16 < TLV_AREA_HEAD || size >> 16 > TLV_UNPROTECTED_MAX) {
        return REASON_PACKAGE_FORMAT;
    }
    size >>= 16;
    if (size > max - at) {
        r->bad_at = max;
        return REASON_PACKAGE_SIZE;
    }
    out->size = at + size;
    return package_walk(r, at + TLV_AREA_HEAD, out->size, 0) ? REASON_NONE : REASON_PACKAGE_FORMAT;
}

/* Which TLVs must and must not be there. A signature comes with exactly one form of its key, and a
 * key with a signature. */
static bool package_is_complete(struct package_reader *r, const struct package *p)
{
    bool packed = p->flags != 0;
    unsigned keys = (package_has(r, HAS_KEY) ? 1u : 0u) + (package_has(r, HAS_KEY_HASH) ? 1u : 0u);

    r->bad_at = p->signed_size;
    if (!package_has(r, HAS_SHA256) || keys != (package_has(r, HAS_SIGNATURE) ? 1u : 0u)) {
        return false;
    }
    /* A start signature says something of the content only through the content's digest. */
    if (package_has(r, HAS_START) &&
        !(package_has(r, HAS_KEY) && package_has(r, HAS_CONTENT_SHA256))) {
        return false;
    }
    r->bad_at = PACKAGE_HEADER_FLAGS;
    return package_has(r, HAS_CONTENT_SIZE) == packed &&
           (package_has(r, HAS_CONTENT_SHA256) || !packed);
}

/* The values that are numbers, each in its range. */
static bool package_read_values(struct package_reader *r, struct package *out)
{
    uint32_t policy =
        POLICY_TRIALS_DEFAULT | POLICY_CRASHES_DEFAULT << 8 | POLICY_WATCHDOG_DEFAULT << 16;

    out->counter = 0;
    if (package_has(r, HAS_COUNTER)) {
        out->counter = package_load(r, r->at[HAS_COUNTER], 4);
    }
    out->revoke = 0;
    if (package_has(r, HAS_REVOKE)) {
        out->revoke = (uint8_t)package_load(r, r->at[HAS_REVOKE], 1);
    }
    if (package_has(r, HAS_POLICY)) {
        policy = package_load(r, r->at[HAS_POLICY], POLICY_SIZE);
    }
    out->trials = (uint8_t)policy;
    out->crashes = (uint8_t)(policy >> 8);
    out->watchdog_s = (uint8_t)(policy >> 16);
    r->bad_at = r->at[HAS_COUNTER];
    if (out->counter > OTP_COUNTER_MAX) {
        return false;
    }
    r->bad_at = r->at[HAS_REVOKE];
    if (out->revoke >> OTP_KEY_COUNT != 0) {
        return false;
    }
    r->bad_at = r->at[HAS_POLICY];
    return out->trials < TRAILER_ATTEMPT_COUNT && out->crashes != 1 && out->watchdog_s - 1u < 30u &&
           policy >> 24 == 0;
}

static enum reason package_read_content(struct package_reader *r, uint32_t content_max,
                                        struct package *out)
{
    out->content_size_at = out->flags != 0 ? r->at[HAS_CONTENT_SIZE] : PACKAGE_HEADER_PAYLOAD;
    out->content_size = package_load(r, out->content_size_at, 4);
    r->bad_at = out->content_size_at;
    if (out->content_size < VECTORS) {
        return REASON_PACKAGE_FORMAT;
    }
    if (out->content_size > content_max) {
        r->bad_at = content_max;
        return REASON_PACKAGE_SIZE;
    }
    return REASON_NONE;
}

/* Before what else may be missing: whoever compresses with imgtool learns what is in the way. */
static enum reason package_read_dictionary(struct package_reader *r, const struct package *p)
{
    uint32_t dictionary = p->flags != 0 ? package_load(r, PACKAGE_HEADER_SIZE, 1) : 0;

    r->bad_at = dictionary;
    return dictionary > PAYLOAD_DICTIONARY_BYTE_MAX ? REASON_PACKAGE_DICTIONARY : REASON_NONE;
}

static enum reason package_read_all(struct package_reader *r, uint32_t max, uint32_t content_max,
                                    struct package *out)
{
    enum reason reason = package_read_header(r, max, out);

    if (reason == REASON_NONE) {
        reason = package_read_areas(r, max, out);
    }
    if (reason == REASON_NONE) {
        reason = package_read_dictionary(r, out);
    }
    if (reason == REASON_NONE && (!package_is_complete(r, out) || !package_read_values(r, out))) {
        reason = REASON_PACKAGE_FORMAT;
    }
    if (reason == REASON_NONE) {
        reason = package_read_content(r, content_max, out);
    }
    return reason;
}

enum reason package_read(const struct flash_hw *flash, uint32_t addr, uint32_t max,
                         uint32_t content_max, struct package *out, uint32_t *detail)
{
    struct package_reader r;
    enum reason reason;

    compare_clear(&r, sizeof r);
    compare_clear(out, sizeof *out);
    r.flash = flash;
    r.addr = addr;
    out->addr = addr;
    reason = package_read_all(&r, max, content_max, out);
    if (reason != REASON_NONE) {
        *detail = r.bad_at;
        return reason;
    }
    out->present = r.present;
    out->key_at = r.at[HAS_KEY];
    out->key_hash_at = r.at[HAS_KEY_HASH];
    out->signature_at = r.at[HAS_SIGNATURE];
    out->signature_len = r.signature_len;
    out->start_at = r.at[HAS_START];
    out->start_len = r.start_len;
    out->vendor_at = r.at[HAS_VENDOR];
    out->class_at = r.at[HAS_CLASS];
    out->content_digest_at = r.at[HAS_CONTENT_SHA256];
    flash_hw_read(flash, addr + r.at[HAS_SHA256], out->digest, DIGEST_SIZE);
    return REASON_NONE;
}

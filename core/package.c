/*
 * Reading and judging packages: FORMAT.md, "The package". Nothing that header and TLVs say is used
 * before it is checked against the room there is.
 *
 * The judgement is made of facts, and each fact is found twice by means that share no instruction.
 * verdict[0] comes from the first of each through branches, verdict[1] from the second through
 * arithmetic: skipping any one instruction leaves one of the two bad. What starts out as no, stays
 * no until something says yes; results that a skipped call would leave unwritten are cleared
 * before, so that they are not those of the package before.
 */
#include "package.h"

#include "bytes.h"
#include "compare.h"
#include "ecdsa.h"
#include "image.h"
#include "memory_map.h"
#include "sha256.h"
#include "verdict.h"

#define PIECE     256u /* bytes of flash in hand at a time, on the stack */
#define VECTORS   8u   /* the two words that image.h looks at */
#define NO_KEY    0xFFFFFFFFu
#define PROTECTED 1u
#define UNKNOWN   0xA0u /* from this type on a reader may skip what it does not know */
/* Bit for each byte of the header that can be but one: magic, load address, header size, flags
 * but for their second byte, and the last four. */
#define HEADER_FIXED 0xF00D03FFu

/* The TLVs that a reader knows; their numbers are bits of package.present. */
enum package_known {
    HAS_KEY_HASH,
    HAS_KEY,
    HAS_SHA256,
    HAS_SIGNATURE,
    HAS_COUNTER,
    HAS_CONTENT_SIZE,
    HAS_VENDOR,
    HAS_CLASS,
    HAS_CONTENT_SHA256,
    HAS_POLICY,
    HAS_REVOKE,
    HAS_IMGTOOL_DIGEST, /* 0x71 and 0x72: of what imgtool compresses. Nothing to us */
    HAS_IMGTOOL_SIGNATURE,
    KNOWN_COUNT
};

static const struct {
    uint8_t type, min, max, area;
} package_tlvs[KNOWN_COUNT] = {
    [HAS_KEY_HASH] = {TLV_KEY_HASH, DIGEST_SIZE, DIGEST_SIZE, 0},
    [HAS_KEY] = {TLV_KEY, TLV_KEY_SIZE, TLV_KEY_SIZE, 0},
    [HAS_SHA256] = {TLV_SHA256, DIGEST_SIZE, DIGEST_SIZE, 0},
    [HAS_SIGNATURE] = {TLV_ECDSA_P256, 8, TLV_SIGNATURE_MAX, 0},
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
    uint8_t signature_len;
};

bool package_begins(const struct flash_hw *flash, uint32_t addr)
{
    uint8_t magic[4];

    flash->read(flash->ctx, addr, magic, sizeof magic);
    return load_le32(magic) == PACKAGE_MAGIC;
}

/* ---- structure ---- */

static uint32_t package_load(const struct package_reader *r, uint32_t at, size_t len)
{
    uint8_t value[4] = {0};

    r->flash->read(r->flash->ctx, r->addr + at, value, len);
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
        }
        return true;
    }
    return area != PROTECTED || type >= UNKNOWN;
}

static __attribute__((noinline)) bool package_arrived(uint32_t at, uint32_t end)
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
static enum protocol_reason package_read_header(struct package_reader *r, uint32_t max,
                                                struct package *out)
{
    static const uint8_t fixed[] = {
        PACKAGE_MAGIC & 0xFFu, PACKAGE_MAGIC >> 8 & 0xFFu, PACKAGE_MAGIC >> 16 & 0xFFu,
        PACKAGE_MAGIC >> 24, [PACKAGE_HEADER_SIZE_AT] = PACKAGE_HEADER_SIZE};
    uint8_t head[PACKAGE_HEADER_SIZE];
    uint32_t size;

    if (max < sizeof head) {
        return REASON_PACKAGE_FORMAT;
    }
    r->flash->read(r->flash->ctx, r->addr, head, sizeof head);
    for (unsigned i = 0; i < sizeof head; i++) {
        r->bad_at = i;
        if ((HEADER_FIXED >> i & 1u) != 0 && head[i] != (i < sizeof fixed ? fixed[i] : 0)) {
            return REASON_PACKAGE_FORMAT;
        }
    }
    for (unsigned i = 0; i < PACKAGE_HEADER_VERSION; i++) {
        out->version[i] = head[PACKAGE_HEADER_MAJOR + i];
    }
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
static enum protocol_reason package_read_areas(struct package_reader *r, uint32_t max,
                                               struct package *out)
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

static enum protocol_reason package_read_content(struct package_reader *r, uint32_t content_max,
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
static enum protocol_reason package_read_dictionary(struct package_reader *r,
                                                    const struct package *p)
{
    uint32_t dictionary = p->flags != 0 ? package_load(r, PACKAGE_HEADER_SIZE, 1) : 0;

    r->bad_at = dictionary;
    return dictionary > PAYLOAD_DICTIONARY_BYTE_MAX ? REASON_PACKAGE_DICTIONARY : REASON_NONE;
}

static enum protocol_reason package_read_all(struct package_reader *r, uint32_t max,
                                             uint32_t content_max, struct package *out)
{
    enum protocol_reason reason = package_read_header(r, max, out);

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

enum protocol_reason package_read(const struct flash_hw *flash, uint32_t addr, uint32_t max,
                                  uint32_t content_max, struct package *out, uint32_t *detail)
{
    struct package_reader r;
    enum protocol_reason reason;

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
    out->vendor_at = r.at[HAS_VENDOR];
    out->class_at = r.at[HAS_CLASS];
    out->content_digest_at = r.at[HAS_CONTENT_SHA256];
    flash->read(flash->ctx, addr + r.at[HAS_SHA256], out->digest, DIGEST_SIZE);
    return REASON_NONE;
}

/* ---- judgement ---- */

/* Each found twice; VERDICT_GOOD or anything else. */
struct package_facts {
    volatile uint32_t digest[2], key[2], signature[2], vendor[2], class[2], counter[2], content[2];
    uint32_t key_detail;
};

/* The caller clears digest before. */
static __attribute__((noinline)) void package_hash(const struct flash_hw *flash, uint32_t addr,
                                                   uint32_t len, uint8_t digest[DIGEST_SIZE])
{
    struct sha256 s;
    uint8_t piece[PIECE];
    uint32_t end = addr + len;

    sha256_init(&s);
    while (len != 0) {
        uint32_t n = len < PIECE ? len : PIECE;
        flash->read(flash->ctx, addr, piece, n);
        sha256_add(&s, piece, n);
        /* If the next read were skipped, this piece must not pass for the next. */
        *(volatile uint8_t *)piece ^= 0x5Au;
        flash->alive(flash->ctx);
        addr += n;
        len -= n;
    }
    sha256_end(&s, digest);
    /* A piece that was taken twice, and another one left out, is no digest of anything. */
    if (!package_arrived(addr, end)) {
        compare_clear(digest, DIGEST_SIZE);
    }
}

/* Good twice if both digests are the same. */
static void package_compare(const uint8_t a[DIGEST_SIZE], const uint8_t b[DIGEST_SIZE],
                            volatile uint32_t verdict[2])
{
    if (compare_differences(a, b, DIGEST_SIZE) == 0) {
        verdict[0] = VERDICT_GOOD;
    }
    if (compare_count(b, a, DIGEST_SIZE) == DIGEST_SIZE) {
        verdict[1] = VERDICT_GOOD;
    }
}

/* The key is the one of the package; the signature is checked over the digest that was computed,
 * not the one that the package names. */
static void package_find_signer(const struct flash_hw *flash, const struct trust *trust,
                                const struct package *p, const uint8_t digest[DIGEST_SIZE],
                                struct package_facts *f)
{
    uint8_t hash[DIGEST_SIZE];
    uint8_t point[TLV_KEY_SIZE - TLV_KEY_POINT];
    uint8_t der[TLV_SIGNATURE_MAX];
    int index;

    f->key_detail = NO_KEY;
    if (p->key_at == 0 || p->signature_len > sizeof der) {
        return;
    }
    compare_clear(hash, sizeof hash);
    compare_clear(point, sizeof point);
    package_hash(flash, p->addr + p->key_at, TLV_KEY_SIZE, hash);
    flash->read(flash->ctx, p->addr + p->key_at + TLV_KEY_POINT, point, sizeof point);
    index = trust_find_key(flash, trust, hash, &f->key_detail);
    if (index < 0) {
        return;
    }
    f->key[0] = VERDICT_GOOD;
    if (((uint32_t)p->revoke >> index & 1u) != 0) {
        f->key[0] = VERDICT_BAD;
        f->key_detail = (uint32_t)index;
    }
    f->key[1] = trust_check_key(flash, (unsigned)index, hash);
    flash->read(flash->ctx, p->addr + p->signature_at, der, p->signature_len);
    flash->alive(flash->ctx);
    f->signature[0] = ecdsa_verify(point, digest, der, p->signature_len, &f->signature[1]);
}

/* Half of the identity, if the package names it: good twice if it is the board's. */
static void package_check_half(const struct flash_hw *flash, const struct trust *trust,
                               const struct package *p, unsigned half, volatile uint32_t out[2])
{
    uint32_t at = half == 0 ? p->vendor_at : p->class_at;
    uint8_t uuid[UUID_SIZE];

    compare_clear(uuid, sizeof uuid);
    flash->read(flash->ctx, p->addr + at, uuid, sizeof uuid);
    if (at == 0 ||
        compare_differences(uuid, trust->identity + half * UUID_SIZE, sizeof uuid) == 0) {
        out[0] = VERDICT_GOOD;
    }
    out[1] = (p->present >> (HAS_VENDOR + half) & 1u) == 0
                 ? VERDICT_GOOD
                 : trust_check_identity(flash, trust, half, uuid);
}

static bool package_vectors_good(const struct flash_hw *flash, const struct package *p)
{
    uint8_t words[VECTORS];

    flash->read(flash->ctx, p->addr + PACKAGE_HEADER_SIZE, words, sizeof words);
    return package_vectors_fit(p, load_le32(words), load_le32(words + 4));
}

/* The SHA-256 of a range against the one that the package has for its content. */
static void package_compare_content(const struct flash_hw *flash, const struct package *p,
                                    uint32_t addr, volatile uint32_t verdict[2])
{
    uint8_t wanted[DIGEST_SIZE];
    uint8_t found[DIGEST_SIZE];

    compare_clear(wanted, sizeof wanted);
    compare_clear(found, sizeof found);
    /* Both cleared: if either is not filled, they differ. */
    flash->read(flash->ctx, p->addr + p->content_digest_at, wanted, sizeof wanted);
    package_hash(flash, addr, p->content_size, found);
    package_compare(found, wanted, verdict);
}

static void package_check_content(const struct flash_hw *flash, const struct package *p,
                                  struct package_facts *f)
{
    if (p->flags == 0 && !package_vectors_good(flash, p)) {
        return;
    }
    if (p->flags == 0 && p->content_digest_at != 0) {
        package_compare_content(flash, p, p->addr + PACKAGE_HEADER_SIZE, f->content);
        return;
    }
    f->content[0] = VERDICT_GOOD;
    f->content[1] = VERDICT_GOOD;
}

/* The first of each fact, in the order in which the reasons help. */
static enum protocol_reason package_reason(const struct trust *trust, const struct package *p,
                                           const struct package_facts *f, uint32_t *detail)
{
    bool enforced = trust->open[0] != VERDICT_GOOD;

    if (f->digest[0] != VERDICT_GOOD) {
        return REASON_PACKAGE_HASH;
    }
    if (enforced && p->signature_at == 0) {
        return REASON_PACKAGE_UNSIGNED;
    }
    if (enforced && f->key[0] != VERDICT_GOOD) {
        *detail = f->key_detail;
        return REASON_PACKAGE_KEY;
    }
    if (enforced && f->signature[0] != VERDICT_GOOD) {
        return REASON_PACKAGE_SIGNATURE;
    }
    if (f->vendor[0] != VERDICT_GOOD || f->class[0] != VERDICT_GOOD) {
        return REASON_PACKAGE_BOARD;
    }
    if (enforced && f->counter[0] != VERDICT_GOOD) {
        *detail = trust->counter;
        return REASON_PACKAGE_COUNTER;
    }
    return f->content[0] == VERDICT_GOOD ? REASON_NONE : REASON_PACKAGE_CONTENT;
}

/* The second of each: VERDICT_GOOD if all are, else something else. */
static uint32_t package_second_verdict(const struct trust *trust, const struct package_facts *f)
{
    uint32_t all = f->digest[1] & f->vendor[1] & f->class[1] & f->content[1];

    if (trust->open[1] != VERDICT_GOOD) {
        all &= f->key[1] & f->signature[1] & f->counter[1];
    }
    return all;
}

void package_verify(const struct flash_hw *flash, const struct trust *trust,
                    const struct package *p, struct package_check *out)
{
    struct package_facts f;
    uint8_t digest[DIGEST_SIZE];

    out->verdict[0] = VERDICT_BAD;
    out->verdict[1] = VERDICT_BAD;
    out->detail = 0;
    compare_clear(&f, sizeof f);
    compare_clear(digest, sizeof digest);
    package_hash(flash, p->addr, p->signed_size, digest);
    package_compare(digest, p->digest, f.digest);
    if (f.digest[0] == VERDICT_GOOD) {
        if (trust->open[0] != VERDICT_GOOD || trust->open[1] != VERDICT_GOOD) {
            package_find_signer(flash, trust, p, digest, &f);
            f.counter[0] = p->counter >= trust->counter ? VERDICT_GOOD : VERDICT_BAD;
            f.counter[1] = trust_check_counter(flash, p->counter);
        }
        package_check_half(flash, trust, p, 0, f.vendor);
        package_check_half(flash, trust, p, 1, f.class);
        package_check_content(flash, p, &f);
    }
    out->reason = package_reason(trust, p, &f, &out->detail);
    if (out->reason == REASON_NONE) {
        out->verdict[0] = VERDICT_GOOD;
    }
    out->verdict[1] = package_second_verdict(trust, &f);
}

bool package_vectors_fit(const struct package *p, uint32_t stack, uint32_t reset)
{
    return reset - MAP_APP_BASE < p->content_size &&
           image_vectors_plausible(stack, reset, MAP_APP_BASE + p->content_size);
}

/* ---- the application area ---- */

typedef uint32_t package_compare_fn(const uint8_t *a, const uint8_t *b, size_t len);

/* What compare says of both ranges, piece by piece, added up: for differences 0 if there are none,
 * for the count the length. A loop that ends early is wrong for one of the two. */
static __attribute__((noinline)) uint32_t package_sum(const struct flash_hw *flash, uint32_t a,
                                                      uint32_t b, uint32_t len,
                                                      package_compare_fn *compare)
{
    uint8_t piece[2][PIECE / 2u];
    uint32_t sum = 0;

    for (uint32_t n; len != 0; len -= n) {
        n = len < sizeof piece[0] ? len : sizeof piece[0];
        flash->read(flash->ctx, a, piece[0], n);
        flash->read(flash->ctx, b, piece[1], n);
        sum += compare(piece[0], piece[1], n);
        flash->alive(flash->ctx);
        a += n;
        b += n;
    }
    return sum;
}

void package_match_area(const struct flash_hw *flash, const struct package *p,
                        struct package_check *out)
{
    uint32_t payload = p->addr + PACKAGE_HEADER_SIZE;
    uint8_t size[4];

    out->verdict[0] = VERDICT_BAD;
    out->verdict[1] = VERDICT_BAD;
    out->reason = REASON_VERIFY;
    out->detail = 0;
    /* A size that was never stored would compare nothing, and find no difference. */
    flash->read(flash->ctx, p->addr + p->content_size_at, size, sizeof size);
    if (load_le32(size) != p->content_size || p->content_size < VECTORS) {
        return;
    }
    if (p->flags != 0) {
        package_compare_content(flash, p, MAP_APP_BASE, out->verdict);
    } else {
        if (package_sum(flash, payload, MAP_APP_BASE, p->content_size, compare_differences) == 0) {
            out->verdict[0] = VERDICT_GOOD;
        }
        if (package_sum(flash, MAP_APP_BASE, payload, p->content_size, compare_count) ==
            p->content_size) {
            out->verdict[1] = VERDICT_GOOD;
        }
    }
    if (out->verdict[0] == VERDICT_GOOD && out->verdict[1] == VERDICT_GOOD) {
        out->reason = REASON_NONE;
    }
}

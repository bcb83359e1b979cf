/* SPDX-License-Identifier: MIT */
/*
 * Judging packages: FORMAT.md, "The package". No single instruction that is skipped (a glitch on
 * the supply does that) may turn a refusal into a start. So the judgement is made of facts, each
 * found twice by means that share no instruction: verdict[0] through branches, verdict[1] through
 * arithmetic. Whoever acts on it wants both.
 *
 * An example. Were there but one verdict, skipping the branch in
 *     if (compare_differences(digest, p->digest, 32) == 0) verdict = GOOD;
 * would make a forged package good. Here that makes digest[0] good and leaves digest[1] to
 * compare_count, which finds 3 equal bytes where 32 are wanted. Skip the call of package_hash
 * instead, and both would compare what the last package left on the stack: so what a skipped call
 * leaves unwritten is cleared before it. (Skipping the clearing does no harm: then the call is not
 * skipped.)
 *
 * Hence: what starts out as no, stays no until something says yes; no result is used twice; no loop
 * that ends early finds the same in both ways; and never is one way put in terms of the other.
 */
#include "package_parts.h"

#include "bytes.h"
#include "compare.h"
#include "ecdsa.h"
#include "image.h"
#include "memory_map.h"
#include "sha256.h"
#include "verdict.h"

#define PIECE      256u /* bytes of flash in hand at a time, on the stack */
#define HASH_PIECE 768u /* hashed between two signs of life: a millisecond on HSI */
#define NO_KEY     0xFFFFFFFFu

/* Each found twice; VERDICT_GOOD or anything else. */
struct package_facts {
    volatile uint32_t digest[2], key[2], signature[2], vendor[2], class[2], counter[2], content[2];
    uint32_t key_detail;
};

/* Adds a range to a digest; false if it went wrong. */
static __attribute__((noinline)) bool
package_hash_range(const struct flash_hw *flash, struct sha256 *s, uint32_t addr, uint32_t len)
{
    uint8_t piece[HASH_PIECE];
    uint32_t end = addr + len;

    while (len != 0) {
        uint32_t n = len < HASH_PIECE ? len : HASH_PIECE;
        /* In place: there is no read that could be skipped, and leave the last piece for this one.
         */
        sha256_add(s, flash_hw_view(flash, addr, piece, n), n);
        flash_hw_alive(flash);
        addr += n;
        len -= n;
    }
    /* A piece that was taken twice, and another one left out, is no digest of anything. */
    return package_arrived(addr, end);
}

/* The caller clears digest before. */
static __attribute__((noinline)) void package_hash(const struct flash_hw *flash, uint32_t addr,
                                                   uint32_t len, uint8_t digest[DIGEST_SIZE])
{
    struct sha256 s;
    bool whole;

    sha256_init(&s);
    whole = package_hash_range(flash, &s, addr, len);
    sha256_end(&s, digest);
    if (!whole) {
        compare_clear(digest, DIGEST_SIZE);
    }
}

/* Of header and protected area. The caller clears digest before. */
static __attribute__((noinline)) void package_hash_start(const struct flash_hw *flash,
                                                         const struct package *p,
                                                         uint8_t digest[DIGEST_SIZE])
{
    uint32_t fields = PACKAGE_HEADER_SIZE + p->payload_size;
    struct sha256 s;
    bool head, rest;

    sha256_init(&s);
    head = package_hash_range(flash, &s, p->addr, PACKAGE_HEADER_SIZE);
    rest = package_hash_range(flash, &s, p->addr + fields, p->signed_size - fields);
    sha256_end(&s, digest);
    if (!head || !rest) {
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

/* A signature of the package: where it lies, and the digest that it is over, as computed, not as
 * the package names it. */
struct package_signature {
    uint32_t at;
    uint8_t len;
    uint8_t digest[DIGEST_SIZE];
};

/* Both are one bit pattern and its complement: and-ing and or-ing two verdicts gives VERDICT_GOOD
 * both times only if both are. */
_Static_assert((VERDICT_GOOD ^ VERDICT_BAD) == 0xFFFFFFFFu, "verdicts are complements");

/* Good twice if two runs, which share nothing but their input, both say so: no skipped instruction
 * reaches both. */
static void package_check_signature(const struct flash_hw *flash, const uint8_t *point,
                                    const struct package_signature *s, const uint8_t *der,
                                    volatile uint32_t out[2])
{
    /* volatile: the compiler must not see that both runs are the same, and make them one */
    const uint8_t *volatile same_point = point;
    const uint8_t *volatile same_der = der;
    volatile uint32_t first, second;

    first = ecdsa_verify(point, s->digest, der, s->len);
    flash_hw_alive(flash);
    second = ecdsa_verify(same_point, s->digest, same_der, s->len);
    out[0] = first & second;
    out[1] = first | second;
}

/* The key is the one of the package. */
static void package_find_signer(const struct flash_hw *flash, const struct trust *trust,
                                const struct package *p, const struct package_signature *s,
                                struct package_facts *f)
{
    uint8_t hash[DIGEST_SIZE];
    uint8_t point[TLV_KEY_SIZE - TLV_KEY_POINT];
    uint8_t der[TLV_SIGNATURE_MAX];
    int index;

    f->key_detail = NO_KEY;
    if (p->key_at == 0 || s->len > sizeof der) {
        return;
    }
    compare_clear(hash, sizeof hash);
    compare_clear(point, sizeof point);
    package_hash(flash, p->addr + p->key_at, TLV_KEY_SIZE, hash);
    flash_hw_read(flash, p->addr + p->key_at + TLV_KEY_POINT, point, sizeof point);
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
    flash_hw_read(flash, p->addr + s->at, der, s->len);
    flash_hw_alive(flash);
    package_check_signature(flash, point, s, der, f->signature);
}

/* Half of the identity, if the package names it: good twice if it is the board's. */
static void package_check_half(const struct flash_hw *flash, const struct trust *trust,
                               const struct package *p, unsigned half, volatile uint32_t out[2])
{
    uint32_t at = half == 0 ? p->vendor_at : p->class_at;
    uint8_t uuid[UUID_SIZE];

    compare_clear(uuid, sizeof uuid);
    flash_hw_read(flash, p->addr + at, uuid, sizeof uuid);
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

    flash_hw_read(flash, p->addr + PACKAGE_HEADER_SIZE, words, sizeof words);
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
    flash_hw_read(flash, p->addr + p->content_digest_at, wanted, sizeof wanted);
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
static enum reason package_reason(const struct trust *trust, const struct package *p,
                                  const struct package_facts *f, uint32_t *detail)
{
    bool enforced = !verdict_is_good(trust->open[0]);

    if (!verdict_is_good(f->digest[0])) {
        return REASON_PACKAGE_HASH;
    }
    if (enforced && p->signature_at == 0) {
        return REASON_PACKAGE_UNSIGNED;
    }
    if (enforced && !verdict_is_good(f->key[0])) {
        *detail = f->key_detail;
        return REASON_PACKAGE_KEY;
    }
    if (enforced && !verdict_is_good(f->signature[0])) {
        return REASON_PACKAGE_SIGNATURE;
    }
    if (!verdict_is_good(f->vendor[0]) || !verdict_is_good(f->class[0])) {
        return REASON_PACKAGE_BOARD;
    }
    if (enforced && !verdict_is_good(f->counter[0])) {
        *detail = trust->counter;
        return REASON_PACKAGE_COUNTER;
    }
    return verdict_is_good(f->content[0]) ? REASON_NONE : REASON_PACKAGE_CONTENT;
}

/* The second of each: VERDICT_GOOD if all are, else something else. */
static uint32_t package_second_verdict(const struct trust *trust, const struct package_facts *f)
{
    uint32_t all = f->digest[1] & f->vendor[1] & f->class[1] & f->content[1];

    if (!verdict_is_good(trust->open[1])) {
        all &= f->key[1] & f->signature[1] & f->counter[1];
    }
    return all;
}

static void package_check_clear(struct package_check *out)
{
    out->verdict[0] = VERDICT_BAD;
    out->verdict[1] = VERDICT_BAD;
    out->reason = REASON_NOT_VERIFIED;
    out->detail = 0;
}

/* Who signed it, whether the board may take it, and both verdicts over all facts. */
static void package_judge(const struct flash_hw *flash, const struct trust *trust,
                          const struct package *p, const struct package_signature *s,
                          struct package_facts *f, struct package_check *out)
{
    if (verdict_is_good(f->digest[0])) {
        if (!verdict_is_good(trust->open[0]) || !verdict_is_good(trust->open[1])) {
            package_find_signer(flash, trust, p, s, f);
            f->counter[0] = p->counter >= trust->counter ? VERDICT_GOOD : VERDICT_BAD;
            f->counter[1] = trust_check_counter(flash, p->counter);
        }
        package_check_half(flash, trust, p, 0, f->vendor);
        package_check_half(flash, trust, p, 1, f->class);
    }
    out->reason = package_reason(trust, p, f, &out->detail);
    if (out->reason == REASON_NONE) {
        out->verdict[0] = VERDICT_GOOD;
    }
    out->verdict[1] = package_second_verdict(trust, f);
}

void package_verify(const struct flash_hw *flash, const struct trust *trust,
                    const struct package *p, struct package_check *out)
{
    struct package_signature s = {.at = p->signature_at, .len = p->signature_len};
    struct package_facts f;

    package_check_clear(out);
    compare_clear(&f, sizeof f);
    compare_clear(s.digest, sizeof s.digest);
    package_hash(flash, p->addr, p->signed_size, s.digest);
    package_compare(s.digest, p->digest, f.digest);
    if (verdict_is_good(f.digest[0])) {
        package_check_content(flash, p, &f);
    }
    package_judge(flash, trust, p, &s, &f, out);
}

/* The digest has nothing to be compared with but the signature, and the content is the area's: both
 * facts are given. */
void package_verify_start(const struct flash_hw *flash, const struct trust *trust,
                          const struct package *p, struct package_check *out)
{
    struct package_signature s = {.at = p->start_at, .len = p->start_len};
    struct package_facts f;

    package_check_clear(out);
    if (p->start_len == 0 || verdict_is_good(trust->open[0]) || verdict_is_good(trust->open[1])) {
        return;
    }
    compare_clear(&f, sizeof f);
    compare_clear(s.digest, sizeof s.digest);
    package_hash_start(flash, p, s.digest);
    f.digest[0] = VERDICT_GOOD;
    f.digest[1] = VERDICT_GOOD;
    f.content[0] = VERDICT_GOOD;
    f.content[1] = VERDICT_GOOD;
    package_judge(flash, trust, p, &s, &f, out);
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
        flash_hw_read(flash, a, piece[0], n);
        flash_hw_read(flash, b, piece[1], n);
        sum += compare(piece[0], piece[1], n);
        flash_hw_alive(flash);
        a += n;
        b += n;
    }
    return sum;
}

/* A size that was never stored would compare nothing, and find no difference. */
static bool package_size_holds(const struct flash_hw *flash, const struct package *p)
{
    uint8_t size[4];

    flash_hw_read(flash, p->addr + p->content_size_at, size, sizeof size);
    return load_le32(size) == p->content_size && p->content_size >= VECTORS;
}

static void package_match_end(struct package_check *out)
{
    out->reason = verdict_is_good(out->verdict[0]) && verdict_is_good(out->verdict[1])
                      ? REASON_NONE
                      : REASON_VERIFY;
}

void package_match_start(const struct flash_hw *flash, const struct package *p,
                         struct package_check *out)
{
    package_check_clear(out);
    if (package_size_holds(flash, p)) {
        package_compare_content(flash, p, MAP_APP_BASE, out->verdict);
    }
    package_match_end(out);
}

void package_match_area(const struct flash_hw *flash, const struct package *p,
                        struct package_check *out)
{
    uint32_t payload = p->addr + PACKAGE_HEADER_SIZE;

    package_check_clear(out);
    out->reason = REASON_VERIFY;
    if (!package_size_holds(flash, p)) {
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
    package_match_end(out);
}

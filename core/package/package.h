/* SPDX-License-Identifier: MIT */
/*
 * Reads and judges a package in flash (FORMAT.md, "The package"). Every length is checked before it
 * is used, against the slot that the package lies in; nothing outside [addr, addr + max) is read.
 * It never changes anything.
 */
#ifndef ARAREXT_CORE_PACKAGE_H
#define ARAREXT_CORE_PACKAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "flash_hw.h"
#include "format.h"
#include "reason.h"
#include "trust.h"

/* What header and TLVs say; nothing in it is to be believed before package_verify has said so. */
struct package {
    uint32_t addr;
    uint32_t size;         /* of the whole, TLV areas included */
    uint32_t payload_size; /* behind the header */
    uint8_t signature_len, start_len;
    uint8_t trials, crashes, watchdog_s; /* of its policy, or the defaults */
    uint8_t revoke;
    uint8_t version[PACKAGE_HEADER_VERSION];
    uint32_t flags;
    uint32_t content_size; /* of what it installs */
    uint32_t counter;      /* 0 if it names none */
    uint32_t signed_size;  /* header, payload, protected TLVs: what the digest is over */
    /* Offsets from addr of values; 0 = there is none. */
    uint32_t key_at, key_hash_at, signature_at, start_at, vendor_at, class_at, content_digest_at;
    uint32_t content_size_at;    /* of the u32 that content_size came from */
    uint32_t present;            /* bit for each TLV there is, in the order of package_parts.h */
    uint8_t digest[DIGEST_SIZE]; /* as its TLV says */
};

/* The judgement: good only if both verdicts are VERDICT_GOOD. The caller sets both to VERDICT_BAD
 * before it asks for one, if a skipped call must not leave an older one standing. */
struct package_check {
    volatile uint32_t verdict[2];
    enum reason reason; /* REASON_NONE, or why not */
    uint32_t detail;    /* PROTOCOL.md, reasons */
};

/* Whether addr begins with the magic number: cheap, and no proof of anything. */
bool package_begins(const struct flash_hw *flash, uint32_t addr);

/* Structure alone: header, TLV areas, sizes, every TLV at most once, the ones that must be there,
 * values in their ranges. max is the size of the slot without its trailer, or that of a file;
 * out->size may be less. content_max is the size of the application area. PACKAGE_FORMAT (detail =
 * offset), PACKAGE_SIZE (detail = the most that fits), PACKAGE_DICTIONARY. Unknown TLVs are skipped
 * in the unprotected area and refused in the protected one below 0xA0 (they might mean a
 * restriction). */
enum reason package_read(const struct flash_hw *flash, uint32_t addr, uint32_t max,
                         uint32_t content_max, struct package *out, uint32_t *detail);

/* The whole judgement: digest, and on an enforcing board key, signature and counter; the identity
 * on every board (a package without one fits any). A package that revokes its own key is refused as
 * PACKAGE_KEY. Reasons 43 to 48. The plain content's vector table is checked as well
 * (PACKAGE_CONTENT); that of a compressed one when it is unpacked. */
void package_verify(const struct flash_hw *flash, const struct trust *trust,
                    const struct package *p, struct package_check *out);

/* The judgement of a start, by the start signature: header and protected fields are signed by a key
 * that the board trusts, and identity and counter fit. The payload is not looked at. So it decides
 * only together with package_match_start, and never about what is installed. NOT_VERIFIED where the
 * package has no start signature, or the board is open; reasons 44 to 48. */
void package_verify_start(const struct flash_hw *flash, const struct trust *trust,
                          const struct package *p, struct package_check *out);

/* Whether the first two words of its content can be those of the vector table: as image.h has it,
 * and the reset handler lies in the content. */
bool package_vectors_fit(const struct package *p, uint32_t stack, uint32_t reset);

/* Whether the application area holds the content: SHA-256 of the area against the package's for a
 * compressed one, word for word for a plain one. Both verdicts as above; reason VERIFY if not. Only
 * for a package that is verified. */
void package_match_area(const struct flash_hw *flash, const struct package *p,
                        struct package_check *out);

/* The same by the digest that the package's protected fields have for the content, and by nothing
 * else: the payload, which package_match_area compares a plain package's area with, is not covered
 * by a start signature. */
void package_match_start(const struct flash_hw *flash, const struct package *p,
                         struct package_check *out);

#endif

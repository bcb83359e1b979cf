/* SPDX-License-Identifier: MIT */
/* What reading (package.c) and judging (package_verify.c) share; not for others. */
#ifndef ARAREXT_PACKAGE_PARTS_H
#define ARAREXT_PACKAGE_PARTS_H

#include "package.h"

#define VECTORS 8u /* the two words that image.h looks at */

/* The TLVs that a reader knows; their numbers are bits of package.present. */
enum package_known {
    HAS_KEY_HASH,
    HAS_KEY,
    HAS_SHA256,
    HAS_SIGNATURE,
    HAS_START,
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

/* Whether a walk has come to its end. Not in line: asked once more behind a loop that has asked. */
bool package_arrived(uint32_t at, uint32_t end);

#endif

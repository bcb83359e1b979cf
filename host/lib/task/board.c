/* SPDX-License-Identifier: MIT */
/*
 * What the PC can tell about a package and a board before anything is sent: the board judges again,
 * but a refusal after minutes of staging helps nobody.
 */
#include <string.h>

#include "ararext_package.h"
#include "bytes.h"
#include "format.h"
#include "image.h"
#include "memory_map.h"
#include "protocol.h"
#include "session.h"

enum { SMALL_PART_KIB = 512 };

static int unsupported(struct ararext_session *s)
{
    s->failure = (struct ararext_failure){.code = ARAREXT_ERR_UNSUPPORTED};
    return ARAREXT_ERR_UNSUPPORTED;
}

/* Where slot A begins; the slots go on to the end of the part (FORMAT.md, "Where packages lie"). */
static uint32_t slots_base(const struct ararext_info *info)
{
    return MAP_FLASH_BASE + (uint32_t)info->flash_kib * 1024u / 2u;
}

/* On an open board without packages: is there an application, and how far does it reach? */
static int look_at_flash(struct ararext_session *s, struct ararext_board *b)
{
    uint8_t words[8];
    uint32_t base = slots_base(&b->info), flash_end = MAP_FLASH_BASE + b->info.flash_kib * 1024u;
    uint32_t slot_size = (flash_end - base) / ARAREXT_SLOT_COUNT;
    int rc = session_read_twice(s, b->info.app_base, words, sizeof words);
    b->plain_application =
        rc == ARAREXT_OK &&
        image_vectors_plausible(load_le32(words), load_le32(words + 4), flash_end);
    for (uint32_t i = 0; rc == ARAREXT_OK && i < ARAREXT_SLOT_COUNT; i++) {
        rc = session_read_twice(s, base + i * slot_size, words, sizeof words);
        uint32_t first = load_le32(words);
        /* A package that was retired begins like one for ever. */
        b->slots_in_use =
            b->slots_in_use || (rc == ARAREXT_OK && first != PACKAGE_MAGIC &&
                                (first != UINT32_MAX || load_le32(words + 4) != UINT32_MAX));
    }
    return rc;
}

int ararext_board_read(struct ararext_session *s, struct ararext_board *out)
{
    *out = (struct ararext_board){0};
    int rc = ararext_get_info(s, &out->info);
    if (rc == ARAREXT_OK && (!out->info.extended || (out->info.features & FEATURE_PACKAGES) == 0)) {
        rc = unsupported(s);
    }
    if (rc == ARAREXT_OK) {
        rc = ararext_get_slots(s, &out->slots);
    }
    if (rc == ARAREXT_OK) {
        rc = ararext_read_otp(s, OTP_BLOCK_KEYS * OTP_BLOCK_SIZE, out->keys[0], sizeof out->keys);
    }
    bool sealed = false;
    for (size_t i = 0; i < ARAREXT_SLOT_COUNT; i++) {
        sealed = sealed || out->slots.slots[i].state >= SLOT_STAGED;
    }
    if (rc == ARAREXT_OK && out->slots.trust == TRUST_OPEN && !sealed) {
        rc = look_at_flash(s, out);
    }
    return rc;
}

/* ---- does it fit? ---- */

static int fits_in_size(const struct ararext_package *p, const struct ararext_board *b,
                        struct ararext_message *why)
{
    const struct ararext_slots *s = &b->slots;
    if (p->size > s->package_max) {
        message_set(why, "the package has %u bytes, %u more than the board's slots take",
                    (unsigned)p->size, (unsigned)(p->size - s->package_max));
        return ARAREXT_ERR_MISFIT;
    }
    if (p->content_size > s->content_max) {
        message_set(why, "the content has %u bytes, %u more than the board's application area",
                    (unsigned)p->content_size, (unsigned)(p->content_size - s->content_max));
        return ARAREXT_ERR_MISFIT;
    }
    return ARAREXT_OK;
}

static int fits_identity(const struct ararext_package *p, const struct ararext_board *b,
                         struct ararext_message *why)
{
    const uint8_t *ours = b->slots.identity;
    bool vendor = p->vendor_at == 0 || memcmp(p->data + p->vendor_at, ours, UUID_SIZE) == 0;
    bool class =
        p->class_at == 0 || memcmp(p->data + p->class_at, ours + UUID_SIZE, UUID_SIZE) == 0;
    char theirs_text[37], ours_text[37];
    if (vendor && class) {
        return ARAREXT_OK;
    }
    ararext_uuid_text(p->data + (vendor ? p->class_at : p->vendor_at), theirs_text);
    ararext_uuid_text(vendor ? ours + UUID_SIZE : ours, ours_text);
    message_set(why, "the package is for another board: %s %s, this board's is %s",
                vendor ? "class" : "vendor", theirs_text, ours_text);
    return ARAREXT_ERR_MISFIT;
}

static int fits_key(const struct ararext_package *p, const struct ararext_package_findings *f,
                    const struct ararext_board *b, struct ararext_message *why)
{
    unsigned index = ARAREXT_KEYS_MAX;
    for (unsigned i = 0; i < ARAREXT_KEYS_MAX; i++) {
        bool there = (b->slots.keys >> i & 1u) != 0;
        if (there && f->has_fingerprint && memcmp(b->keys[i], f->fingerprint, DIGEST_SIZE) == 0) {
            index = i;
        }
    }
    if (p->signature_at == 0) {
        message_set(why, "the board is provisioned, and the package is not signed");
    } else if (p->key_at == 0) {
        message_set(why,
                    "the board is provisioned and needs the whole key in the package (imgtool: "
                    "--public-key-format full)");
    } else if (index == ARAREXT_KEYS_MAX) {
        message_set(why, "the board does not know the package's key");
    } else if ((b->slots.revoked >> index & 1u) != 0) {
        message_set(why, "the package's key (key %u) is revoked on this board", index);
    } else if ((p->revoke >> index & 1u) != 0) {
        message_set(why, "the package revokes the key that signed it (key %u)", index);
    } else {
        return ARAREXT_OK;
    }
    return ARAREXT_ERR_SIGNATURE;
}

int ararext_package_fits(const struct ararext_package *package,
                         const struct ararext_package_findings *findings,
                         const struct ararext_board *board, struct ararext_message *why)
{
    int rc = fits_in_size(package, board, why);
    if (rc == ARAREXT_OK) {
        rc = fits_identity(package, board, why);
    }
    if (rc != ARAREXT_OK || board->slots.trust == TRUST_OPEN) {
        return rc;
    }
    if (board->slots.trust == TRUST_INCOMPLETE) {
        message_set(why, "the board's provisioning was cut off: it boots nothing until 'ararext "
                         "provision' has been run again with the same keys");
        return ARAREXT_ERR_MISFIT;
    }
    rc = fits_key(package, findings, board, why);
    if (rc == ARAREXT_OK && package->counter < board->slots.counter) {
        message_set(why,
                    "the package's security counter is %u, the board's %u: it will not go back",
                    (unsigned)package->counter, board->slots.counter);
        rc = ARAREXT_ERR_MISFIT;
    }
    return rc;
}

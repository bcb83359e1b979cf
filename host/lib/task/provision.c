/* SPDX-License-Identifier: MIT */
/*
 * Provisioning: what OTP will hold, whether it still can, and the command that burns it. It must
 * never send the command for values that the check before has refused; and it believes the board
 * only after reading the blocks back.
 */
#include <string.h>

#include "ararext_package.h"
#include "bytes.h"
#include "format.h"
#include "protocol.h"
#include "reserved.h"
#include "session.h"

enum { OTP_CHUNK = 240, LOCKS_AT = 512, WORD = 4 };

_Static_assert(ARAREXT_OTP_SIZE == LOCKS_AT + 16, "lock bytes");

void ararext_provision_image(const struct ararext_provisioning *p, uint8_t blocks[5 * 32])
{
    memset(blocks, 0xFF, OTP_LOCKED_BLOCKS * OTP_BLOCK_SIZE);
    for (uint32_t i = 0; i < p->count && i < ARAREXT_KEYS_MAX; i++) {
        memcpy(blocks + (OTP_BLOCK_KEYS + i) * OTP_BLOCK_SIZE, p->hashes[i], DIGEST_SIZE);
    }
    if (p->has_identity) {
        memcpy(blocks + OTP_BLOCK_IDENTITY * OTP_BLOCK_SIZE, p->identity, sizeof p->identity);
    }
}

static bool arguments_good(const struct ararext_provisioning *p)
{
    uint8_t blank[DIGEST_SIZE];
    memset(blank, 0xFF, sizeof blank);
    if (p->count < 1 || p->count > ARAREXT_KEYS_MAX || !NOTHING_RESERVED(p, NULL)) {
        return false;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        if (memcmp(p->hashes[i], blank, sizeof blank) == 0) {
            return false;
        }
        for (uint32_t k = 0; k < i; k++) {
            if (memcmp(p->hashes[i], p->hashes[k], DIGEST_SIZE) == 0) {
                return false;
            }
        }
    }
    return true;
}

static bool is_done(const uint8_t *otp, const uint8_t *blocks)
{
    bool good = memcmp(otp, blocks, OTP_LOCKED_BLOCKS * OTP_BLOCK_SIZE) == 0;
    for (unsigned i = 0; i < OTP_LOCKED_BLOCKS; i++) {
        good = good && otp[LOCKS_AT + i] == 0;
    }
    return good;
}

static int check_block(const uint8_t *otp, const uint8_t *want, unsigned block,
                       struct ararext_message *why)
{
    const uint8_t *have = otp + (size_t)block * OTP_BLOCK_SIZE;
    const uint8_t *wish = want + (size_t)block * OTP_BLOCK_SIZE;
    for (unsigned i = 0; i < OTP_BLOCK_SIZE; i++) {
        /* Bits only go from 1 to 0. */
        if ((have[i] & wish[i]) != wish[i]) {
            message_set(why,
                        "OTP block %u holds %02X at offset %u, where %02X should go: it is "
                        "not blank",
                        block, have[i], i, wish[i]);
            return ARAREXT_ERR_PROVISION;
        }
    }
    if (otp[LOCKS_AT + block] == 0 && memcmp(have, wish, OTP_BLOCK_SIZE) != 0) {
        message_set(why, "OTP block %u is locked, and holds something else", block);
        return ARAREXT_ERR_PROVISION;
    }
    return ARAREXT_OK;
}

bool ararext_provision_done(const struct ararext_provisioning *p,
                            const uint8_t otp[ARAREXT_OTP_SIZE])
{
    uint8_t blocks[OTP_LOCKED_BLOCKS * OTP_BLOCK_SIZE];
    ararext_provision_image(p, blocks);
    return is_done(otp, blocks);
}

int ararext_provision_check(const struct ararext_provisioning *p,
                            const uint8_t otp[ARAREXT_OTP_SIZE], struct ararext_message *why)
{
    uint8_t blocks[OTP_LOCKED_BLOCKS * OTP_BLOCK_SIZE];
    if (!arguments_good(p)) {
        message_set(why, "1 to 4 keys, each another one");
        return ARAREXT_ERR_ARGUMENT;
    }
    ararext_provision_image(p, blocks);
    if (is_done(otp, blocks)) {
        message_set(why, "the board is provisioned with exactly that already");
        return ARAREXT_ERR_PROVISION;
    }
    for (unsigned i = 0; i < OTP_LOCKED_BLOCKS; i++) {
        int rc = check_block(otp, blocks, i, why);
        if (rc != ARAREXT_OK) {
            return rc;
        }
    }
    for (uint32_t i = 0; i < p->count; i++) {
        const uint8_t *at = otp + OTP_BLOCK_REVOKED * OTP_BLOCK_SIZE + (size_t)i * WORD;
        if (load_le32(at) != UINT32_MAX) {
            message_set(why, "OTP block 5 is not blank: key %u would be revoked from the start",
                        (unsigned)i);
            return ARAREXT_ERR_PROVISION;
        }
    }
    for (unsigned i = OTP_BLOCK_REVOKED; i < OTP_BLOCK_COUNTER + OTP_COUNTER_BLOCKS; i++) {
        if (otp[LOCKS_AT + i] == 0) {
            message_set(why, "OTP block %u is locked: %s", i,
                        i == OTP_BLOCK_REVOKED ? "no key could ever be revoked"
                                               : "the security counter could not go all the way");
            return ARAREXT_ERR_PROVISION;
        }
    }
    return ARAREXT_OK;
}

int ararext_read_otp_all(struct ararext_session *s, uint8_t otp[ARAREXT_OTP_SIZE])
{
    int rc = ARAREXT_OK;
    for (size_t at = 0; rc == ARAREXT_OK && at < ARAREXT_OTP_SIZE; at += OTP_CHUNK) {
        size_t n = ARAREXT_OTP_SIZE - at < OTP_CHUNK ? ARAREXT_OTP_SIZE - at : OTP_CHUNK;
        rc = ararext_read_otp(s, (uint16_t)at, otp + at, n);
    }
    return rc;
}

int ararext_provision(struct ararext_session *s, const struct ararext_provisioning *p)
{
    uint8_t payload[PROVISION_HASHES + ARAREXT_KEYS_MAX * DIGEST_SIZE + 2 * UUID_SIZE];
    uint8_t otp[ARAREXT_OTP_SIZE];
    if (!arguments_good(p)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    size_t len = PROVISION_HASHES + p->count * DIGEST_SIZE;
    store_le32(payload + PROVISION_KEY_AT, PROVISION_KEY);
    payload[PROVISION_COUNT] = (uint8_t)p->count;
    payload[PROVISION_FLAGS] = (uint8_t)((p->has_identity ? PROVISION_IDENTITY : 0u) |
                                         (p->read_protection ? PROVISION_READ : 0u));
    memcpy(payload + PROVISION_HASHES, p->hashes, p->count * DIGEST_SIZE);
    if (p->has_identity) {
        memcpy(payload + len, p->identity, sizeof p->identity);
        len += sizeof p->identity;
    }
    struct call call = {.command = COMMAND_PROVISION,
                        .payload = payload,
                        .payload_len = len,
                        .once = true,
                        .extension = true};
    int rc = session_call(s, &call);
    /* An answer that got lost tells nothing; the blocks do. */
    bool already = rc == ARAREXT_ERR_REFUSED && s->failure.has_reason &&
                   s->failure.reason == REASON_PROVISIONED;
    if (rc != ARAREXT_OK && rc != ARAREXT_ERR_TIMEOUT && rc != ARAREXT_ERR_GARBLED && !already) {
        return rc;
    }
    const struct ararext_failure before = s->failure;
    int read = ararext_read_otp_all(s, otp);
    if (read != ARAREXT_OK) {
        return read;
    }
    if (ararext_provision_done(p, otp)) {
        return ARAREXT_OK;
    }
    s->failure = rc != ARAREXT_OK ? before : (struct ararext_failure){.code = ARAREXT_ERR_VERIFY};
    return rc != ARAREXT_OK ? rc : ARAREXT_ERR_VERIFY;
}

/* SPDX-License-Identifier: MIT */
/*
 * What a board tells about its package slots, and the commands that change them. The answer of
 * GET_SLOTS is checked before anything of it is used.
 */
#include <string.h>

#include "ararext_package.h"
#include "bytes.h"
#include "format.h"
#include "protocol.h"
#include "session.h"

/* The public numbers are a copy, so that the installed header stands alone. */
_Static_assert((int)ARAREXT_GET_SLOTS == (int)COMMAND_GET_SLOTS, "command codes");
_Static_assert((int)ARAREXT_PROVISION == (int)COMMAND_PROVISION, "command codes");
_Static_assert(ARAREXT_FEATURE_PACKAGES == FEATURE_PACKAGES, "features");
_Static_assert((int)ARAREXT_SLOT_REJECTED == (int)SLOT_REJECTED, "states");
_Static_assert((int)ARAREXT_TRUST_INCOMPLETE == (int)TRUST_INCOMPLETE, "trust");
_Static_assert(ARAREXT_REASON_PROVISIONED == REASON_PROVISIONED, "reasons");
_Static_assert(ARAREXT_KEYS_MAX == OTP_KEY_COUNT, "keys");

/* ---- GET_SLOTS ---- */

static void parse_slot(const uint8_t *d, struct ararext_slot *out)
{
    *out = (struct ararext_slot){
        .state = d[SLOT_STATE],
        .installed = (d[SLOT_FLAGS] & SLOT_FLAG_INSTALLED) != 0,
        .checked = (d[SLOT_FLAGS] & SLOT_FLAG_CHECKED) != 0,
        .attempts = d[SLOT_ATTEMPTS],
        .trials = d[SLOT_TRIALS],
        .cause = d[SLOT_CAUSE],
        .counter = load_le16(d + SLOT_COUNTER),
        .version = {.major = d[SLOT_VERSION],
                    .minor = d[SLOT_VERSION + 1],
                    .revision = load_le16(d + SLOT_VERSION + 2),
                    .build = load_le32(d + SLOT_VERSION + 4)},
        .package_size = load_le32(d + SLOT_PACKAGE_SIZE),
        .content_size = load_le32(d + SLOT_CONTENT_SIZE),
        .sequence = load_le32(d + SLOT_SEQUENCE),
        .flags = load_le32(d + SLOT_HEADER_FLAGS),
    };
    memcpy(out->digest, d + SLOT_DIGEST, sizeof out->digest);
}

static bool is_slot(uint8_t index)
{
    return index < ARAREXT_SLOT_COUNT || index == ARAREXT_SLOT_NONE;
}

static bool parse_slots(struct ararext_slots *out, const uint8_t *d, size_t len)
{
    size_t entry = d[SLOTS_ENTRY_SIZE];
    if (d[SLOTS_COUNT] != ARAREXT_SLOT_COUNT || entry < SLOT_ENTRY_SIZE ||
        len < SLOTS_ENTRIES + ARAREXT_SLOT_COUNT * entry || d[SLOTS_TRUST] > TRUST_INCOMPLETE ||
        !is_slot(d[SLOTS_TARGET]) || !is_slot(d[SLOTS_INSTALLED])) {
        return false;
    }
    *out = (struct ararext_slots){
        .trust = d[SLOTS_TRUST],
        .keys = d[SLOTS_KEYS],
        .revoked = d[SLOTS_REVOKED],
        .counter = load_le16(d + SLOTS_COUNTER),
        .target = d[SLOTS_TARGET],
        .installed = d[SLOTS_INSTALLED],
        .cause = d[SLOTS_CAUSE],
        .crashes = d[SLOTS_CRASHES],
        .package_max = load_le32(d + SLOTS_PACKAGE_MAX),
        .content_max = load_le32(d + SLOTS_CONTENT_MAX),
    };
    memcpy(out->identity, d + SLOTS_IDENTITY, sizeof out->identity);
    for (size_t i = 0; i < ARAREXT_SLOT_COUNT; i++) {
        parse_slot(d + SLOTS_ENTRIES + i * entry, &out->slots[i]);
        if (out->slots[i].state > SLOT_REJECTED) {
            return false;
        }
    }
    return true;
}

int ararext_get_slots(struct ararext_session *s, struct ararext_slots *out)
{
    uint8_t data[ANSWER_DATA_MAX];
    struct call call = {.command = COMMAND_GET_SLOTS,
                        .data = data,
                        .data_min = SLOTS_SIZE,
                        .data_max = sizeof data,
                        .extension = true,
                        .decides = true};
    int rc = session_call(s, &call);
    if (rc == ARAREXT_OK && data[SLOTS_LAYOUT] != SLOTS_LAYOUT_1) {
        rc = ARAREXT_ERR_UNSUPPORTED;
        s->failure = (struct ararext_failure){.code = rc};
    } else if (rc == ARAREXT_OK && !parse_slots(out, data, call.data_len)) {
        rc = ARAREXT_ERR_GARBLED;
        s->failure = (struct ararext_failure){.code = rc};
    }
    return rc;
}

static const char *word(const char *const *words, size_t count, uint8_t value)
{
    return value < count ? words[value] : "unknown";
}
#define WORD(words, value) word((words), sizeof(words) / sizeof(words)[0], (value))

const char *ararext_slot_state_text(uint8_t state)
{
    static const char *const TEXTS[] = {"empty", "incomplete", "staged", "confirmed", "rejected"};
    return WORD(TEXTS, state);
}

const char *ararext_reject_cause_text(uint8_t cause)
{
    static const char *const TEXTS[] = {"not told",
                                        "not confirmed in its boots on trial",
                                        "rollback asked for",
                                        "package damaged",
                                        "content does not unpack to what the package says",
                                        "application area does not take it"};
    return WORD(TEXTS, cause);
}

const char *ararext_boot_cause_text(uint8_t cause)
{
    static const char *const TEXTS[] = {"plain application",
                                        "confirmed package",
                                        "package on trial",
                                        "rolled back to the older package",
                                        "installed again: the area no longer matched",
                                        "new package that needs no confirmation"};
    return cause == UINT8_MAX ? "not known" : WORD(TEXTS, cause);
}

const char *ararext_trust_text(uint8_t trust)
{
    static const char *const TEXTS[] = {"open", "provisioned", "incomplete"};
    return WORD(TEXTS, trust);
}

/* ---- commands ---- */

int ararext_stage_begin(struct ararext_session *s, uint32_t size, uint8_t *slot)
{
    uint8_t payload[4];
    store_le32(payload, size);
    struct call call = {.command = COMMAND_STAGE_BEGIN,
                        .payload = payload,
                        .payload_len = sizeof payload,
                        .data = slot,
                        .data_min = 1,
                        .data_max = 1,
                        .extension = true};
    return session_call(s, &call);
}

int ararext_stage_write(struct ararext_session *s, uint32_t offset, const uint8_t *data, size_t len)
{
    uint8_t payload[5 + MEM_WRITE_MAX];
    if (len == 0 || len > MEM_WRITE_MAX) {
        return ARAREXT_ERR_ARGUMENT;
    }
    store_le32(payload, offset);
    payload[4] = (uint8_t)len;
    memcpy(payload + 5, data, len);
    struct call call = {.command = COMMAND_STAGE_WRITE,
                        .payload = payload,
                        .payload_len = 5 + len,
                        .extension = true};
    return session_call(s, &call);
}

int ararext_stage_finish(struct ararext_session *s)
{
    struct call call = {.command = COMMAND_STAGE_FINISH, .extension = true};
    return session_call(s, &call);
}

int ararext_confirm(struct ararext_session *s)
{
    struct call call = {.command = COMMAND_CONFIRM, .once = true, .extension = true};
    return session_call(s, &call);
}

int ararext_rollback(struct ararext_session *s)
{
    struct call call = {.command = COMMAND_ROLLBACK, .once = true, .extension = true};
    return session_call(s, &call);
}

/* SPDX-License-Identifier: MIT */
/* The operations without a file: info, confirm, rollback, start, reset. */
#include "web_operations.h"

#include "web_json.h"
#include "web_page.h"
#include "web_session.h"

static void tell_keys(struct web *w, const struct ararext_slots *slots)
{
    uint8_t hashes[ARAREXT_KEYS_MAX][ARAREXT_DIGEST_SIZE];
    if (slots->keys == 0 ||
        ararext_read_otp(w->session, 0, hashes[0], ARAREXT_KEYS_MAX * ARAREXT_DIGEST_SIZE) !=
            ARAREXT_OK) {
        return;
    }
    json_begin("keys");
    json_open("keys", '[');
    for (unsigned i = 0; i < ARAREXT_KEYS_MAX; i++) {
        if ((slots->keys >> i & 1u) != 0) {
            json_open(NULL, '{');
            json_hex("fingerprint", hashes[i], ARAREXT_DIGEST_SIZE);
            json_bool("revoked", (slots->revoked >> i & 1u) != 0);
            json_close('}');
        }
    }
    json_close(']');
    json_send();
}

static int tell_application(struct web *w)
{
    struct ararext_application application;
    int rc = ararext_find_application(w->session, &w->info, &application);
    if (rc == ARAREXT_ERR_UNSUPPORTED || rc == ARAREXT_ERR_REFUSED) {
        return ARAREXT_OK; /* an old bootloader, a provisioned board */
    }
    if (rc == ARAREXT_OK) {
        json_begin("application");
        json_number("bytes", application.bytes);
        json_number("crc", application.crc);
        json_bool("plausible", application.plausible);
        json_send();
    }
    return rc;
}

static int tell_all(struct web *w)
{
    struct ararext_slots slots = {0};
    int rc = ARAREXT_OK;
    if ((w->info.features & ARAREXT_FEATURE_PACKAGES) != 0) {
        rc = ararext_get_slots(w->session, &slots);
        if (rc == ARAREXT_OK) {
            web_tell_slots(&slots);
            tell_keys(w, &slots);
        }
    }
    return rc == ARAREXT_OK && slots.trust == ARAREXT_TRUST_OPEN ? tell_application(w) : rc;
}

PAGE_EXPORT(web_info) int web_info(void)
{
    struct web w;
    web_start(&w, 0);
    int rc = web_connect(&w);
    return web_end(&w, rc == ARAREXT_OK ? tell_all(&w) : rc, "The board answers.");
}

/* ---- confirm, rollback, start, reset ---- */

/* Where the answer got lost the slots tell. */
static int confirm(struct web *w)
{
    struct ararext_slots slots;
    int rc = ararext_confirm(w->session);
    bool lost = rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED;
    if ((rc != ARAREXT_OK && !lost) || ararext_get_slots(w->session, &slots) != ARAREXT_OK) {
        return rc;
    }
    web_tell_slots(&slots);
    bool good = slots.installed < ARAREXT_SLOT_COUNT &&
                slots.slots[slots.installed].state == ARAREXT_SLOT_CONFIRMED;
    if (!good && !lost) {
        web_say(&w->why, "the board accepted it, but reports no confirmed package");
        return ARAREXT_ERR_VERIFY;
    }
    return good ? ARAREXT_OK : rc;
}

static int roll_back(struct web *w)
{
    struct ararext_slots slots;
    int rc = ararext_rollback(w->session);
    if (rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED) {
        web_say(&w->advice, "whether it was carried out is not known: connect again, and look at "
                            "the slots");
    }
    if (rc == ARAREXT_OK) {
        rc = ararext_get_slots(w->session, &slots);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    web_tell_slots(&slots);
    if (slots.target >= ARAREXT_SLOT_COUNT) {
        web_say(&w->why, "the board accepted it, but reports nothing that it would start");
        return ARAREXT_ERR_VERIFY;
    }
    return ARAREXT_OK;
}

static int start_again(struct web *w)
{
    struct ararext_start start = {0};
    int rc = ararext_start(w->session, &start);
    if (rc == ARAREXT_OK && start.in_bootloader) {
        web_say(&w->why, "the board came back into its bootloader (%s)",
                ararext_stay_reason_text(start.stay_reason));
        web_say(&w->advice, "let go of the button, and reset it again");
        return ARAREXT_ERR_REFUSED;
    }
    return rc;
}

static int go(struct web *w)
{
    int rc = ararext_get_info(w->session, &w->info);
    return rc == ARAREXT_OK ? ararext_go(w->session, w->info.app_base) : rc;
}

PAGE_EXPORT(web_act) int web_act(enum web_action action)
{
    static const struct {
        int (*run)(struct web *w);
        const char *done;
    } actions[] = {
        [WEB_CONFIRM] = {confirm, "Confirmed: the board keeps what it runs."},
        [WEB_ROLLBACK] = {roll_back, "The package before is installed at the next start."},
        [WEB_GO] = {go, "Started the application."},
        [WEB_RESET] = {start_again, "Reset: the board has started what it has."},
    };
    struct web w;
    web_start(&w, 0);
    int rc = web_hello(&w);
    if (rc == ARAREXT_OK) {
        rc = actions[action].run(&w);
    }
    return web_end(&w, rc, actions[action].done);
}

/* SPDX-License-Identifier: MIT */
/*
 * The library's session over the port of the page. There is one port, so there is one session at a
 * time; it ends with its operation, and the next one starts from 115200 baud.
 */
#include "web_session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "web_json.h"
#include "web_operations.h"
#include "web_page.h"
#include "web_text.h"

enum { BAUD_OF_BOARD = 115200 };

/* ---- the transport ---- */

/* Each change of the rate that is used costs an opening of the port: two a flash, up and down. So a
 * rate that did not hold is the last that is tried in an operation. */
static struct {
    uint32_t baud, failed; /* of the line; that did not hold, 0 = none */
    bool raising;          /* rates are being tried */
    bool used;             /* something was sent at baud */
} rate;

static int line_write(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    (void)ctx;
    rate.used = true;
    return page_write(data, len, timeout_ms);
}

static int line_read(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    (void)ctx;
    int n = page_read(data, size, timeout_ms);
    *got = n > 0 ? (size_t)n : 0;
    return n < 0 ? n : ARAREXT_OK;
}

static int line_set_baud(void *ctx, uint32_t baud)
{
    (void)ctx;
    if (rate.raising && rate.used && rate.baud > BAUD_OF_BOARD && baud == BAUD_OF_BOARD) {
        rate.failed = rate.baud;
    }
    if (rate.raising && rate.failed != 0 && baud > BAUD_OF_BOARD) {
        return ARAREXT_ERR_ARGUMENT;
    }
    rate.used = rate.used && baud == rate.baud;
    rate.baud = baud;
    return page_set_baud(baud);
}

static int line_flush(void *ctx)
{
    (void)ctx;
    return page_flush();
}

static int line_drain(void *ctx)
{
    (void)ctx;
    return page_drain();
}

static uint64_t line_now(void *ctx)
{
    (void)ctx;
    return (uint64_t)page_now();
}

static void line_sleep(void *ctx, unsigned ms)
{
    (void)ctx;
    page_sleep(ms);
}

static int line_reopen(void *ctx)
{
    (void)ctx;
    return page_reopen();
}

static void line_close(void *ctx)
{
    (void)ctx; /* the port stays open: the monitor reads it */
}

/* ---- the session ---- */

static bool patient;

PAGE_EXPORT(web_be_patient) void web_be_patient(int on)
{
    patient = on != 0;
}

static bool is_stopped(void *ctx)
{
    (void)ctx;
    return (page_wishes() & PAGE_WISH_STOP) != 0;
}

static void tell_lost(void *ctx, bool port, unsigned limit_ms)
{
    (void)ctx;
    json_begin("lost");
    json_bool("port", port);
    json_number("limit_ms", limit_ms);
    json_send();
}

void web_start(struct web *w, unsigned baud)
{
    memset(w, 0, sizeof *w);
    w->baud = baud;
}

void web_say(struct ararext_message *m, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(m->text, sizeof m->text, format, list);
    va_end(list);
}

static int open_session(struct web *w)
{
    struct ararext_transport line = {.write = line_write,
                                     .read = line_read,
                                     .set_baud = line_set_baud,
                                     .flush_input = line_flush,
                                     .drain = line_drain,
                                     .now_ms = line_now,
                                     .sleep_ms = line_sleep,
                                     .close = line_close,
                                     .reopen = line_reopen,
                                     .may_lag = patient};
    struct ararext_options options;
    ararext_default_options(&options);
    options.stop = is_stopped;
    options.lost = tell_lost;
    memset(&rate, 0, sizeof rate);
    rate.baud = BAUD_OF_BOARD;
    int rc = page_set_baud(BAUD_OF_BOARD);
    return rc == ARAREXT_OK ? ararext_open(&w->session, &line, &options) : rc;
}

static void tell_info(const struct web *w)
{
    const struct ararext_info *i = &w->info;
    char version[16];
    snprintf(version, sizeof version, "%u.%u.%u", i->version[0], i->version[1], i->version[2]);
    json_begin("info");
    json_string("bootloader", i->extended ? version : "");
    json_bool("debug", (i->features & ARAREXT_FEATURE_DEBUG) != 0);
    json_number("device", i->device_id);
    json_number("revision", i->revision_id);
    json_hex("uid", i->uid, sizeof i->uid);
    json_number("flash_kib", i->flash_kib);
    json_number("app_base", i->app_base);
    json_number("app_end", i->app_end);
    json_number("core_hz", i->core_hz);
    json_bool("crystal", i->clock_source == 1);
    json_string("reset_cause", ararext_reset_cause_text(i->reset_cause));
    json_string("stay_reason", ararext_stay_reason_text(i->stay_reason));
    json_number("rdp_level", i->rdp == 0xAA ? 0 : i->rdp == 0xCC ? 2 : 1);
    json_number("protected_sectors", ~(unsigned)i->nwrp & 0xFFFu);
    json_bool("packages", (i->features & ARAREXT_FEATURE_PACKAGES) != 0);
    json_bool("made_room", w->made_room);
    json_send();
}

void web_tell_slots(const struct ararext_slots *s)
{
    char version[32];
    json_begin("slots");
    json_string("trust", ararext_trust_text(s->trust));
    json_bool("open", s->trust == ARAREXT_TRUST_OPEN);
    json_string("last_start", ararext_boot_cause_text(s->cause));
    json_number("counter", s->counter);
    json_hex("identity", s->identity, sizeof s->identity);
    json_open("slots", '[');
    for (unsigned i = 0; i < ARAREXT_SLOT_COUNT; i++) {
        const struct ararext_slot *slot = &s->slots[i];
        bool used = slot->state >= ARAREXT_SLOT_STAGED;
        ararext_version_text(&slot->version, version, sizeof version);
        json_open(NULL, '{');
        json_string("state", ararext_slot_state_text(slot->state));
        json_string("version", used ? version : "");
        json_number("size", used ? slot->package_size : 0);
        json_bool("installed", s->installed == i);
        json_bool("next", s->target == i);
        json_number("attempts", slot->attempts);
        json_number("trials", slot->trials);
        json_string("cause", slot->state == ARAREXT_SLOT_REJECTED
                                 ? ararext_reject_cause_text(slot->cause)
                                 : "");
        json_close('}');
    }
    json_close(']');
    json_send();
}

int web_hello(struct web *w)
{
    uint8_t version = 0;
    int rc = open_session(w);
    if (rc == ARAREXT_OK) {
        rc = ararext_hello(w->session, &version);
    }
    if (rc == ARAREXT_OK && version >> 4 != 1) {
        web_say(&w->why, "the bootloader speaks protocol generation %02X, this page knows 10",
                version);
        web_say(&w->advice, "use a page of the bootloader's age");
        return ARAREXT_ERR_UNSUPPORTED;
    }
    if (rc == ARAREXT_OK && ararext_ended_stream(w->session)) {
        json_begin("ended_stream");
        json_send();
    }
    return rc;
}

int web_connect(struct web *w)
{
    int rc = web_hello(w);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = ararext_enter_bootloader(w->session, &w->info, &w->made_room);
    if (rc == ARAREXT_OK) {
        tell_info(w);
    } else if (rc == ARAREXT_ERR_REFUSED || rc == ARAREXT_ERR_UNSUPPORTED || w->made_room) {
        web_say(&w->advice, "what answers is an application, it seems: hold the button (PA0 high), "
                            "reset the board, and try again");
    }
    return rc;
}

int web_raise_baud(struct web *w)
{
    if (w->baud == BAUD_OF_BOARD) {
        return ARAREXT_OK;
    }
    rate.raising = true;
    int rc = ararext_raise_baud(w->session, w->baud);
    rate.raising = false;
    json_begin("baud");
    json_number("baud", ararext_get_baud(w->session));
    json_number("failed", rate.failed);
    json_send();
    return rc;
}

/* ---- the verdict ---- */

/* The library's own, where the operation said nothing. */
static void fill_in(struct web *w, int code)
{
    if (w->why.text[0] == '\0' && code == ARAREXT_ERR_INTERRUPTED) {
        web_say(&w->why, "stopped");
    } else if (w->why.text[0] == '\0' && w->session != NULL) {
        ararext_describe_failure(w->session, &w->why);
        if (w->advice.text[0] == '\0') {
            web_say(&w->advice, "%s", ararext_failure_advice(w->session));
        }
    }
    if (w->why.text[0] == '\0') {
        web_say(&w->why, "%s", ararext_error_entry(code)->sentence);
    }
}

static void tell_verdict(struct web *w, int code, const char *text)
{
    json_begin("done");
    json_bool("ok", code == ARAREXT_OK);
    json_string("name", ararext_error_entry(code)->name);
    if (code == ARAREXT_OK) {
        json_string("text", text);
    } else {
        fill_in(w, code);
        web_text_for_page(&w->why);
        web_text_for_page(&w->advice);
        json_string("text", w->why.text);
        json_string("state", w->state.text);
        json_string("advice", w->advice.text);
    }
    json_send();
}

int web_end(struct web *w, int code, const char *text)
{
    struct ararext_start start; /* it looks, so that the next operation meets the application */
    if (w->session != NULL && w->made_room && !w->stay && code == ARAREXT_OK &&
        ararext_start(w->session, &start) == ARAREXT_OK) {
        json_begin("restarted");
        json_send();
    }
    if (w->session != NULL) {
        ararext_restore_baud(w->session);
    }
    tell_verdict(w, code, text);
    ararext_close(w->session);
    w->session = NULL;
    return code;
}

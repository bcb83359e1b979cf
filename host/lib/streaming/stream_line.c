/* SPDX-License-Identifier: MIT */
/*
 * The rate of the line: upwards as far as adapter and board go, and back (PROTOCOL.md, "SET_BAUD").
 * A rate is used once an exchange at it has proven it; where that fails both sides are at 115200
 * again before the next one is tried. It must never leave the two ends at different rates for
 * longer than the board's own way back takes.
 */
#include "stream_host.h"

#include <string.h>

#include "bytes.h"
#include "command_stream.h"

enum {
    FALL_BACK_MS = 600, /* the board falls back after 500 */
    PROOF_COUNT = 2,
    FIND_MS = 30000, /* to look for a board that was lost, or for the port */
    REOPEN_MS = 250, /* between two tries */
    REPLUGS_MAX = 5,
};

const uint32_t STREAM_RATES[STREAM_RATE_COUNT] = {2000000, 1000000, 921600, 460800, 230400};

bool session_board_listens(struct ararext_session *s)
{
    bool (*const stop)(void *ctx) = s->options.stop;
    uint8_t version = 0;
    struct call call = {.command = COMMAND_GET_VER, .data = &version, .data_min = 1, .data_max = 1};
    s->options.stop = NULL;
    s->one_try = true;
    int rc = session_call(s, &call);
    s->one_try = false;
    s->options.stop = stop;
    return rc == ARAREXT_OK;
}

/* Whether the adapter takes the rate. Nothing is on its way meanwhile. */
static int adapter_can(struct ararext_session *s, uint32_t baud, bool *can)
{
    int rc = s->transport.drain(s->transport.ctx);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    *can = s->transport.set_baud(s->transport.ctx, baud) == ARAREXT_OK;
    return s->transport.set_baud(s->transport.ctx, s->baud);
}

static int ask_for_rate(struct ararext_session *s, uint32_t baud)
{
    uint8_t payload[SET_BAUD_SIZE];
    store_le32(payload, baud);
    /* Once: the answer may be lost, and the board then listens at the new rate. */
    struct call call = {.command = COMMAND_SET_BAUD,
                        .payload = payload,
                        .payload_len = sizeof payload,
                        .once = true,
                        .extension = true};
    return session_call(s, &call);
}

/* The board has to say of itself what it said before: long answers, compared. */
static bool rate_holds(struct ararext_session *s)
{
    bool holds = true;
    s->one_try = true;
    for (unsigned i = 0; holds && i < PROOF_COUNT; i++) {
        struct ararext_info info;
        holds = info_get_extended(s, &info) == ARAREXT_OK && info.features == s->info.features &&
                info.sector_count == s->info.sector_count &&
                memcmp(info.uid, s->info.uid, sizeof info.uid) == 0;
    }
    s->one_try = false;
    return holds;
}

/* ---- a board that was lost ---- */

static void tell_lost(const struct ararext_session *s, bool port, unsigned limit_ms)
{
    if (s->options.lost != NULL) {
        s->options.lost(s->options.ctx, port, limit_ms);
    }
}

static int fail(struct ararext_session *s, int code)
{
    s->failure = (struct ararext_failure){.code = code, .reason_command = COMMAND_STREAM_BEGIN};
    return code;
}

/* Somebody pulled the adapter, and puts it back. */
static int wait_for_port(struct ararext_session *s)
{
    const struct ararext_transport *t = &s->transport;
    uint64_t start = t->now_ms(t->ctx);
    if (t->reopen == NULL) {
        return fail(s, ARAREXT_ERR_IO);
    }
    tell_lost(s, true, FIND_MS);
    while (t->reopen(t->ctx) != ARAREXT_OK) {
        if (session_stopped(s)) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        if (t->now_ms(t->ctx) - start >= FIND_MS) {
            return fail(s, ARAREXT_ERR_IO);
        }
        t->sleep_ms(t->ctx, REOPEN_MS);
    }
    s->baud = s->start_baud;
    return ARAREXT_OK;
}

/* What came back, or was put in another's place, may be another board: that one must not get the
 * rest. */
static int check_same_board(struct ararext_session *s)
{
    struct ararext_info info;
    int rc = info_get_extended(s, &info);
    if (rc == ARAREXT_OK && memcmp(info.uid, s->info.uid, sizeof info.uid) != 0) {
        return fail(s, ARAREXT_ERR_NO_PORT);
    }
    return rc;
}

static int wait_for_board(struct ararext_session *s)
{
    uint64_t start = s->transport.now_ms(s->transport.ctx);
    unsigned limit = s->transport.may_lag ? FIND_MS * LAG_FACTOR : FIND_MS;
    tell_lost(s, false, limit);
    int rc = session_fall_back(s);
    while (rc == ARAREXT_OK && s->transport.now_ms(s->transport.ctx) - start < limit) {
        if (session_stopped(s)) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        if (session_board_listens(s)) {
            rc = check_same_board(s);
            if (rc != ARAREXT_ERR_TIMEOUT && rc != ARAREXT_ERR_GARBLED) {
                return rc;
            }
        }
        rc = s->failure.code == ARAREXT_ERR_IO ? ARAREXT_ERR_IO : ARAREXT_OK;
    }
    return rc != ARAREXT_OK ? rc : ARAREXT_ERR_TIMEOUT;
}

/* The rate had no part in it. */
static int come_back(struct ararext_session *s, uint32_t baud)
{
    int rc = wait_for_port(s);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = wait_for_board(s);
    return rc == ARAREXT_OK && baud > s->start_baud ? ararext_raise_baud(s, baud) : rc;
}

int session_find_again(struct ararext_session *s, int code)
{
    uint32_t baud = s->baud;
    int rc = code == ARAREXT_ERR_IO ? come_back(s, baud) : wait_for_board(s);
    /* A plug that has no firm hold comes and goes. */
    for (unsigned i = 0; rc == ARAREXT_ERR_IO && s->failure.sent_len > 0 && i < REPLUGS_MAX; i++) {
        rc = come_back(s, baud);
    }
    return rc;
}

/* ---- upwards ---- */

/* After a rate that does not hold: the board goes back by itself. */
static int give_up_rate(struct ararext_session *s)
{
    int rc = session_fall_back(s);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    s->transport.sleep_ms(s->transport.ctx, FALL_BACK_MS);
    for (unsigned i = 0; i <= s->options.retries; i++) {
        if (session_board_listens(s)) {
            return ARAREXT_OK;
        }
    }
    return s->failure.code;
}

/* *taken is true when both are at the new rate. */
static int try_rate(struct ararext_session *s, uint32_t baud, bool *taken)
{
    *taken = false;
    int rc = ask_for_rate(s, baud);
    if (rc == ARAREXT_ERR_REFUSED || rc == ARAREXT_ERR_UNSUPPORTED) {
        return ARAREXT_OK; /* the board cannot make it */
    }
    if (rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED) {
        return give_up_rate(s);
    }
    if (rc == ARAREXT_OK) {
        rc = session_set_line(s, baud);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    *taken = rate_holds(s);
    s->raised = *taken;
    return *taken ? ARAREXT_OK : give_up_rate(s);
}

int ararext_raise_baud(struct ararext_session *s, uint32_t limit)
{
    if (!session_has(s, ARAREXT_FEATURE_STREAM)) {
        return ARAREXT_OK;
    }
    for (size_t i = 0; i < STREAM_RATE_COUNT; i++) {
        bool good = false;
        if (STREAM_RATES[i] <= s->baud || (limit != 0 && STREAM_RATES[i] > limit)) {
            continue;
        }
        int rc = adapter_can(s, STREAM_RATES[i], &good);
        if (rc == ARAREXT_OK && good) {
            rc = try_rate(s, STREAM_RATES[i], &good);
        }
        if (rc != ARAREXT_OK || good) {
            return rc;
        }
    }
    return ARAREXT_OK;
}

int stream_set_rate(struct ararext_session *s, uint32_t baud)
{
    int asked = ask_for_rate(s, baud);
    int rc = session_set_line(s, baud);
    s->raised = false;
    s->needs_silence = asked != ARAREXT_OK;
    return rc;
}

void ararext_restore_baud(struct ararext_session *s)
{
    bool (*const stop)(void *ctx) = s->options.stop;
    if (s->baud == s->start_baud || !session_has(s, ARAREXT_FEATURE_STREAM)) {
        return;
    }
    s->options.stop = NULL;
    int rc = stream_set_rate(s, s->start_baud);
    s->options.stop = stop;
    s->needs_silence = s->needs_silence || rc != ARAREXT_OK; /* the board goes back by itself */
}

uint32_t ararext_get_baud(const struct ararext_session *s)
{
    return s->baud;
}

/* SPDX-License-Identifier: MIT */
/*
 * Into the bootloader of a board that does not answer: by the modem lines, or by waiting until
 * somebody resets it. Right after a reset nobody knows the moment from which the board listens, and
 * its entry window may be short: so a frame is sent again and again, without the silences of a
 * session, until it is answered. A pause after each is long enough for a board that got half of one
 * to throw it away.
 */
#include <string.h>

#include "bytes.h"
#include "protocol.h"
#include "wiring.h"

enum {
    HOLD_MS = 50,
    PAUSE_MS = 30,        /* PROTOCOL.md: 20 ms of quiet end what is no frame */
    RESET_WAIT_MS = 2500, /* as long as a start may take until the bootloader listens */
    RESET_TRIES = 3,
    REOPEN_MS = 250,
    ANSWER_SIZE = 4,
};

static const uint8_t QUESTION[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5C}; /* GET_VER */
static const uint8_t ANSWER[] = {0xA5, 0x51, 0x01};                     /* and the version */

/* The last bytes that came. */
struct tail {
    uint8_t bytes[ANSWER_SIZE];
};

static bool sees_answer(struct tail *tail, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        memmove(tail->bytes, tail->bytes + 1, ANSWER_SIZE - 1);
        tail->bytes[ANSWER_SIZE - 1] = data[i];
        if (memcmp(tail->bytes, ANSWER, sizeof ANSWER) == 0) {
            return true;
        }
    }
    return false;
}

/* Asks once, and listens for a moment. An application may send whatever it likes meanwhile. */
static int ask(struct ararext_session *s, struct tail *tail, bool *answered)
{
    const struct ararext_transport *t = &s->transport;
    uint64_t start = t->now_ms(t->ctx);
    int rc = t->write(t->ctx, QUESTION, sizeof QUESTION, PAUSE_MS);
    while (rc == ARAREXT_OK && !*answered && t->now_ms(t->ctx) - start < PAUSE_MS) {
        uint8_t data[256];
        size_t got = 0;
        rc = t->read(t->ctx, data, sizeof data, PAUSE_MS / 3, &got);
        *answered = rc == ARAREXT_OK && sees_answer(tail, data, got);
    }
    return rc == ARAREXT_ERR_TIMEOUT ? ARAREXT_OK : rc;
}

/* A port that went away is tried to be had again, now and then. */
static void try_port(struct ararext_session *s)
{
    const struct ararext_transport *t = &s->transport;
    t->sleep_ms(t->ctx, REOPEN_MS);
    if (t->reopen != NULL && t->reopen(t->ctx) == ARAREXT_OK) {
        s->baud = s->start_baud;
    }
}

static int poll_bootloader(struct ararext_session *s, unsigned limit_ms, bool patient)
{
    const struct ararext_transport *t = &s->transport;
    uint64_t start = t->now_ms(t->ctx);
    bool answered = false;
    struct tail tail = {{0}};
    int rc = session_fall_back(s);
    while (!answered && (rc == ARAREXT_OK || (patient && rc == ARAREXT_ERR_IO)) &&
           t->now_ms(t->ctx) - start < limit_ms) {
        if (session_stopped(s)) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        if (rc == ARAREXT_ERR_IO) {
            try_port(s);
        }
        rc = ask(s, &tail, &answered);
    }
    if (!answered) {
        s->failure = (struct ararext_failure){.code = rc == ARAREXT_OK ? ARAREXT_ERR_TIMEOUT : rc};
        return s->failure.code;
    }
    t->sleep_ms(t->ctx, PAUSE_MS * 2); /* the answers to questions that were still on their way */
    s->needs_silence = false;
    return t->flush_input(t->ctx);
}

int ararext_await_bootloader(struct ararext_session *s, unsigned limit_ms)
{
    return poll_bootloader(s, limit_ms, true);
}

static int failed(struct ararext_session *s, int rc)
{
    if (rc != ARAREXT_OK) {
        s->failure = (struct ararext_failure){.code = rc};
    }
    return rc;
}

int ararext_enter_by_lines(struct ararext_session *s, const struct ararext_wiring *wiring)
{
    const struct ararext_transport *t = &s->transport;
    int rc = ARAREXT_ERR_TIMEOUT;
    for (unsigned i = 0; i < RESET_TRIES && rc == ARAREXT_ERR_TIMEOUT; i++) {
        rc = failed(s, wiring_set(t, wiring, true, true));
        if (rc != ARAREXT_OK) {
            return rc;
        }
        t->sleep_ms(t->ctx, HOLD_MS);
        rc = failed(s, wiring_set(t, wiring, false, true));
        if (rc == ARAREXT_OK) {
            rc = poll_bootloader(s, t->may_lag ? RESET_WAIT_MS * LAG_FACTOR : RESET_WAIT_MS, false);
        }
        int released = wiring_set(t, wiring, false, false);
        rc = rc == ARAREXT_OK ? failed(s, released) : rc;
    }
    return rc;
}

int ararext_start_by_lines(struct ararext_session *s, const struct ararext_wiring *wiring)
{
    int rc = failed(s, ararext_wiring_reset(&s->transport, wiring));
    if (rc == ARAREXT_OK && s->baud != s->start_baud) {
        rc = failed(s, session_fall_back(s));
    }
    s->raised = false;
    s->needs_silence = true;
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * A session: sends a request, waits for its answer as long as PROTOCOL.md says and no longer, and
 * repeats what may be repeated. It must never wait without an end, never believe a length from the
 * wire before it is checked against what the command can answer, and never send GO or RESET a
 * second time when the first may have been carried out.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "crc.h"
#include "protocol.h"
#include "command_stream.h"
#include "reserved.h"

/* A board that answers nonsense for ever must not keep us. */
#define ANSWER_LIMIT_MS 2000u

enum { BARE_MS = 40 }; /* a 7F alone is followed by 20 ms of silence; and what adapters collect */

uint32_t ararext_crc(uint32_t crc, const uint8_t *data, size_t len)
{
    return crc_update(crc, data, len);
}

void ararext_default_options(struct ararext_options *out)
{
    *out = (struct ararext_options){.baud = BAUD_DEFAULT, .retries = RETRIES_DEFAULT};
}

int ararext_open(struct ararext_session **out, const struct ararext_transport *transport,
                 const struct ararext_options *options)
{
    struct ararext_options defaults;
    ararext_default_options(&defaults);
    if (options == NULL) {
        options = &defaults;
    }
    if (options->retries > RETRIES_MAX || !NOTHING_RESERVED(options, NULL) ||
        !NOTHING_RESERVED(transport, NULL)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    struct ararext_session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    s->transport = *transport;
    s->options = *options;
    s->start_baud = s->options.baud != 0 ? s->options.baud : BAUD_DEFAULT;
    s->baud = s->start_baud;
    if (s->options.margin_ms == 0) {
        s->options.margin_ms = MARGIN_DEFAULT_MS;
    }
    if (s->transport.may_lag && s->options.margin_ms < LAG_MARGIN_MS) {
        s->options.margin_ms = LAG_MARGIN_MS;
    }
    *out = s;
    return ARAREXT_OK;
}

void ararext_close(struct ararext_session *s)
{
    if (s != NULL) {
        s->transport.close(s->transport.ctx);
        free(s);
    }
}

void ararext_release(struct ararext_session *s, struct ararext_transport *out)
{
    *out = s->transport;
    free(s);
}

const struct ararext_failure *ararext_last_failure(const struct ararext_session *s)
{
    return &s->failure;
}

void ararext_get_counters(const struct ararext_session *s, struct ararext_counters *out)
{
    *out = s->counters;
}

bool session_stopped(struct ararext_session *s)
{
    if (s->options.stop == NULL || !s->options.stop(s->options.ctx)) {
        return false;
    }
    s->failure = (struct ararext_failure){.code = ARAREXT_ERR_INTERRUPTED};
    return true;
}

bool session_has(const struct ararext_session *s, uint32_t features)
{
    return !s->options.no_extensions && s->has_info && s->info.extended &&
           (s->info.features & features) == features;
}

static uint64_t now(struct ararext_session *s)
{
    return s->transport.now_ms(s->transport.ctx);
}

/* Time that len bytes of 10 bits take, rounded up. */
static unsigned line_ms(const struct ararext_session *s, size_t len)
{
    return (unsigned)((len * 10000u + s->baud - 1) / s->baud);
}

/* ---- the rate of our end ---- */

int session_set_line(struct ararext_session *s, uint32_t baud)
{
    int rc = s->transport.drain(s->transport.ctx);
    if (rc == ARAREXT_OK) {
        rc = s->transport.set_baud(s->transport.ctx, baud);
    }
    if (rc == ARAREXT_OK) {
        s->baud = baud;
    }
    return rc;
}

int session_fall_back(struct ararext_session *s)
{
    s->raised = false;
    s->needs_silence = true;
    return session_set_line(s, s->start_baud);
}

/* ---- one request, one answer ---- */

/* A request on its way and what has come back. */
struct transfer {
    bool checked; /* the answer has to end in a CRC ... */
    bool bare;    /* ... and a 7F came without: the frame or the command was not understood */
    uint8_t frame[FRAME_SIZE_MAX];
    size_t frame_len;
    uint8_t got[sizeof((struct ararext_failure *)0)->got];
    size_t got_len;
    uint64_t deadline_ms;
};

static void trace(struct ararext_session *s, bool sent, const uint8_t *data, size_t len)
{
    if (s->options.trace != NULL) {
        s->options.trace(s->options.ctx, sent, data, len);
    }
}

static void build_frame(struct transfer *t, enum ararext_dialect dialect, uint8_t command,
                        const uint8_t *payload, size_t len)
{
    t->checked = t->bare = false;
    size_t counted = 1 + len + (dialect == ARAREXT_COURSE ? FRAME_CRC_SIZE : 0);
    t->frame[0] = (uint8_t)counted;
    t->frame[1] = command;
    if (len > 0) {
        memcpy(t->frame + 2, payload, len);
    }
    store_le32(t->frame + 2 + len, crc_update(CRC_START, t->frame, 2 + len));
    t->frame_len = 2 + len + FRAME_CRC_SIZE;
    t->got_len = 0;
}

/* After a lost answer the board may wait for the rest of a frame, and the rest of an answer may be
 * on its way: say nothing for as long as PROTOCOL.md asks, and throw away what comes. */
static int keep_silence(struct ararext_session *s)
{
    uint8_t waste[64];
    uint64_t until = s->silent_since_ms + RESYNC_SILENCE_MS;
    for (uint64_t t = now(s); t < until; t = now(s)) {
        size_t got = 0;
        int rc =
            s->transport.read(s->transport.ctx, waste, sizeof waste, (unsigned)(until - t), &got);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        if (got > 0) {
            trace(s, false, waste, got);
        }
    }
    s->needs_silence = false;
    return ARAREXT_OK;
}

static int send_frame(struct ararext_session *s, struct transfer *t, unsigned board_ms)
{
    int rc = s->needs_silence ? keep_silence(s) : ARAREXT_OK;
    if (rc == ARAREXT_OK) {
        rc = s->transport.flush_input(s->transport.ctx);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    t->got_len = 0;
    unsigned line = line_ms(s, t->frame_len);
    trace(s, true, t->frame, t->frame_len);
    rc = s->transport.write(s->transport.ctx, t->frame, t->frame_len, line + 1000);
    s->counters.frames++;
    s->counters.bytes_sent += t->frame_len;
    s->silent_since_ms = now(s);
    t->deadline_ms = s->silent_since_ms + line + board_ms +
                     (s->look_ms != 0 ? s->look_ms : s->options.margin_ms);
    return rc;
}

/* Reads until got holds want bytes. TIMEOUT when the board stops before. */
static int receive(struct ararext_session *s, struct transfer *t, size_t want)
{
    while (t->got_len < want) {
        uint64_t at = now(s);
        unsigned wait = at < t->deadline_ms ? (unsigned)(t->deadline_ms - at) : 0;
        size_t got = 0;
        int rc =
            s->transport.read(s->transport.ctx, t->got + t->got_len, want - t->got_len, wait, &got);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        if (got == 0 && now(s) >= t->deadline_ms) {
            return ARAREXT_ERR_TIMEOUT;
        }
        if (got > 0) {
            trace(s, false, t->got + t->got_len, got);
            t->got_len += got;
            s->counters.bytes_received += got;
            uint64_t rest = now(s) + line_ms(s, want - t->got_len) + s->options.margin_ms;
            t->deadline_ms = rest > t->deadline_ms ? rest : t->deadline_ms;
        }
    }
    return ARAREXT_OK;
}

/* What came is no answer: take along what follows at once, for the message. */
static int garbled(struct ararext_session *s, struct transfer *t)
{
    uint64_t limit = now(s) + ANSWER_LIMIT_MS;
    while (t->got_len < sizeof t->got && now(s) < limit) {
        t->deadline_ms = now(s) + 20;
        size_t before = t->got_len;
        if (receive(s, t, before + 1) != ARAREXT_OK) {
            break;
        }
    }
    return ARAREXT_ERR_GARBLED;
}

/* The request's twin that asks for a checked answer. */
static void build_checked_frame(struct transfer *t, const struct call *call)
{
    build_frame(t, ARAREXT_NATIVE, call->command | COMMAND_CHECKED, call->payload,
                call->payload_len);
    t->checked = true;
}

static bool check_is_good(const struct transfer *t, size_t len)
{
    return load_le32(t->got + len) == crc_update(CRC_START, t->got, len);
}

/* `7F`, or `7F command 00 CRC`: the rest follows at once, if there is one. */
static int receive_refusal(struct ararext_session *s, struct transfer *t)
{
    uint64_t deadline = t->deadline_ms;
    if (!t->checked) {
        return ARAREXT_ERR_REFUSED;
    }
    t->deadline_ms = now(s) + (s->transport.may_lag ? BARE_MS * LAG_FACTOR : BARE_MS);
    if (receive(s, t, 2) == ARAREXT_ERR_TIMEOUT) {
        t->bare = true;
        return ARAREXT_ERR_REFUSED;
    }
    t->deadline_ms = deadline;
    int rc = receive(s, t, ANSWER_HEAD_SIZE + FRAME_CRC_SIZE);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    bool good = t->got[1] == t->frame[1] && t->got[2] == 0 && check_is_good(t, ANSWER_HEAD_SIZE);
    return good ? ARAREXT_ERR_REFUSED : garbled(s, t);
}

/* `A5 command n data`, or a refusal. */
static int receive_native(struct ararext_session *s, struct transfer *t, const struct call *call)
{
    int rc = receive(s, t, 1);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (t->got[0] == PROTOCOL_NACK) {
        return receive_refusal(s, t);
    }
    if (t->got[0] != PROTOCOL_ACK) {
        return garbled(s, t);
    }
    rc = receive(s, t, ANSWER_HEAD_SIZE);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    size_t n = t->got[2];
    if (t->got[1] != t->frame[1] || n < call->data_min || n > call->data_max) {
        return garbled(s, t);
    }
    rc = receive(s, t, ANSWER_HEAD_SIZE + n + (t->checked ? FRAME_CRC_SIZE : 0));
    return rc == ARAREXT_OK && t->checked && !check_is_good(t, ANSWER_HEAD_SIZE + n) ? garbled(s, t)
                                                                                     : rc;
}

/* How long we wait for what the board may take. */
static unsigned patience_ms(const struct ararext_session *s, uint8_t command,
                            const uint8_t *payload, size_t payload_len)
{
    unsigned ms = session_board_time_ms(s, command, payload, payload_len);
    return s->transport.may_lag ? ms * LAG_FACTOR : ms;
}

static int attempt(struct ararext_session *s, struct transfer *t, struct call *call)
{
    int rc = send_frame(s, t, patience_ms(s, call->command, call->payload, call->payload_len));
    if (rc == ARAREXT_OK) {
        rc = receive_native(s, t, call);
    }
    if (rc == ARAREXT_OK) {
        call->data_len = t->got[2];
        if (call->data_len > 0) {
            memcpy(call->data, t->got + 3, call->data_len);
        }
    }
    if (rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED) {
        s->needs_silence = true;
    }
    return rc;
}

/* ---- failures ---- */

static void note_failure(struct ararext_session *s, int code, const struct transfer *t)
{
    struct ararext_failure *f = &s->failure;
    unsigned attempts = f->attempts;
    *f = (struct ararext_failure){.code = code, .attempts = attempts};
    memcpy(f->sent, t->frame, t->frame_len);
    f->sent_len = t->frame_len;
    memcpy(f->got, t->got, t->got_len);
    f->got_len = t->got_len;
}

/* After a 7F: why? A board without GET_LAST_ERROR answers 7F to this too. */
static void fetch_reason(struct ararext_session *s, uint8_t refused_command)
{
    bool known_absent =
        s->has_info && s->info.extended && (s->info.features & FEATURE_LAST_ERROR) == 0;
    if (s->options.no_extensions || known_absent || refused_command == COMMAND_GET_LAST_ERROR) {
        return;
    }
    uint8_t data[LAST_ERROR_SIZE] = {0};
    struct call call = {.command = COMMAND_GET_LAST_ERROR,
                        .data = data,
                        .data_min = LAST_ERROR_SIZE,
                        .data_max = LAST_ERROR_SIZE};
    struct transfer t;
    build_frame(&t, ARAREXT_NATIVE, call.command, NULL, 0);
    if (s->checked) {
        build_checked_frame(&t, &call);
    }
    if (attempt(s, &t, &call) != ARAREXT_OK) {
        return;
    }
    s->failure.has_reason = data[LAST_ERROR_REASON] != REASON_NONE;
    s->failure.reason = data[LAST_ERROR_REASON];
    s->failure.reason_command = data[LAST_ERROR_COMMAND];
    s->failure.detail = load_le32(data + LAST_ERROR_DETAIL);
}

/* A 7F that says the frame did not arrive whole, so that it was not carried out. */
static bool was_line_error(const struct ararext_failure *f)
{
    return !f->has_reason ||
           (f->reason_command == 0 && f->reason >= REASON_CRC && f->reason <= REASON_OVERFLOW);
}

static bool may_repeat(const struct ararext_session *s, const struct call *call, int rc)
{
    if (s->one_try) {
        return false;
    }
    if (rc == ARAREXT_ERR_REFUSED) {
        return was_line_error(&s->failure);
    }
    return (rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED) && !call->once;
}

/* After a reset and after a start the line is at 115200. Where the answer was lost that is not
 * known; a board that was not reset goes back by itself. */
static int follow_reset(struct ararext_session *s, uint8_t command, int rc)
{
    bool resets = command == COMMAND_RESET || command == COMMAND_GO_TO_ADDR;
    bool lost = rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED;
    if (!s->raised || !resets || (rc != ARAREXT_OK && !lost)) {
        return rc;
    }
    int back = session_fall_back(s);
    s->needs_silence = lost;
    return rc == ARAREXT_OK ? back : rc;
}

/* One attempt, with the reason of a refusal. */
static int attempt_and_note(struct ararext_session *s, struct transfer *t, struct call *call)
{
    int rc = attempt(s, t, call);
    if (rc == ARAREXT_OK) {
        return rc;
    }
    note_failure(s, rc, t);
    if (rc == ARAREXT_ERR_REFUSED) {
        fetch_reason(s, call->command);
    }
    if (rc == ARAREXT_ERR_REFUSED && call->extension && !t->bare && s->failure.has_reason &&
        s->failure.reason == REASON_UNKNOWN_COMMAND) {
        rc = s->failure.code = ARAREXT_ERR_UNSUPPORTED;
    }
    return rc;
}

/* Until it is carried out, refused, or nobody has answered often enough. */
static int call_until_answered(struct ararext_session *s, struct transfer *t, struct call *call)
{
    for (unsigned i = 0;; i++) {
        s->failure.attempts = i + 1;
        int rc = attempt_and_note(s, t, call);
        if (rc == ARAREXT_OK || !may_repeat(s, call, rc)) {
            return rc;
        }
        /* Also after the last attempt: whoever wanted an end is not told of the board's silence. */
        if (session_stopped(s)) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        if (i >= s->options.retries) {
            if (!s->raised || session_fall_back(s) != ARAREXT_OK) {
                return rc;
            }
            i = 0; /* once: raised is false now */
        }
        s->counters.resends++;
    }
}

/* An answer without a check of its own: it has to come twice in a row. */
static int ask_again(struct ararext_session *s, struct transfer *t, struct call *call)
{
    uint8_t before[ARAREXT_DATA_MAX];
    for (unsigned i = 0; i <= s->options.retries + 1; i++) {
        size_t len = call->data_len;
        memcpy(before, call->data, len);
        int rc = call_until_answered(s, t, call);
        if (rc != ARAREXT_OK || (call->data_len == len && memcmp(before, call->data, len) == 0)) {
            return rc;
        }
    }
    note_failure(s, ARAREXT_ERR_GARBLED, t);
    return ARAREXT_ERR_GARBLED;
}

int session_call(struct ararext_session *s, struct call *call)
{
    if (session_stopped(s)) {
        return ARAREXT_ERR_INTERRUPTED;
    }
    struct transfer t;
    build_frame(&t, ARAREXT_NATIVE, call->command, call->payload, call->payload_len);
    s->failure.attempts = 0;
    if (call->extension && s->options.no_extensions) {
        note_failure(s, ARAREXT_ERR_UNSUPPORTED, &t);
        return ARAREXT_ERR_UNSUPPORTED;
    }
    int rc = ARAREXT_ERR_REFUSED;
    t.bare = true;
    if (s->checked) {
        build_checked_frame(&t, call);
        rc = call_until_answered(s, &t, call);
    }
    /* A 7F alone: whoever answers there now (an application) may not know checked answers. */
    if (rc == ARAREXT_ERR_REFUSED && t.bare) {
        build_frame(&t, ARAREXT_NATIVE, call->command, call->payload, call->payload_len);
        rc = call_until_answered(s, &t, call);
        rc = rc == ARAREXT_OK && call->decides ? ask_again(s, &t, call) : rc;
    }
    return follow_reset(s, call->command, rc);
}

int session_learn_checked(struct ararext_session *s, uint8_t *version)
{
    struct call call = {
        .command = COMMAND_GET_VER, .data = version, .data_min = 1, .data_max = 1, .decides = true};
    struct transfer t;
    int rc = ARAREXT_ERR_GARBLED;
    build_checked_frame(&t, &call);
    for (unsigned i = 0; i <= s->options.retries && rc == ARAREXT_ERR_GARBLED; i++) {
        if (session_stopped(s)) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        rc = attempt(s, &t, &call);
    }
    s->checked = rc == ARAREXT_OK; /* else every answer that decides is asked for twice */
    return rc == ARAREXT_OK ? rc : session_call(s, &call);
}

/* ---- raw access ---- */

/* The course commands that answer `A5 01` first and the status byte when they are done. */
static bool answers_status(uint8_t command)
{
    return command == COMMAND_GO_TO_ADDR || command == COMMAND_FLASH_ERASE ||
           command == COMMAND_MEM_WRITE || command == COMMAND_EN_RW_PROTECT ||
           command == COMMAND_DIS_R_W_PROTECT || command == COMMAND_RESET ||
           (command >= COMMAND_STAGE_WRITE && command <= COMMAND_PROVISION);
}

/* `A5 n data` or `7F`; the status byte may take as long as the command does. */
static int receive_course(struct ararext_session *s, struct transfer *t, unsigned wait_ms)
{
    int rc = receive(s, t, 1);
    if (rc == ARAREXT_OK && t->got[0] == PROTOCOL_NACK) {
        return ARAREXT_ERR_REFUSED;
    }
    if (rc == ARAREXT_OK && t->got[0] != PROTOCOL_ACK) {
        return garbled(s, t);
    }
    if (rc == ARAREXT_OK) {
        rc = receive(s, t, 2);
    }
    if (rc == ARAREXT_OK && t->got[1] > 0) {
        t->deadline_ms = now(s) + line_ms(s, t->got[1]) + wait_ms + s->options.margin_ms;
        rc = receive(s, t, 2u + t->got[1]);
    }
    return rc;
}

int ararext_raw(struct ararext_session *s, struct ararext_raw *raw)
{
    bool course = raw->dialect == ARAREXT_COURSE;
    raw->data_len = 0;
    if (raw->payload_len > (course ? ARAREXT_PAYLOAD_MAX - FRAME_CRC_SIZE : ARAREXT_PAYLOAD_MAX) ||
        (!course && raw->dialect != ARAREXT_NATIVE) || !NOTHING_RESERVED(raw, NULL)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    if (session_stopped(s)) {
        return ARAREXT_ERR_INTERRUPTED;
    }
    struct transfer t;
    build_frame(&t, raw->dialect, raw->command, raw->payload, raw->payload_len);
    unsigned wait = raw->timeout_ms != 0
                        ? raw->timeout_ms
                        : patience_ms(s, raw->command, raw->payload, raw->payload_len);
    struct call any = {.command = raw->command, .data_max = ARAREXT_DATA_MAX};
    int rc = send_frame(s, &t, wait);
    if (rc == ARAREXT_OK && course) {
        rc = receive_course(s, &t, answers_status(raw->command) ? wait : 0);
    } else if (rc == ARAREXT_OK) {
        rc = receive_native(s, &t, &any);
    }
    if (rc == ARAREXT_OK) {
        size_t head = course ? 2 : 3;
        raw->data_len = t.got_len - head;
        memcpy(raw->data, t.got + head, raw->data_len);
        return rc;
    }
    s->needs_silence = rc != ARAREXT_ERR_REFUSED;
    s->failure.attempts = 1;
    note_failure(s, rc, &t);
    return rc;
}

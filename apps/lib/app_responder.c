/* SPDX-License-Identifier: MIT */
/*
 * Answers a host on a serial line of the application, in native frames (PROTOCOL.md, end of
 * "GET_SLOTS"). It moves no bytes itself and stores no frame: a CRC is all that it needs of
 * one beside its first bytes. The rules of silence and quiet are those of the bootloader.
 */
#include "ararext_app.h"

#include <stdbool.h>

#include "bytes.h"
#include "crc.h"

enum responder_state {
    RESPONDER_COLLECTING,
    RESPONDER_READY,    /* a whole frame with a good CRC */
    RESPONDER_DRAINING, /* until the line is quiet */
    RESPONDER_GIVING,
};

void ararext_app_responder_init(struct ararext_app_responder *r)
{
    r->state = RESPONDER_COLLECTING;
    r->count = 0;
    r->last_ms = r->drain_ms = 0;
    r->wish = ARAREXT_APP_STAY;
    r->len = r->given = 0;
}

void ararext_app_responder_fail(struct ararext_app_responder *r, uint32_t now_ms)
{
    if (r->state == RESPONDER_COLLECTING) {
        r->state = RESPONDER_DRAINING;
        r->drain_ms = now_ms;
    }
    r->last_ms = now_ms;
}

/* Length, command and payload: into the CRC, and what matters of them is kept. */
static void responder_note(struct ararext_app_responder *r, uint8_t byte)
{
    if (r->count == 0) {
        r->length = byte;
        r->crc = CRC_START;
        r->argument = 0;
    } else if (r->count == 1) {
        r->command = byte;
    } else if (r->count == 2) {
        r->argument = byte;
    }
    r->crc = crc_update(r->crc, &byte, 1);
}

void ararext_app_responder_take(struct ararext_app_responder *r, uint8_t byte, uint32_t now_ms)
{
    r->last_ms = now_ms;
    if (r->state != RESPONDER_COLLECTING) {
        return;
    }
    if (r->count == 0 && byte == 0) {
        ararext_app_responder_fail(r, now_ms);
        return;
    }
    if (r->count == 0 || r->count <= r->length) {
        responder_note(r, byte);
    } else {
        r->sum[r->count - r->length - 1u] = byte;
    }
    r->count++;
    if (r->count != 1u + r->length + FRAME_CRC_SIZE) {
        return;
    }
    if (load_le32(r->sum) == r->crc) {
        r->state = RESPONDER_READY;
    } else {
        ararext_app_responder_fail(r, now_ms);
    }
}

static int responder_report(uint8_t *data)
{
    const struct services *services;
    int error = ararext_app_find_services(&services);

    return error != 0 ? error : services->report(data, SLOTS_SIZE);
}

static int responder_wish(struct ararext_app_responder *r)
{
    if (r->argument != RESET_TO_BOOT && r->argument != RESET_TO_LOADER) {
        return REASON_ARGUMENT;
    }
    r->wish = r->argument == RESET_TO_BOOT ? ARAREXT_APP_WANT_RESET : ARAREXT_APP_WANT_BOOTLOADER;
    return 0;
}

/* Executes the frame's command; its Data is in the answer, its size in *len. */
static int responder_execute(struct ararext_app_responder *r, uint8_t *len)
{
    unsigned payload = r->length - 1u;

    *len = 0;
    if (payload != (r->command == COMMAND_RESET ? 1u : 0u)) {
        return REASON_PAYLOAD_LENGTH;
    }
    switch (r->command) {
    case COMMAND_GET_VER:
        r->answer[3] = PROTOCOL_GENERATION;
        *len = 1;
        return 0;
    case COMMAND_GET_SLOTS:
        *len = SLOTS_SIZE;
        return responder_report(r->answer + 3);
    case COMMAND_CONFIRM:
        return ararext_app_confirm();
    case COMMAND_ROLLBACK:
        return ararext_app_rollback();
    case COMMAND_RESET:
        return responder_wish(r);
    default:
        return REASON_UNKNOWN_COMMAND;
    }
}

static void responder_refuse(struct ararext_app_responder *r)
{
    r->answer[0] = PROTOCOL_NACK;
    r->len = 1;
    r->given = 0;
    r->state = RESPONDER_GIVING;
}

static void responder_answer(struct ararext_app_responder *r)
{
    uint8_t len;

    if (responder_execute(r, &len) != 0) {
        responder_refuse(r);
        return;
    }
    r->answer[0] = PROTOCOL_ACK;
    r->answer[1] = r->command;
    r->answer[2] = len;
    r->len = (uint8_t)(3u + len);
    r->given = 0;
    r->state = RESPONDER_GIVING;
}

/* Whether a frame was cut off, or what follows a bad one has ended. */
static bool responder_gives_up(const struct ararext_app_responder *r, uint32_t now_ms)
{
    uint32_t silent_ms = now_ms - r->last_ms;

    if (r->state == RESPONDER_DRAINING) {
        return silent_ms >= DRAIN_QUIET_MS || now_ms - r->drain_ms >= DRAIN_LIMIT_MS;
    }
    return r->state == RESPONDER_COLLECTING && r->count != 0 && silent_ms >= FRAME_SILENCE_MS;
}

size_t ararext_app_responder_give(struct ararext_app_responder *r, uint8_t *out, size_t size,
                                  uint32_t now_ms)
{
    size_t n = 0;

    if (r->state == RESPONDER_READY) {
        responder_answer(r);
    } else if (responder_gives_up(r, now_ms)) {
        responder_refuse(r);
    }
    if (r->state != RESPONDER_GIVING) {
        return 0;
    }
    while (n < size && r->given < r->len) {
        out[n++] = r->answer[r->given++];
    }
    if (r->given == r->len) {
        r->state = RESPONDER_COLLECTING;
        r->count = 0;
    }
    return n;
}

enum ararext_app_wish ararext_app_responder_wish(const struct ararext_app_responder *r)
{
    return r->state == RESPONDER_GIVING ? ARAREXT_APP_STAY : (enum ararext_app_wish)r->wish;
}

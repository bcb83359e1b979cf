/* SPDX-License-Identifier: MIT */
/*
 * From a request to an answer: the table of commands, the shape of answers in both dialects, the
 * record of the last failure.
 */
#include "loader.h"

#include "bytes.h"
#include "command.h"
#include "crc.h"
#include "verdict.h"

/* What does the commands, in the order of command_forms. */
static command_fn *const loader_runs[] = {
    command_get_ver,        command_get_help,     command_get_cid,
    command_get_rdp,        command_go,           command_erase,
    command_mem_write,      command_protect,      command_mem_read,
    command_get_nwrp,       command_otp_read,     command_unprotect,
    command_get_last_error, command_get_info,     command_reset,
    command_mem_crc,        command_get_slots,    command_stage_begin,
    command_stage_write,    command_stage_finish, command_confirm,
    command_rollback,       command_provision,    command_set_baud,
    command_stream_begin,   command_digests,      command_get_board,
};
_Static_assert(sizeof loader_runs / sizeof loader_runs[0] == COMMAND_COUNT, "one for each form");

/* PROTOCOL.md, "Course status". */
static uint8_t loader_status(enum reason reason)
{
    if (reason == REASON_NONE) {
        return COURSE_OK;
    }
    if (reason == REASON_FLASH_TIMEOUT) {
        return COURSE_TIMEOUT;
    }
    return reason == REASON_NO_SECTOR ? COURSE_INVALID_SECTOR : COURSE_ERROR;
}

static struct loader_answer loader_answer_byte(struct loader *l, uint8_t byte)
{
    l->answer[0] = byte;
    return (struct loader_answer){l->answer, 1};
}

/* The head of a native answer before the data that is there, and the CRC behind it if that was
 * asked for: a refusal has the same shape then. */
static struct loader_answer loader_answer_native(struct loader *l, uint8_t first)
{
    size_t len = ANSWER_HEAD_SIZE + (size_t)l->data_len;

    l->answer[0] = first;
    l->answer[1] = l->running->code;
    l->answer[2] = l->data_len;
    if (l->checked) {
        l->answer[1] |= COMMAND_CHECKED;
        store_le32(l->answer + len, crc_frame(l->answer, len));
        len += FRAME_CRC_SIZE;
    }
    return (struct loader_answer){l->answer, len};
}

static struct loader_answer loader_refuse(struct loader *l)
{
    l->data_len = 0;
    return l->checked ? loader_answer_native(l, PROTOCOL_NACK)
                      : loader_answer_byte(l, PROTOCOL_NACK);
}

static void loader_note_failure(struct loader *l, enum reason reason, uint8_t command)
{
    l->result = reason;
    l->failure.reason = reason;
    l->failure.command = command;
    l->failure.detail = l->detail;
    if (l->failure.count < UINT16_MAX) {
        l->failure.count++;
    }
}

void loader_init(struct loader *l)
{
    l->failure = (struct loader_failure){0, 0, REASON_NONE, 0};
    l->running = NULL;
    l->result = REASON_NONE;
    l->target = 0;
    l->detail = 0;
    l->after = AFTER_NOTHING;
    l->dialect = DIALECT_UNDECIDED;
    l->data_len = 0;
    l->stage = (struct update_stage){0};
    l->retired = false;
    l->block = ROM_BLOCK_COMMAND;
    l->go[0] = VERDICT_BAD;
    l->go[1] = VERDICT_BAD;
    command_read_trust(l);
}

struct loader_answer loader_reject(struct loader *l, enum reason reason, uint32_t detail)
{
    l->detail = detail;
    l->block = ROM_BLOCK_COMMAND;
    loader_note_failure(l, reason, 0);
    return loader_answer_byte(l, l->dialect == DIALECT_ROM ? ROM_NACK : PROTOCOL_NACK);
}

void loader_note_stream(struct loader *l)
{
    const struct stream *s = l->streaming->stream;

    l->detail = s->detail;
    loader_note_failure(l, s->reason, COMMAND_STREAM_BEGIN);
}

/* ---- ST's protocol ---- */

/* The answer's only byte, so far. */
static void loader_judge_rom(struct loader *l, enum reason reason)
{
    l->answer[0] = ROM_ACK;
    if (reason != REASON_NONE) {
        l->block = ROM_BLOCK_COMMAND;
        l->answer[0] = ROM_NACK;
        loader_note_failure(l, reason, l->rom.code);
    }
}

/* A command is acknowledged before its work, another last block after it. */
static bool loader_accept_rom(struct loader *l, const uint8_t *block, struct loader_answer *answer)
{
    bool begins = l->block == ROM_BLOCK_COMMAND;
    enum reason reason = command_rom_take(l, block);
    bool whole = reason == REASON_NONE && l->block == ROM_BLOCK_COMMAND;

    loader_judge_rom(l, reason);
    answer->len = begins || !whole;
    return whole;
}

static struct loader_answer loader_execute_rom(struct loader *l, const uint8_t *block)
{
    size_t len;
    enum reason reason = command_rom_run(l, block, &len);

    if (reason != REASON_NONE) {
        loader_judge_rom(l, reason);
        len = 1;
    }
    return (struct loader_answer){l->answer, len};
}

/* ---- requests ---- */

bool loader_accept(struct loader *l, enum protocol_dialect dialect,
                   const struct frame_request *request, struct loader_answer *answer)
{
    enum reason reason = REASON_NONE;

    l->checked = dialect == DIALECT_NATIVE && (request->command & COMMAND_CHECKED) != 0;
    l->running =
        command_form_find(l->checked ? request->command ^ COMMAND_CHECKED : request->command);
    l->checked = l->checked && l->running != NULL;
    l->dialect = dialect;
    l->result = REASON_NONE;
    l->after = AFTER_NOTHING;
    l->go[0] = VERDICT_BAD;
    l->go[1] = VERDICT_BAD;
    l->detail = 0;
    l->data_len = 0;
    *answer = (struct loader_answer){l->answer, 0};
    if (dialect == DIALECT_ROM) {
        return loader_accept_rom(l, request->payload, answer);
    }
    if (l->running == NULL) {
        reason = REASON_UNKNOWN_COMMAND;
    } else if (!command_form_fits(l->running, request->payload, request->payload_len)) {
        reason = command_refuse(l, REASON_PAYLOAD_LENGTH, request->payload_len);
    }
    if (reason != REASON_NONE) {
        loader_note_failure(l, reason, l->checked ? l->running->code : request->command);
        *answer = loader_refuse(l);
        return false;
    }
    if (dialect == DIALECT_COURSE && l->running->status) {
        l->answer[0] = PROTOCOL_ACK;
        l->answer[1] = 1;
        answer->len = 2;
    }
    return true;
}

struct loader_answer loader_execute(struct loader *l, const struct frame_request *request)
{
    if (l->dialect == DIALECT_ROM) {
        return loader_execute_rom(l, request->payload);
    }
    const struct frame_request plain = {request->payload, request->payload_len, l->running->code};
    enum reason reason = loader_runs[l->running - command_forms](l, &plain);
    bool course = l->dialect == DIALECT_COURSE;

    if (l->running->status) {
        stream_forget(l->streaming->stream); /* it may have changed memory */
    }
    if (reason != REASON_NONE) {
        loader_note_failure(l, reason, plain.command);
    }
    if (course && l->running->status) {
        return loader_answer_byte(l, loader_status(reason));
    }
    if (reason != REASON_NONE) {
        return loader_refuse(l);
    }
    if (course) {
        l->answer[1] = PROTOCOL_ACK;
        l->answer[2] = l->data_len;
        return (struct loader_answer){l->answer + 1, ANSWER_HEAD_SIZE - 1u + (size_t)l->data_len};
    }
    return loader_answer_native(l, PROTOCOL_ACK);
}

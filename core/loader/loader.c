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

struct loader_command {
    command_fn *run;
    uint8_t code;
    bool status;      /* answers with a status byte in the course dialect */
    uint16_t lengths; /* bit n: a payload of n bytes is right; 0: byte 4 counts the data behind it;
                       * LENGTH_PROVISION: as its bytes 4 and 5 say */
};
#define LENGTH_PROVISION 0x8000u

#define N(n) (1u << (n)) /* a payload of n bytes */

static const struct loader_command commands[] = {
    {command_get_ver, COMMAND_GET_VER, false, N(0)},
    {command_get_help, COMMAND_GET_HELP, false, N(0)},
    {command_get_cid, COMMAND_GET_CID, false, N(0)},
    {command_get_rdp, COMMAND_GET_RDP_STATUS, false, N(0)},
    {command_go, COMMAND_GO_TO_ADDR, true, N(4)},
    {command_erase, COMMAND_FLASH_ERASE, true, N(2)},
    {command_mem_write, COMMAND_MEM_WRITE, true, 0},
    {command_protect, COMMAND_EN_RW_PROTECT, true, N(2) | N(3) | N(6) | N(7)},
    {command_mem_read, COMMAND_MEM_READ, false, N(5)},
    {command_get_nwrp, COMMAND_READ_SECTOR_P_STATUS, false, N(0)},
    {command_otp_read, COMMAND_OTP_READ, false, N(0) | N(3)},
    {command_unprotect, COMMAND_DIS_R_W_PROTECT, true, N(0) | N(1)},
    {command_get_last_error, COMMAND_GET_LAST_ERROR, false, N(0)},
    {command_get_info, COMMAND_GET_INFO, false, N(0)},
    {command_reset, COMMAND_RESET, true, N(1)},
    {command_mem_crc, COMMAND_MEM_CRC, false, N(8)},
    {command_get_slots, COMMAND_GET_SLOTS, false, N(0)},
    {command_stage_begin, COMMAND_STAGE_BEGIN, false, N(4)},
    {command_stage_write, COMMAND_STAGE_WRITE, true, 0},
    {command_stage_finish, COMMAND_STAGE_FINISH, true, N(0)},
    {command_confirm, COMMAND_CONFIRM, true, N(0)},
    {command_rollback, COMMAND_ROLLBACK, true, N(0)},
    {command_provision, COMMAND_PROVISION, true, LENGTH_PROVISION},
    {command_stream, COMMAND_SET_BAUD, false, N(SET_BAUD_SIZE)},
    {command_stream, COMMAND_STREAM_BEGIN, false, N(STREAM_BEGIN_LENGTH)},
    {command_stream, COMMAND_DIGESTS, false, N(DIGESTS_SIZE)},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

/* Here, since it tells the table. */
enum reason command_get_help(struct loader *l, const struct frame_request *request)
{
    (void)request;
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        *command_append(l, 1) = commands[i].code;
    }
    return REASON_NONE;
}

static const struct loader_command *loader_find(uint8_t code)
{
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        if (commands[i].code == code) {
            return &commands[i];
        }
    }
    return NULL;
}

static bool loader_length_fits(const struct loader_command *row, const struct frame_request *q)
{
    if (row->lengths == 0) {
        return q->payload_len >= 5u && q->payload_len == 5u + q->payload[4];
    }
    if (row->lengths == LENGTH_PROVISION) {
        return q->payload_len >= PROVISION_HASHES &&
               q->payload_len ==
                   PROVISION_HASHES +
                       DIGEST_SIZE * (q->payload[PROVISION_COUNT] +
                                      (q->payload[PROVISION_IDENTITY] == 1 ? 1u : 0u));
    }
    return q->payload_len < 16u && (row->lengths >> q->payload_len & 1u) != 0;
}

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
    l->go[0] = VERDICT_BAD;
    l->go[1] = VERDICT_BAD;
    command_read_trust(l);
}

struct loader_answer loader_reject(struct loader *l, enum reason reason, uint32_t detail)
{
    l->detail = detail;
    loader_note_failure(l, reason, 0);
    return loader_answer_byte(l, PROTOCOL_NACK);
}

void loader_note_stream(struct loader *l)
{
    const struct stream *s = l->streaming->stream;

    l->detail = s->detail;
    loader_note_failure(l, s->reason, COMMAND_STREAM_BEGIN);
}

bool loader_accept(struct loader *l, enum protocol_dialect dialect,
                   const struct frame_request *request, struct loader_answer *answer)
{
    enum reason reason = REASON_NONE;

    l->checked = dialect == DIALECT_NATIVE && (request->command & COMMAND_CHECKED) != 0;
    l->running = loader_find(l->checked ? request->command ^ COMMAND_CHECKED : request->command);
    l->checked = l->checked && l->running != NULL;
    l->dialect = dialect;
    l->result = REASON_NONE;
    l->after = AFTER_NOTHING;
    l->go[0] = VERDICT_BAD;
    l->go[1] = VERDICT_BAD;
    l->detail = 0;
    l->data_len = 0;
    *answer = (struct loader_answer){l->answer, 0};
    if (l->running == NULL) {
        reason = REASON_UNKNOWN_COMMAND;
    } else if (!loader_length_fits(l->running, request)) {
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
    const struct frame_request plain = {request->payload, request->payload_len, l->running->code};
    enum reason reason = l->running->run(l, &plain);
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

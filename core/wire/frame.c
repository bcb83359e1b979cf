/* SPDX-License-Identifier: MIT */
/* The receiver of frames in all dialects; states and rules in frame.h. */
#include "frame.h"

#include <stdbool.h>

#include "bytes.h"
#include "command_form.h"
#include "crc.h"

#define US_PER_MS 1000u

void frame_init(struct frame_receiver *r)
{
    r->detail = 0;
    r->count = 0;
    r->state = FRAME_COLLECTING;
    r->dialect = DIALECT_UNDECIDED;
    r->reason = REASON_NONE;
    r->block = ROM_BLOCK_COMMAND;
    r->greeted = false;
}

/* The count at which the receiver has to decide next. Length is there. */
static unsigned frame_target(const struct frame_receiver *r)
{
    unsigned course = 1u + r->bytes[0];

    if (r->dialect == DIALECT_ROM) {
        return rom_block_size(r->block, r->bytes, r->count);
    }
    if (r->dialect == DIALECT_COURSE) {
        return course;
    }
    if (r->dialect == DIALECT_UNDECIDED && r->bytes[0] >= FRAME_COURSE_MIN && r->count < course) {
        return course;
    }
    return course + FRAME_CRC_SIZE;
}

void frame_fail(struct frame_receiver *r, enum reason reason, uint32_t detail, uint32_t now_us)
{
    if (r->state != FRAME_DRAINING) {
        r->state = FRAME_DRAINING;
        r->reason = reason;
        r->detail = detail;
        r->drain_us = now_us;
    }
    r->last_us = now_us;
}

/* Whether the course reading says something. The first frame decides for good, and a native one may
 * have the CRC of its own beginning in it: a range whose CRC somebody asks for can be anything. */
static bool frame_is_course(const struct frame_receiver *r)
{
    const struct command_form *form = command_form_find(r->bytes[1]);

    return r->dialect == DIALECT_COURSE ||
           (form != NULL && command_form_fits(form, r->bytes + 2, r->bytes[0] - FRAME_COURSE_MIN));
}

/* At a target: is the frame whole? Refuses it when no dialect is left that it could be of. */
static void frame_decide(struct frame_receiver *r, uint32_t now_us)
{
    bool course = r->count == 1u + r->bytes[0];
    size_t covered = r->count - FRAME_CRC_SIZE;
    uint32_t crc = crc_frame(r->bytes, covered);

    if (crc == load_le32(r->bytes + covered) && (!course || frame_is_course(r))) {
        r->dialect = course ? DIALECT_COURSE : DIALECT_NATIVE;
        r->state = FRAME_READY;
        r->greeted = false;
    } else if (!course || r->dialect == DIALECT_COURSE) {
        frame_fail(r, REASON_CRC, crc, now_us);
    }
}

static void frame_decide_rom(struct frame_receiver *r, uint32_t now_us)
{
    unsigned size = frame_target(r);

    if (size > FRAME_SIZE_MAX || (r->count == size && !rom_block_good(r->bytes, size))) {
        frame_fail(r, size > FRAME_SIZE_MAX ? REASON_LENGTH : REASON_CRC, size, now_us);
    } else if (r->count == size) {
        r->state = FRAME_READY;
    }
}

/* Of an undecided line, after a hello: whether the first two bytes are a command of ST's protocol.
 * No frame has such a Command behind such a Length. */
static bool frame_begins_rom(struct frame_receiver *r)
{
    if (!r->greeted || r->count != 2u || !rom_block_good(r->bytes, 2u) ||
        rom_form_find(r->bytes[0]) == NULL) {
        return false;
    }
    r->dialect = DIALECT_ROM;
    return true;
}

static void frame_byte(struct frame_receiver *r, uint8_t byte, uint32_t now_us)
{
    /* Asked before the byte is in: afterwards an undecided receiver aims at the native end. */
    unsigned target = r->count == 0 ? 0 : frame_target(r);

    r->bytes[r->count++] = byte;
    if (r->dialect == DIALECT_ROM || frame_begins_rom(r)) {
        frame_decide_rom(r, now_us);
    } else if (target == 0) {
        if ((byte == 0 && !r->greeted) ||
            (r->dialect == DIALECT_COURSE && byte < FRAME_COURSE_MIN)) {
            frame_fail(r, REASON_LENGTH, byte, now_us);
        }
    } else if (r->bytes[0] == 0) {
        frame_fail(r, REASON_LENGTH, 0, now_us);
    } else if (r->count == target) {
        frame_decide(r, now_us);
    }
}

size_t frame_take(struct frame_receiver *r, const uint8_t *bytes, size_t len, uint32_t now_us)
{
    size_t taken = 0;

    while (taken < len && r->state != FRAME_READY) {
        if (r->state == FRAME_DRAINING) {
            taken = len;
            break;
        }
        frame_byte(r, bytes[taken++], now_us);
    }
    if (taken > 0) {
        r->last_us = now_us;
    }
    return taken;
}

static enum frame_event frame_end(struct frame_receiver *r, enum frame_event event)
{
    r->state = FRAME_COLLECTING;
    r->count = 0;
    r->block = ROM_BLOCK_COMMAND;
    return event;
}

void frame_forget(struct frame_receiver *r)
{
    (void)frame_end(r, FRAME_NOTHING);
}

/* Whether what is there may be a hello. */
static bool frame_is_hello(const struct frame_receiver *r)
{
    return r->count == 1u && r->bytes[0] == ROM_HELLO && r->block == ROM_BLOCK_COMMAND &&
           (r->dialect == DIALECT_UNDECIDED || r->dialect == DIALECT_ROM);
}

static enum frame_event frame_silence(struct frame_receiver *r, uint32_t quiet_us)
{
    if (frame_is_hello(r) && quiet_us >= DRAIN_QUIET_MS * US_PER_MS) {
        r->greeted = true;
        return frame_end(r, FRAME_HELLO);
    }
    if ((r->count == 0 && r->block == ROM_BLOCK_COMMAND) ||
        quiet_us < FRAME_SILENCE_MS * US_PER_MS) {
        return FRAME_NOTHING;
    }
    r->reason = REASON_CUT_OFF;
    r->detail = r->count;
    return frame_end(r, FRAME_REJECT);
}

enum frame_event frame_poll(struct frame_receiver *r, uint32_t now_us,
                            struct frame_request *request)
{
    uint32_t quiet_us = now_us - r->last_us;

    switch (r->state) {
    case FRAME_READY:
        request->command = r->bytes[1];
        request->payload = r->bytes + (r->dialect == DIALECT_ROM ? 0u : 2u);
        request->payload_len =
            (uint8_t)(r->bytes[0] - (r->dialect == DIALECT_COURSE ? FRAME_COURSE_MIN : 1u));
        return frame_end(r, FRAME_REQUEST);
    case FRAME_DRAINING:
        if (quiet_us >= DRAIN_QUIET_MS * US_PER_MS ||
            now_us - r->drain_us >= DRAIN_LIMIT_MS * US_PER_MS) {
            return frame_end(r, FRAME_REJECT);
        }
        break;
    case FRAME_COLLECTING:
        return frame_silence(r, quiet_us);
    default:
        break;
    }
    return FRAME_NOTHING;
}

unsigned frame_missing(const struct frame_receiver *r)
{
    return r->count == 0 ? 0 : frame_target(r) - r->count;
}

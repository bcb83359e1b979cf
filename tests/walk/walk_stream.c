/* SPDX-License-Identifier: MIT */
/* A host that streams: packages and applications, over a line that loses and spoils frames, and it
 * may stop anywhere. Afterwards stream mode is over: closed, or closed by the board for silence. */
#include <string.h>

#include "bytes.h"
#include "command_stream.h"
#include "memory_map.h"
#include "walk_board.h"

enum { PIECE_WORDS = 128, FRAMES_MAX = 400, PAUSE_US = 1000, LOST_US = 11000000 };

/* What is streamed. */
struct source {
    const uint8_t *bytes;
    uint32_t len, next;
    unsigned round;
};

/* Until the stream wants no more of these bytes. */
static void feed(struct walk_board *w, const uint8_t *bytes, size_t len)
{
    struct stream *s = &w->promise.rig.stream;
    uint8_t status[STREAM_STATUS_SIZE];
    unsigned idle = 0;

    while (len != 0 && idle < 3 && s->state != STREAM_CLOSED) {
        struct stream_input in = {{bytes, NULL}, {len, 0}};
        size_t took = stream_take(s, &in, w->now_us += PAUSE_US);
        idle = took == 0 ? idle + 1 : 0; /* 0: it erased a sector, or wants more */
        bytes += took;
        len -= took;
        (void)stream_status(s, w->now_us, status);
    }
}

/* One frame, or what a bad line leaves of it. */
static void send_piece(struct walk_board *w, struct source *from)
{
    uint8_t frame[STREAM_FRAME_MAX];
    uint32_t left = from->len - from->next;
    uint32_t n = WORD_SIZE * (1u + walk_pick(w, PIECE_WORDS));
    size_t len;

    n = n < left ? n : left;
    len = stream_make_data(frame, (uint8_t)(from->round % 16u), from->next,
                           from->bytes + from->next, n);
    from->next += n;
    switch (walk_pick(w, 24)) {
    case 0:
        return; /* lost */
    case 1:
        frame[walk_pick(w, (unsigned)len)] ^= (uint8_t)(1u << walk_pick(w, 8));
        break;
    case 2:
        feed(w, frame, len); /* and once more */
        break;
    default:
        break;
    }
    feed(w, frame, len);
}

static void send_all(struct walk_board *w, struct source *from)
{
    const struct stream *s = &w->promise.rig.stream;
    unsigned stop = walk_pick(w, 3) == 0 ? walk_pick(w, 30) : FRAMES_MAX;

    for (unsigned i = 0; i < stop && s->state == STREAM_OPEN; i++) {
        if (from->next >= from->len) {
            from->next = s->next; /* what is missing, from the first gap on */
            from->round++;
        }
        send_piece(w, from);
    }
}

static void end_stream(struct walk_board *w)
{
    struct stream *s = &w->promise.rig.stream;
    uint8_t frame[STREAM_HEAD_SIZE];
    struct stream_input nothing = {{frame, NULL}, {0, 0}};

    if (walk_pick(w, 4) != 0) {
        stream_make_control(frame, STREAM_CLOSE, 1);
        feed(w, frame, sizeof frame);
    }
    for (unsigned i = 0; i < 3 && s->state != STREAM_CLOSED; i++) {
        (void)stream_take(s, &nothing, w->now_us += LOST_US);
    }
}

static bool begin(struct walk_board *w, struct source *from, unsigned kind)
{
    uint8_t payload[STREAM_BEGIN_LENGTH] = {0};
    size_t len;
    const uint8_t *answer;
    bool package = kind == STREAM_PACKAGE;

    payload[STREAM_BEGIN_FLAGS] = (uint8_t)kind;
    payload[STREAM_BEGIN_SECTOR] =
        (uint8_t)(package ? 0 : MAP_BOOT_SECTORS + (walk_pick(w, 3) == 0 ? walk_pick(w, 6) : 0));
    store_le32(payload + STREAM_BEGIN_SIZE, from->len);
    store_le32(payload + STREAM_BEGIN_ID, walk_pick(w, 2)); /* 1: to be resumed */
    store_le32(payload + STREAM_BEGIN_CONTENT, kind == STREAM_PACKED ? 20000 : 0);
    if (walk_send(w, COMMAND_STREAM_BEGIN, payload, sizeof payload) != REASON_NONE) {
        return false;
    }
    answer = loader_rig_answer(&w->promise.rig, &len);
    from->next = load_le32(answer + STREAM_BEGUN_RESUME);
    return true;
}

void walk_stream(struct walk_board *w)
{
    const struct side *plain = &w->promise.scenery.sides[WHO_PLAIN + walk_pick(w, 2)];
    unsigned kind = walk_pick(w, 6) == 0 ? STREAM_PACKED : walk_pick(w, 2) * STREAM_PACKAGE;
    struct source from = {plain->content, plain->content_len, 0, 0};
    const struct stream *s = &w->promise.rig.stream;

    if (kind == STREAM_PACKAGE) {
        walk_choose_package(w);
        from.bytes = w->package;
        from.len = w->package_len;
    }
    if (!begin(w, &from, kind)) {
        w->package = NULL;
        return;
    }
    send_all(w, &from);
    walk_tell(w, "  streamed %u of %u, state %u, reason %02x", (unsigned)s->next,
              (unsigned)from.len, (unsigned)s->state, (unsigned)s->reason);
    w->streamed += s->state == STREAM_COMPLETE;
    end_stream(w);
    w->package = NULL;
    if (kind == STREAM_PACKAGE && walk_pick(w, 8) != 0) {
        (void)walk_send(w, COMMAND_STAGE_FINISH, NULL, 0);
    }
}

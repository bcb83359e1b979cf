/* SPDX-License-Identifier: MIT */
/*
 * Streaming, the board's side. Frames are looked at where they lie in the ring; one that is whole
 * is copied, checked in the copy and worked off before the next is looked at. So there is no state
 * of a frame half read, and resynchronising is to go on one byte later.
 */
#include "stream.h"

#include "bytes.h"
#include "crc.h"
#include "debug_build.h"
#include "geometry.h"
#include "memory_hw.h"

#define NOT_HEAD 1u /* bytes to go on by, where no good frame begins */

void stream_init(struct stream *s, const struct stream_hw *hw)
{
    s->hw = hw;
    s->state = STREAM_IDLE;
    s->lent_len = 0;
    s->resumable = false;
}

void stream_forget(struct stream *s)
{
    s->resumable = false;
}

static unsigned stream_kind_of(const struct stream *s)
{
    return s->spec.flags & STREAM_KIND_BITS;
}

static bool stream_holds_back(const struct stream *s)
{
    return (s->spec.flags & STREAM_FLAG_HOLD) != 0;
}

/* ---- content to flash ---- */

/* The sector that the content has reached. Always erased: what reads blank may not be. */
static enum reason stream_erase_next(struct stream *s)
{
    const struct flash_hw *flash = s->hw->flash;
    unsigned sector = geometry_sector_at(s->spec.addr + s->erased);
    enum reason reason = flash_hw_erase(flash, sector, &s->detail);

    s->erased += geometry_sector_size(sector);
    return reason;
}

/* Content has come into the last sector that is erased, and there is nothing else to do. */
static bool stream_erase_is_handy(const struct stream *s)
{
    unsigned last = geometry_sector_at(s->spec.addr + s->erased - WORD_SIZE);

    return s->waiting && s->spec.addr + s->written > geometry_sector_addr(last);
}

/* A PACKAGE has no content here, and is never due. */
static bool stream_erase_is_due(const struct stream *s)
{
    return s->state == STREAM_OPEN && s->erased < s->spec.content &&
           (s->written == s->erased || stream_erase_is_handy(s));
}

static enum reason stream_program(struct stream *s, const uint8_t *data, uint32_t len)
{
    const struct flash_hw *flash = s->hw->flash;
    enum reason reason = flash_hw_program(flash, s->spec.addr + s->written, data, len, &s->detail);

    s->written += len;
    return reason;
}

/* Brings to an end what flash has begun with. */
static enum reason stream_settle(struct stream *s)
{
    uint32_t len = s->lent_len;

    s->lent_len = 0;
    return len != 0 ? stream_program(s, s->lent, len) : REASON_NONE;
}

static __attribute__((noinline)) void stream_fail(struct stream *s, enum reason reason)
{
    uint32_t detail = s->detail;

    (void)stream_settle(s);
    s->detail = detail;
    s->reason = reason;
    s->state = STREAM_FAILED;
    s->resumable = false;
}

/* The unpacker's pieces are lent until the next one: flash begins with one while the next is
 * unpacked. Not with one behind which a sector has to be erased, or nothing follows. */
static bool stream_may_lend(const struct stream *s, uint32_t piece)
{
    uint32_t end = s->written + piece;

    return stream_kind_of(s) == STREAM_PACKED && end < s->erased && end < s->spec.content;
}

static void stream_lend(struct stream *s, const uint8_t *data, uint32_t len)
{
    ENSURE(s->lent_len == 0 && len % WORD_SIZE == 0);
    s->lent = data;
    s->lent_len = len;
    flash_hw_begin(s->hw->flash, s->spec.addr + s->written, data, len);
}

/* The last 1 to 3 bytes, filled up to a word. */
static enum reason stream_program_rest(struct stream *s, const uint8_t *data, uint32_t len)
{
    uint8_t word[WORD_SIZE] = {0xFF, 0xFF, 0xFF, 0xFF};

    __builtin_memcpy(word, data, len);
    enum reason reason = stream_program(s, word, WORD_SIZE);
    s->written -= WORD_SIZE - len;
    return reason;
}

/* Sink of the unpacker, and the way of plain bytes. len is a multiple of 4 but for the last piece:
 * so every piece begins at a word, and no word lies across the end of a sector. */
static enum reason stream_put(void *ctx, const uint8_t *data, size_t len)
{
    struct stream *s = ctx;
    enum reason reason = stream_settle(s);

    flash_hw_alive(s->hw->flash);
    while (len > 0 && reason == REASON_NONE) {
        uint32_t room = s->erased - s->written;
        uint32_t piece = len < room ? (uint32_t)len : room;
        if (room == 0) {
            reason = stream_erase_next(s);
        } else if (s->written == 0 && stream_holds_back(s)) {
            s->held = load_le32(data);
            s->written = WORD_SIZE;
            data += WORD_SIZE;
            len -= WORD_SIZE;
        } else if (piece < WORD_SIZE) {
            reason = stream_program_rest(s, data, piece);
            len = 0;
        } else if (stream_may_lend(s, piece)) {
            stream_lend(s, data, piece);
            len = 0;
        } else {
            piece &= ~(WORD_SIZE - 1u);
            reason = stream_program(s, data, piece);
            data += piece;
            len -= piece;
        }
    }
    return reason;
}

/* The first word was held back; now all else is in flash, and this is its CRC. */
static enum reason stream_program_held(struct stream *s, uint32_t crc)
{
    const struct flash_hw *flash = s->hw->flash;
    uint8_t word[WORD_SIZE];

    if (crc != s->spec.id) {
        s->detail = s->spec.addr;
        return REASON_VERIFY;
    }
    store_le32(word, s->held);
    return flash_hw_program(flash, s->spec.addr, word, WORD_SIZE, &s->detail);
}

/* The last byte has been delivered. What the host would ask next is what flash holds now. */
static enum reason stream_finish(struct stream *s)
{
    enum reason reason = REASON_NONE;

    s->state = STREAM_COMPLETE;
    if (stream_kind_of(s) != STREAM_PACKAGE) {
        uint32_t crc = memory_hw_crc_words(s->hw->flash, s->spec.addr,
                                           stream_padded(s->spec.content) / WORD_SIZE);

        reason = stream_holds_back(s) ? stream_program_held(s, crc) : REASON_NONE;
        s->detail = reason == REASON_NONE ? crc : s->detail;
    }
    return reason;
}

/* Takes len good bytes of the stream at s->next. */
static void stream_deliver(struct stream *s, const uint8_t *data, uint32_t len)
{
    enum reason reason;
    uint32_t offset = s->next;

    s->next += len;
    s->gap_due = s->gap_noted = false;
    s->detail = 0;
    if (stream_kind_of(s) == STREAM_PLAIN) {
        reason = stream_put(s, data, len);
    } else if (stream_kind_of(s) == STREAM_PACKED) {
        reason = unpack_add(&s->unpack, data, len);
        if (reason == REASON_NONE && s->next == s->spec.size) {
            reason = unpack_end(&s->unpack);
        }
    } else {
        reason = s->hw->stage(s->hw->stage_ctx, offset, data, len, &s->detail);
        s->written = s->next;
    }
    if (reason == REASON_NONE && s->next == s->spec.size) {
        reason = stream_finish(s);
    }
    if (reason != REASON_NONE) {
        stream_fail(s, reason);
    }
}

/* ---- frames ---- */

/* One byte of what lies in the ring. */
static const uint8_t *stream_input_at(const struct stream_input *in, size_t offset)
{
    return offset < in->len[0] ? in->bytes[0] + offset : in->bytes[1] + (offset - in->len[0]);
}

static void stream_input_copy(const struct stream_input *in, size_t offset, uint8_t *to, size_t len)
{
    size_t first = offset < in->len[0] ? in->len[0] - offset : len;

    first = first < len ? first : len;
    __builtin_memcpy(to, stream_input_at(in, offset), first);
    if (first < len) {
        __builtin_memcpy(to + first, in->bytes[1], len - first);
    }
}

/* Bytes at s->next are missing, as a frame of this round shows. Told at once, and again now and
 * then while such frames come. */
static void stream_note_gap(struct stream *s, uint8_t kind_round, uint32_t now_us)
{
    uint8_t round = (uint8_t)(kind_round >> STREAM_ROUND_SHIFT);

    if (s->state != STREAM_OPEN ||
        (s->gap_noted && s->gap_round == round && now_us - s->gap_us < STREAM_GAP_US)) {
        return;
    }
    s->gap_round = round;
    s->gap_us = now_us;
    s->gap_noted = s->gap_due = true;
}

void stream_lost(struct stream *s, uint32_t now_us)
{
    s->walked = s->kept = 0;
    stream_note_gap(s, (uint8_t)(s->gap_round << STREAM_ROUND_SHIFT), now_us);
}

/* Nothing is to be unpacked at the moment. */
static void stream_settle_now(struct stream *s)
{
    enum reason reason = stream_settle(s);

    if (reason != REASON_NONE) {
        stream_fail(s, reason);
    }
}

/* Nothing whole lies in the ring. Returns how many bytes to go on by: an incomplete frame is given
 * up after some silence, so that what comes then is not taken for its end. */
static size_t stream_wait(struct stream *s, size_t len, uint32_t now_us)
{
    stream_settle_now(s);
    s->waiting = true;
    if (len != s->quiet_len) {
        s->quiet_len = len;
        s->quiet_us = now_us;
    }
    if (now_us - s->good_us >= STREAM_LOST_US) {
        s->state = s->told = STREAM_CLOSED; /* nobody is there to be told */
        s->gap_due = s->answer_due = false;
        s->timed_out = true;
    }
    return len > 0 && now_us - s->quiet_us >= STREAM_SILENCE_US ? NOT_HEAD : 0;
}

static void stream_take_control(struct stream *s, unsigned kind)
{
    s->number = load_le32(s->frame + STREAM_HEAD_NUMBER);
    s->answer_due = true;
    s->blocks = s->blocks || kind == STREAM_BLOCKS;
    if (kind == STREAM_CLOSE) {
        stream_settle_now(s);
        s->resumable = s->resumable && s->state == STREAM_OPEN;
        s->state = STREAM_CLOSED;
    }
}

/* A block behind one that is missing: it stays where it is, once any is near enough to be told of.
 */
static void stream_keep_block(struct stream *s, uint32_t behind)
{
    if (behind < STREAM_KEPT_BITS * STREAM_BLOCK) {
        s->kept |= 1u << behind / STREAM_BLOCK;
    }
}

/* A whole data frame lies in s->frame, and its CRC is right. */
static void stream_take_data(struct stream *s, uint32_t len, uint32_t now_us)
{
    uint32_t offset = load_le32(s->frame + STREAM_HEAD_NUMBER);

    if (s->state != STREAM_OPEN || offset < s->next) {
        return; /* was here before */
    }
    if (offset > s->next && s->frame[STREAM_HEAD_KIND] == STREAM_BLOCKS) {
        stream_keep_block(s, offset - s->next);
    } else if (offset > s->next) {
        stream_note_gap(s, s->frame[STREAM_HEAD_KIND], now_us);
    } else if (len > s->spec.size - offset ||
               (len % WORD_SIZE != 0 && len != s->spec.size - offset)) {
        s->detail = len;
        stream_fail(s, REASON_PAYLOAD_LENGTH);
    } else {
        stream_deliver(s, s->frame + STREAM_HEAD_BARE, len);
        s->worked = true;
    }
}

/* A frame begins the ring, and words 0 and 1 of its head lie in s->frame: takes it if the rest is
 * there and right. Returns how many bytes to go on by. */
static size_t stream_take_rest(struct stream *s, const struct stream_input *in, size_t head,
                               uint32_t now_us)
{
    size_t have = in->len[0] + in->len[1];
    uint32_t len = load_le16(s->frame + STREAM_HEAD_LEN);
    uint32_t padded = stream_padded(len);
    size_t whole = head + padded + STREAM_CRC_SIZE;
    uint8_t *payload = s->frame + STREAM_HEAD_BARE;

    if (have < whole) {
        return stream_wait(s, have, now_us);
    }
    stream_input_copy(in, head, payload, padded + STREAM_CRC_SIZE);
    if (crc_words(s->frame, (STREAM_HEAD_BARE + padded) / WORD_SIZE) !=
        load_le32(payload + padded)) {
        return NOT_HEAD;
    }
    s->good_us = now_us;
    s->waiting = false;
    stream_take_data(s, len, now_us);
    return whole;
}

/* A data frame with a good head begins the ring. */
static size_t stream_take_whole(struct stream *s, const struct stream_input *in, uint32_t now_us)
{
    size_t skip = stream_take_rest(s, in, STREAM_HEAD_SIZE, now_us);

    if (skip == NOT_HEAD && load_le32(s->frame + STREAM_HEAD_NUMBER) >= s->next) {
        stream_note_gap(s, s->frame[STREAM_HEAD_KIND], now_us);
    }
    return skip;
}

/* What may be a block begins the ring: its head is put together from its number, the next block
 * wanted and the size of the stream. */
static size_t stream_take_block(struct stream *s, const struct stream_input *in, uint32_t now_us)
{
    uint32_t number = (uint32_t)s->frame[0] << 8 | s->frame[STREAM_BLOCK_LOW];
    uint32_t first = s->next / STREAM_BLOCK - STREAM_BLOCK_OLD;
    uint32_t offset = (first + (number - first) % STREAM_BLOCK_NUMBERS) * STREAM_BLOCK;
    uint32_t left = s->spec.size - offset;

    if (offset >= s->spec.size) {
        return NOT_HEAD;
    }
    store_le32(s->frame, STREAM_START | (uint32_t)STREAM_BLOCKS << 8 |
                             (left < STREAM_BLOCK ? left : STREAM_BLOCK) << 16);
    store_le32(s->frame + STREAM_HEAD_NUMBER, offset);
    return stream_take_rest(s, in, STREAM_BLOCK_HEAD_SIZE, now_us);
}

static bool stream_begins_block(uint8_t byte)
{
    return (byte & 0xF0u) == STREAM_BLOCK_START;
}

/* How many bytes of the first piece cannot begin a frame. */
static size_t stream_count_junk(const struct stream *s, const struct stream_input *in)
{
    size_t junk = 0;

    while (junk < in->len[0] && in->bytes[0][junk] != STREAM_START &&
           !(s->blocks && stream_begins_block(in->bytes[0][junk]))) {
        junk++;
    }
    return junk;
}

/* Whether s->frame has the head of a data frame, or of another, without the head's CRC. */
static bool stream_head_is_data(const struct stream *s)
{
    uint32_t len = load_le16(s->frame + STREAM_HEAD_LEN);

    return (s->frame[STREAM_HEAD_KIND] & STREAM_KIND_MASK) == STREAM_DATA && len != 0 &&
           len <= STREAM_PAYLOAD_MAX;
}

static bool stream_head_is_control(const struct stream *s)
{
    unsigned kind = s->frame[STREAM_HEAD_KIND] & STREAM_KIND_MASK;

    return kind >= STREAM_POLL && kind <= STREAM_BLOCKS &&
           load_le16(s->frame + STREAM_HEAD_LEN) == 0;
}

/* One frame, or bytes that are none, at the beginning of in; returns how many bytes that was. */
static size_t stream_take_first(struct stream *s, const struct stream_input *in, uint32_t now_us)
{
    size_t junk = stream_count_junk(s, in);
    uint8_t *crc = s->frame + STREAM_HEAD_CRC; /* until the payload gets there */

    if (junk != 0) {
        return junk;
    }
    if (in->len[0] + in->len[1] < STREAM_HEAD_SIZE) {
        return stream_wait(s, in->len[0] + in->len[1], now_us);
    }
    stream_input_copy(in, 0, s->frame, STREAM_HEAD_SIZE);
    if (stream_begins_block(s->frame[0])) {
        return stream_take_block(s, in, now_us);
    }
    if (crc_words(s->frame, STREAM_HEAD_BARE / WORD_SIZE) != load_le32(crc)) {
        return NOT_HEAD;
    }
    if (stream_head_is_data(s)) {
        return stream_take_whole(s, in, now_us);
    }
    if (!stream_head_is_control(s)) {
        return NOT_HEAD;
    }
    s->good_us = now_us;
    stream_take_control(s, s->frame[STREAM_HEAD_KIND] & STREAM_KIND_MASK);
    return STREAM_HEAD_SIZE;
}

/* Leaves out what was looked at already. */
static void stream_input_skip(struct stream_input *in, size_t walked)
{
    size_t first = walked < in->len[0] ? walked : in->len[0];

    in->bytes[0] += first;
    in->len[0] -= first;
    if (in->len[0] == 0) {
        in->bytes[0] = in->bytes[1] + (walked - first);
        in->len[0] = in->len[1] - (walked - first);
        in->len[1] = 0;
    }
}

/* Blocks that are kept stay in the ring, and what comes after them. Once one was taken, all of them
 * are looked at again: the next one may be among them. */
static size_t stream_take_or_keep(struct stream *s, struct stream_input *in, uint32_t now_us)
{
    size_t walked = s->walked;
    uint32_t next = s->next;

    stream_input_skip(in, walked);
    size_t took = stream_take_first(s, in, now_us);
    if (s->next != next) {
        s->walked = s->kept = 0;
        return walked == 0 ? took : 0;
    }
    if (s->kept == 0 || s->state == STREAM_CLOSED) {
        return walked + took;
    }
    s->walked += took;
    return 0;
}

size_t stream_take(struct stream *s, struct stream_input *in, uint32_t now_us)
{
    if (s->worked) { /* the silence was ours */
        s->worked = false;
        s->good_us = now_us;
        s->quiet_len = 0;
    }
    if (stream_erase_is_due(s)) {
        enum reason reason = stream_erase_next(s);
        s->worked = true;
        if (reason != REASON_NONE) {
            stream_fail(s, reason);
        }
        return 0;
    }
    return stream_take_or_keep(s, in, now_us);
}

/* ---- open, tell ---- */

bool stream_resumes(const struct stream *s, const struct stream_spec *spec)
{
    return s->resumable && spec->id == s->spec.id && spec->addr == s->spec.addr &&
           spec->size == s->spec.size && spec->content == s->spec.content &&
           spec->flags == s->spec.flags;
}

uint32_t stream_begin(struct stream *s, const struct stream_spec *spec)
{
    if (!stream_resumes(s, spec)) {
        s->spec = *spec;
        s->next = s->written = s->erased = 0;
        s->unpack.sink = stream_put;
        s->unpack.ctx = s;
        if (stream_kind_of(s) == STREAM_PACKED) {
            unpack_init(&s->unpack, s->hw->memory, s->hw->dictionary, spec->content,
                        (spec->flags & STREAM_FLAG_THUMB) != 0);
        }
    }
    s->resumable = spec->id != 0;
    s->state = s->next == spec->size ? STREAM_COMPLETE : STREAM_OPEN;
    s->reason = REASON_NONE;
    s->told = STREAM_OPEN;
    s->told_next = s->next;
    s->told_written = s->written;
    s->gap_noted = s->gap_due = s->answer_due = s->timed_out = false;
    s->waiting = s->blocks = false;
    s->walked = s->kept = 0;
    s->worked = true; /* time counts from the first look into the ring */
    s->gap_round = 0;
    return s->next;
}

/* While blocks come, they are what is told of. */
static uint32_t stream_progress(const struct stream *s)
{
    return s->blocks ? s->kept : s->written;
}

/* Nothing of blocks while the ring is still looked through: those that come up would count as lost.
 */
static bool stream_has_to_tell(const struct stream *s, uint32_t now_us)
{
    bool moved = s->next != s->told_next || stream_progress(s) != s->told_written;

    if (s->blocks && !s->waiting) {
        return false;
    }

    /* Before an erase, too: it may be long until the next one. */
    return s->gap_due || s->answer_due || s->state != s->told ||
           (moved && (stream_erase_is_due(s) || now_us - s->told_us >= STREAM_STATUS_US));
}

bool stream_status(struct stream *s, uint32_t now_us, uint8_t out[STREAM_STATUS_SIZE])
{
    bool result = s->state == STREAM_FAILED ||
                  (s->state == STREAM_COMPLETE && stream_kind_of(s) != STREAM_PACKAGE);
    unsigned flags = 0;

    s->blocks = s->blocks && s->state == STREAM_OPEN;
    if (!stream_has_to_tell(s, now_us)) {
        return false;
    }
    if (s->gap_due) {
        flags = STREAM_FLAG_GAP | (unsigned)s->gap_round << STREAM_ROUND_SHIFT;
    }
    flags |= s->answer_due * STREAM_FLAG_ANSWER | s->blocks * STREAM_FLAG_KEPT;
    out[0] = STREAM_STATUS_START;
    out[STREAM_STATUS_STATE] = (uint8_t)s->state;
    out[STREAM_STATUS_REASON] = (uint8_t)s->reason;
    out[STREAM_STATUS_FLAGS] = (uint8_t)flags;
    store_le32(out + STREAM_STATUS_NEXT, s->next);
    store_le32(out + STREAM_STATUS_WRITTEN, stream_progress(s));
    store_le32(out + STREAM_STATUS_NUMBER, result ? s->detail : s->number);
    store_le32(out + STREAM_STATUS_CRC, crc_words(out, STREAM_STATUS_CRC / WORD_SIZE));
    s->told = s->state;
    s->told_us = now_us;
    s->told_next = s->next;
    s->told_written = stream_progress(s);
    s->gap_due = s->answer_due = false;
    return true;
}

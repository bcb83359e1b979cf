/*
 * LZMA2 and the ARM-Thumb filter over memory that the caller gives. The LZMA SDK decodes symbols;
 * LZMA2's chunks are taken apart here, because their packed size is known: nothing has to try
 * whether the input at hand is enough for a symbol. The decoder writes to the dictionary, round and
 * round; from there content goes through the stage to the sink. Nothing is ever written outside of
 * struct unpack_memory, whatever the payload says: the decoder is asked for no more than fits the
 * stage, the dictionary's end, the chunk and the content's size.
 */
#include "unpack.h"

#include <string.h>

#include "format.h"

#define Z7_EXTRACT_ONLY
#define Z7_LZMA_SIZE_OPT
#include <LzmaDec.c> /* NOLINT(bugprone-suspicious-include) */
#include <Bra.c>     /* NOLINT(bugprone-suspicious-include) */

#define LC_LP_MAX      4u
#define PROPERTIES_END (9u * 5u * 5u) /* values of (pb * 5 + lp) * 9 + lc are below */
#define WORD           4u
#define INPUT          108u /* more than a symbol takes; more is a little faster */

/* The first byte of a chunk. One with LZMA has bits 16 to 20 of its unpacked size in it. Each of
 * the values below resets what the one before does, and more. */
#define CHUNK_END              0u
#define CHUNK_PLAIN_DICTIONARY 1u /* not packed; the dictionary is empty before it */
#define CHUNK_PLAIN            2u
#define CHUNK_LZMA             0x80u
#define CHUNK_STATE            0xA0u
#define CHUNK_PROPERTIES       0xC0u
#define CHUNK_DICTIONARY       0xE0u

/* Lengths of a chunk's head: the first byte, the unpacked size, the packed size, what the range
 * decoder begins with. CHUNK_PROPERTIES has one byte more, before the last of these. */
#define HEAD_PLAIN 3u
#define HEAD_RANGE 5u
#define HEAD_LZMA  (5u + HEAD_RANGE)

struct decoder {
    CLzmaDec lzma;
    uint32_t packed;   /* bytes of an LZMA chunk still to be decoded */
    uint32_t unpacked; /* bytes that the chunk still gives; 0: a chunk's head is next */
    uint32_t held;     /* bytes of input */
    uint8_t least;     /* an LZMA chunk must reset at least as much as this says */
    bool plain;
    /* A symbol begun in the last byte of a chunk may read beyond it, before it is refused. */
    uint8_t input[INPUT + LZMA_REQUIRED_INPUT_MAX];
};

enum step { STEP_DONE, STEP_HUNGRY, STEP_ENDED, STEP_BROKEN };

_Static_assert(sizeof(struct decoder) <= UNPACK_STATE, "UNPACK_STATE is too small");
_Static_assert(_Alignof(struct decoder) <= 8, "struct unpack_memory is badly aligned");
_Static_assert((NUM_BASE_PROBS + ((size_t)LZMA_LIT_SIZE << LC_LP_MAX)) * sizeof(CLzmaProb) <=
                   UNPACK_PROBS,
               "UNPACK_PROBS is too small");
_Static_assert(UNPACK_DICTIONARY >= PAYLOAD_DICTIONARY_MAX, "the dictionary is too small");
/* The filter leaves up to 3 bytes, rounding 2 more: the stage always takes something new. */
_Static_assert(UNPACK_STAGE % WORD == 0 && UNPACK_STAGE >= 16u, "no good stage");

static struct decoder *decoder_of(const struct unpack *u)
{
    return (struct decoder *)(void *)u->memory->state;
}

void unpack_init(struct unpack *u, struct unpack_memory *memory, uint32_t size, bool thumb)
{
    u->memory = memory;
    u->size = size;
    u->done = 0;
    u->pending = 0;
    u->failure = REASON_NONE;
    u->head = 0;
    u->thumb = thumb;
    u->finished = false;
    struct decoder *d = decoder_of(u);
    memset(d, 0, sizeof *d);
    d->least = CHUNK_DICTIONARY;
    d->lzma.dic = memory->dictionary;
    d->lzma.dicBufSize = UNPACK_DICTIONARY;
    d->lzma.probs = (CLzmaProb *)(void *)memory->probs;
    d->lzma.probs_1664 = d->lzma.probs + kStartOffset;
}

/* One byte of the two before the stream. Its second says what imgtool used; what counts is in the
 * stream itself. */
static enum protocol_reason take_head(struct unpack *u, uint8_t value)
{
    if (u->head == 0) {
        if (value > PAYLOAD_DICTIONARY_BYTE_MAX) {
            return REASON_PACKAGE_DICTIONARY;
        }
        decoder_of(u)->lzma.prop.dicSize = (UInt32)(2u | (value & 1u)) << (value / 2 + 11);
    } else if (value >= PROPERTIES_END) {
        return REASON_PACKAGE_CONTENT;
    }
    u->head++;
    return REASON_NONE;
}

/* Takes away the first n of *len bytes. */
static void drop_front(uint8_t *data, uint32_t *len, uint32_t n)
{
    *len -= n;
    for (uint32_t i = 0; i < *len; i++) {
        data[i] = data[n + i];
    }
}

/* Gives out what is settled in the stage; all of it when that is the last of the content. What
 * stays begins at a word. The filter may see one halfword of it again that it has passed before:
 * the second half of a branch, or one that it left alone with the same halfword behind it. Both it
 * leaves alone. */
static enum protocol_reason give_out(struct unpack *u, bool last)
{
    uint8_t *stage = u->memory->stage;
    uint32_t len = u->pending;
    if (u->thumb) {
        len = (uint32_t)(z7_BranchConv_ARMT_Dec(stage, len, u->done) - stage);
    }
    len = last ? u->pending : len - len % WORD;
    if (len == 0) {
        return REASON_NONE;
    }
    enum protocol_reason reason = u->sink(u->ctx, stage, len);
    u->done += len;
    drop_front(stage, &u->pending, len);
    return reason;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t load_be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static bool set_properties(CLzmaProps *prop, uint8_t value)
{
    uint8_t lc = value % 9;
    uint8_t lp = value / 9 % 5;
    prop->lc = lc;
    prop->lp = lp;
    prop->pb = value / 45;
    return value < PROPERTIES_END && lc + lp <= (int)LC_LP_MAX;
}

static void reset_state(CLzmaDec *lzma)
{
    for (uint32_t i = 0; i < UNPACK_PROBS / sizeof(CLzmaProb); i++) {
        lzma->probs[i] = kBitModelTotal / 2;
    }
    for (uint32_t i = 0; i < 4; i++) {
        lzma->reps[i] = 1;
    }
    lzma->state = 0;
}

/* The rest of an LZMA chunk's head; the resets of its first byte are allowed. */
static enum step begin_lzma(struct decoder *d, uint32_t control)
{
    CLzmaDec *lzma = &d->lzma;
    const uint8_t *p = d->input + HEAD_PLAIN;
    uint32_t packed = load_be16(p) + 1;
    p += 2;
    d->least = CHUNK_LZMA;
    d->packed = packed - HEAD_RANGE;
    if (control >= CHUNK_PROPERTIES && !set_properties(&lzma->prop, *p++)) {
        return STEP_BROKEN;
    }
    if (control >= CHUNK_STATE) {
        reset_state(lzma);
    }
    lzma->range = UINT32_MAX;
    lzma->code = load_be16(p + 1) << 16 | load_be16(p + 3);
    /* The decoder does not look for a repeated match as the very first symbol. */
    bool begins_badly =
        lzma->processedPos == 0 && lzma->checkDicSize == 0 && lzma->code >= kBadRepCode;
    return packed < HEAD_RANGE || p[0] != 0 || begins_badly ? STEP_BROKEN : STEP_DONE;
}

/* left: content still to come. */
static enum step begin_chunk(struct decoder *d, uint32_t left)
{
    uint32_t control = d->input[0];
    bool plain = control < CHUNK_LZMA;
    uint32_t head = plain ? HEAD_PLAIN : HEAD_LZMA;
    head += control >= CHUNK_PROPERTIES;
    if (d->held == 0) {
        return STEP_HUNGRY;
    }
    if (control == CHUNK_END) {
        return d->held == 1 ? STEP_ENDED : STEP_BROKEN;
    }
    if (d->held < head) {
        return STEP_HUNGRY;
    }
    if (control == CHUNK_PLAIN_DICTIONARY || control >= CHUNK_DICTIONARY) {
        d->lzma.processedPos = 0;
        d->lzma.checkDicSize = 0;
        d->least = CHUNK_PROPERTIES;
    }
    if (plain ? control > CHUNK_PLAIN || d->least == CHUNK_DICTIONARY : control < d->least) {
        return STEP_BROKEN;
    }
    d->plain = plain;
    d->unpacked = (plain ? 0 : (control & 0x1Fu) << 16) + load_be16(d->input + 1) + 1;
    enum step step = plain ? STEP_DONE : begin_lzma(d, control);
    drop_front(d->input, &d->held, head);
    return d->unpacked > left ? STEP_BROKEN : step;
}

static enum step copy_plain(struct decoder *d, uint32_t room)
{
    CLzmaDec *lzma = &d->lzma;
    uint32_t n = smaller(room, d->held);
    memcpy(lzma->dic + lzma->dicPos, d->input, n);
    lzma->dicPos += n;
    lzma->processedPos += n;
    if (lzma->processedPos >= lzma->prop.dicSize) {
        lzma->checkDicSize = lzma->prop.dicSize;
    }
    drop_front(d->input, &d->held, n);
    return n == 0 ? STEP_HUNGRY : STEP_DONE;
}

/* The SDK's decoder decodes one symbol, and goes on while its input is before limit. */
static enum step decode_symbols(struct decoder *d, SizeT end)
{
    CLzmaDec *lzma = &d->lzma;
    uint32_t limit = d->packed;
    if (d->held < d->packed) {
        if (d->held < LZMA_REQUIRED_INPUT_MAX) {
            return STEP_HUNGRY;
        }
        limit = d->held - LZMA_REQUIRED_INPUT_MAX;
    }
    lzma->buf = d->input;
    /* Its result is in remainLen as well: a match of 2 to 273 bytes is good, LZMA's own end marker
     * and errors are above. */
    (void)LzmaDec_DecodeReal2(lzma, end, d->input + limit);
    uint32_t used = (uint32_t)(lzma->buf - d->input);
    if (used > d->packed || lzma->remainLen >= kMatchSpecLenStart) {
        return STEP_BROKEN;
    }
    d->packed -= used;
    drop_front(d->input, &d->held, used);
    return STEP_DONE;
}

/* Decodes up to room bytes of a chunk. */
static enum step decode_lzma(struct decoder *d, uint32_t room)
{
    CLzmaDec *lzma = &d->lzma;
    SizeT end = lzma->dicPos + room;
    LzmaDec_WriteRem(lzma, end);
    enum step step = lzma->dicPos < end ? decode_symbols(d, end) : STEP_DONE;
    bool last = room == d->unpacked && lzma->dicPos == end;
    if (last && (d->packed != 0 || lzma->code != 0 || lzma->remainLen != 0)) {
        return STEP_BROKEN;
    }
    return step;
}

/* Decodes once: takes from the input at hand, puts what comes out into the stage. */
static enum step decode(struct unpack *u)
{
    struct decoder *d = decoder_of(u);
    if (d->unpacked == 0) {
        return begin_chunk(d, u->size - u->done - u->pending);
    }
    if (d->lzma.dicPos == UNPACK_DICTIONARY) {
        d->lzma.dicPos = 0;
    }
    SizeT from = d->lzma.dicPos;
    uint32_t room = smaller(UNPACK_STAGE - u->pending, (uint32_t)(UNPACK_DICTIONARY - from));
    room = smaller(room, d->unpacked);
    enum step step = d->plain ? copy_plain(d, room) : decode_lzma(d, room);
    uint32_t got = (uint32_t)(d->lzma.dicPos - from);
    d->unpacked -= got;
    memcpy(u->memory->stage + u->pending, u->memory->dictionary + from, got);
    u->pending += got;
    return step;
}

/* Every round takes input, or fills the stage further and empties it, or is the last. */
static enum protocol_reason take_stream(struct unpack *u, const uint8_t *data, size_t len)
{
    struct decoder *d = decoder_of(u);
    enum step step = STEP_DONE;
    while (!u->finished && (step != STEP_HUNGRY || len > 0)) {
        uint32_t n = INPUT - d->held < len ? INPUT - d->held : (uint32_t)len;
        memcpy(d->input + d->held, data, n);
        d->held += n;
        data += n;
        len -= n;
        step = decode(u);
        bool ended = step == STEP_ENDED;
        if (step == STEP_BROKEN || (ended && u->done + u->pending != u->size)) {
            return REASON_PACKAGE_CONTENT;
        }
        enum protocol_reason reason = give_out(u, ended);
        if (reason != REASON_NONE) {
            return reason;
        }
        u->finished = ended;
    }
    return len == 0 ? REASON_NONE : REASON_PACKAGE_CONTENT;
}

enum protocol_reason unpack_add(struct unpack *u, const uint8_t *data, size_t len)
{
    while (u->failure == REASON_NONE && len > 0 && u->head < PAYLOAD_LZMA2_HEAD) {
        u->failure = take_head(u, *data++);
        len--;
    }
    if (u->failure == REASON_NONE && len > 0) {
        u->failure = take_stream(u, data, len);
    }
    return u->failure;
}

enum protocol_reason unpack_end(struct unpack *u)
{
    if (u->failure == REASON_NONE && !u->finished) {
        u->failure = REASON_PACKAGE_CONTENT;
    }
    return u->failure;
}

/* SPDX-License-Identifier: MIT */
/*
 * LZMA2 and the ARM-Thumb filter over memory that the caller gives. Of the LZMA SDK it takes state,
 * layout of the probabilities and the filter. Ours, because smaller: LZMA2's chunks, whose packed
 * size is known, so that nothing has to try whether the input at hand is enough for a symbol; and
 * the symbols, through LzmaDec_DecodeReal_3, which the SDK lets others provide. The decoder writes
 * to the dictionary, round and round; from there content goes through the stage to the sink.
 * Nothing is ever written outside of struct unpack_memory and the dictionary, whatever the payload
 * says: the decoder is asked for no more than fits the stage, the dictionary's end, the chunk and
 * the content's size.
 */
#include "unpack.h"

#include <string.h>

#include "bytes.h"
#include "format.h"

/* On the board the functions that decode symbols lie in SRAM, and between two symbols the flash is
 * given the next word to program: see begin of struct flash_hw. They return to code in flash, so
 * they wait for the last one. */
#ifdef UNPACK_BOARD
#define UNPACK_HOT    __attribute__((section(".ramcode"), noinline, noclone))
#define UNPACK_POKE() flash_ram_poke()
#define UNPACK_IDLE() ((void)flash_ram_wait(1000)) /* us; a word takes 100 at most */
void flash_ram_poke(void);
uint32_t flash_ram_wait(uint32_t limit_us);
#else
#define UNPACK_HOT
#define UNPACK_POKE() ((void)0)
#define UNPACK_IDLE() ((void)0)
#endif

#define Z7_EXTRACT_ONLY
#define Z7_LZMA_DEC_OPT /* LzmaDec_DecodeReal_3 is ours */
#include <LzmaDec.h>
static UNPACK_HOT void LzmaDec_WriteRem(CLzmaDec *p, SizeT limit);
#include <LzmaDec.c> /* NOLINT(bugprone-suspicious-include) */
#include <Bra.c>     /* NOLINT(bugprone-suspicious-include) */

#define LC_LP_MAX      4u
#define PROPERTIES_END (9u * 5u * 5u) /* values of (pb * 5 + lp) * 9 + lc are below */
#define MOVE_BITS      5u
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
_Static_assert(UNPACK_STAGE % WORD_SIZE == 0 && UNPACK_STAGE >= 16u, "no good stage");

static struct decoder *decoder_of(const struct unpack *u)
{
    return (struct decoder *)(void *)u->memory->state;
}

void unpack_init(struct unpack *u, struct unpack_memory *memory, uint8_t *dictionary, uint32_t size,
                 bool thumb)
{
    u->memory = memory;
    u->stage = memory->stage[0];
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
    d->lzma.dic = dictionary;
    d->lzma.dicBufSize = UNPACK_DICTIONARY;
    d->lzma.probs = (CLzmaProb *)(void *)memory->probs;
    d->lzma.probs_1664 = d->lzma.probs + kStartOffset;
}

/* One byte of the two before the stream. Its second says what imgtool used; what counts is in the
 * stream itself. */
static enum reason take_head(struct unpack *u, uint8_t value)
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
 * stays begins at a word and goes to the other stage, because the sink may look at this one until
 * it is called again. The filter may see one halfword of it again that it has passed before:
 * the second half of a branch, or one that it left alone with the same halfword behind it. Both it
 * leaves alone. */
static enum reason give_out(struct unpack *u, bool last)
{
    uint8_t *stage = u->stage;
    uint32_t len = u->pending;
    if (u->thumb) {
        len = (uint32_t)(z7_BranchConv_ARMT_Dec(stage, len, u->done) - stage);
    }
    len = last ? u->pending : len - len % WORD_SIZE;
    if (len == 0) {
        return REASON_NONE;
    }
    enum reason reason = u->sink(u->ctx, stage, len);
    u->done += len;
    u->pending -= len;
    u->stage = u->memory->stage[stage == u->memory->stage[0]];
    memcpy(u->stage, stage + len, u->pending);
    return reason;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Goes down a tree of probabilities, a bit a node, until the node is at least end. */
static UNPACK_HOT uint32_t decode_tree(CLzmaDec *p, CLzmaProb *probs, uint32_t node, uint32_t end)
{
    const Byte *buf = p->buf;
    uint32_t range = p->range;
    uint32_t code = p->code;
    while (node < end) {
        if (range < kTopValue) {
            range <<= 8;
            code = code << 8 | *buf++;
        }
        uint32_t value = probs[node];
        uint32_t bound = (range >> kNumBitModelTotalBits) * value;
        CLzmaProb *prob = probs + node;
        node <<= 1;
        if (code < bound) {
            range = bound;
            value += (kBitModelTotal - value) >> MOVE_BITS;
        } else {
            range -= bound;
            code -= bound;
            value -= value >> MOVE_BITS;
            node++;
        }
        *prob = (CLzmaProb)value;
    }
    p->buf = buf;
    p->range = range;
    p->code = code;
    return node;
}

static UNPACK_HOT uint32_t decode_bit(CLzmaDec *p, CLzmaProb *prob)
{
    uint32_t range = p->range;
    if (range < kTopValue) {
        range <<= 8;
        p->code = p->code << 8 | *p->buf++;
    }
    uint32_t value = *prob;
    uint32_t bound = (range >> kNumBitModelTotalBits) * value;
    uint32_t bit = p->code >= bound;
    if (bit != 0) {
        p->code -= bound;
        bound = range - bound;
        value -= value >> MOVE_BITS;
    } else {
        value += (kBitModelTotal - value) >> MOVE_BITS;
    }
    p->range = bound;
    *prob = (CLzmaProb)value;
    return bit;
}

/* count bits, the lowest first. */
static uint32_t decode_reverse(CLzmaDec *p, CLzmaProb *probs, uint32_t count)
{
    uint32_t value = 0;
    uint32_t node = 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bit = decode_bit(p, probs + node);
        node = node << 1 | bit;
        value |= bit << i;
    }
    return value;
}

/* count bits of equal chances, the highest first. */
static uint32_t decode_direct(CLzmaDec *p, uint32_t count)
{
    uint32_t value = 0;
    for (; count > 0; count--) {
        if (p->range < kTopValue) {
            p->range <<= 8;
            p->code = p->code << 8 | *p->buf++;
        }
        p->range >>= 1;
        value <<= 1;
        if (p->code >= p->range) {
            p->code -= p->range;
            value++;
        }
    }
    return value;
}

static UNPACK_HOT uint32_t decode_length(CLzmaDec *p, CLzmaProb *probs, uint32_t pos_state)
{
    if (!decode_bit(p, probs + LenChoice)) {
        return decode_tree(p, probs + LenLow + pos_state, 1, 8) - 8;
    }
    if (!decode_bit(p, probs + LenChoice2)) {
        return decode_tree(p, probs + LenLow + 8 + pos_state, 1, 8);
    }
    return decode_tree(p, probs + LenHigh, 1, 256) - 256 + 16;
}

static uint32_t decode_distance(CLzmaDec *p, uint32_t len)
{
    CLzmaProb *probs = p->probs_1664;
    uint32_t slot =
        decode_tree(p, probs + PosSlot + (smaller(len, 3) << kNumPosSlotBits), 1, 64) - 64;
    if (slot < kStartPosModelIndex) {
        return slot;
    }
    uint32_t count = (slot >> 1) - 1;
    uint32_t base = (2 | (slot & 1)) << count;
    if (slot < kEndPosModelIndex) {
        probs = probs + SpecPos + base - slot;
    } else {
        base += decode_direct(p, count - kNumAlignBits) << kNumAlignBits;
        count = kNumAlignBits;
        probs = probs + Align;
    }
    return base + decode_reverse(p, probs, count);
}

static Byte byte_back(const CLzmaDec *p, uint32_t distance)
{
    return p->dic[p->dicPos - distance + (p->dicPos < distance ? p->dicBufSize : 0)];
}

static void decode_literal(CLzmaDec *p)
{
    CLzmaProb *probs = p->probs_1664 + Literal;
    uint32_t state = p->state;
    if (p->processedPos != 0 || p->checkDicSize != 0) {
        uint32_t context = (p->processedPos << 8) + byte_back(p, 1);
        context &= (0x100u << p->prop.lp) - (0x100u >> p->prop.lc);
        probs += 3 * (context << p->prop.lc);
    }
    uint32_t node = 1;
    if (state >= kNumLitStates) { /* by the byte that a match would give, while bits are the same */
        uint32_t match = byte_back(p, p->reps[0]);
        uint32_t bit = 0;
        uint32_t got = 0;
        while (node < 0x100 && got == bit) {
            bit = match >> 7 & 1;
            match <<= 1;
            got = decode_bit(p, probs + 0x100 + (bit << 8) + node);
            node = node << 1 | got;
        }
    }
    p->dic[p->dicPos] = (Byte)decode_tree(p, probs, node, 0x100);
    p->dicPos++;
    p->processedPos++;
    p->state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
}

/* Bits that say which of the last distances is meant; it becomes the latest. True if it is for one
 * byte. */
static bool decode_repeat(CLzmaDec *p, uint32_t pos_state)
{
    CLzmaProb *probs = p->probs_1664 + p->state;
    if (!decode_bit(p, probs + IsRepG0)) {
        return !decode_bit(p, probs + IsRep0Long + pos_state);
    }
    uint32_t which = 1;
    if (decode_bit(p, probs + IsRepG1)) {
        which = 2 + decode_bit(p, probs + IsRepG2);
    }
    uint32_t distance = p->reps[which];
    for (; which > 0; which--) {
        p->reps[which] = p->reps[which - 1];
    }
    p->reps[0] = distance;
    return false;
}

/* Length and distance to remainLen and reps. False if the distance is too far. */
static bool decode_match(CLzmaDec *p, uint32_t pos_state)
{
    CLzmaProb *probs = p->probs_1664;
    bool literal_before = p->state < kNumLitStates;
    if (decode_bit(p, probs + IsRep + p->state)) {
        p->remainLen = 1;
        bool single = decode_repeat(p, pos_state);
        if (!single) {
            p->remainLen = kMatchMinLen + decode_length(p, probs + RepLenCoder, pos_state);
        }
        p->state = literal_before ? 8 + single : 11;
        return true;
    }
    p->state = literal_before ? 7 : 10;
    uint32_t len = decode_length(p, probs + LenCoder, pos_state);
    uint32_t distance = decode_distance(p, len);
    for (unsigned i = 3; i > 0; i--) {
        p->reps[i] = p->reps[i - 1];
    }
    p->reps[0] = distance + 1;
    p->remainLen = kMatchMinLen + len;
    return distance < (p->checkDicSize == 0 ? p->processedPos : p->checkDicSize);
}

/* Decodes one symbol, and goes on while dicPos is before limit and the input before bufLimit. What
 * of a match does not fit before limit is left in remainLen. */
UNPACK_HOT int Z7_FASTCALL LZMA_DECODE_REAL(CLzmaDec *p, SizeT limit, const Byte *bufLimit)
{
    do {
        UNPACK_POKE();
        uint32_t pos_state = CALC_POS_STATE(p->processedPos, (1u << p->prop.pb) - 1);
        if (!decode_bit(p, p->probs_1664 + IsMatch + pos_state + p->state)) {
            decode_literal(p);
            continue;
        }
        if (!decode_match(p, pos_state)) {
            p->remainLen = kMatchSpecLen_Error_Data; /* all that the caller looks at */
            break;
        }
        LzmaDec_WriteRem(p, limit);
    } while (p->dicPos < limit && p->buf < bufLimit);
    if (p->range < kTopValue) {
        p->range <<= 8;
        p->code = p->code << 8 | *p->buf++;
    }
    UNPACK_IDLE();
    return SZ_OK;
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
    uint32_t count = NUM_BASE_PROBS + ((uint32_t)LZMA_LIT_SIZE << (lzma->prop.lc + lzma->prop.lp));
    for (uint32_t i = 0; i < count; i++) {
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
    /* The result is in remainLen as well: a match of 2 to 273 bytes is good, an error is above. */
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
    memcpy(u->stage + u->pending, d->lzma.dic + from, got);
    u->pending += got;
    return step;
}

/* Every round takes input, or fills the stage further and empties it, or is the last. */
static enum reason take_stream(struct unpack *u, const uint8_t *data, size_t len)
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
        enum reason reason = give_out(u, ended);
        if (reason != REASON_NONE) {
            return reason;
        }
        u->finished = ended;
    }
    return len == 0 ? REASON_NONE : REASON_PACKAGE_CONTENT;
}

enum reason unpack_add(struct unpack *u, const uint8_t *data, size_t len)
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

void unpack_thumb(uint8_t *code, size_t len)
{
    (void)z7_BranchConv_ARMT_Dec(code, len, 0);
}

enum reason unpack_end(struct unpack *u)
{
    if (u->failure == REASON_NONE && !u->finished) {
        u->failure = REASON_PACKAGE_CONTENT;
    }
    return u->failure;
}

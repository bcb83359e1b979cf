/*
 * LZMA2 and the ARM-Thumb filter by the LZMA SDK, over memory that the caller gives. The decoder
 * writes to the dictionary, round and round; from there content goes through the stage to the sink.
 * Nothing is ever written outside of struct unpack_memory, whatever the payload says: the decoder
 * is asked for no more than fits the stage, the dictionary's end and the content's size.
 */
#include "unpack.h"

#include <string.h>

#include "format.h"

#define Z7_EXTRACT_ONLY
#define Z7_LZMA_SIZE_OPT
#include <LzmaDec.c> /* NOLINT(bugprone-suspicious-include) */

/* Stands in for LzmaDec_DecodeToDic: see below. */
static SRes decode_chunk(CLzmaDec *p, SizeT limit, const Byte *src, SizeT *src_len,
                         ELzmaFinishMode finish, ELzmaStatus *status);
#define LzmaDec_DecodeToDic decode_chunk
#include <Lzma2Dec.c> /* NOLINT(bugprone-suspicious-include) */
#undef LzmaDec_DecodeToDic
#include <Bra.c> /* NOLINT(bugprone-suspicious-include) */

#define LC_LP_MAX      4u
#define PROPERTIES_END (9u * 5u * 5u) /* values of (pb * 5 + lp) * 9 + lc are below */
#define DICTIONARY_MIN 4096u
#define WORD           4u

_Static_assert(sizeof(CLzma2Dec) <= UNPACK_STATE, "UNPACK_STATE is too small");
_Static_assert(_Alignof(CLzma2Dec) <= 8, "struct unpack_memory is badly aligned");
_Static_assert((NUM_BASE_PROBS + ((size_t)LZMA_LIT_SIZE << LC_LP_MAX)) * sizeof(CLzmaProb) <=
                   UNPACK_PROBS,
               "UNPACK_PROBS is too small");
_Static_assert(UNPACK_DICTIONARY >= PAYLOAD_DICTIONARY_MAX, "the dictionary is too small");
/* The filter leaves up to 3 bytes, rounding 2 more: the stage always takes something new. */
_Static_assert(UNPACK_STAGE % WORD == 0 && UNPACK_STAGE >= 16u, "no good stage");

static CLzma2Dec *decoder_of(const struct unpack *u)
{
    return (CLzma2Dec *)(void *)u->memory->state;
}

/*
 * The SDK's LzmaDec_DecodeToDic tries each symbol with a second decoder whenever less than
 * LZMA_REQUIRED_INPUT_MAX bytes are in hand, since it does not know where its input ends. An LZMA2
 * chunk says how long it is. So here a symbol is decoded when those bytes are in hand, or else the
 * rest of the chunk with zeros behind; a symbol that took any of them is an error. That spares a
 * KiB of flash, and the time of trying.
 *
 * p->tempBuf holds what the pieces before have left over, tempBufSize bytes.
 */

/* What precedes the symbols of a chunk: five bytes for the range decoder, and fresh models. */
static SRes start_chunk(CLzmaDec *p, const Byte **src, SizeT *left)
{
    for (; *left > 0 && p->tempBufSize < RC_INIT_SIZE; (*left)--) {
        p->tempBuf[p->tempBufSize++] = *(*src)++;
    }
    if (p->tempBufSize < RC_INIT_SIZE) {
        return SZ_OK;
    }
    p->code = (UInt32)p->tempBuf[1] << 24 | (UInt32)p->tempBuf[2] << 16 |
              (UInt32)p->tempBuf[3] << 8 | p->tempBuf[4];
    if (p->tempBuf[0] != 0 ||
        (p->checkDicSize == 0 && p->processedPos == 0 && p->code >= kBadRepCode)) {
        return SZ_ERROR_DATA;
    }
    p->range = 0xFFFFFFFF;
    p->tempBufSize = 0;
    if (p->remainLen > kMatchSpecLenStart + 1) {
        SizeT count = LzmaProps_GetNumProbs(&p->prop);
        for (SizeT i = 0; i < count; i++) {
            p->probs[i] = kBitModelTotal >> 1;
        }
        p->reps[0] = p->reps[1] = p->reps[2] = p->reps[3] = 1;
        p->state = 0;
    }
    p->remainLen = 0;
    return SZ_OK;
}

/* One symbol from what is left over and as much of the piece as it takes. */
static SRes decode_symbol(CLzmaDec *p, SizeT limit, const Byte **src, SizeT *left)
{
    unsigned have = p->tempBufSize;
    for (SizeT i = 0; i < *left && have < LZMA_REQUIRED_INPUT_MAX; i++) {
        p->tempBuf[have++] = (*src)[i];
    }
    memset(p->tempBuf + have, 0, LZMA_REQUIRED_INPUT_MAX - have);
    p->buf = p->tempBuf;
    SRes result = LzmaDec_DecodeReal2(p, limit, p->tempBuf);
    unsigned used = (unsigned)(p->buf - p->tempBuf);
    if (used > have) {
        return SZ_ERROR_DATA;
    }
    unsigned kept = used < p->tempBufSize ? p->tempBufSize - used : 0;
    unsigned taken = used - (p->tempBufSize - kept);
    for (unsigned i = 0; i < kept; i++) {
        p->tempBuf[i] = p->tempBuf[used + i];
    }
    p->tempBufSize = kept;
    *src += taken;
    *left -= taken;
    return result;
}

/* Symbols until limit is reached or more input is needed. whole: the chunk ends with this piece. */
static SRes decode_symbols(CLzmaDec *p, SizeT limit, const Byte **src, SizeT *left, bool whole)
{
    SRes result = SZ_OK;
    while (result == SZ_OK && p->remainLen != kMatchSpecLenStart) {
        LzmaDec_WriteRem(p, limit);
        if (p->dicPos >= limit) {
            return SZ_OK;
        }
        if (p->tempBufSize == 0 && *left >= LZMA_REQUIRED_INPUT_MAX) {
            p->buf = *src;
            result = LzmaDec_DecodeReal2(p, limit, *src + *left - LZMA_REQUIRED_INPUT_MAX);
            *left -= (SizeT)(p->buf - *src);
            *src = p->buf;
        } else if (whole || p->tempBufSize + *left >= LZMA_REQUIRED_INPUT_MAX) {
            result = decode_symbol(p, limit, src, left);
        } else {
            for (; *left > 0; (*left)--) {
                p->tempBuf[p->tempBufSize++] = *(*src)++;
            }
            return SZ_OK;
        }
    }
    return SZ_ERROR_DATA; /* also for an end marker: LZMA2 has none in a chunk */
}

/* The parameters are the SDK's. */
static SRes decode_chunk(CLzmaDec *p, SizeT limit, const Byte *src, SizeT *src_len,
                         ELzmaFinishMode finish, ELzmaStatus *status)
{
    const CLzma2Dec *chunk =
        (const CLzma2Dec *)(const void *)((const Byte *)p - offsetof(CLzma2Dec, decoder));
    const Byte *from = src;
    SizeT left = *src_len;
    bool whole = left == chunk->packSize;
    SRes result = SZ_OK;
    *status = LZMA_STATUS_NEEDS_MORE_INPUT;
    if (p->remainLen > kMatchSpecLenStart) {
        result = start_chunk(p, &src, &left);
    }
    if (result == SZ_OK && p->remainLen <= kMatchSpecLenStart) {
        result = decode_symbols(p, limit, &src, &left, whole);
    }
    *src_len = (SizeT)(src - from);
    if (result == SZ_OK && p->remainLen <= kMatchSpecLenStart && p->dicPos >= limit) {
        bool ended = p->remainLen == 0 && p->code == 0;
        *status = ended ? LZMA_STATUS_MAYBE_FINISHED_WITHOUT_MARK : LZMA_STATUS_NOT_FINISHED;
        result = ended || finish == LZMA_FINISH_ANY ? SZ_OK : SZ_ERROR_DATA;
    }
    return result;
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
    CLzma2Dec *decoder = decoder_of(u);
    memset(decoder, 0, sizeof *decoder);
    decoder->decoder.dic = memory->dictionary;
    decoder->decoder.dicBufSize = UNPACK_DICTIONARY;
    decoder->decoder.probs = (CLzmaProb *)(void *)memory->probs;
    decoder->decoder.probs_1664 = decoder->decoder.probs + kStartOffset;
    Lzma2Dec_Init(decoder);
}

/* One byte of the two before the stream. Its second says what imgtool used; what counts is in the
 * stream itself. */
static enum protocol_reason take_head(struct unpack *u, uint8_t value)
{
    if (u->head == 0) {
        if (value > PAYLOAD_DICTIONARY_BYTE_MAX) {
            return REASON_PACKAGE_DICTIONARY;
        }
        decoder_of(u)->decoder.prop.dicSize = LZMA2_DIC_SIZE_FROM_PROP(value);
    } else if (value >= PROPERTIES_END) {
        return REASON_PACKAGE_CONTENT;
    }
    u->head++;
    return REASON_NONE;
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
    u->pending -= len;
    for (uint32_t i = 0; i < u->pending; i++) {
        stage[i] = stage[len + i];
    }
    return reason;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Decodes once: takes from the *len bytes at *data, puts what comes out into the stage. */
static enum protocol_reason decode(struct unpack *u, const uint8_t **data, size_t *len,
                                   ELzmaStatus *status)
{
    CLzma2Dec *decoder = decoder_of(u);
    CLzmaDec *lzma = &decoder->decoder;
    if (lzma->dicPos == UNPACK_DICTIONARY) {
        lzma->dicPos = 0;
    }
    SizeT from = lzma->dicPos;
    uint32_t left = u->size - u->done - u->pending;
    uint32_t room = smaller(UNPACK_STAGE - u->pending, (uint32_t)(UNPACK_DICTIONARY - from));
    /* With nothing left, only the end marker may follow. */
    ELzmaFinishMode mode = left == 0 ? LZMA_FINISH_END : LZMA_FINISH_ANY;
    SizeT taken = *len;
    SRes result =
        Lzma2Dec_DecodeToDic(decoder, from + smaller(room, left), *data, &taken, mode, status);
    *data += taken;
    *len -= taken;
    uint32_t got = (uint32_t)(lzma->dicPos - from);
    memcpy(u->memory->stage + u->pending, u->memory->dictionary + from, got);
    u->pending += got;
    return result == SZ_OK ? REASON_NONE : REASON_PACKAGE_CONTENT;
}

/* Every round fills the stage further and empties it, or takes the last of the input. */
static enum protocol_reason take_stream(struct unpack *u, const uint8_t *data, size_t len)
{
    ELzmaStatus status = LZMA_STATUS_NOT_SPECIFIED;
    while (!u->finished && status != LZMA_STATUS_NEEDS_MORE_INPUT) {
        enum protocol_reason reason = decode(u, &data, &len, &status);
        bool ended = status == LZMA_STATUS_FINISHED_WITH_MARK;
        if (reason == REASON_NONE && ended && u->done + u->pending != u->size) {
            reason = REASON_PACKAGE_CONTENT;
        }
        if (reason == REASON_NONE) {
            reason = give_out(u, ended);
        }
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

/* SPDX-License-Identifier: MIT */
/*
 * Work whose result core believes nothing of: hashing, signatures, comparing, unpacking. They read
 * what they are handed, and any result comes out. The real ones are for tests/crypto and for the
 * fuzzers of the unpacker: loops over bytes tell Eva nothing.
 */
#include "compare.h"
#include "ecdsa.h"
#include "prove_any.h"
#include "sha256.h"
#include "unpack.h"
#include "verdict.h"

void sha256_init(struct sha256 *s)
{
    any_bytes(s, sizeof *s);
}

/*@ requires data_readable: len == 0 || \valid_read((uint8_t *)data + (0 .. len - 1));
    requires data_written: len == 0 || \initialized((uint8_t *)data + (0 .. len - 1)); */
void sha256_add(struct sha256 *s, const void *data, size_t len)
{
    (void)data;
    any_bytes(s, sizeof *s);
}

void sha256_end(struct sha256 *s, uint8_t digest[DIGEST_SIZE])
{
    touch(s, sizeof *s);
    any_bytes(digest, DIGEST_SIZE);
}

/*@ requires point_readable: \valid_read((uint8_t *)point + (0 .. 64 - 1));
    requires point_written: \initialized((uint8_t *)point + (0 .. 64 - 1));
    requires digest_readable: \valid_read((uint8_t *)digest + (0 .. 32 - 1));
    requires digest_written: \initialized((uint8_t *)digest + (0 .. 32 - 1));
    requires der_readable: len == 0 || \valid_read((uint8_t *)der + (0 .. len - 1));
    requires der_written: len == 0 || \initialized((uint8_t *)der + (0 .. len - 1)); */
uint32_t ecdsa_verify(const uint8_t point[64], const uint8_t digest[DIGEST_SIZE],
                      const uint8_t *der, size_t len)
{
    (void)point;
    (void)digest;
    (void)der;
    return any_bool() ? VERDICT_GOOD : VERDICT_BAD;
}

/*@ requires a_readable: len == 0 || \valid_read((uint8_t *)a + (0 .. len - 1));
    requires a_written: len == 0 || \initialized((uint8_t *)a + (0 .. len - 1));
    requires b_readable: len == 0 || \valid_read((uint8_t *)b + (0 .. len - 1));
    requires b_written: len == 0 || \initialized((uint8_t *)b + (0 .. len - 1)); */
uint32_t compare_differences(const uint8_t *a, const uint8_t *b, size_t len)
{
    (void)a;
    (void)b;
    return any_word();
}

/*@ requires a_readable: len == 0 || \valid_read((uint8_t *)a + (0 .. len - 1));
    requires a_written: len == 0 || \initialized((uint8_t *)a + (0 .. len - 1));
    requires b_readable: len == 0 || \valid_read((uint8_t *)b + (0 .. len - 1));
    requires b_written: len == 0 || \initialized((uint8_t *)b + (0 .. len - 1)); */
uint32_t compare_count(const uint8_t *a, const uint8_t *b, size_t len)
{
    (void)a;
    (void)b;
    return any_word();
}

void compare_clear(void *data, size_t len)
{
    memset(data, 0, len);
}

/*@ requires room: \valid(dictionary + (0 .. 65535)) && \valid(memory); */
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
    any_bytes(dictionary, UNPACK_DICTIONARY);
    any_bytes(memory->state, sizeof memory->state);
}

/* Gives the sink what unpack.h allows. */
/*@ requires data_readable: len == 0 || \valid_read((uint8_t *)data + (0 .. len - 1));
    requires data_written: len == 0 || \initialized((uint8_t *)data + (0 .. len - 1)); */
enum reason unpack_add(struct unpack *u, const uint8_t *data, size_t len)
{
    (void)data;
    while (any_bool()) {
        uint32_t n = 1u + any_below(UNPACK_STAGE);
        enum reason reason;

        if (n > u->size - u->done || (n % 4u != 0 && u->done + n != u->size)) {
            continue;
        }
        u->stage = u->memory->stage[any_bool()];
        any_bytes(u->stage, UNPACK_STAGE);
        reason = u->sink(u->ctx, u->stage, n);
        u->done += n;
        if (reason != REASON_NONE) {
            return reason;
        }
    }
    return any_bool() ? REASON_NONE : REASON_PACKAGE_CONTENT;
}

enum reason unpack_end(struct unpack *u)
{
    touch(u, sizeof *u);
    return any_bool() ? REASON_NONE : REASON_PACKAGE_CONTENT;
}

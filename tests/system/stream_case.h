/* SPDX-License-Identifier: MIT */
/*
 * What the tests of streaming share: a content, the board with its line, what must be so at the
 * end, and commands over a line of any rate.
 */
#ifndef TESTS_STREAM_CASE_H
#define TESTS_STREAM_CASE_H

#include "stream_line.h"

enum { KIB = 1024, CONTENT_MAX = 200 * KIB, SECTOR_2 = 2, NO_SLOT = 0xFF };

extern uint8_t case_content[CONTENT_MAX];

/* Fills case_content: noise that is no application. */
void case_make_content(uint64_t seed);
/* Fills the first len bytes of case_content with what compresses, and compresses it; the stream is
 * good until the next call. */
struct stream_job case_pack(uint32_t len, bool thumb, uint32_t seed);
/* The first size bytes of case_content, for sector 2. */
struct stream_job case_plain(uint32_t size);

/* The board with its line, at a rate that an exchange has proven. */
struct stream_line *case_open(uint32_t baud, unsigned latency_ms);
/* A far end at 115200 for a board that is already there. */
struct stream_line *case_over(struct board *b);
void case_close(struct stream_line *l);

/* The CRC of a content in whole words, as DIGESTS and the status of a complete stream have it. */
uint32_t case_digest(const uint8_t *data, uint32_t len);
/* The last status says that all of it is in flash, and flash says so too. */
void case_expect_complete(struct stream_line *l, const struct stream_job *job);
/* Begins, transfers, expects that it is complete, closes. */
void case_whole(struct stream_line *l, const struct stream_job *job);

/* GET_VER is answered, as it should be, within 40 ms and the latency. Nothing else comes. */
bool case_answers(struct stream_line *l);
/* Nothing came from the board, and nothing does for ns. */
void case_expect_silence(struct stream_line *l, uint64_t ns);
/* A command that must succeed. */
void case_ok(struct stream_line *l, unsigned command, const uint8_t *payload, size_t n,
             uint8_t data[255]);
/* A command that must be refused; GET_LAST_ERROR says so. ANY_DETAIL is not compared. */
enum { ANY_DETAIL = 0x7E57E57E };
void case_refused(struct stream_line *l, unsigned command, const uint8_t *payload, size_t n,
                  unsigned reason, uint32_t detail);

#endif

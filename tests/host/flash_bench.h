/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the flash operation share: a session with the bootloader's command engine over
 * a model chip, and an image to flash.
 */
#ifndef TESTS_HOST_FLASH_BENCH_H
#define TESTS_HOST_FLASH_BENCH_H

#include "model_link.h"

enum { IMAGE_MAX = 200 * 1024 };

struct bench {
    struct model *model;
    struct model_link link;
    struct ararext_session *session;
    struct ararext_info info;
    struct ararext_image *image;
    uint8_t bytes[IMAGE_MAX]; /* of the image, from MAP_APP_BASE on */
    uint32_t len;
    struct ararext_plan plan;
    struct ararext_flash_result result;
    unsigned stop_after; /* frames; 0 = never */
};

/* A session that has asked for the board's info. */
struct bench *setup(uint16_t flash_kib, bool no_extensions);
void teardown(struct bench *b);
/* Asks for it again; as before, the board's streaming is not told of. */
void read_info(struct bench *b);
/* An image that could be an application: vectors, then bytes from the seed. */
void make_image(struct bench *b, uint32_t len, uint64_t seed);
/* Plans and carries out. */
int flash_with(struct bench *b, const struct ararext_flash_options *options);
/* The same, and fails the test unless the image is then in flash. */
void flash_ok(struct bench *b);
bool looks_bootable(const struct model *m);

#endif

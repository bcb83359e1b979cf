/* SPDX-License-Identifier: MIT */
/* See image_bench.h. */
#include "image_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const struct ararext_info PART = {.flash_kib = 512, .app_base = 0x08008000, .app_end = 0x08080000};

int parse_bytes(struct ararext_image **out, const void *data, size_t len, const char *name,
                struct ararext_message *why)
{
    const struct ararext_segment file = {.len = (uint32_t)len, .data = data};
    *out = NULL;
    return ararext_image_parse(out, &file, name, NULL, why);
}

struct ararext_image *good(const char *text, const char *name)
{
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    if (parse_bytes(&image, text, strlen(text), name, &why) != ARAREXT_OK) {
        fail_msg("%s", why.text);
    }
    return image;
}

void expect_segment(const struct ararext_image *image, size_t i, uint32_t addr, const char *data)
{
    struct ararext_segment s = ararext_image_segment(image, i);
    assert_int_equal(s.addr, addr);
    assert_int_equal(s.len, strlen(data));
    assert_memory_equal(s.data, data, s.len);
}

void expect_bad_bytes(const void *data, size_t len, const char *sentence)
{
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    assert_int_equal(parse_bytes(&image, data, len, "f", &why), ARAREXT_ERR_FORMAT);
    assert_null(image);
    assert_string_equal(why.text, sentence);
}

void expect_bad(const struct bad_text *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        expect_bad_bytes(rows[i].text, strlen(rows[i].text), rows[i].sentence);
    }
}

uint64_t seed = 1;

uint32_t any(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

void parse_damaged(const uint8_t *data, size_t len, const char *name)
{
    size_t cut = any(4) == 0 ? any((uint32_t)len + 1) : len;
    uint8_t *copy = malloc(cut + (cut == 0));
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    assert_non_null(copy);
    memcpy(copy, data, cut);
    for (uint32_t i = any(6); i > 0 && cut > 0; i--) {
        static const uint8_t likely[] = {0x00, 0xFF, 0x7F, 0x80, '\n', ':', 'S', '0', 'F', '3'};
        uint32_t at = any((uint32_t)cut);
        copy[at] = any(2) == 0 ? likely[any(sizeof likely)] : (uint8_t)any(256);
    }
    int rc = parse_bytes(&image, copy, cut, name, &why);
    if (rc == ARAREXT_OK) {
        assert_true(ararext_image_size(image) > 0);
        assert_true(ararext_image_check(image, &PART, false, &why) <= 0);
        for (size_t i = 1; i < ararext_image_segment_count(image); i++) {
            struct ararext_segment a = ararext_image_segment(image, i - 1);
            struct ararext_segment b = ararext_image_segment(image, i);
            assert_true((uint64_t)a.addr + a.len < b.addr);
        }
        ararext_image_free(image);
    } else {
        assert_int_equal(rc, ARAREXT_ERR_FORMAT);
        assert_true(why.text[0] != '\0');
    }
    free(copy);
}

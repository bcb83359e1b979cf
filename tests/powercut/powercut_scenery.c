/* SPDX-License-Identifier: MIT */
/*
 * The packages of a scenery: contents that a Cortex-M4 could start, from a seed or from an
 * application's binary, and packages around them.
 */
#include "powercut_flow.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "package_builder.h"

enum { VECTORS = 16, PLAIN_LEN = 203, TAIL = 8 };

/* Plausible vectors, an endless loop, then bytes that differ with the seed, half of them to be
 * compressed, and a BL now and then for the filter. */
static void fill_content(uint8_t *content, uint32_t len, uint32_t seed)
{
    static const uint8_t vectors[VECTORS] = {0x00, 0x00, 0x02, 0x20, 0x11, 0x80, 0x00, 0x08,
                                             0x11, 0x80, 0x00, 0x08, 0x11, 0x80, 0x00, 0x08};
    uint32_t state = seed * 2654435761u + 12345u;
    for (uint32_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        content[i] = i % 64 < 32 || i < 64 ? (uint8_t)(state >> 24) : content[i - 32];
    }
    for (uint32_t i = 32; i + 4 <= len; i += 48) {
        content[i + 1] = 0xF0;
        content[i + 3] = 0xF8;
    }
    memcpy(content, vectors, VECTORS);
    content[VECTORS] = 0xFE;
    content[VECTORS + 1] = 0xE7;
}

static void give_up(const char *path)
{
    perror(path);
    exit(2);
}

/* The application's binary, and behind it something of its own up to len, at least a few bytes. */
static void load_content(struct side *side, const char *path, uint32_t len, uint32_t seed)
{
    FILE *file = fopen(path, "rb");
    long size;
    uint32_t read;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < VECTORS) {
        give_up(path);
        return;
    }
    rewind(file);
    read = (uint32_t)size;
    side->content_len = read + TAIL > len ? read + TAIL : len;
    side->content = malloc(side->content_len);
    assert(side->content != NULL);
    fill_content(side->content, side->content_len, seed);
    if (fread(side->content, 1, read, file) != read) {
        give_up(path);
    }
    (void)fclose(file);
    memset(side->content + side->content_len - TAIL, (int)(0x10 + seed), TAIL);
}

static void make_content(struct side *side, const char *app, uint32_t len, uint32_t seed)
{
    if (app != NULL) {
        load_content(side, app, len, seed);
        return;
    }
    side->content_len = len;
    side->content = malloc(len);
    assert(side->content != NULL);
    fill_content(side->content, len, seed);
}

static void make_package(struct side *side, const struct package_recipe *recipe)
{
    size_t len = 0;
    struct package_recipe full = *recipe;
    full.content = side->content;
    full.content_len = side->content_len;
    full.content_digest = side->content_len % 2 == 0; /* a plain package may have it or not */
    side->package = package_build(&full, &len);
    side->package_len = (uint32_t)len;
    side->counter = recipe->counter;
}

static void make_packages(struct scenery *s, struct evp_pkey_st *keys[2])
{
    static const uint8_t trial[4] = {SCENERY_TRIALS, 0, 30, 0};
    static const uint8_t none[4] = {0, 0, 30, 0};
    const struct scenery_plan *plan = s->plan;
    struct package_recipe recipe = {.policy = trial, .version = {1}};
    recipe.packing = plan->first_packed ? PACKAGE_LZMA2_THUMB : PACKAGE_PLAIN;
    recipe.counter = plan->enforced ? 3 : 0;
    recipe.key = plan->enforced ? keys[0] : NULL;
    make_package(&s->sides[WHO_FIRST], &recipe);

    recipe.packing = plan->second_packed ? PACKAGE_LZMA2_THUMB : PACKAGE_PLAIN;
    recipe.counter = !plan->enforced ? 0 : plan->level ? 3 : 5;
    recipe.key = plan->enforced ? keys[1] : NULL;
    recipe.revoke = plan->revokes ? 1 : 0;
    recipe.version[0] = 2;
    make_package(&s->sides[WHO_SECOND], &recipe);
    recipe.policy = none;
    make_package(&s->unasked, &recipe);
    recipe.policy = trial;
    recipe.packing = PACKAGE_LZMA2;
    recipe.counter = plan->enforced ? 6 : 0;
    recipe.version[0] = 3;
    make_package(&s->sides[WHO_THIRD], &recipe);
}

void scenery_open(struct scenery *s, const struct scenery_plan *plan)
{
    struct evp_pkey_st *keys[2] = {package_key(1), package_key(2)};
    memset(s, 0, sizeof *s);
    s->plan = plan;
    make_content(&s->sides[WHO_PLAIN], NULL, PLAIN_LEN, 1);
    make_content(&s->sides[WHO_FIRST], plan->app, plan->first_len, 2);
    make_content(&s->sides[WHO_SECOND], plan->app, plan->second_len, 3);
    make_content(&s->sides[WHO_THIRD], plan->app, plan->third_len, 4);
    make_content(&s->unasked, plan->app, plan->second_len, 3);
    for (unsigned i = 0; i < 2; i++) {
        package_key_hash(keys[i], s->hashes[i]);
    }
    make_packages(s, keys);
    package_key_free(keys[0]);
    package_key_free(keys[1]);
}

void scenery_close(struct scenery *s)
{
    for (unsigned i = 0; i < WHO_COUNT; i++) {
        free(s->sides[i].content);
        free(s->sides[i].package);
    }
    free(s->unasked.content);
    free(s->unasked.package);
}

enum reason scenery_provision(struct rig *rig, const struct scenery *s)
{
    uint32_t detail = 0;
    return trust_provision(&rig->hw, s->hashes[0], 2, NULL, &detail);
}

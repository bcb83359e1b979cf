/* SPDX-License-Identifier: MIT */
/* See package_maker.h. Numbers are those of FORMAT.md, typed anew. */
#include "package_maker.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER_PROTECTED = 10,
    HEADER_PAYLOAD = 12,
    HEADER_FLAGS = 16,
    KEY_HASH = 0x01,
    KEY = 0x02,
    SHA256 = 0x10,
    SIGNATURE = 0x22,
    COUNTER = 0x50,
    SIZE = 0x70,
    VENDOR = 0x74,
    CLASS = 0x75,
    CONTENT_SHA256 = 0xA0,
    POLICY = 0xA1,
    REVOKE = 0xA2,
    START = 0xA3,
};

static const uint32_t FLAGS[] = {0, 0x400, 0xC00};

uint32_t maker_below(struct maker *m, uint32_t limit)
{
    m->random = m->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(m->random >> 33) % limit;
}

static bool maker_chance(struct maker *m, uint32_t percent)
{
    return maker_below(m, 100) < percent;
}

static void store(uint8_t *at, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

void maker_start(struct maker *m, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    m->random = seed;
    package_content(m->content, sizeof m->content, 11);
    /* Matches that reach further back than the smallest dictionaries do. */
    memcpy(m->content + 8192, m->content + 1024, 2048);
    for (uint32_t i = 0; i < MAKER_KEYS; i++) {
        m->keys[i] = package_key(i + 1);
    }
    for (unsigned i = 0; i < 3; i++) {
        const struct package_recipe recipe = {.content = m->content,
                                              .content_len = sizeof m->content,
                                              .packing = (enum package_packing)i};
        package_put_payload(&m->payloads[i], &recipe);
    }
}

void maker_end(struct maker *m)
{
    for (unsigned i = 0; i < MAKER_KEYS; i++) {
        package_key_free(m->keys[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        free(m->payloads[i].data);
    }
    free(m->payload.data);
}

/* ---- a good one ---- */

static struct maker_tlv *add(struct maker *m, uint16_t type, bool is_protected, size_t len)
{
    struct maker_tlv *t = &m->tlvs[m->count < MAKER_TLVS ? m->count++ : MAKER_TLVS - 1];
    *t = (struct maker_tlv){.type = type, .is_protected = is_protected, .len = (uint16_t)len};
    return t;
}

static void add_number(struct maker *m, uint16_t type, uint32_t value, size_t len)
{
    store(add(m, type, true, len)->value, value, (unsigned)len);
}

struct maker_tlv *maker_find(struct maker *m, uint16_t type)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->tlvs[i].type == type) {
            return &m->tlvs[i];
        }
    }
    return NULL;
}

static void describe_protected(struct maker *m, uint32_t packing)
{
    if (maker_chance(m, 70)) {
        add_number(m, COUNTER, 5 + maker_below(m, 6), 4);
    }
    if (packing != 0) {
        add_number(m, SIZE, sizeof m->content, 4);
    }
    if (packing != 0 || maker_chance(m, 50)) {
        package_sha256(m->content, sizeof m->content, add(m, CONTENT_SHA256, true, 32)->value);
    }
    for (uint8_t half = 0; half < 2; half++) {
        if (maker_chance(m, 30)) { /* the identity of package_model.c */
            struct maker_tlv *t = add(m, (uint16_t)(VENDOR + half), true, 16);
            for (uint8_t i = 0; i < 16; i++) {
                t->value[i] = (uint8_t)(16 * half + i + 1);
            }
        }
    }
    if (maker_chance(m, 30)) {
        add_number(m, POLICY, 0x001E0803, 4);
    }
    if (maker_chance(m, 20)) {
        add_number(m, REVOKE, maker_below(m, 16), 1);
    }
}

static void describe_good(struct maker *m)
{
    uint32_t packing = maker_below(m, 3);
    m->count = 0;
    m->sized = m->refit = true;
    m->signer = maker_below(m, MAKER_KEYS + 1);
    free(m->payload.data);
    m->payload = (struct package_bytes){0};
    package_put(&m->payload, m->payloads[packing].data, m->payloads[packing].len);
    memset(m->header, 0, sizeof m->header);
    store(m->header, 0x96F3B83D, 4);
    store(m->header + 8, 32, 2);
    store(m->header + HEADER_FLAGS, FLAGS[packing], 4);
    store(m->header + 20, maker_below(m, 0x1000), 4);
    describe_protected(m, packing);
    add(m, SHA256, false, 32);
    if (m->signer < MAKER_KEYS) {
        bool whole = maker_chance(m, 80);
        add(m, whole ? KEY : KEY_HASH, false, whole ? 91 : 32);
        add(m, SIGNATURE, false, 72);
        if (maker_chance(m, 40)) {
            add(m, START, false, 72);
        }
    }
}

/* ---- what can be wrong with it ---- */

static const uint16_t TYPES[] = {KEY_HASH, KEY,   SHA256, SIGNATURE, COUNTER,        SIZE,
                                 VENDOR,   CLASS, 0x71,   0x72,      CONTENT_SHA256, POLICY,
                                 REVOKE,   0x03,  0x23,   0x60,      0x9F,           0xA3,
                                 0xFE,     0xFF,  0x100,  0x150,     0x1A0,          0xFFFF};
static const uint16_t LENGTHS[] = {0,  1,  2,  3,  4,  5,  7,   8,   16,  31,
                                   32, 33, 71, 72, 73, 91, 254, 255, 256, 300};

static uint16_t any_type(struct maker *m)
{
    return TYPES[maker_below(m, sizeof TYPES / sizeof TYPES[0])];
}

static uint16_t any_length(struct maker *m)
{
    return LENGTHS[maker_below(m, sizeof LENGTHS / sizeof LENGTHS[0])];
}

static uint32_t any_number(struct maker *m)
{
    static const uint32_t numbers[] = {0,      1,      7,       8,          15,         16,
                                       30,     31,     32,      255,        256,        1024,
                                       2047,   2048,   2049,    2560,       2561,       491520,
                                       491521, 0x7FFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF};
    return maker_chance(m, 80) ? numbers[maker_below(m, sizeof numbers / sizeof numbers[0])]
                               : maker_below(m, 0x7FFFFFFF);
}

static void damage(struct maker *m, uint8_t *data, size_t len)
{
    if (len > 0) {
        data[maker_below(m, (uint32_t)len)] ^= (uint8_t)(1u << maker_below(m, 8));
    }
}

static void mutate_tlv(struct maker *m)
{
    struct maker_tlv *t = &m->tlvs[maker_below(m, (uint32_t)m->count)];
    struct maker_tlv *u = &m->tlvs[maker_below(m, (uint32_t)m->count)], both = *t;
    switch (maker_below(m, 8)) {
    case 0: /* twice */
        *add(m, 0, false, 0) = both;
        break;
    case 1: /* gone */
        *t = m->tlvs[--m->count];
        break;
    case 2:
        t->is_protected = !t->is_protected;
        break;
    case 3:
        t->type = any_type(m);
        break;
    case 4:
        t->len = maker_chance(m, 50)   ? any_length(m)
                 : maker_chance(m, 50) ? (uint16_t)((t->len + 1u) % MAKER_VALUE)
                                       : (uint16_t)((t->len + MAKER_VALUE - 1u) % MAKER_VALUE);
        break;
    case 5:
        damage(m, t->value, t->len);
        break;
    case 6: /* another order */
        *t = *u;
        *u = both;
        break;
    default:
        if (t->len <= 4) {
            store(t->value, any_number(m), 4);
        } else {
            damage(m, t->value, t->len);
        }
    }
}

static void mutate_insert(struct maker *m)
{
    uint16_t len = any_length(m);
    struct maker_tlv *t = add(m, any_type(m), maker_chance(m, 50), len);
    for (size_t i = 0; i < len; i++) {
        t->value[i] = (uint8_t)maker_below(m, 256);
    }
}

static void mutate_policy(struct maker *m)
{
    struct maker_tlv *t = maker_find(m, POLICY);
    t = t != NULL ? t : add(m, POLICY, true, 4);
    store(t->value, 0x001E0803, 4);
    static const uint8_t bytes[] = {0, 1, 2, 14, 15, 16, 29, 30, 31, 255};
    t->value[maker_below(m, 4)] = bytes[maker_below(m, sizeof bytes)];
}

static void mutate_payload(struct maker *m)
{
    struct package_bytes *p = &m->payload;
    uint32_t at = maker_below(m, (uint32_t)p->len);
    switch (maker_below(m, 7)) {
    case 6:
        p->data[1] = (uint8_t)maker_below(m, 256); /* properties */
        break;
    case 0:
        p->data[0] = (uint8_t)maker_below(m, 12); /* the head of a packed one: dictionary */
        break;
    case 1:
        p->len = at;
        break;
    case 2:
        package_put_le(p, maker_below(m, 256), 1);
        break;
    case 3: /* a stack pointer or a handler, if it is plain */
        store(p->data + 4 * maker_below(m, 3),
              maker_chance(m, 50) ? 0x20000000 + maker_below(m, 0x22000)
                                  : 0x08007F00 + maker_below(m, MAKER_CONTENT + 0x200),
              4);
        break;
    case 4: /* the head of a chunk */
        p->data[p->len > 8 ? 2 + maker_below(m, 6) : 0] = (uint8_t)maker_below(m, 256);
        break;
    default:
        damage(m, p->data, p->len);
    }
}

static void mutate_header(struct maker *m)
{
    static const uint8_t fields[][2] = {{0, 4},  {4, 4},  {8, 2},  {HEADER_PROTECTED, 2},
                                        {12, 4}, {16, 4}, {28, 4}, {16, 1}};
    const uint8_t *field = fields[maker_below(m, sizeof fields / sizeof fields[0])];
    if (maker_chance(m, 30)) {
        store(m->header + HEADER_FLAGS, FLAGS[maker_below(m, 3)], 4);
    } else if (maker_chance(m, 50)) {
        damage(m, m->header + field[0], field[1]);
    } else {
        store(m->header + field[0], any_number(m), field[1]);
    }
    m->sized = m->sized && field[0] != HEADER_PROTECTED && field[0] != HEADER_PAYLOAD;
}

void maker_describe(struct maker *m)
{
    describe_good(m);
    uint32_t faults = maker_below(m, 3) * maker_below(m, 3); /* often none or one */
    for (; faults > 0 && m->count > 0 && m->payload.len > 0; faults--) {
        uint32_t what = maker_below(m, 20);
        if (what < 8) {
            mutate_tlv(m);
        } else if (what < 11) {
            mutate_insert(m);
        } else if (what < 13) {
            mutate_policy(m);
        } else if (what < 16) {
            mutate_payload(m);
        } else if (what < 18) {
            mutate_header(m);
        } else if (what == 18) {
            m->signer = maker_below(m, MAKER_KEYS);
        } else {
            m->refit = false;
        }
    }
}

/* ---- into bytes ---- */

/* The signature's value, once all before it is there. */
static void fill_in(struct maker *m, struct maker_tlv *t, const uint8_t digest[32],
                    const uint8_t start[32])
{
    struct evp_pkey_st *key = m->signer < MAKER_KEYS ? m->keys[m->signer] : m->keys[0];
    if (t->type == SHA256 && t->len == 32) {
        memcpy(t->value, digest, 32);
    } else if (t->type == KEY && t->len == 91) {
        package_key_spki(key, t->value);
    } else if (t->type == KEY_HASH && t->len == 32) {
        package_key_hash(key, t->value);
    } else if (t->type == SIGNATURE && t->len == 72) {
        t->len = (uint16_t)package_sign(key, digest, t->value);
    } else if (t->type == START && t->len == 72) {
        t->len = (uint16_t)package_sign(key, start, t->value);
    }
}

/* What a start signature is over: header and protected area. */
static void digest_start(const struct maker *m, const struct package_bytes *out, uint8_t digest[32])
{
    struct package_bytes b = {0};
    size_t fields = sizeof m->header + m->payload.len;
    package_put(&b, out->data, sizeof m->header);
    package_put(&b, out->data + fields, out->len - fields);
    package_sha256(b.data, b.len, digest);
    free(b.data);
}

static void put_area(struct maker *m, struct package_bytes *out, bool is_protected, bool fill)
{
    size_t head = out->len;
    uint8_t digest[32], start[32];
    bool any = false;
    package_sha256(out->data, out->len, digest);
    digest_start(m, out, start);
    package_put_le(out, is_protected ? 0x6908 : 0x6907, 4);
    for (size_t i = 0; i < m->count; i++) {
        if (m->tlvs[i].is_protected == is_protected) {
            struct maker_tlv t = m->tlvs[i];
            if (fill) {
                fill_in(m, &t, digest, start);
            }
            package_put_tlv(out, t.type, t.value, t.len);
            any = true;
        }
    }
    if (is_protected && !any && !maker_chance(m, 10)) {
        out->len = head;
    } else {
        store(out->data + head + 2, (uint32_t)(out->len - head), 2);
    }
}

void maker_build(struct maker *m, struct package_bytes *out)
{
    out->len = 0;
    package_put(out, m->header, sizeof m->header);
    package_put(out, m->payload.data, m->payload.len);
    put_area(m, out, true, false);
    if (m->sized) {
        store(out->data + HEADER_PAYLOAD, (uint32_t)m->payload.len, 4);
        store(out->data + HEADER_PROTECTED, (uint32_t)(out->len - 32 - m->payload.len), 2);
    }
    put_area(m, out, false, m->refit);
    if (maker_chance(m, 5)) {
        damage(m, out->data, out->len);
    }
    if (maker_chance(m, 3)) {
        out->len = maker_below(m, (uint32_t)out->len + 1);
    }
    if (maker_chance(m, 3)) {
        package_put_le(out, maker_below(m, 256), 1);
    }
}

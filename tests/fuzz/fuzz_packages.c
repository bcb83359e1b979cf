/* SPDX-License-Identifier: MIT */
/*
 * The two readers of packages, core's and the library's, on the same bytes and for the same board:
 * what one takes the other takes, and both read the same in it. The library may be stricter in two
 * things alone (FORMAT.md, "What a PC looks at besides"): the core's vectors behind the first two
 * of the content, and a wrong signature where the board is open and asks for none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ararext_package.h"
#include "package_maker.h"
#include "package_model.h"
#include "sha256.h"
#include "update_state.h"
#include "verdict.h"

enum { CONTENT_MAX = 480 * 1024, COUNTER = 7, FULL = 1000000 };

struct fuzz {
    struct maker maker;
    struct package_model *model;
    struct trust trust;
    struct ararext_board board;
    struct unpack_memory memory;
    uint8_t dictionary[UNPACK_DICTIONARY];
    struct package_bytes bytes;
    unsigned both, neither, stricter;
};

/* ---- the two readers ---- */

static bool ask_core(struct fuzz *f, struct package *p)
{
    const struct update_board u = {.flash = &f->model->hw,
                                   .memory = &f->memory,
                                   .dictionary = f->dictionary,
                                   .identity = package_model_identity};
    struct package_check check = {{VERDICT_BAD, VERDICT_BAD}, REASON_NONE, 0};
    uint32_t detail = 0;
    if (package_read(&f->model->hw, PACKAGE_MODEL_SLOT, f->model->room, CONTENT_MAX, p, &detail) !=
            REASON_NONE ||
        p->size != f->bytes.len) {
        return false;
    }
    package_verify(&f->model->hw, &f->trust, p, &check);
    if (p->start_len != 0 && check.verdict[0] == VERDICT_GOOD &&
        f->trust.open[0] != VERDICT_GOOD) { /* as staging asks */
        check.verdict[0] = check.verdict[1] = VERDICT_BAD;
        package_verify_start(&f->model->hw, &f->trust, p, &check);
    }
    return check.verdict[0] == VERDICT_GOOD && check.verdict[1] == VERDICT_GOOD &&
           update_check_content(&u, p, &detail) == REASON_NONE;
}

static int ask_library(struct fuzz *f, struct ararext_package *p,
                       struct ararext_package_findings *findings, struct ararext_message *why)
{
    *findings = (struct ararext_package_findings){0};
    int rc = ararext_package_parse(p, f->bytes.data, f->bytes.len, why);
    if (rc == ARAREXT_OK) {
        rc = ararext_package_check(p, NULL, findings, why);
    }
    return rc == ARAREXT_OK ? ararext_package_fits(p, findings, &f->board, why) : rc;
}

/* ---- what they say ---- */

static void complain(const struct fuzz *f, unsigned long number, const char *what)
{
    (void)fprintf(stderr, "package %lu: %s; its bytes are in fuzz_packages.hex\n", number, what);
    FILE *file = fopen("fuzz_packages.hex", "w");
    for (size_t i = 0; file != NULL && i < f->bytes.len; i++) {
        (void)fprintf(file, "%02x", f->bytes.data[i]);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    exit(1);
}

static bool same_facts(const struct package *c, const struct ararext_package *p)
{
    return c->size == p->size && c->payload_size == p->payload_size &&
           c->signed_size == p->signed_size && c->content_size == p->content_size &&
           c->counter == p->counter && c->trials == p->trials && c->crashes == p->crashes &&
           c->watchdog_s == p->watchdog_s && c->revoke == p->revoke && c->key_at == p->key_at &&
           c->key_hash_at == p->key_hash_at && c->signature_at == p->signature_at &&
           c->vendor_at == p->vendor_at && c->class_at == p->class_at &&
           c->content_digest_at == p->content_digest_at && c->start_at == p->start_at &&
           c->version[0] == p->version.major &&
           memcmp(c->digest, p->data + p->digest_at, sizeof c->digest) == 0;
}

static bool may_be_stricter(const struct fuzz *f, int rc,
                            const struct ararext_package_findings *findings)
{
    bool open = f->board.slots.trust == ARAREXT_TRUST_OPEN;
    return (rc == ARAREXT_ERR_IMAGE && findings->vectors == ARAREXT_BAD) ||
           (rc == ARAREXT_ERR_SIGNATURE && open &&
            (findings->signature == ARAREXT_BAD || findings->start == ARAREXT_BAD));
}

static void compare(struct fuzz *f, unsigned long number)
{
    static struct ararext_package library;
    struct ararext_package_findings findings;
    struct ararext_message why = {""};
    struct package core;
    char text[600];
    package_model_load(f->model, f->bytes.data, f->bytes.len);
    bool core_takes = ask_core(f, &core);
    int rc = ask_library(f, &library, &findings, &why);
    if (core_takes && rc != ARAREXT_OK && may_be_stricter(f, rc, &findings)) {
        f->stricter++;
    } else if (core_takes != (rc == ARAREXT_OK)) {
        snprintf(text, sizeof text, "the board %s it, the library says %d: %s",
                 core_takes ? "takes" : "refuses", rc, why.text);
        complain(f, number, text);
    } else if (core_takes && !same_facts(&core, &library)) {
        complain(f, number, "both take it and read other things in it");
    } else {
        f->both += core_takes;
        f->neither += !core_takes;
    }
}

/* ---- boards ---- */

/* Open; or provisioned with keys 1 to 3, of which the third is revoked. */
static void set_board(struct fuzz *f, bool open)
{
    uint8_t hashes[3 * ARAREXT_DIGEST_SIZE];
    struct ararext_slots *s = &f->board.slots;
    memset(f->model->otp, 0xFF, sizeof f->model->otp);
    for (uint32_t i = 0; i < 3; i++) {
        package_key_hash(f->maker.keys[i], hashes + (size_t)i * ARAREXT_DIGEST_SIZE);
    }
    if (!open) {
        package_model_provision(f->model, hashes, 3, NULL);
        package_model_set_counter(f->model, COUNTER);
        memset(f->model->otp + 5 * 32 + 2 * 4, 0, 4);
    }
    package_model_trust(f->model, &f->trust);
    memset(&f->board, 0, sizeof f->board);
    memcpy(f->board.keys, hashes, sizeof hashes);
    s->trust = (uint8_t)f->trust.state;
    s->keys = f->trust.keys;
    s->revoked = f->trust.revoked;
    s->counter = f->trust.counter;
    s->package_max = ARAREXT_PACKAGE_MAX;
    s->content_max = CONTENT_MAX;
    memcpy(s->identity, f->trust.identity, sizeof s->identity);
}

/* ---- content that fits again ---- */

static enum reason keep(void *ctx, const uint8_t *data, size_t len)
{
    struct package_bytes *out = ctx;
    if (len > 0) {
        package_put(out, data, len);
    }
    return REASON_NONE;
}

/* After damage to a packed payload: where one of the two still unpacks it, the digest and the size
 * of the content become those of what comes out, so that both have to judge by the stream alone. */
static void refit_content(struct fuzz *f)
{
    struct maker_tlv *digest = maker_find(&f->maker, 0xA0), *size = maker_find(&f->maker, 0x70);
    uint32_t flags = (uint32_t)f->maker.header[17] << 8;
    struct package_bytes out = {0};
    struct unpack u = {.sink = keep, .ctx = &out};
    if (flags == 0 || digest == NULL || size == NULL || size->len != 4) {
        return;
    }
    uint32_t len = (uint32_t)size->value[0] | (uint32_t)size->value[1] << 8;
    unpack_init(&u, &f->memory, f->dictionary, len, (flags & 0x800) != 0);
    if (unpack_add(&u, f->maker.payload.data, f->maker.payload.len) == REASON_NONE &&
        unpack_end(&u) == REASON_NONE && out.len > 0) {
        package_sha256(out.data, out.len, digest->value);
    }
    free(out.data);
}

static int usage(void)
{
    (void)fprintf(stderr, "Usage: fuzz_packages [--full | --count N] [--seed S]\n");
    return 2;
}

int main(int argc, char **argv)
{
    unsigned long count = 1000, seed = 1;
    static struct fuzz f;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--full") == 0) {
            count = FULL;
            i--;
            continue;
        }
        unsigned long *number = strcmp(argv[i], "--count") == 0  ? &count
                                : strcmp(argv[i], "--seed") == 0 ? &seed
                                                                 : NULL;
        if (number == NULL || i + 1 == argc) {
            return usage();
        }
        *number = strtoul(argv[i + 1], NULL, 10);
    }
    printf("seed %lu\n", seed);
    maker_start(&f.maker, seed);
    f.model = package_model_create(seed);
    for (unsigned long i = 0; i < count; i++) {
        if (i % 256 == 0) {
            set_board(&f, i % 1024 == 0);
        }
        maker_describe(&f.maker);
        if (maker_below(&f.maker, 2) == 0) {
            refit_content(&f);
        }
        maker_build(&f.maker, &f.bytes);
        compare(&f, i);
    }
    printf("%lu packages: both take %u, neither %u, the library alone refuses %u\n", count, f.both,
           f.neither, f.stricter);
    bool enough = count < 1000 || (f.both > count / 20 && f.neither > count / 20);
    maker_end(&f.maker);
    free(f.bytes.data);
    free(f.model);
    return enough ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * ararext image: everything about a package file, or about a firmware, without a board. All that
 * can be told is told before the verdict.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_package.h"

enum { OPT_KEY = OPT_OWN, OPT_BOARD, OPT_PASSPHRASE };

struct image_options {
    struct cli_image_options image;
    const char *key_path, *passphrase_file, *board;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct image_options *o = ctx;
    switch (code) {
    case OPT_KEY:
        o->key_path = value;
        return ARAREXT_OK;
    case OPT_BOARD:
        o->board = value;
        return ARAREXT_OK;
    case OPT_PASSPHRASE:
        o->passphrase_file = value;
        return ARAREXT_OK;
    default:
        return cli_take_image_option(cli, &o->image, code, value);
    }
}

static const char *finding_word(enum ararext_finding finding)
{
    static const char *const WORDS[] = {[ARAREXT_ABSENT] = "absent",
                                        [ARAREXT_UNCHECKED] = "unchecked",
                                        [ARAREXT_GOOD] = "good",
                                        [ARAREXT_BAD] = "bad"};
    return WORDS[finding];
}

static const char *const PACKINGS[] = {
    [ARAREXT_PLAIN] = "plain",
    [ARAREXT_LZMA2] = "LZMA2",
    [ARAREXT_LZMA2_THUMB] = "LZMA2 with ARM-Thumb filter",
};

static void show_numbers(const struct cli *cli, const struct ararext_package *p)
{
    char version[32], digest[2 * ARAREXT_DIGEST_SIZE + 1];
    ararext_version_text(&p->version, version, sizeof version);
    cli_hex_text(p->data + p->digest_at, ARAREXT_DIGEST_SIZE, digest);
    json_string(cli->doc, "version", version);
    json_string(cli->doc, "packing", PACKINGS[p->packing]);
    json_number(cli->doc, "payload_bytes", p->payload_size);
    json_number(cli->doc, "content_bytes", p->content_size);
    json_number(cli->doc, "dictionary_bytes", p->dictionary);
    json_number(cli->doc, "security_counter", p->counter);
    json_number(cli->doc, "trials", p->trials);
    json_number(cli->doc, "crash_limit", p->crashes);
    json_number(cli->doc, "watchdog_s", p->watchdog_s);
    json_number(cli->doc, "revoke", p->revoke);
    json_string(cli->doc, "digest", digest);
    cli_print(cli, "  version           %s\n", version);
    cli_print(cli, "  package           %u bytes\n", (unsigned)p->size);
    cli_print(cli, "  content           %u bytes, %s", (unsigned)p->content_size,
              PACKINGS[p->packing]);
    if (p->packing != ARAREXT_PLAIN) {
        cli_print(cli, " in %u, dictionary %u KiB", (unsigned)p->payload_size,
                  (unsigned)(p->dictionary / 1024));
    }
    cli_print(cli, "\n  security counter  %u\n", (unsigned)p->counter);
    if (p->trials == 0) {
        cli_print(cli, "  policy            needs no confirmation");
    } else {
        cli_print(cli, "  policy            %u boots on trial, watchdog %u s", p->trials,
                  p->watchdog_s);
    }
    cli_print(cli, p->crashes == 0 ? ", no crash limit" : ", crash limit %u", p->crashes);
    cli_print(cli, p->has_policy ? "\n" : " (the defaults)\n");
    for (unsigned i = 0; i < ARAREXT_KEYS_MAX; i++) {
        if ((p->revoke >> i & 1u) != 0) {
            cli_print(cli, "  revokes           key %u\n", i);
        }
    }
}

/* False when a board is named and the package is for another one. */
static bool show_identity(struct cli *cli, const struct ararext_package *p, const char *board,
                          const uint8_t *identity)
{
    static const char *const WORDS[] = {"vendor", "class"};
    const uint32_t at[] = {p->vendor_at, p->class_at};
    bool fits = true;
    for (size_t i = 0; i < 2; i++) {
        char text[37];
        if (at[i] == 0) {
            continue;
        }
        ararext_uuid_text(p->data + at[i], text);
        json_string(cli->doc, WORDS[i], text);
        cli_print(cli, "  for %-6s        %s", WORDS[i], text);
        if (board != NULL) {
            bool same = memcmp(p->data + at[i], identity + 16 * i, 16) == 0;
            cli_print(cli, same ? ", that of %s" : ", NOT that of %s", board);
            fits = fits && same;
        }
        cli_print(cli, "\n");
    }
    if (at[0] == 0 && at[1] == 0) {
        cli_print(cli, "  for               every board\n");
    }
    if (board != NULL) {
        json_bool(cli->doc, "fits_board", fits);
    }
    return fits;
}

static void show_findings(const struct cli *cli, const struct ararext_package *p,
                          const struct ararext_package_findings *f, bool key_given)
{
    char fingerprint[2 * ARAREXT_DIGEST_SIZE + 1] = "";
    char digest[2 * ARAREXT_DIGEST_SIZE + 1];
    bool small = p->size <= ARAREXT_PACKAGE_SMALL && p->content_size <= ARAREXT_CONTENT_SMALL;
    bool large = p->size <= ARAREXT_PACKAGE_MAX && p->content_size <= ARAREXT_CONTENT_MAX;
    cli_hex_text(p->data + p->digest_at, ARAREXT_DIGEST_SIZE, digest);
    if (f->has_fingerprint) {
        cli_hex_text(f->fingerprint, sizeof f->fingerprint, fingerprint);
        json_string(cli->doc, "fingerprint", fingerprint);
    }
    json_bool(cli->doc, "whole_key", p->key_at != 0);
    json_string(cli->doc, "digest_check", finding_word(f->digest));
    json_string(cli->doc, "signature_check", finding_word(f->signature));
    json_string(cli->doc, "start_signature_check", finding_word(f->start));
    json_string(cli->doc, "content_check", finding_word(f->content));
    json_string(cli->doc, "vectors_check", finding_word(f->vectors));
    json_bool(cli->doc, "fits_512k", small);
    json_bool(cli->doc, "fits_1m", large);
    cli_print(cli, "  digest            %s, %s\n", digest, finding_word(f->digest));
    cli_print(cli, "  content and start %s; vector table %s\n", finding_word(f->content),
              finding_word(f->vectors));
    if (f->has_fingerprint) {
        cli_print(cli, "  key               %s, %s\n", fingerprint,
                  p->key_at != 0 ? "in the package" : "by its hash: no use on a provisioned board");
    }
    cli_print(cli, "  signature         %s%s\n", finding_word(f->signature),
              f->signature == ARAREXT_ABSENT      ? ""
              : f->signature == ARAREXT_UNCHECKED ? ": give the key with --key"
              : key_given                         ? " by the key given"
                                                  : " by the key in the package, whoever has that");
    cli_print(cli, "  start signature   %s%s\n", finding_word(f->start),
              f->start == ARAREXT_ABSENT ? ": starts take longer" : "");
    cli_print(cli, "  fits              %s\n",
              small   ? "512 KiB and 1 MiB parts"
              : large ? "1 MiB parts alone"
                      : "no part");
}

static void show_tlvs(const struct cli *cli, const struct ararext_package *p)
{
    enum { SHOWN = 16 };
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "tlvs");
    cli_print(cli, "  TLVs\n");
    for (uint32_t i = 0; i < p->tlv_count; i++) {
        const struct ararext_tlv *t = &p->tlvs[i];
        const char *name = ararext_tlv_name(t->type);
        char text[2 * SHOWN + 1];
        cJSON *item = cJSON_CreateObject();
        json_number(item, "type", t->type);
        json_string(item, "name", name != NULL ? name : "");
        json_bool(item, "protected", t->is_protected);
        json_number(item, "offset", t->offset);
        json_hex(item, "value", p->data + t->offset, t->len);
        cJSON_AddItemToArray(list, item);
        cli_hex_text(p->data + t->offset, t->len < SHOWN ? t->len : SHOWN, text);
        cli_print(cli, "    %6u  0x%02X %-16s %3u bytes%s  %s%s\n", (unsigned)t->offset, t->type,
                  name != NULL ? name : "(not known)", t->len,
                  t->is_protected ? ", protected" : "           ", text,
                  t->len > SHOWN ? "..." : "");
    }
}

static int inspect(struct cli *cli, const struct image_options *o, const struct ararext_package *p,
                   const struct ararext_key *key)
{
    struct ararext_package_findings findings;
    struct ararext_message why = {""};
    uint8_t identity[ARAREXT_IDENTITY_SIZE] = {0};
    int rc = o->board != NULL ? cli_identity(cli, o->board, identity) : ARAREXT_OK;
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = ararext_package_check(p, key, &findings, &why);
    if (rc == ARAREXT_ERR_MEMORY) {
        return rc;
    }
    cli_print(cli, "Package\n");
    show_numbers(cli, p);
    bool fits = show_identity(cli, p, o->board, identity);
    show_findings(cli, p, &findings, key != NULL);
    show_tlvs(cli, p);
    if (rc != ARAREXT_OK) {
        return cli_error(cli, rc, "%s", why.text);
    }
    return fits ? ARAREXT_OK
                : cli_error(cli, ARAREXT_ERR_MISFIT, "the package is for another board than %s",
                            o->board);
}

/* A file that is no package: as the largest board would take it. */
static int inspect_firmware(struct cli *cli, const struct image_options *o, const char *path,
                            const struct ararext_segment *file)
{
    static const struct ararext_info board = {.app_base = ARAREXT_APP_BASE,
                                              .app_end = ARAREXT_FLASH_END};
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    int rc = cli_parse_image(cli, path, file, &o->image, &image);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = ararext_image_check(image, &board, false, &why);
    if (rc == ARAREXT_OK) {
        cli_print(cli, "an application for 'ararext flash', or for 'ararext pack'\n");
    } else if (why.text[0] != '\0') {
        rc = cli_error(cli, rc, "%s: %s", cli_file_name(path), why.text);
    }
    ararext_image_free(image);
    return rc;
}

static bool is_package(const char *path, const struct ararext_segment *file)
{
    static const uint8_t magic[] = {0x3D, 0xB8, 0xF3, 0x96};
    size_t len = strlen(path);
    return (file->len >= sizeof magic && memcmp(file->data, magic, sizeof magic) == 0) ||
           (len > 4 && strcmp(path + len - 4, ".pkg") == 0);
}

static int inspect_file(struct cli *cli, const struct image_options *o, const char *path,
                        const struct ararext_key *key)
{
    struct ararext_package package;
    uint8_t *data = NULL;
    size_t len = 0;
    int rc = cli_read_file(cli, path, CLI_FILE_MAX, &data, &len);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    const struct ararext_segment file = {.len = (uint32_t)len, .data = data};
    if (is_package(path, &file)) {
        rc = cli_parse_package(cli, path, &file, &package);
        rc = rc == ARAREXT_OK ? inspect(cli, o, &package, key) : rc;
    } else {
        rc = inspect_firmware(cli, o, path, &file);
    }
    free(data);
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        {"key", required_argument, NULL, OPT_KEY},
        {"board", required_argument, NULL, OPT_BOARD},
        {"passphrase-file", required_argument, NULL, OPT_PASSPHRASE},
        {"address", required_argument, NULL, OPT_ADDRESS},
        {"format", required_argument, NULL, OPT_FORMAT},
        {"skip-bootloader", no_argument, NULL, OPT_SKIP_BOOTLOADER},
        {0},
    };
    struct image_options o = {0};
    struct ararext_key *key = NULL;
    const struct cli_options options = {.own = own, .take = take, .ctx = &o, .min = 1, .max = 1};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    if (o.key_path != NULL) {
        rc = cli_load_key(cli, o.key_path, o.passphrase_file, &key);
    }
    if (rc == ARAREXT_OK) {
        rc = inspect_file(cli, &o, argv[first], key);
    }
    ararext_key_free(key);
    return rc;
}

const struct cli_command cmd_image = {
    .name = "image",
    .run = run,
    .summary = "Show and check a package, or a firmware",
    .arguments = "FILE [OPTION...]",
    .help = "Structure, digest, signature and content, as a board will judge them. Packages\n"
            "of MCUboot's imgtool, too. Of a firmware: format, addresses and vector table.\n"
            "FILE may be - for stdin.\n\n"
            "Options:\n"
            "      --key FILE       check the signature with this key (public or private)\n"
            "                       instead of the one in the package\n"
            "      --board [VENDOR/]CLASS\n"
            "                       check that the package is for that board\n"
            "      --passphrase-file FILE\n"
            "                       passphrase of a private key, in the first line\n"
            "      --address ADDR   where a binary firmware begins (default 0x08008000)\n"
            "      --format F       of a firmware: elf, hex, srec, bin, uf2 or dfuse; else\n"
            "                       found out from the content\n"
            "      --skip-bootloader\n"
            "                       of a firmware with a bootloader in it look at the rest\n",
    .example = "ararext image app.pkg",
};

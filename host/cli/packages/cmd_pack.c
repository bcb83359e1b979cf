/* SPDX-License-Identifier: MIT */
/*
 * ararext pack: makes a package from an application and signs it, or prepares it for a signature
 * that is made elsewhere. Nothing is written that has not been read back and judged.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_package.h"
#include "cli_save.h"
#include "cli_settings.h"

enum {
    OPT_KEY = OPT_OWN,
    OPT_PASSPHRASE,
    OPT_VERSION,
    OPT_COUNTER,
    OPT_BOARD,
    OPT_NO_COMPRESS,
    OPT_TRIALS,
    OPT_NO_CONFIRM,
    OPT_CRASHES,
    OPT_WATCHDOG,
    OPT_REVOKE,
    OPT_UNSIGNED,
    OPT_DIGEST_ONLY,
    OPT_SIGNATURE,
    OPT_START,
    OPT_PUBLIC_KEY,
    OPT_OUTPUT,
};
enum { SIGNATURE_FILE_MAX = 4096, TRIALS_DEFAULT = 3, CRASHES_DEFAULT = 8, WATCHDOG_DEFAULT = 30 };

struct pack {
    struct cli_image_options image;
    struct ararext_pack_options pack;
    uint8_t identity[ARAREXT_IDENTITY_SIZE];
    const char *key_path, *passphrase_file, *signature_path, *start_path, *public_path, *output;
    bool has_version, is_unsigned, digest_only;
    const char *packing; /* the last option that says how to pack */
};

static int take_byte(struct cli *cli, const char *what, const char *value, uint8_t *out)
{
    uint32_t number = 0;
    int rc = cli_number(cli, what, value, &number);
    if (rc == ARAREXT_OK && number > UINT8_MAX) {
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "%s %s: too large", what, value);
    }
    *out = (uint8_t)number;
    return rc;
}

static int take_version(struct cli *cli, struct pack *o, const char *value)
{
    o->has_version = true;
    return ararext_version_parse(&o->pack.version, value) == ARAREXT_OK
               ? ARAREXT_OK
               : cli_error(cli, ARAREXT_ERR_ARGUMENT,
                           "version '%s': expected 1.2.3 or 1.2.3+4 (at most 255.255.65535)",
                           value);
}

static int take_revoke(struct cli *cli, struct pack *o, const char *value)
{
    uint8_t index = 0;
    int rc = take_byte(cli, "key", value, &index);
    if (rc == ARAREXT_OK && index >= ARAREXT_KEYS_MAX) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "key %s: boards have keys 0 to 3", value);
    }
    o->pack.revoke = (uint8_t)(o->pack.revoke | 1u << (index & 3u));
    return rc;
}

/* How the package is made: not with a signature for one that is made already. */
static int take_packing(struct cli *cli, struct pack *o, int code, const char *value)
{
    struct ararext_pack_options *p = &o->pack;
    o->packing = "options";
    switch (code) {
    case OPT_VERSION:
        return take_version(cli, o, value);
    case OPT_COUNTER:
        return cli_number(cli, "security counter", value, &p->counter);
    case OPT_BOARD:
        p->identity = o->identity;
        return cli_identity(cli, value, o->identity);
    case OPT_NO_COMPRESS:
        p->plain = true;
        return ARAREXT_OK;
    case OPT_TRIALS:
        p->has_policy = true;
        return take_byte(cli, "boots on trial", value, &p->trials);
    case OPT_NO_CONFIRM:
        p->has_policy = true;
        p->trials = 0;
        return ARAREXT_OK;
    case OPT_CRASHES:
        p->has_policy = true;
        return take_byte(cli, "crash limit", value, &p->crashes);
    case OPT_WATCHDOG:
        p->has_policy = true;
        return take_byte(cli, "watchdog seconds", value, &p->watchdog_s);
    case OPT_REVOKE:
        return take_revoke(cli, o, value);
    default:
        return cli_take_image_option(cli, &o->image, code, value);
    }
}

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct pack *o = ctx;
    switch (code) {
    case OPT_KEY:
        o->key_path = value;
        return ARAREXT_OK;
    case OPT_PASSPHRASE:
        o->passphrase_file = value;
        return ARAREXT_OK;
    case OPT_UNSIGNED:
        o->is_unsigned = true;
        return ARAREXT_OK;
    case OPT_DIGEST_ONLY:
        o->digest_only = true;
        return ARAREXT_OK;
    case OPT_SIGNATURE:
        o->signature_path = value;
        return ARAREXT_OK;
    case OPT_START:
        o->start_path = value;
        return ARAREXT_OK;
    case OPT_PUBLIC_KEY:
        o->public_path = value;
        return ARAREXT_OK;
    case OPT_OUTPUT:
        o->output = value;
        return ARAREXT_OK;
    default:
        return take_packing(cli, o, code, value);
    }
}

static int check_words(struct cli *cli, struct pack *o)
{
    if (o->key_path == NULL && !o->is_unsigned && !o->digest_only && o->signature_path == NULL) {
        o->key_path = cli_setting(cli, CLI_SETTING_KEY, NULL);
    }
    int ways =
        (o->key_path != NULL) + o->is_unsigned + o->digest_only + (o->signature_path != NULL);
    const char *wrong = NULL;
    if (o->output == NULL) {
        wrong = "-o FILE is missing: where the package goes";
    } else if (ways != 1) {
        wrong = "give one of --key FILE, --digest-only, --signature FILE and --unsigned";
    } else if ((o->signature_path != NULL) != (o->public_path != NULL)) {
        wrong = "--signature FILE and --public-key FILE go together";
    } else if (o->start_path != NULL && o->signature_path == NULL) {
        wrong = "--start-signature FILE goes with --signature FILE";
    } else if (o->signature_path != NULL && o->packing != NULL) {
        wrong = "with --signature the package is made already: no options that change it";
    } else if (o->signature_path == NULL && !o->has_version) {
        wrong = "--version is missing: like 1.2.3 or 1.2.3+4";
    }
    return wrong == NULL ? ARAREXT_OK : cli_error(cli, ARAREXT_ERR_ARGUMENT, "pack: %s", wrong);
}

static int library_error(struct cli *cli, int rc, const char *path,
                         const struct ararext_message *why)
{
    return rc == ARAREXT_OK || why->text[0] == '\0'
               ? rc
               : cli_error(cli, rc, "%s: %s", cli_file_name(path), why->text);
}

/* ---- the three ways to one ---- */

/* An unsigned package of the application in the file. */
static int make_package(struct cli *cli, const struct pack *o, const char *path,
                        struct ararext_segment *out)
{
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    uint8_t *content = NULL, *data = NULL;
    size_t content_len = 0, len = 0;
    int rc = cli_load_image(cli, path, &o->image, &image);
    if (rc == ARAREXT_OK) {
        rc = ararext_pack_content(image, &content, &content_len, &why);
    }
    if (rc == ARAREXT_OK) {
        const struct ararext_segment segment = {.len = (uint32_t)content_len, .data = content};
        rc = ararext_pack(&segment, &o->pack, &data, &len, &why);
    }
    ararext_image_free(image);
    free(content);
    *out = (struct ararext_segment){.len = (uint32_t)len, .data = data};
    return library_error(cli, rc, path, &why);
}

static void drop(struct ararext_segment *s)
{
    free((void *)(uintptr_t)s->data);
    *s = (struct ararext_segment){0};
}

/* path NULL: there is none, and out stays empty. */
static int read_signature(struct cli *cli, const char *path, struct ararext_segment *out)
{
    uint8_t *data = NULL;
    size_t len = 0;
    if (path == NULL) {
        return ARAREXT_OK;
    }
    int rc = cli_read_file(cli, path, SIGNATURE_FILE_MAX, &data, &len);
    *out = (struct ararext_segment){.len = (uint32_t)len, .data = data};
    return rc;
}

static int sign(struct cli *cli, const struct pack *o, const char *path,
                struct ararext_segment *package)
{
    struct ararext_key *key = NULL;
    struct ararext_message why = {""};
    struct ararext_segment out = {0}, signature = {0}, start = {0};
    const char *key_path = o->key_path != NULL ? o->key_path : o->public_path;
    int rc = cli_load_key(cli, key_path, o->passphrase_file, &key);
    if (rc == ARAREXT_OK && o->key_path != NULL && !ararext_key_is_private(key)) {
        rc = cli_error(cli, ARAREXT_ERR_FORMAT, "%s: a public key cannot sign", key_path);
    }
    if (rc == ARAREXT_OK) {
        rc = read_signature(cli, o->signature_path, &signature);
    }
    if (rc == ARAREXT_OK) {
        rc = read_signature(cli, o->start_path, &start);
    }
    if (rc == ARAREXT_OK) {
        rc = ararext_pack_sign(package, key, signature.data != NULL ? &signature : NULL,
                               start.data != NULL ? &start : NULL, &out, &why);
        rc = library_error(cli, rc, path, &why);
    }
    drop(&signature);
    drop(&start);
    ararext_key_free(key);
    if (rc == ARAREXT_OK) {
        drop(package);
        *package = out;
    }
    return rc;
}

/* ---- the result ---- */

static int write_file(struct cli *cli, const char *path, const uint8_t *data, size_t len)
{
    struct cli_output output;
    int rc = cli_open_output(cli, path, &output);
    if (rc == ARAREXT_OK) {
        rc = cli_write_output(cli, &output, data, len);
        cli_discard_output(&output);
    }
    return rc;
}

/* 32 bytes to sign, in a file beside the package. */
static int write_digest(struct cli *cli, const struct pack *o, const char *end, const char *name,
                        const uint8_t digest[ARAREXT_DIGEST_SIZE])
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s.%s", o->output, end) >= (int)sizeof path) {
        return cli_error(cli, ARAREXT_ERR_FILE, "%.100s...: the name is too long", o->output);
    }
    json_string(cli->doc, name, path);
    return write_file(cli, path, digest, ARAREXT_DIGEST_SIZE);
}

/* The package, and what is to be signed for it. */
static int write_result(struct cli *cli, const struct pack *o, const struct ararext_package *p)
{
    uint8_t start[ARAREXT_DIGEST_SIZE];
    int rc = write_file(cli, o->output, p->data, p->size);
    if (rc != ARAREXT_OK || !o->digest_only) {
        return rc;
    }
    ararext_package_start_digest(p, start);
    rc = write_digest(cli, o, "digest", "digest_file", p->data + p->digest_at);
    return rc == ARAREXT_OK ? write_digest(cli, o, "start-digest", "start_digest_file", start) : rc;
}

static void tell(const struct cli *cli, const struct pack *o, const struct ararext_package *p)
{
    char version[32], digest[2 * ARAREXT_DIGEST_SIZE + 1];
    bool small = p->size <= ARAREXT_PACKAGE_SMALL && p->content_size <= ARAREXT_CONTENT_SMALL;
    ararext_version_text(&p->version, version, sizeof version);
    cli_hex_text(p->data + p->digest_at, ARAREXT_DIGEST_SIZE, digest);
    json_string(cli->doc, "output", o->output);
    json_string(cli->doc, "version", version);
    json_number(cli->doc, "package_bytes", p->size);
    json_number(cli->doc, "content_bytes", p->content_size);
    json_bool(cli->doc, "compressed", p->packing != ARAREXT_PLAIN);
    json_bool(cli->doc, "arm_thumb", p->packing == ARAREXT_LZMA2_THUMB);
    json_bool(cli->doc, "signed", p->signature_at != 0);
    json_bool(cli->doc, "fits_512k", small);
    json_string(cli->doc, "digest", digest);
    if (cli_is_stdout(o->output)) {
        return;
    }
    cli_say(cli, "%s: version %s, %u bytes for %u of content, %s; fits %s\n", o->output, version,
            (unsigned)p->size, (unsigned)p->content_size,
            p->signature_at != 0 ? "signed" : "NOT SIGNED",
            small ? "512 KiB and 1 MiB parts" : "1 MiB parts alone");
    if (o->digest_only) {
        cli_print(cli, "%s\n", digest);
        cli_say(cli,
                "Sign the 32 bytes in %s.digest, and those in %s.start-digest (ECDSA over "
                "P-256), then:\n"
                "  ararext pack %s --signature SIGNATURE --start-signature SIGNATURE2 "
                "--public-key PUBLIC -o PACKAGE\n",
                o->output, o->output, o->output);
    } else if (p->signature_at != 0 && p->start_at == 0) {
        cli_say(cli, "no start signature: starts take longer, since they read all of the package. "
                     "Give --start-signature, too\n");
    }
}

static int pack(struct cli *cli, const struct pack *o, const char *path)
{
    struct ararext_segment package = {0};
    struct ararext_package p;
    int rc = ARAREXT_OK;
    if (o->signature_path != NULL) {
        uint8_t *data = NULL;
        rc = cli_load_package(cli, path, &data, &p);
        package =
            rc == ARAREXT_OK ? (struct ararext_segment){.len = p.size, .data = data} : package;
    } else {
        rc = make_package(cli, o, path, &package);
    }
    if (rc == ARAREXT_OK && (o->key_path != NULL || o->signature_path != NULL)) {
        rc = sign(cli, o, path, &package);
    }
    if (rc == ARAREXT_OK) {
        rc = ararext_package_parse(&p, package.data, package.len, NULL);
    }
    if (rc == ARAREXT_OK) {
        rc = write_result(cli, o, &p);
    }
    if (rc == ARAREXT_OK) {
        tell(cli, o, &p);
    }
    drop(&package);
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        {"key", required_argument, NULL, OPT_KEY},
        {"passphrase-file", required_argument, NULL, OPT_PASSPHRASE},
        {"version", required_argument, NULL, OPT_VERSION},
        {"security-counter", required_argument, NULL, OPT_COUNTER},
        {"board", required_argument, NULL, OPT_BOARD},
        {"no-compress", no_argument, NULL, OPT_NO_COMPRESS},
        {"trials", required_argument, NULL, OPT_TRIALS},
        {"no-confirm", no_argument, NULL, OPT_NO_CONFIRM},
        {"crash-limit", required_argument, NULL, OPT_CRASHES},
        {"watchdog", required_argument, NULL, OPT_WATCHDOG},
        {"revoke-key", required_argument, NULL, OPT_REVOKE},
        {"unsigned", no_argument, NULL, OPT_UNSIGNED},
        {"digest-only", no_argument, NULL, OPT_DIGEST_ONLY},
        {"signature", required_argument, NULL, OPT_SIGNATURE},
        {"start-signature", required_argument, NULL, OPT_START},
        {"public-key", required_argument, NULL, OPT_PUBLIC_KEY},
        {"output", required_argument, NULL, OPT_OUTPUT},
        {"address", required_argument, NULL, OPT_ADDRESS},
        {"format", required_argument, NULL, OPT_FORMAT},
        {"skip-bootloader", no_argument, NULL, OPT_SKIP_BOOTLOADER},
        {0},
    };
    struct pack o = {.pack = {.trials = TRIALS_DEFAULT,
                              .crashes = CRASHES_DEFAULT,
                              .watchdog_s = WATCHDOG_DEFAULT}};
    const struct cli_options options = {.own = own, .take = take, .ctx = &o, .min = 1, .max = 1};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc == ARAREXT_OK && !cli->help) {
        rc = check_words(cli, &o);
    }
    if (rc == ARAREXT_OK && !cli->help && cli_is_stdout(o.output)) {
        cli->quiet = true; /* stdout has the package */
    }
    return rc != ARAREXT_OK || cli->help ? rc : pack(cli, &o, argv[first]);
}

const struct cli_command cmd_pack = {
    .name = "pack",
    .run = run,
    .summary = "Make a package for 'update' from an application",
    .arguments = "FILE -o PACKAGE --version V --key KEY [OPTION...]",
    .help = "FILE is ELF, Intel HEX, S-record, UF2, DfuSe or binary (- is stdin), and begins\n"
            "at 0x08008000. With --signature it is what --digest-only has written.\n\n"
            "Options:\n"
            "  -o, --output FILE    where the package goes\n"
            "      --version V      1.2.3 or 1.2.3+build\n"
            "      --key FILE       sign with this private key; else that of 'config'\n"
            "      --passphrase-file FILE\n"
            "                       passphrase of the key, in the first line\n"
            "      --unsigned       do not sign: for boards that are not provisioned\n"
            "      --digest-only    do not sign: show the SHA-256 to be signed elsewhere, and\n"
            "                       write its 32 bytes to PACKAGE.digest, and those that the\n"
            "                       start signature is over to PACKAGE.start-digest\n"
            "      --signature FILE put in a signature that was made elsewhere, DER or r and\n"
            "                       s of 32 bytes each, into what --digest-only has written\n"
            "      --start-signature FILE\n"
            "                       the same for PACKAGE.start-digest: with it the board\n"
            "                       starts sooner\n"
            "      --public-key FILE\n"
            "                       the key that made that signature\n"
            "      --security-counter N\n"
            "                       boards never go back below it once it is confirmed\n"
            "      --board [VENDOR/]CLASS\n"
            "                       only for that kind of board\n"
            "      --trials N       boots to be confirmed in, 1 to 15 (default 3)\n"
            "      --no-confirm     needs no confirmation\n"
            "      --crash-limit N  resets in a row that look like crashes, until the\n"
            "                       bootloader stays: 2 to 255; 0 = never (default 8)\n"
            "      --watchdog S     watchdog on trial, 1 to 30 seconds (default 30)\n"
            "      --revoke-key I   revoke key I (0 to 3) when it is confirmed; may be given\n"
            "                       more than once\n"
            "      --no-compress    leave the content as it is\n"
            "      --address ADDR   where a binary file begins (default 0x08008000)\n"
            "      --format F       elf, hex, srec, bin, uf2 or dfuse; else found out from\n"
            "                       the content\n"
            "      --skip-bootloader\n"
            "                       of a file with a bootloader in it take the rest\n",
    .example = "ararext pack app.elf --version 1.2.0 --key signing.pem -o app.pkg",
};

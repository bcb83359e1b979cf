/* SPDX-License-Identifier: MIT */
/*
 * ararext keygen: makes a signing key. It never overwrites a file: a lost key cannot be made again,
 * and boards that know it alone would take no update any more.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_package.h"
#include "cli_save.h"

enum { OPT_PUBLIC = OPT_OWN, OPT_PASSPHRASE };

struct keygen {
    const char *path, *public_path, *passphrase_file;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct keygen *o = ctx;
    (void)cli;
    switch (code) {
    case OPT_PUBLIC:
        o->public_path = value;
        return ARAREXT_OK;
    case OPT_PASSPHRASE:
        o->passphrase_file = value;
        return ARAREXT_OK;
    default:
        return ARAREXT_ERR_ARGUMENT; /* the table has no other */
    }
}

/* Into a file that must not be there yet. */
static int write_new(struct cli *cli, const char *path, unsigned mode,
                     const struct ararext_segment *data)
{
    int rc = cli_write_new(cli, path, mode, data->data, data->len);
    if (rc != ARAREXT_OK && access(path, F_OK) == 0) {
        cli_advise(cli, "a key that is lost cannot be made again: choose another name, or move the "
                        "file away yourself");
    }
    return rc;
}

/* "" = none. */
static int get_passphrase(struct cli *cli, const char *file, char text[CLI_PASSPHRASE_MAX + 1])
{
    char again[CLI_PASSPHRASE_MAX + 1] = "";
    text[0] = '\0';
    if (file != NULL) {
        return cli_passphrase_from_file(cli, file, text);
    }
    if (isatty(STDIN_FILENO) != 1) {
        return ARAREXT_OK;
    }
    int rc = cli_type_passphrase(cli, "Passphrase for the new key (empty for none): ", text);
    if (rc == ARAREXT_OK && text[0] != '\0') {
        rc = cli_type_passphrase(cli, "The same again: ", again);
        if (rc == ARAREXT_OK && strcmp(text, again) != 0) {
            rc =
                cli_error(cli, ARAREXT_ERR_DECLINED, "the two passphrases differ; no key was made");
        }
    }
    explicit_bzero(again, sizeof again);
    return rc;
}

static int write_key(struct cli *cli, const struct keygen *o, const struct ararext_key *key,
                     const char *passphrase)
{
    uint8_t *pem = NULL, *public_pem = NULL;
    size_t len = 0, public_len = 0;
    int rc = ararext_key_private_pem(key, passphrase[0] != '\0' ? passphrase : NULL, &pem, &len);
    if (rc == ARAREXT_OK) {
        rc = ararext_key_public_pem(key, &public_pem, &public_len);
    }
    if (rc == ARAREXT_OK) {
        const struct ararext_segment file = {.len = (uint32_t)len, .data = pem};
        rc = write_new(cli, o->path, 0600, &file);
    }
    if (rc == ARAREXT_OK && o->public_path != NULL) {
        const struct ararext_segment file = {.len = (uint32_t)public_len, .data = public_pem};
        rc = write_new(cli, o->public_path, 0644, &file);
        if (rc != ARAREXT_OK) {
            (void)unlink(o->path);
        }
    }
    if (pem != NULL) {
        explicit_bzero(pem, len);
    }
    free(pem);
    free(public_pem);
    return rc;
}

static int keygen(struct cli *cli, const struct keygen *o)
{
    char passphrase[CLI_PASSPHRASE_MAX + 1], text[2 * ARAREXT_DIGEST_SIZE + 1];
    uint8_t hash[ARAREXT_DIGEST_SIZE];
    struct ararext_key *key = NULL;
    int rc = get_passphrase(cli, o->passphrase_file, passphrase);
    bool locked = passphrase[0] != '\0';
    if (rc == ARAREXT_OK) {
        rc = ararext_key_generate(&key);
    }
    if (rc == ARAREXT_ERR_UNSUPPORTED) {
        rc = cli_error(cli, rc, "this build was made without OpenSSL and makes no keys");
        cli_advise(cli, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 makes one");
    }
    if (rc == ARAREXT_OK) {
        rc = write_key(cli, o, key, passphrase);
    }
    explicit_bzero(passphrase, sizeof passphrase);
    if (rc == ARAREXT_OK) {
        ararext_key_fingerprint(key, hash);
        cli_hex_text(hash, sizeof hash, text);
        json_string(cli->doc, "file", o->path);
        json_bool(cli->doc, "passphrase", locked);
        json_string(cli->doc, "fingerprint", text);
        if (o->public_path != NULL) {
            json_string(cli->doc, "public_file", o->public_path);
        }
        cli_say(cli, "%s: private key on P-256, %s\n", o->path,
                locked ? "with a passphrase" : "WITHOUT a passphrase; only you can read the file");
        cli_print(cli, "fingerprint %s\n", text);
    }
    ararext_key_free(key);
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        {"public", required_argument, NULL, OPT_PUBLIC},
        {"passphrase-file", required_argument, NULL, OPT_PASSPHRASE},
        {0},
    };
    struct keygen o = {0};
    const struct cli_options options = {.own = own, .take = take, .ctx = &o, .min = 1, .max = 1};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    o.path = argv[first];
    return keygen(cli, &o);
}

const struct cli_command cmd_keygen = {
    .name = "keygen",
    .run = run,
    .summary = "Make a key to sign packages with",
    .arguments = "FILE [OPTION...]",
    .help = "A P-256 key as PEM, as OpenSSL reads and writes it; only you can read the file.\n"
            "At a terminal it asks for a passphrase. No file is ever overwritten.\n\n"
            "Options:\n"
            "      --public FILE    write the public key, too\n"
            "      --passphrase-file FILE\n"
            "                       take the passphrase from the first line of FILE\n",
    .example = "ararext keygen signing.pem --public signing.pub.pem",
};

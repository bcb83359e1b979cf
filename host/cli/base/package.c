/* SPDX-License-Identifier: MIT */
/*
 * What the commands about packages share: keys and their passphrases, package files, and how slots
 * and trust are told. A passphrase is never printed, and wiped when it has been used.
 */
#include "cli_package.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "cli_confirm.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_signals.h"

enum { KEY_FILE_MAX = 64 * 1024, PASSPHRASE_FILE_MAX = 64 * 1024 };

void cli_hex_text(const uint8_t *data, size_t len, char *text)
{
    text[0] = '\0';
    for (size_t i = 0; i < len; i++) {
        snprintf(text + 2 * i, 3, "%02x", data[i]);
    }
}

void json_digest(cJSON *object, const char *name, const uint8_t *data, size_t len)
{
    char text[2 * 64 + 1];
    cli_hex_text(data, len < 64 ? len : 64, text);
    json_string(object, name, text);
}

/* ---- passphrases ---- */

/* The first line of text, which has room for CLI_PASSPHRASE_MAX characters and len of them; nothing
 * else of it stays. */
static size_t keep_line(char *text, size_t len)
{
    size_t line = 0;
    while (line < len && text[line] != '\r' && text[line] != '\n' && text[line] != '\0') {
        line++;
    }
    explicit_bzero(text + line, len - line);
    text[line] = '\0';
    return line;
}

int cli_passphrase_from_file(struct cli *cli, const char *path, char text[CLI_PASSPHRASE_MAX + 1])
{
    uint8_t *data = NULL;
    size_t len = 0;
    int rc = cli_read_file(cli, path, PASSPHRASE_FILE_MAX, &data, &len);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    size_t line = keep_line((char *)data, len);
    bool good = line > 0 && line < CLI_PASSPHRASE_MAX;
    if (good) {
        memcpy(text, data, line + 1);
    }
    explicit_bzero(data, len);
    free(data);
    return good ? ARAREXT_OK
                : cli_error(cli, ARAREXT_ERR_FORMAT,
                            "%s: expected a passphrase of 1 to %d characters in the first line",
                            path, (int)CLI_PASSPHRASE_MAX - 1);
}

int cli_type_passphrase(struct cli *cli, const char *question, char text[CLI_PASSPHRASE_MAX + 1])
{
    struct termios silent;
    if (isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, &silent) != 0) {
        int rc = cli_error(cli, ARAREXT_ERR_DECLINED,
                           "a passphrase is needed, and stdin is no terminal");
        cli_advise(cli, "put it into the first line of a file, and give --passphrase-file FILE");
        return rc;
    }
    silent.c_lflag &= ~(tcflag_t)ECHO;
    bool got = cli_change_terminal(&silent); /* before the question: whoever answers is quick */
    fprintf(stderr, "%s", question);
    fflush(stderr);
    /* Past stdio, whose buffer would keep a copy. */
    ssize_t len =
        got && cli_wait_readable(STDIN_FILENO) ? read(STDIN_FILENO, text, CLI_PASSPHRASE_MAX) : -1;
    cli_restore_terminal();
    fputc('\n', stderr);
    if (cli_signal() != 0) {
        return ARAREXT_ERR_INTERRUPTED;
    }
    if (len <= 0) {
        return cli_error(cli, ARAREXT_ERR_DECLINED, "no passphrase was given");
    }
    (void)keep_line(text, (size_t)len);
    return ARAREXT_OK;
}

struct asking {
    struct cli *cli;
    const char *path, *passphrase_file;
    int rc;
};

static int ask(void *ctx, char *text, size_t size)
{
    struct asking *a = ctx;
    char typed[CLI_PASSPHRASE_MAX + 1] = "", question[320];
    snprintf(question, sizeof question, "Passphrase of %s: ", a->path);
    a->rc = a->passphrase_file != NULL ? cli_passphrase_from_file(a->cli, a->passphrase_file, typed)
                                       : cli_type_passphrase(a->cli, question, typed);
    size_t len = strlen(typed);
    if (a->rc == ARAREXT_OK && len <= size) {
        for (size_t i = 0; i < len; i++) { /* OpenSSL takes it by its length */
            text[i] = typed[i];
        }
    }
    explicit_bzero(typed, sizeof typed);
    return a->rc == ARAREXT_OK && len <= size ? (int)len : -1;
}

int cli_load_key(struct cli *cli, const char *path, const char *passphrase_file,
                 struct ararext_key **out)
{
    uint8_t *data = NULL;
    size_t len = 0;
    struct asking a = {cli, path, passphrase_file, ARAREXT_OK};
    const struct ararext_passphrase passphrase = {ask, &a};
    struct ararext_message why = {""};
    int rc = cli_read_file(cli, path, KEY_FILE_MAX, &data, &len);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    const struct ararext_segment pem = {.len = (uint32_t)len, .data = data};
    rc = ararext_key_parse(out, &pem, path, &passphrase, &why);
    explicit_bzero(data, len);
    free(data);
    if (a.rc != ARAREXT_OK) {
        return a.rc; /* its sentence is there already */
    }
    return rc == ARAREXT_OK || why.text[0] == '\0' ? rc : cli_error(cli, rc, "%s", why.text);
}

/* ---- files ---- */

int cli_parse_package(struct cli *cli, const char *path, const struct ararext_segment *file,
                      struct ararext_package *package)
{
    struct ararext_message why = {""};
    json_string(cli->doc, "file", cli_file_name(path));
    json_number(cli->doc, "package_bytes", file->len);
    int rc = ararext_package_parse(package, file->data, file->len, &why);
    return rc == ARAREXT_OK ? rc : cli_error(cli, rc, "%s: %s", cli_file_name(path), why.text);
}

int cli_load_package(struct cli *cli, const char *path, uint8_t **data,
                     struct ararext_package *package)
{
    size_t len = 0;
    int rc = cli_read_file(cli, path, CLI_FILE_MAX, data, &len);
    if (rc == ARAREXT_OK) {
        const struct ararext_segment file = {.len = (uint32_t)len, .data = *data};
        rc = cli_parse_package(cli, path, &file, package);
        if (rc != ARAREXT_OK) {
            free(*data);
        }
    }
    return rc;
}

int cli_identity(struct cli *cli, const char *name, uint8_t identity[ARAREXT_IDENTITY_SIZE])
{
    int rc = ararext_identity(name, identity);
    return rc == ARAREXT_ERR_ARGUMENT
               ? cli_error(cli, rc, "board '%s': expected CLASS or VENDOR/CLASS", name)
               : rc;
}

/* ---- trust ---- */

bool cli_read_key_hashes(struct cli *cli, uint8_t hashes[ARAREXT_KEYS_MAX][ARAREXT_DIGEST_SIZE])
{
    return ararext_read_otp(cli->session, 0, hashes[0],
                            (size_t)ARAREXT_KEYS_MAX * ARAREXT_DIGEST_SIZE) == ARAREXT_OK;
}

static void show_keys(const struct cli *cli, const struct ararext_slots *slots,
                      uint8_t (*hashes)[ARAREXT_DIGEST_SIZE])
{
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "keys");
    for (unsigned i = 0; i < ARAREXT_KEYS_MAX; i++) {
        char text[2 * ARAREXT_DIGEST_SIZE + 1] = "there";
        bool revoked = (slots->revoked >> i & 1u) != 0;
        if ((slots->keys >> i & 1u) == 0) {
            continue;
        }
        cJSON *item = cJSON_CreateObject();
        json_number(item, "index", i);
        json_bool(item, "revoked", revoked);
        if (hashes != NULL) {
            cli_hex_text(hashes[i], ARAREXT_DIGEST_SIZE, text);
            json_string(item, "fingerprint", text);
        }
        cJSON_AddItemToArray(list, item);
        cli_print(cli, "  key %u             %s%s\n", i, text, revoked ? "  REVOKED" : "");
    }
}

void cli_show_trust(const struct cli *cli, const struct ararext_slots *slots,
                    uint8_t (*hashes)[ARAREXT_DIGEST_SIZE])
{
    static const char *const TEXTS[] = {
        [ARAREXT_TRUST_OPEN] = "open: boots what it is given",
        [ARAREXT_TRUST_PROVISIONED] = "provisioned: boots signed packages alone",
        [ARAREXT_TRUST_INCOMPLETE] =
            "incomplete: boots nothing until 'ararext provision' has been run again",
    };
    char vendor[37], class[37];
    ararext_uuid_text(slots->identity, vendor);
    ararext_uuid_text(slots->identity + 16, class);
    json_string(cli->doc, "trust", ararext_trust_text(slots->trust));
    json_number(cli->doc, "security_counter", slots->counter);
    json_string(cli->doc, "vendor", vendor);
    json_string(cli->doc, "class", class);
    cli_print(cli, "  trust             %s\n", TEXTS[slots->trust]);
    show_keys(cli, slots, hashes);
    if (slots->trust != ARAREXT_TRUST_OPEN) {
        cli_print(cli, "  security counter  %u\n", slots->counter);
    }
    cli_print(cli, "  identity          vendor %s\n                    class  %s\n", vendor, class);
}

/* ---- slots ---- */

static void document_slot(cJSON *list, const struct ararext_slot *s, unsigned index)
{
    char version[32];
    cJSON *item = cJSON_CreateObject();
    json_string(item, "slot", index == 0 ? "A" : "B");
    json_string(item, "state", ararext_slot_state_text(s->state));
    json_bool(item, "installed", s->installed);
    if (s->package_size != 0) {
        ararext_version_text(&s->version, version, sizeof version);
        json_string(item, "version", version);
        json_number(item, "package_bytes", s->package_size);
        json_number(item, "content_bytes", s->content_size);
        json_number(item, "security_counter", s->counter);
        json_number(item, "attempts", s->attempts);
        json_number(item, "trials", s->trials);
        json_number(item, "sequence", s->sequence);
        json_digest(item, "digest_begin", s->digest, sizeof s->digest);
    }
    if (s->state == ARAREXT_SLOT_REJECTED) {
        json_string(item, "cause", ararext_reject_cause_text(s->cause));
    }
    cJSON_AddItemToArray(list, item);
}

static void show_slot(const struct cli *cli, const struct ararext_slots *slots, unsigned index)
{
    const struct ararext_slot *s = &slots->slots[index];
    char version[32], digest[17];
    cli_print(cli, "  slot %c            %s", "AB"[index], ararext_slot_state_text(s->state));
    if (s->package_size != 0) {
        ararext_version_text(&s->version, version, sizeof version);
        cli_hex_text(s->digest, sizeof s->digest, digest);
        cli_print(cli, ", %s, %u bytes for %u, counter %u, digest %s...", version,
                  (unsigned)s->package_size, (unsigned)s->content_size, s->counter, digest);
    }
    if (s->state == ARAREXT_SLOT_REJECTED) {
        cli_print(cli, "\n                    rejected: %s", ararext_reject_cause_text(s->cause));
    } else if (s->state == ARAREXT_SLOT_STAGED && s->trials != 0) {
        cli_print(cli, "\n                    not confirmed yet: %u of %u boots on trial made",
                  s->attempts, s->trials);
    } else if (s->state == ARAREXT_SLOT_STAGED) {
        cli_print(cli, "\n                    needs no confirmation");
    }
    cli_print(cli, s->installed ? "\n                    in the application area" : "");
    cli_print(cli, slots->target == index ? "\n                    the next to start\n" : "\n");
}

void cli_show_slots(const struct cli *cli, const struct ararext_slots *slots)
{
    static const char *const NAMES[] = {"A", "B"};
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "slots");
    for (unsigned i = 0; i < ARAREXT_SLOT_COUNT; i++) {
        document_slot(list, &slots->slots[i], i);
        show_slot(cli, slots, i);
    }
    json_string(cli->doc, "target", slots->target < 2 ? NAMES[slots->target] : "none");
    json_string(cli->doc, "installed", slots->installed < 2 ? NAMES[slots->installed] : "none");
    json_string(cli->doc, "last_start", ararext_boot_cause_text(slots->cause));
    json_number(cli->doc, "crashes", slots->crashes);
    json_number(cli->doc, "package_max", slots->package_max);
    json_number(cli->doc, "content_max", slots->content_max);
    cli_print(cli, "  last start        %s\n", ararext_boot_cause_text(slots->cause));
    if (slots->crashes != 0) {
        cli_print(cli, "  like crashes      %u starts in a row\n", slots->crashes);
    }
    cli_print(cli, "  takes             packages of %u bytes, content of %u\n",
              (unsigned)slots->package_max, (unsigned)slots->content_max);
}

/* SPDX-License-Identifier: MIT */
/* Keys, passphrases, packages and slots, for the commands of updates. */
#ifndef ARAREXT_CLI_PACKAGE_H
#define ARAREXT_CLI_PACKAGE_H

#include "ararext_package.h"
#include "cli.h"

/* Reads a key file; a passphrase comes from the first line of passphrase_file, or is asked for at
 * the terminal where that is NULL. */
ARAREXT_CHECKED int cli_load_key(struct cli *cli, const char *path, const char *passphrase_file,
                                 struct ararext_key **out);
enum { CLI_PASSPHRASE_MAX = 1000 };
/* The first line of a file. */
ARAREXT_CHECKED int cli_passphrase_from_file(struct cli *cli, const char *path,
                                             char text[CLI_PASSPHRASE_MAX + 1]);
/* Typed at the terminal, without showing it. */
ARAREXT_CHECKED int cli_type_passphrase(struct cli *cli, const char *question,
                                        char text[CLI_PASSPHRASE_MAX + 1]);
/* Reads a package file and takes it apart. *data is freed with free(). */
ARAREXT_CHECKED int cli_load_package(struct cli *cli, const char *path, uint8_t **data,
                                     struct ararext_package *package);
/* The same with what is read already. */
ARAREXT_CHECKED int cli_parse_package(struct cli *cli, const char *path,
                                      const struct ararext_segment *file,
                                      struct ararext_package *package);
/* UUIDs of "[VENDOR/]CLASS". */
ARAREXT_CHECKED int cli_identity(struct cli *cli, const char *name,
                                 uint8_t identity[ARAREXT_IDENTITY_SIZE]);
/* Bytes as hex digits without spaces; text has room for 2 len + 1. */
void cli_hex_text(const uint8_t *data, size_t len, char *text);
void json_digest(cJSON *object, const char *name, const uint8_t *data, size_t len);

/* Trust, keys, counter and identity, as lines of text and in the document. hashes NULL = they could
 * not be asked for. */
void cli_show_trust(const struct cli *cli, const struct ararext_slots *slots,
                    uint8_t (*hashes)[ARAREXT_DIGEST_SIZE]);
/* The slots, the same way. */
void cli_show_slots(const struct cli *cli, const struct ararext_slots *slots);
/* Key hashes from OTP, where the one that answers knows that command. */
bool cli_read_key_hashes(struct cli *cli, uint8_t hashes[ARAREXT_KEYS_MAX][ARAREXT_DIGEST_SIZE]);

#endif

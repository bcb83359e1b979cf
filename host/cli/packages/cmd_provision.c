/* SPDX-License-Identifier: MIT */
/*
 * ararext provision: burns the keys that a board trusts into its one-time programmable memory.
 * Nothing of that can be undone, so all is shown and checked first, and a word has to be typed.
 */
#include "cli.h"

#include <string.h>
#include <unistd.h>

#include "cli_confirm.h"
#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_package.h"

enum { OPT_KEY = OPT_OWN, OPT_BOARD, OPT_READ, OPT_DRY_RUN, OPT_YES };
enum { BLOCK_SIZE = 32, BLOCKS = 5, LOCKS_AT = 512 };

struct provision {
    const char *key_paths[ARAREXT_KEYS_MAX], *board;
    uint32_t key_count;
    bool reading, dry_run, yes;
    struct ararext_provisioning what;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct provision *o = ctx;
    switch (code) {
    case OPT_KEY:
        if (o->key_count == ARAREXT_KEYS_MAX) {
            return cli_error(cli, ARAREXT_ERR_ARGUMENT, "a board has room for %u keys",
                             ARAREXT_KEYS_MAX);
        }
        o->key_paths[o->key_count++] = value;
        return ARAREXT_OK;
    case OPT_BOARD:
        o->board = value;
        return ARAREXT_OK;
    case OPT_READ:
        o->reading = true;
        return ARAREXT_OK;
    case OPT_DRY_RUN:
        o->dry_run = true;
        return ARAREXT_OK;
    case OPT_YES:
        o->yes = true;
        return ARAREXT_OK;
    default:
        return ARAREXT_ERR_ARGUMENT; /* the table has no other */
    }
}

/* ---- what will be written ---- */

static int load_what(struct cli *cli, struct provision *o)
{
    int rc = ARAREXT_OK;
    for (uint32_t i = 0; rc == ARAREXT_OK && i < o->key_count; i++) {
        struct ararext_key *key = NULL;
        rc = cli_load_key(cli, o->key_paths[i], NULL, &key);
        if (rc == ARAREXT_OK) {
            ararext_key_fingerprint(key, o->what.hashes[i]);
            ararext_key_free(key);
        }
    }
    o->what.count = o->key_count;
    if (rc == ARAREXT_OK && o->board != NULL) {
        o->what.has_identity = true;
        rc = cli_identity(cli, o->board, o->what.identity);
    }
    return rc;
}

static void show_what(const struct cli *cli, const struct provision *o)
{
    uint8_t blocks[BLOCKS * BLOCK_SIZE];
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "blocks");
    ararext_provision_image(&o->what, blocks);
    cli_print(cli, "OTP as it will be, and locked for good:\n");
    for (unsigned i = 0; i < BLOCKS; i++) {
        const uint8_t *block = blocks + (size_t)i * BLOCK_SIZE;
        const char *what = i < o->key_count   ? o->key_paths[i]
                           : i < BLOCKS - 1   ? "no key, and never one"
                           : o->board != NULL ? o->board
                                              : "the identity of the bootloader's build";
        char text[2 * BLOCK_SIZE + 1];
        cJSON *item = cJSON_CreateObject();
        cli_hex_text(block, BLOCK_SIZE, text);
        json_number(item, "block", i);
        json_addr(item, "address", 0x1FFF7800u + i * BLOCK_SIZE);
        json_hex(item, "data", block, BLOCK_SIZE);
        json_number(item, "lock_byte", 0);
        cJSON_AddItemToArray(list, item);
        cli_print(cli, "block %u  0x%08X  %s\n         lock byte 0x%08X: 00; %s\n", i,
                  (unsigned)(0x1FFF7800u + i * BLOCK_SIZE), text, (unsigned)(0x1FFF7A00u + i),
                  what);
    }
}

static int check(struct cli *cli, const struct provision *o)
{
    struct ararext_info info;
    struct ararext_slots slots;
    struct ararext_message why = {""};
    uint8_t otp[ARAREXT_OTP_SIZE];
    int rc = cli_connect_info(cli, &info);
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_get_slots(cli->session, &slots));
    }
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_read_otp_all(cli->session, otp));
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (ararext_provision_done(&o->what, otp) && (info.nwrp & 3u) != 0) {
        cli_say(cli, "Note: OTP holds all of this already; what is left to do is to write-protect "
                     "sectors 0 and 1.\n");
        return ARAREXT_OK;
    }
    rc = ararext_provision_check(&o->what, otp, &why);
    if (rc != ARAREXT_OK) {
        rc = cli_error(cli, rc, "%s; nothing was written", why.text);
        cli_advise(cli, "see 'ararext slots' and 'ararext otp'");
    } else if (slots.trust == ARAREXT_TRUST_INCOMPLETE) {
        cli_say(cli, "Note: provisioning of this board was cut off; this completes it.\n");
    }
    if (rc == ARAREXT_OK && slots.counter != 0) {
        cli_say(cli, "Note: the security counter of this board begins at %u, not at 0.\n",
                slots.counter);
    }
    return rc;
}

/* ---- doing it ---- */

static const char WARNING[] =
    "This burns the above into the chip FOR GOOD. Nobody can undo it, by no means:\n"
    "- From its next start the board runs only packages that are signed with one of these keys.\n"
    "  An application that is on it now and is in no such package is not started any more.\n"
    "- If all of these keys are lost, the board takes no update any more. Give at least two, and\n"
    "  keep the second one somewhere else.\n"
    "- Flash cannot be read or written through the bootloader any more; sectors 0 and 1 are\n"
    "  write-protected.\n"
    "Leave the supply on until it says that it is done. Try it on ararext-twin first.";

static const char READ_WARNING[] =
    "Read protection level 1 keeps debuggers out of the whole chip. The only way back erases the\n"
    "chip with the bootloader in it; what is in OTP stays.\n";

/* Before the board is provisioned: afterwards it refuses this to everybody. */
static int ask_read_protection(const struct cli *cli, bool *reading)
{
    char question[512];
    if (*reading || cli->json || isatty(STDIN_FILENO) != 1) {
        return ARAREXT_OK;
    }
    snprintf(question, sizeof question,
             "%sThe board refuses it once it is provisioned, unless that was said now.\n"
             "Type 'protect' to set it afterwards, anything else to leave it: ",
             READ_WARNING);
    return cli_ask(question, "protect", reading);
}

static int read_protect(struct cli *cli)
{
    uint8_t rdp = 0;
    int rc = ararext_protect_reading(cli->session, 0);
    if (rc == ARAREXT_OK) {
        rc = ararext_get_rdp(cli->session, &rdp);
    }
    rc = cli_session_error(cli, rc);
    if (rc == ARAREXT_OK && rdp == 0xAA) {
        return cli_error(cli, ARAREXT_ERR_VERIFY,
                         "the board accepted it, but reports read protection level 0");
    }
    if (rc == ARAREXT_OK) {
        json_number(cli->doc, "rdp_level", 1);
        cli_say(cli, "The chip is read-protected at level 1.\n");
    }
    return rc;
}

/* The keys are in; are the bootloader's sectors protected? */
static int check_after(struct cli *cli)
{
    struct ararext_slots slots;
    uint16_t nwrp = 0;
    int rc = ararext_get_slots(cli->session, &slots);
    if (rc == ARAREXT_OK) {
        rc = ararext_get_protection(cli->session, &nwrp);
    }
    rc = cli_session_error(cli, rc);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    json_string(cli->doc, "trust", ararext_trust_text(slots.trust));
    json_number(cli->doc, "nwrp", nwrp);
    if (slots.trust != ARAREXT_TRUST_PROVISIONED) {
        return cli_error(cli, ARAREXT_ERR_VERIFY,
                         "OTP holds the keys, but the board calls itself %s",
                         ararext_trust_text(slots.trust));
    }
    if ((nwrp & 3u) != 0) {
        rc = cli_error(cli, ARAREXT_ERR_VERIFY,
                       "the keys are in, but sectors 0 and 1 are not write-protected (nWRP %03X)",
                       nwrp);
        cli_advise(cli, "run it again with the same keys");
    }
    return rc;
}

static int provision(struct cli *cli, struct provision *o)
{
    char text[sizeof WARNING + sizeof READ_WARNING + 2];
    int rc = load_what(cli, o);
    if (rc == ARAREXT_OK) {
        rc = check(cli, o);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    show_what(cli, o);
    json_bool(cli->doc, "dry_run", o->dry_run);
    if (o->dry_run) {
        cli_say(cli, "Nothing was written. The board would take this.\n");
        return ARAREXT_OK;
    }
    snprintf(text, sizeof text, "%s%s%s", WARNING, o->reading ? "\n" : "",
             o->reading ? READ_WARNING : "");
    fflush(stdout);
    rc = cli_confirm(cli, text, "provision", o->yes);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = ask_read_protection(cli, &o->reading);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    o->what.read_protection = o->reading;
    rc = cli_session_error(cli, ararext_provision(cli->session, &o->what));
    if (rc == ARAREXT_OK) {
        rc = check_after(cli);
    } else if (rc != ARAREXT_ERR_REFUSED) {
        cli_advise(cli, "leave the supply on, and run it again with the same keys");
    }
    if (rc == ARAREXT_OK) {
        cli_say(cli, "Provisioned: the board runs only packages signed with %s.\n",
                o->key_count == 1 ? "this key" : "one of these keys");
        if (o->reading) {
            rc = read_protect(cli);
        } else {
            cli_say(cli, "Debuggers can still do everything, and no host can bar them now.\n");
        }
    }
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        {"key", required_argument, NULL, OPT_KEY},
        {"board", required_argument, NULL, OPT_BOARD},
        {"read-protection", no_argument, NULL, OPT_READ},
        {"dry-run", no_argument, NULL, OPT_DRY_RUN},
        {"yes", no_argument, NULL, OPT_YES},
        {0},
    };
    struct provision o = {0};
    const struct cli_options options = {.own = own, .take = take, .ctx = &o};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    if (o.key_count == 0) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                         "provision: give --key FILE, once for each key");
    }
    return provision(cli, &o);
}

const struct cli_command cmd_provision = {
    .name = "provision",
    .run = run,
    .summary = "Burn the keys that the board is to trust, for good",
    .arguments = "--key FILE [--key FILE...] [OPTION...]",
    .help = "Cannot be undone. Shows what will be burnt, checks that it can, and asks. Try it\n"
            "with --dry-run, and for real on ararext-twin, first.\n\n"
            "Options:\n"
            "      --key FILE       a public key (or a private one), up to four times\n"
            "      --board [VENDOR/]CLASS\n"
            "                       burn this identity: packages for other boards are refused\n"
            "      --read-protection\n"
            "                       set read protection level 1 afterwards, as well; a board\n"
            "                       provisioned without this refuses it later\n"
            "      --dry-run        show the bytes and check the board; write nothing\n"
            "  -y, --yes            do not ask\n",
    .example = "ararext provision --dry-run --key signing.pub.pem",
};

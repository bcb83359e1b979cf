/* SPDX-License-Identifier: MIT */
/*
 * Inside the tool: what its commands share. A command parses its options, connects, does its work
 * through libararext, prints results and remarks, and returns an error code; main.c alone turns
 * that into the exit status, the sentence on stderr or the JSON document.
 */
#ifndef ARAREXT_CLI_H
#define ARAREXT_CLI_H

#include <cjson/cJSON.h>
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ararext.h"
#include "ararext_package.h"

enum { CLI_PORTS_MAX = 64 };
struct cli_board;

struct cli {
    const struct cli_command *command; /* NULL until it is known */
    const char *port;                  /* --port; NULL = environment, then automatic */
    const char *ports[CLI_PORTS_MAX];  /* each --port, in order */
    size_t port_count;
    uint32_t baud;           /* that the port is opened with */
    uint32_t baud_limit;     /* cli_raise_baud: as far as this; 0 = as far as it goes */
    bool baud_auto;          /* no --baud, or auto */
    struct cli_board *board; /* of several at once; NULL = it is the only one */
    bool json, quiet, no_color, verbose, no_extensions;
    bool help, version; /* asked for: help is also true with version, so that nothing is done */
    cJSON *doc;         /* the JSON document; filled in always, printed with --json */
    struct ararext_session *session; /* after cli_connect */
    char port_path[256];             /* what is connected */
    struct ararext_message error;    /* the sentence of the failure, "" = none yet */
    struct ararext_message advice;
};

struct cli_command {
    const char *name;
    int (*run)(struct cli *cli, int argc, char **argv); /* argv[0] is the command's name */
    const char *summary;                                /* one line for the list of commands */
    const char *arguments;                              /* "FILE [OPTION...]" */
    const char *help; /* options and remarks, lines of at most 80 columns */
    bool several;     /* several --port at once */
};

extern const struct cli_command cmd_ports, cmd_info, cmd_flash, cmd_verify, cmd_erase, cmd_read,
    cmd_write, cmd_go, cmd_reset, cmd_protect, cmd_unprotect, cmd_otp, cmd_commands, cmd_monitor,
    cmd_raw, cmd_keygen, cmd_pack, cmd_image, cmd_update, cmd_slots, cmd_confirm, cmd_rollback,
    cmd_provision;

/* ---- options.c ---- */

/* Takes one option of the command's own; code is struct option's val. Returns an error code. */
typedef int cli_option_fn(struct cli *cli, void *ctx, int code, const char *value);
struct cli_options {
    const struct option *own; /* ends with zeros; NULL if there are none. vals from 256 on */
    cli_option_fn *take;      /* NULL if there are none */
    void *ctx;
    int min, max; /* number of arguments that are no options */
};
/* Parses argv with the command's own and the global options, and permutes it: *first is the index
 * of the first argument that is none. ARGUMENT with the sentence set. With --help, cli->help is
 * true. */
ARAREXT_CHECKED int cli_parse(struct cli *cli, int argc, char **argv,
                              const struct cli_options *options, int *first);
/* The global options before the command's name; *first is the index of that. */
ARAREXT_CHECKED int cli_parse_globals(struct cli *cli, int argc, char **argv, int *first);
extern const char CLI_GLOBAL_HELP[];

/* Numbers as a person writes them: decimal, 0x hexadecimal, K and M for KiB and MiB. ARGUMENT with
 * the sentence set; what names the thing in it. */
ARAREXT_CHECKED int cli_number(struct cli *cli, const char *what, const char *text, uint32_t *out);
/* "4D 42:43" to bytes. *len is the room and then the number of bytes. */
ARAREXT_CHECKED int cli_hex(struct cli *cli, const char *text, uint8_t *out, size_t *len);
/* "2", "2-5", "2..5", "2,4-6" to bits; sectors from 0 to 15. */
ARAREXT_CHECKED int cli_sectors(struct cli *cli, const char *text, uint16_t *bits);

/* ---- connect.c ---- */

/* Opens the port (named, or found by asking every port) and starts a session. */
ARAREXT_CHECKED int cli_open(struct cli *cli, enum ararext_dialect dialect);
/* The same, and makes sure that a bootloader answers. */
ARAREXT_CHECKED int cli_connect(struct cli *cli);
/* The same, and asks what the board is. */
ARAREXT_CHECKED int cli_connect_info(struct cli *cli, struct ararext_info *info);

/* For commands that move much: before connecting, a --baud above 115200 becomes the limit of what
 * is negotiated; after it, the rate is raised. */
void cli_prepare_baud(struct cli *cli);
ARAREXT_CHECKED int cli_raise_baud(struct cli *cli);

/* What a person can do when a port could not be opened, by the error. */
void cli_advise_about_port(struct cli *cli, int code);

/* ---- output.c ---- */

/* Results: what the command was asked for. To stdout, not with --json. */
__attribute__((format(printf, 2, 3))) void cli_print(const struct cli *cli, const char *fmt, ...);
/* Remarks: to stdout, neither with --json nor with --quiet. */
__attribute__((format(printf, 2, 3))) void cli_say(const struct cli *cli, const char *fmt, ...);
/* Sets the sentence of the failure and returns code. No full stop, no line end. */
__attribute__((format(printf, 3, 4))) int cli_error(struct cli *cli, int code, const char *fmt,
                                                    ...);
/* Sets what a person can do next. */
__attribute__((format(printf, 2, 3))) void cli_advise(struct cli *cli, const char *fmt, ...);
/* The session's last failure becomes the command's; returns code. OK stays OK. */
int cli_session_error(struct cli *cli, int code);
/* Exit status of a code. */
int cli_exit_status(int code);
/* The failure, as it stands in the document. */
void cli_document_error(const struct cli *cli, cJSON *doc, int code);
/* Prints the failure (or the document) and returns the exit status. */
int cli_finish(struct cli *cli, int code);

/* ---- for the document ---- */
void json_string(cJSON *object, const char *name, const char *value);
void json_number(cJSON *object, const char *name, double value);
void json_bool(cJSON *object, const char *name, bool value);
void json_addr(cJSON *object, const char *name, uint32_t value);                 /* "0x08008000" */
void json_hex(cJSON *object, const char *name, const uint8_t *data, size_t len); /* "A5 51" */

/* ---- progress.c ---- */

struct cli_progress {
    const struct cli *cli;
    bool terminal;
    bool reading; /* set by a command that reads and compares nothing */
    int phase;    /* enum ararext_phase, -1 before the first */
    uint64_t start_ms, shown_ms;
    uint32_t done, total;
};
void cli_progress_start(struct cli_progress *p, const struct cli *cli);
/* For ararext_flash_options; ctx is the cli_progress. */
void cli_progress_show(void *ctx, enum ararext_phase phase, uint32_t done, uint32_t total);
/* Leaves the terminal on a fresh line. */
void cli_progress_end(struct cli_progress *p);
uint64_t cli_now_ms(void);
const char *cli_phase_word(enum ararext_phase phase); /* "writing" */

/* ---- boards.c ---- */

/* Does the same to the boards of all --port at once, each in a thread with a cli of its own: its
 * session, its document and its failure. One verdict: the code of the worst. */
typedef int cli_board_fn(struct cli *board, void *ctx);
ARAREXT_CHECKED int cli_run_boards(struct cli *cli, cli_board_fn *run, void *ctx);
/* How far one of them is; from its thread. */
void cli_board_show(struct cli_board *board, enum ararext_phase phase, uint32_t done,
                    uint32_t total);
/* It, or its port, does not answer for the moment. */
void cli_board_show_lost(struct cli_board *board);

/* ---- confirm.c ---- */

/* Says what will happen; goes on with --yes or when the word is typed at a terminal. DECLINED. */
ARAREXT_CHECKED int cli_confirm(struct cli *cli, const char *what, const char *word, bool yes);
/* Waits for a line at the terminal that stdin is, or a signal, also one that came just before: then
 * false. */
bool cli_wait_for_line(void);
/* Asks at the terminal that stdin is; *yes when the word was typed. INTERRUPTED. */
ARAREXT_CHECKED int cli_ask(const char *question, const char *word, bool *yes);

/* ---- package.c ---- */

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

/* ---- signals.c ---- */

void cli_catch_signals(void);
/* The first signal that came (SIGINT, SIGTERM, SIGHUP), 0 if none did. */
int cli_signal(void);
bool cli_stop(void *unused); /* for ararext_options.stop */
/* Gives stdin's terminal other settings, and puts back what it had: the latter also happens when a
 * second signal ends the process. */
struct termios;
ARAREXT_CHECKED bool cli_change_terminal(const struct termios *settings);
void cli_restore_terminal(void);

/* ---- file.c ---- */

/* Options that flash and verify share. */
struct cli_image_options {
    struct ararext_load load;
    bool force; /* any content */
};
/* Takes an option of the image group (CLI_IMAGE_OPTIONS); see cli_option_fn. */
int cli_take_image_option(struct cli *cli, struct cli_image_options *o, int code,
                          const char *value);
enum { OPT_ADDRESS = 256, OPT_FORMAT, OPT_FORCE, OPT_OWN };
#define CLI_IMAGE_OPTIONS                                                                          \
    {"address", required_argument, NULL, OPT_ADDRESS},                                             \
        {"format", required_argument, NULL, OPT_FORMAT},                                           \
    {                                                                                              \
        "force", no_argument, NULL, OPT_FORCE                                                      \
    }
#define CLI_IMAGE_HELP                                                                             \
    "      --address ADDR   where a binary file goes (default 0x08008000)\n"                       \
    "      --format F       elf, hex, srec or bin; else found out from the content\n"              \
    "      --force          skip one check: that the image starts with a plausible\n"              \
    "                       vector table. The range is always checked\n"
/* Loads a file and tells about it in the document. */
ARAREXT_CHECKED int cli_load_image(struct cli *cli, const char *path,
                                   const struct cli_image_options *o, struct ararext_image **out);
/* Checks it against the board. */
ARAREXT_CHECKED int cli_check_image(struct cli *cli, const struct ararext_image *image,
                                    const struct ararext_info *info,
                                    const struct cli_image_options *o);
/* Reads a whole file of at most max bytes; "-" is stdin. *out is freed with free(). */
ARAREXT_CHECKED int cli_read_file(struct cli *cli, const char *path, size_t max, uint8_t **out,
                                  size_t *len);
/* A file that will be written as a whole, or not at all: what it held stays until then. */
struct cli_output {
    const char *path;
    FILE *file;   /* NULL = none */
    bool created; /* it was not there before */
};
/* Opens path, which is kept; "-" is stdout. FILE with the sentence set. */
ARAREXT_CHECKED int cli_open_output(struct cli *cli, const char *path, struct cli_output *out);
/* Writes data in place of what it held, and closes it. */
ARAREXT_CHECKED int cli_write_output(struct cli *cli, struct cli_output *out, const uint8_t *data,
                                     size_t len);
/* Closes it unwritten, if it is open. */
void cli_discard_output(struct cli_output *out);
/* The sentence of a VERIFY failure. */
int cli_verify_error(struct cli *cli, const struct ararext_flash_result *r);

#endif

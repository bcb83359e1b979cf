/* SPDX-License-Identifier: MIT */
/*
 * Inside the tool: what all its commands share; cli_<part>.h has what <part>.c offers. A command
 * parses its options, connects, does its work through libararext, prints results and remarks, and
 * returns an error code; main.c alone turns that into the exit status, the sentence on stderr or
 * the JSON document.
 */
#ifndef ARAREXT_CLI_H
#define ARAREXT_CLI_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ararext.h"
#include "ararext_wiring.h"

enum { CLI_PORTS_MAX = 64 };
struct cli_shown;
struct cli_settings;

struct cli {
    const struct cli_command *command; /* NULL until it is known */
    const char *port;                  /* --port; NULL = environment, then automatic */
    const char *ports[CLI_PORTS_MAX];  /* each --port, in order */
    size_t port_count;
    uint32_t baud;           /* that the port is opened with */
    uint32_t baud_limit;     /* cli_raise_baud: as far as this; 0 = as far as it goes */
    bool baud_auto;          /* no --baud, or auto */
    bool baud_given;         /* --baud was, also auto */
    const char *wiring_text; /* --wiring; NULL = environment, then the settings' file */
    struct ararext_wiring wiring;
    bool wired;      /* wiring holds */
    const char *uid; /* --uid: the board with that unique ID; NULL = any */
    bool wait;       /* --wait: for a board to appear */
    uint32_t wait_s;
    struct cli_settings *settings; /* owned by main; what holds, and from where */
    struct cli_shown *shown;       /* of several boards at once; NULL = it is the only one */
    bool json, quiet, no_color, verbose, no_extensions;
    bool help, version; /* asked for: help is also true with version, so that nothing is done */
    cJSON *doc;         /* the JSON document; filled in always, printed with --json */
    bool made_room;     /* an application was running, and made room for the bootloader */
    bool stay;          /* it is not to be started again at the end */
    bool by_lines;      /* modem lines brought it into the bootloader */
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
    const char *help;    /* options and remarks, lines of at most 80 columns */
    const char *example; /* one line that makes sense as it stands */
    bool several;        /* several --port at once */
};

extern const struct cli_command cmd_ports, cmd_info, cmd_flash, cmd_verify, cmd_erase, cmd_read,
    cmd_write, cmd_go, cmd_reset, cmd_protect, cmd_unprotect, cmd_lock, cmd_otp, cmd_commands,
    cmd_monitor, cmd_raw, cmd_keygen, cmd_pack, cmd_image, cmd_update, cmd_slots, cmd_confirm,
    cmd_rollback, cmd_provision, cmd_board, cmd_config, cmd_page, cmd_run;

/* ---- output.c ---- */

/* Results: what the command was asked for. To stdout, not with --json. Control characters in what
 * is filled in are escaped, here and in cli_say: the lines end where fmt says. */
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

#endif

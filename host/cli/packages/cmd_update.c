/* SPDX-License-Identifier: MIT */
/*
 * ararext update: gets a package onto the board beside what runs there, has it installed and
 * started, and stays until it is known whether it was confirmed. All that can be told before
 * anything is sent is told then; the end is one verdict.
 */
#include "cli.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli_confirm.h"
#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_package.h"
#include "cli_progress.h"

enum { OPT_NO_START = OPT_OWN, OPT_TIMEOUT, OPT_YES, OPT_NO_STREAM, OPT_CONFIRM, OPT_RESEND };
enum { COUNT_MS = 10000 }; /* how often the rest of the time is told */

struct update {
    struct cli *cli;
    struct ararext_update_options options;
    bool yes, confirm;
    bool asks;     /* Enter at the terminal confirms */
    bool answered; /* Enter came */
    struct ararext_package package;
    struct ararext_package_findings findings;
    struct ararext_board board;
    struct ararext_update_result result;
    struct cli_progress progress;
    int step;         /* enum ararext_update_step, -1 before the first */
    uint32_t told_ms; /* of the wait, when its rest was told last */
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct update *u = ctx;
    uint32_t seconds = 0;
    switch (code) {
    case OPT_NO_START:
        u->options.no_start = true;
        return ARAREXT_OK;
    case OPT_NO_STREAM:
        u->options.no_stream = true;
        return ARAREXT_OK;
    case OPT_CONFIRM:
        u->confirm = true;
        return ARAREXT_OK;
    case OPT_RESEND:
        u->options.force = true;
        return ARAREXT_OK;
    case OPT_YES:
        u->yes = true;
        return ARAREXT_OK;
    case OPT_TIMEOUT: {
        int rc = cli_seconds(cli, "seconds ", value, &seconds);
        u->options.timeout_ms = seconds * 1000u;
        return rc;
    }
    default:
        return ARAREXT_ERR_ARGUMENT; /* the table has no other */
    }
}

/* ---- before anything is sent ---- */

static int check_file(struct update *u, const char *path)
{
    struct ararext_message why = {""};
    char version[32];
    int rc = ararext_package_check(&u->package, NULL, &u->findings, &why);
    if (rc != ARAREXT_OK) {
        rc = why.text[0] != '\0' ? cli_error(u->cli, rc, "%s: %s", path, why.text) : rc;
        cli_advise(u->cli, "nothing was sent; 'ararext image' tells more about the file");
        return rc;
    }
    ararext_version_text(&u->package.version, version, sizeof version);
    json_string(u->cli->doc, "version", version);
    json_number(u->cli->doc, "content_bytes", u->package.content_size);
    cli_say(u->cli, "%s: version %s, %u bytes for %u of content, %s\n", path, version,
            (unsigned)u->package.size, (unsigned)u->package.content_size,
            u->package.signature_at != 0 ? "signed" : "not signed");
    return ARAREXT_OK;
}

static int find_board(struct update *u)
{
    struct cli *cli = u->cli;
    cli_prepare_baud(cli);
    cli->stay = true; /* the update starts what is to run */
    int rc = cli_connect_info(cli, &u->board.info);
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_board_read(cli->session, &u->board));
    }
    if (rc == ARAREXT_ERR_UNSUPPORTED) {
        rc = cli_error(cli, rc, "this bootloader knows no packages");
        cli_advise(cli, "use 'ararext flash', or put a newer bootloader on the board");
    }
    return rc;
}

static void note_version(const struct update *u)
{
    const struct ararext_slots *s = &u->board.slots;
    char version[32];
    if (s->installed >= ARAREXT_SLOT_COUNT) {
        return;
    }
    const struct ararext_slot *slot = &s->slots[s->installed];
    ararext_version_text(&slot->version, version, sizeof version);
    json_string(u->cli->doc, "version_before", version);
    int newer = ararext_version_compare(&u->package.version, &slot->version);
    if (newer < 0) {
        cli_say(u->cli, "Note: this is a downgrade: the board runs version %s.\n", version);
    } else if (newer == 0 && memcmp(slot->digest, u->package.data + u->package.digest_at,
                                    sizeof slot->digest) != 0) {
        cli_say(u->cli, "Note: the board runs version %s already, from another package.\n",
                version);
    }
}

static int check_board(struct update *u)
{
    static const char large[] =
        "This board runs an application that is in no package, and where packages go there is "
        "something\nthat is none: the application may reach into it. Going on ERASES it there.";
    struct ararext_message why = {""};
    int rc = ararext_package_fits(&u->package, &u->findings, &u->board, &why);
    if (rc != ARAREXT_OK) {
        rc = cli_error(u->cli, rc, "%s", why.text);
        cli_advise(u->cli, "nothing was sent; 'ararext slots' tells what the board takes");
        return rc;
    }
    note_version(u);
    if (!u->board.plain_application) {
        return ARAREXT_OK;
    }
    cli_say(u->cli, "Note: the application on the board is in no package: the board cannot go back "
                    "to it once the new one is installed.\n");
    return u->board.slots_in_use ? cli_confirm(u->cli, large, "update", u->yes) : ARAREXT_OK;
}

/* ---- while it runs ---- */

/* Whether Enter was pressed at the terminal. */
static bool take_enter(struct update *u)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    char text[64];
    if (u->asks && poll(&fd, 1, 0) > 0) {
        u->asks = fgets(text, sizeof text, stdin) != NULL;
        u->answered = u->answered || u->asks;
    }
    return u->answered;
}

static bool wants_confirming(void *ctx)
{
    struct update *u = ctx;
    return u->confirm || take_enter(u);
}

/* Each wait says what it waits for, and how long. */
static void tell_wait(struct update *u, uint32_t done, uint32_t total)
{
    unsigned rest = (total - done + 999u) / 1000u;
    if (u->told_ms != UINT32_MAX && done - u->told_ms < COUNT_MS) {
        return;
    }
    if (u->told_ms == UINT32_MAX && isatty(STDIN_FILENO) == 1) {
        (void)tcflush(STDIN_FILENO, TCIFLUSH); /* what was typed before it was asked for */
        u->asks = true;
    }
    u->told_ms = done;
    if (u->confirm && !u->result.answered) {
        cli_say(u->cli,
                "Waiting until it answers, to confirm it (%u s left); if it never does, hold "
                "the button and reset the board.\n",
                rest);
    } else {
        cli_say(u->cli, "Waiting for its confirmation by itself (%u s left)%s.\n", rest,
                u->asks ? "; Enter confirms it" : "");
    }
}

static void show(void *ctx, enum ararext_update_step step, uint32_t done, uint32_t total)
{
    static const char *const WORDS[] = {
        [ARAREXT_STEP_ERASE] = "Erasing a slot for it; what runs now stays until it is installed.",
        [ARAREXT_STEP_STAGE] = "",
        [ARAREXT_STEP_FINISH] = "The board judges it.",
        [ARAREXT_STEP_INSTALL] = "Sealed; the board resets and installs it.",
        [ARAREXT_STEP_START] = "Starting it.",
        [ARAREXT_STEP_WAIT] = "",
        [ARAREXT_STEP_CONFIRM] = "It was started: confirming it.",
        [ARAREXT_STEP_DONE] = "",
    };
    struct update *u = ctx;
    if (step != ARAREXT_STEP_STAGE) {
        cli_progress_end(&u->progress);
    }
    if (u->step != (int)step) {
        u->step = (int)step;
        if (WORDS[step][0] != '\0') {
            cli_say(u->cli, "%s\n", WORDS[step]);
        }
    }
    if (step == ARAREXT_STEP_STAGE) {
        cli_progress_show(&u->progress, ARAREXT_PHASE_WRITE, done, total);
    } else if (step == ARAREXT_STEP_WAIT) {
        tell_wait(u, done, total);
    }
}

/* ---- the verdict ---- */

static int tell_unconfirmed(struct update *u, int rc)
{
    const struct ararext_update_result *r = &u->result;
    const struct ararext_slot *slot =
        r->slot < ARAREXT_SLOT_COUNT ? &r->slots.slots[r->slot] : NULL;
    if (r->in_bootloader) {
        rc = cli_error(u->cli, rc,
                       "installed, but the board came back into the bootloader (%s): it is not "
                       "confirmed",
                       ararext_stay_reason_text(r->stay_reason));
        cli_advise(u->cli, "let go of the button, and run 'ararext reset'");
    } else if (r->answered && slot != NULL) {
        rc = cli_error(u->cli, rc,
                       "started, and not confirmed in time: %u of %u boots on trial made",
                       slot->attempts, slot->trials);
        cli_advise(u->cli, "run 'ararext slots' again later, or confirm it with 'ararext confirm'");
    } else {
        rc = cli_error(
            u->cli, rc,
            "%s, and nobody on the line told whether it was confirmed: it has to confirm "
            "itself, or the board goes back after %u boots on trial",
            r->unheard ? "the answer to the reset was lost; it was probably started" : "started",
            u->package.trials);
        cli_advise(u->cli,
                   "to confirm it by hand, hold the button, reset the board, and run "
                   "'ararext confirm'; 'ararext pack --no-confirm' is for applications that "
                   "never do");
    }
    return rc;
}

/* What a failure in the middle leaves. */
static const char *what_is_left(const struct ararext_update_result *r)
{
    if (r->started) {
        return "the new application was started, and is not confirmed";
    }
    if (r->installed) {
        return "the new application is installed, and not started";
    }
    if (r->staged) {
        return "the package is sealed: the board installs it at its next start";
    }
    return r->step >= ARAREXT_STEP_FINISH ? "whether the board sealed it is not known"
                                          : "what runs there was not touched";
}

static int tell_failure(struct update *u, int rc)
{
    struct cli *cli = u->cli;
    const struct ararext_update_result *r = &u->result;
    if (rc == ARAREXT_ERR_REJECTED) {
        rc = cli_error(cli, rc, "the board rejected it (%s)%s",
                       ararext_reject_cause_text(r->reject_cause),
                       r->slots.target < ARAREXT_SLOT_COUNT ? " and went back to the package before"
                                                            : ", and has nothing to go back to");
        cli_advise(cli, "see 'ararext slots'");
        return rc;
    }
    if (rc == ARAREXT_ERR_UNCONFIRMED) {
        return tell_unconfirmed(u, rc);
    }
    if (rc == ARAREXT_ERR_VERIFY) {
        rc = cli_error(cli, rc, "the board reports that it %s",
                       r->staged ? "has not installed it" : "would start something else");
        cli_advise(cli, "see 'ararext slots' and 'ararext info'");
        return rc;
    }
    if (rc == ARAREXT_ERR_INTERRUPTED) {
        (void)cli_error(cli, rc, "interrupted");
    } else {
        (void)cli_session_error(cli, rc);
    }
    const struct ararext_message failure = cli->error;
    bool board_says_no = rc == ARAREXT_ERR_REFUSED && !r->staged;
    return cli_error(cli, rc, "%.300s (%s)", failure.text,
                     board_says_no ? "what runs there was not touched" : what_is_left(r));
}

static void tell_success(const struct update *u)
{
    const struct ararext_update_result *r = &u->result;
    char version[32];
    ararext_version_text(&u->package.version, version, sizeof version);
    const char *start = r->in_bootloader ? "; the board stays in the bootloader"
                        : !r->started    ? ""
                        : r->unheard     ? "; probably started, the board's answer was lost"
                                         : "; started";
    if (r->nothing_to_do) {
        cli_say(u->cli, "Already there, nothing to send: the board holds version %s%s%s.\n",
                version, r->confirmed ? ", confirmed" : "", start);
    } else if (!r->started && !r->in_bootloader) {
        cli_say(u->cli, "Version %s is installed and not started: 'ararext reset'.\n", version);
    } else if (r->confirmed) {
        cli_say(u->cli, "Updated: version %s runs and is confirmed.\n", version);
    } else {
        cli_say(u->cli, "Updated: version %s is installed, and needs no confirmation%s.\n", version,
                start);
    }
    if (r->in_bootloader) {
        cli_say(u->cli,
                "It does not run yet (%s): let go of the button, and run 'ararext reset'.\n",
                ararext_stay_reason_text(r->stay_reason));
    }
}

static void document_result(cJSON *doc, const struct ararext_update_result *r)
{
    json_bool(doc, "nothing_to_do", r->nothing_to_do);
    json_bool(doc, "staged", r->staged);
    json_bool(doc, "installed", r->installed);
    json_bool(doc, "started", r->started);
    json_bool(doc, "confirmed", r->confirmed);
    json_bool(doc, "answered", r->answered);
    json_bool(doc, "in_bootloader", r->in_bootloader);
    if (r->slot < ARAREXT_SLOT_COUNT) {
        json_string(doc, "slot", r->slot == 0 ? "A" : "B");
    }
}

static int update(struct update *u)
{
    struct cli *cli = u->cli;
    int rc = find_board(u);
    if (rc == ARAREXT_OK) {
        rc = check_board(u);
    }
    /* Not before the question: a board that hears nothing for 5 s goes back to 115200. */
    if (rc == ARAREXT_OK && !u->options.no_stream) {
        rc = cli_raise_baud(cli);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    cli_progress_start(&u->progress, cli);
    u->step = -1;
    u->told_ms = UINT32_MAX;
    u->options.confirm = wants_confirming;
    u->options.progress = show;
    u->options.ctx = u;
    rc = ararext_update(cli->session, &u->package, &u->board, &u->options, &u->result);
    cli_progress_end(&u->progress);
    document_result(cli->doc, &u->result);
    if (rc != ARAREXT_OK) {
        return tell_failure(u, rc);
    }
    tell_success(u);
    return ARAREXT_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        {"confirm", no_argument, NULL, OPT_CONFIRM},
        {"force", no_argument, NULL, OPT_RESEND},
        {"no-start", no_argument, NULL, OPT_NO_START},
        {"no-stream", no_argument, NULL, OPT_NO_STREAM},
        {"timeout", required_argument, NULL, OPT_TIMEOUT},
        {"yes", no_argument, NULL, OPT_YES},
        {0},
    };
    struct update u = {.cli = cli};
    const struct cli_options options = {.own = own, .take = take, .ctx = &u, .min = 1, .max = 1};
    uint8_t *data = NULL;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_load_package(cli, argv[first], &data, &u.package);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = check_file(&u, argv[first]);
    if (rc == ARAREXT_OK) {
        rc = update(&u);
    }
    free(data);
    return rc;
}

const struct cli_command cmd_update = {
    .name = "update",
    .run = run,
    .summary = "Update the board with a package, and see it confirmed",
    .arguments = "PACKAGE [OPTION...]",
    .help = "The package is sent while the old application stays, judged by the board,\n"
            "installed and started. It then has to be confirmed, by itself, by Enter at the\n"
            "terminal, or with 'ararext confirm'; otherwise the board goes back to the\n"
            "package before. A running application that links libararext-app is asked to\n"
            "make room first. A package that is installed already is not sent again.\n\n"
            "Options:\n"
            "      --confirm        confirm it in its place, once it was started and answers;\n"
            "                       or when the bootloader is back after that\n"
            "      --force          send it again, also where the board holds just that\n"
            "      --no-start       install it, and leave the board in the bootloader\n"
            "      --no-stream      command by command at the rate of the start, also where\n"
            "                       the board can stream\n"
            "      --timeout S      seconds to wait for the confirmation (default: its boots\n"
            "                       on trial times the watchdog's time and 10 s, and some\n"
            "                       seconds where nobody on the line answers)\n"
            "  -y, --yes            do not ask where something would be lost\n",
    .example = "ararext update app.pkg",
};

/* SPDX-License-Identifier: MIT */
/*
 * An update with a package: what runs on the board stays until the package is complete and judged,
 * and the verdict says what a failure leaves.
 */
#include "web_operations.h"

#include <string.h>

#include "web_file.h"
#include "web_json.h"
#include "web_page.h"
#include "web_session.h"

struct update {
    struct web w;
    unsigned flags;
    struct web_package package;
    struct ararext_board board;
    struct ararext_update_result result;
    struct ararext_message done;
};

static void show_step(void *ctx, enum ararext_update_step step, uint32_t done, uint32_t total)
{
    static const char *const steps[] = {
        [ARAREXT_STEP_ERASE] = "erase_slot", [ARAREXT_STEP_STAGE] = "stage",
        [ARAREXT_STEP_FINISH] = "judge",     [ARAREXT_STEP_INSTALL] = "install",
        [ARAREXT_STEP_START] = "start",      [ARAREXT_STEP_WAIT] = "wait",
        [ARAREXT_STEP_CONFIRM] = "confirm",  [ARAREXT_STEP_DONE] = "done",
    };
    (void)ctx;
    json_begin("progress");
    json_string("phase", steps[step]);
    json_number("done", done);
    json_number("total", total);
    json_send();
}

static bool is_confirmed_by_hand(void *ctx)
{
    (void)ctx;
    return (page_wishes() & PAGE_WISH_CONFIRM) != 0;
}

static void note(const char *text)
{
    json_begin("note");
    json_string("text", text);
    json_send();
}

static void note_version(const struct update *u)
{
    const struct ararext_slots *s = &u->board.slots;
    if (s->installed < ARAREXT_SLOT_COUNT &&
        ararext_version_compare(&u->package.package.version, &s->slots[s->installed].version) < 0) {
        note("This is a downgrade: the board runs a newer version.");
    }
}

/* All that can be told before anything is sent. */
static int check_board(struct update *u)
{
    struct web *w = &u->w;
    int rc = ararext_package_fits(&u->package.package, &u->package.findings, &u->board, &w->why);
    if (rc != ARAREXT_OK) {
        web_say(&w->state, "nothing was sent");
        return rc;
    }
    note_version(u);
    if (!u->board.plain_application) {
        return ARAREXT_OK;
    }
    note("The application on the board is in no package: the board cannot go back to it once the "
         "new one is installed.");
    if (u->board.slots_in_use && (u->flags & WEB_ERASE_SLOTS) == 0) {
        web_say(&w->why, "this board runs an application that is in no package, and where packages "
                         "go there is something that is none: the application may reach into it, "
                         "and an update erases it");
        web_say(&w->advice, "tick 'erase where packages go' if it may be lost");
        web_say(&w->state, "nothing was sent");
        return ARAREXT_ERR_DECLINED;
    }
    return ARAREXT_OK;
}

static int find_board(struct update *u)
{
    struct web *w = &u->w;
    int rc = web_connect(w);
    w->stay = true; /* the update starts what is to run */
    if (rc == ARAREXT_OK) {
        rc = ararext_board_read(w->session, &u->board);
    }
    if (rc == ARAREXT_OK) {
        web_tell_slots(&u->board.slots);
    } else if (rc == ARAREXT_ERR_UNSUPPORTED) {
        web_say(&w->why, "this bootloader knows no packages");
        web_say(&w->advice, "flash an application, or put a newer bootloader on the board");
    }
    return rc;
}

/* ---- the verdict ---- */

static void say_unconfirmed(struct update *u)
{
    struct web *w = &u->w;
    const struct ararext_update_result *r = &u->result;
    if (r->in_bootloader) {
        web_say(&w->why,
                "installed, but the board came back into its bootloader (%s): it is not confirmed",
                ararext_stay_reason_text(r->stay_reason));
        web_say(&w->advice, "let go of the button, and reset the board");
    } else if (r->answered && r->slot < ARAREXT_SLOT_COUNT) {
        web_say(&w->why, "started, and not confirmed in time: %u of %u boots on trial made",
                r->slots.slots[r->slot].attempts, r->slots.slots[r->slot].trials);
        web_say(&w->advice, "look at the board again later, or confirm it here");
    } else {
        web_say(&w->why,
                "%s, and nobody on the line told whether it was confirmed: it has to confirm "
                "itself, or the board goes back after %u boots on trial",
                r->unheard ? "the answer to the reset was lost; it was probably started"
                           : "started",
                u->package.package.trials);
        web_say(&w->advice, "to confirm it by hand, hold the button, reset the board, connect, and "
                            "confirm it");
    }
}

static const char *what_is_left(const struct ararext_update_result *r, int code)
{
    if (code == ARAREXT_ERR_REFUSED && !r->staged) {
        return "what runs there was not touched";
    }
    return r->started     ? "the new application was started, and is not confirmed"
           : r->installed ? "the new application is installed, and not started"
           : r->staged    ? "the package is sealed: the board installs it at its next start"
           : r->step >= ARAREXT_STEP_FINISH ? "whether the board sealed it is not known"
                                            : "what runs there was not touched";
}

static void say_failure(struct update *u, int code)
{
    struct web *w = &u->w;
    const struct ararext_update_result *r = &u->result;
    if (code == ARAREXT_ERR_REJECTED) {
        web_say(&w->why, "the board rejected it (%s)%s", ararext_reject_cause_text(r->reject_cause),
                r->slots.target < ARAREXT_SLOT_COUNT ? " and went back to the package before"
                                                     : ", and has nothing to go back to");
    } else if (code == ARAREXT_ERR_UNCONFIRMED) {
        say_unconfirmed(u);
    } else if (code == ARAREXT_ERR_VERIFY) {
        web_say(&w->why, "the board reports that it %s",
                r->staged ? "has not installed it" : "would start something else");
    } else {
        web_say(&w->state, "%s", what_is_left(r, code));
    }
}

static void say_success(struct update *u)
{
    const struct ararext_update_result *r = &u->result;
    char version[32];
    ararext_version_text(&u->package.package.version, version, sizeof version);
    const char *start = r->in_bootloader ? "; the board stays in its bootloader: let go of the "
                                           "button, and reset it"
                        : !r->started    ? ""
                        : r->unheard     ? "; probably started, the board's answer was lost"
                                         : "; started";
    if (r->nothing_to_do) {
        web_say(&u->done, "Already there, nothing to send: the board holds version %s%s%s.",
                version, r->confirmed ? ", confirmed" : "", start);
    } else if (!r->started && !r->in_bootloader) {
        web_say(&u->done, "Version %s is installed and not started: reset the board.", version);
    } else if (r->confirmed) {
        web_say(&u->done, "Updated: version %s runs and is confirmed.", version);
    } else {
        web_say(&u->done, "Updated: version %s is installed, and needs no confirmation%s.", version,
                start);
    }
}

static int update(struct update *u, const struct web_file *file)
{
    struct web *w = &u->w;
    const struct ararext_update_options options = {.no_start = (u->flags & WEB_START) == 0,
                                                   .force = (u->flags & WEB_FORCE) != 0,
                                                   .confirm = is_confirmed_by_hand,
                                                   .progress = show_step};
    int rc = web_load_package(w, file, &u->package);
    if (rc == ARAREXT_OK) {
        rc = find_board(u);
    }
    if (rc == ARAREXT_OK) {
        rc = check_board(u);
    }
    if (rc == ARAREXT_OK && (u->flags & WEB_PLAN) == 0) {
        rc = web_raise_baud(w);
    }
    if (rc != ARAREXT_OK || (u->flags & WEB_PLAN) != 0) {
        w->stay = (u->flags & WEB_PLAN) == 0;
        return rc;
    }
    rc = ararext_update(w->session, &u->package.package, &u->board, &options, &u->result);
    web_tell_slots(&u->result.slots);
    if (rc == ARAREXT_OK) {
        say_success(u);
    } else {
        say_failure(u, rc);
    }
    return rc;
}

PAGE_EXPORT(web_update)
int web_update(const uint8_t *data, size_t len, unsigned flags, unsigned baud)
{
    static struct update u;
    const struct web_file file = {data, len, "", flags};
    memset(&u, 0, sizeof u);
    u.flags = flags;
    web_start(&u.w, baud);
    return web_end(&u.w, update(&u, &file), u.done.text);
}

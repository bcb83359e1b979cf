/* SPDX-License-Identifier: MIT */
/*
 * ararext flash: gets an application into flash, verifies it, and starts it if asked to. Everything
 * that can be checked is checked before the board is changed; after a failure it says what state
 * flash is in.
 */
#include "cli.h"

#include <string.h>

#include "ararext_package.h"
#include "cli_boards.h"
#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_monitor.h"
#include "cli_options.h"
#include "cli_progress.h"
#include "cli_watch.h"

enum {
    OPT_RUN = OPT_OWN,
    OPT_STAY,
    OPT_NO_VERIFY,
    OPT_VERIFY,
    OPT_DRY_RUN,
    OPT_ERASE_ALWAYS,
    OPT_NO_STREAM,
    OPT_NO_COMPRESS,
    OPT_MONITOR,
    OPT_WATCH
};

struct flash_options {
    struct cli_image_options image;
    struct ararext_flash_options flash;
    struct cli_monitor_options console;
    struct cli_watched watched;
    bool run, stay, dry_run, monitor, watch;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct flash_options *o = ctx;
    switch (code) {
    case OPT_RUN:
        o->run = true;
        return ARAREXT_OK;
    case OPT_STAY:
        o->stay = true;
        return ARAREXT_OK;
    case OPT_MONITOR:
        o->monitor = true;
        return ARAREXT_OK;
    case OPT_WATCH:
        o->watch = true;
        return ARAREXT_OK;
    case OPT_NO_VERIFY:
        o->flash.verify = ARAREXT_VERIFY_NONE;
        return ARAREXT_OK;
    case OPT_DRY_RUN:
        o->dry_run = true;
        return ARAREXT_OK;
    case OPT_ERASE_ALWAYS:
        o->flash.erase_always = true;
        return ARAREXT_OK;
    case OPT_NO_STREAM:
        o->flash.no_stream = true;
        return ARAREXT_OK;
    case OPT_NO_COMPRESS:
        o->flash.no_compress = true;
        return ARAREXT_OK;
    case OPT_VERIFY:
        if (strcmp(value, "read") == 0 || strcmp(value, "auto") == 0) {
            o->flash.verify = value[0] == 'r' ? ARAREXT_VERIFY_READ : ARAREXT_VERIFY_AUTO;
            return ARAREXT_OK;
        }
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "verify '%s': expected auto or read", value);
    default:
        return code >= OPT_MONITOR_FIRST && code < OPT_MONITOR_END
                   ? cli_take_monitor_option(cli, &o->console, code, value)
                   : cli_take_image_option(cli, &o->image, code, value);
    }
}

static const char *const ACTIONS[] = {
    [ARAREXT_KEEP] = "keep", [ARAREXT_PROGRAM] = "program", [ARAREXT_ERASE] = "erase"};
static const char *const ACTION_TEXTS[] = {
    [ARAREXT_KEEP] = "holds it already",
    [ARAREXT_PROGRAM] = "blank there, no erase needed",
    [ARAREXT_ERASE] = "erase and write",
};

static void show_plan(const struct cli *cli, const struct ararext_plan *plan, bool text)
{
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "plan");
    for (size_t i = 0; i < plan->count; i++) {
        enum ararext_action action = plan->sectors[i].action;
        cJSON *item = cJSON_CreateObject();
        json_number(item, "sector", plan->sectors[i].sector);
        json_string(item, "action", ACTIONS[action]);
        json_number(item, "image_bytes", plan->sectors[i].image_bytes);
        cJSON_AddItemToArray(list, item);
        if (text) {
            cli_print(cli, "sector %2u: %6u bytes, %s\n", plan->sectors[i].sector,
                      (unsigned)plan->sectors[i].image_bytes, ACTION_TEXTS[action]);
        }
    }
    json_number(cli->doc, "erase_bytes", plan->erase_bytes);
    json_number(cli->doc, "write_bytes", plan->write_bytes);
}

static void document_result(cJSON *doc, const struct ararext_flash_result *r)
{
    json_number(doc, "sectors_erased", r->sectors_erased);
    json_number(doc, "bytes_written", r->bytes_written);
    json_number(doc, "bytes_verified", r->bytes_verified);
    json_number(doc, "stream_bytes", r->stream_bytes);
    json_number(doc, "resent_bytes", r->resent_bytes);
    json_bool(doc, "compressed", r->packed);
    json_bool(doc, "bootable", r->bootable);
    json_bool(doc, "bootable_known", !r->unknown);
    json_number(doc, "erase_ms", (double)r->erase_ms);
    json_number(doc, "write_ms", (double)r->write_ms);
    json_number(doc, "verify_ms", (double)r->verify_ms);
}

/* What a failed operation is about. */
struct attempt {
    const struct ararext_info *info;
    const struct ararext_image *image;
    const struct ararext_plan *plan;
    const struct ararext_flash_result *result;
};

/* What happens at the next start, as far as it is known. */
static const char *next_start(const struct attempt *a)
{
    const struct ararext_sector *first = &a->info->sectors[a->plan->sectors[0].sector];
    uint32_t base = a->info->app_base;
    bool in_sector = base >= first->addr && base - first->addr < first->size;
    if (ararext_image_segment(a->image, 0).addr != base &&
        (!in_sector || a->plan->sectors[0].action != ARAREXT_ERASE)) {
        return "where an application starts, flash is as it was";
    }
    if (a->result->unknown) {
        return "whether an application will start is not known; the bootloader goes on answering "
               "with PA0 high at reset";
    }
    return a->result->bootable ? "the application may start, but not all of it is verified"
                               : "the application will not start, the bootloader goes on answering";
}

static const char *sectors_word(const struct ararext_flash_result *r)
{
    return r->sectors_erased == 1 ? "sector" : "sectors";
}

/* After a failure: what is in flash now, and what to do. */
static int explain(struct cli *cli, int rc, const struct attempt *a)
{
    const struct ararext_flash_result *r = a->result;
    struct ararext_message failure;
    if (rc == ARAREXT_ERR_VERIFY) {
        (void)cli_verify_error(cli, r);
        cli_advise(cli,
                   "try again; if it fails at the same address, that part of flash is worn out");
    } else if (rc == ARAREXT_ERR_INTERRUPTED) {
        (void)cli_error(cli, rc, "interrupted");
    } else {
        (void)cli_session_error(cli, rc);
    }
    failure = cli->error;
    if (!r->touched) {
        return cli_error(cli, rc, "%.300s (flash was not changed)", failure.text);
    }
    if (cli->advice.text[0] == '\0') {
        cli_advise(cli, "run 'ararext flash' again");
    }
    return cli_error(cli, rc, "%.250s (%u %s erased and %u of %u bytes written so far; %s)",
                     failure.text, (unsigned)r->sectors_erased, sectors_word(r),
                     (unsigned)r->bytes_written, (unsigned)a->plan->write_bytes, next_start(a));
}

static void show_result(const struct cli *cli, const struct ararext_flash_result *r,
                        const struct ararext_flash_options *o)
{
    if (!r->touched) {
        cli_say(cli, "Nothing to write: the board holds this image already.\n");
    } else if (o->verify == ARAREXT_VERIFY_NONE) {
        cli_say(cli, "Flashed, not verified: %u %s erased, %u bytes written.\n",
                (unsigned)r->sectors_erased, sectors_word(r), (unsigned)r->bytes_written);
    } else {
        cli_say(cli, "Flashed and verified: %u %s erased, %u bytes written in %.1f s.\n",
                (unsigned)r->sectors_erased, sectors_word(r), (unsigned)r->bytes_written,
                (double)(r->erase_ms + r->write_ms + r->verify_ms) / 1000.0);
    }
}

static int start(struct cli *cli, uint32_t addr)
{
    int rc = cli->wired ? cli_start(cli) : cli_session_error(cli, ararext_go(cli->session, addr));
    if (rc == ARAREXT_OK) {
        json_bool(cli->doc, "started", true);
        cli_say(cli, "Started the application at 0x%08X%s.\n", (unsigned)addr,
                cli->wired ? ", by a reset" : "");
    }
    return rc;
}

/* The port stays open: nothing of what the application says first is lost. */
static int show_output(struct cli *cli, const struct flash_options *o)
{
    struct ararext_transport port;
    ararext_release(cli->session, &port);
    cli->session = NULL;
    return cli_monitor(cli, &o->console, &port, cli->port_path);
}

/* Direct flashing and packages do not go together. */
static int look_at_packages(struct cli *cli, const struct ararext_info *info, bool dry_run)
{
    struct ararext_slots slots;
    bool sealed = false;
    if ((info->features & ARAREXT_FEATURE_PACKAGES) == 0) {
        return ARAREXT_OK;
    }
    int rc = cli_session_error(cli, ararext_get_slots(cli->session, &slots));
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (slots.trust != ARAREXT_TRUST_OPEN) {
        struct ararext_message why;
        ararext_reason_text(ARAREXT_REASON_PROVISIONED, 0, &why);
        rc = cli_error(cli, ARAREXT_ERR_REFUSED, "%s (nothing was sent)", why.text);
        cli_advise(cli, "%s", ararext_reason_advice(ARAREXT_REASON_PROVISIONED));
        return rc;
    }
    for (size_t i = 0; i < ARAREXT_SLOT_COUNT; i++) {
        sealed = sealed || slots.slots[i].state >= ARAREXT_SLOT_STAGED;
    }
    json_bool(cli->doc, "retires_packages", sealed);
    if (sealed) {
        cli_say(cli,
                "Note: the packages on the board %s retired by this: it cannot go back to "
                "them.\n",
                dry_run ? "would be" : "are");
    }
    return ARAREXT_OK;
}

static int flash_image(struct cli *cli, struct flash_options *o, const struct ararext_image *image)
{
    struct ararext_info info;
    struct ararext_plan plan;
    struct ararext_flash_result result = {0};
    struct cli_progress progress;
    const struct attempt attempt = {&info, image, &plan, &result};
    cli->stay = o->stay;
    int rc = cli_connect_info(cli, &info);
    if (rc == ARAREXT_OK && !o->flash.no_stream) {
        rc = cli_raise_baud(cli);
    }
    if (rc == ARAREXT_OK) {
        rc = cli_check_image(cli, image, &info, &o->image);
    }
    if (rc == ARAREXT_OK) {
        rc = look_at_packages(cli, &info, o->dry_run);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    cli_progress_start(&progress, cli);
    o->flash.progress = cli_progress_show;
    o->flash.ctx = &progress;
    rc = ararext_flash_plan(cli->session, &info, image, &o->flash, &plan);
    if (rc != ARAREXT_OK || o->dry_run) {
        cli_progress_end(&progress);
        show_plan(cli, &plan, rc == ARAREXT_OK);
        return rc == ARAREXT_OK ? rc : explain(cli, rc, &attempt);
    }
    show_plan(cli, &plan, false);
    rc = ararext_flash_run(cli->session, image, &plan, &o->flash, &result);
    cli_progress_end(&progress);
    document_result(cli->doc, &result);
    if (rc != ARAREXT_OK) {
        return explain(cli, rc, &attempt);
    }
    show_result(cli, &result, &o->flash);
    if (!o->run && !o->monitor && (!cli->made_room || o->stay)) {
        return ARAREXT_OK;
    }
    cli->stay = true; /* the new one is started by its address */
    rc = start(cli, info.app_base);
    return rc == ARAREXT_OK && o->monitor ? show_output(cli, o) : rc;
}

/* One of several. */
struct several {
    const struct flash_options *options;
    const struct ararext_image *image;
};

static int flash_one(struct cli *board, void *ctx)
{
    const struct several *all = ctx;
    struct flash_options mine = *all->options;
    return flash_image(board, &mine, all->image);
}

static int flash_all(struct cli *cli, struct flash_options *o, const struct ararext_image *image)
{
    struct several all = {o, image};
    cli_prepare_baud(cli);
    if (cli->port_count < 2) {
        return flash_image(cli, o, image);
    }
    if (o->dry_run) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "--dry-run: one --port at a time");
    }
    return cli_run_boards(cli, flash_one, &all);
}

static int flash_file(struct cli *cli, const char *path, void *ctx)
{
    struct flash_options *o = ctx;
    struct ararext_image *image = NULL;
    int rc = cli_load_image(cli, path, &o->image, &image);
    if (rc == ARAREXT_OK) {
        rc = flash_all(cli, o, image);
        ararext_image_free(image);
    }
    return rc;
}

/* What does not go together. */
static int check_words(struct cli *cli, const struct flash_options *o, const char *path)
{
    const char *wrong = NULL;
    if (o->monitor && (o->stay || o->dry_run)) {
        wrong = "--monitor shows what the application says: not with --stay or --dry-run";
    } else if (o->monitor && cli->port_count > 1) {
        wrong = "--monitor: one --port at a time";
    } else if (o->watch && (cli->json || o->dry_run || strcmp(path, "-") == 0)) {
        wrong = "--watch flashes a file each time it changes: not with --json, --dry-run or "
                "standard input";
    }
    return wrong == NULL ? ARAREXT_OK : cli_error(cli, ARAREXT_ERR_ARGUMENT, "%s", wrong);
}

static int run_with(struct cli *cli, int argc, char **argv, struct flash_options *o)
{
    static const struct option own[] = {
        CLI_IMAGE_OPTIONS,
        {"run", no_argument, NULL, OPT_RUN},
        {"stay", no_argument, NULL, OPT_STAY},
        {"no-verify", no_argument, NULL, OPT_NO_VERIFY},
        {"verify", required_argument, NULL, OPT_VERIFY},
        {"dry-run", no_argument, NULL, OPT_DRY_RUN},
        {"erase-always", no_argument, NULL, OPT_ERASE_ALWAYS},
        {"no-stream", no_argument, NULL, OPT_NO_STREAM},
        {"no-compress", no_argument, NULL, OPT_NO_COMPRESS},
        {"monitor", no_argument, NULL, OPT_MONITOR},
        {"watch", no_argument, NULL, OPT_WATCH},
        CLI_MONITOR_OPTIONS,
        {0},
    };
    const struct cli_options options = {.own = own, .take = take, .ctx = o, .min = 1, .max = 1};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = check_words(cli, o, argv[first]);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (!o->watch) {
        return flash_file(cli, argv[first], o);
    }
    o->watched.path = argv[first];
    o->console.enough = cli_watched_changed;
    o->console.ctx = &o->watched;
    return cli_watch(cli, &o->watched, flash_file, o);
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct flash_options o = {0};
    return run_with(cli, argc, argv, &o);
}

static int run_and_monitor(struct cli *cli, int argc, char **argv)
{
    struct flash_options o = {.run = true, .monitor = true};
    return run_with(cli, argc, argv, &o);
}

const struct cli_command cmd_flash = {
    .name = "flash",
    .run = run,
    .summary = "Flash an application, verify it, start it if asked to",
    .arguments = "FILE [OPTION...]",
    .help = "FILE is ELF, Intel HEX, S-record, UF2, DfuSe or binary (- is stdin). A binary\n"
            "has a name that ends in .bin, or --address. The board is asked for digests of\n"
            "its sectors first: those that hold what they should are skipped, the others\n"
            "erased once. What was written is verified by a digest that the board computes.\n"
            "A transfer that breaks off goes on where it stopped when the line is back; one\n"
            "that is given up leaves nothing that looks bootable: the first word is written\n"
            "last. With several --port all these boards are flashed at once, with a line of\n"
            "progress for each and one verdict: the status is that of the worst.\n\n"
            "Options:\n"
            "      --run            start the application afterwards; without this, too,\n"
            "                       where one was running that made room\n"
            "      --stay           stay in the bootloader, whatever was running\n"
            "      --monitor        start it, and show what it says (see 'monitor')\n"
            "      --watch          flash again each time FILE changes, until Ctrl-C\n"
            "      --dry-run        show what would be done, change nothing (one --port)\n"
            "      --no-verify      do not check flash afterwards\n"
            "      --verify HOW     auto (by CRC on the board where it can; default) or read\n"
            "                       (read every byte back)\n"
            "      --erase-always   erase and write all, whatever flash holds\n"
            "      --no-stream      command by command at the rate of the start, also where\n"
            "                       the board can stream\n"
            "      --no-compress    do not compress what is sent, also where that would\n"
            "                       save time\n" CLI_IMAGE_HELP
            "With --monitor also:\n" CLI_MONITOR_HELP,
    .several = true,
    .example = "ararext flash application.elf --run",
};

const struct cli_command cmd_run = {
    .name = "run",
    .run = run_and_monitor,
    .summary = "Flash an application, start it, and show what it says",
    .arguments = "FILE [OPTION...]",
    .help = "The same as 'flash FILE --run --monitor', and it takes the same options.\n\n"
            "Options:\n"
            "      --watch          all of that again each time FILE changes, until Ctrl-C\n"
            "      --no-verify      do not check flash afterwards\n"
            "      --verify HOW     auto or read\n"
            "      --erase-always   erase and write all, whatever flash holds\n"
            "      --no-stream      command by command at the rate of the start\n"
            "      --no-compress    do not compress what is sent\n" CLI_IMAGE_HELP CLI_MONITOR_HELP,
    .example = "ararext run application.elf --for 10",
};

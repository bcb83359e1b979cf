/* SPDX-License-Identifier: MIT */
/* ararext erase: erases sectors, one after the other, or all of the application's. */
#include "cli.h"

#include "cli_confirm.h"
#include "cli_connect.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_progress.h"

enum { OPT_SECTOR = OPT_OWN, OPT_ALL, OPT_YES };

struct erase_options {
    uint16_t sectors;
    bool all, yes;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct erase_options *o = ctx;
    switch (code) {
    case OPT_SECTOR:
        return cli_sectors(cli, value, &o->sectors);
    case OPT_ALL:
        o->all = true;
        return ARAREXT_OK;
    case OPT_YES:
        o->yes = true;
        return ARAREXT_OK;
    default:
        return ARAREXT_ERR_ARGUMENT; /* the table has no other */
    }
}

static uint32_t bytes_of(const struct ararext_info *info, uint16_t sectors)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < 16; i++) {
        if ((sectors >> i & 1) != 0) {
            sum += i < info->sector_count ? info->sectors[i].size : 0;
        }
    }
    return sum;
}

static uint16_t application_sectors(const struct ararext_info *info)
{
    uint16_t bits = 0;
    for (size_t i = 0; i < info->sector_count && i < 16; i++) {
        if (info->sectors[i].addr >= info->app_base && info->sectors[i].addr < info->app_end) {
            bits = (uint16_t)(bits | 1u << i);
        }
    }
    return bits;
}

/* One sector a frame: the board answers each, and Ctrl-C takes effect between two. */
static int erase_sectors(struct cli *cli, const struct ararext_info *info, uint16_t sectors)
{
    struct cli_progress progress;
    uint32_t total = bytes_of(info, sectors), done = 0;
    unsigned count = 0;
    int rc = ARAREXT_OK;
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "erased");
    cli_progress_start(&progress, cli);
    for (uint8_t i = 0; rc == ARAREXT_OK && i < 16; i++) {
        if ((sectors >> i & 1) == 0) {
            continue;
        }
        cli_progress_show(&progress, ARAREXT_PHASE_ERASE, done, total);
        rc = ararext_erase(cli->session, i, 1);
        if (rc == ARAREXT_OK) {
            done += i < info->sector_count ? info->sectors[i].size : 0;
            count++;
            cJSON_AddItemToArray(list, cJSON_CreateNumber(i));
        }
    }
    if (rc == ARAREXT_OK) {
        cli_progress_show(&progress, ARAREXT_PHASE_ERASE, done, total);
    }
    cli_progress_end(&progress);
    if (rc == ARAREXT_ERR_INTERRUPTED) {
        return cli_error(cli, rc,
                         "interrupted: %u sectors were erased, the others are as they were", count);
    }
    if (rc == ARAREXT_OK) {
        cli_say(cli, "Erased %u %s.\n", count, count == 1 ? "sector" : "sectors");
    }
    return cli_session_error(cli, rc);
}

/* All that belongs to the application, by whatever option. */
static int erase_all(struct cli *cli, const struct ararext_info *info, uint16_t sectors, bool yes)
{
    char what[160];
    snprintf(what, sizeof what,
             "This erases everything behind the bootloader, 0x%08X-0x%08X, on the board at %.60s.",
             (unsigned)info->app_base, (unsigned)(info->app_end - 1), cli->port_path);
    int rc = cli_confirm(cli, what, "erase", yes);
    return rc == ARAREXT_OK ? erase_sectors(cli, info, sectors) : rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        {"sector", required_argument, NULL, OPT_SECTOR},
        {"sectors", required_argument, NULL, OPT_SECTOR},
        {"all", no_argument, NULL, OPT_ALL},
        {"yes", no_argument, NULL, OPT_YES},
        {0},
    };
    struct erase_options o = {0};
    const struct cli_options options = {.own = own, .take = take, .ctx = &o};
    struct ararext_info info;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    if (o.all == (o.sectors != 0)) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "erase: give either --sector N or --all");
    }
    rc = cli_connect_info(cli, &info);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    uint16_t application = application_sectors(&info);
    uint16_t sectors = o.all ? application : o.sectors;
    return (sectors & application) == application ? erase_all(cli, &info, sectors, o.yes)
                                                  : erase_sectors(cli, &info, sectors);
}

const struct cli_command cmd_erase = {
    .name = "erase",
    .run = run,
    .summary = "Erase sectors of flash",
    .arguments = "--sector N[..M] | --all [OPTION...]",
    .help = "Options:\n"
            "      --sector LIST    sectors, like 2, 2..5 or 2,4-6\n"
            "      --all            all sectors behind the bootloader; asks first\n"
            "                       (so do sectors that are all of them)\n"
            "  -y, --yes            do not ask\n",
    .example = "ararext erase --sector 4-7",
};

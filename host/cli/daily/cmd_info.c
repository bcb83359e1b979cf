/* SPDX-License-Identifier: MIT */
/* ararext info: what board this is, what it holds and how it is protected. Changes nothing. */
#include "cli.h"

#include <stdio.h>

#include "ararext_board.h"
#include "cli_connect.h"
#include "cli_document.h"
#include "cli_options.h"
#include "cli_package.h"

static const char *rdp_text(uint8_t rdp)
{
    return rdp == 0xAA   ? "level 0 (none)"
           : rdp == 0xCC ? "level 2 (for ever)"
                         : "level 1 (leaving it erases the chip)";
}

static void show_chip(const struct cli *cli, const struct ararext_info *info)
{
    cli_print(cli, "Board on %s\n", cli->port_path);
    if (info->extended) {
        cli_print(cli, "  bootloader        %u.%u.%u%s, protocol %u.%u\n", info->version[0],
                  info->version[1], info->version[2],
                  (info->features & ARAREXT_FEATURE_DEBUG) != 0 ? " debug build" : "",
                  info->protocol >> 4u, info->protocol & 15u);
    } else {
        cli_print(cli,
                  "  bootloader        protocol %u.%u (known from the twelve commands alone)\n",
                  info->protocol >> 4u, info->protocol & 15u);
    }
    cli_print(cli, "  chip              device 0x%03X%s", info->device_id,
              info->device_id == 0x413 ? " (STM32F405/407)" : "");
    if (info->extended) {
        cli_print(cli, ", revision 0x%04X", info->revision_id);
    }
    cli_print(cli, "\n  unique ID         ");
    for (size_t i = 0; i < sizeof info->uid; i++) {
        cli_print(cli, "%02X", info->uid[i]);
    }
    cli_print(cli, "\n  flash             %u KiB, application 0x%08X-0x%08X\n", info->flash_kib,
              (unsigned)info->app_base, (unsigned)(info->app_end - 1));
    cli_print(cli, "  free SRAM         0x%08X-0x%08X\n", (unsigned)info->sram_base,
              (unsigned)(info->sram_end - 1));
    if (info->extended) {
        cli_print(cli, "  clock             %.3g MHz, %s\n", (double)info->core_hz / 1e6,
                  info->clock_source == 1 ? "from the crystal" : "without crystal (HSI)");
        cli_print(cli, "  last reset        %s\n", ararext_reset_cause_text(info->reset_cause));
        cli_print(cli, "  in bootloader by  %s\n", ararext_stay_reason_text(info->stay_reason));
    }
    cli_print(cli, "  read protection   %s\n", rdp_text(info->rdp));
}

static void show_sectors(const struct cli *cli, const struct ararext_info *info)
{
    cli_print(cli, "  sectors\n");
    for (size_t i = 0; i < info->sector_count; i++) {
        const struct ararext_sector *s = &info->sectors[i];
        bool is_protected = i < 12 && (info->nwrp >> i & 1) == 0;
        cli_print(cli, "    %2zu  0x%08X  %3u KiB%s%s\n", i, (unsigned)s->addr,
                  (unsigned)(s->size / 1024), s->addr < info->app_base ? "  bootloader" : "",
                  is_protected ? "  write-protected" : "");
    }
}

static void document_sectors(cJSON *doc, const struct ararext_info *info)
{
    cJSON *list = cJSON_AddArrayToObject(doc, "sectors");
    for (size_t i = 0; i < info->sector_count; i++) {
        const struct ararext_sector *s = &info->sectors[i];
        cJSON *item = cJSON_CreateObject();
        json_addr(item, "address", s->addr);
        json_number(item, "size", s->size);
        json_bool(item, "bootloader", s->addr < info->app_base);
        json_bool(item, "write_protected", i < 12 && (info->nwrp >> i & 1) == 0);
        cJSON_AddItemToArray(list, item);
    }
}

static void document(cJSON *doc, const struct ararext_info *info)
{
    char text[32];
    json_bool(doc, "extended", info->extended);
    snprintf(text, sizeof text, "%u.%u", (unsigned)info->protocol >> 4, info->protocol & 15u);
    json_string(doc, "protocol", text);
    if (info->extended) {
        snprintf(text, sizeof text, "%u.%u.%u", info->version[0], info->version[1],
                 info->version[2]);
        json_string(doc, "bootloader_version", text);
        json_number(doc, "revision_id", info->revision_id);
        json_number(doc, "core_hz", info->core_hz);
        json_string(doc, "clock_source", info->clock_source == 1 ? "HSE" : "HSI");
        json_string(doc, "reset_cause", ararext_reset_cause_text(info->reset_cause));
        json_string(doc, "stay_reason", ararext_stay_reason_text(info->stay_reason));
        json_number(doc, "features", info->features);
        json_number(doc, "length_max", info->length_max);
        json_number(doc, "ring_size", info->ring_size);
    }
    json_number(doc, "device_id", info->device_id);
    json_number(doc, "flash_kib", info->flash_kib);
    json_hex(doc, "unique_id", info->uid, sizeof info->uid);
    json_addr(doc, "application_base", info->app_base);
    json_addr(doc, "application_end", info->app_end);
    json_addr(doc, "free_sram_base", info->sram_base);
    json_addr(doc, "free_sram_end", info->sram_end);
    json_number(doc, "rdp", info->rdp);
    json_number(doc, "rdp_level", info->rdp == 0xAA ? 0 : info->rdp == 0xCC ? 2 : 1);
    json_number(doc, "nwrp", info->nwrp);
    document_sectors(doc, info);
}

/* What the application area holds, where that may be asked. */
static int show_plain_application(struct cli *cli, const struct ararext_info *info)
{
    struct ararext_application app;
    int rc = ararext_find_application(cli->session, info, &app);
    if (rc == ARAREXT_ERR_UNSUPPORTED) {
        return ARAREXT_OK;
    }
    if (rc != ARAREXT_OK) {
        return cli_session_error(cli, rc);
    }
    json_number(cli->doc, "application_bytes", app.bytes);
    json_bool(cli->doc, "application_plausible", app.plausible);
    if (app.bytes == 0 && app.further == 0) {
        cli_print(cli, "  application       none: the area is erased\n");
        return ARAREXT_OK;
    }
    json_number(cli->doc, "application_crc", app.crc);
    cli_print(cli, "  application       %s%u bytes, CRC %08X\n",
              app.plausible ? "" : "none that could start; ", (unsigned)app.bytes,
              (unsigned)app.crc);
    if (app.further != 0) {
        json_addr(cli->doc, "application_further", app.further - 1);
        cli_print(cli,
                  "                    and bytes up to 0x%08X behind erased flash: of an older, "
                  "longer one,\n                    or more of this one behind a gap\n",
                  (unsigned)app.further - 1);
    }
    return ARAREXT_OK;
}

static int show_application(struct cli *cli, const struct ararext_info *info,
                            const struct ararext_slots *slots)
{
    char version[32];
    if (slots->installed < ARAREXT_SLOT_COUNT) {
        const struct ararext_slot *slot = &slots->slots[slots->installed];
        ararext_version_text(&slot->version, version, sizeof version);
        json_string(cli->doc, "application_version", version);
        cli_print(cli, "  application       version %s, of the package in slot %c, %s\n", version,
                  "AB"[slots->installed], ararext_slot_state_text(slot->state));
        return ARAREXT_OK;
    }
    return slots->trust == ARAREXT_TRUST_OPEN ? show_plain_application(cli, info) : ARAREXT_OK;
}

/* An open board runs what it is given; that should not be able to erase the bootloader. */
static void recommend_lock(const struct cli *cli, const struct ararext_info *info)
{
    bool locked = (info->nwrp & 3u) == 0;
    json_bool(cli->doc, "locked", locked);
    if (!locked && (info->features & ARAREXT_FEATURE_LOCK) != 0) {
        cli_say(cli,
                "Recommended before this board leaves the house: 'ararext lock' write-protects "
                "the bootloader.\n");
    }
}

/* What kind of board it takes itself for, where it knows that. */
static int show_board(struct cli *cli, const struct ararext_info *info)
{
    struct ararext_block block;
    uint8_t bytes[ARAREXT_BLOCK_SIZE];
    bool own = false;
    if ((info->features & ARAREXT_FEATURE_BOARD) == 0) {
        return ARAREXT_OK;
    }
    int rc = cli_session_error(cli, ararext_get_block(cli->session, &own, bytes));
    if (rc != ARAREXT_OK || ararext_block_decode(&block, bytes, NULL) != ARAREXT_OK) {
        return rc;
    }
    json_string(cli->doc, "board", block.name);
    json_bool(cli->doc, "board_block", own);
    json_number(cli->doc, "entry_window_ms", block.window_ms);
    cli_print(cli, "  board             %s%s", block.name,
              own ? "" : ": the built-in one, the board block does not check");
    if (block.window_ms != 0) {
        cli_print(cli, ", listens for %u ms after a reset", block.window_ms);
    }
    cli_print(cli, "\n");
    return ARAREXT_OK;
}

/* Whom the board trusts, where it knows packages. */
static int show_trust(struct cli *cli, const struct ararext_info *info)
{
    struct ararext_slots slots = {.installed = ARAREXT_SLOT_NONE};
    uint8_t hashes[ARAREXT_KEYS_MAX][ARAREXT_DIGEST_SIZE];
    if ((info->features & ARAREXT_FEATURE_PACKAGES) == 0) {
        return show_application(cli, info, &slots);
    }
    int rc = cli_session_error(cli, ararext_get_slots(cli->session, &slots));
    if (rc == ARAREXT_OK) {
        bool known = slots.keys != 0 && cli_read_key_hashes(cli, hashes);
        cli_show_trust(cli, &slots, known ? hashes : NULL);
        rc = show_application(cli, info, &slots);
    }
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct cli_options options = {0};
    struct ararext_info info;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_connect_info(cli, &info);
    if (rc == ARAREXT_OK) {
        document(cli->doc, &info);
        show_chip(cli, &info);
        rc = show_board(cli, &info);
        rc = rc == ARAREXT_OK ? show_trust(cli, &info) : rc;
        show_sectors(cli, &info);
        recommend_lock(cli, &info);
    }
    return rc;
}

const struct cli_command cmd_info = {
    .name = "info",
    .run = run,
    .summary = "Show what board this is, how it is protected, whom it trusts",
    .arguments = "[OPTION...]",
    .help = "",
    .example = "ararext info",
};

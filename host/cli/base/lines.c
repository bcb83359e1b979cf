/* SPDX-License-Identifier: MIT */
/*
 * Opening ports, and the modem lines that a wiring gives a meaning. A line is touched only if a
 * wiring was asked for, and then right after opening, since that asserts DTR and RTS on most
 * systems: a board whose reset hangs on one of them would stand still.
 */
#include "cli_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli_clock.h"
#include "cli_document.h"
#include "cli_settings.h"
#include "cli_signals.h"

enum { LOOK_MS = 200 };

int cli_find_wiring(struct cli *cli)
{
    struct ararext_message why = {""};
    const char *text = cli_setting(cli, CLI_SETTING_WIRING, NULL);
    cli->wired = false;
    if (text == NULL || strcasecmp(text, "none") == 0) {
        return ARAREXT_OK;
    }
    int rc = ararext_wiring_parse(&cli->wiring, text, &why);
    if (rc != ARAREXT_OK) {
        rc = cli_error(cli, rc, "%s", why.text);
        cli_advise(cli, "'ararext config' names the patterns");
    }
    cli->wired = rc == ARAREXT_OK;
    return rc;
}

void cli_advise_about_port(struct cli *cli, int code)
{
    if (code == ARAREXT_ERR_BUSY) {
        cli_advise(cli, "close the other program (a terminal, another ararext, ModemManager)");
    } else if (code == ARAREXT_ERR_PERMISSION) {
        cli_advise(cli, "install the udev rule that comes with ararext, or join the port's group "
                        "('sudo usermod -aG dialout $USER', then log in again)");
    } else if (code == ARAREXT_ERR_NO_PORT) {
        cli_advise(cli, "see 'ararext ports' for what there is; the twin makes its port when it "
                        "starts");
    }
}

void cli_port_path(const char *name, char *path, size_t size)
{
    bool bare =
        strchr(name, '/') == NULL && strncmp(name, "usb:", 4) != 0 && access(name, F_OK) != 0;
    snprintf(path, size, "%s%s", bare ? "/dev/" : "", name);
}

/* Returns how many there are to choose from. */
static size_t choose_port(const struct ararext_port *ports, size_t count, char *path, size_t size)
{
    size_t likely = 0, others = 0, twin = 0;
    for (size_t i = 0; i < count; i++) {
        bool usual = ports[i].twin || ports[i].usb_vid >= 0;
        if (ports[i].twin && twin++ > 0) {
            continue; /* of one twin's ports the first is that of the commands, most likely */
        }
        likely += usual;
        others += !usual && !ports[i].console;
        if (usual || (likely == 0 && !ports[i].console)) {
            snprintf(path, size, "%s", ports[i].path);
        }
    }
    return likely != 0 ? likely : others;
}

int cli_only_port(struct cli *cli, char *path, size_t size)
{
    struct ararext_port *ports = NULL;
    size_t count = 0;
    int rc = ararext_list_ports(&ports, &count);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    size_t choice = choose_port(ports, count, path, size);
    free(ports);
    if (choice != 1) {
        rc = choice == 0
                 ? cli_error(cli, ARAREXT_ERR_NO_PORT, "there is no serial port to listen to")
                 : cli_error(cli, ARAREXT_ERR_MANY, "there are %zu serial ports", choice);
        cli_advise(cli, "name one with --port; 'ararext ports' lists them");
    }
    return rc;
}

/* ---- opening ---- */

/* One that is not there yet is looked for again and again. */
static int open_waiting(struct cli *cli, const char *name, struct ararext_transport *out,
                        char path[256], struct ararext_message *why)
{
    const struct timespec pause = {.tv_nsec = (long)LOOK_MS * 1000000};
    uint64_t start = cli_now_ms();
    int rc = ararext_port_open(out, name, cli->baud, path, why);
    if (rc != ARAREXT_ERR_NO_PORT || !cli->wait) {
        return rc;
    }
    cli_say(cli, "Waiting up to %u s for %s to be plugged in; Ctrl-C ends that.\n",
            (unsigned)cli->wait_s, name);
    while (rc == ARAREXT_ERR_NO_PORT && cli_now_ms() - start < (uint64_t)cli->wait_s * 1000) {
        nanosleep(&pause, NULL);
        if (cli_signal() != 0) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        rc = ararext_port_open(out, name, cli->baud, path, why);
    }
    return rc;
}

static int let_board_go(struct cli *cli, struct ararext_transport *t, const char *path)
{
    int rc = cli->wired ? ararext_wiring_release(t, &cli->wiring) : ARAREXT_OK;
    if (rc == ARAREXT_ERR_UNSUPPORTED) {
        rc = cli_error(cli, rc, "%s: this port has no modem lines, so --wiring means nothing there",
                       path);
    } else if (rc != ARAREXT_OK) {
        rc = cli_error(cli, rc, "%s: the modem lines cannot be set", path);
    }
    if (rc != ARAREXT_OK) {
        t->close(t->ctx);
    }
    return rc;
}

int cli_open_transport(struct cli *cli, const char *name, struct ararext_transport *out,
                       char path[256])
{
    char full[256];
    struct ararext_message why = {""};
    int rc = cli_find_wiring(cli);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    cli_port_path(name, full, sizeof full);
    rc = open_waiting(cli, full, out, path, &why);
    if (rc != ARAREXT_OK && rc != ARAREXT_ERR_INTERRUPTED) {
        rc = cli_error(cli, rc, "%s", why.text);
        cli_advise_about_port(cli, rc);
    }
    return rc == ARAREXT_OK ? let_board_go(cli, out, path) : rc;
}

int cli_open_any_transport(struct cli *cli, struct ararext_transport *out, char path[256])
{
    const char *named = cli_setting(cli, CLI_SETTING_PORT, NULL);
    char only[256] = "";
    int rc = named == NULL ? cli_only_port(cli, only, sizeof only) : ARAREXT_OK;
    return rc == ARAREXT_OK ? cli_open_transport(cli, named != NULL ? named : only, out, path) : rc;
}

int cli_reset_by_lines(struct cli *cli, bool *done)
{
    struct ararext_transport port;
    char path[256] = "";
    int rc = cli_find_wiring(cli);
    *done = rc == ARAREXT_OK && cli->wired;
    if (!*done) {
        return rc;
    }
    rc = cli_open_any_transport(cli, &port, path);
    if (rc == ARAREXT_OK) {
        rc = ararext_wiring_reset(&port, &cli->wiring);
        port.close(port.ctx);
        json_string(cli->doc, "port", path);
        json_bool(cli->doc, "by_lines", true);
        if (rc != ARAREXT_OK) {
            rc = cli_error(cli, rc, "%s: the modem lines cannot be set", path);
        }
    }
    return rc;
}

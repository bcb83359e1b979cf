/* SPDX-License-Identifier: MIT */
/* The commands that every application with this console has. */
#include <string.h>

#include "ararext_app.h"
#include "ota.h"
#include "support.h"

#define HANG_LIMIT_MS 90000u /* longer than any trial's watchdog takes */

static const char *const cause_names[] = {"plain",    "normal", "trial",
                                          "rollback", "healed", "installed"};
static const char *const state_names[] = {"empty", "partial", "staged", "confirmed", "rejected"};
static const char *const trust_names[] = {"open", "provisioned", "incomplete"};

static const char *name_of(const char *const *names, size_t count, unsigned value)
{
    return value < count ? names[value] : "unknown";
}
#define NAME_OF(names, value) name_of((names), sizeof(names) / sizeof(names)[0], (value))

static char slot_letter(unsigned slot)
{
    return slot < 2u ? (char)('A' + slot) : '-';
}

int ota_report(char *arguments)
{
    struct ararext_app_report report;
    int error = ararext_app_read_report(&report);

    (void)arguments;
    if (error != 0) {
        return error;
    }
    ota_print("report cause=%s slot=%c state=%s boots=%u/%u version=%u.%u.%u+%lu counter=%u "
              "crashes=%u target=%c trust=%s board-counter=%u",
              NAME_OF(cause_names, report.cause), slot_letter(report.slot),
              NAME_OF(state_names, report.state), report.attempts, report.trials,
              report.version.major, report.version.minor, report.version.revision,
              (unsigned long)report.version.build, report.counter, report.crashes,
              slot_letter(report.target), NAME_OF(trust_names, report.trust), report.board_counter);
    return 0;
}

static int run_version(char *arguments)
{
    const struct ota_app *app = ota_current_app();

    (void)arguments;
    ota_print("version %s %s", app->name, app->version);
    return 0;
}

static int run_help(char *arguments)
{
    const struct ota_app *app = ota_current_app();

    (void)arguments;
    for (size_t i = 0; i < ota_command_count; i++) {
        ota_print("  %-14s %s", ota_commands[i].name, ota_commands[i].help);
    }
    for (size_t i = 0; i < app->command_count; i++) {
        ota_print("  %-14s %s", app->commands[i].name, app->commands[i].help);
    }
    return 0;
}

static int run_confirm(char *arguments)
{
    (void)arguments;
    return ararext_app_confirm();
}

static int run_rollback(char *arguments)
{
    (void)arguments;
    return ararext_app_rollback();
}

static int run_selftest(char *arguments)
{
    const struct ota_app *app = ota_current_app();

    (void)arguments;
    return app->selftest != NULL ? app->selftest() : OTA_UNKNOWN;
}

static int run_feed(char *arguments)
{
    bool on = strcmp(arguments, "on") == 0;

    if (!on && strcmp(arguments, "off") != 0) {
        return OTA_USAGE;
    }
    ota_set_feeding(on);
    return 0;
}

/* These do not come back, so they acknowledge first. */
static int run_bootloader(char *arguments)
{
    (void)arguments;
    ota_print_result("bootloader", 0);
    line_drain();
    ararext_app_request_bootloader();
}

static int run_reset(char *arguments)
{
    (void)arguments;
    ota_print_result("reset", 0);
    line_drain();
    ararext_app_reset();
}

static int run_crash(char *arguments)
{
    (void)arguments;
    ota_print_result("crash", 0);
    line_drain();
    __asm__ volatile("udf #0");
    return OTA_FAILED;
}

/* Does what a dead loop does, until the watchdog ends it; without one it comes back. */
static int run_hang(char *arguments)
{
    uint32_t since = support_ms();

    (void)arguments;
    ota_print("hang begins");
    while (support_ms() - since < HANG_LIMIT_MS) {
        support_sleep();
    }
    return OTA_FAILED;
}

static int run_stats(char *arguments)
{
    (void)arguments;
    ota_print("stats core_hz=%lu uptime_s=%lu.%03lu stack=%u stack_unused=%u",
              (unsigned long)support_core_hz(), (unsigned long)(support_ms() / 1000u),
              (unsigned long)(support_ms() % 1000u), (unsigned)support_stack_size(),
              (unsigned)support_stack_unused());
    return 0;
}

const struct ota_command ota_commands[] = {
    {"help", "this list", run_help},
    {"version", "name and version of the application", run_version},
    {"report", "why it was started, from which package", ota_report},
    {"stage", "stage SIZE: begin to receive a package of SIZE bytes", ota_stage},
    {"finish", "the package is complete: judge and seal it", ota_finish},
    {"confirm", "this application works: keep it", run_confirm},
    {"rollback", "reject it; the one before runs after the next reset", run_rollback},
    {"reset", "reset the chip", run_reset},
    {"bootloader", "reset, and stay in the bootloader", run_bootloader},
    {"selftest", "test what the application needs", run_selftest},
    {"feed", "feed on|off: reload the watchdog or not", run_feed},
    {"hang", "do nothing for 90 s, nor reload the watchdog", run_hang},
    {"crash", "execute an undefined instruction", run_crash},
    {"stats", "clock, time since the start, use of the stack", run_stats},
};
const size_t ota_command_count = sizeof ota_commands / sizeof ota_commands[0];

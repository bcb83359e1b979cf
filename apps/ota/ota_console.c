/* SPDX-License-Identifier: MIT */
/*
 * The loop of an application: lines and pieces on the console, frames on the host's line, watchdog,
 * LED, and the confirmation that an application may give itself. It answers each line and each
 * piece with exactly one line that begins with "ok" or "error".
 */
#include <string.h>

#include "ararext_app.h"
#include "bytes.h"
#include "crc.h"
#include "ota.h"
#include "support.h"

#define PIECE_MARK      0x01u /* the first byte of a piece; no line begins with it */
#define PIECE_HEAD      7u    /* mark, u16 number of bytes, u32 offset */
#define PIECE_SILENCE   500u  /* ms inside a piece that end it */
#define AUTO_CONFIRM_MS 1000u
#define BLINK_MS        250u

struct console {
    uint8_t bytes[PIECE_HEAD + OTA_PIECE_MAX + FRAME_CRC_SIZE];
    uint32_t len;
    uint32_t last_ms;
    bool too_long; /* the rest of the line is thrown away */
};
_Static_assert(sizeof((struct console *)0)->bytes > OTA_LINE_MAX, "a line and its end");

static struct console console;
static struct ararext_app_responder responder;

static const struct ota_command *find_command(const char *name)
{
    const struct ota_app *current = ota_current_app();

    for (size_t i = 0; i < current->command_count; i++) {
        if (strcmp(current->commands[i].name, name) == 0) {
            return &current->commands[i];
        }
    }
    for (size_t i = 0; i < ota_command_count; i++) {
        if (strcmp(ota_commands[i].name, name) == 0) {
            return &ota_commands[i];
        }
    }
    return NULL;
}

static void execute_line(char *line)
{
    size_t len = strcspn(line, " ");
    char *arguments = line + len;
    const struct ota_command *command;

    while (*arguments == ' ') {
        *arguments++ = '\0';
    }
    command = find_command(line);
    if (command != NULL) {
        ota_print_result(command->name, command->run(arguments));
    } else {
        ota_print_result("command", OTA_UNKNOWN);
    }
}

static void answer_piece(int error, uint32_t next)
{
    if (error == 0) {
        ota_print("ok piece next=%lu", (unsigned long)next);
    } else {
        ota_print("error piece %02X next=%lu %s", (unsigned)error, (unsigned long)next,
                  ota_error_text(error));
    }
}

/* Whether the bytes collected are a whole piece; then it is worked on. */
static bool finish_piece(void)
{
    const uint8_t *bytes = console.bytes;
    uint32_t len = console.len >= 3 ? load_le16(bytes + 1) : 0;
    uint32_t next = ota_stage_next();
    int error = REASON_CRC;

    if (console.len >= 3 && (len == 0 || len > OTA_PIECE_MAX)) {
        answer_piece(REASON_LENGTH, next);
        return true;
    }
    if (console.len < PIECE_HEAD || console.len < PIECE_HEAD + len + FRAME_CRC_SIZE) {
        return false;
    }
    if (crc_update(CRC_START, bytes, PIECE_HEAD + len) == load_le32(bytes + PIECE_HEAD + len)) {
        error = ota_take_piece(load_le32(bytes + 3), bytes + PIECE_HEAD, len, &next);
    }
    answer_piece(error, next);
    return true;
}

/* Whether the byte ended a line, which then was executed. */
static bool finish_line(uint8_t byte)
{
    if (byte != '\r' && byte != '\n') {
        if (console.len > OTA_LINE_MAX) {
            console.too_long = true;
            console.len--;
        }
        return false;
    }
    console.bytes[console.len - 1] = '\0';
    if (console.too_long) {
        ota_print_result("line", OTA_TOO_LONG);
    } else if (console.len > 1) {
        execute_line((char *)console.bytes);
    }
    return true;
}

static void take_console_byte(uint8_t byte)
{
    bool done;

    console.bytes[console.len++] = byte;
    console.last_ms = support_ms();
    done = console.bytes[0] == PIECE_MARK ? finish_piece() : finish_line(byte);
    if (done) {
        console.len = 0;
        console.too_long = false;
    }
}

static void serve_console(void)
{
    uint8_t byte;

    while (line_get(LINE_CONSOLE, &byte)) {
        take_console_byte(byte);
    }
    if (console.len != 0 && console.bytes[0] == PIECE_MARK &&
        support_ms() - console.last_ms >= PIECE_SILENCE) {
        answer_piece(line_failed(LINE_CONSOLE) ? REASON_LINE : REASON_CUT_OFF, ota_stage_next());
        console.len = 0;
    }
}

static void serve_host(void)
{
    uint8_t bytes[32];
    uint8_t byte;
    size_t len;

    while (line_get(LINE_HOST, &byte)) {
        ararext_app_responder_take(&responder, byte, support_ms());
    }
    if (line_failed(LINE_HOST)) {
        ararext_app_responder_fail(&responder, support_ms());
    }
    while ((len = ararext_app_responder_give(&responder, bytes, sizeof bytes, support_ms())) > 0) {
        line_put(LINE_HOST, bytes, len);
    }
    switch (ararext_app_responder_wish(&responder)) {
    case ARAREXT_APP_WANT_RESET:
        line_drain();
        ararext_app_reset();
    case ARAREXT_APP_WANT_BOOTLOADER:
        line_drain();
        ararext_app_request_bootloader();
    case ARAREXT_APP_STAY:
    default:
        break;
    }
}

static void confirm_by_itself(void)
{
    const struct ota_app *app = ota_current_app();
    int error = app->selftest != NULL ? app->selftest() : 0;

    if (error == 0) {
        error = ararext_app_confirm();
    }
    ota_print_result("auto-confirm", error);
}

noreturn void ota_run(const struct ota_app *app)
{
    bool may_confirm = app->auto_confirm;

    ota_set_app(app);
    support_start(app->fast);
    ararext_app_responder_init(&responder);
    ota_print("\r\n%s %s started", app->name, app->version);
    if (app->prepare != NULL) {
        ota_print_result("prepare", app->prepare());
    }
    ota_print_result("report", ota_report(NULL));
    for (;;) {
        ota_feed();
        serve_console();
        serve_host();
        if (may_confirm && support_ms() >= AUTO_CONFIRM_MS) {
            may_confirm = false;
            confirm_by_itself();
        }
        support_led(support_ms() / BLINK_MS % 2u == 0);
        support_sleep();
    }
}

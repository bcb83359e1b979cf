/* SPDX-License-Identifier: MIT */
/* The ground of this folder: which application runs, what it prints, and its watchdog. */
#include <stdarg.h>
#include <stdio.h>

#include "ararext_app.h"
#include "ota.h"
#include "support.h"

#define PRINT_MAX 256

static const struct ota_app *current;
static bool feeding = true;

void ota_set_app(const struct ota_app *app)
{
    current = app;
}

const struct ota_app *ota_current_app(void)
{
    return current;
}

void ota_print(const char *format, ...)
{
    char text[PRINT_MAX];
    va_list values;
    int len;

    va_start(values, format);
    len = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (len >= (int)sizeof text) {
        len = (int)sizeof text - 1;
    }
    if (len > 0) {
        line_put(LINE_CONSOLE, text, (size_t)len);
    }
    line_put(LINE_CONSOLE, "\r\n", 2);
}

void ota_feed(void)
{
    if (feeding) {
        ararext_app_feed_watchdog();
    }
}

void ota_set_feeding(bool on)
{
    feeding = on;
}

const char *ota_error_text(int error)
{
    switch (error) {
    case OTA_UNKNOWN:
        return "no such command; 'help' lists them";
    case OTA_USAGE:
        return "wrong or missing argument";
    case OTA_FAILED:
        return "failed";
    case OTA_TOO_LONG:
        return "line too long";
    case REASON_CRC:
        return "CRC wrong";
    case REASON_LENGTH:
        return "length wrong";
    case REASON_CUT_OFF:
        return "cut off";
    case REASON_LINE:
        return "bytes lost or damaged on the line";
    default:
        return ararext_app_error_text(error);
    }
}

/* Codes as PROTOCOL.md has them, in hexadecimal; the application's own are negative. */
void ota_print_result(const char *command, int error)
{
    if (error == 0) {
        ota_print("ok %s", command);
    } else if (error > 0) {
        ota_print("error %s %02X %s", command, (unsigned)error, ota_error_text(error));
    } else {
        ota_print("error %s %d %s", command, error, ota_error_text(error));
    }
}

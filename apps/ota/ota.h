/* SPDX-License-Identifier: MIT */
/*
 * The commands by which an application is updated, confirmed and tested over its console (USART3,
 * 115200 baud, 8N1), and the responder of the library on USART2. apps/ota-demo/README.md is the
 * reference for who types or scripts them. An application adds commands of its own.
 */
#ifndef APPS_OTA_H
#define APPS_OTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* Beside what the library returns. */
enum ota_error {
    OTA_UNKNOWN = -10, /* no such command */
    OTA_USAGE = -11,   /* wrong or missing argument */
    OTA_FAILED = -12,  /* what was asked for was done and the result is bad */
    OTA_TOO_LONG = -13 /* line longer than the console takes */
};

enum { OTA_LINE_MAX = 512, OTA_PIECE_MAX = 512 };

/* A command of a console. run may change arguments (what follows the name, a string), may print
 * lines with ota_print, and returns 0 or an error; the console then prints "ok" or "error". */
struct ota_command {
    const char *name;
    const char *help;
    int (*run)(char *arguments);
};

struct ota_app {
    const char *name, *version;
    const struct ota_command *commands; /* may be NULL */
    size_t command_count;
    int (*prepare)(void);  /* once, after the board has started; may be NULL */
    int (*selftest)(void); /* 0 or an error; prints what it found; may be NULL */
    bool fast;             /* 80 MHz */
    bool auto_confirm;     /* one second after the start, if the self-test passes */
};

/* The application's life: starts the board, prints the report, serves both lines. */
noreturn void ota_run(const struct ota_app *app);

/* One line on the console, CR LF added; at most 255 characters, the rest is cut off. */
void ota_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "Still healthy": reloads the watchdog unless feeding was switched off. To be called by whatever
 * takes longer than a second. */
void ota_feed(void);
void ota_set_feeding(bool on);

/* ---- between the files of this folder ---- */
extern const struct ota_command ota_commands[];
extern const size_t ota_command_count;
void ota_set_app(const struct ota_app *app);
const struct ota_app *ota_current_app(void);
const char *ota_error_text(int error);
void ota_print_result(const char *command, int error);
/* Prints the boot report. */
int ota_report(char *arguments);

/* Staging. size of the package; takes one piece, *next is then the offset that is expected. */
int ota_stage(char *arguments);
int ota_take_piece(uint32_t offset, const uint8_t *data, uint32_t len, uint32_t *next);
uint32_t ota_stage_next(void);
int ota_finish(char *arguments);

#endif

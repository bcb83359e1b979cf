/* SPDX-License-Identifier: MIT */
/*
 * The board with all that hangs on it: made from the options, ended, and what it tells the user.
 */
#include "cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MS_NS UINT64_C(1000000)

enum { RESETS_A_SECOND = 10, BLOCK_ADDR = 0x08000080 };

/* ---- what the board tells ---- */

static void on_report(void *ctx, const struct twin_report *report)
{
    struct board *b = ctx;
    if (b->closing) {
        options_complain("%s", report->text); /* the state file could not be written */
        b->close_failed = true;
        return;
    }
    reports_add(&b->reports, &b->show, report);
}

static void on_pin(void *ctx, char port, unsigned pin, bool level)
{
    struct board *b = ctx;
    const struct wiring_pin *led = &b->wiring.led;
    if (port == led->port && pin == led->pin && b->twin != NULL && !b->closing) {
        led_changed(&b->led, &b->show, twin_now_ns(b->twin), level != led->low);
    }
}

/* A board that resets itself without end must not drown everything else. */
static void on_reset(void *ctx, const char *cause)
{
    struct board *b = ctx;
    uint64_t second = wall_now_ns() / 1000 / MS_NS;
    if (second != b->reset_second) {
        b->reset_second = second;
        b->resets_told = 0;
    }
    b->told_lockup = false;
    if (++b->resets_told < RESETS_A_SECOND) {
        show_line(&b->show, "reset: %s", cause);
    } else if (b->resets_told == RESETS_A_SECOND) {
        show_line(&b->show, "reset: %s, and perhaps more this second", cause);
    }
}

/* ---- made and ended ---- */

static int load_files(struct board *b)
{
    const struct options *o = b->options;
    const char *const names[2] = {o->firmware, o->app};
    const uint32_t addrs[2] = {0x08000000, o->app_addr};
    for (unsigned i = 0; i < 2; i++) {
        if (names[i] != NULL && twin_load_file(b->twin, names[i], addrs[i]) != TWIN_OK) {
            options_complain("%s", twin_error_text(b->twin));
            return EXIT_CODE_FILE;
        }
    }
    return EXIT_CODE_OK;
}

/* The core begins at the vectors in flash: with none it is in lock-up before its first instruction.
 */
static void check_vectors(struct board *b)
{
    static const uint8_t erased[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    uint8_t vectors[sizeof erased];
    if (twin_peek(b->twin, 0x08000000, vectors, sizeof vectors) != TWIN_OK ||
        memcmp(vectors, erased, sizeof erased) != 0) {
        return;
    }
    show_line(&b->show,
              "nothing is at 0x08000000, where the core starts: is %s linked for another address?",
              b->options->firmware != NULL ? b->options->firmware : "what the state file holds");
}

/* --board says how the board is wired; without it, what the firmware in flash takes it for. */
static int find_wiring(struct board *b)
{
    char text[700];
    uint8_t block[56];
    struct wiring firmware;
    bool has_block = twin_peek(b->twin, BLOCK_ADDR, block, sizeof block) == TWIN_OK &&
                     wiring_from_block(&firmware, block);
    const char *wrong = NULL;
    if (b->options->board == NULL) {
        b->wiring = has_block ? firmware : wiring_original;
    } else {
        wrong = wiring_find(&b->wiring, b->options->board, text, sizeof text);
    }
    if (wrong != NULL) {
        options_complain("--board: %s", wrong);
        return EXIT_CODE_FILE;
    }
    if (b->wiring.button.port == 0 && b->options->button) {
        options_complain("--button: the board %s has no button", b->wiring.name);
        return EXIT_CODE_USAGE;
    }
    if (has_block && !wiring_is_same(&firmware, &b->wiring)) {
        show_line(&b->show, "the board is %s, and the firmware is for another one: %s",
                  b->wiring.name, firmware.name);
    }
    if (b->options->no_hse) {
        b->wiring.hse_hz = 0;
    }
    return EXIT_CODE_OK;
}

/* Before the board is switched on. */
static void attach_wiring(struct board *b)
{
    char text[300];
    char name[8];
    wiring_attach(&b->wiring, b->twin);
    (void)snprintf(b->led.name, sizeof b->led.name, "%s", wiring_pin_name(&b->wiring.led, name));
    wiring_describe(&b->wiring, text, sizeof text);
    show_line(&b->show, "board %s: %s", b->wiring.name, text);
}

/* Before any is opened: the link that a killed twin left behind leads to a number that the first
 * port of this one may get. */
static int clear_places(const struct options *o)
{
    char text[700];
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        const char *link = o->link[i + 1];
        const char *wrong = link == NULL ? NULL : pty_clear_place(link, text, sizeof text);
        if (wrong != NULL) {
            options_complain("USART%u: %s", i + 1, wrong);
            return EXIT_CODE_PORT;
        }
    }
    return EXIT_CODE_OK;
}

static int open_ports(struct board *b)
{
    char text[700];
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        const char *link = b->options->link[i + 1];
        struct port *p = &b->port[i];
        if (link == NULL) {
            continue;
        }
        const char *wrong = pty_open(&p->pty, link, text, sizeof text);
        if (wrong != NULL) {
            options_complain("USART%u: %s", i + 1, wrong);
            return EXIT_CODE_PORT;
        }
        p->usart = i + 1;
        p->is_log = p->usart == b->wiring.log;
    }
    return EXIT_CODE_OK;
}

/* Before the board is made: its end writes the state file. */
static bool files_are_there(const struct options *o)
{
    if (o->firmware == NULL && access(o->state, R_OK) != 0) {
        options_complain("%s: %s; without it, --firmware FILE is needed", o->state,
                         strerror(errno));
        return false;
    }
    const char *const names[2] = {o->firmware, o->app};
    for (unsigned i = 0; i < 2; i++) {
        if (names[i] != NULL && access(names[i], R_OK) != 0) {
            options_complain("%s: %s", names[i], strerror(errno));
            return false;
        }
    }
    return true;
}

static int create(struct board *b)
{
    struct options *o = b->options;
    const struct twin_config config = {
        .flash_kib = o->flash_kib,
        .seed = o->seed,
        .state_path = o->state,
        .on_report = on_report,
        .on_pin = on_pin,
        .on_reset = on_reset,
        .ctx = b,
    };
    if (!files_are_there(o)) {
        return EXIT_CODE_FILE;
    }
    int err = twin_create(&b->twin, &config);
    if (err != TWIN_OK) {
        options_complain("%s", twin_error_text(NULL));
        return err == TWIN_ERR_FILE || err == TWIN_ERR_FORMAT ? EXIT_CODE_FILE : EXIT_CODE_RUNTIME;
    }
    b->show.twin = b->twin;
    return EXIT_CODE_OK;
}

static int open_log(struct board *b)
{
    if (b->options->log == NULL) {
        return EXIT_CODE_OK;
    }
    b->show.log = fopen(b->options->log, "w");
    if (b->show.log == NULL) {
        options_complain("%s: %s", b->options->log, strerror(errno));
        return EXIT_CODE_FILE;
    }
    return EXIT_CODE_OK;
}

int board_open(struct board *b, struct options *o)
{
    *b = (struct board){.options = o};
    b->show.quiet = o->quiet;
    b->show.show_log = o->show_log;
    b->pace.max = o->max_speed;
    int code = open_log(b);
    if (code == EXIT_CODE_OK) {
        code = create(b);
    }
    if (code == EXIT_CODE_OK) {
        code = load_files(b);
    }
    if (code == EXIT_CODE_OK) {
        code = find_wiring(b);
    }
    if (code == EXIT_CODE_OK && !options_default_links(o, &b->wiring)) {
        code = EXIT_CODE_USAGE;
    }
    if (code == EXIT_CODE_OK) {
        code = clear_places(o);
    }
    if (code == EXIT_CODE_OK) {
        code = open_ports(b);
    }
    if (code != EXIT_CODE_OK) {
        return code;
    }
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        if (b->port[i].usart != 0) {
            show_line(&b->show, "USART%u is at %s (%s)", i + 1, b->port[i].pty.link,
                      b->port[i].pty.name);
        }
    }
    check_vectors(b);
    attach_wiring(b);
    board_set_button(b, o->button);
    if (o->cut_at != 0) {
        board_cut_at(b, o->cut_at, o->cut);
    }
    twin_power_on(b->twin);
    return EXIT_CODE_OK;
}

int board_close(struct board *b)
{
    if (b->twin != NULL) {
        reports_summary(&b->reports, &b->show);
    }
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        port_free(&b->port[i]);
    }
    b->closing = true;
    b->show.twin = NULL;
    twin_destroy(b->twin);
    b->twin = NULL;
    if (b->show.log != NULL && fclose(b->show.log) != 0) {
        options_complain("%s: %s", b->options->log, strerror(errno));
        b->close_failed = true;
    }
    return b->close_failed ? EXIT_CODE_RUNTIME : EXIT_CODE_OK;
}

/* ---- what the user does ---- */

void board_set_button(struct board *b, bool pressed)
{
    if (b->wiring.button.port != 0) {
        b->button = pressed;
        wiring_press(&b->wiring, b->twin, pressed);
    }
}

void board_cut_at(struct board *b, uint64_t n, enum twin_cut when)
{
    b->cut_asked = n != 0;
    twin_cut_at_flash_operation(b->twin, n, when);
}

/* SPDX-License-Identifier: MIT */
/*
 * Commands on standard input: a terminal, a pipe or a FIFO. Its end does not end the board, and a
 * program in the background never reads from a terminal that is somebody else's.
 */
#include "cli.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void help(struct board *b, char *const *words);

static void button(struct board *b, char *const *words)
{
    bool pressed = words[1] != NULL && strcmp(words[1], "1") == 0;
    if (!pressed && (words[1] == NULL || strcmp(words[1], "0") != 0)) {
        show_line(&b->show, "button wants 0 or 1");
        return;
    }
    if (b->wiring.button.port == 0) {
        show_line(&b->show, "this board has no button");
        return;
    }
    char name[8];
    bool high = pressed != b->wiring.button.low;
    board_set_button(b, pressed);
    show_line(&b->show, "button (%s) is %s: %s", wiring_pin_name(&b->wiring.button, name),
              pressed ? "pressed" : "let go", high ? "high" : "low");
}

static void reset(struct board *b, char *const *words)
{
    (void)words;
    if (!twin_is_powered(b->twin)) {
        show_line(&b->show, "the power is off: there is nothing to reset");
        return;
    }
    twin_reset_pin(b->twin);
}

static void power(struct board *b, char *const *words)
{
    const char *what = words[1] == NULL ? "" : words[1];
    bool cycle = strcmp(what, "cycle") == 0;
    bool off = strcmp(what, "off") == 0;
    if (!cycle && !off && strcmp(what, "on") != 0) {
        show_line(&b->show, "power wants on, off or cycle");
        return;
    }
    if (off || cycle) {
        twin_power_off(b->twin);
        show_line(&b->show, "power off");
    }
    if (!off) {
        twin_power_on(b->twin);
    }
}

static void status(struct board *b, char *const *words)
{
    struct twin_counters c;
    char led[80];
    (void)words;
    twin_get_counters(b->twin, &c);
    led_describe(&b->led, led, sizeof led);
    show_line(&b->show, "power %s, speed %s, button %s, LED %s",
              twin_is_powered(b->twin) ? "on" : "off", b->pace.max ? "max" : "real",
              b->button ? "pressed" : "let go", led);
    show_line(&b->show, "%llu instructions, %llu cycles, %llu resets, %llu flash operations",
              (unsigned long long)c.instructions, (unsigned long long)c.cycles,
              (unsigned long long)c.resets, (unsigned long long)c.flash_operations);
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        const struct port *p = &b->port[i];
        if (p->usart != 0) {
            show_line(&b->show, "USART%u at %s: %u baud, %s", p->usart, p->pty.link,
                      (unsigned)p->settings.baud, p->host ? "open" : "nobody has it open");
        }
    }
    struct twin_polled polled;
    for (unsigned i = 0; twin_get_polled(b->twin, i, &polled); i++) {
        show_line(&b->show,
                  "%s register at 0x%08X, which is not modelled: read %llu times in %.1f s, at pc "
                  "0x%08X",
                  polled.name, (unsigned)polled.address, (unsigned long long)polled.reads,
                  (double)polled.ns / 1e9, (unsigned)polled.pc);
    }
    reports_summary(&b->reports, &b->show);
}

static void pin(struct board *b, char *const *words)
{
    const char *name = words[1] == NULL ? "" : words[1];
    char port = (char)(name[0] >= 'a' && name[0] <= 'i' ? name[0] - 'a' + 'A' : name[0]);
    uint64_t number = 0;
    if (port < 'A' || port > 'I' || !options_parse_number(name + 1, 15, &number)) {
        show_line(&b->show, "pin wants a port and a number, such as A5");
        return;
    }
    show_line(&b->show, "P%c%u is %s", port, (unsigned)number,
              twin_pin_level(b->twin, port, (unsigned)number) ? "high" : "low");
}

static void adc(struct board *b, char *const *words)
{
    uint64_t channel = 0, value = 0;
    if (words[1] == NULL || !options_parse_number(words[1], 18, &channel) || words[2] == NULL ||
        !options_parse_number(words[2], 4095, &value)) {
        show_line(&b->show, "adc wants a channel (0 to 18) and a value (0 to 4095)");
        return;
    }
    twin_analog_set(b->twin, (unsigned)channel, (unsigned)value);
    show_line(&b->show, "ADC channel %u is %u", (unsigned)channel, (unsigned)value);
}

static void dac(struct board *b, char *const *words)
{
    (void)words;
    for (unsigned i = 1; i <= 2; i++) {
        unsigned value = 0;
        if (twin_dac_output(b->twin, i, &value)) {
            show_line(&b->show, "DAC channel %u puts out %u", i, value);
        } else {
            show_line(&b->show, "DAC channel %u is off", i);
        }
    }
}

static void cut(struct board *b, char *const *words)
{
    uint64_t n = 0;
    enum twin_cut when = TWIN_CUT_BEFORE;
    if (words[1] == NULL || !options_parse_number(words[1], UINT64_MAX, &n) ||
        (n != 0 && (words[2] == NULL || !options_parse_cut(words[2], &when)))) {
        show_line(&b->show, "cut wants a number and before, middle or after, or 0 to cancel");
        return;
    }
    board_cut_at(b, n, when);
    if (n == 0) {
        show_line(&b->show, "no power cut");
    } else {
        show_line(&b->show, "power cut %s flash operation %llu from now", words[2],
                  (unsigned long long)n);
    }
}

static void crystal(struct board *b, char *const *words)
{
    bool on = words[1] != NULL && strcmp(words[1], "on") == 0;
    if (!on && (words[1] == NULL || strcmp(words[1], "off") != 0)) {
        show_line(&b->show, "crystal wants on or off");
        return;
    }
    twin_crystal(b->twin, on);
    show_line(&b->show, "the crystal (HSE) %s", on ? "swings" : "is dead");
}

static void speed(struct board *b, char *const *words)
{
    bool max = words[1] != NULL && strcmp(words[1], "max") == 0;
    if (!max && (words[1] == NULL || strcmp(words[1], "real") != 0)) {
        show_line(&b->show, "speed wants real or max");
        return;
    }
    b->pace.max = max;
    show_line(&b->show, "speed %s", max ? "max" : "real");
}

static void quit(struct board *b, char *const *words)
{
    (void)words;
    b->quit = true;
}

static const struct {
    const char *name, *help;
    void (*run)(struct board *b, char *const *words);
} commands[] = {
    {"button", "button 0|1             the button let go or pressed", button},
    {"reset", "reset                  NRST low and high again", reset},
    {"power", "power on|off|cycle     the supply; SRAM is random afterwards", power},
    {"status", "status                 how the board is", status},
    {"pin", "pin A5                 level of a pin", pin},
    {"adc", "adc CHANNEL VALUE      what an input of the ADCs is, of 4095", adc},
    {"dac", "dac                    what the DAC puts out, of 4095", dac},
    {"cut", "cut N before|middle|after   cuts the power at the Nth flash operation; cut 0 cancels",
     cut},
    {"crystal", "crystal on|off         HSE swings, or dies", crystal},
    {"speed", "speed real|max         with the wall clock, or as fast as it goes", speed},
    {"quit", "quit                   saves the state and ends", quit},
    {"help", "help                   this", help},
};

enum { COMMANDS = sizeof commands / sizeof commands[0], WORDS = 4 };

static void help(struct board *b, char *const *words)
{
    (void)words;
    for (unsigned i = 0; i < COMMANDS; i++) {
        show_line(&b->show, "%s", commands[i].help);
    }
}

void console_command(struct board *b, char *line)
{
    char *words[WORDS + 1] = {NULL};
    char *rest = NULL;
    unsigned n = 0;
    for (char *w = strtok_r(line, " \t\r", &rest); w != NULL && n < WORDS;
         w = strtok_r(NULL, " \t\r", &rest)) {
        words[n++] = w;
    }
    if (n == 0) {
        return;
    }
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (strcmp(words[0], commands[i].name) == 0) {
            commands[i].run(b, words);
            return;
        }
    }
    show_line(&b->show, "'%s' is not a command; help lists them", words[0]);
}

static void take(struct console *c, struct board *b, const char *data, size_t len)
{
    for (size_t i = 0; i < len && !b->quit; i++) {
        if (data[i] != '\n') {
            if (c->len < sizeof c->line - 1) {
                c->line[c->len++] = data[i];
            } else {
                c->too_long = true;
            }
            continue;
        }
        c->line[c->len] = '\0'; /* and a NUL in the line ends it earlier */
        if (c->too_long) {
            show_line(&b->show, "that line is too long to be a command");
        } else {
            console_command(b, c->line);
        }
        c->len = 0;
        c->too_long = false;
    }
}

static bool in_background(void)
{
    return isatty(STDIN_FILENO) != 0 && tcgetpgrp(STDIN_FILENO) != getpgrp();
}

bool console_readable(const struct console *c)
{
    return !c->ended && !c->closed && !in_background();
}

/* The end of a FIFO is not for ever: another writer may come. */
static void at_end(struct console *c)
{
    struct stat st;
    c->ended = true;
    c->closed = fstat(STDIN_FILENO, &st) != 0 || !S_ISFIFO(st.st_mode);
}

void console_read(struct console *c, struct board *b)
{
    char data[512];
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    if (c->closed || in_background() || poll(&fd, 1, 0) <= 0) {
        return;
    }
    if ((fd.revents & POLLIN) == 0) {
        at_end(c);
        return;
    }
    ssize_t n = read(STDIN_FILENO, data, sizeof data);
    if (n > 0) {
        c->ended = false;
        take(c, b, data, (size_t)n);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        at_end(c);
    }
}

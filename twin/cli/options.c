/* SPDX-License-Identifier: MIT */
/*
 * The command line of ararext-twin. Whatever is wrong with it is said in one sentence, before
 * anything is made or touched.
 */
#include "cli.h"

#include "ararext_version.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_FIRMWARE = 256,
    OPT_APP,
    OPT_APP_ADDR,
    OPT_STATE,
    OPT_FLASH_KIB,
    OPT_USART1, /* to USART6, in order */
    OPT_USART6 = OPT_USART1 + 5,
    OPT_BOARD,
    OPT_BUTTON,
    OPT_NO_HSE,
    OPT_SPEED,
    OPT_SEED,
    OPT_CUT_AT,
    OPT_RUN_FOR,
    OPT_QUIET,
    OPT_LOG,
    OPT_SHOW_LOG,
    OPT_VERSION,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"firmware", required_argument, NULL, OPT_FIRMWARE},
    {"app", required_argument, NULL, OPT_APP},
    {"app-addr", required_argument, NULL, OPT_APP_ADDR},
    {"state", required_argument, NULL, OPT_STATE},
    {"flash-kib", required_argument, NULL, OPT_FLASH_KIB},
    {"usart1", required_argument, NULL, OPT_USART1},
    {"usart2", required_argument, NULL, OPT_USART1 + 1},
    {"usart3", required_argument, NULL, OPT_USART1 + 2},
    {"uart4", required_argument, NULL, OPT_USART1 + 3},
    {"usart4", required_argument, NULL, OPT_USART1 + 3},
    {"uart5", required_argument, NULL, OPT_USART1 + 4},
    {"usart5", required_argument, NULL, OPT_USART1 + 4},
    {"usart6", required_argument, NULL, OPT_USART6},
    {"board", required_argument, NULL, OPT_BOARD},
    {"button", no_argument, NULL, OPT_BUTTON},
    {"no-hse", no_argument, NULL, OPT_NO_HSE},
    {"speed", required_argument, NULL, OPT_SPEED},
    {"seed", required_argument, NULL, OPT_SEED},
    {"cut-at", required_argument, NULL, OPT_CUT_AT},
    {"run-for", required_argument, NULL, OPT_RUN_FOR},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"log", required_argument, NULL, OPT_LOG},
    {"show-log", no_argument, NULL, OPT_SHOW_LOG},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "Usage: ararext-twin --firmware FILE [OPTION]...\n"
    "\n"
    "An STM32F407 board in software. It executes FILE as the chip would, in virtual time, and puts "
    "its\n"
    "serial ports where any program finds them, as symbolic links to pseudo-terminals.\n"
    "\n"
    "What is in the flash:\n"
    "  --firmware FILE     ELF or BIN; a BIN goes to 0x08000000\n"
    "  --app FILE          a second ELF or BIN, loaded after it\n"
    "  --app-addr ADDR     where --app goes if it is a BIN (0x08008000)\n"
    "  --state FILE        keeps flash, option bytes, OTP and backup memory across runs; made if "
    "it\n"
    "                      is not there. With it, --firmware is only needed to change something\n"
    "  --flash-kib N       512 or 1024 (1024)\n"
    "\n"
    "The board:\n"
    "  --board PRESET|FILE what is at which pin: one of the boards that ararext board list shows, "
    "or a\n"
    "                      .board file (without it: what the firmware's board block says)\n"
    "  --button            the button is pressed from the start\n"
    "  --no-hse            no crystal\n"
    "  --seed N            of all that is random: SRAM at power-on, torn flash bits (1)\n"
    "  --cut-at N:WHEN     cuts the power at the Nth flash operation; WHEN is before, middle or "
    "after\n"
    "\n"
    "Serial ports:\n"
    "  --usart1 LINK, --usart2 LINK, --usart3 LINK, --uart4 LINK, --uart5 LINK, --usart6 LINK\n"
    "                      where the link to that USART goes. Those that the board has for "
    "commands\n"
    "                      and log are at $XDG_RUNTIME_DIR/ararext-usartN, or /tmp/ararext-usartN\n"
    "                      without that variable, which is where ararext looks; the others have "
    "none\n"
    "  --show-log          shows the lines of the board's log\n"
    "\n"
    "Running:\n"
    "  --speed real|max    with the wall clock, or as fast as it goes (real)\n"
    "  --run-for SECONDS   ends after that much virtual time\n"
    "  --quiet             says nothing on standard output\n"
    "  --log FILE          writes there what is shown, --quiet or not\n"
    "  --version           shows the version and ends\n"
    "  --help              shows this and ends\n"
    "\n"
    "Commands on standard input, one a line: button 0|1, reset, power on|off|cycle, status, pin "
    "A5,\n"
    "cut N before|middle|after, speed real|max, quit, help.\n"
    "\n"
    "Exit status: 0 ended by quit, a signal or --run-for; 1 the state could not be saved or the\n"
    "emulator failed; 2 wrong command line; 3 a file cannot be used; 4 no pseudo-terminal or "
    "link.\n";

void options_complain(const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)fprintf(stderr, "ararext-twin: %s\n", text);
}

bool options_parse_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') {
        return false; /* no sign, no blanks */
    }
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    errno = 0;
    unsigned long long value = strtoull(text, &end, hex ? 16 : 10);
    if (errno != 0 || *end != '\0' || (hex && end == text + 2) || value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool options_parse_cut(const char *text, enum twin_cut *out)
{
    static const char *const names[] = {"before", "middle", "after"};
    static const enum twin_cut values[] = {TWIN_CUT_BEFORE, TWIN_CUT_MIDDLE, TWIN_CUT_AFTER};
    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = values[i];
            return true;
        }
    }
    return false;
}

static bool parse_cut_at(struct options *o, const char *text)
{
    char number[24];
    const char *colon = strchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof number) {
        return false;
    }
    memcpy(number, text, (size_t)(colon - text));
    number[colon - text] = '\0';
    return options_parse_number(number, UINT64_MAX, &o->cut_at) && o->cut_at != 0 &&
           options_parse_cut(colon + 1, &o->cut);
}

static bool parse_seconds(const char *text, uint64_t *out_ns)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    double seconds = strtod(text, &end);
    if (errno != 0 || *end != '\0' || !(seconds > 0) || seconds > 1e9) {
        return false;
    }
    *out_ns = (uint64_t)(seconds * 1e9);
    return *out_ns != 0;
}

static bool parse_speed(const char *text, bool *max)
{
    *max = strcmp(text, "max") == 0;
    return *max || strcmp(text, "real") == 0;
}

/* Options with a value that can be wrong. Returns what it should have been, NULL if it is right. */
static const char *take_value(struct options *o, int option, const char *value)
{
    uint64_t number = 0;
    switch (option) {
    case OPT_APP_ADDR:
        if (!options_parse_number(value, UINT32_MAX, &number)) {
            return "--app-addr wants an address such as 0x08008000";
        }
        o->app_addr = (uint32_t)number;
        return NULL;
    case OPT_FLASH_KIB:
        if (!options_parse_number(value, 1024, &number) || (number != 512 && number != 1024)) {
            return "--flash-kib wants 512 or 1024";
        }
        o->flash_kib = (uint32_t)number;
        return NULL;
    case OPT_SPEED:
        return parse_speed(value, &o->max_speed) ? NULL : "--speed wants real or max";
    case OPT_SEED:
        return options_parse_number(value, UINT64_MAX, &o->seed) ? NULL : "--seed wants a number";
    case OPT_CUT_AT:
        return parse_cut_at(o, value) ? NULL
                                      : "--cut-at wants a number from 1 on and before, middle or "
                                        "after, as in 3:middle";
    case OPT_RUN_FOR:
        return parse_seconds(value, &o->run_for_ns) ? NULL
                                                    : "--run-for wants seconds, such as 2 or 0.5";
    default:
        return NULL;
    }
}

static void take_word(struct options *o, int option, const char *value)
{
    if (option >= OPT_USART1 && option <= OPT_USART6) {
        o->link[option - OPT_USART1 + 1] = value;
    } else if (option == OPT_FIRMWARE) {
        o->firmware = value;
    } else if (option == OPT_APP) {
        o->app = value;
    } else if (option == OPT_STATE) {
        o->state = value;
    } else if (option == OPT_LOG) {
        o->log = value;
    } else if (option == OPT_BOARD) {
        o->board = value;
    } else if (option == OPT_BUTTON) {
        o->button = true;
    } else if (option == OPT_NO_HSE) {
        o->no_hse = true;
    } else if (option == OPT_QUIET) {
        o->quiet = true;
    } else if (option == OPT_SHOW_LOG) {
        o->show_log = true;
    }
}

/* Where the host tool looks when nobody tells it. */
static void default_link(struct options *o, unsigned usart)
{
    const char *dir = getenv("XDG_RUNTIME_DIR");
    if (o->link[usart] == NULL) {
        (void)snprintf(o->default_link[usart], sizeof o->default_link[usart], "%s/ararext-usart%u",
                       dir != NULL && dir[0] == '/' ? dir : "/tmp", usart);
        o->link[usart] = o->default_link[usart];
    }
}

static bool links_differ(const struct options *o)
{
    for (unsigned a = 1; a <= CLI_USARTS; a++) {
        for (unsigned b = a + 1; b <= CLI_USARTS; b++) {
            if (o->link[a] != NULL && o->link[b] != NULL && strcmp(o->link[a], o->link[b]) == 0) {
                options_complain("two ports cannot share the link %s", o->link[a]);
                return false;
            }
        }
    }
    return true;
}

static bool check(const struct options *o)
{
    if (o->firmware == NULL && o->state == NULL) {
        options_complain(
            "nothing to run: give --firmware FILE (or --state FILE of an earlier run). "
            "See ararext-twin --help.");
        return false;
    }
    return links_differ(o);
}

bool options_default_links(struct options *o, const struct wiring *w)
{
    default_link(o, w->commands);
    if (w->log != 0) {
        default_link(o, w->log);
    }
    return links_differ(o);
}

static bool unknown(char **argv)
{
    const char *word = argv[optind - 1];
    options_complain("%s is not an option, or lacks its value. See ararext-twin --help.", word);
    return false;
}

bool options_parse(struct options *o, int argc, char **argv, int *code)
{
    *o = (struct options){.app_addr = 0x08008000, .flash_kib = 1024, .seed = 1};
    *code = EXIT_CODE_USAGE;
    opterr = 0;
    int option;
    while ((option = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
        if (option == '?' || option == ':') {
            return unknown(argv);
        }
        if (option == OPT_HELP || option == OPT_VERSION) {
            (void)fputs(option == OPT_HELP ? help_text
                                           : "ararext-twin " ARAREXT_VERSION_STRING "\n",
                        stdout);
            *code = EXIT_CODE_OK;
            return false;
        }
        const char *wrong = optarg == NULL ? NULL : take_value(o, option, optarg);
        if (wrong != NULL) {
            options_complain("%s, not '%s'. See ararext-twin --help.", wrong, optarg);
            return false;
        }
        take_word(o, option, optarg);
    }
    if (optind < argc) {
        options_complain("'%s' belongs to no option. See ararext-twin --help.", argv[optind]);
        return false;
    }
    return check(o);
}

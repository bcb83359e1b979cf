/* SPDX-License-Identifier: MIT */
/*
 * Inside ararext-twin: the program around one board. It uses twin.h like anybody else, and the only
 * thing that it takes from inside the twin is when the flash will be done (pace.c).
 */
#ifndef TWIN_CLI_H
#define TWIN_CLI_H

#include "twin.h"
#include "wiring.h"

#include <signal.h>
#include <stdio.h>

enum { CLI_USARTS = 6 };

/* Exit codes, in --help and in the manual page. */
enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_RUNTIME = 1, /* state could not be saved, the emulator failed */
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_FILE = 3, /* firmware, application, state or log cannot be used */
    EXIT_CODE_PORT = 4, /* pseudo-terminal or link cannot be made */
};

/* ---- options.c ---- */
struct options {
    const char *firmware, *app, *state, *log;
    const char *board;                /* preset or file; NULL: the firmware's board block decides */
    const char *link[CLI_USARTS + 1]; /* by number of the USART; NULL: not offered */
    char default_link[CLI_USARTS + 1][256];
    uint32_t app_addr;
    uint32_t flash_kib;
    uint64_t seed;
    uint64_t cut_at; /* 0: none */
    enum twin_cut cut;
    uint64_t run_for_ns; /* 0: for ever */
    bool button, no_hse, max_speed, quiet, show_log;
};
/* Returns true when the program should go on; else *code is what to exit with. */
bool options_parse(struct options *o, int argc, char **argv, int *code);
/* Links where the host tool looks, for the USARTs of the board that have none. False after a
 * sentence: two ports would share one. */
bool options_default_links(struct options *o, const struct wiring *w);
/* "before", "middle", "after". */
bool options_parse_cut(const char *text, enum twin_cut *out);
bool options_parse_number(const char *text, uint64_t max, uint64_t *out);
void options_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- show.c: what the user reads ---- */
struct show {
    struct twin *twin;
    FILE *log;
    bool quiet;
    bool show_log;
};
/* One line with the virtual time in front, on stdout and in the log. */
void show_line(struct show *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- led.c: the LED, on few lines however fast it blinks ---- */
struct led {
    char name[8]; /* "PA5" */
    bool on, told_any;
    uint64_t changed_ns;             /* of the last change */
    uint64_t window_ns;              /* start of the second under observation */
    uint64_t on_ns;                  /* lit in it */
    unsigned changes;                /* in it */
    unsigned told_tenths, told_duty; /* blinking as last told; 0: steady */
};
void led_changed(struct led *led, struct show *s, uint64_t now_ns, bool on);
void led_tick(struct led *led, struct show *s, uint64_t now_ns);
void led_describe(const struct led *led, char *text, size_t size);

/* ---- reports.c: each thing once, with a count ---- */
enum { REPORTS_KEPT = 256 };
struct seen_report {
    uint64_t key;
    uint64_t count;
};
struct reports {
    struct seen_report seen[REPORTS_KEPT];
    unsigned kinds;
    uint64_t total, unlisted;
};
void reports_add(struct reports *r, struct show *s, const struct twin_report *report);
void reports_summary(const struct reports *r, struct show *s);

/* ---- pty.c: a pseudo-terminal and the symbolic link to it ---- */
struct pty {
    int master;
    char name[64];
    char link[512]; /* "" until it is made */
};
/* Both return NULL, or a sentence that says what is wrong; text is the caller's. The place of the
 * link is free, or holds one that leads nowhere, which is removed; of all ports, then they open. */
const char *pty_clear_place(const char *link, char *text, size_t size);
const char *pty_open(struct pty *p, const char *link, char *text, size_t size);
void pty_close(struct pty *p); /* removes the link if it is still ours */
/* What the host has set on it. */
bool pty_settings(const struct pty *p, struct twin_line *out);
bool pty_has_host(const struct pty *p); /* somebody has it open */
void pty_forget(const struct pty *p);   /* throws away what no host has read */

/* ---- port.c: bytes between a pseudo-terminal and a line of the board ---- */
struct port {
    unsigned usart; /* 0: not offered */
    bool is_log;
    struct pty pty;
    struct twin_line settings;
    bool host;
    uint8_t *backlog; /* what the host has not taken yet */
    size_t backlog_len;
    bool told_full;
    uint64_t active_ms; /* wall clock of the last byte either way */
    uint64_t bytes;     /* that the board has sent */
    char log_line[256]; /* of --show-log */
    size_t log_len;
};
void port_from_host(struct port *p, struct twin *t, struct show *s, uint64_t wall_ms);
void port_to_host(struct port *p, struct twin *t, struct show *s, uint64_t wall_ms);
bool port_takes_more(const struct port *p, const struct twin *t); /* from the host */
void port_free(struct port *p);

/* ---- pace.c: virtual time against the wall clock ---- */
struct pace {
    bool max;
    uint64_t wall_ns;    /* when the allowance was last filled */
    uint64_t allowed_ns; /* of virtual time that may pass now */
    uint64_t busy_ns;    /* virtual time of the last traffic */
    uint64_t lost_ns;    /* wall time that the board did not keep up with */
    bool told_slow;
    struct twin_counters before;
    bool asleep; /* the core slept most of the last slice */
};
struct traffic {
    bool host_present; /* a host has a port open */
    bool moving;       /* bytes are on a line, or flash is busy */
    bool recent;       /* bytes moved a moment ago, by the wall clock */
    bool bounded;      /* --run-for: there is an end to race to */
};
uint64_t wall_now_ns(void);
/* How much virtual time to run now; 0: *wait_ms is how long to wait for something to happen. */
uint64_t pace_slice(struct pace *p, const struct twin *t, const struct traffic *traffic,
                    int *wait_ms);
void pace_ran(struct pace *p, const struct twin *t); /* a slice was run */

/* ---- checkpoint.c: the state file, also for a program that is killed ---- */
struct checkpoint {
    uint64_t changes;    /* of the state, when last looked at */
    uint64_t changed_ms; /* wall clock of the last change that was seen */
    uint64_t saved_ms;   /* and of the last attempt to save */
    bool told;           /* that it cannot be saved */
};
void checkpoint_tick(struct checkpoint *c, struct twin *t, struct show *s);

/* ---- board.c: the board with all that hangs on it ---- */
struct board {
    struct twin *twin;
    struct options *options;
    struct wiring wiring;
    struct show show;
    struct led led;
    struct reports reports;
    struct port port[CLI_USARTS];
    struct pace pace;
    struct checkpoint checkpoint;
    bool button;
    bool quit;
    bool told_lockup, cut_asked;
    uint64_t reset_second; /* of the wall clock, and how many resets it had */
    unsigned resets_told;
    bool closing, close_failed;
};
/* Makes the board, loads what the options name, opens ports. EXIT_CODE_OK, or what to exit with
 * after a sentence on stderr. */
int board_open(struct board *b, struct options *o);
int board_close(struct board *b); /* saves the state, removes the links */
/* Nothing where the board has none. */
void board_set_button(struct board *b, bool pressed);
void board_cut_at(struct board *b, uint64_t n, enum twin_cut when);

/* ---- console.c: commands on standard input ---- */
struct console {
    char line[256];
    size_t len;
    bool too_long;
    bool ended;  /* nobody writes to it at the moment */
    bool closed; /* and nobody ever will */
};
bool console_readable(const struct console *c); /* whether standard input may be polled now */
void console_read(struct console *c, struct board *b);
void console_command(struct board *b, char *line);

/* ---- loop.c ---- */
/* Until quit, a signal, or the end of --run-for. */
void loop_run(struct board *b, volatile sig_atomic_t *ended);

#endif

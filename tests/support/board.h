/* SPDX-License-Identifier: MIT */
/*
 * A board for tests: the twin in this process, running the real release binary, with the far end of
 * its serial lines in virtual time. Functions that find something wrong fail the running cmocka
 * test.
 *
 * Any report of the twin that says "the hardware would not forgive this" fails the test that did
 * not announce it with board_allow_report. Nothing here waits on the wall clock, and every wait
 * ends.
 */
#ifndef TESTS_BOARD_H
#define TESTS_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twin.h"
#include "wire.h"

#define MS(n) ((uint64_t)(n)*1000000u)
#define US(n) ((uint64_t)(n)*1000u)

/* Addresses of the chip and of PROTOCOL.md, retyped. */
enum board_address {
    FLASH_BASE = 0x08000000,
    APP_BASE = 0x08008000,
    FREE_SRAM_BASE = 0x20004000,
    FREE_SRAM_END = 0x20019000,
    SERVING_BASE = 0x2001C000, /* code that the bootloader unpacks when it stays */
    BOOT_REQUEST = 0x2001FFC0,
    SRAM_END = 0x20020000,
    CCM_BASE = 0x10000000,
    OTP_BASE = 0x1FFF7800,
    UID_BASE = 0x1FFF7A10,
    OPTION_BASE = 0x1FFFC000,
};
enum { CHAR_NS = 86806, BOARD_BAUD = 115200 };

/* A pin as in the board block: port << 4 | number. */
#define PIN(port, number) ((uint8_t)((unsigned)((port) - 'A') << 4 | (unsigned)(number)))
enum { NO_PIN = 0xFF };

/* How the board is wired, where it is not the original's. The same goes into the release binary's
 * board block, sealed. */
struct board_wires {
    uint8_t commands, tx, rx;
    uint8_t log, log_tx;
    uint8_t button, button_flags; /* flags as in the block */
    uint8_t led, led_flags;
    uint8_t driver, driver_flags;
    uint8_t hse; /* 0 none, 1 crystal, 2 an oscillator */
    uint32_t hse_hz;
    uint8_t pll_m;
    uint16_t pll_n;
    uint32_t baud;
    uint16_t window_ms;
};
enum { BOARD_BLOCK = 0x08000080, BOARD_BLOCK_BYTES = 56 };
extern const struct board_wires board_original;
/* The block of FORMAT.md, made here from that alone. */
void board_make_block(uint8_t block[BOARD_BLOCK_BYTES], const char *name,
                      const struct board_wires *w);

struct board_options {
    const struct board_wires *wires; /* NULL: the original's, and the binary's own block */
    const uint8_t *block;            /* what the binary has for a block, if not that of wires */
    enum wire_dialect dialect;       /* 0 = native */
    unsigned flash_kib;              /* 0 = 1024 */
    bool button;                     /* pressed */
    bool no_hse;
    uint32_t hsi_hz; /* 0 = 16 MHz */
    uint64_t seed;   /* of the twin; 0 = 1 */
    const void *app; /* put at 0x08008000; NULL = flash behind the bootloader is erased */
    size_t app_len;
    bool option_bytes; /* use the two below instead of AA and FFF */
    uint8_t rdp;
    uint16_t nwrp;
    bool stay_off;          /* do not switch on */
    const char *state_path; /* as in twin_config */
};

enum { BOARD_RX_MAX = 8192, BOARD_LOG_MAX = 32768, BOARD_LED_MAX = 512, BOARD_REPORTS_MAX = 8 };

struct board {
    struct twin *twin;
    enum wire_dialect dialect;
    unsigned flash_kib;
    struct board_wires wires;

    uint8_t rx[BOARD_RX_MAX]; /* from the USART of the commands, not yet looked at */
    size_t rx_len;
    uint64_t rx_first_ns; /* when the first byte of rx arrived */
    uint64_t sent_ns;     /* when the last byte given to board_send leaves the line */

    char log[BOARD_LOG_MAX]; /* from the USART of the log, a string */
    size_t log_len;

    unsigned reports[TWIN_REPORT_OTHER + 1]; /* how many of each kind */
    unsigned allowed;                        /* bit mask of kinds that do not fail the test */
    char bad[BOARD_REPORTS_MAX][192];        /* the first reports that fail it */
    unsigned bad_count;

    unsigned resets;
    char reset_cause[64]; /* of the last one */

    struct {
        uint64_t ns;
        bool level;
    } led[BOARD_LED_MAX]; /* changes of the LED's pin */
    unsigned led_count;

    unsigned failures; /* as GET_LAST_ERROR counts them, where board_refused keeps track */
};

/* Path of the release binary: the environment's ARAREXT_FIRMWARE, else that of this build. */
const char *board_firmware_path(void);
/* Seed of randomised tests: the environment's ARAREXT_SEED, else fallback. Printed. */
uint64_t board_seed(uint64_t fallback);

/* Makes the board, loads the release binary, switches on and gives it 100 ms. */
struct board *board_open(const struct board_options *options);
/* Fails the test if there was a report that it did not allow. Frees the board. */
void board_close(struct board *b);
void board_allow_report(struct board *b, enum twin_report_kind kind);
/* Fails unless there was at least one report of the kind. */
void board_assert_reported(const struct board *b, enum twin_report_kind kind);

enum twin_stop board_run(struct board *b, uint64_t ns);
/* Runs until want bytes from USART2 wait in rx, or for at most ns. Whether they came. */
bool board_wait(struct board *b, size_t want, uint64_t ns);
void board_power_cycle(struct board *b); /* and 100 ms */
/* Units programmed and erases since the board was made. */
uint64_t board_flash_operations(const struct board *b);
void board_reset(struct board *b); /* by the pin, and 100 ms */
void board_press_button(struct board *b, bool down);

/* The entry window in the board block, which is made right again. */
void board_set_window(struct board *b, unsigned ms);

/* Queues bytes on USART2's line. */
void board_send(struct board *b, const uint8_t *data, size_t len);
/* Runs until everything queued has left. */
void board_flush(struct board *b);
void board_send_gap(struct board *b, uint64_t ns);
/* Queues bytes with a silence of gap_ns after each. */
void board_send_slowly(struct board *b, const uint8_t *data, size_t len, uint64_t gap_ns);
/* Queues a request of the board's dialect. */
void board_request(struct board *b, unsigned command, const uint8_t *payload, size_t n);
/* Expects exactly these bytes within ns after the last byte sent (the line's time for the answer is
 * added), then silence for some milliseconds. Returns the time of the first byte of the answer,
 * counted from the end of the request. */
uint64_t board_expect(struct board *b, const uint8_t *bytes, size_t len, uint64_t ns);
void board_expect_silence(struct board *b, uint64_t ns);

/* Time within which PROTOCOL.md wants an answer to a command (56: one 128 KiB sector a count). */
uint64_t board_answer_limit_ns(unsigned command);

/* A command that must succeed with exactly this Data (status commands: data NULL). */
void board_ok(struct board *b, unsigned command, const uint8_t *payload, size_t n,
              const uint8_t *data, size_t len);
/* A command that must succeed with len bytes of Data, which are stored. */
void board_query(struct board *b, unsigned command, const uint8_t *payload, size_t n, uint8_t *data,
                 size_t len);
/* The same with whatever length of Data; returns it. */
size_t board_query_any(struct board *b, unsigned command, const uint8_t *payload, size_t n,
                       uint8_t data[255]);
/* A command with a good frame that must be refused for this reason: the dialect's failure answer,
 * then GET_LAST_ERROR with reason, command, a count one higher, and detail. */
void board_refused(struct board *b, unsigned command, const uint8_t *payload, size_t n,
                   enum wire_reason reason, uint32_t detail);
/* GET_LAST_ERROR must say this. Keeps the count. */
void board_assert_last_error(struct board *b, enum wire_reason reason, unsigned command,
                             uint32_t detail);
/* What GET_LAST_ERROR answers. */
struct board_error {
    unsigned reason, command, count;
    uint32_t detail;
};
struct board_error board_last_error(struct board *b);
/* Expects what a bad frame gets: one 7F, at least at_least and at most at_most ns after the last
 * byte that was sent, nothing more, and the count of failures one higher than at
 * board_note_failures. Returns the reason for the caller to check. */
struct board_error board_expect_bad_frame(struct board *b, uint64_t at_least, uint64_t at_most);
/* Reads GET_LAST_ERROR's count, so that later checks compare with it. */
void board_note_failures(struct board *b);

/* Convenience over the above; all must succeed. */
void board_erase(struct board *b, unsigned sector, unsigned count);
void board_write(struct board *b, uint32_t addr, const void *data, size_t len); /* any length */
void board_peek(struct board *b, uint32_t addr, void *data, size_t len);
void board_poke(struct board *b, uint32_t addr, const void *data, size_t len);
uint32_t board_peek32(struct board *b, uint32_t addr);
void board_assert_flash(struct board *b, uint32_t addr, const void *data, size_t len);
bool board_log_has(const struct board *b, const char *text);
unsigned board_sector_count(const struct board *b);

/* Everything a refused command must leave alone: flash, option bytes, OTP, free SRAM, CCM. */
struct snapshot;
struct snapshot *snapshot_take(struct board *b);
/* Fails at the first difference; frees. */
void snapshot_assert_same(struct board *b, struct snapshot *s);

#endif

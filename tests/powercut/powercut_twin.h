/* SPDX-License-Identifier: MIT */
/*
 * A board for the power-cut campaign in the twin: the release binary, the flash as a rig left it,
 * and a host at the line that sends what a flow needs. Virtual time, so a fork of the process is
 * the same board twice. It looks into the twin's own cells, since only there stands which bits are
 * firm.
 */
#ifndef POWERCUT_TWIN_H
#define POWERCUT_TWIN_H

#include <stdbool.h>
#include <stdint.h>

#include "powercut_flow.h"
#include "twin.h"

/* What the host does while the board runs. */
enum script {
    SCRIPT_NONE,     /* nothing: the board starts by itself; over when the application runs */
    SCRIPT_STAGE,    /* sends the second package */
    SCRIPT_CONFIRM,  /* confirms */
    SCRIPT_ROLLBACK, /* asks for it, releases the button, resets; over when the application runs */
    SCRIPT_PROTECT,  /* write-protects two sectors of the application area */
    SCRIPT_READ_PROTECT, /* sets read protection level 1 */
    SCRIPT_UNPROTECT,    /* takes write protection off */
    SCRIPT_PROVISION,    /* with the scenery's keys */
};

struct twin_board {
    struct twin *twin;
    const struct scenery *scenery;
    enum script script;
    uint32_t entry; /* first instruction of the applications */
    bool at_entry;  /* it was reached since power-on */
    /* The host: */
    uint32_t step; /* requests sent */
    bool waiting;  /* for an answer */
    bool refused;  /* an answer was not the expected one */
    bool finished; /* nothing more to send */
    uint8_t rx[300];
    uint32_t rx_len;
    unsigned reports; /* of things that silicon would not forgive */
    char report[200]; /* the first of them */
};

enum advance {
    ADVANCE_TIME,  /* until is reached */
    ADVANCE_OVER,  /* the script is over */
    ADVANCE_POWER, /* the supply went */
};

enum twin_op_kind { TWIN_OP_WORD, TWIN_OP_ERASE, TWIN_OP_RECORD };

/* Off, with the bootloader's binary and the flash and OTP of prepared. Ends the program if that is
 * not possible. */
void twin_board_open(struct twin_board *b, const struct scenery *s,
                     const struct flash_model *prepared, uint64_t seed);
void twin_board_close(struct twin_board *b);
/* While it is off: write protection of these sectors. */
void twin_board_protect(struct twin_board *b, uint16_t sectors);

/* Supply on. With a script the button is down and the bootloader gets time to listen; nothing of an
 * earlier script is left. */
void twin_board_on(struct twin_board *b, enum script script);
/* Supply off for a moment, and on with the button up; other random numbers from here on. */
void twin_board_cycle(struct twin_board *b, uint64_t seed);
enum advance twin_board_advance(struct twin_board *b, uint64_t until_ns);

uint64_t twin_board_operations(const struct twin_board *b);
/* Of the operation that is under way. */
enum twin_op_kind twin_board_operation_kind(const struct twin_board *b);
/* Cuts the next flash operation; the seed decides what a torn one leaves. */
void twin_board_cut_next(struct twin_board *b, enum twin_cut when, uint64_t seed);
/* Runs until the application does, or for the longest that a start may take: who runs. */
enum who twin_board_start(struct twin_board *b);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A board that knows packages, as far as a host can see: it answers in frames of PROTOCOL.md over a
 * transport with a virtual clock, and does what the test tells it to: reject, stay silent, lose an
 * answer. No code of the project is in it.
 */
#ifndef TESTS_HOST_FAKE_BOARD_H
#define TESTS_HOST_FAKE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ararext_package.h"

enum fake_who {
    FAKE_BOOTLOADER,
    FAKE_TALKING, /* an application that answers GET_VER, GET_SLOTS, RESET */
    FAKE_SILENT,  /* one that does not */
    FAKE_DOWN,    /* in reset, or installing */
};

struct fake_board {
    uint64_t now_ms;
    enum fake_who who, next; /* who comes after DOWN */
    uint64_t up_ms;          /* when */
    uint8_t answer[600];
    size_t answer_len, answer_from;

    uint8_t info[69];
    uint8_t slots[132];
    uint8_t otp[528];
    uint8_t last_error[8];
    uint8_t flash_word[8]; /* what MEM_READ of flash gives, over and over */

    uint8_t staged[4096]; /* what STAGE_WRITE has brought */
    uint32_t staged_len, size;
    bool order_wrong;

    /* What the test tells it. */
    uint8_t trials;            /* of the package that is staged */
    uint8_t finish_reason;     /* 0 = takes it */
    uint8_t provision_reason;  /* 0 = takes it */
    bool burns_wrong;          /* OTP does not take one bit */
    bool lose_finish;          /* the answer to the first STAGE_FINISH gets lost */
    bool lose_provision;       /* the answer to PROVISION gets lost */
    unsigned lose_resets;      /* so many answers to RESET get lost */
    unsigned deaf_resets;      /* so many RESETs do not arrive; before that */
    uint8_t stage_slot;        /* where the next package goes */
    bool never_back;           /* after RESET 02 it does not answer any more */
    uint8_t install_state;     /* of the slot after RESET 02; rejected = not installed */
    bool not_installed;        /* ... and it is not in the application area, whatever the state */
    enum fake_who after_start; /* who comes after RESET 00 */
    uint64_t verdict_ms;       /* when the state below is reached, after RESET 00; 0 = never */
    uint8_t verdict_state;

    bool checked;      /* it knows checked answers */
    unsigned flip_at;  /* this answer, counted from 1, has one bit flipped; 0 = none */
    unsigned flip_bit; /* which, modulo its bits */
    unsigned answers;  /* so far */
    bool flipped;      /* it happened */
    uint8_t asked;     /* command of the request, as it came */

    unsigned requests[256]; /* how often each command came */
    unsigned resets[3];     /* RESET by argument, those that arrived */
    unsigned lost_resets;   /* how often one of the two happened */
    uint64_t started_ms;
    uint8_t provision[255];
    size_t provision_len;
    struct ararext_session *session;
    uint64_t stop_ms; /* from when on options.stop says so; 0 = never */
};

/* Starts a session with it: an open board, in the bootloader, with nothing in its slots. */
void fake_open(struct fake_board *b);
void fake_close(struct fake_board *b);
/* The entry of a slot in the answer of GET_SLOTS. */
uint8_t *fake_slot(struct fake_board *b, unsigned slot);

#endif

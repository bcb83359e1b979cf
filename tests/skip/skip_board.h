/* SPDX-License-Identifier: MIT */
/*
 * The provisioned board of the campaign of faults: the release binary in the twin, and what lies in
 * its flash and OTP. Numbers are retyped from FORMAT.md and PROTOCOL.md.
 */
#ifndef SKIP_BOARD_H
#define SKIP_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twin.h"

enum {
    BOOT_START = 0x08000000,
    BOOT_END = 0x08008000,
    FLASH_SIZE = 0x100000,
    APP = 0x08008000,
    SLOT_A = 0x08080000,
    TRAILER_A = SLOT_A + 0x40000 - 0x800,
    SLOT_B = 0x080C0000,
    TRAILER_B = SLOT_B + 0x40000 - 0x800,
    OTP = 0x1FFF7800,
    OTP_SIZE = 528,
    OPTIONS = 0x1FFFC000,
    OPTIONS_SIZE = 16,
    SRAM_START = 0x20000000,
    SERVING_START = 0x2001C000, /* where the bootloader unpacks code to */
    SRAM_END = 0x20020000,
    OPTION_RDP_USER = OPTIONS,
    OPTION_NWRP = OPTIONS + 8,
    NWRP_BOOT = 0x003,
    NWRP_REST = 0xFFC,
};
enum { CONTENT_SIZE = 1024, OWN_KEY = 1, OTHER_KEY = 2, REVOKED_KEY = 3, BOARD_COUNTER = 5 };
enum { PACKAGE_MAX = 2048, ANSWERS_MAX = 4096 };
#define MS(n) ((uint64_t)(n)*1000000u)

struct board {
    struct twin *twin;
    uint32_t forged;               /* entry of what must not start */
    bool started;                  /* it did */
    uint8_t content[CONTENT_SIZE]; /* of the area */
    uint8_t package[PACKAGE_MAX];  /* forged or good, that a scenario deals with */
    size_t package_len;
    uint8_t answers[ANSWERS_MAX]; /* all that came over both serial lines */
    size_t answers_len;
    size_t command_at;  /* where the answer to the command in question begins */
    size_t command_end; /* and what came as answers ends; the log is behind it */
    uint8_t before[FLASH_SIZE + OTP_SIZE + OPTIONS_SIZE];
};

/* Makes the board, power off, with the release binary, and keys if it is provisioned. */
void board_make(struct board *b, bool provisioned);
void board_free(struct board *b);
/* Looks out for b->forged, and switches on. */
void board_switch_on(struct board *b);

void board_load(struct board *b, uint32_t addr, const void *data, size_t len);
/* Option bytes of a board that is off: read protection and nWRP (1: not protected). */
void board_set_options(struct board *b, uint8_t rdp, uint16_t nwrp);
/* An application that sleeps for ever; its entry tells it from the other ones, and so do its
 * bytes. */
uint32_t board_make_content(uint8_t content[CONTENT_SIZE], unsigned variant);
/* A package as a finished staging leaves it in slot A: sealed, checked, confirmed, and, so the log
 * says, in the area. */
void board_load_package(struct board *b, const uint8_t *package, size_t len);
/* The newer package, in slot B, its trial over. */
void board_load_tried(struct board *b, const uint8_t *package, size_t len);

struct forgery {
    uint32_t key; /* 0: unsigned */
    uint32_t counter;
    const uint8_t *identity;
    bool compressed;
    bool start; /* a start signature, too */
    void (*spoil)(uint8_t *package, size_t len);
};
/* Into b->package, its content into b->content and b->forged. */
void board_make_package(struct board *b, const struct forgery *f);
/* And into slot A and the area. */
void board_load_forgery(struct board *b, const struct forgery *f);
/* Ways to spoil: with the digest as it was, and with the right one. */
void spoil_digest(uint8_t *package, size_t len);
void spoil_content(uint8_t *package, size_t len);
/* The content's digest among the protected fields is that of the spoiled content. */
void spoil_fields(uint8_t *package, size_t len);

/* ---- the serial line ---- */

/* Sends a request and takes what comes, until it has been quiet for a while or limit_ms are over.
 * The length of what came. */
size_t board_request(struct board *b, const uint8_t *request, size_t len, unsigned limit_ms);
/* Takes what has come over both lines. */
void board_take_answers(struct board *b);
/* CRC of PROTOCOL.md. */
uint32_t board_crc(const uint8_t *data, size_t len);

/* ---- judging ---- */

/* Flash, OTP and option bytes as they are, for board_has_changed. */
void board_remember(struct board *b);
/* Switches off, so that an operation under way shows. */
bool board_has_changed(struct board *b);
/* The same where option bytes may change, when the operation has ended: without a fault only bits
 * of nWRP, those in `falling` to 0 (protected), those in `rising` to 1. A fault in such an
 * operation leaves what a lost supply leaves in it, so with one it is: no flash, no OTP, no
 * level 2. NULL, or what broke. */
const char *board_judge_options(struct board *b, uint16_t falling, uint16_t rising);
/* Whether four bytes in a row of the content are in the answers. */
bool board_has_leaked(const struct board *b);

void put_le32(uint8_t *p, uint32_t v);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Flash and OTP in memory for struct flash_hw, with cells that lose power. A programming or an
 * erase that is cut leaves bits that are done, bits that are not, and bits that read differently at
 * each read. What a test injects is counted, so that it can say that it happened. It shares no code
 * with the firmware's driver. A use that no caller may make (outside a memory, odd) ends the
 * program.
 */
#ifndef TESTS_FLASH_MODEL_H
#define TESTS_FLASH_MODEL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash_table.h"

#define FLASH_MODEL_SECTORS 12u
#define FLASH_MODEL_OTP     528u /* 512 bytes and 16 lock bytes */

enum flash_model_cut {
    CUT_BEFORE, /* the operation has not begun */
    CUT_TORN,   /* somewhere inside */
    CUT_AFTER,  /* it has ended, and its caller does not learn it */
};

struct flash_model {
    struct flash_hw hw; /* hand out &hw; its ctx is this struct */
    uint64_t random;    /* state of the generator; a seed to begin with */

    /* An operation is one word, one byte, or one erase. */
    unsigned operations;      /* since creation */
    unsigned cut_at;          /* supply is lost at the operation of this number (the first is 1) */
    enum flash_model_cut cut; /* ... and there */
    unsigned cuts;            /* how often that happened */
    bool off;                 /* lost: every operation fails with FLASH_ERROR, reads give FF */
    unsigned fail_at;  /* the operation of this number fails with FLASH_ERROR and does nothing */
    unsigned fails;    /* how often one did */
    uint32_t stuck_at; /* this word of flash takes no bits; 0 = none */
    unsigned stuck;    /* how often it did not */
    uint32_t protected_mask; /* bit i: sector i refuses with FLASH_ERROR */
    bool prepares;           /* a torn erase may leave zeros, too: erases that program first do */

    /* What was done; the caller may set these back to 0. */
    unsigned erases[FLASH_MODEL_SECTORS];
    unsigned words; /* programmed by program, or bytes behind the last one */
    unsigned begun; /* of these, ahead: by begin */
    unsigned marks; /* words programmed by mark */
    unsigned otp;   /* bytes programmed by mark_otp, and words of OTP by mark */
    unsigned alive;
    unsigned over;   /* words that program wrote where a bit was 0 and should become 1 */
    unsigned blind;  /* words that program wrote into a sector not erased since power-on */
    unsigned locked; /* writes to a locked OTP block (they fail) */

    uint32_t note; /* RTC_BKP19R; lost with the supply */

    uint32_t begun_addr, begun_len, begun_sum; /* what program has to ask for; len 0: nothing */
    uint32_t begun_done;                       /* bytes of it that are programmed */
    jmp_buf *on_cut;   /* where a cut goes to, or NULL: then operations fail until power-on */
    uint32_t sessions; /* bit i: sector i was erased since power-on */
    bool loose[FLASH_MODEL_SECTORS + 1]; /* there are unstable bits; the last one is OTP */
    uint8_t flash[1024 * 1024];
    uint8_t otp_bytes[FLASH_MODEL_OTP];
    uint8_t flash_unstable[1024 * 1024]; /* a 1 stands for a bit that reads at random */
    uint8_t otp_unstable[FLASH_MODEL_OTP];
};

/* Erased, OTP blank. Freed by the caller with free(). */
struct flash_model *flash_model_create(uint32_t flash_kib, uint64_t seed);
/* to becomes a board like from, with its own hw. */
void flash_model_copy(struct flash_model *to, const struct flash_model *from);

/* Calls fn; returns true when it ended, false when the supply was lost in it. */
bool flash_model_run(struct flash_model *m, void (*fn)(void *arg), void *arg);
/* An operation of another kind than these begins (option bytes): false, it does not happen; *torn,
 * only in part. flash_model_ended when it has. */
bool flash_model_begins(struct flash_model *m, bool *torn);
void flash_model_ended(struct flash_model *m);

/* The supply comes back: no cut and no failure is set any more, the note is lost. */
void flash_model_power_on(struct flash_model *m);

/* For struct update_board: the note. ctx is the model. */
uint32_t flash_model_note_read(void *ctx);
void flash_model_note_write(void *ctx, uint32_t note);

/* The cells of len bytes at an address in flash or OTP, as they would read were all stable. */
uint8_t *flash_model_at(struct flash_model *m, uint32_t addr, size_t len);
/* All operations so far of a kind that wears flash: erases. */
unsigned flash_model_erases(const struct flash_model *m);
/* The next random number: for tests that want to go on from the same seed. */
uint64_t flash_model_random(struct flash_model *m);

#endif

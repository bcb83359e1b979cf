/* SPDX-License-Identifier: MIT */
/*
 * The engine of the bootloader: commands in, answers and what to do next out. It does no I/O: the
 * caller moves bytes (frame.h finds the frames), sends the answers and performs what `after` says.
 * The chip is what flash_hw.h and memory_hw.h say, and the link decides.
 *
 * How a request is served:
 *   1. frame_poll gives a request, or a reject: then loader_reject makes the answer, and that is
 * all.
 *   2. loader_accept checks command and payload length. Its answer, if any, is sent at once.
 *   3. If it returned true, loader_execute does the work and makes the (rest of the) answer.
 *   4. When that has left the wire, the caller does what loader.after says.
 * After each of these, in DIALECT_ROM, the receiver is told loader.block. FRAME_HELLO is answered
 * with ROM_ACK by the caller.
 *
 * An answer stays valid until the next call with the same loader.
 */
#ifndef ARAREXT_LOADER_H
#define ARAREXT_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "protocol.h"
#include "command_form.h"
#include "stream.h"
#include "update.h"

/* Facts that do not change until the next reset; for GET_INFO and GET_BOARD. */
struct loader_info {
    uint32_t idcode; /* DBGMCU_IDCODE: device ID in bits 11:0, revision in 31:16 */
    uint32_t core_hz;
    uint16_t flash_kib; /* 512 or 1024 */
    uint16_t ring_size; /* of the receive ring, bytes */
    uint8_t version[3];
    uint8_t reset_cause; /* RCC_CSR bits 31:24 */
    enum stay_reason stay;
    uint8_t clock_source; /* 0 HSI, 1 HSE */
    const uint8_t *board; /* the board block that holds */
    bool board_is_block;  /* else it is the built-in one */
};

/* What streaming works with; owned by the caller. The stream's hw is, too, but for its stage. */
struct loader_stream {
    struct stream *stream;
    uint32_t usart_hz;
    uint32_t window;        /* bytes that may be under way */
    uint32_t packed_window; /* the same while the unpacker's memory is in use */
    uint32_t rate;          /* after SET_BAUD: change to it when the answer has left */
};

/* What to do once the answer has left the wire. */
enum loader_after {
    AFTER_NOTHING = 0,
    AFTER_GO_IMAGE, /* start the vector table at loader.target */
    AFTER_GO_CODE,  /* enter loader.target (even) as Thumb code */
    AFTER_START,    /* as at a reset: packages have a say */
    AFTER_RESET,
    AFTER_RESET_STAY,    /* with a boot request, so that the bootloader stays */
    AFTER_RESET_INSTALL, /* with a boot request: install as at any start, then stay */
    AFTER_BAUD,          /* change the line to streaming->rate */
    AFTER_STREAM,        /* stream mode. The ring for it is there before the answer is sent */
};

struct loader_failure {
    uint32_t detail;
    uint16_t count;
    enum reason reason;
    uint8_t command;
};

/* The command of ST's protocol under way (command_rom.c). */
struct loader_rom {
    uint32_t addr;
    uint8_t blocks; /* behind the next one, as rom_form has them */
    uint8_t code;
};

/* Owned by the caller. update, streaming and info are set by it before loader_init; failure,
 * result, block, after, target and go may be read. */
struct loader {
    enum reason result;            /* of the last request or reject */
    enum protocol_dialect dialect; /* of the request under way */
    enum loader_after after;
    uint8_t data_len;
    bool checked;         /* the answer under way ends in a CRC */
    bool enforced;        /* provisioning is complete; read with open */
    bool retired;         /* direct flashing has retired the packages in this session */
    enum rom_block block; /* for the receiver: what comes next of ST's protocol */
    struct loader_rom rom;
    const struct update_board *update;
    struct loader_stream *streaming;
    const struct command_form *running; /* row of the command that was accepted */
    uint32_t detail;                    /* of the command under way, should it fail */
    uint32_t target;
    struct update_stage stage;
    volatile uint32_t go[2];   /* AFTER_GO_*: jump only if both are VERDICT_GOOD */
    volatile uint32_t open[2]; /* both VERDICT_GOOD: the board is open. Read at init, and again
                                * after PROVISION */
    struct loader_failure failure;
    struct loader_info info;
    uint8_t answer[ANSWER_SIZE_MAX];
};

struct loader_answer {
    const uint8_t *bytes;
    size_t len;
};

/* Sets everything but update, streaming and info to the state after a reset; reads OTP. */
void loader_init(struct loader *l);

/* Answer to what the receiver refused; notes the failure. */
struct loader_answer loader_reject(struct loader *l, enum reason reason, uint32_t detail);

/* A stream that has ended failed: that is noted for GET_LAST_ERROR, as of STREAM_BEGIN. */
void loader_note_stream(struct loader *l);

/* The stage function of stream_hw; its stage_ctx is the loader. */
stream_stage_fn loader_stage;

/* Looks a request up and checks its payload length. Returns true if loader_execute is to follow;
 * the answer may be empty then, or the course dialect's early acknowledge. */
bool loader_accept(struct loader *l, enum protocol_dialect dialect,
                   const struct frame_request *request, struct loader_answer *answer);

/* Executes the accepted request: checks the arguments, acts, makes the answer. */
struct loader_answer loader_execute(struct loader *l, const struct frame_request *request);

#endif

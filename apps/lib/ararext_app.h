/* SPDX-License-Identifier: MIT */
/*
 * What an application links to work with the bootloader that started it: staging a package from
 * wherever it came, confirming, going back, why it was started, the trial's watchdog, the boot
 * request, and answering a host on a serial line of its own. PROTOCOL.md and FORMAT.md are the
 * references. Freestanding, for C and C++: no C library, no allocation, no state but what the
 * caller hands in. Where flash and OTP are concerned the bootloader does the work, through its
 * table of services (core/update/services.h); the library must never touch the flash controller
 * itself.
 *
 * What it costs: while flash is busy, every fetch from flash waits, interrupts included (vectors
 * and handlers in SRAM go on). An erase takes up to 2 s a sector of 128 KiB and a slot has one or
 * two; a word takes up to 100 us, typically 16. So serial input that is not received by DMA gets
 * lost during an erase, and a watchdog that runs must leave that much time. Calls that say "flash"
 * below do this. They need SERVICES_STACK bytes of stack, privileged mode, and flash and system
 * memory not barred by an MPU region; one caller at a time, never from an interrupt that may break
 * into another call.
 *
 * Every int function returns 0, a positive enum reason (core/base/reason.h) from the
 * bootloader, or one of enum ararext_app_error.
 */
#ifndef ARAREXT_APP_H
#define ARAREXT_APP_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"
#include "protocol.h"
#include "services.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARAREXT_APP_CHECKED  __attribute__((__warn_unused_result__))
#define ARAREXT_APP_NORETURN __attribute__((__noreturn__))

enum ararext_app_error {
    ARAREXT_APP_NO_SERVICES = -1,  /* the bootloader has no table of services: it is too old */
    ARAREXT_APP_OLD_SERVICES = -2, /* it has one, but smaller than this library needs */
    ARAREXT_APP_ARGUMENT = -3,     /* NULL, or more bytes than were announced */
};

/* A sentence without full stop for any value that a function of this file returns; static. */
const char *ararext_app_error_text(int error);

/* ---- the way back ---- */

/* Leaves the request to stay in the bootloader in no-init RAM and resets the chip. Works from any
 * privileged code; does not come back. The request lies in the last 64 bytes of SRAM, where
 * most stacks begin; that is no conflict, since nothing uses the stack after it is written. */
ARAREXT_APP_NORETURN void ararext_app_request_bootloader(void);

/* Resets the chip without a request: the bootloader looks at button and flash as after power-on. */
ARAREXT_APP_NORETURN void ararext_app_reset(void);

/* ---- services ---- */

/* The bootloader's table, after its magic, version and size were looked at. *out is valid only with
 * 0. NO_SERVICES, OLD_SERVICES. The other functions do this themselves. */
ARAREXT_APP_CHECKED int ararext_app_find_services(const struct services **out);

/* ---- why the application runs ---- */

struct ararext_app_version {
    uint8_t major, minor;
    uint16_t revision;
    uint32_t build;
};

/* GET_SLOTS, as far as it concerns the running application. Where slot is ARAREXT_APP_NO_SLOT, what
 * runs came from no package, and all from state on is 0. */
#define ARAREXT_APP_NO_SLOT 0xFFu
struct ararext_app_report {
    uint8_t cause;    /* enum boot_cause; FF not known */
    uint8_t crashes;  /* starts in a row that followed a reset by software or a watchdog */
    uint8_t trust;    /* enum trust_state */
    uint8_t target;   /* slot that the next start would choose: 0 A, 1 B, FF none */
    uint8_t slot;     /* slot whose content runs: 0 A, 1 B, FF none */
    uint8_t state;    /* enum slot_state of it: SLOT_STAGED = not confirmed yet */
    uint8_t attempts; /* boots on trial so far, this one included */
    uint8_t trials;   /* boots on trial that it may have; 0 = needs no confirmation */
    uint16_t board_counter;
    uint16_t counter; /* security counter of the package */
    struct ararext_app_version version;
};

/* Reads records in flash; does not write. NO_SERVICES, OLD_SERVICES, ARGUMENT. */
ARAREXT_APP_CHECKED int ararext_app_read_report(struct ararext_app_report *out);

/* Whether the report says that this start is on trial and nobody has confirmed yet. */
int ararext_app_is_on_trial(const struct ararext_app_report *report);

/* ---- confirming, going back ---- */

/* "This application works": call it when that has been seen. A second time costs nothing. Flash
 * (and OTP on a provisioned board). REASON_NO_TRIAL if what runs came from no package; flash
 * reasons (26, 27, 25), REASON_OTP. */
ARAREXT_APP_CHECKED int ararext_app_confirm(void);

/* Rejects the package that would run next, if the other slot can take its place: it does at the
 * next reset, which the caller makes. Flash. REASON_NO_FALLBACK if there is none; flash reasons. */
ARAREXT_APP_CHECKED int ararext_app_rollback(void);

/* Reloads the independent watchdog, which the bootloader starts before a boot on trial with the
 * package's time (30 s unless it says otherwise; its oscillator is anything from half to one and a
 * half times its nominal speed). Harmless when it does not run. Once started it runs until the next
 * reset, confirmed or not. */
void ararext_app_feed_watchdog(void);

/* ---- staging a package ---- */

/* The caller's; needs no initialisation before begin. Only next and slot may be read. */
struct ararext_app_stage {
    struct services_stage services;
    uint32_t size;   /* announced */
    uint32_t next;   /* bytes taken so far */
    uint8_t slot;    /* 0 A, 1 B */
    uint8_t waiting; /* bytes in word */
    uint8_t failed;  /* not 0: begin again */
    uint8_t word[4]; /* what did not fill a word yet */
};

/* Chooses the slot that is not needed to boot and erases it. size is the package's, in bytes. Flash
 * (seconds). REASON_PACKAGE_SIZE; REASON_UNCONFIRMED while this application is on trial;
 * flash reasons. */
ARAREXT_APP_CHECKED int ararext_app_stage_begin(struct ararext_app_stage *s, uint32_t size);

/* The next len bytes of the package, any number at any address; up to 3 are kept until a word is
 * full or the package ends. Flash: 100 us a word at most. ARGUMENT for bytes beyond size (nothing
 * is written; staging goes on), REASON_STAGE_ORDER after an error or without a begin, flash
 * reasons (then staging is over: begin again). */
ARAREXT_APP_CHECKED int ararext_app_stage_write(struct ararext_app_stage *s, const void *data,
                                                uint32_t len);

/* After the last byte: the bootloader judges digest, signature, counter and identity and seals the
 * slot. The package is installed at the next reset, which the caller makes. Takes up to some
 * seconds, depending on the core's clock. REASON_STAGE_ORDER if bytes are missing (staging goes
 * on), reasons 41 to 48 and flash reasons (staging is over). */
ARAREXT_APP_CHECKED int ararext_app_stage_finish(struct ararext_app_stage *s);

/* ---- answering a host on a serial line of the application ---- */

/*
 * Native frames (PROTOCOL.md): GET_VER, GET_SLOTS, CONFIRM, ROLLBACK, RESET 00 and 01; every other
 * command is answered 7F. So `ararext update` sees the confirmation and can call the bootloader
 * while the application runs. GET_VER and RESET need no services.
 *
 * The application moves the bytes: what its line receives goes into ..._take, what ..._give hands
 * out goes onto the line. One context for both, or interrupts off around them. now_ms is any
 * free-running millisecond counter. Bytes that come while an answer is due are dropped: one request
 * is answered before the next is sent.
 */
enum ararext_app_wish {
    ARAREXT_APP_STAY = 0,
    ARAREXT_APP_WANT_RESET,      /* RESET 00 was answered: ararext_app_reset */
    ARAREXT_APP_WANT_BOOTLOADER, /* RESET 01 was answered: ararext_app_request_bootloader */
};

#define ARAREXT_APP_ANSWER_MAX (3u + SLOTS_SIZE)

/* The caller's; set up with init, then opaque. */
struct ararext_app_responder {
    uint32_t last_ms;  /* of the last byte */
    uint32_t drain_ms; /* when throwing away began */
    uint32_t crc;      /* of the frame so far */
    uint16_t count;    /* bytes of the frame so far */
    uint8_t state;
    uint8_t length, command, argument; /* Length, Command and the payload's first byte */
    uint8_t sum[FRAME_CRC_SIZE];       /* the frame's CRC */
    uint8_t wish;
    uint8_t len, given; /* of the answer */
    uint8_t answer[ARAREXT_APP_ANSWER_MAX];
};

void ararext_app_responder_init(struct ararext_app_responder *r);

/* A byte was received. Quick: does not execute anything. */
void ararext_app_responder_take(struct ararext_app_responder *r, uint8_t byte, uint32_t now_ms);

/* A byte was lost or damaged: the frame is thrown away, with what follows until the line is quiet
 * for 20 ms (or not quiet for 2 s); then 7F is answered. */
void ararext_app_responder_fail(struct ararext_app_responder *r, uint32_t now_ms);

/* Copies up to size bytes to be sent into out and returns how many; 0 = nothing to send. To be
 * called at least every 10 ms or so. Executes the request when its answer is first asked for:
 * CONFIRM and ROLLBACK are flash. */
size_t ararext_app_responder_give(struct ararext_app_responder *r, uint8_t *out, size_t size,
                                  uint32_t now_ms);

/* What the host asked for and was told it will get, once all of the answer was given. The
 * application does it when its line has sent the last bit. */
enum ararext_app_wish ararext_app_responder_wish(const struct ararext_app_responder *r);

#ifdef __cplusplus
}
#endif

#endif

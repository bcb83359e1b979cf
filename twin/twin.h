/* SPDX-License-Identifier: MIT */
/*
 * The board twin: an STM32F407 with its pins, run in virtual time. Public interface of the library
 * that ararext-twin and the tests link. It executes an unmodified firmware binary.
 *
 * One thread a board, nothing shared between boards: any number of them may live in one process.
 * All times are virtual nanoseconds since the board was created; they go on over resets and power
 * cycles, for 106 days. Unless a function says otherwise it cannot fail. Strings that go in are not
 * kept.
 *
 * This folder never includes anything of firmware/, core/ or host/: addresses and bits are retyped
 * from RM0090, PM0214 and DS8626, so that a wrong number cannot agree with itself.
 */
#ifndef ARAREXT_TWIN_H
#define ARAREXT_TWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TWIN_CHECKED __attribute__((warn_unused_result))

struct twin; /* one board; owned by the caller between twin_create and twin_destroy */

/* What the hardware would not forgive, told through twin_config.on_report. */
enum twin_report_kind {
    TWIN_REPORT_UNMAPPED,    /* access where nothing answers */
    TWIN_REPORT_UNMODELLED,  /* register that the chip has and the twin has not; once a register */
    TWIN_REPORT_CLOCK_OFF,   /* access to a peripheral whose clock is off */
    TWIN_REPORT_WAIT_STATES, /* too few flash wait states for the clock */
    TWIN_REPORT_PLL,         /* PLL input, VCO, output or bus clock out of range */
    TWIN_REPORT_DMA,         /* DMA to or from memory that it does not reach */
    TWIN_REPORT_FLASH,       /* flash used against the rules: stale cache, over-programming, ... */
    TWIN_REPORT_USART,       /* overrun, framing error, baud rate the line does not have */
    TWIN_REPORT_CORE,        /* fault taken, lock-up, unpredictable instruction or state */
    TWIN_REPORT_WATCHDOG,    /* reset by IWDG or WWDG */
    TWIN_REPORT_OTHER,
};

struct twin_report {
    enum twin_report_kind kind;
    uint64_t time_ns;
    uint32_t pc;      /* instruction, or start of its block where only that is known */
    uint32_t address; /* what was accessed; 0 if that has no meaning */
    const char *text; /* one sentence; valid during the call */
};

struct twin_config {
    uint32_t flash_kib; /* 512 or 1024; 0 = 1024 */
    bool no_hse;        /* no crystal on the board */
    uint32_t hse_hz;    /* 0 = 8 MHz */
    uint32_t hsi_hz;    /* 0 = 16 MHz; on silicon 8 % less to 4.5 % more (DS8626) */
    uint64_t seed;      /* of all randomness: SRAM at power-on, torn flash bits, line noise */
    const char
        *state_path; /* file that keeps flash, option bytes, OTP, backup domain; NULL = none */
    void (*on_report)(void *ctx, const struct twin_report *report); /* may be NULL */
    void (*on_pin)(void *ctx, char port, unsigned pin,
                   bool level);                     /* output changed; may be NULL */
    void (*on_reset)(void *ctx, const char *cause); /* chip was reset; may be NULL */
    void *ctx;
};

enum twin_error {
    TWIN_OK = 0,
    TWIN_ERR_ARGUMENT = -1,
    TWIN_ERR_MEMORY = -2,
    TWIN_ERR_FILE = -3,   /* cannot be read or written; see twin_error_text */
    TWIN_ERR_FORMAT = -4, /* not an ARM ELF, not a state file, does not fit the part */
    TWIN_ERR_ENGINE = -5, /* the CPU emulator refused something: a defect of the twin */
};

/* Why twin_run_* came back. */
enum twin_stop {
    TWIN_STOP_TIME,   /* the time asked for is over */
    TWIN_STOP_EVENT,  /* twin_request_stop was called, from a callback */
    TWIN_STOP_LOCKUP, /* the core is in lock-up; only a reset (watchdog, pin) ends it */
    TWIN_STOP_POWER,  /* power is off: by twin_power_off or by an injected cut */
};

/* Makes a board, power off. Flash is erased (or as state_path holds it). The sentence of the last
 * error of any call is in twin_error_text(NULL) when there is no board to ask. */
TWIN_CHECKED int twin_create(struct twin **out, const struct twin_config *config);
void twin_destroy(struct twin *t); /* writes the state file; NULL is allowed */
/* Writes the state file now, beside the old one and then in its place, if anything in it has
 * changed since; a flash operation under way is not in it. For who may be killed. FILE, MEMORY. */
TWIN_CHECKED int twin_checkpoint(struct twin *t);
bool twin_state_is_saved(const struct twin *t);
uint64_t twin_state_changes(const struct twin *t); /* counts them; to see that they have ceased */
const char *twin_error_text(const struct twin *t);

/* Loads an ELF (load segments by physical address) or a raw binary at addr into flash or SRAM, as a
 * programmer would: without time, and over whatever was there; or into OTP and its lock bytes,
 * where bits only go to 0 and a locked block refuses. ARGUMENT, FILE, FORMAT. */
TWIN_CHECKED int twin_load_file(struct twin *t, const char *path, uint32_t addr);
TWIN_CHECKED int twin_load(struct twin *t, uint32_t addr, const void *data, size_t len);

/* Looks into memory (flash, SRAM, CCM, OTP, option bytes, system memory) without side effects and
 * without time. ARGUMENT if the range is not all of one memory. twin_poke is twin_load. */
TWIN_CHECKED int twin_peek(struct twin *t, uint32_t addr, void *data, size_t len);

void twin_power_on(struct twin *t);  /* SRAM random, power-on reset */
void twin_power_off(struct twin *t); /* a flash operation under way is torn */
void twin_reset_pin(struct twin *t); /* NRST low and high again */
bool twin_is_powered(const struct twin *t);

uint64_t twin_now_ns(const struct twin *t);
/* Virtual time ends after 106 days (it is kept in picoseconds): that is reported, and a run comes
 * back at once. */
bool twin_time_is_over(const struct twin *t);
/* Runs for ns of virtual time. Without power, time passes and nothing happens. */
enum twin_stop twin_run_ns(struct twin *t, uint64_t ns);
/* Makes the running twin_run_ns return soon; for callbacks. */
void twin_request_stop(struct twin *t);

struct twin_counters {
    uint64_t instructions; /* executed */
    uint64_t cycles;       /* core cycles, sleep and stalls included */
    uint64_t resets;
    uint64_t flash_operations; /* programmed units and erases since creation, option bytes too */
};
void twin_get_counters(const struct twin *t, struct twin_counters *out);

/* A register that the twin has not, and that the program has been reading for more than a second.
 */
struct twin_polled {
    const char *name; /* of its peripheral */
    uint32_t address, pc;
    uint64_t reads, ns; /* how often, and for how long */
};
/* The nth of them, from 0; false if there are not so many. */
bool twin_get_polled(const struct twin *t, unsigned n, struct twin_polled *out);

/* Calls fn when the core is about to execute the instruction at addr for the first time after this
 * call (any mode); one at a time, fn NULL removes it. For measurements. */
void twin_on_execute(struct twin *t, uint32_t addr, void (*fn)(void *ctx, uint32_t addr),
                     void *ctx);

/* Injects a fault: the nth execution from now (1 = the next) of the instruction at addr does
 * nothing but take a cycle, as a glitch of supply or clock may have it. n = 0 cancels. */
void twin_skip_instruction(struct twin *t, uint32_t addr, uint64_t nth);
enum twin_fault {
    TWIN_FAULT_SKIP,  /* as above */
    TWIN_FAULT_ZEROS, /* and the registers that its result goes to become 0 ... */
    TWIN_FAULT_ONES,  /* ... or FFFFFFFF */
};
/* The same with a choice. False, and nothing will happen: it has no result in R0 to R12 or LR, or
 * more than two. */
bool twin_fault_instruction(struct twin *t, uint32_t addr, uint64_t nth, enum twin_fault fault);
/* Whether the fault asked for has happened. */
bool twin_skip_happened(const struct twin *t);
/* Whether the instruction at addr was executed since the code there was last changed. */
bool twin_has_executed(const struct twin *t, uint32_t addr);
/* From now on: as if nothing had been executed yet. */
void twin_forget_executed(struct twin *t);

/* ---- pins: port 'A' to 'I', pin 0 to 15 ---- */
void twin_pin_drive(struct twin *t, char port, unsigned pin, bool level); /* from outside */
void twin_pin_release(struct twin *t, char port,
                      unsigned pin); /* nothing connected: floats or pulled */
bool twin_pin_level(const struct twin *t, char port, unsigned pin);
/* A resistor to a rail, or an LED: what a pin is that nobody drives, also when its own pull would
 * have it otherwise. */
void twin_pin_pull(struct twin *t, char port, unsigned pin, bool level);

/* What is at OSC_IN instead of twin_config's crystal: a crystal of hz or, with clock, an
 * oscillator, which starts only with HSEBYP set, as a crystal only starts without. hz 0: nothing.
 * Before twin_power_on. */
void twin_set_hse(struct twin *t, uint32_t hz, bool clock);
/* The crystal stops swinging, or does it again. */
void twin_crystal(struct twin *t, bool works);

/* ---- analog: channels 0 to 15 are pins, 16 temperature, 17 reference, 18 battery ---- */
/* What the ADCs find there from now on, of 4095; 0 at the pins until it is set. */
void twin_analog_set(struct twin *t, unsigned channel, unsigned value);
/* What DAC channel 1 or 2 puts out, of 4095; false, and 0, while it is off. */
bool twin_dac_output(const struct twin *t, unsigned channel, unsigned *value);

/* ---- serial lines: usart 1 to 6, the far end of the cable ---- */
struct twin_line {
    uint32_t baud;      /* what the far end uses; 0 = 115200 */
    unsigned data_bits; /* 7, 8 or 9, without parity; 0 = 8 */
    char parity;        /* 'N', 'E', 'O'; 0 = 'N' */
    unsigned stop_bits; /* 1 or 2; 0 = 1 */
};
void twin_line_set(struct twin *t, unsigned usart, const struct twin_line *line);
/* From now on there is an RS-485 transceiver between chip and cable, whose driver is on while that
 * pin has that level: what the chip sends otherwise does not get onto the cable, and a character
 * whose end it does not get is reported. port 0: none. */
void twin_line_driver_enable(struct twin *t, unsigned usart, char port, unsigned pin, bool level);
/* Queues bytes; they go over the line one after the other, in virtual time. Unlimited. */
void twin_line_send(struct twin *t, unsigned usart, const uint8_t *data, size_t len);
size_t twin_line_unsent(const struct twin *t, unsigned usart); /* still queued or on the line */
/* Queues a silence, or one character with a defect, in order with the bytes. */
void twin_line_send_gap(struct twin *t, unsigned usart, uint64_t ns);
void twin_line_send_framing_error(struct twin *t, unsigned usart, uint8_t byte);
void twin_line_send_noise(struct twin *t, unsigned usart, uint8_t byte); /* NF, byte as given */
void twin_line_send_break(struct twin *t, unsigned usart);
/* Takes what the board has sent so far, as the far end understood it. Returns the number of bytes.
 */
size_t twin_line_receive(struct twin *t, unsigned usart, uint8_t *data, size_t size);
/* How many characters from the board had a wrong parity or stop bit for the far end, ever. */
unsigned twin_line_bad(const struct twin *t, unsigned usart);
/* Makes twin_run_ns return with TWIN_STOP_EVENT when a byte has arrived at the far end. */
void twin_line_stop_on_receive(struct twin *t, unsigned usart, bool on);

/* ---- flash: power cuts and wear ---- */
enum twin_cut {
    TWIN_CUT_BEFORE, /* nothing of the operation is done */
    TWIN_CUT_MIDDLE, /* some bits are done, some are unstable: they read differently each time */
    TWIN_CUT_AFTER,  /* the operation is complete */
};
/* Cuts the power at the nth flash operation from now (1 = the next). n = 0 cancels. The run then
 * returns TWIN_STOP_POWER. */
void twin_cut_at_flash_operation(struct twin *t, uint64_t n, enum twin_cut when);
/* Whether the cut asked for has happened. */
bool twin_cut_happened(const struct twin *t);
/* Makes the nth flash operation from now fail as worn-out flash does: the controller reports
 * success, some bits of the unit stay 1 (program) or 0 (erase). */
void twin_wear_at_flash_operation(struct twin *t, uint64_t n);
/* Erase cycles of a sector since creation. */
uint32_t twin_sector_erases(const struct twin *t, unsigned sector);
/* Option bytes as a programmer would set them, taking effect at the next reset; for tests. */
TWIN_CHECKED int twin_set_option_bytes(struct twin *t, uint8_t rdp, uint8_t user, uint16_t nwrp);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A board as data: which USART and which pins the bootloader uses, and its crystal (FORMAT.md,
 * "Board block"). Read from words and from .board files, checked against what the pins of an
 * STM32F405/407/415/417 can do, and put into a bootloader that is built already. No port is needed.
 * Rules as in ararext.h.
 */
#ifndef ARAREXT_BOARD_H
#define ARAREXT_BOARD_H

#include "ararext.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARAREXT_BLOCK_ADDR  0x08000080u /* in the bootloader */
#define ARAREXT_BLOCK_SIZE  56u
#define ARAREXT_BOOT_BASE   0x08000000u /* where a BIN of the bootloader goes */
#define ARAREXT_PIN_NONE    0xFFu
#define ARAREXT_BLOCK_NAMES 16u /* bytes of a name, the NUL included */

enum ararext_pull { ARAREXT_PULL_NONE, ARAREXT_PULL_UP, ARAREXT_PULL_DOWN };
enum ararext_hse { ARAREXT_HSE_NONE, ARAREXT_HSE_CRYSTAL, ARAREXT_HSE_BYPASS };

/* Pins are port << 4 | number, port 0 for A to 8 for I, or ARAREXT_PIN_NONE. */
struct ararext_block {
    char name[ARAREXT_BLOCK_NAMES];
    uint8_t commands, commands_tx, commands_rx; /* USART 1 to 6, and its pins */
    uint8_t log, log_tx;                        /* USART, 0 = no log */
    uint8_t button;
    bool button_low; /* pressed is low */
    enum ararext_pull button_pull;
    uint8_t led;
    bool led_low; /* on is low */
    uint8_t driver;
    bool driver_low; /* RS-485 driver enable: active is low */
    enum ararext_hse hse;
    uint32_t hse_hz;
    uint8_t pll_m; /* as ararext_block_check works them out */
    uint16_t pll_n;
    uint32_t baud;      /* of the start */
    uint16_t window_ms; /* entry window; 0 = off */
    uint64_t reserved[2];
};

/* The keys of a .board file, in their order: "name", "commands", ... NULL from the end on. */
ARAREXT_API const char *ararext_block_key(size_t i);
/* Takes one word: key as above, value as in a .board file ("usart1:pa9/pa10", "pc13:low:pullup",
 * "bypass:8M", "none"). FORMAT with a sentence for what is no such word. */
ARAREXT_CHECKED ARAREXT_API int ararext_block_set(struct ararext_block *block, const char *key,
                                                  const char *value, struct ararext_message *why);
/* The word for it; false for a key that there is not. */
ARAREXT_API bool ararext_block_get(const struct ararext_block *block, const char *key, char *text,
                                   size_t size);

/* A .board file: lines "key = value", # begins a comment. What a file does not say is none, or the
 * default; name, commands and crystal it has to say. name is that of the file, for sentences.
 * FORMAT. */
ARAREXT_CHECKED ARAREXT_API int ararext_block_parse(struct ararext_block *out, const char *text,
                                                    size_t len, const char *name,
                                                    struct ararext_message *why);

/* Whether a board can be like that: each pin has the function that it is given (DS8626, table 9),
 * none has two, the clock comes out. Fills in pll_m and pll_n. ARGUMENT with one sentence. */
ARAREXT_CHECKED ARAREXT_API int ararext_block_check(struct ararext_block *block,
                                                    struct ararext_message *why);
/* What is possible and may still be no good idea: the pins of the debugger. "" if there is
 * nothing. */
ARAREXT_API void ararext_block_warn(const struct ararext_block *block, struct ararext_message *out);
/* The core clock, 84 MHz or so, that pll_m and pll_n make of hse_hz, in Hz; 0 if the bootloader
 * will not use them and runs on the internal oscillator. */
ARAREXT_API uint32_t ararext_block_core_hz(const struct ararext_block *block);

/* To and from the bytes in the bootloader. FORMAT if they do not check: the bootloader then takes
 * the built-in board. */
ARAREXT_API void ararext_block_encode(const struct ararext_block *block,
                                      uint8_t bytes[ARAREXT_BLOCK_SIZE]);
ARAREXT_CHECKED ARAREXT_API int ararext_block_decode(struct ararext_block *out,
                                                     const uint8_t bytes[ARAREXT_BLOCK_SIZE],
                                                     struct ararext_message *why);

/* What the board at the other end runs with (GET_BOARD). *own is true if it is its block, false if
 * that does not check and the built-in board stands in. UNSUPPORTED for a bootloader without
 * ARAREXT_FEATURE_BOARD. */
ARAREXT_CHECKED ARAREXT_API int ararext_get_block(struct ararext_session *s, bool *own,
                                                  uint8_t bytes[ARAREXT_BLOCK_SIZE]);

/* The boards that come with the library; i from 0, NULL from the end on. text is a .board file. */
struct ararext_preset {
    const char *name, *text;
};
ARAREXT_API const struct ararext_preset *ararext_preset(size_t i);
ARAREXT_API const struct ararext_preset *ararext_preset_find(const char *name);
/* A line of a .board file that the block has no room for: key "source", or "title", which is the
 * first comment. false if there is none. */
ARAREXT_API bool ararext_board_text(const char *text, size_t len, const char *key, char *out,
                                    size_t size);

/* Changes the bytes of an image at an address, in the file that it is in: ELF, HEX, SREC or BIN;
 * everything else in the file stays as it is, checksums are made right. base is where a BIN begins.
 * FORMAT for another kind, or where the file has not all of these bytes: then nothing is changed.
 */
struct ararext_patch {
    enum ararext_format format;
    uint32_t base, addr;
    const uint8_t *bytes;
    size_t len;
    uint64_t reserved[2];
};
ARAREXT_CHECKED ARAREXT_API int ararext_file_patch(uint8_t *file, size_t file_len,
                                                   const struct ararext_patch *patch,
                                                   struct ararext_message *why);

#ifdef __cplusplus
}
#endif
#endif

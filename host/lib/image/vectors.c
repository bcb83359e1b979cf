/* SPDX-License-Identifier: MIT */
/*
 * The vector table (PM0214 section 2.3.4): a stack pointer, then the addresses of the core's 15
 * handlers, odd because they are Thumb code. Reserved entries (7 to 10 and 13) belong to whoever
 * makes the firmware: some keep a checksum or a version there. A handler that is not needed is 0.
 * Handlers may lie in SRAM, where the application puts them; the reset handler cannot.
 */
#include "vectors.h"

#include <stdarg.h>
#include <stdio.h>

#include "bytes.h"
#include "image.h" /* core: the rule that the bootloader itself applies */
#include "memory_map.h"

enum { VECTORS = 16, RESERVED = 0x2780 /* bits 7 to 10 and 13 */, TEXT_MAX = 8, STARTS_MIN = 4 };

#define ADVICE "link the application for 0x08008000 (ORIGIN of FLASH in its linker script)"

static const char *const NAMES[VECTORS] = {
    [1] = "reset",    [2] = "NMI",        [3] = "HardFault", [4] = "MemManage",
    [5] = "BusFault", [6] = "UsageFault", [11] = "SVCall",   [12] = "debug monitor",
    [14] = "PendSV",  [15] = "SysTick",
};

struct check {
    const uint8_t *content;
    size_t len;
    struct ararext_message *why;
};

static uint32_t word(const struct check *c, size_t i)
{
    return load_le32(c->content + 4 * i);
}

/* Whether a halfword of code at addr lies in the content. */
static bool is_inside(const struct check *c, uint32_t addr)
{
    return addr - MAP_APP_BASE <= c->len - 2;
}

__attribute__((format(printf, 2, 3))) static int refuse(const struct check *c, const char *fmt, ...)
{
    char text[320];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    message_set(c->why, "no application for this board: %s", text);
    return ARAREXT_ERR_IMAGE;
}

/* ---- the first words ---- */

static bool is_filled(const struct check *c, uint8_t byte)
{
    for (size_t i = 0; i < 8; i++) {
        if (c->content[i] != byte) {
            return false;
        }
    }
    return true;
}

static bool is_text(const struct check *c)
{
    for (size_t i = 0; i < TEXT_MAX; i++) {
        uint8_t b = c->content[i];
        if ((b < 0x20 || b > 0x7E) && b != '\r' && b != '\n' && b != '\t') {
            return false;
        }
    }
    return true;
}

static int check_begin(const struct check *c)
{
    if (c->len < 8) {
        return refuse(c, "it has %zu byte%s, a vector table alone has more", c->len,
                      c->len == 1 ? "" : "s");
    }
    if (is_filled(c, 0xFF) || is_filled(c, 0)) {
        return refuse(c, "where its vector table should be, at 0x%08X, it is %s", MAP_APP_BASE,
                      c->content[0] == 0 ? "all zeros" : "erased (all FF)");
    }
    if (is_text(c)) {
        return refuse(c, "it begins with text instead of a vector table");
    }
    return ARAREXT_OK;
}

/* In a memory, or the first address behind it. */
static bool is_stack(uint32_t stack, uint32_t base, uint32_t size)
{
    return stack - base - 1u < size;
}

static int check_stack(const struct check *c)
{
    uint32_t stack = word(c, 0);
    bool own = is_stack(stack, MAP_SRAM_BASE, MAP_SRAM_SIZE) ||
               is_stack(stack, MAP_CCM_BASE, MAP_CCM_SIZE);
    if (own && stack % 4 == 0) {
        return ARAREXT_OK;
    }
    if (own) {
        return refuse(c, "its stack pointer 0x%08X is no multiple of 4", (unsigned)stack);
    }
    if (stack - MAP_SRAM_BASE < 0x20000000u || stack - MAP_CCM_BASE < 0x100000u) {
        return refuse(c,
                      "its stack pointer 0x%08X is that of another chip: this one has SRAM from "
                      "0x%08X to 0x%08X and CCM from 0x%08X to 0x%08X",
                      (unsigned)stack, MAP_SRAM_BASE, MAP_SRAM_BASE + MAP_SRAM_SIZE, MAP_CCM_BASE,
                      MAP_CCM_BASE + MAP_CCM_SIZE);
    }
    return refuse(c,
                  "it does not begin with a vector table: its first word 0x%08X is no stack "
                  "pointer",
                  (unsigned)stack);
}

/* ---- where it is linked for ---- */

/* Where applications are linked for that have no bootloader before them, or another one. */
static const uint32_t BASES[] = {MAP_BOOT_BASE, 0x08004000, 0x0800C000,
                                 0x08010000,    0x08020000, 0x08040000};

/* A function's first halfword: pushes registers and LR, or loops for ever (a handler's default). */
static bool is_start(uint32_t code)
{
    return (code & 0xFF00u) == 0xB500u || code == 0xE92Du || code == 0xE7FEu;
}

/* Words of the content that are the address of a function if it is linked for base. */
static unsigned count_starts(const struct check *c, uint32_t base)
{
    unsigned count = 0;
    for (size_t i = 0; i < c->len / 4; i++) {
        uint32_t offset = (word(c, i) & ~1u) - base;
        if ((word(c, i) & 1u) != 0 && offset <= c->len - 2 &&
            is_start(load_le16(c->content + offset))) {
            count++;
        }
    }
    return count;
}

/* The base below the application area that fits best; 0x08000000 where nothing tells. */
static uint32_t likely_base(const struct check *c)
{
    return count_starts(c, BASES[1]) > count_starts(c, BASES[0]) ? BASES[1] : BASES[0];
}

/* Of an application that is linked for another address and large, all vectors may point into what
 * would be it: then the code that the pointers in it lead to tells where it belongs. */
static int check_base(const struct check *c)
{
    unsigned here = count_starts(c, MAP_APP_BASE);
    for (size_t i = 0; i < sizeof BASES / sizeof BASES[0]; i++) {
        unsigned there = count_starts(c, BASES[i]);
        if (there >= STARTS_MIN && there > 2 * here) {
            return refuse(c,
                          "it is linked for 0x%08X (%u pointers in it lead to functions then, %u "
                          "else): " ADVICE,
                          (unsigned)BASES[i], there, here);
        }
    }
    return ARAREXT_OK;
}

static int refuse_base(const struct check *c, uint32_t base, const char *name, uint32_t handler)
{
    return refuse(c, "it is linked for 0x%08X (its %s handler is 0x%08X): " ADVICE, (unsigned)base,
                  name, (unsigned)handler);
}

/* ---- the handlers ---- */

/* Words of the table: it ends where the code of one of its handlers begins. Small programs in
 * assembler have two vectors and then code. */
static size_t table_length(const struct check *c)
{
    size_t n = c->len / 4 < VECTORS ? c->len / 4 : VECTORS;
    for (size_t i = 1; i < n; i++) {
        uint32_t offset = (word(c, i) & ~1u) - MAP_APP_BASE;
        if ((RESERVED >> i & 1u) == 0 && offset >= 8 && offset / 4 < n && offset / 4 > i) {
            n = offset / 4;
        }
    }
    return n;
}

/* A bootloader in the first 32 KiB, and an application behind it that the board would start. */
static bool is_merged(const struct check *c)
{
    enum { AT = MAP_BOOT_SIZE };
    return c->len >= AT + 8 &&
           image_vectors_plausible(load_le32(c->content + AT), load_le32(c->content + AT + 4),
                                   MAP_APP_BASE + (uint32_t)(c->len - AT));
}

static int refuse_place(const struct check *c, const char *name, uint32_t handler)
{
    if (handler - MAP_BOOT_BASE < MAP_BOOT_SIZE && is_merged(c)) {
        return refuse(c,
                      "it is linked for 0x%08X and has an application behind it: with "
                      "--skip-bootloader that alone is taken",
                      MAP_BOOT_BASE);
    }
    if (handler - MAP_BOOT_BASE < MAP_BOOT_SIZE) {
        return refuse_base(c, likely_base(c), name, handler);
    }
    if (handler < MAP_FLASH_SIZE_MAX) {
        return refuse(c, "it is linked for address 0 (its %s handler is 0x%08X): " ADVICE, name,
                      (unsigned)handler);
    }
    if (handler - MAP_CCM_BASE < MAP_CCM_SIZE) {
        return refuse(c, "its %s handler 0x%08X lies in CCM, which cannot run code", name,
                      (unsigned)handler);
    }
    return refuse(c, "its %s handler 0x%08X is not in it (it has 0x%08X-0x%08X): " ADVICE, name,
                  (unsigned)handler, MAP_APP_BASE, MAP_APP_BASE + (unsigned)c->len - 1);
}

static int check_handler(const struct check *c, size_t i)
{
    uint32_t handler = word(c, i), addr = handler & ~1u;
    bool inside = is_inside(c, addr), in_sram = addr - MAP_SRAM_BASE < MAP_SRAM_SIZE;
    if (handler == 0) {
        return i != 1 ? ARAREXT_OK : refuse(c, "its reset handler is 0");
    }
    if (handler == UINT32_MAX) {
        return refuse(c, "its %s handler is erased (FFFFFFFF)", NAMES[i]);
    }
    if (!inside && !in_sram) {
        return refuse_place(c, NAMES[i], handler);
    }
    if ((handler & 1) == 0) {
        return refuse(c,
                      "its %s handler 0x%08X is even, the Thumb bit is missing (in assembler: "
                      ".thumb_func, or .type NAME, %%function)",
                      NAMES[i], (unsigned)handler);
    }
    if (in_sram) {
        return i != 1 ? ARAREXT_OK
                      : refuse(c,
                               "its reset handler 0x%08X lies in SRAM, where nothing is after "
                               "a reset",
                               (unsigned)handler);
    }
    if (load_le16(c->content + (addr - MAP_APP_BASE)) == IMAGE_ERASED_CODE) {
        return refuse(c, "where its %s handler 0x%08X should be, it is erased", NAMES[i],
                      (unsigned)handler);
    }
    return ARAREXT_OK;
}

int vectors_check(const uint8_t *content, size_t len, struct ararext_message *why)
{
    const struct check c = {content, len, why};
    int rc = check_begin(&c);
    if (rc == ARAREXT_OK) {
        rc = check_stack(&c);
    }
    size_t count = rc == ARAREXT_OK ? table_length(&c) : 0;
    for (size_t i = 1; rc == ARAREXT_OK && i < count; i++) {
        rc = (RESERVED >> i & 1u) != 0 ? ARAREXT_OK : check_handler(&c, i);
    }
    if (rc == ARAREXT_OK) {
        rc = check_base(&c);
    }
    if (rc == ARAREXT_OK &&
        !image_vectors_plausible(word(&c, 0), word(&c, 1), MAP_APP_BASE + (uint32_t)len)) {
        rc = refuse(&c,
                    "the bootloader would not start it: stack pointer 0x%08X, reset handler "
                    "0x%08X",
                    (unsigned)word(&c, 0), (unsigned)word(&c, 1));
    }
    return rc;
}

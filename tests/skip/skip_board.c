/* SPDX-License-Identifier: MIT */
/* The board of the campaign of faults; see skip_board.h. */
#include "skip_board.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "package_builder.h"

enum {
    OTP_LOCKS = OTP + 512,
    OTP_REVOKED = OTP + 5 * 32,
    OTP_COUNTER = OTP + 6 * 32,
    STACK = 0x20010000,
    ENTRY = 0x200,
    WINDOW = 4,
    VECTORS = 8,
    QUIET_NS = 3000000,
    OPERATION_MS = 500,
    RDP_LEVEL_2 = 0xCC,
};
static const uint32_t flag[2] = {0x4B3CA596, 0xA5964B3C};

void put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static void give_up(const struct board *b)
{
    (void)fprintf(stderr, "skip_campaign: %s\n", twin_error_text(b->twin));
    exit(EXIT_FAILURE);
}

void board_load(struct board *b, uint32_t addr, const void *data, size_t len)
{
    if (twin_load(b->twin, addr, data, len) != TWIN_OK) {
        give_up(b);
    }
}

void board_set_options(struct board *b, uint8_t rdp, uint16_t nwrp)
{
    uint8_t user;
    if (twin_peek(b->twin, OPTION_RDP_USER, &user, 1) != TWIN_OK ||
        twin_set_option_bytes(b->twin, rdp, user, nwrp) != TWIN_OK) {
        give_up(b);
    }
}

uint32_t board_make_content(uint8_t content[CONTENT_SIZE], unsigned variant)
{
    static const uint8_t sleep[4] = {0x30, 0xBF, 0xFD, 0xE7}; /* wfi; b back */
    uint32_t entry = ENTRY + variant * 0x20;
    uint32_t state = 0x2545F491u + variant;
    for (unsigned i = 0; i < CONTENT_SIZE; i++) {
        state = state * 1664525u + 1013904223u;
        content[i] = (uint8_t)(state >> 24);
    }
    put_le32(content, STACK);
    put_le32(content + 4, (APP + entry) | 1);
    memcpy(content + entry, sleep, sizeof sleep);
    return APP + entry;
}

static void load_otp(struct board *b)
{
    static const uint8_t locks[5], revoked[4], counter = 0xE0; /* five bits are 0 */
    for (unsigned i = 0; i < 3; i++) {
        static const uint32_t numbers[3] = {OWN_KEY, REVOKED_KEY, OTHER_KEY + 7};
        struct evp_pkey_st *key = package_key(numbers[i]);
        uint8_t hash[32];
        package_key_hash(key, hash);
        board_load(b, OTP + 32 * i, hash, sizeof hash);
        package_key_free(key);
    }
    board_load(b, OTP_LOCKS, locks, sizeof locks);
    board_load(b, OTP_REVOKED + 4, revoked, sizeof revoked); /* key 1 */
    board_load(b, OTP_COUNTER, &counter, 1);
}

/* Sequence and the first flags; all else erased. */
static void make_trailer(uint8_t *trailer, size_t len, uint32_t sequence, unsigned flags)
{
    memset(trailer, 0xFF, len);
    put_le32(trailer, sequence);
    put_le32(trailer + 4, ~sequence);
    for (unsigned i = 0; i < flags; i++) {
        put_le32(trailer + 8 + 8 * i, flag[0]);
        put_le32(trailer + 12 + 8 * i, flag[1]);
    }
}

void board_load_package(struct board *b, const uint8_t *package, size_t len)
{
    uint8_t trailer[0x84];
    make_trailer(trailer, sizeof trailer, 1, 3);
    put_le32(trailer + 0x80, 0x96A53C4B);
    board_load(b, SLOT_A, package, len);
    board_load(b, TRAILER_A, trailer, sizeof trailer);
}

void board_load_tried(struct board *b, const uint8_t *package, size_t len)
{
    uint8_t trailer[0x50];
    make_trailer(trailer, sizeof trailer, 2, 2);
    memset(trailer + 0x40, 0, 0x10); /* four boots on trial */
    board_load(b, SLOT_B, package, len);
    board_load(b, TRAILER_B, trailer, sizeof trailer);
}

void board_make_package(struct board *b, const struct forgery *f)
{
    size_t len;
    uint8_t *package;
    b->forged = board_make_content(b->content, 0);
    const struct package_recipe recipe = {
        .content = b->content,
        .content_len = sizeof b->content,
        .packing = f->compressed ? PACKAGE_LZMA2_THUMB : PACKAGE_PLAIN,
        .counter = f->counter,
        .identity = f->identity,
        .content_digest = f->start,
        .key = f->key == 0 ? NULL : package_key(f->key),
        .start = f->start,
    };
    package = package_build(&recipe, &len);
    if (f->spoil != NULL) {
        f->spoil(package, len);
    }
    assert(len <= sizeof b->package);
    memcpy(b->package, package, len);
    b->package_len = len;
    free(package);
    if (recipe.key != NULL) {
        package_key_free(recipe.key);
    }
}

void board_load_forgery(struct board *b, const struct forgery *f)
{
    board_make_package(b, f);
    board_load_package(b, b->package, b->package_len);
    board_load(b, APP, b->content, sizeof b->content);
}

/* The digest's TLV follows the (unprotected) area's head, and is made right again. */
void spoil_content(uint8_t *package, size_t len)
{
    size_t protected = (size_t)(package[10] | package[11] << 8);
    size_t area = 32 + CONTENT_SIZE + protected;
    assert(area + 40 < len && package[area + 4] == 0x10);
    package[32 + 0x3F0] ^= 1;
    package_sha256(package, area, package + area + 8);
}

/* Counter (12 bytes) and then the digest of the content come first in the protected area. */
void spoil_fields(uint8_t *package, size_t len)
{
    uint8_t *fields = package + 32 + CONTENT_SIZE + 4 + 8;
    assert(fields[0] == 0xA0);
    package[32 + 0x3F0] ^= 1;
    package_sha256(package + 32, CONTENT_SIZE, fields + 4);
    package[32 + 0x3F0] ^= 1;
    spoil_content(package, len);
}

void spoil_digest(uint8_t *package, size_t len)
{
    (void)len;
    package[32 + 0x3F0] ^= 1;
}

/* ---- running ---- */

static void on_forged(void *ctx, uint32_t addr)
{
    struct board *b = ctx;
    (void)addr;
    b->started = true;
    twin_request_stop(b->twin);
}

static const char *firmware_path(void)
{
    const char *path = getenv("ARAREXT_FIRMWARE");
    return path != NULL ? path : ARAREXT_FIRMWARE_ELF;
}

void board_make(struct board *b, bool provisioned)
{
    const struct twin_config config = {.flash_kib = 1024, .seed = 1};
    const struct twin_line line = {0};
    memset(b, 0, sizeof *b);
    if (twin_create(&b->twin, &config) != TWIN_OK ||
        twin_load_file(b->twin, firmware_path(), BOOT_START) != TWIN_OK) {
        give_up(b);
    }
    twin_line_set(b->twin, 2, &line);
    twin_line_set(b->twin, 3, &line);
    twin_pin_drive(b->twin, 'A', 0, false);
    if (provisioned) {
        load_otp(b);
    }
}

void board_free(struct board *b)
{
    twin_destroy(b->twin);
}

void board_switch_on(struct board *b)
{
    twin_on_execute(b->twin, b->forged, on_forged, b);
    twin_power_on(b->twin);
}

uint32_t board_crc(const uint8_t *data, size_t len)
{
    uint32_t crc = 0xFFFFFFFF;
    while (len-- != 0) {
        crc ^= *data++;
        for (unsigned i = 0; i < 32; i++) {
            crc = (crc & 0x80000000) != 0 ? crc << 1 ^ 0x04C11DB7 : crc << 1;
        }
    }
    return crc;
}

void board_take_answers(struct board *b)
{
    for (unsigned usart = 2; usart <= 3; usart++) {
        b->answers_len += twin_line_receive(b->twin, usart, b->answers + b->answers_len,
                                            sizeof b->answers - b->answers_len);
    }
}

size_t board_request(struct board *b, const uint8_t *request, size_t len, unsigned limit_ms)
{
    uint8_t frame[300];
    uint64_t left = MS(limit_ms) / QUIET_NS; /* looks; a core in lock-up lets no time pass */
    size_t came = 0;
    assert(len + 4 <= sizeof frame);
    memcpy(frame, request, len);
    put_le32(frame + len, board_crc(request, len));
    b->command_at = b->answers_len;
    twin_line_send(b->twin, 2, frame, len + 4);
    while (left-- != 0 && !b->started && twin_is_powered(b->twin)) {
        size_t before = came;
        (void)twin_run_ns(b->twin, QUIET_NS);
        came += twin_line_receive(b->twin, 2, b->answers + b->answers_len,
                                  sizeof b->answers - b->answers_len);
        b->answers_len = b->command_at + came;
        if (came != 0 && came == before) {
            break;
        }
    }
    return came;
}

/* ---- judging ---- */

static void look(const struct board *b, uint8_t *out)
{
    if (twin_peek(b->twin, BOOT_START, out, FLASH_SIZE) != TWIN_OK ||
        twin_peek(b->twin, OTP, out + FLASH_SIZE, OTP_SIZE) != TWIN_OK ||
        twin_peek(b->twin, OPTIONS, out + FLASH_SIZE + OTP_SIZE, OPTIONS_SIZE) != TWIN_OK) {
        give_up(b);
    }
}

void board_remember(struct board *b)
{
    look(b, b->before);
}

static unsigned option_at(const uint8_t *looked, uint32_t addr)
{
    const uint8_t *p = looked + FLASH_SIZE + OTP_SIZE + (addr - OPTIONS);
    return p[0] | (unsigned)p[1] << 8;
}

bool board_has_changed(struct board *b)
{
    static uint8_t now[sizeof b->before];
    twin_power_off(b->twin);
    look(b, now);
    return memcmp(now, b->before, sizeof now) != 0;
}

const char *board_judge_options(struct board *b, uint16_t falling, uint16_t rising)
{
    static uint8_t now[sizeof b->before];
    unsigned was = option_at(b->before, OPTION_NWRP);
    unsigned is;
    (void)twin_run_ns(b->twin, MS(OPERATION_MS));
    twin_power_off(b->twin);
    look(b, now);
    is = option_at(now, OPTION_NWRP);
    if (memcmp(now, b->before, FLASH_SIZE + OTP_SIZE) != 0) {
        return "changed flash or OTP";
    }
    if (option_at(now, OPTION_RDP_USER) >> 8 == RDP_LEVEL_2) {
        return "set read protection level 2";
    }
    if (!twin_skip_happened(b->twin) &&
        (option_at(now, OPTION_RDP_USER) != option_at(b->before, OPTION_RDP_USER) ||
         (was & ~is & ~(unsigned)falling) != 0 || (is & ~was & ~(unsigned)rising) != 0)) {
        return "changed other option bytes";
    }
    return NULL;
}

static bool contains(const uint8_t *data, size_t len, const uint8_t window[WINDOW])
{
    for (size_t i = 0; i + WINDOW <= len; i++) {
        if (memcmp(data + i, window, WINDOW) == 0) {
            return true;
        }
    }
    return false;
}

/* Runs of one byte come by chance, too. The vector table is no secret, nor is what frames a
 * package. */
bool board_has_leaked(const struct board *b)
{
    for (size_t i = 0; i + WINDOW <= b->answers_len; i++) {
        const uint8_t *window = b->answers + i;
        bool alike = window[0] == window[1] && window[1] == window[2];
        if (!alike && contains(b->content + VECTORS, sizeof b->content - VECTORS, window)) {
            return true;
        }
    }
    return false;
}

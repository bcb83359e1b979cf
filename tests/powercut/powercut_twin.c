/* SPDX-License-Identifier: MIT */
/* The board of the campaign in the twin; see powercut_twin.h. */
#include "powercut_twin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash.h"
#include "internal.h"
#include "wire.h"

enum {
    FLASH_START = 0x08000000,
    APP_START = 0x08008000,
    BOOT_BYTES = 0x8000,
    OTP_START = 0x1FFF7800,
    OTP_BYTES = 512,
    USART_COMMAND = 2,
    PIECE = 248,
};
/* PROTOCOL.md, "Commands" */
enum {
    PROTECT = 0x58,
    UNPROTECT = 0x5C,
    STAGE_BEGIN = 0x65,
    STAGE_WRITE = 0x66,
    STAGE_FINISH = 0x67,
    CONFIRM = 0x68,
    ROLLBACK = 0x69,
    PROVISION = 0x6A
};
enum { KEYS = 2, HASH = 32 };
#define NS_PER_MS  UINT64_C(1000000)
#define LISTENS_MS 100u
#define OFF_MS     10u
#define START_MS   120000u /* two installs of the largest content at 16 MHz */
#define UNFORGIVEN                                                                                 \
    (1u << TWIN_REPORT_UNMAPPED | 1u << TWIN_REPORT_CLOCK_OFF | 1u << TWIN_REPORT_WAIT_STATES |    \
     1u << TWIN_REPORT_CORE | 1u << TWIN_REPORT_FLASH)

static void give_up(const struct twin *t)
{
    (void)fprintf(stderr, "twin: %s\n", twin_error_text(t));
    exit(2);
}

static void on_report(void *ctx, const struct twin_report *report)
{
    struct twin_board *b = ctx;
    if ((1u << report->kind & UNFORGIVEN) == 0) {
        return;
    }
    if (b->reports++ == 0) {
        (void)snprintf(b->report, sizeof b->report, "pc %08x, address %08x: %s",
                       (unsigned)report->pc, (unsigned)report->address, report->text);
    }
}

static void on_entry(void *ctx, uint32_t addr)
{
    struct twin_board *b = ctx;
    (void)addr;
    b->at_entry = true;
    twin_request_stop(b->twin);
}

static const char *firmware_path(void)
{
    const char *path = getenv("ARAREXT_FIRMWARE");
    return path != NULL ? path : ARAREXT_FIRMWARE_ELF;
}

void twin_board_open(struct twin_board *b, const struct scenery *s,
                     const struct flash_model *prepared, uint64_t seed)
{
    const struct twin_config config = {
        .flash_kib = s->plan->flash_kib, .seed = seed, .on_report = on_report, .ctx = b};
    uint32_t size = s->plan->flash_kib * 1024u - BOOT_BYTES;
    memset(b, 0, sizeof *b);
    b->scenery = s;
    b->entry = wire_get32(s->sides[WHO_SECOND].content + 4) & ~1u;
    if (twin_create(&b->twin, &config) != TWIN_OK) {
        give_up(NULL);
    }
    if (twin_load_file(b->twin, firmware_path(), FLASH_START) != TWIN_OK ||
        twin_load(b->twin, APP_START, prepared->flash + BOOT_BYTES, size) != TWIN_OK) {
        give_up(b->twin);
    }
    /* The blocks first, then their locks. */
    if (twin_load(b->twin, OTP_START, prepared->otp_bytes, OTP_BYTES) != TWIN_OK ||
        twin_load(b->twin, OTP_START + OTP_BYTES, prepared->otp_bytes + OTP_BYTES,
                  FLASH_MODEL_OTP - OTP_BYTES) != TWIN_OK) {
        give_up(b->twin);
    }
}

void twin_board_close(struct twin_board *b)
{
    twin_destroy(b->twin);
    b->twin = NULL;
}

void twin_board_protect(struct twin_board *b, uint16_t sectors)
{
    if (twin_set_option_bytes(b->twin, 0xAA, 0xEC, (uint16_t)(0xFFFu & ~(unsigned)sectors)) !=
        TWIN_OK) {
        give_up(b->twin);
    }
}

static void watch_entry(struct twin_board *b)
{
    b->at_entry = false;
    twin_on_execute(b->twin, b->entry, on_entry, b);
}

void twin_board_on(struct twin_board *b, enum script script)
{
    b->script = script;
    b->step = 0;
    b->rx_len = 0;
    b->waiting = false;
    b->refused = false;
    b->finished = false;
    twin_pin_drive(b->twin, 'A', 0, script != SCRIPT_NONE);
    watch_entry(b);
    twin_power_on(b->twin);
    if (script != SCRIPT_NONE) {
        (void)twin_run_ns(b->twin, LISTENS_MS * NS_PER_MS);
        twin_line_stop_on_receive(b->twin, USART_COMMAND, true);
    }
}

void twin_board_cycle(struct twin_board *b, uint64_t seed)
{
    twin_cut_at_flash_operation(b->twin, 0, TWIN_CUT_BEFORE);
    twin_power_off(b->twin);
    (void)twin_run_ns(b->twin, OFF_MS * NS_PER_MS);
    twin_line_stop_on_receive(b->twin, USART_COMMAND, false);
    twin_pin_drive(b->twin, 'A', 0, false);
    b->script = SCRIPT_NONE;
    b->twin->random_state = seed;
    watch_entry(b);
    twin_power_on(b->twin);
}

/* ---- the host ---- */

static void send(struct twin_board *b, unsigned command, const uint8_t *payload, size_t n)
{
    uint8_t frame[WIRE_FRAME_MAX];
    size_t len = wire_request(frame, WIRE_NATIVE, command, payload, n);
    twin_line_send(b->twin, USART_COMMAND, frame, len);
    b->waiting = true;
    b->rx_len = 0;
    b->step++;
}

static void send_piece(struct twin_board *b, const struct side *side, uint32_t offset)
{
    uint8_t payload[5 + PIECE];
    uint32_t len = side->package_len - offset < PIECE ? side->package_len - offset : PIECE;
    wire_put32(payload, offset);
    payload[4] = (uint8_t)len;
    memcpy(payload + 5, side->package + offset, len);
    send(b, STAGE_WRITE, payload, 5 + (size_t)len);
}

static void host_stages(struct twin_board *b)
{
    const struct side *side = &b->scenery->sides[WHO_SECOND];
    uint32_t pieces = (side->package_len + PIECE - 1) / PIECE;
    uint8_t size[4];
    if (b->step == 0) {
        wire_put32(size, side->package_len);
        send(b, STAGE_BEGIN, size, sizeof size);
    } else if (b->step <= pieces) {
        send_piece(b, side, (b->step - 1) * PIECE);
    } else if (b->step == pieces + 1) {
        send(b, STAGE_FINISH, NULL, 0);
    } else {
        b->finished = true;
    }
}

/* One request and no more. */
static void send_once(struct twin_board *b, unsigned command, const uint8_t *payload, size_t n)
{
    if (b->step == 0) {
        send(b, command, payload, n);
    } else {
        b->finished = true;
    }
}

static void host_provisions(struct twin_board *b)
{
    uint8_t payload[6 + KEYS * HASH] = {'P', 'R', 'O', 'V', KEYS, 0};
    memcpy(payload + 6, b->scenery->hashes, KEYS * HASH);
    send_once(b, PROVISION, payload, sizeof payload);
}

static void host_goes_on(struct twin_board *b)
{
    static const uint8_t boot = 0;
    static const uint8_t two_sectors[] = {0x0C, 0, 1};
    static const uint8_t level_1[] = {0, 0, 2, 'R', 'D', 'P', '1'};
    static const uint8_t writes = 1;
    switch (b->script) {
    case SCRIPT_STAGE:
        host_stages(b);
        break;
    case SCRIPT_CONFIRM:
        send_once(b, CONFIRM, NULL, 0);
        break;
    case SCRIPT_PROTECT:
        send_once(b, PROTECT, two_sectors, sizeof two_sectors);
        break;
    case SCRIPT_READ_PROTECT:
        send_once(b, PROTECT, level_1, sizeof level_1);
        break;
    case SCRIPT_UNPROTECT:
        send_once(b, UNPROTECT, &writes, 1);
        break;
    case SCRIPT_PROVISION:
        host_provisions(b);
        break;
    case SCRIPT_ROLLBACK:
        if (b->step == 0) {
            send(b, ROLLBACK, NULL, 0);
        } else if (b->step == 1) {
            twin_pin_drive(b->twin, 'A', 0, false);
            send(b, RESET, &boot, 1);
        } else {
            b->finished = true;
        }
        break;
    case SCRIPT_NONE:
    default:
        b->finished = true;
        break;
    }
}

/* Takes what has come; a whole answer is A5, the command, a count and so many bytes. */
static void host_listens(struct twin_board *b)
{
    b->rx_len += (uint32_t)twin_line_receive(b->twin, USART_COMMAND, b->rx + b->rx_len,
                                             sizeof b->rx - b->rx_len);
    if (!b->waiting || b->rx_len == 0) {
        return;
    }
    if (b->rx[0] != 0xA5) {
        b->refused = true;
        b->waiting = false;
        b->finished = true;
    } else if (b->rx_len >= 3 && b->rx_len >= 3u + b->rx[2]) {
        b->waiting = false;
    }
}

static bool is_over(const struct twin_board *b)
{
    bool runs = b->script == SCRIPT_NONE || b->script == SCRIPT_ROLLBACK;
    return b->refused || (b->finished && (!runs || b->at_entry));
}

enum advance twin_board_advance(struct twin_board *b, uint64_t until_ns)
{
    for (;;) {
        uint64_t now;
        if (!twin_is_powered(b->twin)) {
            return ADVANCE_POWER;
        }
        host_listens(b);
        if (!b->waiting && !b->finished) {
            host_goes_on(b);
        }
        if (is_over(b)) {
            return ADVANCE_OVER;
        }
        now = twin_now_ns(b->twin);
        if (now >= until_ns) {
            return ADVANCE_TIME;
        }
        (void)twin_run_ns(b->twin, until_ns - now);
    }
}

/* ---- operations ---- */

uint64_t twin_board_operations(const struct twin_board *b)
{
    struct twin_counters counters;
    twin_get_counters(b->twin, &counters);
    return counters.flash_operations;
}

enum twin_op_kind twin_board_operation_kind(const struct twin_board *b)
{
    const struct twin_flash *f = b->twin->flash;
    uint32_t slot = slot_size(b->scenery->plan->flash_kib);
    if (f->op.kind != FLASH_OP_PROGRAM) {
        return TWIN_OP_ERASE;
    }
    if (f->op.cells != &f->main) {
        return TWIN_OP_RECORD; /* OTP */
    }
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        uint32_t end = slot_addr(b->scenery->plan->flash_kib, i) - FLASH_START + slot;
        if (f->op.offset < end && f->op.offset >= end - TRAILER_SIZE) {
            return TWIN_OP_RECORD;
        }
    }
    return TWIN_OP_WORD;
}

void twin_board_cut_next(struct twin_board *b, enum twin_cut when, uint64_t seed)
{
    b->twin->random_state = seed;
    twin_cut_at_flash_operation(b->twin, 1, when);
}

/* ---- who runs ---- */

static bool holds(const struct twin_board *b, uint32_t addr, const uint8_t *data, uint32_t len)
{
    const struct flash_cells *cells = &b->twin->flash->main;
    uint32_t offset = addr - FLASH_START;
    if (memcmp(cells->bytes + offset, data, len) != 0) {
        return false;
    }
    for (uint32_t i = 0; i < len && cells->unstable_bytes != 0; i++) {
        if (cells->unstable[offset + i] != 0) {
            return false;
        }
    }
    return true;
}

/* A package that runs lies in one of the slots, whole and firm. */
static bool is_packaged(const struct twin_board *b, const struct side *side)
{
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        if (side->package != NULL &&
            holds(b, slot_addr(b->scenery->plan->flash_kib, i), side->package, side->package_len)) {
            return true;
        }
    }
    return false;
}

enum who twin_board_start(struct twin_board *b)
{
    const struct scenery *s = b->scenery;
    uint64_t limit = twin_now_ns(b->twin) + START_MS * NS_PER_MS;
    while (!b->at_entry && twin_now_ns(b->twin) < limit) {
        (void)twin_run_ns(b->twin, limit - twin_now_ns(b->twin));
    }
    if (!b->at_entry) {
        return WHO_NOBODY;
    }
    for (unsigned who = WHO_PLAIN; who < WHO_COUNT; who++) {
        const struct side *side = &s->sides[who];
        if (holds(b, APP_START, side->content, side->content_len)) {
            bool known = who == WHO_PLAIN || is_packaged(b, side) ||
                         (who == WHO_SECOND && is_packaged(b, &s->unasked));
            return known ? (enum who)who : WHO_WRONG;
        }
    }
    return WHO_WRONG;
}

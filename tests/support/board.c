/* SPDX-License-Identifier: MIT */
/*
 * The board itself: creation, power, callbacks, the far end of the lines, reports. The callbacks
 * run inside the CPU emulator and must never fail a test from there; they only write down.
 */
#include "board.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BOOT_MS = 100, FLAG_LOW = 1 };

const struct board_wires board_original = {
    .commands = 2,
    .tx = PIN('A', 2),
    .rx = PIN('A', 3),
    .log = 3,
    .log_tx = PIN('B', 10),
    .button = PIN('A', 0),
    .button_flags = 4,
    .led = PIN('A', 5),
    .driver = NO_PIN,
    .hse = 1,
    .hse_hz = 8000000,
    .pll_m = 8,
    .pll_n = 336,
    .baud = 115200,
};

static const unsigned unforgiven =
    1u << TWIN_REPORT_UNMAPPED | 1u << TWIN_REPORT_UNMODELLED | 1u << TWIN_REPORT_CLOCK_OFF |
    1u << TWIN_REPORT_WAIT_STATES | 1u << TWIN_REPORT_PLL | 1u << TWIN_REPORT_DMA |
    1u << TWIN_REPORT_FLASH | 1u << TWIN_REPORT_CORE | 1u << TWIN_REPORT_WATCHDOG;

const char *board_firmware_path(void)
{
    const char *path = getenv("ARAREXT_FIRMWARE");
    return path != NULL ? path : ARAREXT_FIRMWARE_ELF;
}

uint64_t board_seed(uint64_t fallback)
{
    const char *text = getenv("ARAREXT_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : fallback;
    printf("seed %" PRIu64 " (ARAREXT_SEED)\n", seed);
    return seed;
}

static void on_report(void *ctx, const struct twin_report *report)
{
    struct board *b = ctx;
    unsigned bit = 1u << report->kind;
    b->reports[report->kind]++;
    if (getenv("ARAREXT_SHOW_REPORTS") != NULL) {
        printf("%" PRIu64 " ns: report %d, pc %08" PRIx32 ", address %08" PRIx32 ": %s\n",
               report->time_ns, (int)report->kind, report->pc, report->address, report->text);
    }
    if ((bit & unforgiven) != 0 && (bit & b->allowed) == 0) {
        if (b->bad_count < BOARD_REPORTS_MAX) {
            (void)snprintf(b->bad[b->bad_count], sizeof b->bad[0],
                           "kind %d at %" PRIu64 " ns, pc %08" PRIx32 ", address %08" PRIx32 ": %s",
                           (int)report->kind, report->time_ns, report->pc, report->address,
                           report->text);
        }
        b->bad_count++;
    }
}

static void on_pin(void *ctx, char port, unsigned pin, bool level)
{
    struct board *b = ctx;
    if (PIN(port, pin) == b->wires.led && b->led_count < BOARD_LED_MAX) {
        b->led[b->led_count].ns = twin_now_ns(b->twin);
        b->led[b->led_count].level = level;
        b->led_count++;
    }
}

static void on_reset(void *ctx, const char *cause)
{
    struct board *b = ctx;
    b->resets++;
    (void)snprintf(b->reset_cause, sizeof b->reset_cause, "%s", cause);
}

void board_make_block(uint8_t block[BOARD_BLOCK_BYTES], const char *name,
                      const struct board_wires *w)
{
    const uint8_t pins[] = {w->commands,  w->tx,     w->rx,           w->log,
                            w->log_tx,    w->button, w->button_flags, w->led,
                            w->led_flags, w->driver, w->driver_flags, w->hse};
    uint32_t crc = 0xFFFFFFFF;
    memset(block, 0, BOARD_BLOCK_BYTES);
    memcpy(block, "ABRD\x01\x38", 6);
    (void)snprintf((char *)block + 8, 16, "%s", name);
    memcpy(block + 24, pins, sizeof pins);
    wire_put32(block + 36, w->hse_hz);
    block[40] = w->pll_m;
    wire_put32(block + 42, w->pll_n);
    wire_put32(block + 44, w->baud);
    wire_put32(block + 48, w->window_ms);
    for (unsigned i = 0; i < 52; i += 4) {
        crc ^= wire_get32(block + i);
        for (unsigned bit = 0; bit < 32; bit++) {
            crc = (crc & 0x80000000u) != 0 ? crc << 1 ^ 0x04C11DB7u : crc << 1;
        }
    }
    wire_put32(block + 52, crc);
}

static char port_of(uint8_t pin)
{
    return (char)('A' + (pin >> 4));
}

/* What is at the pins: an LED and a transceiver hold theirs, as a button without the chip's pull
 * has a resistor. */
static void wire_up(struct board *b)
{
    const struct board_wires *w = &b->wires;
    twin_set_hse(b->twin, w->hse != 0 ? w->hse_hz : 0, w->hse == 2);
    if (w->led != NO_PIN) {
        twin_pin_pull(b->twin, port_of(w->led), w->led & 15u, (w->led_flags & FLAG_LOW) != 0);
    }
    if (w->button != NO_PIN && (w->button_flags & 6) == 0) {
        twin_pin_pull(b->twin, port_of(w->button), w->button & 15u,
                      (w->button_flags & FLAG_LOW) != 0);
    }
    if (w->driver != NO_PIN) {
        bool low = (w->driver_flags & FLAG_LOW) != 0;
        twin_pin_pull(b->twin, port_of(w->driver), w->driver & 15u, low);
        twin_line_driver_enable(b->twin, w->commands, port_of(w->driver), w->driver & 15u, !low);
    }
    if (w->baud != 0) {
        twin_line_set(b->twin, w->commands, &(struct twin_line){.baud = w->baud});
    }
}

/* The block of wires, or what the test wants there instead. */
static void put_block(struct board *b, const struct board_options *o)
{
    uint8_t block[BOARD_BLOCK_BYTES];
    if (o->block != NULL) {
        board_poke(b, BOARD_BLOCK, o->block, sizeof block);
    } else if (o->wires != NULL) {
        board_make_block(block, "wired", o->wires);
        board_poke(b, BOARD_BLOCK, block, sizeof block);
    }
}

static void make_twin(struct board *b, const struct board_options *o)
{
    struct twin_config config = {
        .flash_kib = b->flash_kib,
        .hsi_hz = o->hsi_hz,
        .seed = o->seed != 0 ? o->seed : 1,
        .state_path = o->state_path,
        .on_report = on_report,
        .on_pin = on_pin,
        .on_reset = on_reset,
        .ctx = b,
    };
    if (twin_create(&b->twin, &config) != TWIN_OK) {
        fail_msg("no twin: %s", twin_error_text(NULL));
    }
    if (twin_load_file(b->twin, board_firmware_path(), FLASH_BASE) != TWIN_OK) {
        fail_msg("%s: %s", board_firmware_path(), twin_error_text(b->twin));
    }
}

struct board *board_open(const struct board_options *options)
{
    static const struct board_options none = {0};
    const struct board_options *o = options != NULL ? options : &none;
    struct board *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->flash_kib = o->flash_kib != 0 ? o->flash_kib : 1024;
    b->dialect = o->dialect != 0 ? o->dialect : WIRE_NATIVE;
    b->wires = o->wires != NULL ? *o->wires : board_original;
    if (o->no_hse) {
        b->wires.hse = 0;
    }
    make_twin(b, o);
    put_block(b, o);
    wire_up(b);
    if (o->app != NULL) {
        board_poke(b, APP_BASE, o->app, o->app_len);
    }
    if (o->option_bytes && twin_set_option_bytes(b->twin, o->rdp, 0xEC, o->nwrp) != TWIN_OK) {
        fail_msg("option bytes: %s", twin_error_text(b->twin));
    }
    board_press_button(b, o->button);
    if (!o->stay_off) {
        twin_power_on(b->twin);
        (void)board_run(b, MS(BOOT_MS));
    }
    return b;
}

void board_close(struct board *b)
{
    char text[sizeof b->bad];
    unsigned count = b->bad_count;
    size_t at = 0;
    for (unsigned i = 0; i < count && i < BOARD_REPORTS_MAX; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%s\n", b->bad[i]);
    }
    twin_destroy(b->twin);
    free(b);
    if (count != 0) {
        fail_msg("%u reports of the twin that nobody expected:\n%s", count, text);
    }
}

void board_allow_report(struct board *b, enum twin_report_kind kind)
{
    b->allowed |= 1u << kind;
}

void board_assert_reported(const struct board *b, enum twin_report_kind kind)
{
    if (b->reports[kind] == 0) {
        fail_msg("the twin did not report kind %d", (int)kind);
    }
}

static void take_received(struct board *b)
{
    if (b->rx_len == 0) {
        b->rx_first_ns = twin_now_ns(b->twin);
    }
    b->rx_len +=
        twin_line_receive(b->twin, b->wires.commands, b->rx + b->rx_len, sizeof b->rx - b->rx_len);
    b->log_len += twin_line_receive(b->twin, b->wires.log, (uint8_t *)b->log + b->log_len,
                                    sizeof b->log - 1 - b->log_len);
    b->log[b->log_len] = '\0';
}

enum twin_stop board_run(struct board *b, uint64_t ns)
{
    enum twin_stop stop = twin_run_ns(b->twin, ns);
    take_received(b);
    return stop;
}

bool board_wait(struct board *b, size_t want, uint64_t ns)
{
    uint64_t start = twin_now_ns(b->twin);
    twin_line_stop_on_receive(b->twin, b->wires.commands, true);
    while (b->rx_len < want) {
        uint64_t gone = twin_now_ns(b->twin) - start;
        if (gone >= ns || board_run(b, ns - gone) == TWIN_STOP_POWER) {
            break;
        }
    }
    twin_line_stop_on_receive(b->twin, b->wires.commands, false);
    return b->rx_len >= want;
}

uint64_t board_flash_operations(const struct board *b)
{
    struct twin_counters counters;
    twin_get_counters(b->twin, &counters);
    return counters.flash_operations;
}

void board_power_cycle(struct board *b)
{
    twin_power_off(b->twin);
    (void)board_run(b, MS(10));
    b->rx_len = 0;
    twin_power_on(b->twin);
    (void)board_run(b, MS(BOOT_MS));
}

void board_reset(struct board *b)
{
    twin_reset_pin(b->twin);
    (void)board_run(b, MS(BOOT_MS));
}

void board_press_button(struct board *b, bool down)
{
    uint8_t pin = b->wires.button;
    if (pin != NO_PIN && down) {
        twin_pin_drive(b->twin, port_of(pin), pin & 15u, (b->wires.button_flags & FLAG_LOW) == 0);
    } else if (pin != NO_PIN) {
        twin_pin_release(b->twin, port_of(pin), pin & 15u);
    }
}

enum { BLOCK = 0x08000080, BLOCK_WINDOW = 48, BLOCK_CRC = 52 };

/* Over words, as the chip's unit has it. */
static uint32_t block_crc(const uint8_t *block)
{
    uint32_t crc = 0xFFFFFFFF;
    for (unsigned i = 0; i < BLOCK_CRC; i += 4) {
        crc ^= wire_get32(block + i);
        for (unsigned bit = 0; bit < 32; bit++) {
            crc = (crc & 0x80000000) != 0 ? crc << 1 ^ 0x04C11DB7 : crc << 1;
        }
    }
    return crc;
}

void board_set_window(struct board *b, unsigned ms)
{
    uint8_t block[BLOCK_CRC + 4];
    board_peek(b, BLOCK, block, sizeof block);
    block[BLOCK_WINDOW] = (uint8_t)ms;
    block[BLOCK_WINDOW + 1] = (uint8_t)(ms >> 8);
    wire_put32(block + BLOCK_CRC, block_crc(block));
    board_poke(b, BLOCK, block, sizeof block);
}

void board_send(struct board *b, const uint8_t *data, size_t len)
{
    uint64_t now = twin_now_ns(b->twin);
    uint64_t from = b->sent_ns > now ? b->sent_ns : now;
    b->sent_ns = from + (uint64_t)len * CHAR_NS;
    twin_line_send(b->twin, b->wires.commands, data, len);
}

void board_send_gap(struct board *b, uint64_t ns)
{
    uint64_t now = twin_now_ns(b->twin);
    b->sent_ns = (b->sent_ns > now ? b->sent_ns : now) + ns;
    twin_line_send_gap(b->twin, b->wires.commands, ns);
}

void board_send_slowly(struct board *b, const uint8_t *data, size_t len, uint64_t gap_ns)
{
    for (size_t i = 0; i < len; i++) {
        if (i > 0) {
            board_send_gap(b, gap_ns);
        }
        board_send(b, data + i, 1);
    }
}

void board_flush(struct board *b)
{
    while (twin_line_unsent(b->twin, b->wires.commands) > 0) {
        if (board_run(b, CHAR_NS / 4) != TWIN_STOP_TIME) {
            fail_msg("the board stopped while bytes were being sent");
        }
    }
    b->sent_ns = twin_now_ns(b->twin);
}

void board_peek(struct board *b, uint32_t addr, void *data, size_t len)
{
    if (twin_peek(b->twin, addr, data, len) != TWIN_OK) {
        fail_msg("peek %08" PRIx32 ": %s", addr, twin_error_text(b->twin));
    }
}

void board_poke(struct board *b, uint32_t addr, const void *data, size_t len)
{
    if (twin_load(b->twin, addr, data, len) != TWIN_OK) {
        fail_msg("poke %08" PRIx32 ": %s", addr, twin_error_text(b->twin));
    }
}

uint32_t board_peek32(struct board *b, uint32_t addr)
{
    uint8_t bytes[4];
    board_peek(b, addr, bytes, sizeof bytes);
    return wire_get32(bytes);
}

bool board_log_has(const struct board *b, const char *text)
{
    return strstr(b->log, text) != NULL;
}

unsigned board_sector_count(const struct board *b)
{
    return b->flash_kib == 512 ? 8 : 12;
}

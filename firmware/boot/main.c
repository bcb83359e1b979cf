/* SPDX-License-Identifier: MIT */
/*
 * Bootloader mode: start-up of the board, and the loop that moves bytes between the serial line and
 * the engine in core. Interrupts are off from reset to jump: the DMA receives, the loop polls.
 *
 * The loop sleeps between milliseconds, but not while a decision of the receiver is near or another
 * request is likely: then it polls, so that an answer begins as soon as a request has ended.
 */
#include "main.h"

#include "ararext_version.h"
#include "board_block.h"
#include "chip.h"
#include "clock.h"
#include "crc_unit.h"
#include "debug_build.h"
#include "fault.h"
#include "led.h"
#include "log.h"
#include "mpu.h"
#include "packages.h"
#include "rom_line.h"
#include "serial.h"
#include "stream_mode.h"
#include "stm32f407.h"
#include "timer.h"
#include "turn.h"

#define AWAKE_BYTES 16u /* a millisecond has 11.5 characters */

static struct loader loader;
static struct frame_receiver receiver;
static uint32_t active_us; /* when something last happened on the line */

static const char *const stay_names[] = {
    "", /* in the order of enum stay_reason */
    "button",
    "application's request",
    "nothing to boot",
    "host's request",
    "all rejected",
    "untrusted",
    "crash loop",
    "flash failed",
};

static void main_start_board(const struct start_facts *facts)
{
    struct clock_state clock;
    struct serial_rate rate;

    crc_unit_start();
    const uint8_t *board = board_block_choose((const uint8_t *)BOARD_BLOCK_ADDR);

    clock_start(&clock, board);
    RCC->AHB1ENR |= RCC_AHB1_DMA | RCC_AHB1_BKPSRAM;
    (void)RCC->AHB1ENR; /* ES0182 */
    led_start(board);
    log_start(board, &clock.buses);
    serial_start(board, &clock.buses, &rate);
    loader.update = &packages_from_ram;
    loader.info = (struct loader_info){
        .idcode = DBGMCU_IDCODE,
        .core_hz = clock.core_hz,
        .flash_kib = facts->flash_kib,
        .ring_size = SERIAL_RING_SIZE,
        .version = {ARAREXT_VERSION_MAJOR, ARAREXT_VERSION_MINOR, ARAREXT_VERSION_PATCH},
        .reset_cause = (uint8_t)(facts->reset_flags >> RCC_CSR_FLAGS_SHIFT),
        .stay = facts->stay,
        .clock_source = clock.hse ? 1 : 0,
        .board = board,
        .board_is_block = board == (const uint8_t *)BOARD_BLOCK_ADDR,
    };
    stream_mode_start(&loader, &rate);
    mpu_start(true);
}

static void main_log_start(void)
{
    const struct loader_info *info = &loader.info;

    log_text("\r\nararext " ARAREXT_VERSION_STRING DEBUG_BUILD_TEXT ", ");
    log_text(info->clock_source != 0 ? "HSE " : "HSI ");
    log_decimal(info->core_hz / 1000000u);
    log_text(" MHz, flash ");
    log_decimal(info->flash_kib);
    log_text(" KiB, reset");
    log_hex(info->reset_cause, 2);
    log_text(", stays: ");
    log_line(stay_names[info->stay]);
}

/* Trust, target, what is installed, the slots' states; and what the boot path did, if it was asked:
 * slot, installs, last reason to refuse and its detail. As GET_SLOTS has them. */
static void main_log_packages(const struct start_facts *facts)
{
    uint8_t slots[SLOTS_SIZE];

    update_report(&packages_from_ram, slots);
    log_text("trust, target, installed, slots:");
    log_hex(slots[SLOTS_TRUST], 1);
    log_hex(slots[SLOTS_TARGET], 2);
    log_hex(slots[SLOTS_INSTALLED], 2);
    log_hex(slots[SLOTS_ENTRIES + SLOT_STATE], 1);
    log_hex(slots[SLOTS_ENTRIES + SLOT_ENTRY_SIZE + SLOT_STATE], 1);
    if (facts->asked) {
        log_text("; boot: slot, installs, reason:");
        log_hex(facts->update.slot, 2);
        log_hex(facts->update.installs, 1);
        log_hex((uint32_t)facts->update.reason, 2);
        log_hex(facts->update.detail, 8);
    }
    log_line("");
}

/* One line for each request, and the LED's share of it. command is 0 for what was no frame. */
static void main_tell_result(uint8_t command)
{
    log_hex(command, 2);
    if (loader.result != REASON_NONE) {
        led_error();
        log_text(" failed");
        log_hex((uint32_t)loader.result, 2);
        log_hex(loader.failure.detail, 8);
    }
    log_line("");
}

static void main_do_after(void)
{
    if (loader.after == AFTER_NOTHING || stream_mode_do_after(&loader)) {
        return;
    }
    serial_flush();
    log_flush();
    switch (loader.after) {
    case AFTER_GO_IMAGE:
        chip_start_image(loader.target, loader.go[0], loader.go[1]);
        break;
    case AFTER_GO_CODE:
        chip_enter_code(loader.target, loader.go[0], loader.go[1]);
        break;
    case AFTER_START:
        start_leave_request(BOOT_REQUEST_START);
        break;
    case AFTER_RESET_STAY:
        start_leave_request(BOOT_REQUEST_LOADER_RPC);
        break;
    case AFTER_RESET_INSTALL:
        start_leave_request(BOOT_REQUEST_INSTALL);
        break;
    case AFTER_RESET:
    case AFTER_NOTHING:
    case AFTER_BAUD:
    case AFTER_STREAM:
    default:
        break;
    }
    chip_restart();
}

static void main_serve_request(const struct frame_request *request)
{
    struct loader_answer answer;

    led_busy();
    serial_wait_unsent(); /* the loader makes its next answer where the last one is sent from */
    stream_mode_use_ring(false);
    rom_line_judge(receiver.dialect, request->payload[0]);
    if (loader_accept(&loader, receiver.dialect, request, &answer)) {
        serial_send(answer.bytes, answer.len);
        serial_wait_unsent();
        answer = loader_execute(&loader, request);
        stream_mode_use_ring(loader.after == AFTER_STREAM);
    }
    serial_send(answer.bytes, answer.len);
    stream_mode_good_frame();
    receiver.block = loader.block;
    if (loader.block == ROM_BLOCK_COMMAND) {
        main_tell_result(receiver.dialect == DIALECT_ROM ? loader.rom.code : request->command);
    }
    main_do_after();
}

static void main_refuse_frame(void)
{
    struct loader_answer answer;

    serial_wait_unsent();
    answer = loader_reject(&loader, receiver.reason, receiver.detail);
    serial_send(answer.bytes, answer.len);
    main_tell_result(0);
}

static void main_poll_line(uint32_t now_us)
{
    const uint8_t *bytes[2];
    size_t len[2];
    uint32_t sr;

    if (serial_peek(bytes, len)) {
        frame_fail(&receiver, REASON_OVERFLOW, 0, now_us);
    }
    if (serial_take_error(&sr) && !rom_line_takes_error()) {
        frame_fail(&receiver, REASON_LINE, sr, now_us);
    }
    if (len[0] != 0) {
        serial_skip(frame_take(&receiver, bytes[0], len[0], now_us));
        active_us = now_us;
    }
    stream_mode_watch_rate(&receiver, now_us);
}

static bool main_may_sleep(uint32_t now_us)
{
    size_t unsent = serial_unsent();

    if (unsent != 0) {
        active_us = now_us; /* a request may follow the answer at once */
    }
    return unsent > AWAKE_BYTES || turn_is_quiet(now_us, active_us) ||
           frame_missing(&receiver) > AWAKE_BYTES;
}

/* Nothing but a reset or a start ends it from here on. */
static void main_stay(const struct start_facts *facts)
{
    if (facts->window_ms != 0) {
        RCC->CSR |= RCC_CSR_RMVF; /* as start_packages does without a window */
    }
    if (!facts->asked) {
        update_stays(&packages_from_ram);
    }
    main_log_start();
    main_log_packages(facts);
}

/* In an entry window nothing is said until a good frame comes, or a hello: what else is on the line
 * is for the application. */
void main_serve(const struct start_facts *facts)
{
    struct frame_request request;
    bool stays = false;
    uint32_t start_us;

    fault_watch();
    main_start_board(facts);
    loader_init(&loader);
    frame_init(&receiver);
    start_us = timer_us();
    for (;;) {
        uint32_t now_us = timer_us();
        bool may_sleep = false;
        enum frame_event event;

        main_poll_line(now_us);
        event = frame_poll(&receiver, now_us, &request);
        if (!stays) {
            stays = facts->window_ms == 0 || event == FRAME_REQUEST || event == FRAME_HELLO;
            if (stays) {
                main_stay(facts);
            } else if (now_us - start_us >= facts->window_ms * 1000u) {
                return;
            } else {
                event = FRAME_NOTHING;
            }
        }
        switch (event) {
        case FRAME_REQUEST:
            main_serve_request(&request);
            active_us = timer_us();
            break;
        case FRAME_REJECT:
            serial_wait_unsent();
            main_refuse_frame();
            break;
        case FRAME_HELLO:
            rom_line_greet();
            break;
        case FRAME_NOTHING:
        default:
            may_sleep = main_may_sleep(now_us);
        }
        turn_end(may_sleep);
    }
}

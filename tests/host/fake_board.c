/* SPDX-License-Identifier: MIT */
/* The fake board; offsets and codes are typed from PROTOCOL.md. */
#include "fake_board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "crc.h"
#include "script.h"

static const char INFO[] = "01 10 01 02 03 01 13 04 07 10 00 02 "
                           "A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 AA AB 0F 00 00 00 FF 00 00 10 "
                           "00 80 00 08 00 00 08 08 00 40 00 20 C0 FF 01 20 00 BD 01 05 "
                           "14 01 01 AA FF 0F 03 04 10 00 01 40 00 03 80 00 EE";

uint8_t *fake_slot(struct fake_board *b, unsigned slot)
{
    return b->slots + 52 + 40 * (size_t)slot;
}

static void finish_answer(struct fake_board *b, uint8_t first, uint8_t command, size_t len)
{
    b->answer[0] = first;
    b->answer[1] = command;
    b->answer[2] = (uint8_t)len;
    b->answer_len = 3 + len;
    b->answer_from = 0;
    if (b->asked != command) { /* with a CRC */
        b->answer[1] = b->asked;
        store_le32(b->answer + 3 + len, crc_update(CRC_START, b->answer, 3 + len));
        b->answer_len += 4;
    } else if (first == 0x7F) {
        b->answer_len = 1;
    }
}

static void answer(struct fake_board *b, uint8_t command, const uint8_t *data, size_t len)
{
    if (len > 0) {
        memcpy(b->answer + 3, data, len);
    }
    finish_answer(b, 0xA5, command, len);
}

static void refuse(struct fake_board *b, uint8_t command, uint8_t reason, uint32_t detail)
{
    memset(b->last_error, 0, sizeof b->last_error);
    b->last_error[0] = reason;
    b->last_error[1] = command;
    store_le32(b->last_error + 4, detail);
    finish_answer(b, 0x7F, command, 0);
}

static void lose(struct fake_board *b)
{
    b->answer_len = b->answer_from = 0;
}

static void go_down(struct fake_board *b, uint64_t ms, enum fake_who next)
{
    b->who = FAKE_DOWN;
    b->up_ms = b->now_ms + ms;
    b->next = next;
}

static void finish(struct fake_board *b)
{
    uint8_t *slot = fake_slot(b, b->stage_slot);
    if (b->requests[0x67] > 1 && b->lose_finish) {
        refuse(b, 0x67, 0x4B, 0xFFFFFFFF);
        return;
    }
    if (b->finish_reason != 0) {
        refuse(b, 0x67, b->finish_reason, 0);
        return;
    }
    /* The digest is the first TLV behind the payload where there is no protected area. */
    size_t area = 32 + (size_t)load_le32(b->staged + 12) + load_le16(b->staged + 10);
    slot[0] = 2;
    slot[3] = b->trials;
    memcpy(slot + 8, b->staged + 20, 8);
    store_le32(slot + 16, b->size);
    memcpy(slot + 28, b->staged + area + 8, 8);
    b->slots[6] = b->stage_slot;
    answer(b, 0x67, NULL, 0);
    if (b->lose_finish) {
        lose(b);
    }
}

static void reset(struct fake_board *b, uint8_t how)
{
    uint8_t *slot = fake_slot(b, b->stage_slot);
    assert_true(how <= 2);
    if (b->deaf_resets > 0) {
        b->deaf_resets--;
        b->lost_resets++;
        return;
    }
    b->resets[how]++;
    answer(b, 0x62, NULL, 0);
    if (how == 0) {
        b->started_ms = b->now_ms;
        slot[2] = (uint8_t)(slot[2] + (b->after_start != FAKE_BOOTLOADER));
        go_down(b, 200, b->after_start);
    } else if (how == 1) {
        go_down(b, 300, FAKE_BOOTLOADER);
    } else {
        go_down(b, b->never_back ? UINT32_MAX : 6000, FAKE_BOOTLOADER);
        slot[0] = b->install_state;
        slot[4] = b->install_state == 4 ? 5 : 0;
        bool there = b->install_state != 4 && !b->not_installed;
        slot[1] = there ? 3 : 2;
        b->slots[7] = there ? b->stage_slot : 0xFF;
    }
    if (b->lose_resets > 0) {
        b->lose_resets--;
        b->lost_resets++;
        lose(b);
    }
}

/* Of what was started on trial. */
static void confirm(struct fake_board *b)
{
    uint8_t *slot = fake_slot(b, b->stage_slot);
    if (slot[0] != 2 || slot[2] == 0) {
        refuse(b, 0x68, 0x4C, 0);
        return;
    }
    slot[0] = 3;
    answer(b, 0x68, NULL, 0);
}

static void stage_write(struct fake_board *b, const uint8_t *payload, size_t len)
{
    uint32_t offset = load_le32(payload);
    bool last = offset + payload[4] == b->size;
    bool again = offset + payload[4] == b->staged_len; /* the answer was lost */
    b->order_wrong = b->order_wrong || (offset != b->staged_len && !again) ||
                     payload[4] + 5u != len || (payload[4] % 4 != 0 && !last) ||
                     offset + payload[4] > sizeof b->staged;
    if (!b->order_wrong) {
        memcpy(b->staged + offset, payload + 5, payload[4]);
        b->staged_len = offset + payload[4];
    }
    answer(b, 0x66, NULL, 0);
}

static void provision(struct fake_board *b, const uint8_t *payload, size_t len)
{
    memcpy(b->provision, payload, len);
    b->provision_len = len;
    if (b->provision_reason != 0) {
        refuse(b, 0x6A, b->provision_reason, 0);
        return;
    }
    memcpy(b->otp, payload + 6, 32u * payload[4]);
    if (payload[5] == 1) {
        memcpy(b->otp + 128, payload + len - 32, 32);
    }
    b->otp[0] = (uint8_t)(b->otp[0] ^ (b->burns_wrong ? 1 : 0));
    memset(b->otp + 512, 0, 5);
    answer(b, 0x6A, NULL, 0);
    if (b->lose_provision) {
        lose(b);
    }
}

static void bootloader(struct fake_board *b, uint8_t command, const uint8_t *payload, size_t len)
{
    switch (command) {
    case 0x60:
        answer(b, command, b->last_error, 8);
        break;
    case 0x61:
        answer(b, command, b->info, sizeof b->info);
        break;
    case 0x59:
        answer(b, command, b->flash_word, payload[4]);
        break;
    case 0x5B:
        answer(b, command, b->otp + load_le16(payload), payload[2]);
        break;
    case 0x65:
        b->size = load_le32(payload);
        b->staged_len = 0;
        answer(b, command, &b->stage_slot, 1);
        break;
    case 0x66:
        stage_write(b, payload, len);
        break;
    case 0x67:
        finish(b);
        break;
    case 0x6A:
        provision(b, payload, len);
        break;
    default:
        refuse(b, command, 0x10, 0);
    }
}

static void time_passes(struct fake_board *b)
{
    if (b->who == FAKE_DOWN && b->now_ms >= b->up_ms) {
        b->who = b->next;
    }
    if (b->verdict_ms != 0 && b->started_ms != 0 && b->now_ms - b->started_ms >= b->verdict_ms) {
        fake_slot(b, b->stage_slot)[0] = b->verdict_state;
        fake_slot(b, b->stage_slot)[4] = b->verdict_state == 4 ? 1 : 0;
    }
}

static void serve(struct fake_board *b, uint8_t command, const uint8_t *payload, size_t len)
{
    if (command == 0x51) {
        answer(b, command, (const uint8_t[]){0x10}, 1);
    } else if (command == 0x62) {
        reset(b, payload[0]);
    } else if (command == 0x68) {
        confirm(b);
    } else if (command == 0x64) {
        answer(b, command, b->slots, sizeof b->slots);
    } else if (b->who == FAKE_BOOTLOADER) {
        bootloader(b, command, payload, len);
    } else {
        b->answer[0] = 0x7F;
        b->answer_len = 1;
    }
}

static void flip(struct fake_board *b)
{
    if (b->answer_len > 0 && ++b->answers == b->flip_at) {
        unsigned bit = b->flip_bit % (8u * (unsigned)b->answer_len);
        b->answer[bit / 8] ^= (uint8_t)(1u << bit % 8);
        b->flipped = true;
    }
}

static int fake_write(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    struct fake_board *b = ctx;
    uint8_t command = data[1] & 0x7F;
    (void)timeout_ms;
    if (len == 12 && data[0] == 0xC5) {
        return ARAREXT_OK; /* a frame of streams, which is none here */
    }
    assert_true(len >= 6 && len == data[0] + 5u);
    assert_int_equal(load_le32(data + len - 4), crc_update(CRC_START, data, len - 4));
    time_passes(b);
    lose(b);
    b->asked = data[1];
    b->requests[command]++;
    if (b->who == FAKE_DOWN || b->who == FAKE_SILENT) {
        return ARAREXT_OK;
    }
    if (data[1] != command && (!b->checked || b->who != FAKE_BOOTLOADER)) {
        b->requests[command]--; /* it does not know such a one */
        b->answer[0] = 0x7F;
        b->answer_len = 1;
    } else {
        serve(b, command, data + 2, len - 6);
    }
    flip(b);
    return ARAREXT_OK;
}

static int fake_read(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    struct fake_board *b = ctx;
    size_t there = b->answer_len - b->answer_from;
    *got = there < size ? there : size;
    memcpy(data, b->answer + b->answer_from, *got);
    b->answer_from += *got;
    b->now_ms += *got == 0 ? timeout_ms : 1;
    return ARAREXT_OK;
}

static int fake_flush(void *ctx)
{
    lose(ctx);
    return ARAREXT_OK;
}

static int fake_nothing(void *ctx)
{
    (void)ctx;
    return ARAREXT_OK;
}

static int fake_baud(void *ctx, uint32_t baud)
{
    (void)ctx;
    (void)baud;
    return ARAREXT_OK;
}

static uint64_t fake_now(void *ctx)
{
    return ((struct fake_board *)ctx)->now_ms;
}

static void fake_sleep(void *ctx, unsigned ms)
{
    ((struct fake_board *)ctx)->now_ms += ms;
}

static void fake_closed(void *ctx)
{
    (void)ctx;
}

static bool fake_stop(void *ctx)
{
    struct fake_board *b = ctx;
    return b->stop_ms != 0 && b->now_ms >= b->stop_ms;
}

void fake_open(struct fake_board *b)
{
    *b = (struct fake_board){.now_ms = 1000, .trials = 3, .install_state = 2};
    const struct ararext_transport transport = {
        .ctx = b,
        .write = fake_write,
        .read = fake_read,
        .set_baud = fake_baud,
        .flush_input = fake_flush,
        .drain = fake_nothing,
        .now_ms = fake_now,
        .sleep_ms = fake_sleep,
        .close = fake_closed,
    };
    struct ararext_options options;
    assert_int_equal(unhex(INFO, b->info, sizeof b->info), sizeof b->info);
    memset(b->otp, 0xFF, sizeof b->otp);
    memset(b->flash_word, 0xFF, sizeof b->flash_word);
    b->slots[0] = 1;
    b->slots[6] = b->slots[7] = b->slots[10] = 0xFF;
    b->slots[8] = 2;
    b->slots[9] = 40;
    store_le32(b->slots + 12, 126 * 1024);
    store_le32(b->slots + 16, 224 * 1024);
    memset(b->slots + 20, 0x11, 16);
    memset(b->slots + 36, 0x22, 16);
    ararext_default_options(&options);
    options.stop = fake_stop;
    options.ctx = b;
    assert_int_equal(ararext_open(&b->session, &transport, &options), ARAREXT_OK);
}

void fake_close(struct fake_board *b)
{
    ararext_close(b->session);
    assert_false(b->order_wrong);
}

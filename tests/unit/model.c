/* SPDX-License-Identifier: MIT */
/* The model chip of the unit tests. */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board_block.h"
#include "bytes.h"
#include "crc.h"
#include "geometry.h"
#include "memory_map.h"

uint8_t *model_memory(struct model *m, uint32_t addr, size_t len)
{
    const struct {
        uint32_t base, size;
        uint8_t *bytes;
    } memories[] = {
        {MAP_FLASH_BASE, m->loader.info.flash_kib * 1024u, m->flash},
        {MAP_SRAM_BASE, sizeof m->sram, m->sram},
        {MAP_CCM_BASE, sizeof m->ccm, m->ccm},
        {MAP_BACKUP_BASE, sizeof m->backup, m->backup},
        {MAP_SYSTEM_BASE, sizeof m->system, m->system},
    };

    for (size_t i = 0; i < sizeof memories / sizeof memories[0]; i++) {
        uint32_t offset = addr - memories[i].base;

        if (offset < memories[i].size && len <= memories[i].size - offset) {
            return memories[i].bytes + offset;
        }
    }
    fail_msg("access of %zu bytes at %08x outside of any memory", len, (unsigned)addr);
    return NULL;
}

static void model_read(void *ctx, uint32_t addr, uint8_t *data, size_t len)
{
    memcpy(data, model_memory(ctx, addr, len), len);
}

static void model_write(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    struct model *m = ctx;

    assert_true(addr < MAP_FLASH_BASE || addr >= MAP_CCM_BASE);
    m->ram_writes++;
    memcpy(model_memory(m, addr, len), data, len);
}

static uint32_t model_memory_crc(void *ctx, uint32_t addr, size_t len)
{
    return crc_update(CRC_START, model_memory(ctx, addr, len), len);
}

static uint32_t model_memory_crc_words(void *ctx, uint32_t addr, size_t words)
{
    return crc_update_words(CRC_START, model_memory(ctx, addr, words * 4u), words);
}

/* The fault that a test asked for, once. */
static enum reason model_fail(struct model *m, uint32_t *detail)
{
    enum reason reason = m->fail;

    if (reason != REASON_NONE) {
        *detail = m->fail_detail;
        m->fail = REASON_NONE;
        m->failed++;
    }
    return reason;
}

static enum reason model_erase(void *ctx, unsigned sector, uint32_t *detail)
{
    struct model *m = ctx;
    enum reason reason = model_fail(m, detail);

    assert_in_range(sector, MAP_BOOT_SECTORS, geometry_sector_count(m->loader.info.flash_kib) - 1u);
    m->erases++;
    if (reason == REASON_NONE) {
        memset(model_memory(m, geometry_sector_addr(sector), geometry_sector_size(sector)), 0xFF,
               geometry_sector_size(sector));
    }
    return reason;
}

static enum reason model_program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                                 uint32_t *detail)
{
    struct model *m = ctx;
    enum reason reason = model_fail(m, detail);
    uint8_t *cells = model_memory(m, addr, len);

    assert_true(addr >= MAP_APP_BASE);
    m->programs++;
    for (size_t i = 0; i < len && reason == REASON_NONE; i++) {
        assert_true((cells[i] & data[i]) == data[i]);
        cells[i] &= data[i];
    }
    return reason;
}

/* The same flash, and OTP, as the update engine sees them. */
static void model_flash_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    memcpy(data, model_memory(ctx, addr, len), len);
}

static enum reason model_mark(void *ctx, uint32_t addr, uint32_t word, uint32_t *detail)
{
    struct model *m = ctx;
    enum reason reason = model_fail(m, detail);
    uint8_t *cells = model_memory(m, addr, 4);

    m->marks++;
    if (reason == REASON_NONE) {
        store_le32(cells, load_le32(cells) & word);
    }
    return reason;
}

static enum reason model_mark_otp(void *ctx, uint32_t addr, uint8_t byte, uint32_t *detail)
{
    struct model *m = ctx;
    enum reason reason = model_fail(m, detail);

    assert_in_range(addr, MAP_OTP_BASE, MAP_OTP_LOCK_BASE + MAP_OTP_LOCK_SIZE - 1);
    m->marks++;
    if (reason == REASON_NONE) {
        *model_memory(m, addr, 1) &= byte;
    }
    return reason;
}

static void model_begin(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    (void)data;
    if (len != 0) {
        (void)model_memory(ctx, addr, len);
    }
}

static void model_alive(void *ctx)
{
    (void)ctx;
}

static uint32_t model_note_read(void *ctx)
{
    return ((struct model *)ctx)->note;
}

static void model_note_write(void *ctx, uint32_t note)
{
    ((struct model *)ctx)->note = note;
}

static uint32_t model_options_read(void *ctx)
{
    return ((struct model *)ctx)->optcr;
}

static enum reason model_options_program(void *ctx, uint16_t nwrp, enum memory_rdp rdp,
                                         uint32_t *detail)
{
    struct model *m = ctx;
    enum reason reason = model_fail(m, detail);

    assert_int_equal(nwrp & 0xF000u, 0);
    m->option_writes++;
    if (reason == REASON_NONE) {
        m->optcr = (m->optcr & 0xF000FFFFu) | (uint32_t)nwrp << 16;
        if (rdp == MEMORY_RDP_LEVEL_1) {
            m->optcr = (m->optcr & 0xFFFF00FFu) | 0x5500u;
        }
    }
    return reason;
}

static const uint8_t model_identity[2 * UUID_SIZE] = {0xD0, 0xD1, [UUID_SIZE] = 0xC0, 0xC1};

struct model *model_create(uint16_t flash_kib)
{
    struct model *m = calloc(1, sizeof *m);

    assert_non_null(m);
    memset(m->flash, 0xFF, sizeof m->flash);
    memset(m->system, 0xFF, sizeof m->system);
    for (unsigned i = 0; i < 12; i++) {
        m->system[MAP_UID_BASE - MAP_SYSTEM_BASE + i] = (uint8_t)(0xA0 + i);
    }
    m->optcr = MODEL_OPTCR_RESET;
    m->flash_hw = (struct flash_hw){.ctx = m,
                                    .read = model_flash_read,
                                    .erase = model_erase,
                                    .program = model_program,
                                    .put = model_mark,
                                    .put_otp = model_mark_otp,
                                    .begin = model_begin,
                                    .alive = model_alive,
                                    .note = model_note_read,
                                    .set_note = model_note_write,
                                    .flash_kib = flash_kib,
                                    .memory_read = model_read,
                                    .memory_write = model_write,
                                    .memory_crc = model_memory_crc,
                                    .memory_crc_words = model_memory_crc_words,
                                    .options = model_options_read,
                                    .set_options = model_options_program};
    m->update = (struct update_board){.flash = &m->flash_hw,
                                      .memory = &m->memory,
                                      .dictionary = m->dictionary,
                                      .identity = model_identity};
    m->loader.update = &m->update;
    m->loader.info = (struct loader_info){.idcode = 0x10076413,
                                          .core_hz = 84000000,
                                          .flash_kib = flash_kib,
                                          .ring_size = 4096,
                                          .version = {1, 2, 3},
                                          .reset_cause = 0x14,
                                          .board = board_block_choose(m->flash + 0x80),
                                          .stay = STAY_BUTTON,
                                          .clock_source = 1};
    m->stream_hw.flash = &m->flash_hw;
    m->streaming.stream = &m->stream;
    m->streaming.usart_hz = 42000000;
    m->stream_hw.memory = &m->memory;
    m->stream_hw.dictionary = m->dictionary;
    m->stream_hw.stage = loader_stage;
    m->stream_hw.stage_ctx = &m->loader;
    m->loader.streaming = &m->streaming;
    stream_init(&m->stream, &m->stream_hw);
    loader_init(&m->loader);
    frame_init(&m->receiver);
    return m;
}

static void model_send(struct model *m, struct loader_answer answer)
{
    assert_true(answer.len <= sizeof m->sent - m->sent_len);
    memcpy(m->sent + m->sent_len, answer.bytes, answer.len);
    m->sent_len += answer.len;
}

static void model_poll(struct model *m)
{
    static const uint8_t rom_ack[] = {ROM_ACK};
    struct loader_answer answer;
    struct frame_request request;
    enum frame_event event = frame_poll(&m->receiver, m->now_us, &request);

    switch (event) {
    case FRAME_REQUEST:
        if (loader_accept(&m->loader, m->receiver.dialect, &request, &answer)) {
            model_send(m, answer);
            answer = loader_execute(&m->loader, &request);
        }
        model_send(m, answer);
        break;
    case FRAME_REJECT:
        model_send(m, loader_reject(&m->loader, m->receiver.reason, m->receiver.detail));
        break;
    case FRAME_HELLO:
        model_send(m, (struct loader_answer){rom_ack, sizeof rom_ack});
        break;
    case FRAME_NOTHING:
        break;
    default:
        fail();
    }
    if (event == FRAME_REQUEST) {
        m->receiver.block = m->loader.block;
    }
}

void model_feed(struct model *m, const uint8_t *bytes, size_t len, uint32_t us_per_byte)
{
    for (size_t i = 0; i < len; i++) {
        m->now_us += us_per_byte;
        model_poll(m);
        assert_int_equal(frame_take(&m->receiver, bytes + i, 1, m->now_us), 1);
    }
    model_poll(m);
}

void model_wait_ms(struct model *m, uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i++) {
        m->now_us += 1000;
        model_poll(m);
    }
}

size_t model_frame(uint8_t *out, enum protocol_dialect dialect, uint8_t command,
                   const uint8_t *payload, size_t len)
{
    size_t counted = 1 + len + (dialect == DIALECT_COURSE ? FRAME_CRC_SIZE : 0);

    assert_true(counted <= FRAME_LENGTH_MAX);
    out[0] = (uint8_t)counted;
    out[1] = command;
    for (size_t i = 0; i < len; i++) {
        out[2 + i] = payload[i];
    }
    store_le32(out + 2 + len, crc_update(CRC_START, out, 2 + len));
    return 2 + len + FRAME_CRC_SIZE;
}

void model_expect(struct model *m, enum protocol_dialect dialect, uint8_t command,
                  const uint8_t *payload, size_t len, const uint8_t *expect, size_t expect_len)
{
    uint8_t frame[FRAME_SIZE_MAX];
    size_t size = model_frame(frame, dialect, command, payload, len);

    m->sent_len = 0;
    model_feed(m, frame, size, 87);
    assert_int_equal(m->sent_len, expect_len);
    assert_memory_equal(m->sent, expect, expect_len);
}

void model_expect_failure(const struct model *m, enum reason reason, uint8_t command,
                          uint32_t detail)
{
    assert_int_equal(m->loader.failure.reason, reason);
    assert_int_equal(m->loader.failure.command, command);
    assert_int_equal(m->loader.failure.detail, detail);
}

unsigned model_changes(const struct model *m)
{
    return m->erases + m->programs + m->marks + m->ram_writes + m->option_writes;
}

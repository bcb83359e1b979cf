/* SPDX-License-Identifier: MIT */
/* The board of the bench of streaming: the core's engines, with flash that takes its time. */
#include "stream_bench_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "crc.h"
#include "geometry.h"
#include "memory_map.h"
#include "seeded.h"

#define CRC_NS       50u /* a byte */
#define FEATURE_BYTE (3u + INFO_FEATURES)

/* ---- the board's flash ---- */

static void work(struct bench *b, uint64_t ns)
{
    b->busy_ns = (b->busy_ns > b->now_ns ? b->busy_ns : b->now_ns) + ns;
}

uint64_t bench_erase_ns(unsigned sector)
{
    uint32_t size = geometry_sector_size(sector);
    return size == 0x4000 ? 250ull * MS : size == 0x10000 ? 550ull * MS : 1000ull * MS;
}

static enum reason erase(void *ctx, unsigned sector, uint32_t *detail)
{
    struct bench *b = ctx;
    uint32_t addr = geometry_sector_addr(sector);
    (void)detail;
    assert_in_range(sector, MAP_BOOT_SECTORS, 11);
    memset(model_memory(b->model, addr, geometry_sector_size(sector)), 0xFF,
           geometry_sector_size(sector));
    b->erases[sector]++;
    work(b, bench_erase_ns(sector));
    return REASON_NONE;
}

/* The image's first word stays erased until all else is there: the board holds it back. */
static uint8_t wanted(const struct bench *b, uint32_t offset)
{
    bool complete = b->stream.state == STREAM_COMPLETE;
    return (offset < 4 && !complete) || offset >= b->len ? 0xFF : b->bytes[offset];
}

static enum reason program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                           uint32_t *detail)
{
    struct bench *b = ctx;
    uint8_t *cells = model_memory(b->model, addr, len);
    assert_true(addr % 4 == 0 && len % 4 == 0 && addr >= MAP_APP_BASE);
    for (uint32_t i = 0; i < len; i++) {
        assert_int_equal(cells[i], 0xFF);
        assert_int_equal(data[i], wanted(b, addr - MAP_APP_BASE + i));
        cells[i] = data[i];
    }
    if (b->faults.dies_at >= addr && b->faults.dies_at < addr + len) {
        b->faults.died++;
        b->dying = true;
    }
    if (b->faults.fail_at >= addr && b->faults.fail_at < addr + len) {
        b->faults.failed++;
        *detail = b->faults.fail_at;
        return REASON_VERIFY;
    }
    b->programmed += (unsigned)(len / 4);
    work(b, len / 4 * WORD_NS);
    return REASON_NONE;
}

/* Flash may begin with it, and need not. */
static void begin(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    const struct bench *b = ctx;
    for (uint32_t i = 0; i < len; i++) {
        assert_int_equal(data[i], wanted(b, addr - MAP_APP_BASE + i));
    }
}

static void alive(void *ctx)
{
    (void)ctx;
}

/* ---- what the commands of streaming work with ---- */

static enum reason stage(void *ctx, uint32_t offset, const uint8_t *data, uint32_t len,
                         uint32_t *detail)
{
    struct bench *b = ctx;
    work(b, (len + 3) / 4 * WORD_NS);
    return update_stage_write(&b->model->update, &b->model->loader.stage, offset, data, len,
                              detail);
}

static uint32_t memory_crc(void *ctx, uint32_t addr, size_t words)
{
    struct bench *b = ctx;
    work(b, (uint64_t)words * CRC_NS);
    return stream_crc(CRC_START, model_memory(b->model, addr, words * 4), words);
}

static uint32_t now_us(const struct bench *b)
{
    return (uint32_t)(b->now_ns / US);
}

void bench_board_init(struct bench *b)
{
    baud_init(&b->baud, BAUD_BASE);
    b->flash = (struct flash_hw){.ctx = b,
                                 .erase = erase,
                                 .program = program,
                                 .begin = begin,
                                 .alive = alive,
                                 .flash_kib = 1024,
                                 .memory_crc_words = memory_crc};
    b->stream_hw = (struct stream_hw){.flash = &b->flash,
                                      .memory = &b->memory,
                                      .dictionary = b->dictionary,
                                      .stage = stage,
                                      .stage_ctx = b};
    stream_init(&b->stream, &b->stream_hw);
    b->service = (struct loader_stream){.stream = &b->stream,
                                        .usart_hz = 42000000,
                                        .window = BENCH_RING - 1024u,
                                        .packed_window = BENCH_RING - 1024u};
    b->model->loader.streaming = &b->service;
}

/* ---- commands ---- */

static bool is_streaming_command(uint8_t command)
{
    return command >= COMMAND_SET_BAUD && command <= COMMAND_DIGESTS;
}

/* The time that the board takes for what core does at once. */
static void work_for_command(struct bench *b, const struct frame_request *q)
{
    uint8_t command = q->command & (uint8_t)~COMMAND_CHECKED;
    if (command == COMMAND_DIGESTS) {
        for (unsigned i = 0; i < q->payload[1] && q->payload[0] + i < 12; i++) {
            work(b, geometry_sector_size(q->payload[0] + i) / 4 * CRC_NS);
        }
    } else if (command == COMMAND_STREAM_BEGIN && b->model->loader.stage.next == 0 &&
               (q->payload[STREAM_BEGIN_FLAGS] & STREAM_KIND_BITS) == STREAM_PACKAGE) {
        work(b, 2 * SECOND); /* erased its slot */
    }
}

static void serve_streaming(struct bench *b)
{
    struct loader *l = &b->model->loader;
    struct frame_request q = {.command = b->command[1],
                              .payload = b->command + 2,
                              .payload_len = (uint8_t)(b->command[0] - 1)};
    struct loader_answer answer;
    assert_true(loader_accept(l, DIALECT_NATIVE, &q, &answer));
    answer = loader_execute(l, &q);
    memcpy(b->answer, answer.bytes, answer.len);
    b->answer_len = answer.len;
    if (l->result != REASON_NONE) {
        return;
    }
    if (b->no_blocks && l->after == AFTER_STREAM) {
        uint8_t *data = b->answer + ANSWER_HEAD_SIZE;
        data[STREAM_BEGUN_TAKES] = 0;
        store_le32(data + STREAM_BEGUN_SIZE,
                   crc_update(CRC_START, b->answer, ANSWER_HEAD_SIZE + STREAM_BEGUN_SIZE));
    }
    work_for_command(b, &q);
    b->change_to = l->after == AFTER_BAUD ? b->service.rate : 0;
    b->begin_stream = l->after == AFTER_STREAM;
    if (b->begin_stream) {
        b->streams++;
        b->began_ns = b->now_ns;
        b->resumed += b->stream.next != 0;
    }
}

/* Typical times of what the model does in none. */
static void take_time(struct bench *b, const uint8_t *frame)
{
    uint8_t command = frame[1] & (uint8_t)~COMMAND_CHECKED;
    uint8_t *sent = b->model->sent;
    if (command == COMMAND_FLASH_ERASE) {
        for (unsigned i = 0; i < frame[3]; i++) {
            work(b, bench_erase_ns(frame[2] + i));
            b->erases[frame[2] + i]++;
        }
    } else if (command == COMMAND_MEM_WRITE) {
        work(b, (frame[6] + 3u) / 4u * WORD_NS);
    } else if (command == COMMAND_MEM_CRC) {
        work(b, (uint64_t)load_le32(frame + 6) * CRC_NS);
    } else if (command == COMMAND_GET_INFO && b->no_streaming) {
        sent[FEATURE_BYTE] &= (uint8_t)~FEATURE_STREAM;
        if (frame[1] != command) {
            size_t len = ANSWER_HEAD_SIZE + (size_t)sent[2];
            store_le32(sent + len, crc_update(CRC_START, sent, len));
        }
    }
}

static void serve_other(struct bench *b)
{
    b->model->sent_len = 0;
    model_feed(b->model, b->command, b->command_len, 0);
    if (b->model->sent_len > 1 && b->model->sent[0] == PROTOCOL_ACK) {
        take_time(b, b->command);
    }
    memcpy(b->answer, b->model->sent, b->model->sent_len);
    b->answer_len = b->model->sent_len;
    b->model->sent_len = 0;
}

static bool frame_is_whole(const struct bench *b)
{
    size_t len = b->command[0];
    return b->command_len >= 2 && b->command_len == 1 + len + FRAME_CRC_SIZE &&
           load_le32(b->command + 1 + len) == crc_update(CRC_START, b->command, 1 + len);
}

/* What was gathered is no frame, or was not continued: the model's receiver throws it away, and
 * says so when the line is quiet. */
static void give_up_frame(struct bench *b)
{
    baud_bad(&b->baud, now_us(b));
    model_feed(b->model, b->command, b->command_len, 0);
    b->command_len = 0;
}

static void command_byte(struct bench *b, uint8_t byte, bool good)
{
    b->command_ns = b->now_ns;
    b->command[b->command_len++] = byte;
    if (frame_is_whole(b)) {
        uint8_t command = b->command[1] & (uint8_t)~COMMAND_CHECKED;
        baud_good(&b->baud, now_us(b));
        b->requests[command]++;
        if (is_streaming_command(command) && !b->no_streaming) {
            serve_streaming(b);
        } else {
            serve_other(b);
        }
        b->command_len = 0;
        if (b->faults.drop_answers[command] > 0) {
            b->faults.drop_answers[command]--;
            b->faults.dropped++;
            b->answer_len = 0;
            if (b->begin_stream) {
                b->stream.worked = true;
            }
        }
    } else if (!good || b->command_len == sizeof b->command ||
               b->command_len > 1u + b->command[0] + FRAME_CRC_SIZE) {
        give_up_frame(b);
    }
}

static bool streaming(const struct bench *b)
{
    return b->stream.state != STREAM_IDLE && b->stream.state != STREAM_CLOSED;
}

static void send(struct bench *b, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bench_wire_put(b, &b->up, bytes[i], b->baud.rate);
    }
}

static void command_step(struct bench *b)
{
    if (b->answer_len > 0) {
        send(b, b->answer, b->answer_len);
        b->answer_len = 0;
    }
    if (b->up.free_ns > b->now_ns) {
        return;
    }
    if (b->change_to != 0) {
        baud_change(&b->baud, b->change_to, now_us(b));
        b->change_to = 0;
    }
    if (b->command_len > 0 && b->now_ns - b->command_ns > 1000ull * MS) {
        give_up_frame(b);
    }
    if (b->now_ns - b->model_ns >= MS) {
        b->model_ns = b->now_ns;
        b->model->sent_len = 0;
        model_wait_ms(b->model, 1);
        send(b, b->model->sent, b->model->sent_len);
        if (baud_poll(&b->baud, now_us(b))) {
            b->fell_back++;
        }
    }
}

/* ---- streaming ---- */

static void stream_step(struct bench *b)
{
    uint8_t status[STREAM_STATUS_SIZE];
    size_t have = b->ring_in - b->ring_out;
    size_t at = b->ring_out % BENCH_RING;
    size_t first = have < BENCH_RING - at ? have : BENCH_RING - at;
    struct stream_input in = {{b->ring + at, b->ring}, {first, have - first}};
    if (have > BENCH_RING) {
        b->overflows++;
        b->ring_out = b->ring_in;
        stream_lost(&b->stream, now_us(b));
        return;
    }
    if (b->up.free_ns <= b->now_ns && stream_status(&b->stream, now_us(b), status)) {
        b->told_of_blocks += (status[STREAM_STATUS_FLAGS] & STREAM_FLAG_KEPT) != 0;
        send(b, status, sizeof status);
    }
    enum stream_state before = b->stream.state;
    b->ring_out += stream_take(&b->stream, &in, now_us(b));
    if (before == STREAM_OPEN && b->stream.state == STREAM_COMPLETE) {
        b->done_ns = b->now_ns;
    }
    if (b->dying) {
        b->dying = false;
        b->ring_out = b->ring_in;
        baud_init(&b->baud, BAUD_BASE);
        stream_init(&b->stream, &b->stream_hw);
        return;
    }
    if (b->stream.state == STREAM_CLOSED) {
        b->last_word = !b->stream.timed_out;
        b->ring_out = b->ring_in;
        b->command_len = 0;
        if (b->stream.timed_out) {
            baud_init(&b->baud, BAUD_BASE);
            b->fell_back++;
        }
    }
}

/* Closed, and still to be told. */
static void last_word_step(struct bench *b)
{
    uint8_t status[STREAM_STATUS_SIZE];
    if (b->up.free_ns <= b->now_ns) {
        assert_true(stream_status(&b->stream, now_us(b), status));
        send(b, status, sizeof status);
        b->last_word = false;
        baud_good(&b->baud, now_us(b));
    }
}

static void receive(struct bench *b)
{
    uint8_t byte;
    bool good;
    while ((streaming(b) || (b->busy_ns <= b->now_ns && !b->last_word)) &&
           bench_wire_get(b, &b->down, b->baud.rate, &byte, &good)) {
        if (streaming(b)) {
            b->ring[b->ring_in++ % BENCH_RING] = byte;
        } else {
            command_byte(b, byte, good);
        }
    }
}

void bench_pass(struct bench *b, uint64_t ns)
{
    while (ns > 0) {
        uint64_t step = ns < STEP_NS ? ns : STEP_NS;
        ns -= step;
        b->now_ns += step;
        receive(b);
        for (unsigned i = 0; i < 8 && b->busy_ns <= b->now_ns; i++) {
            if (b->last_word) {
                last_word_step(b);
                break;
            }
            if (b->answer_len > 0 || !streaming(b)) {
                command_step(b);
                break;
            }
            stream_step(b);
        }
    }
}

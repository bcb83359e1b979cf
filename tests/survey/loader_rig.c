/* SPDX-License-Identifier: MIT */
/* The whole board on the PC; see loader_rig.h. */
#include "loader_rig.h"

#include <assert.h>
#include <string.h>

#include "boot.h"
#include "board_block.h"
#include "bytes.h"
#include "crc.h"
#include "geometry.h"
#include "memory_map.h"
#include "verdict.h"

enum { PIECE = 240, OPTCR_REST = 0xED, ALL_SECTORS = 0xFFF, RDP_TORN = 0xFF };

/* ---- memories ---- */

static uint8_t *loader_rig_ram(struct loader_rig *r, uint32_t addr, size_t len)
{
    if (addr - MAP_SRAM_BASE < sizeof r->sram && len <= sizeof r->sram - (addr - MAP_SRAM_BASE)) {
        return r->sram + (addr - MAP_SRAM_BASE);
    }
    if (addr - MAP_CCM_BASE < sizeof r->ccm && len <= sizeof r->ccm - (addr - MAP_CCM_BASE)) {
        return r->ccm + (addr - MAP_CCM_BASE);
    }
    return NULL;
}

static bool loader_rig_has(const struct loader_rig *r, uint32_t addr, size_t len)
{
    uint32_t size = r->rig.hw.flash_kib * 1024u;

    return (addr - MAP_FLASH_BASE < size && len <= size - (addr - MAP_FLASH_BASE)) ||
           (addr - MAP_OTP_BASE < FLASH_MODEL_OTP &&
            len <= FLASH_MODEL_OTP - (addr - MAP_OTP_BASE));
}

static void loader_rig_memory_read(void *ctx, uint32_t addr, uint8_t *data, size_t len)
{
    struct loader_rig *r = ctx;
    const uint8_t *ram;

    assert(r != NULL);
    ram = loader_rig_ram(r, addr, len);
    if (ram != NULL) {
        memcpy(data, ram, len);
    } else if (loader_rig_has(r, addr, len)) {
        r->rig.hw.read(r->rig.hw.ctx, addr, data, len);
    } else {
        assert(addr - MAP_SYSTEM_BASE < MAP_OPTION_BASE + MAP_OPTION_SIZE - MAP_SYSTEM_BASE);
        memset(data, 0xFF, len); /* the maker's ROM, option bytes */
    }
}

static void loader_rig_memory_write(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    uint8_t *ram = loader_rig_ram(ctx, addr, len);

    assert(ram != NULL);
    memcpy(ram, data, len);
}

static uint32_t loader_rig_memory_crc(void *ctx, uint32_t addr, size_t len)
{
    uint32_t crc = CRC_START;
    uint8_t piece[PIECE];

    while (len != 0) {
        size_t n = len < sizeof piece ? len : sizeof piece;
        loader_rig_memory_read(ctx, addr, piece, n);
        crc = crc_update(crc, piece, n);
        addr += (uint32_t)n;
        len -= n;
    }
    return crc;
}

static uint32_t loader_rig_crc_words(void *ctx, uint32_t addr, size_t words)
{
    return loader_rig_memory_crc(ctx, addr, words * 4u);
}

/* Any address and length, which the model has not: word by word, and the bytes around stay what
 * they are. */
static enum reason loader_rig_program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                                      uint32_t *detail)
{
    struct loader_rig *r = ctx;
    enum reason reason = REASON_NONE;
    uint32_t end = addr + (uint32_t)len;

    if (addr % 4u == 0) {
        return r->program(ctx, addr, data, len, detail);
    }
    for (uint32_t word = addr & ~3u; word < end && reason == REASON_NONE; word += 4) {
        uint8_t bytes[4];
        r->rig.hw.read(r->rig.hw.ctx, word, bytes, sizeof bytes);
        for (uint32_t i = 0; i < sizeof bytes; i++) {
            if (word + i >= addr && word + i < end) {
                bytes[i] = data[word + i - addr];
            }
        }
        reason = r->rig.hw.put(r->rig.hw.ctx, word, load_le32(bytes), detail);
        if (reason == REASON_NONE && flash_hw_word(&r->rig.hw, word) != load_le32(bytes)) {
            *detail = word;
            reason = REASON_VERIFY;
        }
    }
    return reason;
}

static uint32_t loader_rig_options(void *ctx)
{
    const struct loader_rig *r = ctx;

    return (~r->rig.model->protected_mask & ALL_SECTORS) << 16 | (uint32_t)r->rdp << 8 | OPTCR_REST;
}

/* Torn, each half may be as if erased: level 1, nothing write-protected (RM0090 3.6.2, and what the
 * twin does). */
static enum reason loader_rig_set_options(void *ctx, uint16_t nwrp, enum memory_rdp rdp,
                                          uint32_t *detail)
{
    struct loader_rig *r = ctx;
    uint64_t random = flash_model_random(r->rig.model);
    bool torn;

    if (!flash_model_begins(r->rig.model, &torn)) {
        *detail = 0x10;
        return REASON_FLASH_ERROR;
    }
    r->option_writes++;
    r->rig.model->protected_mask = torn && (random & 1) != 0 ? 0 : ~(uint32_t)nwrp & ALL_SECTORS;
    r->rdp = torn && (random & 2) != 0 ? RDP_TORN : rdp == MEMORY_RDP_LEVEL_1 ? 0x55 : r->rdp;
    flash_model_ended(r->rig.model);
    return REASON_NONE;
}

void loader_rig_open(struct loader_rig *r, uint32_t flash_kib)
{
    memset(r, 0, sizeof *r);
    rig_open(&r->rig, flash_kib);
    assert(r->rig.hw.ctx == r);
    r->program = r->rig.hw.program;
    r->rig.hw.program = loader_rig_program;
    r->rdp = RDP_LEVEL_0;
    r->rig.hw.memory_read = loader_rig_memory_read;
    r->rig.hw.memory_write = loader_rig_memory_write;
    r->rig.hw.memory_crc = loader_rig_memory_crc;
    r->rig.hw.memory_crc_words = loader_rig_crc_words;
    r->rig.hw.options = loader_rig_options;
    r->rig.hw.set_options = loader_rig_set_options;
    static const uint8_t blank[BOARD_BLOCK_SIZE];
    r->loader.update = &r->rig.update;
    r->loader.info = (struct loader_info){.idcode = 0x10076413,
                                          .core_hz = 84000000,
                                          .flash_kib = (uint16_t)flash_kib,
                                          .ring_size = 4096,
                                          .version = {1, 2, 3},
                                          .board = board_block_choose(blank),
                                          .reset_cause = 0x14};
    r->stream_hw = (struct stream_hw){.flash = &r->rig.hw,
                                      .memory = r->rig.memory,
                                      .dictionary = r->rig.update.dictionary,
                                      .stage = loader_stage,
                                      .stage_ctx = &r->loader};
    r->streaming = (struct loader_stream){
        .stream = &r->stream, .usart_hz = 42000000, .window = 79 * 1024, .rate = 115200};
    r->loader.streaming = &r->streaming;
}

void loader_rig_close(struct loader_rig *r)
{
    rig_close(&r->rig);
}

/* ---- the start, as firmware/boot has it ---- */

static void loader_rig_listen_because(struct loader_rig *r, enum stay_reason stay, bool asked)
{
    r->loader.info.stay = stay;
    stream_init(&r->stream, &r->stream_hw);
    loader_init(&r->loader);
    if (!asked) {
        update_stays(&r->rig.update);
    }
}

void loader_rig_listen(struct loader_rig *r)
{
    loader_rig_listen_because(r, STAY_BUTTON, false);
}

static void loader_rig_facts(struct loader_rig *r, const struct loader_rig_reset *how,
                             struct boot_facts *boot)
{
    *boot = (struct boot_facts){.button = how->button};
    if (how->request != 0) {
        boot_make_request(boot->request, how->request);
    }
    boot_read_app(&r->rig.hw, boot);
}

/* False: packages are to be asked. */
static bool loader_rig_decides(struct loader_rig *r, const struct boot_facts *boot,
                               struct loader_rig_start *out)
{
    volatile uint32_t plain[2];

    out->stay = boot_decide(boot);
    if (out->stay != STAY_NOT && out->stay != STAY_NOTHING_TO_BOOT) {
        return true;
    }
    update_ask_plain(&r->rig.update, plain);
    if (plain[0] != VERDICT_GOOD || plain[1] != VERDICT_GOOD || out->stay == STAY_NOTHING_TO_BOOT) {
        return false;
    }
    if (boot_wants_install(boot)) {
        out->stay = STAY_HOST_REQUEST;
    }
    out->started = out->stay == STAY_NOT;
    return true;
}

void loader_rig_reset(struct loader_rig *r, const struct loader_rig_reset *how,
                      struct loader_rig_start *out)
{
    struct boot_facts boot;
    struct update_result result;
    bool asked;

    *out = (struct loader_rig_start){.slot = SLOT_NONE};
    loader_rig_facts(r, how, &boot);
    asked = !loader_rig_decides(r, &boot, out);
    if (asked) {
        const struct update_facts facts = {.reset = how->software ? 0x14 : 0x0E,
                                           .install_only = boot_wants_install(&boot)};
        update_boot(&r->rig.update, &facts, &result);
        out->started = result.verdict[0] == VERDICT_GOOD && result.verdict[1] == VERDICT_GOOD;
        out->slot = result.slot;
        out->stay = result.stay;
        out->cause = result.cause;
        out->reason = result.reason;
    }
    if (!out->started) {
        loader_rig_listen_because(r, out->stay, asked);
    }
}

/* ---- commands ---- */

enum reason loader_rig_command(struct loader_rig *r, uint8_t code, const void *payload, size_t len)
{
    struct frame_request request = {.command = code, .payload_len = (uint8_t)len};
    struct loader_answer answer;

    request.payload = payload;
    if (loader_accept(&r->loader, DIALECT_NATIVE, &request, &answer)) {
        (void)loader_execute(&r->loader, &request);
    }
    return r->loader.result;
}

const uint8_t *loader_rig_answer(const struct loader_rig *r, size_t *len)
{
    *len = r->loader.data_len;
    return r->loader.answer + ANSWER_SIZE_MAX - ANSWER_DATA_MAX;
}

/* STAGE_WRITE or MEM_WRITE of it all. */
static enum reason loader_rig_send(struct loader_rig *r, uint8_t code, uint32_t at,
                                   const uint8_t *data, uint32_t len)
{
    enum reason reason = REASON_NONE;

    for (uint32_t done = 0; done < len && reason == REASON_NONE; done += PIECE) {
        uint32_t n = len - done < PIECE ? len - done : PIECE;
        uint8_t payload[5 + PIECE];

        store_le32(payload, at + done);
        payload[4] = (uint8_t)n;
        memcpy(payload + 5, data + done, n);
        reason = loader_rig_command(r, code, payload, 5 + n);
    }
    return reason;
}

enum reason loader_rig_stage(struct loader_rig *r, const uint8_t *package, uint32_t len)
{
    uint8_t size[4];
    enum reason reason;

    store_le32(size, len);
    reason = loader_rig_command(r, COMMAND_STAGE_BEGIN, size, sizeof size);
    if (reason == REASON_NONE) {
        reason = loader_rig_send(r, COMMAND_STAGE_WRITE, 0, package, len);
    }
    return reason == REASON_NONE ? loader_rig_command(r, COMMAND_STAGE_FINISH, NULL, 0) : reason;
}

enum reason loader_rig_flash(struct loader_rig *r, const uint8_t *content, uint32_t len)
{
    uint8_t sectors[2] = {MAP_BOOT_SECTORS, 0};
    enum reason reason;

    while (geometry_sector_addr(MAP_BOOT_SECTORS + sectors[1]) < MAP_APP_BASE + len) {
        sectors[1]++;
    }
    reason = loader_rig_command(r, COMMAND_FLASH_ERASE, sectors, sizeof sectors);
    return reason == REASON_NONE ? loader_rig_send(r, COMMAND_MEM_WRITE, MAP_APP_BASE, content, len)
                                 : reason;
}

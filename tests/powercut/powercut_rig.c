/* SPDX-License-Identifier: MIT */
/* The board of the campaign on the PC; see powercut_rig.h. */
#include "powercut_rig.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "memory_map.h"

static const uint8_t rig_identity[2 * UUID_SIZE] = {0x41};

static void rig_note_change(struct rig *rig, uint32_t addr, size_t len)
{
    if (addr >= MAP_OTP_BASE) {
        return; /* OTP is always copied */
    }
    for (size_t page = (addr - MAP_FLASH_BASE) / RIG_PAGE;
         page * RIG_PAGE < addr - MAP_FLASH_BASE + len; page++) {
        rig->dirty[page] = true;
    }
}

static void rig_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    struct rig *rig = ctx;
    rig->model->hw.read(rig->model, addr, data, len);
}

static enum reason rig_erase(void *ctx, unsigned sector, uint32_t *detail)
{
    static const uint16_t kib[] = {0, 16, 32, 48, 64, 128, 256, 384, 512, 640, 768, 896, 1024};
    struct rig *rig = ctx;
    assert(sector < FLASH_MODEL_SECTORS);
    rig_note_change(rig, MAP_FLASH_BASE + kib[sector] * 1024u,
                    (kib[sector + 1] - kib[sector]) * (size_t)1024);
    return rig->model->hw.erase(rig->model, sector, detail);
}

static enum reason rig_program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                               uint32_t *detail)
{
    struct rig *rig = ctx;
    rig_note_change(rig, addr, len);
    return rig->model->hw.program(rig->model, addr, data, len, detail);
}

static enum reason rig_mark(void *ctx, uint32_t addr, uint32_t word, uint32_t *detail)
{
    struct rig *rig = ctx;
    rig_note_change(rig, addr, 4);
    return rig->model->hw.put(rig->model, addr, word, detail);
}

static enum reason rig_mark_otp(void *ctx, uint32_t addr, uint8_t byte, uint32_t *detail)
{
    struct rig *rig = ctx;
    return rig->model->hw.put_otp(rig->model, addr, byte, detail);
}

static void rig_begin(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    struct rig *rig = ctx;
    rig->model->hw.begin(rig->model, addr, data, len);
}

static void rig_alive(void *ctx)
{
    (void)ctx;
}

static uint32_t rig_note_read(void *ctx)
{
    return ((struct rig *)ctx)->model->note;
}

static void rig_note_write(void *ctx, uint32_t note)
{
    ((struct rig *)ctx)->model->note = note;
}

void rig_open(struct rig *rig, uint32_t flash_kib)
{
    memset(rig, 0, sizeof *rig);
    rig->model = flash_model_create(flash_kib, 1);
    rig->memory =
        aligned_alloc(_Alignof(struct unpack_memory), sizeof *rig->memory + UNPACK_DICTIONARY);
    assert(rig->memory != NULL);
    memset(rig->memory, 0xA5, sizeof *rig->memory + UNPACK_DICTIONARY);
    rig->hw = (struct flash_hw){.ctx = rig,
                                .read = rig_read,
                                .erase = rig_erase,
                                .program = rig_program,
                                .put = rig_mark,
                                .put_otp = rig_mark_otp,
                                .begin = rig_begin,
                                .alive = rig_alive,
                                .note = rig_note_read,
                                .set_note = rig_note_write,
                                .flash_kib = flash_kib};
    rig->update = (struct update_board){.flash = &rig->hw,
                                        .memory = rig->memory,
                                        .dictionary = (uint8_t *)(rig->memory + 1),
                                        .identity = rig_identity};
}

void rig_close(struct rig *rig)
{
    free(rig->model);
    free(rig->memory);
    memset(rig, 0, sizeof *rig);
}

void rig_blank(struct rig *rig)
{
    struct flash_model *fresh = flash_model_create(rig->hw.flash_kib, 1);
    flash_model_copy(rig->model, fresh);
    free(fresh);
    rig->base = NULL;
}

struct flash_model *rig_save(struct rig *rig)
{
    struct flash_model *copy = malloc(sizeof *copy);
    assert(copy != NULL);
    flash_model_copy(copy, rig->model);
    rig->base = copy;
    memset(rig->dirty, 0, sizeof rig->dirty);
    return copy;
}

/* to, which differs in the pages that are dirty only, becomes like from. */
static void rig_copy_dirty(const struct rig *rig, struct flash_model *to,
                           const struct flash_model *from)
{
    for (size_t page = 0; page < RIG_PAGES; page++) {
        if (rig->dirty[page]) {
            memcpy(to->flash + page * RIG_PAGE, from->flash + page * RIG_PAGE, RIG_PAGE);
            memcpy(to->flash_unstable + page * RIG_PAGE, from->flash_unstable + page * RIG_PAGE,
                   RIG_PAGE);
        }
    }
    memcpy(to, from, offsetof(struct flash_model, flash));
    to->hw.ctx = to;
    memcpy(to->otp_bytes, from->otp_bytes, sizeof to->otp_bytes);
    memcpy(to->otp_unstable, from->otp_unstable, sizeof to->otp_unstable);
}

void rig_save_again(struct rig *rig, struct flash_model *base)
{
    assert(rig->base == base);
    rig_copy_dirty(rig, base, rig->model);
    memset(rig->dirty, 0, sizeof rig->dirty);
}

void rig_restore(struct rig *rig, const struct flash_model *base)
{
    if (rig->base != base) {
        flash_model_copy(rig->model, base);
    } else {
        rig_copy_dirty(rig, rig->model, base);
    }
    rig->base = base;
    memset(rig->dirty, 0, sizeof rig->dirty);
}

void rig_power_on(struct rig *rig, uint64_t seed)
{
    flash_model_power_on(rig->model);
    rig->model->random = seed;
}

struct rig_call {
    struct rig *rig;
    rig_step_fn *step;
    const void *arg;
    enum reason result;
};

static void rig_make_call(void *arg)
{
    struct rig_call *call = arg;
    call->result = call->step(call->rig, call->arg);
}

bool rig_run(struct rig *rig, rig_step_fn *step, const void *arg, const struct cut *cut,
             enum reason *result)
{
    struct rig_call call = {rig, step, arg, REASON_NONE};
    unsigned before = rig->model->operations;
    unsigned cuts = rig->model->cuts;
    bool came_back;
    rig_power_on(rig, cut->seed);
    rig->model->cut = cut->kind;
    rig->model->cut_at = cut->at == 0 ? 0 : before + cut->at;
    came_back = flash_model_run(rig->model, rig_make_call, &call);
    rig->model->cut_at = 0;
    rig->operations = rig->model->operations - before;
    *result = call.result;
    /* A cut is not to be believed unless the model says that it made it. */
    assert(came_back == (rig->model->cuts == cuts));
    return came_back;
}

enum reason rig_stage(struct rig *rig, const struct side *side)
{
    enum { PIECE = 248 };
    struct update_stage stage = {0};
    uint32_t detail = 0;
    enum reason reason = update_stage_begin(&rig->update, &stage, side->package_len, &detail);
    for (uint32_t at = 0; reason == REASON_NONE && at < side->package_len; at += PIECE) {
        uint32_t len = side->package_len - at < PIECE ? side->package_len - at : PIECE;
        reason = update_stage_write(&rig->update, &stage, at, side->package + at, len, &detail);
    }
    return reason == REASON_NONE ? update_stage_finish(&rig->update, &stage, &detail) : reason;
}

enum reason rig_confirm(struct rig *rig)
{
    uint32_t detail = 0;
    return update_confirm(&rig->update, &detail);
}

enum reason rig_rollback(struct rig *rig)
{
    uint32_t detail = 0;
    return update_rollback(&rig->update, &detail);
}

enum reason rig_retire(struct rig *rig)
{
    uint32_t detail = 0;
    return update_retire(&rig->update, &detail);
}

void rig_boot(struct rig *rig, struct update_result *out)
{
    const struct update_facts facts = {.reset = 0x0E, .install_only = false};
    update_boot(&rig->update, &facts, out);
}

void rig_poke(struct rig *rig, uint32_t addr, const void *data, size_t len)
{
    memcpy(flash_model_at(rig->model, addr, len), data, len);
    rig_note_change(rig, addr, len);
}

bool rig_holds(const struct rig *rig, uint32_t addr, const uint8_t *data, size_t len)
{
    uint32_t offset = addr - MAP_FLASH_BASE;
    const uint8_t *unstable = rig->model->flash_unstable + offset;
    if (memcmp(rig->model->flash + offset, data, len) != 0) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (unstable[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool rig_counter_zero(const struct rig *rig, uint32_t bit, bool with_unstable)
{
    unsigned at = OTP_BLOCK_COUNTER * OTP_BLOCK_SIZE + bit / 8;
    uint8_t unstable = rig->model->otp_unstable[at];
    uint8_t zeros = (uint8_t)~rig->model->otp_bytes[at];

    zeros = (uint8_t)(with_unstable ? zeros | unstable : zeros & ~unstable);
    return (zeros >> bit % 8 & 1) != 0;
}

uint32_t rig_counter(const struct rig *rig, bool with_unstable)
{
    /* The place with the fewest ones below it and zeros above it, counted for each anew. */
    unsigned least = UINT_MAX;
    uint32_t count = 0;
    unsigned wrong = 0;
    for (uint32_t i = 0; i < OTP_COUNTER_MAX; i++) {
        wrong += rig_counter_zero(rig, i, with_unstable);
    }
    for (uint32_t place = 0; place <= OTP_COUNTER_MAX; place++) {
        if (wrong < least) {
            least = wrong;
            count = place;
        }
        if (place < OTP_COUNTER_MAX) {
            wrong = rig_counter_zero(rig, place, with_unstable) ? wrong - 1 : wrong + 1;
        }
    }
    return count;
}

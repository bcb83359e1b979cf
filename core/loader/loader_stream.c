/* SPDX-License-Identifier: MIT */
/*
 * Streaming as the loader sees it: its three commands, what they may do through the loader, and the
 * record of a stream that failed. The engine itself knows neither loader nor packages.
 */
#include "bytes.h"
#include "command.h"

static bool loader_is_provisioned(void *ctx)
{
    return command_check_open(ctx) != REASON_NONE;
}

static enum reason loader_retire(void *ctx, uint32_t *detail)
{
    struct loader *l = ctx;
    enum reason reason = command_begin_direct(l);

    *detail = l->detail;
    return reason;
}

static enum reason loader_begin_stage(void *ctx, uint32_t size, uint8_t *slot, uint32_t *detail)
{
    struct loader *l = ctx;
    enum reason reason = command_begin_stage(l, size);

    *slot = l->stage.slot;
    *detail = l->detail;
    return reason;
}

static enum reason loader_stage(void *ctx, uint32_t offset, const uint8_t *data, uint32_t len,
                                uint32_t *detail)
{
    struct loader *l = ctx;

    return update_stage_write(l->update, &l->stage, offset, data, len, detail);
}

static uint32_t loader_options(void *ctx)
{
    const struct loader *l = ctx;

    return l->hw->options_read(l->hw->ctx);
}

void loader_bind_stream(struct loader *l, struct stream_service *v, struct stream_hw *hw)
{
    hw->stage = loader_stage;
    hw->stage_ctx = l;
    v->ctx = l;
    v->provisioned = loader_is_provisioned;
    v->retire = loader_retire;
    v->stage_begin = loader_begin_stage;
    v->options_read = loader_options;
}

enum reason command_stream(struct loader *l, const struct frame_request *request)
{
    struct stream_answer a;
    enum reason reason = stream_serve(l->streaming, request, &a);

    l->detail = a.detail;
    if (reason != REASON_NONE) {
        return reason;
    }
    __builtin_memcpy(command_append(l, a.len), a.data, a.len);
    if (request->command == COMMAND_SET_BAUD) {
        l->after = AFTER_BAUD;
    } else if (request->command == COMMAND_STREAM_BEGIN) {
        l->after = AFTER_STREAM;
    }
    return REASON_NONE;
}

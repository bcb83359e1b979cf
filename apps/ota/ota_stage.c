/* SPDX-License-Identifier: MIT */
/* A package that comes in pieces over the console goes to the library; a piece may come twice. */
#include <stdlib.h>

#include "ararext_app.h"
#include "ota.h"

static struct ararext_app_stage stage;
static uint32_t last_piece; /* offset of the piece taken last */

int ota_stage(char *arguments)
{
    char *end;
    unsigned long size = strtoul(arguments, &end, 0);
    int error;

    if (end == arguments || *end != '\0') {
        return OTA_USAGE;
    }
    last_piece = 0;
    error = ararext_app_stage_begin(&stage, size);
    if (error == 0) {
        ota_print("stage slot=%c size=%lu", 'A' + stage.slot, size);
    }
    return error;
}

uint32_t ota_stage_next(void)
{
    return stage.next;
}

int ota_take_piece(uint32_t offset, const uint8_t *data, uint32_t len, uint32_t *next)
{
    int error = REASON_STAGE_ORDER;

    if (stage.size != 0 && offset == last_piece && offset + len == stage.next && len != 0) {
        error = 0; /* sent again, because the acknowledgement was lost */
    } else if (stage.size != 0 && offset == stage.next) {
        error = ararext_app_stage_write(&stage, data, len);
        last_piece = error == 0 ? offset : last_piece;
    }
    *next = stage.next;
    return error;
}

int ota_finish(char *arguments)
{
    (void)arguments;
    return ararext_app_stage_finish(&stage);
}

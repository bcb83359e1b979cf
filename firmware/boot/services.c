/* SPDX-License-Identifier: MIT */
/*
 * The table for applications (core/update/services.h). An application owns all of the SRAM, the
 * timers and the interrupts: what runs from here keeps nothing, waits by counting, and leaves the
 * registers that it uses as it found them.
 */
#include "services.h"

#include "ararext_version.h"
#include "crc.h"
#include "packages.h"

_Static_assert(sizeof(struct services_stage) == sizeof(struct update_stage), "the same struct");
_Static_assert(offsetof(struct services_stage, next) == offsetof(struct update_stage, next),
               "the same struct");
_Static_assert(offsetof(struct services_stage, slot) == offsetof(struct update_stage, slot),
               "the same struct");

/* Handed on as it is: nothing here looks into it. */
static struct update_stage *services_stage(struct services_stage *s)
{
    return (struct update_stage *)(void *)s;
}

static int services_report(uint8_t *out, uint32_t size)
{
    if (size < SLOTS_SIZE) {
        return REASON_ARGUMENT;
    }
    update_report(&packages_from_flash, out);
    return REASON_NONE;
}

static int services_stage_begin(struct services_stage *s, uint32_t size)
{
    uint32_t detail;

    return (int)update_stage_begin(&packages_from_flash, services_stage(s), size, &detail);
}

static int services_stage_write(struct services_stage *s, uint32_t offset, const void *data,
                                uint32_t len)
{
    uint32_t detail;

    return (int)update_stage_write(&packages_from_flash, services_stage(s), offset, data, len,
                                   &detail);
}

static int services_stage_finish(struct services_stage *s)
{
    uint32_t detail;

    return (int)update_stage_finish(&packages_from_flash, services_stage(s), &detail);
}

static int services_confirm(void)
{
    uint32_t detail;

    return (int)update_confirm(&packages_from_flash, &detail);
}

static int services_rollback(void)
{
    uint32_t detail;

    return (int)update_rollback(&packages_from_flash, &detail);
}

static uint32_t services_crc(uint32_t crc, const uint8_t *data, uint32_t len)
{
    return crc_update(crc, data, len);
}

__attribute__((section(".services"), used)) static const struct services services = {
    .magic = SERVICES_MAGIC,
    .version = SERVICES_VERSION,
    .size = sizeof(struct services),
    .report = services_report,
    .stage_begin = services_stage_begin,
    .stage_write = services_stage_write,
    .stage_finish = services_stage_finish,
    .confirm = services_confirm,
    .rollback = services_rollback,
    .crc = services_crc,
    .bootloader_version = ARAREXT_VERSION_STRING,
};

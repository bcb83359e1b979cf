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

static int services_report(uint8_t *out, uint32_t size)
{
    struct packages p;

    if (size < SLOTS_SIZE) {
        return REASON_ARGUMENT;
    }
    packages_bind(&p, PACKAGES_FROM_FLASH);
    update_report(&p.update, out);
    return REASON_NONE;
}

static int services_stage_begin(struct services_stage *s, uint32_t size)
{
    struct update_stage stage = {0};
    struct packages p;
    uint32_t detail;
    enum reason reason;

    packages_bind(&p, PACKAGES_FROM_FLASH);
    reason = update_stage_begin(&p.update, &stage, size, &detail);
    *s = (struct services_stage){stage.size, stage.next, stage.slot};
    return (int)reason;
}

static int services_stage_write(struct services_stage *s, uint32_t offset, const void *data,
                                uint32_t len)
{
    struct update_stage stage = {s->size, s->next, s->slot};
    struct packages p;
    uint32_t detail;
    enum reason reason;

    packages_bind(&p, PACKAGES_FROM_FLASH);
    reason = update_stage_write(&p.update, &stage, offset, data, len, &detail);
    s->next = stage.next;
    return (int)reason;
}

static int services_stage_finish(struct services_stage *s)
{
    struct update_stage stage = {s->size, s->next, s->slot};
    struct packages p;
    uint32_t detail;
    enum reason reason;

    packages_bind(&p, PACKAGES_FROM_FLASH);
    reason = update_stage_finish(&p.update, &stage, &detail);
    *s = (struct services_stage){stage.size, stage.next, stage.slot};
    return (int)reason;
}

static int services_confirm(void)
{
    struct packages p;
    uint32_t detail;

    packages_bind(&p, PACKAGES_FROM_FLASH);
    return (int)update_confirm(&p.update, &detail);
}

static int services_rollback(void)
{
    struct packages p;
    uint32_t detail;

    packages_bind(&p, PACKAGES_FROM_FLASH);
    return (int)update_rollback(&p.update, &detail);
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

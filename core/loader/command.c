/* SPDX-License-Identifier: MIT */
/* What the commands share: refusing, room for an answer, the option bytes, whether the board is
 * open and what comes before a change of flash. It knows no command. */
#include "command.h"

#include "compare.h"
#include "debug_build.h"
#include "geometry.h"
#include "memory_map.h"
#include "options.h"

enum reason command_refuse(struct loader *l, enum reason reason, uint32_t detail)
{
    l->detail = detail;
    return reason;
}

uint8_t *command_append(struct loader *l, unsigned len)
{
    ENSURE(l->data_len + len <= ANSWER_DATA_MAX);
    uint8_t *room = l->answer + ANSWER_HEAD_SIZE + l->data_len;

    l->data_len = (uint8_t)(l->data_len + len);
    return room;
}

uint16_t command_nwrp(const struct loader *l)
{
    return (uint16_t)(memory_hw_options(l->update->flash) >> OPTIONS_NWRP_SHIFT &
                      OPTIONS_NWRP_MASK);
}

uint8_t command_rdp(const struct loader *l)
{
    return (uint8_t)(memory_hw_options(l->update->flash) >> OPTIONS_RDP_SHIFT);
}

unsigned command_lowest_bit(unsigned bits)
{
    unsigned n = 0;

    while ((bits >> n & 1u) == 0) {
        n++;
    }
    return n;
}

enum reason command_check_protection(struct loader *l, unsigned bitmap)
{
    unsigned protected = bitmap & ~(unsigned)command_nwrp(l);

    if (protected != 0) {
        return command_refuse(l, REASON_WRITE_PROTECTED, command_lowest_bit(protected));
    }
    return REASON_NONE;
}

enum reason command_check_app_protection(struct loader *l)
{
    return command_check_protection(l, (1u << geometry_sector_count(l->info.flash_kib)) -
                                           (1u << MAP_BOOT_SECTORS));
}

/* Each change wears the option bytes. */
enum reason command_set_options(struct loader *l, unsigned nwrp, enum memory_rdp rdp)
{
    if (nwrp == command_nwrp(l) && rdp == MEMORY_RDP_KEEP) {
        return REASON_NONE;
    }
    return memory_hw_set_options(l->update->flash, (uint16_t)nwrp, rdp, &l->detail);
}

void command_read_trust(struct loader *l)
{
    struct trust trust;

    l->open[0] = VERDICT_BAD;
    l->open[1] = VERDICT_BAD;
    compare_clear(&trust, sizeof trust); /* should the call be skipped */
    trust_read(l->update->flash, l->update->identity, &trust);
    l->open[0] = trust.open[0];
    l->open[1] = trust.open[1];
    l->enforced = trust.state == TRUST_ENFORCED;
}

__attribute__((noinline)) bool command_is_open(const struct loader *l)
{
    return verdict_is_good(l->open[0]) && verdict_is_good(l->open[1]);
}

__attribute__((noinline)) enum reason command_check_open(struct loader *l)
{
    return command_is_open(l) ? REASON_NONE : command_refuse(l, REASON_PROVISIONED, 0);
}

enum reason command_begin_direct(struct loader *l)
{
    enum reason reason = command_check_open(l);

    if (reason == REASON_NONE && !l->retired) {
        reason = update_retire(l->update, &l->detail);
        l->retired = reason == REASON_NONE;
        if (reason == REASON_FLASH_ERROR && command_check_app_protection(l) != REASON_NONE) {
            reason = REASON_WRITE_PROTECTED; /* of a slot whose package must go first */
        }
    }
    return reason;
}

enum reason command_begin_stage(struct loader *l, uint32_t size)
{
    enum reason reason = command_check_app_protection(l);

    if (reason == REASON_NONE) {
        reason = update_stage_begin(l->update, &l->stage, size, &l->detail);
    }
    return reason;
}

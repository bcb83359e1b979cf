/* SPDX-License-Identifier: MIT */
/* The table of commands, as the line knows them. */
#include "command_form.h"

#include <stddef.h>

#include "protocol.h"

#define N(n) (1u << (n)) /* a payload of n bytes */

const struct command_form command_forms[COMMAND_COUNT] = {
    {COMMAND_GET_VER, false, N(0)},
    {COMMAND_GET_HELP, false, N(0)},
    {COMMAND_GET_CID, false, N(0)},
    {COMMAND_GET_RDP_STATUS, false, N(0)},
    {COMMAND_GO_TO_ADDR, true, N(4)},
    {COMMAND_FLASH_ERASE, true, N(2)},
    {COMMAND_MEM_WRITE, true, 0},
    {COMMAND_EN_RW_PROTECT, true, N(2) | N(3) | N(6) | N(7)},
    {COMMAND_MEM_READ, false, N(5)},
    {COMMAND_READ_SECTOR_P_STATUS, false, N(0)},
    {COMMAND_OTP_READ, false, N(0) | N(3)},
    {COMMAND_DIS_R_W_PROTECT, true, N(0) | N(1)},
    {COMMAND_GET_LAST_ERROR, false, N(0)},
    {COMMAND_GET_INFO, false, N(0)},
    {COMMAND_RESET, true, N(1)},
    {COMMAND_MEM_CRC, false, N(8)},
    {COMMAND_GET_SLOTS, false, N(0)},
    {COMMAND_STAGE_BEGIN, false, N(STAGE_BEGIN_SIZE) | N(STAGE_BEGIN_LENGTH)},
    {COMMAND_STAGE_WRITE, true, 0},
    {COMMAND_STAGE_FINISH, true, N(0)},
    {COMMAND_CONFIRM, true, N(0)},
    {COMMAND_ROLLBACK, true, N(0)},
    {COMMAND_PROVISION, true, COMMAND_LENGTH_PROVISION},
    {COMMAND_SET_BAUD, false, N(4)},
    {COMMAND_STREAM_BEGIN, false, N(14)},
    {COMMAND_DIGESTS, false, N(2)},
    {COMMAND_GET_BOARD, false, N(0)},
};

const struct command_form *command_form_find(uint8_t code)
{
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        if (command_forms[i].code == code) {
            return &command_forms[i];
        }
    }
    return NULL;
}

static unsigned command_form_provision_size(const uint8_t *payload)
{
    unsigned blocks = payload[PROVISION_COUNT] + (payload[PROVISION_FLAGS] & PROVISION_IDENTITY);

    return PROVISION_HASHES + PROVISION_BLOCK * blocks;
}

bool command_form_fits(const struct command_form *form, const uint8_t *payload, unsigned len)
{
    if (form->lengths == 0) {
        return len >= 5u && len == 5u + payload[4];
    }
    if (form->lengths == COMMAND_LENGTH_PROVISION) {
        return len >= PROVISION_HASHES && len == command_form_provision_size(payload);
    }
    return len < 15u && (form->lengths >> len & 1u) != 0;
}

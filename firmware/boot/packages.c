/* SPDX-License-Identifier: MIT */
/* struct update_board over the drivers. */
#include "packages.h"

#include "board.h"
#include "flash.h"
#include "link.h"
#include "memory_map.h"

_Static_assert(sizeof(struct unpack_memory) <= LINK_UNPACK_SIZE, "unpacking takes free SRAM");
_Static_assert(UNPACK_DICTIONARY <= MAP_CCM_SIZE, "... and the CCM");

const struct update_board packages_from_flash = {
    .flash = &flash_from_flash,
    .memory = NULL,
    .identity = board_identity,
};

const struct update_board packages_from_ram = {
    .flash = &flash_from_ram,
    .memory = (struct unpack_memory *)LINK_UNPACK_BASE,
    .dictionary = (uint8_t *)MAP_CCM_BASE,
    .identity = board_identity,
};

/* SPDX-License-Identifier: MIT */
/* struct flash_hw and struct update_board over the drivers. */
#include "packages.h"

#include "backup.h"
#include "board.h"
#include "flash_service.h"
#include "geometry.h"
#include "link.h"
#include "memory_map.h"
#include "serial.h"
#include "stm32f407.h"

_Static_assert(sizeof(struct unpack_memory) <= LINK_UNPACK_SIZE, "unpacking takes free SRAM");
_Static_assert(UNPACK_DICTIONARY <= MAP_CCM_SIZE, "... and the CCM");

static void packages_alive(void *ctx)
{
    IWDG->KR = IWDG_KEY_RELOAD;
    if (ctx != &flash_from_flash) {
        serial_watch_ring();
    }
}

void packages_bind(struct packages *p, bool from_ram)
{
    p->flash = (struct flash_hw){
        .ctx = (void *)(uintptr_t)(from_ram ? &flash_from_ram : &flash_from_flash),
        .read = flash_read,
        .erase = flash_erase_sector,
        .program = flash_program,
        .begin = flash_begin,
        .mark = flash_mark,
        .mark_otp = flash_mark_otp,
        .alive = packages_alive,
        .flash_kib = geometry_flash_kib(*(const volatile uint16_t *)MAP_FLASH_KIB_ADDR),
    };
    p->update = (struct update_board){
        .flash = &p->flash,
        .memory = from_ram ? (struct unpack_memory *)LINK_UNPACK_BASE : NULL,
        .dictionary = (uint8_t *)MAP_CCM_BASE,
        .identity = board_identity,
        .note_read = backup_read,
        .note_write = backup_write,
    };
}

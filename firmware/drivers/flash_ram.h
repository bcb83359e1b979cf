/*
 * The part of the flash driver that runs from SRAM: what happens while the flash is busy. It calls
 * nothing that lies in flash and uses no constant from there. The controller is unlocked by the
 * caller, and ready again on return.
 */
#ifndef ARAREXT_FLASH_RAM_H
#define ARAREXT_FLASH_RAM_H

#include "flash.h"

/* The functions of struct flash_ops. */
uint32_t flash_ram_erase(uint32_t cr, uint32_t limit_us);
uint32_t flash_ram_program(const struct flash_write *w, uint32_t limit_us);
/* Programs the option bytes; optcr is FLASH_OPTCR without OPTSTRT. */
uint32_t flash_ram_options(uint32_t optcr, uint32_t limit_us);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The commands, inside core: what they share (command.c), and the functions in the table of
 * loader.c. Each of those checks all arguments before it touches anything, appends its data to the
 * answer and returns a reason; loader.detail is the detail of that reason. The payload length has
 * been checked.
 */
#ifndef ARAREXT_COMMAND_H
#define ARAREXT_COMMAND_H

#include "loader.h"
#include "memory_hw.h"
#include "verdict.h"

typedef enum reason command_fn(struct loader *l, const struct frame_request *request);

/* The reason with its detail, for `return command_refuse(...)`. */
enum reason command_refuse(struct loader *l, enum reason reason, uint32_t detail);
/* Room for len more bytes of answer data. */
uint8_t *command_append(struct loader *l, unsigned len);
/* RDP byte of the chip. */
uint8_t command_rdp(const struct loader *l);
/* nWRP of the chip: bits 11:0, 1 = not protected. */
uint16_t command_nwrp(const struct loader *l);
/* The lowest bit that is 1; bits is not 0. */
unsigned command_lowest_bit(unsigned bits);
/* Refuses when one of the sectors of a bitmap is write-protected. */
enum reason command_check_protection(struct loader *l, unsigned bitmap);
/* ... all that are not the bootloader's: an install may reach each of them. */
enum reason command_check_app_protection(struct loader *l);
/* Changes the option bytes unless they are already as wanted. */
enum reason command_set_options(struct loader *l, unsigned nwrp, enum memory_rdp rdp);
/* Reads anew whether the board is open. */
void command_read_trust(struct loader *l);
/* PROVISIONED unless the board is open. What a closed board must not do asks this before it looks
 * at anything else, and command_is_open once more where it does it: so no single skipped
 * instruction, nor a register that holds something else, opens the way. */
enum reason command_check_open(struct loader *l);
bool command_is_open(const struct loader *l);
/* STAGE_BEGIN: all sectors that an install would reach may be written; the free slot is erased. */
enum reason command_begin_stage(struct loader *l, uint32_t size);
/* Before direct flashing: PROVISIONED, or both packages are retired. */
enum reason command_begin_direct(struct loader *l);

/* What the commands of several dialects do, with their arguments as they are (command_memory.c,
 * command_protect.c). */
enum reason command_read(struct loader *l, uint32_t addr, uint32_t len, uint8_t *out);
/* data_len is 0. */
enum reason command_write(struct loader *l, uint32_t addr, const uint8_t *data, uint32_t len);
enum reason command_go_to(struct loader *l, uint32_t asked);
/* Erases the sectors of a bitmap, in their order; they are there and not the bootloader's. */
enum reason command_erase_sectors(struct loader *l, unsigned bitmap);
/* BOOTLOADER or NO_SECTOR for a bitmap with others than the application's sectors. */
enum reason command_check_bitmap(struct loader *l, unsigned bitmap);

/* ST's protocol (command_rom.c). take: a block of the kind l->block; afterwards that is the next
 * one's, or COMMAND when none is left: then run is to follow, with the same block. Its answer is
 * the *len bytes at l->answer, if it returns NONE. */
enum reason command_rom_take(struct loader *l, const uint8_t *block);
enum reason command_rom_run(struct loader *l, const uint8_t *block, size_t *len);

command_fn command_get_ver, command_get_help, command_get_cid, command_get_rdp, command_get_nwrp,
    command_get_last_error, command_get_info, command_get_board; /* command_info.c */
command_fn command_go, command_erase, command_mem_write, command_mem_read, command_mem_crc,
    command_otp_read, command_reset;           /* command_memory.c */
command_fn command_protect, command_unprotect; /* command_protect.c */
command_fn command_get_slots, command_stage_begin, command_stage_write, command_stage_finish,
    command_confirm, command_rollback, command_provision;           /* command_package.c */
command_fn command_set_baud, command_stream_begin, command_digests; /* command_stream.c */

#endif

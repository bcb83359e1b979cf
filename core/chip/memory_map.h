/* SPDX-License-Identifier: MIT */
/*
 * The memory map of the bootloader: the one place for it. The linker scripts (through the
 * preprocessor), the C code on both sides of the wire and the documents take it from here.
 * Only #define with plain numbers: this file is read by the C and the assembler preprocessor.
 *
 * Source: RM0090 section 3.3 (flash organisation), section 2.3 (memory map); DS8626 section 4.
 */
#ifndef ARAREXT_MEMORY_MAP_H
#define ARAREXT_MEMORY_MAP_H

#define MAP_FLASH_BASE     0x08000000
#define MAP_FLASH_SIZE_MAX 0x00100000 /* 1 MiB part; a 512 KiB part ends at half of it */
#define MAP_BOOT_BASE      0x08000000
#ifdef ARAREXT_DEBUG /* the debug build is larger: it takes sectors 2 and 3 as well */
#define MAP_BOOT_SIZE    0x00010000 /* sectors 0-3 */
#define MAP_BOOT_LOG2    16
#define MAP_BOOT_SECTORS 4
#define MAP_APP_BASE     0x08010000 /* sector 4 */
#define MAP_APP_SIZE     0x00030000 /* of a 512 KiB part that keeps room for packages */
#else
#define MAP_BOOT_SIZE    0x00008000 /* sectors 0-1 */
#define MAP_BOOT_LOG2    15
#define MAP_BOOT_SECTORS 2
#define MAP_APP_BASE     0x08008000 /* sector 2 */
#define MAP_APP_SIZE     0x00038000 /* of a 512 KiB part that keeps room for packages */
#endif
#define MAP_SYSTEM_BASE    0x1FFF0000 /* the maker's ROM, 30 KiB */
#define MAP_SYSTEM_SIZE    0x00007800
#define MAP_OTP_BASE       0x1FFF7800
#define MAP_OTP_SIZE       0x00000200
#define MAP_OTP_LOCK_BASE  0x1FFF7A00
#define MAP_OTP_LOCK_SIZE  0x00000010
#define MAP_UID_BASE       0x1FFF7A10
#define MAP_UID_SIZE       0x0000000C
#define MAP_FLASH_KIB_ADDR 0x1FFF7A22
#define MAP_OPTION_BASE    0x1FFFC000
#define MAP_OPTION_SIZE    0x00000010

#define MAP_CCM_BASE    0x10000000
#define MAP_CCM_SIZE    0x00010000
#define MAP_SRAM_BASE   0x20000000
#define MAP_BACKUP_BASE 0x40024000 /* backup SRAM: keeps its content while VBAT is there */
#define MAP_BACKUP_SIZE 0x00001000
#define MAP_SRAM_SIZE   0x00020000 /* SRAM1 and SRAM2, contiguous */

/* SRAM that the bootloader keeps for itself: stack guard, stack, data, RAM code, receive ring. */
#define MAP_BOOT_SRAM_BASE 0x20000000
#define MAP_BOOT_SRAM_SIZE 0x00004000
/* What a host may read, write and run code in, while the bootloader runs. */
#define MAP_FREE_SRAM_BASE 0x20004000
#define MAP_FREE_SRAM_SIZE 0x00015000
/* Code that the bootloader unpacks when it stays; below it what that takes, behind it, at the end
 * of SRAM, the boot request. */
#define MAP_SERVING_BASE 0x20019000
#define MAP_SERVING_SIZE 0x00007000
/* Boot request from an application: not initialised by anyone, read by the bootloader at reset. */
#define MAP_BOOT_REQUEST_BASE 0x2001FFC0
#define MAP_BOOT_REQUEST_SIZE 0x00000040

#endif

/* SPDX-License-Identifier: MIT */
/*
 * How the bootloader divides its SRAM; for the linker script and for C. Only #define with plain
 * numbers. From below: stack guard, stack, code that runs from SRAM, data.
 */
#ifndef ARAREXT_LINK_H
#define ARAREXT_LINK_H

#define LINK_GUARD_BASE   0x20000000
#define LINK_GUARD_LOG2   8
#define LINK_GUARD_SIZE   0x100
#define LINK_STACK_BASE   0x20000100
#define LINK_STACK_SIZE   0xF00
#define LINK_STACK_TOP    0x20001000
#define LINK_RAMCODE_BASE 0x20001000
#define LINK_RAMCODE_LOG2 11
#define LINK_RAMCODE_SIZE 0x800
#define LINK_DATA_BASE    0x20001800

/* Free SRAM, in use while a package is unpacked or a stream is open: the unpacker's memory but for
 * its dictionary, which has the CCM, and the ring of streaming: all of it that a DMA reaches. */
#define LINK_UNPACK_BASE    0x20004000
#define LINK_UNPACK_SIZE    0x7600
#define LINK_WIDE_RING_BASE 0x2000B600
#define LINK_WIDE_RING_SIZE 0x14000

/* Budget: code and data in flash; half a KiB of the two sectors stays free. */
#ifdef ARAREXT_DEBUG
#define LINK_IMAGE_MAX 0xFE00
#else
#define LINK_IMAGE_MAX 0x7E00
#endif

#endif

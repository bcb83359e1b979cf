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

/* In use while a package is unpacked or a packed stream is open: the unpacker's memory but for its
 * dictionary, which has the CCM. And the ring of streaming, which has all that a DMA reaches, but
 * for that of the unpacker where it works. The ring's end is no free SRAM: there the serving half's
 * unpacker has its memory for a moment, so that all that a host may have put into free SRAM is
 * there after a reset. */
#define LINK_UNPACK_BASE      0x20004000
#define LINK_UNPACK_SIZE      0x7600
#define LINK_RING_BASE        0x20004000
#define LINK_PACKED_RING_BASE 0x2000B600
#define LINK_RING_END         0x2001C000

/* The serving half of the bootloader, unpacked from flash when it stays (boot/serving.h): 16 KiB
 * for the MPU, of which the last eighth stays data, for the boot request. */
#define LINK_SERVING_WORK 0x20019000 /* its unpacker's, up to its place */
#define LINK_SERVING_BASE 0x2001C000
#define LINK_SERVING_LOG2 14
#define LINK_SERVING_SIZE 0x3800

/* Code and data in flash at most: what its sectors hold. The budget of the release is half a KiB
 * less, with the compiler of Debian 12, and scripts/size's: another compiler may need some of it.
 */
#ifdef ARAREXT_DEBUG
#define LINK_IMAGE_MAX 0xFE00
#else
#define LINK_IMAGE_MAX 0x8000
#endif

#endif

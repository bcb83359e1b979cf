/* SPDX-License-Identifier: MIT */
/*
 * What the debug build has and the release has not: its name, and assertions of what runs on the
 * board. They are for a programmer's mistakes alone: bytes from the wire or from flash never reach
 * one.
 */
#ifndef ARAREXT_DEBUG_BUILD_H
#define ARAREXT_DEBUG_BUILD_H

#ifdef ARAREXT_DEBUG
#define DEBUG_BUILD_TEXT    " debug build"
#define DEBUG_BUILD_FEATURE (1u << 31) /* of GET_INFO: FEATURE_DEBUG of protocol.h */
/* Tells and resets; the firmware's is in boot/fault.c. */
_Noreturn void debug_build_failed(const char *file, int line);
#define ENSURE(condition) ((condition) ? (void)0 : debug_build_failed(__FILE__, __LINE__))
#else
#define DEBUG_BUILD_TEXT    ""
#define DEBUG_BUILD_FEATURE 0u
#define ENSURE(condition)   ((void)0)
#endif

#endif

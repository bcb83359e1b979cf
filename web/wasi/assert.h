/* SPDX-License-Identifier: MIT */
/* In place of the C library's: an assertion that fails stops the module, and the page says so. The
 * original would bring printf, the file's name, and with it bytes that differ from machine to
 * machine. */
#ifdef assert
#undef assert
#endif
#define assert(condition) ((condition) ? (void)0 : __builtin_trap())
#ifndef static_assert
#define static_assert _Static_assert
#endif

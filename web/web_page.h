/* SPDX-License-Identifier: MIT */
/*
 * What JavaScript gives to the C of the page (worker.js has the other side). Functions that wait
 * suspend the module until JavaScript has the result; web/CMakeLists.txt names them to Asyncify.
 */
#ifndef ARAREXT_WEB_PAGE_H
#define ARAREXT_WEB_PAGE_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
#define PAGE_EXPORT(name) __attribute__((export_name(#name), used))

/* These wait. They return as the functions of struct ararext_transport do; page_read the count of
 * bytes, or a negative error. */
PAGE_IMPORT(page_write) int page_write(const uint8_t *data, size_t len, unsigned timeout_ms);
PAGE_IMPORT(page_read) int page_read(uint8_t *data, size_t size, unsigned timeout_ms);
PAGE_IMPORT(page_drain) int page_drain(void);
PAGE_IMPORT(page_sleep) void page_sleep(unsigned ms);
PAGE_IMPORT(page_reopen) int page_reopen(void);
/* The port is opened anew at that rate before the next byte is sent or waited for. */
PAGE_IMPORT(page_set_baud) int page_set_baud(uint32_t baud);
PAGE_IMPORT(page_flush) int page_flush(void);
PAGE_IMPORT(page_now) double page_now(void); /* ms */
/* What the person at the page wants: bits of enum page_wish. */
PAGE_IMPORT(page_wishes) unsigned page_wishes(void);
/* Takes one event, a JSON object. */
PAGE_IMPORT(page_emit) void page_emit(const char *json);

enum page_wish { PAGE_WISH_STOP = 1, PAGE_WISH_CONFIRM = 2 };

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the page can do, one function a button. Each tells what it finds as events and ends with the
 * event "done"; the number that it returns is the library's error, too. Files are the caller's.
 * provision, protect and lock are left out: what cannot be undone wants more than a click.
 */
#ifndef ARAREXT_WEB_OPERATIONS_H
#define ARAREXT_WEB_OPERATIONS_H

#include <stddef.h>
#include <stdint.h>

/* Bits of flags. */
enum web_flag {
    WEB_START = 1,           /* start the application afterwards */
    WEB_NO_COMPRESS = 2,     /* streams as they are */
    WEB_SKIP_BOOTLOADER = 4, /* of a file with a bootloader take the application alone */
    WEB_PLAN = 8,            /* look what would be done, and change nothing */
    WEB_VERIFY = 16,         /* compare, and change nothing */
    WEB_FORCE = 32,          /* send a package that the board has already */
    WEB_ERASE_SLOTS = 64, /* an application may reach to where the package goes: it may be lost */
};

enum web_action { WEB_CONFIRM, WEB_ROLLBACK, WEB_GO, WEB_RESET };

/* Memory for the bytes of a file and its name; NULL when there is none. */
void *web_alloc(size_t len);
void web_free(void *memory);

/* From now on: the line may lag behind the clock (Bluetooth, a port over the network, a twin), or
 * not. */
void web_be_patient(int patient);

/* What board it is, and what it holds. Changes nothing. */
int web_info(void);
/* What a file is, without a board: the event "image" or "package". */
int web_look(const uint8_t *data, size_t len, const char *name, unsigned flags);
/* The identity of a board of that name ("VENDOR/CLASS"): the event "identity". */
int web_identity(const char *name);
/* An application in ELF, Intel HEX, S-record, UF2, DfuSe or BIN. baud: limit of the rate, 0 = none.
 */
int web_flash(const uint8_t *data, size_t len, const char *name, unsigned flags, unsigned baud);
/* A package. */
int web_update(const uint8_t *data, size_t len, unsigned flags, unsigned baud);
/* Confirms what runs, goes back to the package before, starts the application, resets. */
int web_act(enum web_action action);

#endif

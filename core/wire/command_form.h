/* SPDX-License-Identifier: MIT */
/*
 * What is known of a command without doing it: its code, what its payload may measure, how it is
 * answered in the course dialect (PROTOCOL.md, "Commands"). The receiver asks it to tell the
 * dialects apart, the loader before it does anything.
 */
#ifndef ARAREXT_COMMAND_FORM_H
#define ARAREXT_COMMAND_FORM_H

#include <stdbool.h>
#include <stdint.h>

struct command_form {
    uint8_t code;
    bool status;      /* answers with a status byte in the course dialect */
    uint16_t lengths; /* bit n: a payload of n bytes is right; 0: byte 4 counts the data behind it;
                       * COMMAND_LENGTH_PROVISION: as its bytes 4 and 5 say */
};
#define COMMAND_LENGTH_PROVISION 0x8000u
#define COMMAND_COUNT            27u

/* In the order of their codes; the twelve of the course come first. */
extern const struct command_form command_forms[COMMAND_COUNT];
#define COMMAND_COURSE_COUNT 12u

/* The row of a code, or NULL. */
const struct command_form *command_form_find(uint8_t code);
/* Whether len bytes are a payload for it. */
bool command_form_fits(const struct command_form *form, const uint8_t *payload, unsigned len);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The errors of the library, in one table: name, sentence, exit status of the tool. The tool and
 * its documents take their words from here.
 */
#include "ararext.h"

static const struct ararext_error_entry ERRORS[] = {
    {"ok", "success", ARAREXT_OK, 0},
    {"argument", "wrong use: a value is out of its range", ARAREXT_ERR_ARGUMENT, 2},
    {"memory", "out of memory", ARAREXT_ERR_MEMORY, 1},
    {"no-port", "no such port, or no port with a board that answers", ARAREXT_ERR_NO_PORT, 3},
    {"busy", "another program has the port open", ARAREXT_ERR_BUSY, 4},
    {"permission", "the port may not be opened by this user", ARAREXT_ERR_PERMISSION, 4},
    {"io", "the port failed or went away", ARAREXT_ERR_IO, 4},
    {"many", "several boards answer, one has to be named", ARAREXT_ERR_MANY, 3},
    {"timeout", "the board did not answer in time", ARAREXT_ERR_TIMEOUT, 5},
    {"garbled", "what came back is not an answer", ARAREXT_ERR_GARBLED, 5},
    {"dialect", "the board speaks the course dialect until its next reset", ARAREXT_ERR_DIALECT, 5},
    {"refused", "the board refused the command", ARAREXT_ERR_REFUSED, 6},
    {"unsupported", "the bootloader cannot do that", ARAREXT_ERR_UNSUPPORTED, 7},
    {"file", "a file cannot be read or written", ARAREXT_ERR_FILE, 8},
    {"format", "a file is damaged or of the wrong kind", ARAREXT_ERR_FORMAT, 8},
    {"image", "the image does not fit the board", ARAREXT_ERR_IMAGE, 9},
    {"verify", "flash does not hold what it should", ARAREXT_ERR_VERIFY, 10},
    {"declined", "a dangerous operation was not confirmed", ARAREXT_ERR_DECLINED, 11},
    {"interrupted", "stopped by a signal", ARAREXT_ERR_INTERRUPTED, 130},
    {"protected", "a sector that would have to change is write-protected", ARAREXT_ERR_PROTECTED,
     6},
    {"misfit", "the package is not for this board", ARAREXT_ERR_MISFIT, 9},
    {"signature", "the package is not signed as it has to be", ARAREXT_ERR_SIGNATURE, 12},
    {"rejected", "the board rejected the new application", ARAREXT_ERR_REJECTED, 13},
    {"unconfirmed", "the new application was started, and nobody told whether it was confirmed",
     ARAREXT_ERR_UNCONFIRMED, 14},
    {"provision", "the one-time programmable area cannot hold what it should",
     ARAREXT_ERR_PROVISION, 9},
};
_Static_assert(sizeof ERRORS / sizeof ERRORS[0] == ARAREXT_ERR_COUNT, "a row for each error");

const struct ararext_error_entry *ararext_error_entry(int code)
{
    bool known = code <= 0 && code > -ARAREXT_ERR_COUNT;
    return &ERRORS[known ? -code : -ARAREXT_ERR_ARGUMENT];
}

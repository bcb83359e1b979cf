/* SPDX-License-Identifier: MIT */
/* Sentences for what the library returns. Linked only where they are asked for. */
#include "ararext_app.h"

struct error_row {
    int error;
    const char *text;
};

static const struct error_row error_rows[] = {
    {0, "done"},
    {ARAREXT_APP_NO_SERVICES, "the bootloader offers no services: it is too old"},
    {ARAREXT_APP_OLD_SERVICES, "the bootloader offers too few services: it is too old"},
    {ARAREXT_APP_ARGUMENT, "wrong argument, or more bytes than announced"},
    {REASON_ARGUMENT, "invalid argument"},
    {REASON_WRITE_PROTECTED, "sector is write-protected"},
    {REASON_NOT_ERASED, "flash there is not erased"},
    {REASON_VERIFY, "flash read back differs"},
    {REASON_FLASH_ERROR, "flash controller reported an error"},
    {REASON_FLASH_TIMEOUT, "flash operation did not end"},
    {REASON_PACKAGE_FORMAT, "not a package, or malformed"},
    {REASON_PACKAGE_SIZE, "package or content too large, or no package's size"},
    {REASON_PACKAGE_HASH, "package damaged or altered"},
    {REASON_PACKAGE_UNSIGNED, "package not signed"},
    {REASON_PACKAGE_KEY, "key not known to this board, revoked, or not in the package"},
    {REASON_PACKAGE_SIGNATURE, "signature wrong"},
    {REASON_PACKAGE_BOARD, "package for another board"},
    {REASON_PACKAGE_COUNTER, "security counter below the board's"},
    {REASON_PACKAGE_CONTENT, "content does not unpack to what the package says"},
    {REASON_PACKAGE_DICTIONARY, "package needs too large a dictionary"},
    {REASON_STAGE_ORDER, "piece out of order, bytes missing, or nothing staged"},
    {REASON_NO_TRIAL, "what runs came from no package"},
    {REASON_NO_FALLBACK, "nothing to go back to"},
    {REASON_OTP, "OTP holds or keeps other bits"},
    {REASON_UNCONFIRMED, "on trial: confirm first"},
};

const char *ararext_app_error_text(int error)
{
    for (size_t i = 0; i < sizeof error_rows / sizeof error_rows[0]; i++) {
        if (error_rows[i].error == error) {
            return error_rows[i].text;
        }
    }
    return "unknown error";
}

/* SPDX-License-Identifier: MIT */
/*
 * What the library says to people about a board, in tables: reasons of its refusals, names of
 * commands. The tool and its documents take their words from here.
 */
#include "session.h"

#include <ctype.h>
#include <string.h>

#include "bytes.h"
#include "format.h"
#include "protocol.h"
#include "rom.h"

/* ---- commands ---- */

static const struct {
    uint8_t code;
    const char *name;
} COMMANDS[] = {
    {COMMAND_GET_VER, "GET_VER"},
    {COMMAND_GET_HELP, "GET_HELP"},
    {COMMAND_GET_CID, "GET_CID"},
    {COMMAND_GET_RDP_STATUS, "GET_RDP_STATUS"},
    {COMMAND_GO_TO_ADDR, "GO_TO_ADDR"},
    {COMMAND_FLASH_ERASE, "FLASH_ERASE"},
    {COMMAND_MEM_WRITE, "MEM_WRITE"},
    {COMMAND_EN_RW_PROTECT, "EN_RW_PROTECT"},
    {COMMAND_MEM_READ, "MEM_READ"},
    {COMMAND_READ_SECTOR_P_STATUS, "READ_SECTOR_P_STATUS"},
    {COMMAND_OTP_READ, "OTP_READ"},
    {COMMAND_DIS_R_W_PROTECT, "DIS_R_W_PROTECT"},
    {COMMAND_GET_LAST_ERROR, "GET_LAST_ERROR"},
    {COMMAND_GET_INFO, "GET_INFO"},
    {COMMAND_RESET, "RESET"},
    {COMMAND_MEM_CRC, "MEM_CRC"},
    {COMMAND_GET_SLOTS, "GET_SLOTS"},
    {COMMAND_STAGE_BEGIN, "STAGE_BEGIN"},
    {COMMAND_STAGE_WRITE, "STAGE_WRITE"},
    {COMMAND_STAGE_FINISH, "STAGE_FINISH"},
    {COMMAND_CONFIRM, "CONFIRM"},
    {COMMAND_ROLLBACK, "ROLLBACK"},
    {COMMAND_PROVISION, "PROVISION"},
    {ARAREXT_SET_BAUD, "SET_BAUD"},
    {ARAREXT_STREAM_BEGIN, "STREAM_BEGIN"},
    {ARAREXT_DIGESTS, "DIGESTS"},
    {ARAREXT_GET_BOARD, "GET_BOARD"},
};

const char *ararext_command_name(uint8_t code)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (COMMANDS[i].code == code) {
            return COMMANDS[i].name;
        }
    }
    return NULL;
}

static bool same_word(const char *a, const char *b)
{
    while (*a != '\0' && toupper((unsigned char)*a) == toupper((unsigned char)*b)) {
        a++;
        b++;
    }
    return toupper((unsigned char)*a) == toupper((unsigned char)*b);
}

int ararext_command_code(const char *name)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (same_word(COMMANDS[i].name, name)) {
            return COMMANDS[i].code;
        }
    }
    return -1;
}

/* ---- reasons ---- */

enum detail_kind { DETAIL_NONE, DETAIL_NUMBER, DETAIL_HEX, DETAIL_KEY, DETAIL_STAGE };

#define SEND_AGAIN                                                                                 \
    "the line is disturbed: try again, check the cable and ground, or use a lower --baud"
#define WORN_OUT "erase the sector and try again; if it fails again, that part of flash is worn out"

static const struct {
    uint8_t reason;
    enum detail_kind detail;
    const char *text; /* %d where the detail goes */
    const char *advice;
} REASONS[] = {
    {REASON_NONE, DETAIL_NONE, "nothing has failed since reset", ""},
    {REASON_CRC, DETAIL_HEX, "the frame arrived with a wrong CRC (the board computed %)",
     SEND_AGAIN},
    {REASON_LENGTH, DETAIL_NUMBER, "the frame's length byte is impossible (%)", SEND_AGAIN},
    {REASON_CUT_OFF, DETAIL_NUMBER, "the frame was cut off after % bytes", SEND_AGAIN},
    {REASON_LINE, DETAIL_HEX, "framing, noise or overrun error on the line (USART_SR %)",
     SEND_AGAIN},
    {REASON_OVERFLOW, DETAIL_NONE, "more bytes came than the board's receive ring holds",
     SEND_AGAIN},
    {REASON_UNKNOWN_COMMAND, DETAIL_NONE, "the bootloader does not know this command",
     "see 'ararext commands' for what it knows"},
    {REASON_PAYLOAD_LENGTH, DETAIL_NUMBER, "wrong payload length for the command (% bytes)",
     "see PROTOCOL.md for the command's payload"},
    {REASON_ARGUMENT, DETAIL_HEX, "invalid argument %", "see PROTOCOL.md for what is allowed"},
    {REASON_ADDRESS, DETAIL_HEX, "address % or the range behind it is not accessible",
     "see 'ararext info' for what the part has"},
    {REASON_BOOTLOADER, DETAIL_HEX, "% belongs to the bootloader",
     "the bootloader never changes itself or the memory it runs in; choose sector 2 (0x08008000) "
     "or "
     "above, or free SRAM"},
    {REASON_NO_SECTOR, DETAIL_NUMBER, "there is no sector %",
     "see 'ararext info' for the sectors that the part has"},
    {REASON_WRITE_PROTECTED, DETAIL_NUMBER, "sector % is write-protected",
     "run 'ararext unprotect' first"},
    {REASON_NOT_ERASED, DETAIL_HEX, "flash at % is not erased",
     "run 'ararext erase' for that sector first"},
    {REASON_VERIFY, DETAIL_HEX, "flash at % reads back differently", WORN_OUT},
    {REASON_FLASH_ERROR, DETAIL_HEX, "the flash controller reported an error (FLASH_SR %)",
     WORN_OUT},
    {REASON_FLASH_TIMEOUT, DETAIL_HEX, "the flash operation did not end in time (FLASH_SR %)",
     WORN_OUT},
    {REASON_NO_CODE, DETAIL_HEX, "there is nothing at % that could run",
     "run 'ararext flash' with an application first"},
    {REASON_KEY, DETAIL_NONE, "the confirmation key is missing or wrong",
     "use 'ararext protect --read-protection'"},
    {REASON_WOULD_ERASE_CHIP, DETAIL_HEX,
     "leaving read protection (RDP %) would erase the whole chip, the bootloader included",
     "run 'ararext unprotect --keep-read-protection' to remove write protection alone"},
    {REASON_OPTIONS_LOCKED, DETAIL_HEX, "the option bytes are locked for good (RDP %)", ""},
    {REASON_OPTIONS_VERIFY, DETAIL_HEX, "the option bytes read back differently (FLASH_OPTCR %)",
     "reset the board and look at 'ararext info'"},
    {REASON_PROVISIONED, DETAIL_NONE,
     "the board is provisioned: only signed packages change or show what it runs",
     "make a package with 'ararext pack' and a key that the board knows, and run 'ararext update'"},
    {REASON_PACKAGE_FORMAT, DETAIL_NUMBER, "no package, or malformed at offset %",
     "see 'ararext image' for what is wrong with the file"},
    {REASON_PACKAGE_SIZE, DETAIL_NUMBER, "package or content too large: the most that fits is %",
     "see 'ararext slots' for what the board takes"},
    {REASON_PACKAGE_HASH, DETAIL_NONE, "the package is damaged or altered: its digest is wrong",
     "look at the file with 'ararext image', and send it again"},
    {REASON_PACKAGE_UNSIGNED, DETAIL_NONE, "the package is not signed",
     "make it with 'ararext pack --key' and a key that the board knows"},
    {REASON_PACKAGE_KEY, DETAIL_KEY, "%",
     "'ararext slots' shows the board's keys, 'ararext image' the package's"},
    {REASON_PACKAGE_SIGNATURE, DETAIL_NONE, "the package's signature is wrong",
     "look at the file with 'ararext image'"},
    {REASON_PACKAGE_BOARD, DETAIL_NONE, "the package is for another board",
     "compare 'ararext slots' and 'ararext image'; 'ararext pack --board' sets whom it is for"},
    {REASON_PACKAGE_COUNTER, DETAIL_NUMBER,
     "the package's security counter is below the board's, which is %",
     "an update that was replaced for its weakness stays out; pack a newer one with "
     "--security-counter"},
    {REASON_PACKAGE_CONTENT, DETAIL_NONE,
     "the content does not unpack to what the package says, or has no plausible vector table",
     "look at the file with 'ararext image'"},
    {REASON_PACKAGE_DICTIONARY, DETAIL_NUMBER,
     "the package needs a dictionary over 64 KiB (its byte is %)",
     "make it with 'ararext pack', or without compression"},
    {REASON_STAGE_ORDER, DETAIL_STAGE, "%", "run 'ararext update' again"},
    {REASON_NO_TRIAL, DETAIL_NONE,
     "the application area holds no package, or one that has not run yet",
     "see 'ararext slots'; what came with 'ararext update' can be confirmed once it was started"},
    {REASON_NO_FALLBACK, DETAIL_NONE, "there is nothing to go back to", "see 'ararext slots'"},
    {REASON_NOT_VERIFIED, DETAIL_NONE, "the application area does not hold a package that verifies",
     "run 'ararext reset' to have it installed, or 'ararext update' with a good package"},
    {REASON_OTP, DETAIL_HEX, "the one-time programmable area holds or keeps other bits (at %)",
     "see 'ararext otp' for what it holds"},
    {REASON_UNCONFIRMED, DETAIL_NONE, "the running application is on trial",
     "it has to be confirmed first: 'ararext confirm'"},
    {REASON_ALREADY_THERE, DETAIL_NUMBER, "the board has this package already (slot %)",
     "see 'ararext slots'; nothing was changed, so the other slot is still the way back"},
};

/* A number is not enough for these. */
static void put_detail(struct ararext_message *out, enum detail_kind kind, uint32_t detail)
{
    if (kind == DETAIL_KEY && detail < OTP_KEY_COUNT) {
        message_add(out, "the package's key is revoked on this board, or by itself (key %u)",
                    (unsigned)detail);
    } else if (kind == DETAIL_KEY) {
        message_add(out, "the package's key is not known to this board, or not in the package");
    } else if (detail == UINT32_MAX) {
        message_add(out, "nothing is being staged: the board was reset, or was never asked to");
    } else {
        message_add(out, "a piece of the package is out of order: the board expects offset %u",
                    (unsigned)detail);
    }
}

void ararext_reason_text(uint8_t reason, uint32_t detail, struct ararext_message *out)
{
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; i++) {
        const char *percent = strchr(REASONS[i].text, '%');
        if (REASONS[i].reason != reason) {
            continue;
        }
        if (percent == NULL) {
            message_set(out, "%s", REASONS[i].text);
            return;
        }
        /* A small number is a sector or a count, whatever the table says. */
        bool hex = REASONS[i].detail == DETAIL_HEX && (reason != REASON_BOOTLOADER || detail > 255);
        message_set(out, "%.*s", (int)(percent - REASONS[i].text), REASONS[i].text);
        if (REASONS[i].detail == DETAIL_KEY || REASONS[i].detail == DETAIL_STAGE) {
            put_detail(out, REASONS[i].detail, detail);
            message_add(out, "%s", percent + 1);
            return;
        }
        message_add(out,
                    hex && detail > 0xFFFF        ? "0x%08X"
                    : hex                         ? "0x%02X"
                    : reason == REASON_BOOTLOADER ? "sector %u"
                                                  : "%u",
                    (unsigned)detail);
        message_add(out, "%s", percent + 1);
        return;
    }
    message_set(out, "a reason that this version does not know (detail 0x%08X)", (unsigned)detail);
}

const char *ararext_reason_advice(uint8_t reason)
{
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; i++) {
        if (REASONS[i].reason == reason) {
            return REASONS[i].advice;
        }
    }
    return "a newer version of ararext may know it";
}

/* ---- the sentence about a failure ---- */

static void add_bytes(struct ararext_message *out, const uint8_t *data, size_t len)
{
    size_t shown = len <= 16 ? len : 12;
    for (size_t i = 0; i < shown; i++) {
        message_add(out, i == 0 ? "%02X" : " %02X", data[i]);
    }
    if (shown < len) {
        message_add(out, " ... (%zu bytes)", len);
    }
}

enum { TEXT_MIN = 4, TEXT_SHOWN = 60, ECHO_MIN = 3 };

/* Lines of text, as an application, a shell or a modem sends them. */
static bool is_text(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool line = data[i] == '\r' || data[i] == '\n' || data[i] == '\t';
        if (!line && (data[i] < 0x20 || data[i] > 0x7E)) {
            return false;
        }
    }
    return len >= TEXT_MIN;
}

/* In quotes, a line's end and a tab as a space each. */
static void add_text(struct ararext_message *out, const uint8_t *data, size_t len)
{
    message_add(out, "\"");
    for (size_t i = 0; i < len && i < TEXT_SHOWN; i++) {
        message_add(out, "%c", data[i] < 0x20 ? ' ' : data[i]);
    }
    message_add(out, len > TEXT_SHOWN ? "...\"" : "\"");
}

/* What was sent comes back: both lines joined, or a console that shows what is typed. */
static bool is_echo(const struct ararext_failure *f)
{
    size_t len = f->got_len < f->sent_len ? f->got_len : f->sent_len;
    return len >= ECHO_MIN && memcmp(f->got, f->sent, len) == 0;
}

/* What came back and is no answer, or not a whole one. Bytes are for who asked for them. */
static void describe_answer(struct ararext_message *out, const struct ararext_failure *f,
                            bool bytes)
{
    if (is_echo(f)) {
        message_add(out, "what was sent came back, as an echo");
    } else if (is_text(f->got, f->got_len)) {
        message_add(out, "what came back is text: ");
        add_text(out, f->got, f->got_len);
    } else {
        message_add(out, f->code == ARAREXT_ERR_TIMEOUT ? "only a part of an answer came back"
                                                        : "what came back is no answer");
        message_add(out, " (%zu byte%s)", f->got_len, f->got_len == 1 ? "" : "s");
    }
    if (bytes) {
        message_add(out, ": ");
        add_bytes(out, f->got, f->got_len);
    }
}

/* "erase of sector 2" where the payload has the expected shape, else the command's name. */
static void describe_request(struct ararext_message *out, const struct ararext_failure *f)
{
    const uint8_t *p = f->sent + 2;
    size_t n = f->sent_len > 6 ? f->sent_len - 6 : 0;
    uint8_t unchecked = f->sent[1] & (uint8_t)~COMMAND_CHECKED;
    uint8_t command = ararext_command_name(unchecked) != NULL ? unchecked : f->sent[1];
    const char *name = ararext_command_name(command);
    if (command == COMMAND_FLASH_ERASE && n == 2 && p[0] == ERASE_ALL_SECTORS) {
        message_set(out, "erase of all sectors");
    } else if (command == COMMAND_FLASH_ERASE && n == 2 && p[1] == 1) {
        message_set(out, "erase of sector %u", p[0]);
    } else if (command == COMMAND_FLASH_ERASE && n == 2) {
        message_set(out, "erase of %u sectors from sector %u", p[1], p[0]);
    } else if (command == COMMAND_MEM_WRITE && n > 5) {
        message_set(out, "write of %u bytes to 0x%08X", p[4], (unsigned)load_le32(p));
    } else if (command == COMMAND_MEM_READ && n == 5) {
        message_set(out, "read of %u bytes from 0x%08X", p[4], (unsigned)load_le32(p));
    } else if (command == COMMAND_GO_TO_ADDR && n == 4) {
        message_set(out, "start of 0x%08X", (unsigned)load_le32(p));
    } else if (command == COMMAND_MEM_CRC && n == 8) {
        message_set(out, "CRC of %u bytes from 0x%08X", (unsigned)load_le32(p + 4),
                    (unsigned)load_le32(p));
    } else if (command == COMMAND_STAGE_WRITE && n > 5) {
        message_set(out, "staging of %u bytes at offset %u", p[4], (unsigned)load_le32(p));
    } else if (name != NULL) {
        message_set(out, "%s", name);
    } else {
        message_set(out, "command %02X", f->sent[1]);
    }
}

/* In the middle of a stream: not an answer to a request, but the board's last status, if any. */
static void describe_stream(struct ararext_message *out, const struct ararext_failure *f,
                            bool bytes)
{
    struct ararext_message why;
    message_set(out, "stream: ");
    if (f->code == ARAREXT_ERR_REFUSED) {
        ararext_reason_text(f->reason, f->detail, &why);
        message_add(out, "the board gave up, reason %02X: %s", f->reason, why.text);
    } else if (f->code == ARAREXT_ERR_GARBLED) {
        message_add(out, f->got_len > 0 ? "it does not get on"
                                        : "it does not get on, and the board says nothing");
    } else if (f->code == ARAREXT_ERR_NO_PORT) {
        message_add(out, "the port came back with another board");
    } else {
        message_add(out, "%s", ararext_error_entry(f->code)->sentence);
    }
    if (bytes && f->got_len > 0) {
        message_add(out, " (the board's last word: ");
        add_bytes(out, f->got, f->got_len);
        message_add(out, ")");
    }
}

void ararext_describe_failure(const struct ararext_session *s, struct ararext_message *out)
{
    const struct ararext_failure *f = &s->failure;
    bool bytes = s->options.trace != NULL;
    out->text[0] = '\0';
    if (f->code == ARAREXT_ERR_PROTECTED) {
        ararext_reason_text(f->reason, f->detail, out);
        return;
    }
    if (f->sent_len == 0 && f->reason_command == ARAREXT_STREAM_BEGIN) {
        describe_stream(out, f, bytes);
        return;
    }
    if (f->code == ARAREXT_OK || f->sent_len == 0) {
        message_set(out, "%s", f->code == ARAREXT_OK ? "" : ararext_error_entry(f->code)->sentence);
        return;
    }
    describe_request(out, f);
    if (bytes) {
        message_add(out, " (");
        add_bytes(out, f->sent, f->sent_len);
        message_add(out, f->attempts > 1 ? ", sent %u times)" : ")", f->attempts);
    } else if (f->attempts > 1) {
        message_add(out, " (sent %u times)", f->attempts);
    }
    message_add(out, ": ");
    if (f->code == ARAREXT_ERR_REFUSED || f->code == ARAREXT_ERR_UNSUPPORTED) {
        if (f->has_reason) {
            struct ararext_message why;
            ararext_reason_text(f->reason, f->detail, &why);
            message_add(out, "the board answered 7F, reason %02X: %s", f->reason, why.text);
        } else if (f->got_len > 0) {
            message_add(out, "the board answered 7F and gave no reason");
        } else {
            message_add(out, "not sent, the extension commands are switched off");
        }
    } else if (f->code == ARAREXT_ERR_TIMEOUT && f->got_len == 0) {
        message_add(out, "no answer");
    } else if (f->code == ARAREXT_ERR_TIMEOUT || f->code == ARAREXT_ERR_GARBLED) {
        describe_answer(out, f, bytes);
    } else {
        message_add(out, "%s", ararext_error_entry(f->code)->sentence);
    }
}

const char *ararext_failure_advice(const struct ararext_session *s)
{
    const struct ararext_failure *f = &s->failure;
    switch (f->code) {
    case ARAREXT_ERR_TIMEOUT:
        return "check that the board is in the bootloader (PA0 high at reset), the wiring (PA2 to "
               "RX, PA3 to TX, GND) and --baud";
    case ARAREXT_ERR_GARBLED:
        if (f->reason_command == ARAREXT_STREAM_BEGIN) {
            return SEND_AGAIN;
        }
        if (f->got_len == 1 && f->got[0] == ROM_NACK) {
            return "another program has used ST's protocol on this board since its last reset: "
                   "reset it";
        }
        return is_echo(f)
                   ? "see that RX and TX are not joined, and that no shell listens on that port"
               : is_text(f->got, f->got_len)
                   ? "an application or another device talks there: check the port's name, and "
                     "bring the "
                     "board into the bootloader (PA0 high at reset)"
                   : "check that the board is in the bootloader (PA0 high at reset), and --baud";
    case ARAREXT_ERR_DIALECT:
        return "reset the board, or run 'ararext raw --course RESET 01'";
    case ARAREXT_ERR_IO:
    case ARAREXT_ERR_NO_PORT:
        return "check the cable and 'ararext ports'";
    case ARAREXT_ERR_REFUSED:
    case ARAREXT_ERR_UNSUPPORTED:
    case ARAREXT_ERR_PROTECTED:
        return f->has_reason ? ararext_reason_advice(f->reason) : "";
    default:
        return "";
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * One function for each command of PROTOCOL.md: puts the payload together, says what the answer
 * must look like, and takes it apart. Nothing here waits or retries; session.c does.
 */
#include "session.h"

#include <string.h>

#include "ararext_board.h"
#include "bytes.h"
#include "protocol.h"

/* The public numbers are a copy, so that the installed header stands alone. */
_Static_assert((int)ARAREXT_GET_VER == (int)COMMAND_GET_VER, "command codes");
_Static_assert((int)ARAREXT_DIS_R_W_PROTECT == (int)COMMAND_DIS_R_W_PROTECT, "command codes");
_Static_assert((int)ARAREXT_GET_LAST_ERROR == (int)COMMAND_GET_LAST_ERROR, "command codes");
_Static_assert((int)ARAREXT_MEM_CRC == (int)COMMAND_MEM_CRC, "command codes");
_Static_assert(ARAREXT_WRITE_MAX == MEM_WRITE_MAX, "frame sizes");
_Static_assert(ARAREXT_FRAME_MAX == FRAME_SIZE_MAX, "frame sizes");
_Static_assert(ARAREXT_FEATURE_MEM_CRC == FEATURE_MEM_CRC, "features");
_Static_assert(ARAREXT_FEATURE_DEBUG == FEATURE_DEBUG, "features");
_Static_assert(ARAREXT_FEATURE_LAST_ERROR == FEATURE_LAST_ERROR, "features");
_Static_assert(ARAREXT_FEATURE_RESET == FEATURE_RESET, "features");
_Static_assert(ARAREXT_FEATURE_CHECKED == FEATURE_CHECKED, "features");

/* A command without payload whose answer has exactly len bytes. */
static int get_bytes(struct ararext_session *s, uint8_t command, uint8_t *data, size_t len)
{
    struct call call = {.command = command,
                        .data = data,
                        .data_min = len,
                        .data_max = len,
                        .decides = command != COMMAND_GET_VER};
    return session_call(s, &call);
}

/* A command that only answers that it is done. */
static int order(struct ararext_session *s, uint8_t command, const uint8_t *payload, size_t len)
{
    struct call call = {.command = command, .payload = payload, .payload_len = len};
    return session_call(s, &call);
}

int ararext_get_version(struct ararext_session *s, uint8_t *version)
{
    return get_bytes(s, COMMAND_GET_VER, version, 1);
}

int session_get_version_twice(struct ararext_session *s, uint8_t *version)
{
    struct call call = {
        .command = COMMAND_GET_VER, .data = version, .data_min = 1, .data_max = 1, .decides = true};
    return session_call(s, &call);
}

int ararext_get_commands(struct ararext_session *s, uint8_t codes[255], size_t *count)
{
    struct call call = {.command = COMMAND_GET_HELP,
                        .data = codes,
                        .data_min = 1,
                        .data_max = ANSWER_DATA_MAX,
                        .decides = true};
    int rc = session_call(s, &call);
    *count = rc == ARAREXT_OK ? call.data_len : 0;
    return rc;
}

int ararext_get_chip_id(struct ararext_session *s, uint16_t *id)
{
    uint8_t data[2];
    int rc = get_bytes(s, COMMAND_GET_CID, data, sizeof data);
    *id = rc == ARAREXT_OK ? load_le16(data) : 0;
    return rc;
}

int ararext_get_rdp(struct ararext_session *s, uint8_t *rdp)
{
    return get_bytes(s, COMMAND_GET_RDP_STATUS, rdp, 1);
}

int ararext_go(struct ararext_session *s, uint32_t addr)
{
    uint8_t payload[4];
    store_le32(payload, addr);
    struct call call = {.command = COMMAND_GO_TO_ADDR,
                        .payload = payload,
                        .payload_len = sizeof payload,
                        .once = true};
    return session_call(s, &call);
}

int ararext_erase(struct ararext_session *s, uint8_t first, uint8_t count)
{
    if (first == ERASE_ALL_SECTORS) {
        return ARAREXT_ERR_ARGUMENT;
    }
    uint8_t payload[2] = {first, count};
    return order(s, COMMAND_FLASH_ERASE, payload, sizeof payload);
}

int ararext_erase_all(struct ararext_session *s)
{
    uint8_t payload[2] = {ERASE_ALL_SECTORS, 1};
    return order(s, COMMAND_FLASH_ERASE, payload, sizeof payload);
}

int ararext_write(struct ararext_session *s, uint32_t addr, const uint8_t *data, size_t len)
{
    uint8_t payload[5 + MEM_WRITE_MAX];
    if (len == 0 || len > MEM_WRITE_MAX) {
        return ARAREXT_ERR_ARGUMENT;
    }
    store_le32(payload, addr);
    payload[4] = (uint8_t)len;
    memcpy(payload + 5, data, len);
    return order(s, COMMAND_MEM_WRITE, payload, 5 + len);
}

static int read_memory(struct ararext_session *s, uint32_t addr, struct call *call)
{
    uint8_t payload[5];
    store_le32(payload, addr);
    payload[4] = (uint8_t)call->data_max;
    call->command = COMMAND_MEM_READ;
    call->payload = payload;
    call->payload_len = sizeof payload;
    return session_call(s, call);
}

int ararext_read(struct ararext_session *s, uint32_t addr, uint8_t *data, size_t len)
{
    struct call call = {.data = data, .data_min = len, .data_max = len};
    return len == 0 || len > ARAREXT_READ_MAX ? ARAREXT_ERR_ARGUMENT : read_memory(s, addr, &call);
}

int session_read_twice(struct ararext_session *s, uint32_t addr, uint8_t *data, size_t len)
{
    struct call call = {.data = data, .data_min = len, .data_max = len, .decides = true};
    return len == 0 || len > ARAREXT_READ_MAX ? ARAREXT_ERR_ARGUMENT : read_memory(s, addr, &call);
}

/* The short bitmap is enough for the sectors of a 512 KiB part; bootloaders of the twelve commands
 * alone may know nothing else. */
static size_t put_bitmap(uint8_t *payload, uint16_t sectors)
{
    if (sectors <= 0xFF) {
        payload[0] = (uint8_t)sectors;
        return 1;
    }
    store_le16(payload, sectors);
    return 2;
}

int ararext_protect(struct ararext_session *s, uint16_t sectors)
{
    uint8_t payload[3];
    size_t len = put_bitmap(payload, sectors);
    payload[len++] = PROTECT_WRITE;
    return order(s, COMMAND_EN_RW_PROTECT, payload, len);
}

int ararext_protect_reading(struct ararext_session *s, uint16_t sectors)
{
    uint8_t payload[7];
    size_t len = put_bitmap(payload, sectors);
    payload[len++] = PROTECT_READ;
    store_le32(payload + len, PROTECT_READ_KEY);
    return order(s, COMMAND_EN_RW_PROTECT, payload, len + 4);
}

int ararext_lock(struct ararext_session *s)
{
    enum { LOADER_SECTORS = 3, MODE_LOCK = 3, KEY_LOCK = 0x4B434F4C }; /* "LOCK" */
    uint8_t payload[6] = {LOADER_SECTORS, MODE_LOCK};
    store_le32(payload + 2, KEY_LOCK);
    return order(s, COMMAND_EN_RW_PROTECT, payload, sizeof payload);
}

int ararext_get_protection(struct ararext_session *s, uint16_t *nwrp)
{
    uint8_t data[2];
    int rc = get_bytes(s, COMMAND_READ_SECTOR_P_STATUS, data, sizeof data);
    *nwrp = rc == ARAREXT_OK ? load_le16(data) : 0;
    return rc;
}

int ararext_read_otp(struct ararext_session *s, uint16_t offset, uint8_t *data, size_t len)
{
    uint8_t payload[3];
    if (len == 0 || len > ARAREXT_READ_MAX || offset + len > ARAREXT_OTP_SIZE) {
        return ARAREXT_ERR_ARGUMENT;
    }
    store_le16(payload, offset);
    payload[2] = (uint8_t)len;
    struct call call = {.command = COMMAND_OTP_READ,
                        .payload = payload,
                        .payload_len = sizeof payload,
                        .data = data,
                        .data_min = len,
                        .data_max = len,
                        .decides = true};
    return session_call(s, &call);
}

int ararext_unprotect(struct ararext_session *s, bool keep_rdp)
{
    uint8_t payload[1] = {UNPROTECT_WRITE};
    return order(s, COMMAND_DIS_R_W_PROTECT, payload, keep_rdp ? 1 : 0);
}

int ararext_get_last_error(struct ararext_session *s, struct ararext_board_error *out)
{
    uint8_t data[LAST_ERROR_SIZE] = {0};
    struct call call = {.command = COMMAND_GET_LAST_ERROR,
                        .data = data,
                        .data_min = sizeof data,
                        .data_max = sizeof data,
                        .extension = true};
    int rc = session_call(s, &call);
    *out = (struct ararext_board_error){
        .reason = data[LAST_ERROR_REASON],
        .command = data[LAST_ERROR_COMMAND],
        .count = load_le16(data + LAST_ERROR_COUNT),
        .detail = load_le32(data + LAST_ERROR_DETAIL),
    };
    return rc;
}

int ararext_reset(struct ararext_session *s, bool to_bootloader)
{
    uint8_t payload[1] = {to_bootloader ? RESET_TO_LOADER : RESET_TO_BOOT};
    struct call call = {.command = COMMAND_RESET,
                        .payload = payload,
                        .payload_len = sizeof payload,
                        .once = true,
                        .extension = true};
    return session_call(s, &call);
}

int ararext_get_crc(struct ararext_session *s, uint32_t addr, uint32_t len, uint32_t *crc)
{
    uint8_t payload[8], data[4] = {0};
    store_le32(payload, addr);
    store_le32(payload + 4, len);
    struct call call = {.command = COMMAND_MEM_CRC,
                        .payload = payload,
                        .payload_len = sizeof payload,
                        .data = data,
                        .data_min = sizeof data,
                        .data_max = sizeof data,
                        .extension = true};
    int rc = session_call(s, &call);
    *crc = load_le32(data);
    return rc;
}

int ararext_get_block(struct ararext_session *s, bool *own, uint8_t bytes[ARAREXT_BLOCK_SIZE])
{
    uint8_t data[1 + ARAREXT_BLOCK_SIZE] = {0};
    struct call call = {.command = COMMAND_GET_BOARD,
                        .data = data,
                        .data_min = sizeof data,
                        .data_max = sizeof data,
                        .extension = true};
    int rc = session_call(s, &call);
    *own = data[0] != 0;
    memcpy(bytes, data + 1, ARAREXT_BLOCK_SIZE);
    return rc;
}

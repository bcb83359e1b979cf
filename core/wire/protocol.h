/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the Ararext protocol, generation 0x10: commands, reasons, layouts. PROTOCOL.md is the
 * reference; a change here changes it in the same commit. Shared by bootloader and host library.
 */
#ifndef ARAREXT_PROTOCOL_H
#define ARAREXT_PROTOCOL_H

#include "reason.h"

#define PROTOCOL_GENERATION 0x10u
#define PROTOCOL_ACK        0xA5u
#define PROTOCOL_NACK       0x7Fu

enum protocol_command {
    COMMAND_GET_VER = 0x51,
    COMMAND_GET_HELP = 0x52,
    COMMAND_GET_CID = 0x53,
    COMMAND_GET_RDP_STATUS = 0x54,
    COMMAND_GO_TO_ADDR = 0x55,
    COMMAND_FLASH_ERASE = 0x56,
    COMMAND_MEM_WRITE = 0x57,
    COMMAND_EN_RW_PROTECT = 0x58,
    COMMAND_MEM_READ = 0x59,
    COMMAND_READ_SECTOR_P_STATUS = 0x5A,
    COMMAND_OTP_READ = 0x5B,
    COMMAND_DIS_R_W_PROTECT = 0x5C,
    COMMAND_GET_LAST_ERROR = 0x60,
    COMMAND_GET_INFO = 0x61,
    COMMAND_RESET = 0x62,
    COMMAND_MEM_CRC = 0x63,
    COMMAND_GET_SLOTS = 0x64,
    COMMAND_STAGE_BEGIN = 0x65,
    COMMAND_STAGE_WRITE = 0x66,
    COMMAND_STAGE_FINISH = 0x67,
    COMMAND_CONFIRM = 0x68,
    COMMAND_ROLLBACK = 0x69,
    COMMAND_PROVISION = 0x6A,
    COMMAND_SET_BAUD = 0x6B,
    COMMAND_STREAM_BEGIN = 0x6C,
    COMMAND_DIGESTS = 0x6D,
    COMMAND_GET_BOARD = 0x6E,
};

/* Status byte of the course dialect. */
enum course_status {
    COURSE_OK = 0,
    COURSE_ERROR = 1,
    COURSE_BUSY = 2,
    COURSE_TIMEOUT = 3,
    COURSE_INVALID_SECTOR = 4,
};

enum protocol_dialect {
    DIALECT_UNDECIDED = 0,
    DIALECT_NATIVE = 1,
    DIALECT_COURSE = 2,
    DIALECT_ROM = 3, /* of ST's ROM bootloader: rom.h */
};

/* Frame sizes in bytes. */
#define FRAME_CRC_SIZE       4u
#define FRAME_LENGTH_MAX     255u /* largest value of the Length byte */
#define FRAME_SIZE_MAX       (1u + FRAME_LENGTH_MAX + FRAME_CRC_SIZE)
#define FRAME_COURSE_MIN     5u    /* Length of a course frame without payload */
#define COMMAND_CHECKED      0x80u /* on a native command: the answer ends in a CRC */
#define ANSWER_HEAD_SIZE     3u
#define ANSWER_DATA_MAX      255u
#define ANSWER_SIZE_MAX      (ANSWER_HEAD_SIZE + ANSWER_DATA_MAX + FRAME_CRC_SIZE)
#define MEM_WRITE_MAX        249u /* data bytes of a native MEM_WRITE */
#define MEM_WRITE_MAX_COURSE 245u

/* Times on the line, in milliseconds. */
#define FRAME_SILENCE_MS 1000u /* silence inside a frame that ends it */
#define DRAIN_QUIET_MS   20u   /* quiet line before a NACK to a bad frame */
#define DRAIN_LIMIT_MS   2000u /* longest wait for that quiet */

#define ERASE_ALL_SECTORS 0xFFu
#define PROTECT_WRITE     1u
#define PROTECT_READ      2u
#define PROTECT_BOOT      3u          /* the bootloader's own sectors */
#define PROTECT_READ_KEY  0x31504452u /* "RDP1" */
#define PROTECT_BOOT_KEY  0x4B434F4Cu /* "LOCK" */
#define UNPROTECT_WRITE   1u
#define RESET_TO_BOOT     0u
#define RESET_TO_LOADER   1u
#define RESET_INSTALL     2u          /* decide and install as at any start, then stay */
#define PROVISION_KEY     0x564F5250u /* "PROV" */

#define RDP_LEVEL_0 0xAAu
#define RDP_LEVEL_2 0xCCu /* irreversible: only ever compared with, never written */

/* GET_LAST_ERROR: offsets of its fields. */
#define LAST_ERROR_SIZE    8u
#define LAST_ERROR_REASON  0u
#define LAST_ERROR_COMMAND 1u
#define LAST_ERROR_COUNT   2u
#define LAST_ERROR_DETAIL  4u

/* GET_INFO: offsets of its fields. */
#define INFO_LAYOUT_1       1u
#define INFO_SIZE_MIN       59u
#define INFO_LAYOUT         0u
#define INFO_PROTOCOL       1u
#define INFO_VERSION        2u
#define INFO_DIALECT        5u
#define INFO_DEVICE_ID      6u
#define INFO_REVISION_ID    8u
#define INFO_FLASH_KIB      10u
#define INFO_UID            12u
#define INFO_UID_SIZE       12u
#define INFO_FEATURES       24u
#define INFO_LENGTH_MAX     28u
#define INFO_RING_SIZE      30u
#define INFO_APP_BASE       32u
#define INFO_APP_END        36u
#define INFO_FREE_SRAM_BASE 40u
#define INFO_FREE_SRAM_END  44u
#define INFO_CORE_HZ        48u
#define INFO_RESET_CAUSE    52u
#define INFO_STAY_REASON    53u
#define INFO_CLOCK_SOURCE   54u
#define INFO_RDP            55u
#define INFO_NWRP           56u
#define INFO_GROUP_COUNT    58u
#define INFO_GROUPS         59u
#define INFO_GROUP_SIZE     3u

#define FEATURE_LAST_ERROR (1u << 0)
#define FEATURE_RESET      (1u << 1)
#define FEATURE_MEM_CRC    (1u << 2)
#define FEATURE_PACKAGES   (1u << 3)
#define FEATURE_STREAM     (1u << 4)
#define FEATURE_CHECKED    (1u << 5)  /* COMMAND_CHECKED */
#define FEATURE_LOCK       (1u << 6)  /* PROTECT_BOOT */
#define FEATURE_BOARD      (1u << 7)  /* COMMAND_GET_BOARD */
#define FEATURE_DEBUG      (1u << 31) /* a debug build of the bootloader */

/* GET_BOARD: offsets of its fields. */
#define BOARD_REPORT_BLOCK 0u /* 1: the block holds; 0: the built-in one, it does not check */
#define BOARD_REPORT_BYTES 1u /* the one that holds */

/* Why the bootloader did not start the application. */
enum stay_reason {
    STAY_NOT = 0,
    STAY_BUTTON = 1,
    STAY_APP_REQUEST = 2,
    STAY_NOTHING_TO_BOOT = 3,
    STAY_HOST_REQUEST = 4,
    STAY_REJECTED = 5,     /* every package there is was rejected, or its log is full */
    STAY_UNTRUSTED = 6,    /* provisioned, and no package that verifies */
    STAY_CRASH_LOOP = 7,   /* the confirmed application crashes again and again */
    STAY_FLASH_FAILED = 8, /* the application area does not take the package, or a record fails */
};

/* The boot request at MAP_BOOT_REQUEST_BASE: magic, request, complement of request. */
#define BOOT_REQUEST_MAGIC      0x51524241u /* "ABRQ" */
#define BOOT_REQUEST_LOADER     1u          /* by the application */
#define BOOT_REQUEST_LOADER_RPC 2u /* by the bootloader itself, for a RESET command with 01 */
#define BOOT_REQUEST_INSTALL    3u /* by the bootloader itself, for a RESET command with 02 */
#define BOOT_REQUEST_START                                                                         \
    4u /* by the bootloader itself, for GO_TO_ADDR: start, whatever the                            \
        * button says */

/* STAGE_BEGIN: size32; or behind it the first bytes of the package's SHA-256, as in GET_SLOTS. */
#define STAGE_BEGIN_SIZE   4u
#define STAGE_BEGIN_LENGTH 12u

/* GET_SLOTS: offsets of its fields. */
#define SLOTS_LAYOUT_1    1u
#define SLOTS_LAYOUT      0u
#define SLOTS_TRUST       1u /* enum trust_state */
#define SLOTS_KEYS        2u /* bit i: key i is there */
#define SLOTS_REVOKED     3u /* bit i: key i is revoked */
#define SLOTS_COUNTER     4u /* u16: security counter of the board */
#define SLOTS_TARGET      6u /* slot that the next start would choose by its records; FF none */
#define SLOTS_INSTALLED   7u /* slot whose content the application area holds; FF none */
#define SLOTS_COUNT       8u
#define SLOTS_ENTRY_SIZE  9u
#define SLOTS_CAUSE       10u /* enum boot_cause of the last start; FF not known */
#define SLOTS_CRASHES     11u
#define SLOTS_PACKAGE_MAX 12u /* u32: largest package */
#define SLOTS_CONTENT_MAX 16u /* u32: largest content */
#define SLOTS_IDENTITY    20u /* vendor UUID, class UUID */
#define SLOTS_ENTRIES     52u
#define SLOT_ENTRY_SIZE   40u
#define SLOTS_SIZE        (SLOTS_ENTRIES + 2u * SLOT_ENTRY_SIZE)
/* ... and of a slot's entry. All but the state is 0 where there is no readable package. */
#define SLOT_STATE          0u /* enum slot_state */
#define SLOT_FLAGS          1u
#define SLOT_ATTEMPTS       2u
#define SLOT_TRIALS         3u /* boots on trial that it may have; 0 = needs no confirmation */
#define SLOT_CAUSE          4u /* enum reject_cause (format.h) */
#define SLOT_COUNTER        6u /* u16 */
#define SLOT_VERSION        8u /* u8 major, u8 minor, u16 revision, u32 build */
#define SLOT_PACKAGE_SIZE   16u
#define SLOT_CONTENT_SIZE   20u
#define SLOT_SEQUENCE       24u
#define SLOT_DIGEST         28u /* first 8 bytes of the package's SHA-256 */
#define SLOT_HEADER_FLAGS   36u
#define SLOT_DIGEST_SIZE    8u
#define SLOT_FLAG_INSTALLED 1u
#define SLOT_FLAG_CHECKED   2u

enum slot_state {
    SLOT_EMPTY = 0,   /* no package, or retired */
    SLOT_PARTIAL = 1, /* something that begins like a package and is not sealed */
    SLOT_STAGED = 2,  /* complete, not confirmed, not rejected */
    SLOT_CONFIRMED = 3,
    SLOT_REJECTED = 4,
};

/* PROVISION: offsets in its payload. */
#define PROVISION_KEY_AT 0u /* PROVISION_KEY */
#define PROVISION_COUNT  4u /* number of keys, 1 to 4 */
#define PROVISION_FLAGS  5u /* below */
#define PROVISION_HASHES 6u
#define PROVISION_BLOCK  32u /* a key's hash, or the identity */
/* ... its flags */
#define PROVISION_IDENTITY 1u /* an identity follows the keys */
#define PROVISION_READ     2u /* EN_RW_PROTECT may set read protection level 1 afterwards */

#endif

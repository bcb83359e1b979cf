/* SPDX-License-Identifier: MIT */
/*
 * Numbers of a package and of what lies in flash and OTP around it. FORMAT.md is the reference; a
 * change here changes it in the same commit. Shared by bootloader and host library. Offsets and
 * sizes are bytes, multi-byte fields little-endian.
 */
#ifndef ARAREXT_FORMAT_H
#define ARAREXT_FORMAT_H

/* ---- the package: an image in MCUboot's format ---- */
#define PACKAGE_MAGIC            0x96F3B83Du
#define PACKAGE_HEADER_SIZE      32u
#define PACKAGE_HEADER_LOAD      4u  /* u32, 0 */
#define PACKAGE_HEADER_SIZE_AT   8u  /* u16, 32 */
#define PACKAGE_HEADER_PROTECTED 10u /* u16, size of the protected TLV area with its head, or 0 */
#define PACKAGE_HEADER_PAYLOAD   12u /* u32, size of the payload */
#define PACKAGE_HEADER_FLAGS     16u /* u32 */
#define PACKAGE_HEADER_MAJOR     20u /* u8, u8 minor, u16 revision, u32 build */
#define PACKAGE_HEADER_VERSION   8u  /* bytes of those four */

#define PACKAGE_FLAG_LZMA2     0x00000400u
#define PACKAGE_FLAG_ARM_THUMB 0x00000800u /* only with LZMA2 */

#define TLV_AREA_MAGIC      0x6907u
#define TLV_PROTECTED_MAGIC 0x6908u
#define TLV_AREA_HEAD       4u /* u16 magic, u16 size of the area with this head */
#define TLV_HEAD            4u /* u16 type, u16 length of the value */

enum package_tlv {
    TLV_KEY_HASH = 0x01,       /* 32: SHA-256 of the public key's SubjectPublicKeyInfo (DER) */
    TLV_KEY = 0x02,            /* 91: that SubjectPublicKeyInfo */
    TLV_SHA256 = 0x10,         /* 32: of header, payload and protected TLV area */
    TLV_ECDSA_P256 = 0x22,     /* 8 to 72: DER signature over that digest */
    TLV_COUNTER = 0x50,        /* 4, protected: security counter */
    TLV_CONTENT_SIZE = 0x70,   /* 4, protected: bytes after decompression; only with LZMA2 */
    TLV_VENDOR = 0x74,         /* 16, protected: board identity, UUID of the vendor */
    TLV_CLASS = 0x75,          /* 16, protected: board identity, UUID of the class */
    TLV_CONTENT_SHA256 = 0xA0, /* 32, protected: of the content; must be there with LZMA2 */
    TLV_POLICY = 0xA1,         /* 4, protected: see below */
    TLV_REVOKE = 0xA2,         /* 1, protected: bit i revokes key i when the package is confirmed */
    TLV_START = 0xA3, /* 8 to 72: DER signature over SHA-256 of header and protected area */
};
#define TLV_KEY_SIZE        91u
#define TLV_KEY_POINT       27u /* offset of X and Y, 64 bytes, behind the fixed part */
#define TLV_SIGNATURE_MAX   72u
#define TLV_PROTECTED_MAX   1024u /* largest TLV areas that a reader accepts, heads included */
#define TLV_UNPROTECTED_MAX 512u

/* TLV_POLICY: u8 each. Without it the defaults hold. */
#define POLICY_TRIALS           0u /* boots on trial, 1 to 15; 0 = needs no confirmation */
#define POLICY_CRASHES          1u /* see FORMAT.md, "Crash loops"; 2 to 255; 0 = never */
#define POLICY_WATCHDOG         2u /* seconds on trial, 1 to 30 */
#define POLICY_RESERVED         3u /* 0 */
#define POLICY_SIZE             4u
#define POLICY_TRIALS_DEFAULT   3u
#define POLICY_CRASHES_DEFAULT  8u
#define POLICY_WATCHDOG_DEFAULT 30u

/* LZMA2 payload: one byte of dictionary size as in .xz, one byte (pb * 5 + lp) * 9 + lc, then the
 * LZMA2 stream with its end marker. */
#define PAYLOAD_LZMA2_HEAD          2u
#define PAYLOAD_DICTIONARY_MAX      65536u
#define PAYLOAD_DICTIONARY_BYTE_MAX 8u /* 64 KiB; byte 0 is 4 KiB */

#define DIGEST_SIZE 32u
#define UUID_SIZE   16u

/* ---- the trailer: the last 2 KiB of a package slot ---- */
#define TRAILER_SIZE          0x800u
#define TRAILER_SEQUENCE      0x000u /* u32 and its complement */
#define TRAILER_SEALED        0x008u /* flag: the package is complete */
#define TRAILER_CHECKED       0x010u /* flag: its content was unpacked once and is good */
#define TRAILER_CONFIRMED     0x018u /* flag */
#define TRAILER_REJECTED      0x020u /* flag */
#define TRAILER_CAUSE         0x028u /* u32: enum reject_cause; written before the flag */
#define TRAILER_ADVANCED      0x030u /* flag: OTP has its counter and revocations */
#define TRAILER_ATTEMPTS      0x040u /* 16 words; each that is not all ones is a boot on trial */
#define TRAILER_ATTEMPT_COUNT 16u
#define TRAILER_LOG           0x080u /* words: what the application area holds */
#define TRAILER_LOG_COUNT     480u

/* A flag is two words: FLAG_FIRST, then FLAG_SECOND. Retiring and undoing write zeros. */
#define FLAG_FIRST   0x4B3CA596u
#define FLAG_SECOND  0xA5964B3Cu
#define LOG_BEGUN    0x96A5FFFFu /* the first step of a claim: half of its bits */
#define LOG_DONE     0x96A53C4Bu
#define ATTEMPT_MADE 0x0F0FF0F0u

enum reject_cause {
    CAUSE_NONE = 0,
    CAUSE_TRIAL = 1,   /* not confirmed in its boots on trial */
    CAUSE_ASKED = 2,   /* rollback, by the host or the application */
    CAUSE_DAMAGED = 3, /* package no longer verifies */
    CAUSE_CONTENT = 4, /* its content does not unpack to what it says */
    CAUSE_INSTALL = 5, /* application area does not hold it after two installs */
};

/* ---- OTP, by block of 32 bytes; a block is locked when its lock byte is 00 ---- */
#define OTP_BLOCK_SIZE     32u
#define OTP_BLOCK_KEYS     0u /* 0 to 3: SHA-256 of a key's SubjectPublicKeyInfo */
#define OTP_KEY_COUNT      4u
#define OTP_BLOCK_IDENTITY 4u /* vendor UUID, class UUID; all ones = the built-in identity */
#define OTP_LOCKED_BLOCKS  5u /* 0 to 4 are locked by provisioning */
#define OTP_BLOCK_REVOKED  5u /* word i (of 4): key i is revoked unless all ones */
/* ... and behind those words, its offset in OTP: what a provisioned board lets a host do */
#define OTP_READ_PROTECTION (OTP_BLOCK_REVOKED * OTP_BLOCK_SIZE + 4u * OTP_KEY_COUNT)
#define OTP_READ_ALLOWED    0x41505452u /* "RTPA": level 1 may be set */
#define OTP_BLOCK_COUNTER   6u          /* 6 to 15: 2560 bits, each 0 counts one */
#define OTP_COUNTER_BLOCKS  10u
#define OTP_COUNTER_MAX     (OTP_COUNTER_BLOCKS * OTP_BLOCK_SIZE * 8u)

/* ---- the backup register that the bootloader keeps (RTC_BKP19R) ---- */
#define BOOT_NOTE_MAGIC       0xA7u /* bits 31:24 */
#define BOOT_NOTE_CRASH_SHIFT 16u   /* bits 23:16: resets that look like crashes, in a row */
#define BOOT_NOTE_CAUSE_SHIFT 8u    /* bits 15:8: enum boot_cause of the last start */
#define BOOT_NOTE_RESET       0xFEu /* bits 7:1: RCC_CSR bits 31:25 as that start found them */
#define BOOT_NOTE_ASKED       0x01u /* the bootloader runs: a reset by software is its own */
#define BOOT_UNKNOWN          0xFFu /* no start since the note was lost */

/* Bits of those flags. */
#define RESET_WATCHDOG 0x60u /* WWDGRSTF, IWDGRSTF */
#define RESET_SOFTWARE 0x10u /* SFTRSTF */

/* Why the application was started. */
enum boot_cause {
    BOOT_PLAIN = 0,     /* no package: plain application */
    BOOT_NORMAL = 1,    /* confirmed package, area as it was */
    BOOT_TRIAL = 2,     /* on trial */
    BOOT_ROLLBACK = 3,  /* installed again because the newer one was rejected */
    BOOT_HEALED = 4,    /* installed again because the area no longer matched */
    BOOT_INSTALLED = 5, /* new, needs no confirmation */
};

/* What the board trusts, as its OTP has it (FORMAT.md, "OTP"). */
enum trust_state {
    TRUST_OPEN = 0,       /* unprovisioned: anything boots */
    TRUST_ENFORCED = 1,   /* provisioned */
    TRUST_INCOMPLETE = 2, /* provisioning has begun and not ended: nothing boots until it has */
};

#endif

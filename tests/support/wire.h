/* SPDX-License-Identifier: MIT */
/*
 * Frames of both dialects, written from PROTOCOL.md alone for the tests: CRC, requests, answers.
 * It must never use core/: a mistake there would then agree with itself.
 */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum wire_dialect {
    WIRE_NATIVE = 1,
    WIRE_COURSE = 2,
};

/* Opcodes and reasons, retyped from PROTOCOL.md. */
enum wire_command {
    GET_VER = 0x51,
    GET_HELP = 0x52,
    GET_CID = 0x53,
    GET_RDP_STATUS = 0x54,
    GO_TO_ADDR = 0x55,
    FLASH_ERASE = 0x56,
    MEM_WRITE = 0x57,
    EN_RW_PROTECT = 0x58,
    MEM_READ = 0x59,
    READ_SECTOR_P_STATUS = 0x5A,
    OTP_READ = 0x5B,
    DIS_R_W_PROTECT = 0x5C,
    GET_LAST_ERROR = 0x60,
    GET_INFO = 0x61,
    RESET = 0x62,
    MEM_CRC = 0x63,
};

enum wire_reason {
    WIRE_NONE = 0x00,
    WIRE_BAD_CRC = 0x01,
    WIRE_BAD_LENGTH = 0x02,
    WIRE_CUT_OFF = 0x03,
    WIRE_LINE_ERROR = 0x04,
    WIRE_OVERFLOW = 0x05,
    WIRE_UNKNOWN = 0x10,
    WIRE_PAYLOAD = 0x11,
    WIRE_ARGUMENT = 0x12,
    WIRE_ADDRESS = 0x20,
    WIRE_BOOTLOADER = 0x21,
    WIRE_NO_SECTOR = 0x22,
    WIRE_PROTECTED = 0x23,
    WIRE_NOT_ERASED = 0x24,
    WIRE_VERIFY = 0x25,
    WIRE_FLASH_ERROR = 0x26,
    WIRE_FLASH_TIMEOUT = 0x27,
    WIRE_NO_CODE = 0x28,
    WIRE_KEY = 0x30,
    WIRE_WOULD_ERASE = 0x31,
    WIRE_OPTIONS_LOCKED = 0x32,
    WIRE_OPTIONS_VERIFY = 0x33,
};

enum { WIRE_FRAME_MAX = 260, WIRE_ANSWER_MAX = 258 };

/* CRC over n bytes, each fed as one 32-bit word (PROTOCOL.md, "CRC32"). */
uint32_t wire_crc(const uint8_t *data, size_t n);

void wire_put16(uint8_t *p, uint32_t value);
void wire_put32(uint8_t *p, uint32_t value);
uint32_t wire_get16(const uint8_t *p);
uint32_t wire_get32(const uint8_t *p);

/* Writes a request into out and returns its length. n <= 254 (course: 250); command and payload are
 * not checked: tests send wrong ones on purpose. */
size_t wire_request(uint8_t out[WIRE_FRAME_MAX], enum wire_dialect dialect, unsigned command,
                    const uint8_t *payload, size_t n);

/* The answer of a command that succeeded, with n <= 255 bytes of Data. In the course dialect, the
 * caller gives the status byte of commands that answer with one as Data. */
size_t wire_success(uint8_t out[WIRE_ANSWER_MAX], enum wire_dialect dialect, unsigned command,
                    const uint8_t *data, size_t n);

/* Whether the course dialect answers this command with a status byte. */
int wire_answers_status(unsigned command);

/* MEM_WRITE's payload: address, n, n bytes. Returns its length. */
size_t wire_write_payload(uint8_t out[255], uint32_t addr, const void *data, size_t n);

#endif

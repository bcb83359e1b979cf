/* SPDX-License-Identifier: MIT */
/* Who this build is for (FORMAT.md, "OTP"): UUIDs of version 5 (RFC 9562). */
#include "board.h"

const uint8_t board_identity[BOARD_IDENTITY_SIZE] = {
    /* vendor: 3491e08e-fc2a-5cc6-9d12-a2a1d2dde864, name space DNS, "ararext" */
    0x34,
    0x91,
    0xE0,
    0x8E,
    0xFC,
    0x2A,
    0x5C,
    0xC6,
    0x9D,
    0x12,
    0xA2,
    0xA1,
    0xD2,
    0xDD,
    0xE8,
    0x64,
    /* class: 55047a52-f3fa-52c1-bff2-59b4f1e56389, name space the vendor's UUID, "f407" */
    0x55,
    0x04,
    0x7A,
    0x52,
    0xF3,
    0xFA,
    0x52,
    0xC1,
    0xBF,
    0xF2,
    0x59,
    0xB4,
    0xF1,
    0xE5,
    0x63,
    0x89,
};

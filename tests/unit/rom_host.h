/* SPDX-License-Identifier: MIT */
/* The other side of ST's ROM protocol, for unit tests over the model: blocks out, and exactly the
 * answer that is expected in, or the test fails. */
#ifndef ARAREXT_TESTS_UNIT_ROM_HOST_H
#define ARAREXT_TESTS_UNIT_ROM_HOST_H

#include "model.h"

void rom_feed(struct model *m, const uint8_t *bytes, size_t len);
/* All that was answered since is this. */
void rom_expect(struct model *m, const uint8_t *expect, size_t len);
void rom_exchange(struct model *m, const uint8_t *bytes, size_t len, const uint8_t *expect,
                  size_t expect_len);
/* The hello, which is acknowledged after 20 ms. */
void rom_hello(struct model *m);
/* A board that was greeted and knows the dialect. */
struct model *rom_model(uint16_t flash_kib);
/* Bytes and the XOR of them behind. */
void rom_checked(struct model *m, const uint8_t *bytes, size_t len, const uint8_t *expect,
                 size_t expect_len);
/* A command, or four bytes with their check, that is acknowledged. */
void rom_command(struct model *m, uint8_t code);
void rom_address(struct model *m, uint32_t addr);
/* Get Version is understood. */
void rom_expect_alive(struct model *m);

#endif

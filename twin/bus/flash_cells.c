/* SPDX-License-Identifier: MIT */
/*
 * The bits of the flash: what programming, erasing, a lost supply and wear do to them. It knows
 * nothing of registers, sectors or time, and every random choice comes from the board's generator,
 * so that the same seed tears the same bits.
 *
 * RM0090 3.6 (programming clears bits, erasing sets them). What a lost supply leaves is not in any
 * manual beyond "undefined": the choices here are the twin's, see twin/README.md.
 */
#include "flash.h"

#include <stdlib.h>
#include <string.h>

int flash_cells_create(struct flash_cells *c, uint32_t size)
{
    c->bytes = aligned_alloc(FLASH_PAGE_BYTES, size); /* the engine maps whole pages */
    c->unstable = calloc(size, 1);
    if (c->bytes == NULL || c->unstable == NULL) {
        flash_cells_destroy(c);
        return TWIN_ERR_MEMORY;
    }
    memset(c->bytes, 0xFF, size);
    c->size = size;
    c->unstable_bytes = 0;
    return TWIN_OK;
}

void flash_cells_destroy(struct flash_cells *c)
{
    free(c->bytes);
    free(c->unstable);
    c->bytes = NULL;
    c->unstable = NULL;
}

uint32_t flash_cells_load(const struct flash_cells *c, uint32_t offset, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)c->bytes[offset + i] << (8 * i);
    }
    return value;
}

void flash_cells_set_unstable(struct flash_cells *c, uint32_t offset, uint8_t mask)
{
    if (c->unstable[offset] != 0) {
        c->unstable_bytes--;
    }
    if (mask != 0) {
        c->unstable_bytes++;
    }
    c->unstable[offset] = mask;
}

void flash_cells_refresh(struct twin *t, struct flash_cells *c, uint32_t offset, uint32_t len)
{
    if (c->unstable_bytes == 0) {
        return;
    }
    for (uint32_t i = offset; i < offset + len && i < c->size; i++) {
        uint8_t mask = c->unstable[i];
        if (mask != 0) {
            uint8_t noise = (uint8_t)(twin_random(t) & mask);
            c->bytes[i] = (uint8_t)((c->bytes[i] & ~mask) | noise);
        }
    }
}

void flash_cells_write(struct flash_cells *c, uint32_t offset, const uint8_t *data, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        flash_cells_set_unstable(c, offset + i, 0);
        c->bytes[offset + i] = data[i];
    }
}

void flash_cells_program(struct flash_cells *c, uint32_t offset, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        uint8_t want = (uint8_t)(value >> (8 * i));
        uint8_t *byte = &c->bytes[offset + i];
        *byte = (uint8_t)(*byte & want);
        /* A bit that is programmed now is a firm 0; one that is left alone stays as it was. */
        flash_cells_set_unstable(c, offset + i, c->unstable[offset + i] & want);
    }
}

/* The nth set bit of mask, n below their number. */
static uint32_t nth_bit(uint32_t mask, unsigned n)
{
    while (n-- > 0) {
        mask &= mask - 1;
    }
    return mask & (~mask + 1);
}

static unsigned count_bits(uint32_t mask)
{
    unsigned n = 0;
    for (; mask != 0; mask &= mask - 1) {
        n++;
    }
    return n;
}

static uint32_t pick_bit(struct twin *t, uint32_t mask)
{
    return nth_bit(mask, twin_random(t) % count_bits(mask));
}

/* A third each of the bits to clear is done, undecided and untouched; with one bit it is the
 * undecided kind, with more there is at least one done and one undecided. */
void flash_cells_program_torn(struct twin *t, struct flash_cells *c, uint32_t offset,
                              unsigned width, uint32_t value)
{
    uint32_t change = flash_cells_load(c, offset, width) & ~value;
    uint32_t done = 0;
    uint32_t undecided = 0;
    for (uint32_t rest = change; rest != 0; rest &= rest - 1) {
        uint32_t bit = rest & (~rest + 1);
        uint32_t choice = twin_random(t) % 3;
        done |= choice == 0 ? bit : 0;
        undecided |= choice == 1 ? bit : 0;
    }
    if (change != 0 && undecided == 0) {
        undecided = pick_bit(t, change);
        done &= ~undecided;
    }
    if ((change & ~undecided) != 0 && done == 0) {
        done = pick_bit(t, change & ~undecided);
    }
    flash_cells_program(c, offset, width, ~done);
    for (unsigned i = 0; i < width; i++) {
        uint8_t mask = (uint8_t)(undecided >> (8 * i));
        flash_cells_set_unstable(c, offset + i, c->unstable[offset + i] | mask);
    }
    flash_cells_refresh(t, c, offset, width);
}

void flash_cells_program_worn(struct twin *t, struct flash_cells *c, uint32_t offset,
                              unsigned width, uint32_t value)
{
    uint32_t change = flash_cells_load(c, offset, width) & ~value;
    uint32_t stuck = 0;
    if (change != 0) {
        uint32_t many = twin_random(t);
        uint32_t few = many & twin_random(t);
        stuck = pick_bit(t, change) | (few & change);
    }
    flash_cells_program(c, offset, width, value | stuck);
}

void flash_cells_erase(struct flash_cells *c, uint32_t offset, uint32_t len)
{
    memset(c->bytes + offset, 0xFF, len);
    if (c->unstable_bytes != 0) {
        for (uint32_t i = 0; i < len; i++) {
            flash_cells_set_unstable(c, offset + i, 0);
        }
    }
}

/* Of the bits at 0, a half are erased, a quarter undecided, a quarter untouched; of the bits at 1,
 * one in sixteen is undecided, so that a blank sector is no longer one to be trusted. */
void flash_cells_erase_torn(struct twin *t, struct flash_cells *c, uint32_t offset, uint32_t len)
{
    for (uint32_t i = offset; i < offset + len; i++) {
        uint32_t r = twin_random(t);
        uint8_t old = c->bytes[i];
        uint8_t erased = (uint8_t)(~old & r);
        uint8_t weak_zero = (uint8_t)(~old & ~r & (r >> 8));
        uint32_t rare = twin_random(t);
        uint8_t weak_one = (uint8_t)(old & rare & (rare >> 8) & (rare >> 16) & (rare >> 24));
        uint8_t mask = (uint8_t)(weak_zero | weak_one);
        c->bytes[i] = old | erased;
        flash_cells_set_unstable(c, i, c->unstable[i] | mask);
    }
    flash_cells_refresh(t, c, offset, len);
}

void flash_cells_erase_worn(struct twin *t, struct flash_cells *c, uint32_t offset, uint32_t len)
{
    flash_cells_erase(c, offset, len);
    unsigned words = 1 + twin_random(t) % 4;
    for (unsigned i = 0; i < words; i++) {
        uint32_t at = offset + twin_random(t) % len;
        uint8_t stuck = (uint8_t)(1u << (twin_random(t) % 8));
        c->bytes[at] = (uint8_t)(c->bytes[at] & ~stuck);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * malloc for the page, in place of the C library's, which is a twentieth of the module: blocks one
 * behind the other from the end of the data on, the first that fits, and free neighbours joined
 * while looking. There are some dozen blocks at a time, so looking is short.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, PAGE = 65536 };

struct block {
    size_t size; /* with this head; a multiple of ALIGN */
    size_t used;
    size_t unused[2]; /* what is handed out is aligned, too */
};
_Static_assert(sizeof(struct block) == ALIGN, "the head of a block keeps the alignment");

extern unsigned char __heap_base; /* from the linker */
static struct block *first, *end;

static struct block *at(struct block *b, size_t offset)
{
    return (struct block *)((uintptr_t)b + offset);
}

static size_t room(const struct block *from, const struct block *to)
{
    return (size_t)((uintptr_t)to - (uintptr_t)from);
}

static void start(void)
{
    first = (struct block *)(((uintptr_t)&__heap_base + ALIGN - 1) / ALIGN * ALIGN);
    end = (struct block *)((uintptr_t)__builtin_wasm_memory_size(0) * PAGE);
    if (room(first, end) < sizeof *first) {
        end = first;
        return;
    }
    *first = (struct block){.size = room(first, end)};
}

static struct block *find(size_t size)
{
    for (struct block *b = first; b != end; b = at(b, b->size)) {
        if (b->used) {
            continue;
        }
        for (struct block *next = at(b, b->size); next != end && !next->used;
             next = at(b, b->size)) {
            b->size += next->size;
        }
        if (b->size >= size) {
            return b;
        }
    }
    return NULL;
}

/* More memory, as a free block at the end. */
static bool grow(size_t size)
{
    size_t pages = size / PAGE + 1;
    uintptr_t top = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) {
        return false;
    }
    size_t gained = (size_t)(top - (uintptr_t)end) + pages * PAGE; /* what start() left is little */
    struct block *b = end;
    end = at(b, gained);
    *b = (struct block){.size = gained};
    return true;
}

void *malloc(size_t len)
{
    if (first == NULL) {
        start();
    }
    if (len > SIZE_MAX / 2) {
        return NULL;
    }
    size_t size = (len + 2 * ALIGN - 1) / ALIGN * ALIGN;
    struct block *b = find(size);
    if (b == NULL) {
        b = grow(size) ? find(size) : NULL;
    }
    if (b == NULL) {
        return NULL;
    }
    if (b->size > size) {
        *at(b, size) = (struct block){.size = b->size - size};
        b->size = size;
    }
    b->used = 1;
    return b + 1;
}

void free(void *memory)
{
    if (memory != NULL) {
        ((struct block *)memory - 1)->used = 0;
    }
}

void *calloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *memory = malloc(count * size);
    return memory != NULL ? memset(memory, 0, count * size) : NULL;
}

void *realloc(void *memory, size_t len)
{
    void *other = malloc(len);
    if (memory != NULL && other != NULL) {
        size_t had = ((struct block *)memory - 1)->size - sizeof(struct block);
        memcpy(other, memory, had < len ? had : len);
        free(memory);
    }
    return other;
}

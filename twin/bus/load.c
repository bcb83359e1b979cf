/* SPDX-License-Identifier: MIT */
/*
 * Puts firmware into the board as a programmer would, and looks into its memories: without time,
 * without the flash controller, without side effects.
 *
 * Source: ELF for the Arm architecture (load segments by physical address); RM0090 section 2.3.
 */
#define _POSIX_C_SOURCE 200809L
#include "bus.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

__attribute__((format(printf, 3, 4))) static int fail(struct twin *t, int err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(t->error, sizeof t->error, fmt, args);
    va_end(args);
    return err;
}

int twin_load(struct twin *t, uint32_t addr, const void *data, size_t len)
{
    const struct memory *m = bus_memory(t, addr, len);
    const struct memory *all = t->bus->memory;
    if (len == 0) {
        return TWIN_OK;
    }
    if (m == &all[MEMORY_FLASH]) {
        twin_flash_load(t, addr - FLASH_BASE, data, len);
        twin_flash_memory_changed(t, addr, (uint32_t)len);
        return TWIN_OK;
    }
    if (m == &all[MEMORY_SRAM] || m == &all[MEMORY_CCM]) {
        memcpy(m->bytes + (addr - m->base), data, len);
        twin_cpu_memory_written(t, addr, (uint32_t)len);
        return TWIN_OK;
    }
    if (m == &all[MEMORY_OTP] && twin_flash_otp_load(t, addr, data, len)) {
        return TWIN_OK;
    }
    return fail(t, TWIN_ERR_ARGUMENT, "0x%08X to 0x%08X is not flash, RAM or open OTP of this part",
                (unsigned)addr, (unsigned)(addr + (uint32_t)len - 1));
}

int twin_peek(struct twin *t, uint32_t addr, void *data, size_t len)
{
    const struct memory *m = bus_memory(t, addr, len);
    if (m == NULL) {
        return fail(t, TWIN_ERR_ARGUMENT, "0x%08X, %zu bytes, is not all of one memory",
                    (unsigned)addr, len);
    }
    memcpy(data, m->bytes + (addr - m->base), len);
    return TWIN_OK;
}

static int load_segment(struct twin *t, const char *path, const GElf_Phdr *segment,
                        const uint8_t *image, size_t size)
{
    if (segment->p_offset > size || segment->p_filesz > size - segment->p_offset) {
        return fail(t, TWIN_ERR_FORMAT, "%s: a segment goes beyond the end of the file", path);
    }
    uint32_t addr = (uint32_t)segment->p_paddr;
    if (segment->p_paddr > UINT32_MAX || bus_memory(t, addr, segment->p_filesz) == NULL) {
        return fail(t, TWIN_ERR_FORMAT,
                    "%s: segment at 0x%08llX, %llu bytes, does not fit a %u KiB part", path,
                    (unsigned long long)segment->p_paddr, (unsigned long long)segment->p_filesz,
                    (unsigned)t->config.flash_kib);
    }
    int err = twin_load(t, addr, image + segment->p_offset, segment->p_filesz);
    return err == TWIN_OK ? TWIN_OK
                          : fail(t, TWIN_ERR_FORMAT,
                                 "%s: segment at 0x%08X is neither "
                                 "flash nor RAM",
                                 path, (unsigned)addr);
}

static int load_elf(struct twin *t, const char *path, uint8_t *image, size_t size)
{
    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)image, size);
    GElf_Ehdr header;
    if (elf == NULL || gelf_getehdr(elf, &header) == NULL || header.e_machine != EM_ARM) {
        (void)elf_end(elf);
        return fail(t, TWIN_ERR_FORMAT, "%s: not an ELF file for ARM", path);
    }
    size_t count = 0, loaded = 0;
    int err = elf_getphdrnum(elf, &count) == 0
                  ? TWIN_OK
                  : fail(t, TWIN_ERR_FORMAT, "%s: no program headers", path);
    for (size_t i = 0; err == TWIN_OK && i < count; i++) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf, (int)i, &segment) == NULL) {
            err = fail(t, TWIN_ERR_FORMAT, "%s: a damaged program header", path);
        } else if (segment.p_type == PT_LOAD && segment.p_filesz != 0) {
            err = load_segment(t, path, &segment, image, size);
            loaded++;
        }
    }
    (void)elf_end(elf);
    if (err == TWIN_OK && loaded == 0) {
        return fail(t, TWIN_ERR_FORMAT, "%s: nothing to load in it", path);
    }
    return err;
}

/* Reads all of a file. Larger than any memory of the chip and debug information is refused. */
static int read_file(struct twin *t, const char *path, uint8_t **image, size_t *size)
{
    enum { LARGEST = 64 * 1024 * 1024 };
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        int err = fail(t, TWIN_ERR_FILE, "%s: %s", path, strerror(errno));
        if (file != NULL) {
            (void)fclose(file);
        }
        return err;
    }
    if (!S_ISREG(status.st_mode) || status.st_size <= 0 || status.st_size > LARGEST) {
        (void)fclose(file);
        return fail(t, TWIN_ERR_FORMAT, "%s: not a firmware file (empty, too large or no file)",
                    path);
    }
    *size = (size_t)status.st_size;
    *image = malloc(*size);
    size_t got = *image == NULL ? 0 : fread(*image, 1, *size, file);
    (void)fclose(file);
    if (*image == NULL) {
        return fail(t, TWIN_ERR_MEMORY, "out of memory");
    }
    if (got != *size) {
        free(*image);
        *image = NULL;
        return fail(t, TWIN_ERR_FILE, "%s: cannot be read", path);
    }
    return TWIN_OK;
}

static bool is_text(const uint8_t *data, size_t size)
{
    enum { LOOKED_AT = 512, SHORTEST = 8 };
    size_t n = size < LOOKED_AT ? size : LOOKED_AT;
    for (size_t i = 0; i < n; i++) {
        bool space = data[i] == '\n' || data[i] == '\r' || data[i] == '\t';
        if (!space && (data[i] < 0x20 || data[i] > 0x7E)) {
            return false;
        }
    }
    return n >= SHORTEST;
}

static int refuse_text(struct twin *t, const char *path, const uint8_t *data)
{
    bool hex = data[0] == ':';
    bool srec = data[0] == 'S' && data[1] >= '0' && data[1] <= '9';
    if (hex || srec) {
        return fail(
            t, TWIN_ERR_FORMAT,
            "%s: an %s file; the twin takes ELF or BIN (objcopy -I %s -O binary makes a BIN)", path,
            hex ? "Intel HEX" : "S-record", hex ? "ihex" : "srec");
    }
    return fail(t, TWIN_ERR_FORMAT, "%s: a text, not a program; the twin takes ELF or BIN", path);
}

int twin_load_file(struct twin *t, const char *path, uint32_t addr)
{
    uint8_t *image = NULL;
    size_t size = 0;
    int err = read_file(t, path, &image, &size);
    if (err != TWIN_OK || image == NULL) {
        return err;
    }
    if (size >= SELFMAG && memcmp(image, ELFMAG, SELFMAG) == 0) {
        err = load_elf(t, path, image, size);
    } else if (is_text(image, size)) {
        err = refuse_text(t, path, image);
    } else {
        err = twin_load(t, addr, image, size);
        if (err != TWIN_OK) {
            err = fail(t, TWIN_ERR_FORMAT, "%s: %zu bytes at 0x%08X do not fit a %u KiB part", path,
                       size, (unsigned)addr, (unsigned)t->config.flash_kib);
        }
    }
    free(image);
    return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * The state file: what of the board outlives its process, which is what outlives its power. Flash,
 * option bytes, OTP, unique ID, undecided bits, erase counts, backup registers and backup SRAM. It
 * never takes a file that is damaged, of another part or not one of its own, and never leaves a
 * half-written one: the new file is complete, and on the disk, before it takes the old one's place.
 * While a board lives, its state file is no other board's: FILE.lock beside it, locked with
 * flock(2) and so free again when its process ends in whatever way. Not FILE itself, which may not
 * be there yet and is replaced at the end. A symbolic link is followed: FILE is what it leads to.
 *
 * Layout, little-endian: magic "ARXTWIN\n", version u32, flash size in KiB u32, then main flash,
 * its undecided bits, system page, its undecided bits, option page, its undecided bits, 12 erase
 * counts u32, 20 RTC backup registers u32, RCC_BDCR u32, backup regulator u32, backup SRAM, from
 * version 2 on 13 words of the RTC (struct twin_rtc_kept), and the
 * CRC-32 (IEEE 802.3) of all that comes before it.
 */
#define _XOPEN_SOURCE   700 /* realpath */
#define _DEFAULT_SOURCE     /* flock */

#include "flash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = {'A', 'R', 'X', 'T', 'W', 'I', 'N', '\n'};

enum { STATE_VERSION = 2, STATE_OLDEST = 1, HEADER_BYTES = 16, CRC_BYTES = 4 };

/* One walk over the layout serves size, writing and reading. */
enum walk { WALK_SIZE, WALK_SAVE, WALK_LOAD };

struct walker {
    enum walk what;
    uint8_t *at; /* NULL with WALK_SIZE */
    size_t size; /* walked so far */
    uint32_t version;
};

static void walk_bytes(struct walker *w, uint8_t *data, size_t len)
{
    if (w->what == WALK_SAVE) {
        memcpy(w->at + w->size, data, len);
    } else if (w->what == WALK_LOAD) {
        memcpy(data, w->at + w->size, len);
    }
    w->size += len;
}

static void walk_u32(struct walker *w, uint32_t *value)
{
    uint8_t b[4];
    for (unsigned i = 0; i < 4; i++) {
        b[i] = (uint8_t)(*value >> (8 * i));
    }
    walk_bytes(w, b, sizeof b);
    *value = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void walk_cells(struct walker *w, struct flash_cells *c)
{
    walk_bytes(w, c->bytes, c->size);
    walk_bytes(w, c->unstable, c->size);
    if (w->what == WALK_LOAD) {
        c->unstable_bytes = 0;
        for (uint32_t i = 0; i < c->size; i++) {
            c->unstable_bytes += c->unstable[i] != 0;
        }
    }
}

static void walk_rtc(struct twin *t, struct walker *w)
{
    struct twin_rtc_kept *k = twin_rtc_kept(t);
    uint32_t *const words[] = {&k->tr,         &k->dr,         &k->cr,       &k->isr,
                               &k->prer,       &k->wutr,       &k->alrmr[0], &k->alrmr[1],
                               &k->alrmssr[0], &k->alrmssr[1], &k->other[0], &k->other[1],
                               &k->other[2]};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        walk_u32(w, words[i]);
    }
    if (w->what == WALK_LOAD) {
        twin_rtc_restored(t);
    }
}

static void walk_all(struct twin *t, struct walker *w)
{
    struct twin_flash *f = t->flash;
    walk_cells(w, &f->main);
    walk_cells(w, &f->system);
    walk_cells(w, &f->option);
    for (unsigned i = 0; i < FLASH_SECTORS_MAX; i++) {
        walk_u32(w, &f->erases[i]);
    }
    for (unsigned i = 0; i < TWIN_BACKUP_REGISTERS; i++) {
        walk_u32(w, &twin_backup_registers(t)[i]);
    }
    uint32_t bdcr = twin_rcc_bdcr(t);
    uint32_t regulator = *twin_backup_regulator(t);
    walk_u32(w, &bdcr);
    walk_u32(w, &regulator);
    twin_rcc_restore_bdcr(t, bdcr);
    *twin_backup_regulator(t) = regulator != 0;
    walk_bytes(w, twin_backup_sram(t), TWIN_BACKUP_SRAM_BYTES);
    if (w->version >= 2) {
        walk_rtc(t, w);
    }
}

static size_t file_size(struct twin *t, uint32_t version)
{
    struct walker w = {.what = WALK_SIZE, .version = version};
    walk_all(t, &w);
    return HEADER_BYTES + w.size + CRC_BYTES;
}

static uint32_t crc32(const uint8_t *data, size_t len)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        crc = (crc >> 4) ^ nibble[crc & 15];
        crc = (crc >> 4) ^ nibble[crc & 15];
    }
    return ~crc;
}

static void put_header(struct twin *t, uint8_t *file)
{
    uint32_t version = STATE_VERSION;
    uint32_t kib = t->config.flash_kib;
    struct walker w = {.what = WALK_SAVE, .at = file + sizeof magic};
    memcpy(file, magic, sizeof magic);
    walk_u32(&w, &version);
    walk_u32(&w, &kib);
}

static int fail(struct twin *t, int err, const char *what, const char *why)
{
    (void)snprintf(t->error, sizeof t->error, "state file %.120s: %s%s%s", t->config.state_path,
                   what, why[0] != '\0' ? ": " : "", why);
    return err;
}

/* With something behind it; the caller frees it. */
static char *path_beside(const char *file, const char *suffix)
{
    size_t room = strlen(file) + strlen(suffix) + 1;
    char *path = malloc(room);
    if (path != NULL) {
        (void)snprintf(path, room, "%s%s", file, suffix);
    }
    return path;
}

/* Where a link that leads to a file not there yet leads to; the caller frees it. */
static char *follow_link(const char *link)
{
    char target[4096];
    ssize_t n = readlink(link, target, sizeof target - 1);
    if (n < 0) {
        return path_beside(link, ""); /* no link: the file itself, still to be made */
    }
    target[n] = '\0';
    const char *slash = strrchr(link, '/');
    if (target[0] == '/' || slash == NULL) {
        return path_beside(target, "");
    }
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%.*s/", (int)(slash - link), link);
    return path_beside(folder, target);
}

/* The file itself, through links. */
static char *real_file(const char *path)
{
    char *real = realpath(path, NULL);
    return real != NULL || errno != ENOENT ? real : follow_link(path);
}

/* ---- one board a file ---- */
struct twin_state_lock {
    int file;
    char *path;   /* of the lock */
    char *target; /* of the state file itself */
};

/* The board that held the lock removes the file before it lets go: what was locked must still be
 * what others find. */
static bool is_still_there(int file, const char *path)
{
    struct stat locked, found;
    return fstat(file, &locked) == 0 && stat(path, &found) == 0 && locked.st_ino == found.st_ino &&
           locked.st_dev == found.st_dev;
}

/* The file, locked, or -1 with errno. */
static int open_locked(const char *path)
{
    enum { ATTEMPTS = 100 };
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (file < 0) {
            return -1;
        }
        if (flock(file, LOCK_EX | LOCK_NB) != 0) {
            int why = errno;
            (void)close(file);
            errno = why;
            return -1;
        }
        if (is_still_there(file, path)) {
            return file;
        }
        (void)close(file);
    }
    errno = EWOULDBLOCK;
    return -1;
}

static int take_lock(struct twin *t)
{
    struct twin_state_lock *lock = malloc(sizeof *lock);
    char *target = real_file(t->config.state_path);
    char *path = target == NULL ? NULL : path_beside(target, ".lock");
    int file = lock == NULL || path == NULL ? -1 : open_locked(path);
    if (file >= 0) {
        *lock = (struct twin_state_lock){file, path, target};
        t->state_lock = lock;
        return TWIN_OK;
    }
    int why = errno;
    free(lock);
    free(target);
    free(path);
    if (why == EWOULDBLOCK) {
        return fail(t, TWIN_ERR_FILE, "is in use by another twin", "");
    }
    return fail(t, TWIN_ERR_FILE, "cannot be written", strerror(why));
}

static void release_lock(struct twin *t)
{
    struct twin_state_lock *lock = t->state_lock;
    if (lock != NULL) {
        (void)unlink(lock->path);
        (void)close(lock->file);
        free(lock->path);
        free(lock->target);
        free(lock);
        t->state_lock = NULL;
    }
}

/* ---- saving ---- */
static int write_file(struct twin *t, const char *path, const uint8_t *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return fail(t, TWIN_ERR_FILE, "cannot be written", strerror(errno));
    }
    bool good = fwrite(data, 1, len, file) == len && fflush(file) == 0 && fsync(fileno(file)) == 0;
    int why = errno;
    if (fclose(file) != 0 && good) {
        good = false;
        why = errno;
    }
    if (!good) {
        (void)remove(path);
        return fail(t, TWIN_ERR_FILE, "cannot be written", strerror(why));
    }
    return TWIN_OK;
}

static int replace_file(struct twin *t, const uint8_t *data, size_t len)
{
    const char *target = t->state_lock->target;
    char *path = path_beside(target, ".new"); /* the lock keeps other boards away from it */
    if (path == NULL) {
        return fail(t, TWIN_ERR_MEMORY, "no memory to write it", "");
    }
    int err = write_file(t, path, data, len);
    if (err == TWIN_OK && rename(path, target) != 0) {
        err = fail(t, TWIN_ERR_FILE, "cannot be replaced", strerror(errno));
        (void)remove(path);
    }
    free(path);
    return err;
}

static int save(struct twin *t)
{
    size_t size = file_size(t, STATE_VERSION);
    uint8_t *file = malloc(size);
    if (file == NULL) {
        return fail(t, TWIN_ERR_MEMORY, "no memory to write it", "");
    }
    put_header(t, file);
    struct walker w = {.what = WALK_SAVE, .at = file + HEADER_BYTES, .version = STATE_VERSION};
    walk_all(t, &w);
    uint32_t crc = crc32(file, size - CRC_BYTES);
    walk_u32(&w, &crc);
    int err = replace_file(t, file, size);
    free(file);
    if (err == TWIN_OK) {
        t->saved_changes = t->state_changes;
    }
    return err;
}

bool twin_state_is_saved(const struct twin *t)
{
    return t->state_lock == NULL || t->saved_changes == t->state_changes;
}

uint64_t twin_state_changes(const struct twin *t)
{
    return t->state_changes;
}

int twin_checkpoint(struct twin *t)
{
    return twin_state_is_saved(t) ? TWIN_OK : save(t);
}

int twin_state_save(struct twin *t)
{
    if (t->state_lock == NULL) {
        return TWIN_OK; /* no state file, or a board that was never finished */
    }
    flash_op_tear(t); /* the end of the process is the end of the power */
    int err = save(t);
    release_lock(t);
    return err;
}

/* ---- loading ---- */
static int read_file(struct twin *t, FILE *file, uint8_t *data, size_t size, size_t *len)
{
    *len = fread(data, 1, size, file);
    if (ferror(file) != 0) {
        return fail(t, TWIN_ERR_FILE, "cannot be read", strerror(errno));
    }
    return TWIN_OK;
}

static uint32_t get_u32(uint8_t *at)
{
    uint32_t value = 0;
    struct walker w = {.what = WALK_LOAD, .at = at};
    walk_u32(&w, &value);
    return value;
}

static int check_file(struct twin *t, uint8_t *file, size_t len)
{
    if (len < HEADER_BYTES || memcmp(file, magic, sizeof magic) != 0) {
        return fail(t, TWIN_ERR_FORMAT, "is not a state file of the twin", "");
    }
    uint32_t version = get_u32(file + 8);
    if (version < STATE_OLDEST || version > STATE_VERSION) {
        return fail(t, TWIN_ERR_FORMAT, "was written by another version of the twin", "");
    }
    uint32_t kib = get_u32(file + 12);
    if (kib != t->config.flash_kib) {
        char why[64];
        (void)snprintf(why, sizeof why, "%u KiB of flash in the file, %u asked for", kib,
                       t->config.flash_kib);
        return fail(t, TWIN_ERR_FORMAT, "is of another part", why);
    }
    size_t size = file_size(t, version);
    if (len != size || get_u32(file + size - CRC_BYTES) != crc32(file, size - CRC_BYTES)) {
        return fail(t, TWIN_ERR_FORMAT, "is damaged", "");
    }
    return TWIN_OK;
}

static int load_from(struct twin *t, FILE *file)
{
    size_t size = file_size(t, STATE_VERSION);
    size_t len = 0;
    uint8_t *data = malloc(size + 1); /* one more shows a file that is too long */
    if (data == NULL) {
        return fail(t, TWIN_ERR_MEMORY, "no memory to read it", "");
    }
    int err = read_file(t, file, data, size + 1, &len);
    if (err == TWIN_OK) {
        err = check_file(t, data, len);
    }
    if (err == TWIN_OK) {
        struct walker w = {
            .what = WALK_LOAD, .at = data + HEADER_BYTES, .version = get_u32(data + 8)};
        walk_all(t, &w);
        twin_flash_memory_changed(t, FLASH_MAIN_BASE, t->flash->main.size);
        flash_option_reload(t);
    }
    free(data);
    t->saved_changes = t->state_changes;
    return err;
}

static int load_file(struct twin *t)
{
    FILE *file = fopen(t->config.state_path, "rb");
    if (file == NULL) {
        return errno == ENOENT ? TWIN_OK
                               : fail(t, TWIN_ERR_FILE, "cannot be read", strerror(errno));
    }
    int err = load_from(t, file);
    (void)fclose(file);
    return err;
}

int twin_state_load(struct twin *t)
{
    if (t->config.state_path == NULL) {
        return TWIN_OK;
    }
    int err = take_lock(t);
    if (err == TWIN_OK) {
        err = load_file(t);
        if (err != TWIN_OK) {
            release_lock(t);
        }
    }
    return err;
}

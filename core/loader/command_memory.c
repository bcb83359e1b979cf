/* SPDX-License-Identifier: MIT */
/* The commands that read, write, erase, check and start memory. */
#include "bytes.h"
#include "command.h"
#include "flash_hw.h"
#include "geometry.h"
#include "image.h"
#include "memory_map.h"
#include "region.h"
#include "verdict.h"

/* System memory, OTP, unique ID, flash size, option bytes: what a provisioned board shows. */
#define SYSTEM_SPAN   (MAP_OPTION_BASE + MAP_OPTION_SIZE - MAP_SYSTEM_BASE)
#define OTP_READ_SIZE (MAP_OTP_SIZE + MAP_OTP_LOCK_SIZE)
#define CODE_SIZE     2u
#define VECTORS_SIZE  8u /* the two words that image.h looks at */

static uint32_t command_flash_end(const struct loader *l)
{
    return geometry_flash_end(l->info.flash_kib);
}

static void command_memory_read(const struct loader *l, uint32_t addr, uint8_t *data, size_t len)
{
    memory_hw_read(l->update->flash, addr, data, len);
}

/* A range of len bytes at addr; an empty one is a wrong argument. */
static enum reason command_check_range(struct loader *l, enum region_access access, uint32_t addr,
                                       uint32_t len)
{
    l->detail = addr;
    if (len == 0) {
        return command_refuse(l, REASON_ARGUMENT, 0);
    }
    return region_check(access, addr, len, command_flash_end(l));
}

static bool command_is_system(uint32_t addr)
{
    return addr - MAP_SYSTEM_BASE < SYSTEM_SPAN;
}

/* What may be read: a provisioned board shows nothing that it runs or that came by. */
static enum reason command_check_read(struct loader *l, uint32_t addr, uint32_t len)
{
    if (!command_is_system(addr) && command_check_open(l) != REASON_NONE) {
        return REASON_PROVISIONED;
    }
    return command_check_range(l, REGION_READ, addr, len);
}

/* The same question where it counts (command.h). */
static bool command_may_show(const struct loader *l, uint32_t addr)
{
    return command_is_system(verdict_again(addr)) || command_is_open(l);
}

/* A host checks a whole image with one answer: addr32, len32. */
enum reason command_mem_crc(struct loader *l, const struct frame_request *request)
{
    uint32_t addr = load_le32(request->payload);
    uint32_t len = load_le32(request->payload + 4);
    enum reason reason = command_check_read(l, addr, len);

    if (reason != REASON_NONE) {
        return reason;
    }
    if (!command_may_show(l, addr)) {
        return REASON_PROVISIONED;
    }
    store_le32(command_append(l, 4), memory_hw_crc(l->update->flash, addr, len));
    return REASON_NONE;
}

enum reason command_read(struct loader *l, uint32_t addr, uint32_t len, uint8_t *out)
{
    enum reason reason = command_check_read(l, addr, len);

    if (reason != REASON_NONE) {
        return reason;
    }
    if (!command_may_show(l, addr)) {
        return REASON_PROVISIONED;
    }
    command_memory_read(l, addr, out, len);
    return REASON_NONE;
}

enum reason command_mem_read(struct loader *l, const struct frame_request *request)
{
    uint8_t len = request->payload[4];

    return command_read(l, load_le32(request->payload), len, command_append(l, len));
}

enum reason command_otp_read(struct loader *l, const struct frame_request *request)
{
    uint32_t offset = 0;
    uint8_t len = ANSWER_DATA_MAX;

    if (request->payload_len != 0) {
        offset = load_le16(request->payload);
        len = request->payload[2];
    }
    if (len == 0) {
        return command_refuse(l, REASON_ARGUMENT, 0);
    }
    if (offset + len > OTP_READ_SIZE) {
        return command_refuse(l, REASON_ADDRESS, MAP_OTP_BASE + offset);
    }
    command_memory_read(l, MAP_OTP_BASE + offset, command_append(l, len), len);
    return REASON_NONE;
}

enum reason command_erase_sectors(struct loader *l, unsigned bitmap)
{
    enum reason reason = command_check_protection(l, bitmap);

    if (reason == REASON_NONE) {
        reason = command_begin_direct(l);
    }
    if (reason != REASON_NONE || !command_is_open(l)) {
        return reason;
    }
    for (; bitmap != 0 && reason == REASON_NONE; bitmap &= bitmap - 1u) {
        reason = flash_hw_erase(l->update->flash, command_lowest_bit(bitmap), &l->detail);
    }
    return reason;
}

enum reason command_erase(struct loader *l, const struct frame_request *request)
{
    unsigned total = geometry_sector_count(l->info.flash_kib);
    unsigned first = request->payload[0];
    unsigned count = request->payload[1];

    if (command_check_open(l) != REASON_NONE) {
        return REASON_PROVISIONED;
    }
    if (first == ERASE_ALL_SECTORS) {
        first = MAP_BOOT_SECTORS;
        count = total - MAP_BOOT_SECTORS;
    }
    if (count == 0) {
        return command_refuse(l, REASON_ARGUMENT, 0);
    }
    if (first < MAP_BOOT_SECTORS) {
        return command_refuse(l, REASON_BOOTLOADER, first);
    }
    if (l->dialect == DIALECT_COURSE && first < total && first + count > total) {
        count = total - first; /* its hosts say 8 and mean what there is */
    }
    if (first + count > total) {
        return command_refuse(l, REASON_NO_SECTOR, first > total ? first : total);
    }
    return command_erase_sectors(l, ((1u << count) - 1u) << first);
}

/* Every byte is erased, or holds already what is to be written: bits would only go from 1 to 0, and
 * a frame that is sent twice changes nothing. */
static enum reason command_check_erased(struct loader *l, uint32_t addr, const uint8_t *data,
                                        unsigned len)
{
    uint8_t *old = command_append(l, 0); /* this command answers no data: the room is free */

    command_memory_read(l, addr, old, len);
    for (unsigned i = 0; i < len; i++) {
        if (old[i] != BLANK_BYTE && old[i] != data[i]) {
            return command_refuse(l, REASON_NOT_ERASED, addr + i);
        }
    }
    return REASON_NONE;
}

static enum reason command_write_flash(struct loader *l, uint32_t addr, const uint8_t *data,
                                       unsigned len)
{
    unsigned first = geometry_sector_at(addr);
    unsigned last = geometry_sector_at(addr + len - 1u);
    enum reason reason = command_check_protection(l, (2u << last) - (1u << first));

    if (reason == REASON_NONE) {
        reason = command_check_erased(l, addr, data, len);
    }
    if (reason == REASON_NONE) {
        reason = command_begin_direct(l);
    }
    if (reason != REASON_NONE || !command_is_open(l)) {
        return reason;
    }
    return flash_hw_program(l->update->flash, addr, data, len, &l->detail);
}

enum reason command_write(struct loader *l, uint32_t addr, const uint8_t *data, uint32_t len)
{
    enum reason reason;

    if (command_check_open(l) != REASON_NONE) {
        return REASON_PROVISIONED;
    }
    reason = command_check_range(l, REGION_WRITE, addr, len);
    if (reason != REASON_NONE) {
        return reason;
    }
    if (!command_is_open(l)) {
        return REASON_PROVISIONED;
    }
    if (addr - MAP_FLASH_BASE < MAP_FLASH_SIZE_MAX) {
        return command_write_flash(l, addr, data, len);
    }
    memory_hw_write(l->update->flash, addr, data, len);
    return REASON_NONE;
}

enum reason command_mem_write(struct loader *l, const struct frame_request *request)
{
    const uint8_t *payload = request->payload;

    return command_write(l, load_le32(payload), payload + 5, payload[4]);
}

static uint16_t command_code_at(const struct loader *l, uint32_t addr)
{
    uint8_t code[CODE_SIZE];

    command_memory_read(l, addr, code, sizeof code);
    return load_le16(code);
}

/* Whether addr holds a vector table that can be started; *entry is the code that would run. */
static bool command_is_image(const struct loader *l, uint32_t addr, uint32_t *entry)
{
    uint8_t words[VECTORS_SIZE];

    if (addr % IMAGE_ALIGNMENT != 0) {
        return false;
    }
    command_memory_read(l, addr, words, sizeof words); /* aligned: inside the region as well */
    if (!image_vectors_plausible(load_le32(words), load_le32(words + 4), command_flash_end(l))) {
        return false;
    }
    *entry = load_le32(words + 4) & ~1u;
    return true;
}

/* What a host means by addr: the course teaches to go to the reset handler of the application,
 * which is to start that. */
static uint32_t command_go_address(const struct loader *l, uint32_t addr)
{
    uint32_t handler;

    return command_is_image(l, MAP_APP_BASE, &handler) && handler == (addr & ~1u) ? MAP_APP_BASE
                                                                                  : addr;
}

/* Open: free. Else the application alone, and only if it verifies. */
static enum reason command_check_go(struct loader *l, uint32_t addr)
{
    struct package_check check = {.verdict = {VERDICT_BAD, VERDICT_BAD}};

    if (command_check_open(l) == REASON_NONE) {
        return REASON_NONE;
    }
    if (addr != MAP_APP_BASE) {
        return REASON_PROVISIONED;
    }
    l->detail = 0;
    update_verify_area(l->update, &check);
    return verdict_is_good(check.verdict[0]) && verdict_is_good(check.verdict[1])
               ? REASON_NONE
               : REASON_NOT_VERIFIED;
}

/* Where packages are in play the application starts as after a reset, which counts a start on trial
 * and verifies; all else is entered here, with the verdicts of an open board for who jumps: a
 * skipped instruction starts nothing. */
enum reason command_go_to(struct loader *l, uint32_t asked)
{
    uint32_t addr = command_go_address(l, asked);
    uint32_t entry = addr & ~1u;
    enum reason reason = command_check_go(l, addr);
    bool image;

    if (reason != REASON_NONE) {
        return reason;
    }
    l->target = entry;
    reason = command_check_range(l, REGION_EXECUTE, entry, CODE_SIZE);
    if (reason != REASON_NONE) {
        return command_refuse(l, reason, asked);
    }
    image = command_is_image(l, addr, &entry);
    if (command_code_at(l, entry) == IMAGE_ERASED_CODE) {
        return command_refuse(l, REASON_NO_CODE, image ? entry : asked);
    }
    l->go[0] = l->open[0];
    l->go[1] = l->open[1];
    l->after = image ? AFTER_GO_IMAGE : AFTER_GO_CODE;
    if (image && addr == MAP_APP_BASE && update_has_work(l->update)) {
        l->after = AFTER_START;
    }
    return REASON_NONE;
}

enum reason command_go(struct loader *l, const struct frame_request *request)
{
    return command_go_to(l, load_le32(request->payload));
}

enum reason command_reset(struct loader *l, const struct frame_request *request)
{
    uint8_t how = request->payload[0];

    switch (how) {
    case RESET_TO_BOOT:
        l->after = AFTER_RESET;
        break;
    case RESET_TO_LOADER:
        l->after = AFTER_RESET_STAY;
        break;
    case RESET_INSTALL:
        l->after = AFTER_RESET_INSTALL;
        break;
    default:
        return command_refuse(l, REASON_ARGUMENT, how);
    }
    return REASON_NONE;
}

/* SPDX-License-Identifier: MIT */
/* What a host, or a running application, may do next: all commands, with arguments that are right,
 * nearly right, and wrong. */
#include <stdio.h>
#include <string.h>

#include "command_stream.h"
#include "bytes.h"
#include "memory_map.h"
#include "verdict.h"
#include "walk_board.h"

enum { PIECE = 240, PROVISION_KEYS = 2, GARBAGE = 40, WRITE = 64 };

enum reason walk_send(struct walk_board *w, uint8_t code, const void *payload, size_t len)
{
    enum reason reason = loader_rig_command(&w->promise.rig, code, payload, len);

    walk_tell(w, "command %02x, %u bytes (%02x...): %02x", code, (unsigned)len,
              len == 0 ? 0 : ((const uint8_t *)payload)[0], (unsigned)reason);
    return reason;
}

static uint32_t slot_at(struct walk_board *w)
{
    return slot_addr(w->promise.rig.rig.hw.flash_kib, walk_pick(w, SLOT_COUNT));
}

static uint32_t trailer_at(struct walk_board *w)
{
    return slot_at(w) + slot_package_max(w->promise.rig.rig.hw.flash_kib);
}

/* ---- packages ---- */

void walk_choose_package(struct walk_board *w)
{
    const struct promise_package *known =
        &w->promise.known[walk_pick(w, PROMISE_KNOWN - PROMISE_RESCUES)];

    w->package = known->side->package;
    w->package_len = known->side->package_len;
    w->next = 0;
    if (walk_pick(w, 6) == 0 && w->package_len <= sizeof w->spoiled) {
        memcpy(w->spoiled, w->package, w->package_len);
        w->spoiled[walk_pick(w, w->package_len)] ^= (uint8_t)(1u << walk_pick(w, 8));
        w->package = w->spoiled;
    }
}

static void stage_begin(struct walk_board *w)
{
    uint8_t size[4];

    walk_choose_package(w);
    store_le32(size, walk_pick(w, 8) == 0 ? (uint32_t)walk_random(w) >> walk_pick(w, 32)
                                          : w->package_len);
    if (walk_send(w, COMMAND_STAGE_BEGIN, size, sizeof size) != REASON_NONE) {
        w->package = NULL;
    }
}

/* The next piece, the same once more, or some other. */
static void stage_write(struct walk_board *w)
{
    uint8_t payload[5 + PIECE] = {0};
    uint32_t n = PIECE;

    if (w->package != NULL && w->next < w->package_len) {
        n = w->package_len - w->next < n ? w->package_len - w->next : n;
        memcpy(payload + 5, w->package + w->next, n);
    }
    store_le32(payload, walk_pick(w, 12) == 0 ? w->next + walk_pick(w, 600) : w->next);
    payload[4] = (uint8_t)n;
    if (walk_send(w, COMMAND_STAGE_WRITE, payload, 5 + n) == REASON_NONE && walk_pick(w, 8) != 0) {
        w->next += n;
    }
}

static void stage_finish(struct walk_board *w)
{
    (void)walk_send(w, COMMAND_STAGE_FINISH, NULL, 0);
}

static void stage_all(struct walk_board *w)
{
    enum reason reason;

    walk_choose_package(w);
    walk_tell(w, "update, %u bytes%s", (unsigned)w->package_len,
              w->package == w->spoiled ? ", spoiled" : "");
    reason = loader_rig_stage(&w->promise.rig, w->package, w->package_len);
    walk_tell(w, "  %02x", (unsigned)reason);
}

static void confirm(struct walk_board *w)
{
    (void)walk_send(w, COMMAND_CONFIRM, NULL, 0);
}

static void roll_back(struct walk_board *w)
{
    (void)walk_send(w, COMMAND_ROLLBACK, NULL, 0);
}

/* With keys that somebody has, or not at all. */
static void provision(struct walk_board *w)
{
    uint8_t payload[PROVISION_HASHES + PROVISION_KEYS * DIGEST_SIZE];

    if (!w->promise.scenery.plan->enforced) {
        return; /* nobody has packages for it then */
    }
    store_le32(payload,
               walk_pick(w, 4) == 0 ? PROVISION_KEY ^ 1u << walk_pick(w, 32) : PROVISION_KEY);
    payload[PROVISION_COUNT] = PROVISION_KEYS;
    payload[PROVISION_IDENTITY] = 0;
    memcpy(payload + PROVISION_HASHES, w->promise.scenery.hashes, PROVISION_KEYS * DIGEST_SIZE);
    if (walk_pick(w, 8) == 0) { /* twice the same */
        memcpy(payload + PROVISION_HASHES + DIGEST_SIZE, payload + PROVISION_HASHES, DIGEST_SIZE);
    }
    (void)walk_send(w, COMMAND_PROVISION, payload, sizeof payload);
}

/* ---- memory ---- */

static void erase(struct walk_board *w)
{
    const uint8_t payload[2] = {walk_pick(w, 6) == 0 ? 0xFF : (uint8_t)walk_pick(w, 14),
                                (uint8_t)walk_pick(w, 5)};

    (void)walk_send(w, COMMAND_FLASH_ERASE, payload, sizeof payload);
}

static uint32_t some_address(struct walk_board *w)
{
    switch (walk_pick(w, 6)) {
    case 0:
        return MAP_APP_BASE + walk_pick(w, 4) * 8;
    case 1:
        return slot_at(w) + walk_pick(w, 64);
    case 2:
    case 3:
        return trailer_at(w) + (walk_pick(w, TRAILER_ATTEMPTS + 16) & ~3u);
    case 4:
        return trailer_at(w) + (walk_pick(w, TRAILER_SIZE) & ~3u);
    default:
        return (uint32_t)walk_random(w);
    }
}

/* Words that records are made of, contents, anything. */
static void fill(struct walk_board *w, uint8_t data[WRITE])
{
    static const uint32_t words[] = {FLAG_FIRST, FLAG_SECOND, LOG_DONE,   ATTEMPT_MADE,
                                     0,          1,           0xFFFFFFFEu};
    unsigned kind = walk_pick(w, 3);

    for (unsigned i = 0; i < WRITE; i += 4) {
        store_le32(data + i, kind == 0 ? (uint32_t)walk_random(w)
                                       : words[walk_pick(w, sizeof words / sizeof words[0])]);
    }
    if (kind == 2) {
        memcpy(data, w->promise.scenery.sides[WHO_FIRST].content, WRITE);
    }
}

static void write_memory(struct walk_board *w)
{
    uint8_t payload[5 + WRITE];
    uint8_t len = (uint8_t)(walk_pick(w, 3) == 0 ? 1 + walk_pick(w, WRITE) : 8);

    store_le32(payload, some_address(w));
    payload[4] = len;
    fill(w, payload + 5);
    (void)walk_send(w, COMMAND_MEM_WRITE, payload, 5u + len);
}

static void flash_directly(struct walk_board *w)
{
    const struct side *side = &w->promise.scenery.sides[WHO_PLAIN + walk_pick(w, 2)];
    enum reason reason;

    walk_tell(w, "direct flashing");
    reason = loader_rig_flash(&w->promise.rig, side->content, side->content_len);
    walk_tell(w, "  %02x", (unsigned)reason);
}

/* ---- protection, starting, the rest ---- */

static void protect(struct walk_board *w)
{
    uint8_t payload[7];
    size_t len = 2 + walk_pick(w, 2);
    uint8_t *mode = payload + len - 1;

    store_le16(payload, (uint16_t)walk_random(w) & (walk_pick(w, 2) == 0 ? 0xFFFF : 0x0FFC));
    if (len == 2) {
        payload[0] &= 0xFC;
    }
    *mode = (uint8_t)(walk_pick(w, 3) == 0 ? PROTECT_READ : PROTECT_WRITE);
    if (*mode == PROTECT_READ) {
        store_le32(payload + len, walk_pick(w, 2) == 0 ? PROTECT_READ_KEY : 0x31504453u);
        len += 4;
    }
    (void)walk_send(w, COMMAND_EN_RW_PROTECT, payload, len);
}

static void unprotect(struct walk_board *w)
{
    const uint8_t mode = (uint8_t)walk_pick(w, 3);

    (void)walk_send(w, COMMAND_DIS_R_W_PROTECT, &mode, walk_pick(w, 2));
}

/* Whether what lies in the area is there with its package. */
static bool area_is_known(struct walk_board *w)
{
    return promise_may_run(&w->promise, 0) || promise_may_run(&w->promise, 1) ||
           promise_may_run(&w->promise, SLOT_NONE);
}

static void go(struct walk_board *w)
{
    const struct loader *l = &w->promise.rig.loader;
    uint8_t payload[4];
    uint32_t target = walk_pick(w, 3) == 0 ? some_address(w) : MAP_APP_BASE;

    store_le32(payload, target);
    if (walk_send(w, COMMAND_GO_TO_ADDR, payload, sizeof payload) != REASON_NONE ||
        l->go[0] != VERDICT_GOOD || l->go[1] != VERDICT_GOOD) {
        return;
    }
    if ((target != MAP_APP_BASE || !area_is_known(w)) && !promise_is_open(&w->promise)) {
        (void)snprintf(w->promise.broken, sizeof w->promise.broken, "P3: GO starts %08x",
                       (unsigned)target);
        (void)snprintf(w->forged, sizeof w->forged, "P3");
    }
    w->package = NULL;
    w->running = true;
    w->wild = target != MAP_APP_BASE;
}

static void reset(struct walk_board *w)
{
    static const uint32_t requests[] = {0, BOOT_REQUEST_LOADER_RPC, BOOT_REQUEST_INSTALL};
    const uint8_t how = (uint8_t)walk_pick(w, 4);

    if (walk_send(w, COMMAND_RESET, &how, 1) == REASON_NONE) {
        const struct loader_rig_reset after = {walk_pick(w, 6) == 0, true, requests[how % 3]};
        walk_reset(w, &after);
    }
}

static void begin_stream(struct walk_board *w)
{
    uint8_t payload[STREAM_BEGIN_LENGTH] = {0};
    unsigned kind = walk_pick(w, 3);

    payload[STREAM_BEGIN_FLAGS] = (uint8_t)kind;
    payload[STREAM_BEGIN_SECTOR] = (uint8_t)(kind == STREAM_PACKAGE ? 0 : 1 + walk_pick(w, 6));
    store_le32(payload + STREAM_BEGIN_SIZE, 1 + walk_pick(w, 20000));
    store_le32(payload + STREAM_BEGIN_CONTENT, kind == STREAM_PACKED ? 20000 : 0);
    (void)walk_send(w, COMMAND_STREAM_BEGIN, payload, sizeof payload);
}

/* Any code from a little before the first to a little behind the last one, any bytes. */
static void garbage(struct walk_board *w)
{
    uint8_t payload[GARBAGE];

    for (unsigned i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)walk_random(w);
    }
    (void)walk_send(w, (uint8_t)(0x4F + walk_pick(w, 0x24)), payload, walk_pick(w, sizeof payload));
}

static void query(struct walk_board *w)
{
    static const uint8_t codes[] = {COMMAND_GET_VER,   COMMAND_GET_INFO,
                                    COMMAND_GET_SLOTS, COMMAND_GET_LAST_ERROR,
                                    COMMAND_OTP_READ,  COMMAND_READ_SECTOR_P_STATUS};

    (void)walk_send(w, codes[walk_pick(w, sizeof codes)], NULL, 0);
}

struct step {
    void (*run)(struct walk_board *w);
    unsigned weight;
};

static void run_one(struct walk_board *w, const struct step *steps)
{
    unsigned sum = 0;
    unsigned at;

    for (const struct step *s = steps; s->run != NULL; s++) {
        sum += s->weight;
    }
    at = walk_pick(w, sum);
    while (at >= steps->weight) {
        at -= steps->weight;
        steps++;
    }
    steps->run(w);
}

void walk_command(struct walk_board *w)
{
    static const struct step steps[] = {
        {stage_begin, 6},  {stage_write, 10},   {stage_finish, 5}, {stage_all, 14},
        {confirm, 5},      {roll_back, 3},      {provision, 2},    {erase, 3},
        {write_memory, 8}, {flash_directly, 3}, {protect, 3},      {unprotect, 3},
        {go, 5},           {reset, 14},         {begin_stream, 2}, {walk_stream, 8},
        {garbage, 4},      {query, 2},          {NULL, 0}};

    run_one(w, steps);
}

/* ---- a running application ---- */

/* The services have no memory to unpack with. */
static struct update_board services(struct walk_board *w)
{
    struct update_board u = w->promise.rig.rig.update;

    u.memory = NULL;
    u.dictionary = NULL;
    return u;
}

static void app_confirms(struct walk_board *w)
{
    const struct update_board u = services(w);
    uint32_t detail = 0;

    walk_tell(w, "application confirms: %02x", (unsigned)update_confirm(&u, &detail));
}

static void app_rolls_back(struct walk_board *w)
{
    const struct update_board u = services(w);
    uint32_t detail = 0;

    walk_tell(w, "application rolls back: %02x", (unsigned)update_rollback(&u, &detail));
}

static void app_stages(struct walk_board *w)
{
    const struct update_board u = services(w);
    struct update_stage stage = {0};
    uint32_t detail = 0;
    enum reason reason;

    walk_choose_package(w);
    walk_tell(w, "application stages %u bytes", (unsigned)w->package_len);
    reason = update_stage_begin(&u, &stage, w->package_len, &detail);
    while (reason == REASON_NONE && w->next < w->package_len) {
        uint32_t n = w->package_len - w->next < PIECE ? w->package_len - w->next : PIECE;
        reason = update_stage_write(&u, &stage, w->next, w->package + w->next, n, &detail);
        w->next += n;
    }
    if (reason == REASON_NONE && walk_pick(w, 8) != 0) {
        reason = update_stage_finish(&u, &stage, &detail);
    }
    walk_tell(w, "  %02x", (unsigned)reason);
}

static void app_resets(struct walk_board *w)
{
    const struct loader_rig_reset how = {false, true,
                                         walk_pick(w, 4) == 0 ? BOOT_REQUEST_LOADER : 0};

    walk_tell(w, "application resets");
    walk_reset(w, &how);
}

static void button_resets(struct walk_board *w)
{
    const struct loader_rig_reset how = {true, false, 0};

    walk_tell(w, "pin and button");
    walk_reset(w, &how);
}

void walk_application(struct walk_board *w)
{
    static const struct step steps[] = {{app_confirms, 4}, {app_rolls_back, 1}, {app_stages, 4},
                                        {app_resets, 6},   {button_resets, 6},  {NULL, 0}};

    if (w->wild) {
        button_resets(w);
    } else {
        run_one(w, steps);
    }
}

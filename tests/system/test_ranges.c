/* SPDX-License-Identifier: MIT */
/*
 * Every range is checked whole before anything is touched: first, last, crossing and overflowing
 * addresses of each region, for reading, CRC, writing and going, on both flash sizes (PROTOCOL.md,
 * "Ranges").
 */
#include "system.h"

/* END stands for the end of flash, which depends on the part. */
enum { END = 0x7F000000, BACKUP_BASE = 0x40024000 };
struct row {
    uint32_t addr, len;
    enum wire_reason reason; /* WIRE_NONE: allowed */
};

static uint32_t resolve(const struct board *b, uint32_t addr)
{
    uint32_t end = FLASH_BASE + b->flash_kib * 1024;
    return addr - END < 0x1000u || END - addr < 0x1000u ? addr - END + end : addr;
}

static const struct row readable[] = {
    {FLASH_BASE, 255, WIRE_NONE},
    {APP_BASE - 100, 200, WIRE_NONE},
    {END - 255, 255, WIRE_NONE},
    {END - 1, 1, WIRE_NONE},
    {0x20000000, 255, WIRE_NONE},
    {FREE_SRAM_BASE - 128, 255, WIRE_NONE},
    {0x2001FF01, 255, WIRE_NONE},
    {0x2001FFFF, 1, WIRE_NONE},
    {CCM_BASE, 255, WIRE_NONE},
    {0x1000FF01, 255, WIRE_NONE},
    {0x1FFF0000, 255, WIRE_NONE},
    {0x1FFF77FF, 1, WIRE_NONE},
    {OTP_BASE, 255, WIRE_NONE},
    {0x1FFF79FF, 1, WIRE_NONE},
    {0x1FFF7A00, 16, WIRE_NONE},
    {0x1FFF7A0F, 1, WIRE_NONE},
    {UID_BASE, 12, WIRE_NONE},
    {0x1FFF7A22, 2, WIRE_NONE},
    {OPTION_BASE, 16, WIRE_NONE},
    {OPTION_BASE + 15, 1, WIRE_NONE},
    {0x00000000, 1, WIRE_ADDRESS},
    {0x00000000, 255, WIRE_ADDRESS},
    {0x07FFFFFF, 1, WIRE_ADDRESS},
    {0x07FFFFFF, 2, WIRE_ADDRESS},
    {0x07FFFF80, 255, WIRE_ADDRESS},
    {END, 1, WIRE_ADDRESS},
    {END - 1, 2, WIRE_ADDRESS},
    {END - 254, 255, WIRE_ADDRESS},
    {0x08100000, 1, WIRE_ADDRESS},
    {0x0FFFFFFF, 1, WIRE_ADDRESS},
    {0x0FFFFFFF, 2, WIRE_ADDRESS},
    {0x1000FFFF, 2, WIRE_ADDRESS},
    {0x10010000, 1, WIRE_ADDRESS},
    {0x1FFEFFFF, 1, WIRE_ADDRESS},
    {0x1FFEFFFF, 2, WIRE_ADDRESS},
    {0x1FFF7A24, 1, WIRE_ADDRESS},
    {0x1FFF7B00, 1, WIRE_ADDRESS},
    {0x1FFFBFFF, 1, WIRE_ADDRESS},
    {0x1FFFBFFF, 2, WIRE_ADDRESS},
    {0x1FFFC010, 1, WIRE_ADDRESS},
    {0x1FFFC000, 17, WIRE_ADDRESS},
    {0x1FFFFFFF, 1, WIRE_ADDRESS},
    {0x1FFFFFFF, 2, WIRE_ADDRESS},
    {0x2001FFFF, 2, WIRE_ADDRESS},
    {0x2001FF02, 255, WIRE_ADDRESS},
    {0x20020000, 1, WIRE_ADDRESS},
    {0x22000000, 4, WIRE_ADDRESS},
    {0x40000000, 4, WIRE_ADDRESS},
    {0x40004404, 1, WIRE_ADDRESS},
    {0x40023C00, 4, WIRE_ADDRESS},
    {BACKUP_BASE, 255, WIRE_NONE},
    {BACKUP_BASE + 0xFFD, 3, WIRE_NONE},
    {BACKUP_BASE - 1, 2, WIRE_ADDRESS},
    {BACKUP_BASE + 0xFFF, 2, WIRE_ADDRESS},
    {BACKUP_BASE + 0x1000, 1, WIRE_ADDRESS},
    {0x42000000, 4, WIRE_ADDRESS},
    {0x60000000, 4, WIRE_ADDRESS},
    {0x80000000, 4, WIRE_ADDRESS},
    {0xA0000000, 4, WIRE_ADDRESS},
    {0xE000E000, 4, WIRE_ADDRESS},
    {0xE0042000, 4, WIRE_ADDRESS},
    {0xFFFFFFFF, 1, WIRE_ADDRESS},
    {0xFFFFFFFF, 255, WIRE_ADDRESS},
    {0xFFFFFF80, 255, WIRE_ADDRESS},
};

static void test_ranges_read(void **state)
{
    struct board *b = open_variant(state);
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
        const struct row *r = &readable[i];
        uint32_t addr = resolve(b, r->addr);
        uint8_t payload[5];
        uint8_t data[255];
        (void)addr_n(payload, addr, r->len);
        if (r->reason != WIRE_NONE) {
            board_refused(b, MEM_READ, payload, 5, r->reason, addr);
            continue;
        }
        board_query(b, MEM_READ, payload, 5, data, r->len);
        bool peeked = addr < BACKUP_BASE && (addr < 0x20000000 || addr >= FREE_SRAM_BASE);
        if (peeked) { /* the loader's own SRAM is alive */
            board_assert_flash(b, addr, data, r->len);
        }
    }
    board_close(b);
}

static void test_ranges_crc(void **state)
{
    static const struct row more[] = {
        {0x20000000, 0x20000, WIRE_NONE},       {0x20000000, 0x20001, WIRE_ADDRESS},
        {CCM_BASE, 0x10000, WIRE_NONE},         {CCM_BASE, 0x10001, WIRE_ADDRESS},
        {FLASH_BASE, 0x100001, WIRE_ADDRESS},   {FLASH_BASE, 0xFFFFFFFF, WIRE_ADDRESS},
        {APP_BASE, 0xFFFFFFFF, WIRE_ADDRESS},   {APP_BASE, 0xF7FF8000, WIRE_ADDRESS},
        {APP_BASE, 0xF7FF8001, WIRE_ADDRESS},   {0xFFFFFFFF, 0xFFFFFFFF, WIRE_ADDRESS},
        {0x20004000, 0xE7FFC001, WIRE_ADDRESS}, {0x1FFF0000, 0x7800, WIRE_NONE},
        {0x20000000, 0x80000000, WIRE_ADDRESS}, {0x00000000, 0xFFFFFFFF, WIRE_ADDRESS},
    };
    uint8_t payload[8];
    uint8_t crc[4];
    struct board *b = open_variant(state);
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
        uint32_t addr = resolve(b, readable[i].addr);
        (void)addr_len(payload, addr, readable[i].len);
        if (readable[i].reason != WIRE_NONE) {
            board_refused(b, MEM_CRC, payload, 8, readable[i].reason, addr);
        } else {
            board_query(b, MEM_CRC, payload, 8, crc, 4);
        }
    }
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        (void)addr_len(payload, more[i].addr, more[i].len);
        if (more[i].reason != WIRE_NONE) {
            board_refused(b, MEM_CRC, payload, 8, more[i].reason, more[i].addr);
        } else {
            board_query(b, MEM_CRC, payload, 8, crc, 4);
        }
    }
    board_close(b);
}

static void test_ranges_empty(void **state)
{
    uint8_t payload[8];
    struct board *b = open_variant(state);
    board_refused(b, MEM_READ, addr_n(payload, APP_BASE, 0), 5, WIRE_ARGUMENT, 0);
    board_refused(b, MEM_WRITE, addr_n(payload, APP_BASE, 0), 5, WIRE_ARGUMENT, 0);
    board_refused(b, MEM_CRC, addr_len(payload, APP_BASE, 0), 8, WIRE_ARGUMENT, 0);
    wire_put32(payload, 0);
    board_refused(b, OTP_READ, payload, 3, WIRE_ARGUMENT, 0);
    board_close(b);
}

static const struct row writable[] = {
    {APP_BASE, 200, WIRE_NONE},          {END - 200, 200, WIRE_NONE},
    {FREE_SRAM_BASE, 200, WIRE_NONE},    {FREE_SRAM_END - 200, 200, WIRE_NONE},
    {CCM_BASE, 200, WIRE_NONE},          {0x1000FF38, 200, WIRE_NONE},
    {FLASH_BASE, 1, WIRE_BOOTLOADER},    {FLASH_BASE, 200, WIRE_BOOTLOADER},
    {0x08004000, 4, WIRE_BOOTLOADER},    {APP_BASE - 1, 1, WIRE_BOOTLOADER},
    {APP_BASE - 1, 2, WIRE_BOOTLOADER},  {APP_BASE - 100, 200, WIRE_BOOTLOADER},
    {0x20000000, 4, WIRE_BOOTLOADER},    {0x20003FFF, 1, WIRE_BOOTLOADER},
    {0x20003FFF, 2, WIRE_BOOTLOADER},    {FREE_SRAM_END - 1, 2, WIRE_BOOTLOADER},
    {FREE_SRAM_END, 4, WIRE_BOOTLOADER}, {0x2001FFBF, 1, WIRE_BOOTLOADER},
    {BOOT_REQUEST, 4, WIRE_BOOTLOADER},  {0x2001FFFF, 1, WIRE_BOOTLOADER},
    {END - 1, 2, WIRE_ADDRESS},          {END, 1, WIRE_ADDRESS},
    {0x07FFFFFF, 1, WIRE_ADDRESS},       {0x00008000, 4, WIRE_ADDRESS},
    {0x1000FFFF, 2, WIRE_ADDRESS},       {0x10010000, 1, WIRE_ADDRESS},
    {0x1FFF0000, 4, WIRE_ADDRESS},       {OTP_BASE, 4, WIRE_ADDRESS},
    {0x1FFF7A00, 1, WIRE_ADDRESS},       {UID_BASE, 1, WIRE_ADDRESS},
    {OPTION_BASE, 2, WIRE_ADDRESS},      {OPTION_BASE + 8, 2, WIRE_ADDRESS},
    {0x20020000, 1, WIRE_ADDRESS},       {0x22080000, 4, WIRE_ADDRESS},
    {0x40023C04, 4, WIRE_ADDRESS},       {0x40020014, 4, WIRE_ADDRESS},
    {BACKUP_BASE - 1, 2, WIRE_ADDRESS},  {BACKUP_BASE + 0xFFF, 2, WIRE_ADDRESS},
    {0xE000ED0C, 4, WIRE_ADDRESS},       {0xFFFFFFFF, 1, WIRE_ADDRESS},
    {0xFFFFFF80, 200, WIRE_ADDRESS},
};

static void test_ranges_write(void **state)
{
    uint8_t data[200];
    uint64_t seed = 6;
    struct board *b = open_variant(state);
    random_fill(&seed, data, sizeof data);
    for (size_t i = 0; i < sizeof writable / sizeof writable[0]; i++) {
        const struct row *r = &writable[i];
        uint32_t addr = resolve(b, r->addr);
        uint8_t payload[255];
        size_t n = wire_write_payload(payload, addr, data, r->len);
        if (r->reason == WIRE_NONE) {
            board_ok(b, MEM_WRITE, payload, n, NULL, 0);
            board_assert_flash(b, addr, data, r->len);
            continue;
        }
        struct snapshot *s = snapshot_take(b);
        board_refused(b, MEM_WRITE, payload, n, r->reason, addr);
        snapshot_assert_same(b, s);
    }
    board_close(b);
}

static void test_ranges_go(void **state)
{
    static const struct row rows[] = {
        {FLASH_BASE, 0, WIRE_BOOTLOADER},    {FLASH_BASE + 0x101, 0, WIRE_BOOTLOADER},
        {APP_BASE - 2, 0, WIRE_BOOTLOADER},  {0x20000000, 0, WIRE_BOOTLOADER},
        {0x20003FFE, 0, WIRE_BOOTLOADER},    {BOOT_REQUEST, 0, WIRE_BOOTLOADER},
        {0x2001FFFE, 0, WIRE_BOOTLOADER},    {CCM_BASE, 0, WIRE_ADDRESS},
        {CCM_BASE + 0x200, 0, WIRE_ADDRESS}, {0x1FFF0000, 0, WIRE_ADDRESS},
        {0x1FFF0004, 0, WIRE_ADDRESS},       {OTP_BASE, 0, WIRE_ADDRESS},
        {0x00000000, 0, WIRE_ADDRESS},       {0x00008000, 0, WIRE_ADDRESS},
        {0x40000000, 0, WIRE_ADDRESS},       {END, 0, WIRE_ADDRESS},
        {0x08100000, 0, WIRE_ADDRESS},       {0x20020000, 0, WIRE_ADDRESS},
        {0xE000E000, 0, WIRE_ADDRESS},       {0xFFFFFFFE, 0, WIRE_ADDRESS},
        {0xFFFFFFFF, 0, WIRE_ADDRESS},       {APP_BASE, 0, WIRE_NO_CODE},
        {END - 2, 0, WIRE_NO_CODE},          {APP_BASE + 0x200, 0, WIRE_NO_CODE},
        {APP_BASE + 0x305, 0, WIRE_NO_CODE},
    };
    struct board *b = open_variant(state);
    unsigned resets = b->resets;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t payload[4];
        uint32_t addr = resolve(b, rows[i].addr);
        wire_put32(payload, addr);
        board_refused(b, GO_TO_ADDR, payload, 4, rows[i].reason, addr);
    }
    assert_int_equal(b->resets, resets);
    board_close(b);
}

/* Every pair of sector and count. */
static enum wire_reason erase_reason(const struct board *b, unsigned sector, unsigned count,
                                     uint32_t *detail)
{
    unsigned sectors = board_sector_count(b);
    *detail = sector;
    if (count == 0) {
        *detail = 0;
        return WIRE_ARGUMENT;
    }
    if (sector < 2) {
        return WIRE_BOOTLOADER;
    }
    if (sector >= sectors) {
        return WIRE_NO_SECTOR;
    }
    *detail = sectors;
    if (b->dialect == WIRE_COURSE) {
        return WIRE_NONE; /* what is past the part is left out */
    }
    return sector + count > sectors ? WIRE_NO_SECTOR : WIRE_NONE;
}

static void test_ranges_erase_refused(void **state)
{
    static const uint8_t sectors[] = {0, 1, 2, 3, 7, 8, 11, 12, 13, 31, 127, 128, 254};
    static const uint8_t counts[] = {0, 1, 2, 6, 7, 10, 11, 12, 128, 254, 255};
    uint8_t noise[1024];
    uint64_t seed = 4;
    struct board *b = open_variant(state);
    random_fill(&seed, noise, sizeof noise);
    board_poke(b, APP_BASE, noise, sizeof noise);
    struct snapshot *s = snapshot_take(b);
    for (size_t i = 0; i < sizeof sectors; i++) {
        for (size_t k = 0; k < sizeof counts; k++) {
            uint8_t payload[2] = {sectors[i], counts[k]};
            uint32_t detail;
            enum wire_reason reason = erase_reason(b, sectors[i], counts[k], &detail);
            if (reason != WIRE_NONE && !(counts[k] == 0 && sectors[i] < 2)) {
                board_refused(b, FLASH_ERASE, payload, 2, reason, detail);
            }
        }
    }
    snapshot_assert_same(b, s);
    board_close(b);
}

/* Counts past the part, as hosts of the course send them. */
static void test_ranges_erase_course_counts(void **state)
{
    static const uint8_t from_3[2] = {3, 8};
    uint8_t *noise = malloc(0x100000);
    const struct variant *v = *state;
    struct board *b = open_variant(state);
    size_t end = (size_t)b->flash_kib * 1024;
    size_t spared = 0xC000;
    size_t erased_end = v->flash_kib == 512 ? 0x80000 : 0xE0000; /* sectors 3 to 10 of 12 */
    assert_non_null(noise);
    b->dialect = WIRE_COURSE;
    memset(noise, 0x5A, 0x100000);
    board_peek(b, FLASH_BASE, noise, APP_BASE - FLASH_BASE);
    board_poke(b, APP_BASE, noise + 0x8000, end - 0x8000);
    board_ok(b, FLASH_ERASE, from_3, 2, NULL, 0);
    memset(noise + spared, 0xFF, erased_end - spared);
    board_assert_flash(b, FLASH_BASE, noise, end);
    free(noise);
    board_close(b);
}

/* Any address and length, whether words or not; it stays over a reset, and a write is a write. */
static void test_ranges_backup_sram(void **state)
{
    uint8_t data[240];
    uint8_t payload[255];
    uint8_t crc[4];
    uint8_t how = 1;
    uint64_t seed = 77;
    struct board *b = open_variant(state);
    random_fill(&seed, data, sizeof data);
    board_ok(b, MEM_WRITE, payload, wire_write_payload(payload, BACKUP_BASE + 1, data, 240), NULL,
             0);
    board_ok(b, MEM_WRITE, payload, wire_write_payload(payload, BACKUP_BASE + 0xFFF, data, 1), NULL,
             0);
    data[7] = 0x5A;
    board_ok(b, MEM_WRITE, payload, wire_write_payload(payload, BACKUP_BASE + 8, data + 7, 1), NULL,
             0);
    board_ok(b, RESET, &how, 1, NULL, 0);
    (void)board_run(b, MS(200));
    board_ok(b, MEM_READ, addr_n(payload, BACKUP_BASE + 1, 240), 5, data, 240);
    board_ok(b, MEM_READ, addr_n(payload, BACKUP_BASE + 0xFFF, 1), 5, data, 1);
    wire_put32(crc, wire_crc(data, 240));
    board_ok(b, MEM_CRC, addr_len(payload, BACKUP_BASE + 1, 240), 8, crc, 4);
    board_close(b);
}

static void fill_flash(struct board *b, uint8_t *copy)
{
    uint64_t seed = 13;
    size_t boot = APP_BASE - FLASH_BASE;
    size_t rest = (size_t)b->flash_kib * 1024 - boot;
    board_peek(b, FLASH_BASE, copy, boot);
    random_fill(&seed, copy + boot, rest);
    board_poke(b, APP_BASE, copy + boot, rest);
}

static uint32_t sector_start(unsigned sector)
{
    if (sector < 4) {
        return FLASH_BASE + sector * 0x4000u;
    }
    return sector == 4 ? 0x08010000u : FLASH_BASE + (sector - 4) * 0x20000u;
}

/* Erasing some sectors erases those and no others; FF erases all behind the bootloader. */
static void test_ranges_erase(void **state)
{
    static const uint8_t rows[][2] = {{2, 1}, {3, 2}, {7, 1}, {6, 2}, {0xFF, 0}, {0xFF, 7}};
    struct board *b = open_variant(state);
    size_t size = (size_t)b->flash_kib * 1024;
    uint8_t *flash = malloc(size);
    assert_non_null(flash);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool all = rows[i][0] == 0xFF;
        uint32_t from = sector_start(all ? 2 : rows[i][0]);
        uint32_t to = sector_start(all ? board_sector_count(b) : rows[i][0] + rows[i][1]);
        fill_flash(b, flash);
        board_erase(b, rows[i][0], rows[i][1]);
        memset(flash + (from - FLASH_BASE), 0xFF, to - from);
        board_assert_flash(b, FLASH_BASE, flash, size);
    }
    assert_int_equal(twin_sector_erases(b->twin, 0), 0);
    assert_int_equal(twin_sector_erases(b->twin, 1), 0);
    assert_int_equal(twin_sector_erases(b->twin, 4), 3);
    free(flash);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALL(test_ranges_read),         SIZES(test_ranges_crc),
        BOTH(test_ranges_empty),       ALL(test_ranges_write),
        ALL(test_ranges_go),           ALL(test_ranges_erase_refused),
        ALL(test_ranges_erase),        ALL(test_ranges_erase_course_counts),
        BOTH(test_ranges_backup_sram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

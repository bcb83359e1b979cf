/* SPDX-License-Identifier: MIT */
/*
 * Random commands, good and bad, in both dialects, with resets and power cuts between them, against
 * a simple model of what the flash, its protection and the free SRAM should hold. The seed is
 * printed and may be set with ARAREXT_SEED, the number of commands with ARAREXT_RANDOM_COMMANDS.
 */
#include "system.h"

enum { SRAM_SIZE = FREE_SRAM_END - FREE_SRAM_BASE, DEFAULT_COMMANDS = 2500, CHECK_EVERY = 250 };

struct model {
    struct board *board;
    uint64_t seed;
    uint8_t flash[0x100000];
    uint8_t sram[SRAM_SIZE];
    uint16_t nwrp;
    bool decided; /* a dialect is chosen */
    unsigned failures;
    unsigned done[16], refused; /* what has happened, so that the run can be seen to do something */
};

static uint32_t pick(struct model *m, uint32_t limit)
{
    return random_below(&m->seed, limit);
}

static uint32_t flash_size(const struct model *m)
{
    return m->board->flash_kib * 1024;
}

static unsigned sector_of(uint32_t addr)
{
    uint32_t offset = addr - FLASH_BASE;
    if (offset < 0x10000) {
        return offset / 0x4000;
    }
    return offset < 0x20000 ? 4 : 4 + offset / 0x20000;
}

static uint32_t sector_size(unsigned sector)
{
    return sector < 4 ? 0x4000 : sector == 4 ? 0x10000 : 0x20000;
}

static uint32_t sector_start(unsigned sector)
{
    if (sector < 4) {
        return FLASH_BASE + sector * 0x4000;
    }
    return sector == 4 ? 0x08010000 : FLASH_BASE + (sector - 4) * 0x20000;
}

static void check_memory(struct model *m)
{
    board_assert_flash(m->board, FLASH_BASE, m->flash, flash_size(m));
    board_assert_flash(m->board, FREE_SRAM_BASE, m->sram, sizeof m->sram);
    uint32_t rdp = board_peek32(m->board, OPTION_BASE) >> 8 & 0xFF;
    assert_int_equal(rdp, 0xAA);
}

/* A command with a good frame: it must succeed, or fail as the dialect fails. */
static void expect_command(struct model *m, unsigned command, const uint8_t *payload, size_t n,
                           bool good)
{
    static const uint8_t nack = 0x7F;
    m->decided = true;
    if (good) {
        board_ok(m->board, command, payload, n, NULL, 0);
        return;
    }
    m->refused++;
    m->failures++;
    board_request(m->board, command, payload, n);
    if (m->board->dialect == WIRE_COURSE && wire_answers_status(command)) {
        assert_true(board_wait(m->board, 3, MS(200)));
        assert_int_equal(m->board->rx_len, 3);
        assert_int_equal(m->board->rx[0], 0xA5);
        assert_int_equal(m->board->rx[1], 1);
        assert_int_not_equal(m->board->rx[2], 0);
        m->board->rx_len = 0;
    } else {
        (void)board_expect(m->board, &nack, 1, MS(100));
    }
}

/* Addresses that meet each other: near sector borders and near what was written before. */
static uint32_t pick_address(struct model *m)
{
    switch (pick(m, 4)) {
    case 0:
        return FLASH_BASE + pick(m, flash_size(m) + 0x100);
    case 1:
        return sector_start(pick(m, board_sector_count(m->board))) - 32 + pick(m, 64);
    default:
        return APP_BASE + pick(m, 0x400);
    }
}

static bool write_is_good(const struct model *m, uint32_t addr, const uint8_t *data, size_t n)
{
    if (addr < APP_BASE || n == 0 || addr + n > FLASH_BASE + flash_size(m)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t at = addr + (uint32_t)i;
        uint8_t old = m->flash[at - FLASH_BASE];
        if ((m->nwrp >> sector_of(at) & 1) == 0 || (old != 0xFF && old != data[i])) {
            return false;
        }
    }
    return true;
}

static size_t make_write(struct model *m, uint8_t payload[255], uint32_t *addr, size_t *len)
{
    uint8_t data[249];
    *addr = pick_address(m);
    *len = 1 + pick(m, m->board->dialect == WIRE_COURSE ? 245 : 249);
    random_fill(&m->seed, data, sizeof data);
    return wire_write_payload(payload, *addr, data, *len);
}

static void do_write(struct model *m)
{
    uint8_t payload[255];
    uint32_t addr;
    size_t len;
    size_t n = make_write(m, payload, &addr, &len);
    bool good = write_is_good(m, addr, payload + 5, len);
    expect_command(m, MEM_WRITE, payload, n, good);
    if (good) {
        memcpy(m->flash + (addr - FLASH_BASE), payload + 5, len);
        m->done[0]++;
        if (pick(m, 4) == 0) {
            expect_command(m, MEM_WRITE, payload, n, true); /* sent again */
        }
    }
}

static void do_write_sram(struct model *m)
{
    uint8_t payload[255];
    uint8_t data[240];
    uint32_t addr = FREE_SRAM_BASE - 128 + pick(m, SRAM_SIZE + 256);
    size_t len = 1 + pick(m, sizeof data);
    random_fill(&m->seed, data, sizeof data);
    bool good = addr >= FREE_SRAM_BASE && addr + len <= FREE_SRAM_END;
    expect_command(m, MEM_WRITE, payload, wire_write_payload(payload, addr, data, len), good);
    if (good) {
        memcpy(m->sram + (addr - FREE_SRAM_BASE), data, len);
        m->done[1]++;
    }
}

static void do_erase(struct model *m)
{
    uint8_t sector = (uint8_t)(pick(m, 10) != 0 ? 2 + pick(m, 2) : pick(m, 14));
    uint8_t count = (uint8_t)(pick(m, 8) != 0 ? 1 : pick(m, 3));
    uint8_t payload[2] = {sector, count};
    unsigned sectors = board_sector_count(m->board);
    unsigned end = (unsigned)sector + count;
    if (m->board->dialect == WIRE_COURSE && sector < sectors && end > sectors) {
        end = sectors; /* what is past the part is left out */
    }
    bool good = count > 0 && sector >= 2 && end <= sectors;
    for (unsigned s = sector; good && s < end; s++) {
        good = (m->nwrp >> s & 1) != 0;
    }
    expect_command(m, FLASH_ERASE, payload, 2, good);
    for (unsigned s = sector; good && s < end; s++) {
        memset(m->flash + (sector_start(s) - FLASH_BASE), 0xFF, sector_size(s));
        m->done[2]++;
    }
}

static void do_read(struct model *m)
{
    uint8_t payload[5];
    bool flash = pick(m, 2) == 0;
    uint32_t base = flash ? FLASH_BASE : FREE_SRAM_BASE;
    uint32_t size = flash ? flash_size(m) : SRAM_SIZE;
    const uint8_t *memory = flash ? m->flash : m->sram;
    uint32_t at = flash && pick(m, 2) == 0 ? 0x8000 + pick(m, 0x500) : pick(m, size);
    uint32_t n = 1 + pick(m, 255);
    n = n > size - at ? size - at : n;
    (void)addr_n(payload, base + at, n);
    board_ok(m->board, MEM_READ, payload, 5, memory + at, n);
    m->decided = true;
    m->done[3]++;
}

static void do_crc(struct model *m)
{
    uint8_t payload[8];
    uint8_t crc[4];
    uint32_t at = pick(m, flash_size(m));
    uint32_t n = 1 + pick(m, 5000);
    n = n > flash_size(m) - at ? flash_size(m) - at : n;
    wire_put32(crc, wire_crc(m->flash + at, n));
    board_ok(m->board, MEM_CRC, addr_len(payload, FLASH_BASE + at, n), 8, crc, 4);
    m->decided = true;
    m->done[4]++;
}

static void do_protect(struct model *m)
{
    uint16_t bitmap = (uint16_t)(1u << pick(m, 14));
    uint8_t payload[3];
    uint8_t status[2];
    unsigned bad = board_sector_count(m->board) == 8 ? 0xFF03 : 0xF003;
    wire_put16(payload, bitmap);
    payload[2] = 1;
    expect_command(m, EN_RW_PROTECT, payload, 3, (bitmap & bad) == 0);
    if ((bitmap & bad) == 0) {
        m->nwrp = (uint16_t)(m->nwrp & ~bitmap);
        m->done[5]++;
    }
    wire_put16(status, m->nwrp);
    board_ok(m->board, READ_SECTOR_P_STATUS, NULL, 0, status, 2);
}

static void do_unprotect(struct model *m)
{
    expect_command(m, DIS_R_W_PROTECT, NULL, 0, true);
    m->nwrp = 0xFFF;
    m->done[6]++;
}

/* A good write frame with one bit wrong, anywhere but in Length. */
static void do_damaged(struct model *m)
{
    static const uint8_t nack = 0x7F;
    uint8_t payload[255];
    uint8_t frame[WIRE_FRAME_MAX];
    uint32_t addr;
    size_t write_len;
    size_t n = make_write(m, payload, &addr, &write_len);
    size_t len = wire_request(frame, m->board->dialect, MEM_WRITE, payload, n);
    frame[1 + pick(m, (uint32_t)len - 1)] ^= (uint8_t)(1u << pick(m, 8));
    board_send(m->board, frame, len);
    (void)board_expect(m->board, &nack, 1, MS(1050));
    m->failures++;
    m->done[7]++;
}

static void do_noise(struct model *m)
{
    static const uint8_t nack = 0x7F;
    uint8_t noise[300];
    size_t len = 1 + pick(m, sizeof noise);
    random_fill(&m->seed, noise, len);
    board_send(m->board, noise, len);
    (void)board_expect(m->board, &nack, 1, MS(1050));
    m->failures++;
    m->done[8]++;
}

static bool is_command(unsigned code)
{
    return (code >= 0x51 && code <= 0x5C) || (code >= 0x60 && code <= 0x6E);
}

/* Any command code but those that leave the bootloader or would be good, with a random payload. */
static void do_nonsense(struct model *m)
{
    uint8_t payload[255];
    unsigned command = pick(m, 256);
    size_t n = 9 + pick(m, 200);
    random_fill(&m->seed, payload, sizeof payload);
    if (command == MEM_WRITE) {
        payload[4] = (uint8_t)(n - 4);
    }
    uint8_t answer[7] = {0x7F};
    size_t len = 1;
    if (!m->decided) { /* a command that there is not does not decide the course dialect */
        static const uint8_t version = 0x10;
        board_ok(m->board, GET_VER, NULL, 0, &version, 1);
        m->decided = true;
    }
    if (m->board->dialect == WIRE_NATIVE && (command & 0x80) != 0 && is_command(command & 0x7F)) {
        answer[1] = (uint8_t)command;
        wire_put32(answer + 3, wire_crc(answer, 3)); /* a checked answer */
        len = sizeof answer;
    }
    board_request(m->board, command, payload, n);
    (void)board_expect(m->board, answer, len, MS(50));
    m->failures++;
    m->done[9]++;
}

static void do_go_refused(struct model *m)
{
    static const uint32_t bases[] = {FLASH_BASE, CCM_BASE, 0x40000000, 0x20000000, 0, 0x1FFF0000};
    uint8_t payload[4];
    wire_put32(payload, bases[pick(m, 6)] + pick(m, 0x3000));
    expect_command(m, GO_TO_ADDR, payload, 4, false);
    m->done[10]++;
}

static void new_dialect(struct model *m)
{
    m->board->dialect = pick(m, 2) == 0 ? WIRE_NATIVE : WIRE_COURSE;
    m->decided = false;
    m->failures = 0;
}

static void take_sram(struct model *m)
{
    board_peek(m->board, FREE_SRAM_BASE, m->sram, sizeof m->sram);
}

static void do_reset(struct model *m)
{
    uint8_t where = (uint8_t)pick(m, 2);
    switch (pick(m, 3)) {
    case 0:
        board_reset(m->board);
        break;
    case 1:
        board_power_cycle(m->board);
        take_sram(m);
        break;
    default:
        board_ok(m->board, RESET, &where, 1, NULL, 0);
        (void)board_run(m->board, MS(100));
        break;
    }
    new_dialect(m);
    m->done[11]++;
}

/* Power goes during a good write: what is outside of it stays, what is inside is old or new. */
static void do_cut(struct model *m)
{
    uint8_t payload[255];
    uint8_t now[255];
    uint32_t addr;
    size_t len;
    size_t n = make_write(m, payload, &addr, &len);
    if (!write_is_good(m, addr, payload + 5, len) || len < 8) {
        return;
    }
    twin_cut_at_flash_operation(m->board->twin, 1 + pick(m, (uint32_t)len / 4),
                                pick(m, 2) == 0 ? TWIN_CUT_BEFORE : TWIN_CUT_AFTER);
    board_request(m->board, MEM_WRITE, payload, n);
    (void)board_wait(m->board, 3, MS(200));
    if (!twin_cut_happened(m->board->twin)) { /* the bytes were there already */
        twin_cut_at_flash_operation(m->board->twin, 0, TWIN_CUT_BEFORE);
    }
    board_power_cycle(m->board);
    take_sram(m);
    new_dialect(m);
    board_peek(m->board, addr, now, len);
    for (size_t i = 0; i < len; i++) {
        uint8_t *held = &m->flash[addr - FLASH_BASE + i];
        assert_true(now[i] == *held || now[i] == payload[5 + i]);
        *held = now[i];
    }
    m->done[12]++;
}

static void do_last_error(struct model *m)
{
    assert_int_equal(board_last_error(m->board).count, m->failures);
    m->decided = true;
    m->done[13]++;
}

typedef void action(struct model *m);
static const struct {
    action *run;
    unsigned weight;
} actions[] = {
    {do_write, 30},  {do_write_sram, 8}, {do_erase, 6},    {do_read, 14},      {do_crc, 6},
    {do_protect, 2}, {do_unprotect, 2},  {do_nonsense, 6}, {do_go_refused, 3}, {do_reset, 2},
    {do_cut, 2},     {do_last_error, 4}, {do_damaged, 6},  {do_noise, 3},
};
enum { ACTIONS = sizeof actions / sizeof actions[0], NEEDS_DIALECT = ACTIONS - 2 };

static void step(struct model *m)
{
    unsigned total = 0;
    for (unsigned i = 0; i < ACTIONS; i++) {
        total += actions[i].weight;
    }
    unsigned at = pick(m, total);
    unsigned i = 0;
    while (at >= actions[i].weight) {
        at -= actions[i++].weight;
    }
    if (i >= NEEDS_DIALECT && !m->decided) {
        do_last_error(m); /* what a bad frame gets depends on the dialect */
    }
    actions[i].run(m);
}

static unsigned command_count(void)
{
    const char *text = getenv("ARAREXT_RANDOM_COMMANDS");
    return text != NULL ? (unsigned)strtoul(text, NULL, 0) : DEFAULT_COMMANDS;
}

static void test_random_commands(void **state)
{
    const struct variant *v = *state;
    struct model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->seed = board_seed(2024) + v->flash_kib;
    struct board_options o = {.flash_kib = v->flash_kib, .button = true, .seed = m->seed};
    m->board = board_open(&o);
    m->nwrp = 0xFFF;
    board_peek(m->board, FLASH_BASE, m->flash, flash_size(m));
    take_sram(m);
    new_dialect(m);
    unsigned commands = command_count();
    for (unsigned i = 0; i < commands; i++) {
        step(m);
        if (i % CHECK_EVERY == 0) {
            check_memory(m);
        }
    }
    check_memory(m);
    printf("%u commands, %u refused, %u resets; of each kind:", commands, m->refused,
           m->board->resets);
    for (int i = 0; i < 14; i++) {
        printf(" %u", m->done[i]);
        assert_true(commands < 1000 || m->done[i] > 0);
    }
    printf("\n");
    board_close(m->board);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIZES(test_random_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

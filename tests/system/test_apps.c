/* SPDX-License-Identifier: MIT */
/*
 * The applications, flashed plainly as a programmer would: each starts behind the release
 * bootloader and does what it says, over its console (USART3) and as a responder (USART2). The
 * frames expected are built from PROTOCOL.md. Packages are other tests' matter.
 */
#include "system.h"

#include <stdarg.h>

enum { APP_MAX = 480 * 1024, GET_SLOTS = 0x64, CONFIRM = 0x68, ROLLBACK = 0x69 };

struct app_file {
    const char *name;
    size_t len;
    uint8_t bytes[APP_MAX];
};

static struct app_file file;

static const struct app_file *load_app(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.bin", ARAREXT_APPS, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fail_msg("%s is not there", path);
        return NULL;
    }
    file.name = name;
    file.len = fread(file.bytes, 1, sizeof file.bytes, f);
    (void)fclose(f);
    assert_true(file.len > 0 && file.len < sizeof file.bytes);
    return &file;
}

/* Runs until the console has said text behind *at, which then moves behind it; or for ms. */
static bool console_said(struct board *b, size_t *at, const char *text, unsigned ms)
{
    for (unsigned gone = 0;; gone++) {
        const char *found = strstr(b->log + *at, text);
        if (found != NULL) {
            *at = (size_t)(found - b->log) + strlen(text);
            return true;
        }
        if (gone >= ms) {
            return false;
        }
        (void)board_run(b, MS(1));
    }
}

static void console_expect(struct board *b, size_t *at, const char *text, unsigned ms)
{
    if (!console_said(b, at, text, ms)) {
        fail_msg("the console did not say \"%s\" within %u ms, but \"%s\"", text, ms, b->log + *at);
    }
}

static void console_send(struct board *b, const char *line)
{
    twin_line_send(b->twin, 3, (const uint8_t *)line, strlen(line));
    twin_line_send(b->twin, 3, (const uint8_t *)"\n", 1);
}

/* A command on the console, and the text that must come within ms. */
static void console_ask(struct board *b, const char *line, const char *answer, unsigned ms)
{
    size_t at = b->log_len;
    console_send(b, line);
    console_expect(b, &at, answer, ms);
}

/* The board with an application that has said its name; *at is behind that. */
static struct board *start_app(void **state, const char *name, size_t *at)
{
    const struct variant *v = *state;
    const struct app_file *app = load_app(name);
    struct board_options o = {.flash_kib = v->flash_kib, .app = app->bytes, .app_len = app->len};
    struct board *b = board_open(&o);
    char started[64];
    *at = 0;
    (void)snprintf(started, sizeof started, "\r\n%s ", name);
    console_expect(b, at, started, 500);
    console_expect(b, at, " started\r\n", 10);
    return b;
}

/* Whether the release bootloader has a table of services (FORMAT.md, "Services"). */
static bool has_services(struct board *b)
{
    return board_peek32(b, 0x08000040) == 0x53585241;
}

/* ---- the console's commands that every application has ---- */

static void test_demo_starts_and_reports(void **state)
{
    size_t at;
    struct board *b = start_app(state, "ota-demo-1", &at);
    if (has_services(b)) {
        console_expect(b, &at, "report cause=plain slot=- ", 200);
        console_expect(b, &at, "ok report\r\n", 50);
        console_ask(b, "confirm", "error confirm 4C ", 500);
        console_ask(b, "rollback", "error rollback 4D ", 500);
    } else {
        console_expect(b, &at, "error report -1 the bootloader offers no services", 50);
        console_ask(b, "report", "error report -1 ", 100);
        console_ask(b, "confirm", "error confirm -1 ", 100);
        console_ask(b, "rollback", "error rollback -1 ", 100);
        console_ask(b, "stage 1000", "error stage -1 ", 100);
        console_ask(b, "finish", "error finish -1 ", 100);
    }
    console_ask(b, "version", "version ota-demo-1 1.0.0\r\nok version\r\n", 100);
    board_close(b);
}

/*
 * A table of services of the test's own, in place of whatever the bootloader has there while the
 * application runs. Each function is a stub that returns another reason, so a call that takes the
 * wrong place in the table shows. Layout: core/update/services.h, retyped.
 */
enum { SERVICES = 0x08000040, STUBS = 0x08007E00, SERVICES_SIZE = 40 };
static void poke_services(struct board *b, unsigned version, unsigned size)
{
    enum { FUNCTIONS = 7 };
    uint8_t services[SERVICES_SIZE] = {'A', 'R', 'X', 'S'};
    uint8_t stubs[4 * FUNCTIONS];
    wire_put16(services + 4, version);
    wire_put16(services + 6, size);
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        wire_put32(services + 8 + 4 * i, STUBS + 4 * i + 1);
        wire_put16(stubs + 4 * i, 0x2041 + i); /* movs r0, #0x41 + i */
        wire_put16(stubs + 4 * i + 2, 0x4770); /* bx lr */
    }
    board_poke(b, STUBS, stubs, sizeof stubs);
    board_poke(b, SERVICES, services, sizeof services);
}

static void test_demo_uses_the_table(void **state)
{
    size_t at;
    struct board *b = start_app(state, "ota-demo-1", &at);
    (void)board_run(b, MS(20)); /* what it says at its start */
    poke_services(b, 1, SERVICES_SIZE);
    console_ask(b, "report", "error report 41 ", 100);
    console_ask(b, "stage 1000", "error stage 42 package or content too large", 100);
    console_ask(b, "confirm", "error confirm 45 ", 100);
    console_ask(b, "rollback", "error rollback 46 signature wrong", 100);
    poke_services(b, 2, SERVICES_SIZE + 8); /* a later one has more */
    console_ask(b, "confirm", "error confirm 45 ", 100);
    poke_services(b, 0, SERVICES_SIZE);
    console_ask(b, "confirm", "error confirm -2 the bootloader offers too few services", 100);
    poke_services(b, 1, SERVICES_SIZE - 4);
    console_ask(b, "confirm", "error confirm -2 ", 100);
    board_poke(b, SERVICES, "ARXs", 4);
    console_ask(b, "confirm", "error confirm -1 ", 100);
    board_close(b);
}

static void test_demo_self_test(void **state)
{
    size_t at;
    struct board *b = start_app(state, "ota-demo-2", &at);
    at = b->log_len;
    console_send(b, "selftest");
    console_expect(b, &at, "selftest crc passed\r\nselftest memory passed\r\n", 500);
    console_expect(b, &at, "selftest numbers passed\r\nselftest stack passed\r\nok selftest", 500);
    console_ask(b, "evaluate 1.5 2.5 -4",
                "count=3 mean=0 deviation=2.85774 least=-4 most=2.5\r\nok", 200);
    console_ask(b, "evaluate 1.5x", "error evaluate -11 ", 100);
    console_ask(b, "version", "version ota-demo-2 2.0.0", 100);
    board_close(b);
}

static void test_demo_bad_lines(void **state)
{
    size_t at;
    struct board *b = start_app(state, "ota-demo-1", &at);
    char longest[600];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    console_ask(b, "nonsense", "error command -10 ", 100);
    console_ask(b, longest, "error line -13 line too long\r\n", 200);
    console_ask(b, "stage", "error stage -11 ", 100);
    console_ask(b, "feed", "error feed -11 ", 100);
    console_ask(b, "version", "ok version\r\n", 100);
    board_close(b);
}

/* A piece with nothing staged: refused whole, cut off, damaged. */
static void test_demo_bad_pieces(void **state)
{
    size_t at;
    struct board *b = start_app(state, "ota-demo-1", &at);
    uint8_t piece[1 + 2 + 4 + 4 + 4] = {0x01, 4, 0, 0, 0, 0, 0, 'd', 'a', 't', 'a'};
    wire_put32(piece + 11, wire_crc(piece, 11));
    (void)board_run(b, MS(50));
    at = b->log_len;
    twin_line_send(b->twin, 3, piece, sizeof piece);
    console_expect(b, &at, "error piece 4B next=0 ", 100);
    piece[8] ^= 1;
    twin_line_send(b->twin, 3, piece, sizeof piece);
    console_expect(b, &at, "error piece 01 next=0 ", 100);
    twin_line_send(b->twin, 3, piece, 9);
    assert_false(console_said(b, &at, "piece", 450));
    console_expect(b, &at, "error piece 03 next=0 cut off", 150);
    piece[2] = 0xFF;
    twin_line_send(b->twin, 3, piece, 3);
    console_expect(b, &at, "error piece 02 next=0 ", 100);
    board_close(b);
}

/* ---- ways in which an application ends ---- */

static void test_demo_reset(void **state)
{
    size_t at;
    struct board *b = start_app(state, "ota-demo-1", &at);
    unsigned resets = b->resets;
    at = b->log_len;
    console_send(b, "reset");
    console_expect(b, &at, "ok reset\r\n", 100);
    console_expect(b, &at, "ota-demo-1 1.0.0 started\r\n", 500);
    assert_int_equal(b->resets, resets + 1);
    board_close(b);
}

static void test_demo_crash(void **state)
{
    size_t at;
    struct board *b = start_app(state, "ota-demo-1", &at);
    board_allow_report(b, TWIN_REPORT_CORE);
    at = b->log_len;
    console_send(b, "crash");
    console_expect(b, &at, "ok crash\r\n", 100);
    console_expect(b, &at, "fault cfsr=00010000 hfsr=40000000\r\n",
                   100); /* undefined instruction */
    console_expect(b, &at, "ota-demo-1 1.0.0 started\r\n", 500);
    board_assert_reported(b, TWIN_REPORT_CORE);
    board_close(b);
}

static void test_demo_bootloader(void **state)
{
    size_t at;
    uint8_t info[255];
    struct board *b = start_app(state, "ota-demo-1", &at);
    console_ask(b, "bootloader", "ok bootloader\r\n", 100);
    (void)board_run(b, MS(200));
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    assert_int_equal(info[53], 2); /* request of the application */
    board_close(b);
}

/* The independent watchdog runs from reset on, as option bytes can have it: 0.5 s. */
static struct board *start_watched(void **state, size_t *at)
{
    enum { USER_HARDWARE_WATCHDOG = 0xEC & ~0x20 };
    struct board *b = start_app(state, "ota-demo-1", at);
    board_allow_report(b, TWIN_REPORT_WATCHDOG);
    assert_int_equal(twin_set_option_bytes(b->twin, 0xAA, USER_HARDWARE_WATCHDOG, 0xFFF), TWIN_OK);
    board_power_cycle(b);
    console_expect(b, at, "ota-demo-1 1.0.0 started\r\n", 500);
    return b;
}

static void assert_watchdog_bites(struct board *b, size_t *at)
{
    unsigned reports = b->reports[TWIN_REPORT_WATCHDOG];
    console_expect(b, at, "ota-demo-1 1.0.0 started\r\n", 1500);
    assert_int_equal(b->reports[TWIN_REPORT_WATCHDOG], reports + 1);
}

static void test_demo_feeds_the_watchdog(void **state)
{
    size_t at;
    struct board *b = start_watched(state, &at);
    (void)board_run(b, MS(3000));
    assert_int_equal(b->reports[TWIN_REPORT_WATCHDOG], 0);
    at = b->log_len;
    console_send(b, "feed off");
    console_expect(b, &at, "ok feed\r\n", 100);
    assert_watchdog_bites(b, &at);
    at = b->log_len;
    console_send(b, "hang");
    console_expect(b, &at, "hang begins\r\n", 100);
    assert_watchdog_bites(b, &at);
    board_close(b);
}

static void test_demo_hang_ends(void **state)
{
    size_t at;
    struct board *b = start_app(state, "ota-demo-1", &at);
    at = b->log_len;
    console_send(b, "hang");
    console_expect(b, &at, "error hang -12 failed\r\n", 91000);
    board_close(b);
}

/* One second after the start, after its self-test. */
static void test_demo_confirms_itself(void **state)
{
    size_t at;
    struct board *b = start_app(state, "ota-demo-auto", &at);
    assert_false(console_said(b, &at, "auto-confirm", 800));
    console_expect(b, &at, "selftest crc passed\r\n", 200);
    console_expect(b, &at, has_services(b) ? "error auto-confirm 4C " : "error auto-confirm -1 ",
                   500);
    board_close(b);
}

/* ---- the larger applications ---- */

/* What the application says is left of its stack. */
static unsigned long unused_stack(struct board *b)
{
    static const char name[] = "stack_unused=";
    size_t at = b->log_len;
    console_send(b, "stats");
    console_expect(b, &at, name, 100);
    const char *digits = b->log + at;
    console_expect(b, &at, "ok stats", 100);
    return strtoul(digits, NULL, 10);
}

static void test_lua_evaluates(void **state)
{
    char nested[206] = "lua ";
    size_t at;
    struct board *b = start_app(state, "lua-demo", &at);
    console_expect(b, &at, "ok prepare\r\n", 500);
    console_ask(b, "lua 6 * 7", "lua 42\r\nok lua\r\n", 500);
    console_ask(b, "lua x = 2^10 print('x is ' .. x)", "x is 1024.0\r\nok lua\r\n", 500);
    console_ask(b, "lua x // 3, string.rep('ab', 3)", "lua 341.0\r\nlua ababab\r\nok lua\r\n", 500);
    console_ask(b, "lua string.format('%.6f', math.pi)", "lua 3.141593\r\nok lua\r\n", 500);
    console_ask(b, "lua nothing.at.all", "lua error: line:1: attempt to index a nil value", 500);
    console_ask(b, "lua ('x'):rep(1e9)", "lua error: not enough memory\r\nerror lua -12 ", 500);
    console_ask(b, "lua (function(f) return f(f) end)(function(f) return 1 + f(f) end)",
                "lua error: not enough memory\r\n", 2000);
    memset(nested + 4, '(', 100);
    memset(nested + 104, '1', 1);
    memset(nested + 105, ')', 100);
    console_ask(b, nested, "C stack overflow", 500);
    assert_true(unused_stack(b) > 2048);
    console_ask(b, "lua x", "lua 1024.0\r\nok lua\r\n", 500);
    console_ask(b, "new", "ok new\r\n", 500);
    console_ask(b, "lua x", "lua nil\r\nok lua\r\n", 500);
    board_close(b);
}

static void test_lua_stops_loops(void **state)
{
    size_t at;
    struct board *b = start_app(state, "lua-demo", &at);
    console_ask(b, "lua while true do end", "lua error: longer than 10000 ms\r\nerror lua -12 ",
                10500);
    console_ask(b, "lua while true do pcall(function() while true do end end) end",
                "lua error: longer than 10000 ms\r\nerror lua -12 ", 10500);
    console_ask(b, "lua 1", "lua 1\r\nok lua\r\n", 500);
    board_close(b);
}

static void test_lua_self_test(void **state)
{
    static const char *const names[] = {"arithmetic", "sieve",   "queens",  "coroutines", "strings",
                                        "objects",    "numbers", "garbage", "packing",    "board"};
    char passed[64];
    size_t at;
    struct board *b = start_app(state, "lua-demo", &at);
    at = b->log_len;
    console_send(b, "selftest");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(passed, sizeof passed, "selftest %s passed\r\n", names[i]);
        console_expect(b, &at, passed, 3000);
    }
    console_expect(b, &at, "ok selftest\r\n", 100);
    console_ask(b, "stats", "core_hz=80000000 ", 100);
    board_close(b);
}

/* 1 MiB part only: it does not fit into the other's area. */
static void test_mbedtls_self_tests(void **state)
{
    static const char *const names[] = {
        "md5",     "ripemd160", "sha1",      "sha224",   "sha256",   "sha384",     "sha512",
        "sha3",    "base64",    "des",       "aes",      "aria",     "camellia",   "ccm",
        "gcm",     "cmac",      "nist_kw",   "chacha20", "poly1305", "chachapoly", "pkcs5",
        "entropy", "ctr_drbg",  "hmac_drbg", "mpi",      "rsa",      "dhm",        "ecp",
        "ecjpake", "psa",       "tls12",     "tls13"};
    char passed[64];
    size_t at;
    struct board *b = start_app(state, "selftest", &at);
    console_expect(b, &at, "ok prepare\r\n", 1000);
    console_ask(b, "library", "library Mbed TLS 3.6.6\r\nok library\r\n", 100);
    at = b->log_len;
    console_send(b, "selftest");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(passed, sizeof passed, "selftest %s passed, ", names[i]);
        console_expect(b, &at, passed, 60000);
    }
    console_expect(b, &at, "ok selftest\r\n", 100);
    assert_true(board_log_has(b, "\r\ntls12 TLS-ECDHE-ECDSA-"));
    assert_true(board_log_has(b, "\r\ntls13 TLS1-3-"));
    assert_true(unused_stack(b) > 2048);
    board_close(b);
}

/* ---- the responder ---- */

static void host_expect(struct board *b, unsigned command, const uint8_t *payload, size_t n,
                        const uint8_t *answer, size_t len)
{
    board_request(b, command, payload, n);
    (void)board_expect(b, answer, len, MS(100));
}

static void test_responder_answers(void **state)
{
    static const uint8_t version[] = {0xA5, 0x51, 0x01, 0x10}, refused[] = {0x7F};
    static const uint8_t two = 2;
    size_t at;
    struct board *b = start_app(state, "ota-demo-1", &at);
    host_expect(b, GET_VER, NULL, 0, version, sizeof version);
    host_expect(b, GET_INFO, NULL, 0, refused, 1);
    host_expect(b, GET_VER, &two, 1, refused, 1);
    host_expect(b, RESET, &two, 1, refused, 1);
    host_expect(b, RESET, NULL, 0, refused, 1);
    if (has_services(b)) {
        board_request(b, GET_SLOTS, NULL, 0);
        assert_true(board_wait(b, 135, MS(100)));
        assert_int_equal(b->rx[0], 0xA5);
        assert_int_equal(b->rx[1], 0x64);
        assert_int_equal(b->rx[2], 132);
        assert_int_equal(b->rx[3], 1);
        b->rx_len = 0;
    } else {
        host_expect(b, GET_SLOTS, NULL, 0, refused, 1);
    }
    host_expect(b, CONFIRM, NULL, 0, refused, 1); /* what runs came from no package */
    host_expect(b, ROLLBACK, NULL, 0, refused, 1);
    board_close(b);
}

static void test_responder_bad_frames(void **state)
{
    static const uint8_t version[] = {0xA5, 0x51, 0x01, 0x10}, refused[] = {0x7F};
    static const uint8_t damaged[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5D, 0x01, 0x02, 0x03};
    static const uint8_t cut[] = {0x01, 0x51, 0x64};
    static const uint8_t zero = 0;
    size_t at;
    struct board *b = start_app(state, "ota-demo-1", &at);
    board_send(b, damaged, sizeof damaged);
    assert_true(board_expect(b, refused, 1, MS(40)) >= MS(19));
    board_send(b, cut, sizeof cut);
    assert_true(board_expect(b, refused, 1, MS(1100)) >= MS(999));
    board_send(b, &zero, 1);
    (void)board_expect(b, refused, 1, MS(40));
    twin_line_send_framing_error(b->twin, 2, 0x51);
    (void)board_run(b, MS(60));
    assert_int_equal(b->rx_len, 1);
    assert_int_equal(b->rx[0], 0x7F);
    b->rx_len = 0;
    host_expect(b, GET_VER, NULL, 0, version, sizeof version);
    board_close(b);
}

static void test_responder_resets(void **state)
{
    static const uint8_t boot = 0, loader = 1, done[] = {0xA5, 0x62, 0x00};
    uint8_t info[255];
    size_t at;
    struct board *b = start_app(state, "ota-demo-1", &at);
    at = b->log_len;
    host_expect(b, RESET, &boot, 1, done, sizeof done);
    console_expect(b, &at, "ota-demo-1 1.0.0 started\r\n", 500);
    host_expect(b, RESET, &loader, 1, done, sizeof done);
    (void)board_run(b, MS(200));
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    assert_int_equal(info[53], 2);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIZES(test_demo_starts_and_reports),
        ONCE(test_demo_uses_the_table),
        ONCE(test_demo_self_test),
        ONCE(test_demo_bad_lines),
        ONCE(test_demo_bad_pieces),
        ONCE(test_demo_reset),
        ONCE(test_demo_crash),
        ONCE(test_demo_bootloader),
        ONCE(test_demo_feeds_the_watchdog),
        ONCE(test_demo_hang_ends),
        ONCE(test_demo_confirms_itself),
        SIZES(test_lua_evaluates),
        ONCE(test_lua_stops_loops),
        ONCE(test_lua_self_test),
        ONCE(test_mbedtls_self_tests),
        ONCE(test_responder_answers),
        ONCE(test_responder_bad_frames),
        ONCE(test_responder_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The serial transport over a pseudo-terminal whose other end is in the test: every byte value goes
 * through both ways, waits end, and a port belongs to one session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "ararext.h"

struct line {
    int master;
    char path[64];
    struct ararext_transport port;
};

static int setup(void **state)
{
    struct line *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(l->master >= 0);
    assert_int_equal(grantpt(l->master), 0);
    assert_int_equal(unlockpt(l->master), 0);
    assert_int_equal(ptsname_r(l->master, l->path, sizeof l->path), 0);
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    struct line *l = *state;
    if (l->master >= 0) {
        close(l->master);
    }
    free(l);
    return 0;
}

static void open_line(struct line *l, uint32_t baud)
{
    struct ararext_message why = {""};
    if (ararext_serial_open(&l->port, l->path, baud, &why) != ARAREXT_OK) {
        fail_msg("%s", why.text);
    }
}

static void close_line(struct line *l)
{
    l->port.close(l->port.ctx);
}

static void test_serial_is_transparent(void **state)
{
    struct line *l = *state;
    uint8_t all[256], got[256];
    size_t have = 0;
    for (unsigned i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    open_line(l, 0);
    assert_int_equal(l->port.write(l->port.ctx, all, sizeof all, 1000), ARAREXT_OK);
    assert_int_equal(l->port.drain(l->port.ctx), ARAREXT_OK);
    while (have < sizeof got) {
        ssize_t n = read(l->master, got + have, sizeof got - have);
        assert_true(n > 0);
        have += (size_t)n;
    }
    assert_memory_equal(got, all, sizeof all);
    assert_int_equal(write(l->master, all, sizeof all), sizeof all);
    for (have = 0; have < sizeof got;) {
        size_t n = 0;
        assert_int_equal(l->port.read(l->port.ctx, got + have, sizeof got - have, 1000, &n),
                         ARAREXT_OK);
        assert_true(n > 0);
        have += n;
    }
    assert_memory_equal(got, all, sizeof all);
    close_line(l);
}

/* It may be the terminal of whoever typed the wrong name. */
static void test_serial_puts_settings_back(void **state)
{
    struct line *l = *state;
    struct termios before, during, after;
    assert_int_equal(tcgetattr(l->master, &before), 0);
    before.c_lflag |= ICANON | ECHO;
    assert_int_equal(cfsetspeed(&before, B9600), 0);
    assert_int_equal(tcsetattr(l->master, TCSANOW, &before), 0);
    open_line(l, 115200);
    assert_int_equal(tcgetattr(l->master, &during), 0);
    assert_int_equal(during.c_lflag, 0);
    assert_int_equal(cfgetospeed(&during), B115200);
    close_line(l);
    assert_int_equal(tcgetattr(l->master, &after), 0);
    assert_int_equal(after.c_iflag, before.c_iflag);
    assert_int_equal(after.c_oflag, before.c_oflag);
    assert_int_equal(after.c_cflag, before.c_cflag);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_memory_equal(after.c_cc, before.c_cc, sizeof after.c_cc);
    assert_int_equal(cfgetospeed(&after), B9600);
}

static void test_serial_silence_ends(void **state)
{
    struct line *l = *state;
    uint8_t byte;
    size_t got = 7;
    open_line(l, 115200);
    uint64_t start = l->port.now_ms(l->port.ctx);
    assert_int_equal(l->port.read(l->port.ctx, &byte, 1, 60, &got), ARAREXT_OK);
    assert_int_equal(got, 0);
    assert_true(l->port.now_ms(l->port.ctx) - start >= 59);
    assert_int_equal(l->port.read(l->port.ctx, &byte, 1, 0, &got), ARAREXT_OK);
    assert_int_equal(got, 0);
    close_line(l);
}

static void test_serial_flush(void **state)
{
    struct line *l = *state;
    uint8_t data[8];
    size_t got = 0;
    open_line(l, 115200);
    assert_int_equal(write(l->master, "stale", 5), 5);
    assert_int_equal(l->port.read(l->port.ctx, data, 1, 1000, &got), ARAREXT_OK);
    assert_int_equal(got, 1);
    assert_int_equal(l->port.flush_input(l->port.ctx), ARAREXT_OK);
    assert_int_equal(l->port.read(l->port.ctx, data, sizeof data, 20, &got), ARAREXT_OK);
    assert_int_equal(got, 0);
    close_line(l);
}

/* The other end went away: an error at once, not a time-out. */
static void test_serial_hang_up(void **state)
{
    struct line *l = *state;
    uint8_t byte = 0;
    size_t got = 0;
    open_line(l, 115200);
    close(l->master);
    l->master = -1;
    uint64_t start = l->port.now_ms(l->port.ctx);
    assert_int_equal(l->port.read(l->port.ctx, &byte, 1, 5000, &got), ARAREXT_ERR_IO);
    assert_int_equal(l->port.write(l->port.ctx, &byte, 1, 5000), ARAREXT_ERR_IO);
    assert_true(l->port.now_ms(l->port.ctx) - start < 1000);
    close_line(l);
}

/* What went away is opened again by its name, and until then there are errors, not waits. */
static void test_serial_reopen(void **state)
{
    struct line *l = *state;
    char link[] = "/tmp/ararext-serial-XXXXXX", pts[64];
    uint8_t byte = 'x', back = 0;
    size_t got = 0;
    assert_non_null(mkdtemp(link));
    char name[sizeof link + 8];
    (void)snprintf(name, sizeof name, "%s/port", link);
    assert_int_equal(symlink(l->path, name), 0);
    (void)snprintf(l->path, sizeof l->path, "%s", name);
    open_line(l, 921600);
    close(l->master);
    uint64_t start = l->port.now_ms(l->port.ctx);
    assert_int_equal(l->port.read(l->port.ctx, &back, 1, 5000, &got), ARAREXT_ERR_IO);
    /* Its number goes to somebody else, and the link still leads there. */
    int stranger = posix_openpt(O_RDWR | O_NOCTTY);
    assert_int_equal(grantpt(stranger), 0);
    assert_int_equal(unlockpt(stranger), 0);
    assert_int_equal(l->port.reopen(l->port.ctx), ARAREXT_ERR_IO);
    close(stranger);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(unlink(name), i == 0 ? 0 : -1);
        assert_int_equal(l->port.reopen(l->port.ctx), ARAREXT_ERR_IO);
        assert_int_equal(l->port.read(l->port.ctx, &back, 1, 5000, &got), ARAREXT_ERR_IO);
        assert_int_equal(l->port.write(l->port.ctx, &byte, 1, 5000), ARAREXT_ERR_IO);
        assert_int_equal(l->port.set_baud(l->port.ctx, 115200), ARAREXT_ERR_IO);
        assert_int_equal(l->port.flush_input(l->port.ctx), ARAREXT_ERR_IO);
    }
    assert_true(l->port.now_ms(l->port.ctx) - start < 1000);
    l->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_int_equal(grantpt(l->master), 0);
    assert_int_equal(unlockpt(l->master), 0);
    assert_int_equal(ptsname_r(l->master, pts, sizeof pts), 0);
    assert_int_equal(symlink(pts, name), 0);
    assert_int_equal(l->port.reopen(l->port.ctx), ARAREXT_OK);
    assert_int_equal(l->port.write(l->port.ctx, &byte, 1, 1000), ARAREXT_OK);
    assert_int_equal(read(l->master, &back, 1), 1);
    assert_int_equal(back, 'x');
    assert_int_equal(write(l->master, "y", 1), 1);
    assert_int_equal(l->port.read(l->port.ctx, &back, 1, 1000, &got), ARAREXT_OK);
    assert_true(got == 1 && back == 'y');
    close_line(l);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(rmdir(link), 0);
}

/* Nobody reads at the other end: writing ends too. */
static void test_serial_write_blocked(void **state)
{
    struct line *l = *state;
    static uint8_t much[1024 * 1024];
    open_line(l, 115200);
    uint64_t start = l->port.now_ms(l->port.ctx);
    assert_int_equal(l->port.write(l->port.ctx, much, sizeof much, 100), ARAREXT_ERR_TIMEOUT);
    assert_true(l->port.now_ms(l->port.ctx) - start < 2000);
    close_line(l);
}

static void test_serial_belongs_to_one(void **state)
{
    struct line *l = *state;
    struct ararext_transport other;
    struct ararext_message why = {""};
    open_line(l, 115200);
    assert_int_equal(ararext_serial_open(&other, l->path, 115200, &why), ARAREXT_ERR_BUSY);
    assert_non_null(strstr(why.text, "another program has the port open"));
    close_line(l);
    open_line(l, 115200);
    close_line(l);
}

static void test_serial_baud(void **state)
{
    struct line *l = *state;
    struct termios t;
    open_line(l, 9600);
    assert_int_equal(tcgetattr(l->master, &t), 0);
    assert_int_equal(cfgetospeed(&t), B9600);
    assert_int_equal(t.c_cflag & (CSIZE | PARENB | CSTOPB | HUPCL), CS8);
    assert_int_equal(l->port.set_baud(l->port.ctx, 921600), ARAREXT_OK);
    assert_int_equal(tcgetattr(l->master, &t), 0);
    assert_int_equal(cfgetospeed(&t), B921600);
    assert_int_equal(l->port.set_baud(l->port.ctx, 123456), ARAREXT_OK);
    assert_int_equal(l->port.set_baud(l->port.ctx, 0), ARAREXT_ERR_ARGUMENT);
    close_line(l);
}

static void test_serial_open_errors(void **state)
{
    struct line *l = *state;
    struct ararext_message why = {""};
    assert_int_equal(ararext_serial_open(&l->port, "/nonexistent", 0, &why), ARAREXT_ERR_NO_PORT);
    assert_string_equal(why.text, "/nonexistent: No such file or directory");
    assert_int_equal(ararext_serial_open(&l->port, "/dev/null", 0, &why), ARAREXT_ERR_NO_PORT);
    assert_string_equal(why.text, "/dev/null: not a serial port");
    assert_int_equal(ararext_serial_open(&l->port, "/", 0, NULL), ARAREXT_ERR_NO_PORT);
}

static void test_ports_lists_the_twin(void **state)
{
    struct ararext_port *ports = NULL;
    size_t count = 0, twins = 0;
    char dir[] = "/tmp/ararext-test-XXXXXX", link[128];
    struct line *l = *state;
    assert_non_null(mkdtemp(dir));
    setenv("XDG_RUNTIME_DIR", dir, 1);
    ararext_twin_link(link, sizeof link);
    assert_int_equal(strncmp(link, dir, strlen(dir)), 0);
    for (int there = 0; there < 2; there++) {
        assert_int_equal(ararext_list_ports(&ports, &count), ARAREXT_OK);
        twins = 0;
        for (size_t i = 0; i < count; i++) {
            twins += ports[i].twin;
            assert_true(!ports[i].twin || strcmp(ports[i].path, link) == 0);
        }
        assert_int_equal(twins, there);
        free(ports);
        assert_int_equal(symlink(there == 0 ? l->path : "/nonexistent", link), there == 0 ? 0 : -1);
    }
    unlink(link);
    assert_int_equal(symlink("/nonexistent", link), 0); /* left behind by a twin that was killed */
    assert_int_equal(ararext_list_ports(&ports, &count), ARAREXT_OK);
    for (size_t i = 0; i < count; i++) {
        assert_false(ports[i].twin);
    }
    free(ports);
    unlink(link);
    rmdir(dir);
}

int main(void)
{
#define SERIAL_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(test_serial_is_transparent), SERIAL_TEST(test_serial_puts_settings_back),
        SERIAL_TEST(test_serial_silence_ends),   SERIAL_TEST(test_serial_flush),
        SERIAL_TEST(test_serial_hang_up),        SERIAL_TEST(test_serial_write_blocked),
        SERIAL_TEST(test_serial_reopen),         SERIAL_TEST(test_serial_write_blocked),
        SERIAL_TEST(test_serial_belongs_to_one), SERIAL_TEST(test_serial_baud),
        SERIAL_TEST(test_serial_open_errors),    SERIAL_TEST(test_ports_lists_the_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

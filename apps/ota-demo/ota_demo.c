/* SPDX-License-Identifier: MIT */
/*
 * The demonstration of updates over the air: an ordinary small application with a console, which
 * receives packages for the bootloader, confirms itself or not, and can be made to fail in the ways
 * in which applications fail. README.md has its commands. Its self-test looks at what an update
 * rests on: the CRC, the memory, and the C library's numbers.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ararext_app.h"
#include "crc.h"
#include "ota.h"
#include "support.h"

#define RAM_WORDS  512u
#define STACK_FREE 256u /* bytes that must never have been used */
#define VALUES_MAX 32

static uint32_t march_area[RAM_WORDS];

struct crc_row {
    uint8_t bytes[10];
    uint8_t len;
    uint32_t crc;
};

/* PROTOCOL.md, "CRC32" */
static const struct crc_row crc_rows[] = {
    {{0x01, 0x51}, 2, 0x5C5F6A64},
    {{0x03, 0x56, 0x02, 0x01}, 4, 0xA20BA54E},
    {{0x06, 0x59, 0x00, 0x80, 0x00, 0x08, 0x10}, 7, 0x423802FE},
    {{0x05, 0x51}, 2, 0x7CABE9E7},
};

/* The library's CRC and the bootloader's, if it offers one. */
static bool test_crc(void)
{
    const struct services *services;
    bool offered = ararext_app_find_services(&services) == 0;

    for (size_t i = 0; i < sizeof crc_rows / sizeof crc_rows[0]; i++) {
        const struct crc_row *row = &crc_rows[i];
        if (crc_update(CRC_START, row->bytes, row->len) != row->crc) {
            return false;
        }
        if (offered && services->crc(CRC_START, row->bytes, row->len) != row->crc) {
            return false;
        }
    }
    return true;
}

/* One element of a march: each word must hold was, and becomes will. */
static bool march(bool up, uint32_t was, uint32_t will)
{
    volatile uint32_t *area = march_area;

    for (uint32_t i = 0; i < RAM_WORDS; i++) {
        uint32_t at = up ? i : RAM_WORDS - 1u - i;
        if (area[at] != was) {
            return false;
        }
        area[at] = will;
    }
    return true;
}

/* March C- with words, on an area of its own. */
static bool test_memory(void)
{
    const uint32_t zero = 0x00000000u, one = 0xFFFFFFFFu;

    memset(march_area, 0, sizeof march_area);
    return march(true, zero, one) && march(true, one, zero) && march(false, zero, one) &&
           march(false, one, zero) && march(true, zero, zero);
}

struct number_row {
    double value;
    const char *shown;
};

static const struct number_row number_rows[] = {
    {3.141592653589793, "3.141593"},
    {-0.001, "-0.001000"},
    {65536.5, "65536.500000"},
    {1e15, "1000000000000000.000000"},
};

static bool test_numbers(void)
{
    char text[32];

    for (size_t i = 0; i < sizeof number_rows / sizeof number_rows[0]; i++) {
        (void)snprintf(text, sizeof text, "%.6f", number_rows[i].value);
        if (strcmp(text, number_rows[i].shown) != 0) {
            return false;
        }
    }
    return true;
}

static bool test_stack(void)
{
    return support_stack_unused() >= STACK_FREE;
}

static const struct {
    const char *name;
    bool (*run)(void);
} tests[] = {
    {"crc", test_crc},
    {"memory", test_memory},
    {"numbers", test_numbers},
    {"stack", test_stack},
};

static int demo_selftest(void)
{
    int error = 0;

    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        bool passed = tests[i].run();
        ota_print("selftest %s %s", tests[i].name, passed ? "passed" : "FAILED");
        error = passed ? error : OTA_FAILED;
        ota_feed();
    }
    return error;
}

/* A decimal number without exponent; strtod would be a sixth of this application. */
static double parse_decimal(const char *at, const char **end)
{
    bool negative = *at == '-';
    const char *first = negative ? at + 1 : at;
    double value = 0, scale = 1;

    for (at = first; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (*at - '0');
    }
    if (at != first && *at == '.') {
        for (at++; *at >= '0' && *at <= '9'; at++) {
            value = value * 10 + (*at - '0');
            scale *= 10;
        }
    }
    *end = at;
    return (negative ? -value : value) / scale;
}

/* What a logger would do with its readings. */
static int demo_evaluate(char *arguments)
{
    double sum = 0, squares = 0, least = 0, most = 0;
    int count = 0;

    for (const char *at = arguments, *end; *at != '\0' && count < VALUES_MAX; at = end) {
        double value = parse_decimal(at, &end);
        if (end == at || (*end != ' ' && *end != '\0')) {
            return OTA_USAGE;
        }
        end += *end == ' ';
        sum += value;
        squares += value * value;
        least = count == 0 ? value : fmin(least, value);
        most = count == 0 ? value : fmax(most, value);
        count++;
    }
    if (count == 0) {
        return OTA_USAGE;
    }
    ota_print("evaluate count=%d mean=%.6g deviation=%.6g least=%g most=%g", count, sum / count,
              sqrt(fmax(squares / count - sum / count * (sum / count), 0.0)), least, most);
    return 0;
}

static const struct ota_command demo_commands[] = {
    {"evaluate", "evaluate NUMBER...: mean, deviation, extremes of up to 32", demo_evaluate},
};

static const struct ota_app demo = {
    .name = OTA_DEMO_NAME,
    .version = OTA_DEMO_VERSION,
    .commands = demo_commands,
    .command_count = sizeof demo_commands / sizeof demo_commands[0],
    .selftest = demo_selftest,
    .auto_confirm = OTA_DEMO_AUTO != 0,
};

int main(void)
{
    ota_run(&demo);
}

/* SPDX-License-Identifier: MIT */
/*
 * Versions and identities as people write them.
 */
#include "package_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sha1.h"

/* ---- versions ---- */

/* Digits up to stop or the end; *p goes behind them. */
static bool take_number(const char **p, unsigned long max, unsigned long *out)
{
    char *end = NULL;
    if (!isdigit((unsigned char)**p)) {
        return false;
    }
    errno = 0;
    *out = strtoul(*p, &end, 10);
    *p = end;
    return errno == 0 && *out <= max;
}

static bool take_char(const char **p, char c)
{
    bool good = **p == c;
    *p += good;
    return good;
}

int ararext_version_parse(struct ararext_version *out, const char *text)
{
    unsigned long n[4] = {0};
    const char *p = text;
    bool good = take_number(&p, UINT8_MAX, &n[0]) && take_char(&p, '.') &&
                take_number(&p, UINT8_MAX, &n[1]) && take_char(&p, '.') &&
                take_number(&p, UINT16_MAX, &n[2]);
    if (good && take_char(&p, '+')) {
        good = take_number(&p, UINT32_MAX, &n[3]);
    }
    if (!good || *p != '\0') {
        return ARAREXT_ERR_ARGUMENT;
    }
    *out = (struct ararext_version){
        .major = (uint8_t)n[0],
        .minor = (uint8_t)n[1],
        .revision = (uint16_t)n[2],
        .build = (uint32_t)n[3],
    };
    return ARAREXT_OK;
}

void ararext_version_text(const struct ararext_version *version, char *text, size_t size)
{
    int n = snprintf(text, size, "%u.%u.%u", version->major, version->minor, version->revision);
    if (version->build != 0 && n > 0 && (size_t)n < size) {
        snprintf(text + n, size - (size_t)n, "+%u", (unsigned)version->build);
    }
}

static int compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

int ararext_version_compare(const struct ararext_version *a, const struct ararext_version *b)
{
    int by[] = {compare(a->major, b->major), compare(a->minor, b->minor),
                compare(a->revision, b->revision), compare(a->build, b->build)};
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        if (by[i] != 0) {
            return by[i];
        }
    }
    return 0;
}

/* ---- identities ---- */

/* RFC 9562, section 6.6: the name space of names in the DNS. */
static const uint8_t NAMESPACE_DNS[UUID_SIZE] = {0x6B, 0xA7, 0xB8, 0x10, 0x9D, 0xAD, 0x11, 0xD1,
                                                 0x80, 0xB4, 0x00, 0xC0, 0x4F, 0xD4, 0x30, 0xC8};

/* RFC 9562, section 5.5. */
static void make_uuid(const uint8_t space[UUID_SIZE], const char *name, size_t len,
                      uint8_t uuid[UUID_SIZE])
{
    uint8_t hash[SHA1_SIZE];
    struct sha1 sha1;
    sha1_init(&sha1);
    sha1_add(&sha1, space, UUID_SIZE);
    sha1_add(&sha1, name, len);
    sha1_end(&sha1, hash);
    memcpy(uuid, hash, UUID_SIZE);
    uuid[6] = (uint8_t)((uuid[6] & 0x0Fu) | 0x50u);
    uuid[8] = (uint8_t)((uuid[8] & 0x3Fu) | 0x80u);
}

int ararext_identity(const char *name, uint8_t identity[ARAREXT_IDENTITY_SIZE])
{
    static const char builtin[] = "ararext";
    const char *slash = strchr(name, '/');
    const char *vendor = slash != NULL ? name : builtin;
    const char *class = slash != NULL ? slash + 1 : name;
    size_t vendor_len = slash != NULL ? (size_t)(slash - name) : sizeof builtin - 1;
    if (vendor_len == 0 || class[0] == '\0') {
        return ARAREXT_ERR_ARGUMENT;
    }
    make_uuid(NAMESPACE_DNS, vendor, vendor_len, identity);
    make_uuid(identity, class, strlen(class), identity + UUID_SIZE);
    return ARAREXT_OK;
}

void ararext_uuid_text(const uint8_t uuid[16], char text[37])
{
    char *to = text;
    for (size_t i = 0; i < UUID_SIZE; i++) {
        to += sprintf(to, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
    }
}

/* SPDX-License-Identifier: MIT */
/* What a file is, as far as it can be told without a board. */
#include "web_file.h"

#include <stdlib.h>

#include "file_kind.h"
#include "web_json.h"
#include "web_operations.h"
#include "web_page.h"
#include "web_session.h"

int web_load_image(struct web *w, const struct web_file *file, struct ararext_image **out)
{
    static const char *const formats[] = {
        [ARAREXT_FORMAT_AUTO] = "",         [ARAREXT_FORMAT_ELF] = "ELF",
        [ARAREXT_FORMAT_HEX] = "Intel HEX", [ARAREXT_FORMAT_SREC] = "S-record",
        [ARAREXT_FORMAT_BIN] = "binary",    [ARAREXT_FORMAT_UF2] = "UF2",
        [ARAREXT_FORMAT_DFUSE] = "DfuSe",
    };
    const struct ararext_segment bytes = {.len = (uint32_t)file->len, .data = file->data};
    const struct ararext_load load = {.skip_bootloader = (file->flags & WEB_SKIP_BOOTLOADER) != 0};
    int rc = ararext_image_parse(out, &bytes, file->name, &load, &w->why);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    const struct ararext_segment first = ararext_image_segment(*out, 0);
    json_begin("image");
    json_string("format", formats[ararext_image_format(*out)]);
    json_number("bytes", ararext_image_size(*out));
    json_number("address", first.addr);
    json_send();
    return ARAREXT_OK;
}

int web_load_package(struct web *w, const struct web_file *file, struct web_package *out)
{
    char version[32];
    int rc = ararext_package_parse(&out->package, file->data, file->len, &w->why);
    if (rc == ARAREXT_OK) {
        rc = ararext_package_check(&out->package, NULL, &out->findings, &w->why);
    }
    if (rc != ARAREXT_OK) {
        web_say(&w->state, "nothing was sent");
        return rc;
    }
    const struct ararext_package *p = &out->package;
    ararext_version_text(&p->version, version, sizeof version);
    json_begin("package");
    json_string("version", version);
    json_number("bytes", p->size);
    json_number("content", p->content_size);
    json_number("counter", p->counter);
    json_bool("signed", p->signature_at != 0);
    json_bool("trial", !p->has_policy || p->trials != 0);
    json_number("revoke", p->revoke);
    if (out->findings.has_fingerprint) {
        json_hex("fingerprint", out->findings.fingerprint, ARAREXT_DIGEST_SIZE);
    }
    json_send();
    return ARAREXT_OK;
}

static int look(struct web *w, const struct web_file *file)
{
    static struct web_package package;
    struct ararext_image *image = NULL;
    if (file_kind_of(file->data, file->len) == KIND_PACKAGE) {
        return web_load_package(w, file, &package);
    }
    int rc = web_load_image(w, file, &image);
    if (rc == ARAREXT_OK) {
        ararext_image_free(image);
    }
    return rc;
}

PAGE_EXPORT(web_look)
int web_look(const uint8_t *data, size_t len, const char *name, unsigned flags)
{
    const struct web_file file = {data, len, name, flags};
    struct web w;
    web_start(&w, 0);
    return web_end(&w, look(&w, &file), "");
}

PAGE_EXPORT(web_identity) int web_identity(const char *name)
{
    uint8_t identity[ARAREXT_IDENTITY_SIZE];
    struct web w;
    web_start(&w, 0);
    int rc = ararext_identity(name, identity);
    if (rc == ARAREXT_OK) {
        json_begin("identity");
        json_hex("identity", identity, sizeof identity);
        json_send();
    }
    return web_end(&w, rc, "");
}

PAGE_EXPORT(web_alloc) void *web_alloc(size_t len)
{
    return malloc(len);
}

PAGE_EXPORT(web_free) void web_free(void *memory)
{
    free(memory);
}

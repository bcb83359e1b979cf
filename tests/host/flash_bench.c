/* SPDX-License-Identifier: MIT */
/* The bench of the tests of the flash operation. */
#include "flash_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "image.h"
#include "memory_map.h"

static bool stop(void *ctx)
{
    struct bench *b = ctx;
    if (b->stop_after == 0) {
        return false;
    }
    b->stop_after--;
    return b->stop_after == 0;
}

void read_info(struct bench *b)
{
    assert_int_equal(ararext_get_info(b->session, &b->info), ARAREXT_OK);
    b->info.features &= ~ARAREXT_FEATURE_STREAM; /* test_stream.c has that */
}

struct bench *setup(uint16_t flash_kib, bool no_extensions)
{
    struct bench *b = calloc(1, sizeof *b);
    struct ararext_options options;
    assert_non_null(b);
    b->model = model_create(flash_kib);
    store_le16(b->model->system + MAP_FLASH_KIB_ADDR - MAP_SYSTEM_BASE, flash_kib);
    model_link_make(&b->link, b->model);
    ararext_default_options(&options);
    options.no_extensions = no_extensions;
    options.stop = stop;
    options.ctx = b;
    assert_int_equal(ararext_open(&b->session, &b->link.transport, &options), ARAREXT_OK);
    read_info(b);
    return b;
}

void teardown(struct bench *b)
{
    ararext_image_free(b->image);
    ararext_close(b->session);
    free(b->model);
    free(b);
}

void make_image(struct bench *b, uint32_t len, uint64_t seed)
{
    const struct ararext_segment file = {.addr = 0, .len = len, .data = b->bytes};
    assert_true(len <= IMAGE_MAX);
    for (uint32_t i = 0; i < len; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        b->bytes[i] = (uint8_t)(seed >> 56);
    }
    memset(b->bytes, 0, 16 * 4); /* no handlers but one */
    store_le32(b->bytes, 0x20020000);
    store_le32(b->bytes + 4, MAP_APP_BASE + 0x101);
    b->len = len;
    ararext_image_free(b->image);
    assert_int_equal(ararext_image_parse(&b->image, &file, "f.bin", NULL, NULL), ARAREXT_OK);
    assert_int_equal(ararext_image_check(b->image, &b->info, false, NULL), ARAREXT_OK);
}

int flash_with(struct bench *b, const struct ararext_flash_options *options)
{
    b->result = (struct ararext_flash_result){0};
    int rc = ararext_flash_plan(b->session, &b->info, b->image, options, &b->plan);
    return rc == ARAREXT_OK ? ararext_flash_run(b->session, b->image, &b->plan, options, &b->result)
                            : rc;
}

void flash_ok(struct bench *b)
{
    int rc = flash_with(b, NULL);
    if (rc != ARAREXT_OK) {
        struct ararext_message m;
        ararext_describe_failure(b->session, &m);
        fail_msg("%d: %s", rc, m.text);
    }
    assert_memory_equal(b->model->flash + MAP_BOOT_SIZE, b->bytes, b->len);
    assert_int_equal(b->result.phase, ARAREXT_PHASE_DONE);
    assert_true(b->result.bootable);
}

bool looks_bootable(const struct model *m)
{
    return image_vectors_plausible(load_le32(m->flash + MAP_BOOT_SIZE),
                                   load_le32(m->flash + MAP_BOOT_SIZE + 4),
                                   MAP_FLASH_BASE + m->loader.info.flash_kib * 1024u);
}
